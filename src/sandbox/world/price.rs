//! What the platform bills.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::Call;
use crate::base::time::{DAY_MS, Time};
use crate::platform::price::Billed;

/// Number of calls of each kind, and what is billed for them. Nothing is ever subtracted.
#[derive(Clone, Default, Serialize)]
pub struct Counts {
    /// Calls that came in, including those that a fault answered.
    pub calls: BTreeMap<Call, u64>,
    /// What is billed, in pieces.
    pub billed: BTreeMap<Billed, u64>,
    /// Faults that happened.
    pub faults: u64,
    /// Every read, repetitions included: the bill if nothing were counted only once a day.
    #[serde(skip)]
    pub read: BTreeMap<Billed, u64>,
    #[serde(skip)]
    read_today: (i64, HashSet<(Billed, u64)>),
}

impl Counts {
    /// Number of times that `call` came in.
    pub fn of(&self, call: Call) -> u64 {
        self.calls.get(&call).copied().unwrap_or(0)
    }

    /// Number of pieces of `kind` on the bill.
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
        *self.read.entry(kind).or_default() += 1;
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
    fn all_prices_are_added_up() {
        let mut counts = Counts::default();
        for kind in Billed::ALL {
            counts.add(kind);
        }
        counts.add(Billed::PostCreate);
        assert_eq!((counts.billed.len(), counts.cost_usd_micros()), (Billed::ALL.len(), 301_000));
    }

    #[test]
    fn a_reading_is_paid_for_once_in_a_day_of_utc() {
        let mut counts = Counts::default();
        let noon = Time::parse("2026-11-22T12:00:00.000Z").unwrap();
        for (hours, id) in [(0, 1), (11, 1), (11, 2), (12, 1), (13, 1)] {
            counts.add_read(noon.plus_ms(hours * 3_600_000), Billed::MessageRead, id);
        }
        assert_eq!((counts.billed(Billed::MessageRead), counts.cost_usd_micros()), (3, 30_000));
        assert_eq!(counts.read[&Billed::MessageRead], 5);
    }
}
