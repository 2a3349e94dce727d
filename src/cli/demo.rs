//! `verbale demo`: the whole story in one command.

use std::path::PathBuf;

/// Play the whole story on this machine: a note is sent, sealed, posted, denied, proven
///
/// Starts a small X of its own and the daemon, and tells line by line what happens between an embassy, a ministry and a
/// journalist, with real hashes. Needs no account and no network. Then everything stays up to be looked at.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale demo
  verbale demo --exit --out story       keeps story/config.toml, story/public/, story/proofs/, story/timeline.json

Exit status:
  0 the story ended well, 1 it did not, 2 DIR cannot be used")]
pub struct Arguments {
    /// End when the story is told, instead of staying up
    #[arg(long)]
    pub exit: bool,

    /// Keep what the story leaves in this folder, which must not exist yet or be empty
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
