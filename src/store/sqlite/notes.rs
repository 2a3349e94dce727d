//! Notes.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Db, Sqlite, log, rows};
use crate::base::hash::Hash;
use crate::base::ids::{MessageId, PublicPost};
use crate::note::standing::{LogStanding, Standing};
use crate::store::Error;
use crate::store::notes::{ProofRow, ReadNotes};
use crate::tlog::entry::{Entry, Level};

/// The columns of [`standing`].
const STANDING: &str = "SELECT n, line, commitment, outcome.channel, outcome.id,
    (SELECT min(level) FROM disclosed_file WHERE note = n),
    (SELECT count(*) FROM dispute WHERE note = n)
    FROM note JOIN entry USING (idx)
    LEFT JOIN outcome ON outcome.id IS NOT NULL AND outcome.effect =
        (SELECT effect FROM post WHERE n BETWEEN first AND last ORDER BY last LIMIT 1)";

#[async_trait]
impl ReadNotes for Sqlite {
    async fn last_note(&self) -> Result<u64, Error> {
        self.run(|db| last_note(&db.conn)).await
    }

    async fn notes(&self, from: u64, count: u64) -> Result<Vec<Standing>, Error> {
        self.run(move |db| {
            let mut query = db.conn.prepare_cached(&format!("{STANDING} WHERE n >= ?1 ORDER BY n LIMIT ?2"))?;
            let notes = query.query_map(params![from, count], standing)?;
            notes.map(|note| note?.ok_or_else(damaged)).collect()
        })
        .await
    }

    async fn standing(&self, note: u64) -> Result<Option<Standing>, Error> {
        self.run(move |db| standing_where(&db.conn, "n = ?1", note)).await
    }

    async fn log_standing(&self) -> Result<LogStanding, Error> {
        self.run(|db| log_standing(db)).await
    }

    async fn note_by_commitment(&self, commitment: Hash) -> Result<Option<u64>, Error> {
        const NOTE: &str = "SELECT n FROM note WHERE commitment = ?1";
        self.run(move |db| Ok(db.conn.query_row(NOTE, [commitment.as_bytes()], |row| row.get(0)).optional()?)).await
    }

    async fn note_by_message(&self, message: MessageId) -> Result<Option<Standing>, Error> {
        self.run(move |db| standing_where(&db.conn, "message = ?1", message.0)).await
    }

    async fn opening(&self, note: u64) -> Result<Option<Vec<u8>>, Error> {
        self.run(move |db| opening(&db.conn, note)).await
    }

    async fn proof(&self, note: u64) -> Result<Option<ProofRow>, Error> {
        self.run(move |db| {
            let Some((index, _)) = entry_of(&db.conn, note)? else { return Ok(None) };
            let row = proof_row(db, &format!("note {note}"), index, post_of(&db.conn, note)?)?;
            Ok(Some(ProofRow { opening: opening(&db.conn, note)?, ..row }))
        })
        .await
    }

    async fn disclosed_files(&self, note: u64) -> Result<Vec<(String, u64)>, Error> {
        const FILES: &str =
            "SELECT name, length(bytes) FROM disclosed_file WHERE note = ?1 AND level = ?2 ORDER BY name";
        self.run(move |db| {
            let Some(level) = open_level(&db.conn, note)? else { return Ok(Vec::new()) };
            let mut query = db.conn.prepare_cached(FILES)?;
            let files = query.query_map(params![note, level.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(files.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn disclosed_file(&self, note: u64, name: &str) -> Result<Option<Vec<u8>>, Error> {
        const FILE: &str = "SELECT bytes FROM disclosed_file WHERE note = ?1 AND name = ?2 ORDER BY level LIMIT 1";
        let name = name.to_owned();
        self.run(move |db| {
            let mut query = db.conn.prepare_cached(FILE)?;
            Ok(query.query_row(params![note, name], |row| row.get(0)).optional()?)
        })
        .await
    }
}

fn standing_where(conn: &Connection, condition: &str, value: u64) -> Result<Option<Standing>, Error> {
    let mut query = conn.prepare_cached(&format!("{STANDING} WHERE {condition}"))?;
    query.query_row([value], standing).optional()?.map(|standing| standing.ok_or_else(damaged)).transpose()
}

fn damaged() -> Error {
    Error::Damaged("the entry of a note is no note's".into())
}

/// How the note of a row stands; None if its entry is not a note's.
fn standing(row: &Row<'_>) -> rusqlite::Result<Option<Standing>> {
    let line: String = row.get(1)?;
    let Some(sealed) = Entry::parse(line.as_bytes()).ok().and_then(|entry| entry.time()) else { return Ok(None) };
    Ok(Some(Standing {
        note: row.get(0)?,
        commitment: rows::hash(row, 2)?,
        sealed,
        post: rows::public_post(row, 3)?,
        open: row.get::<_, Option<String>>(5)?.and_then(|level| Level::parse(&level)),
        disputes: row.get(6)?,
    }))
}

fn log_standing(db: &Db) -> Result<LogStanding, Error> {
    let count = |sql: &str| db.conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, u64>(0));
    let (posted, last) = posted(&db.conn)?;
    let head = match last.map(|last| entry_of(&db.conn, last)).transpose()?.flatten() {
        Some((index, _)) => db.with_tree(index + 1, |tree| Some((index + 1, tree.root_at(index + 1)?)))?,
        None => None,
    };
    Ok(LogStanding {
        notes: last_note(&db.conn)?,
        posted,
        opened: count("SELECT count(DISTINCT note) FROM disclosed_file")?,
        disputed: count("SELECT count(DISTINCT note) FROM dispute")?,
        head,
    })
}

pub(super) fn last_note(conn: &Connection) -> Result<u64, Error> {
    Ok(conn.prepare_cached("SELECT coalesce(max(n), 0) FROM note")?.query_row([], |row| row.get(0))?)
}

/// The index of the entry of a note, and its commitment.
pub(super) fn entry_of(conn: &Connection, note: u64) -> Result<Option<(u64, Hash)>, Error> {
    let mut query = conn.prepare_cached("SELECT idx, commitment FROM note WHERE n = ?1")?;
    Ok(query.query_row([note], |row| Ok((row.get(0)?, rows::hash(row, 1)?))).optional()?)
}

/// The post that shows a note, its exact text, and the size of the head that it shows.
pub(super) fn post_of(conn: &Connection, note: u64) -> Result<Option<(PublicPost, String, u64)>, Error> {
    let mut query = conn.prepare_cached(
        "SELECT outcome.channel, id, text, size FROM post JOIN outcome USING (effect)
         WHERE ?1 BETWEEN first AND last AND id IS NOT NULL ORDER BY last LIMIT 1",
    )?;
    Ok(query.query_row([note], |row| Ok((rows::some_post(row, 0)?, row.get(2)?, row.get(3)?))).optional()?)
}

/// Number of notes that are posted, and the last of them.
pub(super) fn posted(conn: &Connection) -> Result<(u64, Option<u64>), Error> {
    let mut query = conn.prepare_cached(
        "SELECT coalesce(sum(last - first + 1), 0), max(last) FROM post JOIN outcome USING (effect)
         WHERE id IS NOT NULL",
    )?;
    Ok(query.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// The most that is open of a note in public.
pub(super) fn open_level(conn: &Connection, note: u64) -> Result<Option<Level>, Error> {
    let mut query =
        conn.prepare_cached("SELECT DISTINCT level FROM disclosed_file WHERE note = ?1 ORDER BY level LIMIT 1")?;
    Ok(query.query_row([note], |row| rows::level(row, "level")).optional()?)
}

fn opening(conn: &Connection, note: u64) -> Result<Option<Vec<u8>>, Error> {
    Ok(conn.query_row("SELECT sealed FROM opening WHERE n = ?1", [note], |row| row.get(0)).optional()?)
}

/// What shows that an entry is in the log, under the head of its post if there is one.
pub(super) fn proof_row(
    db: &Db,
    entry: &str,
    index: u64,
    post: Option<(PublicPost, String, u64)>,
) -> Result<ProofRow, Error> {
    let size = match &post {
        Some((_, _, size)) => *size,
        None => head_over(&db.conn, index)?.ok_or_else(|| {
            Error::Refused(format!("no head covers {entry} yet\nstart the daemon once: it signs one at once"))
        })?,
    };
    let missing = || Error::Damaged(format!("the head of size {size} or an entry before it is missing"));
    Ok(ProofRow {
        index,
        entry: log::entries(&db.conn, index, 1)?.pop().ok_or_else(missing)?,
        size,
        checkpoint: log::checkpoint(&db.conn, size)?.ok_or_else(missing)?,
        path: db.with_tree(size, |tree| tree.inclusion(index, size))?.ok_or_else(missing)?,
        post: post.map(|(post, text, _)| (post, text)),
        opening: None,
    })
}

fn head_over(conn: &Connection, index: u64) -> Result<Option<u64>, Error> {
    Ok(conn.query_row("SELECT min(size) FROM head WHERE size > ?1", [index], |row| row.get(0))?)
}
