//! The program, started again in bad weather: what it sees first is wrong or missing, and it goes on all the same.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::process::Child;
use verbale::base::ids::{AccountId, PostId};
use verbale::sandbox::world::Outgoing;
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::database;
use crate::support::harness::MARKER;
use crate::support::process::{GENEROUS, Place, stop};

/// A place in which one note is sealed and posted, and no daemon runs.
async fn begun() -> Place {
    let place = Place::new().await;
    let mut child = place.serve().await;
    write(&place);
    posted(&place, 1).await;
    assert!(stop(&mut child, "TERM").await.success());
    place
}

fn write(place: &Place) {
    let text = format!("{MARKER} as ever");
    place.server.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &Outgoing::text(&text)).unwrap());
}

async fn posted(place: &Place, note: u64) {
    let first = format!("Sealed note {note}\n");
    place.until("the note is posted", |world| world.posts().any(|post| post.written.starts_with(&first))).await;
}

fn sealed(place: &Place) -> u64 {
    database::count(&place.path("verbale.db"), "SELECT count(*) FROM note")
}

/// It posts the next note, and ends only when it is told to.
async fn goes_on(place: &Place, mut child: Child) {
    write(place);
    posted(place, 2).await;
    assert!(stop(&mut child, "TERM").await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_names_another_account_is_not_believed() {
    let place = begun().await;
    let relay = place.relay().await;
    let mut left = 3;
    relay.bend_json("GET /2/users/me", move |_, body| {
        if 0 < left {
            left -= 1;
            body["data"] = json!({ "id": JOURNALIST.to_string(), "username": "journalist", "name": "J" });
        }
    });
    let child = place.run();
    goes_on(&place, child).await;
    assert!(3 < relay.asked("GET /2/users/me").len());
}

/// The first answers of all are wrong, and nothing contradicts them yet.
#[tokio::test(flavor = "multi_thread")]
async fn whom_a_log_is_of_must_be_said_twice() {
    let place = Place::new().await;
    let relay = place.relay().await;
    let mut is_first = true;
    relay.bend_json("GET /2/users/me", move |_, body| {
        if std::mem::take(&mut is_first) {
            body["data"] = json!({ "id": JOURNALIST.to_string(), "username": "journalist", "name": "J" });
        }
    });
    let mut child = place.run();
    let own = || database::count(&place.path("verbale.db"), "SELECT coalesce(max(id), 0) FROM account");
    place.until("the log knows whose it is", |_| own() != 0).await;
    assert_eq!(own(), EMBASSY.0);
    assert!(stop(&mut child, "TERM").await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_posts_that_no_number_confirms_stops_nothing() {
    for author in [Some(JOURNALIST), Some(EMBASSY), None] {
        let place = begun().await;
        let relay = place.relay().await;
        let posted =
            place.server.world.with(|world, _| world.posts().last().map(|post| (post.id, post.written.clone())));
        let (id, text) = posted.expect("there is a post");
        let other = of_a_longer_log(id, &text, author);
        let bent = Arc::new(AtomicUsize::new(0));
        let counted = bent.clone();
        relay.bend_json("GET /2/users/*/tweets", move |_, body| {
            if counted.fetch_add(1, Ordering::SeqCst) < 3 {
                let posts = body["data"].as_array().cloned().unwrap_or_default();
                body["data"] = std::iter::once(other.clone()).chain(posts).collect();
                body["meta"] = json!({ "result_count": 1 });
            }
        });
        let child = place.run();
        goes_on(&place, child).await;
        assert!(0 < bent.load(Ordering::SeqCst), "a list was bent");
        let strange = database::count(&place.path("verbale.db"), "SELECT count(*) FROM strange_post");
        assert_eq!(strange, 0, "{author:?}: nobody is troubled with it");
    }
}

/// A post like this one, later, of a log with far more entries.
fn of_a_longer_log(id: PostId, text: &str, author: Option<AccountId>) -> Value {
    let (note, log) = text.split_once("\nlog ").expect("it shows a head");
    let root = log.split_once(' ').expect("it has a root").1;
    let text = format!("{}\nlog 900 {root}", note.replace("note 1", "note 17"));
    let mut post = json!({ "id": (id.0 + 1).to_string(), "text": text });
    if let Some(author) = author {
        post["author_id"] = json!(author.to_string());
    }
    post
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_opened_holds_up_no_seal_and_no_head_is_shown() {
    let place = begun().await;
    let (public, aside) = (place.path("public"), place.path("aside"));
    fs::rename(&public, &aside).unwrap();
    fs::write(&public, "a file").unwrap();
    let mut child = place.run();
    write(&place);
    let is_sealed = tokio::time::timeout(GENEROUS, async {
        while sealed(&place) < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    is_sealed.await.expect("it is never sealed");
    let posts = place.server.world.with(|world, _| world.posts().count());
    assert_eq!(posts, 1, "what the folder shows is not known");
    fs::remove_file(&public).unwrap();
    fs::rename(&aside, &public).unwrap();
    posted(&place, 2).await;
    assert!(stop(&mut child, "TERM").await.success());
}
