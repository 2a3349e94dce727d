//! OAuth 1.0a (RFC 5849): the signature under each call.

use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use twitter_v2::authorization::{Authorization, Oauth1aToken};
use twitter_v2::oauth2::http::Request;

use super::Credentials;
use crate::base::ids::AccountId;

/// Signs calls with the account's credentials, which never leave it.
pub(super) struct Signer {
    token: Oauth1aToken,
    /// The account that the access token is of, if the token says it.
    pub(super) owner: Option<AccountId>,
}

impl Signer {
    pub(super) fn new(credentials: &Credentials) -> Signer {
        let access_token = credentials.access_token.expose_secret();
        Signer {
            token: Oauth1aToken::new(
                credentials.api_key.expose_secret(),
                credentials.api_secret.expose_secret(),
                access_token,
                credentials.access_token_secret.expose_secret(),
            ),
            // In X's own examples a token begins with the number of its account: `6253282-eWudHl…`.
            owner: access_token.split_once('-').and_then(|(id, _)| AccountId::parse(id)),
        }
    }

    /// The `Authorization` header of one call: each has a nonce and a time of its own. A JSON body is not signed.
    ///
    /// The signer needs a request of the HTTP library that its crate was written for. So a request is made of method
    /// and address alone, signed, and thrown away: it is never sent.
    ///
    /// # Errors
    /// If the address cannot be signed, which no address that we make can cause.
    pub(super) async fn header(&self, method: &str, url: &Url) -> Result<HeaderValue, String> {
        let unsent = Request::builder().method(method).uri(url.as_str()).body("").map_err(|error| error.to_string())?;
        let unsent = unsent.try_into().map_err(|_| "the address of the call is not valid".to_owned())?;
        let signed = self.token.header(&unsent).await.map_err(|error| error.to_string())?;
        let mut header = HeaderValue::from_bytes(signed.as_bytes()).map_err(|error| error.to_string())?;
        header.set_sensitive(true);
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use data_encoding::BASE64;
    use hmac::{Hmac, KeyInit, Mac};
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
    use secrecy::SecretString;
    use sha1::Sha1;

    use super::*;

    /// RFC 5849, section 3.6.
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

    fn escape(text: &str) -> String {
        utf8_percent_encode(text, ESCAPED).to_string()
    }

    /// The signature by RFC 5849, section 3.4, from the parameters sorted as it says.
    fn signature(method: &str, url: &str, parameters: &[(String, String)], key: &str) -> String {
        let mut parts: Vec<(String, String)> = parameters.iter().map(|(k, v)| (escape(k), escape(v))).collect();
        parts.sort();
        let parts: Vec<String> = parts.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let base = format!("{method}&{}&{}", escape(url), escape(&parts.join("&")));
        let mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap().chain_update(base);
        BASE64.encode(&mac.finalize().into_bytes())
    }

    /// The example of X's page "Creating a signature": the check of the check.
    #[test]
    fn the_formula_gives_the_signature_that_x_publishes() {
        let parameters = [
            ("status", "Hello Ladies + Gentlemen, a signed OAuth request!"),
            ("include_entities", "true"),
            ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
            ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1318622958"),
            ("oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
            ("oauth_version", "1.0"),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let key = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw&LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE";
        let url = "https://api.twitter.com/1.1/statuses/update.json";
        assert_eq!(signature("POST", url, &parameters, key), "hCtSmYh+iHYCEqBWrE7C7hYmtUk=");
    }

    #[tokio::test]
    async fn calls_are_signed_by_that_formula() {
        let secret = |text: &str| SecretString::from(text);
        let signer = Signer::new(&Credentials {
            api_key: secret("key"),
            api_secret: secret("key/secret"),
            access_token: secret("7-token"),
            access_token_secret: secret("token+secret"),
        });
        let place = "http://127.0.0.1:8080/2/dm_events";
        let url =
            Url::parse_with_params(place, [("dm_event.fields", "id,text"), ("z", "a b&=+%ä~"), ("expansions", "")]);
        let url = url.unwrap();
        let header = signer.header("GET", &url).await.unwrap();
        assert_eq!(format!("{header:?}"), "Sensitive");
        let fields = header.to_str().unwrap().strip_prefix("OAuth ").unwrap().split(',');
        let decode = |text: &str| percent_decode_str(text.trim_matches('"')).decode_utf8().unwrap().into_owned();
        let mut sent: BTreeMap<String, String> = fields
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (decode(name), decode(value)))
            .collect();
        let signed = sent.remove("oauth_signature").unwrap();
        let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
        let parameters: Vec<(String, String)> = sent.into_iter().chain(query).collect();
        assert_eq!(signed, signature("GET", place, &parameters, "key%2Fsecret&token%2Bsecret"));
    }
}
