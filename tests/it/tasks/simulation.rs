//! A seeded simulation: messages, faults, deaths and time at random, and after every step a look from outside at all that
//! must never be otherwise.
//!
//! `VERBALE_SIM_SEED=n` replays the run of one seed; `VERBALE_SIM_FAULTS=n` goes on until so many faults have happened.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use verbale::base::ids::{AccountId, ConversationId, MessageId};
use verbale::sandbox::world::{Body, Chaos, How, Moment, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::tasks::task::Next;
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::tile;

use crate::support::harness::{CONSULATE, Ended, Harness, MARKER, Plan, UNKNOWN_OUTCOME_TIMEOUT, Which, key};
use crate::support::observer::Observer;

/// Steps of one seed.
const STEPS: u32 = 1_500;

/// Faults in all seeds together, at least.
const FAULTS: u64 = 10_500;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const RETENTION_MS: i64 = 30 * DAY_MS;

#[test]
fn nothing_is_lost_and_nothing_is_said_twice() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    if let Some(seed) = number("VERBALE_SIM_SEED") {
        let faults = run(seed);
        println!("seed {seed}: {faults} faults");
        return;
    }
    let wanted = number("VERBALE_SIM_FAULTS").unwrap_or(FAULTS);
    let (seeds, faults, began) = (AtomicU64::new(1), AtomicU64::new(0), Instant::now());
    let work = || {
        while faults.load(Ordering::SeqCst) < wanted {
            faults.fetch_add(run(seeds.fetch_add(1, Ordering::SeqCst)), Ordering::SeqCst);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        let ended: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
        assert!(ended.iter().all(Result::is_ok), "a seed failed: its number is printed above");
    });
    let (seeds, faults) = (seeds.into_inner() - 1, faults.into_inner());
    println!("{seeds} seeds, {faults} faults, {:.1} s", began.elapsed().as_secs_f64());
    assert!(wanted <= faults);
}

/// Says on the way out of a failure how to see it again.
struct Blame {
    seed: u64,
    step: u32,
}

impl Drop for Blame {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {} failed after step {}: replay it with VERBALE_SIM_SEED={0}", self.seed, self.step);
        }
    }
}

/// Runs one seed, and tells how many faults happened.
fn run(seed: u64) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut blame = Blame { seed, step: 0 };
        let mut story = Story::begin(seed).await;
        for step in 0..STEPS {
            blame.step = step;
            story.step().await;
            story.observer.look();
            if step % 500 == 499 {
                story.observer.look_at_all();
            }
        }
        blame.step = STEPS;
        story.end().await
    })
}

struct Story {
    rng: StdRng,
    harness: Harness,
    observer: Observer,
    groups: Vec<(ConversationId, bool)>,
    sent: Vec<MessageId>,
}

impl Story {
    /// A first start without faults: what is sent from now on counts.
    async fn begin(seed: u64) -> Story {
        let mut rng = StdRng::seed_from_u64(seed);
        let limits = if rng.random_bool(0.3) { Settings::of_x() } else { Settings::without_limits() };
        // The longest lag with which a post can be found in time: it is asked for at most one call before it settles.
        let lags = [0, 1_000, 60_000, UNKNOWN_OUTCOME_TIMEOUT.as_millis() as i64 - 31_000];
        let lag_ms = lags[rng.random_range(0..lags.len())];
        let platform = Settings { lag_ms, refuses_duplicates: rng.random(), ..limits };
        let (run_over, heartbeat) = ([1, 5, 1000][rng.random_range(0..3)], rng.random());
        // A file is asked for once: the second time would be after a real wait.
        let attachments_timeout = Duration::from_millis(1);
        let mut harness = Harness::new(Plan { seed, platform, run_over, heartbeat, attachments_timeout });
        assert!(
            harness.run_until(Duration::from_secs(600), |harness| harness.public().join("checkpoint").exists()).await
        );
        harness.advance(1_000);
        let observer =
            Observer::new(harness.world.clone(), harness.database(), harness.public(), harness.identity.clone());
        Story { rng, harness, observer, groups: Vec::new(), sent: Vec::new() }
    }

    async fn step(&mut self) {
        match self.rng.random_range(0..1000) {
            0..80 => self.send(),
            80..83 => (0..self.rng.random_range(5..60)).for_each(|_| self.send()),
            83..90 => self.delete(),
            90..110 => self.change_weather(),
            110..140 => self.pass(2_000),
            140..170 => self.pass(5 * MINUTE_MS),
            170..180 => self.pass(6 * 60 * MINUTE_MS),
            180..182 => self.sleep_long(),
            182..200 => self.wait_for_the_next(),
            200..230 => self.harness.die().await,
            230..270 => self.harness.fuse.set(self.rng.random_range(0..30)),
            270..290 => self.make_the_next_post_late(),
            290..300 => self.die_while_publishing().await,
            _ => self.tick().await,
        }
        self.excuse_what_is_too_old();
    }

    fn pass(&mut self, most_ms: i64) {
        self.harness.advance(self.rng.random_range(1..=most_ms));
    }

    /// How late a post may land and still be listed before its attempt has settled.
    fn make_the_next_post_late(&mut self) {
        let lag_ms = self.harness.world.with(|world, _| world.settings.lag_ms);
        let most_ms = UNKNOWN_OUTCOME_TIMEOUT.as_millis() as i64 - 1_000 - lag_ms;
        *self.harness.late.next_ms.lock().unwrap() = Some(most_ms - self.rng.random_range(0..=most_ms.min(30_000)));
    }

    fn send(&mut self) {
        let number = self.sent.len();
        let formal = self.rng.random_bool(0.7);
        let word = if formal { MARKER } else { "hello" };
        let text = match self.rng.random_range(0..4) {
            0 => format!("{word} {number} <&> https://example.org/{number}?a=1&b=2"),
            1 => format!("{word}\n\n {number} é日本 &amp; @ministry "),
            _ => format!("{word} {number}"),
        };
        let to = [MINISTRY, CONSULATE][self.rng.random_range(0..2)];
        match self.rng.random_range(0..10) {
            0 => drop(self.deliver(MINISTRY, EMBASSY, &text)),
            1 => drop(self.deliver(EMBASSY, JOURNALIST, &text)),
            2 => self.send_to_group(&text, formal),
            _ => {
                let id = self.deliver(EMBASSY, to, &text);
                self.remember(id, formal, &[to.0]);
            }
        }
    }

    fn deliver(&mut self, from: AccountId, to: AccountId, text: &str) -> MessageId {
        let files = if self.rng.random_bool(0.1) { self.rng.random_range(1..4) } else { 0_u8 };
        self.harness.world.with(|world, now| {
            let upload = |n| world.upload(now, from, if n == 1 { "image/png" } else { "video/mp4" }, vec![n; 100]);
            let media = (0..files).map(upload).collect();
            world.send(now, from, to, &Outgoing { text: text.to_owned(), media }).unwrap()
        })
    }

    fn send_to_group(&mut self, text: &str, formal: bool) {
        let what = Outgoing::text(text);
        let known = self.groups.get(self.rng.random_range(0..4)).cloned();
        let with_ministry = self.rng.random();
        let third = if with_ministry { MINISTRY } else { AccountId(17_000_001) };
        let (counts, id) = self.harness.world.with(|world, now| match &known {
            Some((group, counts)) => (*counts, world.send_in(now, EMBASSY, group, &what).unwrap()),
            None => {
                if world.user(third).is_none() {
                    world.add_user(now, verbale::base::ids::Account::parse("17000001 attache").unwrap());
                }
                let (group, id) = world.make_group(now, EMBASSY, &[JOURNALIST, third], &what).unwrap();
                self.groups.push((group, with_ministry));
                (with_ministry, id)
            }
        });
        self.remember(id, formal && counts, &[JOURNALIST.0, MINISTRY.0]);
    }

    fn remember(&mut self, id: MessageId, formal: bool, to: &[u64]) {
        if formal {
            self.observer.owe(id, to);
        }
        self.sent.push(id);
    }

    /// Deletes one of the latest messages. The log may then say that something could be missing.
    fn delete(&mut self) {
        let latest = self.sent.len().min(8);
        if latest == 0 {
            return;
        }
        let id = self.sent[self.sent.len() - 1 - self.rng.random_range(0..latest)];
        if self.harness.world.with(|world, _| world.delete_event(EMBASSY, id)).is_ok() {
            self.observer.excuse(|unsealed| unsealed == id);
            self.observer.gap_is_fair = true;
        }
    }

    fn change_weather(&mut self) {
        let per_mille = [100, 300, 500, 800][self.rng.random_range(0..4)];
        let chaos = Chaos { seed: self.rng.random(), per_mille, kinds: kinds() };
        self.harness.world.with(|world, _| world.set_chaos(Some(chaos)));
    }

    fn wait_for_the_next(&mut self) {
        let wait = self.harness.next_due().ms_since(self.harness.now()).clamp(0, DAY_MS);
        self.harness.advance(wait);
    }

    /// Longer than the platform keeps messages.
    fn sleep_long(&mut self) {
        self.harness.advance(RETENTION_MS + self.rng.random_range(0..DAY_MS));
        self.observer.gap_is_fair = true;
    }

    async fn tick(&mut self) {
        if !self.harness.is_alive() {
            self.harness.fuse.quench();
            self.harness.start().await;
            return;
        }
        let which =
            [Which::Watcher, Which::Publisher, Which::Public][[0, 0, 0, 1, 1, 1, 2][self.rng.random_range(0..7)]];
        // Asking too early does no harm.
        if !self.harness.is_due(which) && self.rng.random_bool(0.8) {
            let wait = self.harness.due(which).ms_since(self.harness.now()).min(DAY_MS / 4);
            self.harness.advance(wait);
        }
        for _ in 0..self.rng.random_range(1..5) {
            let ended = self.harness.tick(which).await;
            self.excuse_what_is_too_old();
            if which == Which::Publisher && matches!(ended, Ended::Next(Next::Wait(_))) && self.rng.random_bool(0.2) {
                // To the last moments in which an attempt is not settled.
                self.harness.advance(UNKNOWN_OUTCOME_TIMEOUT.as_millis() as i64 - self.rng.random_range(0..45_000));
            }
            if ended != Ended::Next(Next::Now) {
                break;
            }
            self.observer.look();
        }
    }

    /// A call may take long enough for a message to leave the list meanwhile.
    fn excuse_what_is_too_old(&mut self) {
        let oldest = MessageId::first_at(self.harness.now().plus_ms(-RETENTION_MS));
        self.observer.excuse(|unsealed| unsealed < oldest);
    }

    /// Dies at a random point between the first new file of the public folder and its checkpoint.
    async fn die_while_publishing(&mut self) {
        if !self.harness.is_alive() {
            return;
        }
        let folder = self.harness.public();
        let old = fs::read(folder.join("checkpoint")).unwrap();
        let old_len = fs::metadata(folder.join("log.txt")).map_or(0, |file| file.len());
        if self.harness.tick(Which::Public).await == Ended::Died {
            return;
        }
        self.harness.die().await;
        let new = fs::read(folder.join("checkpoint")).unwrap();
        if new == old {
            return;
        }
        let size = |bytes: &[u8]| Checkpoint::open(bytes, &key().vkey()).unwrap().size;
        let tiles = tile::new_since(size(&old), size(&new));
        let written = self.rng.random_range(0..=tiles.len());
        for tile in &tiles[written..] {
            fs::remove_file(folder.join(tile.to_string())).unwrap();
        }
        let log = fs::OpenOptions::new().write(true).open(folder.join("log.txt")).unwrap();
        let new_len = log.metadata().unwrap().len();
        let cut = if written == tiles.len() { self.rng.random_range(old_len..=new_len) } else { old_len };
        log.set_len(cut).unwrap();
        fs::write(folder.join("checkpoint.new"), &new[..new.len() / 2]).unwrap();
        fs::write(folder.join("checkpoint"), &old).unwrap();
    }

    /// The faults end and time passes: then everything must have been done.
    async fn end(mut self) -> u64 {
        self.harness.fuse.quench();
        self.harness.world.with(|world, _| world.clear_faults());
        *self.harness.late.next_ms.lock().unwrap() = None;
        let observer = &mut self.observer;
        let done = self.harness.run_until(Duration::from_secs(2 * 86_400), |harness| {
            let oldest = MessageId::first_at(harness.now().plus_ms(-RETENTION_MS));
            observer.look();
            observer.excuse(|unsealed| unsealed < oldest);
            observer.is_done()
        });
        let done = done.await;
        self.observer.look_at_the_end();
        assert!(done);
        self.harness.die().await;
        self.harness.world.with(|world, _| world.counts().faults)
    }
}

/// Everything that can go wrong with a call, each with what a client without a network sees of it.
fn kinds() -> Vec<(Moment, How)> {
    let status = |code, body| How::Status { code, body };
    let all = [
        status(500, Body::Problem),
        status(503, Body::Html),
        status(502, Body::Garbage),
        status(400, Body::Legacy),
        status(404, Body::Empty),
        How::RateLimited { wait_ms: 20_000 },
        How::RateLimited { wait_ms: 900_000 },
        How::UsageCapped,
        How::CreditsDepleted,
        How::CreditsDepletedOld,
        How::Unauthorized,
        How::Suspended,
        How::Duplicate,
        How::Cut,
        How::Half,
        How::Delay { ms: 100 },
        How::Delay { ms: 29_000 },
        How::Hold,
    ];
    all.into_iter().flat_map(|how| [(Moment::Before, how), (Moment::After, how)]).collect()
}
