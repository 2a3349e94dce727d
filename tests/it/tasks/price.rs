//! What a day costs by X's price list: all tasks on a clock that is driven through it, as the default configuration sets
//! them, and the table in the README that comes of it.
//!
//! `VERBALE_WRITE_PRICES=1` writes the table anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use verbale::app::config::Config;
use verbale::app::config::create::{Answers, create};
use verbale::base::ids::{Account, AccountId, Origin, PostId};
use verbale::base::time::Time;
use verbale::platform::price::Billed;
use verbale::sandbox::world::{Call, Counts, Draft, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, MINISTRY, World};
use verbale::tasks::monitor::MonitorSettings;
use verbale::tasks::reply::limits::Limits;
use verbale::tasks::rules::{Correspondent, Formal};

use crate::support::database::wait;
use crate::support::dispute_fixture::{posts, reader};
use crate::support::harness::{BOT_POLL, HEARTBEAT, Harness, MARKER, POLL, Plan, UNKNOWN_OUTCOME_TIMEOUT, Which};
use crate::support::parallel::in_parallel;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 1_440 * MINUTE_MS;

/// What runs: with the bot, and without it.
const EVERY: [Which; 9] = [
    Which::Watcher,
    Which::Publisher,
    Which::Public,
    Which::Discloser,
    Which::DmSender,
    Which::Bot,
    Which::Recipients,
    Which::Conversations,
    Which::Monitor,
];
const WITHOUT_BOT: [Which; 8] = [
    Which::Watcher,
    Which::Publisher,
    Which::Public,
    Which::Discloser,
    Which::DmSender,
    Which::Recipients,
    Which::Conversations,
    Which::Monitor,
];

/// Who is told of disputes.
const OFFICIAL: AccountId = AccountId(5001);

/// The first of those who ask, and how many they are.
const ASKING: u64 = 600_000;
const ASKING_COUNT: u64 = 60;

/// A day: what happens in it, and how the program is set.
#[derive(Clone, Copy)]
struct Day {
    name: &'static str,
    notes: i64,
    mentions: i64,
    has_bot: bool,
    sends_slips: bool,
    /// More answers than the default, and the money for them.
    answers_all: bool,
}

const IDLE: Day =
    Day { name: "nothing happens", notes: 0, mentions: 0, has_bot: true, sends_slips: false, answers_all: false };

const DAYS: [Day; 6] = [
    Day { name: "nothing happens; no `[bot]`", has_bot: false, ..IDLE },
    IDLE,
    Day { name: "20 notes, 200 mentions; no `[bot]`", has_bot: false, notes: 20, mentions: 200, ..IDLE },
    Day { name: "20 notes, 200 mentions", notes: 20, mentions: 200, ..IDLE },
    Day {
        name: "the same, `answers_a_day = 200`, `usd_a_day = 3.0`",
        notes: 20,
        mentions: 200,
        answers_all: true,
        ..IDLE
    },
    Day { name: "the same, and `[slip]`", notes: 20, mentions: 200, answers_all: true, sends_slips: true, ..IDLE },
];

/// The lines of the table that are paid for.
const LINES: [(Billed, &str); 6] = [
    (Billed::PostCreate, "posts"),
    (Billed::SummonedReply, "answers to mentions"),
    (Billed::OwnedRead, "mentions and own posts read"),
    (Billed::MessageRead, "messages read"),
    (Billed::MessageSend, "messages sent"),
    (Billed::UserRead, "correspondents' accounts read"),
];

/// The lines of the table that only count.
const CALLS: [(Call, &str); 7] = [
    (Call::Messages, "looks at the messages"),
    (Call::Mentions, "looks at the mentions"),
    (Call::Timeline, "looks at the own posts"),
    (Call::ReadPost, "own posts read again"),
    (Call::Chats, "looks at the conversations"),
    (Call::CreatePost, "calls that post"),
    (Call::SendMessage, "calls that send a message"),
];

/// What the account itself has called and read in a day, and what of it is on the bill.
#[derive(Clone, Default)]
struct Bill {
    billed: BTreeMap<Billed, u64>,
    read: BTreeMap<Billed, u64>,
    calls: BTreeMap<Call, u64>,
}

/// What is in `all` and not in `part`.
fn without<K: Ord + Copy>(all: &BTreeMap<K, u64>, part: &BTreeMap<K, u64>) -> BTreeMap<K, u64> {
    all.iter().map(|(kind, count)| (*kind, count - part.get(kind).unwrap_or(&0))).collect()
}

impl Bill {
    fn usd_micros(&self) -> u64 {
        self.billed.iter().map(|(kind, pieces)| kind.price_usd_micros() * pieces).sum()
    }

    /// What it would be if each reading were billed, however often the same thing is read.
    fn usd_micros_without_days(&self) -> u64 {
        let reads: u64 = self.read.iter().map(|(kind, pieces)| kind.price_usd_micros() * pieces).sum();
        let billed = self.billed.iter().filter(|(kind, _)| !self.read.contains_key(kind));
        reads + billed.map(|(kind, pieces)| kind.price_usd_micros() * pieces).sum::<u64>()
    }
}

/// A harness in a world, and what its people have had billed: the sandbox counts all of it.
struct Lived {
    harness: Harness,
    others: BTreeMap<Billed, u64>,
}

impl Lived {
    /// An installation that has run for a while, at midnight by UTC.
    async fn begin(day: Day) -> Lived {
        let attachments_timeout = Duration::from_secs(20);
        let mut harness = Harness::new(Plan {
            seed: 5,
            platform: Settings::of_x(),
            run_over: 5,
            heartbeat: true,
            attachments_timeout,
        });
        harness.running = if day.has_bot { &EVERY } else { &WITHOUT_BOT };
        (harness.officials, harness.commands, harness.slip) = (vec![OFFICIAL], day.has_bot, day.sends_slips);
        if day.answers_all {
            harness.limits = Limits { answers: 200, usd_micros: 3_000_000, ..harness.limits };
        }
        harness.world.with(|world, now| {
            world.add_user(now, Account::parse(&format!("{OFFICIAL} first_secretary")).unwrap());
            for id in ASKING..ASKING + ASKING_COUNT {
                world.add_user(now, Account::parse(&format!("{id} reader_{id}")).unwrap());
            }
        });
        let mut lived = Lived { harness, others: BTreeMap::new() };
        lived.run(MINUTE_MS).await;
        for number in 0..8 {
            lived.act(|world, now| {
                world.send(now, EMBASSY, MINISTRY, &Outgoing::text(&format!("{MARKER} {number}"))).unwrap()
            });
            lived.run(5 * MINUTE_MS).await;
        }
        // What was asked for is an hour old when the day begins.
        let midnight = Time::from_ms((lived.harness.now().ms() / DAY_MS + 1) * DAY_MS);
        lived.harness.advance(midnight.ms_since(lived.harness.now()) - 10 * MINUTE_MS);
        lived.run(10 * MINUTE_MS).await;
        lived
    }

    /// Somebody who is no program of ours does something.
    fn act<T>(&mut self, act: impl FnOnce(&mut World, Time) -> T) -> T {
        self.harness.world.with(|world, now| {
            let before = world.counts().billed.clone();
            let done = act(world, now);
            for (kind, count) in without(&world.counts().billed, &before) {
                *self.others.entry(kind).or_default() += count;
            }
            done
        })
    }

    async fn run(&mut self, ms: i64) {
        let until = self.harness.now().plus_ms(ms);
        self.run_until(until).await;
    }

    async fn run_until(&mut self, until: Time) {
        // Whatever is due is done at every minute at least, as the daemon would.
        assert!(self.harness.run_until(Duration::from_secs(90_000), |harness| until <= harness.now()).await);
    }

    fn bill(&self) -> Bill {
        let Counts { calls, billed, read, .. } = self.harness.world.with(|world, _| world.counts().clone());
        Bill { billed: without(&billed, &self.others), read, calls }
    }

    /// The account sends a note.
    fn note(&mut self, number: i64) {
        let what = Outgoing::text(&format!("{MARKER} {number} of this day"));
        self.act(|world, now| world.send(now, EMBASSY, MINISTRY, &what).unwrap());
    }

    /// Somebody mentions the account: what, and who, goes round.
    fn mention(&mut self, number: i64) {
        let of = 1 + number.unsigned_abs() % 8;
        let standing = wait(reader(&self.harness).standing(of)).unwrap().unwrap();
        let (text, quotes): (String, Option<PostId>) = match number % 10 {
            0..=3 => (format!("@embassy check {of}"), None),
            4 => (format!("@embassy check {}", standing.commitment), None),
            5 => ("is this real? @embassy".to_owned(), standing.post.map(|post| post.id)),
            6 => (format!("@embassy dispute {of}"), None),
            7 => ("@embassy status".to_owned(), None),
            8 => ("@embassy what is this?".to_owned(), None),
            _ => (format!("@embassy check {}", 1_000 + of), None),
        };
        let text = format!("{text} {}", "!".repeat(1 + number as usize / 60));
        let author = AccountId(ASKING + number.unsigned_abs() % ASKING_COUNT);
        self.act(|world, now| world.post(now, author, Draft { text: &text, quotes, ..Draft::default() }).unwrap());
    }
}

/// Lives through a day.
fn lived(day: Day) -> Bill {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut lived = Lived::begin(day).await;
        let (begin, before) = (lived.harness.now(), lived.bill());
        assert!(begin.ms().rem_euclid(DAY_MS) < 2 * MINUTE_MS, "{begin}");
        let before_posts = posts(&lived.harness).len();
        // Notes from 8 to 18 hours, mentions from 6 to 22 hours.
        let mut acts: Vec<(i64, bool, i64)> = Vec::new();
        acts.extend((0..day.notes).map(|number| (480 * MINUTE_MS + number * 600 * MINUTE_MS / 20, true, number)));
        acts.extend((0..day.mentions).map(|number| (360 * MINUTE_MS + number * 960 * MINUTE_MS / 200, false, number)));
        acts.sort();
        let midnight = Time::from_ms(begin.ms() / DAY_MS * DAY_MS);
        for (at, is_note, number) in acts {
            lived.run_until(midnight.plus_ms(at)).await;
            if is_note { lived.note(number) } else { lived.mention(number) }
        }
        lived.run_until(midnight.plus_ms(DAY_MS - 1)).await;
        let after = lived.bill();
        let bill = Bill {
            billed: without(&after.billed, &before.billed),
            read: without(&after.read, &before.read),
            calls: without(&after.calls, &before.calls),
        };
        let asked = before.billed[&Billed::UserRead];
        assert!(
            (3..=5).contains(&asked),
            "the first start asks who we are, who is named, and what of both correspondents"
        );
        let made = (posts(&lived.harness).len() - before_posts) as u64;
        let of = |kind| bill.billed.get(&kind).copied().unwrap_or(0);
        assert_eq!(of(Billed::PostCreate), day.notes as u64 + 1, "each note has its post, and the day its heartbeat");
        assert_eq!(made, of(Billed::PostCreate) + of(Billed::SummonedReply), "nothing is paid for that is not there");
        let troubles: Vec<_> =
            wait(reader(&lived.harness).status()).unwrap().loops.into_iter().filter_map(|it| it.trouble).collect();
        assert!(troubles.is_empty(), "{troubles:?}");
        bill
    })
}

fn usd(micros: u64) -> String {
    verbale::platform::price::usd(micros).trim_start_matches('$').to_owned()
}

fn table(days: &[(Day, Bill)]) -> String {
    let mut table = String::new();
    let mut row = |cells: Vec<String>| table += &format!("| {} |\n", cells.join(" | "));
    let cells = |first: &str, cell: &dyn Fn(&Bill) -> String| {
        std::iter::once(first.to_owned()).chain(days.iter().map(|(_, bill)| cell(bill))).collect::<Vec<_>>()
    };
    row(std::iter::once("a day on which").chain(days.iter().map(|(day, _)| day.name)).map(str::to_owned).collect());
    row(std::iter::repeat_n("---".to_owned(), days.len() + 1).collect());
    for (kind, name) in LINES {
        let price = usd(kind.price_usd_micros());
        row(cells(&format!("{name}, {price} each"), &|bill| {
            let pieces = bill.billed.get(&kind).copied().unwrap_or(0);
            if pieces == 0 { "—".to_owned() } else { format!("{pieces}: {}", usd(pieces * kind.price_usd_micros())) }
        }));
    }
    row(cells("**in all, US dollars**", &|bill| format!("**{}**", usd(bill.usd_micros()))));
    row(cells("if each reading were billed", &|bill| usd(bill.usd_micros_without_days())));
    for (call, name) in CALLS {
        row(cells(name, &|bill| bill.calls.get(&call).map_or("—".to_owned(), u64::to_string)));
    }
    table
}

fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

/// Where the table stands in a text.
fn place(text: &str) -> std::ops::Range<usize> {
    let start = text.find("| a day on which |").expect("the README has no table of prices");
    start..start + text[start..].find("\n\n").unwrap() + 1
}

#[test]
fn the_readme_says_what_a_day_costs() {
    let bills = Mutex::new(vec![Bill::default(); DAYS.len()]);
    let numbered: Vec<(usize, Day)> = DAYS.into_iter().enumerate().collect();
    let ended = in_parallel(2, &numbered, |(number, day)| {
        let bill = lived(*day);
        bills.lock().unwrap()[*number] = bill;
    });
    assert!(ended.iter().all(|ended| ended == "ok"), "{ended:#?}");
    let days: Vec<(Day, Bill)> = DAYS.into_iter().zip(bills.into_inner().unwrap()).collect();
    for (day, bill) in &days {
        let shown = |kind: &Billed| LINES.iter().any(|(line, _)| line == kind);
        let left_out: Vec<_> = bill.billed.iter().filter(|(kind, pieces)| 0 < **pieces && !shown(kind)).collect();
        assert!(left_out.is_empty(), "{}: {left_out:?}", day.name);
    }
    let table = table(&days);
    let text = fs::read_to_string(readme()).unwrap();
    let place = place(&text);
    if std::env::var_os("VERBALE_WRITE_PRICES").is_some() {
        let mut text = text.clone();
        text.replace_range(place.clone(), &table);
        fs::write(readme(), text).unwrap();
    } else {
        assert!(text[place.clone()] == table, "the README says:\n{}\nand a day costs:\n{table}", &text[place]);
    }
}

/// What the days above are lived with is what the program does if nothing is said.
#[test]
fn the_days_are_lived_as_the_default_configuration_says() {
    let answers = Answers {
        origin: Origin::parse("embassy.example/notes").unwrap(),
        correspondents: vec![Correspondent::Id(MINISTRY)],
        formal: Formal::Marker(MARKER.to_owned()),
        recipients: Vec::new(),
        credentials: None,
        settings: Vec::new(),
    };
    let folder = tempfile::tempdir().unwrap();
    create(&folder.path().join("log"), &answers, [7; 32], |_, _| Ok(())).unwrap();
    let path = folder.path().join("log/config.toml");
    fs::write(&path, fs::read_to_string(&path).unwrap() + "\n[bot]\n").unwrap();
    let config = Config::load(&path).unwrap();
    let bot = config.bot.unwrap();
    let harness = Harness::new(Plan {
        seed: 5,
        platform: Settings::of_x(),
        run_over: 5,
        heartbeat: true,
        attachments_timeout: Duration::from_secs(20),
    });
    assert_eq!(
        (config.watch.poll, config.publish.unknown_outcome_timeout, config.publish.run_over),
        (POLL, UNKNOWN_OUTCOME_TIMEOUT, 5)
    );
    assert_eq!(config.publish.heartbeat, Some(HEARTBEAT.parse().unwrap()));
    assert_eq!((bot.poll, bot.limits()), (BOT_POLL, harness.limits));
    assert!(!config.slip.send && !config.open.approval);
    assert_eq!(config.monitor.reads_a_day, MonitorSettings::default().reads_a_day);
}
