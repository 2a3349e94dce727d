//! The audit's edge: fetches the files of a published log in their order, a few ahead, and hands them to the [`audit`].
//!
//! [`audit`]: crate::audit

pub mod place;
mod journal;
mod bounded;
mod posts;
mod heads;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};

use crate::audit::{self, Audit, Outside, Report};
use crate::log::checkpoint::{self, Checkpoint};
use crate::log::signed_note::{self, SignedNote, VerifierKey};
use crate::log::tile::{Kind, TilePath};
use crate::opening::names;
use crate::time::Time;
use crate::verify::{self, Check};

use journal::Journal;
use place::{Place, Reading, Unread};
use posts::Tally;

pub use journal::JournalError;
pub use posts::FileError;

/// So many bundles, with their tiles, are asked for ahead of the one that is taken.
const AHEAD: usize = 16;

/// The largest file of a public key, in bytes.
const KEY_BYTES_MAX: usize = 1024;

/// The entries' lines for people.
const LOG_TEXT: &str = "log.txt";

/// Why nothing holds of a log without a key.
const NO_KEY: &str = "log.vkey: there is none, and no other key was given";

/// After so many bundles what was learnt is saved, if it is to be resumed.
const BUNDLES_A_SAVE: u64 = 256;

/// What is to be audited.
pub struct Wanted {
    /// The log.
    pub place: Place,
    /// Its key, if it is known from elsewhere.
    pub log: Option<VerifierKey>,
    /// A signed head that was seen at an earlier time.
    pub since: Option<String>,
    /// A file of posts to compare with the log.
    pub posts: Option<PathBuf>,
    /// Where to keep what was learnt if the audit is interrupted; gone when it comes to an end.
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
    Unread(#[from] Unread),
    /// The head is none.
    #[error("the {what} is not that of a log: {why}\nask whoever publishes the log, or who gave you the file")]
    Head {
        /// Which one.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The file of posts cannot be used.
    #[error(transparent)]
    Posts(#[from] FileError),
    /// The file for resuming cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What an audit came to.
pub struct Audited {
    /// The report.
    pub report: Report,
    /// The signed head that was audited, byte for byte.
    pub checkpoint: String,
    /// How many entries an interrupted audit had taken before.
    pub resumed: u64,
}

/// What is learnt, and kept if it is interrupted. The head is that of the beginning: the log may have grown since.
#[derive(Serialize, Deserialize)]
struct State {
    checkpoint: String,
    /// When it was read.
    begun: Time,
    audit: Audit,
    tally: Option<Tally>,
}

/// Reads the whole log. `progress` is told now and then how many entries of how many have been taken.
///
/// # Errors
/// If there is no log, its head cannot be read, or a file cannot be used. Whatever else is wrong is in the report.
pub async fn audit(wanted: &Wanted, now: Time, progress: impl FnMut(u64, u64)) -> Result<Audited, Error> {
    let key = Key::read(wanted).await?;
    let since = wanted.since.as_ref().map(|since| head_of("earlier head", since.as_bytes())).transpose()?;
    let journal = Journal::open(wanted.resume.as_deref(), about(wanted))?;
    let mut state = match journal.load()? {
        Some(state) => state,
        None => begin(wanted, &journal, since.as_ref(), now).await?,
    };
    let resumed = state.audit.len();
    let head = head_of("checkpoint", state.checkpoint.as_bytes())?;
    let read = read_all(wanted, &journal, &mut state, &head, progress).await;
    let unread = match read {
        Ok(()) => None,
        Err(Error::Unread(unread)) => {
            journal.save(&state)?;
            Some(unread.to_string())
        }
        Err(other) => return Err(other),
    };
    let is_read = unread.is_none();
    // A head that nobody is known to have signed is nobody's word.
    let unread = unread.or_else(|| key.known().is_none().then(|| NO_KEY.to_owned()));
    let State { checkpoint, begun, audit, tally } = state;
    let mut before = vec![key.signature(checkpoint.as_bytes()), key.check()];
    before.extend(wanted.since.as_ref().and_then(|since| key.signed_since(since)));
    let whole = audit.len() == head.size;
    let posts = tally.map(|tally| tally.check(&journal, &audit, begun, whole)).transpose()?;
    let report = audit.report(&head, now, unread, Outside { before, posts });
    if is_read {
        journal.remove();
    }
    Ok(Audited { report, checkpoint, resumed })
}

/// An interrupted audit is taken up again only if it was about exactly the same.
fn about(wanted: &Wanted) -> String {
    let posts = wanted.posts.as_ref().map(|posts| {
        let about = std::fs::metadata(posts).ok().map(|file| (file.len(), file.modified().ok()));
        (absolute(posts), about)
    });
    let log = wanted.log.as_ref().map(ToString::to_string);
    let place = match &wanted.place {
        Place::Folder(folder) => absolute(folder).display().to_string(),
        Place::Web { base, .. } => base.to_string(),
    };
    format!("{} {place:?} {log:?} {:?} {posts:?}", env!("CARGO_PKG_VERSION"), wanted.since)
}

/// The path from the root on: what it names does not hang on where the program was started.
fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

async fn begin(wanted: &Wanted, journal: &Journal, since: Option<&Checkpoint>, begun: Time) -> Result<State, Error> {
    // One byte more tells that it is too long.
    let checkpoint = wanted.place.read(checkpoint::FILE, signed_note::BYTES_MAX + 1).await?.ok_or(Error::NoLog)?;
    let not_text = |_| Error::Head { what: "checkpoint", why: "it is not text in UTF-8".to_owned() };
    let checkpoint = String::from_utf8(checkpoint).map_err(not_text)?;
    let mut audit = Audit::new(since);
    let mut tally = None;
    if let Some(posts) = &wanted.posts {
        posts::read(journal, posts)?;
        audit.tell_texts();
        tally = Some(Tally::default());
    }
    Ok(State { checkpoint, begun, audit, tally })
}

/// What a head says, whoever signed it.
fn head_of(what: &'static str, bytes: &[u8]) -> Result<Checkpoint, Error> {
    let head = SignedNote::parse(bytes).and_then(|note| Checkpoint::parse(note.text()));
    head.map_err(|error| Error::Head { what, why: error.to_string() })
}

async fn read_all(
    wanted: &Wanted,
    journal: &Journal,
    state: &mut State,
    head: &Checkpoint,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), Error> {
    let place = &wanted.place;
    let mut log_text = place.open(LOG_TEXT, state.audit.log_text_due().0).await?;
    match &log_text {
        Some(_) if state.audit.is_empty() => state.audit.compare_log_text(),
        None => state.audit.lose_log_text(),
        Some(_) => {}
    }
    let steps = audit::plan(state.audit.bundles(), head.size);
    let mut steps = stream::iter(steps).map(async |paths| place.tiles(paths).await).buffered(AHEAD);
    loop {
        if let Some(log_text) = &mut log_text {
            compare(&mut state.audit, log_text).await?;
        }
        progress(state.audit.len(), head.size);
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
fn take(
    journal: &Journal,
    state: &mut State,
    files: Vec<(TilePath, Option<Vec<u8>>)>,
) -> Result<ControlFlow<()>, Error> {
    for (path, bytes) in files {
        if state.tally.is_some() && path.kind() == Kind::Entries {
            heads::ask(journal, &mut state.audit, path.start() + u64::from(path.width()))?;
        }
        if state.audit.take(path, bytes.as_deref()).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    if let Some(tally) = &mut state.tally {
        state.audit.seen().iter().try_for_each(|seen| tally.take(journal, seen))?;
    }
    Ok(ControlFlow::Continue(()))
}

async fn compare(audit: &mut Audit, log_text: &mut Reading) -> Result<(), Unread> {
    let (_, due) = audit.log_text_due();
    if 0 < due {
        audit.take_log_text(&log_text.next(due).await?);
    }
    Ok(())
}

/// The key that heads are checked by, and where it came from.
struct Key {
    trusted: Option<VerifierKey>,
    /// The one that is published with the log, or what is wrong with it.
    published: Option<Result<VerifierKey, String>>,
}

impl Key {
    async fn read(wanted: &Wanted) -> Result<Key, Unread> {
        let published = wanted.place.read(names::VKEY, KEY_BYTES_MAX).await?;
        let published = published.map(|bytes| verify::vkey(&bytes).map_err(|error| error.to_string()));
        Ok(Key { trusted: wanted.log.clone(), published })
    }

    fn known(&self) -> Option<&VerifierKey> {
        self.trusted.as_ref().or(self.published.as_ref()?.as_ref().ok())
    }

    fn signature(&self, checkpoint: &[u8]) -> Check {
        const NAME: &str = "signature";
        let Some(key) = self.known() else { return verify::not_checked(NAME, "no key is known") };
        match Checkpoint::open(checkpoint, key) {
            Ok(head) => verify::holds(NAME, format!("{} signed the head of {} entries", key.name_and_id(), head.size)),
            Err(error) => verify::fails(NAME, error.to_string()),
        }
    }

    fn check(&self) -> Check {
        const NAME: &str = "key";
        match (&self.trusted, &self.published) {
            (_, Some(Err(error))) => verify::fails(NAME, error.clone()),
            (Some(trusted), Some(Ok(published))) if trusted != published => {
                verify::fails(NAME, format!("the log comes with {published}, and the trusted one is {trusted}"))
            }
            (Some(trusted), _) => verify::holds(NAME, format!("it is the trusted one: {trusted}")),
            (None, Some(Ok(published))) => verify::not_checked(
                NAME,
                format!("it came with the log; compare it with the one that its owner shows elsewhere: {published}"),
            ),
            (None, None) => verify::not_checked(NAME, "there is no log.vkey, and none was given"),
        }
    }

    /// An earlier head that another key signed shows nothing about this log.
    fn signed_since(&self, since: &str) -> Option<Check> {
        let error = Checkpoint::open(since.as_bytes(), self.known()?).err()?;
        Some(verify::fails("earlier head", error.to_string()))
    }
}
