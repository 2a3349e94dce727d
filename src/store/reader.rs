//! Looking at the store while the daemon may be writing: read-only, for commands.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use super::{Error, Request, file, rows};
use crate::base::hash::Hash;
use crate::base::ids::{Account, AccountId, AccountName, MessageId, Origin, PostId, PublicPost};
use crate::base::time::Time;
use crate::note::standing::Standing;
use crate::tlog::entry::{Entry, Level};
use crate::tlog::tree::{Tree, leaf_hash};

/// The store, open for reading only.
pub struct Reader {
    conn: Connection,
    path: PathBuf,
    origin: String,
    vkey: String,
}

/// A sealed note, as the public may know it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct NoteRow {
    /// Its number.
    pub note: u64,
    /// When it was sealed, by the writer's clock.
    pub sealed: String,
    /// The SHA-256 of its envelope, 64 hexadecimal digits.
    pub commitment: String,
    /// The post that shows it; nothing if there is none yet.
    pub post: Option<String>,
}

/// What a proof of a note is made of, apart from its opening.
pub struct ProofRow {
    /// The index of its entry in the log.
    pub index: u64,
    /// The entry's line, LF included.
    pub entry: String,
    /// The size of the tree that the proof leads to: that of the post, if there is one.
    pub size: u64,
    /// The signed checkpoint of that size.
    pub checkpoint: String,
    /// The inclusion proof, the leaf's sibling first.
    pub path: Vec<Hash>,
    /// The post and its exact text.
    pub post: Option<(PublicPost, String)>,
    /// The opening, encrypted; nothing if it was shredded.
    pub opening: Option<Vec<u8>>,
}

/// What the daemon has done, and what troubles it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Status {
    /// The name of the log.
    pub log: String,
    /// Its verification key.
    pub vkey: String,
    /// Entries in the log.
    pub entries: u64,
    /// The newest signed head as a post shows it, size and root; nothing if none was signed yet.
    pub head: Option<String>,
    /// Notes sealed.
    pub notes: u64,
    /// Notes sealed whose post is not known to be public yet.
    pub unposted: u64,
    /// Mentions that were read.
    pub mentions: u64,
    /// Mentions that were not answered because a limit was reached.
    pub over: u64,
    /// Answers that the platform did not take.
    pub refused: u64,
    /// Direct messages that were to be sent and never will be: a slip that is too long, one that the platform refuses.
    pub dropped: u64,
    /// The loops.
    pub loops: Vec<LoopRow>,
}

/// One loop of the daemon.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct LoopRow {
    /// Its name.
    pub name: String,
    /// When it last did its work.
    pub done: Option<String>,
    /// What troubles it now.
    pub trouble: Option<String>,
}

/// What became of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answered {
    /// It is to be posted.
    Not,
    /// It is posted here.
    In(PostId),
    /// The platform has refused it for good.
    Never,
}

impl Reader {
    /// Opens the database at `path`, which must be there.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::WrongLog`], or what the database says.
    pub fn open(path: &Path) -> Result<Reader, Error> {
        if !path.exists() {
            return Err(Error::Missing(path.display().to_string()));
        }
        let conn = file::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let (origin, vkey) = file::identify(&conn, path)?;
        Ok(Reader { conn, path: path.to_owned(), origin, vkey })
    }

    /// The log's verification key, in its text form.
    pub fn vkey(&self) -> &str {
        &self.vkey
    }

    /// The account that posts, as the platform last named it; nothing before the daemon first reached the platform.
    ///
    /// # Errors
    /// Of the database.
    pub fn account(&self) -> Result<Option<Account>, Error> {
        rows::account(&self.conn)
    }

    /// Whether a daemon runs on this database now.
    ///
    /// # Errors
    /// If its lock file cannot be read.
    pub fn is_served(&self) -> Result<bool, Error> {
        file::is_locked(&self.path)
    }

    /// Whether a daemon has ever looked at the messages: what was sent before it did is not sealed.
    ///
    /// # Errors
    /// Of the database.
    pub fn is_started(&self) -> Result<bool, Error> {
        Ok(rows::started(&self.conn)?.is_some())
    }

    /// Whom this name of a correspondent meant when the daemon first looked it up.
    ///
    /// # Errors
    /// Of the database.
    pub fn correspondent(&self, name: &AccountName) -> Result<Option<AccountId>, Error> {
        rows::correspondent(&self.conn, name)
    }

    /// Whether the daemon has dealt with a message, formal or not.
    ///
    /// # Errors
    /// Of the database.
    pub fn is_seen(&self, message: MessageId) -> Result<bool, Error> {
        rows::is_seen(&self.conn, message)
    }

    /// The note that a message has become; nothing if there is none.
    ///
    /// # Errors
    /// Of the database.
    pub fn note_of(&self, message: MessageId) -> Result<Option<NoteRow>, Error> {
        let n = self.conn.query_row("SELECT n FROM note WHERE message = ?1", [message.0], |row| row.get(0));
        let Some(n) = n.optional()? else { return Ok(None) };
        Ok(self.notes(n, 1)?.pop())
    }

    /// What the daemon has done.
    ///
    /// # Errors
    /// Of the database.
    pub fn status(&self) -> Result<Status, Error> {
        let count = |sql: &str| self.conn.query_row(sql, [], |row| row.get(0));
        let notes = self.last_note()?;
        Ok(Status {
            log: self.origin.clone(),
            vkey: self.vkey.clone(),
            entries: rows::size(&self.conn)?,
            head: self.newest_head()?,
            notes,
            // The daemon may have sealed and posted since the line above.
            unposted: notes.saturating_sub(rows::posted(&self.conn)?.0),
            mentions: count("SELECT count(*) FROM mention")?,
            over: count("SELECT count(*) FROM mention WHERE what IN ('over', 'entered')")?,
            refused: count("SELECT count(*) FROM dropped")?,
            dropped: count("SELECT count(*) FROM message WHERE dropped IS NOT NULL")?,
            loops: self.loops()?,
        })
    }

    /// How many notes are sealed: the number of the last one.
    ///
    /// # Errors
    /// Of the database.
    pub fn last_note(&self) -> Result<u64, Error> {
        rows::last_note(&self.conn)
    }

    /// The loops of the daemon, by their names.
    ///
    /// # Errors
    /// Of the database.
    pub fn loops(&self) -> Result<Vec<LoopRow>, Error> {
        let mut query = self.conn.prepare("SELECT name, done, trouble FROM loop ORDER BY name")?;
        Ok(query.query_map([], loop_row)?.collect::<Result<_, _>>()?)
    }

    fn newest_head(&self) -> Result<Option<String>, Error> {
        let mut query = self.conn.prepare("SELECT size, root FROM head ORDER BY size DESC LIMIT 1")?;
        let head = query.query_row([], |row| {
            let (size, root): (u64, Hash) = (row.get(0)?, rows::hash(row, 1)?);
            Ok(format!("{size} {}", root.to_base64()))
        });
        Ok(head.optional()?)
    }

    /// The signed checkpoint of the largest head; nothing if none was signed yet.
    ///
    /// # Errors
    /// Of the database.
    pub fn newest_checkpoint(&self) -> Result<Option<String>, Error> {
        let mut query = self.conn.prepare("SELECT checkpoint FROM head ORDER BY size DESC LIMIT 1")?;
        Ok(query.query_row([], |row| row.get(0)).optional()?)
    }

    /// At most `count` entries from index `from` on, their LF included.
    ///
    /// # Errors
    /// Of the database.
    pub fn entries(&self, from: u64, count: u64) -> Result<Vec<String>, Error> {
        rows::entries(&self.conn, from, count)
    }

    /// At most `count` notes from number `from` on.
    ///
    /// # Errors
    /// Of the database.
    pub fn notes(&self, from: u64, count: u64) -> Result<Vec<NoteRow>, Error> {
        let mut query = self.conn.prepare(
            "SELECT n, line, commitment,
                    (SELECT post FROM intent JOIN result ON result.intent = intent.id WHERE n BETWEEN first AND last)
             FROM note JOIN entry USING (idx) WHERE n >= ?1 ORDER BY n LIMIT ?2",
        )?;
        let notes = query.query_map(params![from, count], note_row)?.collect::<Result<_, _>>()?;
        Ok(notes)
    }

    /// What a proof of note `n` is made of; nothing if there is no such note.
    ///
    /// # Errors
    /// [`Error::Refused`] if no head that covers the note has been signed yet; what the database says.
    pub fn proof(&self, n: u64) -> Result<Option<ProofRow>, Error> {
        rows::proofs::proof(&self.conn, n, |index, size| self.inclusion(index, size))
    }

    /// The commitment that the receipt for a note of another log is for, and what a proof takes of it; nothing if there is
    /// no such receipt.
    ///
    /// # Errors
    /// As [`Reader::proof`].
    pub fn receipt(&self, log: &Origin, note: u64) -> Result<Option<(Hash, ProofRow)>, Error> {
        let Some((index, commitment)) = rows::receipts::receipt(&self.conn, log.as_str(), note)? else {
            return Ok(None);
        };
        let post = rows::receipts::post_of(&self.conn, index)?;
        let entry = format!("the receipt for note {note}");
        let row = rows::proofs::row(&self.conn, &entry, index, post, |index, size| self.inclusion(index, size))?;
        Ok(Some((commitment, row)))
    }

    /// Why there will be no receipt for a slip; nothing as long as it is not refused.
    ///
    /// # Errors
    /// Of the database.
    pub fn refusal(&self, slip: MessageId) -> Result<Option<String>, Error> {
        rows::receipts::refusal(&self.conn, slip)
    }

    fn inclusion(&self, index: u64, size: u64) -> Result<Option<Vec<Hash>>, Error> {
        let mut tree = Tree::new();
        rows::entries(&self.conn, 0, size)?.iter().for_each(|line| tree.push(leaf_hash(line.as_bytes())));
        Ok(tree.inclusion(index, size))
    }

    /// All requests, the oldest first.
    ///
    /// # Errors
    /// Of the database.
    pub fn requests(&self) -> Result<Vec<Request>, Error> {
        rows::outbox::requests(&self.conn, None)
    }

    /// The request with this number.
    ///
    /// # Errors
    /// Of the database.
    pub fn request(&self, id: u64) -> Result<Option<Request>, Error> {
        rows::outbox::request_of(&self.conn, id)
    }

    /// What the public may know about a note; nothing if there is none of this number.
    ///
    /// # Errors
    /// Of the database.
    pub fn standing(&self, note: u64) -> Result<Option<Standing>, Error> {
        rows::outbox::standing(&self.conn, note)
    }

    /// The posts of the mirror of a note, in order: each once it is there.
    ///
    /// # Errors
    /// Of the database.
    pub fn parts(&self, note: u64, level: Level) -> Result<Vec<Option<PostId>>, Error> {
        rows::outbox::parts(&self.conn, note, level)
    }

    /// Whether it is in the log that this post disputes this note.
    ///
    /// # Errors
    /// Of the database.
    pub fn is_disputed(&self, note: u64, post: PostId) -> Result<bool, Error> {
        rows::outbox::is_disputed(&self.conn, note, post)
    }

    /// Whether there is an answer about a note to a post that did not ask for one, and where it is.
    ///
    /// # Errors
    /// Of the database.
    pub fn answer_to(&self, note: u64, post: PostId) -> Result<Option<Answered>, Error> {
        rows::outbox::answer_to(&self.conn, note, post)
    }

    /// The message that was sent under this key.
    ///
    /// # Errors
    /// Of the database.
    pub fn sent(&self, key: &str) -> Result<Option<MessageId>, Error> {
        rows::outbox::sent(&self.conn, key)
    }

    /// The names and sizes of the files that are published of a note.
    ///
    /// # Errors
    /// Of the database.
    pub fn disclosed_files(&self, note: u64) -> Result<Vec<(String, u64)>, Error> {
        rows::outbox::disclosed_files(&self.conn, note)
    }

    /// A file that is published of a note: the one of the last opening that has it.
    ///
    /// # Errors
    /// Of the database.
    pub fn disclosed_file(&self, note: u64, name: &str) -> Result<Option<Vec<u8>>, Error> {
        rows::outbox::disclosed_file(&self.conn, note, name)
    }
}

fn loop_row(row: &Row<'_>) -> rusqlite::Result<LoopRow> {
    let done = row.get::<_, Option<i64>>(1)?.map(|ms| Time::from_ms(ms).to_string());
    Ok(LoopRow { name: row.get(0)?, done, trouble: row.get(2)? })
}

fn note_row(row: &Row<'_>) -> rusqlite::Result<NoteRow> {
    let line: String = row.get(1)?;
    let sealed = Entry::parse(line.as_bytes()).ok().and_then(|entry| entry.time());
    Ok(NoteRow {
        note: row.get(0)?,
        sealed: sealed.map(|time| time.to_string()).unwrap_or_default(),
        commitment: rows::hash(row, 2)?.to_string(),
        post: row.get::<_, Option<u64>>(3)?.map(|id| id.to_string()),
    })
}
