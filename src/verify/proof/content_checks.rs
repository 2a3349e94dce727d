//! The checks of what the sender has opened beyond the envelope: content, record, attachments.

use serde::Deserialize;

use crate::base::ids::Source;
use crate::note::content::decode_once;
use crate::note::proof::Files;
use crate::note::recipient::RecipientRecord;
use crate::note::unlocked::{Subkey, Unlocked};
use crate::note::{AttachmentRef, Content, Envelope, Record, Role, attachment_names, json, names};

use super::{Part, Parts};
use crate::verify::check::{Check, fails, holds, not_checked, result};

/// The checks in their order: content, records, attachments; and of an encrypted message, its key and a text that was read
/// later, if they are there.
pub(super) fn all(files: &Files, parts: &Parts) -> Vec<Check> {
    let content = match &parts.content {
        Part::Read(content) => content,
        Part::Broken(error) => return vec![fails("content", error)],
        Part::Missing => return not_opened(files, parts.note),
    };
    let mut checks = vec![hash(parts, content), record(files, parts, content), attachments(files, parts.note, content)];
    checks.extend(files.get(&names::subkey(parts.note)).map(|bytes| subkey(bytes, content)));
    checks.extend(files.get(&names::unlocked(parts.note)).map(|bytes| unlocked(bytes, content)));
    checks
}

fn not_opened(files: &Files, note: u64) -> Vec<Check> {
    let left = |name: &&str| names::is_record(name, note) || is_attachment(name, note) || is_key(name, note);
    match files.iter().map(|(name, _)| name).find(left) {
        Some(name) => vec![fails("content", format!("{name} is there, and the content that it belongs to is not"))],
        None => vec![not_checked("content", "the sender has opened the envelope only")],
    }
}

fn hash(parts: &Parts, content: &Content) -> Check {
    const NAME: &str = "content";
    let (Some(envelope), Some(hash)) = (parts.envelope.get(), parts.content_hash) else {
        return not_checked(NAME, "the envelope cannot be read");
    };
    if envelope.content != hash {
        return fails(NAME, format!("the content has the SHA-256 {hash}, and the envelope says {}", envelope.content));
    }
    let text =
        content.text_len().map_or("a text that could not be read".to_owned(), |len| format!("{len} bytes of text"));
    holds(NAME, format!("{text}, with the SHA-256 that the envelope says"))
}

fn is_key(name: &str, note: u64) -> bool {
    name == names::subkey(note) || name == names::unlocked(note)
}

/// The key that opens this message is the one whose hash was sealed with it.
fn subkey(bytes: &[u8], content: &Content) -> Check {
    const NAME: &str = "subkey";
    match (Subkey::parse(bytes), content.header.subkey) {
        (Err(error), _) => fails(NAME, error.to_string()),
        (Ok(_), None) => fails(NAME, "the content names no such key"),
        (Ok(key), Some(hash)) if key.hash(&content.header.salt) != hash => {
            fails(NAME, "it is not the key whose hash the content has")
        }
        (Ok(_), Some(_)) => holds(NAME, "it is the key whose hash was sealed with the message"),
    }
}

/// A text can only have become readable later if it could not be read before.
fn unlocked(bytes: &[u8], content: &Content) -> Check {
    const NAME: &str = "unlocked";
    match (Unlocked::parse(bytes), &content.text) {
        (Err(error), _) => fails(NAME, error.to_string()),
        (Ok(_), Some(_)) => fails(NAME, "the content has a text already, which could be read when it was sealed"),
        (Ok(_), None) => {
            not_checked(NAME, "whether it is the text of the encrypted message is not checked by this version")
        }
    }
}

/// Every record is the one that the content says, of a role that belongs to the source; and what the platform said of a direct
/// message is what the note says.
fn record(files: &Files, parts: &Parts, content: &Content) -> Check {
    const NAME: &str = "record";
    let records = &content.header.records;
    let expected = names::records(parts.note, records);
    if let Some((name, _)) =
        files.iter().find(|(name, _)| names::is_record(name, parts.note) && !expected.iter().any(|known| known == name))
    {
        return fails(NAME, format!("the content knows no file {name}"));
    }
    let mut message = None;
    for (record, name) in records.iter().zip(&expected) {
        let Some(bytes) = files.get(name) else {
            return fails(NAME, format!("the content is opened, and {name} is not there"));
        };
        if !record.file.is(bytes) {
            return fails(NAME, format!("{name} is not the record that the content says"));
        }
        message = message.or(Some(bytes).filter(|_| record.role == Role::Message));
    }
    let Some(envelope) = parts.envelope.get() else {
        return not_checked(NAME, "it is the one that the content says, but the envelope cannot be read");
    };
    if content.header.is_encrypted() != (envelope.message.source() == Source::XChat) {
        return fails(NAME, format!("no message of {} has such a record", envelope.message.source().as_str()));
    }
    if let Err(why) = &parts.recipients {
        return fails(NAME, why.clone());
    }
    match message {
        Some(bytes) => result(NAME, compare(bytes, envelope, content)),
        None => not_checked(NAME, told(records)),
    }
}

/// What the sealed records of addressees say, in their order. Each is of another of the note's addressees.
///
/// # Errors
/// If one is no record of an account, or is of one that is no addressee, or of one twice.
pub(super) fn recipients(files: &Files, parts: &Parts) -> Result<Vec<RecipientRecord>, String> {
    let (Some(envelope), Some(content)) = (parts.envelope.get(), parts.content.get()) else { return Ok(Vec::new()) };
    let (note, records) = (parts.note, &content.header.records);
    let mut read: Vec<RecipientRecord> = Vec::new();
    for (record, name) in records.iter().zip(names::records(note, records)) {
        let Some(bytes) = files.get(&name).filter(|_| record.role == Role::Recipient) else { continue };
        let said = RecipientRecord::read(bytes).map_err(|why| format!("{name}: {why}"))?;
        if said.id.is_some_and(|id| envelope.to.iter().all(|to| to.id != id)) {
            return Err(format!("{name} is of an account that the note is not to"));
        }
        if said.id.is_some_and(|id| read.iter().any(|other| other.id == Some(id))) {
            return Err(format!("{name} is of the same account as one before it"));
        }
        read.push(said);
    }
    Ok(read)
}

fn told(records: &[Record]) -> String {
    let roles: Vec<&str> = records.iter().map(|record| record.role.as_str()).collect();
    format!("{} are those that the content says; what they say is not checked by this version", roles.join(", "))
}

/// What the platform's record of a message says about what the envelope and the content say too.
#[derive(Deserialize)]
struct Said {
    id: Option<String>,
    sender_id: Option<String>,
    dm_conversation_id: Option<String>,
    text: Option<String>,
}

/// Reads a record of a direct message as a check of a proof does: a message whose record cannot be read so is not to be
/// sealed.
///
/// # Errors
/// Why it cannot be read. Nothing of its words.
pub fn read_record(bytes: &[u8]) -> Result<(), String> {
    said(bytes).map(|_| ())
}

fn said(bytes: &[u8]) -> Result<Said, String> {
    json::object(bytes, "the record of one message")
}

fn compare(bytes: &[u8], envelope: &Envelope, content: &Content) -> Result<String, String> {
    let record = said(bytes)?;
    let text = record.text.map(|text| decode_once(&text));
    let fields = [
        ("id", record.id, envelope.message.to_string()),
        ("sender_id", record.sender_id, envelope.from.id.to_string()),
        ("dm_conversation_id", record.dm_conversation_id, envelope.conversation.to_string()),
        ("text", text, content.text.clone().unwrap_or_default()),
    ];
    let mut same = Vec::new();
    for (name, said, expected) in fields {
        match said {
            Some(said) if said == expected => same.push(name),
            Some(_) => return Err(format!("its {name} is not that of the note")),
            None => {}
        }
    }
    match same.as_slice() {
        [] => Ok("it is the one that the content says; it names nothing that could be compared".to_owned()),
        same => Ok(format!("it is the one that the content says, with the same {}", same.join(", "))),
    }
}

/// Whether a file has the name of an attachment of this note, at any place.
pub(super) fn is_attachment(name: &str, note: u64) -> bool {
    name.strip_prefix("note-")
        .and_then(|rest| rest.strip_prefix(&note.to_string()))
        .is_some_and(|rest| rest.starts_with(".attachment-"))
}

fn attachments(files: &Files, note: u64, content: &Content) -> Check {
    const NAME: &str = "attachments";
    let expected = attachment_names(note, &content.header);
    let known = |name: &str| expected.iter().flatten().any(|known| known == name);
    if let Some((name, _)) = files.iter().find(|(name, _)| is_attachment(name, note) && !known(name)) {
        return fails(NAME, format!("the content knows no file {name}"));
    }
    let mut unreadable = Vec::new();
    for (attachment, name) in content.header.attachments.iter().zip(&expected) {
        match (attachment, name.as_ref().and_then(|name| files.get(name)), name) {
            (AttachmentRef::Unreadable { media_key }, ..) => unreadable.push(media_key.as_str()),
            (AttachmentRef::File(file), Some(bytes), _) if file.is(bytes) => {}
            (AttachmentRef::File(_), Some(_), Some(name)) => return fails(NAME, format!("{name} is another file")),
            (AttachmentRef::File(_), _, name) => {
                return fails(NAME, format!("{} is missing", name.as_deref().unwrap_or_default()));
            }
        }
    }
    let read = expected.len() - unreadable.len();
    holds(
        NAME,
        match (read, unreadable.as_slice()) {
            (0, []) => "the note has none".to_owned(),
            (_, []) => format!("{read}, each with the SHA-256 that the content says"),
            (_, keys) => format!(
                "{read}, each with the SHA-256 that the content says; could not be fetched when the note was sealed: {}",
                keys.join(", ")
            ),
        },
    )
}
