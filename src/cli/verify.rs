//! `verbale verify`: what a proof shows. Starts nothing, asks nobody, and is done in a few milliseconds.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::{Failure, Output, failure, input, verify_slip};
use crate::log::signed_note::VerifierKey;
use crate::opening::ARCHIVE_BYTES_MAX;
use crate::text;
use crate::verify::{self, Report, Trust};

/// The exit statuses from the best to the worst: holds, could not be checked, does not hold, no proof.
const STATUSES: [u8; 4] = [0, failure::UNCHECKED, failure::FAILED, failure::UNUSABLE];

/// The largest file of a public key, in bytes.
const KEY_BYTES_MAX: u64 = 1024;

/// Check proofs: what holds, what fails, what was not checked
///
/// Reads the files and nothing else: no network, no configuration, no account. For each check one line says how it came
/// out; then follows what the proof shows and what it does not. A bad proof is an answer and no error.
///
/// A proof brings the log's public key with it. Whether that is the key of the log that you mean, only you can know:
/// give the key that you have from elsewhere with `--log`.
///
/// Who received a note and its slip needs no proof: `--slip` and `--message` rebuild the commitment from their texts, to be
/// compared with the post.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale verify note-17.proof.zip
  verbale verify --log embassy.example/notes+23012f24+AVWppx9R… note-17.proof.zip
  verbale verify --slip slip.txt --message message.txt
  verbale verify --json *.zip | jq 'select(.status != 0) | .file'

Exit status:
  0 all that was checked holds, 1 something fails, 2 a file is no proof (of several files the worst)")]
pub struct Arguments {
    /// The proofs, zip files
    #[arg(value_name = "FILE", required_unless_present = "slip")]
    pub files: Vec<PathBuf>,

    /// The log's public key as you know it, or a file that holds it
    #[arg(long, value_name = "KEY|FILE")]
    pub log: Option<String>,

    /// The public key of the recipient's log, as you know it, for proofs with a receipt
    #[arg(long, value_name = "KEY|FILE")]
    pub receipt_log: Option<String>,

    /// A slip and its message.
    #[command(flatten)]
    pub slip: verify_slip::SlipAndMessage,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// The answer about one file, as `--json` writes it, one a line.
#[derive(Serialize)]
struct Answer<'a> {
    file: &'a str,
    #[serde(flatten)]
    result: Outcome<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'a> {
    Report(&'a Report),
    Unreadable { status: u8, error: String },
}

/// Checks each file, and ends with the worst status.
///
/// # Errors
/// If the key cannot be read, or standard output cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let verify_slip::SlipAndMessage { slip: Some(slip), message: Some(message) } = &arguments.slip {
        return verify_slip::run(slip, message, arguments.output.json);
    }
    let key = |given: &Option<String>| given.as_deref().map(log_key).transpose();
    let trust = Trust { log: key(&arguments.log)?, receipt_log: key(&arguments.receipt_log)? };
    let mut worst = 0;
    for file in &arguments.files {
        let result = check(file, &trust);
        if arguments.output.json {
            write_json(file, &result)?;
        } else {
            write_text(file, &result, arguments.files.len() > 1)?;
        }
        let status = result.as_ref().map_or_else(failure::status, Report::exit_status);
        worst = worst.max(STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1));
    }
    Ok(ExitCode::from(STATUSES[worst]))
}

fn check(path: &Path, trust: &Trust) -> anyhow::Result<Report> {
    let zip = input::file(path, ARCHIVE_BYTES_MAX)?;
    let report = verify::verify(&zip, trust);
    report.map_err(|unreadable| {
        let text = unreadable.to_string();
        let (what, remedy) = text.split_once('\n').unwrap_or((&text, ""));
        Failure::unusable(format!("{}: {what}", path.display()), remedy).into()
    })
}

/// The key itself, or the one in the file of that name.
pub(super) fn log_key(text: &str) -> anyhow::Result<VerifierKey> {
    if let Ok(key) = VerifierKey::parse(text) {
        return Ok(key);
    }
    let remedy = "copy it from where the log's owner published it: NAME+8 hex digits+base64, or a file with that line";
    if !Path::new(text).exists() {
        let what = format!("`{text}` is neither a log's public key nor a file");
        return Err(Failure::unusable(what, remedy).into());
    }
    let bytes = input::file(Path::new(text), KEY_BYTES_MAX)?;
    let line = String::from_utf8_lossy(&bytes);
    VerifierKey::parse(line.trim())
        .map_err(|error| Failure::unusable(format!("{text} does not hold a log's public key: {error}"), remedy).into())
}

fn write_json(file: &Path, result: &anyhow::Result<Report>) -> anyhow::Result<()> {
    let file = &*file.to_string_lossy();
    let result = match result {
        Ok(report) => Outcome::Report(report),
        Err(error) => Outcome::Unreadable { status: failure::status(error), error: failure::text(error) },
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &Answer { file, result }).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

fn write_text(file: &Path, result: &anyhow::Result<Report>, heading: bool) -> anyhow::Result<()> {
    match result {
        Ok(report) if heading => {
            let file = text::visible(&file.display().to_string());
            io::stdout().write_all(format!("{file}: {report}\n\n").as_bytes())?;
        }
        Ok(report) => io::stdout().write_all(report.to_string().as_bytes())?,
        Err(error) => {
            failure::report(error);
        }
    }
    Ok(())
}
