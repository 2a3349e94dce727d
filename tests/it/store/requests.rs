//! What officials and commands ask for.

use verbale::base::hash::Hash;
use verbale::base::ids::{AccountId, MessageId, Origin};
use verbale::note::request::RequestState;
use verbale::store::{Ask, Batch, Effects, NewRequest, Received, ReceivedSlip, Trigger};
use verbale::tlog::entry::Level;

use super::{Place, at, refusal};

fn asked() -> NewRequest {
    NewRequest { ask: Ask::Open { note: 1, level: Level::Content }, asked_by: "a".to_owned() }
}

pub async fn nobody_approves_what_they_asked_for(place: &impl Place) {
    let (store, ask) = (place.open(), place.ask());
    let request = ask.ask(asked(), None, at(0)).await.unwrap();
    assert!(refusal(ask.approve(request, "a", b"proof".to_vec(), at(1)).await).contains("nobody approves"));
    let waiting = store.request(request).await.unwrap().unwrap();
    assert_eq!((waiting.approvals.len(), waiting.has_submitted_proof), (0, false));
    let effects = Effects { approvals: vec![(request, "a".to_owned())], ..Effects::default() };
    let other = ask.ask(asked(), None, at(0)).await.unwrap();
    assert!(refusal(store.apply(Trigger::Request(other), effects, at(1)).await).contains("nobody approves"));
    for _ in 0..2 {
        ask.approve(request, "b", b"proof".to_vec(), at(2)).await.unwrap();
    }
    let waiting = store.request(request).await.unwrap().unwrap();
    assert_eq!((waiting.approvals, waiting.has_submitted_proof), (vec![("b".to_owned(), at(2))], true));
}

pub async fn a_request_ends_once_and_its_proof_goes(place: &impl Place) {
    let (store, ask) = (place.open(), place.ask());
    let request = ask.ask(asked(), Some(b"proof".to_vec()), at(0)).await.unwrap();
    assert_eq!(store.submitted_proof(request).await.unwrap().as_deref(), Some(&b"proof"[..]));
    assert!(store.apply(Trigger::Lapse(request), Effects::default(), at(1)).await.unwrap());
    assert!(!store.apply(Trigger::Request(request), Effects::default(), at(2)).await.unwrap());
    assert_eq!(store.submitted_proof(request).await.unwrap(), None);
    refusal(ask.approve(request, "c", b"proof".to_vec(), at(3)).await);
    let lapsed = place.look().requests(Some(RequestState::Lapsed)).await.unwrap();
    assert_eq!(lapsed.iter().map(|request| request.id).collect::<Vec<_>>(), [request]);
    assert!(store.requests(Some(RequestState::Waiting)).await.unwrap().is_empty());
}

fn received(note: u64, commitment: &[u8]) -> Received {
    Received { log: Origin::parse("ministry.example/notes").unwrap(), note, commitment: Hash::of(commitment) }
}

pub async fn a_receipt_is_given_once_for_what_came(place: &impl Place) {
    let store = place.open();
    let slip = |id, from| ReceivedSlip { slip: MessageId(id), from: AccountId(from), received: None };
    let slips = vec![slip(1, 9), slip(2, 9), slip(3, 8), slip(4, 9)];
    store.seal(Batch { slips: slips.clone(), ..Batch::default() }, at(0)).await.unwrap();
    assert_eq!(store.waiting_slip(&[MessageId(1)]).await.unwrap().as_ref(), Some(&slips[1]));
    store.receive(MessageId(1), received(5, b"5"), at(1)).await.unwrap();
    store.receive(MessageId(2), received(5, b"5"), at(2)).await.unwrap();
    assert_eq!(store.size().await.unwrap(), 1, "one receipt for one note");
    refusal(store.receive(MessageId(4), received(5, b"6"), at(3)).await);
    assert!(refusal(store.receive(MessageId(3), received(6, b"6"), at(3)).await).contains("come from the account 9"));
    assert_eq!(store.waiting_slip(&[]).await.unwrap().as_ref(), Some(&slips[2]), "what is refused changes nothing");
    let receipt = store.unposted_receipt().await.unwrap().unwrap();
    store.begin(verbale::store::Subject::Receipt { index: receipt }, at(4)).await.unwrap();
    assert_eq!((store.unposted_receipt().await.unwrap(), store.receipts_begun_since(at(4)).await.unwrap()), (None, 1));
    assert_eq!(store.receipts_begun_since(at(5)).await.unwrap(), 0);
    let log = received(5, b"5").log;
    assert_eq!(place.look().receipt(&log, 5).await.unwrap().unwrap().0, Hash::of(b"5"));
}

pub async fn what_a_command_asks_again_is_tried_again(place: &impl Place) {
    let (store, ask) = (place.open(), place.ask());
    let slip = MessageId(1);
    ask.ask_receipt(slip, AccountId(9), received(5, b"5")).await.unwrap();
    store.refuse_slip(slip, "another file came".to_owned()).await.unwrap();
    assert_eq!(place.look().refusal(slip).await.unwrap().as_deref(), Some("another file came"));
    assert_eq!(store.waiting_slip(&[]).await.unwrap(), None);
    ask.ask_receipt(slip, AccountId(9), received(5, b"5")).await.unwrap();
    let waiting = store.waiting_slip(&[]).await.unwrap().unwrap();
    assert_eq!(waiting.received, Some(received(5, b"5")));
    assert_eq!(place.look().refusal(slip).await.unwrap(), None);
}
