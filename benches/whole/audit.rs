//! The audit of a whole published log in a folder, beside a Go program that does the same work with `sumdb/tlog`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use wait4::Wait4;

use crate::machine::{Row, Times};
use crate::{place, published};

const ENTRIES: u64 = 1_000_000;

/// Lengths at which the memory shows whether it grows with the log.
const SIZES: [u64; 3] = [100_000, ENTRIES, 4 * ENTRIES];

const ROUNDS: usize = 15;

/// Where Debian's packages put Go's libraries.
const GO_LIBRARIES: &str = "/usr/share/gocode";

/// What one process took.
struct Run {
    wall: Duration,
    /// On all cores, in the program and in the kernel.
    processor: Duration,
    /// The most memory that was resident at once.
    peak_bytes: u64,
}

/// A program that audits the folder which is its last argument.
struct Auditor {
    name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
    runs: Vec<Run>,
}

impl Auditor {
    fn new(name: &'static str, program: PathBuf, arguments: &'static [&'static str]) -> Auditor {
        Auditor { name, program, arguments, runs: Vec::new() }
    }

    fn run(&self, log: &Path) -> anyhow::Result<Run> {
        let mut command = Command::new(&self.program);
        command.args(self.arguments).arg(log).stdin(Stdio::null()).stdout(Stdio::null());
        let begun = Instant::now();
        let ended = command.spawn().and_then(|mut process| process.wait4());
        let wall = begun.elapsed();
        let ended = ended.with_context(|| format!("cannot run {}", self.program.display()))?;
        ensure!(ended.status.success(), "{} ended with {}", self.name, ended.status);
        let used = ended.rusage;
        Ok(Run { wall, processor: used.utime + used.stime, peak_bytes: used.maxrss })
    }

    /// Time, speed and memory of all runs.
    fn told(&self) -> String {
        let wall = Times::of(self.runs.iter().map(|run| run.wall).collect());
        let processor = Times::of(self.runs.iter().map(|run| run.processor).collect());
        let rate = |times: &Times| ENTRIES as f64 / times.ms(0.5) / 1e3;
        let peak = self.runs.iter().map(|run| run.peak_bytes).max().unwrap_or_default();
        format!(
            "{} in {}: {:.2} M/s; processor {}: {:.2} M/s and core; peak {}",
            self.name,
            wall.median(),
            rate(&wall),
            processor.median(),
            rate(&processor),
            mb(peak)
        )
    }
}

/// The Go program of the tests, built into the folder `dir`: at no more than usual priority, since Go's tools would take the
/// machine from everybody else.
fn built(dir: &Path) -> anyhow::Result<PathBuf> {
    let program = dir.join("audit-in-go");
    let mut go = Command::new("chrt");
    go.current_dir(env!("CARGO_MANIFEST_DIR")).args(["--other", "0", "go", "build", "-o"]).arg(&program);
    go.arg("./tests/go/audit");
    go.env("GOPATH", GO_LIBRARIES).env("GOCACHE", dir.join("go-cache"));
    go.envs([("GO111MODULE", "off"), ("GOPROXY", "off"), ("GOFLAGS", "")]);
    let status = go.status().context("there is no `chrt`")?;
    ensure!(
        status.success(),
        "`go build` ended with {status}: golang-go and golang-golang-x-mod-dev are Debian's packages"
    );
    Ok(program)
}

fn mb(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Measures.
pub fn rows() -> anyhow::Result<Vec<Row>> {
    let folder = place::folder()?;
    let log = |size: u64| folder.path().join(size.to_string());
    let mut auditors = vec![Auditor::new("`verbale audit`", place::PROGRAM.into(), &["audit"])];
    match built(folder.path()) {
        Ok(program) => auditors.push(Auditor::new("Go's `sumdb/tlog`", program, &[])),
        Err(error) => eprintln!("skipped: the audit in Go ({error:#})"),
    }
    let mut peaks = vec![String::new(); auditors.len()];
    for size in SIZES {
        published::write(&log(size), size)?;
        for (auditor, peaks) in auditors.iter().zip(&mut peaks) {
            let run = auditor.run(&log(size)).with_context(|| format!("at {size} entries"))?;
            *peaks += &format!("{}{}", if peaks.is_empty() { "" } else { " / " }, mb(run.peak_bytes));
        }
    }
    // Each in turn, so that whatever else the machine does meets all of them alike; the files are in memory by now.
    for _ in 0..ROUNDS {
        for auditor in &mut auditors {
            auditor.runs.push(auditor.run(&log(ENTRIES))?);
        }
    }
    let mut told = auditors.iter().map(Auditor::told);
    let (ours, others) = (told.next().context("we are the first")?, told.collect());
    let mut peaks = auditors.iter().zip(peaks).map(|(auditor, peaks)| format!("{} {peaks}", auditor.name));
    let (ours_peak, others_peak) = (peaks.next().context("we are the first")?, peaks.collect());
    Ok(vec![
        Row {
            work: format!("audit of a log of {ENTRIES} entries, a whole process"),
            others,
            ours,
            target: "≥ 2.5 M/s and core",
        },
        Row {
            work: format!("audit: most memory resident, {SIZES:?} entries"),
            others: others_peak,
            ours: ours_peak,
            target: "< 64 MB",
        },
    ])
}
