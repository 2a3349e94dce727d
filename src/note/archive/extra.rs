//! The extra fields of a header: what in them says again what the header says.

use super::bytes::Bytes;
use super::path;

/// True sizes and places, where the header has no room for them.
const ZIP64: u16 = 0x0001;

/// The name in UTF-8, with the checksum of the name in the header.
const UNICODE_PATH: u16 = 0x7075;

/// The value of a field that means: the true one stands in the field of zip64.
const ELSEWHERE: u32 = u32::MAX;

/// The extra fields that matter; all others are ignored.
#[derive(Default)]
pub(super) struct Extras<'a> {
    zip64: Option<&'a [u8]>,
    unicode_path: Option<&'a [u8]>,
}

/// Says again what a file is, and how long: programs that use libarchive believe it, and others do not know it.
const LIBARCHIVE: u16 = 0x6c78;

/// Reads all extra fields of a header, one after the other. Fewer than four zeros may stand behind the last one: programs
/// fill with them. None if one is cut, or one that matters stands there twice.
pub(super) fn read(extra: &[u8]) -> Option<Extras<'_>> {
    let (mut rest, mut extras) = (Bytes(extra), Extras::default());
    while 4 <= rest.0.len() {
        let (id, len) = (rest.u16()?, rest.u16()?);
        let data = rest.take(len.into())?;
        let field = match id {
            ZIP64 => &mut extras.zip64,
            UNICODE_PATH => &mut extras.unicode_path,
            LIBARCHIVE => return None,
            _ => continue,
        };
        if field.replace(data).is_some() {
            return None;
        }
    }
    rest.0.iter().all(|byte| *byte == 0).then_some(extras)
}

impl Extras<'_> {
    /// The true numbers for these fields of the header, which stand in the order of zip64, and whether the file begins on
    /// the first disk. The field of zip64 has exactly those that the header has not, or all up to some place, and then
    /// says of the others what the header says. None if it is otherwise.
    pub(super) fn numbers<const N: usize>(&self, short: [u32; N], disk: u16) -> Option<[u64; N]> {
        let is_elsewhere = short.map(|number| number == ELSEWHERE);
        let disk_len = match disk {
            0 => 0,
            u16::MAX => 4,
            _ => return None,
        };
        let Some(data) = self.zip64 else {
            return (disk == 0 && !is_elsewhere.contains(&true)).then(|| short.map(u64::from));
        };
        let (data, disk) = data.split_at_checked(data.len().checked_sub(disk_len)?)?;
        let (values, rest) = data.as_chunks::<8>();
        if !rest.is_empty() || disk.iter().any(|byte| *byte != 0) {
            return None;
        }
        let values: Vec<u64> = values.iter().map(|value| u64::from_le_bytes(*value)).collect();
        let needed = is_elsewhere.iter().filter(|is| **is).count();
        let (mut numbers, mut next) = (short.map(u64::from), values.iter());
        for (place, number) in numbers.iter_mut().enumerate() {
            if values.len() == needed && !is_elsewhere[place] {
                continue;
            }
            match next.next() {
                Some(value) if is_elsewhere[place] || value == number => *number = *value,
                Some(_) => return None,
                None if is_elsewhere[place] => return None,
                None => {}
            }
        }
        next.next().is_none().then_some(numbers)
    }

    /// Whether the name in UTF-8, if there is one, is the header's name, which stands for this path.
    pub(super) fn is_path(&self, name: &[u8], path: &str) -> bool {
        let Some(field) = self.unicode_path else { return true };
        let mut field = Bytes(field);
        let is_for_it = field.is(&[1]).is_some() && field.u32() == Some(checksum(name));
        is_for_it && path::read(field.0, true).is_some_and(|(other, _)| other == path)
    }
}

/// The checksum of zip: CRC-32.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(id: u16, data: &[u8]) -> Vec<u8> {
        [&id.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
    }

    fn zip64(values: &[u64]) -> Vec<u8> {
        field(ZIP64, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    }

    #[test]
    fn zip64_says_what_the_header_has_no_room_for() {
        let none = ELSEWHERE;
        for (extra, short, numbers) in [
            (vec![], [5, 6, 7], Some([5, 6, 7])),
            (vec![], [5, none, 7], None),
            (zip64(&[6]), [5, none, 7], Some([5, 6, 7])),
            (zip64(&[5, 6]), [none, none, 7], Some([5, 6, 7])),
            (zip64(&[5, 6, 7]), [none, none, none], Some([5, 6, 7])),
            (zip64(&[5, 6, 7]), [5, 6, 7], Some([5, 6, 7])),
            (zip64(&[5, 6]), [none, 6, 7], Some([5, 6, 7])),
            (zip64(&[]), [5, 6, 7], Some([5, 6, 7])),
            (zip64(&[5, 8, 7]), [5, 6, 7], None),
            (zip64(&[5, 8]), [none, 6, 7], None),
            (zip64(&[5]), [none, none, 7], None),
            (zip64(&[5, 6, 7, 8]), [none, none, none], None),
            (field(ZIP64, &[1, 2, 3]), [5, 6, 7], None),
        ] {
            assert_eq!(read(&extra).unwrap().numbers(short, 0), numbers, "{extra:?} {short:?}");
        }
        let with_disk = |disk: u8| field(ZIP64, &[6, 0, 0, 0, 0, 0, 0, 0, disk, 0, 0, 0]);
        assert_eq!(read(&with_disk(0)).unwrap().numbers([5, none], u16::MAX), Some([5, 6]));
        assert_eq!(read(&with_disk(1)).unwrap().numbers([5, none], u16::MAX), None);
        assert_eq!(read(&[]).unwrap().numbers([5, 6], 1), None);
    }

    #[test]
    fn a_field_that_is_cut_or_there_twice_is_refused() {
        assert!(read(&[field(0xcafe, b""), vec![0, 0, 0]].concat()).is_some());
        assert!(read(&[field(0xcafe, b""), vec![0, 1]].concat()).is_none());
        assert!(read(&[0x55, 0x54, 9, 0, 1]).is_none());
        assert!(read(&[zip64(&[5]), zip64(&[5])].concat()).is_none());
    }

    #[test]
    fn a_name_in_utf_8_is_the_same_name() {
        let extra = |name: &[u8], path: &str| {
            field(UNICODE_PATH, &[&[1][..], &checksum(name).to_le_bytes(), path.as_bytes()].concat())
        };
        let is_path = |extra: &[u8]| read(extra).unwrap().is_path(b"\x9a/post.txt", "Ü/post.txt");
        assert!(is_path(&[]));
        assert!(is_path(&extra(b"\x9a/post.txt", "Ü/post.txt")));
        assert!(!is_path(&extra(b"\x9a/post.txt", "Ü/past.txt")));
        assert!(!is_path(&extra(b"another", "Ü/post.txt")));
    }
}
