//! The kinds of call that the platform answers, and the number of each that it allows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::base::ids::AccountId;
use crate::base::time::{DAY_MS, Time};

/// A kind of call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `GET /2/users/me`
    Me,
    /// `GET /2/users/by/username/{name}`
    UserByName,
    /// `GET /2/users/{id}`
    UserById,
    /// `GET /2/dm_events`
    Messages,
    /// `GET /2/dm_conversations/{id}/dm_events`
    ConversationMessages,
    /// `GET /2/dm_conversations/with/{id}/dm_events`
    MessagesWith,
    /// `GET /2/dm_events/{id}`
    Message,
    /// `DELETE /2/dm_events/{id}`
    DeleteMessage,
    /// `GET /2/chat/conversations`
    Chats,
    /// `GET /2/chat/conversations/{id}/events`
    ChatEvents,
    /// `POST /2/dm_conversations`, `…/{id}/messages` and `…/with/{id}/messages`
    SendMessage,
    /// `POST /2/media/upload`
    Upload,
    /// The bytes of a file.
    MediaBytes,
    /// `POST /2/tweets`
    CreatePost,
    /// `GET /2/tweets/{id}`
    ReadPost,
    /// `DELETE /2/tweets/{id}`
    DeletePost,
    /// `GET /2/users/{id}/tweets`
    Timeline,
    /// `GET /2/users/{id}/mentions`
    Mentions,
    /// `GET /oembed`
    Oembed,
    /// A post's public page.
    PostPage,
}

impl Call {
    /// Whether it changes anything that anybody sees, so that a lost answer leaves open whether it did.
    pub fn writes(self) -> bool {
        use Call::*;
        matches!(self, DeleteMessage | SendMessage | CreatePost | DeletePost)
    }
}

/// At most `count` calls of one user in any window of `window_ms` milliseconds, which begins with its first call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Number of calls.
    pub count: u32,
    /// Length of the window in milliseconds.
    pub window_ms: i64,
}

const QUARTER_MS: i64 = 15 * 60 * 1000;

/// X's limits for one user, from its table of 2026. If the table names no limit for a user, there is none here.
pub fn limits_of_x() -> BTreeMap<Call, Vec<Limit>> {
    use Call::*;
    let quarter = |count| vec![Limit { count, window_ms: QUARTER_MS }];
    let quarter_and_day =
        |count, day| vec![Limit { count, window_ms: QUARTER_MS }, Limit { count: day, window_ms: DAY_MS }];
    BTreeMap::from([
        (Me, quarter(75)),
        (UserByName, quarter(900)),
        (UserById, quarter(900)),
        (Messages, quarter(15)),
        (ConversationMessages, quarter(15)),
        (MessagesWith, quarter(15)),
        (Message, quarter(15)),
        (DeleteMessage, quarter_and_day(300, 1500)),
        (SendMessage, quarter_and_day(15, 1440)),
        (CreatePost, quarter(100)),
        (ReadPost, quarter(900)),
        (DeletePost, quarter(50)),
        (Timeline, quarter(900)),
        (Mentions, quarter(300)),
    ])
}

/// What is left of a limit: the platform says so with each answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// Calls in a window.
    pub limit: u32,
    /// Calls left in this one.
    pub remaining: u32,
    /// When the next one begins.
    pub reset: Time,
}

/// The windows that are open.
#[derive(Default)]
pub(super) struct Windows(BTreeMap<(AccountId, Call, i64), (Time, u32)>);

impl Windows {
    /// Counts one call of `user`, or refuses it. If there are several limits, returns the one with the least left.
    pub(super) fn admit(
        &mut self,
        now: Time,
        user: AccountId,
        call: Call,
        limits: &[Limit],
    ) -> Result<Option<Allowance>, Refusal> {
        let mut tightest: Option<Allowance> = None;
        for limit in limits {
            let (start, count) = self.0.entry((user, call, limit.window_ms)).or_insert((now, 0));
            if limit.window_ms <= now.ms_since(*start) {
                (*start, *count) = (now, 0);
            }
            let reset = start.plus_ms(limit.window_ms);
            if limit.count <= *count {
                return Err(Refusal::RateLimited(Allowance { limit: limit.count, remaining: 0, reset }));
            }
            *count += 1;
            let left = Allowance { limit: limit.count, remaining: limit.count - *count, reset };
            if tightest.is_none_or(|other| left.remaining < other.remaining) {
                tightest = Some(left);
            }
        }
        Ok(tightest)
    }

    /// What is left for `user`, if a window is open.
    pub(super) fn left(&self, now: Time, user: AccountId, call: Call, limits: &[Limit]) -> Option<u32> {
        let open = limits.iter().filter_map(|limit| {
            let (start, count) = self.0.get(&(user, call, limit.window_ms))?;
            (now.ms_since(*start) < limit.window_ms).then(|| limit.count.saturating_sub(*count))
        });
        open.min()
    }
}
