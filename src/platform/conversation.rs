//! Reads a conversation back from its newest message, and no further than necessary: each message read is paid for.

use super::{Error, Message, Platform};
use crate::base::ids::AccountId;

/// The largest page that the platform gives.
const PAGE_MAX: u32 = 100;

/// Most of a conversation that is read.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Number of messages to ask for on the first page, the second, and so on; the last number counts for all further
    /// pages.
    pub page_sizes: &'static [u32],
    /// Most pages.
    pub pages_max: usize,
}

/// What was read of a conversation.
pub struct Newest {
    /// The messages, the newest first.
    pub messages: Vec<Message>,
    /// Whether it was read to the first page that is enough, or to its end. False if the most pages were read before.
    pub is_enough: bool,
}

/// The newest messages of the conversation with one account, or of all conversations. Ends at the first page with a
/// message that `is_enough`.
///
/// # Errors
/// Those of the platform.
pub async fn newest(
    platform: &dyn Platform,
    with: Option<AccountId>,
    reach: Reach,
    mut is_enough: impl FnMut(&Message) -> bool,
) -> Result<Newest, Error> {
    let (mut messages, mut next) = (Vec::new(), None);
    for page in 0..reach.pages_max {
        let size = reach.page_sizes.get(page).or(reach.page_sizes.last()).copied().unwrap_or(PAGE_MAX);
        let listed = match with {
            Some(account) => platform.messages_with(account, size, next.as_ref()).await?,
            None => platform.messages(size, next.as_ref()).await?,
        };
        let is_last = listed.messages.iter().fold(listed.next.is_none(), |last, message| last | is_enough(message));
        messages.extend(listed.messages);
        next = listed.next;
        if is_last {
            return Ok(Newest { messages, is_enough: true });
        }
    }
    Ok(Newest { messages, is_enough: false })
}
