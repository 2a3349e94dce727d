//! Somebody writes more than the platform lets the daemon read at once, or more than strangers may cost.

use std::time::Duration;

use verbale::base::ids::{AccountId, MessageId};
use verbale::sandbox::world::{Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY, World};

use crate::support::harness::CONSULATE;
use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "10,000 messages of strangers come at once, and a note is the newest": newest_of_a_flood,
    "10,000 messages of strangers come at once, and a note is in their middle": middle_of_a_flood,
    "10,000 messages of strangers come at once, and a note is older than all of them": oldest_of_a_flood,
    "50,000 messages of strangers come while the daemon is down for six hours, and a note is older than all of them": missed,
    "3,000 messages of strangers come at once, and the first note to a new group is older than all of them": new_group,
    "1,300 messages of strangers that cannot be read come at once, and the first note to a new group is older than all of them": unreadable,
    "a correspondent writes 5,000 messages while the daemon is down for an hour, and a note is older than all of them": talkative,
    "the same, while strangers have used up what they may cost": talkative_among_strangers,
    "strangers have used up what they may cost, and a note goes to one of two correspondents every five minutes": meanwhile,
    "the account itself writes 3,000 messages to others at once, and a note is older than all of them": own_flood,
}

const EVENTS: &str = "GET /2/dm_events";
const HOUR: Duration = Duration::from_secs(3_600);

/// So many messages at once.
fn pour(story: &Story, from: AccountId, to: AccountId, count: u64) {
    story.harness.world.with(|world, now| {
        for number in 0..count {
            world.send(now, from, to, &Outgoing::text(&format!("{number} of many"))).unwrap();
        }
    });
    story.harness.advance(1_000);
}

/// Strangers write so many messages before and after a note.
async fn around(before: u64, after: u64) -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    pour(&story, JOURNALIST, EMBASSY, before);
    story.send("1");
    pour(&story, JOURNALIST, EMBASSY, after);
    let row = story.settle().await;
    assert!(row.told.contains("strangers have sent "), "{}", row.told);
    row
}

async fn newest_of_a_flood() -> Row {
    around(10_000, 0).await
}

async fn middle_of_a_flood() -> Row {
    around(5_000, 5_000).await
}

async fn oldest_of_a_flood() -> Row {
    around(0, 10_000).await
}

async fn missed() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    story.kill().await;
    story.send("1");
    for _ in 0..6 {
        pour(&story, JOURNALIST, EMBASSY, 50_000 / 6 + 1);
        story.harness.advance(3_600_000);
    }
    story.clear();
    story.settle().await
}

async fn new_group() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    let id = story.harness.world.with(group);
    story.owe(id);
    pour(&story, JOURNALIST, EMBASSY, 3_000);
    // Days are to pass.
    story.harness.poll = Duration::from_secs(900);
    story.kill().await;
    story.patience = Duration::from_secs(5 * 86_400);
    story.settle().await
}

/// They are counted as those that can be read.
async fn unreadable() -> Row {
    let mut story = Story::begin(Way::Http, Settings::without_limits()).await;
    let stranger = JOURNALIST.to_string();
    story.relay().bend_json(EVENTS, move |_, page| {
        for event in page["data"].as_array_mut().into_iter().flatten() {
            if event["sender_id"] == stranger.as_str() {
                event["dm_conversation_id"] = serde_json::Value::Null;
            }
        }
    });
    let id = story.harness.world.with(group);
    story.owe(id);
    pour(&story, JOURNALIST, EMBASSY, 1_300);
    let before = story.relay().asked(EVENTS).len();
    story.pass(HOUR).await;
    let calls = story.relay().asked(EVENTS).len() - before;
    assert!(calls <= 60, "{calls} calls in 40 polls");
    story.harness.poll = Duration::from_secs(900);
    story.kill().await;
    story.patience = Duration::from_secs(5 * 86_400);
    let row = story.settle().await;
    assert!(!row.sealed.contains("never") && row.told.contains("strangers have sent "), "{row:?}");
    row
}

fn group(world: &mut World, now: verbale::base::time::Time) -> MessageId {
    world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &Outgoing::text("NOTE to a group")).unwrap().1
}

async fn talkative() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    story.kill().await;
    story.send("1");
    pour(&story, MINISTRY, EMBASSY, 5_000);
    story.harness.advance(3_600_000);
    story.clear();
    story.settle().await
}

async fn talkative_among_strangers() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    story.kill().await;
    story.send("1");
    pour(&story, MINISTRY, EMBASSY, 5_000);
    pour(&story, JOURNALIST, EMBASSY, 10_000);
    story.harness.advance(3_600_000);
    story.clear();
    story.settle().await
}

/// Their conversations are read in turn, as fast as X allows for as long as it is needed.
async fn meanwhile() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    story.send("0");
    pour(&story, JOURNALIST, EMBASSY, 10_000);
    story.pass(HOUR / 4).await;
    for number in 1..=9 {
        story.send_as(EMBASSY, [MINISTRY, CONSULATE][number % 2], &format!("NOTE {number}"), true);
        story.pass(Duration::from_secs(300)).await;
    }
    let wait = story.longest_wait();
    assert!(wait <= 180, "{wait} s, which is longer than two polls");
    let row = story.settle().await;
    Row { sealed: format!("each note, at most {wait} s after it was sent"), ..row }
}

async fn own_flood() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    story.send("1");
    pour(&story, EMBASSY, JOURNALIST, 3_000);
    story.pass(HOUR).await;
    story.settle().await
}
