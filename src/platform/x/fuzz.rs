//! The answers of X for the fuzz targets, which reach nothing else of the client.

use super::endpoint::Endpoint;
use super::parse::{self, ApiAnswer};
use super::{errors, object, oembed, wire};
use crate::base::ids::{AccountName, ConversationId, PostId};
use crate::verify::proof::{self, Shown};

/// Reads the body of an answer in every way in which a call reads one, and checks what must hold whatever it is: for
/// fuzzing.
pub fn read_any(body: &[u8]) {
    let _ = errors::classify(Endpoint::Post, None, 403, body).of_place(400);
    let _ = oembed::read(body, PostId(0));
    let _ = wire::http_date(body);
    let text = object::text_of(body);
    let Ok(answer) = ApiAnswer::read(&text) else { return };
    let _ = errors::classify_errors(Endpoint::UserById, Some("5"), &answer.errors);
    let _ = (answer.next(), answer.is_listing());
    let listed = answer.data.map(object::list).unwrap_or_default().len() + answer.errors.len();
    let messages = parse::messages(&answer, |_| Ok(()));
    for message in &messages.items {
        // Whatever is sealed must be what a proof of it is compared with.
        assert_eq!(proof::read_record(&message.record), Ok(()));
    }
    let (posts, mentions) = (parse::own_posts(&answer, |_| Ok(())), parse::mentions(&answer, |_| Ok(())));
    let group = ConversationId::parse("1578398451921985538").expect("it is one");
    let (changes, senders) = (parse::changes(&answer, &group), parse::senders(&answer));
    for count in [
        messages.items.len() + messages.unreadable.len(),
        posts.items.len() + posts.unreadable.len(),
        mentions.items.len() + mentions.unreadable.len(),
        senders.items.len() + senders.unreadable.len(),
        changes.items.len().max(changes.unreadable.len()),
    ] {
        assert!(count <= listed);
    }
    let (conversations, events) = (parse::chat::conversations(&answer), parse::chat::encrypted(&answer));
    assert!(conversations.items.len() <= listed && events.items.len() <= listed + 1);
    let _ = parse::chat::numbers(&answer);
    if let Some(data) = answer.data {
        let _ = (parse::account(data), parse::posted(data), parse::post(data));
        let _ = (parse::sent(data), parse::upload(data, None));
    }
}

/// Reads a post's HTML as a card brings it, and a text in such HTML, which must come out as it is: for fuzzing.
pub fn read_card(html: &str) {
    let post = PostId(7);
    let card = |html: &str| {
        let [url, author_url] = ["embassy/status/7", "embassy"].map(|path| format!("https://twitter.com/{path}"));
        let card = serde_json::json!({ "url": url, "author_url": author_url, "html": html });
        oembed::read(card.to_string().as_bytes(), post)
    };
    assert_eq!(card(html).is_ok(), oembed::text_of(html).is_some());
    let text = html.replace(['\r', '\0'], "");
    let written = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>");
    let shown =
        card(&format!("<blockquote class=\"twitter-tweet\"><p lang=\"en\" dir=\"ltr\">{written}</p>&mdash; Embassy"));
    let author = AccountName::parse("embassy").expect("it is one");
    assert_eq!(shown, Ok(Shown::Stands { author, text: text.trim_end().to_owned() }));
}
