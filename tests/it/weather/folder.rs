//! The public folder is changed by somebody else. It is compared with the log once an hour here, and by custom once a day.

use std::fs;
use std::time::Duration;

use verbale::sandbox::world::Settings;
use verbale::tlog::entry::Level;

use crate::support::dispute_fixture;
use crate::support::harness::DISPUTE;
use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "one byte of a tile is changed": changed_tile,
    "a tile of entries is removed": removed_tile,
    "`checkpoint` is cut in its middle": cut_checkpoint,
    "`log.txt` has a line more": longer_text,
    "the public key `log.vkey` is another": other_key,
    "a file of an opened note is removed": removed_opening,
}

/// Once an hour.
const HOURLY: &str = "0 0 * * * *";

/// A log with two notes, all of it published.
async fn published() -> Story {
    let mut story = Story::new(Way::Direct, Settings::of_x()).await;
    story.harness.compares = Some(HOURLY.parse().unwrap());
    story.harness.running = &DISPUTE;
    story.pass(Duration::from_secs(120)).await;
    for note in ["1", "2"] {
        story.send(note);
        story.pass(Duration::from_secs(300)).await;
    }
    story
}

/// A file is changed, and somebody looks at it every minute.
async fn damaged(mut story: Story, name: &str, damage: impl FnOnce(&mut Vec<u8>) -> bool) -> Row {
    let path = story.harness.public().join(name);
    let whole = fs::read(&path).unwrap();
    let mut bytes = whole.clone();
    match damage(&mut bytes) {
        true => fs::write(&path, bytes).unwrap(),
        false => fs::remove_file(&path).unwrap(),
    }
    story.clear();
    let mut minutes = 0;
    while fs::read(&path).ok().as_ref() != Some(&whole) {
        assert!(minutes < 120, "{name} is never healed");
        story.pass(Duration::from_secs(60)).await;
        minutes += 1;
    }
    let row = story.settle().await;
    Row { told: format!("{}; written anew within {minutes} min", row.told), ..row }
}

async fn changed_tile() -> Row {
    damaged(published().await, "tile/0/000.p/4", |bytes| {
        bytes[7] ^= 1;
        true
    })
    .await
}

async fn removed_tile() -> Row {
    damaged(published().await, "tile/entries/000.p/4", |_| false).await
}

async fn cut_checkpoint() -> Row {
    damaged(published().await, "checkpoint", |bytes| {
        bytes.truncate(bytes.len() / 2);
        true
    })
    .await
}

async fn longer_text() -> Row {
    damaged(published().await, "log.txt", |bytes| {
        bytes.extend(b"4 note 2018-03-09T17:40:15.001Z 3 made up\n");
        true
    })
    .await
}

async fn other_key() -> Row {
    damaged(published().await, "log.vkey", |bytes| {
        bytes[0] ^= 1;
        true
    })
    .await
}

async fn removed_opening() -> Row {
    let mut story = published().await;
    dispute_fixture::ask(&story.harness, Level::Envelope);
    story.pass(Duration::from_secs(1_800)).await;
    damaged(story, "note/0/1/note-1.envelope.txt", |_| false).await
}
