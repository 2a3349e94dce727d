//! The whole program in a storm: the daemon and the commands are killed with -9 at random moments, and the wire to the
//! platform spoils calls at random, while people write notes, send them by command, ask, dispute, open and prove. When it
//! is over, everything was done once, and every proof holds.
//!
//! The harness stands outside: it sees processes, files and the platform, and no part of the program runs in it. What
//! happens comes from a seed, which is printed; what happens at the same time depends on the machine.

mod calm;
mod errand;
mod judge;
mod people;

use std::fs::File;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::process::Child;
use verbale::sandbox::World;
use verbale::sandbox::world::Call;

use crate::support::process::Place;
use crate::support::wire::Wire;
use errand::Errands;
use people::People;

/// Longer than that, so that nobody waits any more.
const LATE: Duration = Duration::from_millis(700);

/// Number of calls, of 1000, that are spoilt.
const PER_MILLE: u32 = 250;

/// What is changed of the configuration: slips and the bot are on, and outcomes are known as soon as the lateness of the
/// wire and of the sandbox's lists allows.
const CONFIGURATION: [(&str, &str); 4] = [
    ("timeout = \"10s\"", TIMEOUT_LINE),
    ("unknown_outcome_timeout = \"1500ms\"", "unknown_outcome_timeout = \"3s\""),
    ("run_over = 2", "run_over = 3"),
    ("send = false", "send = true"),
];

/// How long the program waits for an answer.
const TIMEOUT_LINE: &str = "timeout = \"400ms\"";

/// How much happens.
struct Plan {
    kills: u64,
    faults: u64,
    seed: u64,
}

impl Plan {
    /// `VERBALE_STORM_KILLS` and `VERBALE_STORM_FAULTS` make it longer, `VERBALE_STORM_SEED` another.
    fn of_the_environment() -> Plan {
        let of = |name: &str, otherwise: u64| std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap());
        Plan {
            kills: of("VERBALE_STORM_KILLS", 6),
            faults: of("VERBALE_STORM_FAULTS", 30),
            seed: of("VERBALE_STORM_SEED", 1),
        }
    }
}

struct Storm {
    place: Place,
    wire: Wire,
    rng: StdRng,
    people: People,
    errands: Errands,
    /// Kills of the daemon.
    kills: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_once_whatever_dies_and_whatever_the_wire_does() {
    let (plan, begun) = (Plan::of_the_environment(), Instant::now());
    println!("seed {}: {} kills, {} faults", plan.seed, plan.kills, plan.faults);
    let mut storm = Storm::begin(plan.seed).await;
    storm.wire.begin(PER_MILLE, plan.faults);
    while storm.kills < plan.kills || 0 < storm.wire.left() {
        storm.live().await;
    }
    let raged = begun.elapsed();
    storm.calm_down().await;
    let calm = begun.elapsed();
    storm.judge().await;
    storm.tell();
    println!("the storm took {raged:.1?}, all was done after {calm:.1?}, judged after {:.1?}", begun.elapsed());
}

impl Storm {
    /// An installation whose daemon has looked at messages and mentions once: from now on all count.
    async fn begin(seed: u64) -> Storm {
        let mut place = Place::new().await;
        place.observer.is_talkative = true;
        let wire = Wire::open(&place.server.base, seed, LATE).await;
        place.configure(&place.server.base, &wire.base);
        CONFIGURATION.iter().for_each(|(old, new)| place.configure(old, new));
        let people = People::new(&place, seed);
        let storm =
            Storm { place, wire, rng: StdRng::seed_from_u64(seed), people, errands: Errands::default(), kills: 0 };
        let mut daemon = storm.start();
        let looked = |world: &World| [Call::Messages, Call::Mentions].iter().all(|call| 2 <= world.counts().of(*call));
        storm.place.until("the first look", looked).await;
        daemon.kill().await.unwrap();
        storm
    }

    /// The daemon; what it says is kept.
    fn start(&self) -> Child {
        let log = File::options().create(true).append(true).open(self.place.path("daemon.log")).unwrap();
        self.place.command(&["run"]).stderr(log).spawn().unwrap()
    }

    /// One life of the daemon, to its kill.
    async fn live(&mut self) {
        let mut daemon = self.start();
        let end = Instant::now() + self.length_of_life();
        while Instant::now() < end {
            if self.rng.random_bool(0.12) {
                self.people.act(&mut self.rng, &self.place);
            }
            if self.rng.random_bool(0.1) {
                self.errands.give(&mut self.rng, &self.place);
            }
            self.errands.step(&self.place);
            if self.rng.random_bool(0.1) && self.errands.kill_one(&mut self.rng).await {
                self.wire.forget();
            }
            // The pace of people, not a wait for anything.
            tokio::time::sleep(Duration::from_millis(self.rng.random_range(5..60))).await;
        }
        let ended = daemon.try_wait().unwrap();
        assert_eq!(ended, None, "the daemon ended by itself");
        daemon.kill().await.unwrap();
        self.wire.forget();
        self.kills += 1;
        self.look();
    }

    /// Most lives end while the program starts or soon after; some are long enough to get over a failure.
    fn length_of_life(&mut self) -> Duration {
        Duration::from_millis(match self.rng.random_range(0..10) {
            0..5 => self.rng.random_range(0..300),
            5..8 => self.rng.random_range(300..1200),
            _ => self.rng.random_range(1200..4000),
        })
    }

    /// Looks at everything from outside, while no daemon runs.
    fn look(&mut self) {
        people::owe_all(&mut self.place);
        self.place.observer.look_at_all();
    }

    fn tell(&self) {
        let spoilt = self.wire.spoilt();
        let faults: u64 = spoilt.values().sum();
        println!(
            "{} kills of the daemon, {} of commands; {faults} faults at the wire of {} kinds",
            self.kills,
            self.errands.kills,
            spoilt.len()
        );
        spoilt
            .iter()
            .for_each(|(spoil, times)| println!("  {times:4} {:?} reaches X, told: {:?}", spoil.reaches, spoil.told));
    }
}

/// What is needed to understand a storm that failed.
impl Drop for Storm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell();
            let said = std::fs::read_to_string(self.place.path("daemon.log")).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            println!("the daemon's last words:\n{}", lines[lines.len().saturating_sub(80)..].join("\n"));
        }
    }
}
