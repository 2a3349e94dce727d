//! `verbale resend`: what could not be sent, and sending it again.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::failure::FAILED;
use super::{Failure, Installation, Output, liveness};
use crate::app::config::Config;
use crate::base::clock::Clock;
use crate::base::time::Time;
use crate::platform::Addressee;
use crate::store::{EffectId, MessageKind, Reader, RequestClient, Unsent, UnsentKind};

/// Number of lines read from the database at a time.
const PAGE: u64 = 1000;

/// List what could not be sent, and send it again
///
/// Slips, public answers, and direct messages to officials that X refuses for good are given up and kept. Without a number
/// this command lists them: number, what it is, to whom, since when, and why. With numbers, or with --all, the daemon tries
/// them again, once each for each time that this is said: what may have been sent already is looked for first, and never
/// sent twice. A code that has expired is not sent again: the official writes the command anew. What X refuses for a reason
/// that may pass is tried again without this command, and is not listed.
///
/// `verbale status` does not end with 0 while something is listed here. With --leave it is no longer listed, and stays
/// unsent for good.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale resend --config notes/config.toml
  verbale resend 12 15
  verbale resend --all
  verbale resend --leave 12
  verbale resend --json | jq .number

Exit status:
  0 listed; or all that was named is tried again, or left
  1 something that was named is not listed, or has expired; or the database cannot be read
  2 the arguments or the configuration cannot be used")]
pub struct Arguments {
    /// The numbers of what is to be sent again, as the list has them
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub numbers: Vec<u64>,

    /// All that is listed
    #[arg(long, conflicts_with = "numbers")]
    pub all: bool,

    /// Leave it unsent for good, and list it no longer
    #[arg(long)]
    pub leave: bool,

    /// The installation.
    #[command(flatten)]
    pub installation: Installation,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// Something that could not be sent, as it is written for programs. Nothing of its words.
#[derive(Serialize)]
struct UnsentLine {
    number: u64,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    since: String,
    why: String,
    expired: bool,
    /// What was decided now: `resent`, `left`, or `expired`. None in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<&'static str>,
}

/// Lists what could not be sent, or decides about it.
///
/// # Errors
/// If the configuration or the database cannot be used, or a number is not listed.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { numbers, all, leave, output, .. } = arguments;
    if *leave && numbers.is_empty() && !all {
        return Err(Failure::unusable("nothing is named to be left", "name numbers, or say `--all`").into());
    }
    let config = Config::load(&arguments.installation.config)?;
    let reader = Reader::open(&config.log.database)?;
    let listed = listed(&reader).await?;
    let now = Clock::system().now();
    if numbers.is_empty() && !all {
        return list(&listed, now, output);
    }
    if let Some(number) = numbers.iter().find(|number| listed.iter().all(|one| one.effect.0 != **number)) {
        let what = format!("nothing with the number {number} waits to be sent again; nothing was done");
        return Err(Failure::failed(what, "see the numbers with `verbale resend`").into());
    }
    let named = listed.into_iter().filter(|one| *all || numbers.contains(&one.effect.0));
    decide(&config, &reader, named.collect(), now, arguments).await
}

/// All that could not be sent, in the order of its numbers.
async fn listed(reader: &Reader) -> anyhow::Result<Vec<Unsent>> {
    let mut listed: Vec<Unsent> = Vec::new();
    loop {
        let after = listed.last().map_or(EffectId(0), |last| last.effect);
        let page = reader.unsent(after, PAGE).await?;
        let is_last = (page.len() as u64) < PAGE;
        listed.extend(page);
        if is_last {
            return Ok(listed);
        }
    }
}

fn list(listed: &[Unsent], now: Time, output: &Output) -> anyhow::Result<ExitCode> {
    if listed.is_empty() && !output.json {
        super::tell(format_args!("nothing waits to be sent again"));
    }
    let mut out = io::stdout().lock();
    for one in listed {
        write(&mut out, &UnsentLine::of(one, now), output)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes each decision down, and says it.
async fn decide(
    config: &Config,
    reader: &Reader,
    named: Vec<Unsent>,
    now: Time,
    arguments: &Arguments,
) -> anyhow::Result<ExitCode> {
    let asking = RequestClient::open(&config.log.database)?;
    let (mut status, mut is_any_resent) = (ExitCode::SUCCESS, false);
    for one in named {
        let is_expired = one.expires.is_some_and(|expires| expires <= now);
        let (is_decided, done) = match (arguments.leave, is_expired) {
            (true, _) => (asking.leave_unsent(one.effect, now).await?, "left"),
            (false, true) => (asking.leave_unsent(one.effect, now).await?, "expired"),
            (false, false) => (asking.resend(one.effect, now).await?, "resent"),
        };
        if !is_decided {
            super::tell(format_args!("{}: another command has decided about it already", one.effect));
            continue;
        }
        is_any_resent |= done == "resent";
        if done == "expired" {
            status = ExitCode::from(FAILED);
        }
        write(
            &mut io::stdout().lock(),
            &UnsentLine { done: Some(done), ..UnsentLine::of(&one, now) },
            &arguments.output,
        )?;
    }
    let daemon = liveness::daemon(reader).await?;
    if let Some(why) = daemon.waits_in_vain("it is tried again").filter(|_| is_any_resent) {
        super::tell(format_args!("{why}"));
    }
    Ok(status)
}

fn write(out: &mut impl Write, line: &UnsentLine, output: &Output) -> anyhow::Result<()> {
    let written = if output.json { writeln!(out, "{}", serde_json::to_string(line)?) } else { writeln!(out, "{line}") };
    super::written(written).map(drop)
}

impl UnsentLine {
    fn of(unsent: &Unsent, now: Time) -> UnsentLine {
        let line = UnsentLine {
            number: unsent.effect.0,
            what: "answer",
            note: None,
            request: None,
            post: None,
            to: None,
            since: unsent.given_up_at.to_string(),
            why: unsent.why.clone(),
            expired: unsent.expires.is_some_and(|expires| expires <= now),
            done: None,
        };
        match &unsent.what {
            UnsentKind::Answer { to, note } => UnsentLine { note: *note, post: Some(to.to_string()), ..line },
            UnsentKind::Message { kind, to } => {
                let to = match to {
                    Addressee::Account(account) => account.to_string(),
                    Addressee::Conversation(conversation) => conversation.to_string(),
                };
                UnsentLine { to: Some(to), ..line.about(*kind) }
            }
        }
    }

    fn about(self, kind: MessageKind) -> UnsentLine {
        let what = kind.as_str();
        match kind {
            MessageKind::Slip(note) => UnsentLine { what, note: Some(note), ..self },
            MessageKind::RequestNotice(request) | MessageKind::RequestEnded(request) => {
                UnsentLine { what, request: Some(request), ..self }
            }
            MessageKind::DisputeNotice { note, post } => {
                UnsentLine { what, note: Some(note), post: Some(post.id.to_string()), ..self }
            }
            MessageKind::CommandAnswer(_) | MessageKind::Code(_) | MessageKind::Send => UnsentLine { what, ..self },
        }
    }

    /// What it is, for people.
    fn subject(&self) -> String {
        let UnsentLine { note, request, post, .. } = self;
        let of = |number: &Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let post = post.as_deref().unwrap_or_default();
        match self.what {
            "slip" => format!("slip of note {}", of(note)),
            "code" => "code for a command".to_owned(),
            "command-answer" => "answer to a command".to_owned(),
            "request-notice" => format!("message that request {} waits", of(request)),
            "request-ended" => format!("message that request {} has ended", of(request)),
            "dispute-notice" => format!("message that post {post} disputes note {}", of(note)),
            _ => format!("answer to post {post}"),
        }
    }
}

impl std::fmt::Display for UnsentLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let UnsentLine { number, to, since, why, expired, done, .. } = self;
        write!(f, "{number:>6}  {}", self.subject())?;
        to.iter().try_for_each(|to| write!(f, " to {to}"))?;
        match done {
            Some("resent") => write!(f, ": it is tried again"),
            Some("left") => write!(f, ": it is left unsent"),
            Some(_) => write!(f, ": it has expired and is not sent again; write the command anew to get another"),
            None => {
                let why = why.lines().collect::<Vec<_>>().join("; ");
                let why = crate::base::text::visible(&why);
                write!(f, "  since {since}  {why}")?;
                if *expired { write!(f, "; it has expired, and is not sent again") } else { Ok(()) }
            }
        }
    }
}
