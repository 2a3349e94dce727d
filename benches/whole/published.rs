//! A published log of any length, made in flat memory: what the daemon would have left in its public folder after years.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, PostId, PublicPost};
use verbale::base::time::Time;
use verbale::note::names;
use verbale::tlog::checkpoint::{self, Checkpoint};
use verbale::tlog::entry::{Entry, Loss};
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tile::{HEIGHT, Kind, TilePath, WIDTH_FULL};
use verbale::tlog::tree::{Frontier, leaf_hash};

use crate::place;

/// So many entries, then the same kinds of entries come again.
const CYCLE: u64 = 1000;

/// At this place of a cycle the platform allows no more posts for a while, and at the next one posts are made again.
const SCARCE: std::ops::Range<u64> = 960..990;

/// Writes the public files of a log of `size` entries into the folder `dir`.
pub fn write(dir: &Path, size: u64) -> anyhow::Result<()> {
    fs::create_dir_all(dir)?;
    let log_text = BufWriter::new(File::create(dir.join("log.txt"))?);
    let mut folder =
        Folder { dir: dir.to_owned(), log_text, frontier: Frontier::new(), bundle: Vec::new(), levels: Vec::new() };
    let mut story = Story::new();
    (0..size).try_for_each(|index| folder.push(&story.entry(index).to_line()))?;
    folder.end()
}

/// What is entered, one after the other.
struct Story {
    time: Time,
    note: u64,
    posted: u64,
    last_post: PublicPost,
}

impl Story {
    fn new() -> Story {
        let time = Time::from_ms(1_520_617_215_001);
        Story { time, note: 0, posted: 0, last_post: Channel::X.post(Channel::X.first_at(time)) }
    }

    /// Nearly always a note and then its post; once a cycle thirty notes with one post; now and then anything else that has
    /// no files of its own.
    fn entry(&mut self, index: u64) -> Entry {
        self.time = self.time.plus_ms(47_003);
        let (time, sha256) = (self.time, Hash::of(&index.to_be_bytes()));
        let post = Channel::X.post(self.post());
        match index % CYCLE {
            place if SCARCE.contains(&place) => self.sealed(sha256),
            place if place < SCARCE.start && place % 2 == 0 => self.sealed(sha256),
            place if place <= SCARCE.end => {
                let first = self.posted + 1;
                (self.posted, self.last_post) = (self.note, post);
                Entry::Post { time, first, last: self.note, post }
            }
            994 => Entry::Dispute { time, note: self.note, post },
            995 => Entry::Lost { time, post: self.last_post, how: Loss::Deleted },
            997 => {
                Entry::Gap { time, from: time.plus_ms(-60_000), to: time, reason: "the platform was away".to_owned() }
            }
            _ => Entry::Receipt { time, log: place::other_origin(), note: index + 1, commitment: sha256 },
        }
    }

    fn sealed(&mut self, commitment: Hash) -> Entry {
        self.note += 1;
        Entry::Note { time: self.time, note: self.note, commitment }
    }

    /// A post made half a second before it is entered.
    fn post(&self) -> PostId {
        Channel::X.first_at(self.time.plus_ms(-500))
    }
}

/// The folder, and what is not full yet.
struct Folder {
    dir: PathBuf,
    log_text: BufWriter<File>,
    frontier: Frontier,
    bundle: Vec<u8>,
    levels: Vec<Vec<u8>>,
}

impl Folder {
    fn push(&mut self, line: &str) -> anyhow::Result<()> {
        write!(self.log_text, "{} {line}", self.frontier.len())?;
        self.bundle.extend(u16::try_from(line.len())?.to_be_bytes());
        self.bundle.extend(line.as_bytes());
        let levels = &mut self.levels;
        self.frontier.push_each(leaf_hash(line.as_bytes()), |level, hash| {
            let place = (level / HEIGHT) as usize;
            if level % HEIGHT == 0 {
                levels.resize(levels.len().max(place + 1), Vec::new());
                levels[place].extend(hash.as_bytes());
            }
        });
        if self.frontier.len().is_multiple_of(WIDTH_FULL.into()) { self.put(true) } else { Ok(()) }
    }

    /// Writes the bundle and the tiles that are full, or that are not, and begins the next ones.
    fn put(&mut self, are_full: bool) -> anyhow::Result<()> {
        let full = u64::from(WIDTH_FULL);
        let mut hashes = self.frontier.len();
        let mut files = vec![(Kind::Entries, hashes, &mut self.bundle)];
        for (level, tile) in self.levels.iter_mut().enumerate() {
            files.push((Kind::Hashes(u8::try_from(level)?), hashes, tile));
            hashes >>= HEIGHT;
        }
        for (kind, hashes, bytes) in files {
            let Some(last) = hashes.checked_sub(1).filter(|_| !bytes.is_empty()) else { continue };
            let width = last % full + 1;
            if (width == full) == are_full {
                let path = TilePath::new(kind, last / full, u16::try_from(width)?).context("there is such a tile")?;
                let path = self.dir.join(path.to_string());
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::write(path, std::mem::take(bytes))?;
            }
        }
        Ok(())
    }

    /// Writes what stays partial, and the signed head.
    fn end(mut self) -> anyhow::Result<()> {
        self.put(false)?;
        self.log_text.flush()?;
        let key = LogKey::from_seed(place::origin(), [1; 32]);
        let head = Checkpoint { origin: place::origin(), size: self.frontier.len(), root: self.frontier.root() };
        fs::write(self.dir.join(names::VKEY), format!("{}\n", key.vkey()))?;
        fs::write(self.dir.join(checkpoint::FILE), head.sign(&key))?;
        Ok(())
    }
}
