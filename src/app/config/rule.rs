//! `[[watch.rule]]` as it stands in the file: which messages are formal.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::file::{CORRESPONDENTS_MAX, list};
use super::values;
use crate::tasks::rules::{Correspondent, Formal, Rule};

const RULES_MAX: usize = 64;

/// One `[[watch.rule]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(deserialize_with = "correspondents")]
    correspondents: Vec<Correspondent>,
    all: Option<bool>,
    #[serde(default, deserialize_with = "marker")]
    marker: Option<String>,
    #[serde(default, deserialize_with = "pattern")]
    pattern: Option<regex::Regex>,
}

/// Reads all rules.
pub(super) fn all<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Rule>, D::Error> {
    let raw = Vec::<Spanned<Raw>>::deserialize(from)?;
    let count = raw.len();
    if !(1..=RULES_MAX).contains(&count) {
        let remedy = "say in at least one [[watch.rule]] which messages are formal";
        return Err(D::Error::custom(format!("{count} rules, but 1 to {RULES_MAX} are allowed\n{remedy}")));
    }
    raw.into_iter().map(|raw| rule(raw.into_inner()).map_err(D::Error::custom)).collect()
}

fn rule(raw: Raw) -> Result<Rule, String> {
    let remedy = "write exactly one of `all = true`, `marker = \"…\"` and `pattern = \"…\"` in each [[watch.rule]]";
    let formal = match (raw.all, raw.marker, raw.pattern) {
        (Some(true), None, None) => Formal::All,
        (None, Some(marker), None) => Formal::Marker(marker),
        (None, None, Some(pattern)) => Formal::Pattern(pattern),
        (None, None, None) => return Err(format!("a rule does not say which messages are formal\n{remedy}")),
        (Some(false), None, None) => return Err(format!("`all = false` would make no message formal\n{remedy}")),
        _ => return Err(format!("a rule says more than once which messages are formal\n{remedy}")),
    };
    Ok(Rule { correspondents: raw.correspondents, formal })
}

fn correspondents<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Correspondent>, D::Error> {
    let remedy = "name the accounts that formal messages go to, like [\"ministry\", \"783214\"]";
    list(from, (1, CORRESPONDENTS_MAX), ("accounts", remedy), values::correspondent)
}

fn marker<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    values::marker(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}

fn pattern<'de, D: Deserializer<'de>>(from: D) -> Result<Option<regex::Regex>, D::Error> {
    values::pattern(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}
