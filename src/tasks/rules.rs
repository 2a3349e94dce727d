//! Which messages are formal: the operator's rules.

use std::fmt;

use regex::Regex;

use crate::base::ids::{AccountId, AccountName};

/// What makes a message to some accounts formal. If there are several rules, one is enough.
#[derive(Clone, Debug)]
pub struct Rule {
    /// To whom: a message counts if one of these accounts is in its conversation. A name is looked up once, and its
    /// number kept.
    pub correspondents: Vec<Correspondent>,
    /// Which of the messages to them.
    pub formal: Formal,
}

/// An account as an operator names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Correspondent {
    /// By the lasting identifier: `783214`.
    Id(AccountId),
    /// By the name that it has when it is first looked up: `ministry`, or `@123` if the name is digits only.
    Name(AccountName),
}

/// Which messages are formal, by their text.
#[derive(Clone, Debug)]
pub enum Formal {
    /// Every message.
    All,
    /// Those whose text contains exactly these characters.
    Marker(String),
    /// Those whose text matches.
    Pattern(Regex),
}

impl Correspondent {
    /// Reads `783214`, `ministry` or `@ministry`.
    pub fn parse(text: &str) -> Option<Correspondent> {
        if let Some(name) = text.strip_prefix('@') {
            return AccountName::parse(name).map(Correspondent::Name);
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return AccountId::parse(text).map(Correspondent::Id);
        }
        AccountName::parse(text).map(Correspondent::Name)
    }
}

/// As [`Correspondent::parse`] reads it.
impl fmt::Display for Correspondent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Correspondent::Id(id) => write!(f, "{id}"),
            Correspondent::Name(name) => write!(f, "@{name}"),
        }
    }
}

impl Formal {
    /// Whether a message with this text is formal.
    pub fn is_met(&self, text: &str) -> bool {
        match self {
            Formal::All => true,
            Formal::Marker(marker) => text.contains(marker.as_str()),
            Formal::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_an_identifier_unless_marked_as_a_name() {
        let name = |name| Some(Correspondent::Name(AccountName::parse(name).unwrap()));
        assert_eq!(Correspondent::parse("783214"), Some(Correspondent::Id(AccountId(783_214))));
        assert_eq!(Correspondent::parse("@783214"), name("783214"));
        assert_eq!(Correspondent::parse("@Ministry"), name("Ministry"));
        assert_eq!(Correspondent::parse("ministry"), name("ministry"));
        for wrong in ["", "@", "@@a", "007", "a b", "a-b", "99999999999999999999"] {
            assert_eq!(Correspondent::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_text_says_that_it_is_formal() {
        assert!(Formal::All.is_met(""));
        assert!(Formal::Marker("NOTE".into()).is_met("a NOTE verbale"));
        assert!(!Formal::Marker("NOTE".into()).is_met("a note"));
        assert!(Formal::Pattern(Regex::new("(?i)^note").unwrap()).is_met("Note 1"));
        assert!(!Formal::Pattern(Regex::new("^note").unwrap()).is_met(" note"));
    }
}
