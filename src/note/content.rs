//! The content: a note's text, and the hashes of the platform's own record of it and of its attachments.

use crate::base::hash::Hash;
use crate::base::text::{self, Lines, ParseError};
use crate::note::{Salt, redacted};

/// The largest content file, in bytes.
pub const CONTENT_BYTES_MAX: usize = 1024 * 1024;

/// The largest record, in bytes.
pub const RECORD_BYTES_MAX: u64 = 1024 * 1024;

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
    /// Random bytes of its own, so that an opened envelope does not make the text guessable.
    pub salt: Salt,
    /// The platform's own JSON of the message, kept byte for byte.
    pub record: FileRef,
    /// The files sent with the message, in order.
    pub attachments: Vec<AttachmentRef>,
    /// Each shortened link in the text and where it leads.
    pub links: Vec<(String, String)>,
    /// The text as the platform returned it, `&lt; &gt; &amp;` decoded once. Any UTF-8.
    pub text: String,
}

/// A content file without its text: every line before it.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// As in the content.
    pub salt: Salt,
    /// As in the content.
    pub record: FileRef,
    /// As in the content.
    pub attachments: Vec<AttachmentRef>,
    /// As in the content.
    pub links: Vec<(String, String)>,
    /// Number of bytes of text that follow.
    pub text_len: usize,
}

/// A file that is kept beside the content.
#[derive(Clone, PartialEq, Eq)]
pub struct FileRef {
    /// The SHA-256 of its bytes.
    pub sha256: Hash,
    /// Its length in bytes.
    pub len: u64,
    /// Its media type, `image/jpeg`: lower case, without parameters.
    pub media_type: String,
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
        let mut lines = Lines::new("content", bytes, CONTENT_BYTES_MAX)?;
        let header = Header::read(&mut lines)?;
        let text = last_text(&mut lines, header.text_len)?;
        lines.end()?;
        Ok(header.with_text(text))
    }

    /// The file's whole text. Reading and writing a file gives the same bytes.
    pub fn to_text(&self) -> String {
        format!("{}{}\n", Header::of(self).to_text(), self.text)
    }

    /// The SHA-256 of the file's bytes, which the envelope holds.
    pub fn hash(&self) -> Hash {
        Hash::of(self.to_text().as_bytes())
    }
}

impl Header {
    /// The lines before the text of this content.
    pub fn of(content: &Content) -> Header {
        let Content { salt, record, attachments, links, text } = content.clone();
        Header { salt, record, attachments, links, text_len: text.len() }
    }

    /// Reads the lines before the text, and nothing after them.
    ///
    /// # Errors
    /// If they are longer than [`CONTENT_BYTES_MAX`] or differ from the format in any byte.
    pub fn parse(bytes: &[u8]) -> Result<Header, ParseError> {
        let mut lines = Lines::new("content", bytes, CONTENT_BYTES_MAX)?;
        let header = Header::read(&mut lines)?;
        lines.end()?;
        Ok(header)
    }

    fn read(lines: &mut Lines<'_>) -> Result<Header, ParseError> {
        if lines.next("verbale content v1")? != "verbale content v1" {
            return Err(lines.error("verbale content v1"));
        }
        let salt = lines.field("salt")?;
        let salt = lines.value("salt <64 hex digits>", text::hash(salt).map(Salt::from))?;
        let record = lines.field("record")?;
        let record = lines.value(
            "record <sha256> <length up to 1 MiB> <media type>",
            FileRef::parse(record).filter(|file| file.len <= RECORD_BYTES_MAX),
        )?;
        let (attachments, links) = (attachments(lines)?, links(lines)?);
        let len = lines.field("text")?;
        let text_len =
            lines.value("text <length in bytes>", text::number(len).and_then(|n| usize::try_from(n).ok()))?;
        Ok(Header { salt, record, attachments, links, text_len })
    }

    /// The lines, each with its LF. Reading and writing them gives the same bytes.
    pub fn to_text(&self) -> String {
        let mut out = format!("verbale content v1\nsalt {}\nrecord {}\n", self.salt.to_hex(), self.record.to_line());
        for attachment in &self.attachments {
            out += &match attachment {
                AttachmentRef::File(file) => format!("attachment {}\n", file.to_line()),
                AttachmentRef::Unreadable { media_key } => format!("attachment unreadable {media_key}\n"),
            };
        }
        for (short, target) in &self.links {
            out += &format!("link {short} {target}\n");
        }
        out + &format!("text {}\n", self.text_len)
    }

    /// The content with this text. The caller checks whether the text has the length that the header says.
    pub fn with_text(self, text: String) -> Content {
        Content { salt: self.salt, record: self.record, attachments: self.attachments, links: self.links, text }
    }
}

impl FileRef {
    /// The reference to a file with these bytes.
    pub fn of(bytes: &[u8], media_type: &str) -> FileRef {
        FileRef { sha256: Hash::of(bytes), len: bytes.len() as u64, media_type: media_type.to_owned() }
    }

    /// Whether the file has these bytes.
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.len == bytes.len() as u64 && self.sha256 == Hash::of(bytes)
    }

    /// `<sha256> <length> <media type>`.
    pub fn to_line(&self) -> String {
        format!("{} {} {}", self.sha256, self.len, self.media_type)
    }

    fn parse(text: &str) -> Option<FileRef> {
        let [sha256, len, media_type] = text::words(text)?;
        let file = FileRef { sha256: text::hash(sha256)?, len: text::number(len)?, media_type: media_type.to_owned() };
        is_media_type(media_type).then_some(file)
    }
}

/// Whether this is a media type as a content file writes it: `type/subtype`, lower case, no parameters, at most 100
/// bytes, in the characters that RFC 9110 allows in a token.
pub fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| !part.is_empty() && part.bytes().all(is_token_byte);
    text.len() <= 100 && text.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
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
fn last_text(lines: &mut Lines<'_>, len: usize) -> Result<String, ParseError> {
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

redacted!(Content, Header, FileRef, AttachmentRef);
