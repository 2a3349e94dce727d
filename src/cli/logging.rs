//! What the program writes about its work: lines on standard error, for people and for the journal.

use std::io::IsTerminal;

use tracing_subscriber::filter::{EnvFilter, LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Begins to write log lines: `info` and above, or what the variable RUST_LOG says. Only this program's own lines are
/// ever written, at any level: what libraries say of a request could be secret. There are colours only on a terminal,
/// and none if NO_COLOR is set.
pub fn start() {
    let level = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    let own = filter_fn(|line| line.target().split("::").next() == Some(env!("CARGO_CRATE_NAME")));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours).with_target(false).with_filter(own);
    // A second start, as in tests, changes nothing.
    let _ = tracing_subscriber::registry().with(level).with(lines).try_init();
}
