//! The composition root: builds the loops, runs them, stops cleanly. The only place that knows everybody.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::app::config::{Config, secrets};
use crate::app::http::Web;
use crate::base::clock::Clock;
use crate::base::time::Time;
use crate::note::Salt;
use crate::platform::Platform;
use crate::platform::x::{self, X};
use crate::site;
use crate::store::vault::Vault;
use crate::store::{Durability, Store};
use crate::tasks::acknowledge::Receiver;
use crate::tasks::deliver::{self, DmSender};
use crate::tasks::disclose::{self, Discloser};
use crate::tasks::post::{self, Publisher};
use crate::tasks::publish::Public;
use crate::tasks::replicate::{self, BucketKey, Upload};
use crate::tasks::reply::{self, Bot};
use crate::tasks::seal::{self, Salts, Watcher};
use crate::tasks::task::{Next, Task};
use crate::tlog::signed_note::VerifierKey;

/// The longest sleep at a stretch: a clock that is set is noticed after it.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// How long the public folder lets the log grow before it writes: the post of a note does not wait for its files to be on
/// the disk, and the entry about the post is written together with the note's.
const PUBLISH_DEBOUNCE: Duration = Duration::from_millis(20);

/// How often discloser and receiver look for what commands have asked for.
const REQUEST_POLL: Duration = Duration::from_secs(1);

/// The longest wait for a connection.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// What the daemon is made of.
pub struct Parts {
    /// The platform.
    pub platform: Arc<dyn Platform>,
    /// The open store.
    pub store: Store,
    /// Encrypts the openings.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
    /// Where salts come from.
    pub salts: Salts,
    /// The public folder.
    pub public: PathBuf,
    /// What the public site says besides the log.
    pub site: site::Settings,
    /// For the watcher.
    pub watcher: seal::Settings,
    /// For the publisher.
    pub publisher: post::Settings,
    /// For the bot; none if nobody is answered.
    pub bot: Option<reply::Settings>,
    /// Where the codes of officials come from.
    pub chance: reply::Chance,
    /// For the discloser.
    pub discloser: disclose::Settings,
    /// For the dm_sender.
    pub dm_sender: deliver::Settings,
    /// How often the receiver looks whether a receipt is asked for; none if nobody's notes are receipted.
    pub receiver: Option<Duration>,
    /// Where the public folder is handed out, if it is.
    pub serve: Option<SocketAddr>,
    /// Where it is copied to, if anywhere.
    pub upload: Option<(replicate::Settings, Option<BucketKey>)>,
}

/// Runs until `shutdown` is cancelled, and leaves everything durable: a loop may be cut at any point, since each
/// of its durable steps is one transaction and what comes after a cut is what comes after a crash.
///
/// # Errors
/// If a loop had to stop; the others are stopped with it.
pub async fn run(parts: Parts, shutdown: CancellationToken) -> anyhow::Result<()> {
    let store = parts.store.clone();
    let outcome = run_loops(parts, shutdown).await;
    store.close().await;
    outcome
}

/// Runs the loops until the last has ended, and tells why the first had to.
async fn run_loops(parts: Parts, shutdown: CancellationToken) -> anyhow::Result<()> {
    let Parts { platform, store, vault, clock, salts, public: folder, site, watcher, publisher, bot, chance, .. } =
        parts;
    // A port that cannot be had is said before anything is done.
    let web = match parts.serve {
        Some(address) => Some(Web::bind(address).await?),
        None => None,
    };
    let vkey = site.vkey.clone();
    let public = Public::open(&folder, site, store.clone(), clock.clone()).await?;
    let upload = parts
        .upload
        .map(|(to, key)| Upload::open(&folder, &to, key.as_ref(), vkey, store.clone(), clock.clone()))
        .transpose()?;
    let publisher = Publisher::new(platform.clone(), store.clone(), clock.clone(), publisher);
    let compared = publisher.compared();
    let bot = bot.map(|settings| Bot::new(platform.clone(), store.clone(), clock.clone(), chance, settings));
    let discloser = Discloser::new(platform.clone(), store.clone(), clock.clone(), parts.discloser);
    let dm_sender = DmSender::new(platform.clone(), store.clone(), clock.clone(), parts.dm_sender);
    let receiver = parts.receiver.map(|poll| Receiver::new(platform.clone(), store.clone(), clock.clone(), poll));
    let watcher = Watcher::new(platform, store.clone(), Arc::new(vault), clock.clone(), salts, watcher);
    let alone = Waker { clock: clock.clone(), grown: None, shutdown: shutdown.clone() };
    let woken = Waker { grown: Some(store.grown()), ..alone.clone() };
    let mut loops = JoinSet::new();
    if let Some(web) = web {
        let shutdown = shutdown.clone();
        loops.spawn(async move { web.serve(&folder, shutdown).await });
    }
    let (tell, published) = watch::channel(0);
    if let Some(upload) = upload {
        let woken = Waker { grown: Some(published), ..alone.clone() };
        loops.spawn(woken.drive(upload));
    }
    loops.spawn(keep_public(public, store.grown(), tell, shutdown.clone()));
    loops.spawn(woken.clone().drive(publisher));
    loops.spawn(alone.drive_after(compared.clone(), watcher));
    loops.spawn(woken.clone().drive_after(compared.clone(), discloser));
    loops.spawn(woken.clone().drive_after(compared.clone(), dm_sender));
    if let Some(receiver) = receiver {
        loops.spawn(woken.clone().drive_after(compared.clone(), receiver));
    }
    if let Some(bot) = bot {
        loops.spawn(woken.drive_after(compared, bot));
    }
    let mut outcome = Ok(());
    while let Some(ended) = loops.join_next().await {
        let ended = ended.context("a loop panicked").and_then(|ended| ended);
        if let Err(error) = ended {
            shutdown.cancel();
            // Who called says why the first one ended; what ends the others is most often the same.
            match outcome {
                Ok(()) => outcome = Err(error),
                Err(_) => warn!(error = format!("{error:#}").replace('\n', ": "), "another loop had to stop too"),
            }
        }
    }
    info!("stopped");
    outcome
}

/// Runs the loop of the public folder, and tells each time that it was written. It writes a moment after the log has grown, and a last time when told to stop; a
/// tick of it is never cut, and pages that are left then are written after the next start.
async fn keep_public(
    mut public: Public,
    mut grown: watch::Receiver<u64>,
    published: watch::Sender<u64>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let last = shutdown.is_cancelled();
        grown.mark_unchanged();
        let next = public.tick().await.inspect_err(|_| info!(loop.name = Public::NAME, "stopping"))?;
        published.send_modify(|times| *times += 1);
        if last {
            return Ok(());
        }
        if next == Next::Now {
            continue;
        }
        let moment = async {
            let _ = grown.changed().await;
            tokio::time::sleep(PUBLISH_DEBOUNCE).await;
        };
        let _ = shutdown.run_until_cancelled(moment).await;
    }
}

/// Runs any other loop.
#[derive(Clone)]
struct Waker {
    clock: Clock,
    /// Tells when the log, or the public folder, has grown, for loops that care.
    grown: Option<watch::Receiver<u64>>,
    shutdown: CancellationToken,
}

impl Waker {
    /// Without a comparison of the log with what is public nothing is entered in it; if the publisher ends before, the
    /// reason is its own to tell.
    async fn drive_after<T: Task>(self, mut compared: watch::Receiver<bool>, work: T) -> anyhow::Result<()> {
        let stopped = self.shutdown.clone();
        let done = stopped.run_until_cancelled(async { compared.wait_for(|done| *done).await.is_ok() }).await;
        if done == Some(true) { self.drive(work).await } else { Ok(()) }
    }

    async fn drive<T: Task>(mut self, mut work: T) -> anyhow::Result<()> {
        let shutdown = self.shutdown.clone();
        let endless = async {
            loop {
                if let Some(grown) = &mut self.grown {
                    grown.mark_unchanged();
                }
                let next = work.tick().await.inspect_err(|_| info!(loop.name = T::NAME, "stopping"))?;
                self.rest(next).await;
            }
        };
        shutdown.run_until_cancelled(endless).await.unwrap_or(Ok(()))
    }

    async fn rest(&mut self, next: Next) {
        match (next, &mut self.grown) {
            (Next::Now, _) => {}
            (Next::Wait(until), _) | (Next::Idle(until), None) => sleep_until(&self.clock, until).await,
            (Next::Idle(until), Some(grown)) => {
                tokio::select! {
                    () = sleep_until(&self.clock, until) => {}
                    _ = grown.changed() => {}
                }
            }
        }
    }
}

/// Sleeps until the clock says so. A clock that is set back meanwhile makes it no longer than it was meant to be.
async fn sleep_until(clock: &Clock, until: Time) {
    let left = || u64::try_from(until.ms_since(clock.now())).map(Duration::from_millis).unwrap_or_default();
    let (begun, meant) = (Instant::now(), left());
    loop {
        let left = left().min(meant.saturating_sub(begun.elapsed()));
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(SLEEP_MAX)).await;
    }
}

/// What the site says, as the configuration has it; the account is the store's to tell.
pub fn site_settings(config: &Config, vkey: VerifierKey) -> site::Settings {
    site::Settings {
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
    Ok(X::new(x::Settings {
        base: config.x.api.to_string(),
        credentials: secrets::credentials(&config.x.credentials_file)?,
        connect_time: CONNECT_TIME,
        call_time: config.x.timeout,
        clock: clock.clone(),
    })?)
}

/// Where the configuration says that the public folder is copied to, and the key that this takes.
fn upload(config: &Config) -> anyhow::Result<Option<(replicate::Settings, Option<BucketKey>)>> {
    let Some(to) = &config.upload else { return Ok(None) };
    let key = match to {
        replicate::Settings::Folder(_) => None,
        replicate::Settings::Bucket { credentials_file, .. } => Some(secrets::bucket_key(credentials_file)?),
    };
    Ok(Some((to.clone(), key)))
}

/// What the configuration says to the bot, if there is one.
fn bot_settings(config: &Config, has_key: bool) -> Option<reply::Settings> {
    let bot = config.bot.as_ref()?;
    let correspondents = config.watch.rules.iter().flat_map(|rule| rule.correspondents.clone());
    Some(reply::Settings {
        poll: bot.poll,
        officials: bot.officials.clone(),
        correspondents: correspondents.collect(),
        limits: bot.limits,
        approval: config.open.approval,
        persons: config.open.persons.clone(),
        lapse: config.open.lapse,
        has_key,
    })
}

impl Parts {
    /// What the configuration says, with the machine's own clock and chance. Opens the store; asks the platform nothing yet.
    ///
    /// # Errors
    /// If a secret or the store cannot be used.
    pub fn of(config: &Config, backfill: bool) -> anyhow::Result<Parts> {
        let key = secrets::log_key(&config.log.key_file, &config.log.origin)?;
        let clock = Clock::system();
        let platform = platform(config, &clock)?;
        let site = site_settings(config, key.vkey());
        let vkey = key.vkey();
        let officials = config.bot.as_ref().map(|bot| bot.officials.clone()).unwrap_or_default();
        // Where the key lies is the operator's choice: taken away, this machine opens nothing. Slips need it.
        let identity = config.openings.identity_file.as_ref().filter(|file| config.slip.send || file.exists());
        let identities = identity.map(|file| secrets::identities(file)).transpose()?.unwrap_or_default();
        Ok(Parts {
            platform: Arc::new(platform),
            store: Store::open(&config.log.database, key, Durability::Disk)?,
            vault: Vault::new(config.openings.recipients.clone()),
            clock,
            salts: Arc::new(|| Salt::from_bytes(rand::random())),
            public: config.log.public.clone(),
            site,
            watcher: seal::Settings {
                log: config.log.origin.clone(),
                rules: config.watch.rules.clone(),
                poll: config.watch.poll,
                attachments_timeout: config.watch.attachments_timeout,
                attachment_bytes_max: config.watch.attachment_bytes_max,
                backfill,
                slip: config.slip.send,
                receipt_from: if config.receipt.publish { config.receipt.from.clone() } else { Vec::new() },
                officials: officials.clone(),
            },
            publisher: post::Settings {
                unknown_outcome_timeout: config.publish.unknown_outcome_timeout,
                run_over: config.publish.run_over,
                heartbeat: config.publish.heartbeat.clone(),
                receipts_a_day: config.receipt.posts_a_day,
                ignore_posts_until: config.publish.ignore_posts_until,
            },
            bot: bot_settings(config, !identities.is_empty()),
            chance: Arc::new(rand::random),
            discloser: disclose::Settings {
                approval: config.open.approval,
                persons: config.open.persons.clone(),
                lapse: config.open.lapse,
                poll: REQUEST_POLL,
                officials,
                identities: identities.clone(),
                vkey,
                post_address: x::address_of,
                web: config.x.web.to_string(),
            },
            dm_sender: deliver::Settings {
                unknown_outcome_timeout: config.publish.unknown_outcome_timeout,
                identities,
            },
            receiver: (!config.receipt.from.is_empty()).then_some(REQUEST_POLL),
            serve: config.serve.as_ref().map(|serve| serve.address),
            upload: upload(config)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_clock_that_is_set_back_prolongs_no_sleep() {
        let moved_ms = Arc::new(AtomicI64::new(86_400_000));
        let offset_ms = moved_ms.clone();
        let clock = Clock::from_fn(move || Clock::system().now().plus_ms(offset_ms.load(Ordering::SeqCst)));
        let until = clock.now().plus_ms(50);
        moved_ms.store(0, Ordering::SeqCst);
        let sleep = async {
            // As if the clock had been right when the sleep began.
            moved_ms.store(86_400_000, Ordering::SeqCst);
            tokio::join!(sleep_until(&clock, until), async { moved_ms.store(0, Ordering::SeqCst) });
        };
        assert!(tokio::time::timeout(Duration::from_secs(5), sleep).await.is_ok());
    }
}
