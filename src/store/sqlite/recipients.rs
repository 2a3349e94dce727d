//! Recipients.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Sqlite, rows};
use crate::base::ids::{AccountId, AccountName};
use crate::base::time::Time;
use crate::platform::Recipient;
use crate::store::Error;
use crate::store::recipients::{AskRecipients, Inbox, ReadRecipients, RecipientRow};

const COLUMNS: &str = "SELECT account, name, inbox, since, follows, follows_since, read_at FROM recipient";

#[async_trait]
impl ReadRecipients for Sqlite {
    async fn recipients(&self) -> Result<Vec<RecipientRow>, Error> {
        self.run(|db| {
            let mut query = db.conn.prepare(&format!("{COLUMNS} ORDER BY account"))?;
            Ok(query.query_map([], row)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn recipient_records(&self, accounts: &[AccountId], first: Time, last: Time) -> Result<Vec<Vec<u8>>, Error> {
        const RECORD: &str = "SELECT record FROM recipient
             WHERE account = ?1 AND read_at BETWEEN ?2 AND ?3 AND record IS NOT NULL";
        let accounts = accounts.to_vec();
        self.run(move |db| {
            let mut query = db.conn.prepare_cached(RECORD)?;
            let mut records = Vec::new();
            for account in accounts {
                let record = query.query_row(params![account.0, first.ms(), last.ms()], |row| row.get(0));
                records.extend(record.optional()?);
            }
            Ok(records)
        })
        .await
    }
}

#[async_trait]
impl AskRecipients for Sqlite {
    async fn keep_recipient(
        &self,
        account: AccountId,
        shown: Recipient,
        now: Time,
    ) -> Result<(Option<RecipientRow>, RecipientRow), Error> {
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            let kept = keep(&tx, account, &shown, now)?;
            tx.commit()?;
            Ok(kept)
        })
        .await
    }
}

fn keep(
    conn: &Connection,
    account: AccountId,
    shown: &Recipient,
    now: Time,
) -> Result<(Option<RecipientRow>, RecipientRow), Error> {
    let before = conn.query_row(&format!("{COLUMNS} WHERE account = ?1"), [account.0], row).optional()?;
    let (inbox, follows, name, record) = match shown {
        Recipient::Shown { account, says, record } => {
            let inbox =
                says.receives.map_or(Inbox::Unsaid, |receives| if receives { Inbox::Open } else { Inbox::Closed });
            (inbox, says.follows, Some(account.name.clone()), Some(record))
        }
        Recipient::Absent => (Inbox::Absent, None, None, None),
        Recipient::Suspended => (Inbox::Suspended, None, None, None),
    };
    let name = name.or_else(|| before.as_ref().and_then(|before| before.name.clone()));
    let same = |is_same: fn(&RecipientRow, Inbox, Option<bool>) -> Option<Time>| {
        before.as_ref().and_then(|before| is_same(before, inbox, follows)).unwrap_or(now)
    };
    let since = same(|before, inbox, _| (before.inbox == inbox).then_some(before.since));
    let follows_since = same(|before, _, follows| (before.follows == follows).then_some(before.follows_since));
    conn.execute(
        "INSERT OR REPLACE INTO recipient VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            account.0,
            name.as_ref().map(AccountName::as_str),
            inbox.as_str(),
            since.ms(),
            follows,
            follows_since.ms(),
            now.ms(),
            record
        ],
    )?;
    Ok((before, RecipientRow { account, name, inbox, since, follows, follows_since, read_at: now }))
}

fn row(row: &Row<'_>) -> rusqlite::Result<RecipientRow> {
    let name: Option<String> = row.get(1)?;
    let inbox: String = row.get(2)?;
    Ok(RecipientRow {
        account: AccountId(row.get(0)?),
        name: name.and_then(|name| AccountName::parse(&name)),
        inbox: Inbox::ALL.into_iter().find(|one| one.as_str() == inbox).ok_or(rusqlite::Error::InvalidQuery)?,
        since: rows::time(row, 3)?,
        follows: row.get(4)?,
        follows_since: rows::time(row, 5)?,
        read_at: rows::time(row, 6)?,
    })
}
