//! Making sealed notes of formal messages: files fetched, opening written, hashed and encrypted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use backon::{ExponentialBuilder, Retryable};
use tracing::warn;

use super::{Salts, Settings};
use crate::hash::Hash;
use crate::note::{Account, ConversationId, Origin};
use crate::opening::{AttachmentRef, Content, Correspondence, Envelope, FileRef, Opening};
use crate::platform::{Attachment, Error as PlatformError, File, Message, Platform};
use crate::store::{Sealing, Store};
use crate::time::Time;
use crate::vault::Vault;

/// The media type of the platform's record.
const JSON: &str = "application/json";

/// A formal message, complete but for its number and its salts.
pub(super) struct Draft {
    pub(super) message: Message,
    /// To whom, ascending by number.
    pub(super) to: Vec<Account>,
    /// When we saw it.
    pub(super) listed: Time,
    /// Its files in order; nothing for one that could not be fetched.
    pub(super) files: Vec<Option<File>>,
}

/// Fetches a message's files, all within the configured time. A file that does not come does not hold up the seal.
pub(super) async fn fetch(platform: &dyn Platform, message: &Message, settings: &Settings) -> Vec<Option<File>> {
    let deadline = tokio::time::Instant::now() + settings.attachments_timeout;
    let mut files = Vec::new();
    for attachment in &message.attachments {
        let one = fetch_one(platform, message, attachment, settings.attachment_bytes_max);
        let file = match tokio::time::timeout_at(deadline, one).await {
            Ok(Ok(file)) => Some(file),
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
    let waits = ExponentialBuilder::default().with_min_delay(Duration::from_millis(500)).with_max_times(5);
    let once = || platform.attachment(message.id, attachment, bytes_max);
    once.retry(waits)
        .sleep(tokio::time::sleep)
        .when(|error| matches!(error, PlatformError::Unavailable { .. } | PlatformError::NoAnswer { .. }))
        .await
}

/// Numbers the drafts, writes and encrypts their openings.
pub(super) async fn prepare(
    drafts: Vec<Draft>,
    store: &Store,
    vault: &Arc<Vault>,
    from: &Account,
    log: &Origin,
    salts: &mut Salts,
) -> anyhow::Result<Vec<Sealing>> {
    let mut number = store.next_note().await?;
    let mut last: HashMap<ConversationId, Correspondence> = HashMap::new();
    let mut openings = Vec::new();
    let mut sealings = Vec::new();
    for draft in drafts {
        let conversation = draft.message.conversation.clone();
        let before = match last.get(&conversation) {
            Some(before) => *before,
            None => store.correspondence(conversation.clone()).await?,
        };
        let correspondence = Correspondence { count: before.count + 1, previous: before.previous };
        let (message, (commitment, opening)) =
            (draft.message.id, write(draft, number, correspondence, from, log, salts));
        last.insert(conversation.clone(), Correspondence { count: correspondence.count, previous: commitment });
        openings.push((number, opening));
        sealings.push(Sealing { note: number, message, conversation, correspondence, commitment, opening: Vec::new() });
        number += 1;
    }
    let sealed = encrypt(openings, vault.clone()).await?;
    sealings.iter_mut().zip(sealed).for_each(|(sealing, opening)| sealing.opening = opening);
    Ok(sealings)
}

/// The note's opening and its commitment.
fn write(
    draft: Draft,
    note: u64,
    correspondence: Correspondence,
    from: &Account,
    log: &Origin,
    salts: &mut Salts,
) -> (Hash, Opening) {
    let Draft { message, to, listed, files } = draft;
    let attachments = message.attachments.iter().zip(&files).map(|(attachment, file)| reference(attachment, file));
    let content = Content {
        salt: salts(),
        record: FileRef { sha256: Hash::of(&message.record), len: message.record.len() as u64, media_type: JSON.into() },
        attachments: attachments.collect(),
        links: message.links,
        text: message.text,
    };
    let envelope = Envelope {
        log: log.clone(),
        note,
        from: from.clone(),
        to,
        conversation: message.conversation,
        message: message.id,
        sent: message.id.time(),
        seen: listed,
        correspondence,
        content: content.hash(),
        salt: salts(),
    };
    let opening = Opening {
        envelope: envelope.to_text().into_bytes(),
        content: content.to_text().into(),
        record: message.record,
        attachments: files.into_iter().map(|file| file.map(|file| file.bytes)).collect(),
    };
    (envelope.commitment(), opening)
}

fn reference(attachment: &Attachment, file: &Option<File>) -> AttachmentRef {
    match file {
        Some(file) => AttachmentRef::File(FileRef {
            sha256: Hash::of(&file.bytes),
            len: file.bytes.len() as u64,
            media_type: file.media_type.clone(),
        }),
        None => AttachmentRef::Unreadable { media_key: attachment.media_key.clone() },
    }
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
            let parts: Vec<_> = openings.chunks(share).map(|part| scope.spawn(move || close(part))).collect();
            let mut sealed = Vec::with_capacity(openings.len());
            for part in parts {
                sealed.extend(part.join().map_err(|_| anyhow::anyhow!("encrypting an opening panicked"))??);
            }
            Ok(sealed)
        })
    };
    tokio::task::spawn_blocking(work).await.context("encrypting the openings")?
}
