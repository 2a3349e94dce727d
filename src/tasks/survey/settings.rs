//! What the operator says of looking after correspondents: `[correspondents]`.

use std::time::Duration;

use crate::tasks::settings::kinds::{Number, Poll};
use crate::tasks::settings::{default, defaults, settings};

/// As many as all rules may name of them.
const ACCOUNTS_MAX: u64 = 1_000;

settings! {
    /// What is asked about correspondents besides their messages.
    pub struct SurveySettings in "correspondents" {
        /// How often to ask X whether conversations with correspondents were moved to its encrypted chat, whose messages
        /// cannot be read, or have messages that disappear. X names no price for it.
        conversations: Duration = default("15m"), Poll;

        /// Of how many correspondents to read in a day (of UTC) whether their accounts take messages from this one, each once:
        /// what X says of it is sealed with their notes. An account that is read costs money (0.010 USD in August 2026).
        accounts_a_day: u64 = default(50), Number(0, ACCOUNTS_MAX);
    }
}

impl Default for SurveySettings {
    fn default() -> SurveySettings {
        defaults()
    }
}
