//! The statements that read what goes out besides commitments, and what is asked for.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::base::hash::Hash;
use crate::base::ids::{AccountId, ConversationId, MessageId, PostId};
use crate::base::time::Time;
use crate::note::request::RequestState;
use crate::note::standing::Standing;
use crate::platform::Addressee;
use crate::store::{Answered, Ask, Attempts, Command, Error, MessageBody, PendingMessage, Request};
use crate::tlog::entry::{Entry, Level};

/// The columns of [`request`].
const REQUEST: &str = "SELECT id, kind, note, level, post, asked_by, asked_at, state, why,
    EXISTS (SELECT 1 FROM handed WHERE handed.request = request.id) AS has_submitted_proof
    FROM request";

pub(in crate::store) fn requests(db: &Connection, state: Option<RequestState>) -> Result<Vec<Request>, Error> {
    let condition = if state.is_some() { "state = ?1" } else { "?1 IS NULL" };
    let mut query = db.prepare_cached(&format!("{REQUEST} WHERE {condition} ORDER BY id"))?;
    let rows = query.query_map([state.map(RequestState::as_str)], request)?;
    rows.map(|row| with_approvals(db, row?)).collect()
}

pub(in crate::store) fn request_of(db: &Connection, id: u64) -> Result<Option<Request>, Error> {
    let mut query = db.prepare_cached(&format!("{REQUEST} WHERE id = ?1"))?;
    query.query_row([id], request).optional()?.map(|request| with_approvals(db, request)).transpose()
}

fn with_approvals(db: &Connection, request: Request) -> Result<Request, Error> {
    let mut query = db.prepare_cached("SELECT by, at FROM approval WHERE request = ?1 ORDER BY at, rowid")?;
    let rows = query.query_map([request.id], |row| Ok((row.get(0)?, super::time(row, 1)?)))?;
    Ok(Request { approvals: rows.collect::<Result<_, _>>()?, ..request })
}

fn request(row: &Row<'_>) -> rusqlite::Result<Request> {
    let note = row.get("note")?;
    let ask = match row.get::<_, Option<u64>>("post")? {
        Some(post) => Ask::Dispute { note, post: PostId(post) },
        None => Ask::Open { note, level: super::level(row, "level")? },
    };
    let state: String = row.get("state")?;
    Ok(Request {
        id: row.get("id")?,
        ask,
        asked_by: row.get("asked_by")?,
        asked_at: Time::from_ms(row.get("asked_at")?),
        approvals: Vec::new(),
        state: RequestState::parse(&state).ok_or(rusqlite::Error::InvalidQuery)?,
        has_submitted_proof: row.get("has_submitted_proof")?,
        why: row.get("why")?,
    })
}

pub(in crate::store) fn submitted_proof(db: &Connection, request: u64) -> Result<Option<Vec<u8>>, Error> {
    Ok(db.query_row("SELECT proof FROM handed WHERE request = ?1", [request], |row| row.get(0)).optional()?)
}

/// What of a note is open in public, the most of it.
pub(in crate::store) fn open_level(db: &Connection, note: u64) -> Result<Option<Level>, Error> {
    let mut query = db.prepare_cached("SELECT DISTINCT level FROM release WHERE note = ?1 ORDER BY level LIMIT 1")?;
    Ok(query.query_row([note], |row| super::level(row, "level")).optional()?)
}

pub(in crate::store) fn standing(db: &Connection, note: u64) -> Result<Option<Standing>, Error> {
    let Some((index, commitment)) = super::note(db, note)? else { return Ok(None) };
    let line = super::entries(db, index, 1)?.pop().unwrap_or_default();
    let sealed = Entry::parse(line.as_bytes()).ok().and_then(|entry| entry.time());
    let sealed = sealed.ok_or_else(|| Error::Damaged(format!("the entry of note {note} is no note's")))?;
    let disputes = "SELECT count(*) FROM dispute WHERE note = ?1";
    Ok(Some(Standing {
        note,
        commitment,
        sealed,
        post: super::post_of(db, note)?.map(|(post, ..)| post),
        open: open_level(db, note)?,
        disputes: db.query_row(disputes, [note], |row| row.get(0))?,
    }))
}

pub(in crate::store) fn note_of(db: &Connection, commitment: &Hash) -> Result<Option<u64>, Error> {
    let note = db.query_row("SELECT n FROM note WHERE commitment = ?1", [commitment.as_bytes()], |row| row.get(0));
    Ok(note.optional()?)
}

pub(in crate::store) fn notes_of_post(db: &Connection, post: PostId) -> Result<Option<(u64, u64)>, Error> {
    let notes = db.query_row(
        "SELECT coalesce(first, note), coalesce(last, note) FROM intent JOIN result ON result.intent = intent.id
         WHERE post = ?1",
        [post.0],
        |row| Ok(row.get::<_, Option<u64>>(0)?.zip(row.get(1)?)),
    );
    Ok(notes.optional()?.flatten())
}

/// The posts of the mirror of a note, in order: each once it is there.
pub(in crate::store) fn parts(db: &Connection, note: u64, level: Level) -> Result<Vec<Option<PostId>>, Error> {
    let mut query = db.prepare_cached(
        "SELECT post FROM intent LEFT JOIN result ON result.intent = intent.id
         WHERE note = ?1 AND level = ?2 ORDER BY place",
    )?;
    let parts =
        query.query_map(params![note, level.to_string()], |row| Ok(row.get::<_, Option<u64>>(0)?.map(PostId)))?;
    Ok(parts.collect::<Result<_, _>>()?)
}

pub(in crate::store) fn is_disputed(db: &Connection, note: u64, post: PostId) -> Result<bool, Error> {
    const DISPUTED: &str = "SELECT EXISTS (SELECT 1 FROM dispute WHERE note = ?1 AND post = ?2)";
    Ok(db.query_row(DISPUTED, [note, post.0], |row| row.get(0))?)
}

pub(in crate::store) fn answer_to(db: &Connection, note: u64, post: PostId) -> Result<Option<Answered>, Error> {
    let answered = db.query_row(
        "SELECT post, EXISTS (SELECT 1 FROM dropped WHERE dropped.intent = intent.id)
         FROM intent LEFT JOIN result ON result.intent = intent.id
         WHERE kind = 'answer' AND note = ?1 AND answers = ?2 AND mention IS NULL",
        [note, post.0],
        |row| {
            let (post, is_dropped): (Option<u64>, bool) = (row.get(0)?, row.get(1)?);
            let not = if is_dropped { Answered::Never } else { Answered::Not };
            Ok(post.map_or(not, |post| Answered::In(PostId(post))))
        },
    );
    Ok(answered.optional()?)
}

pub(in crate::store) fn is_heard(db: &Connection, post: PostId) -> Result<bool, Error> {
    let mut query = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM mention WHERE post = ?1)")?;
    Ok(query.query_row([post.0], |row| row.get(0))?)
}

pub(in crate::store) fn commands(db: &Connection) -> Result<Vec<Command>, Error> {
    let mut query =
        db.prepare_cached("SELECT message, from_account, text FROM command WHERE done = 0 ORDER BY message")?;
    let rows = query.query_map([], |row| {
        Ok(Command { message: super::message_id(row, 0)?, from: AccountId(row.get(1)?), text: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The key of a message says what it is about: `command 5`, `request 3 to 7`, `dispute 1 9 to 7`, `slip 4`. What says the
/// same to the same recipient as a message of unknown outcome waits until that has ended: nobody could tell which of the two
/// a look shows.
pub(in crate::store) fn pending_message(
    db: &Connection,
    held: &[u64],
    urgent: bool,
) -> Result<Option<PendingMessage>, Error> {
    let mut query = db.prepare_cached(
        "SELECT id, account, conversation, text, note, tried, tried_last, unsure FROM message
         WHERE sent IS NULL AND dropped IS NULL AND NOT EXISTS (SELECT 1 FROM json_each(:held) WHERE value = message.id)
           AND (NOT :urgent OR key LIKE 'command %')
           AND (unsure > 0 OR NOT EXISTS (
               SELECT 1 FROM message AS same WHERE same.sent IS NULL AND same.dropped IS NULL AND same.unsure > 0
                 AND same.text = message.text AND same.account IS message.account
                 AND same.conversation IS message.conversation))
         ORDER BY unsure = 0, iif(key LIKE 'command %', 0, iif(key LIKE 'request %', 1, 2)), id LIMIT 1",
    )?;
    Ok(query.query_row(named_params! { ":held": super::json(held), ":urgent": urgent }, waiting).optional()?)
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<PendingMessage> {
    let conversation = row.get::<_, Option<String>>("conversation")?;
    let to = match conversation.and_then(|text| ConversationId::parse(&text)) {
        Some(conversation) => Addressee::Conversation(conversation),
        None => Addressee::Account(AccountId(row.get("account")?)),
    };
    let body = match row.get::<_, Option<String>>("text")? {
        Some(text) => MessageBody::Text(text),
        None => MessageBody::Slip(row.get("note")?),
    };
    let attempts = match row.get::<_, Option<i64>>("tried")? {
        Some(first) => Some(Attempts {
            first: Time::from_ms(first),
            last: Time::from_ms(row.get("tried_last")?),
            all_failed: row.get::<_, u64>("unsure")? == 0,
        }),
        None => None,
    };
    Ok(PendingMessage { id: row.get("id")?, to, body, attempts })
}

/// The messages of this key that were sent.
pub(in crate::store) fn sent(db: &Connection, key: &str) -> Result<Option<MessageId>, Error> {
    let sent: Option<Option<u64>> =
        db.query_row("SELECT sent FROM message WHERE key = ?1", [key], |row| row.get(0)).optional()?;
    Ok(sent.flatten().map(MessageId))
}

/// The names and sizes of the files that are published of a note: those of the opening that shows most.
pub(in crate::store) fn disclosed_files(db: &Connection, note: u64) -> Result<Vec<(String, u64)>, Error> {
    let Some(level) = open_level(db, note)? else { return Ok(Vec::new()) };
    let mut query =
        db.prepare_cached("SELECT name, length(bytes) FROM release WHERE note = ?1 AND level = ?2 ORDER BY name")?;
    let files = query.query_map(params![note, level.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(files.collect::<Result<_, _>>()?)
}

pub(in crate::store) fn disclosed_file(db: &Connection, note: u64, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut query =
        db.prepare_cached("SELECT bytes FROM release WHERE note = ?1 AND name = ?2 ORDER BY level LIMIT 1")?;
    Ok(query.query_row(params![note, name], |row| row.get(0)).optional()?)
}
