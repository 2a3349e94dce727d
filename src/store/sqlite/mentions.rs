//! Mentions and disputes.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{Sqlite, rows};
use crate::base::ids::{AccountId, Channel, PostId};
use crate::base::time::Time;
use crate::store::Error;
use crate::store::mentions::{MentionOutcome, ReadMentions, WriteMentions};
use crate::store::triggers::Mentioned;

/// Where mentions come from.
const CHANNEL: &str = Channel::X.as_str();

#[async_trait]
impl ReadMentions for Sqlite {
    async fn mentions_read(&self) -> Result<Option<(PostId, PostId)>, Error> {
        self.run(|db| {
            let read = "SELECT start, post FROM mentions_read WHERE channel = ?1";
            let row = |row: &Row<'_>| Ok((rows::post_id(row, 0)?, rows::post_id(row, 1)?));
            Ok(db.conn.query_row(read, [CHANNEL], row).optional()?)
        })
        .await
    }

    async fn unhandled_mentions(&self, posts: &[PostId]) -> Result<Vec<PostId>, Error> {
        let mut posts = posts.to_vec();
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            let mut handled = Vec::new();
            for &post in &posts {
                if is_handled(&tx, post)? {
                    handled.push(post);
                }
            }
            posts.retain(|post| !handled.contains(post));
            Ok(posts)
        })
        .await
    }

    async fn mentions_since(&self, from: Time) -> Result<Vec<(PostId, AccountId, MentionOutcome)>, Error> {
        self.run(move |db| {
            let mut query =
                db.conn.prepare_cached("SELECT post, author, what FROM mention WHERE ?1 <= at ORDER BY at, post")?;
            Ok(query.query_map([from.ms()], row)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn is_disputed(&self, note: u64, post: PostId) -> Result<bool, Error> {
        const DISPUTED: &str = "SELECT EXISTS (SELECT 1 FROM dispute WHERE note = ?1 AND channel = ?2 AND post = ?3)";
        self.run(move |db| Ok(db.conn.query_row(DISPUTED, params![note, CHANNEL, post.0], |row| row.get(0))?)).await
    }

    async fn has_disputed(&self, author: AccountId, note: u64) -> Result<bool, Error> {
        const HAS: &str =
            "SELECT EXISTS (SELECT 1 FROM dispute JOIN mention USING (channel, post) WHERE note = ?1 AND author = ?2)";
        self.run(move |db| Ok(db.conn.prepare_cached(HAS)?.query_row(params![note, author.0], |row| row.get(0))?)).await
    }
}

#[async_trait]
impl WriteMentions for Sqlite {
    async fn keep_mentions_read(&self, mention: PostId) -> Result<(), Error> {
        const KEEP: &str = "INSERT INTO mentions_read VALUES (?1, ?2, ?2)
            ON CONFLICT DO UPDATE SET post = max(post, excluded.post)";
        self.run(move |db| {
            db.conn.execute(KEEP, params![CHANNEL, mention.0])?;
            Ok(())
        })
        .await
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<(PostId, AccountId, MentionOutcome)> {
    let what = MentionOutcome::parse(&row.get::<_, String>(2)?).ok_or(rusqlite::Error::InvalidQuery)?;
    Ok((rows::post_id(row, 0)?, AccountId(row.get(1)?), what))
}

fn is_handled(conn: &Connection, post: PostId) -> Result<bool, Error> {
    let mut query = conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM mention WHERE channel = ?1 AND post = ?2)")?;
    Ok(query.query_row(params![CHANNEL, post.0], |row| row.get(0))?)
}

/// Marks that a mention has been dealt with. Returns false if it was marked before.
pub(super) fn mark(tx: &Transaction<'_>, mention: &Mentioned, now: Time) -> Result<bool, Error> {
    let insert = "INSERT INTO mention VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    let values = params![CHANNEL, mention.post.0, mention.author.0, now.ms(), mention.what.as_str()];
    Ok(0 < tx.prepare_cached(insert)?.execute(values)?)
}

/// Writes that a post disputes a note. Returns false if that is written already.
pub(super) fn add_dispute(tx: &Transaction<'_>, note: u64, post: PostId) -> Result<bool, Error> {
    let insert = "INSERT INTO dispute VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    Ok(0 < tx.execute(insert, params![note, CHANNEL, post.0])?)
}
