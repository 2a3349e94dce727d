//! The platform's JSON of its things: which keys an object has, given what was asked for and in which vocabulary.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::world::{ChatConversation, Event, EventKind, Media, Post, User, Vocabulary, Words, World};
use crate::base::ids::{AccountId, Channel, MediaId, MessageId, PostId};
use crate::base::time::Time;

/// What a request asks for beyond the fields that are always there.
#[derive(Clone, Default)]
pub(super) struct Asked {
    /// `dm_event.fields`
    pub event: BTreeSet<String>,
    /// `post.fields` or `tweet.fields`
    pub post: BTreeSet<String>,
    /// `user.fields`
    pub user: BTreeSet<String>,
    /// `media.fields`
    pub media: BTreeSet<String>,
    /// `expansions`
    pub expansions: BTreeSet<String>,
}

impl Asked {
    fn expands(&self, name: &str) -> bool {
        self.expansions.contains(name)
    }
}

/// A moment as X writes it: cut to the second, with `.000Z`.
pub(super) fn cut_time(time: Time) -> String {
    Time::from_ms(time.ms().div_euclid(1000) * 1000).to_string()
}

/// An event of a conversation.
pub(super) fn event(world: &World, event: &Event, asked: &Asked) -> Value {
    let mut object = Map::new();
    let shows = |field: &str| asked.event.contains(field);
    object.insert("id".into(), json!(event.id.to_string()));
    object.insert("event_type".into(), json!(event.kind.name()));
    if shows("created_at") {
        object.insert("created_at".into(), json!(cut_time(event.id.moment())));
    }
    if shows("dm_conversation_id") {
        object.insert("dm_conversation_id".into(), json!(event.conversation.as_str()));
    }
    if shows("sender_id") || asked.expands("sender_id") {
        object.insert("sender_id".into(), json!(event.sender.to_string()));
    }
    match &event.kind {
        EventKind::Message { words, media, .. } => message(world, words, media, asked, &mut object),
        EventKind::Join(who) | EventKind::Leave(who) => {
            if shows("participant_ids") || asked.expands("participant_ids") {
                let ids: Vec<String> = who.iter().map(ToString::to_string).collect();
                object.insert("participant_ids".into(), json!(ids));
            }
        }
    }
    Value::Object(object)
}

fn message(world: &World, words: &Words, media: &[MediaId], asked: &Asked, object: &mut Map<String, Value>) {
    object.insert("text".into(), json!(words.text));
    if (asked.event.contains("attachments") || asked.expands("attachments.media_keys")) && !media.is_empty() {
        let keys: Vec<String> = media.iter().filter_map(|id| world.media(*id)).map(Media::key).collect();
        object.insert("attachments".into(), json!({ "media_keys": keys }));
    }
    if asked.event.contains("entities")
        && let Some(entities) = entities(world, words)
    {
        object.insert("entities".into(), entities);
    }
}

/// Links and mentions in a text. None if it has neither.
fn entities(world: &World, words: &Words) -> Option<Value> {
    let mut object = Map::new();
    let url = |link: &super::world::Link| {
        json!({
            "start": link.start, "end": link.end, "url": link.url,
            "expanded_url": link.expanded, "display_url": link.display(),
        })
    };
    if !words.links.is_empty() {
        object.insert("urls".into(), words.links.iter().map(url).collect());
    }
    let mentions: Vec<Value> = words
        .mentions
        .iter()
        .filter_map(|mention| {
            let id = world.user_by_name(&mention.name)?.account.id.to_string();
            Some(json!({ "start": mention.start, "end": mention.end, "username": mention.name, "id": id }))
        })
        .collect();
    if !mentions.is_empty() {
        object.insert("mentions".into(), json!(mentions));
    }
    (!object.is_empty()).then_some(Value::Object(object))
}

/// A user.
pub(super) fn user(user: &User, asked: &Asked) -> Value {
    let account = &user.account;
    let mut object = json!({ "id": account.id.to_string(), "name": user.display, "username": account.name.as_str() });
    let fields = [
        ("created_at", json!(cut_time(user.since))),
        ("description", json!("An account of the sandbox.")),
        ("protected", json!(false)),
        ("verified", json!(user.premium)),
        ("verified_type", json!(if user.premium { "government" } else { "none" })),
    ];
    for (field, value) in fields {
        if asked.user.contains(field) {
            object[field] = value;
        }
    }
    object
}

/// What a user is to the one who asks: whether it takes messages, and who follows whom.
pub(super) fn add_relation(world: &World, user: AccountId, asking: AccountId, asked: &Asked, object: &mut Value) {
    if asked.user.contains("receives_your_dm") {
        object["receives_your_dm"] = json!(world.receives(user, asking));
    }
    if asked.user.contains("connection_status") {
        let all = [("followed_by", world.follows(user, asking)), ("following", world.follows(asking, user))];
        let status: Vec<&str> = all.into_iter().filter(|(_, is_so)| *is_so).map(|(name, _)| name).collect();
        object["connection_status"] = json!(status);
    }
}

/// What a request asks for of conversations beyond the fields that are always there.
pub(super) struct ChatAsked {
    /// `chat_conversation.fields`
    pub fields: BTreeSet<String>,
    /// `expansions`
    pub expansions: BTreeSet<String>,
}

/// A conversation in the list of those that can be encrypted.
pub(super) fn chat(chat: &ChatConversation, asked: &ChatAsked) -> Value {
    let mut object = json!({ "id": chat.id.as_str() });
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|_| asked.fields.contains(name)) {
            object[name] = value;
        }
    };
    add("type", Some(json!(if chat.is_group { "group" } else { "direct" })));
    add("message_ttl_ms", chat.ttl_ms.map(|ttl_ms| json!(ttl_ms)));
    add("newest_event_id", chat.newest.map(|id| json!(id.to_string())));
    add("updated_at", Some(json!(cut_time(chat.last.moment()))));
    if asked.expansions.contains("participant_ids") {
        object["participant_ids"] = json!(chat.members.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    object
}

/// A file; `address` is where its bytes are.
pub(super) fn media(media: &Media, asked: &Asked, address: &str) -> Value {
    let mut object = json!({ "media_key": media.key(), "type": media.kind() });
    if asked.media.contains("url") && media.kind() == "photo" {
        object["url"] = json!(address);
    }
    if asked.media.contains("variants") && media.kind() != "photo" {
        object["variants"] = json!([{ "bit_rate": 832000, "url": address, "content_type": media.media_type }]);
    }
    object
}

/// Where a file that was sent with a message is fetched.
pub(super) fn media_address(base: &str, message: MessageId, media: &Media) -> String {
    format!("{base}/media/dm/{message}/{}/{}", media.id, media.key())
}

/// Where anybody fetches a file that went with a post.
pub(super) fn public_address(base: &str, post: PostId, media: &Media) -> String {
    format!("{base}/media/post/{post}/{}/{}", media.id, media.key())
}

/// The place that an answer has in the mixed vocabulary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The answer to `POST /2/tweets`.
    Created,
    /// One post by its identifier.
    Single,
    /// A post in a list or among the `includes`.
    Listed,
}

/// A post.
pub(super) fn post(world: &World, post: &Post, asked: &Asked, place: Place) -> Value {
    let mut object = Map::new();
    let shows = |field: &str| asked.post.contains(field);
    object.insert("id".into(), json!(post.id.to_string()));
    object.insert("text".into(), json!(post.words.text));
    add_history(world, post, asked, place, &mut object);
    if place == Place::Created {
        return Value::Object(object);
    }
    if shows("created_at") {
        object.insert("created_at".into(), json!(cut_time(Channel::X.moment(post.id))));
    }
    if shows("author_id") || asked.expands("author_id") {
        object.insert("author_id".into(), json!(post.author.to_string()));
    }
    if shows("conversation_id") {
        object.insert("conversation_id".into(), json!(root(world, post).to_string()));
    }
    if shows("edit_controls") {
        let (until, left) = world.edits_left(post);
        let eligible = world.user(post.author).is_some_and(|author| author.premium);
        let controls =
            json!({ "editable_until": until.to_string(), "edits_remaining": left, "is_edit_eligible": eligible });
        object.insert("edit_controls".into(), controls);
    }
    if shows("withheld") && !post.withheld.is_empty() {
        object
            .insert("withheld".into(), json!({ "copyright": false, "country_codes": post.withheld, "scope": "post" }));
    }
    if shows("entities")
        && let Some(entities) = entities(world, &post.words)
    {
        object.insert("entities".into(), entities);
    }
    if (shows("attachments") || asked.expands("attachments.media_keys")) && !post.media.is_empty() {
        let keys: Vec<String> = post.media.iter().filter_map(|id| world.media(*id)).map(Media::key).collect();
        object.insert("attachments".into(), json!({ "media_keys": keys }));
    }
    add_reference(world, post, asked, &mut object);
    Value::Object(object)
}

/// The versions of a post. In the new vocabulary they are an expansion, in the old one they are always there.
fn add_history(world: &World, post: &Post, asked: &Asked, place: Place, object: &mut Map<String, Value>) {
    let versions: Vec<String> = world.history(post).iter().map(ToString::to_string).collect();
    let (old, new) = ("edit_history_tweet_ids", "edit_history_post_ids");
    match (world.settings.vocabulary, place) {
        (Vocabulary::Post, _) if place == Place::Created || asked.expands(new) => {
            object.insert(new.into(), json!(versions));
        }
        (Vocabulary::Post, _) => {}
        (Vocabulary::Mixed, Place::Created) => {
            object.insert(old.into(), json!([""]));
        }
        (Vocabulary::Mixed, Place::Single) => {
            object.insert(old.into(), json!(versions));
            object.insert(new.into(), json!(versions));
        }
        (Vocabulary::Mixed, Place::Listed) | (Vocabulary::Tweet, _) => {
            object.insert(old.into(), json!(versions));
        }
    }
}

/// Whether a request wants the posts that a post refers to.
pub(super) fn asks_references(asked: &Asked) -> bool {
    ["referenced_posts", "referenced_tweets.id"].iter().any(|name| asked.expands(name))
}

/// The posts that a post refers to, each with X's word for how.
pub(super) fn references(post: &Post) -> impl Iterator<Item = (&'static str, PostId)> {
    let answered = post.answers.map(|id| ("replied_to", id));
    answered.into_iter().chain(post.quotes.map(|id| ("quoted", id)))
}

fn add_reference(world: &World, post: &Post, asked: &Asked, object: &mut Map<String, Value>) {
    let key = if world.settings.vocabulary == Vocabulary::Post { "referenced_posts" } else { "referenced_tweets" };
    let list: Vec<Value> = references(post).map(|(kind, id)| json!({ "type": kind, "id": id.to_string() })).collect();
    if !list.is_empty() && (asks_references(asked) || asked.post.contains("referenced_tweets")) {
        object.insert(key.into(), json!(list));
    }
    let Some(answered) = post.answers else { return };
    if asked.expands("in_reply_to_user_id") || asked.post.contains("in_reply_to_user_id") {
        let author = world.posts().find(|other| other.id == answered).map(|other| other.author);
        if let Some(author) = author {
            object.insert("in_reply_to_user_id".into(), json!(author.to_string()));
        }
    }
}

/// The post that a thread of answers began with.
pub(super) fn root(world: &World, post: &Post) -> PostId {
    let mut at = post;
    while let Some(answered) = at.answers.and_then(|id| world.read(id)) {
        at = answered;
    }
    at.answers.unwrap_or(at.id)
}
