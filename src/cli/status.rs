//! `verbale status`: how things stand.

use super::{Installation, Output};

/// Show how things stand: notes sealed, posts waiting, the log's head
///
/// Reads the database only: it asks nothing of X, and may be used while the daemon runs.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale status --config notes/config.toml
  verbale status --json | jq .log.size

Exit status:
  0 shown, 1 the database cannot be read, 2 the configuration cannot be used")]
pub struct Arguments {
    /// The installation.
    #[command(flatten)]
    pub installation: Installation,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}
