//! The composition root: builds the tasks, runs them, stops cleanly. It is the only place that knows all modules.
//!
//! `tasks` is the list of them, and says what each is made of; `waker` runs one of them. A new task is its module and a
//! line in that list.
//!
//! What it does when the platform, the network or the machine is in trouble:
//!
#![doc = include_str!("../../WEATHER.md")]

mod pulse;
mod waker;
mod site;
mod tasks;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use self::pulse::Pulse;
use self::tasks::Registry;
use self::waker::Waker;
use crate::app::config::{Config, secrets};
use crate::app::http::ServeSettings;
use crate::base::clock::Clock;
use crate::note::Salt;
use crate::platform::Platform;
use crate::platform::x::{self, X};
use crate::site::SiteSettings;
use crate::store::vault::Vault;
use crate::store::{Durability, Store};
use crate::tasks::acknowledge::ReceiptSettings;
use crate::tasks::disclose::OpenSettings;
use crate::tasks::monitor::MonitorSettings;
use crate::tasks::post::PublishSettings;
use crate::tasks::replicate::{BucketKey, Destination};
use crate::tasks::reply::{BotSettings, Chance};
use crate::tasks::seal::{Salts, SlipSettings, WatchSettings};
use crate::tasks::survey::SurveySettings;
use crate::tlog::signed_note::VerifierKey;

/// How often discloser and receiver look for requests from commands.
const REQUEST_POLL: Duration = Duration::from_secs(1);

/// The longest wait for a connection.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// The operator's settings for the tasks, section by section.
#[derive(Clone, Default)]
pub struct TaskSettings {
    /// Which messages are sealed.
    pub watch: WatchSettings,
    /// What is asked about correspondents besides their messages.
    pub correspondents: SurveySettings,
    /// How commitments are posted.
    pub publish: PublishSettings,
    /// How what was published and kept is looked at again.
    pub monitor: MonitorSettings,
    /// How mentions are answered. None if nobody is answered.
    pub bot: Option<BotSettings>,
    /// How notes are opened in public.
    pub open: OpenSettings,
    /// Which slips are sent.
    pub slip: SlipSettings,
    /// Which notes of others are receipted.
    pub receipt: ReceiptSettings,
}

/// What the daemon is made of.
pub struct Parts {
    /// The platform.
    pub platform: Arc<dyn Platform>,
    /// The open store.
    pub store: Store,
    /// Encrypts the openings.
    pub vault: Arc<Vault>,
    /// The time.
    pub clock: Clock,
    /// Where salts come from.
    pub salts: Salts,
    /// Where the codes of officials come from.
    pub chance: Chance,
    /// The public folder.
    pub public: PathBuf,
    /// What the public site says besides the log.
    pub site: SiteSettings,
    /// The operator's settings for the tasks.
    pub settings: TaskSettings,
    /// The secret keys that open notes, if this machine has any.
    pub identities: Vec<age::x25519::Identity>,
    /// Whether to seal, once, what the platform still keeps.
    pub backfill: bool,
    /// How often to look for requests from commands.
    pub request_poll: Duration,
    /// Where the public folder is served, if it is.
    pub serve: Option<ServeSettings>,
    /// Where it is copied to, if anywhere.
    pub upload: Option<(Destination, Option<BucketKey>)>,
}

/// Runs until `shutdown` is cancelled, and leaves everything durable. A task may be cut at any point: each of its
/// durable steps is one transaction, and a cut has the same effect as a crash.
///
/// # Errors
/// If a task had to stop; the others are stopped with it.
pub async fn run(parts: Parts, shutdown: CancellationToken) -> anyhow::Result<()> {
    let store = parts.store.clone();
    let outcome = run_tasks(parts, shutdown).await;
    store.close().await;
    outcome
}

/// Runs the tasks until the last has ended, and returns why the first had to.
async fn run_tasks(parts: Parts, shutdown: CancellationToken) -> anyhow::Result<()> {
    // An answer that names another account is then no answer.
    if let Some(account) = parts.store.own_account().await? {
        parts.platform.know_me(account.id);
    }
    let Registry { tasks, signals } = tasks::all(&parts);
    let (clock, store, pulse) = (parts.clock.clone(), parts.store.clone(), Pulse::default());
    let beat = pulse::beat(pulse.clone(), store.clone(), clock.clone());
    let waker = Waker { clock: clock.clone(), store: store.clone(), signals, pulse, shutdown: shutdown.clone() };
    let mut running = JoinSet::new();
    let until = shutdown.clone();
    running.spawn(async move { until.run_until_cancelled(beat).await.unwrap_or(Ok(())) });
    for task in tasks {
        debug!(loop.name = task.name, "starting");
        running.spawn((task.start)(waker.clone()));
    }
    if let Some(serve) = parts.serve {
        let shutdown = shutdown.clone();
        running.spawn(async move { site::serve(&serve, &parts.public, &store, &clock, &shutdown).await });
    }
    drop(waker);
    let mut outcome = Ok(());
    while let Some(ended) = running.join_next().await {
        // A task that panicked is in an unknown state: the daemon ends, and starts anew from what is durable.
        let ended = ended.context("a task panicked").and_then(|ended| ended);
        pulse::ends();
        if let Err(error) = ended {
            shutdown.cancel();
            // The caller reports why the first one ended; the others most often end for the same reason.
            match outcome {
                Ok(()) => outcome = Err(error),
                Err(_) => warn!(error = format!("{error:#}").replace('\n', ": "), "another loop had to stop too"),
            }
        }
    }
    info!("stopped");
    outcome
}

/// What the site says, from the configuration; the account comes from the store.
pub fn site_settings(config: &Config, vkey: VerifierKey) -> SiteSettings {
    SiteSettings {
        vkey,
        account: None,
        address: config.log.address.as_ref().map(|address| address.as_str().trim_end_matches('/').to_owned()),
        post_address: x::address_of,
        web: config.x.web.to_string(),
    }
}

/// The client for X, as the configuration has it. Nothing is sent yet.
///
/// # Errors
/// If a secret or an address cannot be used.
pub fn platform(config: &Config, clock: &Clock) -> anyhow::Result<X> {
    Ok(X::new(x::ClientSettings {
        base: config.x.api.to_string(),
        credentials: secrets::credentials(&config.x.credentials_file)?,
        connect_time: CONNECT_TIME,
        call_time: config.x.timeout,
        clock: clock.clone(),
    })?)
}

/// Where the configuration says that the public folder is copied to, and the key that this takes.
fn upload(config: &Config) -> anyhow::Result<Option<(Destination, Option<BucketKey>)>> {
    let Some(to) = &config.upload else { return Ok(None) };
    let key = match to {
        Destination::Folder(_) => None,
        Destination::Bucket { credentials_file, .. } => Some(secrets::bucket_key(credentials_file)?),
    };
    Ok(Some((to.clone(), key)))
}

impl TaskSettings {
    fn of(config: &Config) -> TaskSettings {
        TaskSettings {
            watch: config.watch.clone(),
            correspondents: config.correspondents.clone(),
            publish: config.publish.clone(),
            monitor: config.monitor.clone(),
            bot: config.bot.clone(),
            open: config.open.clone(),
            slip: config.slip.clone(),
            receipt: config.receipt.clone(),
        }
    }
}

impl Parts {
    /// The tasks with default settings, and with the random numbers and the time of the machine.
    pub fn new(platform: Arc<dyn Platform>, store: Store, vault: Vault, public: PathBuf, site: SiteSettings) -> Parts {
        Parts {
            platform,
            store,
            vault: Arc::new(vault),
            clock: Clock::system(),
            salts: Arc::new(|| Salt::from_bytes(rand::random())),
            chance: Arc::new(rand::random),
            public,
            site,
            settings: TaskSettings::default(),
            identities: Vec::new(),
            backfill: false,
            request_poll: REQUEST_POLL,
            serve: None,
            upload: None,
        }
    }

    /// What the configuration says, without a look back. Opens the store; asks the platform nothing yet.
    ///
    /// # Errors
    /// If a secret or the store cannot be used.
    pub fn of(config: &Config) -> anyhow::Result<Parts> {
        let key = secrets::log_key(&config.log.key_file, &config.log.origin)?;
        let platform = Arc::new(platform(config, &Clock::system())?);
        let site = site_settings(config, key.vkey());
        // The operator decides where the key is: without it, this machine opens nothing. Slips need it.
        let identity = config.openings.identity_file.as_ref().filter(|file| config.slip.send || file.exists());
        let identities = identity.map(|file| secrets::identities(file)).transpose()?.unwrap_or_default();
        let store = Store::open(&config.log.database, key, Durability::Disk)?;
        let vault = Vault::new(config.openings.recipients.clone());
        Ok(Parts {
            settings: TaskSettings::of(config),
            identities,
            serve: config.serve.clone(),
            upload: upload(config)?,
            ..Parts::new(platform, store, vault, config.log.public.clone(), site)
        })
    }
}
