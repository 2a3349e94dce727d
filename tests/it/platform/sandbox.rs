//! The sandbox, seen by a client over HTTP.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Settings, Vocabulary};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::sandbox_server::{SandboxServer, open, read, sign, with_query};

fn next(server: &SandboxServer, call: Call, at: Moment, how: How) {
    server.world.with(|world, _| world.add_fault(Fault::once(call, at, how)));
}

async fn write(server: &SandboxServer, text: &str) -> Value {
    let path = format!("/2/dm_conversations/with/{MINISTRY}/messages");
    let (status, body) = read(server.post(EMBASSY, &path, json!({ "text": text })).await).await;
    assert_eq!(status, 201, "{body}");
    body["data"].clone()
}

fn number(response: &reqwest::Response, header: &str) -> i64 {
    response.headers()[header].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_signed_call_is_answered_and_any_other_is_not() {
    let server = open(Settings::of_x()).await;
    let response = server.get(EMBASSY, "/2/users/me", &[("user.fields", "created_at")]).await;
    assert!(response.headers().contains_key("date"));
    assert_eq!(number(&response, "x-rate-limit-limit"), 75);
    assert_eq!(number(&response, "x-rate-limit-remaining"), 74);
    let (status, body) = read(response).await;
    assert_eq!((status, &body["data"]["username"]), (200, &json!("embassy")));

    let address = format!("{}/2/users/me", server.base);
    assert_eq!(server.client.get(&address).send().await.unwrap().status(), 401);
    let mut wrong = server.credentials(EMBASSY);
    wrong.access_token_secret.push('x');
    let header = sign(&wrong, &Method::GET, &address, &[]);
    assert_eq!(server.client.get(&address).header("authorization", header).send().await.unwrap().status(), 401);
    let header = sign(&server.credentials(EMBASSY), &Method::GET, &address, &[]);
    for expected in [200, 401] {
        let again = server.client.get(&address).header("authorization", &header).send().await.unwrap();
        assert_eq!(again.status(), expected);
    }
    server.world.clock().advance_ms(6 * 60 * 1000);
    assert_eq!(server.get(EMBASSY, "/2/users/me", &[]).await.status(), 401, "the clocks are six minutes apart");
}

#[tokio::test]
async fn a_message_is_listed_as_x_lists_it() {
    let server = open(Settings::of_x()).await;
    let (_, empty) = read(server.get(EMBASSY, "/2/dm_events", &[]).await).await;
    assert_eq!(empty, json!({ "meta": { "result_count": 0 } }));

    let sent = write(&server, "Note: a < b, see https://example.org/annex").await;
    assert_eq!(sent["dm_conversation_id"], "783214-2244994945");
    write(&server, "second").await;
    let fields = "id,text,event_type,created_at,dm_conversation_id,attachments,entities";
    let query = [("max_results", "1"), ("dm_event.fields", fields), ("expansions", "sender_id")];
    let (_, page) = read(server.get(EMBASSY, "/2/dm_events", &query).await).await;
    assert_eq!(page["data"][0]["text"], "second");
    let token = page["meta"]["next_token"].as_str().unwrap();
    let older = [&query[..], &[("pagination_token", token)]].concat();
    let (_, page) = read(server.get(EMBASSY, "/2/dm_events", &older).await).await;
    let event = &page["data"][0];
    assert_eq!((&event["id"], &event["sender_id"]), (&sent["dm_event_id"], &json!("2244994945")));
    let url = event["entities"]["urls"][0]["url"].as_str().unwrap();
    assert_eq!(event["text"], format!("Note: a &lt; b, see {url}"));
    assert!(event["created_at"].as_str().unwrap().ends_with(".000Z"));
    assert_eq!(page["includes"]["users"][0]["username"], "embassy");
    assert!(page["meta"].get("next_token").is_none());
    let (_, bare) = read(server.get(MINISTRY, "/2/dm_events", &[]).await).await;
    let keys: Vec<&String> = bare["data"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["event_type", "id", "text"]);
}

#[tokio::test]
async fn a_file_goes_up_and_down_again() {
    let server = open(Settings::of_x()).await;
    let file = reqwest::multipart::Part::bytes(vec![7; 5000]).file_name("a.jpg").mime_str("image/jpeg").unwrap();
    let form = reqwest::multipart::Form::new().text("media_category", "dm_image").part("media", file);
    let upload = server.request(EMBASSY, Method::POST, "/2/media/upload", &[]).multipart(form);
    let (status, body) = read(upload.send().await.unwrap()).await;
    assert_eq!((status, &body["data"]["size"]), (200, &json!(5000)), "{body}");
    let message = json!({ "attachments": [{ "media_id": body["data"]["id"] }] });
    let path = format!("/2/dm_conversations/with/{MINISTRY}/messages");
    assert_eq!(server.post(EMBASSY, &path, message).await.status(), 201);

    let query = [("expansions", "attachments.media_keys"), ("media.fields", "url")];
    let (_, page) = read(server.get(MINISTRY, "/2/dm_events", &query).await).await;
    assert_eq!(page["data"][0]["attachments"]["media_keys"][0], page["includes"]["media"][0]["media_key"]);
    let path = page["includes"]["media"][0]["url"].as_str().unwrap().strip_prefix(&server.base).unwrap();
    let fetched = server.get(MINISTRY, path, &[]).await;
    assert_eq!(fetched.headers()["content-type"], "image/jpeg");
    assert_eq!(fetched.bytes().await.unwrap(), vec![7; 5000]);
    assert_eq!(server.get(JOURNALIST, path, &[]).await.status(), 404);
    assert_eq!(server.client.get(format!("{}{path}", server.base)).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_post_is_made_once_edited_and_deleted() {
    let server = open(Settings::of_x()).await;
    let text = "Sealed note 1 for @journalist";
    let (status, body) = read(server.post(EMBASSY, "/2/tweets", json!({ "text": text })).await).await;
    assert_eq!(status, 201);
    let id = body["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(body["data"]["edit_history_post_ids"], json!([id]));
    let (status, refusal) = read(server.post(EMBASSY, "/2/tweets", json!({ "text": text })).await).await;
    let duplicate = json!({
        "detail": "You are not allowed to create a Tweet with duplicate content.",
        "type": "about:blank", "title": "Forbidden", "status": 403,
    });
    assert_eq!((status, refusal), (403, duplicate));
    let answer = json!({ "text": "is it?", "reply": { "in_reply_to_tweet_id": id } });
    assert_eq!(server.post(MINISTRY, "/2/tweets", answer.clone()).await.status(), 403);
    assert_eq!(server.post(JOURNALIST, "/2/tweets", answer).await.status(), 201);

    let edit = json!({ "text": "Sealed note one", "edit_options": { "previous_post_id": id } });
    assert_eq!(server.post(EMBASSY, "/2/tweets", edit).await.status(), 201);
    let query = [("expansions", "author_id,edit_history_post_ids")];
    let (_, read_back) = read(server.get(JOURNALIST, &format!("/2/tweets/{id}"), &query).await).await;
    assert_eq!(read_back["data"]["edit_history_post_ids"].as_array().unwrap().len(), 2);
    assert_eq!(read_back["includes"]["users"][0]["username"], "embassy");
    let (_, page) = read(server.get(EMBASSY, &format!("/2/users/{EMBASSY}/tweets"), &[]).await).await;
    assert_eq!((&page["meta"]["result_count"], &page["data"][0]["text"]), (&json!(1), &json!("Sealed note one")));

    assert_eq!(server.delete(JOURNALIST, &format!("/2/tweets/{id}")).await.status(), 403);
    assert_eq!(server.delete(EMBASSY, &format!("/2/tweets/{id}")).await.status(), 200);
    let (status, gone) = read(server.get(EMBASSY, &format!("/2/tweets/{id}"), &[]).await).await;
    assert_eq!((status, gone.get("data")), (200, None));
    assert_eq!(gone["errors"][0]["type"], "https://api.x.com/2/problems/resource-not-found");
}

#[tokio::test]
async fn what_is_unknown_in_a_request_is_refused() {
    let server = open(Settings::of_x()).await;
    let bad: [(&str, &[(&str, &str)]); 6] = [
        ("/2/dm_events", &[("since_id", "1")]),
        ("/2/dm_events", &[("max_results", "101")]),
        ("/2/dm_events", &[("dm_event.fields", "sender_id")]),
        ("/2/dm_events", &[("pagination_token", "aaaaaaaaaaaaaaaaaaaa")]),
        ("/2/users/2244994945/tweets", &[("max_results", "4")]),
        ("/2/users/me", &[("user.fields", "password")]),
    ];
    for (path, query) in bad {
        let (status, body) = read(server.get(EMBASSY, path, query).await).await;
        assert_eq!((status, &body["parameter"]), (400, &json!(query[0].0)), "{path} {query:?} {body}");
        assert_eq!(body["type"], "https://api.x.com/2/problems/invalid-request");
    }
    let unknown = json!({ "text": "hi", "card": 1 });
    assert_eq!(server.post(EMBASSY, "/2/tweets", unknown).await.status(), 400);
    assert_eq!(server.get(EMBASSY, "/2/nothing", &[]).await.status(), 404);
}

#[tokio::test]
async fn the_sixteenth_reading_waits_for_the_next_quarter_of_an_hour() {
    let server = open(Settings::of_x()).await;
    for _ in 0..15 {
        assert_eq!(server.get(EMBASSY, "/2/dm_events", &[]).await.status(), 200);
    }
    let refused = server.get(EMBASSY, "/2/dm_events", &[]).await;
    assert_eq!((refused.status().as_u16(), number(&refused, "x-rate-limit-remaining")), (429, 0));
    let wait_s = number(&refused, "x-rate-limit-reset") - server.now().ms() / 1000;
    assert!((890..=901).contains(&wait_s), "{wait_s}");
    assert_eq!(server.get(MINISTRY, "/2/dm_events", &[]).await.status(), 200);
}

#[tokio::test]
async fn each_vocabulary_has_its_names() {
    let server = open(Settings::of_x()).await;
    let of = |vocabulary| server.world.with(|world, _| world.settings.vocabulary = vocabulary);
    let (old, new) = ("edit_history_tweet_ids", "edit_history_post_ids");
    let mut first = String::new();
    for (vocabulary, key, is_blank) in
        [(Vocabulary::Post, new, false), (Vocabulary::Tweet, old, false), (Vocabulary::Mixed, old, true)]
    {
        of(vocabulary);
        let text = format!("in {vocabulary:?}");
        let (_, body) = read(server.post(EMBASSY, "/2/tweets", json!({ "text": text })).await).await;
        let id = body["data"]["id"].as_str().unwrap();
        assert_eq!(body["data"][key], if is_blank { json!([""]) } else { json!([id]) });
        first = id.to_owned();
    }
    let path = format!("/2/tweets/{first}");
    let (_, both) = read(server.get(EMBASSY, &path, &[("tweet.fields", "created_at")]).await).await;
    assert!(both["data"].get(old).is_some() && both["data"].get(new).is_some());
    let query = [("dm_event.fields", "sender_id")];
    assert_eq!(server.get(EMBASSY, "/2/dm_events", &query).await.status(), 200, "the old way to ask");
    of(Vocabulary::Post);
    assert_eq!(server.get(EMBASSY, &path, &[("tweet.fields", "created_at")]).await.status(), 400);
}

#[tokio::test]
async fn faults_answer_in_place_of_the_call_or_after_it() {
    let server = open(Settings::of_x()).await;
    let cases = [
        (How::RateLimited { wait_ms: 60_000 }, 429, "Too Many Requests"),
        (How::UsageCapped, 429, "UsageCapExceeded"),
        (How::CreditsDepleted, 402, "Payment Required"),
        (How::CreditsDepletedOld, 402, "CreditsDepleted"),
        (How::Unauthorized, 401, "Unauthorized"),
        (How::Suspended, 403, "Forbidden"),
        (How::Duplicate, 403, "Forbidden"),
        (How::Status { code: 503, body: Body::Problem }, 503, "Service Unavailable"),
    ];
    for (how, status, title) in cases {
        next(&server, Call::CreatePost, Moment::Before, how);
        let (got, body) = read(server.post(EMBASSY, "/2/tweets", json!({ "text": "never" })).await).await;
        assert_eq!((got, &body["title"]), (status, &json!(title)));
    }
    for (body, starts) in [(Body::Html, "<!DOCTYPE"), (Body::Empty, ""), (Body::Legacy, "{\"errors\"")] {
        next(&server, Call::Me, Moment::Before, How::Status { code: 502, body });
        let response = server.get(EMBASSY, "/2/users/me", &[]).await;
        assert_eq!(response.status(), 502);
        assert!(response.text().await.unwrap().starts_with(starts));
    }
    assert_eq!(server.world.with(|world, _| world.posts().count()), 0);
    next(&server, Call::CreatePost, Moment::After, How::Status { code: 503, body: Body::Garbage });
    assert_eq!(server.post(EMBASSY, "/2/tweets", json!({ "text": "once" })).await.status(), 503);
    assert_eq!(server.world.with(|world, _| world.posts().count()), 1);
}

#[tokio::test]
async fn connections_are_cut_before_and_after_and_in_the_middle() {
    let server = open(Settings::of_x()).await;
    let post =
        |text: &str| server.request(EMBASSY, Method::POST, "/2/tweets", &[]).json(&json!({ "text": text })).send();
    next(&server, Call::CreatePost, Moment::Before, How::Cut);
    assert!(post("one").await.is_err());
    assert_eq!(server.world.with(|world, _| world.posts().count()), 0);
    next(&server, Call::CreatePost, Moment::After, How::Cut);
    assert!(post("one").await.is_err());
    next(&server, Call::CreatePost, Moment::After, How::Half);
    let response = post("two").await.unwrap();
    assert_eq!(response.status(), 201);
    assert!(response.bytes().await.is_err());
    assert_eq!(server.world.with(|world, _| world.posts().count()), 2);
    assert_eq!(server.get(EMBASSY, "/2/users/me", &[]).await.status(), 200);
}

#[tokio::test]
async fn a_held_call_has_its_effect_and_no_answer() {
    let server = open(Settings::of_x()).await;
    next(&server, Call::CreatePost, Moment::After, How::Hold);
    let held = server.request(EMBASSY, Method::POST, "/2/tweets", &[]).json(&json!({ "text": "held" })).send();
    let held = tokio::spawn(held);
    server.world.until(|world| world.posts().count() == 1).await;
    assert_eq!(server.world.with(|world, _| world.counts().faults), 1);
    assert!(!held.is_finished());
    held.abort();
}

#[tokio::test]
async fn it_stops_in_spite_of_a_held_call() {
    let world = open(Settings::of_x()).await.world;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async { drop(stopped.await) };
    let server = tokio::spawn(verbale::sandbox::http::serve(listener, world.clone(), shutdown));
    world.with(|world, _| world.add_fault(Fault::once(Call::Oembed, Moment::Before, How::Hold)));
    let held = tokio::spawn(reqwest::get(format!("{base}/oembed?url=x")));
    world.until(|world| world.counts().of(Call::Oembed) == 1).await;
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), server).await.unwrap().unwrap().unwrap();
    assert!(held.await.unwrap().is_err());
}

#[tokio::test]
async fn the_public_sees_posts_without_signing() {
    let server = open(Settings::of_x()).await;
    let (_, body) = read(server.post(EMBASSY, "/2/tweets", json!({ "text": "a <b> & c" })).await).await;
    let id = body["data"]["id"].as_str().unwrap();
    let post_address = format!("{}/embassy/status/{id}", server.base);
    let page = server.client.get(&post_address).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("a &lt;b&gt; &amp; c") && page.contains(id));
    let oembed = format!("{}/oembed", server.base);
    let query = [("url", post_address.as_str()), ("omit_script", "1")];
    let (status, card) = read(server.client.get(with_query(&oembed, &query)).send().await.unwrap()).await;
    assert_eq!((status, &card["author_name"]), (200, &json!("Embassy")));
    assert!(card["html"].as_str().unwrap().contains("a &lt;b&gt; &amp; c"));
    // As X writes it: `<br>` for a line end, a link for each link and mention, nothing of a script if it is not wanted.
    let text = "one & two\n@ministry https://example.org/a";
    let (_, body) = read(server.post(EMBASSY, "/2/tweets", json!({ "text": text })).await).await;
    let of = format!("https://x.com/i/status/{}", body["data"]["id"].as_str().unwrap());
    let (_, card) = read(server.client.get(with_query(&oembed, &[("url", &of)])).send().await.unwrap()).await;
    let html = card["html"].as_str().unwrap();
    let start = format!(
        "<blockquote class=\"twitter-tweet\"><p lang=\"en\" dir=\"ltr\">one &amp; two<br><a href=\"{}/ministry\">@ministry</a> <a href=\"https://t.co/",
        server.base
    );
    assert!(html.starts_with(&start) && html.contains("</p>— Embassy (@embassy) <a href="), "{html}");
    assert!(html.ends_with("</script>\n"), "{html}");
    let unknown = server.client.get(with_query(&oembed, &[("url", "https://x.com/i/status/1")])).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    let missing = server.client.get(format!("{}/embassy/status/1", server.base)).send().await.unwrap();
    assert_eq!(missing.status(), 404);
    let (_, timeline) =
        read(server.client.get(format!("{}/sandbox/timeline.json", server.base)).send().await.unwrap()).await;
    assert_eq!((&timeline[0]["id"], &timeline[0]["text"]), (&json!(id), &json!("a <b> & c")));
    assert_eq!(timeline[0]["author"], "embassy");
}

#[tokio::test]
async fn the_page_and_the_control_interface_change_the_world() {
    let server = open(Settings::of_x()).await;
    let form = reqwest::multipart::Form::new()
        .text("from", EMBASSY.to_string())
        .text("to", MINISTRY.to_string())
        .text("text", "<script>alert(1)</script>\r\nline two");
    let sent =
        server.client.post(format!("{}/sandbox/page/message", server.base)).multipart(form).send().await.unwrap();
    assert_eq!((sent.status().as_u16(), sent.url().path()), (200, "/"));
    let page = sent.text().await.unwrap();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>alert"));

    let fault = json!({ "call": "me", "at": "before", "how": { "kind": "unauthorized" } });
    let faults = format!("{}/sandbox/faults", server.base);
    assert_eq!(server.client.post(&faults).json(&fault).send().await.unwrap().status(), 200);
    assert_eq!(server.get(EMBASSY, "/2/users/me", &[]).await.status(), 401);
    assert_eq!(server.get(EMBASSY, "/2/users/me", &[]).await.status(), 200);

    let message = json!({ "from": "ministry", "to": "embassy", "text": "denied" });
    let messages = format!("{}/sandbox/messages", server.base);
    assert_eq!(server.client.post(messages).json(&message).send().await.unwrap().status(), 201);
    let state = server.client.get(format!("{}/sandbox/state", server.base)).send().await.unwrap();
    let (_, state) = read(state).await;
    assert_eq!((&state["events"], &state["counts"]["calls"]["me"]), (&json!(2), &json!(2)));
    let foreign = server.client.get(&server.base).header("host", "evil.example").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
}

#[tokio::test]
async fn what_was_called_is_priced_in_the_state_and_on_the_page() {
    let server = open(Settings::of_x()).await;
    for text in ["Sealed note 1", "see https://example.org"] {
        server.post(EMBASSY, "/2/tweets", json!({ "text": text })).await;
    }
    let (_, asked) = read(server.post(JOURNALIST, "/2/tweets", json!({ "text": "@embassy check 1" })).await).await;
    let answer = json!({ "text": "sealed", "reply": { "in_reply_to_tweet_id": asked["data"]["id"] } });
    server.post(EMBASSY, "/2/tweets", answer).await;
    for _ in 0..3 {
        server.get(EMBASSY, &format!("/2/users/{EMBASSY}/mentions"), &[]).await;
    }
    let path = format!("/2/dm_conversations/with/{MINISTRY}/messages");
    server.post(EMBASSY, &path, json!({ "text": "slip" })).await;
    server.get(EMBASSY, "/2/dm_events", &[]).await;
    let (_, state) = read(server.client.get(format!("{}/sandbox/state", server.base)).send().await.unwrap()).await;
    let billed = json!({
        "post_create": 2, "post_create_with_url": 1, "summoned_reply": 1, "owned_read": 1, "message_send": 1,
        "message_read": 1,
    });
    assert_eq!(state["counts"]["billed"], billed);
    assert_eq!(state["cost_usd_micros"], 30_000 + 200_000 + 10_000 + 1_000 + 15_000 + 10_000);
    let page = server.client.get(&server.base).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("2 post create at $0.015: $0.030") && page.contains("<strong>$0.266</strong>"), "{page}");
}

#[tokio::test]
async fn a_file_of_a_post_is_shown_to_anybody_until_the_post_is_gone() {
    let server = open(Settings::of_x()).await;
    let encoded = json!({ "media": "iVBORw0KGgo=", "media_category": "tweet_image" });
    let (_, file) = read(server.post(EMBASSY, "/2/media/upload", encoded).await).await;
    let media = json!({ "media_ids": [file["data"]["id"]] });
    let (_, post) = read(server.post(EMBASSY, "/2/tweets", json!({ "text": "annex", "media": media })).await).await;
    let id = post["data"]["id"].as_str().unwrap();
    let query = [("expansions", "attachments.media_keys"), ("media.fields", "url")];
    let (_, body) = read(server.get(JOURNALIST, &format!("/2/tweets/{id}"), &query).await).await;
    let url = body["includes"]["media"][0]["url"].as_str().unwrap();
    let shown = server.client.get(url).send().await.unwrap();
    assert_eq!(shown.bytes().await.unwrap(), &b"\x89PNG\r\n\x1a\n"[..]);
    server.delete(EMBASSY, &format!("/2/tweets/{id}")).await;
    assert_eq!(server.client.get(url).send().await.unwrap().status(), 404);
}
