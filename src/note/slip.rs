//! The slip: a direct message that carries a note's envelope in full, and its content without the text. With the slip
//! and the message itself, anybody can rebuild the commitment.
//!
//! The form is in `FORMAT.md`, section 10.

use crate::base::escape;
use crate::base::hash::Hash;
use crate::base::ids::Origin;
use crate::base::text::{Lines, ParseError};
use crate::note::content::Header;
use crate::note::{Content, Envelope, redacted};

/// The longest slip in characters, all of them ASCII: the length that X takes as a direct message.
pub const SLIP_BYTES_MAX: usize = 10_000;

const FIRST: &str = "verbale slip v1";

/// What the recipient of a note gets, to check the public hash against the message that it received.
#[derive(Clone, PartialEq, Eq)]
pub struct Slip {
    /// The envelope.
    pub envelope: Envelope,
    /// The content without its text.
    pub header: Header,
    /// The length of the text in bytes.
    pub text_len: usize,
}

/// A note rebuilt from its slip and the message: exactly what was committed to.
#[derive(Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// The envelope.
    pub envelope: Envelope,
    /// The content, whose hash is the one in the envelope.
    pub content: Content,
    /// The SHA-256 of the envelope: what the log and the post show.
    pub commitment: Hash,
}

/// Why there is no slip, or why it does not fit a message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum SlipError {
    /// It would be longer than [`SLIP_BYTES_MAX`].
    #[error(
        "slip too long: that of note {note} has {size} characters, and a direct message at most {SLIP_BYTES_MAX}\nhand over the proof of the note in its place"
    )]
    TooLong { note: u64, size: usize },
    /// It is not of its form.
    #[error("the slip cannot be read: {0}\ngive the slip's text as it was received, from its first word to its last")]
    Form(#[from] ParseError),
    /// The message has another length.
    #[error("the message is {found} bytes long, and note {note} has {expected}\n{MESSAGE}")]
    Length { note: u64, expected: usize, found: usize },
    /// The message, or a line of the slip, is not what was committed to.
    #[error(
        "the message is not the text of note {note}: with it the content has the SHA-256 {found}, and the envelope says {expected}\n{MESSAGE}"
    )]
    Differs { note: u64, expected: Hash, found: Hash },
}

const MESSAGE: &str = "give the message's text as the platform returned it: to the byte, with its short links";

impl Slip {
    /// The slip of a note. None for one whose text could not be read: there is nothing to compare with what was received.
    pub fn of(envelope: Envelope, content: &Content) -> Option<Slip> {
        Some(Slip { envelope, header: content.header.clone(), text_len: content.text_len()? })
    }

    /// Reads the whole text of the message, `&lt; &gt; &amp;` decoded once.
    ///
    /// # Errors
    /// If it is longer than [`SLIP_BYTES_MAX`] or differs from the form in any byte.
    pub fn parse(text: &str) -> Result<Slip, ParseError> {
        const BRACKETS: &str = "text in which all stands in brackets that X would change, and nothing else";
        const CONTENT: &str = "verbale content v1";
        let mut lines = Lines::new("slip", text.as_bytes(), SLIP_BYTES_MAX)?;
        if lines.next(FIRST)? != FIRST {
            return Err(lines.error(FIRST));
        }
        let written = std::str::from_utf8(lines.rest()).unwrap_or_default();
        let read = escape::read(written).filter(|read| escape::write(read) == written);
        let read = lines.value(BRACKETS, read)?;
        let parts = read.split_once("\nverbale content v1\n");
        let (envelope, header) = lines.value(CONTENT, parts)?;
        let envelope = Envelope::parse(format!("{envelope}\n").as_bytes())?;
        let (header, text_len) = Header::parse(format!("verbale content v1\n{header}\n").as_bytes())?;
        let text_len = lines.value("text <length in bytes>", text_len)?;
        Ok(Slip { envelope, header, text_len })
    }

    /// Whether a text is a slip of this log.
    pub fn is_of(text: &str, log: &Origin) -> bool {
        Slip::parse(text).is_ok_and(|slip| slip.envelope.log == *log)
    }

    /// The text of the message, without LF at its end. Reading and writing a slip gives the same bytes.
    ///
    /// # Errors
    /// [`SlipError::TooLong`]: many recipients, or many or long links.
    pub fn to_text(&self) -> Result<String, SlipError> {
        let plain = format!("{FIRST}\n{}{}", self.envelope.to_text(), self.header.to_text(Some(self.text_len)));
        let text = escape::write(plain.trim_end());
        if SLIP_BYTES_MAX < text.len() {
            return Err(SlipError::TooLong { note: self.envelope.note, size: text.len() });
        }
        Ok(text)
    }
}

/// The note that slip and message make together, if the message is the one that was sealed.
///
/// Both are the texts that the platform returned, `&lt; &gt; &amp;` decoded once.
///
/// # Errors
/// If the slip is not of its form, or the message is another.
pub fn rebuild(slip: &str, message: &str) -> Result<Rebuilt, SlipError> {
    let Slip { envelope, header, text_len: expected } = Slip::parse(slip)?;
    let note = envelope.note;
    if message.len() != expected {
        return Err(SlipError::Length { note, expected, found: message.len() });
    }
    let content = Content { header, text: Some(message.to_owned()) };
    let (expected, found) = (envelope.content, content.hash());
    if expected != found {
        return Err(SlipError::Differs { note, expected, found });
    }
    Ok(Rebuilt { commitment: envelope.commitment(), envelope, content })
}

redacted!(Slip, Rebuilt);

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::base::hash::Hash;
    use crate::base::ids::{Account, ConversationId, MessageId, SourceMessage};
    use crate::note::content::{LINKS_MAX, decode_once};
    use crate::note::{Correspondence, Salt};

    pub(crate) const MESSAGE: &str = "Dear Sirs, \u{2066}see\u{2069} https://t.co/abc\r\n & <answer> ";

    pub(crate) fn note() -> (Envelope, Content) {
        let link = ("https://t.co/abc".to_owned(), "https://example.org/?a=1&lt;=2@me".to_owned());
        let salt = Salt::from_bytes([7; 32]);
        let header = Header::of_message(salt, b"{}", vec![], vec![link]);
        let content = Content { header, text: Some(MESSAGE.to_owned()) };
        let message = MessageId(972_161_234_567_890_123);
        let envelope = Envelope {
            log: Origin::parse("embassy.example/notes").unwrap(),
            note: 17,
            from: Account::parse("2244994945 embassy").unwrap(),
            to: vec![Account::parse("783214 ministry").unwrap()],
            conversation: ConversationId::parse("783214-2244994945").unwrap(),
            message: SourceMessage::XDm(message),
            sent: message.moment(),
            seen: message.moment(),
            beacon: None,
            correspondence: Correspondence::FIRST,
            content: content.hash(),
            salt,
        };
        (envelope, content)
    }

    #[test]
    fn slip_and_message_make_the_commitment() {
        let (envelope, content) = note();
        let slip = Slip::of(envelope.clone(), &content).unwrap().to_text().unwrap();
        assert!(
            slip.starts_with("verbale slip v1\nverbale envelope v1\nsource x-dm\nlog embassy[.]example/notes\n"),
            "{slip}"
        );
        let rebuilt = rebuild(&slip, MESSAGE).unwrap();
        assert!(rebuilt == Rebuilt { commitment: envelope.commitment(), envelope, content });
    }

    #[test]
    fn it_survives_what_x_does_to_a_text() {
        let (envelope, content) = note();
        let slip = Slip::of(envelope, &content).unwrap().to_text().unwrap();
        let returned = slip.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert_eq!(decode_once(&returned), slip);
        // Holds even if the platform decodes what it was sent, or encodes nothing.
        assert_eq!(decode_once(&slip), slip);
        assert!(slip.is_ascii());
    }

    #[test]
    fn another_message_is_refused() {
        let (envelope, content) = note();
        let slip = Slip::of(envelope.clone(), &content).unwrap().to_text().unwrap();
        let length = rebuild(&slip, "Dear Sirs").unwrap_err();
        assert!(matches!(length, SlipError::Length { note: 17, found: 9, .. }));
        let other = rebuild(&slip, &MESSAGE.replace("Sirs", "sirs")).unwrap_err();
        assert!(matches!(other, SlipError::Differs { note: 17, .. }));
        let lied = Slip::of(Envelope { content: Hash::of(b"other"), ..envelope }, &content).unwrap().to_text().unwrap();
        assert!(matches!(rebuild(&lied, MESSAGE), Err(SlipError::Differs { .. })));
        for error in [length, other] {
            assert!(!error.to_string().contains("Sirs"), "{error}");
        }
    }

    #[test]
    fn a_slip_that_does_not_fit_a_message_is_not_written() {
        let (envelope, mut content) = note();
        content.header.links = vec![content.header.links[0].clone(); LINKS_MAX];
        let error = Slip::of(envelope, &content).unwrap().to_text().unwrap_err();
        assert!(matches!(error, SlipError::TooLong { note: 17, size } if SLIP_BYTES_MAX < size));
        assert!(error.to_string().starts_with("slip too long: that of note 17 has "));
    }
}
