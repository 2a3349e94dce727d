//! What is put on the bill, and what it costs.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::Call;
use crate::time::Time;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What the platform puts on the bill. Reads of one thing are counted once in a day of UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are X's own")]
pub enum Billed {
    PostCreate,
    PostCreateWithUrl,
    SummonedReply,
    PostDelete,
    PostRead,
    OwnedRead,
    MessageRead,
    MessageSend,
    MessageDelete,
    UserRead,
}

impl Billed {
    /// Every kind, in X's order.
    pub const ALL: [Billed; 10] = [
        Billed::PostCreate,
        Billed::PostCreateWithUrl,
        Billed::SummonedReply,
        Billed::PostDelete,
        Billed::PostRead,
        Billed::OwnedRead,
        Billed::MessageRead,
        Billed::MessageSend,
        Billed::MessageDelete,
        Billed::UserRead,
    ];

    /// X's name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Billed::PostCreate => "post create",
            Billed::PostCreateWithUrl => "post create with URL",
            Billed::SummonedReply => "summoned reply",
            Billed::PostDelete => "post delete",
            Billed::PostRead => "post read",
            Billed::OwnedRead => "owned read",
            Billed::MessageRead => "DM event read",
            Billed::MessageSend => "DM send",
            Billed::MessageDelete => "DM delete",
            Billed::UserRead => "user read",
        }
    }

    /// The price of one piece, in millionths of a US dollar: X's list of August 2026 (docs.x.com,
    /// x-api/getting-started/pricing). The uploading of files is not on it, nor whether the users that come with other
    /// answers are billed: here they are not.
    pub fn price_usd_micros(self) -> u64 {
        match self {
            Billed::PostCreate => 15_000,
            Billed::PostCreateWithUrl => 200_000,
            Billed::SummonedReply => 10_000,
            Billed::PostDelete => 10_000,
            Billed::PostRead => 5_000,
            Billed::OwnedRead => 1_000,
            Billed::MessageRead => 10_000,
            Billed::MessageSend => 15_000,
            Billed::MessageDelete => 10_000,
            Billed::UserRead => 10_000,
        }
    }
}

/// An amount as people write it, to the thousandth of a dollar in which all prices are: `$0.015`.
pub fn usd(micros: u64) -> String {
    format!("${}.{:03}", micros / 1_000_000, micros % 1_000_000 / 1_000)
}

/// How often each kind of call was made, and what of it is billed. Nothing is ever taken off.
#[derive(Clone, Default, Serialize)]
pub struct Counts {
    /// Calls that came in, those that a fault answered included.
    pub calls: BTreeMap<Call, u64>,
    /// What is billed, in pieces.
    pub billed: BTreeMap<Billed, u64>,
    /// Faults that happened.
    pub faults: u64,
    #[serde(skip)]
    read_today: (i64, HashSet<(Billed, u64)>),
}

impl Counts {
    /// How often `call` came in.
    pub fn of(&self, call: Call) -> u64 {
        self.calls.get(&call).copied().unwrap_or(0)
    }

    /// How many pieces of `kind` are on the bill.
    pub fn billed(&self, kind: Billed) -> u64 {
        self.billed.get(&kind).copied().unwrap_or(0)
    }

    /// What all of it costs, in millionths of a US dollar.
    pub fn cost_usd_micros(&self) -> u64 {
        self.billed.iter().map(|(kind, pieces)| kind.price_usd_micros() * pieces).sum()
    }

    pub(super) fn add(&mut self, kind: Billed) {
        *self.billed.entry(kind).or_default() += 1;
    }

    pub(super) fn add_read(&mut self, now: Time, kind: Billed, id: u64) {
        let day = now.ms().div_euclid(DAY_MS);
        if self.read_today.0 != day {
            self.read_today = (day, HashSet::new());
        }
        if self.read_today.1.insert((kind, id)) {
            self.add(kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_prices_are_whole_thousandths_and_are_added_up() {
        assert!(Billed::ALL.iter().all(|kind| kind.price_usd_micros() % 1_000 == 0));
        let mut counts = Counts::default();
        for kind in Billed::ALL {
            counts.add(kind);
        }
        counts.add(Billed::PostCreate);
        assert_eq!((counts.billed.len(), counts.cost_usd_micros()), (Billed::ALL.len(), 301_000));
        assert_eq!((usd(301_000), usd(12_000_001)), ("$0.301".to_owned(), "$12.000".to_owned()));
    }

    #[test]
    fn a_reading_is_paid_for_once_in_a_day_of_utc() {
        let mut counts = Counts::default();
        let noon = Time::parse("2026-11-22T12:00:00.000Z").unwrap();
        for (hours, id) in [(0, 1), (11, 1), (11, 2), (12, 1), (13, 1)] {
            counts.add_read(noon.plus_ms(hours * 3_600_000), Billed::MessageRead, id);
        }
        assert_eq!((counts.billed(Billed::MessageRead), counts.cost_usd_micros()), (3, 30_000));
    }
}
