//! The client for X against a sandbox whose answers are bent on the way, as strange or broken servers would give them: an
//! answer is compared with the question, and one odd element of a list holds up no other.

use serde_json::{Value, json};
use verbale::base::ids::{AccountId, AccountName, Channel, ConversationId, MessageId, PostId};
use verbale::base::time::Time;
use verbale::platform::{Addressee, Draft, Error, Lookup, Platform};
use verbale::sandbox::world::{Call, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY, Shared};

use crate::support::client_fixture::start_bent;
use crate::support::relay::{Answer, Asked, Relay};

const MESSAGES: &str = "GET /2/dm_events";

/// A stranger's message between two of ours.
fn write(world: &Shared) -> [MessageId; 3] {
    [(EMBASSY, MINISTRY, "NOTE one"), (JOURNALIST, EMBASSY, "STRANGER"), (EMBASSY, MINISTRY, "NOTE two")]
        .map(|(from, to, text)| world.with(|world, now| world.send(now, from, to, &Outgoing::text(text))).ok().unwrap())
}

/// Changes the stranger's message in every listing.
fn bend_stranger(relay: &Relay, change: impl Fn(&mut Value) + Send + 'static) {
    relay.bend_json(MESSAGES, move |_, body| {
        let events = body["data"].as_array_mut().unwrap();
        let stranger = events.iter_mut().find(|event| event["sender_id"] == JOURNALIST.to_string());
        stranger.into_iter().for_each(&change);
    });
}

fn day_off(now: Time) -> Time {
    now.plus_ms(-86_400_000)
}

#[tokio::test]
async fn a_relay_bends_what_it_is_told_to_and_nothing_else() {
    let (world, x, relay) = start_bent(Settings::of_x()).await;
    assert_eq!(x.me().await.unwrap().account.id, EMBASSY);
    relay.bend_json("GET /2/users/*", |asked, body| {
        assert_eq!(asked.path, format!("/2/users/{MINISTRY}"));
        body["data"]["username"] = json!("renamed");
    });
    relay.refuse("GET /2/users/*", 1, Answer::json(503, &json!({})).with("retry-after", "1"));
    assert!(matches!(x.account_by_id(MINISTRY).await, Err(Error::Unavailable { .. })));
    let Ok(Lookup::Found(account)) = x.account_by_id(MINISTRY).await else { panic!("the second call comes through") };
    assert_eq!((account.id, account.name.as_str()), (MINISTRY, "renamed"));
    assert_eq!((relay.asked("GET /2/users/*").len(), relay.asked("GET /2/users/me").len()), (3, 1));
    assert_eq!(world.with(|world, _| world.counts().of(Call::UserById)), 1, "the first was not asked of the sandbox");
    relay.straighten();
    assert!(matches!(x.account_by_id(AccountId(1)).await, Ok(Lookup::Absent)));
}

#[tokio::test]
async fn an_account_is_the_one_that_was_asked_for_or_there_is_no_answer() {
    let (_world, x, relay) = start_bent(Settings::of_x()).await;
    for call in ["GET /2/users/*", "GET /2/users/by/username/*"] {
        relay.bend_json(call, |asked, body| {
            if asked.path != "/2/users/me" {
                body["data"] = json!({ "id": JOURNALIST.to_string(), "username": "journalist", "name": "J" });
            }
        });
    }
    let name = |name: &str| AccountName::parse(name).unwrap();
    assert!(matches!(x.account_by_id(MINISTRY).await, Err(Error::Unavailable { .. })));
    assert!(matches!(x.account_by_name(&name("ministry")).await, Err(Error::Unavailable { .. })));
    assert!(matches!(x.account_by_id(JOURNALIST).await, Ok(Lookup::Found(_))));
    assert!(matches!(x.account_by_name(&name("JOURNALIST")).await, Ok(Lookup::Found(_))), "capitals do not count");
}

#[tokio::test]
async fn we_are_one_account() {
    let (_world, x, relay) = start_bent(Settings::of_x()).await;
    assert_eq!(x.me().await.unwrap().account.id, EMBASSY);
    relay.bend_json("GET /2/users/me", |_, body| body["data"]["id"] = json!(JOURNALIST.to_string()));
    assert!(matches!(x.me().await, Err(Error::Unavailable { .. })));
    relay.straighten();
    assert_eq!(x.me().await.unwrap().account.id, EMBASSY, "one wrong answer is forgotten");
}

#[tokio::test]
async fn a_post_whose_number_is_not_of_now_is_looked_for() {
    let (world, x, relay) = start_bent(Settings::of_x()).await;
    for ms in [-86_400_000, -601_000, 660_000, 86_400_000] {
        let id = Channel::X.first_at(world.clock().now().plus_ms(ms));
        relay.bend_json("POST /2/tweets", move |_, body| body["data"]["id"] = json!(id.to_string()));
        let text = format!("Sealed note {ms}");
        let error = x.post(&Draft::text(&text)).await.unwrap_err();
        assert!(matches!(&error, Error::NoAnswer { what } if !what.contains("Sealed")), "{ms} {error:?}");
        relay.straighten();
        let found = x.own_posts(PostId(0)).await.unwrap().posts;
        assert_eq!(found[0].text, text, "it is there");
    }
    let other = x.post(&Draft::text("Sealed note 1")).await.unwrap();
    relay.bend_json("GET /2/tweets/*", |_, body| body["data"]["id"] = json!("5"));
    assert!(matches!(x.read_post(other).await, Err(Error::Unavailable { .. })), "another post than was asked for");
}

#[tokio::test]
async fn a_message_that_was_sent_elsewhere_or_at_another_time_is_looked_for() {
    let (world, x, relay) = start_bent(Settings::without_limits()).await;
    let ours = ConversationId::between(EMBASSY, MINISTRY);
    let to = [Addressee::Account(MINISTRY), Addressee::Conversation(ours.clone())];
    let calls = ["POST /2/dm_conversations/with/*/messages", "POST /2/dm_conversations/*/messages"];
    let old = MessageId::first_at(day_off(world.clock().now())).to_string();
    let elsewhere = ConversationId::between(EMBASSY, JOURNALIST).to_string();
    for (to, call) in to.iter().zip(calls) {
        for (field, value) in [("dm_event_id", old.clone()), ("dm_conversation_id", elsewhere.clone())] {
            relay.bend_json(call, move |_, body| body["data"][field] = json!(value));
            let error = x.send_message(to, "slip", None).await.unwrap_err();
            assert!(matches!(error, Error::NoAnswer { .. }), "{call} {field} {error:?}");
            relay.straighten();
        }
        assert_eq!(x.send_message(to, "slip", None).await.unwrap().conversation, ours);
    }
}

#[tokio::test]
async fn one_odd_message_holds_up_no_other() {
    let changes: [fn(&mut Value); 9] = [
        |event| _ = event.as_object_mut().unwrap().remove("dm_conversation_id"),
        |event| _ = event.as_object_mut().unwrap().remove("sender_id"),
        |event| event["dm_conversation_id"] = json!(""),
        |event| event["text"] = Value::Null,
        |event| event["text"] = json!(5),
        |event| event["id"] = json!(5.5),
        |event| event["sender_id"] = json!(17874544),
        |event| event["event_type"] = json!("MessageForwarded"),
        |event| *event = json!("gone"),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let (world, x, relay) = start_bent(Settings::of_x()).await;
        let [one, odd, two] = write(&world);
        bend_stranger(&relay, change);
        let page = x.messages(5, None).await.ok().unwrap();
        assert_eq!(page.messages.iter().map(|message| message.id).collect::<Vec<_>>(), [two, one], "{number}");
        let [unreadable] = &page.unreadable[..] else { panic!("{number}") };
        assert_eq!(unreadable.id, (number != 5 && number != 8).then_some(odd), "{number}");
        let again = x.messages(5, None).await.ok().unwrap();
        assert_eq!(again.unreadable, page.unreadable, "{number}: the same each time");
    }
}

#[tokio::test]
async fn half_an_emoji_spoils_one_message_and_no_other() {
    for half in [&br"hi \ud83d"[..], &br"\udc00"[..], &[0xf0, 0x9f, 0x87]] {
        let (world, x, relay) = start_bent(Settings::of_x()).await;
        let [one, odd, two] = write(&world);
        let half = half.to_vec();
        relay.bend(MESSAGES, move |_, answer| {
            // Bytes that are no text cannot be put in by `replace`.
            let at = answer.body.windows(8).position(|text| text == b"STRANGER").unwrap();
            answer.body.splice(at..at + 8, half.clone());
        });
        let page = x.messages(5, None).await.ok().unwrap();
        assert_eq!(page.messages.iter().map(|message| message.id).collect::<Vec<_>>(), [two, one]);
        assert_eq!(page.unreadable[0].id, Some(odd));
        assert_eq!(page.unreadable[0].why, "it has no valid `text`");
    }
}

#[tokio::test]
async fn a_message_of_the_future_is_unreadable_and_the_clock_of_x_is_told() {
    let (world, x, relay) = start_bent(Settings::of_x()).await;
    let [one, _, two] = write(&world);
    let now = world.clock().now();
    let later = MessageId::first_at(now.plus_ms(3 * 3_600_000));
    bend_stranger(&relay, move |event| event["id"] = json!(later.to_string()));
    let page = x.messages(5, None).await.ok().unwrap();
    assert_eq!(page.messages.iter().map(|message| message.id).collect::<Vec<_>>(), [two, one]);
    assert_eq!(page.unreadable[0].id, Some(later));
    assert!(now.ms_since(page.clock.unwrap()).abs() < 60_000);
    // X says that it is later: then it is our clock that is wrong, and the message is none of the future.
    let date = jiff::Timestamp::from_millisecond(now.plus_ms(3 * 3_600_000).ms()).unwrap();
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap();
    relay.bend(MESSAGES, move |_, answer| _ = answer.headers.insert("date", date.parse().unwrap()));
    let page = x.messages(5, None).await.ok().unwrap();
    assert_eq!((page.messages.len(), page.unreadable.len()), (3, 0));
    assert!(10_000_000 < page.clock.unwrap().ms_since(now));
}

#[tokio::test]
async fn a_message_of_another_conversation_than_was_asked_for_is_unreadable() {
    let (world, x, relay) = start_bent(Settings::of_x()).await;
    let [one, _, two] = write(&world);
    let elsewhere = ConversationId::between(EMBASSY, JOURNALIST).to_string();
    relay.bend_json("GET /2/dm_conversations/with/*/dm_events", move |_, body| {
        body["data"][0]["dm_conversation_id"] = json!(elsewhere);
    });
    let page = x.messages_with(MINISTRY, 5, None).await.ok().unwrap();
    assert_eq!((page.messages[0].id, page.unreadable[0].id, page.messages.len()), (one, Some(two), 1));
}

#[tokio::test]
async fn an_odd_mention_or_post_holds_up_no_other() {
    let (world, x, relay) = start_bent(Settings::of_x()).await;
    for number in 0..3 {
        x.post(&Draft::text(format!("Sealed note {number}"))).await.unwrap();
        let text = format!("@embassy check {number}");
        let draft = verbale::sandbox::world::Draft { text: &text, ..Default::default() };
        world.with(|world, now| world.post(now, JOURNALIST, draft)).ok().unwrap();
    }
    let later = Channel::X.first_at(world.clock().now().plus_ms(86_400_000)).to_string();
    let odd: [(&str, Value); 5] = [
        ("text", Value::Null),
        ("author_id", json!("")),
        ("author_id", json!(5)),
        ("id", json!(later)),
        ("id", json!({})),
    ];
    for (field, value) in odd {
        for call in ["GET /2/users/*/tweets", "GET /2/users/*/mentions"] {
            let value = value.clone();
            relay.bend_json(call, move |_, body| body["data"][1][field] = value.clone());
        }
        let posts = x.own_posts(PostId(0)).await.unwrap();
        assert_eq!((posts.posts.len(), posts.unreadable.len()), (2, 1), "{field} {value}");
        let mentions = x.mentions(PostId(0), 5, None).await.unwrap();
        // Anybody may have written a mention.
        let is_other = value == json!(5);
        let expected = (2 + usize::from(is_other), usize::from(!is_other));
        assert_eq!((mentions.mentions.len(), mentions.unreadable.len()), expected, "{field} {value}");
        relay.straighten();
    }
}

#[tokio::test]
async fn the_mark_of_the_next_page_is_never_lost() {
    let (world, x, relay) = start_bent(Settings::of_x()).await;
    write(&world);
    relay.bend_json(MESSAGES, |_, body| body["meta"]["next_token"] = json!({ "a": 1 }));
    let page = x.messages(2, None).await.ok().unwrap();
    assert_eq!((page.messages.len(), page.next, page.unreadable.len()), (2, None, 1), "what cannot be reached is said");
    relay.straighten();
    relay.bend_json(MESSAGES, |_, body| body["meta"]["next_token"] = json!(7_140_123));
    assert_eq!(x.messages(2, None).await.ok().unwrap().next.unwrap().0, "7140123");
}

#[tokio::test]
async fn a_refused_mark_is_told_apart_and_an_answer_too_large_too() {
    let (world, x, relay) = start_bent(Settings::of_x()).await;
    write(&world);
    let first = x.messages(1, None).await.ok().unwrap();
    let invalid = json!({
        "errors": [{ "parameters": { "pagination_token": ["x"] }, "message": "it is not valid" }],
        "title": "Invalid Request", "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.x.com/2/problems/invalid-request",
    });
    let is_later = |asked: &Asked| asked.parameter("pagination_token").is_some();
    relay.instead(MESSAGES, move |asked| is_later(asked).then(|| Answer::json(400, &invalid)));
    let refused = x.messages(1, first.next.as_ref()).await.err().unwrap();
    assert!(matches!(refused, Error::TokenRefused { .. }), "{refused:?}");
    assert!(x.messages(1, None).await.is_ok());
    relay.straighten();
    let gone = json!({ "type": "https://api.x.com/2/problems/dm-conversation-not-found", "title": "Not Found" });
    relay.instead("GET /2/dm_conversations/with/*/dm_events", move |asked| {
        is_later(asked).then(|| Answer::json(404, &gone))
    });
    let first = x.messages_with(MINISTRY, 1, None).await.ok().unwrap();
    let refused = x.messages_with(MINISTRY, 1, first.next.as_ref()).await.err().unwrap();
    assert!(matches!(refused, Error::TokenRefused { .. }), "an end that nobody named: {refused:?}");
    relay.bend(MESSAGES, |_, answer| answer.body.resize(9 * 1024 * 1024, b' '));
    assert!(matches!(x.messages(1, None).await.err(), Some(Error::TooLarge { .. })));
}

#[tokio::test]
async fn a_reset_in_milliseconds_or_far_away_waits_for_one_window() {
    let (world, x, relay) = start_bent(Settings::of_x()).await;
    let limited = |reset: i64| {
        let body = json!({ "title": "Too Many Requests", "type": "about:blank", "status": 429 });
        let answer = Answer::json(429, &body).with("x-rate-limit-limit", "15").with("x-rate-limit-remaining", "0");
        answer.with("x-rate-limit-reset", &reset.to_string())
    };
    let now = world.clock().now();
    for (call, reset, longest_ms) in [
        (MESSAGES, now.plus_ms(60_000).ms(), 61_000),
        ("GET /2/users/*/mentions", now.ms() / 1000 + 86_400, 900_000),
        ("GET /2/users/*/tweets", now.ms() / 1000 - 60, 60_000),
    ] {
        relay.refuse(call, 1, limited(reset));
        let error = match call {
            MESSAGES => x.messages(5, None).await.err(),
            "GET /2/users/*/mentions" => x.mentions(PostId(0), 5, None).await.err(),
            _ => x.own_posts(PostId(0)).await.err(),
        };
        let Some(Error::Wait { until, .. }) = error else { panic!("{call} {error:?}") };
        let ms = until.ms_since(world.clock().now());
        assert!((longest_ms - 20_000..=longest_ms).contains(&ms), "{call} {ms}");
    }
}

#[tokio::test]
async fn a_listing_that_never_ends_is_ended() {
    let (world, x, relay) = start_bent(Settings::without_limits()).await;
    for number in 0..120 {
        let text = format!("Sealed note {number}");
        let draft = verbale::sandbox::world::Draft { text: &text, ..Default::default() };
        world.with(|world, now| world.post(now, EMBASSY, draft)).ok().unwrap();
    }
    const TOKEN: &str = "7140dibdnow9c7btw4b0000000000001";
    // Whatever page is asked for, the first comes again, with the same token.
    let mut first: Option<Answer> = None;
    relay.bend("GET /2/users/*/tweets", move |_, answer| {
        answer.change_json(|body| body["meta"]["next_token"] = json!(TOKEN));
        *answer = first.get_or_insert_with(|| answer.clone()).clone();
    });
    assert_eq!(x.own_posts(PostId(0)).await.unwrap().posts.len(), 100);
    assert_eq!(relay.asked("GET /2/users/*/tweets").len(), 2);
}

#[tokio::test]
async fn a_group_that_is_older_than_what_is_kept_is_not_complete() {
    let (world, x, relay) = start_bent(Settings::without_limits()).await;
    let text = Outgoing::text("to both");
    let made = world.with(|world, now| world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &text));
    let (group, _) = made.ok().unwrap();
    assert!(x.participants(&group).await.unwrap().complete);
    const CALL: &str = "GET /2/dm_conversations/*/dm_events";
    let is_of_changes = |asked: &Asked| asked.query.contains("Participants");
    // Nobody's joining is listed any more; who has written lately is known.
    relay.instead(CALL, move |asked| {
        is_of_changes(asked).then(|| Answer::json(200, &json!({ "meta": { "result_count": 0 } })))
    });
    let found = x.participants(&group).await.unwrap();
    assert_eq!((found.accounts, found.complete), (vec![EMBASSY], false));
    relay.straighten();
    // But somebody was brought in last week.
    let last_week = MessageId::first_at(world.clock().now().plus_ms(-7 * 86_400_000)).to_string();
    relay.instead(CALL, move |asked| {
        let event = json!({
            "id": last_week, "event_type": "ParticipantsJoin", "sender_id": EMBASSY.to_string(),
            "participant_ids": [JOURNALIST.to_string()],
        });
        is_of_changes(asked).then(|| Answer::json(200, &json!({ "data": [event], "meta": { "result_count": 1 } })))
    });
    let found = x.participants(&group).await.unwrap();
    assert_eq!((found.accounts, found.complete), (vec![JOURNALIST, EMBASSY], false));
    relay.straighten();
    // One element that cannot be read, and a list without end.
    relay.bend_json(CALL, move |asked, body| {
        if is_of_changes(asked) {
            body["data"][0]["participant_ids"][0] = Value::Null;
        }
    });
    assert!(!x.participants(&group).await.unwrap().complete);
    relay.straighten();
    relay.bend_json(CALL, |_, body| body["meta"]["next_token"] = json!("7140dibdnow9c7btw4b0000000000001"));
    assert!(!x.participants(&group).await.unwrap().complete);
    relay.straighten();
    assert!(x.participants(&group).await.unwrap().complete);
}

#[tokio::test]
async fn a_suspended_account_is_said_to_be_so_and_is_not_our_own() {
    let (world, x, _relay) = start_bent(Settings::of_x()).await;
    world.with(|world, _| world.user_mut(MINISTRY).unwrap().is_suspended = true);
    assert_eq!(x.account_by_id(MINISTRY).await, Ok(Lookup::Suspended));
    assert_eq!(x.account_by_name(&AccountName::parse("ministry").unwrap()).await, Ok(Lookup::Suspended));
    let error = x.send_message(&Addressee::Account(MINISTRY), "slip", None).await.unwrap_err();
    let Error::Doubtful { what, remedy } = error else { panic!("{error:?}") };
    assert!(what.contains("dm-recipient-unavailable") && remedy.contains("recipient"), "{what} {remedy}");
}

#[tokio::test]
async fn a_spurious_refusal_is_told_from_a_final_one() {
    let (_world, x, relay) = start_bent(Settings::without_limits()).await;
    let code =
        |code: u32| Answer::json(403, &json!({ "errors": [{ "code": code, "message": "Please try again later." }] }));
    let bare = Answer::json(403, &json!({ "title": "Forbidden", "detail": "Forbidden", "status": 403 }));
    for answer in [code(226), code(344), code(453), code(63), bare] {
        relay.refuse("POST /2/tweets", 1, answer.clone());
        relay.refuse(MESSAGES, 1, answer);
        let error = x.post(&Draft::text("a")).await.unwrap_err();
        assert!(matches!(&error, Error::Doubtful { remedy, .. } if !remedy.is_empty()), "{error:?}");
        assert!(matches!(x.messages(5, None).await.err(), Some(Error::Doubtful { .. })));
    }
    relay.refuse("POST /2/tweets", 1, code(170));
    assert!(matches!(x.post(&Draft::text("a")).await, Err(Error::Refused { .. })));
    x.post(&Draft::text("a")).await.unwrap();
    assert_eq!(relay.asked("POST /2/tweets").iter().filter(|asked| asked.body == r#"{"text":"a"}"#).count(), 7);
}

/// An answer packed by one of the usual ways.
fn packed(way: &str, body: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packed = Vec::new();
    match way {
        "gzip" => {
            let mut writer = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::fast());
            writer.write_all(body).unwrap();
            writer.finish().unwrap();
        }
        _ => brotli::CompressorWriter::new(&mut packed, 4096, 5, 20).write_all(body).unwrap(),
    }
    packed
}

#[tokio::test]
async fn packed_answers_are_understood_and_limited_by_what_is_in_them() {
    for way in ["gzip", "br"] {
        let (world, x, relay) = start_bent(Settings::without_limits()).await;
        let [one, ..] = write(&world);
        relay.bend(MESSAGES, move |_, answer| {
            answer.headers.insert("content-encoding", way.parse().unwrap());
            answer.body = packed(way, &answer.body);
        });
        assert_eq!(x.messages(5, None).await.ok().unwrap().messages.last().unwrap().id, one, "{way}");
        relay.straighten();
        // 9 MiB in a few kilobytes.
        relay.bend(MESSAGES, move |_, answer| {
            answer.headers.insert("content-encoding", way.parse().unwrap());
            answer.body.resize(9 * 1024 * 1024, b' ');
            answer.body = packed(way, &answer.body);
            assert!(answer.body.len() < 100_000);
        });
        assert!(matches!(x.messages(5, None).await.err(), Some(Error::TooLarge { .. })), "{way}");
        relay.straighten();
        // Cut, or not packed at all.
        for cut in [true, false] {
            relay.bend(MESSAGES, move |_, answer| {
                answer.headers.insert("content-encoding", way.parse().unwrap());
                let whole = packed(way, &answer.body);
                answer.body = if cut { whole[..whole.len() / 2].to_vec() } else { answer.body.clone() };
            });
            assert!(matches!(x.messages(5, None).await.err(), Some(Error::Unavailable { .. })), "{way} {cut}");
            relay.straighten();
        }
        relay.bend("POST /2/tweets", move |_, answer| {
            answer.headers.insert("content-encoding", way.parse().unwrap());
        });
        assert!(matches!(x.post(&Draft::text("a")).await, Err(Error::NoAnswer { .. })), "{way}: a post may be there");
    }
}
