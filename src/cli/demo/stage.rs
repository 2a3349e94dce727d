//! The demo's stage: a sandbox that answers over real HTTP, an installation of the program, and its daemon.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cli::init;
use crate::config::Config;
use crate::config::create::{self, Answers};
use crate::daemon::{self, Parts};
use crate::log::signed_note::VerifierKey;
use crate::note::{AccountId, Origin, PostId};
use crate::platform::x::Credentials;
use crate::rules::{Correspondent, Formal};
use crate::sandbox::world::{Draft, Outgoing, Post, Settings, World};
use crate::sandbox::{self, Clock, EMBASSY, Shared};
use crate::store::Reader;

/// The log's name in the story.
const ORIGIN: &str = "embassy.example/notes";

/// What makes a message formal in the story.
pub(super) const MARKER: &str = "NOTE VERBALE";

/// The longest time that anything in the story may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that the story is played on.
pub(super) struct Stage {
    pub(super) world: Shared,
    pub(super) config: Config,
    pub(super) vkey: VerifierKey,
    dir: PathBuf,
    address: String,
    daemon: JoinHandle<anyhow::Result<()>>,
    sandbox: JoinHandle<std::io::Result<()>>,
    shutdown: CancellationToken,
    /// Removed at the end, if nobody wanted to keep it.
    _temporary: Option<TempDir>,
}

impl Stage {
    /// Starts the sandbox, makes an installation in `out` or in a temporary folder, and starts its daemon.
    pub(super) async fn set(out: Option<&Path>, shutdown: CancellationToken) -> anyhow::Result<Stage> {
        let temporary =
            if out.is_none() { Some(tempfile::tempdir().context("cannot make a temporary folder")?) } else { None };
        let dir = match (out, &temporary) {
            (Some(out), _) => out.to_owned(),
            (None, Some(temporary)) => temporary.path().join("story"),
            (None, None) => bail!("there is no folder for the story"),
        };
        create::beside(&dir)?;
        let clock = Clock::of_the_machine();
        // X's limits would let the daemon look at the messages only once a minute: whoever watches would wait.
        let world = sandbox::story_world(Settings::without_limits(), rand::random(), clock.now());
        let world = Shared::new(world, clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on 127.0.0.1")?;
        let address = format!("http://{}", listener.local_addr()?);
        let created = create::create(&dir, &answers(&world, &address)?, rand::random(), init::complete)?;
        let stop = shutdown.clone();
        let door = sandbox::http::serve(listener, world.clone(), async move { stop.cancelled().await });
        let config = Config::load(&dir.join("config.toml"))?;
        let daemon = tokio::spawn(daemon::run(Parts::of(&config, false)?, shutdown.clone()));
        let sandbox = tokio::spawn(door);
        Ok(Stage { world, config, vkey: created.log, dir, address, daemon, sandbox, shutdown, _temporary: temporary })
    }

    /// `from` sends a direct message, with a file perhaps.
    pub(super) fn send(&self, from: AccountId, to: AccountId, text: &str, file: Option<&[u8]>) -> anyhow::Result<()> {
        let sent = self.world.with(|world, now| {
            let media = file.map(|bytes| world.upload(now, from, "image/png", bytes.to_vec()));
            let message = Outgoing { text: text.to_owned(), media: media.into_iter().collect() };
            world.send(now, from, to, &message)
        });
        sent.map(drop).map_err(|refusal| anyhow::anyhow!("the sandbox refused a message: {refusal}"))
    }

    /// `author` posts in public.
    pub(super) fn post(&self, author: AccountId, text: &str) -> anyhow::Result<()> {
        let posted = self.world.with(|world, now| world.post(now, author, Draft { text, ..Draft::default() }));
        posted.map(drop).map_err(|refusal| anyhow::anyhow!("the sandbox refused a post: {refusal}"))
    }

    /// Waits for the embassy's post that begins so, and gives its identifier and text.
    pub(super) async fn posted(&self, beginning: &str) -> anyhow::Result<(PostId, String)> {
        let shown = |world: &World| find(world, beginning).is_some();
        self.patiently(self.world.until(shown), &format!("the post \"{beginning}\"")).await?;
        let post = self.world.with(|world, _| find(world, beginning).map(|post| (post.id, post.words.text.clone())));
        post.context("the post has gone")
    }

    /// Waits until the daemon has looked at the messages once more.
    pub(super) async fn looked(&self) -> anyhow::Result<()> {
        let looks = |world: &World| world.counts().of(sandbox::world::Call::Messages);
        let before = self.world.with(|world, _| looks(world));
        self.patiently(self.world.until(|world| before + 2 <= looks(world)), "a look at the messages").await
    }

    /// Waits until the daemon has recorded every post and published all of the log.
    pub(super) async fn settled(&self) -> anyhow::Result<()> {
        let settled = async {
            while !self.is_settled() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        self.patiently(settled, "the published log").await
    }

    fn is_settled(&self) -> bool {
        let status = Reader::open(&self.config.log.database).and_then(|reader| reader.status());
        let checkpoint = fs::read_to_string(self.config.log.public.join("checkpoint")).unwrap_or_default();
        let published = checkpoint.lines().nth(1).and_then(|size| size.parse().ok());
        status.is_ok_and(|status| status.unposted == 0 && published == Some(status.entries))
    }

    async fn patiently(&self, what: impl Future<Output = ()>, name: &str) -> anyhow::Result<()> {
        let waited = tokio::time::timeout(PATIENCE, what).await;
        waited.with_context(|| format!("{name} did not come within {} s", PATIENCE.as_secs()))
    }

    /// Keeps a proof in the folder.
    pub(super) fn keep(&self, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        let proofs = self.dir.join("proofs");
        let path = proofs.join(name);
        fs::create_dir_all(&proofs)
            .and_then(|()| fs::write(&path, bytes))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Tells what is still up.
    pub(super) fn say_where(&self) {
        println!();
        println!("It all stays up until you press Ctrl-C:");
        println!("  write a message as any user, see the posts   {}", self.address);
        println!(
            "  what the daemon has published                {}",
            self.config.log.public.join("index.html").display()
        );
        println!("  its configuration                            {}", self.dir.join("config.toml").display());
    }

    /// Stops daemon and sandbox, and keeps the public timeline if the folder is kept.
    pub(super) async fn strike(self, keep: bool) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.daemon.await.context("the daemon panicked")??;
        self.sandbox.await.context("the sandbox panicked")?.context("the sandbox failed")?;
        if keep {
            let timeline =
                self.world.with(|world, _| world.posts().map(|post| as_json(world, post)).collect::<Vec<_>>());
            let path = self.dir.join("timeline.json");
            fs::write(&path, format!("{:#}\n", json!(timeline)))
                .with_context(|| format!("cannot write {}", path.display()))?;
            println!("kept in {}: config.toml, public/, proofs/, timeline.json", self.dir.display());
        }
        Ok(())
    }
}

fn find<'a>(world: &'a World, beginning: &str) -> Option<&'a Post> {
    let line = format!("{beginning}\n");
    world.posts().find(|post| post.author == EMBASSY && post.words.text.starts_with(&line))
}

fn as_json(world: &World, post: &Post) -> serde_json::Value {
    let author = world.user(post.author).map(|user| user.account.name.to_string());
    json!({ "id": post.id.to_string(), "author": author, "text": post.words.text, "created_at": post.id.time().to_string() })
}

fn answers(world: &Shared, address: &str) -> anyhow::Result<Answers> {
    let credentials = world.with(|world, _| world.user(EMBASSY).map(|user| user.credentials.clone()));
    let credentials = credentials.context("the sandbox has no embassy")?;
    let (origin, correspondent) = (Origin::parse(ORIGIN), Correspondent::parse("ministry"));
    Ok(Answers {
        origin: origin.context("the story's log has no name")?,
        correspondents: correspondent.into_iter().collect(),
        formal: Formal::Marker(MARKER.to_owned()),
        recipients: Vec::new(),
        credentials: Some(Credentials {
            api_key: SecretString::from(credentials.api_key),
            api_secret: SecretString::from(credentials.api_secret),
            access_token: SecretString::from(credentials.access_token),
            access_token_secret: SecretString::from(credentials.access_token_secret),
        }),
        settings: vec![
            ("api", address.into()),
            ("web", address.into()),
            ("poll", "250ms".into()),
            ("heartbeat", "off".into()),
        ],
    })
}
