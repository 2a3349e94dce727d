//! A test for each file in `tests/vectors`: `cargo test --test vectors entry::` runs those of a format, and
//! `cargo test --test vectors -- --exact entry::tab` one. The files are found when the tests run: a new one needs no build.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use data_encoding::BASE64;
use libtest_mimic::{Arguments, Failed, Trial};
use verbale::note::proof::{PublishedPost, Sums};
use verbale::note::slip::Slip;
use verbale::note::unlocked::{Subkey, Unlocked};
use verbale::note::{Content, Envelope};
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::entry::Entry;
use verbale::tlog::policy::Policy;
use verbale::tlog::signed_note::{LogKey, SignedNote, VerifierKey};
use verbale::tlog::tile::{TilePath, parse_bundle};
use verbale::tlog::tlog_proof::TlogProof;
use verbale::verify::check::Outcome;
use verbale::verify::proof::{Report, Trust, verify, vkey};
use verbale::wording::post::PostText;
use verbale::wording::thread::Part;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let tests = entries(&folder).into_iter().filter(|path| path.is_dir()).flat_map(|format| tests(&format)).collect();
    libtest_mimic::run(&arguments, tests).exit_code()
}

/// The tests of a format: each of its vectors, and that there are valid ones and others.
fn tests(format: &Path) -> Vec<Trial> {
    let (name, vectors) = (name_of(format), entries(format));
    let both = format!("{name}::has_valid_and_invalid_vectors");
    let each = vectors.clone().into_iter().map(|path| {
        let format = name.clone();
        Trial::test(format!("{name}::{}", name_of(&path)), move || is_as_it_says(&format, &path))
    });
    let mut tests: Vec<Trial> = each.collect();
    tests.push(Trial::test(both, move || {
        let is_good = |expect: &str| expect == "valid" || expect == "proven" || expect.starts_with("intact");
        let valid = vectors.iter().filter(|path| is_good(&read(path).0["expect"])).count();
        assert!(0 < valid && valid < vectors.len(), "{valid} of {} vectors are valid", vectors.len());
        Ok(())
    }));
    tests
}

fn is_as_it_says(format: &str, path: &Path) -> Result<(), Failed> {
    let (headers, bytes) = read(path);
    let comment = &headers["comment"];
    assert!(comment.ends_with('.'), "the comment is a sentence: {comment}");
    assert_eq!(result(format, &headers, &bytes), headers["expect"], "{comment}");
    Ok(())
}

/// What stands in a folder, in the order of the names.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// The name without what stands after the last point.
fn name_of(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
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

/// The verdict on a proof, the checks that fail, and those of extras that count for nothing.
fn verdict(report: &Report) -> String {
    let named = |outcome: Outcome| {
        let names = report.checks.iter().filter(|check| check.outcome == outcome).map(|check| check.name);
        names.collect::<Vec<_>>().join(", ")
    };
    let parts = [(Outcome::Fails, ""), (Outcome::Void, "void ")].map(|(outcome, word)| (named(outcome), word));
    let told = parts.into_iter().filter(|(names, _)| !names.is_empty()).map(|(names, word)| format!(": {word}{names}"));
    format!("{}{}", report.verdict().as_str(), told.collect::<String>())
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
        "unlocked" => Unlocked::parse(bytes).ok().map(|it| it.to_text().into_bytes()),
        "subkey" => Subkey::parse(bytes).ok().map(|it| it.to_text().into_bytes()),
        "sums" => Sums::parse(bytes).ok().map(|it| it.to_text().into_bytes()),
        "vkey" => vkey(bytes).ok().map(|it| format!("{it}\n").into_bytes()),
        "key-file" => LogKey::parse(bytes).ok().map(|it| it.to_file().into_bytes()),
        "proof" => {
            let trust =
                Trust { log: trusted(headers, ""), receipt_log: trusted(headers, "receipt-"), ..Trust::default() };
            return verdict(&verify(bytes, &trust));
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
