//! `verbale status`: how things stand.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::liveness::{self, Daemon};
use super::{Installation, Output};
use crate::app::config::Config;
use crate::store::{Inbox, Reader, RecipientRow, Status};
use crate::tasks::survey::reached;
use crate::wording::standing::not_posted_of;

/// Show how things stand: notes sealed, posts waiting, the log's head
///
/// Reads the database only: it asks nothing of X, and may be used while the daemon runs. Whether it runs is shown too, and
/// whether it stands still: a daemon that moves gives a sign of life every few seconds.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale status --config notes/config.toml
  verbale status --json | jq .entries

Exit status:
  0 all is well, 1 no daemon runs, it stands still, something troubles it, something could not be sent (`verbale
  resend`), or the database cannot be read, 2 the configuration cannot be used")]
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
    let (status, daemon) = (reader.status().await?, liveness::daemon(&reader).await?);
    let (running, stands_still, beat) = match daemon {
        Daemon::Absent => (false, false, None),
        Daemon::StandsStill(beat) => (true, true, Some(beat)),
        Daemon::Runs(beat) => (true, false, beat),
    };
    let recipients: Vec<_> = reader.recipients().await?.iter().map(RecipientAnswer::of).collect();
    let beat = beat.map(|at| at.to_string());
    let answer = StatusAnswer { running, stands_still, beat, status: &status, recipients };
    let mut out = io::stdout().lock();
    if arguments.output.json {
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
    } else {
        out.write_all(for_people(&answer).as_bytes())?;
    }
    let troubled = status.loops.iter().any(|one| one.trouble.is_some()) || 0 < status.refused + status.dropped;
    Ok(if troubled || !running || stands_still { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// How things stand, as `--json` writes it.
#[derive(Serialize)]
struct StatusAnswer<'a> {
    /// Whether a daemon runs on this database.
    running: bool,
    /// Whether it runs and gives no sign of life.
    stands_still: bool,
    /// Its newest sign of life. None if it gave none yet.
    beat: Option<String>,
    #[serde(flatten)]
    status: &'a Status,
    /// Whether correspondents can be reached.
    recipients: Vec<RecipientAnswer>,
}

/// What X last said of a correspondent's account.
#[derive(Serialize)]
struct RecipientAnswer {
    account: String,
    name: Option<String>,
    /// Whether it takes messages from this account: `open`, `closed`, `unsaid`, `absent` or `suspended`.
    inbox: Inbox,
    since: String,
    follows: Option<bool>,
    follows_since: String,
    read: String,
    /// The same in words.
    #[serde(skip)]
    words: String,
}

impl RecipientAnswer {
    fn of(row: &RecipientRow) -> RecipientAnswer {
        RecipientAnswer {
            account: row.account.to_string(),
            name: row.name.as_ref().map(ToString::to_string),
            inbox: row.inbox,
            since: row.since.to_string(),
            follows: row.follows,
            follows_since: row.follows_since.to_string(),
            read: row.read_at.to_string(),
            words: reached(row),
        }
    }
}

fn for_people(answer: &StatusAnswer<'_>) -> String {
    let StatusAnswer { running, stands_still, ref beat, status, ref recipients } = *answer;
    let daemon = match (running, beat) {
        (true, Some(at)) if stands_still => format!(
            "stands still: its last sign of life is of {at}, and nothing is sealed\n           \
             it was stopped, is blocked, or its disk takes nothing: see its log, and start it again"
        ),
        (true, _) => "runs".to_owned(),
        (false, _) => "does not run: nothing is sealed until it does, start it with `verbale run`".to_owned(),
    };
    let mut text = format!(
        "daemon     {daemon}\n\
         log        {}\nkey        {}\nentries    {}\nhead       {}\nnotes      {}\n",
        status.log,
        status.vkey,
        status.entries,
        status.head.as_deref().unwrap_or("none is signed yet"),
        not_posted_of(status.notes, status.unposted)
    );
    for one in recipients {
        text.push_str(&format!("recipient  {}\n", one.words));
    }
    if 0 < status.lost {
        text.push_str(&format!("posts      {} are lost: the log says which, and the site\n", status.lost));
    }
    if 0 < status.refused + status.dropped {
        let Status { refused, dropped, .. } = status;
        let count = |number: u64, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let (messages, answers) = (count(*dropped, "message"), count(*refused, "answer"));
        text.push_str(&format!(
            "not sent   {messages}, {answers}: `verbale resend` says which and why, and sends them again\n"
        ));
    }
    if 0 < status.mentions {
        let Status { mentions, over, .. } = status;
        text.push_str(&format!("mentions   {mentions} read, {over} over a limit\n"));
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
