//! Direct messages.

use verbale::base::ids::{AccountId, Channel, MessageId, PostId};
use verbale::platform::Addressee;
use verbale::store::{Budget, Effect, EffectId, Lane, MessageBody, MessageKind, Outgoing, Payload, Store};

use super::{OFFICIAL, Place, at, refusal, seal};

async fn next(store: &Store, budget: Budget) -> Option<Effect> {
    store.next_effect(Lane::Messages, &[], budget).await.unwrap()
}

fn said(effect: &Effect) -> String {
    match &effect.payload {
        Payload::Message(message) => match &message.body {
            Some(MessageBody::Text(text)) => text.clone(),
            Some(MessageBody::Slip(note)) => format!("slip {note}"),
            None => panic!("nothing is kept of it"),
        },
        Payload::Post(_) => panic!("a post"),
    }
}

pub async fn a_message_of_a_kind_is_written_once(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=2).await;
    let dispute = |note, post| MessageKind::DisputeNotice { note, post: Channel::X.post(PostId(post)) };
    let (one, other) = (OFFICIAL, AccountId(2));
    for (kind, to, is_new) in [
        (MessageKind::Code(MessageId(5)), one, true),
        (MessageKind::CommandAnswer(MessageId(5)), one, false),
        (MessageKind::CommandAnswer(MessageId(6)), one, true),
        (MessageKind::RequestNotice(3), one, true),
        (MessageKind::RequestNotice(3), other, true),
        (MessageKind::RequestNotice(3), one, false),
        (MessageKind::RequestEnded(3), one, true),
        (MessageKind::RequestEnded(3), other, false),
        (dispute(1, 9), one, true),
        (dispute(1, 9), one, false),
        (dispute(1, 9), other, true),
        (dispute(2, 9), one, true),
        (dispute(1, 8), one, true),
    ] {
        let added = store.add_message(Outgoing::text(kind, to, "text"), at(0)).await.unwrap();
        assert_eq!(added, is_new, "{kind:?} {to}");
    }
    let slip = || Outgoing::slip(1, Addressee::Account(other));
    assert!(store.add_message(slip(), at(0)).await.unwrap() && !store.add_message(slip(), at(0)).await.unwrap());
}

pub async fn with_a_low_budget_only_what_is_urgent_is_next(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=1).await;
    store.add_message(Outgoing::slip(1, Addressee::Account(OFFICIAL)), at(0)).await.unwrap();
    let text = |kind, text: &str| store.add_message(Outgoing::text(kind, OFFICIAL, text), at(0));
    assert_eq!(next(&store, Budget::Low).await, None);
    text(MessageKind::RequestNotice(3), "request").await.unwrap();
    text(MessageKind::Code(MessageId(5)), "code").await.unwrap();
    assert_eq!(said(&next(&store, Budget::Low).await.unwrap()), "code");
    let mut order = Vec::new();
    while let Some(effect) = next(&store, Budget::Enough).await {
        order.push(said(&effect));
        store.given_up(effect.id, "no".to_owned(), at(1)).await.unwrap();
    }
    assert_eq!(order, ["code", "request", "slip 1"]);
}

pub async fn a_sent_message_is_known_as_ours(place: &impl Place) {
    let store = place.open();
    let kind = MessageKind::CommandAnswer(MessageId(5));
    store.add_message(Outgoing::text(kind, OFFICIAL, "text"), at(0)).await.unwrap();
    let effect = next(&store, Budget::Enough).await.unwrap();
    assert_eq!(effect.attempts, None);
    store.attempt(effect.id, at(1)).await.unwrap();
    assert!(!store.is_sent(MessageId(70)).await.unwrap());
    store.accepted(effect.id, MessageId(70).into(), at(2)).await.unwrap();
    assert!(store.is_sent(MessageId(70)).await.unwrap() && !store.is_sent(MessageId(71)).await.unwrap());
    assert_eq!(place.look().sent_message(kind, Some(OFFICIAL)).await.unwrap(), Some(MessageId(70)));
    assert_eq!(next(&store, Budget::Enough).await, None);
}

pub async fn a_message_waits_while_nobody_knows_of_another_of_the_same_words(place: &impl Place) {
    let store = place.open();
    let other = AccountId(2);
    for (request, to, text) in [(1, OFFICIAL, "yes"), (2, OFFICIAL, "yes"), (3, other, "yes"), (4, OFFICIAL, "no")] {
        let message = Outgoing::text(MessageKind::RequestNotice(request), to, text);
        assert!(store.add_message(message, at(0)).await.unwrap());
    }
    let without = async |deferred: &[EffectId]| {
        let next = store.next_effect(Lane::Messages, deferred, Budget::Enough).await.unwrap();
        next.map(|effect| effect.id)
    };
    let first = without(&[]).await.unwrap();
    let [second, third, fourth] = [1, 2, 3].map(|after| EffectId(first.0 + after));
    assert_eq!(without(&[first]).await, Some(second), "the first was not attempted");
    store.attempt(first, at(1)).await.unwrap();
    assert_eq!(without(&[]).await, Some(first), "it does not wait for itself");
    assert_eq!(without(&[first]).await, Some(third), "another recipient");
    assert_eq!(without(&[first, third]).await, Some(fourth), "other words");
    assert_eq!(without(&[first, third, fourth]).await, None);
    store.failed(first).await.unwrap();
    assert_eq!(without(&[first]).await, Some(second), "all attempts failed");
    store.attempt(first, at(2)).await.unwrap();
    assert_eq!(without(&[first, third, fourth]).await, None);
    store.accepted(first, MessageId(70).into(), at(3)).await.unwrap();
    assert_eq!(without(&[]).await, Some(second));
}

pub async fn the_outcome_of_a_message_is_no_post(place: &impl Place) {
    let store = place.open();
    store.add_message(Outgoing::text(MessageKind::RequestNotice(3), OFFICIAL, "text"), at(0)).await.unwrap();
    let effect = next(&store, Budget::Enough).await.unwrap();
    refusal(store.accepted(effect.id, Channel::X.post(PostId(70)).into(), at(1)).await);
    assert_eq!(next(&store, Budget::Enough).await, Some(effect), "what is refused changes nothing");
}
