//! The public folder on the disk: what is written, in which order, and what happens when a write is cut short.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use verbale::base::ids::AccountName;
use verbale::site::RANGE;
use verbale::tasks::publish::Folder;

use crate::support::command::everything_in;
use crate::support::harness::key;
use crate::support::site_fixture::{checkpoint, place, plain, publish, read, settings, story};

/// Each file's name and its number on the disk, which changes when the file is written anew.
fn numbers(path: &Path) -> BTreeMap<PathBuf, u64> {
    let files = everything_in(path).into_iter().filter(|(path, ..)| path.is_file());
    files.map(|(file, ..)| (file.strip_prefix(path).unwrap().to_owned(), fs::metadata(&file).unwrap().ino())).collect()
}

fn written(before: &BTreeMap<PathBuf, u64>, after: &BTreeMap<PathBuf, u64>) -> Vec<String> {
    let new = after.iter().filter(|(path, number)| before.get(*path) != Some(number));
    new.map(|(path, _)| path.display().to_string()).collect()
}

#[test]
fn only_what_changed_is_written() {
    let place = place();
    let lines = plain(2 * RANGE);
    let path = place.path().join("public");
    publish(&path, &lines[..lines.len() - 2], "embassy").unwrap();
    let before = numbers(&path);
    publish(&path, &lines[..lines.len() - 2], "embassy").unwrap();
    assert_eq!(numbers(&path), before, "nothing was new");
    publish(&path, &lines, "embassy").unwrap();
    let expected = [
        "checkpoint",
        "feed.atom",
        "index.html",
        "note/0/500.html",
        "notes/251-500.html",
        "notes/501-750.html",
        "site.txt",
        "tile/0/003.p/232",
        "tile/entries/003.p/232",
    ];
    assert_eq!(written(&before, &numbers(&path)), expected);
    let last = [&lines[..], &story()[6..7]].concat();
    let before = numbers(&path);
    publish(&path, &last, "embassy").unwrap();
    let pages = written(&before, &numbers(&path));
    assert!(pages.contains(&"note/0/1.html".to_owned()) && pages.contains(&"notes/1-250.html".to_owned()), "{pages:?}");
    assert!(!pages.contains(&"note/0/2.html".to_owned()), "{pages:?}");
}

/// Nothing depends on how the log came to be: written at once or an entry at a time, the pages are the same.
#[test]
fn written_at_once_or_an_entry_at_a_time_it_is_the_same_site() {
    let (one, other) = (place(), place());
    let lines = story();
    for size in 1..=lines.len() {
        publish(one.path(), &lines[..size], "embassy").unwrap();
    }
    publish(other.path(), &lines, "embassy").unwrap();
    let of = |place: &Path| -> Vec<(PathBuf, Vec<u8>)> {
        let files = everything_in(place).into_iter().filter(|(path, ..)| path.is_file());
        let files = files.map(|(path, _, bytes)| (path.strip_prefix(place).unwrap().to_owned(), bytes));
        files.filter(|(path, _)| !path.to_string_lossy().contains(".p/")).collect()
    };
    assert_eq!(of(one.path()), of(other.path()));
}

/// Each file that a change writes, in turn, cannot be written: the write ends there, the checkpoint is still supported, and
/// once the way is free everything is completed.
#[test]
fn a_write_that_is_cut_short_anywhere_is_completed_by_the_next() {
    let place = place();
    let lines: Vec<String> = plain(RANGE - 1).into_iter().chain(story().into_iter().skip(4)).collect();
    let (old, whole) = (place.path().join("old"), place.path().join("whole"));
    let old_size = lines.len() - 9;
    for (path, sizes) in [(&old, vec![old_size]), (&whole, vec![old_size, lines.len()])] {
        for size in sizes {
            publish(path, &lines[..size], "embassy").unwrap();
        }
    }
    let (before, after) = (everything_in(&old), everything_in(&whole));
    let bytes_in = |all: &[(PathBuf, u32, Vec<u8>)], root: &Path| -> BTreeMap<PathBuf, Vec<u8>> {
        let files = all.iter().filter(|(path, ..)| path.is_file());
        files.map(|(path, _, bytes)| (path.strip_prefix(root).unwrap().to_owned(), bytes.clone())).collect()
    };
    let (before, after) = (bytes_in(&before, &old), bytes_in(&after, &whole));
    let changed: Vec<&PathBuf> = after.keys().filter(|path| before.get(*path) != after.get(*path)).collect();
    assert!(12 <= changed.len(), "{changed:?}");
    for (case, blocked) in changed.iter().enumerate() {
        let path = place.path().join(format!("case {case}"));
        copy(&before, &path);
        let obstacle = path.join(blocked);
        let _ = fs::remove_file(&obstacle);
        fs::create_dir_all(obstacle.join("in the way")).unwrap();
        // The order of writes: whatever is blocked, no checkpoint of the new size is there.
        let error = publish(&path, &lines, "embassy").unwrap_err();
        assert!(format!("{error:#}").contains(&*blocked.to_string_lossy()), "{error:#}");
        if blocked.as_path() != Path::new("checkpoint") && !blocked.starts_with("tile") {
            assert_eq!(read(&path), Some(old_size as u64), "{}", blocked.display());
        }
        fs::remove_dir_all(&obstacle).unwrap();
        if let Some(bytes) = before.get(*blocked) {
            fs::write(&obstacle, bytes).unwrap();
        }
        assert_eq!(read(&path), Some(old_size as u64), "{}", blocked.display());
        publish(&path, &lines, "embassy").unwrap();
        assert_eq!(read(&path), Some(lines.len() as u64));
        assert_eq!(bytes_in(&everything_in(&path), &path), after, "after {} was blocked", blocked.display());
    }
}

fn copy(files: &BTreeMap<PathBuf, Vec<u8>>, to: &Path) {
    for (path, bytes) in files {
        let path = to.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The pages of another version of the program, or from before the account was renamed, are written anew; so are pages that
/// are only partly so, and in steps that do not hold up the log.
#[test]
fn pages_of_another_look_are_written_anew() {
    let place = place();
    let lines = plain(3 * RANGE);
    publish(place.path(), &lines, "embassy").unwrap();
    let old = fs::read_to_string(place.path().join("note/0/1.html")).unwrap();
    assert!(old.contains("https://x.com/embassy/status/"), "{old}");
    let mut folder = Folder::open(place.path(), settings(&key())).unwrap();
    folder.take(lines.clone());
    folder.set_account(AccountName::parse("consulate"));
    let first = folder.write(&checkpoint(&lines, &key())).unwrap();
    assert!(0 < first.left && first.files <= 520, "{first:?}");
    drop(folder);
    publish(place.path(), &lines, "consulate").unwrap();
    let new = fs::read_to_string(place.path().join("note/0/1.html")).unwrap();
    assert!(new.contains("https://x.com/consulate/status/"), "{new}");
    // As another version would have left it.
    let stamp = fs::read_to_string(place.path().join("site.txt")).unwrap();
    let look = stamp.lines().last().unwrap().to_owned();
    fs::write(place.path().join("site.txt"), stamp.replace(&look, &format!("look {}", "0".repeat(64)))).unwrap();
    fs::write(place.path().join("note/0/77.html"), "old words").unwrap();
    publish(place.path(), &lines, "consulate").unwrap();
    assert!(fs::read_to_string(place.path().join("note/0/77.html")).unwrap().contains("Note 77"));
    assert_eq!(fs::read_to_string(place.path().join("site.txt")).unwrap(), stamp);
}

#[test]
fn the_folder_of_another_log_is_left_alone() {
    for file in ["checkpoint", "site.txt"] {
        let place = place();
        publish(place.path(), &plain(3), "embassy").unwrap();
        let other = if file == "site.txt" { "checkpoint" } else { "site.txt" };
        fs::remove_file(place.path().join(other)).unwrap();
        let before = everything_in(place.path());
        let Err(error) = Folder::open(place.path(), settings(&crate::support::fixture::key())) else { panic!("taken") };
        let said = format!("{error:#}");
        assert!(said.contains(file) && said.contains("is not that of the log embassy.example/notes"), "{said}");
        assert!(everything_in(place.path()) == before);
    }
}
