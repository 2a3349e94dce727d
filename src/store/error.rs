//! Why the store could not do it, sorted by what happens next.

/// Why the store could not do it. All of these errors end the daemon: it starts anew from what is durable.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no database at this path.
    #[error("there is no database at {0}\nmake one with `verbale init`, or restore the backup")]
    Missing(String),
    /// There is something already where a database is to be made.
    #[error("{0} exists already\nan existing log is never overwritten: choose another place")]
    Exists(String),
    /// Another daemon has it.
    #[error("another process is writing to {0}\nonly one daemon may run on a log: stop the other one first")]
    InUse(String),
    /// It is the database of another log, or of something else.
    #[error("{0}")]
    WrongLog(String),
    /// What is in it does not agree with itself.
    #[error(
        "the database is damaged: {0}\nnothing was changed; restore the newest backup, and compare its head with the last post before you go on"
    )]
    Damaged(String),
    /// No room on the disk.
    #[error("the disk with the database is full\nnothing was lost: make room, and start again")]
    Full,
    /// The disk does not do what it should.
    #[error(
        "the disk with the database failed: {0}\nnothing was lost: see that the disk works, has room, and that this user may write so much, and start again"
    )]
    Disk(String),
    /// A step that the tasks should never ask for.
    #[error("the store refused: {0}")]
    Refused(String),
    /// The database could not do it.
    #[error("the database failed: {0}")]
    Database(String),
}

/// Sorts what SQLite says by what happens next.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        use rusqlite::ErrorCode::{
            CannotOpen, ConstraintViolation, DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly, SystemIoFailure,
        };
        match error.sqlite_error_code() {
            Some(DiskFull) => Error::Full,
            Some(DatabaseCorrupt | NotADatabase) => Error::Damaged(error.to_string()),
            Some(SystemIoFailure | ReadOnly | CannotOpen) => Error::Disk(error.to_string()),
            Some(ConstraintViolation) => Error::Refused(error.to_string()),
            _ => Error::Database(error.to_string()),
        }
    }
}
