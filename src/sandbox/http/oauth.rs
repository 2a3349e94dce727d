//! OAuth 1.0a (RFC 5849), the verifier's side: who sent this request, and is it fresh?
//!
//! No library checks signatures, so they are made again here, from the request as it came, and compared.

use std::collections::BTreeMap;

use axum::http::Method;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha1::Sha1;

use crate::base::ids::AccountId;
use crate::base::time::Time;
use crate::sandbox::World;

/// What RFC 5849, section 3.6, escapes: all but letters, digits and `- . _ ~`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How far a request's timestamp may be from the platform's clock.
const CLOCK_MS_MAX: i64 = 5 * 60 * 1000;

/// The parts of a request that are signed.
pub(super) struct Request<'a> {
    pub method: &'a Method,
    /// `http://127.0.0.1:8080/2/tweets`, without query.
    pub address: &'a str,
    /// The query's parameters, decoded.
    pub query: &'a [(String, String)],
    /// The header `Authorization`.
    pub authorization: &'a str,
}

/// The nonces of requests that were accepted, so that none is accepted twice.
#[derive(Default)]
pub(super) struct Nonces(BTreeMap<(i64, String), ()>);

impl Nonces {
    /// Notes a nonce. Returns false if it was used before. Nonces that are too old to be accepted again are forgotten.
    fn is_new(&mut self, now: Time, stamp_ms: i64, nonce: String) -> bool {
        let oldest = (now.ms() - 2 * CLOCK_MS_MAX, String::new());
        self.0 = self.0.split_off(&oldest);
        self.0.insert((stamp_ms, nonce), ()).is_none()
    }
}

/// The user who sent this request.
///
/// # Errors
/// Why the request is nobody's: for the sandbox's own log and tests. X says no more than 401.
pub(super) fn verify(
    world: &World,
    now: Time,
    nonces: &mut Nonces,
    request: &Request<'_>,
) -> Result<AccountId, &'static str> {
    let given = parameters(request.authorization).ok_or("no header of OAuth 1.0a")?;
    let value = |name: &str| given.get(name).map(String::as_str).ok_or("a parameter is missing");
    if value("oauth_signature_method")? != "HMAC-SHA1" || given.get("oauth_version").is_some_and(|v| v != "1.0") {
        return Err("neither version 1.0 nor HMAC-SHA1");
    }
    let user = world.user_by_token(value("oauth_token")?).ok_or("an unknown token")?;
    let credentials = &user.credentials;
    if value("oauth_consumer_key")? != credentials.api_key {
        return Err("an unknown program");
    }
    let key = format!("{}&{}", encode(&credentials.api_secret), encode(&credentials.access_token_secret));
    let signature =
        BASE64.decode(value("oauth_signature")?.as_bytes()).map_err(|_| "a signature that is not base64")?;
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).map_err(|_| "a key of no length")?;
    mac.update(base_string(request, &given).as_bytes());
    mac.verify_slice(&signature).map_err(|_| "a signature that does not fit")?;
    let stamp_ms = value("oauth_timestamp")?.parse::<i64>().ok().and_then(|s| s.checked_mul(1000));
    let stamp_ms = stamp_ms.ok_or("a timestamp that is no number")?;
    if CLOCK_MS_MAX < (now.ms() - stamp_ms).abs() {
        return Err("a timestamp too far from the clock");
    }
    let nonce = format!("{} {}", credentials.access_token, value("oauth_nonce")?);
    if nonces.is_new(now, stamp_ms, nonce) { Ok(user.account.id) } else { Err("a nonce that was used before") }
}

/// The header's parameters (section 3.5.1), each at most once.
fn parameters(header: &str) -> Option<BTreeMap<String, String>> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("OAuth") {
        return None;
    }
    let mut found = BTreeMap::new();
    for part in rest.split(',') {
        let (name, value) = part.trim().split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        if found.insert(decode(name)?, decode(value)?).is_some() {
            return None;
        }
    }
    Some(found)
}

/// Section 3.4.1: method, address and sorted parameters, each escaped, joined by `&`.
fn base_string(request: &Request<'_>, given: &BTreeMap<String, String>) -> String {
    let header = given.iter().filter(|(name, _)| !["oauth_signature", "realm"].contains(&name.as_str()));
    let query = request.query.iter().map(|(name, value)| (name, value));
    let mut pairs: Vec<(String, String)> =
        header.chain(query).map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&{}&{}", request.method, encode(request.address), encode(&pairs.join("&")))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn decode(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::Account;
    use crate::sandbox::world::{Credentials, Settings};

    /// The worked example in X's page "Creating a signature", with the time and nonce that it uses.
    fn example() -> (World, Time, String) {
        let now = Time::from_ms(1_318_622_958_000);
        let account = Account::parse("370773112 example").unwrap();
        let mut world = World::new(Settings::of_x(), 1);
        world.add_user(now, account.clone());
        world.user_mut(account.id).unwrap().credentials = Credentials {
            api_key: "xvz1evFS4wEEPTGEFPHBog".to_owned(),
            api_secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw".to_owned(),
            access_token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb".to_owned(),
            access_token_secret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE".to_owned(),
        };
        let header = r#"OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", oauth_signature="tnnArxj06cWHq44gCs1OSKk%2FjLY%3D", oauth_signature_method="HMAC-SHA1", oauth_timestamp="1318622958", oauth_token="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", oauth_version="1.0""#;
        (world, now, header.to_owned())
    }

    fn pairs() -> [(String, String); 2] {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        [pair("include_entities", "true"), pair("status", "Hello Ladies + Gentlemen, a signed OAuth request!")]
    }

    fn check(world: &World, now: Time, nonces: &mut Nonces, header: &str) -> Result<AccountId, &'static str> {
        let address = "https://api.twitter.com/1/statuses/update.json";
        verify(world, now, nonces, &Request { method: &Method::POST, address, query: &pairs(), authorization: header })
    }

    #[test]
    fn the_published_example_is_accepted_once() {
        let (world, now, header) = example();
        let mut nonces = Nonces::default();
        let late = now.plus_ms(CLOCK_MS_MAX + 1);
        assert_eq!(check(&world, late, &mut nonces, &header), Err("a timestamp too far from the clock"));
        assert_eq!(check(&world, now, &mut nonces, &header), Ok(AccountId(370_773_112)));
        assert_eq!(check(&world, now, &mut nonces, &header), Err("a nonce that was used before"));
    }

    #[test]
    fn a_changed_request_is_refused() {
        let (world, now, header) = example();
        for (from, to) in [
            ("tnn", "tnm"),
            ("kYj", "kYk"),
            ("2958", "2957"),
            ("xvz1", "xvz2"),
            ("2-Gm", "2-Gn"),
            ("OAuth ", "Bearer "),
        ] {
            let changed = header.replacen(from, to, 1);
            assert_ne!(changed, header);
            assert!(check(&world, now, &mut Nonces::default(), &changed).is_err(), "{from}");
        }
    }
}
