//! Looks at everything from outside, step after step, and forgets nothing. It sees the database through a connection of
//! its own, the public folder like a web server, and the platform as it really is.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use rusqlite::Connection;
use verbale::base::hash::Hash;
use verbale::base::ids::{ConversationId, MessageId, PostId, SourceMessage};
use verbale::note::{AttachmentRef, Opening};
use verbale::sandbox::world::{EventKind, World, unescape};
use verbale::sandbox::{EMBASSY, Shared};
use verbale::store::vault;
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::entry::Entry;
use verbale::tlog::tile::{self, Kind};
use verbale::tlog::tree::{Tree, leaf_hash};
use verbale::wording::post::PostText;

use crate::support::database;
use crate::support::harness::key;

/// What a formal message was when it was sent.
#[derive(Clone)]
pub struct Sent {
    pub text: String,
    pub record_text: String,
    pub files: Vec<Vec<u8>>,
    pub to: BTreeSet<u64>,
}

/// Everything seen so far.
pub struct Observer {
    world: Shared,
    public: PathBuf,
    identity: age::x25519::Identity,
    db: Connection,
    /// The formal messages that must be sealed, sooner or later.
    pub owed: BTreeMap<MessageId, Sent>,
    /// Messages that may be sealed but need not be: they were deleted, or no longer listed, before they could be
    /// sealed.
    pub excused: HashSet<MessageId>,
    /// Whether something happened that justifies a gap in the log.
    pub gap_is_fair: bool,
    /// Whether posts may be lost, and the head posted again for it.
    pub losses_are_fair: bool,
    /// Whether notes are opened, disputed and asked about: the posts and entries of that are left to the test.
    pub is_talkative: bool,
    /// The posts that the log says are lost.
    pub lost: BTreeSet<PostId>,
    tree: Tree,
    lines: Vec<String>,
    commitments: Vec<Hash>,
    logged_posts: BTreeMap<PostId, (u64, u64)>,
    pub sealed: Vec<MessageId>,
    sealed_once: HashSet<MessageId>,
    /// Number of notes that were sealed directly after one of a newer message.
    pub late: u64,
    correspondences: BTreeMap<ConversationId, (u64, Hash)>,
    known_posts: HashSet<PostId>,
    texts: HashSet<String>,
    pub posted: u64,
    posts: BTreeMap<PostId, (u64, u64)>,
    heartbeats: BTreeSet<String>,
    heads: u64,
    shown: Option<u64>,
    pub files_unreadable: u64,
}

impl Observer {
    pub fn new(world: Shared, database: PathBuf, public: PathBuf, identity: age::x25519::Identity) -> Observer {
        let db = database::look(&database);
        Observer {
            world,
            public,
            identity,
            db,
            owed: BTreeMap::new(),
            excused: HashSet::new(),
            gap_is_fair: false,
            losses_are_fair: false,
            is_talkative: false,
            lost: BTreeSet::new(),
            tree: Tree::new(),
            lines: Vec::new(),
            commitments: Vec::new(),
            logged_posts: BTreeMap::new(),
            sealed: Vec::new(),
            sealed_once: HashSet::new(),
            late: 0,
            correspondences: BTreeMap::new(),
            known_posts: HashSet::new(),
            texts: HashSet::new(),
            posted: 0,
            posts: BTreeMap::new(),
            heartbeats: BTreeSet::new(),
            heads: 0,
            shown: None,
            files_unreadable: 0,
        }
    }

    /// Remembers a message that must be sealed.
    pub fn owe(&mut self, id: MessageId, to: &[u64]) {
        let sent = self.world.with(|world, _| {
            let event = world.events().find(|event| event.id == id).unwrap();
            let EventKind::Message { words, media, .. } = &event.kind else { panic!("no message") };
            let files = media.iter().map(|id| world.media(*id).unwrap().bytes.clone()).collect();
            let to = to.iter().copied().collect();
            Sent { text: unescape(&words.text), record_text: words.text.clone(), files, to }
        });
        self.owed.insert(id, sent);
    }

    /// Removes the duty for every message that is not sealed yet and, by `is_lost`, cannot be sealed any more.
    pub fn excuse(&mut self, is_lost: impl Fn(MessageId) -> bool) {
        let unsealed = self.owed.keys().filter(|id| !self.sealed_once.contains(id));
        let lost: Vec<MessageId> = unsealed.copied().filter(|id| is_lost(*id)).collect();
        self.excused.extend(lost);
    }

    /// Checks what is new since the last look.
    pub fn look(&mut self) {
        self.look_at_entries();
        self.look_at_notes();
        self.look_at_heads();
        self.look_at_posts();
        self.look_at_public(false);
    }

    /// Checks everything again.
    pub fn look_at_all(&mut self) {
        self.look();
        let lines = self.column("SELECT line FROM entry ORDER BY idx");
        assert_eq!(lines, self.lines, "an entry was changed");
        self.heads = 0;
        self.look_at_heads();
        self.look_at_public(true);
        self.world.with(|world, _| {
            let texts: Vec<&str> = ours(world).map(|post| post.written.as_str()).collect();
            assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len(), "a text was posted twice");
        });
    }

    /// Checks that everything that must be done was done, once and in order.
    pub fn look_at_the_end(&mut self) {
        self.look_at_all();
        let sealed: BTreeSet<MessageId> = self.sealed.iter().copied().collect();
        for id in self.owed.keys().filter(|id| !self.excused.contains(id)) {
            let gaps: Vec<&String> = self.lines.iter().filter(|line| line.starts_with("gap ")).collect();
            assert!(
                sealed.contains(id),
                "message {id} of {} was never sealed, and the gaps are {gaps:#?}",
                id.moment()
            );
        }
        assert_eq!(self.posted, self.commitments.len() as u64, "not every note was posted");
        assert_eq!(self.logged_posts, self.posts, "the log does not have every post");
        assert_eq!(self.shown, Some(self.tree.len()), "the public folder is not current");
    }

    /// The posts of notes that are in the log, oldest first.
    pub fn posts_of_notes(&self) -> impl Iterator<Item = PostId> {
        self.logged_posts.keys().copied()
    }

    /// The entries of the log.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Number of heartbeats.
    pub fn heartbeats(&self) -> usize {
        self.heartbeats.len()
    }

    pub fn is_done(&self) -> bool {
        self.owed.keys().all(|id| self.excused.contains(id) || self.sealed_once.contains(id))
            && self.posted == self.commitments.len() as u64
            && self.logged_posts.len() == self.posts.len()
            && self.shown == Some(self.tree.len())
    }

    fn column(&self, sql: &str) -> Vec<String> {
        let mut query = self.db.prepare(sql).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn look_at_entries(&mut self) {
        let mut query = self.db.prepare_cached("SELECT idx, line FROM entry WHERE idx >= ?1 - 1 ORDER BY idx").unwrap();
        let known = self.lines.len() as u64;
        let rows = query.query_map([known.max(1)], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(u64, String)> = rows.collect::<Result<_, _>>().unwrap();
        drop(query);
        assert!(known == 0 || !rows.is_empty(), "entries have gone");
        for (index, line) in rows {
            if index < known {
                assert_eq!(line, self.lines[index as usize], "entry {index} was changed");
                continue;
            }
            assert_eq!(index, self.lines.len() as u64, "the entries are not dense");
            self.take(&line);
        }
    }

    fn take(&mut self, line: &str) {
        match Entry::parse(line.as_bytes()).unwrap() {
            Entry::Note { note, commitment, .. } => {
                assert_eq!(note, self.commitments.len() as u64 + 1, "the notes are not dense");
                self.commitments.push(commitment);
            }
            Entry::Post { first, last, post, .. } => {
                let other = self.logged_posts.insert(post.id, (first, last));
                assert_eq!(other, None, "a post is in the log twice");
                let before: u64 = self.logged_posts.values().filter(|(f, _)| *f < first).map(|(f, l)| l - f + 1).sum();
                assert_eq!(before + 1, first, "the posts in the log do not follow each other");
            }
            Entry::Gap { from, reason, .. } if reason.starts_with("a message to a group") => {
                let groups = self.owed.keys().filter(|id| (**id).moment() == from).copied().collect::<Vec<_>>();
                self.excused.extend(groups);
            }
            Entry::Lost { post, .. } if self.losses_are_fair => {
                assert!(self.lost.insert(post.id), "a post is lost twice: {line}");
            }
            Entry::Open { .. } | Entry::Dispute { .. } if self.is_talkative => {}
            Entry::Gap { .. } => assert!(self.gap_is_fair, "a gap without a reason: {line}"),
            other => panic!("nobody makes such an entry: {other}"),
        }
        self.tree.push(leaf_hash(line.as_bytes()));
        self.lines.push(line.to_owned());
    }

    fn look_at_notes(&mut self) {
        let sql = "SELECT note.n, idx, message, conversation, count, commitment, sealed
                   FROM note LEFT JOIN opening ON opening.n = note.n WHERE note.n > ?1 ORDER BY note.n";
        let mut query = self.db.prepare_cached(sql).unwrap();
        let rows = query.query_map([self.sealed.len() as u64], |row| {
            let commitment = Hash::from_bytes(row.get(5)?);
            Ok((row.get(0)?, row.get(1)?, MessageId(row.get(2)?), row.get(3)?, row.get(4)?, commitment, row.get(6)?))
        });
        type Row = (u64, u64, MessageId, String, u64, Hash, Option<Vec<u8>>);
        let rows: Vec<Row> = rows.unwrap().collect::<Result<_, _>>().unwrap();
        drop(query);
        for (n, index, message, conversation, count, commitment, sealed) in rows {
            assert_eq!(n, self.sealed.len() as u64 + 1);
            assert!(self.sealed_once.insert(message), "message {message} was sealed twice");
            // What was found later than something newer says so itself: it was listed after that was sealed.
            self.late += u64::from(self.sealed.last().is_some_and(|last| message < *last));
            assert_eq!(self.commitments.get(n as usize - 1), Some(&commitment), "note {n} is not in the log");
            assert!(self.lines[index as usize].starts_with("note "), "entry {index} is not that of note {n}");
            let conversation = ConversationId::parse(&conversation).unwrap();
            let opening = vault::open(n, &sealed.expect("an opening"), std::slice::from_ref(&self.identity)).unwrap();
            self.check_opening(n, message, &opening, commitment, &conversation, count);
            self.correspondences.insert(conversation, (count, commitment));
            self.sealed.push(message);
        }
    }

    fn check_opening(
        &mut self,
        n: u64,
        message: MessageId,
        opening: &Opening,
        commitment: Hash,
        conversation: &ConversationId,
        count: u64,
    ) {
        let (envelope, content) = opening.check().unwrap();
        assert_eq!(Hash::of(&opening.envelope), commitment);
        let (before, previous) = self.correspondences.get(conversation).copied().unwrap_or((0, Hash::ZERO));
        assert_eq!((envelope.correspondence.count, envelope.correspondence.previous), (before + 1, previous));
        assert_eq!(
            (envelope.note, &envelope.message, envelope.sent, count),
            (n, &SourceMessage::XDm(message), message.moment(), before + 1)
        );
        assert_eq!((&envelope.conversation, envelope.from.id), (conversation, EMBASSY));
        let sent = self.owed.get(&message).unwrap_or_else(|| panic!("message {message} is not formal, but sealed"));
        assert_eq!(content.text.as_ref(), Some(&sent.text));
        assert_eq!(envelope.to.iter().map(|to| to.id.0).collect::<BTreeSet<u64>>(), sent.to);
        let record: serde_json::Value = serde_json::from_slice(&opening.records[0]).unwrap();
        assert_eq!(record["text"], serde_json::Value::from(sent.record_text.clone()));
        assert_eq!(content.header.attachments.len(), sent.files.len());
        for (kept, file) in content.header.attachments.iter().zip(&sent.files) {
            match kept {
                AttachmentRef::File(kept) => assert!(kept.is(file), "another file"),
                AttachmentRef::Unreadable { .. } => self.files_unreadable += 1,
            }
        }
    }

    fn look_at_heads(&mut self) {
        let count: u64 = self.db.query_row("SELECT count(*) FROM head", [], |row| row.get(0)).unwrap();
        assert!(self.heads <= count, "heads have gone");
        if count == self.heads {
            return;
        }
        for checkpoint in self.column("SELECT checkpoint FROM head") {
            self.check_head(&checkpoint);
        }
        self.heads = count;
    }

    fn check_head(&self, checkpoint: &str) -> u64 {
        let head = Checkpoint::open(checkpoint.as_bytes(), &key().vkey()).unwrap();
        assert_eq!(self.tree.root_at(head.size), Some(head.root), "a head of size {} forks the log", head.size);
        head.size
    }

    fn look_at_posts(&mut self) {
        // There may be many new posts, and a delayed post may appear a little before the newest.
        let known = &self.known_posts;
        let new: Vec<(PostId, String)> = self.world.with(|world, _| {
            let unknown = ours(world).count() - known.len();
            let new = ours(world).rev().take(100 + unknown).filter(|post| !known.contains(&post.id));
            new.map(|post| (post.id, post.written.clone())).collect()
        });
        for (id, text) in new.into_iter().rev() {
            self.known_posts.insert(id);
            assert!(self.texts.insert(text.clone()), "posted twice: {text}");
            self.check_post(id, &text);
        }
    }

    fn check_post(&mut self, id: PostId, text: &str) {
        let post = match PostText::parse(text) {
            Err(_) if self.is_talkative => return,
            post => post.unwrap(),
        };
        let (size, root) = post.head();
        assert_eq!(self.tree.root_at(size), Some(root), "post {id} shows a head that is not the log's: {text}");
        let head = self.db.query_row("SELECT 1 FROM head WHERE size = ?1", [size], |_| Ok(()));
        assert_eq!(head, Ok(()), "post {id} shows a head that is not durable");
        let (first, last) = match post {
            PostText::Note { note, commitment, .. } => {
                assert_eq!(
                    self.commitments.get(note as usize - 1),
                    Some(&commitment),
                    "post {id} is of no sealed note"
                );
                (note, note)
            }
            PostText::Run { first, last, .. } => (first, last),
            PostText::Receipt { .. } => panic!("this log gives no receipts: {text}"),
            PostText::Heartbeat { count, date, .. } => {
                let prefix = format!("note {date}T");
                let lines = &self.lines[..size as usize];
                assert_eq!(count, lines.iter().filter(|line| line.starts_with(&prefix)).count() as u64, "{text}");
                assert!(self.heartbeats.insert(date) || self.losses_are_fair, "two heartbeats: {text}");
                return;
            }
        };
        assert_eq!(first, self.posted + 1, "post {id} does not follow the one before: {text}");
        assert!(last <= self.commitments.len() as u64, "post {id} is of notes that are not sealed: {text}");
        let newest = self.lines[size as usize - 1].split(' ').nth(2).unwrap();
        assert_eq!(newest, last.to_string(), "the head does not end with the last note: {text}");
        self.posted = last;
        self.posts.insert(id, (first, last));
    }

    /// What a reader of the public folder finds: only the new files, or all.
    fn look_at_public(&mut self, all: bool) {
        let checkpoint = match fs::read_to_string(self.public.join("checkpoint")) {
            Ok(checkpoint) => checkpoint,
            Err(error) if error.kind() == ErrorKind::NotFound && self.shown.is_none() => return,
            Err(error) => panic!("{error}"),
        };
        let size = self.check_head(&checkpoint);
        let shown = self.shown.filter(|_| !all).unwrap_or(0);
        assert!(self.shown <= Some(size), "the public log became shorter");
        if self.shown == Some(size) && !all {
            return;
        }
        for path in tile::new_since(shown, size) {
            let bytes =
                fs::read(self.public.join(path.to_string())).unwrap_or_else(|e| panic!("{path} is missing: {e}"));
            let start = path.start() as usize;
            let expected = match path.kind() {
                Kind::Hashes(_) => path.hashes(&self.tree).unwrap(),
                Kind::Entries => {
                    let lines = &self.lines[start..start + usize::from(path.width())];
                    tile::bundle(lines.iter().map(|line| line.as_bytes())).unwrap()
                }
            };
            assert_eq!(bytes, expected, "{path}");
        }
        let text = fs::read_to_string(self.public.join("log.txt")).unwrap();
        let lines = self.lines[..size as usize].iter().enumerate().map(|(index, line)| format!("{index} {line}"));
        assert!(text.starts_with(&lines.collect::<String>()), "log.txt is not the log");
        self.shown = Some(size);
    }
}

fn ours(world: &World) -> impl DoubleEndedIterator<Item = &verbale::sandbox::world::Post> {
    // An edit is another version of a post, with words that are not ours.
    world.posts().filter(|post| post.author == EMBASSY && post.first == post.id)
}
