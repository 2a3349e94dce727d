//! What the stories of disputes have in common: a sealed note, what officials ask for, and what must hold in the end.

use std::time::Duration;

use verbale::base::hash::Hash;
use verbale::base::ids::{AccountId, AccountName, PostId};
use verbale::note::request::RequestState;
use verbale::note::{Role, names};
use verbale::platform::x;
use verbale::sandbox::world::{Draft, EventKind, Outgoing, Post, Settings, unescape};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::store::vault;
use verbale::store::{Ask, NewRequest, Reader, RequestClient};
use verbale::tasks::disclose::bundle;
use verbale::tlog::entry::{Entry, Level};
use verbale::tlog::signed_note::VerifierKey;
use verbale::wording::thread;

use crate::support::database::wait;
use crate::support::harness::{DISPUTE, Harness, MARKER, Plan};

/// Longer than all waits of a story together.
pub const LONG: Duration = Duration::from_secs(3 * 86_400);

/// What a journalist posts, and where X lets us answer.
pub const DENIAL: &str = "@embassy no such note ever came, says the ministry";

/// The official who asks and the official who approves, as the request keeps them.
pub const FIRST: &str = "first official";
pub const SECOND: &str = "second official";

/// X without limits and without a check for duplicates: only the program makes sure that nothing is said twice.
pub fn platform() -> Settings {
    Settings { refuses_duplicates: false, ..Settings::without_limits() }
}

/// A text in scripts that are difficult for a mirror, long enough for three posts at least.
pub fn text() -> String {
    format!(
        "{MARKER}: Посольство свидетельствует своё уважение Министерству и имеет честь сообщить. تتشرف السفارة بإفادتكم بما \
         يلي. 大使馆向外交部致意，并荣幸地通知如下。Σχετικά με το έγγραφο 👩‍👩‍👧‍👦 🇪🇺🇺🇦 ❤️\u{200d}🔥, see https://example.org/ä?b=1&c=<2> \
         and @ministry, $TAX, &amp; example.org.\n\n\n\tThe Embassy [.] asks “for an answer” by Friday. {}\r\n",
        "It has asked before, and was not answered. ".repeat(12)
    )
}

/// A harness on which a note with this text and these files is sealed, posted and public.
pub async fn sealed(platform: Settings, text: &str, files: &[(&str, Vec<u8>)]) -> Harness {
    let attachments_timeout = Duration::from_millis(1);
    let mut harness = Harness::new(Plan { seed: 4, platform, run_over: 5, heartbeat: false, attachments_timeout });
    harness.running = &DISPUTE;
    harness.officials = vec![AccountId(990_017)];
    assert!(harness.run_until(Duration::from_secs(600), |harness| harness.public().join("checkpoint").exists()).await);
    send(&harness, text, files);
    settle(&mut harness).await;
    harness
}

pub fn send(harness: &Harness, text: &str, files: &[(&str, Vec<u8>)]) {
    harness.advance(1_000);
    harness.world.with(|world, now| {
        let media = files.iter().map(|(kind, bytes)| world.upload(now, EMBASSY, kind, bytes.clone())).collect();
        world.send(now, EMBASSY, MINISTRY, &Outgoing { text: text.to_owned(), media }).unwrap();
    });
}

/// Runs until nothing has changed for longer than any wait.
pub async fn settle(harness: &mut Harness) {
    let until = harness.now().plus_ms(3_600_000);
    assert!(harness.run_until(LONG, |harness| until < harness.now()).await);
}

pub fn reader(harness: &Harness) -> Reader {
    Reader::open(&harness.database()).unwrap()
}

/// The packed proof of note 1, as an official's command makes it.
pub fn proof(harness: &Harness, level: Level) -> Vec<u8> {
    let reader = reader(harness);
    let row = wait(reader.proof(1)).unwrap().unwrap();
    let opening = vault::open(1, row.opening.as_ref().unwrap(), std::slice::from_ref(&harness.identity)).unwrap();
    let vkey = VerifierKey::parse(&wait(reader.vkey()).unwrap()).unwrap();
    let address = |name: &AccountName, post| x::address_of("https://x.com", name, post);
    bundle::proof(1, &row, vkey, address, opening, level).unwrap().pack()
}

pub fn asked(level: Level) -> NewRequest {
    NewRequest { ask: Ask::Open { note: 1, level }, asked_by: FIRST.to_owned() }
}

/// Asks to open note 1, with the proof.
pub fn ask(harness: &Harness, level: Level) -> u64 {
    let zip = proof(harness, level);
    wait(RequestClient::open(&harness.database()).unwrap().ask(asked(level), Some(zip), harness.now())).unwrap()
}

pub fn dispute(harness: &Harness, post: PostId) -> u64 {
    let request = NewRequest { ask: Ask::Dispute { note: 1, post }, asked_by: FIRST.to_owned() };
    wait(RequestClient::open(&harness.database()).unwrap().ask(request, None, harness.now())).unwrap()
}

pub fn state(harness: &Harness, request: u64) -> RequestState {
    wait(reader(harness).request(request)).unwrap().unwrap().state
}

pub fn posts(harness: &Harness) -> Vec<Post> {
    harness
        .world
        .with(|world, _| world.posts().filter(|post| post.author == EMBASSY && !post.is_deleted).cloned().collect())
}

/// The posts that carry a note, in the order of their parts.
pub fn parts(harness: &Harness) -> Vec<Post> {
    let part = |post: &Post| thread::Part::parse(&post.written).ok().map(|part| part.place);
    let mut parts: Vec<_> = posts(harness).into_iter().filter_map(|post| Some((part(&post)?, post))).collect();
    parts.sort_by_key(|(place, post)| (*place, post.id));
    parts.into_iter().map(|(_, post)| post).collect()
}

pub fn entries(harness: &Harness) -> Vec<Entry> {
    let lines = wait(reader(harness).entries(0, 1000)).unwrap();
    lines.iter().map(|line| Entry::parse(line.as_bytes()).unwrap()).collect()
}

/// The note is open to the public, once: in the log, on the site, and in a mirror from which its text is joined.
pub fn is_open(harness: &Harness) {
    let shown: Vec<String> = parts(harness).iter().map(|post| unescape(&post.words.text)).collect();
    let bare: Vec<&str> =
        shown.iter().map(|text| text.rsplit_once(" https://t.co/").map_or(&**text, |cut| cut.0)).collect();
    let joined = thread::join(&bare).unwrap();
    assert_eq!((joined.note, joined.text), (1, sent_text(harness)));
    let content = std::fs::read(harness.public().join("note/0/1").join(names::content(1))).unwrap();
    let opened: Vec<Entry> = entries(harness).into_iter().filter(|entry| matches!(entry, Entry::Open { .. })).collect();
    let [Entry::Open { note: 1, level: Level::Content, sha256, .. }] = &opened[..] else { panic!("{opened:?}") };
    assert_eq!(*sha256, Hash::of(&content));
    let page = std::fs::read_to_string(harness.public().join("note/0/1.html")).unwrap();
    for name in [names::proof(1), names::envelope(1), names::content(1), names::record(1, Role::Message, 1)] {
        assert!(page.contains(&format!("../../note/0/1/{name}")), "the page has no link to {name}");
        assert!(harness.public().join("note/0/1").join(&name).is_file());
    }
}

/// The text of note 1 as X shows it in the conversation: with its own short links.
pub fn sent_text(harness: &Harness) -> String {
    harness.world.with(|world, _| {
        let first = world.events().find_map(|event| match &event.kind {
            EventKind::Message { words, .. } if event.sender == EMBASSY => Some(unescape(&words.text)),
            _ => None,
        });
        first.unwrap()
    })
}

/// Each part answers the one before it, and the first the post with the commitment.
pub fn is_thread(harness: &Harness) {
    let commitment = wait(reader(harness).standing(1)).unwrap().unwrap().post.map(|post| post.id);
    let mut before = commitment;
    for part in parts(harness) {
        assert_eq!(part.answers, before);
        before = Some(part.id);
    }
}

/// Words that are in the note and nowhere else.
pub const PRIVATE: &str = "大使馆向外交部致意";

/// Whether the file of the database, which nobody has open, contains these words unencrypted.
pub fn holds(harness: &Harness, words: &str) -> bool {
    let database = std::fs::read(harness.database()).unwrap();
    database.windows(words.len()).any(|part| part == words.as_bytes())
}

/// A journalist's post that denies the note.
pub fn deny(harness: &Harness, text: &str) -> PostId {
    harness.world.with(|world, now| world.post(now, JOURNALIST, Draft { text, ..Draft::default() }).unwrap().id)
}

pub fn letters(harness: &Harness) -> Vec<String> {
    let to = AccountId(990_017);
    harness.world.with(|world, _| {
        let conversation = verbale::base::ids::ConversationId::between(EMBASSY, to);
        let sent = world.events().filter(|event| event.conversation == conversation);
        sent.filter_map(|event| match &event.kind {
            EventKind::Message { words, .. } => Some(unescape(&words.text)),
            _ => None,
        })
        .collect()
    })
}

/// The dispute is in the log once, its answer is public once, and each official was told once.
pub fn is_disputed(harness: &Harness, post: PostId, replies: bool) {
    let disputes: Vec<Entry> =
        entries(harness).into_iter().filter(|entry| matches!(entry, Entry::Dispute { .. })).collect();
    let [Entry::Dispute { note: 1, post: disputing, .. }] = &disputes[..] else { panic!("{disputes:?}") };
    assert_eq!(disputing.id, post);
    let commitment = wait(reader(harness).standing(1)).unwrap().unwrap().commitment.to_string();
    let ends = format!("re {post}");
    let answers: Vec<Post> = posts(harness).into_iter().filter(|post| post.written.ends_with(&ends)).collect();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].answers, replies.then_some(post));
    assert!(answers[0].written.contains(&commitment));
    let letters = letters(harness);
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].starts_with("verbale\n") && letters[0].contains(&post.to_string()));
    let page = std::fs::read_to_string(harness.public().join("note/0/1.html")).unwrap();
    assert!(page.contains("Disputed. "));
}
