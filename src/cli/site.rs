//! `verbale site`: the public site, written into a folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use super::{Failure, Installation};
use crate::app::config::Config;
use crate::app::daemon;
use crate::store::Reader;
use crate::tasks::publish::{Folder, MANIFEST};
use crate::tlog::checkpoint::{self, Checkpoint};
use crate::tlog::signed_note::VerifierKey;

/// Entries read from the database at a time.
const PAGE: u64 = 4096;

/// Write the public site into a folder: pages, feed, the log as files
///
/// The site is static: any web server can serve the folder, and it can be copied anywhere. Given again, only what has
/// changed is written, and the checkpoint last, so that a reader never finds one whose tiles are missing. The daemon keeps
/// the folder `public` of the configuration like this by itself: this command is for another place.
///
/// Reads the database only, up to the newest head that was signed, and may be used while the daemon runs.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale site /srv/www/notes --config notes/config.toml
  verbale site copy
  python3 -m http.server --directory copy    to look at it in a browser, at http://localhost:8000

Exit status:
  0 written, 1 nothing is signed yet or a file cannot be written, 2 DIR or the configuration cannot be used")]
pub struct Arguments {
    /// The folder to write: new, empty, or written by this command before
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,

    /// The installation.
    #[command(flatten)]
    pub installation: Installation,
}

/// Writes the site, and says what was done.
///
/// # Errors
/// If the folder holds something else, nothing is signed yet, or a file cannot be written.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    let reader = Reader::open(&config.log.database)?;
    let dir = &arguments.dir;
    check_folder(dir, &config.log.public)?;
    let Some(checkpoint) = reader.newest_checkpoint().await? else {
        let remedy = "start the daemon once: `verbale run` signs one at once";
        return Err(Failure::failed("the log has no signed head yet", remedy).into());
    };
    let vkey = VerifierKey::parse(&reader.vkey().await?).context("the database holds a key that is none")?;
    let head = Checkpoint::open(checkpoint.as_bytes(), &vkey).context("the database holds a head that is none")?;
    let mut folder = Folder::open(dir, daemon::site_settings(&config, vkey)).map_err(|error| {
        Failure::unusable(first_line(&error), "name a folder that is empty, or that holds this log's site")
    })?;
    while folder.len() < head.size {
        folder.take(reader.entries(folder.len(), PAGE.min(head.size - folder.len())).await?);
    }
    if folder.shown().is_some_and(|shown| folder.root_at(shown.size) != Some(shown.root)) {
        return Err(folder.is_ahead());
    }
    while let Some(note) = folder.unreleased() {
        let files = reader.disclosed_files(note).await?;
        for name in folder.lacking(note, &files) {
            if let Some(bytes) = reader.disclosed_file(note, &name).await? {
                folder.disclosed_file(note, &name, &bytes)?;
            }
        }
        folder.set_released(note, files);
    }
    folder.set_account(reader.own_account().await?.map(|account| account.name));
    let mut files = 0;
    while !folder.is_current() {
        files += folder.write(&checkpoint)?.files;
    }
    println!("{}: {} entries, {files} files written", dir.display(), head.size);
    Ok(ExitCode::SUCCESS)
}

/// The folder may contain only a site. A daemon that writes the same folder would be in the way.
fn check_folder(dir: &Path, public: &Path) -> Result<(), Failure> {
    let shown = dir.display();
    if let (Ok(dir), Ok(public)) = (dir.canonicalize(), public.canonicalize())
        && dir == public
    {
        let what = format!("{shown} is the folder that the daemon keeps current");
        return Err(Failure::unusable(what, "name another folder, or let `verbale run` write this one"));
    }
    let Ok(mut entries) = dir.read_dir() else { return Ok(()) };
    if entries.next().is_some() && !dir.join(MANIFEST).is_file() && !dir.join(checkpoint::FILE).is_file() {
        let what = format!("the folder {shown} holds other files, and no site");
        return Err(Failure::unusable(what, "name a folder that is empty or does not exist yet"));
    }
    Ok(())
}

fn first_line(error: &anyhow::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
