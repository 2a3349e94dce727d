//! The vectors of what an encrypted message adds to envelope and content, of the beacon, and of texts that became readable.

use verbale::base::hash::Hash;
use verbale::base::ids::{ChatMessageId, ConversationId, SourceMessage};
use verbale::note::content::Change;
use verbale::note::unlocked::{Subkey, Unlocked};
use verbale::note::{Beacon, Content, Envelope, Header, Record, Role, Salt};

use super::Case;
use super::set::Set;
use crate::support::fixture;

pub fn all() -> Vec<Case> {
    [envelope(), content(), unlocked(), subkey()].into_iter().flat_map(|set| set.cases).collect()
}

const MESSAGE: &str = "76b72a9e-b2fa-4484-a0c2-3329d32b7039";

/// Of the chain drand quicknet.
pub fn beacon() -> Beacon {
    let chain = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
    Beacon { chain: verbale::base::text::hash(chain).unwrap(), round: 9_811_234, signature: [0x5a; 48] }
}

fn chat() -> Envelope {
    let message = SourceMessage::XChat(ChatMessageId::parse(MESSAGE).unwrap());
    Envelope { message, beacon: Some(beacon()), content: read().hash(), ..fixture::envelope() }
}

fn envelope() -> Set {
    let mut set = Set::new("envelope");
    let plain = fixture::envelope().to_text();
    set.fault(&plain, "no-source", "No `source` line.", "source x-dm\n", "");
    set.fault(&plain, "other-source", "A source that version 1 does not know.", "x-dm", "x-mail");
    set.fault(&plain, "dm-group-letter", "A direct message in a conversation g.", "783214-2244994945", "g783214");
    let base = chat().to_text();
    set.valid("chat", "An encrypted message, and a round of the beacon.", &base);
    let capitals = base.replace(MESSAGE, &MESSAGE.to_uppercase());
    set.valid("chat-capitals", "The sender's program wrote the message's id in capitals.", &capitals);
    let group = Envelope { conversation: ConversationId::parse("g1578398451921985538").unwrap(), ..chat() };
    set.valid("chat-group", "An encrypted message in a group.", &group.to_text());
    let with = Envelope { beacon: Some(beacon()), ..fixture::envelope() };
    set.valid("beacon", "A direct message, and a round of the beacon.", &with.to_text());
    set.fault(&base, "chat-number", "The id of an encrypted message is a number.", MESSAGE, "972161234567890123");
    set.fault(&base, "chat-short", "A UUID lacks a digit.", "7039\n", "703\n");
    set.fault(&base, "chat-braces", "A UUID in braces.", MESSAGE, &format!("{{{MESSAGE}}}"));
    set.fault(&base, "chat-one-number", "An encrypted group's id lacks its g.", "783214-2244994945", "783214");
    set.fault(&base, "beacon-round-zero", "Rounds are counted from 1.", "9811234", "0");
    set.fault(&base, "beacon-short", "A signature of 94 digits.", " 5a5a", " 5a");
    set.fault(&base, "beacon-capitals", "A signature in capitals.", " 5a5a", " 5A5a");
    let line = format!("beacon {}\n", beacon());
    set.fault(&base, "beacon-twice", "Two rounds.", &line, &line.repeat(2));
    set.fault(
        &base,
        "beacon-first",
        "The beacon stands before the moment at which the note was seen.",
        "seen",
        &format!("{line}seen"),
    );
    set
}

fn header() -> Header {
    let Header { salt, attachments, links, .. } = fixture::content().header;
    let recipient = br#"{"id":"783214","receives_your_dm":true}"#;
    let records = vec![
        Record::of(Role::Event, b"an event"),
        Record::of(Role::KeyChange, b"a change of keys"),
        Record::of(Role::PublicKeys, b"{}"),
        Record::of(Role::Recipient, recipient),
        Record::of(Role::Recipient, b"{}"),
    ];
    Header { salt, records, change: None, subkey: None, conversation_key: None, attachments, links }
}

/// An encrypted message that was read.
fn read() -> Content {
    let header = Header { subkey: Some(Hash::of(b"subkey")), conversation_key: Some(Hash::of(b"key")), ..header() };
    Content { header, text: Some(fixture::TEXT.to_owned()) }
}

#[expect(clippy::too_many_lines, reason = "a table: a case, a fault, a sentence")]
fn content() -> Set {
    let mut set = Set::new("content");
    let dm = fixture::content().to_text();
    set.fault(&dm, "no-role", "A record has no role.", " message application/json", " application/json");
    set.fault(&dm, "other-role", "A role that version 1 does not know.", " message ", " letter ");
    set.fault(
        &dm,
        "dm-unreadable",
        "The text of a direct message is said to be unreadable.",
        "text 88",
        "text unreadable",
    );
    let mut recipients = fixture::content();
    recipients.header.records.extend((0..64).map(|_| Record::of(Role::Recipient, b"{}")));
    set.valid("recipients", "What the platform showed of 64 addressees.", &recipients.to_text());
    recipients.header.records.push(Record::of(Role::Recipient, b"{}"));
    set.invalid("recipients-65", "65 records of addressees.", &recipients.to_text());
    let base = read().to_text();
    set.valid("chat", "An encrypted message that was read.", &base);
    let blind = Content { header: header(), text: None };
    set.valid("chat-unreadable", "An encrypted message for which there was no key.", &blind.to_text());
    let alone = Header { records: vec![Record::of(Role::Event, b"an event")], ..header() };
    set.valid("chat-event-alone", "The event alone.", &Content { header: alone, text: None }.to_text());
    let edit = Content {
        header: Header { change: Some(Change::Edits(2_080_401_037_332_377_600)), ..read().header },
        ..read()
    };
    set.valid("chat-edit", "A message that edits another one.", &edit.to_text());
    let delete = Header { change: Some(Change::Deletes(7)), ..read().header };
    set.valid(
        "chat-delete",
        "A message that deletes another one.",
        &Content { header: delete.clone(), text: Some(String::new()) }.to_text(),
    );
    let told = Content { header: delete, text: Some("more".to_owned()) };
    set.invalid("chat-delete-text", "What deletes has a text.", &told.to_text());
    let unread = Content { text: None, ..told };
    set.invalid("chat-delete-unreadable", "What deletes has a text that could not be read.", &unread.to_text());
    for (name, line) in [("dm-edits", "edits 7"), ("dm-subkey", &*format!("subkey {}", Hash::of(b"subkey")))] {
        set.fault(
            &dm,
            name,
            "A direct message with a line of encrypted ones.",
            "attachment",
            &format!("{line}\nattachment"),
        );
    }
    set.fault(
        &edit.to_text(),
        "chat-edits-twice",
        "It edits two messages.",
        "edits 2080401037332377600\n",
        "edits 1\nedits 2\n",
    );
    let order = |name: &str, comment: &str, roles: &[Role]| {
        let records = roles.iter().map(|role| Record::of(*role, b"{}")).collect();
        (name.to_owned(), comment.to_owned(), Content { header: Header { records, ..header() }, text: None }.to_text())
    };
    use Role::{Event, KeyChange, Message, PublicKeys, Recipient};
    for (name, comment, text) in [
        order("chat-two-events", "Two events.", &[Event, Event]),
        order("chat-message-too", "A direct message and an event.", &[Message, Event]),
        order("chat-recipient-first", "A record of an addressee comes first.", &[Recipient, Event]),
        order(
            "chat-keys-before-change",
            "The public keys stand before the change of keys.",
            &[Event, PublicKeys, KeyChange],
        ),
        order("dm-key-change", "A direct message with a change of keys.", &[Message, KeyChange]),
    ] {
        set.invalid(&name, &comment, &text);
    }
    set.fault(
        &base,
        "chat-event-json",
        "An event as JSON.",
        "event application/octet-stream",
        "event application/json",
    );
    let (subkey, key) =
        (format!("subkey {}\n", Hash::of(b"subkey")), format!("conversation-key {}\n", Hash::of(b"key")));
    set.fault(
        &base,
        "chat-keys-exchanged",
        "The conversation's key stands before the message's.",
        &(subkey.clone() + &key),
        &(key + &subkey),
    );
    set
}

fn unlocked() -> Set {
    let mut set = Set::new("unlocked");
    let all = Unlocked { salt: Salt::from_bytes([8; 32]), subkey: Subkey([9; 32]), text: fixture::TEXT.to_owned() };
    let base = all.to_text();
    set.valid("full", "A text that became readable.", &base);
    set.text_faults(&base);
    set.fault(&base, "other-version", "Version 2.", "unlocked v1", "unlocked v2");
    set.fault(&base, "no-subkey", "No key.", &format!("subkey {}\n", "09".repeat(32)), "");
    set.fault(&base, "text-longer", "The text has one byte more than its length says.", "text 88", "text 87");
    set
}

fn subkey() -> Set {
    let mut set = Set::new("subkey");
    let base = Subkey([9; 32]).to_text();
    set.valid("full", "A key of 32 bytes.", &base);
    set.text_faults(&base);
    set.fault(&base, "capitals", "Digits in capitals.", "09", "0A");
    set.fault(&base, "short", "31 bytes.", "09", "");
    set
}
