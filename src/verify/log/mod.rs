//! The audit of a whole log, without trusting anything: the published files go in, in order, and a report comes out.
//!
//! Each bundle of entries is read once. From the entries alone everything else is computed: the tree and its tiles, the
//! root, the roots that earlier heads had, and what each post must say. The memory used grows by a
//! few bytes for each bundle of 256 entries, and with nothing else.
//!
#![doc = include_str!("../../TAMPERING.md")]

mod finding;
mod log_text;
mod tiles;
mod texts;
mod order;
mod rules;
mod openings;
mod report;

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::base::hash::Hash;
use crate::base::ids::PublicPost;
use crate::base::time::Time;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::{Entry, Loss};
use crate::tlog::tile::{self, Kind, TilePath, WIDTH_FULL};
use crate::tlog::tree::{Frontier, leaf_hash};
use crate::wording::post::PostText;

pub use finding::Finding;
pub use openings::Openings;
pub use order::{Counts, SHOWN_MAX, WAIT_MS_MAX};
pub use report::{Extent, KeyUsed, Outside, Report, Since};
pub use rules::RARE_MAX;
pub use texts::WINDOW_MAX;
pub use tiles::plan;

use log_text::LogText;
use openings::{Bundle, root_of};
use order::Order;
use rules::Rules;
use texts::Texts;
use tiles::Tiles;

/// A post as the log says that it must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// The index of the log's entry about it.
    pub index: u64,
    /// Where it stands.
    pub post: PublicPost,
    /// The first note that it shows.
    pub first: u64,
    /// The last note that it shows.
    pub last: u64,
    /// What it must say. None if its notes do not lead to a text, or waited for it longer than [`WINDOW_MAX`] entries.
    pub text: Option<PostText>,
}

/// What the entries say about the world outside, in their order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A post.
    Posted(Expected),
    /// The log says that a post is no longer what it was.
    Lost {
        /// The post.
        post: PublicPost,
        /// What became of it.
        how: Loss,
    },
    /// A head that was asked for with [`Audit::want`].
    Head {
        /// Number of entries.
        size: u64,
        /// Their root.
        root: Hash,
        /// Number of notes that were sealed on each of the last days with notes, by date in UTC.
        sealed: BTreeMap<String, u64>,
        /// What the last entry is about, if it is a note or a receipt.
        last: Option<Last>,
    },
    /// The first note after a head that was asked for, and the first note of the log. Heads of the sizes from `from` to
    /// `to` do not count it.
    Sealed {
        /// The smallest size.
        from: u64,
        /// The largest one: the index of the note's entry.
        to: u64,
        /// When it was sealed.
        time: Time,
    },
}

/// The note, by number and commitment, that the last entry under a head is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Last {
    /// It was sealed.
    Note(u64, Hash),
    /// It is of another log, and was received.
    Receipt(u64, Hash),
}

/// What an audit has learnt so far. It can be stored between two bundles, and taken up again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Audit {
    frontier: Frontier,
    tiles: Tiles,
    order: Order,
    rules: Rules,
    bundles: Vec<Bundle>,
    texts: Option<Texts>,
    log_text: Option<LogText>,
    since: Option<Since>,
    entries: Finding,
    /// Why nothing after this point can be read, if so.
    broken: Option<String>,
    /// Number of entries up to the last note, and whether a head was returned since then.
    last_note: u64,
    is_head_told: bool,
    #[serde(skip)]
    wanted: VecDeque<u64>,
    #[serde(skip)]
    seen: Vec<Event>,
}

impl Audit {
    /// The audit of a log of which nothing was read yet. `since` is a head that was seen at an earlier time.
    pub fn new(since: Option<&Checkpoint>) -> Audit {
        let mut audit = Audit {
            frontier: Frontier::new(),
            tiles: Tiles::default(),
            order: Order::default(),
            rules: Rules::default(),
            bundles: Vec::new(),
            texts: None,
            log_text: None,
            since: since.map(|head| Since { size: head.size, root: head.root, found: None }),
            entries: Finding::default(),
            broken: None,
            last_note: 0,
            is_head_told: true,
            wanted: VecDeque::new(),
            seen: Vec::new(),
        };
        audit.compare_since();
        audit
    }

    /// From here on, also returns what each post must say.
    pub fn tell_texts(&mut self) {
        self.texts = Some(Texts::new(&self.frontier));
    }

    /// From here on, compares `log.txt` too.
    pub fn compare_log_text(&mut self) {
        self.log_text = Some(LogText::default());
    }

    /// Number of bytes of `log.txt` that were compared, and number of bytes that must come next.
    pub fn log_text_due(&self) -> (u64, usize) {
        self.log_text.as_ref().map_or((0, 0), |text| (text.read, text.due()))
    }

    /// Takes the next bytes of `log.txt`: exactly the expected number, or fewer if it ends there.
    pub fn take_log_text(&mut self, bytes: &[u8]) {
        if let Some(text) = &mut self.log_text {
            text.compare(bytes);
        }
    }

    /// Says that `log.txt` goes on after the line of the last entry.
    pub fn log_text_goes_on(&mut self) {
        if let Some(text) = &mut self.log_text {
            text.goes_on = true;
        }
    }

    /// What stands in `log.txt` where a line must stand, and is none, if so. Nothing behind it was compared.
    pub fn log_text_unreadable(&self) -> Option<&str> {
        self.log_text.as_ref()?.unreadable.as_deref()
    }

    /// Says that `log.txt` is not there any more.
    pub fn lose_log_text(&mut self) {
        self.log_text = None;
    }

    /// Number of entries that were taken: all of them are in whole bundles, or in the last one.
    pub fn len(&self) -> u64 {
        self.frontier.len()
    }

    /// The number of the last note whose post is in the log.
    pub fn posted(&self) -> u64 {
        self.order.last_posted
    }

    /// Number of bundles that were taken.
    pub fn bundles(&self) -> u64 {
        self.len().div_ceil(WIDTH_FULL.into())
    }

    /// Whether no bundle was taken.
    pub fn is_empty(&self) -> bool {
        self.frontier.is_empty()
    }

    /// Asks for the heads of these sizes, ascending, which are not reached yet.
    pub fn want(&mut self, sizes: impl IntoIterator<Item = u64>) {
        self.wanted.extend(sizes);
    }

    /// Returns what the entries have said about the world outside since the last call.
    pub fn seen(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.seen)
    }

    /// Takes the next file of the [`plan`]: its bytes, or None if it is known not to be there. Breaks if nothing more
    /// can be learnt.
    pub fn take(&mut self, path: TilePath, bytes: Option<&[u8]>) -> ControlFlow<()> {
        match path.kind() {
            Kind::Entries => self.take_bundle(path, bytes),
            Kind::Hashes(_) => {
                self.tiles.compare(path, bytes);
                ControlFlow::Continue(())
            }
        }
    }

    /// A bundle that cannot be read ends the audit: the position of later entries would be unknown.
    fn take_bundle(&mut self, path: TilePath, bytes: Option<&[u8]>) -> ControlFlow<()> {
        let entries = match bytes.map(|bytes| tile::parse_bundle(bytes, path.width())) {
            Some(Ok(entries)) => entries,
            Some(Err(error)) => return self.stop(format!("{path}: {error}")),
            None => return self.stop(format!("{path} is not there, and the head needs it")),
        };
        let notes_before = self.order.last_note;
        entries.iter().for_each(|entry| self.take_entry(entry));
        let root = self.tiles.bundle().filter(|_| path.is_full()).unwrap_or_else(|| root_of(&entries));
        self.bundles.push(Bundle { notes_before, root });
        ControlFlow::Continue(())
    }

    fn stop(&mut self, why: String) -> ControlFlow<()> {
        self.entries.add(|| why.clone());
        self.broken = Some(why);
        ControlFlow::Break(())
    }

    fn take_entry(&mut self, bytes: &[u8]) {
        let index = self.len();
        self.push(leaf_hash(bytes));
        if let Some(text) = &mut self.log_text {
            text.push(index, bytes);
        }
        let entry = Entry::parse(bytes);
        match &entry {
            Ok(entry) => self.take_parsed(index, entry),
            Err(error) => self.entries.add(|| format!("entry {index}: {error}")),
        }
        self.tell_head(match entry {
            Ok(Entry::Note { note, commitment, .. }) => Some(Last::Note(note, commitment)),
            Ok(Entry::Receipt { note, commitment, .. }) => Some(Last::Receipt(note, commitment)),
            _ => None,
        });
    }

    fn take_parsed(&mut self, index: u64, entry: &Entry) {
        let posted = self.order.take(index, entry);
        self.rules.take(index, entry);
        if let Entry::Note { time, .. } = entry
            && self.texts.is_some()
        {
            self.tell_note(index, *time);
        }
        if let Some(texts) = &mut self.texts {
            match entry {
                Entry::Post { post, first, last, .. } => {
                    let text = posted.and_then(|note| texts.text(*first, note));
                    let (post, first, last) = (*post, *first, *last);
                    self.seen.push(Event::Posted(Expected { index, post, first, last, text }));
                }
                Entry::Lost { post, how, .. } => self.seen.push(Event::Lost { post: *post, how: *how }),
                _ => {}
            }
            if !self.order.is_any_waiting() {
                texts.forget(&self.frontier);
            }
        }
    }

    fn tell_note(&mut self, index: u64, time: Time) {
        if self.is_head_told {
            self.seen.push(Event::Sealed { from: self.last_note, to: index, time });
        }
        (self.last_note, self.is_head_told) = (index + 1, false);
    }

    fn tell_head(&mut self, last: Option<Last>) {
        let size = self.len();
        while self.wanted.front().is_some_and(|wanted| *wanted <= size) {
            self.wanted.pop_front();
            self.is_head_told = true;
            self.seen.push(Event::Head { size, root: self.frontier.root(), sealed: self.order.sealed(), last });
        }
    }

    fn push(&mut self, leaf: Hash) {
        let (tiles, mut root) = (&mut self.tiles, leaf);
        self.frontier.push_each(leaf, |level, hash| {
            tiles.push(level, hash);
            root = hash;
        });
        if let Some(texts) = &mut self.texts {
            texts.push(root);
        }
        self.compare_since();
    }

    fn compare_since(&mut self) {
        let len = self.frontier.len();
        if let Some(since) = self.since.as_mut().filter(|since| since.size == len) {
            since.found = Some(self.frontier.root());
        }
    }
}
