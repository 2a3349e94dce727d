//! The log agrees with three independent implementations of its formats: `tlog_tiles`, `signed_note` and `ct-merkle`.

use std::cell::Cell;
use std::collections::BTreeMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{HashReader, Tile, TileReader};
use verbale::base::hash::Hash;
use verbale::base::ids::Origin;
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::signed_note::{LogKey, SignedNote};
use verbale::tlog::tile::{self, Kind, TilePath};
use verbale::tlog::tree::{Frontier, Tree, check_consistency, check_inclusion, leaf_hash};

const SIZES: [u64; 7] = [0, 1, 2, 255, 256, 257, 70_000];

/// The same log, kept by each implementation.
struct Logs {
    size: u64,
    ours: Tree,
    tiled: Stored,
    merkle: MemoryBackedTree<Sha256, Vec<u8>>,
}

/// The hashes that `tlog_tiles` stores, in its order.
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|&i| self.0[i as usize]).collect())
    }
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index} of the log\n").into_bytes()
}

fn logs(size: u64) -> Logs {
    let (mut ours, mut tiled, mut merkle) = (Tree::new(), Stored(Vec::new()), MemoryBackedTree::new());
    for index in 0..size {
        let entry = entry(index);
        ours.push(leaf_hash(&entry));
        let new = tlog_tiles::stored_hashes(index, &entry, &tiled).unwrap();
        tiled.0.extend(new);
        merkle.push(entry);
    }
    Logs { size, ours, tiled, merkle }
}

fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

fn ours(hash: tlog_tiles::Hash) -> Hash {
    Hash::from_bytes(hash.0)
}

fn split(bytes: &[u8]) -> Vec<Hash> {
    bytes.as_chunks().0.iter().copied().map(Hash::from_bytes).collect()
}

fn merkle_root(hash: Hash, size: u64) -> ct_merkle::RootHash<Sha256> {
    ct_merkle::RootHash::new((*hash.as_bytes()).into(), size)
}

/// Places worth looking at: both ends, and where tiles begin and end.
fn sample(end: u64) -> Vec<u64> {
    let edges = [0, 1, 2, 127, 128, 254, 255, 256, 257, 511, 512, 4095, 40_000, 65_535, 65_536, 65_537, 69_887, 69_888];
    let mut places: Vec<u64> = edges.into_iter().chain(end.saturating_sub(3)..end).filter(|&i| i < end).collect();
    places.sort_unstable();
    places.dedup();
    places
}

impl Logs {
    fn roots_agree(&self) {
        let root = self.ours.root();
        assert_eq!(root, ours(tlog_tiles::tree_hash(self.size, &self.tiled).unwrap()));
        assert_eq!(root.as_bytes(), self.merkle.root().as_bytes().as_slice());
        let mut frontier = Frontier::new();
        (0..self.size).for_each(|i| frontier.push(self.ours.leaf(i).unwrap()));
        assert_eq!(root, frontier.root());
        for size in sample(self.size) {
            let root = ours(tlog_tiles::tree_hash(size, &self.tiled).unwrap());
            assert_eq!(self.ours.root_at(size), Some(root));
        }
    }

    fn inclusion_proofs_agree(&self) {
        let root = self.ours.root();
        for index in sample(self.size) {
            let path = self.ours.inclusion(index, self.size).unwrap();
            let tiled = tlog_tiles::prove_record(self.size, index, &self.tiled).unwrap();
            let merkle = self.merkle.prove_inclusion(index as usize);
            assert_eq!(path, tiled.iter().copied().map(ours).collect::<Vec<_>>());
            assert_eq!(path, split(merkle.as_bytes()));

            let leaf = leaf_hash(&entry(index));
            assert!(check_inclusion(leaf, index, self.size, &path, root));
            let path: Vec<_> = path.into_iter().map(theirs).collect();
            tlog_tiles::check_record(&path, self.size, theirs(root), index, theirs(leaf)).unwrap();
            let bytes = path.iter().flat_map(|hash| hash.0).collect();
            let proof = ct_merkle::InclusionProof::try_from_bytes(bytes).unwrap();
            merkle_root(root, self.size).verify_inclusion(&entry(index), index, &proof).unwrap();
        }
    }

    fn consistency_proofs_agree(&self) {
        let root = self.ours.root();
        for old in sample(self.size + 1).into_iter().filter(|&old| 0 < old) {
            let old_root = self.ours.root_at(old).unwrap();
            let path = self.ours.consistency(old, self.size).unwrap();
            let tiled = tlog_tiles::prove_tree(self.size, old, &self.tiled).unwrap();
            let merkle = self.merkle.prove_consistency((self.size - old) as usize);
            assert_eq!(path, tiled.iter().copied().map(ours).collect::<Vec<_>>());
            assert_eq!(path, split(merkle.as_bytes()));

            assert!(check_consistency(old, old_root, self.size, root, &path));
            let bytes = path.iter().flat_map(|hash| *hash.as_bytes()).collect();
            let path: Vec<_> = path.into_iter().map(theirs).collect();
            tlog_tiles::check_tree(&path, self.size, theirs(root), old, theirs(old_root)).unwrap();
            let proof = ct_merkle::ConsistencyProof::try_from_bytes(bytes).unwrap();
            merkle_root(root, self.size).verify_consistency(&merkle_root(old_root, old), &proof).unwrap();
        }
    }

    fn tiles_agree(&self) {
        for old in [0, 1, 255, 256, self.size / 2, self.size.saturating_sub(1), self.size] {
            let expected: Vec<_> = Tile::new_tiles(8, old, self.size).iter().map(path_of).collect();
            let new = tile::new_since(old, self.size);
            let hashes = new.iter().filter(|tile| tile.kind() != Kind::Entries).map(TilePath::to_string);
            assert_eq!(hashes.collect::<Vec<_>>(), if old <= self.size { expected } else { Vec::new() });
        }
        for tile in Tile::new_tiles(8, 0, self.size) {
            let path = TilePath::parse(&path_of(&tile)).unwrap();
            assert_eq!(path.hashes(&self.ours).unwrap(), tile.read_data(&self.tiled).unwrap());
        }
    }

    /// What a stranger does who has nothing but the published files and the root.
    fn published_files_prove_every_entry(&self) {
        if self.size == 0 {
            return;
        }
        let files = Files::of(&self.ours);
        let reader = tlog_tiles::TileHashReader::new(self.size, theirs(self.ours.root()), &files);
        for index in sample(self.size) {
            let path = tlog_tiles::prove_record(self.size, index, &reader).unwrap();
            let bundle = &files.bytes[&format!("tile/entries/{}", files.name(index / 256))];
            let width = (self.size - index / 256 * 256).min(256) as u16;
            let entries = tile::parse_bundle(bundle, width).unwrap();
            let leaf = tlog_tiles::record_hash(entries[(index % 256) as usize]);
            tlog_tiles::check_record(&path, self.size, theirs(self.ours.root()), index, leaf).unwrap();
        }
        // The leaf of a tree of one entry is its root: no tile is read.
        assert!(self.size == 1 || 0 < files.saved.get(), "the tiles were accepted");
    }
}

/// The path that `tlog_tiles` gives, which is that of Go: with the height, which the public format leaves out.
fn path_of(tile: &Tile) -> String {
    tile.path().replacen("tile/8/", "tile/", 1).replacen("tile/data/", "tile/entries/", 1)
}

/// All files of a log, as they lie on a server.
struct Files {
    size: u64,
    bytes: BTreeMap<String, Vec<u8>>,
    saved: Cell<usize>,
}

impl Files {
    fn of(tree: &Tree) -> Files {
        let bytes = tile::new_since(0, tree.len()).into_iter().map(|path| {
            let bytes = match path.kind() {
                Kind::Hashes(_) => path.hashes(tree).unwrap(),
                Kind::Entries => {
                    let entries: Vec<_> = (0..path.width().into()).map(|i| entry(path.start() + i)).collect();
                    tile::bundle(entries.iter().map(Vec::as_slice)).unwrap()
                }
            };
            (path.to_string(), bytes)
        });
        Files { size: tree.len(), bytes: bytes.collect(), saved: Cell::new(0) }
    }

    /// The last part of the path of the tile or bundle at `index` of the lowest level.
    fn name(&self, index: u64) -> String {
        let width = (self.size - index * 256).min(256) as u32;
        path_of(&Tile::new(8, 0, index, width, false)).replacen("tile/0/", "", 1)
    }
}

impl TileReader for Files {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        Ok(tiles.iter().map(|tile| self.bytes[&path_of(tile)].clone()).collect())
    }

    fn save_tiles(&self, _tiles: &[Tile], _data: &[Vec<u8>]) {
        self.saved.set(self.saved.get() + 1);
    }
}

/// Both ways: what we sign, they open; what they sign, we open.
fn checkpoints_agree(root: Hash, size: u64) {
    let key = LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [7; 32]);
    let signer = StandardSigner::new(key.to_file().trim_end()).unwrap();
    let verifier = StandardVerifier::new(&key.vkey().to_string()).unwrap();
    let checkpoint = Checkpoint { origin: key.name().clone(), size, root };

    let signed = checkpoint.sign(&key);
    let note = Note::from_bytes(signed.as_bytes()).unwrap();
    let (good, unknown) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((good.len(), unknown.len()), (1, 0));
    let read = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((read.origin(), read.size(), ours(*read.hash())), (key.name().as_str(), size, root));

    let text = tlog_tiles::Checkpoint::new(key.name().as_str(), size, theirs(root), "").unwrap().to_bytes();
    let mut note = Note::new(&text, &[]).unwrap();
    note.add_sigs(&[&signer]).unwrap();
    assert_eq!(note.to_bytes(), signed.as_bytes());
    assert_eq!(Checkpoint::open(&note.to_bytes(), &key.vkey()), Ok(checkpoint));
}

#[test]
fn logs_of_every_size_agree() {
    for size in SIZES {
        let logs = logs(size);
        logs.roots_agree();
        logs.inclusion_proofs_agree();
        logs.consistency_proofs_agree();
        logs.tiles_agree();
        logs.published_files_prove_every_entry();
        checkpoints_agree(logs.ours.root(), size);
    }
}

#[test]
fn keys_that_others_make_are_read_and_written_the_same() {
    let file = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n";
    let ours = LogKey::parse(file.as_bytes()).unwrap();
    let theirs = StandardSigner::new(file.trim_end()).unwrap();
    let mut note = Note::new(b"one\n\ntwo\n", &[]).unwrap();
    note.add_sigs(&[&theirs]).unwrap();
    assert_eq!(ours.sign("one\n\ntwo\n").as_bytes(), note.to_bytes());
    let read = SignedNote::parse(&note.to_bytes()).unwrap();
    assert!(read.verify(&[ours.vkey()]).is_ok());
    assert_eq!(read.to_string().as_bytes(), note.to_bytes());
}

#[test]
fn altered_notes_are_refused_by_both() {
    let key = LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [7; 32]);
    let signed = key.sign("embassy.example/notes\n23\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").into_bytes();
    let verifier = || StandardVerifier::new(&key.vkey().to_string()).unwrap();
    for at in 0..signed.len() {
        let mut altered = signed.clone();
        altered[at] ^= 1;
        let ours = SignedNote::parse(&altered).is_ok_and(|note| note.verify(&[key.vkey()]).is_ok());
        let known = VerifierList::new(vec![Box::new(verifier())]);
        let theirs = Note::from_bytes(&altered).is_ok_and(|note| note.verify(&known).is_ok());
        assert_eq!((ours, theirs), (false, false), "byte {at}");
    }
}
