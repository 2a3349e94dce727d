//! The sandbox's clock: the machine's, moved by an offset, or one that only tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::base::clock;
use crate::base::time::Time;

/// The time in the sandbox. Its copies are one clock.
#[derive(Clone, Debug)]
pub struct Clock {
    stands_at: Option<Time>,
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock, which [`Clock::advance_ms`] moves away from the truth.
    pub fn of_the_machine() -> Clock {
        Clock { stands_at: None, offset_ms: Arc::default() }
    }

    /// A clock that stands at `start` until it is moved.
    pub fn standing_at(start: Time) -> Clock {
        Clock { stands_at: Some(start), offset_ms: Arc::default() }
    }

    /// The time now.
    pub fn now(&self) -> Time {
        self.stands_at.unwrap_or_else(|| clock::Clock::system().now()).plus_ms(self.offset_ms())
    }

    /// Milliseconds by which it has been moved in all.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Moves it by `ms` milliseconds, backwards if negative.
    pub fn advance_ms(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Moves it to be `ms` milliseconds away from the machine's clock, or from its start.
    pub fn set_offset_ms(&self, ms: i64) {
        self.offset_ms.store(ms, Ordering::SeqCst);
    }

    /// Whether it stands still by itself.
    pub fn stands(&self) -> bool {
        self.stands_at.is_some()
    }
}
