//! What a person who checks trusts, as one file (C2SP `tlog-policy`): which logs, which witnesses, and how many of
//! these must have signed a checkpoint.

use std::collections::BTreeMap;

use super::cosignature::{self, Cosigned, WitnessKey};
use super::signed_note::{self, KeyError, SignedNote, VerifierKey};
use crate::base::ids::Origin;
use crate::base::text::{self, ParseError};
use crate::base::time::Time;

/// The largest file that is read, in bytes.
pub const BYTES_MAX: usize = 256 * 1024;

/// Most logs that a policy may have, and most witnesses and groups together. C2SP asks for 32 of each.
pub const COUNT_MAX: usize = 256;

const FORMAT: &str = "policy";

/// The name that no witness and no group may have.
const NONE: &[u8] = b"none";

/// What is trusted. A key alone is a policy of one log that asks for no witnesses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Policy {
    logs: Vec<Log>,
    /// Each one comes after its members.
    rules: Vec<(Name, Rule)>,
    /// The index of a rule. None if no witness is asked for.
    quorum: Option<usize>,
}

/// Any bytes but white space and controls: nothing but the policy itself gives them a meaning.
type Name = Vec<u8>;

#[derive(Clone, PartialEq, Eq, Debug)]
struct Log {
    /// The public key's bytes, without its type.
    bytes: Vec<u8>,
    /// None if a log of ours cannot have this type of key or this name.
    key: Option<VerifierKey>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Rule {
    Witness(Box<WitnessKey>),
    /// This number of the rules at these indexes is needed.
    Group {
        needed: usize,
        members: Vec<usize>,
    },
}

/// What a checkpoint shows of the witnesses that a policy asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quorum {
    /// Its name in the policy.
    pub name: String,
    /// The moment at which enough witnesses had signed. None if too few have signed.
    pub since: Option<Time>,
    /// Each witness of the policy, in its order.
    pub witnesses: Vec<(String, Cosigned)>,
}

impl From<VerifierKey> for Policy {
    fn from(key: VerifierKey) -> Policy {
        Policy { logs: vec![Log { bytes: key.bytes().to_vec(), key: Some(key) }], ..Policy::default() }
    }
}

impl Policy {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is larger than [`BYTES_MAX`], has more lines of a kind than [`COUNT_MAX`], or is not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Policy, ParseError> {
        if BYTES_MAX < bytes.len() {
            return Err(ParseError::TooLarge { format: FORMAT, size: bytes.len(), limit: BYTES_MAX });
        }
        let mut reader = Reader::default();
        let mut line = 0;
        let fault = |line, expected| ParseError::Line { format: FORMAT, line, expected };
        for text in bytes.split_inclusive(|byte| *byte == b'\n') {
            line += 1;
            reader.take(text).map_err(|expected| fault(line, expected))?;
        }
        if !reader.quorum {
            return Err(fault(line + 1, "quorum <name>|none"));
        }
        Ok(reader.policy)
    }

    /// Whether it names any log.
    pub fn names_logs(&self) -> bool {
        !self.logs.is_empty()
    }

    /// Whether cosignatures are needed.
    pub fn asks_for_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// The trusted key of the log with that origin. If there are several, the one that is `shown`, or else the first.
    /// If the policy has only one log, that log is meant whatever is shown.
    pub fn key_of(&self, origin: Option<&Origin>, shown: Option<&VerifierKey>) -> Option<&VerifierKey> {
        if let [only] = self.logs.as_slice() {
            return only.key.as_ref();
        }
        let origin = origin.or(shown.map(VerifierKey::name))?;
        let keys = || self.logs.iter().filter_map(|log| log.key.as_ref()).filter(|key| key.name() == origin);
        keys().find(|key| Some(*key) == shown).or_else(|| keys().next())
    }

    /// The result of the cosignatures on checkpoints of one log, any of which will do; what is dated before `first` counts for
    /// nothing. None if the policy asks for none. The log's own signatures are not checked.
    pub fn quorum(&self, checkpoints: &[&SignedNote], first: Option<Time>) -> Option<Quorum> {
        let quorum = self.quorum?;
        let mut witnesses = Vec::new();
        let mut since: Vec<Option<Time>> = Vec::with_capacity(self.rules.len());
        for (name, rule) in &self.rules {
            let time = match rule {
                Rule::Witness(key) => {
                    let dated = |cosigned: Cosigned| first.map_or(cosigned, |first| cosigned.not_before(first));
                    let each = checkpoints.iter().map(|checkpoint| dated(key.cosigned(checkpoint)));
                    let cosigned = each.fold(Cosigned::Not, Cosigned::or);
                    witnesses.push((shown(name), cosigned));
                    if let Cosigned::At(time) = cosigned { Some(time) } else { None }
                }
                Rule::Group { needed, members } => {
                    let mut times: Vec<Time> = members.iter().filter_map(|member| since[*member]).collect();
                    times.sort_unstable();
                    times.get(needed - 1).copied()
                }
            };
            since.push(time);
        }
        Some(Quorum { name: shown(&self.rules[quorum].0), since: since[quorum], witnesses })
    }
}

/// A name that is safe to show in a terminal.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).replace(char::is_control, "\u{fffd}")
}

/// A policy in the middle of being read.
#[derive(Default)]
struct Reader {
    policy: Policy,
    places: BTreeMap<Name, usize>,
    /// The places of those that are members of a group.
    members: Vec<usize>,
    /// Whether its line was read.
    quorum: bool,
}

impl Reader {
    /// Takes one line with its LF, or says what was expected.
    fn take(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let line = line.strip_suffix(b"\n").ok_or("LF at the end of the last line")?;
        if !line.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..)) {
            return Err("no control characters but tab and LF");
        }
        let words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        match words.collect::<Vec<_>>().as_slice() {
            [] | [[b'#', ..], ..] => Ok(()),
            [b"log", key] | [b"log", key, _] => self.log(key),
            [b"witness", name, key] | [b"witness", name, key, _] => self.witness(name, key),
            [b"group", name, needed, members @ ..] => self.group(name, needed, members),
            [b"quorum", name] => self.end(name),
            _ => Err(
                "log <vkey> [url], witness <name> <vkey> [url], group <name> all|any|<k> <name>... or quorum <name>",
            ),
        }
    }

    fn log(&mut self, key: &[u8]) -> Result<(), &'static str> {
        const KEY: &str = "the public key of a log, <name>+<8 hex digits>+<base64>";
        let text = std::str::from_utf8(key).map_err(|_| KEY)?;
        let (name, _, bytes) = signed_note::key_fields(text, cosignature::KEY_BYTES_MAX).ok_or(KEY)?;
        let (kind, bytes) = bytes.split_first().filter(|(_, bytes)| !bytes.is_empty()).ok_or(KEY)?;
        let key = match VerifierKey::parse(text) {
            Ok(key) => Some(key),
            Err(_) if *kind == cosignature::ED25519 => return Err(KEY),
            // A log of another kind may have another kind of name; its key is not checked, and serves nothing here.
            Err(KeyError::Form { .. }) if Origin::parse(name).is_none() && bytes.len() == 32 => None,
            Err(_) if *kind == signed_note::ED25519 => return Err(KEY),
            Err(_) => None,
        };
        let logs = &mut self.policy.logs;
        if logs.iter().any(|log| log.bytes == bytes) {
            return Err("a key that no log before it has");
        }
        if logs.len() == COUNT_MAX {
            return Err("at most 256 logs");
        }
        logs.push(Log { bytes: bytes.to_vec(), key });
        Ok(())
    }

    fn witness(&mut self, name: &[u8], key: &[u8]) -> Result<(), &'static str> {
        let key = std::str::from_utf8(key).ok().and_then(WitnessKey::parse);
        let key = key.ok_or("the public key of a witness, <name>+<8 hex digits>+<base64>")?;
        let is_same = |rule: &Rule| matches!(rule, Rule::Witness(other) if other.bytes() == key.bytes());
        if self.policy.rules.iter().any(|(_, rule)| is_same(rule)) {
            return Err("a key that no witness before it has");
        }
        self.name(name, Rule::Witness(Box::new(key)))
    }

    fn group(&mut self, name: &[u8], needed: &[u8], members: &[&[u8]]) -> Result<(), &'static str> {
        let mut places = Vec::with_capacity(members.len());
        for member in members {
            let place = *self.places.get(*member).ok_or("members that are defined before")?;
            if self.members.contains(&place) {
                return Err("members that are in no group yet");
            }
            self.members.push(place);
            places.push(place);
        }
        let needed = match needed {
            b"all" => places.len(),
            b"any" => 1,
            number => {
                let number = std::str::from_utf8(number).ok().and_then(text::number);
                usize::try_from(number.ok_or("all, any or a number")?).map_err(|_| "all, any or a number")?
            }
        };
        if !(1..=places.len()).contains(&needed) {
            return Err("at least one member, and no more needed than there are");
        }
        self.name(name, Rule::Group { needed, members: places })
    }

    fn name(&mut self, name: &[u8], rule: Rule) -> Result<(), &'static str> {
        let rules = &mut self.policy.rules;
        if rules.len() == COUNT_MAX {
            return Err("at most 256 witnesses and groups");
        }
        if name == NONE || self.places.insert(name.to_vec(), rules.len()).is_some() {
            return Err("a name that nothing before it has, and not none");
        }
        rules.push((name.to_vec(), rule));
        Ok(())
    }

    /// The line quorum; lines that define logs and witnesses may come after it.
    fn end(&mut self, name: &[u8]) -> Result<(), &'static str> {
        if std::mem::replace(&mut self.quorum, true) {
            return Err("one line quorum and no other");
        }
        if name != NONE {
            self.policy.quorum = Some(*self.places.get(name).ok_or("none, or a name that is defined before")?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
