//! Which files decide whether old pages are written anew: all that pages can be made of, found by the build.

#[path = "../../../build.rs"]
#[allow(dead_code, reason = "its `main` is run when the crate is built")]
mod build;

use std::fs;
use std::path::Path;

use build::{SOURCES, fingerprint};

/// The layers in [`SOURCES`].
fn layers() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().filter_map(|source| source.strip_prefix("src/"))
}

/// A folder with one file in each of the sources.
fn sources() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for layer in layers() {
        let folder = root.path().join("src").join(layer);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("mod.rs"), layer).unwrap();
    }
    fs::write(root.path().join("Cargo.lock"), "").unwrap();
    root
}

#[test]
fn a_file_that_is_added_changed_moved_or_taken_away_makes_other_pages() {
    let root = sources();
    let path = |name: &str| root.path().join("src/site").join(name);
    let mut seen = vec![fingerprint(root.path()).unwrap()];
    let mut is_new = |what: &str| {
        let now = fingerprint(root.path()).unwrap();
        assert!(!seen.contains(&now), "{what}");
        seen.push(now);
    };
    fs::create_dir(path("pages")).unwrap();
    fs::write(path("pages/words.rs"), "").unwrap();
    is_new("added, though it is empty");
    fs::write(path("pages/words.rs"), "words").unwrap();
    is_new("changed");
    fs::rename(path("pages/words.rs"), path("words.rs")).unwrap();
    is_new("moved");
    fs::write(path("words.rs"), "word").unwrap();
    fs::write(path("words.rs2"), "s").unwrap();
    is_new("cut in two");
    fs::write(root.path().join("Cargo.lock"), "maud").unwrap();
    is_new("a crate has another version");
    fs::remove_file(path("mod.rs")).unwrap();
    is_new("taken away");
    fs::remove_dir_all(root.path().join("src/wording")).unwrap();
    assert!(fingerprint(root.path()).is_err(), "a layer that is not there is no version of the pages");
}

#[test]
fn what_pages_are_not_made_of_leaves_them_as_they_are() {
    let root = sources();
    let before = fingerprint(root.path()).unwrap();
    fs::create_dir(root.path().join("src/cli")).unwrap();
    fs::write(root.path().join("src/cli/mod.rs"), "").unwrap();
    fs::write(root.path().join("README.md"), "").unwrap();
    assert_eq!(fingerprint(root.path()).unwrap(), before);
}

#[test]
fn the_program_is_of_the_version_that_its_sources_make() {
    let found = fingerprint(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert_eq!(verbale::site::SOURCES, format!("{found:016x}"));
}

/// The layers that a file's program names: what stands behind `crate::`, before its tests.
fn named(path: &Path) -> Vec<String> {
    let word = concat!("crate", "::");
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    let code = lines.filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| line.split(word).skip(1));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.map(|rest| rest.chars().take_while(|c| is_name(*c)).collect()).collect()
}

fn check(path: &Path, wrong: &mut Vec<String>) {
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| check(&entry.unwrap().path(), wrong));
    } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
        let names = named(path).into_iter().filter(|name| !layers().any(|layer| layer == name) && name != "redacted");
        wrong.extend(names.map(|name| format!("{} uses {name}", path.display())));
    }
}

#[test]
fn pages_are_made_of_these_sources_alone() {
    let mut wrong = Vec::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    layers().for_each(|layer| check(&src.join(layer), &mut wrong));
    assert!(wrong.is_empty(), "name the layer in build.rs, or do without it:\n{}", wrong.join("\n"));
}
