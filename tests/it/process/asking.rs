//! The bot in the program itself, over HTTP: a denial and an opening by message, while the program is killed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use age::secrecy::ExposeSecret;
use verbale::base::ids::{Account, AccountId, ConversationId, PostId};
use verbale::sandbox::world::{Call, Draft, EventKind, Outgoing, unescape};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY, World};
use verbale::store::Reader;
use verbale::tlog::entry::Entry;

use crate::support::database::wait;
use crate::support::harness::MARKER;
use crate::support::process::{Place, stop};

const OFFICIAL: AccountId = AccountId(5001);
const IMPOSTOR: AccountId = AccountId(5003);

/// A place with one note that is posted, a bot, an official and an impostor.
async fn place() -> Place {
    let mut place = Place::new().await;
    place.server.world.with(|world, now| {
        world.add_user(now, Account::parse("5001 first_secretary").unwrap());
        world.add_user(now, Account::parse("5003 first_secretery").unwrap());
    });
    let key = place.path("identity.txt");
    fs::write(&key, format!("{}\n", place.identity.to_string().expose_secret())).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let config = fs::read_to_string(place.path("config.toml")).unwrap();
    let config = config.replace("# identity_file =", "identity_file =");
    let bot = format!("\n[bot]\npoll = \"50ms\"\nofficials = [\"{OFFICIAL}\"]\n");
    fs::write(place.path("config.toml"), config + &bot).unwrap();
    let mut child = place.run();
    place
        .until("the first look", |world| {
            2 <= world.counts().of(Call::Messages) && 2 <= world.counts().of(Call::Mentions)
        })
        .await;
    let what = Outgoing::text(&format!("{MARKER} about the annex"));
    let id = place.server.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &what).unwrap());
    place.observer.owe(id, &[MINISTRY.0]);
    // Until the daemon knows of it: nothing is opened before.
    let is_posted = || {
        wait(Reader::open(&place.path("verbale.db")).unwrap().notes(1, 1))
            .unwrap()
            .iter()
            .any(|note| note.post.is_some())
    };
    place.until("the note's post", |_| is_posted()).await;
    stop(&mut child, "KILL").await;
    place
}

fn say(place: &Place, author: AccountId, text: &str) -> PostId {
    place.server.world.with(|world, now| world.post(now, author, Draft { text, ..Draft::default() }).unwrap().id)
}

fn tell(place: &Place, from: AccountId, text: &str) {
    place.server.world.with(|world, now| world.send(now, from, EMBASSY, &Outgoing::text(text)).unwrap());
}

fn answers(world: &World, to: PostId) -> usize {
    world.posts().filter(|post| post.author == EMBASSY && post.answers == Some(to)).count()
}

fn letters(world: &World, to: AccountId) -> Vec<String> {
    let conversation = ConversationId::between(EMBASSY, to);
    let sent = world.events().filter(|event| event.conversation == conversation && event.sender == EMBASSY);
    let texts = sent.filter_map(|event| match &event.kind {
        EventKind::Message { words, .. } => Some(unescape(&words.text)),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn a_denial_is_answered_and_the_note_is_opened_by_message_while_the_program_is_killed() {
    let place = place().await;
    let mut child = place.run();
    let denial = say(&place, MINISTRY, "@embassy dispute 1: no such note ever came");
    let question = say(&place, JOURNALIST, "@embassy check 1");
    tell(&place, IMPOSTOR, "open 1 content");
    tell(&place, OFFICIAL, "open 1 content");
    place.until("the code", |world| letters(world, OFFICIAL).iter().any(|letter| letter.contains("\nconfirm "))).await;
    stop(&mut child, "KILL").await;
    let mut child = place.run();
    let said = place.server.world.with(|world, _| letters(world, OFFICIAL)).join("\n");
    let code = said.lines().find(|line| line.starts_with("confirm ")).unwrap();
    tell(&place, IMPOSTOR, code);
    tell(&place, OFFICIAL, code);
    let part = |world: &World| world.posts().filter(|post| post.written.starts_with("Note 1, part 1 of 1\n")).count();
    place.until("the mirror", |world| part(world) == 1).await;
    stop(&mut child, "KILL").await;
    let mut child = place.run();
    place
        .until("all is said", |world| {
            answers(world, denial) == 1 && answers(world, question) == 1 && letters(world, OFFICIAL).len() == 4
        })
        .await;
    let looks = place.server.world.with(|world, _| world.counts().of(Call::Mentions));
    place.until("some more looks", |world| looks + 5 < world.counts().of(Call::Mentions)).await;
    assert!(stop(&mut child, "TERM").await.success());
    let entries = wait(Reader::open(&place.path("verbale.db")).unwrap().entries(0, 100)).unwrap();
    let count = |is: fn(&Entry) -> bool| {
        entries.iter().filter(|line| Entry::parse(line.as_bytes()).is_ok_and(|entry| is(&entry))).count()
    };
    assert_eq!(count(|entry| matches!(entry, Entry::Dispute { note: 1, .. })), 1);
    assert_eq!(count(|entry| matches!(entry, Entry::Open { note: 1, .. })), 1);
    place.server.world.with(|world, _| {
        assert_eq!((answers(world, denial), answers(world, question), part(world)), (1, 1, 1));
        assert_eq!((letters(world, OFFICIAL).len(), letters(world, IMPOSTOR).len()), (4, 0));
    });
    let status = place.command(&["status"]).stdout(Stdio::piped()).output().await.unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains("\nmentions   2 read, 0 over a limit\n"), "{status}");
}
