//! A small log of five entries with one fully opened proof, the same in every run.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use verbale::base::hash::Hash;
use verbale::base::ids::{Account, Channel, ConversationId, MessageId, Origin, PostId, SourceMessage};
use verbale::base::time::Time;
use verbale::note::proof::{OpenedContent, Proof, PublishedPost, Receipt, Sums};
use verbale::note::slip::Slip;
use verbale::note::{AttachmentRef, Content, Correspondence, Envelope, FileRef, Header, Opening, Record, Role, Salt};
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::entry::Entry;
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tlog_proof::TlogProof;
use verbale::tlog::tree::{Tree, leaf_hash};
use verbale::verify::proof::{Report, Trust, verify};
use verbale::wording::post::PostText;
use verbale::wording::thread;

pub type Files = BTreeMap<String, Vec<u8>>;

pub const PICTURE: &[u8] = b"\xff\xd8 a very small picture";
pub const TEXT: &str = "The Embassy presents its compliments to the Ministry & asks: is 3 < 4?\nhttps://t.co/abc ";

pub fn key() -> LogKey {
    LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [1; 32])
}

pub fn other_key() -> LogKey {
    LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [2; 32])
}

pub fn recipients_key() -> LogKey {
    LogKey::from_seed(Origin::parse("ministry.example").unwrap(), [3; 32])
}

pub fn pinned() -> Trust {
    Trust { log: Some(key().vkey().into()), ..Trust::default() }
}

pub fn account(text: &str) -> Account {
    Account::parse(text).unwrap()
}

/// The message was sent at this moment, and seen three seconds later.
pub fn sent() -> Time {
    Time::parse("2018-03-09T17:40:12.123Z").unwrap()
}

pub fn message() -> MessageId {
    MessageId(MessageId::first_at(sent()).0 | 77)
}

pub fn record() -> Vec<u8> {
    format!(
        "{{\"id\":\"{}\",\"event_type\":\"MessageCreate\",\"sender_id\":\"2244994945\",\"dm_conversation_id\":\
         \"783214-2244994945\",\"text\":\"The Embassy presents its compliments to the Ministry &amp; asks: is 3 &lt; 4?\
         \\nhttps://t.co/abc \",\"attachments\":{{\"media_keys\":[\"3_1\",\"3_2\"]}}}}",
        message()
    )
    .into_bytes()
}

pub fn content() -> Content {
    let header = Header {
        salt: Salt::from_bytes([5; 32]),
        records: vec![Record::of(Role::Message, &record())],
        change: None,
        subkey: None,
        conversation_key: None,
        attachments: vec![
            AttachmentRef::File(FileRef::of(PICTURE, "image/jpeg")),
            AttachmentRef::Unreadable { media_key: "3_2".to_owned() },
        ],
        links: vec![("https://t.co/abc".to_owned(), "https://example.org/annex".to_owned())],
    };
    Content { header, text: Some(TEXT.to_owned()) }
}

pub fn envelope() -> Envelope {
    Envelope {
        log: Origin::parse("embassy.example/notes").unwrap(),
        note: 2,
        from: account("2244994945 embassy"),
        to: vec![account("783214 ministry")],
        conversation: ConversationId::parse("783214-2244994945").unwrap(),
        message: SourceMessage::XDm(message()),
        sent: sent(),
        seen: sent().plus_ms(3_000),
        beacon: None,
        correspondence: Correspondence { count: 2, previous: Hash::of(b"note 1") },
        content: content().hash(),
        salt: Salt::from_bytes([6; 32]),
    }
}

pub fn slip() -> Slip {
    Slip::of(envelope(), &content()).unwrap()
}

/// The note with its text four times, in the two posts that mirror it.
pub fn mirror() -> Vec<String> {
    thread::split(2, envelope().commitment(), &TEXT.repeat(4)).unwrap()
}

pub fn opening() -> Opening {
    Opening {
        envelope: envelope().to_text().into_bytes(),
        content: content().to_text().into_bytes(),
        records: vec![record()],
        attachments: vec![Some(PICTURE.to_vec()), None],
    }
}

pub fn note_entry(note: u64, commitment: Hash) -> Entry {
    Entry::Note { time: sent().plus_ms(3_100), note, commitment }
}

/// Five entries before and around note 2, which is the last.
pub fn entries() -> Vec<Entry> {
    let mut all: Vec<Entry> = ["a", "b", "c"].map(|word| Entry::Unknown { line: format!("later {word}") }).into();
    all.push(note_entry(1, Hash::of(b"note 1")));
    all.push(note_entry(2, envelope().commitment()));
    all
}

pub fn tree(entries: &[Entry]) -> Tree {
    let mut tree = Tree::new();
    entries.iter().for_each(|entry| tree.push(leaf_hash(entry.to_line().as_bytes())));
    tree
}

pub fn checkpoint(tree: &Tree) -> Checkpoint {
    Checkpoint { origin: key().name().clone(), size: tree.len(), root: tree.root() }
}

/// The proof of entry `index` of these entries, signed by `key`.
pub fn tlog_proof(entries: &[Entry], index: u64, key: &LogKey) -> TlogProof {
    let tree = tree(entries);
    let path = tree.inclusion(index, tree.len()).unwrap();
    TlogProof { index, path, checkpoint: checkpoint(&tree).sign(key) }
}

pub fn published(text: String) -> PublishedPost {
    let post = PostId(Channel::X.first_at(sent().plus_ms(4_000)).0 | 5);
    let address = format!("https://x.com/embassy/status/{post}");
    PublishedPost { account: account("2244994945 embassy"), post: Channel::X.post(post), address, text }
}

pub fn single_post() -> PostText {
    let tree = tree(&entries());
    PostText::Note { note: 2, commitment: envelope().commitment(), size: tree.len(), root: tree.root() }
}

/// Everything opened, with a post about this one note.
pub fn proof() -> Proof {
    Proof {
        note: 2,
        envelope: envelope().to_text().into_bytes(),
        entry: entries()[4].to_line(),
        tlog_proof: tlog_proof(&entries(), 4, &key()),
        vkey: key().vkey(),
        post: Some(published(single_post().to_text())),
        content: Some(OpenedContent::from(opening())),
    }
}

/// The envelope alone, among others in a run, in the middle of the log.
pub fn envelope_proof() -> Proof {
    let mut entries = entries();
    entries.push(note_entry(3, Hash::of(b"note 3")));
    let tree = tree(&entries);
    let post = PostText::Run { first: 1, last: 3, size: tree.len(), root: tree.root() };
    Proof {
        tlog_proof: tlog_proof(&entries, 4, &key()),
        post: Some(published(post.to_text())),
        content: None,
        ..proof()
    }
}

/// The recipient's receipt of note 2, and what can be wrong with it.
pub struct Received {
    pub line: Entry,
    pub key: LogKey,
    pub post: PublishedPost,
    /// Replaces the words of the line and of the log.
    pub words: Option<PostText>,
    /// Entries of the recipient's log after the line.
    pub later: u64,
}

pub fn received() -> Received {
    let line = Entry::Receipt {
        time: sent().plus_ms(60_000),
        log: envelope().log,
        note: 2,
        commitment: envelope().commitment(),
    };
    let post = PostId(Channel::X.first_at(sent().plus_ms(61_000)).0 | 6);
    let address = format!("https://x.com/ministry/status/{post}");
    let post = PublishedPost {
        account: account("783214 ministry"),
        post: Channel::X.post(post),
        address,
        text: String::new(),
    };
    Received { line, key: recipients_key(), post, words: None, later: 0 }
}

impl Received {
    pub fn receipt(self) -> Receipt {
        let mut entries = vec![note_entry(1, Hash::of(b"a note of the recipient")), self.line.clone()];
        entries.extend((0..self.later).map(|n| Entry::Unknown { line: format!("later {n}") }));
        let tree = tree(&entries);
        let checkpoint = Checkpoint { origin: self.key.name().clone(), size: tree.len(), root: tree.root() };
        let commitment = envelope().commitment();
        let words = PostText::Receipt { note: 2, commitment, size: tree.len(), root: tree.root() };
        let path = tree.inclusion(1, tree.len()).unwrap();
        Receipt {
            entry: self.line.to_line(),
            inclusion: TlogProof { index: 1, path, checkpoint: checkpoint.sign(&self.key) },
            vkey: self.key.vkey(),
            post: Some(PublishedPost { text: self.words.unwrap_or(words).to_text(), ..self.post }),
        }
    }
}

/// Everything opened, and received.
pub fn received_proof(receipt: &Receipt) -> Vec<u8> {
    verbale::note::proof::Files::unpack(&proof().pack()).unwrap().with_receipt(receipt).pack()
}

/// The files of an archive, read by the library that the program uses, without its precautions.
pub fn unzip(zip: &[u8]) -> Files {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut files = Files::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(name, bytes);
    }
    files
}

pub fn zip(files: &Files) -> Vec<u8> {
    zip_in_order(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
}

pub fn zip_in_order<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::DEFAULT);
    for (name, bytes) in files {
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Writes `SHA256SUMS` anew, as a forger would.
pub fn resum(files: &mut Files) {
    let sums = Sums::of(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))).to_text();
    files.insert("SHA256SUMS".to_owned(), sums.into_bytes());
}

/// The report on these files.
pub fn report(files: &Files) -> Report {
    verify(&zip(files), &pinned())
}

/// The names of the checks that fail on these files.
pub fn failing(files: &Files) -> Vec<&'static str> {
    report(files).failing().collect()
}

/// A proof in which everything was sealed as given, however little it fits.
pub fn sealed(mut content: Content, record: Vec<u8>, mut envelope: Envelope) -> Proof {
    if content.header.records == self::content().header.records {
        content.header.records = vec![Record::of(Role::Message, &record)];
    }
    if envelope.content == self::content().hash() {
        envelope.content = content.hash();
    }
    let mut entries = entries();
    entries[4] = note_entry(envelope.note, envelope.commitment());
    let tree = tree(&entries);
    let post = PostText::Note { note: 2, commitment: envelope.commitment(), size: tree.len(), root: tree.root() };
    let opened = OpenedContent {
        content: content.to_text().into_bytes(),
        records: vec![record],
        attachments: vec![Some(PICTURE.to_vec()), None],
    };
    Proof {
        envelope: envelope.to_text().into_bytes(),
        entry: entries[4].to_line(),
        tlog_proof: tlog_proof(&entries, 4, &key()),
        post: Some(published(post.to_text())),
        content: Some(opened),
        ..proof()
    }
}
