//! What an interrupted audit had learnt, in a file, so that the next one goes on from there.
//!
//! The file is a SQLite database: the audit, and the posts that it compares, change together or not at all.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What to do with a file that cannot be used.
const REMEDY: &str = "name a file that an interrupted audit left, or one that does not exist yet";

/// This version writes the file only for itself: the file of another version is begun again.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    about TEXT NOT NULL,
    audit TEXT NOT NULL
) STRICT;
-- `beside` if the log has no entry about it: a heartbeat, or the post of a receipt.
CREATE TABLE IF NOT EXISTS post (
    id INTEGER PRIMARY KEY,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    first INTEGER,
    size INTEGER,
    beside INTEGER NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0,
    stale INTEGER NOT NULL DEFAULT 0,
    wrong TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS post_size ON post (size, id);
-- The names of accounts by their numbers.
CREATE TABLE IF NOT EXISTS account (number TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS mismatch (id INTEGER PRIMARY KEY, edited INTEGER NOT NULL, told TEXT NOT NULL) STRICT;
-- What X is asked for: no outcome as long as there is no answer. `admitted`: what the log itself says of the post.
CREATE TABLE IF NOT EXISTS due (
    entry INTEGER PRIMARY KEY,
    id INTEGER NOT NULL,
    wanted TEXT,
    admitted INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    author TEXT,
    told TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS due_post ON due (id);
";

/// The application's number in the file's header, which distinguishes it from other databases.
const APPLICATION: i64 = 0x7665_7262;

/// Why the file cannot be used, or not be written.
#[derive(Debug, thiserror::Error)]
#[error("{what}\n{remedy}")]
pub struct JournalError {
    /// What happened.
    pub what: String,
    remedy: &'static str,
}

/// The file, or a temporary one for one run.
pub(super) struct Journal {
    pub(super) db: Connection,
    /// What must be the same for an audit to continue with this file.
    about: String,
    path: Option<PathBuf>,
    file: String,
}

impl Journal {
    /// The journal at `path`, made if it is not there; a temporary one if there is no path. It is emptied if it is
    /// about something else.
    pub(super) fn open(path: Option<&Path>, about: String) -> Result<Journal, JournalError> {
        // For SQLite, an empty name means a file that nobody sees and that is removed at the end.
        let (db, file) = match path {
            Some(path) => (Connection::open(path), path.display().to_string()),
            None => (Connection::open(""), "the temporary file".to_owned()),
        };
        let db = db.and_then(|db| prepare(&db, &about).map(|()| db));
        let path = path.map(Path::to_owned);
        db.map(|db| Journal { db, about, path, file: file.clone() }).map_err(|error| failed(&file, &error))
    }

    /// What was saved last, if anything.
    pub(super) fn load<T: DeserializeOwned>(&self) -> Result<Option<T>, JournalError> {
        let saved: Option<String> =
            self.tried(self.db.query_row("SELECT audit FROM state", [], |row| row.get(0)).optional())?;
        let state = saved.map(|saved| serde_json::from_str(&saved)).transpose();
        state.map_err(|error| JournalError { what: format!("{} cannot be read: {error}", self.file), remedy: REMEDY })
    }

    /// Saves, with everything else that has changed since the last time.
    pub(super) fn save(&self, state: &impl Serialize) -> Result<(), JournalError> {
        let text = serde_json::to_string(state)
            .map_err(|error| JournalError { what: format!("{}: {error}", self.file), remedy: REMEDY })?;
        self.tried(self.db.execute("INSERT OR REPLACE INTO state VALUES (1, ?1, ?2)", [&self.about, &text]))?;
        self.commit()
    }

    /// From here on, a commit survives the end of the program at once, and a loss of power a little later: many small
    /// changes come.
    pub(super) fn expect_many(&self) -> Result<(), JournalError> {
        // A temporary file stays as it is.
        let pragmas = "COMMIT; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";
        self.tried(self.db.execute_batch(pragmas))
    }

    /// Makes durable what has changed since the last time, besides what was saved.
    pub(super) fn commit(&self) -> Result<(), JournalError> {
        self.tried(self.db.execute_batch("COMMIT; BEGIN IMMEDIATE"))
    }

    /// Removes the file: there is nothing to continue with.
    pub(super) fn remove(self) {
        drop(self.db);
        if let Some(path) = self.path {
            // A file that stays is about a log that has been audited: it is emptied the next time.
            let _ = std::fs::remove_file(path);
        }
    }

    pub(super) fn tried<T>(&self, result: rusqlite::Result<T>) -> Result<T, JournalError> {
        result.map_err(|error| failed(&self.file, &error))
    }
}

fn failed(file: &str, error: &rusqlite::Error) -> JournalError {
    let (what, remedy) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy) => {
            (format!("{file} is in use by another audit"), "wait for its end, or name another file with --resume")
        }
        _ => (format!("{file} cannot be used to go on after an interruption: {error}"), REMEDY),
    };
    JournalError { what, remedy }
}

fn prepare(db: &Connection, about: &str) -> rusqlite::Result<()> {
    db.busy_timeout(std::time::Duration::ZERO)?;
    db.execute_batch("BEGIN IMMEDIATE")?;
    let application: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && 0 < tables {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB);
        return Err(rusqlite::Error::SqliteFailure(code, Some("it is a database of something else".to_owned())));
    }
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.execute_batch(SCHEMA)?;
    let known: Option<String> = db.query_row("SELECT about FROM state", [], |row| row.get(0)).optional()?;
    if known.as_deref() != Some(about) {
        db.execute_batch(
            "DELETE FROM state; DROP TABLE post; DROP TABLE account; DROP TABLE mismatch; DROP TABLE due",
        )?;
        db.execute_batch(SCHEMA)?;
    }
    db.execute_batch("COMMIT; BEGIN IMMEDIATE")
}

/// SQLite's numbers end at 2^63; no log gets there.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
