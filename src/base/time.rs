//! Moments: milliseconds of Unix time, written as RFC 3339 in UTC.

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::{self, Date};
use jiff::tz::Offset;

/// A moment in UTC, to the millisecond. The core never asks what time it is: the caller passes the moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Time(i64);

/// How a moment is written: 0 stands for any digit.
const FORM: &[u8; 24] = b"0000-00-00T00:00:00.000Z";

/// 0000-01-01T00:00:00.000Z and 9998-12-31T23:59:59.999Z: the years that four digits can write and all libraries read.
const RANGE_MS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_370_764_799_999;

/// How far two clocks, ours and the platform's, may be apart, in milliseconds.
pub const SKEW_MS_MAX: i64 = 600_000;

/// A day, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

impl Time {
    /// The moment `ms` milliseconds after 1970-01-01T00:00:00Z; beyond the years 0 to 9998 the nearest of them.
    pub fn from_ms(ms: i64) -> Time {
        Time(ms.clamp(*RANGE_MS.start(), *RANGE_MS.end()))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// This moment moved by `ms` milliseconds.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Time {
        Time::from_ms(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative if it is later.
    pub const fn ms_since(self, earlier: Time) -> i64 {
        self.0 - earlier.0
    }

    /// The first moment of its day, in UTC.
    #[must_use]
    pub fn midnight(self) -> Time {
        Time::from_ms(self.0 - self.0.rem_euclid(DAY_MS))
    }

    /// The date in UTC, `2018-03-09`.
    pub fn date(self) -> String {
        self.to_string()[..10].to_owned()
    }

    /// Reads `2018-03-09T17:40:12.123Z`: exactly this form of RFC 3339, three digits and `Z`, a date that exists, no year
    /// after 9998.
    pub fn parse(text: &str) -> Option<Time> {
        let text: &[u8; FORM.len()] = text.as_bytes().try_into().ok()?;
        let is_form = FORM.iter().zip(text).all(|(form, b)| if *form == b'0' { b.is_ascii_digit() } else { b == form });
        if !is_form {
            return None;
        }
        let value = |place: Range<usize>| text[place].iter().fold(0_i16, |value, b| 10 * value + i16::from(b - b'0'));
        let small = |start: usize| value(start..start + 2) as i8;
        let date = Date::new(value(0..4), small(5), small(8)).ok()?;
        let clock = civil::Time::new(small(11), small(14), small(17), i32::from(value(20..23)) * 1_000_000).ok()?;
        let moment = Offset::UTC.to_timestamp(date.to_datetime(clock)).ok()?;
        Some(Time(moment.as_millisecond())).filter(|time| RANGE_MS.contains(&time.0))
    }
}

/// As it is displayed.
impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Time::parse(&text).ok_or_else(|| serde::de::Error::custom("a time is written 2018-03-09T17:40:12.123Z"))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the library reads, if it writes the same.
    fn by_library(text: &str) -> Option<Time> {
        let time = Time(text.parse::<Timestamp>().ok()?.as_millisecond());
        (RANGE_MS.contains(&time.0) && time.to_string() == text).then_some(time)
    }

    #[test]
    fn a_moment_is_read_as_the_library_reads_it_whatever_byte_is_changed() {
        let mut read = 0;
        for text in [
            "2018-03-09T17:40:12.123Z",
            "0000-01-01T00:00:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "2000-02-29T23:59:59.999Z",
            "2100-02-29T10:00:00.000Z",
            "2016-12-31T23:59:60.000Z",
            "9998-12-31T23:59:59.999Z",
        ] {
            for place in 0..text.len() {
                for byte in 0..=b'\x7f' {
                    let mut changed = text.to_owned();
                    changed.replace_range(place..=place, char::from(byte).encode_utf8(&mut [0; 4]));
                    assert_eq!(Time::parse(&changed), by_library(&changed), "{changed}");
                    read += usize::from(Time::parse(&changed).is_some());
                }
            }
        }
        assert!(500 < read, "{read} of them are moments");
        for text in ["", "2018-03-09T17:40:12Z", "2018-03-09T17:40:12.1234Z", "2018-03-09T17:40:12.12é"] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }
}
