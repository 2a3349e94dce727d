//! The checks about the public post and about time, and what only a person can check.

use crate::base::hash::Hash;
use crate::base::time::Time;
use crate::note::names;
use crate::note::proof::{Files, PublishedPost};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::Entry;
use crate::wording::post::PostText;

use super::{Part, Parts, content_checks};
use crate::base::time::SKEW_MS_MAX;
use crate::verify::check::{Check, fails, holds, not_checked, result};

/// The post is the one that this note and this head of the log make, word for word.
pub(super) fn post(parts: &Parts) -> Check {
    const NAME: &str = "post";
    let post = match &parts.post {
        Part::Missing => return not_checked(NAME, "the proof carries no post"),
        Part::Broken(error) => return fails(NAME, error),
        Part::Read(post) => post,
    };
    let (Some(checkpoint), Some(proof), Some(commitment), Some(envelope)) =
        (&parts.checkpoint, parts.proof.get(), parts.commitment, parts.envelope.get())
    else {
        return not_checked(NAME, "envelope or tlog-proof cannot be read, which say what it should be");
    };
    if post.account.id != envelope.from.id || !post.account.name.is_same(&envelope.from.name) {
        return fails(NAME, format!("it is by the account {}, and the note by {}", post.account, envelope.from));
    }
    let words = check_words(&post.text, parts.note, commitment, checkpoint, proof.index);
    result(
        NAME,
        words.map(|()| {
            format!("its words are those of this note and this head; it says that it is by {}", post.account)
        }),
    )
}

fn check_words(text: &str, note: u64, commitment: Hash, head: &Checkpoint, index: u64) -> Result<(), String> {
    let (size, root) = (head.size, head.root);
    let posted = PostText::parse(text).map_err(|error| error.to_string())?;
    let (expected, last) = match posted {
        PostText::Note { .. } => (PostText::Note { note, commitment, size, root }, note),
        PostText::Run { first, last, .. } => (PostText::Run { first, last, size, root }, last),
        PostText::Receipt { .. } | PostText::Heartbeat { .. } => {
            return Err("it is about no note of this log".to_owned());
        }
    };
    if posted != expected {
        return Err("its words are not those that this envelope and this head of the log make".to_owned());
    }
    if let PostText::Run { first, last, .. } = posted {
        if note < first || last < note {
            return Err(format!("note {note} is not among the notes that it is about"));
        }
        // Each note has an entry of its own.
        let after = size.saturating_sub(index).saturating_sub(1);
        if index < note - first || after < last - note {
            return Err(format!(
                "a head of {size} entries has no room for the notes {first} to {last} around entry {index}"
            ));
        }
    }
    // The head in a post ends with the entry of its last note.
    if (note == last) != (index.checked_add(1) == Some(size)) {
        return Err(format!("the head of {size} entries that it shows does not end with the entry of its last note"));
    }
    Ok(())
}

/// What the identifiers, the envelope and the entry say about time fits together.
pub(super) fn time(parts: &Parts) -> Check {
    const NAME: &str = "time";
    let Some(envelope) = parts.envelope.get() else {
        return not_checked(NAME, "the envelope cannot be read");
    };
    let (sent, seen) = (envelope.sent, envelope.seen);
    if let Some(inside) = envelope.message.moment().filter(|inside| *inside != sent) {
        return fails(NAME, format!("the envelope says sent {sent}, and the message's id says {inside}"));
    }
    let sealed = match parts.entry.get() {
        Some(Entry::Note { time, .. }) => Some(*time),
        _ => None,
    };
    let posted = parts.post.get().map(|post| post.post.moment());
    let moments = [("sent", Some(sent)), ("seen", Some(seen)), ("sealed", sealed), ("posted", posted)];
    let moments: Vec<(&str, Time)> = moments.into_iter().filter_map(|(what, time)| Some((what, time?))).collect();
    for (index, (what, time)) in moments.iter().enumerate() {
        let late = moments[..index].iter().find(|(_, before)| SKEW_MS_MAX < before.ms_since(*time));
        if let Some((earlier, before)) = late {
            return fails(NAME, format!("{what} {time} is more than 10 minutes before {earlier} {before}"));
        }
    }
    let told: Vec<String> = moments.iter().map(|(what, time)| format!("{what} {time}")).collect();
    let late = sealed.filter(|sealed| LATE_MS < sealed.ms_since(sent)).map_or("", |_| LATE);
    holds(NAME, format!("{}{late}", told.join(", ")))
}

/// How long after it was sent a note may be sealed before that is pointed out, in milliseconds: an hour.
const LATE_MS: i64 = 3_600_000;

const LATE: &str = "; it was sealed long after the moment at which it was sent, which is the sender's word";

/// The public beacon in the envelope, before whose round the envelope cannot have been made.
pub(super) fn beacon(parts: &Parts) -> Option<Check> {
    let beacon = parts.envelope.get()?.beacon.as_ref()?;
    let detail =
        format!("round {} of the chain {}; its signature is not checked by this version", beacon.round, beacon.chain);
    Some(not_checked("beacon", detail))
}

/// Whether the post is there today: a person must look.
pub(super) fn platform(parts: &Parts) -> Check {
    const NAME: &str = "platform";
    match parts.post.get() {
        Some(post) => not_checked(NAME, format!("whether the post stands there; {}", where_to_look(post))),
        None => not_checked(NAME, "no post is known that could be looked at"),
    }
}

/// The archive's writer chose the address, which may be anybody's, so it is not to be opened in good faith. And X finds
/// a post by its number alone: a forger can put another account's name before the number of a post of his own.
pub(super) fn where_to_look(post: &PublishedPost) -> String {
    let own = post.post.channel.address_of(&post.account.name, post.post.id);
    if post.address == own {
        return format!(
            "open {own} and look whose name stands over it, whatever name stands in the address: it must be @{}",
            post.account.name
        );
    }
    format!("the address {} is not that of a post on X: look there for post {}", post.address, post.post)
}

/// Nothing vouches for the text that tells people what to do.
pub(super) fn readme() -> Check {
    not_checked(names::README, "it is for reading, and anybody may have changed it")
}

/// Files that later versions may know.
pub(super) fn unknown(files: &Files, parts: &Parts) -> Option<Check> {
    let unknown: Vec<&str> = unknown_names(files, parts.note).collect();
    let detail = || format!("files that this version does not know: {}", unknown.join(", "));
    (!unknown.is_empty()).then(|| not_checked("other files", detail()))
}

/// The names of the files that no check looks into.
pub(super) fn unknown_names(files: &Files, note: u64) -> impl Iterator<Item = &str> {
    let known = [
        names::envelope(note),
        names::entry(note),
        names::tlog_proof(note),
        names::content(note),
        names::subkey(note),
        names::unlocked(note),
        names::VKEY.to_owned(),
        names::POST.to_owned(),
        names::RECEIPT_LINE.to_owned(),
        names::RECEIPT_INCLUSION.to_owned(),
        names::RECEIPT_VKEY.to_owned(),
        names::RECEIPT_POST.to_owned(),
        names::SUMS.to_owned(),
        names::README.to_owned(),
    ];
    let is_known = move |name: &str| {
        known.iter().any(|known| known == name)
            || names::is_record(name, note)
            || names::size_of_later_proof(name, note).is_some()
            || names::head_file(name).is_some()
            || content_checks::is_attachment(name, note)
    };
    let unknown = move |name: &&str| !is_known(name);
    files.iter().map(|(name, _)| name).filter(unknown)
}
