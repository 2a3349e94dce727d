//! The test vectors in `tests/vectors` as the cases below make them. `tests/vectors.rs` reads the files, as another
//! implementation would, and has a test for each.

mod edges;
mod encrypted;
mod extras;
mod logs;
mod mirrors;
mod notes;
mod policies;
mod proofs;
mod receipts;
mod set;
mod witnesses;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;

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
    [
        notes::all(),
        encrypted::all(),
        edges::all(),
        extras::all(),
        mirrors::all(),
        logs::all(),
        policies::all(),
        proofs::all(),
        receipts::all(),
        witnesses::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A published vector never changes: what the code writes today is what stands in the files, and nothing else does.
#[test]
fn the_files_are_the_cases() {
    if std::env::var_os("VERBALE_WRITE_VECTORS").is_some() {
        write();
    }
    let mut paths = BTreeSet::new();
    for case in all() {
        assert!(paths.insert(case.path()), "two vectors {}", case.path().display());
        let file = fs::read(case.path()).unwrap_or_else(|_| panic!("{} is not there", case.path().display()));
        assert!(file == case.file(), "{} differs; VERBALE_WRITE_VECTORS=1 writes it anew", case.path().display());
    }
    let inside = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<PathBuf> = inside(folder()).filter(|path| path.is_dir()).flat_map(inside).collect();
    assert_eq!(files, paths, "each file is one of the cases");
}

fn write() {
    for case in all() {
        fs::create_dir_all(case.path().parent().unwrap()).unwrap();
        fs::write(case.path(), case.file()).unwrap();
    }
}
