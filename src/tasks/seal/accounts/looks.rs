//! Looks at who is in a group that gave nothing to go by: they were refused, or cannot be read. The platform has just listed a
//! message of ours in this group, so a refusal is no fact. It is looked again, soon at first and then more and more rarely,
//! and only after hours the platform is believed.

use std::collections::BTreeMap;

use crate::base::ids::ConversationId;
use crate::base::time::Time;

/// The wait before the second look, which doubles, and the longest.
const FIRST_MS: i64 = 60_000;
const LONGEST_MS: i64 = 30 * 60_000;

/// For how long a message waits, and how many looks there must have been: a clock that was set forward is no long time.
const PATIENCE_MS: i64 = 6 * 3_600_000;
const LOOKS_MIN: u32 = 10;

/// The looks at one group, since the last one that gave something.
struct Failed {
    since: Time,
    last: Time,
    looks: u32,
    what: String,
    /// Why a message to it is entered as a gap.
    reason: &'static str,
    /// Whether a message waits for it.
    is_awaited: bool,
}

/// All such groups.
#[derive(Default)]
pub(in crate::tasks::seal) struct Looks(BTreeMap<ConversationId, Failed>);

impl Looks {
    /// Whether it is too early to look again.
    pub(in crate::tasks::seal) fn is_early(&self, group: &ConversationId, now: Time) -> bool {
        self.0.get(group).is_some_and(|failed| (0..failed.wait_ms()).contains(&now.ms_since(failed.last)))
    }

    /// A look gave nothing, because of this; in the end it is a gap for this reason.
    pub(in crate::tasks::seal) fn failed(
        &mut self,
        group: &ConversationId,
        what: String,
        reason: &'static str,
        now: Time,
    ) {
        let first = Failed { since: now, last: now, looks: 0, what: String::new(), reason, is_awaited: false };
        let failed = self.0.entry(group.clone()).or_insert(first);
        if !(0..=2 * LONGEST_MS).contains(&now.ms_since(failed.last)) {
            // Nothing was asked for long: what was refused then says nothing of today.
            (failed.since, failed.looks) = (now, 0);
        }
        (failed.last, failed.looks, failed.what, failed.reason) = (now, failed.looks.saturating_add(1), what, reason);
    }

    /// A look gave something.
    pub(in crate::tasks::seal) fn succeeded(&mut self, group: &ConversationId) {
        self.0.remove(group);
    }

    /// Why a message to the group, which was listed at `listed`, is given up. None if it waits on.
    pub(in crate::tasks::seal) fn gives_up(
        &mut self,
        group: &ConversationId,
        listed: Time,
        now: Time,
    ) -> Option<&'static str> {
        let failed = self.0.get_mut(group)?;
        let is_over = LOOKS_MIN <= failed.looks && PATIENCE_MS <= now.ms_since(listed.max(failed.since));
        failed.is_awaited = !is_over;
        is_over.then_some(failed.reason)
    }

    /// What is to be told.
    pub(in crate::tasks::seal) fn told(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter(|(_, failed)| failed.is_awaited).map(|(group, Failed { what, since, .. })| {
            format!(
                "who is in the group {group} is not known since {since}, and a message to it waits: {what}\nit is asked for again, \
                 soon at first; after {} hours the message is entered as a gap",
                PATIENCE_MS / 3_600_000
            )
        })
    }
}

impl Failed {
    fn wait_ms(&self) -> i64 {
        let doublings = self.looks.saturating_sub(1).min(16);
        (FIRST_MS << doublings).min(LONGEST_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rare_and_end_after_hours() {
        let group = ConversationId::parse("1578398451921985538").unwrap();
        let at = |minutes: i64| Time::from_ms(1_764_000_000_000 + minutes * 60_000);
        let (mut looks, mut made) = (Looks::default(), Vec::new());
        for minute in 0..=360 {
            if !looks.is_early(&group, at(minute)) {
                looks.failed(&group, "403".to_owned(), "no", at(minute));
                made.push(minute);
            }
            assert_eq!(looks.gives_up(&group, at(0), at(minute)), (minute == 360).then_some("no"), "{minute}");
            assert_eq!(looks.told().count(), usize::from(minute != 360));
        }
        assert_eq!(made[..8], [0, 1, 3, 7, 15, 31, 61, 91]);
        assert_eq!(looks.gives_up(&group, at(300), at(361)), None, "a younger message waits on");
        assert!(looks.told().next().unwrap().contains("403"));
        // A clock that was set back, and one that was set forward.
        assert!(!looks.is_early(&group, at(-60)));
        looks.failed(&group, "403".to_owned(), "no", at(10_000));
        assert_eq!(looks.gives_up(&group, at(0), at(10_000)), None);
        looks.succeeded(&group);
        assert!(!looks.is_early(&group, at(10_000)) && looks.told().next().is_none());
    }
}
