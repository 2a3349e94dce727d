//! `verbale approve`: a second official's word.

use std::process::ExitCode;

use super::disclosure::{self, Official};
use super::{Failure, Installation};
use crate::app::config::Config;
use crate::base::clock::Clock;
use crate::note::request::RequestState;
use crate::store::{Ask, Reader, RequestClient};
use crate::tasks::persons::Doubt;
use crate::tasks::task::ms;

/// Approve an opening that another official has asked for
///
/// Needed where the configuration says `[open] approval = true`. The second official opens the note with a key of their
/// own, sees what will become public, and is asked. Who asked and who approved is kept in the database.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale requests
  verbale approve 3 --identity second-official.txt

Exit status:
  0 done, or handed over, 1 it cannot be approved, 2 the arguments, the configuration or a key cannot be used")]
pub struct Arguments {
    /// The request's number
    #[arg(value_name = "R", value_parser = clap::value_parser!(u64).range(1..))]
    pub request: u64,

    /// Who approves it.
    #[command(flatten)]
    pub official: Official,

    /// The installation.
    #[command(flatten)]
    pub installation: Installation,
}

/// Approves a request, and waits until it is done.
///
/// # Errors
/// If the request is not waiting, is the official's own, or cannot be done.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    let Arguments { request: id, official, .. } = arguments;
    let reader = Reader::open(&config.log.database)?;
    let request = reader.request(*id).await?.ok_or_else(|| {
        Failure::failed(format!("there is no request {id}"), "see those that wait with `verbale requests`")
    })?;
    let Ask::Open { note, level } = request.ask else {
        let what = format!("request {id} needs no approval");
        return Err(Failure::failed(what, "a dispute is entered at once: see `verbale requests`").into());
    };
    if request.state != RequestState::Waiting {
        let what = format!("request {id} is not waiting any more: it is {}", request.state.as_str());
        return Err(Failure::failed(what, "ask again with `verbale open`").into());
    }
    let by = official.name(&config)?;
    let own = |mismatch| match mismatch {
        Doubt::Own => Failure::failed(
            format!("request {id} is this official's own"),
            "another official must approve it: name their key with `--identity FILE`",
        ),
        Doubt::Unknown => Failure::failed(
            format!(
                "request {id} was made by message, and the configuration does not say whose account {} is",
                request.asked_by
            ),
            "approve it by message, or let `persons` under [open] say which key and which account are one official's",
        ),
    };
    config.open.persons.check(&request.asked_by, &by).map_err(own)?;
    let now = Clock::system().now();
    if ms(config.open.lapse) < now.ms_since(request.asked_at) {
        let what = format!("request {id} has lapsed: it was made at {}", request.asked_at);
        return Err(Failure::failed(what, "ask again with `verbale open`").into());
    }
    let standing = disclosure::openable(&reader, note, level).await?;
    let (zip, opened) = disclosure::prepare(&config, &standing, level, official.identity.as_deref()).await?;
    println!("request {id} of {}, asked at {}", request.asked_by, request.asked_at);
    disclosure::show(&opened)?;
    official.confirm("Approve it?")?;
    RequestClient::open(&config.log.database)?.approve(*id, &by, zip, Clock::system().now()).await?;
    disclosure::follow(&config, *id).await
}
