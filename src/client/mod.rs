//! The audit's edge: fetches the files of a published log in their order, a few ahead, and hands them to the [`audit`].
//!
//! [`audit`]: crate::verify::log

mod web;
pub mod source;
mod key;
mod openings;
pub mod neighbours;
mod journal;
mod bounded;
mod unicode;
mod heads;
mod collected;
mod posts;
mod online;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};

use crate::base::ids::AccountName;
use crate::base::text;
use crate::base::time::Time;
use crate::platform::x::Oembed;
use crate::tlog::checkpoint::{self, Checkpoint};
use crate::tlog::policy::Policy;
use crate::tlog::signed_note::{self, SignedNote};
use crate::tlog::tile::Kind;
use crate::verify::log::{self, Audit, Extent, Outside, Report};

use journal::Journal;
use key::Key;
use posts::Tally;
#[cfg(feature = "fuzzing")]
pub use posts::read_posts;
use source::{FetchError, FetchedFile, Reading, Source};

pub use collected::FileError;
pub use journal::JournalError;

/// Number of bundles, with their tiles, that are asked for at once.
const GROUP: usize = 8;

/// Number of groups that are asked for ahead of the bundle that is taken.
const AHEAD: usize = 3;

/// The entries' lines for people.
const LOG_TEXT: &str = "log.txt";

/// Number of bundles after which the state is saved, if the audit is to be resumable.
const BUNDLES_A_SAVE: u64 = 256;

/// What is to be audited.
pub struct AuditRequest {
    /// The log.
    pub place: Source,
    /// Its key, if it is known from elsewhere, or a policy that names it and its witnesses.
    pub log: Option<Policy>,
    /// A signed head that was seen at an earlier time.
    pub since: Option<String>,
    /// A file of posts to compare with the log.
    pub posts: Option<PathBuf>,
    /// The client that asks X for the posts, in place of such a file.
    pub online: Option<Oembed>,
    /// The names that the account of the posts is said to have had, the present one first. X is asked only under that.
    pub accounts: Vec<AccountName>,
    /// Where to keep the state if the audit is interrupted; the file is removed when the audit is complete.
    pub resume: Option<PathBuf>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is published there.
    #[error("there is no `checkpoint`\nname the folder or the address below which the log is published")]
    NoLog,
    /// The head could not be read.
    #[error("{0}\ntry again later: nothing is said about the log")]
    FetchError(#[from] FetchError),
    /// What stands in place of the head is none.
    #[error(
        "the checkpoint is not that of a log: {0}\ntry again later, or name the address below which the log is published"
    )]
    Head(String),
    /// The earlier head is not a head.
    #[error(
        "it is not the head of a log: {0}\nname the head that the last audit kept, or a file that does not exist yet"
    )]
    Since(String),
    /// The file of posts cannot be used.
    #[error(transparent)]
    Posts(#[from] FileError),
    /// The file for resuming cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The result of an audit.
pub struct Audited {
    /// The report.
    pub report: Report,
    /// The signed head that was audited, byte for byte.
    pub checkpoint: String,
    /// Number of entries that an interrupted audit had taken before.
    pub resumed: u64,
}

/// How far an audit has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// What is read.
    pub stage: Stage,
    /// Number that is done.
    pub done: u64,
    /// Number in all.
    pub of: u64,
}

/// What an audit reads at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// The entries of the log.
    Entries,
    /// The posts that X is asked for.
    Posts,
}

/// What is learnt, and kept if it is interrupted. The head is that of the beginning: the log may have grown since.
#[derive(Serialize, Deserialize)]
struct State {
    checkpoint: String,
    /// When it was read.
    begun: Time,
    audit: Audit,
    tally: Option<Tally>,
    /// Whether nothing more can be learnt from the log itself.
    #[serde(default)]
    is_read: bool,
}

/// Reads the whole log, and then asks for its posts if that is wanted. `progress` is called now and then.
///
/// # Errors
/// If there is no log, its head cannot be read, or a file cannot be used. All other faults are in the report.
pub async fn audit(wanted: &AuditRequest, now: Time, mut progress: impl FnMut(Progress)) -> Result<Audited, Error> {
    let key = Key::read(&wanted.place, wanted.log.clone()).await?;
    let since = wanted.since.as_ref().map(|since| head_of(since.as_bytes())).transpose().map_err(Error::Since)?;
    let journal = Journal::open(wanted.resume.as_deref(), about(wanted))?;
    let saved: Option<State> = journal.load()?;
    let begun_before = saved.as_ref().map(|state| state.begun);
    let mut state = match saved {
        Some(state) => state,
        None => begin(wanted, &journal, since.as_ref(), now).await?,
    };
    let resumed = state.audit.len();
    let head = head_of(state.checkpoint.as_bytes());
    let head = head.map_err(|error| Error::Head(format!("{error}; {}", text::glimpse(state.checkpoint.as_bytes()))))?;
    let mut unread =
        read_all(wanted, &journal, &mut state, &head, &mut progress).await?.map(|unread| unread.to_string());
    state.is_read = unread.is_none();
    let openings = openings::check(&wanted.place, &state.audit, &head, now).await;
    unread = unread.or(openings.unread);
    if unread.is_some() || wanted.online.is_some() {
        journal.save(&state)?;
    }
    if let Some((oembed, account)) = wanted.online.as_ref().zip(wanted.accounts.first()).filter(|_| state.is_read) {
        online::ask(&journal, oembed, account, &mut progress).await?;
    }
    let State { checkpoint, begun, audit, tally, .. } = state;
    let mut before = vec![key.signature(checkpoint.as_bytes(), &head), key.check(&head)];
    before.extend(key.witnesses(checkpoint.as_bytes()));
    before.extend(wanted.since.as_ref().and_then(|since| key.signed_since(since, &head)));
    let read = Extent::of(audit.len(), &head);
    let posts = match (&tally, &wanted.online) {
        (Some(tally), _) => Some(tally.check(&journal, &audit, begun, read, &wanted.accounts)?),
        (None, Some(_)) => Some(online::check(&journal, &wanted.accounts, read)?),
        (None, None) => None,
    };
    unread = unread.or_else(|| posts.as_ref()?.unread.clone());
    let is_read = unread.is_none();
    let unread = unread
        .or_else(|| posts.as_ref()?.open.clone())
        .or_else(|| older_head(&wanted.place, &head, since.as_ref()))
        .or_else(|| key.open(&head))
        .or_else(|| openings.open.clone())
        .or_else(|| audit.log_text_unreadable().map(|why| format!("{LOG_TEXT}: {why}")));
    let posts = posts.map(|posts| posts.check);
    let outside = Outside { key: key.used(&head), before, openings: Some(openings.check), posts };
    let report = Report { begun: begun_before, ..audit.report(&head, now, unread, outside) };
    if is_read {
        journal.remove();
    }
    Ok(Audited { report, checkpoint, resumed })
}

/// An interrupted audit is taken up again only if it was about exactly the same.
fn about(wanted: &AuditRequest) -> String {
    let posts = wanted.posts.as_ref().map(|posts| {
        let about = std::fs::metadata(posts).ok().map(|file| (file.len(), file.modified().ok()));
        (absolute(posts), about)
    });
    let online = (wanted.online.as_ref().map(Oembed::base), &wanted.accounts);
    let place = match &wanted.place {
        Source::Folder(folder) => absolute(folder).display().to_string(),
        Source::Web { base, .. } => base.to_string(),
    };
    format!("{} {place:?} {:?} {:?} {posts:?} {online:?}", env!("CARGO_PKG_VERSION"), wanted.log, wanted.since)
}

/// The absolute path, so that it does not depend on where the program was started.
fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

async fn begin(
    wanted: &AuditRequest,
    journal: &Journal,
    since: Option<&Checkpoint>,
    begun: Time,
) -> Result<State, Error> {
    let checkpoint = newest_head(&wanted.place, since).await?;
    let mut audit = Audit::new(since);
    let mut tally = None;
    if let Some(posts) = &wanted.posts {
        tally = Some(Tally::new(collected::read(journal, posts, &wanted.accounts)?));
    }
    if tally.is_some() || wanted.online.is_some() {
        audit.tell_texts();
    }
    Ok(State { checkpoint, begun, audit, tally, is_read: false })
}

/// The published head. One that is older than the earlier one may come out of a cache: then the server itself is asked.
async fn newest_head(place: &Source, since: Option<&Checkpoint>) -> Result<String, Error> {
    // One byte more shows that it is too long.
    let bytes_max = signed_note::BYTES_MAX + 1;
    let mut bytes = place.read(checkpoint::FILE, bytes_max).await?.ok_or(Error::NoLog)?;
    let is_older = |head: Checkpoint| since.is_some_and(|since| head.size < since.size);
    if head_of(&bytes).is_ok_and(is_older) {
        bytes = place.read_past_caches(checkpoint::FILE, bytes_max).await?.ok_or(Error::NoLog)?;
    }
    String::from_utf8(bytes).map_err(|error| Error::Head(format!("{error}; {}", text::glimpse(error.as_bytes()))))
}

/// What to say of a head that is older than the earlier one. Both can be true.
fn older_head(place: &Source, head: &Checkpoint, since: Option<&Checkpoint>) -> Option<String> {
    let (size, earlier) = (head.size, since.filter(|since| head.size < since.size)?.size);
    let perhaps = match place {
        Source::Folder(_) => "perhaps an older copy",
        Source::Web { .. } => "perhaps a cache; asked again past the cache, and the same",
    };
    Some(format!(
        "an older head is shown, of {size} entries and not {earlier}: {perhaps}. If it stays so, the log was cut back"
    ))
}

/// What a head says, whoever signed it.
fn head_of(bytes: &[u8]) -> Result<Checkpoint, String> {
    let head = SignedNote::parse(bytes).and_then(|note| Checkpoint::parse(note.text()));
    head.map_err(|error| error.to_string())
}

/// Reads on to the end of the log, or to something that could not be read.
async fn read_all(
    wanted: &AuditRequest,
    journal: &Journal,
    state: &mut State,
    head: &Checkpoint,
    progress: &mut impl FnMut(Progress),
) -> Result<Option<FetchError>, Error> {
    if state.is_read {
        return Ok(None);
    }
    match read_on(wanted, journal, state, head, progress).await {
        Ok(()) => Ok(None),
        Err(Error::FetchError(unread)) => Ok(Some(unread)),
        Err(other) => Err(other),
    }
}

async fn read_on(
    wanted: &AuditRequest,
    journal: &Journal,
    state: &mut State,
    head: &Checkpoint,
    progress: &mut impl FnMut(Progress),
) -> Result<(), Error> {
    let place = &wanted.place;
    let mut log_text = place.open(LOG_TEXT, state.audit.log_text_due().0).await?;
    match &log_text {
        Some(_) if state.audit.is_empty() => state.audit.compare_log_text(),
        None => state.audit.lose_log_text(),
        Some(_) => {}
    }
    let steps = stream::iter(log::plan(state.audit.bundles(), head.size)).chunks(GROUP);
    let mut steps = steps.map(async |steps| place.steps(steps).await).buffered(AHEAD).flat_map(stream::iter);
    loop {
        if let Some(log_text) = &mut log_text {
            compare(&mut state.audit, log_text).await?;
        }
        progress(Progress { stage: Stage::Entries, done: state.audit.len(), of: head.size });
        let Some(files) = steps.next().await else { break };
        if take(journal, state, files?)?.is_break() {
            return Ok(());
        }
        if state.audit.bundles().is_multiple_of(BUNDLES_A_SAVE) && wanted.resume.is_some() {
            journal.save(state)?;
        }
    }
    if let Some(log_text) = &mut log_text
        && !log_text.next(1).await?.is_empty()
    {
        state.audit.log_text_goes_on();
    }
    Ok(())
}

/// Takes a bundle and the tiles that it completes: between two of them the state can be saved.
fn take(journal: &Journal, state: &mut State, files: Vec<FetchedFile>) -> Result<ControlFlow<()>, Error> {
    for (path, bytes) in files {
        if state.tally.is_some() && path.kind() == Kind::Entries {
            heads::ask(journal, &mut state.audit, path.start() + u64::from(path.width()))?;
        }
        if state.audit.take(path, bytes.as_deref()).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    for seen in state.audit.seen() {
        match &mut state.tally {
            Some(tally) => tally.take(journal, &seen)?,
            None => online::take(journal, &seen)?,
        }
    }
    Ok(ControlFlow::Continue(()))
}

async fn compare(audit: &mut Audit, log_text: &mut Reading) -> Result<(), FetchError> {
    let (_, due) = audit.log_text_due();
    if 0 < due {
        audit.take_log_text(&log_text.next(due).await?);
    }
    Ok(())
}
