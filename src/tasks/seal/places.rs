//! The conversations that are read by themselves: up to when each has been read, and where the rest of a long one begins.
//!
//! A conversation may hold more than the platform lets us read at once: whoever writes in it decides that. What is new in it
//! is read from its newest message, at every round that needs it; the rest is read on from the platform's own mark, a page at
//! a time, so that it comes to its end however long it is. All of this is in memory: after a start a conversation is read
//! from its newest message again.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::listing::{Listing, Place, Purpose, Rest};
use super::round::{Stage, WINDOW, below};
use super::{Known, Watcher};
use crate::base::ids::MessageId;
use crate::base::time::Time;
use crate::tasks::task::{TaskError, ms};

/// X allows so many calls in a window for all conversations of two together, and so many for all groups.
const CALLS: i64 = 15;

/// What is known of conversations.
#[derive(Default)]
pub(super) struct Places {
    /// When what was new was last read.
    read_at: HashMap<Place, Time>,
    rests: BTreeMap<Place, Rest>,
    /// The rest that was read last, and when.
    last: Option<(Place, Time)>,
    /// Whether conversations were read for what is new in the last round.
    was_needed: bool,
}

impl Places {
    /// When what was new in a conversation was last read.
    pub(super) fn read_at(&self, place: &Place) -> Option<Time> {
        self.read_at.get(place).copied()
    }

    /// A conversation has been read to its end, or its rest has.
    pub(super) fn finish(&mut self, listing: Listing) {
        if listing.purpose == Purpose::Rest {
            self.rests.remove(&listing.place);
        } else {
            self.read_at.insert(listing.place, listing.begun);
        }
    }

    /// A conversation has been read as far as this mark. Without a mark that the platform takes, it is read anew.
    pub(super) fn cut(&mut self, listing: Listing, token: Option<String>) {
        match token {
            Some(token) => {
                // What was left before is older than this: it is read with it.
                let before = self.rests.get(&listing.place).map_or(listing.floor, |rest| rest.floor);
                if listing.purpose != Purpose::Rest {
                    self.read_at.insert(listing.place.clone(), listing.begun);
                }
                self.rests.insert(listing.place, Rest { floor: before.min(listing.floor), token });
            }
            None if listing.is_at_a_mark() => {
                self.read_at.remove(&listing.place);
                self.rests.remove(&listing.place);
            }
            None => {}
        }
    }

    /// Takes those that are read in a round out of all, those first that were not read for the longest time. In the first round
    /// of a trouble these are all. After that as many as the platform allows round after round, with some calls to spare:
    /// otherwise none could be read for the rest of its window.
    fn choose(&self, mut places: Vec<Place>, poll: i64) -> VecDeque<Place> {
        places.sort_by(|one, other| (self.read_at(one), one).cmp(&(self.read_at(other), other)));
        let most = if self.was_needed { (poll * CALLS / ms(WINDOW)).max(1) } else { i64::MAX };
        let (mut pairs, mut groups) = (0, 0);
        places.retain(|place| {
            let count = if matches!(place, Place::In(_)) { &mut groups } else { &mut pairs };
            *count += 1;
            *count <= most
        });
        places.into()
    }

    /// The rest of which a page is read now: each in its turn, one page in `every` milliseconds, because what is new needs
    /// the same calls.
    pub(super) fn rest(&mut self, every: i64, now: Time) -> Option<(Place, Rest)> {
        if self.last.as_ref().is_some_and(|(_, at)| (0..every).contains(&now.ms_since(*at))) {
            return None;
        }
        let after = self.last.as_ref().and_then(|(last, _)| self.rests.keys().find(|place| last < *place));
        let place = after.or_else(|| self.rests.keys().next())?.clone();
        let rest = self.rests.get(&place)?.clone();
        self.last = Some((place.clone(), now));
        Some((place, rest))
    }
}

impl Watcher {
    /// The conversations that are read in a round in which not all messages can be.
    pub(super) async fn conversations(&self, known: &Known) -> Result<VecDeque<Place>, TaskError> {
        let mut places: Vec<Place> = known.watched().into_iter().map(Place::With).collect();
        let ids = known.correspondents();
        let groups = self.store.groups().await?.into_iter();
        let groups = groups.filter(|(_, members)| members.accounts.iter().any(|id| ids.contains(id)));
        places.extend(groups.map(|(group, _)| Place::In(group)));
        Ok(self.places.choose(places, ms(self.settings.poll)))
    }

    /// Begins with the next conversation that is to be read by itself, or goes on with the rest of one.
    pub(super) async fn list_conversation(&mut self, now: Time) -> Result<(), TaskError> {
        let poll = ms(self.settings.poll);
        // Since a start nobody has looked: what was sent while nothing ran is as late as after an outage.
        let is_behind = self.looked.is_none_or(|(looked, _)| poll + poll / 2 <= now.ms_since(looked));
        let is_blocked = self.blocked.is_some_and(|until| now < until);
        let is_left = self.is_budget_left(now).await?;
        let frontier = self.spans.oldest().or(self.frontier);
        let start = self.store.started().await?.unwrap_or(MessageId(0));
        let Some(round) = &mut self.round else { return Ok(()) };
        let is_needed = !round.is_complete && (round.is_cut || is_behind || is_blocked || !is_left);
        self.places.was_needed = is_needed;
        // While conversations are read for what is new, that needs the calls of two rounds for each page of a rest. The rest
        // comes first: however many conversations there are, it is read on.
        let every = if is_needed { 2 * poll } else { poll };
        if !round.is_refused
            && let Some((place, rest)) = self.places.rest(every, now)
        {
            self.listing = Some(Listing::of_rest(place, rest, start, now));
            return Ok(());
        }
        let place = round.conversations.pop_front().filter(|_| is_needed);
        let (Some(place), Some(frontier)) = (place, frontier) else {
            self.set_stage(Stage::Parts);
            self.begin_flush();
            return Ok(());
        };
        let floor = self.places.read_at(&place).map_or(frontier, |read| below(read).max(frontier));
        self.listing = Some(Listing::of_conversation(place, start, floor, now));
        Ok(())
    }
}
