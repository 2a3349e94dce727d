//! What `send` knows of earlier attempts: nothing is sent as long as one of them may still appear, and each of them ends.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use verbale::base::clock::Clock;
use verbale::base::ids::MessageId;
use verbale::base::time::Time;
use verbale::cli::send::sender::{Error, MessageDraft, Repeat, Sender, Sent};
use verbale::sandbox::world::{Outgoing, Settings};
use verbale::sandbox::{EMBASSY, MINISTRY};
use verbale::store::{LastSend, Reader, RequestClient};
use verbale::tasks::rules::Correspondent;

use crate::support::fixture;
use crate::support::workbench::{Workbench, run};

const TEXT: &str = "NOTE 1";
const MINUTE_MS: i64 = 60_000;

/// Longer than any wait of these tests.
const LONG: Duration = Duration::from_secs(60);

async fn begun() -> Workbench {
    let bench = Workbench::new(Settings::without_limits());
    let mut watcher = bench.watcher();
    run(&bench, &mut watcher, MINUTE_MS).await;
    bench
}

/// Gives the command to send the text to the ministry.
async fn send(bench: &Workbench, clock: &Clock, unknown_outcome_timeout: Duration) -> Result<Sent, Error> {
    let database = bench.folder.path().join("verbale.db");
    let (reader, asking) = (Reader::open(&database).unwrap(), RequestClient::open(&database).unwrap());
    let (platform, key, rules, shutdown) =
        (bench.platform(EMBASSY), fixture::key(), bench.watching().rule, CancellationToken::new());
    let sender = Sender {
        platform: &*platform,
        reader: &reader,
        asking: &asking,
        database: &database,
        unknown_outcome_timeout,
        clock,
        log: key.name(),
        rules: &rules,
    };
    let draft = MessageDraft::new(TEXT, vec![]).unwrap();
    let to = Correspondent::Id(MINISTRY);
    let sent = sender.send(&to, &draft, Repeat::Refused, &shutdown);
    tokio::time::timeout(LONG, sent).await.expect("it waits for too long")
}

/// The text is in the conversation, now.
fn is_there(bench: &Workbench) -> MessageId {
    bench.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &Outgoing::text(TEXT)).unwrap())
}

async fn last(bench: &Workbench) -> LastSend {
    bench.store.last_send(MINISTRY).await.unwrap().unwrap()
}

fn count(bench: &Workbench) -> usize {
    bench.world.with(|world, _| world.events().count())
}

#[tokio::test]
async fn what_is_listed_after_a_message_does_not_settle_it() {
    let bench = begun().await;
    let effect = bench.store.begin_send(MINISTRY, bench.clock().now()).await.unwrap();
    let message = is_there(&bench);
    bench.store.send_accepted(effect, message, bench.clock().now()).await.unwrap();
    bench.world.with(|world, now| {
        world.set_hidden(message, true);
        world.send(now.plus_ms(1), MINISTRY, EMBASSY, &Outgoing::text("?")).unwrap();
    });
    bench.world.clock().advance_ms(1000);
    let listed_late = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        bench.world.with(|world, _| world.set_hidden(message, false));
    };
    let clock = bench.clock();
    let (sent, ()) = tokio::join!(send(&bench, &clock, LONG), listed_late);
    assert!(matches!(sent, Err(Error::Recent { message: known }) if known == message), "{sent:?}");
    assert_eq!(count(&bench), 2);
}

#[tokio::test]
async fn an_attempt_ends_with_what_the_next_command_sees() {
    let bench = begun().await;
    bench.store.begin_send(MINISTRY, bench.clock().now()).await.unwrap();
    bench.world.clock().advance_ms(MINUTE_MS);
    // It never appears, nor does an older one.
    bench.store.begin_send(MINISTRY, bench.clock().now()).await.unwrap();
    bench.world.clock().advance_ms(10 * MINUTE_MS);
    let sent = send(&bench, &bench.clock(), Duration::from_secs(60)).await.unwrap();
    assert_eq!(last(&bench).await.message, Some(sent.message), "the others were given up");
    // It is there, although nobody has said so.
    bench.world.clock().advance_ms(120 * MINUTE_MS);
    let effect = bench.store.begin_send(MINISTRY, bench.clock().now()).await.unwrap();
    let message = is_there(&bench);
    let sent = send(&bench, &bench.clock(), LONG).await;
    assert!(matches!(sent, Err(Error::Recent { message: known }) if known == message), "{sent:?}");
    assert_eq!((last(&bench).await.effect, last(&bench).await.message), (effect, Some(message)));
}

#[tokio::test]
async fn a_message_is_looked_for_as_far_back_as_it_may_be() {
    let bench = begun().await;
    bench.store.begin_send(MINISTRY, bench.clock().now()).await.unwrap();
    let message = is_there(&bench);
    bench.world.clock().advance_ms(90 * MINUTE_MS);
    let sent = send(&bench, &bench.clock(), Duration::from_secs(2 * 3600)).await;
    assert!(matches!(sent, Err(Error::Recent { message: known }) if known == message), "{sent:?}");
    assert_eq!(last(&bench).await.message, Some(message));
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_make_the_wait_longer() {
    let bench = begun().await;
    let (right, timeout) = (bench.clock(), Duration::from_millis(300));
    bench.store.begin_send(MINISTRY, right.now()).await.unwrap();
    let behind = Clock::from_fn(move || right.now().plus_ms(-9 * MINUTE_MS));
    send(&bench, &behind, timeout).await.unwrap();
    assert_eq!(count(&bench), 1);
}

#[tokio::test]
async fn what_an_earlier_version_has_written_is_not_forgotten() {
    let bench = begun().await;
    let file = bench.folder.path().join("verbale.db.send");
    let write = |at: Time, message: &str| {
        std::fs::write(&file, format!("{:<95}\n", format!("{MINISTRY} {at} {message}"))).unwrap();
    };
    let at = bench.clock().now();
    write(at, "-");
    let message = is_there(&bench);
    let sent = send(&bench, &bench.clock(), LONG).await;
    assert!(matches!(sent, Err(Error::Recent { message: known }) if known == message), "{sent:?}");
    let known = last(&bench).await;
    assert_eq!((known.at, known.message, std::fs::read(&file).unwrap()), (at, Some(message), vec![]));
    write(at.plus_ms(1), "900");
    send(&bench, &bench.clock(), LONG).await.unwrap_err();
    assert_eq!((last(&bench).await.at, last(&bench).await.message), (at.plus_ms(1), Some(MessageId(900))));
    std::fs::write(&file, "5 now -").unwrap();
    let error = send(&bench, &bench.clock(), LONG).await.unwrap_err().to_string();
    assert!(error.contains("verbale.db.send: it is not what the last command wrote: delete it"), "{error}");
    assert_eq!(count(&bench), 1);
}
