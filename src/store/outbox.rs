//! What goes out besides commitments, and what is asked for: the types, and the part of the store's face that is about
//! them.

use super::{CodeChange, Error, Store};
use crate::base::hash::Hash;
use crate::base::ids::{AccountId, MessageId, PostId};
use crate::base::time::Time;
use crate::note::request::RequestState;
use crate::note::standing::Standing;
use crate::platform::Addressee;
use crate::tlog::entry::Level;

/// What has come in, or fallen due: it is recorded together with what follows from it, so that it is dealt with once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// A post that mentions us.
    Mention(Mentioned),
    /// A command of an official.
    Command(MessageId),
    /// A request that was waiting is done.
    Request(u64),
    /// A request was waiting too long.
    Lapse(u64),
    /// A request cannot be done, for this reason, which says nothing private.
    Refuse(u64, String),
}

/// A post that mentions us, as it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mentioned {
    /// The post.
    pub post: PostId,
    /// Its author.
    pub author: AccountId,
    /// What was made of it, in a word of ours: for limits and counts.
    pub what: &'static str,
}

/// What follows from a [`Trigger`], all in one transaction.
#[derive(Default)]
pub struct Effects {
    /// Notes that are disputed, and the posts that dispute them. One that is in the log already is not entered again.
    pub disputes: Vec<(u64, PostId)>,
    /// What of a note is opened.
    pub open: Option<Opened>,
    /// Public posts in answer to others.
    pub answers: Vec<Answer>,
    /// Direct messages.
    pub messages: Vec<Outgoing>,
    /// What is asked for.
    pub requests: Vec<NewRequest>,
    /// Requests that somebody approves, and who. Whoever asked cannot.
    pub approvals: Vec<(u64, String)>,
    /// What becomes of the code that an official was given.
    pub code: Option<CodeChange>,
}

/// What of a note is opened in public. By now it is public.
pub struct Opened {
    /// The note.
    pub note: u64,
    /// How much of it.
    pub level: Level,
    /// The SHA-256 of the file that is opened: of the envelope, or of the content.
    pub sha256: Hash,
    /// The files for the site: names and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// The posts of the mirror, in order: text, and the names of the files that go along.
    pub parts: Vec<(String, Vec<String>)>,
}

/// A public post in answer to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Its exact text, which no other post of ours has.
    pub text: String,
    /// The post that it answers.
    pub answers: PostId,
    /// The mention for which it is made: one answer at most each.
    pub mention: Option<PostId>,
    /// The note that it is about.
    pub note: Option<u64>,
    /// Whether it is posted without answering if the platform refuses the reply; otherwise it is dropped then.
    pub standalone: bool,
}

/// A direct message to be sent. Only public standing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// Makes it the only one of its kind: a second message with the same key is not written.
    pub key: String,
    /// To whom.
    pub to: Addressee,
    /// What it says.
    pub body: MessageBody,
}

/// What a direct message says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MessageBody {
    /// This text, which is of public standing.
    Text(String),
    /// The slip of this note: private, and made of its opening when it is sent.
    Slip(u64),
}

/// A direct message that is to be sent, and what has been tried so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingMessage {
    /// Its number in the store.
    pub id: u64,
    /// To whom.
    pub to: Addressee,
    /// What it says.
    pub body: MessageBody,
    /// When it was tried first and last; nothing if it never was.
    pub attempts: Option<super::Attempts>,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// To open this much of a note in public.
    Open {
        /// The note.
        note: u64,
        /// How much.
        level: Level,
    },
    /// To enter that a post disputes a note, and to answer it.
    Dispute {
        /// The note.
        note: u64,
        /// The post.
        post: PostId,
    },
}

impl Ask {
    /// The note that it is about.
    pub fn note(self) -> u64 {
        match self {
            Ask::Open { note, .. } | Ask::Dispute { note, .. } => note,
        }
    }
}

/// A request that is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewRequest {
    /// What for.
    pub ask: Ask,
    /// By whom: an age public key, or the number of an account.
    pub asked_by: String,
}

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Its number.
    pub id: u64,
    /// What for.
    pub ask: Ask,
    /// By whom: an age public key, or the number of an account.
    pub asked_by: String,
    /// When.
    pub asked_at: Time,
    /// Who has approved it, other than who asked, and when: the first one first.
    pub approvals: Vec<(String, Time)>,
    /// Where it stands.
    pub state: RequestState,
    /// Whether an official has handed the proof over.
    pub has_submitted_proof: bool,
    /// Why it could not be done.
    pub why: Option<String>,
}

/// What an official has written to the account, as far as it is a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// The message.
    pub message: MessageId,
    /// Who wrote it.
    pub from: AccountId,
    /// The command; `help` for everything that is none.
    pub text: String,
}

impl Store {
    /// Writes what follows from a trigger, and that the trigger has been dealt with: log entries, posts to be made, messages to
    /// be sent, requests. All at once or not at all; false, and nothing is written, if it had been dealt with before.
    ///
    /// # Errors
    /// [`Error::Refused`] if a note is not there, is open at this level already, or is not posted yet; if a text was
    /// posted before.
    pub async fn apply(&self, trigger: Trigger, effects: Effects, now: Time) -> Result<bool, Error> {
        self.run(move |db| db.apply(&trigger, &effects, now)).await
    }

    /// The requests in this state, the oldest first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn requests(&self, state: RequestState) -> Result<Vec<Request>, Error> {
        self.run(move |db| db.requests(state)).await
    }

    /// The proof that an official has handed over with a request.
    ///
    /// # Errors
    /// Of the database.
    pub async fn submitted_proof(&self, request: u64) -> Result<Option<Vec<u8>>, Error> {
        self.run(move |db| db.submitted_proof(request)).await
    }

    /// The encrypted opening of note `n`; nothing if there is no such note, or it was shredded.
    ///
    /// # Errors
    /// Of the database.
    pub async fn opening(&self, n: u64) -> Result<Option<Vec<u8>>, Error> {
        self.run(move |db| db.opening(n)).await
    }

    /// What a proof of note `n` is made of; nothing if there is no such note.
    ///
    /// # Errors
    /// As [`Reader::proof`](super::Reader::proof).
    pub async fn proof(&self, n: u64) -> Result<Option<super::ProofRow>, Error> {
        self.run(move |db| db.proof(n)).await
    }

    /// What the public may know about a note; nothing if there is none of this number.
    ///
    /// # Errors
    /// Of the database.
    pub async fn standing(&self, note: u64) -> Result<Option<Standing>, Error> {
        self.run(move |db| db.standing(note)).await
    }

    /// The note with this commitment.
    ///
    /// # Errors
    /// Of the database.
    pub async fn note_of(&self, commitment: Hash) -> Result<Option<u64>, Error> {
        self.run(move |db| db.note_of(&commitment)).await
    }

    /// The notes that one of our posts is about, the first and the last: one that shows them, opens one, or answers a
    /// dispute of one.
    ///
    /// # Errors
    /// Of the database.
    pub async fn notes_of_post(&self, post: PostId) -> Result<Option<(u64, u64)>, Error> {
        self.run(move |db| db.notes_of_post(post)).await
    }

    /// Which of these mentions have not been dealt with, in the same order.
    ///
    /// # Errors
    /// Of the database.
    pub async fn unheard(&self, posts: Vec<PostId>) -> Result<Vec<PostId>, Error> {
        self.run(move |db| db.unheard(&posts)).await
    }

    /// The commands of officials that have not been dealt with, the oldest first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn commands(&self) -> Result<Vec<Command>, Error> {
        self.run(|db| db.commands()).await
    }

    /// Writes a message to be sent; false if there is one with its key.
    ///
    /// # Errors
    /// Of the database.
    pub async fn send(&self, message: Outgoing) -> Result<bool, Error> {
        self.run(move |db| db.send(&message)).await
    }

    /// The message that is to be sent next and is not in `held`: one whose outcome is not known, or else an answer to a
    /// command, what is told of a request, the oldest. If only what is urgent is wanted, an answer to a command.
    ///
    /// # Errors
    /// Of the database.
    pub async fn pending_message(&self, held: Vec<u64>, urgent: bool) -> Result<Option<PendingMessage>, Error> {
        self.run(move |db| db.pending_message(&held, urgent)).await
    }

    /// Notes an attempt to send a message, before it is made.
    ///
    /// # Errors
    /// Of the database.
    pub async fn sending(&self, message: u64, now: Time) -> Result<(), Error> {
        self.run(move |db| db.sending(message, now)).await
    }

    /// Notes that the last attempt to send a message surely failed.
    ///
    /// # Errors
    /// Of the database.
    pub async fn not_sent(&self, message: u64) -> Result<(), Error> {
        self.run(move |db| db.not_sent(message)).await
    }

    /// Notes what became of a message: its number on the platform, or why it will never be sent.
    ///
    /// # Errors
    /// Of the database.
    pub async fn sent(&self, message: u64, outcome: Result<MessageId, String>) -> Result<(), Error> {
        self.run(move |db| db.sent(message, outcome.as_ref().map_err(String::as_str))).await
    }

    /// Whether this message of the platform is known to be one that was to be sent.
    ///
    /// # Errors
    /// Of the database.
    pub async fn is_sent(&self, message: MessageId) -> Result<bool, Error> {
        self.run(move |db| db.is_sent(message)).await
    }

    /// Whether it is in the log that this post disputes this note.
    ///
    /// # Errors
    /// Of the database.
    pub async fn is_disputed(&self, note: u64, post: PostId) -> Result<bool, Error> {
        self.run(move |db| db.is_disputed(note, post)).await
    }

    /// Notes that the platform has refused a reply: this post, and the rest of its series, answer nothing from now on.
    ///
    /// # Errors
    /// Of the database.
    pub async fn unanswering(&self, intent: u64, now: Time) -> Result<(), Error> {
        self.run(move |db| db.unanswering(intent, now)).await
    }

    /// Notes that an answer will not be posted, and why.
    ///
    /// # Errors
    /// Of the database.
    pub async fn dropped(&self, intent: u64, why: String, now: Time) -> Result<(), Error> {
        self.run(move |db| db.dropped(intent, &why, now)).await
    }

    /// The names and sizes of the files that are published of a note.
    ///
    /// # Errors
    /// Of the database.
    pub async fn disclosed_files(&self, note: u64) -> Result<Vec<(String, u64)>, Error> {
        self.run(move |db| db.disclosed_files(note)).await
    }

    /// A file that is published of a note: the one of the last opening that has it.
    ///
    /// # Errors
    /// Of the database.
    pub async fn disclosed_file(&self, note: u64, name: String) -> Result<Option<Vec<u8>>, Error> {
        self.run(move |db| db.disclosed_file(note, &name)).await
    }
}
