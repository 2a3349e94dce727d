//! Who is in a group, by what a platform still lists of its history.

use std::collections::BTreeSet;

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
    Joined { at: MessageId, who: Vec<AccountId> },
    /// These left.
    Left { at: MessageId, who: Vec<AccountId> },
}

impl Change {
    /// Its identifier, with its moment inside.
    pub fn at(&self) -> MessageId {
        match self {
            Change::Joined { at, .. } | Change::Left { at, .. } => *at,
        }
    }

    /// Makes it, of those who are there and those who have left.
    fn make(&self, present: &mut BTreeSet<AccountId>, left: &mut BTreeSet<AccountId>) {
        let (who, from, to) = match self {
            Change::Joined { who, .. } => (who, left, present),
            Change::Left { who, .. } => (who, present, left),
        };
        from.retain(|id| !who.contains(id));
        to.extend(who);
    }
}

/// How far back every change of a group is listed, in a form that can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// As far as the platform keeps them.
    All,
    /// From this moment on.
    Since(Time),
    /// Nobody knows how far.
    Nothing,
}

impl Shown {
    /// What a list shows of these changes, in the platform's order, and of these identifiers of elements that cannot be
    /// read. A list that did not come to its end shows only what is newer than its last element, if it was in order.
    pub fn of(changes: &[Change], unreadable: &[Option<MessageId>], is_whole: bool) -> Shown {
        let is_in_order = changes.is_sorted_by(|newer, older| older.at() <= newer.at());
        let end = match changes.last() {
            _ if is_whole => None,
            Some(last) if is_in_order => Some(last.at()),
            _ => return Shown::Nothing,
        };
        let Some(unreadable) = unreadable.iter().copied().collect::<Option<Vec<MessageId>>>() else {
            return Shown::Nothing;
        };
        match unreadable.into_iter().chain(end).max() {
            None => Shown::All,
            Some(last) => Shown::Since(last.moment().plus_ms(1)),
        }
    }
}

/// What is listed of a group.
pub struct History<'a> {
    /// The group.
    pub group: &'a ConversationId,
    /// Who came and left, in any order.
    pub changes: &'a [Change],
    /// How far back these are surely all.
    pub shown: Shown,
    /// Who wrote lately.
    pub senders: &'a [AccountId],
}

/// Who is in a group conversation, as far as the platform says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Participants {
    /// Accounts that are in it; our own may be among them.
    pub accounts: Vec<AccountId>,
    /// Whether these are surely all: the platform showed how the group began, and everything since.
    pub complete: bool,
    /// Whether all that the platform keeps of who came and went could be read.
    pub is_read: bool,
    /// Who came and went, the oldest first.
    changes: Vec<Change>,
    /// Since when these are surely all. None if nobody knows.
    shown_since: Option<Time>,
}

impl Participants {
    /// Those in a conversation of two.
    pub fn of_two(one: AccountId, other: AccountId) -> Participants {
        let (accounts, changes) = (vec![one, other], Vec::new());
        Participants { accounts, complete: true, is_read: true, changes, shown_since: None }
    }

    /// Who is in it, if these were surely all at a moment. None if not every change since then is shown, or if somebody is
    /// there of whose coming nothing is known.
    pub fn after(&self, remembered: impl IntoIterator<Item = AccountId>, at: Time) -> Option<Vec<AccountId>> {
        // The platform's clock is not ours, and a change may be listed late. One that is made twice does no harm.
        let since = at.plus_ms(-SKEW_MS_MAX);
        self.shown_since.filter(|shown| *shown <= since)?;
        let (mut present, mut left) = (remembered.into_iter().collect(), BTreeSet::new());
        let changes = self.changes.iter().filter(|change| since <= change.at().moment());
        changes.for_each(|change| change.make(&mut present, &mut left));
        let is_explained = self.accounts.iter().all(|id| present.contains(id));
        is_explained.then(|| present.into_iter().collect())
    }
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
        let mut changes = self.changes.to_vec();
        changes.sort_by_key(Change::at);
        let (mut present, mut left) = (BTreeSet::new(), BTreeSet::new());
        changes.iter().for_each(|change| change.make(&mut present, &mut left));
        let is_read = self.shown == Shown::All;
        let complete = is_read && self.shows_beginning(now);
        if !complete {
            present.extend(self.senders.iter().filter(|id| !left.contains(id)));
        }
        let kept_since = now.plus_ms(-KEPT_MS);
        let shown_since = match self.shown {
            Shown::All => Some(kept_since),
            Shown::Since(since) => Some(since.max(kept_since)),
            Shown::Nothing => None,
        };
        Participants { accounts: present.into_iter().collect(), complete, is_read, changes, shown_since }
    }

    /// Whether the list goes back to the group's making.
    pub fn shows_beginning(&self, now: Time) -> bool {
        let Some(made) = MessageId::parse(self.group.as_str()).map(MessageId::moment) else { return false };
        let is_first = |change: &Change| match change {
            Change::Joined { at, .. } => (0..=FOUNDED_WITHIN_MS).contains(&at.moment().ms_since(made)),
            Change::Left { .. } => false,
        };
        (-SKEW_MS_MAX..KEPT_MS).contains(&now.ms_since(made)) && self.changes.iter().any(is_first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE_MS: i64 = 1_764_000_000_000;
    const HOUR_MS: i64 = 3_600_000;

    fn at(ms: i64) -> Time {
        Time::from_ms(MADE_MS + ms)
    }

    fn joined(ms: i64, who: &[u64]) -> Change {
        Change::Joined { at: MessageId::first_at(at(ms)), who: who.iter().copied().map(AccountId).collect() }
    }

    fn left(ms: i64, who: u64) -> Change {
        Change::Left { at: MessageId::first_at(at(ms)), who: vec![AccountId(who)] }
    }

    fn participants(changes: &[Change], shown: Shown, senders: &[AccountId], now: Time) -> Participants {
        let group = ConversationId::parse(&MessageId::first_at(at(0)).to_string()).unwrap();
        History { group: &group, changes, shown, senders }.participants(now)
    }

    fn look(changes: &[Change], shown: Shown, now: Time) -> (Vec<u64>, bool) {
        let found = participants(changes, shown, &[AccountId(8), AccountId(5)], now);
        (found.accounts.iter().map(|id| id.0).collect(), found.complete)
    }

    #[test]
    fn a_young_group_whose_beginning_is_listed_is_complete() {
        let history = [joined(9_000, &[5]), left(5_000, 5), joined(1, &[5, 6, 7])];
        assert_eq!(look(&history, Shown::All, at(DAY_MS)), (vec![5, 6, 7], true));
        assert_eq!(look(&history[1..], Shown::All, at(DAY_MS)), (vec![6, 7], true));
    }

    #[test]
    fn changes_count_in_the_order_of_their_moments() {
        let mut history = [joined(9_000, &[5]), left(5_000, 5), joined(1, &[5, 6, 7])];
        history.reverse();
        assert_eq!(look(&history, Shown::All, at(DAY_MS)), (vec![5, 6, 7], true));
        assert_eq!(look(&history[..2], Shown::All, at(DAY_MS)), (vec![6, 7], true));
    }

    #[test]
    fn whatever_may_be_missing_makes_it_incomplete() {
        let (history, whole) = ([left(5_000, 5), joined(1, &[5, 6, 7])], Shown::All);
        for cut in [Shown::Nothing, Shown::Since(at(2))] {
            let who = (vec![6, 7, 8], false);
            assert_eq!(look(&history, cut, at(DAY_MS)), who, "the list was cut: who wrote is there too");
        }
        assert_eq!(look(&history, whole, at(KEPT_MS)), (vec![6, 7, 8], false), "as old as what is kept");
        assert_eq!(look(&history, whole, at(-2 * SKEW_MS_MAX)), (vec![6, 7, 8], false), "from the future");
        let late = [joined(FOUNDED_WITHIN_MS + 1, &[6])];
        assert_eq!(look(&late, whole, at(DAY_MS)), (vec![5, 6, 8], false), "a member who came later");
        let early = [joined(-1, &[6])];
        assert_eq!(look(&early, whole, at(DAY_MS)), (vec![5, 6, 8], false), "older than the group");
        assert_eq!(look(&[], whole, at(DAY_MS)), (vec![5, 8], false));
    }

    #[test]
    fn what_a_list_shows_ends_at_what_cannot_be_read() {
        let changes = [left(HOUR_MS, 5), joined(1, &[5, 6])];
        let id = |ms: i64| Some(MessageId::first_at(at(ms)));
        assert_eq!(Shown::of(&changes, &[], true), Shown::All);
        assert_eq!(Shown::of(&changes, &[], false), Shown::Since(at(2)));
        assert_eq!(Shown::of(&changes, &[id(9_000), id(5_000)], true), Shown::Since(at(9_001)));
        assert_eq!(Shown::of(&changes, &[id(9_000)], false), Shown::Since(at(9_001)));
        assert_eq!(Shown::of(&changes, &[id(9_000), None], true), Shown::Nothing, "it may be of any time");
        let turned = [changes[1].clone(), changes[0].clone()];
        assert_eq!(Shown::of(&turned, &[], true), Shown::All);
        assert_eq!(Shown::of(&turned, &[], false), Shown::Nothing, "nobody knows what is below");
        assert_eq!(Shown::of(&[], &[], false), Shown::Nothing);
    }

    #[test]
    fn who_was_remembered_is_there_until_they_leave() {
        let changes = [joined(3 * HOUR_MS, &[9]), left(2 * HOUR_MS, 5)];
        let after = |shown, senders: &[u64], remembered: &[u64], hours: i64| {
            let senders: Vec<AccountId> = senders.iter().copied().map(AccountId).collect();
            let found = participants(&changes, shown, &senders, at(DAY_MS));
            let who = found.after(remembered.iter().copied().map(AccountId), at(hours * HOUR_MS));
            who.map(|who| who.iter().map(|id| id.0).collect::<Vec<_>>())
        };
        for shown in [Shown::All, Shown::Since(at(HOUR_MS - SKEW_MS_MAX))] {
            assert_eq!(after(shown, &[], &[5, 6], 1), Some(vec![6, 9]));
        }
        assert_eq!(after(Shown::All, &[], &[6, 9], 4), Some(vec![6, 9]), "they had come before");
        assert_eq!(after(Shown::All, &[5, 6], &[5, 6], 1), Some(vec![6, 9]), "who wrote and left");
        assert_eq!(after(Shown::Since(at(HOUR_MS)), &[], &[5, 6], 1), None, "not every change is shown");
        assert_eq!(after(Shown::Nothing, &[], &[5, 6], 1), None);
        assert_eq!(after(Shown::All, &[8], &[5, 6], 1), None, "nobody saw them come");
        let old = 1 - 40 * 24;
        assert_eq!(after(Shown::All, &[], &[5, 6], old), None, "longer ago than what is kept");
    }
}
