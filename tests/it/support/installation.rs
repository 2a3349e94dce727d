//! An installation of one of several accounts on one X, run as processes of their own.

use std::path::PathBuf;
use std::process::Stdio;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::{Child, Command};
use verbale::app::config::create::{Answers, create};
use verbale::base::ids::{AccountId, Origin};
use verbale::platform::x::Credentials;
use verbale::sandbox::world::{Call, Settings};
use verbale::sandbox::{EMBASSY, MINISTRY, World};
use verbale::store::Store;
use verbale::tasks::rules::{Correspondent, Formal};
use verbale::tlog::signed_note::{LogKey, VerifierKey};

use crate::support::database;
use crate::support::harness::MARKER;
use crate::support::process::{GENEROUS, LAG_MS};
use crate::support::sandbox_server::{SandboxServer, open};

pub async fn server() -> SandboxServer {
    // Without X's check for duplicates, only the programs make sure that nothing is posted twice.
    open(Settings { lag_ms: LAG_MS, refuses_duplicates: false, ..Settings::without_limits() }).await
}

/// An installation of one account.
pub struct Installation<'a> {
    server: &'a SandboxServer,
    pub vkey: VerifierKey,
    folder: tempfile::TempDir,
}

impl<'a> Installation<'a> {
    /// The installation of `user`, with these lines of its configuration changed.
    fn new(
        server: &'a SandboxServer,
        user: AccountId,
        origin: &str,
        to: &str,
        changes: &[(&str, &str)],
    ) -> Installation<'a> {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let identity = age::x25519::Identity::generate();
        let secret = |text: &str| SecretString::from(text);
        let keys = server.credentials(user);
        let origin = Origin::parse(origin).unwrap();
        let answers = Answers {
            origin: origin.clone(),
            correspondents: vec![Correspondent::parse(to).unwrap()],
            formal: Formal::Marker(MARKER.to_owned()),
            recipients: vec![identity.to_public()],
            credentials: Some(Credentials {
                api_key: secret(&keys.api_key),
                api_secret: secret(&keys.api_secret),
                access_token: secret(&keys.access_token),
                access_token_secret: secret(&keys.access_token_secret),
            }),
            settings: vec![
                ("api", server.base.clone().into()),
                ("poll", "20ms".into()),
                ("unknown_outcome_timeout", "1500ms".into()),
                ("heartbeat", "off".into()),
            ],
        };
        let place = folder.path().join("log");
        create(&place, &answers, user.0.to_le_bytes().repeat(4).try_into().unwrap(), |config, key| {
            Ok(Store::create(&config.log.database, &key.vkey())?)
        })
        .unwrap();
        std::fs::write(place.join("official.txt"), identity.to_string().expose_secret()).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(place.join("official.txt"), mode).unwrap();
        let key: [u8; 32] = user.0.to_le_bytes().repeat(4).try_into().unwrap();
        let side = Installation { server, vkey: LogKey::from_seed(origin, key).vkey(), folder };
        side.configure("# identity_file = \"identity.txt\"", "identity_file = \"official.txt\"");
        changes.iter().for_each(|(old, new)| side.configure(old, new));
        side
    }

    /// The embassy, which sends slips.
    pub fn embassy(server: &'a SandboxServer) -> Installation<'a> {
        Installation::new(server, EMBASSY, "embassy.example/notes", "ministry", &[("send = false", "send = true")])
    }

    /// The ministry, which gives receipts to the embassy.
    pub fn ministry(server: &'a SandboxServer, by_itself: bool) -> Installation<'a> {
        let publish = if by_itself { "publish = true" } else { "publish = false" };
        let changes = [("from = []", "from = [\"embassy\"]"), ("publish = false", publish)];
        Installation::new(server, MINISTRY, "ministry.example", "embassy", &changes)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("log").join(name)
    }

    /// Changes what the configuration says.
    pub fn configure(&self, old: &str, new: &str) {
        let config = std::fs::read_to_string(self.path("config.toml")).unwrap();
        assert!(config.contains(old), "{old}");
        std::fs::write(self.path("config.toml"), config.replace(old, new)).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_verbale"));
        command.args(arguments).arg("--config").arg(self.path("config.toml")).env("RUST_LOG", "trace");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// The daemon, once it has read the messages. Its output is kept in a file.
    pub async fn run(&self) -> Child {
        let log = std::fs::File::options().create(true).append(true).open(self.path("daemon.log")).unwrap();
        let looks = |world: &World| world.counts().of(Call::Messages);
        let before = self.server.world.with(|world, _| looks(world));
        let child = self.command(&["run"]).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        until(self.server, "a look at the messages", |world| before + 4 <= looks(world)).await;
        child
    }

    /// Runs a command to its end, and returns the exit status and the output.
    pub async fn say(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments).output().await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code().expect("it was killed"), said)
    }

    pub fn count(&self, sql: &str) -> u64 {
        database::count(&self.path("verbale.db"), sql)
    }

    /// Waits until the database says so.
    pub async fn counted(&self, sql: &str, count: u64) {
        let counted = async {
            while self.count(sql) != count {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        assert!(
            tokio::time::timeout(GENEROUS, counted).await.is_ok(),
            "waited in vain: {sql} is {}\n{}",
            self.count(sql),
            self.log()
        );
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    /// Nothing that the ministry keeps or says contains a note's text.
    pub fn keeps_nothing(&self, private: &str) {
        for name in ["verbale.db", "verbale.db-wal", "daemon.log", "public/log.txt", "public/index.html"] {
            let bytes = std::fs::read(self.path(name)).unwrap_or_default();
            let found = bytes.windows(private.len()).any(|window| window == private.as_bytes());
            assert!(!found, "{name} holds what a note says");
        }
    }
}

pub async fn until(server: &SandboxServer, what: &str, holds: impl FnMut(&World) -> bool) {
    let waited = tokio::time::timeout(GENEROUS, server.world.until(holds)).await;
    assert!(waited.is_ok(), "waited in vain: {what}");
}
