//! What is told of a correspondent.

use crate::store::{Inbox, RecipientRow};

/// `@ministry (783214)`, or the number alone.
pub(super) fn name(row: &RecipientRow) -> String {
    row.name.as_ref().map_or_else(|| row.account.to_string(), |name| format!("@{name} ({})", row.account))
}

/// Whether the account takes messages, since when if not, and when X said so.
pub fn reached(row: &RecipientRow) -> String {
    let since = row.since;
    let what = match row.inbox {
        Inbox::Open => "takes messages from this account".to_owned(),
        Inbox::Closed => format!("takes no messages from this account since {since}"),
        Inbox::Unsaid => format!("may take messages or not: X does not say, since {since}"),
        Inbox::Absent => format!("does not exist since {since}"),
        Inbox::Suspended => format!("is suspended since {since}"),
    };
    let follows = match row.follows {
        Some(true) => ", follows it".to_owned(),
        Some(false) => format!(", does not follow it since {}", row.follows_since),
        None => String::new(),
    };
    format!("{} {what}{follows} (X, {})", name(row), row.read_at)
}

/// The same if messages do not reach the account, as far as X says. None if they do.
pub fn unreached(row: &RecipientRow) -> Option<String> {
    (row.inbox != Inbox::Open).then(|| reached(row))
}
