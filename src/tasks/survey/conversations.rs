//! Notices conversations with correspondents whose messages cannot be read: X moves conversations to its encrypted chat, and
//! their messages are then missing from the list that is sealed from, without an error.
//!
//! Three signs are looked for: an encrypted event, a message in the list of conversations that the list of messages does not
//! have, and a time after which messages disappear. How a conversation stands is kept together with the gap that follows
//! from it, so a crash leaves either both or none, and each gap is entered once: one as soon as a sign is seen, whose
//! reason begins with `since`, and one of the same beginning when the sign is gone. What cannot be seen changes nothing, and
//! is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::look::Look;
use super::{Correspondents, SurveySettings};
use crate::base::clock::Clock;
use crate::base::ids::MessageId;
use crate::base::time::{DAY_MS, Time};
use crate::platform::{Error as PlatformError, ListedConversation, Platform};
use crate::store::{Blindness, ConversationRow, Gap, Store};
use crate::tasks::rules::Rule;
use crate::tasks::task::{Backoff, Needs, Next, Task, TaskError, Wake, ms};

/// How long a message may be missing from the list of messages and still come: as long as the watcher reads back.
const LATE: Duration = Duration::from_secs(15 * 60);

/// Two lists may number one message this far apart.
const APART_MS: i64 = 60 * 1000;

/// While all is well, how a conversation stands is written once in this time.
const KEEP_MS: i64 = 60 * 60 * 1000;

/// What cannot be seen as long as X does not answer.
const CANNOT_BE_SEEN: &str = "whether conversations are encrypted cannot be seen";

/// What a person can do.
const REMEDY: &str = "what is written there is not sealed: write formal messages where they can be read";

/// How a conversation was found to be.
enum Sight {
    /// No message of it is missing.
    Readable,
    /// Messages of it are missed.
    Blind(Blindness),
    /// Its newest message may still be listed.
    Unsure,
}

/// The task that looks at conversations.
pub struct Conversations {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    settings: SurveySettings,
    rules: Vec<Rule>,
    backoff: Backoff,
    look: Option<Look>,
    /// When the events of each conversation were read last, and its newest message then.
    asked: BTreeMap<String, (Time, Option<MessageId>)>,
}

impl Task for Conversations {
    const NAME: &'static str = "conversations";
    const WAKE: Wake = Wake::Time;
    const NEEDS: Needs = Needs::Comparison;

    /// Reads one page, or checks one conversation. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        if step.is_err() {
            self.look = None;
        }
        self.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl Conversations {
    /// A task that has looked at nothing yet.
    pub fn new(
        platform: Arc<dyn Platform>,
        store: Store,
        clock: Clock,
        settings: SurveySettings,
        rules: Vec<Rule>,
    ) -> Conversations {
        let (look, asked) = (None, BTreeMap::new());
        Conversations { platform, store, clock, settings, rules, backoff: Backoff::new(), look, asked }
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        let mut look = match self.look.take() {
            Some(look) => look,
            None => match self.begin().await? {
                Some(look) => look,
                None => return Ok(Next::Wait(self.clock.now().plus_ms(ms(self.settings.conversations)))),
            },
        };
        if !look.is_listed() {
            let page = self.platform.conversations(look.next.as_ref()).await.map_err(unseen)?;
            look.take(page, self.clock.now());
        } else if let Some(listed) = look.next_to_check() {
            self.check(&mut look, listed).await?;
        } else {
            self.report(&look).await?;
            return Ok(Next::Wait(self.clock.now().plus_ms(ms(self.settings.conversations))));
        }
        self.look = Some(look);
        Ok(Next::Now)
    }

    /// A new look. None while nobody is known whose conversations could be looked for.
    async fn begin(&mut self) -> Result<Option<Look>, TaskError> {
        let Some(me) = self.store.own_account().await? else { return Ok(None) };
        let correspondents = Correspondents::of(&self.rules, &self.store).await?;
        Ok((!correspondents.accounts.is_empty()).then(|| Look::new(me.id, correspondents.accounts)))
    }

    /// Checks one conversation. If that cannot be done, it stands as it stood, and the others are checked all the same.
    async fn check(&mut self, look: &mut Look, listed: ListedConversation) -> Result<(), TaskError> {
        let rows = self.store.conversations().await?;
        let row = rows.into_iter().find(|row| row.id == listed.id);
        match self.see(&listed, row.as_ref()).await {
            Ok(sight) => self.keep(&listed, row, sight).await,
            Err(TaskError::Platform(error @ (PlatformError::Wait { .. } | PlatformError::NeedsPerson { .. }))) => {
                Err(unseen(error).into())
            }
            Err(TaskError::Platform(error)) => {
                warn!(conversation = %listed.id, %error, "a conversation cannot be checked");
                look.unseen.insert(format!("conversation {}: {error}", listed.id));
                Ok(())
            }
            Err(fatal) => Err(fatal),
        }
    }

    async fn see(&mut self, listed: &ListedConversation, row: Option<&ConversationRow>) -> Result<Sight, TaskError> {
        if listed.has_key || self.has_encrypted_event(listed, row).await? {
            return Ok(Sight::Blind(Blindness::Encrypted));
        }
        Ok(match self.misses(listed).await? {
            Some(true) => Sight::Blind(Blindness::Missing),
            _ if listed.ttl_ms.is_some() => Sight::Blind(Blindness::Disappearing),
            Some(false) => Sight::Readable,
            None => Sight::Unsure,
        })
    }

    /// Whether one of its newest events is encrypted. They are read when there is a newer message, once a day, and as long as
    /// one was encrypted.
    async fn has_encrypted_event(
        &mut self,
        listed: &ListedConversation,
        row: Option<&ConversationRow>,
    ) -> Result<bool, TaskError> {
        let now = self.clock.now();
        let was_encrypted = row.is_some_and(|row| matches!(row.blind, Some((Blindness::Encrypted, _))));
        let is_fresh = |(at, newest): &(Time, Option<MessageId>)| {
            *newest == listed.newest && (0..DAY_MS).contains(&now.ms_since(*at))
        };
        if !was_encrypted && self.asked.get(listed.id.as_str()).is_some_and(is_fresh) {
            return Ok(false);
        }
        let is_encrypted = self.platform.is_encrypted(&listed.id).await?;
        if is_encrypted.is_none() && listed.newest.is_some() {
            let what = "X lists it, and says that there is no such conversation".to_owned();
            return Err(PlatformError::Unavailable { what }.into());
        }
        self.asked.insert(listed.id.to_string(), (now, listed.newest));
        Ok(is_encrypted == Some(true))
    }

    /// Whether the newest message is missing from the list of messages. None if it may still come.
    async fn misses(&self, listed: &ListedConversation) -> Result<Option<bool>, TaskError> {
        let (Some(newest), Some(start)) = (listed.newest, self.store.started().await?) else { return Ok(Some(false)) };
        if newest <= start || self.store.is_seen(newest).await? {
            return Ok(Some(false));
        }
        if self.clock.now().ms_since(newest.moment()) < ms(LATE) {
            return Ok(None);
        }
        let there = self.platform.newest_message(&listed.id).await?;
        Ok(Some(there.is_none_or(|there| there.moment().plus_ms(APART_MS) < newest.moment())))
    }

    /// Writes down how it stands, with the gaps that follow from it.
    async fn keep(
        &self,
        listed: &ListedConversation,
        row: Option<ConversationRow>,
        sight: Sight,
    ) -> Result<(), TaskError> {
        let now = self.clock.now();
        let id = listed.id.clone();
        let before = row.unwrap_or(ConversationRow { id, readable_at: None, newest: None, blind: None });
        let mut after = before.clone();
        match sight {
            Sight::Unsure => return Ok(()),
            Sight::Readable => (after.readable_at, after.newest, after.blind) = (Some(now), listed.newest, None),
            Sight::Blind(why) if before.blind.is_some_and(|(known, _)| known == why) => return Ok(()),
            Sight::Blind(why) => after.blind = Some((why, self.since(listed, &before, now).await?)),
        }
        let gaps = gaps(&before, &after, now);
        let is_old = before.readable_at.is_none_or(|at| KEEP_MS <= now.ms_since(at) || now < at);
        if gaps.is_empty() && before.newest == after.newest && !is_old {
            return Ok(());
        }
        // A crash before this leaves it to the next look; after it, everything is there.
        self.store.keep_conversation(after.clone(), gaps, now).await?;
        match after.blind {
            Some((why, since)) => warn!(conversation = %after.id, %since, "{}", cause(why)),
            None if before.blind.is_some() => info!(conversation = %after.id, "its messages can be read again"),
            None => {}
        }
        Ok(())
    }

    /// From when on messages may be missed: nothing was missing before the newest message that is listed, nor when it was
    /// last seen that nothing is, nor before the log began.
    async fn since(&self, listed: &ListedConversation, before: &ConversationRow, now: Time) -> Result<Time, TaskError> {
        let start = self.store.started().await?;
        // Only for a gap that is as short as can be: without an answer it begins earlier.
        let listed = self.platform.newest_message(&listed.id).await.ok().flatten();
        let seen = [start, before.newest, listed].into_iter().flatten().map(MessageId::moment).max();
        let readable = before.readable_at.map(|at| at.plus_ms(-ms(LATE)));
        Ok(seen.max(readable).unwrap_or(now).min(now))
    }

    /// Says for which conversations, and since when, messages are missed, and what could not be seen.
    async fn report(&mut self, look: &Look) -> Result<(), TaskError> {
        let now = self.clock.now();
        let mut lines: Vec<String> = Vec::new();
        for row in self.store.conversations().await? {
            if let Some((why, since)) = row.blind {
                lines.push(format!("conversation {}: {}, since {since}", row.id, cause(why)));
            }
        }
        if !lines.is_empty() {
            lines.push(REMEDY.to_owned());
        }
        lines.extend(look.unseen.iter().map(|what| format!("{CANNOT_BE_SEEN}: {what}")));
        self.backoff.succeeded();
        let trouble = (!lines.is_empty()).then(|| lines.join("\n"));
        Ok(self.store.report(Self::NAME, trouble, now).await?)
    }
}

/// The gaps in the log that follow from a change: the end of one that lasted, the beginning of one that lasts.
fn gaps(before: &ConversationRow, after: &ConversationRow, now: Time) -> Vec<Gap> {
    if before.blind == after.blind {
        return Vec::new();
    }
    let ended = before.blind.map(|(why, from)| Gap { from: from.min(now), to: now, reason: reasons(why)[1] });
    let begun = after.blind.map(|(why, from)| Gap { from, to: now, reason: reasons(why)[0] });
    ended.into_iter().chain(begun).collect()
}

/// Why messages are missed, for a person.
fn cause(why: Blindness) -> &'static str {
    match why {
        Blindness::Encrypted => "it is encrypted (X Chat), and its messages cannot be read",
        Blindness::Missing => "it has messages that X does not list, and they cannot be read",
        Blindness::Disappearing => "its messages disappear after a time, perhaps before they are read",
    }
}

/// The reasons in the log: of a gap that lasts, and of one that has ended.
const fn reasons(why: Blindness) -> [&'static str; 2] {
    match why {
        Blindness::Encrypted => [
            "since then a conversation is encrypted (X Chat), and its messages cannot be read",
            "a conversation was encrypted (X Chat), and its messages could not be read",
        ],
        Blindness::Missing => [
            "since then a conversation has messages that the platform does not list",
            "a conversation had messages that the platform did not list",
        ],
        Blindness::Disappearing => [
            "since then the messages of a conversation disappear after a time, perhaps before they are read",
            "the messages of a conversation disappeared after a time, perhaps before they were read",
        ],
    }
}

/// A failure of the platform, and what it leaves unseen.
fn unseen(error: PlatformError) -> PlatformError {
    let with = |what: String| format!("{CANNOT_BE_SEEN}: {what}");
    match error {
        PlatformError::Wait { until, what } => PlatformError::Wait { until, what: with(what) },
        PlatformError::NeedsPerson { what, remedy } => PlatformError::NeedsPerson { what: with(what), remedy },
        PlatformError::Refused { what } => PlatformError::Refused { what: with(what) },
        PlatformError::Doubtful { what, remedy } => PlatformError::Doubtful { what: with(what), remedy },
        PlatformError::Unavailable { what }
        | PlatformError::NoAnswer { what }
        | PlatformError::TooLarge { what }
        | PlatformError::TokenRefused { what } => PlatformError::Unavailable { what: with(what) },
        other => other,
    }
}
