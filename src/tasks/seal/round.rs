//! One round, which begins at each poll: what is new; if that cannot be read to its end now, the conversations of those
//! whom the rules name; and then parts of the list that were left unread.

use std::collections::VecDeque;
use std::time::Duration;

use tracing::info;

use super::listing::{Listing, Place};
use super::{Known, RETENTION, Watcher};
use crate::base::ids::MessageId;
use crate::base::time::Time;
use crate::platform::Error as PlatformError;
use crate::store::{Unread, WhyUnread};
use crate::tasks::task::{Next, Task, TaskError, ms};

/// X counts calls in windows of this length. So many calls are left for what is new while parts are read.
pub(super) const WINDOW: Duration = Duration::from_secs(900);
const LEFT_FOR_NEW_MAX: u64 = 10;

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
    pub(super) error: Option<PlatformError>,
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

    /// Whether so many calls are left that what is new can be read as well.
    pub(super) async fn has_room_for_parts(&self) -> bool {
        let poll = self.settings.poll.as_millis().max(1);
        let needed = u64::try_from(WINDOW.as_millis().div_ceil(poll)).unwrap_or(u64::MAX).min(LEFT_FOR_NEW_MAX);
        self.platform.messages_left().await.is_none_or(|left| needed < left)
    }
}

/// The number to which a listing goes down for everything that may be listed late.
pub(super) fn below(moment: Time) -> MessageId {
    MessageId::first_at(moment.plus_ms(-ms(super::listing::LATE)))
}
