//! The records of a note: what the platform itself said, byte for byte, beside the text that was taken from it.

use crate::base::text::{self, Lines, ParseError};
use crate::note::envelope::RECIPIENTS_MAX;
use crate::note::file::FileRef;
use crate::note::redacted;

/// The largest record, in bytes.
pub const RECORD_BYTES_MAX: u64 = 1024 * 1024;

/// Most records of addressees that a note has: as many as an envelope names.
pub const RECIPIENT_RECORDS_MAX: usize = RECIPIENTS_MAX;

const JSON: &str = "application/json";
const BINARY: &str = "application/octet-stream";

/// What a record is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// The direct message, as the platform returned it.
    Message,
    /// The encrypted event that carries the message.
    Event,
    /// The event that gave the conversation the key under which the message is encrypted.
    KeyChange,
    /// The sender's public keys, as the platform showed them.
    PublicKeys,
    /// An addressee's account, as the platform showed it.
    Recipient,
}

impl Role {
    const ALL: [Role; 5] = [Role::Message, Role::Event, Role::KeyChange, Role::PublicKeys, Role::Recipient];

    /// The word for it in a content file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Message => "message",
            Role::Event => "event",
            Role::KeyChange => "key-change",
            Role::PublicKeys => "public-keys",
            Role::Recipient => "recipient",
        }
    }

    /// The media type of such a record.
    pub const fn media_type(self) -> &'static str {
        match self {
            Role::Message | Role::PublicKeys | Role::Recipient => JSON,
            Role::Event | Role::KeyChange => BINARY,
        }
    }

    /// How many records of this role a note has at most, beside one of `Message` or `Event`.
    const fn most(self) -> usize {
        match self {
            Role::Recipient => RECIPIENT_RECORDS_MAX,
            _ => 1,
        }
    }
}

/// A record, by its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is of.
    pub role: Role,
    /// The file.
    pub file: FileRef,
}

impl Record {
    const FORM: &str = "record <sha256> <length up to 1 MiB> <role> <media type of that role>";
    const ORDER: &str =
        "one record message or event, after event at most one key-change and public-keys, then at most 64 recipient";

    /// The record with these bytes.
    pub fn of(role: Role, bytes: &[u8]) -> Record {
        Record { role, file: FileRef::of(bytes, role.media_type()) }
    }

    /// `<sha256> <length> <role> <media type>`.
    pub(crate) fn to_line(&self) -> String {
        format!("{} {} {} {}", self.file.sha256, self.file.len, self.role.as_str(), self.file.media_type)
    }

    fn parse(text: &str) -> Option<Record> {
        let [sha256, len, role, media_type] = text::words(text)?;
        let role = Role::ALL.into_iter().find(|known| known.as_str() == role)?;
        let len = text::number(len).filter(|&len| len <= RECORD_BYTES_MAX)?;
        let file = FileRef { sha256: text::hash(sha256)?, len, media_type: media_type.to_owned() };
        (media_type == role.media_type()).then_some(Record { role, file })
    }

    /// Reads the lines `record`: at least one.
    ///
    /// # Errors
    /// If a line has another form, or they do not have their order.
    pub(super) fn read_all(lines: &mut Lines<'_>) -> Result<Vec<Record>, ParseError> {
        let mut records: Vec<Record> = Vec::new();
        while records.is_empty() || lines.at("record") {
            let record = lines.field("record")?;
            let record = lines.value(Record::FORM, Record::parse(record))?;
            // The order of `Role` is that of the lines.
            if !follows(&records, record.role) {
                return Err(lines.error(Record::ORDER));
            }
            records.push(record);
        }
        Ok(records)
    }
}

/// Whether a record of this role may come next.
fn follows(before: &[Record], role: Role) -> bool {
    let Some(first) = before.first() else { return role <= Role::Event };
    let is_in_order = before.last().is_some_and(|last| last.role <= role) && Role::Event < role;
    let is_of_source = first.role == Role::Event || role == Role::Recipient;
    is_in_order && is_of_source && before.iter().filter(|record| record.role == role).count() < role.most()
}

redacted!(Record);
