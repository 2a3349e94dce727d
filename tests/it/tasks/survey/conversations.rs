//! Conversations whose messages cannot be read: noticed, entered once, told, and ended.

use verbale::base::ids::{ConversationId, MessageId};
use verbale::base::time::Time;
use verbale::platform::price::Billed;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Outgoing};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::tasks::task::Next;
use verbale::tlog::entry::Entry;

use super::{HOUR_MS, begun, run, trouble, write};
use crate::support::dispute_fixture::entries;
use crate::support::harness::{CONSULATE, Ended, Harness, MARKER, Which};

fn with_ministry() -> ConversationId {
    ConversationId::between(EMBASSY, MINISTRY)
}

/// The gaps in the log: from, to, the time of the entry, and why.
fn gaps(harness: &Harness) -> Vec<(Time, Time, Time, String)> {
    let gap = |entry| match entry {
        Entry::Gap { time, from, to, reason } => Some((from, to, time, reason)),
        _ => None,
    };
    entries(harness).into_iter().filter_map(gap).collect()
}

fn newest(harness: &Harness) -> MessageId {
    harness.world.with(|world, _| world.events().next_back().unwrap().id)
}

fn notes(harness: &Harness) -> usize {
    entries(harness).iter().filter(|entry| matches!(entry, Entry::Note { .. })).count()
}

#[tokio::test]
async fn a_conversation_that_is_upgraded_is_a_gap_once_until_it_ends() {
    let mut harness = begun().await;
    write(&mut harness, 1).await;
    let listed = newest(&harness).moment();
    run(&mut harness, HOUR_MS).await;
    assert_eq!((gaps(&harness), trouble(&harness, "conversations")), (Vec::new(), None));
    harness.world.with(|world, now| world.upgrade(now, &with_ministry()));
    write(&mut harness, 2).await;
    run(&mut harness, 5 * HOUR_MS).await;
    assert_eq!(notes(&harness), 1, "what is encrypted is not listed");
    let [(from, to, time, reason)] = &gaps(&harness)[..] else { panic!("{:?}", gaps(&harness)) };
    assert_eq!(reason, "since then a conversation is encrypted (X Chat), and its messages cannot be read");
    let upgraded = newest(&harness).moment();
    assert!(listed <= *from && *from <= upgraded && to == time && upgraded <= *to, "{from} {to}");
    let told = trouble(&harness, "conversations").unwrap();
    assert!(told.contains("conversation 783214-2244994945: it is encrypted (X Chat)"), "{told}");
    assert!(told.contains(&format!("since {from}\nwhat is written there is not sealed")), "{told}");
    let from = *from;
    harness.die().await;
    run(&mut harness, 2 * HOUR_MS).await;
    assert_eq!(gaps(&harness).len(), 1, "a restart enters nothing again");
    harness.world.with(|world, _| world.downgrade(&with_ministry()));
    run(&mut harness, HOUR_MS).await;
    let [_, (again, to, time, reason)] = &gaps(&harness)[..] else { panic!("{:?}", gaps(&harness)) };
    assert_eq!((again, to == time), (&from, true), "the end has the same beginning");
    assert_eq!(reason, "a conversation was encrypted (X Chat), and its messages could not be read");
    assert_eq!((trouble(&harness, "conversations"), notes(&harness)), (None, 2));
}

#[tokio::test]
async fn an_upgrade_is_noticed_before_anything_is_written_in_it() {
    let mut harness = begun().await;
    write(&mut harness, 1).await;
    harness.world.with(|world, now| world.upgrade(now, &with_ministry()));
    run(&mut harness, 25 * HOUR_MS).await;
    assert_eq!(gaps(&harness).len(), 1);
}

#[tokio::test]
async fn messages_that_disappear_are_a_gap_of_their_own() {
    let mut harness = begun().await;
    write(&mut harness, 1).await;
    harness.world.with(|world, _| world.set_ttl(&with_ministry(), Some(86_400_000)));
    run(&mut harness, HOUR_MS).await;
    let reason = &gaps(&harness)[0].3;
    assert!(reason.starts_with("since then the messages of a conversation disappear"), "{reason}");
    write(&mut harness, 2).await;
    assert_eq!(notes(&harness), 2, "what is listed is sealed all the same");
    // What is worse takes its place.
    harness.world.with(|world, now| world.upgrade(now, &with_ministry()));
    write(&mut harness, 3).await;
    run(&mut harness, HOUR_MS).await;
    let reasons: Vec<String> = gaps(&harness).into_iter().map(|gap| gap.3).collect();
    assert!(
        reasons.len() == 3 && reasons[1].contains("disappeared") && reasons[2].contains("encrypted"),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn a_message_that_is_not_listed_is_noticed_and_one_that_is_late_is_not() {
    let mut harness = begun().await;
    write(&mut harness, 1).await;
    harness.world.with(|world, _| world.settings.message_lag_ms = 10 * 60_000);
    write(&mut harness, 2).await;
    run(&mut harness, 2 * HOUR_MS).await;
    assert_eq!((gaps(&harness), notes(&harness)), (Vec::new(), 2), "late is not missing");
    write(&mut harness, 3).await;
    let hidden = newest(&harness);
    harness.world.with(|world, _| world.set_hidden(hidden, true));
    run(&mut harness, HOUR_MS).await;
    let [(from, .., reason)] = &gaps(&harness)[..] else { panic!("{:?}", gaps(&harness)) };
    assert_eq!(reason, "since then a conversation has messages that the platform does not list");
    assert!(*from < hidden.moment(), "{from}");
    harness.world.with(|world, _| world.set_hidden(hidden, false));
    run(&mut harness, HOUR_MS).await;
    assert_eq!((gaps(&harness).len(), notes(&harness), trouble(&harness, "conversations")), (2, 3, None));
}

#[tokio::test]
async fn a_group_with_a_correspondent_is_watched_and_other_conversations_are_not() {
    let mut harness = begun().await;
    let group = harness.world.with(|world, now| {
        let what = Outgoing::text(&format!("{MARKER} to both"));
        let (group, _) = world.make_group(now, EMBASSY, &[MINISTRY, CONSULATE], &what).unwrap();
        world.send(now, JOURNALIST, EMBASSY, &Outgoing::text("hello")).unwrap();
        world.upgrade(now, &ConversationId::between(EMBASSY, JOURNALIST));
        group
    });
    run(&mut harness, HOUR_MS).await;
    assert_eq!((gaps(&harness), notes(&harness)), (Vec::new(), 1));
    harness.world.with(|world, now| {
        world.upgrade(now, &group);
        world.send_in(now, EMBASSY, &group, &Outgoing::text(&format!("{MARKER} again"))).unwrap();
    });
    run(&mut harness, HOUR_MS).await;
    assert_eq!((gaps(&harness).len(), notes(&harness)), (1, 1));
    assert!(trouble(&harness, "conversations").unwrap().contains(&format!("conversation g{group}: ")));
}

#[tokio::test]
async fn what_cannot_be_seen_is_told_and_enters_nothing() {
    let mut harness = begun().await;
    write(&mut harness, 1).await;
    for call in [Call::Chats, Call::ChatEvents] {
        for code in [400, 403, 404, 500, 503] {
            let fault = Fault {
                times: 1_000_000,
                ..Fault::once(call, Moment::Before, How::Status { code, body: Body::Problem })
            };
            harness.world.with(|world, _| world.add_fault(fault));
            // Longer than the events of a conversation that is well count for.
            run(&mut harness, 25 * HOUR_MS).await;
            let told = trouble(&harness, "conversations").unwrap_or_default();
            assert!(
                told.starts_with("the platform") || told.starts_with("whether conversations"),
                "{call:?} {code}: {told}"
            );
            assert!(told.contains("whether conversations are encrypted cannot be seen: "), "{call:?} {code}: {told}");
            harness.world.with(|world, _| world.clear_faults());
            run(&mut harness, HOUR_MS).await;
            assert_eq!(trouble(&harness, "conversations"), None, "{call:?} {code}");
        }
    }
    assert_eq!(gaps(&harness), Vec::new());
}

#[tokio::test]
async fn a_look_costs_nothing_while_all_is_well() {
    let mut harness = begun().await;
    write(&mut harness, 1).await;
    let reads = |harness: &Harness| {
        harness
            .world
            .with(|world, _| world.counts().of(Call::ConversationMessages) + world.counts().read[&Billed::UserRead])
    };
    run(&mut harness, 3 * HOUR_MS).await;
    let before = reads(&harness);
    run(&mut harness, 3 * HOUR_MS).await;
    assert_eq!(reads(&harness) - before, 0);
}

/// Ticks the task until it waits. False if the program died.
async fn look(harness: &mut Harness) -> bool {
    loop {
        match harness.tick(Which::Conversations).await {
            Ended::Next(Next::Now) => {}
            Ended::Next(_) => return true,
            Ended::Died => return false,
        }
    }
}

/// However the program dies while it notices, the gap is entered once.
#[tokio::test]
async fn a_gap_is_entered_once_whenever_the_program_dies() {
    let mut steps = 0;
    loop {
        let mut harness = begun().await;
        write(&mut harness, 1).await;
        harness.world.with(|world, now| {
            world.upgrade(now, &with_ministry());
            world.send(now, EMBASSY, MINISTRY, &Outgoing::text(&format!("{MARKER} 2"))).unwrap();
        });
        harness.advance(HOUR_MS);
        harness.fuse.set(steps);
        let was_survived = look(&mut harness).await;
        harness.fuse.quench();
        run(&mut harness, HOUR_MS).await;
        assert_eq!(gaps(&harness).len(), 1, "death after {steps} steps");
        if was_survived {
            assert!(5 < steps, "only {steps} steps were tried");
            return;
        }
        steps += 1;
    }
}
