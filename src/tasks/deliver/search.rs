//! A search for a message in its conversation that reaches back to the first attempt, however much was written since: the
//! place is kept from look to look, so that each look reads a few pages.
//!
//! What a search does not show was not there when it began. So a search that shall show that a message is absent begins
//! when the message can no longer appear; before that only the newest messages are read, again and again. A crash
//! during a search loses the place, and the search begins anew.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::base::clock::Reading;
use crate::base::ids::{AccountId, MessageId};
use crate::base::time::Time;
use crate::platform::{Addressee, Error as PlatformError, Message, MessagePage, PageToken, Platform, Unreadable};
use crate::store::Store;
use crate::tasks::task::{TaskError, ms};

/// Number of messages on the pages of a look at the newest ones: most messages are found at once, and each one that is
/// read is paid for.
const NEWEST: [u32; 3] = [5, 20, 100];

/// Number of messages on each page of a search, and number of pages that a look reads. X allows 15 calls in 15 minutes.
const PAGE: u32 = 100;
const PAGES_A_LOOK: usize = 3;

/// Number of pages that a look reads of the list of all conversations, whose calls are needed for sealing.
const PAGES_A_LOOK_OF_ALL: usize = 1;

/// Number of pages one after another that may bring nothing older: then the list goes in circles.
const PAGES_WITHOUT_NEWS_MAX: u32 = 3;

/// Number of failures one after another at the same place, after which the search begins anew.
const FAILURES_MAX: u32 = 5;

/// How far back the platform lists messages. X says 30 days (docs.x.com, x-api/direct-messages/lookup/introduction); a
/// day less is believed.
const LISTED: Duration = Duration::from_secs(29 * 86_400);

/// A search that goes on.
pub(super) struct Search {
    /// When it began.
    asked: Reading,
    /// Number of messages to ask for on a page: less than usual once an answer was too large.
    size: u32,
    next: Option<PageToken>,
    /// The oldest message that was read.
    oldest: Option<MessageId>,
    without_news: u32,
    failures: u32,
    /// What was listed, cannot be read, and may be the message: why it cannot be read.
    suspect: Option<String>,
}

/// What is looked for, where, and since when.
pub(super) struct Target<'a> {
    /// To whom it goes.
    pub(super) to: &'a Addressee,
    /// What it says. Private.
    pub(super) text: &'a str,
    /// Our own account.
    pub(super) me: AccountId,
    /// With whom the conversation is. None for the list of all conversations.
    pub(super) with: Option<AccountId>,
    /// The message cannot be older.
    pub(super) from: MessageId,
    /// The message cannot be newer.
    pub(super) until: MessageId,
}

/// How far a look has brought a search.
pub(super) enum Progress {
    /// The message is there.
    Found(MessageId),
    /// All was read, and it is not there.
    Absent,
    /// There is more to read.
    More,
    /// The platform does not list any more what was written then.
    TooLate,
}

impl Search {
    /// Nothing was read yet.
    pub(super) fn begin(asked: Reading) -> Search {
        Search { asked, size: PAGE, next: None, oldest: None, without_news: 0, failures: 0, suspect: None }
    }

    /// When it began: what it does not show was not there then.
    pub(super) fn asked(&self) -> Reading {
        self.asked
    }

    /// Reads the newest messages.
    pub(super) async fn newest(
        &mut self,
        platform: &dyn Platform,
        store: &Store,
        target: &Target<'_>,
    ) -> Result<Progress, TaskError> {
        self.pages(platform, store, target, &NEWEST).await
    }

    /// Reads on, as far as one look goes.
    pub(super) async fn go_on(
        &mut self,
        platform: &dyn Platform,
        store: &Store,
        target: &Target<'_>,
    ) -> Result<Progress, TaskError> {
        let pages = if target.with.is_some() { PAGES_A_LOOK } else { PAGES_A_LOOK_OF_ALL };
        let read = self.pages(platform, store, target, &[self.size; PAGES_A_LOOK][..pages]).await;
        match &read {
            // The mark of the place is not valid any more, or never leads on.
            Err(TaskError::Platform(PlatformError::Refused { .. } | PlatformError::TokenRefused { .. }))
                if self.next.is_some() =>
            {
                self.anew();
            }
            Err(TaskError::Platform(PlatformError::TooLarge { .. })) => self.size = (self.size / 2).max(1),
            Err(TaskError::Platform(PlatformError::Unavailable { .. })) => {
                self.failures += 1;
                if FAILURES_MAX <= self.failures {
                    self.anew();
                }
            }
            _ => self.failures = 0,
        }
        read
    }

    /// Begins again at the newest message. It still shows what was not there when it began first.
    fn anew(&mut self) {
        *self = Search { size: self.size, ..Search::begin(self.asked) };
    }

    async fn pages(
        &mut self,
        platform: &dyn Platform,
        store: &Store,
        target: &Target<'_>,
        sizes: &[u32],
    ) -> Result<Progress, TaskError> {
        for size in sizes {
            let MessagePage { messages, unreadable, next, .. } = match target.with {
                Some(account) => platform.messages_with(account, *size, self.next.as_ref()).await?,
                None => platform.messages(*size, self.next.as_ref()).await?,
            };
            // The oldest that is not known to be another message of ours.
            for found in messages.iter().rev().filter(|found| target.is_it(found)) {
                if !store.is_sent(found.id).await? {
                    return Ok(Progress::Found(found.id));
                }
            }
            let odd = unreadable.iter().find(|odd| target.may_be(odd));
            self.suspect = self.suspect.take().or_else(|| odd.map(|odd| odd.why.clone()));
            let ids: BTreeSet<MessageId> = messages.iter().map(|message| message.id).collect();
            let (first, is_over) = (ids.first().copied(), ids.first().is_some_and(|first| *first < target.from));
            if is_over || next.is_none() {
                return self.end(target, is_over);
            }
            self.keep_place(first, next)?;
        }
        Ok(Progress::More)
    }

    /// Keeps the place. The list ends by our rule, and not by the platform's: it must lead to older messages.
    fn keep_place(&mut self, first: Option<MessageId>, next: Option<PageToken>) -> Result<(), PlatformError> {
        let is_news = first.is_some_and(|first| self.oldest.is_none_or(|oldest| first < oldest));
        self.without_news = if is_news { 0 } else { self.without_news + 1 };
        if PAGES_WITHOUT_NEWS_MAX <= self.without_news {
            self.anew();
            return Err(PlatformError::Unavailable { what: "the list of messages goes in circles".to_owned() });
        }
        self.oldest = self.oldest.into_iter().chain(first).min();
        self.next = next;
        Ok(())
    }

    /// What it shows that all was read. `is_past`: messages were listed that are older than the message can be.
    fn end(&mut self, target: &Target<'_>, is_past: bool) -> Result<Progress, TaskError> {
        if let Some(why) = self.suspect.take() {
            self.anew();
            let what = format!("a message of that time cannot be read, and may be the one: {why}");
            let remedy = "it is not sent again before that message can be read: look into the conversation yourself";
            return Err(PlatformError::Doubtful { what, remedy: remedy.to_owned() }.into());
        }
        let is_listed = self.asked.wall.plus_ms(-ms(LISTED)) <= target.from.moment();
        Ok(if is_past || is_listed { Progress::Absent } else { Progress::TooLate })
    }
}

impl Target<'_> {
    /// Whether this is the message: ours, with its words, in its conversation, and not older than the first attempt.
    fn is_it(&self, found: &Message) -> bool {
        let is_there = match self.to {
            Addressee::Account(_) => true,
            Addressee::Conversation(id) => found.conversation == *id,
        };
        self.from <= found.id && found.sender == self.me && found.text == self.text && is_there
    }

    /// Whether something that cannot be read may be the message.
    fn may_be(&self, odd: &Unreadable<MessageId>) -> bool {
        odd.id.is_none_or(|id| self.from <= id && id <= self.until)
    }
}

/// The last message that an attempt can have made that was written down at `last`, if our clock and the platform's
/// differ by `clocks_differ` at most.
pub(super) fn newest_of(last: Time, timeout: Duration, clocks_differ: Duration) -> MessageId {
    MessageId::first_at(last.plus_ms(ms(timeout)).plus_ms(ms(clocks_differ)))
}
