//! What is SQLite's own: a disk that is full, and databases of earlier versions.

use super::*;
use crate::base::ids::{AccountId, Channel, ConversationId, MessageId, Origin, PostId};
use crate::base::time::Time;
use crate::note::Correspondence;
use crate::note::request::RequestState;
use crate::platform::Addressee;
use crate::store::{
    Accepted, Answered, Batch, Budget, Effect, EffectKind, Lane, MentionOutcome, MessageBody, MessageKind, Payload,
    Reader, RequestClient, Sealing, Store, Subject,
};
use crate::tlog::entry::Level;

fn key() -> LogKey {
    LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [7; 32])
}

fn at(ms: i64) -> Time {
    Time::from_ms(1_764_000_100_000).plus_ms(ms)
}

fn batch(note: u64, bytes: usize) -> Batch {
    let conversation = ConversationId::parse(&format!("7-{}", 10 + note)).unwrap();
    let correspondence = Correspondence { count: 1, previous: Hash::ZERO };
    let (message, commitment) = (MessageId(note), Hash::of(&note.to_be_bytes()));
    let opening = vec![7; bytes];
    Batch {
        notes: vec![Sealing { note, message, conversation, correspondence, commitment, opening }],
        ..Batch::default()
    }
}

#[tokio::test]
async fn a_full_disk_changes_nothing_and_the_same_can_be_done_when_there_is_room() {
    use crate::store::{ReadLog, ReadNotes, WriteSealing};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("verbale.db");
    create(&path, &key().vkey()).unwrap();
    let store = open(&path, key(), Durability::Disk).unwrap();
    store.seal(batch(1, 100), at(0)).await.unwrap();
    let root = store.root_at(1).await.unwrap();
    let room = async |pages: u64| {
        let limit = move |db: &mut Db| Ok(db.conn.pragma_update(None, "max_page_count", pages)?);
        store.run(limit).await.unwrap();
    };
    room(1).await;
    assert!(matches!(store.seal(batch(2, 1 << 20), at(0)).await, Err(Error::Full)));
    assert_eq!((store.size().await.unwrap(), store.last_note().await.unwrap()), (1, 1));
    assert_eq!(store.root_at(1).await.unwrap(), root);
    room(1 << 30).await;
    store.seal(batch(2, 1 << 20), at(0)).await.unwrap();
    drop(store);
    let store = open(&path, key(), Durability::Disk).unwrap();
    assert_eq!((store.size().await.unwrap(), store.last_note().await.unwrap()), (2, 2));
    assert_eq!(store.root_at(1).await.unwrap(), root);
}

#[tokio::test]
async fn what_cannot_be_written_down_is_told_by_the_beat() {
    use crate::store::{ReadTasks, WriteSealing, WriteTasks};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("verbale.db");
    create(&path, &key().vkey()).unwrap();
    let store = open(&path, key(), Durability::Disk).unwrap();
    let troubles = async || {
        store.beat(at(1)).await.unwrap();
        let reader = open_looking(&path).unwrap();
        assert_eq!(reader.last_beat().await.unwrap().unwrap().at, at(1));
        let loops = reader.status().await.unwrap().loops;
        loops.into_iter().filter_map(|one| Some((one.name, one.trouble?))).collect::<Vec<_>>()
    };
    store.report("watcher", None, at(0)).await.unwrap();
    assert_eq!(troubles().await, []);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.seal(batch(1, 100), at(0)).await, Err(Error::Held(_))));
    let text = "the \"disk\"\nmake room ".repeat(1000);
    for name in ["watcher", "public"] {
        store.report(name, Some(text.clone()), at(0)).await.unwrap();
    }
    let told = troubles().await;
    assert_eq!(told.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["watcher", "public"]);
    assert!(told.iter().all(|(_, trouble)| text.starts_with(trouble)));
    other.execute_batch("ROLLBACK").unwrap();
    store.seal(batch(1, 100), at(0)).await.unwrap();
    for name in ["watcher", "public"] {
        store.report(name, None, at(0)).await.unwrap();
    }
    assert_eq!(troubles().await, []);
}

/// A copy of a database that an earlier version has written.
fn kept(folder: &Path, version: u32) -> PathBuf {
    let path = folder.join("verbale.db");
    let kept = format!("{}/tests/store/{version}.db", env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(kept, &path).unwrap();
    path
}

/// Commands refuse it, and the daemon brings it up to date.
fn brought_up_to_date(path: &Path) -> Store {
    let told = |error: Option<Error>| error.unwrap().to_string();
    for refusal in [told(Reader::open(path).err()), told(RequestClient::open(path).err())] {
        assert!(refusal.ends_with("start the daemon once, `verbale run`: it brings it up to date"), "{refusal}");
    }
    drop(Store::open(path, key(), Durability::Disk).unwrap());
    Store::open(path, key(), Durability::Disk).unwrap()
}

async fn next(store: &Store, lane: Lane, without: &[u64]) -> Option<Effect> {
    let deferred: Vec<_> = without.iter().map(|id| crate::store::EffectId(*id)).collect();
    store.next_effect(lane, &deferred, Budget::Enough).await.unwrap()
}

fn text(effect: &Effect) -> &str {
    match &effect.payload {
        Payload::Post(post) => &post.text,
        Payload::Message(message) => match &message.body {
            Some(MessageBody::Text(text)) => text,
            _ => "",
        },
    }
}

/// Notes 1 to 3. The first is posted. The others have a post that is decided upon, after one attempt that failed and
/// one of which nobody knows the result.
#[tokio::test]
async fn a_database_of_version_1_is_taken_over_with_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = kept(folder.path(), 1);
    let store = brought_up_to_date(&path);
    assert_eq!((store.size().await.unwrap(), store.last_note().await.unwrap()), (4, 3));
    let effect = next(&store, Lane::Posts, &[]).await.unwrap();
    let Payload::Post(post) = &effect.payload else { panic!("no post") };
    assert_eq!(post.subject, Subject::Notes { first: 2, last: 3 });
    assert!(!effect.attempts.unwrap().all_failed);
    assert!(store.has_heartbeat("2025-11-24").await.unwrap());
    assert_eq!(store.newest_post().await.unwrap().map(|post| post.id), Some(PostId(7_000_000_000_000_000_001)));
    let reader = Reader::open(&path).unwrap();
    let proof = reader.proof(1).await.unwrap().unwrap();
    assert_eq!(proof.post.unwrap().0.id, PostId(7_000_000_000_000_000_000));
    assert!(reader.requests(None).await.unwrap().is_empty());
}

/// What version 3 wrote, a send of unknown outcome among it.
#[tokio::test]
async fn effects_of_version_3_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = kept(folder.path(), 3);
    let store = brought_up_to_date(&path);
    assert_eq!((store.size().await.unwrap(), store.last_note().await.unwrap()), (12, 4));
    let send = store.last_send(AccountId(783214)).await.unwrap().unwrap();
    assert_eq!((send.effect, send.at, send.message), (crate::store::EffectId(19), at(24), None));
}

/// What version 2 wrote: posts and messages of every kind and in every state, requests, mentions, slips, task reports.
#[tokio::test]
async fn posts_of_version_2_are_taken_over_with_their_attempts_and_outcomes() {
    let folder = tempfile::tempdir().unwrap();
    let store = brought_up_to_date(&kept(folder.path(), 2));
    // Nobody knows whether the dispute's answer is posted: it goes first; the thread's second part has failed.
    let answer = next(&store, Lane::Posts, &[]).await.unwrap();
    assert_eq!((answer.kind, text(&answer), answer.attempts.unwrap().first), (EffectKind::Answer, "noted 60", at(17)));
    let part = next(&store, Lane::Posts, &[8]).await.unwrap();
    let Payload::Post(post) = &part.payload else { panic!("no post") };
    assert_eq!(post.subject, Subject::Part { note: 1, level: Level::Content, place: 2, count: 3 });
    assert_eq!((post.answers, part.attempts.unwrap().all_failed), (None, true), "its reply was refused");
    assert_eq!(text(&next(&store, Lane::Posts, &[8, 6]).await.unwrap()), "re 51");
    assert_eq!(next(&store, Lane::Posts, &[8, 6, 10]).await, None);
    let first = Some(PostId(7_000_000_000_000_000_104));
    assert_eq!(store.thread_posts(1, Level::Content).await.unwrap(), [first, None, None]);
    assert_eq!(store.answer_to(2, PostId(60)).await.unwrap(), Some(Answered::Not));
    assert_eq!(store.notes_by_post(PostId(7_000_000_000_000_000_102)).await.unwrap(), Some((4, 4)));
    assert_eq!((store.unposted_receipt().await.unwrap(), store.unposted_notes().await.unwrap()), (None, None));
    assert!(store.has_heartbeat("2025-11-25").await.unwrap());
    let status = store.status().await.unwrap();
    assert_eq!((status.unposted, status.mentions, status.over, status.refused, status.dropped), (0, 4, 1, 1, 1));
    let names: Vec<&str> = status.loops.iter().map(|report| report.name.as_str()).collect();
    assert_eq!(names, ["publisher", "watcher"], "tasks with other names report anew");
    let standing = store.standing(2).await.unwrap().unwrap();
    assert_eq!((standing.disputes, standing.post.map(|post| post.id.0)), (2, Some(7_000_000_000_000_000_100)));
    assert_eq!(store.standing(1).await.unwrap().unwrap().open, Some(Level::Content));
    store.accepted(part.id, Accepted::Post(Channel::X.post(PostId(70))), at(100)).await.unwrap();
    assert_eq!(text(&next(&store, Lane::Posts, &[8]).await.unwrap()), "[3/3] three");
}

#[tokio::test]
async fn messages_of_version_2_are_taken_over_with_their_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let store = brought_up_to_date(&kept(folder.path(), 2));
    let official = AccountId(990_017);
    let sent = async |kind, to| store.sent_message(kind, to).await.unwrap();
    let command = MessageKind::CommandAnswer(MessageId(1_200_000_000_000_000_010));
    assert_eq!(sent(command, Some(official)).await, Some(MessageId(1_200_000_000_000_000_030)));
    let notice = next(&store, Lane::Messages, &[]).await.unwrap();
    let attempts = notice.attempts.unwrap();
    assert_eq!((attempts.first, attempts.last, attempts.all_failed), (at(21), at(22), false));
    let Payload::Message(message) = &notice.payload else { panic!("no message") };
    assert_eq!((&message.to, text(&notice)), (&Addressee::Account(AccountId(990_018)), "request 1 waits"));
    let ended = next(&store, Lane::Messages, &[notice.id.0]).await.unwrap();
    assert_eq!((text(&ended), ended.attempts.unwrap().all_failed), ("request 1 is done", true));
    let slip = next(&store, Lane::Messages, &[notice.id.0, ended.id.0]).await.unwrap();
    let Payload::Message(message) = &slip.payload else { panic!("no message") };
    assert_eq!((slip.kind, &message.body), (EffectKind::Slip, &Some(MessageBody::Slip(3))));
    let dispute = next(&store, Lane::Messages, &[notice.id.0, ended.id.0, slip.id.0]).await.unwrap();
    assert_eq!(text(&dispute), "note 2 is disputed");
    // None is written once more.
    let kinds = [
        (command, official),
        (MessageKind::Code(MessageId(1_200_000_000_000_000_010)), official),
        (MessageKind::RequestNotice(1), AccountId(990_018)),
        (MessageKind::RequestEnded(1), official),
        (MessageKind::DisputeNotice { note: 2, post: Channel::X.post(PostId(60)) }, official),
    ];
    for (kind, to) in kinds {
        assert!(!store.add_message(crate::store::Outgoing::text(kind, to, "again"), at(50)).await.unwrap(), "{kind:?}");
    }
}

#[tokio::test]
async fn what_else_version_2_knew_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = kept(folder.path(), 2);
    let store = brought_up_to_date(&path);
    let states: Vec<RequestState> = store.requests(None).await.unwrap().iter().map(|request| request.state).collect();
    use RequestState::{Done, Refused, Waiting};
    assert_eq!(states, [Done, Waiting, Done, Refused]);
    let waiting = store.request(2).await.unwrap().unwrap();
    assert_eq!((waiting.approvals, waiting.has_submitted_proof), (vec![("age1approved".to_owned(), at(9))], true));
    assert_eq!(store.submitted_proof(2).await.unwrap().as_deref(), Some(&b"proof"[..]));
    assert_eq!(store.mentions_read().await.unwrap(), Some((PostId(40), PostId(53))));
    let since = store.mentions_since(at(0)).await.unwrap();
    use MentionOutcome::{Again, Answered, Disputed, Over};
    assert_eq!(since.iter().map(|(_, _, what)| *what).collect::<Vec<_>>(), [Disputed, Answered, Over, Again]);
    assert!(store.is_disputed(2, PostId(60)).await.unwrap() && store.has_disputed(AccountId(9), 2).await.unwrap());
    let code = store.code(AccountId(990_017)).await.unwrap().unwrap();
    assert_eq!((&*code.code, &*code.order, code.tries), ("123456", "open 1 content", 1));
    assert_eq!(store.commands().await.unwrap().len(), 1);
    let slip = store.waiting_slip(&[]).await.unwrap().unwrap();
    assert_eq!(slip.slip, MessageId(1_200_000_000_000_000_022));
    assert!(store.refusal(MessageId(1_200_000_000_000_000_021)).await.unwrap().unwrap().contains("file 1"));
    let reader = Reader::open(&path).unwrap();
    let (_, row) = reader.receipt(&Origin::parse("ministry.example/notes").unwrap(), 9).await.unwrap().unwrap();
    assert_eq!(row.post.unwrap().0.id, PostId(7_000_000_000_000_000_101));
    assert_eq!(store.disclosed_files(1).await.unwrap(), [("note-1.proof.zip".to_owned(), 3)]);
}

/// What is asked at every turn must not take longer the more there is in the database.
#[tokio::test]
async fn what_is_asked_often_looks_at_no_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&kept(folder.path(), 2), key(), Durability::Disk).unwrap();
    let mut asked = vec![
        posts::HAS_HEARTBEAT.to_owned(),
        posts::UNPOSTED_RECEIPT.to_owned(),
        posts::RECEIPTS_BEGUN_SINCE.to_owned(),
        posts::NOTES_BY_POST.to_owned(),
        posts::THREAD_POSTS.to_owned(),
        posts::ANSWER_TO.to_owned(),
        messages::IS_SENT.to_owned(),
        effects::LAST_SEND.to_owned(),
        unsent::HAS_UNSENT.to_owned(),
        unsent::UNSENT.to_owned(),
    ];
    const OPEN: &str = "given_up USING INDEX given_up_open";
    const COVERED: &str = "given_up USING COVERING INDEX given_up_open";
    asked.extend([Lane::Posts, Lane::Messages, Lane::Send].map(effects::next_sql));
    for sql in asked {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let plan = store.run(move |db| {
            let mut query = db.conn.prepare(&explain)?;
            let steps = query.raw_query().mapped(|row| row.get::<_, String>("detail"));
            Ok(steps.collect::<Result<Vec<_>, _>>()?)
        });
        // Few are pending, fewer unknown.
        let few = ["pending", "unknown", "same", "json_each", "CONSTANT ROW", OPEN, COVERED];
        let is_long = |step: &&String| {
            step.strip_prefix("SCAN ").is_some_and(|scanned| !few.iter().any(|few| scanned.starts_with(few)))
                || step.contains("mention=?") // most posts have none
        };
        let plan = plan.await.unwrap();
        assert_eq!(plan.iter().find(is_long), None, "{sql}\n{plan:#?}");
        assert!(!plan.iter().any(|step| step.contains("AUTOMATIC") && !step.contains("same")), "{sql}\n{plan:#?}");
    }
}

/// What no connection may do in a database of version 2 that was brought up to date, with these effects that have no
/// details yet.
const BARE: &str = "INSERT INTO effect VALUES (101, 'note-post', 0), (102, 'heartbeat', 0), (103, 'thread-part', 0),
    (104, 'answer', 0), (105, 'receipt-post', 0), (106, 'dm', 0), (107, 'slip', 0)";
const NEVER: &[&str] = &[
    // Each key of its own.
    "REPLACE INTO log VALUES (1, 'a', 'b')",
    "REPLACE INTO entry VALUES (0, 'a')",
    "REPLACE INTO head SELECT size, root, 'a' FROM head",
    "REPLACE INTO note VALUES (1, 0, 1, '7-11', 1, zeroblob(32))",
    "REPLACE INTO note VALUES (5, 0, 99, '9', 1, zeroblob(32))",
    "REPLACE INTO note VALUES (5, 11, 1, '9', 1, zeroblob(32))",
    "REPLACE INTO note VALUES (5, 11, 99, '7-11', 1, zeroblob(32))",
    "REPLACE INTO opening SELECT n, zeroblob(1) FROM opening",
    "REPLACE INTO receipt VALUES (7, 'other.example', 1, zeroblob(32))",
    "REPLACE INTO receipt VALUES (8, 'ministry.example/notes', 9, zeroblob(32))",
    "REPLACE INTO disclosed_file VALUES (1, 'content', 'note-1.proof.zip', zeroblob(1))",
    "REPLACE INTO request SELECT * FROM request WHERE id = 1",
    "REPLACE INTO approval VALUES (2, 'age1approved', 0)",
    "REPLACE INTO effect VALUES (1, 'answer', 0)",
    "REPLACE INTO post_file VALUES (5, 1, 'a')",
    "REPLACE INTO attempt VALUES (11, 6, 0, 0)",
    "REPLACE INTO outcome VALUES (1, 0, 'x', 99, NULL)",
    "REPLACE INTO outcome VALUES (102, 0, 'x', 7000000000000000000, NULL)",
    "UPDATE OR REPLACE request SET id = 1 WHERE id = 2",
    "UPDATE post_file SET name = 'a'",
    "DELETE FROM post_file",
    // Posts: the text, the day, the mention, the part.
    "REPLACE INTO post (effect, channel, date, size, text) SELECT 102, 'x', '2026-01-01', 4, text FROM post",
    "REPLACE INTO post (effect, channel, date, size, text) VALUES (102, 'x', '2025-11-24', 4, 'a')",
    "REPLACE INTO post (effect, channel, answers, mention, or_standalone, text) VALUES (104, 'x', 51, 51, 0, 'a')",
    "REPLACE INTO post (effect, channel, note, level, place, count, text)
     VALUES (103, 'x', 1, 'content', 1, 3, 'a')",
    // Notes 1 to 4 have their posts.
    "REPLACE INTO post (effect, channel, first, last, size, text) VALUES (101, 'x', 4, 5, 12, 'a')",
    "REPLACE INTO post (effect, channel, first, last, size, text) VALUES (101, 'x', 6, 6, 12, 'a')",
    "REPLACE INTO post (effect, channel, first, last, size, text) VALUES (101, 'x', 5, 4, 12, 'a')",
    // What is of another kind.
    "INSERT INTO post (effect, channel, date, first, last, size, text)
     VALUES (101, 'x', '2026-01-01', 5, 5, 12, 'a')",
    "INSERT INTO post (effect, channel, date, note, size, text) VALUES (102, 'x', '2026-01-01', 1, 12, 'a')",
    "INSERT INTO post (effect, channel, answers, size, text) VALUES (105, 'x', 1, 12, 'a')",
    "INSERT INTO post (effect, channel, note, level, place, count, mention, text)
     VALUES (103, 'x', 3, 'content', 1, 1, 99, 'a')",
    "INSERT INTO post (effect, channel, note, level, place, count, or_standalone, text)
     VALUES (103, 'x', 3, 'content', 1, 1, 0, 'a')",
    "INSERT INTO post (effect, channel, answers, before, or_standalone, text) VALUES (104, 'x', 99, 6, 0, 'a')",
    // Messages, each key.
    "REPLACE INTO message (effect, kind, account, request, text) VALUES (16, 'request-notice', 1, 9, 'a')",
    "REPLACE INTO message (effect, kind, account, command, text)
     VALUES (106, 'code', 1, 1200000000000000010, 'a')",
    "REPLACE INTO message (effect, kind, account, request, text) VALUES (106, 'request-notice', 990018, 1, 'a')",
    "REPLACE INTO message (effect, kind, account, request, text) VALUES (106, 'request-ended', 1, 1, 'a')",
    "REPLACE INTO message (effect, kind, account, note, channel, post, text)
     VALUES (106, 'dispute-notice', 990017, 2, 'x', 60, 'a')",
    "REPLACE INTO message (effect, kind, account, note) VALUES (107, 'slip', 1, 3)",
    // What is given up: only what may be, and one decision about it.
    "INSERT INTO given_up (effect, at, why) VALUES (101, 0, 'a')",
    "INSERT INTO given_up (effect, at, why) VALUES (103, 0, 'a')",
    "INSERT INTO given_up (effect, at, why) SELECT effect, 0, 'a' FROM outcome WHERE id IS NOT NULL",
    "INSERT INTO given_up (effect, at, why) SELECT effect, 0, 'a' FROM given_up",
    "REPLACE INTO given_up SELECT * FROM given_up",
    "INSERT INTO given_up VALUES (99, 106, 0, 'a', 0, 1)",
    "UPDATE given_up SET why = 'a'",
    "UPDATE given_up SET resent = 1, decided_at = 0, effect = 106 WHERE id = 1",
    "DELETE FROM given_up",
    "INSERT INTO attempt (effect, at) SELECT effect, 0 FROM given_up",
    // Outcomes fit.
    "INSERT INTO outcome VALUES (106, 0, NULL, NULL, 'no')",
    "INSERT INTO outcome VALUES (102, 0, 'x-dm', 99, NULL)",
    "INSERT INTO outcome VALUES (106, 0, 'x', 99, NULL)",
    "INSERT INTO outcome VALUES (103, 0, NULL, NULL, 'no')",
];

/// Neither a statement that changes nor one that replaces: this holds for every writer.
#[tokio::test]
async fn the_database_itself_refuses_to_change_what_is_never_changed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&kept(folder.path(), 2), key(), Durability::Disk).unwrap();
    store.run(|db| Ok(db.conn.execute_batch(BARE)?)).await.unwrap();
    for sql in NEVER {
        let tried = store.run(move |db| Ok(db.conn.execute_batch(sql)?)).await;
        assert!(matches!(tried, Err(Error::Refused(_))), "{sql}: {tried:?}");
    }
}
