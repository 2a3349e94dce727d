//! What a demo with `--out` leaves: everything that was said in public and in private, and a page that explains the
//! files.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::acts::{ENVELOPE_PROOF, KNOWN, PROOF, RECEIVED_PROOF, SECOND_PROOF, verify_received};
use super::stage::MINISTRY_FOLDER;
use super::tell;
use crate::base::ids::{AccountId, Channel};
use crate::note::names;
use crate::sandbox::World;
use crate::sandbox::world::{Event, EventKind, Post, unescape};

/// The public posts of everybody.
const TIMELINE: &str = "timeline.json";

/// The direct messages of everybody.
const CONVERSATIONS: &str = "conversations.json";

/// Writes it into the folder, and says what is there.
pub(super) fn keep(dir: &Path, world: &World) -> anyhow::Result<()> {
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let posts: Vec<Value> = world.posts().map(|post| as_post(world, post)).collect();
    write(TIMELINE, &format!("{:#}\n", json!(posts)))?;
    let messages: Vec<Value> = world.events().filter_map(|event| as_message(world, event)).collect();
    write(CONVERSATIONS, &format!("{:#}\n", json!(messages)))?;
    let readme = readme(dir);
    write("README.txt", &readme)?;
    Ok(tell::print(&format!("\nkept in {}:\n\n{}", dir.display(), readme.trim_end()))?)
}

/// A line for everything that is there, and the commands that check it. A story that was interrupted has fewer.
fn readme(dir: &Path) -> String {
    let ministry = |name: &str| format!("{MINISTRY_FOLDER}/{name}");
    let is_there = |name: &str| dir.join(name).exists();
    let mut text = String::new();
    for (name, what) in [
        ("config.toml", "the embassy's installation; its keys and its database are beside it"),
        ("public/", "what the embassy has published: its log and its site, index.html"),
        (&ministry("config.toml"), "the ministry's installation, in the same way"),
        (&ministry("public/"), "what the ministry has published: the log of its receipts"),
        (ENVELOPE_PROOF, "the proof of note 1: who wrote to whom and when"),
        (PROOF, "the same with the text"),
        (RECEIVED_PROOF, "the same with the ministry's receipt"),
        (SECOND_PROOF, "the proof of note 2: who wrote to whom and when"),
        (TIMELINE, "every public post"),
        (CONVERSATIONS, "every direct message"),
    ] {
        if is_there(name) {
            text += &format!("{name:28}{what}\n");
        }
    }
    text += "\nTo check it by hand, in this folder:\n\n";
    let audit = |public: &str| format!("verbale audit {public} --log {public}/log.vkey --posts {TIMELINE}");
    let opened = format!("public/note/0/1/{}", names::envelope(1));
    for (file, command) in [
        (&*opened, format!("sha256sum {opened}")),
        (&opened, format!("grep 'Sealed note 1.nsha256' {TIMELINE}")),
        (PROOF, format!("verbale verify {KNOWN} {ENVELOPE_PROOF} {PROOF}")),
        (RECEIVED_PROOF, format!("verbale {}", verify_received())),
        ("public/log.vkey", audit("public")),
        (&ministry("public/log.vkey"), audit(&ministry("public"))),
    ] {
        if is_there(file) {
            text += &format!("{command}\n");
        }
    }
    text
}

fn as_post(world: &World, post: &Post) -> Value {
    let mut value = json!({
        "id": post.id.to_string(),
        "author": name(world, post.author),
        "text": post.words.text,
        "created_at": Channel::X.moment(post.id).to_string(),
    });
    for (key, other) in [("in_answer_to", post.answers), ("quotes", post.quotes)] {
        if let Some(other) = other {
            value[key] = other.to_string().into();
        }
    }
    value
}

fn as_message(world: &World, event: &Event) -> Option<Value> {
    let EventKind::Message { words, media, .. } = &event.kind else { return None };
    Some(json!({
        "id": event.id.to_string(),
        "conversation": event.conversation.to_string(),
        "author": name(world, event.sender),
        "text": unescape(&words.text),
        "files": media.len(),
        "created_at": event.id.moment().to_string(),
    }))
}

fn name(world: &World, account: AccountId) -> Option<String> {
    world.user(account).map(|user| user.account.name.to_string())
}
