//! Somebody who reads again and again what is published, wherever it can be read. Every head must be supported by the
//! files that can be fetched then, and must continue everything that was seen before.

use std::fs;
use std::path::Path;

use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::tile::{self, Kind};
use verbale::tlog::tree::{Tree, leaf_hash};

use crate::support::harness::key;

/// Returns the bytes of a file by its path. None if it is not there.
type Source = Box<dyn Fn(&str) -> Option<Vec<u8>> + Send>;

/// A stranger who keeps what was read, like a monitor.
pub struct PublicReader {
    source: Source,
    tree: Tree,
    pub looks: u64,
    pub heads: u64,
}

impl PublicReader {
    pub fn new(source: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> PublicReader {
        PublicReader { source: Box::new(source), tree: Tree::new(), looks: 0, heads: 0 }
    }

    pub fn of_folder(folder: &Path) -> PublicReader {
        let folder = folder.to_owned();
        PublicReader::new(move |path| fs::read(folder.join(path)).ok())
    }

    /// Number of entries that were seen.
    pub fn size(&self) -> u64 {
        self.tree.len()
    }

    pub fn look(&mut self) {
        self.looks += 1;
        let Some(bytes) = (self.source)("checkpoint") else {
            assert!(self.tree.is_empty(), "the checkpoint has gone");
            return;
        };
        let head = Checkpoint::open(&bytes, &key().vkey()).unwrap();
        let known = self.tree.len();
        assert!(known <= head.size, "the log became shorter: {known}, {}", head.size);
        if known == head.size && 0 < known {
            return;
        }
        for path in tile::new_since(known, head.size) {
            let bytes = self.fetch(&path.to_string());
            match path.kind() {
                Kind::Entries => {
                    let entries = tile::parse_bundle(&bytes, path.width()).unwrap();
                    for (index, entry) in (path.start()..).zip(entries) {
                        self.take(index, entry);
                    }
                }
                Kind::Hashes(_) => assert_eq!(Some(bytes), path.hashes(&self.tree), "{path}"),
            }
        }
        assert_eq!((self.tree.len(), self.tree.root()), (head.size, head.root), "the tiles do not support the head");
        self.heads += 1;
        self.look_at_the_front_page();
    }

    fn take(&mut self, index: u64, entry: &[u8]) {
        let leaf = leaf_hash(entry);
        match self.tree.leaf(index) {
            Some(known) => assert_eq!(known, leaf, "entry {index} was changed"),
            None => self.tree.push(leaf),
        }
    }

    fn fetch(&self, path: &str) -> Vec<u8> {
        (self.source)(path).unwrap_or_else(|| panic!("{path} is missing"))
    }

    /// It is whole, and leads nowhere where nothing is.
    fn look_at_the_front_page(&self) {
        let html = String::from_utf8(self.fetch("index.html")).unwrap();
        assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"), "half a page");
        for rest in html.split("href=\"").skip(1) {
            let link = &rest[..rest.find('"').unwrap()];
            if !link.contains(':') && !link.starts_with('#') {
                let page = self.fetch(link);
                assert!(
                    !link.ends_with(".html") || page.trim_ascii_end().ends_with(b"</html>"),
                    "{link} is half a page"
                );
            }
        }
    }
}
