//! How long it takes to grow the log and to check that an entry is in it, beside `tlog_tiles` and `ct-merkle`.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use tlog_tiles::HashReader;
use verbale::base::hash::Hash;
use verbale::tlog::tree::{Frontier, Tree, check_inclusion, leaf_hash};

const LEAVES: u64 = 100_000;

/// The hashes that `tlog_tiles` stores, in its order.
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|&i| self.0[i as usize]).collect())
    }
}

/// Entries as long as those of notes: 104 to 109 bytes.
fn entries() -> Vec<Vec<u8>> {
    (0..LEAVES)
        .map(|i| format!("note 2018-03-09T17:40:15.001Z {i} {}\n", Hash::of(&i.to_be_bytes())).into_bytes())
        .collect()
}

fn ours(entries: &[Vec<u8>]) -> Tree {
    let mut tree = Tree::new();
    entries.iter().for_each(|entry| tree.push(leaf_hash(entry)));
    tree
}

fn tiled(entries: &[Vec<u8>]) -> Stored {
    let mut stored = Stored(Vec::new());
    for (i, entry) in entries.iter().enumerate() {
        let Ok(new) = tlog_tiles::stored_hashes(i as u64, entry, &stored) else { unreachable!() };
        stored.0.extend(new);
    }
    stored
}

fn merkle(entries: Vec<Vec<u8>>) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    entries.into_iter().for_each(|entry| tree.push(entry));
    tree
}

/// Hashes entries and adds them to a tree in memory; the time is that of 100,000.
fn append(c: &mut Criterion) {
    let entries = entries();
    let mut group = c.benchmark_group("append");
    group.throughput(Throughput::Elements(LEAVES)).sample_size(20);
    group.bench_function("verbale", |b| b.iter_with_large_drop(|| ours(&entries)));
    group.bench_function("tlog_tiles", |b| b.iter_with_large_drop(|| tiled(&entries)));
    group.bench_function("ct-merkle", |b| b.iter_batched(|| entries.clone(), merkle, BatchSize::PerIteration));
    group.bench_function("verbale, root alone", |b| {
        b.iter(|| {
            let mut frontier = Frontier::new();
            entries.iter().for_each(|entry| frontier.push(leaf_hash(entry)));
            frontier.root()
        });
    });
    group.finish();
}

/// Checks that an entry is in a log of 100,000: one leaf and 17 nodes are hashed.
fn inclusion(c: &mut Criterion) {
    let entries = entries();
    let index = LEAVES / 3;
    let entry = &entries[index as usize];
    let mut group = c.benchmark_group("inclusion check");

    let tree = ours(&entries);
    let Some(path) = tree.inclusion(index, LEAVES) else { unreachable!() };
    let root = tree.root();
    group.bench_function("verbale", |b| {
        b.iter(|| assert!(check_inclusion(leaf_hash(black_box(entry)), index, LEAVES, black_box(&path), root)));
    });

    let path: Vec<_> = path.iter().map(|hash| tlog_tiles::Hash(*hash.as_bytes())).collect();
    let root = tlog_tiles::Hash(*root.as_bytes());
    group.bench_function("tlog_tiles", |b| {
        b.iter(|| {
            let leaf = tlog_tiles::record_hash(black_box(entry));
            assert!(tlog_tiles::check_record(black_box(&path), LEAVES, root, index, leaf).is_ok());
        });
    });

    let tree = merkle(entries.clone());
    let (root, proof) = (tree.root(), tree.prove_inclusion(index as usize));
    group.bench_function("ct-merkle", |b| {
        b.iter(|| assert!(root.verify_inclusion(black_box(entry), index, black_box(&proof)).is_ok()));
    });
    group.finish();
}

criterion_group!(benches, append, inclusion);
criterion_main!(benches);
