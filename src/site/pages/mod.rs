//! Pages for people. What they share: the frame, the row of a note, a hash that can be compared by eye.

pub(super) mod front;
pub(super) mod list;
pub(super) mod note;

use maud::{DOCTYPE, Markup, html};

use super::ledger::{Note, Other};
use super::{Page, View, words};
use crate::base::hash::Hash;
use crate::base::ids::PublicPost;
use crate::base::time::Time;
use crate::note::standing::Standing;
use crate::tlog::entry::Entry;
use crate::wording::standing::{self, NOT_POSTED};

/// A whole page.
fn frame(view: &View<'_>, page: Page, title: &str, body: &Markup) -> Markup {
    let up = page.up();
    let href = |to: Page| format!("{up}{}", to.path());
    let here = |to: Page, text: &str| html! { li { a href=(href(to)) aria-current=[current(page, to)] { (text) } } };
    html! {
        (DOCTYPE)
        html lang=(words::LANGUAGE) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                // No picture: otherwise browsers ask for one that is not there.
                link rel="icon" href="data:,";
                title { (title) " · " (view.settings.vkey.name()) }
                link rel="stylesheet" href=(href(Page::Style));
                link rel="alternate" type="application/atom+xml" title=(words::frame::THE_FEED) href=(href(Page::Feed));
            }
            body {
                a.skip href="#main" { (words::frame::TO_THE_CONTENTS) }
                header {
                    p.mark { a href=(href(Page::Front)) { "verbale" } " · " bdi { (view.settings.vkey.name()) } }
                    nav aria-label=(words::frame::SITE) {
                        ul {
                            (here(Page::Front, words::frame::NEWEST))
                            (here(Page::Ranges, words::frame::ALL_NOTES))
                            (here(Page::Gaps, words::frame::GAPS_AND_LOSSES))
                            (here(Page::Verify, words::frame::CHECK_A_PROOF))
                        }
                    }
                }
                main id="main" { (body) }
                (footer(view, page))
            }
        }
    }
}

fn footer(view: &View<'_>, page: Page) -> Markup {
    let up = page.up();
    let file = |name: &str| link(&format!("{up}{name}"), name);
    let tiles = html! { a href="https://c2sp.org/tlog-tiles" rel="noreferrer" { "c2sp.org/tlog-tiles" } };
    let feed = link(&format!("{up}{}", Page::Feed.path()), words::frame::ATOM_FEED);
    html! {
        footer {
            p { (words::frame::as_data(file("checkpoint"), file("log.txt"), tiles, feed)) }
            p { (words::frame::public_key(code(&view.settings.vkey))) }
            p { (words::frame::ALL_TIMES_ARE_UTC) }
        }
    }
}

fn current(page: Page, link: Page) -> Option<&'static str> {
    (page == link).then_some("page")
}

/// Gaps that have not ended, if there are any: a reader sees them first.
fn lasting(view: &View<'_>) -> Markup {
    html! {
        @for (from, reason) in view.ledger.lasting() {
            p.open role="note" { (words::row::lasting(moment(from), html! { bdi { (reason) } })) }
        }
    }
}

/// A plain link.
fn link(href: &str, text: &str) -> Markup {
    html! { a href=(href) { (text) } }
}

/// Text that must be read letter by letter.
fn code(text: impl ToString) -> Markup {
    html! { code { (text.to_string()) } }
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
        Some(address) => html! { a href=(address) rel="noreferrer" { (words::row::post(post)) } },
        None => html! { (words::row::post(post)) },
    }
}

/// The same for a post by anybody, who may be hostile.
fn post_link_of_anybody(view: &View<'_>, post: PublicPost) -> Markup {
    match view.settings.address_of_anybody(post) {
        Some(address) => html! { a href=(address) rel="noreferrer nofollow" { (words::row::post(post)) } },
        None => html! { (words::row::post(post)) },
    }
}

/// One note among others.
fn row(view: &View<'_>, note: &Note, up: &str) -> Markup {
    let Standing { note: number, sealed, commitment, .. } = &note.standing;
    html! {
        li id={ "n" (number) } {
            p.head {
                a.number href={ (up) (Page::Note(*number).path()) } { (words::row::note(*number)) }
                " " span.soft { (moment(*sealed)) }
                " " (badges(note))
            }
            p.mono { (commitment) }
            p.small { @match note.shown {
                Some(shown) => {
                    (post_link(view, shown.post))
                    @if shown.first < shown.last { (words::row::for_notes(shown.first, shown.last)) }
                },
                None => (NOT_POSTED),
            } }
        }
    }
}

fn badges(note: &Note) -> Markup {
    let Standing { open, disputes, .. } = note.standing;
    html! {
        span.badge.good[open.is_some()] { (standing::opened_badge(open)) }
        " "
        span.badge.bad[0 < disputes] { (standing::disputed_badge(disputes)) }
        @if note.lost { " " span.badge.open { (standing::POST_LOST) } }
    }
}

/// An entry that is not about sealing or posting, in words.
fn other(view: &View<'_>, other: &Other, up: &str) -> Markup {
    let about = |note: u64| link(&format!("{up}{}", Page::Note(note).path()), &words::row::note_inside(note));
    html! {
        li {
            @if let Some(time) = other.entry.time() { p.soft.small { (moment(time)) } }
            p { strong { (words::row::kind(&other.entry)) } (what_it_says(view, &other.entry)) }
            p.small.soft {
                @if let Some((first, last)) = other.notes {
                    (words::row::about(about(first), (first < last).then(|| about(last)))) " · "
                }
                (words::row::place(other.index))
            }
        }
    }
}

/// The same without the kind of the entry.
fn what_it_says(view: &View<'_>, entry: &Entry) -> Markup {
    match entry {
        Entry::Gap { from, to, reason, .. } => words::row::gap(moment(*from), moment(*to), html! { bdi { (reason) } }),
        Entry::Lost { post, how, .. } => words::row::lost(post_link(view, *post), *how),
        Entry::Open { level, sha256, .. } => words::row::opened(*level, code(sha256)),
        Entry::Dispute { post, .. } => words::row::disputed(post_link_of_anybody(view, *post)),
        Entry::Receipt { log, note, commitment, .. } => words::row::received(*note, code(log), code(commitment)),
        Entry::Key { vkey, .. } => words::row::key(code(vkey)),
        Entry::Stamp { size, kind, by, sha256, .. } => words::row::stamped(*size, *kind, by, code(sha256)),
        Entry::Unlock { sha256, .. } => words::row::unlocked(code(sha256)),
        Entry::Post { post, .. } => post_link(view, *post),
        Entry::Note { .. } => words::row::out_of_order(code(entry)),
        Entry::Unknown { .. } => words::row::unknown(code(entry)),
    }
}
