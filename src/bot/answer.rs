//! What is said in public: the answers to mentions.
//!
//! Whoever asks, and whatever is asked: an answer is made of what the log tells everybody, of the number of the post that
//! it answers, and of words that stand here. No other text can get into one. It has no link, no dot and no mention, is as
//! long as X allows at most, and differs from every other post by its last line.

use std::fmt;

use crate::hash::Hash;
use crate::log::entry::Level;
use crate::note::PostId;
use crate::site::Ledger;
use crate::site::ledger::Note;
use crate::time::Time;

/// The text of a public answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer(String);

impl Answer {
    /// How it stands with a note.
    pub fn check(ledger: &Ledger, note: u64, to: PostId) -> Answer {
        Answer::new(Facts { ledger, note, entered: 0 }, to)
    }

    /// That a dispute of a note has been entered, and how it stands with that note.
    pub fn dispute(ledger: &Ledger, note: u64, to: PostId) -> Answer {
        Answer::new(format_args!("Your dispute is in the log\n{}", Facts { ledger, note, entered: 1 }), to)
    }

    /// That no note has the commitment that was asked for.
    pub fn no_commitment(ledger: &Ledger, to: PostId) -> Answer {
        Answer::new(format_args!("No note of this log has that hash: it has {} notes", ledger.last()), to)
    }

    /// That the post which was answered or quoted shows more than one note.
    pub fn which(first: u64, last: u64, to: PostId) -> Answer {
        Answer::new(format_args!("That post shows notes {first} to {last}: say which, like\ncheck {first}"), to)
    }

    /// How it stands with the log, whose newest head in public is of this size and has this root.
    pub fn status(ledger: &Ledger, head: Option<(u64, Hash)>, to: PostId) -> Answer {
        Answer::new(Standing { ledger, head }, to)
    }

    /// What can be asked for.
    pub fn help(to: PostId) -> Answer {
        Answer::new(HELP, to)
    }

    fn new(text: impl fmt::Display, to: PostId) -> Answer {
        Answer(format!("{text}\nre {to}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const HELP: &str = "This account seals formal messages; I answer in reply to\n\
    check 17 - when note 17 was sealed, and what of it is open\n\
    check and the 64 digits of a hash\n\
    dispute 17 - enters in the log that you dispute it\n\
    status\n\
    or quote one of the posts";

/// How it stands with one note.
pub(super) struct Facts<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) note: u64,
    /// Disputes that are entered together with what is said here.
    pub(super) entered: usize,
}

impl fmt::Display for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { ledger, note, entered } = *self;
        let Some(Note { sealed, commitment, post, lost, .. }) = ledger.note(note) else {
            return write!(f, "There is no note {note}: this log has {} notes", ledger.last());
        };
        writeln!(f, "Note {note}\nsealed {}", Moment(sealed))?;
        match post {
            Some(shown) => {
                write!(f, "posted {}, post {}", Moment(shown.post.time()), shown.post)?;
                f.write_str(if lost { ", since lost\n" } else { "\n" })?;
            }
            None => f.write_str("not posted yet\n")?,
        }
        writeln!(f, "sha256 {commitment}")?;
        f.write_str(match ledger.level(note) {
            None => "nothing of it is opened",
            Some(Level::Envelope) => "opened: the envelope",
            Some(Level::Content) => "opened: all of it",
        })?;
        match ledger.disputes(note).count() + entered {
            0 => f.write_str("\nnobody disputes it"),
            1 => f.write_str("\ndisputed once"),
            many => write!(f, "\ndisputed {many} times"),
        }
    }
}

/// How it stands with the log.
pub(super) struct Standing<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) head: Option<(u64, Hash)>,
}

impl fmt::Display for Standing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.ledger.counts();
        write!(f, "{} notes sealed, {} posted, {} opened, ", self.ledger.last(), counts.posted, counts.opened)?;
        writeln!(f, "{} disputed\n{} entries in the log, in public", counts.disputed, self.ledger.len())?;
        match self.head {
            Some((size, root)) => write!(f, "log {size} {}", root.to_base64()),
            None => f.write_str("no head of it yet"),
        }
    }
}

/// A moment as people read it, without a dot: `2018-03-09 17:40:12 UTC`.
pub(super) struct Moment(pub(super) Time);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let (date, time) = text.split_once('T').unwrap_or((&text, ""));
        write!(f, "{date} {} UTC", time.split('.').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::entry::{Entry, Loss, Platform};
    use crate::mirror::{WEIGHT_MAX, weight};
    use crate::note::Snowflake;

    /// As long as numbers can be: what X counts in is below 2^63.
    const POST: Snowflake = Snowflake(i64::MAX as u64);

    fn time() -> Time {
        Time::parse("2018-03-09T17:40:12.123Z").unwrap()
    }

    /// Three notes: one with everything that can be said of it, a run of two of which one is opened, one not posted.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        let time = time();
        let note = |note| Entry::Note { time, note, commitment: Hash::of(&[note as u8]) };
        let post = |first, last, post| Entry::Post { time, first, last, platform: Platform::X, post };
        let dispute = |id| Entry::Dispute { time, note: 1, platform: Platform::X, post: Snowflake(id) };
        let open = |note, level| Entry::Open { time, note, level, sha256: Hash::ZERO };
        let mut entries = vec![note(1), post(1, 1, POST), note(2), note(3), post(2, 3, Snowflake(7)), note(4)];
        entries.extend((0..1000).map(dispute));
        entries.push(Entry::Lost { time, platform: Platform::X, post: POST, how: Loss::Deleted });
        entries.extend([open(1, Level::Content), open(1, Level::Envelope), open(2, Level::Envelope)]);
        for entry in entries {
            ledger.take(&entry.to_line());
        }
        ledger
    }

    fn all() -> Vec<Answer> {
        let (ledger, head) = (ledger(), Some((u64::MAX, Hash::of(b"root"))));
        let mut all = vec![
            Answer::no_commitment(&ledger, POST),
            Answer::which(u64::MAX - 1, u64::MAX, POST),
            Answer::status(&ledger, head, POST),
            Answer::status(&Ledger::default(), None, POST),
            Answer::help(POST),
        ];
        for note in [0, 1, 2, 3, 4, 5, u64::MAX] {
            all.push(Answer::check(&ledger, note, POST));
            all.push(Answer::dispute(&ledger, note, POST));
        }
        all
    }

    #[test]
    fn every_answer_is_short_and_has_neither_link_nor_dot_nor_mention() {
        for answer in all() {
            let text = answer.as_str();
            assert!(weight(text) <= WEIGHT_MAX, "{}: {text}", weight(text));
            assert!(!text.contains(['.', '@', '$', '&', '/', '<', '\r']), "{text}");
            assert!(text.is_ascii() && !text.contains("\n\n"), "{text}");
            assert_eq!(text.lines().last(), Some(&*format!("re {POST}")));
            assert_eq!(crate::inert::write(text), text);
        }
    }

    #[test]
    fn an_answer_says_when_it_was_sealed_where_and_what_is_open() {
        let ledger = ledger();
        let text = |note| Answer::check(&ledger, note, Snowflake(5)).0;
        let hash = Hash::of(&[2]);
        assert_eq!(
            text(2),
            format!(
                "Note 2\nsealed 2018-03-09 17:40:12 UTC\nposted 2010-11-04 01:42:54 UTC, post 7\nsha256 {hash}\n\
                 opened: the envelope\nnobody disputes it\nre 5"
            )
        );
        assert!(text(1).contains(", since lost\n") && text(1).contains("opened: all of it\ndisputed 1000 times"));
        assert!(text(3).contains("nothing of it is opened"));
        assert!(text(4).contains("\nnot posted yet\n"));
        assert_eq!(text(5), "There is no note 5: this log has 4 notes\nre 5");
    }

    #[test]
    fn an_answer_that_is_read_as_a_mention_asks_for_nothing_but_help() {
        for answer in all() {
            assert_eq!(super::super::command::Ask::read(answer.as_str(), None), super::super::command::Ask::Help);
        }
    }
}
