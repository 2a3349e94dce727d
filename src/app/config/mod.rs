//! The operator's configuration: read, checked, and turned into values that the rest of the program can rely on.
//!
//! `deploy/config.toml` is its documentation, and the file that [`create`] writes. No secret stands in it: [`secrets`]
//! reads those from files of their own.

pub mod create;
pub mod secrets;
pub mod values;

mod bot;
mod file;
mod persons;
mod position;
mod receipt;
mod rule;
mod upload;

use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::ids::{AccountId, Origin};
use crate::base::time::Time;
use crate::tasks::persons::Persons;
use crate::tasks::replicate;
use crate::tasks::reply::limits::Limits;
use crate::tasks::rules::{Correspondent, Rule};

/// The largest configuration that is read, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// A configuration that can be meant. File names are absolute or relative to the present folder, no longer to the file.
pub struct Config {
    /// The log: its name, and where it is kept.
    pub log: Log,
    /// Who can open a sealed note.
    pub openings: Openings,
    /// Where X is.
    pub x: X,
    /// Which messages are sealed.
    pub watch: Watch,
    /// How commitments are posted.
    pub publish: Publish,
    /// Whether and how mentions are answered; none for not at all.
    pub bot: Option<Bot>,
    /// How notes are opened in public.
    pub open: Open,
    /// Which slips are sent.
    pub slip: Slip,
    /// Which notes of others are receipted.
    pub receipt: Receipt,
    /// Where the daemon hands out the public folder itself, if it does.
    pub serve: Option<Serve>,
    /// Where the public folder is copied to, if anywhere.
    pub upload: Option<replicate::Settings>,
}

/// The log: its name, and where it is kept.
pub struct Log {
    /// The name.
    pub origin: Origin,
    /// The file of the log's secret key.
    pub key_file: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// The folder of the published log.
    pub public: PathBuf,
    /// Where that folder can be read, if anywhere.
    pub address: Option<reqwest::Url>,
}

/// Who can open a sealed note.
pub struct Openings {
    /// The officials' public keys; at least one.
    pub recipients: Vec<age::x25519::Recipient>,
    /// The file of a secret key of theirs, if this machine may open notes.
    pub identity_file: Option<PathBuf>,
}

/// Where X is, and how long it may take to answer.
pub struct X {
    /// Where it answers programs.
    pub api: reqwest::Url,
    /// Where people read posts.
    pub web: reqwest::Url,
    /// The file of the account's credentials.
    pub credentials_file: PathBuf,
    /// How long one call may take.
    pub timeout: Duration,
}

/// Which messages are sealed.
pub struct Watch {
    /// How often new messages are asked for.
    pub poll: Duration,
    /// How long the files of one message may hold up its seal.
    pub attachments_timeout: Duration,
    /// The largest file that is fetched, in bytes.
    pub attachment_bytes_max: u64,
    /// What is formal; at least one.
    pub rules: Vec<Rule>,
}

/// How commitments are posted.
pub struct Publish {
    /// How long a post may take to show on the own timeline.
    pub unknown_outcome_timeout: Duration,
    /// With more notes than this waiting, one post carries them all.
    pub run_over: u64,
    /// When to say how many notes were sealed, in UTC; none for never.
    pub heartbeat: Option<cron::Schedule>,
    /// Until when the account's posts are those of another log; none if there never was one.
    pub ignore_posts_until: Option<Time>,
}

/// How mentions are answered, and who may command by direct message.
pub struct Bot {
    /// How often new mentions are asked for.
    pub poll: Duration,
    /// Who may command. None of them is a correspondent whom a rule names by number.
    pub officials: Vec<AccountId>,
    /// What a day may have.
    pub limits: Limits,
}

/// How notes are opened in public.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Open {
    /// Whether a second official must approve an opening.
    pub approval: bool,
    /// How long it waits for that.
    pub lapse: Duration,
    /// Which keys and accounts are one official's.
    pub persons: Persons,
}

/// Which slips are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slip {
    /// Whether the slip of each note is sent into its conversation.
    pub send: bool,
}

/// Which notes of others are receipted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// Whose notes: those for which a receipt may be asked, and none but them.
    pub from: Vec<Correspondent>,
    /// Whether a receipt is entered and posted for each of their notes that comes with a slip, without being asked.
    pub publish: bool,
    /// So many receipts are posted in a day at most.
    pub posts_a_day: u64,
}

/// Where the daemon hands out the public folder itself.
pub struct Serve {
    /// The address and port to listen on.
    pub address: SocketAddr,
}

/// Why a configuration or a secret cannot be used: what is wrong, and what the operator should do.
#[derive(Debug, thiserror::Error)]
#[error("{what}\n{remedy}")]
pub struct Error {
    /// What is wrong: file, place, key and value. Never a secret.
    pub what: String,
    /// What the operator should do.
    pub remedy: String,
}

impl Error {
    fn new(what: impl Into<String>, remedy: impl Into<String>) -> Error {
        Error { what: what.into(), remedy: remedy.into() }
    }
}

impl Config {
    /// Reads the configuration in the file `path`.
    ///
    /// # Errors
    /// If the file cannot be read, or does not say something that can be meant. Nothing else is opened or changed.
    pub fn load(path: &Path) -> Result<Config, Error> {
        let text = read(path)?;
        Config::parse(&text, path)
    }

    /// Reads a configuration from its `text`, as if it stood in the file `path`.
    ///
    /// # Errors
    /// If it does not say something that can be meant.
    pub fn parse(text: &str, path: &Path) -> Result<Config, Error> {
        file::parse(text, path)
    }
}

fn read(path: &Path) -> Result<String, Error> {
    let shown = path.display();
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() as u64 > BYTES_MAX => Err(Error::new(
            format!("{shown} is larger than the {BYTES_MAX} bytes that a configuration may have"),
            "name the right file with `--config FILE`",
        )),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::new(
            format!("there is no configuration {shown}"),
            "name it with `--config FILE`, or make one with `verbale init DIR`",
        )),
        Err(error) => Err(Error::new(
            format!("the configuration {shown} cannot be read: {error}"),
            "name the right file with `--config FILE`, or let the user that runs this program read it",
        )),
    }
}

#[cfg(test)]
mod tests;
