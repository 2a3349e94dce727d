//! Disputes as stories: a note is opened, denied, answered, and comes out of its mirror as it went in, whatever dies.

use std::time::Duration;

use verbale::hash::Hash;
use verbale::log::entry::{Entry, Level, Platform};
use verbale::log::signed_note::VerifierKey;
use verbale::mirror;
use verbale::note::{AccountId, PostId};
use verbale::opening::names;
use verbale::platform::x;
use verbale::release;
use verbale::sandbox::world::{Body, Call, Draft, EventKind, Fault, How, Moment, Outgoing, Post, Settings, unescape};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::store::{Ask, Desk, NewRequest, Reader, RequestState};
use verbale::vault;

use crate::rig::{DISPUTE, MARKER, Plan, Rig, Which, in_parallel};

/// Longer than all waits of a story together.
const LONG: Duration = Duration::from_secs(3 * 86_400);

/// What a journalist posts, and where X lets us answer.
const DENIAL: &str = "@embassy no such note ever came, says the ministry";

/// Who asks and who approves, as the request keeps it.
const FIRST: &str = "first official";
const SECOND: &str = "second official";

/// X without limits, where nobody but the program sees to it that nothing is said twice.
fn platform() -> Settings {
    Settings { refuses_duplicates: false, ..Settings::without_limits() }
}

/// Every script that is hard on a mirror, for three posts at least.
fn text() -> String {
    format!(
        "{MARKER}: Посольство свидетельствует своё уважение Министерству и имеет честь сообщить. تتشرف السفارة بإفادتكم بما \
         يلي. 大使馆向外交部致意，并荣幸地通知如下。Σχετικά με το έγγραφο 👩‍👩‍👧‍👦 🇪🇺🇺🇦 ❤️\u{200d}🔥, see https://example.org/ä?b=1&c=<2> \
         and @ministry, $TAX, &amp; example.org.\n\n\n\tThe Embassy [.] asks “for an answer” by Friday. {}\r\n",
        "It has asked before, and was not answered. ".repeat(12)
    )
}

/// A rig on which a note with this text and these files is sealed, posted and public.
async fn sealed(platform: Settings, text: &str, files: &[(&str, Vec<u8>)]) -> Rig {
    let attachments_timeout = Duration::from_millis(1);
    let mut rig = Rig::new(Plan { seed: 4, platform, run_over: 5, heartbeat: false, attachments_timeout });
    rig.running = &DISPUTE;
    rig.officials = vec![AccountId(990_017)];
    assert!(rig.run_until(Duration::from_secs(600), |rig| rig.public().join("checkpoint").exists()).await);
    send(&rig, text, files);
    settle(&mut rig).await;
    rig
}

fn send(rig: &Rig, text: &str, files: &[(&str, Vec<u8>)]) {
    rig.advance(1_000);
    rig.world.with(|world, now| {
        let media = files.iter().map(|(kind, bytes)| world.upload(now, EMBASSY, kind, bytes.clone())).collect();
        world.send(now, EMBASSY, MINISTRY, &Outgoing { text: text.to_owned(), media }).unwrap();
    });
}

/// Runs until nothing has changed for longer than any wait.
async fn settle(rig: &mut Rig) {
    let until = rig.now().plus_ms(3_600_000);
    assert!(rig.run_until(LONG, |rig| until < rig.now()).await);
}

fn reader(rig: &Rig) -> Reader {
    Reader::open(&rig.database()).unwrap()
}

/// The packed proof of note 1, as an official's command makes it.
fn proof(rig: &Rig, level: Level) -> Vec<u8> {
    let reader = reader(rig);
    let row = reader.proof(1).unwrap().unwrap();
    let opening = vault::open(1, row.opening.as_ref().unwrap(), std::slice::from_ref(&rig.identity)).unwrap();
    let account = reader.account().unwrap().unwrap();
    let name = account.name.clone();
    let post = release::published(row.post.clone(), account, |post| x::address_of("https://x.com", &name, post));
    release::proof(1, &row, VerifierKey::parse(reader.vkey()).unwrap(), post, opening, level).pack()
}

fn asked(level: Level) -> NewRequest {
    NewRequest { ask: Ask::Open { note: 1, level }, asked_by: FIRST.to_owned() }
}

/// Asks to open note 1, with the proof.
fn ask(rig: &Rig, level: Level) -> u64 {
    let zip = proof(rig, level);
    Desk::open(&rig.database()).unwrap().ask(&asked(level), Some(&zip), rig.now()).unwrap()
}

fn dispute(rig: &Rig, post: PostId) -> u64 {
    let request = NewRequest { ask: Ask::Dispute { note: 1, post }, asked_by: FIRST.to_owned() };
    Desk::open(&rig.database()).unwrap().ask(&request, None, rig.now()).unwrap()
}

fn state(rig: &Rig, request: u64) -> RequestState {
    reader(rig).request(request).unwrap().unwrap().state
}

fn posts(rig: &Rig) -> Vec<Post> {
    rig.world
        .with(|world, _| world.posts().filter(|post| post.author == EMBASSY && !post.is_deleted).cloned().collect())
}

/// The posts that carry a note, in the order of their parts.
fn parts(rig: &Rig) -> Vec<Post> {
    let part = |post: &Post| mirror::Part::parse(&post.written).ok().map(|part| part.place);
    let mut parts: Vec<_> = posts(rig).into_iter().filter_map(|post| Some((part(&post)?, post))).collect();
    parts.sort_by_key(|(place, post)| (*place, post.id));
    parts.into_iter().map(|(_, post)| post).collect()
}

fn entries(rig: &Rig) -> Vec<Entry> {
    let lines = reader(rig).entries(0, 1000).unwrap();
    lines.iter().map(|line| Entry::parse(line.as_bytes()).unwrap()).collect()
}

/// The note is open to the public, once: in the log, on the site, and in a mirror from which its text is joined.
fn is_open(rig: &Rig) {
    let shown: Vec<String> = parts(rig).iter().map(|post| unescape(&post.words.text)).collect();
    let bare: Vec<&str> =
        shown.iter().map(|text| text.rsplit_once(" https://t.co/").map_or(&**text, |cut| cut.0)).collect();
    let joined = mirror::join(&bare).unwrap();
    assert_eq!((joined.note, joined.text), (1, sent_text(rig)));
    let content = std::fs::read(rig.public().join("note/0/1").join(names::content(1))).unwrap();
    let opened: Vec<Entry> = entries(rig).into_iter().filter(|entry| matches!(entry, Entry::Open { .. })).collect();
    let [Entry::Open { note: 1, level: Level::Content, sha256, .. }] = &opened[..] else { panic!("{opened:?}") };
    assert_eq!(*sha256, Hash::of(&content));
    let page = std::fs::read_to_string(rig.public().join("note/0/1.html")).unwrap();
    for name in [names::proof(1), names::envelope(1), names::content(1), names::record(1)] {
        assert!(page.contains(&format!("../../note/0/1/{name}")), "the page has no link to {name}");
        assert!(rig.public().join("note/0/1").join(&name).is_file());
    }
}

/// The text of note 1 as X shows it in the conversation: with its own short links.
fn sent_text(rig: &Rig) -> String {
    rig.world.with(|world, _| {
        let first = world.events().find_map(|event| match &event.kind {
            EventKind::Message { words, .. } if event.sender == EMBASSY => Some(unescape(&words.text)),
            _ => None,
        });
        first.unwrap()
    })
}

/// Each part answers the one before it, and the first the post with the commitment.
fn is_thread(rig: &Rig) {
    let commitment = reader(rig).facts(1).unwrap().unwrap().post;
    let mut before = commitment;
    for part in parts(rig) {
        assert_eq!(part.answers, before);
        before = Some(part.id);
    }
}

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
    assert_eq!((kept.asked_by.as_str(), kept.approved_by.as_deref()), (FIRST, Some(SECOND)));
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

/// Words of the note that nothing else has.
const PRIVATE: &str = "大使馆向外交部致意";

/// Whether the file of the database, which nobody has open, holds these words as they are.
fn holds(rig: &Rig, words: &str) -> bool {
    let database = std::fs::read(rig.database()).unwrap();
    database.windows(words.len()).any(|part| part == words.as_bytes())
}

#[tokio::test]
async fn the_envelope_first_and_the_content_later_but_nothing_twice() {
    let mut rig = sealed(platform(), &text(), &[]).await;
    ask(&rig, Level::Envelope);
    settle(&mut rig).await;
    let commitment = reader(&rig).facts(1).unwrap().unwrap().commitment;
    assert!(posts(&rig).iter().any(|post| post.written == mirror::envelope(1, commitment)));
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

/// A journalist's post that denies the note.
fn deny(rig: &Rig, text: &str) -> PostId {
    rig.world.with(|world, now| world.post(now, JOURNALIST, Draft { text, ..Draft::default() }).unwrap().id)
}

fn letters(rig: &Rig) -> Vec<String> {
    let to = AccountId(990_017);
    rig.world.with(|world, _| {
        let conversation = verbale::note::ConversationId::between(EMBASSY, to);
        let sent = world.events().filter(|event| event.conversation == conversation);
        sent.filter_map(|event| match &event.kind {
            EventKind::Message { words, .. } => Some(unescape(&words.text)),
            _ => None,
        })
        .collect()
    })
}

/// The dispute is in the log once, its answer is public once, and each official was told once.
fn is_disputed(rig: &Rig, post: PostId, replies: bool) {
    let disputes: Vec<Entry> =
        entries(rig).into_iter().filter(|entry| matches!(entry, Entry::Dispute { .. })).collect();
    let [Entry::Dispute { note: 1, platform: Platform::X, post: disputing, .. }] = &disputes[..] else {
        panic!("{disputes:?}")
    };
    assert_eq!(*disputing, post);
    let commitment = reader(rig).facts(1).unwrap().unwrap().commitment.to_string();
    let ends = format!("re {post}");
    let answers: Vec<Post> = posts(rig).into_iter().filter(|post| post.written.ends_with(&ends)).collect();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].answers, replies.then_some(post));
    assert!(answers[0].written.contains(&commitment));
    let letters = letters(rig);
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].starts_with("verbale\n") && letters[0].contains(&post.to_string()));
    let page = std::fs::read_to_string(rig.public().join("note/0/1.html")).unwrap();
    assert!(page.contains("Disputed. "));
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
