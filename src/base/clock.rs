//! Where the tasks get the time from: the machine's clock, or one that a test drives.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::base::time::Time;

/// Returns the time. Clones are cheap, and all of them return the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Time + Send + Sync>);

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Clock {
        Clock::from_fn(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Time::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// A clock that returns what `tell` returns.
    pub fn from_fn(tell: impl Fn() -> Time + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(tell))
    }

    /// The time now.
    pub fn now(&self) -> Time {
        (self.0)()
    }
}
