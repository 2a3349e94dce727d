//! `verbale sandbox`: X, small, on this machine.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use tokio::net::TcpListener;

use super::{Failure, signals};
use crate::sandbox::world::Settings;
use crate::sandbox::{self, Clock, Shared};

/// Run a small X on this machine, to try the program without an account
///
/// It answers the calls that verbale makes, with X's own paths, limits and errors, and checks signatures as X does. The
/// page at `/` lets you write a message as any user and see the public timeline. Nothing is kept when it ends.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale sandbox

and in another terminal:
  verbale init trial --origin trial.example/notes --correspondent ministry --formal-all \\
      --api http://127.0.0.1:4000
  curl -s http://127.0.0.1:4000/sandbox/users/embassy/credentials.toml > trial/credentials.toml
  verbale run --config trial/config.toml

Within 90 seconds (`poll` in trial/config.toml) each message from embassy to ministry is sealed and its hash posted. \
With --no-limits `poll` may be much shorter. `verbale verify --online` and `verbale audit --online` ask the sandbox with \
--oembed http://127.0.0.1:4000/oembed.

Exit status:
  0 it was told to stop, 1 the port cannot be used")]
pub struct Arguments {
    /// The port on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 4000)]
    pub port: u16,

    /// Allow any number of calls, where X would refuse the 16th look at the messages in 15 minutes
    #[arg(long)]
    pub no_limits: bool,
}

/// Runs it until SIGTERM or Ctrl-C.
///
/// # Errors
/// If the port cannot be used.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(arguments))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(arguments: &Arguments) -> anyhow::Result<()> {
    let port = arguments.port;
    let shutdown = signals::shutdown()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        Failure::failed(format!("cannot listen on 127.0.0.1:{port}: {error}"), "choose another port with `--port`")
    })?;
    let clock = Clock::of_the_machine();
    let settings = if arguments.no_limits { Settings::without_limits() } else { Settings::of_x() };
    let world = sandbox::story_world(settings, rand::random(), clock.now());
    println!("the sandbox answers at http://{}", listener.local_addr()?);
    let users: Vec<String> = world.users().map(|user| format!("{} ({})", user.account.name, user.account.id)).collect();
    println!("its users, with their numbers: {}", users.join(", "));
    println!("`verbale sandbox --help` says how to try verbale with it");
    sandbox::http::serve(listener, Shared::new(world, clock), async move { shutdown.cancelled().await }).await?;
    Ok(())
}
