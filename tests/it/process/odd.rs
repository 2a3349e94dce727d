//! The program while its platform answers oddly: what can be sealed is sealed and posted, and it goes on.

use serde_json::json;
use verbale::sandbox::world::Outgoing;
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::database;
use crate::support::harness::MARKER;
use crate::support::process::{Place, stop};

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
