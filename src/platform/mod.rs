//! What we ask of the platform, and how it can fail to answer.
//!
//! The platform is trusted to deliver what was sent and to say who sent it. It is not trusted to keep what we posted,
//! nor to answer at all. If it forgets, the log stands without it; if it lies about the past, the log convicts it.

mod error;
mod pages;
mod conversation;
mod correspondents;
mod outgoing;
mod members;
pub mod price;
pub mod x;

use std::time::Duration;

use async_trait::async_trait;
use unicode_normalization::UnicodeNormalization;

pub use conversation::{Newest, Reach, newest};
pub use correspondents::{ConversationPage, ListedConversation, Recipient};
pub use error::Error;
pub use members::{Change, History, Participants, Shown};
pub use outgoing::{
    Addressee, Draft, FileKind, GIF_BYTES_MAX, IMAGE_BYTES_MAX, MESSAGE_CHARS_MAX, POST_FILES_MAX, Purpose, Sent,
};
pub use pages::{Pages, Turn};

use crate::base::hash::Hash;
use crate::base::ids::{Account, AccountId, AccountName, ConversationId, MediaId, MessageId, PostId};
use crate::base::time::Time;

/// A direct message that the account sent or received, as the platform listed it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The platform's identifier, with the moment of sending inside.
    pub id: MessageId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// Who sent it. A listing may hold messages that others sent: the caller decides about them.
    pub sender: AccountId,
    /// The text, `&lt; &gt; &amp;` decoded once, otherwise as the platform returned it. Private.
    pub text: String,
    /// The platform's own JSON of the message, byte for byte. Private.
    pub record: Vec<u8>,
    /// The files sent with it, in order.
    pub attachments: Vec<Attachment>,
    /// Each shortened link in the text and where it leads, in order.
    pub links: Vec<(String, String)>,
}

impl Message {
    /// Whether the platform made it of this text, and of files if it has some. These differences are allowed: white
    /// space at both ends, links that it shortened, a link to its files that it added, and Unicode's normalisation.
    pub fn is_of(&self, written: &str) -> bool {
        let plain = |part: &str| regex::escape(&part.nfc().collect::<String>());
        let (mut pattern, mut rest) = (String::from("^"), self.text.trim());
        let mut end = "$";
        for (short, _) in &self.links {
            let Some((before, after)) = rest.split_once(short.as_str()) else { continue };
            if after.is_empty() && !self.attachments.is_empty() {
                (rest, end) = (before.trim_end(), r"(\s*\S+\.\S+)?$");
                break;
            }
            pattern += &plain(before);
            pattern += r"\S+";
            rest = after;
        }
        let pattern = regex::Regex::new(&(pattern + &plain(rest) + end));
        pattern.is_ok_and(|pattern| pattern.is_match(&written.trim().nfc().collect::<String>()))
    }
}

/// A file sent with a message: where it can be fetched.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The platform's key of the file.
    pub media_key: String,
    /// The address of its bytes. None if the platform gave none.
    pub url: Option<String>,
}

/// The bytes of an attachment and their media type, `image/jpeg`.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// The type that the platform named.
    pub media_type: String,
    /// The bytes. Private.
    pub bytes: Vec<u8>,
}

/// One page of messages, newest first.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct MessagePage {
    /// The messages of this page.
    pub messages: Vec<Message>,
    /// What else it lists, and cannot be read.
    pub unreadable: Vec<Unreadable<MessageId>>,
    /// Where the next, older page begins. None at the end of what the platform keeps.
    pub next: Option<PageToken>,
    /// The platform's clock when it answered, to the second. None if the platform does not say. A message that is later
    /// than our clock and not than this one means that ours is wrong; one that is later than both is unreadable.
    pub clock: Option<Time>,
}

/// An element of a list that cannot be read. Every other element of the list is read all the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreadable<Id> {
    /// Its identifier, if that can be read.
    pub id: Option<Id>,
    /// The SHA-256 of the element as the platform wrote it: the same element has the same when it is listed again.
    pub sha256: Hash,
    /// Which part of it cannot be read. Nothing of its words.
    pub why: String,
    /// Whether all of it can be read, and it is of another conversation or account than was asked for: then it is no part of
    /// this list, which may be the answer to another question.
    pub is_elsewhere: bool,
}

/// Our own posts, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnPosts {
    /// The posts.
    pub posts: Vec<Post>,
    /// What else is listed, and cannot be read: it may be a post of ours.
    pub unreadable: Vec<Unreadable<PostId>>,
}

/// What the platform says of an account that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// The account, which is the one that was asked for.
    Found(Account),
    /// There is none.
    Absent,
    /// There is one, and the platform has suspended it.
    Suspended,
}

impl Lookup {
    /// The account, if it is shown.
    pub fn found(self) -> Option<Account> {
        match self {
            Lookup::Found(account) => Some(account),
            Lookup::Absent | Lookup::Suspended => None,
        }
    }
}

/// The platform's own mark of a place in a listing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PageToken(pub String);

/// A public post as the platform shows it now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Post {
    /// Its identifier, with the moment of posting inside.
    pub id: PostId,
    /// Who posted it.
    pub author: AccountId,
    /// Its text, `&lt; &gt; &amp;` decoded once.
    pub text: String,
    /// Each shortened link in the text and where it leads, in order; one that the platform added for its files is the
    /// last.
    pub links: Vec<(String, String)>,
}

impl Post {
    /// The text as it was written: links in full, and without the link that the platform added for its files.
    pub fn written(&self) -> String {
        let (mut written, mut rest) = (String::with_capacity(self.text.len()), self.text.as_str());
        for (short, expanded) in &self.links {
            let Some((before, after)) = rest.split_once(short.as_str()) else { continue };
            written.push_str(before);
            rest = after;
            if rest.is_empty() && self.is_of_files(expanded) {
                return written.strip_suffix(' ').unwrap_or(&written).to_owned();
            }
            written.push_str(expanded);
        }
        written + rest
    }

    /// Whether a link leads to the files of this very post.
    fn is_of_files(&self, address: &str) -> bool {
        let place = format!("/status/{}/", self.id);
        address.split_once(&place).is_some_and(|(_, file)| file.starts_with("photo/") || file.starts_with("video/"))
    }
}

/// What the platform says of a post that was asked for by its number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PostState {
    /// It is there, and there is no later version of it.
    Stands(Post),
    /// There is a later version of it.
    Edited,
    /// There is no such post.
    Absent,
    /// There is one, and the platform shows it only to some, or not to us.
    Hidden,
}

/// A public post that names us or answers one of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mention {
    /// Its identifier, with the moment of posting inside.
    pub id: PostId,
    /// Who posted it.
    pub author: AccountId,
    /// The author's name. None if the platform does not say.
    pub name: Option<AccountName>,
    /// Its text, `&lt; &gt; &amp;` decoded once.
    pub text: String,
    /// The post that it answers.
    pub answers: Option<PostId>,
    /// The post that it quotes.
    pub quotes: Option<PostId>,
    /// The post that its conversation began with. None if the platform does not say.
    pub conversation: Option<PostId>,
}

/// One page of mentions, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MentionPage {
    /// The mentions of this page.
    pub mentions: Vec<Mention>,
    /// What else it lists, and cannot be read.
    pub unreadable: Vec<Unreadable<PostId>>,
    /// Where the next, older page begins. None at the end of what was asked for, or of what the platform keeps.
    pub next: Option<PageToken>,
}

/// Who we are to the platform, and what time it is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Me {
    /// The account that the credentials belong to.
    pub account: Account,
    /// The platform's clock when it answered, to the second. None if the platform does not say.
    pub clock: Option<Time>,
}

impl Me {
    /// The earlier of the two clocks.
    ///
    /// # Errors
    /// [`Error::WrongClock`] if `ours` is further than `ms_max` milliseconds from the platform's.
    pub fn compare_clocks(&self, ours: Time, ms_max: i64) -> Result<Time, Error> {
        let theirs = self.clock.unwrap_or(ours);
        if ms_max < theirs.ms_since(ours).abs() {
            return Err(Error::WrongClock { ours, theirs });
        }
        Ok(ours.min(theirs))
    }
}

/// What the program asks of a platform. Every call has a time limit of its own, and fails rather than hangs.
#[async_trait]
pub trait Platform: Send + Sync {
    /// The account that the credentials belong to.
    ///
    /// # Errors
    /// [`Error::WrongAccount`] if it is another one than is known.
    async fn me(&self) -> Result<Me, Error>;

    /// Tells who the credentials are known to belong to from earlier: no call has to ask first, and no other answer is
    /// believed.
    fn know_me(&self, _me: AccountId) {}

    /// The account with this name.
    async fn account_by_name(&self, name: &AccountName) -> Result<Lookup, Error>;

    /// The account with this identifier.
    async fn account_by_id(&self, id: AccountId) -> Result<Lookup, Error>;

    /// A page of at most `size` (1 to 100) direct messages of all the account's conversations, newest first, sent and
    /// received. Each message read is paid for. The platform keeps 30 days.
    async fn messages(&self, size: u32, page: Option<&PageToken>) -> Result<MessagePage, Error>;

    /// The same for the conversation with one other account. The platform counts these calls apart, so they do not use
    /// up the calls for all conversations. Empty if nobody has written.
    async fn messages_with(
        &self,
        account: AccountId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error>;

    /// The same for one conversation, which may be a group. The platform counts these calls together with those of
    /// [`Platform::participants`].
    async fn messages_in(
        &self,
        conversation: &ConversationId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error>;

    /// Number of further calls of [`Platform::messages`] that the platform allows now. None if the platform does not say.
    async fn messages_left(&self) -> Option<u64> {
        None
    }

    /// Sends a message of `text`, a file, or both; the file was uploaded for [`Purpose::Message`]. After
    /// [`Error::NoAnswer`] it may or may not have happened: if it has, the listing shows it.
    async fn send_message(&self, to: &Addressee, text: &str, media: Option<MediaId>) -> Result<Sent, Error>;

    /// Number of further messages that the platform allows now. None if the platform does not say.
    async fn sends_left(&self) -> Option<u64> {
        None
    }

    /// Gives a file to the platform, to be posted or sent within a day; nobody sees it before. Doing it twice does no
    /// harm. A file that [`FileKind::of`] refuses is not sent.
    async fn upload(&self, file: &File, purpose: Purpose) -> Result<MediaId, Error>;

    /// The accounts in a conversation.
    async fn participants(&self, conversation: &ConversationId) -> Result<Participants, Error>;

    /// What the platform shows of an account that messages go to, and whether it takes ours. Each account read is paid for,
    /// once in a day of UTC.
    async fn recipient(&self, _id: AccountId) -> Result<Recipient, Error> {
        Err(not_shown("whether an account takes messages"))
    }

    /// A page of the account's conversations, encrypted or not. Those that somebody else has only asked for are missing.
    async fn conversations(&self, _page: Option<&PageToken>) -> Result<ConversationPage, Error> {
        Err(not_shown("which conversations are encrypted"))
    }

    /// Whether one of the newest events of a conversation is encrypted. None if the platform says that there is no such
    /// conversation among those that can be encrypted.
    async fn is_encrypted(&self, _conversation: &ConversationId) -> Result<Option<bool>, Error> {
        Err(not_shown("whether a conversation is encrypted"))
    }

    /// The newest message of a conversation that [`messages`](Platform::messages) lists; at most one is paid for. None if
    /// it lists none.
    async fn newest_message(&self, _conversation: &ConversationId) -> Result<Option<MessageId>, Error> {
        Err(not_shown("the messages of one conversation"))
    }

    /// The bytes of a file, at most `bytes_max`.
    async fn attachment(&self, message: MessageId, attachment: &Attachment, bytes_max: u64) -> Result<File, Error>;

    /// Posts in public. After [`Error::NoAnswer`] it may or may not have happened. Two refusals have errors of their
    /// own: a reply that is not allowed is [`Error::ReplyRefused`], a text too long is [`Error::TooLong`].
    async fn post(&self, draft: &Draft) -> Result<PostId, Error>;

    /// Number of further posts that the platform allows now. None if the platform does not say.
    async fn posts_left(&self) -> Option<u64> {
        None
    }

    /// Our own posts with an identifier greater than `after`, newest first. What was posted minutes ago may be missing.
    async fn own_posts(&self, after: PostId) -> Result<OwnPosts, Error>;

    /// Our newest posts with an identifier greater than `after`, at most `count` (5 to 100) of them, newest first, without
    /// those that answer another post. What was posted minutes ago may be missing. Each one read is paid for.
    async fn newest_posts(&self, after: PostId, count: u32) -> Result<OwnPosts, Error>;

    /// A page of at most `size` (5 to 100) posts that mention us, with an identifier greater than `after`, newest first.
    /// What was posted minutes ago may be missing. Each one read is paid for. The platform keeps 800.
    async fn mentions(&self, after: PostId, size: u32, page: Option<&PageToken>) -> Result<MentionPage, Error>;

    /// One post, as anyone would see it. None if the platform says that it does not exist.
    async fn read_post(&self, id: PostId) -> Result<Option<Post>, Error>;

    /// What became of one post, ours or another's. Everything that is not surely one of the states is an error.
    async fn post_state(&self, id: PostId) -> Result<PostState, Error>;

    /// How far this machine's clock is ahead of the platform's, by its newest answer. Zero if it is not, or the platform
    /// does not say.
    fn clock_ahead(&self) -> Duration {
        Duration::ZERO
    }
}

/// The answer of a platform that has no such thing.
fn not_shown(what: &str) -> Error {
    Error::Refused { what: format!("it does not show {what}") }
}

/// The longest time that any call may take, its retries by the transport included.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_what_was_written() {
        let message = |text: &str, links: &[(&str, &str)], files: usize| Message {
            id: MessageId::parse("5").unwrap(),
            conversation: ConversationId::between(AccountId(1), AccountId(2)),
            sender: AccountId(1),
            text: text.to_owned(),
            record: Vec::new(),
            attachments: vec![Attachment { media_key: "3_1".to_owned(), url: None }; files],
            links: links.iter().map(|(short, long)| (short.to_string(), long.to_string())).collect(),
        };
        let link = ("https://t.co/a", "http://example.org");
        let file = ("https://t.co/f", "https://x.com/messages/media/5");
        let linked = message("see https://t.co/a. (now)", &[link], 0);
        assert!(linked.is_of("see example.org. (now)") && linked.is_of(" see http://example.org/. (now)\n"));
        assert!(!linked.is_of("see . (now)") && !linked.is_of("see example.org. (now) please"));
        assert!(message("caf\u{e9}", &[], 0).is_of("cafe\u{301}"));
        let filed = message("a b https://t.co/a https://t.co/f", &[link, file], 1);
        assert!(filed.is_of("a b example.org") && !filed.is_of("a b") && !filed.is_of("a b example.org c"));
        assert!(message("a https://t.co/a", &[link], 1).is_of("a example.org"), "no link was added for the file");
        assert!(message("https://t.co/f", &[file], 1).is_of("") && !message("a", &[], 0).is_of(""));
    }

    #[test]
    fn a_post_is_read_back_as_it_was_written() {
        let links =
            [("https://t.co/a", "https://example.org/ä?b=1"), ("https://t.co/b", "https://x.com/e/status/5/photo/1")];
        let links: Vec<_> = links.iter().map(|(short, long)| (short.to_string(), long.to_string())).collect();
        let post = |text: &str| Post {
            id: PostId::parse("5").unwrap(),
            author: AccountId(7),
            text: text.to_owned(),
            links: links.clone(),
        };
        assert_eq!(post("see https://t.co/a now https://t.co/b").written(), "see https://example.org/ä?b=1 now");
        assert_eq!(
            post("https://t.co/a https://t.co/b.").written(),
            "https://example.org/ä?b=1 https://x.com/e/status/5/photo/1."
        );
        assert_eq!(post("no link").written(), "no link");
        assert_eq!(post("https://t.co/b").written(), "");
    }
}
