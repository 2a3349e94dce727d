//! The file: made once, recognised, locked, and checked as if a stranger had written it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use super::{log, rows};
use crate::base::hash::Hash;
use crate::store::Error;
use crate::tlog::entry::Entry;
use crate::tlog::signed_note::VerifierKey;
use crate::tlog::tree::{Tree, leaf_hash};

/// The SQL that makes a database of each version out of the previous version; the first version is made out of nothing.
const SCHEMAS: [&str; 4] = [
    include_str!("../schema/1.sql"),
    include_str!("../schema/2.sql"),
    include_str!("../schema/3.sql"),
    include_str!("../schema/4.sql"),
];

/// `application_id` and `user_version` as the schemas set them.
const APPLICATION: i64 = 0x5672_6261;
const VERSION: usize = SCHEMAS.len();

/// How long to wait for another writer: a command that submits a large proof may take some time.
pub(super) const BUSY: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(30) };

/// Number of entries read at a time while the tree is computed.
const PAGE: u64 = 10_000;

pub(in crate::store) fn create(path: &Path, log: &VerifierKey) -> Result<(), Error> {
    if path.exists() {
        return Err(Error::Exists(path.display().to_string()));
    }
    let mut conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    let tx = conn.transaction()?;
    SCHEMAS.iter().try_for_each(|schema| tx.execute_batch(schema))?;
    tx.execute("INSERT INTO log VALUES (1, ?1, ?2)", params![log.name().as_str(), log.to_string()])?;
    tx.commit()?;
    Ok(())
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// Refuses a database that is not ours, and returns the log's name and key.
pub(super) fn identify(conn: &Connection, path: &Path) -> Result<(String, String), Error> {
    let version = version(conn)?;
    if version.is_some_and(|version| (1..VERSION).contains(&version)) {
        return Err(Error::WrongLog(format!(
            "{} is a database of an earlier version of verbale\nstart the daemon once, `verbale run`: it brings it up to date",
            path.display()
        )));
    }
    if version != Some(VERSION) {
        return Err(Error::Corrupt(format!(
            "{} is not a database of this version of verbale\ncheck `database` in the configuration",
            path.display()
        )));
    }
    Ok(conn.query_row("SELECT origin, vkey FROM log", [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// The version of a database of ours; None for any other file.
fn version(conn: &Connection) -> Result<Option<usize>, Error> {
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let version = usize::try_from(pragma("user_version")?).ok();
    Ok(version.filter(|_| pragma("application_id").is_ok_and(|application| application == APPLICATION)))
}

/// Brings a database of an earlier version up to date, in one transaction. The caller holds the lock.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), Error> {
    let Some(version) = version(conn)?.filter(|version| (1..VERSION).contains(version)) else { return Ok(()) };
    // A table that others refer to is made anew: the references are checked before the commit.
    conn.pragma_update(None, "foreign_keys", false)?;
    let tx = conn.transaction()?;
    SCHEMAS[version..].iter().try_for_each(|schema| tx.execute_batch(schema))?;
    if tx.prepare("PRAGMA foreign_key_check")?.exists([])? {
        return Err(Error::Damaged("after the change to a new version, rows refer to rows that are missing".into()));
    }
    tx.commit()?;
    conn.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

/// Number of times that the lock is asked for. A process that only checks whether it is taken holds it for a moment,
/// see [`is_locked`].
const LOOKS: u32 = 5;
const LOOK_TIME: Duration = Duration::from_millis(20);

/// Takes the lock file beside the database. The kernel releases it when the process dies, however it dies.
pub(super) fn lock(path: &Path) -> Result<File, Error> {
    let lock_path = lock_path(path);
    let failed = |e: std::io::Error| Error::Database(format!("{}: {e}", lock_path.display()));
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(failed)?;
    for _ in 0..LOOKS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK_TIME),
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        }
    }
    Err(Error::InUse(path.display().to_string()))
}

/// Whether some process has the lock: a daemon runs on this database.
pub(super) fn is_locked(path: &Path) -> Result<bool, Error> {
    let Ok(path) = path.canonicalize() else { return Ok(false) };
    let lock_path = lock_path(&path);
    let failed = |e: std::io::Error| Error::Database(format!("{}: {e}", lock_path.display()));
    let file = match File::open(&lock_path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        file => file.map_err(failed)?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(e)) => Err(failed(e)),
    }
}

pub(super) fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Computes the tree anew from the entries: what is read back is checked as if a stranger had written it.
pub(super) fn read_tree(conn: &Connection) -> Result<Tree, Error> {
    let mut tree = Tree::new();
    loop {
        let lines = log::entries(conn, tree.len(), PAGE)?;
        if lines.is_empty() {
            break;
        }
        for line in lines {
            Entry::parse(line.as_bytes())
                .map_err(|e| Error::Damaged(format!("entry {} is no entry: {e}", tree.len())))?;
            tree.push(leaf_hash(line.as_bytes()));
        }
    }
    let stored = log::size(conn)?;
    if stored != tree.len() {
        return Err(Error::Damaged(format!("{stored} entries are counted, {} can be read", tree.len())));
    }
    Ok(tree)
}

/// Every head that was ever signed must be a head of this tree.
pub(super) fn check_heads(conn: &Connection, tree: &Tree) -> Result<(), Error> {
    let mut query = conn.prepare("SELECT size, root FROM head ORDER BY size")?;
    let mut heads = query.query([])?;
    while let Some(row) = heads.next()? {
        let (size, root): (u64, Hash) = (row.get(0)?, rows::hash(row, 1)?);
        if tree.root_at(size) != Some(root) {
            return Err(Error::Damaged(format!("the signed head of size {size} is not the head of the entries")));
        }
    }
    Ok(())
}
