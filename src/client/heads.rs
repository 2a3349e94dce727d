//! The heads that posts show, compared with those of the log: if somebody rewrites the log, it contradicts the posts.

use rusqlite::params;

use super::journal::{Journal, JournalError, number};
use crate::base::ids::{Channel, PostId};
use crate::base::time::SKEW_MS_MAX;
use crate::base::time::Time;
use crate::tlog::tree;
use crate::verify::log::{Audit, Event, Last, WAIT_MS_MAX};
use crate::wording::post::PostText;

/// Number of posts that are held at a time.
const PAGE: usize = 256;

/// Asks for the heads that posts show among the next entries, up to the size `end`.
pub(super) fn ask(journal: &Journal, audit: &mut Audit, end: u64) -> Result<(), JournalError> {
    let sql = "SELECT DISTINCT size FROM post WHERE ?1 < size AND size <= ?2 ORDER BY size";
    let sizes: Result<Vec<u64>, _> = journal.tried(
        journal
            .db
            .prepare_cached(sql)
            .and_then(|mut ask| ask.query_map([number(audit.len()), number(end)], |row| row.get(0))?.collect()),
    );
    audit.want(sizes?);
    Ok(())
}

/// What is wrong with a post whatever the log is.
pub(super) fn wrong_alone(id: PostId, post: &PostText) -> Option<String> {
    let (size, root) = post.head();
    if size == 0 && root != tree::empty_root() {
        return Some("shows a root of no entries that is none".to_owned());
    }
    let PostText::Heartbeat { date, .. } = post else { return None };
    let begins = Time::parse(&format!("{date}T00:00:00.000Z"))?;
    let after = Channel::X.moment(id).ms_since(begins);
    let in_time = (-SKEW_MS_MAX..=2 * WAIT_MS_MAX).contains(&after);
    (!in_time).then(|| format!("counts the notes of {date}, and was posted {}", Channel::X.moment(id)))
}

/// Takes the head of a size that posts show.
pub(super) fn take_head(journal: &Journal, size: u64, head: &Event) -> rusqlite::Result<()> {
    each(journal, (size, size), |id, post| {
        let Some(wrong) = wrong_with_head(post, head) else { return Ok(()) };
        journal.db.prepare_cached("UPDATE post SET wrong = ?2 WHERE id = ?1")?.execute(params![id.0 as i64, wrong])?;
        Ok(())
    })
}

/// Takes the first note after some heads. A heartbeat that was posted after that note does not count it. A note that is
/// sent while the platform is unreachable may come late, but not by more than a day.
pub(super) fn take_sealed(journal: &Journal, sizes: (u64, u64), sealed: Time) -> rusqlite::Result<()> {
    each(journal, sizes, |id, post| {
        let late = Channel::X.moment(id).ms_since(sealed);
        if !matches!(post, PostText::Heartbeat { .. }) || late <= SKEW_MS_MAX {
            return Ok(());
        }
        let wrong = format!(
            "shows a head of {} entries, and was posted {}, long after a note that is not under it, {sealed}",
            post.head().0,
            Channel::X.moment(id)
        );
        let wrong = (WAIT_MS_MAX < late).then_some(wrong);
        let sql = "UPDATE post SET stale = 1, wrong = coalesce(wrong, ?2) WHERE id = ?1";
        journal.db.prepare_cached(sql)?.execute(params![id.0 as i64, wrong])?;
        Ok(())
    })
}

/// Calls `take` for each post that shows a head of these sizes, a few at a time: there may be any number.
fn each(
    journal: &Journal,
    (from, to): (u64, u64),
    mut take: impl FnMut(PostId, &PostText) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let sql = "SELECT size, id, text FROM post WHERE (size, id) > (?1, ?2) AND size <= ?3 ORDER BY size, id LIMIT ?4";
    let mut last = (i64::try_from(from).unwrap_or(i64::MAX), -1_i64);
    loop {
        let mut ask = journal.db.prepare_cached(sql)?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let posts: rusqlite::Result<Vec<(i64, i64, String)>> =
            ask.query_map(params![last.0, last.1, number(to), PAGE], row)?.collect();
        let posts = posts?;
        for (size, id, text) in &posts {
            last = (*size, *id);
            if let Ok(post) = PostText::parse(text.trim_end()) {
                take(PostId(*id as u64), &post)?;
            }
        }
        if posts.len() < PAGE {
            return Ok(());
        }
    }
}

/// What is wrong with a post that shows this head: another root, another number of notes that were sealed that day, or
/// another last entry.
fn wrong_with_head(post: &PostText, head: &Event) -> Option<String> {
    let Event::Head { size, root, sealed, last } = head else { return None };
    if post.head() != (*size, *root) {
        return Some(format!("shows another root of {size} entries than the log has"));
    }
    let index = size.saturating_sub(1);
    match post {
        PostText::Heartbeat { count, date, .. } => {
            let notes = sealed.get(date).copied().unwrap_or_default();
            (*count != notes).then(|| format!("says {count} notes on {date}, and the log has {notes}"))
        }
        PostText::Receipt { note, commitment, .. } => (*last != Some(Last::Receipt(*note, *commitment)))
            .then(|| format!("says that note {note} was received, and entry {index} does not")),
        PostText::Note { note, commitment, .. } => (*last != Some(Last::Note(*note, *commitment)))
            .then(|| format!("shows a hash of note {note}, and entry {index} does not")),
        PostText::Run { last: note, .. } => (!matches!(last, Some(Last::Note(found, _)) if found == note))
            .then(|| format!("ends with note {note}, and entry {index} is not about it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hash::Hash;

    #[test]
    fn a_heartbeat_is_of_the_day_on_which_it_was_posted() {
        let id = |time: &str| Channel::X.first_at(Time::parse(time).unwrap());
        let heartbeat = |size, root| PostText::Heartbeat { count: 0, date: "2026-11-22".to_owned(), size, root };
        for (time, fits) in [
            ("2026-11-21T23:40:00.000Z", false),
            ("2026-11-21T23:55:00.000Z", true),
            ("2026-11-22T23:55:00.000Z", true),
            ("2026-11-23T23:55:00.000Z", true),
            ("2026-11-24T00:10:00.000Z", false),
        ] {
            let wrong = wrong_alone(id(time), &heartbeat(1, Hash::ZERO));
            assert_eq!(wrong.is_none(), fits, "{time}: {wrong:?}");
        }
        let day = id("2026-11-22T23:55:00.000Z");
        assert!(wrong_alone(day, &heartbeat(0, Hash::ZERO)).is_some());
        assert_eq!(wrong_alone(day, &heartbeat(0, tree::empty_root())), None);
    }
}
