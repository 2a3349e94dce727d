//! Answers of X as its documents and its users show them, of both vocabularies.

use super::*;
use crate::base::ids::{ConversationId, MediaId, MessageId};
use crate::platform::{Change, Message};

type Messages = Elements<Message, MessageId>;

const EVENT: &str = r#"{"id":"1582838499983564806","event_type":"MessageCreate","text":"Hi everyone.","sender_id":"944480690","dm_conversation_id":"1578398451921985538","created_at":"2022-10-19T20:58:00.000Z"}"#;

fn listed(body: &str) -> Messages {
    messages(&ApiAnswer::read(body).unwrap(), |_| Ok(()))
}

/// What a page of these events, all of which can be read, holds.
fn page(events: &str, more: &str) -> Vec<Message> {
    let found = listed(&format!(r#"{{"data":[{events}]{more}}}"#));
    assert_eq!(found.unreadable, []);
    found.items
}

/// Why one event cannot be read, between two that can.
fn why(event: &str) -> String {
    let found = listed(&format!(r#"{{"data":[{EVENT},{event},{EVENT}]}}"#));
    assert_eq!(found.items.len(), 2, "{event}");
    let [unreadable] = &found.unreadable[..] else { panic!("{event}") };
    assert_eq!(unreadable.sha256, Hash::of(event.as_bytes()));
    unreadable.why.clone()
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[test]
fn a_message_keeps_its_record_byte_for_byte() {
    let spaced = EVENT.replace(",", " ,\n ");
    let messages = page(&format!("\n {EVENT} , {spaced}"), r#","meta":{"result_count":2}"#);
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
        assert_eq!(page(&event, includes).len(), 1, "{event}");
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
        assert_eq!(page(&event, "")[0].links, expected);
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
    let files = page(&event, includes).remove(0).attachments;
    let files: Vec<(&str, Option<&str>)> = files.iter().map(|f| (f.media_key.as_str(), f.url.as_deref())).collect();
    let photo = Some("https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg");
    assert_eq!(files, [("3_2", photo), ("7_1", Some("https://video.twimg.com/l.mp4")), ("3_9", None)]);
}

#[test]
fn text_is_decoded_once() {
    let event = EVENT.replace("Hi everyone.", "a &lt;b&gt; &amp;amp; &amp;lt; &quot; \\u00e4");
    assert_eq!(page(&event, "")[0].text, "a <b> &amp; &lt; &quot; ä");
}

#[test]
fn what_is_missing_is_named_and_nothing_else_is_skipped() {
    let number = "1582838499983564806";
    let changed = |field: &str, old: &str, new: &str| {
        EVENT.replace(&format!(r#""{field}":"{old}""#), &format!(r#""{field}":{new}"#))
    };
    let fields = [
        ("id", number),
        ("sender_id", "944480690"),
        ("dm_conversation_id", "1578398451921985538"),
        ("text", "Hi everyone."),
    ];
    for (field, old) in fields {
        let odd = ["null", "5", "[]", "{}", "true", r#""hi \ud83d""#, r#"["5"]"#];
        let empty = [r#""""#, r#""-5""#, r#"" 5""#, r#""0""#];
        let is_id = |text: &&&str| field != "text" && (field != "dm_conversation_id" || **text != r#""0""#);
        let odd = odd.iter().chain(empty.iter().filter(is_id));
        for event in odd.map(|new| changed(field, old, new)).chain([EVENT.replace(field, "x")]) {
            assert_eq!(why(&event), format!("it has no valid `{field}`"), "{event}");
        }
    }
    let without_sender = EVENT.replace("sender_id", "x");
    let found = listed(&format!(r#"{{"data":[{without_sender}]}}"#));
    assert_eq!(found.unreadable[0].id, MessageId::parse(number), "what can be read of it is its identifier");
}

#[test]
fn an_element_of_any_other_shape_holds_up_no_other() {
    let twice = EVENT.replace(r#""text""#, r#""id":"7","text""#);
    for odd in ["null", "5", "\"x\"", "[]", "{}", "[[1]]", "true", &twice] {
        assert!(!why(odd).is_empty(), "{odd}");
    }
    for (data, items) in [("{}", 0), (r#""""#, 0), ("null", 0), ("[]", 0), (EVENT, 1)] {
        let body = format!(r#"{{"data":{data},"meta":{{"result_count":0}}}}"#);
        assert_eq!(listed(&body).items.len(), items, "{data}");
        assert_eq!(ApiAnswer::read(&body).unwrap().check_listed(), Ok(()), "{data}");
    }
    for data in ["5", r#""x""#, "true"] {
        assert!(ApiAnswer::read(&format!(r#"{{"data":{data}}}"#)).unwrap().check_listed().is_err(), "{data}");
    }
}

/// A record that the check of a proof cannot read would make a note whose proof fails.
#[test]
fn a_message_whose_record_no_proof_could_hold_is_unreadable() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for more in [r#""x":"\udc00""#, r#""x":{"\ud83d":1}"#, r#""x":1e999"#, &format!(r#""x":{deep}"#)] {
        let event = EVENT.replace(r#""created_at""#, &format!(r#"{more},"created_at""#));
        assert!(why(&event).starts_with("it cannot be read as JSON"), "{more}");
    }
    let body = format!(r#"{{"data":[{EVENT},{}]}}"#, EVENT.replace("everyone", "#"));
    let body: Vec<u8> = body.bytes().map(|byte| if byte == b'#' { 0xf0 } else { byte }).collect();
    let found = listed(&object::text_of(&body));
    assert_eq!((found.items.len(), found.unreadable.len()), (1, 1), "a byte that is no text");
}

#[test]
fn a_message_is_known_in_every_spelling_and_an_unknown_kind_is_never_dropped() {
    let kind = |kind: &str| EVENT.replace(r#""MessageCreate""#, kind);
    for message in
        [r#""message_create""#, r#""MESSAGE-CREATE""#, r#""messageCreate""#, r#""Message Created""#, "null", r#""""#]
    {
        assert_eq!(page(&kind(message), "").len(), 1, "{message}");
    }
    for other in [r#""ParticipantsJoin""#, r#""participants_leave""#, r#""ReactionCreate""#, r#""reaction_delete""#] {
        assert_eq!(page(&format!("{},{EVENT}", kind(other)), "").len(), 1, "{other}");
    }
    for unknown in [r#""MessageEdit""#, r#""Message""#, "5", r#""\ud83d""#, r#"["MessageCreate"]"#] {
        assert_eq!(why(&kind(unknown)), "it is of an unknown kind", "{unknown}");
    }
}

#[test]
fn what_is_only_for_show_never_makes_a_message_unreadable() {
    let with = |more: &str| EVENT.replace(r#""created_at""#, &format!(r#"{more},"created_at""#));
    for entities in ["5", "null", r#""x""#, "[1]", r#"{"urls":5}"#, r#"{"urls":[5,{"url":1},{"url":"a"},null]}"#] {
        let message = page(&with(&format!(r#""entities":{entities}"#)), "").remove(0);
        assert!(message.links.is_empty(), "{entities}");
    }
    for (attachments, keys) in [
        ("null", vec![]),
        (r#""""#, vec![]),
        ("{}", vec![]),
        (r#"{"card_ids":["1"]}"#, vec![]),
        (r#"{"media_keys":null}"#, vec![]),
        ("5", vec!["unnamed"]),
        (r#"{"media_keys":["3_1",5,null,"","3 2"]}"#, vec!["3_1", "unnamed", "unnamed", "unnamed", "unnamed"]),
        (r#"{"media_keys":"3_1"}"#, vec!["3_1"]),
    ] {
        let message = page(&with(&format!(r#""attachments":{attachments}"#)), "").remove(0);
        let found: Vec<&str> = message.attachments.iter().map(|file| file.media_key.as_str()).collect();
        assert_eq!(found, keys, "{attachments}");
    }
    let file = with(r#""attachments":{"media_keys":["3_1"]}"#);
    let photo = r#"{"media_key":"3_1","url":"https://pbs.twimg.com/a.jpg"}"#;
    for includes in ["5", "[]", r#"{"media":5}"#, r#"{"media":[null,{"media_key":5},{"media_key":"\ud83d"}]}"#] {
        assert_eq!(page(&file, &format!(r#","includes":{includes}"#))[0].attachments[0].url, None, "{includes}");
    }
    let odd = format!(r#","includes":{{"media":[5,{{"media_key":"\ud83d"}},{photo}],"users":"x"}}"#);
    assert!(page(&file, &odd)[0].attachments[0].url.is_some(), "the good one of several");
    let textless = file.replace(r#""text":"Hi everyone.","#, "");
    assert_eq!(page(&textless, "")[0].text, "", "a file alone");
}

#[test]
fn other_events_are_no_messages() {
    let join = r#"{"id":"1","event_type":"ParticipantsJoin","participant_ids":["5","6"],"sender_id":"7"}"#;
    let leave = r#"{"id":"2","event_type":"ParticipantsLeave","participant_ids":["5"]}"#;
    assert_eq!(page(&format!("{join},{EVENT}"), "").len(), 1);
    let group = ConversationId::parse("1578398451921985538").unwrap();
    let read = |events: &str| {
        let body = format!(r#"{{"data":[{events}]}}"#);
        changes(&ApiAnswer::read(&body).unwrap(), &group)
    };
    let joined = Change::Joined { at: MessageId(1), who: [5, 6, 7].map(AccountId).to_vec() };
    let left = Change::Left { at: MessageId(2), who: vec![AccountId(5)] };
    let found = read(&format!("{leave},{join},{EVENT}"));
    assert_eq!((found.items, found.unreadable), (vec![left, joined.clone()], vec![]));
    for odd in [
        r#"{"id":"1","event_type":"Participants_Join","participant_ids":["5",6,null],"sender_id":7}"#,
        r#"{"id":1,"event_type":"participantsJoin","participant_ids":["5","6","\ud83d"],"sender_id":"7"}"#,
    ] {
        let found = read(odd);
        assert_eq!((found.items, found.unreadable.len()), (vec![joined.clone()], 1), "{odd}: who can be read is kept");
    }
    for kind in ["null", r#""""#, "5", r#""MessageCreate""#, r#""reactionCreate""#, r#""Mystery""#] {
        let odd = join.replace(r#""ParticipantsJoin""#, kind);
        let found = read(&odd);
        assert_eq!((found.items.len(), found.unreadable.len()), (0, 1), "{odd}: it may be a change");
    }
    for odd in [
        r#"{"id":"1","event_type":"ParticipantsJoin"}"#,
        r#"{"event_type":"Mystery"}"#,
        r#"{"event_type":"ParticipantsLeave","participant_ids":["5"]}"#,
        r#"{"id":"1","event_type":"ParticipantsJoin","participant_ids":["5"]}"#,
        r#"{"id":"1","text":"a"}"#,
        "5",
        "{}",
    ] {
        assert_eq!(read(odd).unreadable.len(), 1, "{odd}");
    }
    assert_eq!(read(r#"{"id":"1","event_type":"ReactionCreate"}"#).unreadable, [], "certainly something else");
    let elsewhere = join.replace(r#""id":"1""#, r#""id":"1","dm_conversation_id":"5""#);
    assert_eq!((read(&elsewhere).items.len(), read(&elsewhere).unreadable.len()), (0, 1));
}

#[test]
fn who_wrote_is_read_one_by_one() {
    let events = r#"{"id":"1","sender_id":"7"},{"id":"2","sender_id":null},{"id":"3","sender_id":8},5"#;
    let body = format!(r#"{{"data":[{events}]}}"#);
    let found = senders(&ApiAnswer::read(&body).unwrap());
    assert_eq!((found.items, found.unreadable.len()), (vec![AccountId(7), AccountId(8)], 2));
}

#[test]
fn an_empty_page_has_no_data_and_a_next_page_is_never_lost() {
    let next = |meta: &str| {
        let body = format!(r#"{{"data":[],"meta":{meta}}}"#);
        let answer = ApiAnswer::read(&body).unwrap();
        answer.next().map_err(|raw| raw.get().to_owned())
    };
    let token = |token: &str| Ok(Some(PageToken(token.to_owned())));
    for end in ["null", "{}", r#""""#, r#"{"next_token":""}"#, r#"{"next_token":null}"#, r#"{"next_token":false}"#] {
        assert_eq!(next(end), Ok(None), "{end}");
    }
    assert_eq!(next(r#"{"next_token":"n"}"#), token("n"));
    assert_eq!(next(r#"{"next_token":714012}"#), token("714012"));
    for (odd, raw) in [
        (r#"{"next_token":{"a":1}}"#, r#"{"a":1}"#),
        (r#"{"next_token":"\ud83d"}"#, r#""\ud83d""#),
        (r#"{"next_token":["n"]}"#, r#"["n"]"#),
        ("5", "5"),
        (r#""x""#, r#""x""#),
    ] {
        assert_eq!(next(odd), Err(raw.to_owned()), "{odd}");
    }
    let answer = ApiAnswer::read(r#"{"meta":{"result_count":0}}"#).unwrap();
    assert!(answer.is_listing() && answer.data.is_none());
    assert!(!ApiAnswer::read(r#"{"meta":5}"#).unwrap().is_listing());
}

#[test]
fn an_error_about_a_message_is_a_message_left_out() {
    let more = |errors: &str| format!(r#"{{"data":[{EVENT}],"errors":{errors}}}"#);
    let about = r#"{"resource_type":"dm_event","resource_id":"9","title":"x"}"#;
    for errors in [about.to_owned(), format!("[5,{about},null]")] {
        let found = listed(&more(&errors));
        assert_eq!((found.items.len(), found.unreadable.len()), (1, 1), "{errors}");
        assert_eq!(found.unreadable[0].id, Some(MessageId(9)));
    }
    for errors in ["5", "null", r#""x""#, r#"[{"resource_type":"user","resource_id":"9"}]"#, r#"{"a":"\ud83d"}"#] {
        assert_eq!(listed(&more(errors)).unreadable, [], "{errors}");
    }
}

#[test]
fn errors_never_quote_the_body() {
    let secret = EVENT.replace(r#""Hi everyone.""#, r#"{"topsecret":"topsecret"}"#);
    assert!(!why(&secret).contains("topsecret"));
    let secret = EVENT.replace(r#""created_at""#, r#""topsecret":"topsecret \ud83d","created_at""#);
    assert!(!why(&secret).contains("topsecret"));
    let deep = "[".repeat(100_000);
    assert!(ApiAnswer::read(&deep).err().unwrap().contains("no JSON"));
    assert!(posted(&raw(r#"{"id":"topsecret"}"#)).is_err_and(|why| !why.contains("topsecret")));
}

proptest::proptest! {
    #[test]
    fn nothing_that_x_may_send_stops_the_program(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        place in 0..EVENT.len(),
        json in r#"(\{"(id|text|errors|data|username|meta|next_token)":("|\[|\{|null|1|-|"[0-9]*"|\[\]|\[null\]|\{\})\}?,?){0,4}"#,
    ) {
        let mut broken = format!(r#"{{"data":[{EVENT}],"meta":{{"result_count":1}}}}"#).into_bytes();
        broken.splice(place..place + 1, bytes.iter().copied().take(3));
        for body in [&bytes[..], &broken, json.as_bytes()] {
            for status in [200, 401, 403, 429, 503] {
                crate::platform::x::errors::classify(crate::platform::x::endpoint::Endpoint::Post, None, status, body);
            }
            let text = object::text_of(body);
            let Ok(answer) = ApiAnswer::read(&text) else { continue };
            let all = (messages(&answer, |_| Ok(())), mentions(&answer, |_| Ok(())), own_posts(&answer, |_| Ok(())));
            let _ = (all.0.items.len(), answer.next(), answer.data.map(|raw| (posted(raw), account(raw), post(raw))));
        }
    }

    /// Whatever stands in one element, the others are read, and the element is either read too or said to be unreadable.
    #[test]
    fn one_odd_element_holds_up_no_other(
        field in "(id|text|sender_id|dm_conversation_id|event_type|attachments|entities|author_id|referenced_posts|x)",
        value in r#"(null|true|5|-1|1e400|""|"\\ud83d"|"7"|\[\]|\{\}|\["7"\]|\{"urls":\[\{"url":5\}\]\}|\{"media_keys":[57]\})"#,
    ) {
        const POST: &str = r#"{"id":"5","text":"x","author_id":"7"}"#;
        let name = format!("\"{field}\"");
        let odd = |whole: &str| {
            let rest = whole.replacen(&name, "\"old\"", 1);
            format!("{{{name}:{value},{}", &rest[1..])
        };
        let body = |whole: &str| format!(r#"{{"data":[{whole},{},{whole}],"meta":{{}}}}"#, odd(whole));
        let found = listed(&body(EVENT));
        proptest::prop_assert!(2 <= found.items.len());
        proptest::prop_assert_eq!(found.items.len() + found.unreadable.len(), 3);
        let body = body(POST);
        let answer = ApiAnswer::read(&body).unwrap();
        let posts = own_posts(&answer, |_| Ok(()));
        let mentions = mentions(&answer, |_| Ok(()));
        proptest::prop_assert!(2 <= posts.items.len() && posts.items.len() + posts.unreadable.len() == 3);
        proptest::prop_assert!(2 <= mentions.items.len() && mentions.items.len() + mentions.unreadable.len() == 3);
    }
}

#[test]
fn an_identifier_that_no_database_keeps_is_refused() {
    for id in ["9223372036854775808", "9999999999999999999", "0"] {
        assert_eq!(why(&EVENT.replace("1582838499983564806", id)), "it has no valid `id`");
        assert_eq!(why(&EVENT.replace("944480690", id)), "it has no valid `sender_id`");
        assert!(posted(&raw(&format!(r#"{{"id":"{id}","text":"a"}}"#))).is_err(), "{id}");
        assert!(post(&raw(&format!(r#"{{"id":"1","author_id":"{id}","text":"a"}}"#))).is_err(), "{id}");
    }
    assert_eq!(page(&EVENT.replace("1582838499983564806", "9223372036854775807"), "").len(), 1);
}

#[test]
fn what_was_accepted_is_named_or_the_answer_is_none() {
    let accepted = sent(&raw(r#"{"dm_conversation_id":"7-8","dm_event_id":"5","more":1}"#)).unwrap();
    assert_eq!((accepted.conversation.as_str(), accepted.message), ("7-8", MessageId(5)));
    for bad in [r#"{"dm_conversation_id":"7-8"}"#, r#"{"dm_conversation_id":"","dm_event_id":"5"}"#, "[]", "{}"] {
        assert!(sent(&raw(bad)).is_err(), "{bad}");
    }
    assert_eq!(upload(&raw(r#"{"id":"5","media_key":"3_5","size":1}"#), None), Ok(UploadState::Ready(MediaId(5))));
    let state = |state: &str| {
        upload(&raw(&format!(r#"{{"id":"5","processing_info":{{"state":"{state}","check_after_secs":2}}}}"#)), None)
    };
    assert_eq!(state("pending"), Ok(UploadState::Working { id: MediaId(5), after_s: 2 }));
    assert_eq!(state("succeeded"), Ok(UploadState::Ready(MediaId(5))));
    assert_eq!(state("failed"), Ok(UploadState::Failed));
    assert!(upload(&raw("{}"), None).is_err());
    let asked = |id| upload(&raw(r#"{"id":"5"}"#), Some(MediaId(id)));
    assert!(asked(5).is_ok() && asked(6).is_err(), "the answer to a question about another file");
}
