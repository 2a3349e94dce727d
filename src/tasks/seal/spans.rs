//! The parts of the list of messages that are not read to their end.

use crate::base::ids::MessageId;
use crate::store::{Unread, WhyUnread};

/// Most parts that are kept apart: beyond, the two oldest become one, and what lies between is read twice.
const PARTS_MAX: usize = 16;

/// A number above that of every message.
pub(super) const TOP: MessageId = MessageId(i64::MAX as u64);

/// The parts, the newest first.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Spans(Vec<Unread>);

impl Spans {
    /// As a program that was started anew finds them: what waited in memory is read again.
    pub(super) fn after_a_start(mut parts: Vec<Unread>) -> Spans {
        for part in parts.iter_mut().filter(|part| part.why == WhyUnread::Waits) {
            part.why = WhyUnread::Cut;
        }
        Spans(parts)
    }

    /// Everything after this message has been read.
    pub(super) fn read_after(&mut self, after: MessageId) {
        self.0.retain(|part| part.why != WhyUnread::Cut || part.after < after);
        for part in self.0.iter_mut().filter(|part| part.why == WhyUnread::Cut) {
            part.before = part.before.min(MessageId(after.0.saturating_add(1)));
        }
    }

    /// Adds a part.
    pub(super) fn add(&mut self, part: Unread) {
        if part.after.0.saturating_add(1) < part.before.0 && !self.0.contains(&part) {
            self.0.push(part);
        }
        self.0.sort_by_key(|part| std::cmp::Reverse((part.before, part.after)));
        while PARTS_MAX < self.0.len() && self.merge_the_oldest() {}
    }

    /// Takes a part out.
    pub(super) fn remove(&mut self, part: &Unread) {
        self.0.retain(|other| other != part);
    }

    /// Sees to it that what lies between is in a part that begins after the same message.
    pub(super) fn cover(&mut self, after: MessageId, before: MessageId) {
        let same = |part: &&mut Unread| part.why == WhyUnread::Cut && part.after == after;
        match self.0.iter_mut().find(same) {
            Some(part) if part.before < before => (part.before, part.token) = (before, None),
            Some(_) => {}
            None => self.add(Unread { after, before, token: None, why: WhyUnread::Cut }),
        }
    }

    /// What waits in memory lies between these; None if nothing waits.
    pub(super) fn wait(&mut self, between: Option<(MessageId, MessageId)>) {
        self.0.retain(|part| part.why != WhyUnread::Waits);
        if let Some((after, before)) = between {
            self.add(Unread { after, before, token: None, why: WhyUnread::Waits });
        }
    }

    /// Whether a message lies in one.
    pub(super) fn has(&self, message: MessageId) -> bool {
        self.0.iter().any(|part| part.after < message && message < part.before)
    }

    /// The part that is read next.
    pub(super) fn next(&self) -> Option<&Unread> {
        let again = self.0.iter().find(|part| matches!(part.why, WhyUnread::Again(_)));
        self.0.iter().find(|part| part.why == WhyUnread::Cut).or(again)
    }

    /// Whether this rejudgement is being read.
    pub(super) fn has_rejudgement(&self, id: u64) -> bool {
        self.0.iter().any(|part| part.why == WhyUnread::Again(id))
    }

    /// The place after which something is not read; None if all is read.
    pub(super) fn oldest(&self) -> Option<MessageId> {
        self.0.iter().filter(|part| part.why == WhyUnread::Cut).map(|part| part.after).min()
    }

    /// All parts.
    pub(super) fn all(&self) -> &[Unread] {
        &self.0
    }

    /// Makes one of the two oldest parts of the same kind. Returns false if there are none.
    fn merge_the_oldest(&mut self) -> bool {
        let cut = |part: &Unread| part.why == WhyUnread::Cut;
        let Some(last) = self.0.iter().rposition(cut) else { return false };
        let Some(before_it) = self.0[..last].iter().rposition(cut) else { return false };
        let oldest = self.0.remove(last);
        let part = &mut self.0[before_it];
        *part = Unread { after: part.after.min(oldest.after), ..part.clone() };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(after: u64, before: u64) -> Unread {
        Unread { after: MessageId(after), before: MessageId(before), token: None, why: WhyUnread::Cut }
    }

    fn spans(parts: &[(u64, u64)]) -> Spans {
        let mut spans = Spans::default();
        parts.iter().for_each(|(after, before)| spans.add(cut(*after, *before)));
        spans
    }

    #[test]
    fn what_is_read_is_taken_out_from_above() {
        let mut parts = spans(&[(10, 20), (30, 40)]);
        parts.read_after(MessageId(34));
        assert_eq!(parts, spans(&[(10, 20), (30, 35)]));
        parts.read_after(MessageId(15));
        assert_eq!(parts, spans(&[(10, 16)]));
        assert!(parts.has(MessageId(15)) && !parts.has(MessageId(16)) && !parts.has(MessageId(10)));
        parts.read_after(MessageId(10));
        assert_eq!(parts, Spans::default());
    }

    #[test]
    fn nothing_is_no_part() {
        assert_eq!(spans(&[(5, 6), (6, 6)]), Spans::default());
    }

    #[test]
    fn a_part_grows_at_its_newer_end() {
        let mut parts = spans(&[(10, 20)]);
        parts.cover(MessageId(10), MessageId(25));
        parts.cover(MessageId(10), MessageId(22));
        assert_eq!(parts, spans(&[(10, 25)]));
    }

    #[test]
    fn many_parts_become_few_and_lose_nothing() {
        let parts: Vec<(u64, u64)> = (0..40).map(|n| (10 * n, 10 * n + 5)).collect();
        let merged = spans(&parts);
        assert_eq!(merged.all().len(), PARTS_MAX);
        assert!(parts.iter().all(|(after, _)| merged.has(MessageId(after + 1))));
        assert_eq!(merged.oldest(), Some(MessageId(0)));
    }

    #[test]
    fn what_waits_is_not_read_before_the_next_start() {
        let mut parts = Spans::default();
        parts.wait(Some((MessageId(4), MessageId(9))));
        assert_eq!(parts.next(), None);
        let parts = Spans::after_a_start(parts.all().to_vec());
        assert_eq!(parts.next(), Some(&cut(4, 9)));
    }
}
