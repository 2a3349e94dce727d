use super::*;

/// An envelope of a note of this number.
fn envelope(note: u64, source: &str, conversation: &str, message: &str) -> Envelope {
    let previous = Hash::ZERO;
    let text = format!(
        "verbale envelope v1\nsource {source}\nlog embassy.example/notes\nnote {note}\nfrom 2244994945 embassy\n\
         to 783214 ministry\nconversation {conversation}\nmessage {message}\nsent 2018-03-09T17:24:34.860Z\n\
         seen 2018-03-09T17:24:37.102Z\ncorrespondence 1 {previous}\ncontent {}\nsalt {}\n",
        Hash::of(b"content"),
        Hash::of(b"salt")
    );
    Envelope::parse(text.as_bytes()).unwrap()
}

/// What is said of two notes.
fn told(one: &Envelope, other: &Envelope) -> Result<(), String> {
    let mut versions = Versions::default();
    versions.take(one, one.commitment()).unwrap();
    versions.take(other, other.commitment())
}

const UUID: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

#[test]
fn two_versions_are_noticed_however_their_names_are_written() {
    let (pair, turned) = ("783214-2244994945", "2244994945-783214");
    let dm = |note, conversation| envelope(note, "x-dm", conversation, &format!("97216123456789012{note}"));
    let one_place = "notes 1 and 2 both say that they are number 1 of their conversation";
    for second in [pair, turned] {
        assert_eq!(told(&dm(1, pair), &dm(2, second)), Err(one_place.to_owned()), "{second}");
    }
    assert_eq!(told(&dm(1, pair), &dm(2, "77")), Ok(()));
    let chat = |note, conversation, message| envelope(note, "x-chat", conversation, message);
    for second in [UUID, &UUID.to_ascii_uppercase()] {
        let said = told(&chat(1, "g77", UUID), &chat(2, "g78", second)).unwrap_err();
        assert!(said.starts_with("notes 1 and 2 are two versions of one: both are message "), "{said}");
    }
    assert_eq!(conversation(&dm(1, turned)), conversation(&dm(1, pair)));
}
