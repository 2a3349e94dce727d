//! Direct messages.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params, params};

use super::{Sqlite, attempts};
use crate::base::ids::{AccountId, Channel, ConversationId, MessageId, PostId};
use crate::base::time::Time;
use crate::platform::Addressee;
use crate::store::Error;
use crate::store::effects::{EffectId, EffectKind};
use crate::store::messages::{MessageBody, MessageKind, Outgoing, PendingMessage, ReadMessages, WriteMessages};
use crate::wording::code::VALID_MINUTES;

/// The columns in which no two messages may be equal.
#[derive(Default)]
struct MessageKey {
    command: Option<u64>,
    request: Option<u64>,
    note: Option<u64>,
    channel: Option<&'static str>,
    post: Option<u64>,
}

impl MessageKey {
    fn of(kind: MessageKind) -> MessageKey {
        let none = MessageKey::default();
        match kind {
            MessageKind::CommandAnswer(message) | MessageKind::Code(message) => {
                MessageKey { command: Some(message.0), ..none }
            }
            MessageKind::RequestNotice(request) | MessageKind::RequestEnded(request) => {
                MessageKey { request: Some(request), ..none }
            }
            MessageKind::DisputeNotice { note, post } => {
                MessageKey { note: Some(note), channel: Some(post.channel.as_str()), post: Some(post.id.0), ..none }
            }
            MessageKind::Slip(note) => MessageKey { note: Some(note), ..none },
            MessageKind::Send => none,
        }
    }
}

pub(super) const IS_SENT: &str = "SELECT EXISTS (SELECT 1 FROM outcome WHERE channel = 'x-dm' AND id = ?1)";

#[async_trait]
impl ReadMessages for Sqlite {
    async fn is_sent(&self, message: MessageId) -> Result<bool, Error> {
        self.run(move |db| Ok(db.conn.query_row(IS_SENT, [message.0], |row| row.get(0))?)).await
    }

    async fn sent_message(&self, kind: MessageKind, to: Option<AccountId>) -> Result<Option<MessageId>, Error> {
        const SENT: &str = "SELECT outcome.id FROM message JOIN outcome USING (effect)
            WHERE kind = :kind AND (:to IS NULL OR account = :to) AND command IS :command AND request IS :request
              AND note IS :note AND post IS :post AND outcome.id IS NOT NULL";
        self.run(move |db| {
            let MessageKey { command, request, note, post, .. } = MessageKey::of(kind);
            let values = named_params! {
                ":kind": kind.as_str(), ":to": to.map(|to| to.0), ":command": command, ":request": request,
                ":note": note, ":post": post,
            };
            Ok(db.conn.query_row(SENT, values, |row| row.get(0)).optional()?.map(MessageId))
        })
        .await
    }
}

#[async_trait]
impl WriteMessages for Sqlite {
    async fn add_message(&self, message: Outgoing, now: Time) -> Result<bool, Error> {
        self.run(move |db| {
            let tx = db.conn.transaction()?;
            let is_new = add(&tx, &message, now)?;
            tx.commit()?;
            if is_new {
                db.wake();
            }
            Ok(is_new)
        })
        .await
    }
}

/// Writes a message to be sent. Returns false if there is one of its kind.
pub(super) fn add(tx: &Transaction<'_>, message: &Outgoing, now: Time) -> Result<bool, Error> {
    let (account, conversation) = match &message.to {
        Addressee::Account(id) => (Some(id.0), None),
        Addressee::Conversation(id) => (None, Some(id.as_str())),
    };
    if is_there(tx, message.kind, account)? {
        return Ok(false);
    }
    let (kind, text) = match &message.body {
        MessageBody::Text(text) => (EffectKind::Dm, Some(text)),
        MessageBody::Slip(_) => (EffectKind::Slip, None),
    };
    let effect = attempts::make(tx, kind, now)?;
    let MessageKey { command, request, note, channel, post } = MessageKey::of(message.kind);
    let word = message.kind.as_str();
    tx.prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?.execute(params![
        effect.0,
        word,
        account,
        conversation,
        command,
        request,
        note,
        channel,
        post,
        text
    ])?;
    Ok(true)
}

fn is_there(conn: &Connection, kind: MessageKind, account: Option<u64>) -> Result<bool, Error> {
    let MessageKey { command, request, note, post, .. } = MessageKey::of(kind);
    let exists = |condition: &str, values: &[&dyn rusqlite::ToSql]| -> Result<bool, Error> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM message WHERE {condition})");
        Ok(conn.prepare_cached(&sql)?.query_row(values, |row| row.get(0))?)
    };
    match kind {
        MessageKind::CommandAnswer(_) | MessageKind::Code(_) => exists("command = ?1", &[&command]),
        MessageKind::RequestNotice(_) => {
            exists("kind = 'request-notice' AND request = ?1 AND account = ?2", &[&request, &account])
        }
        MessageKind::RequestEnded(_) => exists("kind = 'request-ended' AND request = ?1", &[&request]),
        MessageKind::DisputeNotice { .. } => exists(
            "kind = 'dispute-notice' AND note = ?1 AND channel = 'x' AND post = ?2 AND account = ?3",
            &[&note, &post, &account],
        ),
        MessageKind::Slip(_) => exists("kind = 'slip' AND note = ?1", &[&note]),
        MessageKind::Send => Ok(false),
    }
}

/// The details of an effect that is a message.
pub(super) fn pending(conn: &Connection, id: EffectId) -> Result<PendingMessage, Error> {
    let message = "SELECT message.*, made_at FROM message JOIN effect ON effect.id = message.effect WHERE effect = ?1";
    Ok(conn.prepare_cached(message)?.query_row([id.0], row)?)
}

fn row(row: &Row<'_>) -> rusqlite::Result<PendingMessage> {
    let body = match row.get::<_, Option<String>>("text")? {
        Some(text) => Some(MessageBody::Text(text)),
        None if row.get::<_, String>("kind")? == "slip" => Some(MessageBody::Slip(row.get("note")?)),
        None => None,
    };
    let expires = expires(row, Time::from_ms(row.get("made_at")?))?;
    Ok(PendingMessage { to: addressee(row)?, body, expires })
}

/// To whom the message of a row goes.
pub(super) fn addressee(row: &Row<'_>) -> rusqlite::Result<Addressee> {
    let conversation = row.get::<_, Option<String>>("conversation")?;
    Ok(match conversation.and_then(|text| ConversationId::parse(&text)) {
        Some(conversation) => Addressee::Conversation(conversation),
        None => Addressee::Account(AccountId(row.get("account")?)),
    })
}

/// From when on the message of a row, which was decided upon at `made_at`, is worth nothing.
pub(super) fn expires(row: &Row<'_>, made_at: Time) -> rusqlite::Result<Option<Time>> {
    Ok((row.get::<_, String>("kind")? == "code").then(|| made_at.plus_ms(VALID_MINUTES * 60_000)))
}

/// What the message of a row is about.
pub(super) fn kind(row: &Row<'_>) -> rusqlite::Result<MessageKind> {
    Ok(match row.get::<_, String>("kind")?.as_str() {
        "command-answer" => MessageKind::CommandAnswer(MessageId(row.get("command")?)),
        "code" => MessageKind::Code(MessageId(row.get("command")?)),
        "request-notice" => MessageKind::RequestNotice(row.get("request")?),
        "request-ended" => MessageKind::RequestEnded(row.get("request")?),
        "dispute-notice" => {
            let channel = row.get::<_, String>("channel")?;
            let channel = Channel::parse(&channel).ok_or(rusqlite::Error::InvalidQuery)?;
            MessageKind::DisputeNotice { note: row.get("note")?, post: channel.post(PostId(row.get("post")?)) }
        }
        "slip" => MessageKind::Slip(row.get("note")?),
        _ => MessageKind::Send,
    })
}
