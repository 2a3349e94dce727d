//! `verbale send`: sends a note from the watched account, and waits for its post.

mod draft;
mod lock;
mod conversation;
mod recipient;
mod error;
pub mod sender;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use self::sender::{DRAFT_BYTES_MAX, MessageDraft, Repeat, Sender, Sent};
use super::failure::UNCHECKED;
use super::{Failure, Installation, Output, disclosure, input, liveness, signals};
use crate::app::config::Config;
use crate::app::daemon;
use crate::base::clock::Clock;
use crate::note::standing::Standing;
use crate::platform::{Error as PlatformError, GIF_BYTES_MAX, Platform, x};
use crate::store::{Reader, RequestClient, TaskReport};
use crate::tasks::rules::Correspondent;
use crate::tasks::settings::values;
use crate::tasks::survey::{Conversations, Recipients};
use crate::tasks::task::Task;

/// Send a note from the watched account, and see it through to its post
///
/// Nothing is sent that X would refuse (more than 10,000 characters, files but one JPEG, PNG, WebP or GIF), nor what the
/// rules of the configuration would not seal. The text comes from a file or from standard input, never from the command
/// line, where others could read it; line ends at its end are not sent.
///
/// It is sent once: if X gives no answer, the conversation is read, which shows whether it went. If the same text was sent to
/// the same account within the last hour, it is not sent again without `--again`; so this command can be given again after
/// any failure. The daemon seals and posts the note; the command waits for that and prints both numbers.
///
/// Whether the account takes messages from this one is asked first (a read account costs 0.010 USD, once a day), said if it
/// does not, and sealed with the note.
///
/// To one account only: what is written by hand to a group is sealed all the same.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale send --to ministry note.txt --config notes/config.toml
  verbale send --to ministry --attach annex.png note.txt
  verbale send --to 783214 --no-wait --json note.txt | jq -r .message

Exit status:
  0 sent and posted (with --no-wait: sent)
  1 not sent, or sent and not sealed
  2 the arguments, the text, a file or the configuration cannot be used; nothing was sent
  3 sent, but not seen through to its post: no daemon runs, it stands still, or told to stop; or nobody knows whether it
    was sent")]
pub struct Arguments {
    /// The account to send it to, by name or number
    #[arg(long, value_name = "NAME|ID", value_parser = values::correspondent)]
    pub to: Correspondent,

    /// The file with the text; `-` for standard input
    #[arg(value_name = "FILE")]
    pub text: PathBuf,

    /// A picture that goes with it; X takes one
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,

    /// Send it even if the same text was sent within the last hour
    #[arg(long)]
    pub again: bool,

    /// Do not wait until it is sealed and posted
    #[arg(long)]
    pub no_wait: bool,

    /// The installation.
    #[command(flatten)]
    pub installation: Installation,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// How far it came, as `--json` writes it.
#[derive(Serialize)]
struct SendAnswer {
    message: String,
    sent: String,
    to: String,
    /// True if X said so; otherwise the message was found in the conversation.
    answered: bool,
    note: Option<u64>,
    commitment: Option<String>,
    post: Option<String>,
    address: Option<String>,
    /// What is still to come, or went wrong. None if all is done.
    pending: Option<String>,
}

/// Why the wait ended.
#[derive(Clone, PartialEq, Eq)]
enum WaitEnd {
    Posted,
    NotAwaited,
    Stopped,
    /// No daemon goes on with it now: why, and what to do.
    NoDaemon(String),
    NotSealed,
}

impl WaitEnd {
    /// The words about it, and the exit status.
    fn words(self) -> (Option<String>, u8) {
        const STOPPED: &str = "told to stop: the daemon goes on by itself, and `verbale notes` shows the post";
        const NOT_SEALED: &str =
            "the daemon has dealt with it and not sealed it: as X returned the text, no rule is met";
        match self {
            WaitEnd::Posted | WaitEnd::NotAwaited => (None, 0),
            WaitEnd::Stopped => (Some(STOPPED.to_owned()), 3),
            WaitEnd::NoDaemon(why) => (Some(why), 3),
            WaitEnd::NotSealed => (Some(NOT_SEALED.to_owned()), 1),
        }
    }
}

/// Sends the note, and waits for its post.
///
/// # Errors
/// If it was not sent, or nobody knows.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    let draft = draft(arguments)?;
    let reader = Reader::open(&config.log.database)?;
    let asking = RequestClient::open(&config.log.database)?;
    let (shutdown, clock) = (signals::shutdown()?, Clock::system());
    let platform = daemon::platform(&config, &clock)?;
    if let Some(account) = reader.own_account().await? {
        platform.know_me(account.id);
    }
    let sender = Sender {
        platform: &platform,
        reader: &reader,
        asking: &asking,
        database: &config.log.database,
        unknown_outcome_timeout: config.publish.unknown_outcome_timeout,
        clock: &clock,
        log: &config.log.origin,
        rules: &config.watch.rule,
    };
    let repeat = if arguments.again { Repeat::Allowed } else { Repeat::Refused };
    let sent = sender.send(&arguments.to, &draft, repeat, &shutdown).await.map_err(explained)?;
    Following { arguments, config: &config, reader: &reader, sent }.follow(&shutdown).await
}

/// The draft, read whole before anything else is done.
fn draft(arguments: &Arguments) -> Result<MessageDraft, Failure> {
    let text = input::text(&arguments.text, DRAFT_BYTES_MAX)?;
    let files = arguments.attach.iter().map(|path| input::bytes(path, GIF_BYTES_MAX));
    let files = files.collect::<Result<_, _>>()?;
    MessageDraft::new(&text, files).map_err(|unfit| Failure::unusable(unfit.what, unfit.remedy))
}

/// Each way in which sending can end has its exit status, and says what to do.
fn explained(error: sender::Error) -> anyhow::Error {
    let text = error.to_string();
    let again = match error {
        sender::Error::Failed(PlatformError::Refused { .. }) => {
            "it would be refused again as it is: change what the reason names, or reach the recipient in another way"
        }
        _ => "give the same command again",
    };
    let (what, remedy) = text.split_once('\n').unwrap_or((&text, again));
    match error {
        sender::Error::Unfit(_) => Failure::unusable(what, remedy).into(),
        sender::Error::Missing { .. } | sender::Error::Duplicate | sender::Error::Unknown { .. } => {
            Failure { status: UNCHECKED, what: what.to_owned(), remedy: remedy.to_owned() }.into()
        }
        sender::Error::Store(error) => error.into(),
        sender::Error::Recent { .. } | sender::Error::Busy | sender::Error::SendLock(_) | sender::Error::Failed(_) => {
            Failure::failed(what, remedy).into()
        }
    }
}

/// A message on its way to its post.
struct Following<'a> {
    arguments: &'a Arguments,
    config: &'a Config,
    reader: &'a Reader,
    sent: Sent,
}

impl Following<'_> {
    /// Reports each step when it is done, and the end.
    async fn follow(&self, shutdown: &CancellationToken) -> anyhow::Result<ExitCode> {
        let Sent { message, to, was_answered } = &self.sent;
        let how = if *was_answered { "" } else { "; X gave no answer, and it is in the conversation" };
        self.say(format_args!("sent    message {message} to {to}, {}{how}", message.moment()))?;
        let (mut told, mut trouble) = (false, None);
        let (note, end) = loop {
            // This is asked before the rest is read, so that what a daemon did before it ended is seen.
            let stop = self.stop(shutdown).await?;
            let note = self.reader.note_by_message(*message).await?;
            if let (Some(note), false) = (&note, told) {
                self.say(format_args!(
                    "sealed  note {}, {}\n        sha256 {}",
                    note.note, note.sealed, note.commitment
                ))?;
                told = true;
            }
            if let Some(end) = self.end(note.as_ref(), stop).await? {
                break (note, end);
            }
            self.report_trouble(&mut trouble).await?;
            let _ = shutdown.run_until_cancelled(tokio::time::sleep(disclosure::LOOK)).await;
        };
        let address = match &note {
            Some(note) => self.address(note).await?,
            None => None,
        };
        if let (Some(Standing { post: Some(post), .. }), Some(address)) = (&note, &address) {
            self.say(format_args!("posted  {post}\n        {address}"))?;
        }
        let (words, status) = end.words();
        if self.arguments.output.json {
            self.write_json(note, address, words)?;
        } else if let Some(words) = words {
            super::tell(format_args!("{words}"));
        }
        Ok(ExitCode::from(status))
    }

    /// What ends the wait for a note that is on its way, if anything does.
    async fn stop(&self, shutdown: &CancellationToken) -> anyhow::Result<Option<WaitEnd>> {
        const MISSING: &str = "what is still missing is sealed and posted";
        if let Some(why) = liveness::daemon(self.reader).await?.waits_in_vain(MISSING) {
            return Ok(Some(WaitEnd::NoDaemon(why)));
        }
        Ok(match self.arguments.no_wait {
            true => Some(WaitEnd::NotAwaited),
            false => shutdown.is_cancelled().then_some(WaitEnd::Stopped),
        })
    }

    /// How the wait ended, if it did: `stop` ends it for a note that is on its way.
    async fn end(&self, note: Option<&Standing>, stop: Option<WaitEnd>) -> anyhow::Result<Option<WaitEnd>> {
        Ok(match note {
            Some(Standing { post: Some(_), .. }) => Some(WaitEnd::Posted),
            None if self.was_left_out().await? => Some(WaitEnd::NotSealed),
            _ => stop,
        })
    }

    /// Whether the daemon has dealt with the message and not sealed it.
    async fn was_left_out(&self) -> anyhow::Result<bool> {
        let message = self.sent.message;
        Ok(self.reader.is_seen(message).await? && self.reader.note_by_message(message).await?.is_none())
    }

    /// Says once what delays the daemon.
    async fn report_trouble(&self, known: &mut Option<String>) -> anyhow::Result<()> {
        let reports = self.reader.task_reports().await?;
        // Whom the survey cannot read delays no note.
        let delays = |one: &TaskReport| ![Recipients::NAME, Conversations::NAME].contains(&one.name.as_str());
        let mut reports = reports.into_iter().filter(delays);
        let trouble = reports.find_map(|one| Some(format!("{}: {}", one.name, one.trouble?)));
        if trouble != *known
            && let Some(trouble) = &trouble
        {
            super::tell(format_args!("the daemon waits, and so does this command. {trouble}"));
        }
        *known = trouble;
        Ok(())
    }

    async fn address(&self, note: &Standing) -> anyhow::Result<Option<String>> {
        let Some(post) = note.post else { return Ok(None) };
        let account = self.reader.own_account().await?.context("the database does not say who posted")?;
        Ok(Some(x::address_of(self.config.x.web.as_str(), &account.name, post.id)))
    }

    fn say(&self, line: std::fmt::Arguments<'_>) -> io::Result<()> {
        if self.arguments.output.json { Ok(()) } else { writeln!(io::stdout(), "{line}") }
    }

    fn write_json(
        &self,
        note: Option<Standing>,
        address: Option<String>,
        pending: Option<String>,
    ) -> anyhow::Result<()> {
        let Sent { message, to, was_answered } = &self.sent;
        let (number, commitment) = note.as_ref().map(|note| (note.note, note.commitment.to_string())).unzip();
        let answer = SendAnswer {
            message: message.to_string(),
            sent: message.moment().to_string(),
            to: to.to_string(),
            answered: *was_answered,
            note: number,
            commitment,
            post: note.and_then(|note| note.post).map(|post| post.to_string()),
            address,
            pending,
        };
        writeln!(io::stdout(), "{}", serde_json::to_string(&answer)?)?;
        Ok(())
    }
}
