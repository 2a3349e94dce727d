//! `verbale demo`: the whole story in one command.

mod stage;
mod story;

use std::path::PathBuf;
use std::process::ExitCode;

use stage::Stage;

use super::signals;

/// Play the whole story on this machine: a note is sent, sealed, posted, denied, proven
///
/// Starts a small X of its own and the daemon, and tells line by line what happens between an embassy, a ministry and a
/// journalist, with real hashes. Needs no account and no network. Then everything stays up to be looked at.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale demo
  verbale demo --exit --out story    keeps config.toml, public/, proofs/ and timeline.json

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

/// Plays the story.
///
/// # Errors
/// If the folder cannot be used, or the story does not end well.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(play(arguments))?;
    Ok(ExitCode::SUCCESS)
}

async fn play(arguments: &Arguments) -> anyhow::Result<()> {
    let shutdown = signals::shutdown()?;
    let stage = Stage::set(arguments.out.as_deref(), shutdown.child_token()).await?;
    let story = story::tell(&stage);
    let told = tokio::select! {
        told = story => told,
        () = shutdown.cancelled() => Ok(()),
    };
    if told.is_ok() && !arguments.exit && !shutdown.is_cancelled() {
        stage.say_where();
        shutdown.cancelled().await;
    }
    stage.strike(arguments.out.is_some()).await.and(told)
}
