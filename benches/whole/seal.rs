//! Sealing a backlog: from messages to notes that are encrypted and on the disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use age::x25519::{Identity, Recipient};
use anyhow::{Context, ensure};
use async_trait::async_trait;
use verbale::base::clock::Clock;
use verbale::base::ids::{AccountId, AccountName, ConversationId, MediaId, MessageId, PostId};
use verbale::base::time::Time;
use verbale::note::Salt;
use verbale::platform::{
    Addressee, Attachment, Draft, Error, File, Lookup, Me, MentionPage, Message, MessagePage, OwnPosts, PageToken,
    Participants, Platform, Post, PostState, Purpose, Sent,
};
use verbale::sandbox::{EMBASSY, MINISTRY};
use verbale::store::vault::Vault;
use verbale::store::{Durability, Store};
use verbale::tasks::rules::{Correspondent, Formal, Rule};
use verbale::tasks::seal::{WatchContext, WatchSettings, Watcher};
use verbale::tasks::task::{Next, Task};
use verbale::tlog::signed_note::LogKey;

use crate::machine::{Row, Times};
use crate::place;

const NOTES: usize = 20_000;
const RUNS: usize = 3;

/// When the backlog begins.
fn start() -> Time {
    Time::from_ms(1_800_000_000_000)
}

/// A platform that lists messages from memory.
struct Backlog(Vec<Message>);

fn refused<T>() -> Result<T, Error> {
    Err(Error::Refused { what: "nothing but messages is here".to_owned() })
}

#[async_trait]
impl Platform for Backlog {
    async fn me(&self) -> Result<Me, Error> {
        Ok(Me { account: place::account(EMBASSY, "embassy"), clock: None })
    }

    async fn account_by_name(&self, _: &AccountName) -> Result<Lookup, Error> {
        Ok(Lookup::Found(place::account(MINISTRY, "ministry")))
    }

    async fn account_by_id(&self, _: AccountId) -> Result<Lookup, Error> {
        refused()
    }

    async fn messages(&self, size: u32, page: Option<&PageToken>) -> Result<MessagePage, Error> {
        let from: usize = page.map_or(0, |token| token.0.parse().unwrap_or(0));
        let to = (from + size as usize).min(self.0.len());
        let next = (to < self.0.len()).then(|| PageToken(to.to_string()));
        Ok(MessagePage { messages: self.0[from..to].to_vec(), unreadable: Vec::new(), next, clock: None })
    }

    async fn messages_with(&self, _: AccountId, _: u32, _: Option<&PageToken>) -> Result<MessagePage, Error> {
        refused()
    }

    async fn messages_in(&self, _: &ConversationId, _: u32, _: Option<&PageToken>) -> Result<MessagePage, Error> {
        refused()
    }

    async fn send_message(&self, _: &Addressee, _: &str, _: Option<MediaId>) -> Result<Sent, Error> {
        refused()
    }

    async fn upload(&self, _: &File, _: Purpose) -> Result<MediaId, Error> {
        refused()
    }

    async fn participants(&self, _: &ConversationId) -> Result<Participants, Error> {
        refused()
    }

    async fn attachment(&self, _: MessageId, _: &Attachment, _: u64) -> Result<File, Error> {
        refused()
    }

    async fn post(&self, _: &Draft) -> Result<PostId, Error> {
        refused()
    }

    async fn own_posts(&self, _: PostId) -> Result<OwnPosts, Error> {
        refused()
    }

    async fn newest_posts(&self, _: PostId, _: u32) -> Result<OwnPosts, Error> {
        refused()
    }

    async fn mentions(&self, _: PostId, _: u32, _: Option<&PageToken>) -> Result<MentionPage, Error> {
        refused()
    }

    async fn read_post(&self, _: PostId) -> Result<Option<Post>, Error> {
        refused()
    }

    async fn post_state(&self, _: PostId) -> Result<PostState, Error> {
        refused()
    }
}

/// The messages, newest first, each with a record as X would give it.
fn messages() -> Vec<Message> {
    let conversation = ConversationId::between(EMBASSY, MINISTRY);
    let one = |i: usize| {
        let id = MessageId::first_at(start().plus_ms(i as i64 + 1));
        let record = serde_json::json!({
            "id": id.to_string(), "event_type": "MessageCreate", "sender_id": EMBASSY.to_string(), "text": place::TEXT,
            "dm_conversation_id": conversation.as_str(), "created_at": id.moment().to_string(),
        });
        Message {
            id,
            conversation: conversation.clone(),
            sender: EMBASSY,
            text: place::TEXT.to_owned(),
            record: record.to_string().into_bytes(),
            attachments: Vec::new(),
            links: Vec::new(),
        }
    };
    (0..NOTES).rev().map(one).collect()
}

fn recipient() -> Recipient {
    Identity::generate().to_public()
}

/// Seals all of it with the watcher itself, and gives the time from its first look to the last note on the disk.
async fn sealed() -> anyhow::Result<Duration> {
    let folder = place::folder()?;
    let path = folder.path().join("verbale.db");
    let key = LogKey::from_seed(place::origin(), [1; 32]);
    Store::create(&path, &key.vkey())?;
    let store = Store::open(&path, key, Durability::Disk)?;
    let correspondent = Correspondent::parse("ministry").context("this is a name")?;
    let mut watcher = Watcher::new(
        Arc::new(Backlog(messages())),
        store.clone(),
        Arc::new(Vault::new(vec![recipient()])),
        Clock::from_fn(start),
        Arc::new(|| Salt::from_bytes(rand::random())),
        WatchSettings {
            rule: vec![Rule { correspondents: vec![correspondent], formal: Formal::All }],
            poll: Duration::from_secs(60),
            attachment_bytes_max: 1,
            ..WatchSettings::default()
        },
        WatchContext::new(place::origin()),
    );
    let begun = Instant::now();
    while watcher.tick().await? == Next::Now {}
    let time = begun.elapsed();
    ensure!(store.last_note().await? == NOTES as u64, "not all notes were sealed");
    store.close().await;
    Ok(time)
}

/// The same bytes, encrypted by `age` and nothing else, on all cores.
fn encrypted() -> anyhow::Result<Duration> {
    let recipient = recipient();
    let bytes = vec![7_u8; 2500];
    let cores = std::thread::available_parallelism()?.get();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| (0..NOTES / cores).for_each(|_| drop(age::encrypt(&recipient, &bytes))));
        }
    });
    Ok(begun.elapsed())
}

/// The same number of rows, of the same bytes, in transactions of as many: SQLite and nothing else.
fn stored() -> anyhow::Result<Duration> {
    let folder = place::folder()?;
    let mut db = rusqlite::Connection::open(folder.path().join("plain.db"))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute_batch("CREATE TABLE opening (n INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT")?;
    let bytes = vec![7_u8; 2700];
    let begun = Instant::now();
    for batch in 0..NOTES / 256 {
        let tx = db.transaction()?;
        for i in 0..256 {
            tx.prepare_cached("INSERT INTO opening VALUES (?1, ?2)")?
                .execute(rusqlite::params![batch * 256 + i, bytes])?;
        }
        tx.commit()?;
    }
    Ok(begun.elapsed())
}

fn rate(times: Vec<Duration>) -> String {
    let times = Times::of(times);
    format!("{:.1}k/s", NOTES as f64 / times.ms(0.5))
}

/// Measures.
pub fn rows() -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (mut ours, mut age, mut sqlite) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(runtime.block_on(sealed())?);
        age.push(encrypted()?);
        sqlite.push(stored()?);
    }
    Ok(vec![Row {
        work: format!("seal a backlog of {NOTES}: listed, encrypted, durable"),
        others: vec![
            format!("`age` alone, all cores, {}", rate(age)),
            format!("SQLite alone, the openings' bytes, {}", rate(sqlite)),
        ],
        ours: rate(ours),
        target: "≥ 10k/s",
    }])
}
