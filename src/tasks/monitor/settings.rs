//! What the operator says of looking again at what was published and kept: `[monitor]`.

use cron::Schedule;

use crate::tasks::settings::kinds::{Number, Text};
use crate::tasks::settings::{default, defaults, settings, values};

settings! {
    /// What was published and what is kept is looked at again.
    pub struct MonitorSettings in "monitor" {
        /// How many of the account's own posts are read again in a day (UTC): each after 10 minutes, an hour, a day, a week, and
        /// then every 30 days. When there are more, the young ones go first, and the old ones wait. A post that was deleted,
        /// edited or hidden is entered in the log, and the log's head is posted again. X bills a read of an own post with 0.001
        /// USD, or with 0.005 if it counts as any other. 0 to read none.
        reads_a_day: u64 = default(100), Number(0, 10_000);

        /// When to compare the public folder with the database: tiles, `log.txt`, `checkpoint`, pages, and the files of opened
        /// notes. What differs or is gone is written anew, and told. Seconds, minutes, hours, day of month, month, day of week,
        /// in UTC; "off" for never.
        public: Option<Schedule> = default("0 10 3 * * *"), Text(values::schedule);

        /// When to look at the stored openings: with `identity_file` each is decrypted and compared with its hash in the log,
        /// without it only that each is still what it was. What is damaged is told. "off" for never.
        openings: Option<Schedule> = default("0 40 3 * * Sun"), Text(values::schedule);
    }
}

impl Default for MonitorSettings {
    fn default() -> MonitorSettings {
        defaults()
    }
}
