//! What each public file is, for the server that sends it: its media type, and how long a copy of it may be kept.

use super::manifest;
use crate::note::names;
use crate::tlog::checkpoint;
use crate::tlog::tile::TilePath;

/// A copy of a file that never changes may be kept for ever, as C2SP tlog-tiles asks for tiles.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A copy of a file that changes may be used after asking whether it is still valid.
const ASK_FIRST: &str = "no-cache";

/// The longest path that is read, in bytes: the longest tile's is less than half of it.
const PATH_BYTES_MAX: usize = 128;

const TEXT: &str = "text/plain; charset=utf-8";

/// Media types by the end of the file's name, after a dot; those of attachments stand elsewhere.
const TYPES: [(&str, &str); 7] = [
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("txt", TEXT),
    ("vkey", TEXT),
    ("atom", "application/atom+xml; charset=utf-8"),
    ("json", "application/json"),
    ("zip", "application/zip"),
];

/// What a file is to those who fetch it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileHeaders {
    /// Its media type.
    pub content_type: &'static str,
    /// For `Cache-Control`.
    pub cache: &'static str,
}

impl FileHeaders {
    /// The kind of the file at this path below the public folder. None if no public file can have this path. A file
    /// that is still being written is not public: its name begins with a dot.
    pub fn of(path: &str) -> Option<FileHeaders> {
        if path == manifest::NAME || PATH_BYTES_MAX < path.len() || !path.split('/').all(is_plain) {
            return None;
        }
        if path.starts_with("tile/") {
            let tile = FileHeaders { content_type: "application/octet-stream", cache: FOR_EVER };
            return TilePath::parse(path).map(|_| tile);
        }
        let changing = |content_type| FileHeaders { content_type, cache: ASK_FIRST };
        if path == checkpoint::FILE {
            return Some(changing(TEXT));
        }
        let (_, end) = path.rsplit_once('.')?;
        let known = TYPES.iter().find(|(known, _)| *known == end).map(|(_, content_type)| *content_type);
        known.or_else(|| names::media_type(path)).map(changing)
    }
}

/// Whether a part of a path is a name as public files have them.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tiles_are_kept_for_ever() {
        for tile in ["tile/0/000", "tile/entries/x001/234", "tile/entries/000.p/17", "tile/1/000.p/1"] {
            assert_eq!(
                FileHeaders::of(tile),
                Some(FileHeaders { content_type: "application/octet-stream", cache: FOR_EVER }),
                "{tile}"
            );
        }
        for (path, content_type) in [
            ("checkpoint", "text/plain; charset=utf-8"),
            ("log.txt", "text/plain; charset=utf-8"),
            ("index.html", "text/html; charset=utf-8"),
            ("note/12/12345.html", "text/html; charset=utf-8"),
            ("style.css", "text/css; charset=utf-8"),
            ("feed.atom", "application/atom+xml; charset=utf-8"),
            ("log.vkey", "text/plain; charset=utf-8"),
            ("note/0/1/note-1.proof.zip", "application/zip"),
            ("note/0/1/note-1.envelope.txt", "text/plain; charset=utf-8"),
            ("note/0/1/note-1.record.json", "application/json"),
            ("note/0/1/note-1.attachment-1.gif", "image/gif"),
            ("note/0/1/note-1.attachment-2.webp", "image/webp"),
            ("note/0/1/note-1.attachment-3.mp4", "video/mp4"),
            ("note/0/1/note-1.attachment-4.bin", "application/octet-stream"),
        ] {
            assert_eq!(FileHeaders::of(path), Some(FileHeaders { content_type, cache: "no-cache" }), "{path}");
        }
    }

    #[test]
    fn what_cannot_be_public_is_nothing() {
        for path in [
            "",
            "/",
            ".new",
            "note/.new",
            "note",
            "note/",
            "notes/0",
            "../log.key",
            "note/../index.html",
            "a//b.html",
            "/index.html",
            "tile/0/000.p/256",
            "tile/0/000.p",
            "tile/64/000",
            "tile/0/0",
            "tile/index.html",
            "verbale.db",
            "site.txt",
            "log.key",
            "index.html.gz",
            "index%2ehtml",
            "index.html ",
            "é.html",
            ".git/config.txt",
        ] {
            assert_eq!(FileHeaders::of(path), None, "{path}");
        }
        assert_eq!(FileHeaders::of(&format!("{}.html", "a".repeat(PATH_BYTES_MAX))), None);
    }
}
