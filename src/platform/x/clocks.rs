//! The moments in an answer, compared with the two clocks.

use crate::base::time::{SKEW_MS_MAX, Time};

/// What time it was when an answer came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    pub(super) ours: Time,
    /// X's, from the header `Date`, to the second. None if X did not say.
    pub(super) theirs: Option<Time>,
}

impl Clocks {
    /// Checks the moment inside the identifier of what X says it made just now. What is entered in the log is dated by our
    /// clock, so it is that clock which counts.
    ///
    /// # Errors
    /// If it is another moment: either the identifier is not of what was made, or our clock is wrong.
    pub(super) fn made_now(&self, moment: Time) -> Result<(), String> {
        if moment.ms_since(self.ours).abs() <= SKEW_MS_MAX {
            return Ok(());
        }
        let theirs = self.theirs.map(|theirs| format!(", X's {theirs}")).unwrap_or_default();
        Err(format!("the identifier in the answer is of {moment}; this machine's clock says {}{theirs}", self.ours))
    }

    /// Checks the moment inside the identifier of something that is listed or shown.
    ///
    /// # Errors
    /// If it is later than both clocks. If it is later than ours alone, our clock may be wrong: X's tells.
    pub(super) fn not_later(&self, moment: Time) -> Result<(), String> {
        let latest = self.theirs.map_or(self.ours, |theirs| theirs.max(self.ours));
        if moment.ms_since(latest) <= SKEW_MS_MAX {
            return Ok(());
        }
        Err(format!("its identifier is of the future, of {moment}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_ms(1_764_000_000_000 + ms)
    }

    #[test]
    fn what_was_made_now_is_of_now_by_our_clock() {
        for theirs in [None, Some(at(0)), Some(at(86_400_000))] {
            let clocks = Clocks { ours: at(0), theirs };
            assert!([0, SKEW_MS_MAX, -SKEW_MS_MAX].iter().all(|ms| clocks.made_now(at(*ms)).is_ok()));
            assert!([SKEW_MS_MAX + 1, -SKEW_MS_MAX - 1].iter().all(|ms| clocks.made_now(at(*ms)).is_err()));
        }
    }

    #[test]
    fn the_future_begins_after_both_clocks() {
        let clocks = |theirs: Option<i64>| Clocks { ours: at(0), theirs: theirs.map(at) };
        assert!(clocks(None).not_later(at(SKEW_MS_MAX)).is_ok() && clocks(None).not_later(at(-86_400_000)).is_ok());
        assert!(clocks(None).not_later(at(SKEW_MS_MAX + 1)).is_err());
        assert!(clocks(Some(-86_400_000)).not_later(at(SKEW_MS_MAX)).is_ok(), "X's clock is behind ours");
        assert!(clocks(Some(86_400_000)).not_later(at(86_400_000)).is_ok(), "our clock is behind X's");
        assert!(clocks(Some(86_400_000)).not_later(at(86_400_000 + SKEW_MS_MAX + 1)).is_err());
    }
}
