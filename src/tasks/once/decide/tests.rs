use super::*;

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

fn seen(last: LastAttempt<u64>, asked: i64, sight: Sight<u64>) -> Known<u64> {
    Known { attempts: tried(false), last, look: Some(Look { asked: minute(asked), sight }) }
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
    assert_eq!(late(Sight::Endless), Step::GiveUp(GivenUp::Endless));
    assert_eq!(late(Sight::There(7)), Step::Accepted(7));
}

#[test]
fn a_command_looks_first_and_tries_once() {
    let rules = Rules { retry: Retry::ByPerson, ..RULES };
    let absent = |last, asked| next(&seen(last, asked, Sight::Absent), &rules);
    assert_eq!(next::<u64>(&Known::durable(None), &rules), Step::Look);
    assert_eq!(next::<u64>(&Known::durable(tried(true)), &rules), Step::Look);
    let look = Some(Look { asked: minute(0), sight: Sight::Absent });
    assert_eq!(next::<u64>(&Known { look, ..Known::durable(None) }, &rules), Step::Attempt);
    assert_eq!(absent(LastAttempt::Forgotten, 14), Step::Later);
    assert_eq!(absent(LastAttempt::Forgotten, 15), Step::Attempt, "the command is given anew");
    for last in [LastAttempt::Unknown, LastAttempt::Duplicate] {
        assert_eq!(absent(last, 1_000_000), Step::Later, "no second attempt without a person");
    }
}
