//! Tampering, and who notices it: each kind is tried on an honest installation, and run through `verbale verify`, `verbale
//! audit` and the page that verifies. The table of it is `src/TAMPERING.md`.
//!
//! `VERBALE_WRITE_TAMPERING=1 cargo test --test it tampering::` writes the table anew; the page's column is made by the
//! page's own JavaScript, so that takes Node. Without it the columns of the program are compared with those in the table,
//! and the page's column is taken from there: `.ci/page` lets the page check the same files, which the test leaves in the
//! folder that `VERBALE_TAMPERING` names, and compares its column.

mod archives;
mod hands;
mod honest;
mod operator;
mod posts;
mod proofs;
mod published;
mod rules;
mod set;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::support::command::verbale;
use crate::support::fixture::{Files, key, recipients_key};
use crate::support::parallel::in_parallel;
use hands::{HONEST, Kind};
use set::Set;

/// Looked at, and nothing fails; not looked at, since nothing of it was changed; there is no hash where a post should be.
const HOLDS: &str = "holds";
const NOT_LOOKED_AT: &str = "—";
const NOT_ALL_READ: &str = "not all read";
const NOTHING_THERE: &str = "nothing to compare";

/// A kind with what it makes of the honest set.
struct Case {
    kind: Kind,
    set: Set,
    /// Why nobody notices, if so.
    unseen: Option<&'static str>,
    is_tolerated: bool,
}

/// What each of the three makes of a case.
#[derive(Clone, Default)]
struct Row {
    verify: String,
    audit: String,
    page: String,
}

impl Row {
    fn is_caught(&self) -> bool {
        [&self.verify, &self.audit, &self.page]
            .iter()
            .any(|cell| ![HOLDS, NOT_LOOKED_AT, NOTHING_THERE].contains(&cell.as_str()))
    }
}

fn cases(honest: &Set) -> Vec<Case> {
    let caught = [published::all(), operator::all(), rules::all(), posts::all(), proofs::all(), archives::all()]
        .into_iter()
        .flatten();
    let case = |kind: Kind, unseen, is_tolerated| {
        let mut set = honest.clone();
        (kind.tamper)(&mut set);
        Case { kind, set, unseen, is_tolerated }
    };
    let mut all: Vec<Case> = caught.map(|kind| case(kind, None, false)).collect();
    all.extend(honest::unseen().into_iter().map(|(kind, why)| case(kind, Some(why), false)));
    all.extend(honest::tolerated().into_iter().map(|kind| case(kind, None, true)));
    all
}

impl Case {
    /// Nothing was changed: then all is looked at.
    fn is_honest(&self) -> bool {
        self.kind.name == "nothing"
    }

    fn changed_proofs<'a>(&'a self, honest: &'a Set) -> impl Iterator<Item = (u64, &'a [u8])> {
        let changed = |(note, zip): &(&u64, &Vec<u8>)| self.is_honest() || honest.proofs[note] != **zip;
        self.set.proofs.iter().filter(changed).map(|(note, zip)| (*note, zip.as_slice()))
    }

    /// What the page is given, or nothing if it is what it was.
    fn for_the_page(&self, honest: &Set) -> Value {
        let is_changed = |note: &u64| {
            self.is_honest()
                || honest.proofs[note] != self.set.proofs[note]
                || honest.pasted(*note) != self.set.pasted(*note)
                || honest.name_over(*note) != self.set.name_over(*note)
        };
        let proofs = self.set.proofs.iter().filter(|(note, _)| is_changed(note));
        let case = |(note, zip): (&u64, &Vec<u8>)| json!({"zip": BASE64.encode(zip), "pasted": self.set.pasted(*note), "name": self.set.name_over(*note)});
        let proofs = proofs.map(case);
        let is_loose = self.is_honest() || honest.loose != self.set.loose;
        let loose = self.set.loose.iter().filter(|_| is_loose);
        let loose = loose.map(|(name, bytes)| json!({"name": name, "base64": BASE64.encode(bytes)}));
        json!({"name": self.kind.name, "proofs": proofs.collect::<Vec<_>>(), "loose": loose.collect::<Vec<_>>()})
    }

    fn is_for_the_audit(&self, honest: &Set) -> bool {
        let Set { log, since, posts, .. } = &self.set;
        self.is_honest() || *log != honest.log || *since != honest.since || *posts != honest.posts
    }
}

/// The names of checks as they stand in the table.
fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { HOLDS.to_owned() } else { names.join(", ") }
}

fn failing(report: &Value) -> Vec<String> {
    let name = |check: &Value| {
        let name = check["name"].as_str().unwrap();
        match check["outcome"].as_str().unwrap() {
            "fails" => Some(name.to_owned()),
            "void" => Some(format!("{name} (void)")),
            _ => None,
        }
    };
    report["checks"].as_array().unwrap().iter().filter_map(name).collect()
}

/// The column of `verify`: all proofs at once.
fn verify(cases: &[Case], honest: &Set, folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        for (note, zip) in case.changed_proofs(honest) {
            names.push(format!("{index}-{note}.zip"));
            fs::write(folder.join(&names[names.len() - 1]), zip).unwrap();
        }
    }
    let (vkey, receipt) = (key().vkey().to_string(), recipients_key().vkey().to_string());
    let mut arguments = vec!["verify", "--json", "--log", &vkey, "--receipt-log", &receipt];
    arguments.extend(names.iter().map(String::as_str));
    let output = verbale(folder, &arguments).stdout;
    let answers: HashMap<String, Value> = String::from_utf8(output)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|answer: Value| (answer["file"].as_str().unwrap().to_owned(), answer))
        .collect();
    assert_eq!(answers.len(), names.len());
    let cell = |(index, case): (usize, &Case)| {
        let answers = case.changed_proofs(honest).map(|(note, _)| &answers[&format!("{index}-{note}.zip")]);
        let answers: Vec<&Value> = answers.collect();
        match answers.as_slice() {
            [] => NOT_LOOKED_AT.to_owned(),
            answers if answers.iter().any(|answer| answer["status"] == 2) => "not read".to_owned(),
            answers => {
                let mut names: Vec<String> = answers.iter().flat_map(|answer| failing(answer)).collect();
                let mut seen = BTreeSet::new();
                names.retain(|name| seen.insert(name.clone()));
                listed(&names)
            }
        }
    };
    cases.iter().enumerate().map(cell).collect()
}

/// What the audit says of one case.
fn audit(set: &Set, folder: &Path) -> String {
    write_all(&set.log, &folder.join("log"));
    fs::write(folder.join("seen.head"), &set.since).unwrap();
    fs::write(folder.join("posts.json"), set.posts_file()).unwrap();
    let vkey = key().vkey().to_string();
    let arguments = ["audit", "--json", "--log", &vkey, "--since", "seen.head", "--posts", "posts.json", "log"];
    let output = verbale(folder, &arguments);
    let status = output.status.code().unwrap();
    if output.stdout.is_empty() {
        let said = String::from_utf8(output.stderr).unwrap();
        assert!([2, 3].contains(&status) && said.lines().count() == 2, "{status}: {said}");
        return "not read".to_owned();
    }
    let failing = failing(&serde_json::from_slice(&output.stdout).unwrap());
    if failing.is_empty() && status == 3 {
        return NOT_ALL_READ.to_owned();
    }
    assert_eq!(status, i32::from(!failing.is_empty()));
    listed(&failing)
}

fn write_all(files: &Files, folder: &Path) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The column of `audit`: a process a case.
fn audits(cases: &[Case], honest: &Set, folder: &Path) -> Vec<String> {
    let cells = Mutex::new(vec![NOT_LOOKED_AT.to_owned(); cases.len()]);
    let numbered: Vec<(usize, &Case)> = cases.iter().enumerate().collect();
    let ended = in_parallel(2, &numbered, |(index, case)| {
        if case.is_for_the_audit(honest) {
            let place = folder.join(format!("audit-{index}"));
            fs::create_dir(&place).unwrap();
            let cell = audit(&case.set, &place);
            cells.lock().unwrap()[*index] = cell;
        }
    });
    for (case, ended) in cases.iter().zip(&ended) {
        assert_eq!(ended, "ok", "{}", case.kind.name);
    }
    cells.into_inner().unwrap()
}

/// The cases as the page is given them, in a file.
fn leave_for_the_page(cases: &[Case], honest: &Set, folder: &Path) {
    let all: Vec<Value> = cases.iter().map(|case| case.for_the_page(honest)).collect();
    let all = json!({
        "vkey": key().vkey().to_string(),
        "receiptVkey": recipients_key().vkey().to_string(),
        "cases": all,
    });
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("cases.json"), serde_json::to_vec(&all).unwrap()).unwrap();
}

/// The page's column, by the page's own JavaScript.
fn by_the_page(folder: &Path) -> BTreeMap<String, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page/tampering.mjs");
    let output =
        Command::new("node").args([script, "--print"]).arg(folder).output().expect("Node is needed to write the table");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The page's column as the table has it.
fn in_the_table(table: &str) -> BTreeMap<String, String> {
    let cells = |line: &str| -> Option<(String, String)> {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        Some(((*cells.first()?).to_owned(), (*cells.get(4)?).to_owned()))
    };
    table.lines().filter_map(cells).collect()
}

/// What must be true of a row, whatever the table says.
fn check(case: &Case, row: &Row, honest: &Set) {
    let name = case.kind.name;
    let is_quiet = case.is_tolerated || case.unseen.is_some();
    assert_eq!(row.is_caught(), !is_quiet, "{name}: {} / {} / {}", row.verify, row.audit, row.page);
    if case.is_honest() {
        assert!([&row.verify, &row.audit, &row.page].iter().all(|cell| *cell == HOLDS), "{}", row.page);
    }
    // The page is a second implementation of `verify`.
    let is_given_more = honest.loose != case.set.loose || row.verify == NOT_LOOKED_AT;
    let pasted = format!("{}, `pasted post`", row.verify);
    if !is_given_more && row.page != row.verify && row.page != pasted {
        assert_eq!((row.verify.as_str(), row.page.as_str()), (HOLDS, "`pasted post`"), "{name}");
    }
}

const HEAD: &str = "\
# Tampering, and who notices it

Made by `tests/it/adversary/tampering.rs`, which does each of these things to an honest installation (300 notes, their posts, two proofs
and a receipt), and gives what comes of it to three readers. `VERBALE_WRITE_TAMPERING=1 cargo test --test it tampering::`
writes these tables anew.

- `verify` is `verbale verify --log KEY --receipt-log KEY PROOF`.
- `audit` is `verbale audit --log KEY --since HEAD --posts FILE LOG`, with a head and with posts that the reader has collected.
- *page* is `verify.html` with both keys in their fields, the post's text as it stands on the platform pasted beside the
  proof, and the name over it said. It shares no code with the program.

A cell has the checks that fail, and those of extras that count for nothing (void). *not read*: what was changed cannot be
judged. *not all read*: nothing fails, the audit says what it could not read or compare, and its status is 3, not 0. *holds*: the
reader has looked at what was changed, and nothing fails. —: nothing that it looks at was changed. *nothing to compare*: the page
says that no hash was pasted; where it is no whole post that was pasted, it compares the hash in it alone.

Each of the following {count} things is noticed by one of the three at least.

| what is done | by whom | `verify` | `audit` | page |
|---|---|---|---|---|
";

const UNSEEN: &str = "
Nothing fails here, since these files alone cannot show it.

| what is done | by whom | `verify` | `audit` | page | why |
|---|---|---|---|---|---|
";

const TOLERATED: &str = "
And this is no tampering: nobody may take it for such.

| what is done | by whom | `verify` | `audit` | page |
|---|---|---|---|---|
";

fn table(cases: &[Case], rows: &[Row]) -> String {
    let line = |(case, row): (&Case, &Row)| {
        let why = case.unseen.map(|why| format!(" {why} |")).unwrap_or_default();
        let by = if case.is_honest() { "nobody" } else { case.kind.by.words() };
        format!("| {} | {by} | {} | {} | {} |{why}\n", case.kind.name, row.verify, row.audit, row.page)
    };
    let part = |is_in: &dyn Fn(&Case) -> bool| -> String {
        cases.iter().zip(rows).filter(|(case, _)| is_in(case)).map(line).collect()
    };
    let count = cases.iter().filter(|case| !case.is_tolerated && case.unseen.is_none()).count();
    [
        &HEAD.replace("{count}", &count.to_string()),
        &part(&|case| !case.is_tolerated && case.unseen.is_none()),
        UNSEEN,
        &part(&|case| case.unseen.is_some()),
        TOLERATED,
        &part(&|case| case.is_tolerated),
    ]
    .concat()
}

#[test]
fn whatever_is_tampered_with_somebody_notices_it() {
    let honest = HONEST.set();
    let cases = cases(&honest);
    let names: BTreeSet<&str> = cases.iter().map(|case| case.kind.name).collect();
    assert_eq!(names.len(), cases.len(), "two kinds have one name");
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let verify = verify(&cases, &honest, folder.path());
    let audit = audits(&cases, &honest, folder.path());
    let page = folder.path().join("page");
    leave_for_the_page(&cases, &honest, &page);
    if let Some(place) = std::env::var_os("VERBALE_TAMPERING") {
        leave_for_the_page(&cases, &honest, Path::new(&place));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/TAMPERING.md");
    let is_written = std::env::var_os("VERBALE_WRITE_TAMPERING").is_some();
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let page = if is_written { by_the_page(&page) } else { in_the_table(&kept) };
    let row = |(case, (verify, audit)): (&Case, (String, String))| {
        let page = page.get(case.kind.name).cloned().unwrap_or_else(|| "not in the table".to_owned());
        Row { verify, audit, page }
    };
    let rows: Vec<Row> = cases.iter().zip(verify.into_iter().zip(audit)).map(row).collect();
    let table = table(&cases, &rows);
    if is_written {
        fs::write(&path, &table).unwrap();
    } else {
        let differ: Vec<&str> = table.lines().filter(|line| !kept.lines().any(|old| old == *line)).collect();
        assert!(kept == table, "src/TAMPERING.md says something else than these lines:\n{}", differ.join("\n"));
    }
    cases.iter().zip(&rows).for_each(|(case, row)| check(case, row, &honest));
    assert!(40 <= rows.iter().filter(|row| row.is_caught()).count());
}

/// The files that are tampered with are those that the program publishes.
#[test]
fn the_honest_log_is_what_the_program_publishes() {
    let place = tempfile::tempdir().unwrap();
    let mut folder =
        verbale::tasks::publish::Folder::open(place.path(), crate::support::site_fixture::settings(&key())).unwrap();
    folder.take(HONEST.log.iter().map(verbale::tlog::entry::Entry::to_line).collect());
    while !folder.is_current() {
        folder.write(&set::head(&HONEST.log, &key())).unwrap();
    }
    for (name, bytes) in set::files(&HONEST.log, &key()) {
        assert!(fs::read(place.path().join(&name)).unwrap() == bytes, "{name}");
    }
}
