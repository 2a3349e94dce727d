//! `site.txt`: whose site a folder holds, and the size of the log for which its pages are complete.

use crate::base::hash::Hash;
use crate::base::text::{self, Lines, ParseError};
use crate::tlog::signed_note::VerifierKey;

/// The name of the file. It is for this program itself, and not a part of the site.
pub const NAME: &str = "site.txt";

const BYTES_MAX: usize = 4096;

/// What the file says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Manifest {
    /// The log's key.
    pub(super) vkey: VerifierKey,
    /// Every page is complete for this number of entries.
    pub(super) entries: u64,
    /// See [`crate::site::SiteSettings::look`].
    pub(super) look: Hash,
}

impl Manifest {
    /// Reads a whole file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Manifest, ParseError> {
        let mut lines = Lines::new(NAME, bytes, BYTES_MAX)?;
        if lines.next("verbale site v1")? != "verbale site v1" {
            return Err(lines.error("verbale site v1"));
        }
        let vkey = lines.field("log")?;
        let vkey = lines.value("log <vkey>", VerifierKey::parse(vkey).ok())?;
        let entries = lines.field("entries")?;
        let entries = lines.value("entries <number>", text::number(entries))?;
        let look = lines.field("look")?;
        let look = lines.value("look <sha256>", text::hash(look))?;
        lines.end()?;
        Ok(Manifest { vkey, entries, look })
    }

    /// The file's whole text.
    pub(super) fn to_text(&self) -> String {
        format!("verbale site v1\nlog {}\nentries {}\nlook {}\n", self.vkey, self.entries, self.look)
    }
}
