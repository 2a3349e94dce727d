//! What a person does with the program's commands: gives one, and gives it again if it was killed or says so, until it
//! says that the thing is done.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

use rand::RngExt;
use rand::rngs::StdRng;
use tokio::process::Child;
use verbale::base::ids::AccountId;
use verbale::sandbox::MINISTRY;

use super::people::correspondent;
use crate::support::harness::MARKER;
use crate::support::process::Place;

/// Errands at the same time.
const AT_ONCE: usize = 3;

/// Steps for which a person thinks before giving a command again.
const PAUSE: u32 = 8;

/// No person is so patient.
const TRIES_MAX: u32 = 300;

/// What is to be done, once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Aim {
    /// A note with this text is sent.
    Send { text: String },
    /// A note is opened in public at this level.
    Open { note: u64, level: &'static str },
    /// The proof of a note lies in a file.
    Prove { note: u64, file: PathBuf },
}

/// An aim, and how far it has come.
pub struct Errand {
    pub aim: Aim,
    arguments: Vec<String>,
    /// Where the command says what it says.
    said: PathBuf,
    running: Option<Child>,
    pause: u32,
    tries: u32,
    pub is_done: bool,
}

/// All errands, the ones that are done included.
#[derive(Default)]
pub struct Errands {
    pub all: Vec<Errand>,
    /// Notes that somebody has opened or opens.
    opened: BTreeSet<u64>,
    /// Kills of commands.
    pub kills: u64,
}

impl Errands {
    /// Gives one more errand, if there are not too many.
    pub fn give(&mut self, rng: &mut StdRng, place: &Place) {
        let number = self.all.len();
        let sealed = place.observer.sealed.len() as u64;
        let is_open = self.all.iter().filter(|errand| !errand.is_done).count();
        if AT_ONCE <= is_open {
            return;
        }
        let note = rng.random_range(0..=sealed);
        let aim = match rng.random_range(0..4) {
            0 if note != 0 && self.opened.insert(note) => {
                Aim::Open { note, level: ["envelope", "content"][rng.random_range(0..2)] }
            }
            1 if note != 0 => Aim::Prove { note, file: place.path(&format!("errand-{number}.zip")) },
            2 | 3 => Aim::Send { text: format!("{MARKER} {number} by command & <others>.") },
            _ => return,
        };
        self.all.push(Errand::new(aim, number, correspondent(rng), place));
    }

    /// Goes on with all of them, without waiting for any.
    pub fn step(&mut self, place: &Place) {
        self.all.iter_mut().filter(|errand| !errand.is_done).for_each(|errand| errand.step(place));
    }

    /// Kills a command that runs. Returns false if none does.
    pub async fn kill_one(&mut self, rng: &mut StdRng) -> bool {
        let running: Vec<&mut Errand> = self.all.iter_mut().filter(|errand| errand.running.is_some()).collect();
        let place = rng.random_range(0..running.len().max(1));
        let Some(errand) = running.into_iter().nth(place) else { return false };
        let mut child = errand.running.take().expect("it runs");
        // What has ended by now is no kill, and is judged by what it says.
        if child.try_wait().unwrap().is_some() {
            errand.running = Some(child);
            return false;
        }
        child.kill().await.unwrap();
        errand.pause = PAUSE;
        self.kills += 1;
        true
    }

    pub fn are_done(&self) -> bool {
        self.all.iter().all(|errand| errand.is_done)
    }
}

impl Errand {
    fn new(aim: Aim, number: usize, to: AccountId, place: &Place) -> Errand {
        let path = |file: &PathBuf| file.to_str().unwrap().to_owned();
        let arguments: Vec<String> = match &aim {
            Aim::Send { text } => {
                let file = place.path(&format!("errand-{number}.txt"));
                std::fs::write(&file, text).unwrap();
                let to = if to == MINISTRY { "ministry".to_owned() } else { to.to_string() };
                vec!["send".to_owned(), "--to".to_owned(), to, path(&file)]
            }
            Aim::Open { note, level } => {
                let words = ["open", &note.to_string(), "--level", level, "--publish", "--yes"];
                words.iter().map(ToString::to_string).collect()
            }
            Aim::Prove { note, file } => {
                let words = ["prove", &note.to_string(), "--level", "content", "--out", &path(file)];
                words.iter().map(ToString::to_string).collect()
            }
        };
        let said = place.path(&format!("errand-{number}.said"));
        Errand { aim, arguments, said, running: None, pause: 0, tries: 0, is_done: false }
    }

    fn step(&mut self, place: &Place) {
        if let Some(child) = &mut self.running {
            if let Some(status) = child.try_wait().unwrap() {
                self.running = None;
                self.pause = PAUSE;
                self.is_done = self.says_done(status.code().expect("nobody else kills it"));
            }
        } else if self.pause == 0 {
            self.tries += 1;
            assert!(self.tries < TRIES_MAX, "{:?} never succeeds: {}", self.aim, self.said());
            let said = File::create(&self.said).unwrap();
            let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
            let mut command = place.command(&arguments);
            self.running = Some(command.stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap());
        } else {
            self.pause -= 1;
        }
    }

    /// Whether the command that has ended says that the thing is done; otherwise it is given again.
    fn says_done(&self, status: i32) -> bool {
        let said = self.said();
        let says = |words: &str| said.contains(words);
        let (is_done, may_be_tried_again) = match self.aim {
            Aim::Send { .. } => {
                (status == 0 || says("sent    message ") || says("the same text was sent at"), matches!(status, 1 | 3))
            }
            Aim::Open { .. } => (
                status == 0 || says("is open already") || says("asks for the same already, and is waiting"),
                status == 1 && says("not posted yet"),
            ),
            Aim::Prove { .. } => (status == 0 || says("File exists"), false),
        };
        assert!(is_done || may_be_tried_again, "{:?} ends with {status}: {said}", self.aim);
        is_done
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }
}
