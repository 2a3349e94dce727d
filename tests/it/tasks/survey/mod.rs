//! Whether correspondents can be reached, and their conversations read: what is noticed, told, entered and sealed.

mod conversations;
mod recipients;

use std::time::Duration;

use verbale::sandbox::world::{Outgoing, Settings};
use verbale::sandbox::{EMBASSY, MINISTRY};

use crate::support::database::wait;
use crate::support::dispute_fixture::reader;
use crate::support::harness::{Harness, MARKER, Plan, SURVEY};

pub const HOUR_MS: i64 = 3_600_000;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// An installation that seals, posts, and looks after its correspondents. The ministry and the embassy follow each other.
pub async fn begun() -> Harness {
    let attachments_timeout = Duration::from_millis(1);
    let platform = Settings::without_limits();
    let mut harness = Harness::new(Plan { seed: 4, platform, run_over: 5, heartbeat: false, attachments_timeout });
    harness.running = &SURVEY;
    harness.world.with(|world, _| {
        world.set_follows(MINISTRY, EMBASSY, true);
        world.set_follows(EMBASSY, MINISTRY, true);
    });
    run(&mut harness, 5 * 60_000).await;
    harness
}

/// Lets the tasks run for a time.
pub async fn run(harness: &mut Harness, ms: i64) {
    let until = harness.now().plus_ms(ms);
    assert!(harness.run_until(Duration::from_secs(30 * 86_400), |harness| until < harness.now()).await);
}

/// The embassy writes a note to the ministry by hand, and the tasks run for a while.
pub async fn write(harness: &mut Harness, number: u64) {
    harness.advance(1_000);
    let what = Outgoing::text(&format!("{MARKER} {number}"));
    harness.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &what)).unwrap();
    run(harness, 5 * 60_000).await;
}

/// What troubles a task now.
pub fn trouble(harness: &Harness, task: &str) -> Option<String> {
    let reports = wait(reader(harness).task_reports()).unwrap();
    reports.into_iter().find(|report| report.name == task)?.trouble
}
