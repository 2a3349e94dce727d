//! The machine: disks, folders, clocks. What needs a process of its own, like a disk without room, is told in
//! `tests/it/process/weather.rs`.

use std::fs;
use std::time::Duration;

use verbale::sandbox::world::Settings;

use crate::support::weather_story::{Row, Story, Way};

super::troubles! {
    "the public folder is removed, and a file is in its place for ten minutes": no_public_folder,
    "the public folder is removed whole, and nothing is in its place": removed_public_folder,
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
