//! The public folder over HTTP, as the program hands it out: every header, what is not handed out, and a stranger who reads
//! while notes are sealed.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use verbale::sandbox::world::{Call, Outgoing};
use verbale::sandbox::{EMBASSY, MINISTRY};

use crate::support::harness::MARKER;
use crate::support::process::{GENEROUS, Place, stop};
use crate::support::reader::PublicReader;

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = found.next().unwrap_or_default();
        assert_eq!(found.next(), None, "{name} twice");
        value
    }

    fn header_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

/// One request over a connection of its own, its path sent as it is.
pub fn request(address: SocketAddr, method: &str, path: &str, headers: &str) -> Answer {
    try_request(address, method, path, headers).unwrap()
}

pub fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, "GET", path, "")
}

/// Fails if there is no answer, or only a part of one.
fn try_request(address: SocketAddr, method: &str, path: &str, headers: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(GENEROUS))?;
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let answer = Answer { status, headers, body: bytes[end + 4..].to_vec() };
    let is_whole = method != "GET" || answer.body.len().to_string() == answer.header("content-length");
    if is_whole || status == 304 { Ok(answer) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// An installation that serves on any free port.
async fn place() -> Place {
    let place = Place::new().await;
    place.configure("# [serve]", "[serve]\naddress = \"127.0.0.1:0\"");
    place
}

/// Starts the program, and gives where it says that it listens.
async fn start(place: &Place) -> (Child, SocketAddr) {
    let mut child = place.command(&["run"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, address)) = line.split_once("serving the public folder address=") {
                return address.parse().unwrap();
            }
        }
        panic!("it does not say where it listens");
    };
    let address = tokio::time::timeout(GENEROUS, address).await.expect("it does not listen");
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, address)
}

fn seal(place: &mut Place) {
    let text = format!("{MARKER} {}", place.observer.owed.len());
    let id = place.server.world.with(|world, now| world.send(now, EMBASSY, MINISTRY, &Outgoing::text(&text)).unwrap());
    place.observer.owe(id, &[MINISTRY.0]);
}

/// The program with one note sealed, posted and published.
async fn with_a_note() -> (Place, Child, SocketAddr) {
    let mut place = place().await;
    let (mut child, _) = start(&place).await;
    place.until("the first look", |world| 2 <= world.counts().of(Call::Messages)).await;
    stop(&mut child, "TERM").await;
    seal(&mut place);
    place.finish().await;
    let (child, address) = start(&place).await;
    (place, child, address)
}

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

#[tokio::test(flavor = "multi_thread")]
async fn each_file_comes_with_the_headers_that_belong_to_it() {
    let (place, mut child, address) = with_a_note().await;
    for (path, content_type, cache) in [
        ("/checkpoint", TEXT, "no-cache"),
        ("/log.txt", TEXT, "no-cache"),
        ("/log.vkey", TEXT, "no-cache"),
        ("/tile/0/000.p/2", "application/octet-stream", FOR_EVER),
        ("/tile/entries/000.p/2", "application/octet-stream", FOR_EVER),
        ("/index.html", HTML, "no-cache"),
        ("/notes/index.html", HTML, "no-cache"),
        ("/note/0/1.html", HTML, "no-cache"),
        ("/verify.html", HTML, "no-cache"),
        ("/style.css", "text/css; charset=utf-8", "no-cache"),
        ("/feed.atom", "application/atom+xml; charset=utf-8", "no-cache"),
    ] {
        let answer = get(address, path);
        let bytes = fs::read(place.path("public").join(&path[1..])).unwrap();
        assert_eq!((answer.status, &answer.body), (200, &bytes), "{path}");
        assert_eq!((answer.header("content-type"), answer.header("cache-control")), (content_type, cache), "{path}");
        assert_eq!(answer.header("content-length"), bytes.len().to_string(), "{path}");
        assert_of_every_answer(&answer);
        let policy = answer.header("content-security-policy");
        if path == "/verify.html" {
            assert!(policy.contains("connect-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
            // What stands in the page says which scripts run; ours must not forbid them.
            assert!(!policy.contains("default-src") && !policy.contains("script-src") && !policy.contains("style-src"));
            assert!(String::from_utf8(bytes).unwrap().contains("<meta http-equiv=\"Content-Security-Policy\""));
        } else {
            assert_eq!(policy, POLICY, "{path}");
        }
        let head = request(address, "HEAD", path, "");
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header_names(), answer.header_names(), "{path}");
        assert_eq!(head.header("content-length"), answer.header("content-length"), "{path}");
        let known = request(address, "GET", path, &format!("if-none-match: {}\r\n", answer.header("etag")));
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
        assert_eq!(known.header("cache-control"), cache, "{path}");
    }
    for (folder, page) in [("/", "/index.html"), ("/notes/", "/notes/index.html")] {
        assert_eq!(get(address, folder).body, get(address, page).body);
        assert_eq!(get(address, folder).header("content-type"), HTML);
    }
    assert!(stop(&mut child, "TERM").await.success());
}

fn assert_of_every_answer(answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
}

/// A moment in seconds says nothing about a file that changes many times in one; a part is given of what is there now.
#[tokio::test(flavor = "multi_thread")]
async fn conditions_are_exact() {
    let (place, mut child, address) = with_a_note().await;
    let first = get(address, "/checkpoint");
    let since = format!("if-modified-since: {}\r\n", first.header("last-modified"));
    assert_eq!(request(address, "GET", "/checkpoint", &since).status, 200);
    fs::write(place.path("public/checkpoint"), "another\n").unwrap();
    let etag = format!("if-none-match: {}\r\n", first.header("etag"));
    let second = request(address, "GET", "/checkpoint", &etag);
    assert_eq!((second.status, &*second.body), (200, &b"another\n"[..]));
    let part = request(address, "GET", "/checkpoint", "range: bytes=2-4\r\n");
    assert_eq!((part.status, &*part.body, part.header("content-range")), (206, &b"oth"[..], "bytes 2-4/8"));
    assert_eq!(part.header("content-type"), TEXT);
    let old = format!("range: bytes=2-4\r\nif-range: {}\r\n", first.header("etag"));
    assert_eq!(request(address, "GET", "/checkpoint", &old).status, 200, "a part of another file");
    let none = request(address, "GET", "/checkpoint", "range: bytes=100-\r\n");
    assert_eq!((none.status, none.header("content-range")), (416, "bytes */8"));
    assert_of_every_answer(&none);
    stop(&mut child, "TERM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_is_handed_out() {
    let (place, mut child, address) = with_a_note().await;
    let public = place.path("public");
    fs::write(public.join(".new"), "half").unwrap();
    fs::create_dir(public.join(".git")).unwrap();
    fs::write(public.join(".git/config.txt"), "hidden").unwrap();
    fs::write(public.join("notes.db"), "other").unwrap();
    fs::create_dir(public.join("folder.html")).unwrap();
    symlink(place.path("config.toml"), public.join("config.txt")).unwrap();
    symlink(place.path("."), public.join("away")).unwrap();
    fs::write(place.path("log.txt"), "private").unwrap();
    for path in [
        "/.new",
        "/.git/config.txt",
        "/notes.db",
        "/config.txt",
        "/away/log.txt",
        "/../log.txt",
        "/note/../../log.txt",
        "//log.txt",
        "/%2e%2e/log.txt",
        "/..%2flog.txt",
        "/log%2etxt",
        "/note",
        "/note/",
        "/note/0/",
        "/notes",
        "/tile",
        "/tile/",
        "/tile/0/",
        "/tile/0/001",
        "/tile/0/000.p/",
        "/tile/0/000.p/3",
        "/folder.html",
        "/folder.html/",
        "/log.txt/",
        "/log.txt%00",
        "/nowhere.html",
        "/verbale.db",
        "/site.txt",
        "/log.key",
        "/index.html.gz",
        "http://a/../log.txt",
    ] {
        for method in ["GET", "HEAD"] {
            let answer = request(address, method, path, "accept-encoding: gzip, br\r\n");
            assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
            let body: &[u8] = if method == "GET" { b"there is no such file\n" } else { b"" };
            assert_eq!(answer.body, body, "{path}");
            assert_eq!(answer.header("cache-control"), "no-cache");
            assert_of_every_answer(&answer);
        }
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "MADE-UP"] {
        let answer = request(address, method, "/checkpoint", "content-length: 0\r\n");
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method}");
        assert_of_every_answer(&answer);
    }
    assert_eq!(get(address, "/checkpoint?a=../b").status, 200, "a query means nothing");
    stop(&mut child, "TERM").await;
}

/// Somebody reads again and again over HTTP while notes are sealed, and the program is killed and started.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_never_sees_a_head_without_its_tiles() {
    let mut place = place().await;
    let (mut child, address) = start(&place).await;
    place.configure("127.0.0.1:0", &address.to_string());
    let done = Arc::new(AtomicBool::new(false));
    let stopped = done.clone();
    let stranger = std::thread::spawn(move || {
        let mut stranger = PublicReader::new(move |path| fetch_again_and_again(address, path));
        while !stopped.load(Ordering::SeqCst) {
            stranger.look();
        }
        stranger
    });
    place.until("the first look", |world| 2 <= world.counts().of(Call::Messages)).await;
    for round in 0..6 {
        for _ in 0..2 {
            (0..2).for_each(|_| seal(&mut place));
            let posts = place.server.world.with(|world, _| world.posts().count());
            place.until("a post", |world| posts < world.posts().count()).await;
        }
        if round % 2 == 1 {
            child.kill().await.unwrap();
            (child, _) = start(&place).await;
        }
    }
    let published = async {
        while crate::support::site_fixture::read(&place.path("public")) < Some(place.observer.owed.len() as u64) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(GENEROUS, published).await.expect("the notes are not published");
    done.store(true, Ordering::SeqCst);
    let mut stranger = stranger.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    stranger.look();
    assert!(place.observer.owed.len() as u64 <= stranger.size() && 3 <= stranger.heads, "{} heads", stranger.heads);
    stop(&mut child, "TERM").await;
}

/// A file over HTTP, whatever it takes while the program is down; nothing if it answers that there is none.
fn fetch_again_and_again(address: SocketAddr, path: &str) -> Option<Vec<u8>> {
    let began = Instant::now();
    loop {
        match try_request(address, "GET", &format!("/{path}"), "") {
            Ok(Answer { status: 200, body, .. }) => return Some(body),
            Ok(Answer { status: 404, .. }) => return None,
            Ok(answer) => panic!("{path}: {answer:?}"),
            Err(error) => assert!(began.elapsed() < GENEROUS, "no answer about {path}: {error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_does_not_wait_for_readers() {
    let (_place, mut child, address) = with_a_note().await;
    let mut idle = TcpStream::connect(address).unwrap();
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(b"GET /check").unwrap();
    idle.write_all(b"GET /checkpoint HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    let mut byte = [0];
    idle.read_exact(&mut byte).unwrap();
    let began = Instant::now();
    assert!(stop(&mut child, "TERM").await.success());
    assert!(began.elapsed().as_secs() < 1, "{:?}", began.elapsed());
}
