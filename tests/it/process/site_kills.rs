//! The program, killed with -9 again and again while it writes the public folder, and somebody who reads it all the while:
//! every checkpoint that the reader sees is supported by the tiles that it can fetch then, and by all that it saw before.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use verbale::sandbox::world::{Call, Outgoing};
use verbale::sandbox::{EMBASSY, MINISTRY};

use crate::support::database;
use crate::support::harness::MARKER;
use crate::support::process::Place;
use crate::support::reader::PublicReader;

/// How often a kill hit the program with something still to be written.
#[derive(Default, Debug)]
struct Hits {
    /// A file was under way.
    in_a_file: u64,
    /// The log had grown since the checkpoint.
    behind: u64,
    /// Pages were written for more than the checkpoint shows.
    before_the_checkpoint: u64,
}

impl Hits {
    fn count(&mut self, place: &Place) {
        let public = place.path("public");
        let line = |file: &str, line: usize| -> Option<u64> {
            let text = fs::read_to_string(public.join(file)).ok()?;
            text.lines().nth(line)?.rsplit(' ').next()?.parse().ok()
        };
        let shown = line("checkpoint", 1).unwrap_or(0);
        let size = database::count(&place.path("verbale.db"), "SELECT count(*) FROM entry");
        self.in_a_file += u64::from(public.join(".new").exists());
        self.behind += u64::from(shown < size);
        self.before_the_checkpoint += u64::from(log_is_ahead(&public, shown));
    }
}

/// Whether `log.txt` has more than the checkpoint: the death came between the two.
fn log_is_ahead(public: &Path, shown: u64) -> bool {
    fs::read_to_string(public.join("log.txt")).is_ok_and(|text| shown < text.lines().count() as u64)
}

/// `VERBALE_SITE_KILLS` makes it longer, `VERBALE_SITE_KILLS_SEED` another.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_writes_the_site() {
    let of = |name: &str, otherwise: u64| std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap());
    let kills = of("VERBALE_SITE_KILLS", 40);
    let mut rng = StdRng::seed_from_u64(of("VERBALE_SITE_KILLS_SEED", 1));
    let mut place = Place::new().await;
    let mut child = place.run();
    place.until("the first look", |world| 2 <= world.counts().of(Call::Messages)).await;
    child.kill().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (folder, stopped) = (place.path("public"), stop.clone());
    let stranger = std::thread::spawn(move || {
        let mut stranger = PublicReader::of_folder(&folder);
        while !stopped.load(Ordering::SeqCst) {
            stranger.look();
        }
        stranger
    });
    let (mut hits, mut done) = (Hits::default(), 0);
    while done < kills && !stranger.is_finished() {
        let mut child = place.run();
        for _ in 0..rng.random_range(1..4) {
            send(&mut place, done);
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..30))).await;
        }
        if rng.random_bool(0.7) {
            until_a_write_begins(&place.path("public/log.txt")).await;
            spin(Duration::from_micros(rng.random_range(0..3000))).await;
        } else {
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..120))).await;
        }
        child.kill().await.unwrap();
        hits.count(&place);
        done += 1;
    }
    if !stranger.is_finished() {
        place.finish().await;
    }
    stop.store(true, Ordering::SeqCst);
    let mut stranger = stranger.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    stranger.look();
    assert_eq!(crate::support::site_fixture::read(&place.path("public")), Some(stranger.size()));
    assert!(!place.path("public/.new").exists(), "something was left behind");
    println!(
        "{done} kills, {} notes, {} entries; {hits:?}; the reader looked {} times and saw {} heads, all supported",
        place.observer.owed.len(),
        stranger.size(),
        stranger.looks,
        stranger.heads
    );
    assert!(kills / 10 <= hits.behind, "too few of the kills hit a write: {hits:?}");
}

/// The log's text is written after the tiles and before the pages.
async fn until_a_write_begins(text: &Path) {
    let len = || fs::metadata(text).map(|about| about.len()).unwrap_or_default();
    let (before, begun) = (len(), Instant::now());
    while len() == before && begun.elapsed() < Duration::from_millis(300) {
        tokio::task::yield_now().await;
    }
}

/// A sleep that is exact to less than a millisecond.
async fn spin(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        tokio::task::yield_now().await;
    }
}

fn send(place: &mut Place, round: u64) {
    let text = format!("{MARKER} {round} {}", place.observer.owed.len());
    let id = place.server.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &Outgoing::text(&text)).unwrap());
    place.observer.owe(id, &[MINISTRY.0]);
}
