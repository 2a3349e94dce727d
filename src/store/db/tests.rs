//! A disk that is full, as the database tells it.

use super::*;
use crate::base::ids::{MessageId, Origin};
use crate::note::Correspondence;

fn key() -> LogKey {
    LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [7; 32])
}

fn batch(note: u64, bytes: usize) -> Batch {
    let conversation = ConversationId::parse(&format!("7-{}", 10 + note)).unwrap();
    let correspondence = Correspondence { count: 1, previous: Hash::ZERO };
    let (message, commitment) = (MessageId(note), Hash::of(&note.to_be_bytes()));
    let opening = vec![7; bytes];
    Batch {
        notes: vec![Sealing { note, message, conversation, correspondence, commitment, opening }],
        ..Batch::default()
    }
}

#[test]
fn a_full_disk_changes_nothing_and_the_same_can_be_done_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("verbale.db");
    file::create(&path, &key().vkey()).unwrap();
    let mut db = Db::open(&path, key(), Durability::Disk).unwrap();
    let now = Time::from_ms(1_764_000_000_000);
    db.seal(&batch(1, 100), now).unwrap();
    let root = db.root_at(1);
    let room = |db: &Db, pages: u64| db.conn.pragma_update(None, "max_page_count", pages).unwrap();
    room(&db, 1);
    assert!(matches!(db.seal(&batch(2, 1 << 20), now), Err(Error::Full)));
    assert_eq!((db.size(), db.next_note().unwrap(), db.root_at(1)), (1, 2, root));
    room(&db, 1 << 30);
    db.seal(&batch(2, 1 << 20), now).unwrap();
    drop(db);
    let db = Db::open(&path, key(), Durability::Disk).unwrap();
    assert_eq!((db.size(), db.next_note().unwrap(), db.root_at(1)), (2, 3, root));
}
