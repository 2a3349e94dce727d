//! `verbale resend` and what `verbale status` says of what could not be sent.

use serde_json::Value;
use verbale::base::clock::Clock;
use verbale::base::ids::{AccountId, Channel, MessageId, PostId};
use verbale::base::time::Time;
use verbale::sandbox::EMBASSY;
use verbale::sandbox::world::EventKind;
use verbale::store::{
    Budget, Durability, Effects, Lane, MentionOutcome, Mentioned, MessageKind, NewAnswer, Outgoing, Store, Trigger,
};

use crate::support::harness::key;
use crate::support::process::{Place, stop};

/// Somebody who is not there yet.
const OFFICIAL: AccountId = AccountId(5001);

/// The exit status, and what was written.
async fn say(place: &Place, arguments: &[&str]) -> (i32, String, String) {
    let mut command = place.command(arguments);
    let output = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).output();
    let output = output.await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A log in which a notice, a code of an hour ago and an answer were given up.
async fn given_up() -> Place {
    let place = Place::new().await;
    let store = Store::open(&place.path("verbale.db"), key(), Durability::Process).unwrap();
    let now = Clock::system().now();
    let text = "confirm 123456";
    let code = Outgoing::text(MessageKind::Code(MessageId(5)), OFFICIAL, text);
    store.add_message(code, now.plus_ms(-3_600_000)).await.unwrap();
    let notice = Outgoing::text(MessageKind::RequestNotice(3), OFFICIAL, "request 3 waits");
    store.add_message(notice, now).await.unwrap();
    let answer = NewAnswer {
        text: "noted".to_owned(),
        answers: PostId(60),
        mention: Some(PostId(60)),
        note: None,
        standalone: false,
    };
    let mention = Mentioned { post: PostId(60), author: OFFICIAL, what: MentionOutcome::Answered };
    let effects = Effects { answers: vec![answer], ..Effects::default() };
    assert!(store.apply(Trigger::Mention(mention), effects, now).await.unwrap());
    for lane in [Lane::Messages, Lane::Posts] {
        while let Some(effect) = store.next_effect(lane, &[], Budget::Enough).await.unwrap() {
            store.given_up(effect.id, "the platform refused: code 349".to_owned(), now).await.unwrap();
        }
    }
    store.close().await;
    place
}

#[tokio::test]
async fn what_could_not_be_sent_is_listed_and_sent_again_once_for_each_command() {
    let place = given_up().await;
    let (status, out, _) = say(&place, &["resend"]).await;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!((status, lines.len()), (0, 3), "{out}");
    assert!(lines[0].starts_with("     1  code for a command to 5001  since "), "{out}");
    assert!(lines[0].ends_with("code 349; it has expired, and is not sent again"), "{out}");
    assert!(lines[1].starts_with("     2  message that request 3 waits to 5001  since "), "{out}");
    assert!(lines[2].starts_with("     3  answer to post 60  since "), "{out}");
    assert!(!out.contains("123456") && !out.contains("noted"), "its words are not shown: {out}");
    let (status, out, _) = say(&place, &["status"]).await;
    assert_eq!(status, 1);
    assert!(out.contains("not sent   2 messages, 1 answer: `verbale resend` says which and why"), "{out}");

    let (status, out, error) = say(&place, &["resend", "7", "2"]).await;
    assert_eq!((status, &*out), (1, ""), "{error}");
    assert!(error.contains("nothing with the number 7 waits to be sent again; nothing was done"), "{error}");
    let (status, out, error) = say(&place, &["resend", "1", "2"]).await;
    assert_eq!(status, 1, "a code has expired: {error}");
    assert!(out.contains("code for a command to 5001: it has expired and is not sent again"), "{out}");
    assert!(out.contains("message that request 3 waits to 5001: it is tried again"), "{out}");
    assert!(error.contains("no daemon runs on this log"), "{error}");
    assert_eq!(say(&place, &["resend", "2"]).await.0, 1, "it is not listed any more");

    let (status, out, _) = say(&place, &["resend", "--json"]).await;
    let line: Value = serde_json::from_str(out.trim()).unwrap();
    assert_eq!((status, &line["number"], &line["what"], &line["post"]), (0, &3.into(), &"answer".into(), &"60".into()));
    assert_eq!(line["expired"], Value::Bool(false));
    assert_eq!(say(&place, &["resend", "--leave"]).await.0, 2, "nothing is named");
    assert_eq!(say(&place, &["resend", "--all", "3"]).await.0, 2, "it is said twice");
    let (status, out, _) = say(&place, &["resend", "--all", "--leave"]).await;
    assert_eq!((status, out.trim()), (0, "3  answer to post 60: it is left unsent"));
    let (status, out, error) = say(&place, &["resend"]).await;
    assert_eq!((status, &*out, error.trim()), (0, "", "nothing waits to be sent again"));
}

/// The daemon learns of the command while it runs, and `status` ends with 0 when nothing is left.
#[tokio::test]
async fn a_daemon_that_runs_sends_again_what_a_command_names() {
    let place = given_up().await;
    let official = verbale::base::ids::Account::parse("5001 first_secretary").unwrap();
    place.server.world.with(|world, now| drop(world.add_user(now, official).account.clone()));
    let mut child = place.serve().await;
    assert_eq!(say(&place, &["resend", "--leave", "1", "3"]).await.0, 0);
    let (status, out, error) = say(&place, &["resend", "--all"]).await;
    assert_eq!((status, &*error), (0, ""), "{out}");
    let is_sent = |world: &verbale::sandbox::World| {
        let ours = world.events().filter(|event| event.sender == EMBASSY);
        let texts = ours
            .filter(|event| matches!(&event.kind, EventKind::Message { written, .. } if written == "request 3 waits"));
        texts.count() == 1
    };
    place.until("the notice is sent", is_sent).await;
    let begun = Clock::system().now();
    while say(&place, &["status"]).await.0 != 0 {
        assert!(Clock::system().now().ms_since(begun) < 20_000, "{}", say(&place, &["status"]).await.1);
    }
    assert!(stop(&mut child, "TERM").await.success());
    let _ = (Channel::X, Time::from_ms(0));
}
