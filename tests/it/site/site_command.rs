//! `verbale site`: the site from the database; and two sites whose front pages a browser loads side by side.

use std::fs;
use std::path::Path;

use verbale::app::config::Config;
use verbale::app::config::create::{Answers, create};
use verbale::base::hash::Hash;
use verbale::base::ids::{Account, Channel, ConversationId, MessageId, Origin, PostId};
use verbale::base::time::Time;
use verbale::note::Correspondence;
use verbale::store::{Batch, Durability, Sealing, Store, Subject};
use verbale::tasks::rules::{Correspondent, Formal};

use crate::support::command::{everything_in, verbale};
use crate::support::harness::key;
use crate::support::site_fixture::read;

/// Notes in one transaction, and in one post.
const BATCH: u64 = 250;

/// An installation in `dir` without an account's credentials.
fn install(dir: &Path, seed: u8) {
    let answers = Answers {
        origin: Origin::parse("embassy.example/notes").unwrap(),
        correspondents: vec![Correspondent::parse("ministry").unwrap()],
        formal: Formal::All,
        recipients: vec![age::x25519::Identity::generate().to_public()],
        credentials: None,
        settings: Vec::new(),
    };
    create(dir, &answers, [seed; 32], |config, key| Ok(Store::create(&config.log.database, &key.vkey())?)).unwrap();
}

/// Seals notes up to the number `last`, posts them in runs, and signs the head.
async fn fill(dir: &Path, last: u64, seed: u8) {
    let config = Config::load(&dir.join("config.toml")).unwrap();
    let log_key = verbale::tlog::signed_note::LogKey::from_seed(key().name().clone(), [seed; 32]);
    let store = Store::open(&config.log.database, log_key, Durability::Process).unwrap();
    store.keep_account(&Account::parse("2244994945 embassy").unwrap()).await.unwrap();
    let conversation = ConversationId::parse("783214-2244994945").unwrap();
    let mut before = store.correspondence(&conversation).await.unwrap();
    let begin = store.last_note().await.unwrap() + 1;
    for first in (begin..=last).step_by(BATCH as usize) {
        let now = Time::from_ms(1_800_000_000_000 + first as i64 * 60_000);
        let until = last.min(first + BATCH - 1);
        let mut batch = Batch::default();
        for note in first..=until {
            let commitment = Hash::of(&note.to_be_bytes());
            before = Correspondence { count: before.count + 1, previous: before.previous };
            let (message, conversation) = (MessageId(note), conversation.clone());
            let opening = vec![7; 32];
            batch.notes.push(Sealing { note, message, conversation, correspondence: before, commitment, opening });
            before.previous = commitment;
        }
        batch.seen = (first..=until).map(MessageId).collect::<Vec<MessageId>>();
        store.seal(batch, now).await.unwrap();
        let intent = store.begin(Subject::Notes { first, last: until }, now).await.unwrap();
        let post = PostId(Channel::X.first_at(now).0 | 1);
        store.accepted(intent.id, Channel::X.post(post).into(), now.plus_ms(1000)).await.unwrap();
    }
    store.checkpoint(store.size().await.unwrap()).await.unwrap();
    store.close().await;
}

fn site(folder: &Path, log: &str, dir: &str) -> String {
    let output = verbale(folder, &["site", dir, "--config", &format!("{log}/config.toml")]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The command fails with one message, and changes nothing but what SQLite keeps beside a database that is read.
fn refused(folder: &Path, arguments: &[&str], status: i32, what: &str, remedy: &str) {
    let files = || {
        let mut files = everything_in(folder);
        files.retain(|(path, ..)| !path.to_string_lossy().contains("verbale.db-"));
        files
    };
    let before = files();
    let output = verbale(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains(what) && lines[1].contains(remedy), "{said}");
    assert!(files() == before, "{arguments:?} changed a file");
}

#[tokio::test]
async fn the_site_is_written_from_the_database_and_brought_up_to_date() {
    let place = tempfile::tempdir().unwrap();
    let log = place.path().join("log");
    install(&log, 7);
    let config = ["site", "out", "--config", "log/config.toml"];
    refused(place.path(), &config, 1, "the log has no signed head yet", "start the daemon once");
    fill(&log, 3, 7).await;
    assert_eq!(site(place.path(), "log", "out"), "out: 4 entries, 15 files written\n");
    assert_eq!(read(&place.path().join("out")), Some(4));
    let before = everything_in(&place.path().join("out"));
    assert_eq!(site(place.path(), "log", "out"), "out: 4 entries, 0 files written\n");
    assert!(everything_in(&place.path().join("out")) == before);
    fill(&log, 5, 7).await;
    site(place.path(), "log", "out");
    assert_eq!(read(&place.path().join("out")), Some(7));
    let html = fs::read_to_string(place.path().join("out/note/0/5.html")).unwrap();
    assert!(html.contains("https://x.com/embassy/status/") && html.contains("Sealed notes 4-5"), "{html}");
}

#[tokio::test]
async fn a_folder_with_anything_else_in_it_is_refused() {
    let place = tempfile::tempdir().unwrap();
    for (name, seed) in [("log", 7), ("other", 8)] {
        install(&place.path().join(name), seed);
        fill(&place.path().join(name), 2, seed).await;
    }
    site(place.path(), "other", "out");
    let to = |dir| ["site", dir, "--config", "log/config.toml"];
    refused(place.path(), &to("out"), 2, "is not that of the log embassy.example/notes", "name a folder that is");
    fs::create_dir(place.path().join("papers")).unwrap();
    fs::write(place.path().join("papers/letter.txt"), "precious").unwrap();
    refused(place.path(), &to("papers"), 2, "papers holds other files, and no site", "name a folder that is");
    refused(place.path(), &to("log/public"), 2, "the daemon keeps current", "name another folder");
    // A database that was restored from an old backup does not lead to what was published.
    site(place.path(), "log", "ours");
    fs::copy(place.path().join("log/verbale.db"), place.path().join("old.db")).unwrap();
    fill(&place.path().join("log"), 4, 7).await;
    site(place.path(), "log", "ours");
    fs::copy(place.path().join("old.db"), place.path().join("log/verbale.db")).unwrap();
    for left in ["verbale.db-wal", "verbale.db-shm"] {
        let _ = fs::remove_file(place.path().join("log").join(left));
    }
    let stale = "shows a log of 6 entries that this database does not lead to";
    refused(place.path(), &to("ours"), 1, stale, "restore the newest backup");
}

/// `VERBALE_FRONT` names a new folder for the two sites, and the long one then has 100,000 notes: `.ci/page` loads both in
/// a browser.
#[tokio::test]
async fn two_sites_written_by_the_program() {
    let kept = std::env::var("VERBALE_FRONT").ok();
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.as_ref().map_or(temporary.path(), Path::new);
    fs::create_dir_all(folder).unwrap();
    let long = if kept.is_some() { 100_000 } else { 1_100 };
    for (name, notes) in [("short", 100), ("long", long)] {
        let log = format!("log-{name}");
        install(&folder.join(&log), 7);
        fill(&folder.join(&log), notes, 7).await;
        site(folder, &log, name);
        let pages = everything_in(&folder.join(name).join("note"));
        assert_eq!(pages.iter().filter(|(path, ..)| path.is_file()).count() as u64, notes);
        assert_eq!(read(&folder.join(name)), Some(notes + notes.div_ceil(BATCH)));
    }
    let front = |name| fs::read(folder.join(name).join("index.html")).unwrap().len();
    assert!(front("long") < front("short") + 1000, "{} and {} bytes", front("short"), front("long"));
}
