//! The front page: what this is, how things stand, the newest notes.

use maud::{Markup, html};

use super::{frame, lasting, link, other, row};
use crate::site::ledger::Other;
use crate::site::words::{self, front as words_of};
use crate::site::{Page, View, notes_of, range_of};
use crate::tlog::entry::Entry;
use crate::wording::standing::{COUNTED, NO_NOTE_YET_ON_PAGE};

/// Notes on it.
const NOTES: u64 = 30;

/// Gaps, losses and the like on it.
const OTHERS: usize = 10;

/// The front page.
pub(in crate::site) fn front(view: &View<'_>) -> Markup {
    let ledger = view.ledger;
    let newest = (1..=ledger.last()).rev().take(NOTES as usize).filter_map(|n| ledger.note(n));
    let body = html! {
        h1 { (words_of::SEALED_NOTES) }
        (lasting(view))
        (what_this_is(view))
        (standing(view))
        section aria-labelledby="newest" {
            h2 id="newest" { (words_of::NEWEST_NOTES) }
            @if ledger.last() == 0 { p { (NO_NOTE_YET_ON_PAGE) } }
            ol.notes { @for note in newest { (row(view, &note, "")) } }
            (older(view))
        }
        (not_notes(view))
    };
    frame(view, Page::Front, words_of::SEALED_NOTES, &body)
}

fn what_this_is(view: &View<'_>) -> Markup {
    let gives_receipts = 0 < view.ledger.counts().receipts;
    html! {
        p.lead {
            (words_of::what_this_is(view.settings.account.as_ref())) " " (words_of::SEALING) " "
            (words_of::checking(|text| link(&Page::Verify.path(), text)))
            @if gives_receipts { " " (words_of::receipts(|text| link(&Page::Gaps.path(), text))) }
        }
    }
}

/// How things stand, good and bad in the same words.
fn standing(view: &View<'_>) -> Markup {
    let (ledger, counts) = (view.ledger, view.ledger.counts());
    let counted = COUNTED.into_iter().zip([ledger.last(), counts.posted, counts.opened, counts.disputed]);
    let receipts = link(&Page::Gaps.path(), words_of::RECEIPTS_GIVEN);
    html! {
        dl.standing {
            @for (name, count) in counted { div { dt { (name) } dd { (count) } } }
            @if 0 < counts.receipts { div { dt { (receipts) } dd { (counts.receipts) } } }
            div { dt { (words_of::GAPS) } dd { (counts.gaps) } }
            div { dt { (words_of::POSTS_LOST) } dd { (counts.lost) } }
            div { dt { (words_of::UNKNOWN_LINES) } dd { (counts.unknown) } }
            div { dt { (words_of::ENTRIES) } dd { (ledger.len()) } }
        }
    }
}

/// The links to the notes that are not here.
fn older(view: &View<'_>) -> Markup {
    let Some(oldest) = view.ledger.last().checked_sub(NOTES).filter(|oldest| 0 < *oldest) else {
        return html! {};
    };
    let place = range_of(oldest);
    let notes = notes_of(place);
    let before = link(&Page::Range(place).path(), &words::row::notes_inside(*notes.start(), *notes.end()));
    html! { p { (words_of::older(before, |text| link(&Page::Ranges.path(), text))) } }
}

/// What is not about sealing and posting: the newest of it.
fn not_notes(view: &View<'_>) -> Markup {
    let is_shown = |other: &&Other| {
        !matches!(
            other.entry,
            Entry::Open { .. }
                | Entry::Dispute { .. }
                | Entry::Receipt { .. }
                | Entry::Stamp { .. }
                | Entry::Unlock { .. }
        )
    };
    let all = view.ledger.others().iter().filter(is_shown).count();
    html! {
        section aria-labelledby="gaps" {
            h2 id="gaps" { (words_of::NOT_NOTES) }
            @if all == 0 { p { (words_of::NOTHING_LOST) } }
            ol.notes { @for one in view.ledger.others().iter().rev().filter(is_shown).take(OTHERS) { (other(view, one, "")) } }
            @if OTHERS < all { p { (link(&Page::Gaps.path(), &words_of::all(all))) "." } }
        }
    }
}
