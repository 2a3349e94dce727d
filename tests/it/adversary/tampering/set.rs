//! What is tampered with: an honest installation as others see it, and what they keep of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::json;
use verbale::base::hash::Hash;
use verbale::base::ids::{Account, Channel, ConversationId, MessageId, Origin, PostId, SourceMessage};
use verbale::base::time::Time;
use verbale::note::proof::{self, OpenedContent, Proof, PublishedPost, Receipt};
use verbale::note::{AttachmentRef, Content, Correspondence, Envelope, FileRef, Header, Opening, Salt};
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::entry::{Entry, Level, Loss, StampKind};
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tile::{self, Kind};
use verbale::tlog::tlog_proof::TlogProof;
use verbale::tlog::tree::{Tree, leaf_hash};
use verbale::wording::post::PostText;

use crate::support::fixture::{Files, PICTURE, account, key, recipients_key};

/// How many notes there are: more than two bundles of entries, and a tile above the leaves.
pub const NOTES: u64 = 300;
/// The note that is opened, disputed and received; and one whose envelope alone is handed on, in the run of 101 to 103.
pub const OPENED: u64 = 17;
pub const IN_A_RUN: u64 = 102;
/// The size of the head that a reader has kept from an earlier time.
pub const SEEN: usize = 400;

/// The moment of a minute of the day on which it all happens.
pub fn at(minute: u64) -> Time {
    Time::parse("2018-03-09T17:40:12.123Z").unwrap().plus_ms(minute as i64 * 60_000)
}

/// The post of a note, or of the run that it ends.
pub fn post_id(note: u64) -> PostId {
    PostId(Channel::X.first_at(at(note).plus_ms(4_000)).0 | 5)
}

/// What the platform showed of the addressee when the note that is opened was sealed.
pub const RECIPIENT: &[u8] =
    br#"{"id":"783214","username":"ministry","receives_your_dm":false,"connection_status":[]}"#;

/// A note as it was sealed; the text of each is its own.
pub fn opening(note: u64, text: &str, previous: Hash) -> Opening {
    let message = MessageId(MessageId::first_at(at(note)).0 | 77);
    let conversation = ConversationId::parse("783214-2244994945").unwrap();
    let record = json!({"id": message.to_string(), "event_type": "MessageCreate", "sender_id": "2244994945",
        "dm_conversation_id": conversation.as_str(), "text": text})
    .to_string()
    .into_bytes();
    let pictures: Vec<_> = Some(PICTURE.to_vec()).filter(|_| note == OPENED).into_iter().collect();
    let salt = |of: &str| Salt::from(Hash::of(format!("salt of the {of} of note {note}").as_bytes()));
    let attachments = pictures.iter().map(|file| AttachmentRef::File(FileRef::of(file, "image/jpeg"))).collect();
    let recipients = Some(RECIPIENT.to_vec()).filter(|_| note == OPENED);
    let header = Header::of_message(salt("content"), &record, attachments, Vec::new());
    let header = header.with_recipients(recipients.as_slice());
    let content = Content { header, text: Some(text.to_owned()) };
    let envelope = Envelope {
        log: key().name().clone(),
        note,
        from: account("2244994945 embassy"),
        to: vec![account("783214 ministry")],
        conversation,
        message: SourceMessage::XDm(message),
        sent: at(note),
        seen: at(note).plus_ms(3_000),
        beacon: None,
        correspondence: Correspondence { count: note, previous },
        content: content.hash(),
        salt: salt("envelope"),
    };
    Opening {
        envelope: envelope.to_text().into_bytes(),
        content: content.to_text().into_bytes(),
        records: std::iter::once(record).chain(recipients).collect(),
        attachments: pictures.into_iter().map(Some).collect(),
    }
}

/// What the embassy has: its notes and its log.
#[derive(Clone)]
pub struct Embassy {
    pub key: LogKey,
    pub notes: Vec<Opening>,
    pub log: Vec<Entry>,
}

impl Embassy {
    /// Notes with their posts, three of them in a run, and one of each other kind of line.
    pub fn honest() -> Embassy {
        let (mut notes, mut previous): (Vec<Opening>, _) = (Vec::new(), Hash::ZERO);
        for note in 1..=NOTES {
            let text =
                format!("NOTE VERBALE No. {note}. The Embassy asks for the papers that were left in the caf\u{e9}.");
            notes.push(opening(note, &text, previous));
            previous = Hash::of(&notes[notes.len() - 1].envelope);
        }
        let mut embassy = Embassy { key: key(), notes, log: Vec::new() };
        for note in 1..=NOTES {
            let line = embassy.entry(note);
            embassy.log.push(line);
            match note {
                101 | 102 => {}
                103 => embassy.log.push(posted(101, 103)),
                _ => embassy.log.push(posted(note, note)),
            }
            let beside = embassy.beside(note);
            embassy.log.extend(beside);
        }
        embassy
    }

    /// The line with which a note was sealed.
    pub fn entry(&self, note: u64) -> Entry {
        let commitment = Hash::of(&self.notes[note as usize - 1].envelope);
        Entry::Note { time: at(note).plus_ms(3_100), note, commitment }
    }

    /// The index of the first line about a note that this is true of.
    pub fn place(&self, is_it: impl Fn(&Entry) -> bool) -> usize {
        self.log.iter().position(is_it).unwrap()
    }

    /// The index of the line with which a note was sealed.
    pub fn sealed(&self, number: u64) -> usize {
        self.place(|entry| matches!(entry, Entry::Note { note, .. } if *note == number))
    }

    /// The index of the line that says where a note was posted.
    pub fn posted(&self, note: u64) -> usize {
        self.place(|entry| matches!(entry, Entry::Post { first, last, .. } if (*first..=*last).contains(&note)))
    }

    /// The proof of a note, under the head that its post shows.
    pub fn proof(&self, note: u64, level: Level) -> Proof {
        let index = self.sealed(note) as u64;
        let Entry::Post { first, last, post, .. } = self.log[self.posted(note)] else { unreachable!() };
        let size = self.sealed(last) + 1;
        let tree = tree(&self.log[..size]);
        let opening = self.notes[note as usize - 1].clone();
        let (size, root, commitment) = (tree.len(), tree.root(), Hash::of(&opening.envelope));
        let text = match first == last {
            true => PostText::Note { note, commitment, size, root },
            false => PostText::Run { first, last, size, root },
        };
        Proof {
            note,
            envelope: opening.envelope.clone(),
            entry: self.log[index as usize].to_line(),
            tlog_proof: TlogProof {
                index,
                path: tree.inclusion(index, size).unwrap(),
                checkpoint: head(&self.log[..size as usize], &self.key),
            },
            vkey: self.key.vkey(),
            post: Some(published(account("2244994945 embassy"), post.id, &text)),
            content: Some(OpenedContent::from(opening)).filter(|_| level == Level::Content),
        }
    }

    /// The account's posts, as the log speaks of them, and those beside it.
    fn posts(&self) -> Vec<Post> {
        let (mut tree, mut at, mut posts, mut notes) = (Tree::new(), HashMap::new(), Vec::new(), 0);
        for entry in &self.log {
            tree.push(leaf_hash(entry.to_line().as_bytes()));
            let (size, root) = (tree.len(), tree.root());
            match *entry {
                Entry::Note { note, commitment, .. } => {
                    notes += 1;
                    at.entry(note).or_insert((size, root, commitment));
                }
                Entry::Post { first, last, post, .. } => {
                    let Some(&(size, root, commitment)) = at.get(&last) else { continue };
                    let run = PostText::Run { first, last, size, root };
                    let one = PostText::Note { note: last, commitment, size, root };
                    posts.push(Post::new(post.id, &if first == last { one } else { run }));
                }
                Entry::Receipt { time, note, commitment, .. } => {
                    let id = PostId(Channel::X.first_at(time).0 | 6);
                    posts.push(Post::new(id, &PostText::Receipt { note, commitment, size, root }));
                }
                Entry::Lost { post, .. } => posts.retain(|one: &Post| one.id != post.id),
                _ => {}
            }
        }
        let evening = PostId(Channel::X.first_at(super::set::at(NOTES + 1)).0 | 7);
        let (count, date) = (notes, super::set::at(1).date());
        let (size, root) = (tree.len(), tree.root());
        posts.push(Post::new(evening, &PostText::Heartbeat { count, date, size, root }));
        let copy = Post { id: PostId(post_id(5).0 + 99), author: "copycat".to_owned(), ..posts[4].clone() };
        let chat = Post { id: PostId(77), author: "embassy".to_owned(), text: "Closed on Friday.".to_owned() };
        posts.extend([copy, chat]);
        let mut given = HashSet::new();
        posts.retain(|post| given.insert(post.id));
        posts
    }

    /// Lets the lines that open a note fit it.
    pub fn open_anew(&mut self, number: u64) {
        for place in 0..self.log.len() {
            if let Entry::Open { time, note, level, .. } = self.log[place]
                && note == number
            {
                self.log[place] = self.opened(note, level, time);
            }
        }
    }

    /// The files of the log as they are published, with the envelopes that it says are opened.
    pub fn published(&self) -> Files {
        let mut all = files(&self.log, &self.key);
        for entry in &self.log {
            let Entry::Open { note, .. } = entry else { continue };
            let Some(opening) = self.notes.get(*note as usize - 1) else { continue };
            all.insert(envelope_path(*note), opening.envelope.clone());
        }
        all
    }

    /// What the log says beside notes and posts, after this note.
    fn beside(&self, note: u64) -> Vec<Entry> {
        let time = at(note).plus_ms(6_000);
        let hash = |word: &str| Hash::of(word.as_bytes());
        match note {
            20 => vec![
                Entry::Dispute { time, note: OPENED, post: Channel::X.post(PostId(Channel::X.first_at(at(19)).0 | 9)) },
                self.opened(OPENED, Level::Envelope, time),
                self.opened(OPENED, Level::Content, time),
            ],
            30 => vec![Entry::Lost { time, post: Channel::X.post(post_id(30)), how: Loss::Deleted }],
            40 => {
                let log = Origin::parse("consulate.example/notes").unwrap();
                vec![Entry::Receipt { time, log, note: 8, commitment: hash("a note of the consulate") }]
            }
            50 => vec![Entry::Gap { time, from: at(48), to: at(49), reason: "no power in the caf\u{e9}".to_owned() }],
            55 => vec![Entry::Unlock { time, note: 54, sha256: hash("a text") }],
            60 => vec![Entry::Unknown { line: "sing 2018-03-09T18:40:18.123Z a song".to_owned() }],
            70 => {
                let (size, by) = (self.log.len() as u64, "freetsa".to_owned());
                vec![Entry::Stamp { time, size, kind: StampKind::Tsr, by, sha256: hash("a stamp") }]
            }
            _ => Vec::new(),
        }
    }

    /// The line that opens a note.
    pub fn opened(&self, note: u64, level: Level, time: Time) -> Entry {
        let opening = &self.notes[note as usize - 1];
        let sha256 = Hash::of(if level == Level::Envelope { &opening.envelope } else { &opening.content });
        Entry::Open { time, note, level, sha256 }
    }

    /// What is published and handed out, and what others keep.
    pub fn set(&self) -> Set {
        let mut set = Set {
            log: self.published(),
            since: head(&self.log[..SEEN], &self.key),
            posts: self.posts(),
            proofs: BTreeMap::new(),
            loose: Files::new(),
        };
        self.hand_out(&mut set);
        set
    }

    /// The proofs, made from this log; and single files of one of them.
    pub fn hand_out(&self, set: &mut Set) {
        let opened = self.proof(OPENED, Level::Content).pack();
        let commitment = Hash::of(&self.notes[OPENED as usize - 1].envelope);
        let opened = with_receipt(&opened, &Received::honest(commitment).receipt());
        let single = crate::support::fixture::unzip(&opened);
        let is_single = |name: &String| name.starts_with("note-") && !name.ends_with(".tlog-proof");
        set.loose = single.into_iter().filter(|(name, _)| is_single(name)).collect();
        set.proofs.insert(OPENED, opened);
        set.proofs.insert(IN_A_RUN, self.proof(IN_A_RUN, Level::Envelope).pack());
    }
}

/// Where notes were posted.
pub fn posted(first: u64, last: u64) -> Entry {
    Entry::Post { time: at(last).plus_ms(5_000), first, last, post: Channel::X.post(post_id(last)) }
}

/// Where the envelope of an opened note is published.
pub fn envelope_path(note: u64) -> String {
    format!("note/0/{note}/note-{note}.envelope.txt")
}

pub fn tree(log: &[Entry]) -> Tree {
    let mut tree = Tree::new();
    log.iter().for_each(|entry| tree.push(leaf_hash(entry.to_line().as_bytes())));
    tree
}

/// The signed head of a log.
pub fn head(log: &[Entry], key: &LogKey) -> String {
    let tree = tree(log);
    Checkpoint { origin: key.name().clone(), size: tree.len(), root: tree.root() }.sign(key)
}

/// The files of a log as they are published, without the pages for people.
pub fn files(log: &[Entry], key: &LogKey) -> Files {
    let tree = tree(log);
    let lines: Vec<String> = log.iter().map(Entry::to_line).collect();
    let mut files = Files::new();
    for path in tile::new_since(0, tree.len()) {
        let range = path.start() as usize..path.start() as usize + usize::from(path.width());
        let bytes = match path.kind() {
            Kind::Entries => tile::bundle(lines[range].iter().map(String::as_bytes)).unwrap(),
            Kind::Hashes(_) => path.hashes(&tree).unwrap(),
        };
        files.insert(path.to_string(), bytes);
    }
    let text: String = lines.iter().enumerate().map(|(index, line)| format!("{index} {line}")).collect();
    files.insert("log.txt".to_owned(), text.into_bytes());
    files.insert("checkpoint".to_owned(), head(log, key).into_bytes());
    files.insert("log.vkey".to_owned(), format!("{}\n", key.vkey()).into_bytes());
    files
}

/// A post as it stands in a proof.
pub fn published(account: Account, post: PostId, text: &PostText) -> PublishedPost {
    let address = format!("https://x.com/{}/status/{post}", account.name);
    PublishedPost { account, post: Channel::X.post(post), address, text: text.to_text() }
}

/// The recipient's receipt of the note that is opened.
#[derive(Clone)]
pub struct Received {
    pub line: Entry,
    pub key: LogKey,
    pub by: Account,
}

impl Received {
    pub fn honest(commitment: Hash) -> Received {
        let line = Entry::Receipt { time: at(OPENED + 2), log: key().name().clone(), note: OPENED, commitment };
        Received { line, key: recipients_key(), by: account("783214 ministry") }
    }

    pub fn receipt(&self) -> Receipt {
        let log = [Entry::Unknown { line: "a line of the recipient".to_owned() }, self.line.clone()];
        let tree = tree(&log);
        let Entry::Receipt { note, commitment, .. } = self.line else { unreachable!() };
        let words = PostText::Receipt { note, commitment, size: tree.len(), root: tree.root() };
        let path = tree.inclusion(1, tree.len()).unwrap();
        let post = PostId(Channel::X.first_at(at(OPENED + 2).plus_ms(1_000)).0 | 8);
        Receipt {
            entry: self.line.to_line(),
            inclusion: TlogProof { index: 1, path, checkpoint: head(&log, &self.key) },
            vkey: self.key.vkey(),
            post: Some(published(self.by.clone(), post, &words)),
        }
    }
}

pub fn with_receipt(zip: &[u8], receipt: &Receipt) -> Vec<u8> {
    proof::Files::unpack(zip).unwrap().with_receipt(receipt).pack()
}

/// A post as it stands on the platform.
#[derive(Clone, PartialEq, Eq)]
pub struct Post {
    pub id: PostId,
    pub author: String,
    pub text: String,
}

impl Post {
    pub fn new(id: PostId, text: &PostText) -> Post {
        Post { id, author: "embassy".to_owned(), text: text.to_text() }
    }
}

/// What readers have in hand. To tamper is to change it.
#[derive(Clone)]
pub struct Set {
    /// The published files.
    pub log: Files,
    /// The signed head that was kept from an earlier time.
    pub since: String,
    /// The posts, as they stand on the platform.
    pub posts: Vec<Post>,
    /// Two proofs, by the number of the note.
    pub proofs: BTreeMap<u64, Vec<u8>>,
    /// Single files out of a proof.
    pub loose: Files,
}

impl Set {
    /// What a reader copies from the platform: the text of the post of a note, if it is there.
    pub fn pasted(&self, note: u64) -> Option<&str> {
        let last = if note == IN_A_RUN { 103 } else { note };
        self.posts.iter().find(|post| post.id == post_id(last)).map(|post| post.text.as_str())
    }

    /// The name over that post.
    pub fn name_over(&self, note: u64) -> Option<&str> {
        let last = if note == IN_A_RUN { 103 } else { note };
        self.posts.iter().find(|post| post.id == post_id(last)).map(|post| post.author.as_str())
    }

    /// The posts as a file for the audit.
    pub fn posts_file(&self) -> String {
        let posts = self.posts.iter();
        let posts = posts.map(|post| json!({"id": post.id.to_string(), "author": post.author, "text": post.text}));
        serde_json::to_string(&posts.collect::<Vec<_>>()).unwrap()
    }
}
