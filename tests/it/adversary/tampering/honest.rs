//! What looks like tampering and is none, and what these files alone cannot show.

use std::io::Write;

use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, Origin, PostId};
use verbale::tlog::entry::{Entry, Loss};
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tlog_proof::TlogProof;

use super::hands::{By, HONEST, Kind, Tamper, file, forged, from_the_beginning, kinds, opened, words};
use super::set::{NOTES, OPENED, at, files, post_id, posted};
use crate::support::fixture::{key, unzip};

/// Must be tolerated.
pub fn tolerated() -> Vec<Kind> {
    kinds(
        By::Anybody,
        &[
            ("nothing", |_| {}),
            ("a witness's signature added to the head", |set| file(set, "checkpoint", witnessed)),
            ("a witness's signature added to the head in a proof", |set| {
                forged(set, |files| {
                    let proof = TlogProof::parse(&files["note-17.tlog-proof"]).unwrap();
                    let mut head = proof.checkpoint.clone().into_bytes();
                    witnessed(&mut head);
                    let checkpoint = String::from_utf8(head).unwrap();
                    files.insert(
                        "note-17.tlog-proof".to_owned(),
                        TlogProof { checkpoint, ..proof }.to_text().into_bytes(),
                    );
                });
            }),
            ("the proof packed again by another program, compressed", |set| {
                let files = unzip(&set.proofs[&OPENED]);
                let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
                let options = zip::write::SimpleFileOptions::default()
                    .compression_method(zip::CompressionMethod::Deflated)
                    .last_modified_time(zip::DateTime::DEFAULT);
                for (name, bytes) in files.iter().rev() {
                    writer.start_file(name, options).unwrap();
                    writer.write_all(bytes).unwrap();
                }
                set.proofs.insert(OPENED, writer.finish().unwrap().into_inner());
            }),
            ("a file added that the list does not name: it is set aside", |set| {
                opened(set, |files| drop(files.insert("annex.pdf".to_owned(), b"%PDF".to_vec())));
            }),
            ("a file of a later version in the proof", |set| {
                forged(set, |files| drop(files.insert("note-17.tsr".to_owned(), b"a time stamp".to_vec())));
            }),
            ("the posts collected in another order, one twice, with spaces at an end", |set| {
                set.posts.reverse();
                set.posts.push(set.posts[3].clone());
                set.posts[7].text.push_str(" \n");
            }),
            ("the account's name written with a capital", |set| {
                set.posts
                    .iter_mut()
                    .filter(|post| post.author == "embassy")
                    .for_each(|post| post.author = "Embassy".into());
            }),
            ("log.txt left out", |set| drop(set.log.remove("log.txt"))),
            ("a head that was read just before the log grew", |set| {
                let mut log = HONEST.log.clone();
                let commitment = Hash::of(b"later");
                for note in NOTES + 1..=NOTES + 100 {
                    let time = at(note).plus_ms(3_100);
                    log.extend([Entry::Note { time, note, commitment }, posted(note, note)]);
                }
                // A partial tile may go once there is a full one in its place.
                set.log.retain(|name, _| !name.contains("/002.p/"));
                let grown = files(&log, &key()).into_iter().filter(|(name, _)| name != "checkpoint");
                set.log.extend(grown);
            }),
            ("an entry of a kind that is not known yet", |set| {
                from_the_beginning(set, |embassy| embassy.log.push(Entry::Unknown { line: "recant abc".to_owned() }));
            }),
        ],
    )
}

/// The line of a key that nobody here knows.
fn witnessed(head: &mut Vec<u8>) {
    let witness = LogKey::from_seed(Origin::parse("witness.example").unwrap(), [96; 32]);
    let text = String::from_utf8(head.clone()).unwrap();
    let (text, _) = text.rsplit_once("\n\n").unwrap();
    let signed = witness.sign(&format!("{text}\n"));
    head.extend_from_slice(signed.rsplit_once("\n\n").unwrap().1.as_bytes());
}

/// What nobody sees in these files, and why.
pub fn unseen() -> Vec<(Kind, &'static str)> {
    let deleted = because(
        By::Account,
        &[(
            "a daily post deleted, or that of a receipt",
            |set| {
                set.posts.retain(|post| {
                    !post.text.contains(" notes sealed today") && !post.text.starts_with("Received note ")
                })
            },
            "the log has no entry about these, and they may be switched off",
        )],
    );
    [unseen_in_files(), unseen_in_the_log(), deleted].into_iter().flatten().collect()
}

fn because(by: By, all: &[(&'static str, Tamper, &'static str)]) -> Vec<(Kind, &'static str)> {
    all.iter().map(|&(name, tamper, why)| (Kind { name, by, tamper }, why)).collect()
}

fn unseen_in_files() -> Vec<(Kind, &'static str)> {
    because(
        By::Anybody,
        &[
            (
                "post.txt under another post's number, a minute later",
                |set| {
                    forged(set, |files| {
                        let later = PostId(post_id(OPENED).0 + (60_000 << 22));
                        let [own, other] = [post_id(OPENED), later].map(|id| id.to_string());
                        words(files, "post.txt", &format!("post {own}"), &format!("post {other}"));
                        words(files, "post.txt", &format!("status/{own}"), &format!("status/{other}"));
                    });
                },
                "what stands under a number is for the platform to show: each report names the address, to be opened",
            ),
            (
                "post.txt with an address of somebody else's",
                |set| forged(set, |files| words(files, "post.txt", "https://x.com/", "https://x.com.evil.example/")),
                "the address was never sealed: each report says that it is not that of a post on X, and gives the number",
            ),
            (
                "README.txt changed",
                |set| opened(set, |files| words(files, "README.txt", "evidence", "nothing")),
                "it is for reading: each report says that anybody may have changed it",
            ),
            (
                "post.txt left out",
                |set| forged(set, |files| drop(files.remove("post.txt"))),
                "a note need not be posted yet: then each report names no moment before which it existed",
            ),
            (
                "the receipt's post left out",
                |set| forged(set, |files| drop(files.remove("receipt.post"))),
                "a receipt need not be posted: then each report claims no delivery",
            ),
            (
                "log.txt cut short",
                |set| file(set, "log.txt", |bytes| bytes.truncate(bytes.len() - 1)),
                "what is left of it is right, and it is said where it ends: a copy may be cut on its way",
            ),
            (
                "lines added at the end of log.txt",
                |set| file(set, "log.txt", |bytes| bytes.extend(b"606 note 2018-03-09T23:40:12.123Z 301 and more\n")),
                "the file may be newer than the head: they are compared once a head covers them",
            ),
        ],
    )
}

fn unseen_in_the_log() -> Vec<(Kind, &'static str)> {
    because(
        By::Operator,
        &[
            (
                "a post edited, and a line of the log that admits it",
                |set| {
                    from_the_beginning(set, |embassy| {
                        let (time, how) = (at(NOTES).plus_ms(6_000), Loss::Edited);
                        embassy.log.push(Entry::Lost { time, post: Channel::X.post(post_id(250)), how });
                    });
                    set.posts = HONEST.set().posts;
                    let post = set.posts.iter_mut().find(|post| post.id == post_id(250)).unwrap();
                    post.text = "Nothing was sealed.".to_owned();
                },
                "the log says so itself, and the audit counts it",
            ),
            (
                "a note sealed nine minutes early by the operator's clock",
                |set| {
                    from_the_beginning(set, |embassy| {
                        let place = embassy.sealed(250);
                        let Entry::Note { time, note, commitment } = embassy.log[place].clone() else { unreachable!() };
                        embassy.log[place] = Entry::Note { time: time.plus_ms(-9 * 60_000), note, commitment };
                    });
                },
                "clocks may differ by ten minutes; what counts is the post's number",
            ),
        ],
    )
}
