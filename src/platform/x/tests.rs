//! What a well-behaved server never does: every call against a scripted one.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::base::ids::{MediaId, MessageId, PostId};

/// The end of an answer after which nothing more comes, and the connection stays open.
const HELD: &[u8] = b"held\r\n\r\n";

/// Answers one connection after the other, byte for byte, and keeps what it was asked.
struct Script {
    base: String,
    requests: JoinHandle<Vec<String>>,
}

async fn script(answers: Vec<Vec<u8>>) -> Script {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let requests = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.push(request(&mut stream).await);
            let _ = stream.write_all(&answer).await;
            if answer.is_empty() || answer.ends_with(HELD) {
                std::future::pending::<()>().await;
            }
        }
        requests
    });
    Script { base, requests }
}

/// One whole request: its head, and as much of a body as it announces.
async fn request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        stream.read_buf(&mut request).await.unwrap();
        let text = String::from_utf8_lossy(&request);
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        if head.len() + 4 + length.parse::<usize>().unwrap() <= request.len() {
            return text.into_owned();
        }
    }
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}").into_bytes()
}

fn json(body: &str) -> Vec<u8> {
    http("200 OK", "content-type: application/json\r\n", body)
}

/// The second in which what [`POSTED`] names was made.
const NOW_S: i64 = 1_789_922_222;

fn at(s: i64) -> Time {
    Time::from_ms((NOW_S + s) * 1000)
}

fn client(base: &str) -> X {
    patient(base, Duration::from_secs(20))
}

fn patient(base: &str, call_time: Duration) -> X {
    let secret = |text: &str| SecretString::from(text);
    let credentials = Credentials {
        api_key: secret("marked-key"),
        api_secret: secret("marked-key-secret"),
        access_token: secret("marked-token"),
        access_token_secret: secret("marked-token-secret"),
    };
    let connect_time = Duration::from_secs(20);
    let clock = Clock::from_fn(|| at(0));
    let base = base.to_owned();
    X::new(ClientSettings { base, credentials, connect_time, call_time, clock }).unwrap()
}

const POSTED: &str = r#"{"data":{"edit_history_tweet_ids":[""],"id":"2101712260468977783","text":"hi"}}"#;
const ME: &str = r#"{"data":{"id":"7","name":"E","username":"embassy"}}"#;

#[tokio::test]
async fn a_post_is_one_signed_call_with_the_text_alone() {
    let server = script(vec![http("201 Created", "", POSTED)]).await;
    assert_eq!(client(&server.base).post(&Draft::text("hi")).await, Ok(PostId(2101712260468977783)));
    let request = server.requests.await.unwrap().remove(0);
    assert!(request.starts_with("POST /2/tweets HTTP/1.1\r\n") && request.ends_with(r#"{"text":"hi"}"#), "{request}");
    let header = request.lines().find_map(|line| line.strip_prefix("authorization: OAuth ")).unwrap();
    let parts: BTreeMap<&str, &str> = header.split(',').filter_map(|part| part.split_once('=')).collect();
    assert_eq!(parts["oauth_consumer_key"], "\"marked-key\"");
    assert_eq!(parts["oauth_signature_method"], "\"HMAC-SHA1\"");
    assert!(["oauth_nonce", "oauth_timestamp", "oauth_signature"].iter().all(|name| parts.contains_key(name)));
    assert!(!request.contains("secret"));
}

#[tokio::test]
async fn after_a_lost_answer_a_post_may_have_happened_and_a_read_is_asked_again() {
    let cut = b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"data\"".to_vec();
    let endless = b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    let oversized = [endless, chunk.repeat(130)].concat();
    let garbage = http("201 Created", "", "<html>");
    let no_id = http("201 Created", "", r#"{"data":{"id":"","text":"hi"}}"#);
    let errors = json(r#"{"errors":[{"title":"x","type":"about:blank"}]}"#);
    let html = http("503 Service Unavailable", "content-type: text/html\r\n", "<html>");
    let silent = Vec::new();
    for answer in [cut, b"HTTP".to_vec(), oversized, garbage, no_id, errors, html, http("200 OK", "", ""), silent] {
        let (one, other) = (script(vec![answer.clone()]).await, script(vec![answer.clone()]).await);
        // only the silent server makes us wait
        let call_time = if answer.is_empty() { Duration::from_millis(300) } else { Duration::from_secs(20) };
        let posted = patient(&one.base, call_time).post(&Draft::text("marked text")).await;
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
        assert!(matches!(&posted, Err(Error::NoAnswer { what }) if !what.contains("marked")), "{shown} {posted:?}");
        let read = patient(&other.base, call_time).read_post(PostId(5)).await;
        let is_large = 1 << 20 < answer.len();
        let expected = if is_large {
            matches!(read, Err(Error::TooLarge { .. }))
        } else {
            matches!(read, Err(Error::Unavailable { .. }))
        };
        assert!(expected, "{shown} {read:?}");
    }
}

/// On a thin line only a smaller page helps.
#[tokio::test]
async fn an_answer_that_comes_too_slowly_is_too_large() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nx-is: ";
    let begun = [&head[..], b"begun\r\n\r\n{\"data\": held\r\n\r\n"].concat();
    let silent = [&head[..], HELD].concat();
    let server = script(vec![begun.clone()]).await;
    let error = patient(&server.base, Duration::from_millis(300)).messages(100, None).await.err().unwrap();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    let server = script(vec![silent]).await;
    let error = patient(&server.base, Duration::from_millis(300)).messages(100, None).await.err().unwrap();
    assert!(matches!(error, Error::Unavailable { .. }), "nothing came, whatever its size: {error:?}");
    let server = script(vec![begun]).await;
    let error = patient(&server.base, Duration::from_millis(300)).post(&Draft::text("hi")).await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer { .. }), "{error:?}");
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = client(&format!("http://{address}")).post(&Draft::text("hi")).await.unwrap_err();
    let Error::Unavailable { what } = error else { panic!("{error:?}") };
    assert!(what.starts_with("POST /2/tweets: ") && !what.contains("http://"), "{what}");
}

#[tokio::test]
async fn the_date_is_the_platform_s_clock() {
    let dated = http("200 OK", "date: Sun, 22 Nov 2026 14:03:05 GMT\r\n", ME);
    let odd = http("200 OK", "date: yesterday\r\n", ME);
    let server = script(vec![dated, odd]).await;
    let x = client(&server.base);
    let me = x.me().await.unwrap();
    assert_eq!(me.account.to_string(), "7 embassy");
    assert_eq!(me.clock.unwrap().to_string(), "2026-11-22T14:03:05.000Z");
    assert_eq!(x.me().await.unwrap().clock, None);
}

#[tokio::test]
async fn a_used_up_limit_is_not_tried() {
    let limit = |left: u32| {
        format!("x-rate-limit-limit: 100\r\nx-rate-limit-remaining: {left}\r\nx-rate-limit-reset: 1789923122\r\n")
    };
    let server = script(vec![http("201 Created", &limit(1), POSTED), http("201 Created", &limit(0), POSTED)]).await;
    let x = client(&server.base);
    assert_eq!(x.posts_left().await, None);
    x.post(&Draft::text("1")).await.unwrap();
    assert_eq!(x.posts_left().await, Some(1));
    x.post(&Draft::text("2")).await.unwrap();
    let what = "POST /2/tweets: the limit of 100 calls is used up".to_owned();
    assert_eq!(x.post(&Draft::text("3")).await, Err(Error::Wait { until: at(900), what }));
    assert_eq!(server.requests.await.unwrap().len(), 2);
}

#[tokio::test]
async fn redirections_are_not_followed() {
    let server = script(vec![http("302 Found", "location: /2/users/me\r\n", ""), json(ME)]).await;
    let error = client(&server.base).me().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { what } if what.contains("status 302")));
}

#[tokio::test]
async fn a_page_with_errors_in_place_of_data_is_not_empty() {
    let hidden = r#"{"errors":[{"title":"Authorization Error","detail":"no","type":"https://api.x.com/2/problems/not-authorized-for-resource"}]}"#;
    let late = r#"{"errors":[{"title":"Unavailable"}],"meta":{"result_count":0}}"#;
    let empty = r#"{"meta":{"result_count":0}}"#;
    let server = script([hidden, late, "{}", empty].map(json).to_vec()).await;
    let x = client(&server.base);
    assert!(matches!(x.messages(5, None).await.err(), Some(Error::Refused { .. })));
    assert!(matches!(x.messages(5, None).await.err(), Some(Error::Unavailable { .. })));
    assert!(matches!(x.messages(5, None).await.err(), Some(Error::Unavailable { .. })));
    let page = x.messages(5, Some(&PageToken("AAAAAAAAAAAAAAAAAAAA".to_owned()))).await.ok().unwrap();
    assert!(page.messages.is_empty() && page.next.is_none());
    let requests = server.requests.await.unwrap();
    let line = "GET /2/dm_events?max_results=5&event_types=MessageCreate&dm_event.fields=id%2Ctext%2Cevent_type%2Ccreated_at\
        %2Cdm_conversation_id%2Cattachments%2Centities&expansions=sender_id%2Cattachments.media_keys\
        &media.fields=media_key%2Ctype%2Curl%2Cvariants HTTP/1.1\r\n";
    assert!(requests[0].starts_with(line), "{}", requests[0]);
    assert!(requests[3].contains("&pagination_token=AAAAAAAAAAAAAAAAAAAA HTTP"));
}

#[tokio::test]
async fn own_posts_are_read_to_the_end_and_never_without_end() {
    let page = |ids: [u64; 2], next: &str| {
        let posts = ids
            .map(|id| format!(r#"{{"id":"{id}","text":"t{id}","author_id":"7","edit_history_post_ids":["{id}"]}}"#))
            .join(",");
        json(&format!(r#"{{"data":[{posts}],"meta":{{"result_count":2{next}}}}}"#))
    };
    let more = r#","next_token":"n""#;
    let server = script(vec![json(ME), page([40, 30], more), page([30, 9], "")]).await;
    let ids: Vec<u64> =
        client(&server.base).own_posts(PostId(9)).await.unwrap().posts.iter().map(|post| post.id.0).collect();
    assert_eq!(ids, [40, 30]);
    let requests = server.requests.await.unwrap();
    assert!(requests[1].starts_with(
        "GET /2/users/7/tweets?post.fields=entities&expansions=author_id&max_results=100&since_id=9 HTTP"
    ));
    assert!(
        requests[2].starts_with(
            "GET /2/users/7/tweets?post.fields=entities&expansions=author_id&max_results=100&since_id=9&pagination_token=n HTTP"
        )
    );

    let again = vec![json(ME), page([40, 30], more), page([30, 40], more)];
    let fresh = vec![json(ME), page([40, 30], more), page([20, 10], more)];
    let empty = vec![json(ME), page([40, 30], more), json(r#"{"meta":{"result_count":0,"next_token":"m"}}"#)];
    for (answers, expected) in [(again, 2), (fresh, 4), (empty, 2)] {
        let server = script(answers).await;
        let found = client(&server.base).own_posts(PostId(9)).await.unwrap();
        assert_eq!((found.posts.len(), found.unreadable.len()), (expected, 0));
        assert_eq!(
            server.requests.await.unwrap().len(),
            3,
            "the list ends at a page without news, and a token that comes again"
        );
    }
}

#[tokio::test]
async fn files_are_limited_and_fetched_from_x_alone() {
    let jpeg = http("200 OK", "content-type: Image/JPEG; charset=x\r\n", "12345");
    let server = script(vec![jpeg.clone(), jpeg, http("404 Not Found", "", "")]).await;
    let x = client(&server.base);
    let file = |url: String| Attachment { media_key: "3_1".to_owned(), url: Some(url) };
    let here = file(format!("{}/media/1", server.base));
    let got = x.attachment(MessageId(1), &here, 5).await.ok().unwrap();
    assert_eq!((got.media_type.as_str(), got.bytes.as_slice()), ("image/jpeg", b"12345".as_slice()));
    let large = x.attachment(MessageId(1), &here, 4).await.err().unwrap();
    assert!(matches!(large, Error::Refused { what } if what.contains("larger than the 4 bytes")));
    assert!(matches!(x.attachment(MessageId(1), &here, 5).await.err(), Some(Error::Unavailable { .. })));
    let stranger = file("http://127.0.0.1:1/media/1".to_owned());
    assert!(matches!(x.attachment(MessageId(1), &stranger, 5).await.err(), Some(Error::Refused { .. })));
    let none = Attachment { media_key: "3_1".to_owned(), url: None };
    assert!(matches!(x.attachment(MessageId(1), &none, 5).await.err(), Some(Error::Refused { .. })));
}

#[tokio::test]
async fn a_group_holds_who_joined_and_did_not_leave() {
    let events = r#"{"data":[{"id":"3","event_type":"ParticipantsLeave","participant_ids":["5"]},
        {"id":"2","event_type":"ParticipantsJoin","participant_ids":["5","6"],"sender_id":"7"}],"meta":{"result_count":2}}"#;
    let old = r#"{"data":[{"id":"4","text":"x","sender_id":"8","dm_conversation_id":"1578398451921985538"}]}"#;
    let nobody = r#"{"meta":{"result_count":0}}"#;
    let server = script([events, old, nobody, old].map(json).to_vec()).await;
    let x = client(&server.base);
    let group = ConversationId::parse("1578398451921985538").unwrap();
    assert_eq!(x.participants(&group).await.unwrap().accounts, [AccountId(6), AccountId(7), AccountId(8)]);
    assert_eq!(x.participants(&group).await.unwrap().accounts, [AccountId(8)], "joined longer ago than X keeps");
    let pair = ConversationId::between(AccountId(9), AccountId(7));
    assert_eq!(x.participants(&pair).await.unwrap().accounts, [AccountId(7), AccountId(9)]);
}

#[test]
fn only_addresses_that_keep_messages_private_are_taken() {
    for good in
        ["https://api.x.com", "https://api.x.com/", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1"]
    {
        assert!(address(good, BASE).is_ok(), "{good}");
    }
    for bad in [
        "api.x.com",
        "http://api.x.com",
        "http://127.0.0.1.example",
        "ftp://x",
        "https://a/?b",
        "https://u:marked@x",
        "",
    ] {
        let error = address(bad, BASE).unwrap_err().to_string();
        assert!(!error.contains("marked"), "{error}");
    }
}

#[test]
fn nothing_secret_is_shown() {
    let x = client("http://127.0.0.1:1");
    assert_eq!(format!("{x:?}"), r#"X { base: "http://127.0.0.1:1/", .. }"#);
    let name = AccountName::parse("embassy").unwrap();
    assert_eq!(address_of("https://x.com/", &name, PostId(5)), "https://x.com/embassy/status/5");
}

const UNKNOWN_NAME: &str =
    r#"{"type":"https://api.x.com/2/problems/invalid-request","title":"Invalid Request","detail":"x"}"#;
const NO_MENTIONS: &str = r#"{"meta":{"result_count":0}}"#;

#[tokio::test]
async fn names_that_x_refuses_are_asked_for_once_more_in_the_other_vocabulary() {
    let refused = http("400 Bad Request", "", UNKNOWN_NAME);
    let server =
        script(vec![json(ME), refused.clone(), json(NO_MENTIONS), json(NO_MENTIONS), refused.clone(), refused]).await;
    let x = client(&server.base);
    for _ in 0..2 {
        assert!(x.mentions(PostId(9), 3, None).await.unwrap().mentions.is_empty());
    }
    assert!(matches!(x.mentions(PostId(0), 100, None).await, Err(Error::Refused { .. })), "in both");
    let requests = server.requests.await.unwrap();
    let new = "GET /2/users/7/mentions?max_results=5&post.fields=conversation_id&expansions=author_id%2Creferenced_posts&since_id=9 HTTP";
    let old = "GET /2/users/7/mentions?max_results=5&tweet.fields=conversation_id&expansions=author_id%2Creferenced_tweets.id&since_id=9 HTTP";
    assert!(requests[1].starts_with(new), "{}", requests[1]);
    assert!(requests[2].starts_with(old), "{}", requests[2]);
    assert!(requests[3].starts_with(old), "what X took last comes first");
}

#[tokio::test]
async fn an_answer_with_files_and_a_message_are_written_as_x_reads_them() {
    let accepted = r#"{"data":{"dm_conversation_id":"7-8","dm_event_id":"2101712260468977783"}}"#;
    let sent = http("201 Created", "", accepted);
    let server = script(vec![http("201 Created", "", POSTED), sent.clone(), sent]).await;
    let x = client(&server.base);
    let draft = Draft { media: vec![MediaId(3), MediaId(4)], ..Draft::text("hi") };
    x.post(&draft.answering(PostId(2))).await.unwrap();
    let first = x.send_message(&Addressee::Account(AccountId(8)), "hi", Some(MediaId(3))).await.unwrap();
    assert_eq!((first.conversation.as_str(), first.message), ("7-8", MessageId(2101712260468977783)));
    x.send_message(&Addressee::Conversation(first.conversation), "", Some(MediaId(3))).await.unwrap();
    let requests = server.requests.await.unwrap();
    let body = r#"{"media":{"media_ids":["3","4"]},"reply":{"in_reply_to_tweet_id":"2"},"text":"hi"}"#;
    assert!(requests[0].ends_with(body), "{}", requests[0]);
    assert!(requests[1].starts_with("POST /2/dm_conversations/with/8/messages HTTP"));
    assert!(requests[1].ends_with(r#"{"attachments":[{"media_id":"3"}],"text":"hi"}"#), "{}", requests[1]);
    assert!(requests[2].starts_with("POST /2/dm_conversations/7-8/messages HTTP"));
    assert!(requests[2].ends_with(r#"{"attachments":[{"media_id":"3"}]}"#), "{}", requests[2]);
}

#[tokio::test]
async fn an_answer_to_a_message_without_its_identifier_leaves_it_open() {
    for answer in [r#"{"data":{"dm_conversation_id":"7-8"}}"#, r#"{"errors":[{"title":"x"}]}"#, "<html>", ""] {
        let server = script(vec![http("201 Created", "", answer)]).await;
        let error =
            client(&server.base).send_message(&Addressee::Account(AccountId(8)), "marked", None).await.unwrap_err();
        assert!(matches!(&error, Error::NoAnswer { what } if !what.contains("marked")), "{answer} {error:?}");
    }
}

#[tokio::test]
async fn a_file_is_ready_when_x_says_so() {
    let working = r#"{"data":{"id":"5","processing_info":{"state":"pending","check_after_secs":0}}}"#;
    let done = r#"{"data":{"id":"5","processing_info":{"state":"succeeded","progress_percent":100}}}"#;
    let failed = r#"{"data":{"id":"5","processing_info":{"state":"failed"}}}"#;
    let server = script([working, done, failed].map(json).to_vec()).await;
    let x = client(&server.base);
    let gif = File { media_type: "image/gif".to_owned(), bytes: b"GIF89a-marked".to_vec() };
    assert_eq!(x.upload(&gif, Purpose::Message).await, Ok(MediaId(5)));
    let refused = x.upload(&gif, Purpose::Post).await.unwrap_err();
    assert!(matches!(refused, Error::Refused { what } if what.contains("cannot use")));
    let requests = server.requests.await.unwrap();
    let parts = [
        "POST /2/media/upload HTTP",
        "name=\"media_category\"\r\n\r\ndm_gif",
        "Content-Type: image/gif",
        "GIF89a-marked",
    ];
    assert!(parts.iter().all(|part| requests[0].contains(part)), "{}", requests[0]);
    assert!(requests[1].starts_with("GET /2/media/upload?command=STATUS&media_id=5 HTTP"), "{}", requests[1]);
    assert!(requests[2].contains("\r\n\r\ntweet_gif"));
}

#[test]
fn a_post_is_named_by_its_address_or_number() {
    for text in ["17", "https://x.com/a/status/17", "https://x.com/a/status/17/photo/1?s=20", "x.com/i/status/17#m"] {
        assert_eq!(named_post(text), PostId::parse("17"), "{text}");
    }
    for text in ["", "017", "https://x.com/a", "https://x.com/a/status/", "18446744073709551615"] {
        assert_eq!(named_post(text), None, "{text}");
    }
}
