//! `verbale requests`: what officials have asked for, and who asked.

use std::process::ExitCode;

use serde::Serialize;

use super::{Installation, Output};
use crate::app::config::Config;
use crate::note::request::RequestState;
use crate::store::{Ask, Reader, Request};

/// List what officials have asked for: openings and disputes
///
/// One line a request: number, state, what for, by whom, when, and who approved it. This is private: it is in the database
/// of this installation only.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale requests --config notes/config.toml
  verbale requests --json | jq -r 'select(.state == \"waiting\") | .request'

Exit status:
  0 shown, 1 the database cannot be read, 2 the configuration cannot be used")]
pub struct Arguments {
    /// The installation.
    #[command(flatten)]
    pub installation: Installation,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// A request as it is written for programs.
#[derive(Serialize)]
struct RequestLine {
    request: u64,
    state: RequestState,
    what: &'static str,
    note: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<String>,
    asked_by: String,
    asked_at: String,
    approved_by: Option<String>,
    why: Option<String>,
}

/// Lists the requests, the oldest first.
///
/// # Errors
/// If the configuration or the database cannot be used.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    let requests = Reader::open(&config.log.database)?.requests(None).await?;
    if requests.is_empty() && !arguments.output.json {
        super::tell(format_args!("nobody has asked for anything yet"));
    }
    for request in requests {
        let line = RequestLine::of(request);
        if arguments.output.json {
            println!("{}", serde_json::to_string(&line)?);
        } else {
            println!("{line}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl RequestLine {
    fn of(request: Request) -> RequestLine {
        let (what, level, post) = match request.ask {
            Ask::Open { level, .. } => ("open", Some(level.as_str()), None),
            Ask::Dispute { post, .. } => ("dispute", None, Some(post.to_string())),
        };
        RequestLine {
            request: request.id,
            state: request.state,
            what,
            note: request.ask.note(),
            level,
            post,
            asked_by: request.asked_by,
            asked_at: request.asked_at.to_string(),
            approved_by: request.approvals.into_iter().next().map(|(by, _)| by),
            why: request.why,
        }
    }
}

impl std::fmt::Display for RequestLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let RequestLine { request, state, what, note, level, post, asked_by, asked_at, approved_by, why } = self;
        let subject = level.or(post.as_deref()).unwrap_or_default();
        write!(f, "{request:>6}  {:<9}  {what} {note} {subject}  asked by {asked_by}  {asked_at}", state.as_str())?;
        approved_by.iter().try_for_each(|by| write!(f, "  approved by {by}"))?;
        why.iter().try_for_each(|why| write!(f, "  {why}"))
    }
}
