//! Pages for people. What they share: the frame, the row of a note, a hash that can be compared by eye.

pub(super) mod front;
pub(super) mod list;
pub(super) mod note;

use maud::{DOCTYPE, Markup, html};

use super::ledger::{Note, Other};
use super::{Page, View};
use crate::base::hash::Hash;
use crate::base::ids::PublicPost;
use crate::base::time::Time;
use crate::tlog::entry::{Entry, Loss};

/// A whole page.
fn frame(view: &View<'_>, page: Page, title: &str, body: &Markup) -> Markup {
    let up = page.up();
    let link = |to: Page| format!("{up}{}", to.path());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                // No picture: else browsers ask for one that is not there.
                link rel="icon" href="data:,";
                title { (title) " · " (view.settings.vkey.name()) }
                link rel="stylesheet" href=(link(Page::Style));
                link rel="alternate" type="application/atom+xml" title="Notes, openings, disputes, gaps" href=(link(Page::Feed));
            }
            body {
                a.skip href="#main" { "To the contents" }
                header {
                    p.mark { a href=(link(Page::Front)) { "verbale" } " · " bdi { (view.settings.vkey.name()) } }
                    nav aria-label="Site" {
                        ul {
                            li { a href=(link(Page::Front)) aria-current=[current(page, Page::Front)] { "Newest" } }
                            li { a href=(link(Page::Ranges)) aria-current=[current(page, Page::Ranges)] { "All notes" } }
                            li { a href=(link(Page::Gaps)) aria-current=[current(page, Page::Gaps)] { "Gaps and losses" } }
                            li { a href=(link(Page::Verify)) { "Check a proof" } }
                        }
                    }
                }
                main id="main" { (body) }
                footer {
                    p { "The log as data: " a href={ (up) "checkpoint" } { "checkpoint" } ", " a href={ (up) "log.txt" } { "log.txt" }
                        ", tiles (" a href="https://c2sp.org/tlog-tiles" rel="noreferrer" { "c2sp.org/tlog-tiles" } "). "
                        "Follow it: " a href=(link(Page::Feed)) { "Atom feed" } "." }
                    p { "Its public key: " code { (view.settings.vkey) } }
                    p { "All times are UTC." }
                }
            }
        }
    }
}

fn current(page: Page, link: Page) -> Option<&'static str> {
    (page == link).then_some("page")
}

/// A moment as people read it, exact to the second, with the exact one for programs.
fn moment(time: Time) -> Markup {
    let text = time.to_string();
    html! { time datetime=(text) { (text[..10]) " " (text[11..19]) } }
}

/// A hash in groups that an eye can compare; copied, it is the 64 digits without a space.
fn large(hash: &Hash) -> Markup {
    let digits = hash.to_string();
    let groups = (0..digits.len()).step_by(8).map(|at| &digits[at..at + 8]);
    html! { p.hash { @for group in groups { span { (group) } wbr; } } }
}

/// The words and the link of a post.
fn post_link(view: &View<'_>, post: PublicPost) -> Markup {
    match view.settings.address_of(post) {
        Some(address) => html! { a href=(address) rel="noreferrer" { "post " (post) } },
        None => html! { "post " (post) },
    }
}

/// One note among others.
fn row(view: &View<'_>, note: &Note, up: &str) -> Markup {
    html! {
        li id={ "n" (note.note) } {
            p.head {
                a.number href={ (up) (Page::Note(note.note).path()) } { "Note " (note.note) }
                " " span.soft { (moment(note.sealed)) }
                " " (badges(note))
            }
            p.mono { (note.commitment) }
            p.small { @match note.post {
                Some(shown) => {
                    (post_link(view, shown.post))
                    @if shown.first < shown.last { " for notes " (shown.first) "–" (shown.last) }
                },
                None => "not posted yet",
            } }
        }
    }
}

fn badges(note: &Note) -> Markup {
    html! {
        @if note.opened { span.badge.good { "opened" } } @else { span.badge { "not opened" } }
        " "
        @if note.disputed { span.badge.bad { "disputed" } } @else { span.badge { "not disputed" } }
        @if note.lost { " " span.badge.open { "post lost" } }
    }
}

/// What became of a post, in words.
fn loss(how: Loss) -> &'static str {
    match how {
        Loss::Deleted => "the platform says that it does not exist any more",
        Loss::Edited => "it has other words now",
        Loss::Unreadable => "the platform does not show it, and does not say why",
    }
}

/// An entry that is not about sealing or posting, in words.
fn other(view: &View<'_>, other: &Other, up: &str) -> Markup {
    html! {
        li {
            @if let Some(time) = other.entry.time() { p.soft.small { (moment(time)) } }
            p { @match &other.entry {
                Entry::Gap { from, to, reason, .. } => {
                    strong { "Gap. " } "From " (moment(*from)) " to " (moment(*to)) " messages may have been missed: "
                    bdi { (reason) } "."
                },
                Entry::Lost { post, how, .. } => {
                    strong { "Post lost. " } (post_link(view, *post)) ": " (loss(*how)) ". The log stands without it."
                },
                Entry::Open { level, sha256, .. } => {
                    strong { "Opened. " } "The " (level) " was made public: SHA-256 " code { (sha256) }
                },
                Entry::Dispute { post, .. } => {
                    strong { "Disputed. " } "Somebody disputes it in "
                    @match view.settings.address_of_anybody(*post) {
                        Some(address) => a href=(address) rel="noreferrer nofollow" { "post " (post) },
                        None => { "post " (post) },
                    }
                    "."
                },
                Entry::Receipt { log, note, commitment, .. } => {
                    strong { "Received. " } "Note " (note) " of the log " code { (log) } ": SHA-256 " code { (commitment) }
                },
                Entry::Key { vkey, .. } => { strong { "Next key. " } "The log goes on with the key " code { (vkey) } },
                Entry::Post { post, .. } => { strong { "Posted again. " } (post_link(view, *post)) },
                Entry::Note { .. } => {
                    strong { "Out of order. " } "This note does not follow the one before: " code { (other.entry) }
                },
                Entry::Unknown { .. } => {
                    strong { "Unknown. " } "This page does not know what this line means: " code { (other.entry) }
                },
            } }
            p.small.soft {
                @if let Some((first, last)) = other.notes {
                    "About "
                    a href={ (up) (Page::Note(first).path()) } { "note " (first) }
                    @if first < last { " to " a href={ (up) (Page::Note(last).path()) } { "note " (last) } }
                    " · "
                }
                "entry " (other.index) " of the log"
            }
        }
    }
}
