//! The loops, one tick at a time, against a platform that is slow or forgetful, and people who wish us ill.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use verbale::app::daemon::{self, Parts};
use verbale::base::clock::Clock;
use verbale::base::hash::Hash;
use verbale::base::ids::{Account, AccountId, AccountName};
use verbale::base::time::Time;
use verbale::note::Salt;
use verbale::sandbox::world::{Body, Call, Draft, Fault, How, Moment, Outgoing, Settings};
use verbale::sandbox::{self, Direct, EMBASSY, JOURNALIST, MINISTRY, Shared, story_world};
use verbale::store::vault::Vault;
use verbale::store::{Durability, Store};
use verbale::tasks::deliver;
use verbale::tasks::disclose;
use verbale::tasks::post::{self, Publisher};
use verbale::tasks::rules::{Correspondent, Formal, Rule};
use verbale::tasks::seal::{self, Salts, Watcher};
use verbale::tasks::task::{Next, Task};
use verbale::tlog::entry::Entry;
use verbale::wording::post::PostText;

use crate::support::database;
use crate::support::fixture;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// A log on a world whose clock stands until it is moved.
struct Harness {
    world: Shared,
    store: Store,
    folder: TempDir,
}

impl Harness {
    fn new(settings: Settings) -> Harness {
        let clock = sandbox::Clock::standing_at(Time::from_ms(1_800_000_000_000));
        let world = Shared::new(story_world(settings, 7, clock.now()), clock);
        let folder = tempfile::tempdir().unwrap();
        Store::create(&folder.path().join("verbale.db"), &fixture::key().vkey()).unwrap();
        let store = Store::open(&folder.path().join("verbale.db"), fixture::key(), Durability::Process).unwrap();
        Harness { world, store, folder }
    }

    fn clock(&self) -> Clock {
        let clock = self.world.clock().clone();
        Clock::from_fn(move || clock.now())
    }

    fn platform(&self, user: AccountId) -> Arc<Direct> {
        Arc::new(Direct::new(self.world.clone(), user))
    }

    fn watching(&self) -> seal::Settings {
        let rule = Rule { correspondents: vec![Correspondent::Id(MINISTRY)], formal: Formal::Marker("NOTE".into()) };
        seal::Settings {
            log: fixture::key().name().clone(),
            rules: vec![rule],
            poll: Duration::from_secs(90),
            attachments_timeout: Duration::from_secs(20),
            attachment_bytes_max: 1 << 20,
            backfill: false,
            officials: Vec::new(),
            slip: false,
            receipt_from: Vec::new(),
        }
    }

    fn publishing(&self) -> post::Settings {
        post::Settings {
            unknown_outcome_timeout: Duration::from_secs(600),
            run_over: 5,
            heartbeat: None,
            receipts_a_day: 100,
            ignore_posts_until: None,
        }
    }

    fn salts(&self) -> Salts {
        Arc::new(|| Salt::from_bytes(rand::random()))
    }

    fn vault(&self) -> Vault {
        Vault::new(vec![age::x25519::Identity::generate().to_public()])
    }

    fn watcher(&self) -> Watcher {
        let (platform, vault) = (self.platform(EMBASSY), Arc::new(self.vault()));
        Watcher::new(platform, self.store.clone(), vault, self.clock(), self.salts(), self.watching())
    }

    fn publisher(&self) -> Publisher {
        Publisher::new(self.platform(EMBASSY), self.store.clone(), self.clock(), self.publishing())
    }

    fn send(&self, text: &str) {
        self.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &Outgoing::text(text))).unwrap();
        self.world.clock().advance_ms(1000);
    }

    async fn sealed(&self) -> u64 {
        self.store.last_note().await.unwrap()
    }

    fn posts(&self) -> usize {
        self.world.with(|world, _| world.posts().count())
    }
}

/// Ticks for as long as the world's clock takes to pass `ms`, waiting as the loop asks.
async fn run(harness: &Harness, work: &mut impl Task, ms: i64) {
    let clock = harness.world.clock();
    let end = clock.now().plus_ms(ms);
    while clock.now() < end {
        match work.tick().await.unwrap() {
            Next::Now => {}
            Next::Idle(until) | Next::Wait(until) => clock.advance_ms(until.min(end).ms_since(clock.now()).max(1)),
        }
    }
}

#[tokio::test]
async fn many_messages_to_a_group_hold_nothing_up() {
    let harness = Harness::new(Settings::of_x());
    let mut watcher = harness.watcher();
    run(&harness, &mut watcher, MINUTE_MS).await;
    let first = Outgoing::text("hello");
    let made = harness.world.with(|world, now| world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &first));
    let (group, _) = made.unwrap();
    for number in 0..20 {
        let text = Outgoing::text(&format!("NOTE {number}"));
        harness.world.with(|world, now| world.send_in(now, EMBASSY, &group, &text)).unwrap();
        harness.world.clock().advance_ms(1000);
    }
    run(&harness, &mut watcher, 120 * MINUTE_MS).await;
    assert_eq!(harness.sealed().await, 20);
}

#[tokio::test]
async fn nobody_is_asked_who_is_in_a_group_for_the_sake_of_an_informal_message() {
    let harness = Harness::new(Settings::of_x());
    let mut watcher = harness.watcher();
    run(&harness, &mut watcher, MINUTE_MS).await;
    let text = Outgoing::text("lunch?");
    harness.world.with(|world, now| world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &text)).unwrap();
    run(&harness, &mut watcher, 10 * MINUTE_MS).await;
    assert_eq!(harness.world.with(|world, _| world.counts().of(Call::ConversationMessages)), 0);
    assert_eq!(harness.store.size().await.unwrap(), 0);
}

#[tokio::test]
async fn a_message_that_is_listed_late_is_sealed() {
    let harness = Harness::new(Settings::without_limits());
    let mut watcher = harness.watcher();
    run(&harness, &mut watcher, MINUTE_MS).await;
    let late = harness.world.with(|world, now| {
        let id = world.send(now, EMBASSY, MINISTRY, &Outgoing::text("NOTE that is late")).unwrap();
        world.set_hidden(id, true);
        id
    });
    harness.world.clock().advance_ms(1000);
    // The other side writes more than the first page holds before the list is whole again.
    for _ in 0..8 {
        let text = Outgoing::text("?");
        harness.world.with(|world, now| world.send(now, MINISTRY, EMBASSY, &text)).unwrap();
        harness.world.clock().advance_ms(1000);
    }
    run(&harness, &mut watcher, 3 * MINUTE_MS).await;
    harness.world.with(|world, _| world.set_hidden(late, false));
    run(&harness, &mut watcher, 5 * MINUTE_MS).await;
    assert_eq!(harness.sealed().await, 1);
}

/// The database is restored from a copy that is older than what was posted, and the timeline cannot be read at first.
#[tokio::test]
async fn nothing_is_sealed_before_the_log_was_compared_with_what_is_public() {
    let harness = Harness::new(Settings::without_limits());
    let mut watcher = harness.watcher();
    run(&harness, &mut watcher, MINUTE_MS).await;
    let old = harness.store.size().await.unwrap();
    let copy = harness.folder.path().join("copy.db");
    database::copy(&harness.folder.path().join("verbale.db"), &copy);
    harness.send("NOTE 1");
    run(&harness, &mut watcher, 3 * MINUTE_MS).await;
    run(&harness, &mut harness.publisher(), 3 * MINUTE_MS).await;
    assert_eq!((harness.sealed().await, harness.posts()), (1, 1));

    let unreadable = How::Status { code: 503, body: Body::Html };
    let fault = Fault { call: Some(Call::Timeline), at: Moment::Before, how: unreadable, times: u32::MAX };
    harness.world.with(|world, _| world.add_fault(fault));
    let store = Store::open(&copy, fixture::key(), Durability::Process).unwrap();
    let parts = Parts {
        platform: harness.platform(EMBASSY),
        store: store.clone(),
        vault: harness.vault(),
        clock: harness.clock(),
        salts: harness.salts(),
        public: harness.folder.path().join("public"),
        site: crate::site::pages::settings(&fixture::key()),
        watcher: harness.watching(),
        publisher: harness.publishing(),
        bot: None,
        chance: Arc::new(|| 0),
        discloser: disclose::Settings {
            persons: verbale::tasks::persons::Persons::default(),
            approval: false,
            lapse: Duration::from_secs(60),
            poll: Duration::from_secs(1),
            officials: Vec::new(),
            identities: Vec::new(),
            vkey: fixture::key().vkey(),
            post_address: verbale::platform::x::address_of,
            web: "https://x.com".to_owned(),
        },
        dm_sender: deliver::Settings { unknown_outcome_timeout: Duration::from_secs(600), identities: Vec::new() },
        receiver: None,
        serve: None,
        upload: None,
    };
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(daemon::run(parts, shutdown.clone()));
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(store.size().await.unwrap(), old, "the log was forked");
    }
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn another_account_does_not_go_on_with_the_log() {
    let harness = Harness::new(Settings::without_limits());
    run(&harness, &mut harness.watcher(), MINUTE_MS).await;
    let other = harness.platform(JOURNALIST);
    let mut publisher = Publisher::new(other.clone(), harness.store.clone(), harness.clock(), harness.publishing());
    let error = publisher.tick().await.unwrap_err().to_string();
    assert!(error.contains("2244994945") && error.contains("17874544"), "{error}");
    let vault = Arc::new(harness.vault());
    let mut watcher =
        Watcher::new(other, harness.store.clone(), vault, harness.clock(), harness.salts(), harness.watching());
    assert!(watcher.tick().await.is_err());
}

#[tokio::test]
async fn nothing_is_posted_by_a_wrong_clock() {
    let harness = Harness::new(Settings::without_limits());
    let mut watcher = harness.watcher();
    run(&harness, &mut watcher, MINUTE_MS).await;
    harness.send("NOTE 1");
    run(&harness, &mut watcher, 3 * MINUTE_MS).await;
    let right = harness.clock();
    let ahead = Clock::from_fn(move || right.now().plus_ms(DAY_MS));
    let mut publisher = Publisher::new(harness.platform(EMBASSY), harness.store.clone(), ahead, harness.publishing());
    let error = publisher.tick().await.unwrap_err().to_string();
    assert!(error.contains("clock"), "{error}");
    assert_eq!(harness.posts(), 0);
}

#[tokio::test]
async fn nothing_is_sealed_by_a_clock_that_stays_behind() {
    let harness = Harness::new(Settings::without_limits());
    let mut watcher = harness.watcher();
    run(&harness, &mut watcher, MINUTE_MS).await;
    let tomorrow = Outgoing::text("NOTE of tomorrow");
    harness.world.with(|world, now| world.send(now.plus_ms(DAY_MS), EMBASSY, MINISTRY, &tomorrow)).unwrap();
    let error = loop {
        match watcher.tick().await {
            Ok(Next::Now) => {}
            Ok(Next::Idle(until) | Next::Wait(until)) => {
                harness.world.clock().advance_ms(until.ms_since(harness.clock().now()))
            }
            Err(error) => break error.to_string(),
        }
        assert_eq!(harness.sealed().await, 0);
    };
    assert!(error.contains("this machine's clock says"), "{error}");
}

/// The answer is lost, somebody deletes the post before it is found, and the platform remembers it for days.
#[tokio::test]
async fn a_post_that_was_deleted_before_it_was_found_is_made_again() {
    let harness = Harness::new(Settings { duplicates_outlive_deletion: true, ..Settings::without_limits() });
    let mut watcher = harness.watcher();
    run(&harness, &mut watcher, MINUTE_MS).await;
    harness.send("NOTE 1");
    run(&harness, &mut watcher, 3 * MINUTE_MS).await;
    harness.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, Moment::After, How::Cut)));
    let mut publisher = harness.publisher();
    publisher.tick().await.unwrap();
    harness.world.with(|world, _| {
        let id = world.posts().next().unwrap().id;
        world.delete_post(EMBASSY, id).unwrap();
    });
    run(&harness, &mut publisher, 2 * DAY_MS).await;
    harness.world.with(|world, _| world.settings.refuses_duplicates = false);
    run(&harness, &mut publisher, 2 * DAY_MS).await;
    let entries = harness.store.entries(0, 10).await.unwrap();
    let entries: Vec<Entry> = entries.iter().map(|line| Entry::parse(line.as_bytes()).unwrap()).collect();
    assert!(matches!(entries[..], [Entry::Note { .. }, Entry::Post { .. }]), "{entries:?}");
}

/// The ministry gives up its name, and somebody else takes it.
#[tokio::test]
async fn a_name_that_changes_hands_means_whom_it_first_meant() {
    let harness = Harness::new(Settings::without_limits());
    let watching = || {
        let rule = Rule { correspondents: vec![Correspondent::parse("Ministry").unwrap()], formal: Formal::All };
        let settings = seal::Settings { rules: vec![rule], ..harness.watching() };
        let (platform, vault) = (harness.platform(EMBASSY), Arc::new(harness.vault()));
        Watcher::new(platform, harness.store.clone(), vault, harness.clock(), harness.salts(), settings)
    };
    run(&harness, &mut watching(), MINUTE_MS).await;
    harness
        .world
        .with(|world, _| world.user_mut(MINISTRY).unwrap().account.name = AccountName::parse("foreign").unwrap());
    for squatted in [false, true] {
        if squatted {
            let squatter = Account::parse("99 ministry").unwrap();
            harness.world.with(|world, now| drop(world.add_user(now, squatter).account.clone()));
        }
        harness.send("to the ministry, whatever its name");
        run(&harness, &mut watching(), 3 * MINUTE_MS).await;
    }
    assert_eq!(harness.sealed().await, 2);
}

/// An earlier log, a trial perhaps, has posted from the same account.
#[tokio::test]
async fn posts_of_an_earlier_log_stop_the_program_until_it_is_told_of_them() {
    let harness = Harness::new(Settings::without_limits());
    let (size, root) = (9, Hash::of(b"another log"));
    let text = PostText::Note { note: 5, commitment: Hash::of(b"another note"), size, root }.to_text();
    harness.world.with(|world, now| world.post(now, EMBASSY, Draft { text: &text, ..Draft::default() })).unwrap();
    harness.world.clock().advance_ms(MINUTE_MS);
    let error = harness.publisher().tick().await.unwrap_err().to_string();
    assert!(error.contains("shows the head of a log of 9 entries") && error.contains("ignore_posts_until"), "{error}");
    let settings = post::Settings { ignore_posts_until: Some(harness.clock().now()), ..harness.publishing() };
    let mut told = Publisher::new(harness.platform(EMBASSY), harness.store.clone(), harness.clock(), settings);
    assert!(matches!(told.tick().await.unwrap(), Next::Idle(_)));
}
