//! The program itself, killed with -9 at every remote step before and after its effect, at random moments, and told to
//! stop while a call hangs: it goes on where it was, and everything is sealed and posted once.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use verbale::base::ids::AccountId;
use verbale::sandbox::world::{Call, Fault, How, Moment, Outgoing};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::harness::{CONSULATE, MARKER};
use crate::support::parallel::in_parallel;
use crate::support::process::{Place, stop};
use crate::support::remote_step::Step;

/// Cases at the same time.
const AT_ONCE: usize = 4;

#[test]
fn killed_at_every_step() {
    let cases: Vec<_> = Step::ALL.iter().flat_map(|step| [(*step, Moment::Before), (*step, Moment::After)]).collect();
    let outcomes = in_parallel(AT_ONCE, &cases, |(step, at)| in_runtime(killed(*step, *at)));
    let row = |((step, at), outcome): (&(Step, Moment), &String)| format!("{step:?} | {at:?} | {outcome}\n");
    let table: String = cases.iter().zip(&outcomes).map(row).collect();
    assert!(outcomes.iter().all(|outcome| outcome == "ok"), "{table}");
}

fn in_runtime(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(story);
}

/// One case: a first start, the step, the death in it, and what follows.
async fn killed(step: Step, at: Moment) {
    let call = step.call();
    let mut place = Place::new().await;
    begin(&mut place).await;
    prepare(&mut place, step).await;
    let (skip, posts) = (u32::from(matches!(step, Step::LaterPage | Step::TimelineAfterUnknownOutcome)), posts(&place));
    place.server.world.with(|world, _| {
        for _ in 0..skip {
            world.add_fault(Fault::once(call, Moment::Before, How::Delay { ms: 0 }));
        }
        world.add_fault(Fault::once(call, at, How::Hold));
    });
    let mut child = place.run();
    let has_effect = call == Call::CreatePost && at == Moment::After;
    let reached = |world: &verbale::sandbox::World| {
        world.faults().next().is_none() && (!has_effect || posts < world.posts().count())
    };
    place.until("the step is reached", reached).await;
    child.kill().await.unwrap();
    place.observer.look_at_all();
    place.finish().await;
    if step == Step::PostOfHeartbeat {
        assert!(1 <= place.observer.heartbeats());
    } else {
        prove(&place, 1).await;
    }
}

fn posts(place: &Place) -> usize {
    place.server.world.with(|world, _| world.posts().count())
}

/// A first start: from now on messages count.
async fn begin(place: &mut Place) {
    let mut child = place.run();
    place.until("the first look", |world| 2 <= world.counts().of(Call::Messages)).await;
    child.kill().await.unwrap();
}

fn send(place: &mut Place, to: AccountId, files: u8) {
    let text = format!("{MARKER} {} & <others>", place.observer.owed.len());
    let id = place.server.world.with(|world, now| {
        let media = (0..files).map(|n| world.upload(now, EMBASSY, "image/png", vec![n; 1000])).collect();
        world.send(now, EMBASSY, to, &Outgoing { text, media }).unwrap()
    });
    place.observer.owe(id, &[to.0]);
}

/// What leads to the step once the program is started.
async fn prepare(place: &mut Place, step: Step) {
    match step {
        Step::UserById => send(place, CONSULATE, 0),
        Step::LaterPage => (0..8).for_each(|_| send(place, MINISTRY, 0)),
        Step::Participants => {
            let what = Outgoing::text(MARKER);
            let made =
                place.server.world.with(|world, now| world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &what));
            place.observer.owe(made.unwrap().1, &[MINISTRY.0, JOURNALIST.0]);
        }
        Step::Attachment => send(place, MINISTRY, 2),
        Step::PostOfRun => (0..4).for_each(|_| send(place, MINISTRY, 0)),
        Step::PostOfHeartbeat => {
            place.configure("heartbeat = \"off\"", "heartbeat = \"0 0 0 * * *\"");
        }
        Step::TimelineAfterUnknownOutcome => {
            send(place, MINISTRY, 0);
            // Killed while it posts: the next start compares, then looks for the post.
            let posts = posts(place);
            place
                .server
                .world
                .with(|world, _| world.add_fault(Fault::once(Call::CreatePost, Moment::After, How::Hold)));
            let mut child = place.run();
            place.until("the post", |world| posts < world.posts().count()).await;
            child.kill().await.unwrap();
        }
        Step::UserByName => {
            name_another(place, "journalist");
            send(place, MINISTRY, 0);
        }
        _ => send(place, MINISTRY, 0),
    }
}

/// One more correspondent by name, who gets no messages: a name is looked up at the first start with it.
fn name_another(place: &Place, name: &str) {
    place.configure("correspondents = [\"", &format!("correspondents = [\"@{name}\", \""));
}

/// A proof of the note checks.
async fn prove(place: &Place, note: u64) {
    let (proof, identity) = (place.path("proof.zip"), place.path("official.txt"));
    let secret = secrecy::ExposeSecret::expose_secret(&place.identity.to_string()).to_owned();
    std::fs::write(&identity, secret).unwrap();
    std::fs::set_permissions(&identity, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (proof, identity) = (proof.to_str().unwrap(), identity.to_str().unwrap());
    let arguments = ["prove", &note.to_string(), "--level", "content", "--identity", identity, "--out", proof];
    assert!(place.command(&arguments).status().await.unwrap().success());
    let verbale = env!("CARGO_BIN_EXE_verbale");
    let log = crate::support::harness::key().vkey().to_string();
    let verified = tokio::process::Command::new(verbale).args(["verify", "--log", &log, proof]).output().await.unwrap();
    assert_eq!(verified.status.code(), Some(4), "{}", String::from_utf8_lossy(&verified.stdout));
}

/// `VERBALE_KILLS` and `VERBALE_KILLS_SEED` make it longer, and another.
#[tokio::test]
async fn killed_thirty_times_at_random_moments() {
    let mut place = Place::new().await;
    begin(&mut place).await;
    let of = |name: &str, otherwise: u64| std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap());
    let mut rng = StdRng::seed_from_u64(of("VERBALE_KILLS_SEED", 30));
    for _ in 0..of("VERBALE_KILLS", 30) {
        let mut child = place.run();
        for _ in 0..rng.random_range(0..4) {
            send(&mut place, [MINISTRY, CONSULATE][rng.random_range(0..2)], u8::from(rng.random_bool(0.2)));
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..40))).await;
        }
        // As long as a start takes, and some.
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..250))).await;
        child.kill().await.unwrap();
        place.observer.look_at_all();
    }
    place.finish().await;
}

/// SIGTERM and SIGINT while any call hangs: it ends within a second, and says that all is well.
#[tokio::test]
async fn told_to_stop_while_a_call_hangs() {
    let mut place = Place::new().await;
    begin(&mut place).await;
    for (signal, name) in [("TERM", "journalist"), ("INT", "consulate")] {
        name_another(&place, name);
        for call in [Call::Me, Call::UserByName, Call::Timeline, Call::Messages, Call::MediaBytes, Call::CreatePost] {
            send(&mut place, MINISTRY, 1);
            place.server.world.with(|world, _| world.add_fault(Fault::once(call, Moment::After, How::Hold)));
            let mut child = place.run();
            place.until("the call", |world| world.faults().next().is_none()).await;
            let began = Instant::now();
            let status = stop(&mut child, signal).await;
            let took = began.elapsed();
            assert!(status.success(), "{signal} during {call:?}: {status}");
            assert!(took < Duration::from_secs(1), "{signal} during {call:?} took {took:?}");
        }
    }
    place.finish().await;
}
