//! Two databases claim to be the same log.

use verbale::sandbox::world::Settings;
use verbale::store::{Durability, Store};
use verbale::tasks::post::Publisher;
use verbale::tasks::task::{Next, Task};

use crate::support::weather_story::Row;
use crate::support::workbench::{Workbench, run};
use crate::support::{database, fixture};

super::troubles! {
    "a second daemon of the same log runs, on a copy of its database": second_daemon,
    "the database is replaced by its copy of before the newest note": older_database,
}

const MINUTE_MS: i64 = 60_000;

/// A log with one note, posted.
async fn begun() -> Workbench {
    let bench = Workbench::new(Settings::of_x());
    run(&bench, &mut bench.watcher(), MINUTE_MS).await;
    note(&bench, &bench, "NOTE 1").await;
    run(&bench, &mut bench.publisher(), 20 * MINUTE_MS).await;
    bench
}

/// A note is sent, and a daemon seals it.
async fn note(bench: &Workbench, by: &Workbench, text: &str) {
    bench.send(text);
    run(by, &mut by.watcher(), 3 * MINUTE_MS).await;
}

fn copied(bench: &Workbench) -> Workbench {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("verbale.db");
    database::copy(&bench.folder.path().join("verbale.db"), &copy);
    let store = Store::open(&copy, fixture::key(), Durability::Process).unwrap();
    Workbench { world: bench.world.clone(), store, folder }
}

async fn settle(publisher: &mut Publisher) {
    while publisher.tick().await.unwrap() == Next::Now {}
}

/// Why a publisher stops, in its first line.
async fn stops(publisher: &mut Publisher) -> String {
    for _ in 0..20 {
        if let Err(error) = publisher.tick().await {
            // The names of posts hold the moment at which they were made.
            return format!("{error:#}").lines().next().unwrap_or_default().to_owned();
        }
    }
    panic!("it goes on");
}

async fn second_daemon() -> Row {
    let bench = begun().await;
    let mut first = bench.publisher();
    settle(&mut first).await;
    let other = copied(&bench);
    let mut second = other.publisher();
    settle(&mut second).await;
    note(&bench, &bench, "NOTE 2").await;
    run(&other, &mut other.watcher(), 3 * MINUTE_MS).await;
    settle(&mut first).await;
    let told = stops(&mut second).await;
    assert_eq!((bench.sealed().await, bench.posts()), (2, 2));
    run(&bench, &mut first, 60 * MINUTE_MS).await;
    Row {
        sealed: "the note, by both".to_owned(),
        told: format!("the second ends: {told}"),
        posted: "each note, once, by the first".to_owned(),
    }
}

async fn older_database() -> Row {
    let bench = begun().await;
    let old = copied(&bench);
    note(&bench, &bench, "NOTE 2").await;
    settle(&mut bench.publisher()).await;
    assert_eq!(bench.posts(), 2);
    let told = stops(&mut old.publisher()).await;
    assert_eq!((old.sealed().await, bench.posts()), (1, 2));
    Row {
        sealed: "nothing: the daemon does not begin".to_owned(),
        told: format!("it ends: {told}"),
        posted: "nothing more".to_owned(),
    }
}
