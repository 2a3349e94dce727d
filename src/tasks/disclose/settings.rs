//! What the operator says of opening: `[open]`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Value;

use crate::tasks::persons::Persons;
use crate::tasks::settings::kinds::{Flag, Span};
use crate::tasks::settings::{Reads, default, defaults, empty, settings, values};

/// As many as there may be public keys.
const PERSONS_MAX: usize = 32;

settings! {
    /// How notes are opened in public.
    pub struct OpenSettings in "open" {
        /// Whether a second official must approve every opening: what is published cannot be taken back.
        approval: bool = default(false), Flag;

        /// How long an opening waits for that before it lapses.
        lapse: Duration = default("24h"), Span(Duration::from_secs(60), Duration::from_secs(30 * 86_400));

        /// Which account and which key are one official's: whoever asks with the one cannot approve with the other. As long
        /// as it is not said whose they are, an opening that was asked for on the command line is approved there, and one by
        /// message by message. With `approval`, the key in `identity_file` is nobody's word on the command line: each
        /// official has a key of their own. Whoever holds the keys of two officials is two officials to this program.
        persons: Persons = empty(vec![person("783214"), person("990017")]), Officials;
    }
}

impl Default for OpenSettings {
    fn default() -> OpenSettings {
        defaults()
    }
}

/// A person of the example.
fn person(account: &str) -> Value {
    Value::from(vec![account, "age1…"])
}

/// Officials, each with all of their keys and accounts.
struct Officials;

impl Reads for Officials {
    type Value = Persons;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<Persons, D::Error> {
        let persons = Vec::<Vec<String>>::deserialize(from)?;
        let remedy = "write each official once, like [\"783214\", \"age1…\"]: the account's number and the public key";
        check(&persons).map_err(|what| D::Error::custom(format!("{what}\n{remedy}")))?;
        Ok(Persons::new(persons))
    }

    fn limits(&self) -> String {
        format!("at most {PERSONS_MAX} persons, each of 2 to {PERSONS_MAX} keys and accounts")
    }
}

fn check(persons: &[Vec<String>]) -> Result<(), String> {
    let mut known = BTreeSet::new();
    for person in persons {
        if !(2..=PERSONS_MAX).contains(&person.len()) {
            let count = person.len();
            return Err(format!("a person with {count} keys and accounts, but 2 to {PERSONS_MAX} are allowed"));
        }
        for name in person {
            if values::account_id(name).is_err() && values::recipient(name).is_err() {
                return Err(format!("`{name}` is neither the number of an account nor a public key"));
            }
            if !known.insert(name) {
                return Err(format!("`{name}` is named twice"));
            }
        }
    }
    if PERSONS_MAX < persons.len() {
        return Err(format!("{} persons, but at most {PERSONS_MAX} are allowed", persons.len()));
    }
    Ok(())
}
