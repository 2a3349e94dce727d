//! One check and its result: a line of every report, of a proof's and of a log's.

use std::fmt;

/// The result of a check.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was checked, and it holds.
    Holds,
    /// It was checked, and it does not hold.
    Fails,
    /// It was checked and does not hold, but it is an extra of the proof: it counts for nothing, and accuses nobody.
    Void,
    /// Nothing is said about it; the detail says why.
    NotChecked,
}

/// One line of the report.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Check {
    /// What was checked, in one word or two.
    pub name: &'static str,
    /// The result.
    pub outcome: Outcome,
    /// What was found, in plain words.
    pub detail: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outcome::Holds => "holds",
            Outcome::Fails => "FAILS",
            Outcome::Void => "void",
            Outcome::NotChecked => "not checked",
        })
    }
}

pub(crate) fn holds(name: &'static str, detail: impl Into<String>) -> Check {
    Check { name, outcome: Outcome::Holds, detail: detail.into() }
}

pub(crate) fn fails(name: &'static str, detail: impl Into<String>) -> Check {
    Check { name, outcome: Outcome::Fails, detail: detail.into() }
}

pub(crate) fn void(name: &'static str, detail: impl Into<String>) -> Check {
    Check { name, outcome: Outcome::Void, detail: detail.into() }
}

pub(crate) fn not_checked(name: &'static str, detail: impl Into<String>) -> Check {
    Check { name, outcome: Outcome::NotChecked, detail: detail.into() }
}

impl Check {
    /// The same of an extra of the proof: what fails counts for nothing.
    pub(crate) fn of_extra(self) -> Check {
        match self.outcome {
            Outcome::Fails => Check { outcome: Outcome::Void, ..self },
            _ => self,
        }
    }
}

/// Holds with the first text, or fails with the second.
pub(crate) fn result(name: &'static str, result: Result<String, String>) -> Check {
    match result {
        Ok(detail) => holds(name, detail),
        Err(detail) => fails(name, detail),
    }
}
