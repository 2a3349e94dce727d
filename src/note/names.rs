//! The names of the files in an opening and in a proof, and how long each may be.

use crate::base::text;
use crate::note::{content, envelope};
use crate::tlog::entry;

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

/// The longest file name, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// The envelope of this note.
pub fn envelope(note: u64) -> String {
    format!("note-{note}.envelope.txt")
}

/// The content of this note.
pub fn content(note: u64) -> String {
    format!("note-{note}.content.txt")
}

/// The platform's own record of this note.
pub fn record(note: u64) -> String {
    format!("note-{note}.record.json")
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
    const WORDS: [&str; 11] = [
        "envelope",
        "content",
        "record",
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
        SUMS | POST | RECEIPT_POST => 16 * 1024,
        VKEY | RECEIPT_VKEY => 1024,
        RECEIPT_LINE => entry::LINE_BYTES_MAX as u64,
        RECEIPT_INCLUSION => 64 * 1024,
        README => 64 * 1024,
        _ if name.ends_with(".envelope.txt") => envelope::ENVELOPE_BYTES_MAX as u64,
        _ if name.ends_with(".content.txt") => content::CONTENT_BYTES_MAX as u64,
        _ if name.ends_with(".record.json") => content::RECORD_BYTES_MAX,
        _ if name.ends_with(".entry.txt") => entry::LINE_BYTES_MAX as u64,
        _ if name.ends_with(".tlog-proof") => 64 * 1024,
        _ => content::ATTACHMENT_BYTES_MAX,
    }
}
