use proptest::prelude::*;

use super::*;
use crate::tlog::tree::leaf_hash;

fn tree(len: u64) -> Tree {
    let mut tree = Tree::new();
    (0..len).for_each(|i| tree.push(leaf_hash(&i.to_be_bytes())));
    tree
}

fn hashes(level: u8, index: u64, width: u16) -> TilePath {
    TilePath::new(Kind::Hashes(level), index, width).unwrap()
}

fn entries(index: u64, width: u16) -> TilePath {
    TilePath::new(Kind::Entries, index, width).unwrap()
}

#[test]
fn paths_of_the_specification() {
    let cases = [
        (hashes(0, 0, 256), "tile/0/000"),
        (hashes(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (hashes(0, 1234, 5), "tile/0/x001/234.p/5"),
        (hashes(63, 999, 255), "tile/63/999.p/255"),
        (entries(1000, 256), "tile/entries/x001/000"),
        (entries(273, 112), "tile/entries/273.p/112"),
        (entries(u64::MAX, 1), "tile/entries/x018/x446/x744/x073/x709/x551/615.p/1"),
    ];
    for (tile, path) in cases {
        assert_eq!(tile.to_string(), path);
        assert_eq!(TilePath::parse(path), Some(tile));
    }
    assert_eq!((hashes(2, 7, 9).kind(), hashes(2, 7, 9).index(), hashes(2, 7, 9).width()), (Kind::Hashes(2), 7, 9));
    assert_eq!((entries(7, 9).start(), entries(7, 9).is_full(), entries(7, 256).is_full()), (1792, false, true));
}

#[test]
fn other_paths_are_refused() {
    for path in [
        "",
        "tile",
        "/tile/0/000",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "tile/0/x001/",
        "tile/0/xx01/234",
        "tile/0/+01",
        "tile/00/000",
        "tile/64/000",
        "tile/256/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/Entries/000",
        "tile/0/000.p/0",
        "tile/0/000.p/05",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p/5/",
        "tile/0/000.p/5.p/5",
        "tile/0/000/",
        "tile/0/../000",
        "tile/entries/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "checkpoint",
    ] {
        assert_eq!(TilePath::parse(path), None, "{path}");
    }
    assert_eq!(TilePath::new(Kind::Hashes(64), 0, 1), None);
    assert_eq!(TilePath::new(Kind::Entries, 0, 0), None);
    assert_eq!(TilePath::new(Kind::Entries, 0, 257), None);
}

#[test]
fn the_tiles_of_70_000_entries() {
    let tiles = new_since(0, 70_000);
    let count = |kind, full| tiles.iter().filter(|tile| tile.kind() == kind && tile.is_full() == full).count();
    assert_eq!((count(Kind::Entries, true), count(Kind::Entries, false)), (273, 1));
    assert_eq!((count(Kind::Hashes(0), true), count(Kind::Hashes(0), false)), (273, 1));
    assert_eq!((count(Kind::Hashes(1), true), count(Kind::Hashes(1), false)), (1, 1));
    assert_eq!((count(Kind::Hashes(2), true), count(Kind::Hashes(2), false)), (0, 1));
    assert_eq!(tiles.len(), 273 + 1 + 273 + 1 + 1 + 1 + 1);
    for tile in [entries(273, 112), hashes(0, 273, 112), hashes(1, 0, 256), hashes(1, 1, 17), hashes(2, 0, 1)] {
        assert!(tiles.contains(&tile), "{tile}");
    }
    let paths = |old, new| new_since(old, new).iter().map(TilePath::to_string).collect::<Vec<_>>();
    assert_eq!(paths(0, 256), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(
        paths(255, 257),
        ["tile/entries/000", "tile/entries/001.p/1", "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]
    );
    assert_eq!(paths(257, 258), ["tile/entries/001.p/2", "tile/0/001.p/2"]);
    assert_eq!((paths(0, 0).len(), paths(5, 5).len(), paths(6, 5).len()), (0, 0, 0));
    assert_eq!(new_since(u64::MAX - 1, u64::MAX).len(), 2);
}

#[test]
fn the_bytes_of_tiles() {
    let tree = tree(300);
    let bytes = hashes(0, 1, 44).hashes(&tree).unwrap();
    let read = parse_hashes(&bytes, 44).unwrap();
    assert_eq!(read, (256..300).map(|i| tree.leaf(i).unwrap()).collect::<Vec<_>>());
    assert_eq!(hashes(1, 0, 1).hashes(&tree), Some(tree.root_at(256).unwrap().as_bytes().to_vec()));
    assert_eq!(hashes(0, 0, 256).hashes(&tree).unwrap().len(), 8192);
    for absent in
        [hashes(0, 1, 45), hashes(0, 2, 1), hashes(1, 0, 2), hashes(63, 0, 1), hashes(0, u64::MAX, 9), entries(0, 1)]
    {
        assert_eq!(absent.hashes(&tree), None, "{absent}");
    }
    assert_eq!(parse_hashes(&bytes[1..], 44), Err(TileError::Length { len: 1407, expected: 1408, width: 44 }));
    assert!(parse_hashes(&bytes, 43).is_err());
    assert!(parse_hashes(&bytes, 45).is_err());
}

#[test]
fn the_bytes_of_bundles() {
    let lines = ["one\n".as_bytes(), b"three\n"];
    let bytes = bundle(lines).unwrap();
    assert_eq!(bytes, b"\x00\x04one\n\x00\x06three\n");
    assert_eq!(parse_bundle(&bytes, 2).unwrap(), lines);
    assert_eq!(parse_bundle(&bytes, 1), Err(TileError::Long { width: 1 }));
    assert_eq!(parse_bundle(&bytes, 3), Err(TileError::Short { place: 2, width: 3 }));
    for end in 0..bytes.len() {
        assert!(matches!(parse_bundle(&bytes[..end], 2), Err(TileError::Short { .. })), "{end}");
    }
    assert_eq!(bundle([b"".as_slice()]), Err(TileError::Entry { place: 0, len: 0 }));
    assert_eq!(bundle([[0; 1025].as_slice()]), Err(TileError::Entry { place: 0, len: 1025 }));
    assert_eq!(bundle([[0; 70_000].as_slice()]), Err(TileError::Entry { place: 0, len: 70_000 }));
    assert_eq!(parse_bundle(b"\x04\x01x", 1), Err(TileError::Entry { place: 0, len: 1025 }));
    assert_eq!(parse_bundle(b"\x00\x00", 1), Err(TileError::Entry { place: 0, len: 0 }));
    let large = vec![0; BUNDLE_BYTES_MAX + 1];
    assert_eq!(parse_bundle(&large, 1), Err(TileError::TooLarge { len: BUNDLE_BYTES_MAX + 1 }));
}

proptest! {
    #[test]
    fn paths_are_read_as_they_are_written(level in 0..65_u8, index: u64, width in 1..=256_u16) {
        let kind = if level == 64 { Kind::Entries } else { Kind::Hashes(level) };
        let tile = TilePath::new(kind, index, width).unwrap();
        prop_assert_eq!(TilePath::parse(&tile.to_string()), Some(tile));
    }

    #[test]
    fn whatever_path_is_read_is_written_the_same(path in "tile/([0-9]{1,2}|entries)/(x[0-9]{3}/){0,3}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Some(tile) = TilePath::parse(&path) {
            prop_assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn what_is_new_is_what_was_not_there(old in 0..70_000_u64, new in 0..70_000_u64) {
        let had = new_since(0, old);
        let all: Vec<TilePath> = new_since(0, new).into_iter().filter(|tile| !had.contains(tile)).collect();
        prop_assert_eq!(new_since(old, new), if old < new { all } else { vec![] });
    }

    #[test]
    fn bundles_are_read_as_they_are_written(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..20)) {
        let bytes = bundle(lines.iter().map(Vec::as_slice)).unwrap();
        let read = parse_bundle(&bytes, lines.len() as u16).unwrap();
        prop_assert_eq!(read, lines);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), width: u16, path in "\\PC{0,60}") {
        let _ = parse_bundle(&bytes, width);
        let _ = parse_hashes(&bytes, width);
        let _ = TilePath::parse(&path);
    }
}
