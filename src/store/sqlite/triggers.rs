//! Triggers, and what follows from them.

use async_trait::async_trait;
use rusqlite::{Transaction, params};

use super::{Appended, Sqlite, mentions, messages, notes, posts, requests};
use crate::base::ids::{Channel, PostId};
use crate::base::time::Time;
use crate::note::request::RequestState;
use crate::store::Error;
use crate::store::triggers::{Effects, Opened, Trigger, WriteTriggers};
use crate::tlog::entry::{Entry, Level};

#[async_trait]
impl WriteTriggers for Sqlite {
    async fn apply(&self, trigger: Trigger, effects: Effects, now: Time) -> Result<bool, Error> {
        self.run(move |db| {
            let is_new = db.append(|tx, appended| {
                let is_new = mark(tx, &trigger, now)?;
                if is_new {
                    follow(tx, appended, &effects, now)?;
                }
                Ok(is_new)
            })?;
            if is_new {
                db.wake();
            }
            if matches!(trigger, Trigger::Lapse(_) | Trigger::Refuse(..)) {
                db.writer()?.is_to_be_swept = true;
                db.sweep()?;
            }
            Ok(is_new)
        })
        .await
    }
}

/// Marks that a trigger has been dealt with. Returns false if it was marked before.
fn mark(tx: &Transaction<'_>, trigger: &Trigger, now: Time) -> Result<bool, Error> {
    match trigger {
        Trigger::Mention(mention) => mentions::mark(tx, mention, now),
        Trigger::Command(message) => {
            Ok(0 < tx.execute("UPDATE command SET done = 1 WHERE message = ?1 AND done = 0", [message.0])?)
        }
        Trigger::Request(request) => requests::end(tx, *request, RequestState::Done, None, now),
        Trigger::Lapse(request) => requests::end(tx, *request, RequestState::Lapsed, None, now),
        Trigger::Refuse(request, why) => requests::end(tx, *request, RequestState::Refused, Some(why), now),
    }
}

fn follow(tx: &Transaction<'_>, appended: &mut Appended, effects: &Effects, now: Time) -> Result<(), Error> {
    effects.disputes.iter().try_for_each(|(note, post)| dispute(tx, appended, *note, *post, now))?;
    effects.open.iter().try_for_each(|opened| open(tx, appended, opened, now))?;
    effects.answers.iter().try_for_each(|made| posts::add_answer(tx, made, now))?;
    effects.messages.iter().try_for_each(|message| messages::add(tx, message, now).map(drop))?;
    effects.requests.iter().try_for_each(|request| requests::ask(tx, request, now).map(drop))?;
    effects.approvals.iter().try_for_each(|(request, by)| requests::approve(tx, *request, by, now))?;
    effects.code.iter().try_for_each(|change| requests::change_code(tx, change))
}

fn dispute(tx: &Transaction<'_>, appended: &mut Appended, note: u64, post: PostId, now: Time) -> Result<(), Error> {
    if notes::entry_of(tx, note)?.is_none() {
        return Err(Error::Refused(format!("a dispute of note {note}: there is none")));
    }
    if !mentions::add_dispute(tx, note, post)? {
        return Ok(());
    }
    appended.push(tx, &Entry::Dispute { time: now, note, post: Channel::X.post(post) })
}

/// Enters that a note is opened, keeps its files for the site, and decides upon the posts of its thread.
fn open(tx: &Transaction<'_>, appended: &mut Appended, opened: &Opened, now: Time) -> Result<(), Error> {
    let Opened { note, level, sha256, .. } = *opened;
    if let Some(open) = notes::open_level(tx, note)?
        && (open == level || open == Level::Content)
    {
        return Err(Error::Refused(format!("to open the {level} of note {note}: the {open} is open already")));
    }
    let Some((post, ..)) = notes::post_of(tx, note)? else {
        return Err(Error::Refused(format!("to open note {note}: it is not posted")));
    };
    appended.push(tx, &Entry::Open { time: now, note, level, sha256 })?;
    for (name, bytes) in &opened.files {
        let insert = "INSERT INTO disclosed_file VALUES (?1, ?2, ?3, ?4)";
        tx.execute(insert, params![note, level.as_str(), name, bytes])?;
    }
    posts::add_thread(tx, opened, post, now)
}
