//! What a message is for us: a note, a command, a slip, or nothing.

use tracing::warn;

use super::found::Candidate;
use super::{Known, Watcher};
use crate::base::ids::{Account, AccountId, ConversationId};
use crate::base::time::SKEW_MS_MAX;
use crate::note::record::RECORD_BYTES_MAX;
use crate::note::slip::Slip;
use crate::note::{content, envelope};
use crate::platform::{Error as PlatformError, Message, Participants};
use crate::store::Members;
use crate::tasks::task::TaskError;
use crate::wording::command::Order;

/// Why a moment is entered as a gap: nobody can say to whom the message was sent.
const GROUP_UNREADABLE: &str = "a message to a group whose participants cannot be read";

/// Why a moment is entered as a gap: a list of recipients that may be too short would be sealed for ever.
const GROUP_INCOMPLETE: &str = "a message to a group of which the platform does not show all members";

/// Why a moment is entered as a gap: somebody may have come whom nobody knows of.
const GROUP_UNREAD: &str = "a message to a group of which who came and went cannot all be read";

/// What is told of a look at a group that shows too little.
const UNREAD: &str = "not everything that the platform lists of who came and went can be read";

/// Why a moment is entered as a gap: the platform's limits are now larger than those of the formats.
const TOO_LARGE: &str = "a formal message that is larger, or to more accounts, than a note can be";

/// Why a moment is entered as a gap: the platform says that the account is not in its own conversation.
const NOT_OURS: &str = "a formal message in a conversation that the account is not in";

/// Members that were surely all at this time or later are still known: the platform shows who came and went since.
const SHOWN_MS: i64 = 29 * 86_400_000;

/// What a message is for us.
pub(super) enum MessageClass {
    Formal {
        to: Vec<Account>,
    },
    Informal,
    /// It may be formal, but cannot be sealed, for this reason.
    Missed(&'static str),
    /// Nobody can say yet: the platform has not said whom a name means, or who is in a group.
    Later,
    /// A slip from an account whose notes we receipt.
    Slip,
    /// A command of an official.
    Command(Order),
}

/// Who is in a group.
#[derive(Clone)]
pub(super) enum GroupMembers {
    /// Surely these, ourselves left out.
    Surely(Vec<AccountId>),
    /// Nobody can say, for this reason.
    Unknown(&'static str),
    /// The look at it gave nothing to go by: it is made again.
    Unsaid,
    /// The platform cannot be asked now.
    Later,
}

impl Watcher {
    pub(super) async fn kind(&mut self, candidate: &Candidate, known: &Known) -> Result<MessageClass, TaskError> {
        let message = &candidate.message;
        let pair = message.conversation.pair();
        let other = pair.map(|(one, other)| if one == known.me.id { other } else { one });
        if other.is_some_and(|other| known.officials.contains(&other)) {
            let commands = Some(message.sender) == other;
            return Ok(if commands {
                MessageClass::Command(Order::read(&message.text))
            } else {
                MessageClass::Informal
            });
        }
        if message.sender != known.me.id {
            let is_slip =
                pair.is_some() && known.receipt_from().contains(&message.sender) && Slip::parse(&message.text).is_ok();
            return Ok(if is_slip { MessageClass::Slip } else { MessageClass::Informal });
        }
        if !known.says_formal(&message.text, other) || Slip::is_of(&message.text, &self.context.log) {
            return Ok(MessageClass::Informal);
        }
        let recipients = match (pair, other) {
            (Some((one, two)), _) if one != known.me.id && two != known.me.id => {
                return Ok(MessageClass::Missed(NOT_OURS));
            }
            (Some(_), Some(other)) => vec![other],
            _ => match self.group(message, known).await? {
                GroupMembers::Surely(members) => members,
                GroupMembers::Unknown(reason) => return Ok(MessageClass::Missed(reason)),
                GroupMembers::Unsaid => {
                    let (group, now) = (&message.conversation, self.clock.now());
                    let reason = self.names.looks.gives_up(group, candidate.listed, now);
                    return Ok(reason.map_or(MessageClass::Later, MessageClass::Missed));
                }
                GroupMembers::Later => return Ok(MessageClass::Later),
            },
        };
        if !known.is_formal(&recipients, &message.text) {
            let waits = known.waits_for_a_name(&message.text);
            return Ok(if waits { MessageClass::Later } else { MessageClass::Informal });
        }
        let large =
            RECORD_BYTES_MAX < message.record.len() as u64 || content::CONTENT_BYTES_MAX / 2 < message.text.len();
        if large || envelope::RECIPIENTS_MAX < recipients.len() {
            return Ok(MessageClass::Missed(TOO_LARGE));
        }
        let (mut to, now) = (Vec::new(), self.clock.now());
        for id in recipients {
            to.push(self.names.account(&*self.platform, &self.store, id, now).await?);
        }
        Ok(MessageClass::Formal { to })
    }

    /// The members of a group, asked once for all messages that are dealt with together: X allows few such calls.
    async fn group(&mut self, message: &Message, known: &Known) -> Result<GroupMembers, TaskError> {
        if let Some(members) = self.groups.get(&message.conversation) {
            return Ok(members.clone());
        }
        let members = self.look_into(message, known).await?;
        self.groups.insert(message.conversation.clone(), members.clone());
        Ok(members)
    }

    async fn look_into(&mut self, message: &Message, known: &Known) -> Result<GroupMembers, TaskError> {
        let (group, now) = (&message.conversation, self.clock.now());
        if self.names.looks.is_early(group, now) {
            return Ok(GroupMembers::Unsaid);
        }
        let members = match self.platform.participants(group).await {
            Ok(participants) => self.combine(group, participants, known).await?,
            Err(PlatformError::Refused { what }) => {
                warn!(message.id = %message.id, what, "a message waits: the participants of its group cannot be read");
                self.names.looks.failed(group, what, GROUP_UNREADABLE, now);
                return Ok(GroupMembers::Unsaid);
            }
            Err(error) => {
                warn!(message.id = %message.id, error = %error, "a message waits: who is in its group cannot be asked now");
                return Ok(GroupMembers::Later);
            }
        };
        if let GroupMembers::Unsaid = members {
            warn!(message.id = %message.id, "a message waits: {UNREAD}");
            self.names.looks.failed(group, UNREAD.to_owned(), GROUP_UNREAD, now);
        } else {
            self.names.looks.succeeded(group);
        }
        Ok(members)
    }

    /// Who is in a group: those whom the platform surely shows all, or those who surely were all before, with who came
    /// and went since, if all of that can be read. Anything else may be too few, and no note is made of it.
    async fn combine(
        &self,
        group: &ConversationId,
        listed: Participants,
        known: &Known,
    ) -> Result<GroupMembers, TaskError> {
        let now = self.clock.now();
        let mut accounts = if listed.complete {
            listed.accounts
        } else {
            let shown = -SKEW_MS_MAX..SHOWN_MS;
            let before = self.store.members(group).await?.filter(|before| shown.contains(&now.ms_since(before.at)));
            let is_known = before.is_some();
            let after = |before: Members| listed.after(before.accounts.into_iter().chain([known.me.id]), before.at);
            match before.and_then(after) {
                Some(accounts) => accounts,
                // It is older than what the platform keeps, and another look would show the same.
                None if listed.is_read && !is_known => return Ok(GroupMembers::Unknown(GROUP_INCOMPLETE)),
                None => return Ok(GroupMembers::Unsaid),
            }
        };
        accounts.retain(|id| *id != known.me.id);
        accounts.sort_unstable();
        accounts.dedup();
        if accounts.is_empty() {
            return Ok(GroupMembers::Unknown(GROUP_UNREADABLE));
        }
        // A crash after this leaves what is true of the group, and nothing else to be done.
        self.store.keep_members(group, Members { accounts: accounts.clone(), at: now }).await?;
        Ok(GroupMembers::Surely(accounts))
    }
}

impl Known {
    /// Whether the text is that of a formal message to this account, or to a group, as far as that is known.
    pub(super) fn says_formal(&self, text: &str, to: Option<AccountId>) -> bool {
        let may_be_for = |ids: &[AccountId], waits: bool| to.is_none_or(|to| waits || ids.contains(&to));
        self.rules.iter().any(|rule| may_be_for(&rule.ids, rule.waits) && rule.formal.is_met(text))
    }

    /// Whether a message to these accounts with this text is formal by any of the rules.
    fn is_formal(&self, to: &[AccountId], text: &str) -> bool {
        self.rules.iter().any(|rule| to.iter().any(|id| rule.ids.contains(id)) && rule.formal.is_met(text))
    }

    /// Whether a rule would call this text formal if it is to somebody who is not known yet.
    fn waits_for_a_name(&self, text: &str) -> bool {
        self.rules.iter().any(|rule| rule.waits && rule.formal.is_met(text))
    }
}
