//! Reading the list of mentions, newest first, down to those that have been dealt with.

use std::collections::BTreeMap;
use std::time::Duration;

use super::limits::Tally;
use crate::base::ids::{AccountId, Channel, PostId};
use crate::base::time::Time;
use crate::platform::{Mention, PageToken, Platform};
use crate::store::Store;
use crate::tasks::task::{TaskError, ms};

/// How far below the known mentions each listing reads again: a mention may be listed later than one that was made
/// after it.
const LATE: Duration = Duration::from_secs(15 * 60);

/// The smallest and the largest page that the platform gives.
const PAGE: (u32, u32) = (5, 100);

/// Most pages of one listing. The platform keeps 800 mentions, and gives at least five on a page.
const PAGES_MAX: usize = 200;

/// A listing that is not finished.
pub(super) struct Listing {
    /// Mentions up to this one are not listed.
    after: PostId,
    next: Option<PageToken>,
    pages: usize,
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
    /// The day's money is not enough for another page, or there were too many pages: older mentions may be left.
    Cut,
}

impl Listing {
    /// Begins at the newest mention. Mentions up to `start` are never answered; mentions up to `read` have been dealt
    /// with.
    pub(super) fn begin(start: PostId, read: PostId) -> Listing {
        let after = Channel::X.first_at(Channel::X.moment(read).plus_ms(-ms(LATE))).max(start);
        Listing { after, next: None, pages: 0, newest: None, found: BTreeMap::new() }
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
        let Some(size) = tally.readable(PAGE.0, PAGE.1, now).filter(|_| self.pages < PAGES_MAX) else {
            return Ok(ListingEnd::Cut);
        };
        let page = platform.mentions(self.after, size, self.next.as_ref()).await?;
        self.pages += 1;
        self.next = page.next;
        self.newest = self.newest.max(page.mentions.iter().map(|mention| mention.id).max());
        page.mentions.iter().for_each(|mention| tally.read(mention.id));
        let unheard =
            store.unhandled_mentions(&page.mentions.iter().map(|mention| mention.id).collect::<Vec<_>>()).await?;
        let mentions = page.mentions.into_iter();
        let new = mentions.filter(|it| it.author != me && self.after < it.id && unheard.contains(&it.id));
        self.found.extend(new.map(|mention| (mention.id, mention)));
        Ok(if self.next.is_some() { ListingEnd::More } else { ListingEnd::Complete })
    }

    /// What was found, oldest first, and the newest that was listed.
    pub(super) fn into_found(self) -> (impl Iterator<Item = Mention>, Option<PostId>) {
        (self.found.into_values(), self.newest)
    }
}
