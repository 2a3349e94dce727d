//! Recipients, and the conversations with them.

use verbale::base::ids::{Account, AccountId, ConversationId, MessageId};
use verbale::note::recipient::RecipientRecord;
use verbale::platform::Recipient;
use verbale::store::{Blindness, ConversationRow, Gap, Inbox, Store};

use super::{Place, at};

const MINISTRY: AccountId = AccountId(783_214);

fn shown(receives: Option<bool>, follows: Option<bool>, record: &str) -> Recipient {
    let says = RecipientRecord { id: Some(MINISTRY), receives, follows };
    let account = Account::parse("783214 ministry").unwrap();
    Recipient::Shown { account, says, record: record.as_bytes().to_vec() }
}

pub async fn what_is_said_of_a_recipient_has_the_date_of_its_first_reading(place: &impl Place) {
    let store = place.open();
    let yes = shown(Some(true), Some(true), "{1}");
    let (before, first) = store.keep_recipient(MINISTRY, yes.clone(), at(0)).await.unwrap();
    assert_eq!((before, first.inbox, first.since, first.follows), (None, Inbox::Open, at(0), Some(true)));
    let (_, again) = store.keep_recipient(MINISTRY, yes, at(10)).await.unwrap();
    assert_eq!((again.since, again.follows_since, again.read_at), (at(0), at(0), at(10)));
    // A command may write it too.
    let (before, closed) =
        place.ask().keep_recipient(MINISTRY, shown(Some(false), Some(true), "{2}"), at(20)).await.unwrap();
    assert_eq!((before.unwrap(), closed.inbox), (again, Inbox::Closed));
    assert_eq!((closed.since, closed.follows_since), (at(20), at(0)));
    let (_, gone) = store.keep_recipient(MINISTRY, Recipient::Suspended, at(30)).await.unwrap();
    assert_eq!((gone.inbox, gone.since, gone.follows), (Inbox::Suspended, at(30), None));
    assert_eq!(gone.name.as_ref().map(|name| name.as_str()), Some("ministry"), "the name is remembered");
    assert_eq!(place.look().recipients().await.unwrap(), [gone]);
}

pub async fn a_record_is_there_while_it_is_the_newest_and_in_its_time(place: &impl Place) {
    let store = place.open();
    let of = |store: Store, first, last| async move {
        let records = store.recipient_records(&[AccountId(1), MINISTRY], at(first), at(last)).await.unwrap();
        records.into_iter().map(|record| String::from_utf8(record).unwrap()).collect::<Vec<_>>()
    };
    assert!(of(store.clone(), 0, 100).await.is_empty());
    store.keep_recipient(MINISTRY, shown(None, None, "{1}"), at(10)).await.unwrap();
    store.keep_recipient(MINISTRY, shown(Some(false), None, "{2}"), at(20)).await.unwrap();
    assert_eq!(of(store.clone(), 20, 20).await, ["{2}"]);
    assert!(of(store.clone(), 0, 19).await.is_empty() && of(store.clone(), 21, 100).await.is_empty());
    store.keep_recipient(AccountId(1), shown(Some(true), None, "{3}"), at(5)).await.unwrap();
    assert_eq!(of(store.clone(), 0, 20).await, ["{3}", "{2}"], "in the order in which they were asked for");
    store.keep_recipient(MINISTRY, Recipient::Absent, at(30)).await.unwrap();
    assert_eq!(of(store.clone(), 0, 100).await, ["{3}"], "an account that is not shown has no record");
}

pub async fn a_conversation_and_its_gaps_are_kept_together(place: &impl Place) {
    let store = place.open();
    let id = ConversationId::parse("7-783214").unwrap();
    let row = ConversationRow {
        id: id.clone(),
        readable_at: Some(at(5)),
        newest: Some(MessageId(9)),
        blind: Some((Blindness::Encrypted, at(3))),
    };
    let gap = Gap { from: at(3), to: at(10), reason: "since then nothing is read" };
    store.keep_conversation(row.clone(), vec![gap], at(10)).await.unwrap();
    assert_eq!(place.look().conversations().await.unwrap(), std::slice::from_ref(&row));
    let lines = store.entries(0, 10).await.unwrap();
    assert_eq!(lines, [format!("gap {} {} {} since then nothing is read\n", at(10), at(3), at(10))]);
    let readable = ConversationRow { readable_at: Some(at(20)), blind: None, ..row };
    store.keep_conversation(readable.clone(), Vec::new(), at(20)).await.unwrap();
    assert_eq!(store.conversations().await.unwrap(), [readable]);
    assert_eq!(store.entries(0, 10).await.unwrap().len(), 1);
}
