//! What messages of strangers may cost: money, bytes and calls that formal notes do not share.

use super::settings::WatchSettings;
use crate::base::time::Time;
use crate::platform::price::Billed;
use crate::store::Strangers;
use crate::tasks::allowance::{next_hour, released};

/// What strangers have cost today.
pub(super) struct Budget {
    midnight: Time,
    spent: Strangers,
    /// What of it is not in the database yet.
    unkept: Strangers,
}

impl Budget {
    /// A day on which this much is spent already.
    pub(super) fn new(now: Time, spent: Strangers) -> Budget {
        Budget { midnight: now.midnight(), spent, unkept: Strangers::default() }
    }

    /// Begins a new day if there is one.
    pub(super) fn roll(&mut self, now: Time) {
        if self.midnight != now.midnight() {
            *self = Budget { unkept: self.unkept, ..Budget::new(now, Strangers::default()) };
        }
    }

    /// Counts a page's new messages of strangers. `is_all` if nothing else on the page was new.
    pub(super) fn count(&mut self, messages: u64, bytes: u64, is_all: bool) {
        let calls = u64::from(is_all && 0 < messages);
        for count in [&mut self.spent, &mut self.unkept] {
            count.messages += messages;
            count.bytes += bytes;
            count.calls += calls;
        }
    }

    /// What is to be kept with the next batch.
    pub(super) fn unkept(&self) -> Strangers {
        self.unkept
    }

    /// It was kept.
    pub(super) fn was_kept(&mut self) {
        self.unkept = Strangers::default();
    }

    /// Whether more of what strangers write may be read now.
    pub(super) fn is_left(&self, settings: &WatchSettings, now: Time) -> bool {
        let Strangers { messages, bytes, calls } = self.spent;
        messages * Billed::MessageRead.price_usd_micros() < released(settings.strangers_usd_a_day, now)
            && bytes < released(settings.strangers_bytes_a_day, now)
            && calls < released(settings.strangers_calls_a_day, now)
    }

    /// What is told once nothing is left.
    pub(super) fn told(&self, now: Time) -> String {
        let Strangers { messages, bytes, calls } = self.spent;
        format!(
            "strangers have sent {messages} messages today, {bytes} bytes on {calls} pages: until {} only the conversations \
             of correspondents, officials and known groups are read\nraise `strangers_usd_a_day` and the limits beside it in \
             [watch] if they are too low; a formal note to a new group is found only when more is read",
            next_hour(now)
        )
    }
}
