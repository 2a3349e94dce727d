//! One trouble from its beginning to its end, on a clock that is driven: the daemon's tasks on the real client for X, which
//! talks over HTTP to a sandbox in this process, or on the world itself. What it does is measured from outside.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use verbale::base::clock::Clock;
use verbale::base::ids::{AccountId, Channel, MessageId, PostId};
use verbale::base::time::Time;
use verbale::platform::x::{ClientSettings, Credentials, X};
use verbale::sandbox::world::{Call, Fault, How, Moment, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, MINISTRY, http};
use verbale::store::Reader;
use verbale::tlog::entry::Entry;
use verbale::wording::post::PostText;

use crate::support::database;
use crate::support::harness::{Ended, Harness, POLL, Plan, START_MS};
use crate::support::relay::Relay;

/// The longest time that one call may take in these stories. It is real time, and no call hangs in any of them: on a machine
/// that has much else to do, an answer may come late.
const CALL_TIME: Duration = Duration::from_secs(20);

/// A trouble is over for good if nothing has happened for so long.
pub const DAY: Duration = Duration::from_secs(86_400);

/// The longest wait between two looks at what is due.
const SLEEP_MS_MAX: i64 = 900_000;

/// How the tasks reach the platform.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// By the client for X, over HTTP.
    Http,
    /// Without a network, where what is on the wire does not matter.
    Direct,
}

/// What a story has shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// What is sealed, and when.
    pub sealed: String,
    /// What is told: in `status`, and in the log.
    pub told: String,
    /// What is posted.
    pub posted: String,
}

/// A daemon, its platform, and what was seen of both.
pub struct Story {
    pub harness: Harness,
    /// What bends answers on their way, where there is a network.
    relay: Option<Relay>,
    /// The formal messages, and when each was seen to be sealed.
    owed: Vec<(MessageId, Option<Time>)>,
    /// When the trouble ended.
    over: Time,
    troubles: BTreeSet<String>,
    /// How long [`Story::settle`] waits for what is owed.
    pub patience: Duration,
    /// The database as it is read from outside.
    reader: Option<Reader>,
}

impl Story {
    /// A first start in fine weather: the daemon has read the messages once.
    pub async fn begin(way: Way, platform: Settings) -> Story {
        let mut story = Story::new(way, platform).await;
        story.start().await;
        let path = story.harness.database();
        let began = || database::count(&path, "SELECT count(*) FROM start") == 1;
        assert!(story.harness.run_until(DAY, |_| began()).await, "it never began");
        story.pass(Duration::from_secs(120)).await;
        assert_eq!(story.troubles, BTreeSet::new(), "the weather is fine");
        story
    }

    /// An installation that was never started.
    pub async fn new(way: Way, platform: Settings) -> Story {
        let plan =
            Plan { seed: 5, platform, run_over: 1_000, heartbeat: false, attachments_timeout: Duration::from_secs(1) };
        let mut harness = Harness::new(plan);
        let mut relay = None;
        if way == Way::Http {
            let (client, before) = client(&harness).await;
            harness.platform = Some(Arc::new(client));
            relay = Some(before);
        }
        let over = Time::from_ms(START_MS);
        Story { harness, relay, owed: Vec::new(), over, troubles: BTreeSet::new(), patience: DAY, reader: None }
    }

    /// What bends answers on their way.
    pub fn relay(&self) -> &Relay {
        self.relay.as_ref().expect("the story goes over HTTP")
    }

    /// Starts the daemon, if it does not run.
    pub async fn start(&mut self) {
        if !self.harness.is_alive() {
            self.harness.start().await;
        }
    }

    /// Kills the daemon. The next [`Story::pass`] starts it again.
    pub async fn kill(&mut self) {
        self.harness.die().await;
    }

    /// The embassy sends a formal message to the ministry.
    pub fn send(&mut self, text: &str) -> MessageId {
        self.send_as(EMBASSY, MINISTRY, &format!("NOTE {text}"), true)
    }

    /// Somebody sends a message. A formal one is owed: it must be sealed.
    pub fn send_as(&mut self, from: AccountId, to: AccountId, text: &str, is_formal: bool) -> MessageId {
        let what = Outgoing::text(text);
        let id = self.harness.world.with(|world, now| world.send(now, from, to, &what)).unwrap();
        if is_formal {
            self.owe(id);
        }
        self.harness.advance(1_000);
        id
    }

    /// A message that must be sealed.
    pub fn owe(&mut self, id: MessageId) {
        self.over = self.harness.now();
        self.owed.push((id, None));
    }

    /// A call of this kind fails so many times.
    pub fn fail(&self, call: Call, how: How, times: u32) {
        let fault = Fault { call: Some(call), at: Moment::Before, how, times };
        self.harness.world.with(|world, _| world.add_fault(fault));
    }

    /// Every call of this kind fails, until [`Story::clear`].
    pub fn fail_always(&self, call: Call, how: How) {
        self.fail(call, how, u32::MAX);
    }

    /// The trouble ends now.
    pub fn clear(&mut self) {
        self.harness.world.with(|world, _| world.clear_faults());
        self.relay.iter().for_each(Relay::straighten);
        self.over = self.harness.now();
    }

    /// Time passes, and the tasks do what is due.
    pub async fn pass(&mut self, time: Duration) {
        let end = self.harness.now().plus_ms(time.as_millis() as i64);
        while self.harness.now() < end {
            self.step(end).await;
        }
    }

    /// Time passes, and the messages are read four times in an hour, so that days pass quickly.
    pub async fn pass_slowly(&mut self, time: Duration) {
        for (poll, time) in [(Duration::from_secs(900), time), (POLL, Duration::from_secs(120))] {
            self.harness.poll = poll;
            self.kill().await;
            self.pass(time).await;
        }
    }

    /// The longest time between the sending of a message and its sealing, of all that are owed, in seconds.
    pub fn longest_wait(&self) -> i64 {
        let waits = self.owed.iter().map(|(id, sealed)| sealed.expect("it is sealed").ms_since(id.moment()));
        waits.max().map_or(0, |ms| (ms + 500).div_euclid(1_000))
    }

    /// Time passes until everything owed is sealed and posted, or patience is over. Then it says what has been seen.
    pub async fn settle(self) -> Row {
        self.settle_with(|story| story.posted()).await
    }

    /// The same, with other words about what was posted.
    pub async fn settle_with(mut self, posted: impl FnOnce(&Story) -> String) -> Row {
        let end = self.harness.now().plus_ms(self.patience.as_millis() as i64);
        while self.harness.now() < end && !self.is_done() {
            self.step(end).await;
        }
        // What is done stays done once.
        self.pass(Duration::from_secs(3_600)).await;
        let row = Row { sealed: self.sealed(), told: self.told(), posted: posted(&self) };
        self.harness.die().await;
        row
    }

    /// Everything due is done once, and then the clock goes to the next thing, but not beyond `end`.
    async fn step(&mut self, end: Time) {
        self.start().await;
        let mut is_busy = false;
        let running = self.harness.running;
        for &which in running {
            if self.harness.is_alive() && self.harness.is_due(which) {
                let ended = self.harness.tick(which).await;
                is_busy |= ended == Ended::Next(verbale::tasks::task::Next::Now) || ended == Ended::Died;
                self.look();
            }
        }
        if is_busy || !self.harness.is_alive() {
            return;
        }
        let due = running.iter().map(|which| self.harness.due(*which)).min().unwrap_or(end);
        // However long a task waits, the daemon looks at its clock now and then.
        let wait = due.ms_since(self.harness.told()).clamp(1, SLEEP_MS_MAX);
        self.harness.advance(wait.min(end.ms_since(self.harness.now())).max(1));
    }

    /// Notes what can be seen from outside.
    fn look(&mut self) {
        let now = self.harness.now();
        let reader = match self.reader.take().filter(|_| self.harness.database().exists()) {
            Some(reader) => reader,
            None => match Reader::open(&self.harness.database()) {
                Ok(reader) => reader,
                Err(error) => return self.note_trouble(&error.to_string()),
            },
        };
        for (message, sealed) in self.owed.iter_mut().filter(|(_, sealed)| sealed.is_none()) {
            *sealed = database::wait(reader.note_by_message(*message)).unwrap().map(|_| now);
        }
        let reports = database::wait(reader.task_reports()).unwrap();
        self.reader = Some(reader);
        for report in reports {
            if let Some(trouble) = report.trouble {
                self.note_trouble(&format!("{}: {trouble}", report.name));
            }
        }
    }

    fn note_trouble(&mut self, trouble: &str) {
        let folder = self.harness.folder.path().display().to_string();
        self.troubles.insert(trouble.lines().next().unwrap_or_default().replace(&folder, "…"));
    }

    fn is_done(&self) -> bool {
        let posted = database::count(&self.harness.database(), "SELECT coalesce(max(last), 0) FROM post");
        let notes = database::count(&self.harness.database(), "SELECT count(*) FROM note");
        self.owed.iter().all(|(_, sealed)| sealed.is_some()) && posted == notes
    }

    fn sealed(&self) -> String {
        let late: Vec<i64> = self.owed.iter().filter_map(|(_, at)| Some(at.as_ref()?.ms_since(self.over))).collect();
        let never = self.owed.len() - late.len();
        let seconds = |ms: i64| format!("{} s", (ms + 500).div_euclid(1_000));
        let mut told = match (late.iter().max(), late.len()) {
            (None, _) => "nothing".to_owned(),
            (Some(last), count) => {
                let what = if count == 1 { "the note".to_owned() } else { format!("all {count} notes") };
                match *last {
                    ..0 => format!("{what}, before it ended"),
                    0 => format!("{what}, at once when it ended"),
                    ms => format!("{what}, at most {} after it ended", seconds(ms)),
                }
            }
        };
        if 0 < never {
            told += &format!("; {never} never");
        }
        told
    }

    /// The entries of the log.
    pub fn entries(&self) -> Vec<Entry> {
        let reader = Reader::open(&self.harness.database()).unwrap();
        let lines = database::wait(reader.entries(0, 10_000)).unwrap();
        lines.iter().map(|line| Entry::parse(line.as_bytes()).unwrap()).collect()
    }

    /// The reasons of the log's gaps, in their order.
    pub fn gaps(&self) -> Vec<String> {
        let reason = |entry| match entry {
            Entry::Gap { reason, .. } => Some(reason),
            _ => None,
        };
        self.entries().into_iter().filter_map(reason).collect()
    }

    fn told(&self) -> String {
        // What is said again with other numbers is said once.
        let words = |told: &str| told.replace(|c: char| c.is_ascii_digit(), "");
        let mut status: Vec<&String> = self.troubles.iter().collect();
        status.dedup_by_key(|trouble| words(trouble));
        let status = status.into_iter().map(|trouble| format!("`status`: {trouble}"));
        let mut entries: Vec<(String, usize)> = Vec::new();
        for entry in self.entries() {
            let entry = match entry {
                Entry::Gap { reason, .. } => format!("gap, {reason}"),
                Entry::Lost { how, .. } => format!("lost post, {how}"),
                _ => continue,
            };
            match entries.iter_mut().find(|(known, _)| *known == entry) {
                Some((_, times)) => *times += 1,
                None => entries.push((entry, 1)),
            }
        }
        let entries = entries.into_iter().map(|(entry, times)| match times {
            1 => format!("the log: a {entry}"),
            times => format!("the log: {times} times a {entry}"),
        });
        let told: Vec<String> = status.chain(entries).collect();
        if told.is_empty() { "nothing".to_owned() } else { told.join("<br>") }
    }

    /// Checks that each note is posted once, and says so.
    pub fn posted(&self) -> String {
        let texts: Vec<String> = self.harness.world.with(|world, _| {
            let ours = world.posts().filter(|post| post.author == EMBASSY);
            ours.map(|post| post.written.clone()).collect()
        });
        let heads = texts.iter().filter(|text| matches!(PostText::parse(text), Ok(PostText::Heartbeat { .. }))).count();
        let again = if heads == 0 { "" } else { "; the head, once more" };
        assert!(heads <= 1, "the head is posted again and again");
        let different: BTreeSet<&String> = texts.iter().collect();
        assert_eq!(different.len(), texts.len(), "a post was made twice");
        let notes = database::count(&self.harness.database(), "SELECT count(*) FROM note");
        let posted = database::count(&self.harness.database(), "SELECT coalesce(max(last), 0) FROM post");
        match (notes, texts.len()) {
            (0, 0) => "nothing".to_owned(),
            (notes, _) if notes == posted => format!("each note, once{again}"),
            (notes, _) => format!("{posted} of {notes} notes"),
        }
    }

    /// Number of notes that are sealed.
    pub fn notes(&self) -> u64 {
        database::count(&self.harness.database(), "SELECT count(*) FROM note")
    }

    /// The posts of the account that stand, as it wrote them.
    pub fn posts(&self) -> Vec<(PostId, String)> {
        self.harness.world.with(|world, _| {
            let ours = world.posts().filter(|post| post.author == EMBASSY && !post.is_deleted);
            ours.map(|post| (post.id, post.written.clone())).collect()
        })
    }

    /// How long after the end of the trouble the last post came.
    pub fn last_post(&self) -> String {
        let last = self.posts().iter().map(|(id, _)| Channel::X.moment(*id)).max().expect("there is a post");
        match last.ms_since(self.over) {
            ..=0 => "before it ended".to_owned(),
            ms => format!("{} s after it ended", (ms + 500).div_euclid(1_000)),
        }
    }

    /// Number of calls of this kind so far.
    pub fn calls(&self, call: Call) -> u64 {
        self.harness.world.with(|world, _| world.counts().of(call))
    }
}

/// The client for the harness's world, behind a relay.
async fn client(harness: &Harness) -> (X, Relay) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let behind = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(http::serve(listener, harness.world.clone(), std::future::pending()));
    let relay = Relay::open(&behind).await;
    let keys = harness.world.with(|world, _| world.user(EMBASSY).unwrap().credentials.clone());
    let secret = |text: &str| SecretString::from(text);
    let credentials = Credentials {
        api_key: secret(&keys.api_key),
        api_secret: secret(&keys.api_secret),
        access_token: secret(&keys.access_token),
        access_token_secret: secret(&keys.access_token_secret),
    };
    let clock = harness.world.clock().clone();
    let clock = Clock::from_fn(move || clock.now());
    let base = relay.base.clone();
    let settings = ClientSettings { base, credentials, connect_time: CALL_TIME, call_time: CALL_TIME, clock };
    (X::new(settings).unwrap(), relay)
}
