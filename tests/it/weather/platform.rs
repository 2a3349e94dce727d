//! The platform answers late, wrongly, or not at all.

use std::time::Duration;

use serde_json::json;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST};

use crate::support::weather_story::{DAY, Row, Story, Way};

super::troubles! {
    "nothing": fine_weather,
    "X answers 503 to the reading of messages for 150 s, and 60 messages are missed": a_storm_of_503,
    "the daemon is down for an hour, and three messages are missed": an_hour_down,
    "the first page of the list comes again and again, with the same mark": a_list_that_repeats_itself,
    "a stranger's message is listed without its conversation": a_message_without_conversation,
    "the daemon is started again while X refuses (401) to say who anybody is, for half an hour": nobody_has_a_name,
    "the credentials are refused (401) for ten minutes, as X did in June 2026": a_storm_of_401,
    "the credits are used up (402) for two days, and the daemon is started again meanwhile": a_weekend_without_credits,
}

const EVENTS: &str = "GET /2/dm_events";

async fn fine_weather() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.clear();
    story.send("1");
    let row = story.settle().await;
    assert_eq!(row.told, "nothing");
    row
}

async fn a_storm_of_503() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.fail_always(Call::Messages, How::Status { code: 503, body: Body::Problem });
    for number in 0..60 {
        story.send(&number.to_string());
        story.pass(Duration::from_millis(1_500)).await;
    }
    story.clear();
    story.settle().await
}

async fn an_hour_down() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    story.kill().await;
    for number in 0..3 {
        story.send(&number.to_string());
    }
    story.harness.advance(3_600_000);
    story.clear();
    story.settle().await
}

async fn a_list_that_repeats_itself() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    let mut first: Option<Vec<u8>> = None;
    story.relay().bend(EVENTS, move |asked, answer| {
        match &first {
            Some(first) if asked.parameter("pagination_token").is_some() => answer.body = first.clone(),
            _ => answer.change_json(|page| page["meta"]["next_token"] = json!("7140dibdnow9c7btw4b0000000000001")),
        }
        first = Some(answer.body.clone());
    });
    story.send("1");
    let before = story.calls(Call::Messages);
    story.pass(Duration::from_secs(900)).await;
    let calls = story.calls(Call::Messages) - before;
    assert!(calls <= 30, "two windows of X have 30 calls, not {calls}");
    story.settle().await
}

async fn a_message_without_conversation() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    let stranger = JOURNALIST.to_string();
    story.relay().bend_json(EVENTS, move |_, page| {
        for event in page["data"].as_array_mut().into_iter().flatten() {
            if event["sender_id"] == stranger.as_str() {
                event.as_object_mut().unwrap().remove("dm_conversation_id");
            }
        }
    });
    story.send_as(JOURNALIST, EMBASSY, "hello", false);
    story.send("1");
    story.settle().await
}

async fn a_storm_of_401() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.send("1");
    story.fail_always(Call::Messages, How::Unauthorized);
    story.fail_always(Call::Me, How::Unauthorized);
    story.pass(Duration::from_secs(600)).await;
    story.clear();
    story.settle().await
}

async fn nobody_has_a_name() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.kill().await;
    for call in [Call::Me, Call::UserById, Call::UserByName] {
        story.fail_always(call, How::Unauthorized);
    }
    story.send("1");
    story.pass(Duration::from_secs(300)).await;
    let sealed = story.notes();
    story.pass(Duration::from_secs(1_500)).await;
    story.clear();
    assert_eq!(sealed, 1, "sealing needs nobody's name");
    story.settle().await
}

async fn a_weekend_without_credits() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    let fault = Fault { call: None, at: Moment::Before, how: How::CreditsDepleted, times: u32::MAX };
    story.harness.world.with(|world, _| world.add_fault(fault));
    story.pass(DAY).await;
    story.kill().await;
    story.send("1");
    story.pass(DAY).await;
    story.clear();
    story.settle().await
}
