//! The store's contract, sentence by sentence, against any database: each is handed a [`Place`] and knows nothing else.
//! A second database implements [`Place`] and is named once more below.

mod correspondents;
mod effects;
mod log;
mod messages;
mod posted;
mod requests;
mod triggers;

use verbale::base::hash::Hash;
use verbale::base::ids::{AccountId, ConversationId, MessageId, Origin};
use verbale::base::time::Time;
use verbale::note::Correspondence;
use verbale::store::{Batch, Durability, Error, Reader, RequestClient, Sealing, Store};
use verbale::tlog::signed_note::LogKey;

/// Where one log's database is: made new, opened again after whatever end, looked at, asked.
pub trait Place: Sized {
    /// The database of a new log.
    fn new() -> Self;
    /// Makes a database in the same place.
    fn create(&self) -> Result<(), Error>;
    /// Opens it as the daemon does, with this key.
    fn open_with(&self, key: LogKey) -> Result<Store, Error>;
    /// Opens it as a command that looks.
    fn look(&self) -> Reader;
    /// Opens it as a command that asks.
    fn ask(&self) -> RequestClient;

    /// Opens it as the daemon does. A store that was dropped without being closed has crashed.
    fn open(&self) -> Store {
        self.open_with(key()).unwrap()
    }
}

/// A place for one SQLite file.
struct Sqlite(tempfile::TempDir);

impl Sqlite {
    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("verbale.db")
    }
}

impl Place for Sqlite {
    fn new() -> Sqlite {
        let place = Sqlite(tempfile::tempdir().unwrap());
        place.create().unwrap();
        place
    }

    fn create(&self) -> Result<(), Error> {
        Store::create(&self.path(), &key().vkey())
    }

    fn open_with(&self, key: LogKey) -> Result<Store, Error> {
        Store::open(&self.path(), key, Durability::Disk)
    }

    fn look(&self) -> Reader {
        Reader::open(&self.path()).unwrap()
    }

    fn ask(&self) -> RequestClient {
        RequestClient::open(&self.path()).unwrap()
    }
}

/// Each sentence as a test against one database.
macro_rules! conformance {
    ($database:ident, $place:ident: $($subject:ident { $($sentence:ident)* })*) => {
        mod $database {$(
            mod $subject {$(
                #[tokio::test]
                async fn $sentence() {
                    use super::super::{$place, Place, $subject};
                    $subject::$sentence(&$place::new()).await;
                }
            )*}
        )*}
    };
}

conformance! { sqlite, Sqlite:
    log {
        a_log_is_made_once_and_has_one_daemon
        only_the_log_of_the_key_is_opened
        what_was_sealed_is_there_after_a_crash_whole
        a_batch_that_is_refused_changes_nothing
        a_number_and_a_correspondence_follow_the_one_before
        a_message_is_dealt_with_once
        a_head_is_signed_once_for_each_size
        who_looks_sees_what_was_written_before
        the_start_is_the_lowest_that_was_proposed
        an_account_never_changes_and_a_name_means_the_first
    }
    effects {
        a_post_begins_with_its_head_and_its_first_attempt
        notes_are_posted_in_order_and_none_twice
        a_heartbeat_is_decided_upon_once_a_day
        an_attempt_is_known_until_it_has_an_outcome
        what_failed_after_an_attempt_that_nobody_knows_leaves_it_unknown
        the_last_attempt_is_the_one_that_was_written_last
        what_surely_failed_is_not_looked_for
        only_answers_and_messages_are_given_up
        what_is_given_up_is_tried_again_as_often_as_somebody_says_so
        what_is_sent_again_is_looked_for_if_nobody_knows_of_an_attempt
        what_is_left_unsent_stays_so
        what_is_unsent_is_named_without_its_words
        an_outcome_is_final
        a_post_of_notes_enters_the_log_with_its_outcome
        what_nobody_knows_goes_first_then_by_rank
        a_part_waits_for_the_one_before_it
        a_part_is_not_given_up
        a_refused_reply_makes_the_rest_of_its_thread_stand_alone
        what_is_deferred_is_passed
        send_keeps_its_last_attempt_and_no_text
    }
    messages {
        a_message_of_a_kind_is_written_once
        with_a_low_budget_only_what_is_urgent_is_next
        a_sent_message_is_known_as_ours
        a_message_waits_while_nobody_knows_of_another_of_the_same_words
        the_outcome_of_a_message_is_no_post
    }
    correspondents {
        what_is_said_of_a_recipient_has_the_date_of_its_first_reading
        a_record_is_there_while_it_is_the_newest_and_in_its_time
        a_conversation_and_its_gaps_are_kept_together
    }
    posted {
        a_post_is_read_again_after_ten_minutes_and_then_when_that_says
        a_loss_is_entered_once_and_shown_by_the_next_head
        what_was_shown_before_a_post_is_known
        a_strange_post_is_kept_once
        an_opening_is_remembered_by_its_sum
    }
    requests {
        nobody_approves_what_they_asked_for
        a_request_ends_once_and_its_proof_goes
        a_receipt_is_given_once_for_what_came
        what_a_command_asks_again_is_tried_again
    }
    triggers {
        a_trigger_has_its_effects_once
        effects_that_are_refused_leave_the_trigger_open
        a_note_is_opened_once_at_each_level_and_never_less_after_more
        a_mention_is_read_once_and_how_far_never_goes_back
        the_tasks_are_woken_by_what_is_not_in_the_log
    }
}

pub fn key() -> LogKey {
    LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [7; 32])
}

pub fn at(ms: i64) -> Time {
    Time::from_ms(1_764_000_000_000 + ms)
}

pub const OFFICIAL: AccountId = AccountId(990_017);

/// A note in a conversation of its own.
pub fn sealing(note: u64) -> Sealing {
    Sealing {
        note,
        message: MessageId(100 + note),
        conversation: ConversationId::parse(&format!("7-{}", 10 + note)).unwrap(),
        correspondence: Correspondence { count: 1, previous: Hash::ZERO },
        commitment: Hash::of(&note.to_be_bytes()),
        opening: format!("sealed {note}").into_bytes(),
    }
}

/// Seals notes with these numbers.
pub async fn seal(store: &Store, notes: std::ops::RangeInclusive<u64>) {
    let batch = Batch { notes: notes.map(sealing).collect(), ..Batch::default() };
    store.seal(batch, at(0)).await.unwrap();
}

/// What the store said to something that it refused.
pub fn refusal<T>(refused: Result<T, Error>) -> String {
    match refused {
        Err(Error::Refused(why)) => why,
        Err(other) => panic!("failed: {other}"),
        Ok(_) => panic!("it was done"),
    }
}
