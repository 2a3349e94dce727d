//! Reading the list of messages, newest first, down to a message that has been known for a while.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{RETENTION, WatchContext, Watcher};
use crate::base::clock::Clock;
use crate::base::ids::MessageId;
use crate::base::time::Time;
use crate::platform::{Error as PlatformError, Message, PageToken, Platform};
use crate::store::{Gap, Store};
use crate::tasks::task::{Task, TaskError, ms};

/// Number of messages to ask for on the first page, the second, and all others: each one read is paid for.
const PAGE_SIZES: [u32; 3] = [5, 20, 100];

/// How far below the known messages each listing reads again: a message may be listed later than one that was sent
/// after it.
const LATE: Duration = Duration::from_secs(15 * 60);

/// Most pages and messages of one listing.
const PAGES_MAX: usize = 2_000;
const MESSAGES_MAX: usize = 50_000;

/// Why a period is entered as a gap: the last message seen is older than what the platform keeps.
const OLDER_THAN_KEPT: &str = "the platform keeps 30 days, and nothing was read for longer";

/// A message younger than this is surely still kept, whatever the clocks say and however the platform counts days.
const SURELY_KEPT: Duration = Duration::from_secs(29 * 86_400);

/// Why a period is entered as a gap: messages of the last 30 days are missing from the list.
const NO_LONGER_LISTED: &str = "the platform no longer lists the messages seen before";

/// A listing that is not finished.
pub(super) struct Listing {
    /// Messages up to this number are not sealed.
    start: MessageId,
    /// Whether to read further than the known messages, as far as the platform keeps messages.
    deep: bool,
    newest_seen: Option<MessageId>,
    /// Everything up to this moment has been dealt with.
    dealt_with: Time,
    /// When it began.
    pub(super) begun: Time,
    /// It may end at a known message that is older than this.
    horizon: MessageId,
    /// Whether any known message has been listed.
    met_known: bool,
    /// Number of messages to ask for first, and the largest number.
    first_size: u32,
    size_max: u32,
    pages: usize,
    next: Option<PageToken>,
    found: BTreeMap<MessageId, (Message, Time)>,
}

/// How a page ended the listing, if it did.
pub(super) enum ListingEnd {
    /// There are older pages to read.
    More,
    /// All that is new has been found.
    Complete,
    /// The list ended before a known message: something may be missing.
    Broken(Gap),
}

impl Listing {
    /// Begins at the newest message. `began` is when the program started, by the earlier of the two clocks. `looked` is
    /// when the last listing began, if the program has made one since its start.
    pub(super) async fn begin(
        store: &Store,
        context: &WatchContext,
        began: Time,
        looked: Option<Time>,
        now: Time,
    ) -> Result<Listing, TaskError> {
        let start = match (store.started().await?, context.backfill) {
            (Some(start), false) => start,
            (None, false) => store.start_at(MessageId::first_at(began)).await?,
            (_, true) => store.start_at(MessageId::first_at(began.plus_ms(-ms(RETENTION)))).await?,
        };
        let newest_seen = store.newest_seen().await?;
        let read = store.task_done(Watcher::NAME).await?.unwrap_or(moment(start));
        let dealt_with = newest_seen.map_or(read, |newest| read.max(moment(newest)));
        let known_until = looked.or(newest_seen.map(moment)).unwrap_or(now).min(now);
        let horizon = MessageId::first_at(known_until.plus_ms(-ms(LATE)));
        // The period between the horizon and now is asked for with one call, because X allows few.
        let recent = u32::try_from(store.seen_after(horizon).await?).unwrap_or(u32::MAX);
        let size_max = PAGE_SIZES[PAGE_SIZES.len() - 1];
        let first_size = recent.saturating_add(PAGE_SIZES[0]).min(size_max);
        Ok(Listing {
            start,
            deep: context.backfill,
            newest_seen,
            dealt_with,
            begun: now,
            horizon,
            met_known: false,
            first_size,
            size_max,
            pages: 0,
            next: None,
            found: BTreeMap::new(),
        })
    }

    /// Reads the next page.
    pub(super) async fn read(
        &mut self,
        platform: &dyn Platform,
        store: &Store,
        clock: &Clock,
    ) -> Result<ListingEnd, TaskError> {
        let size = PAGE_SIZES[self.pages.min(PAGE_SIZES.len() - 1)];
        let size = if self.pages == 0 { self.first_size } else { size }.min(self.size_max);
        let page = match platform.messages(size, self.next.as_ref()).await {
            // A page of long messages may be too large to be read, or too slow: the next attempt asks for fewer.
            Err(error @ PlatformError::Unavailable { .. }) => {
                self.size_max = (size / 2).max(1);
                return Err(error.into());
            }
            answer => answer?,
        };
        let now = clock.now();
        self.pages += 1;
        self.next = page.next;
        let listed = page.messages.len();
        let oldest = page.messages.iter().map(|message| message.id).min();
        let unseen = store.unseen(&page.messages.iter().map(|message| message.id).collect::<Vec<_>>()).await?;
        let mut reached_start = false;
        for message in page.messages {
            if message.id <= self.start {
                reached_start = true;
            } else if unseen.contains(&message.id) {
                self.found.insert(message.id, (message, now));
            }
        }
        self.met_known |= unseen.len() < listed;
        let ends = oldest.is_some_and(|oldest| oldest < self.horizon && !unseen.contains(&oldest));
        if (ends && !self.deep) || reached_start {
            return Ok(ListingEnd::Complete);
        }
        if self.next.is_none() {
            return if self.met_known || self.deep { Ok(ListingEnd::Complete) } else { self.ended(now) };
        }
        self.check_limits()?;
        Ok(ListingEnd::More)
    }

    /// What was found, oldest first.
    pub(super) fn into_queue(self) -> VecDeque<(Message, Time)> {
        self.found.into_values().collect()
    }

    /// The list ended without reaching the start or a known message. This is correct if the known messages are too old
    /// to be kept, and no unread message can be too old.
    fn ended(&self, now: Time) -> Result<ListingEnd, TaskError> {
        let surely_kept = now.plus_ms(-ms(SURELY_KEPT));
        match self.newest_seen.map(moment).filter(|newest| surely_kept < *newest) {
            Some(newest) => self.ended_early(newest),
            None if surely_kept < self.dealt_with => Ok(ListingEnd::Complete),
            None => Ok(ListingEnd::Broken(Gap { from: self.dealt_with, to: surely_kept, reason: OLDER_THAN_KEPT })),
        }
    }

    fn ended_early(&self, newest: Time) -> Result<ListingEnd, TaskError> {
        let oldest = self.found.keys().next().ok_or_else(|| PlatformError::Unavailable {
            what: format!(
                "it lists no message at all, though it listed one of {newest} before: either all were deleted, or they cannot be read"
            ),
        })?;
        Ok(ListingEnd::Broken(Gap { from: newest, to: moment(*oldest).max(newest), reason: NO_LONGER_LISTED }))
    }

    fn check_limits(&self) -> Result<(), TaskError> {
        if self.pages < PAGES_MAX && self.found.len() < MESSAGES_MAX {
            return Ok(());
        }
        Err(TaskError::Platform(PlatformError::NeedsPerson {
            what: format!("the list of new messages does not end: {} in {} pages", self.found.len(), self.pages),
            remedy: format!(
                "at most {MESSAGES_MAX} messages in {PAGES_MAX} pages are read at once: ask the platform why"
            ),
        }))
    }
}

/// When a message was sent, as its identifier says.
fn moment(message: MessageId) -> Time {
    message.moment()
}
