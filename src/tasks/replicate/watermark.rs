//! `upload.txt`: how far the copy of the pages has come, in the store itself.

use std::time::{Duration, SystemTime};

use crate::base::text::{self, Lines, ParseError};

/// The file's name.
pub(super) const NAME: &str = "upload.txt";

const BYTES_MAX: usize = 1024;

/// What was written in the public folder until this moment, by the clock that its files have, is in the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Watermark {
    pub(super) until: SystemTime,
}

impl Default for Watermark {
    /// Nothing is in the store yet.
    fn default() -> Watermark {
        Watermark { until: SystemTime::UNIX_EPOCH }
    }
}

impl Watermark {
    /// Reads a whole file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Watermark, ParseError> {
        let mut lines = Lines::new(NAME, bytes, BYTES_MAX)?;
        if lines.next("verbale upload v1")? != "verbale upload v1" {
            return Err(lines.error("verbale upload v1"));
        }
        let nanoseconds = lines.field("until")?;
        let until =
            text::number(nanoseconds).and_then(|since| SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(since)));
        let until = lines.value("until <nanoseconds since 1970>", until)?;
        lines.end()?;
        Ok(Watermark { until })
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
        let watermark = Watermark { until: SystemTime::UNIX_EPOCH + Duration::from_nanos(1_764_095_000_123_456_789) };
        assert_eq!(watermark.to_text(), "verbale upload v1\nuntil 1764095000123456789\n");
        for watermark in [watermark, Watermark::default()] {
            assert_eq!(Watermark::parse(watermark.to_text().as_bytes()).unwrap(), watermark);
        }
        for text in
            ["", "verbale upload v2\nuntil 1\n", "verbale upload v1\nuntil 01\n", "verbale upload v1\nuntil 1\n\n"]
        {
            assert!(Watermark::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
