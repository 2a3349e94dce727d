//! `verbale verify --slip`: what a slip and the message that it is about commit to.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::{Failure, Output, input};
use crate::note::content::CONTENT_BYTES_MAX;
use crate::note::slip::SLIP_BYTES_MAX;
use crate::verify::proof::{self, Report};

/// A slip with `< > &` as the platform writes them, and a line end.
const FILE_BYTES_MAX: u64 = 5 * SLIP_BYTES_MAX as u64 + 16;

/// The slip and the message, in place of proofs.
#[derive(clap::Args)]
pub struct SlipAndMessage {
    /// A slip's text, in a file: checked with the message that it is about, in place of proofs
    #[arg(long, value_name = "SLIPFILE", requires = "message", conflicts_with_all = ["files", "log", "receipt_log", "online"])]
    pub slip: Option<PathBuf>,

    /// The message's text, in a file
    #[arg(long, value_name = "FILE", requires = "slip")]
    pub message: Option<PathBuf>,
}

/// The answer, as `--json` writes it.
#[derive(Serialize)]
struct CheckedSlip<'a> {
    file: &'a str,
    #[serde(flatten)]
    report: &'a Report,
}

/// Rebuilds the commitment, and reports.
///
/// # Errors
/// If a file cannot be read, or is no slip.
pub fn run(slip: &Path, message: &Path, output: &Output) -> anyhow::Result<ExitCode> {
    let text = input::text(slip, FILE_BYTES_MAX)?;
    let message = input::text(message, CONTENT_BYTES_MAX as u64)?;
    let report = proof::slip(&text, &message);
    let report = report.map_err(|error| Failure::of(format_args!("{}: ", slip.display()), &error))?;
    let mut out = io::stdout().lock();
    if output.json {
        let file = &*slip.to_string_lossy();
        writeln!(out, "{}", serde_json::to_string(&CheckedSlip { file, report: &report })?)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(ExitCode::from(report.exit_status()))
}
