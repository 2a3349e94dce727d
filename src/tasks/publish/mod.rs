//! The public folder: the log as static files, in the form of C2SP tlog-tiles, as `log.txt` for `grep`, and as a site for
//! people.
//!
//! Files are written in an order in which a reader never sees a checkpoint whose tiles are missing: entries, tiles,
//! `log.txt`, pages, and the checkpoint last; each file whole, by a rename. The folder is a reader of the store like any
//! other: it computes the tree for itself and compares it with what was signed.

mod dirty;
mod files;
mod folder;
mod kind;
mod manifest;

use std::path::Path;

use anyhow::Context;
use tracing::info;

use crate::base::clock::Clock;
use crate::base::time::DAY_MS;
use crate::site;
use crate::store::Store;
use crate::tasks::task::{Next, Task};

pub use folder::{Folder, Written};
pub use kind::Kind;
pub use manifest::NAME as MANIFEST;

/// Entries read from the store at a time.
const PAGE: u64 = 4096;

/// The loop that keeps the public folder like the log.
pub struct Public {
    store: Store,
    clock: Clock,
    folder: Option<Folder>,
}

impl Task for Public {
    const NAME: &'static str = "public";

    /// Writes what the folder lacks: all of the log, and a bounded number of pages. Doing it twice does no harm.
    ///
    /// # Errors
    /// What the disk or the store says.
    async fn tick(&mut self) -> anyhow::Result<Next> {
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
}

impl Public {
    /// For the folder at `path`, made if it is not there. What is in it must be this log's.
    ///
    /// # Errors
    /// If the folder shows a head of another log, or one that this database does not lead to; what the disk says.
    pub async fn open(path: &Path, settings: site::Settings, store: Store, clock: Clock) -> anyhow::Result<Public> {
        let folder = Folder::open(path, settings)?;
        if let Some(shown) = folder.shown()
            && store.root_at(shown.size).await? != Some(shown.root)
        {
            return Err(folder.is_ahead());
        }
        Ok(Public { store, clock, folder: Some(folder) })
    }
}
