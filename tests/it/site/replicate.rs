//! The public folder, as the program copies it to a bucket and to another folder: what is there, in which order it came,
//! and what happens when the store fails or is not ours.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::process::Child;
use verbale::base::ids::Origin;
use verbale::sandbox::world::{Call, Outgoing};
use verbale::sandbox::{EMBASSY, MINISTRY};
use verbale::tasks::publish::FileHeaders;
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tree::Tree;

use crate::support::bucket::{Bucket, How, KEY_ID, NAME, REGION, SECRET};
use crate::support::harness::{MARKER, key};
use crate::support::process::{GENEROUS, Place, stop};
use crate::support::reader::PublicReader;

const PREFIX: &str = "embassy/notes/";

/// An installation that copies to a bucket, and has looked for messages once.
async fn place() -> (Place, Bucket) {
    let bucket = Bucket::open(PREFIX).await;
    let place = begun().await;
    let section = format!(
        "[upload]\nbucket = \"{NAME}\"\nendpoint = \"http://{}\"\nregion = \"{REGION}\"\nprefix = \"{}\"",
        bucket.address,
        PREFIX.trim_end_matches('/')
    );
    place.configure("# [upload]", &section);
    write_key(&place, SECRET);
    (place, bucket)
}

/// An installation that copies nowhere, and has looked for messages once.
async fn begun() -> Place {
    let place = Place::new().await;
    let mut child = place.run();
    place.until("the first look", |world| 2 <= world.counts().of(Call::Messages)).await;
    stop(&mut child, "TERM").await;
    place
}

fn write_key(place: &Place, secret: &str) {
    let path = place.path("bucket.toml");
    fs::write(&path, format!("access_key_id = \"{KEY_ID}\"\nsecret_access_key = \"{secret}\"\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn seal(place: &mut Place) {
    let text = format!("{MARKER} {}", place.observer.owed.len());
    let id = place.server.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &Outgoing::text(&text)).unwrap());
    place.observer.owe(id, &[MINISTRY.0]);
}

/// Every public file by its path, in a folder in which files may get other names meanwhile.
fn public_files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let place = entry.unwrap().path();
            let path = place.strip_prefix(folder).unwrap().display().to_string();
            if place.is_dir() {
                folders.push(place);
            } else if FileHeaders::of(&path).is_some() {
                files.insert(path, fs::read(place).unwrap());
            }
        }
    }
    files
}

/// The files that a reader of the newest checkpoint can come to: tiles for heads in between are not copied.
fn without_old_tiles(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let head = files.get("checkpoint").and_then(|bytes| Checkpoint::open(bytes, &key().vkey()).ok());
    let tiles: Vec<String> = head.map_or_else(Vec::new, |head| {
        verbale::tlog::tile::new_since(0, head.size).iter().map(ToString::to_string).collect()
    });
    files.retain(|path, _| !path.starts_with("tile/") || tiles.contains(path));
    files.remove("upload.txt");
    files
}

fn is_copied(place: &Place, bucket: &Bucket) -> bool {
    let there = bucket.objects().into_iter().map(|(path, object)| (path, object.bytes)).collect();
    let is_done =
        place.observer.owed.len() as u64 <= crate::support::site_fixture::read(&place.path("public")).unwrap_or(0) / 2;
    is_done && without_old_tiles(public_files(&place.path("public"))) == without_old_tiles(there)
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(GENEROUS, wait).await.is_ok(), "waited in vain: {what}");
}

/// The name of each file and what it is given along, for whoever reads it there.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_gets_everything_the_checkpoint_last() {
    let (mut place, bucket) = place().await;
    let mut child = place.run();
    until("the copy of what there was", || is_copied(&place, &bucket)).await;
    bucket.take_written();
    for _ in 0..3 {
        seal(&mut place);
        until("the copy", || is_copied(&place, &bucket)).await;
        let written = bucket.take_written();
        let at = |name: &str| {
            written.iter().rposition(|known| known == name).unwrap_or_else(|| panic!("{name}: {written:?}"))
        };
        let checkpoint = at("checkpoint");
        assert!(written.iter().rposition(|name| name.starts_with("tile/")).unwrap() < checkpoint, "{written:?}");
        assert!(at("index.html") < checkpoint && at("log.txt") < checkpoint, "{written:?}");
        let note = format!("note/0/{}.html", place.observer.owed.len());
        let first = |name: &str| written.iter().position(|known| known == name).unwrap();
        assert!(first(&note) < first("index.html"), "the front page leads to the note: {written:?}");
    }
    for (path, object) in bucket.objects() {
        let kind = FileHeaders::of(&path).unwrap();
        assert_eq!((&*object.content_type, &*object.cache), (kind.content_type, kind.cache), "{path}");
    }
    let tile = bucket.get("tile/entries/000.p/2").or(bucket.get("tile/entries/000.p/6")).unwrap();
    assert_eq!(
        (&*tile.content_type, &*tile.cache),
        ("application/octet-stream", "public, max-age=31536000, immutable")
    );
    assert!(bucket.get(".new").is_none() && bucket.get("site.txt").is_none());
    bucket.assert_always_supported();
    assert!(stop(&mut child, "TERM").await.success());
}

/// Started again, it copies what it must: nothing but `log.txt` and the pages that lead to the others, which nobody
/// remembers; and everything, if the bucket was emptied, or the clock by which changes are found went back.
#[tokio::test(flavor = "multi_thread")]
async fn started_again_it_copies_what_is_missing() {
    let (mut place, bucket) = place().await;
    let mut child = place.run();
    seal(&mut place);
    until("the copy", || is_copied(&place, &bucket)).await;
    stop(&mut child, "TERM").await;
    let pages = public_files(&place.path("public")).keys().filter(|path| path.ends_with(".html")).count();
    let copied = |written: &[String]| written.iter().filter(|path| path.ends_with(".html")).count();

    // What was written less than two seconds before the mark may come again; here, nothing was.
    let mark = bucket.get("upload.txt").unwrap().bytes;
    let mark: u128 = String::from_utf8(mark).unwrap().lines().nth(1).unwrap()["until ".len()..].parse().unwrap();
    make_older(&place.path("public"), Duration::from_secs(10), &["checkpoint", "site.txt"]);
    bucket.take_written();
    let mut child = place.run();
    until("log.txt", || bucket.has_written("log.txt")).await;
    stop(&mut child, "TERM").await;
    let again = bucket.take_written();
    assert!(!again.iter().any(|path| path.starts_with("note/") || path == "verify.html"), "{again:?}");

    bucket.clear();
    let mut child = place.run();
    until("all again", || is_copied(&place, &bucket)).await;
    stop(&mut child, "TERM").await;
    assert_eq!(copied(&bucket.take_written()), pages);

    let later = mark + 3_600_000_000_000;
    bucket.put("upload.txt", format!("verbale upload v1\nuntil {later}\n").as_bytes());
    bucket.put("index.html", b"old");
    let mut child = place.run();
    until("all again", || is_copied(&place, &bucket)).await;
    stop(&mut child, "TERM").await;
    assert_eq!(copied(&bucket.take_written()), pages);
    bucket.assert_always_supported();
}

/// Lets files be written earlier than they were, but for some.
fn make_older(folder: &Path, by: Duration, but: &[&str]) {
    for (path, ..) in crate::support::command::everything_in(folder).into_iter().filter(|(path, ..)| path.is_file()) {
        if !but.iter().any(|name| path.ends_with(name)) {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(file.metadata().unwrap().modified().unwrap() - by).unwrap();
        }
    }
}

/// Each kind of file, and each way in which its copy fails: it is tried again, and somebody who reads all the while never
/// sees anything that does not fit together.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_is_tried_again() {
    let (mut place, bucket) = place().await;
    let done = Arc::new(AtomicBool::new(false));
    let (source, stopped) = (bucket.clone(), done.clone());
    let stranger = std::thread::spawn(move || {
        let mut stranger = PublicReader::new(move |path| source.get(path).map(|object| object.bytes));
        while !stopped.load(Ordering::SeqCst) {
            stranger.look();
        }
        stranger
    });
    let mut child = place.run();
    for (name, how) in [
        ("tile/entries/", How::Busy),
        ("tile/0/", How::CutAfter),
        ("note/", How::CutBefore),
        ("index.html", How::CutAfter),
        ("log.txt", How::Busy),
        ("checkpoint", How::Busy),
        ("checkpoint", How::CutAfter),
        ("upload.txt", How::CutBefore),
    ] {
        bucket.fail(name, how);
        seal(&mut place);
        until("the fault", || bucket.has_failed()).await;
        until("the copy", || is_copied(&place, &bucket)).await;
        println!("{name} {how:?}: copied");
    }
    done.store(true, Ordering::SeqCst);
    let stranger = stranger.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert!(8 <= stranger.heads, "{} heads", stranger.heads);
    bucket.assert_always_supported();
    stop(&mut child, "TERM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_it_goes_on() {
    let (mut place, bucket) = place().await;
    for (signal, name) in
        [("KILL", "tile/0/"), ("KILL", "note/"), ("TERM", "index.html"), ("KILL", "log.txt"), ("KILL", "checkpoint")]
    {
        bucket.fail(name, How::Hold);
        seal(&mut place);
        let mut child = place.run();
        until("the fault", || bucket.has_failed()).await;
        let status = stop(&mut child, signal).await;
        assert_eq!(status.success(), signal == "TERM", "{name}: {status}");
        let mut child = place.run();
        until("the copy", || is_copied(&place, &bucket)).await;
        stop(&mut child, "TERM").await;
    }
    bucket.assert_always_supported();
}

/// A long `log.txt` goes in parts, up to its last whole line.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_file_goes_in_parts() {
    let (mut place, bucket) = place().await;
    let mut child = place.run();
    seal(&mut place);
    until("the copy", || is_copied(&place, &bucket)).await;
    stop(&mut child, "TERM").await;
    bucket.fail("log.txt", How::Busy);
    let long = "a line as long as this one\n".repeat(700_000);
    fs::write(place.path("public/log.txt"), format!("{long}half a li")).unwrap();
    let mut child = place.run();
    until("the long file", || bucket.get("log.txt").unwrap().bytes == long.as_bytes()).await;
    assert!(bucket.has_failed() && bucket.has_no_parts());
    let object = bucket.get("log.txt").unwrap();
    assert_eq!((&*object.content_type, &*object.cache), ("text/plain; charset=utf-8", "no-cache"));
    stop(&mut child, "TERM").await;
}

async fn run_to_its_end(place: &Place) -> Output {
    let child = place.command(&["run"]).stderr(Stdio::piped()).spawn().unwrap();
    tokio::time::timeout(GENEROUS, child.wait_with_output()).await.expect("it goes on").unwrap()
}

async fn status_says(place: &Place, what: &str) {
    let says = || {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_verbale"))
            .args(["status", "--config"])
            .arg(place.path("config.toml"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!said.contains(KEY_ID) && !said.contains("MARKED"), "{said}");
        output.status.code() == Some(1) && said.contains(what)
    };
    until(what, says).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_said_and_holds_up_nothing() {
    let (mut place, bucket) = place().await;
    write_key(&place, "MARKEDWRONG");
    let log = place.path("said");
    let mut child = place.command(&["run"]).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
    seal(&mut place);
    place.until("the post", |world| 1 == world.posts().count()).await;
    let refused =
        format!("cannot copy to s3://{NAME}/embassy/notes: it refuses the key that was given, or what that key may do");
    status_says(&place, &refused).await;
    stop(&mut child, "TERM").await;
    assert!(bucket.objects().is_empty());
    let said = fs::read_to_string(log).unwrap();
    assert!(said.contains(&refused) && !said.contains(KEY_ID) && !said.contains("MARKED"), "{said}");

    write_key(&place, SECRET);
    place.configure(&format!("bucket = \"{NAME}\""), "bucket = \"another\"");
    let mut child = place.run();
    status_says(&place, "cannot copy to s3://another/embassy/notes: there is no such bucket").await;
    stop(&mut child, "TERM").await;
    place.configure("bucket = \"another\"", &format!("bucket = \"{NAME}\""));
    let mut child = place.run();
    until("the copy", || is_copied(&place, &bucket)).await;
    let is_well = || {
        let status = std::process::Command::new(env!("CARGO_BIN_EXE_verbale"))
            .args(["status", "--config"])
            .arg(place.path("config.toml"))
            .output();
        status.unwrap().status.success()
    };
    until("no trouble", is_well).await;
    stop(&mut child, "TERM").await;
}

/// Asserts that the daemon writes nothing there, says why, and seals and posts all the same.
async fn assert_left_alone(place: &mut Place, bucket: &Bucket, what: &str) {
    bucket.take_written();
    let posts = place.server.world.with(|world, _| world.posts().count());
    let mut child = place.run();
    status_says(place, what).await;
    status_says(place, "choose a place that is empty, or this log's").await;
    seal(place);
    place.until("the post", |world| posts < world.posts().count()).await;
    assert!(stop(&mut child, "TERM").await.success());
    assert_eq!(bucket.take_written(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_ours_is_refused() {
    let (mut place, bucket) = place().await;
    let mut child: Child = place.run();
    seal(&mut place);
    until("the copy", || is_copied(&place, &bucket)).await;
    stop(&mut child, "TERM").await;
    let ahead = Checkpoint { origin: key().name().clone(), size: 1000, root: Tree::new().root() };
    let other = LogKey::from_seed(Origin::parse("other.example").unwrap(), [9; 32]);
    let of_another = Checkpoint { origin: other.name().clone(), size: 1, root: Tree::new().root() };
    // More than this database leads to was published: whoever goes on forks the log.
    bucket.put("checkpoint", ahead.sign(&key()).as_bytes());
    bucket.take_written();
    let output = run_to_its_end(&place).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{said}");
    let error = said.split("error: ").last().unwrap();
    assert!(error.contains("shows a log of 1000 entries that this database does not lead to"), "{said}");
    assert!(error.lines().nth(1).unwrap().contains("restore the newest backup"), "{said}");
    assert_eq!(bucket.take_written(), Vec::<String>::new());
    // Somebody else's place is left alone, and everything else goes on.
    for checkpoint in [of_another.sign(&other), "no checkpoint".to_owned()] {
        bucket.put("checkpoint", checkpoint.as_bytes());
        assert_left_alone(&mut place, &bucket, "is not that of the log").await;
    }
    // Somebody's site that is no log has no checkpoint, and is overwritten all the less.
    bucket.clear();
    bucket.put("index.html", b"the embassy's own pages");
    assert_left_alone(&mut place, &bucket, "has an index.html that no copy of this log has put there").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_folder_gets_everything_too() {
    let mut place = begun().await;
    let copy = place.path("copy");
    place.configure("# [upload]", "[upload]\nfolder = \"copy\"");
    let mut child = place.run();
    status_says(&place, "cannot copy the public folder to ").await;
    status_says(&place, "[upload] copies to another folder").await;
    fs::create_dir(&copy).unwrap();
    let (folder, done) = (copy.clone(), Arc::new(AtomicBool::new(false)));
    let stopped = done.clone();
    let stranger = std::thread::spawn(move || {
        let mut stranger = PublicReader::of_folder(&folder);
        while !stopped.load(Ordering::SeqCst) {
            stranger.look();
        }
        stranger
    });
    for _ in 0..5 {
        seal(&mut place);
        let owed = place.observer.owed.len() as u64;
        let is_copied = || {
            let size = crate::support::site_fixture::read(&place.path("public")).unwrap_or(0);
            let here = without_old_tiles(public_files(&place.path("public")));
            owed <= size / 2 && here == without_old_tiles(public_files(&copy))
        };
        until("the copy", is_copied).await;
    }
    stop(&mut child, "TERM").await;
    done.store(true, Ordering::SeqCst);
    let stranger = stranger.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert!(5 <= stranger.heads, "{} heads", stranger.heads);
    place.configure("folder = \"copy\"", "folder = \"public\"");
    let mut child = place.run();
    status_says(&place, " is the public folder itself, or a part of it\n").await;
    stop(&mut child, "TERM").await;
}
