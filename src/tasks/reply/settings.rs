//! What the operator says of answering: `[bot]`.

use std::time::Duration;

use super::limits::Limits;
use crate::base::ids::AccountId;
use crate::tasks::settings::kinds::{Dollars, List, Number, Poll};
use crate::tasks::settings::{default, defaults, empty, settings, values};

const OFFICIALS_MAX: usize = 32;
/// Half of the posts that X allows an application in a day: the notes' own need room.
const ANSWERS_MAX: u64 = 5_000;
const ANSWERS_EACH_MAX: u64 = 100;
/// With less, half a day's money would not pay for the smallest page of mentions and one answer.
const USD_MIN: f64 = 0.05;
const USD_MAX: f64 = 1_000.0;

settings! {
    /// Who is answered.
    ///
    /// With this section the account answers those who mention it: `check 17`, `check` and a hash, a quoted post,
    /// `dispute 17`, `status`. It says nothing but what the log tells everybody, whoever asks. Without it nobody is
    /// answered.
    pub struct BotSettings in "bot" {
        /// How often to ask X for new mentions.
        poll: Duration = default("5m"), Poll;

        /// Who may command by direct message to the account (`status`, `notes`, `open 17 envelope`, `approve 3`, `help`):
        /// the lasting numbers of accounts, never names. Messages between the account and an official are never notes, so
        /// none of them may be a correspondent. What would publish is confirmed by a code that the account sends back.
        officials: Vec<AccountId> = empty(vec!["783214"]), List {
            least: 0,
            most: OFFICIALS_MAX,
            what: "officials",
            remedy: "leave out those who do not command by message",
            read: values::account_id,
        };

        /// How many answers to give in a day (of UTC) at most: half at once, the rest by the hour. Correspondents are
        /// answered beyond it.
        answers_a_day: u64 = default(100), Number(1, ANSWERS_MAX);

        /// How many of them to one author.
        answers_a_day_each: u64 = default(5), Number(1, ANSWERS_EACH_MAX);

        /// What reading mentions and answering them may cost in a day, in US dollars (0.001 for each mention read and 0.010
        /// for each answer in August 2026). Then no more are read until the next hour.
        usd_a_day: u64 = default(2.0), Dollars(USD_MIN, USD_MAX);
    }
}

impl Default for BotSettings {
    fn default() -> BotSettings {
        defaults()
    }
}

impl BotSettings {
    /// What a day may have.
    pub fn limits(&self) -> Limits {
        Limits { answers: self.answers_a_day, answers_each: self.answers_a_day_each, usd_micros: self.usd_a_day }
    }
}
