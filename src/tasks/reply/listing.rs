//! Reading the list of mentions, newest first, down to those that have been dealt with.

use std::collections::BTreeMap;
use std::time::Duration;

use super::limits::Tally;
use crate::base::ids::{AccountId, Channel, PostId};
use crate::base::time::Time;
use crate::platform::{Error as PlatformError, Mention, Pages, Platform, Turn};
use crate::store::Store;
use crate::tasks::task::{TaskError, ms};

/// How far below the known mentions each listing reads again: a mention may be listed later than one that was made
/// after it.
const LATE: Duration = Duration::from_secs(15 * 60);

/// The smallest and the largest page that the platform gives.
const PAGE: (u32, u32) = (5, 100);

/// Most pages of one listing. The platform keeps 800 mentions, and gives at least five on a page.
const PAGES_MAX: usize = 200;

/// Most empty pages in a row.
const EMPTY_MAX: usize = 3;

/// A listing that is not finished.
pub(super) struct Listing {
    /// Mentions up to this one are not listed.
    after: PostId,
    pages: Pages,
    newest: Option<PostId>,
    found: BTreeMap<PostId, Mention>,
}

/// How a page ended the listing, if it did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ListingEnd {
    /// There are older pages to read.
    More,
    /// All that is new has been found.
    Complete,
    /// The day's money is not enough for another page: older mentions may be left, and are read when there is more.
    Poor,
    /// There were more pages than the platform can have: what else it names is nothing that it keeps.
    TooMany,
    /// The list says the same again and again: what else there may be cannot be read.
    Repeats,
    /// The platform does not take its own mark of the next page: older mentions may be left, and are asked for anew.
    Refused,
}

impl ListingEnd {
    /// What the operator has to know. None if all is well.
    pub(super) fn told(self) -> Option<&'static str> {
        match self {
            ListingEnd::More | ListingEnd::Complete => None,
            ListingEnd::Poor => Some("the day's money for mentions is spent: older ones wait for the next hour"),
            ListingEnd::TooMany => Some(
                "the list of mentions does not end: what was read of it is dealt with, and older ones may be missed",
            ),
            ListingEnd::Repeats => Some(
                "the list of mentions repeats itself: what was read of it is dealt with, and older ones may be missed",
            ),
            ListingEnd::Refused => {
                Some("the platform refuses its own mark of the next page of mentions: older ones are asked for again")
            }
        }
    }
}

impl Listing {
    /// Begins at the newest mention. Mentions up to `start` are never answered; mentions up to `read` have been dealt
    /// with.
    pub(super) fn begin(start: PostId, read: PostId) -> Listing {
        let after = Channel::X.first_at(Channel::X.moment(read).plus_ms(-ms(LATE))).max(start);
        Listing { after, pages: Pages::new(PAGES_MAX, EMPTY_MAX), newest: None, found: BTreeMap::new() }
    }

    /// Reads the next page. Our own posts, and mentions that have been dealt with, are left out.
    pub(super) async fn read(
        &mut self,
        platform: &dyn Platform,
        store: &Store,
        tally: &mut Tally,
        me: AccountId,
        now: Time,
    ) -> Result<ListingEnd, TaskError> {
        let Some(size) = tally.readable(PAGE.0, PAGE.1, now) else { return Ok(ListingEnd::Poor) };
        let page = match platform.mentions(self.after, size, self.pages.next()).await {
            Err(PlatformError::TokenRefused { .. } | PlatformError::Refused { .. }) if self.pages.next().is_some() => {
                return Ok(ListingEnd::Refused);
            }
            page => page?,
        };
        let listed = page.mentions.iter().map(|mention| mention.id);
        let odd = page.unreadable.iter().filter_map(|one| one.id).filter(|id| Channel::X.moment(*id) <= now);
        self.newest = self.newest.into_iter().chain(listed.clone()).chain(odd).max();
        let turn = self.pages.take(listed.map(|id| id.0), &page.unreadable, page.next);
        page.mentions.iter().for_each(|mention| tally.read(mention.id));
        page.unreadable.iter().for_each(|one| tally.read_unreadable(one.sha256));
        let unheard =
            store.unhandled_mentions(&page.mentions.iter().map(|mention| mention.id).collect::<Vec<_>>()).await?;
        let mentions = page.mentions.into_iter();
        let new = mentions.filter(|it| it.author != me && self.after < it.id && unheard.contains(&it.id));
        self.found.extend(new.map(|mention| (mention.id, mention)));
        Ok(match turn {
            Turn::More => ListingEnd::More,
            Turn::End => ListingEnd::Complete,
            Turn::Repeats => ListingEnd::Repeats,
            Turn::TooMany => ListingEnd::TooMany,
        })
    }

    /// What was found, oldest first, and the newest that was listed.
    pub(super) fn into_found(self) -> (impl Iterator<Item = Mention>, Option<PostId>) {
        (self.found.into_values(), self.newest)
    }
}
