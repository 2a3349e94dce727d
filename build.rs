//! Two things that the program takes from its sources when it is compiled.
//!
//! **Emoji**: which texts the length of a post counts as one, as lines of text. The tables of the crate that knows them are
//! pointers, and each of a program's pointers costs time at every start.
//!
//! **Pages**: which version of the site's pages the program writes, so that those of another version are written anew. A
//! page is made of the log, of the settings, and of the program. Of the program, any byte in [`SOURCES`] may change a page.
//! All files in them are taken as they are found, so none can be forgotten. Their hash is `VERBALE_PAGES` when the crate is
//! compiled; [`Settings::look`](src/site/mod.rs) takes it in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use emojis::{Emoji, UnicodeVersion};

/// The newest emoji that count as one. An implementation that knows fewer counts each part of a newer emoji, and so do
/// we: a post is never longer than we think.
const EMOJI_NEWEST: UnicodeVersion = UnicodeVersion::new(11, 0);

/// What pages are made of, below the folder of `Cargo.toml`: the site, the layers that it uses, and the versions of the
/// crates that write for it. `tests/it/site/sources.rs` sees to it that the site uses no other layer.
pub const SOURCES: [&str; 6] = ["Cargo.lock", "src/base", "src/tlog", "src/note", "src/wording", "src/site"];

fn main() -> io::Result<()> {
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?;
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    println!("cargo:rerun-if-changed=build.rs");
    fs::write(Path::new(&out).join("emoji.txt"), emoji().join("\n"))?;
    for source in SOURCES {
        // Of a folder, Cargo looks at everything in it.
        println!("cargo:rerun-if-changed={source}");
    }
    println!("cargo:rustc-env=VERBALE_PAGES={:016x}", fingerprint(Path::new(&root))?);
    Ok(())
}

/// A hash (FNV-1a, 64 bits) of every file in [`SOURCES`] below `root`, by path and content. The sources are our own: it need
/// not withstand an enemy.
///
/// # Errors
/// If a file cannot be read, or one of the sources is not there.
pub fn fingerprint(root: &Path) -> io::Result<u64> {
    let mut files = Vec::new();
    for source in SOURCES {
        find(&root.join(source), &mut files)?;
    }
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for file in files {
        let (path, bytes) = (file.strip_prefix(root).unwrap_or(&file).to_string_lossy(), fs::read(&file)?);
        // Lengths in front, so that no two lists of files are the same bytes.
        for part in [path.as_bytes(), &bytes] {
            hash = fnv(fnv(hash, &part.len().to_le_bytes()), part);
        }
    }
    Ok(hash)
}

/// Every file at or below `path`.
fn find(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            find(&entry?.path(), files)?;
        }
    } else {
        files.push(path.to_owned());
    }
    Ok(())
}

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// Every way to write an emoji that counts as one, sorted: with each skin tone, and with those of its variation selectors
/// left out that may be.
pub fn emoji() -> Vec<String> {
    let with_tones = |emoji: &'static Emoji| std::iter::once(emoji).chain(emoji.skin_tones().into_iter().flatten());
    let known = emojis::iter().flat_map(with_tones).filter(|emoji| emoji.unicode_version() <= EMOJI_NEWEST);
    let ways: BTreeSet<String> = known.flat_map(|emoji| spellings(emoji.as_str())).collect();
    ways.into_iter().filter(|way| emojis::get(way).is_some()).collect()
}

/// `text`, and the same without some or all of its variation selectors.
fn spellings(text: &str) -> Vec<String> {
    text.split_inclusive('\u{fe0f}').fold(vec![String::new()], |ways, piece| {
        let pieces = BTreeSet::from([piece, piece.trim_end_matches('\u{fe0f}')]);
        ways.iter().flat_map(|way| pieces.iter().map(move |piece| way.clone() + piece)).collect()
    })
}
