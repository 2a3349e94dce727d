//! What officials are told, by direct message.
//!
//! As a public [`answer`](super::answer), a letter is made of what the log tells everybody, of numbers, and of words that
//! stand here: no text of a note can get into one. It begins with the line `verbale`, and its last line makes it the only
//! one of its kind in the conversation.

use std::fmt::{self, Write};

use super::answer::{Facts, Moment, Standing};
use super::code::{TRIES_MAX, VALID_MINUTES};
use super::command::{Code, Order};
use super::limits::Day;
use crate::hash::Hash;
use crate::log::entry::Level;
use crate::note::{AccountId, PostId, Snowflake};
use crate::site::Ledger;
use crate::time::Time;

/// Notes that `notes` lists.
const NOTES_LISTED: u64 = 20;

/// Requests that `status` lists.
const WAITING_LISTED: usize = 20;

/// The first line of every letter.
pub const FIRST: &str = "verbale";

/// The text of a direct message to an official.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter(String);

/// What a command came to, if nothing is to be confirmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The request has this number and will be done at once.
    Accepted(u64),
    /// The request has this number and waits for another official.
    Waits(u64),
    /// This request is approved.
    Approved(u64),
    /// There is no such note.
    NoNote(u64),
    /// So much of the note is open already.
    OpenAlready(u64, Level),
    /// The commitment is not posted yet: nothing is opened before it.
    NotPosted(u64),
    /// No request with this number waits for approval.
    NoRequest(u64),
    /// It was this official that asked.
    OwnRequest(u64),
    /// No second official is asked for.
    NoApproval,
    /// This machine has no key that opens notes.
    NoKey(u64, Level),
    /// No code is waited for.
    NoCode,
    /// The code is wrong, and so many tries are left.
    WrongCode(u64),
    /// The code is no longer valid.
    LateCode,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Outcome::Accepted(id) => write!(f, "Request {id} is accepted: it will be done now."),
            Outcome::Waits(id) => write!(f, "Request {id} waits for another official to write: approve {id}"),
            Outcome::Approved(id) => write!(f, "Request {id} is approved: it will be done now."),
            Outcome::NoNote(note) => write!(f, "There is no note {note}. Write: notes"),
            Outcome::OpenAlready(note, level) => write!(f, "Note {note} is open already: {}.", opened(level)),
            Outcome::NotPosted(note) => {
                write!(
                    f,
                    "Note {note} is not posted yet: nothing is opened before its commitment is public. Try later."
                )
            }
            Outcome::NoRequest(id) => write!(f, "No request {id} waits for approval. Write: status"),
            Outcome::OwnRequest(id) => write!(f, "Request {id} is your own: another official must approve it."),
            Outcome::NoApproval => f.write_str("Nothing waits for approval: this log asks for no second official."),
            Outcome::NoKey(note, level) => write!(
                f,
                "The daemon has no key that opens notes. On a machine that has yours, run:\n\
                 verbale open {note} --level {level} --publish --identity FILE"
            ),
            Outcome::NoCode => f.write_str("I wait for no code from you. Write your command first."),
            Outcome::WrongCode(1) => f.write_str("That is not the code. One try is left."),
            Outcome::WrongCode(left) => write!(f, "That is not the code. {left} tries are left."),
            Outcome::LateCode => write!(
                f,
                "That code is not valid any more: one holds for {VALID_MINUTES} minutes and {TRIES_MAX} tries. Write your command again."
            ),
        }
    }
}

/// What would become public.
fn opened(level: Level) -> &'static str {
    match level {
        Level::Envelope => "who, to whom and when, without the text",
        Level::Content => "all of it, with the text and the files",
    }
}

/// What is asked for, as an official reads it.
struct Wish<'a>(&'a Order);

impl fmt::Display for Wish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Order::Open { note, level } => write!(f, "to open note {note} in public ({})", opened(*level)),
            Order::Approve(request) => write!(f, "to approve request {request}"),
            other => write!(f, "{other}"),
        }
    }
}

impl Letter {
    /// What a command came to.
    pub fn outcome(outcome: Outcome, command: Snowflake) -> Letter {
        Letter::new(outcome, command)
    }

    /// The code that confirms an order.
    pub fn code(order: &Order, code: &Code, command: Snowflake) -> Letter {
        let (wish, digits) = (Wish(order), code.digits());
        Letter::new(
            format_args!("You ask {wish}. If you mean it, write within {VALID_MINUTES} minutes:\nconfirm {digits}"),
            command,
        )
    }

    /// That another official asks for something.
    pub fn request(request: u64, order: &Order, by: AccountId, lapses: Time, command: Snowflake) -> Letter {
        let (wish, lapses) = (Wish(order), Moment(lapses));
        Letter::new(
            format_args!(
                "Account {by} asks {wish}: request {request}. If you approve, write before {lapses}:\napprove {request}"
            ),
            command,
        )
    }

    /// That a note is disputed, and how it stands with it.
    pub fn dispute(ledger: &Ledger, note: u64, by: AccountId, post: PostId) -> Letter {
        let facts = Facts { ledger, note, entered: 1 };
        Letter::new(format_args!("Account {by} disputes note {note} in post {post}.\n{facts}"), post)
    }

    /// How it stands with the log, with the day, and with the requests that wait for approval.
    pub fn status(ledger: &Ledger, head: Option<(u64, Hash)>, day: Day, waiting: &[u64], command: Snowflake) -> Letter {
        let mut text = format!("{}\n", Standing { ledger, head });
        let Day { read, answers, over, usd_micros } = day;
        let cents = usd_micros.div_ceil(10_000);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "Today: {read} mentions read, {answers} answered, {over} over a limit, {cents} US cents spent on them"
        );
        for request in waiting.iter().take(WAITING_LISTED) {
            let _ = write!(text, "\nRequest {request} waits for approval");
        }
        if WAITING_LISTED < waiting.len() {
            let _ = write!(text, "\n{} requests wait in all", waiting.len());
        }
        Letter::new(text, command)
    }

    /// The newest notes.
    pub fn notes(ledger: &Ledger, command: Snowflake) -> Letter {
        let last = ledger.last();
        let mut text =
            if last == 0 { "No note is sealed yet.".to_owned() } else { format!("{last} notes, the newest first:") };
        let newest = (last.saturating_sub(NOTES_LISTED - 1).max(1)..=last).rev();
        for note in newest.filter_map(|note| ledger.note(note)) {
            let posted = if note.post.is_some() { "posted" } else { "not posted" };
            let opened = ledger.level(note.note).map_or("nothing", Level::as_str);
            let disputed = if note.disputed { ", disputed" } else { "" };
            let _ = write!(text, "\n{}: {}, {posted}, {opened} open{disputed}", note.note, Moment(note.sealed));
        }
        Letter::new(text, command)
    }

    /// What can be asked for.
    pub fn help(command: Snowflake) -> Letter {
        Letter::new(HELP, command)
    }

    fn new(text: impl fmt::Display, re: Snowflake) -> Letter {
        Letter(format!("{FIRST}\n{text}\nre {re}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const HELP: &str = "Write one of these, and nothing else:\n\
    status\n\
    notes\n\
    open 17 envelope (who, to whom and when become public)\n\
    open 17 content (the text and the files too)\n\
    confirm 123456 (the code that I send you first)\n\
    approve 3 (another official's request)\n\
    help";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::entry::Entry;
    use crate::platform::MESSAGE_CHARS_MAX;

    const ID: Snowflake = Snowflake(i64::MAX as u64);

    fn all() -> Vec<Letter> {
        let mut ledger = Ledger::default();
        let time = Time::parse("2018-03-09T17:40:12.123Z").unwrap();
        for note in 1..=300 {
            ledger.take(&Entry::Note { time, note, commitment: Hash::ZERO }.to_line());
        }
        let open = Order::Open { note: 17, level: Level::Content };
        let (code, by) = (Code::of(123), AccountId(u64::MAX));
        let day = Day { read: 2000, answers: 100, over: 1900, usd_micros: 1_999_999 };
        let waiting: Vec<u64> = (1..=100).collect();
        let mut all = vec![
            Letter::code(&open, &code, ID),
            Letter::code(&Order::Approve(3), &code, ID),
            Letter::request(3, &open, by, time, ID),
            Letter::dispute(&ledger, 17, by, ID),
            Letter::status(&ledger, Some((300, Hash::ZERO)), day, &waiting, ID),
            Letter::notes(&ledger, ID),
            Letter::notes(&Ledger::default(), ID),
            Letter::help(ID),
        ];
        let outcomes = [
            Outcome::Accepted(3),
            Outcome::Waits(3),
            Outcome::Approved(3),
            Outcome::NoNote(3),
            Outcome::OpenAlready(17, Level::Envelope),
            Outcome::NotPosted(3),
            Outcome::NoRequest(3),
            Outcome::OwnRequest(3),
            Outcome::NoApproval,
            Outcome::NoKey(17, Level::Content),
            Outcome::NoCode,
            Outcome::WrongCode(2),
            Outcome::WrongCode(1),
            Outcome::LateCode,
        ];
        all.extend(outcomes.map(|outcome| Letter::outcome(outcome, ID)));
        all
    }

    #[test]
    fn every_letter_can_be_sent_is_known_by_its_first_line_and_is_no_command() {
        for letter in all() {
            let text = letter.as_str();
            assert!(text.starts_with("verbale\n") && text.ends_with(&format!("\nre {ID}")), "{text}");
            assert!(text.is_ascii() && text.len() < MESSAGE_CHARS_MAX && !text.contains("\n\n"), "{text}");
            assert_eq!(crate::inert::write(text), text);
            assert_eq!(Order::read(text), Order::Help);
        }
    }
}
