//! `verbale init`: a new log, with everything that it needs.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgGroup;
use dialoguer::{Input, Select};

use super::Failure;
use crate::app::config::Config;
use crate::app::config::create::{self, Answers, Created};
use crate::base::ids::Origin;
use crate::store::Store;
use crate::tasks::rules::{Correspondent, Formal};
use crate::tasks::settings::values;
use crate::tlog::signed_note::LogKey;

/// Make a new log in a new folder: configuration, keys, database
///
/// Asks for what it needs to know, or takes it from the flags; without a terminal the flags must say it. An existing
/// folder is never overwritten, and a folder is made whole or not at all.
///
/// The folder gets config.toml (each key explained), log.key (the log's secret key), credentials.toml (to be filled with
/// the account's credentials), verbale.db and public/. Without --recipient it also gets identity.txt, a secret key that
/// opens the notes: keep a copy, and take it away from this machine if it shall not be able to open them.
#[derive(clap::Args)]
#[command(
    group = ArgGroup::new("formal").args(["formal_all", "formal_marker", "formal_pattern"]),
    after_long_help = "\
Example:
  verbale init notes
  verbale init notes --origin embassy.example/notes --correspondent ministry \\
      --formal-marker 'NOTE VERBALE'
  verbale init notes --origin embassy.example/notes --correspondent 783214 \\
      --formal-pattern '(?i)^note verbale' --recipient \"$(age-keygen -y official.txt)\"

Exit status:
  0 made, 1 a file could not be written, 2 the folder exists or the arguments cannot be used"
)]
pub struct Arguments {
    /// The folder to make
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,

    /// The log's name for ever, by custom a domain of yours and a path
    #[arg(long, value_name = "NAME", value_parser = values::origin)]
    pub origin: Option<Origin>,

    /// An account that formal messages go to, by name or number; may be repeated
    #[arg(long = "correspondent", value_name = "ACCOUNT", value_parser = values::correspondent)]
    pub correspondents: Vec<Correspondent>,

    /// Every message to them is formal
    #[arg(long)]
    pub formal_all: bool,

    /// Messages that contain this text are formal
    #[arg(long, value_name = "TEXT", value_parser = values::marker)]
    pub formal_marker: Option<String>,

    /// Messages that match this regular expression are formal
    #[arg(long, value_name = "REGEX", value_parser = values::pattern)]
    pub formal_pattern: Option<regex::Regex>,

    /// An age public key of an official who may open notes; may be repeated
    #[arg(long = "recipient", value_name = "AGE1…", value_parser = values::recipient)]
    pub recipients: Vec<age::x25519::Recipient>,

    /// The address of a sandbox, to be used instead of X
    #[arg(long, value_name = "URL", value_parser = values::address)]
    pub api: Option<reqwest::Url>,
}

/// Makes the folder, and says what to do next.
///
/// # Errors
/// If an answer is missing and nobody can be asked, the folder exists, or a file cannot be written.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let dir = arguments.dir.clone();
    create::beside(&dir)?;
    let a_person = io::stdin().is_terminal() && io::stderr().is_terminal();
    let answers = answers(if a_person { ask(arguments)? } else { arguments })?;
    let created = create::create(&dir, &answers, rand::random(), complete)?;
    io::stdout().write_all(next(&dir, &created).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// What a new folder holds besides the configuration and the secrets: the database.
///
/// # Errors
/// If it cannot be written.
pub fn complete(config: &Config, key: &LogKey) -> anyhow::Result<()> {
    Ok(Store::create(&config.log.database, &key.vkey())?)
}

/// The answers that the flags give.
fn answers(arguments: Arguments) -> Result<Answers, Failure> {
    let formal = match (arguments.formal_marker, arguments.formal_pattern) {
        _ if arguments.formal_all => Some(Formal::All),
        (Some(marker), _) => Some(Formal::Marker(marker)),
        (_, Some(pattern)) => Some(Formal::Pattern(pattern)),
        (None, None) => None,
    };
    let missing = [
        (arguments.origin.is_none(), "--origin (the log's name)"),
        (arguments.correspondents.is_empty(), "--correspondent (an account that formal messages go to)"),
        (formal.is_none(), "--formal-marker, --formal-pattern or --formal-all (which of them are formal)"),
    ];
    let missing: Vec<&str> = missing.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, flag)| flag).collect();
    let (Some(origin), Some(formal), []) = (arguments.origin, formal, &missing[..]) else {
        let what = format!("these are missing: {}", missing.join("; "));
        return Err(Failure::unusable(what, "add them, or run the command in a terminal to be asked"));
    };
    Ok(Answers {
        origin,
        correspondents: arguments.correspondents,
        formal,
        recipients: arguments.recipients,
        credentials: None,
        // A sandbox shows its posts at its own address.
        settings: arguments.api.iter().flat_map(|api| ["api", "web"].map(|key| (key, api.as_str().into()))).collect(),
    })
}

/// Asks for the answers that the flags do not give.
fn ask(mut arguments: Arguments) -> Result<Arguments, dialoguer::Error> {
    if arguments.origin.is_none() {
        let question = "The log's name for ever, like embassy.example/notes";
        arguments.origin = Some(ask_for(question, Nothing::IsNoAnswer, values::origin)?);
    }
    if arguments.correspondents.is_empty() {
        let question = "Accounts that formal messages go to, by name or number, with spaces between";
        arguments.correspondents = ask_for(question, Nothing::IsNoAnswer, |text| each(text, values::correspondent))?;
    }
    if !arguments.formal_all && arguments.formal_marker.is_none() && arguments.formal_pattern.is_none() {
        let kinds = ["those that contain a certain text", "those that match a regular expression", "every message"];
        match Select::new().with_prompt("Which messages to them are formal").items(kinds).default(0).interact()? {
            0 => arguments.formal_marker = Some(ask_for("The text", Nothing::IsNoAnswer, values::marker)?),
            1 => {
                arguments.formal_pattern =
                    Some(ask_for("The regular expression", Nothing::IsNoAnswer, values::pattern)?)
            }
            _ => arguments.formal_all = true,
        }
    }
    if arguments.recipients.is_empty() {
        let question = "Public keys of the officials who may open notes (age1…), or nothing to make a key here";
        arguments.recipients = ask_for(question, Nothing::IsAnAnswer, |text| each(text, values::recipient))?;
    }
    Ok(arguments)
}

/// Whether a line with nothing on it answers a question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nothing {
    IsAnAnswer,
    IsNoAnswer,
}

/// Asks until the answer can be read.
fn ask_for<T>(
    question: &str,
    nothing: Nothing,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, dialoguer::Error> {
    let allowed = nothing == Nothing::IsAnAnswer;
    loop {
        let text: String = Input::new().with_prompt(question).allow_empty(allowed).interact_text()?;
        match read(text.trim()) {
            Ok(value) => return Ok(value),
            Err(why) => super::tell(format_args!("{why}")),
        }
    }
}

fn each<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    text.split_whitespace().map(read).collect()
}

/// What was made, and what to do next.
fn next(dir: &Path, created: &Created) -> String {
    let dir = dir.display();
    let log = &created.log;
    let identity = created.recipient.as_ref().map_or_else(String::new, |recipient| {
        format!(
            "\nNotes can be opened with the secret key in {dir}/identity.txt. Without it nobody can read\n\
             a sealed note: copy it to a safe place. Its public key:\n  {recipient}\n"
        )
    });
    format!(
        "Made {dir}. The log's public key, with which others check proofs:\n  {log}\n{identity}\n\
         Next:\n  \
         1. Put the account's four values into {dir}/credentials.toml; the file says where they come from.\n  \
         2. Copy {dir}/log.key to a safe place: only with it can the log go on.\n  \
         3. verbale run --config {dir}/config.toml\n"
    )
}
