//! `verbale rejudge`: messages that were sent under another rule are judged by the rules of today.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use super::{Failure, Installation, Output, liveness};
use crate::app::config::Config;
use crate::base::clock::Clock;
use crate::base::time::{DAY_MS, Time};
use crate::store::{Reader, Rejudgement, RequestClient};

/// How long the platform keeps messages: what was sent before is not judged again.
const KEPT_DAYS: i64 = 30;

/// How often to look whether the daemon is done.
const LOOK: Duration = Duration::from_millis(200);

/// Judge messages again by the rules of today, and seal those that are formal now
///
/// For messages that were sent under a rule that did not mean them: correct [[watch.rule]] in the configuration, start the
/// daemon anew, then give this command. The daemon reads again what X still keeps (30 days) since the moment that is named,
/// and seals what is formal by the present rules and is no note yet. Each note says honestly when its message was sent and
/// when it was seen; what is sealed late is shown as late. Each message that is read costs money.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale rejudge --since 2026-11-20 --config notes/config.toml
  verbale rejudge --since 2026-11-20T14:00:00.000Z --no-wait

Exit status:
  0 done, or asked for with --no-wait
  1 the database cannot be read, or no daemon runs
  2 the moment, the arguments or the configuration cannot be used")]
pub struct Arguments {
    /// The first day (UTC), or the moment
    #[arg(long, value_name = "DATE")]
    pub since: String,

    /// Do not wait until the daemon is done
    #[arg(long)]
    pub no_wait: bool,

    /// The installation.
    #[command(flatten)]
    pub installation: Installation,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// What came of it, as `--json` writes it.
#[derive(Serialize)]
struct RejudgementLine {
    number: u64,
    since: String,
    done: bool,
    judged: u64,
    sealed: u64,
    /// The longest time between the sending of a message and its sealing, in milliseconds.
    late_ms: i64,
}

/// Asks the daemon, and waits for it.
///
/// # Errors
/// If the moment or the configuration cannot be used, no daemon runs, or the database cannot be read.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let now = Clock::system().now();
    let since = since(&arguments.since, now)?;
    let config = Config::load(&arguments.installation.config)?;
    let reader = Reader::open(&config.log.database)?;
    let id = RequestClient::open(&config.log.database)?.ask_rejudgement(since, now).await?;
    // From here on it will be done, whatever becomes of this command.
    loop {
        let Some(found) = reader.rejudgement(id).await? else {
            return Err(
                Failure::failed(format!("rejudgement {id} is not in the database"), "give the command again").into()
            );
        };
        if found.done_at.is_some() || arguments.no_wait {
            return tell(&found, &arguments.output);
        }
        if let Some(why) = liveness::daemon(&reader).await?.waits_in_vain("messages are judged again") {
            return Err(Failure::failed(why, "start it with `verbale run`").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The moment that the person means.
fn since(text: &str, now: Time) -> anyhow::Result<Time> {
    let moment = Time::parse(text).or_else(|| Time::parse(&format!("{text}T00:00:00.000Z")));
    let moment = moment.ok_or_else(|| {
        let remedy = "write a day like 2026-11-20, or a moment like 2026-11-20T14:00:00.000Z";
        Failure::unusable(format!("{text:?} is no moment"), remedy)
    })?;
    if now < moment {
        let what = format!("{moment} is still to come: nothing was sent since");
        return Err(Failure::unusable(what, "write an earlier moment").into());
    }
    let oldest = now.plus_ms(-KEPT_DAYS * DAY_MS);
    if moment < oldest {
        super::tell(format_args!("X keeps {KEPT_DAYS} days: what was sent before {oldest} cannot be read again"));
    }
    Ok(moment.max(oldest))
}

fn tell(found: &Rejudgement, output: &Output) -> anyhow::Result<ExitCode> {
    let Rejudgement { id, since, done_at, judged, sealed, late_ms, .. } = found;
    let done = done_at.is_some();
    let line = if output.json {
        let since = since.to_string();
        serde_json::to_string(&RejudgementLine {
            number: *id,
            since,
            done,
            judged: *judged,
            sealed: *sealed,
            late_ms: *late_ms,
        })?
    } else if !done {
        format!("messages since {since} will be judged again")
    } else {
        let late = Duration::from_millis(late_ms.unsigned_abs()).as_secs();
        let late = if 0 < *sealed { format!(", the latest {late} s after it was sent") } else { String::new() };
        format!("{judged} messages of this account since {since} were judged again: {sealed} sealed{late}")
    };
    super::written(writeln!(io::stdout(), "{line}"))?;
    Ok(ExitCode::SUCCESS)
}
