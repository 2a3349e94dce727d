//! `verbale verify`: what a proof shows. It starts nothing, asks nobody unless it is told to, and takes a few
//! milliseconds.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::evidence::{self, Evidence, Unread};
use super::neighbours::{Counter, Site};
use super::online::{self, Asker, Online};
use super::{Failure, Output, failure, input, trust, verify_slip, written};
use crate::base::clock::Clock;
use crate::base::ids::AccountName;
use crate::base::text;
use crate::base::time::Time;
use crate::tlog::signed_note::{self, SignedNote};
use crate::verify::proof::{self, Report, Trust};

/// The exit statuses from the best to the worst: proven, intact, no answer, not read, fails.
const STATUSES: [u8; 5] = [0, failure::INTACT, failure::UNCHECKED, failure::UNUSABLE, failure::FAILED];

/// Check proofs: proven, intact, fails, or not read
///
/// Reads what is given and nothing else: no network unless you ask for it, no configuration, no account. The first line is the
/// verdict, and says what to do next; for each check one line says how it came out; then follows what the proof shows and what
/// it does not. A bad proof is an answer and no error.
///
/// Anybody can make a proof in which everything fits. It is proven only if two things are tied to something outside of the
/// file. Who: a key that you have from elsewhere (--log), or the post, seen today under the sender's name (--online). By when:
/// that post, the witnesses of a policy (--log), or a head of this log that you kept earlier (--head).
///
/// With --online it asks X whether the post stands there today, as the proof has it, and the recipient's post if the proof has a
/// receipt. What X does not answer is not checked.
///
/// With `--site` it reads the published log too, shows that it continues the proof's head, and counts other notes: those before
/// it in the same conversation, and those that were sealed and never opened.
///
/// Who received a note and its slip needs no proof: `--slip` and `--message` rebuild the commitment from their texts, to be
/// compared with the post.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale verify --online note-17.proof.zip
  verbale verify --log embassy.example/notes+23012f24+AVWppx9R… --head embassy.head note-17.proof.zip
  verbale verify --site https://embassy.example/notes/ note-17.proof.zip
  verbale verify unpacked-folder/
  verbale verify --slip slip.txt --message message.txt
  verbale verify --json *.zip | jq 'select(.verdict != \"proven\") | .file'

Exit status:
  0 proven, 4 intact but not proven yet, 1 fails, 2 not read, 3 asked and no answer: try again (of several the worst, in the order 1, 2, 3, 4, 0)")]
pub struct Arguments {
    /// The proofs: archives, a folder, single files out of one proof, `-` for standard input, or an address
    #[arg(value_name = "FILE|DIR|URL", required_unless_present = "slip")]
    pub files: Vec<PathBuf>,

    /// The log's public key as you know it, a file that holds it, or a C2SP tlog-policy file
    #[arg(long, value_name = "KEY|POLICY")]
    pub log: Option<String>,

    /// The same of the recipient's log, for proofs with a receipt
    #[arg(long, value_name = "KEY|POLICY")]
    pub receipt_log: Option<String>,

    /// A signed head of the log that you kept at an earlier time, as `audit --since` keeps it
    #[arg(long, value_name = "FILE")]
    pub head: Option<PathBuf>,

    /// The name that the sender's account has now, if you know that it was renamed
    #[arg(long, value_name = "NAME", requires = "online", value_parser = online::name)]
    pub account: Option<AccountName>,

    /// Whether to ask X too.
    #[command(flatten)]
    pub online: Online,

    /// Whether to count other notes.
    #[command(flatten)]
    pub site: Site,

    /// A slip and its message.
    #[command(flatten)]
    pub slip: verify_slip::SlipAndMessage,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// The answer about one file, as `--json` writes it, one a line.
#[derive(Serialize)]
struct CheckedFile<'a> {
    file: &'a str,
    sha256: Option<String>,
    size: Option<usize>,
    /// When it was checked, by this machine's clock.
    checked: Time,
    #[serde(flatten)]
    report: &'a Report,
}

/// Checks each file, and ends with the worst status.
///
/// # Errors
/// If the key cannot be read, or standard output cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let verify_slip::SlipAndMessage { slip: Some(slip), message: Some(message) } = &arguments.slip {
        return verify_slip::run(slip, message, &arguments.output);
    }
    let trust = trusted(arguments)?;
    let mut asker = Asker::new(&arguments.online)?;
    let counter = Counter::new(&arguments.site)?;
    let (mut worst, mut is_read) = (0, true);
    for evidence in evidence::all(&arguments.files) {
        let report = check(&evidence, &trust, asker.as_mut(), counter.as_ref());
        if is_read {
            is_read = written(write(&evidence, &report, &arguments.output))?;
        }
        let status = report.exit_status();
        worst = worst.max(STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1));
    }
    Ok(ExitCode::from(STATUSES[worst]))
}

fn trusted(arguments: &Arguments) -> anyhow::Result<Trust> {
    let policy = |given: &Option<String>| given.as_deref().map(trust::policy).transpose();
    let head = arguments.head.as_deref().map(kept).transpose()?;
    Ok(Trust {
        log: policy(&arguments.log)?,
        receipt_log: policy(&arguments.receipt_log)?,
        head,
        account: arguments.account.clone(),
    })
}

/// The head in a file, whatever an editor did to its line ends.
fn kept(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = trust::as_written(&input::bytes(path, signed_note::BYTES_MAX as u64)?);
    let what = |error| format!("{} is no head of a log: {error}", path.display());
    let remedy =
        "give the file that `audit --since` keeps, or the file checkpoint of the published log as you saved it";
    SignedNote::parse(&bytes).map_err(|error| Failure::unusable(what(error), remedy))?;
    Ok(bytes)
}

fn check(evidence: &Evidence, trust: &Trust, asker: Option<&mut Asker>, counter: Option<&Counter>) -> Report {
    let packed = match &evidence.packed {
        Ok(packed) => packed,
        Err(Unread::NoProof(why)) => return Report::not_read(why),
        Err(Unread::NoAnswer(why)) => return Report::no_answer(why),
    };
    let mut report = proof::check(packed, trust, asker.map(|asker| asker.ask(&packed.files)));
    if let Some(counter) = counter {
        counter.count(&packed.files, trust, &mut report);
    }
    report
}

/// Writes what was found: a line of JSON, or the report behind the name of the file.
fn write(evidence: &Evidence, report: &Report, output: &Output) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (sha256, size) = evidence.digest.map(|(hash, size)| (hash.to_string(), size)).unzip();
    let checked = Clock::system().now();
    if output.json {
        let line = CheckedFile { file: &evidence.name, sha256, size, checked, report };
        serde_json::to_writer(&mut out, &line)?;
        return out.write_all(b"\n");
    }
    writeln!(out, "{}", text::visible(&evidence.name))?;
    if let (Some(sha256), Some(size)) = (sha256, size) {
        writeln!(out, "  {size} bytes, sha256 {sha256}")?;
    }
    write!(out, "  checked {checked}\n\n{report}\n")
}
