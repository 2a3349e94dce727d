//! The public folder in a store elsewhere: what has changed is copied to a bucket that speaks S3, or to another folder.
//!
//! It is copied in an order in which a reader of the store never sees a checkpoint whose tiles are missing: tiles,
//! pages, `log.txt`, and the checkpoint last. The two checkpoints, there and here, show which tiles to copy. The pages
//! to copy are those that were written since a watermark, which is kept in the store itself. So nothing has to be
//! remembered here: after a crash, or in a bucket that was emptied, everything that is missing is copied.

mod settings;
mod watermark;
mod target;
mod changes;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use secrecy::SecretString;
use tracing::{info, warn};

use self::changes::{Change, FoundChanges, Leading, Span};
use self::target::{Target, Trouble};
use self::watermark::Watermark;
use crate::base::clock::Clock;
use crate::base::time::Time;
use crate::site::Page;
use crate::store::Store;
use crate::tasks::task::{Backoff, Needs, Next, Task, Wake};
use crate::tasks::trouble::{self, Consequence, Contradiction};
use crate::tlog::checkpoint::{self, Checkpoint};
use crate::tlog::signed_note::VerifierKey;
use crate::tlog::tile::{self, TilePath};

pub use self::settings::{Destination, ReplicateSettings};

/// How often a longer `log.txt` is copied. It is not copied with every entry, because a store cannot append to a file.
const TEXT_BYTES_SHORT: u64 = 8 << 20;
const TEXT_EVERY_MS: i64 = 600_000;

/// Number of files that are copied at the same time.
const AT_ONCE: usize = 8;

/// The longest time after which the folder is checked even if nothing was reported.
const LOOK_EVERY_MS: i64 = 60_000;

/// The key of a bucket that speaks S3.
#[derive(Clone, Debug)]
pub struct BucketKey {
    /// The name of the key.
    pub id: SecretString,
    /// The key itself.
    pub secret: SecretString,
}

/// The task that keeps the store like the public folder.
pub struct Upload {
    folder: PathBuf,
    target: Target,
    vkey: VerifierKey,
    store: Store,
    clock: Clock,
    backoff: Backoff,
    /// What the store shows, if it is known for certain.
    there: Option<There>,
    /// Tiles that were copied and that no checkpoint in the store needs yet.
    tiles: HashSet<TilePath>,
    /// Pages that were copied and might be taken for new ones, with the times at which they were written.
    pages: HashMap<String, SystemTime>,
    /// The leading pages that were copied.
    leading: HashMap<String, SystemTime>,
    /// The `log.txt` that was copied, and when.
    text: Option<(Span, Time)>,
}

/// What the store shows.
struct There {
    /// Its checkpoint, if it has one.
    head: Option<Checkpoint>,
    watermark: Watermark,
}

impl There {
    fn size(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.size)
    }
}

/// Why a tick ended early.
enum TaskError {
    /// A problem that may pass: the store or the disk does not answer.
    Trouble(Trouble),
    /// Anything else.
    Other(anyhow::Error),
}

impl From<Trouble> for TaskError {
    fn from(trouble: Trouble) -> TaskError {
        TaskError::Trouble(trouble)
    }
}

impl From<anyhow::Error> for TaskError {
    fn from(error: anyhow::Error) -> TaskError {
        TaskError::Other(error)
    }
}

impl Task for Upload {
    const NAME: &'static str = "upload";
    const WAKE: Wake = Wake::Folder;
    const NEEDS: Needs = Needs::Nothing;

    /// Copies what is missing in the store: all of the log, and a bounded number of pages. Doing it twice does no harm.
    ///
    /// # Errors
    /// If the store shows more than this database leads to. A store of another log is left alone, and the task holds.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.copy().await;
        let now = self.clock.now();
        match step {
            Ok(next) => {
                self.backoff.succeeded();
                Ok(next)
            }
            Err(TaskError::Other(error)) if trouble::consequence(&error) == Consequence::Hold => {
                self.there = None;
                self.backoff.hold(Self::NAME, &error, &self.store, now).await.map(Next::Wait)
            }
            Err(TaskError::Other(error)) => Err(error),
            Err(TaskError::Trouble(trouble)) => {
                // What was being copied may have arrived or not: the store is asked again.
                self.there = None;
                let until = self.backoff.wait(now);
                warn!(loop.name = Self::NAME, error = %trouble, %until, "waiting");
                self.store.report(Self::NAME, Some(trouble.to_string()), now).await?;
                Ok(Next::Wait(until))
            }
        }
    }
}

impl Upload {
    /// Copies from `folder` to the place in the configuration. The store is not asked anything yet.
    ///
    /// # Errors
    /// If the key of a bucket cannot be read, or the place is not usable.
    pub fn open(
        folder: &Path,
        to: &Destination,
        key: Option<&BucketKey>,
        vkey: VerifierKey,
        store: Store,
        clock: Clock,
    ) -> anyhow::Result<Upload> {
        Ok(Upload {
            folder: folder.to_owned(),
            target: Target::open(to, key, folder)?,
            vkey,
            store,
            clock,
            backoff: Backoff::new(),
            there: None,
            tiles: HashSet::new(),
            pages: HashMap::new(),
            leading: HashMap::new(),
            text: None,
        })
    }

    async fn copy(&mut self) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let Some((head, bytes, until)) = self.here()? else { return Ok(Next::Idle(now.plus_ms(LOOK_EVERY_MS))) };
        let there = match self.there.take() {
            Some(there) => there,
            None => self.look().await?,
        };
        let idle = now.plus_ms(LOOK_EVERY_MS);
        if head.size < there.size() {
            // The folder is being written again from the beginning, and is not complete up to here yet.
            self.there = Some(there);
            return Ok(Next::Idle(idle));
        }
        if there.head.as_ref() == Some(&head) && there.watermark.until == until && self.text_is_due(now)?.is_none() {
            self.there = Some(there);
            return Ok(Next::Idle(idle));
        }
        let mut files = self.copy_tiles(there.size(), head.size).await?;
        let (pages, watermark) = self.copy_pages(&there.watermark, until).await?;
        files += pages + self.copy_text(now).await?;
        if there.head.as_ref() != Some(&head) {
            self.target.put_bytes(checkpoint::FILE, &bytes).await?;
            self.tiles.clear();
            files += 1;
        }
        if watermark != there.watermark {
            self.target.put_bytes(watermark::NAME, watermark.to_text().as_bytes()).await?;
        }
        info!(size = head.size, files, to = %self.target, "copied the public folder");
        let next = if watermark.until < until { Next::Now } else { Next::Idle(idle) };
        self.there = Some(There { head: Some(head), watermark });
        self.store.report(Self::NAME, None, now).await.context("cannot say how the copy stands")?;
        Ok(next)
    }

    /// The checkpoint here, and when the folder was last complete. None if it never was.
    fn here(&self) -> Result<Option<(Checkpoint, Vec<u8>, SystemTime)>, TaskError> {
        let Some((bytes, until)) = changes::head(&self.folder)? else { return Ok(None) };
        let head = Checkpoint::open(&bytes, &self.vkey).context("the checkpoint in the public folder is not ours")?;
        Ok(Some((head, bytes, until)))
    }

    /// Asks the store what it shows.
    async fn look(&mut self) -> Result<There, TaskError> {
        let bytes = self.target.get(checkpoint::FILE).await?;
        let head = match bytes {
            Some(bytes) => Some(Checkpoint::open(&bytes, &self.vkey).map_err(|_| self.of_another())?),
            None => None,
        };
        if let Some(head) = &head {
            let ours = self.store.root_at(head.size).await.map_err(anyhow::Error::from)?;
            if ours != Some(head.root) {
                return Err(TaskError::Other(self.is_ahead(head.size)));
            }
        }
        let watermark = self.target.get(watermark::NAME).await?;
        if head.is_none() && watermark.is_none() {
            self.begin().await?;
        }
        // Without a checkpoint, and with a watermark that cannot be read, nothing there counts.
        let watermark = watermark.filter(|_| head.is_some()).and_then(|bytes| Watermark::parse(&bytes).ok());
        Ok(There { head, watermark: watermark.unwrap_or_default() })
    }

    /// Writes into an empty store whose it is, before anything else is copied.
    async fn begin(&self) -> Result<(), TaskError> {
        let front = Page::Front.path();
        if self.target.has(&front).await? {
            return Err(TaskError::Other(anyhow::anyhow!(
                "{} has an {front} that no copy of this log has put there\n\
                 choose a place that is empty, or this log's: see [upload] in the configuration",
                self.target
            )));
        }
        Ok(self.target.put_bytes(watermark::NAME, Watermark::default().to_text().as_bytes()).await?)
    }

    fn of_another(&self) -> anyhow::Error {
        anyhow::anyhow!(
            "the checkpoint in {} is not that of the log {}\n\
             choose a place that is empty, or this log's: see [upload] in the configuration",
            self.target,
            self.vkey.name()
        )
    }

    fn is_ahead(&self, size: u64) -> anyhow::Error {
        let what = format!(
            "{} shows a log of {size} entries that this database does not lead to\n\
             the database is older than what was published, or another's: restore the newest backup; never go on without it",
            self.target
        );
        Contradiction(what).into()
    }

    async fn copy_tiles(&mut self, old: u64, new: u64) -> Result<u64, TaskError> {
        let due: Vec<TilePath> =
            tile::new_since(old, new).into_iter().filter(|tile| !self.tiles.contains(tile)).collect();
        let mut files = 0;
        for some in due.chunks(AT_ONCE) {
            self.put_together(some.iter().map(ToString::to_string)).await?;
            self.tiles.extend(some);
            files += some.len() as u64;
        }
        Ok(files)
    }

    /// Copies pages that were written since the watermark, the oldest first and up to a number, and returns how far it
    /// came.
    async fn copy_pages(&mut self, watermark: &Watermark, until: SystemTime) -> Result<(u64, Watermark), TaskError> {
        let mut since = watermark.until;
        if until < since {
            // A clock was set back, or the folder was written elsewhere: new pages cannot be distinguished from old
            // ones.
            since = SystemTime::UNIX_EPOCH;
            self.pages.clear();
        }
        let (folder, known) = (self.folder.clone(), self.pages.clone());
        let find = move || {
            // The pages that the leading pages link to were written before them, so they are found if the search comes
            // after the reading.
            let leading = changes::leading(&folder)?;
            Ok::<_, Trouble>((leading, changes::since(&folder, since, until, &known)?))
        };
        let found = tokio::task::spawn_blocking(find).await.context("a look into the public folder broke off")?;
        let (leading, FoundChanges { pages, complete_until }) = found?;
        let mut files = pages.len() as u64;
        let (notes, others): (Vec<Change>, Vec<Change>) = pages.into_iter().partition(Change::is_note);
        for some in notes.chunks(AT_ONCE).chain(others.chunks(AT_ONCE)) {
            self.put_together(some.iter().map(|page| page.path.clone())).await?;
            self.pages.extend(some.iter().map(|page| (page.path.clone(), page.written)));
        }
        self.pages.retain(|_, written| changes::settles(*written, complete_until));
        if complete_until == until {
            files += self.copy_leading(leading).await?;
        }
        Ok((files, Watermark { until: complete_until }))
    }

    /// Copies those of the leading pages that changed, one after the other.
    async fn copy_leading(&mut self, pages: Vec<Leading>) -> Result<u64, Trouble> {
        let mut files = 0;
        for Leading { path, written, bytes } in pages {
            if self.leading.get(&path) != Some(&written) {
                self.target.put_bytes(&path, &bytes).await?;
                self.leading.insert(path, written);
                files += 1;
            }
        }
        Ok(files)
    }

    fn text_is_due(&self, now: Time) -> Result<Option<Span>, TaskError> {
        Ok(changes::text(&self.folder)?.filter(|span| is_due(*span, self.text, now)))
    }

    async fn copy_text(&mut self, now: Time) -> Result<u64, TaskError> {
        let Some(span) = self.text_is_due(now)? else { return Ok(0) };
        self.target.put_file(changes::TEXT, &self.folder, Some(span.len)).await?;
        self.text = Some((span, now));
        Ok(1)
    }

    /// Copies some files at the same time; there is no order among them.
    async fn put_together(&self, paths: impl Iterator<Item = String>) -> Result<(), Trouble> {
        let mut all = tokio::task::JoinSet::new();
        for path in paths {
            let (target, folder) = (self.target.clone(), self.folder.clone());
            all.spawn(async move { target.put_file(&path, &folder, None).await });
        }
        while let Some(ended) = all.join_next().await {
            ended.map_err(|_| Trouble::broke_off())??;
        }
        Ok(())
    }
}

/// Whether `log.txt` is to be copied, if one was copied at this moment.
fn is_due(span: Span, copied: Option<(Span, Time)>, now: Time) -> bool {
    match copied {
        None => true,
        Some((copied, _)) if copied == span => false,
        Some((_, at)) => span.len <= TEXT_BYTES_SHORT || TEXT_EVERY_MS <= now.ms_since(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_not_copied_with_every_entry() {
        let span = |len| Span { len, written: SystemTime::UNIX_EPOCH };
        let (then, later) = (Time::from_ms(0), Time::from_ms(TEXT_EVERY_MS));
        assert!(is_due(span(1), None, then) && is_due(span(2), Some((span(1), then)), then));
        assert!(!is_due(span(1), Some((span(1), then)), later));
        let long = TEXT_BYTES_SHORT + 1;
        assert!(is_due(span(long), None, then));
        assert!(!is_due(span(long), Some((span(1), then)), Time::from_ms(TEXT_EVERY_MS - 1)));
        assert!(is_due(span(long), Some((span(1), then)), later));
    }
}
