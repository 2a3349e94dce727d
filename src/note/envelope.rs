//! The envelope: a note without its text. Its plain SHA-256 is what the log and the post show.

use std::fmt;

use data_encoding::HEXLOWER;

use crate::base::hash::Hash;
use crate::base::ids::{Account, ConversationId, Origin, Source, SourceMessage};
use crate::base::text::{self, Lines, ParseError};
use crate::base::time::Time;
use crate::note::Salt;

/// The largest envelope, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 16 * 1024;

/// Most recipients that an envelope names.
pub const RECIPIENTS_MAX: usize = 64;

/// Who wrote to whom, when, and where it stands in its correspondence; the text is present only as a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The log that the note is sealed in.
    pub log: Origin,
    /// The note's number in that log, counted from 1 without gaps.
    pub note: u64,
    /// The account that sent it.
    pub from: Account,
    /// The accounts that it was addressed to, ascending by identifier, none twice.
    pub to: Vec<Account>,
    /// The platform's identifier of the conversation.
    pub conversation: ConversationId,
    /// The message, as its source names it.
    pub message: SourceMessage,
    /// When it was sent: the moment inside `message`; where that has none, what the source says.
    pub sent: Time,
    /// When the program first saw it.
    pub seen: Time,
    /// A round of a public beacon that was fetched before this envelope was made. None if none was at hand.
    pub beacon: Option<Beacon>,
    /// Its place among the notes of this conversation.
    pub correspondence: Correspondence,
    /// The SHA-256 of the content file.
    pub content: Hash,
    /// Random bytes, so that the commitment cannot be found by guessing.
    pub salt: Salt,
}

/// A round of a public randomness beacon (drand): whoever has it cannot have had it before it was published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beacon {
    /// The SHA-256 that names the chain.
    pub chain: Hash,
    /// The number of the round, from 1.
    pub round: u64,
    /// The signature over the round: what could not be known before.
    pub signature: [u8; 48],
}

/// A note's place among the notes of one conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Correspondence {
    /// Number of notes in this conversation, this one included: 1 for the first.
    pub count: u64,
    /// The commitment of the note before it; [`Hash::ZERO`] for the first.
    pub previous: Hash,
}

impl Envelope {
    /// Reads a whole envelope.
    ///
    /// # Errors
    /// If it is longer than [`ENVELOPE_BYTES_MAX`] or differs from the format in any byte.
    pub fn parse(bytes: &[u8]) -> Result<Envelope, ParseError> {
        let mut lines = Lines::new("envelope", bytes, ENVELOPE_BYTES_MAX)?;
        if lines.next("verbale envelope v1")? != "verbale envelope v1" {
            return Err(lines.error("verbale envelope v1"));
        }
        let source = lines.field("source")?;
        let source = lines.value("source x-dm|x-chat", Source::parse(source))?;
        let log = lines.field("log")?;
        let log = lines.value("log <origin>", Origin::parse(log))?;
        let note = lines.field("note")?;
        let note = lines.value("note <number from 1>", text::number(note).filter(|&n| 0 < n))?;
        let from = lines.field("from")?;
        let from = lines.value("from <account id> <name>", Account::parse(from))?;
        let to = recipients(&mut lines)?;
        let conversation = lines.field("conversation")?;
        let conversation = ConversationId::parse(conversation).filter(|conversation| source.has(conversation));
        let conversation = lines.value("conversation <id>", conversation)?;
        let message = lines.field("message")?;
        let message = lines.value("message <id>", SourceMessage::parse(source, message))?;
        let sent = lines.field("sent")?;
        let sent = lines.value("sent <time>", text::time(sent))?;
        let seen = lines.field("seen")?;
        let seen = lines.value("seen <time>", text::time(seen))?;
        let beacon = Beacon::read(&mut lines)?;
        let place = lines.field("correspondence")?;
        let correspondence = lines.value(Correspondence::FORM, Correspondence::parse(place))?;
        let content = lines.field("content")?;
        let content = lines.value("content <64 hex digits>", text::hash(content))?;
        let salt = lines.field("salt")?;
        let salt = lines.value("salt <64 hex digits>", text::hash(salt).map(Salt::from))?;
        lines.end()?;
        Ok(Envelope { log, note, from, to, conversation, message, sent, seen, beacon, correspondence, content, salt })
    }

    /// The file's whole text. Reading and writing a file gives the same bytes.
    pub fn to_text(&self) -> String {
        let recipients: String = self.to.iter().map(|account| format!("to {account}\n")).collect();
        let beacon = self.beacon.as_ref().map(|beacon| format!("beacon {beacon}\n")).unwrap_or_default();
        format!(
            "verbale envelope v1\nsource {}\nlog {}\nnote {}\nfrom {}\n{recipients}conversation {}\nmessage {}\nsent {}\n\
             seen {}\n{beacon}correspondence {} {}\ncontent {}\nsalt {}\n",
            self.message.source().as_str(),
            self.log,
            self.note,
            self.from,
            self.conversation,
            self.message,
            self.sent,
            self.seen,
            self.correspondence.count,
            self.correspondence.previous,
            self.content,
            self.salt.to_hex(),
        )
    }

    /// The commitment: the SHA-256 of the file's bytes.
    pub fn commitment(&self) -> Hash {
        Hash::of(self.to_text().as_bytes())
    }
}

/// Shows the number alone: the rest is private until somebody opens it.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("note", &self.note).finish_non_exhaustive()
    }
}

impl Beacon {
    fn read(lines: &mut Lines<'_>) -> Result<Option<Beacon>, ParseError> {
        if !lines.at("beacon") {
            return Ok(None);
        }
        let beacon = lines.field("beacon")?;
        lines
            .value("beacon <chain, 64 hex digits> <round from 1> <signature, 96 hex digits>", Beacon::parse(beacon))
            .map(Some)
    }

    fn parse(text: &str) -> Option<Beacon> {
        let [chain, round, signature] = text::words(text)?;
        let signature = HEXLOWER.decode(signature.as_bytes()).ok()?.try_into().ok()?;
        let round = text::number(round).filter(|&round| 0 < round)?;
        Some(Beacon { chain: text::hash(chain)?, round, signature })
    }
}

/// Chain, round and signature, as the line has them.
impl fmt::Display for Beacon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.chain, self.round, HEXLOWER.encode(&self.signature))
    }
}

impl Correspondence {
    const FORM: &str = "correspondence <count from 1> <64 hex digits, all zero if and only if the count is 1>";

    /// The first note of a conversation.
    pub const FIRST: Correspondence = Correspondence { count: 1, previous: Hash::ZERO };

    fn parse(text: &str) -> Option<Correspondence> {
        let [count, previous] = text::words(text)?;
        let (count, previous) = (text::number(count)?, text::hash(previous)?);
        let valid = 0 < count && (count == 1) == (previous == Hash::ZERO);
        valid.then_some(Correspondence { count, previous })
    }
}

fn recipients(lines: &mut Lines<'_>) -> Result<Vec<Account>, ParseError> {
    const EXPECTED: &str = "1 to 64 lines `to <account id> <name>`, ascending by id";
    let mut to: Vec<Account> = Vec::new();
    while to.is_empty() || lines.at("to") {
        let account = lines.field("to")?;
        let account = lines.value(EXPECTED, Account::parse(account))?;
        let in_order = to.last().is_none_or(|before| before.id < account.id);
        if !in_order || to.len() == RECIPIENTS_MAX {
            return Err(lines.error(EXPECTED));
        }
        to.push(account);
    }
    Ok(to)
}
