//! What a file is that is no proof: people give what they have.

use super::{ASK, NotRead};

/// What a file may begin with, what it is then, and what to do.
const BEGINNINGS: [(&[u8], &str, &str); 22] = [
    (b"%PDF-", PDF, PICTURE_NEXT),
    (b"\x89PNG", PICTURE, PICTURE_NEXT),
    (b"\xff\xd8\xff", PICTURE, PICTURE_NEXT),
    (b"GIF8", PICTURE, PICTURE_NEXT),
    (b"RIFF", "a picture or a recording", PICTURE_NEXT),
    (b"\x1f\x8b", PACKED, PACKED_NEXT),
    (b"7z\xbc\xaf", PACKED, PACKED_NEXT),
    (b"Rar!", PACKED, PACKED_NEXT),
    (b"BZh", PACKED, PACKED_NEXT),
    (b"\xfd7zXZ", PACKED, PACKED_NEXT),
    (b"age-encryption.org/", ENCRYPTED, ENCRYPTED_NEXT),
    (b"-----BEGIN AGE ", ENCRYPTED, ENCRYPTED_NEXT),
    (b"verbale slip v", "a slip", "a slip is checked with the message that it came after: verify --slip"),
    (b"verbale envelope v", PART, PART_NEXT),
    (b"verbale content v", PART, PART_NEXT),
    (b"verbale post v", PART, PART_NEXT),
    (b"c2sp.org/tlog-proof@", PART, PART_NEXT),
    (b"From ", MAIL, MAIL_NEXT),
    (b"Received:", MAIL, MAIL_NEXT),
    (b"Return-Path:", MAIL, MAIL_NEXT),
    (b"MIME-Version:", MAIL, MAIL_NEXT),
    (b"Delivered-To:", MAIL, MAIL_NEXT),
];

const PDF: &str = "a PDF";
const PICTURE: &str = "a picture";
const PICTURE_NEXT: &str = "nothing in it can be checked: ask for the file note-<n>.proof.zip";
const PACKED: &str = "an archive of another kind than zip";
const PACKED_NEXT: &str = "unpack it, and give the folder or the file note-<n>.proof.zip in it";
const ENCRYPTED: &str = "an encrypted file (age)";
const ENCRYPTED_NEXT: &str = "only who has the key for it can read it: ask them for the file note-<n>.proof.zip";
const PART: &str = "one file of a proof";
const PART_NEXT: &str = "give all its files, or the archive note-<n>.proof.zip in which they came";
const MAIL: &str = "a mail";
const MAIL_NEXT: &str = "save the file that is attached to it, and give that";

/// Says what these bytes are, if that can be told.
pub(super) fn no_proof(bytes: &[u8]) -> NotRead {
    let (what, next) = kind(bytes);
    NotRead::NoProof { what: what.to_owned(), next: next.to_owned() }
}

fn kind(bytes: &[u8]) -> (&'static str, &'static str) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.is_empty() {
        return ("an empty file", "it did not come whole: download it again, or ask for it again");
    }
    if is_secret(bytes) {
        return ("a secret key", "give it to nobody, and to no program that asks for a proof");
    }
    if is_web_page(bytes) {
        return (
            "a web page",
            "it may be a page to sign in, in place of the file: open the address in a browser, and save the file itself",
        );
    }
    let known = BEGINNINGS.iter().find(|(beginning, ..)| bytes.starts_with(beginning));
    match known {
        Some((_, what, next)) => (what, next),
        None if bytes.get(257..262) == Some(b"ustar") => (PACKED, PACKED_NEXT),
        None if bytes.get(4..8) == Some(b"ftyp") => ("a picture or a recording", PICTURE_NEXT),
        None if is_text(bytes) => ("a text", ASK),
        None => ("a file of an unknown kind", ASK),
    }
}

/// Whether a secret key stands in it: of a log, or of age.
pub(super) fn is_secret(bytes: &[u8]) -> bool {
    const BYTES_MAX: usize = 4096;
    let start = &bytes[..bytes.len().min(BYTES_MAX)];
    [&b"PRIVATE+KEY+"[..], b"AGE-SECRET-KEY-", b"PRIVATE KEY-----"]
        .iter()
        .any(|mark| memchr::memmem::find(start, mark).is_some())
}

/// Whether it begins as a web page does.
fn is_web_page(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes[..bytes.len().min(512)].trim_ascii_start().to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html"].iter().any(|mark| start.starts_with(mark))
}

/// What a cloud drive or a site puts in the place of a file, if these bytes are that.
pub(super) fn in_its_place(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [] => Some("an empty file"),
        _ if is_web_page(bytes) => Some("a web page"),
        _ => None,
    }
}

/// A text in UTF-8, as far as its beginning shows.
fn is_text(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(4096)];
    match std::str::from_utf8(start) {
        Ok(text) => !text.contains('\0'),
        Err(error) => error.error_len().is_none() && start.len() < bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_give_is_called_what_it_is() {
        for (bytes, what) in [
            (&b""[..], "an empty file"),
            (b"\xef\xbb\xbf\n <!DOCTYPE HTML><title>Sign in", "a web page"),
            (b"%PDF-1.7", "a PDF"),
            (b"\x89PNG\r\n", "a picture"),
            (b"\x1f\x8b\x08", "an archive of another kind than zip"),
            (b"age-encryption.org/v1\n", "an encrypted file (age)"),
            (b"PRIVATE+KEY+embassy.example/notes+8d6f+AQ", "a secret key"),
            (b"# created: today\nAGE-SECRET-KEY-1QQ", "a secret key"),
            (b"verbale slip v1\n", "a slip"),
            (b"verbale envelope v1\n", "one file of a proof"),
            (b"Received: from mail.example", "a mail"),
            ("Grüße".as_bytes(), "a text"),
            (b"\xff\xfe\x00\x01", "a file of an unknown kind"),
        ] {
            assert_eq!(kind(bytes).0, what);
        }
        assert_eq!(in_its_place(b"\xef\xbb\xbf<html>"), Some("a web page"));
        assert_eq!(in_its_place(b"verbale post v1\n"), None);
    }
}
