//! The checks of a receipt: somebody else's word, in another log, that the note arrived.

use crate::base::text;
use crate::note::names;
use crate::note::proof::{Files, PublishedPost};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::Entry;
use crate::tlog::signed_note::{SignedNote, VerifierKey};
use crate::tlog::tlog_proof::TlogProof;
use crate::tlog::tree;
use crate::wording::post::PostText;

use super::{Part, Parts, Trust, checkpoint, origin, trust, vkey};
use crate::base::time::SKEW_MS_MAX;
use crate::verify::check::{Check, fails, holds, not_checked, result};

/// What the checks use: each file, read once. Everything is missing in a proof without a receipt.
pub(super) struct Received {
    line: Part<Entry>,
    line_bytes: Vec<u8>,
    inclusion: Part<TlogProof>,
    checkpoint: Option<Checkpoint>,
    vkey: Part<VerifierKey>,
    /// The key that the signature is checked with: the trusted one, or else the one in the proof.
    pub(super) key: Option<VerifierKey>,
    pub(super) post: Part<PublishedPost>,
}

impl Default for Received {
    fn default() -> Received {
        Received {
            line: Part::Missing,
            line_bytes: Vec::new(),
            inclusion: Part::Missing,
            checkpoint: None,
            vkey: Part::Missing,
            key: None,
            post: Part::Missing,
        }
    }
}

impl Received {
    pub(super) fn read(files: &Files, trust: &Trust) -> Received {
        let line = files.get(names::RECEIPT_LINE);
        let inclusion = Part::of(files.get(names::RECEIPT_INCLUSION), TlogProof::parse);
        let vkey = Part::of(files.get(names::RECEIPT_VKEY), vkey);
        let checkpoint = inclusion.get().and_then(checkpoint);
        Received {
            line: Part::of(line, Entry::parse),
            line_bytes: line.unwrap_or_default().to_vec(),
            key: trust::known(trust.receipt_log.as_ref(), origin(checkpoint.as_ref()), vkey.get()).cloned(),
            checkpoint,
            inclusion,
            vkey,
            post: Part::of(files.get(names::RECEIPT_POST), PublishedPost::parse),
        }
    }
}

/// The four checks, if there is any file of a receipt; a fifth if witnesses are asked for. A receipt is an extra: what does not
/// hold of it counts for nothing, unless the reader asks for it by a key or a policy.
pub(super) fn all(files: &Files, parts: &Parts, trust: &Trust) -> Vec<Check> {
    if names::RECEIPT.iter().all(|name| files.get(name).is_none()) {
        return Vec::new();
    }
    let trusted = trust.receipt_log.as_ref();
    let Received { vkey, checkpoint, post, .. } = &parts.receipt;
    let key = trust::key("receipt key", (names::RECEIPT_VKEY, vkey), trusted, checkpoint.as_ref(), post);
    let key = if trusted.is_some() { key } else { key.of_extra() };
    let mut checks = vec![receipt(parts).of_extra(), log(parts).of_extra(), key];
    let inclusion = parts.receipt.inclusion.get();
    let head = inclusion.and_then(|proof| SignedNote::parse(proof.checkpoint.as_bytes()).ok());
    let first = parts.receipt.line.get().and_then(Entry::time).map(|entered| entered.plus_ms(-SKEW_MS_MAX));
    let heads: Vec<SignedNote> = head.into_iter().collect();
    checks.extend(trust::witnesses_of("receipt witnesses", &heads, trusted, first).map(|(check, _)| check));
    checks.push(by(parts).of_extra());
    checks
}

/// The line says that exactly this note was received.
fn receipt(parts: &Parts) -> Check {
    const NAME: &str = "receipt";
    let (time, log, note, hash) = match &parts.receipt.line {
        Part::Missing => return fails(NAME, format!("{} is missing", names::RECEIPT_LINE)),
        Part::Broken(error) => return fails(NAME, error),
        Part::Read(Entry::Receipt { time, log, note, commitment }) => (time, log, note, commitment),
        Part::Read(_) => return fails(NAME, "the line is not that of a receipt"),
    };
    let (Some(envelope), Some(commitment)) = (parts.envelope.get(), parts.commitment) else {
        return not_checked(NAME, "the envelope cannot be read");
    };
    if *log != envelope.log || *note != envelope.note {
        return fails(
            NAME,
            format!(
                "it is for note {note} of the log {log}, and the proof of note {} of {}",
                envelope.note, envelope.log
            ),
        );
    }
    if *hash != commitment {
        return fails(NAME, format!("it is for the SHA-256 {hash}, and the envelope has {commitment}"));
    }
    if SKEW_MS_MAX < envelope.sent.ms_since(*time) {
        return fails(
            NAME,
            format!("entered {time}, more than 10 minutes before the note was sent, {}", envelope.sent),
        );
    }
    holds(NAME, format!("it says that exactly this note was received, entered {time}"))
}

/// The line is in a log that is not the sender's, under a head that its key signed.
fn log(parts: &Parts) -> Check {
    const NAME: &str = "receipt log";
    let received = &parts.receipt;
    let inclusion = match &received.inclusion {
        Part::Missing => return fails(NAME, format!("{} is missing", names::RECEIPT_INCLUSION)),
        Part::Broken(error) => return fails(NAME, error),
        Part::Read(inclusion) => inclusion,
    };
    let Some(key) = &received.key else {
        return fails(NAME, format!("{} is missing or cannot be read", names::RECEIPT_VKEY));
    };
    let Checkpoint { size, root, origin } = match Checkpoint::open(inclusion.checkpoint.as_bytes(), key) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return fails(NAME, error.to_string()),
    };
    if parts.envelope.get().is_some_and(|envelope| envelope.log == origin)
        || parts.key.as_ref().is_some_and(|own| own.is_same_key(key))
    {
        return fails(NAME, "it is the sender's own log, which is nobody else's word");
    }
    let leaf = tree::leaf_hash(&received.line_bytes);
    if !tree::check_inclusion(leaf, inclusion.index, size, &inclusion.path, root) {
        return fails(
            NAME,
            format!("the line does not lead to the signed root as number {} of {size}", inclusion.index),
        );
    }
    holds(
        NAME,
        format!(
            "{} signed the head of {}, and the line is number {}, counted from 0",
            key.name_and_id(),
            text::count(size, "entry", "entries"),
            inclusion.index
        ),
    )
}

/// Who says so: an account that the note is addressed to, by its post.
fn by(parts: &Parts) -> Check {
    const NAME: &str = "receipt by";
    let post = match &parts.receipt.post {
        Part::Missing => return not_checked(NAME, "the receipt carries no post: only its key says whose it is"),
        Part::Broken(error) => return fails(NAME, error),
        Part::Read(post) => post,
    };
    let (Some(envelope), Some(_)) = (parts.envelope.get(), parts.commitment) else {
        return not_checked(NAME, "the envelope cannot be read, which says whom the note is addressed to");
    };
    let id = post.account.id;
    if id == envelope.from.id || envelope.to.iter().all(|to| to.id != id) {
        return fails(NAME, format!("it is by the account {}, to which the note is not addressed", post.account));
    }
    result(
        NAME,
        check_words(parts, post)
            .map(|()| format!("posted {} by the account {id}, to which the note is addressed", post.post.moment())),
    )
}

fn check_words(parts: &Parts, post: &PublishedPost) -> Result<(), String> {
    let received = &parts.receipt;
    let (Some(head), Some(inclusion), Some(commitment)) =
        (&received.checkpoint, received.inclusion.get(), parts.commitment)
    else {
        return Err("the receipt's log cannot be read, which says what it should be".to_owned());
    };
    let expected = PostText::Receipt { note: parts.note, commitment, size: head.size, root: head.root };
    if PostText::parse(&post.text).map_err(|error| error.to_string())? != expected {
        return Err("its words are not those that this receipt and this head of its log make".to_owned());
    }
    if inclusion.index.checked_add(1) != Some(head.size) {
        return Err(format!("the head of {} entries that it shows does not end with the receipt", head.size));
    }
    match received.line.get().and_then(Entry::time) {
        Some(entered) if SKEW_MS_MAX < entered.ms_since(post.post.moment()) => {
            Err(format!("posted {} more than 10 minutes before it was entered, {entered}", post.post.moment()))
        }
        _ => Ok(()),
    }
}
