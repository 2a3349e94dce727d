//! Making, opening, sealing.

use verbale::base::hash::Hash;
use verbale::base::ids::{Account, ConversationId, MessageId, Origin};
use verbale::note::Correspondence;
use verbale::store::{Batch, Error, Sealing};
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::signed_note::LogKey;

use super::{Place, at, key, refusal, seal, sealing};

pub async fn a_log_is_made_once_and_has_one_daemon(place: &impl Place) {
    assert!(matches!(place.create(), Err(Error::Exists(_))));
    let store = place.open();
    assert!(matches!(place.open_with(key()).err(), Some(Error::InUse(_))));
    assert!(place.look().is_served().await.unwrap());
    store.close().await;
    assert!(!place.look().is_served().await.unwrap());
    assert!(store.size().await.is_err(), "it is closed");
    drop(place.open());
    drop(place.open());
}

pub async fn only_the_log_of_the_key_is_opened(place: &impl Place) {
    let other = LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [8; 32]);
    assert!(matches!(place.open_with(other).err(), Some(Error::WrongLog(_))));
    assert_eq!(place.look().vkey().await.unwrap(), key().vkey().to_string());
}

pub async fn what_was_sealed_is_there_after_a_crash_whole(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=3).await;
    let root = store.root_at(3).await.unwrap();
    drop(store);
    let store = place.open();
    assert_eq!((store.size().await.unwrap(), store.last_note().await.unwrap()), (3, 3));
    assert!(root.is_some() && store.root_at(3).await.unwrap() == root);
    assert_eq!(store.root_at(4).await.unwrap(), None);
    assert_eq!(store.opening(2).await.unwrap().as_deref(), Some(&b"sealed 2"[..]));
    assert_eq!(store.note_by_commitment(Hash::of(&2_u64.to_be_bytes())).await.unwrap(), Some(2));
    assert_eq!(store.note_by_message(MessageId(102)).await.unwrap().unwrap().note, 2);
}

pub async fn a_batch_that_is_refused_changes_nothing(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=1).await;
    let sealed_again = Sealing { message: MessageId(101), ..sealing(2) };
    let seen = vec![MessageId(500)];
    let batch = Batch { notes: vec![sealed_again], seen, ..Batch::default() };
    refusal(store.seal(batch, at(1)).await);
    assert_eq!((store.size().await.unwrap(), store.last_note().await.unwrap()), (1, 1));
    assert!(!store.is_seen(MessageId(500)).await.unwrap());
    seal(&store, 2..=2).await;
    drop(store);
    assert_eq!(place.open().last_note().await.unwrap(), 2);
}

pub async fn a_number_and_a_correspondence_follow_the_one_before(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=1).await;
    let one = |note| Batch { notes: vec![note], ..Batch::default() };
    refusal(store.seal(one(sealing(3)), at(1)).await);
    let conversation = ConversationId::parse("7-11").unwrap();
    let same = |correspondence| Sealing { conversation: conversation.clone(), correspondence, ..sealing(2) };
    let before = store.correspondence(&conversation).await.unwrap();
    assert_eq!((before.count, before.previous), (1, sealing(1).commitment));
    refusal(store.seal(one(same(Correspondence { count: 1, previous: Hash::ZERO })), at(1)).await);
    refusal(store.seal(one(same(Correspondence { count: 2, previous: Hash::ZERO })), at(1)).await);
    store.seal(one(same(Correspondence { count: 2, previous: before.previous })), at(1)).await.unwrap();
}

pub async fn a_message_is_dealt_with_once(place: &impl Place) {
    let store = place.open();
    let ids = [5, 7, 6].map(MessageId);
    store.seal(Batch { seen: vec![ids[0], ids[1]], ..Batch::default() }, at(0)).await.unwrap();
    store.seal(Batch { seen: vec![ids[1]], ..Batch::default() }, at(0)).await.unwrap();
    assert_eq!(store.unseen(&ids).await.unwrap(), [ids[2]]);
    assert_eq!(store.newest_seen().await.unwrap(), Some(ids[1]));
    assert_eq!(store.seen_after(ids[0]).await.unwrap(), 1);
}

pub async fn a_head_is_signed_once_for_each_size(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=2).await;
    let checkpoint = store.checkpoint(1).await.unwrap();
    assert_eq!(store.checkpoint(1).await.unwrap(), checkpoint);
    refusal(store.checkpoint(3).await);
    let newest = store.checkpoint(2).await.unwrap();
    drop(store);
    assert_eq!(place.look().newest_checkpoint().await.unwrap(), Some(newest.clone()));
    let store = place.open();
    let head = Checkpoint::open(newest.as_bytes(), &key().vkey()).unwrap();
    assert_eq!((store.root_at(2).await.unwrap(), head.size), (Some(head.root), 2));
}

pub async fn who_looks_sees_what_was_written_before(place: &impl Place) {
    let store = place.open();
    let reader = place.look();
    assert!(reader.notes(1, 10).await.unwrap().is_empty() && reader.proof(1).await.unwrap().is_none());
    seal(&store, 1..=2).await;
    let standings = reader.notes(1, 10).await.unwrap();
    assert_eq!(standings.iter().map(|standing| standing.note).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(reader.standing(2).await.unwrap().as_ref(), Some(&standings[1]));
    assert_eq!(reader.root_at(2).await.unwrap(), store.root_at(2).await.unwrap());
    assert!(refusal(reader.proof(1).await).starts_with("no head covers note 1 yet"));
    store.checkpoint(2).await.unwrap();
    let (looked, own) = (reader.proof(1).await.unwrap().unwrap(), store.proof(1).await.unwrap().unwrap());
    assert_eq!((looked.size, looked.index, &looked.path), (2, 0, &own.path));
}

pub async fn the_start_is_the_lowest_that_was_proposed(place: &impl Place) {
    let store = place.open();
    assert_eq!(store.started().await.unwrap(), None);
    for (proposed, start) in [(7, 7), (9, 7), (5, 5)] {
        assert_eq!(store.start_at(MessageId(proposed)).await.unwrap(), MessageId(start));
    }
    drop(store);
    assert_eq!(place.look().started().await.unwrap(), Some(MessageId(5)));
}

pub async fn an_account_never_changes_and_a_name_means_the_first(place: &impl Place) {
    let store = place.open();
    let account = |text: &str| Account::parse(text).unwrap();
    store.keep_account(&account("7 embassy")).await.unwrap();
    store.keep_account(&account("7 embassy_2")).await.unwrap();
    assert!(matches!(store.keep_account(&account("8 embassy")).await, Err(Error::WrongLog(_))));
    assert_eq!(place.look().own_account().await.unwrap(), Some(account("7 embassy_2")));
    let name = account("9 ministry").name;
    store.keep_correspondent(&account("9 ministry")).await.unwrap();
    store.keep_correspondent(&account("10 MINISTRY")).await.unwrap();
    assert_eq!(store.correspondent(&name).await.unwrap(), Some(account("9 ministry").id));
}
