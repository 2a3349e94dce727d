//! The audit's edge: fetches the files of a published log in their order, a few ahead, and hands them to the [`audit`].
//!
//! [`audit`]: crate::audit

pub mod place;

use futures_util::stream::{self, StreamExt};

use crate::audit::{self, Audit, Outside, Report};
use crate::log::checkpoint::Checkpoint;
use crate::log::signed_note::{self, SignedNote, VerifierKey};
use crate::opening::names;
use crate::time::Time;
use crate::verify::{self, Check};

use place::{Place, Reading, Unread};

/// So many files are asked for ahead of the one that is taken.
const AHEAD: usize = 16;

/// The largest file of a public key, in bytes.
const KEY_BYTES_MAX: usize = 1024;

/// The entries' lines for people.
const LOG_TEXT: &str = "log.txt";

/// What is to be audited.
pub struct Wanted {
    /// The log.
    pub place: Place,
    /// Its key, if it is known from elsewhere.
    pub log: Option<VerifierKey>,
    /// A signed head that was seen at an earlier time.
    pub since: Option<String>,
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
}

/// What an audit came to.
pub struct Audited {
    /// The report.
    pub report: Report,
    /// The signed head that was audited, byte for byte.
    pub checkpoint: String,
}

/// Reads the whole log. `progress` is told now and then how many entries of how many have been taken.
///
/// # Errors
/// If there is no log, or its head cannot be read. Whatever else is wrong is in the report.
pub async fn audit(wanted: &Wanted, now: Time, mut progress: impl FnMut(u64, u64)) -> Result<Audited, Error> {
    let checkpoint = wanted.place.read("checkpoint", signed_note::BYTES_MAX).await?.ok_or(Error::NoLog)?;
    let key = Key::read(wanted).await?;
    let head = head_of("checkpoint", &checkpoint)?;
    let since = wanted.since.as_ref().map(|since| head_of("earlier head", since.as_bytes())).transpose()?;
    let mut audit = Audit::new(since.as_ref());
    let read = read_all(&wanted.place, &mut audit, &head, &mut progress).await;
    let unread = read.err().map(|unread| unread.to_string());
    let mut before = vec![key.signature(&checkpoint), key.check()];
    if let Some(since) = &wanted.since {
        before.extend(key.signed_since(since));
    }
    let outside = Outside { before, posts: None };
    let report = audit.report(&head, now, unread, outside);
    Ok(Audited { report, checkpoint: String::from_utf8_lossy(&checkpoint).into_owned() })
}

/// What a head says, whoever signed it.
fn head_of(what: &'static str, bytes: &[u8]) -> Result<Checkpoint, Error> {
    let head = SignedNote::parse(bytes).and_then(|note| Checkpoint::parse(note.text()));
    head.map_err(|error| Error::Head { what, why: error.to_string() })
}

async fn read_all(
    place: &Place,
    audit: &mut Audit,
    head: &Checkpoint,
    progress: &mut impl FnMut(u64, u64),
) -> Result<(), Unread> {
    let mut log_text = place.open(LOG_TEXT, audit.log_text_due().0).await?;
    if log_text.is_some() && audit.is_empty() {
        audit.compare_log_text();
    }
    let paths = audit::plan(audit.bundles(), head.size);
    let mut files = stream::iter(paths).map(async |path| (path, place.tile(path).await)).buffered(AHEAD);
    while let Some((path, bytes)) = files.next().await {
        if audit.take(path, bytes?.as_deref()).is_break() {
            return Ok(());
        }
        if let Some(log_text) = &mut log_text {
            compare(audit, log_text).await?;
        }
        progress(audit.len(), head.size);
    }
    Ok(())
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
