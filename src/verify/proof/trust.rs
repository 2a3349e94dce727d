//! What is known beforehand, compared with what comes with a log: its key, and its witnesses.

use crate::base::ids::Origin;
use crate::base::time::Time;
use crate::note::proof::PublishedPost;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::cosignature::Cosigned;
use crate::tlog::policy::{Policy, Quorum};
use crate::tlog::signed_note::{SignedNote, VerifierKey};

use super::{Part, origin};
use crate::verify::check::{Check, fails, holds, not_checked};

/// The key that a head is checked with: the trusted one, or else the one that came with it.
pub fn known<'a>(
    trusted: Option<&'a Policy>,
    origin: Option<&Origin>,
    shown: Option<&'a VerifierKey>,
) -> Option<&'a VerifierKey> {
    trusted.and_then(|policy| policy.key_of(origin, shown)).or(shown)
}

/// The key in a proof's file is the trusted one. If no key is trusted, only a post connects it with an account.
pub(super) fn key(
    name: &'static str,
    (file, key): (&str, &Part<VerifierKey>),
    trusted: Option<&Policy>,
    head: Option<&Checkpoint>,
    post: &Part<PublishedPost>,
) -> Check {
    let key = match key {
        Part::Missing => return not_checked(name, format!("there is no {file}")),
        Part::Broken(error) => return fails(name, error),
        Part::Read(key) => key,
    };
    let names_it = |policy: &&Policy| policy.key_of(origin(head), Some(key)).is_some();
    if let Some(check) = key_of(name, "the proof", key, trusted.filter(names_it), origin(head)) {
        return check;
    }
    let tie = match post {
        Part::Read(_) => "the post, which shows the head that it signed, is what ties it to the account",
        Part::Missing | Part::Broken(_) => "no post ties it to an account",
    };
    not_checked(name, format!("it came with the proof, and {tie}; compare it with the one that is published: {key}"))
}

/// The key that comes with `what` is the one that is trusted for the log of that origin. None if no key is trusted.
pub fn key_of(
    name: &'static str,
    what: &str,
    key: &VerifierKey,
    trusted: Option<&Policy>,
    origin: Option<&Origin>,
) -> Option<Check> {
    let trusted = trusted.filter(|policy| policy.names_logs())?;
    Some(match trusted.key_of(origin, Some(key)) {
        Some(trusted) if trusted == key => holds(name, format!("it is the trusted one: {key}")),
        Some(trusted) => fails(name, format!("{what} comes with {key}, and the trusted one is {trusted}")),
        None => {
            fails(name, format!("{what} comes with {key}, and the policy has no Ed25519 key of a log of that name"))
        }
    })
}

/// What the witnesses that a policy asks for have signed of a proof's heads; what is dated before `first`, when there was no
/// such head yet, counts for nothing. None if it asks for none.
pub(super) fn witnesses_of(
    name: &'static str,
    heads: &[SignedNote],
    trusted: Option<&Policy>,
    first: Option<Time>,
) -> Option<(Check, Option<Time>)> {
    let trusted = trusted.filter(|policy| policy.asks_for_witnesses())?;
    if heads.is_empty() {
        return Some((not_checked(name, "there is no checkpoint that can be read"), None));
    }
    let quorum = trusted.quorum(&heads.iter().collect::<Vec<_>>(), first)?;
    let since = quorum.since;
    Some((quorum_check(name, quorum), since))
}

/// Enough of the trusted witnesses have signed the checkpoint. None if the policy asks for none.
pub fn witnesses(name: &'static str, checkpoint: &SignedNote, trusted: Option<&Policy>) -> Option<Check> {
    Some(quorum_check(name, trusted?.quorum(&[checkpoint], None)?))
}

/// A signature that is not valid accuses nobody: anybody can have added it. Only a quorum that is not there fails.
fn quorum_check(name: &'static str, quorum: Quorum) -> Check {
    let told: Vec<String> =
        quorum.witnesses.iter().map(|(name, cosigned)| format!("{name} {}", told(*cosigned))).collect();
    let (told, quorum, since) = (told.join(", "), quorum.name, quorum.since);
    match since {
        Some(since) => holds(name, format!("the quorum {quorum} was there {since}: {told}")),
        None => fails(name, format!("the quorum {quorum} is not there: {told}")),
    }
}

fn told(cosigned: Cosigned) -> String {
    match cosigned {
        Cosigned::At(time) => format!("signed {time}"),
        Cosigned::Early(time) => {
            format!("counts as not having signed, since its signature is of {time}, before there was such a head")
        }
        Cosigned::Not => "did not sign".to_owned(),
        Cosigned::Wrong => "counts as not having signed, since its line does not fit".to_owned(),
        Cosigned::Type(kind) => format!("counts as not having signed, since keys of type {kind} are not checked"),
    }
}
