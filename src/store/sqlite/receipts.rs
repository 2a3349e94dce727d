//! Slips that came, and receipts.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{Appended, Sqlite, notes, rows};
use crate::base::hash::Hash;
use crate::base::ids::{AccountId, MessageId, Origin, PublicPost};
use crate::base::time::Time;
use crate::store::Error;
use crate::store::notes::ProofRow;
use crate::store::receipts::{AskReceipts, ReadReceipts, Received, ReceivedSlip, WriteReceipts};
use crate::tlog::entry::Entry;

#[async_trait]
impl ReadReceipts for Sqlite {
    async fn waiting_slip(&self, deferred: &[MessageId]) -> Result<Option<ReceivedSlip>, Error> {
        const WAITING: &str = "SELECT slip, from_account, log, note, commitment FROM received_slip
            WHERE state = 'waiting' AND NOT EXISTS (SELECT 1 FROM json_each(?1) WHERE value = slip)
            ORDER BY slip LIMIT 1";
        let deferred = rows::json(deferred.iter().map(|slip| slip.0));
        self.run(move |db| Ok(db.conn.prepare_cached(WAITING)?.query_row([deferred], slip).optional()?)).await
    }

    async fn receipt(&self, log: &Origin, note: u64) -> Result<Option<(Hash, ProofRow)>, Error> {
        let log = log.clone();
        self.run(move |db| {
            let Some((index, commitment)) = receipt_for(&db.conn, &log, note)? else { return Ok(None) };
            let post = post_of(&db.conn, index)?;
            let row = notes::proof_row(db, &format!("the receipt for note {note}"), index, post)?;
            Ok(Some((commitment, row)))
        })
        .await
    }

    async fn refusal(&self, slip: MessageId) -> Result<Option<String>, Error> {
        const WHY: &str = "SELECT why FROM received_slip WHERE slip = ?1";
        self.run(move |db| Ok(db.conn.query_row(WHY, [slip.0], |row| row.get(0)).optional()?.flatten())).await
    }
}

#[async_trait]
impl WriteReceipts for Sqlite {
    async fn receive(&self, slip: MessageId, received: Received, now: Time) -> Result<(), Error> {
        self.run(move |db| db.append(|tx, appended| receive(tx, appended, slip, &received, now))).await
    }

    async fn refuse_slip(&self, slip: MessageId, why: String) -> Result<(), Error> {
        self.run(move |db| settle(&db.conn, slip, "refused", Some(&why))).await
    }
}

#[async_trait]
impl AskReceipts for Sqlite {
    async fn ask_receipt(&self, slip: MessageId, from: AccountId, received: Received) -> Result<(), Error> {
        const ASK: &str = "INSERT INTO received_slip VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', NULL)
            ON CONFLICT DO UPDATE SET log = excluded.log, note = excluded.note, commitment = excluded.commitment,
                                      state = 'waiting', why = NULL
            WHERE state <> 'done'";
        self.run(move |db| {
            let Received { log, note, commitment } = &received;
            db.conn.execute(ASK, params![slip.0, from.0, log.as_str(), note, commitment.as_bytes()])?;
            Ok(())
        })
        .await
    }
}

fn receive(
    tx: &Transaction<'_>,
    appended: &mut Appended,
    slip: MessageId,
    received: &Received,
    now: Time,
) -> Result<(), Error> {
    settle(tx, slip, "done", None)?;
    let Received { log, note, commitment } = received;
    if let Some(other) = other_sender(tx, slip, log)? {
        return Err(Error::Refused(format!(
            "a receipt for note {note} of {log}: the notes of that log come from the account {other}"
        )));
    }
    tx.execute(
        "UPDATE received_slip SET log = ?2, note = ?3, commitment = ?4 WHERE slip = ?1",
        params![slip.0, log.as_str(), note, commitment.as_bytes()],
    )?;
    match receipt_for(tx, log, *note)? {
        Some((_, known)) if known == *commitment => return Ok(()),
        Some((_, known)) => {
            return Err(Error::Refused(format!(
                "a receipt for note {note} of {log}: there is one, for the commitment {known}"
            )));
        }
        None => {}
    }
    let index = appended.next;
    appended.push(tx, &Entry::Receipt { time: now, log: log.clone(), note: *note, commitment: *commitment })?;
    let insert = "INSERT INTO receipt VALUES (?1, ?2, ?3, ?4)";
    tx.execute(insert, params![index, log.as_str(), note, commitment.as_bytes()])?;
    Ok(())
}

/// The account whose notes of this log have been receipted, if another account sent the slip. A slip says which log it
/// is of, and anybody could write that.
fn other_sender(tx: &Transaction<'_>, slip: MessageId, log: &Origin) -> Result<Option<AccountId>, Error> {
    let other = tx.query_row(
        "SELECT other.from_account FROM received_slip AS other JOIN received_slip AS this ON this.slip = ?1
         WHERE other.log = ?2 AND other.state = 'done' AND other.from_account <> this.from_account LIMIT 1",
        params![slip.0, log.as_str()],
        |row| row.get(0),
    );
    Ok(other.optional()?.map(AccountId))
}

fn settle(conn: &Connection, slip: MessageId, state: &str, why: Option<&str>) -> Result<(), Error> {
    conn.execute("UPDATE received_slip SET state = ?2, why = ?3 WHERE slip = ?1", params![slip.0, state, why])?;
    Ok(())
}

/// Keeps that a slip came, until it is dealt with.
pub(super) fn keep_slip(tx: &Transaction<'_>, slip: &ReceivedSlip) -> Result<(), Error> {
    let insert =
        "INSERT INTO received_slip (slip, from_account, state) VALUES (?1, ?2, 'waiting') ON CONFLICT DO NOTHING";
    tx.execute(insert, params![slip.slip.0, slip.from.0])?;
    Ok(())
}

fn slip(row: &Row<'_>) -> rusqlite::Result<ReceivedSlip> {
    let received = row.get::<_, Option<String>>(2)?.is_some().then(|| received(row, 2)).transpose()?;
    Ok(ReceivedSlip { slip: rows::message_id(row, 0)?, from: AccountId(row.get(1)?), received })
}

/// Reads three columns from this one on: log, note, commitment.
fn received(row: &Row<'_>, column: usize) -> rusqlite::Result<Received> {
    let log = Origin::parse(&row.get::<_, String>(column)?).ok_or(rusqlite::Error::InvalidQuery)?;
    Ok(Received { log, note: row.get(column + 1)?, commitment: rows::hash(row, column + 2)? })
}

/// The index of the receipt for this note, and the commitment that it is for.
fn receipt_for(conn: &Connection, log: &Origin, note: u64) -> Result<Option<(u64, Hash)>, Error> {
    let mut query = conn.prepare_cached("SELECT idx, commitment FROM receipt WHERE log = ?1 AND note = ?2")?;
    Ok(query.query_row(params![log.as_str(), note], |row| Ok((row.get(0)?, rows::hash(row, 1)?))).optional()?)
}

/// The receipt that this entry records.
pub(super) fn receipt_at(conn: &Connection, index: u64) -> Result<Option<Received>, Error> {
    let mut query = conn.prepare_cached("SELECT log, note, commitment FROM receipt WHERE idx = ?1")?;
    Ok(query.query_row([index], |row| received(row, 0)).optional()?)
}

/// The post of the receipt that this entry records: its exact text, and the size of the head that it shows.
fn post_of(conn: &Connection, index: u64) -> Result<Option<(PublicPost, String, u64)>, Error> {
    let mut query = conn.prepare_cached(
        "SELECT outcome.channel, outcome.id, text, size FROM post JOIN outcome USING (effect)
         JOIN effect ON effect.id = post.effect
         WHERE effect.kind = 'receipt-post' AND size = ?1 AND outcome.id IS NOT NULL",
    )?;
    Ok(query.query_row([index + 1], |row| Ok((rows::some_post(row, 0)?, row.get(2)?, row.get(3)?))).optional()?)
}
