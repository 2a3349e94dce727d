//! Where things are measured: folders on the disk that the program was built on, a sandbox, an installation.

use std::path::{Path, PathBuf};

use anyhow::Context;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::net::TcpListener;
use verbale::app::config::Config;
use verbale::app::config::create::{self, Answers};
use verbale::base::ids::{AccountId, Origin};
use verbale::cli::init;
use verbale::platform::x::Credentials;
use verbale::sandbox::world::{Outgoing, Settings};
use verbale::sandbox::{self, Clock, EMBASSY, MINISTRY, Shared};
use verbale::tasks::rules::{Correspondent, Formal};

/// The program, as it is released.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_verbale");

/// A text as long as a short diplomatic note.
pub const TEXT: &str = "NOTE VERBALE No. 17/2018. The Embassy presents its compliments to the Ministry of Foreign Affairs and \
has the honour to refer to the vessel Aurora, which has been held in port since 2 March with its crew of fourteen. The Embassy \
formally requests the immediate release of vessel and crew, and access to them until then, and avails itself of this opportunity \
to renew to the Ministry the assurances of its highest consideration.";

/// A new folder on the disk that the program was built on, removed at the end: elsewhere there may be none, but memory.
pub fn folder() -> anyhow::Result<TempDir> {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).context("cannot make a temporary folder")
}

/// The name of the log whose notes are received.
pub fn other_origin() -> Origin {
    Origin::parse("ministry.example/notes").expect("this is a name")
}

/// The log's name.
pub fn origin() -> Origin {
    Origin::parse("embassy.example/notes").expect("this is a name")
}

/// A sandbox without limits of calls, and the address at which it answers until the runtime ends.
pub async fn sandbox() -> anyhow::Result<(Shared, String)> {
    let clock = Clock::of_the_machine();
    let world = Shared::new(sandbox::story_world(Settings::without_limits(), 1, clock.now()), clock);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(sandbox::http::serve(listener, world.clone(), std::future::pending()));
    Ok((world, address))
}

/// Makes an installation in `dir` whose platform answers at `api`; gives the path of its configuration.
pub fn install(dir: &Path, world: &Shared, api: &str, poll: &str) -> anyhow::Result<PathBuf> {
    let of = world.with(|world, _| world.user(EMBASSY).map(|user| user.credentials.clone()));
    let of = of.context("the sandbox has no embassy")?;
    let answers = Answers {
        origin: origin(),
        correspondents: Correspondent::parse("ministry").into_iter().collect(),
        formal: Formal::Marker("NOTE VERBALE".to_owned()),
        recipients: Vec::new(),
        credentials: Some(Credentials {
            api_key: SecretString::from(of.api_key),
            api_secret: SecretString::from(of.api_secret),
            access_token: SecretString::from(of.access_token),
            access_token_secret: SecretString::from(of.access_token_secret),
        }),
        settings: vec![("api", api.into()), ("web", api.into()), ("poll", poll.into()), ("heartbeat", "off".into())],
    };
    create::create(dir, &answers, [7; 32], init::complete)?;
    let path = dir.join("config.toml");
    Config::load(&path)?;
    Ok(path)
}

/// The embassy sends the ministry a formal message.
pub fn send(world: &Shared) -> anyhow::Result<()> {
    let text = Outgoing { text: TEXT.to_owned(), media: Vec::new() };
    let sent = world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &text));
    sent.map(drop).map_err(|refusal| anyhow::anyhow!("the sandbox refused a message: {refusal}"))
}

/// The account with this number and name.
pub fn account(id: AccountId, name: &str) -> verbale::base::ids::Account {
    verbale::base::ids::Account::parse(&format!("{id} {name}")).expect("this is an account")
}
