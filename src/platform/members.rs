//! Who is in a group, by what a platform still lists of its history.

use std::collections::BTreeSet;

use super::Participants;
use crate::base::ids::{AccountId, ConversationId, MessageId};
use crate::base::time::{DAY_MS, SKEW_MS_MAX, Time};

/// A change of who is in a group.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(
    missing_docs,
    reason = "`at` is the event's identifier with its moment inside, `who` the accounts that it names"
)]
pub enum Change {
    /// These came, and who brought them in was there.
    Joined { at: Option<MessageId>, who: Vec<AccountId> },
    /// These left.
    Left { at: Option<MessageId>, who: Vec<AccountId> },
}

/// What is listed of a group.
pub struct History<'a> {
    /// The group.
    pub group: &'a ConversationId,
    /// Who came and left, the newest first.
    pub changes: &'a [Change],
    /// Whether the list came to its end, and each of its elements could be read.
    pub is_whole: bool,
    /// Who wrote lately.
    pub senders: &'a [AccountId],
}

/// A group younger than this has its whole history listed, whatever the clocks say and however the platform counts days.
/// X keeps 30 days.
const KEPT_MS: i64 = 29 * DAY_MS;

/// The longest time from the moment inside a group's identifier until its first members are listed as having joined.
const FOUNDED_WITHIN_MS: i64 = SKEW_MS_MAX;

impl History<'_> {
    /// Who is in the group at `now`.
    ///
    /// They are complete only if the list certainly goes back to the group's making. What is assumed of X, which its
    /// documents do not say: a group's identifier holds the moment of its making, as its messages' do; and its first members
    /// are listed as having joined then. If either is wrong, a list is said to be incomplete that is complete, never the
    /// other way round.
    pub fn participants(&self, now: Time) -> Participants {
        let mut present = BTreeSet::new();
        let mut left = BTreeSet::new();
        for change in self.changes.iter().rev() {
            match change {
                Change::Joined { who, .. } => {
                    left.retain(|id| !who.contains(id));
                    present.extend(who);
                }
                Change::Left { who, .. } => {
                    present.retain(|id| !who.contains(id));
                    left.extend(who.iter().copied());
                }
            }
        }
        let complete = self.is_whole && self.shows_beginning(now);
        if !complete {
            present.extend(self.senders.iter().filter(|id| !left.contains(id)));
        }
        let left = left.into_iter().collect();
        Participants { accounts: present.into_iter().collect(), left, complete }
    }

    /// Whether the list goes back to the group's making.
    pub fn shows_beginning(&self, now: Time) -> bool {
        let Some(made) = MessageId::parse(self.group.as_str()).map(MessageId::moment) else { return false };
        let is_first = |change: &Change| match change {
            Change::Joined { at: Some(at), .. } => (0..=FOUNDED_WITHIN_MS).contains(&at.moment().ms_since(made)),
            _ => false,
        };
        (-SKEW_MS_MAX..KEPT_MS).contains(&now.ms_since(made)) && self.changes.iter().any(is_first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE_MS: i64 = 1_764_000_000_000;

    fn at(ms: i64) -> Time {
        Time::from_ms(MADE_MS + ms)
    }

    fn joined(ms: i64, who: &[u64]) -> Change {
        Change::Joined { at: Some(MessageId::first_at(at(ms))), who: who.iter().copied().map(AccountId).collect() }
    }

    fn left(ms: i64, who: u64) -> Change {
        Change::Left { at: Some(MessageId::first_at(at(ms))), who: vec![AccountId(who)] }
    }

    fn look(changes: &[Change], is_whole: bool, now: Time) -> (Vec<u64>, bool) {
        let group = ConversationId::parse(&MessageId::first_at(at(0)).to_string()).unwrap();
        let senders = [AccountId(8), AccountId(5)];
        let found = History { group: &group, changes, is_whole, senders: &senders }.participants(now);
        (found.accounts.iter().map(|id| id.0).collect(), found.complete)
    }

    #[test]
    fn a_young_group_whose_beginning_is_listed_is_complete() {
        let history = [joined(9_000, &[5]), left(5_000, 5), joined(1, &[5, 6, 7])];
        assert_eq!(look(&history, true, at(DAY_MS)), (vec![5, 6, 7], true));
        assert_eq!(look(&history[1..], true, at(DAY_MS)), (vec![6, 7], true));
    }

    #[test]
    fn who_left_is_told_until_they_come_back() {
        let group = ConversationId::parse(&MessageId::first_at(at(0)).to_string()).unwrap();
        let left_of = |changes: &[Change]| {
            History { group: &group, changes, is_whole: true, senders: &[] }.participants(at(DAY_MS)).left
        };
        let history = [joined(9_000, &[5]), left(5_000, 5), left(4_000, 9), joined(1, &[5, 6, 7])];
        assert_eq!(left_of(&history), [AccountId(9)]);
        assert_eq!(left_of(&history[1..]), [AccountId(5), AccountId(9)]);
    }

    #[test]
    fn whatever_may_be_missing_makes_it_incomplete() {
        let history = [left(5_000, 5), joined(1, &[5, 6, 7])];
        assert_eq!(
            look(&history, false, at(DAY_MS)),
            (vec![6, 7, 8], false),
            "the list was cut: who wrote is there too"
        );
        assert_eq!(look(&history, true, at(KEPT_MS)), (vec![6, 7, 8], false), "as old as what is kept");
        assert_eq!(look(&history, true, at(-2 * SKEW_MS_MAX)), (vec![6, 7, 8], false), "from the future");
        let late = [joined(FOUNDED_WITHIN_MS + 1, &[6])];
        assert_eq!(look(&late, true, at(DAY_MS)), (vec![5, 6, 8], false), "a member who came later");
        let early = [joined(-1, &[6])];
        assert_eq!(look(&early, true, at(DAY_MS)), (vec![5, 6, 8], false), "older than the group");
        assert_eq!(look(&[], true, at(DAY_MS)), (vec![5, 8], false));
    }
}
