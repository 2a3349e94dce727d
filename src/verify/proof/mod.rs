//! A proof and what you trust go in, a report comes out. It asks nobody and trusts nothing.

mod trust;
mod content_checks;
mod post_checks;
mod log_checks;
mod later;
mod kept;
mod receipt;
mod online;
mod claims;
mod verdict;
mod counts;
mod neighbours;
mod report;
mod slip;

use crate::base::hash::Hash;
use crate::base::ids::{AccountName, Origin};
use crate::base::text::ParseError;
use crate::base::time::SKEW_MS_MAX;
use crate::base::time::Time;
use crate::note::packaging::{self, Packed};
use crate::note::proof::{Files, PublishedPost};
use crate::note::recipient::RecipientRecord;
use crate::note::{Content, Envelope, names};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::Entry;
use crate::tlog::policy::Policy;
use crate::tlog::signed_note::{SignedNote, VerifierKey};
use crate::tlog::tlog_proof::TlogProof;

pub use claims::Claim;
pub use content_checks::read_record;
pub use neighbours::{Choice, Conversation, Counting, NEAR_MS, Neighbours, OPENED_MAX, Others, Uncounted};
#[cfg(feature = "daemon")]
pub(crate) use online::cut;
pub use online::{Looked, Shown, posts};
pub use report::{Report, Subject};
pub use slip::slip;
pub use trust::{key_of, known, witnesses};
pub use verdict::{Ties, Verdict};

/// What the person who checks knows beforehand.
#[derive(Clone, Default, Debug)]
pub struct Trust {
    /// The key of the log, from somewhere else than the proof, or a policy that names it and its witnesses. Without it
    /// the report says that the key came with the proof, and that only the post connects it with the account.
    pub log: Option<Policy>,
    /// The same for the recipient's log, if the proof has a receipt.
    pub receipt_log: Option<Policy>,
    /// A signed head of the log that was kept at an earlier time.
    pub head: Option<Vec<u8>>,
    /// The name that the sender's account has at present, if it was renamed since.
    pub account: Option<AccountName>,
}

/// Checks a proof in an archive.
pub fn verify(zip: &[u8], trust: &Trust) -> Report {
    match packaging::open(zip) {
        Ok(packed) => check(&packed, trust, None),
        Err(why) => Report::not_read(why),
    }
}

/// Checks the files of a proof; and whether its [`posts`] are on the platform, by the platform's answers, if it was asked.
pub fn check(packed: &Packed, trust: &Trust, looked: Option<&Looked>) -> Report {
    let files = &packed.files;
    let mut parts = Parts::read(files, trust);
    if let Some(why) = log_checks::missing(files, &parts) {
        return Report::not_read(why);
    }
    let mut checks = vec![log_checks::files(files, &parts)];
    checks.extend([log_checks::envelope(&parts), log_checks::commitment(&parts), log_checks::origin(&parts)]);
    checks.extend([log_checks::inclusion(&parts), log_checks::signature(&parts), log_checks::key(&parts, trust)]);
    let witnesses = trust::witnesses_of("witnesses", &parts.heads(), trust.log.as_ref(), parts.first());
    parts.witnessed = witnesses.as_ref().and_then(|(_, since)| *since);
    checks.extend(witnesses.map(|(check, _)| check));
    checks.extend(later::check(files, &parts));
    checks.extend(kept::check(&parts, trust));
    checks.extend([post_checks::post(&parts), post_checks::time(&parts)]);
    checks.extend(post_checks::beacon(&parts));
    checks.extend(content_checks::all(files, &parts));
    checks.extend(receipt::all(files, &parts, trust));
    let question = online::question(&parts, trust, looked, &checks);
    checks.extend(online::all(&parts, trust, looked, &checks));
    checks.push(post_checks::readme());
    checks.extend(post_checks::unknown(files, &parts));
    Report::of(packed, &parts, checks, online::unread(&parts, looked)).asking(question)
}

/// A file of the proof: missing, not of its format, or read.
enum Part<T> {
    Missing,
    Broken(String),
    Read(T),
}

impl<T> Part<T> {
    fn of<E: ToString>(bytes: Option<&[u8]>, parse: impl FnOnce(&[u8]) -> Result<T, E>) -> Part<T> {
        match bytes.map(parse) {
            None => Part::Missing,
            Some(Ok(value)) => Part::Read(value),
            Some(Err(error)) => Part::Broken(error.to_string()),
        }
    }

    fn get(&self) -> Option<&T> {
        match self {
            Part::Read(value) => Some(value),
            Part::Missing | Part::Broken(_) => None,
        }
    }
}

/// What the checks use: each file, read once.
struct Parts {
    note: u64,
    envelope: Part<Envelope>,
    /// The SHA-256 of the envelope's bytes.
    commitment: Option<Hash>,
    entry: Part<Entry>,
    entry_bytes: Vec<u8>,
    proof: Part<TlogProof>,
    /// The checkpoint in the proof; its signature is not checked yet.
    checkpoint: Option<Checkpoint>,
    vkey: Part<VerifierKey>,
    /// The key that the signature is checked with: the trusted one, or else the one in the proof.
    key: Option<VerifierKey>,
    /// The checkpoint, if it is signed by that key.
    signed_head: Option<Checkpoint>,
    /// Later heads of the log, ascending.
    later: Vec<later::LaterHead>,
    /// When the witnesses that the policy asks for had signed a head that the note is under.
    witnessed: Option<Time>,
    post: Part<PublishedPost>,
    content: Part<Content>,
    content_hash: Option<Hash>,
    /// What the sealed records of addressees say, or why one of them cannot be what it should be.
    recipients: Result<Vec<RecipientRecord>, String>,
    receipt: receipt::Received,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts {
            note: 0,
            envelope: Part::Missing,
            commitment: None,
            entry: Part::Missing,
            entry_bytes: Vec::new(),
            proof: Part::Missing,
            checkpoint: None,
            vkey: Part::Missing,
            key: None,
            signed_head: None,
            later: Vec::new(),
            witnessed: None,
            post: Part::Missing,
            content: Part::Missing,
            content_hash: None,
            recipients: Ok(Vec::new()),
            receipt: receipt::Received::default(),
        }
    }
}

impl Parts {
    fn read(files: &Files, trust: &Trust) -> Parts {
        let note = files.iter().find_map(|(name, _)| names::note_of_envelope(name)).unwrap_or(0);
        let (envelope, content) = (files.get(&names::envelope(note)), files.get(&names::content(note)));
        let proof = Part::of(files.get(&names::tlog_proof(note)), TlogProof::parse);
        let vkey = Part::of(files.get(names::VKEY), vkey);
        let entry = files.get(&names::entry(note));
        let checkpoint = proof.get().and_then(checkpoint);
        let key = trust::known(trust.log.as_ref(), origin(checkpoint.as_ref()), vkey.get()).cloned();
        let signed = proof.get().zip(key.as_ref());
        let mut parts = Parts {
            note,
            commitment: envelope.map(Hash::of),
            envelope: Part::of(envelope, Envelope::parse),
            entry: Part::of(entry, Entry::parse),
            entry_bytes: entry.unwrap_or_default().to_vec(),
            signed_head: signed.and_then(|(proof, key)| Checkpoint::open(proof.checkpoint.as_bytes(), key).ok()),
            key,
            later: Vec::new(),
            witnessed: None,
            proof,
            checkpoint,
            vkey,
            post: Part::of(files.get(names::POST), PublishedPost::parse),
            content_hash: content.map(Hash::of),
            content: Part::of(content, Content::parse),
            recipients: Ok(Vec::new()),
            receipt: receipt::Received::read(files, trust),
        };
        parts.later = later::read(files, &parts);
        parts.recipients = content_checks::recipients(files, &parts);
        parts
    }

    /// The signed heads that the note is under, for those who look at what others have signed.
    fn heads(&self) -> Vec<SignedNote> {
        let own = self.proof.get().and_then(|proof| SignedNote::parse(proof.checkpoint.as_bytes()).ok());
        own.into_iter().chain(self.later.iter().filter_map(later::LaterHead::note)).collect()
    }

    /// The first moment at which there can have been a head with this note, allowing for clocks that differ.
    fn first(&self) -> Option<Time> {
        self.entry.get().and_then(Entry::time).map(|sealed| sealed.plus_ms(-SKEW_MS_MAX))
    }
}

/// The name of the log whose head it is.
fn origin(checkpoint: Option<&Checkpoint>) -> Option<&Origin> {
    checkpoint.map(|checkpoint| &checkpoint.origin)
}

/// The checkpoint's text ends where the empty line and the signatures begin.
fn checkpoint(proof: &TlogProof) -> Option<Checkpoint> {
    let note = SignedNote::parse(proof.checkpoint.as_bytes()).ok()?;
    Checkpoint::parse(note.text()).ok()
}

/// Reads `log.vkey`: the key and one LF.
///
/// # Errors
/// If it is anything else.
pub fn vkey(bytes: &[u8]) -> Result<VerifierKey, ParseError> {
    const FORM: &str = "<name>+<8 hex digits>+<base64> of an Ed25519 key";
    let mut lines = crate::base::text::Lines::new(names::VKEY, bytes, 1024)?;
    let line = lines.next(FORM)?;
    let key = lines.value(FORM, VerifierKey::parse(line).ok())?;
    lines.end()?;
    Ok(key)
}

fn subject(parts: &Parts) -> Option<Subject> {
    let envelope = parts.envelope.get()?;
    Some(Subject {
        log: envelope.log.to_string(),
        note: envelope.note,
        from: envelope.from.to_string(),
        to: envelope.to.iter().map(ToString::to_string).collect(),
        message: envelope.message.to_string(),
        sent: envelope.sent.to_string(),
        commitment: parts.commitment?.to_string(),
    })
}
