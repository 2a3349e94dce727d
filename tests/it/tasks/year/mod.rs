//! A year of the daemon, drawn from a seed and played in seconds: everything that a year brings to a machine and to X, on a
//! driven clock. After every happening a look from outside at all that must never be otherwise; at the end every formal
//! message that could be read is sealed once and posted once, each blindness is in the log, and no other.
//!
//! `cargo test` plays a part of one year. `VERBALE_YEARS=n` plays n whole years of 2,000 notes, `VERBALE_YEAR_SEED=s` begins
//! with the seed s.

mod plan;

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use verbale::base::ids::{AccountId, ConversationId, MessageId, PostId};
use verbale::sandbox::world::{Chaos, Draft, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use self::plan::{DAY_MS, Happening, MINUTE_MS, Weather};
use crate::support::harness::{CONSULATE, Harness, MARKER, Plan, Which};
use crate::support::observer::Observer;
use crate::support::parallel::in_parallel;

/// The wait between two looks at the messages: longer than by custom, so that a year takes seconds.
const POLL: Duration = Duration::from_secs(15 * 60);

/// Years at the same time.
const AT_ONCE: usize = 2;

/// How much of a year is played: days, and notes.
const PART: (i64, u32) = (40, 220);
const WHOLE: (i64, u32) = (365, 2_000);

#[test]
fn a_year_brings_every_trouble_and_nothing_is_lost() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let (years, first) = (number("VERBALE_YEARS"), number("VERBALE_YEAR_SEED").unwrap_or(1));
    let (days, notes) = if years.is_some() { WHOLE } else { PART };
    let seeds: Vec<u64> = (first..first + years.unwrap_or(1)).collect();
    let outcomes = in_parallel(AT_ONCE, &seeds, |seed| {
        let began = Instant::now();
        let told = play(*seed, days, notes);
        println!("year {seed}: {told}, in {:.1} s", began.elapsed().as_secs_f64());
    });
    let failed: Vec<_> = seeds.iter().zip(outcomes).filter(|(_, outcome)| outcome != "ok").collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// Plays the year of a seed, and tells what it had.
fn play(seed: u64, days: i64, notes: u32) -> String {
    println!("VERBALE_YEAR_SEED={seed}, {days} days");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut year = Year::begin(seed).await;
        for (at, happening) in plan::year(seed, days, notes) {
            year.pass(at).await;
            year.happen(happening).await;
            year.observer.look();
        }
        year.end(days * DAY_MS).await
    })
}

/// The tasks of the year.
const RUNNING: [Which; 6] =
    [Which::Watcher, Which::Publisher, Which::Public, Which::Monitor, Which::Recipients, Which::Conversations];

/// The longest wait between two looks at what is due.
const LONGEST_MS: i64 = 15 * MINUTE_MS;

/// The year as it goes.
struct Year {
    rng: StdRng,
    harness: Harness,
    observer: Observer,
    /// When the year began, by the true clock.
    began_ms: i64,
    /// Until when the machine is off.
    off_until_ms: i64,
    /// Until when the database's disk is away.
    away_until_ms: i64,
    /// Entries that the tasks which the log wakes have seen.
    grown: u64,
    /// Number of messages so far: each has its own words.
    written: u64,
    /// Messages that no program can read, and posts that were deleted or edited.
    odd: BTreeSet<MessageId>,
    lost: BTreeSet<PostId>,
    /// When the consulate's conversation was moved to X Chat.
    encrypted: bool,
}

impl Year {
    /// The first start, in fair weather: what is sent from now on counts.
    async fn begin(seed: u64) -> Year {
        let platform = Settings { lag_ms: 20_000, ..Settings::of_x() };
        let plan = Plan { seed, platform, run_over: 5, heartbeat: true, attachments_timeout: Duration::from_millis(1) };
        let mut harness = Harness::new(plan);
        harness.running = &RUNNING;
        harness.poll = POLL;
        let ready = |harness: &Harness| harness.public().join("checkpoint").exists();
        assert!(harness.run_until(Duration::from_secs(1800), ready).await);
        let mut observer =
            Observer::new(harness.world.clone(), harness.database(), harness.public(), harness.identity.clone());
        (observer.gap_is_fair, observer.losses_are_fair) = (true, true);
        Year {
            rng: StdRng::seed_from_u64(seed),
            began_ms: harness.now().ms(),
            harness,
            observer,
            off_until_ms: 0,
            away_until_ms: 0,
            grown: 0,
            written: 0,
            odd: BTreeSet::new(),
            lost: BTreeSet::new(),
            encrypted: false,
        }
    }

    fn now_ms(&self) -> i64 {
        self.harness.now().ms()
    }

    /// Lets the daemon work until this long after the beginning.
    async fn pass(&mut self, at_ms: i64) {
        let end = self.began_ms + at_ms;
        while self.now_ms() < end {
            if self.now_ms() < self.off_until_ms {
                self.harness.die().await;
                self.harness.advance(end.min(self.off_until_ms) - self.now_ms());
                continue;
            }
            self.bring_the_disk_back();
            if !self.harness.is_alive() {
                self.harness.start().await;
            }
            if !self.work().await {
                let wait = self.harness.next_due().ms_since(self.harness.told());
                self.harness.advance(wait.clamp(1, LONGEST_MS.min(end - self.now_ms()).max(1)));
            }
        }
    }

    /// Ticks each task that is due, or that the log has woken. Returns whether there is more to do at once.
    async fn work(&mut self) -> bool {
        for which in RUNNING {
            if self.harness.is_alive() && self.harness.due(which) <= self.harness.told() {
                self.harness.tick(which).await;
            }
        }
        let Ok(size) = self.harness.store().size().await else { return false };
        if size == self.grown {
            return false;
        }
        self.grown = size;
        for which in [Which::Publisher, Which::Public] {
            if self.harness.is_alive() && self.harness.is_due(which) {
                self.harness.tick(which).await;
            }
        }
        true
    }

    async fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Send(count) => (0..count).for_each(|_| self.send()),
            Happening::Flood(count) => (0..count).for_each(|_| self.stranger()),
            Happening::Odd => self.odd(),
            Happening::Weather(weather) => self.change(weather),
            Happening::Restart => self.harness.die().await,
            Happening::Off { ms } => self.off_until_ms = self.now_ms() + ms,
            Happening::DeletePost => self.delete_a_post(),
            Happening::EditPost => self.edit_a_post(),
            Happening::Encrypt => self.encrypt(),
            Happening::Full { ms } => self.take_the_disk(ms),
            Happening::Clock { offset_ms } => {
                self.harness.set_clock(offset_ms);
                // A daemon whose clock is set far ends, and is started again.
                self.harness.die().await;
            }
        }
    }

    /// Most messages are formal, and go to either correspondent.
    fn send(&mut self) {
        self.written += 1;
        let formal = self.rng.random_bool(0.9);
        let text =
            format!("{} {}: the embassy presents its compliments", if formal { MARKER } else { "hello" }, self.written);
        let to = [MINISTRY, CONSULATE][self.rng.random_range(0..2)];
        let id = self.deliver(EMBASSY, to, &text);
        // What goes into an encrypted conversation can be read by nobody who has no key.
        if formal && !(self.encrypted && to == CONSULATE) {
            self.observer.owe(id, &[to.0]);
        }
    }

    fn stranger(&mut self) {
        self.written += 1;
        let text = format!("{MARKER} {} from a stranger", self.written).repeat(self.rng.random_range(1..40));
        self.deliver(JOURNALIST, EMBASSY, &text);
    }

    fn deliver(&mut self, from: AccountId, to: AccountId, text: &str) -> MessageId {
        self.harness.world.with(|world, now| world.send(now, from, to, &Outgoing::text(text)).unwrap())
    }

    /// A message that is listed and cannot be read: nobody can say whether it was formal.
    fn odd(&mut self) {
        let id = self.deliver(EMBASSY, MINISTRY, "half an emoji");
        self.harness.world.with(|world, _| world.set_odd(id));
        self.odd.insert(id);
    }

    fn change(&mut self, weather: Weather) {
        let (per_mille, kinds) = weather.faults();
        let chaos = Chaos { seed: self.rng.random(), per_mille, kinds };
        self.harness.world.with(|world, _| world.set_chaos(Some(chaos)));
    }

    /// One of the latest posts of notes that are known to the log.
    fn a_post(&mut self) -> Option<PostId> {
        let known: Vec<PostId> = self.observer.posts_of_notes().collect();
        let latest = known.len().checked_sub(1 + self.rng.random_range(0..known.len().clamp(1, 5)))?;
        Some(known[latest]).filter(|id| !self.lost.contains(id))
    }

    fn delete_a_post(&mut self) {
        let Some(id) = self.a_post() else { return };
        if self.harness.world.with(|world, _| world.delete_post(EMBASSY, id)) == Ok(true) {
            self.lost.insert(id);
        }
    }

    fn edit_a_post(&mut self) {
        let Some(id) = self.a_post() else { return };
        let draft = Draft { text: "It was never so.", edits: Some(id), ..Draft::default() };
        if self.harness.world.with(|world, now| world.post(now, EMBASSY, draft)).is_ok() {
            self.lost.insert(id);
        }
    }

    fn encrypt(&mut self) {
        let id = ConversationId::between(EMBASSY, CONSULATE);
        // A conversation that nobody has begun cannot be moved.
        self.deliver(EMBASSY, CONSULATE, "hello");
        self.harness.world.with(|world, now| world.upgrade(now, &id));
        self.encrypted = true;
    }

    /// The disk with the database is away until it is brought back.
    fn take_the_disk(&mut self, ms: i64) {
        if self.harness.is_alive() && self.away_until_ms == 0 {
            fs::rename(self.harness.database(), self.away()).unwrap();
            self.away_until_ms = self.now_ms() + ms;
        }
    }

    fn bring_the_disk_back(&mut self) {
        if self.away_until_ms != 0 && (self.away_until_ms <= self.now_ms() || !self.harness.is_alive()) {
            fs::rename(self.away(), self.harness.database()).unwrap();
            self.away_until_ms = 0;
        }
    }

    fn away(&self) -> std::path::PathBuf {
        self.harness.database().with_extension("away")
    }

    /// Fair weather, until all is done: then the log has each blindness, and no other.
    async fn end(mut self, end_ms: i64) -> String {
        self.harness.world.with(|world, _| world.clear_faults());
        self.harness.set_clock(0);
        self.harness.die().await;
        // A lost post is believed after it was read so twice; old ones are read rarely.
        self.pass(end_ms + 40 * DAY_MS).await;
        self.observer.look_at_the_end();
        let gaps: Vec<&String> = self.observer.lines().iter().filter(|line| line.starts_with("gap ")).collect();
        let (odd, encrypted) = (self.odd.len(), usize::from(self.encrypted));
        assert_eq!(gaps.len(), odd + encrypted, "{odd} odd messages, {encrypted} encrypted: {gaps:#?}");
        assert_eq!(self.observer.lost, self.lost, "the posts that are lost");
        let notes = self.observer.sealed.len();
        let faults = self.harness.world.with(|world, _| world.counts().faults);
        format!("{notes} notes, {faults} faults, {} gaps, {} posts lost", gaps.len(), self.lost.len())
    }
}
