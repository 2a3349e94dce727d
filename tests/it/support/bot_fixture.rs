//! What the stories of the bot have in common: who asks, and what the bot has said.

use std::time::Duration;

use verbale::base::ids::{Account, AccountId, ConversationId, PostId};
use verbale::sandbox::EMBASSY;
use verbale::sandbox::world::{Draft, EventKind, Outgoing, Post, Settings, unescape};

use crate::support::dispute_fixture;
use crate::support::harness::{EVERY, MARKER, Plan, Rig};

/// Who may command by message, and one whose name looks like the first one's.
pub const FIRST: AccountId = AccountId(5001);
pub const SECOND: AccountId = AccountId(5002);
pub const IMPOSTOR: AccountId = AccountId(5003);

/// What the note says, and nobody else.
pub const TEXT: &str = "Zq7markedText4Wb";

/// All loops on a note that is sealed, posted and public, with two officials, after `set`.
pub async fn begin(platform: Settings, set: impl FnOnce(&mut Rig)) -> Rig {
    let attachments_timeout = Duration::from_millis(1);
    let mut rig = Rig::new(Plan { seed: 4, platform, run_over: 5, heartbeat: false, attachments_timeout });
    rig.running = &EVERY;
    (rig.officials, rig.commands, rig.has_key) = (vec![FIRST, SECOND], true, true);
    set(&mut rig);
    rig.world.with(|world, now| {
        for account in ["5001 first_secretary", "5002 second_secretary", "5003 first_secretery"] {
            world.add_user(now, Account::parse(account).unwrap());
        }
    });
    dispute_fixture::settle(&mut rig).await;
    dispute_fixture::send(&rig, &format!("{MARKER} {TEXT}"), &[]);
    dispute_fixture::settle(&mut rig).await;
    assert_eq!(dispute_fixture::posts(&rig).len(), 1);
    rig
}

/// Somebody posts.
pub fn say(rig: &Rig, author: AccountId, text: &str) -> PostId {
    say_beside(rig, author, text, None)
}

/// Somebody posts, and quotes a post.
pub fn say_beside(rig: &Rig, author: AccountId, text: &str, quotes: Option<PostId>) -> PostId {
    rig.advance(1_000);
    rig.world.with(|world, now| world.post(now, author, Draft { text, quotes, ..Draft::default() }).unwrap().id)
}

/// The account's answers to a post.
pub fn answers(rig: &Rig, to: PostId) -> Vec<String> {
    let posts: Vec<Post> = dispute_fixture::posts(rig);
    posts.iter().filter(|post| post.answers == Some(to)).map(|post| post.written.clone()).collect()
}

/// Somebody writes to the account, and a few minutes pass: less than a code is valid.
pub async fn write(rig: &mut Rig, from: AccountId, text: &str) {
    tell(rig, from, text);
    let until = rig.now().plus_ms(5 * 60_000);
    assert!(rig.run_until(dispute_fixture::LONG, |rig| until < rig.now()).await);
}

/// Somebody writes to the account.
pub fn tell(rig: &Rig, from: AccountId, text: &str) {
    rig.advance(1_000);
    rig.world.with(|world, now| world.send(now, from, EMBASSY, &Outgoing::text(text)).unwrap());
}

/// What the account has written to somebody, in order.
pub fn letters(rig: &Rig, to: AccountId) -> Vec<String> {
    let conversation = ConversationId::between(EMBASSY, to);
    rig.world.with(|world, _| {
        let sent = world.events().filter(|event| event.conversation == conversation && event.sender == EMBASSY);
        sent.filter_map(|event| match &event.kind {
            EventKind::Message { words, .. } => Some(unescape(&words.text)),
            _ => None,
        })
        .collect()
    })
}

/// The last thing that the account has written to somebody.
pub fn last_letter(rig: &Rig, to: AccountId) -> String {
    letters(rig, to).pop().unwrap_or_default()
}

/// The command in the last letter that says `confirm` and a code.
pub fn code(rig: &Rig, to: AccountId) -> String {
    let letter = letters(rig, to).into_iter().rev().find(|letter| letter.contains("\nconfirm ")).unwrap();
    letter.lines().find(|line| line.starts_with("confirm ")).unwrap().to_owned()
}
