use super::*;
use crate::base::hash::Hash;
use crate::base::ids::Channel;

fn at(ms: i64) -> Time {
    Time::parse("2018-03-09T17:40:15.001Z").unwrap().plus_ms(ms)
}

fn note(note: u64, ms: i64) -> Entry {
    Entry::Note { time: at(ms), note, commitment: Hash::of(&note.to_be_bytes()) }
}

/// A post of notes that was made at one moment and entered at another.
fn post(first: u64, last: u64, (made, entered): (i64, i64)) -> Entry {
    Entry::Post { time: at(entered), first, last, post: Channel::X.post(Channel::X.first_at(at(made))) }
}

/// The order of a note, more lines of an unknown kind than are kept of notes, another note, and these.
fn hidden(by: impl Iterator<Item = Entry>, then: &[Entry]) -> Order {
    let mut order = Order::default();
    let all = std::iter::once(note(1, 0)).chain(by).chain(then.iter().cloned());
    for (index, entry) in (0..).zip(all) {
        order.take(index, &entry);
    }
    order
}

fn unknown() -> impl Iterator<Item = Entry> {
    (0..=WINDOW_MAX).map(|number| Entry::Unknown { line: format!("x {number}") })
}

/// More notes without a post than are kept.
fn notes() -> impl Iterator<Item = Entry> {
    (2..=WINDOW_MAX as u64 + 2).map(|number| note(number, 1000))
}

#[test]
fn no_flood_of_entries_hides_a_note_that_was_never_posted() {
    assert_eq!(hidden(unknown(), &[note(2, DAY_MS)]).waiting_since(), Some(at(0)));
    let last = WINDOW_MAX as u64 + 3;
    assert_eq!(hidden(notes(), &[note(last, DAY_MS)]).waiting_since(), Some(at(0)));
    let posted = post(1, last, (DAY_MS, DAY_MS));
    let order = hidden(notes(), &[note(last, DAY_MS), posted]);
    assert_eq!((order.waiting_since(), order.is_any_waiting(), order.longest_wait), (None, false, DAY_MS));
}

#[test]
fn no_flood_of_entries_hides_a_post_that_is_older_than_its_note() {
    let before = -SKEW_MS_MAX - 1;
    for (moment, count) in [(before, 1), (before + 1, 0)] {
        let posted = post(1, 1, (moment, 1000));
        let order = hidden(unknown(), &[note(2, 1000), posted.clone()]);
        assert_eq!(order.times.count(), count, "{:?}", order.times.told());
        assert_eq!(hidden(notes(), &[posted]).times.count(), count);
    }
}
