//! What tasks report.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Db, Sqlite, beat, file, log, notes, rows, unsent};
use crate::base::hash::Hash;
use crate::base::time::Time;
use crate::store::tasks::{Beat, ReadTasks, Status, TaskReport, WriteTasks};
use crate::store::{Durability, Error};

#[async_trait]
impl ReadTasks for Sqlite {
    async fn status(&self) -> Result<Status, Error> {
        self.run(|db| {
            let status = status(&db.conn)?;
            Ok(match beat::last(&db.path) {
                Some(beat) => with_untold(status, beat),
                None => status,
            })
        })
        .await
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

    async fn last_beat(&self) -> Result<Option<Beat>, Error> {
        self.run(|db| Ok(beat::last(&db.path))).await
    }
}

#[async_trait]
impl WriteTasks for Sqlite {
    async fn report(&self, name: &'static str, trouble: Option<String>, now: Time) -> Result<(), Error> {
        let done = trouble.is_none().then_some(now.ms());
        self.report_or_keep(name, done, trouble).await
    }

    async fn beat(&self, now: Time) -> Result<(), Error> {
        self.beats.beat(now)
    }

    async fn report_done(&self, name: &'static str, trouble: Option<String>, now: Time) -> Result<(), Error> {
        self.report_or_keep(name, Some(now.ms()), trouble).await
    }
}

impl Sqlite {
    /// Writes a report, or keeps it for the next beat.
    async fn report_or_keep(
        &self,
        name: &'static str,
        done: Option<i64>,
        trouble: Option<String>,
    ) -> Result<(), Error> {
        let told = trouble.clone();
        match self.run(move |db| report_lightly(db, name, done, told.as_deref())).await {
            Ok(()) => self.beats.keep(name, None),
            Err(error @ (Error::Full | Error::Disk(_) | Error::Held(_) | Error::Gone(_) | Error::Database(_))) => {
                self.beats.keep(name, Some(trouble.unwrap_or_else(|| error.to_string())));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Writes a report without waiting for the disk.
fn report_lightly(db: &mut Db, name: &str, done: Option<i64>, trouble: Option<&str>) -> Result<(), Error> {
    db.sweep()?;
    if db.writer()?.durability == Durability::Process {
        return write(&db.conn, name, done, trouble);
    }
    db.conn.pragma_update(None, "synchronous", "NORMAL")?;
    let written = write(&db.conn, name, done, trouble);
    db.conn.pragma_update(None, "synchronous", "FULL")?;
    written
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
        refused: unsent::count(conn, "kind = 'answer'")?,
        lost: count("SELECT count(*) FROM standing_post WHERE lost IS NOT NULL")?,
        dropped: unsent::count(conn, "kind IN ('dm', 'slip')")?,
        loops: reports(conn)?,
    })
}

/// The same with the problems that could not be written into the database.
fn with_untold(mut status: Status, beat: Beat) -> Status {
    for (name, trouble) in beat.untold {
        match status.loops.iter_mut().find(|one| one.name == name) {
            Some(one) => one.trouble = Some(trouble),
            None => status.loops.push(TaskReport { name, done: None, trouble: Some(trouble) }),
        }
    }
    status
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
