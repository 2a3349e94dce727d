//! What the operator says of receipts: `[receipt]`.

use crate::tasks::rules::Correspondent;
use crate::tasks::settings::kinds::{Flag, List, Number};
use crate::tasks::settings::{default, defaults, empty, settings, values};

/// The largest number of accounts whose notes are receipted.
const SENDERS_MAX: usize = 256;
/// Half of the posts that X allows an application in a day.
const POSTS_MAX: u64 = 5_000;

settings! {
    /// Notes that others send to this account.
    pub struct ReceiptSettings in "receipt" {
        /// For whose notes this account gives receipts, by name or number: nobody else's notes get one. Only notes that come
        /// with a slip can, in a conversation of two.
        from: Vec<Correspondent> = empty(vec!["ministry", "783214"]), List {
            least: 0,
            most: SENDERS_MAX,
            what: "accounts",
            remedy: "leave out those who send no notes",
            read: values::correspondent,
        };

        /// Whether to give one for each of their notes that comes, without being asked: it is entered in this account's own
        /// log and posted, and says that the note was received, never what it says.
        publish: bool = default(false), Flag;

        /// So many receipts are posted in a day (UTC) at most, since others decide how many notes they send: what is over is
        /// entered at once, and posted on the next day. A post costs money (0.015 USD in August 2026).
        posts_a_day: u64 = default(100), Number(1, POSTS_MAX);
    }
}

impl Default for ReceiptSettings {
    fn default() -> ReceiptSettings {
        defaults()
    }
}
