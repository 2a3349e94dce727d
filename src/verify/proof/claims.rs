//! What the checks show, in the terms of ISO/IEC 13888, and what they do not show.

use crate::base::ids::Account;
use crate::note::proof::PublishedPost;
use crate::note::recipient::{RECORD_AGE_MS_MAX, RecipientRecord};

use super::{Parts, post_checks};
use crate::verify::check::{Check, Outcome};

/// The checks of what the platform shows today. What rests on no post outlives it.
const TODAY: [&str; 2] = ["platform", "receipt platform"];

/// One kind of claim in the terms of ISO/IEC 13888, and how much of it this proof shows.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Claim {
    /// `origin`, `time`, `order`, `submission`, `channel` or `delivery`.
    pub name: &'static str,
    /// What the proof shows of it.
    pub shown: Vec<String>,
    /// What the proof does not show of it.
    pub not_shown: Vec<String>,
}

/// The claims in their order. A proof in which anything fails shows nothing, with one exception: if only a post is
/// not there (any more), the proof does not show what depends on that post.
pub(super) fn all(parts: &Parts, checks: &[Check]) -> Vec<Claim> {
    let mut claims = vec![origin(parts, checks), time(parts, checks), order(parts), submission(parts)];
    claims.extend(channel(parts, checks));
    claims.push(delivery(parts, checks));
    let failing: Vec<&str> = checks.iter().filter(|c| c.outcome == Outcome::Fails).map(|c| c.name).collect();
    if failing.iter().any(|name| breaks(name)) {
        show_nothing(&mut claims, &failing);
    }
    claims
}

/// Whether a proof is broken if this check fails.
pub(super) fn breaks(name: &str) -> bool {
    !TODAY.contains(&name)
}

/// Removes everything that was shown, since these checks fail.
pub(super) fn show_nothing(claims: &mut [Claim], failing: &[&str]) {
    for claim in claims {
        claim.shown.clear();
        claim.not_shown = vec![format!("anything, since a check fails: {}", failing.join(", "))];
    }
}

fn holds(checks: &[Check], name: &str) -> bool {
    outcome(checks, name) == Some(Outcome::Holds)
}

fn outcome(checks: &[Check], name: &str) -> Option<Outcome> {
    checks.iter().find(|check| check.name == name).map(|check| check.outcome)
}

fn origin(parts: &Parts, checks: &[Check]) -> Claim {
    let (mut shown, mut not_shown) = (Vec::new(), Vec::new());
    if let (Some(key), Some(proof), Some(checkpoint)) = (&parts.key, parts.proof.get(), &parts.checkpoint) {
        let (index, size) = (proof.index, checkpoint.size);
        shown.push(format!(
            "the holder of the key {} committed to exactly this envelope, as entry {index} of {size}",
            key.name_and_id()
        ));
    }
    if holds(checks, "content") {
        shown.push("the envelope commits to exactly this text, record and attachments".to_owned());
    } else {
        not_shown.push("what the message says: the text is not opened".to_owned());
    }
    if parts.key.is_none() {
        // A slip comes without the log: see `slip`.
        not_shown.push("that anybody committed to it: the post by the sender's account must show this hash".to_owned());
    } else if !holds(checks, "key") {
        not_shown.push("that the key is the sender's: compare it with the one that the sender publishes".to_owned());
    } else if outcome(checks, "platform") != Some(Outcome::Holds) {
        not_shown.push("that the account is that of the key's holder: that is the log's word".to_owned());
    }
    not_shown.push("that what the message says is true".to_owned());
    Claim { name: "origin", shown, not_shown }
}

fn time(parts: &Parts, checks: &[Check]) -> Claim {
    let (mut shown, mut not_shown) = (Vec::new(), Vec::new());
    match parts.post.get().filter(|_| holds(checks, "post")) {
        Some(post) if outcome(checks, "platform") == Some(Outcome::Holds) => {
            shown.push(format!(
                "no later than {}, by X's word: the moment in the number of the post that stands there",
                post.post.moment()
            ));
        }
        Some(_) if outcome(checks, "platform") == Some(Outcome::Fails) => {
            not_shown.push("any moment before which it existed: the post does not stand there like that".to_owned());
        }
        Some(post) => {
            shown.push(format!(
                "no later than {}, by X's word: the moment in the post's number, if the post stands there",
                post.post.moment()
            ));
            not_shown.push(format!("that the post stands there: {}", post_checks::where_to_look(post)));
        }
        None if holds(checks, "witnesses") => {}
        None => not_shown.push("any moment before which it existed: no post was checked".to_owned()),
    }
    if let Some(time) = parts.witnessed.filter(|_| holds(checks, "witnesses")) {
        shown.push(format!(
            "no later than {time}, by the word of the trusted witnesses, who had signed the head by then"
        ));
    }
    not_shown.push("more than the sender's word about the times of its own clock, seen and sealed; and when it was sent is X's word, \
                    in the number that the sender gives".to_owned());
    Claim { name: "time", shown, not_shown }
}

/// Whether the addressees' accounts accepted messages from this one, by the platform's own records. No claim if none was
/// sealed.
fn channel(parts: &Parts, checks: &[Check]) -> Option<Claim> {
    let (envelope, records) = (parts.envelope.get()?, parts.recipients.as_ref().ok()?);
    if records.is_empty() || !holds(checks, "record") {
        return None;
    }
    let of = |account: &Account| records.iter().find(|record| record.id == Some(account.id));
    let shown = envelope.to.iter().filter_map(|account| accepted(account, of(account)?)).collect();
    let silent = |account: &&Account| of(account).is_none_or(|record| record.receives.is_none());
    let mut not_shown: Vec<String> = envelope
        .to
        .iter()
        .filter(silent)
        .map(|account| format!("whether the account {account} accepted messages from the sender's: no record says so"))
        .collect();
    not_shown.push(format!(
        "that X showed it so: it is stated, not proven; what was read more than {} hours before the seal is not sealed",
        RECORD_AGE_MS_MAX / 3_600_000
    ));
    Some(Claim { name: "channel", shown, not_shown })
}

/// What a record shows. None if it does not say whether the account accepted messages.
fn accepted(account: &Account, record: &RecipientRecord) -> Option<String> {
    let accepted = if record.receives? { "accepted messages" } else { "did not accept messages" };
    let followed = match record.follows {
        Some(true) => ", and followed it",
        Some(false) => ", and did not follow it",
        None => "",
    };
    let account = format!("when the note was sealed, the account {account}");
    Some(format!("{account} {accepted} from the sender's{followed}: X's own record, stated"))
}

fn order(parts: &Parts) -> Claim {
    let mut shown = Vec::new();
    if let Some(envelope) = parts.envelope.get() {
        let (note, place) = (envelope.note, envelope.correspondence);
        let before = place.count.saturating_sub(1);
        shown.push(format!(
            "the sender's word: it is number {note} of all notes, and {} of this conversation, {before} before it",
            place.count
        ));
        shown.push(match place.count {
            1 => "the sender's word: no note came before it in this conversation".to_owned(),
            _ => format!(
                "the sender's word: the note directly before it in this conversation has the commitment {}",
                place.previous
            ),
        });
    }
    let not_shown = vec![
        "that no number is missing or given twice, and that no other version of it was sealed: that takes the whole log, which is \
         public"
            .to_owned(),
        "what the notes before and after it say".to_owned(),
        "that it is the only version, and that the order is right: both are the sender's word as long as notes that were sealed \
         before this one was opened are not opened"
            .to_owned(),
        "how many notes were sealed and never opened, before this one was: not counted; verbale verify --site counts them in the \
         published log"
            .to_owned(),
    ];
    Claim { name: "order", shown, not_shown }
}

fn submission(parts: &Parts) -> Claim {
    let shown = parts.envelope.get().map(|envelope| {
        format!(
            "the sender stated, when the note was sealed, that the platform had accepted it as message {} at {}",
            envelope.message, envelope.sent
        )
    });
    let not_shown =
        vec!["that it did: both parties' accounts, and the platform, can look the message up by its id".to_owned()];
    Claim { name: "submission", shown: shown.into_iter().collect(), not_shown }
}

/// Only the recipient's word shows it: the countersigned receipt. Anybody can write a receipt under a key of his own,
/// with the number of a post that never existed. So it counts only if its key is known from elsewhere, or if its post
/// is there.
fn delivery(parts: &Parts, checks: &[Check]) -> Claim {
    let not_shown = |text: &str| Claim { name: "delivery", shown: Vec::new(), not_shown: vec![text.to_owned()] };
    let (Some(post), Some(key)) = (parts.receipt.post.get(), &parts.receipt.key) else {
        return not_shown(match checks.iter().any(|check| check.name == "receipt") {
            true => "that the other side received or read it: the receipt shows no post of an account of theirs",
            false => "that the other side received or read it: only a receipt of the other side could show that",
        });
    };
    if !["receipt", "receipt log", "receipt by"].iter().all(|name| holds(checks, name)) {
        return not_shown("that the other side received or read it: the receipt was not checked");
    }
    let mut claim = match (holds(checks, "receipt key"), outcome(checks, "receipt platform")) {
        (true, stands) => said_by_key(&key.name_and_id(), post, stands),
        (false, Some(Outcome::Fails | Outcome::Void)) => {
            return not_shown("that the other side received or read it: its post does not stand there like that");
        }
        (false, Some(Outcome::Holds)) => said_by_post(parts, post),
        (false, _) => said_by_anybody(post),
    };
    if !holds(checks, "receipt key") {
        let key = key.name_and_id();
        claim.not_shown.push(format!(
            "that the key {key} is the recipient's: give the one that it publishes, with --receipt-log or in the page's field"
        ));
    }
    claim.not_shown.push("that anybody has read it".to_owned());
    claim
}

/// The key is known to be the recipient's. Its word counts whatever happened to the post, but only the post has the
/// moment.
fn said_by_key(key: &str, post: &PublishedPost, stands: Option<Outcome>) -> Claim {
    let mut shown = vec![format!(
        "the recipient's word, its countersigned receipt: whoever holds the key {key} said that it had received exactly \
         this note"
    )];
    let mut not_shown = Vec::new();
    let time = post.post.moment();
    match stands {
        Some(Outcome::Holds) => {
            shown.push(format!("no later than {time}, the moment in the id of its post, which stands there"));
        }
        Some(Outcome::Fails | Outcome::Void) => {
            not_shown.push("any moment before which it said so: its post does not stand there like that".to_owned());
        }
        Some(Outcome::NotChecked) | None => {
            shown.push(format!("no later than {time}, the moment in the id of its post, if the post stands there"));
            not_shown.push(format!("that the post stands there: {}", post_checks::where_to_look(post)));
        }
    }
    Claim { name: "delivery", shown, not_shown }
}

/// The post is there, by an account of that name. Only the receipt says the account's number, so the name must be the
/// one under which the note was sent.
fn said_by_post(parts: &Parts, post: &PublishedPost) -> Claim {
    let (id, name, time) = (post.account.id, &post.account.name, post.post.moment());
    let to = parts.envelope.get().and_then(|envelope| envelope.to.iter().find(|to| to.id == id));
    match to.filter(|to| !to.name.as_str().eq_ignore_ascii_case(name.as_str())) {
        None => Claim {
            name: "delivery",
            shown: vec![format!(
                "the recipient's word, its countersigned receipt: @{name} said no later than {time}, in the post that stands \
                 there, that it had received exactly this note"
            )],
            not_shown: vec![format!("that @{name} is the account {id}: the platform's answer has no number")],
        },
        Some(to) => Claim {
            name: "delivery",
            shown: Vec::new(),
            not_shown: vec![format!(
                "that the other side received it: the post that stands there is by @{name}, and the note is addressed to the \
                 account {id} under the name @{}; that both are one account only the receipt says",
                to.name
            )],
        },
    }
}

/// Nothing ties the receipt to the recipient.
fn said_by_anybody(post: &PublishedPost) -> Claim {
    let not_shown = vec![
        format!(
            "that the other side received it: the receipt says that the account {} had received exactly this note, in a \
             post of {}, but anybody could have written that; it counts once its post was looked at, or its key is known",
            post.account,
            post.post.moment()
        ),
        format!("that its post stands there: {}", post_checks::where_to_look(post)),
    ];
    Claim { name: "delivery", shown: Vec::new(), not_shown }
}
