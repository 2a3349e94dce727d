//! The key that a published log is checked with: the reader's own, or else the one that comes with the log.

use super::source::{FetchError, Source};
use crate::base::text;
use crate::note::names;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::policy::Policy;
use crate::tlog::signed_note::{SignedNote, VerifierKey};
use crate::verify::check::{self, Check};
use crate::verify::log::KeyUsed;
use crate::verify::proof;

/// The largest file of a public key, in bytes.
const KEY_BYTES_MAX: usize = 1024;

/// Why nothing can be said about a log without a key.
const NO_KEY: &str = "log.vkey: there is none, and no other key was given";

/// The key in a file, whatever an editor or a server did to the blanks around it.
fn as_written(bytes: &[u8]) -> Result<VerifierKey, FetchError> {
    let text = String::from_utf8_lossy(bytes);
    let key = VerifierKey::parse(text.trim_start_matches('\u{feff}').trim());
    key.map_err(|error| FetchError::of_form(names::VKEY, &error.to_string(), bytes))
}

/// The key that heads are checked with, and its origin.
pub(super) struct Key {
    trusted: Option<Policy>,
    /// The key that is published with the log, or what stands there instead.
    published: Option<Result<VerifierKey, FetchError>>,
}

impl Key {
    /// Reads the published key. `trusted` is known from elsewhere.
    pub(super) async fn read(place: &Source, trusted: Option<Policy>) -> Result<Key, FetchError> {
        let published = place.read(names::VKEY, KEY_BYTES_MAX).await?;
        let published = published.map(|bytes| as_written(&bytes));
        Ok(Key { trusted, published })
    }

    /// What leaves it open whose head it is, if anything.
    pub(super) fn open(&self, head: &Checkpoint) -> Option<String> {
        if let Some(other) = self.of_another_log(head) {
            return Some(other);
        }
        match &self.published {
            Some(Err(unread)) => Some(unread.to_string()),
            // A head without a known signer is nobody's word.
            _ => self.known(head).is_none().then(|| NO_KEY.to_owned()),
        }
    }

    /// That the head is of another log than the key, if so: it is no word of this key.
    fn of_another_log(&self, head: &Checkpoint) -> Option<String> {
        let key = self.known(head).filter(|key| *key.name() != head.origin)?;
        Some(format!("the checkpoint is of the log {}, and the key of {}", head.origin, key.name()))
    }

    /// The key, if any is known.
    pub(super) fn known(&self, head: &Checkpoint) -> Option<&VerifierKey> {
        let published = self.published.as_ref().and_then(|published| published.as_ref().ok());
        proof::known(self.trusted.as_ref(), Some(&head.origin), published)
    }

    /// The key that the head is checked with, and where it is from.
    pub(super) fn used(&self, head: &Checkpoint) -> Option<KeyUsed> {
        let known = self.known(head)?;
        let given = proof::known(self.trusted.as_ref(), Some(&head.origin), None);
        Some(KeyUsed { name: known.name_and_id(), is_given: given.is_some() })
    }

    /// It has signed the head.
    pub(super) fn signature(&self, checkpoint: &[u8], head: &Checkpoint) -> Check {
        const NAME: &str = "signature";
        let Some(key) = self.known(head) else { return check::not_checked(NAME, "no key is known") };
        if let Some(other) = self.of_another_log(head) {
            return check::not_checked(NAME, other);
        }
        match Checkpoint::open(checkpoint, key) {
            Ok(head) => {
                let size = text::count(head.size, "entry", "entries");
                check::holds(NAME, format!("{} signed the head of {size}", key.name_and_id()))
            }
            Err(error) => check::fails(NAME, error.to_string()),
        }
    }

    /// The published key is the one that is known from elsewhere.
    pub(super) fn check(&self, head: &Checkpoint) -> Check {
        const NAME: &str = "key";
        let shown = match &self.published {
            Some(Err(unread)) => return check::not_checked(NAME, unread.to_string()),
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
    pub(super) fn witnesses(&self, checkpoint: &[u8]) -> Option<Check> {
        let checkpoint = SignedNote::parse(checkpoint).ok()?;
        proof::witnesses("witnesses", &checkpoint, self.trusted.as_ref())
    }

    /// An earlier head that another key signed shows nothing about this log.
    pub(super) fn signed_since(&self, since: &str, head: &Checkpoint) -> Option<Check> {
        let error = Checkpoint::open(since.as_bytes(), self.known(head)?).err()?;
        Some(check::fails("earlier head", error.to_string()))
    }
}
