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
  verbale sandbox --port 4000
  verbale init trial --origin trial.example/notes --correspondent ministry --formal-all \\
      --api http://127.0.0.1:4000

Exit status:
  0 it was told to stop, 1 the port cannot be used")]
pub struct Arguments {
    /// The port on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 4000)]
    pub port: u16,
}

/// Runs it until SIGTERM or Ctrl-C.
///
/// # Errors
/// If the port cannot be used.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(arguments.port))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(port: u16) -> anyhow::Result<()> {
    let shutdown = signals::shutdown()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        Failure::failed(format!("cannot listen on 127.0.0.1:{port}: {error}"), "choose another port with `--port`")
    })?;
    let clock = Clock::of_the_machine();
    let world = sandbox::story_world(Settings::of_x(), rand::random(), clock.now());
    println!("the sandbox answers at http://{}", listener.local_addr()?);
    println!("its users are embassy, ministry and journalist; their credentials are at /sandbox/users");
    sandbox::http::serve(listener, Shared::new(world, clock), async move { shutdown.cancelled().await }).await?;
    Ok(())
}
