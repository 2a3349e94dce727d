//! Correspondents' accounts and conversations change.

use std::time::Duration;

use verbale::base::ids::ConversationId;
use verbale::sandbox::world::{Body, Call, How, Settings};
use verbale::sandbox::{EMBASSY, MINISTRY};
use verbale::store::Reader;
use verbale::tasks::survey::unreached;

use crate::support::database::wait;
use crate::support::harness::SURVEY;
use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "X moves a conversation with a correspondent to its encrypted chat": upgraded,
    "a correspondent lets the messages of a conversation disappear after an hour": disappearing,
    "X refuses to list the conversations (403), so that nobody sees whether they are encrypted": refused,
    "what X lists of conversations has an element that cannot be read": odd_element,
    "a correspondent unfollows, and takes messages only from those whom it follows": unfollowed,
    "X suspends a correspondent's account right after a note was sent, and lifts that after a day": suspended,
    "X does not say for a day whether a correspondent takes messages (503)": unsaid,
}

const HOUR: Duration = Duration::from_secs(3_600);

async fn begin() -> Story {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.harness.running = &SURVEY;
    story.harness.world.with(|world, _| world.set_follows(MINISTRY, EMBASSY, true));
    story.send("1");
    story.pass(HOUR).await;
    assert_eq!(story.gaps(), Vec::<String>::new());
    story
}

fn conversation() -> ConversationId {
    ConversationId::between(EMBASSY, MINISTRY)
}

async fn upgraded() -> Row {
    let mut story = begin().await;
    story.harness.world.with(|world, now| world.upgrade(now, &conversation()));
    story.send("2");
    story.pass(6 * HOUR).await;
    assert_eq!(story.gaps().len(), 1, "once");
    story.patience = HOUR;
    story.settle().await
}

async fn disappearing() -> Row {
    let mut story = begin().await;
    story.harness.world.with(|world, _| world.set_ttl(&conversation(), Some(3_600_000)));
    story.send("2");
    story.settle().await
}

async fn refused() -> Row {
    let mut story = begin().await;
    story.fail_always(Call::Chats, How::Status { code: 403, body: Body::Problem });
    story.send("2");
    story.settle().await
}

async fn odd_element() -> Row {
    let mut story = begin().await;
    story.relay().bend_json("GET /2/chat/conversations", |_, page| {
        if let Some(element) = page["data"].get_mut(0) {
            element["newest_event_id"] = serde_json::json!(7);
        }
    });
    story.send("2");
    story.settle().await
}

/// What the daemon knows of the ministry is no trouble of its own: it is shown with its date.
async fn unfollowed() -> Row {
    let mut story = begin().await;
    story.harness.world.with(|world, _| {
        world.settings.refuses_closed = false;
        world.set_inbox_closed(MINISTRY, true);
        world.set_follows(MINISTRY, EMBASSY, false);
    });
    story.pass_slowly(24 * HOUR).await;
    let told = told_of_recipients(&story);
    assert!(
        told.len() == 1 && told[0].contains("@ministry (783214) takes no messages from this account since "),
        "{told:?}"
    );
    story.send("2");
    let row = story.settle().await;
    Row { told: "`status`, `notes`, `send`: that the account takes no messages from this one, since when, and when X said so; the notes from then on say so too".to_owned(), ..row }
}

async fn suspended() -> Row {
    let mut story = begin().await;
    story.send("2");
    story.harness.world.with(|world, _| world.user_mut(MINISTRY).unwrap().is_suspended = true);
    story.clear();
    story.pass(HOUR).await;
    story.pass_slowly(24 * HOUR).await;
    let told = told_of_recipients(&story);
    story.harness.world.with(|world, _| world.user_mut(MINISTRY).unwrap().is_suspended = false);
    story.pass_slowly(24 * HOUR).await;
    assert_eq!(told_of_recipients(&story), Vec::<String>::new(), "the suspension is over");
    let row = story.settle().await;
    Row { told: format!("`status`, `notes`, `send`: {}", told.join("; ")), ..row }
}

/// What is told of recipients that cannot be reached.
fn told_of_recipients(story: &Story) -> Vec<String> {
    let reader = Reader::open(&story.harness.database()).unwrap();
    wait(reader.recipients()).unwrap().iter().filter_map(unreached).collect()
}

async fn unsaid() -> Row {
    let mut story = begin().await;
    story.fail_always(Call::UserById, How::Status { code: 503, body: Body::Problem });
    story.pass_slowly(24 * HOUR).await;
    story.send("2");
    story.settle().await
}
