//! The sections that are no task's: the log, who can open its notes, and where X is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::ids::Origin;
use crate::platform::{CALL_TIME_MAX, x};
use crate::tasks::settings::kinds::{FileName, List, Optional, Span, Text};
use crate::tasks::settings::{asked, default, nothing, settings, values};

settings! {
    /// What is published.
    pub struct LogSettings in "log" {
        /// The name of the log for ever: it stands in every note, in the log's key and in every checkpoint, so it cannot be
        /// changed later; a new name is a new log. By custom a domain that you hold, and a path; nothing is fetched from
        /// there. 1 to 255 visible ASCII characters, no space, no `+`.
        origin: Origin = asked("embassy.example/notes"), Text(values::origin);

        /// The log's secret key. Whoever has it can sign in the log's name: only the daemon's user may read the file
        /// (chmod 600), and a copy belongs into a safe. Its public half is what others check with; `verbale init` printed
        /// it.
        key_file: PathBuf = default("log.key"), FileName;

        /// Everything that is private or not yet published: sealed notes (encrypted), what was posted, how far was read. One
        /// SQLite file. Losing it loses no public evidence, but what was in the notes can then only be proven from other
        /// copies. Copy it while the daemon runs: `sqlite3 verbale.db ".backup verbale.backup.db"`.
        database: PathBuf = default("verbale.db"), FileName;

        /// The folder of the published log: `checkpoint`, `tile/…` (c2sp.org/tlog-tiles), `log.txt`, and the site for people
        /// that begins with `index.html`. Let a web server serve it as plain files, or copy it anywhere; it is written again
        /// from the database if it is lost. Beside this file nobody else can read it; outside, anybody can:
        /// `public = "/srv/www/notes"`.
        public: PathBuf = default("public"), FileName;

        /// Where that folder can be read, for the links in the feed and the commands on the pages; without it the links are
        /// relative, which some feed readers do not understand.
        address: Option<reqwest::Url> =
            nothing("https://notes.embassy.example"), Optional(Text(values::public_address));
    }
}

settings! {
    /// Who can open a sealed note.
    pub struct OpeningsSettings in "openings" {
        /// The age public keys (age-encryption.org) to which the text of each note is kept encrypted. Any one of the
        /// matching secret keys opens every note that was sealed while its public key stood here. An official makes a pair
        /// of keys with `age-keygen -o official.txt` and hands over only the line that begins with age1.
        recipients: Vec<age::x25519::Recipient> =
            asked(vec!["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]), List {
            least: 1,
            most: 32,
            what: "public keys",
            remedy: "name the public keys of the officials who may open notes: `age-keygen -o official.txt` makes one",
            read: values::recipient,
        };

        /// The secret key that matches one of `recipients`, if this machine may open notes: then `verbale prove` and `open`
        /// work here, and the daemon can open what officials ask for by direct message. Without it, or if the file is not
        /// there, the machine can seal, but it cannot read what it sealed; the commands then ask for `--identity FILE`.
        /// Only the daemon's user may read the file (chmod 600).
        identity_file: Option<PathBuf> = nothing("identity.txt"), Optional(FileName);
    }
}

settings! {
    /// X.
    pub struct XSettings in "x" {
        /// Where X answers programs. Another address only for a sandbox: `verbale sandbox` prints its own. https, or http to
        /// this same machine.
        api: reqwest::Url = default(x::BASE), Text(values::address);

        /// Where people read posts: the address of a post in a proof begins with it.
        web: reqwest::Url = default(x::WEB), Text(values::address);

        /// The four OAuth 1.0a values of the account whose messages are sealed. The file says how to get them; only the
        /// daemon's user may read it (chmod 600). Instead of the file, all four may be in the environment:
        /// VERBALE_X_API_KEY, VERBALE_X_API_SECRET, VERBALE_X_ACCESS_TOKEN, VERBALE_X_ACCESS_TOKEN_SECRET.
        credentials_file: PathBuf = default("credentials.toml"), FileName;

        /// How long one call may take before it counts as unanswered.
        timeout: Duration = default("10s"), Span(Duration::from_millis(100), CALL_TIME_MAX);
    }
}

impl LogSettings {
    /// The same with file names that are relative to `folder`.
    pub(super) fn beside(self, folder: &Path) -> LogSettings {
        LogSettings {
            key_file: folder.join(self.key_file),
            database: folder.join(self.database),
            public: folder.join(self.public),
            ..self
        }
    }
}

impl OpeningsSettings {
    /// The same with file names that are relative to `folder`.
    pub(super) fn beside(self, folder: &Path) -> OpeningsSettings {
        OpeningsSettings { identity_file: self.identity_file.map(|name| folder.join(name)), ..self }
    }
}

impl XSettings {
    /// The same with file names that are relative to `folder`.
    pub(super) fn beside(self, folder: &Path) -> XSettings {
        XSettings { credentials_file: folder.join(self.credentials_file), ..self }
    }

    /// Whether this is X itself, and no sandbox.
    pub(super) fn is_x(&self) -> bool {
        self.api.host_str().is_some_and(|host| x::HOSTS.contains(&host))
    }
}
