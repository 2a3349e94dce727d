//! Which files the daemon has open, and whether they are still the ones that their names mean.
//!
//! A database that was moved, removed or restored under the running daemon would go on being written, and what is
//! written would be lost with the daemon. So nothing is written as soon as the names mean something else.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::store::Error;

/// The database and its write-ahead log, as they were when they were opened.
pub(super) struct Place {
    database: FileId,
    changes: Option<FileId>,
}

/// A file whatever its name is: its device, and its number there.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    /// None if nothing has this name.
    fn of(path: &Path) -> Result<Option<FileId>, Error> {
        match fs::metadata(path) {
            Ok(found) => Ok(Some(FileId(found.dev(), found.ino()))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(Error::Disk(format!("{}: {error}", path.display()))),
        }
    }
}

impl Place {
    /// The files of the database at `path`, which is open.
    pub(super) fn of(path: &Path) -> Result<Place, Error> {
        let database = FileId::of(path)?.ok_or_else(|| Error::Gone(path.display().to_string()))?;
        Ok(Place { database, changes: FileId::of(&changes(path))? })
    }

    /// Whether the names still mean these files.
    ///
    /// # Errors
    /// [`Error::Gone`] if the database is not there, which may pass; [`Error::Replaced`] if something else is.
    pub(super) fn check(&self, path: &Path) -> Result<(), Error> {
        let shown = |path: &Path| path.display().to_string();
        match FileId::of(path)? {
            None => return Err(Error::Gone(shown(path))),
            Some(found) if found != self.database => return Err(Error::Replaced(shown(path))),
            Some(_) => {}
        }
        // Closing the database saves what is in its log of changes, even if that has no name any more.
        if self.changes.is_some() && FileId::of(&changes(path))? != self.changes {
            return Err(Error::Replaced(shown(&changes(path))));
        }
        Ok(())
    }
}

/// The write-ahead log, which SQLite keeps beside the database.
fn changes(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}
