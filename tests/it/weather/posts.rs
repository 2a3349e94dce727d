//! What becomes of the account's own posts after they were made.

use std::time::Duration;

use verbale::base::ids::PostId;
use verbale::sandbox::EMBASSY;
use verbale::sandbox::world::{Body, Call, Draft, How, Settings, World};

use crate::support::harness::MONITORED;
use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "a post is deleted, ten minutes after it was made": deleted,
    "a post is edited": edited,
    "a post is hidden from everybody": hidden,
    "a post is withheld in one country": withheld,
    "a post is not shown for half an hour": late,
    "all posts of the account are hidden for six hours, and come back": all_hidden,
    "no post can be read for six hours (503)": unreadable,
}

const HOUR: Duration = Duration::from_secs(3_600);

/// A log with two notes, each in a post of its own.
async fn with_posts() -> (Story, Vec<PostId>) {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    story.harness.running = &MONITORED;
    for note in ["1", "2"] {
        story.send(note);
        story.pass(Duration::from_secs(300)).await;
    }
    story.clear();
    let posts: Vec<PostId> = story.posts().iter().map(|(id, _)| *id).collect();
    assert_eq!(posts.len(), 2);
    (story, posts)
}

/// This becomes of the first post, and six hours pass.
async fn happens(what: impl FnOnce(&mut World, PostId)) -> Row {
    let (mut story, posts) = with_posts().await;
    story.pass(Duration::from_secs(600)).await;
    story.harness.world.with(|world, _| what(world, posts[0]));
    story.clear();
    story.pass(6 * HOUR).await;
    story.settle().await
}

async fn deleted() -> Row {
    happens(|world, id| assert!(world.delete_post(EMBASSY, id).unwrap())).await
}

async fn edited() -> Row {
    happens(|world, id| {
        let now = verbale::base::ids::Channel::X.moment(id).plus_ms(60_000);
        world.post(now, EMBASSY, Draft { text: "Other words", edits: Some(id), ..Draft::default() }).unwrap();
    })
    .await
}

async fn hidden() -> Row {
    happens(|world, id| assert!(world.hide_post(id, true))).await
}

async fn withheld() -> Row {
    happens(|world, id| assert!(world.withhold_post(id, vec!["XY".to_owned()]))).await
}

async fn late() -> Row {
    let (mut story, posts) = with_posts().await;
    story.harness.world.with(|world, _| assert!(world.hide_post(posts[1], true)));
    story.pass(Duration::from_secs(1_800)).await;
    story.harness.world.with(|world, _| assert!(world.hide_post(posts[1], false)));
    story.clear();
    story.pass(3 * HOUR).await;
    story.settle().await
}

async fn all_hidden() -> Row {
    let (mut story, posts) = with_posts().await;
    let hide = |story: &Story, is_hidden| {
        story.harness.world.with(|world, _| assert!(posts.iter().all(|post| world.hide_post(*post, is_hidden))));
    };
    hide(&story, true);
    story.pass(6 * HOUR).await;
    hide(&story, false);
    story.clear();
    story.pass(3 * HOUR).await;
    story.settle().await
}

async fn unreadable() -> Row {
    let (mut story, _) = with_posts().await;
    story.fail_always(Call::ReadPost, How::Status { code: 503, body: Body::Problem });
    story.pass(6 * HOUR).await;
    story.clear();
    story.settle().await
}
