//! What the commands that publish have in common: they say what will become public, ask, and wait until it is done.

use std::fmt;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use dialoguer::Confirm;

use super::{Failure, liveness, prove};
use crate::app::config::{Config, secrets};
use crate::base::ids::{AccountName, PostId};
use crate::note::request::RequestState;
use crate::note::standing::Standing;
use crate::note::{Content, Envelope, names};
use crate::platform::price::{Billed, usd};
use crate::platform::x;
use crate::store::{Answered, Ask, Opened, Reader, Request};
use crate::tasks::disclose::bundle;
use crate::tasks::post::Publisher;
use crate::tasks::task::Task;
use crate::tlog::entry::Level;
use crate::wording::standing::{not_posted, open_already};

/// How often to look whether the daemon has done it.
pub(super) const LOOK: Duration = Duration::from_millis(200);

/// How the official answers the question, and who the official is.
#[derive(clap::Args)]
pub struct Official {
    /// The age secret key of the official; otherwise `identity_file` of the configuration
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,

    /// Do not ask: for programs
    #[arg(long)]
    pub yes: bool,
}

impl Official {
    /// The age public key by which the official is known: one to which notes are sealed.
    ///
    /// If the identity is not that of an official. If two officials are needed, also if it is the daemon's own: a
    /// person who works on this machine could use it besides their own.
    pub fn name(&self, config: &Config) -> anyhow::Result<String> {
        let public = |identity: &age::x25519::Identity| identity.to_public().to_string();
        let known: Vec<String> = config.openings.recipients.iter().map(ToString::to_string).collect();
        let identities = prove::identities(config, self.identity.as_deref())?;
        let shared: Vec<String> = match &config.openings.identity_file {
            // An identity that cannot be read is not used here either.
            Some(file) if config.open.approval => {
                secrets::identities(file).unwrap_or_default().iter().map(public).collect()
            }
            _ => Vec::new(),
        };
        let mut officials = identities.iter().map(public).filter(|key| known.contains(key)).peekable();
        let is_official = officials.peek().is_some();
        let own = officials.find(|key| !shared.contains(key));
        if is_official && own.is_none() {
            let what = "two officials are needed, and this is the key of the daemon, which is nobody's own";
            return Err(Failure::unusable(what, "name your own key with `--identity FILE`").into());
        }
        Ok(own.ok_or_else(|| {
            let what = "the secret key is none of those of the officials to whom notes are sealed";
            Failure::unusable(what, "name another one with `--identity FILE`: see `recipients` in the configuration")
        })?)
    }

    /// Asks whether to publish, unless the answer was given before.
    ///
    /// # Errors
    /// If the answer is not yes, or there is nobody to ask.
    pub fn confirm(&self, question: &str) -> anyhow::Result<()> {
        if self.yes { Ok(()) } else { confirm(question) }
    }
}

/// Asks whether to publish.
///
/// # Errors
/// If the answer is not yes, or there is nobody to ask.
pub fn confirm(question: &str) -> anyhow::Result<()> {
    if !io::stdin().is_terminal() {
        let what = "this asks before anything is published, and there is no terminal to ask at";
        return Err(Failure::unusable(what, "a program gives `--yes`").into());
    }
    if Confirm::new().with_prompt(question).default(false).interact()? {
        return Ok(());
    }
    Err(Failure::failed("nothing was published", "answer y to publish").into())
}

/// What the public may know of a note that can be opened at this level.
///
/// # Errors
/// If there is no such note, it is not posted yet, or this much of it is open already.
pub async fn openable(reader: &Reader, note: u64, level: Level) -> anyhow::Result<Standing> {
    let Some(standing) = reader.standing(note).await? else { return Err(prove::no_note(reader, note).await?.into()) };
    if let Some(open) = standing.open.filter(|open| level <= *open) {
        return Err(Failure::failed(
            open_already(note, open),
            "what is public stays public: there is nothing more to do",
        )
        .into());
    }
    if standing.post.is_none() {
        return Err(Failure::failed(
            not_posted(note),
            "nothing is opened before its commitment is public: try again then",
        )
        .into());
    }
    Ok(standing)
}

/// The packed proof of what is to be opened, and what will become public through it.
///
/// # Errors
/// If the note cannot be opened with this identity, or cannot be mirrored.
pub async fn prepare(
    config: &Config,
    standing: &Standing,
    level: Level,
    identity: Option<&Path>,
) -> anyhow::Result<(Vec<u8>, Opened)> {
    let zip = prove::proof(config, standing.note, level, identity).await?.pack();
    let opened = bundle::open(standing, level, &zip)?;
    Ok((zip, opened))
}

/// Shows what will become public.
///
/// # Errors
/// If what was sealed cannot be read.
pub fn show(opened: &Opened) -> anyhow::Result<()> {
    let file = |name: &str| opened.files.iter().find(|(found, _)| found == name).map(|(_, bytes)| bytes.as_slice());
    let (note, level) = (opened.note, opened.level);
    let envelope = Envelope::parse(file(&names::envelope(note)).context("there is no envelope")?)?;
    println!("This becomes public, and cannot be taken back:");
    println!("  note {note}, its {level}");
    println!("  from {}", envelope.from);
    envelope.to.iter().for_each(|to| println!("  to   {to}"));
    println!("  sent {}", envelope.sent);
    if let Some(content) = file(&names::content(note)) {
        let content = Content::parse(content)?;
        let text = content.text.as_deref();
        println!(
            "  its text, {}:",
            text.map_or("which could not be read".to_owned(), |text| format!("{} bytes", text.len()))
        );
        text.unwrap_or_default().lines().for_each(|line| println!("    | {}", TerminalLine(line)));
    }
    println!("  files on the site:");
    opened.files.iter().for_each(|(name, bytes)| println!("    {name}, {} bytes", bytes.len()));
    let posts = opened.parts.len();
    let price = usd(Billed::PostCreate.price_usd_micros() * posts as u64);
    println!("  {posts} post{} on X, {price}", if posts == 1 { "" } else { "s" });
    for name in opened.parts.iter().flat_map(|(_, names)| names) {
        println!("    with {name}, if X takes it");
    }
    Ok(())
}

/// A line of text as it is, but without what could control a terminal.
struct TerminalLine<'a>(&'a str);

impl fmt::Display for TerminalLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        self.0.chars().try_for_each(|c| fmt::Write::write_char(f, plain(c)))
    }
}

/// Waits until the daemon has done what was asked for and posted all of it, and says where the posts are.
///
/// # Errors
/// If it cannot be done.
pub async fn follow(config: &Config, request: u64) -> anyhow::Result<ExitCode> {
    let reader = Reader::open(&config.log.database)?;
    let (mut is_told, mut known) = (false, None);
    loop {
        let asked = reader.request(request).await?.context("the request is not in the database")?;
        if let Some(failure) = failure(&asked) {
            return Err(failure.into());
        }
        if asked.state == RequestState::Done
            && let Some(posts) = posts(&reader, asked.ask).await?
        {
            return told(config, &reader, &posts).await;
        }
        if let Some(why) = liveness::daemon(&reader).await?.waits_in_vain("it is done") {
            println!("request {request} is kept, but {why}");
            return Ok(ExitCode::SUCCESS);
        }
        if !is_told {
            println!("request {request} is handed over: the daemon goes on with it even if this command is stopped");
            is_told = true;
        }
        let reports = reader.task_reports().await?;
        let trouble = reports.into_iter().find(|one| one.name == Publisher::NAME).and_then(|one| one.trouble);
        if let Some(trouble) = trouble.as_ref().filter(|_| trouble != known) {
            super::tell(format_args!("the daemon has to wait: {}", trouble.replace('\n', "; ")));
        }
        known = trouble;
        tokio::time::sleep(LOOK).await;
    }
}

fn failure(request: &Request) -> Option<Failure> {
    let what = match (request.state, &request.why) {
        (RequestState::Lapsed, _) => "nobody approved it in time".to_owned(),
        (RequestState::Refused, Some(why)) => why.clone(),
        (RequestState::Refused, None) => "the daemon refused it".to_owned(),
        _ => return None,
    };
    Some(Failure::failed(
        format!("request {}: {what}", request.id),
        "nothing was published by it; ask again if need be",
    ))
}

/// The posts that a request has led to, once all of them are posted.
async fn posts(reader: &Reader, ask: Ask) -> anyhow::Result<Option<Vec<PostId>>> {
    Ok(match ask {
        Ask::Open { note, level } => reader.thread_posts(note, level).await?.into_iter().collect(),
        Ask::Dispute { note, post } => match reader.answer_to(note, post).await? {
            Some(Answered::In(post)) => Some(vec![post]),
            Some(Answered::Not) => None,
            Some(Answered::Never) => {
                super::tell(format_args!("the answer could not be posted: see `verbale resend`"));
                Some(Vec::new())
            }
            None => Some(Vec::new()),
        },
    })
}

async fn told(config: &Config, reader: &Reader, posts: &[PostId]) -> anyhow::Result<ExitCode> {
    let account = reader.own_account().await?.map_or_else(AccountName::unknown, |account| account.name);
    println!("done: it is in the log and on the site");
    posts.iter().for_each(|post| println!("{}", x::address_of(config.x.web.as_str(), &account, *post)));
    Ok(ExitCode::SUCCESS)
}
