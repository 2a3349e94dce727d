//! The statements that read, shared by the writer and the reader.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Attempts, Error, Intent, Subject};
use crate::hash::Hash;
use crate::note::{Account, AccountId, AccountName, ConversationId, MessageId, PostId, Snowflake};
use crate::opening::Correspondence;
use crate::time::Time;

/// A column that holds a hash.
pub(super) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    Ok(Hash::from_bytes(row.get(column)?))
}

/// A column that holds a moment.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Time> {
    Ok(Time::from_ms(row.get(column)?))
}

/// A column that holds a number of the platform.
pub(super) fn snowflake(row: &Row<'_>, column: usize) -> rusqlite::Result<Snowflake> {
    Ok(Snowflake(row.get(column)?))
}

pub(super) fn entries(db: &Connection, from: u64, count: u64) -> Result<Vec<String>, Error> {
    let mut query = db.prepare_cached("SELECT line FROM entry WHERE idx >= ?1 ORDER BY idx LIMIT ?2")?;
    let lines = query.query_map(params![from, count], |row| row.get(0))?;
    Ok(lines.collect::<Result<_, _>>()?)
}

pub(super) fn size(db: &Connection) -> Result<u64, Error> {
    Ok(db.query_row("SELECT coalesce(max(idx) + 1, 0) FROM entry", [], |row| row.get(0))?)
}

pub(super) fn checkpoint(db: &Connection, size: u64) -> Result<Option<String>, Error> {
    let mut query = db.prepare_cached("SELECT checkpoint FROM head WHERE size = ?1")?;
    Ok(query.query_row([size], |row| row.get(0)).optional()?)
}

pub(super) fn last_note(db: &Connection) -> Result<u64, Error> {
    Ok(db.prepare_cached("SELECT coalesce(max(n), 0) FROM note")?.query_row([], |row| row.get(0))?)
}

pub(super) fn correspondence(db: &Connection, conversation: &ConversationId) -> Result<Correspondence, Error> {
    let mut query =
        db.prepare_cached("SELECT count, commitment FROM note WHERE conversation = ?1 ORDER BY count DESC LIMIT 1")?;
    let last = query
        .query_row([conversation.as_str()], |row| Ok(Correspondence { count: row.get(0)?, previous: hash(row, 1)? }));
    Ok(last.optional()?.unwrap_or(Correspondence { count: 0, previous: Hash::ZERO }))
}

/// Where the entry of a note stands, and its commitment.
pub(super) fn note(db: &Connection, n: u64) -> Result<Option<(u64, Hash)>, Error> {
    let mut query = db.prepare_cached("SELECT idx, commitment FROM note WHERE n = ?1")?;
    Ok(query.query_row([n], |row| Ok((row.get(0)?, hash(row, 1)?))).optional()?)
}

pub(super) fn last_intended(db: &Connection) -> Result<u64, Error> {
    Ok(db.query_row("SELECT coalesce(max(last), 0) FROM intent", [], |row| row.get(0))?)
}

pub(super) fn unposted(db: &Connection) -> Result<Option<(u64, u64)>, Error> {
    let (intended, sealed) = (last_intended(db)?, last_note(db)?);
    Ok((intended < sealed).then_some((intended + 1, sealed)))
}

pub(super) fn has_heartbeat(db: &Connection, date: &str) -> Result<bool, Error> {
    Ok(db.query_row("SELECT EXISTS (SELECT 1 FROM intent WHERE date = ?1)", [date], |row| row.get(0))?)
}

pub(super) fn open_intent(db: &Connection) -> Result<Option<Intent>, Error> {
    let mut query = db.prepare_cached(
        "SELECT id, first, last, date, text FROM intent
         WHERE NOT EXISTS (SELECT 1 FROM result WHERE result.intent = intent.id) ORDER BY id LIMIT 1",
    )?;
    let Some(mut intent) = query.query_row([], intent).optional()? else { return Ok(None) };
    intent.attempts = attempts(db, intent.id)?;
    Ok(Some(intent))
}

fn intent(row: &Row<'_>) -> rusqlite::Result<Intent> {
    let subject = match row.get::<_, Option<String>>(3)? {
        Some(date) => Subject::Heartbeat { date },
        None => Subject::Notes { first: row.get(1)?, last: row.get(2)? },
    };
    Ok(Intent { id: row.get(0)?, subject, text: row.get(4)?, attempts: None })
}

fn attempts(db: &Connection, intent: u64) -> Result<Option<Attempts>, Error> {
    let mut query = db.prepare_cached("SELECT min(at), max(at), min(failed) FROM attempt WHERE intent = ?1")?;
    Ok(query.query_row([intent], |row| {
        let Some(first) = row.get::<_, Option<i64>>(0)? else { return Ok(None) };
        Ok(Some(Attempts { first: Time::from_ms(first), last: time(row, 1)?, all_failed: row.get(2)? }))
    })?)
}

pub(super) fn started(db: &Connection) -> Result<Option<MessageId>, Error> {
    Ok(db.query_row("SELECT message FROM start", [], |row| snowflake(row, 0)).optional()?)
}

pub(super) fn newest_seen(db: &Connection) -> Result<Option<MessageId>, Error> {
    let newest: Option<u64> = db.query_row("SELECT max(message) FROM seen", [], |row| row.get(0))?;
    Ok(newest.map(Snowflake))
}

pub(super) fn seen_after(db: &Connection, message: MessageId) -> Result<u64, Error> {
    Ok(db.query_row("SELECT count(*) FROM seen WHERE message > ?1", [message.0], |row| row.get(0))?)
}

pub(super) fn is_seen(db: &Connection, message: MessageId) -> Result<bool, Error> {
    let mut query = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM seen WHERE message = ?1)")?;
    Ok(query.query_row([message.0], |row| row.get(0))?)
}

pub(super) fn done(db: &Connection, name: &str) -> Result<Option<Time>, Error> {
    let done: Option<Option<i64>> =
        db.query_row("SELECT done FROM loop WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    Ok(done.flatten().map(Time::from_ms))
}

pub(super) fn newest_post(db: &Connection) -> Result<Option<PostId>, Error> {
    let newest: Option<u64> = db.query_row("SELECT max(post) FROM result", [], |row| row.get(0))?;
    Ok(newest.map(Snowflake))
}

pub(super) fn account(db: &Connection) -> Result<Option<Account>, Error> {
    let found: Option<(u64, String)> =
        db.query_row("SELECT id, name FROM account", [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.and_then(|(id, name)| Some(Account { id: AccountId(id), name: AccountName::parse(&name)? })))
}

pub(super) fn correspondent(db: &Connection, name: &AccountName) -> Result<Option<AccountId>, Error> {
    let id = db.query_row("SELECT id FROM correspondent WHERE name = ?1", [name.as_str()], |row| row.get(0));
    Ok(id.optional()?.map(AccountId))
}
