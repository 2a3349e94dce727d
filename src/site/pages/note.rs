//! The page of one note: all that is public about it, and how to check it.

use maud::{Markup, html};

use super::{badges, code, frame, large, link, moment, other, post_link};
use crate::note::names;
use crate::note::standing::Standing;
use crate::site::ledger::Note;
use crate::site::words::{self, note as words_of};
use crate::site::{Page, View, range_of};
use crate::tlog::entry::Entry;
use crate::tlog::tree::leaf_hash;
use crate::wording::post::PostText;
use crate::wording::standing::{NOT_POSTED_SENTENCE, NOTHING_OPENED, NOTHING_SAID};

const UP: &str = "../../";

/// The page of a note.
pub(in crate::site) fn note(view: &View<'_>, note: &Note) -> Markup {
    let Standing { note: number, sealed, commitment, .. } = note.standing;
    let title = words::row::note(number);
    let body = html! {
        h1 { (title) }
        p.head { (words_of::sealed(moment(sealed))) " " (badges(note)) }
        section aria-labelledby="hash" {
            h2 id="hash" { (words_of::ITS_HASH) }
            (large(&commitment))
            p.soft { (words_of::WHAT_IS_HASHED) }
        }
        (posted(view, note))
        (opened(view, note))
        (said(view, number))
        (entry(note))
        (check(view, note))
        (neighbours(view, number))
    };
    frame(view, Page::Note(number), &title, &body)
}

/// The post, where it is, and the words that it must have, which follow from the log.
fn posted(view: &View<'_>, note: &Note) -> Markup {
    html! {
        section aria-labelledby="post" {
            h2 id="post" { (words_of::ITS_POST) }
            @match note.shown {
                None => p { (NOT_POSTED_SENTENCE) },
                Some(shown) => {
                    p { (words_of::posted(post_link(view, shown.post), moment(shown.post.moment()))) }
                    @if let Some(address) = view.settings.address_of(shown.post) { p.small.mono { (address) } }
                    @if shown.first < shown.last { p { (words_of::in_a_run(shown.first, shown.last)) } }
                    @if let Some(text) = post_text(view, note) {
                        p { (words_of::COMPARE_BY_EYE) }
                        pre { (text) }
                    }
                },
            }
        }
    }
}

/// The exact text of a note's post.
fn post_text(view: &View<'_>, note: &Note) -> Option<String> {
    let shown = note.shown?;
    let size = view.ledger.note(shown.last)?.index + 1;
    let root = (view.root_at)(size)?;
    let Standing { note, commitment, .. } = note.standing;
    let single = PostText::Note { note, commitment, size, root };
    let run = PostText::Run { first: shown.first, last: shown.last, size, root };
    Some(if shown.first == shown.last { single } else { run }.to_text())
}

fn opened(view: &View<'_>, note: &Note) -> Markup {
    let Standing { note, open, .. } = note.standing;
    let openings = view.ledger.about(note).filter(|other| matches!(other.entry, Entry::Open { .. }));
    let files = (view.files_of)(note);
    html! {
        section aria-labelledby="opened" {
            h2 id="opened" { (words_of::OPENED) }
            @if open.is_none() { p { (NOTHING_OPENED) } }
            @else { ol.notes { @for one in openings { (other(view, one, UP)) } } }
            @if !files.is_empty() {
                ul { @for file in &files {
                    @let name = file.path.rsplit('/').next().unwrap_or(&file.path);
                    li {
                        a href={ (UP) (file.path) } { (name) } ": " (words_of::what_is(name)) ", "
                        span.soft { (words_of::bytes(file.bytes)) }
                    }
                } }
            }
        }
    }
}

/// Disputes, losses, and whatever else the log says about it.
fn said(view: &View<'_>, note: u64) -> Markup {
    let said = || view.ledger.about(note).filter(|other| !matches!(other.entry, Entry::Open { .. }));
    html! {
        section aria-labelledby="said" {
            h2 id="said" { (words_of::DISPUTES_AND_LOSSES) }
            @if said().next().is_none() { p { (NOTHING_SAID) } }
            @else { ol.notes { @for one in said() { (other(view, one, UP)) } } }
        }
    }
}

fn entry(note: &Note) -> Markup {
    html! {
        section aria-labelledby="entry" {
            h2 id="entry" { (words_of::ITS_ENTRY) }
            pre { (note.line()) }
            p { (words_of::place(note.index, link(&format!("{UP}log.txt"), "log.txt"))) }
        }
    }
}

/// What anybody can do without our software, with it, and with a proof.
fn check(view: &View<'_>, note: &Note) -> Markup {
    let (envelope, proof) = (names::envelope(note.standing.note), names::proof(note.standing.note));
    let line = note.line();
    let at = view.settings.address.as_deref().unwrap_or(words_of::ADDRESS);
    html! {
        section aria-labelledby="check" {
            h2 id="check" { (words_of::CHECK_IT) }
            p { (drop_it(view, note.standing.note, &proof)) }
            pre { "sha256sum " (envelope) }
            p { (words_of::on_other_systems(|command| code(command), &envelope)) }
            pre { "verbale verify " (proof) }
            p { (words_of::IN_THE_LOG) }
            pre { "curl -s " (at) "/log.txt | sed -n " (note.index + 1) "p" }
            @if view.settings.address.is_none() { p.small { (words_of::WHERE_ADDRESS_IS) } }
            p { (words_of::LEAF) }
            pre { "printf '\\0" (line) "\\n' | sha256sum" }
            p { (words_of::MUST_PRINT) }
            pre { (leaf_hash(format!("{line}\n").as_bytes())) }
        }
    }
}

/// Where to drop the proof, which can be fetched here if it is published.
fn drop_it(view: &View<'_>, note: u64, proof: &str) -> Markup {
    let files = (view.files_of)(note);
    let published = files.iter().find(|file| file.path.ends_with(proof));
    let proof = match published {
        Some(file) => words_of::Proof::Here(link(&format!("{UP}{}", file.path), proof)),
        None => words_of::Proof::Elsewhere(code(proof)),
    };
    let page = |text: &str| link(&format!("{UP}{}", Page::Verify.path()), text);
    words_of::drop_it(proof, page)
}

fn neighbours(view: &View<'_>, note: u64) -> Markup {
    let among = format!("{UP}{}#n{note}", Page::Range(range_of(note)).path());
    let front = format!("{UP}{}", Page::Front.path());
    html! {
        nav aria-label=(words::list::OTHER_NOTES) {
            ul {
                @if 1 < note {
                    li { a href={ (UP) (Page::Note(note - 1).path()) } rel="prev" { (words::row::note(note - 1)) } }
                }
                li { (link(&among, words_of::AMONG_THE_OTHERS)) }
                li { (link(&front, &words_of::newest_of(&view.settings.vkey.name().to_string()))) }
            }
        }
    }
}
