//! The same for all commands, both installations, the bot and the copy, on a platform that fails at each of them.

use tokio::net::TcpListener;
use verbale::sandbox::World;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment};

use super::{echoing, repeat};
use crate::support::installation::{Installation, server};
use crate::support::leak_harness::commands::{By, Of, Play};
use crate::support::leak_harness::{Kind, LeakHarness, text};
use crate::support::process::GENEROUS;
use crate::support::secret_search::{Written, files_in, search, unpacked};

/// What goes wrong with a command, by what it begins with: as often as there is no other trouble yet.
const TROUBLES: [(&str, Call, Moment, How); 12] = [
    ("run", Call::Messages, Moment::After, How::Half),
    ("run", Call::SendMessage, Moment::After, How::Cut),
    ("send", Call::SendMessage, Moment::After, How::Cut),
    ("open 1 --level envelope --publish", Call::CreatePost, Moment::After, How::Cut),
    ("open 1 --level content --publish", Call::Upload, Moment::After, How::Half),
    ("open 1 --level content --publish", Call::CreatePost, Moment::After, How::Half),
    ("dispute", Call::CreatePost, Moment::After, How::Cut),
    ("asked", Call::Mentions, Moment::After, How::Half),
    ("asked", Call::SendMessage, Moment::After, BUSY),
    ("approve", Call::CreatePost, Moment::After, How::Half),
    ("receipt --from embassy --json", Call::MessagesWith, Moment::After, FAILED),
    ("receipt 3 --from embassy", Call::CreatePost, Moment::After, How::Cut),
];

const BUSY: How = How::Status { code: 503, body: Body::Garbage };
const FAILED: How = How::Status { code: 500, body: Body::Html };

fn trouble(world: &mut World, shown: &str) {
    if world.faults().next().is_none() {
        for (_, call, at, how) in TROUBLES.iter().filter(|(name, ..)| shown.starts_with(name)) {
            world.add_fault(Fault::once(*call, *at, *how));
        }
    }
}

/// What a person has to see to, and what the platform refuses: each is told, and nothing is sent.
const REFUSALS: [How; 7] = [
    How::Unauthorized,
    How::Suspended,
    How::CreditsDepleted,
    How::RateLimited { wait_ms: 60_000 },
    How::Encrypted,
    How::Status { code: 400, body: Body::Problem },
    How::Status { code: 403, body: Body::Problem },
];

#[tokio::test(flavor = "multi_thread")]
async fn no_command_writes_anything_secret_whatever_fails() {
    let server = server().await;
    let mut harness = LeakHarness::set(&server).await;
    let mut play = Play::new(&mut harness, trouble);
    play.all().await;
    assert_eq!(server.world.with(|world, _| world.faults().count()), 0, "all of it went wrong");
    refused(&mut play).await;
    play.is_discreet();
    drop(play);
    harness.end().await;
    echoes(&mut harness).await;

    let secrets = harness.secrets();
    let mut written = std::mem::take(&mut harness.written);
    written.extend([&harness.embassy, &harness.ministry].map(|side| ("a daemon".to_owned(), side.log().into_bytes())));
    for (name, bytes) in written.iter().filter(|(name, _)| !name.ends_with("stdout")) {
        let found: Vec<_> = harness.found(bytes).into_iter().filter(|(_, kind)| Kind::Parties < *kind).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
    let kept = [&harness.embassy, &harness.ministry].map(database).concat();
    for (name, bytes) in &kept {
        // Notes 1 and 2 are public by now.
        let found: Vec<_> =
            harness.found(bytes).into_iter().filter(|(note, kind)| *note == 3 && Kind::Hash < *kind).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
    written.extend(kept);
    written.extend(harness.public());
    let is_given = |name: &str| ["first.txt", "second.txt", "stranger.txt"].iter().any(|given| name.ends_with(given));
    written.extend(unpacked(files_in(harness.folder.path()).into_iter().filter(|(name, _)| !is_given(name)).collect()));
    assert!(100 < written.len());
    let given = given(&harness);
    assert!(secrets.iter().all(|secret| secret.is_in(&given)), "the search finds nothing");
    search(&secrets, &written);
}

/// Where each secret stands by right.
fn given(harness: &LeakHarness<'_>) -> Vec<u8> {
    let names = ["credentials.toml", "log.key", "official.txt"];
    let files = [&harness.embassy, &harness.ministry].into_iter().flat_map(|side| names.map(|name| side.path(name)));
    let files = files.chain(["first.txt", "second.txt", "stranger.txt"].map(|name| harness.path(name)));
    files.flat_map(|file| std::fs::read(file).unwrap()).collect()
}

/// The database, and what SQLite keeps beside it.
fn database(side: &Installation<'_>) -> Written {
    let names = ["verbale.db", "verbale.db-wal", "verbale.db-shm"];
    names
        .iter()
        .filter_map(|name| Some((side.path(name).display().to_string(), std::fs::read(side.path(name)).ok()?)))
        .collect()
}

/// Commands that speak with the platform themselves, each refused in every way, and then the daemon.
async fn refused(play: &mut Play<'_, '_>) {
    let fail = |play: &Play<'_, '_>, call, how| {
        play.harness.server.world.with(|world, _| world.add_fault(Fault::once(call, Moment::Before, how)));
    };
    let entered = play.harness.embassy.count("SELECT count(*) FROM entry");
    for how in REFUSALS {
        std::fs::write(play.harness.path("more.txt"), format!("{} again", text(3))).unwrap();
        fail(play, Call::SendMessage, how);
        play.act(Of::Embassy, By::Official, Some(3), "send --to ministry more.txt", &[]).await;
        fail(play, Call::MessagesWith, how);
        play.act(Of::Ministry, By::Recipient, Some(3), "receipt --from embassy", &[]).await;
    }
    assert_eq!(play.harness.embassy.count("SELECT count(*) FROM entry"), entered, "nothing was sent");
    fail(play, Call::Mentions, How::Unauthorized);
    fail(play, Call::Messages, How::CreditsDepleted);
    crate::support::installation::until(play.harness.server, "the daemons are troubled", |world| {
        world.faults().next().is_none()
    })
    .await;
}

/// The same commands against a platform that says what is private in its answers.
async fn echoes(harness: &mut LeakHarness<'_>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    for side in [&harness.embassy, &harness.ministry] {
        side.configure(&harness.server.base, &base);
    }
    let marked = text(3).split(' ').next_back().unwrap().to_owned();
    for (status, body) in echoing(&format!("{marked} {}", text(3)), &marked, harness.server.now()) {
        let send = harness.command(Some(&harness.embassy), &["send", "--to", "ministry", "--no-wait", "more.txt"]);
        let receipt = harness.command(Some(&harness.ministry), &["receipt", "--from", "embassy"]);
        for mut command in [send, receipt] {
            let output = tokio::time::timeout(GENEROUS, async {
                tokio::select! {
                    output = command.output() => output.unwrap(),
                    () = repeat(&listener, status, &body) => unreachable!("it repeats for ever"),
                }
            });
            let output = output.await.expect("it comes to its end");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let is_named = said.contains("dm_conversations") || said.contains("cannot be read");
            assert!(!output.status.success() && is_named, "{status} {body}: {said}");
            for (name, bytes) in [("stdout", output.stdout), ("stderr", output.stderr)] {
                harness.written.push((format!("{name} at {status} {body}"), bytes));
            }
        }
    }
}
