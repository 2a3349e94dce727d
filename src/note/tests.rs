//! Tests of openings: written and read back, and what is refused.

use super::*;
use crate::base::ids::{Account, ConversationId, MessageId, Origin, SourceMessage};

fn salt(byte: u8) -> Salt {
    Salt::from_bytes([byte; 32])
}

fn content() -> Content {
    let header = Header {
        salt: salt(7),
        records: vec![Record::of(Role::Message, b"{}"), Record::of(Role::Recipient, b"{\"id\":1}")],
        change: None,
        subkey: None,
        conversation_key: None,
        attachments: vec![
            AttachmentRef::File(FileRef::of(b"picture", "image/jpeg")),
            AttachmentRef::Unreadable { media_key: "3_1582".to_owned() },
        ],
        links: vec![("https://t.co/abc".to_owned(), "https://example.org/annex".to_owned())],
    };
    Content { header, text: Some("The Embassy presents\r\nits compliments \n".to_owned()) }
}

fn envelope(content: &Content) -> Envelope {
    let message: MessageId = MessageId(972_161_234_567_890_123);
    let account = |text| Account::parse(text).unwrap();
    Envelope {
        log: Origin::parse("embassy.example/notes").unwrap(),
        note: 17,
        from: account("2244994945 embassy"),
        to: vec![account("783214 ministry")],
        conversation: ConversationId::parse("783214-2244994945").unwrap(),
        message: SourceMessage::XDm(message),
        sent: message.moment(),
        seen: message.moment().plus_ms(2_878),
        beacon: None,
        correspondence: Correspondence { count: 5, previous: Hash::of(b"4") },
        content: content.hash(),
        salt: salt(9),
    }
}

fn opening() -> Opening {
    let content = content();
    Opening {
        envelope: envelope(&content).to_text().into_bytes(),
        content: content.to_text().into_bytes(),
        records: vec![b"{}".to_vec(), b"{\"id\":1}".to_vec()],
        attachments: vec![Some(b"picture".to_vec()), None],
    }
}

#[test]
fn what_is_written_is_read_back() {
    let content = content();
    let envelope = envelope(&content);
    assert!(Content::parse(content.to_text().as_bytes()).unwrap() == content);
    assert!(Envelope::parse(envelope.to_text().as_bytes()).unwrap() == envelope);
    assert_eq!(envelope.commitment(), Hash::of(envelope.to_text().as_bytes()));
}

#[test]
fn an_opening_survives_packing() {
    let packed = opening().pack(17);
    assert_eq!(packed, opening().pack(17));
    let (note, unpacked) = Opening::unpack(&packed).unwrap();
    assert_eq!(note, 17);
    assert!(unpacked == opening());
}

#[test]
fn an_opening_whose_parts_disagree_is_refused() {
    let check = |change: &dyn Fn(&mut Opening)| {
        let mut changed = opening();
        change(&mut changed);
        Opening::unpack(&changed.pack(17)).unwrap_err()
    };
    assert_eq!(check(&|o| o.records[0] = b"[]".to_vec()), OpeningError::Differs("record"));
    assert_eq!(check(&|o| o.attachments[0] = Some(b"Picture".to_vec())), OpeningError::Differs("list of attachments"));
    assert_eq!(check(&|o| o.attachments[0] = None), OpeningError::Missing("note-17.attachment-1.jpg".to_owned()));
    assert_eq!(check(&|o| drop(o.records.pop())), OpeningError::Missing("note-17.recipient-1.json".to_owned()));
    assert_eq!(Opening::unpack(&opening().pack(18)).unwrap_err(), OpeningError::Differs("number"));
}

#[test]
fn entities_are_decoded_once() {
    assert_eq!(content::decode_once("&amp;lt; &lt;b&gt; &amp; &quot;"), "&lt; <b> & &quot;");
}

#[test]
fn nothing_private_is_shown() {
    let (content, opening) = (content(), opening());
    let shown = format!("{:?} {:?} {:?} {opening:?}", envelope(&content), content, content.header);
    for private in ["embassy", "compliments", "0909", "0707", "ministry"] {
        assert!(!shown.contains(private), "{shown}");
    }
}
