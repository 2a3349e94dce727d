//! Every kind of answer that the sandbox gives, compared with X's published OpenAPI document.
//!
//! The document is not part of this repository. `VERBALE_OPENAPI` names it, whole or the part that we use:
//! `VERBALE_OPENAPI=x-openapi.json cargo test --features conformance --test openapi`

#[allow(dead_code, reason = "it serves the other tests too")]
#[path = "it/support/sandbox_server.rs"]
mod sandbox_server;

use jsonschema::Validator;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use verbale::base::ids::AccountId;
use verbale::sandbox::world::{Body, Call, Draft, Fault, How, Moment, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use sandbox_server::SandboxServer;

/// Problems seen in X's traffic that its document does not have. They are held to the shape that all problems share.
const UNPUBLISHED: [&str; 5] = [
    "about:blank",
    "https://api.x.com/2/problems/usage-capped",
    "https://api.x.com/2/problems/credits-depleted",
    "https://api.twitter.com/2/problems/credits",
    "https://api.x.com/2/problems/user-suspended",
];

/// The document, every object of it closed: a key that it does not name is an error.
struct Document(Value);

impl Document {
    fn read() -> Document {
        let path = std::env::var("VERBALE_OPENAPI").unwrap_or_else(|_| {
            panic!("VERBALE_OPENAPI is not set\nlet it name X's OpenAPI document (https://api.x.com/2/openapi.json)")
        });
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut document = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        close(&mut document);
        Document(document)
    }

    /// Checks a value against a schema, whose references lead into the document.
    fn check(&self, schema: &Value, value: &Value, what: &str) {
        let whole = json!({ "allOf": [schema], "components": self.0["components"] });
        let validator: Validator = jsonschema::draft4::options().should_validate_formats(true).build(&whole).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{} {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{what}\n{value:#}\n{}", errors.join("\n"));
    }

    /// Checks an answer against what the document says of this call and status. Returns its body.
    async fn answer(&self, call: &str, status: u16, response: Response) -> Value {
        assert_eq!(response.status(), status, "{call}");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let body: Value = response.json().await.unwrap();
        let (method, path) = call.split_once(' ').unwrap();
        let operation = &self.0["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{call} is not in the document");
        let responses = &operation["responses"];
        let declared = responses.get(status.to_string()).unwrap_or(&responses["default"]);
        let media = declared["content"].get(&kind).unwrap_or_else(|| panic!("{call} does not answer with {kind}"));
        match body["type"].as_str() {
            Some(problem) if UNPUBLISHED.contains(&problem) => check_problem(&body),
            _ => self.check(&media["schema"], &body, call),
        }
        body
    }
}

fn check_problem(body: &Value) {
    assert!(["type", "title", "detail"].iter().all(|key| body[key].is_string()), "{body}");
    assert!(body.get("status").is_none_or(Value::is_u64), "{body}");
}

/// Lets no object have keys that its schema does not name.
fn close(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let is_schema = object.get("properties").is_some_and(Value::is_object) && object.contains_key("type");
            if is_schema && !object.contains_key("additionalProperties") {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

async fn start() -> (Document, SandboxServer) {
    (Document::read(), sandbox_server::open(Settings::without_limits()).await)
}

/// All values that the document allows for a parameter of this call.
fn all_of(document: &Document, call: &str, name: &str) -> String {
    let (method, path) = call.split_once(' ').unwrap();
    let parameters = document.0["paths"][path][method.to_lowercase()]["parameters"].as_array().unwrap();
    let found = parameters.iter().map(|parameter| match parameter["$ref"].as_str() {
        Some(reference) => document.0.pointer(reference.trim_start_matches('#')).unwrap(),
        None => parameter,
    });
    let found = found.into_iter().find(|parameter| parameter["name"] == name).unwrap();
    let mut values: Vec<&str> =
        found["schema"]["items"]["enum"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
    values.sort_unstable();
    values.dedup();
    values.join(",")
}

#[tokio::test]
async fn users() {
    let (document, server) = start().await;
    let calls = [
        ("GET /2/users/me", "/2/users/me".to_owned()),
        ("GET /2/users/by/username/{username}", "/2/users/by/username/ministry".to_owned()),
        ("GET /2/users/{id}", format!("/2/users/{MINISTRY}")),
    ];
    for (call, path) in &calls {
        document.answer(call, 200, server.get(EMBASSY, path, &[]).await).await;
        let everything = [
            ("user.fields", all_of(&document, call, "user.fields")),
            ("expansions", all_of(&document, call, "expansions")),
            ("post.fields", all_of(&document, call, "post.fields")),
        ];
        let query: Vec<(&str, &str)> = everything.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = document.answer(call, 200, server.get(EMBASSY, path, &query).await).await;
        assert!(body["data"]["created_at"].is_string());
        document.answer(call, 400, server.get(EMBASSY, path, &[("user.fields", "x")]).await).await;
    }
    for (call, path) in [(calls[1].0, "/2/users/by/username/nobody"), (calls[2].0, "/2/users/1")] {
        let body = document.answer(call, 200, server.get(EMBASSY, path, &[]).await).await;
        assert!(body.get("data").is_none() && body["errors"][0].is_object());
    }
    let unsigned = server.client.get(format!("{}/2/users/me", server.base)).send().await.unwrap();
    document.answer(calls[0].0, 401, unsigned).await;
}

#[tokio::test]
async fn messages_are_listed() {
    let (document, server) = start().await;
    let listings = [
        ("GET /2/dm_events", "/2/dm_events".to_owned()),
        (
            "GET /2/dm_conversations/with/{participant_id}/dm_events",
            format!("/2/dm_conversations/with/{MINISTRY}/dm_events"),
        ),
        ("GET /2/dm_conversations/{id}/dm_events", format!("/2/dm_conversations/{MINISTRY}-{EMBASSY}/dm_events")),
    ];
    document.answer(listings[0].0, 200, server.get(EMBASSY, &listings[0].1, &[]).await).await;
    document.answer(listings[2].0, 404, server.get(EMBASSY, &listings[2].1, &[]).await).await;
    let message = fill(&server);
    for (call, path) in &listings {
        let everything = everything(&document, call);
        let mut query: Vec<(&str, &str)> = everything.iter().map(|(name, value)| (*name, value.as_str())).collect();
        document.answer(call, 200, server.get(EMBASSY, path, &[("max_results", "1")]).await).await;
        let body = document.answer(call, 200, server.get(EMBASSY, path, &query).await).await;
        assert!(body["includes"]["users"].is_array() && body["includes"]["media"].is_array(), "{body}");
        query.push(("max_results", "1"));
        let body = document.answer(call, 200, server.get(EMBASSY, path, &query).await).await;
        let token = body["meta"]["next_token"].as_str().unwrap().to_owned();
        query.push(("pagination_token", &token));
        document.answer(call, 200, server.get(EMBASSY, path, &query).await).await;
        document.answer(call, 400, server.get(EMBASSY, path, &[("tweet.fields", "id")]).await).await;
    }
    let call = "GET /2/dm_events/{event_id}";
    let everything = everything(&document, call);
    let query: Vec<(&str, &str)> = everything.iter().map(|(name, value)| (*name, value.as_str())).collect();
    document.answer(call, 200, server.get(EMBASSY, &format!("/2/dm_events/{message}"), &query).await).await;
    document.answer(call, 200, server.get(EMBASSY, "/2/dm_events/1", &[]).await).await;
    let call = "DELETE /2/dm_events/{event_id}";
    document.answer(call, 403, server.delete(MINISTRY, &format!("/2/dm_events/{message}")).await).await;
    document.answer(call, 200, server.delete(EMBASSY, &format!("/2/dm_events/{message}")).await).await;
    document.answer(call, 404, server.delete(EMBASSY, &format!("/2/dm_events/{message}")).await).await;
}

/// Every field and expansion of a call.
fn everything(document: &Document, call: &str) -> Vec<(&'static str, String)> {
    let names = ["dm_event.fields", "expansions", "user.fields", "media.fields", "post.fields"];
    let mut query: Vec<_> = names.iter().map(|name| (*name, all_of(document, call, name))).collect();
    if !call.contains("{event_id}") {
        query.push(("event_types", all_of(document, call, "event_types")));
    }
    query
}

/// A conversation with links, mentions and files of two kinds, and a group. Returns a message of the conversation.
fn fill(server: &SandboxServer) -> String {
    server.world.with(|world, now| {
        world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &Outgoing::text("all")).unwrap();
        let video = world.upload(now, EMBASSY, "video/mp4", vec![2; 20]);
        world.send(now, EMBASSY, MINISTRY, &Outgoing { text: "film".to_owned(), media: vec![video] }).unwrap();
        let text = "dear @ministry: <see> https://example.org/annex & more".to_owned();
        let photo = world.upload(now, EMBASSY, "image/jpeg", vec![1; 10]);
        world.send(now, EMBASSY, MINISTRY, &Outgoing { text, media: vec![photo] }).unwrap().to_string()
    })
}

#[tokio::test]
async fn messages_are_sent() {
    let (document, server) = start().await;
    let with = "POST /2/dm_conversations/with/{participant_id}/messages";
    let path = format!("/2/dm_conversations/with/{MINISTRY}/messages");
    document.answer(with, 201, server.post(EMBASSY, &path, json!({ "text": "hi" })).await).await;
    let bad = [
        json!({}),
        json!({ "text": "hi", "more": 1 }),
        json!({ "text": "x".repeat(10_001) }),
        json!({ "attachments": [{ "media_id": "1" }] }),
    ];
    for body in bad {
        document.answer(with, 400, server.post(EMBASSY, &path, body).await).await;
    }
    let nobody = "/2/dm_conversations/with/1/messages";
    document.answer(with, 400, server.post(EMBASSY, nobody, json!({ "text": "hi" })).await).await;

    let within = "POST /2/dm_conversations/{dm_conversation_id}/messages";
    let path = format!("/2/dm_conversations/{MINISTRY}-{EMBASSY}/messages");
    document.answer(within, 201, server.post(MINISTRY, &path, json!({ "text": "hi" })).await).await;
    document.answer(within, 404, server.post(JOURNALIST, &path, json!({ "text": "hi" })).await).await;

    // The making of a group is not in our part of the document: its answer is that of a message.
    let group = json!({
        "conversation_type": "Group", "participant_ids": [MINISTRY.to_string(), JOURNALIST.to_string()],
        "message": { "text": "all" },
    });
    document.answer(within, 201, server.post(EMBASSY, "/2/dm_conversations", group).await).await;
}

#[tokio::test]
async fn files_are_uploaded() {
    let (document, server) = start().await;
    let call = "POST /2/media/upload";
    let encoded = json!({ "media": "R0lGODlh", "media_category": "dm_gif" });
    document.answer(call, 200, server.post(EMBASSY, "/2/media/upload", encoded).await).await;
    let file = reqwest::multipart::Part::bytes(vec![7; 50]).file_name("a.jpg").mime_str("image/jpeg").unwrap();
    let form = reqwest::multipart::Form::new().text("media_category", "dm_image").part("media", file);
    let upload = server.request(EMBASSY, Method::POST, "/2/media/upload", &[]).multipart(form);
    document.answer(call, 200, upload.send().await.unwrap()).await;
    for wrong in ["poem", "dm_image", "tweet_image"] {
        let wrong = json!({ "media": "R0lGODlh", "media_category": wrong });
        document.answer(call, 400, server.post(EMBASSY, "/2/media/upload", wrong).await).await;
    }
    let wrong = json!({ "media": "", "media_category": "dm_gif" });
    document.answer(call, 400, server.post(EMBASSY, "/2/media/upload", wrong).await).await;
}

async fn post(document: &Document, server: &SandboxServer, user: AccountId, body: Value) -> String {
    let body = document.answer("POST /2/tweets", 201, server.post(user, "/2/tweets", body).await).await;
    body["data"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn posts() {
    let (document, server) = start().await;
    let text = json!({ "text": "dear @journalist, see https://example.org" });
    let id = post(&document, &server, EMBASSY, text.clone()).await;
    document.answer("POST /2/tweets", 403, server.post(EMBASSY, "/2/tweets", text).await).await;
    document.answer("POST /2/tweets", 400, server.post(EMBASSY, "/2/tweets", json!({ "text": "" })).await).await;
    let answer = json!({ "text": "@embassy is it?", "reply": { "in_reply_to_tweet_id": id } });
    document.answer("POST /2/tweets", 403, server.post(MINISTRY, "/2/tweets", answer.clone()).await).await;
    let answer = post(&document, &server, JOURNALIST, answer).await;
    let edit = json!({ "text": "edited", "edit_options": { "previous_post_id": id } });
    post(&document, &server, EMBASSY, edit).await;
    for number in 0..6 {
        post(&document, &server, JOURNALIST, json!({ "text": format!("@embassy {number}") })).await;
    }
    let calls = [
        ("GET /2/tweets/{id}", format!("/2/tweets/{id}")),
        ("GET /2/tweets/{id}", format!("/2/tweets/{answer}")),
        ("GET /2/tweets/{id}", "/2/tweets/1".to_owned()),
        ("GET /2/users/{id}/tweets", format!("/2/users/{JOURNALIST}/tweets")),
        ("GET /2/users/{id}/tweets", format!("/2/users/{MINISTRY}/tweets")),
        ("GET /2/users/{id}/tweets", "/2/users/1/tweets".to_owned()),
        ("GET /2/users/{id}/mentions", format!("/2/users/{EMBASSY}/mentions")),
    ];
    for (call, path) in &calls {
        document.answer(call, 200, server.get(EMBASSY, path, &[]).await).await;
        let names = ["post.fields", "expansions", "user.fields", "media.fields", "poll.fields", "place.fields"];
        let query: Vec<_> = names.iter().map(|name| (*name, all_of(&document, call, name))).collect();
        let mut query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        document.answer(call, 200, server.get(EMBASSY, path, &query).await).await;
        if call.contains("users") {
            query.extend([("max_results", "5"), ("since_id", "1"), ("start_time", "2020-01-01T00:00:00Z")]);
            document.answer(call, 200, server.get(EMBASSY, path, &query).await).await;
        }
        document.answer(call, 400, server.get(EMBASSY, path, &[("until", "1")]).await).await;
    }
    let call = "DELETE /2/tweets/{id}";
    document.answer(call, 403, server.delete(MINISTRY, &format!("/2/tweets/{id}")).await).await;
    for _ in 0..2 {
        document.answer(call, 200, server.delete(EMBASSY, &format!("/2/tweets/{id}")).await).await;
    }
}

#[tokio::test]
async fn posts_with_files_answers_and_quotations() {
    let (document, server) = start().await;
    let encoded = json!({ "media": "iVBORw0KGgo=", "media_category": "tweet_image" });
    let call = "POST /2/media/upload";
    let file = document.answer(call, 200, server.post(EMBASSY, "/2/media/upload", encoded).await).await;
    let files = json!({ "media_ids": [file["data"]["id"]] });
    let annex = post(&document, &server, EMBASSY, json!({ "text": "the annex", "media": files })).await;
    let alone = post(&document, &server, EMBASSY, json!({ "media": files })).await;
    let sealed = annex.parse::<u64>().map(verbale::base::ids::PostId).unwrap();
    server.world.with(|world, now| {
        let quotation = Draft { text: "@embassy is it?", quotes: Some(sealed), ..Draft::default() };
        world.post(now, JOURNALIST, quotation).ok().unwrap();
    });
    let bad = [json!({ "media_ids": [] }), json!({ "media_ids": ["1"] }), json!({ "media_ids": [1] })];
    for media in bad {
        let body = json!({ "text": "x", "media": media });
        document.answer("POST /2/tweets", 400, server.post(EMBASSY, "/2/tweets", body).await).await;
    }
    let long = json!({ "text": "x".repeat(281) });
    document.answer("POST /2/tweets", 403, server.post(EMBASSY, "/2/tweets", long).await).await;
    let reply = json!({ "text": "x", "reply": { "in_reply_to_tweet_id": annex } });
    document.answer("POST /2/tweets", 403, server.post(MINISTRY, "/2/tweets", reply.clone()).await).await;
    post(&document, &server, EMBASSY, reply).await;
    let calls = [
        ("GET /2/tweets/{id}", format!("/2/tweets/{alone}"), "media"),
        ("GET /2/users/{id}/tweets", format!("/2/users/{EMBASSY}/tweets"), "posts"),
        ("GET /2/users/{id}/mentions", format!("/2/users/{EMBASSY}/mentions"), "posts"),
    ];
    for (call, path, included) in &calls {
        let names = ["post.fields", "expansions", "user.fields", "media.fields"];
        let query: Vec<_> = names.iter().map(|name| (*name, all_of(&document, call, name))).collect();
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = document.answer(call, 200, server.get(EMBASSY, path, &query).await).await;
        assert!(body["includes"][included].is_array(), "{body}");
    }
}

#[tokio::test]
async fn faults_and_limits() {
    let (document, server) = start().await;
    let faults = [
        (429, How::RateLimited { wait_ms: 1 }),
        (429, How::UsageCapped),
        (402, How::CreditsDepleted),
        (402, How::CreditsDepletedOld),
        (401, How::Unauthorized),
        (403, How::Suspended),
        (403, How::Duplicate),
        (403, How::Encrypted),
        (503, How::Status { code: 503, body: Body::Problem }),
    ];
    for (status, how) in faults {
        server.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, Moment::Before, how)));
        document
            .answer("POST /2/tweets", status, server.post(EMBASSY, "/2/tweets", json!({ "text": "x" })).await)
            .await;
    }
    server.world.with(|world, _| world.settings = Settings::of_x());
    for status in [200; 15].into_iter().chain([429]) {
        document.answer("GET /2/dm_events", status, server.get(EMBASSY, "/2/dm_events", &[]).await).await;
    }
}
