//! The posts that somebody has collected: in the forms in which people have them, and as few as they have.

use std::fs;

use serde_json::{Value, json};

use super::{Place, Posts, fails, of, posts};
use crate::support::command::verbale;
use crate::support::site_fixture::plain;

const NOTES: u64 = 20;

fn place() -> Place {
    Place::new(&plain(NOTES))
}

fn platform(report: &Value) -> &str {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == "platform").unwrap()["detail"].as_str().unwrap()
}

#[test]
fn a_file_without_posts_is_no_answer() {
    let place = place();
    for nothing in ["", " \n", "[]", r#"{"meta": {"result_count": 0}}"#, "window.YTD.tweets.part0 = [ ]"] {
        fs::write(place.path("posts.json"), nothing).unwrap();
        let (status, report) = place.audit(&["--posts", "posts.json"]);
        assert_eq!((status, of(&report, "fails")), (3, vec![]), "{nothing:?}: {report}");
        assert_eq!(report["unread"], "no posts were given", "{nothing:?}");
        assert!(of(&report, "not_checked").contains(&"platform".to_owned()), "{nothing:?}");
    }
}

#[test]
fn posts_are_missing_only_between_the_oldest_and_the_newest_that_were_given() {
    let place = place();
    let all = posts(&plain(NOTES));
    place.collect(&all[4..15]);
    let (status, report) = place.audit(&["--posts", "posts.json"]);
    assert_eq!((status, of(&report, "fails")), (0, vec![]), "{report}");
    let told = platform(&report);
    assert!(told.starts_with("11 posts of the log were compared, by embassy, and are as they must be"), "{told}");
    assert!(told.contains("; 9 are older or newer than all posts that were given, and were not compared"), "{told}");
    let without = [&all[4..9], &all[10..15]].concat();
    place.collect(&without);
    let audited = place.audit(&["--posts", "posts.json"]);
    fails(&audited, &["platform"], "one in the middle");
    assert!(platform(&audited.1).starts_with("1 missing: post "), "{}", audited.1);
    // Newer than all of the log's, and by others too: then nothing says whose posts are meant.
    let chat = |id: u64, author: &str| {
        let mut post = all[NOTES as usize - 1].clone();
        (post.0.0, post.1, post.2) = (post.0.0 + id, author.to_owned(), "Closed on Friday.".to_owned());
        post
    };
    for (posts, said) in [
        (vec![chat(1, "embassy")], "the posts that were given are older or newer than those of the log"),
        (vec![chat(1, "embassy"), chat(2, "ministry")], "whose posts are meant is not known"),
    ] {
        place.collect(&posts);
        let (status, report) = place.audit(&["--posts", "posts.json"]);
        assert_eq!((status, of(&report, "fails"), &report["unread"]), (3, vec![], &json!(said)), "{report}");
    }
}

/// The same posts in every form.
fn forms(posts: &Posts) -> Vec<(&'static str, Vec<u8>)> {
    let plain: Vec<Value> =
        posts.iter().map(|(id, author, text)| json!({"id": id.to_string(), "author": author, "text": text})).collect();
    let numeric: Vec<Value> =
        posts.iter().map(|(id, author, text)| json!({"id": id.0, "author": author, "text": text})).collect();
    let tweet = |(id, _, text): &(verbale::base::ids::PostId, String, String)| json!({"tweet": {"id_str": id.to_string(), "id": id.to_string(), "full_text": text, "retweeted": false}});
    let tweets: Vec<Value> = posts.iter().map(tweet).collect();
    let page = |posts: &[(verbale::base::ids::PostId, String, String)]| {
        let data: Vec<Value> = posts
            .iter()
            .map(|(id, _, text)| json!({"id": id.to_string(), "text": text, "author_id": "2244994945"}))
            .collect();
        let users = json!([{"id": "2244994945", "username": "embassy", "name": "Embassy"}]);
        json!({"data": data, "includes": {"users": users}, "meta": {"result_count": posts.len()}})
    };
    let (first, second) = posts.split_at(posts.len() / 2);
    let array = serde_json::to_string(&plain).unwrap();
    let lines: String = plain.iter().map(|post| format!("{post}\n")).collect();
    let export = format!("window.YTD.tweets.part0 = {}", serde_json::to_string_pretty(&tweets).unwrap());
    let utf16 = |mark: [u8; 2], order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        mark.into_iter().chain(array.encode_utf16().flat_map(order)).collect()
    };
    vec![
        ("an array", array.clone().into_bytes()),
        ("lines", lines.into_bytes()),
        ("numbers", serde_json::to_vec(&numeric).unwrap()),
        ("X's own export", export.into_bytes()),
        ("an answer of X's API", page(posts).to_string().into_bytes()),
        ("answers one after the other", format!("{}\n{}", page(first), page(second)).into_bytes()),
        ("answers in an array", json!([page(first), page(second), page(&[])]).to_string().into_bytes()),
        ("a byte order mark", [&b"\xef\xbb\xbf"[..], array.as_bytes()].concat()),
        ("UTF-16, the low byte first", utf16([0xff, 0xfe], u16::to_le_bytes)),
        ("UTF-16, the high byte first", utf16([0xfe, 0xff], u16::to_be_bytes)),
    ]
}

#[test]
fn posts_are_read_in_the_forms_in_which_people_have_them() {
    let place = place();
    let honest = posts(&plain(NOTES));
    for (form, bytes) in forms(&honest) {
        fs::write(place.path("posts.json"), bytes).unwrap();
        let (status, report) = place.audit(&["--posts", "posts.json", "--account", "@embassy"]);
        assert_eq!((status, of(&report, "fails")), (0, vec![]), "{form}: {report}");
        assert!(platform(&report).starts_with("20 posts of the log were compared, by embassy,"), "{form}: {report}");
    }
    let mut edited = honest.clone();
    edited[7].2 = edited[6].2.clone();
    for (form, bytes) in forms(&edited) {
        fs::write(place.path("posts.json"), bytes).unwrap();
        fails(&place.audit(&["--posts", "posts.json"]), &["platform"], form);
    }
    let (_, export) = forms(&honest).into_iter().find(|(form, _)| *form == "X's own export").unwrap();
    fs::write(place.path("posts.json"), export).unwrap();
    let (status, report) = place.audit(&["--posts", "posts.json"]);
    assert_eq!(status, 0);
    assert!(platform(&report).contains("by an account that is not named there"), "{report}");
}

#[test]
fn the_names_that_an_account_has_had_are_one() {
    let place = place();
    let mut found = posts(&plain(NOTES));
    found.iter_mut().take(12).for_each(|post| post.1 = "embassy_old".to_owned());
    place.collect(&found);
    // Under two names they are a question, whoever is named or nobody.
    for named in [&[][..], &["--account", "embassy"]] {
        let (status, report) = place.audit(&[&["--posts", "posts.json"], named].concat());
        assert_eq!((status, of(&report, "fails")), (3, vec![]), "{report}");
        let remedy = "name each, the present one first: --account embassy --account embassy_old";
        assert!(platform(&report).ends_with(remedy), "{report}");
    }
    let mut edited = found.clone();
    edited[7].2 = edited[6].2.clone();
    place.collect(&edited);
    fails(&place.audit(&["--posts", "posts.json"]), &["platform"], "a wrong text");
    place.collect(&found);
    let both = ["--posts", "posts.json", "--account", "embassy", "--account", "embassy_old"];
    let (status, report) = place.audit(&both);
    assert_eq!((status, of(&report, "fails")), (0, vec![]), "{report}");
    // All of them by one other account are a question.
    found.iter_mut().for_each(|post| post.1 = "embassy_old".to_owned());
    place.collect(&found);
    let (status, report) = place.audit(&["--posts", "posts.json", "--account", "embassy"]);
    assert_eq!((status, of(&report, "fails")), (3, vec![]), "{report}");
    assert!(platform(&report).contains("name both: --account embassy --account embassy_old"), "{report}");
}

/// X names an account once in the answers of several pages; its number stands for it before and after that.
#[test]
fn an_account_is_known_by_its_number_in_all_answers() {
    let place = place();
    let post = |(id, _, text): &(verbale::base::ids::PostId, String, String)| json!({"id": id.to_string(), "text": text, "author_id": "2244994945"});
    let data: Vec<Value> = posts(&plain(NOTES)).iter().map(post).collect();
    let users = json!({"users": [{"id": "2244994945", "username": "embassy"}]});
    for named in 0..3 {
        let page = |(place, data): (usize, &[Value])| match place == named {
            true => json!({"data": data, "includes": users, "meta": {}}),
            false => json!({"data": data, "meta": {}}),
        };
        let answers: Vec<Value> = data.chunks(7).enumerate().map(page).collect();
        fs::write(place.path("posts.json"), serde_json::to_vec(&answers).unwrap()).unwrap();
        for account in [&[][..], &["--account", "embassy"], &["--account", "new_name", "--account", "Embassy"]] {
            let (status, report) = place.audit(&[&["--posts", "posts.json"], account].concat());
            assert_eq!((status, of(&report, "fails")), (0, vec![]), "{named} {account:?}: {report}");
            assert!(platform(&report).starts_with("20 posts of the log were compared"), "{report}");
        }
    }
}

#[test]
fn what_is_no_file_of_posts_is_refused() {
    let place = place();
    for no in [
        "<!doctype html>",
        "window.location = [",
        "wonderful",
        r#"[{"id": "7", "author": "embassy"}]"#,
        r#"{"errors": [{"title": "Unauthorized"}]}"#,
        "[1]",
    ] {
        fs::write(place.path("posts.json"), no).unwrap();
        let output = verbale(place.folder.path(), &["audit", "log", "--posts", "posts.json"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 2), "{no}: {said}");
        assert!(said.contains("posts.json cannot be used"), "{said}");
    }
    let output = verbale(place.folder.path(), &["audit", "log", "--account", "embassy"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("no posts are given"), "{said}");
}
