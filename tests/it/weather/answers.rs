//! The platform's answers do not fit the question, or come in another form.

use std::io::Write;

use serde_json::json;
use verbale::base::ids::{Channel, MessageId};
use verbale::sandbox::world::{Call, How, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST};

use crate::support::relay::Answer;
use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "a stranger's message ends in half an emoji": half_an_emoji,
    "a stranger's message is dated three hours ahead": a_message_of_the_future,
    "the list has an event of an unknown kind": an_unknown_kind,
    "the messages are packed (gzip)": packed_answers,
    "the reading of messages is refused once for its rate (429), until a moment in milliseconds": a_reset_in_milliseconds,
    "the reading of messages is refused once (403), without a reason": a_bare_refusal,
    "the answer to a post names a post of yesterday": an_answer_of_yesterday,
    "a post is refused once as automated (403, code 226)": an_automated_refusal,
}

const EVENTS: &str = "GET /2/dm_events";

/// A stranger's message, changed in every listing, and a formal one after it.
async fn with_stranger(change: impl Fn(&mut serde_json::Value) + Send + 'static) -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    let stranger = JOURNALIST.to_string();
    story.relay().bend_json(EVENTS, move |_, page| {
        let events = page["data"].as_array_mut().into_iter().flatten();
        events.filter(|event| event["sender_id"] == stranger.as_str()).for_each(&change);
    });
    story.send_as(JOURNALIST, EMBASSY, "STRANGER", false);
    story.send("1");
    story.settle().await
}

async fn half_an_emoji() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.relay().bend(EVENTS, |_, answer| answer.replace("STRANGER", "hi \\ud83d"));
    story.send_as(JOURNALIST, EMBASSY, "STRANGER", false);
    story.send("1");
    story.settle().await
}

async fn a_message_of_the_future() -> Row {
    let later = verbale::base::time::Time::from_ms(crate::support::harness::START_MS + 3 * 3_600_000);
    let later = MessageId::first_at(later).to_string();
    with_stranger(move |event| event["id"] = json!(later)).await
}

async fn an_unknown_kind() -> Row {
    with_stranger(|event| event["event_type"] = json!("MessageForwarded")).await
}

async fn packed_answers() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.relay().bend(EVENTS, |_, answer| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(&answer.body).unwrap();
        answer.body = writer.finish().unwrap();
        answer.headers.insert("content-encoding", "gzip".parse().unwrap());
    });
    story.send("1");
    story.settle().await
}

async fn a_reset_in_milliseconds() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    let reset = story.harness.now().plus_ms(120_000).ms().to_string();
    let mut is_first = true;
    story.relay().bend(EVENTS, move |_, answer| {
        if std::mem::take(&mut is_first) {
            answer.status = 429;
            answer.body = br#"{"title":"Too Many Requests","type":"about:blank","status":429}"#.to_vec();
            answer.headers.insert("x-rate-limit-remaining", "0".parse().unwrap());
            answer.headers.insert("x-rate-limit-reset", reset.parse().unwrap());
        }
    });
    story.send("1");
    story.settle().await
}

async fn a_bare_refusal() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    let body = json!({ "title": "Forbidden", "detail": "Forbidden", "type": "about:blank", "status": 403 });
    story.relay().refuse(EVENTS, 1, Answer::json(403, &body));
    story.send("1");
    story.settle().await
}

async fn an_answer_of_yesterday() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    let yesterday = Channel::X.first_at(story.harness.now().plus_ms(-86_400_000)).to_string();
    let mut is_first = true;
    story.relay().bend_json("POST /2/tweets", move |_, body| {
        if std::mem::take(&mut is_first) {
            body["data"]["id"] = json!(yesterday);
        }
    });
    story.send("1");
    let row = story.settle().await;
    assert_eq!(row.posted, "each note, once");
    row
}

async fn an_automated_refusal() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    story.fail(Call::CreatePost, How::Automated, 1);
    story.send("1");
    story.settle().await
}
