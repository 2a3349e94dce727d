//! The vectors of proofs: `expect` names the checks that fail, or is another verdict.

use verbale::base::ids::Channel;
use verbale::note::proof::Proof;
use verbale::note::{Content, Envelope};
use verbale::wording::post::PostText;

use super::Case;
use crate::support::fixture::{self, Files, resum, unzip, zip, zip_in_order};

pub fn case(expect: &str, name: &str, comment: &str, bytes: Vec<u8>) -> Case {
    let headers = vec![("vkey", fixture::key().vkey().to_string())];
    let is_verdict = ["proven", "intact", "not-read"].iter().any(|verdict| expect.starts_with(verdict));
    let expect = if is_verdict { expect.to_owned() } else { format!("fails: {expect}") };
    Case { format: "proof", name: name.into(), expect, comment: comment.into(), headers, bytes }
}

pub fn all() -> Vec<Case> {
    let mut cases = vec![
        case("intact", "full", "Everything is opened, and one post shows it.", fixture::proof().pack()),
        case("intact", "envelope-only", "The envelope alone, posted in a run.", fixture::envelope_proof().pack()),
        case("intact", "not-posted", "There is no post.", Proof { post: None, ..fixture::proof() }.pack()),
        case("not-read", "no-archive", "This is not a zip archive.", b"verbale envelope v1\n".to_vec()),
    ];
    cases.extend(changed());
    cases.extend(forged());
    cases.extend(made());
    cases.extend(sealed());
    cases.extend(shapes());
    cases
}

fn flip(files: &mut Files, name: &str) {
    let bytes = files.get_mut(name).unwrap();
    let at = bytes.len() - 2;
    bytes[at] ^= 1;
}

/// One bit of one file was changed, and the list was not.
fn changed() -> Vec<Case> {
    let expected = [
        ("note-2.attachment-1.jpg", "files, attachments"),
        ("note-2.content.txt", "files, content, record"),
        ("note-2.entry.txt", "files, commitment, inclusion"),
        ("note-2.envelope.txt", "files, commitment, post"),
        ("note-2.record.json", "files, record"),
        ("note-2.tlog-proof", "files, inclusion"),
        ("log.vkey", "files, key"),
        ("post.txt", "files, post"),
        ("SHA256SUMS", "intact"),
        ("README.txt", "intact"),
    ];
    let one = |(name, expect): (&str, &str)| {
        let mut files = unzip(&fixture::proof().pack());
        flip(&mut files, name);
        case(expect, &format!("changed-{name}"), &format!("One bit near the end of {name} was changed."), zip(&files))
    };
    expected.into_iter().map(one).collect()
}

/// The same, and `SHA256SUMS` was written anew.
fn forged() -> Vec<Case> {
    let expected = [
        ("note-2.attachment-1.jpg", "attachments"),
        ("note-2.content.txt", "content, record"),
        ("note-2.entry.txt", "commitment, inclusion"),
        ("note-2.envelope.txt", "commitment, post"),
        ("note-2.record.json", "record"),
        ("note-2.tlog-proof", "inclusion"),
        ("log.vkey", "key"),
        ("post.txt", "post"),
    ];
    let one = |(name, expect): (&str, &str)| {
        let mut files = unzip(&fixture::proof().pack());
        flip(&mut files, name);
        resum(&mut files);
        let comment = format!("One bit near the end of {name} was changed, and SHA256SUMS written anew.");
        case(expect, &format!("forged-{name}"), &comment, zip(&files))
    };
    let mut cases: Vec<Case> = expected.into_iter().map(one).collect();
    for (name, expect) in
        [("log.vkey", "not-read"), ("note-2.record.json", "record"), ("note-2.content.txt", "content")]
    {
        let mut files = unzip(&fixture::proof().pack());
        files.remove(name);
        resum(&mut files);
        cases.push(case(expect, &format!("without-{name}"), &format!("{name} was left out."), zip(&files)));
    }
    let mut files = unzip(&fixture::proof().pack());
    files.insert("note-2.tsr".to_owned(), b"a time stamp".to_vec());
    cases.push(case("intact", "added-file", "A file was added that SHA256SUMS does not list.", zip(&files)));
    resum(&mut files);
    cases.push(case(
        "intact",
        "unknown-file",
        "A file that version 1 does not know is named as unchecked.",
        zip(&files),
    ));
    let mut files = unzip(&fixture::proof().pack());
    files.insert("receipt.txt".to_owned(), b"received".to_vec());
    resum(&mut files);
    cases.push(case("files", "unknown-receipt", "A file is named as if it were of a receipt.", zip(&files)));
    cases
}

/// Lies that are consistent in themselves.
#[expect(clippy::too_many_lines, reason = "a table: a case, a fault, a sentence")]
fn made() -> Vec<Case> {
    let PostText::Note { note, commitment, size, root } = fixture::single_post() else { unreachable!() };
    let post = |text: PostText| Some(fixture::published(text.to_text()));
    let other = fixture::other_key();
    let signed = fixture::tlog_proof(&fixture::entries(), 4, &other);
    let mut by_other = fixture::published(fixture::single_post().to_text());
    by_other.account = fixture::account("12 newsroom");
    let mut early = fixture::published(fixture::single_post().to_text());
    early.post = Channel::X.post(Channel::X.first_at(fixture::sent().plus_ms(-600_001)));
    early.address = format!("https://x.com/embassy/status/{}", early.post);
    let proof = fixture::proof;
    let mut index = proof();
    index.tlog_proof.index = 3;
    let mut longer = fixture::envelope_proof();
    if let Some(posted) = &mut longer.post {
        posted.text = posted.text.replace("1-3", "1-4");
    }
    let mut largest = proof();
    largest.tlog_proof.index = u64::MAX;
    [
        (
            "signature, key",
            "other-key",
            "Signed by another key, which comes with it.",
            Proof { vkey: other.vkey(), tlog_proof: signed, ..proof() },
        ),
        ("inclusion, post", "other-index", "The index is that of the entry before.", index),
        ("inclusion, post", "index-largest", "The index is the largest number.", largest),
        (
            "commitment, inclusion",
            "other-entry",
            "The entry is that of note 1.",
            Proof { entry: fixture::entries()[3].to_line(), ..proof() },
        ),
        (
            "post",
            "post-other-number",
            "The post is about note 3.",
            Proof { post: post(PostText::Note { note: 3, commitment, size, root }), ..proof() },
        ),
        (
            "post",
            "post-other-hash",
            "The post shows another hash.",
            Proof { post: post(PostText::Note { note, commitment: root, size, root }), ..proof() },
        ),
        (
            "post",
            "post-other-size",
            "The post shows another size.",
            Proof { post: post(PostText::Note { note, commitment, size: 6, root }), ..proof() },
        ),
        (
            "post",
            "post-other-root",
            "The post shows another root.",
            Proof { post: post(PostText::Note { note, commitment, size, root: commitment }), ..proof() },
        ),
        (
            "post",
            "post-run-without",
            "The post is about a run without this note.",
            Proof { post: post(PostText::Run { first: 3, last: 4, size, root }), ..proof() },
        ),
        ("post", "post-run-no-room", "The post is about more notes than its head has entries for.", longer),
        (
            "post",
            "post-heartbeat",
            "The post is about no note.",
            Proof { post: post(PostText::Heartbeat { count: 2, date: "2018-03-09".into(), size, root }), ..proof() },
        ),
        ("post", "post-by-another", "The post is by another account.", Proof { post: Some(by_other), ..proof() }),
        (
            "time",
            "post-too-early",
            "The post is more than 10 minutes older than the message.",
            Proof { post: Some(early), ..proof() },
        ),
    ]
    .map(|(expect, name, comment, proof)| case(expect, name, comment, proof.pack()))
    .into()
}

/// The sender itself sealed what does not fit.
fn sealed() -> Vec<Case> {
    let one = |expect, name, comment, change: &dyn Fn(&mut Content, &mut Vec<u8>, &mut Envelope)| {
        let (mut content, mut record, mut envelope) = (fixture::content(), fixture::record(), fixture::envelope());
        change(&mut content, &mut record, &mut envelope);
        case(expect, name, comment, fixture::sealed(content, record, envelope).pack())
    };
    vec![
        one("record", "sealed-other-text", "The text is not the one in the record.", &|content, _, _| {
            content.text.as_mut().unwrap().push('!')
        }),
        one("record", "sealed-other-sender", "The record is of another sender.", &|_, record, _| {
            *record = b"{\"sender_id\":\"1\"}".to_vec()
        }),
        one("record", "sealed-key-twice", "The record says its text twice.", &|_, record, _| {
            *record = b"{\"text\":\"a\",\"text\":\"a\"}".to_vec()
        }),
        one("record", "sealed-nested-record", "The record is nested 1,000 deep.", &|_, record, _| {
            *record = [vec![b'['; 1000], vec![b']'; 1000]].concat()
        }),
        one("record", "sealed-record-array", "The record is an array of what a message has.", &|_, record, _| {
            *record = b"[null,null,null,null]".to_vec()
        }),
        one("record", "sealed-record-not-utf8", "A key deep in the record is not UTF-8.", &|_, record, _| {
            *record = b"{\"a\":{\"\xff\":1}}".to_vec()
        }),
        one(
            "record",
            "sealed-record-surrogate",
            "A key deep in the record is half a surrogate pair.",
            &|_, record, _| *record = br#"{"a":{"\ud800":1}}"#.to_vec(),
        ),
        one("record", "sealed-record-number", "A number in the record is beyond a double.", &|_, record, _| {
            *record = b"{\"a\":1e999}".to_vec()
        }),
        one(
            "intact",
            "sealed-record-null",
            "A null is as good as absent; other keys may stand twice.",
            &|_, record, _| *record = b"{\"id\":null,\"a\":1,\"a\":2}".to_vec(),
        ),
        one("time", "sealed-other-time", "The time is not the one in the message's id.", &|_, _, envelope| {
            envelope.sent = envelope.sent.plus_ms(1)
        }),
        one(
            "time",
            "sealed-seen-before-sent",
            "It was seen more than 10 minutes before it was sent.",
            &|_, _, envelope| envelope.seen = envelope.sent.plus_ms(-600_001),
        ),
        one("origin", "sealed-other-log", "The envelope names another log.", &|_, _, envelope| {
            envelope.log = verbale::base::ids::Origin::parse("other.example").unwrap()
        }),
        one("envelope", "sealed-other-conversation", "The conversation is not between the two.", &|_, _, envelope| {
            envelope.to[0] = fixture::account("12 newsroom")
        }),
    ]
}

/// A byte is put into an archive, and the record at its end is made to agree.
fn stuffed(zip: &[u8], before_list: bool) -> Vec<u8> {
    let end = zip.len() - 22;
    let number = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().unwrap());
    let (size, start) = (number(end + 12), number(end + 16));
    let (at, size, start) = if before_list { (start as usize, size, start + 1) } else { (end, size + 1, start) };
    let mut out = [&zip[..at], b"x", &zip[at..]].concat();
    out[end + 13..end + 17].copy_from_slice(&size.to_le_bytes());
    out[end + 17..end + 21].copy_from_slice(&start.to_le_bytes());
    out
}

/// Archives that no program of ours writes.
fn shapes() -> Vec<Case> {
    let files = unzip(&fixture::proof().pack());
    let with = |name: &str, bytes: &[u8]| {
        let mut files = files.clone();
        files.insert(name.to_owned(), bytes.to_vec());
        resum(&mut files);
        zip(&files)
    };
    let many: Files = (0..65).map(|n| (format!("file-{n}"), Vec::new())).collect();
    let full = fixture::proof().pack();
    let mut damaged = full.clone();
    let at = full.windows(9).position(|bytes| bytes == b"Embassy p").unwrap();
    damaged[at] ^= 1;
    let mut twice = zip_in_order([("note-2.envelope.txt", &b"a"[..]), ("note-3.envelope.txt", b"b")]);
    for at in 0..twice.len() - 7 {
        if &twice[at..at + 7] == b"note-3." {
            twice[at + 5] = b'2';
        }
    }
    let mut by_attributes = full.clone();
    let at = full.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    by_attributes[at + 38] |= 0x10;
    let cases = [
        ("climbs", "A file's name climbs out of the archive.", with("../evil", b"")),
        ("absolute", "A file's name begins at the root.", with("/evil", b"")),
        ("backslash", "A file's name has a backslash.", with("a\\evil", b"")),
        ("folder", "A file is in a folder.", with("folder/evil", b"")),
        ("hidden", "A file's name begins with a dot.", with(".evil", b"")),
        ("not-ascii", "A file's name is not ASCII.", with("évil", b"")),
        ("same-but-for-case", "Two names differ in case alone.", with("readme.TXT", b"")),
        ("same-name", "Two files have the same name.", twice),
        ("two-envelopes", "There are two envelopes.", with("note-3.envelope.txt", &files["note-2.envelope.txt"])),
        ("long-envelope", "The envelope is longer than 16 KiB.", with("note-2.envelope.txt", &[b'x'; 16 * 1024 + 1])),
        ("many-files", "65 files.", zip(&many)),
        ("no-files", "No file at all.", zip(&Files::new())),
        ("damaged", "A byte of the content was changed inside the archive: the checksum does not fit.", damaged),
        ("cut", "The end of the archive is missing.", full[..full.len() - 30].to_vec()),
        ("folder-by-attributes", "A file's attributes say that it is a folder.", by_attributes),
        ("bytes-between", "A byte stands between the last file and the list.", stuffed(&full, true)),
        (
            "bytes-in-list",
            "A byte stands between the last file in the list and the record at the end.",
            stuffed(&full, false),
        ),
        ("bytes-before", "Bytes stand before the archive.", [b"hello".as_slice(), &full].concat()),
    ]
    .map(|(name, comment, bytes)| case(expected(name), &format!("archive-{name}"), comment, bytes));
    cases.into_iter().chain(headers()).collect()
}

/// What comes of an archive of that shape. Its list names a file that no proof has, or it cannot be read.
fn expected(name: &str) -> &'static str {
    const LISTED: [&str; 5] = ["backslash", "folder", "hidden", "not-ascii", "two-envelopes"];
    if LISTED.contains(&name) { "files" } else { "not-read" }
}

/// Archives whose headers say too much, or not what is there. The file that is packed so is `README.txt`, of which nothing else
/// is checked.
fn headers() -> Vec<Case> {
    let times = |flags: u8, len: u8| [&[0x55, 0x54, len + 1, 0, flags], &vec![0; len.into()][..]].concat();
    let extra = |bytes: &[u8]| odd(&Odd { extra: bytes, ..Odd::default() });
    let descriptor = |start: &'static [u8], wrong| odd(&Odd { descriptor: Some((start, wrong)), ..Odd::default() });
    let signature = b"PK\x07\x08";
    [
        ("intact", "times", "An extra field says when a file was changed and read.", extra(&times(3, 8))),
        ("intact", "time-of-change", "An extra field has the first of two times alone.", extra(&times(3, 4))),
        ("intact", "owner", "An extra field says whose the file was.", extra(b"ux\x03\0\x01\0\0")),
        ("intact", "descriptor", "A descriptor stands behind a file.", descriptor(b"", 0)),
        (
            "intact",
            "descriptor-signed",
            "A descriptor with its signature stands behind a file.",
            descriptor(signature, 0),
        ),
        ("intact", "times-missing", "An extra field lacks a time that its flags announce.", extra(&times(3, 0))),
        ("intact", "times-unknown", "An extra field has a flag that is not defined.", extra(&times(8, 4))),
        ("not-read", "extra-cut", "An extra field is cut.", extra(b"ux\x04\0\0")),
        ("intact", "extra-rest", "A byte stands behind the last extra field.", extra(b"\0")),
        ("not-read", "extra-zip64", "An extra field has other sizes.", extra(b"\x01\0\x08\0\0\0\0\0\0\0\0\0")),
        ("intact", "extra-comment", "An extra field has another comment.", extra(b"uc\x05\0\x01\0\0\0\0")),
        ("not-read", "extra-name", "An extra field has another name.", extra(b"up\x06\0\x01\0\0\0\0a")),
        ("intact", "extra-padding", "An extra field says where the data begin.", extra(b"\x1e\xa1\x02\0\x04\0")),
        ("not-read", "descriptor-wrong", "A descriptor has another checksum.", descriptor(b"", 1)),
        (
            "not-read",
            "descriptor-signature",
            "A descriptor has a signature that is none.",
            descriptor(b"PK\x07\x09", 0),
        ),
        (
            "not-read",
            "length",
            "Both headers say that a file is a byte longer than it is.",
            odd(&Odd { longer: 1, ..Odd::default() }),
        ),
    ]
    .map(|(expect, name, comment, bytes)| case(expect, &format!("archive-{name}"), comment, bytes))
    .into()
}

/// How the first file of an archive is packed.
#[derive(Default)]
struct Odd<'a> {
    /// The extra fields of both headers.
    extra: &'a [u8],
    /// What stands before the checksum behind the data, and how wrong that is.
    descriptor: Option<(&'a [u8], u32)>,
    /// So many bytes more are announced than there are.
    longer: u32,
}

/// The archive of a whole proof, by hand.
fn odd(odd: &Odd<'_>) -> Vec<u8> {
    let plain = Odd::default();
    let (mut files, mut list) = (Vec::new(), Vec::new());
    let all = unzip(&fixture::proof().pack());
    for (place, (name, bytes)) in all.iter().enumerate() {
        let odd = if place == 0 { odd } else { &plain };
        let (start, len) = (files.len() as u32, bytes.len() as u32);
        let sums = [crc32(bytes), len, len + odd.longer];
        let two = |numbers: &[u16]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        let four = |numbers: &[u32]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        let flags = if odd.descriptor.is_some() { 8 } else { 0 };
        let begin = two(&[20, flags, 0, 0, 33]);
        let lengths = two(&[name.len() as u16, odd.extra.len() as u16]);
        let own = if odd.descriptor.is_some() { [0; 3] } else { sums };
        let behind = odd
            .descriptor
            .map_or(Vec::new(), |(start, wrong)| [start, &four(&[sums[0] ^ wrong, sums[1], sums[2]])].concat());
        let parts = [b"PK\x03\x04", &begin[..], &four(&own), &lengths, name.as_bytes(), odd.extra, bytes, &behind];
        files.extend(parts.concat());
        let (made, rest) = (two(&[0x0314]), two(&[0, 0, 0]));
        let parts = [b"PK\x01\x02", &made[..], &begin, &four(&sums), &lengths, &rest, &four(&[0o100_644 << 16, start])];
        list.extend([&parts.concat()[..], name.as_bytes(), odd.extra].concat());
    }
    let count = (all.len() as u16).to_le_bytes();
    let (size, start) = ((list.len() as u32).to_le_bytes(), (files.len() as u32).to_le_bytes());
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &start, &[0, 0]].concat();
    [files, list, end].concat()
}

/// The checksum of zip, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit))
}
