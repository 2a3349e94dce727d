//! `upload.txt`: how far the copy of the pages has come, in the store itself.

use std::time::{Duration, SystemTime};

use crate::base::text::{self, Lines, ParseError};

/// The file's name.
pub(super) const NAME: &str = "upload.txt";

const BYTES_MAX: usize = 1024;

/// What was written in the public folder until this moment, by the clock that its files have, is in the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    pub(super) until: SystemTime,
}

impl Default for Mark {
    /// Nothing is.
    fn default() -> Mark {
        Mark { until: SystemTime::UNIX_EPOCH }
    }
}

impl Mark {
    /// Reads a whole file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Mark, ParseError> {
        let mut lines = Lines::new(NAME, bytes, BYTES_MAX)?;
        if lines.next("verbale upload v1")? != "verbale upload v1" {
            return Err(lines.error("verbale upload v1"));
        }
        let nanoseconds = lines.field("until")?;
        let until =
            text::number(nanoseconds).and_then(|since| SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(since)));
        let until = lines.value("until <nanoseconds since 1970>", until)?;
        lines.end()?;
        Ok(Mark { until })
    }

    /// The file's whole text.
    pub(super) fn to_text(self) -> String {
        let since = self.until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        format!("verbale upload v1\nuntil {}\n", since.as_nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let mark = Mark { until: SystemTime::UNIX_EPOCH + Duration::from_nanos(1_764_095_000_123_456_789) };
        assert_eq!(mark.to_text(), "verbale upload v1\nuntil 1764095000123456789\n");
        for mark in [mark, Mark::default()] {
            assert_eq!(Mark::parse(mark.to_text().as_bytes()).unwrap(), mark);
        }
        for text in
            ["", "verbale upload v2\nuntil 1\n", "verbale upload v1\nuntil 01\n", "verbale upload v1\nuntil 1\n\n"]
        {
            assert!(Mark::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
