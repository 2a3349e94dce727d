//! What a published log shows of the notes near one, as numbers and in words.

use std::fmt;

use serde::Serialize;

use crate::base::text;
use crate::verify::check::Check;

/// What a published log shows of the notes near one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Neighbours {
    /// Number of entries in the log.
    pub size: u64,
    /// Those in the same conversation.
    pub conversation: Conversation,
    /// Those that were sealed within 24 hours before or after it.
    pub day: Others,
    /// Those that were sealed before it was opened in public; if it was not, all of the log.
    pub choice: Choice,
    /// Number of notes that the log says are opened, and whose envelope is not published: they count as not opened.
    pub envelopes_missing: u64,
    /// What the log shows of a head that the reader kept, if one was given.
    #[serde(skip)]
    pub kept: Option<Check>,
}

/// Notes of one conversation.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Conversation {
    /// Number of earlier notes, by the envelope.
    pub before: u64,
    /// Number of these that are opened.
    pub before_opened: u64,
    /// Number of these that are not.
    pub before_unopened: u64,
    /// Number of later notes that are opened. Only the sender knows how many there are.
    pub after_opened: u64,
}

/// The notes among which the sender could choose when it opened one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Choice {
    /// The first entry that opens the note. None if there is none.
    pub opened_by_entry: Option<u64>,
    /// The others that were sealed by then.
    #[serde(flatten)]
    pub others: Others,
}

/// Other notes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Others {
    /// Number of notes.
    pub notes: u64,
    /// Number of these that are opened.
    pub opened: u64,
    /// Number of these that are not.
    pub unopened: u64,
}

impl Others {
    pub(super) fn of(notes: u64, opened: u64) -> Others {
        Others { notes, opened, unopened: notes.saturating_sub(opened) }
    }
}

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notes = text::count(self.notes, "other note", "other notes");
        write!(f, "{notes}, {} opened in public, {} not", self.opened, self.unopened)
    }
}

impl Neighbours {
    /// What the counts show of the order.
    pub(super) fn shown(&self) -> [String; 4] {
        let Conversation { before, before_opened, before_unopened, .. } = self.conversation;
        let others = self.choice.others;
        [
            "in the published log no number is missing or given twice".to_owned(),
            format!(
                "before it in this conversation: {}, {before_opened} opened in public, {before_unopened} not",
                text::count(before, "note", "notes")
            ),
            match self.choice.opened_by_entry {
                Some(index) => format!("sealed before it was opened in public, by entry {index}: {others}"),
                None => format!("sealed in the whole log, since it is not opened in public: {others}"),
            },
            format!("sealed within 24 hours before or after it: {}", self.day),
        ]
    }

    /// What they do not show of it.
    pub(super) fn not_shown(&self) -> Vec<String> {
        let after = self.conversation.after_opened;
        let mut lines = match self.choice.others.unopened {
            0 => Vec::new(),
            unopened => vec![format!(
                "that it is the only version, and that the order is right: these are the sender's word as long as {} of those \
                 sealed before it was opened {} not opened",
                unopened,
                if unopened == 1 { "is" } else { "are" }
            )],
        };
        lines.extend([
            "what the notes before and after it say".to_owned(),
            format!(
                "how many notes came after it in this conversation: only opened ones can be known, and there are {after}"
            ),
        ]);
        if 0 < self.envelopes_missing {
            let missing = self.envelopes_missing;
            lines.push(format!(
                "what {missing} notes are that the log calls opened, and of which nothing is published: they count as not opened"
            ));
        }
        lines
    }
}
