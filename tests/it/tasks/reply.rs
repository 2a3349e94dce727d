//! The bot as stories: whoever asks is answered once, with what everybody may know; officials command, others do not.

use std::collections::BTreeSet;

use verbale::base::ids::{AccountId, PostId};
use verbale::note::request::RequestState;
use verbale::platform::price::Billed;
use verbale::sandbox::world::{Body, Call, Draft, Fault, How, Moment, Outgoing};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::tasks::reply::limits::{DISPUTES_A_DAY, Limits};
use verbale::tlog::entry::Entry;

use crate::support::bot_fixture::*;
use crate::support::database::wait;
use crate::support::dispute_fixture::{LONG, entries, parts, platform, posts, reader, settle, state};
use crate::support::harness::{Harness, MARKER};
use crate::support::parallel::in_parallel;

const MINUTE_MS: i64 = 60_000;

fn disputes(harness: &Harness) -> usize {
    entries(harness).iter().filter(|entry| matches!(entry, Entry::Dispute { .. })).count()
}

fn openings(harness: &Harness) -> usize {
    entries(harness).iter().filter(|entry| matches!(entry, Entry::Open { .. })).count()
}

#[tokio::test]
async fn a_denial_and_its_answer() {
    let mut harness = begin(platform(), |_| {}).await;
    let denial = say(&harness, MINISTRY, "@embassy dispute 1: no such note ever came");
    settle(&mut harness).await;
    let standing = wait(reader(&harness).standing(1)).unwrap().unwrap();
    let [answer] = &answers(&harness, denial)[..] else { panic!("{:?}", answers(&harness, denial)) };
    let posted = standing.post.unwrap();
    for words in
        ["Your dispute is logged\nNote 1\n", &standing.commitment.to_string(), &posted.to_string(), "\ndisputed once\n"]
    {
        assert!(answer.contains(words), "{answer}");
    }
    assert!(answer.ends_with(&format!("\nre {denial}")));
    assert_eq!(disputes(&harness), 1);
    for official in [FIRST, SECOND] {
        let [letter] = &letters(&harness, official)[..] else { panic!("{:?}", letters(&harness, official)) };
        assert!(letter.starts_with(&format!("verbale\nAccount {MINISTRY} disputes note 1 in post {denial}.\n")));
    }
    // The same again is answered, and not entered again.
    let again = say(&harness, MINISTRY, "@embassy dispute 1, as we said");
    settle(&mut harness).await;
    assert!(answers(&harness, again)[0].starts_with("Note 1\n"));
    assert_eq!((disputes(&harness), letters(&harness, FIRST).len()), (1, 1));
}

#[tokio::test]
async fn whoever_asks_is_told_what_everybody_may_know() {
    let mut harness = begin(platform(), |_| {}).await;
    let standing = wait(reader(&harness).standing(1)).unwrap().unwrap();
    let ours = standing.post.map(|post| post.id);
    let asked = [
        (say(&harness, JOURNALIST, "@embassy check 1"), "Note 1\nsealed "),
        (say(&harness, JOURNALIST, &format!("@embassy check {}", standing.commitment)), "Note 1\nsealed "),
        (say_beside(&harness, JOURNALIST, "is this real? @embassy", ours), "Note 1\nsealed "),
        (say(&harness, JOURNALIST, "@embassy check 2"), "This log has no note 2\n"),
        (
            say(&harness, JOURNALIST, &format!("@embassy check {}", "0".repeat(64))),
            "No note of this log has that hash\n",
        ),
        (say(&harness, SECOND, "@embassy status"), "1 notes sealed, 1 posted, 0 opened, 0 disputed\nlog 1 "),
        (say(&harness, SECOND, "@embassy dispute 2"), "This log has no note 2\n"),
        (say(&harness, SECOND, "@embassy what a day"), "This account seals formal messages"),
        (say(&harness, SECOND, "@embassy open 1 content"), ""),
    ];
    settle(&mut harness).await;
    for (mention, begins) in asked {
        let answers = answers(&harness, mention);
        assert_eq!(answers.len(), usize::from(!begins.is_empty()), "{answers:?}");
        assert!(answers.iter().all(|answer| answer.starts_with(begins)), "{answers:?}");
    }
    assert_eq!((disputes(&harness), openings(&harness)), (0, 0));
}

#[tokio::test]
async fn an_impostor_writes_open_17_content() {
    let mut harness = begin(platform(), |_| {}).await;
    let before = entries(&harness).len();
    for command in ["open 1 content", "open 17 content", "confirm 123456", "approve 1", "status", "help"] {
        for nobody in [IMPOSTOR, JOURNALIST, MINISTRY] {
            write(&mut harness, nobody, command).await;
            assert_eq!(letters(&harness, nobody).len(), usize::from(nobody == MINISTRY), "only the note itself");
        }
    }
    // Even with the code that was meant for another.
    write(&mut harness, FIRST, "open 1 content").await;
    let code = code(&harness, FIRST);
    write(&mut harness, IMPOSTOR, &code).await;
    write(&mut harness, SECOND, &code).await;
    assert!(last_letter(&harness, SECOND).contains("I wait for no code from you"));
    assert_eq!((entries(&harness).len(), posts(&harness).len(), letters(&harness, IMPOSTOR).len()), (before, 1, 0));
    assert!(wait(reader(&harness).requests(None)).unwrap().is_empty());
    let database = std::fs::read(harness.database()).unwrap();
    let impostor = IMPOSTOR.to_string();
    assert!(!database.windows(4).any(|part| part == impostor.as_bytes()), "nothing of it is kept");
}

#[tokio::test]
async fn the_same_mention_delivered_twice() {
    let mut harness = begin(platform(), |_| {}).await;
    let mention = say(&harness, JOURNALIST, "@embassy dispute 1");
    // Its first answer is lost, and what was answered is listed again with every look of a quarter of an hour.
    harness.world.with(|world, _| world.add_fault(Fault::once(Call::Mentions, Moment::After, How::Cut)));
    let looks = harness.world.with(|world, _| world.counts().of(Call::Mentions));
    for _ in 0..4 {
        let until = harness.now().plus_ms(4 * MINUTE_MS);
        assert!(harness.run_until(LONG, |harness| until < harness.now()).await);
        harness.die().await;
    }
    settle(&mut harness).await;
    assert!(looks + 5 < harness.world.with(|world, _| world.counts().of(Call::Mentions)));
    assert_eq!((answers(&harness, mention).len(), disputes(&harness), letters(&harness, FIRST).len()), (1, 1, 1));
}

#[tokio::test]
async fn a_mention_that_is_listed_after_a_newer_one_is_answered() {
    let mut harness = begin(platform(), |_| {}).await;
    harness.world.with(|world, _| world.settings.lag_ms = 10 * MINUTE_MS);
    let late = say(&harness, JOURNALIST, "@embassy check 1");
    harness.world.with(|world, _| world.settings.lag_ms = 0);
    let early = say(&harness, MINISTRY, "@embassy check 1");
    assert!(harness.run_until(LONG, |harness| !answers(harness, early).is_empty()).await);
    assert!(answers(&harness, late).is_empty());
    settle(&mut harness).await;
    assert_eq!((answers(&harness, late).len(), answers(&harness, early).len()), (1, 1));
}

#[tokio::test]
async fn a_mention_while_x_answers_503_for_ten_minutes() {
    let mut harness = begin(platform(), |_| {}).await;
    let down = How::Status { code: 503, body: Body::Html };
    for call in [Call::Mentions, Call::CreatePost] {
        let fault = Fault { call: Some(call), at: Moment::Before, how: down, times: u32::MAX };
        harness.world.with(|world, _| world.add_fault(fault));
    }
    let mention = say(&harness, JOURNALIST, "@embassy check 1");
    // Meanwhile an official waits for nothing but the messages themselves.
    tell(&harness, FIRST, "status");
    let end = harness.now().plus_ms(10 * MINUTE_MS);
    assert!(harness.run_until(LONG, |harness| end < harness.now()).await);
    assert_eq!((posts(&harness).len(), letters(&harness, FIRST).len()), (1, 1));
    harness.world.with(|world, _| world.clear_faults());
    let since = harness.now();
    assert!(harness.run_until(LONG, |harness| !answers(harness, mention).is_empty()).await);
    assert!(harness.now().ms_since(since) < 11 * MINUTE_MS, "{}", harness.now().ms_since(since));
    settle(&mut harness).await;
    assert_eq!(answers(&harness, mention).len(), 1);
}

#[tokio::test]
async fn what_is_our_own_or_older_than_the_first_start_is_not_answered() {
    let mut harness = begin(platform(), |harness| {
        harness.world.with(|world, now| {
            let text = "@embassy check 1";
            world.post(now, JOURNALIST, Draft { text, ..Draft::default() }).unwrap();
        });
        harness.advance(MINUTE_MS);
    })
    .await;
    let own = harness.world.with(|world, now| {
        let draft = Draft { text: "@embassy check 1", ..Draft::default() };
        world.post(now, EMBASSY, draft).unwrap().id
    });
    settle(&mut harness).await;
    assert_eq!((posts(&harness).len(), answers(&harness, own).len()), (2, 0));
}

/// Ten thousand different accounts, in one hour, each with another wish; and in between the other side denies the note.
#[tokio::test]
async fn ten_thousand_mentions_in_an_hour() {
    let mut harness = begin(platform(), |_| {}).await;
    let limits = harness.limits;
    let (before, billed) = (entries(&harness).len(), harness.world.with(|world, _| world.counts().clone()));
    let mut denial = None;
    for minute in 0..60_u64 {
        harness.world.with(|world, now| {
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
            denial = Some(say(&harness, MINISTRY, "@embassy dispute 1"));
        }
        let until = harness.now().plus_ms(MINUTE_MS);
        assert!(harness.run_until(LONG, |harness| until <= harness.now()).await);
    }
    let calm = say(&harness, JOURNALIST, "@embassy check 1");
    settle(&mut harness).await;
    settle(&mut harness).await;
    let counts = harness.world.with(|world, _| world.counts().clone());
    let of = |kind| counts.billed(kind) - billed.billed(kind);
    let (read, answered) = (of(Billed::OwnedRead), of(Billed::SummonedReply));
    let cost = read * Billed::OwnedRead.price_usd_micros() + answered * Billed::SummonedReply.price_usd_micros();
    println!(
        "{read} mentions read, {answered} answered, {cost} millionths of a dollar, {} entries",
        disputes(&harness)
    );
    assert!(cost <= limits.usd_micros && answered <= limits.answers + 1, "{cost} {answered}");
    assert!(50 < answered && 800 < read, "{answered} {read}");
    assert_eq!(disputes(&harness) as u64, DISPUTES_A_DAY + 1);
    assert_eq!(entries(&harness).len(), before + disputes(&harness));
    assert_eq!(answers(&harness, denial.unwrap()).len(), 1, "no flood drowns the one who should deny it");
    assert_eq!(answers(&harness, calm).len(), 1, "after the flood others are answered");
    let texts: BTreeSet<String> = posts(&harness).into_iter().map(|post| post.written).collect();
    assert_eq!(texts.len(), posts(&harness).len());
    write(&mut harness, FIRST, "status").await;
    assert!(last_letter(&harness, FIRST).contains(" over a limit, "), "{}", last_letter(&harness, FIRST));
}

#[tokio::test]
async fn limits_of_an_author_and_of_a_day() {
    let limits = Limits { answers: 4, answers_each: 2, usd_micros: 1_000_000 };
    let mut harness = begin(platform(), |harness| harness.limits = limits).await;
    let day_ms = 86_400_000;
    harness.advance(day_ms - harness.now().ms() % day_ms + 23 * 60 * MINUTE_MS - 3 * 60 * MINUTE_MS);
    for _ in 0..3 {
        for author in [JOURNALIST, MINISTRY, FIRST, SECOND, IMPOSTOR] {
            say(&harness, author, "@embassy check 1");
        }
    }
    settle(&mut harness).await;
    let to = |author| {
        posts(&harness).iter().filter(|post| post.answers.is_some_and(|id| author_of(&harness, id) == author)).count()
    };
    assert_eq!([JOURNALIST, MINISTRY, FIRST, SECOND, IMPOSTOR].map(to).iter().sum::<usize>(), 4 + 2);
    assert_eq!(to(MINISTRY), 2, "correspondents are answered beyond the day's limit, and not beyond their own");
    assert!([JOURNALIST, FIRST, SECOND, IMPOSTOR].iter().all(|author| to(*author) <= 2));
    harness.advance(4 * 60 * MINUTE_MS);
    let tomorrow = say(&harness, JOURNALIST, "@embassy check 1");
    settle(&mut harness).await;
    assert_eq!(answers(&harness, tomorrow).len(), 1);
}

fn author_of(harness: &Harness, post: PostId) -> AccountId {
    harness.world.with(|world, _| world.posts().find(|it| it.id == post).unwrap().author)
}

#[tokio::test]
async fn two_officials_open_a_note_by_message() {
    let mut harness = begin(platform(), |harness| harness.approval = true).await;
    write(&mut harness, FIRST, "Open 1 content").await;
    assert!(last_letter(&harness, FIRST).contains("You ask to open note 1 in public (all of it"));
    assert!(wait(reader(&harness).requests(None)).unwrap().is_empty() && letters(&harness, SECOND).is_empty());
    let code_of_first = code(&harness, FIRST);
    write(&mut harness, FIRST, &code_of_first).await;
    assert!(last_letter(&harness, FIRST).contains("It waits for another official"));
    assert!(last_letter(&harness, SECOND).contains(&format!("Account {FIRST} asks to open note 1 in public")));
    assert!(last_letter(&harness, SECOND).contains("\napprove 1\n"));
    write(&mut harness, FIRST, "approve 1").await;
    assert!(last_letter(&harness, FIRST).contains("is your own"));
    write(&mut harness, SECOND, "approve 2").await;
    assert!(last_letter(&harness, SECOND).contains("No request 2 waits"));
    write(&mut harness, SECOND, "approve 1").await;
    assert_eq!((openings(&harness), parts(&harness).len()), (0, 0));
    let code_of_second = code(&harness, SECOND);
    write(&mut harness, SECOND, &code_of_second).await;
    assert_eq!((openings(&harness), parts(&harness).len()), (1, 1));
    assert!(parts(&harness)[0].written.contains(TEXT));
    let kept = wait(reader(&harness).request(1)).unwrap().unwrap();
    assert_eq!((kept.asked_by, &kept.approvals[0].0), (FIRST.to_string(), &SECOND.to_string()));
    assert!(last_letter(&harness, FIRST).contains("Request 1 is done"));
    // A code holds once.
    write(&mut harness, SECOND, &code_of_second).await;
    assert!(last_letter(&harness, SECOND).contains("I wait for no code"));
    write(&mut harness, SECOND, "open 1 envelope").await;
    assert!(last_letter(&harness, SECOND).contains("Note 1 is open already"));
    let mention = say(&harness, JOURNALIST, "@embassy check 1");
    settle(&mut harness).await;
    assert!(
        answers(&harness, mention)[0].contains("opened: all of it") && !answers(&harness, mention)[0].contains(TEXT)
    );
}

#[tokio::test]
async fn a_request_by_message_that_nobody_approves_lapses() {
    let mut harness = begin(platform(), |harness| harness.approval = true).await;
    write(&mut harness, FIRST, "open 1 envelope").await;
    let confirm = code(&harness, FIRST);
    write(&mut harness, FIRST, &confirm).await;
    write(&mut harness, SECOND, "status").await;
    assert!(last_letter(&harness, SECOND).contains("Request 1 waits for approval"));
    assert!(harness.run_until(LONG, |harness| state(harness, 1) == RequestState::Lapsed).await);
    settle(&mut harness).await;
    assert!(last_letter(&harness, FIRST).contains("Request 1 has lapsed"));
    write(&mut harness, SECOND, "approve 1").await;
    assert!(last_letter(&harness, SECOND).contains("No request 1 waits"));
    assert_eq!((openings(&harness), parts(&harness).len()), (0, 0));
}

#[tokio::test]
async fn a_code_holds_for_three_tries_and_a_quarter_of_an_hour() {
    let mut harness = begin(platform(), |_| {}).await;
    // Quicker than `settle`, which lets an hour pass.
    let quickly = async |harness: &mut Harness, text: &str| {
        let before = letters(harness, FIRST).len();
        tell(harness, FIRST, text);
        assert!(harness.run_until(LONG, |harness| before < letters(harness, FIRST).len()).await);
        last_letter(harness, FIRST)
    };
    quickly(&mut harness, "open 1 content").await;
    let right = code(&harness, FIRST);
    let wrong = if right == "confirm 000000" { "confirm 000001" } else { "confirm 000000" };
    for says in ["2 tries are left", "One try is left", "not valid any more"] {
        let letter = quickly(&mut harness, wrong).await;
        assert!(letter.contains(says), "{letter}");
    }
    assert!(quickly(&mut harness, &right).await.contains("I wait for no code"));
    write(&mut harness, FIRST, "open 1 content").await;
    settle(&mut harness).await;
    let late = code(&harness, FIRST);
    write(&mut harness, FIRST, &late).await;
    assert!(last_letter(&harness, FIRST).contains("not valid any more"));
    assert!(wait(reader(&harness).requests(None)).unwrap().is_empty());
    quickly(&mut harness, "open 1 content").await;
    let right = code(&harness, FIRST);
    assert!(quickly(&mut harness, &right).await.contains("It will be done now"));
    settle(&mut harness).await;
    assert_eq!(openings(&harness), 1);
}

#[tokio::test]
async fn a_daemon_without_a_key_names_the_command_that_opens() {
    let mut harness = begin(platform(), |harness| harness.has_key = false).await;
    write(&mut harness, FIRST, "open 1 content").await;
    let letter = last_letter(&harness, FIRST);
    assert!(
        letter.contains("no key that opens notes") && letter.contains("\nverbale open 1 --level content --publish"),
        "{letter}"
    );
    write(&mut harness, FIRST, "notes").await;
    assert!(
        last_letter(&harness, FIRST).contains("\n1: 20")
            && last_letter(&harness, FIRST).contains(", posted, nothing open\n")
    );
}

/// What the officials and the account write each other is never a note, whatever it says; what only answers is no mention.
#[tokio::test]
async fn commands_and_answers_are_never_notes() {
    let mut harness = begin(platform(), |_| {}).await;
    harness.world.with(|world, now| {
        world.send(now, EMBASSY, FIRST, &Outgoing::text(&format!("{MARKER} by hand"))).unwrap();
    });
    write(&mut harness, FIRST, &format!("{MARKER} open 1 content")).await;
    assert!(last_letter(&harness, FIRST).contains("Write one of these"));
    assert_eq!(wait(reader(&harness).status()).unwrap().notes, 1);
}

/// More points than there are at which the program may die while all this is asked and answered.
const POINTS: u64 = 440;

#[test]
fn every_answer_is_given_exactly_once_wherever_the_program_dies() {
    let cases: Vec<u64> = (0..=POINTS).collect();
    let outcomes = in_parallel(2, &cases, |point| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut harness = begin(platform(), |_| {}).await;
            let dispute = say(&harness, JOURNALIST, "@embassy dispute 1");
            let check = say(&harness, MINISTRY, "@embassy check 1");
            tell(&harness, SECOND, "open 1 content");
            harness.fuse.set(*point);
            let until = harness.now().plus_ms(12 * MINUTE_MS);
            assert!(
                harness.run_until(LONG, |harness| until < harness.now() || letters(harness, SECOND).len() == 2).await
            );
            let confirm = code(&harness, SECOND);
            write(&mut harness, SECOND, &confirm).await;
            assert!(*point < POINTS || harness.fuse.is_lit(), "there are more points");
            harness.fuse.quench();
            settle(&mut harness).await;
            assert_eq!(
                (answers(&harness, dispute).len(), answers(&harness, check).len(), disputes(&harness)),
                (1, 1, 1)
            );
            assert_eq!((openings(&harness), parts(&harness).len()), (1, 1));
            // The dispute; the code, that it will be done, that it is done.
            assert_eq!((letters(&harness, FIRST).len(), letters(&harness, SECOND).len()), (1, 4));
        });
    });
    let failed: Vec<_> = cases.iter().zip(&outcomes).filter(|(_, outcome)| *outcome != "ok").collect();
    assert!(failed.is_empty(), "{failed:?}");
}
