//! The machine: disks, folders, clocks. What needs a process of its own, like a disk without room, is told in
//! `tests/it/process/weather.rs`.

use std::fs;
use std::time::Duration;

use verbale::sandbox::world::{Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "the public folder is removed, and a file is in its place for ten minutes": no_public_folder,
    "the public folder is removed whole, and nothing is in its place": removed_public_folder,
    "the machine's clock is a day ahead for an hour, and the daemon is started with it": clock_ahead,
    "the machine's clock is a day behind for an hour, and the daemon is started with it": clock_behind,
    "the database is moved away for ten minutes": moved_database,
    "the same while the conversations are read, after 3,000 messages of strangers and the first note to a new group": moved_in_the_middle,
}

async fn no_public_folder() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    let public = story.harness.public();
    fs::remove_dir_all(&public).unwrap();
    fs::write(&public, "in its way").unwrap();
    story.send("while it is away");
    story.pass(Duration::from_secs(600)).await;
    fs::remove_file(&public).unwrap();
    story.clear();
    story.settle().await
}

async fn removed_public_folder() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    let public = story.harness.public();
    fs::remove_dir_all(&public).unwrap();
    story.send("while it is away");
    story.settle().await
}

/// The clock is wrong for an hour, with a note before, one meanwhile, and one afterwards.
async fn wrong_clock(offset_ms: i64) -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.send("before");
    story.pass(Duration::from_secs(300)).await;
    story.harness.set_clock(offset_ms);
    story.kill().await;
    story.send("meanwhile");
    story.pass(Duration::from_secs(3_600)).await;
    assert_eq!(story.notes(), 1, "nothing is sealed by a wrong clock");
    story.harness.set_clock(0);
    story.kill().await;
    story.send("afterwards");
    story.settle().await
}

async fn clock_ahead() -> Row {
    wrong_clock(86_400_000).await
}

async fn clock_behind() -> Row {
    wrong_clock(-86_400_000).await
}

async fn moved_database() -> Row {
    let mut story = Story::begin(Way::Direct, Settings::of_x()).await;
    let (database, away) = (story.harness.database(), story.harness.folder.path().join("away.db"));
    fs::rename(&database, &away).unwrap();
    story.send("while it is away");
    story.pass(Duration::from_secs(600)).await;
    fs::rename(&away, &database).unwrap();
    story.clear();
    story.settle().await
}

/// What was found before the trouble is sealed when it is over, and is not read again first.
async fn moved_in_the_middle() -> Row {
    let mut story = Story::begin(Way::Http, Settings::of_x()).await;
    story.kill().await;
    let group = story.harness.world.with(|world, now| {
        for number in 0..3_000 {
            world.send(now, JOURNALIST, EMBASSY, &Outgoing::text(&format!("{number} of many"))).unwrap();
        }
        world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &Outgoing::text("NOTE to a group")).unwrap().1
    });
    story.owe(group);
    story.harness.advance(1_000);
    let (database, away) = (story.harness.database(), story.harness.folder.path().join("away.db"));
    let (from, to) = (database.clone(), away.clone());
    let mut is_first = true;
    story.relay().bend(&format!("GET /2/dm_conversations/with/{MINISTRY}/dm_events"), move |_, _| {
        if std::mem::take(&mut is_first) {
            fs::rename(&from, &to).unwrap();
        }
    });
    story.pass(Duration::from_secs(600)).await;
    fs::rename(&away, &database).unwrap();
    story.clear();
    story.pass(Duration::from_secs(95)).await;
    assert_eq!(story.notes(), 1, "what was found is kept");
    story.settle().await
}
