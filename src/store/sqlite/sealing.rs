//! Sealing.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Appended, Sqlite, messages, notes, receipts, requests, rows, unread};
use crate::base::hash::Hash;
use crate::base::ids::{ConversationId, MessageId};
use crate::base::time::Time;
use crate::note::Correspondence;
use crate::store::Error;
use crate::store::sealing::{Batch, ReadSealing, Sealing, WriteSealing};
use crate::tlog::entry::Entry;

#[async_trait]
impl ReadSealing for Sqlite {
    async fn started(&self) -> Result<Option<MessageId>, Error> {
        self.run(|db| started(&db.conn)).await
    }

    async fn is_seen(&self, message: MessageId) -> Result<bool, Error> {
        self.run(move |db| is_seen(&db.conn, message)).await
    }

    async fn unseen(&self, messages: &[MessageId]) -> Result<Vec<MessageId>, Error> {
        let mut messages = messages.to_vec();
        self.run(move |db| {
            // In one transaction, so that the file is locked once, not once for each message.
            let tx = db.conn.transaction()?;
            let mut seen = Vec::new();
            for &message in &messages {
                if is_seen(&tx, message)? {
                    seen.push(message);
                }
            }
            messages.retain(|message| !seen.contains(message));
            Ok(messages)
        })
        .await
    }

    async fn newest_seen(&self) -> Result<Option<MessageId>, Error> {
        self.run(|db| {
            let newest: Option<u64> = db.conn.query_row("SELECT max(message) FROM seen", [], |row| row.get(0))?;
            Ok(newest.map(MessageId))
        })
        .await
    }

    async fn seen_after(&self, message: MessageId) -> Result<u64, Error> {
        const AFTER: &str = "SELECT count(*) FROM seen WHERE message > ?1";
        self.run(move |db| Ok(db.conn.query_row(AFTER, [message.0], |row| row.get(0))?)).await
    }

    async fn correspondence(&self, conversation: &ConversationId) -> Result<Correspondence, Error> {
        let conversation = conversation.clone();
        self.run(move |db| correspondence(&db.conn, &conversation)).await
    }
}

#[async_trait]
impl WriteSealing for Sqlite {
    async fn start_at(&self, proposed: MessageId) -> Result<MessageId, Error> {
        const START: &str =
            "INSERT INTO start VALUES (1, ?1) ON CONFLICT DO UPDATE SET message = min(message, excluded.message)";
        self.run(move |db| {
            db.conn.execute(START, [proposed.0])?;
            Ok(started(&db.conn)?.unwrap_or(proposed))
        })
        .await
    }

    async fn seal(&self, batch: Batch, now: Time) -> Result<(), Error> {
        self.run(move |db| {
            db.append(|tx, appended| seal(tx, appended, &batch, now))?;
            if !(batch.commands.is_empty() && batch.messages.is_empty() && batch.slips.is_empty()) {
                db.wake();
            }
            Ok(())
        })
        .await
    }
}

fn seal(tx: &Transaction<'_>, appended: &mut Appended, batch: &Batch, now: Time) -> Result<(), Error> {
    for gap in &batch.gaps {
        let reason = gap.reason.to_owned();
        appended.push(tx, &Entry::Gap { time: now, from: gap.from, to: gap.to, reason })?;
    }
    batch.notes.iter().try_for_each(|note| seal_one(tx, appended, note, now))?;
    batch.commands.iter().try_for_each(|command| requests::keep_command(tx, command))?;
    batch.messages.iter().try_for_each(|message| messages::add(tx, message, now).map(drop))?;
    batch.slips.iter().try_for_each(|slip| receipts::keep_slip(tx, slip))?;
    unread::keep(tx, batch, now)?;
    mark_seen(tx, &batch.seen)
}

/// Checks, once more, that the note follows its predecessors, and writes it.
fn seal_one(tx: &Transaction<'_>, appended: &mut Appended, note: &Sealing, now: Time) -> Result<(), Error> {
    let before = correspondence(tx, &note.conversation)?;
    let follows = note.correspondence.count == before.count + 1 && note.correspondence.previous == before.previous;
    if note.note != notes::last_note(tx)? + 1 || !follows {
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

fn started(conn: &Connection) -> Result<Option<MessageId>, Error> {
    Ok(conn.query_row("SELECT message FROM start", [], |row| rows::message_id(row, 0)).optional()?)
}

fn is_seen(conn: &Connection, message: MessageId) -> Result<bool, Error> {
    let mut query = conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM seen WHERE message = ?1)")?;
    Ok(query.query_row([message.0], |row| row.get(0))?)
}

fn correspondence(conn: &Connection, conversation: &ConversationId) -> Result<Correspondence, Error> {
    let mut query =
        conn.prepare_cached("SELECT count, commitment FROM note WHERE conversation = ?1 ORDER BY count DESC LIMIT 1")?;
    let last = query.query_row([conversation.as_str()], |row| {
        Ok(Correspondence { count: row.get(0)?, previous: rows::hash(row, 1)? })
    });
    Ok(last.optional()?.unwrap_or(Correspondence { count: 0, previous: Hash::ZERO }))
}
