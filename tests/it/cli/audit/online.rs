//! The audit that asks X for the posts: a log whose posts stand in a sandbox, and what may happen to them.

use std::process::{Command, Stdio};

use serde_json::Value;
use verbale::base::ids::{AccountId, Channel, PostId};
use verbale::sandbox::world::{Body, Call, Draft, Fault, How, Moment, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST};
use verbale::tlog::entry::{Entry, Loss};
use verbale::tlog::tree::{Tree, leaf_hash};
use verbale::wording::post::PostText;

use super::{Place, of};
use crate::support::harness::key;
use crate::support::process::GENEROUS;
use crate::support::sandbox_server::{self, SandboxServer};
use crate::support::site_fixture::note;

/// Posts that are asked for at once.
const AT_ONCE: u64 = 4;

/// A published log, and a sandbox in which its posts stand.
struct Stage {
    place: Place,
    server: SandboxServer,
    posts: Vec<PostId>,
}

/// What somebody posts in the sandbox.
fn post(server: &SandboxServer, by: AccountId, note: &Entry, text: &str) -> PostId {
    let time = note.time().unwrap().plus_ms(2_000);
    let draft = Draft { text, ..Draft::default() };
    server.world.with(|world, _| world.post(time, by, draft).unwrap().id)
}

impl Stage {
    /// So many notes, posted as they must be; `say` may change who says what under a number, `more` is put at the log's end.
    async fn new(
        notes: u64,
        say: impl Fn(u64, String) -> (AccountId, String),
        more: impl Fn(&[PostId]) -> Vec<Entry>,
    ) -> Stage {
        let server = sandbox_server::open(Settings { refuses_duplicates: false, ..Settings::of_x() }).await;
        let (mut tree, mut lines, mut posts) = (Tree::new(), Vec::new(), Vec::new());
        let enter = |tree: &mut Tree, lines: &mut Vec<String>, entry: &Entry| {
            tree.push(leaf_hash(entry.to_line().as_bytes()));
            lines.push(entry.to_line());
        };
        for n in 1..=notes {
            let sealed = note(n);
            enter(&mut tree, &mut lines, &sealed);
            let Entry::Note { time, commitment, .. } = sealed else { panic!() };
            let text = PostText::Note { note: n, commitment, size: tree.len(), root: tree.root() }.to_text();
            let (by, text) = say(n, text);
            let id = post(&server, by, &sealed, &text);
            posts.push(id);
            let time = time.plus_ms(3_000);
            enter(&mut tree, &mut lines, &Entry::Post { time, first: n, last: n, post: Channel::X.post(id) });
        }
        more(&posts).iter().for_each(|entry| enter(&mut tree, &mut lines, entry));
        Stage { place: Place::new(&lines), server, posts }
    }

    async fn honest(notes: u64) -> Stage {
        Stage::new(notes, |_, text| (EMBASSY, text), |_| Vec::new()).await
    }

    fn audit(&self) -> (i32, Value) {
        let oembed = format!("--oembed={}/oembed", self.server.base);
        let arguments = ["--online", "--account=embassy", &oembed, "--since", "seen.head"];
        tokio::task::block_in_place(|| self.place.audit(&arguments))
    }

    fn asked(&self) -> u64 {
        self.server.world.with(|world, _| world.counts().of(Call::Oembed))
    }

    fn fault(&self, how: How, times: u32) {
        let fault = Fault { call: Some(Call::Oembed), at: Moment::Before, how, times };
        self.server.world.with(|world, _| world.add_fault(fault));
    }

    fn delete(&self, number: usize) {
        assert_eq!(self.server.world.with(|world, _| world.delete_post(EMBASSY, self.posts[number - 1])), Ok(true));
    }
}

/// What is said of the posts: the outcome, and in words.
fn platform(report: &Value) -> (&str, &str) {
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "platform").unwrap();
    (check["outcome"].as_str().unwrap(), check["detail"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_that_stand_there_hold_and_each_is_asked_for_once() {
    let stage = Stage::honest(300).await;
    stage.fault(How::RateLimited { wait_ms: 500 }, 1);
    stage.fault(How::Status { code: 503, body: Body::Html }, 3);
    let (status, report) = stage.audit();
    let (outcome, told) = platform(&report);
    assert_eq!((status, outcome, of(&report, "fails")), (0, "holds", vec![]), "{report}");
    assert!(
        told.starts_with("300 posts of the log were looked for on X by @embassy, and are as they must be"),
        "{told}"
    );
    assert!(told.ends_with("posts of which the log says nothing cannot be seen this way"), "{told}");
    assert_eq!(stage.asked(), 300 + 4, "each once, and four times again");
    assert!(stage.place.path("seen.head").exists() && !stage.place.path("seen.head.resume").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_the_posts_is_found_but_for_what_the_log_admits() {
    let edited = |n: u64, text: String| (EMBASSY, if n == 5 { "Nothing of the kind".to_owned() } else { text });
    let copied = |n: u64, text: String| (if n == 7 { JOURNALIST } else { EMBASSY }, text);
    let lost = |how: Loss, number: usize| {
        move |posts: &[PostId]| {
            let time = note(20).time().unwrap().plus_ms(5_000);
            vec![Entry::Lost { time, post: Channel::X.post(posts[number - 1]), how }]
        }
    };
    let none = |_: &[PostId]| Vec::new();
    let honest = |_: u64, text: String| (EMBASSY, text);
    for (stage, delete, status, told) in [
        (Stage::new(20, honest, none).await, Some(5), 3, "1 gone (deleted, suspended, or never there): post"),
        (Stage::new(20, edited, none).await, None, 1, "1 edited: post"),
        (Stage::new(20, copied, none).await, None, 1, "1 by another account: post"),
        (
            Stage::new(20, honest, lost(Loss::Deleted, 5)).await,
            Some(5),
            0,
            "1 are missing or edited, as the log itself says",
        ),
        (
            Stage::new(20, edited, lost(Loss::Edited, 5)).await,
            None,
            0,
            "1 are missing or edited, as the log itself says",
        ),
        (
            Stage::new(20, honest, lost(Loss::Deleted, 4)).await,
            Some(5),
            3,
            "1 gone (deleted, suspended, or never there): post",
        ),
        (Stage::new(20, edited, lost(Loss::Deleted, 5)).await, None, 1, "1 edited: post"),
    ] {
        if let Some(number) = delete {
            stage.delete(number);
        }
        let found = stage.audit();
        let again = u64::from(delete.is_some());
        assert_eq!((found.0, stage.asked()), (status, 20 + again), "{told}: {}", found.1);
        assert!(platform(&found.1).1.contains(told), "{told}: {}", found.1);
        let failing = if status == 1 { vec!["platform".to_owned()] } else { vec![] };
        assert_eq!(of(&found.1, "fails"), failing, "{told}");
    }
}

/// The same posts under one other name are a question, which the reader answers.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_another_name_is_asked_about() {
    let renamed = |_: u64, text: String| (JOURNALIST, text);
    let stage = Stage::new(3, renamed, |_| Vec::new()).await;
    let (status, report) = stage.audit();
    assert_eq!((status, platform(&report).0, of(&report, "fails")), (3, "not_checked", vec![]), "{report}");
    let (_, told) = platform(&report).1.split_once("they stand under @").unwrap();
    let (name, told) = told.split_once(',').unwrap();
    assert!(told.starts_with(" and not under @embassy: ") && told.contains(&format!("--account {name}")), "{told}");
    let oembed = format!("--oembed={}/oembed", stage.server.base);
    let arguments = ["--online", "--account=embassy", "--account", name, &oembed];
    let (status, report) = tokio::task::block_in_place(|| stage.place.audit(&arguments));
    assert_eq!((status, platform(&report).0), (0, "holds"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_gone_is_named_as_such() {
    let stage = Stage::honest(3).await;
    (1..=3).for_each(|number| stage.delete(number));
    let (status, report) = stage.audit();
    assert_eq!((status, platform(&report).0), (3, "not_checked"));
    let told = platform(&report).1;
    assert!(
        told.contains("3 gone (deleted, suspended, or never there)") && told.contains("suspended or gone"),
        "{told}"
    );
    assert!(!stage.place.path("seen.head.resume").exists(), "it was asked, and the next audit begins anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_not_missing_and_is_asked_for_the_next_time() {
    let stage = Stage::honest(300).await;
    // Nobody answers: after a few posts none is asked for any more.
    stage.fault(How::Status { code: 503, body: Body::Empty }, u32::MAX);
    let (status, report) = stage.audit();
    assert_eq!((status, platform(&report).0, of(&report, "fails")), (3, "not_checked", vec![]), "{report}");
    assert!(report["unread"].as_str().unwrap().starts_with("300 of the posts, the first: post "));
    assert!(platform(&report).1.contains("X answers 503"), "{report}");
    assert!(stage.asked() <= 5 * (8 + AT_ONCE), "{}", stage.asked());
    assert!(stage.place.path("seen.head.resume").exists() && !stage.place.path("seen.head").exists());
    // X answers again, but for one post that it shows to nobody.
    stage.server.world.with(|world, _| world.clear_faults());
    let before = stage.asked();
    stage.fault(How::Suspended, 1);
    let (status, report) = stage.audit();
    assert_eq!((status, platform(&report).0, stage.asked() - before), (3, "not_checked", 300), "{report}");
    assert!(report["unread"].as_str().unwrap().starts_with("1 of the posts: post "), "{report}");
    assert!(platform(&report).1.contains("299 posts of the log were looked for"), "{report}");
    // Then that one alone is asked for.
    let (status, report) = stage.audit();
    assert_eq!((status, platform(&report).0, stage.asked() - before), (0, "holds", 301), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_is_killed_asks_for_the_rest_alone() {
    let stage = Stage::honest(400).await;
    stage.delete(1);
    let oembed = format!("{}/oembed", stage.server.base);
    let vkey = key().vkey().to_string();
    for answers in [60, 110, 130] {
        // After so many answers X holds back the next ones for ever.
        stage.fault(How::Delay { ms: 0 }, answers);
        stage.fault(How::Hold, u32::MAX);
        let held = stage.asked() + u64::from(answers) + AT_ONCE;
        let arguments = [
            "audit",
            "log",
            "--json",
            "--log",
            &vkey,
            "--online",
            "--account",
            "embassy",
            "--oembed",
            &oembed,
            "--since",
            "seen.head",
        ];
        let mut child = Command::new(env!("CARGO_BIN_EXE_verbale"))
            .args(arguments)
            .current_dir(stage.place.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let come = stage.server.world.until(move |world| held <= world.counts().of(Call::Oembed));
        tokio::time::timeout(GENEROUS, come).await.expect("it asks on");
        child.kill().unwrap();
        child.wait().unwrap();
        stage.server.world.with(|world, _| world.clear_faults());
        assert!(stage.place.path("seen.head.resume").exists() && stage.asked() == held);
    }
    let (status, report) = stage.audit();
    assert_eq!((status, platform(&report).0), (3, "not_checked"), "{report}");
    assert!(platform(&report).1.contains("; 1 gone (deleted, "), "the answer of the first run is kept: {report}");
    assert_eq!(stage.asked(), 400 + 1 + 3 * AT_ONCE, "none again whose answer had come, but for the one that is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_read_to_its_end_asks_for_no_more_than_it_says() {
    let stage = Stage::honest(200).await;
    let bundle = stage.place.path("log/tile/entries/001.p/144");
    std::fs::remove_file(&bundle).unwrap();
    let (status, report) = stage.audit();
    assert_eq!((status, of(&report, "fails"), platform(&report).0), (1, vec!["entries".to_owned()], "not_checked"));
    assert!(platform(&report).1.starts_with("128 posts of the log"), "{report}");
    assert_eq!(stage.asked(), 128);
}

#[test]
fn posts_come_from_a_file_or_from_x() {
    let place = Place::new(&crate::support::site_fixture::plain(3));
    let arguments = ["audit", "log", "--online", "--account", "embassy", "--posts", "posts.json"];
    let output = crate::support::command::verbale(place.folder.path(), &arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("cannot be used with"), "{said}");
}
