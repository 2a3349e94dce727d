//! Reads the values in columns.

use rusqlite::Row;

use crate::base::hash::Hash;
use crate::base::ids::{Channel, MessageId, PostId, PublicPost};
use crate::base::time::Time;
use crate::tlog::entry::Level;

/// A column that holds a hash.
pub(super) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    Ok(Hash::from_bytes(row.get(column)?))
}

/// A column that holds a moment.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Time> {
    Ok(Time::from_ms(row.get(column)?))
}

/// A column that holds the identifier of a message.
pub(super) fn message_id(row: &Row<'_>, column: usize) -> rusqlite::Result<MessageId> {
    Ok(MessageId(row.get(column)?))
}

/// A column that holds the identifier of a post.
pub(super) fn post_id(row: &Row<'_>, column: usize) -> rusqlite::Result<PostId> {
    Ok(PostId(row.get(column)?))
}

/// Two columns that hold a channel and the identifier of a post on it, if there is one.
pub(super) fn public_post(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<PublicPost>> {
    let Some(channel) = row.get::<_, Option<String>>(column)? else { return Ok(None) };
    let channel = Channel::parse(&channel).ok_or(rusqlite::Error::InvalidQuery)?;
    Ok(row.get::<_, Option<u64>>(column + 1)?.map(|id| channel.post(PostId(id))))
}

/// The same, where there is always one.
pub(super) fn some_post(row: &Row<'_>, column: usize) -> rusqlite::Result<PublicPost> {
    public_post(row, column)?.ok_or(rusqlite::Error::InvalidQuery)
}

/// A column that holds how much of a note is opened.
pub(super) fn level(row: &Row<'_>, column: &str) -> rusqlite::Result<Level> {
    let text: String = row.get(column)?;
    Level::parse(&text).ok_or(rusqlite::Error::InvalidQuery)
}

/// Numbers as SQLite's `json_each` takes them.
pub(super) fn json(numbers: impl Iterator<Item = u64>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}
