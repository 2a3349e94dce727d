//! Those who write and ask, without the program: the embassy by its own hand, askers, an official, and strangers.

use rand::RngExt;
use rand::rngs::StdRng;
use verbale::base::ids::{Account, AccountId, PostId};
use verbale::note::slip::Slip;
use verbale::sandbox::world::{Draft, EventKind, Outgoing, unescape};
use verbale::sandbox::{EMBASSY, MINISTRY, World};

use crate::support::harness::{CONSULATE, MARKER, key};
use crate::support::process::Place;

/// Who may command by message.
pub const OFFICIAL: AccountId = AccountId(5001);

/// A stranger to the embassy.
const STRANGER: AccountId = AccountId(5002);

/// More correspondents, the first of them: a search for one slip reads the whole conversation of an hour, a few hundred
/// messages at once, and those of many minutes of a storm with two correspondents would be more.
const CORRESPONDENT: u64 = 7000;
const CORRESPONDENTS: u64 = 6;

/// Those who ask: the first of them.
const ASKER: u64 = 6000;
const ASKERS: u64 = 25;

/// The officials get no more messages about disputes in a day.
const DISPUTES_MAX: usize = 20;

/// What people have written.
#[derive(Default)]
pub struct People {
    count: u64,
    /// Posts that are to be answered.
    pub questions: Vec<PostId>,
    /// Those of them that are disputes, each of a note.
    pub disputes: Vec<(PostId, u64)>,
    /// Number of commands of the official.
    pub commands: usize,
}

impl People {
    pub fn new(place: &Place, seed: u64) -> People {
        place.server.world.with(|world, now| {
            let mut add = |id: u64, name: String| {
                drop(world.add_user(now, Account::parse(&format!("{id} {name}")).unwrap()).account.clone())
            };
            add(OFFICIAL.0, "first_secretary".to_owned());
            add(STRANGER.0, "stranger".to_owned());
            (0..ASKERS).for_each(|n| add(ASKER + n, format!("asker_{n}")));
            (0..CORRESPONDENTS).for_each(|n| add(CORRESPONDENT + n, format!("mission_{n}")));
        });
        let missions: String = (0..CORRESPONDENTS).map(|n| format!("\"{}\", ", CORRESPONDENT + n)).collect();
        place.configure("correspondents = [", &format!("correspondents = [{missions}"));
        place.give_key();
        let config = std::fs::read_to_string(place.path("config.toml")).unwrap();
        let bot = format!(
            "\n[bot]\npoll = \"50ms\"\nofficials = [\"{OFFICIAL}\"]\nanswers_a_day = 5000\nanswers_a_day_each = 100\n\
             usd_a_day = 1000.0\n"
        );
        std::fs::write(place.path("config.toml"), config + &bot).unwrap();
        // Numbers go on from the seed, so that no two storms have the same texts.
        People { count: seed * 1_000_000, ..People::default() }
    }

    /// Somebody does something.
    pub fn act(&mut self, rng: &mut StdRng, place: &Place) {
        self.count += 1;
        match rng.random_range(0..20) {
            0..9 => self.write(rng, place),
            9 => self.chat(rng, place),
            10 => self.disturb(place),
            11 | 12 => self.command(place),
            13 => self.dispute(rng, place),
            _ => self.ask(rng, place),
        }
    }

    /// A note by the account's own hand.
    fn write(&mut self, rng: &mut StdRng, place: &Place) {
        let long = "The Embassy asks for an answer. ".repeat(rng.random_range(1..20));
        let text = format!("{MARKER} {} by hand & <others>. {long}", self.count);
        let to = correspondent(rng);
        let file = rng.random_bool(0.2);
        place.server.world.with(|world, now| {
            let file = file.then(|| world.upload(now, EMBASSY, "image/png", self.count.to_le_bytes().repeat(100)));
            world.send(now, EMBASSY, to, &Outgoing { text, media: file.into_iter().collect() }).unwrap();
        });
    }

    /// Words that are no note, in a conversation of notes.
    fn chat(&mut self, rng: &mut StdRng, place: &Place) {
        let other = correspondent(rng);
        for (from, to) in [(EMBASSY, other), (other, EMBASSY)] {
            tell(place, from, to, &format!("lunch {} as ever?", self.count));
        }
    }

    /// Words of a stranger, by message and in public.
    fn disturb(&mut self, place: &Place) {
        tell(place, STRANGER, EMBASSY, &format!("{MARKER} {} of nobody", self.count));
        say(place, STRANGER, &format!("nothing about anybody {}", self.count));
    }

    fn command(&mut self, place: &Place) {
        tell(place, OFFICIAL, EMBASSY, ["status", "notes"][self.count as usize % 2]);
        self.commands += 1;
    }

    fn ask(&mut self, rng: &mut StdRng, place: &Place) {
        let note = rng.random_range(1..=place.observer.sealed.len() + 3);
        let about = if rng.random_bool(0.7) { format!("check {note}") } else { "status".to_owned() };
        let asker = AccountId(ASKER + rng.random_range(0..ASKERS));
        self.questions.push(say(place, asker, &format!("@embassy {about} please, {}", self.count)));
    }

    /// The ministry denies a note that is in the log.
    fn dispute(&mut self, rng: &mut StdRng, place: &Place) {
        let note = rng.random_range(0..=place.observer.sealed.len()) as u64;
        if note == 0 || DISPUTES_MAX <= self.disputes.len() || self.disputes.iter().any(|(_, known)| *known == note) {
            return;
        }
        let post = say(place, MINISTRY, &format!("@embassy dispute {note}: it never came, {}", self.count));
        self.questions.push(post);
        self.disputes.push((post, note));
    }
}

/// One of those to whom notes are written.
pub fn correspondent(rng: &mut StdRng) -> AccountId {
    match rng.random_range(0..CORRESPONDENTS + 2) {
        0 => MINISTRY,
        1 => CONSULATE,
        mission => AccountId(CORRESPONDENT + mission - 2),
    }
}

fn tell(place: &Place, from: AccountId, to: AccountId, text: &str) {
    place.server.world.with(|world, now| world.send(now, from, to, &Outgoing::text(text)).unwrap());
}

fn say(place: &Place, author: AccountId, text: &str) -> PostId {
    place.server.world.with(|world, now| world.post(now, author, Draft { text, ..Draft::default() }).unwrap().id)
}

/// A message of the account.
pub struct OwnMessage {
    pub id: verbale::base::ids::MessageId,
    pub to: AccountId,
    /// As it was written.
    pub written: String,
    /// As the platform returns it, decoded.
    pub text: String,
}

impl OwnMessage {
    pub fn is_slip(&self) -> bool {
        Slip::is_of(&self.text, key().name())
    }

    /// Whether the rules make it a note.
    pub fn is_formal(&self) -> bool {
        let is_mission = (CORRESPONDENT..CORRESPONDENT + CORRESPONDENTS).contains(&self.to.0);
        (is_mission || [MINISTRY, CONSULATE].contains(&self.to)) && self.text.contains(MARKER) && !self.is_slip()
    }
}

/// All messages of the account, oldest first.
pub fn own_messages(world: &World) -> Vec<OwnMessage> {
    let own = world.events().filter(|event| event.sender == EMBASSY);
    let message = own.filter_map(|event| {
        let EventKind::Message { words, written, .. } = &event.kind else { return None };
        let (one, other) = event.conversation.pair()?;
        let to = if one == EMBASSY { other } else { one };
        Some(OwnMessage { id: event.id, to, written: written.clone(), text: unescape(&words.text) })
    });
    message.collect()
}

/// Remembers every note that is there by now as one that must be sealed.
pub fn owe_all(place: &mut Place) {
    let own = place.server.world.with(|world, _| own_messages(world));
    for message in own.iter().filter(|message| message.is_formal()) {
        if !place.observer.owed.contains_key(&message.id) {
            place.observer.owe(message.id, &[message.to.0]);
        }
    }
}
