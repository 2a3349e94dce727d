//! The shape of the program: which module may use which, what the core may not do, and what only one module does.

mod only;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use tree::{Module, modules};

/// What the core may not do: files, network, environment, clock, chance, waiting, logging.
const NOT_IN_CORE: [&str; 19] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "io::stdin",
    "io::stdout",
    "io::stderr",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "tokio",
    "rand::",
    "getrandom",
    "tracing",
    "async ",
    ".await",
    "println!",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
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

/// What the modules of a folder use of those below them in its list of `mod` lines. Names that the folder gives on from
/// a module count as that module's; what is the folder's own may be used by all of its modules.
fn upward(folder: &str) -> Vec<String> {
    let modules = modules();
    let parent = modules.iter().find(|module| module.name() == folder).unwrap();
    let depth = parent.path.len();
    let place = |name: &String| parent.children.iter().position(|child| child == name);
    let mut wrong = Vec::new();
    for module in modules.iter().filter(|module| module.is_in(folder) && depth < module.path.len()) {
        let own = place(&module.path[depth]).unwrap();
        for named in module.names.iter().filter(|named| named.path.starts_with(&parent.path)) {
            let Some(name) = named.path.get(depth) else { continue };
            let target = place(name).or_else(|| place(parent.given_on.get(name)?));
            if target.is_some_and(|target| own < target) || name == "*" {
                let (file, line) = (module.file.display(), named.line);
                wrong.push(format!("{file}:{line}: {} uses {}", parent.children[own], named.path.join("::")));
            }
        }
    }
    wrong
}

fn assert_in_order(folder: &str) {
    let wrong = upward(folder);
    assert!(wrong.is_empty(), "a module uses only those above it in the list of its folder:\n{}", wrong.join("\n"));
}

/// A test for each folder with more than one module.
macro_rules! folders {
    ($($test:ident: $folder:literal,)*) => {
        const FOLDERS: &[&str] = &[$($folder),*];

        mod a_module_uses_only_those_above_it_in {
            $(#[test]
            fn $test() {
                super::assert_in_order($folder);
            })*
        }
    };
}

folders! {
    the_crate: "",
    base: "base",
    tlog: "tlog",
    note: "note",
    note_archive: "note::archive",
    note_proof: "note::proof",
    note_packaging: "note::packaging",
    wording: "wording",
    verify: "verify",
    verify_proof: "verify::proof",
    verify_log: "verify::log",
    platform: "platform",
    platform_x: "platform::x",
    platform_x_parse: "platform::x::parse",
    store: "store",
    store_sqlite: "store::sqlite",
    site: "site",
    site_pages: "site::pages",
    tasks: "tasks",
    tasks_settings: "tasks::settings",
    tasks_seal: "tasks::seal",
    tasks_survey: "tasks::survey",
    tasks_post: "tasks::post",
    tasks_monitor: "tasks::monitor",
    tasks_deliver: "tasks::deliver",
    tasks_disclose: "tasks::disclose",
    tasks_reply: "tasks::reply",
    tasks_publish: "tasks::publish",
    tasks_replicate: "tasks::replicate",
    client: "client",
    sandbox: "sandbox",
    sandbox_world: "sandbox::world",
    sandbox_direct: "sandbox::direct",
    sandbox_http: "sandbox::http",
    app: "app",
    app_http: "app::http",
    app_config: "app::config",
    app_daemon: "app::daemon",
    cli: "cli",
    cli_send: "cli::send",
    cli_demo: "cli::demo",
    cli_demo_acts: "cli::demo::acts",
}

#[test]
fn every_folder_has_its_test() {
    let modules = modules();
    let folders: Vec<String> = modules.iter().filter(|it| 1 < it.children.len()).map(Module::name).collect();
    assert_eq!(FOLDERS, folders, "the list of tests above, in the order of the modules");
}

/// Otherwise the tests here would not see it.
#[test]
fn every_file_is_a_module_in_the_tree() {
    let modules = modules();
    let mut all = files(&root().join("src"));
    all.retain(|file| !file.ends_with("tests.rs") && !file.ends_with("main.rs"));
    let mut known: Vec<PathBuf> = modules.iter().map(|module| module.file.clone()).collect();
    known.sort();
    assert_eq!(all, known);
}

#[test]
fn the_core_comes_first_and_is_pure() {
    let modules = modules();
    let top = modules.iter().filter(|module| module.path.len() == 1);
    assert!(top.is_sorted_by_key(|module| !module.is_core), "the core stands above the rest");
    let mut wrong = Vec::new();
    for module in modules.iter().filter(|module| module.is_core) {
        for (number, line) in &module.lines {
            for word in NOT_IN_CORE.iter().filter(|word| line.contains(*word)) {
                wrong.push(format!("{}:{number}: {word}", module.file.display()));
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

/// What two tests need is in `support`; what a test has, its own modules may use.
#[test]
fn a_test_takes_nothing_from_another_test() {
    let mut wrong = Vec::new();
    for file in files(&root().join("tests/it"))
        .iter()
        .filter(|file| !file.components().any(|part| part.as_os_str() == "arch") && !file.ends_with("arch.rs"))
    {
        for (i, line) in fs::read_to_string(file).unwrap().lines().enumerate() {
            if line.contains("crate::") && !line.contains("crate::support::") && !line.trim_start().starts_with("//") {
                wrong.push(format!("{}:{}: {}", file.display(), i + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "put it into `support`:\n{}", wrong.join("\n"));
}
