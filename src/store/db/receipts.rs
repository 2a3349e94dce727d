//! The writer's part in receipts: each method is one transaction.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::Db;
use crate::base::ids::{AccountId, MessageId, Origin};
use crate::base::time::Time;
use crate::store::{Error, Received, Slipped, rows};
use crate::tlog::entry::Entry;

impl Db {
    pub(in crate::store) fn waiting_slip(&self, held: &[u64]) -> Result<Option<Slipped>, Error> {
        let mut query = self.conn.prepare_cached(
            "SELECT slip, from_account, log, note, commitment FROM slipped
             WHERE state = 'waiting' AND NOT EXISTS (SELECT 1 FROM json_each(?1) WHERE value = slip)
             ORDER BY slip LIMIT 1",
        )?;
        let slip = query.query_row([rows::json(held)], |row| {
            let received = row.get::<_, Option<String>>(2)?.is_some().then(|| rows::receipts::received(row, 2));
            Ok(Slipped {
                slip: rows::message_id(row, 0)?,
                from: AccountId(row.get(1)?),
                received: received.transpose()?,
            })
        });
        Ok(slip.optional()?)
    }

    pub(in crate::store) fn receive(&mut self, slip: MessageId, received: &Received, now: Time) -> Result<(), Error> {
        self.append(|tx, appended| {
            settle(tx, slip, "done", None)?;
            let Received { log, note, commitment } = received;
            if let Some(other) = other_sender(tx, slip, log)? {
                return Err(Error::Refused(format!(
                    "a receipt for note {note} of {log}: the notes of that log come from the account {other}"
                )));
            }
            tx.execute(
                "UPDATE slipped SET log = ?2, note = ?3, commitment = ?4 WHERE slip = ?1",
                params![slip.0, log.as_str(), note, commitment.as_bytes()],
            )?;
            match rows::receipts::receipt(tx, log.as_str(), *note)? {
                Some((_, known)) if known == *commitment => return Ok(()),
                Some((_, known)) => {
                    return Err(Error::Refused(format!(
                        "a receipt for note {note} of {log}: there is one, for the commitment {known}"
                    )));
                }
                None => {}
            }
            let insert = "INSERT INTO receipt VALUES (?1, ?2, ?3, ?4)";
            let index = appended.next;
            let entry = Entry::Receipt { time: now, log: log.clone(), note: *note, commitment: *commitment };
            appended.push(tx, &entry)?;
            tx.execute(insert, params![index, log.as_str(), note, commitment.as_bytes()])?;
            Ok(())
        })
    }

    pub(in crate::store) fn refuse_slip(&mut self, slip: MessageId, why: &str) -> Result<(), Error> {
        settle(&self.conn, slip, "refused", Some(why))
    }

    pub(in crate::store) fn receipts_posted_since(&self, from: Time) -> Result<u64, Error> {
        let begun = "SELECT count(DISTINCT intent) FROM attempt JOIN intent ON intent.id = attempt.intent
            WHERE kind = 'receipt' AND ?1 <= at";
        Ok(self.conn.prepare_cached(begun)?.query_row([from.ms()], |row| row.get(0))?)
    }

    pub(in crate::store) fn unposted_receipt(&self) -> Result<Option<u64>, Error> {
        let mut query = self.conn.prepare_cached(
            "SELECT min(idx) FROM receipt
             WHERE NOT EXISTS (SELECT 1 FROM intent WHERE kind = 'receipt' AND size = receipt.idx + 1)",
        )?;
        Ok(query.query_row([], |row| row.get(0))?)
    }
}

/// The account whose notes of this log have been receipted, if it is another than the one that sent the slip: a slip says
/// which log it is of, and anybody could say so.
fn other_sender(tx: &Transaction<'_>, slip: MessageId, log: &Origin) -> Result<Option<AccountId>, Error> {
    let other = tx.query_row(
        "SELECT other.from_account FROM slipped AS other JOIN slipped AS this ON this.slip = ?1
         WHERE other.log = ?2 AND other.state = 'done' AND other.from_account <> this.from_account LIMIT 1",
        params![slip.0, log.as_str()],
        |row| row.get(0),
    );
    Ok(other.optional()?.map(AccountId))
}

fn settle(conn: &Connection, slip: MessageId, state: &str, why: Option<&str>) -> Result<(), Error> {
    conn.execute("UPDATE slipped SET state = ?2, why = ?3 WHERE slip = ?1", params![slip.0, state, why])?;
    Ok(())
}

/// Keeps that a slip came, until it is dealt with.
pub(super) fn slip(tx: &Transaction<'_>, slipped: &Slipped) -> Result<(), Error> {
    let insert = "INSERT INTO slipped (slip, from_account, state) VALUES (?1, ?2, 'waiting') ON CONFLICT DO NOTHING";
    tx.execute(insert, params![slipped.slip.0, slipped.from.0])?;
    Ok(())
}

/// Asks for a receipt: what was refused before is tried again.
pub(in crate::store) fn ask(tx: &Transaction<'_>, slipped: &Slipped, received: &Received) -> Result<(), Error> {
    let (slip, from) = (slipped.slip.0, slipped.from.0);
    let Received { log, note, commitment } = received;
    tx.execute(
        "INSERT INTO slipped VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', NULL)
         ON CONFLICT DO UPDATE SET log = excluded.log, note = excluded.note, commitment = excluded.commitment,
                                   state = 'waiting', why = NULL
         WHERE state <> 'done'",
        params![slip, from, log.as_str(), note, commitment.as_bytes()],
    )?;
    Ok(())
}
