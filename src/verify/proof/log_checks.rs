//! The checks that the log itself answers: files, envelope, commitment, origin, inclusion, signature, key.

use crate::base::ids::Account;
use crate::base::text;
use crate::note::packaging::NotRead;
use crate::note::proof::{Files, Sums};
use crate::note::{Envelope, names};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::Entry;
use crate::tlog::tree;

use super::{Part, Parts, Trust, post_checks, trust};
use crate::verify::check::{Check, fails, holds, not_checked, result};

/// What no proof is without, and is not there.
pub(super) fn missing(files: &Files, parts: &Parts) -> Option<NotRead> {
    let note = parts.note;
    let needed =
        [names::envelope(note), names::entry(note), names::tlog_proof(note), names::VKEY.into(), names::SUMS.into()];
    let missing: Vec<String> = needed.into_iter().filter(|name| files.get(name).is_none()).collect();
    (!missing.is_empty()).then_some(NotRead::Parts { missing })
}

/// There is one envelope, and `SHA256SUMS` is exactly the list of what is there.
pub(super) fn files(files: &Files, parts: &Parts) -> Check {
    const NAME: &str = "files";
    let envelopes = files.iter().filter(|(name, _)| names::note_of_envelope(name).is_some()).count();
    if envelopes != 1 {
        return fails(NAME, format!("{envelopes} envelopes where a proof has one"));
    }
    let note = parts.note;
    let here = Sums::of(files.iter());
    let list = files.get(names::SUMS).unwrap_or_default();
    // Byte for byte, so that no file can be changed, added or left out, and no byte of the list either.
    if here.to_text().as_bytes() == list {
        if let Some(name) = post_checks::unknown_names(files, note).find(|name| names::resembles(name)) {
            return fails(NAME, format!("{name} is no file of this proof, and is named as if it were one"));
        }
        return holds(NAME, format!("{} files, each as SHA256SUMS lists it", here.0.len()));
    }
    fails(NAME, differences(list, &here))
}

fn differences(list: &[u8], here: &Sums) -> String {
    let listed = match Sums::parse(list) {
        Ok(listed) => listed,
        Err(error) => return error.to_string(),
    };
    let changed = listed.0.iter().find_map(|(name, hash)| match here.0.get(name) {
        None => Some(format!("SHA256SUMS lists {name}, which is missing")),
        Some(other) if other != hash => Some(format!("{name} has the SHA-256 {other}, and SHA256SUMS lists {hash}")),
        Some(_) => None,
    });
    let added = || here.0.keys().find(|name| !listed.0.contains_key(*name));
    changed
        .or_else(|| added().map(|name| format!("SHA256SUMS does not list {name}")))
        .unwrap_or_else(|| "SHA256SUMS is not written as it should be".to_owned())
}

/// The envelope is of its format, and its parts agree with each other.
pub(super) fn envelope(parts: &Parts) -> Check {
    const NAME: &str = "envelope";
    let envelope = match &parts.envelope {
        Part::Missing => return not_checked(NAME, "there is none"),
        Part::Broken(error) => return fails(NAME, error),
        Part::Read(envelope) => envelope,
    };
    if envelope.note != parts.note {
        return fails(NAME, format!("it is of note {}, its file name of note {}", envelope.note, parts.note));
    }
    if !fits_conversation(envelope) {
        let between = &envelope.conversation;
        return fails(NAME, format!("conversation {between} is not between the sender and the recipient"));
    }
    let to: Vec<String> = envelope.to.iter().map(|account| account.name.to_string()).collect();
    holds(NAME, format!("note {}, {} to {}", envelope.note, envelope.from.name, to.join(", ")))
}

/// Two people's conversation names both accounts, in either order; a group's conversation has a number of its own.
fn fits_conversation(envelope: &Envelope) -> bool {
    match (envelope.conversation.pair(), envelope.to.as_slice()) {
        (Some(pair), [Account { id, .. }]) => pair == (envelope.from.id, *id) || pair == (*id, envelope.from.id),
        (Some(_), _) => false,
        (None, _) => true,
    }
}

/// The envelope's SHA-256 is the commitment in the log's entry, under the same number.
pub(super) fn commitment(parts: &Parts) -> Check {
    const NAME: &str = "commitment";
    let (note, hash) = match &parts.entry {
        Part::Missing => return not_checked(NAME, "there is no entry of the log"),
        Part::Broken(error) => return fails(NAME, error),
        Part::Read(Entry::Note { note, commitment, .. }) => (*note, *commitment),
        Part::Read(_) => return fails(NAME, "the entry of the log is not that of a note"),
    };
    let Some(commitment) = parts.commitment else {
        return not_checked(NAME, "there is no envelope");
    };
    if hash != commitment {
        return fails(NAME, format!("the envelope has the SHA-256 {commitment}, and the log's entry says {hash}"));
    }
    if note != parts.note {
        return fails(NAME, format!("the log's entry is of note {note}, the proof of note {}", parts.note));
    }
    holds(NAME, format!("sha256 {commitment} is that of the envelope, and stands in the log's entry of note {note}"))
}

/// The log that the envelope names is the one whose head was signed.
pub(super) fn origin(parts: &Parts) -> Check {
    const NAME: &str = "origin";
    let (Some(envelope), Some(checkpoint)) = (parts.envelope.get(), &parts.checkpoint) else {
        return not_checked(NAME, "envelope or checkpoint cannot be read");
    };
    let (named, signed) = (&envelope.log, &checkpoint.origin);
    if named != signed {
        return fails(NAME, format!("the envelope names the log {named}, the checkpoint {signed}"));
    }
    holds(NAME, format!("envelope and checkpoint are of the log {named}"))
}

/// The entry is in the tree whose root the checkpoint shows.
pub(super) fn inclusion(parts: &Parts) -> Check {
    const NAME: &str = "inclusion";
    let proof = match &parts.proof {
        Part::Missing => return not_checked(NAME, "there is no tlog-proof"),
        Part::Broken(error) => return fails(NAME, error),
        Part::Read(proof) => proof,
    };
    let Some(Checkpoint { size, root, .. }) = parts.checkpoint else {
        return not_checked(NAME, "the checkpoint cannot be read");
    };
    if parts.entry_bytes.is_empty() {
        return not_checked(NAME, "there is no entry of the log");
    }
    let leaf = tree::leaf_hash(&parts.entry_bytes);
    if tree::check_inclusion(leaf, proof.index, size, &proof.path, root) {
        return holds(
            NAME,
            format!("the entry is number {}, counted from 0, of {size} under the signed root", proof.index),
        );
    }
    fails(NAME, format!("the entry does not lead to the signed root as number {} of {size}", proof.index))
}

/// The checkpoint is signed by the key, and is of the log with the key's name.
pub(super) fn signature(parts: &Parts) -> Check {
    const NAME: &str = "signature";
    let Some(proof) = parts.proof.get() else {
        return not_checked(NAME, "there is no checkpoint that can be read");
    };
    let Some(key) = &parts.key else {
        return not_checked(NAME, "there is no key that can be read");
    };
    let opened = Checkpoint::open(proof.checkpoint.as_bytes(), key);
    let opened = opened.map(|checkpoint| {
        format!("{} signed the head of {}", key.name_and_id(), text::count(checkpoint.size, "entry", "entries"))
    });
    result(NAME, opened.map_err(|error| error.to_string()))
}

/// The key in the proof is the trusted one, if there is one.
pub(super) fn key(parts: &Parts, trust: &Trust) -> Check {
    trust::key("key", (names::VKEY, &parts.vkey), trust.log.as_ref(), parts.checkpoint.as_ref(), &parts.post)
}
