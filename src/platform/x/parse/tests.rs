//! Answers of X as its documents and its users show them, of both vocabularies.

use super::*;
use crate::base::ids::{MediaId, MessageId, PostId};
use crate::platform::{Mention, Post};

const EVENT: &str = r#"{"id":"1582838499983564806","event_type":"MessageCreate","text":"Hi everyone.","sender_id":"944480690","dm_conversation_id":"1578398451921985538","created_at":"2022-10-19T20:58:00.000Z"}"#;

fn page(events: &str, more: &str) -> Result<Vec<Message>, String> {
    messages(&ApiAnswer::read(format!(r#"{{"data":[{events}]{more}}}"#).as_bytes()).unwrap())
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[test]
fn a_message_keeps_its_record_byte_for_byte() {
    let spaced = EVENT.replace(",", " ,\n ");
    let messages = page(&format!("\n {EVENT} , {spaced}"), r#","meta":{"result_count":2}"#).ok().unwrap();
    assert_eq!(messages[0].record, EVENT.as_bytes());
    assert_eq!(messages[1].record, spaced.as_bytes());
    assert_eq!(messages[0].id, MessageId(1582838499983564806));
    assert_eq!(messages[0].sender, AccountId(944480690));
    assert_eq!(messages[0].conversation.as_str(), "1578398451921985538");
    assert_eq!(messages[0].text, "Hi everyone.");
    assert!(messages[0].attachments.is_empty() && messages[0].links.is_empty());
}

#[test]
fn both_vocabularies_and_a_mixture_are_read() {
    let old = r#","referenced_tweets":[{"id":"1"}],"edit_history_tweet_ids":[""]}"#;
    let new = r#","referenced_posts":[{"id":"1"}],"edit_history_post_ids":[]}"#;
    let mixed = r#","referenced_posts":[{"id":"1"}],"referenced_tweets":[{"id":"1"}],"edit_history_tweet_ids":[""],"unknown":{"a":[1]}}"#;
    for end in [old, new, mixed] {
        let event = EVENT.strip_suffix('}').unwrap().to_owned() + end;
        let includes =
            r#","includes":{"tweets":[{"id":"1"}],"posts":[{"id":"1"}],"users":[{"id":""}]},"errors":[{"title":"x"}]"#;
        assert_eq!(page(&event, includes).ok().unwrap().len(), 1, "{event}");
    }
}

#[test]
fn links_stand_in_order_of_appearance_wherever_x_puts_them() {
    let urls = r#"[{"start":30,"end":53,"url":"https://t.co/b","expanded_url":"https://example.org/ä b"},
        {"start":2,"end":25,"url":"https://t.co/a","expanded_url":"https://example.org/annex","display_url":"x"},
        {"start":60,"url":"https://t.co/c"}]"#;
    let expected = [
        ("https://t.co/a".to_owned(), "https://example.org/annex".to_owned()),
        ("https://t.co/b".to_owned(), "https://example.org/%C3%A4%20b".to_owned()),
    ];
    for end in [format!(r#","entities":{{"urls":{urls}}}}}"#), format!(r#","urls":{urls}}}"#)] {
        let event = EVENT.strip_suffix('}').unwrap().to_owned() + &end;
        assert_eq!(page(&event, "").ok().unwrap()[0].links, expected);
    }
}

#[test]
fn files_are_found_by_their_keys_in_the_message_s_order() {
    let event = EVENT.strip_suffix('}').unwrap().to_owned()
        + r#","attachments":{"media_keys":["3_2","7_1","3_9"],"card_ids":null}}"#;
    let includes = r#","includes":{"media":[
        {"media_key":"7_1","type":"video","variants":[{"content_type":"application/x-mpegURL","url":"https://video.twimg.com/p.m3u8"},
            {"bit_rate":256000,"url":"https://video.twimg.com/s.mp4"},{"bit_rate":832000,"url":"https://video.twimg.com/l.mp4"}]},
        {"media_key":"3_2","type":"photo","url":"https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg"}]}"#;
    let files = page(&event, includes).ok().unwrap().remove(0).attachments;
    let files: Vec<(&str, Option<&str>)> = files.iter().map(|f| (f.media_key.as_str(), f.url.as_deref())).collect();
    let photo = Some("https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg");
    assert_eq!(files, [("3_2", photo), ("7_1", Some("https://video.twimg.com/l.mp4")), ("3_9", None)]);
}

#[test]
fn text_is_decoded_once() {
    let event = EVENT.replace("Hi everyone.", "a &lt;b&gt; &amp;amp; &amp;lt; &quot; \\u00e4");
    assert_eq!(page(&event, "").ok().unwrap()[0].text, "a <b> &amp; &lt; &quot; ä");
}

#[test]
fn what_is_missing_is_named_and_nothing_is_skipped() {
    let without = |field: &str, value: &str| EVENT.replace(&format!(r#""{field}":"{value}""#), r#""x":"y""#);
    let why = |event: String| page(&format!("{EVENT},{event}"), "").err().unwrap();
    assert_eq!(why(without("sender_id", "944480690")), "message 1582838499983564806 has no valid `sender_id`");
    let lacks = "message 1582838499983564806 has no valid `dm_conversation_id`";
    assert_eq!(why(without("dm_conversation_id", "1578398451921985538")), lacks);
    assert_eq!(why(without("id", "1582838499983564806")), "a message without a valid `id`");
    assert_eq!(why(EVENT.replace("944480690", "")), "message 1582838499983564806 has no valid `sender_id`");
}

#[test]
fn other_events_are_no_messages() {
    let join = r#"{"id":"1","event_type":"ParticipantsJoin","participant_ids":["5","6"],"sender_id":"7"}"#;
    let leave = r#"{"id":"2","event_type":"ParticipantsLeave","participant_ids":["5"]}"#;
    assert_eq!(page(&format!("{join},{EVENT}"), "").ok().unwrap().len(), 1);
    let body = format!(r#"{{"data":[{leave},{join},{EVENT}]}}"#);
    let expected = [Change::Left(vec![AccountId(5)]), Change::Joined([5, 6, 7].map(AccountId).to_vec())];
    assert_eq!(changes(&ApiAnswer::read(body.as_bytes()).unwrap()), Ok(expected.to_vec()));
}

#[test]
fn an_empty_page_has_no_data() {
    let answer = ApiAnswer::read(br#"{"meta":{"result_count":0}}"#).unwrap();
    assert_eq!(messages(&answer).ok().unwrap().len(), 0);
    assert!(answer.meta.unwrap().next().is_none());
    let answer = ApiAnswer::read(br#"{"data":[],"meta":{"next_token":""}}"#).unwrap();
    assert!(answer.meta.unwrap().next().is_none());
}

#[test]
fn the_models_of_2022_read_what_x_sends_today() {
    let live = raw(r#"{"edit_history_tweet_ids":[""],"id":"2101712260468977783","text":"hi"}"#);
    assert_eq!(posted(&live), Ok(PostId(2101712260468977783)));
    assert_eq!(posted(&raw(r#"{"id":"5"}"#)), Ok(PostId(5)));
    assert!(posted(&raw(r#"{"id":""}"#)).is_err() && posted(&raw("{}")).is_err() && posted(&raw("[]")).is_err());

    let modern =
        raw(r#"{"id":"5","text":"a &amp; b","author_id":"7","edit_history_post_ids":["5"],"reply_settings":"verified",
        "withheld":{"scope":"post"},"referenced_posts":[{"type":"quoted","id":""}]}"#);
    let expected = Post { id: PostId(5), author: AccountId(7), text: "a & b".to_owned(), links: Vec::new() };
    assert_eq!(post(&modern, None), Ok(expected));
    assert_eq!(post(&raw(r#"{"id":"5","text":"x"}"#), None), Err("a post without `author_id`".to_owned()));
    assert_eq!(post(&raw(r#"{"id":"5"}"#), None), Err("the answer has no `text`".to_owned()));

    let user = raw(r#"{"id":"2244994945","username":"embassy","name":"Embassy","pinned_post_id":"","created_at":"?"}"#);
    assert_eq!(account(&user).unwrap().to_string(), "2244994945 embassy");
    assert_eq!(account(&raw(r#"{"id":"1","username":"a"}"#)).unwrap().to_string(), "1 a");
}

#[test]
fn errors_never_quote_the_body() {
    let secret = EVENT.replace(r#""Hi everyone.""#, r#"{"topsecret":"topsecret"}"#);
    let why = page(&secret, "").err().unwrap();
    assert!(why.starts_with("the answer is of an unexpected shape at line 1") && !why.contains("topsecret"), "{why}");
    let deep = "[".repeat(100_000);
    assert!(ApiAnswer::read(deep.as_bytes()).err().unwrap().contains("no JSON"));
    assert!(posted(&raw(r#"{"id":"topsecret"}"#)).is_err_and(|why| !why.contains("topsecret")));
}

proptest::proptest! {
    #[test]
    fn nothing_that_x_may_send_stops_the_program(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        place in 0..EVENT.len(),
        json in r#"(\{"(id|text|errors|data|username)":("|\[|\{|null|1|-|"[0-9]*"|\[\]|\[null\]|\{\})\}?,?){0,4}"#,
    ) {
        let mut broken = format!(r#"{{"data":[{EVENT}],"meta":{{"result_count":1}}}}"#).into_bytes();
        broken.splice(place..place + 1, bytes.iter().copied().take(3));
        for body in [&bytes[..], &broken, json.as_bytes()] {
            for status in [200, 401, 403, 429, 503] {
                crate::platform::x::errors::classify(crate::platform::x::endpoint::Endpoint::Post, status, body);
            }
            let Ok(answer) = ApiAnswer::read(body) else { continue };
            let _ = (messages(&answer).is_ok(), changes(&answer), answer.data.map(|raw| (posted(raw), account(raw), post(raw, None))));
        }
    }
}

#[test]
fn an_identifier_that_no_database_keeps_is_refused() {
    for id in ["9223372036854775808", "9999999999999999999", "0"] {
        assert!(page(&EVENT.replace("1582838499983564806", id), "").is_err(), "{id}");
        assert!(page(&EVENT.replace("944480690", id), "").is_err(), "{id}");
        assert!(posted(&raw(&format!(r#"{{"id":"{id}","text":"a"}}"#))).is_err(), "{id}");
        assert!(post(&raw(&format!(r#"{{"id":"1","author_id":"{id}","text":"a"}}"#)), None).is_err(), "{id}");
    }
    assert!(page(&EVENT.replace("1582838499983564806", "9223372036854775807"), "").is_ok());
}

#[test]
fn a_mention_is_read_in_either_vocabulary_and_in_a_mixture() {
    let head = r#"{"id":"9","text":"a &lt;b&gt;","author_id":"7","conversation_id":"3""#;
    let quoted = r#"{"type":"quoted","id":"5"}"#;
    let answered = r#"{"type":"replied_to","id":"4"}"#;
    for references in [
        format!(r#","referenced_posts":[{answered},{quoted}]"#),
        format!(r#","referenced_tweets":[{quoted},{answered}]"#),
        format!(r#","referenced_posts":[{quoted},{{"type":"replied_to","id":""}}],"referenced_tweets":[{answered}]"#),
        format!(r#","referenced_posts":[{answered},{quoted}],"referenced_tweets":[{answered},{quoted}],"new":1"#),
    ] {
        let users =
            r#"{"users":[{"id":"8","username":"x"},{"id":"7","username":"journalist"}],"tweets":[],"posts":null}"#;
        let body = format!(r#"{{"data":[{head}{references}}}],"includes":{users}}}"#);
        let found = mentions(&ApiAnswer::read(body.as_bytes()).unwrap()).unwrap();
        let expected = Mention {
            id: PostId(9),
            author: AccountId(7),
            name: AccountName::parse("journalist"),
            text: "a <b>".to_owned(),
            answers: Some(PostId(4)),
            quotes: Some(PostId(5)),
            conversation: Some(PostId(3)),
        };
        assert_eq!(found, [expected], "{references}");
    }
}

#[test]
fn a_mention_needs_only_its_author_and_text() {
    let read = |post: &str| mentions(&ApiAnswer::read(format!(r#"{{"data":[{post}]}}"#).as_bytes()).unwrap());
    let found = read(r#"{"id":"9","text":"x","author_id":"7","referenced_posts":null}"#).unwrap().remove(0);
    assert_eq!((found.name, found.answers, found.quotes, found.conversation), (None, None, None, None));
    assert_eq!(read(r#"{"id":"9","text":"x"}"#), Err("a post without `author_id`".to_owned()));
    let repost =
        r#"{"id":"9","text":"RT @embassy: x","author_id":"7","referenced_posts":[{"type":"retweeted","id":"1"}]}"#;
    assert_eq!(read(repost), Ok(Vec::new()));
}

#[test]
fn what_was_accepted_is_named_or_the_answer_is_none() {
    let accepted = sent(&raw(r#"{"dm_conversation_id":"7-8","dm_event_id":"5","more":1}"#)).unwrap();
    assert_eq!((accepted.conversation.as_str(), accepted.message), ("7-8", MessageId(5)));
    for bad in [r#"{"dm_conversation_id":"7-8"}"#, r#"{"dm_conversation_id":"","dm_event_id":"5"}"#, "[]", "{}"] {
        assert!(sent(&raw(bad)).is_err(), "{bad}");
    }
    assert_eq!(upload(&raw(r#"{"id":"5","media_key":"3_5","size":1}"#)), Ok(UploadState::Ready(MediaId(5))));
    let state = |state: &str| {
        upload(&raw(&format!(r#"{{"id":"5","processing_info":{{"state":"{state}","check_after_secs":2}}}}"#)))
    };
    assert_eq!(state("pending"), Ok(UploadState::Working { id: MediaId(5), after_s: 2 }));
    assert_eq!(state("succeeded"), Ok(UploadState::Ready(MediaId(5))));
    assert_eq!(state("failed"), Ok(UploadState::Failed));
    assert!(upload(&raw("{}")).is_err());
}

#[test]
fn a_post_s_links_stand_in_order_and_are_not_touched() {
    let post = |urls: &str| {
        post(
            &raw(&format!(r#"{{"id":"5","text":"https://t.co/a https://t.co/b","entities":{{"urls":{urls}}}}}"#)),
            Some(AccountId(7)),
        )
    };
    let urls = r#"[{"start":20,"url":"https://t.co/b","expanded_url":"https://example.org/ä"},{"start":0,"url":"https://t.co/a","expanded_url":"https://example.org"}]"#;
    assert_eq!(post(urls).unwrap().written(), "https://example.org https://example.org/ä");
    assert_eq!(post("null").unwrap().written(), "https://t.co/a https://t.co/b");
}
