//! What whoever hands on a proof, and holds no key, may do to its files.

use verbale::base::hash::Hash;
use verbale::base::ids::{Origin, PostId};
use verbale::note::proof::Proof;
use verbale::tlog::entry::Level;
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tlog_proof::TlogProof;
use verbale::wording::post::PostText;

use super::hands::{
    By, HONEST, Kind, forged, kinds, opened, other_digit, other_envelope, other_key, other_proof, words,
};
use super::hands::{replaced, with_cr};
use super::set::{IN_A_RUN, OPENED, at, head, post_id, published, tree};
use crate::support::fixture::{Files, account, unzip};

const ENVELOPE: &str = "note-17.envelope.txt";
const CONTENT: &str = "note-17.content.txt";
const ENTRY: &str = "note-17.entry.txt";
const RECORD: &str = "note-17.record.json";
const RECIPIENT: &str = "note-17.recipient-1.json";
const PICTURE: &str = "note-17.attachment-1.jpg";
const TLOG: &str = "note-17.tlog-proof";

pub fn all() -> Vec<Kind> {
    [files(), texts(), envelopes(), inclusion(), posts(), loose()].into_iter().flatten().collect()
}

/// The text with other words, and what depends on it up to what `until` names.
fn another_text(files: &mut Files, until: &str) {
    words(files, CONTENT, "asks for", "wants no");
    if until == CONTENT {
        return;
    }
    let (old, new) = (Hash::of(&HONEST.notes[OPENED as usize - 1].content), Hash::of(&files[CONTENT]));
    let commitment = Hash::of(&files[ENVELOPE]).to_string();
    words(files, ENVELOPE, &old.to_string(), &new.to_string());
    if until == ENVELOPE {
        return;
    }
    let new = Hash::of(&files[ENVELOPE]).to_string();
    words(files, ENTRY, &commitment, &new);
    words(files, "post.txt", &commitment, &new);
}

fn files() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("the text changed", |set| opened(set, |files| another_text(files, CONTENT))),
            ("a file left out", |set| opened(set, |files| drop(files.remove(RECORD)))),
            ("a file added that is named like one of a proof", |set| {
                forged(set, |files| drop(files.insert("note-17.content-2.txt".to_owned(), b"other".to_vec())));
            }),
            ("a second envelope", |set| {
                forged(set, |files| drop(files.insert("note-18.envelope.txt".to_owned(), files[ENVELOPE].clone())));
            }),
            ("the envelope left out", |set| forged(set, |files| drop(files.remove(ENVELOPE)))),
            ("the list left out", |set| opened(set, |files| drop(files.remove("SHA256SUMS")))),
            ("a line in the list twice", |set| {
                opened(set, |files| {
                    let list = files.get_mut("SHA256SUMS").unwrap();
                    *list = [list.as_slice(), list.as_slice()].concat();
                });
            }),
            ("the list with CRLF", |set| {
                opened(set, |files| *files.get_mut("SHA256SUMS").unwrap() = with_cr(&files["SHA256SUMS"]));
            }),
            ("the files renamed to another number", |set| {
                forged(set, |files| {
                    *files = std::mem::take(files)
                        .into_iter()
                        .map(|(name, bytes)| (name.replace("note-17.", "note-18."), bytes))
                        .collect();
                });
            }),
        ],
    )
}

/// The list is written anew in what follows.
fn texts() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("the text changed, and the list", |set| forged(set, |files| another_text(files, CONTENT))),
            ("the text changed, and the envelope", |set| forged(set, |files| another_text(files, ENVELOPE))),
            ("the text changed, and all up to entry and post", |set| forged(set, |files| another_text(files, ENTRY))),
            ("NFD in place of NFC in the text", |set| {
                forged(set, |files| {
                    words(files, CONTENT, "caf\u{e9}", "cafe\u{301}");
                    let (name, length) = (CONTENT, HONEST.notes[OPENED as usize - 1].content.len());
                    let text = length - String::from_utf8_lossy(&files[name]).find("NOTE").unwrap() - 1;
                    words(files, name, &format!("\ntext {text}\n"), &format!("\ntext {}\n", text + 1));
                });
            }),
            ("CRLF in the content", |set| {
                forged(set, |files| *files.get_mut(CONTENT).unwrap() = with_cr(&files[CONTENT]))
            }),
            ("an LF more at the end of the text", |set| {
                forged(set, |files| files.get_mut(CONTENT).unwrap().push(b'\n'))
            }),
            ("the content of another note", |set| {
                forged(set, |files| drop(files.insert(CONTENT.to_owned(), HONEST.notes[17].content.clone())));
            }),
            ("the content left out, its record not", |set| forged(set, |files| drop(files.remove(CONTENT)))),
            ("an attachment changed", |set| forged(set, |files| files.get_mut(PICTURE).unwrap().push(0))),
            ("an attachment left out", |set| forged(set, |files| drop(files.remove(PICTURE)))),
            ("an attachment added", |set| {
                forged(set, |files| drop(files.insert("note-17.attachment-2.jpg".to_owned(), b"\xff\xd8".to_vec())));
            }),
            ("the platform's record changed", |set| forged(set, |files| words(files, RECORD, "asks for", "wants no"))),
            ("the record of the recipient changed, which took no messages", |set| {
                forged(set, |files| words(files, RECIPIENT, "\"receives_your_dm\":false", "\"receives_your_dm\":true"));
            }),
            ("the record of the recipient left out", |set| forged(set, |files| drop(files.remove(RECIPIENT)))),
            ("record and content changed alike", |set| {
                forged(set, |files| {
                    let old = Hash::of(&files[RECORD]).to_string();
                    words(files, RECORD, "asks for", "wants no");
                    words(files, CONTENT, "asks for", "wants no");
                    let new = Hash::of(&files[RECORD]).to_string();
                    words(files, CONTENT, &old, &new);
                });
            }),
        ],
    )
}

fn envelopes() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("another recipient in the envelope", |set| {
                forged(set, |files| words(files, ENVELOPE, "to 783214 ministry", "to 783214 newsroom"));
            }),
            ("another salt in the envelope", |set| {
                forged(set, |files| {
                    let at = files[ENVELOPE].len() - 10;
                    other_digit(&mut files.get_mut(ENVELOPE).unwrap()[at]);
                });
            }),
            ("CRLF in the envelope", |set| {
                forged(set, |files| *files.get_mut(ENVELOPE).unwrap() = with_cr(&files[ENVELOPE]))
            }),
            ("a byte order mark before the envelope", |set| {
                forged(set, |files| {
                    *files.get_mut(ENVELOPE).unwrap() = ["\u{feff}".as_bytes(), &files[ENVELOPE]].concat()
                });
            }),
            ("the number in the envelope written 017", |set| {
                forged(set, |files| words(files, ENVELOPE, "note 17", "note 017"))
            }),
            ("bytes after the end of the envelope", |set| {
                forged(set, |files| files.get_mut(ENVELOPE).unwrap().extend(b"cc 12 newsroom\n"));
            }),
            ("the entry of another note", |set| {
                forged(set, |files| drop(files.insert(ENTRY.to_owned(), HONEST.entry(18).to_line().into_bytes())));
            }),
            ("the note of another log, entered and signed in one's own", |set| {
                let key = LogKey::from_seed(Origin::parse("copycat.example").unwrap(), [98; 32]);
                let mut copycat = HONEST.clone();
                copycat.key = key;
                other_proof(set, &copycat.proof(OPENED, Level::Content));
            }),
        ],
    )
}

fn inclusion() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("a proof for another size than its head", |set| {
                let (index, size) = (HONEST.sealed(IN_A_RUN) as u64, HONEST.sealed(103) as u64 + 1);
                let tree = tree(&HONEST.log);
                let path = tree.inclusion(index, size + 40).unwrap();
                let proof = HONEST.proof(IN_A_RUN, Level::Envelope);
                other_envelope(set, &Proof { tlog_proof: TlogProof { path, ..proof.tlog_proof.clone() }, ..proof });
            }),
            ("proof and head of another size than the post", |set| {
                let (index, size) = (HONEST.sealed(IN_A_RUN) as u64, HONEST.sealed(103) as u64 + 41);
                let path = tree(&HONEST.log).inclusion(index, size).unwrap();
                let checkpoint = head(&HONEST.log[..size as usize], &HONEST.key);
                let proof = HONEST.proof(IN_A_RUN, Level::Envelope);
                other_envelope(set, &Proof { tlog_proof: TlogProof { index, path, checkpoint }, ..proof });
            }),
            ("the index of the entry before", |set| {
                let index = HONEST.sealed(OPENED);
                forged(set, |files| words(files, TLOG, &format!("index {index}\n"), &format!("index {}\n", index - 1)));
            }),
            ("an index written with zeros before it", |set| {
                forged(set, |files| words(files, TLOG, "index ", "index 00"));
            }),
            ("a hash left out of the inclusion proof", |set| {
                let mut proof = HONEST.proof(IN_A_RUN, Level::Envelope);
                proof.tlog_proof.path.truncate(1);
                other_envelope(set, &proof);
            }),
            ("a hash of the inclusion proof changed", |set| {
                let mut proof = HONEST.proof(IN_A_RUN, Level::Envelope);
                proof.tlog_proof.path[0] = Hash::of(b"another");
                other_envelope(set, &proof);
            }),
            ("the head in the proof signed by another key", |set| {
                let mut proof = HONEST.proof(OPENED, Level::Content);
                proof.tlog_proof.checkpoint = head(&HONEST.log[..=HONEST.sealed(OPENED)], &other_key());
                other_proof(set, &proof);
            }),
            ("all signed by another key, which comes with it", |set| {
                let mut other = HONEST.clone();
                other.key = other_key();
                other_proof(set, &other.proof(OPENED, Level::Content));
            }),
            ("bytes after the end of the inclusion proof", |set| {
                forged(set, |files| files.get_mut(TLOG).unwrap().extend(b"and more\n"));
            }),
            ("CRLF in the inclusion proof", |set| {
                forged(set, |files| *files.get_mut(TLOG).unwrap() = with_cr(&files[TLOG]))
            }),
        ],
    )
}

/// `post.txt`: what the proof says that was posted.
fn posts() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("post.txt by another account", |set| {
                forged(set, |files| words(files, "post.txt", "account 2244994945", "account 12"));
            }),
            ("post.txt under the sender's number, and the name of an impostor", |set| {
                forged(set, |files| {
                    words(files, "post.txt", "account 2244994945 embassy", "account 2244994945 embassy_")
                });
            }),
            ("post.txt with the hash of another note", |set| {
                forged(set, |files| {
                    let [own, other] = [16, 17].map(|place: usize| Hash::of(&HONEST.notes[place].envelope).to_string());
                    words(files, "post.txt", &own, &other);
                });
            }),
            ("post.txt with a letter that only looks the same", |set| {
                forged(set, |files| {
                    let length = String::from_utf8_lossy(&files["post.txt"]).split_once("Sealed").unwrap().1.len() + 5;
                    words(files, "post.txt", "Sealed", "Se\u{430}led");
                    words(files, "post.txt", &format!("text {length}"), &format!("text {}", length + 1));
                });
            }),
            ("post.txt of an hour before the note", |set| {
                forged(set, |files| {
                    let [own, early] = [post_id(OPENED), PostId(post_id(OPENED).0 - (3_600_000 << 22))];
                    words(files, "post.txt", &format!("post {own}"), &format!("post {early}"));
                    words(files, "post.txt", &format!("status/{own}"), &format!("status/{early}"));
                });
            }),
            ("post.txt whose number and address differ", |set| {
                forged(set, |files| {
                    words(
                        files,
                        "post.txt",
                        &format!("status/{}", post_id(OPENED)),
                        &format!("status/{}", post_id(18)),
                    );
                });
            }),
            ("post.txt of a run without the note", |set| run(set, |first, last| (first + 4, last + 4))),
            ("post.txt of a longer run", |set| run(set, |first, last| (first, last + 1))),
            ("post.txt of a run that begins earlier", |set| run(set, |first, last| (first - 1, last))),
            ("post.txt of a daily post", |set| {
                let mut proof = HONEST.proof(OPENED, Level::Content);
                let tree = tree(&HONEST.log[..=HONEST.sealed(OPENED)]);
                let (size, root) = (tree.len(), tree.root());
                let text = PostText::Heartbeat { count: OPENED, date: at(1).date(), size, root };
                proof.post = Some(published(account("2244994945 embassy"), post_id(OPENED), &text));
                other_proof(set, &proof);
            }),
        ],
    )
}

/// The post of the run, said to be about other notes.
fn run(set: &mut super::set::Set, change: impl FnOnce(u64, u64) -> (u64, u64)) {
    let mut proof = HONEST.proof(IN_A_RUN, Level::Envelope);
    let post = proof.post.as_mut().unwrap();
    let (first, last) = change(101, 103);
    post.text = String::from_utf8(replaced(post.text.as_bytes(), "101-103", &format!("{first}-{last}"))).unwrap();
    other_envelope(set, &proof);
}

/// Single files out of a proof, which only the page takes.
fn loose() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("single files: the content of another note", |set| {
                set.loose.insert(CONTENT.to_owned(), HONEST.notes[17].content.clone());
            }),
            ("single files: the entry of another note", |set| {
                set.loose.insert(ENTRY.to_owned(), HONEST.entry(18).to_line().into_bytes());
            }),
            ("single files: the list, and one that is not as it says", |set| {
                set.loose.insert("SHA256SUMS".to_owned(), unzip(&set.proofs[&OPENED])["SHA256SUMS"].clone());
                set.loose.get_mut(RECORD).unwrap().push(b'\n');
                set.loose.retain(|name, _| name == RECORD || name == "SHA256SUMS");
            }),
            ("single files: the envelope, the text and the list alone", |set| {
                set.loose = unzip(&set.proofs[&OPENED]);
                set.loose.retain(|name, _| {
                    ["envelope.txt", "content.txt", "SHA256SUMS"].iter().any(|end| name.ends_with(end))
                });
            }),
            ("single files: a secret key among them", |set| {
                set.loose.insert("log.key".to_owned(), other_key().to_file().into_bytes());
            }),
        ],
    )
}
