//! `verbale notes`: what was sealed.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::{Installation, Output};
use crate::app::config::Config;
use crate::note::standing::Standing;
use crate::store::Reader;
use crate::tasks::survey::unreached;
use crate::wording::standing::{NO_NOTE_YET, NOT_POSTED};

/// Notes read from the database at a time.
const PAGE: u64 = 1000;

/// List the notes that were sealed, and where each was posted
///
/// One line a note: number, time, commitment, post. All of it is public; what a note says is not shown. At the end, which
/// correspondents take no messages from this account, and since when, as far as X says.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale notes --config notes/config.toml
  verbale notes --last 5
  verbale notes --json | jq -r 'select(.post == null) | .note'      those not posted yet

Exit status:
  0 shown, 1 the database cannot be read, 2 the configuration cannot be used")]
pub struct Arguments {
    /// The installation.
    #[command(flatten)]
    pub installation: Installation,

    /// Only the latest N notes
    #[arg(long, value_name = "N")]
    pub last: Option<u64>,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// A note as it is written for programs.
#[derive(Serialize)]
struct NoteLine {
    note: u64,
    sealed: String,
    commitment: String,
    post: Option<String>,
}

impl NoteLine {
    fn of(standing: &Standing) -> NoteLine {
        NoteLine {
            note: standing.note,
            sealed: standing.sealed.to_string(),
            commitment: standing.commitment.to_string(),
            post: standing.post.map(|post| post.to_string()),
        }
    }
}

/// Lists the notes, the oldest first.
///
/// # Errors
/// If the configuration or the database cannot be used.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    let reader = Reader::open(&config.log.database)?;
    let all = reader.last_note().await?;
    let mut next = 1 + arguments.last.map_or(0, |last| all.saturating_sub(last));
    if all == 0 && !arguments.output.json {
        super::tell(format_args!("{NO_NOTE_YET}"));
    }
    while next <= all {
        let notes = reader.notes(next, PAGE).await?;
        let mut out = io::BufWriter::new(io::stdout().lock());
        for note in notes.iter().map(NoteLine::of) {
            if arguments.output.json {
                writeln!(out, "{}", serde_json::to_string(&note)?)?;
            } else {
                let post = note.post.as_deref().unwrap_or(NOT_POSTED);
                writeln!(out, "{:>6}  {}  {}  {post}", note.note, note.sealed, note.commitment)?;
            }
        }
        out.flush()?;
        next += PAGE;
    }
    for told in reader.recipients().await?.iter().filter_map(unreached) {
        super::tell(format_args!("{told}"));
    }
    Ok(ExitCode::SUCCESS)
}
