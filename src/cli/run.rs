//! `verbale run`: the daemon.

use std::process::ExitCode;

use super::{Installation, logging, signals};
use crate::app::config::Config;
use crate::app::daemon::{self, Parts};

/// Watch the account, seal what is formal, publish it, until told to stop
///
/// Every message that the rules of the configuration call formal is sealed in the log, and its hash is posted once.
/// SIGTERM or Ctrl-C stops the program within a second; whatever ends it, the next start continues where this one
/// stopped, and nothing is lost or posted twice.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale run --config /var/lib/verbale/config.toml
  RUST_LOG=verbale=debug verbale run        says more about what it does; never what is in a message

The first start begins with messages that are sent from now on; with --backfill it begins with what X still keeps:
  verbale run --backfill

Exit status:
  0 it was told to stop, 1 it could not continue, 2 the configuration or a secret cannot be used")]
pub struct Arguments {
    /// The installation.
    #[command(flatten)]
    pub installation: Installation,

    /// Seal formal messages of the past 30 days too; each message read costs money
    #[arg(long)]
    pub backfill: bool,
}

/// Runs the daemon until SIGTERM or Ctrl-C.
///
/// # Errors
/// If the configuration or a secret cannot be used, or the daemon could not continue.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    logging::start();
    let parts = Parts { backfill: arguments.backfill, ..Parts::of(&config)? };
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let shutdown = signals::shutdown()?;
        daemon::run(parts, shutdown).await
    })?;
    Ok(ExitCode::SUCCESS)
}
