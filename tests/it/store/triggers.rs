//! Triggers and what follows from them.

use verbale::base::hash::Hash;
use verbale::base::ids::{AccountId, PostId};
use verbale::store::{
    Answered, Ask, Effects, MentionOutcome, Mentioned, MessageKind, NewAnswer, NewRequest, Opened, Outgoing, Trigger,
};
use verbale::tlog::entry::Level;

use super::effects::{next, opened, post, posted};
use super::{OFFICIAL, Place, at, refusal, seal};

fn mention(post: u64, what: MentionOutcome) -> Trigger {
    Trigger::Mention(Mentioned { post: PostId(post), author: AccountId(9), what })
}

fn answer(to: u64, mention: Option<u64>) -> NewAnswer {
    NewAnswer {
        text: format!("re {to}"),
        answers: PostId(to),
        mention: mention.map(PostId),
        note: Some(1),
        standalone: mention.is_none(),
    }
}

pub async fn a_trigger_has_its_effects_once(place: &impl Place) {
    let store = place.open();
    posted(&store).await;
    let effects = || Effects {
        disputes: vec![(1, PostId(60))],
        answers: vec![answer(60, Some(60))],
        messages: vec![Outgoing::text(MessageKind::RequestNotice(1), OFFICIAL, "text")],
        ..Effects::default()
    };
    let trigger = || mention(60, MentionOutcome::Disputed);
    assert!(store.apply(trigger(), effects(), at(5)).await.unwrap());
    drop(store);
    let store = place.open();
    assert!(!store.apply(trigger(), effects(), at(6)).await.unwrap());
    assert_eq!(store.entries(2, 9).await.unwrap(), [format!("dispute {} 1 x 60\n", at(5))]);
    assert!(store.is_disputed(1, PostId(60)).await.unwrap() && store.has_disputed(AccountId(9), 1).await.unwrap());
    assert!(!store.has_disputed(AccountId(8), 1).await.unwrap());
    assert_eq!(store.standing(1).await.unwrap().unwrap().disputes, 1);
    let effect = next(&store).await.unwrap();
    store.accepted(effect.id, post(61), at(7)).await.unwrap();
    assert_eq!((store.notes_by_post(PostId(61)).await.unwrap(), next(&store).await), (Some((1, 1)), None));
    assert_eq!(store.answer_to(1, PostId(60)).await.unwrap(), None, "a mention asked for it");
}

pub async fn effects_that_are_refused_leave_the_trigger_open(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=1).await;
    let trigger = || mention(60, MentionOutcome::Entered);
    let dispute = |note| Effects { disputes: vec![(note, PostId(60))], ..Effects::default() };
    refusal(store.apply(trigger(), dispute(7), at(1)).await);
    assert_eq!(store.unhandled_mentions(&[PostId(60)]).await.unwrap(), [PostId(60)]);
    assert!(store.apply(trigger(), dispute(1), at(2)).await.unwrap());
    let answers = |to, mention| Effects { answers: vec![answer(to, mention)], ..Effects::default() };
    assert!(store.apply(mention(61, MentionOutcome::Answered), answers(61, None), at(3)).await.unwrap());
    refusal(store.apply(mention(62, MentionOutcome::Answered), answers(61, None), at(4)).await);
    assert_eq!(store.answer_to(1, PostId(61)).await.unwrap(), Some(Answered::Not));
    let effect = next(&store).await.unwrap().id;
    store.given_up(effect, "no".to_owned(), at(5)).await.unwrap();
    assert_eq!(store.answer_to(1, PostId(61)).await.unwrap(), Some(Answered::Never));
    assert_eq!(store.status().await.unwrap().refused, 1);
}

pub async fn a_note_is_opened_once_at_each_level_and_never_less_after_more(place: &impl Place) {
    let (store, ask) = (place.open(), place.ask());
    let open = async |level| {
        let asked = NewRequest { ask: Ask::Open { note: 1, level }, asked_by: "a".to_owned() };
        let request = ask.ask(asked, None, at(2)).await.unwrap();
        let open = Some(Opened { note: 1, level, sha256: Hash::ZERO, files: Vec::new(), parts: Vec::new() });
        refusal(store.apply(Trigger::Request(request), Effects { open, ..Effects::default() }, at(3)).await)
    };
    seal(&store, 1..=1).await;
    assert!(open(Level::Envelope).await.contains("it is not posted"));
    let effect = store.begin(verbale::store::Subject::Notes { first: 1, last: 1 }, at(0)).await.unwrap();
    store.accepted(effect.id, post(50), at(1)).await.unwrap();
    opened(&store, &ask, Level::Envelope, 1).await;
    assert!(open(Level::Envelope).await.contains("the envelope is open already"));
    opened(&store, &ask, Level::Content, 1).await;
    assert!(open(Level::Envelope).await.contains("the content is open already"));
    assert_eq!(place.look().standing(1).await.unwrap().unwrap().open, Some(Level::Content));
    assert_eq!(store.disclosed_files(1).await.unwrap(), [("note-1.proof.zip".to_owned(), 7)]);
    assert_eq!(store.disclosed_file(1, "note-1.proof.zip").await.unwrap().as_deref(), Some(&b"content"[..]));
}

pub async fn a_mention_is_read_once_and_how_far_never_goes_back(place: &impl Place) {
    let store = place.open();
    assert_eq!(store.mentions_read().await.unwrap(), None);
    for (read, kept) in [(40, (40, 40)), (53, (40, 53)), (45, (40, 53))] {
        store.keep_mentions_read(PostId(read)).await.unwrap();
        assert_eq!(store.mentions_read().await.unwrap(), Some((PostId(kept.0), PostId(kept.1))));
    }
    for (post, what) in (1_u64..).zip(MentionOutcome::ALL) {
        store.apply(mention(post, what), Effects::default(), at(post as i64)).await.unwrap();
    }
    let since = store.mentions_since(at(3)).await.unwrap();
    assert_eq!(since.iter().map(|(_, _, what)| *what).collect::<Vec<_>>(), MentionOutcome::ALL[2..]);
    assert_eq!(store.unhandled_mentions(&[7, 2, 8].map(PostId)).await.unwrap(), [7, 8].map(PostId));
}

pub async fn the_tasks_are_woken_by_what_is_not_in_the_log(place: &impl Place) {
    let store = place.open();
    let mut grown = store.grown();
    grown.mark_unchanged();
    store.add_message(Outgoing::text(MessageKind::RequestNotice(1), OFFICIAL, "text"), at(0)).await.unwrap();
    assert!(grown.has_changed().unwrap());
    grown.mark_unchanged();
    store.apply(mention(60, MentionOutcome::Over), Effects::default(), at(1)).await.unwrap();
    assert!(grown.has_changed().unwrap());
    grown.mark_unchanged();
    store.report("watcher", None, at(2)).await.unwrap();
    assert!(!grown.has_changed().unwrap());
    assert_eq!(store.task_done("watcher").await.unwrap(), Some(at(2)));
    store.report("watcher", Some("no room".to_owned()), at(3)).await.unwrap();
    let reports = place.look().task_reports().await.unwrap();
    assert_eq!((&*reports[0].name, reports[0].trouble.as_deref()), ("watcher", Some("no room")));
    assert_eq!(store.task_done("watcher").await.unwrap(), Some(at(2)));
}
