//! Uploaded files, and who sees them.

use super::{EventKind, Refusal, World};
use crate::base::ids::{AccountId, MediaId, MessageId, PostId};
use crate::base::time::Time;
use crate::platform::{FileKind, POST_FILES_MAX, Purpose};

/// An uploaded file. No Debug: it is private.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    /// Its identifier.
    pub id: MediaId,
    /// Who uploaded it.
    pub owner: AccountId,
    /// What it was uploaded for.
    pub purpose: Purpose,
    /// `image/jpeg`.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Media {
    /// The key by which answers name it: a number for its kind, `_`, its identifier.
    pub fn key(&self) -> String {
        let kind = if self.kind() == "video" { 7 } else { 3 };
        format!("{kind}_{}", self.id)
    }

    /// X's word for its kind.
    pub fn kind(&self) -> &'static str {
        match self.media_type.as_str() {
            "image/gif" => "animated_gif",
            video if video.starts_with("video/") => "video",
            _ => "photo",
        }
    }
}

impl World {
    /// Keeps a file for a message, of any kind and size: for stories that begin with a message.
    pub fn upload(&mut self, now: Time, owner: AccountId, media_type: &str, bytes: Vec<u8>) -> MediaId {
        self.keep(now, owner, Purpose::Message, media_type, bytes)
    }

    /// Keeps a file that comes in through the API.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for one of a kind or size that is not taken.
    pub fn take_file(
        &mut self,
        now: Time,
        owner: AccountId,
        purpose: Purpose,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<MediaId, Refusal> {
        let kind = FileKind::of(media_type, bytes.len() as u64);
        kind.map_err(|error| Refusal::invalid("media", bytes.len(), error))?;
        Ok(self.keep(now, owner, purpose, media_type, bytes))
    }

    fn keep(&mut self, now: Time, owner: AccountId, purpose: Purpose, media_type: &str, bytes: Vec<u8>) -> MediaId {
        let id = MediaId(self.next_id(now));
        self.media.insert(id, Media { id, owner, purpose, media_type: media_type.to_owned(), bytes });
        id
    }

    /// A file.
    pub fn media(&self, id: MediaId) -> Option<&Media> {
        self.media.get(&id)
    }

    /// A file of the user's own that was uploaded for this.
    pub(super) fn owned_file(&self, user: AccountId, id: MediaId, purpose: Purpose) -> Option<&Media> {
        self.media.get(&id).filter(|media| media.owner == user && media.purpose == purpose)
    }

    /// Checks the files of a post: up to four images, or one of anything else.
    pub(super) fn check_files(&self, author: AccountId, ids: &[MediaId]) -> Result<(), Refusal> {
        let bad = |why: &str| Err(Refusal::invalid("media.media_ids", ids.len(), why));
        let files: Option<Vec<&Media>> = ids.iter().map(|id| self.owned_file(author, *id, Purpose::Post)).collect();
        let Some(files) = files else { return bad("your media IDs are invalid") };
        let is_twice = (1..ids.len()).any(|place| ids[..place].contains(&ids[place]));
        let mixed = 1 < files.len() && files.iter().any(|file| file.kind() != "photo");
        match POST_FILES_MAX < files.len() || mixed || is_twice {
            true => bad("4 different images or 1 GIF or 1 film go with a post"),
            false => Ok(()),
        }
    }

    /// A file that went with a post which is there.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn media_of_post(&self, post: PostId, id: MediaId) -> Result<&Media, Refusal> {
        let missing = || Refusal::NotFound { kind: "media", parameter: "id", value: id.to_string() };
        let found = self.read(post).filter(|post| post.media.contains(&id)).and_then(|_| self.media.get(&id));
        found.ok_or_else(missing)
    }

    /// A file that was sent with a message in one of the user's conversations.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] also if the user is in none of its conversations.
    pub fn media_for(&self, user: AccountId, message: MessageId, id: MediaId) -> Result<&Media, Refusal> {
        let missing = || Refusal::NotFound { kind: "media", parameter: "id", value: id.to_string() };
        let event = self.events.get(&message).filter(|event| self.may_read(user, event)).ok_or_else(missing)?;
        match &event.kind {
            EventKind::Message { media, .. } if media.contains(&id) => self.media.get(&id).ok_or_else(missing),
            _ => Err(missing()),
        }
    }
}
