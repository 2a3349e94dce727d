//! The notes of a fixed range, the list of all ranges, and what is not about notes.

use maud::{Markup, html};

use super::{code, frame, lasting, link, other, row};
use crate::site::words::{self, gaps as words_of_gaps, list as words_of};
use crate::site::{Page, RANGE, View, notes_of, range_of};
use crate::tlog::entry::Entry;
use crate::wording::standing::NO_NOTE_YET_ON_PAGE;

/// Gaps, losses and the like on one page: `log.txt` has all of them.
const OTHERS_MAX: usize = 1000;

/// The notes of one range, the newest first. Once the range is full, the page changes only if something about its notes
/// changes: the next page is there by then.
pub(in crate::site) fn range(view: &View<'_>, place: u64) -> Markup {
    let notes = notes_of(place);
    let title = words::row::notes(*notes.start(), *notes.end());
    let is_full = *notes.end() <= view.ledger.last();
    let beside = |to: u64, text: fn(u64, u64) -> String| {
        let notes = notes_of(to);
        link(&format!("../{}", Page::Range(to).path()), &text(*notes.start(), *notes.end()))
    };
    let is_empty = view.ledger.last() < *notes.start();
    let body = html! {
        h1 { (title) }
        p { (words_of::what_a_page_holds(RANGE)) }
        @if is_empty { p { (words_of::EMPTY_RANGE) } }
        ol.notes { @for note in notes.clone().rev().filter_map(|n| view.ledger.note(n)) { (row(view, &note, "../")) } }
        nav aria-label=(words_of::OTHER_NOTES) {
            ul {
                @if is_full { li { (beside(place + 1, words_of::newer)) } }
                @if 0 < place { li { (beside(place - 1, words_of::older)) } }
                li { (link("index.html", words_of::ALL_BY_NUMBER)) }
            }
        }
    };
    frame(view, Page::Range(place), &title, &body)
}

/// All ranges, the newest first.
pub(in crate::site) fn ranges(view: &View<'_>) -> Markup {
    let last = view.ledger.last();
    let body = html! {
        h1 { (words_of::ALL_NOTES_BY_NUMBER) }
        @if last == 0 { p { (NO_NOTE_YET_ON_PAGE) } }
        @else { p { (words_of::page_of_a_note(|path| code(path))) } }
        ul.ranges {
            @for place in (0..=range_of(last)).rev().filter(|_| 0 < last) {
                @let notes = notes_of(place);
                li { a href={ "../" (Page::Range(place).path()) } { (notes.start()) "–" (notes.end()) } }
            }
        }
    };
    frame(view, Page::Ranges, words::frame::ALL_NOTES, &body)
}

/// What is not about sealing and posting.
pub(in crate::site) fn gaps(view: &View<'_>) -> Markup {
    let others = view.ledger.others();
    let of = |is: fn(&Entry) -> bool| {
        let all = others.iter().rev().filter(|other| is(&other.entry));
        let log_txt = link("log.txt", "log.txt");
        html! {
            @if all.clone().next().is_none() { p { (words_of_gaps::NONE) } }
            ol.notes { @for one in all.clone().take(OTHERS_MAX) { (other(view, one, "")) } }
            @if OTHERS_MAX < all.clone().count() { p { (words_of_gaps::newest_of_all(OTHERS_MAX, log_txt)) } }
        }
    };
    let body = html! {
        h1 { (words::frame::GAPS_AND_LOSSES) }
        (lasting(view))
        p.lead { (words_of_gaps::WHAT_WENT_WRONG) }
        h2 { (words_of_gaps::GAPS) }
        (of(|entry| matches!(entry, Entry::Gap { .. })))
        h2 { (words_of_gaps::LOSSES) }
        p { (words_of_gaps::WITHOUT_A_POST) }
        (of(|entry| matches!(entry, Entry::Lost { .. })))
        h2 { (words_of_gaps::DISPUTES) }
        (of(|entry| matches!(entry, Entry::Dispute { .. })))
        @if 0 < view.ledger.counts().receipts {
            h2 { (words_of_gaps::RECEIPTS) }
            p { (words_of_gaps::WHOSE_COMMITMENT) }
            (of(|entry| matches!(entry, Entry::Receipt { .. })))
        }
        h2 { (words_of_gaps::KEYS) }
        (of(|entry| matches!(entry, Entry::Key { .. })))
        @if others.iter().any(|other| matches!(other.entry, Entry::Stamp { .. })) {
            h2 { (words_of_gaps::STAMPS) }
            (of(|entry| matches!(entry, Entry::Stamp { .. })))
        }
        h2 { (words_of_gaps::UNKNOWN) }
        p { (words_of_gaps::LATER_VERSION) }
        (of(|entry| matches!(entry, Entry::Unknown { .. } | Entry::Note { .. } | Entry::Post { .. })))
    };
    frame(view, Page::Gaps, words::frame::GAPS_AND_LOSSES, &body)
}
