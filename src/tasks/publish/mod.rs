//! The public folder: the log as static files, in the form of C2SP tlog-tiles, as `log.txt` for `grep`, and as a site for
//! people.
//!
//! Files are written in an order in which a reader never sees a checkpoint whose tiles are missing: entries, tiles,
//! `log.txt`, pages, and the checkpoint last. Each file is replaced as a whole, by a rename. The folder reads the store
//! like any other reader: it computes the tree itself, and compares it with what was signed.
//!
//! What was written is compared with the database by schedule, and written anew where it differs: a bounded piece at a
//! time, with pauses, so that a log of 100,000 notes takes minutes and holds nothing up. New entries go first.

mod dirty;
mod files;
mod manifest;
mod folder;
mod heal;
mod kind;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use cron::Schedule;
use tokio::sync::watch;
use tracing::info;

use self::heal::{Place, Round};
use crate::base::clock::Clock;
use crate::base::time::Time;
use crate::site;
use crate::store::Store;
use crate::tasks::settings::values::next_of;
use crate::tasks::task::{Backoff, End, Needs, Next, Shown, Task, Wake};
use crate::tasks::trouble::{self, Consequence};

pub use folder::{Folder, Written, prepare};
pub use kind::FileHeaders;
pub use manifest::NAME as MANIFEST;

/// How long new entries may wait before they are written.
const PUBLISH_DEBOUNCE: Duration = Duration::from_millis(20);

/// Number of entries read from the store at a time.
const PAGE: u64 = 4096;

/// The longest wait before the next try, when the folder cannot be read or written. Each reads the log anew. Posts may wait for
/// it.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A backlog of a million entries is written in one tick.
const WRITING_MAX: Duration = Duration::from_secs(3600);

/// Number of entries that are compared in one piece: eight full bundles.
const PIECE: u64 = 2048;

/// The pause between two pieces.
const PAUSE_MS: i64 = 500;

/// The longest time after which it is seen that the checkpoint, or a part of `log.txt`, is gone.
const LOOK_EVERY_MS: i64 = 3_600_000;

/// The task that keeps the public folder up to date with the log.
pub struct Public {
    path: PathBuf,
    settings: site::SiteSettings,
    store: Store,
    clock: Clock,
    backoff: Backoff,
    /// None before it was read, and after it could not be written: then nobody knows what is in it, and it is read anew.
    folder: Option<Folder>,
    /// When everything is compared with the database. None for never.
    schedule: Option<Schedule>,
    /// When it is compared next.
    due: Option<Time>,
    /// The comparison that has begun.
    round: Option<Round>,
    /// What the last comparison has found.
    trouble: Option<String>,
    /// Whether the last tick has found everything as it should be, in a comparison that goes on: nobody need be told.
    is_quiet: bool,
    /// Whether the last tick could not do its work, and has said so.
    is_held: bool,
    /// What the folder showed when it was first opened.
    shown: watch::Sender<Shown>,
    /// Number of times that the folder was updated or found up to date.
    written: watch::Sender<u64>,
}

impl Task for Public {
    const NAME: &'static str = "public";
    const WAKE: Wake = Wake::Log;
    const NEEDS: Needs = Needs::Nothing;
    /// The post of a note does not wait until its files are on the disk. The entry about the post is written together
    /// with that of the note.
    const DEBOUNCE: Duration = PUBLISH_DEBOUNCE;
    /// Pages that are still dirty then are written after the next start.
    const END: End = End::LastTick;
    const TICK_MAX: Duration = WRITING_MAX;

    /// Writes what is missing in the folder: all of the log, and a bounded number of pages. Doing it twice does no
    /// harm. What the disk does not do is tried again; a folder that was removed is made again.
    ///
    /// # Errors
    /// If the folder shows a head of another log, or one that this database does not lead to.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        self.is_quiet = false;
        match self.step().await {
            Ok(next) => {
                self.backoff.succeeded();
                if std::mem::take(&mut self.is_held) {
                    self.store.report(Self::NAME, self.trouble.clone(), self.clock.now()).await?;
                }
                if !self.is_quiet {
                    self.written.send_modify(|times| *times += 1);
                }
                Ok(next)
            }
            Err(error) if trouble::consequence(&error) == Consequence::Hold => {
                if *self.shown.borrow() == Shown::Unknown {
                    self.shown.send_replace(Shown::Unreadable);
                }
                // Nobody knows what is in the folder now: it is read anew.
                (self.folder, self.round, self.is_held) = (None, None, true);
                self.backoff.hold(Self::NAME, &error, &self.store, self.clock.now()).await.map(Next::Wait)
            }
            Err(error) => Err(error),
        }
    }
}

impl Public {
    /// For the folder at `path`. Nothing is read yet.
    pub fn new(path: &Path, settings: site::SiteSettings, store: Store, clock: Clock) -> Public {
        Public {
            path: path.to_owned(),
            settings,
            store,
            clock,
            backoff: Backoff::up_to(LONGEST_WAIT),
            folder: None,
            schedule: None,
            due: None,
            round: None,
            trouble: None,
            is_quiet: false,
            is_held: false,
            shown: watch::Sender::new(Shown::Unknown),
            written: watch::Sender::new(0),
        }
    }

    /// The same, with everything in the folder compared with the database by this schedule. None for never.
    #[must_use]
    pub fn compared_by(self, schedule: Option<Schedule>) -> Public {
        Public { schedule, ..self }
    }

    async fn step(&mut self) -> anyhow::Result<Next> {
        if self.folder.is_none() {
            let folder = self.open().await?;
            if !matches!(*self.shown.borrow(), Shown::Nothing | Shown::Head) {
                self.shown.send_replace(if folder.is_new() { Shown::Nothing } else { Shown::Head });
            }
            self.folder = Some(folder);
        }
        self.bring_up_to_date().await
    }

    /// Reads the folder, which is made if it is not there. What is in it must be this log's.
    async fn open(&self) -> anyhow::Result<Folder> {
        let folder = Folder::open(&self.path, self.settings.clone())?;
        if let Some(shown) = folder.shown()
            && self.store.root_at(shown.size).await? != Some(shown.root)
        {
            return Err(folder.is_ahead());
        }
        Ok(folder)
    }

    async fn bring_up_to_date(&mut self) -> anyhow::Result<Next> {
        let size = self.store.size().await?;
        let account = self.store.own_account().await?;
        let folder = self.folder.as_mut().context("an earlier write to the public folder was cut short")?;
        while folder.len() < size {
            let lines = self.store.entries(folder.len(), PAGE.min(size - folder.len())).await?;
            folder.take(lines);
        }
        while let Some(note) = folder.unreleased() {
            let files = self.store.disclosed_files(note).await?;
            for name in folder.lacking(note, &files) {
                if let Some(bytes) = self.store.disclosed_file(note, &name).await? {
                    folder.disclosed_file(note, &name, &bytes)?;
                }
            }
            folder.set_released(note, files);
        }
        folder.set_account(account.map(|account| account.name));
        if folder.is_text_short() {
            return self.make_text_whole().await;
        }
        if folder.is_current() {
            return self.compare().await;
        }
        let checkpoint = self.store.checkpoint(size).await?;
        let Written { files, left } = self.with_folder(move |folder| folder.write(&checkpoint)).await??;
        info!(size, files, pages.left = left, "published the log");
        if 0 < left {
            return Ok(Next::Now);
        }
        let now = self.clock.now();
        self.store.report(Self::NAME, self.trouble.clone(), now).await?;
        Ok(Next::Idle(self.next_look(now)))
    }

    /// Does something with the folder that may wait for the disk. If it panics, the folder is gone.
    async fn with_folder<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Folder) -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let mut folder = self.folder.take().context("an earlier write to the public folder was cut short")?;
        let (folder, done) = tokio::task::spawn_blocking(move || {
            let done = work(&mut folder);
            (folder, done)
        })
        .await?;
        self.folder = Some(folder);
        Ok(done)
    }

    /// Goes on with the comparison, begins one that is due, or waits for the next.
    async fn compare(&mut self) -> anyhow::Result<Next> {
        let now = self.clock.now();
        if self.round.is_none() && self.is_due(now).await? {
            self.round = Some(Round::new());
        }
        let Some(round) = &self.round else { return Ok(Next::Idle(self.next_look(now))) };
        if let Some(next) = self.piece(round.place).await? {
            if let Some(round) = &mut self.round {
                round.place = next;
            }
            return Ok(Next::Idle(now.plus_ms(PAUSE_MS)));
        }
        self.trouble = self.round.take().and_then(|round| round.trouble());
        self.due = self.schedule.as_ref().and_then(|schedule| next_of(schedule, now));
        self.store.report(Self::NAME, self.trouble.clone(), now).await?;
        Ok(Next::Idle(self.next_look(now)))
    }

    /// Whether everything is to be compared now: by schedule, because an earlier process had found something and nobody
    /// knows whether it is still so, or because what a reader needs first is not what it was.
    async fn is_due(&mut self, now: Time) -> anyhow::Result<bool> {
        let Some(schedule) = &self.schedule else { return Ok(false) };
        let due = match self.due {
            Some(due) => due,
            None => {
                let reports = self.store.task_reports().await?;
                self.trouble = reports.into_iter().find(|one| one.name == Self::NAME).and_then(|one| one.trouble);
                let due = if self.trouble.is_some() { Some(now) } else { next_of(schedule, now) };
                *self.due.insert(due.unwrap_or(now.plus_ms(LOOK_EVERY_MS)))
            }
        };
        if due <= now {
            return Ok(true);
        }
        let Some(shown) = self.folder.as_ref().and_then(Folder::shown) else { return Ok(false) };
        let checkpoint = self.store.checkpoint(shown.size).await?;
        Ok(self.folder.as_ref().is_some_and(|folder| !folder.is_checkpoint_there(&checkpoint)))
    }

    fn next_look(&self, now: Time) -> Time {
        self.due.into_iter().fold(now.plus_ms(LOOK_EVERY_MS), Time::min)
    }

    /// Compares one piece. Returns what is next, or None at the end.
    async fn piece(&mut self, place: Place) -> anyhow::Result<Option<Place>> {
        let (found, next) = match place {
            Place::Entries { index, offset } => self.entries(index, offset).await?,
            Place::Head => {
                let shown = self.folder.as_ref().and_then(Folder::shown).map_or(0, |shown| shown.size);
                let checkpoint = self.store.checkpoint(shown).await?;
                (self.with_folder(move |folder| folder.heal_head(&checkpoint)).await??, Some(Place::Opened(0)))
            }
            Place::Opened(note) => self.opened(note).await?,
            Place::Range(place) => match self.with_folder(move |folder| folder.heal_range(place)).await? {
                Some(found) => (found, Some(Place::Range(place + 1))),
                None => (heal::Found::default(), Some(Place::Pages)),
            },
            Place::Pages => (self.with_folder(|folder| folder.heal_pages()).await?, None),
        };
        self.is_quiet = found.is_nothing();
        if let Some(round) = &mut self.round {
            round.take(found);
        }
        Ok(next)
    }

    /// Compares the next entries.
    async fn entries(&mut self, index: u64, offset: u64) -> anyhow::Result<(heal::Found, Option<Place>)> {
        let shown = self.folder.as_ref().and_then(Folder::shown).map_or(0, |shown| shown.size);
        if shown <= index {
            return Ok((heal::Found::default(), Some(Place::Head)));
        }
        let lines = self.store.entries(index, PIECE.min(shown - index)).await?;
        let end = index + lines.len() as u64;
        let (offset, found) = self.with_folder(move |folder| folder.heal_entries(index, offset, &lines)).await?;
        Ok((found, Some(if end == index { Place::Head } else { Place::Entries { index: end, offset } })))
    }

    /// Compares the files of the first opened note after this one.
    async fn opened(&mut self, note: u64) -> anyhow::Result<(heal::Found, Option<Place>)> {
        let mut all = heal::Found::default();
        let next = self.folder.as_ref().and_then(|folder| folder.opened_after(note));
        let Some(note) = next else { return Ok((all, Some(Place::Range(0)))) };
        for (name, _) in self.store.disclosed_files(note).await? {
            if let Some(bytes) = self.store.disclosed_file(note, &name).await? {
                all.join(self.with_folder(move |folder| folder.heal_opened(note, &name, &bytes)).await?);
            }
        }
        Ok((all, Some(Place::Opened(note))))
    }

    /// Nothing can be added to a text that lacks something: everything up to its end is compared first, without a pause.
    async fn make_text_whole(&mut self) -> anyhow::Result<Next> {
        let round = self.round.get_or_insert_with(Round::new);
        if !matches!(round.place, Place::Entries { .. }) {
            round.place = Place::Entries { index: 0, offset: 0 };
        }
        let place = round.place;
        let next = self.piece(place).await?;
        let Some(round) = &mut self.round else { return Ok(Next::Now) };
        round.place = next.unwrap_or(Place::Pages);
        match round.trouble().filter(|_| round.is_stuck()) {
            Some(trouble) => Err(anyhow::anyhow!(trouble)),
            None => Ok(Next::Now),
        }
    }

    /// Reports what the folder showed when it was first opened: before that nothing is posted.
    pub fn shown(&self) -> watch::Receiver<Shown> {
        self.shown.subscribe()
    }

    /// Reports each time when the folder was updated or found up to date.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }
}
