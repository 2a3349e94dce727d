//! Mirrors beside an independent implementation of how X counts a post and finds links in it.
#![cfg(test)]

use std::panic::{UnwindSafe, catch_unwind};

use proptest::prelude::*;

use twitter_text::extractor::Extractor;
use verbale::base::hash::Hash;
use verbale::base::escape;
use verbale::wording::thread::{Mirrored, join, split};
use verbale::wording::weight::{WEIGHT_MAX, weight};

/// What the other implementation says; nothing where it panics, as it does at `\u{201c}a@:`.
fn asked<T>(question: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    catch_unwind(question).ok()
}

/// The length of a text by the other implementation, and whether X would take it.
fn theirs(text: &str) -> Option<(usize, bool)> {
    let text = text.to_owned();
    asked(move || {
        let parsed = twitter_text::parse(&text, twitter_text_config::config_v3(), true);
        (parsed.weighted_length as usize, parsed.is_valid)
    })
}

/// Whether there is a link, a mention or a cashtag in it.
fn is_active(text: &str) -> bool {
    let text = text.to_owned();
    let active = asked(move || {
        let extractor = Extractor::new();
        !(extractor.extract_urls(&text).is_empty()
            && extractor.extract_mentioned_screennames(&text).is_empty()
            && extractor.extract_cashtags(&text).is_empty())
    });
    active.unwrap_or(false)
}

/// Splits a text and checks everything that a series must keep.
fn check(text: &str) {
    let posts = split(17, Hash::of(b"note"), text).unwrap();
    for post in &posts {
        let (length, valid) = theirs(post).unwrap_or((0, true));
        let ours = weight(post);
        assert!(valid && length <= ours && ours <= WEIGHT_MAX, "{length}, {ours}: {post:?}");
        assert!(!is_active(post), "{post:?}");
        assert_eq!(post.trim(), post);
        assert_eq!(unescape(&escape(post)), *post);
    }
    let mirrored = join(&posts).unwrap();
    assert!(mirrored == Mirrored { note: 17, commitment: Hash::of(b"note"), text: text.to_owned() }, "{posts:#?}");
}

/// What X does to a text that it returns, and what undoes it.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescape(text: &str) -> String {
    verbale::note::content::decode_once(text)
}

#[test]
fn lengths_are_those_of_twitter_text() {
    for (text, length) in [
        ("This is a test.", 15),
        ("\u{41}\u{301}B", 2),
        ("A\u{5e9}\u{5bc}\u{5c1}", 4),
        ("A\u{fb2c}", 4),
        ("\u{6545}\u{4eba}\u{897f}\u{8f9e}\u{ff0c}", 10),
        ("\u{1f637}\u{1f47e}\u{1f621}\u{1f525}\u{1f4a9}", 10),
        ("\u{1f64b}\u{1f3fd}\u{1f468}\u{200d}\u{1f3a4}", 4),
        ("H\u{1f431}\u{263a}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}", 7),
        ("\u{2000}\u{200d}\u{2010}\u{201f}\u{2032}\u{2037}\u{200e}\u{2038}", 10),
        ("\u{10ff}\u{1100}\u{16a0}", 5),
        ("\u{10000}\u{10fffd}", 4),
        ("1\u{fe0f}\u{20e3} \u{1f1e9}\u{1f1ea}", 5),
    ] {
        assert_eq!((weight(text), theirs(text).unwrap().0), (length, length), "{text:?}");
    }
}

/// All emoji that there are: of the same length, or, where an older implementation knows only its parts, longer.
#[test]
fn no_emoji_is_longer_than_we_think() {
    for emoji in emojis::iter().flat_map(|emoji| std::iter::once(emoji).chain(emoji.skin_tones().into_iter().flatten()))
    {
        let (ours, (theirs, _)) = (weight(emoji.as_str()), theirs(emoji.as_str()).unwrap());
        let old = emoji.unicode_version() <= emojis::UnicodeVersion::new(11, 0);
        assert!(if old { ours == theirs } else { theirs <= ours }, "{emoji}: {ours}, {theirs}");
    }
    check(&emojis::iter().map(|emoji| emoji.as_str()).collect::<String>());
}

/// Every top-level domain that X knows.
#[test]
fn no_domain_is_taken_for_a_link() {
    let written: String = twitter_text::tlds::TLDS
        .iter()
        .map(|tld| escape::write(&format!("https://t.{tld}/a?b=c www.a1.{tld} ({tld}.{tld}) x@a.{tld}\n")))
        .collect();
    assert!(1_000 < written.lines().count());
    for line in written.lines() {
        assert!(!is_active(line), "{line}");
    }
}

#[test]
fn notes_in_many_scripts_come_out_as_they_went_in() {
    for text in [
        "Посольство свидетельствует своё уважение Министерству и имеет честь сообщить следующее. ",
        "تهدي السفارة أطيب تحياتها إلى الوزارة الموقرة وتتشرف بإبلاغها ما يلي. ",
        "大使馆向外交部致意，并谨通知如下。请于三月九日前答复。",
        "दूतावास मंत्रालय को अपना अभिवादन प्रस्तुत करता है। \u{958}\u{915}\u{93c} ",
        "👩🏽‍🚀🇩🇪🏳️‍🌈1️⃣👨‍👩‍👧‍👦 🤝🏿 ",
        "  e\u{301}\u{323} a\u{308}\u{301}\u{1100}\u{1161}\u{11a8} \u{202e}\u{feff}\r\n\n\n\n\t",
        "See https://t.co/AbC123, mfa.example/a_(b)?c=d&lt;e and @embassy, $USD, [.] [U+000A] <b>&amp;</b> ",
        "“Note 17, part 2 of 3”\n\nsha256 0000\u{201d}",
    ] {
        check(text);
        check(&text.repeat(40));
    }
}

/// Texts of pieces that are hard to cut, to count or to keep as they are.
fn hard_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => any::<String>(),
        4 => "[a-z]{1,12} ",
        2 => "[\\[\\]@$&.;#A-Za-z0-9_ U+/:-]{0,24}",
        2 => prop::sample::select(vec![
            "https://t.co/abc ", "t.co", "@embassy", "$USD", "&lt;", "[.]", "[U+0041]", "[[]", "\u{201d}\n\nsha256 ",
            "\n\n\n", "  ", "\r\n", "\u{301}", "e\u{301}", "\u{200d}", "\u{fe0f}", "\u{1f1e9}", "\u{1f1ea}", "\u{a9}",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{1f44d}\u{1f3ff}", "\u{1100}", "\u{1161}", "\u{fb2c}",
            "\u{fffe}", "\u{feff}", "\u{3002}", "\u{ff20}me", "\u{6545}\u{4eba}", "\u{645}\u{631}", "\u{338}", "=",
        ]).prop_map(str::to_owned),
        1 => (any::<char>(), 0..300_usize).prop_map(|(c, n)| c.to_string().repeat(n)),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_a_note_says_is_mirrored_exactly(text in hard_text()) {
        check(&text);
    }

    #[test]
    fn what_is_written_in_brackets_is_read_back(text in hard_text()) {
        let written = escape::write(&text);
        prop_assert_eq!(escape::read(&written), Some(text));
        prop_assert!(!is_active(&written), "{}", written);
    }
}
