//! What is to be posted: the types, and the part of the store's face that is about them.

use super::{Error, Store};
use crate::base::ids::PostId;
use crate::base::time::Time;
use crate::tlog::entry::Level;

/// What is to be posted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The commitments of these notes.
    Notes {
        /// The first of the run.
        first: u64,
        /// The last of the run; the same for a single note.
        last: u64,
    },
    /// How many notes were sealed on this date in UTC, `2018-03-09`.
    Heartbeat {
        /// The date.
        date: String,
    },
    /// A receipt for a note of another log.
    Receipt {
        /// The index of its entry.
        index: u64,
    },
    /// A part of the mirror of an opened note.
    Part {
        /// The note.
        note: u64,
        /// What of it is opened.
        level: Level,
        /// Which part, counted from 1.
        place: u64,
        /// Of how many.
        count: u64,
    },
    /// A public answer.
    Answer {
        /// The mention for which it was made, if it was made for one.
        mention: Option<PostId>,
        /// The note that it is about, if it is about one.
        note: Option<u64>,
        /// Whether it is posted without answering if the platform refuses the reply.
        standalone: bool,
    },
}

/// A post that was decided upon, and what has been tried so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Intent {
    /// Its number in the store.
    pub id: u64,
    /// What it is about.
    pub subject: Subject,
    /// Its exact text.
    pub text: String,
    /// The post that it answers: for a part of a mirror, that of the one before it. Nothing once the platform has refused
    /// the reply.
    pub answers: Option<PostId>,
    /// The names of the published files of its note that go along.
    pub files: Vec<String>,
    /// When it was tried first and last; nothing if it never was.
    pub attempts: Option<Attempts>,
}

/// The attempts at one post.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempts {
    /// When the first began.
    pub first: Time,
    /// When the last began.
    pub last: Time,
    /// Whether all of them surely failed. If not, the post may be there.
    pub all_failed: bool,
}

impl Store {
    /// The post that was decided upon and is next, without those in `held`: one whose outcome nobody knows, or else notes,
    /// parts of a mirror in their order, answers, a heartbeat.
    ///
    /// # Errors
    /// Of the database.
    pub async fn open_intent(&self, held: Vec<u64>) -> Result<Option<Intent>, Error> {
        self.run(move |db| db.open_intent(&held)).await
    }

    /// The first and the last of the sealed notes for which no post has been decided upon.
    ///
    /// # Errors
    /// Of the database.
    pub async fn unposted(&self) -> Result<Option<(u64, u64)>, Error> {
        self.run(|db| db.unposted()).await
    }

    /// Whether a heartbeat of this date has been decided upon.
    ///
    /// # Errors
    /// Of the database.
    pub async fn has_heartbeat(&self, date: String) -> Result<bool, Error> {
        self.run(move |db| db.has_heartbeat(&date)).await
    }

    /// Decides upon a post, signs and keeps the head that it will show, and notes its first attempt at `now`.
    ///
    /// # Errors
    /// [`Error::Refused`] if notes are left out, or one is posted already; if it is about neither notes nor a heartbeat.
    pub async fn intend(&self, subject: Subject, now: Time) -> Result<Intent, Error> {
        self.run(move |db| db.intend(&subject, now)).await
    }

    /// Notes another attempt, before it is made.
    ///
    /// # Errors
    /// Of the database.
    pub async fn attempt(&self, intent: u64, now: Time) -> Result<(), Error> {
        self.run(move |db| db.attempt(intent, now)).await
    }

    /// Notes that the last attempt surely failed.
    ///
    /// # Errors
    /// Of the database.
    pub async fn failed(&self, intent: u64) -> Result<(), Error> {
        self.run(move |db| db.failed(intent)).await
    }

    /// Notes where it was posted, and enters it in the log. Doing it twice changes nothing.
    ///
    /// # Errors
    /// Of the database.
    pub async fn posted(&self, intent: u64, post: PostId, now: Time) -> Result<(), Error> {
        self.run(move |db| db.posted(intent, post, now)).await
    }

    /// The newest post whose result is known.
    ///
    /// # Errors
    /// Of the database.
    pub async fn newest_post(&self) -> Result<Option<PostId>, Error> {
        self.run(|db| db.newest_post()).await
    }
}
