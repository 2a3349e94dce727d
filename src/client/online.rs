//! The posts that the log mentions, as X shows them to anybody. X is asked once the log was read, for a few at once.
//!
//! The posts to ask for are written into the journal while the log is read, and each answer when it comes. So an audit
//! that was interrupted asks only for the rest.

use futures_util::stream::{self, StreamExt};
use rusqlite::{Row, params};

use super::journal::{Journal, JournalError, number};
use super::posts::told;
use super::{Progress, Stage};
use crate::base::ids::{AccountName, PostId};
use crate::platform::x::Oembed;
use crate::tlog::entry::Loss;
use crate::verify::check::{self, Check};
use crate::verify::log::{Event, Expected, Extent};
use crate::verify::proof::{Shown, cut};
use crate::wording::post::PostText;

/// Number of posts that are asked for at once.
const AT_ONCE: usize = 4;

/// Number of posts that are taken from the journal at once.
const PAGE: usize = 256;

/// The bits of a loss that the log admits.
const LOST: u8 = 1;
const CHANGED: u8 = 2;

/// Takes what the log says about the world outside.
pub(super) fn take(journal: &Journal, seen: &Event) -> Result<(), JournalError> {
    journal.tried(match seen {
        Event::Posted(expected) => expect(journal, expected),
        Event::Lost { post, how } => admit(journal, post.id, *how),
        Event::Head { .. } | Event::Sealed { .. } => Ok(()),
    })
}

fn expect(journal: &Journal, expected: &Expected) -> rusqlite::Result<()> {
    let wanted = expected.text.as_ref().map(PostText::to_text);
    let sql = "INSERT INTO due (entry, id, wanted) VALUES (?1, ?2, ?3)";
    let values = params![number(expected.index), expected.post.id.0 as i64, wanted];
    journal.db.prepare_cached(sql)?.execute(values).map(drop)
}

fn admit(journal: &Journal, post: PostId, how: Loss) -> rusqlite::Result<()> {
    let bit = if how == Loss::Edited { CHANGED } else { LOST };
    let sql = "UPDATE due SET admitted = admitted | ?2 WHERE id = ?1";
    journal.db.prepare_cached(sql)?.execute(params![post.0 as i64, bit]).map(drop)
}

/// Asks for every post of the account that has no answer yet, each once.
pub(super) async fn ask(
    journal: &Journal,
    oembed: &Oembed,
    account: &AccountName,
    progress: &mut impl FnMut(Progress),
) -> Result<(), JournalError> {
    journal.expect_many()?;
    let count = |what: &str| journal.tried(journal.db.query_row(what, [], |row| row.get::<_, u64>(0)));
    let of = count("SELECT count(*) FROM due")?;
    let mut done = count("SELECT count(*) FROM due WHERE outcome IS NOT NULL")?;
    let mut after = -1;
    loop {
        let page = journal.tried(unanswered(journal, after))?;
        let Some((last, ..)) = page.last() else { return Ok(()) };
        after = *last;
        let looks =
            page.into_iter().map(async |(entry, post, wanted)| (entry, wanted, oembed.look(post, account).await));
        let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        while let Some((entry, wanted, shown)) = looks.next().await {
            journal.tried(answered(journal, entry, wanted.as_deref(), &shown))?;
            journal.commit()?;
            done += 1;
            progress(Progress { stage: Stage::Posts, done, of });
        }
    }
}

/// An entry about a post, the post, and what it must say.
type Due = (i64, PostId, Option<String>);

fn unanswered(journal: &Journal, after: i64) -> rusqlite::Result<Vec<Due>> {
    let sql = "SELECT entry, id, wanted FROM due WHERE outcome IS NULL AND ?1 < entry ORDER BY entry LIMIT ?2";
    let mut rows = journal.db.prepare_cached(sql)?;
    let due = |row: &Row<'_>| Ok((row.get(0)?, PostId(row.get::<_, i64>(1)? as u64), row.get(2)?));
    rows.query_map(params![after, PAGE], due)?.collect()
}

/// Writes down what an answer means. What could not be read stays without an outcome, and is asked for the next time.
fn answered(journal: &Journal, entry: i64, wanted: Option<&str>, shown: &Shown) -> rusqlite::Result<()> {
    let (outcome, author, told) = match shown {
        Shown::Stands { author, text } => {
            let (outcome, told) = match wanted {
                None => ("untold", None),
                Some(wanted) if wanted == text => ("as it must be", None),
                Some(wanted) => ("edited", Some(format!("says {:?}, and must say {wanted:?}", cut(text)))),
            };
            (Some(outcome), Some(author.as_str()), told)
        }
        Shown::Absent => (Some("missing"), None, Some("was deleted, or was never there".to_owned())),
        Shown::Withheld => (None, None, Some("X does not show it to everybody".to_owned())),
        Shown::Unread { why } => (None, None, Some(why.clone())),
    };
    let sql = "UPDATE due SET outcome = ?2, author = ?3, told = ?4 WHERE entry = ?1";
    journal.db.prepare_cached(sql)?.execute(params![entry, outcome, author, told]).map(drop)
}

/// The results for the posts.
pub(super) struct PostsChecked {
    pub(super) check: Check,
    /// What could not be read, if anything.
    pub(super) unread: Option<String>,
}

/// Sums up. `read` says whether the log was read to its end.
pub(super) fn check(journal: &Journal, account: &AccountName, read: Extent) -> Result<PostsChecked, JournalError> {
    const NAME: &str = "platform";
    let unread = journal.tried(unread(journal))?;
    if let Some(wrong) = journal.tried(wrong(journal, account))? {
        return Ok(PostsChecked { check: check::fails(NAME, wrong), unread });
    }
    let mut detail = journal.tried(found(journal, account))?;
    if let Some(unread) = &unread {
        detail = format!("{detail}; could not be read: {unread}");
    }
    let check = if read == Extent::Whole && unread.is_none() { check::holds } else { check::not_checked };
    Ok(PostsChecked { check: check(NAME, detail), unread })
}

fn found(journal: &Journal, account: &AccountName) -> rusqlite::Result<String> {
    let count = |what: &str| {
        let sql = format!("SELECT count(*) FROM due WHERE {what}");
        journal.db.query_row(&sql, [], |row| row.get::<_, u64>(0))
    };
    let looked = count("outcome IS NOT NULL")?;
    let mut detail = match looked {
        0 => "no post of the log could be looked at".to_owned(),
        _ => format!("{looked} posts of the log were looked for on X by @{account}, and are as they must be"),
    };
    for (count, what) in [
        (count("outcome IN ('missing', 'edited')")?, "are missing or edited, as the log itself says"),
        (count("outcome = 'untold'")?, "could not be compared: their notes waited too long"),
    ] {
        if 0 < count {
            detail = format!("{detail}; {count} {what}");
        }
    }
    Ok(detail + "; posts of which the log says nothing cannot be seen this way")
}

/// Everything that is wrong, the first of each kind.
fn wrong(journal: &Journal, account: &AccountName) -> rusqlite::Result<Option<String>> {
    let mut wrong: Vec<String> = Vec::new();
    let sql = "SELECT count(*), (SELECT id || ' is by ' || author || ', and not by ' || ?1 FROM due
        WHERE author != ?1 COLLATE NOCASE ORDER BY entry LIMIT 1) FROM due WHERE author != ?1 COLLATE NOCASE";
    wrong.extend(told(journal, sql, [account.as_str()], "by another account")?);
    for (outcome, bit) in [("missing", LOST), ("edited", CHANGED)] {
        let sql = "SELECT count(*), (SELECT id || ' of entry ' || entry || ' ' || told FROM due
            WHERE outcome = ?1 AND admitted & ?2 = 0 ORDER BY entry LIMIT 1)
            FROM due WHERE outcome = ?1 AND admitted & ?2 = 0";
        wrong.extend(told(journal, sql, params![outcome, bit], outcome)?);
    }
    let nothing = "SELECT NOT EXISTS (SELECT 1 FROM due WHERE author IS NOT NULL OR outcome IS NULL)";
    if !wrong.is_empty() && journal.db.query_row(nothing, [], |row| row.get(0))? {
        wrong.push(
            "none of the log's posts stands: X answers the same while an account is suspended or gone".to_owned(),
        );
    }
    Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
}

fn unread(journal: &Journal) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT count(*), (SELECT id || ': ' || coalesce(told, 'it was not asked for') FROM due
        WHERE outcome IS NULL ORDER BY entry LIMIT 1) FROM due WHERE outcome IS NULL";
    told(journal, sql, [], "of the posts")
}
