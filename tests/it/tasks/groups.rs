//! Notes to groups: nobody who is in one is left out, whatever the list of who came and went looks like, and one bad answer
//! costs no note.

use std::time::Duration;

use serde_json::{Value, json};
use verbale::base::ids::{AccountId, ConversationId, MessageId};
use verbale::sandbox::world::{Outgoing, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::database;
use crate::support::relay::Answer;
use crate::support::weather_story::{DAY, Story, Way};

const CALL: &str = "GET /2/dm_conversations/*/dm_events";
const MINUTES: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3_600);

/// A group of the three, and no note to it yet.
async fn begin() -> (Story, ConversationId) {
    let story = Story::begin(Way::Http, Settings::without_limits()).await;
    let text = Outgoing::text("hello");
    let made = story.harness.world.with(|world, now| world.make_group(now, EMBASSY, &[MINISTRY, JOURNALIST], &text));
    story.harness.advance(3_600_000);
    (story, made.unwrap().0)
}

fn send(story: &mut Story, group: &ConversationId) {
    let text = Outgoing::text("NOTE to all");
    let id = story.harness.world.with(|world, now| world.send_in(now, EMBASSY, group, &text)).unwrap();
    story.owe(id);
    story.harness.advance(1_000);
}

/// What the platform lists of who came and went, from now on.
fn list(story: &Story, changes: Vec<Value>) {
    story.relay().straighten();
    story.relay().bend_json(CALL, move |asked, body| {
        if asked.query.contains("Participants") {
            *body = json!({ "data": changes, "meta": { "result_count": changes.len() } });
        }
    });
}

/// These came, or left, so many seconds after the group was made.
fn change(group: &ConversationId, kind: &str, seconds: i64, who: &[AccountId]) -> Value {
    let made = MessageId::parse(group.as_str()).unwrap().moment();
    let who: Vec<String> = who.iter().map(ToString::to_string).collect();
    json!({
        "id": MessageId::first_at(made.plus_ms(1_000 * seconds)).to_string(), "event_type": kind,
        "sender_id": EMBASSY.to_string(), "participant_ids": who, "dm_conversation_id": group.as_str(),
    })
}

fn founding(group: &ConversationId) -> Value {
    change(group, "ParticipantsJoin", 1, &[EMBASSY, MINISTRY])
}

/// Number of the members that are remembered.
fn remembered(story: &Story) -> u64 {
    database::count(&story.harness.database(), "SELECT count(*) FROM member")
}

/// What is told of the messages now.
async fn told(story: &Story) -> String {
    let reports = story.harness.store().task_reports().await.unwrap();
    reports.into_iter().find(|one| one.name == "watcher").and_then(|one| one.trouble).unwrap_or_default()
}

#[tokio::test]
async fn a_joining_that_cannot_be_told_for_one_leaves_nobody_out() {
    let kinds = [
        None,
        Some(Value::Null),
        Some(json!("")),
        Some(json!(5)),
        Some(json!("MessageCreate")),
        Some(json!("Mystery")),
    ];
    for kind in kinds {
        let (mut story, group) = begin().await;
        let good = change(&group, "ParticipantsJoin", 600, &[JOURNALIST]);
        let mut odd = good.clone();
        odd.as_object_mut().unwrap().remove("event_type");
        kind.iter().for_each(|kind| odd["event_type"] = kind.clone());
        list(&story, vec![odd, founding(&group)]);
        send(&mut story, &group);
        story.pass(MINUTES).await;
        assert_eq!((story.notes(), remembered(&story)), (0, 0), "{kind:?}");
        // It is looked again, and now it can be read.
        list(&story, vec![good, founding(&group)]);
        story.pass(HOUR).await;
        assert_eq!((story.notes(), remembered(&story), story.gaps()), (1, 2, vec![]), "{kind:?}");
    }
}

#[tokio::test]
async fn who_was_remembered_is_used_only_if_every_change_since_can_be_read() {
    let (mut story, group) = begin().await;
    list(&story, vec![founding(&group)]);
    send(&mut story, &group);
    story.pass(MINUTES).await;
    assert_eq!((story.notes(), remembered(&story)), (1, 1));
    // Its beginning is no longer listed, but nothing has changed.
    list(&story, vec![]);
    send(&mut story, &group);
    story.pass(MINUTES).await;
    assert_eq!((story.notes(), remembered(&story)), (2, 1), "the memory is good");
    // Something has changed since, and nobody can read who came.
    let later = 2 * 3_600;
    let mut odd = change(&group, "ParticipantsJoin", later, &[JOURNALIST]);
    odd["participant_ids"] = json!([Value::Null]);
    list(&story, vec![odd, founding(&group)]);
    send(&mut story, &group);
    story.pass(MINUTES).await;
    assert_eq!((story.notes(), remembered(&story)), (2, 1));
    assert!(told(&story).await.contains("group"), "{}", told(&story).await);
    story.pass(DAY).await;
    let gaps = story.gaps();
    assert!(matches!(&gaps[..], [gap] if gap.contains("cannot all be read")), "{gaps:?}");
    assert_eq!(story.notes(), 2);
    list(&story, vec![change(&group, "ParticipantsJoin", later, &[JOURNALIST]), founding(&group)]);
    send(&mut story, &group);
    story.pass(MINUTES).await;
    assert_eq!((story.notes(), remembered(&story)), (3, 2));
}

#[tokio::test]
async fn an_unreadable_change_from_before_the_memory_does_not_spoil_it() {
    let (mut story, group) = begin().await;
    list(&story, vec![founding(&group)]);
    send(&mut story, &group);
    story.pass(MINUTES).await;
    let mut old = change(&group, "ParticipantsLeave", 600, &[JOURNALIST]);
    old["participant_ids"] = json!([Value::Null]);
    let late = change(&group, "ParticipantsJoin", 2 * 3_600, &[JOURNALIST]);
    list(&story, vec![late, old, founding(&group)]);
    send(&mut story, &group);
    story.pass(MINUTES).await;
    assert_eq!((story.notes(), remembered(&story), story.gaps()), (2, 2, vec![]));
}

#[tokio::test]
async fn changes_are_ordered_by_their_moment() {
    let (mut story, group) = begin().await;
    let left = change(&group, "ParticipantsLeave", 600, &[JOURNALIST]);
    let back = change(&group, "ParticipantsJoin", 1_200, &[JOURNALIST]);
    list(&story, vec![left, back, founding(&group)]);
    send(&mut story, &group);
    story.pass(MINUTES).await;
    assert_eq!((story.notes(), remembered(&story)), (1, 2));
}

/// What a look at a group may be answered with in place of who is in it.
fn refusals() -> Vec<Answer> {
    let problem = |kind: &str, detail: &str| json!({ "type": format!("https://api.x.com/2/problems/{kind}"), "title": "No", "detail": detail });
    let forbidden = json!({ "title": "Forbidden", "detail": "Something went wrong. Please try again." });
    vec![
        Answer::json(403, &forbidden),
        Answer::json(404, &problem("resource-not-found", "Could not find it.")),
        Answer::json(404, &problem("dm-conversation-not-found", "There is no such conversation.")),
        Answer::json(400, &problem("invalid-request", "It was invalid.")),
        Answer::json(200, &json!({ "errors": [problem("not-authorized-for-resource", "Not authorized.")] })),
    ]
}

/// Refuses the next looks at the group's members so.
fn refuse(story: &Story, times: usize, refusal: Answer) {
    let mut left = times;
    story.relay().bend(CALL, move |asked, answer| {
        if asked.query.contains("Participants") && left != 0 {
            left -= 1;
            (answer.status, answer.body) = (refusal.status, refusal.body.clone());
        }
    });
}

#[tokio::test]
async fn one_refused_look_at_a_group_costs_no_note() {
    for refusal in refusals() {
        let (mut story, group) = begin().await;
        let status = refusal.status;
        refuse(&story, 1, refusal);
        send(&mut story, &group);
        story.pass(MINUTES).await;
        assert_eq!((story.notes(), story.gaps()), (1, vec![]), "{status}");
    }
}

#[tokio::test]
async fn a_group_that_is_refused_for_hours_is_told_and_then_a_gap() {
    let (mut story, group) = begin().await;
    refuse(&story, usize::MAX, refusals().remove(0));
    send(&mut story, &group);
    story.send("to the ministry alone");
    story.pass(2 * HOUR).await;
    assert_eq!((story.notes(), story.gaps()), (1, vec![]), "it holds up nothing else");
    let told = told(&story).await;
    assert!(told.contains("group") && told.contains("403"), "{told}");
    let looks = story.relay().asked(CALL).len();
    assert!((4..=15).contains(&looks), "soon at first, and then rarely: {looks}");
    story.pass(DAY).await;
    assert_eq!((story.notes(), story.gaps().len()), (1, 1));
    // The next one is held anew, and sealed once X gives in.
    send(&mut story, &group);
    story.pass(HOUR).await;
    assert_eq!((story.notes(), story.gaps().len()), (1, 1));
    story.relay().straighten();
    story.pass(HOUR).await;
    assert_eq!((story.notes(), story.gaps().len()), (2, 1));
}
