//! Makes sealed notes of formal messages: files fetched, opening written, hashed and encrypted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use backon::{ExponentialBuilder, Retryable};
use tracing::warn;

use super::{Salts, WatchSettings};
use crate::base::hash::Hash;
use crate::base::ids::{Account, AccountId, ConversationId, MessageId, Origin, SourceMessage};
use crate::base::time::{SKEW_MS_MAX, Time};
use crate::note::recipient::{RECORD_AGE_MS_MAX, RECORDS_SEALED_MAX};
use crate::note::{AttachmentRef, Content, Correspondence, Envelope, FileRef, Header, Opening, OpeningError};
use crate::note::{content, file};
use crate::platform::{Attachment, Error as PlatformError, File, Message, Platform};
use crate::store::vault::Vault;
use crate::store::{Sealing, Store};

/// The first wait before a file is asked for again, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A formal message, complete except for its number and its salts.
pub(super) struct NoteDraft {
    pub(super) message: Message,
    /// To whom, ascending by number.
    pub(super) to: Vec<Account>,
    /// When we saw it.
    pub(super) listed: Time,
    /// Its files in order. None for a file that could not be fetched.
    pub(super) files: Vec<Option<File>>,
}

/// What sealing needs.
pub(super) struct Hand<'a> {
    pub(super) from: &'a Account,
    pub(super) log: &'a Origin,
    pub(super) salts: &'a Salts,
    pub(super) vault: &'a Arc<Vault>,
}

/// Fetches a message's files, all within the configured time. A file that does not come does not delay the seal.
pub(super) async fn fetch(platform: &dyn Platform, message: &Message, settings: &WatchSettings) -> Vec<Option<File>> {
    let deadline = tokio::time::Instant::now() + settings.attachments_timeout;
    let (mut files, mut room) = (Vec::new(), content::ATTACHMENTS_BYTES_MAX);
    for attachment in message.attachments.iter().take(content::ATTACHMENTS_MAX) {
        let one = fetch_one(platform, message, attachment, settings.attachment_bytes_max.min(room));
        let file = match tokio::time::timeout_at(deadline, one).await {
            Ok(Ok(file)) => {
                room = room.saturating_sub(file.bytes.len() as u64);
                Some(file)
            }
            Ok(Err(error)) => unreadable(message, &error.to_string()),
            Err(_) => unreadable(message, "it took too long"),
        };
        files.push(file);
    }
    files
}

fn unreadable(message: &Message, why: &str) -> Option<File> {
    warn!(message.id = %message.id, why, "a file could not be fetched: the note is sealed without it");
    None
}

async fn fetch_one(
    platform: &dyn Platform,
    message: &Message,
    attachment: &Attachment,
    bytes_max: u64,
) -> Result<File, PlatformError> {
    let waits =
        ExponentialBuilder::default().with_min_delay(FIRST_WAIT).with_max_delay(LONGEST_WAIT).without_max_times();
    let once = || platform.attachment(message.id, attachment, bytes_max);
    // After errors that may pass, it waits as long as there is time: a file that was left out can never be added.
    once.retry(waits).sleep(tokio::time::sleep).when(|error| !matches!(error, PlatformError::Refused { .. })).await
}

/// What is made of drafts.
pub(super) struct Prepared {
    /// The notes.
    pub(super) sealings: Vec<Sealing>,
    /// The messages that our own formats cannot hold.
    pub(super) unwritable: Vec<MessageId>,
}

/// Numbers the drafts, writes and encrypts their openings.
pub(super) async fn prepare(drafts: Vec<NoteDraft>, store: &Store, hand: &Hand<'_>) -> anyhow::Result<Prepared> {
    let mut number = store.last_note().await? + 1;
    let mut last: HashMap<ConversationId, Correspondence> = HashMap::new();
    let mut openings = Vec::new();
    let (mut sealings, mut unwritable) = (Vec::new(), Vec::new());
    for draft in drafts {
        let conversation = draft.message.conversation.clone();
        let before = match last.get(&conversation) {
            Some(before) => *before,
            None => store.correspondence(&conversation).await?,
        };
        let correspondence = Correspondence { count: before.count + 1, previous: before.previous };
        let message = draft.message.id;
        let recipients = recipients(&draft, store).await?;
        let (commitment, opening) = match write(draft, recipients, number, correspondence, hand) {
            Ok(written) => written,
            // The reason may hold words of the message.
            Err(_) => {
                warn!(message.id = %message, "a formal message cannot be written as a note: a gap is entered");
                unwritable.push(message);
                continue;
            }
        };
        last.insert(conversation.clone(), Correspondence { count: correspondence.count, previous: commitment });
        openings.push((number, opening));
        sealings.push(Sealing { note: number, message, conversation, correspondence, commitment, opening: Vec::new() });
        number += 1;
    }
    let sealed = encrypt(openings, hand.vault.clone()).await?;
    sealings.iter_mut().zip(sealed).for_each(|(sealing, opening)| sealing.opening = opening);
    Ok(Prepared { sealings, unwritable })
}

/// The platform's own records of the addressees, as far as they were read not long ago: nobody waits for them.
async fn recipients(draft: &NoteDraft, store: &Store) -> anyhow::Result<Vec<Vec<u8>>> {
    let to: Vec<AccountId> = draft.to.iter().map(|account| account.id).take(RECORDS_SEALED_MAX).collect();
    let (first, last) = (draft.listed.plus_ms(-RECORD_AGE_MS_MAX), draft.listed.plus_ms(SKEW_MS_MAX));
    Ok(store.recipient_records(&to, first, last).await?)
}

/// The note's opening and its commitment.
///
/// # Errors
/// If our own formats cannot hold the message: what is written is read back, as strictly as a stranger's.
fn write(
    draft: NoteDraft,
    recipients: Vec<Vec<u8>>,
    note: u64,
    correspondence: Correspondence,
    hand: &Hand<'_>,
) -> Result<(Hash, Opening), OpeningError> {
    let NoteDraft { message, to, listed, files } = draft;
    let attachments = message.attachments.iter().zip(&files).map(|(attachment, file)| reference(attachment, file));
    let links = message.links.into_iter().filter(|(from, to)| content::is_link(from) && content::is_link(to));
    let links = few(links.take(content::LINKS_MAX));
    let header = Header::of_message((hand.salts)(), &message.record, attachments.collect(), links);
    let header = header.with_recipients(&recipients);
    let content = Content { header, text: Some(message.text) };
    let envelope = Envelope {
        log: hand.log.clone(),
        note,
        from: hand.from.clone(),
        to,
        conversation: message.conversation,
        message: SourceMessage::XDm(message.id),
        sent: message.id.moment(),
        seen: listed,
        beacon: None,
        correspondence,
        content: content.hash(),
        salt: (hand.salts)(),
    };
    let opening = Opening {
        envelope: envelope.to_text().into_bytes(),
        content: content.to_text().into(),
        records: std::iter::once(message.record).chain(recipients).collect(),
        attachments: files.into_iter().map(|file| file.map(|file| file.bytes)).collect(),
    };
    opening.check()?;
    Ok((envelope.commitment(), opening))
}

/// The first links, as many as leave room for the text. All of them are in the record.
fn few(links: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut left = content::CONTENT_BYTES_MAX / 4;
    links
        .take_while(|(from, to)| match left.checked_sub("link  \n".len() + from.len() + to.len()) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        })
        .collect()
}

fn reference(attachment: &Attachment, file: &Option<File>) -> AttachmentRef {
    match file {
        Some(file) => AttachmentRef::File(FileRef::of(&file.bytes, media_type(&file.media_type))),
        None if content::is_media_key(&attachment.media_key) => {
            AttachmentRef::Unreadable { media_key: attachment.media_key.clone() }
        }
        None => AttachmentRef::Unreadable { media_key: "unnamed".to_owned() },
    }
}

/// The type that the platform named, if it is a valid one.
fn media_type(named: &str) -> &str {
    if file::is_media_type(named) { named } else { "application/octet-stream" }
}

/// Encrypts on all cores, away from the threads that answer the network.
async fn encrypt(openings: Vec<(u64, Opening)>, vault: Arc<Vault>) -> anyhow::Result<Vec<Vec<u8>>> {
    let work = move || {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let share = openings.len().div_ceil(cores).max(1);
        let close = |part: &[(u64, Opening)]| -> anyhow::Result<Vec<Vec<u8>>> {
            part.iter().map(|(note, opening)| vault.close(*note, opening)).collect()
        };
        std::thread::scope(|scope| {
            let mut parts = openings.chunks(share);
            let own = parts.next().unwrap_or_default();
            let spawn = |part| (part, std::thread::Builder::new().spawn_scoped(scope, move || close(part)));
            let others: Vec<_> = parts.map(spawn).collect();
            let mut sealed = close(own)?;
            for (part, thread) in others {
                sealed.extend(match thread {
                    Ok(thread) => thread.join().map_err(|_| anyhow::anyhow!("encrypting an opening panicked"))??,
                    // The system gives no more threads: this one does it, a little later.
                    Err(_) => close(part)?,
                });
            }
            Ok(sealed)
        })
    };
    tokio::task::spawn_blocking(work).await.context("encrypting the openings")?
}
