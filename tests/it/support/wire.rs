//! A relay of connections between programs and a sandbox, which spoils calls by chance, from a seed.
//!
//! It is a party of its own, as a network is: a request that it has taken goes on to the sandbox even if the program that
//! made it is dead. The answers of X are never forged beyond what an edge, a proxy or a network may do: a refusal of a
//! write is given in place of it only, and the answer to another question is an answer of X to that other question.

mod http;
mod spoil;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use http::Message;
pub use spoil::{Reaches, Spoil, Told};

/// Number of answers that are remembered.
const REMEMBERED: usize = 32;

/// The relay. It relays until the test ends.
#[derive(Clone)]
pub struct Wire {
    /// Where it answers.
    pub base: String,
    upstream: String,
    /// Longer than any client waits.
    late: Duration,
    chance: Arc<Mutex<Chance>>,
}

struct Chance {
    rng: StdRng,
    /// Number of calls, of 1000, that are spoilt.
    per_mille: u32,
    /// Number of calls that are still to be spoilt.
    left: u64,
    spoilt: BTreeMap<Spoil, u64>,
    /// What clients were told of late, and to which request: true answers.
    answers: VecDeque<(Message, Message)>,
}

/// What is done with a call.
struct Fate {
    spoil: Option<Spoil>,
    /// What is told in place of the true answer.
    instead: Option<Message>,
}

impl Wire {
    /// Opens a relay to the sandbox at `upstream`, which spoils nothing yet. `late` is longer than its clients wait.
    pub async fn open(upstream: &str, seed: u64, late: Duration) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let rng = StdRng::seed_from_u64(seed);
        let chance = Chance { rng, per_mille: 0, left: 0, spoilt: BTreeMap::new(), answers: VecDeque::new() };
        let wire = Wire { base, upstream, late, chance: Arc::new(Mutex::new(chance)) };
        let relay = wire.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let relay = relay.clone();
                // However a connection ends, it ends for its client alone.
                tokio::spawn(async move { relay.serve(client).await });
            }
        });
        wire
    }

    /// Spoils so many calls, `per_mille` of 1000.
    pub fn begin(&self, per_mille: u32, calls: u64) {
        let mut chance = self.chance.lock().unwrap();
        (chance.per_mille, chance.left) = (per_mille, calls);
    }

    /// Spoils nothing any more.
    pub fn end(&self) {
        self.begin(0, 0);
    }

    /// Forgets what was answered: a program is dead, and may have died before it knew the answer. To give that to another
    /// program as its own would be forgery.
    pub fn forget(&self) {
        self.chance.lock().unwrap().answers.clear();
    }

    /// What was spoilt, and how often.
    pub fn spoilt(&self) -> BTreeMap<Spoil, u64> {
        self.chance.lock().unwrap().spoilt.clone()
    }

    /// Number of calls that are still to be spoilt.
    pub fn left(&self) -> u64 {
        self.chance.lock().unwrap().left
    }

    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut read = Vec::new();
        while let Some(request) = Message::read(&mut client, &mut read).await? {
            if !self.exchange(&mut client, &request).await? {
                break;
            }
        }
        Ok(())
    }

    /// One call. Returns whether the connection may be used again.
    async fn exchange(&self, client: &mut TcpStream, request: &Message) -> io::Result<bool> {
        let Fate { spoil, instead } = self.chance.lock().unwrap().fate(request);
        let Some(Spoil { reaches, told }) = spoil else {
            let answer = self.ask(request).await?;
            client.write_all(&answer.to_bytes()).await?;
            self.chance.lock().unwrap().remember(request, &answer);
            return Ok(true);
        };
        let answer = match reaches {
            Reaches::Nothing => None,
            Reaches::Half => {
                self.ask_half(request).await?;
                None
            }
            Reaches::Late => {
                tokio::time::sleep(self.late).await;
                Some(self.ask(request).await?)
            }
            Reaches::All => Some(self.ask(request).await?),
        };
        match (told, instead, answer) {
            (Told::Cut, ..) | (_, None, None) => return Ok(false),
            (_, Some(instead), _) => client.write_all(&instead.to_bytes()).await?,
            (told, None, Some(answer)) => {
                if told == Told::Late {
                    tokio::time::sleep(self.late).await;
                }
                client.write_all(&spoil::bent(told, answer)).await?;
            }
        }
        Ok(!matches!(told, Told::Half | Told::Closed))
    }

    async fn ask(&self, request: &Message) -> io::Result<Message> {
        let mut upstream = TcpStream::connect(&self.upstream).await?;
        let mut request = request.clone();
        request.set("connection", Some("close"));
        upstream.write_all(&request.to_bytes()).await?;
        let answer = Message::read(&mut upstream, &mut Vec::new()).await?;
        let mut answer = answer.ok_or_else(|| io::Error::other("the sandbox gave no answer"))?;
        answer.set("connection", None);
        Ok(answer)
    }

    async fn ask_half(&self, request: &Message) -> io::Result<()> {
        let bytes = request.to_bytes();
        TcpStream::connect(&self.upstream).await?.write_all(&bytes[..bytes.len() / 2]).await
    }
}

impl Chance {
    /// What is done with this call, which is counted.
    fn fate(&mut self, request: &Message) -> Fate {
        // Always as many random numbers, whatever is left.
        let (is_hit, spoil) = (self.rng.random_range(0..1000) < self.per_mille, Spoil::draw(&mut self.rng));
        if !is_hit || self.left == 0 {
            return Fate { spoil: None, instead: None };
        }
        if matches!(spoil.told, Told::Shortened | Told::Doubled) && request.call().1.starts_with("/media/dm/") {
            // A file without its end is a file: nobody could tell.
            return Fate { spoil: None, instead: None };
        }
        let other = self.other(request);
        let instead = if spoil.told == Told::Other {
            let Some(other) = other else { return Fate { spoil: None, instead: None } };
            Some(other)
        } else {
            spoil::instead(spoil.told, &mut self.rng, jiff::Timestamp::now().as_second())
        };
        self.left -= 1;
        *self.spoilt.entry(spoil).or_default() += 1;
        Fate { spoil: Some(spoil), instead }
    }

    /// The answer to another question: a success that holds something. To the same question about another moment it would
    /// be no more than an answer that comes late, which nobody could tell.
    fn other(&mut self, request: &Message) -> Option<Message> {
        let is_other = |asked: &Message| match request.call().0 {
            "POST" => asked.body != request.body,
            _ => asked.call() != request.call(),
        };
        let fit: Vec<&Message> =
            self.answers.iter().filter(|(asked, _)| is_other(asked)).map(|(_, answer)| answer).collect();
        let place = self.rng.random_range(0..fit.len().max(1));
        fit.get(place).map(|answer| (*answer).clone())
    }

    fn remember(&mut self, request: &Message, answer: &Message) {
        let holds_something = answer.body.windows(7).any(|part| part == b"\"data\":");
        if answer.status() / 100 == 2 && holds_something {
            self.answers.push_back((request.clone(), answer.clone()));
            if REMEMBERED < self.answers.len() {
                self.answers.pop_front();
            }
        }
    }
}
