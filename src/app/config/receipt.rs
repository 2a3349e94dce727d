//! `[receipt]` as it stands in the file: which notes of others get receipts.

use serde::{Deserialize, Deserializer};

use super::file::{CORRESPONDENTS_MAX, list, number};
use super::{Receipt, values};
use crate::tasks::rules::Correspondent;

/// Half of the posts that X allows an application in a day.
const POSTS_MAX: u64 = 5_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    #[serde(default, deserialize_with = "senders")]
    from: Vec<Correspondent>,
    #[serde(default)]
    publish: bool,
    #[serde(default = "posts_a_day", deserialize_with = "posts")]
    posts_a_day: u64,
}

impl Default for Raw {
    fn default() -> Raw {
        Raw { from: Vec::new(), publish: false, posts_a_day: posts_a_day() }
    }
}

impl Raw {
    /// The section.
    pub(super) fn section(self) -> Receipt {
        let Raw { from, publish, posts_a_day } = self;
        Receipt { from, publish, posts_a_day }
    }
}

const fn posts_a_day() -> u64 {
    100
}

fn senders<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Correspondent>, D::Error> {
    list(from, (0, CORRESPONDENTS_MAX), ("accounts", "leave out those who send no notes"), values::correspondent)
}

fn posts<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    number(from, 1, POSTS_MAX)
}
