//! The commands one after another, each given by a person with one key or another, and what each discloses.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use verbale::note::slip::Slip;
use verbale::sandbox::world::{Draft, EventKind, Outgoing, unescape};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY, World};
use verbale::store::Reader;

use super::{Kind, LeakHarness, Left, OFFICIAL, file, text};
use crate::support::database::wait;
use crate::support::process::stop;
use crate::support::secret_search::{Written, files_in, unpacked};

/// Whose installation a command is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Embassy,
    Ministry,
    Nobody,
}

/// Who gives a command: what key of the notes they have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    Operator,
    Outsider,
    /// By the key that the daemon has too.
    Official,
    FirstOfficial,
    SecondOfficial,
    Recipient,
    Anybody,
}

/// Who has which key, and who has none.
const KEYS: [By; 4] = [By::Operator, By::Outsider, By::Official, By::SecondOfficial];

impl By {
    fn words(self) -> &'static str {
        match self {
            By::Operator => "operator without a key",
            By::Outsider => "operator with another key",
            By::Official => "official",
            By::FirstOfficial => "official with their own key",
            By::SecondOfficial => "second official",
            By::Recipient => "recipient",
            By::Anybody => "anybody",
        }
    }

    fn key(self) -> Option<&'static str> {
        match self {
            By::Outsider => Some("stranger.txt"),
            By::FirstOfficial => Some("first.txt"),
            By::SecondOfficial => Some("second.txt"),
            _ => None,
        }
    }
}

/// What one command disclosed.
pub struct Row {
    pub command: String,
    pub by: &'static str,
    /// The note that it is about, if it is about one.
    pub note: Option<u64>,
    pub left: Left,
}

/// The commands one after another, and what each discloses. `trouble` is called before each, and may make something
/// fail.
pub struct Play<'a, 'b> {
    pub harness: &'a mut LeakHarness<'b>,
    trouble: fn(&mut World, &str),
    pub rows: Vec<Row>,
    /// The address of a post that disputes note 1, once there is one.
    denial: String,
}

impl<'a, 'b> Play<'a, 'b> {
    pub fn new(harness: &'a mut LeakHarness<'b>, trouble: fn(&mut World, &str)) -> Play<'a, 'b> {
        Play { harness, trouble, rows: Vec::new(), denial: String::new() }
    }

    /// Somebody gives a command, as it is shown and with `more`.
    pub async fn act(&mut self, of: Of, by: By, note: Option<u64>, shown: &str, more: &[&str]) {
        let denial = self.denial.clone();
        let words = shown.split(' ').map(|word| if word == "URL" { denial.as_str() } else { word });
        let key = by.key().map(|name| self.harness.path(name));
        let key = key.iter().flat_map(|path| ["--identity", path.to_str().unwrap()]);
        let arguments: Vec<&str> = words.chain(key).chain(more.iter().copied()).collect();
        let side = match of {
            Of::Embassy => Some(&self.harness.embassy),
            Of::Ministry => Some(&self.harness.ministry),
            Of::Nobody => None,
        };
        let command = self.harness.command(side, &arguments);
        // The daemon has read the key at its start; a person without a key does not have this one either.
        let (there, away) = (self.harness.embassy.path("official.txt"), self.harness.embassy.path("away.txt"));
        if by == By::Operator {
            std::fs::copy(&there, &away).unwrap();
            std::fs::remove_file(&there).unwrap();
        }
        self.harness.server.world.with(|world, _| (self.trouble)(world, shown));
        let left = self.harness.run(shown, command, || {
            if by == By::Operator {
                std::fs::rename(&away, &there).unwrap();
            }
        });
        let left = left.await;
        self.rows.push(Row { command: format!("`{shown}`"), by: by.words(), note, left });
    }

    /// A person writes a note in X's own app.
    async fn by_hand(&mut self, note: u64) {
        self.harness.server.world.with(|world, _| (self.trouble)(world, "run"));
        let left = self.harness.happens(
            |harness| harness.write_note(note),
            |harness| harness.embassy.count("SELECT count(*) FROM note") == note,
        );
        let left = left.await;
        if note == 1 {
            let command = "`run`, when a note is written in X's own app".to_owned();
            self.rows.push(Row { command, by: "—", note: Some(note), left });
        }
    }

    /// All commands about an installation or its files.
    pub async fn all(&mut self) {
        let init = "init new --origin embassy.example/other --correspondent ministry --formal-marker NOTE";
        self.act(Of::Nobody, By::Operator, None, init, &[]).await;
        self.by_hand(1).await;
        std::fs::write(self.harness.path("note.txt"), text(2)).unwrap();
        std::fs::write(self.harness.path("annex.png"), file(2)).unwrap();
        self.act(Of::Embassy, By::Operator, Some(2), "send --to ministry --attach annex.png note.txt", &[]).await;
        self.by_hand(3).await;
        for shown in ["status", "status --json", "notes", "notes --json"] {
            self.act(Of::Embassy, By::Operator, None, shown, &[]).await;
        }
        self.prove().await;
        self.open().await;
        self.asked().await;
        self.approve().await;
        self.receive().await;
        self.check().await;
    }

    async fn prove(&mut self) {
        let commands = ["prove 1", "prove 1 --level content", "open 1 --level envelope", "open 1 --level content"];
        for (number, shown) in commands.into_iter().enumerate() {
            for by in KEYS {
                let out = format!("{number}-{}.zip", by.words().replace(' ', "-"));
                self.act(Of::Embassy, by, Some(1), shown, &["--out", &out]).await;
            }
        }
    }

    async fn open(&mut self) {
        for by in [By::Operator, By::Outsider, By::Official] {
            self.act(Of::Embassy, by, Some(1), "open 1 --level envelope --publish --yes", &[]).await;
        }
        for by in [By::Operator, By::Outsider, By::SecondOfficial] {
            self.act(Of::Embassy, by, Some(1), "open 1 --level content --publish --yes", &[]).await;
        }
        // A post that quotes ours may be answered, but the bot does not read it as a mention.
        let quotes =
            wait(Reader::open(&self.harness.embassy.path("verbale.db")).unwrap().standing(1)).unwrap().unwrap();
        let quotes = quotes.post.map(|post| post.id);
        let denial = self.harness.server.world.with(|world, now| {
            let draft = Draft { text: "no such note ever came", quotes, ..Draft::default() };
            world.post(now, JOURNALIST, draft).unwrap().id
        });
        self.denial = format!("https://x.com/journalist/status/{denial}");
        self.act(Of::Embassy, By::Operator, Some(1), "dispute 1 --post URL", &[]).await;
    }

    /// People ask the bot, and an official commands it without giving the code: the results are in the table above.
    async fn asked(&mut self) {
        self.harness.server.world.with(|world, _| (self.trouble)(world, "asked"));
        let asked = self.harness.happens(
            |harness| {
                harness.server.world.with(|world, now| {
                    for text in ["@embassy check 3", "@embassy what does it say?", "@embassy dispute 3"] {
                        world.post(now, MINISTRY, Draft { text, ..Draft::default() }).unwrap();
                    }
                    for text in ["status", "notes", "open 3 content", "what does it say?"] {
                        world.send(now, OFFICIAL, EMBASSY, &Outgoing::text(text)).unwrap();
                    }
                });
            },
            |harness| {
                let heard = harness.embassy.count("SELECT count(*) FROM mention");
                (heard, harness.embassy.count("SELECT count(*) FROM command WHERE done = 1")) == (3, 4)
            },
        );
        let left = asked.await;
        assert!(left.posts.iter().chain(&left.messages).all(|(_, kind)| *kind <= Kind::Parties), "{left:?}");
        self.rows.push(Row {
            command: "`run`, asked by mentions and messages".to_owned(),
            by: "—",
            note: Some(3),
            left,
        });
    }

    async fn approve(&mut self) {
        self.harness.ask_for_approval().await;
        for by in [By::Official, By::FirstOfficial] {
            self.act(Of::Embassy, by, Some(2), "open 2 --level content --publish --yes", &[]).await;
        }
        self.act(Of::Embassy, By::Operator, None, "requests", &[]).await;
        self.act(Of::Embassy, By::Operator, None, "requests --json", &[]).await;
        for shown in ["resend", "resend --json", "resend --all", "rejudge --since 2099-01-01"] {
            self.act(Of::Embassy, By::Operator, None, shown, &[]).await;
        }
        for by in [By::Operator, By::Outsider, By::Official, By::FirstOfficial, By::SecondOfficial] {
            self.act(Of::Embassy, by, Some(2), "approve 4 --yes", &[]).await;
        }
    }

    async fn receive(&mut self) {
        let commands =
            ["receipt --from embassy", "receipt 3 --from embassy --publish --yes", "receipt --from embassy --json"];
        for shown in commands {
            self.act(Of::Ministry, By::Recipient, None, shown, &[]).await;
        }
        self.act(Of::Embassy, By::Official, Some(3), "prove 3 --out proof.zip", &[]).await;
        self.act(Of::Ministry, By::Recipient, Some(3), "receipt 3 --add-to proof.zip --out received.zip", &[]).await;
    }

    async fn check(&mut self) {
        let texts: Vec<String> = self.harness.server.world.with(|world, _| {
            let texts = world.events().filter_map(|event| match &event.kind {
                EventKind::Message { words, .. } => Some(unescape(&words.text)),
                _ => None,
            });
            texts.collect()
        });
        let is_slip = |text: &&String| Slip::parse(text).is_ok_and(|slip| slip.envelope.note == 3);
        std::fs::write(self.harness.path("slip.txt"), texts.iter().find(is_slip).unwrap()).unwrap();
        let message = texts.iter().find(|one| one.starts_with(&text(3))).unwrap();
        std::fs::write(self.harness.path("message.txt"), message).unwrap();
        let public = self.harness.embassy.path("public").to_str().unwrap().to_owned();
        std::os::unix::fs::symlink(public, self.harness.path("public")).unwrap();
        for shown in [
            "verify received.zip",
            "verify --json received.zip",
            "verify slip.txt",
            "verify --slip slip.txt --message message.txt",
            "verify --json --slip slip.txt --message message.txt",
            "verify --slip slip.txt --message note.txt",
            "verify --slip message.txt --message slip.txt",
            "audit public",
            "audit --json public",
        ] {
            self.act(Of::Nobody, By::Anybody, Some(3), shown, &[]).await;
        }
        self.act(Of::Embassy, By::Operator, None, "site copy", &[]).await;
    }

    /// Commands that know of no installation.
    pub async fn alone(&mut self) {
        for shown in ["completions bash", "demo --exit --out demo"] {
            self.act(Of::Nobody, By::Anybody, None, shown, &[]).await;
        }
        let mut command = self.harness.command(None, &["sandbox", "--port", "0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).await.unwrap();
        stop(&mut child, "TERM").await;
        let left = Left { status: Some(0), said: self.harness.found(said.as_bytes()), ..Left::default() };
        self.rows.push(Row { command: "`sandbox`".to_owned(), by: By::Anybody.words(), note: None, left });
        // Who is in them is not whom our notes are for: both have a ministry of their own.
        for row in
            self.rows.iter_mut().filter(|row| ["`demo", "`sandb"].iter().any(|name| row.command.starts_with(name)))
        {
            for found in [&mut row.left.said, &mut row.left.files] {
                found.remove(&(0, Kind::Parties));
            }
        }
    }

    /// What holds for every command: at most the hash of any other note, and nothing of any note in the errors.
    pub fn is_discreet(&self) {
        let public = self.harness.found_in_public();
        for Row { command, by, note, left } in &self.rows {
            let found = [&left.said, &left.posts, &left.messages, &left.public, &left.files].into_iter().flatten();
            let is_said = |one: &&(u64, Kind)| {
                one.1 <= Kind::Parties || Some(one.0) == *note || command == "`site copy`" && public.contains(*one)
            };
            let others: Vec<_> = found.filter(|one| !is_said(one)).collect();
            assert!(others.is_empty(), "{command} by {by}: {others:?}");
        }
        let [public, copy] = ["public", "copy"].map(|name| files_in(&self.harness.embassy.path(name)));
        assert!(self.harness.found_in(&unpacked(copy)).is_subset(&self.harness.found_in(&unpacked(public))));
        let errors: Written =
            self.harness.written.iter().filter(|(name, _)| name.ends_with("stderr")).cloned().collect();
        let logs = [&self.harness.embassy, &self.harness.ministry].map(|side| side.log().into_bytes());
        for (name, bytes) in errors.into_iter().chain(logs.map(|log| ("a daemon".to_owned(), log))) {
            let found: Vec<_> =
                self.harness.found(&bytes).into_iter().filter(|(_, kind)| Kind::Parties < *kind).collect();
            assert!(found.is_empty(), "{name}: {found:?}\n{}", String::from_utf8_lossy(&bytes));
        }
    }
}
