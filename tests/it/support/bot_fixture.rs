//! What the stories of the bot have in common: who asks, and what the bot has said.

use std::time::Duration;

use verbale::base::ids::{Account, AccountId, ConversationId, PostId};
use verbale::sandbox::EMBASSY;
use verbale::sandbox::world::{Draft, EventKind, Outgoing, Post, Settings, unescape};

use crate::support::dispute_fixture;
use crate::support::harness::{EVERY, Harness, MARKER, Plan};

/// Who may command by message, and one whose name looks like the first one's.
pub const FIRST: AccountId = AccountId(5001);
pub const SECOND: AccountId = AccountId(5002);
pub const IMPOSTOR: AccountId = AccountId(5003);

/// What the note says, and nobody else.
pub const TEXT: &str = "Zq7markedText4Wb";

/// All tasks on a note that is sealed, posted and public, with two officials, after `set`.
pub async fn begin(platform: Settings, set: impl FnOnce(&mut Harness)) -> Harness {
    let attachments_timeout = Duration::from_millis(1);
    let mut harness = Harness::new(Plan { seed: 4, platform, run_over: 5, heartbeat: false, attachments_timeout });
    harness.running = &EVERY;
    (harness.officials, harness.commands, harness.has_key) = (vec![FIRST, SECOND], true, true);
    set(&mut harness);
    harness.world.with(|world, now| {
        for account in ["5001 first_secretary", "5002 second_secretary", "5003 first_secretery"] {
            world.add_user(now, Account::parse(account).unwrap());
        }
    });
    dispute_fixture::settle(&mut harness).await;
    dispute_fixture::send(&harness, &format!("{MARKER} {TEXT}"), &[]);
    dispute_fixture::settle(&mut harness).await;
    assert_eq!(dispute_fixture::posts(&harness).len(), 1);
    harness
}

/// Somebody posts.
pub fn say(harness: &Harness, author: AccountId, text: &str) -> PostId {
    say_beside(harness, author, text, None)
}

/// Somebody posts, and quotes a post.
pub fn say_beside(harness: &Harness, author: AccountId, text: &str, quotes: Option<PostId>) -> PostId {
    harness.advance(1_000);
    harness.world.with(|world, now| world.post(now, author, Draft { text, quotes, ..Draft::default() }).unwrap().id)
}

/// The account's answers to a post.
pub fn answers(harness: &Harness, to: PostId) -> Vec<String> {
    let posts: Vec<Post> = dispute_fixture::posts(harness);
    posts.iter().filter(|post| post.answers == Some(to)).map(|post| post.written.clone()).collect()
}

/// Somebody writes to the account, and a few minutes pass: less than a code is valid.
pub async fn write(harness: &mut Harness, from: AccountId, text: &str) {
    tell(harness, from, text);
    let until = harness.now().plus_ms(5 * 60_000);
    assert!(harness.run_until(dispute_fixture::LONG, |harness| until < harness.now()).await);
}

/// Somebody writes to the account.
pub fn tell(harness: &Harness, from: AccountId, text: &str) {
    harness.advance(1_000);
    harness.world.with(|world, now| world.send(now, from, EMBASSY, &Outgoing::text(text)).unwrap());
}

/// What the account has written to somebody, in order.
pub fn letters(harness: &Harness, to: AccountId) -> Vec<String> {
    let conversation = ConversationId::between(EMBASSY, to);
    harness.world.with(|world, _| {
        let sent = world.events().filter(|event| event.conversation == conversation && event.sender == EMBASSY);
        sent.filter_map(|event| match &event.kind {
            EventKind::Message { words, .. } => Some(unescape(&words.text)),
            _ => None,
        })
        .collect()
    })
}

/// The last message that the account has written to somebody.
pub fn last_letter(harness: &Harness, to: AccountId) -> String {
    letters(harness, to).pop().unwrap_or_default()
}

/// The command in the last message that says `confirm` and a code.
pub fn code(harness: &Harness, to: AccountId) -> String {
    let letter = letters(harness, to).into_iter().rev().find(|letter| letter.contains("\nconfirm ")).unwrap();
    letter.lines().find(|line| line.starts_with("confirm ")).unwrap().to_owned()
}
