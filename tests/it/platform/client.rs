//! The client for X against the sandbox, over HTTP: every call, and everything that can go wrong with it.

use verbale::base::ids::{Account, AccountId, AccountName, ConversationId, PostId};
use verbale::platform::{Draft, Error, Lookup, Platform, PostState};
use verbale::sandbox::world::{Body, Call, How, Moment, Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::client_fixture::{VOCABULARIES, fault, speaking, start};

#[tokio::test]
async fn accounts_are_found_or_not() {
    let (world, x) = start(Settings::of_x()).await;
    let me = x.me().await.unwrap();
    assert_eq!(me.account.to_string(), "2244994945 embassy");
    let ms = world.clock().now().ms_since(me.clock.unwrap());
    assert!((0..20_000).contains(&ms), "{ms}");
    let ministry = Account { id: MINISTRY, name: AccountName::parse("ministry").unwrap() };
    assert_eq!(x.account_by_name(&ministry.name).await, Ok(Lookup::Found(ministry.clone())));
    assert_eq!(x.account_by_id(MINISTRY).await, Ok(Lookup::Found(ministry)));
    assert_eq!(x.account_by_name(&AccountName::parse("nobody").unwrap()).await, Ok(Lookup::Absent));
    assert_eq!(x.account_by_id(AccountId(1)).await, Ok(Lookup::Absent));
}

#[tokio::test]
async fn messages_come_page_by_page_with_links_and_files_in_every_vocabulary() {
    for vocabulary in VOCABULARIES {
        let (world, x) = start(speaking(vocabulary)).await;
        world.with(|world, now| {
            for number in 0..4 {
                let text = format!("note {number} <&> https://example.org/annex");
                world.send(now, EMBASSY, MINISTRY, &Outgoing::text(&text)).unwrap();
            }
            let media = vec![world.upload(now, MINISTRY, "image/png", vec![9; 1000])];
            world.send(now, MINISTRY, EMBASSY, &Outgoing { text: "answer".to_owned(), media }).unwrap();
        });
        let first = x.messages(2, None).await.ok().unwrap();
        let second = x.messages(2, first.next.as_ref()).await.ok().unwrap();
        let third = x.messages(2, second.next.as_ref()).await.ok().unwrap();
        assert!(third.next.is_none());
        let all = [first.messages, second.messages, third.messages].concat();
        assert_eq!(all.len(), 5);
        assert!(all.iter().is_sorted_by(|newer, older| older.id < newer.id));
        let (answer, note) = (&all[0], &all[1]);
        assert_eq!((answer.sender, note.sender), (MINISTRY, EMBASSY));
        assert_eq!(note.conversation, ConversationId::between(EMBASSY, MINISTRY));
        assert!(note.text.starts_with("note 3 <&> https://t.co/"), "decoded once");
        assert_eq!(note.links.len(), 1);
        assert_eq!(note.links[0].1, "https://example.org/annex");
        let record: serde_json::Value = serde_json::from_slice(&note.record).unwrap();
        assert_eq!(record["id"], note.id.to_string());
        let file = x.attachment(answer.id, &answer.attachments[0], 1000).await.ok().unwrap();
        assert_eq!((file.media_type.as_str(), file.bytes), ("image/png", vec![9; 1000]));
        let large = x.attachment(answer.id, &answer.attachments[0], 999).await.err();
        assert!(matches!(large, Some(Error::Refused { .. })));
    }
}

#[tokio::test]
async fn a_box_without_messages_is_empty_and_not_an_error() {
    let (_world, x) = start(Settings::of_x()).await;
    let page = x.messages(5, None).await.ok().unwrap();
    assert!(page.messages.is_empty() && page.next.is_none());
    assert_eq!(x.own_posts(PostId(0)).await.unwrap().posts, []);
}

#[tokio::test]
async fn a_group_holds_who_is_left_in_it() {
    let (world, x) = start(Settings::of_x()).await;
    let group = world.with(|world, now| {
        let what = Outgoing::text("to both");
        let (group, _) = world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &what).unwrap();
        group
    });
    let everybody = vec![MINISTRY, JOURNALIST, EMBASSY];
    assert_eq!(x.participants(&group).await.unwrap().accounts, everybody);
    world.with(|world, now| world.leave(now, JOURNALIST, &group)).unwrap();
    assert_eq!(x.participants(&group).await.unwrap().accounts, [MINISTRY, EMBASSY]);
    let unknown = ConversationId::parse("1578398451921985538").unwrap();
    assert!(matches!(x.participants(&unknown).await, Err(Error::Refused { .. })));
}

#[tokio::test]
async fn posts_are_made_found_and_gone_in_every_vocabulary() {
    for vocabulary in VOCABULARIES {
        let (world, x) = start(speaking(vocabulary)).await;
        let one = x.post(&Draft::text("Sealed note 1\nsha256 <&> a")).await.unwrap();
        let two = x.post(&Draft::text("Sealed note 2")).await.unwrap();
        assert_eq!(x.post(&Draft::text("Sealed note 2")).await, Err(Error::Duplicate));
        let post = x.read_post(one).await.unwrap().unwrap();
        assert_eq!((post.id, post.author, post.text.as_str()), (one, EMBASSY, "Sealed note 1\nsha256 <&> a"));
        let ids = |posts: Vec<verbale::platform::Post>| posts.iter().map(|post| post.id).collect::<Vec<_>>();
        assert_eq!(ids(x.own_posts(PostId(0)).await.unwrap().posts), [two, one]);
        assert_eq!(ids(x.own_posts(one).await.unwrap().posts), [two]);
        world.with(|world, _| world.delete_post(EMBASSY, one)).unwrap();
        assert_eq!(x.read_post(one).await, Ok(None));
        assert_eq!(ids(x.own_posts(PostId(0)).await.unwrap().posts), [two]);
    }
}

#[tokio::test]
async fn what_became_of_a_post_is_told_apart_in_every_vocabulary() {
    for vocabulary in VOCABULARIES {
        let (world, x) = start(speaking(vocabulary)).await;
        let mut made = Vec::new();
        for number in 1..=5 {
            made.push(x.post(&Draft::text(format!("Sealed note {number}"))).await.unwrap());
        }
        let [stands, deleted, hidden, withheld, edited] = made[..] else { panic!("five") };
        let later = world.with(|world, now| {
            world.delete_post(EMBASSY, deleted).unwrap();
            assert!(world.hide_post(hidden, true) && world.withhold_post(withheld, vec!["XY".to_owned()]));
            world.user_mut(EMBASSY).unwrap().premium = true;
            let draft =
                verbale::sandbox::world::Draft { text: "Other words", edits: Some(edited), ..Default::default() };
            world.post(now, EMBASSY, draft).unwrap().id
        });
        let PostState::Stands(post) = x.post_state(stands).await.unwrap() else { panic!("{vocabulary:?}") };
        assert_eq!((post.id, post.text.as_str()), (stands, "Sealed note 1"));
        assert_eq!(x.post_state(deleted).await, Ok(PostState::Absent), "{vocabulary:?}");
        assert_eq!(x.post_state(hidden).await, Ok(PostState::Hidden), "{vocabulary:?}");
        assert_eq!(x.post_state(withheld).await, Ok(PostState::Hidden), "{vocabulary:?}");
        assert_eq!(x.post_state(edited).await, Ok(PostState::Edited), "{vocabulary:?}");
        assert!(matches!(x.post_state(later).await, Ok(PostState::Stands(_))), "{vocabulary:?}");
    }
}

#[tokio::test]
async fn the_newest_own_posts_are_one_page_without_answers() {
    let (_world, x) = start(Settings::of_x()).await;
    let mut made = Vec::new();
    for number in 1..=7 {
        made.push(x.post(&Draft::text(format!("Sealed note {number}"))).await.unwrap());
    }
    x.post(&Draft::text("An answer").answering(made[0])).await.unwrap();
    let ids = |own: verbale::platform::OwnPosts| own.posts.iter().map(|post| post.id).collect::<Vec<_>>();
    let newest: Vec<_> = made.iter().rev().copied().collect();
    assert_eq!(ids(x.newest_posts(PostId(0), 5).await.unwrap()), newest[..5]);
    assert_eq!(ids(x.newest_posts(made[3], 5).await.unwrap()), newest[..3]);
    assert_eq!(ids(x.newest_posts(PostId(0), 100).await.unwrap()), newest);
}

#[tokio::test]
async fn a_long_timeline_is_read_to_its_end() {
    let (world, x) = start(Settings::of_x()).await;
    world.with(|world, now| {
        for number in 0..250 {
            let text = format!("Sealed note {number}");
            let draft = verbale::sandbox::world::Draft { text: &text, ..Default::default() };
            world.post(now, EMBASSY, draft).unwrap();
        }
    });
    assert_eq!(x.own_posts(PostId(0)).await.unwrap().posts.len(), 250);
}

#[tokio::test]
async fn what_x_says_is_sorted_by_what_to_do_next() {
    let (world, x) = start(Settings::of_x()).await;
    let call = Call::CreatePost;
    for how in [How::UsageCapped, How::CreditsDepleted, How::CreditsDepletedOld, How::Suspended] {
        fault(&world, call, Moment::Before, how);
        let error = x.post(&Draft::text("a")).await.unwrap_err();
        assert!(matches!(&error, Error::NeedsPerson { remedy, .. } if !remedy.is_empty()), "{how:?} {error:?}");
    }
    fault(&world, call, Moment::Before, How::Unauthorized);
    assert!(matches!(x.post(&Draft::text("a")).await, Err(Error::Unavailable { .. })));
    fault(&world, call, Moment::Before, How::Duplicate);
    assert_eq!(x.post(&Draft::text("a")).await, Err(Error::Duplicate));
    let refused = How::Status { code: 400, body: Body::Problem };
    fault(&world, call, Moment::Before, refused);
    assert!(matches!(x.post(&Draft::text("a")).await, Err(Error::Refused { .. })));
    assert_eq!(world.with(|world, _| world.posts().count()), 0);
    x.post(&Draft::text("a")).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_leaves_open_whether_a_post_was_made() {
    for at in [Moment::Before, Moment::After] {
        let (world, x) = start(Settings::of_x()).await;
        let bodies = [Body::Problem, Body::Legacy, Body::Html, Body::Garbage, Body::Empty];
        let mut faults: Vec<How> = bodies.iter().map(|&body| How::Status { code: 503, body }).collect();
        faults.extend([How::Status { code: 403, body: Body::Html }, How::Cut, How::Half]);
        for (number, how) in faults.iter().enumerate() {
            // half of an answer to nothing is no case: there is one only after the effect
            if (at, *how) == (Moment::Before, How::Half) {
                continue;
            }
            fault(&world, Call::CreatePost, at, *how);
            let text = format!("Sealed note {number}");
            let error = x.post(&Draft::text(&text)).await.unwrap_err();
            assert!(matches!(error, Error::NoAnswer { .. }), "{at:?} {how:?} {error:?}");
            let found = x.own_posts(PostId(0)).await.unwrap().posts.iter().any(|post| post.text == text);
            assert_eq!(found, at == Moment::After, "{at:?} {how:?}");

            fault(&world, Call::Messages, at, *how);
            let error = x.messages(5, None).await.err().unwrap();
            assert!(matches!(error, Error::Unavailable { .. }), "{at:?} {how:?} {error:?}");
        }
    }
}

#[tokio::test]
async fn a_limit_is_respected_before_it_is_hit() {
    let (world, x) = start(Settings::of_x()).await;
    assert_eq!(x.posts_left().await, None);
    x.post(&Draft::text("one")).await.unwrap();
    assert_eq!(x.posts_left().await, Some(99));
    for _ in 0..15 {
        assert!(x.messages(5, None).await.is_ok());
    }
    let now = world.clock().now();
    let Err(Error::Wait { until, .. }) = x.messages(5, None).await else { panic!("the limit is used up") };
    assert!((0..=901_000).contains(&until.ms_since(now)), "{until}");
    assert_eq!(world.with(|world, _| world.counts().of(Call::Messages)), 15, "the sixteenth was not sent");
}

#[tokio::test]
async fn a_refusal_by_rate_says_until_when() {
    let (world, x) = start(Settings::of_x()).await;
    fault(&world, Call::CreatePost, Moment::Before, How::RateLimited { wait_ms: 60_000 });
    let now = world.clock().now();
    let Err(Error::Wait { until, .. }) = x.post(&Draft::text("a")).await else { panic!("a limit") };
    assert!((59_000..=62_000).contains(&until.ms_since(now)), "{until}");
    assert_eq!(x.post(&Draft::text("a")).await.unwrap_err().to_string().lines().count(), 1);
    assert_eq!(world.with(|world, _| world.counts().of(Call::CreatePost)), 1, "nothing was sent meanwhile");
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_say_so() {
    let (world, x) = start(Settings::of_x()).await;
    world.with(|world, _| world.user_mut(EMBASSY).unwrap().credentials.access_token_secret = "other".to_owned());
    let Err(Error::Unavailable { what }) = x.me().await else { panic!("refused") };
    assert!(what.contains("401") && what.contains("credentials"), "{what}");
}
