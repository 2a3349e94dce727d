//! What cannot be judged any more, or never was a proof; nobody has forged anything.

use super::ways::{Way, archive, below, file, files, folder, handed_out, rewritten, with, without};
use super::zips::{PLAIN, Style, pack};
use crate::support::fixture::{self, unzip};

const SIGN_IN: &[u8] = b"<!DOCTYPE html>\n<html><head><title>Sign in to continue</title></head></html>\n";

pub fn all() -> Vec<Way> {
    [texts(), parts(), archives(), others(), several()].into_iter().flatten().collect()
}

fn is_text(name: &str) -> bool {
    !name.ends_with(".jpg")
}

fn crlf(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8(bytes.to_vec()).unwrap().replace('\n', "\r\n").into_bytes()
}

fn utf_16(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(crlf(bytes)).unwrap();
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn only(name: &'static str) -> impl Fn(&str) -> bool {
    move |other| other == name
}

fn texts() -> Vec<Way> {
    let marked = |bytes: &[u8]| [b"\xef\xbb\xbf", bytes].concat();
    let cr = |bytes: &[u8]| bytes.iter().map(|byte| if *byte == b'\n' { b'\r' } else { *byte }).collect();
    vec![
        archive("CRLF by a mail program", pack(&rewritten(is_text, crlf), &PLAIN)),
        folder("git with autocrlf", with(rewritten(is_text, crlf), &[(".gitattributes", b"* text=auto\r\n")])),
        folder("CRLF in one file, by an editor", rewritten(only("note-2.envelope.txt"), crlf)),
        folder("CRLF in the list alone", rewritten(only("SHA256SUMS"), crlf)),
        folder("UTF-16 by Notepad", rewritten(only("post.txt"), utf_16)),
        folder("UTF-16 by Notepad, the list", rewritten(only("SHA256SUMS"), utf_16)),
        folder("a byte order mark by Notepad", rewritten(only("note-2.content.txt"), marked)),
        folder("CR by an old Mac", rewritten(is_text, cr)),
        folder(
            "the last line end lost in an editor",
            rewritten(only("log.vkey"), |bytes| bytes.trim_ascii_end().to_vec()),
        ),
        folder(
            "a line end more, by a browser's copy",
            rewritten(only("note-2.entry.txt"), |bytes| [bytes, b"\n"].concat()),
        ),
    ]
}

fn parts() -> Vec<Way> {
    let empty = |_: &[u8]| Vec::new();
    vec![
        folder("an empty file in place, by a cloud drive", rewritten(only("note-2.attachment-1.jpg"), empty)),
        folder("the list is an empty file", rewritten(only("SHA256SUMS"), empty)),
        folder("all files are empty", rewritten(|_| true, empty)),
        folder("a login page in place of one file", rewritten(only("post.txt"), |_| SIGN_IN.to_vec())),
        folder("a login page in place of the list", rewritten(only("SHA256SUMS"), |_| SIGN_IN.to_vec())),
        archive("a mail filter removed the picture", pack(&without(only("note-2.attachment-1.jpg")), &PLAIN)),
        archive("the list was left out", pack(&without(only("SHA256SUMS")), &PLAIN)),
        folder("only some files were forwarded", without(|name| name.starts_with("note-2.c") || name == "log.vkey")),
    ]
}

fn archives() -> Vec<Way> {
    let zip = handed_out();
    let pk = |nth: usize| zip.windows(4).enumerate().filter(|(_, it)| *it == b"PK\x01\x02").nth(nth).unwrap().0;
    let mut method = zip.clone();
    (method[8], method[pk(0) + 10]) = (14, 14);
    let mut bit = zip.clone();
    bit[200] ^= 4;
    vec![
        archive("half a download", zip[..zip.len() / 2].to_vec()),
        archive("all but the last bytes of a download", zip[..zip.len() - 3].to_vec()),
        archive("a bit that was lost on a disk", bit),
        archive("encrypted with a password", pack(&files(), &Style { flags: 1, ..PLAIN })),
        archive("compressed by LZMA", method),
        archive("a first part of several", [b"PK\x07\x08", &zip[..]].concat()),
        archive("an archive that unpacks itself", pack(&files(), &Style { around: [b"MZ\x90\0", b""], ..PLAIN })),
        archive("in an archive in an archive in an archive", nested(3)),
        archive("a web page's advertisement behind it", [&zip[..], b"<!-- free hosting -->"].concat()),
    ]
}

fn nested(levels: usize) -> Vec<u8> {
    (0..levels).fold(handed_out(), |inner, _| pack(&vec![("inner.zip".to_owned(), inner)], &PLAIN))
}

fn others() -> Vec<Way> {
    let envelope = files().into_iter().find(|(name, _)| name == "note-2.envelope.txt").unwrap().1;
    let mail = [
        b"Received: from mail.example\r\nContent-Type: multipart/mixed\r\n\r\n",
        data_encoding::BASE64.encode(&handed_out()).as_bytes(),
    ]
    .concat();
    vec![
        file("an empty file", "note-2.proof.zip", b""),
        file("a login page", "note-2.proof.zip", SIGN_IN),
        file("the mail with the proof in it", "Fwd proof.eml", &mail),
        file("the archive in base64", "note-2.proof.zip", data_encoding::BASE64.encode(&handed_out()).as_bytes()),
        file("a screenshot", "Screenshot.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        file("a photo of the screen", "IMG_2018.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF"),
        file("printed as PDF", "proof.pdf", b"%PDF-1.7\n"),
        file("packed by 7-Zip", "note-2.proof.7z", b"7z\xbc\xaf\x27\x1c\0\x04"),
        file("packed by WinRAR", "note-2.proof.rar", b"Rar!\x1a\x07\x01\0"),
        file("packed by tar", "note-2.proof.tar.gz", b"\x1f\x8b\x08\0"),
        file("the envelope alone", "note-2.envelope.txt", &envelope),
        file("an encrypted opening", "note-2.age", b"age-encryption.org/v1\n-> X25519 abc\n"),
        file("a secret key, by mistake", "log.key", b"PRIVATE+KEY+embassy.example/notes+00000000+AQ\n"),
        file("the slip", "slip.txt", fixture::slip().to_text().unwrap().as_bytes()),
        file("the text of a message", "message.txt", "Sehr geehrte Damen und Herren\n".as_bytes()),
        archive("another archive", pack(&with(vec![], &[("a.txt", b"a"), ("b.txt", b"b")]), &PLAIN)),
        archive("an archive without files", pack(&with(vec![], &[("Empty/", b"")]), &PLAIN)),
    ]
}

fn several() -> Vec<Way> {
    let other = fixture::envelope_proof().pack();
    let others: Vec<(String, Vec<u8>)> = unzip(&other).into_iter().collect();
    let other_files = others.iter().map(|(name, bytes)| (format!("other/{name}"), bytes.clone())).collect();
    let newer = rewritten(only("note-2.envelope.txt"), |bytes| [b"verbale envelope v2", &bytes[19..]].concat());
    vec![
        folder("two proofs in one folder", [below("one/"), other_files].concat()),
        archive(
            "two proofs in one archive",
            pack(&with(vec![], &[("a.zip", &handed_out()), ("b.zip", &other)]), &PLAIN),
        ),
        folder("two versions of one file", with(files(), &[("post (1).txt", b"verbale post v1\n")])),
        archive("made by a newer version", pack(&newer, &PLAIN)),
    ]
}
