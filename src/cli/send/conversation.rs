//! The conversation that a draft is sent into, and looked for in.

use std::sync::OnceLock;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::draft::MessageDraft;
use super::lock::EarlierAttempt;
use crate::base::clock::{Clock, Reading};
use crate::base::ids::{AccountId, MediaId, MessageId};
use crate::base::time::{SKEW_MS_MAX, Time};
use crate::platform::{
    Addressee, CALL_TIME_MAX, Error as PlatformError, Message, Newest, Platform, Purpose, Reach, newest,
};
use crate::store::{self, EffectId, Reader, RequestClient};
use crate::tasks::once::decide::{Look, Sight};
use crate::tasks::once::{Ledger, Remote};
use crate::tasks::task::{TaskError, ms};

/// A text that was sent within this time is sent again only if the person says so.
pub const RECENT: Duration = Duration::from_secs(3600);

/// Most of a conversation that is read: far more messages than can be sent in [`RECENT`].
const REACH: Reach = Reach { page_sizes: &[5, 20, 100], pages_max: 20 };

/// A conversation with one account.
pub(super) struct SendConversation<'a> {
    pub(super) platform: &'a dyn Platform,
    pub(super) reader: &'a Reader,
    pub(super) clock: &'a Clock,
    /// The account that sends.
    pub(super) me: AccountId,
    /// The account that it goes to.
    pub(super) to: AccountId,
    /// Whether the command is to stop.
    pub(super) shutdown: &'a CancellationToken,
}

/// What is to be sent, once.
pub(super) struct Parcel<'a> {
    pub(super) draft: &'a MessageDraft,
    /// Messages that have the same content as the draft and were there before.
    pub(super) before: Vec<MessageId>,
}

/// What a conversation holds.
pub(super) struct FoundMessages {
    /// Our messages that have the same content as the draft, newest first.
    pub(super) same: Vec<MessageId>,
    /// All messages that were read.
    pub(super) all: Vec<MessageId>,
    /// What was listed.
    listed: Newest,
}

impl FoundMessages {
    /// Checks that the message of an attempt at this moment is not there, none having been found.
    ///
    /// # Errors
    /// If something that cannot be read may be it.
    pub(super) fn check_absent(&self, attempt: Time) -> Result<(), PlatformError> {
        let latest = attempt.plus_ms(SKEW_MS_MAX + ms(CALL_TIME_MAX));
        self.listed.doubt(attempt.plus_ms(-SKEW_MS_MAX), latest).map_or(Ok(()), Err)
    }
}

impl SendConversation<'_> {
    /// From when on a text that was sent is sent again only if the person says so.
    pub(super) fn recently(&self) -> Time {
        self.clock.now().plus_ms(-ms(RECENT))
    }

    /// Looks for our messages since `from` that have the same content as this draft. If there are too many messages, it
    /// is enough that the recent ones were read.
    pub(super) async fn find(&self, draft: &MessageDraft, from: Time) -> Result<FoundMessages, PlatformError> {
        let recently = self.recently();
        let is_old = |message: &Message| message.id.moment() < from;
        let listed = newest(self.platform, Some(self.to), REACH, is_old).await?;
        let Newest { messages, is_enough, .. } = &listed;
        debug!(count = messages.len(), "read the conversation");
        let reaches_back = |message: &Message| message.id.moment() < recently;
        if !*is_enough && !messages.last().is_some_and(reaches_back) {
            let what = format!("the conversation has more than {} pages of late", REACH.pages_max);
            return Err(PlatformError::Unavailable { what });
        }
        let ours = messages.iter().filter(|message| message.sender == self.me && !is_old(message));
        let same =
            ours.filter(|message| message.attachments.is_empty() == draft.file.is_none() && message.is_of(&draft.text));
        let same = same.map(|message| message.id).collect();
        Ok(FoundMessages { same, all: messages.iter().map(|message| message.id).collect(), listed })
    }
}

impl<'a> Remote for SendConversation<'a> {
    type Effect = Parcel<'a>;
    type Id = MessageId;
    type Ready = Option<MediaId>;

    /// Uploads the file. If the command is told to stop, it stops before the attempt.
    async fn prepare(&self, parcel: &Parcel<'a>) -> Result<Option<MediaId>, TaskError> {
        let media = match &parcel.draft.file {
            Some(file) => Some(self.platform.upload(file, Purpose::Message).await?),
            None => None,
        };
        if self.shutdown.is_cancelled() {
            return Err(told_to_stop().into());
        }
        Ok(media)
    }

    async fn act(&self, parcel: &Parcel<'a>, media: &Option<MediaId>) -> Result<MessageId, PlatformError> {
        let to = Addressee::Account(self.to);
        let message = self.platform.send_message(&to, &parcel.draft.text, *media).await?.message;
        // No answer to this attempt names another message of ours: then it is one that was given before.
        match self.reader.is_sent(message).await {
            Ok(false) => Ok(message),
            _ => Err(PlatformError::NoAnswer {
                what: format!("the answer names message {message}, which is another one"),
            }),
        }
    }

    /// Looks for the message that was not there before.
    async fn look(
        &self,
        parcel: &Parcel<'a>,
        first: Option<Time>,
        asked: Reading,
    ) -> Result<Look<MessageId>, TaskError> {
        let found = self.find(parcel.draft, self.recently()).await?;
        let seen = |sight| Look { asked, ahead: self.platform.clock_ahead(), sight };
        if let Some(new) = found.same.iter().find(|message| !parcel.before.contains(message)) {
            return Ok(seen(Sight::There(*new)));
        }
        found.check_absent(first.unwrap_or(asked.wall))?;
        Ok(seen(Sight::Absent))
    }
}

/// The end of a command that is told to stop before it has sent anything.
pub(super) fn told_to_stop() -> PlatformError {
    PlatformError::Unavailable { what: "it was told to stop".to_owned() }
}

/// The durable state of this command's attempt.
///
/// A crash right after `attempt`, or anywhere in the call, leaves an attempt of unknown outcome. The next command to
/// this account then looks, and waits until the message is listed or can no longer appear. A crash after `failed` or
/// `accepted` leaves nothing open.
pub(super) struct Sends<'a> {
    asking: &'a RequestClient,
    /// The account that this command sends to.
    to: AccountId,
    /// The effect, once it is attempted.
    effect: OnceLock<EffectId>,
}

impl<'a> Sends<'a> {
    /// Nothing has been attempted yet.
    pub(super) fn new(asking: &'a RequestClient, to: AccountId) -> Sends<'a> {
        Sends { asking, to, effect: OnceLock::new() }
    }
}

impl<'a> Ledger<SendConversation<'a>> for Sends<'_> {
    async fn attempt(&self, _parcel: &Parcel<'a>, now: Time) -> Result<(), TaskError> {
        let effect = self.asking.begin_send(self.to, now).await?;
        // A command makes one attempt: a second attempt needs another command.
        let _ = self.effect.set(effect);
        Ok(())
    }

    async fn failed(&self, _parcel: &Parcel<'a>, now: Time) -> Result<(), TaskError> {
        if let Some(effect) = self.effect.get() {
            let why = "the platform did not do it".to_owned();
            note_down(self.asking.send_failed(*effect, why, now).await);
        }
        Ok(())
    }

    async fn accepted(&self, _parcel: &Parcel<'a>, id: MessageId, now: Time) -> Result<(), TaskError> {
        if let Some(effect) = self.effect.get() {
            note_down(self.asking.send_accepted(*effect, id, now).await);
        }
        Ok(())
    }

    /// A person decides: the attempt stays recorded.
    async fn given_up(&self, _parcel: &Parcel<'a>, _why: &str, _now: Time) -> Result<(), TaskError> {
        Ok(())
    }
}

/// Writes down the last attempt that an earlier version of the program kept in a file.
pub(super) async fn keep_earlier(asking: &RequestClient, earlier: EarlierAttempt) -> Result<(), store::Error> {
    let EarlierAttempt { to, at, message } = earlier;
    let effect = asking.begin_send(to, at).await?;
    // A crash here leaves an attempt of unknown outcome, as does one before the file is emptied: a wait, no harm.
    match message {
        Some(message) => asking.send_accepted(effect, message, at).await,
        None => Ok(()),
    }
}

/// The outcome of the attempt is known, so it is no failure of the attempt if the outcome cannot be recorded. The
/// attempt then stays recorded with an unknown outcome, and the next command waits longer.
fn note_down(kept: Result<(), store::Error>) {
    if let Err(error) = kept {
        warn!(error = %error, "what came of this attempt is not kept");
    }
}
