//! The log: entries, roots, heads.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Sqlite, Writer, keep_head};
use crate::base::hash::Hash;
use crate::store::Error;
use crate::store::log::{ReadLog, WriteLog};

#[async_trait]
impl ReadLog for Sqlite {
    async fn vkey(&self) -> Result<String, Error> {
        self.run(|db| Ok(db.conn.query_row("SELECT vkey FROM log", [], |row| row.get(0))?)).await
    }

    async fn size(&self) -> Result<u64, Error> {
        self.run(|db| db.writer.as_ref().map_or_else(|| size(&db.conn), |writer| Ok(writer.tree.len()))).await
    }

    async fn entries(&self, from: u64, count: u64) -> Result<Vec<String>, Error> {
        self.run(move |db| entries(&db.conn, from, count)).await
    }

    async fn root_at(&self, size: u64) -> Result<Option<Hash>, Error> {
        self.run(move |db| db.with_tree(size, |tree| tree.root_at(size))).await
    }

    async fn newest_checkpoint(&self) -> Result<Option<String>, Error> {
        const NEWEST: &str = "SELECT checkpoint FROM head ORDER BY size DESC LIMIT 1";
        self.run(|db| Ok(db.conn.query_row(NEWEST, [], |row| row.get(0)).optional()?)).await
    }
}

#[async_trait]
impl WriteLog for Sqlite {
    async fn checkpoint(&self, size: u64) -> Result<String, Error> {
        self.run(move |db| {
            if let Some(checkpoint) = checkpoint(&db.conn, size)? {
                return Ok(checkpoint);
            }
            db.writer()?;
            let tx = db.conn.transaction()?;
            let Some(Writer { tree, key, .. }) = &db.writer else { return Err(Error::Refused("no writer".into())) };
            let checkpoint = keep_head(&tx, tree, key, size)?;
            tx.commit()?;
            Ok(checkpoint)
        })
        .await
    }
}

pub(super) fn entries(conn: &Connection, from: u64, count: u64) -> Result<Vec<String>, Error> {
    let mut query = conn.prepare_cached("SELECT line FROM entry WHERE idx >= ?1 ORDER BY idx LIMIT ?2")?;
    let lines = query.query_map(params![from, count], |row| row.get(0))?;
    Ok(lines.collect::<Result<_, _>>()?)
}

pub(super) fn size(conn: &Connection) -> Result<u64, Error> {
    Ok(conn.query_row("SELECT coalesce(max(idx) + 1, 0) FROM entry", [], |row| row.get(0))?)
}

pub(super) fn checkpoint(conn: &Connection, size: u64) -> Result<Option<String>, Error> {
    let mut query = conn.prepare_cached("SELECT checkpoint FROM head WHERE size = ?1")?;
    Ok(query.query_row([size], |row| row.get(0)).optional()?)
}
