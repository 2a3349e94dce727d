//! The posts that the log mentions, as X shows them to anybody. X is asked once the log was read, for a few at once.
//!
//! The posts to ask for are written into the journal while the log is read, and each answer when it comes. So an audit
//! that was interrupted asks only for the rest.

use futures_util::stream::{self, StreamExt};
use rusqlite::{Row, params};

use super::journal::{Journal, JournalError, number};
use super::posts::{NAME, PostsChecked, told};
use super::{Progress, Stage};
use crate::base::ids::{AccountName, PostId};
use crate::platform::x::Oembed;
use crate::tlog::entry::Loss;
use crate::verify::check;
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
        Shown::Absent => (Some("gone"), None, None),
        Shown::Withheld => (None, None, Some("X does not show it to everybody".to_owned())),
        Shown::Unread { why } => (None, None, Some(why.clone())),
    };
    let sql = "UPDATE due SET outcome = ?2, author = ?3, told = ?4 WHERE entry = ?1";
    journal.db.prepare_cached(sql)?.execute(params![entry, outcome, author, told]).map(drop)
}

/// Sums up. `read` says whether the log was read to its end, and `names` are those that the account is said to have had.
pub(super) fn check(journal: &Journal, names: &[AccountName], read: Extent) -> Result<PostsChecked, JournalError> {
    let by = journal.tried(Authors::of(journal, names))?;
    let unread = journal.tried(unread(journal))?;
    if let Some(wrong) = journal.tried(wrong(journal, &by))? {
        return Ok(PostsChecked { unread, ..PostsChecked::closed(check::fails(NAME, wrong)) });
    }
    let (gone, renamed) = (journal.tried(gone(journal))?, by.renamed(names));
    let is_open = unread.is_some() || gone.is_some() || renamed.is_some();
    let mut detail = journal.tried(found(journal, names))?;
    for what in [unread.as_ref().map(|unread| format!("could not be read: {unread}")), gone.clone(), renamed.clone()] {
        detail = what.map_or(detail.clone(), |what| format!("{detail}; {what}"));
    }
    let check = if read == Extent::Whole && !is_open { check::holds } else { check::not_checked };
    Ok(PostsChecked { check: check(NAME, detail), unread, open: gone.or(renamed) })
}

/// By whom the posts are that stand there.
struct Authors {
    /// Number of posts by the account that was named, and by others.
    own: u64,
    others: u64,
    /// One of the others, and one of its posts; and whether all of them are by it.
    other: Option<(String, i64)>,
    is_one: bool,
}

impl Authors {
    fn of(journal: &Journal, names: &[AccountName]) -> rusqlite::Result<Authors> {
        let sql = "SELECT author, id FROM due WHERE author IS NOT NULL ORDER BY entry";
        let mut rows = journal.db.prepare_cached(sql)?;
        let mut authors = Authors { own: 0, others: 0, other: None, is_one: true };
        for row in rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))? {
            let (author, post) = row?;
            if names.iter().any(|name| name.as_str().eq_ignore_ascii_case(&author)) {
                authors.own += 1;
                continue;
            }
            authors.others += 1;
            let (other, _) = authors.other.get_or_insert_with(|| (author.clone(), post));
            authors.is_one &= other.eq_ignore_ascii_case(&author);
        }
        Ok(authors)
    }

    /// All posts stand there under one other name: perhaps it is the same account. That is a question.
    fn renamed(&self, names: &[AccountName]) -> Option<String> {
        let ((other, _), name) = (self.other.as_ref()?, names.first()?);
        (self.own == 0 && self.is_one).then(|| {
            format!(
                "they stand under @{other}, and not under @{name}: if that is the same account under another name, name it: \
                 --account {other}"
            )
        })
    }

    /// Some posts are by the account, and others are not.
    fn wrong(&self) -> Option<String> {
        let (other, post) = self.other.as_ref()?;
        (0 < self.own || !self.is_one).then(|| match self.others {
            1 => format!("1 by another account: post {post} is by {other}"),
            others => format!("{others} by another account, the first: post {post} is by {other}"),
        })
    }
}

fn found(journal: &Journal, names: &[AccountName]) -> rusqlite::Result<String> {
    let count = |what: &str| {
        let sql = format!("SELECT count(*) FROM due WHERE {what}");
        journal.db.query_row(&sql, [], |row| row.get::<_, u64>(0))
    };
    let looked = count(&format!("outcome IS NOT NULL AND (outcome != 'gone' OR admitted & {LOST} != 0)"))?;
    let by = names.first().map(|name| format!(" by @{name}")).unwrap_or_default();
    let mut detail = match looked {
        0 => "no post of the log could be looked at".to_owned(),
        _ => format!("{looked} posts of the log were looked for on X{by}, and are as they must be"),
    };
    let admitted = format!("outcome = 'gone' AND admitted & {LOST} != 0 OR outcome = 'edited'");
    for (count, what) in [
        (count(&admitted)?, "are missing or edited, as the log itself says"),
        (count("outcome = 'untold'")?, "could not be compared: their notes waited too long"),
    ] {
        if 0 < count {
            detail = format!("{detail}; {count} {what}");
        }
    }
    Ok(detail + "; posts of which the log says nothing cannot be seen this way")
}

/// Everything that is wrong, the first of each kind.
fn wrong(journal: &Journal, by: &Authors) -> rusqlite::Result<Option<String>> {
    let mut wrong: Vec<String> = by.wrong().into_iter().collect();
    let sql = "SELECT count(*), (SELECT id || ' of entry ' || entry || ' ' || told FROM due
        WHERE outcome = 'edited' AND admitted & ?1 = 0 ORDER BY entry LIMIT 1)
        FROM due WHERE outcome = 'edited' AND admitted & ?1 = 0";
    wrong.extend(told(journal, sql, params![CHANGED], "edited")?);
    Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
}

/// Posts that are gone are no comparison: X does not say whether they ever were there.
fn gone(journal: &Journal) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT count(*), (SELECT id || ' of entry ' || entry FROM due
        WHERE outcome = 'gone' AND admitted & ?1 = 0 ORDER BY entry LIMIT 1)
        FROM due WHERE outcome = 'gone' AND admitted & ?1 = 0";
    let Some(gone) = told(journal, sql, params![LOST], "gone (deleted, suspended, or never there)")? else {
        return Ok(None);
    };
    let nothing = "SELECT NOT EXISTS (SELECT 1 FROM due WHERE author IS NOT NULL OR outcome IS NULL)";
    Ok(Some(match journal.db.query_row(nothing, [], |row| row.get(0))? {
        true => {
            format!("{gone}; none of the log's posts stands: X answers the same while an account is suspended or gone")
        }
        false => gone,
    }))
}

fn unread(journal: &Journal) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT count(*), (SELECT id || ': ' || coalesce(told, 'it was not asked for') FROM due
        WHERE outcome IS NULL ORDER BY entry LIMIT 1) FROM due WHERE outcome IS NULL";
    told(journal, sql, [], "of the posts")
}
