//! What may leave the program, for every command and every kind of author: a table that is made by trying all of them, and
//! compared with the one in `src/LEAKS.md`. In each case all that has left is searched for what is marked as secret.
//!
//! `VERBALE_WRITE_LEAKS=1` writes the table anew.

pub mod commands;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use verbale::base::ids::{AccountId, ConversationId, PostId};
use verbale::sandbox::world::{Draft, EventKind, Outgoing, unescape};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use verbale::store::vault;
use verbale::store::{Ask, NewRequest, RequestClient};
use verbale::tlog::entry::{Entry, Level};

use crate::support::bot_fixture::{FIRST, IMPOSTOR, SECOND, TEXT, code, letters, write};
use crate::support::database::wait;
use crate::support::dispute_fixture::{entries, platform, posts, reader, send, settle};
use crate::support::harness::{Harness, MARKER};
use crate::support::parallel::in_parallel;
use crate::support::secret_search::{Secret, files_in, unpacked};

/// Stands in the file of the note.
const FILE: &str = "Xk2markedFile9Lm";

/// Who asks.
const KINDS: [(&str, AccountId); 6] = [
    ("stranger", JOURNALIST),
    ("correspondent", MINISTRY),
    ("official", FIRST),
    ("second official", SECOND),
    ("impostor", IMPOSTOR),
    ("own account", EMBASSY),
];

/// How it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In a public post.
    Mention,
    /// In a public post that quotes the one with the commitment.
    Quote,
    /// In a direct message.
    Message,
    /// In a direct message, and whatever code comes back is sent back.
    Confirmed,
    /// The same, and a second official must approve what opens.
    Approved,
    /// The same, and the official has asked for it already: `approve 1` means that request.
    Asked,
}

/// All that can be asked, `#` standing for the note's commitment.
const CASES: [(Way, &str); 31] = [
    (Way::Mention, "check 1"),
    (Way::Mention, "check 2"),
    (Way::Mention, "check #"),
    (Way::Quote, "is this real?"),
    (Way::Quote, "dispute"),
    (Way::Mention, "dispute 1"),
    (Way::Mention, "status"),
    (Way::Mention, "help"),
    (Way::Mention, "notes"),
    (Way::Mention, "open 1 envelope"),
    (Way::Mention, "open 1 content"),
    (Way::Mention, "confirm 123456"),
    (Way::Mention, "approve 1"),
    (Way::Mention, "what does note 1 say?"),
    (Way::Message, "check 1"),
    (Way::Message, "dispute 1"),
    (Way::Message, "status"),
    (Way::Message, "notes"),
    (Way::Message, "help"),
    (Way::Message, "open 1 envelope"),
    (Way::Message, "open 1 content"),
    (Way::Message, "open 2 content"),
    (Way::Message, "confirm 123456"),
    (Way::Message, "approve 1"),
    (Way::Message, "NOTE open 1 content"),
    (Way::Message, "what does note 1 say?"),
    (Way::Confirmed, "open 1 envelope"),
    (Way::Confirmed, "open 1 content"),
    (Way::Approved, "open 1 content"),
    (Way::Asked, "approve 1"),
    (Way::Asked, "status"),
];

impl Way {
    fn words(self) -> &'static str {
        match self {
            Way::Mention => "mention",
            Way::Quote => "mention that quotes the post of note 1",
            Way::Message => "message",
            Way::Confirmed => "message, and its code",
            Way::Approved => "message, and its code; two officials are needed",
            Way::Asked => "message, and its code; two officials are needed, and the first has asked to open note 1",
        }
    }

    fn is_public(self) -> bool {
        matches!(self, Way::Mention | Way::Quote)
    }
}

/// A world with a note whose text and file are marked, in which it is known what must stay secret.
async fn begin(way: Way) -> (Harness, Vec<Secret>) {
    let mut harness = crate::support::bot_fixture::begin(platform(), |harness| {
        harness.approval = matches!(way, Way::Approved | Way::Asked)
    })
    .await;
    send(&harness, &format!("{MARKER} {TEXT} with a file"), &[("image/png", format!("{FILE} {FILE}").into_bytes())]);
    settle(&mut harness).await;
    let mut secrets = vec![
        Secret::new("the text", TEXT.as_bytes()),
        Secret::new("the file", FILE.as_bytes()),
        Secret::new("the log's key", &[7; 32]),
    ];
    for note in [1, 2] {
        let row = wait(reader(&harness).proof(note)).unwrap().unwrap();
        let opening = vault::open(note, &row.opening.unwrap(), std::slice::from_ref(&harness.identity)).unwrap();
        let (envelope, content) = opening.check().unwrap();
        secrets.push(Secret::new(format!("the salt of envelope {note}"), envelope.salt.as_bytes()));
        secrets.push(Secret::new(format!("the salt of content {note}"), content.header.salt.as_bytes()));
    }
    if way == Way::Asked {
        let asked = NewRequest { ask: Ask::Open { note: 1, level: Level::Content }, asked_by: FIRST.to_string() };
        wait(RequestClient::open(&harness.database()).unwrap().ask(asked, None, harness.now())).unwrap();
        settle(&mut harness).await;
    }
    (harness, secrets)
}

/// Somebody asks, and answers with the code if one comes.
async fn ask(harness: &mut Harness, way: Way, text: &str, who: AccountId) {
    let standing = wait(reader(harness).standing(1)).unwrap().unwrap();
    let text = text.replace('#', &standing.commitment.to_string());
    if way.is_public() {
        let (text, quotes) =
            (format!("@embassy {text}"), standing.post.map(|post| post.id).filter(|_| way == Way::Quote));
        harness.world.with(|world, now| {
            world.post(now, who, Draft { text: &text, quotes, ..Draft::default() }).unwrap();
        });
    } else if who == EMBASSY {
        // Whoever else uses the account, in its conversation with an official.
        harness.world.with(|world, now| world.send(now, EMBASSY, FIRST, &Outgoing::text(&text))).unwrap();
    } else {
        write(harness, who, &text).await;
        if way != Way::Message && letters(harness, who).iter().any(|letter| letter.contains("\nconfirm ")) {
            let confirm = code(harness, who);
            write(harness, who, &confirm).await;
        }
    }
    settle(harness).await;
}

/// All that is outside, by place.
struct Outside {
    posts: BTreeSet<PostId>,
    letters: Vec<(AccountId, Vec<String>)>,
    entries: usize,
    files: BTreeSet<String>,
}

fn outside(harness: &Harness) -> Outside {
    let names = files_in(&harness.public()).into_iter().map(|(name, _)| relative(&name, &harness.public()));
    Outside {
        posts: posts(harness).iter().map(|post| post.id).collect(),
        letters: KINDS.map(|(_, id)| (id, if id == EMBASSY { Vec::new() } else { said(harness, id) })).to_vec(),
        entries: entries(harness).len(),
        files: names.filter(|name| name.starts_with("note/0/1/")).collect(),
    }
}

fn relative(name: &str, folder: &Path) -> String {
    name.trim_start_matches(&format!("{}/", folder.display())).to_owned()
}

/// What the program has written to somebody: not what people have written in the account's name.
fn said(harness: &Harness, to: AccountId) -> Vec<String> {
    letters(harness, to).into_iter().filter(|letter| letter.starts_with("verbale\n")).collect()
}

/// One case: its line of the table, and what was found of what must stay secret.
fn tried(way: Way, text: &str, who: AccountId) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (mut harness, secrets) = begin(way).await;
        let before = outside(&harness);
        ask(&mut harness, way, text, who).await;
        let after = outside(&harness);
        let new_posts: Vec<_> = posts(&harness).into_iter().filter(|post| !before.posts.contains(&post.id)).collect();
        let answers = new_posts.iter().filter(|post| !post.written.starts_with("@embassy"));
        let public = listed(answers.map(|post| gist(post.written.lines().next().unwrap_or_default())));
        let told = before.letters.iter().zip(&after.letters).flat_map(|((id, old), (_, new))| {
            new[old.len()..]
                .iter()
                .map(|letter| format!("{}: {}", name(*id, who), gist(letter.lines().nth(1).unwrap_or_default())))
        });
        let told = listed(told);
        let lines = entries(&harness).split_off(before.entries);
        let log = listed(lines.iter().map(|entry| match entry {
            Entry::Open { note, level, .. } => format!("open {note} {level}"),
            Entry::Dispute { note, .. } => format!("dispute {note}"),
            other => panic!("{other}"),
        }));
        let level = lines
            .iter()
            .filter_map(|entry| if let Entry::Open { level, .. } = entry { Some(*level) } else { None })
            .max();
        let files =
            listed(after.files.difference(&before.files).map(|file| file.trim_start_matches("note/0/1/").to_owned()));
        search(&harness, &secrets, level);
        format!("{public} | {told} | {log} | {files}")
    })
}

/// Looks for secrets in all that has left the program, and in the database.
fn search(harness: &Harness, secrets: &[Secret], level: Option<Level>) {
    let mut written = unpacked(files_in(&harness.public()));
    written.extend(posts(harness).into_iter().map(|post| (format!("post {}", post.id), post.written.into_bytes())));
    for (_, account) in KINDS.iter().filter(|(_, id)| *id != EMBASSY) {
        written.extend(
            said(harness, *account).into_iter().map(|letter| (format!("letter to {account}"), letter.into_bytes())),
        );
    }
    for name in ["verbale.db", "verbale.db-wal"] {
        written.extend(fs::read(harness.folder.path().join(name)).ok().map(|bytes| (name.to_owned(), bytes)));
    }
    let mut found = Vec::new();
    for (place, bytes) in &written {
        found.extend(
            secrets.iter().filter(|secret| secret.is_in(bytes)).map(|secret| (secret.name.clone(), place.clone())),
        );
    }
    // An opening makes public what it opens, of this note: its own salts, and its words. The other note has the same words.
    let allowed: &[&str] = match level {
        None => &[],
        Some(Level::Envelope) => &["the salt of envelope 1"],
        Some(Level::Content | Level::Unlocked) => &["the salt of envelope 1", "the salt of content 1", "the text"],
    };
    let leaked: Vec<_> = found.iter().filter(|(name, _)| !allowed.contains(&name.as_str())).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    assert!(
        level.is_none() || found.iter().any(|(name, _)| name == "the salt of envelope 1"),
        "the search finds nothing"
    );
    let is_mirrored = found.iter().any(|(name, place)| name == "the text" && place.starts_with("post "));
    assert_eq!(level == Some(Level::Content), is_mirrored);
    assert!(!found.iter().any(|(_, place)| place.starts_with("letter")));
    let human = harness.world.with(|world, _| {
        let conversation = ConversationId::between(EMBASSY, MINISTRY);
        let texts = world.events().filter(|event| event.conversation == conversation);
        texts
            .filter(
                |event| matches!(&event.kind, EventKind::Message { words, .. } if unescape(&words.text).contains(TEXT)),
            )
            .count()
    });
    assert_eq!(human, 2, "nothing of a note is said again by message");
}

/// Who somebody is, seen from who asks.
fn name(id: AccountId, asker: AccountId) -> &'static str {
    if id == asker {
        return "the author";
    }
    KINDS.iter().find(|(_, kind)| *kind == id).map_or("somebody", |(name, _)| name)
}

/// A line without the numbers of posts and accounts, cut.
fn gist(line: &str) -> String {
    let is_id = |word: &str| 3 < word.len() && word.trim_end_matches(['.', ',']).parse::<u64>().is_ok();
    let words = line.split(' ').map(|word| if is_id(word) { "…" } else { word });
    let line = words.collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(60).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

fn listed(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { "—".to_owned() } else { items.join("<br>") }
}

/// The rows of one case: kinds of author for which the same happens stand together.
fn rows(way: Way, text: &str, outcomes: &[(&str, String)]) -> String {
    let mut groups: Vec<(Vec<&str>, &str)> = Vec::new();
    for (kind, outcome) in outcomes {
        match groups.iter_mut().find(|(_, other)| other == outcome) {
            Some((kinds, _)) => kinds.push(kind),
            None => groups.push((vec![kind], outcome)),
        }
    }
    let row = |(kinds, outcome): (Vec<&str>, &str)| {
        format!("| {} | `{}` | {} | {outcome} |\n", way.words(), text.replace('#', "<its hash>"), kinds.join(", "))
    };
    groups.into_iter().map(row).collect()
}

const HEAD: &str = "\
# What may leave the program

Made by `tests/it/adversary/leaks.rs`, which tries every command in every way by every kind of author on a note whose text, file and
salts are marked, and searches all that has left the program, and the database, for the marks. Nothing of a note is found
anywhere before an official has opened it, and never in a direct message. `VERBALE_WRITE_LEAKS=1` writes this table anew.

The official and the second official are named in the configuration, and the machine has a key that opens notes. The
impostor's name looks like the official's. Of each post and message the first line is shown, cut; the note is number 1.

| how | what is asked | by whom | posts | direct messages | log | new files of the note on the site |
|---|---|---|---|---|---|---|
";

#[test]
fn for_every_command_and_every_author_it_is_known_what_leaves_the_program() {
    let cases: Vec<_> = CASES.iter().flat_map(|case| KINDS.map(|kind| (*case, kind))).collect();
    let outcomes = Mutex::new(vec![String::new(); cases.len()]);
    let indexed: Vec<_> = cases.iter().enumerate().collect();
    let ended = in_parallel(2, &indexed, |(index, ((way, text), (_, who)))| {
        let outcome = tried(*way, text, *who);
        outcomes.lock().unwrap()[*index] = outcome;
    });
    let failed: Vec<_> = cases.iter().zip(&ended).filter(|(_, ended)| *ended != "ok").collect();
    let failed: Vec<_> =
        failed.iter().map(|(((way, text), (kind, _)), ended)| (way.words(), text, kind, ended)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let outcomes = outcomes.into_inner().unwrap();
    let mut table = HEAD.to_owned();
    for ((way, text), outcomes) in CASES.iter().zip(outcomes.chunks(KINDS.len())) {
        let outcomes: Vec<_> = KINDS.iter().map(|(kind, _)| *kind).zip(outcomes.iter().cloned()).collect();
        table += &rows(*way, text, &outcomes);
    }
    assert_kept(Part::Written, &table);
}

/// The parts of `src/LEAKS.md`.
#[derive(Clone, Copy)]
enum Part {
    /// What is written to the account.
    Written,
    /// The command line.
    Commands,
}

/// Asserts that the file says so, or writes it.
fn assert_kept(part: Part, now: &str) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/LEAKS.md");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let cut = text.find(commands::TITLE).unwrap_or(text.len());
    let mut kept = [text[..cut].to_owned(), text[cut..].to_owned()];
    if std::env::var_os("VERBALE_WRITE_LEAKS").is_some() {
        now.clone_into(&mut kept[part as usize]);
        fs::write(&path, kept.concat()).unwrap();
    }
    let kept = &kept[part as usize];
    assert!(kept == now, "src/LEAKS.md says something else; what leaves the program is now:\n{now}");
}
