//! The client for X against the sandbox, over HTTP: what it gives to X, and who asks it for something.

use verbale::base::ids::{ConversationId, MediaId, PostId};
use verbale::platform::price::Billed;
use verbale::platform::{Addressee, Draft, Error, File, GIF_BYTES_MAX, IMAGE_BYTES_MAX, Mention, Platform, Purpose};
use verbale::sandbox::world::{self, Body, Call, How, Moment, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY, Shared};

use crate::support::client_fixture::{VOCABULARIES, fault, speaking, start};

fn file(media_type: &str, bytes: Vec<u8>) -> File {
    File { media_type: media_type.to_owned(), bytes }
}

/// A post of the journalist.
fn asks(world: &Shared, text: &str, quotes: Option<PostId>) -> PostId {
    let draft = world::Draft { text, quotes, ..world::Draft::default() };
    world.with(|world, now| world.post(now, JOURNALIST, draft)).ok().unwrap().id
}

#[tokio::test]
async fn what_is_posted_comes_back_as_it_was_written_in_every_vocabulary() {
    for vocabulary in VOCABULARIES {
        let (world, x) = start(speaking(vocabulary)).await;
        let first = x.post(&Draft::text("ноты <&> see https://example.org/a?b=1&c=2 and 日本 🇺🇳")).await.unwrap();
        let media = x.upload(&file("image/png", vec![9; 1000]), Purpose::Post).await.unwrap();
        let draft = Draft { media: vec![media], ..Draft::text("the annex") };
        let second = x.post(&draft.answering(first)).await.unwrap();
        let posts = x.own_posts(PostId(0)).await.unwrap().posts;
        let written: Vec<String> = posts.iter().map(verbale::platform::Post::written).collect();
        assert_eq!(written, ["the annex", "ноты <&> see https://example.org/a?b=1&c=2 and 日本 🇺🇳"]);
        assert!(posts[0].text.starts_with("the annex https://t.co/"), "{}", posts[0].text);
        assert_eq!(x.read_post(second).await.unwrap().unwrap().written(), "the annex");
        let made = world.with(|world, _| world.read(second).unwrap().clone());
        assert_eq!((made.answers, made.media), (Some(first), vec![media]));
    }
}

#[tokio::test]
async fn mentions_come_page_by_page_with_what_they_answer_and_quote_in_every_vocabulary() {
    for vocabulary in VOCABULARIES {
        let (world, x) = start(speaking(vocabulary)).await;
        let sealed = x.post(&Draft::text("Sealed note 1")).await.unwrap();
        let earlier = asks(&world, "@embassy hello", None);
        let quoting = asks(&world, "@embassy check <this> &", Some(sealed));
        let answer = world::Draft { text: "@embassy status", answers: Some(quoting), ..world::Draft::default() };
        let answering = world.with(|world, now| world.post(now, JOURNALIST, answer)).ok().unwrap().id;
        for number in 0..4 {
            asks(&world, &format!("@embassy check {number}"), None);
        }
        let first = x.mentions(earlier, 5, None).await.unwrap();
        let second = x.mentions(earlier, 5, first.next.as_ref()).await.unwrap();
        assert_eq!((first.mentions.len(), second.mentions.len(), &second.next), (5, 1, &None), "{vocabulary:?}");
        assert_eq!(first.mentions[4].answers, Some(quoting));
        assert_eq!((first.mentions[4].id, first.mentions[4].conversation), (answering, Some(quoting)));
        let expected = Mention {
            id: quoting,
            author: JOURNALIST,
            name: verbale::base::ids::AccountName::parse("journalist"),
            text: second.mentions[0].text.clone(),
            answers: None,
            quotes: Some(sealed),
            conversation: Some(quoting),
        };
        assert_eq!(second.mentions, [expected]);
        assert!(second.mentions[0].text.starts_with("@embassy check <this> & https://t.co/"), "decoded once");
        let newest = first.mentions[0].id;
        assert!(x.mentions(newest, 100, None).await.unwrap().mentions.is_empty());
    }
}

#[tokio::test]
async fn a_mention_is_listed_late_and_800_are_kept() {
    let (world, x) = start(Settings { lag_ms: 3_600_000, ..Settings::of_x() }).await;
    asks(&world, "@embassy check 1", None);
    assert!(x.mentions(PostId(0), 5, None).await.unwrap().mentions.is_empty());
    world.with(|world, _| world.settings.lag_ms = 0);
    for number in 0..805 {
        asks(&world, &format!("@embassy help {number}"), None);
    }
    let (mut count, mut next) = (0, None);
    loop {
        let page = x.mentions(PostId(0), 100, next.as_ref()).await.unwrap();
        count += page.mentions.len();
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(count, 800);
}

#[tokio::test]
async fn who_did_not_mention_us_is_not_answered() {
    let (world, x) = start(Settings::of_x()).await;
    let own = x.post(&Draft::text("Sealed note 1")).await.unwrap();
    let stranger = asks(&world, "what a day", None);
    let (mention, quote) = (asks(&world, "@embassy check 1", None), asks(&world, "is it true?", Some(own)));
    let answer = |text: &str, to| Draft::text(text).answering(to);
    let refused = x.post(&answer("no", stranger)).await.unwrap_err();
    assert!(matches!(refused, Error::ReplyRefused { .. }), "{refused:?}");
    assert!(matches!(x.post(&answer("gone", PostId(1))).await, Err(Error::ReplyRefused { .. })));
    for (number, to) in [mention, quote, own].into_iter().enumerate() {
        x.post(&answer(&format!("sealed {number}"), to)).await.unwrap();
    }
    world.with(|world, _| world.settings.refuses_self_replies = true);
    assert!(matches!(x.post(&answer("a thread", own)).await, Err(Error::ReplyRefused { .. })));
    let summoned = world.with(|world, _| world.counts().billed(Billed::SummonedReply));
    assert_eq!(summoned, 2, "the thread's is an ordinary post");
}

#[tokio::test]
async fn a_post_too_long_or_posted_already_is_told_apart() {
    let (_world, x) = start(Settings::of_x()).await;
    let long = x.post(&Draft::text("é".repeat(281))).await.unwrap_err();
    assert!(matches!(long, Error::TooLong { .. }), "{long:?}");
    x.post(&Draft::text("日".repeat(140))).await.unwrap();
    assert!(matches!(x.post(&Draft::text("日".repeat(141))).await, Err(Error::TooLong { .. })));
    assert_eq!(x.post(&Draft::text("日".repeat(140))).await, Err(Error::Duplicate));
    assert!(matches!(x.post(&Draft::text("")).await, Err(Error::Refused { .. })));
}

#[tokio::test]
async fn files_are_taken_by_kind_size_and_purpose() {
    let (world, x) = start(Settings::of_x()).await;
    let upload =
        async |media_type: &str, size: u64, purpose| x.upload(&file(media_type, vec![7; size as usize]), purpose).await;
    let image = upload("image/jpeg", IMAGE_BYTES_MAX, Purpose::Post).await.unwrap();
    let gif = upload("image/gif", 10, Purpose::Post).await.unwrap();
    let private = upload("image/webp", 10, Purpose::Message).await.unwrap();
    let calls = world.with(|world, _| world.counts().of(Call::Upload));
    for (media_type, size) in [("image/jpeg", IMAGE_BYTES_MAX + 1), ("image/gif", GIF_BYTES_MAX + 1), ("video/mp4", 1)]
    {
        assert!(matches!(upload(media_type, size, Purpose::Post).await, Err(Error::Refused { .. })), "{media_type}");
    }
    assert_eq!(world.with(|world, _| world.counts().of(Call::Upload)), calls, "nothing was sent");
    let with = |media: &[MediaId]| Draft { media: media.to_vec(), ..Draft::text("annex") };
    for bad in [&[image, gif][..], &[private], &[image, image], &[MediaId(1)]] {
        assert!(matches!(x.post(&with(bad)).await, Err(Error::Refused { .. })), "{bad:?}");
    }
    let mut images = vec![image];
    for _ in 0..4 {
        images.push(upload("image/png", 10, Purpose::Post).await.unwrap());
    }
    assert!(matches!(x.post(&with(&images)).await, Err(Error::Refused { .. })), "five");
    x.post(&with(&images[..4])).await.unwrap();
    x.post(&Draft { media: vec![gif], ..Draft::default() }).await.unwrap();
    let to = Addressee::Account(MINISTRY);
    assert!(matches!(x.send_message(&to, "annex", Some(image)).await, Err(Error::Refused { .. })));
    x.send_message(&to, "", Some(private)).await.unwrap();
}

#[tokio::test]
async fn what_is_sent_is_listed_as_it_was_sent_in_every_vocabulary() {
    for vocabulary in VOCABULARIES {
        let (world, x) = start(speaking(vocabulary)).await;
        let media = x.upload(&file("image/png", vec![9; 10]), Purpose::Message).await.unwrap();
        let first = x.send_message(&Addressee::Account(MINISTRY), "slip <&> 日本\n2", Some(media)).await.unwrap();
        assert_eq!(first.conversation, ConversationId::between(EMBASSY, MINISTRY));
        let received = Outgoing::text("status");
        let received = world.with(|world, now| world.send(now, MINISTRY, EMBASSY, &received)).unwrap();
        world.with(|world, now| world.send(now, EMBASSY, JOURNALIST, &Outgoing::text("other"))).unwrap();
        let second =
            x.send_message(&Addressee::Conversation(first.conversation.clone()), "code 1234", None).await.unwrap();
        let page = x.messages_with(MINISTRY, 2, None).await.ok().unwrap();
        let older = x.messages_with(MINISTRY, 2, page.next.as_ref()).await.ok().unwrap();
        let ids: Vec<_> = page.messages.iter().chain(&older.messages).map(|message| message.id).collect();
        assert_eq!(ids, [second.message, received, first.message]);
        assert_eq!((page.messages[1].sender, page.messages[1].text.as_str()), (MINISTRY, "status"));
        let slip = &older.messages[0];
        assert!(slip.text.starts_with("slip <&> 日本\n2 https://t.co/"));
        assert_eq!(x.attachment(slip.id, &slip.attachments[0], 10).await.ok().unwrap().bytes, [9; 10]);
        assert_eq!(x.messages(5, None).await.ok().unwrap().messages.len(), 4);
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_says_why() {
    let (world, x) = start(Settings::of_x()).await;
    let to = Addressee::Account(MINISTRY);
    assert!(matches!(x.send_message(&to, &"x".repeat(10_001), None).await, Err(Error::TooLong { .. })));
    assert!(matches!(x.send_message(&to, "", None).await, Err(Error::Refused { .. })));
    assert!(matches!(
        x.send_message(&Addressee::Account(verbale::base::ids::AccountId(1)), "hi", None).await,
        Err(Error::Refused { .. })
    ));
    let strange = Addressee::Conversation(ConversationId::between(MINISTRY, JOURNALIST));
    let refused = x.send_message(&strange, "marked", None).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused { what } if what.contains("dm-conversation-not-found")), "{refused:?}");
    fault(&world, Call::SendMessage, Moment::Before, How::Encrypted);
    let encrypted = x.send_message(&to, "marked", None).await.unwrap_err();
    assert!(matches!(&encrypted, Error::NeedsPerson { remedy, .. } if remedy.contains("by hand")), "{encrypted:?}");
}

#[tokio::test]
async fn a_lost_answer_leaves_a_message_open_and_a_file_to_be_given_again() {
    for at in [Moment::Before, Moment::After] {
        let (world, x) = start(Settings::without_limits()).await;
        let bodies = [Body::Problem, Body::Legacy, Body::Html, Body::Garbage, Body::Empty];
        let mut hows: Vec<How> = bodies.iter().map(|&body| How::Status { code: 503, body }).collect();
        hows.extend([How::Status { code: 403, body: Body::Html }, How::Cut]);
        for (number, how) in hows.iter().enumerate() {
            fault(&world, Call::SendMessage, at, *how);
            let text = format!("slip {number}");
            let error = x.send_message(&Addressee::Account(MINISTRY), &text, None).await.unwrap_err();
            assert!(matches!(error, Error::NoAnswer { .. }), "{at:?} {how:?} {error:?}");
            let page = x.messages_with(MINISTRY, 100, None).await.ok().unwrap();
            let found = page.messages.iter().any(|message| message.text == text);
            assert_eq!(found, at == Moment::After, "{at:?} {how:?}");

            for call in [Call::Upload, Call::Mentions, Call::MessagesWith] {
                fault(&world, call, at, *how);
            }
            let png = file("image/png", vec![1]);
            let errors = [
                x.upload(&png, Purpose::Message).await.err(),
                x.mentions(PostId(0), 5, None).await.err(),
                x.messages_with(MINISTRY, 5, None).await.err(),
            ];
            let passing = |error: &Option<Error>| matches!(error, Some(Error::Unavailable { .. }));
            assert!(errors.iter().all(passing), "{at:?} {how:?} {errors:?}");
        }
    }
}

#[tokio::test]
async fn what_calls_a_person_or_asks_to_wait_does_so_in_every_call() {
    let (world, x) = start(Settings::without_limits()).await;
    let png = file("image/png", vec![1]);
    let to = Addressee::Account(MINISTRY);
    for call in [Call::SendMessage, Call::Upload, Call::Mentions, Call::MessagesWith] {
        let again = async || match call {
            Call::SendMessage => x.send_message(&to, "slip", None).await.err(),
            Call::Upload => x.upload(&png, Purpose::Post).await.err(),
            Call::Mentions => x.mentions(PostId(0), 5, None).await.err(),
            _ => x.messages_with(MINISTRY, 5, None).await.err(),
        };
        for how in [How::UsageCapped, How::CreditsDepleted, How::CreditsDepletedOld, How::Suspended] {
            fault(&world, call, Moment::Before, how);
            assert!(matches!(again().await, Some(Error::NeedsPerson { .. })), "{call:?} {how:?}");
        }
        fault(&world, call, Moment::Before, How::Unauthorized);
        assert!(matches!(again().await, Some(Error::Unavailable { .. })), "{call:?}");
        fault(&world, call, Moment::Before, How::RateLimited { wait_ms: 60_000 });
        assert!(matches!(again().await, Some(Error::Wait { .. })), "{call:?}");
        assert!(matches!(again().await, Some(Error::Wait { .. })), "{call:?}: nothing is sent meanwhile");
    }
}

#[tokio::test]
async fn the_limits_of_sending_are_respected_before_they_are_hit() {
    let (world, x) = start(Settings::of_x()).await;
    assert_eq!(x.sends_left().await, None);
    let conversation = Addressee::Conversation(ConversationId::between(EMBASSY, MINISTRY));
    for number in 0..15 {
        let to = if number == 0 { Addressee::Account(MINISTRY) } else { conversation.clone() };
        x.send_message(&to, &format!("slip {number}"), None).await.unwrap();
        assert_eq!(x.sends_left().await, Some(14 - number));
    }
    assert!(matches!(x.send_message(&conversation, "one too many", None).await, Err(Error::Wait { .. })));
    assert_eq!(world.with(|world, _| world.counts().of(Call::SendMessage)), 15);
    assert!(x.messages_with(MINISTRY, 5, None).await.is_ok() && x.messages(5, None).await.is_ok());
}
