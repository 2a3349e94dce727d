//! From a message that the platform lists to its post: the daemon's own loops over real HTTP.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use async_trait::async_trait;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use verbale::app::config::Config;
use verbale::app::daemon::{self, Parts};
use verbale::base::ids::{AccountId, AccountName, ConversationId, MediaId, MessageId, PostId};
use verbale::platform::{
    Addressee, Attachment, Draft, Error, File, Lookup, Me, MentionPage, MessagePage, OwnPosts, PageToken, Participants,
    Platform, Post, PostState, Purpose, Sent,
};

use crate::machine::{Row, Times};
use crate::place;

const NOTES: usize = 400;

/// Not measured: connections are made, names are looked up, files are made.
const WARM_UP: usize = 20;

/// When what happened to one message.
struct Story {
    listed: Instant,
    /// How long the platform took for the rest of that listing, page by page.
    rest: Duration,
    begun: Instant,
    accepted: Instant,
}

/// The listing in which the newest message came first.
struct Listing {
    newest: MessageId,
    listed: Instant,
    rest: Duration,
    /// Whether it may have more pages.
    goes_on: bool,
}

/// The client for X, with a stop watch.
struct Timed {
    client: Arc<dyn Platform>,
    listing: Mutex<Listing>,
    stories: UnboundedSender<Story>,
}

impl Timed {
    fn new(client: Arc<dyn Platform>) -> (Timed, UnboundedReceiver<Story>) {
        let (stories, told) = unbounded_channel();
        let listing = Listing { newest: MessageId(0), listed: Instant::now(), rest: Duration::ZERO, goes_on: false };
        (Timed { client, listing: Mutex::new(listing), stories }, told)
    }
}

#[async_trait]
impl Platform for Timed {
    async fn me(&self) -> Result<Me, Error> {
        self.client.me().await
    }

    async fn account_by_name(&self, name: &AccountName) -> Result<Lookup, Error> {
        self.client.account_by_name(name).await
    }

    async fn account_by_id(&self, id: AccountId) -> Result<Lookup, Error> {
        self.client.account_by_id(id).await
    }

    async fn messages(&self, size: u32, page: Option<&PageToken>) -> Result<MessagePage, Error> {
        let begun = Instant::now();
        let first = page.is_none();
        let page = self.client.messages(size, page).await?;
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = page.messages.first().map(|message| message.id);
        if let Some(newest) = newest.filter(|newest| listing.newest < *newest) {
            *listing = Listing { newest, listed: Instant::now(), rest: Duration::ZERO, goes_on: true };
        } else if first {
            listing.goes_on = false;
        } else if listing.goes_on {
            listing.rest += begun.elapsed();
        }
        Ok(page)
    }

    async fn messages_with(
        &self,
        account: AccountId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error> {
        self.client.messages_with(account, size, page).await
    }

    async fn messages_in(
        &self,
        conversation: &ConversationId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error> {
        self.client.messages_in(conversation, size, page).await
    }

    async fn send_message(&self, to: &Addressee, text: &str, media: Option<MediaId>) -> Result<Sent, Error> {
        self.client.send_message(to, text, media).await
    }

    async fn upload(&self, file: &File, purpose: Purpose) -> Result<MediaId, Error> {
        self.client.upload(file, purpose).await
    }

    async fn participants(&self, conversation: &ConversationId) -> Result<Participants, Error> {
        self.client.participants(conversation).await
    }

    async fn attachment(&self, message: MessageId, attachment: &Attachment, bytes_max: u64) -> Result<File, Error> {
        self.client.attachment(message, attachment, bytes_max).await
    }

    async fn post(&self, draft: &Draft) -> Result<PostId, Error> {
        let begun = Instant::now();
        let answer = self.client.post(draft).await;
        let accepted = Instant::now();
        let Listing { listed, rest, .. } = *self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.stories.send(Story { listed, rest, begun, accepted });
        answer
    }

    async fn posts_left(&self) -> Option<u64> {
        self.client.posts_left().await
    }

    async fn own_posts(&self, after: PostId) -> Result<OwnPosts, Error> {
        self.client.own_posts(after).await
    }

    async fn newest_posts(&self, after: PostId, count: u32) -> Result<OwnPosts, Error> {
        self.client.newest_posts(after, count).await
    }

    async fn mentions(&self, after: PostId, size: u32, page: Option<&PageToken>) -> Result<MentionPage, Error> {
        self.client.mentions(after, size, page).await
    }

    async fn read_post(&self, id: PostId) -> Result<Option<Post>, Error> {
        self.client.read_post(id).await
    }

    async fn post_state(&self, id: PostId) -> Result<PostState, Error> {
        self.client.post_state(id).await
    }
}

/// Waits until the public folder shows a log of at least `size` entries.
async fn shown(public: &Path, size: u64) -> Instant {
    let shows = || fs::read_to_string(public.join("checkpoint")).ok()?.lines().nth(1)?.parse().ok();
    while shows().is_none_or(|shown: u64| shown < size) {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    Instant::now()
}

#[derive(Default)]
struct Measured {
    /// From the message to the listing that shows it.
    waited: Vec<Duration>,
    /// From that listing to the moment at which the post is sent: sealed, decided, signed, each durable.
    ours: Vec<Duration>,
    /// The platform's answer to the post.
    answered: Vec<Duration>,
    /// From the listing to the checkpoint with the note in the public folder.
    public: Vec<Duration>,
    /// What the disk takes, in the same moments, for as many durable steps: appending 8 KiB to a file, twice.
    disk: Vec<Duration>,
}

fn durable_twice(file: &mut fs::File) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    for _ in 0..2 {
        file.write_all(&[7; 8192])?;
        file.sync_data()?;
    }
    Ok(begun.elapsed())
}

async fn measure() -> anyhow::Result<Measured> {
    let folder = place::folder()?;
    let (world, address) = place::sandbox().await?;
    let path = place::install(&folder.path().join("notes"), &world, &address, "10ms")?;
    let config = Config::load(&path)?;
    let mut parts = Parts::of(&config)?;
    let (timed, mut told) = Timed::new(parts.platform);
    parts.platform = Arc::new(timed);
    let shutdown = CancellationToken::new();
    let daemon = tokio::spawn(daemon::run(parts, shutdown.clone()));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut measured = Measured::default();
    let mut file = fs::File::create(folder.path().join("file"))?;
    for note in 1..=WARM_UP + NOTES {
        // At any moment of the watcher's pause, not always at its end.
        tokio::time::sleep(Duration::from_millis(10 + rand::random_range(0..10))).await;
        let sent = Instant::now();
        place::send(&world)?;
        let story = tokio::time::timeout(Duration::from_secs(10), told.recv()).await;
        let Story { listed, rest, begun, accepted } =
            story.context("there was no post within 10 s")?.context("stopped")?;
        let public = shown(&config.log.public, 2 * note as u64 - 1).await;
        if WARM_UP < note {
            measured.waited.push(listed - sent);
            measured.ours.push(begun - listed - rest);
            measured.answered.push(accepted - begun);
            measured.public.push(public - listed - rest);
            measured.disk.push(durable_twice(&mut file)?);
        }
    }
    shutdown.cancel();
    daemon.await??;
    Ok(measured)
}

/// Measures.
pub fn rows() -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let Measured { waited, ours, answered, public, disk } = runtime.block_on(measure())?;
    let row = |work: &str, times, target| Row {
        work: work.to_owned(),
        others: Vec::new(),
        ours: Times::of(times).p50_p99(),
        target,
    };
    let disk = format!("the disk alone, appending 8 KiB durably twice, {}", Times::of(disk).p50_p99());
    Ok(vec![
        Row { others: vec![disk], ..row("message listed → durable, signed, post sent", ours, "≤ 10 ms p99") },
        row("— and the sandbox's answer to the post", answered, "not ours"),
        row("— and before: message sent → listed, polled every 10 ms", waited, "not ours; X: every 90 s"),
        row("message listed → in the public folder's checkpoint", public, "—"),
    ])
}
