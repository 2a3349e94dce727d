//! Every remote step with every way in which it can fail, in the same process and restarted right after: everything is
//! sealed and posted, each once. And single stories of faults that need their own moment.

use std::time::Duration;

use verbale::base::ids::MessageId;
use verbale::base::time::Time;
use verbale::platform::CALL_TIME_MAX;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::database;
use crate::support::harness::{CONSULATE, Ended, Harness, MARKER, Plan, UNKNOWN_OUTCOME_TIMEOUT, Which};
use crate::support::observer::Observer;
use crate::support::parallel::in_parallel;
use crate::support::remote_step::Step;

const DAY: Duration = Duration::from_secs(86_400);

/// How a step goes wrong; a refusal for good is not among them.
const HOWS: [How; 6] = [
    How::Cut,
    How::Hold,
    How::Status { code: 503, body: Body::Html },
    How::RateLimited { wait_ms: 60_000 },
    How::Unauthorized,
    How::Delay { ms: 29_000 },
];

#[test]
fn every_step_may_fail_before_and_after_its_effect() {
    let cases = Step::ALL.iter().flat_map(|step| {
        let hows = HOWS.into_iter().chain((step.call() == Call::CreatePost).then_some(How::Duplicate));
        hows.flat_map(|how| [Moment::Before, Moment::After].map(|at| (*step, how, at)))
    });
    let cases: Vec<_> = cases.flat_map(|(step, how, at)| [false, true].map(|again| (step, how, at, again))).collect();
    let outcomes = in_parallel(2, &cases, |&(step, how, at, again)| case(step, how, at, again));
    let mut table = String::new();
    for ((step, how, at, again), outcome) in cases.iter().zip(&outcomes) {
        let (at, process) = (format!("{at:?}"), if *again { "restarted" } else { "same process" });
        table += &format!("{step:?} | {how:?} | {at} | {process} | {outcome}\n");
    }
    assert!(outcomes.iter().all(|outcome| outcome == "ok"), "{table}");
}

fn in_runtime(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(story);
}

fn case(step: Step, how: How, at: Moment, again: bool) {
    in_runtime(async {
        let mut story = Story::new(step == Step::PostOfHeartbeat);
        if step.is_at_the_start() {
            story.add(step.call(), at, how);
        }
        story.start().await;
        story.prepare(step).await;
        if !step.is_at_the_start() {
            story.add(step.call(), at, how);
        }
        story.until_no_fault_is_left().await;
        if again {
            story.harness.die().await;
        }
        story.end(step).await;
    });
}

struct Story {
    harness: Harness,
    observer: Observer,
}

impl Story {
    fn new(heartbeat: bool) -> Story {
        // Nobody but us sees to it that nothing is posted twice.
        let platform = Settings { lag_ms: 60_000, refuses_duplicates: false, ..Settings::without_limits() };
        let attachments_timeout = Duration::from_secs(20);
        let harness = Harness::new(Plan { seed: 1, platform, run_over: 2, heartbeat, attachments_timeout });
        let observer =
            Observer::new(harness.world.clone(), harness.database(), harness.public(), harness.identity.clone());
        Story { harness, observer }
    }

    fn add(&self, call: Call, at: Moment, how: How) {
        self.harness.world.with(|world, _| world.add_fault(Fault::once(call, at, how)));
    }

    fn send(&mut self, to: verbale::base::ids::AccountId, files: u8) -> MessageId {
        let text = format!("{MARKER} {}", self.observer.owed.len());
        let id = self.harness.world.with(|world, now| {
            let media = (0..files).map(|n| world.upload(now, EMBASSY, "image/png", vec![n; 10])).collect();
            world.send(now, EMBASSY, to, &Outgoing { text, media }).unwrap()
        });
        self.observer.owe(id, &[to.0]);
        id
    }

    fn send_many(&mut self, count: usize) {
        for _ in 0..count {
            self.send(MINISTRY, 0);
        }
    }

    /// The first start, until the watcher knows where to begin. Before it nothing is owed.
    async fn start(&mut self) {
        let path = self.harness.database();
        let began = || database::count(&path, "SELECT count(*) FROM start") == 1;
        assert!(self.harness.run_until(DAY, |_| began()).await, "it never began");
        self.harness.advance(2_000);
    }

    /// What leads to the step.
    async fn prepare(&mut self, step: Step) {
        match step {
            Step::UserById => {
                self.send(CONSULATE, 0);
            }
            Step::LaterPage => {
                self.send_many(8);
                // The first page, which is too small for all of them.
                let calls = self.harness.world.with(|world, _| world.counts().of(Call::Messages));
                let read = |harness: &Harness| harness.world.with(|world, _| calls < world.counts().of(Call::Messages));
                assert!(self.harness.run_until(DAY, read).await);
            }
            Step::Participants => {
                let what = Outgoing::text(MARKER);
                let make = |world: &mut verbale::sandbox::World, now: Time| {
                    world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &what).unwrap().1
                };
                let id = self.harness.world.with(make);
                self.observer.owe(id, &[MINISTRY.0, JOURNALIST.0]);
            }
            Step::Attachment => {
                self.send(MINISTRY, 2);
            }
            Step::PostOfRun => self.send_many(4),
            Step::PostOfHeartbeat => {
                let now = self.harness.now().ms();
                self.harness.advance(86_400_000 - now.rem_euclid(86_400_000) - 2 * 60_000);
            }
            Step::TimelineAfterUnknownOutcome => {
                self.send(MINISTRY, 0);
                self.add(Call::CreatePost, Moment::After, How::Cut);
                self.until_no_fault_is_left().await;
            }
            _ => {
                self.send(MINISTRY, 0);
            }
        }
    }

    async fn until_no_fault_is_left(&mut self) {
        let observer = &mut self.observer;
        let over = |harness: &Harness| {
            observer.look();
            harness.world.with(|world, _| world.faults().next().is_none())
        };
        assert!(self.harness.run_until(DAY, over).await, "the step was never made");
    }

    async fn end(&mut self, step: Step) {
        let observer = &mut self.observer;
        let is_heartbeat = step == Step::PostOfHeartbeat;
        let done = |_: &Harness| {
            observer.look();
            observer.is_done() && (!is_heartbeat || observer.heartbeats() == 1)
        };
        // A day is how long a post may stay away that was refused as a duplicate.
        assert!(self.harness.run_until(2 * DAY, done).await, "it was never finished");
        // What is done stays done once.
        self.harness.run_until(2 * UNKNOWN_OUTCOME_TIMEOUT, |_| false).await;
        self.harness.die().await;
        self.harness.run_until(2 * UNKNOWN_OUTCOME_TIMEOUT, |_| false).await;
        self.observer.look_at_the_end();
        assert_eq!(self.observer.files_unreadable, 0, "a file was left out");
        assert!(self.observer.excused.is_empty());
    }

    /// A day of looking, once every six hours, without a message.
    async fn look_for_a_day(&mut self) {
        for _ in 0..4 {
            self.harness.advance(DAY.as_millis() as i64 / 4);
            while self.harness.tick(Which::Watcher).await == Ended::Next(verbale::tasks::task::Next::Now) {}
        }
    }

    fn gaps(&self) -> Vec<String> {
        self.observer.lines().iter().filter(|line| line.starts_with("gap ")).cloned().collect()
    }
}

/// The timeline was asked just before the attempt settled, and answered after: the post was not there when it was asked.
#[test]
fn a_late_answer_is_not_taken_for_a_late_look() {
    in_runtime(async {
        let mut story = Story::new(false);
        story.harness.world.with(|world, _| world.settings.lag_ms = UNKNOWN_OUTCOME_TIMEOUT.as_millis() as i64 - 1_000);
        story.start().await;
        story.send(MINISTRY, 0);
        story.add(Call::CreatePost, Moment::After, How::Cut);
        story.until_no_fault_is_left().await;
        story.harness.advance(UNKNOWN_OUTCOME_TIMEOUT.as_millis() as i64 - 10_000);
        story.add(Call::Timeline, Moment::After, How::Delay { ms: CALL_TIME_MAX.as_millis() as u64 - 1_000 });
        story.end(Step::PostOfNote).await;
    });
}

/// A post that lands only after its call was given up, and shows at the last moment.
#[test]
fn a_post_may_land_after_its_call_was_given_up() {
    in_runtime(async {
        let mut story = Story::new(false);
        story.start().await;
        story.send(MINISTRY, 0);
        *story.harness.late.next_ms.lock().unwrap() = Some(UNKNOWN_OUTCOME_TIMEOUT.as_millis() as i64 - 61_000);
        story.end(Step::PostOfNote).await;
    });
}

#[test]
fn a_quiet_month_makes_no_gap() {
    in_runtime(async {
        let mut story = Story::new(false);
        story.start().await;
        story.send(MINISTRY, 0);
        story.end(Step::PostOfNote).await;
        for _ in 0..32 {
            story.look_for_a_day().await;
        }
        story.send(MINISTRY, 0);
        story.end(Step::PostOfNote).await;
        assert_eq!(story.gaps(), [""; 0]);
    });
}

#[test]
fn a_month_without_looking_makes_one_gap_even_without_a_message() {
    in_runtime(async {
        let mut story = Story::new(false);
        story.start().await;
        story.send(MINISTRY, 0);
        story.end(Step::PostOfNote).await;
        story.harness.die().await;
        story.observer.gap_is_fair = true;
        story.harness.advance(32 * DAY.as_millis() as i64);
        story.end(Step::PostOfNote).await;
        assert_eq!(story.gaps().len(), 1, "{:?}", story.gaps());
        story.send(MINISTRY, 0);
        story.end(Step::PostOfNote).await;
        assert_eq!(story.gaps().len(), 1, "{:?}", story.gaps());
    });
}

#[test]
fn messages_that_are_gone_make_a_gap() {
    in_runtime(async {
        let mut story = Story::new(false);
        story.start().await;
        let first = story.send(MINISTRY, 0);
        story.end(Step::PostOfNote).await;
        story.harness.world.with(|world, _| world.delete_event(EMBASSY, first)).unwrap();
        story.harness.run_until(DAY / 24, |_| false).await;
        story.observer.gap_is_fair = true;
        story.send(MINISTRY, 0);
        story.end(Step::PostOfNote).await;
        assert_eq!(story.gaps().len(), 1, "{:?}", story.gaps());
    });
}

/// The platform does not know its own mark any more: the list is read from its beginning.
#[test]
fn a_place_in_the_list_may_be_forgotten() {
    in_runtime(async {
        let mut story = Story::new(false);
        story.start().await;
        story.prepare(Step::LaterPage).await;
        for _ in 0..3 {
            story.add(Call::Messages, Moment::Before, How::Status { code: 400, body: Body::Problem });
        }
        story.end(Step::LaterPage).await;
    });
}

/// Half of all look-ups fail for a while, and there are many groups: what is ready is sealed nevertheless.
#[test]
fn a_backlog_gets_through_a_bad_day() {
    in_runtime(async {
        let mut story = Story::new(false);
        story.start().await;
        for _ in 0..40 {
            story.prepare(Step::Participants).await;
        }
        let kinds = vec![(Moment::Before, How::RateLimited { wait_ms: 1_000 })];
        let chaos = verbale::sandbox::world::Chaos { seed: 1, per_mille: 500, kinds };
        story.harness.world.with(|world, _| world.set_chaos(Some(chaos)));
        story.end(Step::Participants).await;
    });
}
