//! The notes of a fixed range, the list of all ranges, and what is not about notes.

use maud::{Markup, html};

use super::{frame, other, row};
use crate::site::{Page, RANGE, View, notes_of, range_of};
use crate::tlog::entry::Entry;

/// Gaps, losses and the like on one page: `log.txt` has all of them.
const OTHERS_MAX: usize = 1000;

/// The notes of one range, the newest first. Once it is full it changes only with what is said about its notes: the page
/// after it is there by then.
pub(in crate::site) fn range(view: &View<'_>, place: u64) -> Markup {
    let notes = notes_of(place);
    let title = format!("Notes {}–{}", notes.start(), notes.end());
    let is_full = *notes.end() <= view.ledger.last();
    let link = |to: u64, text: &str| {
        let notes = notes_of(to);
        html! { a href={ "../" (Page::Range(to).path()) } { (text) " " (notes.start()) "–" (notes.end()) } }
    };
    let is_empty = view.ledger.last() < *notes.start();
    let body = html! {
        h1 { (title) }
        p { "The newest is first. A page holds " (RANGE) " numbers, and keeps its address." }
        @if is_empty { p { "No note has got one of these numbers yet." } }
        ol.notes { @for note in notes.clone().rev().filter_map(|n| view.ledger.note(n)) { (row(view, &note, "../")) } }
        nav aria-label="Other notes" {
            ul {
                @if is_full { li { (link(place + 1, "Newer:")) } }
                @if 0 < place { li { (link(place - 1, "Older:")) } }
                li { a href="index.html" { "All by number" } }
            }
        }
    };
    frame(view, Page::Range(place), &title, &body)
}

/// All ranges, the newest first.
pub(in crate::site) fn ranges(view: &View<'_>) -> Markup {
    let last = view.ledger.last();
    let body = html! {
        h1 { "All notes by number" }
        @if last == 0 { p { "No note has been sealed yet." } }
        @else { p { "The page of a single note is " code { "note/<number / 1000>/<number>.html" } "." } }
        ul.ranges {
            @for place in (0..=range_of(last)).rev().filter(|_| 0 < last) {
                @let notes = notes_of(place);
                li { a href={ "../" (Page::Range(place).path()) } { (notes.start()) "–" (notes.end()) } }
            }
        }
    };
    frame(view, Page::Ranges, "All notes", &body)
}

/// What is not about sealing and posting.
pub(in crate::site) fn gaps(view: &View<'_>) -> Markup {
    let others = view.ledger.others();
    let of = |is: fn(&Entry) -> bool| {
        let all = others.iter().rev().filter(|other| is(&other.entry));
        html! {
            @if all.clone().next().is_none() { p { "None." } }
            ol.notes { @for one in all.clone().take(OTHERS_MAX) { (other(view, one, "")) } }
            @if OTHERS_MAX < all.clone().count() { p { "These are the newest " (OTHERS_MAX) ": " a href="log.txt" { "log.txt" } " has all." } }
        }
    };
    let body = html! {
        h1 { "Gaps and losses" }
        p.lead { "What went wrong, or could not be seen, stands in the log as the notes do: it cannot be taken out again either." }
        h2 { "Periods in which messages may have been missed" }
        (of(|entry| matches!(entry, Entry::Gap { .. })))
        h2 { "Posts that are not what they were" }
        p { "A note does not need its post: its entry stands in the log, and later posts show a head of the log that covers it." }
        (of(|entry| matches!(entry, Entry::Lost { .. })))
        h2 { "Disputes" }
        (of(|entry| matches!(entry, Entry::Dispute { .. })))
        @if 0 < view.ledger.counts().receipts {
            h2 { "Notes of others that this account received" }
            p { "The commitment is that of the sender’s own log, and its post shows it too." }
            (of(|entry| matches!(entry, Entry::Receipt { .. })))
        }
        h2 { "Keys that the log goes on with" }
        (of(|entry| matches!(entry, Entry::Key { .. })))
        h2 { "Lines that are not understood" }
        p { "A later version of the program may know them. They count like every other line." }
        (of(|entry| matches!(entry, Entry::Unknown { .. } | Entry::Note { .. } | Entry::Post { .. })))
    };
    frame(view, Page::Gaps, "Gaps and losses", &body)
}
