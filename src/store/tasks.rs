//! What the tasks of the daemon report, and the state of the whole.

use std::collections::BTreeMap;

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
    /// Answers that could not be posted, until somebody decides about them.
    pub refused: u64,
    /// Posts of ours that are lost: deleted, edited or hidden.
    pub lost: u64,
    /// Direct messages that could not be sent, until somebody decides about them.
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

/// The daemon's sign of life: given every few seconds, only while its tasks move.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beat {
    /// When it was given.
    pub at: Time,
    /// The tasks whose problem could not be written down, and their problems: the disk may be full.
    pub untold: BTreeMap<String, String>,
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

    /// Whether a daemon runs on this database now. It may stand still, see [`last_beat`](ReadTasks::last_beat).
    async fn is_served(&self) -> Result<bool, Error>;

    /// The newest sign of life of the daemon that runs, or ran last. None if none was ever given.
    async fn last_beat(&self) -> Result<Option<Beat>, Error>;
}

/// What is written about tasks.
#[async_trait]
pub trait WriteTasks: Send + Sync {
    /// This task has just done all its work, or has a problem. This does not wait for the disk, so that a note never
    /// waits behind it. A loss of power may lose the report, and nothing else. What cannot be written down now goes with
    /// the next beat.
    ///
    /// # Errors
    /// Only those after which the database must be opened anew.
    async fn report(&self, name: &'static str, trouble: Option<String>, now: Time) -> Result<(), Error>;

    /// Gives a sign of life, with the reports that could not be written. It waits neither for the database nor for the
    /// disk, and needs no room on it.
    ///
    /// # Errors
    /// If the disk does not take it.
    async fn beat(&self, now: Time) -> Result<(), Error>;

    /// This task has just done all its work, and has a problem all the same: it does not keep it from its work.
    async fn report_done(&self, name: &'static str, trouble: Option<String>, now: Time) -> Result<(), Error>;
}
