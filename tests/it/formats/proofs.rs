//! Proofs: what holds, and that nothing in them can be changed unnoticed.

use verbale::base::hash::Hash;
use verbale::base::ids::Channel;
use verbale::note::packaging;
use verbale::note::proof::{Proof, Receipt};
use verbale::note::{AttachmentRef, Content};
use verbale::verify::check::Outcome;
use verbale::verify::proof::{Trust, Verdict, verify};
use verbale::wording::post::PostText;

use crate::support::fixture::{self, Files, failing, pinned, report, resum, unzip, zip};

fn opened() -> Files {
    unzip(&fixture::proof().pack())
}

#[test]
fn a_full_proof_holds() {
    let report = verify(&fixture::proof().pack(), &pinned());
    assert_eq!(report.exit_status(), 4, "{report}");
    let outcome = |name| report.checks.iter().find(|check| check.name == name).unwrap().outcome;
    for name in ["files", "envelope", "commitment", "origin", "inclusion", "signature", "key", "post", "time"] {
        assert_eq!(outcome(name), Outcome::Holds, "{name}");
    }
    for name in ["content", "record", "attachments"] {
        assert_eq!(outcome(name), Outcome::Holds, "{name}");
    }
    for name in ["README.txt", "platform"] {
        assert_eq!(outcome(name), Outcome::NotChecked, "{name}");
    }
    let delivery = report.claims.iter().find(|claim| claim.name == "delivery").unwrap();
    assert!(delivery.shown.is_empty() && !delivery.not_shown.is_empty());
    insta::assert_snapshot!(report);
}

#[test]
fn an_envelope_alone_holds_and_says_what_is_not_opened() {
    let report = verify(&fixture::envelope_proof().pack(), &Trust::default());
    assert_eq!(report.exit_status(), 4, "{report}");
    let outcome = |name| report.checks.iter().find(|check| check.name == name).unwrap().outcome;
    assert_eq!(outcome("content"), Outcome::NotChecked);
    assert_eq!(outcome("key"), Outcome::NotChecked);
    insta::assert_snapshot!(report);
}

#[test]
fn the_json_report_says_the_same() {
    let report = verify(&fixture::proof().pack(), &pinned());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["verdict"], &json["status"]), (&"intact".into(), &4.into()));
    assert_eq!(json["subject"]["note"], 2);
    assert_eq!(json["checks"][0]["outcome"], "holds");
    assert_eq!(json["claims"].as_array().unwrap().len(), 5, "{json}");
}

#[test]
fn the_same_proof_makes_the_same_bytes() {
    assert_eq!(fixture::proof().pack(), fixture::proof().pack());
    assert_eq!(zip(&unzip(&fixture::proof().pack())).len(), fixture::proof().pack().len());
    insta::assert_snapshot!(String::from_utf8(opened()["README.txt"].clone()).unwrap());
}

/// Whether a change of the file of this name was noticed: it fails, or cannot be what the sender gave.
fn counts(name: &str, status: u8) -> bool {
    match name {
        "README.txt" => status == 4,
        // Whoever writes another name into the list has another list: without that file, or with one more that nobody knows.
        "SHA256SUMS" => [1, 2, 4].contains(&status),
        _ => [1, 2].contains(&status),
    }
}

#[test]
fn any_byte_of_any_file_but_the_readme_counts() {
    let files = opened();
    for name in files.keys() {
        for at in 0..files[name].len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut changed = files.clone();
                changed.get_mut(name).unwrap()[at] ^= flip;
                let status = report(&changed).exit_status();
                assert!(counts(name, status), "{name}, byte {at} ^ {flip:#x}: {status}");
            }
        }
    }
}

#[test]
fn any_byte_that_is_added_or_left_out_counts() {
    let files = opened();
    for (name, bytes) in &files {
        for at in [0, bytes.len() / 2, bytes.len()] {
            let mut changed = files.clone();
            changed.get_mut(name).unwrap().insert(at, b'\n');
            let status = report(&changed).exit_status();
            assert!(counts(name, status), "{name}, LF at {at}: {status}");
        }
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = files.clone();
            changed.get_mut(name).unwrap().remove(at);
            let status = report(&changed).exit_status();
            assert!(counts(name, status), "{name}, less at {at}: {status}");
        }
    }
}

#[test]
fn any_file_that_is_missing_counts() {
    for name in opened().keys() {
        for forged in [false, true] {
            let mut changed = opened();
            changed.remove(name);
            if forged && name != "SHA256SUMS" {
                resum(&mut changed);
            }
            let status = report(&changed).exit_status();
            let unposted = forged && name == "post.txt";
            assert!(if unposted { status == 4 } else { counts(name, status) }, "{name}, {forged}: {status}");
        }
    }
}

/// Any byte again, but the forger writes the list anew. What the log, the post or the content vouches for is noticed.
#[test]
fn a_forger_who_writes_the_list_anew_is_noticed() {
    let files = opened();
    for name in files.keys().filter(|name| !["README.txt", "SHA256SUMS", "post.txt"].contains(&name.as_str())) {
        for at in 0..files[name].len() {
            for flip in [0x01, 0x20] {
                let mut changed = files.clone();
                changed.get_mut(name).unwrap()[at] ^= flip;
                resum(&mut changed);
                let status = report(&changed).exit_status();
                assert!(counts(name, status), "{name}, byte {at} ^ {flip:#x}: {status}");
            }
        }
    }
    let post = &files["post.txt"];
    let words = post.windows(6).position(|bytes| bytes == b"Sealed").unwrap();
    for at in words..post.len() {
        let mut changed = files.clone();
        changed.get_mut("post.txt").unwrap()[at] ^= 1;
        resum(&mut changed);
        assert_eq!(failing(&changed), ["post"], "post.txt, byte {at}");
    }
}

/// A whole proof, made consistently by somebody who holds another key.
#[test]
fn another_key_needs_no_more_than_to_be_compared() {
    let other = fixture::other_key();
    let forged = Proof {
        tlog_proof: fixture::tlog_proof(&fixture::entries(), 4, &other),
        vkey: other.vkey(),
        ..fixture::proof()
    };
    let report = verify(&forged.pack(), &pinned());
    assert_eq!(report.failing().collect::<Vec<_>>(), ["signature", "key"]);
    let unpinned = verify(&forged.pack(), &Trust::default());
    assert_eq!(unpinned.exit_status(), 4);
    assert!(unpinned.to_string().contains("compare it with the one that is published"));
}

/// What each lie brings down, when everything else has been made to fit.
#[test]
fn each_check_notices_its_own_lie() {
    let proof = fixture::proof;
    let check = |proof: Proof, expected: &[&str]| {
        let report = verify(&proof.pack(), &pinned());
        assert_eq!(report.failing().collect::<Vec<_>>(), expected, "{report}");
    };
    let post = |text: &PostText| Some(fixture::published(text.to_text()));
    let PostText::Note { note, commitment, size, root } = fixture::single_post() else { unreachable!() };

    check(Proof { entry: fixture::entries()[3].to_line(), ..proof() }, &["commitment", "inclusion"]);
    check(Proof { post: post(&PostText::Note { note: 3, commitment, size, root }), ..proof() }, &["post"]);
    check(Proof { post: post(&PostText::Note { note, commitment, size: 6, root }), ..proof() }, &["post"]);
    check(Proof { post: post(&PostText::Note { note, commitment: root, size, root }), ..proof() }, &["post"]);
    check(Proof { post: post(&PostText::Run { first: 3, last: 4, size, root }), ..proof() }, &["post"]);
    check(Proof { post: post(&PostText::Run { first: 1, last: 3, size, root }), ..proof() }, &["post"]);
    check(Proof { post: post(&PostText::Run { first: 1, last: 2, size, root }), ..proof() }, &[]);

    let mut other_account = fixture::published(fixture::single_post().to_text());
    other_account.account = fixture::account("12 newsroom");
    check(Proof { post: Some(other_account), ..proof() }, &["post"]);
    let mut early = fixture::published(fixture::single_post().to_text());
    early.post = Channel::X.post(Channel::X.first_at(fixture::sent().plus_ms(-600_001)));
    early.address = format!("https://x.com/embassy/status/{}", early.post);
    check(Proof { post: Some(early), ..proof() }, &["time"]);
}

/// The sender itself seals something that does not fit: the hashes agree, the words do not.
#[test]
fn a_sender_who_seals_nonsense_is_noticed() {
    let check = |change: &dyn Fn(&mut Content, &mut Vec<u8>, &mut verbale::note::Envelope), expected: &[&str]| {
        let (mut content, mut record, mut envelope) = (fixture::content(), fixture::record(), fixture::envelope());
        change(&mut content, &mut record, &mut envelope);
        let report = verify(&fixture::sealed(content, record, envelope).pack(), &pinned());
        assert_eq!(report.failing().collect::<Vec<_>>(), expected, "{report}");
    };
    check(&|_, _, _| {}, &[]);
    check(&|content, _, _| content.text.as_mut().unwrap().push('!'), &["record"]);
    check(&|_, record, _| *record = b"{\"id\":\"1\"}".to_vec(), &["record"]);
    check(&|_, record, _| *record = b"{\"sender_id\":\"1\"}".to_vec(), &["record"]);
    check(&|_, record, _| *record = b"{\"dm_conversation_id\":\"1\"}".to_vec(), &["record"]);
    check(&|_, record, _| *record = b"{\"text\":\"a\",\"text\":\"a\"}".to_vec(), &["record"]);
    check(&|_, record, _| *record = b"{}".to_vec(), &[]);
    check(&|_, record, _| *record = b"[[]]".to_vec(), &["record"]);
    check(&|_, record, _| *record = b"not json".to_vec(), &["record"]);
    check(&|_, record, _| *record = [vec![b'['; 500_000], vec![b']'; 500_000]].concat(), &["record"]);
    let nested = |depth: usize| [b"{\"a\":".to_vec(), vec![b'['; depth], vec![b']'; depth], b"}".to_vec()].concat();
    check(&|_, record, _| *record = nested(126), &[]);
    check(&|_, record, _| *record = nested(127), &["record"]);
    check(&|_, _, envelope| envelope.sent = envelope.sent.plus_ms(1), &["time"]);
    check(&|_, _, envelope| envelope.seen = envelope.sent.plus_ms(-600_001), &["time"]);
    check(&|_, _, envelope| envelope.seen = envelope.sent.plus_ms(700_000), &["time"]);
    check(&|_, _, envelope| envelope.to[0] = fixture::account("12 newsroom"), &["envelope"]);
    check(&|_, _, envelope| envelope.log = verbale::base::ids::Origin::parse("other.example").unwrap(), &["origin"]);
    check(&|_, _, envelope| envelope.content = Hash::of(b"other"), &["content"]);
    let other = |content: &mut Content| {
        let AttachmentRef::File(file) = &mut content.header.attachments[0] else { unreachable!() };
        file.len += 1;
    };
    check(&|content, _, _| other(content), &["attachments"]);
    let two = |content: &mut Content| content.header.attachments.swap(0, 1);
    check(&|content, _, _| two(content), &["attachments"]);
}

/// The address is not part of what was sealed: whoever hands over the archive can lead people to a place of his own.
#[test]
fn an_address_that_is_not_of_x_is_not_recommended() {
    for address in
        ["https://x.com.evil.example/embassy/status/", "http://x.com/embassy/status/", "https://x.com/?u=evil/"]
    {
        let mut post = fixture::published(fixture::single_post().to_text());
        post.address = format!("{address}{}", post.post);
        let report = verify(&Proof { post: Some(post), ..fixture::proof() }.pack(), &pinned()).to_string();
        assert!(report.contains("is not that of a post on X"), "{report}");
        assert!(!report.contains(&format!("open {address}")), "{report}");
    }
}

#[test]
fn an_unknown_file_is_named_and_its_sum_checked() {
    let mut files = opened();
    files.insert("note-2.tsr".to_owned(), b"a time stamp".to_vec());
    let aside = report(&files);
    assert_eq!((aside.exit_status(), aside.packing.set_aside.len()), (4, 1), "a file that nothing lists is set aside");
    resum(&mut files);
    let report = report(&files);
    assert_eq!(report.exit_status(), 4);
    let other = report.checks.iter().find(|check| check.name == "other files").unwrap();
    assert!(other.outcome == Outcome::NotChecked && other.detail.contains("note-2.tsr"));
}

#[test]
fn no_other_zip_program_is_needed_to_pack_it_again() {
    let files = opened();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in &files {
        writer.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut writer, bytes).unwrap();
    }
    let report = verify(&writer.finish().unwrap().into_inner(), &pinned());
    assert_eq!(report.exit_status(), 4, "{report}");
}

#[test]
fn what_is_no_archive_is_said_to_be_none() {
    for bytes in [b"".as_slice(), b"verbale envelope v1\n", &[0; 1000]] {
        let report = verify(bytes, &pinned());
        assert!(report.verdict() == Verdict::NotRead && !report.next().is_empty(), "{report}");
    }
    let zip = fixture::proof().pack();
    let report = verify(&zip[..zip.len() - 30], &pinned());
    assert_eq!(report.verdict(), Verdict::NotRead, "{report}");
}

/// Any byte of the archive itself: at worst it is not noticed, and then every file is still what it was.
#[test]
fn any_byte_of_the_archive_may_change() {
    let zip = fixture::proof().pack();
    let files = opened();
    for at in 0..zip.len() {
        let mut changed = zip.clone();
        changed[at] ^= 1;
        if verify(&changed, &pinned()).exit_status() == 4 {
            let read = packaging::open(&changed).unwrap().files;
            assert!(read.iter().all(|(name, bytes)| name == "README.txt" || files[name] == bytes), "byte {at}");
        }
    }
}

/// The commands of README.txt, where the machine has them; the archive is unpacked and packed by programs of others.
#[test]
fn programs_of_others_read_and_write_it() {
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    let run = |program: &str, args: &[&str]| Command::new(program).args(args).current_dir(&folder).output();
    std::fs::write(folder.path().join("proof.zip"), fixture::proof().pack()).unwrap();
    if !run("unzip", &["-q", "proof.zip"]).is_ok_and(|out| out.status.success()) {
        return eprintln!("there is no unzip here");
    }
    let sums = run("sha256sum", &["--strict", "-c", "SHA256SUMS"]).unwrap();
    assert!(sums.status.success(), "{}", String::from_utf8_lossy(&sums.stderr));
    let sum = run("sha256sum", &["note-2.envelope.txt"]).unwrap().stdout;
    assert!(String::from_utf8(sum).unwrap().starts_with(&fixture::envelope().commitment().to_string()));
    let zip = "rm proof.zip; zip -q proof.zip *";
    if run("sh", &["-c", zip]).is_ok_and(|out| out.status.success()) {
        let zip = std::fs::read(folder.path().join("proof.zip")).unwrap();
        let report = verify(&zip, &pinned());
        assert_eq!(report.exit_status(), 4, "{report}");
    }
}

#[test]
fn a_receipt_is_added_to_a_proof_and_nothing_else_changes() {
    let unpack = |zip: &[u8]| verbale::note::proof::Files::unpack(zip).unwrap();
    for proof in [fixture::proof().pack(), fixture::envelope_proof().pack()] {
        assert!(unpack(&proof).pack() == proof, "what was packed is packed again");
        let receipt = fixture::received().receipt();
        let once = unpack(&proof).with_receipt(&receipt);
        let other = Receipt { post: None, ..receipt.clone() };
        assert!(once.clone().with_receipt(&other).with_receipt(&receipt) == once, "it takes the place of another");
        for (name, bytes) in unpack(&proof).iter().filter(|(name, _)| !["SHA256SUMS", "README.txt"].contains(name)) {
            assert_eq!(once.get(name), Some(bytes), "{name}");
        }
        let readme = String::from_utf8(once.get("README.txt").unwrap().to_vec()).unwrap();
        assert!(readme.contains("THE RECEIPT") && readme.lines().all(|line| line.len() <= 78), "{readme}");
        let zip = once.pack();
        let order: Vec<String> = zip::ZipArchive::new(std::io::Cursor::new(&zip[..]))
            .map(|mut zip| (0..zip.len()).map(|n| zip.by_index(n).unwrap().name().unwrap().into_owned()).collect())
            .unwrap();
        assert_eq!(order[order.len() - 6..order.len() - 4], ["receipt.line", "receipt.inclusion"]);
        assert_eq!(order.last().unwrap(), "README.txt");
    }
}

#[test]
fn delivery_is_claimed_by_the_recipients_word_alone() {
    let delivery = |receipt: &Receipt| {
        let report = verify(&fixture::received_proof(receipt), &pinned());
        assert_eq!(report.exit_status(), 4, "{report}");
        report.claims.into_iter().find(|claim| claim.name == "delivery").unwrap()
    };
    let receipt = fixture::received().receipt();
    let unknown = delivery(&receipt);
    assert_eq!(unknown.shown, [""; 0], "anybody could have written it");
    assert!(unknown.not_shown.iter().any(|line| line.contains("give the one that it publishes, with --receipt-log")));
    let trust = Trust { receipt_log: Some(fixture::recipients_key().vkey().into()), ..pinned() };
    let known = verify(&fixture::received_proof(&receipt), &trust);
    let known = known.claims.into_iter().find(|claim| claim.name == "delivery").unwrap();
    let word = "the recipient's word, its countersigned receipt: whoever holds the key ministry.example+f10dd61d said";
    assert!(known.shown[0].starts_with(word), "{known:?}");
    assert!(known.shown[1].ends_with("if the post stands there") && known.shown.len() == 2, "{known:?}");
    assert_eq!(delivery(&Receipt { post: None, ..receipt }).shown, [""; 0]);
    let without = verify(&fixture::proof().pack(), &pinned());
    assert!(without.claims.iter().any(|claim| claim.name == "delivery" && claim.shown.is_empty()));
}
