//! The page of one note: all that is public about it, and how to check it.

use maud::{Markup, html};

use super::{badges, frame, large, moment, other, post_link};
use crate::note::names;
use crate::site::ledger::Note;
use crate::site::{Page, View, range_of};
use crate::tlog::entry::Entry;
use crate::tlog::tree::leaf_hash;
use crate::wording::post::PostText;

const UP: &str = "../../";

/// The page of a note.
pub(in crate::site) fn note(view: &View<'_>, note: &Note) -> Markup {
    let title = format!("Note {}", note.note);
    let body = html! {
        h1 { (title) }
        p.head { "Sealed " (moment(note.sealed)) " UTC " (badges(note)) }
        section aria-labelledby="hash" {
            h2 id="hash" { "Its hash" }
            (large(&note.commitment))
            p.soft { "The SHA-256 of the note’s envelope, which says who wrote to whom, and when, and binds the text." }
        }
        (posted(view, note))
        (opened(view, note))
        (said(view, note))
        (entry(note))
        (check(view, note))
        (neighbours(view, note))
    };
    frame(view, Page::Note(note.note), &title, &body)
}

/// The post, where it is, and the words that it must have: they follow from the log.
fn posted(view: &View<'_>, note: &Note) -> Markup {
    html! {
        section aria-labelledby="post" {
            h2 id="post" { "Its post" }
            @match note.post {
                None => p { "It is sealed, but not posted yet." },
                Some(shown) => {
                    p { (post_link(view, shown.post)) ", accepted by the platform " (moment(shown.post.moment())) " UTC by the time inside its number." }
                    @if let Some(address) = view.settings.address_of(shown.post) { p.small.mono { (address) } }
                    @if shown.first < shown.last {
                        p { "It shows notes " (shown.first) " to " (shown.last) " together, by a head of the log that covers them all. "
                            "It does not show this note’s hash: the log does." }
                    }
                    @if let Some(text) = post_text(view, note) {
                        p { "Compare by eye. It must say:" }
                        pre { (text) }
                    }
                },
            }
        }
    }
}

/// The exact text of a note's post.
fn post_text(view: &View<'_>, note: &Note) -> Option<String> {
    let shown = note.post?;
    let size = view.ledger.note(shown.last)?.index + 1;
    let root = (view.root_at)(size)?;
    let single = PostText::Note { note: note.note, commitment: note.commitment, size, root };
    let run = PostText::Run { first: shown.first, last: shown.last, size, root };
    Some(if shown.first == shown.last { single } else { run }.to_text())
}

fn opened(view: &View<'_>, note: &Note) -> Markup {
    let openings = view.ledger.about(note.note).filter(|other| matches!(other.entry, Entry::Open { .. }));
    let files = (view.files_of)(note.note);
    html! {
        section aria-labelledby="opened" {
            h2 id="opened" { "What has been opened" }
            @if !note.opened { p { "Nothing: its sender has not made public what it says." } }
            @else { ol.notes { @for one in openings { (other(view, one, UP)) } } }
            @if !files.is_empty() {
                ul { @for file in &files {
                    @let name = file.path.rsplit('/').next().unwrap_or(&file.path);
                    li { a href={ (UP) (file.path) } { (name) } ": " (what_is(name)) ", " span.soft { (file.bytes) " bytes" } }
                } }
            }
        }
    }
}

/// What a published file of a note is, for somebody who sees its name for the first time.
fn what_is(name: &str) -> &'static str {
    let kind = name.trim_start_matches("note-").trim_start_matches(|c: char| c.is_ascii_digit());
    match kind {
        ".envelope.txt" => "who wrote to whom, and when",
        ".content.txt" => "what it says, below a few lines about its files",
        ".record.json" => "the platform’s own record of the message",
        ".proof.zip" => "its proof, with all of these",
        _ => "sent with it",
    }
}

/// Disputes, losses, and whatever else the log says about it.
fn said(view: &View<'_>, note: &Note) -> Markup {
    let said = || view.ledger.about(note.note).filter(|other| !matches!(other.entry, Entry::Open { .. }));
    html! {
        section aria-labelledby="said" {
            h2 id="said" { "Disputes and losses" }
            @if said().next().is_none() { p { "None: nobody’s dispute is in the log, and the post is not known to have been lost." } }
            @else { ol.notes { @for one in said() { (other(view, one, UP)) } } }
        }
    }
}

fn entry(note: &Note) -> Markup {
    html! {
        section aria-labelledby="entry" {
            h2 id="entry" { "Its entry in the log" }
            pre { (note.line()) }
            p { "Entry " (note.index) ", counted from 0: line " (note.index + 1) " of " a href={ (UP) "log.txt" } { "log.txt" } "." }
        }
    }
}

/// What anybody can do without our software, with it, and with a proof.
fn check(view: &View<'_>, note: &Note) -> Markup {
    let (envelope, proof) = (names::envelope(note.note), names::proof(note.note));
    let published = (view.files_of)(note.note);
    let line = note.line();
    let at = view.settings.address.as_deref().unwrap_or("ADDRESS");
    html! {
        section aria-labelledby="check" {
            h2 id="check" { "Check it yourself" }
            p {
                @match published.iter().find(|file| file.path.ends_with(&proof)) {
                    Some(file) => { "Take its proof, " a href={ (UP) (file.path) } { (proof) } ", and drop it on " },
                    None => { "If somebody gave you its proof, " code { (proof) } ", drop it on " },
                }
                a href={ (UP) (Page::Verify.path()) } { "the page that checks" }
                ". It works offline, and sends nothing to anybody. Or unpack the proof and type:"
            }
            pre { "sha256sum " (envelope) }
            p { "It must print the hash above. On macOS write " code { "shasum -a 256" } " instead of " code { "sha256sum" }
                "; on Windows " code { "certutil -hashfile " (envelope) " SHA256" } ". With our program:" }
            pre { "verbale verify " (proof) }
            p { "That its entry is in the log:" }
            pre { "curl -s " (at) "/log.txt | sed -n " (note.index + 1) "p" }
            @if view.settings.address.is_none() { p.small { "ADDRESS is where you found this site." } }
            p { "The entry’s leaf in the log’s tree (RFC 6962):" }
            pre { "printf '\\0" (line) "\\n' | sha256sum" }
            p { "must print" }
            pre { (leaf_hash(format!("{line}\n").as_bytes())) }
        }
    }
}

fn neighbours(view: &View<'_>, note: &Note) -> Markup {
    let place = range_of(note.note);
    html! {
        nav aria-label="Other notes" {
            ul {
                @if 1 < note.note { li { a href={ (UP) (Page::Note(note.note - 1).path()) } rel="prev" { "Note " (note.note - 1) } } }
                li { a href={ (UP) (Page::Range(place).path()) "#n" (note.note) } { "Among the others" } }
                li { a href={ (UP) (Page::Front.path()) } { "Newest notes of " (view.settings.vkey.name()) } }
            }
        }
    }
}
