//! The posts as they stand on the platform, from a file, beside those of which the log speaks.
//!
//! The file's format is in `FORMAT.md`. Its posts go into the journal first, whatever their order and number; then each post
//! of the log is looked up once.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use rusqlite::{OptionalExtension, params};
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::journal::{Journal, JournalError};
use crate::audit::{Audit, Expected, Finding, Seen, WAIT_MS_MAX};
use crate::log::entry::Loss;
use crate::note::{PostId, Snowflake};
use crate::post::PostText;
use crate::time::Time;
use crate::verify::{self, Check, cut};

/// The largest file of posts that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 30;

/// A post as it stands in the file.
#[derive(Deserialize)]
struct Line {
    id: String,
    author: String,
    text: String,
}

/// Why the file of posts cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "{file} cannot be used: {why}\ngive a file of posts: an array of JSON objects with id, author and text, or one object a line"
)]
pub struct FileError {
    file: String,
    why: String,
}

/// What the comparison has come to so far.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Tally {
    compared: u64,
    /// Posts whose text is not known any more.
    untold: u64,
    /// Missing and edited posts that the log itself gives as lost.
    admitted: u64,
    /// Who wrote the first post of the log that was found.
    account: Option<String>,
    others: Finding,
}

/// Puts the posts of a file into the journal.
pub(super) fn read(journal: &Journal, path: &Path) -> Result<(), FileError> {
    let failed = |why: String| FileError { file: path.display().to_string(), why };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let len = file.metadata().map_err(|error| failed(error.to_string()))?.len();
    if FILE_BYTES_MAX < len {
        return Err(failed(format!("it is {len} bytes long, more than the {FILE_BYTES_MAX} allowed")));
    }
    let mut file = BufReader::new(file.take(FILE_BYTES_MAX));
    let start = file.fill_buf().map_err(|error| failed(error.to_string()))?;
    let is_array = start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let mut json = serde_json::Deserializer::from_reader(file);
    let read = if is_array {
        Each(journal).deserialize(&mut json).and_then(|()| json.end())
    } else {
        json.into_iter::<Line>().try_for_each(|line| insert(journal, &line?).map_err(serde_json::Error::custom))
    };
    read.map_err(|error| failed(error.to_string()))
}

/// Reads an array without holding it.
struct Each<'a>(&'a Journal);

impl<'de> DeserializeSeed<'de> for Each<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Each<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of posts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut lines: A) -> Result<(), A::Error> {
        while let Some(line) = lines.next_element::<Line>()? {
            insert(self.0, &line).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// A post may stand there twice, if it says the same: otherwise SQLite is made to refuse it.
fn insert(journal: &Journal, line: &Line) -> Result<(), String> {
    let id = PostId::parse(&line.id).and_then(|id| i64::try_from(id.0).ok());
    let id = id.ok_or_else(|| format!("{:?} is no identifier of a post", line.id))?;
    let (first, size, beside) = match PostText::parse(line.text.trim_end()) {
        Ok(post @ (PostText::Note { note: first, .. } | PostText::Run { first, .. })) => {
            (number(first), number(post.head().0), false)
        }
        Ok(post @ (PostText::Heartbeat { .. } | PostText::Receipt { .. })) => (None, number(post.head().0), true),
        Err(_) => (None, None, false),
    };
    let sql = "INSERT INTO post (id, author, text, first, size, beside) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET author = NULL WHERE (author, text) != (excluded.author, excluded.text)";
    let values = params![id, line.author, line.text, first, size, beside];
    let inserted = journal.db.prepare_cached(sql).and_then(|mut insert| insert.execute(values));
    inserted.map(drop).map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => format!("post {id} stands there twice and differs"),
        _ => error.to_string(),
    })
}

/// SQLite's numbers end at 2^63; no log gets there.
pub(super) fn number(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

impl Tally {
    /// Asks for the heads that heartbeats and receipts show among the next entries, up to the size `end`.
    pub(super) fn ask(journal: &Journal, audit: &mut Audit, end: u64) -> Result<(), JournalError> {
        let sql = "SELECT DISTINCT size FROM post WHERE beside AND ?1 < size AND size <= ?2 ORDER BY size";
        let sizes: Result<Vec<u64>, _> = journal.tried(
            journal
                .db
                .prepare_cached(sql)
                .and_then(|mut ask| ask.query_map([number(audit.len()), number(end)], |row| row.get(0))?.collect()),
        );
        audit.want(sizes?);
        Ok(())
    }

    /// Takes what the log says about the world outside.
    pub(super) fn take(&mut self, journal: &Journal, seen: &Seen) -> Result<(), JournalError> {
        journal.tried(match seen {
            Seen::Posted(expected) => self.take_post(journal, expected),
            Seen::Lost { post, how } => self.take_lost(journal, *post, *how),
            head @ Seen::Head { size, .. } => take_head(journal, *size, head),
        })
    }

    fn take_post(&mut self, journal: &Journal, expected: &Expected) -> rusqlite::Result<()> {
        self.compared += 1;
        let id = expected.post.0 as i64;
        let sql = "UPDATE post SET seen = 1 WHERE id = ?1 RETURNING author, text";
        let found = journal
            .db
            .prepare_cached(sql)?
            .query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        let Some((author, text)) = found.optional()? else {
            return doubt(journal, expected, false, "is missing".to_owned());
        };
        let account = self.account.get_or_insert_with(|| author.clone());
        if !author.eq_ignore_ascii_case(account) {
            self.others.add(|| format!("post {id} is by {author}, and those before it are by {account}"));
        }
        let Some(wanted) = expected.text.as_ref().map(PostText::to_text) else {
            self.untold += 1;
            return Ok(());
        };
        if wanted != text.trim_end() {
            return doubt(journal, expected, true, format!("says {:?}, and must say {wanted:?}", cut(&text)));
        }
        Ok(())
    }

    fn take_lost(&mut self, journal: &Journal, post: PostId, how: Loss) -> rusqlite::Result<()> {
        let gone = journal
            .db
            .prepare_cached("DELETE FROM doubt WHERE id = ?1 AND edited = ?2")?
            .execute(params![post.0 as i64, how == Loss::Edited])?;
        self.admitted += gone as u64;
        Ok(())
    }

    /// Sums up after the last entry, at the moment `now`.
    pub(super) fn check(
        &self,
        journal: &Journal,
        audit: &Audit,
        whole: bool,
        now: Time,
    ) -> Result<Check, JournalError> {
        const NAME: &str = "platform";
        let Some(wrong) = journal.tried(self.wrong(journal, audit, whole, now))? else {
            let told = format!("{} posts of the log were compared, and are as they must be", self.compared);
            let told = [
                (self.admitted, "are missing or edited, as the log itself says"),
                (self.untold, "could not be compared: their notes waited too long"),
                (journal.tried(self.copies(journal))?, "of the log's forms are by other accounts, and show nothing"),
            ]
            .into_iter()
            .filter(|(count, _)| 0 < *count)
            .fold(told, |told, (count, what)| format!("{told}; {count} {what}"));
            return Ok(if whole { verify::holds(NAME, told) } else { verify::not_checked(NAME, told) });
        };
        Ok(verify::fails(NAME, wrong))
    }

    /// Everything that is wrong, the first of each kind.
    fn wrong(&self, journal: &Journal, audit: &Audit, whole: bool, now: Time) -> rusqlite::Result<Option<String>> {
        let mut wrong: Vec<String> = self.others.told().into_iter().collect();
        for (edited, what) in [(false, "missing"), (true, "edited")] {
            let sql = "SELECT count(*), (SELECT told FROM doubt WHERE edited = ?1 ORDER BY id LIMIT 1) FROM doubt
                WHERE edited = ?1";
            wrong.extend(told(journal, sql, params![edited], what)?);
        }
        if let Some(account) = self.account.as_ref().filter(|_| whole) {
            // What shows a note that has no post in the log yet may get its entry with the next head.
            let sql = "SELECT count(*), min(id) || ' has the form of one of the log, which says nothing of it'
                FROM post WHERE NOT seen AND NOT beside AND first <= ?2 AND size <= ?3 AND author = ?1 COLLATE NOCASE";
            let (posted, size) = (number(audit.posted()), number(audit.len()));
            wrong.extend(told(journal, sql, params![account, posted, size], "extra")?);
            let sql = "SELECT count(*), min(id || ' ' || wrong) FROM post
                WHERE beside AND wrong IS NOT NULL AND author = ?1 COLLATE NOCASE";
            wrong.extend(told(journal, sql, params![account], "that the log does not bear out")?);
            // A log may be published a little later than its posts, but not rewound to before them.
            let sql = "SELECT count(*), min(id) || ' shows more entries than the log has' FROM post
                WHERE ?2 < size AND id < ?3 AND author = ?1 COLLATE NOCASE";
            let late = number(Snowflake::first_at(now.plus_ms(-WAIT_MS_MAX)).0);
            wrong.extend(told(journal, sql, params![account, size, late], "beyond the log's head for a day")?);
        }
        Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
    }

    fn copies(&self, journal: &Journal) -> rusqlite::Result<u64> {
        let sql = "SELECT count(*) FROM post WHERE NOT seen AND size IS NOT NULL AND author != ?1 COLLATE NOCASE";
        journal.db.query_row(sql, [self.account.as_deref().unwrap_or_default()], |row| row.get(0))
    }
}

/// The count and the first of what a query finds, in words.
pub(super) fn told(
    journal: &Journal,
    sql: &str,
    values: impl rusqlite::Params,
    what: &str,
) -> rusqlite::Result<Option<String>> {
    let (count, first): (u64, Option<String>) =
        journal.db.query_row(sql, values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(first.map(|first| match count {
        1 => format!("1 {what}: post {first}"),
        _ => format!("{count} {what}, the first: post {first}"),
    }))
}

fn doubt(journal: &Journal, expected: &Expected, edited: bool, what: String) -> rusqlite::Result<()> {
    let told = format!("{} of entry {} {what}", expected.post, expected.index);
    let sql = "INSERT OR IGNORE INTO doubt VALUES (?1, ?2, ?3)";
    journal.db.prepare_cached(sql)?.execute(params![expected.post.0 as i64, edited, told]).map(drop)
}

/// A heartbeat and the post of a receipt, which have no entry about them, must fit the head that they show.
fn take_head(journal: &Journal, size: u64, head: &Seen) -> rusqlite::Result<()> {
    let mut ask = journal.db.prepare_cached("SELECT id, text FROM post WHERE beside AND size = ?1")?;
    let posts: rusqlite::Result<Vec<(i64, String)>> =
        ask.query_map([number(size)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect();
    for (id, text) in posts? {
        let Ok(post) = PostText::parse(text.trim_end()) else { continue };
        let Some(wrong) = wrong_with_head(&post, head) else { continue };
        journal.db.prepare_cached("UPDATE post SET wrong = ?2 WHERE id = ?1")?.execute(params![id, wrong])?;
    }
    Ok(())
}

/// What is wrong with a post that shows this head: another root, another count of the notes that were sealed that day, or
/// a receipt that is not the head's last entry.
fn wrong_with_head(post: &PostText, head: &Seen) -> Option<String> {
    let Seen::Head { size, root, sealed, receipt } = head else { return None };
    if post.head() != (*size, *root) {
        return Some(format!("shows another root of {size} entries than the log has"));
    }
    match post {
        PostText::Heartbeat { count, date, .. } => {
            let notes = sealed.get(date).copied().unwrap_or_default();
            (*count != notes).then(|| format!("says {count} notes on {date}, and the log has {notes}"))
        }
        PostText::Receipt { note, commitment, .. } => (*receipt != Some((*note, *commitment)))
            .then(|| format!("says that note {note} was received, and entry {} does not", size - 1)),
        PostText::Note { .. } | PostText::Run { .. } => None,
    }
}
