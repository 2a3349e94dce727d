//! Archives by people who wish us ill: each is refused clearly, and honest archives by other programs are not.
//! What hostile input may cost in memory is measured in `tests/limits.rs`.

use std::io::{Cursor, Write};

use verbale::verify::verify;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::fixture::{self, Files, pinned, resum, unzip, zip};

fn files() -> Files {
    unzip(&fixture::proof().pack())
}

/// What the report says about the files, which must fail.
fn refusal(zip: &[u8]) -> String {
    let report = verify(zip, &pinned()).unwrap();
    assert_eq!(report.failing().collect::<Vec<_>>(), ["files"], "{report}");
    assert!(report.claims.iter().all(|claim| claim.shown.is_empty()));
    report.checks[0].detail.clone()
}

fn with(name: &str) -> Vec<u8> {
    let mut files = files();
    files.insert(name.to_owned(), b"x".to_vec());
    resum(&mut files);
    zip(&files)
}

/// Replaces bytes of the archive's own records.
fn patched(zip: &[u8], from: &[u8], to: &[u8], nth: usize) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..=zip.len() - from.len()).filter(|&at| zip[at..].starts_with(from)).collect();
    let mut zip = zip.to_vec();
    zip[places[nth]..places[nth] + to.len()].copy_from_slice(to);
    zip
}

#[test]
fn names_that_climb_or_trick_are_refused() {
    let long = "x".repeat(101);
    let names =
        ["../x", "/x", "C:\\x", "a/../../x", "..", ".x", "-x", "x y", "x\ny", "x\u{202e}txt", "é", "a/b", &long];
    for name in names {
        assert!(refusal(&with(name)).contains("a name that is not allowed"), "{name}");
    }
    assert!(!refusal(&with("x\u{1b}[2J")).contains('\u{1b}'));
}

#[test]
fn folders_and_links_are_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("folder", SimpleFileOptions::default()).unwrap();
    refusal(&writer.finish().unwrap().into_inner());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("note-2.envelope.txt", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    assert!(refusal(&writer.finish().unwrap().into_inner()).contains("is not a file"));
}

#[test]
fn two_headers_that_disagree_are_refused() {
    let zip = fixture::proof().pack();
    let (honest, other) = (b"note-2.record.json", b"note-2.record.jsox");
    // The first name stands before the file, the last in the list at the archive's end.
    let names = (0..zip.len() - honest.len()).filter(|&at| zip[at..].starts_with(honest)).count();
    assert!(refusal(&patched(&zip, honest, other, 0)).contains("inconsistency"));
    refusal(&patched(&zip, honest, other, names - 1));
}

#[test]
fn a_file_that_the_list_hides_is_refused() {
    let mut hidden = zip(&Files::from([("evil".to_owned(), b"hidden".to_vec())]));
    hidden.truncate(hidden.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap());
    let mut zip = hidden;
    zip.extend(fixture::proof().pack());
    assert!(refusal(&zip).contains("before the archive"));
}

#[test]
fn encryption_and_strange_compression_are_refused() {
    let zip = fixture::proof().pack();
    // The flags stand 8 bytes after the record's mark in the list, and 6 in the header; the method two bytes later.
    let list = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let mut encrypted = zip.clone();
    (encrypted[6], encrypted[list + 8]) = (encrypted[6] | 1, encrypted[list + 8] | 1);
    assert!(refusal(&encrypted).contains("is encrypted"));
    let mut strange = zip.clone();
    (strange[8], strange[list + 10]) = (93, 93);
    assert!(refusal(&strange).contains("not by deflate"));
}

#[test]
fn a_size_that_lies_is_refused() {
    let zip = fixture::proof().pack();
    let list = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    for lie in [0_u32, 1, u32::MAX - 1] {
        let mut lying = zip.clone();
        for at in [18, 22, list + 20, list + 24] {
            lying[at..at + 4].copy_from_slice(&lie.to_le_bytes());
        }
        refusal(&lying);
    }
}

#[test]
fn each_file_has_a_limit_of_its_own() {
    for (name, limit) in [
        ("note-2.envelope.txt", 16 * 1024),
        ("note-2.content.txt", 1024 * 1024),
        ("note-2.record.json", 1024 * 1024),
        ("note-2.entry.txt", 1024),
        ("note-2.tlog-proof", 64 * 1024),
        ("log.vkey", 1024),
        ("post.txt", 16 * 1024),
        ("SHA256SUMS", 16 * 1024),
        ("README.txt", 64 * 1024),
    ] {
        let mut files = files();
        files.insert(name.to_owned(), vec![b'x'; limit + 1]);
        assert_eq!(refusal(&zip(&files)), format!("{name} is longer than the {limit} bytes allowed"));
    }
}

/// As `zip -` or a web server writes it: sizes stand after each file, not before.
#[test]
fn an_honest_archive_that_was_streamed_is_read() {
    let mut writer = ZipWriter::new_stream(Vec::new());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in &files() {
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    let zip = writer.finish().unwrap().into_inner();
    let report = verify(&zip, &pinned()).unwrap();
    assert_eq!(report.exit_status(), 0, "{report}");
}

#[test]
fn an_archive_that_is_cut_anywhere_is_refused() {
    let zip = fixture::proof().pack();
    for len in (4..zip.len()).step_by(7) {
        refusal(&zip[..len]);
    }
}
