//! Officials open notes and enter disputes with the program's own commands, against a sandbox over HTTP.

use std::fs;
use std::process::{Output, Stdio};

use age::secrecy::ExposeSecret;
use verbale::note::request::RequestState;
use verbale::note::{Role, names};
use verbale::sandbox::world::{Call, Draft, Fault, How, Moment, Outgoing, unescape};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY, World};
use verbale::store::{Ask, NewRequest, Reader, RequestClient};
use verbale::tasks::publish::{self, FileHeaders};
use verbale::tlog::entry::{Entry, Level};
use verbale::wording::thread::{self, Part};

use crate::support::database::wait;
use crate::support::harness::MARKER;
use crate::support::process::{GENEROUS, Place, stop};

/// A text for several posts.
fn text() -> String {
    format!("{MARKER} {}Срок — пятница. 👩‍👩‍👧‍👦", "The Embassy asks for an answer. ".repeat(20))
}

/// A place with one note that is posted, and the file of the official's key.
async fn posted() -> Place {
    let mut place = Place::new().await;
    write_key(&place, "official.txt", &place.identity);
    let mut child = place.run();
    place.until("the first look", |world| 2 <= world.counts().of(Call::Messages)).await;
    let what = Outgoing::text(&text());
    let id = place.server.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &what).unwrap());
    place.observer.owe(id, &[MINISTRY.0]);
    stop(&mut child, "TERM").await;
    place.finish().await;
    place
}

fn write_key(place: &Place, name: &str, identity: &age::x25519::Identity) {
    use std::os::unix::fs::PermissionsExt;
    let path = place.path(name);
    fs::write(&path, format!("{}\n", identity.to_string().expose_secret())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn configure(place: &Place, old: &str, new: &str) {
    let path = place.path("config.toml");
    let config = fs::read_to_string(&path).unwrap();
    assert!(config.contains(old), "{old}");
    fs::write(&path, config.replace(old, new)).unwrap();
}

/// What a command says and how it ends.
async fn say(place: &Place, arguments: &[&str], key: &str) -> (i32, String, String) {
    let mut command = place.command(arguments);
    if !key.is_empty() {
        command.arg("--identity").arg(place.path(key));
    }
    let answer = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
    let Output { status, stdout, stderr } = tokio::time::timeout(GENEROUS, answer).await.expect("an answer").unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A refusal is two lines: what happened, and what to do.
#[track_caller]
fn is_refused((status, out, error): (i32, String, String), expected: i32, what: &str) {
    assert_eq!(status, expected, "{out}{error}");
    assert!(error.contains(what), "{error}");
    assert_eq!(error.trim_end().lines().count(), 2, "{error}");
}

fn parts(world: &World) -> Vec<String> {
    let texts = world.posts().filter(|post| post.author == EMBASSY).map(|post| unescape(&post.words.text));
    texts.filter(|text| Part::parse(text).is_ok()).collect()
}

fn openings(place: &Place) -> usize {
    let lines = wait(Reader::open(&place.path("verbale.db")).unwrap().entries(0, 1000)).unwrap();
    lines.iter().filter(|line| matches!(Entry::parse(line.as_bytes()), Ok(Entry::Open { .. }))).count()
}

const CONTENT: [&str; 6] = ["open", "1", "--level", "content", "--publish", "--yes"];

#[tokio::test]
async fn an_official_opens_a_note_in_public() {
    let place = posted().await;
    let mut daemon = place.serve().await;
    is_refused(say(&place, &["open", "2", "--level", "content", "--publish"], "official.txt").await, 1, "no note 2");
    is_refused(say(&place, &CONTENT[..5], "official.txt").await, 2, "no terminal");
    write_key(&place, "stranger.txt", &age::x25519::Identity::generate());
    is_refused(say(&place, &CONTENT, "stranger.txt").await, 2, "none of those of the officials");
    assert_eq!(openings(&place), 0);

    let (status, out, error) = say(&place, &CONTENT, "official.txt").await;
    assert_eq!((status, error.as_str()), (0, ""), "{out}");
    let joined = thread::join(&place.server.world.with(|world, _| parts(world))).unwrap();
    assert_eq!((joined.note, joined.text), (1, text()));
    let posts = place.server.world.with(|world, _| parts(world).len());
    assert!(out.contains(&format!("{posts} posts on X, ${:.3}", 0.015 * posts as f64)), "{out}");
    assert!(
        out.contains("    | NOTE The Embassy asks for an answer.") && out.contains("to   783214 ministry"),
        "{out}"
    );
    assert_eq!(out.lines().filter(|line| line.contains("/embassy/status/")).count(), posts, "{out}");

    is_refused(say(&place, &CONTENT, "official.txt").await, 1, "the content of note 1 is open already");
    let envelope = ["open", "1", "--level", "envelope", "--publish", "--yes"];
    is_refused(say(&place, &envelope, "official.txt").await, 1, "the content of note 1 is open already");
    let (status, out, _) = say(&place, &["requests"], "").await;
    assert_eq!((status, out.lines().count()), (0, 1));
    assert!(out.contains("done       open 1 content  asked by age1"), "{out}");
    stop(&mut daemon, "TERM").await;

    // The site is made of the database alone, wherever it is written.
    let copy = place.path("copy");
    let (status, ..) = say(&place, &["site", copy.to_str().unwrap()], "").await;
    assert_eq!(status, 0);
    for name in [names::proof(1), names::content(1), names::envelope(1), names::record(1, Role::Message, 1)] {
        let path = format!("note/0/1/{name}");
        assert_eq!(fs::read(copy.join(&path)).unwrap(), fs::read(place.path("public").join(&path)).unwrap(), "{name}");
    }
    // Whoever hands the folder out, or copies it, knows every file in it but the program's note to itself, and that to git.
    for (path, ..) in crate::support::command::everything_in(&copy).into_iter().filter(|(path, ..)| path.is_file()) {
        let path = path.strip_prefix(&copy).unwrap().to_str().unwrap();
        let is_public = ![publish::MANIFEST, ".gitattributes"].contains(&path);
        assert_eq!(FileHeaders::of(path).is_some(), is_public, "{path}");
    }
    let proof = copy.join("note/0/1").join(names::proof(1));
    let verify = place.command(&[]).as_std().get_program().to_owned();
    fs::remove_dir_all(place.path("public")).unwrap();
    let mut daemon = place.run();
    let again = place.path("public/note/0/1").join(names::proof(1));
    place.until("the files in a new folder", |_| again.exists() && place.path("public/checkpoint").exists()).await;
    assert_eq!(fs::read(again).unwrap(), fs::read(&proof).unwrap());
    stop(&mut daemon, "TERM").await;
    let verified = std::process::Command::new(verify).arg("verify").arg(proof).output().unwrap();
    assert_eq!(verified.status.code(), Some(4), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[tokio::test]
async fn an_opening_is_killed_in_the_middle_of_its_thread() {
    for at in [Moment::Before, Moment::After] {
        let place = posted().await;
        let mut daemon = place.run();
        let hangs = Fault::once(Call::CreatePost, at, How::Hold);
        place.server.world.with(|world, _| {
            world.add_fault(Fault::once(Call::CreatePost, Moment::Before, How::Delay { ms: 0 }));
            world.add_fault(hangs);
        });
        let mut asking = place.command(&CONTENT);
        let mut asking = asking.arg("--identity").arg(place.path("official.txt")).spawn().unwrap();
        let shown = if at == Moment::After { 2 } else { 1 };
        place
            .until("the second part hangs", |world| world.faults().next().is_none() && parts(world).len() == shown)
            .await;
        daemon.kill().await.unwrap();
        let status = tokio::time::timeout(GENEROUS, asking.wait()).await.unwrap().unwrap();
        assert!(status.success(), "the command says that it is kept, and ends");

        let mut daemon = place.run();
        let whole = |world: &World| thread::join(&parts(world)).is_ok();
        place.until("the rest of the thread", whole).await;
        let thread = place.server.world.with(|world, _| thread::join(&parts(world)).unwrap());
        assert_eq!((thread.text, openings(&place)), (text(), 1));
        stop(&mut daemon, "TERM").await;
    }
}

#[tokio::test]
async fn without_a_daemon_the_request_is_kept() {
    let place = posted().await;
    let (status, out, _) = say(&place, &CONTENT, "official.txt").await;
    assert_eq!(status, 0);
    assert!(out.contains("request 1 is kept, but no daemon runs"), "{out}");
    is_refused(say(&place, &CONTENT, "official.txt").await, 1, "request 1 asks for the same already");
    let mut daemon = place.run();
    place.until("the mirror", |world| thread::join(&parts(world)).is_ok()).await;
    stop(&mut daemon, "TERM").await;
}

#[tokio::test]
async fn a_second_official_approves() {
    let place = posted().await;
    let second = age::x25519::Identity::generate();
    write_key(&place, "second.txt", &second);
    configure(&place, "approval = false", "approval = true");
    let first = place.identity.to_public().to_string();
    configure(&place, &format!("\"{first}\""), &format!("\"{first}\", \"{}\"", second.to_public()));
    let mut daemon = place.run();
    let (status, out, _) = say(&place, &CONTENT, "official.txt").await;
    assert_eq!(status, 0);
    assert!(out.contains("request 1 waits for a second official: `verbale approve 1`"), "{out}");
    let approve = ["approve", "1", "--yes"];
    is_refused(say(&place, &approve, "official.txt").await, 1, "request 1 is this official's own");
    is_refused(say(&place, &["approve", "2", "--yes"], "second.txt").await, 1, "there is no request 2");
    // Sealed before the second official was named: it takes a key that opens it, and that of the first does not approve.
    is_refused(say(&place, &approve, "second.txt").await, 1, "not encrypted to this identity");
    assert_eq!(openings(&place), 0);
    let both = format!("{}\n{}\n", second.to_string().expose_secret(), place.identity.to_string().expose_secret());
    fs::write(place.path("second.txt"), both).unwrap();
    let (status, out, error) = say(&place, &approve, "second.txt").await;
    assert_eq!(status, 0, "{out}{error}");
    assert_eq!(openings(&place), 1);
    let (_, out, _) = say(&place, &["requests"], "").await;
    assert!(out.contains(&format!("asked by {first}")) && out.contains(&format!("approved by {}", second.to_public())));
    stop(&mut daemon, "TERM").await;
    let request = wait(Reader::open(&place.path("verbale.db")).unwrap().request(1)).unwrap().unwrap();
    assert_eq!(request.state, RequestState::Done);
}

/// Whoever works on the daemon's machine could ask with the key that lies there, and approve with their own.
#[tokio::test]
async fn the_daemon_s_own_key_is_no_official_where_two_are_needed() {
    let place = posted().await;
    configure(&place, "# identity_file = \"identity.txt\"", "identity_file = \"official.txt\"");
    let first = place.identity.to_public().to_string();
    let second = age::x25519::Identity::generate();
    write_key(&place, "second.txt", &second);
    configure(&place, &format!("\"{first}\""), &format!("\"{first}\", \"{}\"", second.to_public()));
    configure(&place, "approval = false", "approval = true");
    for key in ["", "official.txt"] {
        is_refused(say(&place, &CONTENT, key).await, 2, "the key of the daemon, which is nobody's own");
    }
    let asked =
        NewRequest { ask: Ask::Open { note: 1, level: Level::Content }, asked_by: second.to_public().to_string() };
    let now = verbale::base::clock::Clock::system().now();
    wait(RequestClient::open(&place.path("verbale.db")).unwrap().ask(asked.clone(), None, now)).unwrap();
    is_refused(say(&place, &["approve", "1", "--yes"], "").await, 2, "the key of the daemon, which is nobody's own");
    // Nor is a message of the same person's, or of nobody knows whose.
    let asked = NewRequest { asked_by: "5001".to_owned(), ..asked };
    wait(RequestClient::open(&place.path("verbale.db")).unwrap().ask(asked.clone(), None, now)).unwrap();
    is_refused(say(&place, &["approve", "2", "--yes"], "second.txt").await, 1, "request 2 was made by message");
    configure(&place, "persons = []", &format!("persons = [[\"5001\", \"{}\"]]", second.to_public()));
    is_refused(say(&place, &["approve", "2", "--yes"], "second.txt").await, 1, "request 2 is this official's own");
    let late = now.plus_ms(-25 * 3_600_000);
    let asked = NewRequest { asked_by: first, ..asked };
    wait(RequestClient::open(&place.path("verbale.db")).unwrap().ask(asked.clone(), None, late)).unwrap();
    is_refused(say(&place, &["approve", "3", "--yes"], "second.txt").await, 1, "request 3 has lapsed");
    assert_eq!(openings(&place), 0);
}

#[tokio::test]
async fn a_denial_is_recorded_and_answered() {
    let place = posted().await;
    let mut daemon = place.serve().await;
    let draft = Draft { text: "@embassy no such note ever came", ..Draft::default() };
    let post = place.server.world.with(|world, now| world.post(now, JOURNALIST, draft).unwrap().id);
    let address = format!("https://x.com/journalist/status/{post}?s=20");
    let dispute = ["dispute", "1", "--post", &address];
    is_refused(say(&place, &["dispute", "2", "--post", &address], "").await, 1, "there is no note 2");
    is_refused(say(&place, &["dispute", "1", "--post", "17"], "").await, 1, "the platform shows no post 17");
    let (status, out, error) = say(&place, &dispute, "").await;
    assert_eq!(status, 0, "{out}{error}");
    let answer = place.server.world.with(|world, _| world.posts().find(|answer| answer.answers == Some(post)).cloned());
    let answer = answer.unwrap();
    assert_eq!(answer.author, EMBASSY);
    assert!(out.contains(&answer.id.to_string()), "{out}");
    is_refused(say(&place, &dispute, "").await, 1, "is in the log already");
    stop(&mut daemon, "TERM").await;
    let page = fs::read_to_string(place.path("public/note/0/1.html")).unwrap();
    assert!(page.contains("Disputed. ") && page.contains(&post.to_string()));
    let standing = wait(Reader::open(&place.path("verbale.db")).unwrap().standing(1)).unwrap().unwrap();
    assert_eq!((standing.disputes, standing.open), (1, None::<Level>));
    assert!(answer.written.contains(&standing.commitment.to_string()));
}
