//! What an adversary tries in a quarrel: to silence the program, to make it say something twice, or to have it publish
//! what nobody has allowed.

use std::collections::BTreeMap;
use std::time::Duration;

use verbale::base::ids::AccountId;
use verbale::note::request::RequestState;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Outgoing, Settings, limits_of_x};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::store::Desk;
use verbale::tasks::persons::Persons;
use verbale::tasks::reply::limits::DISPUTES_A_DAY;
use verbale::tlog::entry::{Entry, Level};

use crate::support::bot_fixture::*;
use crate::support::dispute_fixture::{
    DENIAL, FIRST as FIRST_KEY, LONG, PRIVATE, SECOND as SECOND_KEY, ask, asked, deny, dispute, entries, is_open,
    parts, platform, posts, proof, sealed, send, settle, state,
};
use crate::support::harness::{MARKER, Rig, Which};

const MINUTE_MS: i64 = 60_000;

/// X with its limits of these calls alone.
fn limited(calls: &[Call]) -> Settings {
    let limits: BTreeMap<_, _> = limits_of_x().into_iter().filter(|(call, _)| calls.contains(call)).collect();
    Settings { limits, ..platform() }
}

async fn pass(rig: &mut Rig, minutes: i64) {
    let until = rig.now().plus_ms(minutes * MINUTE_MS);
    assert!(rig.run_until(LONG, |rig| until < rig.now()).await);
}

fn disputes(rig: &Rig) -> usize {
    entries(rig).iter().filter(|entry| matches!(entry, Entry::Dispute { .. })).count()
}

fn openings(rig: &Rig) -> usize {
    entries(rig).iter().filter(|entry| matches!(entry, Entry::Open { .. })).count()
}

#[tokio::test]
async fn a_recipient_whom_x_encrypts_holds_up_nobody_else() {
    let mut rig = begin(platform(), |_| {}).await;
    rig.world.with(|world, _| world.add_fault(Fault::once(Call::SendMessage, Moment::Before, How::Encrypted)));
    say(&rig, JOURNALIST, "@embassy dispute 1");
    pass(&mut rig, 10).await;
    assert_eq!((letters(&rig, FIRST).len(), letters(&rig, SECOND).len()), (0, 1));
    // What is for the same account waits with it, and is not lost.
    tell(&rig, FIRST, "status");
    pass(&mut rig, 10).await;
    assert_eq!(letters(&rig, FIRST).len(), 0);
    settle(&mut rig).await;
    assert_eq!((letters(&rig, FIRST).len(), letters(&rig, SECOND).len()), (2, 1));
}

#[tokio::test]
async fn a_message_that_is_looked_for_in_a_busy_conversation_holds_up_nobody_else() {
    for limits in [limited(&[]), limited(&[Call::MessagesWith])] {
        let mut rig = begin(limits, |_| {}).await;
        rig.world.with(|world, _| world.add_fault(Fault::once(Call::SendMessage, Moment::After, How::Cut)));
        say(&rig, JOURNALIST, "@embassy dispute 1");
        assert!(rig.run_until(LONG, |rig| rig.world.with(|world, _| world.faults().next().is_none())).await);
        for number in 0..250 {
            rig.world.with(|world, now| {
                world.send(now, EMBASSY, FIRST, &Outgoing::text(&format!("by hand {number}"))).unwrap();
            });
        }
        pass(&mut rig, 10).await;
        assert_eq!(letters(&rig, SECOND).len(), 1);
        settle(&mut rig).await;
        let told = letters(&rig, FIRST).iter().filter(|letter| letter.starts_with("verbale\n")).count();
        assert_eq!((told, letters(&rig, SECOND).len()), (1, 1));
    }
}

/// No conversation is read without an end: what cannot be found is neither sent again nor looked for for ever.
#[tokio::test]
async fn what_cannot_be_looked_for_to_the_end_is_not_sent_again() {
    let mut rig = begin(limited(&[Call::MessagesWith]), |_| {}).await;
    rig.world.with(|world, _| world.add_fault(Fault::once(Call::SendMessage, Moment::After, How::Cut)));
    say(&rig, JOURNALIST, "@embassy dispute 1");
    assert!(rig.run_until(LONG, |rig| rig.world.with(|world, _| world.faults().next().is_none())).await);
    for number in 0..1500 {
        rig.world.with(|world, now| {
            world.send(now, EMBASSY, FIRST, &Outgoing::text(&format!("by hand {number}"))).unwrap();
        });
    }
    settle(&mut rig).await;
    tell(&rig, SECOND, "status");
    settle(&mut rig).await;
    let told = letters(&rig, FIRST).iter().filter(|letter| letter.starts_with("verbale\n")).count();
    assert_eq!((told, letters(&rig, SECOND).len()), (1, 2));
}

/// X takes fifteen messages in fifteen minutes, and a code holds for as long.
#[tokio::test]
async fn a_queue_of_other_messages_does_not_make_codes_come_too_late() {
    let mut rig = begin(limited(&[Call::SendMessage]), |rig| {
        rig.officials.extend((0..40).map(|number| AccountId(6000 + number)));
        rig.world.with(|world, now| {
            for number in 0..40 {
                let account = format!("{} official_{number}", 6000 + number);
                world.add_user(now, verbale::base::ids::Account::parse(&account).unwrap());
            }
        });
    })
    .await;
    say(&rig, MINISTRY, "@embassy dispute 1");
    pass(&mut rig, 6).await;
    assert_eq!(disputes(&rig), 1);
    let told = letters(&rig, FIRST).len();
    tell(&rig, FIRST, "open 1 envelope");
    assert!(rig.run_until(Duration::from_secs(300), |rig| told < letters(rig, FIRST).len()).await, "a code in time");
    let code = code(&rig, FIRST);
    tell(&rig, FIRST, &code);
    settle(&mut rig).await;
    assert_eq!(openings(&rig), 1);
    // Nobody is forgotten.
    pass(&mut rig, 120).await;
    assert!((0..40).all(|number| letters(&rig, AccountId(6000 + number)).len() == 1));
}

#[tokio::test]
async fn a_correspondent_who_disputes_everything_costs_no_more_than_strangers_do() {
    let mut rig = begin(platform(), |_| {}).await;
    let more = DISPUTES_A_DAY + 6;
    for number in 2..=more {
        send(&rig, &format!("{MARKER} {number}"), &[]);
    }
    settle(&mut rig).await;
    for number in 1..=more {
        say(&rig, MINISTRY, &format!("@embassy dispute {number}"));
    }
    settle(&mut rig).await;
    assert_eq!(disputes(&rig) as u64, more, "each is entered");
    for official in [FIRST, SECOND] {
        assert_eq!(letters(&rig, official).len() as u64, DISPUTES_A_DAY);
    }
    // The day's count survives a death.
    rig.die().await;
    send(&rig, &format!("{MARKER} one more"), &[]);
    settle(&mut rig).await;
    say(&rig, MINISTRY, &format!("@embassy dispute {}", more + 1));
    settle(&mut rig).await;
    assert_eq!((disputes(&rig) as u64, letters(&rig, FIRST).len() as u64), (more + 1, DISPUTES_A_DAY));
}

#[tokio::test]
async fn an_approval_that_comes_after_the_lapse_counts_for_nothing() {
    let mut rig = sealed(platform(), MARKER, &[]).await;
    rig.die().await;
    rig.approval = true;
    let request = ask(&rig, Level::Content);
    let zip = proof(&rig, Level::Content);
    // Nobody was there to let it lapse.
    rig.advance(25 * 60 * MINUTE_MS);
    let mut desk = Desk::open(&rig.database()).unwrap();
    desk.approve(request, SECOND_KEY, &zip, rig.now()).unwrap();
    settle(&mut rig).await;
    assert_eq!((state(&rig, request), openings(&rig), parts(&rig).len()), (RequestState::Lapsed, 0, 0));
}

#[tokio::test]
async fn a_reply_that_x_refuses_in_words_of_its_own_is_posted_alone() {
    let mut rig = sealed(platform(), MARKER, &[]).await;
    let how = How::Status { code: 403, body: Body::Problem };
    rig.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, Moment::Before, how)));
    ask(&rig, Level::Content);
    pass(&mut rig, 5).await;
    is_open(&rig);
    assert_eq!(parts(&rig)[0].answers, None);
    // So is the answer to a dispute that an official has entered.
    let denial = deny(&rig, DENIAL);
    rig.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, Moment::Before, how)));
    dispute(&rig, denial);
    pass(&mut rig, 5).await;
    let alone = posts(&rig).into_iter().filter(|post| post.written.starts_with("This dispute is logged\n"));
    assert_eq!(alone.map(|post| post.answers).collect::<Vec<_>>(), [None]);
}

#[tokio::test]
async fn an_automatic_reply_is_not_answered_for_ever() {
    let mut rig = begin(platform(), |_| {}).await;
    for _ in 0..40 {
        tell(&rig, FIRST, "I am out of office until Monday.");
        pass(&mut rig, 3).await;
    }
    let helped = letters(&rig, FIRST).len();
    assert!((1..=10).contains(&helped), "{helped}");
    // Commands are still obeyed.
    write(&mut rig, FIRST, "status").await;
    assert_eq!(letters(&rig, FIRST).len(), helped + 1);
    // And on the next day there is help again.
    pass(&mut rig, 24 * 60).await;
    write(&mut rig, FIRST, "what now?").await;
    assert_eq!(letters(&rig, FIRST).len(), helped + 2);
}

#[tokio::test]
async fn an_answer_that_x_shows_with_a_name_in_front_is_known_again() {
    for at in [Moment::After, Moment::Before] {
        let mut rig = begin(Settings { names_the_answered: true, ..platform() }, |_| {}).await;
        rig.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, at, How::Cut)));
        let mention = say(&rig, JOURNALIST, "@embassy check 1");
        settle(&mut rig).await;
        assert_eq!(answers(&rig, mention).len(), 1, "{at:?}");
        assert!(posts(&rig).iter().any(|post| post.words.text.starts_with("@journalist Note 1\n")));
    }
}

#[tokio::test]
async fn a_dispute_that_an_official_was_quicker_to_enter_is_counted_once() {
    let mut rig = begin(platform(), |_| {}).await;
    let mention = say(&rig, JOURNALIST, "@embassy dispute 1");
    dispute(&rig, mention);
    settle(&mut rig).await;
    assert_eq!(disputes(&rig), 1);
    let answers = answers(&rig, mention);
    assert!(answers.iter().all(|answer| answer.contains("\ndisputed once\n")), "{answers:?}");
}

#[tokio::test]
async fn a_dispute_whose_post_cannot_be_read_now_holds_up_no_other() {
    let mut rig = sealed(platform(), MARKER, &[]).await;
    let [one, other] = ["@embassy one", "@embassy other"].map(|text| deny(&rig, text));
    let (first, second) = (dispute(&rig, one), dispute(&rig, other));
    let how = How::Status { code: 503, body: Body::Html };
    rig.world.with(|world, _| world.add_fault(Fault::once(Call::ReadPost, Moment::Before, how)));
    rig.tick(Which::Opener).await;
    assert_eq!((state(&rig, first), state(&rig, second)), (RequestState::Waiting, RequestState::Done));
    settle(&mut rig).await;
    assert_eq!(state(&rig, first), RequestState::Done);
}

#[tokio::test]
async fn what_was_handed_over_and_refused_leaves_nothing_behind_while_the_daemon_runs() {
    let mut rig = sealed(platform(), &format!("{MARKER} {PRIVATE}"), &[]).await;
    let zip = proof(&rig, Level::Content);
    let request = Desk::open(&rig.database()).unwrap().ask(&asked(Level::Envelope), Some(&zip), rig.now()).unwrap();
    let log = rig.folder.path().join("verbale.db-wal");
    let holds = |name| std::fs::read(name).unwrap().windows(PRIVATE.len()).any(|part| part == PRIVATE.as_bytes());
    assert!(holds(&log), "it was handed over");
    settle(&mut rig).await;
    assert_eq!(state(&rig, request), RequestState::Refused);
    assert!(!holds(&log) && !holds(&rig.database()));
}

/// An official has a key and an account: to ask with the one and to approve with the other is to approve alone.
#[tokio::test]
async fn nobody_approves_by_message_what_the_command_line_has_asked_unless_it_is_known_who_is_who() {
    let mut rig = begin(platform(), |rig| rig.approval = true).await;
    let request = Desk::open(&rig.database()).unwrap().ask(&asked(Level::Content), None, rig.now()).unwrap();
    pass(&mut rig, 5).await;
    write(&mut rig, FIRST, &format!("approve {request}")).await;
    if last_letter(&rig, FIRST).contains("\nconfirm ") {
        let code = code(&rig, FIRST);
        write(&mut rig, FIRST, &code).await;
    }
    settle(&mut rig).await;
    assert_eq!((openings(&rig), parts(&rig).len()), (0, 0));
}

#[tokio::test]
async fn where_it_is_known_who_is_who_officials_approve_by_either_way_and_nobody_their_own() {
    let mut rig = begin(platform(), |rig| {
        rig.approval = true;
        let person = |account: AccountId, key: &str| vec![account.to_string(), key.to_owned()];
        rig.persons = Persons::new(vec![person(FIRST, FIRST_KEY), person(SECOND, SECOND_KEY)]);
    })
    .await;
    let request = Desk::open(&rig.database()).unwrap().ask(&asked(Level::Content), None, rig.now()).unwrap();
    pass(&mut rig, 5).await;
    assert!(letters(&rig, FIRST).is_empty(), "it is their own");
    assert!(last_letter(&rig, SECOND).contains(&format!("\napprove {request}\n")));
    write(&mut rig, FIRST, &format!("approve {request}")).await;
    assert!(last_letter(&rig, FIRST).contains("is your own"));
    write(&mut rig, SECOND, &format!("approve {request}")).await;
    let code = code(&rig, SECOND);
    write(&mut rig, SECOND, &code).await;
    settle(&mut rig).await;
    is_open(&rig);
}
