//! Two daemons of one log, a database that is older than what was published, and posts that a person made by hand: who
//! notices, who stops, and who goes on.

use tokio::sync::watch;
use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, PostId};
use verbale::base::time::Time;
use verbale::sandbox::EMBASSY;
use verbale::sandbox::world::{Body, Call, Draft, Fault, How, Moment, Settings};
use verbale::store::{Durability, Store};
use verbale::tasks::post::{PublishSettings, Publisher};
use verbale::tasks::task::{Next, Shown, Task};
use verbale::wording::post::PostText;

use crate::support::database;
use crate::support::fixture;
use crate::support::harness::UNKNOWN_OUTCOME_TIMEOUT;
use crate::support::workbench::{Workbench, run};

const MINUTE_MS: i64 = 60_000;

/// A log with one note, posted, and its watcher.
async fn begun(settings: Settings) -> Workbench {
    let bench = Workbench::new(settings);
    run(&bench, &mut bench.watcher(), MINUTE_MS).await;
    seal(&bench, "NOTE 1").await;
    run(&bench, &mut bench.publisher(), 20 * MINUTE_MS).await;
    assert_eq!((bench.sealed().await, bench.posts()), (1, 1));
    bench
}

async fn seal(bench: &Workbench, text: &str) {
    bench.send(text);
    run(bench, &mut bench.watcher(), 3 * MINUTE_MS).await;
}

/// A second installation with a copy of the database as it is now, in the same world.
fn copied(bench: &Workbench, name: &str) -> Workbench {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join(name);
    database::copy(&bench.folder.path().join("verbale.db"), &copy);
    let store = Store::open(&copy, fixture::key(), Durability::Process).unwrap();
    Workbench { world: bench.world.clone(), store, folder }
}

/// What a person posts by hand.
fn by_hand(bench: &Workbench, text: &str) -> PostId {
    let post = bench.world.with(|world, now| world.post(now, EMBASSY, Draft { text, ..Draft::default() }).unwrap().id);
    bench.world.clock().advance_ms(1000);
    post
}

fn made_up(note: u64, size: u64) -> String {
    PostText::Note { note, commitment: Hash::of(b"made up"), size, root: Hash::of(b"made up too") }.to_text()
}

async fn stops(publisher: &mut Publisher) -> String {
    for _ in 0..20 {
        if let Err(error) = publisher.tick().await {
            return format!("{error:#}");
        }
    }
    panic!("it goes on");
}

async fn trouble(store: &Store) -> Option<String> {
    let reports = store.task_reports().await.unwrap();
    reports.into_iter().find(|one| one.name == "publisher").unwrap().trouble
}

/// Lets a publisher do all it can at this moment.
async fn settle(publisher: &mut Publisher) {
    while publisher.tick().await.unwrap() == Next::Now {}
}

#[tokio::test]
async fn of_two_daemons_the_second_shows_no_head() {
    let bench = begun(Settings::without_limits()).await;
    let (mut first, mut second) = (bench.publisher(), None);
    settle(&mut first).await;
    let other = copied(&bench, "verbale.db");
    settle(second.insert(other.publisher())).await;
    seal(&bench, "NOTE 2").await;
    run(&other, &mut other.watcher(), 3 * MINUTE_MS).await;
    assert_eq!((bench.sealed().await, other.sealed().await), (2, 2));
    settle(&mut first).await;
    assert_eq!(bench.posts(), 2);
    let error = stops(second.as_mut().unwrap()).await;
    assert!(
        error.contains("a second daemon of this log is running") && error.contains("this one has to stop"),
        "{error}"
    );
    assert_eq!(bench.posts(), 2, "only one head was shown");
    // The one whose head stands goes on.
    run(&bench, &mut first, 60 * MINUTE_MS).await;
    assert_eq!(trouble(&bench.store).await, None);
}

/// A post of unknown outcome is looked for from the moment at which it was made, not from the one before the comparison.
#[tokio::test]
async fn a_slow_comparison_does_not_make_a_post_of_unknown_outcome_twice() {
    let lag_ms = UNKNOWN_OUTCOME_TIMEOUT.as_millis() as i64 - 10_000;
    let bench = begun(Settings { lag_ms, refuses_duplicates: false, ..Settings::without_limits() }).await;
    let mut publisher = bench.publisher();
    run(&bench, &mut publisher, 20 * MINUTE_MS).await;
    seal(&bench, "NOTE 2").await;
    bench.world.with(|world, _| {
        world.add_fault(Fault::once(Call::Timeline, Moment::Before, How::Delay { ms: 29_000 }));
        world.add_fault(Fault::once(Call::CreatePost, Moment::After, How::Cut));
    });
    while bench.posts() == 1 {
        publisher.tick().await.unwrap();
    }
    // The next process knows no more than what is durable.
    let mut publisher = bench.publisher();
    run(&bench, &mut publisher, 60 * MINUTE_MS).await;
    assert_eq!((bench.posts(), trouble(&bench.store).await), (2, None));
}

/// Both post before either can see the other.
#[tokio::test]
async fn of_two_daemons_that_have_both_shown_a_head_the_later_one_stops() {
    let bench = begun(Settings { lag_ms: 2 * MINUTE_MS, ..Settings::without_limits() }).await;
    let other = copied(&bench, "verbale.db");
    let (mut first, mut second) = (bench.publisher(), other.publisher());
    settle(&mut first).await;
    settle(&mut second).await;
    seal(&bench, "NOTE 2").await;
    run(&other, &mut other.watcher(), 3 * MINUTE_MS).await;
    settle(&mut first).await;
    settle(&mut second).await;
    assert_eq!(bench.posts(), 3, "nobody can know yet");
    bench.world.clock().advance_ms(10 * MINUTE_MS);
    settle(&mut first).await;
    let told = trouble(&bench.store).await.unwrap();
    assert!(told.contains("looks like this log's, and is not"), "{told}");
    let error = stops(&mut second).await;
    assert!(error.contains("this one has to stop"), "{error}");
}

#[tokio::test]
async fn a_post_by_hand_is_told_once_and_does_not_stop_the_next_start() {
    let bench = begun(Settings::without_limits()).await;
    let mut publisher = bench.publisher();
    settle(&mut publisher).await;
    let posts = [
        // A note that was posted already, and the first that nobody has sealed yet, but far away.
        by_hand(&bench, &made_up(1, 1)),
        by_hand(&bench, &made_up(99, 400)),
        // The true head, with a hash that is not under it.
        by_hand(&bench, &{
            let root = bench.store.root_at(1).await.unwrap().unwrap();
            PostText::Note { note: 1, commitment: Hash::of(b"made up"), size: 1, root }.to_text()
        }),
    ];
    run(&bench, &mut publisher, 70 * MINUTE_MS).await;
    assert_eq!(bench.store.strange_posts().await.unwrap(), posts);
    let told = trouble(&bench.store).await.unwrap();
    assert!(told.contains(&format!("post {}, and 2 more", posts[0])) && told.contains("ignore_posts"), "{told}");
    let mut next = bench.publisher();
    settle(&mut next).await;
    assert!(trouble(&bench.store).await.is_some());
    seal(&bench, "NOTE 2").await;
    settle(&mut next).await;
    assert_eq!(bench.posts(), 5, "notes are posted all the same");
    let settings = PublishSettings { ignore_posts: posts.to_vec(), ..bench.publishing() };
    settle(&mut bench.publisher_of(bench.platform(EMBASSY), bench.clock(), settings)).await;
    assert_eq!(trouble(&bench.store).await, None);
}

/// The words are exactly what a second daemon would say.
#[tokio::test]
async fn a_post_by_hand_that_looks_like_a_second_daemon_stops_until_the_operator_says_so() {
    let bench = begun(Settings::without_limits()).await;
    let mut publisher = bench.publisher();
    settle(&mut publisher).await;
    let size = bench.store.size().await.unwrap();
    let post = by_hand(&bench, &made_up(2, size + 1));
    bench.world.clock().advance_ms(60 * MINUTE_MS);
    let error = stops(&mut publisher).await;
    assert!(error.contains(&format!("post {post}")) && error.contains("ignore_posts"), "{error}");
    assert!(stops(&mut bench.publisher()).await.contains("ignore_posts"));
    let settings = PublishSettings { ignore_posts: vec![post], ..bench.publishing() };
    settle(&mut bench.publisher_of(bench.platform(EMBASSY), bench.clock(), settings)).await;
}

/// A post by hand while no daemon ran cannot be told from the last post of a lost database.
#[tokio::test]
async fn what_was_posted_while_no_daemon_ran_stops_the_start() {
    let bench = begun(Settings::without_limits()).await;
    by_hand(&bench, &made_up(99, 400));
    let error = stops(&mut bench.publisher()).await;
    assert!(error.contains("the database is older than what was published"), "{error}");
}

#[tokio::test]
async fn without_a_public_folder_an_old_database_is_noticed_after_the_lag() {
    let bench = begun(Settings { lag_ms: 5 * MINUTE_MS, ..Settings::without_limits() }).await;
    let old = copied(&bench, "verbale.db");
    seal(&bench, "NOTE 2").await;
    settle(&mut bench.publisher()).await;
    assert_eq!(bench.posts(), 2);
    let mut publisher = old.publisher().beside(watch::channel(Shown::Nothing).1);
    let compared = publisher.compared();
    let Next::Wait(until) = publisher.tick().await.unwrap() else { panic!("it does not wait") };
    assert!(!*compared.borrow(), "nothing may be sealed yet");
    assert!(trouble(&old.store).await.unwrap().contains("the public folder shows nothing"));
    assert_eq!(until.ms_since(old.clock().now()), 10 * MINUTE_MS);
    bench.world.clock().advance_ms(10 * MINUTE_MS);
    assert!(stops(&mut publisher).await.contains("older than what was published"));
    assert!(!*compared.borrow());
}

#[tokio::test]
async fn without_a_public_folder_the_newest_database_goes_on_after_the_lag() {
    let bench = begun(Settings::without_limits()).await;
    let mut publisher = bench.publisher().beside(watch::channel(Shown::Nothing).1);
    let begun = bench.clock().now();
    let compared = publisher.compared();
    while !*compared.borrow() {
        run(&bench, &mut publisher, MINUTE_MS).await;
    }
    assert_eq!(bench.clock().now().ms_since(begun), 11 * MINUTE_MS);
    settle(&mut publisher).await;
    assert_eq!(trouble(&bench.store).await, None);
}

/// A start reads one page, a note the posts of the last minutes, and an hour in which nothing happens reads nothing new.
#[tokio::test]
async fn a_comparison_costs_little() {
    let bench = Workbench::new(Settings::of_x());
    bench.world.with(|world, now| {
        for number in 0..250 {
            let text = format!("A post of ordinary words, number {number}");
            world.post(now.plus_ms(-number * MINUTE_MS), EMBASSY, Draft { text: &text, ..Draft::default() }).unwrap();
        }
    });
    bench.world.clock().advance_ms(1000);
    let read = |bench: &Workbench| {
        bench.world.with(|world, _| {
            let counts = world.counts();
            (
                counts.of(Call::Timeline),
                counts.read.get(&verbale::platform::price::Billed::OwnedRead).copied().unwrap_or(0),
            )
        })
    };
    let mut publisher = bench.publisher();
    settle(&mut publisher).await;
    assert_eq!(read(&bench), (1, 100), "one page");
    run(&bench, &mut bench.watcher(), MINUTE_MS).await;
    bench.world.clock().advance_ms(60 * MINUTE_MS);
    settle(&mut publisher).await;
    let (calls, posts) = read(&bench);
    seal(&bench, "NOTE 1").await;
    settle(&mut publisher).await;
    let after = read(&bench);
    assert_eq!((after.0 - calls, after.1 - posts), (2, 1), "before the post and after it, which is read");
    run(&bench, &mut publisher, 30 * MINUTE_MS).await;
    let later = read(&bench);
    assert_eq!((later.0 - after.0, later.1 - after.1), (1, 1), "once more after the lag");
    run(&bench, &mut publisher, 180 * MINUTE_MS).await;
    let quiet = read(&bench);
    assert_eq!((quiet.0 - later.0, quiet.1 - later.1), (3, 1), "an hour apart, the first over the last minutes too");
    run(&bench, &mut publisher, 180 * MINUTE_MS).await;
    assert_eq!(read(&bench).1, quiet.1, "nothing is new");
}

/// The timeline cannot be read for a while: notes are posted all the same, and that it cannot be read is said.
#[tokio::test]
async fn a_timeline_that_cannot_be_read_holds_no_post_up_and_is_said() {
    let bench = begun(Settings::without_limits()).await;
    let mut publisher = bench.publisher();
    settle(&mut publisher).await;
    let down = How::Status { code: 503, body: Body::Html };
    let fault = Fault { call: Some(Call::Timeline), at: Moment::Before, how: down, times: u32::MAX };
    bench.world.with(|world, _| world.add_fault(fault));
    bench.world.clock().advance_ms(MINUTE_MS);
    seal(&bench, "NOTE 2").await;
    settle(&mut publisher).await;
    assert_eq!(bench.posts(), 2);
    let told = trouble(&bench.store).await.unwrap();
    assert!(told.contains("our own posts cannot be compared with the log"), "{told}");
    bench.world.with(|world, _| world.clear_faults());
    run(&bench, &mut publisher, 10 * MINUTE_MS).await;
    assert_eq!(trouble(&bench.store).await, None);
}

/// The moment inside a post's number decides, not this machine's clock.
#[tokio::test]
async fn a_post_of_the_moment_of_the_start_counts_as_older() {
    let bench = begun(Settings::without_limits()).await;
    let text = made_up(99, 400);
    let now: Time = bench.clock().now();
    let post = bench.world.with(|world, now| world.post(now, EMBASSY, Draft { text: &text, ..Draft::default() }));
    assert_eq!(Channel::X.moment(post.unwrap().id), now);
    assert!(stops(&mut bench.publisher()).await.contains("older than what was published"));
}
