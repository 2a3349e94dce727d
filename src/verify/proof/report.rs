//! The report: what was checked, the results, and what they show.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::claims::{self, Claim};
use super::neighbours::{Neighbours, Uncounted};
use crate::base::text;
use crate::verify::check::{Check, Outcome, fails, holds, not_checked};

/// The name of the check of the published log.
const SITE: &str = "site";

/// What the proof says that it is about: as written in its envelope. Trust it only as far as the checks hold.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[allow(missing_docs, reason = "the fields are the envelope's lines")]
pub struct Subject {
    pub log: String,
    pub note: u64,
    pub from: String,
    pub to: Vec<String>,
    pub message: String,
    pub sent: String,
    pub commitment: String,
}

/// The result of checking one proof. A bad proof is a report too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// What the proof is about. None if its envelope cannot be read.
    pub subject: Option<Subject>,
    /// The checks in their order.
    pub checks: Vec<Check>,
    /// What they show, and what they do not.
    pub claims: Vec<Claim>,
    /// The names of the checks that needed an answer from outside and got none. Empty if nobody was asked.
    pub unread: Vec<&'static str>,
    /// The notes near it. None if they were not counted.
    pub others: Option<Neighbours>,
}

impl Report {
    /// 0 if everything that was checked holds, 1 if something fails, 3 if a check got no answer and the rest holds.
    ///
    /// The program adds 2 for a file that is no proof at all.
    pub fn exit_status(&self) -> u8 {
        match (self.failing().next(), self.unread.as_slice()) {
            (Some(_), _) => 1,
            (None, [_, ..]) => 3,
            (None, []) => 0,
        }
    }

    /// Whether a check fails, other than those of what the platform shows today.
    pub fn is_broken(&self) -> bool {
        self.failing().any(claims::breaks)
    }

    /// The names of the checks that fail, in their order.
    pub fn failing(&self) -> impl Iterator<Item = &'static str> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Fails).map(|check| check.name)
    }

    /// Adds what was counted in the published log, as a check of its own and to the claim about order.
    pub fn count(&mut self, counted: Result<Neighbours, Uncounted>) {
        let check = match &counted {
            Ok(others) => holds(
                SITE,
                format!(
                    "the published log of {} continues the proof's head, and misses no number",
                    text::count(others.size, "entry", "entries")
                ),
            ),
            Err(Uncounted::Fails(why)) => fails(SITE, why.as_str()),
            Err(Uncounted::Unread(why)) => not_checked(SITE, format!("other notes are not counted: {why}")),
        };
        match check.outcome {
            Outcome::NotChecked => self.unread.push(SITE),
            Outcome::Fails => claims::show_nothing(&mut self.claims, &[SITE]),
            Outcome::Holds => {}
        }
        self.checks.push(check);
        if let (Ok(others), Some(order)) = (&counted, self.claims.iter_mut().find(|claim| claim.name == "order")) {
            order.shown.extend(others.shown());
            order.not_shown = others.not_shown();
        }
        self.others = counted.ok();
    }
}

/// `{"status", "subject", "checks", "claims"}`, and `others` if they were counted; `status` is the exit status.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Report", 4 + usize::from(self.others.is_some()))?;
        out.serialize_field("status", &self.exit_status())?;
        out.serialize_field("subject", &self.subject)?;
        out.serialize_field("checks", &self.checks)?;
        out.serialize_field("claims", &self.claims)?;
        if let Some(others) = &self.others {
            out.serialize_field("others", others)?;
        }
        out.end()
    }
}

/// For people: ends in LF.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.subject {
            writeln!(f, "note {} of the log {}", subject.note, subject.log)?;
            writeln!(f, "  from {}, to {}", subject.from, subject.to.join(", "))?;
            writeln!(f, "  sent {}, message {}", subject.sent, subject.message)?;
            writeln!(f, "  sha256 {}\n", subject.commitment)?;
        }
        for check in &self.checks {
            writeln!(f, "{:<11}  {:<11}  {}", check.outcome, check.name, check.detail)?;
        }
        for claim in &self.claims {
            writeln!(f, "\n{}", claim.name)?;
            claim.shown.iter().try_for_each(|line| writeln!(f, "  shown: {line}"))?;
            claim.not_shown.iter().try_for_each(|line| writeln!(f, "  not shown: {line}"))?;
        }
        let failing: Vec<&str> = self.failing().collect();
        match (failing.as_slice(), self.unread.as_slice()) {
            ([], []) => writeln!(f, "\nall that was checked holds"),
            ([], names) => writeln!(f, "\nall that was checked holds; could not be checked: {}", names.join(", ")),
            (names, _) => {
                let what = if self.checks.iter().any(|check| check.name == "slip") { "SLIP" } else { "PROOF" };
                writeln!(f, "\nTHIS {what} FAILS: {}", names.join(", "))
            }
        }
    }
}
