//! What the platform does to a text that somebody wrote: links shortened, `& < >` escaped, links and mentions marked.

use std::sync::LazyLock;

use rand::RngExt;
use rand::rngs::StdRng;
use regex::Regex;

use crate::wording::weight;

/// A text as the platform keeps and returns it.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// `& < >` are `&amp; &lt; &gt;`, each link is a shortened one.
    pub text: String,
    /// The links in it, in order.
    pub links: Vec<Link>,
    /// The mentions in it, in order.
    pub mentions: Vec<Mention>,
}

/// A shortened link in a text. Places count code points, the end is exclusive.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// `https://t.co/…`
    pub url: String,
    /// Where it leads.
    pub expanded: String,
}

impl Link {
    /// The address as it is displayed: without scheme, cut.
    pub fn display(&self) -> String {
        let bare = self.expanded.split_once("://").map_or(self.expanded.as_str(), |(_, rest)| rest);
        match bare.char_indices().nth(DISPLAY_LEN) {
            Some((cut, _)) => format!("{}…", &bare[..cut]),
            None => bare.to_owned(),
        }
    }
}

/// A name with `@` in a text. Places as in [`Link`].
#[derive(Clone, PartialEq, Eq)]
pub struct Mention {
    /// Where its `@` stands.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The name without `@`.
    pub name: String,
}

const DISPLAY_LEN: usize = 26;
const SHORT_LEN: usize = 10;

// The patterns are constants, tested below: they compile.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"https?://(?:[^\s<>"/?#\[\]]+\.)+[A-Za-z]{2,}(?:[/?#:][^\s<>"]*[^\s<>".,;:!?')\]]|/)?"#)
        .expect("a pattern")
});
static MENTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|[^A-Za-z0-9_@/&])(@[A-Za-z0-9_]{1,15})\b").expect("a pattern"));
static DOMAIN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9]\.[A-Za-z]{2,}").expect("a pattern"));

/// What the platform makes of `written`; `tail` is a link that it adds by itself, for example to a file.
pub(super) fn dress(written: &str, tail: Option<String>, rng: &mut StdRng) -> Words {
    let mut text = String::with_capacity(written.len());
    let mut links = Vec::new();
    let mut rest = 0;
    for found in LINK.find_iter(written) {
        text.push_str(&escape(&written[rest..found.start()]));
        append_link(&mut text, &mut links, found.as_str().to_owned(), rng);
        rest = found.end();
    }
    text.push_str(&escape(&written[rest..]));
    if let Some(expanded) = tail {
        if !text.is_empty() {
            text.push(' ');
        }
        append_link(&mut text, &mut links, expanded, rng);
    }
    let mentions = MENTION.captures_iter(&text).filter_map(|found| Some(mention(&text, found.get(1)?))).collect();
    Words { text, links, mentions }
}

fn append_link(text: &mut String, links: &mut Vec<Link>, expanded: String, rng: &mut StdRng) {
    let url = format!("https://t.co/{}", alphanumeric(SHORT_LEN, rng));
    let start = text.chars().count();
    text.push_str(&url);
    links.push(Link { start, end: start + url.len(), url, expanded });
}

fn mention(text: &str, found: regex::Match<'_>) -> Mention {
    let start = text[..found.start()].chars().count();
    Mention { start, end: start + found.len(), name: found.as_str()[1..].to_owned() }
}

/// `& < >` as the platform writes them.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Decodes `&lt; &gt; &amp;`, once.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Whether a text has what the platform bills as a link: a link or a bare domain.
pub(super) fn has_link(written: &str) -> bool {
    DOMAIN.is_match(written) || LINK.is_match(written)
}

/// The weighted length by twitter-text 3: 280 is the limit of a post. A link weighs 23.
pub(super) fn weight(written: &str) -> usize {
    let links: usize = LINK.find_iter(written).map(|_| 23).sum();
    let others = LINK.replace_all(written, "");
    links + weight::weight(&others)
}

/// `len` random letters and digits.
pub(super) fn alphanumeric(len: usize, rng: &mut StdRng) -> String {
    rng.sample_iter(rand::distr::Alphanumeric).take(len).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn dressed(written: &str) -> Words {
        dress(written, None, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn links_are_shortened_and_marked_by_code_points() {
        let words = dressed("né <a> & https://example.org/a?b=1&c=2. @ministry");
        let [link] = &words.links[..] else { panic!("one link") };
        let marked: String = words.text.chars().skip(link.start).take(link.end - link.start).collect();
        assert_eq!(marked, link.url);
        assert_eq!(link.expanded, "https://example.org/a?b=1&c=2");
        assert_eq!(words.text, format!("né &lt;a&gt; &amp; {}. @ministry", link.url));
        let [mention] = &words.mentions[..] else { panic!("one mention") };
        let marked: String = words.text.chars().skip(mention.start).take(mention.end - mention.start).collect();
        assert_eq!((marked.as_str(), mention.name.as_str()), ("@ministry", "ministry"));
    }

    #[test]
    fn escaping_is_undone_once() {
        for written in ["&lt;", "<&>", "&amp;lt;", "a &amp; b"] {
            assert_eq!(unescape(&escape(written)), written);
        }
        assert_eq!(unescape("&amp;lt;"), "&lt;");
    }

    #[test]
    fn weights_are_those_of_twitter_text() {
        assert_eq!(weight("abc é"), 5);
        assert_eq!(weight("日本"), 4);
        assert_eq!(weight("👩‍👩‍👧‍👦"), 2);
        assert_eq!(weight("see https://example.org/a/very/long/address/indeed now"), 4 + 23 + 4);
    }

    #[test]
    fn a_sealed_note_holds_no_link() {
        assert!(!has_link("Sealed note 17\nsha256 4f1c\nlog 23 kX0v+/="));
        assert!(has_link("see foo.io"));
        // An address whose dots are in brackets is not a link either: it has no domain.
        let inert = "see https://t[.]co/abc and https://";
        assert!(!has_link(inert) && dressed(inert).links.is_empty());
        assert_eq!(dressed("(https://example.org/) https://example.org.").links.len(), 2);
    }
}
