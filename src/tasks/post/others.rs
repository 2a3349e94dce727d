//! What holds up all posts but those of notes: a trouble that is not one post's own.

use std::collections::BTreeSet;

use crate::base::time::Time;
use crate::platform::Error as PlatformError;
use crate::store::EffectId;
use crate::tasks::task::Backoff;

/// Number of posts that are put off one after another, with no other that succeeds, after which it is no one post's own
/// trouble.
const SEVERAL: usize = 2;

/// What is known of the troubles of posts that are not of notes.
#[derive(Default)]
pub(super) struct Others {
    backoff: Backoff,
    until: Option<Time>,
    /// The posts that were put off since one succeeded.
    put_off: BTreeSet<EffectId>,
}

impl Others {
    /// Until when none of them is tried. None if they may be tried now.
    pub(super) fn held_until(&mut self, now: Time) -> Option<Time> {
        self.until = self.until.filter(|until| now < *until);
        self.until
    }

    /// A post has to wait because of this error. What the platform says of all posts holds up all of them at once; what
    /// may be about this post alone, only if it happens to several.
    pub(super) fn troubled(&mut self, id: EffectId, error: &PlatformError, now: Time) {
        self.put_off.insert(id);
        let of_all = match error {
            PlatformError::Wait { .. } | PlatformError::Unavailable { .. } | PlatformError::NeedsPerson { .. } => true,
            PlatformError::Doubtful { .. } => SEVERAL <= self.put_off.len(),
            _ => false,
        };
        if of_all {
            self.until = Some(self.backoff.after(error, now));
        }
    }

    /// One of them is posted.
    pub(super) fn succeeded(&mut self) {
        *self = Others::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_now() -> PlatformError {
        PlatformError::Doubtful { what: "code 226".to_owned(), remedy: "wait".to_owned() }
    }

    #[test]
    fn what_one_post_is_refused_holds_up_no_other() {
        let (now, mut others) = (Time::from_ms(0), Others::default());
        for _ in 0..9 {
            others.troubled(EffectId(1), &not_now(), now);
        }
        assert_eq!(others.held_until(now), None);
        others.troubled(EffectId(2), &PlatformError::Refused { what: "no".to_owned() }, now);
        assert_eq!(others.held_until(now), None);
    }

    #[test]
    fn what_several_are_refused_holds_up_all_until_one_succeeds() {
        let (now, mut others) = (Time::from_ms(0), Others::default());
        others.troubled(EffectId(1), &not_now(), now);
        others.troubled(EffectId(2), &not_now(), now);
        let first = others.held_until(now).unwrap();
        assert_eq!(others.held_until(first), None);
        others.troubled(EffectId(1), &not_now(), first);
        assert!(first.ms_since(now) < others.held_until(first).unwrap().ms_since(first), "longer each time");
        others.succeeded();
        assert_eq!(others.held_until(first), None);
        others.troubled(EffectId(1), &PlatformError::Unavailable { what: "503".to_owned() }, now);
        assert!(others.held_until(now).is_some(), "this is about all of them");
    }
}
