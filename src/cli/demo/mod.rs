//! `verbale demo`: the whole story in one command.

mod tell;
mod installation;
mod stage;
mod acts;
mod kept;

use std::path::PathBuf;
use std::process::ExitCode;

use stage::Stage;
use tokio_util::sync::CancellationToken;

use super::signals;

/// Play the whole story on this machine: a note is sealed, denied, opened, receipted
///
/// Starts a small X of its own and two daemons, an embassy's and a ministry's, and tells line by line what happens between
/// them and a journalist, with real hashes. Needs no account and no network. Then everything stays up to be looked at.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale demo
  verbale demo --exit --out story    keeps both installations, the proofs, all posts and messages, and a README.txt

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
    let told = tokio::select! {
        told = acts::play(&stage) => told,
        () = shutdown.cancelled() => Ok(()),
    };
    let told = match told {
        Ok(()) if !arguments.exit && !shutdown.is_cancelled() => stay_up(&stage, &shutdown).await,
        told => told,
    };
    strike(stage, arguments).await.and(told)
}

/// Ends everything, and keeps what was said in public and in private if the folder is kept.
async fn strike(stage: Stage, arguments: &Arguments) -> anyhow::Result<()> {
    let (world, dir) = (stage.world.clone(), stage.dir.clone());
    stage.strike().await?;
    if arguments.out.is_some() { world.with(|world, _| kept::keep(&dir, world)) } else { Ok(()) }
}

async fn stay_up(stage: &Stage, shutdown: &CancellationToken) -> anyhow::Result<()> {
    stage.say_where()?;
    shutdown.cancelled().await;
    Ok(())
}
