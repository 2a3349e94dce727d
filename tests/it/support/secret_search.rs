//! What must stay secret, in every form that it may take, and the search for it.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use memchr::memmem;

/// What must not be found, under a name that may be shown.
pub struct Secret {
    pub name: String,
    forms: Vec<Vec<u8>>,
}

impl Secret {
    /// A value as it is, in hexadecimal digits, and in base64 from any position in the encoded text.
    pub fn new(name: impl Into<String>, value: &[u8]) -> Secret {
        let mut forms = vec![value.to_vec(), HEXLOWER.encode(value).into(), HEXUPPER.encode(value).into()];
        for skip in 0..3 {
            let whole = (value.len() - skip) / 3 * 3;
            let part = &value[skip..skip + whole];
            forms.push(BASE64.encode(part).into());
            forms.push(BASE64URL.encode(part).into());
        }
        // As Debug writes bytes.
        let numbers: Vec<String> = value.iter().map(u8::to_string).collect();
        forms.push(numbers.join(", ").into());
        Secret { name: name.into(), forms }
    }

    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.forms.iter().any(|form| memmem::find(bytes, form).is_some())
    }
}

/// Everything that the program wrote where others might read it, by name.
pub type Written = Vec<(String, Vec<u8>)>;

pub fn search(secrets: &[Secret], written: &Written) {
    let mut found = Vec::new();
    for (place, bytes) in written {
        found.extend(secrets.iter().filter(|secret| secret.is_in(bytes)).map(|s| format!("{} in {place}", s.name)));
    }
    assert!(found.is_empty(), "{found:#?}");
}

pub fn files_in(folder: &Path) -> Written {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_in(&path));
        } else {
            files.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    files
}

/// The files, and the files that are packed in archives among them.
pub fn unpacked(files: Written) -> Written {
    let mut all = Vec::new();
    for (name, bytes) in files {
        if bytes.starts_with(b"PK\x03\x04") {
            let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
            for index in 0..archive.len() {
                let (mut file, mut bytes) = (archive.by_index(index).unwrap(), Vec::new());
                file.read_to_end(&mut bytes).unwrap();
                all.push((format!("{name}: {}", file.name().unwrap()), bytes));
            }
        }
        all.push((name, bytes));
    }
    all
}
