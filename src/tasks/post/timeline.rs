//! Our own timeline: posts are made there, and looked for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::intent::Intent;
use crate::base::clock::Reading;
use crate::base::ids::{Channel, MediaId, PostId};
use crate::base::time::Time;
use crate::note::names;
use crate::platform::{Draft, Error as PlatformError, File, OwnPosts, Platform, Post, Purpose, Unreadable};
use crate::store::{EffectId, Store, Subject};
use crate::tasks::once::Remote;
use crate::tasks::once::decide::{Look, Sight};
use crate::tasks::task::{TaskError, ms};

/// How far our clock and the platform's may differ when posts are looked for.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

/// How far back our own posts are compared with the log at the first start.
const FIRST_LOOK: Duration = Duration::from_secs(30 * 86_400);

/// Our own timeline.
pub(super) struct Timeline {
    pub(super) platform: Arc<dyn Platform>,
    pub(super) store: Store,
    /// Parts that the platform refuses together with their files.
    pub(super) without_media: BTreeSet<EffectId>,
}

impl Remote for Timeline {
    type Effect = Intent;
    type Id = PostId;
    type Ready = Vec<MediaId>;

    /// Uploads the attached files, if the platform takes them.
    async fn prepare(&self, intent: &Intent) -> Result<Vec<MediaId>, TaskError> {
        let mut media = Vec::new();
        let Subject::Part { note, .. } = intent.subject else { return Ok(media) };
        for name in intent.files.iter().filter(|_| !self.without_media.contains(&intent.id)) {
            let bytes = self.store.disclosed_file(note, name).await?;
            let (Some(media_type), Some(bytes)) = (names::media_type(name), bytes) else { continue };
            let file = File { media_type: media_type.to_owned(), bytes };
            match self.platform.upload(&file, Purpose::Post).await {
                Err(PlatformError::Refused { what }) => warn!(note, file = name, what, "a file is not mirrored"),
                uploaded => media.push(uploaded?),
            }
        }
        Ok(media)
    }

    async fn act(&self, intent: &Intent, media: &Vec<MediaId>) -> Result<PostId, PlatformError> {
        let draft = Draft { text: intent.text.clone(), answers: intent.answers, media: media.clone() };
        let post = self.platform.post(&draft).await?;
        // No answer to this attempt names another post of ours: then it is one that was given before. An empty text is none.
        match self.store.is_known_post(post, "").await {
            Ok(false) => Ok(post),
            _ => Err(PlatformError::NoAnswer { what: format!("the answer names post {post}, which is another one") }),
        }
    }

    /// What was listed and cannot be read may be the post, if it is as young as the attempts: it is read by itself. As
    /// long as it cannot be read, nobody knows.
    async fn look(&self, intent: &Intent, first: Option<Time>, asked: Reading) -> Result<Look<PostId>, TaskError> {
        let first = first.unwrap_or(asked.wall);
        let attempted = first.plus_ms(-ms(CLOCKS_DIFFER));
        let from = known_before(&self.store, first).await?.min(attempted);
        let OwnPosts { posts, mut unreadable } = self.platform.own_posts(Channel::X.first_at(from)).await?;
        let found = posts.iter().filter(|post| shows(post, &intent.text)).map(|post| post.id).min();
        unreadable.retain(|odd| odd.id.is_none_or(|id| Channel::X.first_at(attempted) <= id));
        let sight = match found {
            Some(found) => Sight::There(found),
            None => self.look_closer(intent, &unreadable).await?,
        };
        Ok(Look { asked, ahead: self.platform.clock_ahead(), sight })
    }
}

impl Timeline {
    /// Looks whether something that cannot be read in the list is the post: each is asked for by itself.
    async fn look_closer(
        &self,
        intent: &Intent,
        unreadable: &[Unreadable<PostId>],
    ) -> Result<Sight<PostId>, TaskError> {
        for Unreadable { id, why, .. } in unreadable {
            let Some(id) = id else {
                let what = format!("a post of ours cannot be read, and may be the one that is looked for: {why}");
                return Err(PlatformError::Unavailable { what }.into());
            };
            // One that cannot be read by itself either says nothing, and the look is made again.
            if self.platform.read_post(*id).await?.is_some_and(|post| shows(&post, &intent.text)) {
                return Ok(Sight::There(*id));
            }
        }
        Ok(Sight::Absent)
    }
}

/// From when on our own posts are read: posts before the newest known one are known too. A moment that our own clock gave
/// earlier may be wrong; the moment in a post's number is not.
pub(super) async fn known_before(store: &Store, now: Time) -> Result<Time, TaskError> {
    Ok(match store.newest_post().await? {
        Some(post) => post.moment().plus_ms(-ms(CLOCKS_DIFFER)),
        None => now.plus_ms(-ms(FIRST_LOOK)),
    })
}

/// Whether a post of ours shows this text. The platform may have cut or added blanks at its end, and adds a link to attached
/// files. No text of ours has a link, or begins with a name, as X allows it for replies.
pub fn shows(post: &Post, text: &str) -> bool {
    let mut shown = post.text.as_str();
    while let Some((_, rest)) = shown.split_once(' ').filter(|(name, _)| name.starts_with('@')) {
        shown = rest;
    }
    let Some(added) = shown.strip_prefix(text).map(str::trim) else { return false };
    added.is_empty() || (added.starts_with("https://") && !added.contains(char::is_whitespace))
}
