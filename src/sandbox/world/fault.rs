//! Faults on demand: one at a time from a queue, or by chance from a seed.

use std::collections::VecDeque;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::Call;

/// Something that goes wrong with the next calls of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The kind of call; None means any.
    #[serde(default)]
    pub call: Option<Call>,
    /// Before or after the call has its effect.
    pub at: Moment,
    /// What happens.
    pub how: How,
    /// Number of calls.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault that happens to the next call of this kind only.
    pub fn once(call: Call, at: Moment, how: How) -> Fault {
        Fault { call: Some(call), at, how, times: 1 }
    }
}

/// When a fault happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The call has no effect.
    Before,
    /// The call has its effect, and its true answer is lost.
    After,
}

/// What a fault does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum How {
    /// Another answer with this status.
    Status {
        /// 400 to 599.
        code: u16,
        /// What is in it.
        body: Body,
    },
    /// 429 with headers that say when the limit ends.
    RateLimited {
        /// Time until that end.
        wait_ms: i64,
    },
    /// 429 for the month's cap, with plenty left of the rate limit: waiting for the reset does not help.
    UsageCapped,
    /// 402 in its newer shape.
    CreditsDepleted,
    /// 402 in its older shape, which has no `status`.
    CreditsDepletedOld,
    /// 401, as when the credentials are wrong and also, for a while, when they are not.
    Unauthorized,
    /// 403, the account is suspended.
    Suspended,
    /// 403, the same text is already there.
    Duplicate,
    /// 403, the conversation is end-to-end encrypted: no program can write in it.
    Encrypted,
    /// 403 in the older shape, code 226: the platform takes the call for automated abuse. It has been seen to pass by itself.
    Automated,
    /// The connection ends without an answer.
    Cut,
    /// The connection ends in the middle of the answer's body.
    Half,
    /// The answer comes late. Before: the effect too.
    Delay {
        /// Length of the delay.
        ms: u64,
    },
    /// The answer never comes, and the connection stays open.
    Hold,
}

/// The body of an answer that a fault gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// X's JSON of a problem.
    Problem,
    /// X's older JSON, `{"errors":[{"code":…,"message":…}]}`.
    Legacy,
    /// A page for people, as the edge of X's network sends it.
    Html,
    /// Bytes that are no text.
    Garbage,
    /// Nothing.
    Empty,
}

/// Faults by chance: the same seed and the same calls give the same faults.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chaos {
    /// Where chance begins.
    pub seed: u64,
    /// Number of calls, of 1000, that go wrong.
    pub per_mille: u32,
    /// What can go wrong; all are equally likely.
    pub kinds: Vec<(Moment, How)>,
}

/// Faults to come.
#[derive(Default)]
pub(super) struct Faults {
    queue: VecDeque<Fault>,
    chaos: Option<(Chaos, StdRng)>,
}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        self.queue.push_back(fault);
    }

    pub(super) fn set_chaos(&mut self, chaos: Option<Chaos>) {
        self.chaos = chaos.map(|chaos| {
            let rng = StdRng::seed_from_u64(chaos.seed);
            (chaos, rng)
        });
    }

    pub(super) fn clear(&mut self) {
        *self = Faults::default();
    }

    pub(super) fn queued(&self) -> impl Iterator<Item = &Fault> {
        self.queue.iter()
    }

    pub(super) fn chaos(&self) -> Option<&Chaos> {
        self.chaos.as_ref().map(|(chaos, _)| chaos)
    }

    /// What goes wrong with this call: the first fault of the queue that fits it, or else one by chance.
    pub(super) fn take(&mut self, call: Call) -> Option<(Moment, How)> {
        if let Some(place) = self.queue.iter().position(|fault| fault.call.is_none_or(|of| of == call)) {
            let fault = &mut self.queue[place];
            let taken = (fault.at, fault.how);
            fault.times = fault.times.saturating_sub(1);
            if fault.times == 0 {
                self.queue.remove(place);
            }
            return Some(taken);
        }
        let (chaos, rng) = self.chaos.as_mut()?;
        let strikes = rng.random_range(0..1000) < chaos.per_mille && !chaos.kinds.is_empty();
        strikes.then(|| chaos.kinds[rng.random_range(0..chaos.kinds.len())])
    }
}
