//! What may be done to the archive that a proof is; and what a sender may have sealed, and a recipient received.

use verbale::base::hash::Hash;
use verbale::base::ids::Origin;
use verbale::note::{Content, Envelope, FileRef};
use verbale::tlog::entry::{Entry, Level};

use super::hands::{By, HONEST, Kind, forged, kinds, other_digit, other_key, replaced};
use super::set::{OPENED, Received, Set, with_receipt};
use crate::support::fixture::{account, key, resum, unzip, zip, zip_in_order};

pub fn all() -> Vec<Kind> {
    [shapes(), sealed(), received()].into_iter().flatten().collect()
}

fn archive(set: &mut Set, change: impl FnOnce(&[u8]) -> Vec<u8>) {
    let changed = change(&set.proofs[&OPENED]);
    set.proofs.insert(OPENED, changed);
}

/// Gives the file that is called `from` in the archive another name of the same length: in its own header, or in the list.
fn renamed(zip: &[u8], from: &str, to: &str, in_list: bool) -> Vec<u8> {
    let is_at = |at: &usize| zip[*at..].starts_with(from.as_bytes());
    let mut places = (0..zip.len()).filter(is_at).filter(|at| {
        let header = if in_list { at.checked_sub(46) } else { at.checked_sub(30) };
        let start: &[u8] = if in_list { b"PK\x01\x02" } else { b"PK\x03\x04" };
        header.is_some_and(|header| zip[header..].starts_with(start))
    });
    let at = places.next().unwrap();
    [&zip[..at], to.as_bytes(), &zip[at + from.len()..]].concat()
}

/// The proof with one more file, which is called something of the same length until the archive is made.
fn with_file(set: &mut Set, stand_in: &str, name: &str, bytes: &[u8]) {
    archive(set, |proof| {
        let mut files = unzip(proof);
        files.insert(stand_in.to_owned(), bytes.to_vec());
        resum(&mut files);
        renamed(&renamed(&zip(&files), stand_in, name, false), stand_in, name, true)
    });
}

/// Stored files whose lengths stand behind their data: who reads from front to end looks for the end in the data, where another
/// archive stands.
fn streamed(zip: &[u8]) -> Vec<u8> {
    let mut files = unzip(zip);
    files.insert("README.txt".to_owned(), zip_in_order([("note-17.envelope.txt", &b"another envelope\n"[..])]));
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in &files {
        writer.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut writer, bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Bit 13 of the flags of the first file, in both headers.
fn masked(zip: &[u8]) -> Vec<u8> {
    let mut zip = zip.to_vec();
    let list = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    for flags in [6, list + 8] {
        zip[flags + 1] |= 0x20;
    }
    zip
}

fn shapes() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("two files of one name in the archive", |set| {
                with_file(set, "note-17.envelope.tx0", "note-17.envelope.txt", b"another envelope\n");
            }),
            ("two names that differ in case alone", |set| {
                forged(set, |files| drop(files.insert("POST.TXT".to_owned(), b"another".to_vec())));
            }),
            ("a file that climbs out of the archive", |set| with_file(set, "..0evil.txt", "../evil.txt", b"evil")),
            ("another name in a file's header than in the archive's list", |set| {
                archive(set, |zip| renamed(zip, "post.txt", "past.txt", false));
            }),
            ("bytes before the archive", |set| archive(set, |zip| [b"#!/bin/sh\n", zip].concat())),
            ("bytes after the archive", |set| archive(set, |zip| [zip, b"and more"].concat())),
            ("another archive's end in a comment of the archive", |set| {
                archive(set, |zip| [&zip[..zip.len() - 2], b"\x16\0PK\x05\x06", &[0; 18]].concat());
            }),
            ("another archive before it in one file", |set| {
                let other = zip_in_order([("note-17.envelope.txt", &b"another"[..])]);
                archive(set, |zip| [&other, zip].concat());
            }),
            ("the archive cut short", |set| archive(set, |zip| zip[..zip.len() - 30].to_vec())),
            ("a byte changed inside the archive", |set| {
                archive(set, |zip| replaced(zip, "NOTE VERBALE", "NOTE VERBAL3"))
            }),
            ("a file longer than any of its kind", |set| {
                forged(set, |files| drop(files.insert("note-17.envelope.txt".to_owned(), vec![b'x'; 17 * 1024])));
            }),
            ("300 files", |set| {
                forged(set, |files| files.extend((0..300).map(|n| (format!("file-{n}"), Vec::new()))));
            }),
            ("an archive that only programs see that read from front to end", |set| archive(set, streamed)),
            ("a header that is said to be masked", |set| archive(set, masked)),
            ("no archive at all", |set| archive(set, |_| b"verbale envelope v1\n".to_vec())),
        ],
    )
}

/// The sender itself seals, signs and posts what does not fit.
fn sealed() -> Vec<Kind> {
    kinds(
        By::Operator,
        &[
            ("sealed: another text than in the platform's record", |set| {
                reseal(set, |content, _| content.text = Some("NOTE VERBALE No. 17. Nothing is asked.".to_owned()));
            }),
            ("sealed: another time than in the message's number", |set| {
                reseal(set, |_, envelope| envelope.sent = envelope.sent.plus_ms(-3_600_000));
            }),
            ("sealed: an hour before it was sent", |set| {
                reseal(set, |_, envelope| envelope.seen = envelope.seen.plus_ms(-3_600_000));
            }),
            ("sealed: a conversation of others", |set| {
                reseal(set, |_, envelope| envelope.to = vec![account("12 newsroom")])
            }),
            ("sealed: under the name of another log", |set| {
                reseal(set, |_, envelope| envelope.log = Origin::parse("other.example").unwrap());
            }),
            ("sealed: under the number of another note", |set| reseal(set, |_, envelope| envelope.note = 18)),
            ("sealed: an attachment that is another file", |set| {
                reseal(set, |content, _| {
                    content.header.attachments =
                        vec![verbale::note::AttachmentRef::File(FileRef::of(b"other", "image/jpeg"))];
                });
            }),
            ("sealed: what the platform shows of another account, as the recipient's record", |set| {
                let record = br#"{"id":"12","username":"newsroom","receives_your_dm":true}"#.to_vec();
                super::hands::from_the_beginning(set, |embassy| {
                    let note = &mut embassy.notes[OPENED as usize - 1];
                    let mut content = Content::parse(&note.content).unwrap();
                    let mut envelope = Envelope::parse(&note.envelope).unwrap();
                    content.header.records.truncate(1);
                    content.header = content.header.with_recipients(std::slice::from_ref(&record));
                    note.records = vec![note.records[0].clone(), record];
                    envelope.content = content.hash();
                    (note.content, note.envelope) = (content.to_text().into_bytes(), envelope.to_text().into_bytes());
                    let place = embassy.sealed(OPENED);
                    embassy.log[place] = embassy.entry(OPENED);
                    embassy.open_anew(OPENED);
                });
            }),
            ("sealed: an envelope with CRLF", |set| {
                let envelope = &HONEST.notes[OPENED as usize - 1].envelope;
                reseal_bytes(set, super::hands::with_cr(envelope), None);
            }),
            ("sealed: the same hash as for another note", |set| {
                reseal_bytes(set, HONEST.notes[17].envelope.clone(), None);
            }),
        ],
    )
}

/// From the beginning, the note that is opened was sealed so.
fn reseal(set: &mut Set, change: impl FnOnce(&mut Content, &mut Envelope)) {
    let honest = &HONEST.notes[OPENED as usize - 1];
    let mut content = Content::parse(&honest.content).unwrap();
    let mut envelope = Envelope::parse(&honest.envelope).unwrap();
    change(&mut content, &mut envelope);
    if envelope.content == Hash::of(&honest.content) {
        envelope.content = content.hash();
    }
    reseal_bytes(set, envelope.to_text().into_bytes(), Some(content.to_text().into_bytes()));
}

fn reseal_bytes(set: &mut Set, envelope: Vec<u8>, content: Option<Vec<u8>>) {
    super::hands::from_the_beginning(set, |embassy| {
        let place = embassy.sealed(OPENED);
        let note = &mut embassy.notes[OPENED as usize - 1];
        note.envelope = envelope;
        if let Some(content) = content {
            note.content = content;
        }
        embassy.log[place] = embassy.entry(OPENED);
        embassy.open_anew(OPENED);
    });
}

/// What may be wrong with a receipt. Nobody else's word says that it came, so whoever invents one is the forger.
fn received() -> Vec<Kind> {
    kinds(
        By::Recipient,
        &[
            ("a receipt of another note", |set| {
                receipt(set, |received| {
                    let Entry::Receipt { note, .. } = &mut received.line else { unreachable!() };
                    *note = 18;
                });
            }),
            ("a receipt of another hash", |set| {
                receipt(set, |received| {
                    let Entry::Receipt { commitment, .. } = &mut received.line else { unreachable!() };
                    *commitment = Hash::of(b"another");
                });
            }),
            ("a receipt entered before the note was sent", |set| {
                receipt(set, |received| {
                    let Entry::Receipt { time, .. } = &mut received.line else { unreachable!() };
                    *time = time.plus_ms(-3_600_000);
                });
            }),
            ("a receipt from the sender's own log", |set| receipt(set, |received| received.key = key())),
            ("a receipt under the recipient's name, by another key", |set| {
                receipt(set, |received| {
                    received.key = verbale::tlog::signed_note::LogKey::from_seed(received.key.name().clone(), [97; 32]);
                });
            }),
            ("a receipt by an account that the note is not addressed to", |set| {
                receipt(set, |received| received.by = account("12 newsroom"));
            }),
            ("a receipt by the sender's own account", |set| {
                receipt(set, |received| received.by = account("2244994945 embassy"));
            }),
            ("a receipt without its inclusion proof", |set| {
                forged(set, |files| drop(files.remove("receipt.inclusion")))
            }),
            ("a receipt with another key beside it", |set| {
                forged(set, |files| {
                    drop(files.insert("receipt.vkey".to_owned(), format!("{}\n", other_key().vkey()).into_bytes()))
                });
            }),
            ("the post of a receipt with another root", |set| {
                forged(set, |files| {
                    let post = files.get_mut("receipt.post").unwrap();
                    let at = post.len() - 10;
                    other_digit(&mut post[at]);
                });
            }),
        ],
    )
}

fn receipt(set: &mut Set, change: impl FnOnce(&mut Received)) {
    let mut received = Received::honest(Hash::of(&HONEST.notes[OPENED as usize - 1].envelope));
    change(&mut received);
    let proof = HONEST.proof(OPENED, Level::Content).pack();
    set.proofs.insert(OPENED, with_receipt(&proof, &received.receipt()));
}
