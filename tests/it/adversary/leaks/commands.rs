//! The same for the command line: each command is run as a process, and as a person with each kind of key, and what it
//! lets out is found by the marks of the notes.

use std::collections::BTreeSet;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use verbale::note::slip::Slip;
use verbale::sandbox::world::{Draft, EventKind, Outgoing, unescape};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY, World};
use verbale::store::Reader;

use crate::process::secrets::{Written, files_in, unpacked};
use crate::support::database::wait;
use crate::support::installation::server;
use crate::support::leak_harness::{Kind, Left, OFFICIAL, Stage, cell, file, text};
use crate::support::process::stop;

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

/// Who has any key, and who has none.
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

/// What one command let out.
pub struct Row {
    command: String,
    by: &'static str,
    /// The note that it is about, if it is about one.
    note: Option<u64>,
    left: Left,
}

/// The commands one after another, and what each lets out. Before each, `trouble` may see to it that something goes wrong.
pub struct Play<'a, 'b> {
    pub stage: &'a mut Stage<'b>,
    trouble: fn(&mut World, &str),
    rows: Vec<Row>,
    /// The address of a post that disputes note 1, once there is one.
    denial: String,
}

impl<'a, 'b> Play<'a, 'b> {
    pub fn new(stage: &'a mut Stage<'b>, trouble: fn(&mut World, &str)) -> Play<'a, 'b> {
        Play { stage, trouble, rows: Vec::new(), denial: String::new() }
    }

    /// Somebody gives a command, as it is shown and with `more`.
    pub async fn act(&mut self, of: Of, by: By, note: Option<u64>, shown: &str, more: &[&str]) {
        let denial = self.denial.clone();
        let words = shown.split(' ').map(|word| if word == "URL" { denial.as_str() } else { word });
        let key = by.key().map(|name| self.stage.path(name));
        let key = key.iter().flat_map(|path| ["--identity", path.to_str().unwrap()]);
        let arguments: Vec<&str> = words.chain(key).chain(more.iter().copied()).collect();
        let side = match of {
            Of::Embassy => Some(&self.stage.embassy),
            Of::Ministry => Some(&self.stage.ministry),
            Of::Nobody => None,
        };
        let command = self.stage.command(side, &arguments);
        // The daemon has read the key at its start; whoever has none has none of this one.
        let (there, away) = (self.stage.embassy.path("official.txt"), self.stage.embassy.path("away.txt"));
        if by == By::Operator {
            std::fs::copy(&there, &away).unwrap();
            std::fs::remove_file(&there).unwrap();
        }
        self.stage.server.world.with(|world, _| (self.trouble)(world, shown));
        let left = self.stage.run(shown, command, || {
            if by == By::Operator {
                std::fs::rename(&away, &there).unwrap();
            }
        });
        let left = left.await;
        self.rows.push(Row { command: format!("`{shown}`"), by: by.words(), note, left });
    }

    /// A person writes a note in X's own app.
    async fn by_hand(&mut self, note: u64) {
        self.stage.server.world.with(|world, _| (self.trouble)(world, "run"));
        let left = self
            .stage
            .happens(|stage| stage.write_note(note), |stage| stage.embassy.count("SELECT count(*) FROM note") == note);
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
        std::fs::write(self.stage.path("note.txt"), text(2)).unwrap();
        std::fs::write(self.stage.path("annex.png"), file(2)).unwrap();
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
        // A post that quotes ours may be answered, and is none that the bot hears.
        let quotes = wait(Reader::open(&self.stage.embassy.path("verbale.db")).unwrap().standing(1)).unwrap().unwrap();
        let quotes = quotes.post.map(|post| post.id);
        let denial = self.stage.server.world.with(|world, now| {
            let draft = Draft { text: "no such note ever came", quotes, ..Draft::default() };
            world.post(now, JOURNALIST, draft).unwrap().id
        });
        self.denial = format!("https://x.com/journalist/status/{denial}");
        self.act(Of::Embassy, By::Operator, Some(1), "dispute 1 --post URL", &[]).await;
    }

    /// People ask the bot, and an official commands it without giving the code: what comes of it is in the table above.
    async fn asked(&mut self) {
        self.stage.server.world.with(|world, _| (self.trouble)(world, "asked"));
        let asked = self.stage.happens(
            |stage| {
                stage.server.world.with(|world, now| {
                    for text in ["@embassy check 3", "@embassy what does it say?", "@embassy dispute 3"] {
                        world.post(now, MINISTRY, Draft { text, ..Draft::default() }).unwrap();
                    }
                    for text in ["status", "notes", "open 3 content", "what does it say?"] {
                        world.send(now, OFFICIAL, EMBASSY, &Outgoing::text(text)).unwrap();
                    }
                });
            },
            |stage| {
                let heard = stage.embassy.count("SELECT count(*) FROM mention");
                (heard, stage.embassy.count("SELECT count(*) FROM command WHERE done = 1")) == (3, 4)
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
        self.stage.ask_for_approval().await;
        for by in [By::Official, By::FirstOfficial] {
            self.act(Of::Embassy, by, Some(2), "open 2 --level content --publish --yes", &[]).await;
        }
        self.act(Of::Embassy, By::Operator, None, "requests", &[]).await;
        self.act(Of::Embassy, By::Operator, None, "requests --json", &[]).await;
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
        let texts: Vec<String> = self.stage.server.world.with(|world, _| {
            let texts = world.events().filter_map(|event| match &event.kind {
                EventKind::Message { words, .. } => Some(unescape(&words.text)),
                _ => None,
            });
            texts.collect()
        });
        let is_slip = |text: &&String| Slip::parse(text).is_ok_and(|slip| slip.envelope.note == 3);
        std::fs::write(self.stage.path("slip.txt"), texts.iter().find(is_slip).unwrap()).unwrap();
        let message = texts.iter().find(|one| one.starts_with(&text(3))).unwrap();
        std::fs::write(self.stage.path("message.txt"), message).unwrap();
        let public = self.stage.embassy.path("public").to_str().unwrap().to_owned();
        std::os::unix::fs::symlink(public, self.stage.path("public")).unwrap();
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
        let mut command = self.stage.command(None, &["sandbox", "--port", "0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).await.unwrap();
        stop(&mut child, "TERM").await;
        let left = Left { status: Some(0), said: self.stage.found(said.as_bytes()), ..Left::default() };
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

    /// What holds of every command: no more than the hash of any other note, and nothing of any note among the errors.
    pub fn is_discreet(&self) {
        let public = self.stage.found_in_public();
        for Row { command, by, note, left } in &self.rows {
            let found = [&left.said, &left.posts, &left.messages, &left.public, &left.files].into_iter().flatten();
            let is_said = |one: &&(u64, Kind)| {
                one.1 <= Kind::Parties || Some(one.0) == *note || command == "`site copy`" && public.contains(*one)
            };
            let others: Vec<_> = found.filter(|one| !is_said(one)).collect();
            assert!(others.is_empty(), "{command} by {by}: {others:?}");
        }
        let [public, copy] = ["public", "copy"].map(|name| files_in(&self.stage.embassy.path(name)));
        assert!(self.stage.found_in(&unpacked(copy)).is_subset(&self.stage.found_in(&unpacked(public))));
        let errors: Written = self.stage.written.iter().filter(|(name, _)| name.ends_with("stderr")).cloned().collect();
        let logs = [&self.stage.embassy, &self.stage.ministry].map(|side| side.log().into_bytes());
        for (name, bytes) in errors.into_iter().chain(logs.map(|log| ("a daemon".to_owned(), log))) {
            let found: Vec<_> =
                self.stage.found(&bytes).into_iter().filter(|(_, kind)| Kind::Parties < *kind).collect();
            assert!(found.is_empty(), "{name}: {found:?}\n{}", String::from_utf8_lossy(&bytes));
        }
    }
}

/// What the part of the file begins with.
pub const TITLE: &str = "\n## The command line\n";

const HEAD: &str = "
Made by `tests/it/adversary/leaks/commands.rs`, which runs each command as a process, beside the daemons of an embassy, which sends slips
and answers, and of a ministry, which gives receipts. Each row says what of a note was found that was not there before: `hash`
is its number and commitment, `who` the other side's name or number, `envelope` all that the envelope says, `content's salt`,
`text` and `file` what it says. Of a note that the command is not about, nothing but the hash is found, and in what the
commands and the daemons say of their work at the highest level of logging nothing but hash and who. Notes 1 and 2 have
one file each; note 3 is never opened. Request 4 asks to open note 2, where two officials are needed.

| command | by whom | status | standard output | posts | messages | log | public folder and its copy | files |
|---|---|---|---|---|---|---|---|---|
";

fn table(rows: &[Row]) -> String {
    let mut table = TITLE.to_owned() + HEAD;
    let cells = |left: &Left| {
        let status = left.status.map_or("—".to_owned(), |status| status.to_string());
        let log = if left.log.is_empty() { "—".to_owned() } else { left.log.join(", ") };
        let Left { said, posts, messages, public, files, .. } = left;
        format!(
            "{status} | {} | {} | {} | {log} | {} | {}",
            cell(said),
            cell(posts),
            cell(messages),
            cell(public),
            cell(files)
        )
    };
    let mut groups: Vec<(&str, Vec<&str>, String)> = Vec::new();
    for Row { command, by, left, .. } in rows {
        let cells = cells(left);
        match groups.iter_mut().find(|(other, _, same)| other == command && *same == cells) {
            Some((_, all, _)) => all.push(by),
            None => groups.push((command, vec![by], cells)),
        }
    }
    for (command, by, cells) in groups {
        table += &format!("| {command} | {} | {cells} |\n", by.join(", "));
    }
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn for_every_command_of_the_command_line_it_is_known_what_leaves_the_program() {
    let server = server().await;
    let mut stage = Stage::set(&server).await;
    let mut play = Play::new(&mut stage, |_, _| {});
    play.all().await;
    play.alone().await;
    play.is_discreet();
    let rows = play.rows;
    stage.end().await;
    let tried: BTreeSet<&str> =
        rows.iter().map(|row| row.command.trim_matches('`').split([' ', '`']).next().unwrap()).collect();
    let commands = verbale::cli::command();
    let all: BTreeSet<&str> =
        commands.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help").collect();
    assert_eq!(tried, all);
    super::assert_kept(super::Part::Commands, &table(&rows));
}
