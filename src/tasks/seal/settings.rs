//! What the operator says of sealing: `[watch]`, its rules, and `[slip]`.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::tasks::rules::{Correspondent, Formal, Rule};
use crate::tasks::settings::kinds::{Dollars, Flag, List, Number, Optional, Poll, Span, Text};
use crate::tasks::settings::{Reads, asked, default, defaults, nothing, settings, values};

const RULES_MAX: usize = 64;
const CORRESPONDENTS_MAX: usize = 256;
const ATTACHMENT_BYTES_MAX: i64 = 64 << 20;
const STRANGERS_BYTES: i64 = 64 << 20;

settings! {
    /// Which messages are sealed.
    pub struct WatchSettings in "watch" {
        /// How often to ask X for new messages: the lower, the sooner a note is sealed. X allows a user 15 such calls in
        /// 15 minutes. Each message that is read costs money (0.010 USD in August 2026).
        poll: Duration = default("90s"), Poll;

        /// How long to try to fetch the files of one message before it is sealed without those that could not be had: the
        /// note then says so, and still names them.
        attachments_timeout: Duration = default("20s"), Span(Duration::ZERO, Duration::from_secs(600));

        /// The largest file that is fetched, in bytes; a larger one is named in the note as unreadable.
        attachment_bytes_max: u64 = default(ATTACHMENT_BYTES_MAX), Number(1, ATTACHMENT_BYTES_MAX as u64);

        /// What the messages of strangers may cost in a day (UTC), in US dollars (0.010 for each message read in August
        /// 2026): half at once, the rest by the hour. Then only the conversations of correspondents, officials and known
        /// groups are read until more is released; formal notes have no such limit.
        strangers_usd_a_day: u64 = default(10.0), Dollars(0.1, 1_000.0);

        /// The same in bytes of messages.
        strangers_bytes_a_day: u64 = default(STRANGERS_BYTES), Number(1 << 20, 1 << 40);

        /// The same in pages of the list on which nothing but messages of strangers is new.
        strangers_calls_a_day: u64 = default(240), Number(10, 100_000);

        /// Which messages are formal, and so are sealed and published. One or more `[[watch.rule]]`; a message is formal if
        /// any of them says so. Messages that no rule names are never kept.
        rule: Vec<Rule> = asked(Vec::<toml::Value>::new()), Rules;
    }
}

impl Default for WatchSettings {
    /// Without a rule: nothing is formal.
    fn default() -> WatchSettings {
        defaults()
    }
}

settings! {
    /// One rule of which messages are formal.
    pub struct RuleSettings in "watch.rule" {
        /// To whom: accounts by name ("ministry", "@ministry") or by their lasting number ("783214"). A number still means
        /// the same account after it changed its name; a name is looked up once, at the first start with it, and then means
        /// that account for good. A name of digits only is written with "@". A message to a group counts if one of these
        /// accounts is in the group.
        correspondents: Vec<Correspondent> = asked(vec!["ministry", "783214"]), List {
            least: 1,
            most: CORRESPONDENTS_MAX,
            what: "accounts",
            remedy: "name the accounts that formal messages go to, like [\"ministry\", \"783214\"]",
            read: values::correspondent,
        };

        /// Which of the messages to them: those whose text contains exactly these characters. A rule has exactly one of
        /// `marker`, `pattern` and `all`.
        marker: Option<String> = asked("NOTE VERBALE"), Optional(Text(values::marker));

        /// Those whose text matches this regular expression (syntax: docs.rs/regex).
        pattern: Option<regex::Regex> = nothing("(?i)^\\s*note verbale"), Optional(Text(values::pattern));

        /// Every message to them.
        all: Option<bool> = nothing(true), Optional(Flag);
    }
}

settings! {
    /// What a recipient needs to check a note.
    pub struct SlipSettings in "slip" {
        /// Whether to send the slip of each note into its conversation after the note is sealed: from slip and message the
        /// recipient can compute the hash that is posted, and give a receipt. It is one more message (0.015 USD in August
        /// 2026), made of the note's opening: `identity_file` must be set.
        send: bool = default(false), Flag;
    }
}

impl Default for SlipSettings {
    fn default() -> SlipSettings {
        defaults()
    }
}

/// All rules.
struct Rules;

impl Reads for Rules {
    type Value = Vec<Rule>;

    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<Vec<Rule>, D::Error> {
        let rules = Vec::<RuleSettings>::deserialize(from)?;
        let count = rules.len();
        if !(1..=RULES_MAX).contains(&count) {
            let remedy = "say in at least one [[watch.rule]] which messages are formal";
            return Err(D::Error::custom(format!("{count} rules, but 1 to {RULES_MAX} are allowed\n{remedy}")));
        }
        rules.into_iter().map(|rule| rule.rule().map_err(D::Error::custom)).collect()
    }

    fn empty(&self) -> Option<Vec<Rule>> {
        Some(Vec::new())
    }

    fn limits(&self) -> String {
        format!("1 to {RULES_MAX} rules")
    }
}

impl RuleSettings {
    /// The rule, if exactly one of three keys says which messages are formal.
    fn rule(self) -> Result<Rule, String> {
        let remedy = "write exactly one of `all = true`, `marker = \"…\"` and `pattern = \"…\"` in each [[watch.rule]]";
        let formal = match (self.all, self.marker, self.pattern) {
            (Some(true), None, None) => Formal::All,
            (None, Some(marker), None) => Formal::Marker(marker),
            (None, None, Some(pattern)) => Formal::Pattern(pattern),
            (None, None, None) => return Err(format!("a rule does not say which messages are formal\n{remedy}")),
            (Some(false), None, None) => return Err(format!("`all = false` would make no message formal\n{remedy}")),
            _ => return Err(format!("a rule says more than once which messages are formal\n{remedy}")),
        };
        Ok(Rule { correspondents: self.correspondents, formal })
    }
}
