//! The port against the model, with faults.

use super::*;
use crate::sandbox::world::{Body, Fault, Outgoing, Settings};
use crate::sandbox::{Clock, EMBASSY, MINISTRY, story_world};

fn start() -> (Shared, Direct) {
    let clock = Clock::standing_at(Time::from_ms(1_800_000_000_500));
    let world = Shared::new(story_world(Settings::of_x(), 3, clock.now()), clock);
    (world.clone(), Direct::new(world, EMBASSY))
}

fn next(world: &Shared, call: Call, at: Moment, how: How) {
    world.with(|world, _| world.add_fault(Fault::once(call, at, how)));
}

#[tokio::test]
async fn messages_come_with_links_files_and_their_record() {
    let (world, direct) = start();
    let sent = world.with(|world, now| {
        let media = vec![world.upload(now, EMBASSY, "image/png", vec![9; 10])];
        let text = "a < b: https://example.org/annex".to_owned();
        world.send(now, EMBASSY, MINISTRY, &Outgoing { text, media })
    });
    let page = direct.messages(5, None).await.ok().unwrap();
    let [message] = &page.messages[..] else { panic!("one message") };
    assert_eq!((Ok(message.id), page.next.is_none()), (sent, true));
    assert!(message.text.starts_with("a < b: https://t.co/"));
    assert_eq!(message.links[0].1, "https://example.org/annex");
    assert!(String::from_utf8(message.record.clone()).unwrap().contains("a &lt; b"));
    let file = direct.attachment(message.id, &message.attachments[0], 10).await.ok().unwrap();
    assert_eq!((file.media_type.as_str(), file.bytes.len()), ("image/png", 10));
    assert!(direct.attachment(message.id, &message.attachments[0], 9).await.is_err());
}

#[tokio::test]
async fn a_lost_answer_leaves_the_post_and_a_refusal_before_leaves_none() {
    let (world, direct) = start();
    next(&world, Call::CreatePost, Moment::Before, How::Cut);
    assert!(matches!(direct.post(&Draft::text("one")).await, Err(Error::NoAnswer { .. })));
    assert_eq!(direct.own_posts(PostId(0)).await.unwrap().posts, []);
    next(&world, Call::CreatePost, Moment::After, How::Unauthorized);
    assert!(matches!(direct.post(&Draft::text("one")).await, Err(Error::NoAnswer { .. })));
    let posts = direct.own_posts(PostId(0)).await.unwrap().posts;
    assert_eq!((posts.len(), posts[0].text.as_str()), (1, "one"));
    assert_eq!(direct.post(&Draft::text("one")).await, Err(Error::Duplicate));
    assert_eq!(direct.read_post(posts[0].id).await.unwrap(), Some(posts[0].clone()));
    assert_eq!(direct.read_post(PostId(1)).await.unwrap(), None);
}

#[tokio::test]
async fn what_passes_by_itself_is_told_from_what_needs_a_person() {
    let (world, direct) = start();
    let now = world.clock().now();
    next(&world, Call::Me, Moment::Before, How::RateLimited { wait_ms: 5000 });
    let Err(Error::Wait { until, .. }) = direct.me().await else { panic!("a limit") };
    assert_eq!(until, now.plus_ms(5000));
    next(&world, Call::Me, Moment::Before, How::UsageCapped);
    assert!(matches!(direct.me().await, Err(Error::NeedsPerson { .. })));
    next(&world, Call::Me, Moment::After, How::Hold);
    assert!(matches!(direct.me().await, Err(Error::Unavailable { .. })));
    assert_eq!(world.clock().now(), now.plus_ms(30_000));
    assert_eq!(direct.me().await.unwrap().clock, Some(Time::from_ms(1_800_000_030_000)));
}

#[tokio::test]
async fn who_looks_before_repeating_posts_each_text_once_in_spite_of_chaos() {
    let (world, direct) = start();
    let kinds = [How::Cut, How::Unauthorized, How::Status { code: 503, body: Body::Html }, How::Hold];
    let kinds = kinds.iter().flat_map(|how| [(Moment::Before, *how), (Moment::After, *how)]).collect();
    world.with(|world, _| {
        world.settings = Settings { refuses_duplicates: false, ..Settings::without_limits() };
        world.set_chaos(Some(world::Chaos { seed: 11, per_mille: 400, kinds }));
    });
    for number in 0..500 {
        let text = format!("Sealed note {number}");
        while let Err(error) = direct.post(&Draft::text(&text)).await {
            let unknown = matches!(error, Error::NoAnswer { .. });
            if unknown && is_there(&direct, &text).await {
                break;
            }
        }
    }
    world.with(|world, _| {
        assert!(300 < world.counts().faults, "{}", world.counts().faults);
        let texts: Vec<&str> = world.posts().map(|post| post.written.as_str()).collect();
        assert_eq!(texts, (0..500).map(|number| format!("Sealed note {number}")).collect::<Vec<_>>());
    });
}

/// Whether one of the newest posts has this text, asked until there is an answer.
async fn is_there(direct: &Direct, text: &str) -> bool {
    loop {
        if let Ok(OwnPosts { posts, .. }) = direct.own_posts(PostId(0)).await {
            return posts.iter().any(|post| post.text == text);
        }
    }
}

#[tokio::test]
async fn what_is_left_is_known_after_the_first_post() {
    let (_, direct) = start();
    assert_eq!(direct.posts_left().await, None);
    direct.post(&Draft::text("one")).await.unwrap();
    assert_eq!(direct.posts_left().await, Some(99));
}

#[tokio::test]
async fn a_waiter_wakes_when_what_it_waits_for_is_so() {
    let (world, direct) = start();
    let waiter = tokio::spawn({
        let world = world.clone();
        async move { world.until(|world| world.posts().count() == 2).await }
    });
    for text in ["one", "two"] {
        direct.post(&Draft::text(text)).await.unwrap();
    }
    waiter.await.unwrap();
}

#[tokio::test]
async fn a_message_is_sent_once_by_who_looks_before_sending_again() {
    let (world, direct) = start();
    for (number, at) in [Moment::Before, Moment::After].into_iter().enumerate() {
        next(&world, Call::SendMessage, at, How::Hold);
        let text = format!("slip {number}");
        let sent = direct.send_message(&Addressee::Account(MINISTRY), &text, None).await;
        assert!(matches!(sent, Err(Error::NoAnswer { .. })));
        let listed = direct.messages_with(MINISTRY, 100, None).await.ok().unwrap().messages;
        assert_eq!(listed.iter().any(|message| message.text == text), at == Moment::After);
    }
    assert_eq!(direct.sends_left().await, Some(14), "the one that was not admitted took nothing");
}

#[tokio::test]
async fn refusals_and_faults_of_the_writing_calls_are_sorted_as_by_the_client() {
    let (world, direct) = start();
    let stranger = world.with(|world, now| {
        let draft = WorldDraft { text: "what a day", ..WorldDraft::default() };
        world.post(now, MINISTRY, draft).ok().unwrap().id
    });
    let reply = direct.post(&Draft::text("no").answering(stranger)).await;
    assert!(matches!(reply, Err(Error::ReplyRefused { .. })), "{reply:?}");
    assert!(matches!(direct.post(&Draft::text("x".repeat(281))).await, Err(Error::TooLong { .. })));
    next(&world, Call::SendMessage, Moment::Before, How::Encrypted);
    let to = Addressee::Account(MINISTRY);
    assert!(matches!(direct.send_message(&to, "slip", None).await, Err(Error::NeedsPerson { .. })));
    assert!(matches!(direct.send_message(&to, &"x".repeat(10_001), None).await, Err(Error::TooLong { .. })));
    let png = File { media_type: "image/png".to_owned(), bytes: vec![1] };
    next(&world, Call::Upload, Moment::After, How::Cut);
    assert!(matches!(direct.upload(&png, Purpose::Post).await, Err(Error::Unavailable { .. })));
    let film = File { media_type: "video/mp4".to_owned(), bytes: vec![1] };
    assert!(matches!(direct.upload(&film, Purpose::Post).await, Err(Error::Refused { .. })));
    next(&world, Call::Mentions, Moment::Before, How::Cut);
    assert!(matches!(direct.mentions(PostId(0), 5, None).await, Err(Error::Unavailable { .. })));
}

#[tokio::test]
async fn mentions_are_paged_and_say_what_they_answer() {
    let (world, direct) = start();
    let own = direct.post(&Draft::text("Sealed note 1")).await.unwrap();
    let ids: Vec<PostId> = (0..7)
        .map(|number| {
            let text = format!("check {number}");
            let draft = WorldDraft { text: &text, answers: Some(own), ..WorldDraft::default() };
            world.with(|world, now| {
                world.settings.replies_need_mention = false;
                world.post(now, MINISTRY, draft).ok().unwrap().id
            })
        })
        .collect();
    let first = direct.mentions(own, 5, None).await.unwrap();
    let second = direct.mentions(own, 5, first.next.as_ref()).await.unwrap();
    let found: Vec<PostId> = first.mentions.iter().chain(&second.mentions).rev().map(|mention| mention.id).collect();
    assert_eq!((found, second.next), (ids, None));
    let mention = &first.mentions[0];
    assert_eq!((mention.answers, mention.conversation, mention.author), (Some(own), Some(own), MINISTRY));
}
