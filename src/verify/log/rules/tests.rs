use super::*;
use crate::base::ids::{Channel, PostId};
use crate::tlog::entry::StampKind;

fn time() -> Time {
    Time::parse("2018-03-09T17:40:15.001Z").unwrap()
}

fn open(note: u64, level: Level, word: &str) -> Entry {
    Entry::Open { time: time(), note, level, sha256: Hash::of(word.as_bytes()) }
}

fn unlock(note: u64, word: &str) -> Entry {
    Entry::Unlock { time: time(), note, sha256: Hash::of(word.as_bytes()) }
}

fn dispute(note: u64, post: u64) -> Entry {
    Entry::Dispute { time: time(), note, post: Channel::X.post(PostId(post)) }
}

fn receipt(log: &str, note: u64, word: &str) -> Entry {
    let log = Origin::parse(log).unwrap();
    Entry::Receipt { time: time(), log, note, commitment: Hash::of(word.as_bytes()) }
}

fn stamp(size: u64) -> Entry {
    Entry::Stamp { time: time(), size, kind: StampKind::Tsr, by: "freetsa".to_owned(), sha256: Hash::ZERO }
}

fn gap(ms: i64, reason: &str) -> Entry {
    let (time, reason) = (time(), reason.to_owned());
    Entry::Gap { time, from: time.plus_ms(-3_600_000), to: time.plus_ms(ms), reason }
}

fn note(note: u64, word: &str) -> Entry {
    Entry::Note { time: time(), note, commitment: Hash::of(word.as_bytes()) }
}

/// A dispute of a post of so long before the moment at which all was sealed.
fn old_dispute(note: u64, ms: i64) -> Entry {
    let Entry::Dispute { time, note, .. } = dispute(note, 5) else { panic!() };
    Entry::Dispute { time, note, post: Channel::X.post(Channel::X.first_at(time.plus_ms(-ms))) }
}

/// What is wrong with entries that begin at this index.
fn wrong(first: u64, entries: &[Entry]) -> Option<String> {
    let mut rules = Rules::default();
    (first..).zip(entries).for_each(|(index, entry)| rules.take(index, entry));
    let check = rules.check("rules", &Origin::parse("own").unwrap());
    (check.outcome == crate::verify::check::Outcome::Fails).then_some(check.detail)
}

/// Of the notes that are no longer among the latest, those that were opened are compared on.
#[test]
fn a_hash_is_remembered_for_a_while_and_longer_if_it_is_opened() {
    let more = (3..LATEST_MAX as u64 + 3).map(|number| note(number, &number.to_string()));
    let last = LATEST_MAX as u64 + 3;
    for (again, told) in
        [("opened", Some(format!("entry {last} seals note {last} under the hash of note 1"))), ("forgotten", None)]
    {
        let begin = [note(1, "opened"), note(2, "forgotten"), open(1, Level::Envelope, "e")];
        let all: Vec<Entry> = begin.into_iter().chain(more.clone()).chain([note(last, again)]).collect();
        assert_eq!(wrong(0, &all), told.clone(), "{again}");
    }
}

#[test]
fn what_may_be_is_nothing_wrong() {
    use Level::{Content, Envelope, Unlocked};
    for entries in [
        vec![open(1, Envelope, "e"), open(1, Content, "c"), open(2, Content, "c"), open(3, Envelope, "e")],
        vec![open(1, Content, "c"), unlock(1, "u"), open(1, Unlocked, "u")],
        vec![unlock(1, "u"), open(1, Unlocked, "u"), open(1, Envelope, "e"), open(1, Content, "c")],
        vec![dispute(1, 5), dispute(1, 6), dispute(2, 5)],
        vec![receipt("a", 1, "x"), receipt("a", 2, "x"), receipt("b", 1, "x")],
        vec![stamp(10), stamp(11), stamp(1)],
        vec![note(1, "a"), note(2, "b"), note(2, "b"), old_dispute(1, SKEW_MS_MAX), dispute(3, 5)],
        vec![receipt("own.example", 1, "x"), receipt("ow", 1, "x")],
        vec![gap(0, "since noon"), gap(-1, "sincerely"), gap(SKEW_MS_MAX, "no power")],
    ] {
        assert_eq!(wrong(10, &entries), None, "{entries:?}");
    }
}

#[test]
fn what_may_not_be_is_told_with_its_entry() {
    use Level::{Content, Envelope, Unlocked};
    for (entries, told) in [
        (
            vec![open(1, Envelope, "e"), open(1, Envelope, "e")],
            "entry 11 opens the envelope of note 1 a second time, after entry 10",
        ),
        (
            vec![open(1, Content, "c"), open(1, Content, "d")],
            "entry 11 opens the content of note 1 a second time, after entry 10",
        ),
        (
            vec![open(1, Content, "c"), open(1, Envelope, "e")],
            "entry 11 opens the envelope of note 1, and entry 10 has opened its content",
        ),
        (
            vec![open(1, Unlocked, "u"), unlock(1, "u")],
            "entry 10 opens a text of note 1 that no entry before it says was unlocked",
        ),
        (
            vec![unlock(1, "u"), open(1, Unlocked, "other")],
            "entry 11 opens a text of note 1 that no entry before it says was unlocked",
        ),
        (
            vec![unlock(2, "u"), open(1, Unlocked, "u")],
            "entry 11 opens a text of note 1 that no entry before it says was unlocked",
        ),
        (
            vec![unlock(1, "u"), open(1, Unlocked, "u"), open(1, Unlocked, "u")],
            "entry 12 opens the unlocked text of note 1 a second time, after entry 11",
        ),
        (vec![unlock(1, "u"), unlock(1, "v")], "entry 11 unlocks note 1 a second time, after entry 10"),
        (
            vec![dispute(1, 5), dispute(2, 5), dispute(1, 5)],
            "entry 12 disputes note 1 in post 5 a second time, after entry 10",
        ),
        (
            vec![receipt("a", 1, "x"), receipt("a", 1, "x")],
            "entry 11 is a second receipt for note 1 of a, after entry 10",
        ),
        (
            vec![receipt("a", 1, "x"), receipt("a", 1, "y")],
            "entry 11 is a receipt for note 1 of a with another hash than that of entry 10",
        ),
        (vec![note(1, "a"), note(2, "a")], "entry 11 seals note 2 under the hash of note 1"),
        (vec![receipt("ow", 1, "x"), receipt("own", 7, "x")], "entry 11 is a receipt for note 7 of this log itself"),
        (
            vec![note(1, "a"), old_dispute(1, SKEW_MS_MAX + 1)],
            "entry 11 disputes note 1, sealed at 2018-03-09T17:40:15.001Z, in post 972162661217206272 of \
             2018-03-09T17:30:15.000Z, before it",
        ),
        (vec![stamp(11)], "entry 10 is a stamp over the head of 11 entries, and 10 were there"),
        (
            vec![gap(SKEW_MS_MAX + 1, "no power")],
            "entry 10 is of 2018-03-09T17:40:15.001Z, and its gap ends at 2018-03-09T17:50:15.002Z, more than 10 minutes \
             after it",
        ),
        (vec![gap(1, "since noon")], "entry 10 is of a gap that lasts, and does not end at its own time"),
    ] {
        assert_eq!(wrong(10, &entries).as_deref(), Some(told));
    }
}

#[test]
fn beyond_what_is_remembered_it_is_said_that_nothing_was_compared() {
    let mut rules = Rules::default();
    for at in 0..=RARE_MAX as u64 {
        rules.take(at, &dispute(1, at));
        rules.take(at, &open(at + 1, Level::Envelope, "e"));
    }
    let check = rules.check("rules", &Origin::parse("own").unwrap());
    assert_eq!(check.outcome, crate::verify::check::Outcome::NotChecked);
    assert!(check.detail.starts_with("2 entries about openings, disputes or receipts"), "{}", check.detail);
    // What is remembered is still compared.
    rules.take(0, &dispute(1, 0));
    assert_eq!(rules.check("rules", &Origin::parse("own").unwrap()).outcome, crate::verify::check::Outcome::Fails);
}
