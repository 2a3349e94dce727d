//! What `verify` takes: archives, folders, single files, standard input, addresses; and what it says of what is no proof.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::command::verbale;
use crate::support::fixture::{self, unzip};

fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("note.zip"), fixture::proof().pack()).unwrap();
    fs::create_dir_all(folder.path().join("unpacked/inner")).unwrap();
    for (name, bytes) in unzip(&fixture::proof().pack()) {
        fs::write(folder.path().join("unpacked/inner").join(name), bytes).unwrap();
    }
    fs::write(folder.path().join("unpacked/.DS_Store"), b"\0\0\0\x01Bud1").unwrap();
    folder
}

/// The exit status, and what is said of each thing.
fn verify(folder: &Path, arguments: &[&str]) -> (i32, Vec<Value>) {
    let output = verbale(folder, &[&["verify", "--json"], arguments].concat());
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), said.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn verdicts(reports: &[Value]) -> Vec<&str> {
    reports.iter().map(|report| report["verdict"].as_str().unwrap()).collect()
}

#[test]
fn a_folder_and_single_files_are_one_proof_each() {
    let folder = place();
    let (status, reports) = verify(folder.path(), &["unpacked"]);
    assert_eq!((status, verdicts(&reports)), (4, vec!["intact"]), "{reports:#?}");
    assert_eq!(reports[0]["packing"]["set_aside"], serde_json::json!([".DS_Store"]));
    let files: Vec<String> = fs::read_dir(folder.path().join("unpacked/inner"))
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let (status, reports) = verify(folder.path(), &files);
    assert_eq!((status, verdicts(&reports)), (4, vec!["intact"]), "{reports:#?}");
    let (status, reports) = verify(folder.path(), &files[1..]);
    assert_eq!((status, verdicts(&reports)), (2, vec!["not-read"]), "a part is missing: {reports:#?}");
    let (status, reports) = verify(folder.path(), &[&["note.zip", "unpacked"], &files[..]].concat());
    assert_eq!((status, verdicts(&reports)), (4, vec!["intact"; 3]), "{reports:#?}");
}

#[test]
fn standard_input_is_read() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_verbale"))
        .args(["verify", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&fixture::proof().pack()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("INTACT, NOT PROVEN YET"), "{said}");
}

/// What a person may take for a proof. What to do is said, and nothing is asked of anybody.
#[test]
fn what_is_no_proof_is_called_by_its_name() {
    let folder = place();
    let hash = "4f1c".repeat(16);
    fs::write(folder.path().join("page.zip"), b"<!DOCTYPE html><title>Sign in</title>").unwrap();
    fs::write(folder.path().join("photo.jpg"), b"\xff\xd8\xff\xe0 a photo").unwrap();
    for (argument, told) in [
        (hash.as_str(), "look for the post with it"),
        ("https://x.com/embassy/status/972165182509809669", "ask the sender for the note's proof"),
        ("https://mobile.twitter.com/embassy/status/972165182509809669?s=20", "ask the sender for the note's proof"),
        ("missing.zip", "name a file that exists"),
        ("page.zip", "open the address in a browser"),
        ("photo.jpg", "proof"),
    ] {
        let (status, reports) = verify(folder.path(), &[argument]);
        assert_eq!((status, verdicts(&reports)), (2, vec!["not-read"]), "{argument}: {reports:#?}");
        let next = reports[0]["next"].to_string();
        assert!(next.contains(told), "{argument}: {next}");
    }
}

/// A filter over many files: each is told, and the worst decides.
#[test]
fn one_bad_file_does_not_hide_the_others() {
    let folder = place();
    let mut broken = fixture::proof();
    broken.tlog_proof.index = 3;
    fs::write(folder.path().join("broken.zip"), broken.pack()).unwrap();
    fs::write(folder.path().join("empty.zip"), b"").unwrap();
    let all = ["missing.zip", "note.zip", "empty.zip", "broken.zip", "note.zip"];
    let (status, reports) = verify(folder.path(), &all);
    let found = vec!["not-read", "intact", "not-read", "fails", "intact"];
    assert_eq!((status, verdicts(&reports)), (1, found), "{reports:#?}");
    assert_eq!(verify(folder.path(), &all[..3]).0, 2);
    let files: Vec<&str> = reports.iter().map(|report| report["file"].as_str().unwrap()).collect();
    assert_eq!(files, all);
    let size = fixture::proof().pack().len();
    assert_eq!((reports[1]["size"].as_u64(), reports[0]["size"].as_u64()), (Some(size as u64), None));
}

#[test]
fn a_closed_or_full_standard_error_changes_no_status() {
    let folder = place();
    let run = |script: &str| {
        let verbale = env!("CARGO_BIN_EXE_verbale");
        let script = script.replace("verbale", verbale);
        Command::new("sh").args(["-c", &script]).current_dir(&folder).output().unwrap().status.code().unwrap()
    };
    for end in ["2>&-", "2>/dev/full"] {
        assert_eq!(run(&format!("verbale verify note.zip {end}")), 4, "{end}");
        assert_eq!(run(&format!("verbale verify --log nothing note.zip {end}")), 2, "{end}");
        assert_eq!(run(&format!("verbale audit nowhere {end}")), 2, "{end}");
        assert_eq!(run(&format!("verbale notes --config nowhere.toml {end}")), 2, "{end}");
    }
}

/// Whoever stops reading gets the same status; an answer that has no room is none.
#[test]
fn a_closed_standard_output_changes_no_status_and_a_full_one_is_told() {
    let folder = place();
    let mut broken = fixture::proof();
    broken.tlog_proof.index = 3;
    fs::write(folder.path().join("broken.zip"), broken.pack()).unwrap();
    let run = |script: &str| {
        let script = script.replace("verbale", env!("CARGO_BIN_EXE_verbale"));
        let output = Command::new("sh").args(["-c", &script]).current_dir(&folder).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    // The pipe has no reader from the start: it is opened both ways, and the reading end is closed before.
    let closed = |command: &str| format!("mkfifo p; exec 3<>p 4>p 3>&-; {command} >&4; status=$?; rm p; exit $status");
    for files in ["broken.zip note.zip", "note.zip broken.zip"] {
        let (status, said) = run(&closed(&format!("verbale verify {files}")));
        assert_eq!((status, said.as_str()), (1, ""), "{files}");
    }
    let (status, said) = run("verbale verify note.zip >/dev/full");
    assert!(status == 2 && said.contains("the answer cannot be written"), "{status}: {said}");
}

/// An address gives a proof, or no answer: then it is asked for again, and nothing is accused.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_asked_for_the_proof() {
    use axum::response::IntoResponse;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let answer = async |uri: axum::http::Uri| match uri.path() {
        "/note/0/2/note-2.proof.zip" => fixture::proof().pack().into_response(),
        "/login" => axum::response::Html("<html>Sign in").into_response(),
        "/busy" => axum::http::StatusCode::FORBIDDEN.into_response(),
        _ => axum::http::StatusCode::NOT_FOUND.into_response(),
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() });
    let folder = place();
    let ask = |path: &str| {
        let address = format!("{base}{path}");
        tokio::task::block_in_place(|| verify(folder.path(), &[&address]))
    };
    let (status, reports) = ask("/note/0/2/note-2.proof.zip");
    assert_eq!((status, verdicts(&reports)), (4, vec!["intact"]), "{reports:#?}");
    for path in ["/login", "/busy", "/nothing"] {
        let (status, reports) = ask(path);
        assert_eq!((status, verdicts(&reports)), (3, vec!["not-read"]), "{path}: {reports:#?}");
        assert!(reports[0]["next"].to_string().contains("in a browser"), "{path}: {reports:#?}");
    }
}

/// A head that the reader kept says by when, in the reader's own word; another root under the same size is another history.
#[test]
fn a_head_that_was_kept_says_by_when() {
    let folder = place();
    let vkey = fixture::key().vkey().to_string();
    let head = |name: &str, bytes: String| fs::write(folder.path().join(name), bytes).unwrap();
    let tree = fixture::tree(&fixture::entries());
    head("same", fixture::checkpoint(&tree).sign(&fixture::key()));
    head("other", fixture::checkpoint(&fixture::tree(&fixture::entries()[1..])).sign(&fixture::key()));
    let mut forked = fixture::checkpoint(&tree);
    forked.root = verbale::base::hash::Hash::of(b"another history");
    head("forked", forked.sign(&fixture::key()));
    head("stranger", fixture::checkpoint(&tree).sign(&fixture::other_key()));
    let ask = |arguments: &[&str]| {
        let (status, reports) = verify(folder.path(), &[arguments, &["note.zip"]].concat());
        (status, verdicts(&reports)[0].to_owned(), reports[0]["summary"].as_str().unwrap().to_owned())
    };
    let (status, verdict, summary) = ask(&["--log", &vkey, "--head", "same"]);
    assert_eq!((status, verdict.as_str()), (0, "proven"), "{summary}");
    assert!(summary.contains("its date is your own word") && summary.contains("which you gave"), "{summary}");
    let crlf = fixture::checkpoint(&tree).sign(&fixture::key()).replace('\n', "\r\n");
    head("mailed", format!("\u{feff}{crlf}"));
    assert_eq!(ask(&["--log", &vkey, "--head", "mailed"]).0, 0, "what a mail program made of it");
    let (status, _, summary) = ask(&["--head", "same"]);
    assert!(status == 4 && summary.contains("who made it, only the file itself says"), "{summary}");
    assert_eq!(ask(&["--log", &vkey, "--head", "other"]).0, 4, "the published log would have to show it");
    assert_eq!(ask(&["--log", &vkey, "--head", "stranger"]).0, 4, "it is no head of this log");
    let (status, verdict, summary) = ask(&["--log", &vkey, "--head", "forked"]);
    assert_eq!((status, verdict.as_str()), (1, "fails"), "{summary}");
    assert!(summary.contains("kept head"), "{summary}");
}
