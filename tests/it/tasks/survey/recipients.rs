//! Correspondents' accounts: read once a day, never waited for, and sealed with the notes to them.

use verbale::base::ids::{Account, AccountId, AccountName};
use verbale::platform::price::Billed;
use verbale::platform::x;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Outgoing};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::store::{Inbox, vault};
use verbale::tasks::disclose::bundle;
use verbale::tasks::survey::{reached, unreached};
use verbale::tlog::entry::Level;
use verbale::tlog::signed_note::VerifierKey;
use verbale::verify::proof::{Claim, Trust, verify};

use super::{DAY_MS, HOUR_MS, begun, run, trouble, write};
use crate::support::database::wait;
use crate::support::dispute_fixture::reader;
use crate::support::harness::{CONSULATE, Harness, MARKER};

/// The claim about the channel in the opened proof of a note.
fn channel(harness: &Harness, note: u64) -> Option<Claim> {
    let reader = reader(harness);
    let row = wait(reader.proof(note)).unwrap().unwrap();
    let opening = vault::open(note, row.opening.as_ref().unwrap(), std::slice::from_ref(&harness.identity)).unwrap();
    let vkey = VerifierKey::parse(&wait(reader.vkey()).unwrap()).unwrap();
    let address = |name: &AccountName, post| x::address_of("https://x.com", name, post);
    let zip = bundle::proof(note, &row, vkey, address, opening, Level::Content).unwrap().pack();
    let report = verify(&zip, &Trust::default());
    assert_eq!(report.failing().next(), None, "{report}");
    report.claims.into_iter().find(|claim| claim.name == "channel")
}

fn shown(harness: &Harness, note: u64) -> String {
    channel(harness, note).map(|claim| claim.shown.join("; ")).unwrap_or_default()
}

#[tokio::test]
async fn the_ministry_unfollows_and_its_inbox_is_closed_from_the_next_note_on() {
    let mut harness = begun().await;
    harness.world.with(|world, _| world.set_inbox_closed(MINISTRY, true));
    write(&mut harness, 1).await;
    let open = "when the note was sealed, the account 783214 ministry accepted messages from the sender's, and followed it: \
                X's own record, stated";
    assert_eq!(shown(&harness, 1), open);
    harness.world.with(|world, _| {
        world.set_follows(MINISTRY, EMBASSY, false);
        world.settings.refuses_closed = false;
    });
    run(&mut harness, DAY_MS).await;
    write(&mut harness, 2).await;
    let closed = "when the note was sealed, the account 783214 ministry did not accept messages from the sender's, and did \
                  not follow it: X's own record, stated";
    assert_eq!(shown(&harness, 2), closed);
    assert_eq!(shown(&harness, 1), open, "the note before stays what it was");
    let rows = wait(reader(&harness).recipients()).unwrap();
    let ministry = rows.iter().find(|row| row.account == MINISTRY).unwrap();
    assert_eq!((ministry.inbox, ministry.follows, ministry.since), (Inbox::Closed, Some(false), ministry.read_at));
    let told = unreached(ministry).unwrap();
    let (since, read_at) = (ministry.since, ministry.read_at);
    assert_eq!(
        told,
        format!(
            "@ministry (783214) takes no messages from this account since {since}, does not follow it since {since} (X, {read_at})"
        )
    );
    let consulate = rows.iter().find(|row| row.account == CONSULATE).unwrap();
    assert!(unreached(consulate).is_none() && reached(consulate).contains("takes messages"), "{}", reached(consulate));
    assert_eq!(trouble(&harness, "recipients"), None, "who cannot be reached is no trouble of the daemon's");
}

#[tokio::test]
async fn each_account_is_read_once_a_day_and_within_the_budget() {
    let mut harness = begun().await;
    let reads = |harness: &Harness| harness.world.with(|world, _| world.counts().read[&Billed::UserRead]);
    // The platform counts as well who we are, and who is named `ministry`.
    run(&mut harness, DAY_MS).await;
    let before = reads(&harness);
    for _ in 0..3 {
        run(&mut harness, DAY_MS).await;
    }
    assert_eq!(reads(&harness) - before, 6, "two correspondents on three days");
}

#[tokio::test]
async fn a_note_waits_for_no_account_and_has_none_that_was_read_too_long_ago() {
    let mut harness = begun().await;
    let fails = |harness: &Harness| {
        let fault = Fault {
            times: 100_000,
            ..Fault::once(Call::UserById, Moment::Before, How::Status { code: 503, body: Body::Problem })
        };
        harness.world.with(|world, _| world.add_fault(fault));
    };
    fails(&harness);
    run(&mut harness, DAY_MS).await;
    let told = trouble(&harness, "recipients").unwrap();
    assert!(told.contains("whether 783214 takes messages cannot be read: "), "{told}");
    write(&mut harness, 1).await;
    assert!(shown(&harness, 1).contains("accepted messages"), "what was read a day ago still counts");
    run(&mut harness, 7 * HOUR_MS).await;
    write(&mut harness, 2).await;
    assert_eq!(channel(&harness, 2), None, "what was read longer ago does not");
    harness.world.with(|world, _| world.clear_faults());
    run(&mut harness, HOUR_MS).await;
    assert_eq!(trouble(&harness, "recipients"), None);
    write(&mut harness, 3).await;
    assert!(shown(&harness, 3).contains("accepted messages"));
}

#[tokio::test]
async fn of_a_group_each_addressee_is_told_or_said_to_be_unknown() {
    let mut harness = begun().await;
    harness.world.with(|world, _| world.set_inbox_closed(CONSULATE, true));
    run(&mut harness, DAY_MS).await;
    harness.world.with(|world, now| {
        let what = Outgoing::text(&format!("{MARKER} to all"));
        world.make_group(now, EMBASSY, &[MINISTRY, CONSULATE, JOURNALIST], &what).unwrap();
    });
    run(&mut harness, 5 * 60_000).await;
    let claim = channel(&harness, 1).unwrap();
    assert!(claim.shown.iter().any(|line| line.contains("783214 ministry accepted messages")), "{claim:?}");
    assert!(claim.shown.iter().any(|line| line.contains("990017 consulate did not accept messages")), "{claim:?}");
    let unknown = "whether the account 17874544 journalist accepted messages from the sender's: no record says so";
    assert_eq!((claim.shown.len(), claim.not_shown[0].as_str()), (2, unknown));
}

#[tokio::test]
async fn an_answer_about_another_account_is_none() {
    let mut harness = begun().await;
    // Who asks for the consulate is shown somebody else.
    harness.world.with(|world, _| {
        let name = AccountName::parse("newsroom").unwrap();
        world.user_mut(CONSULATE).unwrap().account = Account { id: AccountId(1), name };
    });
    run(&mut harness, DAY_MS).await;
    let rows = wait(reader(&harness).recipients()).unwrap();
    let names: Vec<String> = rows.iter().filter_map(|row| Some(row.name.as_ref()?.to_string())).collect();
    assert_eq!(names, ["ministry", "consulate"]);
    let told = trouble(&harness, "recipients").unwrap();
    assert!(told.contains("whether 990017 takes messages cannot be read: "), "{told}");
}
