//! `verbale verify`: what a proof shows. It starts nothing, asks nobody unless it is told to, and takes a few
//! milliseconds.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::neighbours::{Counter, Site};
use super::online::{Asker, Online};
use super::{Failure, Output, failure, input, trust, verify_slip};
use crate::base::text;
use crate::note::ARCHIVE_BYTES_MAX;
use crate::verify::proof::{self, Report, Trust};

/// The exit statuses from the best to the worst: holds, could not be checked, does not hold, no proof.
const STATUSES: [u8; 4] = [0, failure::UNCHECKED, failure::FAILED, failure::UNUSABLE];

/// Check proofs: what holds, what fails, what was not checked
///
/// Reads the files and nothing else: no network, no configuration, no account. For each check one line says how it came
/// out; then follows what the proof shows and what it does not. A bad proof is an answer and no error.
///
/// With --online it also asks X whether the post stands there today, as the proof has it, and the recipient's post if the
/// proof has a receipt. What X does not answer is not checked.
///
/// A proof brings the log's public key with it. Whether that is the key of the log that you mean, only you can know:
/// give the key that you have from elsewhere with `--log`, or a policy that names logs and the witnesses that you trust.
///
/// With `--site` it reads the published log too, shows that it continues the proof's head, and counts other notes: those
/// before it in the same conversation, and those sealed within 24 hours before or after it; opened in public, and not.
///
/// Who received a note and its slip needs no proof: `--slip` and `--message` rebuild the commitment from their texts, to be
/// compared with the post.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale verify note-17.proof.zip
  verbale verify --log embassy.example/notes+23012f24+AVWppx9R… note-17.proof.zip
  verbale verify --online note-17.proof.zip
  verbale verify --site https://embassy.example/notes/ note-17.proof.zip
  verbale verify --slip slip.txt --message message.txt
  verbale verify --json *.zip | jq 'select(.status != 0) | .file'

Exit status:
  0 all that was checked holds, 1 something fails, 2 a file is no proof, 3 X or the published log was asked and gave no answer (of several files the worst)")]
pub struct Arguments {
    /// The proofs, zip files
    #[arg(value_name = "FILE", required_unless_present = "slip")]
    pub files: Vec<PathBuf>,

    /// The log's public key as you know it, a file that holds it, or a C2SP tlog-policy file
    #[arg(long, value_name = "KEY|POLICY")]
    pub log: Option<String>,

    /// The same of the recipient's log, for proofs with a receipt
    #[arg(long, value_name = "KEY|POLICY")]
    pub receipt_log: Option<String>,

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
    #[serde(flatten)]
    result: FileOutcome<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum FileOutcome<'a> {
    Report(&'a Report),
    Unreadable { status: u8, error: String },
}

/// Checks each file, and ends with the worst status.
///
/// # Errors
/// If the key cannot be read, or standard output cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let verify_slip::SlipAndMessage { slip: Some(slip), message: Some(message) } = &arguments.slip {
        return verify_slip::run(slip, message, &arguments.output);
    }
    let trusted = |given: &Option<String>| given.as_deref().map(trust::policy).transpose();
    let trust = Trust { log: trusted(&arguments.log)?, receipt_log: trusted(&arguments.receipt_log)? };
    let mut asker = Asker::new(&arguments.online)?;
    let counter = Counter::new(&arguments.site)?;
    let mut worst = 0;
    for file in &arguments.files {
        let result = check(file, &trust, asker.as_mut(), counter.as_ref());
        if arguments.output.json {
            write_json(file, &result)?;
        } else {
            write_text((arguments.files.len() > 1).then_some(file), &result)?;
        }
        let status = result.as_ref().map_or_else(failure::status, Report::exit_status);
        worst = worst.max(STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1));
    }
    Ok(ExitCode::from(STATUSES[worst]))
}

fn check(path: &Path, trust: &Trust, asker: Option<&mut Asker>, counter: Option<&Counter>) -> anyhow::Result<Report> {
    let zip = input::file(path, ARCHIVE_BYTES_MAX)?;
    let mut report = match asker {
        Some(asker) => proof::verify_online(&zip, trust, asker.ask(&zip)),
        None => proof::verify(&zip, trust),
    };
    if let (Ok(report), Some(counter)) = (&mut report, counter) {
        counter.count(&zip, trust, report);
    }
    report.map_err(|unreadable| Failure::of(format_args!("{}: ", path.display()), &unreadable).into())
}

fn write_json(file: &Path, result: &anyhow::Result<Report>) -> anyhow::Result<()> {
    let file = &*file.to_string_lossy();
    let result = match result {
        Ok(report) => FileOutcome::Report(report),
        Err(error) => FileOutcome::Unreadable { status: failure::status(error), error: failure::text(error) },
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &CheckedFile { file, result }).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Writes what was found, behind the name of the file if one is given.
fn write_text(heading: Option<&PathBuf>, result: &anyhow::Result<Report>) -> anyhow::Result<()> {
    match (result, heading) {
        (Ok(report), Some(file)) => {
            let file = text::visible(&file.display().to_string());
            io::stdout().write_all(format!("{file}: {report}\n\n").as_bytes())?;
        }
        (Ok(report), None) => io::stdout().write_all(report.to_string().as_bytes())?,
        (Err(error), _) => {
            failure::report(error);
        }
    }
    Ok(())
}
