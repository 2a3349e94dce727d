//! `verbale prove`: the proof of one note, as a file to hand out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;

use super::{Failure, Installation};
use crate::app::config::{Config, secrets};
use crate::base::ids::AccountName;
use crate::note::names;
use crate::note::proof::{Proof, PublishedPost};
use crate::platform::x;
use crate::store::vault;
use crate::store::{ProofRow, Reader};
use crate::tasks::disclose::bundle;
use crate::tlog::entry;
use crate::tlog::signed_note::VerifierKey;

/// Make the proof of a note: a zip file that anybody can check
///
/// The proof shows the note's envelope: who wrote to whom, when, and as which note of that correspondence. With
/// `--level content` it also shows the text and the attachments. What is not opened remains secret.
///
/// Opening needs a secret key that matches one of the public keys to which notes are sealed: `identity_file` of the
/// configuration, or `--identity`.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale prove 17                                    who sent note 17 to whom, and when
  verbale prove 17 --level content --out annex.zip    and what it says
  verbale verify annex.zip                            what a journalist does next

Exit status:
  0 written, 1 there is no such note or it cannot be opened, 2 the configuration or a key cannot be used")]
pub struct Arguments {
    /// The note's number
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub note: u64,

    /// How much of the note to show
    #[arg(long, value_enum, default_value_t = Level::Envelope)]
    pub level: Level,

    /// The age secret key that opens notes; otherwise `identity_file` of the configuration
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,

    /// The file to write, which must not exist yet; otherwise note-N.proof.zip in the present folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// The installation.
    #[command(flatten)]
    pub installation: Installation,
}

/// How much of a note a proof shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Level {
    /// Who, to whom, when, and which note of the correspondence
    Envelope,
    /// The same, and the text with its attachments
    Content,
}

impl From<Level> for entry::Level {
    fn from(level: Level) -> entry::Level {
        match level {
            Level::Envelope => entry::Level::Envelope,
            Level::Content => entry::Level::Content,
        }
    }
}

/// Writes the proof, and says where.
///
/// # Errors
/// If there is no such note, it cannot be opened, or the file exists.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    let Arguments { note, level, identity, out, .. } = arguments;
    write(&config, *note, (*level).into(), identity.as_deref(), out.as_deref()).await
}

/// Writes the proof of one note, and says where.
///
/// # Errors
/// As [`run`].
pub async fn write(
    config: &Config,
    note: u64,
    level: entry::Level,
    identity: Option<&Path>,
    out: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let proof = proof(config, note, level, identity).await?;
    let path = out.map_or_else(|| names::proof(note).into(), Path::to_path_buf);
    write_new(&path, &proof.pack())?;
    println!("wrote {}", path.display());
    if proof.post.is_none() {
        println!("its commitment is not posted yet: make the proof again when it is, so that it shows the post");
    }
    Ok(ExitCode::SUCCESS)
}

/// The proof of one note, opened with the identity in the file `identity`, or that of the configuration.
///
/// # Errors
/// If there is no such note, or it cannot be opened.
pub async fn proof(config: &Config, note: u64, level: entry::Level, identity: Option<&Path>) -> anyhow::Result<Proof> {
    let reader = Reader::open(&config.log.database)?;
    let Some(row) = reader.proof(note).await? else { return Err(no_note(&reader, note).await?.into()) };
    let identities = identities(config, identity)?;
    let Some(sealed) = &row.opening else {
        return Err(Failure::failed(
            format!("the opening of note {note} was shredded"),
            "without it nobody can show what the note says; a backup may still hold it",
        )
        .into());
    };
    let opening = vault::open(note, sealed, &identities).map_err(|error| {
        Failure::failed(error.to_string(), "name a key to which it was sealed with `--identity FILE`")
    })?;
    let vkey = VerifierKey::parse(&reader.vkey().await?).context("the database holds a key that is none")?;
    let address = |name: &AccountName, post| x::address_of(config.x.web.as_str(), name, post);
    Ok(bundle::proof(note, &row, vkey, address, opening, level)?)
}

/// The failure that there is no such note.
///
/// # Errors
/// Those of the database.
pub async fn no_note(reader: &Reader, note: u64) -> anyhow::Result<Failure> {
    let last = reader.last_note().await?;
    let what = format!("there is no note {note}: {last} were sealed");
    Ok(Failure::failed(what, "see them all with `verbale notes`"))
}

/// The secret keys in the file `identity`, or in that of the configuration.
///
/// # Errors
/// If no file is named, or it holds no key.
pub fn identities(config: &Config, identity: Option<&Path>) -> anyhow::Result<Vec<age::x25519::Identity>> {
    let file = identity.or(config.openings.identity_file.as_deref()).ok_or_else(|| {
        Failure::unusable(
            "this installation has no secret key that opens notes",
            "name the file of one with `--identity FILE`, on a machine of the officials",
        )
    })?;
    Ok(secrets::identities(file)?)
}

/// The post of an entry, and where it is. None if there is none yet.
///
/// # Errors
/// Those of the database.
pub(super) async fn published(
    config: &Config,
    reader: &Reader,
    row: &ProofRow,
) -> anyhow::Result<Option<PublishedPost>> {
    if row.post.is_none() {
        return Ok(None);
    }
    let account = reader.own_account().await?.context("the database does not say who posted")?;
    let name = account.name.clone();
    Ok(bundle::published(row.post.clone(), account, |post| x::address_of(config.x.web.as_str(), &name, post)))
}

/// Writes a new file that only its owner can read, whole or not at all; an existing one is never overwritten.
///
/// # Errors
/// If it exists or cannot be written.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let shown = path.display();
    let unusable = |error: &dyn std::error::Error| {
        Failure::unusable(format!("cannot write {shown}: {error}"), "name another file with `--out FILE`")
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Only its owner may read it. A crash before it has its name leaves a file of a name that says so, and no other.
    let file = tempfile::Builder::new().prefix(&format!(".{name}.unfinished-")).tempfile_in(folder);
    // Its own message names the unfinished file, and the cause stands behind it.
    let mut file =
        file.map_err(|error| unusable(error.get_ref().and_then(|inner| inner.source()).unwrap_or(&error)))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).with_context(|| format!("cannot write {shown}"))?;
    file.persist_noclobber(path).map_err(|error| unusable(&error.error))?;
    Ok(())
}
