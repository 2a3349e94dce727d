//! What of the messages is not read yet.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Sqlite, rows};
use crate::base::hash::Hash;
use crate::base::ids::MessageId;
use crate::base::time::{DAY_MS, Time};
use crate::store::Error;
use crate::store::sealing::Batch;
use crate::store::unread::{AskUnread, ReadUnread, Rejudged, Rejudgement, Strangers, Unread, WhyUnread};

/// How long it is kept when a message of ours was first listed: a little longer than the platform keeps messages.
const KEPT_MS: i64 = 31 * DAY_MS;

/// The columns of [`rejudgement`].
const REJUDGEMENT: &str = "SELECT id, since, asked_at, done_at, judged, sealed, late_ms FROM rejudgement";

#[async_trait]
impl ReadUnread for Sqlite {
    async fn unread(&self) -> Result<Vec<Unread>, Error> {
        self.run(|db| {
            let mut query = db.conn.prepare_cached(
                "SELECT after, before, token, why, rejudgement FROM unread ORDER BY before DESC, after DESC",
            )?;
            Ok(query.query_map([], unread)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn seen_before(&self, message: MessageId) -> Result<Option<MessageId>, Error> {
        self.run(move |db| {
            let newest = "SELECT max(message) FROM seen WHERE message < ?1";
            let newest: Option<u64> = db.conn.query_row(newest, [message.0], |row| row.get(0))?;
            Ok(newest.map(MessageId))
        })
        .await
    }

    async fn unentered(&self, elements: &[Hash]) -> Result<Vec<Hash>, Error> {
        let mut elements = elements.to_vec();
        self.run(move |db| {
            let mut known = db.conn.prepare_cached("SELECT 1 FROM unreadable WHERE element = ?1")?;
            let mut new = Vec::new();
            for element in elements.drain(..) {
                if !known.exists([element.as_bytes()])? {
                    new.push(element);
                }
            }
            Ok(new)
        })
        .await
    }

    async fn entered_since(&self, moment: Time) -> Result<u64, Error> {
        const COUNT: &str = "SELECT count(*) FROM unreadable WHERE at >= ?1";
        self.run(move |db| Ok(db.conn.query_row(COUNT, [moment.ms()], |row| row.get(0))?)).await
    }

    async fn strangers(&self, midnight: Time) -> Result<Strangers, Error> {
        self.run(move |db| {
            let spent = "SELECT messages, bytes, calls FROM strangers WHERE day = ?1";
            let row = |row: &Row<'_>| Ok(Strangers { messages: row.get(0)?, bytes: row.get(1)?, calls: row.get(2)? });
            Ok(db.conn.query_row(spent, [midnight.ms()], row).optional()?.unwrap_or_default())
        })
        .await
    }

    async fn unsealed(&self, messages: &[MessageId]) -> Result<Vec<(MessageId, Option<Time>)>, Error> {
        let messages = messages.to_vec();
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            let mut found = Vec::new();
            for message in messages {
                let is_note = tx.prepare_cached("SELECT 1 FROM note WHERE message = ?1")?.exists([message.0])?;
                if !is_note {
                    let listed = "SELECT listed FROM informal WHERE message = ?1";
                    let listed = tx.prepare_cached(listed)?.query_row([message.0], |row| rows::time(row, 0));
                    found.push((message, listed.optional()?));
                }
            }
            Ok(found)
        })
        .await
    }

    async fn next_rejudgement(&self) -> Result<Option<Rejudgement>, Error> {
        self.run(|db| {
            let next = format!("{REJUDGEMENT} WHERE done_at IS NULL ORDER BY id LIMIT 1");
            Ok(db.conn.prepare_cached(&next)?.query_row([], rejudgement).optional()?)
        })
        .await
    }

    async fn rejudgement(&self, id: u64) -> Result<Option<Rejudgement>, Error> {
        self.run(move |db| {
            let one = format!("{REJUDGEMENT} WHERE id = ?1");
            Ok(db.conn.query_row(&one, [id], rejudgement).optional()?)
        })
        .await
    }
}

#[async_trait]
impl AskUnread for Sqlite {
    async fn ask_rejudgement(&self, since: Time, now: Time) -> Result<u64, Error> {
        self.run(move |db| {
            let ask = "INSERT INTO rejudgement (since, asked_at) VALUES (?1, ?2) RETURNING id";
            Ok(db.conn.query_row(ask, [since.ms(), now.ms()], |row| row.get(0))?)
        })
        .await
    }
}

/// Writes what a batch says about what is not read.
pub(super) fn keep(tx: &Transaction<'_>, batch: &Batch, now: Time) -> Result<(), Error> {
    if let Some(parts) = &batch.unread {
        tx.execute("DELETE FROM unread", [])?;
        let mut insert = tx.prepare_cached("INSERT INTO unread VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for Unread { after, before, token, why } in parts {
            let (why, rejudgement) = match why {
                WhyUnread::Cut => ("cut", None),
                WhyUnread::Waits => ("waits", None),
                WhyUnread::Again(id) => ("again", Some(*id)),
            };
            insert.execute(params![after.0, before.0, token, why, rejudgement])?;
        }
    }
    let mut insert = tx.prepare_cached("INSERT INTO unreadable VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for element in &batch.unreadable {
        insert.execute(params![element.as_bytes(), now.ms()])?;
    }
    keep_informal(tx, &batch.informal, now)?;
    if batch.strangers != Strangers::default() {
        let Strangers { messages, bytes, calls } = batch.strangers;
        let add = "INSERT INTO strangers VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET
            messages = messages + excluded.messages, bytes = bytes + excluded.bytes, calls = calls + excluded.calls";
        tx.prepare_cached(add)?.execute(params![now.midnight().ms(), messages, bytes, calls])?;
    }
    if let Some(Rejudged { id, judged, sealed, late_ms, is_done }) = batch.rejudged {
        let done_at = is_done.then_some(now.ms());
        let add = "UPDATE rejudgement SET judged = judged + ?2, sealed = sealed + ?3, late_ms = max(late_ms, ?4),
            done_at = coalesce(done_at, ?5) WHERE id = ?1";
        tx.prepare_cached(add)?.execute(params![id, judged, sealed, late_ms, done_at])?;
    }
    Ok(())
}

fn keep_informal(tx: &Transaction<'_>, messages: &[(MessageId, Time)], now: Time) -> Result<(), Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let oldest = MessageId::first_at(now.plus_ms(-KEPT_MS));
    tx.prepare_cached("DELETE FROM informal WHERE message < ?1")?.execute([oldest.0])?;
    let mut insert = tx.prepare_cached("INSERT INTO informal VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for (message, listed) in messages {
        insert.execute(params![message.0, listed.ms()])?;
    }
    Ok(())
}

fn unread(row: &Row<'_>) -> rusqlite::Result<Unread> {
    let why = match row.get::<_, String>(3)?.as_str() {
        "cut" => WhyUnread::Cut,
        "waits" => WhyUnread::Waits,
        "again" => WhyUnread::Again(row.get(4)?),
        _ => return Err(rusqlite::Error::InvalidQuery),
    };
    Ok(Unread { after: rows::message_id(row, 0)?, before: rows::message_id(row, 1)?, token: row.get(2)?, why })
}

fn rejudgement(row: &Row<'_>) -> rusqlite::Result<Rejudgement> {
    Ok(Rejudgement {
        id: row.get(0)?,
        since: rows::time(row, 1)?,
        asked_at: rows::time(row, 2)?,
        done_at: row.get::<_, Option<i64>>(3)?.map(Time::from_ms),
        judged: row.get(4)?,
        sealed: row.get(5)?,
        late_ms: row.get(6)?,
    })
}
