//! What tasks report.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Sqlite, file, log, notes, rows};
use crate::base::hash::Hash;
use crate::base::time::Time;
use crate::store::tasks::{ReadTasks, Status, TaskReport, WriteTasks};
use crate::store::{Durability, Error};

#[async_trait]
impl ReadTasks for Sqlite {
    async fn status(&self) -> Result<Status, Error> {
        self.run(|db| status(&db.conn)).await
    }

    async fn task_reports(&self) -> Result<Vec<TaskReport>, Error> {
        self.run(|db| reports(&db.conn)).await
    }

    async fn task_done(&self, name: &str) -> Result<Option<Time>, Error> {
        let name = name.to_owned();
        self.run(move |db| {
            let done = "SELECT done FROM task_report WHERE name = ?1";
            let done: Option<Option<i64>> = db.conn.query_row(done, [name], |row| row.get(0)).optional()?;
            Ok(done.flatten().map(Time::from_ms))
        })
        .await
    }

    async fn is_served(&self) -> Result<bool, Error> {
        self.run(|db| file::is_locked(&db.path)).await
    }
}

#[async_trait]
impl WriteTasks for Sqlite {
    async fn report(&self, name: &'static str, trouble: Option<String>, now: Time) -> Result<(), Error> {
        self.run(move |db| {
            db.sweep()?;
            let done = trouble.is_none().then_some(now.ms());
            if db.writer()?.durability == Durability::Process {
                return write(&db.conn, name, done, trouble.as_deref());
            }
            db.conn.pragma_update(None, "synchronous", "NORMAL")?;
            let written = write(&db.conn, name, done, trouble.as_deref());
            db.conn.pragma_update(None, "synchronous", "FULL")?;
            written
        })
        .await
    }
}

fn write(conn: &Connection, name: &str, done: Option<i64>, trouble: Option<&str>) -> Result<(), Error> {
    let mut report = conn.prepare_cached(
        "INSERT INTO task_report VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET done = coalesce(excluded.done, done), trouble = excluded.trouble",
    )?;
    report.execute(params![name, done, trouble])?;
    Ok(())
}

fn status(conn: &Connection) -> Result<Status, Error> {
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get(0));
    let (log, vkey) =
        conn.query_row("SELECT origin, vkey FROM log", [], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let notes = notes::last_note(conn)?;
    Ok(Status {
        log,
        vkey,
        entries: log::size(conn)?,
        head: newest_head(conn)?,
        notes,
        // The daemon may have sealed and posted since the line above.
        unposted: notes.saturating_sub(notes::posted(conn)?.0),
        mentions: count("SELECT count(*) FROM mention")?,
        over: count("SELECT count(*) FROM mention WHERE what IN ('over', 'entered')")?,
        refused: count(&given_up("kind = 'answer'"))?,
        dropped: count(&given_up("kind IN ('dm', 'slip')"))?,
        loops: reports(conn)?,
    })
}

/// Counts the effects of some kinds that will never be done.
fn given_up(kinds: &str) -> String {
    format!("SELECT count(*) FROM outcome JOIN effect ON effect.id = outcome.effect WHERE why IS NOT NULL AND {kinds}")
}

fn newest_head(conn: &Connection) -> Result<Option<String>, Error> {
    let head = conn.query_row("SELECT size, root FROM head ORDER BY size DESC LIMIT 1", [], |row| {
        let (size, root): (u64, Hash) = (row.get(0)?, rows::hash(row, 1)?);
        Ok(format!("{size} {}", root.to_base64()))
    });
    Ok(head.optional()?)
}

fn reports(conn: &Connection) -> Result<Vec<TaskReport>, Error> {
    let mut query = conn.prepare("SELECT name, done, trouble FROM task_report ORDER BY name")?;
    Ok(query.query_map([], report)?.collect::<Result<_, _>>()?)
}

fn report(row: &Row<'_>) -> rusqlite::Result<TaskReport> {
    let done = row.get::<_, Option<i64>>(1)?.map(|ms| Time::from_ms(ms).to_string());
    Ok(TaskReport { name: row.get(0)?, done, trouble: row.get(2)? })
}
