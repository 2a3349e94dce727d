//! Sends a draft from the account that is watched, once, so that it becomes a note.
//!
//! Nothing is sent that the platform would refuse or that would not be sealed. A draft is given to the platform once: if
//! no answer comes, the conversation says whether it went, and a person decides what then. To begin anew after any end is
//! safe, since the conversation is read before anything is sent; as long as the message of the last try may be missing from
//! it, nothing is. Two commands at a time do not send.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

pub use super::draft::{DRAFT_BYTES_MAX, Draft, Unfit};
use super::lock::SendLock;
use crate::base::clock::Clock;
use crate::base::ids::{Account, AccountId, MediaId, MessageId, Origin, Source};
use crate::base::time::SKEW_MS_MAX;
use crate::note::slip::Slip;
use crate::platform::{Addressee, Error as PlatformError, Message, Newest, Platform, Purpose, Reach, newest};
use crate::store::{self, LastSend, Reader, RequestClient};
use crate::tasks::rules::{Correspondent, Formal, Rule};
use crate::tasks::task::ms;

/// A text that was sent no longer ago than this is not sent again without being told so.
pub const RECENT: Duration = Duration::from_secs(3600);

/// How far a conversation is read at most: to far more messages than can be sent in [`RECENT`].
const REACH: Reach = Reach { page_sizes: &[5, 20, 100], pages_max: 20 };

/// When the conversation is read after an unknown outcome: a message may be listed late.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(3)];

/// The first wait for the message of the last try, and the longest between two looks: X allows few.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What sending needs.
pub struct Sender<'a> {
    /// The platform, with the credentials of the account that is watched.
    pub platform: &'a dyn Platform,
    /// The store of the log that seals.
    pub reader: &'a Reader,
    /// The same store: what is known of the last attempt is kept there.
    pub asking: &'a RequestClient,
    /// Its file: who sends has a lock beside it.
    pub database: &'a Path,
    /// How long a message of which nobody knows whether it was sent may be missing from its conversation.
    pub unknown_outcome_timeout: Duration,
    /// The time.
    pub clock: &'a Clock,
    /// The name of the log.
    pub log: &'a Origin,
    /// Which messages are formal.
    pub rules: &'a [Rule],
}

/// A message that was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// Its identifier.
    pub message: MessageId,
    /// To whom.
    pub to: AccountId,
    /// Whether the platform said so; otherwise it gave no answer, and the message was found in the conversation.
    pub was_answered: bool,
}

/// What a conversation holds.
struct Found {
    /// Our messages of late that are made of the draft, newest first.
    same: Vec<MessageId>,
    /// The newest message of all.
    newest: Option<MessageId>,
}

/// Why there is nothing that was sent.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Error {
    /// Nothing was sent: it would be refused, or not be sealed.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Nothing was sent: the same text was, a short time ago.
    #[error(
        "nothing was sent: the same text was sent at {} as message {message}\nif it shall be sent once more, say `--again`",
        Source::XDm.moment(*message)
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

impl Sender<'_> {
    /// Sends the draft; `again` even if the same was sent a short time ago. Once it has been given to the platform,
    /// `shutdown` ends only the waits.
    ///
    /// # Errors
    /// If it was not sent, or nobody knows.
    pub async fn send(
        &self,
        to: &Correspondent,
        draft: &Draft,
        again: bool,
        shutdown: &CancellationToken,
    ) -> Result<Sent, Error> {
        self.check_text(draft).await?;
        let me = self.platform.me().await?;
        me.compare_clocks(self.clock.now(), SKEW_MS_MAX)?;
        let me = me.account;
        let to = identify(self.platform, self.reader, to).await?;
        self.check_sealed(&me, to, &draft.text).await?;
        let _turn = SendLock::take(self.database)?.ok_or(Error::Busy)?;
        let last = self.reader.last_send(to).await?;
        let before = match again {
            true => self.find(&me, to, draft).await?.same,
            false => self.settled(&me, to, draft, last, shutdown).await?,
        };
        let media = match &draft.file {
            Some(file) => Some(self.platform.upload(file, Purpose::Message).await?),
            None => None,
        };
        if shutdown.is_cancelled() {
            return Err(PlatformError::Unavailable { what: "it was told to stop".to_owned() }.into());
        }
        let effect = self.asking.begin_send(to, self.clock.now()).await?;
        let outcome = self.give(&me, to, draft, media, &before, shutdown).await;
        let now = self.clock.now();
        let kept = match &outcome {
            Ok(sent) => self.asking.send_accepted(effect, sent.message, now).await,
            Err(Error::Missing { .. } | Error::Unknown { .. }) => Ok(()),
            Err(error) => self.asking.send_failed(effect, first_line(error), now).await,
        };
        // It was sent: that it cannot be noted down is no failure of that.
        if let Err(error) = kept {
            warn!(error = %error, "what came of this attempt is not kept");
        }
        outcome
    }

    /// The messages of late that are made of this draft: none, once what the last try may have sent is in the
    /// conversation, or can no longer come.
    async fn settled(
        &self,
        me: &Account,
        to: AccountId,
        draft: &Draft,
        last: Option<LastSend>,
        shutdown: &CancellationToken,
    ) -> Result<Vec<MessageId>, Error> {
        let mut wait = FIRST_WAIT;
        loop {
            let now = self.clock.now();
            let Found { same, newest } = self.find(me, to, draft).await?;
            if let Some(message) = same.first() {
                return Err(Error::Recent { message: *message });
            }
            let Some(last) = last else { return Ok(same) };
            let left_ms = ms(self.unknown_outcome_timeout) - now.ms_since(last.at);
            if left_ms <= 0 || (last.message.is_some() && last.message <= newest) {
                return Ok(same);
            }
            warn!(last = %last.at, "what was sent last to this account is not in the conversation yet: it is waited for");
            // A clock that was set back makes it no longer.
            let left = Duration::from_millis(left_ms.unsigned_abs()).min(self.unknown_outcome_timeout);
            if shutdown.run_until_cancelled(tokio::time::sleep(wait.min(left))).await.is_none() {
                return Err(PlatformError::Unavailable { what: "it was told to stop".to_owned() }.into());
            }
            wait = (2 * wait).min(LONGEST_WAIT);
        }
    }

    /// Gives the draft to the platform, once.
    async fn give(
        &self,
        me: &Account,
        to: AccountId,
        draft: &Draft,
        media: Option<MediaId>,
        before: &[MessageId],
        shutdown: &CancellationToken,
    ) -> Result<Sent, Error> {
        match self.platform.send_message(&Addressee::Account(to), &draft.text, media).await {
            Ok(sent) => Ok(Sent { message: sent.message, to, was_answered: true }),
            Err(PlatformError::Duplicate) => {
                let found = self.find(me, to, draft).await?.same;
                let new = found.into_iter().find(|message| !before.contains(message));
                let message = new.ok_or(PlatformError::Duplicate)?;
                Ok(Sent { message, to, was_answered: false })
            }
            Err(PlatformError::NoAnswer { what }) => {
                let found = self.look(me, to, draft, before, shutdown).await;
                let found = found.map_err(|look| Error::Unknown { what: what.clone(), look })?;
                let message = found.ok_or(Error::Missing { what })?;
                Ok(Sent { message, to, was_answered: false })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What can be said of the text without asking anybody.
    async fn check_text(&self, draft: &Draft) -> Result<(), Error> {
        if Slip::is_of(&draft.text, self.log) {
            return Err(Unfit::new(
                "the text is a slip of this log, which is never sealed",
                "send the note's own text",
            )
            .into());
        }
        if self.reader.started().await?.is_none() {
            return Err(Unfit::new(
                "no daemon has looked at this account's messages yet: what is sent before it does is never sealed",
                "start it first: `verbale run`",
            )
            .into());
        }
        Ok(())
    }

    /// A rule must make a note of it.
    async fn check_sealed(&self, me: &Account, to: AccountId, text: &str) -> Result<(), Error> {
        if to == me.id {
            return Err(Unfit::new("this is the account itself", "name another one after `--to`").into());
        }
        let mut wanted = Vec::new();
        for rule in self.rules {
            if !self.is_named(rule, to).await? {
                continue;
            }
            match &rule.formal {
                formal if formal.is_met(text) => return Ok(()),
                Formal::All => {}
                Formal::Marker(marker) => wanted.push(format!("contain `{marker}`")),
                Formal::Pattern(pattern) => wanted.push(format!("match `{pattern}`")),
            }
        }
        Err(if wanted.is_empty() {
            Unfit::new(
                format!("no rule of the configuration is about the account {to}: the message would never be sealed"),
                "add it to `correspondents` of a [[watch.rule]] and restart the daemon, or write by hand",
            )
        } else {
            Unfit::new(
                "by the rules for this account the text is not formal: the message would never be sealed",
                format!("let it {}, or write by hand", wanted.join(", or ")),
            )
        }
        .into())
    }

    async fn is_named(&self, rule: &Rule, id: AccountId) -> Result<bool, Error> {
        for correspondent in &rule.correspondents {
            // A name of a rule that nobody bears any more is for the daemon to report.
            match identify(self.platform, self.reader, correspondent).await {
                Ok(named) if named == id => return Ok(true),
                Ok(_) | Err(Error::Unfit(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// The message that was not there before; asked for several times.
    async fn look(
        &self,
        me: &Account,
        to: AccountId,
        draft: &Draft,
        before: &[MessageId],
        shutdown: &CancellationToken,
    ) -> Result<Option<MessageId>, PlatformError> {
        for wait in LOOKS {
            if shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                break;
            }
            let found = self.find(me, to, draft).await?;
            if let Some(message) = found.same.into_iter().find(|message| !before.contains(message)) {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// Looks for our messages of late that are made of this draft.
    async fn find(&self, me: &Account, to: AccountId, draft: &Draft) -> Result<Found, PlatformError> {
        let after = self.clock.now().plus_ms(-ms(RECENT));
        let is_old = |message: &Message| Source::XDm.moment(message.id) < after;
        let Newest { messages, is_enough } = newest(self.platform, Some(to), REACH, is_old).await?;
        debug!(count = messages.len(), "read the conversation");
        if !is_enough {
            let what = format!("the conversation has more than {} pages of late", REACH.pages_max);
            return Err(PlatformError::Unavailable { what });
        }
        let ours = messages.iter().filter(|message| message.sender == me.id && !is_old(message));
        let same =
            ours.filter(|message| message.attachments.is_empty() == draft.file.is_none() && message.is_of(&draft.text));
        let same = same.map(|message| message.id).collect();
        Ok(Found { same, newest: messages.iter().map(|message| message.id).max() })
    }
}

/// What happened, without what to do.
fn first_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The account that is meant: for a correspondent's name the one that the daemon writes down.
///
/// # Errors
/// [`Error::Unfit`] if there is none.
pub async fn identify(platform: &dyn Platform, reader: &Reader, to: &Correspondent) -> Result<AccountId, Error> {
    let name = match to {
        Correspondent::Id(id) => return Ok(*id),
        Correspondent::Name(name) => name,
    };
    if let Some(id) = reader.correspondent(name).await? {
        return Ok(id);
    }
    let account = platform.account_by_name(name).await?;
    let unknown = || Unfit::new(format!("the platform knows no account @{name}"), "correct the name");
    Ok(account.ok_or_else(unknown)?.id)
}
