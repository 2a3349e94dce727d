//! The daemon's sign of life: in the lock file, which is there for as long as the daemon is.
//!
//! The file always has the same length, so that a beat needs no room on the disk, and a full disk can be told of.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde::{Deserialize, Serialize};

use super::file;
use crate::base::time::Time;
use crate::store::{Beat, Error};

/// The length of the file in bytes, and the most characters of one problem in it.
const BYTES: usize = 4096;
const CHARS_MAX: usize = 300;

/// A beat as it stands in the file, as JSON with blanks behind it.
#[derive(Serialize, Deserialize)]
struct Written {
    /// In milliseconds since 1970.
    at_ms: i64,
    untold: BTreeMap<String, String>,
}

/// Gives the signs of life of a daemon.
pub(super) struct Beats {
    /// The lock; gone once the database is closed.
    lock: Weak<File>,
    /// What could not be written into the database, by task.
    untold: Mutex<BTreeMap<&'static str, String>>,
}

impl Beats {
    /// For the handle that holds the lock, if it does.
    pub(super) fn new(lock: Option<&Arc<File>>) -> Beats {
        Beats { lock: lock.map(Arc::downgrade).unwrap_or_default(), untold: Mutex::default() }
    }

    /// Keeps a report that could not be written. None if it was written.
    pub(super) fn keep(&self, name: &'static str, report: Option<String>) {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        match report {
            Some(report) => untold.insert(name, report.chars().take(CHARS_MAX).collect()),
            None => untold.remove(name),
        };
    }

    pub(super) fn beat(&self, now: Time) -> Result<(), Error> {
        let lock = self.lock.upgrade().ok_or(Error::Closed)?;
        let untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut untold: BTreeMap<String, String> =
            untold.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
        let json = loop {
            let json = serde_json::to_string(&Written { at_ms: now.ms(), untold: untold.clone() });
            match json.map_err(|error| Error::Disk(error.to_string()))? {
                json if json.len() < BYTES => break json,
                _ => _ = untold.pop_last(),
            }
        };
        let written = lock.write_all_at(format!("{json:<BYTES$}").as_bytes(), 0);
        written.map_err(|error| Error::Disk(format!("the lock file: {error}")))
    }
}

/// The newest beat of the daemon of the database at `path`. What cannot be read is none.
pub(super) fn last(path: &Path) -> Option<Beat> {
    let text = fs::read_to_string(file::lock_path(&path.canonicalize().ok()?)).ok()?;
    let Written { at_ms, untold } = serde_json::from_str(text.trim_end()).ok()?;
    Some(Beat { at: Time::from_ms(at_ms), untold })
}
