//! What does not hold, in constant memory: the first instance, and the number of instances.

use serde::{Deserialize, Serialize};

/// Everything of one kind that was found wrong.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    first: Option<String>,
    count: u64,
}

impl Finding {
    /// Adds one; the words are used only for the first.
    pub fn add(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(what);
    }

    /// Number of instances.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first one, and the number of further ones. None if there is none.
    pub fn told(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        Some(match self.count {
            1 => first.clone(),
            count => format!("{first}; and {} more like it", count - 1),
        })
    }
}
