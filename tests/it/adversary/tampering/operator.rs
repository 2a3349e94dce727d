//! What the operator, who holds the log's key, may do: lie from the beginning, or change the log afterwards.

use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, PostId};
use verbale::tlog::entry::{Entry, Level};

use super::hands::{By, HONEST, Kind, afterwards, from_the_beginning, kinds, other_key};
use super::set::{IN_A_RUN, NOTES, OPENED, SEEN, Set, at, files, head, opening, post_id, posted};

/// A note in the later half of the log, which no proof is about.
const LATE: u64 = 250;

pub fn all() -> Vec<Kind> {
    [order(), lines(), changed(), split()].into_iter().flatten().collect()
}

/// What is wrong with the order, signed and posted from the beginning.
fn order() -> Vec<Kind> {
    kinds(
        By::Operator,
        &[
            ("a number skipped", |set| {
                from_the_beginning(set, |embassy| {
                    drop(embassy.log.drain(embassy.sealed(LATE)..embassy.sealed(LATE) + 2))
                });
            }),
            ("a note entered twice", |set| {
                from_the_beginning(set, |embassy| embassy.log.insert(embassy.sealed(LATE) + 1, embassy.entry(LATE)));
            }),
            ("two notes in the wrong order", |set| {
                from_the_beginning(set, |embassy| {
                    let (one, other) = (embassy.sealed(LATE), embassy.sealed(LATE + 1));
                    embassy.log.swap(one, other);
                });
            }),
            ("two hashes under one number", |set| {
                from_the_beginning(set, |embassy| {
                    let other =
                        Entry::Note { time: at(LATE).plus_ms(3_200), note: LATE, commitment: Hash::of(b"other") };
                    embassy.log.insert(embassy.sealed(LATE) + 1, other);
                });
            }),
            ("a note posted twice", |set| {
                from_the_beginning(set, |embassy| {
                    embassy.log.insert(embassy.posted(LATE) + 1, embassy.log[embassy.posted(LATE)].clone());
                });
            }),
            ("a note never posted", |set| {
                from_the_beginning(set, |embassy| drop(embassy.log.remove(embassy.posted(LATE))));
            }),
            ("a gap under a time that has not come yet", |set| {
                from_the_beginning(set, |embassy| {
                    let (from, reason) = (at(NOTES), "no power".to_owned());
                    let [time, to] = [from.plus_ms(40_000_000_000_000); 2];
                    embassy.log.push(Entry::Gap { time, from, to, reason });
                });
            }),
            ("the last note never posted", |set| from_the_beginning(set, |embassy| drop(embassy.log.pop()))),
            ("a post entered before its note", |set| {
                from_the_beginning(set, |embassy| {
                    let (note, post) = (embassy.sealed(LATE), embassy.posted(LATE));
                    embassy.log.swap(note, post);
                });
            }),
            ("a run that leaves out a note", |set| {
                from_the_beginning(set, |embassy| {
                    let place = embassy.posted(103);
                    embassy.log[place] = posted(102, 103);
                });
            }),
            ("time going back", |set| {
                from_the_beginning(set, |embassy| {
                    let (place, commitment) =
                        (embassy.sealed(LATE), Hash::of(&embassy.notes[LATE as usize - 1].envelope));
                    embassy.log[place] = Entry::Note { time: at(LATE - 60), note: LATE, commitment };
                });
            }),
            ("a post older than its note", |set| {
                from_the_beginning(set, |embassy| under(embassy, LATE, PostId(post_id(LATE - 60).0 + 1)))
            }),
            ("a post from after its entry", |set| {
                from_the_beginning(set, |embassy| under(embassy, LATE, PostId(post_id(LATE + 40).0 + 1)));
            }),
        ],
    )
}

/// Enters the post of a note under another number.
fn under(embassy: &mut super::set::Embassy, note: u64, post: PostId) {
    let place = embassy.posted(note);
    let time = at(note).plus_ms(5_000);
    embassy.log[place] = Entry::Post { time, first: note, last: note, post: Channel::X.post(post) };
}

/// Single lines that are not what they should be.
fn lines() -> Vec<Kind> {
    kinds(
        By::Operator,
        &[
            ("a number written 007", |set| in_place_of_late(set, |line| line.replacen(" 250 ", " 0250 ", 1))),
            ("an entry with CRLF", |set| in_place_of_late(set, |line| format!("{line}\r"))),
            ("an entry with a space at its end", |set| in_place_of_late(set, |line| format!("{line} "))),
            ("an entry with a byte order mark", |set| in_place_of_late(set, |line| format!("\u{feff}{line}"))),
            ("a hash in capitals", |set| {
                in_place_of_late(set, |line| {
                    let (words, hash) = line.rsplit_once(' ').unwrap();
                    format!("{words} {}", hash.to_uppercase())
                });
            }),
            ("a control character in an entry", |set| in_place_of_late(set, |line| line.replacen(' ', "\t", 1))),
            ("a gap that ends before it begins", |set| {
                from_the_beginning(set, |embassy| {
                    let place = embassy.place(|entry| matches!(entry, Entry::Gap { .. }));
                    let Entry::Gap { time, from, to, reason } = embassy.log[place].clone() else { unreachable!() };
                    embassy.log[place] = Entry::Unknown { line: format!("gap {time} {to} {from} {reason}") };
                });
            }),
            ("a note under a kind that is not known", |set| {
                in_place_of_late(set, |line| line.replacen("note", "Note", 1))
            }),
            ("the opening of a note that is not there", |set| {
                from_the_beginning(set, |embassy| {
                    let (time, sha256) = (at(NOTES + 1), Hash::of(b"nothing"));
                    embassy.log.push(Entry::Open { time, note: NOTES + 1, level: Level::Envelope, sha256 });
                });
            }),
            ("a dispute of a note that is not there", |set| {
                from_the_beginning(set, |embassy| {
                    let (time, post) = (at(NOTES + 1), post_id(NOTES + 2));
                    embassy.log.push(Entry::Dispute { time, note: NOTES + 1, post: Channel::X.post(post) });
                });
            }),
        ],
    )
}

/// The line with which a late note was sealed, as somebody writes it.
fn in_place_of_late(set: &mut Set, write: impl FnOnce(String) -> String) {
    from_the_beginning(set, |embassy| {
        let place = embassy.sealed(LATE);
        embassy.log[place] = Entry::Unknown { line: write(embassy.log[place].to_string()) };
    });
}

/// What was posted or seen does not change with it.
fn changed() -> Vec<Kind> {
    kinds(
        By::Operator,
        &[
            ("history: another text in a note, and its proof made anew", |set| {
                afterwards(set, |embassy| {
                    let place = embassy.sealed(OPENED);
                    let before = Hash::of(&embassy.notes[OPENED as usize - 2].envelope);
                    embassy.notes[OPENED as usize - 1] =
                        opening(OPENED, "NOTE VERBALE No. 17. Nothing is asked.", before);
                    embassy.log[place] = embassy.entry(OPENED);
                });
            }),
            ("history: a note removed, and those after it numbered anew", |set| {
                afterwards(set, |embassy| {
                    drop(embassy.log.drain(embassy.sealed(LATE)..embassy.sealed(LATE) + 2));
                    let lower = |note: &mut u64| *note -= u64::from(LATE < *note);
                    for entry in &mut embassy.log {
                        match entry {
                            Entry::Note { note, .. } => lower(note),
                            Entry::Post { first, last, .. } => [first, last].into_iter().for_each(lower),
                            _ => {}
                        }
                    }
                });
            }),
            ("history: a note put in later", |set| {
                afterwards(set, |embassy| {
                    let (place, time) = (embassy.sealed(NOTES), at(NOTES).plus_ms(3_000));
                    embassy.log[place] = Entry::Note { time, note: NOTES, commitment: Hash::of(b"invented") };
                });
            }),
            ("history: a dispute removed", |set| {
                afterwards(set, |embassy| {
                    drop(embassy.log.remove(embassy.place(|entry| matches!(entry, Entry::Dispute { .. }))));
                });
            }),
            ("history: a gap removed", |set| {
                afterwards(set, |embassy| {
                    drop(embassy.log.remove(embassy.place(|entry| matches!(entry, Entry::Gap { .. }))))
                });
            }),
            ("history: the posts of two notes exchanged", |set| {
                afterwards(set, |embassy| {
                    under(embassy, LATE, post_id(LATE + 1));
                    under(embassy, LATE + 1, post_id(LATE));
                });
            }),
        ],
    )
}

/// Different logs for different readers.
fn split() -> Vec<Kind> {
    kinds(
        By::Operator,
        &[
            ("two heads of one size", |set| {
                let mut other = HONEST.log.clone();
                let end = other.len() - 1;
                other[end] = Entry::Unknown { line: "another".to_owned() };
                set.since = head(&other, &crate::support::fixture::key());
            }),
            ("the head that was kept exchanged for that of another key", |set| {
                set.since = head(&HONEST.log[..SEEN], &other_key());
            }),
            ("the log rewound, and grown again in another way", |set| {
                let mut other = HONEST.log[..SEEN].to_vec();
                other[SEEN - 1] = Entry::Unknown { line: "another".to_owned() };
                set.since = head(&other, &crate::support::fixture::key());
            }),
            ("the log begun anew under the same name and another key", |set| {
                set.log = files(&HONEST.log[..100], &other_key());
            }),
            ("a proof from a log that nobody was shown", |set| {
                let mut embassy = HONEST.clone();
                let before = Hash::of(&embassy.notes[OPENED as usize - 2].envelope);
                embassy.notes[OPENED as usize - 1] = opening(OPENED, "NOTE VERBALE No. 17. Nothing is asked.", before);
                let place = embassy.sealed(OPENED);
                embassy.log[place] = embassy.entry(OPENED);
                let run = set.proofs[&IN_A_RUN].clone();
                embassy.hand_out(set);
                set.proofs.insert(IN_A_RUN, run);
            }),
        ],
    )
}
