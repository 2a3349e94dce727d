//! Accounts.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use super::Sqlite;
use crate::base::ids::{Account, AccountId, AccountName};
use crate::store::Error;
use crate::store::accounts::{ReadAccounts, WriteAccounts};

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
}

fn own_account(conn: &Connection) -> Result<Option<Account>, Error> {
    let found: Option<(u64, String)> =
        conn.query_row("SELECT id, name FROM account", [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.and_then(|(id, name)| Some(Account { id: AccountId(id), name: AccountName::parse(&name)? })))
}
