//! X refuses what the daemon posts or sends: what may pass is tried again by itself, what does not is kept until somebody
//! sends it again.

use std::time::Duration;

use serde_json::json;
use verbale::base::ids::{Account, AccountId};
use verbale::sandbox::EMBASSY;
use verbale::sandbox::world::{Call, Settings};
use verbale::store::{EffectId, MessageKind, Outgoing, RequestClient};

use crate::support::harness::DISPUTE;
use crate::support::relay::Answer;
use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "X says for six hours that the account has posted enough for the day (403, code 344)": enough_for_the_day,
    "X says for an hour that the app's access level does not allow posts (403, code 453)": access_level,
    "X says for an hour that it has suspended the recipient of a message to an official (403, code 63)": suspended_recipient,
    "a message to an official goes to nobody, until there is such an account and `verbale resend` is said": nobody,
}

const HOUR: Duration = Duration::from_secs(3_600);

/// Number of an official's account.
const OFFICIAL: AccountId = AccountId(5001);

fn refusal(code: u32, message: &str) -> Answer {
    Answer::json(403, &json!({ "errors": [{ "code": code, "message": message }] }))
}

/// Every post is refused so for this time, with a note sealed meanwhile.
async fn posts_refused(code: u32, message: &str, time: Duration) -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.relay().refuse("POST /2/tweets", usize::MAX, refusal(code, message));
    story.send("1");
    story.pass(time).await;
    assert_eq!(story.notes(), 1, "what is not posted is sealed");
    story.clear();
    story.settle_with(|story| format!("{}, {}", story.posted(), story.last_post())).await
}

async fn enough_for_the_day() -> Row {
    posts_refused(344, "User is over daily status update limit.", 6 * HOUR).await
}

async fn access_level() -> Row {
    posts_refused(453, "You currently have access to a subset of X API V2 endpoints.", HOUR).await
}

/// A daemon that has a message for an official.
async fn with_message() -> Story {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.harness.running = &DISPUTE;
    let message = Outgoing::text(MessageKind::RequestNotice(3), OFFICIAL, "request 3 waits");
    story.harness.store().add_message(message, story.harness.now()).await.unwrap();
    story.send("1");
    story
}

fn official(story: &Story) {
    story.harness.world.with(|world, now| {
        world.add_user(now, Account::parse(&format!("{OFFICIAL} secretary")).unwrap());
    });
}

/// Number of messages that the official has.
fn received(story: &Story) -> usize {
    let conversation = verbale::base::ids::ConversationId::between(EMBASSY, OFFICIAL);
    story.harness.world.with(|world, _| world.events().filter(|event| event.conversation == conversation).count())
}

async fn suspended_recipient() -> Row {
    let mut story = with_message().await;
    official(&story);
    let call = format!("POST /2/dm_conversations/with/{OFFICIAL}/messages");
    story.relay().refuse(&call, usize::MAX, refusal(63, "User has been suspended."));
    story.pass(HOUR).await;
    assert_eq!((story.notes(), received(&story)), (1, 0));
    story.clear();
    story
        .settle_with(|story| {
            assert_eq!(received(story), 1);
            format!("{}; the message is sent, once", story.posted())
        })
        .await
}

async fn nobody() -> Row {
    let mut story = with_message().await;
    story.pass(HOUR).await;
    let unsent = story.harness.store().unsent(EffectId(0), 9).await.unwrap();
    assert_eq!((unsent.len(), story.notes()), (1, 1));
    let calls = story.calls(Call::SendMessage);
    story.pass(6 * HOUR).await;
    assert_eq!(story.calls(Call::SendMessage), calls, "it is not tried again by itself");
    official(&story);
    let client = RequestClient::open(&story.harness.database()).unwrap();
    assert!(client.resend(unsent[0].effect, story.harness.now()).await.unwrap());
    story.clear();
    let why = unsent[0].why.clone();
    let row = story
        .settle_with(|story| {
            assert_eq!(received(story), 1);
            format!("{}; the message is sent, once, when `verbale resend` is said", story.posted())
        })
        .await;
    let told = format!("`status`, `resend`: not sent, {}", why.lines().next().unwrap_or_default());
    let told = if row.told == "nothing" { told } else { format!("{told}<br>{}", row.told) };
    Row { told, ..row }
}
