//! A note sent by the program itself: once, whatever X answers and whenever the command dies, and seen through to its post.

use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::process::Child;
use verbale::base::ids::MessageId;
use verbale::sandbox::world::{Body, Call, Event, EventKind, Fault, How, Moment};
use verbale::sandbox::{EMBASSY, MINISTRY, World};

use crate::support::harness::MARKER;
use crate::support::process::{Place, stop};

/// Stands in every text, and may never be repeated.
const PRIVATE: &str = "the vessel Aurora";

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and a picture";

/// An installation whose daemon has looked at the messages once.
async fn begun() -> Place {
    let place = Place::new().await;
    let mut daemon = place.run();
    looked(&place).await;
    stop(&mut daemon, "TERM").await;
    place
}

async fn looked(place: &Place) {
    let looks = |world: &World| world.counts().of(Call::Messages);
    let before = place.server.world.with(|world, _| looks(world));
    place.until("two more looks at the messages", |world| before + 2 <= looks(world)).await;
}

fn text() -> String {
    format!("{MARKER}: release {PRIVATE} & <all> of https://example.org/crew at once.")
}

/// Starts the command; the text lies in a file.
fn start(place: &Place, text: &str, arguments: &[&str]) -> Child {
    let file = place.path("letter.txt");
    std::fs::write(&file, text).unwrap();
    let arguments = [&["send"][..], arguments, &[file.to_str().unwrap()]].concat();
    place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).env("RUST_LOG", "trace").spawn().unwrap()
}

/// Runs the command to its end: the exit status, and what it said to both.
async fn send(place: &Place, text: &str, arguments: &[&str]) -> (i32, String, String) {
    ended(start(place, text, arguments)).await
}

async fn ended(command: Child) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.wait_with_output().await.unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(!stdout.contains(PRIVATE) && !stderr.contains(PRIVATE), "{stdout}{stderr}");
    (status.code().expect("it was killed"), stdout, stderr)
}

const TO_MINISTRY: [&str; 2] = ["--to", "ministry"];

fn written(event: &Event) -> Option<&str> {
    match &event.kind {
        EventKind::Message { written, .. } => Some(written),
        _ => None,
    }
}

/// The messages that are there.
fn messages(place: &Place) -> Vec<(MessageId, String)> {
    let message = |event: &Event| Some((event.id, written(event)?.to_owned()));
    place.server.world.with(|world, _| world.events().filter_map(message).collect())
}

/// The one message that is there, which the witness will ask for.
fn only_message(place: &mut Place) -> MessageId {
    let messages = messages(place);
    let [(id, _)] = &messages[..] else { panic!("{} messages", messages.len()) };
    place.observer.owe(*id, &[MINISTRY.0]);
    *id
}

fn fail(place: &Place, call: Call, at: Moment, how: How) {
    place.server.world.with(|world, _| world.add_fault(Fault::once(call, at, how)));
}

#[tokio::test]
async fn a_note_is_sent_and_seen_through_to_its_post() {
    let mut place = begun().await;
    let mut daemon = place.run();
    looked(&place).await;
    let (status, said, complaint) = send(&place, &format!("{}\n", text()), &TO_MINISTRY).await;
    assert_eq!((status, complaint.as_str()), (0, ""), "{said}");
    assert_eq!(messages(&place)[0].1, text(), "but for the line's end, as it was written");
    let message = only_message(&mut place);
    let post = place.server.world.with(|world, _| world.posts().last().map(|post| (post.id, post.words.text.clone())));
    let (post, shown) = post.unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], format!("sent    message {message} to {MINISTRY}, {}", message.moment()));
    assert!(lines[1].starts_with("sealed  note 1, ") && shown.contains(lines[2].trim()), "{said}");
    assert_eq!(lines[3], format!("posted  {post}"));
    assert!(lines[4].ends_with(&format!("/embassy/status/{post}")), "{said}");
    stop(&mut daemon, "TERM").await;
    place.finish().await;
}

#[tokio::test]
async fn a_picture_goes_with_it_and_the_answer_is_for_a_program() {
    let mut place = begun().await;
    let mut daemon = place.serve().await;
    let picture = place.path("annex");
    std::fs::write(&picture, PNG).unwrap();
    let arguments = ["--to", &MINISTRY.to_string(), "--json", "--attach", picture.to_str().unwrap()];
    let (status, said, _) = send(&place, &text(), &arguments).await;
    assert_eq!(status, 0);
    let answer: Value = serde_json::from_str(&said).unwrap();
    let message = only_message(&mut place);
    assert_eq!((&answer["message"], &answer["note"]), (&message.to_string().into(), &1.into()));
    assert!(answer["post"].is_string() && answer["pending"].is_null() && answer["answered"] == true, "{answer}");
    place.server.world.with(|world, _| {
        let event = world.events().next().unwrap();
        let EventKind::Message { media, .. } = &event.kind else { panic!() };
        let file = world.media(media[0]).unwrap();
        assert!(file.bytes == PNG && file.media_type == "image/png");
    });
    stop(&mut daemon, "TERM").await;
    place.finish().await;
}

#[tokio::test]
async fn the_text_may_come_from_standard_input() {
    use tokio::io::AsyncWriteExt;
    let mut place = begun().await;
    let mut command = place.command(&["send", "--to", "ministry", "-"]);
    let mut command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    command.stdin.take().unwrap().write_all(text().as_bytes()).await.unwrap();
    assert_eq!(ended(command).await.0, 3, "no daemon runs");
    assert_eq!(messages(&place)[0].1, text());
    only_message(&mut place);
    place.finish().await;
}

#[tokio::test]
async fn without_a_daemon_it_says_what_will_happen() {
    let mut place = Place::new().await;
    let (status, said, complaint) = send(&place, &text(), &TO_MINISTRY).await;
    assert_eq!((status, said.as_str(), messages(&place).len()), (2, "", 0));
    assert!(complaint.contains("never sealed\nstart it first: `verbale run`"), "{complaint}");
    let mut daemon = place.run();
    looked(&place).await;
    stop(&mut daemon, "TERM").await;
    let (status, said, complaint) = send(&place, &text(), &TO_MINISTRY).await;
    let message = only_message(&mut place);
    assert_eq!(status, 3, "{complaint}");
    assert!(said.starts_with(&format!("sent    message {message} to ")), "{said}");
    assert!(
        complaint.starts_with("no daemon runs on this log: what is still missing is sealed and posted once"),
        "{complaint}"
    );
    place.finish().await;
}

#[tokio::test]
async fn it_does_not_wait_if_it_need_not() {
    let mut place = begun().await;
    let mut daemon = place.run();
    fail(&place, Call::Messages, Moment::Before, How::Hold);
    place.until("the daemon hangs", |world| world.faults().next().is_none()).await;
    let (status, said, complaint) = send(&place, &text(), &["--to", "ministry", "--no-wait"]).await;
    assert_eq!((status, complaint.as_str(), said.lines().count()), (0, "", 1), "{said}");
    only_message(&mut place);
    stop(&mut daemon, "TERM").await;
    place.finish().await;
}

/// What goes wrong with the call that sends, whether the message is there then, the exit status, and what is said.
const FAULTS: [(Moment, How, bool, i32, &str); 9] = [
    (Moment::After, How::Cut, true, 3, "X gave no answer, and it is in the conversation"),
    (Moment::After, How::Half, true, 3, "X gave no answer, and it is in the conversation"),
    (Moment::After, How::Status { code: 503, body: Body::Problem }, true, 3, "and it is in the conversation"),
    (Moment::After, How::Duplicate, true, 3, "and it is in the conversation"),
    (Moment::Before, How::Cut, false, 3, "and the message is not in the conversation"),
    (Moment::Before, How::Status { code: 503, body: Body::Problem }, false, 3, "is not in the conversation"),
    (
        Moment::Before,
        How::Status { code: 400, body: Body::Problem },
        false,
        1,
        "nothing was sent: the platform refused",
    ),
    (
        Moment::Before,
        How::RateLimited { wait_ms: 60_000 },
        false,
        1,
        "nothing was sent: the platform asks to wait until",
    ),
    (Moment::Before, How::Encrypted, false, 1, "write by hand, in X's own app"),
];

/// No daemon runs here, so that what was sent ends with status 3, too.
#[tokio::test]
async fn whatever_x_answers_it_is_sent_once() {
    let mut place = begun().await;
    for (number, (at, how, is_there, expected, words)) in FAULTS.into_iter().enumerate() {
        let (before, text) = (messages(&place).len(), format!("{} {number}", text()));
        fail(&place, Call::SendMessage, at, how);
        let (status, said, complaint) = send(&place, &text, &TO_MINISTRY).await;
        let said = said + &complaint;
        assert!(status == expected && said.contains(words), "{how:?} {at:?}: {status} {said}");
        assert_eq!(messages(&place).len() - before, usize::from(is_there), "{how:?} {at:?}");
        // The same command again, as it says.
        let (status, _, complaint) = send(&place, &text, &TO_MINISTRY).await;
        assert_eq!(status, if is_there { 1 } else { 3 }, "{how:?} {at:?}: {complaint}");
        assert_eq!(complaint.contains("the same text was sent at"), is_there, "{how:?} {at:?}: {complaint}");
        assert_eq!(messages(&place).len() - before, 1, "{how:?} {at:?}");
    }
    for (id, _) in messages(&place) {
        place.observer.owe(id, &[MINISTRY.0]);
    }
    place.finish().await;
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_unknown_and_not_absent() {
    let mut place = begun().await;
    fail(&place, Call::SendMessage, Moment::After, How::Cut);
    place.server.world.with(|world, _| {
        // The look before is answered, the one after is not.
        world.add_fault(Fault::once(Call::MessagesWith, Moment::After, How::Delay { ms: 0 }));
        world.add_fault(Fault::once(Call::MessagesWith, Moment::After, How::Status { code: 500, body: Body::Html }));
    });
    let (status, said, complaint) = send(&place, &text(), &TO_MINISTRY).await;
    assert_eq!((status, said.as_str()), (3, ""));
    assert!(complaint.starts_with("error: nobody knows whether the message was sent"), "{complaint}");
    only_message(&mut place);
    place.finish().await;
}

#[tokio::test]
async fn killed_while_it_sends_and_given_again() {
    for (at, is_there) in [(Moment::Before, false), (Moment::After, true)] {
        let mut place = begun().await;
        fail(&place, Call::SendMessage, at, How::Hold);
        let mut command = start(&place, &text(), &TO_MINISTRY);
        place.until("the call", |world| world.faults().next().is_none()).await;
        command.kill().await.unwrap();
        assert_eq!(messages(&place).len(), usize::from(is_there));
        let (status, _, complaint) = send(&place, &text(), &TO_MINISTRY).await;
        assert_eq!(status, if is_there { 1 } else { 3 }, "{complaint}");
        only_message(&mut place);
        place.finish().await;
    }
}

/// The listing that X gives may lack what was just sent: what was answered, what was not, and what was
/// refused as a duplicate of itself.
#[tokio::test]
async fn given_again_while_the_message_is_not_listed_yet_it_waits_for_it() {
    for how in [None, Some(How::Cut), Some(How::Duplicate)] {
        let mut place = begun().await;
        place.configure("unknown_outcome_timeout = \"1500ms\"", "unknown_outcome_timeout = \"60s\"");
        place.server.world.with(|world, _| world.settings.message_lag_ms = 86_400_000);
        let answered = how.is_none();
        if let Some(how) = how {
            fail(&place, Call::SendMessage, Moment::After, how);
        }
        let (status, _, complaint) = send(&place, &text(), &TO_MINISTRY).await;
        assert_eq!((status, complaint.contains("is not in the conversation")), (3, !answered), "{complaint}");
        let is_duplicate = matches!(how, Some(How::Duplicate));
        assert_eq!(complaint.contains("refuses it as a duplicate, and"), is_duplicate, "{complaint}");
        let looks = |world: &World| world.counts().of(Call::MessagesWith);
        let before = place.server.world.with(|world, _| looks(world));
        let again = start(&place, &text(), &TO_MINISTRY);
        place.until("it looks", |world| before < looks(world)).await;
        place.server.world.with(|world, _| world.settings.message_lag_ms = 0);
        let (status, _, complaint) = ended(again).await;
        assert!(status == 1 && complaint.contains("the same text was sent at"), "{complaint}");
        only_message(&mut place);
        place.finish().await;
    }
}

#[tokio::test]
async fn two_commands_at_a_time_do_not_send() {
    let mut place = begun().await;
    fail(&place, Call::SendMessage, Moment::After, How::Hold);
    let mut first = start(&place, &text(), &TO_MINISTRY);
    place.until("the call", |world| world.faults().next().is_none()).await;
    let (status, _, complaint) = send(&place, &text(), &TO_MINISTRY).await;
    assert!(status == 1 && complaint.contains("another `verbale send` is at work"), "{complaint}");
    first.kill().await.unwrap();
    only_message(&mut place);
    place.finish().await;
}

#[tokio::test]
async fn told_to_stop_it_says_how_far_it_came() {
    let mut place = begun().await;
    let mut daemon = place.serve().await;
    fail(&place, Call::CreatePost, Moment::Before, How::Hold);
    let mut command = start(&place, &text(), &TO_MINISTRY);
    place.until("the post hangs", |world| world.faults().next().is_none()).await;
    let signalled = tokio::process::Command::new("kill").args(["-INT", &command.id().unwrap().to_string()]).status();
    assert!(signalled.await.unwrap().success());
    tokio::time::timeout(crate::support::process::GENEROUS, command.wait()).await.expect("it does not stop").unwrap();
    let (status, said, complaint) = ended(command).await;
    assert_eq!((status, said.lines().count()), (3, 3), "{said}{complaint}");
    assert!(said.contains("sealed  note 1, ") && complaint.starts_with("told to stop: "), "{said}{complaint}");
    only_message(&mut place);
    stop(&mut daemon, "KILL").await;
    place.finish().await;
}

#[tokio::test]
async fn the_same_text_is_sent_twice_only_if_told_so() {
    let mut place = begun().await;
    let again = ["--to", "ministry", "--again"];
    assert_eq!(send(&place, &text(), &TO_MINISTRY).await.0, 3);
    assert_eq!(send(&place, &text(), &TO_MINISTRY).await.0, 1);
    assert_eq!(send(&place, &text(), &again).await.0, 3);
    assert_eq!(messages(&place).len(), 2);
    // No answer: that the first two are there says nothing of the third.
    fail(&place, Call::SendMessage, Moment::Before, How::Cut);
    let (status, _, complaint) = send(&place, &text(), &again).await;
    assert!(status == 3 && complaint.contains("is not in the conversation"), "{complaint}");
    fail(&place, Call::SendMessage, Moment::After, How::Cut);
    let (_, said, _) = send(&place, &text(), &again).await;
    assert!(said.contains("and it is in the conversation"), "{said}");
    let messages = messages(&place);
    assert_eq!(messages.len(), 3);
    assert!(said.contains(&messages[2].0.to_string()), "the new one is told: {said}");
    for (id, _) in messages {
        place.observer.owe(id, &[MINISTRY.0]);
    }
    place.finish().await;
}

#[tokio::test]
async fn nothing_is_sent_that_x_would_refuse_or_that_would_not_be_sealed() {
    let place = begun().await;
    let [picture, letter] = ["picture.png", "words.pdf"].map(|name| place.path(name));
    std::fs::write(&picture, PNG).unwrap();
    std::fs::write(&letter, "%PDF-1.7").unwrap();
    let [picture, letter] = [&picture, &letter].map(|path| path.to_str().unwrap());
    let slip = crate::support::fixture::slip().to_text().unwrap();
    let long = format!("{MARKER}{}", "é".repeat(10_000));
    let informal = format!("lunch on {PRIVATE}?");
    let itself = EMBASSY.to_string();
    let cases: [(&str, &[&str], &str); 9] = [
        (&informal, &TO_MINISTRY, "the text is not formal"),
        (&slip, &TO_MINISTRY, "a slip of this log"),
        ("\n", &TO_MINISTRY, "the text is empty"),
        (&long, &TO_MINISTRY, "the text has 10004 characters"),
        (MARKER, &["--to", "journalist"], "no rule of the configuration"),
        (MARKER, &["--to", "nobody_at_all"], "knows no account @nobody_at_all"),
        (MARKER, &["--to", &itself], "the account itself"),
        (MARKER, &["--to", "ministry", "--attach", letter], "a file of type application/pdf"),
        (MARKER, &["--to", "ministry", "--attach", picture, "--attach", picture], "2 files"),
    ];
    for (text, arguments, words) in cases {
        let (status, said, complaint) = send(&place, text, arguments).await;
        assert_eq!((status, said.as_str()), (2, ""), "{complaint}");
        assert!(complaint.contains(words) && complaint.lines().count() == 2, "{complaint}");
    }
    assert_eq!(messages(&place), []);
}
