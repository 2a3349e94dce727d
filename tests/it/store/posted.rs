//! Our own posts after they were made, and stored openings.

use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, PostId};
use verbale::store::{Accepted, DuePost, EffectId, ShownBefore, Store, Subject};
use verbale::tlog::entry::{Entry, Loss};

use super::{Place, at, refusal, seal, sealing};

const MINUTE_MS: i64 = 60_000;

fn post(number: u64) -> PostId {
    PostId(7_000_000_000_000_000_000 + number)
}

/// Posts a note of its own, in this post.
async fn posted(store: &Store, note: u64) -> EffectId {
    let effect = store.begin(Subject::Notes { first: note, last: note }, at(0)).await.unwrap().id;
    store.accepted(effect, Accepted::Post(Channel::X.post(post(note))), at(0)).await.unwrap();
    effect
}

async fn due(store: &Store, reads: u64) -> Option<DuePost> {
    store.due_post(reads).await.unwrap()
}

pub async fn a_post_is_read_again_after_ten_minutes_and_then_when_that_says(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=2).await;
    assert_eq!(due(&store, 0).await, None);
    let effects = [posted(&store, 1).await, posted(&store, 2).await];
    let first = due(&store, 0).await.unwrap();
    assert_eq!((first.effect, first.post.id, first.due, first.reads), (effects[0], post(1), at(10 * MINUTE_MS), 0));
    assert!(first.text.starts_with("Sealed note 1\n") && first.doubt.is_none());
    assert_eq!(store.undoubted_posts(effects[1], 9).await.unwrap()[0].effect, effects[0]);

    let doubt = Some((Loss::Deleted, at(11)));
    let later = DuePost { due: at(20 * MINUTE_MS), doubt, ..first.clone() };
    store.keep_reading(later.clone(), at(10 * MINUTE_MS)).await.unwrap();
    assert_eq!(due(&store, 0).await.unwrap().effect, effects[1], "the other one is due earlier");
    assert_eq!(store.undoubted_posts(effects[1], 9).await.unwrap(), []);
    assert_eq!(store.posts_read_since(at(10 * MINUTE_MS)).await.unwrap(), 1);
    assert_eq!(store.posts_read_since(at(10 * MINUTE_MS + 1)).await.unwrap(), 0);
    let second = due(&store, 0).await.unwrap();
    store.keep_reading(DuePost { reads: 9, ..second }, at(10 * MINUTE_MS)).await.unwrap();
    assert_eq!(due(&store, 0).await, Some(later));
    assert_eq!(due(&store, 4).await.unwrap().effect, effects[1], "it is not counted further");
}

pub async fn a_loss_is_entered_once_and_shown_by_the_next_head(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=1).await;
    let effect = posted(&store, 1).await;
    assert!(!store.has_unshown_loss().await.unwrap());
    for how in [Loss::Hidden, Loss::Deleted] {
        store.lose(effect, how, at(5)).await.unwrap();
    }
    let lost = Entry::Lost { time: at(5), post: Channel::X.post(post(1)), how: Loss::Hidden };
    assert_eq!(store.entries(2, 10).await.unwrap(), [lost.to_line()]);
    assert_eq!(due(&store, 0).await, None);
    assert!(store.has_unshown_loss().await.unwrap());
    assert_eq!(place.look().status().await.unwrap().lost, 1);

    let again = store.begin(Subject::Again, at(6)).await.unwrap();
    let verbale::store::Payload::Post(words) = again.payload else { panic!("no post") };
    assert_eq!(words.subject, Subject::Again);
    assert!(words.text.contains("\nlog 3 "), "{}", words.text);
    assert!(!store.has_unshown_loss().await.unwrap());
    assert!(!store.has_heartbeat(&at(6).date()).await.unwrap(), "the day's heartbeat is another one");
    store.accepted(again.id, Accepted::Post(Channel::X.post(post(2))), at(7)).await.unwrap();
    assert_eq!(due(&store, 0).await.unwrap().effect, again.id);
}

pub async fn what_was_shown_before_a_post_is_known(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=3).await;
    for note in 1..=2 {
        posted(&store, note).await;
    }
    for (number, shown) in
        [(1, ShownBefore::default()), (2, ShownBefore { size: 1, note: 1 }), (3, ShownBefore { size: 2, note: 2 })]
    {
        assert_eq!(store.shown_before(post(number)).await.unwrap(), shown, "{number}");
    }
    // One that is to be made is known by its words.
    let Some(effect) = store.begin(Subject::Notes { first: 3, last: 3 }, at(0)).await.ok() else { panic!("refused") };
    let verbale::store::Payload::Post(words) = effect.payload else { panic!("no post") };
    assert!(store.is_known_post(post(9), &words.text).await.unwrap());
    assert!(store.is_known_post(post(1), "other words").await.unwrap());
    assert!(!store.is_known_post(post(9), "other words").await.unwrap());
}

pub async fn a_strange_post_is_kept_once(place: &impl Place) {
    let store = place.open();
    for number in [9, 5, 9] {
        store.keep_strange_post(post(number), at(0)).await.unwrap();
    }
    drop(store);
    assert_eq!(place.look().strange_posts().await.unwrap(), [post(5), post(9)]);
    assert!(place.open().is_known_post(post(5), "any words").await.unwrap());
}

pub async fn an_opening_is_remembered_by_its_sum(place: &impl Place) {
    let store = place.open();
    seal(&store, 1..=1).await;
    let kept = store.kept_opening(1).await.unwrap().unwrap();
    assert_eq!((kept.commitment, kept.sum), (sealing(1).commitment, None));
    assert_eq!(kept.sealed, Some(sealing(1).opening));
    let sum = Hash::of(b"sum");
    for sum in [Some(Hash::ZERO), Some(sum), None, Some(sum)] {
        store.keep_opening_sum(1, sum).await.unwrap();
        assert_eq!(store.kept_opening(1).await.unwrap().unwrap().sum, sum);
    }
    assert!(store.kept_opening(2).await.unwrap().is_none());
    refusal(store.keep_opening_sum(2, Some(sum)).await);
}
