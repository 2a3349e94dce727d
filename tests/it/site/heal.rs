//! The public folder and the stored openings, damaged in every way that a disk or a person may: found, healed where they are
//! ours to heal, and told.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use verbale::base::hash::Hash;
use verbale::base::ids::{ConversationId, MessageId};
use verbale::note::Correspondence;
use verbale::sandbox::world::Settings;
use verbale::store::vault::Vault;
use verbale::store::{Batch, Sealing, Store};
use verbale::tasks::inspect::Inspector;
use verbale::tasks::publish::Public;
use verbale::tasks::task::{Next, Task};

use crate::support::command::everything_in;
use crate::support::workbench::{Workbench, run};
use crate::support::{database, fixture, site_fixture};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Each hour.
const HOURLY: &str = "0 0 * * * *";

/// A log of this many notes in a public folder, all of it written.
async fn published(notes: u64) -> (Workbench, PathBuf) {
    let bench = Workbench::new(Settings::without_limits());
    seal(&bench.store, 1, notes).await;
    let path = bench.folder.path().join("public");
    let mut public = public(&bench, &path);
    while !matches!(public.tick().await.unwrap(), Next::Idle(_)) {}
    (bench, path)
}

async fn seal(store: &Store, from: u64, to: u64) {
    let conversation = ConversationId::parse("7-11").unwrap();
    let mut before = store.correspondence(&conversation).await.unwrap();
    let mut notes = Vec::new();
    for note in from..=to {
        let commitment = Hash::of(&note.to_be_bytes());
        let correspondence = Correspondence { count: before.count + 1, previous: before.previous };
        before = Correspondence { count: correspondence.count, previous: commitment };
        let (message, opening) = (MessageId(100 + note), format!("sealed {note}").into_bytes());
        notes.push(Sealing { note, message, conversation: conversation.clone(), correspondence, commitment, opening });
    }
    store.seal(Batch { notes, ..Batch::default() }, site_fixture::at(0)).await.unwrap();
}

fn public(bench: &Workbench, path: &Path) -> Public {
    let settings = site_fixture::settings(&fixture::key());
    Public::new(path, settings, bench.store.clone(), bench.clock()).compared_by(Some(HOURLY.parse().unwrap()))
}

async fn trouble(store: &Store, name: &str) -> Option<String> {
    let reports = store.task_reports().await.unwrap();
    reports.into_iter().find(|one| one.name == name).and_then(|one| one.trouble)
}

/// What is told within little more than an hour.
async fn told(bench: &Workbench, public: &mut Public) -> Option<String> {
    for _ in 0..65 {
        run(bench, public, MINUTE_MS).await;
        if let Some(told) = trouble(&bench.store, "public").await {
            return Some(told);
        }
    }
    None
}

fn files(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = everything_in(path).into_iter().filter(|(path, ..)| path.is_file());
    files.map(|(file, _, bytes)| (file.strip_prefix(path).unwrap().to_owned(), bytes)).collect()
}

#[tokio::test]
async fn what_differs_or_is_gone_is_written_anew_and_told_until_a_clean_round() {
    let (bench, path) = published(700).await;
    let whole = files(&path);
    let mut public = public(&bench, &path);
    run(&bench, &mut public, 61 * MINUTE_MS).await;
    assert_eq!(trouble(&bench.store, "public").await, None);
    for (file, damage) in [
        ("tile/entries/000", "gone"),
        ("tile/entries/001", "cut"),
        ("tile/0/000", "changed"),
        ("tile/0/002.p/188", "gone"),
        ("tile/1/000.p/2", "changed"),
        ("log.txt", "changed"),
        ("log.txt", "cut"),
        ("log.txt", "longer"),
        ("log.txt", "gone"),
        ("checkpoint", "gone"),
        ("checkpoint", "changed"),
        ("log.vkey", "changed"),
        ("note/0/77.html", "changed"),
        ("notes/251-500.html", "gone"),
        ("index.html", "cut"),
        ("site.txt", "gone"),
    ] {
        let place = path.join(file);
        let mut bytes = fs::read(&place).unwrap();
        match damage {
            "gone" => fs::remove_file(&place).unwrap(),
            "cut" => fs::write(&place, &bytes[..bytes.len() / 2]).unwrap(),
            "longer" => fs::write(&place, [&bytes[..], b"and more\n"].concat()).unwrap(),
            _ => {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(&place, bytes).unwrap();
            }
        }
        let told = told(&bench, &mut public).await.unwrap_or_else(|| panic!("{file} {damage} is not told"));
        assert!(files(&path) == whole, "{file} {damage}");
        assert!(told.contains(file), "{file} {damage}: {told}");
        run(&bench, &mut public, 65 * MINUTE_MS).await;
        assert_eq!(trouble(&bench.store, "public").await, None, "{file} {damage}");
    }
}

/// The whole folder is deleted under a running daemon.
#[tokio::test]
async fn a_folder_that_was_deleted_is_there_again() {
    let (bench, path) = published(300).await;
    let whole = files(&path);
    let mut public = public(&bench, &path);
    run(&bench, &mut public, MINUTE_MS).await;
    fs::remove_dir_all(&path).unwrap();
    assert!(told(&bench, &mut public).await.is_some());
    assert!(files(&path) == whole);
}

/// A note is published although `log.txt` is gone: first the text is made whole.
#[tokio::test]
async fn a_new_note_is_published_on_a_text_that_was_cut() {
    let (bench, path) = published(300).await;
    let mut public = public(&bench, &path);
    run(&bench, &mut public, MINUTE_MS).await;
    fs::remove_file(path.join("log.txt")).unwrap();
    seal(&bench.store, 301, 301).await;
    run(&bench, &mut public, MINUTE_MS).await;
    let text = fs::read_to_string(path.join("log.txt")).unwrap();
    assert_eq!(text.lines().count(), 301);
    assert!(text.lines().last().unwrap().starts_with("300 note "));
    assert_eq!(site_fixture_read(&path), 301);
}

fn site_fixture_read(path: &Path) -> u64 {
    let checkpoint = fs::read(path.join("checkpoint")).unwrap();
    verbale::tlog::checkpoint::Checkpoint::open(&checkpoint, &fixture::key().vkey()).unwrap().size
}

/// What was found before a restart is told until a round is clean.
#[tokio::test]
async fn what_was_found_is_told_across_a_restart() {
    let (bench, path) = published(10).await;
    let mut first = public(&bench, &path);
    run(&bench, &mut first, MINUTE_MS).await;
    fs::write(path.join("tile/entries/000.p/10"), "other bytes").unwrap();
    run(&bench, &mut first, 61 * MINUTE_MS).await;
    assert!(trouble(&bench.store, "public").await.is_some());
    let mut second = public(&bench, &path);
    second.tick().await.unwrap();
    assert!(trouble(&bench.store, "public").await.is_some(), "nobody has looked yet");
    run(&bench, &mut second, 2 * MINUTE_MS).await;
    assert_eq!(trouble(&bench.store, "public").await, None, "a round at once was clean");
}

/// A checkpoint that the log's key has signed over something else is not ours to heal.
#[tokio::test]
async fn a_signed_head_of_another_database_stops_the_program() {
    let (bench, path) = published(10).await;
    let mut public = public(&bench, &path);
    run(&bench, &mut public, MINUTE_MS).await;
    let other = site_fixture::checkpoint(&site_fixture::plain(30), &fixture::key());
    fs::write(path.join("checkpoint"), &other).unwrap();
    bench.world.clock().advance_ms(61 * MINUTE_MS);
    let error = loop {
        match public.tick().await {
            Ok(Next::Now) => {}
            Ok(Next::Idle(until) | Next::Wait(until)) => {
                bench.world.clock().advance_ms(until.ms_since(bench.clock().now()).max(1));
            }
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains("shows a log of 60 entries that this database does not lead to"), "{error}");
    assert_eq!(fs::read_to_string(path.join("checkpoint")).unwrap(), other, "it was left alone");
}

fn inspector(bench: &Workbench, identities: Vec<age::x25519::Identity>) -> Inspector {
    Inspector::new(bench.store.clone(), bench.clock(), Some(HOURLY.parse().unwrap()), identities)
}

#[tokio::test]
async fn a_damaged_opening_is_told_with_a_key_and_without() {
    for has_key in [true, false] {
        let bench = Workbench::new(Settings::without_limits());
        let identity = age::x25519::Identity::generate();
        let vault = Arc::new(Vault::new(vec![identity.to_public()]));
        let platform = bench.platform(verbale::sandbox::EMBASSY);
        let mut watcher = bench.watcher_of(platform, vault, bench.watching());
        run(&bench, &mut watcher, MINUTE_MS).await;
        for number in 0..40 {
            bench.send(&format!("NOTE {number}"));
        }
        run(&bench, &mut watcher, 20 * MINUTE_MS).await;
        assert_eq!(bench.sealed().await, 40);
        let keys = || if has_key { vec![identity.clone()] } else { Vec::new() };
        let mut inspector = inspector(&bench, keys());
        run(&bench, &mut inspector, 65 * MINUTE_MS).await;
        assert_eq!(trouble(&bench.store, "inspector").await, None);
        let file = bench.folder.path().join("verbale.db");
        let db = database::tamper(&file);
        db.execute_batch("DROP TRIGGER opening_changed").unwrap();
        let mut sealed: Vec<u8> =
            db.query_row("SELECT sealed FROM opening WHERE n = 33", [], |row| row.get(0)).unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        db.execute("UPDATE opening SET sealed = ?1 WHERE n = 33", [sealed]).unwrap();
        db.execute("DELETE FROM opening WHERE n = 7", []).unwrap();
        run(&bench, &mut inspector, HOUR_MS).await;
        let told = trouble(&bench.store, "inspector").await.unwrap();
        assert!(told.starts_with("the stored openings of these notes are damaged: 33\n"), "{told}");
        // A restart does not forget it, and a backup ends it.
        let mut next = self::inspector(&bench, keys());
        run(&bench, &mut next, MINUTE_MS).await;
        assert_eq!(trouble(&bench.store, "inspector").await, Some(told));
        db.execute("DELETE FROM opening WHERE n = 33", []).unwrap();
        run(&bench, &mut next, 65 * MINUTE_MS).await;
        assert_eq!(trouble(&bench.store, "inspector").await, None);
    }
}
