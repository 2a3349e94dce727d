//! What whoever has the published files, and no key, may do to them.

use super::hands::{By, HONEST, Kind, bundle, file, kinds, other_digit, other_key, replaced, with_cr};
use super::set::{OPENED, Set, envelope_path, files, head};
use crate::support::fixture::key;

const FULL: &str = "tile/entries/000";
const SECOND: &str = "tile/entries/001";
const LEAVES: &str = "tile/0/001";
const ABOVE: &str = "tile/1/000.p/2";

pub fn all() -> Vec<Kind> {
    [entries(), tiles(), log_text(), heads(), openings()].into_iter().flatten().collect()
}

fn entries() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("an entry removed", |set| bundle(set, FULL, |entries| drop(entries.remove(20)))),
            ("two entries swapped", |set| bundle(set, FULL, |entries| entries.swap(20, 22))),
            ("a digit of a hash changed", |set| bundle(set, FULL, |entries| other_digit(&mut entries[20][40]))),
            ("an entry replaced by a copy of another", |set| {
                bundle(set, FULL, |entries| entries[22] = entries[20].clone())
            }),
            ("an entry more than a bundle has", |set| bundle(set, FULL, |entries| entries.push(entries[20].clone()))),
            ("an entry of no length", |set| bundle(set, SECOND, |entries| entries[7].clear())),
            ("a bundle cut in the middle of an entry", |set| {
                file(set, SECOND, |bytes| bytes.truncate(bytes.len() - 7))
            }),
            ("a bundle with a byte at its end", |set| file(set, SECOND, |bytes| bytes.push(b'\n'))),
            ("a bundle of zero width", |set| file(set, SECOND, Vec::clear)),
            ("a bundle removed", |set| drop(set.log.remove(SECOND))),
            ("two bundles swapped", |set| {
                let (one, other) = (set.log[FULL].clone(), set.log[SECOND].clone());
                set.log.extend([(FULL.to_owned(), other), (SECOND.to_owned(), one)]);
            }),
            ("CRLF at the ends of entries", |set| {
                bundle(set, FULL, |entries| entries.iter_mut().for_each(|entry| *entry = with_cr(entry)));
            }),
            ("NFD in place of NFC in an entry", |set| {
                bundle(set, FULL, |entries| {
                    let gap = entries.iter_mut().find(|entry| entry.starts_with(b"gap")).unwrap();
                    *gap = replaced(gap, "caf\u{e9}", "cafe\u{301}");
                });
            }),
            ("a line `key` put in place of another", |set| {
                bundle(set, FULL, |entries| {
                    let time = String::from_utf8(entries[20][5..29].to_vec()).unwrap();
                    entries[20] = format!("key {time} {}\n", other_key().vkey()).into_bytes();
                });
            }),
        ],
    )
}

fn tiles() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("a tile truncated", |set| file(set, LEAVES, |bytes| bytes.truncate(bytes.len() - 32))),
            ("a tile of zero width", |set| file(set, LEAVES, Vec::clear)),
            ("a tile of no whole number of hashes", |set| file(set, LEAVES, |bytes| bytes.truncate(bytes.len() - 1))),
            ("a tile with a hash more", |set| file(set, ABOVE, |bytes| bytes.extend([0; 32]))),
            ("a tile wrong, its bundle right", |set| file(set, LEAVES, |bytes| bytes[33] ^= 1)),
            ("a tile of the level above wrong", |set| file(set, ABOVE, |bytes| bytes[33] ^= 1)),
            ("a tile removed", |set| drop(set.log.remove(ABOVE))),
            ("everything made anew from a changed entry but the signed head", |set| {
                let mut log = HONEST.log.clone();
                log.swap(20, 22);
                let honest = set.log["checkpoint"].clone();
                set.log = files(&log, &key());
                set.log.insert("checkpoint".to_owned(), honest);
            }),
        ],
    )
}

fn log_text() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("log.txt shows another hash than the entries", |set| {
                file(set, "log.txt", |bytes| other_digit(&mut bytes[60]));
            }),
            ("a line left out of log.txt", |set| {
                file(set, "log.txt", |bytes| {
                    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
                    drop(bytes.drain(..=end));
                });
            }),
            ("an index in log.txt written 007", |set| {
                file(set, "log.txt", |bytes| *bytes = replaced(bytes, "\n7 ", "\n007 "));
            }),
            ("CRLF in log.txt", |set| file(set, "log.txt", |bytes| *bytes = with_cr(bytes))),
        ],
    )
}

fn heads() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("the head rewound to an honest, older one", |set| {
                rewound(set);
            }),
            ("the head rewound, and nobody has kept a newer one", |set| {
                rewound(set);
                set.since = head(&HONEST.log[..100], &key());
            }),
            ("the signature of another head of the log", |set| {
                let older = head(&HONEST.log[..100], &key());
                file(set, "checkpoint", |bytes| {
                    let text = bytes.windows(2).position(|window| window == b"\n\n").unwrap();
                    bytes.truncate(text);
                    bytes.extend_from_slice(&older.as_bytes()[older.find("\n\n").unwrap()..]);
                });
            }),
            ("the head signed by another key", |set| {
                set.log.insert("checkpoint".to_owned(), head(&HONEST.log, &other_key()).into_bytes());
            }),
            ("another key beside the log", |set| {
                set.log.insert("log.vkey".to_owned(), format!("{}\n", other_key().vkey()).into_bytes());
            }),
            ("the whole log signed by another key, which is beside it", |set| {
                set.log = files(&HONEST.log, &other_key());
            }),
            ("a bit of the signature changed", |set| {
                file(set, "checkpoint", |bytes| {
                    let at = bytes.len() - 9;
                    other_digit(&mut bytes[at]);
                });
            }),
            ("the size in the head changed", |set| {
                let size = HONEST.log.len();
                file(set, "checkpoint", |bytes| {
                    *bytes = replaced(bytes, &format!("\n{size}\n"), &format!("\n{}\n", size - 1))
                });
            }),
            ("the head of a log of another name", |set| {
                file(set, "checkpoint", |bytes| *bytes = replaced(bytes, "embassy.example", "embassy.exampie"));
            }),
            ("bytes after the head's signatures", |set| file(set, "checkpoint", |bytes| bytes.extend(b"and more\n"))),
            ("CRLF in the head", |set| file(set, "checkpoint", |bytes| *bytes = with_cr(bytes))),
            ("the head without its signature", |set| {
                file(set, "checkpoint", |bytes| {
                    let text = bytes.windows(2).position(|window| window == b"\n\n").unwrap();
                    bytes.truncate(text + 2);
                });
            }),
        ],
    )
}

/// The log of an earlier time.
fn rewound(set: &mut Set) {
    set.log.extend(files(&HONEST.log[..=HONEST.posted(180)], &key()));
}

fn openings() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("another envelope published for a note that is opened", |set| {
                file(set, &envelope_path(OPENED), |bytes| *bytes = replaced(bytes, "ministry", "minister"));
            }),
            ("CRLF in the published envelope of an opened note", |set| {
                file(set, &envelope_path(OPENED), |bytes| *bytes = with_cr(bytes));
            }),
            ("the published envelope of an opened note removed", |set| drop(set.log.remove(&envelope_path(OPENED)))),
        ],
    )
}
