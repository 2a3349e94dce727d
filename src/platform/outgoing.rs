//! What we give to the platform: posts, messages, files.

use super::Error;
use crate::base::ids::{AccountId, ConversationId, MediaId, MessageId, PostId};

/// Most images that go with a post; an animated GIF goes alone.
pub const POST_FILES_MAX: usize = 4;

/// The longest text of a direct message, in characters.
pub const MESSAGE_CHARS_MAX: usize = 10_000;

/// The largest image, in bytes. X says "5 MB" (docs.x.com, x-api/media/quickstart/best-practices, 2026): this is the
/// smaller of the two readings.
pub const IMAGE_BYTES_MAX: u64 = 5_000_000;

/// The largest animated GIF, in bytes. X says "15 MB", at the same place.
pub const GIF_BYTES_MAX: u64 = 15_000_000;

/// A public post to be made. No Debug: until it is made, its text is private.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// Which post it answers.
    pub answers: Option<PostId>,
    /// Files uploaded before for [`Purpose::Post`], at most [`POST_FILES_MAX`].
    pub media: Vec<MediaId>,
}

impl Draft {
    /// A post of its own, without files.
    pub fn text(text: impl Into<String>) -> Draft {
        Draft { text: text.into(), ..Draft::default() }
    }

    /// The same in answer to a post.
    #[must_use]
    pub fn answering(self, post: PostId) -> Draft {
        Draft { answers: Some(post), ..self }
    }
}

/// To whom a direct message goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Addressee {
    /// One account. If there is no conversation with it, the message begins one.
    Account(AccountId),
    /// Everybody in a conversation that exists.
    Conversation(ConversationId),
}

/// A direct message that the platform accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// In which conversation it is.
    pub conversation: ConversationId,
    /// Its identifier, with the moment of sending inside.
    pub message: MessageId,
}

/// What a file is uploaded for: a file for one purpose cannot be used for the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To go with a public post.
    Post,
    /// To go with a direct message.
    Message,
}

/// The kinds of file that the platform takes in one piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// JPEG, PNG or WebP.
    Image,
    /// GIF, animated or not.
    Gif,
}

impl FileKind {
    /// The kind of a file of this media type and size, if the platform takes it. The platform takes films only in
    /// pieces, and this program never sends them.
    ///
    /// # Errors
    /// [`Error::Refused`]: nothing has been sent.
    pub fn of(media_type: &str, bytes: u64) -> Result<FileKind, Error> {
        let refused = |what: String| Err(Error::Refused { what });
        let (kind, bytes_max) = match media_type {
            "image/jpeg" | "image/png" | "image/webp" => (FileKind::Image, IMAGE_BYTES_MAX),
            "image/gif" => (FileKind::Gif, GIF_BYTES_MAX),
            other => return refused(format!("a file of type {other}: only JPEG, PNG, WebP and GIF are taken")),
        };
        match bytes {
            0 => refused("a file without bytes".to_owned()),
            bytes if bytes_max < bytes => {
                refused(format!("a file of {bytes} bytes: {media_type} has {bytes_max} at most"))
            }
            _ => Ok(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_platform_takes_is_taken() {
        assert_eq!(FileKind::of("image/png", IMAGE_BYTES_MAX), Ok(FileKind::Image));
        assert_eq!(FileKind::of("image/gif", GIF_BYTES_MAX), Ok(FileKind::Gif));
        for (media_type, bytes) in
            [("image/png", IMAGE_BYTES_MAX + 1), ("image/gif", GIF_BYTES_MAX + 1), ("image/jpeg", 0), ("video/mp4", 9)]
        {
            assert!(matches!(FileKind::of(media_type, bytes), Err(Error::Refused { .. })), "{media_type} {bytes}");
        }
    }
}
