//! What the operator may enter that the log's own rules do not allow, and two versions of one note.

use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, Origin};
use verbale::note::{Correspondence, Envelope};
use verbale::tlog::entry::{Entry, Level, StampKind};

use super::hands::{By, HONEST, Kind, from_the_beginning, kinds};
use super::set::{Embassy, NOTES, OPENED, Set, at, opening, post_id, posted};

pub fn all() -> Vec<Kind> {
    [openings(), once(), impossible(), versions()].into_iter().flatten().collect()
}

/// More lines at the end of the log.
fn with(set: &mut Set, more: &[Entry]) {
    from_the_beginning(set, |embassy| embassy.log.extend_from_slice(more));
}

/// A line that opens something of a note.
fn open(note: u64, level: Level, sha256: Hash) -> Entry {
    Entry::Open { time: at(NOTES + 1), note, level, sha256 }
}

fn openings() -> Vec<Kind> {
    use Level::{Content, Envelope, Unlocked};
    kinds(
        By::Operator,
        &[
            ("an envelope opened under another hash", |set| with(set, &[open(250, Envelope, Hash::of(b"another"))])),
            ("a text opened that was not sealed", |set| with(set, &[open(250, Content, Hash::of(b"another"))])),
            ("an envelope opened twice", |set| {
                let again = HONEST.opened(OPENED, Envelope, at(NOTES + 1));
                from_the_beginning(set, |embassy| {
                    let content = embassy.place(|entry| matches!(entry, Entry::Open { level: Content, .. }));
                    drop(embassy.log.remove(content));
                    embassy.log.push(again);
                });
            }),
            ("a text opened twice", |set| with(set, &[HONEST.opened(OPENED, Content, at(NOTES + 1))])),
            ("an envelope opened after the text", |set| {
                with(set, &[Content, Envelope].map(|level| HONEST.opened(250, level, at(NOTES + 1))));
            }),
            ("a text opened that never became readable", |set| with(set, &[open(54, Unlocked, Hash::of(b"another"))])),
            ("a note unlocked twice", |set| {
                let (time, sha256) = (at(NOTES + 1), Hash::of(b"another"));
                with(set, &[Entry::Unlock { time, note: 54, sha256 }]);
            }),
        ],
    )
}

/// What may stand there once.
fn once() -> Vec<Kind> {
    kinds(
        By::Operator,
        &[
            ("a dispute entered twice", |set| {
                from_the_beginning(set, |embassy| {
                    let again = embassy.log[embassy.place(|entry| matches!(entry, Entry::Dispute { .. }))].clone();
                    let Entry::Dispute { note, post, .. } = again else { unreachable!() };
                    embassy.log.push(Entry::Dispute { time: at(NOTES + 1), note, post });
                });
            }),
            ("a receipt given twice", |set| with(set, &[receipt("a note of the consulate")])),
            ("receipts that contradict each other", |set| with(set, &[receipt("another note")])),
            ("one post for two runs that are not neighbours", |set| {
                from_the_beginning(set, |embassy| {
                    let (place, time) = (embassy.posted(252), at(252).plus_ms(5_000));
                    let post = Channel::X.post(post_id(250));
                    embassy.log[place] = Entry::Post { time, first: 252, last: 252, post };
                });
            }),
        ],
    )
}

fn receipt(of: &str) -> Entry {
    let log = Origin::parse("consulate.example/notes").unwrap();
    Entry::Receipt { time: at(NOTES + 1), log, note: 8, commitment: Hash::of(of.as_bytes()) }
}

/// What cannot be.
fn impossible() -> Vec<Kind> {
    kinds(
        By::Operator,
        &[
            ("a time stamp over a head that was not there yet", |set| {
                let (size, by) = (10_000, "freetsa".to_owned());
                let stamp =
                    Entry::Stamp { time: at(NOTES + 1), size, kind: StampKind::Tsr, by, sha256: Hash::of(b"stamp") };
                with(set, &[stamp]);
            }),
            ("a gap that ends after its entry", |set| {
                let (time, reason) = (at(NOTES + 1), "no power".to_owned());
                with(set, &[Entry::Gap { time, from: time, to: time.plus_ms(3_600_000), reason }]);
            }),
            ("a gap that lasts, and ends before its entry", |set| {
                let (time, reason) = (at(NOTES + 1), "since the power went away".to_owned());
                with(set, &[Entry::Gap { time, from: at(NOTES - 9), to: at(NOTES), reason }]);
            }),
            ("a receipt for a note of the log itself", |set| {
                let (time, commitment) = (at(NOTES + 1), Hash::of(b"a note"));
                let log = crate::support::fixture::key().name().clone();
                with(set, &[Entry::Receipt { time, log, note: 9, commitment }]);
            }),
            ("a dispute of a post from before its note", |set| {
                let post = Channel::X.post(post_id(NOTES - 60));
                with(set, &[Entry::Dispute { time: at(NOTES + 1), note: NOTES, post }]);
            }),
            ("a key that is none", |set| {
                with(set, &[Entry::Unknown { line: format!("key {} another", at(NOTES + 1)) }]);
            }),
        ],
    )
}

/// One more note than is honest, and what its envelope says; it and the last one are opened.
fn second_version(set: &mut Set, change: impl FnOnce(&mut Envelope, Envelope)) {
    from_the_beginning(set, |embassy| {
        let last = Envelope::parse(&embassy.notes[NOTES as usize - 1].envelope).unwrap();
        let mut note = opening(NOTES + 1, "NOTE VERBALE. Nothing is asked.", last.commitment());
        let mut envelope = Envelope::parse(&note.envelope).unwrap();
        change(&mut envelope, last);
        note.envelope = envelope.to_text().into_bytes();
        embassy.notes.push(note);
        let line = embassy.entry(NOTES + 1);
        embassy.log.extend([line, posted(NOTES + 1, NOTES + 1)]);
        opened_both(embassy);
    });
}

fn opened_both(embassy: &mut Embassy) {
    let time = at(NOTES + 2);
    let both = [NOTES, NOTES + 1].map(|note| embassy.opened(note, Level::Envelope, time));
    embassy.log.extend(both);
}

fn versions() -> Vec<Kind> {
    kinds(
        By::Operator,
        &[
            ("two versions of one message, both opened", |set| {
                second_version(set, |envelope, last| {
                    (envelope.message, envelope.sent) = (last.message, last.sent);
                });
            }),
            ("two notes at one place of a correspondence, both opened", |set| {
                second_version(set, |envelope, last| envelope.correspondence = last.correspondence);
            }),
            ("a place in a correspondence that has not so many notes", |set| {
                second_version(set, |envelope, last| {
                    let previous = last.commitment();
                    envelope.correspondence = Correspondence { count: NOTES + 2, previous };
                });
            }),
            ("two notes directly after the same one, both opened", |set| {
                second_version(set, |envelope, last| {
                    let previous = last.correspondence.previous;
                    envelope.correspondence = Correspondence { count: NOTES + 5, previous };
                });
            }),
            ("a note that does not follow the one before it, both opened", |set| {
                second_version(set, |envelope, _| {
                    envelope.correspondence =
                        Correspondence { count: NOTES + 1, previous: Hash::of(b"a note that nobody has") };
                });
            }),
        ],
    )
}
