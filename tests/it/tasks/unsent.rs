//! What the platform refuses, and whether it passes: each kind is tried again or kept, and nothing that waits holds up
//! anything else.

use std::sync::Arc;
use std::time::Duration;

use verbale::base::clock::Clock;
use verbale::base::ids::{Account, AccountId, AccountName, MessageId};
use verbale::platform::Addressee;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Outgoing as Written, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::store::{Budget, EffectId, Lane, MessageKind, Outgoing, RequestClient};
use verbale::tasks::deliver::{DeliverSettings, DmSender};

use crate::support::bot_fixture::{self, FIRST, say};
use crate::support::dispute_fixture::{self, LONG, platform, posts, send};
use crate::support::harness::{EVERY, Harness, MARKER, Plan};
use crate::support::workbench::{Workbench, run};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

async fn begun(settings: Settings) -> Workbench {
    let bench = Workbench::new(settings);
    let name = AccountName::parse("embassy").unwrap();
    bench.store.keep_account(&Account { id: EMBASSY, name }).await.unwrap();
    bench
}

fn sender(bench: &Workbench) -> DmSender {
    sender_by(bench, bench.clock())
}

fn sender_by(bench: &Workbench, clock: Clock) -> DmSender {
    let settings = DeliverSettings {
        unknown_outcome_timeout: Duration::from_secs(600),
        identities: vec![],
        poll: Duration::from_secs(60),
    };
    DmSender::new(bench.platform(EMBASSY), bench.store.clone(), clock, settings)
}

async fn notice(bench: &Workbench, request: u64, to: AccountId) -> EffectId {
    let message = Outgoing::text(MessageKind::RequestNotice(request), to, format!("request {request}"));
    bench.store.add_message(message, bench.clock().now()).await.unwrap();
    let mut deferred = Vec::new();
    loop {
        let next = bench.store.next_effect(Lane::Messages, &deferred, Budget::Enough).await.unwrap().unwrap();
        deferred.push(next.id);
        if bench.store.next_effect(Lane::Messages, &deferred, Budget::Enough).await.unwrap().is_none() {
            return next.id;
        }
    }
}

fn fault(bench: &Workbench, call: Call, at: Moment, how: How, times: u32) {
    bench.world.with(|world, _| world.add_fault(Fault { call: Some(call), at, how, times }));
}

/// Our messages to somebody.
fn sent(bench: &Workbench, to: AccountId) -> usize {
    let conversation = verbale::base::ids::ConversationId::between(EMBASSY, to);
    bench.world.with(|world, _| {
        world.events().filter(|event| event.sender == EMBASSY && event.conversation == conversation).count()
    })
}

async fn is_pending(bench: &Workbench) -> bool {
    bench.store.next_effect(Lane::Messages, &[], Budget::Enough).await.unwrap().is_some()
}

/// What X takes for automated abuse once, or several times, is sent as soon as it passes: first soon.
#[tokio::test]
async fn a_message_that_is_refused_for_a_while_is_sent_when_that_passes_and_holds_up_no_other() {
    let bench = begun(Settings::without_limits()).await;
    let mut dm_sender = sender(&bench);
    notice(&bench, 1, MINISTRY).await;
    fault(&bench, Call::SendMessage, Moment::Before, How::Automated, 1);
    run(&bench, &mut dm_sender, MINUTE_MS).await;
    assert_eq!(sent(&bench, MINISTRY), 1, "a spurious refusal costs less than a minute");
    notice(&bench, 2, MINISTRY).await;
    fault(&bench, Call::SendMessage, Moment::Before, How::Automated, 6);
    run(&bench, &mut dm_sender, 1).await;
    assert_eq!(sent(&bench, MINISTRY), 1);
    bench.world.with(|world, _| world.clear_faults());
    notice(&bench, 3, JOURNALIST).await;
    run(&bench, &mut dm_sender, 1).await;
    assert_eq!((sent(&bench, MINISTRY), sent(&bench, JOURNALIST)), (1, 1), "another recipient's passes it");
    fault(&bench, Call::SendMessage, Moment::Before, How::Automated, 6);
    run(&bench, &mut dm_sender, 2 * HOUR_MS).await;
    assert_eq!(sent(&bench, MINISTRY), 2);
    assert!(!bench.store.has_unsent().await.unwrap());
}

/// What X refuses for good is kept, listed, and sent again when somebody says so: each time once.
#[tokio::test]
async fn a_message_that_is_refused_for_good_is_kept_and_sent_again_on_command() {
    let bench = begun(Settings::without_limits()).await;
    let mut dm_sender = sender(&bench);
    // Nobody has this number.
    let absent = AccountId(404);
    let id = notice(&bench, 1, absent).await;
    run(&bench, &mut dm_sender, MINUTE_MS).await;
    let ask = RequestClient::open(&bench.folder.path().join("verbale.db")).unwrap();
    for again in [false, true] {
        let unsent = bench.store.unsent(EffectId(0), 9).await.unwrap();
        assert_eq!(unsent.iter().map(|one| one.effect).collect::<Vec<_>>(), [id], "{again}");
        assert!(unsent[0].why.contains("no such recipient"), "{}", unsent[0].why);
        run(&bench, &mut dm_sender, HOUR_MS).await;
        assert!(bench.store.has_unsent().await.unwrap(), "nothing is tried by itself");
        assert!(ask.resend(id, bench.clock().now()).await.unwrap());
        run(&bench, &mut dm_sender, 2 * MINUTE_MS).await;
    }
    bench.world.with(|world, now| drop(world.add_user(now, Account::parse("404 found").unwrap()).account.clone()));
    assert!(ask.resend(id, bench.clock().now()).await.unwrap());
    run(&bench, &mut dm_sender, 2 * MINUTE_MS).await;
    assert_eq!((sent(&bench, absent), bench.store.has_unsent().await.unwrap()), (1, false));
    run(&bench, &mut dm_sender, HOUR_MS).await;
    assert_eq!(sent(&bench, absent), 1);
}

/// The other side writes as much as it likes: a message of unknown outcome is found, or surely not there.
#[tokio::test]
async fn a_message_is_found_again_however_much_was_written_since() {
    for arrived in [true, false] {
        let bench = begun(Settings::of_x()).await;
        let mut dm_sender = sender(&bench);
        notice(&bench, 1, MINISTRY).await;
        fault(&bench, Call::SendMessage, if arrived { Moment::After } else { Moment::Before }, How::Cut, 1);
        run(&bench, &mut dm_sender, 1).await;
        assert_eq!(sent(&bench, MINISTRY), usize::from(arrived));
        for number in 0..2_500 {
            let text = Written::text(&format!("flood {number}"));
            bench.world.with(|world, now| world.send(now.plus_ms(number), MINISTRY, EMBASSY, &text)).unwrap();
        }
        let before = bench.world.with(|world, _| world.counts().of(Call::MessagesWith));
        run(&bench, &mut dm_sender, 20 * MINUTE_MS).await;
        let looks = bench.world.with(|world, _| world.counts().of(Call::MessagesWith)) - before;
        assert!(looks <= 60, "{looks} calls in 20 minutes");
        assert_eq!(sent(&bench, MINISTRY), usize::from(arrived), "not before all was read");
        run(&bench, &mut dm_sender, 2 * HOUR_MS).await;
        assert!(!is_pending(&bench).await && !bench.store.has_unsent().await.unwrap(), "arrived: {arrived}");
        assert_eq!(sent(&bench, MINISTRY), 1, "arrived: {arrived}");
    }
}

/// The machine sleeps for five weeks after a message of unknown outcome: the platform lists it no more, and nobody can
/// know. Sent again on command, it is not doubled either.
#[tokio::test]
async fn what_the_platform_does_not_list_any_more_is_never_doubled() {
    let bench = begun(Settings::without_limits()).await;
    let id = notice(&bench, 1, MINISTRY).await;
    fault(&bench, Call::SendMessage, Moment::After, How::Cut, 1);
    run(&bench, &mut sender(&bench), 1).await;
    bench.world.clock().advance_ms(35 * 24 * HOUR_MS);
    let mut dm_sender = sender(&bench);
    let ask = RequestClient::open(&bench.folder.path().join("verbale.db")).unwrap();
    for _ in 0..2 {
        run(&bench, &mut dm_sender, HOUR_MS).await;
        let unsent = bench.store.unsent(EffectId(0), 9).await.unwrap();
        assert!(unsent[0].why.starts_with("nobody knows whether it was sent"), "{}", unsent[0].why);
        assert!(ask.resend(id, bench.clock().now()).await.unwrap());
    }
    run(&bench, &mut dm_sender, HOUR_MS).await;
    assert_eq!(sent(&bench, MINISTRY), 1);
}

/// A code waits until it is worth nothing: it is not sent any more.
#[tokio::test]
async fn a_code_that_has_expired_is_not_sent() {
    let bench = begun(Settings::without_limits()).await;
    let mut dm_sender = sender(&bench);
    let code = Outgoing::text(MessageKind::Code(MessageId(5)), MINISTRY, "the code is 123456");
    bench.store.add_message(code, bench.clock().now()).await.unwrap();
    fault(&bench, Call::SendMessage, Moment::Before, How::Automated, u32::MAX);
    run(&bench, &mut dm_sender, 20 * MINUTE_MS).await;
    bench.world.with(|world, _| world.clear_faults());
    run(&bench, &mut dm_sender, HOUR_MS).await;
    let unsent = bench.store.unsent(EffectId(0), 9).await.unwrap();
    assert_eq!((sent(&bench, MINISTRY), &*unsent[0].why), (0, "its code has expired"));
    // Also if somebody says so.
    let ask = RequestClient::open(&bench.folder.path().join("verbale.db")).unwrap();
    assert!(ask.resend(unsent[0].effect, bench.clock().now()).await.unwrap());
    run(&bench, &mut dm_sender, HOUR_MS).await;
    assert_eq!((sent(&bench, MINISTRY), bench.store.has_unsent().await.unwrap()), (0, true));
}

/// The clock is set forward by a day between an attempt and the look for it: the wait is not shorter.
#[tokio::test]
async fn a_clock_that_is_set_forward_sends_nothing_twice() {
    let bench = begun(Settings { message_lag_ms: 9 * MINUTE_MS, ..Settings::without_limits() }).await;
    let (right, forward_ms) = (bench.clock(), Arc::new(std::sync::atomic::AtomicI64::new(0)));
    let (wall, ahead) = (right.clone(), forward_ms.clone());
    let clock = Clock::from_fns(
        move || wall.now().plus_ms(ahead.load(std::sync::atomic::Ordering::Relaxed)),
        move || right.steady(),
    );
    let mut dm_sender = sender_by(&bench, clock);
    notice(&bench, 1, MINISTRY).await;
    fault(&bench, Call::SendMessage, Moment::After, How::Cut, 1);
    run(&bench, &mut dm_sender, 1).await;
    forward_ms.store(24 * HOUR_MS, std::sync::atomic::Ordering::Relaxed);
    for _ in 0..30 {
        bench.world.clock().advance_ms(MINUTE_MS);
        while verbale::tasks::task::Task::tick(&mut dm_sender).await.unwrap() == verbale::tasks::task::Next::Now {}
    }
    assert_eq!((sent(&bench, MINISTRY), is_pending(&bench).await), (1, false));
}

/// A story with the bot: note 1 is sealed and posted.
async fn story() -> Harness {
    bot_fixture::begin(platform(), |_| {}).await
}

async fn pass(harness: &mut Harness, ms: i64) {
    let until = harness.now().plus_ms(ms);
    assert!(harness.run_until(LONG, |harness| until < harness.now()).await);
}

fn refuse(harness: &Harness, how: How, times: u32) {
    let fault = Fault { call: Some(Call::CreatePost), at: Moment::Before, how, times };
    harness.world.with(|world, _| world.add_fault(fault));
}

/// One refusal as automated (code 226), as seen: the answer was dropped for good.
#[tokio::test]
async fn an_answer_that_is_taken_for_automated_is_given_a_little_later() {
    let mut harness = story().await;
    refuse(&harness, How::Automated, 1);
    let asked = say(&harness, JOURNALIST, "@embassy check 1");
    pass(&mut harness, 10 * MINUTE_MS).await;
    assert_eq!(bot_fixture::answers(&harness, asked).len(), 1);
    assert!(!harness.store().has_unsent().await.unwrap());
}

/// All posts but those of notes are refused for a day: notes are posted all the same.
#[tokio::test]
async fn no_note_waits_for_an_answer_that_is_in_trouble() {
    for how in [
        How::Automated,
        How::Suspended,
        How::Status { code: 503, body: Body::Html },
        How::RateLimited { wait_ms: 6 * HOUR_MS },
        How::Cut,
    ] {
        let mut harness = story().await;
        refuse(&harness, how, 1);
        let asked = say(&harness, JOURNALIST, "@embassy check 1");
        let troubled = |harness: &Harness| harness.world.with(|world, _| world.faults().next().is_none());
        assert!(harness.run_until(LONG, troubled).await, "{how:?}");
        send(&harness, &format!("{MARKER} 2"), &[]);
        let begun = harness.now();
        let is_posted = |harness: &Harness| posts(harness).iter().any(|post| post.written.starts_with("Sealed note 2"));
        assert!(harness.run_until(LONG, is_posted).await, "{how:?}");
        let took_ms = harness.now().ms_since(begun);
        assert!(took_ms <= 2 * 90_000, "{how:?}: note 2 took {took_ms} ms");
        assert!(harness.run_until(LONG, |harness| bot_fixture::answers(harness, asked).len() == 1).await, "{how:?}");
    }
}

/// The heartbeat is refused, and a note comes: the note is posted at once, and the heartbeat when it is taken again.
#[tokio::test]
async fn no_note_waits_for_a_heartbeat_that_is_refused() {
    let attachments_timeout = Duration::from_millis(1);
    let mut harness =
        Harness::new(Plan { seed: 4, platform: platform(), run_over: 5, heartbeat: true, attachments_timeout });
    harness.running = &EVERY;
    harness.officials = vec![FIRST];
    dispute_fixture::settle(&mut harness).await;
    let day_ms = 24 * HOUR_MS;
    let to_heartbeat = day_ms - harness.now().ms().rem_euclid(day_ms) - 6 * MINUTE_MS;
    harness.advance(to_heartbeat);
    refuse(&harness, How::Automated, 4);
    pass(&mut harness, 2 * MINUTE_MS).await;
    send(&harness, &format!("{MARKER} 1"), &[]);
    harness.world.with(|world, _| world.clear_faults());
    let begun = harness.now();
    let is_posted = |harness: &Harness| posts(harness).iter().any(|post| post.written.starts_with("Sealed note 1"));
    assert!(harness.run_until(LONG, is_posted).await);
    assert!(harness.now().ms_since(begun) <= 2 * 90_000);
    let is_beating = |harness: &Harness| posts(harness).len() == 2;
    assert!(harness.run_until(LONG, is_beating).await, "the heartbeat is posted at last");
}

/// A slip of which nobody knows, in a conversation that somebody else's odd messages fill.
#[tokio::test]
async fn what_may_have_been_sent_goes_on_after_it_was_given_up() {
    let bench = begun(Settings::without_limits()).await;
    let mut dm_sender = sender(&bench);
    let id = notice(&bench, 1, MINISTRY).await;
    bench.store.attempt(id, bench.clock().now()).await.unwrap();
    // As if it had been sent, and the answer lost.
    bench.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &Written::text("request 1"))).unwrap();
    bench.store.given_up(id, "by an earlier version".to_owned(), bench.clock().now()).await.unwrap();
    let ask = RequestClient::open(&bench.folder.path().join("verbale.db")).unwrap();
    assert!(ask.resend(id, bench.clock().now()).await.unwrap());
    run(&bench, &mut dm_sender, HOUR_MS).await;
    assert_eq!((sent(&bench, MINISTRY), is_pending(&bench).await), (1, false), "it is found, and not sent again");
    let _ = Addressee::Account(MINISTRY);
}

/// The post of a dispute cannot be read before a person has bought credits: an opening, which asks nothing of the platform
/// but its posts, is not held up.
#[tokio::test]
async fn no_opening_waits_for_a_dispute_that_cannot_be_read() {
    let mut harness = story().await;
    let fault = Fault { call: Some(Call::ReadPost), at: Moment::Before, how: How::CreditsDepleted, times: u32::MAX };
    harness.world.with(|world, _| world.add_fault(fault));
    let denial = dispute_fixture::deny(&harness, dispute_fixture::DENIAL);
    dispute_fixture::dispute(&harness, denial);
    pass(&mut harness, 2 * HOUR_MS).await;
    dispute_fixture::ask(&harness, verbale::tlog::entry::Level::Content);
    let begun = harness.now();
    assert!(harness.run_until(LONG, |harness| !dispute_fixture::parts(harness).is_empty()).await);
    let took_ms = harness.now().ms_since(begun);
    assert!(took_ms <= 2 * 90_000, "the opening took {took_ms} ms");
}
