//! The store in one SQLite file: a connection on a thread of its own, and for each subject the SQL that answers it.
//!
//! A question is one closure that runs on the connection's thread, so that waiting for the disk does not block the
//! program. Writing questions run in one transaction each. The connection of the daemon also holds the tree of all
//! entries; commands that only read compute it when they need it.

mod rows;
mod log;
mod file;
mod place;
mod beat;
mod accounts;
mod notes;
mod openings;
mod requests;
mod mentions;
mod recipients;
mod conversations;
mod receipts;
mod attempts;
mod messages;
mod posts;
mod unsent;
mod tasks;
mod effects;
mod posted;
mod unread;
mod sealing;
mod triggers;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot, watch};

use self::beat::Beats;
use self::place::Place;
use super::{Asking, Database, Durability, Error, Looking};
use crate::base::hash::Hash;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::Entry;
use crate::tlog::signed_note::LogKey;
use crate::tlog::tree::{Tree, leaf_hash};

pub(in crate::store) use file::create;

/// Number of pages of 4 KiB in the write-ahead log before they are moved to the database itself. The move delays about
/// one note in two hundred.
const WAL_PAGES: i64 = 4096;

/// Number of jobs that may wait for the connection.
const QUEUE_MAX: usize = 64;

/// A job for the connection's thread; the one that closes the store takes the connection away.
type Job = Box<dyn FnOnce(&mut Option<Db>) + Send>;

/// A connection on its thread.
pub(super) struct Sqlite {
    /// None once it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    grown: watch::Receiver<u64>,
    beats: Beats,
}

/// A connection.
struct Db {
    conn: Connection,
    path: PathBuf,
    /// What only the daemon's connection has.
    writer: Option<Writer>,
}

/// What belongs to the one connection that appends to the log.
struct Writer {
    tree: Tree,
    key: LogKey,
    durability: Durability,
    /// Whether the write-ahead log may still hold a proof that was submitted and is not to be public.
    is_to_be_swept: bool,
    grown: watch::Sender<u64>,
    /// Which files were opened.
    place: Place,
    /// The lock, held as long as the database is open: two daemons on one log would fork it.
    lock: Arc<File>,
}

/// Opens for the daemon, brings an earlier version up to date, and checks all of it.
pub(super) fn open(path: &Path, key: LogKey, durability: Durability) -> Result<Sqlite, Error> {
    is_there(path)?;
    let lock = file::lock(&path.canonicalize().map_err(|e| Error::Database(format!("{}: {e}", path.display())))?)?;
    let mut conn = file::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Commands write too. Without this, a transaction that first reads could be refused its write, which would end the
    // daemon.
    conn.set_transaction_behavior(TransactionBehavior::Immediate);
    // What was submitted and not published leaves nothing behind.
    conn.pragma_update(None, "secure_delete", true)?;
    file::migrate(&mut conn)?;
    let synchronous = if durability == Durability::Disk { "FULL" } else { "OFF" };
    conn.pragma_update(None, "synchronous", synchronous)?;
    conn.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    let (origin, vkey) = file::identify(&conn, path)?;
    if vkey != key.vkey().to_string() {
        return Err(Error::WrongLog(format!(
            "{} is the database of log {origin} with the key {vkey}, and the configuration has {}\ncheck `database` and `key_file` in the configuration: they belong together",
            path.display(),
            key.vkey()
        )));
    }
    let tree = file::read_tree(&conn)?;
    file::check_heads(&conn, &tree)?;
    let grown = watch::Sender::new(tree.len());
    let (place, lock) = (Place::of(path)?, Arc::new(lock));
    let writer = Writer { tree, key, durability, is_to_be_swept: true, grown, place, lock };
    Sqlite::start(Db { conn, path: path.to_owned(), writer: Some(writer) })
}

/// Opens for a command that only looks.
pub(super) fn open_looking(path: &Path) -> Result<Sqlite, Error> {
    is_there(path)?;
    let conn = file::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    file::identify(&conn, path)?;
    Sqlite::start(Db { conn, path: path.to_owned(), writer: None })
}

/// Opens for a command that asks.
pub(super) fn open_asking(path: &Path) -> Result<Sqlite, Error> {
    is_there(path)?;
    let mut conn = file::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.set_transaction_behavior(TransactionBehavior::Immediate);
    file::identify(&conn, path)?;
    Sqlite::start(Db { conn, path: path.to_owned(), writer: None })
}

fn is_there(path: &Path) -> Result<(), Error> {
    if path.exists() { Ok(()) } else { Err(Error::Missing(path.display().to_string())) }
}

impl Sqlite {
    fn start(db: Db) -> Result<Sqlite, Error> {
        let grown = db.writer.as_ref().map_or_else(|| watch::channel(0).1, |writer| writer.grown.subscribe());
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE_MAX);
        let beats = Beats::new(db.writer.as_ref().map(|writer| &writer.lock));
        let mut db = Some(db);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    job(&mut db);
                }
            })
            .map_err(|e| Error::Database(e.to_string()))?;
        Ok(Sqlite { jobs: Some(jobs), thread: Some(thread), grown, beats })
    }

    /// Does `job` on the connection's thread. The job goes on even if the caller does not wait for it.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Db) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job = |db: &mut Db| db.is_in_place().and_then(|()| job(db));
        let job: Job = Box::new(move |db| drop(answer.send(db.as_mut().ok_or(Error::Closed).and_then(job))));
        self.jobs.as_ref().ok_or(Error::Closed)?.send(job).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

impl Drop for Sqlite {
    /// Ends when the connection is closed: the file is not open after its handle is gone.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Looking for Sqlite {}

impl Asking for Sqlite {}

#[async_trait]
impl Database for Sqlite {
    fn grown(&self) -> watch::Receiver<u64> {
        self.grown.clone()
    }

    async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            drop(db.take());
            let _ = answer.send(());
        });
        if let Some(jobs) = &self.jobs
            && jobs.send(job).await.is_ok()
        {
            drop(answered.await);
        }
    }
}

impl Db {
    fn writer(&mut self) -> Result<&mut Writer, Error> {
        self.writer.as_mut().ok_or_else(|| Error::Refused("this handle of the store does not write the log".into()))
    }

    /// The daemon's files are still where they were opened. What is written elsewhere would be lost.
    fn is_in_place(&self) -> Result<(), Error> {
        self.writer.as_ref().map_or(Ok(()), |writer| writer.place.check(&self.path))
    }

    /// Tells the tasks that there is work, even if the log has not grown.
    fn wake(&self) {
        if let Some(writer) = &self.writer {
            writer.grown.send_replace(writer.tree.len());
        }
    }

    /// Does `write` in one transaction. The tree gets the new leaves only when they are durable: if the transaction
    /// fails, neither the file nor the tree has changed.
    fn append<T>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>, &mut Appended) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut appended = Appended { next: self.writer()?.tree.len(), leaves: Vec::new() };
        let tx = self.conn.transaction()?;
        let written = write(&tx, &mut appended)?;
        tx.commit()?;
        let Writer { tree, grown, .. } = self.writer()?;
        for leaf in appended.leaves {
            tree.push(leaf);
        }
        grown.send_if_modified(|size| std::mem::replace(size, tree.len()) != tree.len());
        Ok(written)
    }

    /// The tree of at least the first `size` entries.
    fn with_tree<T>(&self, size: u64, ask: impl FnOnce(&Tree) -> T) -> Result<T, Error> {
        match &self.writer {
            Some(writer) => Ok(ask(&writer.tree)),
            None => {
                let mut tree = Tree::new();
                log::entries(&self.conn, 0, size)?.iter().for_each(|line| tree.push(leaf_hash(line.as_bytes())));
                Ok(ask(&tree))
            }
        }
    }

    /// Empties the write-ahead log, in which a proof that was submitted and refused could otherwise stay for long. Does
    /// not wait: while somebody reads the database, it is tried again on the next occasion.
    fn sweep(&mut self) -> Result<(), Error> {
        if !self.writer()?.is_to_be_swept {
            return Ok(());
        }
        self.conn.busy_timeout(Duration::ZERO)?;
        let swept = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        self.conn.busy_timeout(file::BUSY)?;
        self.writer()?.is_to_be_swept = swept.unwrap_or(true);
        Ok(())
    }
}

/// The leaves that a transaction adds.
struct Appended {
    next: u64,
    leaves: Vec<Hash>,
}

impl Appended {
    fn push(&mut self, tx: &Transaction<'_>, entry: &Entry) -> Result<(), Error> {
        let line = entry.to_line();
        tx.prepare_cached("INSERT INTO entry VALUES (?1, ?2)")?.execute(params![self.next, line])?;
        self.leaves.push(leaf_hash(line.as_bytes()));
        self.next += 1;
        Ok(())
    }
}

/// Signs the head of this size inside the transaction that keeps it. So it can leave the program only after the commit.
fn keep_head(tx: &Transaction<'_>, tree: &Tree, key: &LogKey, size: u64) -> Result<String, Error> {
    if let Some(checkpoint) = log::checkpoint(tx, size)? {
        return Ok(checkpoint);
    }
    let root =
        tree.root_at(size).ok_or_else(|| Error::Refused(format!("a head of size {size}: there are fewer entries")))?;
    let checkpoint = Checkpoint { origin: key.vkey().name().clone(), size, root }.sign(key);
    tx.execute("INSERT INTO head VALUES (?1, ?2, ?3)", params![size, root.as_bytes(), checkpoint])?;
    Ok(checkpoint)
}

#[cfg(test)]
mod tests;
