use proptest::prelude::*;

use super::*;

fn key() -> LogKey {
    LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [7; 32])
}

fn checkpoint(size: u64) -> Checkpoint {
    let root = if size == 0 { tree::empty_root() } else { Hash::of(b"root") };
    Checkpoint { origin: key().name().clone(), size, root }
}

#[test]
fn names_of_logs() {
    for name in ["a", "embassy.example/notes", "~!@[]:8080", &"x".repeat(255)] {
        assert_eq!(Origin::parse(name).unwrap().to_string(), name);
    }
    for name in ["", "a b", "a+b", "a\n", "é", "a\u{7f}", &"x".repeat(256)] {
        assert_eq!(Origin::parse(name), None, "{name:?}");
    }
}

#[test]
fn the_text_is_three_lines() {
    assert_eq!(checkpoint(0).to_text(), "embassy.example/notes\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
}

#[test]
fn signed_checkpoints_are_opened_by_their_key() {
    let signed = checkpoint(23).sign(&key());
    assert_eq!(Checkpoint::open(signed.as_bytes(), &key().vkey()), Ok(checkpoint(23)));
    let stranger = LogKey::from_seed(key().name().clone(), [8; 32]);
    assert!(matches!(
        Checkpoint::open(signed.as_bytes(), &stranger.vkey()),
        Err(CheckpointError::Signature(SignatureError::Unknown { .. }))
    ));
    let altered = signed.replace("\n23\n", "\n24\n");
    assert!(matches!(
        Checkpoint::open(altered.as_bytes(), &key().vkey()),
        Err(CheckpointError::Signature(SignatureError::Wrong { .. }))
    ));
    assert!(matches!(Checkpoint::open(b"x", &key().vkey()), Err(CheckpointError::Form(_))));
    let not_a_checkpoint = key().sign("hello\n");
    assert!(matches!(Checkpoint::open(not_a_checkpoint.as_bytes(), &key().vkey()), Err(CheckpointError::Form(_))));
}

#[test]
fn a_key_signs_for_the_log_of_its_own_name_only() {
    let other = Checkpoint { origin: Origin::parse("ministry.example/notes").unwrap(), ..checkpoint(23) };
    let error = Checkpoint::open(other.sign(&key()).as_bytes(), &key().vkey()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the checkpoint is of the log ministry.example/notes, and the key of embassy.example/notes"
    );
}

#[test]
fn extension_lines_are_tolerated() {
    let text = format!("{}more\nand more\n", checkpoint(23).to_text());
    assert_eq!(Checkpoint::parse(&text), Ok(checkpoint(23)));
    assert_eq!(Checkpoint::open(key().sign(&text).as_bytes(), &key().vkey()), Ok(checkpoint(23)));
}

#[test]
fn malformed_texts_are_refused_with_their_line() {
    let good = checkpoint(23).to_text();
    let root = checkpoint(23).root.to_base64();
    let cases = [
        ("embassy.example/notes", "", 1),
        ("embassy.example", "embassy example", 1),
        ("embassy.example", "embassy+example", 1),
        ("embassy", "\u{feff}embassy", 1),
        ("\n23\n", "\n023\n", 2),
        ("\n23\n", "\n+23\n", 2),
        ("\n23\n", "\n-1\n", 2),
        ("\n23\n", "\n\n", 2),
        ("\n23\n", "\n23 \n", 2),
        ("\n23\n", "\n23\r\n", 2),
        ("\n23\n", "\n18446744073709551616\n", 2),
        ("\n23\n", "\n0\n", 3),
        (root.as_str(), &root[..43], 3),
        (root.as_str(), "", 3),
        ("=\n", "=", 3),
        ("=\n", "=\n\n", 4),
        ("=\n", "=\nmore\n\nmore\n", 5),
        ("=\n", "=\nmore", 4),
    ];
    for (from, to, at) in cases {
        let Err(ParseError::Line { line, .. }) = Checkpoint::parse(&good.replace(from, to)) else {
            panic!("{to:?} in the place of {from:?} is accepted")
        };
        assert_eq!(line, at, "{to:?} in the place of {from:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(size: u64, root in any::<[u8; 32]>(), origin in "[!-*,-~]{1,255}") {
        let root = if size == 0 { tree::empty_root() } else { Hash::from_bytes(root) };
        let checkpoint = Checkpoint { origin: Origin::parse(&origin).unwrap(), size, root };
        prop_assert_eq!(Checkpoint::parse(&checkpoint.to_text()), Ok(checkpoint));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z0-9\n=+]{0,120}|\\PC{0,120}") {
        let _ = Checkpoint::parse(&text);
    }
}
