use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::decide::Retry;
use super::*;

const RULES: Rules = Rules {
    unknown_outcome_timeout: Duration::from_millis(10),
    duplicate_stays_away: Duration::from_millis(100),
    retry: Retry::ByItself,
};

/// A platform and a ledger that write down what they are asked, in one list.
#[derive(Default)]
struct Scene {
    said: Mutex<Vec<String>>,
    /// What the attempts come to, one after another.
    outcomes: Mutex<VecDeque<Result<u64, PlatformError>>>,
    /// What the looks show, one after another.
    sights: Mutex<VecDeque<Result<Sight<u64>, PlatformError>>>,
    now: Arc<AtomicI64>,
    /// By how much the clock that people set was set forward.
    forward: Arc<AtomicI64>,
}

/// The effect with this number.
struct Numbered(u64, Option<Attempts>);

impl Effect for Numbered {
    fn id(&self) -> EffectId {
        EffectId(self.0)
    }

    fn attempts(&self) -> Option<Attempts> {
        self.1
    }
}

impl Scene {
    fn new(
        outcomes: impl IntoIterator<Item = Result<u64, PlatformError>>,
        sights: impl IntoIterator<Item = Result<Sight<u64>, PlatformError>>,
    ) -> Scene {
        let (outcomes, sights) = (outcomes.into_iter().collect(), sights.into_iter().collect());
        Scene { outcomes: Mutex::new(outcomes), sights: Mutex::new(sights), ..Scene::default() }
    }

    fn say(&self, what: impl Into<String>) {
        self.said.lock().unwrap().push(what.into());
    }

    fn said(&self) -> String {
        std::mem::take(&mut *self.said.lock().unwrap()).join(", ")
    }

    fn engine(&self) -> Once {
        let (now, forward, steady) = (self.now.clone(), self.forward.clone(), self.now.clone());
        let wall = move || Time::from_ms(now.load(Ordering::Relaxed) + forward.load(Ordering::Relaxed));
        let steady = move || Duration::from_millis(steady.load(Ordering::Relaxed).unsigned_abs());
        Once::new(RULES, Clock::from_fns(wall, steady))
    }

    fn at(&self, ms: i64) {
        self.now.store(ms, Ordering::Relaxed);
    }
}

impl Remote for Scene {
    type Effect = Numbered;
    type Id = u64;
    type Ready = u8;

    async fn prepare(&self, _effect: &Numbered) -> Result<u8, TaskError> {
        self.say("prepare");
        Ok(7)
    }

    async fn act(&self, _effect: &Numbered, ready: &u8) -> Result<u64, PlatformError> {
        self.say(format!("act with {ready}"));
        self.outcomes.lock().unwrap().pop_front().unwrap()
    }

    async fn look(&self, _effect: &Numbered, first: Option<Time>, asked: Reading) -> Result<Look<u64>, TaskError> {
        self.say(format!("look from {}", first.unwrap().ms()));
        Ok(Look { asked, ahead: Duration::ZERO, sight: self.sights.lock().unwrap().pop_front().unwrap()? })
    }
}

impl Ledger<Scene> for Scene {
    async fn attempt(&self, _effect: &Numbered, now: Time) -> Result<(), TaskError> {
        self.say(format!("attempt at {}", now.ms()));
        Ok(())
    }

    async fn failed(&self, _effect: &Numbered, _now: Time) -> Result<(), TaskError> {
        self.say("failed");
        Ok(())
    }

    async fn accepted(&self, _effect: &Numbered, id: u64, _now: Time) -> Result<(), TaskError> {
        self.say(format!("accepted {id}"));
        Ok(())
    }

    async fn given_up(&self, _effect: &Numbered, _why: &str, _now: Time) -> Result<(), TaskError> {
        self.say("given up");
        Ok(())
    }
}

fn lost() -> PlatformError {
    PlatformError::NoAnswer { what: "lost".to_owned() }
}

fn refused() -> PlatformError {
    PlatformError::Refused { what: "refused".to_owned() }
}

fn tried(ms: i64) -> Numbered {
    let at = Time::from_ms(ms);
    Numbered(1, Some(Attempts { first: at, last: at, all_failed: false }))
}

async fn bring(engine: &mut Once, scene: &Scene, effect: &Numbered) -> End<u64, u8> {
    let Ok(end) = engine.bring(scene, scene, effect).await else { panic!("it fails") };
    end
}

#[tokio::test]
async fn each_step_is_durable_before_the_next() {
    let scene = Scene::new([Ok(5), Err(refused())], []);
    let mut engine = scene.engine();
    assert_eq!(bring(&mut engine, &scene, &Numbered(1, None)).await, End::Accepted(5));
    assert_eq!(scene.said(), "prepare, attempt at 0, act with 7, accepted 5");
    assert_eq!(bring(&mut engine, &scene, &Numbered(1, None)).await, End::Failed { error: refused(), ready: 7 });
    assert_eq!(scene.said(), "prepare, attempt at 0, act with 7, failed");
}

#[tokio::test]
async fn an_attempt_that_is_durable_already_is_made_at_once() {
    let scene = Scene::new([Ok(5)], []);
    assert!(matches!(scene.engine().begin(&scene, &scene, &tried(0)).await, Ok(End::Accepted(5))));
    assert_eq!(scene.said(), "act with 0, accepted 5");
}

#[tokio::test]
async fn what_is_unknown_is_looked_for_and_only_then_tried_again() {
    let scene = Scene::new(
        [Err(lost()), Ok(6)],
        [
            Ok(Sight::Absent),
            Err(refused()),
            Ok(Sight::Absent),
            Ok(Sight::There(5)),
            Ok(Sight::Unfinished),
            Ok(Sight::TooLate),
        ],
    );
    let mut engine = scene.engine();
    assert_eq!(bring(&mut engine, &scene, &Numbered(1, None)).await, End::Unknown(lost()));
    scene.said();
    scene.at(9);
    assert_eq!(bring(&mut engine, &scene, &tried(0)).await, End::NotYet);
    assert_eq!(scene.said(), "look from 0");
    scene.at(10);
    assert_eq!(bring(&mut engine, &scene, &tried(0)).await, End::Unreadable(refused()));
    assert_eq!(scene.said(), "look from 0");
    assert_eq!(bring(&mut engine, &scene, &tried(0)).await, End::Accepted(6));
    assert_eq!(scene.said(), "look from 0, prepare, attempt at 10, act with 7, accepted 6");
    assert_eq!(bring(&mut engine, &scene, &tried(0)).await, End::Accepted(5));
    assert_eq!(scene.said(), "look from 0, accepted 5");
    assert_eq!(bring(&mut engine, &scene, &tried(0)).await, End::Unfinished);
    assert_eq!(scene.said(), "look from 0");
    assert_eq!(bring(&mut engine, &scene, &tried(0)).await, End::GivenUp(GivenUp::TooLate));
    assert_eq!(scene.said(), "look from 0, given up");
}

#[tokio::test]
async fn a_refused_duplicate_is_remembered_until_it_is_found() {
    let scene = Scene::new([Err(PlatformError::Duplicate)], [Ok(Sight::Absent), Ok(Sight::There(5))]);
    let mut engine = scene.engine();
    assert_eq!(bring(&mut engine, &scene, &Numbered(1, None)).await, End::Unknown(PlatformError::Duplicate));
    scene.at(99);
    assert_eq!(bring(&mut engine, &scene, &tried(0)).await, End::NotYet);
    assert!(engine.is_duplicate(EffectId(1)));
    assert_eq!(bring(&mut engine, &scene, &tried(0)).await, End::Accepted(5));
    assert!(!engine.is_duplicate(EffectId(1)));
}

#[tokio::test]
async fn a_clock_that_is_set_forward_shortens_no_wait() {
    let scene = Scene::new([Err(lost()), Ok(6)], vec![Ok(Sight::Absent); 3]);
    let mut engine = scene.engine();
    assert_eq!(bring(&mut engine, &scene, &Numbered(1, None)).await, End::Unknown(lost()));
    scene.forward.store(1_000_000, Ordering::Relaxed);
    for ms in [0, 9] {
        scene.at(ms);
        assert_eq!(bring(&mut engine, &scene, &tried(0)).await, End::NotYet, "after {ms} ms");
    }
    scene.at(10);
    assert_eq!(bring(&mut engine, &scene, &tried(0)).await, End::Accepted(6));
    // Another process does not know how long it was.
    let scene = Scene::new([Ok(6)], [Ok(Sight::Absent)]);
    scene.forward.store(1_000_000, Ordering::Relaxed);
    assert_eq!(bring(&mut scene.engine(), &scene, &tried(0)).await, End::Accepted(6));
}

#[tokio::test]
async fn each_effect_waits_longer_for_itself() {
    let scene = Scene::default();
    let mut engine = scene.engine();
    let waits = |engine: &mut Once, id| engine.after(EffectId(id), &refused()).ms();
    let first = waits(&mut engine, 1);
    assert!(first < 60_000, "it may have been a mistake");
    assert!((0..9).map(|_| waits(&mut engine, 1)).is_sorted() && waits(&mut engine, 1) == 1_800_000);
    assert_eq!(waits(&mut engine, 2), first);
    engine.forget(EffectId(1));
    assert_eq!(waits(&mut engine, 1), first);
}
