//! The statements that read what a proof is made of.

use rusqlite::{Connection, OptionalExtension};

use crate::base::hash::Hash;
use crate::base::ids::PublicPost;
use crate::store::{Error, ProofRow};

/// What a proof of note `n` is made of; `inclusion` proves an index under a size.
pub(in crate::store) fn proof(
    conn: &Connection,
    n: u64,
    inclusion: impl FnOnce(u64, u64) -> Result<Option<Vec<Hash>>, Error>,
) -> Result<Option<ProofRow>, Error> {
    let Some((index, _)) = super::note(conn, n)? else { return Ok(None) };
    let row = row(conn, &format!("note {n}"), index, super::post_of(conn, n)?, inclusion)?;
    Ok(Some(ProofRow { opening: opening(conn, n)?, ..row }))
}

/// What shows that an entry is in the log, under the head of its post if there is one.
pub(in crate::store) fn row(
    conn: &Connection,
    entry: &str,
    index: u64,
    post: Option<(PublicPost, String, u64)>,
    inclusion: impl FnOnce(u64, u64) -> Result<Option<Vec<Hash>>, Error>,
) -> Result<ProofRow, Error> {
    let size = match &post {
        Some((_, _, size)) => *size,
        None => head_over(conn, index)?.ok_or_else(|| {
            Error::Refused(format!("no head covers {entry} yet\nstart the daemon once: it signs one at once"))
        })?,
    };
    let missing = || Error::Damaged(format!("the head of size {size} or an entry before it is missing"));
    Ok(ProofRow {
        index,
        entry: super::entries(conn, index, 1)?.pop().ok_or_else(missing)?,
        size,
        checkpoint: super::checkpoint(conn, size)?.ok_or_else(missing)?,
        path: inclusion(index, size)?.ok_or_else(missing)?,
        post: post.map(|(id, text, _)| (id, text)),
        opening: None,
    })
}

fn head_over(conn: &Connection, index: u64) -> Result<Option<u64>, Error> {
    Ok(conn.query_row("SELECT min(size) FROM head WHERE size > ?1", [index], |row| row.get(0))?)
}

pub(in crate::store) fn opening(conn: &Connection, n: u64) -> Result<Option<Vec<u8>>, Error> {
    let opening = conn.query_row("SELECT sealed FROM opening WHERE n = ?1", [n], |row| row.get(0));
    Ok(opening.optional()?)
}
