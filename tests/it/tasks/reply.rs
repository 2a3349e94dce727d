//! The bot as stories: whoever asks is answered once, with what everybody may know; officials command, others do not.

use std::collections::BTreeSet;

use verbale::base::ids::{AccountId, Snowflake};
use verbale::note::request::RequestState;
use verbale::platform::price::Billed;
use verbale::sandbox::world::{Body, Call, Draft, Fault, How, Moment, Outgoing};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::tasks::reply::limits::{DISPUTES_A_DAY, Limits};
use verbale::tlog::entry::Entry;

use crate::support::bot_fixture::*;
use crate::support::dispute_fixture::{LONG, entries, parts, platform, posts, reader, settle, state};
use crate::support::harness::{MARKER, Rig, in_parallel};

const MINUTE_MS: i64 = 60_000;

fn disputes(rig: &Rig) -> usize {
    entries(rig).iter().filter(|entry| matches!(entry, Entry::Dispute { .. })).count()
}

fn openings(rig: &Rig) -> usize {
    entries(rig).iter().filter(|entry| matches!(entry, Entry::Open { .. })).count()
}

#[tokio::test]
async fn a_denial_and_its_answer() {
    let mut rig = begin(platform(), |_| {}).await;
    let denial = say(&rig, MINISTRY, "@embassy dispute 1: no such note ever came");
    settle(&mut rig).await;
    let standing = reader(&rig).standing(1).unwrap().unwrap();
    let [answer] = &answers(&rig, denial)[..] else { panic!("{:?}", answers(&rig, denial)) };
    let posted = standing.post.unwrap();
    for words in
        ["Your dispute is logged\nNote 1\n", &standing.commitment.to_string(), &posted.to_string(), "\ndisputed once\n"]
    {
        assert!(answer.contains(words), "{answer}");
    }
    assert!(answer.ends_with(&format!("\nre {denial}")));
    assert_eq!(disputes(&rig), 1);
    for official in [FIRST, SECOND] {
        let [letter] = &letters(&rig, official)[..] else { panic!("{:?}", letters(&rig, official)) };
        assert!(letter.starts_with(&format!("verbale\nAccount {MINISTRY} disputes note 1 in post {denial}.\n")));
    }
    // The same again is answered, and not entered again.
    let again = say(&rig, MINISTRY, "@embassy dispute 1, as we said");
    settle(&mut rig).await;
    assert!(answers(&rig, again)[0].starts_with("Note 1\n"));
    assert_eq!((disputes(&rig), letters(&rig, FIRST).len()), (1, 1));
}

#[tokio::test]
async fn whoever_asks_is_told_what_everybody_may_know() {
    let mut rig = begin(platform(), |_| {}).await;
    let standing = reader(&rig).standing(1).unwrap().unwrap();
    let ours = standing.post;
    let asked = [
        (say(&rig, JOURNALIST, "@embassy check 1"), "Note 1\nsealed "),
        (say(&rig, JOURNALIST, &format!("@embassy check {}", standing.commitment)), "Note 1\nsealed "),
        (say_beside(&rig, JOURNALIST, "is this real? @embassy", ours), "Note 1\nsealed "),
        (say(&rig, JOURNALIST, "@embassy check 2"), "This log has no note 2\n"),
        (say(&rig, JOURNALIST, &format!("@embassy check {}", "0".repeat(64))), "No note of this log has that hash\n"),
        (say(&rig, SECOND, "@embassy status"), "1 notes sealed, 1 posted, 0 opened, 0 disputed\nlog 1 "),
        (say(&rig, SECOND, "@embassy dispute 2"), "This log has no note 2\n"),
        (say(&rig, SECOND, "@embassy what a day"), "This account seals formal messages"),
        (say(&rig, SECOND, "@embassy open 1 content"), ""),
    ];
    settle(&mut rig).await;
    for (mention, begins) in asked {
        let answers = answers(&rig, mention);
        assert_eq!(answers.len(), usize::from(!begins.is_empty()), "{answers:?}");
        assert!(answers.iter().all(|answer| answer.starts_with(begins)), "{answers:?}");
    }
    assert_eq!((disputes(&rig), openings(&rig)), (0, 0));
}

#[tokio::test]
async fn an_impostor_writes_open_17_content() {
    let mut rig = begin(platform(), |_| {}).await;
    let before = entries(&rig).len();
    for command in ["open 1 content", "open 17 content", "confirm 123456", "approve 1", "status", "help"] {
        for nobody in [IMPOSTOR, JOURNALIST, MINISTRY] {
            write(&mut rig, nobody, command).await;
            assert_eq!(letters(&rig, nobody).len(), usize::from(nobody == MINISTRY), "only the note itself");
        }
    }
    // Even with the code that was meant for another.
    write(&mut rig, FIRST, "open 1 content").await;
    let code = code(&rig, FIRST);
    write(&mut rig, IMPOSTOR, &code).await;
    write(&mut rig, SECOND, &code).await;
    assert!(last_letter(&rig, SECOND).contains("I wait for no code from you"));
    assert_eq!((entries(&rig).len(), posts(&rig).len(), letters(&rig, IMPOSTOR).len()), (before, 1, 0));
    assert!(reader(&rig).requests().unwrap().is_empty());
    let database = std::fs::read(rig.database()).unwrap();
    let impostor = IMPOSTOR.to_string();
    assert!(!database.windows(4).any(|part| part == impostor.as_bytes()), "nothing of it is kept");
}

#[tokio::test]
async fn the_same_mention_delivered_twice() {
    let mut rig = begin(platform(), |_| {}).await;
    let mention = say(&rig, JOURNALIST, "@embassy dispute 1");
    // Its first answer is lost, and what was answered is listed again with every look of a quarter of an hour.
    rig.world.with(|world, _| world.add_fault(Fault::once(Call::Mentions, Moment::After, How::Cut)));
    let looks = rig.world.with(|world, _| world.counts().of(Call::Mentions));
    for _ in 0..4 {
        let until = rig.now().plus_ms(4 * MINUTE_MS);
        assert!(rig.run_until(LONG, |rig| until < rig.now()).await);
        rig.die().await;
    }
    settle(&mut rig).await;
    assert!(looks + 5 < rig.world.with(|world, _| world.counts().of(Call::Mentions)));
    assert_eq!((answers(&rig, mention).len(), disputes(&rig), letters(&rig, FIRST).len()), (1, 1, 1));
}

#[tokio::test]
async fn a_mention_that_is_listed_after_a_newer_one_is_answered() {
    let mut rig = begin(platform(), |_| {}).await;
    rig.world.with(|world, _| world.settings.lag_ms = 10 * MINUTE_MS);
    let late = say(&rig, JOURNALIST, "@embassy check 1");
    rig.world.with(|world, _| world.settings.lag_ms = 0);
    let early = say(&rig, MINISTRY, "@embassy check 1");
    assert!(rig.run_until(LONG, |rig| !answers(rig, early).is_empty()).await);
    assert!(answers(&rig, late).is_empty());
    settle(&mut rig).await;
    assert_eq!((answers(&rig, late).len(), answers(&rig, early).len()), (1, 1));
}

#[tokio::test]
async fn a_mention_while_x_answers_503_for_ten_minutes() {
    let mut rig = begin(platform(), |_| {}).await;
    let down = How::Status { code: 503, body: Body::Html };
    for call in [Call::Mentions, Call::CreatePost] {
        let fault = Fault { call: Some(call), at: Moment::Before, how: down, times: u32::MAX };
        rig.world.with(|world, _| world.add_fault(fault));
    }
    let mention = say(&rig, JOURNALIST, "@embassy check 1");
    // Meanwhile an official waits for nothing but the messages themselves.
    tell(&rig, FIRST, "status");
    let end = rig.now().plus_ms(10 * MINUTE_MS);
    assert!(rig.run_until(LONG, |rig| end < rig.now()).await);
    assert_eq!((posts(&rig).len(), letters(&rig, FIRST).len()), (1, 1));
    rig.world.with(|world, _| world.clear_faults());
    let since = rig.now();
    assert!(rig.run_until(LONG, |rig| !answers(rig, mention).is_empty()).await);
    assert!(rig.now().ms_since(since) < 11 * MINUTE_MS, "{}", rig.now().ms_since(since));
    settle(&mut rig).await;
    assert_eq!(answers(&rig, mention).len(), 1);
}

#[tokio::test]
async fn what_is_our_own_or_older_than_the_first_start_is_not_answered() {
    let mut rig = begin(platform(), |rig| {
        rig.world.with(|world, now| {
            let text = "@embassy check 1";
            world.post(now, JOURNALIST, Draft { text, ..Draft::default() }).unwrap();
        });
        rig.advance(MINUTE_MS);
    })
    .await;
    let own = rig.world.with(|world, now| {
        let draft = Draft { text: "@embassy check 1", ..Draft::default() };
        world.post(now, EMBASSY, draft).unwrap().id
    });
    settle(&mut rig).await;
    assert_eq!((posts(&rig).len(), answers(&rig, own).len()), (2, 0));
}

/// Ten thousand different accounts, in one hour, each with another wish; and in between the other side denies the note.
#[tokio::test]
async fn ten_thousand_mentions_in_an_hour() {
    let mut rig = begin(platform(), |_| {}).await;
    let limits = rig.limits;
    let (before, billed) = (entries(&rig).len(), rig.world.with(|world, _| world.counts().clone()));
    let mut denial = None;
    for minute in 0..60_u64 {
        rig.world.with(|world, now| {
            for number in 0..167 {
                let id = 100_000 + minute * 167 + number;
                let account = format!("{id} troll_{id}");
                world.add_user(now, verbale::base::ids::Account::parse(&account).unwrap());
                let text = match number % 4 {
                    0 => "@embassy dispute 1".to_owned(),
                    1 => "@embassy check 1".to_owned(),
                    2 => format!("@embassy check {:064x}", id),
                    _ => format!("@embassy {}", "lies ".repeat(40)),
                };
                world.post(now, AccountId(id), Draft { text: &text, ..Draft::default() }).unwrap();
            }
        });
        if minute == 5 {
            denial = Some(say(&rig, MINISTRY, "@embassy dispute 1"));
        }
        let until = rig.now().plus_ms(MINUTE_MS);
        assert!(rig.run_until(LONG, |rig| until <= rig.now()).await);
    }
    let calm = say(&rig, JOURNALIST, "@embassy check 1");
    settle(&mut rig).await;
    settle(&mut rig).await;
    let counts = rig.world.with(|world, _| world.counts().clone());
    let of = |kind| counts.billed(kind) - billed.billed(kind);
    let (read, answered) = (of(Billed::OwnedRead), of(Billed::SummonedReply));
    let cost = read * Billed::OwnedRead.price_usd_micros() + answered * Billed::SummonedReply.price_usd_micros();
    println!("{read} mentions read, {answered} answered, {cost} millionths of a dollar, {} entries", disputes(&rig));
    assert!(cost <= limits.usd_micros && answered <= limits.answers + 1, "{cost} {answered}");
    assert!(50 < answered && 800 < read, "{answered} {read}");
    assert_eq!(disputes(&rig) as u64, DISPUTES_A_DAY + 1);
    assert_eq!(entries(&rig).len(), before + disputes(&rig));
    assert_eq!(answers(&rig, denial.unwrap()).len(), 1, "no flood drowns the one who should deny it");
    assert_eq!(answers(&rig, calm).len(), 1, "after the flood others are answered");
    let texts: BTreeSet<String> = posts(&rig).into_iter().map(|post| post.written).collect();
    assert_eq!(texts.len(), posts(&rig).len());
    write(&mut rig, FIRST, "status").await;
    assert!(last_letter(&rig, FIRST).contains(" over a limit, "), "{}", last_letter(&rig, FIRST));
}

#[tokio::test]
async fn limits_of_an_author_and_of_a_day() {
    let limits = Limits { answers: 4, answers_each: 2, usd_micros: 1_000_000 };
    let mut rig = begin(platform(), |rig| rig.limits = limits).await;
    let day_ms = 86_400_000;
    rig.advance(day_ms - rig.now().ms() % day_ms + 23 * 60 * MINUTE_MS - 3 * 60 * MINUTE_MS);
    for _ in 0..3 {
        for author in [JOURNALIST, MINISTRY, FIRST, SECOND, IMPOSTOR] {
            say(&rig, author, "@embassy check 1");
        }
    }
    settle(&mut rig).await;
    let to =
        |author| posts(&rig).iter().filter(|post| post.answers.is_some_and(|id| author_of(&rig, id) == author)).count();
    assert_eq!([JOURNALIST, MINISTRY, FIRST, SECOND, IMPOSTOR].map(to).iter().sum::<usize>(), 4 + 2);
    assert_eq!(to(MINISTRY), 2, "correspondents are answered beyond the day's limit, and not beyond their own");
    assert!([JOURNALIST, FIRST, SECOND, IMPOSTOR].iter().all(|author| to(*author) <= 2));
    rig.advance(4 * 60 * MINUTE_MS);
    let tomorrow = say(&rig, JOURNALIST, "@embassy check 1");
    settle(&mut rig).await;
    assert_eq!(answers(&rig, tomorrow).len(), 1);
}

fn author_of(rig: &Rig, post: Snowflake) -> AccountId {
    rig.world.with(|world, _| world.posts().find(|it| it.id == post).unwrap().author)
}

#[tokio::test]
async fn two_officials_open_a_note_by_message() {
    let mut rig = begin(platform(), |rig| rig.approval = true).await;
    write(&mut rig, FIRST, "Open 1 content").await;
    assert!(last_letter(&rig, FIRST).contains("You ask to open note 1 in public (all of it"));
    assert!(reader(&rig).requests().unwrap().is_empty() && letters(&rig, SECOND).is_empty());
    let code_of_first = code(&rig, FIRST);
    write(&mut rig, FIRST, &code_of_first).await;
    assert!(last_letter(&rig, FIRST).contains("It waits for another official"));
    assert!(last_letter(&rig, SECOND).contains(&format!("Account {FIRST} asks to open note 1 in public")));
    assert!(last_letter(&rig, SECOND).contains("\napprove 1\n"));
    write(&mut rig, FIRST, "approve 1").await;
    assert!(last_letter(&rig, FIRST).contains("is your own"));
    write(&mut rig, SECOND, "approve 2").await;
    assert!(last_letter(&rig, SECOND).contains("No request 2 waits"));
    write(&mut rig, SECOND, "approve 1").await;
    assert_eq!((openings(&rig), parts(&rig).len()), (0, 0));
    let code_of_second = code(&rig, SECOND);
    write(&mut rig, SECOND, &code_of_second).await;
    assert_eq!((openings(&rig), parts(&rig).len()), (1, 1));
    assert!(parts(&rig)[0].written.contains(TEXT));
    let kept = reader(&rig).request(1).unwrap().unwrap();
    assert_eq!((kept.asked_by, &kept.approvals[0].0), (FIRST.to_string(), &SECOND.to_string()));
    assert!(last_letter(&rig, FIRST).contains("Request 1 is done"));
    // A code holds once.
    write(&mut rig, SECOND, &code_of_second).await;
    assert!(last_letter(&rig, SECOND).contains("I wait for no code"));
    write(&mut rig, SECOND, "open 1 envelope").await;
    assert!(last_letter(&rig, SECOND).contains("Note 1 is open already"));
    let mention = say(&rig, JOURNALIST, "@embassy check 1");
    settle(&mut rig).await;
    assert!(answers(&rig, mention)[0].contains("opened: all of it") && !answers(&rig, mention)[0].contains(TEXT));
}

#[tokio::test]
async fn a_request_by_message_that_nobody_approves_lapses() {
    let mut rig = begin(platform(), |rig| rig.approval = true).await;
    write(&mut rig, FIRST, "open 1 envelope").await;
    let confirm = code(&rig, FIRST);
    write(&mut rig, FIRST, &confirm).await;
    write(&mut rig, SECOND, "status").await;
    assert!(last_letter(&rig, SECOND).contains("Request 1 waits for approval"));
    assert!(rig.run_until(LONG, |rig| state(rig, 1) == RequestState::Lapsed).await);
    settle(&mut rig).await;
    assert!(last_letter(&rig, FIRST).contains("Request 1 has lapsed"));
    write(&mut rig, SECOND, "approve 1").await;
    assert!(last_letter(&rig, SECOND).contains("No request 1 waits"));
    assert_eq!((openings(&rig), parts(&rig).len()), (0, 0));
}

#[tokio::test]
async fn a_code_holds_for_three_tries_and_a_quarter_of_an_hour() {
    let mut rig = begin(platform(), |_| {}).await;
    // Quicker than `settle`, which lets an hour pass.
    let quickly = async |rig: &mut Rig, text: &str| {
        let before = letters(rig, FIRST).len();
        tell(rig, FIRST, text);
        assert!(rig.run_until(LONG, |rig| before < letters(rig, FIRST).len()).await);
        last_letter(rig, FIRST)
    };
    quickly(&mut rig, "open 1 content").await;
    let right = code(&rig, FIRST);
    let wrong = if right == "confirm 000000" { "confirm 000001" } else { "confirm 000000" };
    for says in ["2 tries are left", "One try is left", "not valid any more"] {
        let letter = quickly(&mut rig, wrong).await;
        assert!(letter.contains(says), "{letter}");
    }
    assert!(quickly(&mut rig, &right).await.contains("I wait for no code"));
    write(&mut rig, FIRST, "open 1 content").await;
    settle(&mut rig).await;
    let late = code(&rig, FIRST);
    write(&mut rig, FIRST, &late).await;
    assert!(last_letter(&rig, FIRST).contains("not valid any more"));
    assert!(reader(&rig).requests().unwrap().is_empty());
    quickly(&mut rig, "open 1 content").await;
    let right = code(&rig, FIRST);
    assert!(quickly(&mut rig, &right).await.contains("It will be done now"));
    settle(&mut rig).await;
    assert_eq!(openings(&rig), 1);
}

#[tokio::test]
async fn a_daemon_without_a_key_names_the_command_that_opens() {
    let mut rig = begin(platform(), |rig| rig.has_key = false).await;
    write(&mut rig, FIRST, "open 1 content").await;
    let letter = last_letter(&rig, FIRST);
    assert!(
        letter.contains("no key that opens notes") && letter.contains("\nverbale open 1 --level content --publish"),
        "{letter}"
    );
    write(&mut rig, FIRST, "notes").await;
    assert!(
        last_letter(&rig, FIRST).contains("\n1: 20") && last_letter(&rig, FIRST).contains(", posted, nothing open\n")
    );
}

/// What the officials and the account write each other is never a note, whatever it says; what only answers is no mention.
#[tokio::test]
async fn commands_and_answers_are_never_notes() {
    let mut rig = begin(platform(), |_| {}).await;
    rig.world.with(|world, now| {
        world.send(now, EMBASSY, FIRST, &Outgoing::text(&format!("{MARKER} by hand"))).unwrap();
    });
    write(&mut rig, FIRST, &format!("{MARKER} open 1 content")).await;
    assert!(last_letter(&rig, FIRST).contains("Write one of these"));
    assert_eq!(reader(&rig).status().unwrap().notes, 1);
}

/// More points than there are at which the program may die while all this is asked and answered.
const POINTS: u64 = 220;

#[test]
fn every_answer_is_given_exactly_once_wherever_the_program_dies() {
    let cases: Vec<u64> = (0..=POINTS).collect();
    let outcomes = in_parallel(2, &cases, |point| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut rig = begin(platform(), |_| {}).await;
            let dispute = say(&rig, JOURNALIST, "@embassy dispute 1");
            let check = say(&rig, MINISTRY, "@embassy check 1");
            tell(&rig, SECOND, "open 1 content");
            rig.fuse.set(*point);
            let until = rig.now().plus_ms(12 * MINUTE_MS);
            assert!(rig.run_until(LONG, |rig| until < rig.now() || letters(rig, SECOND).len() == 2).await);
            let confirm = code(&rig, SECOND);
            write(&mut rig, SECOND, &confirm).await;
            assert!(*point < POINTS || rig.fuse.is_lit(), "there are more points");
            rig.fuse.quench();
            settle(&mut rig).await;
            assert_eq!((answers(&rig, dispute).len(), answers(&rig, check).len(), disputes(&rig)), (1, 1, 1));
            assert_eq!((openings(&rig), parts(&rig).len()), (1, 1));
            // The dispute; the code, that it will be done, that it is done.
            assert_eq!((letters(&rig, FIRST).len(), letters(&rig, SECOND).len()), (1, 4));
        });
    });
    let failed: Vec<_> = cases.iter().zip(&outcomes).filter(|(_, outcome)| *outcome != "ok").collect();
    assert!(failed.is_empty(), "{failed:?}");
}
