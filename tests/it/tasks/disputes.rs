//! Disputes as stories: a note is opened, denied, answered, and comes out of its mirror as it went in, whatever dies.

use std::time::Duration;

use verbale::base::ids::PostId;
use verbale::note::names;
use verbale::note::request::RequestState;
use verbale::sandbox::EMBASSY;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Settings};
use verbale::store::RequestClient;
use verbale::tlog::entry::{Entry, Level};
use verbale::wording::thread;

use crate::support::database::wait;
use crate::support::dispute_fixture::*;
use crate::support::harness::{Harness, MARKER, Which};
use crate::support::parallel::in_parallel;

#[tokio::test]
async fn every_script_comes_out_of_the_mirror_as_it_went_in() {
    let text = text();
    let mut harness = sealed(platform(), &text, &[]).await;
    let request = ask(&harness, Level::Content);
    settle(&mut harness).await;
    assert_eq!(state(&harness, request), RequestState::Done);
    assert!(3 <= parts(&harness).len());
    is_open(&harness);
    is_thread(&harness);
}

#[tokio::test]
async fn images_go_along_and_what_x_does_not_take_is_on_the_site_alone() {
    let files = [("image/png", vec![1; 100]), ("application/pdf", vec![2; 50]), ("image/jpeg", vec![3; 70])];
    let mut harness = sealed(platform(), &text(), &files).await;
    ask(&harness, Level::Content);
    settle(&mut harness).await;
    is_open(&harness);
    let parts = parts(&harness);
    assert_eq!(parts.iter().map(|part| part.media.len()).sum::<usize>(), 2);
    assert_eq!(parts[0].media.len(), 2);
    for (place, (_, bytes)) in (1..).zip(&files) {
        let name = names::attachment(1, place, files[place - 1].0);
        assert_eq!(&std::fs::read(harness.public().join("note/0/1").join(&name)).unwrap(), bytes, "{name}");
    }
}

#[tokio::test]
async fn x_refuses_the_thread_from_the_beginning_or_in_the_middle() {
    let refusing = Settings { refuses_self_replies: true, ..platform() };
    let mut harness = sealed(refusing, &text(), &[]).await;
    ask(&harness, Level::Content);
    settle(&mut harness).await;
    is_open(&harness);
    assert!(parts(&harness).iter().all(|part| part.answers.is_none()));

    let mut harness = sealed(platform(), &text(), &[]).await;
    ask(&harness, Level::Content);
    assert!(harness.run_until(LONG, |harness| parts(harness).len() == 2).await);
    let second = parts(&harness)[1].id;
    harness.world.with(|world, _| world.delete_post(EMBASSY, second)).unwrap();
    settle(&mut harness).await;
    let alone: Vec<bool> = parts(&harness).iter().map(|part| part.answers.is_none()).collect();
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
            let mut harness = sealed(platform(), &text(), &[("image/png", vec![1; 100])]).await;
            ask(&harness, Level::Content);
            harness.fuse.set(*point);
            assert!(harness.run_until(LONG, |harness| !harness.fuse.is_lit() || parts(harness).len() == 5).await);
            assert!(*point + 1 < POINTS || harness.fuse.is_lit(), "there are more points");
            harness.fuse.quench();
            settle(&mut harness).await;
            is_open(&harness);
            is_thread(&harness);
        });
    });
    let failed: Vec<_> = cases.iter().zip(&outcomes).filter(|(_, outcome)| *outcome != "ok").collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_for_at_every_part() {
    for at in [Moment::Before, Moment::After] {
        for part in 1..=4 {
            let mut harness = sealed(Settings { lag_ms: 60_000, ..platform() }, &text(), &[]).await;
            ask(&harness, Level::Content);
            assert!(
                harness.run_until(LONG, |harness| parts(harness).len() + 1 == part || parts(harness).len() == 3).await
            );
            harness.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, at, How::Cut)));
            settle(&mut harness).await;
            is_open(&harness);
            is_thread(&harness);
        }
    }
}

#[tokio::test]
async fn a_note_that_is_sealed_meanwhile_does_not_wait_for_the_mirror() {
    let mut harness = sealed(platform(), &text(), &[]).await;
    ask(&harness, Level::Content);
    assert!(harness.run_until(LONG, |harness| parts(harness).len() == 1).await);
    send(&harness, &format!("{MARKER} 2"), &[]);
    harness.tick(Which::Watcher).await;
    harness.tick(Which::Watcher).await;
    settle(&mut harness).await;
    let second = posts(&harness).into_iter().find(|post| post.written.starts_with("Sealed note 2")).unwrap();
    assert_eq!(parts(&harness).iter().filter(|part| part.id < second.id).count(), 1, "the note's post comes next");
    is_open(&harness);
    is_thread(&harness);
}

#[tokio::test]
async fn files_that_cannot_be_uploaded_for_ten_minutes_hold_up_their_part_alone() {
    let mut harness = sealed(platform(), &text(), &[("image/png", vec![1; 100])]).await;
    let down = How::Status { code: 503, body: Body::Problem };
    let fault = Fault { call: Some(Call::Upload), at: Moment::Before, how: down, times: u32::MAX };
    harness.world.with(|world, _| world.add_fault(fault));
    ask(&harness, Level::Content);
    let (begun, end) = (harness.now(), harness.now().plus_ms(600_000));
    assert!(
        harness.run_until(LONG, |harness| 0 < harness.world.with(|world, _| world.counts().of(Call::Upload))).await
    );
    send(&harness, &format!("{MARKER} 2"), &[]);
    assert!(
        harness
            .run_until(LONG, |harness| posts(harness).iter().any(|post| post.written.starts_with("Sealed note 2")))
            .await
    );
    assert!(harness.now().ms_since(begun) < 300_000, "the note did not wait for the files");
    assert!(harness.run_until(LONG, |harness| end < harness.now()).await);
    assert_eq!(parts(&harness).len(), 0);
    harness.world.with(|world, _| world.clear_faults());
    settle(&mut harness).await;
    is_open(&harness);
    assert_eq!(parts(&harness)[0].media.len(), 1);
}

#[tokio::test]
async fn a_timeline_that_cannot_be_read_holds_up_a_lost_part_alone() {
    let mut harness = sealed(platform(), &text(), &[]).await;
    ask(&harness, Level::Content);
    let counts = |harness: &Harness, call| harness.world.with(|world, _| world.counts().of(call));
    let before = counts(&harness, Call::CreatePost);
    let down = How::Status { code: 503, body: Body::Problem };
    harness.world.with(|world, _| {
        world.add_fault(Fault::once(Call::CreatePost, Moment::After, How::Cut));
        world.add_fault(Fault { call: Some(Call::Timeline), at: Moment::Before, how: down, times: u32::MAX });
    });
    assert!(harness.run_until(LONG, |harness| before < counts(harness, Call::CreatePost)).await);
    let begun = harness.now();
    send(&harness, &format!("{MARKER} 2"), &[]);
    let is_posted = |harness: &Harness| posts(harness).iter().any(|post| post.written.starts_with("Sealed note 2"));
    assert!(harness.run_until(Duration::from_secs(1800), is_posted).await, "the note waits for the timeline");
    assert!(harness.now().ms_since(begun) < 900_000);
    harness.world.with(|world, _| world.clear_faults());
    settle(&mut harness).await;
    is_open(&harness);
    is_thread(&harness);
}

#[tokio::test]
async fn two_officials_open_a_note_and_one_cannot() {
    let mut harness = sealed(platform(), &text(), &[]).await;
    harness.die().await;
    harness.approval = true;
    let before = entries(&harness).len();
    let request = ask(&harness, Level::Content);
    let zip = proof(&harness, Level::Content);
    let client = RequestClient::open(&harness.database()).unwrap();
    settle(&mut harness).await;
    let own = wait(client.approve(request, FIRST, zip.clone(), harness.now()));
    assert!(own.unwrap_err().to_string().contains("nobody approves what they asked for"));
    settle(&mut harness).await;
    assert_eq!(
        (state(&harness, request), entries(&harness).len(), parts(&harness).len()),
        (RequestState::Waiting, before, 0)
    );
    wait(client.approve(request, SECOND, zip.clone(), harness.now())).unwrap();
    settle(&mut harness).await;
    is_open(&harness);
    let kept = wait(reader(&harness).request(request)).unwrap().unwrap();
    assert_eq!((kept.asked_by.as_str(), kept.approvals[0].0.as_str()), (FIRST, SECOND));
}

#[tokio::test]
async fn a_request_that_nobody_approves_lapses() {
    let mut harness = sealed(platform(), &text(), &[]).await;
    harness.die().await;
    harness.approval = true;
    let before = entries(&harness).len();
    let request = ask(&harness, Level::Content);
    assert!(holds(&harness, PRIVATE));
    assert!(harness.run_until(LONG, |harness| state(harness, request) == RequestState::Lapsed).await);
    let zip = proof(&harness, Level::Content);
    let client = RequestClient::open(&harness.database()).unwrap();
    assert!(wait(client.approve(request, SECOND, zip.clone(), harness.now())).is_err());
    settle(&mut harness).await;
    assert_eq!(
        (state(&harness, request), entries(&harness).len(), parts(&harness).len()),
        (RequestState::Lapsed, before, 0)
    );
    // What was handed over has left no trace of its text.
    drop(client);
    harness.die().await;
    assert!(holds(&harness, FIRST) && !holds(&harness, PRIVATE));
    assert!(!harness.database().with_extension("db-wal").exists());
}

#[tokio::test]
async fn the_envelope_first_and_the_content_later_but_nothing_twice() {
    let mut harness = sealed(platform(), &text(), &[]).await;
    ask(&harness, Level::Envelope);
    settle(&mut harness).await;
    let commitment = wait(reader(&harness).standing(1)).unwrap().unwrap().commitment;
    assert!(posts(&harness).iter().any(|post| post.written == thread::envelope(1, commitment)));
    assert!(!harness.public().join("note/0/1").join(names::content(1)).exists());
    let again = ask(&harness, Level::Envelope);
    settle(&mut harness).await;
    assert_eq!(state(&harness, again), RequestState::Refused);
    let zip = std::fs::read(harness.public().join("note/0/1").join(names::proof(1))).unwrap();
    ask(&harness, Level::Content);
    settle(&mut harness).await;
    let levels: Vec<Level> = entries(&harness)
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Open { level, .. } => Some(level),
            _ => None,
        })
        .collect();
    assert_eq!(levels, [Level::Envelope, Level::Content]);
    let more = std::fs::read(harness.public().join("note/0/1").join(names::proof(1))).unwrap();
    assert!(zip.len() < more.len(), "the site shows the proof with more in it");
}

#[tokio::test]
async fn a_proof_of_something_else_opens_nothing() {
    let mut harness = sealed(platform(), &text(), &[]).await;
    let before = entries(&harness).len();
    let client = RequestClient::open(&harness.database()).unwrap();
    let now = harness.now();
    let mut broken = proof(&harness, Level::Content);
    *broken.last_mut().unwrap() ^= 1;
    let zips = [b"no archive".to_vec(), proof(&harness, Level::Envelope), broken];
    for zip in zips {
        let request = wait(client.ask(asked(Level::Content), Some(zip.clone()), now)).unwrap();
        settle(&mut harness).await;
        assert_eq!(state(&harness, request), RequestState::Refused);
    }
    // An envelope is not opened with a proof that shows more.
    let request = wait(client.ask(asked(Level::Envelope), Some(proof(&harness, Level::Content)), now)).unwrap();
    settle(&mut harness).await;
    assert_eq!(state(&harness, request), RequestState::Refused);
    assert_eq!((entries(&harness).len(), parts(&harness).len()), (before, 0));
}

#[tokio::test]
async fn a_denial_is_entered_answered_and_told_to_the_officials() {
    let mut harness = sealed(platform(), &text(), &[]).await;
    let post = deny(&harness, DENIAL);
    let request = dispute(&harness, post);
    settle(&mut harness).await;
    assert_eq!(state(&harness, request), RequestState::Done);
    is_disputed(&harness, post, true);
    let again = dispute(&harness, post);
    settle(&mut harness).await;
    assert_eq!(state(&harness, again), RequestState::Refused);
    let nowhere = dispute(&harness, PostId::parse("17").unwrap());
    settle(&mut harness).await;
    assert_eq!(state(&harness, nowhere), RequestState::Refused);
    is_disputed(&harness, post, true);
}

#[tokio::test]
async fn a_denial_that_may_not_be_answered_is_answered_by_a_post_of_its_own() {
    let mut harness = sealed(platform(), &text(), &[]).await;
    let post = deny(&harness, "No such note ever came, says the ministry");
    dispute(&harness, post);
    settle(&mut harness).await;
    is_disputed(&harness, post, false);
}

#[test]
fn a_dispute_that_dies_at_any_point_is_entered_answered_and_told_once() {
    let cases: Vec<u64> = (0..POINTS).collect();
    let outcomes = in_parallel(2, &cases, |point| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut harness = sealed(platform(), MARKER, &[]).await;
            let post = deny(&harness, DENIAL);
            dispute(&harness, post);
            harness.fuse.set(*point);
            let is_done = |harness: &Harness| posts(harness).len() == 2 && letters(harness).len() == 1;
            assert!(harness.run_until(LONG, |harness| !harness.fuse.is_lit() || is_done(harness)).await);
            assert!(*point + 1 < POINTS || harness.fuse.is_lit(), "there are more points");
            harness.fuse.quench();
            settle(&mut harness).await;
            is_disputed(&harness, post, true);
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
            let mut harness = sealed(lagging, &text(), &[("image/png", vec![1; 100])]).await;
            let post = deny(&harness, DENIAL);
            // What looks for a lost answer comes only after one was lost.
            harness.world.with(|world, _| match call {
                Call::Timeline => world.add_fault(Fault::once(Call::CreatePost, Moment::After, How::Cut)),
                Call::MessagesWith => world.add_fault(Fault::once(Call::SendMessage, Moment::After, How::Cut)),
                _ => {}
            });
            // There is one message: once it is there, it is found, and not sent again.
            let times = if (call, at) == (Call::SendMessage, Moment::After) { 1 } else { 2 };
            harness.world.with(|world, _| world.add_fault(Fault { call: Some(call), at, how, times }));
            dispute(&harness, post);
            ask(&harness, Level::Content);
            settle(&mut harness).await;
            assert!(harness.world.with(|world, _| world.faults().next().is_none()), "the step was not reached");
            is_open(&harness);
            is_thread(&harness);
            is_disputed(&harness, post, true);
        });
    });
    let failed: Vec<_> = cases.iter().zip(&outcomes).filter(|(_, outcome)| *outcome != "ok").collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_looked_for() {
    for at in [Moment::Before, Moment::After] {
        let mut harness = sealed(platform(), MARKER, &[]).await;
        let post = deny(&harness, DENIAL);
        harness.world.with(|world, _| world.add_fault(Fault::once(Call::SendMessage, at, How::Cut)));
        dispute(&harness, post);
        settle(&mut harness).await;
        is_disputed(&harness, post, true);
    }
}
