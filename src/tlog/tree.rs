//! The Merkle tree over the log's entries (RFC 6962, section 2.1; RFC 9162, section 2.1): grown, proven from, checked.

use crate::base::hash::Hash;

/// The leaf of an entry: SHA-256 of a zero byte and the entry's bytes.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    if SHORT_BYTES_MAX <= entry.len() {
        return Hash::of_parts(&[&[0], entry]);
    }
    let mut message = [0; 2 * BLOCK_BYTES];
    message[1..=entry.len()].copy_from_slice(entry);
    hash_short(message, 1 + entry.len())
}

/// The node above two nodes: SHA-256 of a one byte, the left and the right hash.
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut message = [0; 2 * BLOCK_BYTES];
    message[0] = 1;
    message[1..33].copy_from_slice(left.as_bytes());
    message[33..65].copy_from_slice(right.as_bytes());
    hash_short(message, 65)
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash::of(&[])
}

/// A tree that only grows, with the hash of every complete subtree: 64 bytes of memory a leaf.
///
/// It answers for each earlier size too, since what is complete never changes.
#[derive(Clone, Default)]
pub struct Tree {
    /// `levels[k][i]` is the root of the leaves from `i * 2^k` up to `(i + 1) * 2^k`, the end left out.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// The tree without leaves.
    pub fn new() -> Tree {
        Tree::default()
    }

    /// Number of leaves.
    pub fn len(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Whether there are no leaves.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Adds a leaf at the end.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in &mut self.levels {
            level.push(hash);
            match level.as_slice() {
                [.., left, right] if level.len() % 2 == 0 => hash = node_hash(*left, *right),
                _ => return,
            }
        }
        self.levels.push(vec![hash]);
    }

    /// The hash of the leaf at `index`, counted from 0.
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.subtree(0, index)
    }

    /// The root of the `index`-th complete subtree of `2^level` leaves. None if it is not complete yet.
    pub fn subtree(&self, level: u32, index: u64) -> Option<Hash> {
        self.levels.get(level as usize)?.get(usize::try_from(index).ok()?).copied()
    }

    /// The root of all leaves.
    pub fn root(&self) -> Hash {
        self.range(0, self.len())
    }

    /// The root that the tree had when it had `size` leaves. None if it never had that many.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        (size <= self.len()).then(|| self.range(0, size))
    }

    /// The proof that the leaf at `index` is in the tree of the first `size` leaves, the leaf's sibling first. None if
    /// there is no such leaf, or the tree never had that size.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if size <= index || self.len() < size {
            return None;
        }
        let mut path = Vec::with_capacity(size.ilog2() as usize + 1);
        self.climb(0, index, size, &mut path);
        Some(path)
    }

    /// The proof that the tree of the first `old` leaves is the beginning of the tree of the first `new` ones. It is
    /// empty if `old` is 0 or equal to `new`. None if `old` is larger, or the tree never had these sizes.
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        if new < old || self.len() < new {
            return None;
        }
        if old == 0 || old == new {
            return Some(Vec::new());
        }
        // The path starts at the last complete subtree of the old tree. If that is the whole old tree, its hash is the
        // old root, which the reader has.
        let level = old.trailing_zeros();
        let index = (old >> level) - 1;
        let mut path = Vec::with_capacity(new.ilog2() as usize + 2);
        if !old.is_power_of_two() {
            path.push(self.levels[level as usize][index as usize]);
        }
        self.climb(level, index, new, &mut path);
        Some(path)
    }

    /// Adds to `path` the siblings on the way from a complete subtree up to the root of the first `size` leaves, all of
    /// which the tree has.
    fn climb(&self, level: u32, index: u64, size: u64, path: &mut Vec<Hash>) {
        let (mut level, mut index, mut last) = (level, index, (size - 1) >> level);
        while 0 < last {
            let sibling = index ^ 1;
            if sibling < last {
                path.push(self.levels[level as usize][sibling as usize]);
            } else if sibling == last {
                path.push(self.range(sibling << level, size));
            }
            level += 1;
            index >>= 1;
            last >>= 1;
        }
    }

    /// The root of the leaves from `start` up to `end`, which is not included. The tree has all of them. `start` is a
    /// multiple of a power of two that is not smaller than the number of these leaves.
    fn range(&self, start: u64, end: u64) -> Hash {
        let mut end = end;
        let mut root = None;
        while start < end {
            let level = (end - start).trailing_zeros();
            end -= 1 << level;
            let left = self.levels[level as usize][(end >> level) as usize];
            root = Some(root.map_or(left, |right| node_hash(left, right)));
        }
        root.unwrap_or_else(empty_root)
    }
}

/// A tree that keeps only what its root needs: one hash for each level. For a reader that reads a log once, from the
/// beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Frontier {
    len: u64,
    /// The roots of the complete subtrees that the leaves fall into, the largest first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// Number of leaves added.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether no leaf has been added.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a leaf at the end.
    pub fn push(&mut self, leaf: Hash) {
        self.push_each(leaf, |_, _| {});
    }

    /// Adds a leaf at the end, and reports each subtree that it completes: its level, 0 for the leaf itself, and its
    /// root. The last one reported is what [`Frontier::replay`] takes.
    pub fn push_each(&mut self, leaf: Hash, mut each: impl FnMut(u32, Hash)) {
        let mut hash = leaf;
        each(0, hash);
        for level in 0..self.len.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(left, hash);
                each(level + 1, hash);
            }
        }
        self.peaks.push(hash);
        self.len += 1;
    }

    /// Adds a leaf at the end without hashing again: the caller passes the root of the largest subtree that the leaf
    /// completes, as it was reported when the leaf was added to a tree with the same leaves before it.
    pub fn replay(&mut self, root: Hash) {
        let kept = self.peaks.len() - self.len.trailing_ones() as usize;
        self.peaks.truncate(kept);
        self.peaks.push(root);
        self.len += 1;
    }

    /// The root of all leaves.
    pub fn root(&self) -> Hash {
        self.peaks.iter().rev().copied().reduce(|right, left| node_hash(left, right)).unwrap_or_else(empty_root)
    }
}

/// Whether `path` shows that `leaf` is the leaf at `index` of the tree with this `size` and `root` (RFC 9162, section
/// 2.1.3.2). Any numbers may be passed.
///
/// The size decides how long the path is, but the path does not prove the size: that takes the signature over both.
pub fn check_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash], root: Hash) -> bool {
    if size <= index {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if is_right(node) || node == last {
            hash = node_hash(*sibling, hash);
            (node, last) = skip_promoted(node, last);
        } else {
            hash = node_hash(hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// Whether `path` shows that the tree with `old_size` and `old_root` is the beginning of the tree with `new_size` and
/// `new_root` (RFC 9162, section 2.1.4.2). Any numbers may be passed.
///
/// The empty tree is the beginning of every tree, and every tree is the beginning of itself, both with an empty path.
pub fn check_consistency(old_size: u64, old_root: Hash, new_size: u64, new_root: Hash, path: &[Hash]) -> bool {
    if new_size < old_size {
        return false;
    }
    if old_size == new_size {
        return path.is_empty() && old_root == new_root && (old_size != 0 || old_root == empty_root());
    }
    if old_size == 0 {
        return path.is_empty() && old_root == empty_root();
    }
    let (first, rest) = match path.split_first() {
        _ if old_size.is_power_of_two() => (old_root, path),
        Some((first, rest)) => (*first, rest),
        None => return false,
    };
    let level = old_size.trailing_zeros();
    let (mut node, mut last) = ((old_size - 1) >> level, (new_size - 1) >> level);
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if is_right(node) || node == last {
            old_hash = node_hash(*sibling, old_hash);
            new_hash = node_hash(*sibling, new_hash);
            (node, last) = skip_promoted(node, last);
        } else {
            new_hash = node_hash(new_hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == old_root && new_hash == new_root
}

fn is_right(node: u64) -> bool {
    node & 1 == 1
}

/// Goes up past the levels at which the node has no sibling, because it is the last node there and a left one.
fn skip_promoted(node: u64, last: u64) -> (u64, u64) {
    let levels = if node == 0 { 0 } else { node.trailing_zeros() };
    (node >> levels, last >> levels)
}

/// SHA-256 takes its message in blocks of this number of bytes.
const BLOCK_BYTES: usize = 64;

/// The longest message that fits into two blocks, in bytes: the padding takes a bit and eight bytes.
const SHORT_BYTES_MAX: usize = 2 * BLOCK_BYTES - 9;

/// The state that SHA-256 begins with (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// SHA-256 of the first `len` bytes of a message, [`SHORT_BYTES_MAX`] at most. The rest of the message is zeros.
///
/// Nodes and nearly all entries are that short, and a log does little else than hash them. Padding them here (FIPS
/// 180-4, section 5.1.1) and handing `sha2` whole blocks takes a fifth less time than its buffer for messages of any length.
fn hash_short(mut message: [u8; 2 * BLOCK_BYTES], len: usize) -> Hash {
    message[len] = 0x80;
    let (blocks, _) = message.as_chunks_mut::<BLOCK_BYTES>();
    let blocks = if len <= BLOCK_BYTES - 9 { &mut blocks[..1] } else { blocks };
    if let Some([.., high, low]) = blocks.last_mut() {
        [*high, *low] = (8 * len as u16).to_be_bytes();
    }
    let mut state = INITIAL;
    sha2::block_api::compress256(&mut state, blocks);
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    Hash::from_bytes(bytes)
}

#[cfg(test)]
mod tests;
