//! Stored openings, looked at again.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, Row, params};

use super::{Sqlite, rows};
use crate::base::hash::Hash;
use crate::store::Error;
use crate::store::openings::{KeptOpening, ReadOpenings, WriteOpenings};

#[async_trait]
impl ReadOpenings for Sqlite {
    async fn kept_opening(&self, note: u64) -> Result<Option<KeptOpening>, Error> {
        const KEPT: &str = "SELECT note.commitment, opening.sealed, opening_sum.sha256
            FROM note LEFT JOIN opening USING (n) LEFT JOIN opening_sum USING (n) WHERE note.n = ?1";
        let kept = |row: &Row<'_>| {
            let sum: Option<[u8; 32]> = row.get(2)?;
            Ok(KeptOpening { commitment: rows::hash(row, 0)?, sealed: row.get(1)?, sum: sum.map(Hash::from_bytes) })
        };
        self.run(move |db| Ok(db.conn.prepare_cached(KEPT)?.query_row([note], kept).optional()?)).await
    }
}

#[async_trait]
impl WriteOpenings for Sqlite {
    async fn keep_opening_sum(&self, note: u64, sum: Option<Hash>) -> Result<(), Error> {
        const KEEP: &str = "INSERT INTO opening_sum VALUES (?1, ?2)
            ON CONFLICT DO UPDATE SET sha256 = excluded.sha256";
        self.run(move |db| {
            match sum {
                Some(sum) => db.conn.execute(KEEP, params![note, sum.as_bytes()])?,
                None => db.conn.execute("DELETE FROM opening_sum WHERE n = ?1", [note])?,
            };
            Ok(())
        })
        .await
    }
}
