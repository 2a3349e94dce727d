//! Takes in the notes that others have sent with a slip: rebuilds each from slip and message, and gives the receipt
//! once.
//!
//! A receipt says that a note came, with this commitment. So everything that the commitment binds and this account can
//! see is compared with what came: sender, recipient, conversation, message, text, links and files. The platform's
//! record is not compared: it was shown to the sender only, so it is the sender's word.

mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tracing::{info, warn};

use crate::base::clock::Clock;
use crate::base::ids::{AccountId, MessageId, SourceMessage};
use crate::note::content::ATTACHMENT_BYTES_MAX;
use crate::note::slip::{Rebuilt, Slip, rebuild};
use crate::note::{AttachmentRef, Envelope};
use crate::platform::{Error as PlatformError, Message, Newest, Platform, Reach, newest};
use crate::store::{Error as StoreError, Received, ReceivedSlip, Store};
use crate::tasks::task::{Backoff, Deferred, Needs, Next, Task, TaskError, Wake, ms};

pub use self::settings::ReceiptSettings;

/// Most of a conversation that is read: slips of messages that never existed must not make it expensive.
const REACH: Reach = Reach { page_sizes: &[10, 100], pages_max: 10 };

/// How long a message is looked for: it may be listed later than a slip that was sent after it.
const LATE: Duration = Duration::from_secs(15 * 60);

/// A slip in a conversation, and what came of it.
pub struct FoundSlip {
    /// The message that it is.
    pub slip: MessageId,
    /// Its envelope: the sender's word.
    pub envelope: Envelope,
    /// The note that came, or why there is none.
    pub reading: Reading,
}

/// What a slip and its message make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// The note that came: all that can be seen of it is as the slip says.
    Note(Received),
    /// No note.
    Fault(Fault),
}

/// How the links and the files that came compare with those that a slip says.
enum Comparison {
    /// They are the same.
    Same,
    /// They are others: in which way.
    Other(String),
}

/// Why a slip makes no note. Nothing private.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// The message, or a part of it, is not in the conversation, or not listed yet.
    #[error("{0}")]
    Missing(String),
    /// The slip does not fit what came.
    #[error("{0}")]
    Wrong(String),
}

/// The task that gives receipts.
pub struct Receiver {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    backoff: Backoff,
    /// How often to look whether a command has asked for a receipt.
    poll: Duration,
    /// Slips whose messages are not listed yet.
    deferred: Deferred<MessageId>,
}

impl Task for Receiver {
    const NAME: &'static str = "receiver";
    const WAKE: Wake = Wake::Log;
    const NEEDS: Needs = Needs::Comparison;

    /// Deals with one slip. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        self.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl Receiver {
    /// A receiver that has done nothing yet, and looks every `poll` whether a command has asked for something.
    pub fn new(platform: Arc<dyn Platform>, store: Store, clock: Clock, poll: Duration) -> Receiver {
        Receiver { platform, store, clock, backoff: Backoff::new(), poll, deferred: Deferred::default() }
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let Some(slipped) = self.store.waiting_slip(&self.deferred.at(now)).await? else {
            if self.deferred.until().is_none() {
                self.backoff.idle(Self::NAME, &self.store, now).await?;
            }
            return Ok(Next::Idle(now.plus_ms(ms(self.poll))));
        };
        let reading = match slipped.received.clone() {
            Some(received) => Reading::Note(received),
            None => match self.rebuild(&slipped).await {
                // The cause may be a file of this note only: others pass it.
                Err(TaskError::Platform(error)) if error.may_concern_one() => {
                    let now = self.clock.now();
                    let until = self.backoff.after(&error, now);
                    warn!(slip.id = %slipped.slip, error = %error, until = %until, "a slip has to wait");
                    self.store.report(Self::NAME, Some(error.to_string()), now).await?;
                    self.deferred.defer(slipped.slip, until);
                    return Ok(Next::Now);
                }
                rebuilt => rebuilt?,
            },
        };
        match reading {
            Reading::Note(received) => self.receive(slipped.slip, received).await?,
            Reading::Fault(Fault::Missing(why)) if self.clock.now().ms_since(slipped.slip.moment()) < ms(LATE) => {
                let until = self.backoff.wait(self.clock.now());
                info!(slip.id = %slipped.slip, why, until = %until, "a slip has to wait");
                self.deferred.defer(slipped.slip, until);
            }
            Reading::Fault(fault) => self.refuse(slipped.slip, fault.to_string()).await?,
        }
        Ok(Next::Now)
    }

    async fn receive(&self, slip: MessageId, received: Received) -> Result<(), TaskError> {
        match self.store.receive(slip, received.clone(), self.clock.now()).await {
            Err(StoreError::Refused(why)) => return self.refuse(slip, why).await,
            entered => entered?,
        }
        info!(log = %received.log, note = received.note, commitment = %received.commitment, "received");
        Ok(())
    }

    async fn refuse(&self, slip: MessageId, why: String) -> Result<(), TaskError> {
        warn!(slip.id = %slip, why, "a slip gets no receipt");
        Ok(self.store.refuse_slip(slip, why).await?)
    }

    async fn rebuild(&self, slipped: &ReceivedSlip) -> Result<Reading, TaskError> {
        // The publisher keeps it before any other task begins.
        let me = self.store.own_account().await?.context("nobody has said who we are")?.id;
        let mut note = None;
        let is_enough = |message: &Message| {
            if message.id == slipped.slip {
                note = Slip::parse(&message.text).ok().and_then(|slip| direct(&slip.envelope.message));
            }
            note.is_some_and(|note| message.id <= note)
        };
        let messages = conversation(&*self.platform, slipped.from, is_enough).await?;
        let Some(slip) = messages.get(&slipped.slip) else {
            return Ok(Reading::Fault(Fault::Missing("the slip is not in the conversation".to_owned())));
        };
        Ok(received(&*self.platform, slip, &messages, me).await?)
    }
}

/// The slips of `from` to us that the platform still lists, the oldest first, and the result of each.
///
/// # Errors
/// Those of the platform.
pub async fn list(platform: &dyn Platform, from: AccountId) -> Result<Vec<FoundSlip>, PlatformError> {
    let me = platform.me().await?.account.id;
    let Newest { messages, unreadable, .. } = newest(platform, Some(from), REACH, |_| false).await?;
    let messages: BTreeMap<MessageId, Message> = messages.into_iter().map(|message| (message.id, message)).collect();
    let mut found = Vec::new();
    for message in messages.values().filter(|message| message.sender == from) {
        let Ok(slip) = Slip::parse(&message.text) else { continue };
        let reading = received(platform, message, &messages, me).await?;
        found.push(FoundSlip { slip: message.id, envelope: slip.envelope, reading });
    }
    if let Some(one) = unreadable.first().filter(|_| found.is_empty()) {
        let count = unreadable.len();
        let what = format!("no slip is in the conversation, but {count} of its messages cannot be read: {}", one.why);
        return Err(PlatformError::Unavailable { what });
    }
    Ok(found)
}

/// The newest messages of a conversation by their identifiers.
async fn conversation(
    platform: &dyn Platform,
    with: AccountId,
    is_enough: impl FnMut(&Message) -> bool,
) -> Result<BTreeMap<MessageId, Message>, PlatformError> {
    let Newest { messages, .. } = newest(platform, Some(with), REACH, is_enough).await?;
    Ok(messages.into_iter().map(|message| (message.id, message)).collect())
}

/// The note that a slip and its message make, if everything that we can see is as the slip says; otherwise what is
/// different.
async fn received(
    platform: &dyn Platform,
    slip: &Message,
    messages: &BTreeMap<MessageId, Message>,
    me: AccountId,
) -> Result<Reading, PlatformError> {
    let read = match Slip::parse(&slip.text) {
        Ok(read) => read,
        Err(error) => return Ok(Reading::Fault(Fault::Wrong(error.to_string()))),
    };
    let envelope = &read.envelope;
    let id = &envelope.message;
    let of_sender = |message: &&Message| message.sender == slip.sender;
    let Some(message) = direct(id).and_then(|id| messages.get(&id)).filter(of_sender) else {
        let what = format!("message {id} of {} is not in the conversation", slip.sender);
        return Ok(Reading::Fault(Fault::Missing(what)));
    };
    if let Err(why) = check_accounts(envelope, message, me) {
        return Ok(Reading::Fault(Fault::Wrong(why)));
    }
    let rebuilt = match rebuild(&slip.text, &message.text) {
        Ok(rebuilt) => rebuilt,
        Err(error) => {
            let what = error.to_string().lines().next().unwrap_or_default().to_owned();
            return Ok(Reading::Fault(Fault::Wrong(what)));
        }
    };
    Ok(match check_files(platform, &rebuilt, message).await? {
        Comparison::Same => Reading::Note(Received {
            log: rebuilt.envelope.log.clone(),
            note: rebuilt.envelope.note,
            commitment: rebuilt.commitment,
        }),
        Comparison::Other(why) => Reading::Fault(Fault::Wrong(why)),
    })
}

/// The identifier of a direct message. None for a message of another source: it is in no conversation that is read here.
fn direct(message: &SourceMessage) -> Option<MessageId> {
    match message {
        SourceMessage::XDm(id) => Some(*id),
        SourceMessage::XChat(_) => None,
    }
}

/// Who wrote to whom, where and when, is as the envelope says.
fn check_accounts(envelope: &Envelope, message: &Message, me: AccountId) -> Result<(), String> {
    if envelope.from.id != message.sender {
        return Err(format!("it says that the note is from {}, and it came from {}", envelope.from, message.sender));
    }
    if envelope.to.iter().all(|to| to.id != me) {
        return Err("it says that the note is to others".to_owned());
    }
    if envelope.conversation != message.conversation {
        let (said, found) = (&envelope.conversation, &message.conversation);
        return Err(format!("it says that the note is in the conversation {said}, and it is in {found}"));
    }
    if envelope.sent != message.id.moment() {
        return Err(format!("it says sent {}, and the message's id says {}", envelope.sent, message.id.moment()));
    }
    Ok(())
}

/// Returns [`Comparison::Same`] if the links lead where the content says, and the files are those that it says.
async fn check_files(platform: &dyn Platform, note: &Rebuilt, message: &Message) -> Result<Comparison, PlatformError> {
    let content = &note.content.header;
    if let Some((short, _)) = content.links.iter().find(|link| !message.links.contains(link)) {
        return Ok(Comparison::Other(format!("the link {short} leads elsewhere than it says")));
    }
    if content.attachments.len() != message.attachments.len() {
        let (said, found) = (content.attachments.len(), message.attachments.len());
        return Ok(Comparison::Other(format!("it says that the note has {said} files, and {found} came")));
    }
    for (place, (said, found)) in (1..).zip(content.attachments.iter().zip(&message.attachments)) {
        let is_same = match said {
            AttachmentRef::Unreadable { media_key } => *media_key == found.media_key,
            AttachmentRef::File(file) => match platform.attachment(message.id, found, ATTACHMENT_BYTES_MAX).await {
                Ok(came) => file.is(&came.bytes),
                Err(PlatformError::Refused { what }) => {
                    return Ok(Comparison::Other(format!("its file {place} could not be fetched: {what}")));
                }
                Err(error) => return Err(error),
            },
        };
        if !is_same {
            return Ok(Comparison::Other(format!("its file {place} is another than the one that came")));
        }
    }
    Ok(Comparison::Same)
}
