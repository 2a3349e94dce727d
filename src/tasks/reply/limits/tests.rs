//! What a day allows, and what a flood takes from others.

use proptest::prelude::*;

use super::*;
use crate::base::ids::PostId;
use crate::tasks::allowance::next_hour;

const HOUR_MS: i64 = 3_600_000;
const LIMITS: Limits = Limits { answers: 100, answers_each: 5, usd_micros: 2_000_000 };
const STRANGER: AccountId = AccountId(1);

fn at(hour: i64) -> Time {
    Time::from_ms(20_000 * DAY_MS + hour * HOUR_MS + 1)
}

/// Deals with a mention as the bot does.
fn deal(tally: &mut Tally, id: u64, author: u64, who: Author, wanted: Wanted, now: Time) -> MentionOutcome {
    tally.read(PostId(id));
    let done = tally.decide(AccountId(author), who, wanted, now);
    tally.count(PostId(id), AccountId(author), who, done);
    done
}

#[test]
fn help_is_given_once_a_day_and_everything_else_five_times() {
    let mut tally = Tally::new(LIMITS, at(0));
    let mut ask = |id, wanted, now| {
        tally.roll(now);
        deal(&mut tally, id, 1, Author::Stranger, wanted, now)
    };
    assert_eq!(ask(1, Wanted::Help, at(0)), MentionOutcome::Helped);
    assert_eq!(ask(2, Wanted::Help, at(1)), MentionOutcome::Again);
    for id in 3..7 {
        assert_eq!(ask(id, Wanted::Answer, at(1)), MentionOutcome::Answered);
    }
    assert_eq!(ask(7, Wanted::Answer, at(2)), MentionOutcome::Over);
    assert_eq!(ask(8, Wanted::Dispute, at(2)), MentionOutcome::Entered);
    assert_eq!(ask(10, Wanted::Help, at(24)), MentionOutcome::Helped);
}

#[test]
fn half_a_day_is_there_at_once_and_the_rest_by_the_hour() {
    assert_eq!([0, 11, 12, 23].map(|hour| released(100, at(hour))), [53, 75, 78, 100]);
    assert_eq!([0, 23].map(|hour| released(1, at(hour))), [1, 1]);
    assert_eq!(next_hour(at(3)), Time::from_ms(at(4).ms() - 1));
}

#[test]
fn after_a_flood_others_are_answered_and_a_correspondent_even_in_it() {
    let mut tally = Tally::new(LIMITS, at(9));
    let mut answered = 0;
    for id in 0..10_000 {
        let Some(_) = tally.readable(5, 100, at(9)) else { break };
        let done = deal(&mut tally, id, 1000 + id, Author::Stranger, Wanted::Answer, at(9));
        answered += u64::from(done.is_answer());
    }
    assert_eq!(answered, released(100, at(9)));
    let dispute = Wanted::Dispute;
    assert_eq!(deal(&mut tally, 20_000, 2, Author::Correspondent, dispute, at(9)), MentionOutcome::Disputed);
    assert_eq!(deal(&mut tally, 20_001, 3, Author::Stranger, Wanted::Answer, at(9)), MentionOutcome::Over);
    assert!(tally.readable(5, 100, at(10)).is_some());
    assert_eq!(deal(&mut tally, 20_002, 3, Author::Stranger, Wanted::Answer, at(10)), MentionOutcome::Answered);
    let day = tally.today();
    assert!(day.usd_micros < LIMITS.usd_micros && day.over == day.read - day.answers, "{day:?}");
}

#[test]
fn strangers_enter_so_many_disputes_and_a_correspondent_one_more() {
    let mut tally = Tally::new(LIMITS, at(9));
    for id in 0..100 {
        let done = deal(&mut tally, id, id, Author::Stranger, Wanted::Dispute, at(9));
        assert_eq!(done == MentionOutcome::Over, DISPUTES_A_DAY <= id, "{id}");
    }
    let done = tally.decide(STRANGER, Author::Correspondent, Wanted::Dispute, at(9));
    assert_eq!(done, MentionOutcome::Disputed);
}

#[test]
fn every_word_is_read_back() {
    for done in MentionOutcome::ALL {
        assert_eq!(MentionOutcome::parse(done.as_str()), Some(done));
    }
    assert_eq!(MentionOutcome::parse("disputed it"), None);
}

proptest! {
    /// Whoever asks, and whatever is asked: no limit is exceeded.
    #[test]
    fn no_limit_is_passed(
        asks in prop::collection::vec((0..20_u64, 0..4_u8, 0..24_i64), 0..600),
        answers in 1..60_u64, each in 1..9_u64, cents in 1..100_u64,
    ) {
        let limits = Limits { answers, answers_each: each, usd_micros: cents * 10_000 };
        let mut tally = Tally::new(limits, at(0));
        let (mut given, mut entries, mut hour) = (HashMap::<u64, u64>::new(), 0, 0);
        for (id, (author, wanted, later)) in asks.into_iter().enumerate() {
            hour = later.max(hour);
            if tally.readable(1, 100, at(hour)).is_none() {
                continue;
            }
            let wanted = match wanted {
                0 => Wanted::Help,
                1 => Wanted::Dispute,
                _ => Wanted::Answer,
            };
            let done = deal(&mut tally, id as u64, author, Author::Stranger, wanted, at(hour));
            *given.entry(author).or_default() += u64::from(done.is_answer());
            entries += u64::from(done.is_entry());
        }
        let day = tally.today();
        prop_assert!(given.values().all(|given| *given <= each));
        prop_assert_eq!(given.values().sum::<u64>(), day.answers);
        prop_assert!(day.answers <= answers && day.usd_micros <= limits.usd_micros && entries <= DISPUTES_A_DAY);
    }
}
