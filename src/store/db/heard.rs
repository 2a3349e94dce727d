//! The writer's part in what the bot must not forget.

use rusqlite::{OptionalExtension, Transaction, params};

use super::Db;
use crate::base::ids::{AccountId, MessageId, PostId, Source};
use crate::base::time::Time;
use crate::note::standing::LogStanding;
use crate::store::{CodeChange, CodeRow, Error, rows};

impl Db {
    pub(in crate::store) fn listened(&self) -> Result<Option<(PostId, PostId)>, Error> {
        let row = self.conn.query_row("SELECT start, mention FROM listened", [], |row| {
            Ok((rows::post_id(row, 0)?, rows::post_id(row, 1)?))
        });
        Ok(row.optional()?)
    }

    pub(in crate::store) fn listen_from(&mut self, mention: PostId) -> Result<(), Error> {
        const LISTEN: &str = "INSERT INTO listened VALUES (1, ?1, ?1)
            ON CONFLICT DO UPDATE SET mention = max(mention, excluded.mention)";
        self.conn.execute(LISTEN, [mention.0])?;
        Ok(())
    }

    pub(in crate::store) fn heard_since(&self, from: Time) -> Result<Vec<(PostId, AccountId, String)>, Error> {
        let mut query =
            self.conn.prepare_cached("SELECT post, author, what FROM mention WHERE ?1 <= at ORDER BY at")?;
        let heard =
            query.query_map([from.ms()], |row| Ok((rows::post_id(row, 0)?, AccountId(row.get(1)?), row.get(2)?)))?;
        Ok(heard.collect::<Result<_, _>>()?)
    }

    pub(in crate::store) fn has_disputed(&self, author: AccountId, note: u64) -> Result<bool, Error> {
        let exists = "SELECT EXISTS (SELECT 1 FROM dispute JOIN mention USING (post) WHERE note = ?1 AND author = ?2)";
        Ok(self.conn.prepare_cached(exists)?.query_row(params![note, author.0], |row| row.get(0))?)
    }

    pub(in crate::store) fn helps(&self, official: AccountId, message: MessageId) -> Result<u64, Error> {
        const HELPS: &str =
            "SELECT count(*) FROM command WHERE from_account = ?1 AND text = 'help' AND message BETWEEN ?2 AND ?3";
        let begin = Source::XDm.first_at(Source::XDm.moment(message).midnight());
        Ok(self.conn.query_row(HELPS, [official.0, begin.0, message.0], |row| row.get(0))?)
    }

    pub(in crate::store) fn code(&self, official: AccountId) -> Result<Option<CodeRow>, Error> {
        let code = "SELECT code, command, at, tries FROM code WHERE official = ?1";
        let code = self.conn.query_row(code, [official.0], |row| {
            Ok(CodeRow { official, code: row.get(0)?, order: row.get(1)?, at: rows::time(row, 2)?, tries: row.get(3)? })
        });
        Ok(code.optional()?)
    }

    pub(in crate::store) fn log_standing(&self) -> Result<LogStanding, Error> {
        let count = |sql: &str| self.conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, u64>(0));
        let (posted, last) = rows::posted(&self.conn)?;
        let size = match last {
            Some(last) => rows::note(&self.conn, last)?.map(|(index, _)| index + 1),
            None => None,
        };
        Ok(LogStanding {
            notes: rows::last_note(&self.conn)?,
            posted,
            opened: count("SELECT count(DISTINCT note) FROM release")?,
            disputed: count("SELECT count(DISTINCT note) FROM dispute")?,
            head: size.and_then(|size| Some((size, self.root_at(size)?))),
        })
    }
}

/// Writes what becomes of an official's code.
pub(super) fn change(tx: &Transaction<'_>, change: &CodeChange) -> Result<(), Error> {
    match change {
        CodeChange::Give(CodeRow { official, code, order, at, tries }) => tx.execute(
            "INSERT OR REPLACE INTO code VALUES (?1, ?2, ?3, ?4, ?5)",
            params![official.0, code, order, at.ms(), tries],
        )?,
        CodeChange::Tried(official) => {
            tx.execute("UPDATE code SET tries = tries + 1 WHERE official = ?1", [official.0])?
        }
        CodeChange::End(official) => tx.execute("DELETE FROM code WHERE official = ?1", [official.0])?,
    };
    Ok(())
}
