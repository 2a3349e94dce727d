//! The statements that read receipts.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::base::hash::Hash;
use crate::base::ids::{MessageId, Origin, PublicPost};
use crate::store::{Error, Received};

/// Three columns from this one on: log, note, commitment.
pub(in crate::store) fn received(row: &Row<'_>, column: usize) -> rusqlite::Result<Received> {
    let log = Origin::parse(&row.get::<_, String>(column)?).ok_or(rusqlite::Error::InvalidQuery)?;
    Ok(Received { log, note: row.get(column + 1)?, commitment: super::hash(row, column + 2)? })
}

/// The index of the receipt for this note, and the commitment that it is for.
pub(in crate::store) fn receipt(db: &Connection, log: &str, note: u64) -> Result<Option<(u64, Hash)>, Error> {
    let mut query = db.prepare_cached("SELECT idx, commitment FROM receipt WHERE log = ?1 AND note = ?2")?;
    Ok(query.query_row(params![log, note], |row| Ok((row.get(0)?, super::hash(row, 1)?))).optional()?)
}

/// The receipt that this entry is.
pub(in crate::store) fn receipt_at(db: &Connection, index: u64) -> Result<Option<Received>, Error> {
    let mut query = db.prepare_cached("SELECT log, note, commitment FROM receipt WHERE idx = ?1")?;
    Ok(query.query_row([index], |row| received(row, 0)).optional()?)
}

/// Why there will be no receipt for a slip.
pub(in crate::store) fn refusal(db: &Connection, slip: MessageId) -> Result<Option<String>, Error> {
    let why = db.query_row("SELECT why FROM slipped WHERE slip = ?1", [slip.0], |row| row.get(0));
    Ok(why.optional()?.flatten())
}

/// The post of the receipt that this entry is: its exact text, and the size of the head that it shows.
pub(in crate::store) fn post_of(db: &Connection, index: u64) -> Result<Option<(PublicPost, String, u64)>, Error> {
    let mut query = db.prepare_cached(
        "SELECT post, text, size FROM intent JOIN result ON result.intent = intent.id
         WHERE kind = 'receipt' AND size = ?1",
    )?;
    let post = query.query_row([index + 1], |row| Ok((super::public_post(row, 0)?, row.get(1)?, row.get(2)?)));
    Ok(post.optional()?)
}
