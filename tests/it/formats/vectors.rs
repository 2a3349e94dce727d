//! The test vectors in `tests/vectors`: made from the cases below, kept as files, and read as another implementation reads them.

mod logs;
mod mirrors;
mod notes;
mod policies;
mod proofs;
mod receipts;
mod set;
mod witnesses;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use verbale::note::proof::{PublishedPost, Sums};
use verbale::note::slip::Slip;
use verbale::note::{Content, Envelope};
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::entry::Entry;
use verbale::tlog::policy::Policy;
use verbale::tlog::signed_note::{LogKey, SignedNote, VerifierKey};
use verbale::tlog::tile::{TilePath, parse_bundle};
use verbale::tlog::tlog_proof::TlogProof;
use verbale::verify::proof::{Trust, verify, vkey};
use verbale::wording::post::PostText;
use verbale::wording::thread::Part;

/// One vector, before it is written to its file.
pub struct Case {
    pub format: &'static str,
    pub name: String,
    pub expect: String,
    pub comment: String,
    /// Further headers that this format needs.
    pub headers: Vec<(&'static str, String)>,
    pub bytes: Vec<u8>,
}

impl Case {
    fn path(&self) -> PathBuf {
        folder().join(self.format).join(format!("{}.txt", self.name))
    }

    fn file(&self) -> Vec<u8> {
        let mut out = format!("expect: {}\ncomment: {}\n", self.expect, self.comment);
        for (key, value) in &self.headers {
            out += &format!("{key}: {value}\n");
        }
        if ["bundle", "proof"].contains(&self.format) {
            return format!("{out}encoding: base64\n\n{}\n", BASE64.encode(&self.bytes)).into_bytes();
        }
        [out.as_bytes(), b"\n", &self.bytes].concat()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn all() -> Vec<Case> {
    [notes::all(), mirrors::all(), logs::all(), policies::all(), proofs::all(), receipts::all(), witnesses::all()]
        .into_iter()
        .flatten()
        .collect()
}

/// The headers of a file, and the bytes of the case.
fn read(path: &Path) -> (BTreeMap<String, String>, Vec<u8>) {
    let bytes = fs::read(path).unwrap();
    let split = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
    let head = std::str::from_utf8(&bytes[..split]).unwrap();
    let headers: BTreeMap<_, _> =
        head.lines().map(|line| line.split_once(": ").unwrap()).map(|(k, v)| (k.into(), v.into())).collect();
    let body = &bytes[split + 2..];
    match headers.get("encoding").map(String::as_str) {
        Some("base64") => (headers, BASE64.decode(body.strip_suffix(b"\n").unwrap()).unwrap()),
        Some(other) => panic!("unknown encoding {other}"),
        None => (headers, body.to_vec()),
    }
}

/// The policy that the headers name, or the key.
fn trusted(headers: &BTreeMap<String, String>, of: &str) -> Option<Policy> {
    let policy = headers.get(&format!("{of}policy"));
    let policy = policy.map(|text| Policy::parse(&BASE64.decode(text.as_bytes()).unwrap()).unwrap());
    policy.or_else(|| headers.get(&format!("{of}vkey")).map(|key| VerifierKey::parse(key).unwrap().into()))
}

/// What this implementation makes of a case. What it accepts, it writes back byte for byte.
fn result(format: &str, headers: &BTreeMap<String, String>, bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).ok();
    let key = || VerifierKey::parse(&headers["vkey"]).unwrap();
    let width = || headers["width"].parse().unwrap();
    let back = match format {
        "envelope" => Envelope::parse(bytes).ok().map(|it| it.to_text().into_bytes()),
        "content" => Content::parse(bytes).ok().map(|it| it.to_text().into_bytes()),
        "entry" => Entry::parse(bytes).ok().map(|it| it.to_line().into_bytes()),
        "signed-note" => SignedNote::parse(bytes)
            .ok()
            .filter(|note| note.verify(&[key()]).is_ok())
            .map(|note| note.to_string().into_bytes()),
        "checkpoint" => Checkpoint::open(bytes, &key()).ok().map(|_| bytes.to_vec()),
        "tlog-proof" => TlogProof::parse(bytes).ok().map(|it| it.to_text().into_bytes()),
        "policy" => Policy::parse(bytes).ok().map(|_| bytes.to_vec()),
        "tile-path" => text.and_then(TilePath::parse).map(|it| it.to_string().into_bytes()),
        "bundle" => parse_bundle(bytes, width()).ok().map(|entries| verbale::tlog::tile::bundle(entries).unwrap()),
        "post" => text.and_then(|text| PostText::parse(text).ok()).map(|it| it.to_text().into_bytes()),
        "post-file" => PublishedPost::parse(bytes).ok().map(|it| it.to_text().into_bytes()),
        "mirror-post" => text.and_then(|text| Part::parse(text).ok()).map(|it| it.to_text().into_bytes()),
        "slip" => text.and_then(|text| Slip::parse(text).ok()).map(|it| it.to_text().unwrap().into_bytes()),
        "sums" => Sums::parse(bytes).ok().map(|it| it.to_text().into_bytes()),
        "vkey" => vkey(bytes).ok().map(|it| format!("{it}\n").into_bytes()),
        "key-file" => LogKey::parse(bytes).ok().map(|it| it.to_file().into_bytes()),
        "proof" => {
            let trust = Trust { log: trusted(headers, ""), receipt_log: trusted(headers, "receipt-") };
            return match verify(bytes, &trust) {
                Err(_) => "unreadable".to_owned(),
                Ok(report) if report.exit_status() == 0 => "valid".to_owned(),
                Ok(report) => report.failing().collect::<Vec<_>>().join(", "),
            };
        }
        other => panic!("no such format: {other}"),
    };
    match back {
        Some(back) => {
            assert_eq!(back, bytes, "a valid {format} is written back as it was");
            "valid".to_owned()
        }
        None => "invalid".to_owned(),
    }
}

#[test]
fn every_vector_is_as_it_says() {
    write_if_asked();
    let mut seen = 0;
    for format in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let name = format.file_name().unwrap().to_str().unwrap().to_owned();
        let mut expected = BTreeSet::new();
        for path in fs::read_dir(&format).unwrap().map(|entry| entry.unwrap().path()) {
            let (headers, bytes) = read(&path);
            assert!(headers["comment"].ends_with('.'), "{}", path.display());
            assert_eq!(
                result(&name, &headers, &bytes),
                headers["expect"],
                "{}: {}",
                path.display(),
                headers["comment"]
            );
            expected.insert(headers["expect"] == "valid");
            seen += 1;
        }
        assert_eq!(expected.len(), 2, "{name} has valid and invalid vectors");
    }
    assert_eq!(seen, all().len(), "each file is one of the cases");
}

/// A published vector never changes: what the code writes today is what stands in the files.
#[test]
fn the_files_are_the_cases() {
    write_if_asked();
    let mut paths = BTreeSet::new();
    for case in all() {
        assert!(paths.insert(case.path()), "two vectors {}", case.path().display());
        let file = fs::read(case.path()).unwrap_or_else(|_| panic!("{} is not there", case.path().display()));
        assert!(file == case.file(), "{} differs; VERBALE_WRITE_VECTORS=1 writes it anew", case.path().display());
    }
}

/// Once, whichever test comes first.
fn write_if_asked() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    if std::env::var_os("VERBALE_WRITE_VECTORS").is_some() {
        ONCE.call_once(write);
    }
}

fn write() {
    for case in all() {
        fs::create_dir_all(case.path().parent().unwrap()).unwrap();
        fs::write(case.path(), case.file()).unwrap();
    }
}
