//! Our own posts after they were made.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, Row, params};

use super::{Sqlite, rows};
use crate::base::ids::{PostId, PublicPost};
use crate::base::time::Time;
use crate::store::Error;
use crate::store::effects::EffectId;
use crate::store::posted::{DuePost, READS_MAX, ReadPosted, ShownBefore, WritePosted};
use crate::tlog::entry::{Entry, Loss};

pub(super) const IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM outcome WHERE channel = 'x' AND id = ?1)
    OR EXISTS (SELECT 1 FROM post WHERE channel = 'x' AND text = ?2)
    OR EXISTS (SELECT 1 FROM strange_post WHERE channel = 'x' AND post = ?1)";

pub(super) const SHOWN_BEFORE: &str = "SELECT coalesce(max(size), 0), coalesce(max(last), 0)
    FROM outcome CROSS JOIN post ON post.effect = outcome.effect
    WHERE outcome.channel = 'x' AND outcome.id < ?1";

pub(super) const DUE: &str = "SELECT standing_post.effect, outcome.channel, outcome.id, text, due, reads, doubt, since
    FROM standing_post JOIN outcome USING (effect) JOIN post USING (effect)
    WHERE lost IS NULL AND reads = ?1 ORDER BY due LIMIT 1";

pub(super) const UNDOUBTED: &str =
    "SELECT standing_post.effect, outcome.channel, outcome.id, text, due, reads, doubt, since
    FROM outcome CROSS JOIN standing_post USING (effect) JOIN post USING (effect)
    WHERE outcome.channel = 'x' AND lost IS NULL AND doubt IS NULL AND outcome.effect <> ?1
    ORDER BY outcome.id DESC LIMIT ?2";

pub(super) const READ_SINCE: &str = "SELECT count(*) FROM standing_post WHERE ?1 <= read_at";

pub(super) const UNSHOWN_LOSS: &str = "SELECT coalesce((SELECT max(size) FROM post WHERE size IS NOT NULL), 0)
    <= (SELECT max(lost) FROM standing_post WHERE lost IS NOT NULL)";

#[async_trait]
impl ReadPosted for Sqlite {
    async fn is_known_post(&self, post: PostId, text: &str) -> Result<bool, Error> {
        let text = text.to_owned();
        self.run(move |db| Ok(db.conn.query_row(IS_KNOWN, params![post.0, text], |row| row.get(0))?)).await
    }

    async fn shown_before(&self, post: PostId) -> Result<ShownBefore, Error> {
        self.run(move |db| {
            let shown = |row: &Row<'_>| Ok(ShownBefore { size: row.get(0)?, note: row.get(1)? });
            Ok(db.conn.query_row(SHOWN_BEFORE, [post.0], shown)?)
        })
        .await
    }

    async fn strange_posts(&self) -> Result<Vec<PostId>, Error> {
        const STRANGE: &str = "SELECT post FROM strange_post WHERE channel = 'x' ORDER BY post";
        self.run(|db| {
            let mut query = db.conn.prepare_cached(STRANGE)?;
            Ok(query.query_map([], |row| rows::post_id(row, 0))?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn due_post(&self, reads: u64) -> Result<Option<DuePost>, Error> {
        self.run(move |db| Ok(db.conn.prepare_cached(DUE)?.query_row([reads], due_post).optional()?)).await
    }

    async fn undoubted_posts(&self, except: EffectId, count: u32) -> Result<Vec<DuePost>, Error> {
        self.run(move |db| {
            let mut query = db.conn.prepare_cached(UNDOUBTED)?;
            Ok(query.query_map(params![except.0, count], due_post)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn posts_read_since(&self, from: Time) -> Result<u64, Error> {
        self.run(move |db| Ok(db.conn.query_row(READ_SINCE, [from.ms()], |row| row.get(0))?)).await
    }

    async fn has_unshown_loss(&self) -> Result<bool, Error> {
        self.run(|db| {
            let unshown: Option<bool> = db.conn.query_row(UNSHOWN_LOSS, [], |row| row.get(0))?;
            Ok(unshown.unwrap_or_default())
        })
        .await
    }
}

#[async_trait]
impl WritePosted for Sqlite {
    async fn keep_strange_post(&self, post: PostId, now: Time) -> Result<(), Error> {
        const KEEP: &str = "INSERT INTO strange_post VALUES ('x', ?1, ?2) ON CONFLICT DO NOTHING";
        self.run(move |db| {
            db.conn.execute(KEEP, params![post.0, now.ms()])?;
            Ok(())
        })
        .await
    }

    async fn keep_reading(&self, post: DuePost, now: Time) -> Result<(), Error> {
        const KEEP: &str = "UPDATE standing_post SET due = ?2, reads = ?3, doubt = ?4, since = ?5, read_at = ?6
            WHERE effect = ?1";
        self.run(move |db| {
            let (doubt, since) = post.doubt.map(|(how, since)| (how.as_str(), since.ms())).unzip();
            let reads = post.reads.min(READS_MAX);
            db.conn.execute(KEEP, params![post.effect.0, post.due.ms(), reads, doubt, since, now.ms()])?;
            Ok(())
        })
        .await
    }

    async fn lose(&self, effect: EffectId, how: Loss, now: Time) -> Result<(), Error> {
        const STANDING: &str = "SELECT channel, id FROM outcome JOIN standing_post USING (effect)
            WHERE effect = ?1 AND lost IS NULL";
        self.run(move |db| {
            db.append(|tx, appended| {
                let post: Option<PublicPost> =
                    tx.query_row(STANDING, [effect.0], |row| rows::some_post(row, 0)).optional()?;
                let Some(post) = post else { return Ok(()) };
                let index = appended.next;
                appended.push(tx, &Entry::Lost { time: now, post, how })?;
                let lost = "UPDATE standing_post SET lost = ?2, read_at = ?3 WHERE effect = ?1";
                tx.execute(lost, params![effect.0, index, now.ms()])?;
                Ok(())
            })
        })
        .await
    }
}

fn due_post(row: &Row<'_>) -> rusqlite::Result<DuePost> {
    let doubt: Option<String> = row.get("doubt")?;
    let how = doubt.map(|word| Loss::parse(&word).ok_or(rusqlite::Error::InvalidQuery)).transpose()?;
    let since = row.get::<_, Option<i64>>("since")?.map(Time::from_ms);
    Ok(DuePost {
        effect: EffectId(row.get(0)?),
        post: rows::some_post(row, 1)?,
        text: row.get("text")?,
        due: Time::from_ms(row.get("due")?),
        reads: row.get("reads")?,
        doubt: how.zip(since),
    })
}
