//! How long X takes a text to be: twitter-text, configuration version 3.

use emojis::UnicodeVersion;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// The longest post, in units of [`weight`].
pub const WEIGHT_MAX: usize = 280;

/// The newest emoji that count as one. An implementation that knows fewer counts the parts of a newer one each, and so
/// do we: a post is never longer than we think.
const EMOJI_NEWEST: UnicodeVersion = UnicodeVersion::new(11, 0);

/// The weighted length of a text without links: most characters of Europe and the Near East are 1, all others 2, an emoji
/// 2 however many code points it has, counted in the text's canonical composition (NFC).
pub fn weight(text: &str) -> usize {
    let composed: String = text.nfc().collect();
    composed.graphemes(true).map(cluster).sum()
}

/// The weight of one grapheme cluster in NFC.
pub(super) fn cluster(cluster: &str) -> usize {
    let single = |emoji: &emojis::Emoji| emoji.unicode_version() <= EMOJI_NEWEST;
    let is_emoji = !cluster.is_ascii() && emojis::get(cluster).is_some_and(single);
    if is_emoji { 2 } else { cluster.chars().map(code_point).sum() }
}

fn code_point(c: char) -> usize {
    match c {
        // Copyright and registered are emoji.
        '\u{a9}' | '\u{ae}' => 2,
        '\0'..='\u{10ff}' | '\u{2000}'..='\u{200d}' | '\u{2010}'..='\u{201f}' | '\u{2032}'..='\u{2037}' => 1,
        _ => 2,
    }
}
