//! The published files of opened notes, for the audit and for [`neighbours`](super::neighbours).

use futures_util::stream::{self, StreamExt};

use super::AHEAD;
use super::source::{FetchError, Source};
use crate::base::time::Time;
use crate::note::{ENVELOPE_BYTES_MAX, names};
use crate::site;
use crate::tlog::checkpoint::Checkpoint;
use crate::verify::check::Check;
use crate::verify::log::{Audit, Openings};

/// The published envelope of an opened note. None if it is known not to be there.
pub(super) async fn envelope(place: &Source, note: u64) -> Result<Option<Vec<u8>>, FetchError> {
    // One byte more shows that it is too long.
    place.read(&site::path_of(note, &names::envelope(note)), ENVELOPE_BYTES_MAX + 1).await
}

/// What there is to say of what was opened.
pub(super) struct OpeningsChecked {
    pub(super) check: Check,
    /// What could not be read, if anything.
    pub(super) unread: Option<String>,
    /// What leaves the question open whether all is as it was sealed, if anything.
    pub(super) open: Option<String>,
}

/// Compares what was opened with what was sealed, at the moment `now`.
pub(super) async fn check(place: &Source, audit: &Audit, head: &Checkpoint, now: Time) -> OpeningsChecked {
    let mut openings = match audit.openings(head) {
        Ok(openings) => openings,
        Err(check) => return OpeningsChecked { check, unread: None, open: None },
    };
    match read(place, &mut openings, now).await {
        Ok(()) => OpeningsChecked { check: openings.check(), unread: None, open: openings.open() },
        Err(why) => OpeningsChecked { check: openings.unread(&why), unread: Some(why), open: None },
    }
}

async fn read(place: &Source, openings: &mut Openings, now: Time) -> Result<(), String> {
    let bundles = stream::iter(openings.bundles()).map(async |path| (path, place.tile(path).await));
    let mut bundles = bundles.buffered(AHEAD);
    while let Some((path, bytes)) = bundles.next().await {
        openings.take_bundle(path, bytes.map_err(|unread| unread.to_string())?.as_deref())?;
    }
    let envelopes = stream::iter(openings.notes()).map(async |note| (note, envelope(place, note).await));
    let mut envelopes = envelopes.buffered(AHEAD);
    while let Some((note, bytes)) = envelopes.next().await {
        openings.take_envelope(note, bytes.map_err(|unread| unread.to_string())?.as_deref(), now);
    }
    Ok(())
}
