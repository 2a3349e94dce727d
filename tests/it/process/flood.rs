//! A flood of strangers, with the program as a process: what it needs of memory, and when a formal note among the flood is
//! sealed. `VERBALE_FLOOD=1 cargo test --release --test it process::flood -- --nocapture` does it at full size, and prints
//! what it measures.

use std::fs;
use std::time::{Duration, Instant};

use tokio::process::Child;
use verbale::base::ids::{Account, AccountId, MessageId};
use verbale::base::time::Time;
use verbale::sandbox::world::{Draft, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, MINISTRY, World};

use crate::support::database;
use crate::support::harness::MARKER;
use crate::support::process::{GENEROUS, Place, stop};
use crate::support::trial::Trial;

/// What the daemon may have resident at most, and what it may need more than while it is idle. A program that was not
/// optimised is larger by itself: only the second is asked of it.
const MEMORY_KIB_MAX: u64 = 64 * 1024;
const MORE_KIB_MAX: u64 = 44 * 1024;

/// Short, so that the test is: X's limits do not become shorter with it.
const POLL: Duration = Duration::from_secs(3);

/// Number of strangers: a page has that many different ones.
const STRANGERS: u64 = 100;

/// What strangers write, before it is made longer on its way.
const STRANGE: &str = "STRANGER";

/// The longest message that X takes, in characters that need three bytes each: 30 KB.
const CHARS: usize = 10_000;

/// What strangers may cost by default, and as much as an operator can let them cost.
const BUDGETS: [(&str, &str); 4] = [
    ("strangers_usd_a_day = 10.0", "strangers_usd_a_day = 1000.0"),
    ("strangers_bytes_a_day = 67108864", "strangers_bytes_a_day = 1000000000000"),
    ("strangers_calls_a_day = 240", "strangers_calls_a_day = 100000"),
    ("[bot]\n", "[bot]\nusd_a_day = 1000.0\n"),
];

/// The size that was asked for: the full one takes longer.
fn size(full: u64, short: u64) -> u64 {
    if std::env::var_os("VERBALE_FLOOD").is_some() { full } else { short }
}

/// A daemon, and a flood that comes to it.
struct Flood {
    trial: Trial,
    notes: Vec<MessageId>,
    /// What the daemon has resident while it is idle.
    idle_kib: u64,
}

/// What X and the operator let the daemon read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    /// X's limits, and what strangers may cost by default.
    ByDefault,
    /// Everything.
    All,
}

impl Flood {
    async fn new(allowed: Allowed) -> Flood {
        let place = Place::new().await;
        place.configure("poll = \"20ms\"", &format!("poll = \"{}s\"", POLL.as_secs()));
        place.server.world.with(|world, now| {
            if allowed == Allowed::ByDefault {
                world.settings.limits = Settings::of_x().limits;
            }
            for number in 0..STRANGERS {
                world.add_user(now, Account::parse(&format!("{} stranger_{number}", stranger(number))).unwrap());
            }
        });
        place.configure("# [bot]\n", "[bot]\npoll = \"1s\"\n");
        for (by_default, most) in BUDGETS.iter().filter(|_| allowed == Allowed::All) {
            place.configure(by_default, most);
        }
        Flood { trial: Trial(place), notes: Vec::new(), idle_kib: 0 }
    }

    /// The daemon, once it has looked at the messages.
    async fn serve(&mut self) -> Child {
        let child = self.start();
        self.until("SELECT count(*) FROM task_report WHERE name = 'watcher' AND done IS NOT NULL", 1, GENEROUS).await;
        self.idle_kib = memory_kib(&child, "VmRSS");
        child
    }

    /// The daemon. Nobody reads what it says.
    fn start(&self) -> Child {
        self.trial.command().spawn().unwrap()
    }

    /// So many messages and mentions of strangers come at once, and a formal note is the first, one in the middle, and the
    /// last of them.
    fn pour(&mut self, messages: u64, mentions: u64) {
        let notes = &mut self.notes;
        self.trial.0.server.world.with(|world, now| {
            for number in 0..messages {
                if number == 0 || number == messages / 2 {
                    notes.push(note(world, now));
                }
                world.send(now, stranger(number), EMBASSY, &Outgoing::text(STRANGE)).unwrap();
            }
            notes.push(note(world, now));
            for number in 0..mentions {
                let text = format!("@embassy check {number}");
                world.post(now, stranger(number), Draft { text: &text, ..Draft::default() }).unwrap();
            }
        });
    }

    fn count(&self, sql: &str) -> u64 {
        database::count(&self.trial.0.path("verbale.db"), sql)
    }

    /// Waits until as many rows as this are there; returns the time that it took.
    async fn until(&self, sql: &str, rows: u64, limit: Duration) -> Duration {
        let begun = Instant::now();
        while self.count(sql) < rows {
            assert!(begun.elapsed() < limit, "{} of {rows} after {limit:?}: {sql}", self.count(sql));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        begun.elapsed()
    }

    /// Waits until all notes are sealed; returns the time that it took.
    async fn until_sealed(&self, limit: Duration) -> Duration {
        self.until("SELECT count(*) FROM note", self.notes.len() as u64, limit).await
    }

    /// Ends the daemon, which has sealed and posted each note once, and did not need more memory than it may.
    async fn end(&self, mut child: Child, what: &str) {
        let notes = self.notes.len() as u64;
        self.until(
            "SELECT coalesce(max(last), 0) FROM post JOIN outcome ON outcome.effect = post.effect",
            notes,
            GENEROUS,
        )
        .await;
        let (most, now) = (memory_kib(&child, "VmHWM"), memory_kib(&child, "VmRSS"));
        println!("{what}: {} KiB resident before, at most {most} KiB, {now} KiB at the end", self.idle_kib);
        assert!(stop(&mut child, "TERM").await.success());
        assert_eq!(self.count("SELECT count(*) FROM note"), notes);
        assert!(most <= self.idle_kib + MORE_KIB_MAX, "{most} KiB");
        assert!(most <= MEMORY_KIB_MAX || cfg!(debug_assertions), "{most} KiB");
    }
}

fn stranger(number: u64) -> AccountId {
    AccountId(7_000_000 + number % STRANGERS)
}

fn note(world: &mut World, now: Time) -> MessageId {
    world.send(now, EMBASSY, MINISTRY, &Outgoing::text(&format!("{MARKER} among strangers"))).unwrap()
}

fn memory_kib(child: &Child, key: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

const SEEN: &str = "SELECT count(*) FROM seen";

/// At X's own limits: 15 calls in 15 minutes.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_among_ten_thousand_messages_and_five_thousand_mentions_is_sealed_within_two_polls() {
    let mut flood = Flood::new(Allowed::ByDefault).await;
    let child = flood.serve().await;
    flood.pour(10_000, 5_000);
    let time = flood.until_sealed(2 * POLL).await;
    println!("three notes among 10000 messages and 5000 mentions: sealed after {time:?}, with a poll of {POLL:?}");
    let told = flood.trial.until_status("strangers have sent ").await;
    assert!(told.contains("only the conversations of correspondents"), "{told}");
    let read = flood.count(SEEN);
    assert!(read < 1_000, "{read} messages were read, and each is paid for");
    flood.end(child, "10000 messages and 5000 mentions at X's limits").await;
}

/// The whole flood is read: nothing but the size of a page and of a batch bounds what is in memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_that_is_read_whole_needs_little_memory() {
    let mut flood = Flood::new(Allowed::All).await;
    let child = flood.serve().await;
    let messages = size(10_000, 2_000);
    flood.pour(messages, 5_000);
    let time = flood.until(SEEN, messages + 3, Duration::from_secs(120)).await;
    println!("{messages} messages: read after {time:?}");
    flood.end(child, &format!("{messages} messages and 5000 mentions, all read")).await;
}

/// 22,000 messages of 30 KB, which is as long as X allows.
#[tokio::test(flavor = "multi_thread")]
async fn long_messages_need_little_memory() {
    let mut flood = Flood::new(Allowed::All).await;
    let long = "€".repeat(CHARS);
    flood.trial.0.relay().await.bend("GET /2/dm_events", move |_, answer| answer.replace(STRANGE, &long));
    let child = flood.serve().await;
    let messages = size(22_000, 1_000);
    flood.pour(messages, 0);
    let time = flood.until(SEEN, messages + 3, Duration::from_secs(600)).await;
    println!("{messages} messages of 30 KB: read after {time:?}");
    flood.end(child, &format!("{messages} messages of 30 KB, all read")).await;
}

/// 50,000 messages were missed: at X's limits, the note among them is sealed by the first look.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_among_fifty_thousand_messages_that_were_missed_is_sealed_at_once() {
    let mut flood = Flood::new(Allowed::ByDefault).await;
    let mut child = flood.serve().await;
    assert!(stop(&mut child, "TERM").await.success());
    flood.pour(50_000, 0);
    let begun = Instant::now();
    let child = flood.start();
    flood.until_sealed(2 * POLL).await;
    println!("three notes among 50000 messages missed: sealed {:?} after the start", begun.elapsed());
    flood.trial.until_status("strangers have sent ").await;
    flood.end(child, "50000 messages missed, at X's limits").await;
}

/// The same, and all of them are read.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_were_missed_are_read_to_the_last() {
    let mut flood = Flood::new(Allowed::All).await;
    let mut child = flood.serve().await;
    assert!(stop(&mut child, "TERM").await.success());
    let messages = size(50_000, 5_000);
    flood.pour(messages, 0);
    let child = flood.start();
    let time = flood.until(SEEN, messages + 3, Duration::from_secs(600)).await;
    println!("{messages} messages missed: read after {time:?}");
    flood.end(child, &format!("{messages} messages missed, all read")).await;
}
