//! Packaging, and what becomes of it: each way in which honest people and programs change a proof on its way is tried, and
//! none of them is accused. The table of it is `src/PACKAGING.md`.
//!
//! `VERBALE_WRITE_PACKAGING=1 cargo test --test it packaging::` writes the table anew; the page's column is taken from there.
//! The test leaves the files in the folder that `VERBALE_PACKAGING` names, as `cases.json`, for the page to judge them too.

mod harmless;
mod spoilt;
mod ways;
mod zips;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use data_encoding::BASE64;
use serde_json::{Value, json};
use verbale::note::packaging::{Given, NotRead, Packed, gather, open};

use crate::support::command::verbale;
use crate::support::fixture::unzip;
use ways::{Made, Way};
use zips::Listed;

/// The verdicts that are right here: nothing fails, but who and by when rest on the file; or it is not judged.
const INTACT: &str = "intact";
const NOT_READ: &str = "not-read";

/// What one way comes to.
struct Row {
    name: &'static str,
    verdict: String,
    said: String,
}

/// What the program finds in it.
fn found(made: &Made) -> Result<Packed, NotRead> {
    match made {
        Made::File(_, bytes) => open(bytes),
        Made::Folder(files) => {
            let given = files.iter().map(|(path, bytes)| Given { path: path.clone(), bytes: bytes.clone() });
            gather(given.collect())
        }
    }
}

/// What the program says of it, in a line.
fn said(made: &Made) -> String {
    match found(made) {
        Err(reason) => reason.to_string().lines().next().unwrap().to_owned(),
        Ok(Packed { set_aside, remarks, .. }) => {
            let parts = [("packed anew", remarks.join("; ")), ("set aside", set_aside.join(", "))];
            let parts = parts.iter().filter(|(_, what)| !what.is_empty());
            parts.map(|(part, what)| format!("{part}: {what}")).collect::<Vec<_>>().join("; ")
        }
    }
}

/// Writes what somebody has in hand into a folder of its own, and gives its name there.
fn write(made: &Made, place: &Path) -> String {
    fs::create_dir(place).unwrap();
    let (name, files): (&str, Listed) = match made {
        Made::File(name, bytes) => (name, vec![((*name).to_owned(), bytes.clone())]),
        Made::Folder(files) => {
            ("proof", files.iter().map(|(path, bytes)| (format!("proof/{path}"), bytes.clone())).collect())
        }
    };
    for (path, bytes) in files {
        let path = place.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    name.to_owned()
}

/// The verdict of `verbale verify --json`.
fn verdict(made: &Made, place: &Path) -> String {
    let name = write(made, place);
    let output = verbale(place, &["verify", "--json", &name]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    });
    answer["verdict"].as_str().unwrap_or_else(|| panic!("no verdict: {answer}")).to_owned()
}

fn rows(ways: &[Way], folder: &Path, part: &str) -> Vec<Row> {
    let row = |(index, way): (usize, &Way)| {
        let verdict = verdict(&way.made, &folder.join(format!("{part}-{index}")));
        Row { name: way.name, verdict, said: said(&way.made) }
    };
    ways.iter().enumerate().map(row).collect()
}

/// The ways as the page is given them, in a file.
fn leave_for_the_page(ways: &[(&Way, &Row)], folder: &Path) {
    let case = |(way, row): &(&Way, &Row)| {
        let (kind, files) = match &way.made {
            Made::File(name, bytes) => ("file", vec![((*name).to_owned(), bytes.clone())]),
            Made::Folder(files) => ("folder", files.clone()),
        };
        let files: Vec<Value> =
            files.iter().map(|(path, bytes)| json!({"path": path, "base64": BASE64.encode(bytes)})).collect();
        json!({"name": way.name, "kind": kind, "files": files, "verdict": row.verdict})
    };
    fs::create_dir_all(folder).unwrap();
    let cases: Vec<Value> = ways.iter().map(case).collect();
    fs::write(folder.join("cases.json"), serde_json::to_vec(&json!({"cases": cases})).unwrap()).unwrap();
}

/// The page's column as the table has it.
fn in_the_table(table: &str) -> BTreeMap<String, String> {
    let cells = |line: &str| -> Option<(String, String)> {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        Some(((*cells.first()?).to_owned(), (*cells.get(2)?).to_owned()))
    };
    table.lines().filter_map(cells).collect()
}

const HEAD: &str = "\
# Packaging, and what becomes of it

Made by `tests/it/adversary/packaging.rs`, which does each of these {count} things to an honest proof, as people and programs do on
its way, and gives what comes of it to two readers. `VERBALE_WRITE_PACKAGING=1 cargo test --test it packaging::` writes
these tables anew. None of it is ever said to *fail*: that is for evidence that differs, not for its wrapping.

- `verify` is `verbale verify --json FILE`, without any key: *intact* is the best that it can say then.
- *page* is `verify.html`; — where it was not asked.
- The last column is what is said below the verdict.

The proof is judged as what it is, and what was done to it is named:

| what is done | `verify` | page | what is said |
|---|---|---|---|
";

const SPOILT: &str = "
The evidence is not judged, and what to do is said in a second line:

| what is done | `verify` | page | what is said |
|---|---|---|---|
";

fn table(harmless: &[Row], spoilt: &[Row], page: &BTreeMap<String, String>) -> String {
    let line = |row: &Row| {
        let page = page.get(row.name).map_or("—", String::as_str);
        let said = if row.said.is_empty() { "—" } else { &row.said };
        format!("| {} | {} | {page} | {} |\n", row.name, row.verdict, said.replace('|', "\\|").replace('<', "\\<"))
    };
    let lines = |rows: &[Row]| rows.iter().map(line).collect::<String>();
    let count = harmless.len() + spoilt.len();
    [&HEAD.replace("{count}", &count.to_string()), &lines(harmless), SPOILT, &lines(spoilt)].concat()
}

#[test]
fn nobody_is_accused_for_how_a_proof_was_packed() {
    let (harmless, spoilt) = (harmless::all(), spoilt::all());
    let names: BTreeSet<&str> = harmless.iter().chain(&spoilt).map(|way| way.name).collect();
    assert_eq!(names.len(), harmless.len() + spoilt.len(), "two ways have one name");
    assert!(60 <= names.len());
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let rows = [rows(&harmless, folder.path(), "harmless"), rows(&spoilt, folder.path(), "spoilt")];
    if let Some(place) = std::env::var_os("VERBALE_PACKAGING") {
        let all: Vec<_> = harmless.iter().chain(&spoilt).zip(rows.iter().flatten()).collect();
        leave_for_the_page(&all, Path::new(&place));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/PACKAGING.md");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let table = table(&rows[0], &rows[1], &in_the_table(&kept));
    if std::env::var_os("VERBALE_WRITE_PACKAGING").is_some() {
        fs::write(&path, &table).unwrap();
    } else {
        let differ: Vec<&str> = table.lines().filter(|line| !kept.lines().any(|old| old == *line)).collect();
        assert!(kept == table, "src/PACKAGING.md says something else than these lines:\n{}", differ.join("\n"));
    }
    for (rows, verdict) in rows.iter().zip([INTACT, NOT_READ]) {
        let wrong: Vec<String> = rows
            .iter()
            .filter(|row| row.verdict != verdict)
            .map(|row| format!("{}: {}, {}", row.name, row.verdict, row.said))
            .collect();
        assert!(wrong.is_empty(), "not {verdict}:\n{}", wrong.join("\n"));
    }
}

/// All that is judged are the very files that were handed out.
#[test]
fn what_is_judged_are_the_files_that_were_handed_out() {
    let handed_out = unzip(&ways::handed_out());
    let mut wrong = Vec::new();
    for way in harmless::all() {
        match found(&way.made) {
            Err(reason) => wrong.push(format!("{}: {reason}", way.name)),
            Ok(packed) => {
                let is_same = |name: &&String| packed.files.get(name) == Some(&handed_out[*name]);
                let others: Vec<&String> = handed_out.keys().filter(|name| !is_same(name)).collect();
                // The README is the one file that nothing vouches for.
                let is_right = others.is_empty() || (others == ["README.txt"] && way.name.contains("README"));
                if !is_right || handed_out.len() < packed.files.iter().count() {
                    wrong.push(format!("{}: {others:?}", way.name));
                }
            }
        }
    }
    wrong
        .extend(spoilt::all().iter().filter(|way| found(&way.made).is_ok()).map(|way| format!("{}: judged", way.name)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
