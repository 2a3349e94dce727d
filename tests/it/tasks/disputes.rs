//! Disputes as stories: a note is opened, denied, answered, and comes out of its mirror as it went in, whatever dies.

use verbale::base::ids::PostId;
use verbale::note::names;
use verbale::note::request::RequestState;
use verbale::sandbox::EMBASSY;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Settings};
use verbale::store::Desk;
use verbale::tlog::entry::{Entry, Level};
use verbale::wording::thread;

use crate::support::dispute_fixture::*;
use crate::support::harness::{MARKER, Rig, Which, in_parallel};

#[tokio::test]
async fn every_script_comes_out_of_the_mirror_as_it_went_in() {
    let text = text();
    let mut rig = sealed(platform(), &text, &[]).await;
    let request = ask(&rig, Level::Content);
    settle(&mut rig).await;
    assert_eq!(state(&rig, request), RequestState::Done);
    assert!(3 <= parts(&rig).len());
    is_open(&rig);
    is_thread(&rig);
}

#[tokio::test]
async fn images_go_along_and_what_x_does_not_take_is_on_the_site_alone() {
    let files = [("image/png", vec![1; 100]), ("application/pdf", vec![2; 50]), ("image/jpeg", vec![3; 70])];
    let mut rig = sealed(platform(), &text(), &files).await;
    ask(&rig, Level::Content);
    settle(&mut rig).await;
    is_open(&rig);
    let parts = parts(&rig);
    assert_eq!(parts.iter().map(|part| part.media.len()).sum::<usize>(), 2);
    assert_eq!(parts[0].media.len(), 2);
    for (place, (_, bytes)) in (1..).zip(&files) {
        let name = names::attachment(1, place, files[place - 1].0);
        assert_eq!(&std::fs::read(rig.public().join("note/0/1").join(&name)).unwrap(), bytes, "{name}");
    }
}

#[tokio::test]
async fn x_refuses_the_thread_from_the_beginning_or_in_the_middle() {
    let refusing = Settings { refuses_self_replies: true, ..platform() };
    let mut rig = sealed(refusing, &text(), &[]).await;
    ask(&rig, Level::Content);
    settle(&mut rig).await;
    is_open(&rig);
    assert!(parts(&rig).iter().all(|part| part.answers.is_none()));

    let mut rig = sealed(platform(), &text(), &[]).await;
    ask(&rig, Level::Content);
    assert!(rig.run_until(LONG, |rig| parts(rig).len() == 2).await);
    let second = parts(&rig)[1].id;
    rig.world.with(|world, _| world.delete_post(EMBASSY, second)).unwrap();
    settle(&mut rig).await;
    let alone: Vec<bool> = parts(&rig).iter().map(|part| part.answers.is_none()).collect();
    let count = alone.len();
    assert!(2 <= count && !alone[0] && alone[1..].iter().all(|alone| *alone), "{alone:?}");
}

/// More points than there are at which the program may die while a note is opened, or disputed.
const POINTS: u64 = 160;

#[test]
fn an_opening_that_dies_at_any_point_is_done_once() {
    let cases: Vec<u64> = (0..POINTS).collect();
    let outcomes = in_parallel(2, &cases, |point| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut rig = sealed(platform(), &text(), &[("image/png", vec![1; 100])]).await;
            ask(&rig, Level::Content);
            rig.fuse.set(*point);
            assert!(rig.run_until(LONG, |rig| !rig.fuse.is_lit() || parts(rig).len() == 5).await);
            assert!(*point + 1 < POINTS || rig.fuse.is_lit(), "there are more points");
            rig.fuse.quench();
            settle(&mut rig).await;
            is_open(&rig);
            is_thread(&rig);
        });
    });
    let failed: Vec<_> = cases.iter().zip(&outcomes).filter(|(_, outcome)| *outcome != "ok").collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_for_at_every_part() {
    for at in [Moment::Before, Moment::After] {
        for part in 1..=4 {
            let mut rig = sealed(Settings { lag_ms: 60_000, ..platform() }, &text(), &[]).await;
            ask(&rig, Level::Content);
            assert!(rig.run_until(LONG, |rig| parts(rig).len() + 1 == part || parts(rig).len() == 3).await);
            rig.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, at, How::Cut)));
            settle(&mut rig).await;
            is_open(&rig);
            is_thread(&rig);
        }
    }
}

#[tokio::test]
async fn a_note_that_is_sealed_meanwhile_does_not_wait_for_the_mirror() {
    let mut rig = sealed(platform(), &text(), &[]).await;
    ask(&rig, Level::Content);
    assert!(rig.run_until(LONG, |rig| parts(rig).len() == 1).await);
    send(&rig, &format!("{MARKER} 2"), &[]);
    rig.tick(Which::Watcher).await;
    rig.tick(Which::Watcher).await;
    settle(&mut rig).await;
    let second = posts(&rig).into_iter().find(|post| post.written.starts_with("Sealed note 2")).unwrap();
    assert_eq!(parts(&rig).iter().filter(|part| part.id < second.id).count(), 1, "the note's post comes next");
    is_open(&rig);
    is_thread(&rig);
}

#[tokio::test]
async fn files_that_cannot_be_uploaded_for_ten_minutes_hold_up_their_part_alone() {
    let mut rig = sealed(platform(), &text(), &[("image/png", vec![1; 100])]).await;
    let down = How::Status { code: 503, body: Body::Problem };
    let fault = Fault { call: Some(Call::Upload), at: Moment::Before, how: down, times: u32::MAX };
    rig.world.with(|world, _| world.add_fault(fault));
    ask(&rig, Level::Content);
    let (begun, end) = (rig.now(), rig.now().plus_ms(600_000));
    assert!(rig.run_until(LONG, |rig| 0 < rig.world.with(|world, _| world.counts().of(Call::Upload))).await);
    send(&rig, &format!("{MARKER} 2"), &[]);
    assert!(rig.run_until(LONG, |rig| posts(rig).iter().any(|post| post.written.starts_with("Sealed note 2"))).await);
    assert!(rig.now().ms_since(begun) < 300_000, "the note did not wait for the files");
    assert!(rig.run_until(LONG, |rig| end < rig.now()).await);
    assert_eq!(parts(&rig).len(), 0);
    rig.world.with(|world, _| world.clear_faults());
    settle(&mut rig).await;
    is_open(&rig);
    assert_eq!(parts(&rig)[0].media.len(), 1);
}

#[tokio::test]
async fn two_officials_open_a_note_and_one_cannot() {
    let mut rig = sealed(platform(), &text(), &[]).await;
    rig.die().await;
    rig.approval = true;
    let before = entries(&rig).len();
    let request = ask(&rig, Level::Content);
    let zip = proof(&rig, Level::Content);
    let mut desk = Desk::open(&rig.database()).unwrap();
    settle(&mut rig).await;
    let own = desk.approve(request, FIRST, &zip, rig.now());
    assert!(own.unwrap_err().to_string().contains("nobody approves what they asked for"));
    settle(&mut rig).await;
    assert_eq!((state(&rig, request), entries(&rig).len(), parts(&rig).len()), (RequestState::Waiting, before, 0));
    desk.approve(request, SECOND, &zip, rig.now()).unwrap();
    settle(&mut rig).await;
    is_open(&rig);
    let kept = reader(&rig).request(request).unwrap().unwrap();
    assert_eq!((kept.asked_by.as_str(), kept.approvals[0].0.as_str()), (FIRST, SECOND));
}

#[tokio::test]
async fn a_request_that_nobody_approves_lapses() {
    let mut rig = sealed(platform(), &text(), &[]).await;
    rig.die().await;
    rig.approval = true;
    let before = entries(&rig).len();
    let request = ask(&rig, Level::Content);
    assert!(holds(&rig, PRIVATE));
    assert!(rig.run_until(LONG, |rig| state(rig, request) == RequestState::Lapsed).await);
    let zip = proof(&rig, Level::Content);
    let mut desk = Desk::open(&rig.database()).unwrap();
    assert!(desk.approve(request, SECOND, &zip, rig.now()).is_err());
    settle(&mut rig).await;
    assert_eq!((state(&rig, request), entries(&rig).len(), parts(&rig).len()), (RequestState::Lapsed, before, 0));
    // What was handed over has left no trace of its text.
    drop(desk);
    rig.die().await;
    assert!(holds(&rig, FIRST) && !holds(&rig, PRIVATE));
    assert!(!rig.database().with_extension("db-wal").exists());
}

#[tokio::test]
async fn the_envelope_first_and_the_content_later_but_nothing_twice() {
    let mut rig = sealed(platform(), &text(), &[]).await;
    ask(&rig, Level::Envelope);
    settle(&mut rig).await;
    let commitment = reader(&rig).standing(1).unwrap().unwrap().commitment;
    assert!(posts(&rig).iter().any(|post| post.written == thread::envelope(1, commitment)));
    assert!(!rig.public().join("note/0/1").join(names::content(1)).exists());
    let again = ask(&rig, Level::Envelope);
    settle(&mut rig).await;
    assert_eq!(state(&rig, again), RequestState::Refused);
    let zip = std::fs::read(rig.public().join("note/0/1").join(names::proof(1))).unwrap();
    ask(&rig, Level::Content);
    settle(&mut rig).await;
    let levels: Vec<Level> = entries(&rig)
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Open { level, .. } => Some(level),
            _ => None,
        })
        .collect();
    assert_eq!(levels, [Level::Envelope, Level::Content]);
    let more = std::fs::read(rig.public().join("note/0/1").join(names::proof(1))).unwrap();
    assert!(zip.len() < more.len(), "the site shows the proof with more in it");
}

#[tokio::test]
async fn a_proof_of_something_else_opens_nothing() {
    let mut rig = sealed(platform(), &text(), &[]).await;
    let before = entries(&rig).len();
    let mut desk = Desk::open(&rig.database()).unwrap();
    let now = rig.now();
    let mut broken = proof(&rig, Level::Content);
    *broken.last_mut().unwrap() ^= 1;
    let zips = [b"no archive".to_vec(), proof(&rig, Level::Envelope), broken];
    for zip in zips {
        let request = desk.ask(&asked(Level::Content), Some(&zip), now).unwrap();
        settle(&mut rig).await;
        assert_eq!(state(&rig, request), RequestState::Refused);
    }
    // An envelope is not opened with a proof that shows more.
    let request = desk.ask(&asked(Level::Envelope), Some(&proof(&rig, Level::Content)), now).unwrap();
    settle(&mut rig).await;
    assert_eq!(state(&rig, request), RequestState::Refused);
    assert_eq!((entries(&rig).len(), parts(&rig).len()), (before, 0));
}

#[tokio::test]
async fn a_denial_is_entered_answered_and_told_to_the_officials() {
    let mut rig = sealed(platform(), &text(), &[]).await;
    let post = deny(&rig, DENIAL);
    let request = dispute(&rig, post);
    settle(&mut rig).await;
    assert_eq!(state(&rig, request), RequestState::Done);
    is_disputed(&rig, post, true);
    let again = dispute(&rig, post);
    settle(&mut rig).await;
    assert_eq!(state(&rig, again), RequestState::Refused);
    let nowhere = dispute(&rig, PostId::parse("17").unwrap());
    settle(&mut rig).await;
    assert_eq!(state(&rig, nowhere), RequestState::Refused);
    is_disputed(&rig, post, true);
}

#[tokio::test]
async fn a_denial_that_may_not_be_answered_is_answered_by_a_post_of_its_own() {
    let mut rig = sealed(platform(), &text(), &[]).await;
    let post = deny(&rig, "No such note ever came, says the ministry");
    dispute(&rig, post);
    settle(&mut rig).await;
    is_disputed(&rig, post, false);
}

#[test]
fn a_dispute_that_dies_at_any_point_is_entered_answered_and_told_once() {
    let cases: Vec<u64> = (0..POINTS).collect();
    let outcomes = in_parallel(2, &cases, |point| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut rig = sealed(platform(), MARKER, &[]).await;
            let post = deny(&rig, DENIAL);
            dispute(&rig, post);
            rig.fuse.set(*point);
            let is_done = |rig: &Rig| posts(rig).len() == 2 && letters(rig).len() == 1;
            assert!(rig.run_until(LONG, |rig| !rig.fuse.is_lit() || is_done(rig)).await);
            assert!(*point + 1 < POINTS || rig.fuse.is_lit(), "there are more points");
            rig.fuse.quench();
            settle(&mut rig).await;
            is_disputed(&rig, post, true);
        });
    });
    let failed: Vec<_> = cases.iter().zip(&outcomes).filter(|(_, outcome)| *outcome != "ok").collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn whatever_step_fails_or_takes_effect_unheard_all_is_done_once() {
    let calls = [Call::CreatePost, Call::Upload, Call::Timeline, Call::SendMessage, Call::MessagesWith, Call::ReadPost];
    let unavailable = How::Status { code: 503, body: Body::Html };
    let hows = [How::Cut, unavailable, How::RateLimited { wait_ms: 60_000 }, How::Hold];
    let mut cases = Vec::new();
    for call in calls {
        for at in [Moment::Before, Moment::After] {
            cases.extend(hows.iter().map(|how| (call, at, *how)));
        }
    }
    let outcomes = in_parallel(2, &cases, |&(call, at, how)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let lagging = Settings { lag_ms: 30_000, ..platform() };
            let mut rig = sealed(lagging, &text(), &[("image/png", vec![1; 100])]).await;
            let post = deny(&rig, DENIAL);
            // What looks for a lost answer comes only after one was lost.
            rig.world.with(|world, _| match call {
                Call::Timeline => world.add_fault(Fault::once(Call::CreatePost, Moment::After, How::Cut)),
                Call::MessagesWith => world.add_fault(Fault::once(Call::SendMessage, Moment::After, How::Cut)),
                _ => {}
            });
            // There is one message: once it is there, it is found, and not sent again.
            let times = if (call, at) == (Call::SendMessage, Moment::After) { 1 } else { 2 };
            rig.world.with(|world, _| world.add_fault(Fault { call: Some(call), at, how, times }));
            dispute(&rig, post);
            ask(&rig, Level::Content);
            settle(&mut rig).await;
            assert!(rig.world.with(|world, _| world.faults().next().is_none()), "the step was not reached");
            is_open(&rig);
            is_thread(&rig);
            is_disputed(&rig, post, true);
        });
    });
    let failed: Vec<_> = cases.iter().zip(&outcomes).filter(|(_, outcome)| *outcome != "ok").collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_looked_for() {
    for at in [Moment::Before, Moment::After] {
        let mut rig = sealed(platform(), MARKER, &[]).await;
        let post = deny(&rig, DENIAL);
        rig.world.with(|world, _| world.add_fault(Fault::once(Call::SendMessage, at, How::Cut)));
        dispute(&rig, post);
        settle(&mut rig).await;
        is_disputed(&rig, post, true);
    }
}
