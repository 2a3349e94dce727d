//! Which of the messages sent are formal notes.

use regex::Regex;

use crate::note::AccountId;

/// A rule: messages to one of these correspondents are formal if their text says so.
#[derive(Clone, Debug)]
pub struct Rule {
    /// To whom. A group counts if one of them is in it.
    pub correspondents: Vec<AccountId>,
    /// How the text says so.
    pub formal: Formal,
}

/// How a text says that it is formal.
#[derive(Clone, Debug)]
pub enum Formal {
    /// Every message is.
    All,
    /// It contains these very characters.
    Marker(String),
    /// It matches this regular expression somewhere.
    Pattern(Regex),
}

/// Whether a message to `recipients` with this text is a formal note by any of the rules.
pub fn is_formal(rules: &[Rule], recipients: &[AccountId], text: &str) -> bool {
    rules.iter().any(|rule| rule.concerns(recipients) && rule.formal.holds(text))
}

impl Rule {
    fn concerns(&self, recipients: &[AccountId]) -> bool {
        recipients.iter().any(|recipient| self.correspondents.contains(recipient))
    }
}

impl Formal {
    fn holds(&self, text: &str) -> bool {
        match self {
            Formal::All => true,
            Formal::Marker(marker) => text.contains(marker),
            Formal::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(formal: Formal, recipients: &[u64], text: &str, expected: bool) {
        let rules = [Rule { correspondents: vec![AccountId(7), AccountId(8)], formal }];
        let recipients: Vec<AccountId> = recipients.iter().copied().map(AccountId).collect();
        assert_eq!(is_formal(&rules, &recipients, text), expected, "{rules:?} {recipients:?} {text}");
    }

    #[test]
    fn a_rule_needs_its_correspondent_and_its_sign() {
        check(Formal::All, &[7], "hello", true);
        check(Formal::All, &[9], "hello", false);
        check(Formal::All, &[9, 8], "a group", true);
        check(Formal::Marker("NOTE VERBALE".into()), &[7], "a NOTE VERBALE.", true);
        check(Formal::Marker("NOTE VERBALE".into()), &[7], "a note verbale.", false);
        check(Formal::Pattern(Regex::new("(?i)^note verbale").unwrap()), &[8], "Note Verbale 12", true);
        check(Formal::Pattern(Regex::new("(?i)^note verbale").unwrap()), &[8], "no Note Verbale", false);
    }
}
