//! What an adversary tries in a quarrel: to silence the program, to make it say something twice, or to have it publish
//! what nobody has allowed.

use std::collections::BTreeMap;
use std::time::Duration;

use verbale::base::ids::AccountId;
use verbale::note::request::RequestState;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Outgoing, Settings, limits_of_x};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::store::RequestClient;
use verbale::tasks::persons::Persons;
use verbale::tasks::reply::limits::DISPUTES_A_DAY;
use verbale::tlog::entry::{Entry, Level};

use crate::support::bot_fixture::*;
use crate::support::database::wait;
use crate::support::dispute_fixture::{
    DENIAL, FIRST as FIRST_KEY, LONG, PRIVATE, SECOND as SECOND_KEY, ask, asked, deny, dispute, entries, is_open,
    parts, platform, posts, proof, sealed, send, settle, state,
};
use crate::support::harness::{Harness, MARKER, Which};

const MINUTE_MS: i64 = 60_000;

/// X with its limits of these calls alone.
fn limited(calls: &[Call]) -> Settings {
    let limits: BTreeMap<_, _> = limits_of_x().into_iter().filter(|(call, _)| calls.contains(call)).collect();
    Settings { limits, ..platform() }
}

async fn pass(harness: &mut Harness, minutes: i64) {
    let until = harness.now().plus_ms(minutes * MINUTE_MS);
    assert!(harness.run_until(LONG, |harness| until < harness.now()).await);
}

fn disputes(harness: &Harness) -> usize {
    entries(harness).iter().filter(|entry| matches!(entry, Entry::Dispute { .. })).count()
}

fn openings(harness: &Harness) -> usize {
    entries(harness).iter().filter(|entry| matches!(entry, Entry::Open { .. })).count()
}

#[tokio::test]
async fn a_recipient_whom_x_encrypts_holds_up_nobody_else() {
    let mut harness = begin(platform(), |_| {}).await;
    harness.world.with(|world, _| world.add_fault(Fault::once(Call::SendMessage, Moment::Before, How::Encrypted)));
    say(&harness, JOURNALIST, "@embassy dispute 1");
    pass(&mut harness, 10).await;
    // It is tried again after seconds: the refusal may be of this one call.
    assert_eq!((letters(&harness, FIRST).len(), letters(&harness, SECOND).len()), (1, 1));
    // What is for the same account waits with it as long as it is refused, and is not lost.
    harness.world.with(|world, _| {
        world.add_fault(Fault { times: 3, ..Fault::once(Call::SendMessage, Moment::Before, How::Encrypted) });
    });
    tell(&harness, FIRST, "status");
    settle(&mut harness).await;
    assert_eq!((letters(&harness, FIRST).len(), letters(&harness, SECOND).len()), (2, 1));
}

#[tokio::test]
async fn a_message_that_is_looked_for_in_a_busy_conversation_holds_up_nobody_else() {
    for limits in [limited(&[]), limited(&[Call::MessagesWith])] {
        let mut harness = begin(limits, |_| {}).await;
        harness.world.with(|world, _| world.add_fault(Fault::once(Call::SendMessage, Moment::After, How::Cut)));
        say(&harness, JOURNALIST, "@embassy dispute 1");
        assert!(
            harness.run_until(LONG, |harness| harness.world.with(|world, _| world.faults().next().is_none())).await
        );
        for number in 0..250 {
            harness.world.with(|world, now| {
                world.send(now, EMBASSY, FIRST, &Outgoing::text(&format!("by hand {number}"))).unwrap();
            });
        }
        pass(&mut harness, 10).await;
        assert_eq!(letters(&harness, SECOND).len(), 1);
        settle(&mut harness).await;
        let told = letters(&harness, FIRST).iter().filter(|letter| letter.starts_with("verbale\n")).count();
        assert_eq!((told, letters(&harness, SECOND).len()), (1, 1));
    }
}

/// No conversation is read without an end: what cannot be found is neither sent again nor looked for for ever.
#[tokio::test]
async fn what_cannot_be_looked_for_to_the_end_is_not_sent_again() {
    let mut harness = begin(limited(&[Call::MessagesWith]), |_| {}).await;
    harness.world.with(|world, _| world.add_fault(Fault::once(Call::SendMessage, Moment::After, How::Cut)));
    say(&harness, JOURNALIST, "@embassy dispute 1");
    assert!(harness.run_until(LONG, |harness| harness.world.with(|world, _| world.faults().next().is_none())).await);
    for number in 0..1500 {
        harness.world.with(|world, now| {
            world.send(now, EMBASSY, FIRST, &Outgoing::text(&format!("by hand {number}"))).unwrap();
        });
    }
    settle(&mut harness).await;
    tell(&harness, SECOND, "status");
    settle(&mut harness).await;
    let told = letters(&harness, FIRST).iter().filter(|letter| letter.starts_with("verbale\n")).count();
    assert_eq!((told, letters(&harness, SECOND).len()), (1, 2));
}

/// X takes fifteen messages in fifteen minutes, and a code holds for as long.
#[tokio::test]
async fn a_queue_of_other_messages_does_not_make_codes_come_too_late() {
    let mut harness = begin(limited(&[Call::SendMessage]), |harness| {
        harness.officials.extend((0..40).map(|number| AccountId(6000 + number)));
        harness.world.with(|world, now| {
            for number in 0..40 {
                let account = format!("{} official_{number}", 6000 + number);
                world.add_user(now, verbale::base::ids::Account::parse(&account).unwrap());
            }
        });
    })
    .await;
    say(&harness, MINISTRY, "@embassy dispute 1");
    pass(&mut harness, 6).await;
    assert_eq!(disputes(&harness), 1);
    let told = letters(&harness, FIRST).len();
    tell(&harness, FIRST, "open 1 envelope");
    assert!(
        harness.run_until(Duration::from_secs(300), |harness| told < letters(harness, FIRST).len()).await,
        "a code in time"
    );
    let code = code(&harness, FIRST);
    tell(&harness, FIRST, &code);
    settle(&mut harness).await;
    assert_eq!(openings(&harness), 1);
    // Nobody is forgotten.
    pass(&mut harness, 120).await;
    assert!((0..40).all(|number| letters(&harness, AccountId(6000 + number)).len() == 1));
}

#[tokio::test]
async fn a_correspondent_who_disputes_everything_costs_no_more_than_strangers_do() {
    let mut harness = begin(platform(), |_| {}).await;
    let more = DISPUTES_A_DAY + 6;
    for number in 2..=more {
        send(&harness, &format!("{MARKER} {number}"), &[]);
    }
    settle(&mut harness).await;
    for number in 1..=more {
        say(&harness, MINISTRY, &format!("@embassy dispute {number}"));
    }
    settle(&mut harness).await;
    assert_eq!(disputes(&harness) as u64, more, "each is entered");
    for official in [FIRST, SECOND] {
        assert_eq!(letters(&harness, official).len() as u64, DISPUTES_A_DAY);
    }
    // The day's count survives a death.
    harness.die().await;
    send(&harness, &format!("{MARKER} one more"), &[]);
    settle(&mut harness).await;
    say(&harness, MINISTRY, &format!("@embassy dispute {}", more + 1));
    settle(&mut harness).await;
    assert_eq!((disputes(&harness) as u64, letters(&harness, FIRST).len() as u64), (more + 1, DISPUTES_A_DAY));
}

#[tokio::test]
async fn an_approval_that_comes_after_the_lapse_counts_for_nothing() {
    let mut harness = sealed(platform(), MARKER, &[]).await;
    harness.die().await;
    harness.approval = true;
    let request = ask(&harness, Level::Content);
    let zip = proof(&harness, Level::Content);
    // Nobody was there to let it lapse.
    harness.advance(25 * 60 * MINUTE_MS);
    let client = RequestClient::open(&harness.database()).unwrap();
    wait(client.approve(request, SECOND_KEY, zip.clone(), harness.now())).unwrap();
    settle(&mut harness).await;
    assert_eq!((state(&harness, request), openings(&harness), parts(&harness).len()), (RequestState::Lapsed, 0, 0));
}

#[tokio::test]
async fn a_reply_that_x_refuses_in_words_of_its_own_is_posted_alone() {
    let mut harness = sealed(platform(), MARKER, &[]).await;
    let how = How::Status { code: 400, body: Body::Problem };
    harness.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, Moment::Before, how)));
    ask(&harness, Level::Content);
    pass(&mut harness, 5).await;
    is_open(&harness);
    assert_eq!(parts(&harness)[0].answers, None);
    // So is the answer to a dispute that an official has entered.
    let denial = deny(&harness, DENIAL);
    harness.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, Moment::Before, how)));
    dispute(&harness, denial);
    pass(&mut harness, 5).await;
    let alone = posts(&harness).into_iter().filter(|post| post.written.starts_with("This dispute is logged\n"));
    assert_eq!(alone.map(|post| post.answers).collect::<Vec<_>>(), [None]);
}

#[tokio::test]
async fn an_automatic_reply_is_not_answered_for_ever() {
    let mut harness = begin(platform(), |_| {}).await;
    for _ in 0..40 {
        tell(&harness, FIRST, "I am out of office until Monday.");
        pass(&mut harness, 3).await;
    }
    let helped = letters(&harness, FIRST).len();
    assert!((1..=10).contains(&helped), "{helped}");
    // Commands are still obeyed.
    write(&mut harness, FIRST, "status").await;
    assert_eq!(letters(&harness, FIRST).len(), helped + 1);
    // And on the next day there is help again.
    pass(&mut harness, 24 * 60).await;
    write(&mut harness, FIRST, "what now?").await;
    assert_eq!(letters(&harness, FIRST).len(), helped + 2);
}

#[tokio::test]
async fn an_answer_that_x_shows_with_a_name_in_front_is_known_again() {
    for at in [Moment::After, Moment::Before] {
        let mut harness = begin(Settings { names_the_answered: true, ..platform() }, |_| {}).await;
        harness.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, at, How::Cut)));
        let mention = say(&harness, JOURNALIST, "@embassy check 1");
        settle(&mut harness).await;
        assert_eq!(answers(&harness, mention).len(), 1, "{at:?}");
        assert!(posts(&harness).iter().any(|post| post.words.text.starts_with("@journalist Note 1\n")));
    }
}

#[tokio::test]
async fn a_dispute_that_an_official_was_quicker_to_enter_is_counted_once() {
    let mut harness = begin(platform(), |_| {}).await;
    let mention = say(&harness, JOURNALIST, "@embassy dispute 1");
    dispute(&harness, mention);
    settle(&mut harness).await;
    assert_eq!(disputes(&harness), 1);
    let answers = answers(&harness, mention);
    assert!(answers.iter().all(|answer| answer.contains("\ndisputed once\n")), "{answers:?}");
}

#[tokio::test]
async fn a_dispute_whose_post_cannot_be_read_now_holds_up_no_other() {
    let mut harness = sealed(platform(), MARKER, &[]).await;
    let [one, other] = ["@embassy one", "@embassy other"].map(|text| deny(&harness, text));
    let (first, second) = (dispute(&harness, one), dispute(&harness, other));
    let how = How::Status { code: 503, body: Body::Html };
    harness.world.with(|world, _| world.add_fault(Fault::once(Call::ReadPost, Moment::Before, how)));
    harness.tick(Which::Discloser).await;
    assert_eq!((state(&harness, first), state(&harness, second)), (RequestState::Waiting, RequestState::Done));
    settle(&mut harness).await;
    assert_eq!(state(&harness, first), RequestState::Done);
}

#[tokio::test]
async fn what_was_handed_over_and_refused_leaves_nothing_behind_while_the_daemon_runs() {
    let mut harness = sealed(platform(), &format!("{MARKER} {PRIVATE}"), &[]).await;
    let zip = proof(&harness, Level::Content);
    let client = RequestClient::open(&harness.database()).unwrap();
    let request = wait(client.ask(asked(Level::Envelope), Some(zip.clone()), harness.now())).unwrap();
    let log = harness.folder.path().join("verbale.db-wal");
    let holds = |name| std::fs::read(name).unwrap().windows(PRIVATE.len()).any(|part| part == PRIVATE.as_bytes());
    assert!(holds(&log), "it was handed over");
    settle(&mut harness).await;
    assert_eq!(state(&harness, request), RequestState::Refused);
    assert!(!holds(&log) && !holds(&harness.database()));
}

/// An official has a key and an account: to ask with the one and to approve with the other is to approve alone.
#[tokio::test]
async fn nobody_approves_by_message_what_the_command_line_has_asked_unless_it_is_known_who_is_who() {
    let mut harness = begin(platform(), |harness| harness.approval = true).await;
    let request =
        wait(RequestClient::open(&harness.database()).unwrap().ask(asked(Level::Content), None, harness.now()))
            .unwrap();
    pass(&mut harness, 5).await;
    write(&mut harness, FIRST, &format!("approve {request}")).await;
    if last_letter(&harness, FIRST).contains("\nconfirm ") {
        let code = code(&harness, FIRST);
        write(&mut harness, FIRST, &code).await;
    }
    settle(&mut harness).await;
    assert_eq!((openings(&harness), parts(&harness).len()), (0, 0));
}

#[tokio::test]
async fn where_it_is_known_who_is_who_officials_approve_by_either_way_and_nobody_their_own() {
    let mut harness = begin(platform(), |harness| {
        harness.approval = true;
        let person = |account: AccountId, key: &str| vec![account.to_string(), key.to_owned()];
        harness.persons = Persons::new(vec![person(FIRST, FIRST_KEY), person(SECOND, SECOND_KEY)]);
    })
    .await;
    let request =
        wait(RequestClient::open(&harness.database()).unwrap().ask(asked(Level::Content), None, harness.now()))
            .unwrap();
    pass(&mut harness, 5).await;
    assert!(letters(&harness, FIRST).is_empty(), "it is their own");
    assert!(last_letter(&harness, SECOND).contains(&format!("\napprove {request}\n")));
    write(&mut harness, FIRST, &format!("approve {request}")).await;
    assert!(last_letter(&harness, FIRST).contains("is your own"));
    write(&mut harness, SECOND, &format!("approve {request}")).await;
    let code = code(&harness, SECOND);
    write(&mut harness, SECOND, &code).await;
    settle(&mut harness).await;
    is_open(&harness);
}
