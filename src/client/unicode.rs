//! Text as programs of the desk save it: UTF-8 with a byte order mark, or UTF-16 of either order, read as UTF-8.

use std::io::{self, BufRead, Read};

/// How two bytes make a unit of UTF-16.
type Order = fn([u8; 2]) -> u16;

/// Reads `inner` as UTF-8 without a byte order mark.
pub(super) struct Decoded<R> {
    inner: R,
    /// None if it is UTF-8 already.
    order: Option<Order>,
    /// Bytes of a character that were not handed out yet.
    rest: Vec<u8>,
}

impl<R: BufRead> Decoded<R> {
    /// Looks at the first bytes.
    pub(super) fn new(mut inner: R) -> io::Result<Decoded<R>> {
        let mut mark = Vec::new();
        inner.by_ref().take(3).read_to_end(&mut mark)?;
        let (order, rest): (Option<Order>, &[u8]) = match mark.as_slice() {
            [0xef, 0xbb, 0xbf] => (None, &[]),
            [0xff, 0xfe, rest @ ..] => (Some(u16::from_le_bytes), rest),
            [0xfe, 0xff, rest @ ..] => (Some(u16::from_be_bytes), rest),
            other => (None, other),
        };
        let mut decoded = Decoded { inner, order, rest: rest.to_vec() };
        if let (Some(order), [first]) = (order, rest) {
            let first = *first;
            decoded.rest.clear();
            decoded.fill(order, Some(first))?;
        }
        Ok(decoded)
    }

    /// The next unit, the first byte of which may be known already. None at the end.
    fn unit(&mut self, order: Order, first: Option<u8>) -> io::Result<Option<u16>> {
        let mut bytes = Vec::from_iter(first);
        self.inner.by_ref().take(2 - bytes.len() as u64).read_to_end(&mut bytes)?;
        match bytes[..] {
            [] => Ok(None),
            [one, two] => Ok(Some(order([one, two]))),
            _ => Err(bad()),
        }
    }

    /// Decodes the next character.
    fn fill(&mut self, order: Order, first: Option<u8>) -> io::Result<()> {
        let Some(unit) = self.unit(order, first)? else { return Ok(()) };
        let is_pair = (0xd800..0xdc00).contains(&unit);
        let second = if is_pair { self.unit(order, None)? } else { None };
        let units = [unit].into_iter().chain(second);
        for character in char::decode_utf16(units) {
            let character = character.map_err(|_| bad())?;
            self.rest.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(())
    }
}

fn bad() -> io::Error {
    io::Error::other("it is no text in UTF-16")
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(order) = self.order {
            while self.rest.len() < buffer.len() {
                let before = self.rest.len();
                self.fill(order, None)?;
                if self.rest.len() == before {
                    break;
                }
            }
        } else if self.rest.is_empty() {
            return self.inner.read(buffer);
        }
        let len = buffer.len().min(self.rest.len());
        buffer[..len].copy_from_slice(&self.rest[..len]);
        self.rest.drain(..len);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[{\"text\": \"caf\u{e9} \u{1f54a} \u{2014}\"}]\n";

    fn decoded(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        Decoded::new(bytes)?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn utf16(mark: [u8; 2], order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.into_iter().chain(TEXT.encode_utf16().flat_map(order)).collect()
    }

    #[test]
    fn text_with_a_mark_is_read_as_text_without() {
        let marked = [&b"\xef\xbb\xbf"[..], TEXT.as_bytes()].concat();
        for bytes in [
            TEXT.as_bytes().to_vec(),
            marked,
            utf16([0xff, 0xfe], u16::to_le_bytes),
            utf16([0xfe, 0xff], u16::to_be_bytes),
        ] {
            assert_eq!(decoded(&bytes).unwrap(), TEXT);
        }
        for short in [&b""[..], b"[", b"[]", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"] {
            assert!(decoded(short).unwrap().len() <= 2);
        }
    }

    #[test]
    fn half_a_character_is_no_text() {
        for bytes in [&b"\xff\xfe["[..], b"\xff\xfe\x3d\xd8", b"\xff\xfe\x3d\xd8[\0", b"\xfe\xff\xdc\x3d"] {
            assert!(decoded(bytes).is_err(), "{bytes:?}");
        }
    }
}
