//! Reads a conversation back from its newest message, and no further than necessary: each message read is paid for.

use super::{Error, Message, Pages, Platform, Turn, Unreadable};
use crate::base::ids::{AccountId, MessageId};
use crate::base::time::Time;

/// The largest page that the platform gives.
const PAGE_MAX: u32 = 100;

/// Most empty pages in a row.
const EMPTY_MAX: usize = 3;

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
    /// What else is listed, and cannot be read.
    pub unreadable: Vec<Unreadable<MessageId>>,
    /// Whether it was read to the first page that is enough, or to its end. False if the most pages were read before, or the
    /// platform began to repeat itself.
    pub is_enough: bool,
}

impl Newest {
    /// Why nobody knows whether a message that was sent between these moments is there, although none was found. None if it
    /// surely is not: everything listed of that time can be read.
    pub fn doubt(&self, from: Time, to: Time) -> Option<Error> {
        let may_be = |one: &&Unreadable<MessageId>| one.id.is_none_or(|id| (from..=to).contains(&id.moment()));
        let one = self.unreadable.iter().find(may_be)?;
        let named = one.id.map(|id| format!(" {id}")).unwrap_or_default();
        let what = format!(
            "the message{named} in the conversation cannot be read, and may be the one that is looked for: {}",
            one.why
        );
        Some(Error::Unavailable { what })
    }
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
    let (mut messages, mut unreadable) = (Vec::new(), Vec::new());
    let mut pages = Pages::new(reach.pages_max, EMPTY_MAX);
    for page in 0..reach.pages_max {
        let size = reach.page_sizes.get(page).or(reach.page_sizes.last()).copied().unwrap_or(PAGE_MAX);
        let listed = match with {
            Some(account) => platform.messages_with(account, size, pages.next()).await?,
            None => platform.messages(size, pages.next()).await?,
        };
        let is_last = listed.messages.iter().fold(listed.next.is_none(), |last, message| last | is_enough(message));
        let turn = pages.take(listed.messages.iter().map(|message| message.id.0), &listed.unreadable, listed.next);
        messages.extend(listed.messages);
        unreadable.extend(listed.unreadable);
        if is_last {
            return Ok(Newest { messages, unreadable, is_enough: true });
        }
        if turn != Turn::More {
            break;
        }
    }
    Ok(Newest { messages, unreadable, is_enough: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hash::Hash;

    #[test]
    fn what_cannot_be_read_may_be_what_is_looked_for() {
        let at = |s: i64| Time::from_ms(1_800_000_000_000 + s * 1000);
        let listed = |ids: &[Option<i64>]| {
            let one = |s: &Option<i64>| Unreadable {
                id: s.map(|s| MessageId::first_at(at(s))),
                sha256: Hash::of(b"x"),
                why: "it has no valid `text`".to_owned(),
                is_elsewhere: false,
            };
            Newest { messages: Vec::new(), unreadable: ids.iter().map(one).collect(), is_enough: true }
        };
        assert_eq!(listed(&[]).doubt(at(0), at(9)), None);
        assert_eq!(listed(&[Some(-1), Some(10)]).doubt(at(0), at(9)), None, "of another time");
        for ids in [&[Some(-1), Some(0)][..], &[Some(9)], &[None]] {
            let Some(Error::Unavailable { what }) = listed(ids).doubt(at(0), at(9)) else { panic!("{ids:?}") };
            assert!(what.ends_with("it has no valid `text`"), "{what}");
        }
    }
}
