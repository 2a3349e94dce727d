//! What the writer does about posts: each method is one transaction.

use rusqlite::{OptionalExtension, params};

use super::{Db, keep_head};
use crate::base::ids::{Channel, PostId};
use crate::base::time::Time;
use crate::store::{Error, Intent, Received, Subject, rows};
use crate::tlog::entry::Entry;
use crate::wording::post::PostText;

impl Db {
    pub(in crate::store) fn open_intent(&self, held: &[u64]) -> Result<Option<Intent>, Error> {
        rows::open_intent(&self.conn, held)
    }

    pub(in crate::store) fn unposted(&self) -> Result<Option<(u64, u64)>, Error> {
        rows::unposted(&self.conn)
    }

    pub(in crate::store) fn has_heartbeat(&self, date: &str) -> Result<bool, Error> {
        rows::has_heartbeat(&self.conn, date)
    }

    pub(in crate::store) fn newest_post(&self) -> Result<Option<PostId>, Error> {
        rows::newest_post(&self.conn)
    }

    pub(in crate::store) fn intend(&mut self, subject: &Subject, now: Time) -> Result<Intent, Error> {
        // The text of a post is a function of the log and of nothing else.
        let (kind, run, date, text) = match subject {
            Subject::Notes { first, last } => ("notes", Some((*first, *last)), None, self.notes_text(*first, *last)?),
            Subject::Heartbeat { date } => ("heartbeat", None, Some(date), self.heartbeat_text(date)?),
            Subject::Receipt { index } => ("receipt", None, None, self.receipt_text(*index)?),
            Subject::Part { .. } | Subject::Answer { .. } => {
                let what = "a post that carries no head is decided upon together with its trigger";
                return Err(Error::Refused(what.into()));
            }
        };
        let ((first, last), (size, _)) = (run.unzip(), text.head());
        let tx = self.conn.transaction()?;
        keep_head(&tx, &self.tree, &self.key, size)?;
        tx.execute(
            "INSERT INTO intent (kind, first, last, date, size, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![kind, first, last, date, size, text.to_text()],
        )?;
        let id = tx.last_insert_rowid();
        tx.execute("INSERT INTO attempt (intent, at) VALUES (?1, ?2)", params![id, now.ms()])?;
        let intent = rows::intent_of(&tx, id)?;
        tx.commit()?;
        Ok(intent)
    }

    fn notes_text(&self, first: u64, last: u64) -> Result<PostText, Error> {
        let next = rows::last_intended(&self.conn)? + 1;
        let refused = || Error::Refused(format!("a post about notes {first}-{last}: the next to be posted is {next}"));
        if first != next || last < first {
            return Err(refused());
        }
        let (index, commitment) = rows::note(&self.conn, last)?.ok_or_else(refused)?;
        let size = index + 1;
        let root = self.tree.root_at(size).ok_or_else(refused)?;
        Ok(if first == last {
            PostText::Note { note: first, commitment, size, root }
        } else {
            PostText::Run { first, last, size, root }
        })
    }

    fn receipt_text(&self, index: u64) -> Result<PostText, Error> {
        let refused = || Error::Refused(format!("a post about entry {index}: it is no receipt"));
        let Received { note, commitment, .. } = rows::receipts::receipt_at(&self.conn, index)?.ok_or_else(refused)?;
        let size = index + 1;
        let root = self.tree.root_at(size).ok_or_else(refused)?;
        Ok(PostText::Receipt { note, commitment, size, root })
    }

    fn heartbeat_text(&self, date: &str) -> Result<PostText, Error> {
        let like = format!("note {date}T%");
        let count = self.conn.query_row("SELECT count(*) FROM entry WHERE line LIKE ?1", [like], |row| row.get(0))?;
        Ok(PostText::Heartbeat { count, date: date.to_owned(), size: self.tree.len(), root: self.tree.root() })
    }

    pub(in crate::store) fn attempt(&mut self, intent: u64, now: Time) -> Result<(), Error> {
        self.conn.execute("INSERT INTO attempt (intent, at) VALUES (?1, ?2)", params![intent, now.ms()])?;
        Ok(())
    }

    pub(in crate::store) fn failed(&mut self, intent: u64) -> Result<(), Error> {
        self.conn.execute(
            "UPDATE attempt SET failed = 1 WHERE id = (SELECT max(id) FROM attempt WHERE intent = ?1)",
            [intent],
        )?;
        Ok(())
    }

    pub(in crate::store) fn posted(&mut self, intent: u64, post: PostId, now: Time) -> Result<(), Error> {
        self.append(|tx, appended| {
            let known = tx.query_row("SELECT 1 FROM result WHERE intent = ?1", [intent], |_| Ok(())).optional()?;
            if known.is_some() {
                return Ok(());
            }
            tx.execute("INSERT INTO result VALUES (?1, ?2, ?3)", params![intent, post.0, now.ms()])?;
            let run = tx.query_row("SELECT first, last FROM intent WHERE id = ?1", [intent], |row| {
                Ok(row.get::<_, Option<u64>>(0)?.zip(row.get::<_, Option<u64>>(1)?))
            })?;
            let Some((first, last)) = run else { return Ok(()) };
            appended.push(tx, &Entry::Post { time: now, first, last, post: Channel::X.post(post) })
        })
    }
}
