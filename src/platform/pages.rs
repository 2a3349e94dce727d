//! How a list is followed from page to page. It ends by our rule and not by the platform's, which may name a further page
//! for ever.

use std::collections::HashSet;

use super::{PageToken, Unreadable};
use crate::base::hash::Hash;

/// What a page says about the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// There is a further page.
    More,
    /// It was the last.
    End,
    /// The list says the same again and again: what else there may be cannot be read now.
    Repeats,
    /// There is a further page, and no more may be read.
    TooMany,
}

/// A list that is being read.
#[derive(Debug)]
pub struct Pages {
    left: usize,
    empty_max: usize,
    empty: usize,
    next: Option<PageToken>,
    marks: HashSet<PageToken>,
    numbers: HashSet<u64>,
    unreadable: HashSet<Hash>,
}

impl Pages {
    /// A list of which at most so many pages are read, and which ends after so many empty pages in a row: the platform may
    /// give one before others. A page that lists only what was listed before ends it at once.
    pub fn new(pages_max: usize, empty_max: usize) -> Pages {
        let (marks, numbers, unreadable) = (HashSet::new(), HashSet::new(), HashSet::new());
        Pages { left: pages_max, empty_max, empty: 0, next: None, marks, numbers, unreadable }
    }

    /// Where the next page begins. None before the first.
    pub fn next(&self) -> Option<&PageToken> {
        self.next.as_ref()
    }

    /// Takes note of a page: the numbers of what it lists, what of it cannot be read, and the mark of the next one.
    pub fn take<Id>(
        &mut self,
        numbers: impl IntoIterator<Item = u64>,
        unreadable: &[Unreadable<Id>],
        next: Option<PageToken>,
    ) -> Turn {
        let known = self.numbers.len() + self.unreadable.len();
        let numbers: Vec<u64> = numbers.into_iter().collect();
        let is_empty = numbers.is_empty() && unreadable.is_empty();
        self.numbers.extend(numbers);
        self.unreadable.extend(unreadable.iter().map(|one| one.sha256));
        let is_news = known < self.numbers.len() + self.unreadable.len();
        self.empty = if is_empty { self.empty + 1 } else { 0 };
        let is_same = !is_news && !is_empty;
        self.left = self.left.saturating_sub(1);
        let is_known = next.as_ref().is_some_and(|mark| !self.marks.insert(mark.clone()));
        self.next = next;
        match self.next {
            None => Turn::End,
            Some(_) if is_known || is_same || self.empty_max <= self.empty => Turn::Repeats,
            Some(_) if self.left == 0 => Turn::TooMany,
            Some(_) => Turn::More,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(name: &str) -> Option<PageToken> {
        Some(PageToken(name.to_owned()))
    }

    /// The turns of these pages: of each its numbers, and the mark of the next one.
    fn turns(pages: &[(&[u64], &str)]) -> Vec<Turn> {
        let mut list = Pages::new(5, 3);
        let next = |name: &str| mark(name).filter(|mark| !mark.0.is_empty());
        pages.iter().map(|(ids, name)| list.take::<u64>(ids.iter().copied(), &[], next(name))).collect()
    }

    #[test]
    fn a_list_ends_by_our_rule() {
        use Turn::*;
        assert_eq!(turns(&[(&[3, 2], "a"), (&[1], "")]), [More, End]);
        assert_eq!(turns(&[(&[3, 2], "a"), (&[3, 2], "a")]), [More, Repeats], "the same mark");
        assert_eq!(turns(&[(&[3, 2], "a"), (&[2, 1], "b"), (&[3], "c")]), [More, More, Repeats], "no news");
        assert_eq!(turns(&[(&[3], "a"), (&[], "b"), (&[], "c"), (&[], "d")]), [More, More, More, Repeats], "empty");
        assert_eq!(turns(&[(&[], "a"), (&[], "b"), (&[1], "c"), (&[], "d")]), [More; 4], "news after empty pages");
        let endless: Vec<(&[u64], &str)> = vec![(&[9], "a"), (&[8], "b"), (&[7], "c"), (&[6], "d"), (&[5], "e")];
        assert_eq!(turns(&endless), [More, More, More, More, TooMany]);
    }

    #[test]
    fn what_cannot_be_read_is_news_once() {
        let odd = |byte: u8| Unreadable::<u64> {
            id: None,
            sha256: Hash::of(&[byte]),
            why: String::new(),
            is_elsewhere: false,
        };
        let mut list = Pages::new(9, 3);
        assert!(list.next().is_none());
        let turns = [1, 2, 1].map(|byte| {
            let count = list.marks.len().to_string();
            list.take([], &[odd(byte)], mark(&count))
        });
        assert_eq!(turns, [Turn::More, Turn::More, Turn::Repeats]);
        assert_eq!(list.next(), mark("2").as_ref());
    }
}
