//! `verbale audit`: what a whole published log shows to somebody who does not trust it.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::NamedTempFile;

use super::online::Online;
use super::{Failure, Output, failure, tell, trust, written};
use crate::base::clock::Clock;
use crate::base::ids::AccountName;
use crate::client::source::Source;
use crate::client::{self, AuditRequest, Audited, Stage};
use crate::platform::x::{Oembed, PATIENCE_LONG};
use crate::verify::log::Report;

/// How often progress is reported on a terminal, and elsewhere.
const PROGRESS: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];

/// Check a whole log as a stranger: every entry, the tree, the order, the posts
///
/// Reads a log as it is published, from a folder or an address, and computes everything anew: each entry, the tree and its
/// tiles, the root, the signature, that notes are numbered without gaps, that times are in order, that every note was posted
/// once, and that what is opened, disputed or received may stand there. Nothing is asked of whoever publishes it but the files.
/// The first line says whose key was used, and where that is from.
///
/// With --since it proves that the log only grew since the last time: FILE holds the head of then, and gets the new one if
/// all that was checked holds.
///
/// With --posts each post that stands there is compared with the log: which are edited, of the log's forms and unknown to
/// it, or show more entries than it has; and which are missing between the oldest and the newest in the file. It may be X's
/// own export of an account (tweets.js), answers of X's API, or JSON objects. An audit that was interrupted goes on where it
/// was.
///
/// With --online X is asked for the posts of --account in place of a file, a few at once: which are gone or edited. Posts
/// of which the log says nothing cannot be seen that way. If X asks to wait, the audit does, up to a quarter of an hour; a
/// post that could not be read is never taken for missing, and is asked for again the next time.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale audit https://embassy.example/notes/ --since embassy.head
  verbale audit --log embassy.example/notes+23012f24+AVWppx9R… notes/public
  verbale audit --json notes/public | jq .summary
  verbale audit notes/public --posts timeline.json
  verbale audit --online --account embassy https://embassy.example/notes/ --since embassy.head

Exit status:
  0 all that was checked holds, 1 something fails, 2 there is no log or a file cannot be used, 3 not all could be read or
  compared")]
pub struct Arguments {
    /// The folder, or the address, below which the log is published
    #[arg(value_name = "URL|DIR")]
    pub place: String,

    /// The head of the last time; it need not exist the first time
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,

    /// Posts to compare with the log: tweets.js, answers of X's API, or objects {"id", "author", "text"}
    #[arg(long, value_name = "FILE", conflicts_with = "online")]
    pub posts: Option<PathBuf>,

    /// Whether to ask X for the posts.
    #[command(flatten)]
    pub online: Online,

    /// The name, at present, of the account that posts what the log says; again for each name that it had before
    #[arg(long, value_name = "NAME", required_if_eq("online", "true"), value_parser = name)]
    pub account: Vec<AccountName>,

    /// Where to keep what was learnt if the audit is interrupted; else it is beside the file of --since, as FILE.resume
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,

    /// The log's public key as you know it, a file that holds it, or a C2SP tlog-policy file
    #[arg(long, value_name = "KEY|POLICY")]
    pub log: Option<String>,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// Audits, says what was found, and keeps the head if all holds.
///
/// # Errors
/// If there is no log, an argument cannot be used, or the head cannot be kept.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let wanted = AuditRequest {
        place: Source::parse(&arguments.place).map_err(|error| Failure::of("", &error))?,
        log: arguments.log.as_deref().map(trust::policy).transpose()?,
        since: arguments.since.as_deref().map(earlier).transpose()?.flatten(),
        posts: arguments.posts.clone(),
        online: asked(arguments)?,
        accounts: arguments.account.clone(),
        resume: arguments.resume.clone().or_else(|| arguments.since.as_deref().map(beside)),
    };
    if !arguments.account.is_empty() && wanted.posts.is_none() && wanted.online.is_none() {
        let what = "--account says whose posts are compared, and no posts are given";
        return Err(Failure::unusable(what.to_owned(), "give a file with --posts, or ask X with --online").into());
    }
    let mut progress = Progress::new();
    let now = Clock::system().now();
    let audit = client::audit(&wanted, now, |come| progress.tell(come));
    let audited = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(audit);
    progress.end();
    let Audited { report, checkpoint, resumed } = audited.map_err(|error| failed(arguments, &error))?;
    if 0 < resumed {
        tell(format_args!("went on after entry {resumed}, where an earlier audit was interrupted"));
    }
    written(write(&report, &arguments.output))?;
    if let Some(since) = arguments.since.as_deref().filter(|_| report.exit_status() == 0) {
        keep(since, checkpoint.as_bytes())?;
    }
    Ok(ExitCode::from(report.exit_status()))
}

/// Writes what was found: a line of JSON, or a report.
fn write(report: &Report, output: &Output) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if output.json {
        serde_json::to_writer(&mut out, report)?;
        out.write_all(b"\n")
    } else {
        out.write_all(report.to_string().as_bytes())
    }
}

/// The client that asks X for the posts, if it is wanted.
fn asked(arguments: &Arguments) -> anyhow::Result<Option<Oembed>> {
    if !arguments.online.online {
        return Ok(None);
    }
    let oembed = Oembed::new(&arguments.online.oembed, PATIENCE_LONG).map_err(|error| Failure::of("", &error))?;
    Ok(Some(oembed))
}

fn name(text: &str) -> Result<AccountName, String> {
    AccountName::parse(text.trim_start_matches('@')).ok_or_else(|| "it is no account's name".to_owned())
}

/// The head of the last time. None if this is the first time.
fn earlier(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(head) => Ok(Some(head)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let what = format!("{} cannot be read: {error}", path.display());
            Err(Failure::unusable(what, "name the head that the last audit kept, or a file that does not exist yet")
                .into())
        }
    }
}

/// The default file from which an interrupted audit is resumed.
fn beside(since: &Path) -> PathBuf {
    let mut name = since.as_os_str().to_owned();
    name.push(".resume");
    name.into()
}

/// Replaces the old head by the new one: a reader of the file finds one of the two, complete.
fn keep(path: &Path, head: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(head)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        fs::File::open(folder)?.sync_all()
    };
    write().with_context(|| {
        format!("cannot keep the head in {}\nthe audit holds: give --since another file", path.display())
    })
}

fn failed(arguments: &Arguments, error: &client::Error) -> Failure {
    let failure = match (error, &arguments.since) {
        (client::Error::Posts(_) | client::Error::Journal(_), _) => Failure::of("", error),
        (client::Error::Since(_), Some(since)) => Failure::of(format_args!("{}: ", since.display()), error),
        _ => Failure::of(format_args!("{}: ", arguments.place), error),
    };
    let status = match error {
        client::Error::NoLog | client::Error::Since(_) | client::Error::Posts(_) | client::Error::Journal(_) => {
            failure::UNUSABLE
        }
        // Anybody on the way may have put something else there: that is no fault of the log.
        client::Error::Head(_) | client::Error::FetchError(_) => failure::UNCHECKED,
    };
    Failure { status, ..failure }
}

/// Says on standard error how far it has come: often on a terminal, seldom elsewhere.
struct Progress {
    terminal: bool,
    told: Instant,
    any: bool,
}

impl Progress {
    fn new() -> Progress {
        Progress { terminal: io::stderr().is_terminal(), told: Instant::now(), any: false }
    }

    fn tell(&mut self, come: client::Progress) {
        if self.told.elapsed() < PROGRESS[usize::from(!self.terminal)] {
            return;
        }
        self.told = Instant::now();
        self.any = true;
        let client::Progress { stage, done, of } = come;
        let what = match stage {
            Stage::Entries => "entries",
            Stage::Posts => "posts",
        };
        let share = done.saturating_mul(100) / of.max(1);
        if self.terminal {
            // In place of the line before; an audit does not depend on whether anybody reads that.
            let _ = write!(io::stderr(), "\r\x1b[K{done} of {of} {what} ({share} %)");
        } else {
            tell(format_args!("{done} of {of} {what} ({share} %)"));
        }
    }

    fn end(&self) {
        if self.terminal && self.any {
            tell(format_args!(""));
        }
    }
}
