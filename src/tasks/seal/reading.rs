//! Reads one page of a listing, and does what follows from it: more pages, the end of the listing, or a part that is left
//! unread.

use tracing::warn;

use super::listing::{Listing, ListingEnd, Place, Purpose};
use super::round::{Stage, below};
use super::{Known, Watcher};
use crate::base::ids::MessageId;
use crate::base::time::Time;
use crate::platform::Error as PlatformError;
use crate::store::{Unread, WhyUnread};
use crate::tasks::task::{Next, TaskError, ms};

/// Most bytes of candidates in memory: then they are sealed before more is read.
const HAUL_BYTES_MAX: usize = 4 << 20;

/// Most dropped messages whose numbers wait to be written.
const DROPPED_MAX: usize = 20_000;

impl Watcher {
    /// Reads one page of a listing, and does what follows from it.
    pub(super) async fn read(&mut self, mut listing: Listing, known: &Known) -> Result<Next, TaskError> {
        let page = match listing.page(&*self.platform).await {
            Ok(page) => page,
            Err(error) => return self.cannot_read(listing, error),
        };
        let (now, before) = (self.clock.now(), listing.clone());
        let end = match self.take(&mut listing, page, known, now).await {
            Ok(end) => end,
            Err(error) => {
                // What was found on earlier pages and in other lists stays: only this page is read again.
                self.listing = Some(before);
                return Err(error);
            }
        };
        match end {
            ListingEnd::More => return self.read_on(listing, now).await,
            ListingEnd::Repeats => {
                let what = "the list of messages repeats itself, and cannot be read to its end";
                self.cannot_go_on(listing, None, what.to_owned());
            }
            ListingEnd::Barren => {
                let what = "page after page of the list of messages has none that can be read: it is read on later";
                let token = listing.token();
                self.cannot_go_on(listing, token, what.to_owned());
            }
            ListingEnd::Empty(newest) => {
                let what = format!(
                    "it lists no message at all, though it listed one of {newest} before: either all were deleted, or they \
                     cannot be read"
                );
                self.take_emptiness(now).await?;
                self.cannot_go_on(listing, None, what);
            }
            ListingEnd::Complete => self.finish(listing),
            ListingEnd::Broken(gap) => {
                warn!(from = %gap.from, to = %gap.to, gap.reason, "messages may have been missed: a gap is entered");
                self.haul.gap = Some(gap);
                self.finish(listing);
            }
        }
        Ok(Next::Now)
    }

    /// There are older pages: they are read next, unless what was found has waited long enough or is too much.
    async fn read_on(&mut self, listing: Listing, now: Time) -> Result<Next, TaskError> {
        let is_all = listing.place == Place::All;
        let is_again = matches!(&listing.purpose, Purpose::Part(part) if part.why != WhyUnread::Cut);
        let is_late = self.haul.since.is_some_and(|since| ms(self.settings.poll) <= now.ms_since(since));
        let is_full = HAUL_BYTES_MAX <= self.haul.bytes || DROPPED_MAX <= self.haul.dropped.len();
        let is_over = is_all && !is_again && !self.is_budget_left(now).await?;
        let is_part = matches!(listing.purpose, Purpose::Part(_));
        let has_room = !is_part || self.has_room_for_parts().await;
        // Of the rest of a conversation, one page in its turn.
        let is_turn_over = listing.purpose == Purpose::Rest;
        if is_late || is_full || is_over || !has_room || is_turn_over {
            let token = listing.token();
            self.cut(listing, token);
        } else {
            self.listing = Some(listing);
        }
        Ok(Next::Now)
    }

    /// A list is of no use now: what was found is dealt with, and conversations are read by themselves.
    fn cannot_go_on(&mut self, listing: Listing, token: Option<String>, what: String) {
        self.note_error(PlatformError::Unavailable { what });
        let is_part = matches!(listing.purpose, Purpose::Part(_));
        self.cut(listing, token);
        if is_part {
            self.set_stage(Stage::End);
        }
    }

    /// The next page cannot be read now.
    fn cannot_read(&mut self, listing: Listing, error: PlatformError) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let is_new = matches!(listing.purpose, Purpose::New | Purpose::Deep);
        let end = listing.begun.plus_ms(ms(self.settings.poll));
        match &error {
            PlatformError::WrongClock { .. } => return Err(error.into()),
            // The mark of a place in the list may no longer be valid: what was read is dealt with, with the conversations of
            // correspondents, and then the list is begun at the newest again.
            PlatformError::TokenRefused { .. } | PlatformError::Refused { .. } if listing.is_at_a_mark() => {
                let is_part = matches!(listing.purpose, Purpose::Part(_));
                self.cut(listing, None);
                if is_part {
                    // Begun at the newest again, it would come to the same mark: once in a round.
                    self.set_stage(Stage::End);
                }
                return Ok(Next::Now);
            }
            PlatformError::Wait { until, .. } if listing.place == Place::All => self.blocked = Some(*until),
            _ if is_new && now < end => {
                self.listing = Some(listing);
                return Err(error.into());
            }
            _ => {}
        }
        let ends_stage = matches!(error, PlatformError::Wait { .. });
        if let Place::All = listing.place {
            self.note_error(error);
        } else {
            warn!(error = %error, place = listing.place.kind(), "a conversation cannot be read now");
        }
        let (is_part, token) = (matches!(listing.purpose, Purpose::Part(_)), listing.token());
        self.cut(listing, token);
        if is_part {
            self.set_stage(Stage::End);
        } else if ends_stage && let Some(round) = self.round.as_mut().filter(|_| !is_new) {
            round.conversations.clear();
            round.is_refused = true;
        }
        Ok(Next::Now)
    }

    /// Keeps why the list cannot be read, for `status`; the log says it once.
    fn note_error(&mut self, error: PlatformError) {
        let told = error.to_string();
        if self.told.as_ref() != Some(&told) {
            warn!(error = %error, "the list of messages cannot be read to its end now");
            self.told = Some(told);
        }
        if let Some(round) = &mut self.round {
            round.error.get_or_insert(error);
        }
    }

    /// A listing is complete.
    fn finish(&mut self, listing: Listing) {
        match listing.purpose.clone() {
            Purpose::New | Purpose::Deep => {
                self.spans.read_after(listing.floor);
                self.context.backfill = false;
                self.note_looked(&listing);
                (self.blocked, self.told) = (None, None);
                if let Some(round) = &mut self.round {
                    round.is_complete = true;
                }
                self.set_stage(Stage::Conversations);
                self.begin_flush();
            }
            Purpose::Part(part) => {
                if let WhyUnread::Again(id) = part.why {
                    self.rejudged = Some(id);
                }
                self.spans.remove(&part);
                self.begin_flush();
            }
            Purpose::Conversation | Purpose::Rest => self.places.finish(listing),
        }
    }

    /// A listing ends before it is complete: what was found is dealt with, and the rest stays as a part, to be gone on
    /// with at `token`.
    fn cut(&mut self, listing: Listing, token: Option<String>) {
        if listing.is_of_a_conversation() {
            self.places.cut(listing, token);
            if HAUL_BYTES_MAX <= self.haul.bytes {
                self.begin_flush();
            }
            return;
        }
        let Some(oldest) = listing.oldest else { return self.cut_without_a_number(listing, token) };
        match listing.purpose.clone() {
            Purpose::Part(part) => {
                self.spans.remove(&part);
                self.spans.add(Unread { before: part.before.min(oldest), token, ..part });
                self.begin_flush();
            }
            _ => {
                self.spans.read_after(MessageId(oldest.0.saturating_sub(1)));
                self.spans.add(Unread { after: listing.floor, before: oldest, token, why: WhyUnread::Cut });
                self.note_looked(&listing);
                if let Some(round) = &mut self.round {
                    round.is_cut = true;
                }
                self.set_stage(Stage::Conversations);
                if HAUL_BYTES_MAX <= self.haul.bytes {
                    self.begin_flush();
                }
            }
        }
    }

    /// The same of a listing that has shown no number: all of it is unread, and its mark is where to go on.
    fn cut_without_a_number(&mut self, listing: Listing, token: Option<String>) {
        match listing.purpose.clone() {
            Purpose::Part(part) if part.token != token => {
                self.spans.remove(&part);
                self.spans.add(Unread { token, ..part });
            }
            Purpose::Part(_) | Purpose::Conversation | Purpose::Rest => {}
            Purpose::New | Purpose::Deep => {
                if token.is_some() {
                    let before = MessageId::first_at(listing.begun);
                    self.spans.add(Unread { after: listing.floor, before, token, why: WhyUnread::Cut });
                    self.note_looked(&listing);
                    self.round.iter_mut().for_each(|round| round.is_cut = true);
                }
                self.set_stage(Stage::Conversations);
            }
        }
        if HAUL_BYTES_MAX <= self.haul.bytes {
            self.begin_flush();
        }
    }

    /// Everything that was sent before a listing began is read, or lies in a part.
    fn note_looked(&mut self, listing: &Listing) {
        let begun = listing.begun;
        let listed = listing.newest.map_or(MessageId::first_at(begun), |newest| newest.max(MessageId::first_at(begun)));
        self.looked = Some((begun, listed));
        self.frontier = Some(below(begun));
    }
}

impl Place {
    fn kind(&self) -> &'static str {
        match self {
            Place::All => "all conversations",
            Place::With(_) => "the conversation with one account",
            Place::In(_) => "a group",
        }
    }
}
