//! The front page: what this is, how things stand, the newest notes.

use maud::{Markup, html};

use super::{frame, other, row};
use crate::site::ledger::Other;
use crate::site::{Page, View, notes_of, range_of};
use crate::tlog::entry::Entry;

/// Notes on it.
const NOTES: u64 = 30;

/// Gaps, losses and the like on it.
const OTHERS: usize = 10;

/// The front page.
pub(in crate::site) fn front(view: &View<'_>) -> Markup {
    let ledger = view.ledger;
    let newest = (1..=ledger.last()).rev().take(NOTES as usize).filter_map(|n| ledger.note(n));
    let body = html! {
        h1 { "Sealed notes" }
        (what_this_is(view))
        (standing(view))
        section aria-labelledby="newest" {
            h2 id="newest" { "Newest notes" }
            @if ledger.last() == 0 { p { "No note has been sealed yet." } }
            ol.notes { @for note in newest { (row(view, &note, "")) } }
            (older(view))
        }
        (not_notes(view))
    };
    frame(view, Page::Front, "Sealed notes", &body)
}

fn what_this_is(view: &View<'_>) -> Markup {
    html! {
        p.lead {
            @match &view.settings.account {
                Some(account) => { "This is the public record of the formal messages that the account @" (account) " sends to others on X." },
                None => { "This is the public record of the formal messages that an account sends to others on X." },
            }
            " The moment such a message is sent, its hash — 64 digits that fit this message and no other — is entered here and \
            posted, so that nobody can later deny that it existed, when, and to whom it was addressed, and nobody can invent one \
            afterwards."
            " What it says stays private until its sender opens it, and then anybody can "
            a href=(Page::Verify.path()) { "check it against the hash" }
            " without trusting the sender, this site, or the program that wrote it."
            @if 0 < view.ledger.counts().receipts {
                " It also says which notes of others " a href=(Page::Gaps.path()) { "this account has received" } "."
            }
        }
    }
}

/// How things stand, good and bad in the same words.
fn standing(view: &View<'_>) -> Markup {
    let (ledger, counts) = (view.ledger, view.ledger.counts());
    html! {
        dl.standing {
            div { dt { "notes sealed" } dd { (ledger.last()) } }
            div { dt { "of them posted" } dd { (counts.posted) } }
            div { dt { "opened" } dd { (counts.opened) } }
            div { dt { "disputed" } dd { (counts.disputed) } }
            @if 0 < counts.receipts { div { dt { a href=(Page::Gaps.path()) { "receipts given" } } dd { (counts.receipts) } } }
            div { dt { "gaps" } dd { (counts.gaps) } }
            div { dt { "posts lost" } dd { (counts.lost) } }
            div { dt { "unknown lines" } dd { (counts.unknown) } }
            div { dt { "entries in the log" } dd { (ledger.len()) } }
        }
    }
}

/// The way to the notes that are not here.
fn older(view: &View<'_>) -> Markup {
    let Some(oldest) = view.ledger.last().checked_sub(NOTES).filter(|oldest| 0 < *oldest) else {
        return html! {};
    };
    let place = range_of(oldest);
    let notes = notes_of(place);
    html! {
        p { "Older: " a href=(Page::Range(place).path()) { "notes " (notes.start()) "–" (notes.end()) } ", or "
            a href=(Page::Ranges.path()) { "all by number" } "." }
    }
}

/// What is not about sealing and posting: the newest of it.
fn not_notes(view: &View<'_>) -> Markup {
    let is_shown =
        |other: &&Other| !matches!(other.entry, Entry::Open { .. } | Entry::Dispute { .. } | Entry::Receipt { .. });
    let all = view.ledger.others().iter().filter(is_shown).count();
    html! {
        section aria-labelledby="gaps" {
            h2 id="gaps" { "Gaps, losses, and what is not understood" }
            @if all == 0 { p { "None: no message is known to have been missed, and no post to have been lost." } }
            ol.notes { @for one in view.ledger.others().iter().rev().filter(is_shown).take(OTHERS) { (other(view, one, "")) } }
            @if OTHERS < all { p { a href=(Page::Gaps.path()) { "All " (all) } "." } }
        }
    }
}
