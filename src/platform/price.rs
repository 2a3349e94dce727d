//! What the platform charges.

use serde::{Deserialize, Serialize};

/// What the platform puts on the bill. Reads of one thing are counted once in a day of UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are X's own")]
pub enum Billed {
    PostCreate,
    PostCreateWithUrl,
    SummonedReply,
    PostDelete,
    PostRead,
    OwnedRead,
    MessageRead,
    MessageSend,
    MessageDelete,
    UserRead,
}

impl Billed {
    /// Every kind, in X's order.
    pub const ALL: [Billed; 10] = [
        Billed::PostCreate,
        Billed::PostCreateWithUrl,
        Billed::SummonedReply,
        Billed::PostDelete,
        Billed::PostRead,
        Billed::OwnedRead,
        Billed::MessageRead,
        Billed::MessageSend,
        Billed::MessageDelete,
        Billed::UserRead,
    ];

    /// X's name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Billed::PostCreate => "post create",
            Billed::PostCreateWithUrl => "post create with URL",
            Billed::SummonedReply => "summoned reply",
            Billed::PostDelete => "post delete",
            Billed::PostRead => "post read",
            Billed::OwnedRead => "owned read",
            Billed::MessageRead => "DM event read",
            Billed::MessageSend => "DM send",
            Billed::MessageDelete => "DM delete",
            Billed::UserRead => "user read",
        }
    }

    /// The price of one piece, in millionths of a US dollar: X's list of August 2026 (docs.x.com,
    /// x-api/getting-started/pricing). The uploading of files is not on it, nor whether the users that come with other
    /// answers are billed: here they are not.
    pub const fn price_usd_micros(self) -> u64 {
        match self {
            Billed::PostCreate => 15_000,
            Billed::PostCreateWithUrl => 200_000,
            Billed::SummonedReply => 10_000,
            Billed::PostDelete => 10_000,
            Billed::PostRead => 5_000,
            Billed::OwnedRead => 1_000,
            Billed::MessageRead => 10_000,
            Billed::MessageSend => 15_000,
            Billed::MessageDelete => 10_000,
            Billed::UserRead => 10_000,
        }
    }
}

/// An amount as people write it, to the thousandth of a dollar in which all prices are: `$0.015`.
pub fn usd(micros: u64) -> String {
    format!("${}.{:03}", micros / 1_000_000, micros % 1_000_000 / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_prices_are_whole_thousandths() {
        assert!(Billed::ALL.iter().all(|kind| kind.price_usd_micros() % 1_000 == 0));
        assert_eq!((usd(301_000), usd(12_000_001)), ("$0.301".to_owned(), "$12.000".to_owned()));
    }
}
