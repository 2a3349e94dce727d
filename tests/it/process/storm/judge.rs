//! What must hold after the storm, seen from outside: in the platform's world, in the public folder, in the proofs.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use verbale::base::ids::PostId;
use verbale::note::slip::{Slip, rebuild};
use verbale::sandbox::world::Post;
use verbale::sandbox::{EMBASSY, MINISTRY, World};
use verbale::tlog::entry::{Entry, Level};
use verbale::wording::post::PostText;
use verbale::wording::thread::{self, Part};

use super::Storm;
use super::errand::Aim;
use super::people::{self, OFFICIAL, OwnMessage};
use crate::support::harness::key;

impl Storm {
    pub(super) async fn judge(&mut self) {
        self.look();
        self.place.observer.look_at_the_end();
        let messages = self.place.server.world.with(|world, _| people::own_messages(world));
        let posts = self.place.server.world.with(|world, _| own_posts(world));
        self.judge_messages(&messages);
        self.judge_answers(&posts);
        self.judge_openings(&posts, &messages);
        self.judge_disputes();
        let notes = self.place.observer.sealed.len();
        println!(
            "{notes} notes, {} posts, {} messages; {} questions, {} commands of the official, {} errands",
            posts.len(),
            messages.len(),
            self.people.questions.len(),
            self.people.commands,
            self.errands.all.len()
        );
        self.judge_proofs().await;
        self.audit().await;
    }

    /// Each command has sent one message, and each note has one slip, with which the note can be rebuilt.
    fn judge_messages(&self, messages: &[OwnMessage]) {
        for errand in &self.errands.all {
            if let Aim::Send { text } = &errand.aim {
                let sent = messages.iter().filter(|message| message.written == *text).count();
                assert_eq!(sent, 1, "{text}");
            }
        }
        let sealed = &self.place.observer.sealed;
        let mut slips = BTreeSet::new();
        for message in messages.iter().filter(|message| message.is_slip()) {
            let note = Slip::parse(&message.text).unwrap().envelope.note;
            assert!(slips.insert(note), "the slip of note {note} was sent twice");
            let id = sealed[note as usize - 1];
            let of = messages.iter().find(|message| message.id == id).unwrap();
            assert_eq!(message.to, of.to, "the slip of note {note} went elsewhere");
            assert!(rebuild(&message.text, &of.text).is_ok(), "the slip of note {note} does not fit");
        }
        assert_eq!(slips.len(), sealed.len(), "not every note has its slip");
        let to_official = messages.iter().filter(|message| message.to == OFFICIAL).count();
        assert_eq!(to_official, self.people.commands + self.people.disputes.len(), "messages to the official");
    }

    /// Each question has one answer, and nothing else has one.
    fn judge_answers(&self, posts: &[Post]) {
        let mut answers: BTreeMap<PostId, u64> = BTreeMap::new();
        for post in posts.iter().filter(|post| of_note(post).is_none() && PostText::parse(&post.written).is_err()) {
            let to = post.answers.unwrap_or_else(|| panic!("nobody asked for {}", post.written));
            *answers.entry(to).or_default() += 1;
        }
        let expected: BTreeMap<PostId, u64> = self.people.questions.iter().map(|question| (*question, 1)).collect();
        assert_eq!(answers, expected);
    }

    /// Each note that was opened has one entry, and one series of posts with its text.
    fn judge_openings(&self, posts: &[Post], messages: &[OwnMessage]) {
        let (mut opened, mut expected) = (BTreeSet::new(), BTreeSet::new());
        for line in self.place.observer.lines() {
            if let Ok(Entry::Open { note, level, .. }) = Entry::parse(line.as_bytes()) {
                assert!(opened.insert((note, level.as_str())), "opened twice: {line}");
            }
        }
        for errand in &self.errands.all {
            if let Aim::Open { note, level } = errand.aim {
                expected.insert((note, level));
            }
        }
        assert_eq!(opened, expected);
        for (note, level) in opened {
            let of = posts.iter().filter(|post| of_note(post) == Some(note));
            let texts: Vec<String> = of.map(|post| post.written.clone()).collect();
            if level == Level::Envelope.as_str() {
                assert_eq!(texts.len(), 1, "the envelope of note {note}");
                continue;
            }
            let id = self.place.observer.sealed[note as usize - 1];
            let sent = messages.iter().find(|message| message.id == id).unwrap();
            let joined = thread::join(&texts).unwrap_or_else(|error| panic!("the thread of note {note}: {error}"));
            assert_eq!((joined.note, &joined.text), (note, &sent.text));
        }
    }

    /// Each dispute has one entry.
    fn judge_disputes(&self) {
        let disputes = self.place.observer.lines().iter().filter_map(|line| match Entry::parse(line.as_bytes()) {
            Ok(Entry::Dispute { note, post, .. }) => Some((post.id, note)),
            _ => None,
        });
        let (mut entered, mut expected) = (disputes.collect::<Vec<_>>(), self.people.disputes.clone());
        entered.sort_unstable();
        expected.sort_unstable();
        assert_eq!(entered, expected, "{MINISTRY} disputes");
    }

    /// The proof of every note is proven, asked of X too; those that errands have made, some of them before the note was
    /// posted, are intact.
    async fn judge_proofs(&self) {
        let made = self.errands.all.iter().filter_map(|errand| match &errand.aim {
            Aim::Prove { file, .. } => Some(file.to_str().unwrap().to_owned()),
            _ => None,
        });
        let made: Vec<String> = made.collect();
        let mut proofs = Vec::new();
        for note in 1..=self.place.observer.sealed.len() {
            let file = self.place.path(&format!("note-{note}.proof.zip")).to_str().unwrap().to_owned();
            let arguments = ["prove", &note.to_string(), "--level", "content", "--out", &file];
            assert!(self.place.command(&arguments).status().await.unwrap().success(), "no proof of note {note}");
            proofs.push(file);
        }
        let (log, oembed) = (key().vkey().to_string(), format!("--oembed={}/oembed", self.place.server.base));
        for (files, online, expected) in [(&made, &[][..], 4), (&proofs, &["--online", &oembed][..], 0)] {
            for files in files.chunks(100) {
                let arguments = [&["verify", "--log", &log][..], online, &words(files)].concat();
                let (status, said) = say(&arguments).await;
                assert_eq!(status, expected, "{said}");
            }
        }
        println!("{} proofs are proven, {} that were made in the storm are intact", proofs.len(), made.len());
    }

    /// The published log holds, and with X each of its posts stands there.
    async fn audit(&self) {
        let public = self.place.path("public").to_str().unwrap().to_owned();
        let oembed = format!("--oembed={}/oembed", self.place.server.base);
        let (status, said) = say(&["audit", "--online", "--account=embassy", &oembed, &public]).await;
        assert_eq!(status, 0, "{said}");
    }
}

fn words(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// Runs a command that needs no installation.
async fn say(arguments: &[&str]) -> (i32, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_verbale"));
    let output = command.args(arguments).env_remove("RUST_LOG").stdin(Stdio::null()).output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

/// All posts of the account, oldest first.
fn own_posts(world: &World) -> Vec<Post> {
    world.posts().filter(|post| post.author == EMBASSY).cloned().collect()
}

/// The note whose opening a post shows.
fn of_note(post: &Post) -> Option<u64> {
    let text = &post.written;
    if let Ok(part) = Part::parse(text) {
        return Some(part.note);
    }
    let (number, rest) = text.strip_prefix("Note ")?.split_once(',')?;
    rest.starts_with(" its envelope is open").then(|| number.parse().unwrap())
}
