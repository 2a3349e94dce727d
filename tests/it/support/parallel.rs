//! Many cases of one test at the same time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs the cases on several threads, and returns for each `ok` or the message of its panic.
pub fn in_parallel<T: Sync>(threads: usize, cases: &[T], run: impl Fn(&T) + Sync) -> Vec<String> {
    let outcome = |case: &T| match catch_unwind(AssertUnwindSafe(|| run(case))) {
        Ok(()) => "ok".to_owned(),
        Err(payload) => match payload.downcast::<String>() {
            Ok(message) => *message,
            Err(payload) => payload.downcast_ref::<&str>().unwrap_or(&"panicked").to_string(),
        },
    };
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(vec![String::new(); cases.len()]));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let index = next.fetch_add(1, Ordering::SeqCst)
                    && let Some(case) = cases.get(index)
                {
                    let outcome = outcome(case);
                    outcomes.lock().unwrap()[index] = outcome;
                }
            });
        }
    });
    outcomes.into_inner().unwrap()
}
