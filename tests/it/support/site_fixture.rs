//! Logs as lines, the site and the folder that are made of them, and what anybody can read there.

use std::fs;
use std::path::Path;

use verbale::base::hash::Hash;
use verbale::base::ids::{AccountName, Channel, PostId};
use verbale::base::time::Time;
use verbale::platform::x;
use verbale::site::SiteSettings;
use verbale::tasks::publish::{Folder, Written};
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::entry::{Entry, Level, Loss, StampKind};
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tile;
use verbale::tlog::tree::{Tree, leaf_hash};

use crate::support::harness::key;

/// The settings of the site of the log with this key.
pub fn settings(key: &LogKey) -> SiteSettings {
    SiteSettings {
        vkey: key.vkey(),
        account: AccountName::parse("embassy"),
        address: None,
        post_address: x::address_of,
        web: "https://x.com/".to_owned(),
    }
}

pub fn at(minute: i64) -> Time {
    Time::parse("2018-03-09T17:40:12.123Z").unwrap().plus_ms(minute * 60_000)
}

pub fn post_id(minute: i64) -> PostId {
    PostId(Channel::X.first_at(at(minute)).0 | 5)
}

pub fn note(note: u64) -> Entry {
    let commitment = Hash::of(format!("note {note}").as_bytes());
    Entry::Note { time: at(note as i64), note, commitment }
}

pub fn post(first: u64, last: u64) -> Entry {
    let minute = last as i64;
    Entry::Post { time: at(minute), first, last, post: Channel::X.post(post_id(minute)) }
}

/// A log of this number of notes, each followed directly by its post.
pub fn plain(notes: u64) -> Vec<String> {
    (1..=notes).flat_map(|n| [note(n).to_line(), post(n, n).to_line()]).collect()
}

/// One of everything: notes alone and in a run, openings, disputes, a lost post, a gap, a key, a time stamp, a text that
/// could be read late, a line of the future.
pub fn story() -> Vec<String> {
    let (x, gap) = (Channel::X, "the messages of this time were no longer listed".to_owned());
    let entries = [
        note(1),
        post(1, 1),
        note(2),
        note(3),
        post(2, 3),
        Entry::Gap { time: at(60), from: at(20), to: at(50), reason: gap },
        Entry::Dispute { time: at(61), note: 1, post: x.post(post_id(59)) },
        Entry::Open { time: at(62), note: 1, level: Level::Envelope, sha256: Hash::of(b"note 1") },
        Entry::Open { time: at(63), note: 1, level: Level::Content, sha256: Hash::of(b"content") },
        Entry::Lost { time: at(64), post: x.post(post_id(3)), how: Loss::Deleted },
        Entry::Key { time: at(65), vkey: key().vkey().to_string() },
        Entry::Stamp {
            time: at(66),
            size: 5,
            kind: StampKind::Tsr,
            by: "freetsa".to_owned(),
            sha256: Hash::of(b"stamp"),
        },
        Entry::Unlock { time: at(67), note: 2, sha256: Hash::of(b"unlocked") },
        Entry::Unknown { line: "sing 2018-03-09T18:40:12.123Z a song".to_owned() },
        note(4),
    ];
    entries.iter().map(Entry::to_line).collect()
}

pub fn checkpoint(lines: &[String], key: &LogKey) -> String {
    let mut tree = Tree::new();
    lines.iter().for_each(|line| tree.push(leaf_hash(line.as_bytes())));
    Checkpoint { origin: key.name().clone(), size: tree.len(), root: tree.root() }.sign(key)
}

/// Opens the folder as after a start, and brings it up to these lines.
pub fn publish(path: &Path, lines: &[String], account: &str) -> anyhow::Result<Written> {
    let mut folder = Folder::open(path, settings(&key()))?;
    folder.take(lines.to_vec());
    folder.set_account(AccountName::parse(account));
    let mut all = Written { files: 0, left: 0 };
    while !folder.is_current() {
        let written = folder.write(&checkpoint(lines, &key()))?;
        all = Written { files: all.files + written.files, left: written.left };
    }
    Ok(all)
}

/// A folder in memory, if possible: writing a log waits for the disk with each file.
pub fn place() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Reads what is published as a stranger: the checkpoint and every tile that it needs. Returns the size.
pub fn read(path: &Path) -> Option<u64> {
    let head = Checkpoint::open(&fs::read(path.join("checkpoint")).ok()?, &key().vkey()).unwrap();
    let mut tree = Tree::new();
    for tile in tile::new_since(0, head.size) {
        let file = path.join(tile.to_string());
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if tile.kind() == tile::Kind::Entries {
            let entries = tile::parse_bundle(&bytes, tile.width()).unwrap();
            entries.iter().for_each(|entry| tree.push(leaf_hash(entry)));
        } else {
            assert_eq!(Some(bytes), tile.hashes(&tree), "{tile}");
        }
    }
    assert_eq!((tree.len(), tree.root()), (head.size, head.root));
    Some(head.size)
}
