//! How a note stands, and how the log stands, in words: in answers, in direct messages, on pages, and by command.
//!
//! Every place that says it takes its words from here. If two places say the same thing in different words, both stand
//! side by side here.

use std::fmt;

use crate::base::time::Time;
use crate::note::standing::{LogStanding, Standing};
use crate::tlog::entry::Level;

/// What is said of a note that no post shows yet: in answers, on pages, by command.
pub const NOT_POSTED: &str = "not posted yet";

/// The same as a sentence, on the page of the note.
pub const NOT_POSTED_SENTENCE: &str = "It is sealed, but not posted yet.";

/// What is said of a log without notes, by command.
pub const NO_NOTE_YET: &str = "no note is sealed yet";

/// The same as a sentence in a direct message.
pub const NO_NOTE_YET_SENTENCE: &str = "No note is sealed yet.";

/// The same on a page.
pub const NO_NOTE_YET_ON_PAGE: &str = "No note has been sealed yet.";

/// What the page of a note says of its openings if there is none.
pub const NOTHING_OPENED: &str = "Nothing: its sender has not made public what it says.";

/// What the page of a note says of disputes and losses if there is none.
pub const NOTHING_SAID: &str = "None: nobody’s dispute is in the log, and the post is not known to have been lost.";

/// What a page says of a note whose post is not what it was.
pub const POST_LOST: &str = "post lost";

/// Why nothing is opened: this much is open already. By command, and in the list of requests.
pub fn open_already(note: u64, open: Level) -> String {
    format!("the {open} of note {note} is open already")
}

/// The same as a sentence in a direct message.
pub fn open_already_sentence(note: u64, open: Level) -> String {
    format!("Note {note} is open already: {}.", shows(open))
}

/// Why nothing is opened: no post shows the note yet. By command.
pub fn not_posted(note: u64) -> String {
    format!("note {note} is {NOT_POSTED}")
}

/// The same in the list of requests, for a request that has waited too long.
pub fn not_posted_in_time(note: u64) -> String {
    format!("note {note} is not posted")
}

/// The same as a sentence in a direct message.
pub fn not_posted_sentence(note: u64) -> String {
    format!("Note {note} is {NOT_POSTED}: nothing is opened before its commitment is public. Try later.")
}

/// What is public of a note, or would become so: in a direct message.
pub fn shows(level: Level) -> &'static str {
    match level {
        Level::Envelope => "who, to whom and when, without the text",
        Level::Content => "all of it, with the text and the files",
        Level::Unlocked => "the text that could not be read when it was sealed",
    }
}

/// Number of notes, and number of them without a post, by command.
pub fn not_posted_of(notes: u64, unposted: u64) -> String {
    format!("{notes}, {unposted} of them {NOT_POSTED}")
}

/// Whether something of a note is open, in one word or two beside its number on a page.
pub fn opened_badge(open: Option<Level>) -> &'static str {
    if open.is_some() { "opened" } else { "not opened" }
}

/// Whether somebody disputes a note, in one word or two beside its number on a page.
pub fn disputed_badge(disputes: u64) -> &'static str {
    if 0 < disputes { "disputed" } else { "not disputed" }
}

/// What is open of a note, in an answer.
fn opened(open: Option<Level>) -> &'static str {
    match open {
        None => "nothing of it is opened",
        Some(Level::Envelope) => "opened: the envelope",
        Some(Level::Content) => "opened: all of it",
        Some(Level::Unlocked) => "opened: the text that could not be read when it was sealed",
    }
}

/// Who disputes a note, in an answer.
fn disputed(disputes: u64) -> String {
    match disputes {
        0 => "nobody disputes it".to_owned(),
        1 => "disputed once".to_owned(),
        many => format!("disputed {many} times"),
    }
}

/// The standing of a note after one more dispute.
pub fn with_one_more(standing: &Standing) -> Standing {
    Standing { disputes: standing.disputes + 1, ..standing.clone() }
}

/// How it stands with one note, a line for each thing: for answers and direct messages.
pub struct InFull<'a>(pub &'a Standing);

impl fmt::Display for InFull<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Standing { note, commitment, sealed, post, open, disputes } = self.0;
        writeln!(f, "Note {note}\nsealed {}", Moment(*sealed))?;
        match post {
            Some(post) => writeln!(f, "posted {}, post {post}", Moment(post.moment()))?,
            None => writeln!(f, "{NOT_POSTED}")?,
        }
        write!(f, "sha256 {commitment}\n{}\n{}", opened(*open), disputed(*disputes))
    }
}

/// How it stands with one of many notes, in one line of a direct message.
pub struct InALine<'a>(pub &'a Standing);

impl fmt::Display for InALine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Standing { note, sealed, post, open, disputes, .. } = self.0;
        let posted = if post.is_some() { "posted" } else { "not posted" };
        let open = open.map_or("nothing", Level::as_str);
        let disputed = if 0 < *disputes { ", disputed" } else { "" };
        write!(f, "{note}: {}, {posted}, {open} open{disputed}", Moment(*sealed))
    }
}

/// How it stands with the log: for answers and direct messages.
pub struct OfTheLog<'a>(pub &'a LogStanding);

impl fmt::Display for OfTheLog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LogStanding { notes, posted, opened, disputed, head } = self.0;
        writeln!(f, "{notes} notes sealed, {posted} posted, {opened} opened, {disputed} disputed")?;
        match head {
            Some((size, root)) => write!(f, "log {size} {}", root.to_base64()),
            None => f.write_str("no head of the log is posted yet"),
        }
    }
}

/// The same four numbers of the log, as the front page names them.
pub const COUNTED: [&str; 4] = ["notes sealed", "of them posted", "opened", "disputed"];

/// A moment as people read it, without a dot: `2018-03-09 17:40:12 UTC`.
pub struct Moment(pub Time);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let (date, time) = text.split_once('T').unwrap_or((&text, ""));
        write!(f, "{date} {} UTC", time.split('.').next().unwrap_or_default())
    }
}
