//! Tests of mirrors: each text comes out as it went in, and other posts are refused.

use super::*;

fn hash() -> Hash {
    Hash::of(b"note")
}

/// Splits a text, and checks that it can be joined again and that no post is too long.
fn mirrored(text: &str) -> Vec<String> {
    let posts = split(17, hash(), text).unwrap();
    assert!(posts.iter().all(|post| weight::weight(post) <= WEIGHT_MAX), "{posts:#?}");
    assert!(join(&posts) == Ok(Mirrored { note: 17, commitment: hash(), text: text.to_owned() }), "{posts:#?}");
    posts
}

#[test]
fn a_short_note_is_one_post() {
    let expected = format!("Note 17, part 1 of 1\n\n\u{201c}Dear Sirs, see t[.]co/a\u{201d}\n\nsha256 {}", hash());
    assert_eq!(mirrored("Dear Sirs, see t.co/a"), [expected]);
    assert_eq!(mirrored("").len(), 1);
}

#[test]
fn a_part_ends_where_a_sentence_does() {
    let text = "The Embassy presents its compliments to the Ministry. ".repeat(12);
    let posts = mirrored(&text);
    assert_eq!(posts.len(), 4);
    assert!(posts[..3].iter().all(|post| post.ends_with("Ministry. \u{201d}")), "{posts:#?}");
    assert!(posts[0].starts_with("Note 17, part 1 of 4\n\n\u{201c}The Embassy"));
}

#[test]
fn or_where_a_word_does() {
    let posts = mirrored(&"compliments ".repeat(60));
    assert!(posts.iter().all(|post| post.contains("\u{201c}compliments ")), "{posts:#?}");
    let chinese = mirrored(&"\u{9673}\u{8ff0}".repeat(200));
    assert_eq!(chinese.len(), 4);
}

#[test]
fn a_character_is_kept_whole() {
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
    let posts = mirrored(&family.repeat(1_000));
    assert_eq!(posts.len(), 9);
    assert!(posts.iter().all(|post| post.contains(&format!("\u{201c}{family}"))));
    assert_eq!(mirrored(&"\u{1f600}".repeat(10_000)).len(), 80);
}

#[test]
fn one_endless_character_is_cut_all_the_same() {
    mirrored(&format!("a{}", "\u{301}".repeat(5_000)));
    mirrored(&format!("q{}", "\u{323}\u{301}".repeat(2_500)));
    mirrored(&"\0".repeat(10_000));
}

#[test]
fn ten_and_a_hundred_posts_have_longer_heads() {
    let counts = |lens: [usize; 2]| lens.map(|len| mirrored(&"x".repeat(len)).len());
    assert_eq!(counts([2_200, 2_300]), [9, 10]);
    assert_eq!(counts([25_000, 25_100]), [99, 100]);
    (2_230..2_260).for_each(|len| drop(mirrored(&"x".repeat(len))));
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    let size = TEXT_BYTES_MAX + 1;
    assert_eq!(split(17, hash(), &"x".repeat(size)), Err(MirrorError::TooLong { note: 17, size }));
    assert_eq!(split(17, hash(), &"\0".repeat(TEXT_BYTES_MAX)), Err(MirrorError::TooMany { note: 17 }));
}

#[test]
fn an_incomplete_or_mixed_series_is_refused() {
    let posts = mirrored(&"compliments ".repeat(60));
    let other = split(18, hash(), &"compliments ".repeat(60)).unwrap();
    let series = |posts: &[String]| match join(posts) {
        Err(MirrorError::Series { place, .. }) => place,
        other => panic!("{other:?}"),
    };
    assert_eq!(series(&posts[..2]), 3);
    assert_eq!(series(&posts[1..]), 1);
    assert_eq!(series(&[posts[0].clone(), posts[2].clone()]), 2);
    assert_eq!(series(&[posts.clone(), vec![posts[3].clone()]].concat()), 5);
    assert_eq!(series(&[posts[0].clone(), other[1].clone()]), 2);
    assert_eq!(join::<String>(&[]), Err(MirrorError::Empty));
}
