//! Reads the platform's own JSON, in records: only what is asked for, and the rest of it as strictly as the format says.

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};

/// Reads the members that `T` names from a JSON object (RFC 8259): UTF-8 without a byte order mark, at most 127 levels
/// deep, each number within the range of a double, no half of a surrogate pair. Each member that `T` names stands there
/// once at most.
///
/// # Errors
/// If it is anything else: what, and where. Never the text itself, which is private. `what` says what it should be.
pub(crate) fn object<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, String> {
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(format!("it cannot be read as JSON: not {what}"));
    }
    let unreadable = |error: serde_json::Error| format!("it cannot be read as JSON: {}", place(&error, what));
    serde_json::from_slice::<Shallow>(bytes).map_err(unreadable)?;
    serde_json::from_slice(bytes).map_err(unreadable)
}

/// Where JSON is wrong, and how.
fn place(error: &serde_json::Error, what: &str) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => format!("not {what}"),
        _ => "not JSON, or nested too deep".to_owned(),
    };
    format!("{what}, line {} column {}", error.line(), error.column())
}

/// Walks through JSON without keeping any of it. The reader's limit on nesting applies, keys are read as text too, and
/// nothing is allocated.
struct Shallow;

impl<'de> Deserialize<'de> for Shallow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shallow, D::Error> {
        deserializer.deserialize_any(Shallow)
    }
}

impl<'de> Visitor<'de> for Shallow {
    type Value = Shallow;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shallow, A::Error> {
        while seq.next_element::<Shallow>()?.is_some() {}
        Ok(Shallow)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shallow, A::Error> {
        while map.next_entry::<Shallow, Shallow>()?.is_some() {}
        Ok(Shallow)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Shallow, E> {
        Ok(Shallow)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Shallow, E> {
        Ok(Shallow)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Shallow, E> {
        Ok(Shallow)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Shallow, E> {
        Ok(Shallow)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Shallow, E> {
        Ok(Shallow)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Shallow, E> {
        Ok(Shallow)
    }
}
