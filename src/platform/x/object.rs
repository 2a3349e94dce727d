//! JSON of answers, read piece by piece: a piece that cannot be read spoils no other.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::base::text;

/// Stands for bytes that are no text: half of a character, which no reader of JSON takes for one.
const NO_TEXT: &str = "\\ud800";

/// The text of a body. Bytes that are no UTF-8 spoil only the string in which they stand.
pub(super) fn text_of(body: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(body) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push_str(NO_TEXT);
        }
    }
    Cow::Owned(text)
}

/// An object: its fields as X wrote them. A field that is null is not there.
#[derive(Default)]
pub(super) struct Object<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Object<'a> {
    /// Reads an object. None if it is none, or has a field twice: nobody knows which of the two counts.
    pub(super) fn read(raw: &'a RawValue) -> Option<Object<'a>> {
        serde_json::from_str(raw.get()).ok()
    }

    /// A field as X wrote it.
    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied().filter(|raw| raw.get() != "null")
    }

    /// A field that is a text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    /// A field that is a whole number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    /// A field that is an identifier of X: a positive number of 63 bits, as a text or, against X's documents, as a number.
    pub(super) fn id(&self, name: &str) -> Option<u64> {
        self.raw(name).and_then(id)
    }

    /// A field that is an object.
    pub(super) fn object(&self, name: &str) -> Option<Object<'a>> {
        self.raw(name).and_then(Object::read)
    }

    /// The elements of a field that is a list. A single thing counts as a list of one, and an empty text as none.
    pub(super) fn list(&self, name: &str) -> Vec<&'a RawValue> {
        self.raw(name).map(list).unwrap_or_default()
    }
}

/// The elements of a list. A single thing counts as a list of one, and an empty text as none.
pub(super) fn list(raw: &RawValue) -> Vec<&RawValue> {
    if is_empty(raw) { Vec::new() } else { serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw]) }
}

/// Whether it holds nothing, in any of the ways in which a program may write that.
pub(super) fn is_empty(raw: &RawValue) -> bool {
    let text = raw.get();
    let inner = |open, close| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).map(str::trim);
    text == "null"
        || [("\"", "\""), ("[", "]"), ("{", "}")].iter().any(|(open, close)| inner(*open, *close) == Some(""))
}

/// An identifier, as a text or as a number.
pub(super) fn id(raw: &RawValue) -> Option<u64> {
    let text: String = serde_json::from_str(raw.get()).ok().unwrap_or_else(|| raw.get().to_owned());
    id_text(&text)
}

/// X's identifiers are positive numbers of 63 bits, and no database keeps a greater one.
pub(super) fn id_text(text: &str) -> Option<u64> {
    text::number(text).filter(|id| (1..=i64::MAX as u64).contains(id))
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<'a>, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            if fields.insert(name, value).is_some() {
                return Err(A::Error::custom("a field twice"));
            }
        }
        Ok(Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn a_field_that_cannot_be_read_spoils_no_other() {
        let raw = raw(
            r#"{"id":5,"text":"hi \ud83d","sender":"7","none":null,"deep":{"a":["b"]},"one":{"x":1},"many":[1,"\udc00",{}]}"#,
        );
        let object = Object::read(&raw).unwrap();
        assert_eq!((object.id("id"), object.id("sender"), object.id("deep")), (Some(5), Some(7), None));
        assert_eq!((object.text("text"), object.text("sender").as_deref(), object.text("id")), (None, Some("7"), None));
        assert!(object.raw("none").is_none() && object.raw("text").is_some());
        assert_eq!((object.list("many").len(), object.list("one").len(), object.list("missing").len()), (3, 1, 0));
        assert!(object.object("deep").is_some() && object.object("many").is_none());
    }

    #[test]
    fn a_field_twice_is_no_object() {
        for text in [r#"{"id":"1","id":"2"}"#, "[]", "5", r#""x""#, "null", r#"{"\ud83d":1}"#] {
            assert!(Object::read(&raw(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn an_identifier_is_positive_and_exact() {
        for (text, expected) in [
            (r#""5""#, Some(5)),
            ("9223372036854775807", Some(i64::MAX as u64)),
            ("9223372036854775808", None),
            ("5.0", None),
            ("5e3", None),
            ("-5", None),
            ("0", None),
            (r#""""#, None),
            (r#""05""#, None),
        ] {
            assert_eq!(id(&raw(text)), expected, "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_spoil_only_their_string() {
        let body = [br#"{"a":"x"#.as_slice(), &[0xf0, 0x9f], br#"","b":"y"}"#].concat();
        let text = text_of(&body);
        let raw: &RawValue = serde_json::from_str(&text).unwrap();
        let object = Object::read(raw).unwrap();
        assert_eq!((object.text("a"), object.text("b").as_deref()), (None, Some("y")));
        assert_eq!(text_of("ä".as_bytes()), "ä");
    }

    #[test]
    fn nothing_is_written_in_several_ways() {
        for text in ["null", r#""""#, "[]", "[ ]", "{}", "{\n}"] {
            assert!(is_empty(&raw(text)) && list(&raw(text)).is_empty(), "{text}");
        }
        assert!([r#""x""#, "[1]", "0", "false"].iter().all(|text| !is_empty(&raw(text))));
    }
}
