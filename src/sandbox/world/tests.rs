use super::*;
use crate::base::ids::PostId;
use crate::platform::price::Billed;
use crate::sandbox::{EMBASSY, JOURNALIST, MINISTRY, story_world};

fn noon() -> Time {
    Time::parse("2026-11-22T12:00:00.000Z").unwrap()
}

fn story() -> World {
    story_world(Settings::without_limits(), 7, noon())
}

const ALL: EventListing<'_> = EventListing { conversation: None, kinds: &[], size: 100, before: None };
const NEWEST: Range = Range { after: None, before: None, size: 100, without_answers: false };

fn draft(text: &str) -> Draft<'_> {
    Draft { text, ..Draft::default() }
}

#[test]
fn identifiers_are_unique_and_carry_their_moment() {
    let mut world = story();
    let ids: Vec<_> = (0..5).map(|_| world.send(noon(), EMBASSY, MINISTRY, &Outgoing::text("hi")).unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert!(ids.iter().all(|id| id.moment() == noon()));
    let earlier = world.send(noon().plus_ms(-1), EMBASSY, MINISTRY, &Outgoing::text("before")).unwrap();
    assert!(earlier < ids[0]);
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let credentials = |seed| story_world(Settings::of_x(), seed, noon()).user(EMBASSY).unwrap().credentials.clone();
    assert!(credentials(1) == credentials(1));
    assert!(credentials(1) != credentials(2));
}

#[test]
fn events_are_listed_newest_first_to_members_only_and_for_thirty_days() {
    let mut world = story();
    let old = world.send(noon().plus_ms(-31 * 86_400_000), EMBASSY, MINISTRY, &Outgoing::text("old")).unwrap();
    let first = world.send(noon(), EMBASSY, MINISTRY, &Outgoing::text("first")).unwrap();
    let second = world.send(noon().plus_ms(5), MINISTRY, EMBASSY, &Outgoing::text("second")).unwrap();
    let now = noon().plus_ms(10);
    let page = world.list_events(now, EMBASSY, EventListing { size: 1, ..ALL }).unwrap();
    assert_eq!((page.events[0].id, page.next), (second, Some(second)));
    let page = world.list_events(now, EMBASSY, EventListing { before: page.next, ..ALL }).unwrap();
    assert_eq!((page.events[0].id, page.events.len(), page.next), (first, 1, None));
    assert!(world.list_events(now, JOURNALIST, ALL).unwrap().events.is_empty());
    assert!(world.event_for(now, JOURNALIST, first).is_err());
    assert!(world.event_for(now, EMBASSY, old).is_err());
    world.set_hidden(second, true);
    assert_eq!(world.list_events(now, EMBASSY, ALL).unwrap().events.len(), 1);
    assert_eq!(world.counts().billed(Billed::MessageRead), 2);
}

#[test]
fn a_group_begins_with_who_joined() {
    let mut world = story();
    let (id, message) = world.make_group(noon(), EMBASSY, &[MINISTRY, JOURNALIST], &Outgoing::text("all")).unwrap();
    let events = world.list_events(noon(), JOURNALIST, EventListing { conversation: Some(&id), ..ALL }).unwrap().events;
    assert_eq!(events.iter().map(|event| event.kind.name()).collect::<Vec<_>>(), ["MessageCreate", "ParticipantsJoin"]);
    assert_eq!(events[0].id, message);
    assert!(id.pair().is_none());
    world.leave(noon(), JOURNALIST, &id).unwrap();
    assert!(world.send_in(noon(), JOURNALIST, &id, &Outgoing::text("still here")) == Err(Refusal::NoConversation));
}

#[test]
fn a_file_goes_with_a_message_and_only_its_readers_have_it() {
    let mut world = story();
    let media = world.upload(noon(), EMBASSY, "image/jpeg", vec![1, 2, 3]);
    let what = Outgoing { text: "annex".to_owned(), media: vec![media] };
    assert!(world.send(noon(), MINISTRY, EMBASSY, &what) == Err(Refusal::BadMedia));
    let message = world.send(noon(), EMBASSY, MINISTRY, &what).unwrap();
    assert_eq!(world.media_for(MINISTRY, message, media).ok().unwrap().bytes, [1, 2, 3]);
    assert!(world.media_for(JOURNALIST, message, media).is_err());
    let event = world.event_for(noon(), MINISTRY, message).ok().unwrap();
    let EventKind::Message { words, .. } = &event.kind else { panic!("a message") };
    assert!(words.text.starts_with("annex https://t.co/"));
}

#[test]
fn a_post_is_found_at_once_and_listed_later() {
    let mut world = story();
    world.settings.lag_ms = 1000;
    let post = world.post(noon(), EMBASSY, draft("hello @journalist")).ok().unwrap();
    assert!(world.read(post.id).is_some());
    assert!(world.timeline(noon(), EMBASSY, EMBASSY, NEWEST).posts.is_empty());
    let later = noon().plus_ms(1000);
    assert_eq!(world.timeline(later, EMBASSY, EMBASSY, NEWEST).posts[0].id, post.id);
    assert_eq!(world.mentions_of(later, JOURNALIST, JOURNALIST, NEWEST).posts[0].id, post.id);
    assert!(world.mentions_of(later, MINISTRY, MINISTRY, NEWEST).posts.is_empty());
    let after = Range { after: Some(post.id), ..NEWEST };
    assert!(world.timeline(later, EMBASSY, EMBASSY, after).posts.is_empty());
}

#[test]
fn the_same_text_is_refused_until_it_is_deleted() {
    let mut world = story();
    let post = world.post(noon(), EMBASSY, draft("once")).ok().unwrap();
    assert!(world.post(noon(), EMBASSY, draft("once")).err() == Some(Refusal::Duplicate));
    assert!(world.post(noon(), MINISTRY, draft("once")).is_ok());
    assert!(world.delete_post(MINISTRY, post.id).is_err());
    assert_eq!(world.delete_post(EMBASSY, post.id), Ok(true));
    assert_eq!(world.delete_post(EMBASSY, post.id), Ok(false));
    assert!(world.post(noon(), EMBASSY, draft("once")).is_ok());
    world.settings.refuses_duplicates = false;
    assert!(world.post(noon(), EMBASSY, draft("once")).is_ok());
}

#[test]
fn an_edit_is_a_new_post_with_the_old_one_in_its_history() {
    let mut world = story();
    let first = world.post(noon(), EMBASSY, draft("one")).ok().unwrap();
    let edit = |id| Draft { edits: Some(id), ..draft("two") };
    let second = world.post(noon().plus_ms(9), EMBASSY, edit(first.id)).ok().unwrap();
    assert_eq!(world.history(&second), [first.id, second.id]);
    assert!(world.read(first.id).is_some());
    let listed = world.timeline(noon().plus_ms(9), EMBASSY, EMBASSY, NEWEST).posts;
    assert_eq!(listed.iter().map(|post| post.id).collect::<Vec<_>>(), [second.id]);
    let third = Draft { edits: Some(second.id), ..draft("three") };
    assert!(world.post(noon().plus_ms(3_600_001), EMBASSY, third).is_err(), "after an hour");
    assert!(world.post(noon(), EMBASSY, Draft { edits: Some(first.id), ..draft("3") }).is_err(), "of an old version");
    world.delete_post(EMBASSY, first.id).unwrap();
    assert!(world.read(second.id).is_none());
}

#[test]
fn only_those_who_were_mentioned_may_answer() {
    let mut world = story();
    let post = world.post(noon(), JOURNALIST, draft("dear @embassy: is it true?")).ok().unwrap();
    let answer = Draft { answers: Some(post.id), ..draft("it is") };
    assert!(world.post(noon(), MINISTRY, answer).is_err());
    assert!(world.post(noon(), EMBASSY, answer).is_ok());
    assert_eq!(world.mentions_of(noon(), JOURNALIST, JOURNALIST, NEWEST).posts.len(), 1);
}

#[test]
fn a_long_or_empty_post_is_refused() {
    let mut world = story();
    assert!(world.post(noon(), EMBASSY, draft(&"x".repeat(280))).is_ok());
    assert!(world.post(noon(), EMBASSY, draft(&"x".repeat(281))).is_err());
    assert!(world.post(noon(), EMBASSY, draft("")).is_err());
}

#[test]
fn limits_are_counted_for_each_user_and_end_with_their_window() {
    let mut world = story_world(Settings::of_x(), 7, noon());
    for left in (0..15).rev() {
        let allowance = world.admit(noon(), EMBASSY, Call::Messages).unwrap().unwrap();
        assert_eq!((allowance.limit, allowance.remaining), (15, left));
    }
    let Err(Refusal::RateLimited(allowance)) = world.admit(noon().plus_ms(1), EMBASSY, Call::Messages) else {
        panic!("the sixteenth call is one too many")
    };
    assert_eq!(allowance.reset, noon().plus_ms(900_000));
    assert!(world.admit(noon(), MINISTRY, Call::Messages).is_ok());
    assert!(world.admit(allowance.reset, EMBASSY, Call::Messages).is_ok());
}

#[test]
fn faults_happen_in_their_order_and_as_often_as_asked() {
    let mut world = story();
    let fault = Fault { call: None, at: Moment::After, how: How::Cut, times: 2 };
    world.add_fault(Fault::once(Call::CreatePost, Moment::Before, How::Hold));
    world.add_fault(fault);
    assert_eq!(world.begin(Call::Me), Some((Moment::After, How::Cut)));
    assert_eq!(world.begin(Call::CreatePost), Some((Moment::Before, How::Hold)));
    assert_eq!(world.begin(Call::CreatePost), Some((Moment::After, How::Cut)));
    assert_eq!(world.begin(Call::CreatePost), None);
    assert_eq!((world.counts().faults, world.counts().of(Call::CreatePost)), (3, 3));
}

#[test]
fn chaos_repeats_itself_from_its_seed() {
    let run = |seed| {
        let mut world = story();
        let kinds = vec![(Moment::Before, How::Cut), (Moment::After, How::Unauthorized)];
        world.set_chaos(Some(Chaos { seed, per_mille: 300, kinds }));
        (0..200).map(|_| world.begin(Call::Me)).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let faults = run(1).iter().flatten().count();
    assert!((30..90).contains(&faults), "{faults} of 200");
}

#[test]
fn a_fault_is_written_as_json() {
    let fault = Fault::once(Call::CreatePost, Moment::After, How::Status { code: 503, body: Body::Html });
    let json = r#"{"call":"create_post","at":"after","how":{"kind":"status","code":503,"body":"html"}}"#;
    assert_eq!(serde_json::from_str::<Fault>(json).unwrap(), fault);
    assert!(serde_json::from_str::<Fault>(r#"{"at":"after","how":{"kind":"cut"},"tims":3}"#).is_err());
}

#[test]
fn who_quotes_summons_and_a_thread_may_be_refused() {
    let mut world = story();
    let own = world.post(noon(), EMBASSY, draft("Sealed note 1")).ok().unwrap().id;
    let quote = Draft { quotes: Some(own), ..draft("is it true?") };
    let quote = world.post(noon(), JOURNALIST, quote).ok().unwrap();
    assert!(quote.words.links[0].expanded.ends_with(&format!("embassy/status/{own}")));
    assert!(world.mentions_of(noon(), EMBASSY, EMBASSY, NEWEST).posts.is_empty(), "it names nobody");
    let answer = |text, id| Draft { answers: Some(id), ..draft(text) };
    assert!(world.post(noon(), EMBASSY, answer("it is", quote.id)).is_ok());
    assert!(matches!(world.post(noon(), MINISTRY, answer("no", quote.id)), Err(Refusal::NoReply { .. })));
    assert!(world.post(noon(), EMBASSY, answer("2 of 3", own)).is_ok());
    world.settings.refuses_self_replies = true;
    assert!(matches!(world.post(noon(), EMBASSY, answer("3 of 3", own)), Err(Refusal::NoReply { .. })));
    assert_eq!(world.counts().billed(Billed::SummonedReply), 1);
    let gone = Draft { quotes: Some(PostId(1)), ..draft("what?") };
    assert!(matches!(world.post(noon(), JOURNALIST, gone), Err(Refusal::Invalid { .. })));
}
