//! The audit against whoever has more than the files: the operator who posts what his log does not say, the server that
//! sends its readers elsewhere, and what a person may read on a screen.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::Value;
use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, PostId};
use verbale::base::time::Time;
use verbale::tlog::entry::Entry;
use verbale::wording::post::PostText;

use super::web::{Trouble, serve};
use super::{NOTES, Place, Posts, change, fails, of, other_key, posts, tree};
use crate::support::command::verbale;
use crate::support::harness::key;
use crate::support::site_fixture::{checkpoint, note, plain};

fn detail<'a>(report: &'a Value, name: &str) -> &'a str {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()["detail"].as_str().unwrap()
}

/// A post of the account at the moment of this note, with a few more in its number.
fn at(n: u64, more: u64) -> PostId {
    PostId(Channel::X.first_at(note(n).time().unwrap()).0 | (64 + more))
}

fn by_embassy(id: PostId, text: &PostText) -> (PostId, String, String) {
    (id, "embassy".to_owned(), text.to_text())
}

/// The log goes to note 20; what the account has posted besides shows another log, or one that went further.
#[test]
fn posts_of_another_log_of_the_same_account_are_held_against_it() {
    let all = plain(20);
    let place = Place::new(&all);
    let honest = posts(&all);
    let other = Hash::of(b"another");
    let head = |size: usize| tree(&all[..size]).root();
    for (what, post) in [
        (
            "a note 21 under a head that the log no longer has",
            PostText::Note { note: 21, commitment: other, size: 41, root: other },
        ),
        (
            "a note 3 under a head far beyond the log",
            PostText::Note { note: 3, commitment: other, size: 4000, root: other },
        ),
        (
            "a note 21 under another root of this log",
            PostText::Note { note: 21, commitment: other, size: 39, root: other },
        ),
        ("a run under another root of this log", PostText::Run { first: 21, last: 22, size: 39, root: other }),
        (
            "a heartbeat with a head beyond the log",
            PostText::Heartbeat { count: 20, date: "2018-03-09".to_owned(), size: 41, root: other },
        ),
        (
            "a heartbeat with an empty log that is none",
            PostText::Heartbeat { count: 0, date: "2018-03-09".to_owned(), size: 0, root: other },
        ),
        (
            "a heartbeat about another day than that on which it was posted",
            PostText::Heartbeat { count: 0, date: "2018-02-09".to_owned(), size: 40, root: head(40) },
        ),
    ] {
        place.collect(&[&honest[..], &[by_embassy(at(20, 1), &post)]].concat());
        fails(&place.audit(&["--posts", "posts.json"]), &["platform"], what);
        let copy = (at(20, 1), "copycat".to_owned(), post.to_text());
        place.collect(&[&honest[..], &[copy]].concat());
        assert_eq!(place.audit(&["--posts", "posts.json"]).0, 0, "{what}, by somebody else");
    }
}

/// A heartbeat may wait while the platform is away, and then does not count what was sealed meanwhile; for a day.
#[test]
fn a_heartbeat_with_an_old_head_is_told_and_not_for_ever_forgiven() {
    let all = plain(20);
    let place = Place::new(&all);
    let (honest, root) = (posts(&all), tree(&all[..2]).root());
    let heartbeat = |count, date: &str| PostText::Heartbeat { count, date: date.to_owned(), size: 2, root };
    place.collect(&[&honest[..], &[by_embassy(at(20, 1), &heartbeat(1, "2018-03-09"))]].concat());
    let (status, report) = place.audit(&["--posts", "posts.json"]);
    assert_eq!(status, 0, "{report}");
    assert!(detail(&report, "platform").contains("1 are heartbeats that came late"), "{report}");
    let late = Channel::X.first_at(note(2).time().unwrap().plus_ms(86_400_000 + 60_000));
    place.collect(&[&honest[..], &[by_embassy(late, &heartbeat(0, "2018-03-10"))]].concat());
    fails(&place.audit(&["--posts", "posts.json"]), &["platform"], "a heartbeat with yesterday's head");
}

/// Who posts while somebody else reads is no liar.
#[test]
fn a_post_that_is_newer_than_what_was_read_is_nothing_bad() {
    let all = plain(20);
    let place = Place::new(&all);
    let now = Time::from_ms(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64);
    let next = PostText::Note { note: 21, commitment: Hash::of(b"next"), size: 41, root: Hash::of(b"next") };
    place.collect(&[&posts(&all)[..], &[by_embassy(Channel::X.first_at(now), &next)]].concat());
    let (status, report) = place.audit(&["--posts", "posts.json"]);
    assert_eq!(status, 0, "{report}");
    assert!(detail(&report, "platform").contains("1 show a head beyond this log"), "{report}");
}

/// Whose posts they were stands in the report, and nobody's name commands the terminal.
#[test]
fn the_account_is_named_and_no_name_commands_the_terminal() {
    let all = plain(3);
    let place = Place::new(&all);
    let named =
        |name: &str| -> Posts { posts(&all).into_iter().map(|(id, _, text)| (id, name.to_owned(), text)).collect() };
    place.collect(&named("copycat"));
    let (status, report) = place.audit(&["--posts", "posts.json"]);
    assert_eq!(status, 0);
    assert!(detail(&report, "platform").contains("by copycat"), "{report}");
    let mut found = named("embassy");
    found[2].1 = "\u{1b}[2J\u{202e}yssabme".to_owned();
    place.collect(&found);
    let output = verbale(place.folder.path(), &["audit", "log", "--posts", "posts.json"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
}

/// A file may have any name.
#[test]
fn no_name_of_a_file_commands_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let (proof, none) = ("a\u{1b}[2K\u{202e}.zip", "b\r.zip");
    fs::write(folder.path().join(proof), crate::support::fixture::proof().pack()).unwrap();
    fs::write(folder.path().join(none), "x").unwrap();
    let output = verbale(folder.path(), &["verify", proof, none]);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(out.starts_with("a[U+001B][2K[U+202E].zip\n") && out.contains("\nb[U+000D].zip\n"), "{out}");
    assert!(!out.contains(['\u{1b}', '\u{202e}', '\r']) && err.is_empty(), "{out}{err}");
}

/// A line of an unknown kind may have any letters, and a reason too.
#[test]
fn what_turns_or_hides_letters_is_shown_as_what_it_is() {
    let mut all = plain(3);
    let time = note(3).time().unwrap();
    all.push(Entry::Unknown { line: "n\u{200b}ote \u{202e}2018\u{2069}".to_owned() }.to_line());
    all.push(Entry::Gap { time, from: time, to: time, reason: "no \u{2067}gap\u{feff}".to_owned() }.to_line());
    let place = Place::new(&all);
    let output = verbale(place.folder.path(), &["audit", "log"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("n[U+200B]ote [U+202E]2018[U+2069]") && said.contains("no [U+2067]gap[U+FEFF]"), "{said}");
}

#[test]
fn log_txt_says_no_more_than_the_head_and_may_be_behind_it() {
    let line = format!("600 note 2018-03-09T23:40:12.123Z 301 {}\n", Hash::of(b"made up"));
    let place = Place::new(&plain(NOTES));
    change(&place.path("log"), "log.txt", |bytes| bytes.extend_from_slice(line.as_bytes()));
    let (status, report) = place.audit(&[]);
    assert_eq!((status, of(&report, "fails")), (0, vec![]), "{report}");
    assert!(of(&report, "not_checked").contains(&"log.txt".to_owned()), "{report}");
    assert!(detail(&report, "log.txt").contains("goes on"), "{report}");

    // A store cannot make a file longer, so a long log.txt is copied to it now and then.
    let place = Place::new(&plain(NOTES));
    change(&place.path("log"), "log.txt", |bytes| {
        let end = bytes.iter().rposition(|&byte| byte == b'\n').map(|end| &bytes[..end]).unwrap();
        let cut = end.iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
        bytes.truncate(cut);
    });
    let (status, report) = place.audit(&[]);
    assert_eq!((status, of(&report, "fails")), (0, vec![]), "{report}");
    assert!(detail(&report, "log.txt").contains("ends before entry 599"), "{report}");
}

/// Without a key nothing is known of who signed the head: it is not kept as one that was seen.
#[test]
fn a_head_that_no_known_key_signed_is_not_kept() {
    let place = Place::new(&plain(NOTES));
    fs::remove_file(place.path("log/log.vkey")).unwrap();
    fs::write(place.path("log/checkpoint"), checkpoint(&plain(NOTES), &other_key())).unwrap();
    let output = verbale(place.folder.path(), &["audit", "--json", "log", "--since", "seen.head"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{report}");
    assert!(!place.path("seen.head").exists());
}

/// The first line says whose key was used; and nobody needs to read what is said beside the report.
#[test]
fn whose_key_was_used_is_said_first_and_the_status_needs_no_reader() {
    let place = Place::new(&plain(3));
    let vkey = key().vkey();
    let name = vkey.name_and_id();
    for (arguments, said) in [
        (vec!["audit", "log"], format!("checked with the key {name}, taken from the log itself, which shows nothing")),
        (
            vec!["audit", "log", "--log", "log/log.vkey"],
            format!("checked with the key {name}, which was given with --log\n"),
        ),
    ] {
        let output = verbale(place.folder.path(), &arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.starts_with(&said), "{text}");
    }
    for (log, status) in [("log", 0), ("rewritten", 1)] {
        if status == 1 {
            fs::rename(place.path("log"), place.path(log)).unwrap();
            change(&place.path(log), "log.txt", |bytes| bytes[3] ^= 1);
        }
        for nobody in ["2>&-", "2>/dev/full"] {
            let script = format!("exec {} audit {log} {nobody}", env!("CARGO_BIN_EXE_verbale"));
            let mut shell = std::process::Command::new("sh");
            let ended = shell.args(["-c", &script]).current_dir(place.folder.path()).output().unwrap();
            assert_eq!(ended.status.code(), Some(status), "{log} {nobody}");
        }
    }
}

/// A reserve of notes that nobody has posted, dated far ahead, does not wait for its time.
#[test]
fn an_entry_from_the_future_is_found() {
    let mut all = plain(3);
    let time = Time::parse("2099-01-01T00:00:00.000Z").unwrap();
    all.push(Entry::Note { time, note: 4, commitment: Hash::of(b"reserve") }.to_line());
    fails(&Place::new(&all).audit(&[]), &["times"], "a note of 2099");
}

/// Other posts in a file of the same name and length are other posts.
#[tokio::test(flavor = "multi_thread")]
async fn an_audit_does_not_go_on_with_other_posts() {
    let place = Place::new(&plain(NOTES));
    let honest = posts(&plain(NOTES));
    place.collect(&honest);
    let unavailable = |_: Vec<u8>| StatusCode::SERVICE_UNAVAILABLE.into_response();
    let trouble = Trouble { name: "tile/entries/002", times: usize::MAX, answer: unavailable };
    let trouble = Arc::new(Mutex::new(vec![trouble]));
    let address = serve(place.path("log"), trouble.clone()).await;
    let arguments = [&*address, "--since", "seen.head", "--posts", "posts.json"];
    let audit = || tokio::task::block_in_place(|| place.audit(&arguments));
    assert_eq!(audit().0, 3);
    trouble.lock().unwrap().clear();
    let mut edited = honest;
    edited[3].2 = edited[3].2.replace("Sealed", "Sealde");
    place.collect(&edited);
    fails(&audit(), &["platform"], "a post that was edited in between");
}

/// An audit that cannot read a bundle, what happens `meanwhile`, and what the audit comes to that goes on.
async fn interrupted(place: &Place, meanwhile: impl FnOnce()) -> (i32, Value) {
    let unavailable = |_: Vec<u8>| StatusCode::SERVICE_UNAVAILABLE.into_response();
    let trouble = Trouble { name: "tile/entries/002", times: usize::MAX, answer: unavailable };
    let trouble = Arc::new(Mutex::new(vec![trouble]));
    let address = serve(place.path("log"), trouble.clone()).await;
    let audit = || tokio::task::block_in_place(|| place.audit(&[&*address, "--since", "seen.head"]));
    assert_eq!(audit().0, 3);
    trouble.lock().unwrap().clear();
    meanwhile();
    audit()
}

/// `log.txt` that is gone when an audit goes on was not compared to its end.
#[tokio::test(flavor = "multi_thread")]
async fn log_txt_that_vanishes_in_between_does_not_hold() {
    let place = Place::new(&plain(NOTES));
    let (_, report) = interrupted(&place, || fs::remove_file(place.path("log/log.txt")).unwrap()).await;
    assert!(!of(&report, "holds").contains(&"log.txt".to_owned()), "{report}");
}

/// What stood there of a `log.txt` that is behind was compared before: nothing more of it is to be had.
#[tokio::test(flavor = "multi_thread")]
async fn log_txt_that_ends_early_is_no_trouble_when_an_audit_goes_on() {
    let place = Place::new(&plain(NOTES));
    change(&place.path("log"), "log.txt", |bytes| {
        let end = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(99).unwrap().0;
        bytes.truncate(end + 1);
    });
    let (status, report) = interrupted(&place, || ()).await;
    assert_eq!((status, detail(&report, "log.txt").contains("ends before entry 100")), (0, true), "{report}");
}

/// A file of posts may hold any number of them, and none that fills the memory.
#[test]
fn posts_may_be_many_and_not_long() {
    let all = plain(3);
    let place = Place::new(&all);
    let (size, root) = (6, tree(&all).root());
    let heartbeat = |count| PostText::Heartbeat { count, date: "2018-03-09".to_owned(), size, root };
    let mut found = posts(&all);
    found.extend((0..600).map(|n| by_embassy(at(3, n), &heartbeat(3))));
    place.collect(&found);
    assert_eq!(place.audit(&["--posts", "posts.json"]).0, 0);
    found.push(by_embassy(at(3, 600), &heartbeat(2)));
    place.collect(&found);
    fails(&place.audit(&["--posts", "posts.json"]), &["platform"], "the last of many");
    found[0].2 = "x".repeat(2 << 20);
    place.collect(&found);
    let output = verbale(place.folder.path(), &["audit", "log", "--posts", "posts.json"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("an object is longer than the 1048576 bytes"), "{said}");
}

/// A log is read where it was said to be.
#[tokio::test(flavor = "multi_thread")]
async fn no_file_is_read_elsewhere() {
    let place = Place::new(&plain(NOTES));
    let there = serve(place.path("log"), Arc::default()).await;
    let moved = axum::Router::new().fallback(move |request: axum::http::Request<axum::body::Body>| {
        let to = format!("{there}{}", request.uri().path().trim_start_matches('/'));
        async move { (StatusCode::FOUND, [("location", to)]) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, moved).await.unwrap() });
    let output = tokio::task::block_in_place(|| verbale(Path::new("."), &["audit", &address]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("sends its readers elsewhere"), "{said}");
}
