//! The sections of the configuration: each is one struct, which is given to its task and is defined in the task's
//! module.
//!
//! `settings!` takes each key once: its documentation, its type, its default, and how its value is read within which
//! limits. The macro makes the struct, the reader of the file's section, the commented template and the table of all
//! keys. A new key is a new line there, and the task that uses it.
//!
//! Here are the macro and what it stands on: [`kinds`] of values with their limits, and [`values`], the texts among them.
//! No file and no environment is read here.

pub mod kinds;
pub mod values;

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, Visitor};
use toml::Value;

/// How the value of a key is read, and within which limits.
pub trait Reads {
    /// What it is read into.
    type Value;

    /// Reads a value. An error's text has two lines: what is wrong, and what to write instead.
    ///
    /// # Errors
    /// If it is not of this kind, or outside the limits.
    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<Self::Value, D::Error>;

    /// Value of a key that is not said and has no default. Returns None if it must be said.
    fn absent(&self) -> Option<Self::Value> {
        None
    }

    /// Value, in a section made of defaults, of a key that must be said. Returns None if there is no such section.
    fn empty(&self) -> Option<Self::Value> {
        self.absent()
    }

    /// The limits in words, like `1 to 1000`; empty if there are none to state.
    fn limits(&self) -> String {
        String::new()
    }
}

/// The value of a key that is not in the file, and what the template shows for it.
#[derive(Clone, Debug)]
pub enum Unsaid {
    /// This value. The example, if there is one, shows another possible value.
    Default(Value, Option<Value>),
    /// Nothing; the task then works as with this value.
    Implied(Value),
    /// Nothing; here is an example.
    Nothing(Value),
    /// The operator must say it, and `init` asks for it; here is an example.
    Asked(Value),
}

/// This value.
pub fn default(value: impl Into<Value>) -> Unsaid {
    Unsaid::Default(value.into(), None)
}

/// An empty list; `example` shows what may be in it.
pub fn empty(example: impl Into<Value>) -> Unsaid {
    Unsaid::Default(Value::Array(Vec::new()), Some(example.into()))
}

/// Nothing; the task then works as with this value.
pub fn implied(value: impl Into<Value>) -> Unsaid {
    Unsaid::Implied(value.into())
}

/// Nothing.
pub fn nothing(example: impl Into<Value>) -> Unsaid {
    Unsaid::Nothing(example.into())
}

/// What `init` asks for.
pub fn asked(example: impl Into<Value>) -> Unsaid {
    Unsaid::Asked(example.into())
}

/// A key of a section.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Its documentation, line by line; an empty line ends a paragraph.
    pub doc: &'static [&'static str],
    /// What it is if the file does not have it.
    pub unsaid: Unsaid,
    /// Its limits in words; empty if there are none to state.
    pub limits: String,
}

/// A section of the configuration.
pub trait Section: Sized {
    /// Its name in the file.
    const NAME: &'static str;
    /// Its documentation, line by line; the first line is its title.
    const DOC: &'static [&'static str];

    /// Its keys in their order.
    fn keys() -> Vec<Key>;

    /// The section if the file does not have it. Returns None if there is a key that must be said and cannot be empty.
    fn unsaid() -> Option<Self>;
}

/// The section if the file does not have it.
///
/// # Panics
/// If a key must be said or its default is outside its own limits: a test of the configuration reads all of them.
#[allow(clippy::expect_used, reason = "each section for which this is called is read by a test")]
pub fn defaults<S: Section>() -> S {
    S::unsaid().expect("a section whose defaults can be read")
}

/// The value of a key that the file does not have.
///
/// # Errors
/// If it must be said, or the default cannot be read.
pub fn unsaid<K: Reads, E: Error>(name: &'static str, kind: &K, unsaid: Unsaid) -> Result<K::Value, E> {
    match unsaid {
        Unsaid::Default(value, _) => kind.read(value).map_err(|error| E::custom(error.message())),
        _ => kind.absent().ok_or_else(|| E::missing_field(name)),
    }
}

/// Reads the value of one key.
pub struct ValueOf<'a, K>(pub &'a K);

impl<'de, K: Reads> DeserializeSeed<'de> for ValueOf<'_, K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<K::Value, D::Error> {
        self.0.read(from)
    }
}

/// Reads a key, which must be one of these.
pub struct KeyOf(pub &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KeyOf {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'static str, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeyOf {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<&'static str, E> {
        let known = self.0.iter().find(|known| **known == key);
        known.copied().ok_or_else(|| E::unknown_field(key, self.0))
    }
}

/// Makes a struct of a section, and all that is to be known of its keys:
///
/// ```text
/// settings! {
///     /// How commitments are posted.
///     pub struct PublishSettings in "publish" {
///         /// Documentation of the key, for the operator.
///         run_over: u64 = default(5), Number(1, 1000);
///     }
/// }
/// ```
///
/// After the type comes what it is if nothing is said ([`Unsaid`]), and then how it is read ([`Reads`]).
macro_rules! settings {
    (
        $(#[doc = $title:literal])+
        pub struct $name:ident in $section:literal {
            $($(#[doc = $doc:literal])+ $key:ident: $type:ty = $unsaid:expr, $kind:expr;)+
        }
    ) => {
        $(#[doc = $title])+
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $key: $type,)+
        }

        impl $crate::tasks::settings::Section for $name {
            const NAME: &'static str = $section;
            const DOC: &'static [&'static str] = &[$($title),+];

            fn keys() -> Vec<$crate::tasks::settings::Key> {
                vec![$($crate::tasks::settings::Key {
                    name: stringify!($key),
                    doc: &[$($doc),+],
                    unsaid: $unsaid,
                    limits: $crate::tasks::settings::Reads::limits(&$kind),
                }),+]
            }

            fn unsaid() -> Option<$name> {
                use $crate::tasks::settings::{Reads, unsaid};
                Some($name {
                    $($key: {
                        let value = unsaid::<_, serde::de::value::Error>(stringify!($key), &$kind, $unsaid);
                        value.ok().or_else(|| $kind.empty())?
                    },)+
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                use $crate::tasks::settings::{KeyOf, ValueOf, unsaid};

                const KEYS: &[&str] = &[$(stringify!($key)),+];
                struct Keys;

                impl<'de> serde::de::Visitor<'de> for Keys {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("the section `", $section, "`"))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $(let mut $key: Option<$type> = None;)+
                        while let Some(key) = map.next_key_seed(KeyOf(KEYS))? {
                            match key {
                                $(stringify!($key) => $key = Some(map.next_value_seed(ValueOf(&$kind))?),)+
                                _ => return Err(serde::de::Error::unknown_field(key, KEYS)),
                            }
                        }
                        Ok($name {
                            $($key: match $key {
                                Some(value) => value,
                                None => unsaid(stringify!($key), &$kind, $unsaid)?,
                            },)+
                        })
                    }
                }

                from.deserialize_struct(stringify!($name), KEYS, Keys)
            }
        }
    };
}
pub(crate) use settings;
