//! How a note stands, and how the log stands: what the public may know. Commands, answers, pages and dm texts are
//! made of it.

use crate::base::hash::Hash;
use crate::base::ids::PublicPost;
use crate::base::time::Time;
use crate::tlog::entry::Level;

/// What the public may know about one note, for answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Its number.
    pub note: u64,
    /// The SHA-256 of its envelope.
    pub commitment: Hash,
    /// When it was sealed.
    pub sealed: Time,
    /// The post that shows it.
    pub post: Option<PublicPost>,
    /// The most that is open of it in public.
    pub open: Option<Level>,
    /// Number of disputes of it in the log.
    pub disputes: u64,
}

/// How things stand in public: for answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogStanding {
    /// Notes sealed.
    pub notes: u64,
    /// Notes whose post is known to be there.
    pub posted: u64,
    /// Notes of which something is open.
    pub opened: u64,
    /// Notes that somebody disputes.
    pub disputed: u64,
    /// The head that the newest post of notes shows: its size and root.
    pub head: Option<(u64, Hash)>,
}
