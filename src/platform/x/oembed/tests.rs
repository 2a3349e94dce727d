//! Cards as X documents them, and those that are none.

use super::*;
use crate::base::ids::PostId;

/// The example of X's documents.
const CARD: &str = r##"{"url":"https://twitter.com/Interior/status/507185938620219395","author_name":"US Dept of Interior","author_url":"https://twitter.com/Interior","html":"<blockquote class=\"twitter-tweet\"><p lang=\"en\" dir=\"ltr\">Happy 50th anniversary to the Wilderness Act! Here&#39;s a great wilderness photo from <a href=\"https://twitter.com/YosemiteNPS\">@YosemiteNPS</a>. <a href=\"https://twitter.com/hashtag/Wilderness50?src=hash\">#Wilderness50</a> <a href=\"http://t.co/HMhbyTg18X\">pic.twitter.com/HMhbyTg18X</a></p>&mdash; US Dept of Interior (@Interior) <a href=\"https://twitter.com/Interior/status/507185938620219395\">September 3, 2014</a></blockquote>\n<script async src=\"//platform.twitter.com/widgets.js\" charset=\"utf-8\"></script>","width":550,"height":null,"type":"rich","cache_age":"3153600000","provider_name":"Twitter","provider_url":"https://twitter.com","version":"1.0"}"##;

const POST: PostId = PostId(507_185_938_620_219_395);

#[test]
fn a_card_says_who_and_what() {
    let text = "Happy 50th anniversary to the Wilderness Act! Here's a great wilderness photo from @YosemiteNPS. \
                #Wilderness50 pic.twitter.com/HMhbyTg18X";
    let author = AccountName::parse("Interior").unwrap();
    assert_eq!(read(CARD.as_bytes(), POST), Ok(Shown::Stands { author, text: text.to_owned() }));
    let by_anybody = CARD.replace("US Dept of Interior\",\"author_url", "@embassy\",\"author_url");
    assert_eq!(read(by_anybody.as_bytes(), POST), read(CARD.as_bytes(), POST), "a display name is no name");
}

#[test]
fn what_is_no_card_of_the_post_says_nothing() {
    let html = |html: &str| {
        let mut card: serde_json::Value = serde_json::from_str(CARD).unwrap();
        card["html"] = html.into();
        card.to_string()
    };
    for (body, why) in [
        (String::new(), "no JSON"),
        ("<html>slow down</html>".to_owned(), "no JSON"),
        ("{}".to_owned(), "unexpected shape"),
        (CARD[..CARD.len() / 2].to_owned(), "no JSON"),
        (
            CARD.replace("Interior/status/507185938620219395\",\"author_name", "a/status/7\",\"author_name"),
            "another post",
        ),
        (CARD.replace("\"author_url\":\"https://twitter.com/Interior\"", "\"author_url\":\"\""), "whose post"),
        (html(""), "no text"),
        (html("Sealed note 1"), "no text"),
        (html("<p>Sealed note 1</p>"), "no text"),
        (html("<blockquote><p>Sealed note 1"), "no text"),
        (html("<!-- <blockquote><p>Sealed note 1</p> -->"), "no text"),
        (html("<blockquote data-x=\"<p>Sealed note 1</p>\"></blockquote>"), "no text"),
    ] {
        let said = read(body.as_bytes(), POST).unwrap_err();
        assert!(said.contains(why), "{body}: {said}");
    }
}

#[test]
fn the_text_is_what_a_browser_shows() {
    let of = |inside: &str| {
        text_of(&format!("<BLOCKQUOTE class=x><P lang=en dir=ltr>{inside}</P>&mdash; A (@a)</BLOCKQUOTE>"))
    };
    for (inside, text) in [
        ("Sealed note 1<br>sha256 00<br/>log 1", "Sealed note 1\nsha256 00\nlog 1"),
        ("Sealed note 1<br>\nsha256 00<BR />\nlog 1", "Sealed note 1\nsha256 00\nlog 1"),
        ("Sealed note 1\nsha256 00", "Sealed note 1\nsha256 00"),
        ("a<br><br>b", "a\n\nb"),
        ("a<br>\n\nb", "a\n\nb"),
        ("3 &lt; 4 &amp;&amp; 5 &gt; 4 &quot;&#39;&#x2014;&nbsp;&amp;lt;", "3 < 4 && 5 > 4 \"'\u{2014}\u{a0}&lt;"),
        ("<a href=\"https://t.co/a\">https://t.co/a</a> <b>b</b><!-- c --> ü 🏛", "https://t.co/a b ü 🏛"),
        ("", ""),
    ] {
        assert_eq!(of(inside).as_deref(), Some(text), "{inside}");
    }
}

#[test]
fn how_long_to_wait_is_taken_from_the_answer() {
    let headers = |pairs: &[(&'static str, &'static str)]| {
        let pairs = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        HeaderMap::from_iter(pairs)
    };
    let date = ("date", "Fri, 09 Mar 2018 17:40:15 GMT");
    for (pairs, wait) in [
        (&[][..], None),
        (&[("retry-after", "7")], Some(7)),
        (&[("retry-after", "soon")], None),
        (&[date, ("x-rate-limit-reset", "1520617225")], Some(10)),
        (&[date, ("x-rate-limit-reset", "1520617205")], None),
        (&[("x-rate-limit-reset", "1520617225")], None),
        (&[date, ("retry-after", "3"), ("x-rate-limit-reset", "1520617225")], Some(3)),
    ] {
        assert_eq!(wait_of(&headers(pairs)), wait.map(Duration::from_secs), "{pairs:?}");
    }
    let oembed = Oembed::new("http://127.0.0.1:9/oembed", Duration::from_secs(60)).unwrap();
    let (ours, long) = (Some(Duration::from_millis(200)), Some(Duration::from_secs(61)));
    assert_eq!(oembed.agree(None, ours), ours);
    assert_eq!(oembed.agree(Some(Duration::from_secs(60)), ours), Some(Duration::from_secs(60)));
    assert_eq!(oembed.agree(long, ours), None, "longer than anybody waits");
    assert_eq!(oembed.agree(Some(Duration::ZERO), None), None, "often enough");
}

#[test]
fn of_a_post_only_number_and_name_are_told_and_only_to_one_address() {
    let oembed = Oembed::new(OEMBED, PATIENCE_SHORT).unwrap();
    let author = AccountName::parse("embassy").unwrap();
    let asked = |author| oembed.url(POST, author).to_string();
    let expected = "https://publish.x.com/oembed?url=https%3A%2F%2Fx.com%2Fembassy%2Fstatus%2F507185938620219395\
                    &omit_script=1&dnt=true";
    assert_eq!(asked(&author), expected);
    for bad in
        ["publish.x.com", "http://publish.x.com/oembed", "https://a:b@publish.x.com/", "https://x.com/?a", "file:///x"]
    {
        let said = Oembed::new(bad, PATIENCE_SHORT).unwrap_err().to_string();
        assert!(said.contains(OEMBED) && !said.contains("a:b"), "{said}");
    }
}
