//! Whether a daemon runs on a log, and whether it moves: commands that wait for it ask that.

use crate::base::clock::Clock;
use crate::base::time::Time;
use crate::store::{self, Reader};

/// A daemon without a sign of life for longer than this stands still, in milliseconds.
const BEAT_AGE_MS_MAX: i64 = 30_000;

/// How the daemon of a log is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Daemon {
    /// None runs.
    Absent,
    /// It gave its last sign of life at this moment, and does nothing now.
    StandsStill(Time),
    /// It runs, and gave a sign of life at this moment, if it has given one yet.
    Runs(Option<Time>),
}

/// How the daemon is now.
///
/// # Errors
/// Those of the database.
pub(super) async fn daemon(reader: &Reader) -> Result<Daemon, store::Error> {
    if !reader.is_served().await? {
        return Ok(Daemon::Absent);
    }
    let beat = reader.last_beat().await?.map(|beat| beat.at);
    // A clock that was set since makes a beat look old, or of the future, until the next one.
    let is_old = |at: &Time| BEAT_AGE_MS_MAX < Clock::system().now().ms_since(*at).abs();
    Ok(beat.filter(is_old).map_or(Daemon::Runs(beat), Daemon::StandsStill))
}

impl Daemon {
    /// Why a command that waits for the daemon waits in vain, and when `done` will be. None if it does not.
    pub(super) fn waits_in_vain(self, done: &str) -> Option<String> {
        match self {
            Daemon::Absent => Some(format!("no daemon runs on this log: {done} once `verbale run` runs")),
            Daemon::StandsStill(since) => {
                Some(format!("the daemon stands still since {since}: start it again, {done} once it moves"))
            }
            Daemon::Runs(_) => None,
        }
    }
}
