//! The database of an installation for tests: the store's own questions, waited for, and the file itself, which is
//! opened only in this module.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use rusqlite::{Connection, OpenFlags};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a question to the store, with or without a runtime around: the store answers from a thread of its own.
pub fn wait<T>(question: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    // Inside a task of a runtime, tokio would make a task that has done much wait for its turn, which never comes here.
    let (mut question, mut context) = (pin!(tokio::task::unconstrained(question)), Context::from_waker(&waker));
    loop {
        match question.as_mut().poll(&mut context) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

/// The file for reading, even if another process has it open.
pub fn look(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// The file, to do with it what no program of ours does.
pub fn tamper(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

/// One number of it.
pub fn count(path: &Path, sql: &str) -> u64 {
    look(path).query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A copy as a backup makes it, while the file may be open.
pub fn copy(from: &Path, to: &Path) {
    tamper(from).execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
}
