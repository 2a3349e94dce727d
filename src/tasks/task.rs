//! What a task is, what wakes it, and when it continues after its work or a failure.

use std::collections::BTreeMap;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tracing::warn;

use crate::base::time::Time;
use crate::platform::Error;
use crate::store::{self, Store};

/// The first wait after a failure that may pass by itself, and the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// How often to ask again when only a person can help.
pub const RARE_RETRY: Duration = Duration::from_secs(1800);

/// What wakes a task before the moment that its last tick named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// Nothing.
    Time,
    /// The log has grown.
    Log,
    /// The public folder was written.
    Folder,
}

/// What must have happened before a task may run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// The account's own posts were compared with the log. Before that nothing is entered in the log: sealing again
    /// what a lost database had sealed, and posted, would fork it.
    Comparison,
}

/// How a task ends when the daemon is told to stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Its tick may be cut at any point.
    Cut,
    /// Its tick is never cut, and it ticks a last time.
    LastTick,
}

/// A task of the daemon: one noun, one job, done a bounded piece at a time.
pub trait Task: Send {
    /// Its name, in log lines and in `status`.
    const NAME: &'static str;

    /// What wakes it before its own time.
    const WAKE: Wake;

    /// What must have happened before it may run.
    const NEEDS: Needs;

    /// How long it waits after it was woken, so that it deals with more events at once.
    const DEBOUNCE: Duration = Duration::ZERO;

    /// How it ends.
    const END: End = End::Cut;

    /// Does the next piece. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon.
    fn tick(&mut self) -> impl Future<Output = anyhow::Result<Next>> + Send;
}

/// What a task's tick says about the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// There is more to do at once.
    Now,
    /// Nothing to do until this moment, or until the log has grown.
    Idle(Time),
    /// Not before this moment, whatever happens.
    Wait(Time),
}

/// Why a tick ended early.
pub enum TaskError {
    /// The platform: wait, and go on.
    Platform(Error),
    /// Anything else: the daemon stops.
    Fatal(anyhow::Error),
}

impl From<Error> for TaskError {
    fn from(error: Error) -> TaskError {
        TaskError::Platform(error)
    }
}

impl From<store::Error> for TaskError {
    fn from(error: store::Error) -> TaskError {
        TaskError::Fatal(error.into())
    }
}

impl From<anyhow::Error> for TaskError {
    fn from(error: anyhow::Error) -> TaskError {
        TaskError::Fatal(error)
    }
}

/// The shortest time between two reports of a task that it has nothing to do.
const REPORT_EVERY_MS: i64 = 60_000;

/// The growing waits of one task.
pub struct Backoff {
    waits: ExponentialBackoff,
    /// When the task last reported that it has nothing to do. None if it had a problem since.
    last_reported: Option<Time>,
}

impl Backoff {
    /// No failures so far.
    pub fn new() -> Backoff {
        Backoff { waits: waits(), last_reported: None }
    }

    /// Turns the result of a tick into what the task does next. A failure of the platform is logged and kept for
    /// `status`.
    ///
    /// # Errors
    /// Only errors that must stop the daemon.
    pub async fn conclude(
        &mut self,
        name: &'static str,
        step: Result<Next, TaskError>,
        store: &Store,
        now: Time,
    ) -> anyhow::Result<Next> {
        match step {
            Ok(next) => Ok(next),
            Err(TaskError::Fatal(error)) => Err(error),
            Err(TaskError::Platform(error @ Error::WrongClock { .. })) => Err(error.into()),
            Err(TaskError::Platform(error)) => {
                let next = self.after(&error, now);
                warn!(loop.name = name, error = %error, until = %next, "waiting");
                store.report(name, Some(error.to_string()), now).await?;
                self.last_reported = None;
                Ok(Next::Wait(next))
            }
        }
    }

    /// Nothing is left to do: forgets earlier failures, and reports this once a minute at most.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn idle(&mut self, name: &'static str, store: &Store, now: Time) -> Result<(), store::Error> {
        self.succeeded();
        if self.last_reported.is_none_or(|last_reported| REPORT_EVERY_MS <= now.ms_since(last_reported)) {
            store.report(name, None, now).await?;
            self.last_reported = Some(now);
        }
        Ok(())
    }

    /// Forgets earlier failures.
    pub fn succeeded(&mut self) {
        self.waits = waits();
    }

    /// When to continue after this failure.
    pub fn after(&mut self, error: &Error, now: Time) -> Time {
        match error {
            Error::Wait { until, .. } => (*until).max(now.plus_ms(1)),
            Error::NeedsPerson { .. }
            | Error::Refused { .. }
            | Error::ReplyRefused { .. }
            | Error::TooLong { .. }
            | Error::WrongClock { .. } => now.plus_ms(ms(RARE_RETRY)),
            Error::Unavailable { .. } | Error::NoAnswer { .. } | Error::Duplicate => self.wait(now),
        }
    }

    /// The end of the next of the growing waits.
    pub fn wait(&mut self, now: Time) -> Time {
        now.plus_ms(ms(self.waits.next().unwrap_or(LONGEST)))
    }
}

/// Pieces of work that have to wait, by their numbers.
pub struct Deferred<K> {
    /// Until when each of them waits.
    until: BTreeMap<K, Time>,
    /// The latest moment at which somebody asked.
    asked: Time,
}

impl<K> Default for Deferred<K> {
    fn default() -> Deferred<K> {
        Deferred { until: BTreeMap::new(), asked: Time::from_ms(0) }
    }
}

impl<K: Ord + Copy> Deferred<K> {
    /// Lets this piece wait.
    pub fn defer(&mut self, id: K, until: Time) {
        self.until.insert(id, until);
    }

    /// The pieces that still wait. None of them waits any longer after the clock was set back: nobody knows how long
    /// they have waited.
    pub fn at(&mut self, now: Time) -> Vec<K> {
        let is_back = now < self.asked;
        self.asked = now;
        self.until.retain(|_, until| !is_back && now < *until);
        self.until.keys().copied().collect()
    }

    /// The moment at which the first of them has waited long enough. None if none waits.
    pub fn until(&self) -> Option<Time> {
        self.until.values().min().copied()
    }
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff::new()
    }
}

/// A duration in milliseconds, the unit of moments.
pub fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn waits() -> ExponentialBackoff {
    ExponentialBuilder::default().with_min_delay(FIRST).with_max_delay(LONGEST).without_max_times().build()
}
