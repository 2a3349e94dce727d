//! One round, which begins at each poll: what is new; if that cannot be read to its end now, the conversations of those
//! whom the rules name; and then parts of the list that were left unread.

use std::collections::VecDeque;
use std::time::Duration;

use tracing::{info, warn};

use super::listing::{Listing, ListingEnd, Place, Purpose};
use super::{Known, RETENTION, Watcher};
use crate::base::ids::MessageId;
use crate::base::time::Time;
use crate::platform::Error as PlatformError;
use crate::store::{Unread, WhyUnread};
use crate::tasks::task::{Next, Task, TaskError, ms};

/// X counts calls in windows of this length. So many calls are left for what is new while parts are read.
pub(super) const WINDOW: Duration = Duration::from_secs(900);
const LEFT_FOR_NEW_MAX: u64 = 10;

/// Most bytes of candidates in memory: then they are sealed before more is read.
const HAUL_BYTES_MAX: usize = 4 << 20;

/// Most dropped messages whose numbers wait to be written.
const DROPPED_MAX: usize = 20_000;

/// A round.
pub(super) struct Round {
    pub(super) begun: Time,
    stage: Stage,
    /// Whether all that is new has been read.
    pub(super) is_complete: bool,
    /// Whether a listing was cut in it.
    pub(super) is_cut: bool,
    /// Conversations that are still to be read in it.
    pub(super) conversations: VecDeque<Place>,
    /// Whether the platform allows no more of such calls now.
    pub(super) is_refused: bool,
    /// Why something could not be read.
    error: Option<PlatformError>,
}

/// What a round does now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    New,
    Conversations,
    Parts,
    End,
}

impl Round {
    /// Whether what is new is neither read nor in a part that is unread.
    pub(super) fn leaves_new_unread(&self) -> bool {
        !self.is_complete && !self.is_cut
    }
}

impl Watcher {
    /// Does the next thing of the round when no page is to be read and nothing is to be sealed.
    pub(super) async fn go_on(&mut self, known: &Known) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let Some(round) = &self.round else { return self.begin_round(known, now).await };
        match round.stage {
            Stage::New => self.list_new(known, now).await?,
            Stage::Conversations => self.list_conversation(now).await?,
            Stage::Parts => self.list_part(now).await?,
            Stage::End => {
                self.begin_flush();
                if !self.has_work() {
                    return self.end_round(now).await;
                }
            }
        }
        Ok(Next::Now)
    }

    async fn begin_round(&mut self, known: &Known, now: Time) -> Result<Next, TaskError> {
        self.budget(now).await?;
        if !self.is_confirmed {
            match self.confirm(now).await {
                Err(TaskError::Platform(error)) if !error.forbids_sealing() => {}
                confirmed => drop(confirmed?),
            }
        }
        if self.frontier.is_none() {
            let newest = self.store.newest_seen().await?.map(|newest| below(newest.moment()));
            self.frontier = newest.or(self.store.started().await?);
        }
        // What waits for a name or a group is tried again before anything else.
        self.groups.clear();
        self.queue.extend(std::mem::take(&mut self.held));
        if let Some(again) = self.store.next_rejudgement().await?
            && !self.spans.has_rejudgement(again.id)
        {
            info!(rejudgement = again.id, since = %again.since, "messages are judged again by the rules of today");
            let oldest = MessageId::first_at(again.since.max(now.plus_ms(-ms(RETENTION))));
            let (after, why) = (MessageId(oldest.0.saturating_sub(1)), WhyUnread::Again(again.id));
            self.spans.add(Unread { after, before: super::spans::TOP, token: None, why });
        }
        self.round = Some(Round {
            begun: now,
            stage: Stage::New,
            is_complete: false,
            is_cut: false,
            conversations: self.conversations(known).await?,
            is_refused: false,
            error: None,
        });
        Ok(Next::Now)
    }

    async fn list_new(&mut self, known: &Known, now: Time) -> Result<(), TaskError> {
        let is_left = self.is_budget_left(now).await?;
        let is_blocked = self.blocked.is_some_and(|until| now < until);
        if (is_left || self.frontier.is_none()) && !is_blocked {
            self.listing = Some(Listing::begin(&self.store, &self.context, known.began, self.looked, now).await?);
        } else {
            self.set_stage(Stage::Conversations);
        }
        Ok(())
    }

    async fn list_part(&mut self, now: Time) -> Result<(), TaskError> {
        let poll = ms(self.settings.poll);
        let is_late = self.round.as_ref().is_none_or(|round| poll <= now.ms_since(round.begun));
        let is_left = self.is_budget_left(now).await?;
        let part = self.spans.next().filter(|part| is_left || part.why != WhyUnread::Cut);
        let is_allowed = !is_late && self.has_room_for_parts().await;
        match part.filter(|_| is_allowed && self.blocked.is_none_or(|until| until <= now)) {
            Some(part) => {
                let start = self.store.started().await?.unwrap_or(MessageId(0));
                self.listing = Some(Listing::of_part(part.clone(), start, now));
            }
            None => self.set_stage(Stage::End),
        }
        Ok(())
    }

    /// Everything is dealt with that can be now: says what troubles it, and rests until the next poll.
    async fn end_round(&mut self, now: Time) -> Result<Next, TaskError> {
        let Some(round) = self.round.take() else { return Ok(Next::Now) };
        let next = round.begun.plus_ms(ms(self.settings.poll)).max(now.plus_ms(1));
        let told = self.trouble(&round, now).await?;
        match round.error {
            // What could not be read may be readable soon: it is not waited for longer than one poll.
            Some(error) => {
                self.store.report(Self::NAME, told, now).await?;
                let again = match error {
                    PlatformError::Wait { until, .. } => until,
                    error => self.backoff.after(&error, now),
                };
                Ok(Next::Wait(next.min(again)))
            }
            None => {
                self.backoff.succeeded();
                self.store.report_done(Self::NAME, told, now).await?;
                Ok(Next::Wait(next))
            }
        }
    }

    async fn trouble(&mut self, round: &Round, now: Time) -> Result<Option<String>, TaskError> {
        let mut told: Vec<String> = round.error.iter().map(PlatformError::to_string).collect();
        if !self.is_budget_left(now).await? {
            told.push(self.budget(now).await?.told(now));
        }
        let parts = self.spans.all().iter().filter(|part| part.why == WhyUnread::Cut);
        if let Some(oldest) = parts.clone().map(|part| part.after).min() {
            let newest = parts.map(|part| part.before).max().unwrap_or(oldest);
            told.push(format!(
                "the list of messages is not read from {} to {}: it is read on as fast as the platform allows\nmeanwhile the \
                 conversations of correspondents are read by themselves",
                oldest.moment(),
                newest.moment().min(now)
            ));
        }
        if !self.held.is_empty() {
            let waits = match self.held.len() {
                1 => "a message waits".to_owned(),
                count => format!("{count} messages wait"),
            };
            told.push(format!(
                "{waits} for what the platform has not said of the recipients\nthat is sealed as soon as it does"
            ));
        }
        if let Some(known) = &self.correspondents {
            told.extend(known.told());
        }
        told.extend(self.names.told());
        Ok((!told.is_empty()).then(|| told.join("\n")))
    }

    pub(super) fn set_stage(&mut self, stage: Stage) {
        if let Some(round) = &mut self.round {
            round.stage = stage;
        }
    }

    /// Reads one page of a listing, and does what follows from it.
    pub(super) async fn read(&mut self, mut listing: Listing, known: &Known) -> Result<Next, TaskError> {
        let page = match listing.page(&*self.platform).await {
            Ok(page) => page,
            Err(error) => return self.cannot_read(listing, error),
        };
        let now = self.clock.now();
        let end = match self.take(&mut listing, page, known, now).await {
            Ok(end) => end,
            Err(error) => {
                // Nothing of the listing is kept: it is read again.
                self.haul = Default::default();
                return Err(error);
            }
        };
        self.backoff.succeeded();
        match end {
            ListingEnd::More => return self.read_on(listing, now).await,
            ListingEnd::Repeats => {
                let what = "the list of messages repeats itself, and cannot be read to its end".to_owned();
                self.note_error(PlatformError::Unavailable { what });
                let is_part = matches!(listing.purpose, Purpose::Part(_));
                self.cut(listing, None);
                if is_part {
                    self.set_stage(Stage::End);
                }
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

    /// Whether so many calls are left that what is new can be read as well.
    async fn has_room_for_parts(&self) -> bool {
        let poll = self.settings.poll.as_millis().max(1);
        let needed = u64::try_from(WINDOW.as_millis().div_ceil(poll)).unwrap_or(u64::MAX).min(LEFT_FOR_NEW_MAX);
        self.platform.messages_left().await.is_none_or(|left| needed < left)
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
                self.cut(listing, None);
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
        let Some(oldest) = listing.oldest else {
            if listing.purpose == Purpose::New || listing.purpose == Purpose::Deep {
                self.set_stage(Stage::Conversations);
            }
            if let Purpose::Part(part) = listing.purpose.clone()
                && token.is_none()
                && part.token.is_some()
            {
                self.spans.remove(&part);
                self.spans.add(Unread { token, ..part });
            }
            if HAUL_BYTES_MAX <= self.haul.bytes {
                self.begin_flush();
            }
            return;
        };
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

/// The number to which a listing goes down for everything that may be listed late.
pub(super) fn below(moment: Time) -> MessageId {
    MessageId::first_at(moment.plus_ms(-ms(super::listing::LATE)))
}
