//! The vectors of proofs with what not every proof has: a beacon, later heads, records of addressees, encrypted messages, and
//! the post of an impostor.

use verbale::base::ids::{ChatMessageId, SourceMessage};
use verbale::note::content::Change;
use verbale::note::unlocked::{Subkey, Unlocked};
use verbale::note::{Content, Envelope, Header, Record, Role, Salt};
use verbale::tlog::entry::Entry;
use verbale::tlog::signed_note::LogKey;

use super::Case;
use super::encrypted::beacon;
use super::proofs::case;
use crate::support::fixture::{self, Files, resum, unzip, zip};

pub fn all() -> Vec<Case> {
    let mut cases = impostors();
    cases.extend(later());
    cases.extend(recipients());
    cases.extend(encrypted());
    let with = Envelope { beacon: Some(beacon()), ..fixture::envelope() };
    let proof = fixture::sealed(fixture::content(), fixture::record(), with);
    cases.push(case("intact", "beacon", "The envelope names a round of a public beacon.", proof.pack()));
    cases
}

/// Whoever makes a proof about a post of their own has to say whose it is.
fn impostors() -> Vec<Case> {
    [
        (
            "post",
            "impostor-name",
            "The post is said to be by the sender's number under another name.",
            "2244994945 embassy_",
        ),
        (
            "post",
            "impostor-number",
            "The post is said to be by the sender's name under another number.",
            "2244994946 embassy",
        ),
        ("intact", "name-in-capitals", "The sender's name is written in capitals.", "2244994945 EMBASSY"),
    ]
    .map(|(expect, name, comment, account)| {
        let mut proof = fixture::proof();
        proof.post.as_mut().unwrap().account = fixture::account(account);
        case(expect, name, comment, proof.pack())
    })
    .into()
}

fn with(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut all = unzip(&fixture::proof().pack());
    all.extend(files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())));
    resum(&mut all);
    zip(&all)
}

/// The log when two more entries had come, and its head.
fn grown() -> Vec<Entry> {
    let more = ["d", "e"].map(|word| Entry::Unknown { line: format!("later {word}") });
    fixture::entries().into_iter().chain(more).collect()
}

fn head(entries: &[Entry]) -> Vec<u8> {
    fixture::checkpoint(&fixture::tree(entries)).to_text().into_bytes()
}

fn inclusion(entries: &[Entry], key: &LogKey) -> Vec<u8> {
    fixture::tlog_proof(entries, 4, key).to_text().into_bytes()
}

fn later() -> Vec<Case> {
    let (key, entries) = (fixture::key(), grown());
    let mut forked = fixture::entries();
    forked[0] = Entry::Unknown { line: "another history".to_owned() };
    let at = "note-2.at-7.tlog-proof";
    let good = || (at, inclusion(&entries, &key));
    let mut elsewhere = fixture::tlog_proof(&entries, 4, &key);
    elsewhere.index = 3;
    vec![
        case(
            "intact",
            "later-head",
            "The note is under a later head too.",
            with(&[good(), ("head-7.txt", head(&entries))]),
        ),
        case(
            "intact",
            "later-head-stamped",
            "Two time stamps over a later head, and one over the head of the post, which version 1 does not check.",
            with(&[
                good(),
                ("head-7.txt", head(&entries)),
                ("head-7.txt.tsa.example.tsr", b"a time stamp".to_vec()),
                ("head-7.txt.ots", b"another".to_vec()),
                ("head-5.txt", head(&fixture::entries())),
                ("head-5.txt.tsa.example.tsr", b"a third".to_vec()),
            ]),
        ),
        case(
            "intact: void later heads",
            "later-head-elsewhere",
            "The note does not lead to the later head.",
            with(&[(at, elsewhere.to_text().into_bytes())]),
        ),
        case(
            "intact: void later heads",
            "later-head-other-size",
            "The later head has another size than its file name says.",
            with(&[("note-2.at-8.tlog-proof", inclusion(&entries, &key))]),
        ),
        case(
            "intact: void later heads",
            "later-head-other-key",
            "Another key has signed the later head.",
            with(&[(at, inclusion(&entries, &fixture::other_key()))]),
        ),
        case(
            "intact: void later heads",
            "later-head-other-text",
            "The text of the later head is that of another.",
            with(&[good(), ("head-7.txt", head(&forked))]),
        ),
        case(
            "intact: void later heads",
            "later-head-no-form",
            "The later head's proof is not of its form.",
            with(&[(at, b"nothing\n".to_vec())]),
        ),
        case(
            "later heads",
            "later-head-forked",
            "The log's key has signed two heads of one size.",
            with(&[("note-2.at-5.tlog-proof", inclusion(&forked, &key))]),
        ),
    ]
}

/// A proof of this content and envelope, with these records.
fn opened(content: Content, envelope: Envelope, records: &[&[u8]]) -> Files {
    let mut proof = fixture::sealed(content, fixture::record(), envelope);
    if let Some(opened) = &mut proof.content {
        opened.records = records.iter().map(|record| record.to_vec()).collect();
    }
    unzip(&proof.pack())
}

fn recipients() -> Vec<Case> {
    let (message, shown) = (fixture::record(), br#"{"id":"783214","receives_your_dm":true}"#);
    let mut content = fixture::content();
    content.header.records.push(Record::of(Role::Recipient, shown));
    let files = opened(content, fixture::envelope(), &[&message, shown]);
    let mut missing = files.clone();
    missing.remove("note-2.recipient-1.json");
    let mut added = files.clone();
    added.insert("note-2.recipient-2.json".to_owned(), b"{}".to_vec());
    let mut other = files.clone();
    other.insert("note-2.recipient-1.json".to_owned(), b"{}".to_vec());
    [
        ("intact", "recipient", "What the platform showed of the addressee was sealed too.", files),
        ("record", "recipient-missing", "The record of the addressee is missing.", missing),
        ("record", "recipient-added", "There is one more record of an addressee than the content says.", added),
        ("record", "recipient-other", "The record of the addressee is another.", other),
    ]
    .map(|(expect, name, comment, mut files)| {
        resum(&mut files);
        case(expect, name, comment, zip(&files))
    })
    .into_iter()
    .chain(said())
    .collect()
}

/// A proof in which these records of addressees were sealed.
fn sealed_with(records: &[&[u8]]) -> Files {
    let mut content = fixture::content();
    content.header.records.extend(records.iter().map(|record| Record::of(Role::Recipient, record)));
    let message = fixture::record();
    opened(content, fixture::envelope(), &[&[&message[..]], records].concat())
}

/// What records of addressees may say.
fn said() -> Vec<Case> {
    let one = |expect, name: &str, comment, records: &[&[u8]]| {
        case(expect, &format!("recipient-{name}"), comment, zip(&sealed_with(records)))
    };
    let follows = br#"{"id":"783214","receives_your_dm":true,"connection_status":["following","followed_by"]}"#;
    let closed = br#"{"id":"783214","name":"The Ministry","receives_your_dm":false,"connection_status":[]}"#;
    let (other, twice) =
        (br#"{"id":"12","receives_your_dm":true}"#, br#"{"receives_your_dm":true,"receives_your_dm":false}"#);
    vec![
        one("intact", "follows", "The addressee took messages from the sender, and followed it.", &[follows]),
        one("intact", "closed", "The addressee took no messages from the sender.", &[closed]),
        one("intact", "silent", "The record does not say whether it took messages.", &[br#"{"id":"783214"}"#]),
        one("intact", "of-nobody", "The record does not say whose it is.", &[br#"{"receives_your_dm":true}"#]),
        one(
            "intact",
            "null",
            "A null is as good as absent.",
            &[br#"{"id":"783214","receives_your_dm":null,"connection_status":null}"#],
        ),
        one("record", "of-another", "The record is of an account that the note is not to.", &[other]),
        one("record", "twice", "Two records are of the same account.", &[follows, closed]),
        one(
            "record",
            "text",
            "Whether it took messages is a text.",
            &[br#"{"id":"783214","receives_your_dm":"true"}"#],
        ),
        one("record", "number", "The account's number is a number of JSON.", &[br#"{"id":783214}"#]),
        one(
            "record",
            "status",
            "What it is to the sender is no list of texts.",
            &[br#"{"connection_status":["muting",1]}"#],
        ),
        one("record", "key-twice", "The record says twice whether it took messages.", &[twice]),
        one("record", "no-object", "The record is a list.", &[b"[]"]),
        one("record", "no-number", "The account's number has a sign.", &[br#"{"id":"+783214"}"#]),
    ]
}

const EVENT: &[u8] = b"an event";

fn encrypted() -> Vec<Case> {
    let key = Subkey([9; 32]);
    let salt = fixture::content().header.salt;
    let records = vec![Record::of(Role::Event, EVENT), Record::of(Role::KeyChange, b"a change of keys")];
    let header = Header { records, subkey: Some(key.hash(&salt)), ..fixture::content().header };
    let read = Content { header: header.clone(), text: Some(fixture::TEXT.to_owned()) };
    let blind = Content { header: Header { subkey: None, ..header.clone() }, text: None };
    let gone = Content { header: Header { change: Some(Change::Deletes(7)), ..header }, text: Some(String::new()) };
    let message = ChatMessageId::parse("76b72a9e-b2fa-4484-a0c2-3329d32b7039").unwrap();
    let chat = || Envelope { message: SourceMessage::XChat(message.clone()), ..fixture::envelope() };
    let both: [&[u8]; 2] = [EVENT, b"a change of keys"];
    let unlocked = Unlocked { salt: Salt::from_bytes([8; 32]), subkey: key, text: fixture::TEXT.to_owned() };
    let (subkey, unlocked) = (key.to_text().into_bytes(), unlocked.to_text().into_bytes());
    let plain = |content: &Content| opened(content.clone(), chat(), &both);
    let plus = |content: &Content, name: &str, bytes: &[u8]| {
        let mut files = plain(content);
        files.insert(name.to_owned(), bytes.to_vec());
        files
    };
    let mut early = chat();
    early.sent = early.sent.plus_ms(-1);
    [
        ("intact", "chat", "An encrypted message that was read.", plain(&read)),
        ("intact", "chat-unreadable", "An encrypted message for which there was no key.", plain(&blind)),
        ("intact", "chat-deletes", "A message that deletes another.", plain(&gone)),
        (
            "intact",
            "chat-sent",
            "When it was sent is X's word alone: no id has it inside.",
            opened(read.clone(), early, &both),
        ),
        ("record", "chat-record-missing", "The change of keys is missing.", {
            let mut files = plain(&read);
            files.remove("note-2.key-change.bin");
            files
        }),
        (
            "record",
            "chat-as-dm",
            "A direct message with the event of an encrypted one.",
            opened(read.clone(), fixture::envelope(), &both),
        ),
        (
            "record",
            "dm-as-chat",
            "An encrypted message with the record of a direct one.",
            opened(fixture::content(), chat(), &[&fixture::record()]),
        ),
        ("intact", "subkey", "The key that opens this message is opened.", plus(&read, "note-2.subkey.txt", &subkey)),
        (
            "subkey",
            "subkey-other",
            "The key is another.",
            plus(&read, "note-2.subkey.txt", Subkey([8; 32]).to_text().as_bytes()),
        ),
        ("subkey", "subkey-unnamed", "The content names no key.", plus(&blind, "note-2.subkey.txt", &subkey)),
        ("subkey", "subkey-no-form", "The key is not of its form.", plus(&read, "note-2.subkey.txt", b"a key\n")),
        ("intact", "unlocked", "A text that became readable.", plus(&blind, "note-2.unlocked.txt", &unlocked)),
        (
            "unlocked",
            "unlocked-readable",
            "The text could be read when it was sealed.",
            plus(&read, "note-2.unlocked.txt", &unlocked),
        ),
        ("unlocked", "unlocked-no-form", "It is not of its form.", plus(&blind, "note-2.unlocked.txt", b"a text\n")),
    ]
    .map(|(expect, name, comment, mut files)| {
        resum(&mut files);
        case(expect, name, comment, zip(&files))
    })
    .into()
}
