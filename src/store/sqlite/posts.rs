//! Posts.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{Db, Sqlite, Writer, attempts, keep_head, notes, receipts, rows};
use crate::base::ids::{Channel, PostId, PublicPost};
use crate::base::time::Time;
use crate::store::effects::{EffectId, EffectKind};
use crate::store::posts::{Answered, PendingPost, ReadPosts, Subject};
use crate::store::receipts::Received;
use crate::store::{Error, triggers};
use crate::tlog::entry::Level;
use crate::tlog::tree::Tree;
use crate::wording::post::PostText;

/// The channel of all posts.
const CHANNEL: Channel = Channel::X;

pub(super) const HAS_HEARTBEAT: &str = "SELECT EXISTS (SELECT 1 FROM post WHERE channel = 'x' AND date = ?1)";

pub(super) const UNPOSTED_RECEIPT: &str = "SELECT min(idx) FROM unposted_receipt";

pub(super) const RECEIPTS_BEGUN_SINCE: &str = "SELECT count(DISTINCT attempt.effect)
    FROM attempt INDEXED BY attempt_of_moment CROSS JOIN effect ON effect.id = attempt.effect
    WHERE ?1 <= attempt.at AND kind = 'receipt-post'";

pub(super) const NOTES_BY_POST: &str = "SELECT coalesce(first, note), coalesce(last, note)
    FROM outcome CROSS JOIN post ON post.effect = outcome.effect
    WHERE outcome.channel = 'x' AND outcome.id = ?1";

pub(super) const THREAD_POSTS: &str = "SELECT outcome.id FROM post LEFT JOIN outcome ON outcome.effect = post.effect
    WHERE post.channel = 'x' AND note = ?1 AND level = ?2 ORDER BY place";

pub(super) const ANSWER_TO: &str = "SELECT outcome.id,
        EXISTS (SELECT 1 FROM given_up WHERE given_up.effect = post.effect AND resent IS NOT 1)
    FROM post LEFT JOIN outcome ON outcome.effect = post.effect
    WHERE note = ?1 AND answers = ?2 AND mention IS NULL AND or_standalone IS NOT NULL";

#[async_trait]
impl ReadPosts for Sqlite {
    async fn unposted_notes(&self) -> Result<Option<(u64, u64)>, Error> {
        self.run(|db| {
            let (decided, sealed) = (last_decided(&db.conn)?, notes::last_note(&db.conn)?);
            Ok((decided < sealed).then_some((decided + 1, sealed)))
        })
        .await
    }

    async fn has_heartbeat(&self, date: &str) -> Result<bool, Error> {
        let date = date.to_owned();
        self.run(move |db| Ok(db.conn.query_row(HAS_HEARTBEAT, [date], |row| row.get(0))?)).await
    }

    async fn unposted_receipt(&self) -> Result<Option<u64>, Error> {
        self.run(|db| Ok(db.conn.query_row(UNPOSTED_RECEIPT, [], |row| row.get(0))?)).await
    }

    async fn receipts_begun_since(&self, from: Time) -> Result<u64, Error> {
        self.run(move |db| Ok(db.conn.query_row(RECEIPTS_BEGUN_SINCE, [from.ms()], |row| row.get(0))?)).await
    }

    async fn newest_post(&self) -> Result<Option<PublicPost>, Error> {
        self.run(|db| {
            let newest = "SELECT channel, max(id) FROM outcome WHERE channel = 'x'";
            Ok(db.conn.query_row(newest, [], |row| rows::public_post(row, 0))?)
        })
        .await
    }

    async fn notes_by_post(&self, post: PostId) -> Result<Option<(u64, u64)>, Error> {
        self.run(move |db| {
            let row = |row: &Row<'_>| Ok(row.get::<_, Option<u64>>(0)?.zip(row.get(1)?));
            let notes = db.conn.query_row(NOTES_BY_POST, [post.0], row);
            Ok(notes.optional()?.flatten())
        })
        .await
    }

    async fn thread_posts(&self, note: u64, level: Level) -> Result<Vec<Option<PostId>>, Error> {
        self.run(move |db| {
            let mut query = db.conn.prepare_cached(THREAD_POSTS)?;
            let row = |row: &Row<'_>| Ok(row.get::<_, Option<u64>>(0)?.map(PostId));
            Ok(query.query_map(params![note, level.as_str()], row)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn answer_to(&self, note: u64, post: PostId) -> Result<Option<Answered>, Error> {
        self.run(move |db| {
            let answered = db.conn.query_row(ANSWER_TO, [note, post.0], |row| {
                let (post, is_given_up): (Option<u64>, bool) = (row.get(0)?, row.get(1)?);
                let not = if is_given_up { Answered::Never } else { Answered::Not };
                Ok(post.map_or(not, |post| Answered::In(PostId(post))))
            });
            Ok(answered.optional()?)
        })
        .await
    }
}

/// Decides upon a post that shows a head, in one transaction with that head and the first attempt.
pub(super) fn begin(db: &mut Db, subject: &Subject, now: Time) -> Result<EffectId, Error> {
    db.writer()?;
    let Some(Writer { tree, key, .. }) = &db.writer else { return Err(Error::Refused("no writer".into())) };
    let tx = db.conn.transaction()?;
    // The text of a post depends only on the log.
    let (kind, run, date, text) = match subject {
        Subject::Notes { first, last } => {
            (EffectKind::NotePost, Some((*first, *last)), None, notes_text(&tx, tree, *first, *last)?)
        }
        Subject::Heartbeat { date } => (EffectKind::Heartbeat, None, Some(date), heartbeat_text(&tx, tree, date)?),
        Subject::Again => (EffectKind::Heartbeat, None, None, heartbeat_text(&tx, tree, &now.date())?),
        Subject::Receipt { index } => (EffectKind::ReceiptPost, None, None, receipt_text(&tx, tree, *index)?),
        Subject::Part { .. } | Subject::Answer { .. } => {
            let what = "a post that shows no head is decided upon together with its trigger";
            return Err(Error::Refused(what.into()));
        }
    };
    let ((first, last), (size, _)) = (run.unzip(), text.head());
    keep_head(&tx, tree, key, size)?;
    let id = attempts::make(&tx, kind, now)?;
    tx.execute(
        "INSERT INTO post (effect, channel, first, last, date, size, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![id.0, CHANNEL.as_str(), first, last, date, size, text.to_text()],
    )?;
    attempts::attempt(&tx, id, now)?;
    tx.commit()?;
    Ok(id)
}

fn notes_text(conn: &Connection, tree: &Tree, first: u64, last: u64) -> Result<PostText, Error> {
    let next = last_decided(conn)? + 1;
    let refused = || Error::Refused(format!("a post about notes {first}-{last}: the next to be posted is {next}"));
    if first != next || last < first {
        return Err(refused());
    }
    let (index, commitment) = notes::entry_of(conn, last)?.ok_or_else(refused)?;
    let size = index + 1;
    let root = tree.root_at(size).ok_or_else(refused)?;
    Ok(if first == last {
        PostText::Note { note: first, commitment, size, root }
    } else {
        PostText::Run { first, last, size, root }
    })
}

fn receipt_text(conn: &Connection, tree: &Tree, index: u64) -> Result<PostText, Error> {
    let refused = || Error::Refused(format!("a post about entry {index}: it is no receipt"));
    let Received { note, commitment, .. } = receipts::receipt_at(conn, index)?.ok_or_else(refused)?;
    let size = index + 1;
    let root = tree.root_at(size).ok_or_else(refused)?;
    Ok(PostText::Receipt { note, commitment, size, root })
}

fn heartbeat_text(conn: &Connection, tree: &Tree, date: &str) -> Result<PostText, Error> {
    let like = format!("note {date}T%");
    let count = conn.query_row("SELECT count(*) FROM entry WHERE line LIKE ?1", [like], |row| row.get(0))?;
    Ok(PostText::Heartbeat { count, date: date.to_owned(), size: tree.len(), root: tree.root() })
}

/// The last note for which a post has been decided upon.
fn last_decided(conn: &Connection) -> Result<u64, Error> {
    Ok(conn.query_row("SELECT coalesce(max(last), 0) FROM post", [], |row| row.get(0))?)
}

/// Writes an answer that is to be posted.
pub(super) fn add_answer(tx: &Transaction<'_>, made: &triggers::NewAnswer, now: Time) -> Result<(), Error> {
    let id = attempts::make(tx, EffectKind::Answer, now)?;
    let mention = made.mention.map(|post| post.0);
    tx.execute(
        "INSERT INTO post (effect, channel, note, mention, answers, or_standalone, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![id.0, CHANNEL.as_str(), made.note, mention, made.answers.0, made.standalone, made.text],
    )?;
    Ok(())
}

/// Writes the posts of the thread that carries an opened note; the first of them answers `under`.
pub(super) fn add_thread(
    tx: &Transaction<'_>,
    opened: &triggers::Opened,
    under: PublicPost,
    now: Time,
) -> Result<(), Error> {
    let mut before = None;
    for (place, (text, files)) in (1_u64..).zip(&opened.parts) {
        let id = attempts::make(tx, EffectKind::ThreadPart, now)?;
        let answers = before.is_none().then_some(under.id.0);
        tx.execute(
            "INSERT INTO post (effect, channel, note, level, place, count, before, answers, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                id.0,
                under.channel.as_str(),
                opened.note,
                opened.level.as_str(),
                place,
                opened.parts.len(),
                before,
                answers,
                text
            ],
        )?;
        for (place, name) in (1_u64..).zip(files) {
            tx.execute("INSERT INTO post_file VALUES (?1, ?2, ?3)", params![id.0, place, name])?;
        }
        before = Some(id.0);
    }
    Ok(())
}

/// The details of an effect that is a post.
pub(super) fn pending(conn: &Connection, id: EffectId, kind: EffectKind) -> Result<PendingPost, Error> {
    const POST: &str = "SELECT first, last, date, size, note, level, place, count, mention, or_standalone, text,
        coalesce(answers, (SELECT id FROM outcome WHERE outcome.effect = before)) AS answers,
        EXISTS (SELECT 1 FROM standalone JOIN post AS refused USING (effect)
                WHERE refused.effect = post.effect OR (refused.note, refused.level) = (post.note, post.level))
            AS is_standalone
        FROM post WHERE effect = ?1";
    let mut post = conn.prepare_cached(POST)?.query_row([id.0], |row| {
        let answers = row.get::<_, Option<u64>>("answers")?.map(PostId);
        let is_standalone: bool = row.get("is_standalone")?;
        Ok(PendingPost {
            subject: subject(row, kind)?,
            text: row.get("text")?,
            answers: answers.filter(|_| !is_standalone),
            files: Vec::new(),
        })
    })?;
    let mut query = conn.prepare_cached("SELECT name FROM post_file WHERE effect = ?1 ORDER BY place")?;
    post.files = query.query_map([id.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(post)
}

fn subject(row: &Row<'_>, kind: EffectKind) -> rusqlite::Result<Subject> {
    Ok(match kind {
        EffectKind::NotePost => Subject::Notes { first: row.get("first")?, last: row.get("last")? },
        EffectKind::Heartbeat => {
            row.get::<_, Option<String>>("date")?.map_or(Subject::Again, |date| Subject::Heartbeat { date })
        }
        EffectKind::ReceiptPost => Subject::Receipt { index: row.get::<_, u64>("size")?.saturating_sub(1) },
        EffectKind::ThreadPart => Subject::Part {
            note: row.get("note")?,
            level: rows::level(row, "level")?,
            place: row.get("place")?,
            count: row.get("count")?,
        },
        _ => Subject::Answer {
            mention: row.get::<_, Option<u64>>("mention")?.map(PostId),
            note: row.get("note")?,
            standalone: row.get("or_standalone")?,
        },
    })
}

/// The notes that a post of notes is about; None for any other effect.
pub(super) fn run_of(conn: &Connection, id: EffectId) -> Result<Option<(u64, u64)>, Error> {
    let run = conn.query_row("SELECT first, last FROM post WHERE effect = ?1", [id.0], |row| {
        Ok(row.get::<_, Option<u64>>(0)?.zip(row.get::<_, Option<u64>>(1)?))
    });
    Ok(run.optional()?.flatten())
}
