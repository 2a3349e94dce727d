//! Query parameters, read as strictly as X reads them: one that is unknown or has an unknown value is refused.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::Query;
use data_encoding::BASE32HEX_NOPAD;

use crate::base::text;
use crate::sandbox::shapes::Asked;
use crate::sandbox::world::{Refusal, Vocabulary};

const EVENT_FIELDS: &str = "attachments created_at dm_conversation_id entities event_type id text";
const EVENT_FIELDS_OLD: &str = "participant_ids referenced_tweets sender_id";
const EVENT_EXPANSIONS: &str = "attachments.media_keys participant_ids sender_id";
const USER_FIELDS: &str = "active_follower_count confirmed_email connection_status created_at description entities id \
    is_identity_verified location name parody profile_banner_url profile_image_url protected public_metrics \
    receives_your_dm subscriber_count subscribes_to_you subscription subscription_type url username verified \
    verified_followers_count verified_type withheld";
const POST_FIELDS: &str = "article article_title attachments card_uri community_id context_annotations conversation_id \
    created_at display_text_range edit_controls entities geo id lang matched_media_notes media_metadata \
    non_public_metrics note_post note_request_suggestions organic_metrics paid_partnership possibly_sensitive \
    promoted_metrics public_metrics reply_settings scopes source suggested_source_links \
    suggested_source_links_with_counts text withheld";
const POST_FIELDS_OLD: &str = "author_id edit_history_tweet_ids in_reply_to_user_id note_tweet referenced_tweets";
const POST_EXPANSIONS: &str = "article.cover_media article.media_entities attachments.media_keys \
    attachments.media_source_tweet attachments.poll_ids author_id entities.mentions.username geo.place_id \
    in_reply_to_user_id";
const MEDIA_FIELDS: &str = "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url \
    promoted_metrics public_metrics type url variants width";
const POLL_FIELDS: &str = "duration_minutes end_datetime id options voting_status";
const PLACE_FIELDS: &str = "contained_within country country_code full_name geo id name place_type";

/// A request's parameters as they stand in its address.
pub(super) type Pairs = Query<Vec<(String, String)>>;

/// A request's parameters that have not been read yet.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Result<Parameters, Refusal> {
        let mut found = BTreeMap::new();
        for (name, value) in pairs {
            if found.insert(name.clone(), value.clone()).is_some() {
                return Err(invalid(&name, value, "it is given twice"));
            }
        }
        Ok(Parameters(found))
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// A whole number in a range.
    pub(super) fn number(&mut self, name: &str, least: usize, most: usize, usual: usize) -> Result<usize, Refusal> {
        let Some(text) = self.take(name) else { return Ok(usual) };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| invalid(name, text, format!("it is not between {least} and {most}")))
    }

    /// An identifier.
    pub(super) fn id(&mut self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.take(name) else { return Ok(None) };
        let id = text::number(&text).ok_or_else(|| invalid(name, text, "it is not an identifier"))?;
        Ok(Some(id))
    }

    /// A moment: RFC 3339.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<crate::base::time::Time>, Refusal> {
        let Some(text) = self.take(name) else { return Ok(None) };
        let moment: jiff::Timestamp = text.parse().map_err(|_| invalid(name, text, "it is not a time of RFC 3339"))?;
        Ok(Some(crate::base::time::Time::from_ms(moment.as_millisecond())))
    }

    /// A list of known words, none of them twice, separated by commas.
    pub(super) fn list(&mut self, name: &str, known: &[&str]) -> Result<BTreeSet<String>, Refusal> {
        let Some(text) = self.take(name) else { return Ok(BTreeSet::new()) };
        let mut found = BTreeSet::new();
        for word in text.split(',') {
            let is_known = known.iter().any(|words| words.split_whitespace().any(|known| known == word));
            if !is_known {
                return Err(invalid(name, word, format!("it is not one of [{}]", known.join(" "))));
            }
            if !found.insert(word.to_owned()) {
                return Err(invalid(name, word, "it is given twice"));
            }
        }
        Ok(found)
    }

    /// A mark of a place in a listing, made by [`token`].
    pub(super) fn page(&mut self) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.take("pagination_token") else { return Ok(None) };
        read_token(&text).map(Some).ok_or_else(|| invalid("pagination_token", text, "it is none of ours"))
    }

    /// What users, posts and files show, and the expansions that a call has.
    pub(super) fn asked(&mut self, vocabulary: Vocabulary, of: Kind) -> Result<Asked, Refusal> {
        let (is_old, is_new) = (vocabulary != Vocabulary::Post, vocabulary != Vocabulary::Tweet);
        let mut asked = Asked { user: self.list("user.fields", &[USER_FIELDS])?, ..Asked::default() };
        if is_new {
            asked.post = self.list("post.fields", &[POST_FIELDS])?;
        }
        if is_old {
            asked.post.extend(self.list("tweet.fields", &[POST_FIELDS, POST_FIELDS_OLD])?);
        }
        let renamed = match (is_old, is_new) {
            (true, true) => "referenced_posts referenced_tweets.id edit_history_post_ids edit_history_tweet_ids",
            (true, false) => "referenced_tweets.id edit_history_tweet_ids",
            (false, _) => "referenced_posts edit_history_post_ids",
        };
        match of {
            Kind::User => {
                let pinned = "affiliation most_recent_post_id pinned_post_id most_recent_tweet_id pinned_tweet_id";
                self.list("expansions", &[pinned])?;
            }
            Kind::Post => {
                asked.media = self.list("media.fields", &[MEDIA_FIELDS])?;
                asked.expansions = self.list("expansions", &[POST_EXPANSIONS, renamed, "username"])?;
                self.list("poll.fields", &[POLL_FIELDS])?;
                self.list("place.fields", &[PLACE_FIELDS])?;
            }
            Kind::Event => {
                asked.media = self.list("media.fields", &[MEDIA_FIELDS])?;
                let old = if is_old { EVENT_FIELDS_OLD } else { "" };
                asked.event = self.list("dm_event.fields", &[EVENT_FIELDS, old])?;
                asked.expansions = self.list("expansions", &[EVENT_EXPANSIONS, renamed])?;
            }
        }
        Ok(asked)
    }

    /// Ends the reading: parameters that are left are unknown.
    pub(super) fn end(self) -> Result<(), Refusal> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, value)) => Err(invalid(&name, value, format!("the query parameter [{name}] is not known"))),
        }
    }
}

/// What a call answers with, which decides the fields that can be asked for.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    User,
    Post,
    Event,
}

/// A request that is itself wrong.
pub(super) fn invalid(parameter: &str, value: impl ToString, why: impl ToString) -> Refusal {
    Refusal::Invalid { parameter: parameter.to_owned(), value: value.to_string(), why: why.to_string() }
}

/// What every token begins with; X's tokens have 16 characters or more.
const TOKEN_HEAD: &[u8] = b"page";

/// The mark of the place after `last` in a listing from the newest.
pub(super) fn token(last: u64) -> String {
    BASE32HEX_NOPAD.encode(&[TOKEN_HEAD, &last.to_be_bytes()].concat()).to_ascii_lowercase()
}

fn read_token(text: &str) -> Option<u64> {
    let bytes = BASE32HEX_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?;
    let id = bytes.strip_prefix(TOKEN_HEAD)?;
    Some(u64::from_be_bytes(id.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_is_read_back_and_no_other_text_is() {
        let id = 972_161_234_567_890_123;
        assert_eq!(read_token(&token(id)), Some(id));
        assert!(16 <= token(id).len());
        for text in ["", "0", "7140dibdnow9c7btw4232hx5", "é"] {
            assert_eq!(read_token(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_unknown_is_refused() {
        let read = |name: &str, value: &str, vocabulary| {
            let mut parameters = Parameters::new(vec![(name.to_owned(), value.to_owned())])?;
            parameters.asked(vocabulary, Kind::Event)?;
            parameters.end()
        };
        assert_eq!(read("dm_event.fields", "id,text,entities", Vocabulary::Post), Ok(()));
        assert!(read("dm_event.fields", "sender_id", Vocabulary::Post).is_err());
        assert_eq!(read("dm_event.fields", "sender_id", Vocabulary::Tweet), Ok(()));
        assert!(read("tweet.fields", "id", Vocabulary::Post).is_err());
        assert!(read("post.fields", "id", Vocabulary::Tweet).is_err());
        assert!(read("dm_event.fields", "", Vocabulary::Mixed).is_err());
        assert!(read("since_id", "1", Vocabulary::Mixed).is_err());
    }
}
