//! What a message is for us: a note, a command, a slip, or nothing.

use tracing::warn;

use super::{Known, Watcher};
use crate::base::ids::{Account, AccountId, AccountName, ConversationId};
use crate::note::record::RECORD_BYTES_MAX;
use crate::note::slip::Slip;
use crate::note::{content, envelope};
use crate::platform::{Error as PlatformError, Message};
use crate::tasks::task::TaskError;
use crate::wording::command::Order;

/// Why a moment is entered as a gap: nobody can say to whom the message was sent.
const GROUP_UNREADABLE: &str = "a message to a group whose participants cannot be read";

/// Why a moment is entered as a gap: the platform's limits are now larger than those of the formats.
const TOO_LARGE: &str = "a formal message that is larger, or to more accounts, than a note can be";

/// What a message is for us.
pub(super) enum MessageClass {
    Formal {
        to: Vec<Account>,
    },
    Informal,
    /// It may be formal, but cannot be sealed, for this reason.
    Missed(&'static str),
    /// A slip from an account whose notes we receipt.
    Slip,
    /// A command of an official.
    Command(Order),
}

impl Watcher {
    pub(super) async fn kind(&mut self, message: &Message, known: &Known) -> Result<MessageClass, TaskError> {
        if let Some(official) = self.official_in(&message.conversation, known) {
            let commands = message.sender == official;
            return Ok(if commands {
                MessageClass::Command(Order::read(&message.text))
            } else {
                MessageClass::Informal
            });
        }
        if known.receipt_from.contains(&message.sender) && message.conversation.pair().is_some() {
            return Ok(if Slip::parse(&message.text).is_ok() { MessageClass::Slip } else { MessageClass::Informal });
        }
        if message.sender != known.me.id || !known.says_formal(&message.text) {
            return Ok(MessageClass::Informal);
        }
        if Slip::is_of(&message.text, &self.context.log) {
            return Ok(MessageClass::Informal);
        }
        let pair = message.conversation.pair();
        let mut recipients = match pair {
            Some((one, other)) => vec![one, other],
            None => self.participants(message).await?,
        };
        recipients.retain(|id| *id != known.me.id);
        recipients.sort_unstable();
        recipients.dedup();
        if recipients.is_empty() && pair.is_none() {
            return Ok(MessageClass::Missed(GROUP_UNREADABLE));
        }
        if !known.is_formal(&recipients, &message.text) {
            return Ok(MessageClass::Informal);
        }
        let large =
            RECORD_BYTES_MAX < message.record.len() as u64 || content::CONTENT_BYTES_MAX / 2 < message.text.len();
        if large || envelope::RECIPIENTS_MAX < recipients.len() {
            return Ok(MessageClass::Missed(TOO_LARGE));
        }
        let mut to = Vec::new();
        for id in recipients {
            to.push(self.account(id).await?);
        }
        Ok(MessageClass::Formal { to })
    }

    /// The official in a conversation of two, if there is one.
    fn official_in(&self, conversation: &ConversationId, known: &Known) -> Option<AccountId> {
        let (one, other) = conversation.pair()?;
        let other = if one == known.me.id { other } else { one };
        self.context.officials.contains(&other).then_some(other)
    }

    /// The members of a group; empty if the platform does not say.
    async fn participants(&mut self, message: &Message) -> Result<Vec<AccountId>, TaskError> {
        if let Some(known) = self.groups.get(&message.conversation) {
            return Ok(known.clone());
        }
        let participants = match self.platform.participants(&message.conversation).await {
            Err(PlatformError::Refused { what }) => {
                warn!(message.id = %message.id, what, "the participants of a group cannot be read");
                Vec::new()
            }
            answer => answer?,
        };
        self.groups.insert(message.conversation.clone(), participants.clone());
        Ok(participants)
    }

    /// The account with this number, looked up once. Its name is `unknown` if the platform does not say.
    async fn account(&mut self, id: AccountId) -> Result<Account, TaskError> {
        if let Some(account) = self.names.get(&id) {
            return Ok(account.clone());
        }
        let account = match self.platform.account_by_id(id).await {
            Ok(Some(account)) => account,
            Ok(None) | Err(PlatformError::Refused { .. }) => Account { id, name: AccountName::unknown() },
            Err(error) => return Err(error.into()),
        };
        self.names.insert(id, account.clone());
        Ok(account)
    }
}

impl Known {
    /// Whether the text is that of a formal message, to any account.
    fn says_formal(&self, text: &str) -> bool {
        self.rules.iter().any(|(_, formal)| formal.is_met(text))
    }

    /// Whether a message to these accounts with this text is formal by any of the rules.
    fn is_formal(&self, to: &[AccountId], text: &str) -> bool {
        self.rules.iter().any(|(ids, formal)| to.iter().any(|id| ids.contains(id)) && formal.is_met(text))
    }
}
