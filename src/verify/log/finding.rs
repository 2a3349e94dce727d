//! What does not hold, in flat memory: the first instance, and how many there are.

use serde::{Deserialize, Serialize};

/// Everything of one kind that was found wrong.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    first: Option<String>,
    count: u64,
}

impl Finding {
    /// Adds one; the words are needed for the first alone.
    pub fn add(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(what);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first one, and how many more there are; nothing if there is none.
    pub fn told(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        Some(match self.count {
            1 => first.clone(),
            count => format!("{first}; and {} more like it", count - 1),
        })
    }
}
