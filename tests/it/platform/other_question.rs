//! The client for X while something between gives it answers to other questions: none is believed, and none is taken for a
//! listing in which what is looked for is absent.

use serde_json::{Value, json};
use verbale::base::ids::{AccountId, AccountName, ConversationId, PostId};
use verbale::platform::{Draft, Error, Lookup, Platform, PostState, Recipient};
use verbale::sandbox::world::{Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::client_fixture::start_bent;
use crate::support::relay::{Answer, Asked};

/// The calls that list something, and what they list.
const LISTINGS: [(&str, &str); 7] = [
    ("GET /2/dm_events", "events"),
    ("GET /2/dm_conversations/with/*/dm_events", "events"),
    ("GET /2/dm_conversations/*/dm_events", "events"),
    ("GET /2/users/*/tweets", "posts"),
    ("GET /2/users/*/mentions", "posts"),
    ("GET /2/chat/conversations", "chats"),
    ("GET /2/chat/conversations/*/events", "chats"),
];

/// What X lists or shows, by its kind; all of it is of 2018.
const ANSWERS: [(&str, &str); 7] = [
    (
        "events",
        r#"{"id":"972161234567890123","event_type":"MessageCreate","text":"NOTE","sender_id":"2244994945","dm_conversation_id":"783214-2244994945"}"#,
    ),
    ("posts", r#"{"id":"972161234567890123","text":"@embassy check 1","author_id":"17874544"}"#),
    ("posts", r#"{"id":"972161234567890123","text":"Sealed note 1","edit_history_tweet_ids":["972161234567890123"]}"#),
    ("chats", r#"{"id":"783214-2244994945","type":"direct","newest_event_id":"972161234567890123"}"#),
    ("chats", r#"{"id":"972161234567890123","conversation_key_version":"5"}"#),
    ("account", r#"{"id":"2244994945","name":"Embassy","username":"embassy"}"#),
    ("sent", r#"{"dm_conversation_id":"783214-2244994945","dm_event_id":"972161234567890123"}"#),
];

async fn listed(x: &impl Platform, listing: &str) -> Option<Error> {
    let conversation = ConversationId::between(EMBASSY, MINISTRY);
    match listing {
        "GET /2/dm_events" => x.messages(5, None).await.err(),
        "GET /2/dm_conversations/with/*/dm_events" => x.messages_with(MINISTRY, 5, None).await.err(),
        "GET /2/dm_conversations/*/dm_events" => x.newest_message(&conversation).await.err(),
        "GET /2/users/*/tweets" => x.own_posts(PostId(0)).await.err(),
        "GET /2/users/*/mentions" => x.mentions(PostId(0), 5, None).await.err(),
        "GET /2/chat/conversations" => x.conversations(None).await.err(),
        _ => x.is_encrypted(&conversation).await.err(),
    }
}

#[tokio::test]
async fn a_listing_of_another_kind_is_no_answer() {
    let (_world, x, relay) = start_bent(Settings::without_limits()).await;
    x.me().await.unwrap();
    for (listing, lists) in LISTINGS {
        for (kind, element) in ANSWERS.into_iter().filter(|(kind, _)| *kind != lists) {
            let element: Value = serde_json::from_str(element).unwrap();
            for data in [json!([element]), json!([element, element]), element] {
                let body = json!({ "data": data, "meta": { "result_count": 1 } });
                relay.refuse(listing, 1, Answer::json(200, &body));
                let error = listed(&x, listing).await;
                assert!(matches!(error, Some(Error::Unavailable { .. })), "{listing} {kind}: {error:?}");
                relay.straighten();
            }
        }
    }
}

/// What is of another conversation or account is not taken for a listing without what is looked for.
#[tokio::test]
async fn a_listing_of_another_place_is_no_answer() {
    let (world, x, relay) = start_bent(Settings::without_limits()).await;
    for to in [MINISTRY, JOURNALIST] {
        world.with(|world, now| world.send(now, EMBASSY, to, &Outgoing::text("NOTE")).unwrap());
    }
    x.post(&Draft::text("Sealed note 1")).await.unwrap();
    let kept: std::sync::Arc<std::sync::Mutex<Option<Answer>>> = std::sync::Arc::default();
    let call = "GET /2/dm_conversations/with/*/dm_events";
    let keep = kept.clone();
    relay.bend(call, move |asked: &Asked, answer| {
        if asked.path.contains(&MINISTRY.to_string()) {
            *keep.lock().unwrap() = Some(answer.clone());
        } else if let Some(other) = keep.lock().unwrap().clone() {
            *answer = other;
        }
    });
    assert_eq!(x.messages_with(MINISTRY, 5, None).await.unwrap().messages.len(), 1);
    assert!(matches!(x.messages_with(JOURNALIST, 5, None).await, Err(Error::Unavailable { .. })));
    relay.bend_json("GET /2/users/*/tweets", |_, body| {
        body["data"][0]["author_id"] = AccountId(5).to_string().into();
    });
    assert!(matches!(x.own_posts(PostId(0)).await, Err(Error::Unavailable { .. })));
}

#[tokio::test]
async fn a_page_in_place_of_a_file_is_no_file() {
    let (world, x, relay) = start_bent(Settings::without_limits()).await;
    let message = world.with(|world, now| {
        let media = vec![world.upload(now, EMBASSY, "image/png", vec![9; 1000])];
        world.send(now, EMBASSY, MINISTRY, &Outgoing { text: "NOTE".to_owned(), media }).unwrap()
    });
    let page = x.messages(5, None).await.unwrap();
    let attachment = &page.messages[0].attachments[0];
    for (media_type, body) in [
        ("text/html; charset=utf-8", "<!doctype html><title>Log in</title>"),
        ("application/json", r#"{"data":{"id":"5"}}"#),
        ("image/png", ""),
    ] {
        relay.bend("GET /media/dm/*/*/*", move |_, answer| {
            answer.headers.insert("content-type", media_type.parse().unwrap());
            answer.body = body.as_bytes().to_vec();
        });
        let error = x.attachment(message, attachment, 10_000).await.err();
        assert!(matches!(error, Some(Error::Unavailable { .. })), "{media_type} {error:?}");
        relay.straighten();
    }
    assert_eq!(x.attachment(message, attachment, 10_000).await.unwrap().bytes, vec![9; 1000]);
}

/// It would end the daemon as one whose credentials are another account's, or be taken for the log's account for good.
#[tokio::test]
async fn we_are_the_account_of_the_access_token_whatever_the_first_answer_says() {
    let (_world, x, relay) = start_bent(Settings::without_limits()).await;
    let other = json!({ "data": { "id": MINISTRY.to_string(), "name": "Ministry", "username": "ministry" } });
    relay.refuse("GET /2/users/me", 2, Answer::json(200, &other));
    for _ in 0..2 {
        assert!(matches!(x.me().await, Err(Error::Unavailable { .. })));
    }
    assert_eq!(x.me().await.unwrap().account.id, EMBASSY);
}

/// An answer that something is absent: in which way it comes, and what it names.
fn absent(status: u16, kind: &str, detail: &str, names: &Value) -> Answer {
    let mut problem = json!({
        "type": format!("https://api.x.com/2/problems/{kind}"), "title": "Not Found Error", "detail": detail,
    });
    for (key, value) in names.as_object().unwrap() {
        problem[key] = value.clone();
    }
    let body = if status == 200 { json!({ "errors": [problem] }) } else { problem };
    Answer::json(status, &body)
}

/// A post is gone only if X says so of this post.
#[tokio::test]
async fn what_something_else_is_said_to_be_is_not_said_of_what_was_asked() {
    let (_world, x, relay) = start_bent(Settings::without_limits()).await;
    let post = x.post(&Draft::text("Sealed note 1")).await.unwrap();
    let id = post.to_string();
    let about_others = [
        json!({}),
        json!({ "resource_type": "tweet" }),
        json!({ "resource_id": "5", "value": "5" }),
        json!({ "resource_id": id, "resource_type": "user" }),
        json!({ "value": id, "resource_type": "media" }),
        json!({ "resource_id": id, "value": "5", "resource_type": "post" }),
    ];
    for status in [200, 404] {
        for names in &about_others {
            relay.refuse("GET /2/tweets/*", 2, absent(status, "resource-not-found", "Could not find it.", names));
            assert!(matches!(x.post_state(post).await, Err(Error::Unavailable { .. })), "{status} {names}");
            assert!(matches!(x.read_post(post).await, Err(Error::Unavailable { .. })), "{status} {names}");
            relay.straighten();
        }
        for kind in ["tweet", "post"] {
            let names = json!({ "value": id, "resource_id": id, "resource_type": kind, "parameter": "id" });
            relay.refuse("GET /2/tweets/*", 1, absent(status, "resource-not-found", "Could not find it.", &names));
            assert_eq!(x.post_state(post).await, Ok(PostState::Absent), "{status} {kind}");
            relay.straighten();
        }
        let hidden = absent(status, "not-authorized-for-resource", "Not for you.", &json!({ "resource_type": "user" }));
        relay.refuse("GET /2/tweets/*", 2, hidden);
        assert!(x.post_state(post).await.is_err(), "{status}: what is hidden is not named");
        relay.straighten();
    }
}

#[tokio::test]
async fn an_account_is_absent_or_suspended_only_if_it_is_named() {
    let (_world, x, relay) = start_bent(Settings::without_limits()).await;
    let (name, id) = (AccountName::parse("ministry").unwrap(), MINISTRY.to_string());
    let suspended = |named: &str| format!("User has been suspended: [{named}].");
    for status in [200, 404] {
        for detail in ["Could not find it.", &suspended("5")] {
            for names in [json!({}), json!({ "value": "5" }), json!({ "value": id, "resource_type": "tweet" })] {
                relay.refuse("GET /2/users/*", 2, absent(status, "resource-not-found", detail, &names));
                assert!(x.account_by_id(MINISTRY).await.is_err(), "{status} {detail} {names}");
                assert!(x.recipient(MINISTRY).await.is_err(), "{status} {detail} {names}");
                relay.refuse("GET /2/users/by/username/*", 1, absent(status, "resource-not-found", detail, &names));
                assert!(x.account_by_name(&name).await.is_err(), "{status} {detail} {names}");
                relay.straighten();
            }
        }
        let names = json!({ "value": id, "resource_type": "user" });
        relay.refuse("GET /2/users/*", 1, absent(status, "resource-not-found", "Could not find it.", &names));
        assert_eq!(x.account_by_id(MINISTRY).await, Ok(Lookup::Absent));
        relay.refuse("GET /2/users/*", 2, absent(status, "resource-not-found", &suspended(&id), &names));
        assert_eq!(x.account_by_id(MINISTRY).await, Ok(Lookup::Suspended));
        assert!(matches!(x.recipient(MINISTRY).await, Ok(Recipient::Suspended)));
        let names = json!({ "value": "Ministry", "resource_type": "user" });
        relay.refuse("GET /2/users/by/username/*", 1, absent(status, "resource-not-found", "Not found.", &names));
        assert_eq!(x.account_by_name(&name).await, Ok(Lookup::Absent), "capitals do not count");
        relay.straighten();
    }
}

#[tokio::test]
async fn a_conversation_is_empty_only_if_nothing_else_is_meant() {
    let (_world, x, relay) = start_bent(Settings::without_limits()).await;
    x.me().await.unwrap();
    let call = "GET /2/dm_conversations/with/*/dm_events";
    for (kind, names) in [
        ("resource-not-found", json!({})),
        ("resource-not-found", json!({ "value": MINISTRY.to_string(), "resource_type": "tweet" })),
        ("resource-not-found", json!({ "value": JOURNALIST.to_string() })),
        ("dm-conversation-not-found", json!({ "value": ConversationId::between(EMBASSY, JOURNALIST).as_str() })),
    ] {
        relay.refuse(call, 1, absent(404, kind, "Not found.", &names));
        assert!(x.messages_with(MINISTRY, 5, None).await.is_err(), "{kind} {names}");
        relay.straighten();
    }
    for (kind, names) in [
        ("dm-conversation-not-found", json!({})),
        ("dm-conversation-not-found", json!({ "value": ConversationId::between(EMBASSY, MINISTRY).as_str() })),
        ("resource-not-found", json!({ "value": MINISTRY.to_string() })),
    ] {
        relay.refuse(call, 1, absent(404, kind, "Not found.", &names));
        assert!(x.messages_with(MINISTRY, 5, None).await.unwrap().messages.is_empty(), "{kind} {names}");
        relay.straighten();
    }
}

/// A file is refused for good only for what it is, or for where it lies.
#[tokio::test]
async fn a_file_that_is_refused_once_is_asked_for_again() {
    let (world, x, relay) = start_bent(Settings::without_limits()).await;
    let message = world.with(|world, now| {
        let media = vec![world.upload(now, EMBASSY, "image/png", vec![9; 1000])];
        world.send(now, EMBASSY, MINISTRY, &Outgoing { text: "NOTE".to_owned(), media }).unwrap()
    });
    let page = x.messages(5, None).await.unwrap();
    let attachment = &page.messages[0].attachments[0];
    let detail = json!({ "title": "No", "detail": "Something went wrong." });
    let not_found = json!({ "type": "https://api.x.com/2/problems/resource-not-found", "title": "No" });
    for (status, body) in [(400, &detail), (403, &detail), (404, &not_found), (404, &detail), (410, &detail)] {
        relay.refuse("GET /media/dm/*/*/*", 1, Answer::json(status, body));
        let error = x.attachment(message, attachment, 10_000).await.err();
        assert!(matches!(error, Some(Error::Unavailable { .. } | Error::Doubtful { .. })), "{status} {error:?}");
        relay.straighten();
    }
    assert!(matches!(x.attachment(message, attachment, 999).await.err(), Some(Error::Refused { .. })), "too large");
    assert_eq!(x.attachment(message, attachment, 10_000).await.unwrap().bytes, vec![9; 1000]);
}
