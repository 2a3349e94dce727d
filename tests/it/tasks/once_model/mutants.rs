//! Faults put into the decision on purpose: the model finds each of them.

use std::time::Duration;

use verbale::base::clock::Reading;
use verbale::base::time::Time;
use verbale::store::Attempts;
use verbale::tasks::once::decide::{GivenUp, Known, LastAttempt, Look, Rules, Sight, Step};

use super::engine::{Decide, Setup, as_it_is};
use super::{by_person, forward, found, one};

/// Tries again as soon as a look shows nothing.
fn retries_at_once(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    match known.look {
        Some(Look { sight: Sight::Absent, .. }) if known.last != LastAttempt::NotMade => Step::Attempt,
        _ => as_it_is(known, rules, now),
    }
}

/// Takes what could not be read for absent.
fn unreadable_is_absent(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    let look = known.look.map(|look| match look.sight {
        Sight::Unreadable => Look { sight: Sight::Absent, ..look },
        _ => look,
    });
    as_it_is(&Known { look, ..*known }, rules, now)
}

/// Counts the time-out from the first attempt.
fn counts_from_the_first(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    let attempts = known.attempts.map(|attempts| Attempts { last: attempts.first, ..attempts });
    as_it_is(&Known { attempts, ..*known }, rules, now)
}

/// Counts to the moment at which the look's answer came.
fn counts_to_the_answer(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    let now_too = Duration::from_millis(now.ms().unsigned_abs());
    let look = known.look.map(|look| Look { asked: Reading { wall: now, steady: now_too }, ..look });
    as_it_is(&Known { look, ..*known }, rules, now)
}

/// Takes a refusal as a duplicate for a failure.
fn duplicate_is_failed(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    let last = if known.last == LastAttempt::Duplicate { LastAttempt::Failed } else { known.last };
    as_it_is(&Known { last, ..*known }, rules, now)
}

/// Takes no answer for a failure.
fn unknown_is_failed(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    let last = if known.last == LastAttempt::Unknown { LastAttempt::Failed } else { known.last };
    as_it_is(&Known { last, ..*known }, rules, now)
}

/// Makes the attempt without writing it down first.
fn acts_before_it_is_durable(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    match as_it_is(known, rules, now) {
        Step::Attempt => Step::Act,
        step => step,
    }
}

/// Gives up while it may still appear.
fn gives_up_early(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    match (as_it_is(known, rules, now), known.look) {
        (Step::Later, Some(Look { sight: Sight::Absent, .. })) => Step::GiveUp(GivenUp::TooLate),
        (step, _) => step,
    }
}

/// Only waits, and never tries again.
fn waits_for_ever(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    match as_it_is(known, rules, now) {
        Step::Attempt if known.attempts.is_some() => Step::Later,
        step => step,
    }
}

/// Takes a search that was not read to its end for one that was.
fn unfinished_is_absent(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    let look = known.look.map(|look| match look.sight {
        Sight::Unfinished => Look { sight: Sight::Absent, ..look },
        _ => look,
    });
    as_it_is(&Known { look, ..*known }, rules, now)
}

/// Asks only the clock that people set.
fn asks_no_steady_clock(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    as_it_is(&Known { made: None, ..*known }, rules, now)
}

/// A command that does not look before its attempt.
fn does_not_look_first(known: &Known<u8>, rules: &Rules, now: Time) -> Step<u8> {
    match as_it_is(known, rules, now) {
        Step::Look if known.last == LastAttempt::Forgotten => Step::Attempt,
        step => step,
    }
}

#[test]
fn the_model_finds_each_fault() {
    let twice = "it is there twice";
    let of_an_engine: [(&str, Decide, &str); 10] = [
        ("retries at once", retries_at_once, twice),
        ("unreadable is absent", unreadable_is_absent, twice),
        ("unfinished is absent", unfinished_is_absent, twice),
        ("counts from the first", counts_from_the_first, twice),
        ("counts to the answer", counts_to_the_answer, twice),
        ("duplicate is failed", duplicate_is_failed, twice),
        ("unknown is failed", unknown_is_failed, twice),
        ("acts before it is durable", acts_before_it_is_durable, twice),
        ("gives up early", gives_up_early, "it is given up though a look can tell"),
        ("waits for ever", waits_for_ever, "it goes round in circles"),
    ];
    for (name, decide, what) in of_an_engine {
        let found = found(Setup { decide, ..one() });
        assert_eq!(found.what, what, "{name}: {found:#?}");
        println!("{name}: {what}, after {} steps", found.path.len());
    }
    let clock = Setup { decide: asks_no_steady_clock, ..forward() };
    assert_eq!(found(clock).what, twice, "asks no steady clock");
    let of_a_command: [(&str, Decide); 3] = [
        ("retries at once", retries_at_once),
        ("does not look first", does_not_look_first),
        ("duplicate is failed", duplicate_is_failed),
    ];
    for (name, decide) in of_a_command {
        let found = found(Setup { decide, ..by_person() });
        assert_eq!(found.what, twice, "{name}: {found:#?}");
        println!("{name} (a command): {twice}, after {} steps", found.path.len());
    }
}
