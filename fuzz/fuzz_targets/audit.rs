//! A whole log, one entry a line: its audit ends in a report, finds root, tiles and log.txt right, and says the same if it was
//! interrupted after every file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::base::ids::Origin;
use verbale::base::time::Time;
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::tile::{self, Kind, TilePath};
use verbale::tlog::tree::{Tree, leaf_hash};
use verbale::verify::check::Outcome;
use verbale::verify::log::{Audit, Outside, Report, plan};

/// Two bundles, and a part of a third.
const ENTRIES_MAX: usize = 600;

/// When the log is audited.
const NOW_MS: i64 = 1_800_000_000_000;

struct Log<'a> {
    entries: Vec<&'a [u8]>,
    tree: Tree,
    text: Vec<u8>,
}

fuzz_target!(|bytes: &[u8]| {
    let entries: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').take(ENTRIES_MAX).collect();
    let is_publishable = tile::bundle(entries.iter().copied()).is_ok();
    if !is_publishable {
        return;
    }
    let mut log = Log { entries: Vec::new(), tree: Tree::new(), text: Vec::new() };
    for (index, entry) in entries.iter().enumerate() {
        log.tree.push(leaf_hash(entry));
        log.text.extend_from_slice(format!("{index} ").as_bytes());
        log.text.extend_from_slice(entry);
    }
    log.entries = entries;
    let report = audit(&log, |_| {});
    for check in report.checks.iter().filter(|check| ["root", "tiles", "log.txt", "since"].contains(&check.name)) {
        assert!(check.outcome == Outcome::Holds, "{report}");
    }
    let stored = |audit: &mut Audit| *audit = serde_json::from_str(&serde_json::to_string(audit).unwrap()).unwrap();
    assert_eq!(audit(&log, stored), report);
});

fn audit(log: &Log<'_>, interrupt: impl Fn(&mut Audit)) -> Report {
    let (size, root) = (log.tree.len(), log.tree.root());
    let head = Checkpoint { origin: Origin::parse("embassy.example").unwrap(), size, root };
    let earlier = Checkpoint { size: size / 2, root: log.tree.root_at(size / 2).unwrap(), ..head.clone() };
    let mut audit = Audit::new(Some(&earlier));
    audit.tell_texts();
    audit.compare_log_text();
    for path in plan(0, size).flatten() {
        assert!(audit.take(path, Some(&log.file(path))).is_continue(), "{path}");
        audit.seen();
        let (read, due) = audit.log_text_due();
        if 0 < due {
            audit.take_log_text(&log.text[read as usize..][..due]);
        }
        interrupt(&mut audit);
    }
    audit.report(&head, Time::from_ms(NOW_MS), None, Outside::default())
}

impl Log<'_> {
    /// What is published at this path.
    fn file(&self, path: TilePath) -> Vec<u8> {
        let start = path.start() as usize;
        match path.kind() {
            Kind::Entries => tile::bundle(self.entries[start..][..path.width().into()].iter().copied()).unwrap(),
            Kind::Hashes(_) => path.hashes(&self.tree).unwrap(),
        }
    }
}
