//! Which messages are formal: the operator's rules, applied to one message at a time.

use std::fmt;

use regex::Regex;

use crate::note::{Account, AccountId, AccountName};

/// What makes a message to some accounts formal. A message is formal if one rule of several says so.
#[derive(Clone)]
pub struct Rule {
    /// To whom: a message counts if one of these takes part in its conversation.
    pub correspondents: Vec<Correspondent>,
    /// Which of the messages to them.
    pub formal: Formal,
}

/// An account as an operator names it.
#[derive(Clone, PartialEq, Eq)]
pub enum Correspondent {
    /// By the lasting identifier: `783214`.
    Id(AccountId),
    /// By the name that it bears now: `ministry`, or `@123` if the name is digits only.
    Name(AccountName),
}

/// Which messages are formal, by their text.
#[derive(Clone)]
pub enum Formal {
    /// Every message.
    All,
    /// Those whose text contains exactly these characters.
    Marker(String),
    /// Those whose text matches.
    Pattern(Regex),
}

impl Rule {
    /// Whether a message with this text to these accounts is formal.
    pub fn is_met(&self, to: &[Account], text: &str) -> bool {
        to.iter().any(|account| self.names(account)) && self.formal.is_met(text)
    }

    /// Whether the rule is about this account.
    pub fn names(&self, account: &Account) -> bool {
        self.correspondents.iter().any(|correspondent| correspondent.is(account))
    }
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

    /// Whether this is the account. Names are compared without regard to case, as the platform does.
    pub fn is(&self, account: &Account) -> bool {
        match self {
            Correspondent::Id(id) => *id == account.id,
            Correspondent::Name(name) => name.as_str().eq_ignore_ascii_case(account.name.as_str()),
        }
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

    fn account(text: &str) -> Account {
        Account::parse(text).unwrap()
    }

    #[test]
    fn digits_are_an_identifier_unless_marked_as_a_name() {
        assert!(Correspondent::parse("783214").unwrap().is(&account("783214 ministry")));
        assert!(!Correspondent::parse("783214").unwrap().is(&account("1 783214")));
        assert!(Correspondent::parse("@783214").unwrap().is(&account("1 783214")));
        assert!(Correspondent::parse("@Ministry").unwrap().is(&account("1 ministry")));
        assert!(Correspondent::parse("ministry").unwrap().is(&account("1 MINISTRY")));
        for wrong in ["", "@", "@@a", "007", "a b", "a-b", "99999999999999999999"] {
            assert!(Correspondent::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_message_is_formal_by_its_text_and_by_one_who_takes_part() {
        let rule = |formal| Rule { correspondents: vec![Correspondent::parse("ministry").unwrap()], formal };
        let group = [account("1 other"), account("2 ministry")];
        assert!(rule(Formal::All).is_met(&group, ""));
        assert!(!rule(Formal::All).is_met(&group[..1], ""));
        assert!(rule(Formal::Marker("NOTE".into())).is_met(&group, "a NOTE verbale"));
        assert!(!rule(Formal::Marker("NOTE".into())).is_met(&group, "a note"));
        assert!(rule(Formal::Pattern(Regex::new("(?i)^note").unwrap())).is_met(&group, "Note 1"));
        assert!(!rule(Formal::Pattern(Regex::new("^note").unwrap())).is_met(&group, " note"));
    }
}
