//! What a person trusts in advance: a key, a file that holds one, or a policy.

use std::path::Path;

use super::{Failure, input};
use crate::tlog::policy::{self, Policy};
use crate::tlog::signed_note::VerifierKey;

/// The text as its author wrote it, whatever an editor or a mail program did to it: no byte order mark, LF line ends, no blanks
/// at the end of a line, LF after the last one.
pub(super) fn as_written(bytes: &[u8]) -> Vec<u8> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = text.trim_ascii_end().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.flat_map(|line| [line, b"\n"].concat()).collect()
}

/// The policy in the file of that name. A key, or a file with nothing but a key, is a policy of one log.
///
/// # Errors
/// If it is none of them.
pub(super) fn policy(text: &str) -> anyhow::Result<Policy> {
    if let Ok(key) = VerifierKey::parse(text) {
        return Ok(key.into());
    }
    let remedy = "copy it from where the log's owner published it: NAME+8 hex digits+base64, or a file with that line";
    if !Path::new(text).exists() {
        let what = format!("`{text}` is neither a log's public key nor a file");
        return Err(Failure::unusable(what, remedy).into());
    }
    let bytes = input::file(Path::new(text), policy::BYTES_MAX as u64)?;
    let bytes = if bytes.len() <= policy::BYTES_MAX { as_written(&bytes) } else { bytes };
    let words = String::from_utf8_lossy(&bytes);
    if let [word] = words.split_whitespace().collect::<Vec<_>>().as_slice() {
        let key = VerifierKey::parse(word);
        let failure = |error| Failure::unusable(format!("{text} does not hold a log's public key: {error}"), remedy);
        return Ok(key.map_err(failure)?.into());
    }
    let remedy = "give a log's public key, a file with that line, or a policy as c2sp.org/tlog-policy describes it";
    let what = |error| format!("{text} is neither a log's public key nor a policy: {error}");
    Ok(Policy::parse(&bytes).map_err(|error| Failure::unusable(what(error), remedy))?)
}
