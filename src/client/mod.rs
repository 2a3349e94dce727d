//! The audit's edge: fetches the files of a published log in their order, a few ahead, and hands them to the [`audit`].
//!
//! [`audit`]: crate::verify::log

pub mod source;
pub mod neighbours;
mod journal;
mod bounded;
mod heads;
mod posts;
mod online;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};

use crate::base::ids::AccountName;
use crate::base::text;
use crate::base::time::Time;
use crate::note::names;
use crate::platform::x::Oembed;
use crate::tlog::checkpoint::{self, Checkpoint};
use crate::tlog::policy::Policy;
use crate::tlog::signed_note::{self, SignedNote, VerifierKey};
use crate::tlog::tile::Kind;
use crate::verify::check::{self, Check};
use crate::verify::log::{self, Audit, Extent, Outside, Report};
use crate::verify::proof;

use journal::Journal;
use posts::Tally;
#[cfg(feature = "fuzzing")]
pub use posts::read_posts;
use source::{FetchError, FetchedFile, Reading, Source};

pub use journal::JournalError;
pub use posts::FileError;

/// Number of bundles, with their tiles, that are asked for at once.
const GROUP: usize = 8;

/// Number of groups that are asked for ahead of the bundle that is taken.
const AHEAD: usize = 3;

/// The largest file of a public key, in bytes.
const KEY_BYTES_MAX: usize = 1024;

/// The entries' lines for people.
const LOG_TEXT: &str = "log.txt";

/// Why nothing can be said about a log without a key.
const NO_KEY: &str = "log.vkey: there is none, and no other key was given";

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
    /// The client that asks X for the posts, in place of such a file, and the account that made them.
    pub online: Option<(Oembed, AccountName)>,
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
    /// The published file is not a head.
    #[error("the checkpoint is not that of a log: {0}\nask whoever publishes the log")]
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
    let key = Key::read(wanted).await?;
    let since = wanted.since.as_ref().map(|since| head_of(since.as_bytes())).transpose().map_err(Error::Since)?;
    let journal = Journal::open(wanted.resume.as_deref(), about(wanted))?;
    let saved: Option<State> = journal.load()?;
    let begun_before = saved.as_ref().map(|state| state.begun);
    let mut state = match saved {
        Some(state) => state,
        None => begin(wanted, &journal, since.as_ref(), now).await?,
    };
    let resumed = state.audit.len();
    let head = head_of(state.checkpoint.as_bytes()).map_err(Error::Head)?;
    let mut unread =
        read_all(wanted, &journal, &mut state, &head, &mut progress).await?.map(|unread| unread.to_string());
    state.is_read = unread.is_none();
    if unread.is_some() || wanted.online.is_some() {
        journal.save(&state)?;
    }
    if let Some((oembed, account)) = wanted.online.as_ref().filter(|_| state.is_read) {
        online::ask(&journal, oembed, account, &mut progress).await?;
    }
    let State { checkpoint, begun, audit, tally, .. } = state;
    let mut before = vec![key.signature(checkpoint.as_bytes(), &head), key.check(&head)];
    before.extend(key.witnesses(checkpoint.as_bytes()));
    before.extend(wanted.since.as_ref().and_then(|since| key.signed_since(since, &head)));
    let read = Extent::of(audit.len(), &head);
    let mut posts = tally.map(|tally| tally.check(&journal, &audit, begun, read)).transpose()?;
    if let Some((_, account)) = &wanted.online {
        let looked = online::check(&journal, account, read)?;
        posts = Some(looked.check);
        unread = unread.or(looked.unread);
    }
    let is_read = unread.is_none();
    // A head without a known signer is nobody's word.
    let unread = unread.or_else(|| key.known(&head).is_none().then(|| NO_KEY.to_owned()));
    let report = Report { begun: begun_before, ..audit.report(&head, now, unread, Outside { before, posts }) };
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
    let online = wanted.online.as_ref().map(|(oembed, account)| (oembed.base(), account));
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
    // One byte more shows that it is too long.
    let checkpoint = wanted.place.read(checkpoint::FILE, signed_note::BYTES_MAX + 1).await?.ok_or(Error::NoLog)?;
    let not_text = |_| Error::Head("it is not text in UTF-8".to_owned());
    let checkpoint = String::from_utf8(checkpoint).map_err(not_text)?;
    let mut audit = Audit::new(since);
    let mut tally = None;
    if let Some(posts) = &wanted.posts {
        posts::read(journal, posts)?;
        tally = Some(Tally::default());
    }
    if tally.is_some() || wanted.online.is_some() {
        audit.tell_texts();
    }
    Ok(State { checkpoint, begun, audit, tally, is_read: false })
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

/// The key that heads are checked with, and its origin.
struct Key {
    trusted: Option<Policy>,
    /// The key that is published with the log, or what is wrong with it.
    published: Option<Result<VerifierKey, String>>,
}

impl Key {
    async fn read(wanted: &AuditRequest) -> Result<Key, FetchError> {
        let published = wanted.place.read(names::VKEY, KEY_BYTES_MAX).await?;
        let published = published.map(|bytes| proof::vkey(&bytes).map_err(|error| error.to_string()));
        Ok(Key { trusted: wanted.log.clone(), published })
    }

    fn known(&self, head: &Checkpoint) -> Option<&VerifierKey> {
        let published = self.published.as_ref().and_then(|published| published.as_ref().ok());
        proof::known(self.trusted.as_ref(), Some(&head.origin), published)
    }

    fn signature(&self, checkpoint: &[u8], head: &Checkpoint) -> Check {
        const NAME: &str = "signature";
        let Some(key) = self.known(head) else { return check::not_checked(NAME, "no key is known") };
        match Checkpoint::open(checkpoint, key) {
            Ok(head) => {
                let size = text::count(head.size, "entry", "entries");
                check::holds(NAME, format!("{} signed the head of {size}", key.name_and_id()))
            }
            Err(error) => check::fails(NAME, error.to_string()),
        }
    }

    fn check(&self, head: &Checkpoint) -> Check {
        const NAME: &str = "key";
        let shown = match &self.published {
            Some(Err(error)) => return check::fails(NAME, error.clone()),
            Some(Ok(published)) => Some(published),
            None => self.known(head),
        };
        let Some(shown) = shown else {
            return match self.trusted.as_ref().is_some_and(Policy::names_logs) {
                true => check::fails(NAME, format!("the policy has no Ed25519 key of the log {}", head.origin)),
                false => check::not_checked(NAME, "there is no log.vkey, and none was given"),
            };
        };
        let checked = proof::key_of(NAME, "the log", shown, self.trusted.as_ref(), Some(&head.origin));
        checked.unwrap_or_else(|| {
            check::not_checked(
                NAME,
                format!("it came with the log; compare it with the one that its owner shows elsewhere: {shown}"),
            )
        })
    }

    /// Enough witnesses have signed the head, if any are asked for.
    fn witnesses(&self, checkpoint: &[u8]) -> Option<Check> {
        let checkpoint = SignedNote::parse(checkpoint).ok()?;
        proof::witnesses("witnesses", &checkpoint, self.trusted.as_ref())
    }

    /// An earlier head that another key signed shows nothing about this log.
    fn signed_since(&self, since: &str, head: &Checkpoint) -> Option<Check> {
        let error = Checkpoint::open(since.as_bytes(), self.known(head)?).err()?;
        Some(check::fails("earlier head", error.to_string()))
    }
}
