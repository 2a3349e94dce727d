//! A store and a world for tests that make tasks one at a time and tick them by hand, each with settings of its own.
//! `harness` runs all of them together, and lets them die.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use verbale::base::clock::Clock;
use verbale::base::ids::AccountId;
use verbale::base::time::Time;
use verbale::note::Salt;
use verbale::sandbox::world::{Outgoing, Settings};
use verbale::sandbox::{self, Direct, EMBASSY, MINISTRY, Shared, story_world};
use verbale::store::vault::Vault;
use verbale::store::{Durability, Store};
use verbale::tasks::acknowledge::ReceiptSettings;
use verbale::tasks::post::{PublishSettings, Publisher};
use verbale::tasks::rules::{Correspondent, Formal, Rule};
use verbale::tasks::seal::{Salts, WatchContext, WatchSettings, Watcher};
use verbale::tasks::task::{Next, Task};

use crate::support::fixture;

/// A log on a world whose clock stands until it is moved.
pub struct Workbench {
    pub world: Shared,
    pub store: Store,
    pub folder: TempDir,
}

impl Workbench {
    pub fn new(settings: Settings) -> Workbench {
        let clock = sandbox::Clock::standing_at(Time::from_ms(1_800_000_000_000));
        let world = Shared::new(story_world(settings, 7, clock.now()), clock);
        let folder = tempfile::tempdir().unwrap();
        Store::create(&folder.path().join("verbale.db"), &fixture::key().vkey()).unwrap();
        let store = Store::open(&folder.path().join("verbale.db"), fixture::key(), Durability::Process).unwrap();
        Workbench { world, store, folder }
    }

    pub fn clock(&self) -> Clock {
        let clock = self.world.clock().clone();
        Clock::from_fn(move || clock.now())
    }

    pub fn platform(&self, user: AccountId) -> Arc<Direct> {
        Arc::new(Direct::new(self.world.clone(), user))
    }

    pub fn watching(&self) -> WatchSettings {
        let rule = Rule { correspondents: vec![Correspondent::Id(MINISTRY)], formal: Formal::Marker("NOTE".into()) };
        WatchSettings { rule: vec![rule], attachment_bytes_max: 1 << 20, ..WatchSettings::default() }
    }

    pub fn publishing(&self) -> PublishSettings {
        PublishSettings { heartbeat: None, ..PublishSettings::default() }
    }

    pub fn salts(&self) -> Salts {
        Arc::new(|| Salt::from_bytes(rand::random()))
    }

    pub fn vault(&self) -> Vault {
        Vault::new(vec![age::x25519::Identity::generate().to_public()])
    }

    pub fn watcher(&self) -> Watcher {
        let (platform, vault) = (self.platform(EMBASSY), Arc::new(self.vault()));
        self.watcher_of(platform, vault, self.watching())
    }

    pub fn watcher_of(&self, platform: Arc<Direct>, vault: Arc<Vault>, settings: WatchSettings) -> Watcher {
        let context = WatchContext::new(fixture::key().name().clone());
        Watcher::new(platform, self.store.clone(), vault, self.clock(), self.salts(), settings, context)
    }

    pub fn publisher(&self) -> Publisher {
        self.publisher_of(self.platform(EMBASSY), self.clock(), self.publishing())
    }

    pub fn publisher_of(&self, platform: Arc<Direct>, clock: Clock, settings: PublishSettings) -> Publisher {
        let (store, posts_a_day) = (self.store.clone(), ReceiptSettings::default().posts_a_day);
        Publisher::new(platform, store, clock, settings, posts_a_day, Duration::from_secs(60))
    }

    pub fn send(&self, text: &str) {
        self.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &Outgoing::text(text))).unwrap();
        self.world.clock().advance_ms(1000);
    }

    pub async fn sealed(&self) -> u64 {
        self.store.last_note().await.unwrap()
    }

    pub fn posts(&self) -> usize {
        self.world.with(|world, _| world.posts().count())
    }
}

/// Ticks until the world's clock has moved by `ms`, waiting as the task asks.
pub async fn run(bench: &Workbench, work: &mut impl Task, ms: i64) {
    let clock = bench.world.clock();
    let end = clock.now().plus_ms(ms);
    while clock.now() < end {
        match work.tick().await.unwrap() {
            Next::Now => {}
            Next::Idle(until) | Next::Wait(until) => clock.advance_ms(until.min(end).ms_since(clock.now()).max(1)),
        }
    }
}
