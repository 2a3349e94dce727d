//! `post.txt`: a public post as it was posted, and where it stands.

use crate::base::ids::{Account, Channel, PostId, PublicPost};
use crate::base::text::{self, Lines, ParseError};

/// The longest file, in bytes.
pub const POST_FILE_BYTES_MAX: usize = 16 * 1024;

/// The longest address, in bytes.
const ADDRESS_BYTES_MAX: usize = 2048;

/// A post that was accepted by the platform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublishedPost {
    /// Who posted it.
    pub account: Account,
    /// Where it stands.
    pub post: PublicPost,
    /// The address where anybody can see it: `http://` or `https://`, visible ASCII, with the identifier at its end.
    pub address: String,
    /// Its exact text, without LF at its end.
    pub text: String,
}

impl PublishedPost {
    /// Reads a whole file.
    ///
    /// # Errors
    /// If it is longer than [`POST_FILE_BYTES_MAX`] or differs from the format in any byte.
    pub fn parse(bytes: &[u8]) -> Result<PublishedPost, ParseError> {
        const ADDRESS: &str = "address <http or https address that ends in the post's id>";
        let mut lines = Lines::new("post.txt", bytes, POST_FILE_BYTES_MAX)?;
        if lines.next("verbale post v1")? != "verbale post v1" {
            return Err(lines.error("verbale post v1"));
        }
        let channel = lines.field("platform")?;
        let channel = lines.value("platform x", Channel::parse(channel))?;
        let account = lines.field("account")?;
        let account = lines.value("account <id> <name>", Account::parse(account))?;
        let post = lines.field("post")?;
        let post = lines.value("post <id>", PostId::parse(post))?;
        let address = lines.field("address")?;
        let address = lines.value(ADDRESS, Some(address).filter(|address| is_address(address, post)))?;
        let len = lines.field("text")?;
        let len = lines.value("text <length in bytes>", text::number(len).and_then(|n| usize::try_from(n).ok()))?;
        let text = lines.take(len, "as many bytes of text as the line above says")?;
        let text = lines.value("text in UTF-8", std::str::from_utf8(text).ok())?;
        if lines.take(1, "LF after the text")? != b"\n" {
            return Err(lines.error("LF after the text"));
        }
        lines.end()?;
        Ok(PublishedPost { account, post: channel.post(post), address: address.to_owned(), text: text.to_owned() })
    }

    /// The file's whole text. Reading and writing a file gives the same bytes.
    pub fn to_text(&self) -> String {
        format!(
            "verbale post v1\nplatform {}\naccount {}\npost {}\naddress {}\ntext {}\n{}\n",
            self.post.channel,
            self.account,
            self.post,
            self.address,
            self.text.len(),
            self.text
        )
    }
}

fn is_address(text: &str, post: PostId) -> bool {
    let start = text.strip_suffix(&post.to_string()).unwrap_or_default();
    let ends_in_id = start.ends_with(|before: char| before.is_ascii_punctuation());
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    let known = text.starts_with("https://") || text.starts_with("http://");
    text.len() <= ADDRESS_BYTES_MAX && visible && known && ends_in_id
}
