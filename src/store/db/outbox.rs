//! What the writer does about disputes: each method is one transaction.

use rusqlite::{Connection, Transaction, params};

use super::{Appended, Db, heard};
use crate::base::hash::Hash;
use crate::base::ids::{Channel, MessageId, PostId};
use crate::base::time::Time;
use crate::note::request::RequestState;
use crate::note::standing::Standing;
use crate::platform::Addressee;
use crate::store::{
    Answer, Ask, Command, Effects, Error, MessageBody, NewRequest, Opened, Outgoing, PendingMessage, ProofRow, Request,
    Trigger, rows,
};
use crate::tlog::entry::{Entry, Level};

impl Db {
    pub(in crate::store) fn apply(&mut self, trigger: &Trigger, effects: &Effects, now: Time) -> Result<bool, Error> {
        let mut is_new = false;
        self.append(|tx, appended| {
            is_new = mark(tx, trigger, now)?;
            if !is_new {
                return Ok(());
            }
            for (note, post) in &effects.disputes {
                dispute(tx, appended, *note, *post, now)?;
            }
            effects.open.iter().try_for_each(|opened| open(tx, appended, opened, now))?;
            effects.answers.iter().try_for_each(|made| answer(tx, made))?;
            effects.messages.iter().try_for_each(|message| send(tx, message).map(drop))?;
            effects.requests.iter().try_for_each(|request| ask(tx, request, now).map(drop))?;
            effects.approvals.iter().try_for_each(|(request, by)| approve(tx, *request, by, now))?;
            effects.code.iter().try_for_each(|change| heard::change(tx, change))
        })?;
        if is_new {
            self.wake();
        }
        if matches!(trigger, Trigger::Lapse(_) | Trigger::Refuse(..)) {
            self.is_to_be_swept = true;
            self.sweep()?;
        }
        Ok(is_new)
    }

    pub(in crate::store) fn requests(&self, state: RequestState) -> Result<Vec<Request>, Error> {
        rows::outbox::requests(&self.conn, Some(state))
    }

    pub(in crate::store) fn submitted_proof(&self, request: u64) -> Result<Option<Vec<u8>>, Error> {
        rows::outbox::submitted_proof(&self.conn, request)
    }

    pub(in crate::store) fn opening(&self, n: u64) -> Result<Option<Vec<u8>>, Error> {
        rows::proofs::opening(&self.conn, n)
    }

    pub(in crate::store) fn proof(&self, n: u64) -> Result<Option<ProofRow>, Error> {
        rows::proofs::proof(&self.conn, n, |index, size| Ok(self.tree.inclusion(index, size)))
    }

    pub(in crate::store) fn standing(&self, note: u64) -> Result<Option<Standing>, Error> {
        rows::outbox::standing(&self.conn, note)
    }

    pub(in crate::store) fn note_of(&self, commitment: &Hash) -> Result<Option<u64>, Error> {
        rows::outbox::note_of(&self.conn, commitment)
    }

    pub(in crate::store) fn notes_of_post(&self, post: PostId) -> Result<Option<(u64, u64)>, Error> {
        rows::outbox::notes_of_post(&self.conn, post)
    }

    pub(in crate::store) fn unheard(&mut self, posts: &[PostId]) -> Result<Vec<PostId>, Error> {
        let tx = self.conn.transaction()?;
        let mut unheard = Vec::new();
        for &post in posts {
            if !rows::outbox::is_heard(&tx, post)? {
                unheard.push(post);
            }
        }
        Ok(unheard)
    }

    pub(in crate::store) fn commands(&self) -> Result<Vec<Command>, Error> {
        rows::outbox::commands(&self.conn)
    }

    pub(in crate::store) fn send(&mut self, message: &Outgoing) -> Result<bool, Error> {
        let is_new = send(&self.conn, message)?;
        if is_new {
            self.wake();
        }
        Ok(is_new)
    }

    pub(in crate::store) fn pending_message(
        &self,
        held: &[u64],
        urgent: bool,
    ) -> Result<Option<PendingMessage>, Error> {
        rows::outbox::pending_message(&self.conn, held, urgent)
    }

    pub(in crate::store) fn sending(&mut self, message: u64, now: Time) -> Result<(), Error> {
        const SENDING: &str =
            "UPDATE message SET tried = coalesce(tried, ?2), tried_last = ?2, unsure = unsure + 1 WHERE id = ?1";
        self.conn.execute(SENDING, params![message, now.ms()])?;
        Ok(())
    }

    pub(in crate::store) fn not_sent(&mut self, message: u64) -> Result<(), Error> {
        self.conn.execute("UPDATE message SET unsure = max(unsure - 1, 0) WHERE id = ?1", [message])?;
        Ok(())
    }

    pub(in crate::store) fn sent(&mut self, message: u64, outcome: Result<&MessageId, &str>) -> Result<(), Error> {
        let (id, why) = (outcome.ok().map(|id| id.0), outcome.err());
        self.conn.execute("UPDATE message SET sent = ?2, dropped = ?3 WHERE id = ?1", params![message, id, why])?;
        Ok(())
    }

    pub(in crate::store) fn is_sent(&self, message: MessageId) -> Result<bool, Error> {
        const SENT: &str = "SELECT EXISTS (SELECT 1 FROM message WHERE sent = ?1)";
        Ok(self.conn.query_row(SENT, [message.0], |row| row.get(0))?)
    }

    pub(in crate::store) fn is_disputed(&self, note: u64, post: PostId) -> Result<bool, Error> {
        rows::outbox::is_disputed(&self.conn, note, post)
    }

    pub(in crate::store) fn unanswering(&mut self, intent: u64, now: Time) -> Result<(), Error> {
        self.conn
            .execute("INSERT INTO unanswering VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![intent, now.ms()])?;
        Ok(())
    }

    pub(in crate::store) fn dropped(&mut self, intent: u64, why: &str, now: Time) -> Result<(), Error> {
        self.conn.execute(
            "INSERT INTO dropped VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![intent, now.ms(), why],
        )?;
        Ok(())
    }

    pub(in crate::store) fn disclosed_files(&self, note: u64) -> Result<Vec<(String, u64)>, Error> {
        rows::outbox::disclosed_files(&self.conn, note)
    }

    pub(in crate::store) fn disclosed_file(&self, note: u64, name: &str) -> Result<Option<Vec<u8>>, Error> {
        rows::outbox::disclosed_file(&self.conn, note, name)
    }
}

/// Marks that a trigger has been dealt with; false if it had been.
fn mark(tx: &Transaction<'_>, trigger: &Trigger, now: Time) -> Result<bool, Error> {
    match trigger {
        Trigger::Mention(mention) => {
            let insert = "INSERT INTO mention VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
            let values = params![mention.post.0, mention.author.0, now.ms(), mention.what];
            Ok(0 < tx.prepare_cached(insert)?.execute(values)?)
        }
        Trigger::Command(message) => {
            Ok(0 < tx.execute("UPDATE command SET done = 1 WHERE message = ?1 AND done = 0", [message.0])?)
        }
        Trigger::Request(request) => end(tx, *request, RequestState::Done, None, now),
        Trigger::Lapse(request) => end(tx, *request, RequestState::Lapsed, None, now),
        Trigger::Refuse(request, why) => end(tx, *request, RequestState::Refused, Some(why), now),
    }
}

/// Ends a request that is waiting, and what was handed over with it goes; false if it has ended before.
fn end(tx: &Transaction<'_>, request: u64, state: RequestState, why: Option<&str>, now: Time) -> Result<bool, Error> {
    tx.execute("DELETE FROM handed WHERE request = ?1", [request])?;
    let ended = tx.execute(
        "UPDATE request SET state = ?2, ended_at = ?3, why = ?4 WHERE id = ?1 AND state = 'waiting'",
        params![request, state.as_str(), now.ms(), why],
    )?;
    Ok(0 < ended)
}

fn dispute(tx: &Transaction<'_>, appended: &mut Appended, note: u64, post: PostId, now: Time) -> Result<(), Error> {
    if rows::note(tx, note)?.is_none() {
        return Err(Error::Refused(format!("a dispute of note {note}: there is none")));
    }
    let insert = "INSERT INTO dispute VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    if tx.execute(insert, params![note, post.0])? == 0 {
        return Ok(());
    }
    appended.push(tx, &Entry::Dispute { time: now, note, post: Channel::X.post(post) })
}

/// Enters that a note is opened, keeps its files for the site, and decides upon the posts of its mirror.
fn open(tx: &Transaction<'_>, appended: &mut Appended, opened: &Opened, now: Time) -> Result<(), Error> {
    let Opened { note, level, sha256, .. } = *opened;
    if let Some(open) = rows::outbox::open_level(tx, note)?
        && (open == level || open == Level::Content)
    {
        return Err(Error::Refused(format!("to open the {level} of note {note}: the {open} is open already")));
    }
    let Some((post, ..)) = rows::post_of(tx, note)? else {
        return Err(Error::Refused(format!("to open note {note}: it is not posted")));
    };
    appended.push(tx, &Entry::Open { time: now, note, level, sha256 })?;
    for (name, bytes) in &opened.files {
        tx.execute("INSERT INTO release VALUES (?1, ?2, ?3, ?4)", params![note, level.to_string(), name, bytes])?;
    }
    let mut before = None;
    for (place, (text, files)) in (1_u64..).zip(&opened.parts) {
        let answers = before.is_none().then_some(post.id.0);
        tx.execute(
            "INSERT INTO intent (kind, note, level, place, count, answers, before, text)
             VALUES ('part', ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![note, level.to_string(), place, opened.parts.len(), answers, before, text],
        )?;
        let intent = tx.last_insert_rowid();
        for (place, name) in (1_u64..).zip(files) {
            tx.execute("INSERT INTO enclosure VALUES (?1, ?2, ?3)", params![intent, place, name])?;
        }
        before = Some(intent);
    }
    Ok(())
}

fn answer(tx: &Transaction<'_>, made: &Answer) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO intent (kind, note, mention, answers, alone, text) VALUES ('answer', ?1, ?2, ?3, ?4, ?5)",
        params![made.note, made.mention.map(|post| post.0), made.answers.0, made.standalone, made.text],
    )?;
    Ok(())
}

/// Keeps a command of an official until it is dealt with.
pub(super) fn hear(tx: &Transaction<'_>, command: &Command) -> Result<(), Error> {
    let insert = "INSERT INTO command (message, from_account, text) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    tx.execute(insert, params![command.message.0, command.from.0, command.text])?;
    Ok(())
}

pub(super) fn send(conn: &Connection, message: &Outgoing) -> Result<bool, Error> {
    let (account, conversation) = match &message.to {
        Addressee::Account(id) => (Some(id.0), None),
        Addressee::Conversation(id) => (None, Some(id.as_str())),
    };
    let (text, note) = match &message.body {
        MessageBody::Text(text) => (Some(text), None),
        MessageBody::Slip(note) => (None, Some(*note)),
    };
    let insert = "INSERT INTO message (key, account, conversation, text, note) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (key) DO NOTHING";
    Ok(0 < conn.execute(insert, params![message.key, account, conversation, text, note])?)
}

/// Writes a request, and gives its number.
pub(in crate::store) fn ask(conn: &Connection, request: &NewRequest, now: Time) -> Result<u64, Error> {
    let (kind, level, post) = match request.ask {
        Ask::Open { level, .. } => ("open", Some(level.to_string()), None),
        Ask::Dispute { post, .. } => ("dispute", None, Some(post.0)),
    };
    conn.execute(
        "INSERT INTO request (kind, note, level, post, asked_by, asked_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting')",
        params![kind, request.ask.note(), level, post, request.asked_by, now.ms()],
    )?;
    Ok(u64::try_from(conn.last_insert_rowid()).unwrap_or_default())
}

/// Writes an approval. Doing it twice changes nothing.
pub(in crate::store) fn approve(conn: &Connection, request: u64, by: &str, now: Time) -> Result<(), Error> {
    let insert = "INSERT INTO approval VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    conn.execute(insert, params![request, by, now.ms()])?;
    Ok(())
}

#[cfg(test)]
mod tests;
