//! Files for their owner alone, also such as have no name until they are needed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes a new file that only its owner may read, and waits until it is on the disk.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A file that is on the disk and that nobody can find yet. If the process dies before it is named, it is gone.
pub(super) struct Unnamed {
    /// None where the disk makes no file without a name: then it has its name already.
    file: Option<File>,
    path: PathBuf,
}

impl Unnamed {
    /// Writes it, for its owner alone.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn write(folder: &Path, name: &str, text: &str) -> io::Result<Unnamed> {
        let path = folder.join(name);
        let written = nameless(folder).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(file)
        });
        match written {
            Ok(file) => Ok(Unnamed { file: Some(file), path }),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Err(error),
            Err(_) => write(&path, text).map(|()| Unnamed { file: None, path }),
        }
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn name(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| name(file, &self.path))
    }
}

#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    Ok(File::from(open(folder, flags, Mode::RUSR | Mode::WUSR)?))
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The name is given by way of `/proc`, which needs no right; where that is not mounted, this is an error.
#[cfg(target_os = "linux")]
fn name(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, format!("/proc/self/fd/{}", file.as_raw_fd()), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn name(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
