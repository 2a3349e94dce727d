//! `persons` under `[open]` as it stands in the file: which account and which key are one official's.

use std::collections::BTreeSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::values;
use crate::tasks::persons::Persons;

/// As many as there may be public keys.
const PERSONS_MAX: usize = 32;

/// Officials, each with all of their keys and accounts.
pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Persons, D::Error> {
    let persons = Vec::<Vec<String>>::deserialize(from)?;
    let remedy = "write each official once, like [\"783214\", \"age1…\"]: the account's number and the public key";
    let wrong = |what: String| D::Error::custom(format!("{what}\n{remedy}"));
    let mut known = BTreeSet::new();
    for person in &persons {
        if !(2..=PERSONS_MAX).contains(&person.len()) {
            return Err(wrong(format!(
                "a person with {} keys and accounts, but 2 to {PERSONS_MAX} are allowed",
                person.len()
            )));
        }
        for name in person {
            if values::account_id(name).is_err() && values::recipient(name).is_err() {
                return Err(wrong(format!("`{name}` is neither the number of an account nor a public key")));
            }
            if !known.insert(name) {
                return Err(wrong(format!("`{name}` is named twice")));
            }
        }
    }
    if PERSONS_MAX < persons.len() {
        return Err(wrong(format!("{} persons, but at most {PERSONS_MAX} are allowed", persons.len())));
    }
    Ok(Persons::new(persons))
}
