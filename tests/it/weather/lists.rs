//! The list of messages does not end, its marks are of no use, or its pages are too large.

use std::time::Duration;

use serde_json::json;
use verbale::sandbox::world::{Call, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, MINISTRY};

use crate::support::relay::Answer;
use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "the first page of the list comes again and again, each time with another mark": random_marks,
    "every mark of a place in the list is refused (400) for half an hour, with 300 messages to read": refused_marks,
    "the same, and X does not say how many calls are left": refused_marks_without_limits,
    "twice, a page is larger than an answer may be, with 300 messages to read": large_pages,
    "no message is listed for an hour": nothing_listed,
    "no message is listed for three days": nothing_listed_for_days,
}

const EVENTS: &str = "GET /2/dm_events";
const HALF_AN_HOUR: Duration = Duration::from_secs(1_800);

/// No answer of X may be larger.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// A correspondent writes much.
fn pour(story: &Story, count: u64) {
    story.harness.world.with(|world, now| {
        for number in 0..count {
            world.send(now, MINISTRY, EMBASSY, &Outgoing::text(&format!("{number} of many"))).unwrap();
        }
    });
    story.harness.advance(1_000);
}

async fn random_marks() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    let mut first: Option<Vec<u8>> = None;
    let mut count = 0;
    story.relay().bend(EVENTS, move |asked, answer| {
        count += 1;
        if let Some(first) = first.as_ref().filter(|_| asked.parameter("pagination_token").is_some()) {
            answer.status = 200;
            answer.body = first.clone();
        }
        answer.change_json(|page| page["meta"]["next_token"] = json!(format!("7140dibdnow9c7btw4b{count:013}")));
        first = Some(answer.body.clone());
    });
    story.send("1");
    let before = story.calls(Call::Messages);
    story.pass(Duration::from_secs(900)).await;
    let calls = story.calls(Call::Messages) - before;
    assert!(calls <= 30, "two windows of X have 30 calls, not {calls}");
    story.settle().await
}

async fn refused_marks() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    refuse_marks(&story);
    story.send("1");
    pour(&story, 300);
    story.pass(HALF_AN_HOUR).await;
    story.clear();
    story.settle().await
}

fn refuse_marks(story: &Story) {
    story.relay().instead(EVENTS, |asked| {
        let problem = json!({
            "title": "Invalid Request", "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.x.com/2/problems/invalid-request", "status": 400,
        });
        asked.parameter("pagination_token").map(|_| Answer::json(400, &problem))
    });
}

async fn large_pages() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    let mut left = 2;
    story.relay().bend(EVENTS, move |asked, answer| {
        let size: u64 = asked.parameter("max_results").unwrap().parse().unwrap();
        if 10 < size && 0 < left {
            left -= 1;
            // Space after the JSON means nothing.
            answer.body.resize(ANSWER_BYTES_MAX + 1, b' ');
        }
    });
    let before = story.relay().asked(EVENTS).len();
    story.send("1");
    pour(&story, 300);
    story.pass(Duration::from_secs(120)).await;
    let sizes: Vec<String> = story.relay().asked(EVENTS)[before..]
        .iter()
        .map(|asked| asked.parameter("max_results").unwrap().into())
        .collect();
    assert!(sizes.contains(&"10".to_owned()) && sizes.contains(&"80".to_owned()), "{sizes:?}");
    story.settle().await
}

async fn nothing_listed() -> Row {
    empty_for(2 * HALF_AN_HOUR, &[]).await
}

async fn nothing_listed_for_days() -> Row {
    empty_for(Duration::from_secs(3 * 86_400), &["the platform lists no message, though it listed some before"]).await
}

/// The list is empty for this time, and three notes are sent in it. The log has these gaps, each once.
async fn empty_for(time: Duration, gaps: &[&str]) -> Row {
    let mut story = Story::begin(Way::Http, Settings::without_limits()).await;
    story.send("1");
    story.pass(Duration::from_secs(300)).await;
    story.relay().bend_json(EVENTS, |_, page| *page = json!({ "meta": { "result_count": 0 } }));
    let before = story.relay().asked(EVENTS).len();
    for text in ["2", "3", "4"] {
        story.send(text);
        story.pass(time / 3).await;
    }
    assert_eq!(story.notes(), 4, "the conversations are read");
    let (calls, polls) = (story.relay().asked(EVENTS).len() - before, time.as_secs() as usize / 90);
    assert!(calls <= 3 * polls, "{calls} calls in {polls} polls");
    let wait = story.longest_wait();
    assert!(wait <= 225, "{wait} s, which is longer than two polls and a half");
    assert_eq!(story.gaps(), gaps);
    story.clear();
    let row = story.settle().await;
    Row { sealed: format!("each note, at most {wait} s after it was sent"), ..row }
}

/// Without a word about how many calls are left, a part of which the marks are refused is begun once in a round.
async fn refused_marks_without_limits() -> Row {
    let mut story = Story::begin(Way::Http, Settings::without_limits()).await;
    refuse_marks(&story);
    story.send("1");
    pour(&story, 300);
    let before = story.relay().asked(EVENTS).len();
    story.pass(HALF_AN_HOUR).await;
    let calls = story.relay().asked(EVENTS).len() - before;
    assert!(calls <= 5 * 20, "{calls} calls in 20 polls");
    story.clear();
    story.settle().await
}
