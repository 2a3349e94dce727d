//! What is said in public: the answers to mentions.
//!
//! Anybody may ask, and may ask anything. An answer is made only of what the log tells everybody, of the number of the
//! post that it answers, and of words that stand here. No other text can get into one. It has no link, no dot and no
//! mention, and is at most as long as X allows. Its last line makes it different from every other post.

use std::fmt;

use crate::base::ids::PostId;
use crate::note::standing::{LogStanding, Standing};
use crate::wording::standing::{InFull, OfTheLog, with_one_more};

/// The text of a public answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AnswerText(String);

impl AnswerText {
    /// How it stands with a note.
    pub fn check(standing: &Standing, to: PostId) -> AnswerText {
        AnswerText::new(InFull(standing), to)
    }

    /// That a dispute of a note has been entered, and how it stood with that note before.
    pub fn dispute(before: &Standing, to: PostId) -> AnswerText {
        AnswerText::new(format_args!("Your dispute is logged\n{}", InFull(&with_one_more(before))), to)
    }

    /// That a dispute of a note by somebody who did not ask has been entered, and how it stood with that note before.
    pub fn noted(before: &Standing, to: PostId) -> AnswerText {
        AnswerText::new(format_args!("This dispute is logged\n{}", InFull(&with_one_more(before))), to)
    }

    /// That there is no note with this number.
    pub fn no_note(note: u64, to: PostId) -> AnswerText {
        AnswerText::new(format_args!("This log has no note {note}"), to)
    }

    /// That no note has the commitment that was asked for.
    pub fn no_commitment(to: PostId) -> AnswerText {
        AnswerText::new("No note of this log has that hash", to)
    }

    /// That the post which was answered or quoted shows more than one note.
    pub fn which(first: u64, last: u64, to: PostId) -> AnswerText {
        AnswerText::new(format_args!("That post shows notes {first} to {last}: say which, like\ncheck {first}"), to)
    }

    /// How it stands with the log.
    pub fn status(log: &LogStanding, to: PostId) -> AnswerText {
        AnswerText::new(OfTheLog(log), to)
    }

    /// What can be asked for.
    pub fn help(to: PostId) -> AnswerText {
        AnswerText::new(HELP, to)
    }

    fn new(text: impl fmt::Display, to: PostId) -> AnswerText {
        AnswerText(format!("{text}\nre {to}"))
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::hash::Hash;
    use crate::base::ids::Channel;
    use crate::base::time::Time;
    use crate::tlog::entry::Level;
    use crate::wording::command::Ask;
    use crate::wording::weight::{WEIGHT_MAX, weight};

    /// The largest numbers that can occur: the database counts no further.
    pub(in crate::wording) const MOST: u64 = i64::MAX as u64;
    const POST: PostId = PostId(MOST);

    /// The longest answers about a note.
    pub(in crate::wording) fn standing() -> Vec<Standing> {
        let sealed = Time::parse("2018-03-09T17:40:12.123Z").unwrap();
        let mut all = Vec::new();
        for open in [None, Some(Level::Envelope), Some(Level::Content)] {
            for (post, disputes) in
                [(None, 0), (Some(Channel::X.post(POST)), 1), (Some(Channel::X.post(POST)), 1_000_000)]
            {
                all.push(Standing { note: MOST, commitment: Hash::of(b"note"), sealed, post, open, disputes });
            }
        }
        all
    }

    fn all() -> Vec<AnswerText> {
        let head = Some((MOST, Hash::of(b"root")));
        let log = LogStanding { notes: MOST, posted: MOST, opened: MOST, disputed: MOST, head };
        let mut all = vec![
            AnswerText::no_note(MOST, POST),
            AnswerText::no_commitment(POST),
            AnswerText::which(MOST - 1, MOST, POST),
            AnswerText::status(&log, POST),
            AnswerText::status(&LogStanding { head: None, ..log }, POST),
            AnswerText::help(POST),
        ];
        all.extend(
            standing()
                .iter()
                .flat_map(|standing| [AnswerText::check(standing, POST), AnswerText::dispute(standing, POST)]),
        );
        all
    }

    #[test]
    fn every_answer_is_short_and_has_neither_link_nor_dot_nor_mention() {
        for answer in all() {
            let text = answer.as_str();
            assert!(weight(text) <= WEIGHT_MAX, "{}: {text}", weight(text));
            assert!(!text.contains(['.', '@', '$', '&', '<', '\r']) && !text.contains("//"), "{text}");
            assert!(text.is_ascii() && !text.contains("\n\n"), "{text}");
            assert_eq!(text.lines().last(), Some(&*format!("re {POST}")));
            assert_eq!(crate::base::escape::write(text), text);
        }
    }

    #[test]
    fn an_answer_says_when_it_was_sealed_where_and_what_is_open() {
        let standing = Standing {
            note: 17,
            commitment: Hash::ZERO,
            sealed: Time::parse("2018-03-09T17:40:12.123Z").unwrap(),
            post: Some(Channel::X.post(Channel::X.first_at(Time::parse("2018-03-09T17:40:15.999Z").unwrap()))),
            open: Some(Level::Envelope),
            disputes: 0,
        };
        let hash = Hash::ZERO;
        let post = standing.post.unwrap();
        let text = format!(
            "Note 17\nsealed 2018-03-09 17:40:12 UTC\nposted 2018-03-09 17:40:15 UTC, post {post}\nsha256 {hash}\n\
             opened: the envelope\nnobody disputes it\nre 5"
        );
        assert_eq!(AnswerText::check(&standing, PostId(5)).as_str(), text);
        let disputed = AnswerText::dispute(&standing, PostId(5));
        assert!(disputed.as_str().starts_with("Your dispute is logged\nNote 17\n"));
        assert!(disputed.as_str().ends_with("\ndisputed once\nre 5"));
        let unposted = Standing { post: None, open: Some(Level::Content), disputes: 2, ..standing };
        let text = AnswerText::check(&unposted, PostId(5)).0;
        assert!(
            text.contains("\nnot posted yet\n") && text.contains("\nopened: all of it\ndisputed 2 times\n"),
            "{text}"
        );
    }

    #[test]
    fn an_answer_that_is_read_as_a_mention_asks_for_nothing_but_help() {
        for answer in all() {
            assert_eq!(Ask::read(answer.as_str(), None), Ask::Help);
        }
    }
}
