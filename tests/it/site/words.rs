//! Words stand where another language can stand beside them: those of the page that verifies in one table and in its markup,
//! those of the other pages in `src/site/words.rs`. All else is structure, and has none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

const PAGE: &str = include_str!("../../../src/site/verify.html");

/// The scripts of the page that verifies: the table of words, the checks, and the page itself.
fn scripts() -> [&'static str; 3] {
    ["words", "verify", "page"].map(|id| {
        let (_, rest) = PAGE.split_once(&format!("<script id=\"{id}\">")).unwrap();
        rest.split_once("</script>").unwrap().0
    })
}

/// The keys of the table, as `group.key`. A group begins a line with two spaces, a key with four.
fn defined(table: &str) -> BTreeSet<String> {
    let (group, key) = (Regex::new(r"^  (\w+): \{$").unwrap(), Regex::new(r#"^    "?([\w. ]+)"?: "#).unwrap());
    let mut keys = BTreeSet::new();
    let mut name = "";
    for line in table.lines() {
        if let Some(found) = group.captures(line) {
            name = found.get(1).unwrap().as_str();
        } else if let Some(found) = key.captures(line) {
            assert!(keys.insert(format!("{name}.{}", &found[1])), "{name}.{} is there twice", &found[1]);
        }
    }
    keys
}

/// What the scripts use of the table: `group.key`, or `group.` where the key is computed.
fn used(scripts: &[&str]) -> BTreeSet<String> {
    let use_of = Regex::new(r"\bWORDS\b(?:\.(\w+)(?:\.(\w+)|\[)?)?").unwrap();
    let mut keys = BTreeSet::new();
    for found in scripts.iter().flat_map(|script| use_of.captures_iter(script)) {
        if found[0] == *"WORDS" {
            continue;
        }
        assert!(!found[0].ends_with(&found[1]) || found.get(2).is_some(), "a whole group is used: {}", &found[0]);
        keys.insert(format!("{}.{}", &found[1], found.get(2).map_or("", |key| key.as_str())));
    }
    keys
}

#[test]
fn the_page_that_verifies_uses_every_word_of_its_table_and_no_other() {
    let all = scripts();
    let (defined, used) = (defined(all[0]), used(&all));
    assert!(200 < defined.len() && used.len() <= defined.len(), "{} of {}", used.len(), defined.len());
    let group = |key: &str| format!("{}.", key.split_once('.').unwrap().0);
    let without_use = defined.iter().filter(|key| !used.contains(*key) && !used.contains(&group(key)));
    assert_eq!(without_use.collect::<Vec<_>>(), [""; 0], "nothing says it");
    let is_there = |key: &&String| defined.contains(*key) || defined.iter().any(|one| group(one) == **key);
    assert_eq!(used.iter().filter(|key| !is_there(key)).collect::<Vec<_>>(), [""; 0], "it is not in the table");
    let names = ["claimTitle.", "done.", "kind.", "next.", "outcome.", "question.", "reportOutcome.", "witnesses."];
    assert!(
        used.iter().filter(|key| key.ends_with('.')).eq(names),
        "tests/page/vectors.mjs knows which keys these have"
    );
}

/// The literals of a program's line by line: those in comments are none. Of a template, without what it takes in.
fn literals(text: &str) -> Vec<String> {
    let (literal, taken) =
        (Regex::new(r#""((?:[^"\\]|\\.)*)"|`([^`]*)`"#).unwrap(), Regex::new(r"\$\{[^}]*\}").unwrap());
    let is_code = |line: &&str| !line.trim_start().starts_with(['/', '*']);
    let found = text.lines().filter(is_code).flat_map(|line| literal.captures_iter(line).collect::<Vec<_>>());
    let text = |found: regex::Captures<'_>| found.get(1).or(found.get(2)).map_or("", |text| text.as_str()).to_owned();
    found.map(|found| taken.replace_all(&text(found), "").into_owned()).collect()
}

/// What looks like words and is none.
fn check(file: &str, text: &str, words: &Regex, none: &[&str]) {
    let found: Vec<String> = literals(text).into_iter().filter(|text| words.is_match(text)).collect();
    let wrong: Vec<&String> = found.iter().filter(|text| !none.contains(&text.as_str())).collect();
    assert!(wrong.is_empty(), "{file}: these belong to the words: {wrong:?}");
    let unseen: Vec<&&str> = none.iter().filter(|one| !found.iter().any(|text| text == *one)).collect();
    assert!(unseen.is_empty(), "{file} has none of these any more: {unseen:?}");
}

#[test]
fn the_scripts_that_check_and_show_have_no_words() {
    let [_, verify, page] = scripts();
    let words = Regex::new("^[A-Z][a-z]|[A-Za-z]{2} [A-Za-z]{2}").unwrap();
    let checks = [
        "use strict",
        // Formats, and names in them.
        "verbale envelope v1",
        "verbale content v1",
        "verbale post v1",
        "verbale unlocked v1",
        "verbale slip v1\\n",
        "\\nverbale content v1\\n",
        "verbale envelope v",
        "verbale content v",
        "verbale post v",
        "verbale unlocked v",
        "Sealed note ",
        "Sealed notes ",
        "Sealed notes -\\n",
        "Sealed note \\nsha256 \\n",
        "Received note ",
        "No note sealed today",
        "1 note sealed today",
        " notes sealed today",
        // Names that programs make of others.
        "copy of ",
        // Checks.
        "later heads",
        "receipt key",
        "receipt witnesses",
        "receipt log",
        "receipt by",
        "other files",
    ];
    check("the script verify", verify, &words, &checks);
    let page_has = ["use strict", "receipt key", "noreferrer noopener external", "soft small", "Files"];
    check("the script page", page, &words, &page_has);
}

#[test]
fn the_pages_hold_structure_only() {
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/site");
    let pages = fs::read_dir(site.join("pages")).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<PathBuf> =
        pages.chain(["mod.rs", "ledger.rs", "feed.rs"].map(|name| site.join(name))).collect();
    let text: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let words = Regex::new("^[A-Z]|[A-Za-z] | [A-Za-z]").unwrap();
    let commands =
        ["sha256sum ", "verbale verify ", "curl -s ", "/log.txt | sed -n ", "printf '\\\\0", "\\\\n' | sha256sum"];
    let commands = commands.into_iter().filter(|text| words.is_match(text));
    let names = ["VERBALE_PAGES", "width=device-width, initial-scale=1", "light dark", "noreferrer nofollow"];
    check("src/site", &text.join("\n"), &words, &names.into_iter().chain(commands).collect::<Vec<_>>());
}
