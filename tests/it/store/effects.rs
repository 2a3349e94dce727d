//! What is done once.

use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, MessageId, PostId};
use verbale::platform::Addressee;
use verbale::store::{
    Accepted, Ask, Attempts, Budget, Effect, EffectId, EffectKind, Effects, Lane, MentionOutcome, Mentioned,
    MessageKind, NewAnswer, NewRequest, Opened, Outgoing, Payload, Store, Subject, Trigger, UnsentKind,
};
use verbale::tlog::entry::Level;

use super::{OFFICIAL, Place, at, refusal, seal};

pub fn post(id: u64) -> Accepted {
    Channel::X.post(PostId(id)).into()
}

/// Seals note 1 and posts it.
pub async fn posted(store: &Store) {
    seal(store, 1..=1).await;
    let effect = store.begin(Subject::Notes { first: 1, last: 1 }, at(0)).await.unwrap();
    store.accepted(effect.id, post(50), at(1)).await.unwrap();
}

/// Opens note 1 in as many parts.
pub async fn opened(store: &Store, ask: &verbale::store::RequestClient, level: Level, parts: u64) -> u64 {
    let request = NewRequest { ask: Ask::Open { note: 1, level }, asked_by: "a".to_owned() };
    let request = ask.ask(request, None, at(2)).await.unwrap();
    let parts = (1..=parts).map(|part| (format!("{level} {part}"), Vec::new())).collect();
    let files = vec![("note-1.proof.zip".to_owned(), level.as_str().as_bytes().to_vec())];
    let open = Some(Opened { note: 1, level, sha256: Hash::of(b"opened"), files, parts });
    assert!(store.apply(Trigger::Request(request), Effects { open, ..Effects::default() }, at(3)).await.unwrap());
    request
}

pub async fn next(store: &Store) -> Option<Effect> {
    store.next_effect(Lane::Posts, &[], Budget::Enough).await.unwrap()
}

fn text(effect: &Effect) -> (&str, Option<u64>) {
    let Payload::Post(post) = &effect.payload else { panic!("no post") };
    (&post.text, post.answers.map(|post| post.0))
}

pub async fn a_post_begins_with_its_head_and_its_first_attempt(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=2).await;
    let effect = store.begin(Subject::Notes { first: 1, last: 2 }, at(5)).await.unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(next(&store).await.as_ref(), Some(&effect));
    let attempts = effect.attempts.unwrap();
    assert_eq!((effect.kind, attempts.first, attempts.last), (EffectKind::NotePost, at(5), at(5)));
    assert!(!attempts.all_failed, "nobody knows");
    assert!(place.look().newest_checkpoint().await.unwrap().is_some());
}

pub async fn notes_are_posted_in_order_and_none_twice(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=3).await;
    assert_eq!(store.unposted_notes().await.unwrap(), Some((1, 3)));
    for (first, last) in [(2, 2), (1, 4), (2, 1)] {
        refusal(store.begin(Subject::Notes { first, last }, at(0)).await);
    }
    assert_eq!(next(&store).await, None, "what is refused changes nothing");
    store.begin(Subject::Notes { first: 1, last: 2 }, at(0)).await.unwrap();
    refusal(store.begin(Subject::Notes { first: 2, last: 3 }, at(0)).await);
    assert_eq!(store.unposted_notes().await.unwrap(), Some((3, 3)));
    refusal(store.begin(Subject::Receipt { index: 0 }, at(0)).await);
    refusal(store.begin(Subject::Answer { mention: None, note: None, standalone: true }, at(0)).await);
}

pub async fn a_heartbeat_is_decided_upon_once_a_day(place: &impl Place) {
    let store = place.open();
    let today = || Subject::Heartbeat { date: "2025-11-24".to_owned() };
    assert!(!store.has_heartbeat("2025-11-24").await.unwrap());
    store.begin(today(), at(0)).await.unwrap();
    assert!(store.has_heartbeat("2025-11-24").await.unwrap());
    refusal(store.begin(today(), at(1)).await);
}

pub async fn an_attempt_is_known_until_it_has_an_outcome(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=1).await;
    let effect = store.begin(Subject::Notes { first: 1, last: 1 }, at(0)).await.unwrap().id;
    store.failed(effect).await.unwrap();
    assert!(next(&store).await.unwrap().attempts.unwrap().all_failed);
    store.attempt(effect, at(9)).await.unwrap();
    drop(store);
    let store = place.open();
    let attempts = next(&store).await.unwrap().attempts.unwrap();
    assert_eq!((attempts.first, attempts.last, attempts.all_failed), (at(9), at(9), false), "the first one failed");
    store.failed(effect).await.unwrap();
    assert!(next(&store).await.unwrap().attempts.unwrap().all_failed);
}

pub async fn what_failed_after_an_attempt_that_nobody_knows_leaves_it_unknown(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=1).await;
    let effect = store.begin(Subject::Notes { first: 1, last: 1 }, at(0)).await.unwrap().id;
    store.attempt(effect, at(9)).await.unwrap();
    store.failed(effect).await.unwrap();
    let unknown = Some(Attempts { first: at(0), last: at(9), all_failed: false });
    assert_eq!(next(&store).await.unwrap().attempts, unknown);
    drop(store);
    assert_eq!(next(&place.open()).await.unwrap().attempts, unknown);
}

pub async fn the_last_attempt_is_the_one_that_was_written_last(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=1).await;
    let effect = store.begin(Subject::Notes { first: 1, last: 1 }, at(100)).await.unwrap().id;
    store.failed(effect).await.unwrap();
    // The clock was set back.
    store.attempt(effect, at(20)).await.unwrap();
    let attempts = next(&store).await.unwrap().attempts.unwrap();
    assert_eq!((attempts.first, attempts.last, attempts.all_failed), (at(20), at(20), false));
    store.attempt(effect, at(30)).await.unwrap();
    let attempts = next(&store).await.unwrap().attempts.unwrap();
    assert_eq!((attempts.first, attempts.last), (at(20), at(30)));
}

pub async fn what_surely_failed_is_not_looked_for(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=1).await;
    let effect = store.begin(Subject::Notes { first: 1, last: 1 }, at(1)).await.unwrap().id;
    store.failed(effect).await.unwrap();
    let attempts = next(&store).await.unwrap().attempts.unwrap();
    assert_eq!((attempts.first, attempts.last, attempts.all_failed), (at(1), at(1), true));
    store.attempt(effect, at(9)).await.unwrap();
    let attempts = next(&store).await.unwrap().attempts.unwrap();
    assert_eq!((attempts.first, attempts.last, attempts.all_failed), (at(9), at(9), false));
}

pub async fn an_outcome_is_final(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=2).await;
    let effect = store.begin(Subject::Notes { first: 1, last: 1 }, at(0)).await.unwrap().id;
    store.accepted(effect, post(50), at(1)).await.unwrap();
    store.accepted(effect, post(51), at(2)).await.unwrap();
    store.given_up(effect, "no".to_owned(), at(3)).await.unwrap();
    assert_eq!(store.standing(1).await.unwrap().unwrap().post, Some(Channel::X.post(PostId(50))));
    assert_eq!((store.size().await.unwrap(), next(&store).await), (3, None));
    refusal(store.attempt(effect, at(4)).await);
    let other = store.begin(Subject::Notes { first: 2, last: 2 }, at(5)).await.unwrap().id;
    refusal(store.accepted(other, post(50), at(6)).await);
    assert_eq!(store.size().await.unwrap(), 3, "the log has no entry of what was refused");
}

pub async fn a_post_of_notes_enters_the_log_with_its_outcome(place: &impl Place) {
    let store = place.open();
    posted(&store).await;
    let day = store.begin(Subject::Heartbeat { date: "2025-11-24".to_owned() }, at(2)).await.unwrap();
    store.accepted(day.id, post(60), at(3)).await.unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(store.entries(1, 9).await.unwrap(), [format!("post {} 1-1 x 50\n", at(1))]);
    assert_eq!(store.newest_post().await.unwrap(), Some(Channel::X.post(PostId(60))));
    assert_eq!(store.notes_by_post(PostId(50)).await.unwrap(), Some((1, 1)));
    assert_eq!(store.notes_by_post(PostId(60)).await.unwrap(), None);
    let proof = place.look().proof(1).await.unwrap().unwrap();
    assert_eq!(proof.post.unwrap().0, Channel::X.post(PostId(50)));
}

pub async fn what_nobody_knows_goes_first_then_by_rank(place: &impl Place) {
    let store = place.open();
    posted(&store).await;
    let day = store.begin(Subject::Heartbeat { date: "2025-11-24".to_owned() }, at(1)).await.unwrap().id;
    opened(&store, &place.ask(), Level::Content, 1).await;
    seal(&store, 2..=2).await;
    let note = store.begin(Subject::Notes { first: 2, last: 2 }, at(2)).await.unwrap().id;
    store.failed(note).await.unwrap();
    assert_eq!(next(&store).await.unwrap().id, day, "nobody knows what became of it");
    store.failed(day).await.unwrap();
    let mut kinds = Vec::new();
    for id in 70..73 {
        let effect = next(&store).await.unwrap();
        kinds.push(effect.kind);
        store.accepted(effect.id, post(id), at(3)).await.unwrap();
    }
    assert_eq!(kinds, [EffectKind::NotePost, EffectKind::ThreadPart, EffectKind::Heartbeat]);
}

pub async fn a_part_waits_for_the_one_before_it(place: &impl Place) {
    let store = place.open();
    posted(&store).await;
    opened(&store, &place.ask(), Level::Content, 2).await;
    let first = next(&store).await.unwrap();
    assert_eq!(text(&first), ("content 1", Some(50)), "it answers the note's post");
    let without = store.next_effect(Lane::Posts, &[first.id], Budget::Enough).await.unwrap();
    assert_eq!(without, None, "what is deferred holds up what follows it");
    refusal(store.attempt(EffectId(first.id.0 + 1), at(4)).await);
    store.attempt(first.id, at(4)).await.unwrap();
    store.accepted(first.id, post(51), at(5)).await.unwrap();
    assert_eq!(text(&next(&store).await.unwrap()), ("content 2", Some(51)));
    let posts = place.look().thread_posts(1, Level::Content).await.unwrap();
    assert_eq!(posts, [Some(PostId(51)), None]);
}

/// The answer to a dispute of note 1, which is posted, and its number.
async fn answer(store: &Store) -> EffectId {
    posted(store).await;
    let answer = NewAnswer {
        text: "noted".to_owned(),
        answers: PostId(60),
        mention: Some(PostId(60)),
        note: Some(1),
        standalone: false,
    };
    let mention = Mentioned { post: PostId(60), author: OFFICIAL, what: MentionOutcome::Disputed };
    let effects = Effects { answers: vec![answer], ..Effects::default() };
    assert!(store.apply(Trigger::Mention(mention), effects, at(2)).await.unwrap());
    next(store).await.unwrap().id
}

pub async fn only_answers_and_messages_are_given_up(place: &impl Place) {
    let store = place.open();
    let answer = answer(&store).await;
    seal(&store, 2..=2).await;
    let note = store.begin(Subject::Notes { first: 2, last: 2 }, at(3)).await.unwrap().id;
    let day = store.begin(Subject::Heartbeat { date: "2025-11-24".to_owned() }, at(3)).await.unwrap().id;
    for owed in [note, day] {
        refusal(store.given_up(owed, "no".to_owned(), at(4)).await);
    }
    store.given_up(answer, "no".to_owned(), at(4)).await.unwrap();
    assert_eq!(place.look().unsent(EffectId(0), 9).await.unwrap().len(), 1);
}

pub async fn what_is_given_up_is_tried_again_as_often_as_somebody_says_so(place: &impl Place) {
    let (store, ask, look) = (place.open(), place.ask(), place.look());
    let answer = answer(&store).await;
    assert!(!ask.resend(answer, at(3)).await.unwrap(), "it is not given up");
    store.attempt(answer, at(3)).await.unwrap();
    store.failed(answer).await.unwrap();
    for why in ["code 1", "code 2"] {
        store.given_up(answer, why.to_owned(), at(4)).await.unwrap();
        store.given_up(answer, "again".to_owned(), at(5)).await.unwrap();
        assert_eq!(next(&store).await, None);
        refusal(store.attempt(answer, at(5)).await);
        let unsent = look.unsent(EffectId(0), 9).await.unwrap();
        let [one] = &unsent[..] else { panic!("{unsent:?}") };
        assert_eq!((one.effect, &*one.why, one.given_up_at, one.made_at), (answer, why, at(4), at(2)));
        assert_eq!(one.what, UnsentKind::Answer { to: PostId(60), note: Some(1) });
        assert!(store.has_unsent().await.unwrap() && look.status().await.unwrap().refused == 1);
        assert_eq!((ask.resend(answer, at(6)).await.unwrap(), ask.resend(answer, at(6)).await.unwrap()), (true, false));
        assert!(!store.has_unsent().await.unwrap() && look.status().await.unwrap().refused == 0);
        let again = next(&store).await.unwrap();
        assert_eq!((again.id, text(&again)), (answer, ("noted", Some(60))), "the same, with its words");
        assert_eq!(again.attempts.unwrap().first, at(3), "and with its attempts");
    }
    store.attempt(answer, at(7)).await.unwrap();
    store.accepted(answer, post(61), at(8)).await.unwrap();
    store.given_up(answer, "late".to_owned(), at(9)).await.unwrap();
    assert!(!store.has_unsent().await.unwrap() && !ask.resend(answer, at(9)).await.unwrap());
}

pub async fn what_is_sent_again_is_looked_for_if_nobody_knows_of_an_attempt(place: &impl Place) {
    let (store, ask) = (place.open(), place.ask());
    seal(&store, 1..=1).await;
    store.add_message(Outgoing::slip(1, Addressee::Account(OFFICIAL)), at(0)).await.unwrap();
    let slip = store.next_effect(Lane::Messages, &[], Budget::Enough).await.unwrap().unwrap().id;
    store.attempt(slip, at(1)).await.unwrap();
    store.given_up(slip, "nobody knows".to_owned(), at(2)).await.unwrap();
    drop(store);
    let store = place.open();
    assert!(ask.resend(slip, at(3)).await.unwrap());
    let again = store.next_effect(Lane::Messages, &[], Budget::Enough).await.unwrap().unwrap();
    let unknown = Some(Attempts { first: at(1), last: at(1), all_failed: false });
    assert_eq!((again.id, again.attempts), (slip, unknown));
}

pub async fn what_is_left_unsent_stays_so(place: &impl Place) {
    let (store, ask, look) = (place.open(), place.ask(), place.look());
    let answer = answer(&store).await;
    assert!(!ask.leave_unsent(answer, at(3)).await.unwrap(), "it is not given up");
    store.given_up(answer, "no".to_owned(), at(4)).await.unwrap();
    assert!(ask.leave_unsent(answer, at(5)).await.unwrap() && !ask.leave_unsent(answer, at(5)).await.unwrap());
    assert!(!ask.resend(answer, at(6)).await.unwrap());
    assert_eq!((look.unsent(EffectId(0), 9).await.unwrap(), next(&store).await), (vec![], None));
    refusal(store.attempt(answer, at(7)).await);
    assert_eq!(look.answer_to(1, PostId(60)).await.unwrap(), None, "it was made for a mention");
}

pub async fn what_is_unsent_is_named_without_its_words(place: &impl Place) {
    let (store, look) = (place.open(), place.look());
    seal(&store, 1..=1).await;
    let dispute = MessageKind::DisputeNotice { note: 1, post: Channel::X.post(PostId(9)) };
    let code = MessageKind::Code(MessageId(5));
    let kinds = [
        code,
        MessageKind::CommandAnswer(MessageId(6)),
        MessageKind::RequestNotice(3),
        MessageKind::RequestEnded(3),
        dispute,
    ];
    for kind in kinds {
        store.add_message(Outgoing::text(kind, OFFICIAL, "words"), at(7)).await.unwrap();
    }
    let group = Addressee::Conversation(verbale::base::ids::ConversationId::parse("123456789012345678").unwrap());
    store.add_message(Outgoing::slip(1, group.clone()), at(7)).await.unwrap();
    while let Some(effect) = store.next_effect(Lane::Messages, &[], Budget::Enough).await.unwrap() {
        store.given_up(effect.id, "no".to_owned(), at(8)).await.unwrap();
    }
    let unsent = look.unsent(EffectId(0), 9).await.unwrap();
    let to = Addressee::Account(OFFICIAL);
    let mut expected: Vec<_> = kinds.map(|kind| UnsentKind::Message { kind, to: to.clone() }).into();
    expected.push(UnsentKind::Message { kind: MessageKind::Slip(1), to: group });
    assert_eq!(unsent.iter().map(|one| one.what.clone()).collect::<Vec<_>>(), expected);
    let expires: Vec<_> = unsent.iter().map(|one| one.expires).collect();
    assert_eq!(expires, [Some(at(7).plus_ms(15 * 60_000)), None, None, None, None, None], "a code holds so long");
    assert_eq!(look.unsent(unsent[1].effect, 2).await.unwrap(), unsent[2..4]);
    assert_eq!(look.status().await.unwrap().dropped, 6);
}

pub async fn a_part_is_not_given_up(place: &impl Place) {
    let store = place.open();
    posted(&store).await;
    opened(&store, &place.ask(), Level::Content, 2).await;
    let first = next(&store).await.unwrap();
    refusal(store.given_up(first.id, "no".to_owned(), at(4)).await);
    assert_eq!(next(&store).await, Some(first.clone()), "what is refused changes nothing");
    store.accepted(first.id, post(51), at(5)).await.unwrap();
    store.given_up(first.id, "no".to_owned(), at(6)).await.unwrap();
    assert_eq!(text(&next(&store).await.unwrap()), ("content 2", Some(51)));
}

pub async fn a_refused_reply_makes_the_rest_of_its_thread_stand_alone(place: &impl Place) {
    let store = place.open();
    posted(&store).await;
    opened(&store, &place.ask(), Level::Content, 3).await;
    let answers = async |id| {
        let effect = next(&store).await.unwrap();
        store.accepted(effect.id, post(id), at(5)).await.unwrap();
        text(&effect).1
    };
    assert_eq!(answers(51).await, Some(50));
    store.as_standalone(next(&store).await.unwrap().id, at(6)).await.unwrap();
    assert_eq!((answers(52).await, answers(53).await), (None, None));
}

pub async fn what_is_deferred_is_passed(place: &impl Place) {
    let store = place.open();
    posted(&store).await;
    opened(&store, &place.ask(), Level::Envelope, 1).await;
    let part = next(&store).await.unwrap().id;
    let day = store.begin(Subject::Heartbeat { date: "2025-11-24".to_owned() }, at(1)).await.unwrap().id;
    store.failed(day).await.unwrap();
    let passed = store.next_effect(Lane::Posts, &[part], Budget::Enough).await.unwrap().unwrap();
    assert_eq!((passed.id, next(&store).await.unwrap().id), (day, part));
}

pub async fn send_keeps_its_last_attempt_and_no_text(place: &impl Place) {
    let store = place.open();
    let (ask, look) = (place.ask(), place.look());
    assert_eq!(look.last_send(OFFICIAL).await.unwrap(), None);
    let first = ask.begin_send(OFFICIAL, at(1)).await.unwrap();
    let last = look.last_send(OFFICIAL).await.unwrap().unwrap();
    assert_eq!((last.effect, last.at, last.message), (first, at(1), None), "nobody knows");
    ask.send_accepted(first, MessageId(900), at(2)).await.unwrap();
    let second = ask.begin_send(OFFICIAL, at(3)).await.unwrap();
    ask.send_failed(second, "no".to_owned(), at(4)).await.unwrap();
    let last = look.last_send(OFFICIAL).await.unwrap().unwrap();
    assert_eq!((last.effect, last.message), (first, Some(MessageId(900))), "what surely failed is none");
    let [third, fourth] =
        [ask.begin_send(OFFICIAL, at(5)).await.unwrap(), ask.begin_send(OFFICIAL, at(6)).await.unwrap()];
    ask.send_accepted(fourth, MessageId(902), at(7)).await.unwrap();
    let last = look.last_send(OFFICIAL).await.unwrap().unwrap();
    assert_eq!((last.effect, last.message), (third, None), "what nobody knows comes first");
    ask.send_given_up(third, "never seen".to_owned(), at(8)).await.unwrap();
    let last = look.last_send(OFFICIAL).await.unwrap().unwrap();
    assert_eq!((last.effect, last.message), (fourth, Some(MessageId(902))), "what was given up is none");
    let message = Outgoing::text(MessageKind::RequestNotice(1), OFFICIAL, "text");
    store.add_message(message, at(5)).await.unwrap();
    let others = store.next_effect(Lane::Messages, &[], Budget::Enough).await.unwrap().unwrap();
    refusal(ask.send_accepted(others.id, MessageId(901), at(6)).await);
    assert_eq!(others.kind, EffectKind::Dm, "the daemon does nothing of a command's");
}
