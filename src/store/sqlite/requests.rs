//! Requests, approvals, commands, codes.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{Sqlite, rows};
use crate::base::ids::{AccountId, Channel, MessageId, PostId};
use crate::base::time::Time;
use crate::note::request::RequestState;
use crate::store::Error;
use crate::store::requests::{Ask, AskRequests, CodeChange, CodeRow, Command, NewRequest, ReadRequests, Request};

/// The columns of [`row`].
const REQUEST: &str = "SELECT id, kind, note, level, post, asked_by, asked_at, state, why,
    EXISTS (SELECT 1 FROM submitted_proof WHERE submitted_proof.request = request.id) AS has_submitted_proof
    FROM request";

#[async_trait]
impl ReadRequests for Sqlite {
    async fn requests(&self, state: Option<RequestState>) -> Result<Vec<Request>, Error> {
        self.run(move |db| {
            let condition = if state.is_some() { "state = ?1" } else { "?1 IS NULL" };
            let mut query = db.conn.prepare_cached(&format!("{REQUEST} WHERE {condition} ORDER BY id"))?;
            let rows = query.query_map([state.map(RequestState::as_str)], row)?;
            rows.map(|row| with_approvals(&db.conn, row?)).collect()
        })
        .await
    }

    async fn request(&self, id: u64) -> Result<Option<Request>, Error> {
        self.run(move |db| request_of(&db.conn, id)).await
    }

    async fn submitted_proof(&self, request: u64) -> Result<Option<Vec<u8>>, Error> {
        const PROOF: &str = "SELECT proof FROM submitted_proof WHERE request = ?1";
        self.run(move |db| Ok(db.conn.query_row(PROOF, [request], |row| row.get(0)).optional()?)).await
    }

    async fn commands(&self) -> Result<Vec<Command>, Error> {
        const COMMANDS: &str = "SELECT message, from_account, text FROM command WHERE done = 0 ORDER BY message";
        self.run(|db| {
            let mut query = db.conn.prepare_cached(COMMANDS)?;
            let rows = query.query_map([], |row| {
                Ok(Command { message: rows::message_id(row, 0)?, from: AccountId(row.get(1)?), text: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn helps(&self, official: AccountId, message: MessageId) -> Result<u64, Error> {
        const HELPS: &str =
            "SELECT count(*) FROM command WHERE from_account = ?1 AND text = 'help' AND message BETWEEN ?2 AND ?3";
        let begin = MessageId::first_at(message.moment().midnight());
        self.run(move |db| Ok(db.conn.query_row(HELPS, [official.0, begin.0, message.0], |row| row.get(0))?)).await
    }

    async fn code(&self, official: AccountId) -> Result<Option<CodeRow>, Error> {
        const CODE: &str = "SELECT code, command, at, tries FROM code WHERE official = ?1";
        self.run(move |db| {
            let code = db.conn.query_row(CODE, [official.0], |row| {
                let at = rows::time(row, 2)?;
                Ok(CodeRow { official, code: row.get(0)?, order: row.get(1)?, at, tries: row.get(3)? })
            });
            Ok(code.optional()?)
        })
        .await
    }
}

#[async_trait]
impl AskRequests for Sqlite {
    async fn ask(&self, request: NewRequest, proof: Option<Vec<u8>>, now: Time) -> Result<u64, Error> {
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            let id = ask(&tx, &request, now)?;
            if let Some(proof) = proof {
                tx.execute("INSERT INTO submitted_proof VALUES (?1, ?2)", params![id, proof])?;
            }
            tx.commit()?;
            Ok(id)
        })
        .await
    }

    async fn approve(&self, request: u64, by: &str, proof: Vec<u8>, now: Time) -> Result<(), Error> {
        let by = by.to_owned();
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            if request_of(&tx, request)?.is_none_or(|request| request.state != RequestState::Waiting) {
                return Err(Error::Refused(format!("to approve request {request}: it is not waiting")));
            }
            approve(&tx, request, &by, now)?;
            tx.execute("INSERT INTO submitted_proof VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![request, proof])?;
            tx.commit()?;
            Ok(())
        })
        .await
    }
}

fn request_of(conn: &Connection, id: u64) -> Result<Option<Request>, Error> {
    let mut query = conn.prepare_cached(&format!("{REQUEST} WHERE id = ?1"))?;
    query.query_row([id], row).optional()?.map(|request| with_approvals(conn, request)).transpose()
}

fn with_approvals(conn: &Connection, request: Request) -> Result<Request, Error> {
    let mut query = conn.prepare_cached("SELECT by, at FROM approval WHERE request = ?1 ORDER BY at, rowid")?;
    let rows = query.query_map([request.id], |row| Ok((row.get(0)?, rows::time(row, 1)?)))?;
    Ok(Request { approvals: rows.collect::<Result<_, _>>()?, ..request })
}

fn row(row: &Row<'_>) -> rusqlite::Result<Request> {
    let note = row.get("note")?;
    let ask = match row.get::<_, Option<u64>>("post")? {
        Some(post) => Ask::Dispute { note, post: PostId(post) },
        None => Ask::Open { note, level: rows::level(row, "level")? },
    };
    let state: String = row.get("state")?;
    Ok(Request {
        id: row.get("id")?,
        ask,
        asked_by: row.get("asked_by")?,
        asked_at: Time::from_ms(row.get("asked_at")?),
        approvals: Vec::new(),
        state: RequestState::parse(&state).ok_or(rusqlite::Error::InvalidQuery)?,
        has_submitted_proof: row.get("has_submitted_proof")?,
        why: row.get("why")?,
    })
}

/// Writes a request, and returns its number.
pub(super) fn ask(tx: &Transaction<'_>, request: &NewRequest, now: Time) -> Result<u64, Error> {
    let (kind, level, post) = match request.ask {
        Ask::Open { level, .. } => ("open", Some(level.as_str()), None),
        Ask::Dispute { post, .. } => ("dispute", None, Some(post.0)),
    };
    let channel = post.map(|_| Channel::X.as_str());
    tx.execute(
        "INSERT INTO request (kind, note, level, channel, post, asked_by, asked_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            kind,
            request.ask.note(),
            level,
            channel,
            post,
            request.asked_by,
            now.ms(),
            RequestState::Waiting.as_str()
        ],
    )?;
    Ok(u64::try_from(tx.last_insert_rowid()).unwrap_or_default())
}

/// Writes an approval. Doing it twice changes nothing.
pub(super) fn approve(tx: &Transaction<'_>, request: u64, by: &str, now: Time) -> Result<(), Error> {
    let insert = "INSERT INTO approval SELECT ?1, ?2, ?3
        WHERE NOT EXISTS (SELECT 1 FROM approval WHERE request = ?1 AND by = ?2)";
    tx.execute(insert, params![request, by, now.ms()])?;
    Ok(())
}

/// Ends a request that is waiting, and removes the proof that was submitted with it. Returns false if it has ended
/// before.
pub(super) fn end(
    tx: &Transaction<'_>,
    request: u64,
    state: RequestState,
    why: Option<&str>,
    now: Time,
) -> Result<bool, Error> {
    tx.execute("DELETE FROM submitted_proof WHERE request = ?1", [request])?;
    let ended = tx.execute(
        "UPDATE request SET state = ?2, ended_at = ?3, why = ?4 WHERE id = ?1 AND state = 'waiting'",
        params![request, state.as_str(), now.ms(), why],
    )?;
    Ok(0 < ended)
}

/// Keeps a command of an official until it is dealt with.
pub(super) fn keep_command(tx: &Transaction<'_>, command: &Command) -> Result<(), Error> {
    let insert = "INSERT INTO command (message, from_account, text) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    tx.execute(insert, params![command.message.0, command.from.0, command.text])?;
    Ok(())
}

/// Writes what happens to an official's code.
pub(super) fn change_code(tx: &Transaction<'_>, change: &CodeChange) -> Result<(), Error> {
    match change {
        CodeChange::Give(CodeRow { official, code, order, at, tries }) => tx.execute(
            "INSERT OR REPLACE INTO code VALUES (?1, ?2, ?3, ?4, ?5)",
            params![official.0, code, order, at.ms(), tries],
        )?,
        CodeChange::Tried(official) => {
            tx.execute("UPDATE code SET tries = tries + 1 WHERE official = ?1", [official.0])?
        }
        CodeChange::End(official) => tx.execute("DELETE FROM code WHERE official = ?1", [official.0])?,
    };
    Ok(())
}
