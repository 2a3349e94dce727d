//! Our own posts, read again: deleted, edited, hidden, withheld, and what cannot be read.

use std::time::Duration;

use serde_json::json;
use verbale::base::ids::PostId;
use verbale::platform::price::Billed;
use verbale::sandbox::EMBASSY;
use verbale::sandbox::world::{Body, Call, Draft, Fault, How, Moment, Settings, World};
use verbale::store::Store;
use verbale::tasks::monitor::{Monitor, MonitorSettings};
use verbale::tasks::post::PublishSettings;
use verbale::tlog::entry::{Entry, Loss};
use verbale::wording::post::PostText;

use crate::support::harness::EVERY;
use crate::support::relay::Answer;
use crate::support::weather_story::{Story, Way};
use crate::support::workbench::{Workbench, run};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

fn monitor(bench: &Workbench, reads_a_day: u64) -> Monitor {
    let settings = MonitorSettings { reads_a_day, ..MonitorSettings::default() };
    Monitor::new(bench.platform(EMBASSY), bench.store.clone(), bench.clock(), &settings)
}

/// A log with this number of notes, each posted alone.
async fn posted(settings: Settings, notes: u64) -> (Workbench, Vec<PostId>) {
    let bench = Workbench::new(settings);
    run(&bench, &mut bench.watcher(), MINUTE_MS).await;
    for note in 0..notes {
        bench.send(&format!("NOTE {note}"));
    }
    run(&bench, &mut bench.watcher(), 10 * MINUTE_MS).await;
    let settings = PublishSettings { run_over: 1000, ..bench.publishing() };
    run(&bench, &mut bench.publisher_of(bench.platform(EMBASSY), bench.clock(), settings), MINUTE_MS).await;
    let posts = bench.world.with(|world, _| world.posts().map(|post| post.id).collect());
    (bench, posts)
}

async fn losses(store: &Store) -> Vec<(PostId, Loss)> {
    let entries = store.entries(0, 1000).await.unwrap();
    let entries = entries.iter().map(|line| Entry::parse(line.as_bytes()).unwrap());
    entries
        .filter_map(|entry| if let Entry::Lost { post, how, .. } = entry { Some((post.id, how)) } else { None })
        .collect()
}

async fn trouble(store: &Store) -> Option<String> {
    let reports = store.task_reports().await.unwrap();
    reports.into_iter().find(|one| one.name == "monitor").and_then(|one| one.trouble)
}

fn reads(bench: &Workbench) -> u64 {
    bench.world.with(|world, _| world.counts().of(Call::ReadPost))
}

/// How the platform does something to a post.
type Fate = fn(&mut World, PostId);

/// What becomes of a post, as the log says it, and how the platform does it.
fn fates() -> [(Loss, Fate); 4] {
    [
        (Loss::Deleted, |world, id| assert!(world.delete_post(EMBASSY, id).unwrap())),
        (Loss::Hidden, |world, id| assert!(world.hide_post(id, true))),
        (Loss::Hidden, |world, id| assert!(world.withhold_post(id, vec!["XY".to_owned()]))),
        (Loss::Edited, |world, id| {
            world.user_mut(EMBASSY).unwrap().premium = true;
            let now = verbale::base::ids::Channel::X.moment(id).plus_ms(MINUTE_MS);
            world.post(now, EMBASSY, Draft { text: "Other words", edits: Some(id), ..Draft::default() }).unwrap();
        }),
    ]
}

#[tokio::test]
async fn a_post_that_is_lost_is_entered_once_and_the_head_is_posted_again() {
    for (how, happens) in fates() {
        let (bench, posts) = posted(Settings::without_limits(), 2).await;
        let mut monitor = monitor(&bench, 100);
        run(&bench, &mut monitor, 12 * MINUTE_MS).await;
        assert_eq!(losses(&bench.store).await, []);
        bench.world.with(|world, _| happens(world, posts[0]));
        run(&bench, &mut monitor, 65 * MINUTE_MS).await;
        assert_eq!(losses(&bench.store).await, [], "it is not believed at once");
        run(&bench, &mut monitor, 65 * MINUTE_MS).await;
        assert_eq!(losses(&bench.store).await, [(posts[0], how)]);
        run(&bench, &mut monitor, 3 * DAY_MS).await;
        assert_eq!(losses(&bench.store).await, [(posts[0], how)], "once");

        let mut publisher = bench.publisher();
        run(&bench, &mut publisher, MINUTE_MS).await;
        let size = bench.store.size().await.unwrap();
        let again = bench.world.with(|world, _| world.posts().last().unwrap().written.clone());
        let PostText::Heartbeat { size: shown, root, .. } = PostText::parse(&again).unwrap() else { panic!("{again}") };
        assert_eq!((shown, Some(root)), (size, bench.store.root_at(size).await.unwrap()), "{how}");
        let made = bench.posts();
        run(&bench, &mut publisher, 3 * HOUR_MS).await;
        assert_eq!(bench.posts(), made, "once");
        assert_eq!(trouble(&bench.store).await, None);
    }
}

/// What cannot be read is never lost, however long.
#[tokio::test]
async fn what_cannot_be_read_is_told_and_never_lost() {
    for how in [
        How::Status { code: 503, body: Body::Html },
        How::Status { code: 404, body: Body::Problem },
        How::Status { code: 403, body: Body::Problem },
        How::Status { code: 200, body: Body::Garbage },
        How::Unauthorized,
        How::Suspended,
        How::Cut,
    ] {
        let (bench, posts) = posted(Settings::without_limits(), 2).await;
        let mut monitor = monitor(&bench, 1000);
        let fault = Fault { call: Some(Call::ReadPost), at: Moment::Before, how, times: u32::MAX };
        bench.world.with(|world, _| world.add_fault(fault));
        run(&bench, &mut monitor, 2 * DAY_MS).await;
        assert_eq!(losses(&bench.store).await, [], "{how:?}");
        assert!(trouble(&bench.store).await.is_some(), "{how:?}");
        bench.world.with(|world, _| world.clear_faults());
        run(&bench, &mut monitor, 2 * HOUR_MS).await;
        assert_eq!((losses(&bench.store).await, trouble(&bench.store).await), (vec![], None), "{how:?}");
        drop(posts);
    }
}

/// The platform forgets everything for an hour: nothing of it is believed.
#[tokio::test]
async fn nothing_is_believed_while_no_other_post_can_be_read() {
    let (bench, posts) = posted(Settings::without_limits(), 3).await;
    let mut monitor = monitor(&bench, 1000);
    let hide =
        |is_hidden| bench.world.with(|world, _| assert!(posts.iter().all(|post| world.hide_post(*post, is_hidden))));
    hide(true);
    run(&bench, &mut monitor, 12 * HOUR_MS).await;
    assert_eq!(losses(&bench.store).await, []);
    assert!(trouble(&bench.store).await.unwrap().contains("seems hidden"));
    hide(false);
    run(&bench, &mut monitor, 2 * HOUR_MS).await;
    assert_eq!((losses(&bench.store).await, trouble(&bench.store).await), (vec![], None));
}

/// A post that is gone for a moment was only late.
#[tokio::test]
async fn what_comes_back_within_the_hour_was_not_lost() {
    let (bench, posts) = posted(Settings::without_limits(), 2).await;
    let mut monitor = monitor(&bench, 1000);
    bench.world.with(|world, _| world.hide_post(posts[1], true));
    run(&bench, &mut monitor, 30 * MINUTE_MS).await;
    bench.world.with(|world, _| world.hide_post(posts[1], false));
    run(&bench, &mut monitor, DAY_MS).await;
    bench.world.with(|world, _| world.hide_post(posts[1], true));
    run(&bench, &mut monitor, 30 * MINUTE_MS).await;
    assert_eq!(losses(&bench.store).await, [], "an earlier doubt does not count");
}

#[tokio::test]
async fn young_posts_are_read_often_and_old_ones_within_the_budget() {
    let (bench, posts) = posted(Settings::of_x(), 20).await;
    assert_eq!(posts.len(), 20);
    let mut watching = monitor(&bench, 100);
    run(&bench, &mut watching, 2 * HOUR_MS).await;
    assert_eq!(reads(&bench), 40, "after ten minutes and an hour");
    run(&bench, &mut watching, 30 * HOUR_MS).await;
    assert_eq!(reads(&bench), 60, "after a day");
    run(&bench, &mut watching, 8 * DAY_MS).await;
    assert_eq!(reads(&bench), 80, "after a week");
    run(&bench, &mut watching, 32 * DAY_MS).await;
    assert_eq!(reads(&bench), 100, "after a month");
    // What a day may cost.
    let mut poor = monitor(&bench, 3);
    let before = bench.world.with(|world, _| world.counts().billed.get(&Billed::OwnedRead).copied().unwrap());
    run(&bench, &mut poor, 40 * DAY_MS).await;
    let after = bench.world.with(|world, _| world.counts().billed.get(&Billed::OwnedRead).copied().unwrap());
    assert_eq!(after - before, 20, "each once in a month");
    assert_eq!(losses(&bench.store).await, []);
}

/// A log with three posts, which are read again over HTTP.
async fn three_posts() -> (Story, Vec<PostId>) {
    let mut story = Story::begin(Way::Http, Settings::without_limits()).await;
    story.harness.running = &EVERY;
    for number in 0..3 {
        story.send(&number.to_string());
        story.pass(Duration::from_secs(180)).await;
    }
    let posts = story.harness.world.with(|world, _| world.posts().map(|post| post.id).collect());
    (story, posts)
}

/// What a post of ours may be answered with, again and again, by a platform that shows all others.
fn unreadable() -> Vec<Answer> {
    let other = json!({ "data": { "id": "5", "text": "x", "author_id": EMBASSY.to_string() } });
    let bare = json!({ "title": "Forbidden", "detail": "Forbidden", "type": "about:blank", "status": 403 });
    vec![Answer::json(503, &json!({})), Answer::json(200, &other), Answer::json(403, &bare)]
}

fn answer_always(story: &Story, post: PostId, with: &Answer) {
    let with = with.clone();
    story.relay().bend(&format!("GET /2/tweets/{post}"), move |_, answer| {
        (answer.status, answer.body) = (with.status, with.body.clone());
    });
}

fn lost(story: &Story) -> Vec<(PostId, Loss)> {
    let lost = |entry| if let Entry::Lost { post, how, .. } = entry { Some((post.id, how)) } else { None };
    story.entries().into_iter().filter_map(lost).collect()
}

/// One odd answer holds up nothing.
#[tokio::test]
async fn a_post_that_cannot_be_read_puts_off_no_other() {
    for answer in unreadable() {
        let (mut story, posts) = three_posts().await;
        answer_always(&story, posts[0], &answer);
        story.harness.world.with(|world, _| assert!(world.delete_post(EMBASSY, posts[1]).unwrap()));
        story.pass(Duration::from_secs(4 * 3_600)).await;
        assert_eq!(lost(&story), [(posts[1], Loss::Deleted)], "{}", answer.status);
        let told = trouble(story.harness.store()).await.unwrap_or_default();
        assert!(told.contains(&posts[0].to_string()), "{told}");
        story.relay().straighten();
        story.pass(Duration::from_secs(2 * 3_600)).await;
        assert_eq!(trouble(story.harness.store()).await, None, "{}", answer.status);
    }
}

/// Another post shows that the platform shows posts; which one does not matter.
#[tokio::test]
async fn one_other_post_that_cannot_be_read_ends_no_doubt() {
    for answer in unreadable() {
        let (mut story, posts) = three_posts().await;
        answer_always(&story, posts[2], &answer);
        story.harness.world.with(|world, _| assert!(world.delete_post(EMBASSY, posts[0]).unwrap()));
        story.pass(Duration::from_secs(4 * 3_600)).await;
        assert_eq!(lost(&story), [(posts[0], Loss::Deleted)], "{}", answer.status);
    }
}
