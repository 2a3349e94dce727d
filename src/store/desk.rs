//! Where commands leave what they ask for, while the daemon writes: they add requests and approvals, and nothing else.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use super::{Error, NewRequest, Received, Slipped, db, file, rows};
use crate::base::time::Time;
use crate::note::request::RequestState;

/// The store, open for asking.
pub struct RequestClient {
    conn: Connection,
}

impl RequestClient {
    /// Opens the database at `path`, which must be there.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::WrongLog`], or what the database says.
    pub fn open(path: &Path) -> Result<RequestClient, Error> {
        if !path.exists() {
            return Err(Error::Missing(path.display().to_string()));
        }
        let conn = file::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        file::identify(&conn, path)?;
        Ok(RequestClient { conn })
    }

    /// Asks, and hands the packed proof over that is to be public, if there is one yet. Gives the request's number.
    ///
    /// # Errors
    /// Of the database.
    pub fn ask(&mut self, request: &NewRequest, proof: Option<&[u8]>, now: Time) -> Result<u64, Error> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id = db::ask(&tx, request, now)?;
        if let Some(proof) = proof {
            tx.execute("INSERT INTO handed VALUES (?1, ?2)", params![id, proof])?;
        }
        tx.commit()?;
        Ok(id)
    }

    /// Asks for the receipt of a note that was rebuilt from this slip.
    ///
    /// # Errors
    /// Of the database.
    pub fn receipt(&mut self, slipped: &Slipped, received: &Received) -> Result<(), Error> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        db::ask_receipt(&tx, slipped, received)?;
        tx.commit()?;
        Ok(())
    }

    /// Approves a request, and hands the packed proof over that is to be public.
    ///
    /// # Errors
    /// [`Error::Refused`] if the request is not waiting, or `by` is who asked.
    pub fn approve(&mut self, request: u64, by: &str, proof: &[u8], now: Time) -> Result<(), Error> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if rows::outbox::request_of(&tx, request)?.is_none_or(|request| request.state != RequestState::Waiting) {
            return Err(Error::Refused(format!("to approve request {request}: it is not waiting")));
        }
        db::approve(&tx, request, by, now)?;
        tx.execute("INSERT INTO handed VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![request, proof])?;
        tx.commit()?;
        Ok(())
    }
}
