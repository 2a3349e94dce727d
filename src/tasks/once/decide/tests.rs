use super::*;
use crate::base::time::Time;

const MINUTE_MS: i64 = 60_000;

const RULES: Rules = Rules {
    unknown_outcome_timeout: Duration::from_secs(600),
    duplicate_stays_away: Duration::from_secs(86_400),
    retry: Retry::ByItself,
};

fn minute(minute: i64) -> Time {
    Time::from_ms(1_764_000_000_000 + minute * MINUTE_MS)
}

/// Attempts at minutes 0 and 5.
fn tried(all_failed: bool) -> Option<Attempts> {
    Some(Attempts { first: minute(0), last: minute(5), all_failed })
}

/// A look at this minute of the machine's clock, and of the steady one.
fn look(asked: i64, steady: i64, sight: Sight<u64>) -> Option<Look<u64>> {
    let asked = Reading { wall: minute(asked), steady: minutes(steady) };
    Some(Look { asked, ahead: Duration::ZERO, sight })
}

fn minutes(minutes: i64) -> Duration {
    Duration::from_secs(60 * u64::try_from(minutes.max(0)).unwrap())
}

fn seen(last: LastAttempt<u64>, asked: i64, sight: Sight<u64>) -> Known<u64> {
    Known { attempts: tried(false), made: None, last, look: look(asked, asked, sight) }
}

#[test]
fn an_attempt_is_durable_before_it_is_made() {
    assert_eq!(next::<u64>(&Known::durable(None), &RULES), Step::Attempt);
    assert_eq!(next::<u64>(&Known::durable(tried(true)), &RULES), Step::Attempt);
    let durable = Known::<u64> { last: LastAttempt::NotMade, ..Known::durable(tried(false)) };
    assert_eq!(next(&durable, &RULES), Step::Act);
}

#[test]
fn a_clear_answer_is_written_down() {
    let answered = |last| next(&Known { last, ..Known::durable(tried(false)) }, &RULES);
    assert_eq!(answered(LastAttempt::Accepted(7)), Step::Accepted(7));
    assert_eq!(answered(LastAttempt::<u64>::Failed), Step::Failed);
    assert_eq!(answered(LastAttempt::<u64>::Unknown), Step::Look);
    assert_eq!(answered(LastAttempt::<u64>::Duplicate), Step::Look);
    assert_eq!(answered(LastAttempt::<u64>::Forgotten), Step::Look);
}

#[test]
fn what_is_absent_is_tried_again_after_the_time_out_from_the_last_attempt() {
    let absent = |last, asked| next(&seen(last, asked, Sight::Absent), &RULES);
    assert_eq!(absent(LastAttempt::Unknown, 14), Step::Later);
    assert_eq!(absent(LastAttempt::Unknown, 15), Step::Attempt);
    assert_eq!(absent(LastAttempt::Forgotten, -60), Step::Later, "the clock was set back");
    assert_eq!(absent(LastAttempt::Duplicate, 15), Step::Later);
    assert_eq!(absent(LastAttempt::Duplicate, 5 + 24 * 60), Step::Attempt);
}

#[test]
fn what_could_not_be_read_is_not_absent() {
    let late = |sight| next(&seen(LastAttempt::Forgotten, 10_000, sight), &RULES);
    assert_eq!(late(Sight::Unreadable), Step::Later);
    assert_eq!(late(Sight::Unfinished), Step::Later);
    assert_eq!(late(Sight::TooLate), Step::GiveUp(GivenUp::TooLate));
    assert_eq!(late(Sight::There(7)), Step::Accepted(7));
}

#[test]
fn a_command_looks_first_and_tries_once() {
    let rules = Rules { retry: Retry::ByPerson, ..RULES };
    let absent = |last, asked| next(&seen(last, asked, Sight::Absent), &rules);
    assert_eq!(next::<u64>(&Known::durable(None), &rules), Step::Look);
    assert_eq!(next::<u64>(&Known::durable(tried(true)), &rules), Step::Look);
    let look = look(0, 0, Sight::Absent);
    assert_eq!(next::<u64>(&Known { look, ..Known::durable(None) }, &rules), Step::Attempt);
    assert_eq!(absent(LastAttempt::Forgotten, 14), Step::Later);
    assert_eq!(absent(LastAttempt::Forgotten, 15), Step::Attempt, "the command is given anew");
    for last in [LastAttempt::Unknown, LastAttempt::Duplicate] {
        assert_eq!(absent(last, 1_000_000), Step::Later, "no second attempt without a person");
    }
}

/// The last attempt was at minute 5 of both clocks.
#[test]
fn a_clock_that_is_set_forward_shortens_no_wait_of_the_process_that_made_the_attempt() {
    let absent = |made, asked, steady| {
        let look = look(asked, steady, Sight::Absent);
        let known = Known { attempts: tried(false), made, last: LastAttempt::Forgotten, look };
        next(&known, &RULES)
    };
    let made = Some(minutes(5));
    assert_eq!(absent(made, 10_000, 14), Step::Later, "only nine minutes have passed");
    assert_eq!(absent(made, 10_000, 15), Step::Attempt);
    assert_eq!(absent(made, 14, 10_000), Step::Later, "the clock was set back: the longer of the two waits");
    assert_eq!(absent(None, 15, 0), Step::Attempt, "another process knows the machine's clock only");
}

#[test]
fn after_a_restart_what_the_clock_is_ahead_of_the_platforms_is_waited_for_too() {
    let absent = |ahead, asked| {
        let look = look(asked, 0, Sight::Absent).map(|look| Look { ahead: minutes(ahead), ..look });
        next(&Known { look, ..Known::durable(tried(false)) }, &RULES)
    };
    assert_eq!(absent(9, 15), Step::Later, "it is minute 6 on the platform");
    assert_eq!(absent(9, 23), Step::Later);
    assert_eq!(absent(9, 24), Step::Attempt);
    assert_eq!(absent(0, 15), Step::Attempt);
}

#[test]
fn an_attempt_after_failures_is_looked_for_from_its_own_beginning() {
    let now = Reading { wall: minute(100), steady: minutes(7) };
    let attempted = |before| {
        let mut known = Known::<u64>::durable(before);
        known.attempted(now);
        (known.attempts.unwrap().first, known.made)
    };
    assert_eq!(attempted(tried(true)), (minute(100), Some(minutes(7))));
    assert_eq!(attempted(tried(false)), (minute(0), Some(minutes(7))));
}
