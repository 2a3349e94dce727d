//! Tests of how a proof may come: what is taken, what is set aside, and what is not judged.

use proptest::prelude::*;

use std::collections::BTreeMap;

use super::*;
use crate::note::proof::Sums;

type Files = BTreeMap<String, Vec<u8>>;

const ENVELOPE: &str = "note-1.envelope.txt";

/// The files of a proof, as far as packaging looks at them.
fn honest() -> Files {
    let texts = [
        (ENVELOPE, "verbale envelope v1\nlog embassy.example/notes\n"),
        ("note-1.tlog-proof", "c2sp.org/tlog-proof@v1\nindex 0\n"),
        ("log.vkey", "embassy.example/notes+00000000+AQ\n"),
        ("post.txt", "verbale post v1\nplatform x\n"),
        ("note-1.attachment-1.jpg", "\u{1}picture\r\n\u{2}"),
    ];
    let mut files: Files = texts.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into();
    resum(&mut files);
    files.insert("README.txt".to_owned(), b"Read this first\n".to_vec());
    files
}

fn resum(files: &mut Files) {
    files.remove("SHA256SUMS");
    let sums = Sums::of(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))).to_text();
    files.insert("SHA256SUMS".to_owned(), sums.into_bytes());
}

fn given(files: &Files) -> Vec<Given> {
    files.iter().map(|(path, bytes)| Given { path: path.clone(), bytes: bytes.clone() }).collect()
}

fn zip<'a>(files: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> Vec<u8> {
    let files: Vec<(String, &[u8])> = files.into_iter().map(|(name, bytes)| (name.clone(), bytes.as_slice())).collect();
    archive::write(&files)
}

/// The proof after this change.
fn after(change: impl FnOnce(&mut Files)) -> Result<Packed, NotRead> {
    let mut files = honest();
    change(&mut files);
    gather(given(&files))
}

fn add(files: &mut Files, path: &str, bytes: &[u8]) {
    files.insert(path.to_owned(), bytes.to_vec());
}

fn rename(files: &mut Files, from: &str, to: &str) {
    let bytes = files.remove(from).unwrap();
    files.insert(to.to_owned(), bytes);
}

/// What programs do to all text files of a proof.
fn rewrite(files: &mut Files, change: impl Fn(&str) -> Vec<u8>) {
    for (_, bytes) in files.iter_mut().filter(|(name, _)| !name.ends_with(".jpg")) {
        *bytes = change(std::str::from_utf8(bytes).unwrap());
    }
}

#[test]
fn what_we_packed_is_opened_as_it_is() {
    let packed = open(&zip(&honest())).unwrap();
    assert!(packed == Packed { files: honest().into(), set_aside: vec![], remarks: vec![] });
    assert!(gather(given(&honest())).unwrap() == packed);
}

#[test]
fn what_belongs_is_found_and_the_rest_is_set_aside() {
    type Change = fn(&mut Files);
    let cases: [(Change, &[&str], &[&str]); 12] = [
        (|files| add(files, ".DS_Store", b"x"), &[".DS_Store"], &[]),
        (|files| add(files, "__MACOSX/._post.txt", b"x"), &["__MACOSX/._post.txt"], &[]),
        (|files| add(files, "my notes.txt", b"x"), &["my notes.txt (SHA256SUMS does not name it)"], &[]),
        (|files| add(files, "evil\u{202e}gpj.exe", b"x"), &["evil[U+202E]gpj.exe (SHA256SUMS does not name it)"], &[]),
        (|files| rename(files, "post.txt", "post (1).txt"), &[], &["renamed: post.txt to post (1).txt"]),
        (|files| rename(files, "SHA256SUMS", "SHA256SUMS.txt"), &[], &["renamed: SHA256SUMS to SHA256SUMS.txt"]),
        (|files| rename(files, "SHA256SUMS", "Prüfsummen"), &[], &["renamed: SHA256SUMS to Prüfsummen"]),
        (|files| rename(files, "log.vkey", "Schlüssel"), &[], &["renamed: log.vkey to Schlüssel"]),
        (|files| rename(files, "README.txt", "ReadMe.TXT"), &[], &["renamed: README.txt to ReadMe.TXT"]),
        (
            |files| add(files, "post copy.txt", &honest()["post.txt"]),
            &["post.txt (the same as post copy.txt)"],
            &["renamed: post.txt to post copy.txt"],
        ),
        (
            |files| *files = files.iter().map(|(name, bytes)| (format!("a/b/{name}"), bytes.clone())).collect(),
            &[],
            &["in a folder: a/b"],
        ),
        (|files| rename(files, "post.txt", "a/post.txt"), &[], &["in several folders"]),
    ];
    for (at, (change, set_aside, remarks)) in cases.into_iter().enumerate() {
        let packed = after(change).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert!(packed.files == honest().into(), "{at}");
        assert_eq!((packed.set_aside, packed.remarks), (strings(set_aside), strings(remarks)), "{at}");
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// That a hash differs is for the checks to say, and the README is vouched for by nothing.
#[test]
fn what_was_changed_goes_on_to_be_judged() {
    let changed = after(|files| add(files, "post.txt", b"another post\n")).unwrap();
    assert_eq!(changed.files.get("post.txt"), Some(&b"another post\n"[..]));
    assert!(after(|files| drop(files.remove("README.txt"))).unwrap().files.get("README.txt").is_none());
    let unlisted = after(|files| {
        files.remove("post.txt");
        resum(files);
        add(files, "post.txt", b"a post\n");
    });
    assert_eq!(unlisted.unwrap_err(), NotRead::Unlisted { path: "post.txt".to_owned() });
    let garbled = after(|files| add(files, "SHA256SUMS", b"no hashes\n")).unwrap();
    assert_eq!(garbled.files.iter().count(), honest().len());
    // One of two text files was changed in more than its line ends.
    let both = after(|files| {
        rewrite(files, |text| text.replace('\n', "\r\n").into_bytes());
        add(files, "post.txt", b"another post\r\n");
    });
    assert_eq!(both.unwrap().files.get("post.txt"), Some(&b"another post\r\n"[..]));
}

#[test]
fn the_proof_is_found_in_archives_among_other_files() {
    let inner = zip(&honest());
    let outer =
        zip(&Files::from([("note-1.proof.zip".to_owned(), inner.clone()), ("Letter.docx".to_owned(), vec![7])]));
    let packed = open(&outer).unwrap();
    assert!(packed.files == honest().into());
    assert_eq!(packed.set_aside, ["Letter.docx"]);
    assert_eq!(packed.remarks, ["found inside note-1.proof.zip"]);
    let around = |zip_bytes: &Vec<u8>| zip(&Files::from([("a.zip".to_owned(), zip_bytes.clone())]));
    assert!(open(&around(&outer)).unwrap().files == honest().into());
    let deep = open(&around(&around(&outer))).unwrap_err();
    assert!(deep.to_string().contains("too deep inside"), "{deep}");
    // The same proof twice is one; two proofs are none.
    let twice =
        [("a.zip", &inner), ("b.zip", &inner)].map(|(path, bytes)| Given { path: path.into(), bytes: bytes.clone() });
    assert!(gather(twice.to_vec()).unwrap().files == honest().into());
    let mut other = honest();
    add(&mut other, "post.txt", b"another");
    resum(&mut other);
    let two = [("a.zip", inner), ("b.zip", zip(&other))].map(|(path, bytes)| Given { path: path.into(), bytes });
    assert!(matches!(gather(two.to_vec()), Err(NotRead::Ambiguous { .. })));
}

#[test]
fn what_did_not_come_whole_is_not_judged() {
    let missing = |change: fn(&mut Files)| match after(change).unwrap_err() {
        NotRead::Parts { missing } => missing,
        other => panic!("{other}"),
    };
    assert_eq!(missing(|files| drop(files.remove("post.txt"))), ["post.txt"]);
    assert_eq!(missing(|files| drop(files.remove("SHA256SUMS"))), ["SHA256SUMS"]);
    assert_eq!(missing(|files| add(files, "SHA256SUMS", b"")), ["SHA256SUMS (an empty file is in its place)"]);
    assert_eq!(missing(|files| add(files, ENVELOPE, b"")), [format!("{ENVELOPE} (an empty file is in its place)")]);
    let page = missing(|files| add(files, "log.vkey", b"<!DOCTYPE html><title>Sign in</title>"));
    assert_eq!(page, ["log.vkey (a web page is in its place)"]);
}

#[test]
fn two_files_for_one_place_are_not_judged() {
    let ambiguous = |change: fn(&mut Files)| match after(change).unwrap_err() {
        NotRead::Ambiguous { place, paths } => (place, paths),
        other => panic!("{other}"),
    };
    let (place, paths) = ambiguous(|files| add(files, "post (1).txt", b"another post\n"));
    assert_eq!((place.as_str(), paths), ("post.txt", strings(&["post (1).txt", "post.txt"])));
    let (place, _) = ambiguous(|files| add(files, "other/SHA256SUMS", &honest()["SHA256SUMS"][65..]));
    assert_eq!(place, "SHA256SUMS");
    // A list of other files is no list of this proof.
    let other = Sums::of([("debian.iso", &b"x"[..])]).to_text();
    let packed = after(|files| add(files, "other/SHA256SUMS", other.as_bytes()));
    assert!(packed.is_ok_and(|packed| packed.files == honest().into()));
}

#[test]
fn another_version_is_not_judged() {
    for (name, line, found) in [
        (ENVELOPE, "verbale envelope v2\n", "2"),
        (ENVELOPE, "\u{feff}verbale envelope v2\r\n", "2"),
        ("post.txt", "verbale post v3\n", "3"),
        ("note-1.tlog-proof", "c2sp.org/tlog-proof@v2\n", "2"),
    ] {
        let error = after(|files| {
            add(files, name, line.as_bytes());
            resum(files);
        });
        assert_eq!(error.map(|_| ()), Err(NotRead::Version { file: name.to_owned(), found: found.to_owned() }));
    }
    assert!(after(|files| add(files, ENVELOPE, b"verbale envelope vx\n")).is_ok());
}

#[test]
fn texts_that_a_program_wrote_anew_are_not_judged() {
    let cause = |change: &dyn Fn(&mut Files)| match after(change).unwrap_err() {
        NotRead::LineEnds { cause } => cause,
        other => panic!("{other}"),
    };
    let crlf = cause(&|files| rewrite(files, |text| text.replace('\n', "\r\n").into_bytes()));
    assert_eq!(
        crlf,
        "SHA256SUMS, log.vkey, note-1.envelope.txt, note-1.tlog-proof, post.txt were given CRLF line ends \
         on the way: with LF line ends the hashes fit"
    );
    let cause = |change: &dyn Fn(&mut Files)| {
        cause(change).strip_suffix(" on the way: with LF line ends the hashes fit").unwrap().to_owned()
    };
    let utf_16 = |text: &str| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(cause(&|files| rewrite(files, utf_16)).ends_with("were saved in UTF-16"));
    let one = cause(&|files| add(files, "post.txt", &[b"\xef\xbb\xbf", &honest()["post.txt"][..]].concat()));
    assert_eq!(one, "post.txt was given a byte order mark");
    let cut = cause(&|files| add(files, "log.vkey", honest()["log.vkey"].trim_ascii_end()));
    assert_eq!(cut, "log.vkey was given or robbed of a last line end");
    let sums = cause(&|files| add(files, "SHA256SUMS", honest()["SHA256SUMS"].trim_ascii_end()));
    assert_eq!(sums, "SHA256SUMS was given or robbed of a last line end");
}

#[test]
fn every_reason_says_what_to_do() {
    let text = || "x".to_owned();
    for reason in [
        kind::no_proof(b""),
        NotRead::TooLarge { size: 1 },
        NotRead::Refused { what: text() },
        NotRead::Parts { missing: vec![text(); 20] },
        NotRead::Version { file: text(), found: text() },
        NotRead::LineEnds { cause: text() },
        NotRead::Ambiguous { place: text(), paths: vec![text()] },
        open(b"a text\n").unwrap_err(),
        open(&zip(&Files::new())).unwrap_err(),
        gather(vec![]).unwrap_err(),
        gather(given(&Files::from([("a".to_owned(), vec![1]), ("b".to_owned(), vec![2])]))).unwrap_err(),
    ] {
        assert_eq!(reason.to_string().lines().count(), 2, "{reason}");
    }
}

proptest! {
    /// In whatever order, in whatever folder, among whatever junk, deflated or not: the same files.
    #[test]
    fn the_same_proof_is_found_however_it_is_packed(
        folder in "[a-zA-Z0-9 ]{0,12}",
        order in Just((0..7).collect::<Vec<usize>>()).prop_shuffle(),
        junk in prop::collection::btree_map("(__MACOSX/x|\\._|x\\.|~)[a-z]{1,8}", prop::collection::vec(any::<u8>(), 1..40), 0..4),
        method in prop::sample::select(vec![zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated]),
    ) {
        let folder = folder.trim();
        let honest = honest();
        let files: Vec<(&String, &Vec<u8>)> = honest.iter().collect();
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        let chosen = order.iter().map(|at| files[*at]).chain(&junk);
        for (name, bytes) in chosen {
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            writer.start_file(path, options).unwrap();
            std::io::Write::write_all(&mut writer, bytes).unwrap();
        }
        let packed = open(&writer.finish().unwrap().into_inner()).unwrap();
        prop_assert!(packed.files == honest.into());
        prop_assert_eq!(packed.set_aside.len(), junk.len());
    }

    /// Whatever is given: an answer.
    #[test]
    fn whatever_is_given_there_is_an_answer(files in prop::collection::vec(("[ -~/]{0,30}", prop::collection::vec(any::<u8>(), 0..60)), 0..6)) {
        let given = files.into_iter().map(|(path, bytes)| Given { path, bytes }).collect();
        if let Err(reason) = gather(given) {
            prop_assert!(reason.to_string().contains('\n'));
        }
    }
}
