//! What the platform's own record of an addressee says: whether the account took messages from ours.

use serde::Deserialize;

use super::json;
use crate::base::ids::AccountId;

/// How old a record may be, in milliseconds, when it is sealed with a note: it is read once in a day of UTC, and an outage
/// of the platform of some hours leaves no hole.
pub const RECORD_AGE_MS_MAX: i64 = 30 * 60 * 60 * 1000;

/// Most records of addressees that are sealed with a note to a group: its slip, which names each, stays short enough.
pub const RECORDS_SEALED_MAX: usize = 16;

/// The platform's word for "this account follows the one that asks".
const FOLLOWED_BY: &str = "followed_by";

/// What a record of an account says about messages from the account that asked for it (X: `receives_your_dm`,
/// `connection_status`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecipientRecord {
    /// Whose record it is. None if it does not say.
    pub id: Option<AccountId>,
    /// Whether the account takes messages from the one that asked. None if it does not say.
    pub receives: Option<bool>,
    /// Whether the account follows the one that asked. None if it does not say.
    pub follows: Option<bool>,
}

#[derive(Deserialize)]
struct Members {
    id: Option<String>,
    receives_your_dm: Option<bool>,
    connection_status: Option<Vec<String>>,
}

impl RecipientRecord {
    /// Reads a record: a JSON object, in which each of the three members is of its type or `null`, and stands once at most.
    ///
    /// # Errors
    /// If it is anything else. Nothing of its words.
    pub fn read(bytes: &[u8]) -> Result<RecipientRecord, String> {
        const WHAT: &str = "the record of one account";
        let Members { id, receives_your_dm, connection_status } = json::object(bytes, WHAT)?;
        let id = match id {
            None => None,
            Some(id) => Some(AccountId::parse(&id).ok_or("its id is no account's")?),
        };
        let follows = connection_status.map(|all| all.iter().any(|one| one == FOLLOWED_BY));
        Ok(RecipientRecord { id, receives: receives_your_dm, follows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RecipientRecord, String> {
        RecipientRecord::read(text.as_bytes())
    }

    #[test]
    fn a_record_says_what_it_says_and_nothing_else() {
        let record = |id: Option<u64>, receives, follows| RecipientRecord { id: id.map(AccountId), receives, follows };
        let all = r#"{"id":"783214","name":"The Ministry","receives_your_dm":true,"connection_status":["following","followed_by"]}"#;
        assert_eq!(read(all), Ok(record(Some(783_214), Some(true), Some(true))));
        assert_eq!(
            read(r#"{"receives_your_dm":false,"connection_status":[]}"#),
            Ok(record(None, Some(false), Some(false)))
        );
        assert_eq!(
            read(r#"{"id":"1","connection_status":["follow_request_sent"]}"#),
            Ok(record(Some(1), None, Some(false)))
        );
        assert_eq!(read(r#" {"id":null,"receives_your_dm":null,"a":1,"a":2}"#), Ok(record(None, None, None)));
    }

    #[test]
    fn what_is_no_record_of_an_account_is_refused_without_its_words() {
        let wrong = [
            "",
            "[]",
            "null",
            "{",
            r#"{"id":5}"#,
            r#"{"id":""}"#,
            r#"{"id":"-1"}"#,
            r#"{"receives_your_dm":"true"}"#,
            r#"{"receives_your_dm":1}"#,
            r#"{"connection_status":"followed_by"}"#,
            r#"{"connection_status":[null]}"#,
            r#"{"id":"1","id":"1"}"#,
            r#"{"receives_your_dm":true,"receives_your_dm":false}"#,
            "{\"a\":1e999}",
        ];
        for text in wrong {
            let error = read(text).unwrap_err();
            assert!(!error.contains("followed_by"), "{error}");
        }
    }
}
