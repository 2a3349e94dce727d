//! OAuth 1.0a (RFC 5849): the signature under each call.

use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use twitter_v2::authorization::{Authorization, Oauth1aToken};
use twitter_v2::oauth2::http::Request;

use super::Credentials;

/// Signs calls with the account's credentials, which never leave it.
pub(super) struct Signer(Oauth1aToken);

impl Signer {
    pub(super) fn new(credentials: &Credentials) -> Signer {
        Signer(Oauth1aToken::new(
            credentials.api_key.expose_secret(),
            credentials.api_secret.expose_secret(),
            credentials.access_token.expose_secret(),
            credentials.access_token_secret.expose_secret(),
        ))
    }

    /// The `Authorization` header of one call: each has a nonce and a time of its own. A JSON body is not signed.
    ///
    /// The signer wants a request of the HTTP library that its crate was written for. One is made of method and address
    /// alone, signed, and dropped: it is never sent.
    ///
    /// # Errors
    /// If the address cannot be signed, which no address that we make can cause.
    pub(super) async fn header(&self, method: &str, url: &Url) -> Result<HeaderValue, String> {
        let unsent = Request::builder().method(method).uri(url.as_str()).body("").map_err(|error| error.to_string())?;
        let unsent = unsent.try_into().map_err(|_| "the address of the call is not valid".to_owned())?;
        let signed = self.0.header(&unsent).await.map_err(|error| error.to_string())?;
        let mut header = HeaderValue::from_bytes(signed.as_bytes()).map_err(|error| error.to_string())?;
        header.set_sensitive(true);
        Ok(header)
    }
}
