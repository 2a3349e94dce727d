//! The statements that read, shared by the writer and the reader.

pub(in crate::store) mod outbox;
pub(in crate::store) mod proofs;
pub(in crate::store) mod receipts;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Attempts, Error, Intent, Subject};
use crate::base::hash::Hash;
use crate::base::ids::{Account, AccountId, AccountName, Channel, ConversationId, MessageId, PostId, PublicPost};
use crate::base::time::Time;
use crate::note::Correspondence;
use crate::tlog::entry::Level;

/// A column that holds a hash.
pub(in crate::store) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    Ok(Hash::from_bytes(row.get(column)?))
}

/// A column that holds a moment.
pub(in crate::store) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Time> {
    Ok(Time::from_ms(row.get(column)?))
}

/// A column that holds the identifier of a message.
pub(in crate::store) fn message_id(row: &Row<'_>, column: usize) -> rusqlite::Result<MessageId> {
    Ok(MessageId(row.get(column)?))
}

/// A column that holds the identifier of a post of ours.
pub(in crate::store) fn public_post(row: &Row<'_>, column: usize) -> rusqlite::Result<PublicPost> {
    Ok(Channel::X.post(post_id(row, column)?))
}

/// A column that holds the identifier of a post.
pub(in crate::store) fn post_id(row: &Row<'_>, column: usize) -> rusqlite::Result<PostId> {
    Ok(PostId(row.get(column)?))
}

pub(in crate::store) fn entries(db: &Connection, from: u64, count: u64) -> Result<Vec<String>, Error> {
    let mut query = db.prepare_cached("SELECT line FROM entry WHERE idx >= ?1 ORDER BY idx LIMIT ?2")?;
    let lines = query.query_map(params![from, count], |row| row.get(0))?;
    Ok(lines.collect::<Result<_, _>>()?)
}

pub(in crate::store) fn size(db: &Connection) -> Result<u64, Error> {
    Ok(db.query_row("SELECT coalesce(max(idx) + 1, 0) FROM entry", [], |row| row.get(0))?)
}

pub(in crate::store) fn checkpoint(db: &Connection, size: u64) -> Result<Option<String>, Error> {
    let mut query = db.prepare_cached("SELECT checkpoint FROM head WHERE size = ?1")?;
    Ok(query.query_row([size], |row| row.get(0)).optional()?)
}

pub(in crate::store) fn last_note(db: &Connection) -> Result<u64, Error> {
    Ok(db.prepare_cached("SELECT coalesce(max(n), 0) FROM note")?.query_row([], |row| row.get(0))?)
}

pub(in crate::store) fn correspondence(
    db: &Connection,
    conversation: &ConversationId,
) -> Result<Correspondence, Error> {
    let mut query =
        db.prepare_cached("SELECT count, commitment FROM note WHERE conversation = ?1 ORDER BY count DESC LIMIT 1")?;
    let last = query
        .query_row([conversation.as_str()], |row| Ok(Correspondence { count: row.get(0)?, previous: hash(row, 1)? }));
    Ok(last.optional()?.unwrap_or(Correspondence { count: 0, previous: Hash::ZERO }))
}

/// Where the entry of a note stands, and its commitment.
pub(in crate::store) fn note(db: &Connection, n: u64) -> Result<Option<(u64, Hash)>, Error> {
    let mut query = db.prepare_cached("SELECT idx, commitment FROM note WHERE n = ?1")?;
    Ok(query.query_row([n], |row| Ok((row.get(0)?, hash(row, 1)?))).optional()?)
}

/// The post that shows a note, its exact text, and the size of the head that it shows.
pub(in crate::store) fn post_of(db: &Connection, n: u64) -> Result<Option<(PublicPost, String, u64)>, Error> {
    let mut query = db.prepare_cached(
        "SELECT post, text, size FROM intent JOIN result ON result.intent = intent.id
         WHERE ?1 BETWEEN first AND last ORDER BY last LIMIT 1",
    )?;
    Ok(query.query_row([n], |row| Ok((public_post(row, 0)?, row.get(1)?, row.get(2)?))).optional()?)
}

/// How many notes are posted, and the last of them.
pub(in crate::store) fn posted(db: &Connection) -> Result<(u64, Option<u64>), Error> {
    let mut query = db.prepare_cached(
        "SELECT coalesce(sum(last - first + 1), 0), max(last) FROM intent JOIN result ON result.intent = intent.id",
    )?;
    Ok(query.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

pub(in crate::store) fn last_intended(db: &Connection) -> Result<u64, Error> {
    Ok(db.query_row("SELECT coalesce(max(last), 0) FROM intent", [], |row| row.get(0))?)
}

pub(in crate::store) fn unposted(db: &Connection) -> Result<Option<(u64, u64)>, Error> {
    let (intended, sealed) = (last_intended(db)?, last_note(db)?);
    Ok((intended < sealed).then_some((intended + 1, sealed)))
}

pub(in crate::store) fn has_heartbeat(db: &Connection, date: &str) -> Result<bool, Error> {
    Ok(db.query_row("SELECT EXISTS (SELECT 1 FROM intent WHERE date = ?1)", [date], |row| row.get(0))?)
}

/// The columns of [`intent`].
const INTENT: &str = "SELECT id, kind, first, last, date, size, note, level, place, count, mention, text, alone,
    coalesce(answers, (SELECT post FROM result WHERE result.intent = before)),
    EXISTS (SELECT 1 FROM unanswering JOIN intent AS refused ON refused.id = unanswering.intent
            WHERE refused.id = intent.id OR (refused.note, refused.level) = (intent.note, intent.level)),
    EXISTS (SELECT 1 FROM attempt WHERE attempt.intent = intent.id AND failed = 0) AS unsure
    FROM intent";

/// The post that is next by rank: one whose outcome nobody knows, then notes, parts in their order, answers, a heartbeat.
/// Those in `held` are passed over.
pub(in crate::store) fn open_intent(db: &Connection, held: &[u64]) -> Result<Option<Intent>, Error> {
    let mut query = db.prepare_cached(&format!(
        "{INTENT}
         WHERE NOT EXISTS (SELECT 1 FROM result WHERE result.intent = intent.id)
           AND NOT EXISTS (SELECT 1 FROM dropped WHERE dropped.intent = intent.id)
           AND (before IS NULL OR EXISTS (SELECT 1 FROM result WHERE result.intent = before))
           AND NOT EXISTS (SELECT 1 FROM json_each(?1) WHERE value = intent.id)
         ORDER BY unsure DESC, iif(kind = 'notes', 0, iif(kind = 'part', 1, iif(kind = 'heartbeat', 3, 2))), id LIMIT 1",
    ))?;
    let intent = query.query_row([json(held)], intent).optional()?;
    intent.map(|intent| complete(db, intent)).transpose()
}

/// The post with this number.
pub(in crate::store) fn intent_of(db: &Connection, id: i64) -> Result<Intent, Error> {
    let intent = db.prepare_cached(&format!("{INTENT} WHERE id = ?1"))?.query_row([id], intent)?;
    complete(db, intent)
}

fn complete(db: &Connection, mut intent: Intent) -> Result<Intent, Error> {
    intent.attempts = attempts(db, intent.id)?;
    intent.files = enclosures(db, intent.id)?;
    Ok(intent)
}

/// Numbers as SQLite's `json_each` takes them.
pub(in crate::store) fn json(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    format!("[{}]", numbers.join(","))
}

fn intent(row: &Row<'_>) -> rusqlite::Result<Intent> {
    let note: Option<u64> = row.get("note")?;
    let subject = match row.get::<_, String>("kind")?.as_str() {
        "notes" => Subject::Notes { first: row.get("first")?, last: row.get("last")? },
        "heartbeat" => Subject::Heartbeat { date: row.get("date")? },
        "receipt" => Subject::Receipt { index: row.get::<_, u64>("size")?.saturating_sub(1) },
        "part" => Subject::Part {
            note: note.unwrap_or_default(),
            level: level(row, "level")?,
            place: row.get("place")?,
            count: row.get("count")?,
        },
        _ => Subject::Answer {
            mention: row.get::<_, Option<u64>>("mention")?.map(PostId),
            note,
            standalone: row.get("alone")?,
        },
    };
    let (answers, refused): (Option<u64>, bool) = (row.get(13)?, row.get(14)?);
    Ok(Intent {
        id: row.get("id")?,
        subject,
        text: row.get("text")?,
        answers: answers.filter(|_| !refused).map(PostId),
        files: Vec::new(),
        attempts: None,
    })
}

/// A column that holds how much of a note is opened.
pub(in crate::store) fn level(row: &Row<'_>, column: &str) -> rusqlite::Result<Level> {
    let text: String = row.get(column)?;
    Level::parse(&text).ok_or(rusqlite::Error::InvalidQuery)
}

fn enclosures(db: &Connection, intent: u64) -> Result<Vec<String>, Error> {
    let mut query = db.prepare_cached("SELECT name FROM enclosure WHERE intent = ?1 ORDER BY place")?;
    let names = query.query_map([intent], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn attempts(db: &Connection, intent: u64) -> Result<Option<Attempts>, Error> {
    let mut query = db.prepare_cached("SELECT min(at), max(at), min(failed) FROM attempt WHERE intent = ?1")?;
    Ok(query.query_row([intent], |row| {
        let Some(first) = row.get::<_, Option<i64>>(0)? else { return Ok(None) };
        Ok(Some(Attempts { first: Time::from_ms(first), last: time(row, 1)?, all_failed: row.get(2)? }))
    })?)
}

pub(in crate::store) fn started(db: &Connection) -> Result<Option<MessageId>, Error> {
    Ok(db.query_row("SELECT message FROM start", [], |row| message_id(row, 0)).optional()?)
}

pub(in crate::store) fn newest_seen(db: &Connection) -> Result<Option<MessageId>, Error> {
    let newest: Option<u64> = db.query_row("SELECT max(message) FROM seen", [], |row| row.get(0))?;
    Ok(newest.map(MessageId))
}

pub(in crate::store) fn seen_after(db: &Connection, message: MessageId) -> Result<u64, Error> {
    Ok(db.query_row("SELECT count(*) FROM seen WHERE message > ?1", [message.0], |row| row.get(0))?)
}

pub(in crate::store) fn is_seen(db: &Connection, message: MessageId) -> Result<bool, Error> {
    let mut query = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM seen WHERE message = ?1)")?;
    Ok(query.query_row([message.0], |row| row.get(0))?)
}

pub(in crate::store) fn done(db: &Connection, name: &str) -> Result<Option<Time>, Error> {
    let done: Option<Option<i64>> =
        db.query_row("SELECT done FROM loop WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    Ok(done.flatten().map(Time::from_ms))
}

pub(in crate::store) fn newest_post(db: &Connection) -> Result<Option<PostId>, Error> {
    let newest: Option<u64> = db.query_row("SELECT max(post) FROM result", [], |row| row.get(0))?;
    Ok(newest.map(PostId))
}

pub(in crate::store) fn account(db: &Connection) -> Result<Option<Account>, Error> {
    let found: Option<(u64, String)> =
        db.query_row("SELECT id, name FROM account", [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.and_then(|(id, name)| Some(Account { id: AccountId(id), name: AccountName::parse(&name)? })))
}

pub(in crate::store) fn correspondent(db: &Connection, name: &AccountName) -> Result<Option<AccountId>, Error> {
    let id = db.query_row("SELECT id FROM correspondent WHERE name = ?1", [name.as_str()], |row| row.get(0));
    Ok(id.optional()?.map(AccountId))
}
