//! The public site: what the log tells everybody, as pages for people and a feed. Values in, values out; another module
//! writes the files.
//!
//! | file | what it shows | when it changes |
//! |---|---|---|
//! | `index.html` | what this is, how things stand, the newest notes | with every entry |
//! | `note/<n / 1000>/<n>.html` | one note | with an entry about it |
//! | `note/<n / 1000>/<n>/` | the files of a note that was opened | when more of it is opened |
//! | `notes/<first>-<last>.html` | the notes of a fixed range of numbers | with an entry about one of them |
//! | `notes/index.html` | all ranges | when a range begins |
//! | `gaps.html` | gaps, losses, keys, and lines of a kind that is not known | with such a line |
//! | `feed.atom` | the newest of everything (RFC 4287) | with every entry |
//! | `verify.html`, `style.css` | the page that verifies; how it all looks | with the program |
//!
//! Every page is made of the log alone, has no script, and escapes what it shows.

pub mod ledger;
mod words;
pub mod pages;
pub mod feed;

use std::ops::RangeInclusive;

use crate::base::hash::Hash;
use crate::base::ids::{AccountName, Channel, PostId, PublicPost};
use crate::tlog::signed_note::VerifierKey;

pub use ledger::Ledger;

/// Notes on one page of a fixed range.
pub const RANGE: u64 = 250;

/// The part of a post's address that stands for an unknown name: the platform uses only the number.
const ANYBODY: &str = "i";

/// Note pages in one folder.
const FOLDER: u64 = 1000;

/// The page that verifies: one file that needs nothing else.
const VERIFY: &str = include_str!("verify.html");

/// How the pages look.
const STYLE: &str = include_str!("style.css");

/// Which version of the pages this program writes: a hash of all sources that they are made of, by `build.rs`.
pub const SOURCES: &str = env!("VERBALE_PAGES");

/// What the pages say that is not in the log.
#[derive(Clone)]
pub struct SiteSettings {
    /// The log's key, and with it its name.
    pub vkey: VerifierKey,
    /// The account that posts. None if it is not known yet.
    pub account: Option<AccountName>,
    /// Where the site is published, without a slash at its end; without it links are relative.
    pub address: Option<String>,
    /// Where people read a post of this account.
    pub post_address: fn(web: &str, author: &AccountName, post: PostId) -> String,
    /// What `post_address` needs to know of the platform.
    pub web: String,
}

impl SiteSettings {
    /// A hash of the program's pages and of these settings. Pages that were written with another hash are to be written
    /// again.
    pub fn look(&self) -> Hash {
        let vkey = self.vkey.to_string();
        let account = self.account.as_ref().map_or("", AccountName::as_str);
        let address = self.address.as_deref().unwrap_or_default();
        // The function that makes addresses is represented by an address that it makes.
        let post = self.address_of_anybody(Channel::X.post(PostId(0))).unwrap_or_default();
        let sums = [&*vkey, account, address, &post, SOURCES].map(|text| Hash::of(text.as_bytes()));
        Hash::of(sums.map(|sum| *sum.as_bytes()).as_flattened())
    }

    /// Where people read this post. None if the account is not known yet.
    pub fn address_of(&self, post: PublicPost) -> Option<String> {
        self.account.as_ref().map(|account| (self.post_address)(&self.web, account, post.id))
    }

    /// Where people read a post of an account whose name nobody knows.
    pub fn address_of_anybody(&self, post: PublicPost) -> Option<String> {
        AccountName::parse(ANYBODY).map(|anybody| (self.post_address)(&self.web, &anybody, post.id))
    }
}

/// One file of the site.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Page {
    /// How the pages look.
    Style,
    /// The page that verifies.
    Verify,
    /// One note, by its number.
    Note(u64),
    /// The range of this place, counted from 0.
    Range(u64),
    /// All ranges.
    Ranges,
    /// What is not about notes.
    Gaps,
    /// The feed.
    Feed,
    /// The front page.
    Front,
}

/// The pages that change with every entry, in the order in which they are written.
pub const ALWAYS: [Page; 4] = [Page::Ranges, Page::Gaps, Page::Feed, Page::Front];

/// The pages that change with the program only.
pub const FIXED: [Page; 2] = [Page::Style, Page::Verify];

impl Page {
    /// Its path below the site's address.
    pub fn path(self) -> String {
        match self {
            Page::Style => "style.css".to_owned(),
            Page::Verify => "verify.html".to_owned(),
            Page::Note(note) => format!("note/{}/{note}.html", note / FOLDER),
            Page::Range(place) => {
                let notes = notes_of(place);
                format!("notes/{}-{}.html", notes.start(), notes.end())
            }
            Page::Ranges => "notes/index.html".to_owned(),
            Page::Gaps => "gaps.html".to_owned(),
            Page::Feed => "feed.atom".to_owned(),
            Page::Front => "index.html".to_owned(),
        }
    }

    /// The path from its folder back to the site's root.
    fn up(self) -> &'static str {
        match self {
            Page::Note(_) => "../../",
            Page::Range(_) | Page::Ranges => "../",
            _ => "",
        }
    }
}

/// The path below the site's address of a published file of a note.
pub fn path_of(note: u64, name: &str) -> String {
    format!("note/{}/{note}/{name}", note / FOLDER)
}

/// The index of the range that a note is in.
pub fn range_of(note: u64) -> u64 {
    note.saturating_sub(1) / RANGE
}

/// The numbers of the notes of a range, whether the notes exist or not.
pub fn notes_of(place: u64) -> RangeInclusive<u64> {
    place.saturating_mul(RANGE).saturating_add(1)..=place.saturating_add(1).saturating_mul(RANGE)
}

/// What a page is made of.
pub struct View<'a> {
    /// What the log says.
    pub ledger: &'a Ledger,
    /// What the pages say besides.
    pub settings: &'a SiteSettings,
    /// The root of the log at a size.
    pub root_at: &'a dyn Fn(u64) -> Option<Hash>,
    /// What is published of an opened note.
    pub files_of: &'a dyn Fn(u64) -> Vec<PublishedFile>,
}

/// A file of an opened note that can be fetched from the site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublishedFile {
    /// Its path below the site's address.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
}

impl View<'_> {
    /// The bytes of a page. None if the log has no such note.
    pub fn render(&self, page: Page) -> Option<Vec<u8>> {
        let html = match page {
            Page::Style => return Some(STYLE.as_bytes().to_vec()),
            Page::Verify => return Some(VERIFY.as_bytes().to_vec()),
            Page::Feed => return Some(feed::feed(self).into_bytes()),
            Page::Note(note) => pages::note::note(self, &self.ledger.note(note)?),
            Page::Range(place) => pages::list::range(self, place),
            Page::Ranges => pages::list::ranges(self),
            Page::Gaps => pages::list::gaps(self),
            Page::Front => pages::front::front(self),
        };
        Some(html.into_string().into_bytes())
    }
}
