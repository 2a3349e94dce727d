//! The command line: the only place that reads arguments, and the only one that writes to a person.

pub mod approve;
pub mod audit;
pub mod completions;
#[cfg(feature = "sandbox")]
pub mod demo;
pub mod disclosure;
pub mod dispute;
pub mod failure;
pub mod init;
mod input;
pub mod logging;
pub mod neighbours;
pub mod notes;
pub mod online;
pub mod open;
pub mod prove;
pub mod receipt;
pub mod requests;
pub mod run;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod send;
pub mod signals;
pub mod site;
pub mod status;
mod trust;
pub mod verify;
pub mod verify_slip;

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
  0  done; of a check: all that was checked holds
  1  something failed; of a check: something does not hold
  2  the arguments, the configuration or a file could not be used
  3  of a check: something could not be checked, the rest holds";

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
    Verify(verify::Arguments),
    Audit(audit::Arguments),
    Site(site::Arguments),
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Arguments),
    #[cfg(feature = "sandbox")]
    Demo(demo::Arguments),
    Completions(completions::Arguments),
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
        Command::Status(arguments) => status::run(&arguments),
        Command::Notes(arguments) => notes::run(&arguments),
        Command::Send(arguments) => send::run(&arguments),
        Command::Prove(arguments) => prove::run(&arguments),
        Command::Open(arguments) => open::run(&arguments),
        Command::Approve(arguments) => approve::run(&arguments),
        Command::Requests(arguments) => requests::run(&arguments),
        Command::Dispute(arguments) => dispute::run(&arguments),
        Command::Receipt(arguments) => receipt::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Site(arguments) => site::run(&arguments),
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
