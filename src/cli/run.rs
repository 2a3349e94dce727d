//! `verbale run`: the daemon.

use std::process::ExitCode;

use anyhow::Context;
use tokio::runtime::Builder;

use super::{Failure, Installation, failure, logging, signals};
use crate::app::config::{self, Config};
use crate::app::daemon::{self, Parts};
use crate::app::threads;
use crate::tasks::trouble::{self, Consequence, Misconfigured};

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
  0 it was told to stop
  1 it could not continue, or a file is not there yet: start it again, as a service manager does
  2 the configuration or a secret cannot be used: correct it before the next start
  5 the log contradicts what was published, or is another's: do not start it again before somebody has looked

What passes by itself, like a full disk, a database that is held, or a clock that is wrong, does not end it: it holds,
says so in its log and in `verbale status`, and goes on when it is over.")]
pub struct Arguments {
    /// The installation.
    #[command(flatten)]
    pub installation: Installation,

    /// Seal formal messages of the past 30 days too; each message read costs money
    #[arg(long)]
    pub backfill: bool,
}

/// Threads that run the tasks, and threads for what blocks: looking up names, and files.
const WORKERS: usize = 2;
const BLOCKING: usize = 12;

const NO_THREADS: &str =
    "the system gives no thread\nallow more: the daemon needs about 25 (`TasksMax=` of a systemd unit)";

/// Runs the daemon until SIGTERM or Ctrl-C.
///
/// # Errors
/// If the configuration or a secret cannot be used, or the daemon could not continue.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config).map_err(|error| awaited(error.into()))?;
    logging::start();
    serve(&config, arguments.backfill).map_err(staying_down).map_err(awaited)?;
    Ok(ExitCode::SUCCESS)
}

fn serve(config: &Config, backfill: bool) -> anyhow::Result<()> {
    let parts = Parts { backfill, ..Parts::of(config)? };
    let mut builder = Builder::new_multi_thread();
    let runtime = threads::bounded(builder.worker_threads(WORKERS), "task", BLOCKING).context(NO_THREADS)?;
    runtime.block_on(async {
        let shutdown = signals::shutdown()?;
        daemon::run(parts, shutdown).await
    })
}

/// A file that is not there may be on a disk that comes later: the daemon may be started again until it is there.
fn awaited(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<config::Error>() {
        Ok(error) if error.may_appear => Failure::failed(error.what, error.remedy).into(),
        Ok(error) => error.into(),
        Err(error) => error,
    }
}

/// Gives an error after which nobody may simply start again an exit status of its own.
fn staying_down(error: anyhow::Error) -> anyhow::Error {
    if trouble::consequence(&error) != Consequence::StayDown || error.is::<Misconfigured>() {
        return error;
    }
    let text = trouble::text(&error);
    let (what, remedy) = text.split_once('\n').unwrap_or((&text, "compare the log with what was published"));
    Failure { status: failure::CONTRADICTED, what: what.to_owned(), remedy: remedy.to_owned() }.into()
}
