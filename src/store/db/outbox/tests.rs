//! The writer's part in disputes, a database of version 1, and the client.

use std::path::{Path, PathBuf};

use super::*;
use crate::base::ids::{AccountId, MessageId, Origin, PostId};
use crate::store::{Durability, Mentioned, Reader, RequestClient, Store, Subject};
use crate::tlog::signed_note::LogKey;

fn now() -> Time {
    Time::from_ms(1_764_000_100_000)
}

fn key() -> LogKey {
    LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [7; 32])
}

/// A copy of the database that version 1 has written: notes 1 to 3, of which the first is posted, the others are about to
/// be posted, after an attempt that failed and one of which nobody knows.
fn stored(folder: &Path) -> PathBuf {
    let path = folder.join("verbale.db");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/1.db"), &path).unwrap();
    path
}

fn db(folder: &Path) -> Db {
    Db::open(&stored(folder), key(), Durability::Process).unwrap()
}

fn opened(level: Level, parts: &[&str]) -> Effects {
    let files = vec![("note-1.proof.zip".to_owned(), b"zip".to_vec())];
    let parts = parts.iter().map(|text| ((*text).to_owned(), Vec::new())).collect();
    let open = Opened { note: 1, level, sha256: Hash::of(b"opened"), files, parts };
    Effects { open: Some(open), ..Effects::default() }
}

fn asked(by: &str) -> NewRequest {
    NewRequest { ask: Ask::Open { note: 1, level: Level::Content }, asked_by: by.to_owned() }
}

fn line(db: &Db, index: u64) -> String {
    db.entries(index, 1).unwrap().remove(0)
}

/// Posts whatever is next, and tells its text and what it answers.
fn post(db: &mut Db, id: u64) -> (String, Option<u64>) {
    let intent = db.open_intent(&[]).unwrap().unwrap();
    db.attempt(intent.id, now()).unwrap();
    db.posted(intent.id, PostId(id), now()).unwrap();
    (intent.text, intent.answers.map(|post| post.0))
}

#[test]
fn a_database_of_version_1_is_taken_over_with_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = stored(folder.path());
    let told = |error: Option<Error>| error.unwrap().to_string();
    for refusal in [told(Reader::open(&path).err()), told(RequestClient::open(&path).err())] {
        assert!(refusal.ends_with("start the daemon once, `verbale run`: it brings it up to date"), "{refusal}");
    }
    for _ in 0..2 {
        let db = Db::open(&path, key(), Durability::Disk).unwrap();
        assert_eq!((db.size(), db.next_note().unwrap()), (4, 4));
        let intent = db.open_intent(&[]).unwrap().unwrap();
        assert_eq!(intent.subject, Subject::Notes { first: 2, last: 3 });
        assert!(!intent.attempts.unwrap().all_failed);
        assert!(db.has_heartbeat("2025-11-24").unwrap());
        assert_eq!(db.newest_post().unwrap(), Some(PostId(7_000_000_000_000_000_001)));
    }
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.proof(1).unwrap().unwrap().post.unwrap().0.id, PostId(7_000_000_000_000_000_000));
    assert!(reader.requests().unwrap().is_empty());
}

#[test]
fn a_cause_has_its_effects_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = db(folder.path());
    let mention = Mentioned { post: PostId(50), author: AccountId(9), what: "dispute" };
    let answer = Answer {
        text: "re 50".to_owned(),
        answers: mention.post,
        mention: Some(mention.post),
        note: Some(2),
        standalone: false,
    };
    let effects = Effects { disputes: vec![(2, PostId(50))], answers: vec![answer], ..Effects::default() };
    assert!(db.apply(&Trigger::Mention(mention), &effects, now()).unwrap());
    assert!(!db.apply(&Trigger::Mention(mention), &effects, now()).unwrap());
    assert_eq!((db.size(), line(&db, 4)), (5, format!("dispute {} 2 x 50\n", now())));
    assert_eq!(db.unheard(&[PostId(50), PostId(51)]).unwrap(), [PostId(51)]);
    let standing = db.standing(2).unwrap().unwrap();
    assert_eq!((standing.disputes, standing.open, standing.post), (1, None, None));
    post(&mut db, 100);
    assert_eq!(post(&mut db, 101), ("re 50".to_owned(), Some(50)));
    assert_eq!(db.notes_of_post(PostId(101)).unwrap(), Some((2, 2)));
    assert_eq!(db.open_intent(&[]).unwrap(), None);
}

#[test]
fn the_parts_of_a_mirror_answer_each_other_until_the_platform_refuses_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = db(folder.path());
    let request = ask(&db.conn, &asked("a"), now()).unwrap();
    assert!(db.apply(&Trigger::Request(request), &opened(Level::Content, &["1", "2", "3"]), now()).unwrap());
    assert!(!db.apply(&Trigger::Request(request), &Effects::default(), now()).unwrap());
    assert_eq!(line(&db, 4), format!("open {} 1 content {}\n", now(), Hash::of(b"opened")));
    post(&mut db, 100);
    // Another note that is sealed meanwhile would come first, and a part that is held back holds back those after it.
    let first = db.open_intent(&[]).unwrap().unwrap();
    assert_eq!((first.text.as_str(), db.open_intent(&[first.id]).unwrap()), ("1", None));
    assert_eq!(post(&mut db, 101), ("1".to_owned(), Some(7_000_000_000_000_000_000)));
    let second = db.open_intent(&[]).unwrap().unwrap();
    assert_eq!(second.answers, Some(PostId(101)));
    db.unanswering(second.id, now()).unwrap();
    assert_eq!(post(&mut db, 102), ("2".to_owned(), None));
    assert_eq!(post(&mut db, 103), ("3".to_owned(), None));
    let posts = rows::outbox::parts(&db.conn, 1, Level::Content).unwrap();
    assert_eq!(posts, [101, 102, 103].map(|id| Some(PostId(id))));
    assert_eq!(db.disclosed_files(1).unwrap(), [("note-1.proof.zip".to_owned(), 3)]);
    assert_eq!(db.disclosed_file(1, "note-1.proof.zip").unwrap(), Some(b"zip".to_vec()));
}

#[test]
fn a_note_is_opened_once_at_each_level_and_never_less_after_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = db(folder.path());
    let mut open = |level, text: &str| {
        let request = ask(&db.conn, &asked("a"), now()).unwrap();
        db.apply(&Trigger::Request(request), &opened(level, &[text]), now()).map_err(|error| error.to_string())
    };
    assert_eq!(open(Level::Envelope, "1"), Ok(true));
    assert!(open(Level::Envelope, "2").unwrap_err().contains("the envelope is open already"));
    assert_eq!(open(Level::Content, "3"), Ok(true));
    assert!(open(Level::Envelope, "4").unwrap_err().contains("the content is open already"));
}

#[test]
fn nobody_approves_what_they_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = db(folder.path());
    let mut client = RequestClient::open(&folder.path().join("verbale.db")).unwrap();
    let request = client.ask(&asked("a"), None, now()).unwrap();
    assert!(client.approve(request, "a", b"proof", now()).unwrap_err().to_string().contains("nobody approves"));
    let waiting = db.requests(RequestState::Waiting).unwrap();
    assert_eq!((waiting.len(), waiting[0].approvals.len(), waiting[0].has_submitted_proof), (1, 0, false));
    client.approve(request, "b", b"proof", now()).unwrap();
    let waiting = db.requests(RequestState::Waiting).unwrap();
    assert_eq!((&*waiting[0].approvals[0].0, waiting[0].has_submitted_proof), ("b", true));
    assert_eq!(db.submitted_proof(request).unwrap().as_deref(), Some(&b"proof"[..]));
    assert!(db.apply(&Trigger::Lapse(request), &Effects::default(), now()).unwrap());
    assert_eq!(db.submitted_proof(request).unwrap(), None);
    assert!(client.approve(request, "c", b"proof", now()).is_err());
    assert_eq!(db.requests(RequestState::Lapsed).unwrap().len(), 1);
}

#[test]
fn a_message_is_sent_once_under_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = db(folder.path());
    let to = Addressee::Account(AccountId(9));
    let message = |key: &str| Outgoing { key: key.to_owned(), to: to.clone(), body: MessageBody::Text(key.to_owned()) };
    assert!(db.send(&message("a")).unwrap() && !db.send(&message("a")).unwrap() && db.send(&message("b")).unwrap());
    let first = db.pending_message(&[], false).unwrap().unwrap();
    assert_eq!((&first.body, first.attempts), (&MessageBody::Text("a".to_owned()), None));
    assert_eq!(db.pending_message(&[first.id], false).unwrap().unwrap().body, MessageBody::Text("b".to_owned()));
    db.sending(first.id, now()).unwrap();
    db.not_sent(first.id).unwrap();
    assert!(db.pending_message(&[], false).unwrap().unwrap().attempts.unwrap().all_failed);
    db.sending(first.id, now().plus_ms(1)).unwrap();
    let attempts = db.pending_message(&[], false).unwrap().unwrap().attempts.unwrap();
    assert_eq!((attempts.first, attempts.last, attempts.all_failed), (now(), now().plus_ms(1), false));
    db.sent(first.id, Ok(&MessageId(70))).unwrap();
    assert_eq!(rows::outbox::sent(&db.conn, "a").unwrap(), Some(MessageId(70)));
    assert_eq!(db.pending_message(&[], false).unwrap().unwrap().body, MessageBody::Text("b".to_owned()));
}

#[test]
fn a_message_waits_while_nobody_knows_of_another_of_the_same_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = db(folder.path());
    let send = |db: &mut Db, key: &str, to: u64, text: &str| {
        let (to, body) = (Addressee::Account(AccountId(to)), MessageBody::Text(text.to_owned()));
        assert!(db.send(&Outgoing { key: key.to_owned(), to, body }).unwrap());
    };
    for (key, to, text) in [("a", 9, "yes"), ("b", 9, "yes"), ("c", 8, "yes"), ("d", 9, "no")] {
        send(&mut db, key, to, text);
    }
    let next = |db: &Db, held: &[u64]| db.pending_message(held, false).unwrap().map(|message| message.id);
    let first = next(&db, &[]).unwrap();
    assert_eq!(next(&db, &[first]), Some(first + 1), "it has not been tried");
    db.sending(first, now()).unwrap();
    assert_eq!(next(&db, &[first]), Some(first + 2), "another recipient");
    assert_eq!(next(&db, &[first, first + 2]), Some(first + 3), "other words");
    assert_eq!(next(&db, &[first, first + 2, first + 3]), None);
    db.sent(first, Ok(&MessageId(70))).unwrap();
    assert_eq!(next(&db, &[]), Some(first + 1));
}

#[tokio::test]
async fn the_loops_are_woken_by_what_is_not_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&stored(folder.path()), key(), Durability::Process).unwrap();
    let mut grown = store.grown();
    grown.mark_unchanged();
    let body = MessageBody::Text("verbale".to_owned());
    store.send(Outgoing { key: "a".to_owned(), to: Addressee::Account(AccountId(9)), body }).await.unwrap();
    assert!(grown.has_changed().unwrap());
}
