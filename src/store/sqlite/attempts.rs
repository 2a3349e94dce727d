//! An effect without its details: made, attempted, ended.

use rusqlite::{Connection, Transaction, params};

use super::rows;
use crate::base::ids::Source;
use crate::base::time::Time;
use crate::store::Error;
use crate::store::effects::{Accepted, Attempts, EffectId, EffectKind};

/// Writes an effect without its details.
pub(super) fn make(tx: &Transaction<'_>, kind: EffectKind, now: Time) -> Result<EffectId, Error> {
    tx.prepare_cached("INSERT INTO effect (kind, made_at) VALUES (?1, ?2)")?
        .execute(params![kind.as_str(), now.ms()])?;
    Ok(EffectId(u64::try_from(tx.last_insert_rowid()).unwrap_or_default()))
}

pub(super) fn attempt(conn: &Connection, effect: EffectId, now: Time) -> Result<(), Error> {
    conn.execute("INSERT INTO attempt (effect, at) VALUES (?1, ?2)", params![effect.0, now.ms()])?;
    Ok(())
}

pub(super) fn failed(conn: &Connection, effect: EffectId) -> Result<(), Error> {
    const FAILED: &str = "UPDATE attempt SET failed = 1 WHERE id = (SELECT max(id) FROM attempt WHERE effect = ?1)";
    conn.execute(FAILED, [effect.0])?;
    Ok(())
}

/// Whether an effect has an outcome.
pub(super) fn has_ended(conn: &Connection, effect: EffectId) -> Result<bool, Error> {
    const HAS: &str = "SELECT EXISTS (SELECT 1 FROM outcome WHERE effect = ?1)";
    Ok(conn.query_row(HAS, [effect.0], |row| row.get(0))?)
}

/// Writes an outcome. Returns false if there is one already.
pub(super) fn end(
    conn: &Connection,
    effect: EffectId,
    what: Option<Accepted>,
    why: Option<&str>,
    now: Time,
) -> Result<bool, Error> {
    if has_ended(conn, effect)? {
        return Ok(false);
    }
    let what = what.map(|what| match what {
        Accepted::Post(post) => (post.channel.as_str(), post.id.0),
        Accepted::Message(message) => (Source::XDm.as_str(), message.0),
    });
    let (channel, id) = what.unzip();
    conn.execute("INSERT INTO outcome VALUES (?1, ?2, ?3, ?4, ?5)", params![effect.0, now.ms(), channel, id, why])?;
    Ok(true)
}

/// The attempts at an effect. The last is the one that was written last, even if the clock was set back before it.
pub(super) fn attempts(conn: &Connection, id: EffectId) -> Result<Option<Attempts>, Error> {
    let mut query = conn.prepare_cached(
        "SELECT coalesce(min(at) FILTER (WHERE failed = 0), min(at)),
                (SELECT at FROM attempt WHERE effect = ?1 ORDER BY id DESC LIMIT 1), min(failed)
         FROM attempt WHERE effect = ?1",
    )?;
    Ok(query.query_row([id.0], |row| {
        let Some(first) = row.get::<_, Option<i64>>(0)? else { return Ok(None) };
        Ok(Some(Attempts { first: Time::from_ms(first), last: rows::time(row, 1)?, all_failed: row.get(2)? }))
    })?)
}
