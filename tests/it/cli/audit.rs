//! `verbale audit`, from outside: an honest log holds, and whatever somebody has done to another is named, be it somebody who
//! only has the files or the operator with the log's own key.

mod cheats;
mod collected;
mod online;
mod unread;
mod web;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use verbale::base::clock::Clock;
use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, Origin, PostId};
use verbale::tlog::entry::{Entry, Loss};
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tree::{Tree, leaf_hash};
use verbale::wording::post::PostText;

use crate::support::command::verbale;
use crate::support::harness::key;
use crate::support::site_fixture::{checkpoint, note, plain, post, publish, story};

/// Notes of the log that is tampered with: more than one bundle of entries, and a tile above the leaves.
const NOTES: u64 = 300;

/// Posts as somebody has collected them: number, author and text of each.
type Posts = Vec<(PostId, String, String)>;

/// Somebody else's key for a log of the same name.
fn other_key() -> LogKey {
    LogKey::from_seed(key().name().clone(), [99; 32])
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A place where a log of these lines is published.
    fn new(lines: &[String]) -> Place {
        let place = Place { folder: crate::support::site_fixture::place() };
        publish(&place.path("log"), lines, "embassy").unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The exit status, and the report.
    fn audit(&self, arguments: &[&str]) -> (i32, Value) {
        let vkey = key().vkey().to_string();
        let place = if arguments.iter().any(|one| one.starts_with("http")) { None } else { Some("log") };
        let fixed = ["audit", "--json", "--log", &vkey];
        let all: Vec<&str> = fixed.into_iter().chain(place).chain(arguments.iter().copied()).collect();
        let output = verbale(self.folder.path(), &all);
        let status = output.status.code().unwrap();
        let report = serde_json::from_slice(&output.stdout);
        (status, report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
    }

    /// Writes what somebody has collected of the account's posts.
    fn collect(&self, posts: &[(PostId, String, String)]) {
        let posts: Vec<Value> = posts
            .iter()
            .map(|(id, author, text)| json!({"id": id.to_string(), "author": author, "text": text}))
            .collect();
        fs::write(self.path("posts.json"), serde_json::to_string(&posts).unwrap()).unwrap();
    }
}

fn of(report: &Value, outcome: &str) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == outcome);
    checks.map(|check| check["name"].as_str().unwrap().to_owned()).collect()
}

/// The audit fails, by exactly these checks.
#[track_caller]
fn fails(audited: &(i32, Value), expected: &[&str], what: &str) {
    assert_eq!(
        (audited.0, of(&audited.1, "fails")),
        (1, expected.iter().map(|&name| name.to_owned()).collect()),
        "{what}"
    );
    assert!(audited.1["summary"].as_str().unwrap().starts_with("THIS LOG FAILS: "), "{what}");
}

fn lines(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(Entry::to_line).collect()
}

/// The posts that the lines speak of, as an honest account has them.
fn posts(lines: &[String]) -> Posts {
    let (mut tree, mut at, mut posts) = (Tree::new(), HashMap::new(), Vec::new());
    for line in lines {
        tree.push(leaf_hash(line.as_bytes()));
        match Entry::parse(line.as_bytes()).unwrap() {
            Entry::Note { note, commitment, .. } => drop(at.insert(note, (tree.len(), tree.root(), commitment))),
            Entry::Post { first, last, post, .. } => {
                let (size, root, commitment) = at[&last];
                let text = match first == last {
                    true => PostText::Note { note: first, commitment, size, root },
                    false => PostText::Run { first, last, size, root },
                };
                posts.push((post.id, "embassy".to_owned(), text.to_text()));
            }
            _ => {}
        }
    }
    posts
}

#[test]
fn an_honest_log_holds_and_its_growth_is_proven_from_one_time_to_the_next() {
    let all = plain(NOTES);
    let place = Place::new(&all[..400]);
    place.collect(&posts(&all[..400]));
    let arguments = ["--since", "seen.head", "--posts", "posts.json"];
    let (status, report) = place.audit(&arguments);
    assert_eq!(
        (status, of(&report, "fails"), of(&report, "not_checked")),
        (0, vec![], vec!["since".to_owned()]),
        "{report}"
    );
    let holding = [
        "signature",
        "key",
        "entries",
        "root",
        "tiles",
        "log.txt",
        "numbers",
        "times",
        "posts",
        "rules",
        "openings",
        "platform",
    ];
    assert_eq!(of(&report, "holds"), holding);
    assert_eq!(
        (&report["read"], &report["counts"]["notes"], &report["counts"]["posts"]),
        (&json!(400), &json!(200), &json!(200))
    );
    let seen = fs::read(place.path("seen.head")).unwrap();
    assert_eq!(seen, fs::read(place.path("log/checkpoint")).unwrap(), "the head of this time is kept");
    assert!(!place.path("seen.head.resume").exists());

    publish(&place.path("log"), &all, "embassy").unwrap();
    place.collect(&posts(&all));
    let (status, report) = place.audit(&arguments);
    assert_eq!((status, of(&report, "not_checked")), (0, vec![]), "{report}");
    assert_ne!(fs::read(place.path("seen.head")).unwrap(), seen);
}

#[test]
fn every_kind_of_entry_is_counted_and_shown() {
    let mut all = story();
    all.pop();
    let (status, report) = Place::new(&all).audit(&[]);
    assert_eq!((status, &report["unread"]), (3, &json!("1 opened note has no published envelope")), "{report}");
    let counts = json!({"notes": 3, "posts": 2, "opened": 2, "disputed": 1, "lost": 1, "gaps": 1, "keys": 1, "receipts": 0,
        "stamps": 1, "unlocked": 1, "unknown": 1});
    assert_eq!(report["counts"], counts);
    assert_eq!(report["shown"].as_array().unwrap().len(), 9);
    let openings = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "openings").unwrap();
    let told = "of 1 opened note; 1 envelope is not published where it should be";
    assert_eq!((&openings["outcome"], &openings["detail"]), (&json!("not_checked"), &json!(told)));
    // A note that has waited for its post for years.
    fails(&Place::new(&story()).audit(&[]), &["times", "posts"], "an old note that has no post");
}

/// What an operator with the log's key may write in place of an honest log, and which checks fail.
#[test]
fn what_the_operator_makes_up_is_found() {
    type Forgery = (&'static str, fn(&mut Vec<Entry>), &'static [&'static str]);
    let forgeries: [Forgery; 17] = [
        ("one post of two notes that are not neighbours", |log| log[27] = renumbered(&log[27], &log[21]), &["posts"]),
        ("a note and its post removed", |log| drop(log.drain(20..22)), &["numbers", "posts"]),
        ("two notes exchanged", |log| log.swap(20, 22), &["numbers"]),
        ("a note entered twice", |log| log.insert(22, log[20].clone()), &["numbers"]),
        ("a note posted twice", |log| log.insert(22, log[21].clone()), &["posts"]),
        ("a post removed", |log| drop(log.remove(21)), &["posts"]),
        ("a post of a note that is not there yet", |log| log.swap(20, 21), &["posts"]),
        ("a run that leaves out a note", |log| log[23] = post(13, 13), &["posts"]),
        ("a post entered under the number of another", |log| log[23] = renumbered(&log[23], &log[21]), &["posts"]),
        ("a note backdated", |log| log[400] = moved(&log[400], -3_600_000), &["times"]),
        ("a post that is older than its note", |log| log[401] = renumbered(&log[401], &log[1]), &["times"]),
        ("a post from the future", |log| log[401] = renumbered(&log[401], &log[501]), &["times", "posts"]),
        ("an opening of a note that is not there yet", |log| log.insert(2, story_entry(7)), &["times"]),
        ("a dispute of a note that is not there", |log| log.push(dispute(NOTES + 1)), &["numbers"]),
        ("the last note never posted", |log| drop(log.pop()), &["posts"]),
        ("a note of the largest number", |log| log.insert(20, largest(&log[20])), &["numbers", "posts", "rules"]),
        ("a post of the largest number", |log| log.insert(22, largest(&log[21])), &["posts"]),
    ];
    for (what, forge, expected) in forgeries {
        let mut log: Vec<Entry> = plain(NOTES).iter().map(|line| Entry::parse(line.as_bytes()).unwrap()).collect();
        forge(&mut log);
        fails(&Place::new(&lines(&log)).audit(&[]), expected, what);
    }
}

/// The same entry at another time.
fn moved(entry: &Entry, ms: i64) -> Entry {
    let Entry::Note { time, note, commitment } = entry.clone() else { panic!() };
    Entry::Note { time: time.plus_ms(ms), note, commitment }
}

/// The same entry about the note of the largest number that there is.
fn largest(entry: &Entry) -> Entry {
    match entry.clone() {
        Entry::Note { time, commitment, .. } => Entry::Note { time, note: u64::MAX, commitment },
        Entry::Post { time, post, .. } => Entry::Post { time, first: u64::MAX, last: u64::MAX, post },
        _ => panic!(),
    }
}

/// The same entry about a post, under the number of another.
fn renumbered(entry: &Entry, other: &Entry) -> Entry {
    let (Entry::Post { time, first, last, .. }, Entry::Post { post, .. }) = (entry.clone(), other) else { panic!() };
    Entry::Post { time, first, last, post: *post }
}

fn story_entry(place: usize) -> Entry {
    Entry::parse(story()[place].as_bytes()).unwrap()
}

fn dispute(note: u64) -> Entry {
    let Entry::Post { time, post, .. } = post(NOTES, NOTES) else { panic!() };
    Entry::Dispute { time, note, post }
}

/// What whoever has the files, and no key, may do to them.
#[test]
fn what_is_done_to_the_files_is_found() {
    type Damage = (&'static str, fn(&Path), &'static [&'static str]);
    let damages: [Damage; 8] = [
        (
            "a byte of an entry changed",
            |log| change(log, "tile/entries/000", |bytes| bytes[40] ^= 1),
            &["root", "tiles", "log.txt"],
        ),
        ("a bundle removed", |log| fs::remove_file(log.join("tile/entries/001")).unwrap(), &["entries"]),
        (
            "a CR before each LF",
            |log| change(log, "tile/entries/000", with_cr),
            &["entries", "root", "tiles", "log.txt", "numbers", "posts"],
        ),
        ("a hash of a tile changed", |log| change(log, "tile/1/000.p/2", |bytes| bytes[33] ^= 1), &["tiles"]),
        ("a tile removed", |log| fs::remove_file(log.join("tile/1/000.p/2")).unwrap(), &["tiles"]),
        ("a line of log.txt changed", |log| change(log, "log.txt", |bytes| bytes[3] ^= 1), &["log.txt"]),
        (
            "signed by another key",
            |log| fs::write(log.join("checkpoint"), checkpoint(&plain(NOTES), &other_key())).unwrap(),
            &["signature"],
        ),
        (
            "another key beside it",
            |log| fs::write(log.join("log.vkey"), format!("{}\n", other_key().vkey())).unwrap(),
            &["key"],
        ),
    ];
    for (what, damage, expected) in damages {
        let place = Place::new(&plain(NOTES));
        damage(&place.path("log"));
        fails(&place.audit(&[]), expected, what);
    }
}

fn change(log: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(log.join(name)).unwrap();
    change(&mut bytes);
    fs::write(log.join(name), bytes).unwrap();
}

/// The entries of a bundle with CR and LF at their ends; the lengths fit.
fn with_cr(bytes: &mut Vec<u8>) {
    let (mut rest, mut all) = (&bytes[..], Vec::new());
    while let [high, low, more @ ..] = rest {
        let (entry, after) = more.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        all.extend_from_slice(&(entry.len() as u16 + 1).to_be_bytes());
        all.extend_from_slice(&entry[..entry.len() - 1]);
        all.extend_from_slice(b"\r\n");
        rest = after;
    }
    *bytes = all;
}

#[test]
fn a_log_that_was_rewritten_does_not_continue_what_was_seen() {
    let all = plain(NOTES);
    let seen = checkpoint(&all[..400], &key());
    let other = |until: usize| {
        let mut forged = all[..until].to_vec();
        forged[399] = Entry::Unknown { line: "another 2018-03-09T20:59:12.123Z".to_owned() }.to_line();
        forged
    };
    for (what, log, expected) in [
        ("two heads of one size", other(400), &["posts", "since"][..]),
        ("rewritten, and longer", other(600), &["posts", "since"]),
    ] {
        let place = Place::new(&log);
        fs::write(place.path("seen.head"), &seen).unwrap();
        fails(&place.audit(&["--since", "seen.head"]), expected, what);
        assert_eq!(fs::read_to_string(place.path("seen.head")).unwrap(), seen, "{what}: what was seen is kept");
    }
    let place = Place::new(&all[..398]);
    fs::write(place.path("seen.head"), &seen).unwrap();
    let (status, report) = place.audit(&["--since", "seen.head"]);
    assert_eq!((status, of(&report, "fails")), (3, vec![]), "an older head may be true too: {report}");
    assert!(report["unread"].as_str().unwrap().starts_with("an older head is shown, of 398 entries and not 400"));
    assert_eq!(fs::read_to_string(place.path("seen.head")).unwrap(), seen, "what was seen is kept");
    let place = Place::new(&all);
    fs::write(place.path("seen.head"), checkpoint(&all[..400], &other_key())).unwrap();
    fails(&place.audit(&["--since", "seen.head"]), &["earlier head"], "a head that another key signed");
    fs::write(place.path("seen.head"), &seen).unwrap();
    assert_eq!(place.audit(&["--since", "seen.head"]).0, 0);
}

#[test]
fn what_was_done_to_the_posts_is_found() {
    let all = plain(20);
    let place = Place::new(&all);
    let honest = posts(&all);
    let (size, root) = {
        let tree = tree(&all);
        (tree.len(), tree.root())
    };
    let day = note(20).time().unwrap().date();
    let beside = |id: u64, text: PostText| (PostId(honest[19].0.0 + id), "embassy".to_owned(), text.to_text());
    let heartbeat = |count, root| PostText::Heartbeat { count, date: day.clone(), size, root };
    let commitment = Hash::of(b"received");
    let with = |change: &dyn Fn(&mut Posts)| {
        let mut posts = honest.clone();
        change(&mut posts);
        posts
    };
    let copy = with(&|posts| posts.push((PostId(7), "copycat".to_owned(), posts[3].2.clone())));
    for (what, posts) in [
        ("all there, and a copy by somebody else", copy),
        ("an honest heartbeat", [&honest[..], &[beside(1, heartbeat(20, root))]].concat()),
    ] {
        place.collect(&posts);
        let (status, report) = place.audit(&["--posts", "posts.json"]);
        assert_eq!((status, of(&report, "fails")), (0, vec![]), "{what}");
    }
    for (what, posts) in [
        ("one deleted", with(&|posts| drop(posts.remove(3)))),
        ("one edited", with(&|posts| posts[3].2 = posts[4].2.clone())),
    ] {
        place.collect(&posts);
        fails(&place.audit(&["--posts", "posts.json"]), &["platform"], what);
    }
    // A number belongs to one post alone: another name is a new name of its account, or the collector's mistake.
    place.collect(&with(&|posts| posts[3].1 = "copycat".to_owned()));
    let (status, report) = place.audit(&["--posts", "posts.json"]);
    let said = json!("the log's posts are by several accounts");
    assert_eq!((status, of(&report, "fails"), &report["unread"]), (3, vec![], &said), "{report}");
    for (what, post) in [
        ("one more of a note", beside(1, PostText::Note { note: 3, commitment, size: 5, root })),
        ("a heartbeat of another root", beside(1, heartbeat(20, Hash::ZERO))),
        ("a heartbeat with another count", beside(1, heartbeat(19, root))),
        ("a receipt that is not in the log", beside(1, PostText::Receipt { note: 3, commitment, size, root })),
    ] {
        place.collect(&[&honest[..], &[post]].concat());
        fails(&place.audit(&["--posts", "posts.json"]), &["platform"], what);
    }
}

/// No earlier head is needed where posts show that there was a longer log; one that lags behind its newest posts is none.
#[test]
fn a_log_that_was_rewound_is_shorter_than_its_posts_say() {
    let all = plain(20);
    let place = Place::new(&all[..20]);
    let mut collected = posts(&all);
    place.collect(&collected);
    let audited = place.audit(&["--posts", "posts.json"]);
    fails(&audited, &["platform"], "half of it is gone");
    assert!(audited.1.to_string().contains("10 from beyond the log's end"), "{}", audited.1);
    let recent = Channel::X.first_at(Clock::system().now().plus_ms(-3_600_000));
    for (at, post) in collected[10..].iter_mut().enumerate() {
        post.0 = PostId(recent.0 + at as u64);
    }
    place.collect(&collected);
    assert_eq!(place.audit(&["--posts", "posts.json"]).0, 0, "its files may still be on their way");
}

fn tree(lines: &[String]) -> Tree {
    let mut tree = Tree::new();
    lines.iter().for_each(|line| tree.push(leaf_hash(line.as_bytes())));
    tree
}

#[test]
fn a_loss_that_the_log_admits_is_none_of_its_lies() {
    let mut all = plain(20);
    let honest = posts(&all);
    let lost = |how, post: usize| {
        let time = note(20).time().unwrap();
        Entry::Lost { time, post: Channel::X.post(honest[post].0), how }.to_line()
    };
    all.extend([lost(Loss::Deleted, 3), lost(Loss::Edited, 4)]);
    let place = Place::new(&all);
    let mut found = honest.clone();
    found[4].2 = "nothing of the kind".to_owned();
    found.remove(3);
    place.collect(&found);
    assert_eq!(place.audit(&["--posts", "posts.json"]).0, 0);
    found.remove(9);
    place.collect(&found);
    fails(&place.audit(&["--posts", "posts.json"]), &["platform"], "one more is missing");
}

#[test]
fn the_post_of_a_receipt_is_borne_out_by_the_log() {
    let mut all = plain(3);
    let (time, commitment) = (note(3).time().unwrap(), Hash::of(b"received"));
    let log = Origin::parse("other.example/notes").unwrap();
    all.push(Entry::Receipt { time, log, note: 8, commitment }.to_line());
    let place = Place::new(&all);
    let tree = tree(&all);
    let text = |note| PostText::Receipt { note, commitment, size: tree.len(), root: tree.root() }.to_text();
    for (note, status) in [(8, 0), (9, 1)] {
        let mut posts = posts(&all);
        posts.push((PostId(posts[2].0.0 + 1), "embassy".to_owned(), text(note)));
        place.collect(&posts);
        assert_eq!(place.audit(&["--posts", "posts.json"]).0, status, "note {note}");
    }
}

/// Nothing in such a log says whose posts are meant, so none is compared, and none is said to be as it must be.
#[test]
fn a_log_of_receipts_alone_has_no_posts_to_compare() {
    let log = Origin::parse("other.example/notes").unwrap();
    let (time, commitment) = (note(1).time().unwrap(), Hash::of(b"received"));
    let all = [Entry::Receipt { time, log, note: 8, commitment }.to_line()];
    let place = Place::new(&all);
    let text = PostText::Receipt { note: 8, commitment, size: 1, root: tree(&all).root() }.to_text();
    place.collect(&[(Channel::X.first_at(time), "embassy".to_owned(), text)]);
    let (status, report) = place.audit(&["--posts", "posts.json"]);
    assert_eq!((status, of(&report, "not_checked").contains(&"platform".to_owned())), (0, true), "{report}");
    let text = verbale(place.folder.path(), &["audit", "log", "--posts", "posts.json"]);
    let text = String::from_utf8(text.stdout).unwrap();
    for said in [
        "1 entry\n",
        "1 receipt\n",
        "the one there is was read",
        "no post of the log was compared; 1 of the log's forms",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn what_cannot_be_audited_is_refused_in_two_lines() {
    let place = Place::new(&plain(3));
    fs::create_dir(place.path("empty")).unwrap();
    fs::write(place.path("broken.json"), "[{\"id\": \"x\"}]").unwrap();
    for (arguments, status, what) in [
        (&["nowhere"][..], 2, "nowhere is neither a folder nor an address"),
        (&["empty"], 2, "there is no `checkpoint`"),
        (&["log", "--posts", "nowhere.json"], 2, "nowhere.json cannot be used"),
        (&["log", "--posts", "broken.json"], 2, "broken.json cannot be used"),
        (&["log", "--since", "broken.json"], 2, "broken.json: it is not the head of a log"),
        (&["log", "--log", "a+b"], 2, "`a+b` is neither"),
        (&["http://127.0.0.1:9/"], 3, "no answer"),
    ] {
        let output = verbale(place.folder.path(), &[&["audit"], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(status), 2), "{arguments:?}: {said}");
        assert!(said.contains(what) && output.stdout.is_empty(), "{arguments:?}: {said}");
    }
}
