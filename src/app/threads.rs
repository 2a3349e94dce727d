//! Threads: how many a runtime may have at most, and that they are there before anything depends on them.
//!
//! A system that gives no more threads is weather: a container or a unit has a limit, and others use it up. So each
//! runtime makes its threads when it is made, keeps them, and never needs another one.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// How long a thread that has nothing to do is kept.
const FOR_EVER: Duration = Duration::from_secs(365 * 86_400);

/// A runtime with these threads for work that blocks, besides those that the builder names for tasks. What finds all of
/// them busy waits for one.
///
/// # Errors
/// If the system does not give the threads.
pub fn bounded(builder: &mut Builder, name: &str, blocking: usize) -> io::Result<Runtime> {
    // A runtime that gets no thread panics; here it is an error, which may pass.
    try_threads(blocking)?;
    let builder = builder.enable_all().thread_name(name).max_blocking_threads(blocking).thread_keep_alive(FOR_EVER);
    let runtime = builder.build()?;
    let gate = Arc::new(RwLock::new(()));
    let shut = gate.write().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..blocking {
        let gate = gate.clone();
        // Each finds the others busy, so each makes a thread.
        drop(runtime.spawn_blocking(move || drop(gate.read())));
    }
    drop(shut);
    Ok(runtime)
}

/// Whether the system gives this number of threads now.
fn try_threads(count: usize) -> io::Result<()> {
    let gate = Arc::new(RwLock::new(()));
    let shut = gate.write().unwrap_or_else(PoisonError::into_inner);
    let thread = |_| {
        let gate = gate.clone();
        std::thread::Builder::new().spawn(move || drop(gate.read()))
    };
    let threads: Vec<_> = (0..count).map(thread).collect();
    drop(shut);
    threads.into_iter().try_for_each(|thread| {
        // A thread that does nothing does not panic.
        let _ = thread?.join();
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn a_runtime_never_has_more_threads_than_it_was_given() {
        let runtime = bounded(&mut Builder::new_current_thread(), "test", 3).unwrap();
        let all_three = Arc::new(Barrier::new(3));
        let work: Vec<_> = (0..30)
            .map(|_| {
                let all_three = all_three.clone();
                runtime.spawn_blocking(move || {
                    all_three.wait();
                    std::thread::current().id()
                })
            })
            .collect();
        let mut threads: Vec<_> = work.into_iter().map(|one| runtime.block_on(one).unwrap()).collect();
        threads.sort_by_key(|id| format!("{id:?}"));
        threads.dedup();
        assert_eq!(threads.len(), 3);
    }
}
