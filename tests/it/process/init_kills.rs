//! `verbale init`, killed with -9 at random moments: the folder is there whole or not at all, a key is left nowhere, and the
//! next attempt succeeds and removes what was left.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::command::everything_in;
use crate::support::parallel::in_parallel;

/// What is in a folder that is whole, apart from the database's own helpers.
const WHOLE: [&str; 6] = ["config.toml", "credentials.toml", "identity.txt", "log.key", "public", "verbale.db"];

const ARGUMENTS: [&str; 7] = [
    "init",
    "notes",
    "--origin=embassy.example/notes",
    "--correspondent=ministry",
    "--formal-marker=NOTE",
    "--api=http://127.0.0.1:9",
    "--correspondent=consulate",
];

fn init(parent: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verbale"));
    command.args(ARGUMENTS).current_dir(parent).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    names
}

/// Kills one attempt after this time. Returns whether anything with a secret in it was left.
fn killed_after(time: Duration) -> bool {
    let parent = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let mut attempt = init(parent.path()).spawn().unwrap();
    std::thread::sleep(time);
    attempt.kill().unwrap();
    attempt.wait().unwrap();
    let notes = parent.path().join("notes");
    let left: Vec<String> = names(parent.path()).into_iter().filter(|name| name != "notes").collect();
    assert!(left.iter().all(|name| name.starts_with(".notes.unfinished-")), "{left:?}");
    let holds_a_secret = |name: &String| {
        let secret = |bytes: &[u8]| [&b"PRIVATE+KEY"[..], b"AGE-SECRET-KEY"].iter().any(|mark| contains(bytes, mark));
        everything_in(&parent.path().join(name)).iter().any(|(_, _, bytes)| secret(bytes))
    };
    let leaves_a_secret = left.iter().any(holds_a_secret);
    if !notes.exists() {
        assert!(init(parent.path()).status().unwrap().success(), "the next attempt");
        assert_eq!(names(parent.path()), ["notes"]);
    }
    assert_eq!(names(&notes), WHOLE);
    leaves_a_secret
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

/// `VERBALE_INIT_KILLS` and `VERBALE_INIT_KILLS_SEED` make it longer, and another.
#[test]
fn init_killed_at_random_moments_leaves_the_folder_whole_or_not_at_all() {
    let of = |name: &str, otherwise: u64| std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap());
    let (kills, seed) = (of("VERBALE_INIT_KILLS", 40), of("VERBALE_INIT_KILLS_SEED", 13));
    println!("seed {seed}");
    let begun = Instant::now();
    let parent = tempfile::tempdir().unwrap();
    assert!(init(parent.path()).status().unwrap().success());
    // A whole attempt takes a few hundredths of a second, and more on a busy machine.
    let whole = u64::try_from(begun.elapsed().as_micros()).unwrap();
    let mut rng = StdRng::seed_from_u64(seed);
    let times: Vec<_> = (0..kills).map(|_| Duration::from_micros(rng.random_range(0..whole))).collect();
    let secrets = AtomicUsize::new(0);
    let outcomes = in_parallel(4, &times, |time| _ = secrets.fetch_add(killed_after(*time).into(), Ordering::Relaxed));
    assert!(outcomes.iter().all(|outcome| outcome == "ok"), "{outcomes:?}");
    let secrets = secrets.into_inner();
    println!("{secrets} of {kills} left a secret in an unfinished folder");
    // Between its last two steps, some microseconds, the key has a name.
    assert!(secrets <= 2, "{secrets} of {kills}");
}
