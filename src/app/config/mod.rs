//! The operator's configuration: read, checked, and turned into values that the rest of the program can rely on.
//!
//! Each section is one struct, made by a macro of [`settings`](crate::tasks::settings). The section of a task is in the
//! task's module, and is given to the task; other sections are in [`sections`]. Here they are put together, conditions
//! between them are checked, and file names become relative to the configuration's own. [`written`] makes
//! `deploy/config.toml`, which [`create`] writes, and the table below from the structs; a test compares.
//!
//! The macro is our own, because none of the crates that we keep declares limits and defaults once for reader, struct,
//! template and table. `schemars` describes a type whose defaults and limits serde still needs as separate functions,
//! and `toml-example` knows no limits. Both would need their own attributes, which repeat what the reader checks.
//!
//! No secret stands in the configuration: [`secrets`] reads those from files of their own.
//!
//! # All keys
#![doc = include_str!("../../CONFIGURATION.md")]

mod unnamed;
pub mod create;
pub mod secrets;
pub mod sections;
pub mod written;

mod position;
mod file;

use std::fs;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use self::sections::{LogSettings, OpeningsSettings, XSettings};
use crate::app::http::ServeSettings;
use crate::tasks::acknowledge::ReceiptSettings;
use crate::tasks::disclose::OpenSettings;
use crate::tasks::monitor::MonitorSettings;
use crate::tasks::post::PublishSettings;
use crate::tasks::replicate::Destination;
use crate::tasks::reply::BotSettings;
use crate::tasks::seal::{SlipSettings, WatchSettings};
use crate::tasks::survey::SurveySettings;

/// The largest configuration that is read, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// A usable configuration. File names are absolute or relative to the present folder, no longer to the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The log: its name, and where it is kept.
    pub log: LogSettings,
    /// Who can open a sealed note.
    pub openings: OpeningsSettings,
    /// Where X is.
    pub x: XSettings,
    /// Which messages are sealed.
    pub watch: WatchSettings,
    /// What is asked about correspondents besides their messages.
    #[serde(default)]
    pub correspondents: SurveySettings,
    /// How commitments are posted.
    pub publish: PublishSettings,
    /// How what was published and kept is looked at again.
    #[serde(default)]
    pub monitor: MonitorSettings,
    /// Whether and how mentions are answered. None if they are not.
    pub bot: Option<BotSettings>,
    /// How notes are opened in public.
    #[serde(default)]
    pub open: OpenSettings,
    /// Which slips are sent.
    #[serde(default)]
    pub slip: SlipSettings,
    /// Which notes of others are receipted.
    #[serde(default)]
    pub receipt: ReceiptSettings,
    /// Where the daemon serves the public folder itself, if it does.
    pub serve: Option<ServeSettings>,
    /// Where the public folder is copied to, if anywhere.
    #[serde(default, deserialize_with = "file::upload")]
    pub upload: Option<Destination>,
}

/// Why a configuration or a secret cannot be used: what is wrong, and what the operator should do.
#[derive(Debug, thiserror::Error)]
#[error("{what}\n{remedy}")]
pub struct Error {
    /// What is wrong: file, place, key and value. Never a secret.
    pub what: String,
    /// What the operator should do.
    pub remedy: String,
    /// Whether a new start may do by itself what this one could not: the file is there, and the system did not give it.
    pub passes: bool,
    /// Whether the file is not there, or not given to this user: it may be on a disk that is not there yet.
    pub may_appear: bool,
}

impl Error {
    fn new(what: impl Into<String>, remedy: impl Into<String>) -> Error {
        Error { what: what.into(), remedy: remedy.into(), passes: false, may_appear: false }
    }

    /// A file cannot be read, for this reason.
    fn unread(error: &std::io::Error, what: impl Into<String>, remedy: impl Into<String>) -> Error {
        use std::io::ErrorKind::{InvalidData, IsADirectory, NotADirectory, NotFound, PermissionDenied};
        let may_appear = matches!(error.kind(), NotADirectory | NotFound | PermissionDenied);
        let passes = !may_appear && !matches!(error.kind(), InvalidData | IsADirectory);
        Error { passes, may_appear, ..Error::new(what, remedy) }
    }
}

impl Config {
    /// Reads the configuration in the file `path`.
    ///
    /// # Errors
    /// If the file cannot be read, or the configuration is not usable. Nothing else is opened or changed.
    pub fn load(path: &Path) -> Result<Config, Error> {
        let text = read(path)?;
        Config::parse(&text, path)
    }

    /// Reads a configuration from its `text`, as if it stood in the file `path`.
    ///
    /// # Errors
    /// If the configuration is not usable.
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
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::unread(
            &error,
            format!("there is no configuration {shown}"),
            "name it with `--config FILE`, or make one with `verbale init DIR`",
        )),
        Err(error) => Err(Error::unread(
            &error,
            format!("the configuration {shown} cannot be read: {error}"),
            "name the right file with `--config FILE`, or let the user that runs this program read it",
        )),
    }
}

#[cfg(test)]
mod tests;
