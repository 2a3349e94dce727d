//! Why no message was sent, in the words that the person reads.

use std::io;

use super::draft::Unfit;
use crate::base::ids::MessageId;
use crate::platform::Error as PlatformError;
use crate::store;
use crate::tasks::task::TaskError;

/// Why no message was sent, or why nobody knows.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Error {
    /// Nothing was sent: it would be refused, or not be sealed.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Nothing was sent: the same text was sent a short time ago.
    #[error(
        "nothing was sent: the same text was sent at {} as message {message}\nif it shall be sent once more, say `--again`",
        message.moment()
    )]
    Recent { message: MessageId },
    /// Nothing was sent: another command is sending.
    #[error(
        "nothing was sent: another `verbale send` is at work on this log\ngive the command again when it has ended"
    )]
    Busy,
    /// Nothing was sent: the lock beside the database cannot be taken.
    #[error("nothing was sent: {0}\nlet the user that runs this command write beside the database")]
    SendLock(#[from] io::Error),
    /// Nothing was sent: the platform did not do it.
    #[error("nothing was sent: {0}")]
    Failed(PlatformError),
    /// The platform gave no answer, and the conversation does not hold it.
    #[error(
        "the platform gave no answer ({what}), and the message is not in the conversation\nlook there yourself, or give the same command again: it looks before it sends"
    )]
    Missing { what: String },
    /// The platform says that the same is there, and the conversation does not hold it.
    #[error(
        "the platform refuses it as a duplicate, and the message is not in the conversation yet\nlook there yourself, or give the same command again later: it looks before it sends"
    )]
    Duplicate,
    /// Nobody knows.
    #[error(
        "nobody knows whether the message was sent: the platform gave no answer ({what}), and then {look}\nlook into the conversation yourself, or give the same command again later: it looks before it sends"
    )]
    Unknown { what: String, look: PlatformError },
    /// Nothing was sent: the database cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<PlatformError> for Error {
    /// Before anything is sent.
    fn from(error: PlatformError) -> Error {
        Error::Failed(error)
    }
}

/// Why nothing was sent: the platform's reason, or that the attempt could not be recorded.
pub(super) fn stopped(error: TaskError) -> Error {
    match error {
        TaskError::Platform(error) => Error::Failed(error),
        TaskError::Machine(error) | TaskError::Fatal(error) => match error.downcast::<store::Error>() {
            Ok(error) => Error::Store(error),
            Err(error) => Error::SendLock(error.downcast().unwrap_or_else(io::Error::other)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_fails_is_named_as_such() {
        assert!(matches!(stopped(store::Error::Full.into()), Error::Store(store::Error::Full)));
    }
}
