//! What strangers may write: no parser panics, and what is read is written back byte for byte.

use proptest::prelude::*;
use proptest::sample::Index;

use verbale::note::proof::{PublishedPost, Sums};
use verbale::note::slip::Slip;
use verbale::note::{Content, Envelope, Header, Opening};
use verbale::tlog::entry::Entry;
use verbale::tlog::signed_note::{LogKey, SignedNote};
use verbale::tlog::tile::{TilePath, bundle, parse_bundle};
use verbale::tlog::tlog_proof::TlogProof;
use verbale::verify::proof::{verify, vkey};
use verbale::wording::post::PostText;
use verbale::wording::thread::Part;

use crate::support::fixture::{self, pinned};

/// Each parser of text with what it writes back, and a valid text.
type Parser = (&'static str, fn(&[u8]) -> Option<Vec<u8>>, Vec<u8>);

fn parsers() -> Vec<Parser> {
    fn text(bytes: &[u8]) -> Option<&str> {
        std::str::from_utf8(bytes).ok()
    }
    let tlog_proof = fixture::tlog_proof(&fixture::entries(), 0, &fixture::key());
    let entries: Vec<String> = fixture::entries().iter().map(Entry::to_line).collect();
    let sums = Sums::of([("a.txt", &b"a"[..]), ("b.txt", b"b")]).to_text();
    vec![
        ("envelope", |b| Some(Envelope::parse(b).ok()?.to_text().into()), fixture::envelope().to_text().into()),
        ("content", |b| Some(Content::parse(b).ok()?.to_text().into()), fixture::content().to_text().into()),
        ("entry", |b| Some(Entry::parse(b).ok()?.to_line().into()), entries[4].clone().into()),
        ("signed note", |b| Some(SignedNote::parse(b).ok()?.to_string().into()), tlog_proof.checkpoint.clone().into()),
        ("tlog-proof", |b| Some(TlogProof::parse(b).ok()?.to_text().into()), tlog_proof.to_text().into()),
        ("tile path", |b| Some(TilePath::parse(text(b)?)?.to_string().into()), b"tile/0/x001/234.p/5".into()),
        (
            "bundle",
            |b| Some(bundle(parse_bundle(b, 5).ok()?).unwrap()),
            bundle(entries.iter().map(String::as_bytes)).unwrap(),
        ),
        ("post", |b| Some(PostText::parse(text(b)?).ok()?.to_text().into()), fixture::single_post().to_text().into()),
        (
            "post file",
            |b| Some(PublishedPost::parse(b).ok()?.to_text().into()),
            fixture::published("ü\nx".into()).to_text().into(),
        ),
        ("sums", |b| Some(Sums::parse(b).ok()?.to_text().into()), sums.into()),
        ("mirror post", |b| Some(Part::parse(text(b)?).ok()?.to_text().into()), fixture::mirror().remove(1).into()),
        (
            "slip",
            |b| Some(Slip::parse(text(b)?).ok()?.to_text().unwrap().into()),
            fixture::slip().to_text().unwrap().into(),
        ),
        ("vkey", |b| Some(format!("{}\n", vkey(b).ok()?).into()), format!("{}\n", fixture::key().vkey()).into()),
        ("key file", |b| Some(LogKey::parse(b).ok()?.to_file().into()), fixture::key().to_file().into()),
    ]
}

fn check((name, parse, _): &Parser, bytes: &[u8]) {
    if let Some(back) = parse(bytes) {
        assert_eq!(back, bytes, "{name}: what is read is written back");
    }
}

/// A change: bytes put in place of others.
fn change() -> impl Strategy<Value = (Index, usize, Vec<u8>)> {
    let interesting = prop::sample::select(vec![
        b"\n".to_vec(),
        b" ".to_vec(),
        b"0".to_vec(),
        b"\r".to_vec(),
        b"\xff".to_vec(),
        b"\0".to_vec(),
        b"9".repeat(20),
        b"+".to_vec(),
        b"-1".to_vec(),
        "\u{feff}".as_bytes().to_vec(),
        "\u{2014} ".as_bytes().to_vec(),
    ]);
    (any::<Index>(), 0..4_usize, prop_oneof![interesting, prop::collection::vec(any::<u8>(), 0..4)])
}

fn changed(valid: &[u8], changes: &[(Index, usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for (at, len, new) in changes {
        let start = at.index(bytes.len() + 1);
        bytes.splice(start..(start + len).min(bytes.len()), new.iter().copied());
    }
    bytes
}

#[test]
fn the_examples_are_valid() {
    for parser in parsers() {
        assert_eq!(parser.1(&parser.2).as_ref(), Some(&parser.2), "{}", parser.0);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        parsers().iter().for_each(|parser| check(parser, &bytes));
        let _ = verify(&bytes, &pinned());
        let _ = Opening::unpack(&bytes);
    }

    #[test]
    fn changed_texts_are_read_or_refused(changes in prop::collection::vec(change(), 1..4)) {
        for parser in parsers() {
            check(&parser, &changed(&parser.2, &changes));
        }
    }

    /// Whatever is done to the archive: no panic, and what still holds is still the same.
    #[test]
    fn changed_archives_are_read_or_refused(changes in prop::collection::vec(change(), 1..4)) {
        let zip = changed(&fixture::proof().pack(), &changes);
        let report = verify(&zip, &pinned());
        if ![1, 2].contains(&report.exit_status()) {
            prop_assert!(report.subject.unwrap().commitment == fixture::envelope().commitment().to_string());
        }
        if let Ok((note, opening)) = Opening::unpack(&changed(&fixture::opening().pack(2), &changes)) {
            prop_assert!(note == 2 && opening == fixture::opening());
        }
    }

    #[test]
    fn any_text_and_any_files_are_sealed_and_opened(
        text in any::<String>(),
        files in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..50)), 0..=16),
    ) {
        use verbale::note::{AttachmentRef, FileRef};
        let reference = |file: &Option<Vec<u8>>| match file {
            Some(bytes) => AttachmentRef::File(FileRef::of(bytes, "image/png")),
            None => AttachmentRef::Unreadable { media_key: "3_1".to_owned() },
        };
        let mut opening = fixture::opening();
        let attachments = files.iter().map(reference).collect();
        let header = Header { attachments, ..fixture::content().header };
        let content = Content { header, text: Some(text) };
        let envelope = Envelope { content: content.hash(), ..fixture::envelope() };
        opening.content = content.to_text().into_bytes();
        opening.envelope = envelope.to_text().into_bytes();
        opening.attachments = files;
        prop_assert!(Opening::unpack(&opening.pack(2)) == Ok((2, opening)));
    }
}
