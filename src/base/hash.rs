//! SHA-256 values: made, written, read.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};

/// A SHA-256 value of 32 bytes: a commitment, a leaf, a node or the root of a tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Thirty-two zero bytes, which stand for "none before" in a correspondence.
    pub const ZERO: Hash = Hash([0; 32]);

    /// The hash with exactly these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Hash {
        Hash(bytes)
    }

    /// SHA-256 of `bytes`: what `sha256sum` prints of a file that holds them.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }

    /// SHA-256 of the parts, one directly after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Hash {
        let mut sha = Sha256::new();
        for part in parts {
            sha.update(part);
        }
        Hash(sha.finalize().into())
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 lower-case hexadecimal digits, and nothing else.
    pub fn from_hex(text: &str) -> Option<Hash> {
        let mut bytes = [0; 32];
        let fits = text.len() == 2 * bytes.len();
        (fits && HEXLOWER.decode_mut(text.as_bytes(), &mut bytes).is_ok()).then_some(Hash(bytes))
    }

    /// Reads 44 characters of padded standard base64 (RFC 4648, section 4), and nothing else.
    pub fn from_base64(text: &str) -> Option<Hash> {
        Some(Hash(base64(text)?.try_into().ok()?))
    }

    /// 44 characters of padded standard base64 (RFC 4648, section 4), as checkpoints write it.
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }
}

/// The bytes of a text that is the only way to write them: standard base64 with padding (RFC 4648, section 4). The
/// library alone would accept several padded pieces one after the other.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).ok().filter(|bytes| BASE64.encode(bytes) == text)
}

/// 64 lower-case hexadecimal digits, as `sha256sum` prints them.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// As it is displayed.
impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Hash::from_hex(&text).ok_or_else(|| serde::de::Error::custom("a hash is 64 lower-case hexadecimal digits"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
