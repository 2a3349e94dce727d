//! The demo's stage: a sandbox that answers over real HTTP, two installations of the program on it, and what people do.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::installation::{POLL, Party, Side};
use super::tell;
use crate::app::config::create;
use crate::base::ids::{Account, AccountId, MessageId, PostId};
use crate::sandbox::world::{Draft, Event, EventKind, Outgoing, Post, Settings, World};
use crate::sandbox::{self, Clock, EMBASSY, MINISTRY, Shared};

/// The account of the embassy's official, who may command it by direct message.
pub(super) const CONSUL: AccountId = AccountId(990_017);

/// The folder of the ministry's installation, in that of the embassy.
pub(super) const MINISTRY_FOLDER: &str = "ministry";

/// The longest time that anything in the story may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that the story is played on.
pub(super) struct Stage {
    pub(super) world: Shared,
    pub(super) dir: PathBuf,
    pub(super) embassy: Side,
    pub(super) ministry: Side,
    address: String,
    sandbox: JoinHandle<std::io::Result<()>>,
    shutdown: CancellationToken,
    /// A temporary folder, removed at the end; None if the folder is to be kept.
    _temporary: Option<TempDir>,
}

impl Stage {
    /// Starts the sandbox, makes both installations in `out` or in a temporary folder, and starts their daemons.
    pub(super) async fn set(out: Option<&Path>, shutdown: CancellationToken) -> anyhow::Result<Stage> {
        let temporary =
            if out.is_none() { Some(tempfile::tempdir().context("cannot make a temporary folder")?) } else { None };
        let dir = match (out, &temporary) {
            (Some(out), _) => out.to_owned(),
            (None, Some(temporary)) => temporary.path().join("story"),
            (None, None) => bail!("there is no folder for the story"),
        };
        create::beside(&dir)?;
        let world = world()?;
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on 127.0.0.1")?;
        let address = format!("http://{}", listener.local_addr()?);
        let stop = shutdown.clone();
        let door = sandbox::http::serve(listener, world.clone(), async move { stop.cancelled().await });
        let embassy = Side::start(&dir, embassy(), &world, &address, shutdown.clone())?;
        let ministry = Side::start(&dir.join(MINISTRY_FOLDER), ministry(), &world, &address, shutdown.clone())?;
        let sandbox = tokio::spawn(door);
        Ok(Stage { world, dir, embassy, ministry, address, sandbox, shutdown, _temporary: temporary })
    }

    /// `from` sends a direct message, with a file if one is given.
    pub(super) fn send(
        &self,
        from: AccountId,
        to: AccountId,
        text: &str,
        file: Option<&[u8]>,
    ) -> anyhow::Result<MessageId> {
        let sent = self.world.with(|world, now| {
            let media = file.map(|bytes| world.upload(now, from, "image/png", bytes.to_vec()));
            let message = Outgoing { text: text.to_owned(), media: media.into_iter().collect() };
            world.send(now, from, to, &message)
        });
        sent.map_err(|refusal| anyhow::anyhow!("the sandbox refused a message: {refusal}"))
    }

    /// `author` posts in public, and quotes a post if one is given.
    pub(super) fn post(&self, author: AccountId, text: &str, quotes: Option<PostId>) -> anyhow::Result<Post> {
        let draft = Draft { text, quotes, ..Draft::default() };
        let posted = self.world.with(|world, now| world.post(now, author, draft));
        posted.map_err(|refusal| anyhow::anyhow!("the sandbox refused a post: {refusal}"))
    }

    /// Waits for the first post for which this holds.
    pub(super) async fn posted(&self, name: &str, is: impl Fn(&Post) -> bool) -> anyhow::Result<Post> {
        let find = |world: &World| world.posts().find(|post| is(post)).cloned();
        self.patiently(self.world.until(|world| find(world).is_some()), name).await?;
        self.world.with(|world, _| find(world)).with_context(|| format!("{name} has gone"))
    }

    /// Waits for the embassy's post of a note.
    pub(super) async fn sealed(&self, note: u64) -> anyhow::Result<Post> {
        let beginning = format!("Sealed note {note}\n");
        let is = |post: &Post| post.author == EMBASSY && post.words.text.starts_with(&beginning);
        self.posted(&format!("the post of note {note}"), is).await
    }

    /// Waits for the first message for which this holds, and returns its text as it was written.
    pub(super) async fn written(&self, name: &str, is: impl Fn(&Event, &str) -> bool) -> anyhow::Result<String> {
        let find = |world: &World| {
            world.events().find_map(|event| match &event.kind {
                EventKind::Message { written, .. } if is(event, written) => Some(written.clone()),
                _ => None,
            })
        };
        self.patiently(self.world.until(|world| find(world).is_some()), name).await?;
        self.world.with(|world, _| find(world)).with_context(|| format!("{name} has gone"))
    }

    /// Waits for `what`, but not for ever.
    pub(super) async fn patiently(&self, what: impl Future<Output = ()>, name: &str) -> anyhow::Result<()> {
        let waited = tokio::time::timeout(PATIENCE, what).await;
        waited.with_context(|| format!("{name} did not come within {} s", PATIENCE.as_secs()))
    }

    /// Runs a command of this program in the story's folder, as anybody would there, and shows it and its output.
    pub(super) async fn run(&self, command: &str) -> anyhow::Result<()> {
        tell::line(&format!("$ verbale {command}"))?;
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let mut child = Command::new(program);
        child.args(command.split(' ')).current_dir(&self.dir).stdin(Stdio::null()).kill_on_drop(true);
        let output = child.output().await.with_context(|| format!("cannot run `verbale {command}`"))?;
        String::from_utf8_lossy(&output.stdout).lines().try_for_each(tell::line)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`verbale {command}` ended with {}: {}", output.status, said.trim_end().replace('\n', "; "));
        }
        Ok(())
    }

    /// Says what is still running.
    pub(super) fn say_where(&self) -> std::io::Result<()> {
        let file = |path: PathBuf| path.display().to_string();
        tell::print("\nIt all stays up until you press Ctrl-C:")?;
        for (what, place) in [
            ("write a message or a post as any user", self.address.clone()),
            ("what the embassy has published", file(self.embassy.public("index.html"))),
            ("what the ministry has published", file(self.ministry.public("index.html"))),
            ("the embassy's configuration", file(self.dir.join("config.toml"))),
        ] {
            tell::line(&format!("{what:39}{place}"))?;
        }
        tell::print("A post with `@embassy check 2` is answered, and so is what consul writes to embassy: try `help`.")
    }

    /// Stops daemons and sandbox.
    pub(super) async fn strike(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.embassy.end().await?;
        self.ministry.end().await?;
        self.sandbox.await.context("the sandbox panicked")?.context("the sandbox failed")
    }
}

/// A world with the story's accounts.
fn world() -> anyhow::Result<Shared> {
    let clock = Clock::of_the_machine();
    // X's limits would let the daemons read the messages only once a minute, and a person who watches would have to
    // wait.
    let mut world = sandbox::story_world(Settings::without_limits(), rand::random(), clock.now());
    let consul = Account::parse(&format!("{CONSUL} consul")).context("the consul has no name")?;
    world.add_user(clock.now(), consul);
    Ok(Shared::new(world, clock))
}

/// The embassy sends notes with their slips, and answers mentions.
fn embassy() -> Party<'static> {
    let bot = [("poll".to_owned(), POLL.into()), ("officials".to_owned(), vec![CONSUL.to_string()].into())];
    Party {
        account: EMBASSY,
        origin: "embassy.example/notes",
        to: "ministry",
        settings: vec![("send", true.into()), ("bot", toml::Table::from_iter(bot).into())],
    }
}

/// The ministry may give receipts to the embassy.
fn ministry() -> Party<'static> {
    Party {
        account: MINISTRY,
        origin: "ministry.example/notes",
        to: "embassy",
        settings: vec![("from", vec!["embassy"].into())],
    }
}
