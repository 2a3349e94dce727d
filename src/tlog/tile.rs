//! The log as static files that everybody can fetch, after C2SP tlog-tiles v0.1.0: 256 hashes or entries a file.

use std::fmt;

use crate::base::hash::Hash;
use crate::base::text;
use crate::tlog::entry;
use crate::tlog::tree::Tree;

/// Number of hashes or entries in a full tile or bundle.
pub const WIDTH_FULL: u16 = 256;

/// The largest bundle of entries that is read, in bytes: each entry with its length is at most this long.
pub const BUNDLE_BYTES_MAX: usize = WIDTH_FULL as usize * (2 + entry::LINE_BYTES_MAX);

/// The highest level that a tile's path may name.
const LEVEL_MAX: u8 = 63;

/// Number of levels of the tree in one level of tiles.
pub const HEIGHT: u32 = 8;

/// What a tile holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// The log's entries themselves: a bundle.
    Entries,
    /// Hashes of the tree at this level of tiles: leaves at 0, roots of `256^level` leaves each above.
    Hashes(u8),
}

/// Which tile or bundle, by its path below the log's address: `tile/0/x001/234.p/5`, `tile/entries/000`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TilePath {
    kind: Kind,
    index: u64,
    width: u16,
}

impl TilePath {
    /// The tile at `index` of its kind with `width` hashes or entries, 1 to 256; 256 is a full one. Returns None if
    /// there is no such tile: the level is 63 at most.
    pub fn new(kind: Kind, index: u64, width: u16) -> Option<TilePath> {
        let valid = (1..=WIDTH_FULL).contains(&width) && !matches!(kind, Kind::Hashes(level) if LEVEL_MAX < level);
        valid.then_some(TilePath { kind, index, width })
    }

    /// Reads a path: exactly the one that the tile has.
    pub fn parse(path: &str) -> Option<TilePath> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = match kind {
            "entries" => Kind::Entries,
            level => Kind::Hashes(u8::try_from(text::number(level)?).ok()?),
        };
        let (digits, width) = match rest.split_once(".p/") {
            Some((digits, width)) => (digits, u16::try_from(text::number(width)?).ok().filter(|&w| w < WIDTH_FULL)?),
            None => (rest, WIDTH_FULL),
        };
        let index = digits.split('/').try_fold(0_u64, |index, group| {
            let group = group.strip_prefix('x').unwrap_or(group);
            let plain = group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
            index.checked_mul(1000)?.checked_add(group.parse().ok().filter(|_| plain)?)
        })?;
        TilePath::new(kind, index, width).filter(|tile| tile.to_string() == path)
    }

    /// What it holds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its place among those of its kind, counted from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Number of hashes or entries in it: 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it is full, and so will never be replaced by a wider one.
    pub fn is_full(&self) -> bool {
        self.width == WIDTH_FULL
    }

    /// The index of the first hash of its level, or of the first entry, that it holds.
    pub fn start(&self) -> u64 {
        self.index.saturating_mul(WIDTH_FULL.into())
    }

    /// The full tile of which this one is the beginning.
    #[must_use]
    pub fn full(self) -> TilePath {
        TilePath { width: WIDTH_FULL, ..self }
    }

    /// The bytes of this tile or bundle, cut out of a wider one at the same place. If there are too few bytes, they are
    /// returned unchanged. A log's publisher may remove a partial tile once the full one is there.
    pub fn cut_from<'a>(&self, wider: &'a [u8]) -> &'a [u8] {
        let mut len = 0;
        for _ in 0..self.width {
            len += match self.kind {
                Kind::Hashes(_) => 32,
                Kind::Entries => match wider.get(len..) {
                    Some([high, low, ..]) => 2 + usize::from(u16::from_be_bytes([*high, *low])),
                    _ => return wider,
                },
            };
        }
        wider.get(..len).unwrap_or(wider)
    }

    /// The bytes of a tile of hashes. None for a bundle, or if the tree is too small for the tile.
    pub fn hashes(&self, tree: &Tree) -> Option<Vec<u8>> {
        let Kind::Hashes(level) = self.kind else { return None };
        let mut bytes = Vec::with_capacity(usize::from(self.width) * 32);
        for i in 0..u64::from(self.width) {
            let hash = tree.subtree(u32::from(level) * HEIGHT, self.start().checked_add(i)?)?;
            bytes.extend_from_slice(hash.as_bytes());
        }
        Some(bytes)
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Entries => f.write_str("tile/entries/")?,
            Kind::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while 0 < rest {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for group in groups.iter().skip(1).rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", groups[0])?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// The bundles and tiles that a reader of the log at size `new` needs and that were not there at size `old`. Bundles
/// come first, then the tiles from the leaves upward. Written in this order, no file is there before the files below
/// it.
pub fn new_since(old: u64, new: u64) -> Vec<TilePath> {
    let mut tiles = Vec::new();
    extend(&mut tiles, Kind::Entries, old, new);
    let (mut old, mut new) = (old, new);
    for level in 0..=LEVEL_MAX {
        if new <= old {
            break;
        }
        extend(&mut tiles, Kind::Hashes(level), old, new);
        old >>= HEIGHT;
        new >>= HEIGHT;
    }
    tiles
}

/// Adds the tiles of one kind, of which there were `old` hashes or entries and now are `new`.
fn extend(tiles: &mut Vec<TilePath>, kind: Kind, old: u64, new: u64) {
    if new <= old {
        return;
    }
    let full = u64::from(WIDTH_FULL);
    tiles.extend((old / full..new / full).map(|index| TilePath { kind, index, width: WIDTH_FULL }));
    if let Some(width) = u16::try_from(new % full).ok().filter(|&width| 0 < width) {
        tiles.push(TilePath { kind, index: new / full, width });
    }
}

/// Why bytes are not the tile or bundle that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The tile is not as long as its width says.
    #[error("the tile is {len} bytes long, not the {expected} of {width} hashes")]
    Length {
        /// Bytes found.
        len: usize,
        /// Bytes expected.
        expected: usize,
        /// Hashes expected.
        width: u16,
    },
    /// The bundle is longer than a bundle of ours can be.
    #[error("the bundle is {len} bytes long, more than the {BUNDLE_BYTES_MAX} allowed")]
    TooLarge {
        /// Bytes found.
        len: usize,
    },
    /// An entry is empty, or longer than an entry may be.
    #[error("entry {place} of the bundle is {len} bytes long, not 1 to {max}", max = entry::LINE_BYTES_MAX)]
    Entry {
        /// Its place in the bundle, from 0.
        place: usize,
        /// Its length in bytes.
        len: usize,
    },
    /// The bundle ends inside an entry, or has fewer entries than its width says.
    #[error("the bundle ends in or before entry {place} of {width}")]
    Short {
        /// The entry's place in the bundle, from 0.
        place: usize,
        /// Entries expected.
        width: u16,
    },
    /// The bundle has more data after the number of entries that its width says.
    #[error("the bundle has more than {width} entries")]
    Long {
        /// Entries expected.
        width: u16,
    },
}

/// Reads the bytes of a tile of `width` hashes.
///
/// # Errors
/// If the length is not exactly that of `width` hashes.
pub fn parse_hashes(bytes: &[u8], width: u16) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if hashes.len() != usize::from(width) || !rest.is_empty() {
        return Err(TileError::Length { len: bytes.len(), expected: usize::from(width) * 32, width });
    }
    Ok(hashes.iter().copied().map(Hash::from_bytes).collect())
}

/// The bytes of a bundle: each entry after its length as two bytes, the larger first.
///
/// # Errors
/// If an entry is empty, or longer than entries may be.
pub fn bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, TileError> {
    let mut bytes = Vec::new();
    for (place, entry) in entries.into_iter().enumerate() {
        let len = checked_len(place, entry.len())?;
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Reads a bundle of `width` entries.
///
/// # Errors
/// If it does not hold exactly `width` entries, or an entry is empty or longer than entries may be.
pub fn parse_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    if BUNDLE_BYTES_MAX < bytes.len() {
        return Err(TileError::TooLarge { len: bytes.len() });
    }
    let mut rest = bytes;
    let mut entries = Vec::new();
    for place in 0..usize::from(width) {
        let short = TileError::Short { place, width };
        let (len, after) = rest.split_first_chunk::<2>().ok_or(short)?;
        let len = checked_len(place, u16::from_be_bytes(*len).into())?;
        let (entry, after) = after.split_at_checked(len.into()).ok_or(short)?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(TileError::Long { width }) }
}

fn checked_len(place: usize, len: usize) -> Result<u16, TileError> {
    let valid = (1..=entry::LINE_BYTES_MAX).contains(&len);
    u16::try_from(len).ok().filter(|_| valid).ok_or(TileError::Entry { place, len })
}

#[cfg(test)]
mod tests;
