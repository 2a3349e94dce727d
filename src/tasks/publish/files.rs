//! Files that everybody may read. Each is always complete: either the old one or the new one.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tracing::debug;

/// What to do if a file cannot be written.
pub(super) const ROOM: &str =
    "nothing was lost: see that its disk has room and that this user may write there; it goes on by itself";

/// Everybody may read what is public, although everything else that the program writes is closed to others (umask).
const FILE_MODE: u32 = 0o644;
const FOLDER_MODE: u32 = 0o755;

/// The one name under which a file is written before it gets its own name: a crash leaves no other file behind.
const NEW: &str = ".new";

/// The files below one folder. There is one writer.
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    /// Of the folder at `root`, made if it is not there.
    pub(super) fn open(root: &Path) -> anyhow::Result<Files> {
        open_folder(root).with_context(|| format!("cannot make the public folder {}\n{ROOM}", root.display()))?;
        Ok(Files { root: root.to_owned() })
    }

    /// The folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The bytes of a file. None if it is not there.
    pub(super) fn read(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        match fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.root.join(path).display())),
        }
    }

    /// The size of a file in bytes. None if it is not there.
    pub(super) fn size(&self, path: &str) -> Option<u64> {
        fs::metadata(self.root.join(path)).ok().map(|found| found.len())
    }

    /// Writes a file that is on the disk when this returns.
    pub(super) fn put_durably(&self, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        self.put(path, bytes, File::sync_data)
    }

    /// Writes a file if it has other bytes than these, and returns whether it was written. It is on the disk for sure
    /// only after [`Files::sync`].
    pub(super) fn put_if_changed(&self, path: &str, bytes: &[u8]) -> anyhow::Result<bool> {
        if self.read(path)?.is_some_and(|old| old == bytes) {
            return Ok(false);
        }
        self.put(path, bytes, |_| Ok(())).map(|()| true)
    }

    /// Overwrites a part of a file, durably, if it has other bytes than these there, and returns whether it did. A file that
    /// is not there, or ends before, is made longer.
    pub(super) fn patch(&self, path: &str, offset: u64, bytes: &[u8]) -> anyhow::Result<bool> {
        let path = self.root.join(path);
        let context = || format!("cannot write {}\n{ROOM}", path.display());
        open_folder(&self.root).with_context(context)?;
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).with_context(context)?;
        let mut there = vec![0; bytes.len()];
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut there));
        if read.is_ok() && there == bytes {
            return Ok(false);
        }
        file.set_permissions(Permissions::from_mode(FILE_MODE)).with_context(context)?;
        file.seek(SeekFrom::Start(offset)).with_context(context)?;
        file.write_all(bytes).and_then(|()| file.sync_data()).with_context(context)?;
        Ok(true)
    }

    /// Cuts a file to this length, durably.
    pub(super) fn cut(&self, path: &str, len: u64) -> anyhow::Result<()> {
        let path = self.root.join(path);
        let cut =
            || OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(len).and(file.sync_data()));
        cut().with_context(|| format!("cannot write {}\n{ROOM}", path.display()))
    }

    fn put(&self, path: &str, bytes: &[u8], settle: fn(&File) -> io::Result<()>) -> anyhow::Result<()> {
        let place = self.root.join(path);
        let write = || -> io::Result<()> {
            if let Some(above) = place.parent() {
                open_folder(above)?;
            }
            let new = self.root.join(NEW);
            let mut file = File::create(&new)?;
            file.set_permissions(Permissions::from_mode(FILE_MODE))?;
            file.write_all(bytes)?;
            settle(&file)?;
            fs::rename(&new, &place)
        };
        write().with_context(|| format!("cannot write {}\n{ROOM}", place.display()))?;
        debug!(file = path, "wrote");
        Ok(())
    }

    /// Waits until everything that was written is on the disk.
    pub(super) fn sync(&self) -> anyhow::Result<()> {
        let context = || format!("cannot write to the disk of {}\n{ROOM}", self.root.display());
        let folder = File::open(&self.root).with_context(context)?;
        sync_disk_of(&folder).with_context(context)
    }

    /// Appends `text` to a file of `len` bytes, durably. Anything after `len` comes from an interrupted write and is
    /// overwritten.
    pub(super) fn lengthen(&self, path: &str, len: u64, text: &str) -> anyhow::Result<()> {
        let path = self.root.join(path);
        let context = || format!("cannot write {}\n{ROOM}", path.display());
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).with_context(context)?;
        if file.metadata().with_context(context)?.len() < len {
            bail!("{} is shorter than it was\ndelete the public folder: it is written anew", path.display());
        }
        file.set_permissions(Permissions::from_mode(FILE_MODE)).with_context(context)?;
        file.set_len(len).with_context(context)?;
        file.seek(SeekFrom::End(0)).with_context(context)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).with_context(context)
    }
}

/// One wait for all files: waiting for each of thousands of pages would take minutes.
#[cfg(target_os = "linux")]
fn sync_disk_of(folder: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(folder)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_disk_of(_: &File) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

/// Makes a folder, and those above it, if it is not there. Everybody may read a new one.
fn open_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        open_folder(above)?;
    }
    fs::create_dir(path)?;
    fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
}
