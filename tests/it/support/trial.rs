//! A daemon as a process, and what a person does with it and with its sandbox.

use std::fs;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use verbale::sandbox::world::{Call, Outgoing};
use verbale::sandbox::{EMBASSY, MINISTRY};

use crate::support::process::{GENEROUS, Place, stop};

/// An installation, a sandbox for it, and what a person does with both.
pub struct Trial(pub Place);

impl Trial {
    pub async fn new() -> Trial {
        Trial(Place::new().await)
    }

    /// The daemon, which gives a sign of life ten times in a second.
    pub fn command(&self) -> Command {
        let mut command = self.0.command(&["run"]);
        command.env("WATCHDOG_USEC", "300000");
        command
    }

    pub fn start(&self) -> Child {
        start(&mut self.command())
    }

    /// Waits until `status` says these words, and that not all is well; returns what it says.
    pub async fn until_status(&self, words: &str) -> String {
        self.until_status_is(1, words).await
    }

    /// Waits until `status` says that all is well.
    pub async fn until_all_is_well(&self) {
        self.until_status_is(0, "daemon     runs\n").await;
    }

    async fn until_status_is(&self, code: i32, words: &str) -> String {
        let mut last = String::new();
        let waited = tokio::time::timeout(GENEROUS, async {
            loop {
                let output = self.0.command(&["status"]).stdout(Stdio::piped()).output().await.unwrap();
                last = String::from_utf8(output.stdout).unwrap();
                if output.status.code() == Some(code) && last.contains(words) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(waited.await.is_ok(), "status never says {words} with {code}, but\n{last}");
        last
    }

    /// Starts the daemon, which ends by itself.
    pub async fn run(&self) -> Output {
        ended(self.start()).await
    }

    pub fn write(&self, text: &str, file: Option<Vec<u8>>) {
        self.0.server.world.with(|world, now| {
            let media = file.map(|bytes| world.upload(now, EMBASSY, "image/png", bytes)).into_iter().collect();
            world.send(now, EMBASSY, MINISTRY, &Outgoing { text: text.to_owned(), media }).unwrap();
        });
    }

    /// Waits until the daemon has looked at the messages.
    pub async fn looked(&self) {
        let before = self.0.server.world.with(|world, _| world.counts().of(Call::Messages));
        self.0.until("looks", |world| before + 2 <= world.counts().of(Call::Messages)).await;
    }

    /// Waits until so many notes are posted, and until that is recorded and the log published.
    pub async fn posted(&self, notes: usize) {
        self.0.until("the post", |world| notes <= world.posts().count()).await;
        let recorded = async {
            while !self.is_done().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(GENEROUS, recorded).await.expect("it was never recorded");
    }

    pub async fn status(&self) -> String {
        let output = self.0.command(&["status"]).stdout(Stdio::piped()).output().await.unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    pub async fn is_done(&self) -> bool {
        let checkpoint = fs::read_to_string(self.0.path("public/checkpoint")).unwrap_or_default();
        let size = checkpoint.lines().nth(1).unwrap_or("none");
        let status = self.status().await;
        status.contains(" 0 of them not posted") && status.contains(&format!("entries    {size}\n"))
    }

    /// The first lines of the posts.
    pub fn posts(&self) -> Vec<String> {
        let first = |text: &str| text.lines().next().unwrap().to_owned();
        self.0.server.world.with(|world, _| world.posts().map(|post| first(&post.words.text)).collect())
    }

    /// Asserts that the daemon goes on: it seals and posts another note as number `note`, and ends well when told to.
    /// All notes have been posted by then, each once.
    pub async fn assert_goes_on(&self, note: usize) {
        let mut daemon = self.start();
        self.looked().await;
        self.write("NOTE that is like any other", None);
        self.posted(note).await;
        assert!(stop(&mut daemon, "TERM").await.success());
        let notes: Vec<_> = (1..=note).map(|note| format!("Sealed note {note}")).collect();
        assert_eq!(self.posts(), notes);
    }

    pub async fn assert_sealed(&self, notes: u64) {
        let status = self.status().await;
        assert!(status.contains(&format!("notes      {notes},")), "{status}");
    }
}

pub fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub async fn ended(mut daemon: Child) -> Output {
    // What it writes is less than a pipe holds.
    let in_time = tokio::time::timeout(GENEROUS, daemon.wait()).await.is_ok();
    let _ = daemon.start_kill();
    let output = daemon.wait_with_output().await.unwrap();
    assert!(in_time, "it does not end: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Asserts that a daemon ended by itself with this status and one message of two lines, apart from its log lines.
pub fn assert_ended(output: &Output, status: i32, what: &str, remedy: &str) {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(status), "{said}");
    let lines: Vec<&str> =
        said.lines().filter(|line| [" INFO ", " WARN "].iter().all(|level| !line.contains(level))).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with("error: ") && lines[0].contains(what), "{said}");
    assert!(lines[1].contains(remedy), "{said}");
}
