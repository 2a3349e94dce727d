//! `verbale open`: as much of a note as an official chooses, as a file or in public.

use std::path::PathBuf;
use std::process::ExitCode;

use super::disclosure::{self, Official};
use super::prove::{self, Level};
use super::{Failure, Installation};
use crate::app::config::Config;
use crate::base::clock::Clock;
use crate::note::request::RequestState;
use crate::store::{Ask, NewRequest, Reader, RequestClient};
use crate::tasks::task::ms;

/// Open a note: write its proof, or make it public
///
/// Without `--publish` it writes the proof at that level, as `verbale prove` does, and nobody else learns of it. With
/// `--publish` the opening is entered in the log, its files appear on the site, and it is posted on X: the envelope in one
/// post, the content as a numbered series that carries the whole text, in answer to the post with the commitment where X
/// allows it.
///
/// It says first what will become public, and asks. The posts are made by the daemon, which must run on this log; where
/// the configuration asks for a second official, nothing happens before `verbale approve`.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale open 17 --level envelope                              a proof of who wrote to whom and when, as a file
  verbale open 17 --level content --publish                     everything, in public
  verbale open 17 --level content --publish --yes --identity official.txt

Exit status:
  0 done, or handed over, 1 it cannot be opened, 2 the arguments, the configuration or a key cannot be used")]
pub struct Arguments {
    /// The note's number
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub note: u64,

    /// How much of the note to open
    #[arg(long, value_enum)]
    pub level: Level,

    /// Make it public
    #[arg(long)]
    pub publish: bool,

    /// Who opens it.
    #[command(flatten)]
    pub official: Official,

    /// Without `--publish`: the file to write, which must not exist yet; otherwise note-N.proof.zip
    #[arg(long, value_name = "FILE", conflicts_with = "publish")]
    pub out: Option<PathBuf>,

    /// The installation.
    #[command(flatten)]
    pub installation: Installation,
}

/// Writes the proof, or asks the daemon to make it public.
///
/// # Errors
/// If there is no such note, or it cannot be opened.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    let Arguments { note, level, official, out, .. } = arguments;
    let (note, level) = (*note, (*level).into());
    if !arguments.publish {
        return prove::write(&config, note, level, official.identity.as_deref(), out.as_deref()).await;
    }
    let reader = Reader::open(&config.log.database)?;
    let standing = disclosure::openable(&reader, note, level).await?;
    let ask = Ask::Open { note, level };
    let waiting = reader.requests(Some(RequestState::Waiting)).await?;
    if let Some(same) = waiting.into_iter().find(|request| request.ask == ask) {
        let what = format!("request {} asks for the same already, and is waiting", same.id);
        return Err(Failure::failed(what, "see it with `verbale requests`").into());
    }
    let asked_by = official.name(&config)?;
    let (zip, opened) = disclosure::prepare(&config, &standing, level, official.identity.as_deref()).await?;
    disclosure::show(&opened)?;
    official.confirm("Publish it?")?;
    let request = NewRequest { ask, asked_by };
    let client = RequestClient::open(&config.log.database)?;
    if !config.open.approval {
        let request = client.ask(request, Some(zip), Clock::system().now()).await?;
        return disclosure::follow(&config, request).await;
    }
    // A proof that nobody has approved yet is not submitted: the official who approves does that.
    let now = Clock::system().now();
    let request = client.ask(request, None, now).await?;
    println!("request {request} waits for a second official: `verbale approve {request}` with another identity");
    println!("nothing is published before; it lapses at {}", now.plus_ms(ms(config.open.lapse)));
    Ok(ExitCode::SUCCESS)
}
