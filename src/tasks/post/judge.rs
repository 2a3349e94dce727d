//! Whose word a post on our own account can be that shows a head to which the database does not lead: a function of what
//! is known, and of nothing else.
//!
//! A post is not signed, so its words alone do not say who made it: an older or a newer daemon of this log, or a person by
//! hand. What decides is what the log has shown before it, and whether this database was in use at that moment.
//!
//! | what the post shows | who can have made it | what follows |
//! |---|---|---|
//! | a head no larger than one that we showed before it, or a note whose hash we showed before it | nobody who knew what was public: a daemon with an older database, or a person | told. The other one has to stop |
//! | something that cannot come next, made while this daemon was running | a person: a daemon that was not stopped by what was public would have gone on with the next note | told |
//! | what comes next, made while this daemon was running | another daemon with a copy of this database, which showed its head first | this daemon stops: its database lacks the other's head |
//! | anything else | the daemon of a newer database: this one is older than what was published | this daemon stops |
//!
//! So of two daemons that have both shown a head, the one stops that showed it later. Of two that look in time, only the
//! first one shows a head. Nothing of this holds up another daemon that does not look.
//!
//! What a person makes by hand and what looks exactly like the next post of a second daemon stops the program, until
//! the operator names the post in `ignore_posts`: to go on beside a second daemon would fork the log for good.

use crate::base::ids::{Channel, PostId};
use crate::base::time::{DAY_MS, Time};
use crate::store::ShownBefore;
use crate::wording::post::PostText;

/// Whose word it can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Whose {
    /// An older daemon's, or a person's: it contradicts what was shown before it.
    TooLate,
    /// A person's: no daemon says this.
    Unlikely,
    /// That of another daemon that runs at the same time.
    Rival,
    /// That of the daemon of a newer database, as far as anybody knows.
    Newer,
}

/// Whose word a post can be that shows a head to which the database does not lead. `running_since` is since when, by the
/// platform's clock, this daemon has been running on a database that contradicted nothing in public.
pub(super) fn whose(post: PostId, text: &PostText, before: &ShownBefore, running_since: Option<Time>) -> Whose {
    let (size, _) = text.head();
    let first = match text {
        PostText::Note { note, .. } => Some(*note),
        PostText::Run { first, .. } => Some(*first),
        PostText::Receipt { .. } | PostText::Heartbeat { .. } => None,
    };
    if size <= before.size || first.is_some_and(|first| first <= before.note) {
        return Whose::TooLate;
    }
    let moment = Channel::X.moment(post);
    if running_since.is_none_or(|since| moment <= since) {
        return Whose::Newer;
    }
    let comes_next = match text {
        PostText::Heartbeat { date, .. } => [moment, moment.plus_ms(-DAY_MS)].iter().any(|day| day.date() == *date),
        _ => first.is_none_or(|first| first == before.note + 1),
    };
    if comes_next { Whose::Rival } else { Whose::Unlikely }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hash::Hash;

    fn at(ms: i64) -> PostId {
        Channel::X.first_at(Time::from_ms(1_764_000_000_000 + ms))
    }

    fn moment(ms: i64) -> Option<Time> {
        Some(Time::from_ms(1_764_000_000_000 + ms))
    }

    fn note(note: u64, size: u64) -> PostText {
        PostText::Note { note, commitment: Hash::of(b"a"), size, root: Hash::of(b"b") }
    }

    #[test]
    fn the_one_who_showed_first_goes_on() {
        let before = ShownBefore { size: 9, note: 4 };
        for (text, whose_word) in [
            (note(5, 9), Whose::TooLate),
            (note(4, 12), Whose::TooLate),
            (note(5, 10), Whose::Rival),
            (note(7, 10), Whose::Unlikely),
            (PostText::Run { first: 5, last: 8, size: 14, root: Hash::ZERO }, Whose::Rival),
            (PostText::Run { first: 3, last: 8, size: 14, root: Hash::ZERO }, Whose::TooLate),
            (PostText::Receipt { note: 1, commitment: Hash::ZERO, size: 10, root: Hash::ZERO }, Whose::Rival),
        ] {
            assert_eq!(whose(at(1), &text, &before, moment(0)), whose_word, "{text}");
        }
    }

    #[test]
    fn what_was_shown_before_this_daemon_ran_may_be_of_a_newer_database() {
        let before = ShownBefore { size: 9, note: 4 };
        for text in [note(5, 10), note(70, 100)] {
            assert_eq!(whose(at(0), &text, &before, moment(0)), Whose::Newer);
            assert_eq!(whose(at(0), &text, &before, None), Whose::Newer);
        }
        assert_eq!(whose(at(0), &note(4, 100), &before, None), Whose::TooLate);
    }

    #[test]
    fn a_heartbeat_is_of_its_day() {
        let heartbeat =
            |date: &str| PostText::Heartbeat { count: 0, date: date.to_owned(), size: 10, root: Hash::ZERO };
        let before = ShownBefore { size: 9, note: 4 };
        let (today, yesterday) = (moment(0).unwrap().date(), moment(-DAY_MS).unwrap().date());
        assert_eq!(whose(at(1), &heartbeat(&today), &before, moment(0)), Whose::Rival);
        assert_eq!(whose(at(1), &heartbeat(&yesterday), &before, moment(0)), Whose::Rival);
        assert_eq!(whose(at(1), &heartbeat("2018-03-09"), &before, moment(0)), Whose::Unlikely);
    }
}
