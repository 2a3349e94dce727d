//! Reading one list of messages, newest first, a page at a time, to an end that is ours to decide: the platform may
//! repeat a page or a mark for ever.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use super::spans::{Spans, TOP};
use super::{RETENTION, WatchContext, Watcher};
use crate::base::ids::{AccountId, ConversationId, MessageId};
use crate::base::time::Time;
use crate::platform::{Error as PlatformError, MessagePage, PageToken, Platform};
use crate::store::{Gap, Store, Unread, WhyUnread};
use crate::tasks::task::{Task, TaskError, ms};

/// Number of messages to ask for on the first page, the second, and all others: each one read is paid for.
const PAGE_SIZES: [u32; 3] = [5, 20, 100];
const SIZE_MAX: u32 = PAGE_SIZES[PAGE_SIZES.len() - 1];

/// How far below the known messages each listing reads again: a message may be listed later than one that was sent
/// after it.
pub(super) const LATE: Duration = Duration::from_secs(15 * 60);

/// Most pages that may follow each other without a message older than all before, and most of them without any.
const REPEATED_MAX: u32 = 2;
const EMPTY_MAX: u32 = 10;

/// Why a period is entered as a gap: the last message seen is older than what the platform keeps.
const OLDER_THAN_KEPT: &str = "the platform keeps 30 days, and nothing was read for longer";

/// A message younger than this is surely still kept, whatever the clocks say and however the platform counts days.
const SURELY_KEPT: Duration = Duration::from_secs(29 * 86_400);

/// Why a period is entered as a gap: messages of the last 30 days are missing from the list.
const NO_LONGER_LISTED: &str = "the platform no longer lists the messages seen before";

/// Which list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Place {
    /// All conversations.
    All,
    /// The conversation with this account.
    With(AccountId),
    /// This group.
    In(ConversationId),
}

/// What it is read for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    /// What is new, from the newest message down to those that are known.
    New,
    /// Everything that the platform keeps, at the first start.
    Deep,
    /// A part that was left unread.
    Part(Unread),
    /// What is new in one conversation, because not all of them are read to the end now.
    Conversation,
    /// What that conversation has older than what could be read of it at once.
    Rest,
}

/// What a conversation has older than what was read of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Rest {
    /// Down to this number.
    pub(super) floor: MessageId,
    /// The platform's mark of the place at which to go on.
    pub(super) token: String,
}

/// A listing that is not finished.
#[derive(Clone)]
pub(super) struct Listing {
    pub(super) place: Place,
    pub(super) purpose: Purpose,
    /// When it began.
    pub(super) begun: Time,
    /// Messages up to this number are not sealed.
    pub(super) start: MessageId,
    /// It may end at a message that is not newer than this.
    pub(super) floor: MessageId,
    /// A message up to this number that is known shows that all newer ones were listed.
    known_below: MessageId,
    newest_seen: Option<MessageId>,
    /// Everything up to this moment has been dealt with.
    dealt_with: Time,
    first_size: u32,
    size_max: u32,
    pages: usize,
    next: Option<PageToken>,
    marks: HashSet<String>,
    repeated: u32,
    empty: u32,
    met_known: bool,
    /// The oldest and the newest message that were listed so far.
    pub(super) oldest: Option<MessageId>,
    pub(super) newest: Option<MessageId>,
}

/// What a page says about the listing.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum ListingEnd {
    /// There are older pages to read.
    More,
    /// All that is new has been found.
    Complete,
    /// The list ended before a known message: something may be missing.
    Broken(Gap),
    /// The list says the same again and again: the rest cannot be read now.
    Repeats,
    /// So many pages follow each other without a message that more are not read now.
    Barren,
    /// The list has no message at all, though it had one of this moment before.
    Empty(Time),
}

impl Listing {
    /// Begins at the newest message. `looked` is when the last complete listing began, and the number up to which it has
    /// listed all, if the program has made one since its start.
    pub(super) async fn begin(
        store: &Store,
        context: &WatchContext,
        began: Time,
        looked: Option<(Time, MessageId)>,
        now: Time,
    ) -> Result<Listing, TaskError> {
        let start = match (store.started().await?, context.backfill) {
            (Some(start), false) => start,
            (None, false) => store.start_at(MessageId::first_at(began)).await?,
            (_, true) => store.start_at(MessageId::first_at(began.plus_ms(-ms(RETENTION)))).await?,
        };
        // What was sealed from a conversation read by itself shows nothing about this list.
        let newest_seen = match looked {
            Some((_, listed)) => store.seen_before(MessageId(listed.0.saturating_add(1))).await?,
            None => store.newest_seen().await?,
        };
        let read = store.task_done(Watcher::NAME).await?.unwrap_or(start.moment());
        // Of a list of which no message is known, all since the start is unread.
        let known_until = looked.map(|(begun, _)| begun).or(newest_seen.map(MessageId::moment));
        let known_until = known_until.unwrap_or(start.moment()).min(now);
        let horizon = MessageId::first_at(known_until.plus_ms(-ms(LATE)));
        // The period between the horizon and now is asked for with one call, because X allows few.
        let recent = u32::try_from(store.seen_after(horizon).await?).unwrap_or(u32::MAX);
        let is_deep = context.backfill && newest_seen.is_none();
        Ok(Listing {
            purpose: if is_deep { Purpose::Deep } else { Purpose::New },
            known_below: looked.map_or(TOP, |(_, listed)| listed),
            newest_seen,
            dealt_with: newest_seen.map_or(read, |newest| read.max(newest.moment())),
            first_size: recent.saturating_add(PAGE_SIZES[0]).min(SIZE_MAX),
            ..Listing::of(Place::All, Purpose::New, start, if is_deep { start } else { horizon.max(start) }, now)
        })
    }

    /// Begins with a part that was left unread.
    pub(super) fn of_part(part: Unread, start: MessageId, now: Time) -> Listing {
        let next = part.token.clone().map(PageToken);
        let floor = part.after.max(start);
        Listing { first_size: SIZE_MAX, next, ..Listing::of(Place::All, Purpose::Part(part), start, floor, now) }
    }

    /// Begins with one conversation, to be read down to `floor`.
    pub(super) fn of_conversation(place: Place, start: MessageId, floor: MessageId, now: Time) -> Listing {
        Listing::of(place, Purpose::Conversation, start, floor.max(start), now)
    }

    /// Goes on with a conversation where it was left.
    pub(super) fn of_rest(place: Place, rest: Rest, start: MessageId, now: Time) -> Listing {
        let (next, floor) = (Some(PageToken(rest.token)), rest.floor.max(start));
        Listing { first_size: SIZE_MAX, next, ..Listing::of(place, Purpose::Rest, start, floor, now) }
    }

    fn of(place: Place, purpose: Purpose, start: MessageId, floor: MessageId, now: Time) -> Listing {
        Listing {
            place,
            purpose,
            begun: now,
            start,
            floor,
            known_below: TOP,
            newest_seen: None,
            dealt_with: now,
            first_size: PAGE_SIZES[0],
            size_max: SIZE_MAX,
            pages: 0,
            next: None,
            marks: HashSet::new(),
            repeated: 0,
            empty: 0,
            met_known: false,
            oldest: None,
            newest: None,
        }
    }

    /// Asks for the next page.
    ///
    /// # Errors
    /// Those of the platform. An answer that is too large is asked for again in smaller pages, which become larger again
    /// with each page that can be read.
    pub(super) async fn page(&mut self, platform: &dyn Platform) -> Result<MessagePage, PlatformError> {
        loop {
            let size = PAGE_SIZES[self.pages.min(PAGE_SIZES.len() - 1)];
            let size = if self.pages == 0 { self.first_size } else { size }.min(self.size_max);
            let next = self.next.as_ref();
            let page = match &self.place {
                Place::All => platform.messages(size, next).await,
                Place::With(account) => platform.messages_with(*account, size, next).await,
                Place::In(group) => platform.messages_in(group, size, next).await,
            };
            match page {
                Err(PlatformError::TooLarge { .. }) if 1 < size => self.size_max = size / 2,
                Err(error) => return Err(error),
                Ok(page) => {
                    self.size_max = self.size_max.saturating_mul(2).min(SIZE_MAX);
                    return Ok(page);
                }
            }
        }
    }

    /// Whether the platform was asked to go on at a mark of its own.
    pub(super) fn is_at_a_mark(&self) -> bool {
        self.next.is_some()
    }

    /// Whether it is of one conversation, read by itself.
    pub(super) fn is_of_a_conversation(&self) -> bool {
        matches!(self.purpose, Purpose::Conversation | Purpose::Rest)
    }

    /// Where to go on.
    pub(super) fn token(&self) -> Option<String> {
        self.next.as_ref().map(|token| token.0.clone())
    }

    /// Takes note of a page of these messages, of which those in `unseen` were not dealt with before, and says whether
    /// it is the last.
    pub(super) async fn take(
        &mut self,
        ids: &[MessageId],
        next: Option<PageToken>,
        unseen: &BTreeSet<MessageId>,
        spans: &Spans,
        store: &Store,
        now: Time,
    ) -> Result<ListingEnd, TaskError> {
        self.pages += 1;
        let oldest = ids.iter().copied().min();
        let is_news = oldest.is_some_and(|oldest| self.oldest.is_none_or(|before| oldest < before));
        (self.repeated, self.empty) = match (is_news, oldest) {
            (true, _) => (0, 0),
            (false, None) => (self.repeated, self.empty + 1),
            (false, Some(_)) => (self.repeated + 1, self.empty),
        };
        let repeats =
            next.as_ref().is_some_and(|token| !self.marks.insert(token.0.clone())) || REPEATED_MAX <= self.repeated;
        let is_barren = EMPTY_MAX <= self.empty;
        self.next = next;
        self.oldest = self.oldest.into_iter().chain(oldest).min();
        self.newest = self.newest.into_iter().chain(ids.iter().copied()).max();
        self.met_known |= ids.iter().any(|id| *id <= self.known_below && !unseen.contains(id));
        let is_at_floor = oldest.is_some_and(|oldest| oldest < self.floor) && self.ends_at(oldest, unseen, spans);
        if is_at_floor || oldest.is_some_and(|oldest| oldest <= self.start) {
            return Ok(ListingEnd::Complete);
        }
        match self.next.is_none() {
            true => self.ended(store, now).await,
            false if !repeats && !is_barren => Ok(ListingEnd::More),
            false if self.met_known || self.is_of_a_conversation() => Ok(ListingEnd::Complete),
            false if repeats => Ok(ListingEnd::Repeats),
            false => Ok(ListingEnd::Barren),
        }
    }

    /// Whether it may end at a message below its floor.
    fn ends_at(&self, oldest: Option<MessageId>, unseen: &BTreeSet<MessageId>, spans: &Spans) -> bool {
        match self.purpose {
            Purpose::Part(_) | Purpose::Deep | Purpose::Rest => true,
            Purpose::New | Purpose::Conversation => oldest.is_some_and(|it| !unseen.contains(&it) || spans.has(it)),
        }
    }

    /// The list ended without reaching the start or a known message. This is correct if the known messages are too old
    /// to be kept, and no unread message can be too old.
    async fn ended(&self, store: &Store, now: Time) -> Result<ListingEnd, TaskError> {
        let surely_kept = now.plus_ms(-ms(SURELY_KEPT));
        let older = |from: Time| ListingEnd::Broken(Gap { from, to: surely_kept, reason: OLDER_THAN_KEPT });
        match &self.purpose {
            Purpose::Deep | Purpose::Conversation | Purpose::Rest => Ok(ListingEnd::Complete),
            Purpose::New if self.met_known => Ok(ListingEnd::Complete),
            Purpose::New => match self.newest_seen.map(MessageId::moment).filter(|newest| surely_kept < *newest) {
                Some(newest) => Ok(self.ended_early(newest)),
                None if surely_kept < self.dealt_with => Ok(ListingEnd::Complete),
                None => Ok(older(self.dealt_with)),
            },
            Purpose::Part(part) if part.why != WhyUnread::Cut || part.after <= self.start => Ok(ListingEnd::Complete),
            Purpose::Part(part) => {
                let known = store.seen_before(MessageId(part.after.0.saturating_add(1))).await?;
                match known.map(MessageId::moment).filter(|known| surely_kept < *known) {
                    Some(_) => Ok(self.ended_early(part.after.moment())),
                    None if surely_kept < part.after.moment() => Ok(ListingEnd::Complete),
                    None => Ok(older(part.after.moment())),
                }
            }
        }
    }

    /// The list ended above a message that was listed before.
    fn ended_early(&self, newest: Time) -> ListingEnd {
        match self.oldest {
            Some(oldest) => {
                ListingEnd::Broken(Gap { from: newest, to: oldest.moment().max(newest), reason: NO_LONGER_LISTED })
            }
            None => ListingEnd::Empty(newest),
        }
    }
}
