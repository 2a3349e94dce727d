//! Signed text with the keys that sign and check it, after C2SP signed-note v1.0.0. Ed25519 today; signature lines of
//! other kinds and other keys are kept, and ignored when it is checked.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer, SigningKey, Verifier, VerifyingKey};

use crate::base::hash::{Hash, base64};
use crate::base::ids::Origin;
use crate::base::text::ParseError;

/// The largest signed note that is read, in bytes.
pub const BYTES_MAX: usize = 64 * 1024;

/// Most signature lines that are read. C2SP asks for 16 or more.
pub const SIGNATURES_MAX: usize = 64;

/// The longest key in text form that is read, in bytes.
const KEY_BYTES_MAX: usize = 512;

/// The type byte of Ed25519 in keys.
pub(super) const ED25519: u8 = 1;

const FORMAT: &str = "signed note";
const DASH: &str = "\u{2014} ";

/// Why a key could not be read. The key itself is never in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It does not have the form, or its name is none that we allow.
    #[error("not a key of the form {expected}")]
    Form {
        /// The form.
        expected: &'static str,
    },
    /// It is made for another way of signing.
    #[error("the key's type is {0}, and only type 1, Ed25519, can be used")]
    Type(u8),
    /// The part that identifies the key does not fit the key: one of its parts has been altered.
    #[error("the key's id does not fit its name and bytes: one of them has been altered")]
    Id,
    /// The bytes are no public key in its canonical form, or one under which anybody can sign.
    #[error("the bytes are no usable Ed25519 public key")]
    Unusable,
}

/// Why the signatures do not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A line with the name and id of a known key does not fit the text.
    #[error("the signature of {key} does not fit the text")]
    Wrong {
        /// Name and id of the key.
        key: String,
    },
    /// No line is by a known key.
    #[error("there is no signature by a known key, {known}")]
    Unknown {
        /// Names and ids of the keys that would do.
        known: String,
    },
}

/// The public key of a log, with which everybody can check what it signed.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: Origin,
    id: [u8; 4],
    key: VerifyingKey,
}

impl VerifierKey {
    const FORM: KeyError = KeyError::Form { expected: "<name>+<8 hex digits>+<base64>" };

    fn new(name: Origin, key: VerifyingKey) -> VerifierKey {
        let [a, b, c, d, ..] =
            *Hash::of_parts(&[name.as_str().as_bytes(), b"\n", &[ED25519], key.as_bytes()]).as_bytes();
        VerifierKey { name, id: [a, b, c, d], key }
    }

    /// Reads a key in the text form of signed-note, without LF.
    ///
    /// # Errors
    /// If it has another form, is of another type, its id does not fit, or it is no usable key.
    pub fn parse(text: &str) -> Result<VerifierKey, KeyError> {
        let (name, id, bytes) = fields(text).ok_or(VerifierKey::FORM)?;
        let bytes = ed25519_bytes(&bytes, VerifierKey::FORM)?;
        let key = VerifierKey::new(name, usable(&bytes).ok_or(KeyError::Unusable)?);
        if key.id == id { Ok(key) } else { Err(KeyError::Id) }
    }

    /// The key's name: the origin of the log that signs with it.
    pub fn name(&self) -> &Origin {
        &self.name
    }

    /// The key's id: the first four bytes of a hash of name, type and key. It distinguishes keys, and secures nothing.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Name and id, `embassy.example/notes+530d903a`: enough to tell keys apart, and not the key.
    pub fn name_and_id(&self) -> String {
        format!("{}+{}", self.name, HEXLOWER.encode(&self.id))
    }

    /// Whether it is the same key, whatever its name: then its holder is the same.
    pub fn is_same_key(&self, other: &VerifierKey) -> bool {
        self.key == other.key
    }

    /// The 32 bytes of the key itself.
    pub fn bytes(&self) -> &[u8] {
        self.key.as_bytes()
    }

    fn made(&self, signature: &Signature, text: &str) -> bool {
        ed25519_dalek::Signature::from_slice(&signature.bytes)
            .is_ok_and(|signature| self.key.verify(text.as_bytes(), &signature).is_ok())
    }
}

/// The public key with these bytes, if they are the canonical form of a point that is not of small order. Under a key of small
/// order anybody can sign.
pub(super) fn usable(bytes: &[u8; 32]) -> Option<VerifyingKey> {
    let key = VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak())?;
    (key.to_edwards().compress().as_bytes() == bytes).then_some(key)
}

/// The key in the text form of signed-note: name, id and key.
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}", self.name_and_id(), BASE64.encode(&bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The secret key of a log. It is overwritten in memory when it is dropped, and never shown by `Debug`.
#[derive(Clone)]
pub struct LogKey {
    public: VerifierKey,
    secret: SigningKey,
}

impl LogKey {
    const FORM: KeyError = KeyError::Form { expected: "PRIVATE+KEY+<name>+<8 hex digits>+<base64>" };

    /// The key that is derived from 32 random bytes.
    pub fn from_seed(name: Origin, seed: [u8; 32]) -> LogKey {
        let secret = SigningKey::from_bytes(&seed);
        LogKey { public: VerifierKey::new(name, secret.verifying_key()), secret }
    }

    /// Reads a key file: one line in the form of Go's `sumdb/note`, its LF included.
    ///
    /// # Errors
    /// If it has another form, is of another type, or its id does not fit.
    pub fn parse(file: &[u8]) -> Result<LogKey, KeyError> {
        let line = std::str::from_utf8(file).ok().and_then(|text| text.strip_suffix('\n')).ok_or(LogKey::FORM)?;
        let line = line.strip_prefix("PRIVATE+KEY+").ok_or(LogKey::FORM)?;
        let (name, id, bytes) = fields(line).ok_or(LogKey::FORM)?;
        let key = LogKey::from_seed(name, ed25519_bytes(&bytes, LogKey::FORM)?);
        if key.public.id == id { Ok(key) } else { Err(KeyError::Id) }
    }

    /// The key file, which [`LogKey::parse`] reads. It is secret.
    pub fn to_file(&self) -> String {
        let bytes = [&[ED25519], self.secret.as_bytes().as_slice()].concat();
        format!("PRIVATE+KEY+{}+{}\n", self.public.name_and_id(), BASE64.encode(&bytes))
    }

    /// The public key.
    pub fn vkey(&self) -> VerifierKey {
        self.public.clone()
    }

    /// The key's name: the origin of the log that signs with it.
    pub fn name(&self) -> &Origin {
        &self.public.name
    }

    /// The whole signed note: the text, an empty line, and one signature line. The same text gives the same bytes.
    ///
    /// The text ends in LF and has no other control characters; [`SignedNote::parse`] refuses what was made of another.
    pub fn sign(&self, text: &str) -> String {
        format!("{text}\n{}", self.signature(text))
    }

    /// The signature alone, to be added to a note that others have signed.
    pub fn signature(&self, text: &str) -> Signature {
        let bytes = self.secret.sign(text.as_bytes()).to_bytes().to_vec();
        Signature { name: self.public.name.to_string(), id: self.public.id, bytes }
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({}, secret)", self.public.name_and_id())
    }
}

/// One signature line, of any key and any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl Signature {
    /// The name of the key: no space, no `+`, otherwise any Unicode.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The signature that the key made, of any kind.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads a line without its LF.
    fn parse(line: &str) -> Option<Signature> {
        let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = base64(encoded)?;
        let (id, bytes) = bytes.split_first_chunk()?;
        (is_name(name) && !bytes.is_empty()).then(|| Signature {
            name: name.to_owned(),
            id: *id,
            bytes: bytes.to_vec(),
        })
    }
}

/// The line with its LF.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id, self.bytes.as_slice()].concat();
        writeln!(f, "{DASH}{} {}", self.name, BASE64.encode(&bytes))
    }
}

/// A text and its signatures, well formed but not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<Signature>,
}

impl SignedNote {
    /// Reads a signed note: a text that ends in LF, an empty line, and 1 to [`SIGNATURES_MAX`] signature lines. The text may
    /// hold empty lines itself: the last one parts it from the signatures.
    ///
    /// # Errors
    /// If it is longer than [`BYTES_MAX`], not UTF-8, has a control character other than LF, or another form.
    pub fn parse(bytes: &[u8]) -> Result<SignedNote, ParseError> {
        if BYTES_MAX < bytes.len() {
            return Err(ParseError::TooLarge { format: FORMAT, size: bytes.len(), limit: BYTES_MAX });
        }
        let whole = std::str::from_utf8(bytes).map_err(|e| fault(&bytes[..e.valid_up_to()], "UTF-8 text"))?;
        if let Some(at) = bytes.iter().position(|&b| b < b' ' && b != b'\n') {
            return Err(fault(&bytes[..at], "a line without control characters"));
        }
        let split = whole.rfind("\n\n").ok_or(fault(bytes, "an empty line before the signatures"))? + 1;
        let (text, lines) = (&whole[..split], &whole[split + 1..]);
        let mut signatures = Vec::new();
        let mut read = split + 1;
        for line in lines.split_inclusive('\n') {
            let signature = line.strip_suffix('\n').and_then(Signature::parse);
            signatures.push(signature.ok_or(fault(&bytes[..read], "a signature line"))?);
            if SIGNATURES_MAX < signatures.len() {
                return Err(fault(&bytes[..read], "at most 64 signature lines"));
            }
            read += line.len();
        }
        if signatures.is_empty() {
            return Err(fault(bytes, "a signature line"));
        }
        Ok(SignedNote { text: text.to_owned(), signatures })
    }

    /// The text that was signed, its last LF included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order, those of unknown keys too.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Checks the signatures by the known keys, and returns the keys that signed: at least one. Lines by other keys are
    /// ignored.
    ///
    /// # Errors
    /// If a line with the name and id of a known key does not fit the text, or no line has them.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, SignatureError> {
        let mut signers = Vec::new();
        for key in known {
            let mut lines = self.signatures.iter().filter(|line| line.name == key.name.as_str() && line.id == key.id);
            let Some(first) = lines.next() else { continue };
            if !(key.made(first, &self.text) && lines.all(|line| key.made(line, &self.text))) {
                return Err(SignatureError::Wrong { key: key.name_and_id() });
            }
            signers.push(key);
        }
        if signers.is_empty() {
            let names: Vec<String> = known.iter().map(VerifierKey::name_and_id).collect();
            return Err(SignatureError::Unknown { known: names.join(", ") });
        }
        Ok(signers)
    }
}

/// The bytes that [`SignedNote::parse`] read.
impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

/// The error that something else was expected after the bytes that were `read`.
fn fault(read: &[u8], expected: &'static str) -> ParseError {
    let line = 1 + read.iter().filter(|&&b| b == b'\n').count();
    ParseError::Line { format: FORMAT, line, expected }
}

/// Name, id, and the decoded bytes of `<name>+<8 hex digits>+<base64>`.
fn fields(text: &str) -> Option<(Origin, [u8; 4], Vec<u8>)> {
    let (name, id, bytes) = key_fields(text, KEY_BYTES_MAX)?;
    Some((Origin::parse(name)?, id, bytes))
}

/// The same for a key of any type and with any name that signed-note allows, at most `bytes_max` bytes long.
pub(super) fn key_fields(text: &str, bytes_max: usize) -> Option<(&str, [u8; 4], Vec<u8>)> {
    if bytes_max < text.len() {
        return None;
    }
    let (name, rest) = text.split_once('+')?;
    let (id, bytes) = rest.split_once('+')?;
    let id = HEXLOWER.decode(id.as_bytes()).ok()?.try_into().ok()?;
    if is_name(name) { Some((name, id, base64(bytes)?)) } else { None }
}

/// Whether signed-note allows a key this name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('+') && !name.contains(char::is_whitespace)
}

/// The 32 bytes after the type byte of Ed25519.
fn ed25519_bytes(bytes: &[u8], form: KeyError) -> Result<[u8; 32], KeyError> {
    match bytes {
        [ED25519, key @ ..] => key.try_into().map_err(|_| form),
        [other, ..] => Err(KeyError::Type(*other)),
        [] => Err(form),
    }
}

#[cfg(test)]
mod tests;
