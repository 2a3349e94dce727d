//! The tasks on a sandbox's world without a network. The clock stands until it is moved, and sudden death comes at a
//! counted point: the same numbers give the same run.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use cron::Schedule;
use verbale::base::clock::Clock;
use verbale::base::hash::Hash;
use verbale::base::ids::{AccountId, AccountName, Origin};
use verbale::base::time::Time;
use verbale::note::Salt;
use verbale::platform::Platform;
use verbale::sandbox::world::Settings;
use verbale::sandbox::{self, Direct, EMBASSY, MINISTRY, Shared, World};
use verbale::store::vault::Vault;
use verbale::store::{Durability, Store};
use verbale::tasks::acknowledge::ReceiptSettings;
use verbale::tasks::deliver::{DeliverSettings, DmSender};
use verbale::tasks::disclose::{DiscloseContext, Discloser, OpenSettings};
use verbale::tasks::monitor::{Monitor, MonitorSettings};
use verbale::tasks::persons::Persons;
use verbale::tasks::post::{PublishSettings, Publisher};
use verbale::tasks::publish::Public;
use verbale::tasks::reply::limits::Limits;
use verbale::tasks::reply::{self, Bot, BotContext, BotSettings};
use verbale::tasks::rules::{Correspondent, Formal, Rule};
use verbale::tasks::seal::{self, SlipSettings, WatchContext, WatchSettings, Watcher};
use verbale::tasks::survey::{Conversations, Recipients, SurveySettings};
use verbale::tasks::task::{Next, Task};
use verbale::tlog::signed_note::LogKey;

use crate::support::crash_platform::{CrashPlatform, Fuse, Late, Strikes, until_death};
use crate::support::site_fixture;

/// What makes a message formal.
pub const MARKER: &str = "NOTE";

/// A group that is not the ministry's.
pub const CONSULATE: AccountId = AccountId(990_017);

/// The wait between two looks.
pub const POLL: Duration = Duration::from_secs(90);

/// The wait between two looks at the mentions.
pub const BOT_POLL: Duration = Duration::from_secs(300);

/// When the heartbeat is posted.
pub const HEARTBEAT: &str = "0 55 23 * * *";

/// How long a post may take to show.
pub const UNKNOWN_OUTCOME_TIMEOUT: Duration = Duration::from_secs(600);

/// Where the time in every world begins.
pub const START_MS: i64 = 1_800_000_000_500;

/// The name of a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    Watcher,
    Publisher,
    Public,
    Discloser,
    DmSender,
    Bot,
    Recipients,
    Conversations,
    Monitor,
}

/// The tasks that seal and post.
pub const ALL: [Which; 3] = [Which::Watcher, Which::Publisher, Which::Public];

/// The tasks that a dispute needs.
pub const DISPUTE: [Which; 5] = [Which::Watcher, Which::Publisher, Which::Public, Which::Discloser, Which::DmSender];

/// All tasks.
pub const EVERY: [Which; 7] =
    [Which::Watcher, Which::Publisher, Which::Public, Which::Discloser, Which::DmSender, Which::Bot, Which::Monitor];

/// Those that seal and post, and the one that reads posts again.
pub const MONITORED: [Which; 4] = [Which::Watcher, Which::Publisher, Which::Public, Which::Monitor];

/// Those that seal and post, and those that look after correspondents.
pub const SURVEY: [Which; 5] =
    [Which::Watcher, Which::Publisher, Which::Public, Which::Recipients, Which::Conversations];

/// The result of a tick.
#[derive(PartialEq, Eq, Debug)]
pub enum Ended {
    /// The task said when it continues.
    Next(Next),
    /// The program died in it.
    Died,
}

struct Loops {
    store: Store,
    watcher: Watcher,
    publisher: Publisher,
    public: Public,
    discloser: Discloser,
    dm_sender: DmSender,
    bot: Bot,
    recipients: Recipients,
    conversations: Conversations,
    monitor: Monitor,
}

/// The settings of the tasks.
#[derive(Clone)]
pub struct Plan {
    pub seed: u64,
    pub platform: Settings,
    pub run_over: u64,
    pub heartbeat: bool,
    pub attachments_timeout: Duration,
}

/// A world, an installation, and the tasks, alive or dead.
pub struct Harness {
    pub world: Shared,
    pub fuse: Fuse,
    pub late: Late,
    pub strikes: Strikes,
    pub identity: age::x25519::Identity,
    pub folder: tempfile::TempDir,
    plan: Plan,
    /// The wait between two looks at the messages.
    pub poll: Duration,
    /// How far the machine's clock is ahead of the true one, in milliseconds.
    offset_ms: Arc<AtomicI64>,
    salts: Arc<AtomicU64>,
    loops: Option<Loops>,
    /// When each task wants to continue.
    next: [Next; 9],
    /// Which tasks run.
    pub running: &'static [Which],
    /// Whether a second official must approve what is opened.
    pub approval: bool,
    /// Which keys and accounts are one official's.
    pub persons: Persons,
    /// To whom disputes are told.
    pub officials: Vec<AccountId>,
    /// Whether they may command by message.
    pub commands: bool,
    /// Whether this machine can open notes for them.
    pub has_key: bool,
    /// What a day may have.
    pub limits: Limits,
    /// Whether notes are followed by their slips.
    pub slip: bool,
    /// When the public folder is compared with the log.
    pub compares: Option<Schedule>,
    /// The platform of the tasks, if it is not the world itself, without a network between.
    pub platform: Option<Arc<dyn Platform>>,
}

impl Harness {
    pub fn new(plan: Plan) -> Harness {
        let clock = sandbox::Clock::standing_at(Time::from_ms(START_MS));
        let users =
            [(EMBASSY.0, "embassy"), (MINISTRY.0, "ministry"), (17874544, "journalist"), (CONSULATE.0, "consulate")];
        let world = World::new(plan.platform.clone(), plan.seed).with_users(clock.now(), &users);
        // In memory, if possible: the public folder waits for the disk with each file.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        Store::create(&folder.path().join("verbale.db"), &key().vkey()).unwrap();
        Harness {
            world: Shared::new(world, clock),
            fuse: Fuse::new(),
            late: Late::default(),
            strikes: Strikes::default(),
            identity: age::x25519::Identity::generate(),
            folder,
            plan,
            poll: POLL,
            offset_ms: Arc::default(),
            salts: Arc::default(),
            loops: None,
            next: [Next::Now; 9],
            running: &ALL,
            approval: false,
            persons: Persons::default(),
            officials: Vec::new(),
            commands: false,
            has_key: false,
            limits: BotSettings::default().limits(),
            slip: false,
            compares: None,
            platform: None,
        }
    }

    pub fn now(&self) -> Time {
        self.world.clock().now()
    }

    /// What time the machine says it is.
    pub fn told(&self) -> Time {
        self.now().plus_ms(self.offset_ms.load(Ordering::SeqCst))
    }

    /// Sets the machine's clock this far ahead of the true one.
    pub fn set_clock(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::SeqCst);
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("verbale.db")
    }

    pub fn public(&self) -> PathBuf {
        self.folder.path().join("public")
    }

    pub fn is_alive(&self) -> bool {
        self.loops.is_some()
    }

    /// The store of the tasks, which are alive.
    pub fn store(&self) -> &Store {
        &self.loops.as_ref().expect("the loops run").store
    }

    /// Starts the tasks on what is durable.
    pub async fn start(&mut self) {
        assert!(!self.is_alive());
        let (world, fuse, salts) = (self.world.clone(), self.fuse.clone(), self.salts.clone());
        let direct = Direct::new(world.clone(), EMBASSY);
        let (late, strikes) = (self.late.clone(), self.strikes.clone());
        let platform: Arc<dyn Platform> = match &self.platform {
            Some(platform) => platform.clone(),
            None => Arc::new(CrashPlatform { direct, world: world.clone(), fuse: fuse.clone(), late, strikes }),
        };
        let clock = self.clock();
        let seed = self.plan.seed;
        let chance: reply::Chance = Arc::new({
            let (salts, fuse) = (salts.clone(), fuse.clone());
            move || {
                fuse.burn();
                // Fixed random numbers, but others each time.
                123_456 + 7_919 * salts.fetch_add(1, Ordering::SeqCst)
            }
        });
        let salts: seal::Salts = Arc::new(move || {
            fuse.burn();
            let count = salts.fetch_add(1, Ordering::SeqCst);
            Salt::from_bytes(*Hash::of(format!("{seed} {count}").as_bytes()).as_bytes())
        });
        let store = self.open_store();
        let vault = Arc::new(Vault::new(vec![self.identity.to_public()]));
        let publisher = Publisher::new(
            platform.clone(),
            store.clone(),
            clock.clone(),
            self.publish(),
            ReceiptSettings::default().posts_a_day,
            POLL,
        );
        let discloser = Discloser::new(platform.clone(), store.clone(), clock.clone(), self.open(), self.discloser());
        let dm_sender = DeliverSettings {
            unknown_outcome_timeout: UNKNOWN_OUTCOME_TIMEOUT,
            identities: vec![self.identity.clone()],
            poll: POLL,
        };
        let dm_sender = DmSender::new(platform.clone(), store.clone(), clock.clone(), dm_sender);
        let context = BotContext { correspondents: correspondents(), open: self.open(), has_key: self.has_key };
        let bot = Bot::new(platform.clone(), store.clone(), clock.clone(), chance, self.bot(), context);
        let (survey, rules) = (SurveySettings::default(), self.watch().rule);
        let recipients = Recipients::new(platform.clone(), store.clone(), clock.clone(), survey.clone(), rules.clone());
        let conversations = Conversations::new(platform.clone(), store.clone(), clock.clone(), survey, rules);
        let monitor = Monitor::new(platform.clone(), store.clone(), clock.clone(), &MonitorSettings::default());
        let watcher = Watcher::new(platform, store.clone(), vault, clock.clone(), salts, self.watch(), self.watcher());
        let public = Public::new(&self.public(), site_fixture::settings(&key()), store.clone(), clock);
        let public = public.compared_by(self.compares.clone());
        self.loops = Some(Loops {
            store,
            watcher,
            publisher,
            public,
            discloser,
            dm_sender,
            bot,
            recipients,
            conversations,
            monitor,
        });
        self.next = [Next::Now; 9];
    }

    /// The clock of the tasks: the world's, and each look at it may be the last.
    fn clock(&self) -> Clock {
        let (world, steady, fuse) = (self.world.clone(), self.world.clone(), self.fuse.clone());
        let offset_ms = self.offset_ms.clone();
        let wall = move || {
            fuse.burn();
            world.clock().now().plus_ms(offset_ms.load(Ordering::SeqCst))
        };
        Clock::from_fns(wall, move || Duration::from_millis(steady.clock().now().ms().unsigned_abs()))
    }

    fn open_store(&self) -> Store {
        loop {
            match Store::open(&self.database(), key(), Durability::Process) {
                // A test that starts a process holds a copy of every lock until that process has begun.
                Err(verbale::store::Error::InUse(_)) => std::thread::yield_now(),
                store => return store.unwrap(),
            }
        }
    }

    fn publish(&self) -> PublishSettings {
        let heartbeat = self.plan.heartbeat.then(|| HEARTBEAT.parse().unwrap());
        let run_over = self.plan.run_over;
        PublishSettings {
            unknown_outcome_timeout: UNKNOWN_OUTCOME_TIMEOUT,
            run_over,
            heartbeat,
            ..PublishSettings::default()
        }
    }

    fn open(&self) -> OpenSettings {
        OpenSettings { approval: self.approval, persons: self.persons.clone(), ..OpenSettings::default() }
    }

    fn discloser(&self) -> DiscloseContext {
        DiscloseContext {
            poll: POLL,
            officials: self.officials.clone(),
            identities: if self.has_key { vec![self.identity.clone()] } else { Vec::new() },
            vkey: key().vkey(),
            post_address: verbale::platform::x::address_of,
            web: "https://x.com".to_owned(),
        }
    }

    fn bot(&self) -> BotSettings {
        let Limits { answers, answers_each, usd_micros } = self.limits;
        BotSettings {
            officials: self.officials.clone(),
            answers_a_day: answers,
            answers_a_day_each: answers_each,
            usd_a_day: usd_micros,
            ..BotSettings::default()
        }
    }

    fn watch(&self) -> WatchSettings {
        WatchSettings {
            rule: vec![Rule { correspondents: correspondents(), formal: Formal::Marker(MARKER.to_owned()) }],
            attachments_timeout: self.plan.attachments_timeout,
            attachment_bytes_max: 1 << 20,
            poll: self.poll,
            ..WatchSettings::default()
        }
    }

    fn watcher(&self) -> WatchContext {
        WatchContext {
            officials: if self.commands { self.officials.clone() } else { Vec::new() },
            slip: SlipSettings { send: self.slip },
            ..WatchContext::new(key().name().clone())
        }
    }

    /// Ends the tasks as a death of the process does. Work that the store's thread has taken is still done.
    pub async fn die(&mut self) {
        if let Some(loops) = self.loops.take() {
            let store = loops.store.clone();
            drop(loops);
            store.close().await;
        }
        self.fuse.quench();
    }

    /// Ticks one task once.
    pub async fn tick(&mut self, which: Which) -> Ended {
        self.late.flush(&self.world);
        let loops = self.loops.as_mut().expect("the loops run");
        let ended = match which {
            Which::Watcher => until_death(loops.watcher.tick()).await,
            Which::Publisher => until_death(loops.publisher.tick()).await,
            Which::Public => until_death(loops.public.tick()).await,
            Which::Discloser => until_death(loops.discloser.tick()).await,
            Which::DmSender => until_death(loops.dm_sender.tick()).await,
            Which::Bot => until_death(loops.bot.tick()).await,
            Which::Recipients => until_death(loops.recipients.tick()).await,
            Which::Conversations => until_death(loops.conversations.tick()).await,
            Which::Monitor => until_death(loops.monitor.tick()).await,
        };
        match ended {
            Some(next) => {
                let next = next.unwrap_or_else(|error| panic!("the {which:?} stops: {error:#}"));
                self.next[which as usize] = next;
                Ended::Next(next)
            }
            None => {
                self.die().await;
                Ended::Died
            }
        }
    }

    /// Whether a task wants to continue now. The two that are woken by the log's growth always may.
    pub fn is_due(&self, which: Which) -> bool {
        match self.next[which as usize] {
            Next::Now => true,
            Next::Idle(until) => !matches!(which, Which::Watcher | Which::Monitor) || until <= self.told(),
            Next::Wait(until) => until <= self.told(),
        }
    }

    /// When a task wants to continue.
    pub fn due(&self, which: Which) -> Time {
        match self.next[which as usize] {
            Next::Now => self.told(),
            Next::Idle(until) | Next::Wait(until) => until,
        }
    }

    /// When the first of the tasks wants to continue.
    pub fn next_due(&self) -> Time {
        self.running.iter().map(|which| self.due(*which)).min().unwrap()
    }

    /// Moves the clock; delayed posts take effect in between.
    pub fn advance(&self, ms: i64) {
        self.world.clock().advance_ms(ms);
        self.late.flush(&self.world);
    }

    /// Ticks every task that is due, and moves the clock to the next moment, until `done` or the time is over.
    pub async fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&Harness) -> bool) -> bool {
        let end = self.now().plus_ms(limit.as_millis() as i64);
        while self.now() <= end {
            if !self.is_alive() {
                self.start().await;
            }
            for &which in self.running {
                if self.is_alive() && self.is_due(which) {
                    self.tick(which).await;
                    if self.is_alive() && done(self) {
                        return true;
                    }
                }
            }
            if self.is_alive() && !self.running.iter().any(|which| self.next[*which as usize] == Next::Now) {
                let wait = self.next_due().ms_since(self.now()).clamp(1, POLL.as_millis() as i64);
                self.advance(wait);
            }
        }
        false
    }
}

fn correspondents() -> Vec<Correspondent> {
    vec![Correspondent::Name(AccountName::parse("ministry").unwrap()), Correspondent::Id(CONSULATE)]
}

pub fn key() -> LogKey {
    LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [7; 32])
}
