//! What may befall a daemon that was well set up: each time one message with what to do, nothing damaged, and after the
//! remedy it goes on as if nothing had been.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use verbale::base::hash::Hash;
use verbale::base::ids::Origin;
use verbale::sandbox::world::{Call, Outgoing};
use verbale::sandbox::{EMBASSY, MINISTRY};
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::signed_note::LogKey;

use crate::support::command::everything_in;
use crate::support::database;
use crate::support::process::{GENEROUS, Place, stop};

const DAY_MS: i64 = 86_400_000;

/// An installation, a sandbox for it, and what a person does with both.
struct Trial(Place);

impl Trial {
    async fn new() -> Trial {
        Trial(Place::new().await)
    }

    fn start(&self) -> Child {
        start(&mut self.0.command(&["run"]))
    }

    /// Starts the daemon, which ends by itself.
    async fn run(&self) -> Output {
        ended(self.start()).await
    }

    fn write(&self, text: &str, file: Option<Vec<u8>>) {
        self.0.server.world.with(|world, now| {
            let media = file.map(|bytes| world.upload(now, EMBASSY, "image/png", bytes)).into_iter().collect();
            world.send(now, EMBASSY, MINISTRY, &Outgoing { text: text.to_owned(), media }).unwrap();
        });
    }

    /// Waits until the daemon has looked at the messages.
    async fn looked(&self) {
        let before = self.0.server.world.with(|world, _| world.counts().of(Call::Messages));
        self.0.until("looks", |world| before + 2 <= world.counts().of(Call::Messages)).await;
    }

    /// Waits until so many notes are posted, and until that is recorded and the log published.
    async fn posted(&self, notes: usize) {
        self.0.until("the post", |world| notes <= world.posts().count()).await;
        let recorded = async {
            while !self.is_done().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(GENEROUS, recorded).await.expect("it was never recorded");
    }

    async fn status(&self) -> String {
        let output = self.0.command(&["status"]).stdout(Stdio::piped()).output().await.unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    async fn is_done(&self) -> bool {
        let checkpoint = fs::read_to_string(self.0.path("public/checkpoint")).unwrap_or_default();
        let size = checkpoint.lines().nth(1).unwrap_or("none");
        let status = self.status().await;
        status.contains(" 0 of them not posted") && status.contains(&format!("entries    {size}\n"))
    }

    /// The first lines of the posts.
    fn posts(&self) -> Vec<String> {
        let first = |text: &str| text.lines().next().unwrap().to_owned();
        self.0.server.world.with(|world, _| world.posts().map(|post| first(&post.words.text)).collect())
    }

    /// Asserts that the daemon goes on: it seals and posts another note as number `note`, and ends well when told to.
    /// All notes have been posted by then, each once.
    async fn assert_goes_on(&self, note: usize) {
        let mut daemon = self.start();
        self.looked().await;
        self.write("NOTE that is like any other", None);
        self.posted(note).await;
        assert!(stop(&mut daemon, "TERM").await.success());
        let notes: Vec<_> = (1..=note).map(|note| format!("Sealed note {note}")).collect();
        assert_eq!(self.posts(), notes);
    }

    async fn assert_sealed(&self, notes: u64) {
        let status = self.status().await;
        assert!(status.contains(&format!("notes      {notes},")), "{status}");
    }
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

async fn ended(mut daemon: Child) -> Output {
    // What it writes is less than a pipe holds.
    let in_time = tokio::time::timeout(GENEROUS, daemon.wait()).await.is_ok();
    let _ = daemon.start_kill();
    let output = daemon.wait_with_output().await.unwrap();
    assert!(in_time, "it does not end: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Asserts that a daemon ended by itself with status 1 and one message of two lines, apart from its log lines.
fn assert_ended(output: &Output, what: &str, remedy: &str) {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| !line.contains(" INFO ") && !line.contains(" WARN ")).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with("error: ") && lines[0].contains(what), "{said}");
    assert!(lines[1].contains(remedy), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_by_a_day_stops_the_daemon_before_it_seals() {
    let trial = Trial::new().await;
    trial.assert_goes_on(1).await;
    trial.write("NOTE while nobody looks", None);
    for offset_ms in [DAY_MS, -DAY_MS] {
        trial.0.server.world.clock().set_offset_ms(offset_ms);
        assert_ended(&trial.run().await, "this machine's clock says ", "set the clock");
        trial.assert_sealed(1).await;
    }
    trial.0.server.world.clock().set_offset_ms(0);
    trial.assert_goes_on(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_wrong_stops_a_daemon_that_runs() {
    let trial = Trial::new().await;
    let daemon = trial.start();
    trial.looked().await;
    trial.0.server.world.clock().set_offset_ms(DAY_MS);
    trial.write("NOTE at a wrong time", None);
    assert_ended(&ended(daemon).await, "this machine's clock says ", "set the clock");
    trial.assert_sealed(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_stops_the_daemon_and_loses_nothing() {
    let trial = Trial::new().await;
    // No file may grow beyond 256 KiB (512 KiB where `ulimit` counts in blocks of 1024 bytes), which the system says like
    // a disk that has no room: a large attachment does not fit.
    let mut command = trial.0.command(&["run"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\""]);
    limited.arg(command.as_std().get_program()).args(command.as_std().get_args()).env_remove("RUST_LOG");
    let daemon = start(limited.stdin(Stdio::null()).kill_on_drop(true));
    trial.looked().await;
    trial.write("NOTE that is small", None);
    trial.posted(1).await;
    trial.write("NOTE that is large", Some(vec![7; 1 << 20]));
    assert_ended(&ended(daemon).await, "the disk with the database", "nothing was lost");
    trial.assert_sealed(1).await;
    let mut daemon = start(&mut command);
    trial.posted(2).await;
    assert!(stop(&mut daemon, "TERM").await.success());
    trial.assert_goes_on(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_a_log_is_refused_and_the_first_goes_on() {
    let trial = Trial::new().await;
    let mut first = trial.start();
    trial.looked().await;
    assert_ended(&trial.run().await, "another process is writing to", "stop the other one first");
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
    assert_ended(&trial.run().await, what, "restore the newest backup");
    // ... and if that is gone, by the account's own timeline, as soon as it shows what was posted.
    trial.0.server.world.with(|world, _| world.settings.lag_ms = 0);
    fs::rename(path("public"), path("elsewhere")).unwrap();
    let what = "shows the head of a log of 3 entries that this database does not lead to";
    assert_ended(&trial.run().await, what, "restore the newest backup");
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
    assert_ended(&trial.run().await, what, "choose a folder that is empty");
    assert!(everything_in(&trial.0.path("public")) == before);
}

/// As a backup does it: with all changes in it.
fn copy_database(from: &Path, to: &Path) {
    database::copy(from, to);
}

/// What is done to a database, and what the daemon then says.
struct Damage {
    inflict: fn(&Path),
    what: &'static str,
}

const DAMAGES: [Damage; 6] = [
    Damage {
        inflict: |path| {
            let line = "UPDATE entry SET line = substr(line, 1, length(line) - 2) ||
                iif(substr(line, -2, 1) = '0', '1', '0') || char(10) WHERE idx = 0";
            alter(path, &["DROP TRIGGER entry_changed", line]);
        },
        what: "the signed head of size 1 is not the head of the entries",
    },
    Damage {
        inflict: |path| {
            let line = "UPDATE entry SET line = 'note' || char(10) WHERE idx = 0";
            alter(path, &["DROP TRIGGER entry_changed", line]);
        },
        what: "entry 0 is no entry",
    },
    Damage {
        inflict: |path| alter(path, &["DROP TRIGGER entry_removed", "DELETE FROM entry WHERE idx = 1"]),
        what: "the signed head of size 2 is not the head of the entries",
    },
    Damage { inflict: |path| cut(path, 2), what: "the database is damaged: " },
    Damage {
        inflict: |path| fs::write(path, b"not a database, and long enough to be taken for the header of one").unwrap(),
        what: "the database is damaged: ",
    },
    Damage { inflict: |path| cut(path, u64::MAX), what: "is not a database of this version of verbale" },
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
    for Damage { inflict, what } in DAMAGES {
        fs::copy(&good, &database).unwrap();
        inflict(&database);
        let before = fs::read(&database).unwrap();
        assert_ended(&trial.run().await, what, "");
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
