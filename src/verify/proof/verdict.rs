//! The verdict on a proof: one of four, each only when it is true.
//!
//! Anybody can make a proof in which everything fits, under any name and any key. So it is *proven* only if both ends are
//! tied to something outside of the file: who, and by when.

use std::fmt;

use crate::base::time::Time;

use super::{Parts, kept, post_checks};
use crate::verify::check::{Check, Outcome};

/// What somebody may say of a note, having checked its proof.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing fails, and both who and by when are tied to something outside of the file.
    Proven,
    /// Nothing fails, but who or by when rests on the file.
    Intact,
    /// Something was compared and differs, or what the reader asks for is not there.
    Fails,
    /// There is no proof in it that could be judged.
    NotRead,
}

impl Verdict {
    /// The word that programs read: `proven`, `intact`, `fails` or `not-read`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Proven => "proven",
            Verdict::Intact => "intact",
            Verdict::Fails => "fails",
            Verdict::NotRead => "not-read",
        }
    }

    /// The exit status that belongs to it.
    pub const fn exit_status(self) -> u8 {
        match self {
            Verdict::Proven => 0,
            Verdict::Intact => 4,
            Verdict::Fails => 1,
            Verdict::NotRead => 2,
        }
    }
}

/// In capitals, as it stands at the head of a report.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Proven => "PROVEN",
            Verdict::Intact => "INTACT, NOT PROVEN YET",
            Verdict::Fails => "FAILS",
            Verdict::NotRead => "NOT READ",
        })
    }
}

/// What ties a proof to something outside of its file.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Ties {
    /// Who committed to the note: by a key that the reader knows, or by the post that stands there.
    pub who: Vec<String>,
    /// By when, each with the moment; None if that is the reader's own word.
    pub by_when: Vec<(Option<Time>, String)>,
}

impl Ties {
    /// What the checks show of both.
    pub(super) fn of(parts: &Parts, checks: &[Check]) -> Ties {
        let holds = |name: &str| checks.iter().any(|check| check.name == name && check.outcome == Outcome::Holds);
        let mut ties = Ties::default();
        if let Some(key) = parts.key.as_ref().filter(|_| holds("key") && holds("signature")) {
            ties.who.push(format!("the holder of the key {}, which you gave", key.name_and_id()));
        }
        let post = parts.post.get().filter(|_| holds("post") && holds("platform"));
        if let Some(post) = post {
            let (name, moment) = (&post.account.name, post.post.moment());
            ties.who.push(format!("@{name}, in whose account X shows the post today"));
            ties.by_when.push((Some(moment), format!("no later than {moment}, which X put into that post's number")));
        }
        if let Some(since) = parts.witnessed.filter(|_| holds("witnesses")) {
            ties.by_when.push((Some(since), format!("no later than {since}, by the witnesses that you trust")));
        }
        if holds(kept::NAME) {
            ties.by_when.push((None, kept::WORDS.to_owned()));
        }
        ties
    }

    /// The tightest bound of time.
    pub(super) fn tightest(&self) -> Option<&str> {
        let earliest = self.by_when.iter().min_by_key(|(moment, _)| moment.map_or(i64::MAX, Time::ms));
        earliest.map(|(_, words)| words.as_str())
    }

    /// Who and by when, or which of them rests on the file.
    pub(super) fn told(&self) -> String {
        match (self.who.first(), self.tightest()) {
            (Some(who), Some(by_when)) => format!("committed to by {who}; {by_when}"),
            (Some(who), None) => {
                format!("nothing fails, and {who}, committed to it; by when, only the file itself says")
            }
            (None, Some(by_when)) => {
                format!("nothing fails, and it existed {by_when}; who made it, only the file itself says")
            }
            (None, None) => {
                "nothing fails, but who made it, and by when, only the file itself says: anybody can make such a \
                             file under any name"
                    .to_owned()
            }
        }
    }

    /// What to do so that both ends are tied.
    pub(super) fn next(&self, parts: &Parts) -> Option<String> {
        if !self.who.is_empty() && !self.by_when.is_empty() {
            return None;
        }
        let key = "give the key that the log's owner publishes, with --log, and the policy's witnesses or a head that you kept";
        Some(match parts.post.get() {
            Some(post) => format!(
                "{}; its words must be those in post.txt; --online asks X for it; or {key}",
                post_checks::where_to_look(post)
            ),
            None => format!("ask the sender where the post of this note stands, and for the proof with it; or {key}"),
        })
    }
}
