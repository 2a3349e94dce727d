//! Two installations on one X, in which each note's text, file and salts are marked. After an act, the marks are
//! searched for in everything that was said, posted, sent, published and written.

pub mod commands;
mod marks;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::process::{Child, Command};
use verbale::base::hash::Hash;
use verbale::base::ids::{Account, AccountId, MessageId, PostId};
use verbale::sandbox::world::{Call, EventKind, Outgoing, unescape};
use verbale::sandbox::{EMBASSY, MINISTRY, World};
use verbale::store::Reader;
use verbale::store::vault;
use verbale::tlog::entry::Entry;

pub use marks::{Found, Kind, cell, file, text};
use marks::{has_word, marked_file, marked_text};

use crate::support::database::wait;
use crate::support::installation::{Installation, until};
use crate::support::process::{GENEROUS, stop};
use crate::support::sandbox_server::SandboxServer;
use crate::support::secret_search::{Secret, Written, files_in, unpacked};

/// Who commands by message, in the embassy's configuration.
pub const OFFICIAL: AccountId = AccountId(5001);

/// What one act disclosed to the outside.
#[derive(Clone, Default, Debug)]
pub struct Left {
    pub status: Option<i32>,
    pub said: Found,
    pub posts: Found,
    pub messages: Found,
    /// Words of the lines that were entered, in order.
    pub log: Vec<String>,
    pub public: Found,
    pub files: Found,
}

/// What there was before an act.
struct Before {
    posts: BTreeSet<PostId>,
    events: BTreeSet<MessageId>,
    /// In each log.
    entries: [usize; 2],
    public: Found,
    files: BTreeMap<String, Vec<u8>>,
}

pub struct LeakHarness<'a> {
    pub server: &'a SandboxServer,
    pub embassy: Installation<'a>,
    pub ministry: Installation<'a>,
    /// Where commands write their files, and where they are given.
    pub folder: tempfile::TempDir,
    /// Everything that was said, standard errors and all, under the name of the command.
    pub written: Written,
    daemons: Vec<Child>,
    identity: age::x25519::Identity,
    /// Messages that people wrote, in X's own app.
    by_hand: BTreeSet<MessageId>,
    /// What is known of each note of the embassy.
    marks: BTreeMap<u64, Vec<(Kind, Secret)>>,
    /// Results of earlier searches, by the hash of what was searched and the number of notes.
    looked: RefCell<HashMap<(Hash, usize), Found>>,
}

impl<'a> LeakHarness<'a> {
    /// Both daemons run. The folder has the keys of two more officials and of somebody else.
    pub async fn set(server: &'a SandboxServer) -> LeakHarness<'a> {
        let (embassy, ministry) = (Installation::embassy(server), Installation::ministry(server, false));
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let [first, second, stranger] = [(); 3].map(|()| age::x25519::Identity::generate());
        let ours = identity(&embassy.path("official.txt"));
        let [daemons, one, other] = [&ours, &first, &second].map(|key| format!("\"{}\"", key.to_public()));
        embassy.configure(&daemons, &format!("{daemons}, {one}, {other}"));
        embassy.configure("# [upload]", "[upload]\nfolder = \"copy\"");
        embassy.configure("# [bot]", &format!("[bot]\npoll = \"20ms\"\nofficials = [\"{OFFICIAL}\"]"));
        fs::create_dir(embassy.path("copy")).unwrap();
        for (name, identity) in [("first.txt", &first), ("second.txt", &second), ("stranger.txt", &stranger)] {
            write_key(&folder.path().join(name), identity);
        }
        server.world.with(|world, now| {
            world.add_user(now, Account::parse("5001 first_secretary").unwrap());
        });
        let mut harness = LeakHarness {
            server,
            embassy,
            ministry,
            folder,
            written: Vec::new(),
            daemons: Vec::new(),
            identity: ours,
            by_hand: BTreeSet::new(),
            marks: BTreeMap::new(),
            looked: RefCell::default(),
        };
        harness.start().await;
        harness
    }

    async fn start(&mut self) {
        self.daemons = vec![self.embassy.run().await, self.ministry.run().await];
    }

    pub async fn end(&mut self) {
        for mut daemon in self.daemons.drain(..) {
            assert!(stop(&mut daemon, "TERM").await.success());
        }
    }

    /// From now on a second official must approve what is opened.
    pub async fn ask_for_approval(&mut self) {
        self.end().await;
        self.embassy.configure("approval = false", "approval = true");
        self.start().await;
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command about the embassy's or the ministry's installation, or, without one, only about files.
    pub fn command(&self, of: Option<&Installation<'_>>, arguments: &[&str]) -> Command {
        let mut command = match of {
            Some(side) => side.command(arguments),
            None => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_verbale"));
                command.args(arguments).env("RUST_LOG", "trace").kill_on_drop(true);
                command.stdin(std::process::Stdio::null());
                command
            }
        };
        command.current_dir(self.folder.path());
        command
    }

    /// Runs a command to its end, and waits until the daemons have done everything that it leads to.
    pub async fn run(&mut self, shown: &str, mut command: Command, ended: impl FnOnce()) -> Left {
        let before = self.before();
        let output = tokio::time::timeout(GENEROUS, command.output()).await.expect("it comes to its end").unwrap();
        ended();
        self.settle().await;
        let said = self.found(&output.stdout);
        let status = output.status.code();
        assert!(status.is_some(), "{shown} was killed");
        self.written.push((format!("`{shown}`: stdout"), output.stdout));
        self.written.push((format!("`{shown}`: stderr"), output.stderr));
        Left { status, said, ..self.left(&before) }
    }

    /// Somebody acts outside of the program, and the daemons do what this leads to, at least until `until` holds.
    pub async fn happens(
        &mut self,
        act: impl FnOnce(&mut LeakHarness<'_>),
        until: impl Fn(&LeakHarness<'_>) -> bool,
    ) -> Left {
        let before = self.before();
        act(self);
        let waited = async {
            while !until(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(tokio::time::timeout(GENEROUS, waited).await.is_ok(), "{}", self.embassy.log());
        self.settle().await;
        self.left(&before)
    }

    /// The account's own people write note `number`, in X's app.
    pub fn write_note(&mut self, number: u64) {
        let id = self.server.world.with(|world, now| {
            let media = vec![world.upload(now, EMBASSY, "image/png", file(number))];
            world.send(now, EMBASSY, MINISTRY, &Outgoing { text: text(number), media }).unwrap()
        });
        self.by_hand.insert(id);
    }

    /// All that was decided upon is posted, sent, published and copied.
    async fn settle(&mut self) {
        // The bot decides about what has changed in a look that begins after the change.
        let looks = |world: &World| world.counts().of(Call::Mentions);
        let before = self.server.world.with(|world, _| looks(world));
        until(self.server, "the bot looks again", |world| before + 2 <= looks(world)).await;
        let settled = async {
            while !(is_settled(&self.embassy, true) && is_settled(&self.ministry, false)) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let settled = tokio::time::timeout(GENEROUS, settled).await;
        assert!(settled.is_ok(), "{}\n{}", self.embassy.log(), self.ministry.log());
        self.learn();
    }

    /// Takes up the marks of new notes.
    fn learn(&mut self) {
        let reader = Reader::open(&self.embassy.path("verbale.db")).unwrap();
        for number in 1 + self.marks.len() as u64..=wait(reader.last_note()).unwrap() {
            let row = wait(reader.proof(number)).unwrap().unwrap();
            let opening = vault::open(number, &row.opening.unwrap(), std::slice::from_ref(&self.identity)).unwrap();
            let (envelope, content) = opening.check().unwrap();
            let marks = [
                (Kind::Hash, envelope.commitment().as_bytes().to_vec()),
                (Kind::Envelope, envelope.salt.as_bytes().to_vec()),
                (Kind::ContentSalt, content.header.salt.as_bytes().to_vec()),
                (Kind::Text, marked_text(number).into_bytes()),
                (Kind::File, marked_file(number).into_bytes()),
            ];
            let marks = marks
                .into_iter()
                .map(|(kind, value)| (kind, Secret::new(format!("{kind:?} of note {number}"), &value)));
            self.marks.insert(number, marks.collect());
        }
    }

    /// What is in these bytes of which notes, in any form. The names of the recipients are reported for all notes
    /// together, as note 0.
    pub fn found(&self, bytes: &[u8]) -> Found {
        let key = (Hash::of(bytes), self.marks.len());
        self.looked.borrow_mut().entry(key).or_insert_with(|| self.look(bytes)).clone()
    }

    fn look(&self, bytes: &[u8]) -> Found {
        let marks = self.marks.iter().flat_map(|(note, marks)| marks.iter().map(move |mark| (*note, mark)));
        let found = marks.filter(|(_, (_, secret))| secret.is_in(bytes)).map(|(note, (kind, _))| (note, *kind));
        let mut found: Found = found.collect();
        if [b"ministry".as_slice(), MINISTRY.to_string().as_bytes()].iter().any(|word| has_word(bytes, word)) {
            found.insert((0, Kind::Parties));
        }
        found
    }

    pub fn found_in(&self, files: &Written) -> Found {
        files.iter().flat_map(|(_, bytes)| self.found(bytes)).collect()
    }

    /// The public folders of both, and the embassy's copy, with what is packed in them.
    pub fn public(&self) -> Written {
        let folders = [self.embassy.path("public"), self.embassy.path("copy"), self.ministry.path("public")];
        folders.iter().flat_map(|folder| unpacked(files_in(folder))).collect()
    }

    pub fn found_in_public(&self) -> Found {
        let (theirs, ours): (Written, Written) =
            self.public().into_iter().partition(|(name, _)| Path::new(name).starts_with(self.ministry.path("public")));
        // The ministry may say who it is.
        let theirs = self.found_in(&theirs).into_iter().filter(|(_, kind)| *kind != Kind::Parties);
        self.found_in(&ours).into_iter().chain(theirs).collect()
    }

    /// What must not be found anywhere: keys and credentials of both.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for (side, user) in [(&self.embassy, EMBASSY), (&self.ministry, MINISTRY)] {
            let keys = self.server.credentials(user);
            for value in [&keys.api_key, &keys.api_secret, &keys.access_token, &keys.access_token_secret] {
                secrets.push(Secret::new(format!("a credential of {user}"), value.as_bytes()));
            }
            secrets.push(Secret::new(format!("the log's key of {user}"), &user.0.to_le_bytes().repeat(4)));
            let identity = identity(&side.path("official.txt")).to_string();
            secrets.push(Secret::new(format!("the identity of {user}"), identity.expose_secret().as_bytes()));
        }
        for name in ["first.txt", "second.txt", "stranger.txt"] {
            let identity = identity(&self.path(name)).to_string();
            secrets.push(Secret::new(format!("the identity in {name}"), identity.expose_secret().as_bytes()));
        }
        secrets
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files_in(self.folder.path()).into_iter().collect()
    }

    fn entries(&self) -> [Vec<String>; 2] {
        let entries =
            |side: &Installation<'_>| wait(Reader::open(&side.path("verbale.db")).unwrap().entries(0, 1000)).unwrap();
        [entries(&self.embassy), entries(&self.ministry)]
    }

    fn before(&mut self) -> Before {
        self.learn();
        let (posts, events) = self.server.world.with(|world, _| {
            (world.posts().map(|post| post.id).collect(), world.events().map(|event| event.id).collect())
        });
        let entries = self.entries().map(|lines| lines.len());
        Before { posts, events, entries, public: self.found_in_public(), files: self.files() }
    }

    /// What is outside now and was not before.
    fn left(&self, before: &Before) -> Left {
        let ours = [EMBASSY, MINISTRY];
        let (posts, messages) = self.server.world.with(|world, _| {
            let posts = world.posts().filter(|post| ours.contains(&post.author) && !before.posts.contains(&post.id));
            let posts: Vec<_> = posts
                .flat_map(|post| {
                    let media = post.media.iter().filter_map(|id| world.media(*id)).map(|file| file.bytes.clone());
                    std::iter::once(post.written.clone().into_bytes()).chain(media)
                })
                .collect();
            let new = |id: &MessageId| !before.events.contains(id) && !self.by_hand.contains(id);
            let events = world.events().filter(|event| ours.contains(&event.sender) && new(&event.id));
            let messages = events.filter_map(|event| match &event.kind {
                EventKind::Message { words, media, .. } => {
                    let media = media.iter().filter_map(|id| world.media(*id)).map(|file| file.bytes.clone());
                    Some(std::iter::once(unescape(&words.text).into_bytes()).chain(media).collect::<Vec<_>>())
                }
                _ => None,
            });
            (posts, messages.flatten().collect::<Vec<_>>())
        });
        let all = |pieces: &[Vec<u8>]| pieces.iter().flat_map(|bytes| self.found(bytes)).collect::<Found>();
        let files: Written =
            self.files().into_iter().filter(|(name, bytes)| before.files.get(name) != Some(bytes)).collect();
        Left {
            status: None,
            said: Found::new(),
            posts: all(&posts),
            messages: all(&messages),
            log: self.entered(before.entries),
            public: self.found_in_public().difference(&before.public).copied().collect(),
            files: self.found_in(&unpacked(files)),
        }
    }

    /// The kind of each entry in the logs after this number of lines.
    fn entered(&self, before: [usize; 2]) -> Vec<String> {
        let lines = self.entries().into_iter().zip(before).flat_map(|(lines, known)| lines.into_iter().skip(known));
        let kind = |line: String| match Entry::parse(line.as_bytes()).unwrap() {
            Entry::Open { level, .. } => format!("open {level}"),
            _ => line.split(' ').next().unwrap_or_default().to_owned(),
        };
        lines.map(kind).collect()
    }
}

/// Whether nothing waits to be posted, sent, published or copied.
fn is_settled(side: &Installation<'_>, is_copied: bool) -> bool {
    const NOTHING: [&str; 4] = [
        "SELECT (SELECT count(*) FROM effect) - (SELECT count(*) FROM outcome)",
        "SELECT count(*) FROM command WHERE done = 0",
        "SELECT (SELECT count(*) FROM note) - (SELECT coalesce(max(last), 0) FROM post)",
        "SELECT (SELECT count(*) FROM receipt) - (SELECT count(*) FROM effect WHERE kind = 'receipt-post')",
    ];
    if NOTHING.iter().any(|sql| side.count(sql) != 0) {
        return false;
    }
    let entries = side.count("SELECT count(*) FROM entry");
    let stamp = fs::read_to_string(side.path("public/site.txt")).unwrap_or_default();
    let is_published = entries == 0 || stamp.contains(&format!("\nentries {entries}\n"));
    let checkpoint = |folder: &str| fs::read(side.path(folder).join("checkpoint")).ok();
    is_published && (!is_copied || checkpoint("public") == checkpoint("copy"))
}

pub fn identity(file: &Path) -> age::x25519::Identity {
    fs::read_to_string(file).unwrap().trim().parse().unwrap()
}

fn write_key(path: &Path, identity: &age::x25519::Identity) {
    fs::write(path, identity.to_string().expose_secret()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
