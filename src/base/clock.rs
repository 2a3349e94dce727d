//! Where the tasks get the time from: the machine's clocks, or some that a test drives.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::base::time::Time;

/// Returns the time. Clones are cheap, and all of them return the same time.
#[derive(Clone)]
pub struct Clock {
    tell: Arc<dyn Fn() -> Time + Send + Sync>,
    steady: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// What both clocks said at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reading {
    /// The clock that people set.
    pub wall: Time,
    /// The clock that nobody can set, see [`Clock::steady`].
    pub steady: Duration,
}

impl Clock {
    /// The machine's own clocks.
    pub fn system() -> Clock {
        let begun = Instant::now();
        let tell = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Time::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        };
        Clock::from_fns(tell, move || begun.elapsed())
    }

    /// A clock that returns what `tell` returns. Its steady clock is the same one.
    pub fn from_fn(tell: impl Fn() -> Time + Send + Sync + 'static) -> Clock {
        let tell: Arc<dyn Fn() -> Time + Send + Sync> = Arc::new(tell);
        let steady = {
            let tell = tell.clone();
            move || Duration::from_millis(u64::try_from(tell().ms()).unwrap_or_default())
        };
        Clock { tell, steady: Arc::new(steady) }
    }

    /// A clock that returns what `tell` returns, beside a steady clock that returns what `steady` returns.
    pub fn from_fns(
        tell: impl Fn() -> Time + Send + Sync + 'static,
        steady: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Clock {
        Clock { tell: Arc::new(tell), steady: Arc::new(steady) }
    }

    /// The time now.
    pub fn now(&self) -> Time {
        (self.tell)()
    }

    /// How much time has passed since some moment, by a clock that nobody can set. Only the difference of two readings
    /// in one process means anything. The machine's does not count the time for which the machine sleeps.
    pub fn steady(&self) -> Duration {
        (self.steady)()
    }

    /// Both clocks now.
    pub fn read(&self) -> Reading {
        Reading { wall: self.now(), steady: self.steady() }
    }
}
