//! The checks of what the platform shows today, for a caller that has asked it: whether each post of a proof is there.
//!
//! Nothing is asked here. The platform's answers are values, and "could not be read" is never taken for "is absent".

use std::collections::BTreeMap;

use crate::base::ids::{AccountName, PublicPost};
use crate::note::names;
use crate::note::proof::{Files, PublishedPost};

use super::{Part, Parts, Trust, post_checks};
use crate::verify::check::{Check, Outcome, fails, holds, not_checked};

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
/// platform for.
pub fn posts(files: &Files) -> Vec<(PublicPost, AccountName)> {
    let found = [names::POST, names::RECEIPT_POST].into_iter().filter_map(|name| files.get(name));
    let posts = found.filter_map(|bytes| PublishedPost::parse(bytes).ok());
    posts.map(|post| (post.post, post.account.name)).collect()
}

/// The last checks: as they are offline, or by the platform's answers. `so_far` are those before them.
pub(super) fn all(parts: &Parts, trust: &Trust, looked: Option<&Looked>, so_far: &[Check]) -> Vec<Check> {
    let Some(looked) = looked else { return vec![post_checks::platform(parts)] };
    let account = Account { renamed: trust.account.as_ref(), is_key_known: is_key_known(so_far) };
    let own = check("platform", parts.post.get(), looked, &account);
    let mut checks = vec![own.unwrap_or_else(|| post_checks::platform(parts))];
    if !matches!(parts.receipt.post, Part::Missing) {
        let other = Account { renamed: None, is_key_known: false };
        checks.extend(check("receipt platform", parts.receipt.post.get(), looked, &other).map(Check::of_extra));
    }
    checks
}

/// The names of the checks that needed an answer and got none. A receipt is an extra, which changes no status.
pub(super) fn unread(parts: &Parts, looked: Option<&Looked>) -> Vec<&'static str> {
    let posts = [("platform", &parts.post)];
    let is_known = |post: &PublishedPost| {
        let shown = looked.and_then(|looked| looked.get(&post.post));
        matches!(shown, Some(Shown::Stands { .. } | Shown::Absent))
    };
    let asked = posts.into_iter().filter(|_| looked.is_some());
    asked.filter(|(_, post)| post.get().is_some_and(|post| !is_known(post))).map(|(name, _)| name).collect()
}

/// The name by which X shows the sender's post with its words, if that is another than the reader expects, who knows the log's
/// key: whether the account was renamed only the reader can say.
pub(super) fn question(parts: &Parts, trust: &Trust, looked: Option<&Looked>, so_far: &[Check]) -> Option<AccountName> {
    let post = parts.post.get()?;
    let Shown::Stands { author, text } = looked?.get(&post.post)? else { return None };
    let account = Account { renamed: trust.account.as_ref(), is_key_known: is_key_known(so_far) };
    let is_asked = account.is_key_known && text == post.text.trim_end() && !account.is(&post.account.name, author);
    is_asked.then(|| author.clone())
}

fn is_key_known(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.name == "key" && check.outcome == Outcome::Holds)
}

/// What the reader knows of the account that a post must be by.
struct Account<'a> {
    /// Its name at present, if it is another than in the proof.
    renamed: Option<&'a AccountName>,
    /// Whether the reader knows the log's key.
    is_key_known: bool,
}

impl Account<'_> {
    /// Whether a post by this author is by the account that bears this name in the proof, or was given the other one since.
    fn is(&self, named: &AccountName, author: &AccountName) -> bool {
        author.is_same(named) || self.renamed.is_some_and(|renamed| author.is_same(renamed))
    }
}

/// Whether a post is there as the proof has it. None if the proof has no post. A post that is gone shows nothing, and nothing
/// was compared.
fn check(name: &'static str, post: Option<&PublishedPost>, looked: &Looked, account: &Account<'_>) -> Option<Check> {
    let post = post?;
    let id = post.post;
    Some(match looked.get(&id) {
        Some(Shown::Stands { author, text }) => compare(name, post, (author, text), account),
        Some(Shown::Absent) => not_checked(
            name,
            format!("X has no post {id}: it is gone (deleted, or its account was suspended), or was never there"),
        ),
        Some(Shown::Withheld) => not_checked(name, format!("X does not show post {id} to everybody")),
        Some(Shown::Unread { why }) => not_checked(name, format!("post {id} could not be read: {why}")),
        None => not_checked(name, format!("post {id} was not asked for")),
    })
}

fn compare(
    name: &'static str,
    post: &PublishedPost,
    (author, text): (&AccountName, &str),
    account: &Account<'_>,
) -> Check {
    let (id, wanted) = (post.post, &post.account.name);
    if text != post.text.trim_end() {
        let (shown, said) = (cut(text), cut(&post.text));
        return fails(name, format!("X shows post {id} with the text {shown:?}, and the proof says {said:?}"));
    }
    if account.is(wanted, author) {
        return holds(
            name,
            format!(
                "X shows post {id} today, by @{author} and with this text; the account's number is not in the answer"
            ),
        );
    }
    let told = format!(
        "X shows post {id} with this text by @{author}, and it must be by @{wanted}: if you know that the account was renamed, \
         run again with --account {author}"
    );
    if account.is_key_known { not_checked(name, told) } else { fails(name, told) }
}

/// The part of a post's text that is repeated.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}
