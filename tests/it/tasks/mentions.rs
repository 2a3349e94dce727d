//! The list of mentions as a broken server gives it: it ends by our rule, what was read of it is dealt with, and the operator
//! is told why it ended.

use std::time::Duration;

use serde_json::{Value, json};
use verbale::base::ids::{Channel, PostId};
use verbale::sandbox::world::{Draft, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST};

use crate::support::harness::EVERY;
use crate::support::weather_story::{Story, Way};

const CALL: &str = "GET /2/users/*/mentions";
const MINUTES: Duration = Duration::from_secs(1_200);

async fn begin() -> Story {
    let mut story = Story::begin(Way::Http, Settings::without_limits()).await;
    story.harness.running = &EVERY;
    story.pass(MINUTES).await;
    story
}

fn ask(story: &Story) -> PostId {
    let text = format!("@embassy status, {}", story.harness.now());
    let draft = Draft { text: &text, ..Draft::default() };
    let asked = story.harness.world.with(|world, now| world.post(now, JOURNALIST, draft)).unwrap().id;
    story.harness.advance(1_000);
    asked
}

fn answers(story: &Story, to: PostId) -> usize {
    story
        .harness
        .world
        .with(|world, _| world.posts().filter(|post| post.author == EMBASSY && post.answers == Some(to)).count())
}

async fn told(story: &Story) -> String {
    let reports = story.harness.store().task_reports().await.unwrap();
    reports.into_iter().find(|one| one.name == "bot").and_then(|one| one.trouble).unwrap_or_default()
}

async fn read(story: &Story) -> PostId {
    story.harness.store().mentions_read().await.unwrap().unwrap().1
}

/// The mark of the next page, another one each time.
fn mark(count: &mut u64) -> Value {
    *count += 1;
    json!(format!("7140dibdnow9c7btw4b{count:013}"))
}

/// Changes every page of mentions, a refused one too.
fn bend(story: &Story, mut change: impl FnMut(bool, &mut Value) + Send + 'static) {
    story.relay().bend(CALL, move |asked, answer| {
        let mut body = if answer.status == 200 { serde_json::from_slice(&answer.body).unwrap() } else { json!({}) };
        change(asked.parameter("pagination_token").is_none(), &mut body);
        (answer.status, answer.body) = (200, body.to_string().into_bytes());
    });
}

#[tokio::test]
async fn a_list_that_repeats_itself_is_ended_told_and_read() {
    for way in ["the same mark", "the same page", "empty pages"] {
        let mut story = begin().await;
        let (mut count, mut first) = (0, Value::Null);
        bend(&story, move |is_first, body| {
            match way {
                _ if is_first => first = body.clone(),
                "empty pages" => *body = json!({ "meta": { "result_count": 0 } }),
                _ => *body = first.clone(),
            }
            let same = json!("7140dibdnow9c7btw4b0000000000001");
            body["meta"]["next_token"] = if way == "the same mark" { same } else { mark(&mut count) };
        });
        let (asked, before) = (ask(&story), story.relay().asked(CALL).len());
        story.pass(MINUTES).await;
        let calls = story.relay().asked(CALL).len() - before;
        assert!(calls <= 30, "{way}: {calls} calls");
        assert_eq!(answers(&story, asked), 1, "{way}");
        assert!(told(&story).await.contains("repeats itself"), "{way}: {}", told(&story).await);
        assert_eq!(read(&story).await, asked, "{way}: what was read counts as read");
        // It does not wait for the next hour.
        let again = ask(&story);
        story.pass(MINUTES).await;
        assert_eq!(answers(&story, again), 1, "{way}");
        story.relay().straighten();
        story.pass(MINUTES).await;
        assert_eq!(told(&story).await, "", "{way}");
    }
}

/// What was listed before a refused mark is answered, and the platform is not asked without a pause.
#[tokio::test]
async fn a_refused_mark_is_told_and_holds_up_no_answer() {
    let mut story = begin().await;
    let mut count = 0;
    story.relay().bend_json(CALL, move |_, body| body["meta"]["next_token"] = mark(&mut count));
    let (asked, before) = (ask(&story), story.relay().asked(CALL).len());
    story.pass(MINUTES).await;
    let calls = story.relay().asked(CALL).len() - before;
    assert!(calls <= 30, "{calls} calls");
    assert_eq!(answers(&story, asked), 1);
    assert!(told(&story).await.contains("refuses"), "{}", told(&story).await);
    assert!(read(&story).await < asked, "there may be older ones");
    story.relay().straighten();
    story.pass(MINUTES).await;
    assert_eq!((told(&story).await, read(&story).await), (String::new(), asked));
}

/// A first page that comes and a second that does not are no success.
#[tokio::test]
async fn a_list_that_breaks_off_is_not_asked_for_without_a_pause() {
    let mut story = begin().await;
    let mut count = 0;
    story.relay().bend(CALL, move |asked, answer| {
        answer.change_json(|body| body["meta"]["next_token"] = mark(&mut count));
        if asked.parameter("pagination_token").is_some() {
            answer.status = 503;
        }
    });
    let before = story.relay().asked(CALL).len();
    story.pass(MINUTES).await;
    let calls = story.relay().asked(CALL).len() - before;
    assert!(calls <= 40, "{calls} calls");
}

#[tokio::test]
async fn mentions_that_cannot_be_read_cost_as_much_as_others() {
    let mut story = begin().await;
    let (mut count, mut number) = (0, 0);
    let top = Channel::X.first_at(story.harness.now()).0;
    bend(&story, move |_, body| {
        let odd = |id: u64| json!({ "id": id.to_string(), "text": "@embassy", "author_id": Value::Null });
        let data: Vec<Value> = (0..100).map(|place| odd(top + 4_000_000_000 - number - place)).collect();
        number += 100;
        *body = json!({ "data": data, "meta": { "result_count": 100, "next_token": mark(&mut count) } });
    });
    let before = story.relay().asked(CALL).len();
    story.pass(Duration::from_secs(600)).await;
    let calls = story.relay().asked(CALL).len() - before;
    assert!(calls <= 20, "{calls} pages of 100 were read and paid for");
    assert!(told(&story).await.contains("money"), "{}", told(&story).await);
}
