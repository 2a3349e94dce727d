//! Effects: what is next, attempts and outcomes.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params, params};

use super::{Appended, Sqlite, attempts, messages, posts, rows, unsent};
use crate::base::ids::{AccountId, MessageId};
use crate::base::time::Time;
use crate::store::Error;
use crate::store::effects::{
    Accepted, AskEffects, Budget, Effect, EffectId, EffectKind, Lane, LastSend, Payload, ReadEffects, Unsent,
    WriteEffects,
};
use crate::store::messages::MessageKind;
use crate::store::posts::Subject;
use crate::tlog::entry::Entry;

pub(super) const LAST_SEND: &str = "SELECT message.effect, attempt.at, outcome.id
    FROM message JOIN attempt ON attempt.effect = message.effect LEFT JOIN outcome ON outcome.effect = message.effect
    WHERE message.kind = 'send' AND account = ?1 AND failed = 0 AND outcome.why IS NULL
    ORDER BY outcome.effect IS NULL DESC, attempt.id DESC LIMIT 1";

#[async_trait]
impl ReadEffects for Sqlite {
    async fn next_effect(&self, lane: Lane, deferred: &[EffectId], budget: Budget) -> Result<Option<Effect>, Error> {
        let deferred = rows::json(deferred.iter().map(|effect| effect.0));
        self.run(move |db| {
            let mut query = db.conn.prepare_cached(&next_sql(lane))?;
            let low = budget == Budget::Low;
            let next = query
                .query_row(named_params! { ":deferred": deferred, ":low": low }, |row| Ok(EffectId(row.get(0)?)))
                .optional()?;
            next.map(|id| effect_of(&db.conn, id)).transpose()
        })
        .await
    }

    async fn last_send(&self, to: AccountId) -> Result<Option<LastSend>, Error> {
        self.run(move |db| {
            let last = db.conn.query_row(LAST_SEND, [to.0], |row| {
                let message = row.get::<_, Option<u64>>(2)?.map(MessageId);
                Ok(LastSend { effect: EffectId(row.get(0)?), to, at: rows::time(row, 1)?, message })
            });
            Ok(last.optional()?)
        })
        .await
    }

    async fn unsent(&self, after: EffectId, count: u64) -> Result<Vec<Unsent>, Error> {
        self.run(move |db| unsent::list(&db.conn, after, count)).await
    }

    async fn has_unsent(&self) -> Result<bool, Error> {
        self.run(|db| Ok(db.conn.prepare_cached(unsent::HAS_UNSENT)?.query_row([], |row| row.get(0))?)).await
    }
}

#[async_trait]
impl WriteEffects for Sqlite {
    async fn begin(&self, subject: Subject, now: Time) -> Result<Effect, Error> {
        self.run(move |db| {
            let id = posts::begin(db, &subject, now)?;
            effect_of(&db.conn, id)
        })
        .await
    }

    async fn attempt(&self, effect: EffectId, now: Time) -> Result<(), Error> {
        self.run(move |db| attempts::attempt(&db.conn, effect, now)).await
    }

    async fn failed(&self, effect: EffectId) -> Result<(), Error> {
        self.run(move |db| attempts::failed(&db.conn, effect)).await
    }

    async fn accepted(&self, effect: EffectId, what: Accepted, now: Time) -> Result<(), Error> {
        self.run(move |db| db.append(|tx, appended| accepted(tx, appended, effect, what, now))).await
    }

    async fn given_up(&self, effect: EffectId, why: String, now: Time) -> Result<(), Error> {
        self.run(move |db| unsent::give_up(&db.conn, effect, &why, now)).await
    }

    async fn as_standalone(&self, effect: EffectId, now: Time) -> Result<(), Error> {
        const INSERT: &str = "INSERT INTO standalone VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.run(move |db| {
            db.conn.execute(INSERT, params![effect.0, now.ms()])?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl AskEffects for Sqlite {
    async fn resend(&self, effect: EffectId, now: Time) -> Result<bool, Error> {
        self.run(move |db| unsent::decide(&db.conn, effect, true, now)).await
    }

    async fn leave_unsent(&self, effect: EffectId, now: Time) -> Result<bool, Error> {
        self.run(move |db| unsent::decide(&db.conn, effect, false, now)).await
    }

    async fn begin_send(&self, to: AccountId, now: Time) -> Result<EffectId, Error> {
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            let effect = attempts::make(&tx, EffectKind::Send, now)?;
            let insert = "INSERT INTO message (effect, kind, account) VALUES (?1, ?2, ?3)";
            tx.execute(insert, params![effect.0, MessageKind::Send.as_str(), to.0])?;
            attempts::attempt(&tx, effect, now)?;
            tx.commit()?;
            Ok(effect)
        })
        .await
    }

    async fn send_accepted(&self, effect: EffectId, message: MessageId, now: Time) -> Result<(), Error> {
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            is_of_send(&tx, effect)?;
            attempts::end(&tx, effect, Some(message.into()), None, now)?;
            tx.commit()?;
            Ok(())
        })
        .await
    }

    async fn send_failed(&self, effect: EffectId, why: String, now: Time) -> Result<(), Error> {
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            is_of_send(&tx, effect)?;
            attempts::failed(&tx, effect)?;
            end_unsent(&tx, effect, &why, now)?;
            tx.commit()?;
            Ok(())
        })
        .await
    }

    async fn send_given_up(&self, effect: EffectId, why: String, now: Time) -> Result<(), Error> {
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            is_of_send(&tx, effect)?;
            end_unsent(&tx, effect, &why, now)?;
            tx.commit()?;
            Ok(())
        })
        .await
    }
}

/// What is next in a lane: first an effect whose last attempt nobody knows the result of, then by rank, the oldest. It is
/// asked often, on the thread that seals: it looks only at what is pending.
pub(super) fn next_sql(lane: Lane) -> String {
    let kinds: Vec<EffectKind> = EffectKind::ALL.into_iter().filter(|kind| kind.lane() == lane).collect();
    let words: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.as_str())).collect();
    let rank = match lane {
        Lane::Messages => rank_sql("message.kind", MessageKind::WORDS.into_iter()),
        _ => rank_sql("effect.kind", kinds.iter().map(|kind| (kind.as_str(), kind.rank()))),
    };
    // `unknown`: attempted effects whose outcome nobody knows, with their words if they are messages. `same`: nobody could
    // see which of two messages with the same words to the same recipient a look shows.
    format!(
        "WITH unknown AS MATERIALIZED
             (SELECT pending.effect, text, account, conversation
              FROM pending LEFT JOIN message ON message.effect = pending.effect
              WHERE EXISTS (SELECT 1 FROM attempt WHERE attempt.effect = pending.effect AND failed = 0))
         SELECT effect.id FROM pending CROSS JOIN effect ON effect.id = pending.effect
         LEFT JOIN post ON post.effect = effect.id LEFT JOIN message ON message.effect = effect.id
         WHERE effect.kind IN ({})
           AND (before IS NULL OR EXISTS (SELECT 1 FROM outcome WHERE outcome.effect = before AND id IS NOT NULL))
           AND NOT EXISTS (SELECT 1 FROM json_each(:deferred) WHERE value = effect.id)
           AND (NOT :low OR {rank} = 0)
           AND (effect.id IN (SELECT effect FROM unknown) OR message.text IS NULL OR NOT EXISTS
                (SELECT 1 FROM unknown AS same WHERE same.text = message.text
                 AND same.account IS message.account AND same.conversation IS message.conversation))
         ORDER BY effect.id IN (SELECT effect FROM unknown) DESC, {rank}, effect.id
         LIMIT 1",
        words.join(", ")
    )
}

fn rank_sql(column: &str, ranks: impl Iterator<Item = (&'static str, u8)>) -> String {
    let cases: String = ranks.map(|(word, rank)| format!(" WHEN '{word}' THEN {rank}")).collect();
    format!("CASE {column}{cases} END")
}

fn accepted(
    tx: &Transaction<'_>,
    appended: &mut Appended,
    effect: EffectId,
    what: Accepted,
    now: Time,
) -> Result<(), Error> {
    if !attempts::end(tx, effect, Some(what), None, now)? {
        return Ok(());
    }
    let (Accepted::Post(post), Some((first, last))) = (what, posts::run_of(tx, effect)?) else { return Ok(()) };
    appended.push(tx, &Entry::Post { time: now, first, last, post })
}

/// Writes that what a command gave to the platform was not accepted.
fn end_unsent(conn: &Connection, effect: EffectId, why: &str, now: Time) -> Result<(), Error> {
    attempts::end(conn, effect, None, Some(why), now).map(drop)
}

fn is_of_send(conn: &Connection, effect: EffectId) -> Result<(), Error> {
    const IS: &str = "SELECT EXISTS (SELECT 1 FROM effect WHERE id = ?1 AND kind = 'send')";
    if conn.query_row(IS, [effect.0], |row| row.get(0))? {
        return Ok(());
    }
    Err(Error::Refused(format!("the end of effect {effect}: a command ends its own only")))
}

/// An effect with its details.
fn effect_of(conn: &Connection, id: EffectId) -> Result<Effect, Error> {
    let kind = conn.prepare_cached("SELECT kind FROM effect WHERE id = ?1")?.query_row([id.0], kind)?;
    let payload = match kind.lane() {
        Lane::Posts => Payload::Post(posts::pending(conn, id, kind)?),
        Lane::Messages | Lane::Send => Payload::Message(messages::pending(conn, id)?),
    };
    Ok(Effect { id, kind, payload, attempts: attempts::attempts(conn, id)? })
}

fn kind(row: &Row<'_>) -> rusqlite::Result<EffectKind> {
    EffectKind::parse(&row.get::<_, String>(0)?).ok_or(rusqlite::Error::InvalidQuery)
}
