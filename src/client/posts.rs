//! The posts that somebody has collected, compared with those that the log mentions: each post of the log is looked up once.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::collected::NOBODY;
use super::heads;
use super::journal::{Journal, JournalError, number};
use crate::base::ids::{AccountName, Channel, PostId};
use crate::base::text;
use crate::base::time::Time;
use crate::tlog::entry::Loss;
use crate::verify::check::{self, Check};
use crate::verify::log::{Audit, Event, Expected, Extent, Finding, WAIT_MS_MAX};
use crate::verify::proof::cut;
use crate::wording::post::PostText;

/// The name of the check.
pub(super) const NAME: &str = "platform";

/// What there is to say of the posts.
pub(super) struct PostsChecked {
    pub(super) check: Check,
    /// What could not be read, if anything: it is asked for the next time.
    pub(super) unread: Option<String>,
    /// What leaves the question open whether the posts are as they must be, if anything.
    pub(super) open: Option<String>,
}

impl PostsChecked {
    /// Nothing more is to be said than the check.
    pub(super) fn closed(check: Check) -> PostsChecked {
        PostsChecked { check, unread: None, open: None }
    }

    /// It cannot be known, since something is missing.
    fn open(why: &str, detail: String) -> PostsChecked {
        PostsChecked { open: Some(why.to_owned()), ..PostsChecked::closed(check::not_checked(NAME, detail)) }
    }
}

/// The posts of the account that were given, from the oldest to the newest.
struct Span {
    account: String,
    oldest: i64,
    newest: i64,
}

/// The result of the comparison so far.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Number of posts in the file.
    given: u64,
    /// Number of posts of the log that are among them, and that are not.
    compared: u64,
    missed: u64,
    /// Posts whose text is not known any more.
    untold: u64,
    /// Missing and edited posts that the log itself gives as lost.
    admitted: u64,
    /// Who wrote the first post of the log that was found, and who else wrote one: the account may have had several names.
    account: Option<String>,
    others: Finding,
    other: Option<String>,
}

impl Tally {
    /// The comparison with so many posts.
    pub(super) fn new(given: u64) -> Tally {
        Tally { given, ..Tally::default() }
    }

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
        let id = expected.post.id.0 as i64;
        let sql = "UPDATE post SET seen = 1 WHERE id = ?1 RETURNING author, text";
        let found = journal
            .db
            .prepare_cached(sql)?
            .query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        let Some((author, text)) = found.optional()? else {
            self.missed += 1;
            return mismatch(journal, expected, Loss::Deleted, "is missing".to_owned());
        };
        self.compared += 1;
        let account = self.account.get_or_insert_with(|| author.clone());
        if !author.eq_ignore_ascii_case(account) {
            let told = (text::visible(&author), text::visible(account));
            self.others.add(|| format!("post {id} is by {}, and those before it are by {}", told.0, told.1));
            self.other.get_or_insert(author);
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

    /// Sums up after the last entry. `begun` is when the head was read, `read` whether the log was to its end, and `names`
    /// those that the account is said to have had, the present one first.
    pub(super) fn check(
        &self,
        journal: &Journal,
        audit: &Audit,
        begun: Time,
        read: Extent,
        names: &[AccountName],
    ) -> Result<PostsChecked, JournalError> {
        if self.given == 0 {
            let why = "no posts were given";
            return Ok(PostsChecked::open(why, format!("{why}: the file has none")));
        }
        let Some(span) = journal.tried(self.span(journal, names))? else {
            return Ok(match self.compared + self.missed {
                0 => PostsChecked::closed(check::not_checked(NAME, "no post of the log was compared")),
                _ => PostsChecked::open(
                    "whose posts are meant is not known",
                    "the posts are by several accounts: name that of the log with --account".to_owned(),
                ),
            });
        };
        if let Some(wrong) = journal.tried(self.wrong(journal, audit, (begun, read), &span))? {
            return Ok(PostsChecked::closed(check::fails(NAME, wrong)));
        }
        if let Some(several) = self.several(names) {
            return Ok(PostsChecked::open("the log's posts are by several accounts", several));
        }
        if let Some(renamed) = self.renamed(names) {
            return Ok(PostsChecked::open("the log's posts are by another account than the one named", renamed));
        }
        let (told, outside) = journal.tried(self.told(journal, audit, &span))?;
        // A log without a post of its own does not say whose posts are to be compared with it.
        Ok(match (self.compared + self.admitted, outside) {
            (0, 0) => PostsChecked::closed(check::not_checked(NAME, told)),
            (0, _) => PostsChecked::open("the posts that were given are older or newer than those of the log", told),
            _ if read == Extent::Partial => PostsChecked::closed(check::not_checked(NAME, told)),
            _ => PostsChecked::closed(check::holds(NAME, told)),
        })
    }

    /// The posts that were given of the account whose posts the log speaks of. None if it is not known which that is.
    fn span(&self, journal: &Journal, names: &[AccountName]) -> rusqlite::Result<Option<Span>> {
        let account = match (&self.account, names.first()) {
            (Some(account), _) => account.clone(),
            (None, Some(name)) => name.to_string(),
            (None, None) => {
                let sql = "SELECT count(DISTINCT author COLLATE NOCASE), min(author) FROM post";
                let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u64>(0)?, row.get(1)?));
                match journal.db.query_row(sql, [], row)? {
                    (1, author) => author,
                    _ => return Ok(None),
                }
            }
        };
        let sql = "SELECT min(id), max(id) FROM post WHERE author = ?1 COLLATE NOCASE";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
        let (oldest, newest) = journal.db.query_row(sql, [&account], row)?;
        Ok(Some(Span { account, oldest: oldest.unwrap_or(i64::MAX), newest: newest.unwrap_or(-1) }))
    }

    /// What to do if the posts stand there as they must, but under a name that is not among these.
    fn renamed(&self, names: &[AccountName]) -> Option<String> {
        let (account, name) = (self.account.as_ref()?, names.first()?);
        let is_number = account.bytes().all(|byte| byte.is_ascii_digit());
        let is_named = name.as_str().eq_ignore_ascii_case(account);
        (!is_named && !is_number).then(|| {
            let account = text::visible(account);
            format!(
                "the posts of the log are by {account}, and not by {name}: if that is the same account under another name, \
                 name both: --account {name} --account {account}"
            )
        })
    }

    /// What to do if the posts stand there as they must, but under several names.
    fn several(&self, names: &[AccountName]) -> Option<String> {
        let (account, other) = (self.account.as_ref()?, self.other.as_ref()?);
        let mut all: Vec<&str> = names.iter().map(AccountName::as_str).collect();
        for name in [other, account] {
            let is_new = name != NOBODY && all.iter().all(|known| !known.eq_ignore_ascii_case(name));
            all.extend(is_new.then_some(name.as_str()));
        }
        let all: String = all.iter().map(|name| format!(" --account {}", text::visible(name))).collect();
        Some(format!(
            "{}: if that is one account under several names, name each, the present one first:{all}",
            self.others.told()?
        ))
    }

    /// What was found in words, and how many posts of the log are beyond those that were given.
    fn told(&self, journal: &Journal, audit: &Audit, span: &Span) -> rusqlite::Result<(String, u64)> {
        let outside = "SELECT count(*) FROM mismatch WHERE NOT edited AND NOT id BETWEEN ?1 AND ?2";
        let outside = journal.db.query_row(outside, [span.oldest, span.newest], |row| row.get(0))?;
        let (late, newer, others) = self.beside(journal, audit)?;
        let by = match self.account.as_deref() {
            None => String::new(),
            Some(NOBODY) => ", by an account that is not named there,".to_owned(),
            Some(account) => format!(", by {},", text::visible(account)),
        };
        let told = match self.compared {
            0 => "no post of the log was compared".to_owned(),
            1 => format!("1 post of the log was compared{by} and is as it must be"),
            several => format!("{several} posts of the log were compared{by} and are as they must be"),
        };
        let told = [
            (self.admitted, "are missing or edited, as the log itself says"),
            (self.untold, "could not be compared: their notes waited too long"),
            (outside, "are older or newer than all posts that were given, and were not compared"),
            (late, "are heartbeats that came late, after notes that they do not count"),
            (newer, "show a head beyond this log, and are less than a day older than it"),
            (others, "of the log's forms by other accounts, which shows nothing"),
        ]
        .into_iter()
        .filter(|(count, _)| 0 < *count)
        .fold(told, |told, (count, what)| format!("{told}; {count} {what}"));
        Ok((told, outside))
    }

    /// Everything that is wrong, the first of each kind.
    fn wrong(
        &self,
        journal: &Journal,
        audit: &Audit,
        (begun, read): (Time, Extent),
        span: &Span,
    ) -> rusqlite::Result<Option<String>> {
        let mut wrong: Vec<String> = Vec::new();
        // What is older or newer than all posts that were given was not collected.
        let sql = "SELECT count(*), min(told) FROM (SELECT told FROM mismatch
            WHERE NOT edited AND id BETWEEN ?1 AND ?2 ORDER BY id)";
        wrong.extend(told(journal, sql, [span.oldest, span.newest], "missing")?);
        let sql =
            "SELECT count(*), (SELECT told FROM mismatch WHERE edited ORDER BY id LIMIT 1) FROM mismatch WHERE edited";
        wrong.extend(told(journal, sql, [], "edited")?);
        if read == Extent::Whole {
            wrong.extend(beyond_the_log(journal, audit, begun, &span.account)?);
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

/// Posts of the account that the log says nothing of, or does not bear out.
fn beyond_the_log(
    journal: &Journal,
    audit: &Audit,
    begun: Time,
    account: &str,
) -> rusqlite::Result<impl Iterator<Item = String> + use<>> {
    let sql = "SELECT count(*), min(id) || ' has the form of one of the log, which says nothing of it'
        FROM post WHERE NOT seen AND first <= ?2 AND author = ?1 COLLATE NOCASE";
    let extra = told(journal, sql, params![account, number(audit.posted())], "extra")?;
    let sql = "SELECT count(*), min(id || ' ' || wrong) FROM post
        WHERE NOT seen AND wrong IS NOT NULL AND author = ?1 COLLATE NOCASE";
    let wrong = told(journal, sql, params![account], "that the log does not bear out")?;
    // A post newer than the head that was read may get its entry with the next one; an old post should have an entry.
    let old = Channel::X.first_at(begun.plus_ms(-WAIT_MS_MAX));
    let sql = "SELECT count(*), min(id || ' shows a head of ' || size || ' entries, and the log has ' || ?2) FROM post
        WHERE ?2 < size AND id < ?3 AND author = ?1 COLLATE NOCASE";
    let values = params![account, number(audit.len()), number(old.0)];
    let beyond = told(journal, sql, values, "from beyond the log's end")?;
    Ok([extra, wrong, beyond].into_iter().flatten())
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
    use super::collected;
    use crate::tlog::tile;

    let (posts, entries) = bytes.split_at(bytes.iter().position(|byte| *byte == 1).unwrap_or(bytes.len()));
    let journal = Journal::open(None, String::new()).expect("a file of its own");
    let Ok(given) = collected::read_from(&journal, posts, &[]) else { return };
    let mut audit = Audit::new(None);
    audit.tell_texts();
    let mut tally = Tally::new(given);
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
    tally.check(&journal, &audit, now, Extent::Whole, &[]).expect("the file can be read");
}
