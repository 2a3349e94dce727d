//! What a witness adds to a checkpoint that it saw: a signature with a time, after C2SP tlog-cosignature v1.0.1. Only
//! Ed25519 is checked. Keys of other types are read, but what they sign is not understood.

use ed25519_dalek::{Verifier, VerifyingKey};

use super::signed_note::{self, SignedNote};
use crate::base::hash::Hash;
use crate::base::time::Time;

/// The type byte of an Ed25519 key that cosigns.
pub const ED25519: u8 = 4;

/// The types of signed-note whose keys cosign nothing.
const OTHERS: [u8; 4] = [1, 2, 3, 5];

/// The longest key in text form that is read, in bytes: one of type 6 has 1,312 bytes before base64.
pub const KEY_BYTES_MAX: usize = 4096;

/// The public key of a witness.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WitnessKey {
    name: String,
    id: [u8; 4],
    kind: u8,
    bytes: Vec<u8>,
    /// None for a key of another type.
    ed25519: Option<VerifyingKey>,
}

/// What a checkpoint shows of one witness.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cosigned {
    /// It saw this head, and none that contradicts it. The moment is by its own clock; the first one if there are
    /// several.
    At(Time),
    /// The same, at a moment at which there was no such head yet: it counts for nothing.
    Early(Time),
    /// No line is by its key.
    Not,
    /// A line has the key's name and id, and no such line has a signature that is valid.
    Wrong,
    /// Its key is of a type that is not checked: nothing is known.
    Type(u8),
}

impl WitnessKey {
    /// Reads a key in the text form of signed-note, without LF. If the key is of another type, only its form is
    /// checked.
    pub fn parse(text: &str) -> Option<WitnessKey> {
        let (name, id, bytes) = signed_note::key_fields(text, KEY_BYTES_MAX)?;
        let (kind, key) = bytes.split_first()?;
        if OTHERS.contains(kind) || key.is_empty() {
            return None;
        }
        let mut ed25519 = None;
        if *kind == ED25519 {
            let key = signed_note::usable(key.try_into().ok()?)?;
            if !Hash::of_parts(&[name.as_bytes(), b"\n", &bytes]).as_bytes().starts_with(&id) {
                return None;
            }
            ed25519 = Some(key);
        }
        Some(WitnessKey { name: name.to_owned(), id, kind: *kind, bytes: key.to_vec(), ed25519 })
    }

    /// The public key's bytes. Two keys with the same bytes are the same key, whatever their names.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether this witness signed the checkpoint, and when.
    pub fn cosigned(&self, checkpoint: &SignedNote) -> Cosigned {
        let Some(key) = self.ed25519 else { return Cosigned::Type(self.kind) };
        let lines = checkpoint.signatures().iter().filter(|line| line.name() == self.name && line.id() == self.id);
        lines
            .map(|line| moment(&key, line.bytes(), checkpoint.text()))
            .fold(Cosigned::Not, |seen, time| seen.or(time.map_or(Cosigned::Wrong, Cosigned::At)))
    }
}

impl Cosigned {
    /// What two signatures of one witness come to: the earlier moment of those that are valid.
    #[must_use]
    pub fn or(self, other: Cosigned) -> Cosigned {
        match (self, other) {
            (Cosigned::At(one), Cosigned::At(two)) => Cosigned::At(one.min(two)),
            (Cosigned::At(_), _) | (_, Cosigned::Not) => self,
            (_, Cosigned::At(_)) | (Cosigned::Not, _) => other,
            _ => self,
        }
    }

    /// The same, if there was such a head by then only from that moment on.
    #[must_use]
    pub fn not_before(self, first: Time) -> Cosigned {
        match self {
            Cosigned::At(time) if time < first => Cosigned::Early(time),
            other => other,
        }
    }
}

/// The last second of the year 9998: what is later is no moment.
const SECONDS_MAX: u64 = 253_370_764_799;

/// The moment that is signed with the text. None if the signature has another form or is not valid.
fn moment(key: &VerifyingKey, signature: &[u8], text: &str) -> Option<Time> {
    let (seconds, signature) = signature.split_first_chunk()?;
    let seconds = u64::from_be_bytes(*seconds);
    if SECONDS_MAX < seconds {
        return None;
    }
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    key.verify(format!("cosignature/v1\ntime {seconds}\n{text}").as_bytes(), &signature).ok()?;
    Some(Time::from_ms(seconds as i64 * 1000))
}

#[cfg(test)]
mod tests;
