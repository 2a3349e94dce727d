//! The one writer: each method is one transaction.

mod heard;
mod intents;
mod outbox;
mod receipts;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use tokio::sync::watch;

use super::{Batch, Error, Sealing, file, rows};
use crate::base::hash::Hash;
use crate::base::ids::{Account, AccountId, AccountName, ConversationId, MessageId};
use crate::base::time::Time;
use crate::note::Correspondence;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::Entry;
use crate::tlog::signed_note::LogKey;
use crate::tlog::tree::{Tree, leaf_hash};
pub(super) use outbox::{approve, ask};
pub(super) use receipts::ask as ask_receipt;

/// Pages of 4 KiB in the write-ahead log before they are moved to the database itself, which holds up one note in about
/// two hundred.
const WAL_PAGES: i64 = 4096;

/// When a transaction counts as durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// When the disk says so: it survives a loss of power.
    Disk,
    /// When the operating system has it: it survives the death of the process only. For simulations.
    Process,
}

/// The database, open for writing, and the tree of its entries.
pub(super) struct Db {
    conn: Connection,
    tree: Tree,
    key: LogKey,
    durability: Durability,
    /// Whether the write-ahead log may still hold a proof that was handed over and is not to be public.
    is_to_be_swept: bool,
    grown: watch::Sender<u64>,
    /// Held as long as the database is open: two daemons on one log would fork it.
    _lock: File,
}

impl Db {
    pub(super) fn open(path: &Path, key: LogKey, durability: Durability) -> Result<Db, Error> {
        if !path.exists() {
            return Err(Error::Missing(path.display().to_string()));
        }
        let lock = file::lock(&path.canonicalize().map_err(|e| Error::Database(format!("{}: {e}", path.display())))?)?;
        let mut conn = file::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Commands write too: to read first and then be refused to write would end the daemon.
        conn.set_transaction_behavior(TransactionBehavior::Immediate);
        // What was handed over and not published leaves nothing behind.
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
        Ok(Db { conn, tree, key, durability, is_to_be_swept: true, grown, _lock: lock })
    }

    pub(super) fn grown(&self) -> watch::Receiver<u64> {
        self.grown.subscribe()
    }

    pub(super) fn size(&self) -> u64 {
        self.tree.len()
    }

    pub(super) fn root_at(&self, size: u64) -> Option<Hash> {
        self.tree.root_at(size)
    }

    pub(super) fn entries(&self, from: u64, count: u64) -> Result<Vec<String>, Error> {
        rows::entries(&self.conn, from, count)
    }

    pub(super) fn start_at(&mut self, proposed: MessageId) -> Result<MessageId, Error> {
        self.conn.execute(
            "INSERT INTO start VALUES (1, ?1) ON CONFLICT DO UPDATE SET message = min(message, excluded.message)",
            [proposed.0],
        )?;
        Ok(rows::started(&self.conn)?.unwrap_or(proposed))
    }

    pub(super) fn started(&self) -> Result<Option<MessageId>, Error> {
        rows::started(&self.conn)
    }

    pub(super) fn unseen(&mut self, messages: &[MessageId]) -> Result<Vec<MessageId>, Error> {
        // In one transaction, so that the file is locked once and not for each message.
        let tx = self.conn.transaction()?;
        let mut unseen = Vec::new();
        for &message in messages {
            if !rows::is_seen(&tx, message)? {
                unseen.push(message);
            }
        }
        Ok(unseen)
    }

    pub(super) fn newest_seen(&self) -> Result<Option<MessageId>, Error> {
        rows::newest_seen(&self.conn)
    }

    pub(super) fn seen_after(&self, message: MessageId) -> Result<u64, Error> {
        rows::seen_after(&self.conn, message)
    }

    pub(super) fn next_note(&self) -> Result<u64, Error> {
        Ok(rows::last_note(&self.conn)? + 1)
    }

    pub(super) fn correspondence(&self, conversation: &ConversationId) -> Result<Correspondence, Error> {
        rows::correspondence(&self.conn, conversation)
    }

    pub(super) fn seal(&mut self, batch: &Batch, now: Time) -> Result<(), Error> {
        self.append(|tx, appended| {
            for gap in &batch.gaps {
                let reason = gap.reason.to_owned();
                appended.push(tx, &Entry::Gap { time: now, from: gap.from, to: gap.to, reason })?;
            }
            for note in &batch.notes {
                seal_one(tx, appended, note, now)?;
            }
            for command in &batch.commands {
                outbox::hear(tx, command)?;
            }
            batch.messages.iter().try_for_each(|message| outbox::send(tx, message).map(drop))?;
            batch.slips.iter().try_for_each(|slip| receipts::slip(tx, slip))?;
            mark_seen(tx, &batch.seen)
        })?;
        if !(batch.commands.is_empty() && batch.messages.is_empty() && batch.slips.is_empty()) {
            self.wake();
        }
        Ok(())
    }

    pub(super) fn account(&mut self, account: &Account) -> Result<(), Error> {
        if let Some(known) = rows::account(&self.conn)?.filter(|known| known.id != account.id) {
            return Err(Error::WrongLog(format!(
                "this is the log of the account {known}, and the credentials are those of {account}
use the credentials of {}, or make another log with `verbale init`",
                known.name
            )));
        }
        self.conn.execute(
            "INSERT INTO account VALUES (1, ?1, ?2) ON CONFLICT DO UPDATE SET id = excluded.id, name = excluded.name",
            params![account.id.0, account.name.as_str()],
        )?;
        Ok(())
    }

    pub(super) fn own_account(&self) -> Result<Option<Account>, Error> {
        rows::account(&self.conn)
    }

    pub(super) fn correspondent(&self, name: &AccountName) -> Result<Option<AccountId>, Error> {
        rows::correspondent(&self.conn, name)
    }

    pub(super) fn keep_correspondent(&mut self, account: &Account) -> Result<(), Error> {
        self.conn.execute(
            "INSERT INTO correspondent VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![account.name.as_str(), account.id.0],
        )?;
        Ok(())
    }

    pub(super) fn checkpoint(&mut self, size: u64) -> Result<String, Error> {
        if let Some(checkpoint) = rows::checkpoint(&self.conn, size)? {
            return Ok(checkpoint);
        }
        let tx = self.conn.transaction()?;
        let checkpoint = keep_head(&tx, &self.tree, &self.key, size)?;
        tx.commit()?;
        Ok(checkpoint)
    }

    pub(super) fn done(&self, name: &str) -> Result<Option<Time>, Error> {
        rows::done(&self.conn, name)
    }

    /// Does not wait for the disk, so that a note never waits behind it: a loss of power may take the report away, and
    /// nothing else.
    pub(super) fn report(&mut self, name: &str, trouble: Option<&str>, now: Time) -> Result<(), Error> {
        self.sweep()?;
        let done = trouble.is_none().then_some(now.ms());
        if self.durability == Durability::Process {
            return write_report(&self.conn, name, done, trouble);
        }
        self.conn.pragma_update(None, "synchronous", "NORMAL")?;
        let written = write_report(&self.conn, name, done, trouble);
        self.conn.pragma_update(None, "synchronous", "FULL")?;
        written
    }

    /// Empties the write-ahead log, in which a proof that was handed over and refused would stand for long. Waits for
    /// nobody: while somebody reads, it is tried again at the next occasion.
    fn sweep(&mut self) -> Result<(), Error> {
        if !self.is_to_be_swept {
            return Ok(());
        }
        self.conn.busy_timeout(Duration::ZERO)?;
        let swept = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        self.conn.busy_timeout(file::BUSY)?;
        self.is_to_be_swept = swept.unwrap_or(true);
        Ok(())
    }

    /// Tells the loops that there is work, though the log may not have grown.
    fn wake(&self) {
        self.grown.send_replace(self.tree.len());
    }

    /// Does `write` in one transaction. The tree takes the new leaves only when they are durable: if the transaction
    /// fails, neither the file nor the tree has changed.
    fn append(
        &mut self,
        write: impl FnOnce(&Transaction<'_>, &mut Appended) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut appended = Appended { next: self.tree.len(), leaves: Vec::new() };
        let tx = self.conn.transaction()?;
        write(&tx, &mut appended)?;
        tx.commit()?;
        for leaf in appended.leaves {
            self.tree.push(leaf);
        }
        self.grown.send_if_modified(|size| std::mem::replace(size, self.tree.len()) != self.tree.len());
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

/// Checks, once more, that the note follows its predecessors, and writes it.
fn seal_one(tx: &Transaction<'_>, appended: &mut Appended, note: &Sealing, now: Time) -> Result<(), Error> {
    let before = rows::correspondence(tx, &note.conversation)?;
    let follows = note.correspondence.count == before.count + 1 && note.correspondence.previous == before.previous;
    if note.note != rows::last_note(tx)? + 1 || !follows {
        return Err(Error::Refused(format!("note {} does not follow the one before", note.note)));
    }
    let index = appended.next;
    appended.push(tx, &Entry::Note { time: now, note: note.note, commitment: note.commitment })?;
    tx.prepare_cached("INSERT INTO note VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        note.note,
        index,
        note.message.0,
        note.conversation.as_str(),
        note.correspondence.count,
        note.commitment.as_bytes()
    ])?;
    tx.prepare_cached("INSERT INTO opening VALUES (?1, ?2)")?.execute(params![note.note, note.opening])?;
    Ok(())
}

fn mark_seen(tx: &Transaction<'_>, seen: &[MessageId]) -> Result<(), Error> {
    let mut insert = tx.prepare_cached("INSERT INTO seen VALUES (?1) ON CONFLICT DO NOTHING")?;
    for message in seen {
        insert.execute([message.0])?;
    }
    Ok(())
}

/// Signs the head of this size inside the transaction that keeps it: it can leave the program only after the commit.
fn keep_head(tx: &Transaction<'_>, tree: &Tree, key: &LogKey, size: u64) -> Result<String, Error> {
    if let Some(checkpoint) = rows::checkpoint(tx, size)? {
        return Ok(checkpoint);
    }
    let root =
        tree.root_at(size).ok_or_else(|| Error::Refused(format!("a head of size {size}: there are fewer entries")))?;
    let checkpoint = Checkpoint { origin: key.vkey().name().clone(), size, root }.sign(key);
    tx.execute("INSERT INTO head VALUES (?1, ?2, ?3)", params![size, root.as_bytes(), checkpoint])?;
    Ok(checkpoint)
}

fn write_report(conn: &Connection, name: &str, done: Option<i64>, trouble: Option<&str>) -> Result<(), Error> {
    let mut report = conn.prepare_cached(
        "INSERT INTO loop VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET done = coalesce(excluded.done, done), trouble = excluded.trouble",
    )?;
    report.execute(params![name, done, trouble])?;
    Ok(())
}

#[cfg(test)]
mod tests;
