//! `verbale prove`: the proof of one note, as a file to hand out.

use std::path::PathBuf;

use clap::ValueEnum;

use super::Installation;

/// Make the proof of a note: a zip file that anybody can check
///
/// The proof shows the note's envelope: who wrote to whom, when, and as which note of that correspondence. With
/// `--level content` it also shows the text and the attachments. What is not opened remains secret.
///
/// Opening needs a secret key that matches one of the public keys to which notes are sealed: `identity_file` of the
/// configuration, or `--identity`.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale prove 17                                       that note 17 was sent, to whom and when; not what it says
  verbale prove 17 --level content --out annex.zip       everything
  verbale verify annex.zip                               what a journalist does next

Exit status:
  0 written, 1 there is no such note or it cannot be opened, 2 the configuration or a key cannot be used")]
pub struct Arguments {
    /// The note's number
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub note: u64,

    /// How much of the note to show
    #[arg(long, value_enum, default_value_t = Level::Envelope)]
    pub level: Level,

    /// The age secret key that opens notes; otherwise `identity_file` of the configuration
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,

    /// The file to write, which must not exist yet; otherwise note-N.proof.zip in the present folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// The installation.
    #[command(flatten)]
    pub installation: Installation,
}

/// How much of a note a proof shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Level {
    /// Who, to whom, when, and which note of the correspondence
    Envelope,
    /// The same, and the text with its attachments
    Content,
}
