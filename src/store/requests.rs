//! What officials ask for: requests, approvals, commands by direct message, and the codes that confirm them.

use async_trait::async_trait;

use super::Error;
use crate::base::ids::{AccountId, MessageId, PostId};
use crate::base::time::Time;
use crate::note::request::RequestState;
use crate::tlog::entry::Level;

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
    /// Who asks: an age public key, or the number of an account.
    pub asked_by: String,
}

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Its number.
    pub id: u64,
    /// What for.
    pub ask: Ask,
    /// Who asks: an age public key, or the number of an account.
    pub asked_by: String,
    /// When.
    pub asked_at: Time,
    /// Who has approved it, other than the person who asked, and when; the first approval first.
    pub approvals: Vec<(String, Time)>,
    /// Where it stands.
    pub state: RequestState,
    /// Whether an official has submitted the proof.
    pub has_submitted_proof: bool,
    /// Why it could not be done.
    pub why: Option<String>,
}

/// What an official has written to the account, if it is a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// The message.
    pub message: MessageId,
    /// Who wrote it.
    pub from: AccountId,
    /// The command; `help` for a message that is not a command.
    pub text: String,
}

/// The code that an official was given last. No Debug: a person who has it may publish.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// The official.
    pub official: AccountId,
    /// The code.
    pub code: String,
    /// The command that it confirms.
    pub order: String,
    /// When it was given.
    pub at: Time,
    /// Number of wrong ones that have come back.
    pub tries: u64,
}

/// What happens to an official's code.
#[derive(Clone, PartialEq, Eq)]
pub enum CodeChange {
    /// This one is given, in place of an earlier one.
    Give(CodeRow),
    /// A wrong one has come back.
    Tried(AccountId),
    /// There is none any more.
    End(AccountId),
}

/// The questions about requests and commands.
#[async_trait]
pub trait ReadRequests: Send + Sync {
    /// The requests in this state, or all of them, the oldest first.
    async fn requests(&self, state: Option<RequestState>) -> Result<Vec<Request>, Error>;

    /// The request with this number.
    async fn request(&self, id: u64) -> Result<Option<Request>, Error>;

    /// The proof that an official has submitted with a request; None once the request has ended.
    async fn submitted_proof(&self, request: u64) -> Result<Option<Vec<u8>>, Error>;

    /// The commands of officials that have not been dealt with, the oldest first.
    async fn commands(&self) -> Result<Vec<Command>, Error>;

    /// Number of times that this official has asked for help on the day of a message, up to and including that message.
    async fn helps(&self, official: AccountId, message: MessageId) -> Result<u64, Error>;

    /// The code that this official was given last.
    async fn code(&self, official: AccountId) -> Result<Option<CodeRow>, Error>;
}

/// What commands ask the daemon for, while it writes. Each is one transaction, durable when it returns.
#[async_trait]
pub trait AskRequests: Send + Sync {
    /// Writes a request, with the packed proof that is to be public if there is one yet. Returns the request's number.
    async fn ask(&self, request: NewRequest, proof: Option<Vec<u8>>, now: Time) -> Result<u64, Error>;

    /// Writes that `by` approves a request, with the packed proof that is to be public. Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`Error::Refused`] if the request is not waiting, or `by` asked for it.
    async fn approve(&self, request: u64, by: &str, proof: Vec<u8>, now: Time) -> Result<(), Error>;
}
