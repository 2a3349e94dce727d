//! The configuration as it stands in the file, and what must hold between its sections.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{Config, Error, position};
use crate::tasks::replicate::{Destination, ReplicateSettings};
use crate::tasks::rules::Correspondent;
use crate::tasks::settings::kinds::{within_poll_at_x, within_poll_elsewhere};

/// What is wrong with a value, and its place.
type Misplaced = (Option<Range<usize>>, String);

/// Reads `text`, found in the file `path`, whose folder other file names are relative to.
pub(super) fn parse(text: &str, path: &Path) -> Result<Config, Error> {
    let config: Config = toml::from_str(text).map_err(|error| position::error(&error, text, path))?;
    check(&config, text).map_err(|(span, message)| position::at(span, &message, text, path))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(Config {
        log: config.log.beside(folder),
        openings: config.openings.beside(folder),
        x: config.x.beside(folder),
        upload: config.upload.map(|to| to.beside(folder)),
        ..config
    })
}

/// Reads `[upload]`.
pub(super) fn upload<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Destination>, D::Error> {
    ReplicateSettings::deserialize(from)?.destination().map(Some).map_err(D::Error::custom)
}

/// Checks that need more than one section.
fn check(config: &Config, text: &str) -> Result<(), Misplaced> {
    poll("watch", "poll", config.watch.poll, config, text)?;
    poll("correspondents", "conversations", config.correspondents.conversations, config, text)?;
    if let Some(bot) = &config.bot {
        poll("bot", "poll", bot.poll, config, text)?;
    }
    apart(config).map_err(|message| (None, message))?;
    slip(config).map_err(|message| (position::of(text, "slip", "send"), message))
}

/// The time between polls: what is allowed depends on whether it is X.
fn poll(section: &str, key: &str, given: Duration, config: &Config, text: &str) -> Result<(), Misplaced> {
    let within = if config.x.is_x() { within_poll_at_x(given) } else { within_poll_elsewhere(given) };
    within.map(drop).map_err(|message| (position::of(text, section, key), message))
}

/// What an official writes is a command, and what is sent to a correspondent may be a note: so nobody may be both. A
/// correspondent who is given by name is only known when the daemon runs.
fn apart(config: &Config) -> Result<(), String> {
    let correspondents: Vec<_> = config.watch.rule.iter().flat_map(|rule| &rule.correspondents).collect();
    let officials = config.bot.iter().flat_map(|bot| &bot.officials);
    let mut both = officials.filter(|official| correspondents.contains(&&Correspondent::Id(**official)));
    both.next().map_or(Ok(()), |official| {
        Err(format!(
            "bot.officials: {official} is among the correspondents too: notes to an official are never sealed\n\
             name another account of that person, or take it out of one of the two"
        ))
    })
}

/// Each slip is made of its note's opening, which the daemon must be able to open.
fn slip(config: &Config) -> Result<(), String> {
    if !config.slip.send || config.openings.identity_file.is_some() {
        return Ok(());
    }
    let what = "slip.send: slips are made of openings, and the daemon has no key that opens them";
    Err(format!("{what}\nset `identity_file`, or leave slips off"))
}
