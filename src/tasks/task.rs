//! What a task is, what wakes it, and when it continues after its work or a failure.

use std::collections::BTreeMap;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tracing::{info, warn};

use crate::base::time::Time;
use crate::platform::Error;
use crate::store::{self, Store};
use crate::tasks::trouble::{self, Consequence};

/// The first wait after a failure that may pass by itself, and the longest of a task that names no other. Whoever seals
/// or posts names one poll: after an outage a note waits no longer than it would have waited without one.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// The first wait after a refusal, and the longest: one refusal without a cause costs seconds, and one that lasts does not
/// make us a nuisance.
const FIRST_DOUBTFUL: Duration = Duration::from_secs(5);
const LONGEST_DOUBTFUL: Duration = RARE_RETRY;

/// How long a tick may take, unless its task says otherwise.
pub const TICK_MAX: Duration = Duration::from_secs(1800);

/// How often to ask again when only a person can help, at last: the first time is sooner.
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
    /// It was tried to open the public folder: it may show more than the database has.
    Folder,
    /// The account's own posts were compared with the log. Before that nothing is entered in the log: sealing again
    /// what a lost database had sealed, and posted, would fork it.
    Comparison,
}

/// What the public folder showed when it was first opened since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// Nobody has looked yet.
    Unknown,
    /// It cannot be opened, so it may show what the log does not lead to.
    Unreadable,
    /// Nothing.
    Nothing,
    /// A head that the log leads to.
    Head,
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

    /// The longest time that a tick may take: a bounded number of calls, each with a limit of its own. After it the task
    /// stands still, which a person or a service manager must end.
    const TICK_MAX: Duration = TICK_MAX;

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
    /// The weather of this machine, like a full disk or a database that somebody holds: wait, and go on.
    Machine(anyhow::Error),
    /// The daemon stops. [`trouble::consequence`] says whether it is started again.
    Fatal(anyhow::Error),
}

impl From<Error> for TaskError {
    fn from(error: Error) -> TaskError {
        TaskError::Platform(error)
    }
}

impl From<store::Error> for TaskError {
    fn from(error: store::Error) -> TaskError {
        anyhow::Error::from(error).into()
    }
}

impl From<anyhow::Error> for TaskError {
    fn from(error: anyhow::Error) -> TaskError {
        match trouble::consequence(&error) {
            Consequence::Hold => TaskError::Machine(error),
            Consequence::Restart | Consequence::StayDown => TaskError::Fatal(error),
        }
    }
}

/// The shortest time between two reports of a task that it has nothing to do.
const REPORT_EVERY_MS: i64 = 60_000;

/// The growing waits of one task.
pub struct Backoff {
    waits: ExponentialBackoff,
    /// The longest of them.
    longest: Duration,
    /// Those after refusals that may pass.
    doubts: ExponentialBackoff,
    /// Those after refusals that need a person: the first may have been a mistake.
    refusals: ExponentialBackoff,
    /// The longest of these.
    longest_doubtful: Duration,
    /// What this machine could not do the last time, as it was logged. None since it can do everything.
    held: Option<String>,
    /// When the task last reported that it has nothing to do. None if it had a problem since.
    last_reported: Option<Time>,
}

impl Backoff {
    /// No failures so far, and no wait longer than five minutes.
    pub fn new() -> Backoff {
        Backoff::up_to(LONGEST)
    }

    /// No failures so far, and no wait longer than this, as long as only time is needed. What only a person can mend is
    /// tried seldom by every task.
    pub fn up_to(longest: Duration) -> Backoff {
        Backoff {
            waits: waits(FIRST, longest),
            longest,
            doubts: waits(FIRST_DOUBTFUL, LONGEST_DOUBTFUL),
            refusals: waits(FIRST_DOUBTFUL, RARE_RETRY),
            longest_doubtful: LONGEST_DOUBTFUL,
            held: None,
            last_reported: None,
        }
    }

    /// The same, also after refusals that may pass: for a task that only reads, and would read as often without them.
    pub fn of_a_reader(longest: Duration) -> Backoff {
        let doubts = waits(FIRST_DOUBTFUL, longest);
        Backoff { doubts, longest_doubtful: longest, ..Backoff::up_to(longest) }
    }

    /// Turns the result of a tick into what the task does next. A failure of the platform or of this machine is logged
    /// and kept for `status`; the same failure of the machine is logged once.
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
            Err(TaskError::Machine(error)) => self.hold(name, &error, store, now).await.map(Next::Wait),
            Err(TaskError::Platform(error)) => {
                let next = self.after(&error, now);
                warn!(loop.name = name, error = %error, until = %next, "waiting");
                store.report(name, Some(error.to_string()), now).await?;
                self.last_reported = None;
                Ok(Next::Wait(next))
            }
        }
    }

    /// Holds a task because of the weather of this machine: says so in the log, once, and in `status`, and returns when to
    /// try again.
    ///
    /// # Errors
    /// Only errors that must stop the daemon.
    pub async fn hold(
        &mut self,
        name: &'static str,
        error: &anyhow::Error,
        store: &Store,
        now: Time,
    ) -> anyhow::Result<Time> {
        let (trouble, until) = (trouble::text(error), self.wait(now));
        if self.held.replace(trouble.clone()).as_ref() != Some(&trouble) {
            warn!(loop.name = name, error = trouble.replace('\n', ": "), "holding until this is over");
        }
        self.last_reported = None;
        match store.report(name, Some(trouble), now).await {
            Err(error) if !matches!(TaskError::from(error.clone()), TaskError::Machine(_)) => Err(error.into()),
            _ => Ok(until),
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

    /// Keeps for `status` what troubles the task, which goes on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn trouble(
        &mut self,
        name: &'static str,
        trouble: String,
        store: &Store,
        now: Time,
    ) -> Result<(), store::Error> {
        self.last_reported = None;
        store.report(name, Some(trouble), now).await
    }

    /// Forgets earlier failures.
    pub fn succeeded(&mut self) {
        self.waits = waits(FIRST, self.longest);
        self.doubts = waits(FIRST_DOUBTFUL, self.longest_doubtful);
        self.refusals = waits(FIRST_DOUBTFUL, RARE_RETRY);
        if let Some(trouble) = self.held.take() {
            let over = trouble.lines().next().unwrap_or_default();
            info!(over, "going on");
        }
    }

    /// When to continue after this failure.
    pub fn after(&mut self, error: &Error, now: Time) -> Time {
        match error {
            Error::Wait { until, .. } => (*until).max(now.plus_ms(1)),
            Error::NeedsPerson { .. } | Error::Refused { .. } | Error::ReplyRefused { .. } | Error::TooLong { .. } => {
                now.plus_ms(ms(self.refusals.next().unwrap_or(RARE_RETRY)))
            }
            Error::Doubtful { .. } => now.plus_ms(ms(self.doubts.next().unwrap_or(self.longest_doubtful))),
            Error::Unavailable { .. }
            | Error::TooLarge { .. }
            | Error::TokenRefused { .. }
            | Error::NoAnswer { .. }
            | Error::WrongClock { .. }
            | Error::WrongAccount { .. }
            | Error::Duplicate => self.wait(now),
        }
    }

    /// The end of the next of the growing waits.
    pub fn wait(&mut self, now: Time) -> Time {
        now.plus_ms(ms(self.waits.next().unwrap_or(self.longest)))
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

fn waits(first: Duration, longest: Duration) -> ExponentialBackoff {
    let builder = ExponentialBuilder::default().with_min_delay(first.min(longest)).with_max_delay(longest);
    builder.without_max_times().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_an_outage_nobody_waits_longer_than_the_task_says() {
        let now = Time::from_ms(0);
        for longest in [Duration::from_millis(20), Duration::from_secs(90)] {
            let mut backoff = Backoff::of_a_reader(longest);
            for (failure, first) in [
                (Error::Unavailable { what: "503".to_owned() }, FIRST),
                (Error::Doubtful { what: "403".to_owned(), remedy: String::new() }, FIRST_DOUBTFUL),
            ] {
                let waits: Vec<i64> = (0..20).map(|_| backoff.after(&failure, now).ms()).collect();
                assert!(waits.iter().all(|wait| *wait <= ms(longest)), "{waits:?}");
                assert_eq!(waits.last(), Some(&ms(longest)));
                assert_eq!(waits[0], ms(longest.min(first)));
            }
        }
    }

    #[test]
    fn a_refusal_that_may_pass_is_tried_again_soon_and_then_more_and_more_seldom() {
        let now = Time::from_ms(1_800_000_000_000);
        let doubtful = Error::Doubtful { what: "403".to_owned(), remedy: "wait".to_owned() };
        let mut backoff = Backoff::new();
        let wait_s = |backoff: &mut Backoff| backoff.after(&doubtful, now).ms_since(now) / 1000;
        let waits: Vec<i64> = (0..12).map(|_| wait_s(&mut backoff)).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800]);
        backoff.succeeded();
        assert_eq!(wait_s(&mut backoff), 5);
        let passing = Error::Unavailable { what: "503".to_owned() };
        assert_eq!(backoff.after(&passing, now), now.plus_ms(1_000), "each kind grows by itself");
    }
}
