//! `verbale notes`: what was sealed.

use super::{Installation, Output};

/// List the notes that were sealed, and where each was posted
///
/// One line a note: number, time, commitment, post. All of it is public; what a note says is not shown.
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
