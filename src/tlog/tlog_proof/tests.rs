use proptest::prelude::*;

use super::*;
use crate::base::ids::Origin;
use crate::tlog::signed_note::LogKey;
use crate::tlog::tree;

fn key() -> LogKey {
    LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [7; 32])
}

fn proof(index: u64, path: Vec<Hash>) -> TlogProof {
    let checkpoint = Checkpoint { origin: key().name().clone(), size: 23, root: Hash::of(b"root") };
    TlogProof { index, path, checkpoint: checkpoint.sign(&key()) }
}

#[test]
fn a_proof_leads_from_an_entry_to_the_signed_root() {
    let mut log = tree::Tree::new();
    (0..23_u8).for_each(|i| log.push(tree::leaf_hash(&[i])));
    let checkpoint = Checkpoint { origin: key().name().clone(), size: 23, root: log.root() };
    let written = TlogProof { index: 17, path: log.inclusion(17, 23).unwrap(), checkpoint: checkpoint.sign(&key()) };
    let read = TlogProof::parse(written.to_text().as_bytes()).unwrap();
    let head = Checkpoint::open(read.checkpoint.as_bytes(), &key().vkey()).unwrap();
    assert!(tree::check_inclusion(tree::leaf_hash(&[17]), read.index, head.size, &read.path, head.root));
}

#[test]
fn the_text_is_that_of_the_specification() {
    let hash = Hash::of(b"sibling");
    let written = proof(4, vec![hash]);
    let expected = format!("c2sp.org/tlog-proof@v1\nindex 4\n{}\n\n{}", hash.to_base64(), written.checkpoint);
    assert_eq!(written.to_text(), expected);
    let without_path = format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{}", written.checkpoint);
    assert_eq!(TlogProof::parse(without_path.as_bytes()), Ok(proof(0, vec![])));
}

#[test]
fn further_signatures_and_lines_of_the_checkpoint_are_kept() {
    let text =
        format!("{}extension\n", Checkpoint { origin: key().name().clone(), size: 9, root: Hash::ZERO }.to_text());
    let witness = LogKey::from_seed(Origin::parse("witness.example").unwrap(), [8; 32]).signature(&text);
    let written = TlogProof { checkpoint: format!("{}{witness}", key().sign(&text)), ..proof(4, vec![]) };
    assert_eq!(TlogProof::parse(written.to_text().as_bytes()), Ok(written));
}

#[test]
fn malformed_files_are_refused() {
    let good = proof(4, vec![Hash::of(b"sibling")]).to_text();
    let sibling = Hash::of(b"sibling").to_base64();
    for (from, to) in [
        ("@v1", "@v2"),
        ("@v1\n", "@v1\nextra AAAA\n"),
        ("@v1\n", "@v1 \n"),
        ("@v1\n", "@v1\r\n"),
        ("index 4", "index 04"),
        ("index 4", "index -4"),
        ("index 4", "index  4"),
        ("index 4", "index"),
        ("index 4", "index 18446744073709551616"),
        ("index 4\n", ""),
        (&sibling, &sibling[..43]),
        (&sibling, "AAAA"),
        ("=\n\n", "=\n"),
        ("\n23\n", "\n023\n"),
        ("\u{2014}", "-"),
        ("\n\n\u{2014}", "\n\u{2014}"),
    ] {
        assert!(good.contains(from));
        assert!(TlogProof::parse(good.replacen(from, to, 1).as_bytes()).is_err(), "{to:?} in the place of {from:?}");
    }
    assert!(TlogProof::parse(good.trim_end().as_bytes()).is_err());
    assert!(TlogProof::parse(format!("{good}\n").as_bytes()).is_err());
    assert!(TlogProof::parse(b"").is_err());
    for end in 0..good.len() {
        assert!(TlogProof::parse(&good.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn limits_are_those_that_are_stated() {
    let longest = proof(4, vec![Hash::ZERO; PATH_MAX]);
    assert_eq!(TlogProof::parse(longest.to_text().as_bytes()), Ok(longest));
    assert!(TlogProof::parse(proof(4, vec![Hash::ZERO; PATH_MAX + 1]).to_text().as_bytes()).is_err());
    let large = TlogProof::parse(&vec![b'x'; BYTES_MAX + 1]);
    assert_eq!(large, Err(ParseError::TooLarge { format: "inclusion proof", size: BYTES_MAX + 1, limit: BYTES_MAX }));
}

proptest! {
    #[test]
    fn what_is_written_is_read(index: u64, path in prop::collection::vec(any::<[u8; 32]>(), 0..PATH_MAX)) {
        let written = proof(index, path.into_iter().map(Hash::from_bytes).collect());
        prop_assert_eq!(TlogProof::parse(written.to_text().as_bytes()), Ok(written));
    }

    #[test]
    fn whatever_is_read_is_written_the_same(at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = proof(4, vec![Hash::of(b"sibling")]).to_text().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = TlogProof::parse(&bytes) {
            prop_assert_eq!(read.to_text().into_bytes(), bytes);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
        let _ = TlogProof::parse(&bytes);
    }
}
