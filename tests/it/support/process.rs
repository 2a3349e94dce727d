//! An installation for the program itself, run as a process of its own against a sandbox on a port of this one.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::{Child, Command};
use verbale::app::config::create::{Answers, create};
use verbale::platform::x::Credentials;
use verbale::sandbox::world::{Call, Settings};
use verbale::sandbox::{EMBASSY, World};
use verbale::store::Store;
use verbale::tasks::rules::{Correspondent, Formal};

use crate::support::database;
use crate::support::harness::{CONSULATE, MARKER, key};
use crate::support::observer::Observer;
use crate::support::relay::Relay;
use crate::support::sandbox_server::{SandboxServer, open};

/// The seed of [`key`].
const SEED: [u8; 32] = [7; 32];

/// Far longer than anything that ends at all can take.
pub const GENEROUS: Duration = Duration::from_secs(60);

/// How long a new post is missing from the sandbox's timelines.
pub const LAG_MS: i64 = 100;

/// A sandbox, an installation for it, and an observer of both.
pub struct Place {
    pub server: SandboxServer,
    pub observer: Observer,
    pub identity: age::x25519::Identity,
    folder: tempfile::TempDir,
}

impl Place {
    pub async fn new() -> Place {
        // Without X's check for duplicates, only the program makes sure that nothing is posted twice.
        let settings = Settings { lag_ms: LAG_MS, refuses_duplicates: false, ..Settings::without_limits() };
        let server = open(settings).await;
        server.world.with(|world, now| {
            let consulate = format!("{CONSULATE} consulate");
            world.add_user(now, verbale::base::ids::Account::parse(&consulate).unwrap());
        });
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let identity = age::x25519::Identity::generate();
        let place = folder.path().join("log");
        create(&place, &answers(&server, &identity), SEED, |config, key| {
            Ok(Store::create(&config.log.database, &key.vkey())?)
        })
        .unwrap();
        let observer =
            Observer::new(server.world.clone(), place.join("verbale.db"), place.join("public"), identity.clone());
        Place { server, observer, identity, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("log").join(name)
    }

    /// Changes what the configuration says.
    pub fn configure(&self, old: &str, new: &str) {
        let path = self.path("config.toml");
        let config = std::fs::read_to_string(&path).unwrap();
        assert!(config.contains(old), "{old}");
        std::fs::write(&path, config.replace(old, new)).unwrap();
    }

    /// Gives this machine the official's key, so that it can open notes.
    pub fn give_key(&self) {
        use std::os::unix::fs::PermissionsExt;
        let key = self.path("official.txt");
        std::fs::write(&key, format!("{}\n", self.identity.to_string().expose_secret())).unwrap();
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
        self.configure("# identity_file = \"identity.txt\"", "identity_file = \"official.txt\"");
    }

    /// Puts a relay between the program and the sandbox, which bends the sandbox's answers.
    pub async fn relay(&self) -> Relay {
        let relay = Relay::open(&self.server.base).await;
        self.configure(&self.server.base, &relay.base);
        relay
    }

    /// A command of the program on this installation.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_verbale"));
        command.args(arguments).arg("--config").arg(self.path("config.toml"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env_remove("RUST_LOG").kill_on_drop(true);
        command
    }

    pub fn run(&self) -> Child {
        self.command(&["run"]).spawn().unwrap()
    }

    /// The daemon, once it has begun: before that, a command would find no daemon.
    pub async fn serve(&self) -> Child {
        let starts = |world: &World| world.counts().of(Call::Me);
        let before = self.server.world.with(|world, _| starts(world));
        let child = self.run();
        self.until("the daemon begins", |world| before < starts(world)).await;
        child
    }

    /// Waits until `holds` is true of the platform's world.
    pub async fn until(&self, what: &str, holds: impl FnMut(&World) -> bool) {
        let waited = tokio::time::timeout(GENEROUS, self.server.world.until(holds)).await;
        assert!(waited.is_ok(), "waited in vain: {what}");
    }

    /// Runs the program until everything that must be done is sealed, posted and published, and it has stopped by
    /// itself.
    pub async fn finish(&mut self) {
        let starts = |world: &World| world.counts().of(Call::Me);
        let before = self.server.world.with(|world, _| starts(world));
        let mut child = self.run();
        let (database, owed) = (self.path("verbale.db"), self.observer.owed.len() as u64);
        let checkpoint = self.path("public/checkpoint");
        let database = database::look(&database);
        let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
        self.until("everything is done", |world| {
            let size = std::fs::read_to_string(&checkpoint).ok();
            let size = size.and_then(|text| text.lines().nth(1).and_then(|size| size.parse::<u64>().ok()));
            before < starts(world)
                && count("SELECT count(*) FROM note") == owed
                && count("SELECT coalesce(max(last), 0) FROM post") == owed
                && count("SELECT count(*) FROM post") == count("SELECT count(*) FROM outcome WHERE channel = 'x'")
                && size == Some(count("SELECT count(*) FROM entry"))
        })
        .await;
        let status = stop(&mut child, "TERM").await;
        assert!(status.success(), "{status}");
        self.observer.look_at_the_end();
    }
}

fn answers(server: &SandboxServer, identity: &age::x25519::Identity) -> Answers {
    let secret = |text: &str| SecretString::from(text);
    let keys = server.credentials(EMBASSY);
    let credentials = Credentials {
        api_key: secret(&keys.api_key),
        api_secret: secret(&keys.api_secret),
        access_token: secret(&keys.access_token),
        access_token_secret: secret(&keys.access_token_secret),
    };
    Answers {
        origin: key().name().clone(),
        correspondents: vec![Correspondent::parse("ministry").unwrap(), Correspondent::Id(CONSULATE)],
        formal: Formal::Marker(MARKER.to_owned()),
        recipients: vec![identity.to_public()],
        credentials: Some(credentials),
        settings: vec![
            ("api", server.base.clone().into()),
            ("poll", "20ms".into()),
            ("attachments_timeout", "2s".into()),
            // Longer than the sandbox's lag and all that a busy machine may add to a call.
            ("unknown_outcome_timeout", "1500ms".into()),
            ("run_over", 2.into()),
            ("heartbeat", "off".into()),
        ],
    }
}

/// Sends a signal, and waits for the end.
pub async fn stop(child: &mut Child, signal: &str) -> ExitStatus {
    if let Some(id) = child.id() {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{signal} {id}")).status().await.unwrap();
        assert!(sent.success());
    }
    tokio::time::timeout(GENEROUS, child.wait()).await.expect("it does not stop").unwrap()
}
