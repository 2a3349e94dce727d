//! How much is read and answered in a day: a flood must not use up what others need.
//!
//! Half of what a day allows may be used at once, and the other half is released hour by hour. So a person who comes
//! after a flood is still answered. People to whom notes are addressed are not counted among strangers: a flood cannot
//! prevent a denial by the person who should make it. A day is a day of UTC, as the platform bills.

use std::collections::{HashMap, HashSet};

use crate::base::hash::Hash;
use crate::base::ids::{AccountId, PostId};
use crate::base::time::{DAY_MS, Time};
use crate::platform::price::Billed;
use crate::store::MentionOutcome;
use crate::tasks::allowance::released;
use crate::wording::dm::Day;

/// Most entries `dispute` that strangers trigger in a day, all together. It is also the most disputes of one
/// correspondent in a day that the officials get a message about.
pub const DISPUTES_A_DAY: u64 = 24;

/// Cost of a mention that is read, in millionths of a US dollar: the application belongs to the account itself. A
/// mention that is read twice in a day is billed once.
const READ_USD_MICROS: u64 = Billed::OwnedRead.price_usd_micros();

/// Cost of an answer to a post that mentions us.
const ANSWER_USD_MICROS: u64 = Billed::SummonedReply.price_usd_micros();

/// What the operator allows in a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Answers in all.
    pub answers: u64,
    /// Answers to one author.
    pub answers_each: u64,
    /// What reading mentions and answering them may cost, in millionths of a US dollar.
    pub usd_micros: u64,
}

/// Who wrote a mention.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Author {
    /// Somebody to whom notes are addressed.
    Correspondent,
    /// Anybody else.
    Stranger,
}

/// What a mention asks of us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// An answer with what is known.
    Answer,
    /// The help.
    Help,
    /// An entry about a note, and an answer.
    Dispute,
}

/// What was read and answered today.
pub struct Tally {
    limits: Limits,
    day: i64,
    read: HashSet<PostId>,
    /// What was listed, and paid for, and could not be read.
    unreadable: HashSet<Hash>,
    authors: HashMap<AccountId, Count>,
    answers: u64,
    stranger_answers: u64,
    disputes: u64,
    over: u64,
}

#[derive(Default)]
struct Count {
    answers: u64,
    helped: bool,
    entries: u64,
}

impl Tally {
    /// A day on which nothing has happened yet.
    pub fn new(limits: Limits, now: Time) -> Tally {
        Tally {
            limits,
            day: day(now),
            read: HashSet::new(),
            unreadable: HashSet::new(),
            authors: HashMap::new(),
            answers: 0,
            stranger_answers: 0,
            disputes: 0,
            over: 0,
        }
    }

    /// Begins a new day if there is one.
    pub fn roll(&mut self, now: Time) {
        if self.day != day(now) {
            *self = Tally::new(self.limits, now);
        }
    }

    /// Number of mentions to read now, so that each of them can still be answered. It is at most a page. It is the
    /// smallest page if the money is enough for one of its answers only, and None if not even for that. Mentions that
    /// were read today cost nothing more.
    pub fn readable(&self, smallest: u32, largest: u32, now: Time) -> Option<u32> {
        let left = released(self.limits.usd_micros, now).saturating_sub(self.spent());
        let answerable = u32::try_from(left / (READ_USD_MICROS + ANSWER_USD_MICROS)).unwrap_or(u32::MAX);
        let least = u64::from(smallest) * READ_USD_MICROS + ANSWER_USD_MICROS;
        (least <= left).then_some(answerable.clamp(smallest, largest))
    }

    /// Counts a mention that was read.
    pub fn read(&mut self, mention: PostId) {
        self.read.insert(mention);
    }

    /// Counts an element that was listed and cannot be read: it is paid for like any other.
    pub fn read_unreadable(&mut self, element: Hash) {
        self.unreadable.insert(element);
    }

    /// What is to be done about a mention. Nothing is counted yet.
    pub fn decide(&self, author: AccountId, who: Author, wanted: Wanted, now: Time) -> MentionOutcome {
        let answered = self.may_answer(author, who, now);
        let helped = self.authors.get(&author).is_some_and(|count| count.helped);
        let may_enter = who == Author::Correspondent || self.disputes < DISPUTES_A_DAY;
        match wanted {
            Wanted::Help if helped => MentionOutcome::Again,
            Wanted::Help if answered => MentionOutcome::Helped,
            Wanted::Answer if answered => MentionOutcome::Answered,
            Wanted::Dispute if may_enter && answered => MentionOutcome::Disputed,
            Wanted::Dispute if may_enter => MentionOutcome::Entered,
            _ => MentionOutcome::Over,
        }
    }

    fn may_answer(&self, author: AccountId, who: Author, now: Time) -> bool {
        let given = self.authors.get(&author).map_or(0, |count| count.answers);
        let paid = self.spent() + ANSWER_USD_MICROS <= released(self.limits.usd_micros, now);
        let room = paid && self.stranger_answers < released(self.limits.answers, now);
        given < self.limits.answers_each && (room || who == Author::Correspondent)
    }

    /// Whether the officials get a message about one more dispute of this author. Each message costs, and takes the
    /// place of others.
    pub fn may_tell(&self, author: AccountId) -> bool {
        self.authors.get(&author).is_none_or(|count| count.entries < DISPUTES_A_DAY)
    }

    /// Counts what was done about a mention, which was read.
    pub fn count(&mut self, mention: PostId, author: AccountId, who: Author, done: MentionOutcome) {
        self.read.insert(mention);
        let stranger = u64::from(who == Author::Stranger);
        let count = self.authors.entry(author).or_default();
        count.entries += u64::from(done.is_entry());
        if done.is_answer() {
            count.answers += 1;
            count.helped |= done == MentionOutcome::Helped;
            self.answers += 1;
            self.stranger_answers += stranger;
        }
        self.disputes += stranger * u64::from(done.is_entry());
        self.over += u64::from(matches!(done, MentionOutcome::Over | MentionOutcome::Entered));
    }

    /// The state of the day.
    pub fn today(&self) -> Day {
        Day { read: self.reads(), answers: self.answers, over: self.over, usd_micros: self.spent() }
    }

    fn reads(&self) -> u64 {
        (self.read.len() + self.unreadable.len()) as u64
    }

    fn spent(&self) -> u64 {
        self.reads() * READ_USD_MICROS + self.answers * ANSWER_USD_MICROS
    }
}

fn day(now: Time) -> i64 {
    now.ms().div_euclid(DAY_MS)
}

#[cfg(test)]
mod tests;
