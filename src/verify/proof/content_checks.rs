//! The checks of what the sender has opened beyond the envelope: content, record, attachments.

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::note::content::decode_once;
use crate::note::proof::Files;
use crate::note::{AttachmentRef, Content, Envelope, attachment_names, names};

use super::{Part, Parts};
use crate::verify::check::{Check, fails, holds, not_checked, result};

/// The three checks in their order.
pub(super) fn all(files: &Files, parts: &Parts) -> Vec<Check> {
    let content = match &parts.content {
        Part::Read(content) => content,
        Part::Broken(error) => return vec![fails("content", error)],
        Part::Missing => return not_opened(files, parts.note),
    };
    vec![hash(parts, content), record(files, parts, content), attachments(files, parts.note, content)]
}

fn not_opened(files: &Files, note: u64) -> Vec<Check> {
    let left = |name: &&str| *name == names::record(note) || is_attachment(name, note);
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
    holds(NAME, format!("{} bytes of text, with the SHA-256 that the envelope says", content.text.len()))
}

fn record(files: &Files, parts: &Parts, content: &Content) -> Check {
    const NAME: &str = "record";
    let Some(bytes) = files.get(&names::record(parts.note)) else {
        return fails(NAME, "the content is opened, and the platform's record is not there");
    };
    if !content.record.is(bytes) {
        return fails(NAME, "it is not the record that the content says");
    }
    let Some(envelope) = parts.envelope.get() else {
        return not_checked(NAME, "it is the one that the content says, but the envelope cannot be read");
    };
    result(NAME, compare(bytes, envelope, content))
}

/// What the platform's record of a message says about what the envelope and the content say too.
#[derive(Deserialize)]
struct Record {
    id: Option<String>,
    sender_id: Option<String>,
    dm_conversation_id: Option<String>,
    text: Option<String>,
}

fn compare(bytes: &[u8], envelope: &Envelope, content: &Content) -> Result<String, String> {
    let unreadable = |error: serde_json::Error| format!("it cannot be read as JSON: {}", place(&error));
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err("it cannot be read as JSON: not the record of one message".to_owned());
    }
    serde_json::from_slice::<Shallow>(bytes).map_err(unreadable)?;
    let record: Record = serde_json::from_slice(bytes).map_err(unreadable)?;
    let text = record.text.map(|text| decode_once(&text));
    let fields = [
        ("id", record.id, envelope.message.to_string()),
        ("sender_id", record.sender_id, envelope.from.id.to_string()),
        ("dm_conversation_id", record.dm_conversation_id, envelope.conversation.to_string()),
        ("text", text, content.text.clone()),
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

/// Where JSON is wrong, and how. Never the text itself, which is private.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "not the record of one message",
        _ => "not JSON, or nested too deep",
    };
    format!("{what}, line {} column {}", error.line(), error.column())
}

/// Walks through JSON without keeping any of it. The reader's limit on nesting applies, keys are read as text too, and
/// nothing is allocated.
struct Shallow;

impl<'de> Deserialize<'de> for Shallow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shallow, D::Error> {
        deserializer.deserialize_any(Shallow)
    }
}

impl<'de> Visitor<'de> for Shallow {
    type Value = Shallow;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shallow, A::Error> {
        while seq.next_element::<Shallow>()?.is_some() {}
        Ok(Shallow)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shallow, A::Error> {
        while map.next_entry::<Shallow, Shallow>()?.is_some() {}
        Ok(Shallow)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Shallow, E> {
        Ok(Shallow)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Shallow, E> {
        Ok(Shallow)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Shallow, E> {
        Ok(Shallow)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Shallow, E> {
        Ok(Shallow)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Shallow, E> {
        Ok(Shallow)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Shallow, E> {
        Ok(Shallow)
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
    let expected = attachment_names(note, content);
    let known = |name: &str| expected.iter().flatten().any(|known| known == name);
    if let Some((name, _)) = files.iter().find(|(name, _)| is_attachment(name, note) && !known(name)) {
        return fails(NAME, format!("the content knows no file {name}"));
    }
    let mut unreadable = Vec::new();
    for (attachment, name) in content.attachments.iter().zip(&expected) {
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
