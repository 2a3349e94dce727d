//! Our own timeline: posts are made there, and looked for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::intent::Intent;
use crate::base::clock::Clock;
use crate::base::ids::{Channel, MediaId, PostId};
use crate::base::time::Time;
use crate::note::names;
use crate::platform::{Draft, Error as PlatformError, File, Platform, Post, Purpose};
use crate::store::{EffectId, Store, Subject};
use crate::tasks::once::Remote;
use crate::tasks::once::decide::Sight;
use crate::tasks::task::{TaskError, ms};

/// How far our clock and the platform's may differ when posts are looked for.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

/// How far back our own posts are compared with the log at the first start.
const FIRST_LOOK: Duration = Duration::from_secs(30 * 86_400);

/// Our own timeline.
pub(super) struct Timeline {
    pub(super) platform: Arc<dyn Platform>,
    pub(super) store: Store,
    pub(super) clock: Clock,
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
        self.platform.post(&draft).await
    }

    async fn look(&self, intent: &Intent, first: Option<Time>) -> Result<Sight<PostId>, TaskError> {
        let first = first.unwrap_or(self.clock.now());
        let from = self.newest_post_or(first).await?.min(first.plus_ms(-ms(CLOCKS_DIFFER)));
        let posts = self.platform.own_posts(Channel::X.first_at(from)).await?;
        let found = posts.iter().filter(|post| shows(post, &intent.text)).map(|post| post.id).min();
        Ok(found.map_or(Sight::Absent, Sight::There))
    }
}

impl Timeline {
    /// From when on our own posts are read: posts before the newest known one are known too. A moment that our own
    /// clock gave earlier may be wrong; the moment in a post's number is not.
    pub(super) async fn newest_post_or(&self, now: Time) -> Result<Time, TaskError> {
        Ok(match self.store.newest_post().await? {
            Some(post) => post.moment().plus_ms(-ms(CLOCKS_DIFFER)),
            None => now.plus_ms(-ms(FIRST_LOOK)),
        })
    }
}

/// Whether a post shows this text. The platform may have cut or added blanks at its end, and adds a link to attached
/// files. No text of ours has a link, or begins with a name, as X allows it for replies.
fn shows(post: &Post, text: &str) -> bool {
    let mut shown = post.text.as_str();
    while let Some((_, rest)) = shown.split_once(' ').filter(|(name, _)| name.starts_with('@')) {
        shown = rest;
    }
    let Some(added) = shown.strip_prefix(text).map(str::trim) else { return false };
    added.is_empty() || (added.starts_with("https://") && !added.contains(char::is_whitespace))
}
