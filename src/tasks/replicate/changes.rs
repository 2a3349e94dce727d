//! What has changed in the public folder since a moment, by the times that its files have.
//!
//! There is one writer, which writes one file after the other, and the checkpoint last. So once the checkpoint is
//! there, every file that was written up to its time can be found.

use std::collections::{BinaryHeap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::target::Trouble;
use crate::site::{ALWAYS, Page};
use crate::tasks::publish::{self, FileHeaders};
use crate::tlog::checkpoint;

/// The log for people.
pub(super) const TEXT: &str = "log.txt";

/// Number of pages at a time, so that the checkpoint need not wait for all of them.
const PAGES_MAX: usize = 500;

/// Times of files are not exact: two that differ by less than this do not show which file came first.
pub(super) const SETTLE: Duration = Duration::from_secs(2);

/// The largest checkpoint that is read, in bytes.
const HEAD_BYTES_MAX: u64 = 64 << 10;

/// More than the longest line of `log.txt`.
const LINE_BYTES_MAX: u64 = 2048;

/// A page that was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Change {
    pub(super) written: SystemTime,
    /// Below the folder.
    pub(super) path: String,
}

impl Change {
    /// Whether it is the page of a note, which other pages link to.
    pub(super) fn is_note(&self) -> bool {
        self.path.starts_with("note/")
    }
}

/// A page that changes with every entry and links to the others, as it was when it was read.
pub(super) struct Leading {
    /// Below the folder.
    pub(super) path: String,
    pub(super) written: SystemTime,
    pub(super) bytes: Vec<u8>,
}

/// The other pages that are to be copied.
pub(super) struct FoundChanges {
    /// The oldest first.
    pub(super) pages: Vec<Change>,
    /// After these pages, everything is copied that was written until this moment.
    pub(super) complete_until: SystemTime,
}

/// A file that only grows: its length, and since when it has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    pub(super) len: u64,
    pub(super) written: SystemTime,
}

/// The bytes of the checkpoint, and the moment until which everything written is complete. None if there is no
/// checkpoint.
pub(super) fn head(folder: &Path) -> Result<Option<(Vec<u8>, SystemTime)>, Trouble> {
    let path = folder.join(checkpoint::FILE);
    let read = || -> io::Result<(Vec<u8>, SystemTime)> {
        let file = File::open(&path)?;
        let written = file.metadata()?.modified()?;
        let mut bytes = Vec::new();
        file.take(HEAD_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok((bytes, written))
    };
    let Some((bytes, written)) = there(read(), &path)? else { return Ok(None) };
    // If there are many pages, some are written after the checkpoint, and then this file.
    let path = folder.join(publish::MANIFEST);
    let complete = there(fs::metadata(&path).and_then(|about| about.modified()), &path)?;
    Ok(Some((bytes, complete.map_or(written, |complete| complete.max(written)))))
}

/// The leading pages, in the order in which they are written.
pub(super) fn leading(folder: &Path) -> Result<Vec<Leading>, Trouble> {
    let mut pages = Vec::new();
    for path in ALWAYS.map(Page::path) {
        let place = folder.join(&path);
        let read = || -> io::Result<(SystemTime, Vec<u8>)> {
            let mut file = File::open(&place)?;
            let (written, mut bytes) = (file.metadata()?.modified()?, Vec::new());
            file.read_to_end(&mut bytes)?;
            Ok((written, bytes))
        };
        if let Some((written, bytes)) = there(read(), &place)? {
            pages.push(Leading { path, written, bytes });
        }
    }
    Ok(pages)
}

/// The length of `log.txt` up to its last whole line. None if it is not there.
pub(super) fn text(folder: &Path) -> Result<Option<Span>, Trouble> {
    let path = folder.join(TEXT);
    let read = || -> io::Result<Span> {
        let mut file = File::open(&path)?;
        let about = file.metadata()?;
        let from = about.len().saturating_sub(LINE_BYTES_MAX);
        let mut end = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(about.len() - from).read_to_end(&mut end)?;
        let whole = end.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at as u64 + 1);
        Ok(Span { len: from + whole, written: about.modified()? })
    };
    there(read(), &path)
}

/// The other pages that were written from `since` on and are not `known`: the oldest, up to a number. The moment until
/// which they are complete is `until` at most.
pub(super) fn since(
    folder: &Path,
    since: SystemTime,
    until: SystemTime,
    known: &HashMap<String, SystemTime>,
) -> Result<FoundChanges, Trouble> {
    let elsewhere: Vec<String> =
        ALWAYS.map(Page::path).into_iter().chain([TEXT, checkpoint::FILE].map(str::to_owned)).collect();
    let mut oldest = BinaryHeap::new();
    let mut complete_until = until;
    walk(folder, "", since, &mut |change| {
        let is_page = FileHeaders::of(&change.path).is_some() && !elsewhere.contains(&change.path);
        let is_new = settles(change.written, since) && known.get(&change.path) != Some(&change.written);
        if is_page && is_new {
            oldest.push(change);
        }
        if PAGES_MAX < oldest.len() {
            oldest.pop();
            complete_until = oldest.peek().map_or(until, |last: &Change| last.written.min(until));
        }
    })
    .map_err(|error| Trouble::of_the_folder(folder, &error))?;
    Ok(FoundChanges { pages: oldest.into_sorted_vec(), complete_until })
}

/// Whether a file with this time may have been written after one with the other time.
pub(super) fn settles(written: SystemTime, other: SystemTime) -> bool {
    other.checked_sub(SETTLE).is_none_or(|other| other <= written)
}

/// Visits the files below a folder, except the tiles. If a folder got no file since then, only the folders in it are
/// visited.
fn walk(root: &Path, path: &str, since: SystemTime, visit: &mut impl FnMut(Change)) -> io::Result<()> {
    let folder = root.join(path);
    let is_new = settles(fs::metadata(&folder)?.modified()?, since);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if path.is_empty() { name } else { format!("{path}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() && path != "tile" {
            walk(root, &path, since, visit)?;
        } else if kind.is_file() && is_new {
            match entry.metadata().and_then(|about| about.modified()) {
                Ok(written) => visit(Change { written, path }),
                // It has got its own name meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// What was read of a file. None if it is not there.
fn there<T>(read: io::Result<T>, path: &Path) -> Result<Option<T>, Trouble> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Trouble::of_the_folder(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn write(folder: &Path, path: &str, seconds: u64) {
        let place = folder.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, path).unwrap();
        File::options().write(true).open(place).unwrap().set_modified(at(seconds)).unwrap();
    }

    fn found(folder: &Path, from: u64) -> Vec<String> {
        let found = since(folder, at(from), at(130), &HashMap::new()).unwrap();
        assert_eq!(found.complete_until, at(130));
        found.pages.into_iter().map(|page| page.path).collect()
    }

    #[test]
    fn pages_are_found_by_when_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for (path, seconds) in
            [("notes/1-250.html", 131), ("note/0/1.html", 110), ("note/0/2.html", 120), ("style.css", 50)]
        {
            write(folder, path, seconds);
        }
        for path in [
            ".new",
            "checkpoint",
            "log.txt",
            "site.txt",
            "tile/0/000.p/1",
            "note/0/.new",
            "index.html",
            "notes/index.html",
        ] {
            write(folder, path, 115);
        }
        assert_eq!(found(folder, 100), ["note/0/1.html", "note/0/2.html", "notes/1-250.html"]);
        assert_eq!(found(folder, 121), ["note/0/2.html", "notes/1-250.html"], "two seconds are no difference");
        assert_eq!(found(folder, 0).len(), 4);
        let known = HashMap::from([("note/0/2.html".to_owned(), at(120)), ("notes/1-250.html".to_owned(), at(129))]);
        let pages = since(folder, at(121), at(130), &known).unwrap().pages;
        assert_eq!(pages.into_iter().map(|page| page.path).collect::<Vec<_>>(), ["notes/1-250.html"]);
        let leading: Vec<String> = leading(folder).unwrap().into_iter().map(|page| page.path).collect();
        assert_eq!(leading, ["notes/index.html", "index.html"]);
    }

    /// Piece by piece nothing is left out and nothing comes twice, though many files have the same time.
    #[test]
    fn many_pages_come_in_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let count = 2 * PAGES_MAX + 7;
        (0..count).for_each(|n| write(folder.path(), &format!("note/{}/{n}.html", n / 1000), 100 + n as u64 / 700));
        let (mut known, mut watermark, mut all) = (HashMap::new(), SystemTime::UNIX_EPOCH, Vec::new());
        let mut rounds = 0;
        while watermark < at(200) {
            let found = since(folder.path(), watermark, at(200), &known).unwrap();
            assert!(found.pages.is_sorted() && found.pages.len() <= PAGES_MAX);
            watermark = found.complete_until;
            known.extend(found.pages.iter().map(|page| (page.path.clone(), page.written)));
            known.retain(|_, written| settles(*written, watermark));
            all.extend(found.pages.into_iter().map(|page| page.path));
            rounds += 1;
        }
        all.sort();
        let pieces = all.len();
        all.dedup();
        assert_eq!((rounds, pieces, all.len()), (3, count, count));
    }

    #[test]
    fn the_text_ends_with_its_last_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(text(folder.path()).unwrap(), None);
        for (bytes, len) in [("", 0), ("half", 0), ("0 a\n", 4), ("0 a\n1 b", 4)] {
            fs::write(folder.path().join(TEXT), bytes).unwrap();
            assert_eq!(text(folder.path()).unwrap().unwrap().len, len, "{bytes}");
        }
        fs::write(folder.path().join(TEXT), "a line\n".repeat(1000) + "1").unwrap();
        assert_eq!(text(folder.path()).unwrap().unwrap().len, 7000);
    }
}
