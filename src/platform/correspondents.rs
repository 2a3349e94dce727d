//! What the platform shows of those whom messages go to: their accounts, and the conversations with them.

use super::{PageToken, Unreadable};
use crate::base::ids::{Account, AccountId, ConversationId, MessageId};
use crate::note::recipient::RecipientRecord;

/// What the platform says of an account that messages go to.
#[derive(Clone, PartialEq, Eq)]
pub enum Recipient {
    /// The account, which is the one that was asked for.
    Shown {
        /// Its identifier and its name.
        account: Account,
        /// What the record says of messages from ours.
        says: RecipientRecord,
        /// The platform's own JSON of the account, byte for byte.
        record: Vec<u8>,
    },
    /// There is none.
    Absent,
    /// There is one, and the platform has suspended it.
    Suspended,
}

/// A conversation as the platform's list for encrypted messages shows it. That list has the unencrypted ones too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedConversation {
    /// Which it is: that of two accounts, or `g` and a number.
    pub id: ConversationId,
    /// Who is in a group, as far as the list says. Of a conversation of two, these two.
    pub members: Vec<AccountId>,
    /// After how many milliseconds its messages disappear. None if they do not.
    pub ttl_ms: Option<u64>,
    /// The newest message that somebody was notified of. None if the list names none.
    pub newest: Option<MessageId>,
    /// Whether the list itself shows that the conversation has a key.
    pub has_key: bool,
}

/// One page of conversations, the one in which something happened last first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationPage {
    /// The conversations of this page.
    pub conversations: Vec<ListedConversation>,
    /// What else it lists, and cannot be read: it may be a conversation with a correspondent.
    pub unreadable: Vec<Unreadable<ConversationId>>,
    /// Where the next page begins. None at the end.
    pub next: Option<PageToken>,
}
