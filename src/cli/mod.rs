//! The command line: the only place that reads arguments, and the only one that writes to a person.

// What commands have in common.
pub mod failure;
mod input;
pub mod logging;
pub mod signals;
mod trust;
mod evidence;
pub mod neighbours;
pub mod online;

mod liveness;

// The commands.
pub mod init;
pub mod run;
pub mod status;
pub mod notes;
pub mod prove;
pub mod disclosure;
pub mod send;
pub mod open;
pub mod approve;
pub mod requests;
pub mod dispute;
pub mod receipt;
pub mod resend;
pub mod rejudge;
pub mod verify_slip;
pub mod verify;
pub mod audit;
pub mod site;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "sandbox")]
pub mod demo;
pub mod completions;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use failure::Failure;

/// What `verbale --help` says.
const LONG_ABOUT: &str = "\
Seals every formal direct message that an account on X sends.

The moment such a message is sent, verbale publishes its hash, in an append-only log and in a post. From then on nobody \
can deny that the message existed, when, and to whom it was addressed, and nobody can invent one afterwards. What of it \
is shown, and when, remains the sender's choice.";

/// What stands below the list of commands.
const EXAMPLES: &str = "\
Begin here:
  verbale init notes
  verbale run --config notes/config.toml
  verbale prove 1 --config notes/config.toml
  verbale verify note-1.proof.zip
  verbale audit notes/public

Exit status:
  0  done; of a proof: proven; of a log: all that was checked holds
  1  something failed; of a check: something does not hold
  2  the arguments, the configuration or a file could not be used, or is no proof that can be read
  3  of a check: somebody was asked and gave no answer; try again
  4  of a proof: intact, but not proven yet
  5  of the daemon: the log contradicts what was published; see `verbale run --help`";

#[derive(Parser)]
#[command(
    name = "verbale",
    version,
    about = "Seals every formal direct message that an account on X sends",
    long_about = LONG_ABOUT,
    after_long_help = EXAMPLES,
    max_term_width = 120
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(Box<init::Arguments>),
    Run(run::Arguments),
    Status(status::Arguments),
    Notes(notes::Arguments),
    Send(send::Arguments),
    Prove(prove::Arguments),
    Open(open::Arguments),
    Approve(approve::Arguments),
    Requests(requests::Arguments),
    Dispute(dispute::Arguments),
    Receipt(receipt::Arguments),
    Resend(resend::Arguments),
    Rejudge(rejudge::Arguments),
    Verify(verify::Arguments),
    Audit(audit::Arguments),
    Site(site::Arguments),
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Arguments),
    #[cfg(feature = "sandbox")]
    Demo(demo::Arguments),
    Completions(completions::Arguments),
}

/// Writes a line for the person at standard error; nothing is lost if nobody can read it.
pub(crate) fn tell(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether anybody reads on: who closes the output still gets the status.
fn written(result: io::Result<()>) -> anyhow::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => {
            Err(Failure::unusable(format!("the answer cannot be written: {error}"), "make room, and try again").into())
        }
    }
}

/// Waits on this thread for a command's work with the store or the platform.
///
/// # Errors
/// If it fails.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Which installation a command is about.
#[derive(Args)]
pub struct Installation {
    /// The configuration that `verbale init` wrote
    #[arg(short = 'C', long, value_name = "FILE", default_value = "config.toml")]
    pub config: PathBuf,
}

/// How a command writes its answer.
#[derive(Args)]
pub struct Output {
    /// Write JSON, for a program to read
    #[arg(long)]
    pub json: bool,
}

/// Runs the command that the arguments name. A failure is written to standard error: what happened, then what to do.
pub fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let done = match command {
        Command::Init(arguments) => init::run(*arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Status(arguments) => block_on(status::run(&arguments)),
        Command::Notes(arguments) => block_on(notes::run(&arguments)),
        Command::Send(arguments) => block_on(send::run(&arguments)),
        Command::Prove(arguments) => block_on(prove::run(&arguments)),
        Command::Open(arguments) => block_on(open::run(&arguments)),
        Command::Approve(arguments) => block_on(approve::run(&arguments)),
        Command::Requests(arguments) => block_on(requests::run(&arguments)),
        Command::Dispute(arguments) => block_on(dispute::run(&arguments)),
        Command::Receipt(arguments) => block_on(receipt::run(&arguments)),
        Command::Resend(arguments) => block_on(resend::run(&arguments)),
        Command::Rejudge(arguments) => block_on(rejudge::run(&arguments)),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Site(arguments) => block_on(site::run(&arguments)),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => sandbox::run(&arguments),
        #[cfg(feature = "sandbox")]
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    done.unwrap_or_else(|error| failure::report(&error))
}

/// The command line as `clap` knows it: for completions and for tests.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definitions_are_consistent() {
        super::command().debug_assert();
    }
}
