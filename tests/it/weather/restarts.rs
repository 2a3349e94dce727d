//! The daemon is started again while the list of all messages cannot be read: what goes to correspondents is found in the
//! conversations with them.

use std::time::Duration;

use serde_json::json;
use verbale::sandbox::world::{Body, Call, How, Settings};

use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "the daemon is started again while X answers 503 to the reading of the list for two hours": unavailable,
    "the same with 403, without a reason": refused,
    "the same with 401": unauthorized,
    "the same with 402, no credits": unpaid,
    "the same with 429, until 15 minutes later": limited,
    "the same with a list of no message": empty,
}

const EVENTS: &str = "GET /2/dm_events";
const TIME: Duration = Duration::from_secs(7_200);

/// A daemon that has sealed a note, and is down.
async fn down() -> Story {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.send("1");
    story.pass(Duration::from_secs(300)).await;
    assert_eq!(story.notes(), 1);
    story.kill().await;
    story
}

/// It is started again, and two notes are sent, which are sealed as soon as while it ran.
async fn started_again(mut story: Story) -> Row {
    for text in ["2", "3"] {
        story.send(text);
        story.pass(TIME / 2).await;
    }
    assert_eq!(story.notes(), 3, "the conversations are read");
    let wait = story.longest_wait();
    assert!(wait <= 225, "{wait} s, which is longer than two polls and a half");
    story.clear();
    let row = story.settle().await;
    Row { sealed: format!("each note, at most {wait} s after it was sent"), ..row }
}

async fn failing(how: How) -> Row {
    let story = down().await;
    story.fail_always(Call::Messages, how);
    started_again(story).await
}

async fn unavailable() -> Row {
    failing(How::Status { code: 503, body: Body::Problem }).await
}

async fn refused() -> Row {
    failing(How::Status { code: 403, body: Body::Problem }).await
}

async fn unauthorized() -> Row {
    failing(How::Unauthorized).await
}

async fn unpaid() -> Row {
    failing(How::CreditsDepleted).await
}

async fn limited() -> Row {
    failing(How::RateLimited { wait_ms: 900_000 }).await
}

async fn empty() -> Row {
    let story = down().await;
    story.relay().bend_json(EVENTS, |_, page| *page = json!({ "meta": { "result_count": 0 } }));
    started_again(story).await
}
