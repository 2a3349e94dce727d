//! Public posts: made, edited, deleted, and seen on timelines after a while.

use super::words::{self, Words};
use super::{Refusal, World};
use crate::base::ids::{AccountId, Channel, MediaId, PostId};
use crate::base::time::Time;
use crate::platform::price::Billed;

/// A public post. An edit is a post of its own, which shares the history.
#[derive(Clone, PartialEq, Eq)]
pub struct Post {
    /// Its identifier, with its moment inside.
    pub id: PostId,
    /// Who posted it.
    pub author: AccountId,
    /// The text as the platform returns it.
    pub words: Words,
    /// The text as it was written.
    pub written: String,
    /// Which post it answers.
    pub answers: Option<PostId>,
    /// Which post it quotes.
    pub quotes: Option<PostId>,
    /// Its files, in order.
    pub media: Vec<MediaId>,
    /// The first version of this post.
    pub first: PostId,
    /// From when on timelines show it.
    pub listed_from: Time,
    /// Gone from everywhere.
    pub is_deleted: bool,
    /// There, and shown to nobody.
    pub is_hidden: bool,
    /// Countries in which nobody is shown it, by their codes of ISO 3166-1.
    pub withheld: Vec<String>,
}

/// A post to be made.
#[derive(Clone, Copy, Default)]
pub struct Draft<'a> {
    /// The text.
    pub text: &'a str,
    /// Which post it answers.
    pub answers: Option<PostId>,
    /// Which post it quotes. People may; through the API only those with an Enterprise contract.
    pub quotes: Option<PostId>,
    /// Which post it replaces.
    pub edits: Option<PostId>,
    /// Its files, uploaded before.
    pub media: &'a [MediaId],
}

/// Which part of a timeline is asked for.
#[derive(Clone, Copy)]
pub struct Range {
    /// Only greater identifiers.
    pub after: Option<PostId>,
    /// Only smaller identifiers.
    pub before: Option<PostId>,
    /// Most posts.
    pub size: usize,
    /// Without answers to others.
    pub without_answers: bool,
}

/// Posts, newest first.
pub struct PostPage {
    /// The posts.
    pub posts: Vec<Post>,
    /// The oldest of them, if there are older ones.
    pub next: Option<PostId>,
}

/// The longest post, in the weighted characters of twitter-text 3.
const WEIGHT_MAX: usize = 280;
const EDIT_WINDOW_MS: i64 = 60 * 60 * 1000;
const EDITS_MAX: usize = 5;
const TIMELINE_MAX: usize = 3200;
const MENTIONS_MAX: usize = 800;

impl World {
    /// Makes a post, or a new version of one.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a text that is empty, files that cannot go with it, or a post that is not there,
    /// [`Refusal::PostTooLong`], [`Refusal::Duplicate`], [`Refusal::NoReply`] for answers and [`Refusal::Forbidden`] for
    /// edits that are not allowed.
    pub fn post(&mut self, now: Time, author: AccountId, draft: Draft<'_>) -> Result<Post, Refusal> {
        self.check_words(author, &draft)?;
        self.check_files(author, draft.media)?;
        if let Some(id) = draft.answers {
            self.check_answer(author, id)?;
        }
        if let Some(id) = draft.quotes.filter(|id| self.read(*id).is_none()) {
            return Err(Refusal::invalid("quote_tweet_id", id, "no such post"));
        }
        let first = draft.edits.map(|id| self.check_edit(now, author, id)).transpose()?;
        let id = PostId(self.next_id(now));
        let tail = self.tail(author, id, &draft);
        let post = Post {
            id,
            author,
            words: words::dress(&self.addressed(author, &draft), tail, &mut self.rng),
            written: draft.text.to_owned(),
            answers: draft.answers,
            quotes: draft.quotes,
            media: draft.media.to_vec(),
            first: first.unwrap_or(id),
            listed_from: now.plus_ms(self.settings.lag_ms),
            is_deleted: false,
            is_hidden: false,
            withheld: Vec::new(),
        };
        self.chains.entry(post.first).or_default().push(id);
        self.posted.insert((author, draft.text.to_owned()));
        self.counts.add(self.kind_of(&post));
        self.posts.insert(id, post.clone());
        Ok(post)
    }

    fn check_words(&self, author: AccountId, draft: &Draft<'_>) -> Result<(), Refusal> {
        let weight = words::weight(draft.text);
        if weight == 0 && draft.media.is_empty() {
            return Err(Refusal::invalid("text", weight, "a text of 1 to 280 weighted characters is needed"));
        }
        if WEIGHT_MAX < weight {
            return Err(Refusal::PostTooLong { weight });
        }
        // A post without words is never a duplicate.
        if weight != 0 && self.is_duplicate(author, draft.text) { Err(Refusal::Duplicate) } else { Ok(()) }
    }

    /// The text, with the name of the answered account in front if the platform does so.
    fn addressed(&self, author: AccountId, draft: &Draft<'_>) -> String {
        let answered = draft.answers.and_then(|id| self.read(id)).map(|post| post.author);
        let answered = answered.filter(|id| self.settings.names_the_answered && *id != author);
        let name = answered.and_then(|id| self.user(id)).map(|user| format!("@{} ", user.account.name));
        name.unwrap_or_default() + draft.text
    }

    /// The link that the platform adds to a text: to its files, or to the post that it quotes.
    fn tail(&self, author: AccountId, id: PostId, draft: &Draft<'_>) -> Option<String> {
        let page = |user: AccountId, id: PostId| {
            let name = self.user(user).map_or_else(|| user.to_string(), |user| user.account.name.to_string());
            format!("https://x.com/{name}/status/{id}")
        };
        let quoted = draft.quotes.and_then(|id| self.read(id)).map(|quoted| page(quoted.author, quoted.id));
        let file = draft.media.first().and_then(|file| self.media(*file));
        let kind = file.map(|file| if file.kind() == "photo" { "photo" } else { "video" });
        kind.map(|kind| format!("{}/{kind}/1", page(author, id))).or(quoted)
    }

    /// The price of a new post. A post with a link costs most, whatever its other kind: X's list does not say.
    fn kind_of(&self, post: &Post) -> Billed {
        let answered = post.answers.and_then(|id| self.read(id));
        let is_summoned = answered.is_some_and(|answered| self.summons(answered, post.author));
        match words::has_link(&post.written) {
            true => Billed::PostCreateWithUrl,
            false if is_summoned => Billed::SummonedReply,
            false => Billed::PostCreate,
        }
    }

    fn is_duplicate(&self, author: AccountId, text: &str) -> bool {
        self.settings.refuses_duplicates && self.posted.contains(&(author, text.to_owned()))
    }

    fn check_answer(&self, author: AccountId, id: PostId) -> Result<(), Refusal> {
        let answered = self.read(id).ok_or(Refusal::NoReply {
            why: "You attempted to reply to a Tweet that is deleted or not visible to you.",
        })?;
        let is_own = answered.author == author;
        let is_welcome = match is_own {
            true => !self.settings.refuses_self_replies,
            false => !self.settings.replies_need_mention || self.summons(answered, author),
        };
        if is_welcome {
            return Ok(());
        }
        Err(Refusal::NoReply {
            why: "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged \
                  by the author of the post you are replying to.",
        })
    }

    /// Whether another's post mentions this user, or quotes a post of the user's.
    fn summons(&self, post: &Post, user: AccountId) -> bool {
        let quoted = post.quotes.and_then(|id| self.posts.get(&id));
        let names = self.mentions(post).contains(&user) || quoted.is_some_and(|quoted| quoted.author == user);
        names && post.author != user
    }

    /// The first version of the post that `id` is a version of, if `author` may edit it now.
    fn check_edit(&self, now: Time, author: AccountId, id: PostId) -> Result<PostId, Refusal> {
        let edited = self.read(id).ok_or_else(|| Refusal::invalid("previous_post_id", id, "no such post"))?;
        let is_premium = self.users.get(&author).is_some_and(|user| user.premium);
        let in_time = now.ms_since(Channel::X.moment(edited.first)) <= EDIT_WINDOW_MS;
        let left = self.history(edited).len() <= EDITS_MAX;
        let is_newest = self.history(edited).last() == Some(&id);
        if edited.author == author && is_premium && in_time && left && is_newest {
            return Ok(edited.first);
        }
        Err(Refusal::Forbidden { why: "You are not allowed to edit this Tweet." })
    }

    /// Every version of a post, oldest first.
    pub fn history(&self, post: &Post) -> Vec<PostId> {
        self.chains.get(&post.first).cloned().unwrap_or_default()
    }

    /// Until when a post can be edited, and how many more times.
    pub fn edits_left(&self, post: &Post) -> (Time, usize) {
        let made = self.history(post).len().saturating_sub(1);
        (Channel::X.moment(post.first).plus_ms(EDIT_WINDOW_MS), EDITS_MAX.saturating_sub(made))
    }

    /// Deletes a post with all its versions. Returns whether it was there.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] if it is another's.
    pub fn delete_post(&mut self, user: AccountId, id: PostId) -> Result<bool, Refusal> {
        let Some(post) = self.read(id).cloned() else { return Ok(false) };
        if post.author != user {
            return Err(Refusal::Forbidden { why: "You are not authorized to delete this Tweet." });
        }
        for version in self.history(&post) {
            self.remove(version);
        }
        self.counts.add(Billed::PostDelete);
        Ok(true)
    }

    /// Hides a post, or shows it again. Returns whether it is there.
    pub fn hide_post(&mut self, id: PostId, is_hidden: bool) -> bool {
        let post = self.posts.get_mut(&id).filter(|post| !post.is_deleted);
        post.map(|post| post.is_hidden = is_hidden).is_some()
    }

    /// Sets in which countries a post is withheld. Returns whether it is there.
    pub fn withhold_post(&mut self, id: PostId, countries: Vec<String>) -> bool {
        let post = self.posts.get_mut(&id).filter(|post| !post.is_deleted);
        post.map(|post| post.withheld = countries).is_some()
    }

    fn remove(&mut self, id: PostId) {
        let Some(post) = self.posts.get_mut(&id) else { return };
        post.is_deleted = true;
        if !self.settings.duplicates_outlive_deletion {
            self.posted.remove(&(post.author, post.written.clone()));
        }
    }

    /// All posts, oldest first, deleted ones and old versions included: what really happened.
    pub fn posts(&self) -> impl DoubleEndedIterator<Item = &Post> {
        self.posts.values()
    }

    /// A post that is there, whichever version.
    pub fn read(&self, id: PostId) -> Option<&Post> {
        self.posts.get(&id).filter(|post| !post.is_deleted)
    }

    /// Reads a post for `user`, on the bill.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Hidden`].
    pub fn read_for(&mut self, now: Time, user: AccountId, id: PostId) -> Result<Post, Refusal> {
        let post = self.read(id).cloned().ok_or_else(|| Refusal::no_post(id))?;
        if post.is_hidden {
            return Err(Refusal::Hidden { id: id.to_string() });
        }
        let kind = if post.author == user { Billed::OwnedRead } else { Billed::PostRead };
        self.counts.add_read(now, kind, id.0);
        Ok(post)
    }

    /// The posts of `of` as its timeline shows them to `user`, on the bill.
    pub fn timeline(&mut self, now: Time, user: AccountId, of: AccountId, range: Range) -> PostPage {
        self.page(now, range, TIMELINE_MAX, user == of, |_, post| post.author == of)
    }

    /// The posts that mention `of`, on the bill. A post that only quotes does not count: X's documents do not say that
    /// it is listed.
    pub fn mentions_of(&mut self, now: Time, user: AccountId, of: AccountId, range: Range) -> PostPage {
        self.page(now, range, MENTIONS_MAX, user == of, |world, post| world.mentions(post).contains(&of))
    }

    /// Who is mentioned in a post: by name, or by being answered.
    pub fn mentions(&self, post: &Post) -> Vec<AccountId> {
        let named = post.words.mentions.iter().filter_map(|mention| self.user_by_name(&mention.name));
        let answered = post.answers.and_then(|id| self.posts.get(&id)).map(|answered| answered.author);
        named.map(|user| user.account.id).chain(answered).filter(|id| *id != post.author).collect()
    }

    fn page(
        &mut self,
        now: Time,
        range: Range,
        depth: usize,
        is_owned: bool,
        fits: impl Fn(&World, &Post) -> bool,
    ) -> PostPage {
        let after = range.after.unwrap_or(PostId(0));
        let shown = self.posts.range(after..).rev().map(|(_, post)| post).filter(|post| {
            let is_there = !post.is_deleted && !post.is_hidden && post.listed_from <= now;
            let is_shown = is_there && self.is_newest_listed(now, post);
            is_shown && !(range.without_answers && post.answers.is_some()) && fits(self, post)
        });
        let before = range.before.unwrap_or(PostId(u64::MAX));
        let within = shown.take(depth).filter(|post| after < post.id && post.id < before);
        let mut posts: Vec<Post> = within.take(range.size.saturating_add(1)).cloned().collect();
        let has_more = range.size < posts.len();
        posts.truncate(range.size);
        let kind = if is_owned { Billed::OwnedRead } else { Billed::PostRead };
        for post in &posts {
            self.counts.add_read(now, kind, post.id.0);
        }
        let next = posts.last().filter(|_| has_more).map(|post| post.id);
        PostPage { posts, next }
    }

    /// Whether no later version of it is on timelines.
    fn is_newest_listed(&self, now: Time, post: &Post) -> bool {
        let versions = self.chains.get(&post.first).into_iter().flatten();
        let mut later = versions.filter(|id| post.id < **id).filter_map(|id| self.posts.get(id));
        !later.any(|other| other.listed_from <= now)
    }
}
