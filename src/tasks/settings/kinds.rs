//! The kinds of values that the configuration has, with their limits.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Reads;

/// The longest time between polls, and between other things that are done repeatedly.
pub const DAY: Duration = Duration::from_secs(86_400);
/// The shortest time between polls at X, which allows a user 15 in 15 minutes.
const POLL_MIN_AT_X: Duration = Duration::from_secs(60);
/// The shortest time between polls elsewhere.
const POLL_MIN: Duration = Duration::from_millis(10);

/// A length of time: the shortest and the longest.
pub struct Span(pub Duration, pub Duration);

/// The time between two polls. What X allows depends on whether it is X: [`within_poll_at_x`] and [`within_poll_elsewhere`] check that.
pub struct Poll;

/// A whole number: the smallest and the largest.
pub struct Number(pub u64, pub u64);

/// An amount in US dollars, read as millionths of them: the smallest and the largest.
pub struct Dollars(pub f64, pub f64);

/// Yes or no.
pub struct Flag;

/// A text that is read by a function.
pub struct Text<T>(pub fn(&str) -> Result<T, String>);

/// A list of texts that are read by a function.
pub struct List<T> {
    /// Least number of them.
    pub least: usize,
    /// Largest number of them.
    pub most: usize,
    /// What they are, like `accounts`.
    pub what: &'static str,
    /// What to do if there are too many or too few.
    pub remedy: &'static str,
    /// Reads one.
    pub read: fn(&str) -> Result<T, String>,
}

/// The name of a file, relative to the configuration.
pub struct FileName;

/// A value that may be left out.
pub struct Optional<K>(pub K);

impl Reads for Span {
    type Value = Duration;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<Duration, D::Error> {
        within(humantime_serde::deserialize(from)?, self.0, self.1).map_err(D::Error::custom)
    }

    fn limits(&self) -> String {
        range((!self.0.is_zero()).then(|| shown(self.0)), &shown(self.1))
    }
}

impl Reads for Poll {
    type Value = Duration;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<Duration, D::Error> {
        humantime_serde::deserialize(from)
    }

    fn limits(&self) -> String {
        format!("at least 60s at X, at least {} elsewhere, at most {}", shown(POLL_MIN), shown(DAY))
    }
}

/// Returns the time between polls if it is one that X allows.
///
/// # Errors
/// If it is not.
pub fn within_poll_at_x(given: Duration) -> Result<Duration, String> {
    within(given, POLL_MIN_AT_X, DAY)
}

/// Returns the time between polls if it is one that another platform than X allows.
///
/// # Errors
/// If it is not.
pub fn within_poll_elsewhere(given: Duration) -> Result<Duration, String> {
    within(given, POLL_MIN, DAY)
}

fn within(given: Duration, least: Duration, most: Duration) -> Result<Duration, String> {
    if (least..=most).contains(&given) {
        return Ok(given);
    }
    Err(format!("{given:?} is not between {least:?} and {most:?}\nwrite a time between them, like \"{least:?}\""))
}

impl Reads for Number {
    type Value = u64;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<u64, D::Error> {
        let (least, most, given) = (self.0, self.1, u64::deserialize(from)?);
        if (least..=most).contains(&given) {
            return Ok(given);
        }
        Err(D::Error::custom(format!("{given} is not between {least} and {most}\nwrite a number between them")))
    }

    fn limits(&self) -> String {
        range((self.0 != 0).then(|| self.0.to_string()), &self.1.to_string())
    }
}

impl Reads for Dollars {
    type Value = u64;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<u64, D::Error> {
        let (least, most, given) = (self.0, self.1, f64::deserialize(from)?);
        if (least..=most).contains(&given) {
            return Ok((given * 1e6).round() as u64);
        }
        let what = format!("{given} is not between {least} and {most}");
        Err(D::Error::custom(format!("{what}\nwrite an amount in US dollars between them, like 2.0")))
    }

    fn limits(&self) -> String {
        range(Some(self.0.to_string()), &self.1.to_string())
    }
}

impl Reads for Flag {
    type Value = bool;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<bool, D::Error> {
        bool::deserialize(from)
    }
}

impl<T> Reads for Text<T> {
    type Value = T;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<T, D::Error> {
        (self.0)(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl<T> Reads for List<T> {
    type Value = Vec<T>;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<Vec<T>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let List { least, most, what, remedy, read } = self;
        let count = texts.len();
        if !(*least..=*most).contains(&count) {
            let allowed = range((*least != 0).then(|| least.to_string()), &most.to_string());
            return Err(D::Error::custom(format!("{count} {what}, but {allowed} are allowed\n{remedy}")));
        }
        texts.iter().map(|text| read(text).map_err(D::Error::custom)).collect()
    }

    fn limits(&self) -> String {
        let least = (self.least != 0).then(|| self.least.to_string());
        format!("{} {}", range(least, &self.most.to_string()), self.what)
    }
}

impl Reads for FileName {
    type Value = PathBuf;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<PathBuf, D::Error> {
        let name = PathBuf::deserialize(from)?;
        if name.as_os_str().is_empty() {
            return Err(D::Error::custom("the file name is empty\nname a file, or remove the line for the default"));
        }
        Ok(name)
    }
}

impl<K: Reads> Reads for Optional<K> {
    type Value = Option<K::Value>;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<Option<K::Value>, D::Error> {
        self.0.read(from).map(Some)
    }

    fn absent(&self) -> Option<Option<K::Value>> {
        Some(None)
    }

    fn limits(&self) -> String {
        self.0.limits()
    }
}

/// A range in words; without a `least` it begins at nothing.
fn range(least: Option<String>, most: &str) -> String {
    match least {
        None => format!("at most {most}"),
        Some(least) => format!("{least} to {most}"),
    }
}

/// A length of time as an operator writes it, in one unit.
fn shown(time: Duration) -> String {
    let ms = time.as_millis();
    let units = [(86_400_000, 2, "d"), (3_600_000, 1, "h"), (60_000, 1, "m"), (1_000, 1, "s")];
    let unit = units.iter().find(|(length, least, _)| ms.is_multiple_of(*length) && *least <= ms / length);
    unit.map_or_else(|| format!("{ms}ms"), |(length, _, unit)| format!("{}{unit}", ms / length))
}
