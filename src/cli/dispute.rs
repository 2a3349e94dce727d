//! `verbale dispute`: enters that somebody denies a note in public.

use std::process::ExitCode;

use super::{Failure, Installation, disclosure, prove};
use crate::app::config::Config;
use crate::base::clock::Clock;
use crate::base::ids::PostId;
use crate::platform::x;
use crate::store::{Ask, NewRequest, Reader, RequestClient};

/// Record that a note is disputed in public, and answer it
///
/// The dispute is entered in the log and shown on the site, the officials whom the configuration names are told, and the
/// post is answered with the note's commitment, since when it stands, and what of it is open. Where X refuses the reply,
/// the answer is posted by itself. Nothing private is shown.
#[derive(clap::Args)]
#[command(after_long_help = examples())]
pub struct Arguments {
    /// The note's number
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub note: u64,

    /// The address of the post that disputes it, or its number
    #[arg(long, value_name = "URL", value_parser = post)]
    pub post: PostId,

    /// The installation.
    #[command(flatten)]
    pub installation: Installation,
}

/// What stands below the help.
fn examples() -> String {
    format!(
        "\
Example:
  verbale dispute 17 --post {}/journalist/status/972165182509809669

Exit status:
  0 done, or handed over, 1 it cannot be entered, 2 the arguments or the configuration cannot be used",
        x::WEB
    )
}

fn post(text: &str) -> Result<PostId, String> {
    x::named_post(text)
        .ok_or_else(|| format!("it is neither the address of a post, `{}/NAME/status/NUMBER`, nor its number", x::WEB))
}

/// Asks the daemon to enter the dispute, and waits until it has answered.
///
/// # Errors
/// If there is no such note, or the dispute cannot be entered.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    let Arguments { note, post, .. } = *arguments;
    let reader = Reader::open(&config.log.database)?;
    if reader.standing(note).await?.is_none() {
        return Err(prove::no_note(&reader, note).await?.into());
    }
    if reader.is_disputed(note, post).await? {
        let what = format!("that post {post} disputes note {note} is in the log already");
        return Err(Failure::failed(what, "a dispute is entered once: there is nothing more to do").into());
    }
    // A person who may write to the database may ask this: it publishes nothing that is not public.
    let request = NewRequest { ask: Ask::Dispute { note, post }, asked_by: "command line".to_owned() };
    let request = RequestClient::open(&config.log.database)?.ask(request, None, Clock::system().now()).await?;
    disclosure::follow(&config, request).await
}
