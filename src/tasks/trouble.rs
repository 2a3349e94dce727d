//! What a task cannot do on this machine, what follows from it, and how it is said.

use crate::store;

/// The log contradicts what was published, or what is at hand is another log's. Whoever goes on would fork the log, and
/// no new start changes it: the daemon stops, and stays down until a person has looked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Contradiction(pub String);

/// Two things that the operator says do not go together, which shows only when the platform has been asked. The daemon
/// stops, and stays down until the configuration is another.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misconfigured(pub String);

/// What follows from an error that is not the platform's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Consequence {
    /// The weather of the machine: the task holds, says so, and tries again.
    Hold,
    /// The daemon ends, and starts anew from what is durable.
    Restart,
    /// The daemon ends, and a person must look before the next start.
    StayDown,
}

/// What follows from `error`, from the first of its causes that says it. Everything that nobody has thought of is
/// weather: other tasks are not held up by it.
pub fn consequence(error: &anyhow::Error) -> Consequence {
    if error.is::<Contradiction>() || error.is::<Misconfigured>() {
        return Consequence::StayDown;
    }
    error.chain().find_map(|cause| cause.downcast_ref().map(of_store)).unwrap_or(Consequence::Hold)
}

/// What follows from an error of the store.
fn of_store(error: &store::Error) -> Consequence {
    match error {
        store::Error::WrongLog(_) | store::Error::Damaged(_) => Consequence::StayDown,
        store::Error::Corrupt(_) | store::Error::Replaced(_) | store::Error::Closed => Consequence::Restart,
        store::Error::Missing(_)
        | store::Error::Exists(_)
        | store::Error::InUse(_)
        | store::Error::Gone(_)
        | store::Error::Held(_)
        | store::Error::Full
        | store::Error::Disk(_)
        | store::Error::Refused(_)
        | store::Error::Database(_) => Consequence::Hold,
    }
}

/// What happened, from the outermost error to its cause, on one line; then each line that says what to do.
pub fn text(error: &anyhow::Error) -> String {
    let mut messages: Vec<String> = error.chain().map(ToString::to_string).collect();
    // Some errors repeat their cause in their own message.
    let mut outer = String::new();
    messages.retain(|message| !std::mem::replace(&mut outer, message.clone()).contains(message));
    let what = messages.iter().filter_map(|message| message.lines().next());
    let remedies = messages.iter().flat_map(|message| message.lines().skip(1)).map(str::trim_start);
    let lines = std::iter::once(what.collect::<Vec<_>>().join(": ")).chain(remedies.map(str::to_owned));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn only_what_no_start_can_mend_keeps_the_daemon_down() {
        let of = |error: anyhow::Error| consequence(&Err::<(), _>(error).context("it cannot be done").unwrap_err());
        assert_eq!(of(Contradiction("two heads".into()).into()), Consequence::StayDown);
        let context = Err::<(), _>(anyhow::anyhow!("a signature")).context(Contradiction("another's".into()));
        assert_eq!(of(context.unwrap_err()), Consequence::StayDown);
        assert_eq!(of(store::Error::Damaged("a head".into()).into()), Consequence::StayDown);
        assert_eq!(of(store::Error::WrongLog("another".into()).into()), Consequence::StayDown);
        assert_eq!(of(store::Error::Closed.into()), Consequence::Restart);
        assert_eq!(of(store::Error::Full.into()), Consequence::Hold);
        assert_eq!(of(std::io::Error::other("no room").into()), Consequence::Hold);
    }

    #[test]
    fn what_happened_is_one_line_and_what_to_do_follows() {
        let inner: anyhow::Result<()> = Err(anyhow::anyhow!("no space left\nmake room"));
        let error = inner.context("note 7 cannot be sealed").unwrap_err();
        assert_eq!(text(&error), "note 7 cannot be sealed: no space left\nmake room");
        let twice = anyhow::anyhow!("it broke").context("the database failed: it broke");
        assert_eq!(text(&twice), "the database failed: it broke");
    }
}
