//! What may befall a daemon that was well set up: each time one message with what to do, nothing damaged, and after the
//! remedy it goes on as if nothing had been.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use verbale::hash::Hash;
use verbale::log::checkpoint::Checkpoint;
use verbale::log::signed_note::LogKey;
use verbale::sandbox::world::{Call, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, MINISTRY, World};

use crate::cli::{assert_refused, everything_in, verbale};
use crate::door::{Door, open};

const RUN: [&str; 3] = ["run", "--config", "notes/config.toml"];

const DAY_MS: i64 = 86_400_000;

/// The longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An installation, and a sandbox for it.
struct Trial {
    door: Door,
    folder: tempfile::TempDir,
}

impl Trial {
    async fn new() -> Trial {
        let (door, folder) = (open(Settings::without_limits()).await, tempfile::tempdir().unwrap());
        let api = format!("--api={}", door.base);
        let rule = ["--origin=embassy.example/notes", "--correspondent=ministry", "--formal-all"];
        let made = verbale(folder.path(), &[&["init", "notes", &api][..], &rule].concat());
        assert!(made.status.success(), "{made:?}");
        let trial = Trial { door, folder };
        let lines = trial.door.client.get(format!("{}/sandbox/users/embassy/credentials.toml", trial.door.base));
        let lines = lines.send().await.unwrap().text().await.unwrap();
        fs::write(trial.path("credentials.toml"), lines).unwrap();
        let text = fs::read_to_string(trial.path("config.toml")).unwrap();
        let text = text.replace("poll = \"90s\"", "poll = \"50ms\"").replace("\"0 55 23 * * *\"", "\"off\"");
        fs::write(trial.path("config.toml"), text).unwrap();
        trial
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("notes").join(name)
    }

    fn start(&self) -> Child {
        spawn(Command::new(env!("CARGO_BIN_EXE_verbale")).args(RUN).current_dir(self.folder.path()))
    }

    fn write(&self, text: &str, file: Option<Vec<u8>>) {
        self.door.world.with(|world, now| {
            let media = file.map(|bytes| world.upload(now, EMBASSY, "image/png", bytes)).into_iter().collect();
            world.send(now, EMBASSY, MINISTRY, &Outgoing { text: text.to_owned(), media }).unwrap();
        });
    }

    async fn until(&self, holds: impl FnMut(&World) -> bool) {
        tokio::time::timeout(PATIENCE, self.door.world.until(holds)).await.expect("it never came");
    }

    /// Waits until the daemon has looked at the messages.
    async fn looked(&self) {
        let before = self.door.world.with(|world, _| world.counts().of(Call::Messages));
        self.until(|world| before + 2 <= world.counts().of(Call::Messages)).await;
    }

    /// Sends a note, waits until it is posted, and for whatever is recorded after it.
    async fn note(&self, text: &str) {
        let before = self.posts().len();
        self.write(text, None);
        self.until(|world| before < world.posts().count()).await;
        let recorded = async {
            while !self.status().contains(" 0 of them not posted") || !self.is_public() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, recorded).await.expect("it was never recorded");
    }

    fn status(&self) -> String {
        let output = verbale(self.folder.path(), &["status", "--config", "notes/config.toml"]);
        String::from_utf8(output.stdout).unwrap()
    }

    fn is_public(&self) -> bool {
        let checkpoint = fs::read_to_string(self.path("public/checkpoint")).unwrap_or_default();
        let size = checkpoint.lines().nth(1).unwrap_or("none");
        self.status().contains(&format!("entries    {size}\n"))
    }

    /// The first lines of the posts.
    fn posts(&self) -> Vec<String> {
        let first = |text: &str| text.lines().next().unwrap().to_owned();
        self.door.world.with(|world, _| world.posts().map(|post| first(&post.words.text)).collect())
    }

    /// Starts the daemon, and sees it seal and post `text` as note `note`; it ends well when told to.
    async fn assert_goes_on(&self, note: u64, text: &str) {
        let daemon = self.start();
        self.looked().await;
        self.note(text).await;
        let output = stop(daemon);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(self.posts().last().unwrap(), &format!("Sealed note {note}"));
        let posts = self.posts();
        assert!(posts.iter().enumerate().all(|(i, post)| !posts[..i].contains(post)), "{posts:?}");
    }
}

fn spawn(command: &mut Command) -> Child {
    let command = command.env_remove("RUST_LOG").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn stop(child: Child) -> Output {
    let told = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(told.success());
    child.wait_with_output().unwrap()
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
    trial.write("NOTE before the daemon began", None);
    for offset_ms in [DAY_MS, -DAY_MS] {
        trial.door.world.clock().set_offset_ms(offset_ms);
        let output = tokio::task::spawn_blocking({
            let daemon = trial.start();
            || daemon.wait_with_output().unwrap()
        });
        assert_ended(&output.await.unwrap(), "this machine's clock says ", "set the clock");
        assert!(trial.status().contains("notes      0,"), "{}", trial.status());
    }
    trial.door.world.clock().set_offset_ms(0);
    trial.assert_goes_on(1, "NOTE at the right time").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_wrong_stops_a_daemon_that_runs() {
    let trial = Trial::new().await;
    let daemon = trial.start();
    trial.looked().await;
    trial.note("NOTE at the right time").await;
    trial.door.world.clock().set_offset_ms(DAY_MS);
    trial.write("NOTE at a wrong time", None);
    let output = tokio::task::spawn_blocking(|| daemon.wait_with_output().unwrap()).await.unwrap();
    assert_ended(&output, "this machine's clock says ", "set the clock");
    assert!(trial.status().contains("notes      1,"), "{}", trial.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_stops_the_daemon_and_loses_nothing() {
    let trial = Trial::new().await;
    // No file may grow beyond 256 KiB (512 KiB where `ulimit` counts in blocks of 1024 bytes): a large attachment
    // does not fit.
    let script = format!("trap '' XFSZ; ulimit -f 512; exec \"$0\" {}", RUN.join(" "));
    let mut command = Command::new("sh");
    let command = command.args(["-c", &script, env!("CARGO_BIN_EXE_verbale")]).current_dir(trial.folder.path());
    let daemon = spawn(command);
    trial.looked().await;
    trial.note("NOTE that is small").await;
    trial.write("NOTE that is large", Some(vec![7; 1 << 20]));
    let output = tokio::task::spawn_blocking(|| daemon.wait_with_output().unwrap()).await.unwrap();
    assert_ended(&output, "the disk with the database", "nothing was lost");
    assert_eq!(trial.posts(), ["Sealed note 1"]);
    let daemon = trial.start();
    trial.until(|world| world.posts().count() == 2).await;
    assert!(stop(daemon).status.success());
    trial.assert_goes_on(3, "NOTE after there was room").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_a_log_is_refused_and_the_first_goes_on() {
    let trial = Trial::new().await;
    let first = trial.start();
    trial.looked().await;
    let second = verbale(trial.folder.path(), &RUN);
    assert_ended(&second, "another process is writing to notes/verbale.db", "stop the other one first");
    trial.note("NOTE for the first").await;
    assert!(stop(first).status.success());
    assert_eq!(trial.posts(), ["Sealed note 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_older_than_what_is_public_is_refused() {
    let trial = Trial::new().await;
    trial.assert_goes_on(1, "NOTE one").await;
    fs::copy(trial.path("verbale.db"), trial.path("old.db")).unwrap();
    trial.assert_goes_on(2, "NOTE two").await;
    fs::rename(trial.path("verbale.db"), trial.path("new.db")).unwrap();
    fs::copy(trial.path("old.db"), trial.path("verbale.db")).unwrap();
    // By the public folder, before anything is asked of the platform ...
    let calls = trial.door.world.with(|world, _| world.counts().of(Call::Me));
    assert_refused_by_running(&trial, "shows a log of 4 entries that this database does not lead to").await;
    assert_eq!(trial.door.world.with(|world, _| world.counts().of(Call::Me)), calls);
    // ... and if that is gone, by the account's own timeline.
    fs::rename(trial.path("public"), trial.path("elsewhere")).unwrap();
    assert_refused_by_running(&trial, "that this database does not").await;
    assert_eq!(trial.posts(), ["Sealed note 1", "Sealed note 2"]);
    fs::rename(trial.path("new.db"), trial.path("verbale.db")).unwrap();
    trial.assert_goes_on(3, "NOTE three").await;
}

async fn assert_refused_by_running(trial: &Trial, what: &str) {
    let daemon = trial.start();
    let output = tokio::task::spawn_blocking(|| daemon.wait_with_output().unwrap()).await.unwrap();
    assert_ended(&output, what, "restore the newest backup");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_folder_of_another_log_is_left_alone() {
    let trial = Trial::new().await;
    trial.assert_goes_on(1, "NOTE one").await;
    let name = verbale::note::Origin::parse("other.example/notes").unwrap();
    let other = LogKey::from_seed(name.clone(), [9; 32]);
    let checkpoint = Checkpoint { origin: name, size: 5, root: Hash::of(b"their log") }.sign(&other);
    fs::write(trial.path("public/checkpoint"), checkpoint).unwrap();
    let what = "public/checkpoint is not a checkpoint of this log";
    assert_refused(trial.folder.path(), &RUN, 1, what, "choose another folder for `public`");
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
    let database = Connection::open(path).unwrap();
    database.pragma_update(None, "foreign_keys", false).unwrap();
    statements.iter().for_each(|statement| database.execute_batch(statement).unwrap());
}

/// Keeps one part in so many of a file.
fn cut(path: &Path, parts: u64) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() / parts).unwrap();
    file.flush().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_recognised_and_left_as_it_is() {
    let trial = Trial::new().await;
    trial.assert_goes_on(1, "NOTE one").await;
    fs::copy(trial.path("verbale.db"), trial.path("good.db")).unwrap();
    for damage in DAMAGES {
        fs::copy(trial.path("good.db"), trial.path("verbale.db")).unwrap();
        (damage.inflict)(&trial.path("verbale.db"));
        let before = everything_in(trial.folder.path());
        let output = verbale(trial.folder.path(), &RUN);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with("error: ") && said.contains(damage.what), "{} {said}", damage.what);
        assert_eq!(said.lines().count(), 2, "{said}");
        assert!(everything_in(trial.folder.path()) == before, "{}", damage.what);
        // Nor do those who only look stumble.
        for command in ["status", "notes"] {
            let output = verbale(trial.folder.path(), &[command, "--config", "notes/config.toml"]);
            assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
        }
    }
    fs::copy(trial.path("good.db"), trial.path("verbale.db")).unwrap();
    trial.assert_goes_on(2, "NOTE two").await;
}
