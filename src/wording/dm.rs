//! The direct messages to officials.
//!
//! Like a public [`answer`](super::answer), a dm text is made of what the log tells everybody, of numbers, and of words
//! that stand here: no text of a note can get into one. It begins with the line `verbale`. Its last line makes it
//! different from every other dm text of the conversation.

use std::fmt::{self, Write};

use super::code::{TRIES_MAX, VALID_MINUTES};
use crate::base::ids::{AccountId, MessageId, PostId};
use crate::base::time::Time;
use crate::note::request::RequestState;
use crate::note::standing::{LogStanding, Standing};
use crate::tlog::entry::Level;
use crate::wording::command::{Code, Order};
use crate::wording::standing::{self, InALine, InFull, Moment, OfTheLog};

/// Number of notes that `notes` lists.
pub const NOTES_LISTED: u64 = 20;

/// Number of requests that `status` lists.
const WAITING_LISTED: usize = 20;

/// The first line of every dm text.
pub const FIRST: &str = "verbale";

/// The text of a direct message to an official.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DmText(String);

/// How the day stands: for `status`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Day {
    /// Mentions read.
    pub read: u64,
    /// Answers decided upon.
    pub answers: u64,
    /// Mentions left without an answer, or a dispute without its entry, because a limit was reached.
    pub over: u64,
    /// What both cost, in millionths of a US dollar.
    pub usd_micros: u64,
}

/// The result of a command, if nothing is to be confirmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// What was confirmed will be done at once.
    Accepted,
    /// What was confirmed waits for another official.
    Waits,
    /// This request is approved.
    Approved(u64),
    /// There is no such note.
    NoNote(u64),
    /// This much of the note is open already.
    OpenAlready(u64, Level),
    /// The request with this number asks for the same.
    AskedAlready(u64),
    /// The commitment is not posted yet: nothing is opened before it.
    NotPosted(u64),
    /// No request with this number waits for approval.
    NoRequest(u64),
    /// It was this official that asked.
    OwnRequest(u64),
    /// It was asked on the command line, and nobody knows whether by this official.
    UnknownRequest(u64),
    /// No second official is asked for.
    NoApproval,
    /// This machine has no key that opens notes.
    NoKey(u64, Level),
    /// No code is waited for.
    NoCode,
    /// The code is wrong, and this number of attempts is left.
    WrongCode(u64),
    /// The code is no longer valid.
    LateCode,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Outcome::Accepted => f.write_str("It will be done now."),
            Outcome::Waits => {
                f.write_str("It waits for another official, who is told, and lapses if nobody approves it.")
            }
            Outcome::Approved(id) => write!(f, "Request {id} is approved: it will be done now."),
            Outcome::NoNote(note) => write!(f, "There is no note {note}. Write: notes"),
            Outcome::OpenAlready(note, level) => f.write_str(&standing::open_already_sentence(note, level)),
            Outcome::AskedAlready(id) => write!(f, "Request {id} asks for the same already."),
            Outcome::NotPosted(note) => f.write_str(&standing::not_posted_sentence(note)),
            Outcome::NoRequest(id) => write!(f, "No request {id} waits for approval. Write: status"),
            Outcome::OwnRequest(id) => write!(f, "Request {id} is your own: another official must approve it."),
            Outcome::UnknownRequest(id) => write!(
                f,
                "Request {id} comes from the command line, and the configuration does not say whose key it was: approve it there, with: verbale approve {id}"
            ),
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

/// How a request can be approved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Approval {
    /// By message.
    ByMessage,
    /// Only on the command line.
    OnCommandLine,
}

/// What is asked for, as an official reads it.
struct Wish<'a>(&'a Order);

impl fmt::Display for Wish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Order::Open { note, level } => write!(f, "to open note {note} in public ({})", standing::shows(*level)),
            Order::Approve(request) => write!(f, "to approve request {request}"),
            other => write!(f, "{other}"),
        }
    }
}

impl DmText {
    /// The result of a command.
    pub fn outcome(outcome: Outcome, command: MessageId) -> DmText {
        DmText::new(outcome, command)
    }

    /// The code that confirms an order.
    pub fn code(order: &Order, code: &Code, command: MessageId) -> DmText {
        let (wish, digits) = (Wish(order), code.digits());
        DmText::new(
            format_args!("You ask {wish}. If you mean it, write within {VALID_MINUTES} minutes:\nconfirm {digits}"),
            command,
        )
    }

    /// That another official asks for something. Who, if it was by message; and how it can be approved.
    pub fn request(request: u64, order: &Order, by: Option<AccountId>, lapses: Time, approval: Approval) -> DmText {
        let by = by.map_or_else(|| "Another official".to_owned(), |by| format!("Account {by}"));
        let (wish, lapses) = (Wish(order), Moment(lapses));
        let (how, command) = match approval {
            Approval::ByMessage => ("write", ""),
            Approval::OnCommandLine => ("run on the command line", "verbale "),
        };
        DmText::new(
            format_args!(
                "{by} asks {wish}: request {request}. If you approve, {how} before {lapses}:\n{command}approve {request}"
            ),
            format_args!("request {request}"),
        )
    }

    /// That somebody disputes a note in a post, and how the note stood before.
    pub fn dispute(before: &Standing, by: AccountId, post: PostId) -> DmText {
        let (note, after) = (before.note, standing::with_one_more(before));
        DmText::new(format_args!("Account {by} disputes note {note} in post {post}.\n{}", InFull(&after)), post)
    }

    /// How a request ended. Why one could not be done is not said here: the operator says it, and it is no text of
    /// ours.
    pub fn ended(request: u64, state: RequestState) -> DmText {
        let text = match state {
            RequestState::Lapsed => "has lapsed: nobody approved it in time. Nothing was published.",
            RequestState::Refused => "cannot be done. On the daemon's machine `verbale requests` says why.",
            _ => "is done. What it opens is in the log and on the site; its posts follow.",
        };
        DmText::new(format_args!("Request {request} {text}"), format_args!("request {request} {}", state.as_str()))
    }

    /// How it stands with the log, with the day, and with the requests that wait for approval.
    pub fn status(log: &LogStanding, day: Day, waiting: &[u64], command: MessageId) -> DmText {
        let mut text = format!("{}\n", OfTheLog(log));
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
        DmText::new(text, command)
    }

    /// These notes, the newest of this number of notes.
    pub fn notes(newest: &[Standing], count: u64, command: MessageId) -> DmText {
        let mut text = format!("{count} notes are sealed, the newest first:");
        if count == 0 {
            text = standing::NO_NOTE_YET_SENTENCE.to_owned();
        }
        for standing in newest {
            // Writing to a string does not fail.
            let _ = write!(text, "\n{}", InALine(standing));
        }
        DmText::new(text, command)
    }

    /// What can be asked for.
    pub fn help(command: MessageId) -> DmText {
        DmText::new(HELP, command)
    }

    fn new(text: impl fmt::Display, re: impl fmt::Display) -> DmText {
        DmText(format!("{FIRST}\n{text}\nre {re}"))
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
    use super::super::answer::tests::{MOST, standing};
    use super::*;
    use crate::note::slip::SLIP_BYTES_MAX as MESSAGE_CHARS_MAX;

    const ID: MessageId = MessageId(i64::MAX as u64);

    fn all() -> Vec<DmText> {
        let time = Time::parse("2018-03-09T17:40:12.123Z").unwrap();
        let open = Order::Open { note: 17, level: Level::Content };
        let (code, by) = (Code::of(123), AccountId(u64::MAX));
        let day = Day { read: 2000, answers: 100, over: 1900, usd_micros: 1_999_999 };
        let log = LogStanding { notes: MOST, posted: 0, opened: 0, disputed: 0, head: None };
        let waiting: Vec<u64> = (1..=100).collect();
        let mut all = vec![
            DmText::code(&open, &code, ID),
            DmText::code(&Order::Approve(3), &code, ID),
            DmText::ended(3, RequestState::Lapsed),
            DmText::ended(3, RequestState::Refused),
            DmText::ended(3, RequestState::Done),
            DmText::request(3, &open, Some(by), time, Approval::ByMessage),
            DmText::request(3, &open, None, time, Approval::OnCommandLine),
            DmText::dispute(&standing()[0], by, PostId(MOST)),
            DmText::status(&log, day, &waiting, ID),
            DmText::notes(&standing(), 300, ID),
            DmText::notes(&[], 0, ID),
            DmText::help(ID),
        ];
        let outcomes = [
            Outcome::Accepted,
            Outcome::Waits,
            Outcome::Approved(3),
            Outcome::NoNote(3),
            Outcome::OpenAlready(17, Level::Envelope),
            Outcome::AskedAlready(3),
            Outcome::NotPosted(3),
            Outcome::NoRequest(3),
            Outcome::OwnRequest(3),
            Outcome::UnknownRequest(3),
            Outcome::NoApproval,
            Outcome::NoKey(17, Level::Content),
            Outcome::NoCode,
            Outcome::WrongCode(2),
            Outcome::WrongCode(1),
            Outcome::LateCode,
        ];
        all.extend(outcomes.map(|outcome| DmText::outcome(outcome, ID)));
        all
    }

    #[test]
    fn every_dm_text_can_be_sent_is_known_by_its_first_line_and_is_no_command() {
        for text in all() {
            let text = text.as_str();
            assert!(text.starts_with("verbale\n") && text.lines().last().unwrap().starts_with("re "), "{text}");
            assert!(text.is_ascii() && text.len() < MESSAGE_CHARS_MAX && !text.contains("\n\n"), "{text}");
            assert_eq!(crate::base::escape::write(text), text);
            assert_eq!(Order::read(text), Order::Help);
        }
    }
}
