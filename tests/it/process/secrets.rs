//! Nothing secret leaves the encrypted openings: marked values, a run of the program itself with everything that can go
//! wrong at the highest level of logging, and a search of all that it wrote.

mod commands;

use std::fs;
use std::process::Stdio;

use secrecy::ExposeSecret;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use verbale::base::ids::Channel;
use verbale::base::text;
use verbale::base::time::Time;
use verbale::sandbox::world::{Body, Call, Fault, How, Moment, Outgoing};
use verbale::sandbox::{EMBASSY, MINISTRY};
use verbale::store::vault;

use crate::support::database;
use crate::support::fixture;
use crate::support::harness::MARKER;
use crate::support::process::{GENEROUS, Place, stop};
use crate::support::secret_search::{Secret, Written, files_in, search, unpacked};

/// Stands in the text of every message.
const TEXT: &str = "Zq7markedText4Wb";

/// Stands in every file.
const FILE: &str = "Xk2markedFile9Lm";

/// Runs a command at the highest level of logging, and keeps what it says.
async fn output(place: &Place, arguments: &[&str], written: &mut Written) {
    let mut command = place.command(arguments);
    command.env("RUST_LOG", "trace").stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().await.unwrap();
    written.push((format!("{arguments:?}: stdout"), output.stdout));
    written.push((format!("{arguments:?}: stderr"), output.stderr));
}

/// Runs the daemon until `over`, then ends it by `signal`.
async fn run(place: &Place, name: &str, signal: &str, over: impl FnMut(&verbale::sandbox::World) -> bool) -> Written {
    let files = ["stdout", "stderr"].map(|stream| place.path(&format!("{name}.{stream}")));
    let [stdout, stderr] = files.each_ref().map(|file| fs::File::create(file).unwrap());
    let mut child = place.command(&["run"]).env("RUST_LOG", "trace").stdout(stdout).stderr(stderr).spawn().unwrap();
    place.until(name, over).await;
    stop(&mut child, signal).await;
    files.iter().map(|file| (file.display().to_string(), fs::read(file).unwrap())).collect()
}

fn send(place: &mut Place) {
    let number = place.observer.owed.len();
    let text = format!("{MARKER} {TEXT} <{number}>");
    let id = place.server.world.with(|world, now| {
        let media = vec![world.upload(now, EMBASSY, "image/png", format!("{FILE} {number}").into_bytes())];
        world.send(now, EMBASSY, MINISTRY, &Outgoing { text, media }).unwrap()
    });
    place.observer.owe(id, &[MINISTRY.0]);
}

#[tokio::test]
async fn nothing_secret_is_written_anywhere() {
    let mut place = Place::new().await;
    let mut written = run(&place, "first", "TERM", |world| 2 <= world.counts().of(Call::Messages)).await;
    for (number, (call, at, how)) in failures().into_iter().enumerate() {
        send(&mut place);
        place.server.world.with(|world, _| world.add_fault(Fault::once(call, at, how)));
        let signal = if number % 2 == 0 { "KILL" } else { "TERM" };
        written.extend(run(&place, &format!("{number}"), signal, |world| world.faults().next().is_none()).await);
    }
    place.finish().await;
    written.extend(run(&place, "last", "TERM", |world| 40 < world.counts().of(Call::Messages)).await);
    written.extend(echoes(&place).await);
    for arguments in [&["status"][..], &["status", "--json"], &["notes"], &["notes", "--json"]] {
        output(&place, arguments, &mut written).await;
    }
    let proof = prove(&place, &mut written).await;
    written.extend(files_of_the_log(&place));
    let secrets = secrets(&place);
    assert!(secrets.iter().any(|secret| secret.is_in(TEXT.as_bytes())), "the search finds nothing");
    search(&secrets, &written);
    search(
        &secrets.into_iter().filter(|secret| !secret.name.contains("salt of an envelope")).collect::<Vec<_>>(),
        &proof,
    );
}

fn failures() -> Vec<(Call, Moment, How)> {
    use Moment::{After, Before};
    let status = |code, body| How::Status { code, body };
    vec![
        (Call::Messages, After, status(500, Body::Garbage)),
        (Call::Messages, After, How::Half),
        (Call::Messages, After, How::Unauthorized),
        (Call::Messages, After, How::Suspended),
        (Call::MediaBytes, After, How::Half),
        (Call::MediaBytes, After, status(403, Body::Html)),
        (Call::CreatePost, After, How::Cut),
        (Call::CreatePost, Before, How::Unauthorized),
        (Call::CreatePost, Before, status(400, Body::Legacy)),
        (Call::Me, After, How::Unauthorized),
        (Call::Timeline, After, How::CreditsDepleted),
    ]
}

/// All that must stay secret, and only now can be known.
fn secrets(place: &Place) -> Vec<Secret> {
    let keys = place.server.credentials(EMBASSY);
    let identity = place.identity.to_string();
    let mut secrets = vec![
        Secret::new("the text", TEXT.as_bytes()),
        Secret::new("a file", FILE.as_bytes()),
        Secret::new("the API key", keys.api_key.as_bytes()),
        Secret::new("the API secret", keys.api_secret.as_bytes()),
        Secret::new("the access token", keys.access_token.as_bytes()),
        Secret::new("the access token's secret", keys.access_token_secret.as_bytes()),
        Secret::new("the log's key", &[7; 32]),
        Secret::new("the identity", identity.expose_secret().as_bytes()),
    ];
    let database = database::look(&place.path("verbale.db"));
    let mut query = database.prepare("SELECT n, sealed FROM opening").unwrap();
    let openings = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for opening in openings {
        let (note, sealed): (u64, Vec<u8>) = opening.unwrap();
        let opening = vault::open(note, &sealed, std::slice::from_ref(&place.identity)).unwrap();
        let (envelope, content) = opening.check().unwrap();
        secrets.push(Secret::new(format!("the salt of an envelope, {note}"), envelope.salt.as_bytes()));
        secrets.push(Secret::new(format!("the salt of a content, {note}"), content.header.salt.as_bytes()));
    }
    assert!(10 < secrets.len());
    secrets
}

/// The database, what SQLite keeps beside it, and the public folder.
fn files_of_the_log(place: &Place) -> Written {
    let mut written = Vec::new();
    for name in ["verbale.db", "verbale.db-wal", "verbale.db-shm", "verbale.db.lock"] {
        written.extend(fs::read(place.path(name)).ok().map(|bytes| (name.to_owned(), bytes)));
    }
    let public = files_in(&place.path("public"));
    assert!(written.len() > 1 && public.len() > 3);
    written.extend(public);
    written
}

/// A proof that shows the envelope alone: the archive, and each file in it.
async fn prove(place: &Place, written: &mut Written) -> Written {
    let (out, identity) = (place.path("proof.zip"), place.path("official.txt"));
    fs::write(&identity, place.identity.to_string().expose_secret()).unwrap();
    fs::set_permissions(&identity, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (proof, identity) = (out.to_str().unwrap(), identity.to_str().unwrap());
    output(place, &["prove", "1", "--identity", identity, "--out", proof], written).await;
    unpacked(vec![("the proof".to_owned(), fs::read(&out).unwrap())])
}

/// A platform that repeats what is private in answers of every kind, as if in a quotation.
async fn echoes(place: &Place) -> Written {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let config = fs::read_to_string(place.path("config.toml")).unwrap();
    fs::write(place.path("config.toml"), config.replace(&place.server.base, &base)).unwrap();
    let mut written = Vec::new();
    for answer in echoing(&format!("{TEXT} {FILE}"), TEXT, place.server.now()) {
        written.extend(echo_once(place, &listener, answer).await);
    }
    written
}

/// Answers of every kind with `echo` wherever there is room for words, and `word` where there is for one.
fn echoing(echo: &str, word: &str, now: Time) -> Vec<(u16, String)> {
    let problem = |status| {
        let kind = format!("https://api.x.com/2/problems/{word}");
        format!(r#"{{"title":"{echo}","detail":"{echo}","type":"{kind}","reason":"{echo}","status":{status}}}"#)
    };
    let event = |event: &str| format!(r#"{{"data":[{event}],"meta":{{"result_count":1}}}}"#);
    let id = Channel::X.first_at(now);
    vec![
        (200, echo.to_owned()),
        (200, format!(r#"{{"data":"{echo}"}}"#)),
        (200, format!(r#"{{"errors":[{}]}}"#, problem(200))),
        (200, event(&format!(r#"{{"id":"{echo}","event_type":"MessageCreate","text":"{echo}"}}"#))),
        (200, event(&format!(r#"{{"id":"{id}","event_type":"MessageCreate","text":{{"{echo}":1}}}}"#))),
        (400, problem(400)),
        (400, format!(r#"{{"errors":[{{"code":1,"message":"{echo}"}}]}}"#)),
        (403, problem(403)),
        (404, problem(404)),
        (429, problem(429)),
        (500, problem(500)),
        (502, format!("<html>{echo}</html>")),
    ]
}

/// Answers whatever is asked about messages so, for ever.
async fn repeat(listener: &TcpListener, status: u16, body: &str) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 8192];
        let len = stream.read(&mut request).await.unwrap();
        let request = String::from_utf8_lossy(&request[..len]).into_owned();
        let path = request.split(' ').nth(1).unwrap_or_default();
        // The token says whose it is, and X knows that, too.
        let (status, body) = match path.ends_with("/users/me") && request.contains(&format!("\"{MINISTRY}-")) {
            true => user(MINISTRY.0, "ministry"),
            false => answer_to(path, status, body),
        };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n");
        let whole = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let _ = stream.write_all(whole.as_bytes()).await;
    }
}

/// One run of the daemon against one answer to the list of messages, until it says that it waits.
async fn echo_once(place: &Place, listener: &TcpListener, (status, body): (u16, String)) -> Written {
    let mut command = place.command(&["run"]);
    let mut child = command.env("RUST_LOG", "trace").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    let waits = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            said += &format!("{line}\n");
            let waits = line.contains("waiting") && line.contains("watcher");
            let is_done =
                ["the list of messages cannot be read", "a gap is entered"].iter().any(|words| line.contains(words));
            if waits || is_done {
                break;
            }
        }
    };
    let waited = tokio::time::timeout(GENEROUS, async {
        tokio::select! {
            () = waits => {}
            () = repeat(listener, status, &body) => {}
        }
    });
    assert!(waited.await.is_ok(), "{status} {body}: {said}");
    stop(&mut child, "TERM").await;
    vec![(format!("stderr after {status} {body}"), said.into_bytes())]
}

fn user(id: u64, name: &str) -> (u16, String) {
    (200, format!(r#"{{"data":{{"id":"{id}","name":"x","username":"{name}"}}}}"#))
}

fn answer_to(path: &str, status: u16, body: &str) -> (u16, String) {
    match path.split('?').next().unwrap_or_default() {
        "/2/users/me" => user(EMBASSY.0, "embassy"),
        "/2/users/by/username/ministry" => user(MINISTRY.0, "ministry"),
        path if path.starts_with("/2/dm_") => (status, body.to_owned()),
        _ => (200, r#"{"meta":{"result_count":0}}"#.to_owned()),
    }
}

#[test]
fn debug_shows_nothing_private() {
    let (content, envelope) = (fixture::content(), fixture::envelope());
    let lines = text::Lines::new("content", b"Zq7markedText4Wb\n", 100).ok().unwrap();
    let shown = [
        format!("{:?}", fixture::key()),
        format!("{content:?} {:?} {:?}", content.header, content.header.attachments),
        format!("{:?} {:?}", content.header.salt, envelope.salt),
        format!("{envelope:?}"),
        format!("{:?}", fixture::opening()),
        format!("{lines:?}"),
        format!("{:?}", verbale::note::Content::parse(TEXT.as_bytes())),
    ]
    .join("\n");
    let secrets = [
        Secret::new("a marked text", TEXT.as_bytes()),
        Secret::new("the text", fixture::TEXT.as_bytes()),
        Secret::new("a file", fixture::PICTURE),
        Secret::new("the key", &[1; 32]),
        Secret::new("the content's salt", &[5; 32]),
        Secret::new("the envelope's salt", &[6; 32]),
        Secret::new("the content's hash", content.hash().as_bytes()),
        Secret::new("the record's hash", content.header.records[0].file.sha256.as_bytes()),
        Secret::new("the correspondent", b"ministry"),
    ];
    search(&secrets, &vec![("Debug".to_owned(), shown.into_bytes())]);
}
