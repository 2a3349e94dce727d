//! The tiles that the entries make, beside those that are published.

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use crate::base::hash::Hash;
use crate::tlog::tile::{self, HEIGHT, Kind, TilePath, WIDTH_FULL};

/// The files of a log of `size` entries in the order in which an audit takes them, from the bundle at `first` on. Each
/// bundle comes with the tiles that it completes, and the last one also with the partial tiles.
pub fn plan(first: u64, size: u64) -> impl Iterator<Item = Vec<TilePath>> {
    let full = u64::from(WIDTH_FULL);
    (first..size.div_ceil(full)).map(move |bundle| {
        let (before, after) = (bundle * full, ((bundle + 1) * full).min(size));
        let mut paths = tile::new_since(before, after);
        if after == size {
            // Above the leaves, what is partial at the end was there before the last bundle.
            let levels = (1..).map_while(|level| Some((level, size.checked_shr(HEIGHT * u32::from(level))?)));
            let levels = levels.take_while(|(_, hashes)| 0 < *hashes);
            let partial = levels.filter_map(|(level, hashes)| {
                let width = u16::try_from(hashes % full).ok().filter(|width| 0 < *width)?;
                TilePath::new(Kind::Hashes(level), hashes / full, width)
            });
            paths.retain(|path| path.is_full() || matches!(path.kind(), Kind::Entries | Kind::Hashes(0)));
            paths.extend(partial);
        } else {
            paths.retain(TilePath::is_full);
        }
        paths
    })
}

/// For each level of tiles, the hashes that belong to the tile that is not compared yet.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Tiles {
    levels: Vec<Vec<Hash>>,
    compared: u64,
    wrong: Finding,
}

impl Tiles {
    /// Takes the root of a complete subtree of `2^level` leaves.
    pub(super) fn push(&mut self, level: u32, root: Hash) {
        if !level.is_multiple_of(HEIGHT) {
            return;
        }
        let level = (level / HEIGHT) as usize;
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, || Vec::with_capacity(WIDTH_FULL.into()));
        }
        self.levels[level].push(root);
    }

    /// The root of the last complete bundle, until its tile is compared.
    pub(super) fn bundle(&self) -> Option<Hash> {
        self.levels.get(1)?.last().copied()
    }

    /// Compares a tile with the one that the entries make. The bytes are None if the tile is known not to be there.
    pub(super) fn compare(&mut self, path: TilePath, bytes: Option<&[u8]>) {
        let Kind::Hashes(level) = path.kind() else { return };
        let made = self.levels.get_mut(usize::from(level)).map(std::mem::take).unwrap_or_default();
        self.compared += 1;
        match bytes.map(|bytes| tile::parse_hashes(bytes, path.width())) {
            None => self.wrong.add(|| format!("{path} is not there, and the head needs it")),
            Some(Err(error)) => self.wrong.add(|| format!("{path}: {error}")),
            Some(Ok(found)) => {
                if let Some(place) = (0..made.len().max(found.len())).find(|&i| found.get(i) != made.get(i)) {
                    self.wrong.add(|| format!("{path}: hash {place} is not the one that the entries make"));
                }
            }
        }
    }

    /// Number of tiles that were compared.
    pub(super) fn compared(&self) -> u64 {
        self.compared
    }

    /// The tiles that differ.
    pub(super) fn wrong(&self) -> &Finding {
        &self.wrong
    }
}
