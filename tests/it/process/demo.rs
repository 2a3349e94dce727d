//! The demonstration: what it tells is what happened, and what it keeps shows it to somebody who believes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use reqwest::multipart::Form;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use verbale::base::hash::Hash;
use verbale::note::{Content, names};
use verbale::sandbox::JOURNALIST;
use verbale::sandbox::world::unescape;
use verbale::wording::thread;

use crate::support::command::{assert_refused, verbale};
use crate::support::process::{GENEROUS, stop};

/// What is told, in this order.
const STORY: [&str; 22] = [
    "\n  embassy -> ministry   Shall we have lunch on Thursday?\n                        not formal",
    "\n  embassy -> ministry   NOTE VERBALE No. 17/2018\n",
    "\n                          Sealed note 1\n",
    "\n  embassy -> ministry   verbale slip v1 … ",
    "\n                        with a picture of 67 bytes\n",
    "\n                          Sealed note 2\n",
    "\n  ministry, in public   @embassy dispute 1\n  embassy, in answer    post ",
    "\n                          Your dispute is logged\n                          Note 1\n",
    "\n                          nothing of it is opened\n                          disputed once\n",
    "\n  embassy -> consul     verbale\n                        Account 783214 disputes note 1 in post ",
    "\n  in the log            4 dispute ",
    "\n  journalist, in public @embassy check 1\n  embassy, in answer    post ",
    "\n  $ verbale prove 1 --out proofs/note-1.envelope.zip\n",
    "\n  the same 64 digits as in the post: ",
    "\n  $ verbale open 1 --level content --publish --yes\n",
    "\n                          Note 1, part 1 of 2\n",
    "\n  joined, the 2 posts are the note to the byte\n",
    "\n    slip, message and files are what the sender committed to\n    no receipt was given\n",
    "\n                          Received note 1\n",
    "\n  $ verbale verify --log public/log.vkey --head public/checkpoint --site public --receipt-log ministry/public/log.vkey \
     proofs/received.zip\n",
    "\n  PROVEN: committed to by the holder of the key embassy",
    "\n    shown: the recipient's word, its countersigned receipt: whoever holds the key ministry",
];

fn json(path: &Path) -> Vec<Value> {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The texts by this author, as people read them, that begin so.
fn texts(said: &[Value], author: &str, begins: &str) -> Vec<String> {
    let of_author = said.iter().filter(|one| one["author"] == author);
    of_author.map(|one| unescape(one["text"].as_str().unwrap())).filter(|text| text.starts_with(begins)).collect()
}

#[test]
fn the_whole_story_and_what_it_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let output = verbale(folder.path(), &["demo", "--exit", "--out", "story"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let mut rest = said.as_str();
    for words in STORY {
        let Some(at) = rest.find(words) else { panic!("{words:?} is not told, or not in its place:\n{said}") };
        rest = &rest[at + words.len() - 1..];
    }
    let story = folder.path().join("story");
    let told = said.split("\nkept in ").next().unwrap();
    nothing_is_made_up(told, &story);
    the_posts_are_those_of_the_story(&story);
    the_logs_have_it(&story);
    the_page_tells_how_to_check(&story);
}

/// Every number of a post or message that is told, and every hash, is in what was kept.
fn nothing_is_made_up(told: &str, story: &Path) {
    let kept = ["timeline.json", "conversations.json", "public/log.txt", "ministry/public/log.txt"];
    let proof = Hash::of(&fs::read(story.join("proofs/received.zip")).unwrap());
    let kept = kept.map(|name| fs::read_to_string(story.join(name)).unwrap()).concat() + &proof.to_string();
    let words: BTreeSet<&str> = told.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let numbers = words.iter().filter(|word| word.len() == 19 && word.bytes().all(|byte| byte.is_ascii_digit()));
    let hashes = words.iter().filter(|word| word.len() == 64);
    let (numbers, hashes): (Vec<_>, Vec<_>) = (numbers.collect(), hashes.collect());
    assert!(9 <= numbers.len() && 2 <= hashes.len(), "{numbers:?} {hashes:?}");
    for word in numbers.into_iter().chain(hashes) {
        assert!(kept.contains(*word), "{word} is told, and is nowhere");
    }
}

fn the_posts_are_those_of_the_story(story: &Path) {
    let (posts, messages) = (json(&story.join("timeline.json")), json(&story.join("conversations.json")));
    for (asked, begins) in
        [("@embassy dispute 1", "Your dispute is logged\nNote 1\n"), ("@embassy check 1", "Note 1\n")]
    {
        let asked = posts.iter().find(|post| post["text"].as_str().unwrap().starts_with(asked)).unwrap();
        let answers: Vec<Value> = posts.iter().filter(|post| post["in_answer_to"] == asked["id"]).cloned().collect();
        assert_eq!((answers.len(), texts(&answers, "embassy", begins).len()), (1, 1), "{answers:?}");
    }
    // The thread joined back is the message as it stands in the conversation.
    let note = &texts(&messages, "embassy", "NOTE VERBALE No. 17/2018")[..];
    let joined = thread::join(&texts(&posts, "embassy", "Note 1, part ")).unwrap();
    assert_eq!(([joined.text].as_slice(), joined.note), (note, 1));
    assert_eq!(texts(&messages, "embassy", "verbale slip v1\n").len(), 2, "a slip of each note");
    let letters = messages.iter().filter(|message| message["conversation"] == "990017-2244994945");
    assert_eq!(letters.count(), 1, "one letter to the official");
    let receipt = format!("Received note 1\nsha256 {}\nlog 1 ", joined.commitment);
    assert_eq!(texts(&posts, "ministry", &receipt).len(), 1);
    assert!(texts(&posts, "embassy", "Received").is_empty());
}

fn the_logs_have_it(story: &Path) {
    let opened = story.join("public/note/0/1");
    let content = fs::read(opened.join(names::content(1))).unwrap();
    assert!(Content::parse(&content).unwrap().text.unwrap().starts_with("NOTE VERBALE No. 17/2018\n"));
    let commitment = Hash::of(&fs::read(opened.join(names::envelope(1))).unwrap());
    let lines = |name: &str| fs::read_to_string(story.join(name)).unwrap();
    let log = lines("public/log.txt");
    let kinds: Vec<&str> = log.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(kinds, ["note", "post", "note", "post", "dispute", "open"], "{log}");
    assert!(log.lines().next().unwrap().ends_with(&format!(" 1 {commitment}")), "{log}");
    assert!(log.ends_with(&format!(" 1 content {}\n", Hash::of(&content))), "{log}");
    let receipts = lines("ministry/public/log.txt");
    assert!(receipts.starts_with("0 receipt ") && receipts.lines().count() == 1, "{receipts}");
    assert!(receipts.ends_with(&format!(" embassy.example/notes 1 {commitment}\n")), "{receipts}");
}

/// Every file that README.txt names is there, and every command of it holds.
fn the_page_tells_how_to_check(story: &Path) {
    let readme = fs::read_to_string(story.join("README.txt")).unwrap();
    let (files, commands) = readme.split_once("\n\nTo check it by hand, in this folder:\n\n").unwrap();
    assert_eq!(files.lines().count(), 10, "{files}");
    for line in files.lines() {
        let (name, what) = line.split_once("  ").unwrap();
        assert!(story.join(name).exists() && !what.is_empty(), "{line}");
    }
    let commands: Vec<Vec<&str>> = commands.lines().map(|line| line.split(' ').collect()).collect();
    let said = |output: Output| {
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        said
    };
    let ours = commands.iter().filter(|words| words[0] == "verbale").map(|words| said(verbale(story, &words[1..])));
    let reports: Vec<String> = ours.collect();
    let [proofs, received, log, receipts] = &reports[..] else { panic!("{readme}") };
    assert!(proofs.contains("only a receipt of the other side could show that"), "{proofs}");
    assert!(received.contains("shown: the recipient's word, its countersigned receipt"), "{received}");
    assert!(log.contains("\n  2 notes, 2 posts, 1 opened, 1 disputed, 0 receipts\n"), "{log}");
    assert!(receipts.contains("\n  0 notes, 0 posts, 0 opened, 0 disputed, 1 receipt\n"), "{receipts}");
    for report in reports {
        assert!(report.contains("all that was checked holds") || report.contains("PROVEN: "), "{report}");
    }
    // The others are of a system's own tools, which need not be there: what they read is.
    for words in commands.iter().filter(|words| words[0] != "verbale") {
        assert!(story.join(words.last().unwrap()).is_file(), "{words:?}");
    }
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("story")).unwrap();
    fs::write(folder.path().join("story/precious"), "precious").unwrap();
    let into = |name| ["demo", "--exit", "--out", name];
    let holds = "the folder story exists and is not empty";
    assert_refused(folder.path(), &into("story"), 2, holds, "name a folder that does not exist yet");
    let is_file = "story/precious exists and is not an empty folder";
    assert_refused(folder.path(), &into("story/precious"), 2, is_file, "name a folder that does not exist yet");
    assert_refused(folder.path(), &into("no/where"), 2, "there is no folder no", "run: mkdir -p no");
}

#[test]
fn it_ends_when_its_reader_has_heard_enough() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verbale"));
    command.args(["demo", "--exit"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.env_remove("RUST_LOG").spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
}

/// Who mentions the embassy when the story is over is answered, and Ctrl-C ends all of it.
#[tokio::test]
async fn it_stays_up_and_answers() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_verbale"));
    command.arg("demo").stdin(Stdio::null()).stdout(Stdio::piped()).env_remove("RUST_LOG").kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut address, mut site) = (None, None);
    let told = async {
        while let Some(line) = lines.next_line().await.unwrap().filter(|line| !line.starts_with("A post with ")) {
            let place = |what: &str| Some(line.trim().strip_prefix(what)?.trim().to_owned());
            address = address.take().or_else(|| place("write a message or a post as any user"));
            site = site.take().or_else(|| place("what the ministry has published"));
        }
    };
    tokio::time::timeout(GENEROUS, told).await.unwrap();
    let (address, site) = (address.unwrap(), site.unwrap());
    assert!(Path::new(&site).is_file(), "{site}");

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let form = Form::new().text("from", JOURNALIST.to_string()).text("text", "@embassy check 2").text("answers", "");
    let posted = client.post(format!("{address}/sandbox/page/post")).multipart(form).send().await.unwrap();
    assert!(posted.status().is_success(), "{posted:?}");
    let answered = async {
        while !client.get(&address).send().await.unwrap().text().await.unwrap().contains(">Note 2\nsealed ") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(GENEROUS, answered).await.expect("the mention is not answered");
    assert!(stop(&mut child, "INT").await.success());
    assert!(!Path::new(&site).exists(), "the temporary folder is left behind");
}
