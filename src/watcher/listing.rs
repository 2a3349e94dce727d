//! Reading the list of messages, newest first, down to the first one that is known.

use std::collections::{BTreeMap, VecDeque};

use super::RETENTION;
use crate::clock::Clock;
use crate::note::{MessageId, Snowflake};
use crate::pace::{Stop, ms};
use crate::platform::{Error as PlatformError, Message, PageToken, Platform};
use crate::store::{Gap, Store};
use crate::time::Time;

/// Messages asked for on the first page, the second, and all others: each one read is paid for.
const PAGE_SIZES: [u32; 3] = [5, 20, 100];

/// Pages and messages that one listing may have.
const PAGES_MAX: usize = 2_000;
const MESSAGES_MAX: usize = 50_000;

/// Why a period is entered as a gap: the last message seen is older than what the platform keeps.
const OLDER_THAN_KEPT: &str = "the platform keeps 30 days, and nothing was read for longer";

/// Why a period is entered as a gap: messages of the last 30 days have gone from the list.
const NO_LONGER_LISTED: &str = "the platform no longer lists the messages seen before";

/// A listing on its way.
pub(super) struct Listing {
    /// Nothing up to this number is sealed.
    start: MessageId,
    /// Whether to read on below what is known, as far as the platform keeps.
    deep: bool,
    newest_seen: Option<MessageId>,
    pages: usize,
    next: Option<PageToken>,
    found: BTreeMap<MessageId, (Message, Time)>,
}

/// How a page ended the listing, if it did.
pub(super) enum End {
    /// There are older pages to read.
    More,
    /// All that is new has been found.
    Complete,
    /// The list ended before a known message came: something may be missing.
    Broken(Gap),
}

impl Listing {
    /// Begins at the newest message. `began` is when the program started, by the earlier of the two clocks.
    pub(super) async fn begin(store: &Store, backfill: bool, began: Time) -> Result<Listing, Stop> {
        let start = match (store.started().await?, backfill) {
            (Some(start), false) => start,
            (None, false) => store.start_at(Snowflake::first_at(began)).await?,
            (_, true) => store.start_at(Snowflake::first_at(began.plus_ms(-ms(RETENTION)))).await?,
        };
        let newest_seen = store.newest_seen().await?;
        Ok(Listing { start, deep: backfill, newest_seen, pages: 0, next: None, found: BTreeMap::new() })
    }

    /// Reads the next page.
    pub(super) async fn read(&mut self, platform: &dyn Platform, store: &Store, clock: &Clock) -> Result<End, Stop> {
        let size = PAGE_SIZES[self.pages.min(PAGE_SIZES.len() - 1)];
        let page = platform.messages(size, self.next.as_ref()).await?;
        let now = clock.now();
        self.pages += 1;
        self.next = page.next;
        let listed = page.messages.len();
        let unseen = store.unseen(page.messages.iter().map(|message| message.id).collect()).await?;
        let mut reached_start = false;
        for message in page.messages {
            if message.id <= self.start {
                reached_start = true;
            } else if unseen.contains(&message.id) {
                self.found.insert(message.id, (message, now));
            }
        }
        let met_known = reached_start || unseen.len() < listed;
        if (met_known && !self.deep) || reached_start {
            return Ok(End::Complete);
        }
        if self.next.is_none() {
            return self.ended(met_known, now);
        }
        self.check_limits()?;
        Ok(End::More)
    }

    /// What was found, oldest first.
    pub(super) fn into_queue(self) -> VecDeque<(Message, Time)> {
        self.found.into_values().collect()
    }

    /// The list ended without reaching the start.
    fn ended(&self, met_known: bool, now: Time) -> Result<End, Stop> {
        let Some(newest_seen) = self.newest_seen.filter(|_| !met_known && !self.deep) else {
            return Ok(End::Complete);
        };
        let kept = now.ms_since(newest_seen.time()) < ms(RETENTION);
        match self.found.keys().next() {
            Some(oldest) => Ok(End::Broken(Gap {
                from: newest_seen.time(),
                to: oldest.time().max(newest_seen.time()),
                reason: if kept { NO_LONGER_LISTED } else { OLDER_THAN_KEPT },
            })),
            None if kept => Err(Stop::Platform(PlatformError::Unavailable {
                what: format!(
                    "it lists no message at all, though it listed one of {} before: either all were deleted, or they cannot be read",
                    newest_seen.time()
                ),
            })),
            None => Ok(End::Complete),
        }
    }

    fn check_limits(&self) -> Result<(), Stop> {
        if self.pages < PAGES_MAX && self.found.len() < MESSAGES_MAX {
            return Ok(());
        }
        Err(Stop::Platform(PlatformError::NeedsPerson {
            what: format!("the list of new messages does not end: {} in {} pages", self.found.len(), self.pages),
            remedy: format!(
                "at most {MESSAGES_MAX} messages in {PAGES_MAX} pages are read at once: ask the platform why"
            ),
        }))
    }
}
