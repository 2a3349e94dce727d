//! Archives by people who wish us ill: each is refused clearly, and honest archives by other programs are not.
//! What hostile input may cost in memory is measured in `tests/limits.rs`.

use std::io::{Cursor, Write};

use verbale::verify::proof::{Verdict, verify};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::support::fixture::{self, Files, pinned, resum, unzip, zip};

fn files() -> Files {
    unzip(&fixture::proof().pack())
}

/// Why it is not read: it is never said to fail.
fn refusal(zip: &[u8]) -> String {
    let report = verify(zip, &pinned());
    assert_eq!(report.verdict(), Verdict::NotRead, "{report}");
    assert!(report.checks.is_empty() && report.claims.iter().all(|claim| claim.shown.is_empty()));
    report.not_read.unwrap()
}

/// It is judged as what it is.
fn assert_read(zip: &[u8]) {
    let report = verify(zip, &pinned());
    assert_eq!(report.verdict(), Verdict::Intact, "{report}");
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
fn names_that_climb_are_refused() {
    for name in ["../x", "/x", "C:\\x", "a/../../x", "..", "x\ny", "x\u{1b}[2J", "x\u{85}"] {
        let refusal = refusal(&with(name));
        assert!(refusal.contains("a name that is not allowed"), "{name}");
        assert!(!refusal.contains(['\u{1b}', '\u{85}']));
    }
}

/// The list of hashes names files in plain letters alone; what is called otherwise does not belong.
#[test]
fn names_that_trick_are_in_no_list() {
    for name in [".x", "-x", "x y", "x\u{202e}txt", "é", "a/b", &"x".repeat(101)] {
        let report = verify(&with(name), &pinned());
        assert_ne!(report.exit_status(), 0, "{name}");
        assert!(!report.to_string().contains('\u{202e}'));
    }
}

#[test]
fn links_are_refused_and_folders_are_nothing() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("folder", SimpleFileOptions::default()).unwrap();
    assert!(refusal(&writer.finish().unwrap().into_inner()).contains("without files"));
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
    assert!(refusal(&patched(&zip, honest, other, 0)).contains("different things"));
    refusal(&patched(&zip, honest, other, names - 1));
}

#[test]
fn a_file_that_the_list_hides_is_refused() {
    let mut hidden = zip(&Files::from([("evil".to_owned(), b"hidden".to_vec())]));
    hidden.truncate(hidden.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap());
    let mut zip = hidden;
    zip.extend(fixture::proof().pack());
    assert!(refusal(&zip).contains("contradicts itself"));
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
        ("SHA256SUMS", verbale::note::names::SUMS_BYTES_MAX),
        ("README.txt", 64 * 1024),
    ] {
        let mut files = files();
        files.insert(name.to_owned(), vec![b'x'; limit + 1]);
        let long = format!("{name} is longer than the {limit} bytes allowed\n");
        assert!(refusal(&zip(&files)).contains(&long), "{name}");
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
    let report = verify(&zip, &pinned());
    assert_eq!(report.exit_status(), 4, "{report}");
}

#[test]
fn an_archive_that_is_cut_anywhere_is_refused() {
    let zip = fixture::proof().pack();
    for len in (4..zip.len()).step_by(7) {
        refusal(&zip[..len]);
    }
}

/// Another archive stands in the comment: some programs unpack that one.
#[test]
fn an_archive_that_reads_in_two_ways_is_refused() {
    let honest = fixture::proof().pack();
    let mut files = files();
    files.insert("note-2.content.txt".to_owned(), b"invented".to_vec());
    resum(&mut files);
    for tail in [b"".as_slice(), b"x"] {
        let mut other = zip(&files);
        let shift = u32::try_from(honest.len()).unwrap();
        let end = other.len() - 22;
        let list = u32::from_le_bytes(other[end + 16..end + 20].try_into().unwrap());
        let mut at = list as usize;
        while at < end {
            let field = |from: usize| usize::from(u16::from_le_bytes(other[from..from + 2].try_into().unwrap()));
            let next = at + 46 + field(at + 28) + field(at + 30) + field(at + 32);
            let place = u32::from_le_bytes(other[at + 42..at + 46].try_into().unwrap()) + shift;
            other[at + 42..at + 46].copy_from_slice(&place.to_le_bytes());
            at = next;
        }
        other[end + 16..end + 20].copy_from_slice(&(list + shift).to_le_bytes());
        other.extend(tail);
        let mut both = honest.clone();
        let comment = both.len() - 2;
        both[comment..].copy_from_slice(&u16::try_from(other.len()).unwrap().to_le_bytes());
        both.extend(other);
        refusal(&both);
    }
}

#[test]
fn bytes_after_the_archive_are_refused_but_for_a_comment_and_line_ends() {
    let zip = fixture::proof().pack();
    let commented = |comment: &[u8]| {
        let len = u16::try_from(comment.len()).unwrap();
        [&zip[..zip.len() - 2], &len.to_le_bytes(), comment].concat()
    };
    assert_read(&commented(b"abc"));
    assert_read(&[&zip[..], b"\r\n"].concat());
    for more in [commented(b"PK"), [&zip[..], b"abc"].concat(), [&zip[..], &[b'\n'; 17]].concat()] {
        assert!(refusal(&more).contains("stands behind"));
    }
}

/// Nothing vouches for a file that this version does not know: none may look as if something did.
#[test]
fn a_file_that_looks_like_a_part_of_the_proof_is_refused() {
    let envelope_only = || unzip(&fixture::envelope_proof().pack());
    for name in [
        "note-2.Content.txt",
        "note-02.content.txt",
        "note-1.content.txt",
        "note-2.content.txt.txt",
        "note-2.record.JSON",
        "note-3.attachment-1.jpg",
        "NOTE-2.ENVELOPE.TXT.txt",
        "note-02.envelope.txt",
        "note2.content.txt",
        "Post.txt",
        "log.vkey.txt",
    ] {
        let mut files = envelope_only();
        files.insert(name.to_owned(), b"invented".to_vec());
        if files.keys().any(|known| known != name && known.eq_ignore_ascii_case(name)) {
            continue;
        }
        resum(&mut files);
        let report = verify(&zip(&files), &pinned());
        assert_eq!(report.exit_status(), 1, "{name}\n{report}");
    }
}
