//! Addresses: those that calls can be made at, and those at which people see posts.

use reqwest::Url;

use super::errors;
use crate::base::ids::{AccountName, PostId};

/// Why there is no client with these settings.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SettingsError {
    /// An address is not usable.
    #[error(
        "`{address}` is not an address to call X at: {why}\ngive one like {like}, or http://127.0.0.1:8080 for a sandbox"
    )]
    #[allow(missing_docs, reason = "the message says what the fields are")]
    Address { address: String, why: &'static str, like: &'static str },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}\ninstall the system's root certificates (package ca-certificates)")]
    Tls(String),
}

/// An address that calls can be made at; `like` is one.
pub(super) fn address(text: &str, like: &'static str) -> Result<Url, SettingsError> {
    let bad = |why| SettingsError::Address { address: errors::clean(text), why, like };
    let url = Url::parse(text).map_err(|_| bad("it is not a valid address"))?;
    // a password in an address must not be repeated
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SettingsError::Address { address: "…".to_owned(), why: "it holds a name or a password", like });
    }
    let here = matches!(url.host_str(), Some("localhost" | "[::1]")) || url.host_str().is_some_and(is_loopback);
    match url.scheme() {
        "https" | "http" if url.query().is_some() || url.fragment().is_some() => {
            Err(bad("it has a query or a fragment"))
        }
        "https" => Ok(url),
        "http" if here => Ok(url),
        "http" => Err(bad("without TLS, messages could be read on the way")),
        _ => Err(bad("it does not begin with https")),
    }
}

fn is_loopback(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// Where a person can see a post; `web` is [`WEB`](super::WEB) or the address of a sandbox.
pub fn address_of(web: &str, author: &AccountName, post: PostId) -> String {
    format!("{}/{author}/status/{post}", web.trim_end_matches('/'))
}

/// The post that a person names by its address or its number. None if it is neither.
pub fn named_post(text: &str) -> Option<PostId> {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let number = match path.rsplit_once("/status/") {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        None => path,
    };
    PostId::parse(number).filter(|id| i64::try_from(id.0).is_ok())
}
