//! Two versions of one note: whoever has sealed both could open the better one later. Opened envelopes are compared with
//! each other, in any order.

use std::collections::BTreeMap;

use crate::base::hash::Hash;
use crate::base::ids::ConversationId;
use crate::note::Envelope;

/// The opened envelopes so far.
#[derive(Clone, Default, Debug)]
pub(super) struct Versions {
    /// The note of each message.
    messages: BTreeMap<String, u64>,
    /// For each conversation, its places that are known.
    conversations: BTreeMap<String, Places>,
}

/// The places of one conversation.
#[derive(Clone, Default, Debug)]
struct Places {
    /// By the count of notes.
    known: BTreeMap<u64, Place>,
    /// The note that comes directly after the one with this commitment.
    after: BTreeMap<Hash, u64>,
}

/// A note at its place.
#[derive(Clone, Copy, Debug)]
struct Place {
    note: u64,
    count: u64,
    previous: Hash,
    commitment: Hash,
}

/// The name of an envelope's conversation, which is the same for all envelopes of that conversation: those who talk may stand
/// in either order.
pub(super) fn conversation(envelope: &Envelope) -> String {
    let named = &envelope.conversation;
    named.pair().map_or_else(|| named.to_string(), |(one, other)| ConversationId::between(one, other).to_string())
}

/// The name of an envelope's message, in whatever case its maker wrote it.
fn message(envelope: &Envelope) -> String {
    envelope.message.to_string().to_ascii_lowercase()
}

impl Versions {
    /// Takes the envelope of another note.
    ///
    /// # Errors
    /// If it cannot be true beside those that were taken before: then it is left out.
    pub(super) fn take(&mut self, envelope: &Envelope, commitment: Hash) -> Result<(), String> {
        let note = envelope.note;
        let message = message(envelope);
        if let Some(other) = self.messages.get(&message) {
            let (first, second) = in_order(*other, note);
            return Err(format!("notes {first} and {second} are two versions of one: both are message {message}"));
        }
        let place = envelope.correspondence;
        let place = Place { note, count: place.count, previous: place.previous, commitment };
        self.conversations.entry(conversation(envelope)).or_default().take(place)?;
        self.messages.insert(message, note);
        Ok(())
    }
}

impl Places {
    fn take(&mut self, place: Place) -> Result<(), String> {
        if let Some(other) = self.known.get(&place.count) {
            let (first, second) = in_order(other.note, place.note);
            let count = place.count;
            return Err(format!(
                "notes {first} and {second} both say that they are number {count} of their conversation"
            ));
        }
        if let Some(other) = self.after.get(&place.previous).filter(|_| place.previous != Hash::ZERO) {
            let (first, second) = in_order(*other, place.note);
            return Err(format!(
                "notes {first} and {second} of one conversation both say that they come directly after the same note"
            ));
        }
        let before = self.known.range(..place.count).next_back().map(|(_, before)| *before);
        let after = self.known.range(place.count..).next().map(|(_, after)| *after);
        before.map_or(Ok(()), |before| follow(before, place))?;
        after.map_or(Ok(()), |after| follow(place, after))?;
        self.known.insert(place.count, place);
        self.after.insert(place.previous, place.note);
        Ok(())
    }
}

/// Two notes of one conversation, the first with the lower count.
fn follow(first: Place, second: Place) -> Result<(), String> {
    if second.note <= first.note {
        return Err(format!(
            "note {} says that it is number {} of its conversation, and note {}, sealed after it, that it is number {}",
            second.note, second.count, first.note, first.count
        ));
    }
    if first.count.checked_add(1) == Some(second.count) && second.previous != first.commitment {
        return Err(format!(
            "note {} says that it is number {} of its conversation, and does not name note {}, which is number {}",
            second.note, second.count, first.note, first.count
        ));
    }
    Ok(())
}

fn in_order(one: u64, other: u64) -> (u64, u64) {
    (one.min(other), one.max(other))
}

/// Whether it is the envelope of another version of the formats.
pub(super) fn is_of_another_version(bytes: &[u8]) -> bool {
    let version = bytes.strip_prefix(b"verbale envelope v").and_then(|rest| rest.split(|byte| *byte == b'\n').next());
    version.is_some_and(|version| version != b"1" && !version.is_empty() && version.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests;
