//! `verbale verify --site`, from outside: what a published log tells about the notes near one, and what it may not do.

use std::fs;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use verbale::base::hash::Hash;
use verbale::base::ids::{ConversationId, MessageId, SourceMessage};
use verbale::note::proof::Proof;
use verbale::note::{Correspondence, Envelope, Salt};
use verbale::tlog::entry::{Entry, Level};
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tile::{Kind, TilePath, bundle};
use verbale::wording::post::PostText;

use crate::support::command::{assert_refused, verbale};
use crate::support::fixture::{self, account, sent};

const HOUR: i64 = 3_600_000;

/// The note that is proven.
const OWN: u64 = 5;

/// Of each note the other side, its number in that conversation, the milliseconds from the proven one, and whether it is
/// opened.
const NOTES: [(&str, u64, i64, bool); 9] = [
    ("783214 ministry", 1, -50 * HOUR, true),
    ("900 consulate", 1, -30 * HOUR, true),
    ("783214 ministry", 2, -24 * HOUR, false),
    ("900 consulate", 2, -HOUR, true),
    ("783214 ministry", 3, 0, true),
    ("900 consulate", 3, HOUR, false),
    ("783214 ministry", 4, 24 * HOUR, true),
    ("783214 ministry", 5, 24 * HOUR + 1, false),
    ("783214 ministry", 6, 30 * HOUR, true),
];

/// A published log, and the proof of a note of it.
struct Story {
    folder: tempfile::TempDir,
    envelopes: Vec<Envelope>,
    entries: Vec<Entry>,
    /// The entries before the note that is proven.
    own: usize,
}

fn envelopes() -> Vec<Envelope> {
    let mut all: Vec<Envelope> = Vec::new();
    for ((to, count, ..), note) in NOTES.into_iter().zip(1..) {
        let to = account(to);
        let conversation = ConversationId::parse(&format!("{}-2244994945", to.id)).unwrap();
        let before = all.iter().rev().find(|other| other.conversation == conversation);
        let previous = before.map_or(Hash::ZERO, Envelope::commitment);
        all.push(Envelope {
            note,
            to: vec![to],
            conversation,
            correspondence: Correspondence { count, previous },
            salt: Salt::from_bytes([u8::try_from(note).unwrap(); 32]),
            message: SourceMessage::XDm(MessageId(fixture::message().0 + note - OWN)),
            ..fixture::envelope()
        });
    }
    all
}

impl Story {
    fn new() -> Story {
        Story::of(envelopes())
    }

    fn of(envelopes: Vec<Envelope>) -> Story {
        // More than one bundle.
        let mut entries: Vec<Entry> = (0..300).map(|n| Entry::Unknown { line: format!("filler {n}") }).collect();
        for (envelope, (.., ms, _)) in envelopes.iter().zip(NOTES) {
            let time = sent().plus_ms(3_100 + ms);
            entries.push(Entry::Note { time, note: envelope.note, commitment: envelope.commitment() });
        }
        let own = entries.len() - NOTES.len() + 4;
        for (envelope, _) in envelopes.iter().zip(NOTES).filter(|(_, note)| note.3) {
            let (time, note, sha256) = (sent().plus_ms(31 * HOUR), envelope.note, envelope.commitment());
            entries.push(Entry::Open { time, note, level: Level::Envelope, sha256 });
            entries.push(Entry::Open { time, note, level: Level::Content, sha256: envelope.content });
        }
        let story = Story { folder: tempfile::tempdir().unwrap(), envelopes, entries, own };
        fs::write(story.path("proof.zip"), story.proof().pack()).unwrap();
        story.publish(&story.entries, &fixture::key());
        for (envelope, _) in story.envelopes.iter().zip(NOTES).filter(|(_, note)| note.3) {
            let path = story.envelope_path(envelope.note);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, envelope.to_text()).unwrap();
        }
        story
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn envelope_path(&self, note: u64) -> PathBuf {
        self.path(&format!("site/note/0/{note}/note-{note}.envelope.txt"))
    }

    fn proof(&self) -> Proof {
        let entries = &self.entries[..=self.own];
        let tree = fixture::tree(entries);
        let envelope = &self.envelopes[OWN as usize - 1];
        let commitment = envelope.commitment();
        Proof {
            note: OWN,
            envelope: envelope.to_text().into_bytes(),
            entry: entries[self.own].to_line(),
            tlog_proof: fixture::tlog_proof(entries, self.own as u64, &fixture::key()),
            post: Some(fixture::published(
                PostText::Note { note: OWN, commitment, size: tree.len(), root: tree.root() }.to_text(),
            )),
            content: None,
            ..fixture::proof()
        }
    }

    fn publish(&self, entries: &[Entry], key: &LogKey) {
        let _ = fs::remove_dir_all(self.path("site/tile"));
        fs::create_dir_all(self.path("site/tile/entries")).unwrap();
        let lines: Vec<String> = entries.iter().map(Entry::to_line).collect();
        for (index, chunk) in lines.chunks(256).enumerate() {
            let path = TilePath::new(Kind::Entries, index as u64, chunk.len() as u16).unwrap().to_string();
            let path = self.path("site").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bundle(chunk.iter().map(String::as_bytes)).unwrap()).unwrap();
        }
        fs::write(self.path("site/checkpoint"), fixture::checkpoint(&fixture::tree(entries)).sign(key)).unwrap();
    }

    fn verify(&self, site: &[&str]) -> (i32, Value) {
        let vkey = fixture::key().vkey().to_string();
        let arguments = [&["verify", "--json", "--log", &vkey, "proof.zip"], site].concat();
        let output = verbale(self.folder.path(), &arguments);
        let report = serde_json::from_slice(&output.stdout);
        (
            output.status.code().unwrap(),
            report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))),
        )
    }

    /// Verifies with the site, which must fail and say so.
    fn fails(&self, said: &str) {
        let (status, report) = self.verify(&["--site", "site"]);
        let (outcome, detail) = site(&report).unwrap();
        assert_eq!((status, outcome), (1, "fails"), "{report:#}");
        assert!(detail.contains(said), "{said}: {detail}");
        assert_eq!(report.get("others"), None);
        let claims = report["claims"].as_array().unwrap();
        assert!(claims.iter().all(|claim| claim["shown"] == json!([])), "a proof that fails shows nothing");
    }
}

/// How the check of the site came out, and its words.
fn site(report: &Value) -> Option<(&str, &str)> {
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "site")?;
    Some((check["outcome"].as_str().unwrap(), check["detail"].as_str().unwrap()))
}

fn order(report: &Value) -> (Vec<&str>, Vec<&str>) {
    let order = report["claims"].as_array().unwrap().iter().find(|claim| claim["name"] == "order").unwrap();
    let lines = |name| order[name].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    (lines("shown"), lines("not_shown"))
}

fn counted() -> Value {
    json!({
        "size": 321,
        "conversation": { "before": 2, "before_opened": 1, "before_unopened": 1, "after_opened": 2 },
        "day": { "notes": 4, "opened": 2, "unopened": 2 },
        "choice": { "opened_by_entry": 315, "notes": 8, "opened": 5, "unopened": 3 },
        "envelopes_missing": 0,
    })
}

#[test]
fn other_notes_are_counted_in_the_published_log() {
    let story = Story::new();
    let (status, report) = story.verify(&["--site", "site"]);
    assert_eq!((status, &report["others"]), (4, &counted()), "{report:#}");
    let said = "the published log of 321 entries continues the proof's head, and misses no number";
    assert_eq!(site(&report), Some(("holds", said)));
    let (shown, not_shown) = order(&report);
    for line in [
        "in the published log no number is missing or given twice",
        "before it in this conversation: 2 notes, 1 opened in public, 1 not",
        "sealed before it was opened in public, by entry 315: 8 other notes, 5 opened in public, 3 not",
        "sealed within 24 hours before or after it: 4 other notes, 2 opened in public, 2 not",
    ] {
        assert!(shown.contains(&line), "{shown:#?}");
    }
    let after = "how many notes came after it in this conversation: only opened ones can be known, and there are 2";
    let choice = "that it is the only version, and that the order is right: these are the sender's word as long as 3 of \
                  those sealed before it was opened are not opened";
    assert_eq!(not_shown, [choice, "what the notes before and after it say", after]);
    let text = verbale(story.folder.path(), &["verify", "--site", "site", "proof.zip"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains(said) && text.contains("  shown: before it in this conversation: 2 notes, 1 opened"),
        "{text}"
    );
}

#[test]
fn without_the_site_it_is_said_what_is_not_counted() {
    let (status, report) = Story::new().verify(&[]);
    assert_eq!((status, site(&report), report.get("others")), (4, None, None));
    let (shown, not_shown) = order(&report);
    assert_eq!(shown[0], "the sender's word: it is number 5 of all notes, and 3 of this conversation, 2 before it");
    let said = "how many notes were sealed and never opened, before this one was: not counted; verbale verify --site \
                counts them in the published log";
    assert!(not_shown.contains(&said), "{not_shown:#?}");
}

#[test]
fn a_log_that_is_another_or_was_rewritten_fails_and_an_old_copy_says_nothing() {
    let story = Story::new();
    story.publish(&story.entries, &fixture::other_key());
    story.fails("its checkpoint is not that of the proof's log: there is no signature by a known key");
    story.publish(&story.entries[..story.own], &fixture::key());
    let (status, report) = story.verify(&["--site", "site"]);
    let (outcome, detail) = site(&report).unwrap();
    assert_eq!((status, outcome), (3, "not_checked"), "{report:#}");
    assert!(detail.contains("its head has 304 entries, fewer than the 305 of the proof"), "{detail}");
    let mut entries = story.entries.clone();
    entries[7] = Entry::Unknown { line: "something else".to_owned() };
    story.publish(&entries, &fixture::key());
    story.fails("its first 305 entries do not lead to the proof's head: the log was rewritten");
    let mut entries = story.entries.clone();
    entries.push(fixture::note_entry(11, Hash::of(b"note 11")));
    story.publish(&entries, &fixture::key());
    story.fails("entry 321 is note 11, where note 10 should come");
    entries[321] = Entry::Open { time: sent(), note: 10, level: Level::Envelope, sha256: Hash::ZERO };
    story.publish(&entries, &fixture::key());
    story.fails("entry 321 opens note 10, which is not there yet");
    // Only the files are altered, and the head is that of the log.
    let head = fixture::checkpoint(&fixture::tree(&story.entries[1..])).sign(&fixture::key());
    story.publish(&story.entries[..320], &fixture::key());
    fs::write(story.path("site/checkpoint"), head).unwrap();
    story.fails("its entries do not lead to the root that it signed");
    fs::remove_dir_all(story.path("site/tile")).unwrap();
    story.fails("tile/entries/000 is not there, and its head needs it");
}

#[test]
fn an_opened_envelope_must_be_the_one_that_was_sealed_and_one_that_is_missing_is_told() {
    let story = Story::new();
    let other = Envelope { seen: sent(), ..story.envelopes[6].clone() };
    fs::write(story.envelope_path(7), other.to_text()).unwrap();
    story.fails("the published envelope of note 7 is not the one that was sealed");
    fs::remove_file(story.envelope_path(7)).unwrap();
    let (status, report) = story.verify(&["--site", "site"]);
    let mut expected = counted();
    expected["conversation"]["after_opened"] = json!(1);
    expected["envelopes_missing"] = json!(1);
    expected["day"] = json!({ "notes": 4, "opened": 1, "unopened": 3 });
    expected["choice"] = json!({ "opened_by_entry": 315, "notes": 8, "opened": 4, "unopened": 4 });
    assert_eq!((status, &report["others"]), (4, &expected), "{report:#}");
    let told =
        "what 1 notes are that the log calls opened, and of which nothing is published: they count as not opened";
    assert!(order(&report).1.contains(&told));
}

#[test]
fn a_line_that_opens_something_else_than_was_sealed_fails() {
    let story = Story::new();
    let other = Hash::of(b"another text");
    for (note, level, said) in [
        (7, Level::Envelope, "entry 321 opens another envelope of note 7 than was sealed"),
        (7, Level::Content, "the log opens another content of note 7 than was sealed"),
        (8, Level::Envelope, "entry 321 opens another envelope of note 8 than was sealed"),
        (OWN, Level::Content, "entry 321 opens another content of note 5 than was sealed"),
    ] {
        let mut entries = story.entries.clone();
        entries.push(Entry::Open { time: sent().plus_ms(32 * HOUR), note, level, sha256: other });
        story.publish(&entries, &fixture::key());
        story.fails(said);
    }
}

#[test]
fn opened_notes_that_contradict_the_place_in_the_correspondence_fail() {
    let whatever = Hash::of(b"whatever");
    for (note, count, previous, said) in [
        (1, 3, whatever, "notes 1 and 5 both say that they are number 3 of their conversation"),
        (
            1,
            2,
            whatever,
            "note 5 says that it is number 3 of its conversation, and does not name note 1, which is number 2",
        ),
        (
            1,
            4,
            whatever,
            "note 1 says that it is number 4 of its conversation, and note 5, sealed after it, that it is number 3",
        ),
        (7, 3, whatever, "notes 5 and 7 both say that they are number 3 of their conversation"),
        (
            7,
            4,
            whatever,
            "note 7 says that it is number 4 of its conversation, and does not name note 5, which is number 3",
        ),
        (7, 4, envelopes()[4].correspondence.previous, "notes 5 and 7 of one conversation both say"),
        (9, 4, envelopes()[6].commitment(), "notes 7 and 9 both say that they are number 4 of their conversation"),
    ] {
        let mut all = envelopes();
        all[note - 1].correspondence = Correspondence { count, previous };
        Story::of(all).fails(said);
    }
    let mut all = envelopes();
    all[6].message = all[4].message.clone();
    Story::of(all).fails("notes 5 and 7 are two versions of one: both are message");
    let mut all = envelopes();
    all[3].message = all[1].message.clone();
    Story::of(all).fails("notes 2 and 4 are two versions of one: both are message");
    // Both the first and the second are opened, and the proof knows of one before it.
    let mut all = envelopes();
    all[4].correspondence.count = 2;
    all[3].conversation = all[4].conversation.clone();
    all[3].correspondence = Correspondence { count: 1, previous: Hash::ZERO };
    all[4].correspondence.previous = all[3].commitment();
    Story::of(all)
        .fails("note 5 says that it is number 2 of its conversation, and does not name note 1, which is number 1");
}

#[test]
fn what_cannot_be_read_is_not_checked_and_of_a_proof_that_fails_nothing_is_counted() {
    let story = Story::new();
    fs::create_dir(story.path("empty")).unwrap();
    let (status, report) = story.verify(&["--site", "empty"]);
    let said = "other notes are not counted: there is no `checkpoint`";
    assert_eq!((status, report["status"].as_u64(), site(&report)), (3, Some(3), Some(("not_checked", said))));
    let arguments = ["verify", "--site", "nowhere", "proof.zip"];
    assert_refused(story.folder.path(), &arguments, 2, "nowhere is neither a folder nor an address", "name the folder");
    let mut proof = story.proof();
    proof.entry = story.entries[story.own - 1].to_line();
    fs::write(story.path("proof.zip"), proof.pack()).unwrap();
    let (status, report) = story.verify(&["--site", "site"]);
    let said = "other notes are not counted: the proof itself does not hold";
    assert_eq!((status, site(&report)), (1, Some(("not_checked", said))));
}

/// The log stands without the post, and so do the counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_is_gone_takes_nothing_from_the_counts() {
    let story = Story::new();
    let nothing_there = format!("--oembed={}oembed", serve(story.path("site"), "nothing").await);
    let arguments = ["--site", "site", "--online", &nothing_there];
    let (status, report) = tokio::task::block_in_place(|| story.verify(&arguments));
    assert_eq!((status, site(&report).unwrap().0, &report["others"]), (4, "holds", &counted()), "{report:#}");
}

/// Serves a folder, and nothing whose name begins with `away`; gives the address.
async fn serve(folder: PathBuf, away: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/notes", listener.local_addr().unwrap());
    let answer = async move |request: Request<Body>| {
        let path = request.uri().path().trim_start_matches("/notes/").to_owned();
        match fs::read(Path::new(&folder).join(&path)) {
            _ if path.starts_with(away) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Ok(bytes) => bytes.into_response(),
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        }
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_network_it_is_the_same_and_no_answer_is_no_absence() {
    let story = Story::new();
    let verify = |address: &str| tokio::task::block_in_place(|| story.verify(&["--site", address]));
    let (status, report) = verify(&serve(story.path("site"), "nothing").await);
    assert_eq!((status, &report["others"]), (4, &counted()), "{report:#}");
    let (status, report) = verify(&serve(story.path("site"), "note/0/7").await);
    let said = "other notes are not counted: note/0/7/note-7.envelope.txt: the server answers 503 Service Unavailable";
    assert_eq!((status, site(&report)), (3, Some(("not_checked", said))), "{report:#}");
}

/// A head that the reader kept, of another size than the proof's: the published log shows that it is one history.
#[test]
fn a_kept_head_of_another_size_is_found_in_the_published_log() {
    let story = Story::new();
    let verify = |size: usize, change: fn(&mut verbale::tlog::checkpoint::Checkpoint)| {
        let mut head = fixture::checkpoint(&fixture::tree(&story.entries[..size]));
        change(&mut head);
        fs::write(story.path("kept"), head.sign(&fixture::key())).unwrap();
        let (status, report) = story.verify(&["--site", "site", "--head", "kept"]);
        let checks = report["checks"].as_array().unwrap();
        let kept = checks.iter().find(|check| check["name"] == "kept head").unwrap();
        (status, report["verdict"].as_str().unwrap().to_owned(), kept["outcome"].as_str().unwrap().to_owned())
    };
    let told = |verdict: &str, outcome: &str| (verdict.to_owned(), outcome.to_owned());
    for (size, status, (verdict, outcome)) in [
        (story.own + 1, 0, told("proven", "holds")),
        (story.own + 2, 0, told("proven", "holds")),
        (story.entries.len(), 0, told("proven", "holds")),
        (story.own, 4, told("intact", "not_checked")),
        (0, 4, told("intact", "not_checked")),
    ] {
        assert_eq!(verify(size, |_| ()), (status, verdict, outcome), "{size}");
    }
    let forked = verify(story.own + 3, |head| head.root = Hash::of(b"another history"));
    assert_eq!(forked, (1, "fails".to_owned(), "fails".to_owned()));
}
