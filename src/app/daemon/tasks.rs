//! The list of the daemon's tasks: the parts of each, and the values that it gets from outside its own section.

use std::pin::Pin;

use super::waker::{Signals, Waker};
use super::{Parts, TaskSettings};
use crate::base::ids::AccountId;
use crate::tasks::acknowledge::Receiver;
use crate::tasks::deliver::{DeliverSettings, DmSender};
use crate::tasks::disclose::{DiscloseContext, Discloser};
use crate::tasks::inspect::Inspector;
use crate::tasks::monitor::Monitor;
use crate::tasks::post::Publisher;
use crate::tasks::publish::Public;
use crate::tasks::replicate::Upload;
use crate::tasks::reply::{Bot, BotContext};
use crate::tasks::seal::{WatchContext, Watcher};
use crate::tasks::survey::{Conversations, Recipients};
use crate::tasks::task::Task;

/// A task that is about to run.
type Running = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// A task in the list.
pub(super) struct Registered {
    /// Its name, in log lines and in `status`.
    pub(super) name: &'static str,
    /// Starts it.
    pub(super) start: Box<dyn FnOnce(Waker) -> Running + Send>,
}

/// All tasks, and what they learn from each other.
pub(super) struct Registry {
    pub(super) tasks: Vec<Registered>,
    pub(super) signals: Signals,
}

impl Registered {
    fn of<T: Task + 'static>(task: T) -> Registered {
        Registered { name: T::NAME, start: Box::new(|waker| Box::pin(waker.drive(task))) }
    }

    /// A task that needs something for which it may have to wait, like a disk that is not there yet.
    fn made<T: Task + 'static>(make: impl Fn() -> anyhow::Result<T> + Send + Sync + 'static) -> Registered {
        Registered { name: T::NAME, start: Box::new(|waker| Box::pin(waker.drive_made(make))) }
    }
}

/// All tasks that are to run. Nothing is asked of the platform yet.
pub(super) fn all(parts: &Parts) -> Registry {
    let public = parts.public();
    let publisher = parts.publisher().beside(public.shown());
    let signals = Signals {
        grown: parts.store.grown(),
        written: public.written(),
        folder: public.shown(),
        compared: publisher.compared(),
    };
    let tasks = [
        Some(Registered::of(public)),
        Some(Registered::of(publisher)),
        Some(Registered::of(parts.watcher())),
        Some(Registered::of(parts.recipients())),
        Some(Registered::of(parts.conversations())),
        Some(Registered::of(parts.discloser())),
        Some(Registered::of(parts.dm_sender())),
        parts.monitor().map(Registered::of),
        parts.inspector().map(Registered::of),
        parts.receiver().map(Registered::of),
        parts.bot().map(Registered::of),
        parts.upload(),
    ];
    Registry { tasks: tasks.into_iter().flatten().collect(), signals }
}

impl TaskSettings {
    /// Who may command by message.
    fn officials(&self) -> Vec<AccountId> {
        self.bot.as_ref().map(|bot| bot.officials.clone()).unwrap_or_default()
    }
}

impl Parts {
    fn public(&self) -> Public {
        let schedule = self.settings.monitor.public.clone();
        Public::new(&self.public, self.site.clone(), self.store.clone(), self.clock.clone()).compared_by(schedule)
    }

    fn publisher(&self) -> Publisher {
        let TaskSettings { publish, receipt, .. } = self.settings.clone();
        let (platform, store, clock) = (self.platform.clone(), self.store.clone(), self.clock.clone());
        Publisher::new(platform, store, clock, publish, receipt.posts_a_day, self.request_poll)
            .sealing_every(self.settings.watch.poll)
    }

    /// Only if posts are read again.
    fn monitor(&self) -> Option<Monitor> {
        let settings = &self.settings.monitor;
        let (platform, store, clock) = (self.platform.clone(), self.store.clone(), self.clock.clone());
        (0 < settings.reads_a_day).then(|| Monitor::new(platform, store, clock, settings))
    }

    /// Only if openings are looked at again.
    fn inspector(&self) -> Option<Inspector> {
        let schedule = self.settings.monitor.openings.clone()?;
        Some(Inspector::new(self.store.clone(), self.clock.clone(), Some(schedule), self.identities.clone()))
    }

    fn watcher(&self) -> Watcher {
        let TaskSettings { watch, slip, receipt, .. } = self.settings.clone();
        let (log, officials) = (self.site.vkey.name().clone(), self.settings.officials());
        let context = WatchContext { log, backfill: self.backfill, officials, slip, receipt };
        let (platform, store, clock) = (self.platform.clone(), self.store.clone(), self.clock.clone());
        Watcher::new(platform, store, self.vault.clone(), clock, self.salts.clone(), watch, context)
    }

    fn recipients(&self) -> Recipients {
        let TaskSettings { watch, correspondents, .. } = self.settings.clone();
        let (platform, store, clock) = (self.platform.clone(), self.store.clone(), self.clock.clone());
        Recipients::new(platform, store, clock, correspondents, watch.rule)
    }

    fn conversations(&self) -> Conversations {
        let TaskSettings { watch, correspondents, .. } = self.settings.clone();
        let (platform, store, clock) = (self.platform.clone(), self.store.clone(), self.clock.clone());
        Conversations::new(platform, store, clock, correspondents, watch.rule)
    }

    fn discloser(&self) -> Discloser {
        let context = DiscloseContext {
            poll: self.request_poll,
            officials: self.settings.officials(),
            identities: self.identities.clone(),
            vkey: self.site.vkey.clone(),
            post_address: self.site.post_address,
            web: self.site.web.clone(),
        };
        let open = self.settings.open.clone();
        Discloser::new(self.platform.clone(), self.store.clone(), self.clock.clone(), open, context)
    }

    fn dm_sender(&self) -> DmSender {
        let unknown_outcome_timeout = self.settings.publish.unknown_outcome_timeout;
        let (identities, poll) = (self.identities.clone(), self.request_poll);
        let settings = DeliverSettings { unknown_outcome_timeout, identities, poll };
        DmSender::new(self.platform.clone(), self.store.clone(), self.clock.clone(), settings)
    }

    /// Only if somebody's notes are receipted.
    fn receiver(&self) -> Option<Receiver> {
        let (platform, store, clock) = (self.platform.clone(), self.store.clone(), self.clock.clone());
        let has_senders = !self.settings.receipt.from.is_empty();
        has_senders.then(|| Receiver::new(platform, store, clock, self.request_poll))
    }

    /// Only if somebody is answered.
    fn bot(&self) -> Option<Bot> {
        let TaskSettings { watch, bot, open, .. } = self.settings.clone();
        let correspondents = watch.rule.into_iter().flat_map(|rule| rule.correspondents).collect();
        let context = BotContext { correspondents, open, has_key: !self.identities.is_empty() };
        let (platform, store, clock) = (self.platform.clone(), self.store.clone(), self.clock.clone());
        Some(Bot::new(platform, store, clock, self.chance.clone(), bot?, context))
    }

    /// Only if the public folder is copied somewhere.
    fn upload(&self) -> Option<Registered> {
        let (to, key) = self.upload.clone()?;
        let (vkey, store, clock) = (self.site.vkey.clone(), self.store.clone(), self.clock.clone());
        let public = self.public.clone();
        let make = move || Upload::open(&public, &to, key.as_ref(), vkey.clone(), store.clone(), clock.clone());
        Some(Registered::made(make))
    }
}

#[cfg(test)]
#[cfg(feature = "sandbox")]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::app::daemon;
    use crate::base::clock::Clock;
    use crate::base::ids::Origin;
    use crate::platform::x;
    use crate::sandbox::world::{Outgoing, Settings};
    use crate::sandbox::{self, Direct, EMBASSY, MINISTRY, Shared, story_world};
    use crate::site::SiteSettings;
    use crate::store::vault::Vault;
    use crate::store::{Durability, Reader, Store};
    use crate::tasks::acknowledge::ReceiptSettings;
    use crate::tasks::replicate::Destination;
    use crate::tasks::reply::BotSettings;
    use crate::tasks::rules::{Correspondent, Formal, Rule};
    use crate::tasks::seal::WatchSettings;
    use crate::tlog::signed_note::LogKey;

    const POLL: Duration = Duration::from_millis(10);

    /// An installation in `folder` in which every task is to run.
    fn everything(folder: &std::path::Path, world: &Shared) -> Parts {
        let key = LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [7; 32]);
        let (web, vkey) = (x::WEB.to_owned(), key.vkey());
        let site = SiteSettings { vkey, account: None, address: None, post_address: x::address_of, web };
        let database = folder.join("verbale.db");
        Store::create(&database, &key.vkey()).unwrap();
        let store = Store::open(&database, key, Durability::Process).unwrap();
        let ministry = vec![Correspondent::Id(MINISTRY)];
        let rule = Rule { correspondents: ministry.clone(), formal: Formal::All };
        let settings = TaskSettings {
            watch: WatchSettings { rule: vec![rule], poll: POLL, ..WatchSettings::default() },
            bot: Some(BotSettings { poll: POLL, ..BotSettings::default() }),
            receipt: ReceiptSettings { from: ministry, ..ReceiptSettings::default() },
            ..TaskSettings::default()
        };
        let mirror = folder.join("mirror");
        std::fs::create_dir(&mirror).unwrap();
        let vault = Vault::new(vec![age::x25519::Identity::generate().to_public()]);
        let platform = Arc::new(Direct::new(world.clone(), EMBASSY));
        let upload = Some((Destination::Folder(mirror), None));
        Parts { settings, upload, ..Parts::new(platform, store, vault, folder.join("public"), site) }
    }

    #[tokio::test]
    async fn each_task_has_a_name_of_its_own_that_status_shows() {
        let folder = tempfile::tempdir().unwrap();
        let clock = sandbox::Clock::of_the_machine();
        let world = Shared::new(story_world(Settings::without_limits(), 7, clock.now()), clock);
        let parts = everything(folder.path(), &world);
        let names: Vec<&str> = all(&parts).tasks.iter().map(|task| task.name).collect();
        let known: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
        assert_eq!(known.len(), names.len(), "{names:?}");
        assert_eq!(names.len(), 12, "every task runs here: {names:?}");

        let shutdown = CancellationToken::new();
        let running = tokio::spawn(daemon::run(parts, shutdown.clone()));
        let reader = Reader::open(&folder.path().join("verbale.db")).unwrap();
        let begun = Clock::system().now();
        loop {
            let reports = reader.task_reports().await.unwrap();
            let shown: BTreeSet<String> = reports.into_iter().map(|one| one.name).collect();
            if shown == known {
                break;
            }
            assert!(Clock::system().now().ms_since(begun) < 20_000, "only {shown:?} of {known:?}");
            world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &Outgoing::text("a note"))).unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        shutdown.cancel();
        running.await.unwrap().unwrap();
    }

    /// How a daemon ended, whose parts were changed so, and to which somebody writes.
    async fn end_of(change: impl FnOnce(Parts) -> Parts) -> String {
        let folder = tempfile::tempdir().unwrap();
        let clock = sandbox::Clock::of_the_machine();
        let world = Shared::new(story_world(Settings::without_limits(), 7, clock.now()), clock);
        let parts = change(everything(folder.path(), &world));
        let (running, write) = (daemon::run(parts, CancellationToken::new()), async {
            loop {
                world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &Outgoing::text("a note"))).unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let ended = tokio::time::timeout(Duration::from_secs(20), async {
            tokio::select! {
                ended = running => ended.unwrap_err(),
                () = write => unreachable!(),
            }
        });
        format!("{:#}", ended.await.expect("it goes on"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_task_that_panics_ends_the_daemon_which_starts_anew() {
        let ended = end_of(|parts| Parts { salts: Arc::new(|| panic!("no chance")), ..parts }).await;
        assert!(ended.contains("a task panicked"), "{ended}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_clock_that_is_set_far_ends_the_daemon_which_compares_it_anew() {
        let begun = Clock::system().now();
        let clock = Clock::from_fn(move || {
            let now = Clock::system().now();
            if now.ms_since(begun) < 500 { now } else { now.plus_ms(86_400_000) }
        });
        let ended = end_of(|parts| Parts { clock, ..parts }).await;
        assert!(ended.contains("this machine's clock was set by 86"), "{ended}");
    }
}
