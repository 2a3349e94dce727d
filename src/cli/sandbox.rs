//! `verbale sandbox`: X, small, on this machine.

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
