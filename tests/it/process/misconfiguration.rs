//! What may befall a daemon that was well set up: each time one message with what to do, nothing damaged, and after the
//! remedy it goes on as if nothing had been.

use std::fs;
use std::path::Path;
use verbale::base::hash::Hash;
use verbale::base::ids::Origin;
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::signed_note::LogKey;

use crate::support::command::everything_in;
use crate::support::database;
use crate::support::process::stop;
use crate::support::trial::{Trial, assert_ended, ended, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_a_log_is_refused_and_the_first_goes_on() {
    let trial = Trial::new().await;
    let mut first = trial.start();
    trial.looked().await;
    assert_ended(&trial.run().await, 1, "another process is writing to", "stop the other one first");
    trial.write("NOTE for the first", None);
    trial.posted(1).await;
    assert!(stop(&mut first, "TERM").await.success());
    trial.assert_sealed(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_older_than_what_is_public_is_refused() {
    let trial = Trial::new().await;
    let path = |name: &str| trial.0.path(name);
    // Posts that do not show yet cannot be compared with.
    trial.0.server.world.with(|world, _| world.settings.lag_ms = 0);
    trial.assert_goes_on(1).await;
    copy_database(&path("verbale.db"), &path("old.db"));
    trial.assert_goes_on(2).await;
    fs::rename(path("verbale.db"), path("new.db")).unwrap();
    // What has not come from the log of changes into the database yet belongs to the new one.
    for name in ["verbale.db-wal", "verbale.db-shm"] {
        if path(name).exists() {
            fs::rename(path(name), path(&name.replace("verbale", "new"))).unwrap();
        }
    }
    fs::copy(path("old.db"), path("verbale.db")).unwrap();
    trial.write("NOTE for the old database", None);
    // By the public folder ...
    let what = "shows a log of 4 entries that this database does not lead to";
    assert_ended(&trial.run().await, 5, what, "restore the newest backup");
    // ... and if that is gone, by the account's own timeline, as soon as it shows what was posted.
    trial.0.server.world.with(|world, _| world.settings.lag_ms = 0);
    fs::rename(path("public"), path("elsewhere")).unwrap();
    let what = "shows the head of a log of 3 entries that this database does not lead to";
    assert_ended(&trial.run().await, 5, what, "restore the newest backup");
    trial.assert_sealed(1).await;
    for name in ["new.db", "new.db-wal", "new.db-shm"] {
        let restored = path(&name.replace("new", "verbale"));
        let _ = fs::remove_file(&restored);
        if path(name).exists() {
            fs::rename(path(name), restored).unwrap();
        }
    }
    trial.assert_goes_on(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_folder_of_another_log_is_left_alone() {
    let trial = Trial::new().await;
    trial.assert_goes_on(1).await;
    let name = Origin::parse("other.example/notes").unwrap();
    let other = LogKey::from_seed(name.clone(), [9; 32]);
    let checkpoint = Checkpoint { origin: name, size: 5, root: Hash::of(b"their log") }.sign(&other);
    fs::write(trial.0.path("public/checkpoint"), checkpoint).unwrap();
    let before = everything_in(&trial.0.path("public"));
    let what = "public/checkpoint is not that of the log embassy.example/notes";
    assert_ended(&trial.run().await, 5, what, "choose a folder that is empty");
    assert!(everything_in(&trial.0.path("public")) == before);
}

/// As a backup does it: with all changes in it.
fn copy_database(from: &Path, to: &Path) {
    database::copy(from, to);
}

/// What is done to a database, and what the daemon then says.
struct Damage {
    inflict: fn(&Path),
    /// 5 if no new start can mend it: entries and heads are read, and contradict each other.
    status: i32,
    what: &'static str,
}

const DAMAGES: [Damage; 6] = [
    Damage {
        inflict: |path| {
            let line = "UPDATE entry SET line = substr(line, 1, length(line) - 2) ||
                iif(substr(line, -2, 1) = '0', '1', '0') || char(10) WHERE idx = 0";
            alter(path, &["DROP TRIGGER entry_changed", line]);
        },
        status: 5,
        what: "the signed head of size 1 is not the head of the entries",
    },
    Damage {
        inflict: |path| {
            let line = "UPDATE entry SET line = 'note' || char(10) WHERE idx = 0";
            alter(path, &["DROP TRIGGER entry_changed", line]);
        },
        status: 5,
        what: "entry 0 is no entry",
    },
    Damage {
        inflict: |path| alter(path, &["DROP TRIGGER entry_removed", "DELETE FROM entry WHERE idx = 1"]),
        status: 5,
        what: "the signed head of size 2 is not the head of the entries",
    },
    Damage { inflict: |path| cut(path, 2), status: 1, what: "the database is damaged: " },
    Damage {
        inflict: |path| fs::write(path, b"not a database, and long enough to be taken for the header of one").unwrap(),
        status: 1,
        what: "the database is damaged: ",
    },
    Damage { inflict: |path| cut(path, u64::MAX), status: 1, what: "is not a database of this version of verbale" },
];

fn alter(path: &Path, statements: &[&str]) {
    let database = database::tamper(path);
    database.pragma_update(None, "foreign_keys", false).unwrap();
    statements.iter().for_each(|statement| database.execute_batch(statement).unwrap());
}

/// Keeps one part in so many of a file.
fn cut(path: &Path, parts: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() / parts).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_recognised_and_left_as_it_is() {
    let trial = Trial::new().await;
    let (database, good) = (trial.0.path("verbale.db"), trial.0.path("good.db"));
    trial.assert_goes_on(1).await;
    fs::copy(&database, &good).unwrap();
    for Damage { inflict, status, what } in DAMAGES {
        fs::copy(&good, &database).unwrap();
        inflict(&database);
        let before = fs::read(&database).unwrap();
        assert_ended(&trial.run().await, status, what, "");
        // Those who only look say what they can.
        for command in [&["status"][..], &["notes"], &["prove", "1"]] {
            let output = ended(start(&mut trial.0.command(command))).await;
            assert!(output.status.code().is_some_and(|status| status < 3), "{command:?} {output:?}");
        }
        assert!(fs::read(&database).unwrap() == before, "{what}: the database was changed");
    }
    fs::copy(&good, &database).unwrap();
    trial.assert_goes_on(2).await;
}

/// A daemon that was killed leaves nothing in the database that says so: whoever watches over it asks the lock.
#[tokio::test(flavor = "multi_thread")]
async fn status_tells_whether_a_daemon_runs() {
    let trial = Trial::new().await;
    let asked = async || {
        let person = ended(start(&mut trial.0.command(&["status"]))).await;
        let program = ended(start(&mut trial.0.command(&["status", "--json"]))).await;
        let answer: serde_json::Value = serde_json::from_slice(&program.stdout).unwrap();
        assert_eq!(person.status, program.status);
        let said = String::from_utf8(person.stdout).unwrap();
        (person.status.code(), said.lines().next().unwrap().to_owned(), answer["running"].as_bool())
    };
    let stopped = "daemon     does not run: nothing is sealed until it does, start it with `verbale run`";
    assert_eq!(asked().await, (Some(1), stopped.to_owned(), Some(false)));
    let mut daemon = trial.start();
    trial.looked().await;
    trial.write("NOTE that is like any other", None);
    trial.posted(1).await;
    assert_eq!(asked().await, (Some(0), "daemon     runs".to_owned(), Some(true)));
    stop(&mut daemon, "KILL").await;
    assert_eq!(asked().await, (Some(1), stopped.to_owned(), Some(false)));
}
