//! What the tasks of the daemon report, and the state of the whole.

use async_trait::async_trait;

use super::Error;
use crate::base::time::Time;

/// What the daemon has done, and what its problems are.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Status {
    /// The name of the log.
    pub log: String,
    /// Its verification key.
    pub vkey: String,
    /// Entries in the log.
    pub entries: u64,
    /// The newest signed head as a post shows it, size and root; None if none was signed yet.
    pub head: Option<String>,
    /// Notes sealed.
    pub notes: u64,
    /// Notes sealed whose post is not known to be public yet.
    pub unposted: u64,
    /// Mentions that were read.
    pub mentions: u64,
    /// Mentions that were not answered because a limit was reached.
    pub over: u64,
    /// Answers that the platform did not take.
    pub refused: u64,
    /// Direct messages that will never be sent: a slip that is too long, or a message that the platform refuses.
    pub dropped: u64,
    /// The tasks.
    pub loops: Vec<TaskReport>,
}

/// One task of the daemon.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct TaskReport {
    /// Its name.
    pub name: String,
    /// When it last did its work.
    pub done: Option<String>,
    /// Its problem now, if it has one.
    pub trouble: Option<String>,
}

/// The questions about tasks.
#[async_trait]
pub trait ReadTasks: Send + Sync {
    /// What the daemon has done. Its numbers may be of different moments while the daemon writes.
    async fn status(&self) -> Result<Status, Error>;

    /// The tasks of the daemon, by their names.
    async fn task_reports(&self) -> Result<Vec<TaskReport>, Error>;

    /// When this task last had nothing left to do.
    async fn task_done(&self, name: &str) -> Result<Option<Time>, Error>;

    /// Whether a daemon runs on this database now.
    async fn is_served(&self) -> Result<bool, Error>;
}

/// What is written about tasks.
#[async_trait]
pub trait WriteTasks: Send + Sync {
    /// This task has just done all its work, or has a problem. This does not wait for the disk, so that a note never
    /// waits behind it. A loss of power may lose the report, and nothing else.
    async fn report(&self, name: &'static str, trouble: Option<String>, now: Time) -> Result<(), Error>;
}
