//! Accounts.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Sqlite, rows};
use crate::base::ids::{Account, AccountId, AccountName, ConversationId};
use crate::store::Error;
use crate::store::accounts::{KnownName, Members, ReadAccounts, WriteAccounts};

#[async_trait]
impl ReadAccounts for Sqlite {
    async fn own_account(&self) -> Result<Option<Account>, Error> {
        self.run(|db| own_account(&db.conn)).await
    }

    async fn correspondent(&self, name: &AccountName) -> Result<Option<AccountId>, Error> {
        let name = name.clone();
        self.run(move |db| {
            let id = "SELECT id FROM correspondent WHERE name = ?1";
            let id = db.conn.query_row(id, [name.as_str()], |row| row.get(0));
            Ok(id.optional()?.map(AccountId))
        })
        .await
    }

    async fn known_name(&self, id: AccountId) -> Result<Option<KnownName>, Error> {
        self.run(move |db| {
            let known = "SELECT name, at, suspended FROM known_name WHERE id = ?1";
            Ok(db.conn.prepare_cached(known)?.query_row([id.0], known_name).optional()?)
        })
        .await
    }

    async fn members(&self, group: &ConversationId) -> Result<Option<Members>, Error> {
        let group = group.clone();
        self.run(move |db| members(&db.conn, &group)).await
    }

    async fn groups(&self) -> Result<Vec<(ConversationId, Members)>, Error> {
        self.run(|db| {
            let mut query = db.conn.prepare_cached("SELECT conversation FROM known_group ORDER BY conversation")?;
            let names = query.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
            let groups = names.iter().filter_map(|name| ConversationId::parse(name));
            groups.filter_map(|group| members(&db.conn, &group).transpose().map(|known| Ok((group, known?)))).collect()
        })
        .await
    }
}

#[async_trait]
impl WriteAccounts for Sqlite {
    async fn keep_account(&self, account: &Account) -> Result<(), Error> {
        const KEEP: &str =
            "INSERT INTO account VALUES (1, ?1, ?2) ON CONFLICT DO UPDATE SET id = excluded.id, name = excluded.name";
        let account = account.clone();
        self.run(move |db| {
            if let Some(known) = own_account(&db.conn)?.filter(|known| known.id != account.id) {
                return Err(Error::WrongLog(format!(
                    "this is the log of the account {known}, and the credentials are those of {account}\nuse the credentials of {}, or make another log with `verbale init`",
                    known.name
                )));
            }
            db.conn.execute(KEEP, params![account.id.0, account.name.as_str()])?;
            Ok(())
        })
        .await
    }

    async fn keep_correspondent(&self, account: &Account) -> Result<(), Error> {
        let account = account.clone();
        self.run(move |db| {
            let insert = "INSERT INTO correspondent VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            db.conn.execute(insert, params![account.name.as_str(), account.id.0])?;
            Ok(())
        })
        .await
    }

    async fn keep_name(&self, id: AccountId, known: KnownName) -> Result<(), Error> {
        const KEEP: &str = "INSERT INTO known_name VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET
            name = coalesce(excluded.name, name), at = excluded.at, suspended = excluded.suspended";
        self.run(move |db| {
            let name = known.name.as_ref().map(AccountName::as_str);
            db.conn.prepare_cached(KEEP)?.execute(params![id.0, name, known.at.ms(), known.is_suspended])?;
            Ok(())
        })
        .await
    }

    async fn keep_members(&self, group: &ConversationId, members: Members) -> Result<(), Error> {
        const KEEP: &str = "INSERT INTO known_group VALUES (?1, ?2) ON CONFLICT DO UPDATE SET at = excluded.at";
        let group = group.clone();
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            tx.execute(KEEP, params![group.as_str(), members.at.ms()])?;
            tx.execute("DELETE FROM member WHERE conversation = ?1", [group.as_str()])?;
            let mut insert = tx.prepare_cached("INSERT INTO member VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
            for account in &members.accounts {
                insert.execute(params![group.as_str(), account.0])?;
            }
            drop(insert);
            Ok(tx.commit()?)
        })
        .await
    }
}

fn known_name(row: &Row<'_>) -> rusqlite::Result<KnownName> {
    let name = row.get::<_, Option<String>>(0)?.and_then(|name| AccountName::parse(&name));
    Ok(KnownName { name, at: rows::time(row, 1)?, is_suspended: row.get(2)? })
}

fn members(conn: &Connection, group: &ConversationId) -> Result<Option<Members>, Error> {
    let at = conn
        .prepare_cached("SELECT at FROM known_group WHERE conversation = ?1")?
        .query_row([group.as_str()], |row| rows::time(row, 0));
    let Some(at) = at.optional()? else { return Ok(None) };
    let mut query = conn.prepare_cached("SELECT account FROM member WHERE conversation = ?1 ORDER BY account")?;
    let accounts = query.query_map([group.as_str()], |row| row.get(0).map(AccountId))?.collect::<Result<_, _>>()?;
    Ok(Some(Members { accounts, at }))
}

fn own_account(conn: &Connection) -> Result<Option<Account>, Error> {
    let found: Option<(u64, String)> =
        conn.query_row("SELECT id, name FROM account", [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.and_then(|(id, name)| Some(Account { id: AccountId(id), name: AccountName::parse(&name)? })))
}
