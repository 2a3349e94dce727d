//! How a call is spoilt: how far the request comes, and what the client is told.

use rand::rngs::StdRng;
use rand::{Rng, RngExt};

use super::http::Message;

/// How much of the request reaches the sandbox.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reaches {
    Nothing,
    /// Its first half, and then the connection ends.
    Half,
    /// All of it, once the client no longer waits.
    Late,
    All,
}

/// What the client is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Told {
    /// The connection ends.
    Cut,
    /// The true answer, once the client no longer waits.
    Late,
    /// The first half of the true answer, and then the connection ends.
    Half,
    /// The true answer, and then the connection ends although it may be used again.
    Closed,
    /// The true answer's JSON without its end, in an answer that is whole.
    Shortened,
    /// The true answer as another type.
    Mistyped,
    /// The true answer's body twice in one answer.
    Doubled,
    /// The true answer twice, one after the other.
    Repeated,
    /// What another question was answered a moment ago.
    Other,
    /// A success without a word.
    Empty,
    /// A success of bytes that are no text.
    Garbage,
    /// A success that is a page for people.
    Page,
    /// That the server is in trouble.
    Trouble(u16),
    /// That the answer is elsewhere.
    Elsewhere,
    /// That the limit is used up, for a second.
    TooMany,
    /// That the credentials are wrong.
    Unauthorized,
    /// A refusal without a reason.
    Forbidden,
}

/// What can be told without the true answer, and what of it says that nothing happened.
const WITHOUT: [Told; 11] = [
    Told::Cut,
    Told::Other,
    Told::Empty,
    Told::Garbage,
    Told::Page,
    Told::Trouble(500),
    Told::Trouble(502),
    Told::Trouble(503),
    Told::Trouble(504),
    Told::Elsewhere,
    Told::Cut,
];
const WITH: [Told; 8] =
    [Told::Late, Told::Half, Told::Closed, Told::Shortened, Told::Mistyped, Told::Doubled, Told::Repeated, Told::Other];
const REFUSALS: [Told; 3] = [Told::TooMany, Told::Unauthorized, Told::Forbidden];

/// One way to spoil a call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Spoil {
    pub reaches: Reaches,
    pub told: Told,
}

impl Spoil {
    /// One by chance that X, its edge or a network could give. A refusal says that nothing happened: it comes in place of
    /// the call, and never after it.
    pub fn draw(rng: &mut StdRng) -> Spoil {
        let mut one = |of: &[Told]| of[rng.random_range(0..of.len())];
        let (without, with, refusal) = (one(&WITHOUT), one(&WITH), one(&REFUSALS));
        match rng.random_range(0..10) {
            0 | 1 => Spoil { reaches: Reaches::Nothing, told: without },
            2 => Spoil { reaches: Reaches::Nothing, told: refusal },
            3 => Spoil { reaches: Reaches::Half, told: Told::Cut },
            4 => Spoil { reaches: Reaches::Late, told: Told::Cut },
            5 | 6 => Spoil { reaches: Reaches::All, told: without },
            _ => Spoil { reaches: Reaches::All, told: with },
        }
    }
}

/// What is told in place of the true answer. None if it is made of that, or nothing is told.
pub fn instead(told: Told, rng: &mut StdRng, seconds: i64) -> Option<Message> {
    let json = "application/json";
    Some(match told {
        Told::Empty => Message::answer(200, json, b""),
        Told::Garbage => {
            let mut bytes = vec![0; rng.random_range(1..2000)];
            rng.fill_bytes(&mut bytes);
            Message::answer(200, json, &bytes)
        }
        Told::Page => Message::answer(200, "text/html", b"<!doctype html><title>Log in</title>"),
        Told::Trouble(status) => {
            let (media_type, body) = match rng.random_range(0..3) {
                0 => (
                    json,
                    &br#"{"title":"Service Unavailable","detail":"Service Unavailable","type":"about:blank"}"#[..],
                ),
                1 => ("text/html", &b"<html><body>Over capacity</body></html>"[..]),
                _ => (json, &b""[..]),
            };
            Message::answer(status, media_type, body)
        }
        Told::Elsewhere => {
            let mut answer = Message::answer(302, "text/html", b"");
            answer.set("location", Some("/login"));
            answer
        }
        Told::TooMany => {
            let mut answer = Message::answer(429, json, br#"{"title":"Too Many Requests","type":"about:blank"}"#);
            let reset = (seconds + 1).to_string();
            for (name, value) in [("limit", "15"), ("remaining", "0"), ("reset", &reset)] {
                answer.set(&format!("x-rate-limit-{name}"), Some(value));
            }
            answer
        }
        Told::Unauthorized => {
            Message::answer(401, json, br#"{"title":"Unauthorized","type":"about:blank","status":401}"#)
        }
        Told::Forbidden => {
            Message::answer(403, json, br#"{"title":"Forbidden","detail":"Forbidden","type":"about:blank"}"#)
        }
        _ => return None,
    })
}

/// Bends the true answer; the bytes that go to the client.
pub fn bent(told: Told, mut answer: Message) -> Vec<u8> {
    match told {
        Told::Half => {
            let mut bytes = answer.to_bytes();
            // All of the head, and half of the body; or half of all.
            bytes.truncate(if answer.body.is_empty() {
                bytes.len() / 2
            } else {
                bytes.len() - answer.body.len() / 2 - 1
            });
            return bytes;
        }
        Told::Shortened => answer.body.truncate(answer.body.len() / 2),
        Told::Mistyped => answer.set("content-type", Some("text/plain; charset=iso-8859-1")),
        Told::Doubled => answer.body = answer.body.repeat(2),
        Told::Repeated => return answer.to_bytes().repeat(2),
        _ => {}
    }
    answer.to_bytes()
}
