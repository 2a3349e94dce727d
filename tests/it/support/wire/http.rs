//! One message of HTTP/1.1 as it passes, a request or an answer, its body whole.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The largest message that passes.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// A request or an answer.
#[derive(Clone)]
pub struct Message {
    /// `GET /2/users/me HTTP/1.1` or `HTTP/1.1 200 OK`.
    pub first: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    /// An answer with this status and body.
    pub fn answer(status: u16, media_type: &str, body: &[u8]) -> Message {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Message { first: format!("HTTP/1.1 {status} Spoilt"), headers, body: body.to_vec() }
    }

    /// Reads the next message. What was read beyond its end stays in `read`. None if there is no more.
    pub async fn read(from: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> io::Result<Option<Message>> {
        let head = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if BYTES_MAX < read.len() || from.read_buf(read).await? == 0 {
                return Ok(None);
            }
        };
        let text = String::from_utf8_lossy(&read[..head]).into_owned();
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let mut message = Message { first, headers, body: Vec::new() };
        assert_eq!(message.header("transfer-encoding"), None, "the relay knows bodies with a length only");
        let end = head + message.header("content-length").map_or(0, |len| len.parse().unwrap());
        while read.len() < end.min(BYTES_MAX) {
            if from.read_buf(read).await? == 0 {
                return Ok(None);
            }
        }
        message.body = read[head..end].to_vec();
        read.drain(..end);
        Ok(Some(message))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Sets a header, or removes it with None.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// `GET` and `/2/dm_events`, without the query.
    pub fn call(&self) -> (&str, &str) {
        let mut words = self.first.split([' ', '?']);
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// The status of an answer.
    pub fn status(&self) -> u16 {
        self.first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// The message as it goes over the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.first);
        for (name, value) in self.headers.iter().filter(|(name, _)| name != "content-length") {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("content-length: {}\r\n\r\n", self.body.len());
        [text.as_bytes(), &self.body].concat()
    }
}
