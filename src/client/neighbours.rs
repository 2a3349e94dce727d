//! Reads the published log of a proof, to count the notes near its own.

use futures_util::stream::{self, StreamExt};

use super::AHEAD;
use super::openings::envelope;
use super::source::{FetchError, Source};
use crate::tlog::checkpoint;
use crate::tlog::signed_note;
use crate::tlog::tile::{self, Kind};
use crate::verify::log;
use crate::verify::proof::{Counting, Neighbours, Uncounted};

impl From<FetchError> for Uncounted {
    fn from(unread: FetchError) -> Uncounted {
        Uncounted::Unread(unread.to_string())
    }
}

/// Reads all entries, and the envelopes of the notes that were opened.
///
/// # Errors
/// If something could not be read, or contradicts the proof.
pub async fn count(place: &Source, mut counting: Counting) -> Result<Neighbours, Uncounted> {
    let checkpoint = place.read(checkpoint::FILE, signed_note::BYTES_MAX).await?;
    let checkpoint = checkpoint.ok_or_else(|| Uncounted::Unread("there is no `checkpoint`".to_owned()))?;
    let head = counting.head(&checkpoint)?;
    let bundles = log::plan(0, head.size).flatten().filter(|path| path.kind() == Kind::Entries);
    let mut bundles = stream::iter(bundles).map(async |path| (path, place.tile(path).await)).buffered(AHEAD);
    while let Some((path, bytes)) = bundles.next().await {
        let bytes = bytes?.ok_or_else(|| Uncounted::Fails(format!("{path} is not there, and its head needs it")))?;
        let entries = tile::parse_bundle(&bytes, path.width());
        // Anybody on the way may have cut it, or put something else there: that is no fault of the log.
        let entries = entries.map_err(|error| Uncounted::Unread(format!("{path}: {error}")))?;
        entries.into_iter().try_for_each(|entry| counting.take(entry))?;
    }
    drop(bundles);
    let read = async |note| (note, envelope(place, note).await);
    let mut envelopes = stream::iter(counting.opened(&head)?).map(read).buffered(AHEAD);
    while let Some((note, bytes)) = envelopes.next().await {
        counting.take_envelope(note, bytes?.as_deref())?;
    }
    drop(envelopes);
    Ok(counting.counts())
}
