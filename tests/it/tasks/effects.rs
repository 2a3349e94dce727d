//! Every kind of effect of the daemon with everything that can become of an attempt, and what the program does then: the
//! effect stands once on the platform, and has one outcome. What the command `send` does is in `cli/send.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use verbale::base::hash::Hash;
use verbale::base::ids::{Account, AccountId, MessageId, Origin};
use verbale::sandbox::world::{Body, Call, EventKind, Fault, How, Moment, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST};
use verbale::store::{Ask, EffectId, NewRequest, Received, RequestClient};
use verbale::tlog::entry::Level;

use crate::support::bot_fixture::{FIRST, say, tell};
use crate::support::crash_platform::Strike;
use crate::support::database::{self, wait};
use crate::support::dispute_fixture::{
    DENIAL, LONG, ask, deny, dispute, is_open, is_thread, parts, platform, posts, proof, send, text,
};
use crate::support::harness::{DISPUTE, EVERY, Harness, MARKER, POLL, Plan};
use crate::support::parallel::in_parallel;

const HOUR_MS: i64 = 3_600_000;

/// Number of posts that [`text`] takes.
const PARTS: u64 = 5;

/// What is to be done once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    NotePost,
    Run,
    Heartbeat,
    ReceiptPost,
    FirstPart,
    LaterPart,
    AnswerToDispute,
    AnswerToMention,
    CommandAnswer,
    Code,
    RequestNotice,
    RequestEnded,
    DisputeNotice,
    Slip,
}

impl Kind {
    const ALL: [Kind; 14] = [
        Kind::NotePost,
        Kind::Run,
        Kind::Heartbeat,
        Kind::ReceiptPost,
        Kind::FirstPart,
        Kind::LaterPart,
        Kind::AnswerToDispute,
        Kind::AnswerToMention,
        Kind::CommandAnswer,
        Kind::Code,
        Kind::RequestNotice,
        Kind::RequestEnded,
        Kind::DisputeNotice,
        Kind::Slip,
    ];

    /// The word for it in the database.
    fn word(self) -> &'static str {
        match self {
            Kind::NotePost | Kind::Run => "note-post",
            Kind::Heartbeat => "heartbeat",
            Kind::ReceiptPost => "receipt-post",
            Kind::FirstPart | Kind::LaterPart => "thread-part",
            Kind::AnswerToDispute | Kind::AnswerToMention => "answer",
            Kind::CommandAnswer => "command-answer",
            Kind::Code => "code",
            Kind::RequestNotice => "request-notice",
            Kind::RequestEnded => "request-ended",
            Kind::DisputeNotice => "dispute-notice",
            Kind::Slip => "slip",
        }
    }

    fn call(self) -> Call {
        match self {
            Kind::NotePost | Kind::Run | Kind::Heartbeat | Kind::ReceiptPost => Call::CreatePost,
            Kind::FirstPart | Kind::LaterPart | Kind::AnswerToDispute | Kind::AnswerToMention => Call::CreatePost,
            _ => Call::SendMessage,
        }
    }

    /// All effects of its story, the post of note 1 among them.
    fn expected(self) -> BTreeMap<String, u64> {
        let mut expected = BTreeMap::from([("note-post".to_owned(), 1)]);
        let more: &[(&str, u64)] = match self {
            Kind::NotePost | Kind::Run => &[("note-post", 1)],
            Kind::Slip => &[("note-post", 1), ("slip", 2)],
            Kind::FirstPart | Kind::LaterPart => &[("thread-part", PARTS)],
            Kind::AnswerToDispute | Kind::DisputeNotice => &[("answer", 1), ("dispute-notice", 1)],
            Kind::RequestEnded => &[("thread-part", 1), ("request-ended", 1)],
            other => &[(other.word(), 1)],
        };
        for (word, count) in more {
            *expected.entry((*word).to_owned()).or_default() += count;
        }
        expected
    }
}

/// What becomes of the first attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// It surely failed.
    Refused,
    /// It had no effect, and the answer does not say so.
    Unavailable,
    /// It never arrived, and there is no answer.
    LostRequest,
    /// It took effect, and there is no answer.
    LostAnswer,
    /// It took effect, and was refused because the same is there.
    Duplicate,
    DeathBefore,
    DeathAfter,
}

impl Fate {
    const ALL: [Fate; 7] = [
        Fate::Refused,
        Fate::Unavailable,
        Fate::LostRequest,
        Fate::LostAnswer,
        Fate::Duplicate,
        Fate::DeathBefore,
        Fate::DeathAfter,
    ];

    fn arrange(self, harness: &Harness, call: Call) {
        let fault = |at, how| harness.world.with(|world, _| world.add_fault(Fault::once(call, at, how)));
        match self {
            Fate::Refused => fault(Moment::Before, How::RateLimited { wait_ms: 60_000 }),
            Fate::Unavailable => fault(Moment::Before, How::Status { code: 503, body: Body::Html }),
            Fate::LostRequest => fault(Moment::Before, How::Cut),
            Fate::LostAnswer => fault(Moment::After, How::Cut),
            Fate::Duplicate => harness.strikes.set(call, Strike::Duplicate),
            Fate::DeathBefore => harness.strikes.set(call, Strike::DeathBefore),
            Fate::DeathAfter => harness.strikes.set(call, Strike::DeathAfter),
        }
    }

    fn kills(self) -> bool {
        matches!(self, Fate::DeathBefore | Fate::DeathAfter)
    }

    /// Number of attempts that are necessary: what took effect is found.
    fn attempts(self) -> u64 {
        if matches!(self, Fate::LostAnswer | Fate::Duplicate | Fate::DeathAfter) { 1 } else { 2 }
    }
}

/// What the program does after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    GoesOn,
    IsRestarted,
    IsRestartedLate,
}

impl Then {
    fn all(fate: Fate) -> [Then; 2] {
        if fate.kills() { [Then::IsRestarted, Then::IsRestartedLate] } else { [Then::GoesOn, Then::IsRestarted] }
    }
}

#[test]
fn every_kind_of_effect_is_done_once_whatever_becomes_of_an_attempt() {
    let mut cases = Vec::new();
    for kind in Kind::ALL {
        for fate in Fate::ALL {
            cases.extend(Then::all(fate).map(|then| (kind, fate, then)));
        }
    }
    let outcomes = in_parallel(2, &cases, |&(kind, fate, then)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(case(kind, fate, then));
    });
    let failed: Vec<_> = cases.iter().zip(&outcomes).filter(|(_, outcome)| *outcome != "ok").collect();
    println!("{} kinds, {} cases", Kind::ALL.len(), cases.len());
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(cases.len(), 14 * 7 * 2);
}

async fn case(kind: Kind, fate: Fate, then: Then) {
    let mut harness = begin(kind).await;
    if kind == Kind::LaterPart {
        ask(&harness, Level::Content);
        assert!(harness.run_until(LONG, |harness| parts(harness).len() == 1).await);
    }
    fate.arrange(&harness, kind.call());
    cause(&harness, kind);
    let struck = until_struck(&mut harness).await;
    assert_eq!(word_of(&harness, struck), kind.word(), "another effect was struck");
    if then != Then::GoesOn {
        harness.die().await;
    }
    if then == Then::IsRestartedLate {
        harness.advance(HOUR_MS);
    }
    until_all_is_done(&mut harness).await;
    if kind == Kind::Code && fate == Fate::DeathBefore && then == Then::IsRestartedLate {
        return is_expired(&harness, struck);
    }
    // What is done stays done once, also when no attempt can appear any more.
    harness.die().await;
    harness.advance(HOUR_MS / 4);
    pass(&mut harness, 3).await;
    stands_once(&harness, kind);
    assert_eq!(attempts(&harness, struck), fate.attempts());
}

/// All tasks on a note that is sealed, posted and public. Only the program makes sure that nothing is said twice, and what
/// was done is listed a minute later.
async fn begin(kind: Kind) -> Harness {
    let platform = Settings { lag_ms: 60_000, message_lag_ms: 60_000, ..platform() };
    let (heartbeat, attachments_timeout) = (kind == Kind::Heartbeat, Duration::from_millis(1));
    let mut harness = Harness::new(Plan { seed: 4, platform, run_over: 5, heartbeat, attachments_timeout });
    // The bot would answer the denial too.
    harness.running = if matches!(kind, Kind::AnswerToDispute | Kind::DisputeNotice) { &DISPUTE } else { &EVERY };
    (harness.officials, harness.commands, harness.has_key) = (vec![FIRST], true, true);
    (harness.slip, harness.approval) = (kind == Kind::Slip, kind == Kind::RequestNotice);
    harness.world.with(|world, now| {
        world.add_user(now, Account::parse("5001 first_secretary").unwrap());
    });
    assert!(harness.run_until(LONG, |harness| harness.public().join("checkpoint").exists()).await);
    pass(&mut harness, 1).await;
    send(&harness, &text(), &[]);
    pass(&mut harness, 4).await;
    assert_eq!(posts(&harness).len(), 1);
    harness
}

/// A code that was never sent, and has expired since, is not sent any more: it is kept as one that could not be sent.
fn is_expired(harness: &Harness, code: u64) {
    let unsent = wait(harness.store().unsent(EffectId(0), 9)).unwrap();
    let [one] = &unsent[..] else { panic!("{unsent:?}") };
    assert_eq!((one.effect.0, &*one.why, attempts(harness, code)), (code, "its code has expired", 1));
    assert!(said_in_private(harness).is_empty());
}

/// Runs until every effect has an outcome, or is given up.
async fn until_all_is_done(harness: &mut Harness) {
    let database = database::look(&harness.database());
    let open = "SELECT count(*) FROM pending";
    let mut open = database.prepare(open).unwrap();
    assert!(harness.run_until(LONG, |_| open.query_row((), |row| row.get::<_, u64>(0)).unwrap() == 0).await);
}

/// Runs for so long.
async fn pass(harness: &mut Harness, minutes: i64) {
    let until = harness.now().plus_ms(minutes * 60_000);
    assert!(harness.run_until(LONG, |harness| until < harness.now()).await);
}

/// What makes the program decide upon the effect.
fn cause(harness: &Harness, kind: Kind) {
    match kind {
        Kind::NotePost | Kind::Slip => send(harness, &format!("{MARKER} 2"), &[]),
        Kind::Run => (2..9).for_each(|note| send(harness, &format!("{MARKER} {note}"), &[])),
        Kind::Heartbeat => harness.advance(24 * HOUR_MS - harness.now().ms().rem_euclid(24 * HOUR_MS) - HOUR_MS / 6),
        Kind::ReceiptPost => receive(harness),
        Kind::FirstPart => drop(ask(harness, Level::Content)),
        Kind::LaterPart => {}
        Kind::AnswerToDispute | Kind::DisputeNotice => drop(dispute(harness, deny(harness, DENIAL))),
        Kind::AnswerToMention => drop(say(harness, JOURNALIST, "@embassy check 1")),
        Kind::CommandAnswer => tell(harness, FIRST, "status"),
        Kind::Code => tell(harness, FIRST, "open 1 content"),
        Kind::RequestNotice => drop(ask(harness, Level::Content)),
        Kind::RequestEnded => ask_by_message(harness, FIRST),
    }
}

/// A note of another log came.
fn receive(harness: &Harness) {
    let log = Origin::parse("ministry.example/notes").unwrap();
    let received = Received { log, note: 1, commitment: Hash::of(b"a note of the ministry") };
    wait(harness.store().receive(MessageId(1), received, harness.now())).unwrap();
}

/// Asks to open the envelope of note 1 as somebody who is told when it is done.
fn ask_by_message(harness: &Harness, official: AccountId) {
    let (ask, zip) = (Ask::Open { note: 1, level: Level::Envelope }, proof(harness, Level::Envelope));
    let request = NewRequest { ask, asked_by: official.to_string() };
    wait(RequestClient::open(&harness.database()).unwrap().ask(request, Some(zip), harness.now())).unwrap();
}

/// Runs until what was arranged has happened, and returns the effect to which it did.
async fn until_struck(harness: &mut Harness) -> u64 {
    let end = harness.now().plus_ms(LONG.as_millis() as i64);
    while harness.now() < end {
        for &which in harness.running {
            if harness.is_due(which) {
                harness.tick(which).await;
                if harness.strikes.is_empty() && harness.world.with(|world, _| world.faults().next().is_none()) {
                    return database::count(&harness.database(), "SELECT effect FROM attempt ORDER BY id DESC LIMIT 1");
                }
            }
        }
        let wait = harness.next_due().ms_since(harness.now()).clamp(1, POLL.as_millis() as i64);
        harness.advance(wait);
    }
    panic!("no attempt was made");
}

/// The word for the kind of this effect.
fn word_of(harness: &Harness, effect: u64) -> String {
    let word = "SELECT coalesce(message.kind, effect.kind) FROM effect LEFT JOIN message ON effect = effect.id
                WHERE effect.id = ?1";
    database::look(&harness.database()).query_row(word, [effect], |row| row.get(0)).unwrap()
}

fn attempts(harness: &Harness, effect: u64) -> u64 {
    database::count(&harness.database(), &format!("SELECT count(*) FROM attempt WHERE effect = {effect}"))
}

/// There are as many effects of each kind as there should be, each has been accepted, and what stands on the platform is
/// what was accepted: nothing else, and no text twice.
fn stands_once(harness: &Harness, kind: Kind) {
    let outcomes = outcomes(harness);
    let mut counts = BTreeMap::new();
    outcomes.iter().for_each(|outcome| *counts.entry(outcome.word.clone()).or_default() += 1);
    assert_eq!(counts, kind.expected());
    let accepted = |channel: &str| -> BTreeSet<u64> {
        let of_channel = outcomes.iter().filter(|outcome| outcome.channel.as_deref() == Some(channel));
        of_channel.map(|outcome| outcome.id.unwrap()).collect()
    };
    let (posts, messages) = (said_in_public(harness), said_in_private(harness));
    assert_eq!(accepted("x"), posts.keys().copied().collect(), "posts");
    assert_eq!(accepted("x-dm"), messages.keys().copied().collect(), "messages");
    assert_eq!(outcomes.len(), posts.len() + messages.len(), "something has no outcome, or shares it");
    assert_eq!(posts.values().collect::<BTreeSet<_>>().len(), posts.len(), "a post is doubled");
    assert_eq!(messages.values().collect::<BTreeSet<_>>().len(), messages.len(), "a message is doubled");
    match kind {
        Kind::Run => assert!(posts.values().any(|text| text.starts_with("Sealed notes 2-8")), "{posts:?}"),
        Kind::FirstPart | Kind::LaterPart => {
            is_open(harness);
            is_thread(harness);
        }
        _ => {}
    }
}

/// How an effect ended.
struct Outcome {
    word: String,
    channel: Option<String>,
    id: Option<u64>,
}

fn outcomes(harness: &Harness) -> Vec<Outcome> {
    let all = "SELECT coalesce(message.kind, effect.kind), outcome.channel, outcome.id FROM effect
               LEFT JOIN message ON message.effect = effect.id LEFT JOIN outcome ON outcome.effect = effect.id";
    let database = database::look(&harness.database());
    let mut all = database.prepare(all).unwrap();
    let outcomes = all.query_map((), |row| Ok(Outcome { word: row.get(0)?, channel: row.get(1)?, id: row.get(2)? }));
    outcomes.unwrap().map(Result::unwrap).collect()
}

/// The account's posts.
fn said_in_public(harness: &Harness) -> BTreeMap<u64, String> {
    posts(harness).into_iter().map(|post| (post.id.0, post.written)).collect()
}

/// The account's messages, but for those that a person wrote.
fn said_in_private(harness: &Harness) -> BTreeMap<u64, String> {
    harness.world.with(|world, _| {
        let sent = world.events().filter(|event| event.sender == EMBASSY);
        let written = sent.filter_map(|event| match &event.kind {
            EventKind::Message { written, .. } if !written.starts_with(MARKER) => Some((event, written)),
            _ => None,
        });
        written.map(|(event, text)| (event.id.0, format!("{} {text}", event.conversation))).collect()
    })
}
