//! The public folder: the log as static files, in the form of C2SP tlog-tiles, as `log.txt` for `grep`, and as a site for
//! people.
//!
//! Files are written in an order in which a reader never sees a checkpoint whose tiles are missing: entries, tiles,
//! `log.txt`, pages, and the checkpoint last. Each file is replaced as a whole, by a rename. The folder reads the store
//! like any other reader: it computes the tree itself, and compares it with what was signed.

mod dirty;
mod files;
mod manifest;
mod folder;
mod kind;

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tracing::info;

use crate::base::clock::Clock;
use crate::base::time::DAY_MS;
use crate::site;
use crate::store::Store;
use crate::tasks::task::{End, Needs, Next, Task, Wake};

pub use folder::{Folder, Written, prepare};
pub use kind::FileHeaders;
pub use manifest::NAME as MANIFEST;

/// How long new entries may wait before they are written.
const PUBLISH_DEBOUNCE: Duration = Duration::from_millis(20);

/// Number of entries read from the store at a time.
const PAGE: u64 = 4096;

/// The task that keeps the public folder up to date with the log.
pub struct Public {
    store: Store,
    clock: Clock,
    folder: Option<Folder>,
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

    /// Writes what is missing in the folder: all of the log, and a bounded number of pages. Doing it twice does no
    /// harm.
    ///
    /// # Errors
    /// Those of the disk and of the store.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let next = self.step().await?;
        self.written.send_modify(|times| *times += 1);
        Ok(next)
    }
}

impl Public {
    async fn step(&mut self) -> anyhow::Result<Next> {
        let size = self.store.size().await?;
        let account = self.store.own_account().await?;
        let mut folder = self.folder.take().context("an earlier write to the public folder was cut short")?;
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
        let now = self.clock.now();
        if folder.is_current() {
            self.folder = Some(folder);
            return Ok(Next::Idle(now.plus_ms(DAY_MS)));
        }
        let checkpoint = self.store.checkpoint(size).await?;
        let write = move || folder.write(&checkpoint).map(|written| (folder, written));
        let (folder, Written { files, left }) = tokio::task::spawn_blocking(write).await??;
        self.folder = Some(folder);
        info!(size, files, pages.left = left, "published the log");
        if 0 < left {
            return Ok(Next::Now);
        }
        self.store.report(Self::NAME, None, now).await?;
        Ok(Next::Idle(now.plus_ms(DAY_MS)))
    }

    /// For the folder at `path`, made if it is not there. What is in it must be this log's.
    ///
    /// # Errors
    /// If the folder shows a head of another log, or one that this database does not lead to; the errors of the disk.
    pub async fn open(path: &Path, settings: site::SiteSettings, store: Store, clock: Clock) -> anyhow::Result<Public> {
        let folder = Folder::open(path, settings)?;
        if let Some(shown) = folder.shown()
            && store.root_at(shown.size).await? != Some(shown.root)
        {
            return Err(folder.is_ahead());
        }
        Ok(Public { store, clock, folder: Some(folder), written: watch::Sender::new(0) })
    }

    /// Reports each time when the folder was updated or found up to date.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }
}
