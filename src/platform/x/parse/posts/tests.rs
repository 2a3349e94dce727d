//! Posts and mentions as X's documents and its users show them, of both vocabularies.

use super::*;
use crate::base::ids::AccountName;
use crate::platform::x::parse::account;

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
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
    assert_eq!(post(&modern), Ok(expected));
    assert_eq!(post(&raw(r#"{"id":"5","text":"x"}"#)), Err("a post without a valid `author_id`".to_owned()));
    assert_eq!(post(&raw(r#"{"id":"5","author_id":"7"}"#)), Err("it has no valid `text`".to_owned()));

    let user = raw(r#"{"id":"2244994945","username":"embassy","name":"Embassy","pinned_post_id":"","created_at":"?"}"#);
    assert_eq!(account(&user).unwrap().to_string(), "2244994945 embassy");
    assert_eq!(account(&raw(r#"{"id":"1","username":"a"}"#)).unwrap().to_string(), "1 a");
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
        let found = mentions(&ApiAnswer::read(&body).unwrap(), |_| Ok(())).items;
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
    let read = |post: &str| {
        let body = format!(r#"{{"data":[{post}],"includes":{{"users":[5,{{"id":7,"username":5}}]}},"errors":"x"}}"#);
        let found = mentions(&ApiAnswer::read(&body).unwrap(), |_| Ok(()));
        (found.items, found.unreadable.into_iter().map(|one| one.why).collect::<Vec<_>>())
    };
    for more in [
        r#""referenced_posts":null"#,
        r#""referenced_posts":5,"conversation_id":5"#,
        r#""referenced_tweets":[5,{"type":5},{"type":"quoted","id":"\ud83d"}],"entities":[]"#,
        r#""conversation_id":"","edit_history_tweet_ids":[""]"#,
    ] {
        let found = read(&format!(r#"{{"id":"9","text":"x","author_id":"7",{more}}}"#)).0.remove(0);
        assert_eq!((found.name, found.answers, found.quotes, found.conversation), (None, None, None, None), "{more}");
    }
    let repost =
        r#"{"id":"9","text":"RT @embassy: x","author_id":"7","referenced_posts":[{"type":"retweeted","id":"1"}]}"#;
    assert_eq!(read(repost), (vec![], vec![]));
    for odd in [r#"{"id":"9","text":"x"}"#, r#"{"id":"9","text":"x","author_id":""}"#] {
        assert_eq!(read(odd).1, ["a post without a valid `author_id`"]);
    }
    assert_eq!(read(r#"{"id":"9","author_id":"7","text":"hi \ud83d"}"#).1, ["it has no valid `text`"]);
    assert_eq!(read(r#"{"id":null,"author_id":"7","text":"hi"}"#).1, ["it has no valid `id`"]);
}

#[test]
fn our_own_posts_are_read_one_by_one() {
    let good = r#"{"id":"5","text":"a","author_id":"7"}"#;
    let body = format!(
        r#"{{"data":[{good},5,{{"id":"6"}},{{"id":"7","text":"b","author_id":""}},{{"id":"8","text":"c"}},null]}}"#
    );
    let found = own_posts(&ApiAnswer::read(&body).unwrap(), |_| Ok(()));
    assert_eq!(found.items.iter().map(|post| post.id.0).collect::<Vec<_>>(), [5]);
    let ids: Vec<Option<u64>> = found.unreadable.iter().map(|one| one.id.map(|id| id.0)).collect();
    assert_eq!(ids, [None, Some(6), Some(7), Some(8), None]);
}

#[test]
fn a_post_s_links_stand_in_order_and_are_not_touched() {
    let post = |urls: &str| {
        let text = r#""text":"https://t.co/a https://t.co/b","author_id":"7""#;
        post(&raw(&format!(r#"{{"id":"5",{text},"entities":{{"urls":{urls}}}}}"#)))
    };
    let urls = r#"[{"start":20,"url":"https://t.co/b","expanded_url":"https://example.org/ä"},{"start":0,"url":"https://t.co/a","expanded_url":"https://example.org"}]"#;
    assert_eq!(post(urls).unwrap().written(), "https://example.org https://example.org/ä");
    assert_eq!(post("null").unwrap().written(), "https://t.co/a https://t.co/b");
}
