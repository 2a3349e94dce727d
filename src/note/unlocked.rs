//! `note-<n>.unlocked.txt`: the text of a note that was sealed unread, and what makes it readable.

use crate::base::hash::Hash;
use crate::base::text::{self, Lines, ParseError};
use crate::note::content::{CONTENT_BYTES_MAX, last_text};
use crate::note::{Salt, redacted};

/// The longest file, in bytes.
pub const UNLOCKED_BYTES_MAX: usize = CONTENT_BYTES_MAX;

/// A text that became readable after its note was sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct Unlocked {
    /// Random bytes of its own.
    pub salt: Salt,
    /// The key that opens this message alone.
    pub subkey: Subkey,
    /// The text.
    pub text: String,
}

/// The 32 bytes that open one encrypted message, and no other. Private until they are opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Subkey(pub [u8; 32]);

impl Unlocked {
    /// Reads a whole file.
    ///
    /// # Errors
    /// If it is longer than [`UNLOCKED_BYTES_MAX`] or differs from the format in any byte.
    pub fn parse(bytes: &[u8]) -> Result<Unlocked, ParseError> {
        let mut lines = Lines::new("unlocked text", bytes, UNLOCKED_BYTES_MAX)?;
        if lines.next("verbale unlocked v1")? != "verbale unlocked v1" {
            return Err(lines.error("verbale unlocked v1"));
        }
        let salt = lines.field("salt")?;
        let salt = lines.value("salt <64 hex digits>", text::hash(salt).map(Salt::from))?;
        let subkey = lines.field("subkey")?;
        let subkey = lines.value("subkey <64 hex digits>", text::hash(subkey).map(Subkey::from))?;
        let len = lines.field("text")?;
        let len = lines.value("text <length in bytes>", text::number(len).and_then(|n| usize::try_from(n).ok()))?;
        let text = last_text(&mut lines, len)?;
        lines.end()?;
        Ok(Unlocked { salt, subkey, text })
    }

    /// The file's whole text. Reading and writing a file gives the same bytes.
    pub fn to_text(&self) -> String {
        let (salt, subkey, text) = (self.salt.to_hex(), self.subkey.to_hex(), &self.text);
        format!("verbale unlocked v1\nsalt {salt}\nsubkey {subkey}\ntext {}\n{text}\n", text.len())
    }
}

impl Subkey {
    /// Reads `note-<n>.subkey.txt`: 64 lower-case hexadecimal digits and LF.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn parse(bytes: &[u8]) -> Result<Subkey, ParseError> {
        const FORM: &str = "64 hex digits";
        let mut lines = Lines::new("subkey", bytes, 65)?;
        let line = lines.next(FORM)?;
        let subkey = lines.value(FORM, text::hash(line).map(Subkey::from))?;
        lines.end()?;
        Ok(subkey)
    }

    /// The file's whole text. Reading and writing a file gives the same bytes.
    pub fn to_text(self) -> String {
        format!("{}\n", self.to_hex())
    }

    /// What a content says of it: the SHA-256 of the content's salt and this key.
    pub fn hash(&self, salt: &Salt) -> Hash {
        Hash::of_parts(&[salt.as_bytes(), &self.0])
    }

    fn to_hex(self) -> String {
        Hash::from_bytes(self.0).to_string()
    }
}

/// A hash and a key are written alike.
impl From<Hash> for Subkey {
    fn from(hash: Hash) -> Subkey {
        Subkey(*hash.as_bytes())
    }
}

redacted!(Unlocked, Subkey);
