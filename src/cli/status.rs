//! `verbale status`: how things stand.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::{Installation, Output};
use crate::app::config::Config;
use crate::store::{Reader, Status};
use crate::wording::standing::not_posted_of;

/// Show how things stand: notes sealed, posts waiting, the log's head
///
/// Reads the database only: it asks nothing of X, and may be used while the daemon runs. Whether it runs is shown too.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale status --config notes/config.toml
  verbale status --json | jq .entries

Exit status:
  0 all is well, 1 no daemon runs, something troubles it, or the database cannot be read, 2 the configuration cannot
  be used")]
pub struct Arguments {
    /// The installation.
    #[command(flatten)]
    pub installation: Installation,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// Shows how things stand.
///
/// # Errors
/// If the configuration or the database cannot be used.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    let reader = Reader::open(&config.log.database)?;
    let (status, running) = (reader.status().await?, reader.is_served().await?);
    let answer = StatusAnswer { running, status: &status };
    let mut out = io::stdout().lock();
    if arguments.output.json {
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
    } else {
        out.write_all(for_people(&answer).as_bytes())?;
    }
    let troubled = status.loops.iter().any(|one| one.trouble.is_some());
    Ok(if troubled || !running { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// How things stand, as `--json` writes it.
#[derive(Serialize)]
struct StatusAnswer<'a> {
    /// Whether a daemon runs on this database.
    running: bool,
    #[serde(flatten)]
    status: &'a Status,
}

fn for_people(answer: &StatusAnswer<'_>) -> String {
    let StatusAnswer { running, status } = *answer;
    let daemon =
        if running { "runs" } else { "does not run: nothing is sealed until it does, start it with `verbale run`" };
    let mut text = format!(
        "daemon     {daemon}\n\
         log        {}\nkey        {}\nentries    {}\nhead       {}\nnotes      {}\n",
        status.log,
        status.vkey,
        status.entries,
        status.head.as_deref().unwrap_or("none is signed yet"),
        not_posted_of(status.notes, status.unposted)
    );
    if 0 < status.dropped {
        text.push_str(&format!("messages   {} could not be sent: the daemon's log says why\n", status.dropped));
    }
    if 0 < status.mentions {
        let Status { mentions, over, refused, .. } = status;
        text.push_str(&format!(
            "mentions   {mentions} read, {over} over a limit, {refused} answers refused by the platform\n"
        ));
    }
    for one in &status.loops {
        let done = one.done.as_deref().unwrap_or("never");
        text.push_str(&format!("{:<10} last done {done}\n", one.name));
        for line in one.trouble.iter().flat_map(|trouble| trouble.lines()) {
            text.push_str(&format!("           {line}\n"));
        }
    }
    text
}
