//! How a command fails: the exit status, what happened, and what to do.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::app::config;
use crate::tasks::trouble::{self, Misconfigured};

/// Something failed, or does not hold.
pub const FAILED: u8 = 1;
/// The arguments, the configuration or a file could not be used; nothing was done.
pub const UNUSABLE: u8 = 2;
/// Something could not be checked, since it could not be read.
pub const UNCHECKED: u8 = 3;
/// A proof is intact, and not proven yet.
pub const INTACT: u8 = 4;
/// The log contradicts what was published: the daemon may not be started again before a person has looked.
pub const CONTRADICTED: u8 = 5;

/// Why a command ends, if its caller can do something about it.
#[derive(Debug, thiserror::Error)]
#[error("{what}\n{remedy}")]
pub struct Failure {
    /// The exit status.
    pub status: u8,
    /// What happened, with the values; never a secret.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Failure {
    /// The arguments or a file that they name cannot be used.
    pub fn unusable(what: impl Into<String>, remedy: impl Into<String>) -> Failure {
        Failure { status: UNUSABLE, what: what.into(), remedy: remedy.into() }
    }

    /// The same for an error whose first line says what happened, and whose second line says what to do; `place` goes
    /// before it.
    pub fn of(place: impl fmt::Display, error: &impl fmt::Display) -> Failure {
        let text = format!("{place}{error}");
        let (what, remedy) = text.split_once('\n').unwrap_or((&text, ""));
        Failure::unusable(what, remedy)
    }

    /// Something failed that is not the fault of the arguments.
    pub fn failed(what: impl Into<String>, remedy: impl Into<String>) -> Failure {
        Failure { status: FAILED, what: what.into(), remedy: remedy.into() }
    }
}

/// Writes an error as a person reads it, and returns the program's exit status.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        // The reader has closed the output: `verbale notes | head`.
        return ExitCode::SUCCESS;
    }
    // A file's name, or a server's words, may contain anything.
    let lines: Vec<String> = text(error).lines().map(crate::base::text::visible).collect();
    super::tell(format_args!("error: {}", lines.join("\n")));
    ExitCode::from(status(error))
}

/// What happened, from the outermost error to its cause, on one line; then each line that says what to do.
pub fn text(error: &anyhow::Error) -> String {
    trouble::text(error)
}

/// The exit status that belongs to an error.
pub fn status(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Failure>() {
        Some(failure) => failure.status,
        None if error.downcast_ref::<config::Error>().is_some_and(|error| !error.passes) => UNUSABLE,
        None if error.is::<Misconfigured>() => UNUSABLE,
        None => FAILED,
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kinds = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds.into_iter().any(|kind| kind == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn what_happened_is_one_line_and_what_to_do_follows() {
        let inner: anyhow::Result<()> = Err(Failure::unusable("no space left", "make room").into());
        let error = inner.context("note 7 cannot be sealed").unwrap_err();
        assert_eq!(text(&error), "note 7 cannot be sealed: no space left\nmake room");
        assert_eq!(status(&error), UNUSABLE);
        let twice = anyhow::anyhow!("it broke").context("the database failed: it broke");
        assert_eq!(text(&twice), "the database failed: it broke");
        assert_eq!(status(&anyhow::anyhow!("something else")), FAILED);
    }
}
