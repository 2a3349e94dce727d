//! Conversations with correspondents.

use async_trait::async_trait;
use rusqlite::{Row, params};

use super::{Sqlite, rows};
use crate::base::ids::{ConversationId, MessageId};
use crate::base::time::Time;
use crate::store::conversations::{Blindness, ConversationRow, ReadConversations, WriteConversations};
use crate::store::{Error, Gap};
use crate::tlog::entry::Entry;

#[async_trait]
impl ReadConversations for Sqlite {
    async fn conversations(&self) -> Result<Vec<ConversationRow>, Error> {
        const ALL: &str = "SELECT id, readable_at, newest, blind, since FROM conversation ORDER BY id";
        self.run(|db| {
            let mut query = db.conn.prepare(ALL)?;
            Ok(query.query_map([], row)?.collect::<Result<_, _>>()?)
        })
        .await
    }
}

#[async_trait]
impl WriteConversations for Sqlite {
    async fn keep_conversation(&self, row: ConversationRow, gaps: Vec<Gap>, now: Time) -> Result<(), Error> {
        self.run(move |db| {
            db.append(|tx, appended| {
                for gap in &gaps {
                    let reason = gap.reason.to_owned();
                    appended.push(tx, &Entry::Gap { time: now, from: gap.from, to: gap.to, reason })?;
                }
                let ConversationRow { id, readable_at, newest, blind } = &row;
                let (why, since) = blind.unzip();
                tx.execute(
                    "INSERT OR REPLACE INTO conversation VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![
                        id.as_str(),
                        readable_at.map(Time::ms),
                        newest.map(|newest| newest.0),
                        why.map(Blindness::as_str),
                        since.map(Time::ms)
                    ],
                )?;
                Ok(())
            })
        })
        .await
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<ConversationRow> {
    let invalid = || rusqlite::Error::InvalidQuery;
    let id: String = row.get(0)?;
    let (readable_at, newest): (Option<i64>, Option<u64>) = (row.get(1)?, row.get(2)?);
    let blind = match row.get::<_, Option<String>>(3)? {
        None => None,
        Some(why) => {
            let why = Blindness::ALL.into_iter().find(|one| one.as_str() == why).ok_or_else(invalid)?;
            Some((why, rows::time(row, 4)?))
        }
    };
    Ok(ConversationRow {
        id: ConversationId::parse(&id).ok_or_else(invalid)?,
        readable_at: readable_at.map(Time::from_ms),
        newest: newest.map(MessageId),
        blind,
    })
}
