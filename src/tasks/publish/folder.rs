//! The folder on the disk: what it shows, and what it still needs.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};

use super::dirty::Dirty;
use super::files::Files;
use super::manifest::{self, Manifest};
use crate::base::hash::Hash;
use crate::base::ids::AccountName;
use crate::note::names;
use crate::site::{self, Ledger, Page, PublishedFile, View};
use crate::tasks::trouble::Contradiction;
use crate::tlog::checkpoint::{self, Checkpoint, CheckpointError};
use crate::tlog::entry::Entry;
use crate::tlog::tile::{self, Kind, TilePath, WIDTH_FULL};
use crate::tlog::tree::{Tree, leaf_hash};

/// Number of note pages that are written before the checkpoint must be written.
const PAGES_AT_ONCE: usize = 500;

/// The public folder.
pub struct Folder {
    pub(super) files: Files,
    pub(super) settings: site::SiteSettings,
    /// Whether the settings' account is the store's.
    is_named: bool,
    /// See [`site::SiteSettings::look`]: the hash of the settings with which the dirty pages are written.
    look: Hash,
    pub(super) tree: Tree,
    pub(super) ledger: Ledger,
    /// All lines that are not in a full bundle on the disk, and the index of the first of them.
    tail: Vec<String>,
    tail_start: u64,
    /// What is still missing in `log.txt`, and how long the file is.
    text: String,
    pub(super) text_len: u64,
    /// The checkpoint that the folder shows.
    shown: Option<Checkpoint>,
    /// What the pages in the folder are complete for.
    pub(super) manifest: Option<Manifest>,
    dirty: Dirty,
    /// Opened notes whose files are not known to be here, and whether files that are here may be of an earlier opening.
    unreleased: BTreeMap<u64, bool>,
    /// The files of opened notes that are here.
    pub(super) released: BTreeMap<u64, Vec<PublishedFile>>,
}

/// The file with the entries' lines for people.
pub(super) const LOG_TEXT: &str = "log.txt";

/// What keeps git from writing line ends of its own into the files, whose hashes would then differ: its name and its text.
pub(super) const GIT_ATTRIBUTES: (&str, &str) = (".gitattributes", "* -text\n");

/// Makes an empty public folder.
///
/// # Errors
/// Those of the disk.
pub fn prepare(path: &Path) -> anyhow::Result<()> {
    Files::open(path)?.put_durably(GIT_ATTRIBUTES.0, GIT_ATTRIBUTES.1.as_bytes())
}

/// The result of a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// Files that were written.
    pub files: u64,
    /// Pages that are still to be written, or a few more.
    pub left: u64,
}

impl Folder {
    /// The folder at `path`, made if it is not there.
    ///
    /// # Errors
    /// If it shows another log; the errors of the disk.
    pub fn open(path: &Path, settings: site::SiteSettings) -> anyhow::Result<Folder> {
        let files = Files::open(path)?;
        let shown = files.read(checkpoint::FILE)?.map(|bytes| Checkpoint::open(&bytes, &settings.vkey));
        let shown = shown.transpose().map_err(|error| match error {
            CheckpointError::Form(_) => {
                anyhow::Error::from(error).context(of_another(path, checkpoint::FILE, &settings))
            }
            CheckpointError::Signature(_) | CheckpointError::Origin { .. } => {
                let what = of_another(path, checkpoint::FILE, &settings);
                anyhow::Error::from(error).context(Contradiction(what))
            }
        })?;
        // A file that cannot be read as a manifest says nothing about any page: all pages are written again.
        let manifest = files.read(manifest::NAME)?.and_then(|bytes| Manifest::parse(&bytes).ok());
        if manifest.as_ref().is_some_and(|manifest| manifest.vkey != settings.vkey) {
            bail!(Contradiction(of_another(path, manifest::NAME, &settings)));
        }
        Ok(Folder {
            files,
            look: manifest.as_ref().map_or(Hash::ZERO, |manifest| manifest.look),
            settings,
            is_named: false,
            tree: Tree::new(),
            ledger: Ledger::default(),
            tail: Vec::new(),
            tail_start: 0,
            text: String::new(),
            text_len: 0,
            shown,
            manifest,
            dirty: Dirty::default(),
            unreleased: BTreeMap::new(),
            released: BTreeMap::new(),
        })
    }

    /// The head that the folder shows.
    pub fn shown(&self) -> Option<&Checkpoint> {
        self.shown.as_ref()
    }

    /// Whether the folder holds no file of a site: neither this log's nor another's.
    pub fn is_new(&self) -> bool {
        self.shown.is_none() && self.manifest.is_none()
    }

    /// The error that the folder shows more than the database has.
    pub fn is_ahead(&self) -> anyhow::Error {
        let what = format!(
            "{} shows a log of {} entries that this database does not lead to\n\
             the database is older than what was published, or another's: restore the newest backup; never go on without it",
            self.files.root().display(),
            self.shown.as_ref().map_or(0, |shown| shown.size)
        );
        Contradiction(what).into()
    }

    /// Number of entries that were taken.
    pub fn len(&self) -> u64 {
        self.tree.len()
    }

    /// Whether no entry was taken.
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// The root of the tree of this number of entries.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        self.tree.root_at(size)
    }

    /// Whether the folder shows everything that was taken.
    pub fn is_current(&self) -> bool {
        let size = self.tree.len();
        self.shown.as_ref().is_some_and(|shown| shown.size == size)
            && self.manifest.as_ref().is_some_and(|manifest| manifest.entries == size && manifest.look == self.look)
    }

    /// Takes the next lines of the log. Lines that the folder shows already are not kept for writing.
    pub fn take(&mut self, lines: Vec<String>) {
        let shown = self.shown.as_ref().map_or(0, |shown| shown.size);
        let complete = self.manifest.as_ref().map_or(0, |manifest| manifest.entries);
        for line in lines {
            let index = self.tree.len();
            let numbered = format!("{index} {line}");
            if index < shown {
                self.text_len += numbered.len() as u64;
            } else {
                self.text.push_str(&numbered);
            }
            self.tree.push(leaf_hash(line.as_bytes()));
            if let Some(notes) = self.ledger.take(&line).filter(|_| complete <= index) {
                self.dirty.touch(notes);
            }
            if let Some(site::ledger::Other { index: at, entry: Entry::Open { note, .. }, .. }) =
                self.ledger.others().last()
                && *at == index
            {
                *self.unreleased.entry(*note).or_default() |= complete <= index;
            }
            self.tail.push(line);
            if self.tree.len().is_multiple_of(WIDTH_FULL.into()) && self.tree.len() <= shown {
                self.tail_start = self.tree.len();
                self.tail.clear();
            }
        }
    }

    /// Sets whose log it is, after the entries were taken. All pages are dirty if those in the folder are of another
    /// log, or were written by another version of the program.
    pub fn set_account(&mut self, account: Option<AccountName>) {
        if self.is_named && self.settings.account == account {
            return;
        }
        self.is_named = true;
        self.settings.account = account;
        let look = self.settings.look();
        if look != self.look {
            self.look = look;
            self.dirty.all(self.ledger.last());
        }
    }

    /// An opened note whose files are needed before the next write: [`Folder::lacking`] says which, and
    /// [`Folder::disclosed_file`] takes each.
    pub fn unreleased(&self) -> Option<u64> {
        self.unreleased.keys().next().copied()
    }

    /// Which of the published files of a note, given by name and size, are to be written.
    pub fn lacking(&self, note: u64, files: &[(String, u64)]) -> Vec<String> {
        let may_be_old = self.unreleased.get(&note).copied().unwrap_or_default();
        let is_here = |name: &str, bytes: u64| self.files.size(&site::path_of(note, name)) == Some(bytes);
        let lacking = files.iter().filter(|(name, bytes)| may_be_old || !is_here(name, *bytes));
        lacking.map(|(name, _)| name.clone()).collect()
    }

    /// Writes a published file of a note.
    ///
    /// # Errors
    /// The errors of the disk; if the file's name is not one of a note's files.
    pub fn disclosed_file(&mut self, note: u64, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        if !names::is_plain(name) {
            bail!("the name of a file of note {note} is not one that may be published");
        }
        self.begin()?;
        self.files.put_durably(&site::path_of(note, name), bytes)
    }

    /// Writes first of all whose folder it is.
    fn begin(&mut self) -> anyhow::Result<()> {
        if self.manifest.is_some() { Ok(()) } else { self.write_stamp(0, Hash::ZERO) }
    }

    /// All published files of a note, by name and size, are here.
    pub fn set_released(&mut self, note: u64, files: Vec<(String, u64)>) {
        let file = |(name, bytes): (String, u64)| PublishedFile { path: site::path_of(note, &name), bytes };
        self.released.insert(note, files.into_iter().map(file).collect());
        self.unreleased.remove(&note);
    }

    /// Writes what is missing in the folder, the checkpoint last: all of the log, and a bounded number of pages.
    ///
    /// # Errors
    /// If the checkpoint is not that of the entries; the errors of the disk.
    pub fn write(&mut self, checkpoint: &str) -> anyhow::Result<Written> {
        let head = Checkpoint::open(checkpoint.as_bytes(), &self.settings.vkey)?;
        if head.size != self.tree.len() || head.root != self.tree.root() {
            bail!("the signed head of size {} is not the head of the entries", head.size);
        }
        self.begin()?;
        let old = self.shown.as_ref().map_or(0, |shown| shown.size);
        let mut files = 0;
        if self.shown.as_ref() != Some(&head) {
            files += self.write_log(old, head.size)? + 1;
        }
        files += self.write_pages()?;
        let left = self.dirty.len();
        if left == 0 {
            self.files.sync()?;
            self.write_stamp(head.size, self.look)?;
        }
        if self.shown.as_ref() != Some(&head) {
            self.files.put_durably(checkpoint::FILE, checkpoint.as_bytes())?;
            self.forget(head)?;
        }
        Ok(Written { files, left })
    }

    /// Writes the tiles, `log.txt`, and the key with which all of it is checked.
    fn write_log(&mut self, old: u64, new: u64) -> anyhow::Result<u64> {
        let tiles = tile::new_since(old, new);
        for tile in &tiles {
            let bytes = self.tile_bytes(tile)?;
            self.files.put_durably(&tile.to_string(), &bytes)?;
        }
        self.files.lengthen(LOG_TEXT, self.text_len, &self.text)?;
        self.files.put_if_changed(GIT_ATTRIBUTES.0, GIT_ATTRIBUTES.1.as_bytes())?;
        let key = self.files.put_if_changed(names::VKEY, format!("{}\n", self.settings.vkey).as_bytes())?;
        self.text_len += self.text.len() as u64;
        self.text = String::new();
        Ok(tiles.len() as u64 + 1 + u64::from(key))
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

    /// Writes dirty pages, up to a number, and the pages that change with every entry; the front page last.
    fn write_pages(&mut self) -> anyhow::Result<u64> {
        let mut written = 0;
        for page in site::FIXED {
            written += u64::from(self.write_page(page)?);
        }
        for _ in 0..PAGES_AT_ONCE {
            let Some(page) = self.dirty.pop() else { break };
            written += u64::from(self.write_page(page)?);
        }
        for page in site::ALWAYS {
            written += u64::from(self.write_page(page)?);
        }
        Ok(written)
    }

    pub(super) fn write_page(&self, page: Page) -> anyhow::Result<bool> {
        let view = View {
            ledger: &self.ledger,
            settings: &self.settings,
            root_at: &|size| self.tree.root_at(size),
            files_of: &|note| self.released.get(&note).cloned().unwrap_or_default(),
        };
        let Some(bytes) = view.render(page) else { return Ok(false) };
        self.files.put_if_changed(&page.path(), &bytes)
    }

    fn write_stamp(&mut self, entries: u64, look: Hash) -> anyhow::Result<()> {
        let manifest = Manifest { vkey: self.settings.vkey.clone(), entries, look };
        if self.manifest.as_ref() != Some(&manifest) {
            self.files.put_durably(manifest::NAME, manifest.to_text().as_bytes())?;
        }
        self.manifest = Some(manifest);
        Ok(())
    }

    /// The head is shown: what is in full bundles is not needed any more.
    fn forget(&mut self, head: Checkpoint) -> anyhow::Result<()> {
        let full = head.size - head.size % u64::from(WIDTH_FULL);
        self.tail.drain(..usize::try_from(full.saturating_sub(self.tail_start))?);
        self.tail_start = full.max(self.tail_start);
        self.shown = Some(head);
        Ok(())
    }
}

fn of_another(path: &Path, file: &str, settings: &site::SiteSettings) -> String {
    format!(
        "{} is not that of the log {}\nchoose a folder that is empty, or this log's: see `public` in the configuration",
        path.join(file).display(),
        settings.vkey.name()
    )
}
