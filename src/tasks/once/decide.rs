//! What to do next about one effect: a function of what is known, and of nothing else.
//!
//! An attempt is durable before it is made. Afterwards it was accepted, or it has surely failed, or nobody knows its
//! outcome. An effect of unknown outcome is looked for. It is attempted again only if a look could read everything, did
//! not find it, and the last attempt is so long ago that it can no longer appear.
//!
//! # What is assumed
//!
//! An effect is never done twice as long as everything that an attempt does can be seen within
//! `unknown_outcome_timeout`, counted from the moment that was written down before the attempt. That time includes: the
//! time from writing it down to the call, the call itself, the time for which the platform may still do it after the
//! caller has given up, and the lag of the listing.
//!
//! The moments are those of this machine's clock, which somebody may set. Set back, it makes the wait longer. That does no
//! harm as long as it was less than an hour wrong: who looks reads from an hour before the first attempt on, or before now
//! if that is earlier. Set forward, it would make the wait shorter. So the process that made the last attempt also asks a
//! clock that nobody can set, and the longer of the two waits counts. Another process does not know what that clock said;
//! it takes off what its own clock is ahead of the platform's, as far as the platform says what time it is there. So a
//! second attempt can come too early only if the clock is set forward by the whole time-out, the process dies, and the
//! platform says nothing of the time. [`may_still_appear`] is the only place that compares moments.

use std::time::Duration;

use crate::base::clock::Reading;
use crate::store::Attempts;
use crate::tasks::task::ms;

/// The rules for one kind of effects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// How long after an attempt of unknown outcome its effect may still appear.
    pub unknown_outcome_timeout: Duration,
    /// How long a duplicate that was refused may be missing before it counts as gone. The wait is never shorter than
    /// the time-out above.
    pub duplicate_stays_away: Duration,
    /// Who decides upon another attempt after one of unknown outcome.
    pub retry: Retry,
}

/// Who decides upon another attempt after one of unknown outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// The program, when the effect can no longer appear.
    ByItself,
    /// A person, who gives a command for each attempt. The command looks before its attempt, and makes only one.
    ByPerson,
}

/// What is known of one effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known<Id> {
    /// The attempts that are durable; None if there was none.
    pub attempts: Option<Attempts>,
    /// What the steady clock said before the last attempt. None if another process made that.
    pub made: Option<Duration>,
    /// What this process knows of the last attempt.
    pub last: LastAttempt<Id>,
    /// What the last look showed. A look before an attempt says nothing about it, so an attempt sets this to None.
    pub look: Option<Look<Id>>,
}

/// What this process knows of the last attempt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LastAttempt<Id> {
    /// Nothing: it was made by a process that has ended, or at an earlier tick.
    Forgotten,
    /// It is durable, and this process has not made it yet.
    NotMade,
    /// The platform did it, under this identifier.
    Accepted(Id),
    /// It surely did not happen.
    Failed,
    /// Nobody knows whether it happened.
    Unknown,
    /// The platform refused it because the same is already there.
    Duplicate,
}

/// A look for the effect.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Look<Id> {
    /// When the platform was first asked, not when the last answer came: what the answers do not show was not there at
    /// this moment.
    pub asked: Reading,
    /// How far this machine's clock is ahead of the platform's. Zero if it is not, or the platform does not say.
    pub ahead: Duration,
    /// What it showed.
    pub sight: Sight<Id>,
}

/// What a look shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sight<Id> {
    /// The effect is there, under this identifier.
    There(Id),
    /// Every place where it can be was read, and it is not there.
    Absent,
    /// It could not be read. This says nothing.
    Unreadable,
    /// Not all places where it can be were read yet. The next look goes on where this one ended.
    Unfinished,
    /// It was attempted so long ago that the platform does not list what was written then: no later look can show it
    /// either.
    TooLate,
}

/// What to do next about an effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<Id> {
    /// Make an attempt durable.
    Attempt,
    /// Make the attempt that is durable.
    Act,
    /// Look for the effect.
    Look,
    /// Nothing for now: look again later.
    Later,
    /// Write down that it is done, and under which identifier.
    Accepted(Id),
    /// Write down that the last attempt surely failed.
    Failed,
    /// Write down that it is given up.
    GiveUp(GivenUp),
}

/// Why an effect is given up although the platform has not refused it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GivenUp {
    /// No look can show whether it happened.
    #[error("nobody knows whether it was sent, and the platform does not list messages of that time any more")]
    TooLate,
}

impl<Id> Known<Id> {
    /// The knowledge of a process that has just read the store.
    pub fn durable(attempts: Option<Attempts>) -> Known<Id> {
        Known { attempts, made: None, last: LastAttempt::Forgotten, look: None }
    }

    /// An attempt has become durable at `now`, but is not made yet.
    pub fn attempted(&mut self, now: Reading) {
        let wall = now.wall;
        let (first, last) = match self.attempts {
            Some(before) if before.all_failed => (wall, before.last.max(wall)),
            Some(before) => (before.first, before.last.max(wall)),
            None => (wall, wall),
        };
        self.attempts = Some(Attempts { first, last, all_failed: false });
        self.made = Some(now.steady);
        self.last = LastAttempt::NotMade;
        self.look = None;
    }
}

/// What to do next about an effect.
pub fn next<Id: Copy>(known: &Known<Id>, rules: &Rules) -> Step<Id> {
    match known.last {
        LastAttempt::NotMade => Step::Act,
        LastAttempt::Accepted(id) => Step::Accepted(id),
        LastAttempt::Failed => Step::Failed,
        LastAttempt::Forgotten | LastAttempt::Unknown | LastAttempt::Duplicate => next_by_look(known, rules),
    }
}

/// What to do next if only a look can show the outcome.
fn next_by_look<Id: Copy>(known: &Known<Id>, rules: &Rules) -> Step<Id> {
    let open = known.attempts.filter(|attempts| !attempts.all_failed);
    if open.is_none() && rules.retry == Retry::ByItself {
        return Step::Attempt;
    }
    let Some(look) = known.look else { return Step::Look };
    match look.sight {
        Sight::There(id) => Step::Accepted(id),
        Sight::Unreadable | Sight::Unfinished => Step::Later,
        Sight::TooLate => Step::GiveUp(GivenUp::TooLate),
        Sight::Absent => match open {
            Some(attempts) if may_still_appear(attempts, known.made, look, stays_away(known, rules)) => Step::Later,
            _ if was_tried_by_command(known, rules) => Step::Later,
            _ => Step::Attempt,
        },
    }
}

/// How long an effect that a look does not show may still appear after the last attempt.
fn stays_away<Id>(known: &Known<Id>, rules: &Rules) -> Duration {
    match known.last {
        LastAttempt::Duplicate => rules.duplicate_stays_away.max(rules.unknown_outcome_timeout),
        _ => rules.unknown_outcome_timeout,
    }
}

/// Whether what the attempts did may still appear, although a look did not show it. The longer of the waits by the two
/// clocks counts; a process that does not know what the steady clock said asks what time it is on the platform.
fn may_still_appear<Id>(attempts: Attempts, made: Option<Duration>, look: Look<Id>, stays_away: Duration) -> bool {
    let Look { asked, ahead, .. } = look;
    let until = attempts.last.plus_ms(ms(stays_away));
    match made {
        Some(made) => asked.wall < until || asked.steady < made.saturating_add(stays_away),
        None => asked.wall.plus_ms(-ms(ahead)) < until,
    }
}

/// Whether a person's command has made its one attempt.
fn was_tried_by_command<Id>(known: &Known<Id>, rules: &Rules) -> bool {
    rules.retry == Retry::ByPerson && !matches!(known.last, LastAttempt::Forgotten)
}

#[cfg(test)]
mod tests;
