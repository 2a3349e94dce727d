//! What somebody has collected of an account's posts, in the forms in which people have them: `FORMAT.md` says which.
//! All of it is written into the journal, whatever its order and number; nothing of it is held.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use rusqlite::{OptionalExtension, params};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};

use super::bounded::{Bounded, Left};
use super::heads;
use super::journal::{Journal, number};
use super::unicode;
use crate::base::ids::{AccountName, PostId};
use crate::wording::post::PostText;

/// The largest file of posts that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 30;

/// The longest object in it, with the white space before it: many times what a post may say.
const OBJECT_BYTES_MAX: usize = 1 << 20;

/// The longest beginning of a script in X's own export: `window.YTD.tweets.part0 =`.
const SCRIPT_BYTES_MAX: usize = 100;

/// The author of a post in a file that does not say who wrote it.
pub(super) const NOBODY: &str = "";

/// Why the file of posts cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "{file} cannot be used: {why}\ngive X's own export (tweets.js), answers of its API, or JSON objects with id, author and text"
)]
pub struct FileError {
    file: String,
    why: String,
}

/// A number as JSON or in a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Number(u64),
}

impl Word {
    fn into_text(self) -> String {
        match self {
            Word::Text(text) => text,
            Word::Number(number) => number.to_string(),
        }
    }
}

/// A post, in the forms of this program and of X's API. Of X's own export, `tweet` has it.
#[derive(Deserialize)]
struct Post {
    id_str: Option<String>,
    id: Option<Word>,
    author: Option<Word>,
    author_id: Option<Word>,
    full_text: Option<String>,
    text: Option<String>,
}

/// An object of the file.
#[derive(Deserialize)]
struct Object {
    tweet: Option<Post>,
    data: Option<Posts>,
    includes: Option<Includes>,
    /// An answer without posts has this alone.
    meta: Option<IgnoredAny>,
    #[serde(flatten)]
    post: Post,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Posts {
    Several(Vec<Post>),
    One(Post),
}

#[derive(Deserialize)]
struct Includes {
    #[serde(default)]
    users: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    id: Word,
    username: String,
}

impl Object {
    /// The posts in it, and the names of accounts by their numbers.
    fn into_posts(self) -> (Vec<Post>, BTreeMap<String, String>) {
        let users = self.includes.map(|includes| includes.users).unwrap_or_default();
        let names = users.into_iter().map(|user| (user.id.into_text(), user.username)).collect();
        let posts = match (self.data, self.tweet) {
            (Some(Posts::Several(posts)), _) => posts,
            (Some(Posts::One(post)), _) | (None, Some(post)) => vec![post],
            (None, None) if self.meta.is_some() => Vec::new(),
            (None, None) => vec![self.post],
        };
        (posts, names)
    }
}

/// Puts the posts of a file into the journal, and returns their number. `names` are those that the account has had.
pub(super) fn read(journal: &Journal, path: &Path, names: &[AccountName]) -> Result<u64, FileError> {
    let failed = |why: String| FileError { file: path.display().to_string(), why };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let len = file.metadata().map_err(|error| failed(error.to_string()))?.len();
    if FILE_BYTES_MAX < len {
        return Err(failed(format!("it is {len} bytes long, more than the {FILE_BYTES_MAX} allowed")));
    }
    read_from(journal, BufReader::new(file.take(FILE_BYTES_MAX)), names).map_err(failed)
}

/// Puts the posts of a reader into the journal. The error says why that failed.
pub(super) fn read_from(journal: &Journal, file: impl BufRead, names: &[AccountName]) -> Result<u64, String> {
    let mut file = BufReader::new(unicode::Decoded::new(file).map_err(|error| error.to_string())?);
    let is_array = begin(&mut file)? == Some(b'[');
    let left = Left::new(OBJECT_BYTES_MAX);
    let mut json = serde_json::Deserializer::from_reader(Bounded { inner: file, left: left.clone() });
    let mut count = 0;
    let take = |object: Object| {
        left.again();
        let (posts, by_number) = object.into_posts();
        by_number.iter().try_for_each(|(number, name)| remember(journal, number, name))?;
        posts.into_iter().try_for_each(|post| {
            count += 1;
            insert(journal, post, names)
        })
    };
    let read = if is_array {
        Each(take).deserialize(&mut json).and_then(|()| json.end())
    } else {
        let mut take = take;
        json.into_iter::<Object>().try_for_each(|object| take(object?).map_err(serde_json::Error::custom))
    };
    read.map_err(|error| error.to_string())?;
    name_all(journal, names).map_err(|error| error.to_string())?;
    Ok(count)
}

/// Passes over white space and the beginning of a script, and returns the first byte of what follows.
fn begin(file: &mut impl BufRead) -> Result<Option<u8>, String> {
    if !matches!(first(file)?, Some(b'w')) {
        return first(file);
    }
    let mut script = Vec::new();
    let read = file.by_ref().take(SCRIPT_BYTES_MAX as u64).read_until(b'=', &mut script);
    read.map_err(|error| error.to_string())?;
    match script.starts_with(b"window.YTD.") && script.ends_with(b"=") {
        true => first(file),
        false => Err("it is neither JSON nor X's own export".to_owned()),
    }
}

/// The first byte that is no white space, which is not taken yet.
fn first(file: &mut impl BufRead) -> Result<Option<u8>, String> {
    loop {
        let bytes = file.fill_buf().map_err(|error| error.to_string())?;
        let Some(byte) = bytes.first().copied() else { return Ok(None) };
        if !byte.is_ascii_whitespace() {
            return Ok(Some(byte));
        }
        file.consume(1);
    }
}

/// Reads an array without holding it.
struct Each<F>(F);

impl<'de, F: FnMut(Object) -> Result<(), String>> DeserializeSeed<'de> for Each<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Object) -> Result<(), String>> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of posts")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut objects: A) -> Result<(), A::Error> {
        while let Some(object) = objects.next_element::<Object>()? {
            (self.0)(object).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// A post may be there twice if it says the same; otherwise SQLite refuses it.
fn insert(journal: &Journal, post: Post, names: &[AccountName]) -> Result<(), String> {
    let id = post.id_str.or(post.id.map(Word::into_text)).ok_or("a post has no id")?;
    let id = PostId::parse(&id)
        .and_then(|id| i64::try_from(id.0).ok())
        .ok_or_else(|| format!("{id:?} is no identifier of a post"))?;
    let text = post.full_text.or(post.text).ok_or_else(|| format!("post {id} has no text"))?;
    let author = post.author.or(post.author_id).map(Word::into_text);
    let author = author_of(journal, author, names)?;
    let read = PostText::parse(text.trim_end()).ok();
    let (first, beside) = match read {
        Some(PostText::Note { note: first, .. } | PostText::Run { first, .. }) => (Some(number(first)), false),
        Some(PostText::Heartbeat { .. } | PostText::Receipt { .. }) => (None, true),
        None => (None, false),
    };
    let size = read.as_ref().map(|post| number(post.head().0));
    let wrong = read.as_ref().and_then(|post| heads::wrong_alone(PostId(id as u64), post));
    let sql = "INSERT INTO post (id, author, text, first, size, beside, wrong) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT DO UPDATE SET author = NULL WHERE (author, text) != (excluded.author, excluded.text)";
    let values = params![id, author, text, first, size, beside, wrong];
    let inserted = journal.db.prepare_cached(sql).and_then(|mut insert| insert.execute(values));
    inserted.map(drop).map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => format!("post {id} stands there twice and differs"),
        _ => error.to_string(),
    })
}

/// Who wrote a post. The names that the account has had are one, and stand for whoever is not named.
fn author_of(journal: &Journal, author: Option<String>, names: &[AccountName]) -> Result<String, String> {
    let latest = names.first().map(AccountName::as_str);
    let Some(author) = author else { return Ok(latest.unwrap_or(NOBODY).to_owned()) };
    let sql = "SELECT name FROM account WHERE number = ?1";
    let known =
        journal.db.prepare_cached(sql).and_then(|mut ask| ask.query_row([&author], |row| row.get(0)).optional());
    let author = known.map_err(|error| error.to_string())?.unwrap_or(author);
    let is_own = names.iter().any(|name| name.as_str().eq_ignore_ascii_case(&author));
    Ok(latest.filter(|_| is_own).map_or(author, str::to_owned))
}

/// Remembers the name of an account: a later answer may have its number alone.
fn remember(journal: &Journal, number: &str, name: &str) -> Result<(), String> {
    let sql = "INSERT OR REPLACE INTO account VALUES (?1, ?2)";
    let kept = journal.db.prepare_cached(sql).and_then(|mut keep| keep.execute([number, name]));
    kept.map(drop).map_err(|error| error.to_string())
}

/// Names the authors of the posts that came before the answer that names their account.
fn name_all(journal: &Journal, names: &[AccountName]) -> rusqlite::Result<()> {
    let sql = "UPDATE post SET author = account.name FROM account WHERE author = account.number";
    journal.db.execute(sql, [])?;
    let Some(latest) = names.first() else { return Ok(()) };
    let sql = "UPDATE post SET author = ?1 WHERE author = ?2 COLLATE NOCASE";
    names.iter().try_for_each(|name| journal.db.execute(sql, [latest.as_str(), name.as_str()]).map(drop))
}
