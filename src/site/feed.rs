//! The feed: the newest notes, openings, disputes, gaps and losses, after Atom (RFC 4287).
//!
//! An item is one entry of the log. Its identifier is a hash of the log's key and the entry's index: neither ever
//! changes.

use atom_syndication::{Category, Entry as Item, Feed, FixedDateTime, Generator, Link, Person, Text};
use chrono::DateTime;

use super::ledger::{Note, Other, Shown};
use super::words::feed as words;
use super::{Page, View};
use crate::base::hash::Hash;
use crate::base::time::Time;
use crate::note::standing::Standing;
use crate::tlog::entry::Entry;

/// Notes in it, and as many other entries.
const ITEMS: usize = 50;

/// The whole feed.
pub(super) fn feed(view: &View<'_>) -> String {
    let ledger = view.ledger;
    let notes = (1..=ledger.last()).rev().take(ITEMS).filter_map(|n| ledger.note(n));
    let mut items: Vec<(u64, Item)> = notes.map(|note| (note.index, sealed(view, &note))).collect();
    items.extend(ledger.others().iter().rev().take(ITEMS).map(|one| (one.index, other(view, one))));
    items.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
    let name = view.settings.vkey.name().to_string();
    let updated = moment(ledger.newest().unwrap_or(Time::from_ms(0)));
    Feed {
        title: text(words::title(&name)),
        id: id(view, None),
        updated,
        authors: vec![Person {
            name: view.settings.account.as_ref().map_or(name, ToString::to_string),
            ..Person::default()
        }],
        generator: Some(Generator { value: "verbale".to_owned(), ..Generator::default() }),
        links: vec![link(view, "self", Page::Feed), link(view, "alternate", Page::Front)],
        entries: items.into_iter().map(|(_, item)| item).collect(),
        ..Feed::default()
    }
    .to_string()
}

/// A note that was sealed. Its post is news too.
fn sealed(view: &View<'_>, note: &Note) -> Item {
    let place = |shown: Shown| view.settings.address_of(shown.post).unwrap_or_else(|| shown.post.to_string());
    let Standing { note: number, commitment, sealed, .. } = note.standing;
    let changed = note.shown.map_or(sealed, |shown| shown.time.max(sealed));
    let said = words::hash_and_post(commitment, note.shown.map(place));
    Item {
        published: Some(moment(sealed)),
        ..item(view, note.index, changed, "note", words::sealed(number), said, Page::Note(number))
    }
}

fn other(view: &View<'_>, other: &Other) -> Item {
    let kind = match &other.entry {
        Entry::Open { .. } => "open",
        Entry::Dispute { .. } => "dispute",
        Entry::Receipt { .. } => "receipt",
        Entry::Lost { .. } => "lost",
        Entry::Gap { .. } => "gap",
        Entry::Key { .. } => "key",
        Entry::Stamp { .. } => "stamp",
        Entry::Unlock { .. } => "unlock",
        Entry::Post { .. } => "post",
        Entry::Note { .. } | Entry::Unknown { .. } => "unknown",
    };
    let page = match other.notes {
        Some((first, _)) => Page::Note(first),
        None => Page::Gaps,
    };
    let time = other.entry.time().or(view.ledger.newest()).unwrap_or(Time::from_ms(0));
    let title = words::other(&other.entry, other.notes);
    item(view, other.index, time, kind, title, other.entry.to_string(), page)
}

fn item(view: &View<'_>, index: u64, time: Time, kind: &str, title: String, said: String, page: Page) -> Item {
    Item {
        title: text(title),
        id: id(view, Some(index)),
        updated: moment(time),
        categories: vec![Category { term: kind.to_owned(), ..Category::default() }],
        links: vec![link(view, "alternate", page)],
        summary: Some(text(said)),
        ..Item::default()
    }
}

fn link(view: &View<'_>, rel: &str, page: Page) -> Link {
    let path = page.path();
    let href = view.settings.address.as_ref().map_or(path.clone(), |address| format!("{address}/{path}"));
    Link { href, rel: rel.to_owned(), ..Link::default() }
}

/// The identifier of the log, or of one of its entries.
fn id(view: &View<'_>, index: Option<u64>) -> String {
    let index = index.map(|index| index.to_string()).unwrap_or_default();
    format!("urn:sha256:{}", Hash::of(format!("{}\n{index}\n", view.settings.vkey).as_bytes()))
}

fn moment(time: Time) -> FixedDateTime {
    DateTime::from_timestamp_millis(time.ms()).unwrap_or_default().fixed_offset()
}

/// Plain text, without the two characters that an entry may have and XML may not.
fn text(text: String) -> Text {
    Text::plain(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}
