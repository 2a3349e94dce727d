//! What follows from reading a post again: a function of what is known, and of nothing else.
//!
//! A post is read 10 minutes, an hour, a day and a week after it was made, and then every 30 days. When the platform says
//! that it is deleted, edited or hidden, it is read again after an hour. That is believed only if it says the same then,
//! and shows another post of ours at that moment. What cannot be read says nothing.

use crate::base::time::{DAY_MS, Time};
use crate::platform::PostState;
use crate::store::{DuePost, READS_MAX};
use crate::tasks::post::shows;
use crate::tlog::entry::Loss;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// How long after a post was made it is read for the second time, the third, and so on. The first time is written with
/// its outcome.
const AFTER_MS: [i64; 3] = [HOUR_MS, DAY_MS, 7 * DAY_MS];

/// How often an old post is read.
const OLD_MS: i64 = 30 * DAY_MS;

/// How long the platform must say the same of a post before it is believed.
const DOUBT_MS: i64 = HOUR_MS;

/// A post that was read so often is old.
pub(super) const OLD: u64 = 3;

/// What follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Follows {
    /// It is as it was made.
    Stands(DuePost),
    /// The platform says something else of it, which is not believed yet.
    Doubted(DuePost),
    /// The platform has said so for long enough: it is believed if another post can be read now.
    Lost(Loss),
}

/// What the platform says of a post, compared with how it was made. None if it is as it was made.
pub(super) fn loss(made: &DuePost, state: &PostState) -> Option<Loss> {
    match state {
        PostState::Stands(post) if shows(post, &made.text) => None,
        PostState::Stands(_) | PostState::Edited => Some(Loss::Edited),
        PostState::Absent => Some(Loss::Deleted),
        PostState::Hidden => Some(Loss::Hidden),
    }
}

/// What follows from what the platform said of this post at `now`.
pub(super) fn follows(post: DuePost, said: Option<Loss>, now: Time) -> Follows {
    let Some(how) = said else {
        let reads = (post.reads + 1).min(READS_MAX);
        let age = usize::try_from(post.reads).ok().and_then(|reads| AFTER_MS.get(reads));
        let due = age.map_or(now.plus_ms(OLD_MS), |age| post.post.moment().plus_ms(*age));
        return Follows::Stands(DuePost { reads, due, doubt: None, ..post });
    };
    let since = post.doubt.filter(|(before, _)| *before == how).map_or(now, |(_, since)| since);
    if DOUBT_MS <= now.ms_since(since) {
        return Follows::Lost(how);
    }
    Follows::Doubted(doubted(post, how, since, now))
}

/// The same post while what the platform says of it is not believed yet.
pub(super) fn doubted(post: DuePost, how: Loss, since: Time, now: Time) -> DuePost {
    DuePost { doubt: Some((how, since)), due: now.plus_ms(DOUBT_MS), ..post }
}

/// The same post if it could not be read.
pub(super) fn unread(post: DuePost, now: Time) -> DuePost {
    DuePost { due: now.plus_ms(HOUR_MS), ..post }
}

/// Number of posts of which so many may have been read by this moment of the day: young ones go first, and old ones are
/// spread over the day.
pub(super) fn allowed(reads: u64, a_day: u64, now: Time) -> u64 {
    if reads < OLD {
        return a_day;
    }
    let part = u128::try_from(now.ms_since(now.midnight())).unwrap_or_default();
    u64::try_from(u128::from(a_day) * part / DAY_MS as u128).unwrap_or(a_day)
}
