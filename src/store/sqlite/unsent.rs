//! Effects that were given up, until a person has decided about them.

use rusqlite::{Connection, Row, params};

use super::{attempts, messages};
use crate::base::ids::PostId;
use crate::base::time::Time;
use crate::store::Error;
use crate::store::effects::{EffectId, Unsent, UnsentKind};

/// Those about which nobody has decided, the columns of [`row`].
pub(super) const UNSENT: &str =
    "SELECT effect.id AS number, effect.kind AS effect_kind, made_at, given_up.at AS at, why,
        post.answers AS answers, post.note AS post_note, message.*
    FROM given_up JOIN effect ON effect.id = given_up.effect
    LEFT JOIN post ON post.effect = effect.id LEFT JOIN message ON message.effect = effect.id
    WHERE resent IS NULL AND ?1 < given_up.effect ORDER BY given_up.effect LIMIT ?2";

pub(super) const HAS_UNSENT: &str = "SELECT EXISTS (SELECT 1 FROM given_up WHERE resent IS NULL)";

pub(super) fn list(conn: &Connection, after: EffectId, count: u64) -> Result<Vec<Unsent>, Error> {
    let mut query = conn.prepare_cached(UNSENT)?;
    Ok(query.query_map(params![after.0, count], row)?.collect::<Result<_, _>>()?)
}

fn row(row: &Row<'_>) -> rusqlite::Result<Unsent> {
    let made_at = Time::from_ms(row.get("made_at")?);
    let (what, expires) = if row.get::<_, String>("effect_kind")? == "answer" {
        (UnsentKind::Answer { to: PostId(row.get("answers")?), note: row.get("post_note")? }, None)
    } else {
        let what = UnsentKind::Message { kind: messages::kind(row)?, to: messages::addressee(row)? };
        (what, messages::expires(row, made_at)?)
    };
    let given_up_at = Time::from_ms(row.get("at")?);
    Ok(Unsent { effect: EffectId(row.get("number")?), what, made_at, given_up_at, why: row.get("why")?, expires })
}

/// Gives an effect up, unless it has an outcome or is given up already.
pub(super) fn give_up(conn: &Connection, effect: EffectId, why: &str, now: Time) -> Result<(), Error> {
    const IS: &str = "SELECT EXISTS (SELECT 1 FROM given_up WHERE effect = ?1 AND resent IS NOT 1)";
    if attempts::has_ended(conn, effect)? || conn.query_row(IS, [effect.0], |row| row.get(0))? {
        return Ok(());
    }
    let insert = "INSERT INTO given_up (effect, at, why) VALUES (?1, ?2, ?3)";
    conn.execute(insert, params![effect.0, now.ms(), why])?;
    Ok(())
}

/// Writes a person's decision. Returns false if there is nothing to decide.
pub(super) fn decide(conn: &Connection, effect: EffectId, resent: bool, now: Time) -> Result<bool, Error> {
    let update = "UPDATE given_up SET decided_at = ?2, resent = ?3 WHERE effect = ?1 AND resent IS NULL";
    Ok(0 < conn.execute(update, params![effect.0, now.ms(), resent])?)
}

/// Counts those of some kinds of effects.
pub(super) fn count(conn: &Connection, kinds: &str) -> Result<u64, Error> {
    let sql = format!(
        "SELECT count(*) FROM given_up JOIN effect ON effect.id = given_up.effect WHERE resent IS NULL AND {kinds}"
    );
    Ok(conn.query_row(&sql, [], |row| row.get(0))?)
}
