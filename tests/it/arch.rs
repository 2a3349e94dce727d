//! The shape of the program: which module may use which, and what the core may not do.

use std::fs;
use std::path::{Path, PathBuf};

/// A module of the crate's root.
struct Module {
    name: String,
    /// Built without any feature.
    core: bool,
}

/// What the core may not do: files, network, environment, clock, chance, waiting, logging.
const NOT_IN_CORE: [&str; 14] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "tokio",
    "rand::",
    "tracing",
    "async ",
    "println!",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The modules in reading order, as `lib.rs` lists them.
fn modules() -> Vec<Module> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut daemon = false;
    let mut modules = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) {
            modules.push(Module { name: name.to_owned(), core: !daemon });
        }
        daemon = line.starts_with("#[cfg(feature = ");
    }
    modules
}

/// Every Rust file below `path`, in a fixed order.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = fs::read_dir(path) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries.flat_map(|entry| files(&entry.unwrap().path())).collect();
    found.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    found.sort();
    found
}

/// The files of a module, without those that only hold tests.
fn files_of(module: &Module) -> Vec<PathBuf> {
    let src = root().join("src");
    let mut found = files(&src.join(&module.name));
    found.extend(files(&src.join(format!("{}.rs", module.name))));
    found.retain(|file| !file.ends_with("tests.rs") && !file.components().any(|part| part.as_os_str() == "tests"));
    assert!(!found.is_empty(), "module {} has no files", module.name);
    found
}

/// The lines of a file that are the program itself: no comments, no tests.
fn program(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").enumerate();
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.map(|(i, line)| (i + 1, line.to_owned())).collect()
}

/// The modules of the root that a line names: `crate::store::Store` names `store`.
fn named(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").map(|(at, found)| {
        let rest = &line[at + found.len()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn a_module_uses_only_those_above_it() {
    let modules = modules();
    let mut wrong = Vec::new();
    for (place, module) in modules.iter().enumerate() {
        for file in files_of(module) {
            for (number, line) in program(&file) {
                for name in named(&line) {
                    let allowed = modules[..=place].iter().any(|above| above.name == name);
                    if !allowed {
                        wrong.push(format!("{}:{number}: {} uses {name:?}", file.display(), module.name));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "write one `use crate::above::…` a module:\n{}", wrong.join("\n"));
}

#[test]
fn the_core_comes_first_and_is_pure() {
    let modules = modules();
    assert!(modules.iter().is_sorted_by_key(|module| !module.core), "the core stands above the rest");
    let mut wrong = Vec::new();
    for file in modules.iter().filter(|module| module.core).flat_map(files_of) {
        for (number, line) in program(&file) {
            for word in NOT_IN_CORE.iter().filter(|word| line.contains(*word)) {
                wrong.push(format!("{}:{number}: {word}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "values in, values out:\n{}", wrong.join("\n"));
}

#[test]
fn every_fuzz_target_is_listed() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let listed = manifest.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
    let mut listed: Vec<PathBuf> = listed.map(|path| root().join("fuzz").join(path)).collect();
    listed.sort();
    assert_eq!(listed, files(&root().join("fuzz/fuzz_targets")));
}

#[test]
fn nothing_is_left_unfinished() {
    let macros = ["todo", "dbg", "unimplemented"].map(|name| format!("{name}!("));
    let words = macros.into_iter().chain([format!("#[{}", "ignore"), format!("#![{}", "allow(dead_code")]);
    let words: Vec<String> = words.collect();
    let mut wrong = Vec::new();
    for file in ["src", "tests", "benches"].iter().flat_map(|folder| files(&root().join(folder))) {
        for (i, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                wrong.push(format!("{}:{}: {}", file.display(), i + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "finish it, or leave it out:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_writes_to_a_person() {
    let macros = ["println!", "eprintln!", "print!", "eprint!"];
    let mut wrong = Vec::new();
    for file in modules().iter().filter(|module| module.name != "cli").flat_map(files_of) {
        for (number, line) in program(&file) {
            if macros.iter().any(|name| line.contains(name)) {
                wrong.push(format!("{}:{number}: {}", file.display(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "return it, or use `tracing`:\n{}", wrong.join("\n"));
}
