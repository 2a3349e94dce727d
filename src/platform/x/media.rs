//! Where files may be fetched from, and whether a signature may be sent there.

use reqwest::Url;

use super::wire::Signature;

/// X's own hosts of private files: they want a signature.
const PRIVATE: [&str; 2] = ["ton.twitter.com", "ton.x.com"];

/// X's hosts of public files: they need none.
const PUBLIC: [&str; 2] = ["pbs.twimg.com", "video.twimg.com"];

/// The address, and whether to sign for it.
///
/// # Errors
/// If it leads anywhere but to X. The address comes out of an answer. A signature sent to a stranger could be used to
/// ask for the same file, and a call to an inner host could do harm there.
pub(super) fn allowed(address: &str, base: &Url) -> Result<(Url, Signature), String> {
    let refused = |why: &str| format!("a file's address was not followed: {why}");
    let url = Url::parse(address).map_err(|_| refused("it is not valid"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it holds a name or a password"));
    }
    if url.origin() == base.origin() {
        return Ok((url, Signature::Signed));
    }
    let host = url.host_str().unwrap_or_default();
    if url.scheme() != "https" || url.port().is_some() {
        return Err(refused("it is not plain https"));
    }
    match host {
        host if PRIVATE.contains(&host) => Ok((url, Signature::Signed)),
        host if PUBLIC.contains(&host) => Ok((url, Signature::Unsigned)),
        _ => Err(refused("its host is not one of X's")),
    }
}

/// Types of what stands in a file's place: a page for people, or an answer of the API. X takes neither as a file.
const NO_FILES: [&str; 4] = ["text/", "application/json", "application/problem+json", "application/xhtml+xml"];

/// Checks that something is a file of a message: a page in its place would be sealed as if it had been sent.
///
/// # Errors
/// If it is empty, or of a type that no file of a message has.
pub(super) fn check(media_type: Option<&str>, bytes: &[u8]) -> Result<(), String> {
    if bytes.is_empty() {
        return Err("the answer is empty in place of a file".to_owned());
    }
    match media_type.filter(|named| NO_FILES.iter().any(|kind| named.starts_with(kind))) {
        Some(named) => Err(format!("the answer is {named} in place of a file")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_but_x_is_asked_and_only_private_hosts_see_a_signature() {
        let base = Url::parse("https://api.x.com").unwrap();
        let signature = |address: &str| allowed(address, &base).ok().map(|(_, signature)| signature);
        assert_eq!(signature("https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg"), Some(Signature::Signed));
        assert_eq!(signature("https://ton.x.com/i/ton/data/dm/1/2/a.jpg"), Some(Signature::Signed));
        assert_eq!(signature("https://api.x.com/2/media/1"), Some(Signature::Signed));
        assert_eq!(signature("https://pbs.twimg.com/media/a.jpg"), Some(Signature::Unsigned));
        assert_eq!(signature("https://video.twimg.com/a.mp4"), Some(Signature::Unsigned));
        for bad in [
            "http://ton.twitter.com/a",
            "https://ton.twitter.com:8443/a",
            "https://ton.twitter.com.evil.example/a",
            "https://evil.example/ton.twitter.com",
            "https://user@ton.twitter.com/a",
            "https://api.x.com:444/a",
            "http://127.0.0.1/a",
            "http://[::1]/a",
            "file:///etc/passwd",
            "data:text/plain,a",
            "ton.twitter.com/a",
            "",
        ] {
            assert_eq!(signature(bad), None, "{bad}");
        }
    }
}
