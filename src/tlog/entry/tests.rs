use proptest::prelude::*;

use super::*;

const TIME: &str = "2018-03-09T17:40:15.001Z";

fn read(line: &str) -> Result<Entry, ParseError> {
    Entry::parse(format!("{line}\n").as_bytes())
}

fn hash() -> String {
    "4f1c".repeat(16)
}

#[test]
fn each_kind_is_read_and_written() {
    let hash = hash();
    for line in [
        format!("note {TIME} 17 {hash}"),
        format!("post {TIME} 17-17 x 972161234567890123"),
        format!("post {TIME} 17-62 x 972161234567890123"),
        format!("open {TIME} 17 envelope {hash}"),
        format!("open {TIME} 17 content {hash}"),
        format!("open {TIME} 17 unlocked {hash}"),
        format!("dispute {TIME} 17 x 972161234567890123"),
        format!("receipt {TIME} embassy.example/notes 17 {hash}"),
        format!("lost {TIME} x 972161234567890123 deleted"),
        format!("lost {TIME} x 972161234567890123 edited"),
        format!("lost {TIME} x 972161234567890123 hidden"),
        format!("lost {TIME} x 972161234567890123 unreadable"),
        format!("gap {TIME} {TIME} 2018-03-09T18:00:00.000Z the platform was away"),
        format!("key {TIME} example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
        format!("key {TIME} of-another-type+00000000+/w=="),
        format!("stamp {TIME} 1 tsr freetsa {hash}"),
        format!("stamp {TIME} {} ots a.pool-0.{} {hash}", u64::MAX, "z".repeat(55)),
        format!("unlock {TIME} 17 {hash}"),
    ] {
        let entry = read(&line).unwrap();
        assert_eq!(entry.to_line(), format!("{line}\n"));
        assert_eq!(entry.time(), Time::parse(TIME));
        assert!(!matches!(entry, Entry::Unknown { .. }));
    }
    assert_eq!(
        read(&format!("note {TIME} 17 {hash}")),
        Ok(Entry::Note { time: Time::parse(TIME).unwrap(), note: 17, commitment: Hash::from_hex(&hash).unwrap() })
    );
}

#[test]
fn unknown_kinds_are_kept_as_they_are() {
    for line in ["recant 2018-03-09T17:40:15.001Z 17", "x", "Note 1", "notes 5  6"] {
        let entry = read(line).unwrap();
        assert_eq!(entry, Entry::Unknown { line: line.to_owned() });
        assert_eq!((entry.to_line(), entry.time()), (format!("{line}\n"), None));
    }
}

#[test]
fn malformed_lines_are_refused() {
    let hash = hash();
    for line in [
        String::new(),
        "note".to_owned(),
        format!("note {TIME} 17"),
        format!("note {TIME} 0 {hash}"),
        format!("note {TIME} 017 {hash}"),
        format!("note {TIME} +17 {hash}"),
        format!("note  {TIME} 17 {hash}"),
        format!("note {TIME} 17 {hash} "),
        format!("note {TIME} 17 {hash}\r"),
        format!("note {TIME} 17 {hash} more"),
        format!("note {TIME} 17 {}", hash.to_uppercase()),
        format!("note {TIME} 17 {}", &hash[1..]),
        format!("note 2018-03-09T17:40:15Z 17 {hash}"),
        format!("receipt {TIME} 17 {hash}"),
        format!("receipt {TIME} a+b 17 {hash}"),
        format!("receipt {TIME} embassy.example/notes 0 {hash}"),
        format!("note 2018-02-30T17:40:15.001Z 17 {hash}"),
        format!("post {TIME} 17 x 972161234567890123"),
        format!("post {TIME} 17-16 x 972161234567890123"),
        format!("post {TIME} 0-16 x 972161234567890123"),
        format!("post {TIME} 17-17 y 972161234567890123"),
        format!("post {TIME} 17-17 x id"),
        format!("open {TIME} 17 all {hash}"),
        format!("lost {TIME} x 972161234567890123 gone"),
        format!("dispute {TIME} 17 972161234567890123"),
        format!("gap {TIME} {TIME} {TIME}"),
        format!("gap {TIME} {TIME} {TIME} "),
        format!("gap {TIME} {TIME} {TIME}  reason"),
        format!("gap {TIME} {TIME} 2018-03-09T17:40:15.000Z reason"),
        format!("key {TIME} two words"),
        format!("key {TIME} word"),
        format!("key {TIME} +530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
        format!("key {TIME} name+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
        format!("key {TIME} name+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2"),
        format!("key {TIME} name+530d903a+"),
        format!("key {TIME} no\u{a0}name+530d903a+AQ=="),
        format!("stamp {TIME} 0 tsr freetsa {hash}"),
        format!("stamp {TIME} 5 tsa freetsa {hash}"),
        format!("stamp {TIME} 5 tsr FreeTSA {hash}"),
        format!("stamp {TIME} 5 tsr free_tsa {hash}"),
        format!("stamp {TIME} 5 tsr {} {hash}", "a".repeat(65)),
        format!("stamp {TIME} 5 tsr  {hash}"),
        format!("stamp {TIME} 5 tsr freetsa"),
        format!("stamp {TIME} 5 freetsa {hash}"),
        format!("unlock {TIME} 0 {hash}"),
        format!("unlock {TIME} 17"),
        format!("unlock {TIME} 17 content {hash}"),
        "unknown \u{7} bell".to_owned(),
        "unknown\ttab".to_owned(),
        "\u{feff}unknown".to_owned(),
        "unknown ".to_owned(),
    ] {
        assert!(read(&line).is_err(), "{line:?}");
    }
    assert!(Entry::parse(b"").is_err());
    assert!(Entry::parse(b"unknown").is_err(), "no LF");
    assert!(Entry::parse(b"unknown\n\n").is_err());
    assert!(Entry::parse(b"unknown\nunknown\n").is_err());
    assert!(Entry::parse(b"\xff\n").is_err());
}

#[test]
fn a_line_has_a_longest_length() {
    assert!(read(&"x".repeat(LINE_BYTES_MAX - 1)).is_ok());
    let error = read(&"x".repeat(LINE_BYTES_MAX)).unwrap_err();
    assert_eq!(error, ParseError::TooLarge { format: "entry", size: LINE_BYTES_MAX + 1, limit: LINE_BYTES_MAX });
}

/// Any entry that can be written.
fn any_entry() -> impl Strategy<Value = Entry> {
    let time = || (-62_167_219_200_000..=253_402_300_799_999_i64).prop_map(Time::from_ms);
    let hash = || any::<[u8; 32]>().prop_map(Hash::from_bytes);
    let level = prop_oneof![Just(Level::Envelope), Just(Level::Content), Just(Level::Unlocked)];
    let how = prop_oneof![Just(Loss::Deleted), Just(Loss::Edited), Just(Loss::Hidden), Just(Loss::Unreadable)];
    let kind = prop_oneof![Just(StampKind::Tsr), Just(StampKind::Ots)];
    prop_oneof![
        (time(), 1_u64.., hash()).prop_map(|(time, note, commitment)| Entry::Note { time, note, commitment }),
        (time(), 1_u64.., any::<u64>(), any::<u64>()).prop_map(|(time, a, b, post): (_, u64, u64, u64)| {
            let (first, last) = (a.min(b.max(1)), a.max(b));
            Entry::Post { time, first, last, post: Channel::X.post(post_id(post)) }
        }),
        (time(), 1_u64.., level, hash()).prop_map(|(time, note, level, sha256)| Entry::Open {
            time,
            note,
            level,
            sha256
        }),
        (time(), 1_u64.., any::<u64>())
            .prop_map(|(time, note, post)| { Entry::Dispute { time, note, post: Channel::X.post(post_id(post)) } }),
        (time(), any::<u64>(), how)
            .prop_map(|(time, post, how)| { Entry::Lost { time, post: Channel::X.post(post_id(post)), how } }),
        (time(), time(), time(), "[!-~äß][ -~äß]{0,80}[!-~äß]")
            .prop_map(|(time, a, b, reason)| { Entry::Gap { time, from: a.min(b), to: a.max(b), reason } }),
        (time(), "[!-*,-~]{1,300}[+][0-9a-f]{8}[+](AA==|[a-zA-Z0-9+/]{44})")
            .prop_map(|(time, vkey)| Entry::Key { time, vkey }),
        (time(), 1_u64.., kind, "[a-z0-9.-]{1,64}", hash()).prop_map(|(time, size, kind, by, sha256)| Entry::Stamp {
            time,
            size,
            kind,
            by,
            sha256
        }),
        (time(), 1_u64.., hash()).prop_map(|(time, note, sha256)| Entry::Unlock { time, note, sha256 }),
        "zz[!-~][ -~]{0,80}[!-~]".prop_map(|line| Entry::Unknown { line }),
    ]
}

fn post_id(id: u64) -> PostId {
    crate::base::ids::PostId(id)
}

proptest! {
    #[test]
    fn what_is_written_is_read(entry in any_entry()) {
        prop_assert_eq!(Entry::parse(entry.to_line().as_bytes()), Ok(entry));
    }

    #[test]
    fn whatever_is_read_is_written_the_same(entry in any_entry(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = entry.to_line().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = Entry::parse(&bytes) {
            prop_assert_eq!(read.to_line().into_bytes(), bytes);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
        let _ = Entry::parse(&bytes);
    }
}
