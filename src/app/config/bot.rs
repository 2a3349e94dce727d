//! `[bot]` as it stands in the file: who is answered, and who commands.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::file::{Span, list, number};
use super::{Bot, values};
use crate::base::ids::AccountId;
use crate::tasks::reply::limits::Limits;

/// The time between polls of mentions, if nothing is said.
pub(super) const POLL: Duration = Duration::from_secs(300);
const OFFICIALS_MAX: usize = 32;
/// Half of the posts that X allows an application in a day: the notes' own need room.
const ANSWERS_MAX: u64 = 5_000;
const ANSWERS_EACH_MAX: u64 = 100;
/// With less, half a day's money would not pay for the smallest page of mentions and one answer.
const USD_MIN: f64 = 0.05;
const USD_MAX: f64 = 1_000.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) poll: Option<Spanned<Span>>,
    #[serde(default, deserialize_with = "officials")]
    pub(super) officials: Vec<AccountId>,
    #[serde(default = "answers_a_day", deserialize_with = "answers")]
    answers_a_day: u64,
    #[serde(default = "answers_a_day_each", deserialize_with = "answers_each")]
    answers_a_day_each: u64,
    #[serde(default = "usd_a_day", deserialize_with = "usd_micros")]
    usd_a_day: u64,
}

impl Raw {
    /// The section, with the time between polls that is meant.
    pub(super) fn with(self, poll: Duration) -> Bot {
        let Raw { officials, answers_a_day, answers_a_day_each, usd_a_day, .. } = self;
        let limits = Limits { answers: answers_a_day, answers_each: answers_a_day_each, usd_micros: usd_a_day };
        Bot { poll, officials, limits }
    }
}

const fn answers_a_day() -> u64 {
    100
}

const fn answers_a_day_each() -> u64 {
    5
}

const fn usd_a_day() -> u64 {
    2_000_000
}

fn officials<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<AccountId>, D::Error> {
    let what = ("officials", "leave out those who do not command by message");
    list(from, (0, OFFICIALS_MAX), what, values::account_id)
}

fn answers<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    number(from, 1, ANSWERS_MAX)
}

fn answers_each<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    number(from, 1, ANSWERS_EACH_MAX)
}

/// Dollars, as millionths of them.
fn usd_micros<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let given = f64::deserialize(from)?;
    if (USD_MIN..=USD_MAX).contains(&given) {
        return Ok((given * 1e6).round() as u64);
    }
    let what = format!("{given} is not between {USD_MIN} and {USD_MAX}");
    Err(D::Error::custom(format!("{what}\nwrite an amount in US dollars between them, like 2.0")))
}
