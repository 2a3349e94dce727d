use proptest::prelude::*;

use super::*;

/// The entries and the roots over the first 1, 2, ... of them that the reference code of RFC 6962 is tested with.
const ENTRIES: [&[u8]; 8] = [b"", &[0], &[0x10], b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn leaf(i: u64) -> Hash {
    leaf_hash(&i.to_be_bytes())
}

fn tree(len: u64) -> Tree {
    let mut tree = Tree::new();
    (0..len).for_each(|i| tree.push(leaf(i)));
    tree
}

/// The root as RFC 6962 defines it, word for word.
fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(root_by_definition(left), root_by_definition(right))
        }
    }
}

fn flipped(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

#[test]
fn short_messages_are_hashed_as_long_ones_are() {
    let bytes: Vec<u8> = (0..=255).collect();
    for len in 0..=bytes.len() {
        assert_eq!(leaf_hash(&bytes[..len]), Hash::of_parts(&[&[0], &bytes[..len]]), "{len} bytes");
    }
    let (left, right) = (leaf(1), leaf(2));
    assert_eq!(node_hash(left, right), Hash::of_parts(&[&[1], left.as_bytes(), right.as_bytes()]));
}

#[test]
fn known_roots() {
    let (mut tree, mut frontier) = (Tree::new(), Frontier::new());
    assert_eq!(tree.root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!((tree.root(), tree.len(), tree.is_empty()), (frontier.root(), 0, true));
    for (entry, root) in ENTRIES.iter().zip(ROOTS) {
        tree.push(leaf_hash(entry));
        frontier.push(leaf_hash(entry));
        assert_eq!(tree.root().to_string(), root);
        assert_eq!(frontier.root().to_string(), root);
    }
    assert_eq!((tree.len(), frontier.len()), (8, 8));
    assert_eq!(tree.root_at(5).unwrap().to_string(), ROOTS[4]);
    assert_eq!(tree.subtree(2, 0).unwrap().to_string(), ROOTS[3]);
}

#[test]
fn roots_follow_the_definition() {
    let leaves: Vec<Hash> = (0..70).map(leaf).collect();
    let mut tree = Tree::new();
    for size in 0..leaves.len() {
        assert_eq!(tree.root(), root_by_definition(&leaves[..size]));
        tree.push(leaves[size]);
    }
    for size in 0..leaves.len() {
        assert_eq!(tree.root_at(size as u64), Some(root_by_definition(&leaves[..size])));
    }
}

#[test]
fn nothing_is_said_about_what_is_not_there() {
    let tree = tree(5);
    assert_eq!(tree.root_at(6), None);
    assert_eq!(tree.inclusion(5, 5), None);
    assert_eq!(tree.inclusion(0, 6), None);
    assert_eq!(tree.inclusion(0, 0), None);
    assert_eq!(tree.consistency(3, 6), None);
    assert_eq!(tree.consistency(4, 3), None);
    assert_eq!(tree.consistency(u64::MAX, u64::MAX), None);
    assert_eq!((tree.leaf(4), tree.leaf(5), tree.leaf(u64::MAX)), (Some(leaf(4)), None, None));
    assert_eq!((tree.subtree(2, 1), tree.subtree(3, 0), tree.subtree(u32::MAX, 0)), (None, None, None));
}

#[test]
fn every_proof_of_small_trees_holds_and_no_other_place_does() {
    let tree = tree(34);
    for size in 0..=tree.len() {
        let root = tree.root_at(size).unwrap();
        for index in 0..size {
            let path = tree.inclusion(index, size).unwrap();
            for place in 0..size + 2 {
                assert_eq!(check_inclusion(leaf(index), place, size, &path, root), place == index);
            }
        }
        for old in 0..=size {
            let path = tree.consistency(old, size).unwrap();
            for claimed in 0..=size + 1 {
                let claimed_root = tree.root_at(claimed).unwrap_or(empty_root());
                let holds = check_consistency(claimed, claimed_root, size, root, &path);
                // Both ends have an empty path in common.
                let same = claimed == old || (path.is_empty() && (claimed == 0 || claimed == size));
                assert_eq!(holds, same, "{claimed} for {old} of {size}");
            }
        }
    }
}

#[test]
fn edges_of_consistency() {
    let (one, two) = (Hash::of(b"one"), Hash::of(b"two"));
    assert!(check_consistency(0, empty_root(), 0, empty_root(), &[]));
    assert!(check_consistency(0, empty_root(), 7, one, &[]));
    assert!(check_consistency(7, one, 7, one, &[]));
    assert!(!check_consistency(0, one, 0, one, &[]), "size 0 has one root");
    assert!(!check_consistency(0, one, 7, one, &[]));
    assert!(!check_consistency(0, empty_root(), 7, one, &[two]));
    assert!(!check_consistency(7, one, 7, two, &[]));
    assert!(!check_consistency(7, one, 7, one, &[one]));
    assert!(!check_consistency(8, one, 7, one, &[]));
    assert!(!check_consistency(7, one, 8, one, &[]), "a path is missing");
    assert!(!check_consistency(4, one, 8, one, &[]));
}

#[test]
fn a_tree_too_large_to_hold_is_checked_without_overflow() {
    for size in [1 << 62, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX] {
        for index in [0, 1, size / 2, size - 2, size - 1] {
            // The path of RFC 9162 is followed with arbitrary siblings: the root that comes out must be accepted.
            let path: Vec<Hash> = (0..64).map(leaf).collect();
            let accepted: Vec<usize> = (0..=64).filter(|&n| root_of(index, size, &path[..n]).is_some()).collect();
            assert_eq!(accepted.len(), 1, "exactly one length fits");
            let path = &path[..accepted[0]];
            let root = root_of(index, size, path).unwrap();
            assert!(check_inclusion(leaf(9), index, size, path, root));
            assert!(!check_inclusion(leaf(9), index, size, &path[1..], root));
        }
        assert!(!check_consistency(size - 1, leaf(1), size, leaf(2), &[leaf(3); 64]));
        assert!(!check_consistency(1 << 61, leaf(1), size, leaf(2), &[leaf(3); 64]));
    }
    assert!(!check_inclusion(leaf(9), u64::MAX, u64::MAX, &[], leaf(9)));
}

/// The root that a path leads to, found from the top down. None if the path does not have the right length.
fn root_of(index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if size == 1 {
        return path.is_empty().then(|| leaf(9));
    }
    let (sibling, below) = path.split_last()?;
    let split = 1 << (size - 1).ilog2();
    if index < split {
        Some(node_hash(root_of(index, split, below)?, *sibling))
    } else {
        Some(node_hash(*sibling, root_of(index - split, size - split, below)?))
    }
}

proptest! {
    #[test]
    fn inclusion_proofs_hold_and_altered_ones_do_not(
        size in 1..600_u64, place in any::<prop::sample::Index>(), bit in 0..256_usize, at in any::<prop::sample::Index>(),
        other in 0..600_u64,
    ) {
        let tree = tree(600);
        let index = place.index(size as usize) as u64;
        let root = tree.root_at(size).unwrap();
        let path = tree.inclusion(index, size).unwrap();
        prop_assert!(check_inclusion(leaf(index), index, size, &path, root));

        prop_assert!(!check_inclusion(flipped(leaf(index), bit), index, size, &path, root));
        prop_assert!(!check_inclusion(leaf(index), index, size, &path, flipped(root, bit)));
        prop_assert!(other == index || !check_inclusion(leaf(index), other, size, &path, root));
        // A path can fit another size, but it does not lead to the root of that size.
        let other_root = tree.root_at(other).unwrap();
        prop_assert!(other == size || !check_inclusion(leaf(index), index, other, &path, other_root));
        let longer = [path.as_slice(), &[root]].concat();
        prop_assert!(!check_inclusion(leaf(index), index, size, &longer, root));
        if !path.is_empty() {
            prop_assert!(!check_inclusion(leaf(index), index, size, &path[1..], root));
            prop_assert!(!check_inclusion(leaf(index), index, size, &path[..path.len() - 1], root));
            let mut altered = path.clone();
            let at = at.index(path.len());
            altered[at] = flipped(altered[at], bit);
            prop_assert!(!check_inclusion(leaf(index), index, size, &altered, root));
        }
    }

    #[test]
    fn consistency_proofs_hold_and_altered_ones_do_not(
        new in 1..600_u64, place in any::<prop::sample::Index>(), bit in 0..256_usize, at in any::<prop::sample::Index>(),
        other in 1..600_u64,
    ) {
        let tree = tree(600);
        let old = 1 + place.index(new as usize) as u64;
        let (old_root, new_root) = (tree.root_at(old).unwrap(), tree.root_at(new).unwrap());
        let path = tree.consistency(old, new).unwrap();
        prop_assert!(check_consistency(old, old_root, new, new_root, &path));

        prop_assert!(!check_consistency(old, flipped(old_root, bit), new, new_root, &path));
        prop_assert!(!check_consistency(old, old_root, new, flipped(new_root, bit), &path));
        let other_root = tree.root_at(other).unwrap();
        prop_assert!(other == new || other == old || !check_consistency(old, old_root, other, other_root, &path));
        prop_assert!(other == old || other == new || !check_consistency(other, other_root, new, new_root, &path));
        let longer = [path.as_slice(), &[new_root]].concat();
        prop_assert!(!check_consistency(old, old_root, new, new_root, &longer));
        if !path.is_empty() {
            prop_assert!(!check_consistency(old, old_root, new, new_root, &path[1..]));
            prop_assert!(!check_consistency(old, old_root, new, new_root, &path[..path.len() - 1]));
            let mut altered = path.clone();
            let at = at.index(path.len());
            altered[at] = flipped(altered[at], bit);
            prop_assert!(!check_consistency(old, old_root, new, new_root, &altered));
        }
    }

    #[test]
    fn checks_never_panic(old: u64, new: u64, len in 0..70_usize) {
        let path = vec![leaf(1); len];
        check_inclusion(leaf(1), old, new, &path, leaf(2));
        check_consistency(old, leaf(1), new, leaf(2), &path);
    }
}
