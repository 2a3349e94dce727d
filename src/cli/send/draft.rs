//! A draft: what is to be sent, if the platform takes it.

use crate::note::redacted;
use crate::platform::{Error as PlatformError, File, FileKind, MESSAGE_CHARS_MAX};

/// Most bytes that a text within the limit of characters can have, with a few line ends.
pub const DRAFT_BYTES_MAX: u64 = 4 * MESSAGE_CHARS_MAX as u64 + 1024;

/// What is to be sent: a text, a file, or both.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageDraft {
    /// The text; may be empty if there is a file.
    pub text: String,
    /// The file.
    pub file: Option<File>,
}

redacted!(MessageDraft);

/// Why something cannot be sent as a note. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("{what}\n{remedy}")]
pub struct Unfit {
    /// What is wrong, with the values; nothing of the text.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Unfit {
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Unfit {
        Unfit { what: what.into(), remedy: remedy.into() }
    }
}

impl MessageDraft {
    /// A draft of this text, without line ends at its end, and of these files. Their types are recognised by their
    /// first bytes.
    ///
    /// # Errors
    /// If the platform would refuse it.
    pub fn new(text: &str, mut files: Vec<Vec<u8>>) -> Result<MessageDraft, Unfit> {
        let text = if text.trim().is_empty() { "" } else { text.trim_end_matches(['\r', '\n']) };
        if text.is_empty() && files.is_empty() {
            return Err(Unfit::new("the text is empty, and there is no file", "write what the note shall say"));
        }
        let chars = text.chars().count();
        if MESSAGE_CHARS_MAX < chars {
            return Err(Unfit::new(
                format!("the text has {chars} characters, and a message {MESSAGE_CHARS_MAX} at most"),
                "shorten it, or send it as several notes",
            ));
        }
        if 1 < files.len() {
            return Err(Unfit::new(
                format!("{} files, and one at most goes with a message", files.len()),
                "send the others with notes of their own",
            ));
        }
        let file = files.pop().map(attached).transpose()?;
        Ok(MessageDraft { text: text.to_owned(), file })
    }
}

fn attached(bytes: Vec<u8>) -> Result<File, Unfit> {
    let media_type = infer::get(&bytes).map_or("application/octet-stream", |kind| kind.mime_type()).to_owned();
    match FileKind::of(&media_type, bytes.len() as u64) {
        Ok(_) => Ok(File { media_type, bytes }),
        Err(PlatformError::Refused { what }) => Err(Unfit::new(what, "send another file, or say where it can be had")),
        Err(error) => Err(Unfit::new(error.to_string(), "send another file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{GIF_BYTES_MAX, IMAGE_BYTES_MAX};

    const PNG: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

    fn refusal(text: &str, files: Vec<Vec<u8>>) -> String {
        MessageDraft::new(text, files).unwrap_err().what
    }

    fn of_size(start: &[u8], size: u64) -> Vec<u8> {
        let mut bytes = start.to_vec();
        bytes.resize(size as usize, 0);
        bytes
    }

    #[test]
    fn what_the_platform_takes_is_a_dispatch() {
        let text = "é".repeat(MESSAGE_CHARS_MAX);
        assert!(MessageDraft::new(&format!("{text}\r\n\n"), vec![]).unwrap().text == text);
        assert!((text.len() as u64) < DRAFT_BYTES_MAX);
        let kind = |bytes| MessageDraft::new("", vec![bytes]).unwrap().file.unwrap().media_type;
        assert_eq!(kind(of_size(&PNG, IMAGE_BYTES_MAX)), "image/png");
        assert_eq!(kind(of_size(b"GIF89a", GIF_BYTES_MAX)), "image/gif");
        assert_eq!(kind(b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec()), "image/jpeg");
        assert_eq!(kind(b"RIFF\x24\0\0\0WEBPVP8 ".to_vec()), "image/webp");
    }

    #[test]
    fn what_the_platform_would_refuse_is_none() {
        assert!(refusal("\n \n", vec![]).starts_with("the text is empty"));
        assert!(refusal(&"x".repeat(MESSAGE_CHARS_MAX + 1), vec![]).starts_with("the text has 10001 characters"));
        assert!(refusal("a", vec![PNG.to_vec(); 2]).starts_with("2 files"));
        assert!(refusal("a", vec![of_size(&PNG, IMAGE_BYTES_MAX + 1)]).starts_with("a file of 5000001 bytes"));
        assert!(refusal("a", vec![b"%PDF-1.7".to_vec()]).starts_with("a file of type application/pdf"));
        assert!(refusal("a", vec![b"\0\0\0\x18ftypmp42".to_vec()]).starts_with("a file of type video/mp4"));
        assert!(refusal("a", vec![b"words".to_vec()]).starts_with("a file of type application/octet-stream"));
        assert!(refusal("a", vec![vec![]]).contains("application/octet-stream"));
    }
}
