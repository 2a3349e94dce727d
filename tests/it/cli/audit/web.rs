//! The audit of a log that is read over HTTP, from a server that has its troubles.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use verbale::tlog::checkpoint::Checkpoint;

use super::{NOTES, Place, of, posts};
use crate::support::command::verbale;
use crate::support::harness::key;
use crate::support::site_fixture::{checkpoint, plain, publish};

/// What a server does to requests for files whose names begin so: so often.
#[derive(Clone)]
pub(super) struct Trouble {
    pub(super) name: &'static str,
    pub(super) times: usize,
    pub(super) answer: fn(Vec<u8>) -> Response,
}

/// Serves a folder, with trouble; gives the address.
pub(super) async fn serve(folder: PathBuf, trouble: Arc<Mutex<Vec<Trouble>>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let answer = async move |request: Request<Body>| {
        let path = request.uri().path().trim_start_matches('/').to_owned();
        let Ok(mut bytes) = fs::read(folder.join(&path)) else { return StatusCode::NOT_FOUND.into_response() };
        let range = request
            .headers()
            .get("range")
            .and_then(|range| range.to_str().ok()?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        if range.is_some_and(|range: usize| bytes.len() <= range) {
            return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
        }
        let status = range.map_or(StatusCode::OK, |_| StatusCode::PARTIAL_CONTENT);
        bytes.drain(..range.unwrap_or(0));
        let mut troubles = trouble.lock().unwrap();
        if let Some(trouble) = troubles.iter_mut().find(|one| path.starts_with(one.name) && 0 < one.times) {
            trouble.times -= 1;
            return (trouble.answer)(bytes);
        }
        (status, bytes).into_response()
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() });
    address
}

fn unavailable(_: Vec<u8>) -> Response {
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

/// Half of the bytes, and then the connection is cut.
fn cut(bytes: Vec<u8>) -> Response {
    let half = bytes[..bytes.len() / 2].to_vec();
    let pieces = [Ok(half), Err(std::io::Error::other("cut"))];
    Response::builder()
        .header("content-length", bytes.len())
        .body(Body::from_stream(futures_util::stream::iter(pieces)))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_network_what_could_not_be_read_is_asked_for_again_and_never_absent() {
    let place = Place::new(&plain(NOTES));
    let trouble = Arc::new(Mutex::new(Vec::new()));
    let address = serve(place.path("log"), trouble.clone()).await;
    let audit = |arguments: &[&str]| tokio::task::block_in_place(|| place.audit(arguments));
    assert_eq!(audit(&[&address]).0, 0);
    for name in ["checkpoint", "log.vkey", "log.txt", "tile/entries/001", "tile/0/000", "tile/1/"] {
        for answer in [unavailable as fn(Vec<u8>) -> Response, cut] {
            *trouble.lock().unwrap() = vec![Trouble { name, times: 2, answer }];
            let (status, report) = audit(&[&address]);
            assert_eq!((status, of(&report, "fails")), (0, vec![]), "{name}: {report}");
            assert_eq!(trouble.lock().unwrap()[0].times, 0, "{name}: the trouble was met");
        }
    }
    // Who publishes may drop a partial tile once the full one is there; to the head that needs it, the full one serves.
    publish(&place.path("longer"), &plain(NOTES + 200), "embassy").unwrap();
    fs::copy(place.path("log/checkpoint"), place.path("longer/checkpoint")).unwrap();
    fs::copy(place.path("log/log.txt"), place.path("longer/log.txt")).unwrap();
    let longer = serve(place.path("longer"), Arc::default()).await;
    let (status, report) = audit(&[&longer]);
    assert_eq!(
        (status, of(&report, "fails")),
        (1, vec!["tiles".to_owned()]),
        "only what is above the leaves has changed: {report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_was_interrupted_goes_on_where_it_was() {
    let place = Place::new(&plain(NOTES));
    place.collect(&posts(&plain(NOTES)));
    let trouble =
        Arc::new(Mutex::new(vec![Trouble { name: "tile/entries/002", times: usize::MAX, answer: unavailable }]));
    let address = serve(place.path("log"), trouble.clone()).await;
    let arguments = [&*address, "--since", "seen.head", "--posts", "posts.json"];
    let audit = || tokio::task::block_in_place(|| place.audit(&arguments));
    let (status, report) = audit();
    assert_eq!((status, of(&report, "fails"), &report["read"]), (3, vec![], &json!(512)), "{report}");
    assert!(of(&report, "not_checked").contains(&"root".to_owned()) && report["unread"].is_string());
    assert!(place.path("seen.head.resume").exists() && !place.path("seen.head").exists());
    assert!(!says_that_it_may_have_grown(&report), "its head was read just now: {report}");
    // What was read is not read again.
    *trouble.lock().unwrap() = vec![Trouble { name: "tile/entries/000", times: usize::MAX, answer: unavailable }];
    let (status, report) = audit();
    assert_eq!((status, of(&report, "fails"), &report["read"]), (0, vec![], &json!(600)), "{report}");
    assert!(says_that_it_may_have_grown(&report), "its head is that of the first time: {report}");
    assert!(!place.path("seen.head.resume").exists() && place.path("seen.head").exists());
    assert!(Checkpoint::open(&fs::read(place.path("seen.head")).unwrap(), &key().vkey()).is_ok());
}

fn says_that_it_may_have_grown(report: &Value) -> bool {
    let summary = report["summary"].as_str().unwrap();
    assert!(summary.contains("the head of 600 entries"), "{summary}");
    summary.contains("before an interruption, and the log may have grown since")
}

/// A page for people, in place of a file.
fn login(_: Vec<u8>) -> Response {
    ([("content-type", "text/html")], "\n<!DOCTYPE html><title>Sign in</title>").into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_place_of_a_file_says_nothing_about_the_file() {
    let place = Place::new(&plain(NOTES));
    for name in ["tile/entries/001", "tile/0/000", "log.txt"] {
        let trouble = Trouble { name, times: usize::MAX, answer: login };
        let address = serve(place.path("log"), Arc::new(Mutex::new(vec![trouble]))).await;
        let (status, report) = tokio::task::block_in_place(|| place.audit(&[&address]));
        assert_eq!((status, of(&report, "fails")), (3, vec![]), "{name}: {report}");
        assert!(report["unread"].as_str().unwrap().contains("a page for people stands in its place"), "{report}");
    }
    for name in ["checkpoint", "log.vkey"] {
        let trouble = Trouble { name, times: usize::MAX, answer: login };
        let address = serve(place.path("log"), Arc::new(Mutex::new(vec![trouble]))).await;
        let output = tokio::task::block_in_place(|| verbale(place.folder.path(), &["audit", &address]));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{name}: {said}");
        assert!(said.contains("a page for people"), "{said}");
    }
}

/// Serves a folder through a cache, which has its own answer to requests for this file unless it may not give one.
async fn serve_cached(folder: PathBuf, name: &'static str, cached: Option<Vec<u8>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let answer = async move |request: Request<Body>| {
        let path = request.uri().path().trim_start_matches('/').to_owned();
        let may = request.headers().get("cache-control").is_none_or(|control| control != "no-cache");
        let bytes = if may && path == name { cached.clone() } else { fs::read(folder.join(&path)).ok() };
        bytes.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cache_does_not_have_is_asked_for_past_it() {
    let place = Place::new(&plain(NOTES));
    for name in ["checkpoint", "tile/entries/001", "log.txt"] {
        let address = serve_cached(place.path("log"), name, None).await;
        let (status, report) = tokio::task::block_in_place(|| place.audit(&[&address]));
        assert_eq!((status, of(&report, "fails")), (0, vec![]), "{name}: {report}");
        assert!(of(&report, "holds").contains(&"log.txt".to_owned()), "{name}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_head_out_of_a_cache_is_no_rewound_log() {
    let place = Place::new(&plain(NOTES));
    let older = checkpoint(&plain(200), &key()).into_bytes();
    fs::copy(place.path("log/checkpoint"), place.path("seen.head")).unwrap();
    let audit = |address: &str| tokio::task::block_in_place(|| place.audit(&[address, "--since", "seen.head"]));
    let (status, report) = audit(&serve_cached(place.path("log"), "checkpoint", Some(older)).await);
    assert_eq!((status, &report["read"], of(&report, "fails")), (0, &json!(600), vec![]), "{report}");
    publish(&place.path("older"), &plain(200), "embassy").unwrap();
    let (status, report) = audit(&serve(place.path("older"), Arc::default()).await);
    assert_eq!((status, of(&report, "fails")), (3, vec![]), "{report}");
    let said = "of 400 entries and not 600: perhaps a cache; asked again past the cache, and the same";
    assert!(report["unread"].as_str().unwrap().contains(said), "{report}");
}
