//! The client for X while something between gives it answers to other questions: none is believed, and none is taken for a
//! listing in which what is looked for is absent.

use serde_json::{Value, json};
use verbale::base::ids::{AccountId, ConversationId, PostId};
use verbale::platform::{Draft, Error, Platform};
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
