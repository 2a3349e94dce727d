//! How long a text is for X: twitter-text, configuration version 3.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// The longest post, in units of [`weight`].
pub const WEIGHT_MAX: usize = 280;

/// Every way to write an emoji that counts as one, by `build.rs`.
static EMOJI: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!(concat!(env!("OUT_DIR"), "/emoji.txt")).lines().collect());

/// The weighted length of a text without links, in its canonical composition (NFC). Most characters of Europe and the
/// Near East count 1, and all others 2. An emoji counts 2, whatever its number of code points.
///
/// Implementations differ about a flag directly beside another emoji; both are counted by their code points then.
pub fn weight(text: &str) -> usize {
    let composed: String = text.nfc().collect();
    let clusters: Vec<&str> = composed.graphemes(true).collect();
    let beside = |at: usize| clusters.get(at).copied().unwrap_or_default();
    (0..clusters.len()).map(|at| cluster(beside(at.wrapping_sub(1)), clusters[at], beside(at + 1))).sum()
}

/// The weight of one grapheme cluster in NFC between its neighbours, which are empty at the ends of a text.
pub(super) fn cluster(before: &str, cluster: &str, after: &str) -> usize {
    let beside_flag = is_flag(after) || (is_flag(cluster) && before.contains(|c| '\u{203c}' <= c));
    if !beside_flag && is_emoji(cluster) { 2 } else { cluster.chars().map(code_point).sum() }
}

fn is_flag(cluster: &str) -> bool {
    cluster.starts_with(|c| matches!(c, '\u{1f1e6}'..='\u{1f1ff}'))
}

fn is_emoji(cluster: &str) -> bool {
    // A digit with a variation selector is no emoji: only a keycap makes it one.
    let possible = !cluster.starts_with(|c: char| c.is_ascii()) || cluster.ends_with('\u{20e3}');
    possible && EMOJI.contains(cluster)
}

fn code_point(c: char) -> usize {
    match c {
        // Copyright and registered are emoji.
        '\u{a9}' | '\u{ae}' => 2,
        '\0'..='\u{10ff}' | '\u{2000}'..='\u{200d}' | '\u{2010}'..='\u{201f}' | '\u{2032}'..='\u{2037}' => 1,
        _ => 2,
    }
}
