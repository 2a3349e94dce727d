//! One side of the story: an account with an installation of the program, and its daemon.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::config::Config;
use crate::app::config::create::{self, Answers};
use crate::app::daemon::{self, Parts};
use crate::base::ids::{AccountId, Origin};
use crate::cli::init;
use crate::platform::x::Credentials;
use crate::sandbox::Shared;
use crate::store::Reader;
use crate::tasks::reply::Bot;
use crate::tasks::rules::{Correspondent, Formal};
use crate::tasks::seal::Watcher;
use crate::tasks::task::Task;

/// What makes a message formal in the story.
pub(super) const MARKER: &str = "NOTE VERBALE";

/// How often a daemon looks for changes: a person who watches the story does not want to wait.
pub(super) const POLL: &str = "250ms";

/// How often it looks for requests from commands.
const REQUEST_POLL: Duration = Duration::from_millis(100);

/// How often the story checks how far a daemon is.
const LOOK: Duration = Duration::from_millis(10);

/// An account that takes part.
pub(super) struct Party<'a> {
    /// Whose account.
    pub(super) account: AccountId,
    /// The name of its log.
    pub(super) origin: &'a str,
    /// The accounts that its formal messages go to.
    pub(super) to: &'a str,
    /// What else its configuration says.
    pub(super) settings: Vec<(&'static str, toml::Value)>,
}

/// An installation whose daemon runs.
pub(super) struct Side {
    pub(super) config: Config,
    daemon: JoinHandle<anyhow::Result<()>>,
}

impl Side {
    /// Makes the installation in the new folder `dir`, and starts its daemon on the sandbox that answers at `address`.
    pub(super) fn start(
        dir: &Path,
        party: Party<'_>,
        world: &Shared,
        address: &str,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Side> {
        create::create(dir, &answers(party, world, address)?, rand::random(), init::complete)?;
        let config = Config::load(&dir.join("config.toml"))?;
        let mut parts = Parts::of(&config)?;
        parts.request_poll = REQUEST_POLL;
        let daemon = tokio::spawn(daemon::run(parts, shutdown));
        Ok(Side { config, daemon })
    }

    /// A file that it has published.
    pub(super) fn public(&self, name: &str) -> PathBuf {
        self.config.log.public.join(name)
    }

    /// What the daemon has kept, for reading.
    pub(super) fn reader(&self) -> anyhow::Result<Reader> {
        Ok(Reader::open(&self.config.log.database)?)
    }

    /// Waits until messages and mentions were read once: everything written from now on is noticed.
    pub(super) async fn awake(&self) {
        let mut listen = vec![Watcher::NAME];
        listen.extend(self.config.bot.as_ref().map(|_| Bot::NAME));
        self.until(async |reader| {
            let reports = reader.task_reports().await?;
            Ok(listen.iter().all(|name| reports.iter().any(|one| one.name == *name && one.done.is_some())))
        })
        .await;
    }

    /// Waits until every note is posted and all of the log is published.
    pub(super) async fn settled(&self) {
        let checkpoint = self.public("checkpoint");
        self.until(async |reader| {
            let status = reader.status().await?;
            let checkpoint = fs::read_to_string(&checkpoint).unwrap_or_default();
            let published = checkpoint.lines().nth(1).and_then(|size| size.parse().ok());
            Ok(status.unposted == 0 && published == Some(status.entries))
        })
        .await;
    }

    /// Waits until the database says so.
    pub(super) async fn until(&self, holds: impl AsyncFn(&Reader) -> anyhow::Result<bool>) {
        // A database cannot always be read while the daemon writes: then the next look shows it.
        loop {
            if let Ok(reader) = self.reader()
                && holds(&reader).await.unwrap_or(false)
            {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the daemon, told to stop, has ended.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        self.daemon.await.context("a daemon panicked")?
    }
}

fn answers(party: Party<'_>, world: &Shared, address: &str) -> anyhow::Result<Answers> {
    let credentials = world.with(|world, _| world.user(party.account).map(|user| user.credentials.clone()));
    let credentials = credentials.context("the sandbox does not have this account")?;
    let mut settings =
        vec![("api", address.into()), ("web", address.into()), ("poll", POLL.into()), ("heartbeat", "off".into())];
    settings.extend(party.settings);
    Ok(Answers {
        origin: Origin::parse(party.origin).context("a log of the story has no name")?,
        correspondents: Correspondent::parse(party.to).into_iter().collect(),
        formal: Formal::Marker(MARKER.to_owned()),
        recipients: Vec::new(),
        credentials: Some(Credentials {
            api_key: SecretString::from(credentials.api_key),
            api_secret: SecretString::from(credentials.api_secret),
            access_token: SecretString::from(credentials.access_token),
            access_token_secret: SecretString::from(credentials.access_token_secret),
        }),
        settings,
    })
}
