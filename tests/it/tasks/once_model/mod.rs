//! Every order of events, as far as the assumptions let them happen: nothing is done twice, nothing is lost, and all ends.
//!
//! The decision is the real one, [`verbale::tasks::once::decide::next`]. Around it stand a ledger, a platform that loses
//! requests and answers, does things late, lists them late, refuses duplicates or not, and forgets; and processes that die
//! between any two steps and are started again. How much goes wrong is bounded by a number of faults; every order of them
//! is gone through, to the end of every path, not to a depth.
//!
//! | assumed | in the model |
//! |---|---|
//! | whatever an attempt does is listed within the time-out of the moment that was written down before it | deadlines that time does not pass |
//! | one process at a time: a lock that dies with its process | `locks` |
//! | what says the same as something of unknown outcome is not tried before that has ended | `one_by_one` |
//! | our clock is not set forward by the time-out between an attempt and a look of another process | `clock` |
//! | what is given up and sent again goes on with the attempts that it had | `keeps_attempts` |
//!
//! Each of the five is shown to be needed: without it there is a counterexample.
//!
//! `VERBALE_MODEL_FAULTS=1 cargo test --release --test it once_model` allows one more fault everywhere.

mod engine;
mod explore;
mod mutants;
mod world;

use engine::{Setup, TIMEOUT, as_it_is};
use explore::{Counterexample, Explored, explore};
use verbale::tasks::once::decide::Retry;

/// How many more faults are allowed than in an ordinary run.
fn more() -> u8 {
    std::env::var("VERBALE_MODEL_FAULTS").ok().and_then(|more| more.parse().ok()).unwrap_or_default()
}

fn all(name: &str, setup: Setup) -> Explored {
    let setup = Setup { faults: setup.faults + more(), ..setup };
    let explored = explore(&setup).unwrap_or_else(|found| panic!("{name}: {found:#?}"));
    let Explored { states, steps, depth } = explored;
    println!("{name}, {} faults: {states} states, {steps} steps, at most {depth} in a row", setup.faults);
    explored
}

fn found(setup: Setup) -> Counterexample {
    explore(&setup).expect_err("the model finds nothing")
}

fn one() -> Setup {
    Setup { faults: 4, slow: 2, ..Setup::new(as_it_is) }
}

fn two() -> Setup {
    Setup { faults: 2, slow: 1, effects: 2, ..Setup::new(as_it_is) }
}

fn by_person() -> Setup {
    Setup { faults: 4, slow: 2, commands: 3, retry: Retry::ByPerson, ..Setup::new(as_it_is) }
}

/// Our clock is set forward by the time-out, and no process dies.
fn forward() -> Setup {
    Setup { clock: i8::try_from(TIMEOUT).unwrap(), crashes: false, faults: 3, ..one() }
}

/// What is given up is sent again twice.
fn resent() -> Setup {
    Setup { resends: 2, faults: 3, slow: 1, ..one() }
}

#[test]
fn one_effect_is_done_once() {
    let explored = all("one effect", one());
    assert!(10_000 < explored.states);
}

#[test]
fn two_effects_are_done_once_each() {
    let explored = all("two effects", two());
    assert!(10_000 < explored.states);
}

#[test]
fn two_effects_of_the_same_words_are_done_once_each() {
    let explored = all("two effects of the same words", Setup { same_words: true, one_by_one: true, ..two() });
    assert!(10_000 < explored.states);
}

#[test]
fn a_command_that_is_given_again_sends_once() {
    let explored = all("commands", by_person());
    assert!(10_000 < explored.states);
}

#[test]
fn a_clock_that_is_set_back_does_no_harm() {
    all("one effect, clock set back", Setup { clock: -2, faults: 2, ..one() });
    all("commands, clock set back", Setup { clock: -2, faults: 2, ..by_person() });
}

#[test]
fn a_clock_that_is_set_forward_does_no_harm_while_the_process_lives() {
    all("one effect, clock set forward", forward());
}

#[test]
fn what_is_given_up_and_sent_again_is_done_once() {
    let explored = all("one effect, sent again", resent());
    assert!(10_000 < explored.states);
    all("two effects, sent again", Setup { resends: 1, ..two() });
}

#[test]
fn each_assumption_is_needed() {
    let forward = i8::try_from(TIMEOUT).unwrap();
    for setup in [
        Setup { unknown_outcome_timeout: TIMEOUT - 1, ..one() },
        Setup { locks: false, ..one() },
        Setup { clock: forward, ..one() },
        Setup { keeps_attempts: false, ..resent() },
        Setup { same_words: true, faults: 3, ..two() },
        Setup { unknown_outcome_timeout: TIMEOUT - 1, ..by_person() },
        Setup { locks: false, ..by_person() },
        Setup { clock: forward, ..by_person() },
    ] {
        assert_eq!(found(setup).what, "it is there twice");
    }
}
