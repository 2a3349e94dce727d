//! How the platform can fail to do what it is asked.

use crate::base::ids::{Account, AccountId};
use crate::base::time::Time;

/// Why there is no result, sorted by what the caller does next.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "`what` is the platform's own reason, `remedy` what the person should do")]
pub enum Error {
    /// It did not happen, and will at or after `until`. Wait.
    #[error("the platform asks to wait until {until}: {what}")]
    Wait { until: Time, what: String },
    /// It did not happen, for a reason that may pass by itself. Try again, at growing intervals.
    #[error("the platform could not do it: {what}")]
    Unavailable { what: String },
    /// It could not be read, because the answer is too large, or comes too slowly to end in time. Ask for less at once.
    #[error("the platform's answer is too large: {what}")]
    TooLarge { what: String },
    /// It could not be read, because the platform no longer takes the mark of a place in its listing. Begin the listing
    /// anew.
    #[error("the platform no longer takes the mark of a place in a listing: {what}")]
    TokenRefused { what: String },
    /// It did not happen, as the platform says, and a refusal of this kind has been seen to pass by itself. Try again, at
    /// growing intervals of which the first is short, and tell a person.
    #[error("the platform refuses, which may pass: {what}\n{remedy}")]
    Doubtful { what: String, remedy: String },
    /// Nobody knows whether it happened. Look before doing it again.
    #[error("no answer from the platform: {what}")]
    NoAnswer { what: String },
    /// It did not happen because the same post or message is already there. Find it.
    #[error("the platform says that the same post is already there")]
    Duplicate,
    /// It did not happen because the platform does not let us answer that post. It may be posted as a post of its own.
    #[error("the platform does not allow the reply: {what}")]
    ReplyRefused { what: String },
    /// It did not happen because the text is too long for the platform. It may be posted or sent in parts.
    #[error("the text is too long for the platform: {what}")]
    TooLong { what: String },
    /// It did not happen, and will not until a person does something. Say so once, and ask again rarely.
    #[error("the platform needs a person: {what}\n{remedy}")]
    NeedsPerson { what: String, remedy: String },
    /// It did not happen because this machine's clock is wrong: nothing may be sealed by it. Ask again until it is right.
    #[error(
        "this machine's clock says {ours}, the platform's {theirs}\na seal with a wrong time is worth nothing, so nothing is sealed until the clock is right: set it (`timedatectl set-ntp true`)"
    )]
    WrongClock { ours: Time, theirs: Time },
    /// The platform says that the credentials are those of the account `said`, and they are known to be those of `known`.
    /// Either the answer is wrong, or the credentials are. Ask again: the answer is not believed.
    #[error(
        "the platform says that the credentials are those of {said}, and this is the log of the account {known}\nif this lasts, use the credentials of {known}, or make another log with `verbale init`"
    )]
    WrongAccount { said: Account, known: AccountId },
    /// It did not happen, and never will in this form.
    #[error("the platform refused: {what}")]
    Refused { what: String },
}

impl Error {
    /// Whether nothing may be sealed as long as it lasts: the time would be wrong, or the account.
    pub fn forbids_sealing(&self) -> bool {
        matches!(self, Error::WrongClock { .. } | Error::WrongAccount { .. })
    }

    /// Whether the cause may be the one thing that was asked for, such as a post or a conversation, and pass by itself: others
    /// need not wait for it.
    pub fn may_concern_one(&self) -> bool {
        matches!(
            self,
            Error::Unavailable { .. } | Error::TooLarge { .. } | Error::TokenRefused { .. } | Error::Doubtful { .. }
        )
    }
}
