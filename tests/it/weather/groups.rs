//! To whom a message went cannot be told, or not certainly.

use std::time::Duration;

use verbale::sandbox::world::{Body, Call, How, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::harness::CONSULATE;
use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "a correspondent's name cannot be looked up (503) for an hour after the first start; a note goes to it, and one to another": unread_name,
    "X does not know a correspondent's name for three hours after the first start; a note goes to it, and one to another": unknown_name,
    "X does not say for an hour (503) who is in a group": group_unread,
    "X does not show who joined a group, so that its members are not certainly all": group_incomplete,
    "the same, of a group whose members were certain before": group_known,
}

const HOUR: Duration = Duration::from_secs(3_600);

/// Who joined and left a group.
const GROUP_EVENTS: &str = "GET /2/dm_conversations/*/dm_events";

/// Notes to a correspondent named by its name, and to one named by its number.
async fn two_notes(story: &mut Story, time: Duration) {
    story.pass(Duration::from_secs(120)).await;
    story.send("1");
    story.send_as(EMBASSY, CONSULATE, "NOTE 2", true);
    story.pass(time).await;
    assert_eq!(story.notes(), 1, "what is surely not for that name is sealed");
}

async fn unread_name() -> Row {
    let mut story = Story::new(Way::Direct, Settings::of_x()).await;
    story.fail_always(Call::UserByName, How::Status { code: 503, body: Body::Problem });
    two_notes(&mut story, HOUR).await;
    story.clear();
    story.settle().await
}

async fn unknown_name() -> Row {
    let mut story = Story::new(Way::Direct, Settings::of_x()).await;
    let rename = |story: &Story, name: &str| {
        let name = verbale::base::ids::AccountName::parse(name).unwrap();
        story.harness.world.with(|world, _| world.user_mut(MINISTRY).unwrap().account.name = name);
    };
    rename(&story, "elsewhere");
    two_notes(&mut story, 3 * HOUR).await;
    rename(&story, "ministry");
    story.clear();
    story.settle().await
}

/// A note to a group of the ministry.
fn send_to_group(story: &mut Story) -> verbale::base::ids::ConversationId {
    let what = Outgoing::text("NOTE to a group");
    let made =
        story.harness.world.with(|world, now| world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &what).unwrap());
    story.owe(made.1);
    story.harness.advance(1_000);
    made.0
}

async fn group_unread() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.fail_always(Call::ConversationMessages, How::Status { code: 503, body: Body::Problem });
    send_to_group(&mut story);
    story.pass(HOUR).await;
    story.clear();
    story.settle().await
}

/// X shows nobody joining any more.
fn hide_joins(story: &Story) {
    story.relay().bend_json(GROUP_EVENTS, |_, page| {
        if let Some(events) = page["data"].as_array_mut() {
            events.retain(|event| event["event_type"] != "ParticipantsJoin");
        }
    });
}

async fn group_incomplete() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    hide_joins(&story);
    send_to_group(&mut story);
    story.patience = HOUR;
    story.settle().await
}

async fn group_known() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    let group = send_to_group(&mut story);
    story.pass(HOUR).await;
    hide_joins(&story);
    let what = Outgoing::text("NOTE again");
    let again = story.harness.world.with(|world, now| world.send_in(now, EMBASSY, &group, &what)).unwrap();
    story.owe(again);
    story.settle().await
}
