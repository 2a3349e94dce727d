//! What X says is wrong, and what it says that of.

use serde_json::value::RawValue;

use super::endpoint::Endpoint;
use super::object::{self, Object};

/// X's own description of what is wrong, in any of the shapes that it sends: RFC 9457, that in a list, or a code alone.
#[derive(Default)]
pub(super) struct Problem {
    kind: String,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) reason: String,
    pub(super) code: Option<i64>,
    /// What it is about, as far as it says so: its kind, and each of the values that name it.
    resource: String,
    names: Vec<String>,
}

impl Problem {
    pub(super) fn read(body: &[u8]) -> Option<Problem> {
        let text = object::text_of(body);
        let raw: &RawValue = serde_json::from_str(&text).ok()?;
        let outer = Problem::of(raw)?;
        let inner = Object::read(raw)?.list("errors").first().and_then(|first| Problem::of(first));
        // `invalid-request` carries a list as well, which says more than "one or more parameters"
        Some(match inner {
            Some(inner) if outer.title.is_empty() && outer.kind.is_empty() => inner,
            Some(inner) if !inner.detail.is_empty() => {
                Problem { detail: format!("{} {}", outer.detail, inner.detail), ..outer }
            }
            _ => outer,
        })
    }

    /// One problem. None if it is no object. What cannot be read in it is left out.
    pub(super) fn of(raw: &RawValue) -> Option<Problem> {
        let object = Object::read(raw)?;
        let text = |key: &str| object.text(key).unwrap_or_default();
        let detail = object.text("detail").or_else(|| object.text("message")).unwrap_or_default();
        let (kind, title, reason) = (text("type"), text("title"), text("reason"));
        let named = ["resource_id", "value"].into_iter().filter_map(|name| object.raw(name));
        let named = named.filter(|raw| !object::is_empty(raw));
        let names = named.map(|raw| serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())).collect();
        Some(Problem {
            kind,
            title,
            detail,
            reason,
            code: object.number("code"),
            resource: text("resource_type"),
            names,
        })
    }

    /// Whether it names what was asked for, and nothing else.
    pub(super) fn is_about(&self, endpoint: Endpoint, asked: Option<&str>) -> bool {
        !self.names.is_empty() && !self.is_of_another(endpoint, asked)
    }

    /// Whether it names something else than what was asked for. A conversation may be named by both who are in it.
    pub(super) fn is_of_another(&self, endpoint: Endpoint, asked: Option<&str>) -> bool {
        let Some(asked) = asked else { return true };
        let is_pair = |name: &str| endpoint == Endpoint::MessagesWith && name.split('-').any(|part| part == asked);
        let is_it = |name: &String| name.eq_ignore_ascii_case(asked) || is_pair(name);
        let is_type = self.resource.is_empty() || endpoint.is_of_type(&self.resource.to_ascii_lowercase());
        !is_type || !self.names.iter().all(is_it)
    }

    /// The last segment of the type: its beginning was `https://api.twitter.com` once.
    pub(super) fn kind(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn mentions(&self, words: &str) -> bool {
        self.detail.to_ascii_lowercase().contains(words)
    }

    /// Whether X has suspended an account that is not the one that calls. X says so of an account that is asked for with the
    /// type of one that does not exist.
    pub(super) fn is_of_another_account(&self) -> bool {
        self.code == Some(63) || self.detail.starts_with("User has been suspended")
    }

    /// Whether it says no more than its status does.
    pub(super) fn gives_no_reason(&self) -> bool {
        let is_bare = matches!(self.kind(), "" | "about:blank" | "forbidden");
        let words = self.detail.trim().trim_end_matches('.').to_ascii_lowercase();
        let says_nothing = ["", "forbidden", "not found", "conflict", "you are not permitted to perform this action"];
        is_bare && self.code.is_none() && self.reason.is_empty() && says_nothing.contains(&words.as_str())
    }
}
