//! Whether the tasks move, and how the daemon says so: to the service manager, and by its beat, which `status` reads.
//!
//! A process that was stopped, a tick that never ends, and a thread that is blocked for ever all look like a daemon that
//! has nothing to do. So the daemon gives a sign of life every few seconds, and only while each task rests or is within
//! the bound of its tick.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::bail;
use sd_notify::NotifyState;
use tokio::time::Instant;
use tracing::{error, info};

use crate::base::clock::Clock;
use crate::base::time::{SKEW_MS_MAX, Time};
use crate::store::Store;
use crate::tasks::task::ms;

/// Time between two beats. The service manager may ask for more.
const BEAT: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(5) };

/// What the tasks do now. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Pulse(Arc<Mutex<BTreeMap<&'static str, Ticking>>>);

/// A tick that has not ended.
#[derive(Clone, Copy)]
struct Ticking {
    since: Instant,
    bound: Duration,
}

impl Pulse {
    /// This task begins a tick, which takes at most `bound`.
    pub(super) fn begins(&self, name: &'static str, bound: Duration) {
        self.tasks().insert(name, Ticking { since: Instant::now(), bound });
    }

    /// Its tick has ended.
    pub(super) fn ends(&self, name: &str) {
        self.tasks().remove(name);
    }

    /// The tasks that stand still: their ticks have lasted longer than they may.
    fn standing(&self, now: Instant) -> Vec<&'static str> {
        let is_late = |ticking: &Ticking| ticking.bound < now.saturating_duration_since(ticking.since);
        self.tasks().iter().filter(|(_, ticking)| is_late(ticking)).map(|(name, _)| *name).collect()
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Ticking>> {
        // Whoever panicked while it held the lock has left the map whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a moment of the clock was, as the machine counts time without it.
#[derive(Clone, Copy)]
struct Anchor {
    counted: Instant,
    time: Time,
}

impl Anchor {
    /// By how many milliseconds the clock was set since, forward if it is more than 0. A machine that slept looks as if its
    /// clock had been set.
    fn set_by_ms(self, counted: Instant, time: Time) -> i64 {
        time.ms_since(self.time) - ms(counted.saturating_duration_since(self.counted))
    }
}

/// Says to the service manager that the daemon has begun, and then gives signs of life until it is dropped.
///
/// # Errors
/// If the clock was set by more than it may differ from the platform's: nobody knows whether it was wrong before or is wrong
/// now. A new start asks the platform before anything is sealed.
pub(super) async fn beat(pulse: Pulse, store: Store, clock: Clock) -> anyhow::Result<()> {
    tell(NotifyState::Ready);
    let mut anchor = Anchor { counted: Instant::now(), time: clock.now() };
    let every = sd_notify::watchdog_enabled().map_or(BEAT, |limit| BEAT.min(limit / 3));
    let mut said = Vec::new();
    loop {
        let (counted, time) = (Instant::now(), clock.now());
        let set_by_ms = anchor.set_by_ms(counted, time);
        if SKEW_MS_MAX < set_by_ms.abs() {
            let seconds = set_by_ms / 1000;
            bail!(
                "this machine's clock was set by {seconds} s to {time}\na new start compares it with the platform's before anything is sealed"
            );
        }
        // Small corrections are made all the time, and do not add up to a wrong clock.
        anchor = Anchor { counted, time };
        let standing = pulse.standing(counted);
        if standing.is_empty() {
            tell(NotifyState::Watchdog);
            // A disk that does not take it is told of by the beat's age.
            let _ = store.beat(time).await;
        }
        report(&standing, &mut said);
        tokio::time::sleep(every).await;
    }
}

/// Says once which tasks stand still, and once that they move again.
fn report(standing: &[&'static str], said: &mut Vec<&'static str>) {
    if standing == said.as_slice() {
        return;
    }
    match standing {
        [] => info!("all tasks move again"),
        names => error!(
            loops = names.join(", "),
            "these stand still: no sign of life is given, so that a service manager starts the daemon again"
        ),
    }
    *said = standing.to_vec();
}

/// Says to the service manager that the daemon ends.
pub(super) fn ends() {
    tell(NotifyState::Stopping);
}

/// Without a service manager that listens, nothing is said.
fn tell(state: NotifyState<'_>) {
    let _ = sd_notify::notify(&[state]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_known_from_one_that_goes_on() {
        let (counted, time) = (Instant::now(), Time::from_ms(1_800_000_000_000));
        let anchor = Anchor { counted, time };
        let minute = Duration::from_secs(60);
        assert_eq!(anchor.set_by_ms(counted + minute, time.plus_ms(60_000)), 0);
        assert_eq!(anchor.set_by_ms(counted + minute, time.plus_ms(3_660_000)), 3_600_000);
        assert_eq!(anchor.set_by_ms(counted + minute, time.plus_ms(-40_000)), -100_000);
    }

    #[test]
    fn a_tick_that_lasts_longer_than_it_may_stands_still() {
        let (pulse, begun) = (Pulse::default(), Instant::now());
        pulse.begins("quick", Duration::from_secs(100));
        pulse.begins("slow", Duration::from_secs(1000));
        let after = |seconds| begun + Duration::from_secs(seconds);
        assert!(pulse.standing(after(50)).is_empty());
        assert_eq!(pulse.standing(after(200)), ["quick"]);
        pulse.ends("quick");
        assert!(pulse.standing(after(200)).is_empty());
        assert_eq!(pulse.standing(after(2000)), ["slow"]);
    }
}
