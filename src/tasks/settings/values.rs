//! Single texts that an operator writes, in the configuration or as a flag.
//!
//! Each reader's error is a text of two lines: what is wrong with the value, and what to write instead.

use std::net::SocketAddr;

use crate::base::ids::{AccountId, Origin, PostId};
use crate::base::time::Time;
use crate::tasks::rules::Correspondent;

/// Reads a log's name.
///
/// # Errors
/// If it is not one that the formats allow.
pub fn origin(text: &str) -> Result<Origin, String> {
    let remedy = "write 1 to 255 visible ASCII characters without space and `+`, like \"embassy.example/notes\"";
    Origin::parse(text).ok_or_else(|| format!("`{text}` is not a log's name\n{remedy}"))
}

/// Reads an account as an operator names it.
///
/// # Errors
/// If it is neither a name nor a number.
pub fn correspondent(text: &str) -> Result<Correspondent, String> {
    let remedy = "write a name (\"ministry\"), or a number without leading zero (\"783214\")";
    Correspondent::parse(text).ok_or_else(|| format!("`{text}` is not an account\n{remedy}"))
}

/// Reads the lasting number of an account. A name is not accepted: a name can pass to another account.
///
/// # Errors
/// If it is not a number.
pub fn account_id(text: &str) -> Result<AccountId, String> {
    let remedy = "write the account's lasting number without leading zero, like \"783214\": a name can change hands";
    AccountId::parse(text).ok_or_else(|| format!("`{text}` is not the number of an account\n{remedy}"))
}

/// Reads a marker: text that makes a message formal.
///
/// # Errors
/// If it is empty, or space only.
pub fn marker(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("the marker is empty\nfor every message say `all` instead".to_owned());
    }
    Ok(text.to_owned())
}

/// Reads a regular expression.
///
/// # Errors
/// If it is not a regular expression, or too large.
pub fn pattern(text: &str) -> Result<regex::Regex, String> {
    regex::Regex::new(text).map_err(|error| {
        let error = error.to_string();
        let why = error.lines().last().unwrap_or("").trim_start_matches("error: ");
        format!("`{text}` is not a regular expression: {why}\ncorrect it; docs.rs/regex explains the syntax")
    })
}

/// Reads an age public key. What looks like a secret key is not repeated.
///
/// # Errors
/// If it is not one of the kind X25519.
pub fn recipient(text: &str) -> Result<age::x25519::Recipient, String> {
    if text.to_ascii_uppercase().contains("SECRET") {
        return Err("a secret key stands where a public key belongs\n\
            write the public key, which begins with age1, and make a new pair: this secret has been seen"
            .to_owned());
    }
    text.parse().map_err(|why| {
        format!("`{text}` is not an age public key: {why}\nwrite one as `age-keygen` prints it: age1 and 58 characters")
    })
}

/// Reads a base address: https, or http to this machine, because credentials are sent there.
///
/// # Errors
/// If it is not an address, or would send secrets unencrypted.
pub fn address(text: &str) -> Result<reqwest::Url, String> {
    let remedy = "write https://HOST, or http://127.0.0.1:PORT for a sandbox on this machine";
    let url: reqwest::Url = text.parse().map_err(|why| format!("`{text}` is not an address: {why}\n{remedy}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("an address may not carry a name or a password\n{remedy}"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{text}` has more than a host and a path\n{remedy}"));
    }
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if local => Ok(url),
        _ => Err(format!("`{text}` would carry secrets in the clear\n{remedy}")),
    }
}

/// Reads an address at which everybody can read something: http or https, and nothing after the path.
///
/// # Errors
/// If it is not such an address.
pub fn public_address(text: &str) -> Result<reqwest::Url, String> {
    let remedy = "write it like \"https://notes.embassy.example\"";
    let url: reqwest::Url = text.parse().map_err(|why| format!("`{text}` is not an address: {why}\n{remedy}"))?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !bare || !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{text}` is not an http or https address with nothing but a host and a path\n{remedy}"));
    }
    Ok(url)
}

/// Reads an address of this machine to listen on, with its port.
///
/// # Errors
/// If it is not such an address.
pub fn socket(text: &str) -> Result<SocketAddr, String> {
    let remedy = "write an IP address and a port, like \"127.0.0.1:8080\" or \"[::]:8080\"";
    text.parse().map_err(|_| format!("`{text}` is not an address to listen on\n{remedy}"))
}

/// Reads the name of a bucket as S3 allows it.
///
/// # Errors
/// If it is not such a name.
pub fn bucket(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    if (3..=63).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('.') {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not the name of a bucket\nwrite 3 to 63 of a-z, 0-9, `-` and `.`, like \"embassy-notes\""))
}

/// Reads what the names in a bucket begin with.
///
/// # Errors
/// If it is not made of plain names with a slash between them.
pub fn prefix(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_name = |name: &str| !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain);
    if text.is_empty() || (text.len() <= 255 && text.split('/').all(is_name)) {
        return Ok(text.to_owned());
    }
    let remedy = "write plain names with `/` between them, like \"notes\" or \"embassy/notes\", or nothing";
    Err(format!("`{text}` cannot be what names in the bucket begin with\n{remedy}"))
}

/// Reads a schedule for something that is done repeatedly, in UTC. Returns None for "off".
///
/// # Errors
/// If it is neither.
pub fn schedule(text: &str) -> Result<Option<cron::Schedule>, String> {
    if text == "off" {
        return Ok(None);
    }
    let remedy = "write six fields, like \"0 55 23 * * *\" for each day at 23:55 UTC, or \"off\"";
    text.parse().map(Some).map_err(|_| format!("`{text}` is not a schedule\n{remedy}"))
}

/// The first moment of a schedule after `time`; None if there is none.
pub fn next_of(schedule: &cron::Schedule, time: Time) -> Option<Time> {
    let time = chrono::DateTime::from_timestamp_millis(time.ms())?;
    Some(Time::from_ms(schedule.after(&time).next()?.timestamp_millis()))
}

/// Reads a moment, in UTC.
///
/// # Errors
/// If it is not a moment.
pub fn moment(text: &str) -> Result<Time, String> {
    let remedy = "write it in UTC with milliseconds, like \"2026-11-22T12:00:00.000Z\"";
    Time::parse(text).ok_or_else(|| format!("`{text}` is not a moment\n{remedy}"))
}

/// Reads the number of a post.
///
/// # Errors
/// If it is not a number.
pub fn post_id(text: &str) -> Result<PostId, String> {
    let remedy = "write its number, the last part of its address, like \"972161234567890123\"";
    PostId::parse(text).ok_or_else(|| format!("`{text}` is not the number of a post\n{remedy}"))
}

/// Reads any text.
///
/// # Errors
/// None.
pub fn any(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}
