//! The tasks, one tick at a time, against a platform that is slow or forgetful, and people who wish us ill.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use verbale::app::daemon::{self, Parts, TaskSettings};
use verbale::base::clock::Clock;
use verbale::base::hash::Hash;
use verbale::base::ids::{Account, AccountName};
use verbale::sandbox::world::{Body, Call, Draft, Fault, How, Moment, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::store::{Durability, Store};
use verbale::tasks::post::PublishSettings;
use verbale::tasks::rules::{Correspondent, Formal, Rule};
use verbale::tasks::seal::WatchSettings;
use verbale::tasks::task::{Next, Task};
use verbale::tlog::entry::Entry;
use verbale::wording::post::PostText;

use crate::support::database;
use crate::support::fixture;
use crate::support::workbench::{Workbench, run};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

#[tokio::test]
async fn many_messages_to_a_group_hold_nothing_up() {
    let bench = Workbench::new(Settings::of_x());
    let mut watcher = bench.watcher();
    run(&bench, &mut watcher, MINUTE_MS).await;
    let first = Outgoing::text("hello");
    let made = bench.world.with(|world, now| world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &first));
    let (group, _) = made.unwrap();
    for number in 0..20 {
        let text = Outgoing::text(&format!("NOTE {number}"));
        bench.world.with(|world, now| world.send_in(now, EMBASSY, &group, &text)).unwrap();
        bench.world.clock().advance_ms(1000);
    }
    run(&bench, &mut watcher, 120 * MINUTE_MS).await;
    assert_eq!(bench.sealed().await, 20);
}

#[tokio::test]
async fn nobody_is_asked_who_is_in_a_group_for_the_sake_of_an_informal_message() {
    let bench = Workbench::new(Settings::of_x());
    let mut watcher = bench.watcher();
    run(&bench, &mut watcher, MINUTE_MS).await;
    let text = Outgoing::text("lunch?");
    bench.world.with(|world, now| world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &text)).unwrap();
    run(&bench, &mut watcher, 10 * MINUTE_MS).await;
    assert_eq!(bench.world.with(|world, _| world.counts().of(Call::ConversationMessages)), 0);
    assert_eq!(bench.store.size().await.unwrap(), 0);
}

#[tokio::test]
async fn a_message_that_is_listed_late_is_sealed() {
    let bench = Workbench::new(Settings::without_limits());
    let mut watcher = bench.watcher();
    run(&bench, &mut watcher, MINUTE_MS).await;
    let late = bench.world.with(|world, now| {
        let id = world.send(now, EMBASSY, MINISTRY, &Outgoing::text("NOTE that is late")).unwrap();
        world.set_hidden(id, true);
        id
    });
    bench.world.clock().advance_ms(1000);
    // The other side writes more than the first page holds before the list is whole again.
    for _ in 0..8 {
        let text = Outgoing::text("?");
        bench.world.with(|world, now| world.send(now, MINISTRY, EMBASSY, &text)).unwrap();
        bench.world.clock().advance_ms(1000);
    }
    run(&bench, &mut watcher, 3 * MINUTE_MS).await;
    bench.world.with(|world, _| world.set_hidden(late, false));
    run(&bench, &mut watcher, 5 * MINUTE_MS).await;
    assert_eq!(bench.sealed().await, 1);
}

/// The database is restored from a copy that is older than what was posted, and the timeline cannot be read at first.
#[tokio::test]
async fn nothing_is_sealed_before_the_log_was_compared_with_what_is_public() {
    let bench = Workbench::new(Settings::without_limits());
    let mut watcher = bench.watcher();
    run(&bench, &mut watcher, MINUTE_MS).await;
    let old = bench.store.size().await.unwrap();
    let copy = bench.folder.path().join("copy.db");
    database::copy(&bench.folder.path().join("verbale.db"), &copy);
    bench.send("NOTE 1");
    run(&bench, &mut watcher, 3 * MINUTE_MS).await;
    run(&bench, &mut bench.publisher(), 3 * MINUTE_MS).await;
    assert_eq!((bench.sealed().await, bench.posts()), (1, 1));

    let unreadable = How::Status { code: 503, body: Body::Html };
    let fault = Fault { call: Some(Call::Timeline), at: Moment::Before, how: unreadable, times: u32::MAX };
    bench.world.with(|world, _| world.add_fault(fault));
    let store = Store::open(&copy, fixture::key(), Durability::Process).unwrap();
    let public = bench.folder.path().join("public");
    let site = crate::support::site_fixture::settings(&fixture::key());
    let settings = TaskSettings { watch: bench.watching(), publish: bench.publishing(), ..TaskSettings::default() };
    let parts = Parts {
        clock: bench.clock(),
        settings,
        ..Parts::new(bench.platform(EMBASSY), store.clone(), bench.vault(), public, site)
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
    let bench = Workbench::new(Settings::without_limits());
    run(&bench, &mut bench.watcher(), MINUTE_MS).await;
    let other = bench.platform(JOURNALIST);
    let mut publisher = bench.publisher_of(other.clone(), bench.clock(), bench.publishing());
    let error = publisher.tick().await.unwrap_err().to_string();
    assert!(error.contains("2244994945") && error.contains("17874544"), "{error}");
    let vault = Arc::new(bench.vault());
    let mut watcher = bench.watcher_of(other, vault, bench.watching());
    assert!(watcher.tick().await.is_err());
}

#[tokio::test]
async fn nothing_is_posted_by_a_wrong_clock() {
    let bench = Workbench::new(Settings::without_limits());
    let mut watcher = bench.watcher();
    run(&bench, &mut watcher, MINUTE_MS).await;
    bench.send("NOTE 1");
    run(&bench, &mut watcher, 3 * MINUTE_MS).await;
    let right = bench.clock();
    let ahead = Clock::from_fn(move || right.now().plus_ms(DAY_MS));
    let mut publisher = bench.publisher_of(bench.platform(EMBASSY), ahead, bench.publishing());
    run(&bench, &mut publisher, 3 * MINUTE_MS).await;
    assert!(trouble(&bench, "publisher").await.contains("this machine's clock says"));
    assert_eq!(bench.posts(), 0);
}

/// The platform's clock says that ours is right: the message is at fault, and holds up nothing.
#[tokio::test]
async fn a_message_with_a_time_to_come_is_one_gap() {
    let bench = Workbench::new(Settings::without_limits());
    let mut watcher = bench.watcher();
    run(&bench, &mut watcher, MINUTE_MS).await;
    let tomorrow = Outgoing::text("NOTE of tomorrow");
    bench.world.with(|world, now| world.send(now.plus_ms(DAY_MS), EMBASSY, MINISTRY, &tomorrow)).unwrap();
    bench.send("NOTE of today");
    run(&bench, &mut watcher, 20 * MINUTE_MS).await;
    assert_eq!((bench.sealed().await, bench.store.size().await.unwrap()), (1, 2));
    run(&bench, &mut bench.watcher(), 20 * MINUTE_MS).await;
    assert_eq!((bench.sealed().await, bench.store.size().await.unwrap()), (1, 2), "it is entered once");
    run(&bench, &mut bench.watcher(), 2 * DAY_MS).await;
    assert_eq!(bench.sealed().await, 2, "its time has come");
}

#[tokio::test]
async fn nothing_is_sealed_by_a_clock_that_stays_behind() {
    let bench = Workbench::new(Settings::without_limits());
    run(&bench, &mut bench.watcher(), 3 * MINUTE_MS).await;
    let world = bench.world.clone();
    let behind = Clock::from_fn(move || world.clock().now().plus_ms(-DAY_MS));
    let (platform, vault, salts) = (bench.platform(EMBASSY), Arc::new(bench.vault()), bench.salts());
    let context = verbale::tasks::seal::WatchContext::new(fixture::key().name().clone());
    let (store, watching) = (bench.store.clone(), bench.watching());
    let mut watcher = verbale::tasks::seal::Watcher::new(platform, store, vault, behind, salts, watching, context);
    bench.send("NOTE of tomorrow");
    for _ in 0..60 {
        watcher.tick().await.unwrap();
        bench.world.clock().advance_ms(MINUTE_MS / 3);
    }
    assert_eq!(bench.sealed().await, 0);
    assert!(trouble(&bench, "watcher").await.contains("this machine's clock says"));
}

/// What `status` says of a task that is held up.
async fn trouble(bench: &Workbench, name: &str) -> String {
    let reports = bench.store.task_reports().await.unwrap();
    reports.into_iter().find(|one| one.name == name).and_then(|one| one.trouble).expect("it has a problem")
}

/// The answer is lost, somebody deletes the post before it is found, and the platform remembers it for days.
#[tokio::test]
async fn a_post_that_was_deleted_before_it_was_found_is_made_again() {
    let bench = Workbench::new(Settings { duplicates_outlive_deletion: true, ..Settings::without_limits() });
    let mut watcher = bench.watcher();
    run(&bench, &mut watcher, MINUTE_MS).await;
    bench.send("NOTE 1");
    run(&bench, &mut watcher, 3 * MINUTE_MS).await;
    bench.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, Moment::After, How::Cut)));
    let mut publisher = bench.publisher();
    publisher.tick().await.unwrap();
    bench.world.with(|world, _| {
        let id = world.posts().next().unwrap().id;
        world.delete_post(EMBASSY, id).unwrap();
    });
    run(&bench, &mut publisher, 2 * DAY_MS).await;
    bench.world.with(|world, _| world.settings.refuses_duplicates = false);
    run(&bench, &mut publisher, 2 * DAY_MS).await;
    let entries = bench.store.entries(0, 10).await.unwrap();
    let entries: Vec<Entry> = entries.iter().map(|line| Entry::parse(line.as_bytes()).unwrap()).collect();
    assert!(matches!(entries[..], [Entry::Note { .. }, Entry::Post { .. }]), "{entries:?}");
}

/// The ministry gives up its name, and somebody else takes it.
#[tokio::test]
async fn a_name_that_changes_hands_means_whom_it_first_meant() {
    let bench = Workbench::new(Settings::without_limits());
    let watching = || {
        let rule = Rule { correspondents: vec![Correspondent::parse("Ministry").unwrap()], formal: Formal::All };
        let settings = WatchSettings { rule: vec![rule], ..bench.watching() };
        let (platform, vault) = (bench.platform(EMBASSY), Arc::new(bench.vault()));
        bench.watcher_of(platform, vault, settings)
    };
    run(&bench, &mut watching(), MINUTE_MS).await;
    bench
        .world
        .with(|world, _| world.user_mut(MINISTRY).unwrap().account.name = AccountName::parse("foreign").unwrap());
    for squatted in [false, true] {
        if squatted {
            let squatter = Account::parse("99 ministry").unwrap();
            bench.world.with(|world, now| drop(world.add_user(now, squatter).account.clone()));
        }
        bench.send("to the ministry, whatever its name");
        run(&bench, &mut watching(), 3 * MINUTE_MS).await;
    }
    assert_eq!(bench.sealed().await, 2);
}

/// An earlier log, a trial perhaps, has posted from the same account.
#[tokio::test]
async fn posts_of_an_earlier_log_stop_the_program_until_it_is_told_of_them() {
    let bench = Workbench::new(Settings::without_limits());
    let (size, root) = (9, Hash::of(b"another log"));
    let text = PostText::Note { note: 5, commitment: Hash::of(b"another note"), size, root }.to_text();
    bench.world.with(|world, now| world.post(now, EMBASSY, Draft { text: &text, ..Draft::default() })).unwrap();
    bench.world.clock().advance_ms(MINUTE_MS);
    let error = bench.publisher().tick().await.unwrap_err().to_string();
    assert!(error.contains("shows the head of a log of 9 entries") && error.contains("ignore_posts_until"), "{error}");
    let settings = PublishSettings { ignore_posts_until: Some(bench.clock().now()), ..bench.publishing() };
    let mut told = bench.publisher_of(bench.platform(EMBASSY), bench.clock(), settings);
    assert!(matches!(told.tick().await.unwrap(), Next::Idle(_)));
}
