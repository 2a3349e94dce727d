//! The names of the files in an opening and in a proof, and how long each may be.

use crate::base::text;
use crate::note::record::{RECORD_BYTES_MAX, Record, Role};
use crate::note::{content, envelope, unlocked};
use crate::tlog::entry;

/// The longest list of hashes, in bytes.
pub const SUMS_BYTES_MAX: usize = 64 * 1024;

/// The list of every other file's SHA-256, as `sha256sum -c` reads it.
pub const SUMS: &str = "SHA256SUMS";
/// The file that a person reads first. It is the only file that nothing vouches for.
pub const README: &str = "README.txt";
/// The log's public key.
pub const VKEY: &str = "log.vkey";
/// The public post, as it was posted.
pub const POST: &str = "post.txt";

/// The recipient's receipt: the entry of its own log.
pub const RECEIPT_LINE: &str = "receipt.line";
/// Shows that the receipt is in the recipient's log.
pub const RECEIPT_INCLUSION: &str = "receipt.inclusion";
/// The public key of the recipient's log.
pub const RECEIPT_VKEY: &str = "receipt.vkey";
/// The recipient's public post of the receipt, as it was posted.
pub const RECEIPT_POST: &str = "receipt.post";
/// The four files of a receipt, in their order.
pub const RECEIPT: [&str; 4] = [RECEIPT_LINE, RECEIPT_INCLUSION, RECEIPT_VKEY, RECEIPT_POST];

/// The longest file name, in bytes: long enough for an authority's of 64.
const NAME_BYTES_MAX: usize = 100;

/// The longest time stamp, in bytes.
const STAMP_BYTES_MAX: u64 = 64 * 1024;

/// The envelope of this note.
pub fn envelope(note: u64) -> String {
    format!("note-{note}.envelope.txt")
}

/// The content of this note.
pub fn content(note: u64) -> String {
    format!("note-{note}.content.txt")
}

/// The platform's own record of this note, of that role; `place` counts those of the addressees from 1.
pub fn record(note: u64, role: Role, place: usize) -> String {
    match role {
        Role::Message => format!("note-{note}.record.json"),
        Role::Event => format!("note-{note}.message.bin"),
        Role::KeyChange => format!("note-{note}.key-change.bin"),
        Role::PublicKeys => format!("note-{note}.public-keys.json"),
        Role::Recipient => format!("note-{note}.recipient-{place}.json"),
    }
}

/// The names of a content's records, in their order.
pub fn records(note: u64, records: &[Record]) -> Vec<String> {
    let first = records.iter().position(|record| record.role == Role::Recipient).unwrap_or(records.len());
    let name = |(index, one): (usize, &Record)| record(note, one.role, (index + 1).saturating_sub(first));
    records.iter().enumerate().map(name).collect()
}

/// Whether a file has the name of a record of this note, of any role and at any place.
pub fn is_record(name: &str, note: u64) -> bool {
    const ENDS: [&str; 4] = ["record.json", "message.bin", "key-change.bin", "public-keys.json"];
    let of_note = name.strip_prefix("note-").and_then(|rest| rest.strip_prefix(&format!("{note}.")));
    of_note.is_some_and(|rest| ENDS.contains(&rest) || rest.starts_with("recipient-"))
}

/// The key that opens this note's encrypted message, and no other.
pub fn subkey(note: u64) -> String {
    format!("note-{note}.subkey.txt")
}

/// The text of a note that became readable after it was sealed.
pub fn unlocked(note: u64) -> String {
    format!("note-{note}.unlocked.txt")
}

/// The proof that the entry is under a later head, of this size.
pub fn later_proof(note: u64, size: u64) -> String {
    format!("note-{note}.at-{size}.tlog-proof")
}

/// The size of the head in `note-17.at-4096.tlog-proof`. None for any other name.
pub fn size_of_later_proof(name: &str, note: u64) -> Option<u64> {
    let size = name.strip_prefix("note-")?.strip_prefix(&note.to_string())?.strip_prefix(".at-")?;
    text::number(size.strip_suffix(".tlog-proof")?)
}

/// The text of the head of this size, without its signatures: what a time stamp is over.
pub fn head(size: u64) -> String {
    format!("head-{size}.txt")
}

/// What a file about a head is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HeadFile {
    /// Its text.
    Text,
    /// A time stamp (RFC 3161) by the authority of that name.
    Tsr(String),
    /// A time stamp of OpenTimestamps.
    Ots,
}

/// The size of the head, and what the file is, by a name such as `head-4096.txt.authority.tsr`. None for any other name.
pub fn head_file(name: &str) -> Option<(u64, HeadFile)> {
    let (size, rest) = name.strip_prefix("head-")?.split_once(".txt")?;
    let file = match rest {
        "" => HeadFile::Text,
        ".ots" => HeadFile::Ots,
        stamp => HeadFile::Tsr(stamp.strip_prefix('.')?.strip_suffix(".tsr").filter(|by| is_authority(by))?.to_owned()),
    };
    Some((text::number(size)?, file))
}

/// Whether an authority that stamps may have this name.
pub fn is_authority(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// The log's entry of this note, which is the leaf of the tree.
pub fn entry(note: u64) -> String {
    format!("note-{note}.entry.txt")
}

/// The proof that the entry is in the log.
pub fn tlog_proof(note: u64) -> String {
    format!("note-{note}.tlog-proof")
}

/// The name of a proof itself.
pub fn proof(note: u64) -> String {
    format!("note-{note}.proof.zip")
}

/// The attachment at this place, counted from 1, among all attachments of this note.
pub fn attachment(note: u64, place: usize, media_type: &str) -> String {
    format!("note-{note}.attachment-{place}.{}", extension(media_type))
}

/// The ends of an attachment's name, and the media types that they stand for; the last one stands for all others.
const ENDS: [(&str, &str); 8] = [
    ("jpg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("bin", "application/octet-stream"),
];

fn extension(media_type: &str) -> &'static str {
    ENDS.iter().find(|(_, known)| *known == media_type).map_or("bin", |(end, _)| end)
}

/// The media type that an attachment's name stands for. None if it is not an attachment's name.
pub fn media_type(name: &str) -> Option<&'static str> {
    let (_, end) = name.rsplit_once('.')?;
    ENDS.iter().find(|(known, _)| *known == end).map(|(_, media_type)| *media_type)
}

/// The number in `note-17.envelope.txt`. None for any other name.
pub fn note_of_envelope(name: &str) -> Option<u64> {
    let note = name.strip_prefix("note-")?.strip_suffix(".envelope.txt")?;
    text::number(note).filter(|&note| 0 < note)
}

/// Whether a file may have this name. Such a name works on every system, and never leads out of its folder.
pub fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with(['.', '-'])
}

/// Whether a person could mistake this name for one of those above, so that the checks would look at another file.
pub fn resembles(name: &str) -> bool {
    const WORDS: [&str; 17] = [
        "envelope",
        "content",
        "record",
        "message",
        "key-change",
        "public-keys",
        "recipient",
        "subkey",
        "unlocked",
        "entry",
        "attachment",
        "tlog-proof",
        "log.vkey",
        "post.txt",
        "sha256sums",
        "readme",
        "receipt.",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// The most bytes that the file of this name may have.
pub fn bytes_max(name: &str) -> u64 {
    match name {
        SUMS => SUMS_BYTES_MAX as u64,
        POST | RECEIPT_POST => 16 * 1024,
        VKEY | RECEIPT_VKEY => 1024,
        RECEIPT_LINE => entry::LINE_BYTES_MAX as u64,
        RECEIPT_INCLUSION => 64 * 1024,
        README => 64 * 1024,
        _ if name.ends_with(".envelope.txt") => envelope::ENVELOPE_BYTES_MAX as u64,
        _ if name.ends_with(".content.txt") => content::CONTENT_BYTES_MAX as u64,
        _ if name.ends_with(".unlocked.txt") => unlocked::UNLOCKED_BYTES_MAX as u64,
        _ if name.ends_with(".subkey.txt") => 65,
        _ if head_file(name).is_some() => STAMP_BYTES_MAX,
        _ if name.starts_with("note-") && (name.ends_with(".json") || is_binary_record(name)) => RECORD_BYTES_MAX,
        _ if name.ends_with(".entry.txt") => entry::LINE_BYTES_MAX as u64,
        _ if name.ends_with(".tlog-proof") => 64 * 1024,
        _ => content::ATTACHMENT_BYTES_MAX,
    }
}

fn is_binary_record(name: &str) -> bool {
    name.ends_with(".message.bin") || name.ends_with(".key-change.bin")
}
