//! Direct messages whose outcome nobody knows, one tick at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use verbale::base::clock::Clock;
use verbale::base::ids::{Account, AccountName};
use verbale::platform::Addressee;
use verbale::sandbox::world::{Call, Fault, How, Moment, Settings};
use verbale::sandbox::{EMBASSY, MINISTRY};
use verbale::store::{Budget, Lane, MessageKind, Outgoing};
use verbale::tasks::deliver::{DeliverSettings, DmSender};
use verbale::tasks::task::Task;

use crate::support::workbench::{Workbench, run};

const MINUTE_MS: i64 = 60_000;

async fn begun() -> Workbench {
    let bench = Workbench::new(Settings::without_limits());
    let name = AccountName::parse("embassy").unwrap();
    bench.store.keep_account(&Account { id: EMBASSY, name }).await.unwrap();
    bench
}

fn sender(bench: &Workbench, clock: Clock) -> DmSender {
    let settings = DeliverSettings {
        unknown_outcome_timeout: Duration::from_secs(600),
        identities: vec![],
        poll: Duration::from_secs(60),
    };
    DmSender::new(bench.platform(EMBASSY), bench.store.clone(), clock, settings)
}

fn count(bench: &Workbench) -> usize {
    bench.world.with(|world, _| world.events().count())
}

/// The clock is two hours ahead when the message is sent, and is then corrected.
#[tokio::test]
async fn a_clock_that_is_set_back_does_no_harm() {
    for restarts in [false, true] {
        let bench = begun().await;
        let (right, ahead_ms) = (bench.clock(), Arc::new(AtomicI64::new(120 * MINUTE_MS)));
        let ahead = ahead_ms.clone();
        let clock = Clock::from_fn(move || right.now().plus_ms(ahead.load(Ordering::Relaxed)));
        let message = Outgoing::text(MessageKind::RequestNotice(1), MINISTRY, "a text");
        bench.store.add_message(message, clock.now()).await.unwrap();
        bench.world.with(|world, _| world.add_fault(Fault::once(Call::SendMessage, Moment::After, How::Cut)));
        let mut dm_sender = sender(&bench, clock.clone());
        dm_sender.tick().await.unwrap();
        assert_eq!(count(&bench), 1);
        ahead_ms.store(0, Ordering::Relaxed);
        bench.world.clock().advance_ms(MINUTE_MS);
        if restarts {
            dm_sender = sender(&bench, clock);
        }
        run(&bench, &mut dm_sender, 300 * MINUTE_MS).await;
        assert_eq!(count(&bench), 1, "it is sent twice");
        assert_eq!(bench.store.next_effect(Lane::Messages, &[], Budget::Enough).await.unwrap(), None);
    }
}

/// Nobody has the key any more that opens the note.
#[tokio::test]
async fn a_slip_that_may_have_been_sent_is_not_given_up() {
    let bench = begun().await;
    let next = || async { bench.store.next_effect(Lane::Messages, &[], Budget::Enough).await.unwrap() };
    for is_attempted in [true, false] {
        let slip = Outgoing::slip(1 + u64::from(is_attempted), Addressee::Account(MINISTRY));
        bench.store.add_message(slip, bench.clock().now()).await.unwrap();
        let id = next().await.unwrap().id;
        if is_attempted {
            bench.store.attempt(id, bench.clock().now()).await.unwrap();
        }
        let mut dm_sender = sender(&bench, bench.clock());
        dm_sender.tick().await.unwrap();
        if is_attempted {
            assert_eq!(next().await.map(|effect| effect.id), Some(id));
            let reports = bench.store.task_reports().await.unwrap();
            assert!(reports[0].trouble.as_ref().unwrap().contains("a slip that may have been sent"));
            bench.store.failed(id).await.unwrap();
            run(&bench, &mut dm_sender, 60 * MINUTE_MS).await;
        }
        assert_eq!(next().await, None, "what was never sent is given up");
    }
}
