//! What happens in a year: drawn from a seed before it begins, so that one seed is one year.
//!
//! The kinds of trouble are those that X has told of itself from January to July 2026 (its page of incidents): days of
//! 503, hours of 401 for every account, outages of the whole; and those that an operator has: credits used up over a
//! weekend, a usage cap, a machine that is off, a full disk, a clock that steps.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use verbale::sandbox::world::{Body, How, Moment};

pub const SECOND_MS: i64 = 1_000;
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Something that happens.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Happening {
    /// The embassy sends this number of messages in a row, most of them formal.
    Send(u32),
    /// Strangers write this number of messages.
    Flood(u32),
    /// A message comes that no program can read.
    Odd,
    /// The platform's weather changes, until the next change.
    Weather(Weather),
    /// The process dies and is started again.
    Restart,
    /// The machine is off for this time.
    Off { ms: i64 },
    /// One of the latest public posts is deleted.
    DeletePost,
    /// One of the latest public posts is edited.
    EditPost,
    /// The conversation with the consulate is moved to X Chat for good.
    Encrypt,
    /// The disk of the database is full for this time.
    Full { ms: i64 },
    /// The machine's clock is this far from the true time from now on.
    Clock { offset_ms: i64 },
}

/// How the platform answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weather {
    /// One call in a hundred fails.
    Fair,
    /// A third of the calls is answered with 503 or a page for people.
    Days503,
    /// Every call of every account is answered with 401.
    Storm401,
    /// Nothing is answered.
    Outage,
    /// 402: no credits.
    NoCredits,
    /// 429: the month's cap.
    Capped,
    /// Half of the calls is answered with 429 and a wait of a window.
    Limits,
}

impl Weather {
    /// The calls of 1,000 that go wrong, and how.
    pub fn faults(self) -> (u32, Vec<(Moment, How)>) {
        use Moment::{After, Before};
        let status = |code, body| How::Status { code, body };
        match self {
            Weather::Fair => (
                10,
                vec![
                    (Before, status(503, Body::Problem)),
                    (After, status(500, Body::Html)),
                    (Before, How::Cut),
                    (After, How::Cut),
                    (After, How::Half),
                    (Before, How::Hold),
                    (After, How::Hold),
                    (Before, How::Automated),
                ],
            ),
            Weather::Days503 => {
                (333, vec![(Before, status(503, Body::Problem)), (After, status(503, Body::Html)), (Before, How::Cut)])
            }
            Weather::Storm401 => (1000, vec![(Before, How::Unauthorized)]),
            Weather::Outage => (1000, vec![(Before, status(503, Body::Html)), (Before, How::Cut), (Before, How::Hold)]),
            Weather::NoCredits => (1000, vec![(Before, How::CreditsDepleted), (Before, How::CreditsDepletedOld)]),
            Weather::Capped => (1000, vec![(Before, How::UsageCapped)]),
            Weather::Limits => (500, vec![(Before, How::RateLimited { wait_ms: 15 * MINUTE_MS })]),
        }
    }
}

/// The year of a seed: what happens, and how many milliseconds after its beginning, in order.
pub fn year(seed: u64, days: i64, notes: u32) -> Vec<(i64, Happening)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut year = Vec::new();
    let mut sent = 0;
    while sent < notes {
        let count = if rng.random_bool(0.02) { rng.random_range(5..40) } else { 1 };
        year.push((rng.random_range(0..days * DAY_MS), Happening::Send(count)));
        sent += count;
    }
    let mut at_random = |year: &mut Vec<_>, times: i64, make: &mut dyn FnMut(&mut StdRng) -> Happening| {
        // As often as in a whole year, for the part of it that is played.
        let times = in_part(times, days);
        for _ in 0..times {
            let at = rng.random_range(0..days * DAY_MS);
            year.push((at, make(&mut rng)));
        }
    };
    at_random(&mut year, 60, &mut |_| Happening::Odd);
    at_random(&mut year, 8, &mut |rng| Happening::Flood(rng.random_range(20..200)));
    at_random(&mut year, 40, &mut |_| Happening::Restart);
    at_random(&mut year, 12, &mut |_| Happening::DeletePost);
    at_random(&mut year, 6, &mut |_| Happening::EditPost);
    at_random(&mut year, 2, &mut |_| Happening::Full { ms: HOUR_MS });
    at_random(&mut year, 1, &mut |_| Happening::Off { ms: 14 * DAY_MS });
    at_random(&mut year, 1, &mut |_| Happening::Encrypt);
    let mut spell = |year: &mut Vec<_>, times: i64, weather, ms: i64| {
        at_random(year, times, &mut |_| Happening::Weather(weather));
        let last = year.len() - in_part(times, days) as usize;
        let ends: Vec<_> = year[last..].iter().map(|(at, _)| (at + ms, Happening::Weather(Weather::Fair))).collect();
        year.extend(ends);
    };
    spell(&mut year, 6, Weather::Days503, DAY_MS);
    spell(&mut year, 2, Weather::Storm401, 2 * HOUR_MS);
    spell(&mut year, 1, Weather::Outage, 222 * MINUTE_MS);
    spell(&mut year, 1, Weather::NoCredits, 56 * HOUR_MS);
    spell(&mut year, 1, Weather::Capped, 48 * HOUR_MS);
    spell(&mut year, 4, Weather::Limits, 6 * HOUR_MS);
    for (ahead_ms, ms) in [(2 * HOUR_MS, 40 * MINUTE_MS), (-3 * HOUR_MS, HOUR_MS)] {
        let at = rng.random_range(0..days * DAY_MS);
        year.push((at, Happening::Clock { offset_ms: ahead_ms }));
        year.push((at + ms, Happening::Clock { offset_ms: 0 }));
    }
    year.sort_by_key(|(at, _)| *at);
    year
}

/// How often something happens in a part of a year: rounded up, so that all of it happens.
fn in_part(times_a_year: i64, days: i64) -> i64 {
    (times_a_year * days + 364) / 365
}
