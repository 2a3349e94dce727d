//! The program's modules as its own files declare them, and what each names of the others: read from the text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A module of the program. Modules that hold tests are not among them.
pub struct Module {
    /// Its path without `crate`: `["platform", "x"]`. The root of the crate has an empty one.
    pub path: Vec<String>,
    pub file: PathBuf,
    /// Built without any feature.
    pub is_core: bool,
    /// Its children in the order of its `mod` lines.
    pub children: Vec<String>,
    /// The names that it gives on from its children, and which child each is from.
    pub given_on: BTreeMap<String, String>,
    /// The lines that are the program itself, without comments and tests, each with its number.
    pub lines: Vec<(usize, String)>,
    /// Every path of this crate that it names.
    pub names: Vec<Named>,
}

/// A path that a module names, from the root of the crate: `["store", "Reader"]`.
pub struct Named {
    pub line: usize,
    pub path: Vec<String>,
}

impl Module {
    /// Its path as Rust writes it: `platform::x`; of the root nothing.
    pub fn name(&self) -> String {
        self.path.join("::")
    }

    /// Whether it is that module or inside it.
    pub fn is_in(&self, folder: &str) -> bool {
        let folder: Vec<&str> = folder.split("::").filter(|part| !part.is_empty()).collect();
        self.path.len() >= folder.len() && self.path.iter().zip(&folder).all(|(own, part)| own == part)
    }
}

/// All modules in reading order, each before its children.
pub fn modules() -> &'static [Module] {
    static MODULES: LazyLock<Vec<Module>> = LazyLock::new(|| {
        let mut found = Vec::new();
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        add(&mut found, Vec::new(), src.join("lib.rs"), src, true);
        found
    });
    &MODULES
}

/// Adds the module in `file`, whose children are in the folder `inside`.
fn add(found: &mut Vec<Module>, path: Vec<String>, file: PathBuf, inside: PathBuf, is_core: bool) {
    let lines = program(&fs::read_to_string(&file).unwrap());
    let children = children(&lines);
    let names: Vec<String> = children.iter().map(|(name, _)| name.clone()).collect();
    let (given_on, named) = (given_on(&lines, &names), named(&lines, &path));
    found.push(Module { path: path.clone(), file, is_core, children: names, given_on, lines, names: named });
    for (child, needs_daemon) in children {
        let folder = inside.join(&child);
        let whole = inside.join(format!("{child}.rs"));
        let file = if whole.exists() { whole } else { folder.join("mod.rs") };
        add(found, [path.clone(), vec![child]].concat(), file, folder, is_core && !needs_daemon);
    }
}

/// The lines that are neither comment nor test. A module's tests are its end.
fn program(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").enumerate();
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.map(|(i, line)| (i + 1, line.to_owned())).collect()
}

/// The modules that these lines declare, and whether each needs a feature.
fn children(lines: &[(usize, String)]) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut needs_daemon = false;
    for (_, line) in lines {
        if let Some((before, name)) = line.strip_suffix(';').and_then(|line| line.split_once("mod "))
            && (before.is_empty() || before.starts_with("pub"))
        {
            found.push((name.to_owned(), needs_daemon));
        }
        needs_daemon = line.starts_with("#[cfg(feature = ");
    }
    found
}

/// What `use` lines take from the children, by the name under which others find it.
fn given_on(lines: &[(usize, String)], children: &[String]) -> BTreeMap<String, String> {
    let text: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    let mut paths = Vec::new();
    for (at, found) in text.match_indices("use ") {
        let from = &text[at + found.len()..];
        // In a macro it is a path of whoever calls it.
        if from.starts_with('$') {
            continue;
        }
        read_path(from.strip_prefix("self::").unwrap_or(from), &[], &mut paths);
    }
    let from_children =
        paths.into_iter().filter(|path| path.segments.len() > 1 && children.contains(&path.segments[0]));
    from_children.map(|path| (path.name, path.segments[0].clone())).collect()
}

/// Every path of this crate in the lines of the module `own`.
fn named(lines: &[(usize, String)], own: &[String]) -> Vec<Named> {
    // What a module inside the file takes from the file itself leads nowhere else.
    let own_file = |line: &str| line.starts_with(' ') && line.trim() == "use super::*;";
    let text: String =
        lines.iter().map(|(_, line)| if own_file(line) { "\n".to_owned() } else { format!("{line}\n") }).collect();
    let mut found = Vec::new();
    for start in starts(&text) {
        let line = lines[text[..start].matches('\n').count()].0;
        let mut paths = Vec::new();
        read_path(&text[start..], &[], &mut paths);
        found.extend(paths.into_iter().filter_map(|path| Some(Named { line, path: resolve(&path.segments, own)? })));
    }
    found
}

/// A path in the module `own`, from the root; none if it goes up beyond that.
fn resolve(path: &[String], own: &[String]) -> Option<Vec<String>> {
    if path[0] == "crate" {
        return Some(path[1..].to_vec());
    }
    let up = path.iter().take_while(|part| *part == "super").count();
    let base = own.len().checked_sub(up)?;
    Some([&own[..base], &path[up.max(1)..]].concat())
}

/// Where paths of this crate begin in a text.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    let all = ["crate::", "super::", "self::"].into_iter().flat_map(|word| text.match_indices(word));
    all.map(|(at, _)| at).filter(|at| {
        let before = text[..*at].chars().next_back().unwrap_or(' ');
        !before.is_alphanumeric() && !['_', ':', '$'].contains(&before)
    })
}

/// A path with the name that it has afterwards.
struct ReadPath {
    segments: Vec<String>,
    name: String,
}

/// Reads a path or a tree of them, `a::{b, c::{d, e as f}, *}`, and gives what stands behind it.
fn read_path<'t>(text: &'t str, before: &[String], found: &mut Vec<ReadPath>) -> &'t str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start().trim_start_matches(',').trim_start();
            match rest.strip_prefix('}') {
                Some(behind) => return behind,
                None => rest = read_path(rest, before, found),
            }
        }
    }
    let (word, rest) = match text.strip_prefix('*') {
        Some(rest) => ("*", rest),
        None => text.split_at(text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())),
    };
    assert!(!word.is_empty() || text.starts_with('<'), "not understood: {}", text.lines().next().unwrap_or_default());
    if word.is_empty() {
        return rest;
    }
    let own = before.last().filter(|_| word == "self");
    let segments = if own.is_some() { before.to_vec() } else { [before, &[word.to_owned()]].concat() };
    if let Some(rest) = rest.strip_prefix("::").filter(|rest| !rest.starts_with('<')) {
        return read_path(rest, &segments, found);
    }
    let mut name = own.map_or(word, |own| own).to_owned();
    let mut behind = rest;
    if let Some(rest) = rest.strip_prefix(" as ") {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        name = rest[..end].to_owned();
        behind = &rest[end..];
    }
    found.push(ReadPath { segments, name });
    behind
}
