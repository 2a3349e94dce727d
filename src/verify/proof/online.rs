//! The checks of what the platform shows today, for a caller that has asked it: whether each post of a proof is there.
//!
//! Nothing is asked here. The platform's answers are values, and "could not be read" is never taken for "is absent".

use std::collections::BTreeMap;

use crate::base::ids::{AccountName, PublicPost};
use crate::note::names;
use crate::note::proof::{Files, PublishedPost};

use super::{Part, Parts, post_checks};
use crate::verify::check::{Check, fails, holds, not_checked};

/// The longest part of a text that is shown: a post may contain anything.
const SHOWN_CHARS_MAX: usize = 300;

/// What the platform answered when it was asked for a post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shown {
    /// The post stands there.
    Stands {
        /// By whom. The account's number is not in the answer.
        author: AccountName,
        /// What it says, without white space at its end.
        text: String,
    },
    /// The platform says that there is no such post.
    Absent,
    /// The platform says that it does not show it to everybody.
    Withheld,
    /// Nothing is known about it.
    Unread {
        /// Why.
        why: String,
    },
}

/// What the platform showed of posts, by their numbers.
pub type Looked = BTreeMap<PublicPost, Shown>;

/// The posts of a proof, the sender's and the recipient's, and their authors according to the proof: what to ask the
/// platform for. An archive that cannot be read has none.
pub fn posts(zip: &[u8]) -> Vec<(PublicPost, AccountName)> {
    let Ok(files) = Files::unpack(zip) else { return Vec::new() };
    let found = [names::POST, names::RECEIPT_POST].into_iter().filter_map(|name| files.get(name));
    let posts = found.filter_map(|bytes| PublishedPost::parse(bytes).ok());
    posts.map(|post| (post.post, post.account.name)).collect()
}

/// The last checks: as they are offline, or by the platform's answers.
pub(super) fn all(parts: &Parts, looked: Option<&Looked>) -> Vec<Check> {
    let Some(looked) = looked else { return vec![post_checks::platform(parts)] };
    let mut checks = vec![check("platform", parts.post.get(), looked).unwrap_or_else(|| post_checks::platform(parts))];
    if !matches!(parts.receipt.post, Part::Missing) {
        checks.extend(check("receipt platform", parts.receipt.post.get(), looked));
    }
    checks
}

/// The names of the checks that needed an answer and got none.
pub(super) fn unread(parts: &Parts, looked: Option<&Looked>) -> Vec<&'static str> {
    let posts = [("platform", &parts.post), ("receipt platform", &parts.receipt.post)];
    let is_known = |post: &PublishedPost| {
        let shown = looked.and_then(|looked| looked.get(&post.post));
        matches!(shown, Some(Shown::Stands { .. } | Shown::Absent))
    };
    let asked = posts.into_iter().filter(|_| looked.is_some());
    asked.filter(|(_, post)| post.get().is_some_and(|post| !is_known(post))).map(|(name, _)| name).collect()
}

/// Whether a post is there as the proof has it. None if the proof has no post.
fn check(name: &'static str, post: Option<&PublishedPost>, looked: &Looked) -> Option<Check> {
    let post = post?;
    let id = post.post;
    Some(match looked.get(&id) {
        Some(Shown::Stands { author, text }) => compare(name, post, author, text),
        Some(Shown::Absent) => fails(
            name,
            format!(
                "X has no post {id}: it was deleted, or was never there; X answers the same while an account is \
                 suspended or gone"
            ),
        ),
        Some(Shown::Withheld) => not_checked(name, format!("X does not show post {id} to everybody")),
        Some(Shown::Unread { why }) => not_checked(name, format!("post {id} could not be read: {why}")),
        None => not_checked(name, format!("post {id} was not asked for")),
    })
}

fn compare(name: &'static str, post: &PublishedPost, author: &AccountName, text: &str) -> Check {
    let (id, wanted) = (post.post, &post.account.name);
    if !author.as_str().eq_ignore_ascii_case(wanted.as_str()) {
        return fails(
            name,
            format!("X shows post {id} by @{author}, and the proof says @{wanted}: another account, or another name"),
        );
    }
    if text != post.text.trim_end() {
        let (shown, said) = (cut(text), cut(&post.text));
        return fails(name, format!("X shows post {id} with the text {shown:?}, and the proof says {said:?}"));
    }
    holds(
        name,
        format!("X shows post {id} today, by @{author} and with this text; the account's number is not in the answer"),
    )
}

/// The part of a post's text that is repeated.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}
