//! The weather of the machine, with the program as a process: whatever it may be, the daemon holds, says so, and goes on by
//! itself when it is over. Nothing is lost, and nothing is sealed or posted twice.
//!
//! None of this needs root: limits of the process stand for disks, files and threads that are used up. `.ci/weather` does
//! the same with real ones.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::database;
use crate::support::harness::MARKER;
use crate::support::process::{GENEROUS, stop};
use crate::support::trial::{Trial, assert_ended, ended, start};

const DAY_MS: i64 = 86_400_000;

/// Sets a limit of a process that runs, and returns the one before.
fn limit(daemon: &Child, resource: Resource, current: Option<u64>) -> Option<u64> {
    let id = Pid::from_raw(daemon.id().unwrap().try_into().unwrap());
    let old = rustix::process::getrlimit(resource);
    prlimit(id, resource, Rlimit { current, maximum: old.maximum }).unwrap().current
}

/// Reads what the daemon says until these words come.
async fn until_said(daemon: &mut Child, words: &str) -> String {
    let mut lines = BufReader::new(daemon.stderr.take().unwrap()).lines();
    let said = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("it ended");
            if line.contains(words) {
                return line;
            }
        }
    };
    let line = tokio::time::timeout(GENEROUS, said).await.expect("it never said so");
    // It goes on writing, and somebody must read.
    tokio::spawn(async move { while lines.next_line().await.is_ok_and(|line| line.is_some()) {} });
    line
}

/// Ends a daemon that has done all, and returns what it said.
async fn stopped(mut daemon: Child) -> String {
    assert!(stop(&mut daemon, "TERM").await.success());
    String::from_utf8(daemon.wait_with_output().await.unwrap().stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_holds_the_daemon_and_it_goes_on_by_itself() {
    let trial = Trial::new().await;
    // A file that may not grow is said by the system like a disk that has no room, except that it would kill.
    let command = trial.command();
    let mut patient = Command::new("sh");
    patient.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(command.as_std().get_program());
    patient
        .args(command.as_std().get_args())
        .envs(command.as_std().get_envs().filter_map(|(key, value)| Some((key, value?))));
    let daemon = start(patient.stdin(Stdio::null()).kill_on_drop(true));
    trial.looked().await;
    trial.write("NOTE while there is room", None);
    trial.posted(1).await;
    // 64 KiB: too little for the database only. 4 KiB: too little for the pages of the site, too.
    for (notes, bytes) in [(2, 65_536), (3, 4_096)] {
        let before = limit(&daemon, Resource::Fsize, Some(bytes));
        trial.write("NOTE while the disk is full", None);
        let status = trial.until_status("the disk with the database ").await;
        assert!(status.contains("nothing was lost"), "{status}");
        trial.assert_sealed(notes - 1).await;
        limit(&daemon, Resource::Fsize, before);
        trial.posted(notes as usize).await;
        trial.until_all_is_well().await;
    }
    let said = stopped(daemon).await;
    // Once for each task and each time, however often it was tried.
    assert!((2..=8).contains(&said.matches("holding until this is over").count()), "{said}");
    trial.assert_goes_on(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_folder_that_cannot_be_written_holds_up_nothing_else_and_is_made_again() {
    let trial = Trial::new().await;
    let mut daemon = start(&mut trial.command());
    trial.looked().await;
    trial.write("NOTE before", None);
    trial.posted(1).await;
    let public = trial.0.path("public");
    fs::remove_dir_all(&public).unwrap();
    fs::write(&public, "in its way").unwrap();
    trial.write("NOTE meanwhile", None);
    trial.0.until("the post", |world| 2 <= world.posts().count()).await;
    trial.until_status("cannot make the public folder").await;
    fs::remove_file(&public).unwrap();
    trial.posted(2).await;
    trial.until_all_is_well().await;
    // And removed whole, while nobody looks.
    fs::remove_dir_all(&public).unwrap();
    trial.write("NOTE afterwards", None);
    trial.posted(3).await;
    assert!(stop(&mut daemon, "TERM").await.success());
    let audit = Command::new(env!("CARGO_BIN_EXE_verbale")).arg("audit").arg(&public).output().await.unwrap();
    assert_eq!(audit.status.code(), Some(0), "{}", String::from_utf8_lossy(&audit.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_somebody_holds_is_waited_for() {
    let trial = Trial::new().await;
    let daemon = start(&mut trial.command());
    trial.looked().await;
    let held = database::tamper(&trial.0.path("verbale.db"));
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    trial.write("NOTE while it is held", None);
    trial.assert_sealed(0).await;
    held.execute_batch("ROLLBACK").unwrap();
    trial.posted(1).await;
    stopped(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_moved_away_is_not_written_until_it_is_back() {
    let trial = Trial::new().await;
    let mut daemon = start(&mut trial.command());
    trial.looked().await;
    let (database, away) = (trial.0.path("verbale.db"), trial.0.path("away.db"));
    fs::rename(&database, &away).unwrap();
    trial.write("NOTE while it is away", None);
    until_said(&mut daemon, "is no longer there").await;
    fs::rename(&away, &database).unwrap();
    trial.posted(1).await;
    assert!(stop(&mut daemon, "TERM").await.success());
    trial.assert_goes_on(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_replaced_is_checked_by_a_new_start() {
    let trial = Trial::new().await;
    trial.assert_goes_on(1).await;
    let daemon = start(&mut trial.command());
    trial.looked().await;
    let (database, restored) = (trial.0.path("verbale.db"), trial.0.path("restored.db"));
    database::copy(&database, &restored);
    fs::rename(&restored, &database).unwrap();
    trial.write("NOTE for whatever is there", None);
    assert_ended(&ended(daemon).await, 1, "is not the file that was opened", "by a new start");
    for name in ["verbale.db-wal", "verbale.db-shm"] {
        let _ = fs::remove_file(trial.0.path(name));
    }
    trial.assert_goes_on(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_holds_the_daemon_until_it_is_right() {
    let trial = Trial::new().await;
    trial.assert_goes_on(1).await;
    trial.write("NOTE while nobody looks", None);
    for (offset_ms, notes) in [(DAY_MS, 2), (-DAY_MS, 3)] {
        trial.0.server.world.clock().set_offset_ms(offset_ms);
        let daemon = start(&mut trial.command());
        let status = trial.until_status("this machine's clock says ").await;
        assert!(status.contains("nothing is sealed until the clock is right"), "{status}");
        trial.assert_sealed(notes - 1).await;
        trial.0.server.world.clock().set_offset_ms(0);
        trial.posted(notes as usize).await;
        trial.until_all_is_well().await;
        stopped(daemon).await;
        trial.write("NOTE while nobody looks", None);
    }
    trial.assert_goes_on(5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_that_gives_no_more_files_is_waited_for() {
    let trial = Trial::new().await;
    let daemon = start(&mut trial.command());
    trial.looked().await;
    trial.write("NOTE before", None);
    trial.posted(1).await;
    // What is open stays open, and nothing more can be opened.
    let before = limit(&daemon, Resource::Nofile, Some(3));
    trial.write("NOTE meanwhile", None);
    trial.until_status("Too many open files").await;
    limit(&daemon, Resource::Nofile, before);
    trial.posted(2).await;
    trial.until_all_is_well().await;
    stopped(daemon).await;
}

fn page(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(GENEROUS)).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_holds_up_the_site_and_nothing_else() {
    let trial = Trial::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    trial.0.configure("# [serve]", &format!("[serve]\naddress = \"{address}\""));
    let daemon = start(&mut trial.command());
    trial.looked().await;
    trial.write("NOTE without a site", None);
    trial.posted(1).await;
    let what = format!("cannot serve the public folder on {address}: another program listens there already");
    trial.until_status(&what).await;
    drop(taken);
    trial.until_all_is_well().await;
    assert!(page(address).unwrap().starts_with("HTTP/1.1 200 OK"));
    stopped(daemon).await;
}

fn threads(daemon: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id().unwrap())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap();
    line.trim().parse().unwrap()
}

/// Forty readers took so many threads that a unit with `TasksMax=64` had none left to seal with.
#[tokio::test(flavor = "multi_thread")]
async fn readers_of_the_site_take_no_thread_from_the_tasks() {
    let trial = Trial::new().await;
    let address = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    trial.0.configure("# [serve]", &format!("[serve]\naddress = \"{address}\""));
    let daemon = start(&mut trial.command());
    trial.looked().await;
    trial.write("NOTE before", None);
    trial.posted(1).await;
    let stop_reading = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let readers: Vec<_> = (0..40)
        .map(|_| {
            let done = stop_reading.clone();
            std::thread::spawn(move || {
                let mut pages = 0;
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    pages += u64::from(page(address).is_some_and(|text| text.starts_with("HTTP/1.1 200 OK")));
                }
                pages
            })
        })
        .collect();
    let mut most = 0;
    for note in 2..=4 {
        trial.write("NOTE among readers", None);
        trial.posted(note).await;
        most = most.max(threads(&daemon));
    }
    stop_reading.store(true, std::sync::atomic::Ordering::Relaxed);
    let pages: Vec<u64> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    assert!(most <= 25, "{most} threads");
    assert!(pages.iter().all(|pages| 0 < *pages), "{pages:?}");
    stopped(daemon).await;
}

/// What a service manager is told: that the daemon has begun, and that it moves, which one that was stopped does not say.
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_stands_still_is_known_from_one_that_runs() {
    let trial = Trial::new().await;
    let manager = tempfile::tempdir().unwrap();
    let socket = UnixDatagram::bind(manager.path().join("notify")).unwrap();
    socket.set_read_timeout(Some(GENEROUS)).unwrap();
    let told = || {
        let mut bytes = [0; 256];
        let count = socket.recv(&mut bytes).expect("nothing was told");
        String::from_utf8_lossy(&bytes[..count]).trim().to_owned()
    };
    let mut daemon = start(trial.command().env("NOTIFY_SOCKET", manager.path().join("notify")));
    assert_eq!((told(), told(), told()), ("READY=1".into(), "WATCHDOG=1".into(), "WATCHDOG=1".into()));
    trial.looked().await;
    trial.until_all_is_well().await;
    signal(&daemon, "STOP").await;
    // All that was told before it stopped.
    socket.set_nonblocking(true).unwrap();
    while socket.recv(&mut [0; 256]).is_ok() {}
    // As if that were long ago.
    let lock = trial.0.path("verbale.db.lock");
    fs::write(&lock, r#"{"at_ms":1700000000000,"untold":{}}"#).unwrap();
    let status = trial.until_status("stands still: its last sign of life is of 2023-11-14T22:13:20.000Z").await;
    assert!(status.contains("start it again"), "{status}");
    assert!(socket.recv(&mut [0; 256]).is_err(), "it told that it moves");
    // Who waits for it is told.
    let text = manager.path().join("note.txt");
    fs::write(&text, format!("{MARKER} while it stands still")).unwrap();
    let mut send = trial.0.command(&["send", "--to", "ministry", text.to_str().unwrap()]);
    let sent = ended(send.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()).await;
    let said = String::from_utf8(sent.stderr).unwrap();
    assert_eq!(sent.status.code(), Some(3), "{said}");
    assert!(said.contains("the daemon stands still since 2023-11-14T22:13:20.000Z"), "{said}");
    socket.set_nonblocking(false).unwrap();
    signal(&daemon, "CONT").await;
    assert_eq!(told(), "WATCHDOG=1");
    trial.posted(1).await;
    trial.until_all_is_well().await;
    assert!(stop(&mut daemon, "TERM").await.success());
    while told() != "STOPPING=1" {}
}

async fn signal(daemon: &Child, name: &str) {
    let id = daemon.id().unwrap();
    let sent = Command::new("kill").arg(format!("-{name}")).arg(id.to_string()).status().await.unwrap();
    assert!(sent.success());
    if name == "STOP" {
        let state = || fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        while !state().contains(") T ") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
