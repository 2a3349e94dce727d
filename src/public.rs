//! The public folder: the log as static files, in the form of C2SP tlog-tiles, and as `log.txt` for people and `grep`.
//!
//! Files are written in an order in which a reader never sees a checkpoint whose tiles are missing: entries, tiles,
//! `log.txt`, and the checkpoint last; each file whole, by a rename. The folder is a reader of the store like any other:
//! it computes the tree for itself and compares it with what was signed.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tracing::{debug, info};

use crate::clock::Clock;
use crate::log::checkpoint::Checkpoint;
use crate::log::signed_note::VerifierKey;
use crate::log::tile::{self, Kind, TilePath, WIDTH_FULL};
use crate::log::tree::{Tree, leaf_hash};
use crate::pace::{Next, Tick};
use crate::store::Store;

/// What to do if a file cannot be written.
const ROOM: &str = "nothing was lost: see that its disk has room and that this user may write there, and start again";

/// Entries read from the store at a time.
const PAGE: u64 = 4096;

/// Everybody may read what is public, though all else that the program writes is closed to others (umask).
const FILE_MODE: u32 = 0o644;
const FOLDER_MODE: u32 = 0o755;

/// The loop that keeps the public folder like the log.
pub struct Public {
    store: Store,
    clock: Clock,
    folder: Option<Folder>,
}

impl Tick for Public {
    const NAME: &'static str = "public";

    /// Writes what the folder lacks. Doing it twice does no harm.
    ///
    /// # Errors
    /// What the disk or the store says.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let size = self.store.size().await?;
        let mut folder = self.folder.take().context("an earlier write to the public folder was cut short")?;
        while folder.tree.len() < size {
            let lines = self.store.entries(folder.tree.len(), PAGE.min(size - folder.tree.len())).await?;
            folder.take(lines);
        }
        let now = self.clock.now();
        if folder.is_current() {
            self.folder = Some(folder);
        } else {
            let checkpoint = self.store.checkpoint(size).await?;
            let written = tokio::task::spawn_blocking(move || folder.write(&checkpoint).map(|()| folder)).await?;
            self.folder = Some(written?);
            self.store.report(Self::NAME, None, now).await?;
            info!(size, "published the log");
        }
        Ok(Next::Idle(now.plus_ms(86_400_000)))
    }
}

impl Public {
    /// For the folder at `path`, made if it is not there. What is in it must be this log's.
    ///
    /// # Errors
    /// If the folder shows a head of another log, or one that this database does not lead to; what the disk says.
    pub async fn open(path: &Path, key: VerifierKey, store: Store, clock: Clock) -> anyhow::Result<Public> {
        let folder = Folder::open(path, key)?;
        if let Some(shown) = &folder.shown
            && store.root_at(shown.size).await? != Some(shown.root)
        {
            bail!(
                "{} shows a log of {} entries that this database does not lead to\n\
                 the database is older than what was published, or another's: restore the newest backup; never go on without it",
                path.display(),
                shown.size
            );
        }
        Ok(Public { store, clock, folder: Some(folder) })
    }
}

/// The folder on the disk.
struct Folder {
    path: PathBuf,
    key: VerifierKey,
    tree: Tree,
    /// All lines that are not in a full bundle on the disk, and the index of the first of them.
    tail: Vec<String>,
    tail_start: u64,
    /// What `log.txt` still lacks, and how long it is.
    text: String,
    text_len: u64,
    /// The checkpoint that the folder shows.
    shown: Option<Checkpoint>,
}

impl Folder {
    fn open(path: &Path, key: VerifierKey) -> anyhow::Result<Folder> {
        open_folder(path).with_context(|| format!("cannot make the public folder {}\n{ROOM}", path.display()))?;
        let file = path.join("checkpoint");
        let shown = match fs::read(&file) {
            Ok(bytes) => Some(Checkpoint::open(&bytes, &key).with_context(|| {
                format!(
                    "{} is not a checkpoint of this log\nchoose another folder for `public` in the configuration",
                    file.display()
                )
            })?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        let (tree, tail, text) = (Tree::new(), Vec::new(), String::new());
        Ok(Folder { path: path.to_owned(), key, tree, tail, tail_start: 0, text, text_len: 0, shown })
    }

    fn is_current(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.size == self.tree.len())
    }

    /// Takes the next lines of the log. What the folder shows already is not kept for writing.
    fn take(&mut self, lines: Vec<String>) {
        let shown = self.shown.as_ref().map_or(0, |shown| shown.size);
        for line in lines {
            let index = self.tree.len();
            let numbered = format!("{index} {line}");
            if index < shown {
                self.text_len += numbered.len() as u64;
            } else {
                self.text.push_str(&numbered);
            }
            self.tree.push(leaf_hash(line.as_bytes()));
            self.tail.push(line);
            if self.tree.len().is_multiple_of(WIDTH_FULL.into()) && self.tree.len() <= shown {
                self.tail_start = self.tree.len();
                self.tail.clear();
            }
        }
    }

    /// Writes the tiles, `log.txt` and, last, the checkpoint.
    fn write(&mut self, checkpoint: &str) -> anyhow::Result<()> {
        let head = Checkpoint::open(checkpoint.as_bytes(), &self.key)?;
        if head.size != self.tree.len() || head.root != self.tree.root() {
            bail!("the signed head of size {} is not the head of the entries", head.size);
        }
        let old = self.shown.as_ref().map_or(0, |shown| shown.size);
        for tile in tile::new_since(old, head.size) {
            let bytes = self.tile_bytes(&tile)?;
            replace(&self.path.join(tile.to_string()), &bytes)?;
            debug!(tile = %tile, "wrote");
        }
        self.append_text()?;
        replace(&self.path.join("checkpoint"), checkpoint.as_bytes())?;
        let full = head.size - head.size % u64::from(WIDTH_FULL);
        self.tail.drain(..usize::try_from(full.saturating_sub(self.tail_start))?);
        self.tail_start = full.max(self.tail_start);
        self.shown = Some(head);
        Ok(())
    }

    fn tile_bytes(&self, tile: &TilePath) -> anyhow::Result<Vec<u8>> {
        if let Kind::Hashes(_) = tile.kind() {
            return tile.hashes(&self.tree).with_context(|| format!("the tree is too small for {tile}"));
        }
        let start = usize::try_from(tile.start() - self.tail_start)?;
        let lines = self.tail.get(start..start + usize::from(tile.width()));
        let lines = lines.with_context(|| format!("the entries of {tile} are not at hand"))?;
        Ok(tile::bundle(lines.iter().map(|line| line.as_bytes()))?)
    }

    /// Brings `log.txt` up to date: cut where the last checkpoint left it, then lengthened.
    fn append_text(&mut self) -> anyhow::Result<()> {
        let path = self.path.join("log.txt");
        let context = || format!("cannot write {}\n{ROOM}", path.display());
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).with_context(context)?;
        if file.metadata().with_context(context)?.len() < self.text_len {
            bail!("{} is shorter than it was\ndelete the public folder: it is written anew", path.display());
        }
        file.set_permissions(Permissions::from_mode(FILE_MODE)).with_context(context)?;
        file.set_len(self.text_len).with_context(context)?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).with_context(context)?;
        file.write_all(self.text.as_bytes()).and_then(|()| file.sync_data()).with_context(context)?;
        self.text_len += self.text.len() as u64;
        self.text.clear();
        Ok(())
    }
}

/// Makes a folder, and those above it, if it is not there; everybody may look into a new one.
fn open_folder(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        open_folder(above)?;
    }
    fs::create_dir(path)?;
    fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
}

/// Writes a file whole: a reader sees the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let context = || format!("cannot write {}\n{ROOM}", path.display());
    open_folder(path.parent().with_context(context)?).with_context(context)?;
    let new = path.with_added_extension("new");
    let mut file = File::create(&new).with_context(context)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE)).with_context(context)?;
    file.write_all(bytes).and_then(|()| file.sync_data()).with_context(context)?;
    fs::rename(&new, path).with_context(context)
}
