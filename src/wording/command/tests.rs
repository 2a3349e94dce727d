//! Commands as people write them, and texts that are none.

use proptest::prelude::*;

use super::*;

const HASH: &str = "4f1c5a2f0d9e8b7c6a5f4e3d2c1b0a99887766554433221100ffeeddccbbaa99";

fn check(number: u64) -> Ask {
    Ask::Check(Which::Number(number))
}

#[test]
fn a_mention_may_be_written_carelessly() {
    for text in [
        "@embassy check 17",
        "check 17",
        ".@embassy: Check note 17!",
        "@embassy @ministry CHECK #17?",
        "“@embassy” check:17.",
        "check @embassy no. 17 please, is it true",
        "\u{feff}@embassy\u{a0}check\n\n017",
        "@embassy che\u{200b}ck \u{2066}17\u{2069}",
        "@embassy check ١٧",
        "@embassy check ۱۷",
        "@embassy check १७",
        "@embassy check １７",
        "@embassy check 17 https://t.co/abc",
        "https://t.co/abc check 17",
    ] {
        assert_eq!(Ask::read(text, None), check(17), "{text:?}");
        assert_eq!(Ask::read(text, Some(3..=3)), check(17), "{text:?}");
    }
    let hash = Ask::Check(Which::Commitment(Hash::from_hex(HASH).unwrap()));
    for text in [
        format!("check {HASH}"),
        format!("@embassy CHECK SHA256 {}", HASH.to_uppercase()),
        format!("check sha256:{HASH}."),
    ] {
        assert_eq!(Ask::read(&text, None), hash, "{text}");
    }
    assert_eq!(Ask::read("@embassy dispute 17: we never had it", None), Ask::Dispute(Which::Number(17)));
    assert_eq!(Ask::read("@embassy Status", None), Ask::Status);
}

#[test]
fn a_post_of_ours_beside_it_says_which_note_is_meant() {
    let shown = Which::Shown(17..=17);
    for text in [
        "@embassy",
        "",
        "@embassy is this real?",
        "@embassy check",
        "check this",
        "@embassy https://t.co/abc",
        "17 lies",
    ] {
        assert_eq!(Ask::read(text, Some(17..=17)), Ask::Check(shown.clone()), "{text}");
    }
    for text in ["dispute", "@embassy dispute!", "Dispute this note", "dispute the note"] {
        assert_eq!(Ask::read(text, Some(17..=17)), Ask::Dispute(shown.clone()), "{text}");
    }
    assert_eq!(Ask::read("status", Some(17..=17)), Ask::Status);
    assert_eq!(Ask::read("help", Some(17..=17)), Ask::Help);
}

#[test]
fn what_cannot_be_read_asks_for_help_and_never_for_more() {
    for text in [
        "",
        "@embassy",
        "hello",
        "please check 17",
        "we do not dispute 17",
        "check",
        "check 0",
        "check 17.5",
        "check 1,700",
        "dispute 1,700",
        "dispute ١7",
        "check 18446744073709551616",
        "dispute 18446744073709551615",
        "check 4f1c",
        "checks 17",
        "ch eck 17",
        "dispute of note 17 recorded",
        "dispute @17",
        "dispute https://example.org/17",
    ] {
        assert_eq!(Ask::read(text, None), Ask::Help, "{text}");
    }
    // A number that cannot be read is not the note that is shown.
    assert_eq!(Ask::read("dispute 1,700", Some(17..=17)), Ask::Help);
    assert_eq!(Ask::read(&format!("{} check 17", "x".repeat(1 << 20)), None), Ask::Help);
    assert_eq!(Ask::read(&"@a ".repeat(100_000), None), Ask::Help);
}

#[test]
fn an_official_is_read_to_the_last_word() {
    let open = |level| Order::Open { note: 17, level };
    for (text, order) in [
        ("status", Order::Status),
        ("Notes!", Order::Notes),
        ("open 17 envelope", open(Level::Envelope)),
        (" OPEN note #17 Content. ", open(Level::Content)),
        ("confirm 012345", Order::Confirm(Code::parse("012345").unwrap())),
        ("confirm ٠١٢٣٤٥", Order::Confirm(Code::parse("012345").unwrap())),
        ("approve 3", Order::Approve(3)),
        ("approve request 3", Order::Approve(3)),
        ("help", Order::Help),
    ] {
        assert_eq!(Order::read(text), order, "{text}");
    }
    for text in [
        "open 17",
        "open 17 text",
        "open 17 content now",
        "do not open 17 content",
        "note open 17 content",
        "@embassy open 17 content",
        "open 17 content https://t.co/abc",
        "open 0 content",
        "confirm",
        "confirm 12345",
        "confirm 1234567",
        "approve",
        "approve all",
        "notes verbales",
        "",
    ] {
        assert_eq!(Order::read(text), Order::Help, "{text}");
    }
}

#[test]
fn a_code_has_six_digits_and_is_not_shown() {
    assert_eq!(Code::of(0).digits(), "000000");
    assert_eq!(Code::of(1_654_321).digits(), "123456");
    assert_eq!(format!("{:?}", Order::Confirm(Code::of(654_321))), "Confirm(Code(…))");
}

fn order() -> impl Strategy<Value = Order> {
    let level = prop_oneof![Just(Level::Envelope), Just(Level::Content)];
    let number = 1..=NUMBER_MAX;
    prop_oneof![
        Just(Order::Status),
        Just(Order::Notes),
        Just(Order::Help),
        (number.clone(), level).prop_map(|(note, level)| Order::Open { note, level }),
        any::<u64>().prop_map(|random| Order::Confirm(Code::of(random))),
        number.prop_map(Order::Approve),
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_and_an_order_is_read_as_it_is_kept(text in "\\PC{0,300}|[\\x00-\\x1f @#:a-z0-9]{0,80}", shown: bool) {
        let shown = shown.then_some(3..=5);
        let ask = Ask::read(&text, shown.clone());
        let order = Order::read(&text);
        prop_assert_eq!(Order::read(&order.to_string()), order);
        // What is around the words makes no difference.
        prop_assert_eq!(Ask::read(&format!("@embassy, {text}"), shown), ask);
    }

    #[test]
    fn every_order_is_read_as_it_is_kept(order in order()) {
        prop_assert_eq!(Order::read(&order.to_string()), order);
    }

    #[test]
    fn a_dispute_is_read_only_where_the_first_word_says_so(text in "[a-z@ 0-9.,:#]{0,40}") {
        if matches!(Ask::read(&text, Some(3..=3)), Ask::Dispute(_)) {
            let plain = text.split([' ', ':', '#']).find(|word| !word.starts_with('@') && word.chars().any(char::is_alphanumeric));
            prop_assert_eq!(plain.unwrap().trim_matches(['.', ',']), "dispute");
        }
    }
}
