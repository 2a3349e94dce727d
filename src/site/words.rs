//! The words of the pages and of the feed; the pages themselves hold structure only. A language is added beside this file.
//!
//! A sentence with a link or a value in it is a function that takes them, so that another language may put them elsewhere.
//! How a note stands is said in [`wording::standing`](crate::wording::standing).

use maud::{Markup, html};

/// The language that all of this is in (BCP 47).
pub(super) const LANGUAGE: &str = "en";

/// What is around every page.
pub(super) mod frame {
    use super::*;

    pub(crate) const TO_THE_CONTENTS: &str = "To the contents";
    pub(crate) const SITE: &str = "Site";
    pub(crate) const NEWEST: &str = "Newest";
    pub(crate) const ALL_NOTES: &str = "All notes";
    pub(crate) const GAPS_AND_LOSSES: &str = "Gaps and losses";
    pub(crate) const CHECK_A_PROOF: &str = "Check a proof";
    pub(crate) const THE_FEED: &str = "Notes, openings, disputes, gaps";
    pub(crate) const ATOM_FEED: &str = "Atom feed";
    pub(crate) const ALL_TIMES_ARE_UTC: &str = "All times are UTC.";

    /// Where the log stands as data, and how to follow it: all four are links.
    pub(crate) fn as_data(checkpoint: Markup, log_txt: Markup, tiles: Markup, feed: Markup) -> Markup {
        html! { "The log as data: " (checkpoint) ", " (log_txt) ", tiles (" (tiles) "). Follow it: " (feed) "." }
    }

    pub(crate) fn public_key(vkey: Markup) -> Markup {
        html! { "Its public key: " (vkey) }
    }
}

/// A note, or another entry of the log, among others.
pub(super) mod row {
    use super::*;
    use crate::base::ids::PublicPost;
    use crate::base::text;
    use crate::tlog::entry::{Entry, Level, Loss, StampKind};

    /// As the title of a page, and as a link at the beginning of a line.
    pub(crate) fn note(note: u64) -> String {
        format!("Note {note}")
    }

    /// As the title of a page, and as the beginning of one in the feed.
    pub(crate) fn notes(first: u64, last: u64) -> String {
        format!("Notes {first}–{last}")
    }

    /// In a sentence.
    pub(crate) fn note_inside(note: u64) -> String {
        format!("note {note}")
    }

    /// In a sentence.
    pub(crate) fn notes_inside(first: u64, last: u64) -> String {
        format!("notes {first}–{last}")
    }

    pub(crate) fn post(post: PublicPost) -> String {
        format!("post {post}")
    }

    /// What a post is for if it shows several notes, behind its link.
    pub(crate) fn for_notes(first: u64, last: u64) -> String {
        format!(" for {}", notes_inside(first, last))
    }

    /// What an entry is, at the beginning of what it says.
    pub(crate) fn kind(entry: &Entry) -> &'static str {
        match entry {
            Entry::Gap { .. } => "Gap. ",
            Entry::Lost { .. } => "Post lost. ",
            Entry::Open { .. } => "Opened. ",
            Entry::Dispute { .. } => "Disputed. ",
            Entry::Receipt { .. } => "Received. ",
            Entry::Key { .. } => "Key. ",
            Entry::Stamp { .. } => "Time stamp. ",
            Entry::Unlock { .. } => "Text read. ",
            Entry::Post { .. } => "Posted again. ",
            Entry::Note { .. } => "Out of order. ",
            Entry::Unknown { .. } => "Unknown. ",
        }
    }

    pub(crate) fn gap(from: Markup, to: Markup, reason: Markup) -> Markup {
        html! { "From " (from) " to " (to) " messages may have been missed: " (reason) "." }
    }

    /// Of a gap that has not ended.
    pub(crate) fn lasting(from: Markup, reason: Markup) -> Markup {
        html! { strong { "Messages may be missing now. " } "From " (from) " on: " (reason) "." }
    }

    pub(crate) fn lost(post: Markup, how: Loss) -> Markup {
        let became = match how {
            Loss::Deleted => "the platform says that it does not exist any more",
            Loss::Edited => "it has other words now",
            Loss::Hidden => "the platform shows it only to some",
            Loss::Unreadable => "the platform does not show it, and does not say why",
        };
        html! { (post) ": " (became) ". The log stands without it." }
    }

    pub(crate) fn opened(level: Level, sha256: Markup) -> Markup {
        html! { "The " (level) " was made public: SHA-256 " (sha256) }
    }

    pub(crate) fn disputed(post: Markup) -> Markup {
        html! { "Somebody disputes it in " (post) "." }
    }

    pub(crate) fn received(note: u64, log: Markup, commitment: Markup) -> Markup {
        html! { "Note " (note) " of the log " (log) ": SHA-256 " (commitment) }
    }

    pub(crate) fn key(vkey: Markup) -> Markup {
        html! { "The log names the key " (vkey) ", without effect." }
    }

    /// Whose stamp stands over which head, and the hash of its file.
    pub(crate) fn stamped(size: u64, kind: StampKind, by: &str, sha256: Markup) -> Markup {
        html! { (by) " stamped the head of " (text::count(size, "entry", "entries")) " (" (kind) "): SHA-256 " (sha256) }
    }

    pub(crate) fn unlocked(sha256: Markup) -> Markup {
        html! { "Its text could be read only after it was sealed: SHA-256 " (sha256) }
    }

    pub(crate) fn out_of_order(line: Markup) -> Markup {
        html! { "This note does not follow the one before: " (line) }
    }

    pub(crate) fn unknown(line: Markup) -> Markup {
        html! { "This page does not know what this line means: " (line) }
    }

    /// Which notes an entry is about: the first and, if there are more, the last.
    pub(crate) fn about(first: Markup, last: Option<Markup>) -> Markup {
        html! { "About " (first) @if let Some(last) = last { " to " (last) } }
    }

    pub(crate) fn place(index: u64) -> String {
        format!("entry {index} of the log")
    }
}

/// The front page.
pub(super) mod front {
    use super::*;
    use crate::base::ids::AccountName;

    pub(crate) const SEALED_NOTES: &str = "Sealed notes";
    pub(crate) const NEWEST_NOTES: &str = "Newest notes";
    pub(crate) const RECEIPTS_GIVEN: &str = "receipts given";
    pub(crate) const GAPS: &str = "gaps";
    pub(crate) const POSTS_LOST: &str = "posts lost";
    pub(crate) const UNKNOWN_LINES: &str = "unknown lines";
    pub(crate) const ENTRIES: &str = "entries in the log";
    pub(crate) const NOT_NOTES: &str = "Gaps, losses, and what is not understood";
    pub(crate) const NOTHING_LOST: &str =
        "None: no message is known to have been missed, and no post to have been lost.";
    pub(crate) const SEALING: &str = "The moment such a message is sent, its hash — 64 digits that fit this message and \
        no other — is entered here and posted, so that nobody can later deny that it existed, when, and to whom it was \
        addressed, and nobody can invent one afterwards.";

    pub(crate) fn what_this_is(account: Option<&AccountName>) -> String {
        let sender = account.map_or_else(|| "an account".to_owned(), |account| format!("the account @{account}"));
        format!("This is the public record of the formal messages that {sender} sends to others on X.")
    }

    pub(crate) fn checking(check: impl FnOnce(&str) -> Markup) -> Markup {
        html! {
            "What it says stays private until its sender opens it, and then anybody can " (check("check it against the hash"))
            " without trusting the sender, this site, or the program that wrote it."
        }
    }

    pub(crate) fn receipts(received: impl FnOnce(&str) -> Markup) -> Markup {
        html! { "It also says which notes of others " (received("this account has received")) "." }
    }

    /// The links to the notes that are not here: to those directly before, and to all.
    pub(crate) fn older(before: Markup, all: impl FnOnce(&str) -> Markup) -> Markup {
        html! { "Older: " (before) ", or " (all("all by number")) "." }
    }

    pub(crate) fn all(count: usize) -> String {
        format!("All {count}")
    }
}

/// The notes of a fixed range, and the list of all ranges.
pub(super) mod list {
    use super::*;

    pub(crate) const EMPTY_RANGE: &str = "No note has got one of these numbers yet.";
    pub(crate) const OTHER_NOTES: &str = "Other notes";
    pub(crate) const ALL_BY_NUMBER: &str = "All by number";
    pub(crate) const ALL_NOTES_BY_NUMBER: &str = "All notes by number";

    pub(crate) fn what_a_page_holds(count: u64) -> String {
        format!("The newest is first. A page holds {count} numbers, and keeps its address.")
    }

    pub(crate) fn newer(first: u64, last: u64) -> String {
        format!("Newer: {first}–{last}")
    }

    pub(crate) fn older(first: u64, last: u64) -> String {
        format!("Older: {first}–{last}")
    }

    pub(crate) fn page_of_a_note(path: impl FnOnce(&str) -> Markup) -> Markup {
        html! { "The page of a single note is " (path("note/<number / 1000>/<number>.html")) "." }
    }
}

/// What is not about sealing and posting.
pub(super) mod gaps {
    use super::*;

    pub(crate) const WHAT_WENT_WRONG: &str = "What went wrong, or could not be seen, stands in the log as the notes do: it cannot be taken out again either.";
    pub(crate) const GAPS: &str = "Periods in which messages may have been missed";
    pub(crate) const LOSSES: &str = "Posts that are not what they were";
    pub(crate) const WITHOUT_A_POST: &str = "A note does not need its post: its entry stands in the log, and later posts show a head of the log that covers it.";
    pub(crate) const DISPUTES: &str = "Disputes";
    pub(crate) const RECEIPTS: &str = "Notes of others that this account received";
    pub(crate) const WHOSE_COMMITMENT: &str =
        "The commitment is that of the sender’s own log, and its post shows it too.";
    pub(crate) const KEYS: &str = "Keys that the log names";
    pub(crate) const STAMPS: &str = "Time stamps over the log’s heads";
    pub(crate) const UNKNOWN: &str = "Lines that are not understood";
    pub(crate) const LATER_VERSION: &str =
        "A later version of the program may know them. They count like every other line.";
    pub(crate) const NONE: &str = "None.";

    pub(crate) fn newest_of_all(count: usize, log_txt: Markup) -> Markup {
        html! { "These are the newest " (count) ": " (log_txt) " has all." }
    }
}

/// The page of one note.
pub(super) mod note {
    use super::*;

    pub(crate) const ITS_HASH: &str = "Its hash";
    pub(crate) const WHAT_IS_HASHED: &str =
        "The SHA-256 of the note’s envelope, which says who wrote to whom, and when, and binds the text.";
    pub(crate) const ITS_POST: &str = "Its post";
    pub(crate) const COMPARE_BY_EYE: &str = "Compare by eye. It must say:";
    pub(crate) const OPENED: &str = "What has been opened";
    pub(crate) const DISPUTES_AND_LOSSES: &str = "Disputes and losses";
    pub(crate) const ITS_ENTRY: &str = "Its entry in the log";
    pub(crate) const CHECK_IT: &str = "Check it yourself";
    pub(crate) const IN_THE_LOG: &str = "That its entry is in the log:";
    /// Used in a command as the site's address, if that is not known.
    pub(crate) const ADDRESS: &str = "ADDRESS";
    pub(crate) const WHERE_ADDRESS_IS: &str = "ADDRESS is where you found this site.";
    pub(crate) const LEAF: &str = "The entry’s leaf in the log’s tree (RFC 6962):";
    pub(crate) const MUST_PRINT: &str = "must print";
    pub(crate) const AMONG_THE_OTHERS: &str = "Among the others";

    pub(crate) fn sealed(when: Markup) -> Markup {
        html! { "Sealed " (when) " UTC" }
    }

    pub(crate) fn posted(post: Markup, when: Markup) -> Markup {
        html! { (post) ", accepted by the platform " (when) " UTC by the time inside its number." }
    }

    pub(crate) fn in_a_run(first: u64, last: u64) -> String {
        format!(
            "It shows notes {first} to {last} together, by a head of the log that covers them all. It does not show this note’s \
             hash: the log does."
        )
    }

    /// What a published file is, by the end of its name, for somebody who sees it for the first time.
    pub(crate) fn what_is(name: &str) -> &'static str {
        let kind = name.trim_start_matches("note-").trim_start_matches(|c: char| c.is_ascii_digit());
        match kind {
            ".envelope.txt" => "who wrote to whom, and when",
            ".content.txt" => "what it says, below a few lines about its files",
            ".record.json" => "the platform’s own record of the message",
            ".proof.zip" => "its proof, with all of these",
            _ if kind.starts_with(".recipient-") => "the platform’s own record of an addressee’s account",
            _ => "sent with it",
        }
    }

    pub(crate) fn bytes(count: u64) -> String {
        format!("{count} bytes")
    }

    pub(crate) fn place(index: u64, log_txt: Markup) -> Markup {
        html! { "Entry " (index) ", counted from 0: line " (index + 1) " of " (log_txt) "." }
    }

    /// The name of a note's proof.
    pub(crate) enum Proof {
        /// It is on the site: the name leads to it.
        Here(Markup),
        /// Only whom it was given to has it.
        Elsewhere(Markup),
    }

    /// What to do with the proof.
    pub(crate) fn drop_it(proof: Proof, page: impl FnOnce(&str) -> Markup) -> Markup {
        let page = page("the page that checks");
        html! {
            @match proof {
                Proof::Here(proof) => { "Take its proof, " (proof) ", and drop it on " (page) }
                Proof::Elsewhere(proof) => { "If somebody gave you its proof, " (proof) ", drop it on " (page) }
            }
            ". It works offline, and sends nothing to anybody. Or unpack the proof and type:"
        }
    }

    /// What the command above prints, and the same command on other systems.
    pub(crate) fn on_other_systems(command: impl Fn(&str) -> Markup, envelope: &str) -> Markup {
        html! {
            "It must print the hash above. On macOS write " (command("shasum -a 256")) " instead of " (command("sha256sum"))
            "; on Windows " (command(&format!("certutil -hashfile {envelope} SHA256"))) ". With our program:"
        }
    }

    pub(crate) fn newest_of(log: &str) -> String {
        format!("Newest notes of {log}")
    }
}

/// The feed.
pub(super) mod feed {
    use crate::base::hash::Hash;
    use crate::base::text;
    use crate::tlog::entry::Entry;
    use crate::wording::standing::NOT_POSTED;

    pub(crate) fn title(log: &str) -> String {
        format!("Sealed notes: {log}")
    }

    pub(crate) fn sealed(note: u64) -> String {
        format!("Note {note} sealed")
    }

    /// What a sealed note's item says: its hash, and where it was posted if it was.
    pub(crate) fn hash_and_post(commitment: Hash, posted: Option<String>) -> String {
        let posted = posted.map_or_else(|| NOT_POSTED.to_owned(), |place| format!("posted: {place}"));
        format!("sha256 {commitment}, {posted}")
    }

    /// The title of an item about anything else, and the notes that it is about.
    pub(crate) fn other(entry: &Entry, notes: Option<(u64, u64)>) -> String {
        let of = |what: &str| match notes {
            Some((first, last)) if first == last => format!("{}: {what}", super::row::note(first)),
            Some((first, last)) => format!("{}: {what}", super::row::notes(first, last)),
            None => what.to_owned(),
        };
        match entry {
            Entry::Open { level, .. } => of(&format!("{level} opened")),
            Entry::Dispute { .. } => of("disputed"),
            Entry::Receipt { log, note, .. } => format!("Note {note} of {log} received"),
            Entry::Lost { how, .. } => of(&format!("post lost ({how})")),
            Entry::Gap { from, to, .. } => format!("Gap from {from} to {to}"),
            Entry::Key { .. } => "The log names a key".to_owned(),
            Entry::Stamp { size, by, .. } => {
                format!("{by} stamped the head of {}", text::count(*size, "entry", "entries"))
            }
            Entry::Unlock { .. } => of("its text could be read"),
            Entry::Post { .. } => of("posted again"),
            Entry::Note { .. } | Entry::Unknown { .. } => "A line that is not understood".to_owned(),
        }
    }
}
