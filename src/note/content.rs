//! The content: a note's text, and the hashes of the platform's own record of it and of its attachments.

use std::fmt;

use crate::base::hash::Hash;
use crate::base::text::{self, Lines, ParseError};
use crate::note::file::FileRef;
use crate::note::record::{Record, Role};
use crate::note::{Salt, redacted};

const FORMAT: &str = "content";

/// What stands in place of a length or a hash.
const UNREADABLE: &str = "unreadable";

/// The largest content file, in bytes.
pub const CONTENT_BYTES_MAX: usize = 1024 * 1024;

/// The largest attachment, in bytes.
pub const ATTACHMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Most bytes that a note's attachments have together, so that a proof that opens all of them stays within its own
/// limit.
pub const ATTACHMENTS_BYTES_MAX: u64 = 200 * 1024 * 1024;

/// The most attachments of a note.
pub const ATTACHMENTS_MAX: usize = 16;

/// The most links of a note.
pub const LINKS_MAX: usize = 256;

/// The longest address of a link, in bytes.
pub const LINK_BYTES_MAX: usize = 4096;

/// What a note says, and the files that belong to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// Every line before the text.
    pub header: Header,
    /// The text as the platform returned it, `&lt; &gt; &amp;` decoded once. Any UTF-8. None if it could not be read: it is
    /// encrypted, and no key was at hand.
    pub text: Option<String>,
}

/// A content file without its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// Random bytes of its own, so that an opened envelope does not make the text guessable.
    pub salt: Salt,
    /// What the platform itself said, kept byte for byte: first of the message, then of what belongs to it.
    pub records: Vec<Record>,
    /// What the message does to an earlier one. None if it stands for itself.
    pub change: Option<Change>,
    /// The SHA-256 of the salt and the key that opens this message alone, 32 bytes each. None if no key was at hand.
    pub subkey: Option<Hash>,
    /// The same of the conversation's key.
    pub conversation_key: Option<Hash>,
    /// The files sent with the message, in order.
    pub attachments: Vec<AttachmentRef>,
    /// Each shortened link in the text and where it leads.
    pub links: Vec<(String, String)>,
}

/// What a message does to an earlier one of its conversation, which is named by the platform's sequence number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Its text takes the place of the other's.
    Edits(u64),
    /// It deletes the other; its own text is empty.
    Deletes(u64),
}

/// A file sent with the message.
#[derive(Clone, PartialEq, Eq)]
pub enum AttachmentRef {
    /// It was fetched.
    File(FileRef),
    /// It could not be fetched in time; the record still names it.
    Unreadable {
        /// The platform's key of it.
        media_key: String,
    },
}

impl Content {
    /// Reads a whole content file.
    ///
    /// # Errors
    /// If it is longer than [`CONTENT_BYTES_MAX`] or differs from the format in any byte.
    pub fn parse(bytes: &[u8]) -> Result<Content, ParseError> {
        let mut lines = Lines::new(FORMAT, bytes, CONTENT_BYTES_MAX)?;
        let (header, text_len) = Header::read(&mut lines)?;
        let text = text_len.map(|len| last_text(&mut lines, len)).transpose()?;
        lines.end()?;
        Ok(Content { header, text })
    }

    /// The file's whole text. Reading and writing a file gives the same bytes.
    pub fn to_text(&self) -> String {
        let lines = self.header.to_text(self.text_len());
        self.text.as_ref().map(|text| format!("{lines}{text}\n")).unwrap_or(lines)
    }

    /// The length of the text in bytes. None if it could not be read.
    pub fn text_len(&self) -> Option<usize> {
        self.text.as_ref().map(String::len)
    }

    /// The SHA-256 of the file's bytes, which the envelope holds.
    pub fn hash(&self) -> Hash {
        Hash::of(self.to_text().as_bytes())
    }
}

impl Header {
    /// Of a message that came unencrypted, with this record of it.
    pub fn of_message(
        salt: Salt,
        record: &[u8],
        attachments: Vec<AttachmentRef>,
        links: Vec<(String, String)>,
    ) -> Header {
        let records = vec![Record::of(Role::Message, record)];
        Header { salt, records, change: None, subkey: None, conversation_key: None, attachments, links }
    }

    /// The same with the platform's records of addressees, in order.
    #[must_use]
    pub fn with_recipients(mut self, records: &[Vec<u8>]) -> Header {
        self.records.extend(records.iter().map(|record| Record::of(Role::Recipient, record)));
        self
    }

    /// Reads the lines before the text, and nothing after them: with the length of the text, which is None if it could not be
    /// read.
    ///
    /// # Errors
    /// If they are longer than [`CONTENT_BYTES_MAX`] or differ from the format in any byte.
    pub fn parse(bytes: &[u8]) -> Result<(Header, Option<usize>), ParseError> {
        let mut lines = Lines::new(FORMAT, bytes, CONTENT_BYTES_MAX)?;
        let header = Header::read(&mut lines)?;
        lines.end()?;
        Ok(header)
    }

    fn read(lines: &mut Lines<'_>) -> Result<(Header, Option<usize>), ParseError> {
        if lines.next("verbale content v1")? != "verbale content v1" {
            return Err(lines.error("verbale content v1"));
        }
        let salt = lines.field("salt")?;
        let salt = lines.value("salt <64 hex digits>", text::hash(salt).map(Salt::from))?;
        let records = Record::read_all(lines)?;
        let is_encrypted = records.iter().any(|record| record.role == Role::Event);
        let (change, subkey, conversation_key) = match is_encrypted {
            true => (Change::read(lines)?, key_hash(lines, "subkey")?, key_hash(lines, "conversation-key")?),
            false => (None, None, None),
        };
        let (attachments, links) = (attachments(lines)?, links(lines)?);
        let header = Header { salt, records, change, subkey, conversation_key, attachments, links };
        let text_len = header.text_line(lines)?;
        Ok((header, text_len))
    }

    /// The last line before the text. Only a direct message's text can always be read, and what deletes says nothing.
    fn text_line(&self, lines: &mut Lines<'_>) -> Result<Option<usize>, ParseError> {
        let line = lines.field("text")?;
        let is_deletion = matches!(self.change, Some(Change::Deletes(_)));
        if line == UNREADABLE && self.is_encrypted() && !is_deletion {
            return Ok(None);
        }
        let len = text::number(line).and_then(|n| usize::try_from(n).ok());
        let len = len.filter(|len| *len == 0 || !is_deletion);
        lines
            .value("text <length in bytes>, text unreadable after a record event, or text 0 after deletes", len)
            .map(Some)
    }

    /// Whether the message came encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.records.iter().any(|record| record.role == Role::Event)
    }

    /// The lines, each with its LF, for a text of that length. Reading and writing them gives the same bytes.
    pub fn to_text(&self, text_len: Option<usize>) -> String {
        let mut out = format!("verbale content v1\nsalt {}\n", self.salt.to_hex());
        out.extend(self.records.iter().map(|record| format!("record {}\n", record.to_line())));
        out.extend(self.change.map(|change| format!("{change}\n")));
        out.extend(self.subkey.map(|hash| format!("subkey {hash}\n")));
        out.extend(self.conversation_key.map(|hash| format!("conversation-key {hash}\n")));
        out.extend(self.attachments.iter().map(|attachment| format!("attachment {}\n", attachment.to_line())));
        out.extend(self.links.iter().map(|(short, target)| format!("link {short} {target}\n")));
        out + &text_len.map_or_else(|| format!("text {UNREADABLE}\n"), |len| format!("text {len}\n"))
    }
}

impl Change {
    fn read(lines: &mut Lines<'_>) -> Result<Option<Change>, ParseError> {
        for (key, change) in [("edits", Change::Edits as fn(u64) -> Change), ("deletes", Change::Deletes)] {
            if lines.at(key) {
                let sequence = lines.field(key)?;
                return lines.value("edits or deletes <sequence id>", text::number(sequence)).map(change).map(Some);
            }
        }
        Ok(None)
    }
}

/// The line without its LF.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Edits(sequence) => write!(f, "edits {sequence}"),
            Change::Deletes(sequence) => write!(f, "deletes {sequence}"),
        }
    }
}

/// The line of that name with the hash of a key, if it comes next.
fn key_hash(lines: &mut Lines<'_>, name: &'static str) -> Result<Option<Hash>, ParseError> {
    if !lines.at(name) {
        return Ok(None);
    }
    let hash = lines.field(name)?;
    lines.value("64 hex digits of the SHA-256 of salt and key", text::hash(hash)).map(Some)
}

impl AttachmentRef {
    fn to_line(&self) -> String {
        match self {
            AttachmentRef::File(file) => file.to_line(),
            AttachmentRef::Unreadable { media_key } => format!("{UNREADABLE} {media_key}"),
        }
    }
}

/// Whether this is a platform's key of a file as a content file writes it: 1 to 100 visible ASCII characters.
pub fn is_media_key(text: &str) -> bool {
    text.len() <= 100 && is_visible(text)
}

/// Whether this is one end of a link as a content file writes it: visible ASCII, at most [`LINK_BYTES_MAX`].
pub fn is_link(text: &str) -> bool {
    text.len() <= LINK_BYTES_MAX && is_visible(text)
}

fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn attachments(lines: &mut Lines<'_>) -> Result<Vec<AttachmentRef>, ParseError> {
    const FORM: &str = "attachment <sha256> <length up to 64 MiB> <media type>, or attachment unreadable <media key>";
    const COUNT: &str = "at most 16 attachments of 200 MiB together";
    let (mut all, mut total) = (Vec::new(), 0);
    while lines.at("attachment") {
        let line = lines.field("attachment")?;
        let attachment = lines.value(FORM, AttachmentRef::parse(line))?;
        if let AttachmentRef::File(file) = &attachment {
            total += file.len;
        }
        if all.len() == ATTACHMENTS_MAX || ATTACHMENTS_BYTES_MAX < total {
            return Err(lines.error(COUNT));
        }
        all.push(attachment);
    }
    Ok(all)
}

impl AttachmentRef {
    fn parse(text: &str) -> Option<AttachmentRef> {
        if let Some(media_key) = text.strip_prefix("unreadable ") {
            return is_media_key(media_key).then(|| AttachmentRef::Unreadable { media_key: media_key.to_owned() });
        }
        FileRef::parse(text).filter(|file| file.len <= ATTACHMENT_BYTES_MAX).map(AttachmentRef::File)
    }
}

fn links(lines: &mut Lines<'_>) -> Result<Vec<(String, String)>, ParseError> {
    const FORM: &str = "at most 256 lines `link <short address> <where it leads>`";
    let mut all = Vec::new();
    while lines.at("link") {
        let line = lines.field("link")?;
        let ends = text::words(line).filter(|ends: &[&str; 2]| ends.iter().all(|end| is_link(end)));
        let [short, target] = lines.value(FORM, ends)?;
        if all.len() == LINKS_MAX {
            return Err(lines.error(FORM));
        }
        all.push((short.to_owned(), target.to_owned()));
    }
    Ok(all)
}

/// Reads exactly `len` bytes, then one LF.
pub(super) fn last_text(lines: &mut Lines<'_>, len: usize) -> Result<String, ParseError> {
    let bytes = lines.take(len, "as many bytes of text as the line above says")?;
    let text = lines.value("text in UTF-8", std::str::from_utf8(bytes).ok())?;
    if lines.take(1, "LF after the text")? != b"\n" {
        return Err(lines.error("LF after the text"));
    }
    Ok(text.to_owned())
}

/// Decodes `&lt;`, `&gt;` and `&amp;` once and changes nothing else: the platform returns text in this form.
pub fn decode_once(text: &str) -> String {
    // `&amp;` last: its result is not decoded again.
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

redacted!(Content, Header, AttachmentRef);
