//! The condition of 2018: direct messages arrive only while the other side follows the account. What the program says of it
//! before, with and after a note.
//!
//! `VERBALE_CHANNEL` names a folder in which the two proofs are left for the page that verifies.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use age::secrecy::ExposeSecret;
use serde_json::Value;
use verbale::sandbox::world::Call;
use verbale::sandbox::{EMBASSY, MINISTRY, World};

use crate::support::harness::MARKER;
use crate::support::process::{Place, stop};

const CLOSED: &str = "@ministry (783214) takes no messages from this account since ";

/// What a command says: its status, and to both.
async fn say(place: &Place, arguments: &[&str]) -> (i32, String, String) {
    let output = place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code().unwrap(), stdout, stderr)
}

async fn send(place: &Place, number: u64) -> (i32, String, String) {
    let file = place.path("letter.txt");
    fs::write(&file, format!("{MARKER} No. {number}: the Embassy asks for an answer.")).unwrap();
    say(place, &["send", "--to", "ministry", file.to_str().unwrap()]).await
}

/// What the opened proof of a note says of the channel.
async fn channel(place: &Place, note: u64) -> Vec<String> {
    let key = place.path("official.txt");
    let note = note.to_string();
    let out = place.path(&format!("note-{note}.zip"));
    let (key, out) = (key.to_str().unwrap(), out.to_str().unwrap());
    let (status, _, complaint) =
        say(place, &["prove", &note, "--level", "content", "--identity", key, "--out", out]).await;
    assert_eq!(status, 0, "{complaint}");
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_verbale")).args(["verify", "--json", out]).output();
    let report: Value = serde_json::from_slice(&output.await.unwrap().stdout).unwrap();
    assert_eq!(report["verdict"], "intact", "{report}");
    let claims = report["claims"].as_array().unwrap();
    let claim = claims.iter().find(|claim| claim["name"] == "channel").expect("a claim about the channel");
    claim["shown"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_ministry_unfollows_and_the_next_send_says_so() {
    let mut place = Place::new().await;
    let secret = place.identity.to_string();
    fs::write(place.path("official.txt"), format!("{}\n", secret.expose_secret())).unwrap();
    fs::set_permissions(place.path("official.txt"), fs::Permissions::from_mode(0o600)).unwrap();
    place.server.world.with(|world, _| world.set_inbox_closed(MINISTRY, true));
    let mut daemon = place.serve().await;
    let looks = |world: &World| world.counts().of(Call::Messages);
    place.until("the daemon looks", |world| 2 <= looks(world)).await;

    let (status, said, complaint) = send(&place, 1).await;
    assert_eq!((status, complaint.as_str()), (0, ""), "{said}");

    place.server.world.with(|world, _| world.set_follows(MINISTRY, EMBASSY, false));
    let (status, _, complaint) = send(&place, 2).await;
    assert!(status == 1 && complaint.starts_with(CLOSED), "{status} {complaint}");
    assert!(
        complaint.contains("nothing was sent: ") && complaint.contains("dm-recipient-not-accepting"),
        "{complaint}"
    );

    // As a request, X lets it through.
    place.server.world.with(|world, _| world.settings.refuses_closed = false);
    let (status, said, complaint) = send(&place, 3).await;
    assert!(status == 0 && complaint.starts_with(CLOSED) && complaint.lines().count() == 1, "{said}{complaint}");

    let (status, _, complaint) = say(&place, &["notes"]).await;
    assert!(status == 0 && complaint.starts_with(CLOSED), "{complaint}");
    let (_, said, _) = say(&place, &["status", "--json"]).await;
    let status: Value = serde_json::from_str(&said).unwrap();
    let ministry = status["recipients"].as_array().unwrap().iter().find(|one| one["name"] == "ministry").unwrap();
    assert_eq!((&ministry["inbox"], &ministry["follows"]), (&"closed".into(), &false.into()), "{status}");
    let (_, said, _) = say(&place, &["status"]).await;
    assert!(said.contains(&format!("recipient  {CLOSED}")), "{said}");

    let when = "when the note was sealed, the account 783214 ministry";
    let word = "X's own record, stated";
    assert_eq!(
        [channel(&place, 1).await, channel(&place, 2).await],
        [
            [format!("{when} accepted messages from the sender's, and followed it: {word}")],
            [format!("{when} did not accept messages from the sender's, and did not follow it: {word}")],
        ]
    );
    if let Some(folder) = std::env::var_os("VERBALE_CHANNEL") {
        fs::create_dir_all(&folder).unwrap();
        for name in ["note-1.zip", "note-2.zip"] {
            fs::copy(place.path(name), Path::new(&folder).join(name)).unwrap();
        }
    }
    stop(&mut daemon, "TERM").await;
    let sent: Vec<_> = place.server.world.with(|world, _| world.events().map(|event| event.id).collect());
    for message in sent {
        place.observer.owe(message, &[MINISTRY.0]);
    }
    place.finish().await;
}
