//! Sends a draft from the watched account, once, so that it becomes a note.
//!
//! Nothing is sent that the platform would refuse or that would not be sealed. A draft is given to the platform once.
//! If no answer comes, the conversation shows whether it was sent, and a person decides what to do then. It is safe to
//! begin again after any end, since the conversation is read before anything is sent. Nothing is sent as long as the
//! message of the last attempt may still be missing from it. Two commands never send at the same time.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use super::conversation::RECENT;
use super::conversation::{FoundMessages, Parcel, SendConversation, Sends, keep_earlier, told_to_stop};
pub use super::draft::{DRAFT_BYTES_MAX, MessageDraft, Unfit};
pub use super::error::Error;
use super::error::stopped;
use super::lock::SendLock;
use super::recipient::tell_unreached;
use crate::base::clock::{Clock, Reading};
use crate::base::ids::{Account, AccountId, MessageId, Origin};
use crate::base::time::{SKEW_MS_MAX, Time};
use crate::note::slip::Slip;
use crate::platform::{Error as PlatformError, Platform};
use crate::store::{Attempts, LastSend, Reader, RequestClient};
use crate::tasks::once::decide::{self, Known, Look, Retry, Rules, Sight, Step};
use crate::tasks::once::{Drive, End};
use crate::tasks::rules::{Correspondent, Formal, Rule};
use crate::tasks::task::ms;

/// When the conversation is read after an unknown outcome: a message may be listed late.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(3)];

/// The first wait for the message of the last attempt, and the longest between two looks: X allows few.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Why nobody waits any longer for a message of unknown outcome.
const NEVER_SEEN: &str = "it never appeared in the conversation, or nobody can tell which message it is";

/// What sending needs.
pub struct Sender<'a> {
    /// The platform, with the credentials of the watched account.
    pub platform: &'a dyn Platform,
    /// The store of the log that seals.
    pub reader: &'a Reader,
    /// The same store: what is known of the last attempt is kept there.
    pub asking: &'a RequestClient,
    /// Its file: a command that sends holds a lock beside it.
    pub database: &'a Path,
    /// How long a message of unknown outcome may be missing from its conversation.
    pub unknown_outcome_timeout: Duration,
    /// The time.
    pub clock: &'a Clock,
    /// The name of the log.
    pub log: &'a Origin,
    /// Which messages are formal.
    pub rules: &'a [Rule],
}

/// What becomes of a draft whose text was sent a short time ago.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// It is sent once more.
    Allowed,
    /// It is not sent.
    Refused,
}

/// A message that was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// Its identifier.
    pub message: MessageId,
    /// To whom.
    pub to: AccountId,
    /// True if the platform said so; otherwise it gave no answer, and the message was found in the conversation.
    pub was_answered: bool,
}

impl Sender<'_> {
    /// Sends the draft; `repeat` says whether also if the same was sent a short time ago. Once it has been given to the
    /// platform, `shutdown` ends only the waits.
    ///
    /// # Errors
    /// If it was not sent, or nobody knows.
    pub async fn send(
        &self,
        to: &Correspondent,
        draft: &MessageDraft,
        repeat: Repeat,
        shutdown: &CancellationToken,
    ) -> Result<Sent, Error> {
        self.check_text(draft).await?;
        let me = self.platform.me().await?;
        me.compare_clocks(self.clock.now(), SKEW_MS_MAX)?;
        let me = me.account;
        let to = identify(self.platform, self.reader, to).await?;
        self.check_sealed(&me, to, &draft.text).await?;
        tell_unreached(self.platform, self.reader, self.asking, self.clock, to).await?;
        let lock = SendLock::take(self.database)?.ok_or(Error::Busy)?;
        if let Some(earlier) = lock.earlier()? {
            keep_earlier(self.asking, earlier).await?;
            lock.empty()?;
        }
        let conversation = SendConversation {
            platform: self.platform,
            reader: self.reader,
            clock: self.clock,
            me: me.id,
            to,
            shutdown,
        };
        let (parcel, look) = match repeat {
            Repeat::Allowed => self.as_told(&conversation, draft).await?,
            Repeat::Refused => self.settled(&conversation, draft).await?,
        };
        let ledger = Sends::new(self.asking, to);
        let rules = &self.rules_of_once();
        let drive = Drive { remote: &conversation, ledger: &ledger, effect: &parcel, rules, clock: self.clock };
        give(&drive, Known { look: Some(look), ..Known::durable(None) }).await
    }

    /// A person gives a command, so a person also decides about a second attempt.
    fn rules_of_once(&self) -> Rules {
        let unknown_outcome_timeout = self.unknown_outcome_timeout;
        Rules { unknown_outcome_timeout, duplicate_stays_away: unknown_outcome_timeout, retry: Retry::ByPerson }
    }

    /// The draft is sent even if the same is there already.
    async fn as_told<'a>(
        &self,
        conversation: &SendConversation<'a>,
        draft: &'a MessageDraft,
    ) -> Result<(Parcel<'a>, Look<MessageId>), Error> {
        let asked = self.clock.read();
        let before = conversation.find(draft, conversation.recently()).await?.same;
        Ok((Parcel { draft, before }, self.absent(asked)))
    }

    /// A look that began at `asked`, and did not show the message.
    fn absent(&self, asked: Reading) -> Look<MessageId> {
        Look { asked, ahead: self.platform.clock_ahead(), sight: Sight::Absent }
    }

    /// Waits until the message of each earlier attempt is in the conversation, or can no longer appear. The outcome of
    /// each is then written down.
    async fn settled<'a>(
        &self,
        conversation: &SendConversation<'a>,
        draft: &'a MessageDraft,
    ) -> Result<(Parcel<'a>, Look<MessageId>), Error> {
        let (begun, mut wait) = (Instant::now(), FIRST_WAIT);
        loop {
            let last = self.reader.last_send(conversation.to).await?;
            let (asked, waited, recently) = (self.clock.read(), begun.elapsed(), conversation.recently());
            let found = conversation.find(draft, last.map_or(recently, |last| self.back_to(last, recently))).await?;
            if let Some(last) = last.filter(|last| last.message.is_none())
                && let Some(message) = self.message_of(last, &found).await?
            {
                self.asking.send_accepted(last.effect, message, asked.wall).await?;
                return Err(Error::Recent { message });
            }
            let mut recent = found.same.iter().filter(|message| recently <= (**message).moment());
            if let Some(message) = recent.next() {
                return Err(Error::Recent { message: *message });
            }
            let look = self.absent(asked);
            // What was accepted is settled as soon as it is listed itself: others may be listed before it.
            let open = last.filter(|last| last.message.is_none_or(|message| !found.all.contains(&message)));
            let Some(last) = open else { return Ok((Parcel { draft, before: Vec::new() }, look)) };
            if self.may_still_appear(last, look, waited) {
                self.wait(conversation.shutdown, last.at, wait, waited).await?;
                wait = (2 * wait).min(LONGEST_WAIT);
            } else if last.message.is_none() {
                found.check_absent(last.at)?;
                self.asking.send_given_up(last.effect, NEVER_SEEN.to_owned(), asked.wall).await?;
            } else {
                return Ok((Parcel { draft, before: Vec::new() }, look));
            }
        }
    }

    /// From when on the conversation is read: far enough to see the message of the last attempt, if it is looked for.
    fn back_to(&self, last: LastSend, recently: Time) -> Time {
        let is_over = last.at.plus_ms(ms(self.unknown_outcome_timeout)) <= self.clock.now();
        if last.message.is_some() && is_over {
            return recently;
        }
        recently.min(last.at.plus_ms(-SKEW_MS_MAX))
    }

    /// The message of the last attempt, whose outcome is unknown: one with this content that is not older than the
    /// attempt, as far as the clocks agree, and is not known to be another one.
    async fn message_of(&self, last: LastSend, found: &FoundMessages) -> Result<Option<MessageId>, Error> {
        let from = last.at.plus_ms(-SKEW_MS_MAX);
        for message in found.same.iter().filter(|message| from <= (**message).moment()) {
            if !self.reader.is_sent(*message).await? {
                return Ok(Some(*message));
            }
        }
        Ok(None)
    }

    /// Whether the message of an attempt may still appear, although this look did not show it. After this command has
    /// `waited` for the whole time-out it cannot, whatever the clock says.
    fn may_still_appear(&self, last: LastSend, look: Look<MessageId>, waited: Duration) -> bool {
        let attempts = Some(Attempts { first: last.at, last: last.at, all_failed: false });
        let known = Known { look: Some(look), ..Known::durable(attempts) };
        waited < self.unknown_outcome_timeout && decide::next(&known, &self.rules_of_once()) == Step::Later
    }

    /// Waits before the next look for a message of the last attempt.
    async fn wait(&self, stop: &CancellationToken, last: Time, wait: Duration, waited: Duration) -> Result<(), Error> {
        warn!(last = %last, "what was sent last to this account is not in the conversation yet: it is waited for");
        let until = last.plus_ms(ms(self.unknown_outcome_timeout)).plus_ms(ms(self.platform.clock_ahead()));
        let left_ms = until.ms_since(self.clock.now()).max(1);
        // A clock that was set back does not make the wait longer.
        let left = self.unknown_outcome_timeout.saturating_sub(waited);
        let left = left.min(Duration::from_millis(u64::try_from(left_ms).unwrap_or_default()));
        let waited = stop.run_until_cancelled(tokio::time::sleep(wait.min(left))).await;
        waited.ok_or_else(|| told_to_stop().into())
    }

    /// The checks of the text that need no answer from anybody.
    async fn check_text(&self, draft: &MessageDraft) -> Result<(), Error> {
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

    /// A rule must make it a note.
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
            // If nobody has a rule's name any more, the daemon reports it.
            match identify(self.platform, self.reader, correspondent).await {
                Ok(named) if named == id => return Ok(true),
                Ok(_) | Err(Error::Unfit(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

/// Gives the draft to the platform, once. If its outcome is unknown, the conversation is read.
async fn give(drive: &Drive<'_, SendConversation<'_>, Sends<'_>>, mut known: Known<MessageId>) -> Result<Sent, Error> {
    let to = drive.remote.to;
    match drive.bring(&mut known).await.map_err(stopped)? {
        End::Accepted(message) => Ok(Sent { message, to, was_answered: true }),
        End::Unknown(error) => look(drive, known, error).await,
        End::Failed { error, .. } | End::NotReady(error) | End::Unreadable(error) => Err(error.into()),
        End::NotYet | End::Unfinished => Err(Error::Missing { what: "nothing was tried".to_owned() }),
        End::GivenUp(why) => Err(Error::Missing { what: why.to_string() }),
    }
}

/// Looks several times for a message of the attempt. A person decides whether to try again.
async fn look(
    drive: &Drive<'_, SendConversation<'_>, Sends<'_>>,
    mut known: Known<MessageId>,
    error: PlatformError,
) -> Result<Sent, Error> {
    let what = match &error {
        PlatformError::NoAnswer { what } => what.clone(),
        error => error.to_string(),
    };
    for wait in LOOKS {
        if drive.remote.shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            break;
        }
        match drive.bring(&mut known).await.map_err(stopped)? {
            End::Accepted(message) => return Ok(Sent { message, to: drive.remote.to, was_answered: false }),
            End::Unreadable(look) => return Err(Error::Unknown { what, look }),
            _ => {}
        }
    }
    Err(if error == PlatformError::Duplicate { Error::Duplicate } else { Error::Missing { what } })
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
    let account = platform.account_by_name(name).await?.found();
    let unknown = || Unfit::new(format!("the platform knows no account @{name}"), "correct the name");
    Ok(account.ok_or_else(unknown)?.id)
}
