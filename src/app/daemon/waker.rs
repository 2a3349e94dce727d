//! Runs one task again and again: at the moment that it names, or when something wakes it, until its end.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::pulse::Pulse;
use crate::base::clock::Clock;
use crate::base::time::Time;
use crate::store::Store;
use crate::tasks::task::{Backoff, End, Needs, Next, Shown, Task, Wake};

/// The longest single sleep: a clock that is set is noticed after it.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// What tasks learn from each other.
#[derive(Clone)]
pub(super) struct Signals {
    /// The log has grown.
    pub(super) grown: watch::Receiver<u64>,
    /// The public folder was written.
    pub(super) written: watch::Receiver<u64>,
    /// What the public folder showed when it was first opened.
    pub(super) folder: watch::Receiver<Shown>,
    /// The account's own posts have been compared with the log.
    pub(super) compared: watch::Receiver<bool>,
}

/// Runs tasks until it is told to stop.
#[derive(Clone)]
pub(super) struct Waker {
    pub(super) clock: Clock,
    pub(super) store: Store,
    pub(super) signals: Signals,
    /// What the tasks do now.
    pub(super) pulse: Pulse,
    pub(super) shutdown: CancellationToken,
}

impl Waker {
    /// Runs a task, once what it needs has happened. If that never happens, another task reports the reason.
    pub(super) async fn drive<T: Task>(mut self, task: T) -> anyhow::Result<()> {
        let Signals { folder, compared, .. } = &mut self.signals;
        let happened = async {
            match T::NEEDS {
                Needs::Nothing => true,
                Needs::Folder => folder.wait_for(|shown| *shown != Shown::Unknown).await.is_ok(),
                Needs::Comparison => compared.wait_for(|done| *done).await.is_ok(),
            }
        };
        if self.shutdown.run_until_cancelled(happened).await != Some(true) {
            return Ok(());
        }
        match T::END {
            End::Cut => self.shutdown.clone().run_until_cancelled(self.repeat(task)).await.unwrap_or(Ok(())),
            End::LastTick => self.repeat(task).await,
        }
    }

    /// Runs a task that cannot be made yet, perhaps, as soon as it can.
    pub(super) async fn drive_made<T: Task>(self, make: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<()> {
        let mut backoff = Backoff::new();
        loop {
            let error = match make() {
                Ok(task) => return self.drive(task).await,
                Err(error) => error,
            };
            let until = backoff.hold(T::NAME, &error, &self.store, self.clock.now()).await?;
            if self.shutdown.run_until_cancelled(sleep_until(&self.clock, until)).await.is_none() {
                return Ok(());
            }
        }
    }

    /// Ticks until told to stop, and then a last time.
    async fn repeat<T: Task>(self, mut task: T) -> anyhow::Result<()> {
        let mut events = match T::WAKE {
            Wake::Time => None,
            Wake::Log => Some(self.signals.grown),
            Wake::Folder => Some(self.signals.written),
        };
        loop {
            let is_last = self.shutdown.is_cancelled();
            if let Some(events) = &mut events {
                events.mark_unchanged();
            }
            self.pulse.begins(T::NAME, T::TICK_MAX);
            let next = task.tick().await;
            self.pulse.ends(T::NAME);
            let next = next.inspect_err(|_| info!(loop.name = T::NAME, "stopping"))?;
            if is_last {
                return Ok(());
            }
            self.shutdown.run_until_cancelled(rest(next, &self.clock, events.as_mut(), T::DEBOUNCE)).await;
        }
    }
}

/// Rests until the next tick.
async fn rest(next: Next, clock: &Clock, events: Option<&mut watch::Receiver<u64>>, debounce: Duration) {
    match (next, events) {
        (Next::Now, _) => {}
        (Next::Wait(until), _) | (Next::Idle(until), None) => sleep_until(clock, until).await,
        (Next::Idle(until), Some(events)) => {
            tokio::select! {
                () = sleep_until(clock, until) => {}
                _ = events.changed() => tokio::time::sleep(debounce).await,
            }
        }
    }
}

/// Sleeps until this moment by the clock. If the clock is set back meanwhile, the sleep does not become longer than
/// planned.
async fn sleep_until(clock: &Clock, until: Time) {
    let left = || u64::try_from(until.ms_since(clock.now())).map(Duration::from_millis).unwrap_or_default();
    let (begun, meant) = (Instant::now(), left());
    loop {
        let left = left().min(meant.saturating_sub(begun.elapsed()));
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(SLEEP_MAX)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_clock_that_is_set_back_prolongs_no_sleep() {
        let moved_ms = Arc::new(AtomicI64::new(86_400_000));
        let offset_ms = moved_ms.clone();
        let clock = Clock::from_fn(move || Clock::system().now().plus_ms(offset_ms.load(Ordering::SeqCst)));
        let until = clock.now().plus_ms(50);
        moved_ms.store(0, Ordering::SeqCst);
        let sleep = async {
            // As if the clock had been right when the sleep began.
            moved_ms.store(86_400_000, Ordering::SeqCst);
            tokio::join!(sleep_until(&clock, until), async { moved_ms.store(0, Ordering::SeqCst) });
        };
        assert!(tokio::time::timeout(Duration::from_secs(5), sleep).await.is_ok());
    }
}
