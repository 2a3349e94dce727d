//! The posts on the platform, from a file, compared with those that the log mentions.
//!
//! The file's format is in `FORMAT.md`. Its posts are first written into the journal, whatever their order and number;
//! then each post of the log is looked up once.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use rusqlite::{OptionalExtension, params};
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::bounded::{Bounded, Left};
use super::heads;
use super::journal::{Journal, JournalError, number};
use crate::base::ids::{Channel, PostId};
use crate::base::text;
use crate::base::time::Time;
use crate::tlog::entry::Loss;
use crate::verify::check::{self, Check};
use crate::verify::log::{Audit, Event, Expected, Extent, Finding, WAIT_MS_MAX};
use crate::verify::proof::cut;
use crate::wording::post::PostText;

/// The largest file of posts that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 30;

/// The longest object in it, with the white space before it: many times what a post may say.
const OBJECT_BYTES_MAX: usize = 1 << 20;

/// A post in the file.
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

/// The result of the comparison so far.
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
    read_from(journal, BufReader::new(file.take(FILE_BYTES_MAX))).map_err(failed)
}

/// Puts the posts of a reader into the journal. The error says why that failed.
pub(super) fn read_from(journal: &Journal, mut file: impl BufRead) -> Result<(), String> {
    let start = file.fill_buf().map_err(|error| error.to_string())?;
    let is_array = start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let left = Left::new(OBJECT_BYTES_MAX);
    let mut json = serde_json::Deserializer::from_reader(Bounded { inner: file, left: left.clone() });
    let take = |line: Line| {
        left.again();
        insert(journal, &line)
    };
    let read = if is_array {
        Each(take).deserialize(&mut json).and_then(|()| json.end())
    } else {
        json.into_iter::<Line>().try_for_each(|line| take(line?).map_err(serde_json::Error::custom))
    };
    read.map_err(|error| error.to_string())
}

/// Reads an array without holding it.
struct Each<F>(F);

impl<'de, F: FnMut(Line) -> Result<(), String>> DeserializeSeed<'de> for Each<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Line) -> Result<(), String>> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of posts")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut lines: A) -> Result<(), A::Error> {
        while let Some(line) = lines.next_element::<Line>()? {
            (self.0)(line).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// A post may be there twice if it says the same; otherwise SQLite refuses it.
fn insert(journal: &Journal, line: &Line) -> Result<(), String> {
    let id = PostId::parse(&line.id).and_then(|id| i64::try_from(id.0).ok());
    let id = id.ok_or_else(|| format!("{:?} is no identifier of a post", line.id))?;
    let post = PostText::parse(line.text.trim_end()).ok();
    let (first, beside) = match post {
        Some(PostText::Note { note: first, .. } | PostText::Run { first, .. }) => (Some(number(first)), false),
        Some(PostText::Heartbeat { .. } | PostText::Receipt { .. }) => (None, true),
        None => (None, false),
    };
    let size = post.as_ref().map(|post| number(post.head().0));
    let wrong = post.as_ref().and_then(|post| heads::wrong_alone(PostId(id as u64), post));
    let sql = "INSERT INTO post (id, author, text, first, size, beside, wrong) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT DO UPDATE SET author = NULL WHERE (author, text) != (excluded.author, excluded.text)";
    let values = params![id, line.author, line.text, first, size, beside, wrong];
    let inserted = journal.db.prepare_cached(sql).and_then(|mut insert| insert.execute(values));
    inserted.map(drop).map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => format!("post {id} stands there twice and differs"),
        _ => error.to_string(),
    })
}

impl Tally {
    /// Takes what the log says about the world outside.
    pub(super) fn take(&mut self, journal: &Journal, seen: &Event) -> Result<(), JournalError> {
        journal.tried(match seen {
            Event::Posted(expected) => self.take_post(journal, expected),
            Event::Lost { post, how } => self.take_lost(journal, post.id, *how),
            head @ Event::Head { size, .. } => heads::take_head(journal, *size, head),
            Event::Sealed { from, to, time } => heads::take_sealed(journal, (*from, *to), *time),
        })
    }

    fn take_post(&mut self, journal: &Journal, expected: &Expected) -> rusqlite::Result<()> {
        self.compared += 1;
        let id = expected.post.id.0 as i64;
        let sql = "UPDATE post SET seen = 1 WHERE id = ?1 RETURNING author, text";
        let found = journal
            .db
            .prepare_cached(sql)?
            .query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        let Some((author, text)) = found.optional()? else {
            return mismatch(journal, expected, Loss::Deleted, "is missing".to_owned());
        };
        let account = self.account.get_or_insert_with(|| author.clone());
        if !author.eq_ignore_ascii_case(account) {
            let (author, account) = (text::visible(&author), text::visible(account));
            self.others.add(|| format!("post {id} is by {author}, and those before it are by {account}"));
        }
        let Some(wanted) = expected.text.as_ref().map(PostText::to_text) else {
            self.untold += 1;
            return Ok(());
        };
        if wanted != text.trim_end() {
            return mismatch(
                journal,
                expected,
                Loss::Edited,
                format!("says {:?}, and must say {wanted:?}", cut(&text)),
            );
        }
        Ok(())
    }

    fn take_lost(&mut self, journal: &Journal, post: PostId, how: Loss) -> rusqlite::Result<()> {
        let gone = journal
            .db
            .prepare_cached("DELETE FROM mismatch WHERE id = ?1 AND edited = ?2")?
            .execute(params![post.0 as i64, how == Loss::Edited])?;
        self.admitted += gone as u64;
        Ok(())
    }

    /// Sums up after the last entry. `begun` is when the head was read, and `read` whether the log was to its end.
    pub(super) fn check(
        &self,
        journal: &Journal,
        audit: &Audit,
        begun: Time,
        read: Extent,
    ) -> Result<Check, JournalError> {
        const NAME: &str = "platform";
        if let Some(wrong) = journal.tried(self.wrong(journal, audit, begun, read))? {
            return Ok(check::fails(NAME, wrong));
        }
        let (late, newer, others) = journal.tried(self.beside(journal, audit))?;
        let by = self.account.as_ref().map(|account| format!(", by {},", text::visible(account))).unwrap_or_default();
        let told = match self.compared {
            0 => "no post of the log was compared".to_owned(),
            1 => format!("1 post of the log was compared{by} and is as it must be"),
            several => format!("{several} posts of the log were compared{by} and are as they must be"),
        };
        let told = [
            (self.admitted, "are missing or edited, as the log itself says"),
            (self.untold, "could not be compared: their notes waited too long"),
            (late, "are heartbeats that came late, after notes that they do not count"),
            (newer, "show a head beyond this log, and are less than a day older than it"),
            (others, "of the log's forms by other accounts, which shows nothing"),
        ]
        .into_iter()
        .filter(|(count, _)| 0 < *count)
        .fold(told, |told, (count, what)| format!("{told}; {count} {what}"));
        // A log without a post of its own does not say whose posts are to be compared with it.
        let holds = read == Extent::Whole && 0 < self.compared + self.admitted;
        Ok(if holds { check::holds(NAME, told) } else { check::not_checked(NAME, told) })
    }

    /// Everything that is wrong, the first of each kind.
    fn wrong(&self, journal: &Journal, audit: &Audit, begun: Time, read: Extent) -> rusqlite::Result<Option<String>> {
        let mut wrong: Vec<String> = self.others.told().into_iter().collect();
        for (edited, what) in [(false, "missing"), (true, "edited")] {
            let sql = "SELECT count(*), (SELECT told FROM mismatch WHERE edited = ?1 ORDER BY id LIMIT 1) FROM mismatch
                WHERE edited = ?1";
            wrong.extend(told(journal, sql, params![edited], what)?);
        }
        if let Some(account) = self.account.as_ref().filter(|_| read == Extent::Whole) {
            let sql = "SELECT count(*), min(id) || ' has the form of one of the log, which says nothing of it'
                FROM post WHERE NOT seen AND first <= ?2 AND author = ?1 COLLATE NOCASE";
            wrong.extend(told(journal, sql, params![account, number(audit.posted())], "extra")?);
            let sql = "SELECT count(*), min(id || ' ' || wrong) FROM post
                WHERE NOT seen AND wrong IS NOT NULL AND author = ?1 COLLATE NOCASE";
            wrong.extend(told(journal, sql, params![account], "that the log does not bear out")?);
            // A post newer than the head that was read may get its entry with the next one; an old post should have an
            // entry.
            let old = Channel::X.first_at(begun.plus_ms(-WAIT_MS_MAX));
            let sql = "SELECT count(*), min(id || ' shows a head of ' || size || ' entries, and the log has ' || ?2) FROM post
                WHERE ?2 < size AND id < ?3 AND author = ?1 COLLATE NOCASE";
            let values = params![account, number(audit.len()), number(old.0)];
            wrong.extend(told(journal, sql, values, "from beyond the log's end")?);
        }
        Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
    }

    /// Number of posts that are not bad but worth reporting: the account's posts that came late or show more than the
    /// log has, and posts by others.
    fn beside(&self, journal: &Journal, audit: &Audit) -> rusqlite::Result<(u64, u64, u64)> {
        let sql = "SELECT
                count(*) FILTER (WHERE author = ?1 COLLATE NOCASE AND stale),
                count(*) FILTER (WHERE author = ?1 COLLATE NOCASE AND ?2 < size),
                count(*) FILTER (WHERE author != ?1 COLLATE NOCASE AND size IS NOT NULL AND NOT seen)
            FROM post";
        let account = self.account.as_deref().unwrap_or_default();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        journal.db.query_row(sql, params![account, number(audit.len())], row)
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

fn mismatch(journal: &Journal, expected: &Expected, how: Loss, what: String) -> rusqlite::Result<()> {
    let told = format!("{} of entry {} {what}", expected.post, expected.index);
    let sql = "INSERT OR IGNORE INTO mismatch VALUES (?1, ?2, ?3)";
    journal.db.prepare_cached(sql)?.execute(params![expected.post.id.0 as i64, how == Loss::Edited, told]).map(drop)
}

/// Reads a file of posts beside the log whose entries they show, if any, one a line after the first byte 1: for fuzzing.
/// An `expect` that fails is a finding.
#[cfg(feature = "fuzzing")]
pub fn read_posts(bytes: &[u8]) {
    use crate::tlog::tile;

    let (posts, entries) = bytes.split_at(bytes.iter().position(|byte| *byte == 1).unwrap_or(bytes.len()));
    let journal = Journal::open(None, String::new()).expect("a file of its own");
    if read_from(&journal, posts).is_err() {
        return;
    }
    let mut audit = Audit::new(None);
    audit.tell_texts();
    let mut tally = Tally::default();
    for entry in entries.get(1..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
        let Ok(bundle) = tile::bundle([entry]) else { return };
        let after = audit.len() + 1;
        heads::ask(&journal, &mut audit, after).expect("the file can be read");
        let path = tile::TilePath::new(tile::Kind::Entries, 0, 1).expect("it is one");
        assert!(audit.take(path, Some(&bundle)).is_continue());
        for seen in audit.seen() {
            tally.take(&journal, &seen).expect("the file can be written");
        }
    }
    let now = Time::from_ms(1_800_000_000_000);
    tally.check(&journal, &audit, now, Extent::Whole).expect("the file can be read");
}
