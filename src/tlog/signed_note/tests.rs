use proptest::prelude::*;

use super::*;

/// The example of the specification.
const SPEC_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPEC_NOTE: &str = "This is an example message.\n\n\
    \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

/// The example of Go's `sumdb/note`.
const GO_KEY: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n";
const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_LINE: &str = "\u{2014} PeterNeumann \
    x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const SECOND_LINE: &str = "\u{2014} EnochRoot \
    rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";
const SECOND_VKEY: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";

fn key(seed: u8) -> LogKey {
    LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [seed; 32])
}

fn vkey(text: &str) -> VerifierKey {
    VerifierKey::parse(text).unwrap()
}

fn parse(text: &str) -> Result<SignedNote, ParseError> {
    SignedNote::parse(text.as_bytes())
}

#[test]
fn the_example_of_the_specification_holds() {
    let key = vkey(SPEC_VKEY);
    assert_eq!((key.name().as_str(), key.id()), ("example.com/foo", [0x53, 0x0d, 0x90, 0x3a]));
    assert_eq!(key.to_string(), SPEC_VKEY);
    let note = parse(SPEC_NOTE).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.to_string(), SPEC_NOTE);
    assert_eq!(note.verify(std::slice::from_ref(&key)).unwrap(), [&key]);
    let altered = parse(&SPEC_NOTE.replace("an example", "no example")).unwrap();
    assert_eq!(altered.verify(&[key]), Err(SignatureError::Wrong { key: "example.com/foo+530d903a".to_owned() }));
}

#[test]
fn keys_and_notes_of_go_are_read_and_written() {
    let key = LogKey::parse(GO_KEY.as_bytes()).unwrap();
    assert_eq!(key.to_file(), GO_KEY);
    assert_eq!(key.vkey().to_string(), GO_VKEY);
    assert_eq!(key.vkey(), vkey(GO_VKEY));
    assert_eq!(key.sign(GO_TEXT), format!("{GO_TEXT}\n{GO_LINE}"));
    let note = parse(&format!("{GO_TEXT}\n{GO_LINE}{SECOND_LINE}")).unwrap();
    let (first, second) = (vkey(GO_VKEY), vkey(SECOND_VKEY));
    assert_eq!(note.verify(std::slice::from_ref(&second)).unwrap(), [&second]);
    assert_eq!(note.verify(&[first.clone(), second.clone()]).unwrap(), [&first, &second]);
}

#[test]
fn the_secret_key_is_never_shown() {
    assert_eq!(format!("{:?}", LogKey::parse(GO_KEY.as_bytes()).unwrap()), "LogKey(PeterNeumann+c74f20a3, secret)");
    for bad in [GO_KEY.trim_end().to_owned(), GO_KEY.replace("KDFz", "KDF"), GO_KEY.replace("c74f", "c74e")] {
        let error = LogKey::parse(bad.as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("AYEKF"));
    }
}

#[test]
fn key_files_are_read_strictly() {
    let bad = |from: &str, to: &str| LogKey::parse(GO_KEY.replace(from, to).as_bytes()).unwrap_err();
    assert_eq!(bad("\n", ""), LogKey::FORM);
    assert_eq!(bad("\n", "\r\n"), LogKey::FORM);
    assert_eq!(bad("PRIVATE+KEY", "PRIVATE+key"), LogKey::FORM);
    assert_eq!(bad("PeterNeumann", "Peter Neumann"), LogKey::FORM);
    assert_eq!(bad("PeterNeumann", ""), LogKey::FORM);
    assert_eq!(bad("PeterNeumann", &"n".repeat(1000)), LogKey::FORM);
    assert_eq!(bad("PeterNeumann", "PeterNewmann"), KeyError::Id);
    assert_eq!(bad("c74f20a3", "C74F20A3"), LogKey::FORM);
    assert_eq!(bad("AYEKF", "BIEKF"), KeyError::Type(4));
    assert_eq!(bad("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", ""), LogKey::FORM);
    assert_eq!(bad("KDFz\n", "KDFzAAAA\n"), LogKey::FORM);
    assert_eq!(LogKey::parse(b"").unwrap_err(), LogKey::FORM);
    assert_eq!(LogKey::parse(&[0xff; 40]).unwrap_err(), LogKey::FORM);
}

#[test]
fn public_keys_are_read_strictly() {
    let bad = |from: &str, to: &str| VerifierKey::parse(&SPEC_VKEY.replace(from, to)).unwrap_err();
    assert_eq!(bad("foo", "fop"), KeyError::Id);
    assert_eq!(bad("530d903a", "530d903b"), KeyError::Id);
    assert_eq!(bad("530d903a", "530D903A"), VerifierKey::FORM);
    assert_eq!(bad("530d903a", "30d903a"), VerifierKey::FORM);
    assert_eq!(bad("AekyeRrm", "BOkyeRrm"), KeyError::Type(4));
    assert_eq!(bad("3U2k", "3U2k\n"), VerifierKey::FORM);
    assert_eq!(bad("3U2k", "3U0="), VerifierKey::FORM);
    assert_eq!(bad("+", " "), VerifierKey::FORM);
    // A point of small order: under it, signatures can be made without a secret.
    let mut weak = [0; 32];
    weak[0] = 1;
    let weak = VerifyingKey::from_bytes(&weak).unwrap();
    let weak = VerifierKey::new(Origin::parse("weak").unwrap(), weak).to_string();
    assert_eq!(VerifierKey::parse(&weak), Err(KeyError::Unusable));
}

#[test]
fn only_known_keys_count_and_they_must_fit() {
    let (ours, other) = (key(1), key(2));
    let text = "one\n\ntwo\n";
    let signed = ours.sign(text);
    let by_other = other.signature(text).to_string();
    let both = parse(&format!("{signed}{by_other}")).unwrap();
    assert_eq!(both.text(), text, "the text may hold empty lines");
    assert_eq!(both.signatures().len(), 2);
    assert_eq!(both.signatures()[0].name(), "embassy.example/notes");
    assert_eq!(both.signatures()[1].id(), other.vkey().id());
    assert!(both.verify(&[ours.vkey()]).is_ok());
    assert!(both.verify(&[key(3).vkey(), other.vkey()]).is_ok());
    let unknown = both.verify(&[key(3).vkey()]).unwrap_err();
    assert_eq!(unknown, SignatureError::Unknown { known: key(3).vkey().name_and_id() });
    assert!(both.verify(&[]).is_err());

    let wrong = ours.signature("another text\n").to_string();
    let first_fits = parse(&format!("{signed}{by_other}{wrong}")).unwrap();
    assert!(first_fits.verify(&[other.vkey()]).is_ok());
    assert!(matches!(first_fits.verify(&[other.vkey(), ours.vkey()]), Err(SignatureError::Wrong { .. })));
    assert!(matches!(first_fits.verify(&[ours.vkey()]), Err(SignatureError::Wrong { .. })));
}

#[test]
fn signatures_of_other_kinds_are_tolerated_up_to_a_limit() {
    let signed = key(1).sign("text\n");
    let long = Signature { name: "wïtness".to_owned(), id: [9; 4], bytes: vec![7; 2428] }.to_string();
    let sixteen = format!("{signed}{}", long.repeat(15));
    assert!(parse(&sixteen).unwrap().verify(&[key(1).vkey()]).is_ok());
    let short = Signature { name: "w".to_owned(), id: [9; 4], bytes: vec![7] }.to_string();
    assert!(parse(&format!("{signed}{}", short.repeat(SIGNATURES_MAX - 1))).is_ok());
    assert!(parse(&format!("{signed}{}", short.repeat(SIGNATURES_MAX))).is_err());
    let limit = "x".repeat(BYTES_MAX - signed.len());
    assert!(parse(&format!("{limit}{signed}")).is_ok());
    let too_large = parse(&format!("x{limit}{signed}")).unwrap_err();
    assert_eq!(too_large, ParseError::TooLarge { format: FORMAT, size: BYTES_MAX + 1, limit: BYTES_MAX });
}

#[test]
fn malformed_notes_are_refused_with_their_line() {
    let good = "one\ntwo\n\n\u{2014} name AAAAAAA=\n";
    assert!(parse(good).is_ok());
    let cases = [
        ("two\n", "t\u{1}wo\n", 2),
        ("two\n", "two\r\n", 2),
        ("two\n", "t\two\n", 2),
        ("\n\n", "\n", 4),
        ("\u{2014} name AAAAAAA=\n", "", 4),
        ("\u{2014}", "-", 4),
        ("\u{2014} ", "\u{2014}  ", 4),
        ("name", "", 4),
        ("name", "na+me", 4),
        ("name", "na\u{a0}me", 4),
        ("AAAAAAA=", "AAAAAAA", 4),
        ("AAAAAAA=", "AAAAAAB=", 4),
        ("AAAAAAA=", "AAAAAA==", 4),
        ("AAAAAAA=", "AAA_AAA=", 4),
        ("AAAAAAA=", "AAAAAAA= ", 4),
        ("AAAAAAA=\n", "AAAAAAA=", 4),
        ("AAAAAAA=\n", "AAAAAAA=\nx\n", 5),
    ];
    for (from, to, at) in cases {
        let Err(ParseError::Line { line, .. }) = parse(&good.replace(from, to)) else {
            panic!("{to:?} in the place of {from:?} is accepted")
        };
        assert_eq!(line, at, "{to:?} in the place of {from:?}");
    }
    assert!(SignedNote::parse(b"\xff\n\n").is_err());
    assert!(SignedNote::parse(b"").is_err());
    assert!(SignedNote::parse(b"\n\n").is_err());
}

proptest! {
    #[test]
    fn what_is_signed_is_read_and_holds(text in "([^\\p{Cc}]{0,20}\n){1,5}", seed in any::<[u8; 32]>()) {
        let key = LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), seed);
        let signed = key.sign(&text);
        let note = parse(&signed).unwrap();
        prop_assert_eq!(note.text(), &text);
        prop_assert_eq!(note.to_string(), signed);
        prop_assert!(note.verify(&[VerifierKey::parse(&key.vkey().to_string()).unwrap()]).is_ok());
        let file = LogKey::parse(key.to_file().as_bytes()).unwrap().to_file();
        prop_assert_eq!(file, key.to_file());
    }

    #[test]
    fn one_flipped_bit_is_noticed(bit in 0..SPEC_NOTE.len() * 8) {
        let mut bytes = SPEC_NOTE.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!SignedNote::parse(&bytes).is_ok_and(|note| note.verify(&[vkey(SPEC_VKEY)]).is_ok()));
    }

    #[test]
    fn whatever_is_read_is_written_the_same(text in "[a-z\n]{0,9}\n\n(\u{2014} [a-z+é ]{1,3} [A-D]{6,8}={0,2}\n){0,3}") {
        if let Ok(note) = parse(&text) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), text in "\\PC{0,80}") {
        let _ = SignedNote::parse(&bytes);
        let _ = LogKey::parse(&bytes);
        let _ = VerifierKey::parse(&text);
    }
}
