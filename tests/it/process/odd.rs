//! The program while its platform answers oddly: what can be sealed is sealed and posted, and it goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use verbale::base::ids::ConversationId;
use verbale::sandbox::world::{Call, Outgoing};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY, World};

use crate::support::database;
use crate::support::harness::MARKER;
use crate::support::process::{Place, stop};
use crate::support::relay::Answer;

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_message_and_odd_lookups_hold_up_no_note() {
    let place = Place::new().await;
    let relay = place.relay().await;
    let stranger = JOURNALIST.to_string();
    relay.bend_json("GET /2/dm_events", move |asked, page| {
        assert!(asked.parameter("max_results").is_some());
        let events = page["data"].as_array_mut().into_iter().flatten();
        let odd = events.filter(|event| event["sender_id"] == stranger.as_str());
        odd.for_each(|event| _ = event.as_object_mut().unwrap().remove("dm_conversation_id"));
    });
    // After this the answer is no JSON that the relay itself could read.
    relay.bend("GET /2/dm_events", |_, answer| answer.replace("STRANGER", "hi \\ud83d"));
    // Looked up by number, an account comes as another one.
    let other = EMBASSY.to_string();
    relay.bend_json("GET /2/users/*", move |asked, body| {
        if asked.path == format!("/2/users/{MINISTRY}") {
            body["data"]["id"] = json!(other);
        }
    });
    let mut child = place.serve().await;
    place.server.world.with(|world, now| {
        for (from, to, text) in [
            (JOURNALIST, EMBASSY, "STRANGER".to_owned()),
            (MINISTRY, EMBASSY, "STRANGER".to_owned()),
            (EMBASSY, MINISTRY, format!("{MARKER} one")),
        ] {
            world.send(now, from, to, &Outgoing::text(&text)).unwrap();
        }
    });
    place
        .until("the note is posted", |world| world.posts().any(|post| post.written.starts_with("Sealed note 1\n")))
        .await;
    assert!(stop(&mut child, "TERM").await.success());
    assert_eq!(database::count(&place.path("verbale.db"), "SELECT count(*) FROM note"), 1);
}

/// An answer to one conversation that holds messages of another: those are in the list of all, and are no gap.
#[tokio::test(flavor = "multi_thread")]
async fn messages_of_another_conversation_are_no_gap() {
    let mut place = Place::new().await;
    let relay = place.relay().await;
    let mut child = place.serve().await;
    place.until("the first look", |world| 2 <= world.counts().of(Call::Messages)).await;
    // Only conversations can be read.
    relay.instead("GET /2/dm_events", |_| Some(Answer::json(503, &json!({}))));
    let asked = || relay.asked("GET /2/dm_events").len();
    let before = asked();
    while asked() < before + 2 {
        // A call that was under way has ended by then.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let elsewhere = ConversationId::between(EMBASSY, JOURNALIST).to_string();
    relay.bend_json("GET /2/dm_conversations/with/*/dm_events", move |_, page| {
        let Some(events) = page["data"].as_array_mut() else { return };
        let mut other = events[0].clone();
        other["dm_conversation_id"] = json!(elsewhere);
        other["id"] = json!((events[0]["id"].as_str().unwrap().parse::<u64>().unwrap() - 1).to_string());
        events.push(other);
    });
    let note = Outgoing::text(&format!("{MARKER} one"));
    let id = place.server.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &note).unwrap());
    place.observer.owe(id, &[MINISTRY.0]);
    place.until("the note is posted", |world| world.posts().count() == 1).await;
    relay.straighten();
    assert!(stop(&mut child, "TERM").await.success());
    // The observer takes no gap without a reason.
    place.finish().await;
}

/// The second post and the second slip are not made, and get the answers of the first.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_given_before_is_no_answer() {
    let mut place = Place::new().await;
    place.configure("send = false", "send = true");
    place.give_key();
    let relay = place.relay().await;
    for call in ["POST /2/tweets", "POST /2/dm_conversations/with/*/messages"] {
        let (first, again) = (Arc::new(Mutex::new(None::<Answer>)), Arc::new(AtomicBool::new(false)));
        let (keep, kept) = (first.clone(), first);
        relay.bend(call, move |_, answer| _ = keep.lock().unwrap().get_or_insert_with(|| answer.clone()));
        relay.instead(call, move |_| kept.lock().unwrap().clone().filter(|_| !again.swap(true, Ordering::SeqCst)));
    }
    let mut child = place.serve().await;
    place.until("the first look", |world| 2 <= world.counts().of(Call::Messages)).await;
    let slips = |world: &World| world.events().filter(|event| event.sender == EMBASSY).count();
    for number in 1..3 {
        let note = Outgoing::text(&format!("{MARKER} {number}"));
        let id = place.server.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &note).unwrap());
        place.observer.owe(id, &[MINISTRY.0]);
        place
            .until("its post and its slip", |world| (world.posts().count(), slips(world)) == (number, 2 * number))
            .await;
    }
    assert!(stop(&mut child, "TERM").await.success());
    place.finish().await;
    let calls = ["POST /2/tweets", "POST /2/dm_conversations/with/*/messages"];
    assert_eq!(calls.map(|call| relay.asked(call).len()), [3, 3], "each second one was tried twice");
}
