//! `verbale completions`: a script with which a shell completes the other commands.

use std::io::{self, Write};
use std::process::ExitCode;

use clap_complete::Shell;

/// Write what lets your shell complete commands and flags
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale completions bash > ~/.local/share/bash-completion/completions/verbale
  verbale completions zsh > ~/.zfunc/_verbale
  verbale completions fish > ~/.config/fish/completions/verbale.fish")]
pub struct Arguments {
    /// The shell
    pub shell: Shell,
}

/// Writes the completions to standard output.
///
/// # Errors
/// If standard output cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(), "verbale", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
