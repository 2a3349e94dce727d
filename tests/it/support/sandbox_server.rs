//! A sandbox on a port of its own, and a client of it that signs with an independent library.

use std::collections::BTreeSet;

use oauth1_request as oauth;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::sync::oneshot;
use verbale::base::ids::AccountId;
use verbale::base::time::Time;
use verbale::sandbox::world::{Credentials, Settings};
use verbale::sandbox::{Clock, Shared, http, story_world};

pub struct SandboxServer {
    pub base: String,
    pub world: Shared,
    pub client: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

/// Opens a sandbox whose clock is the machine's, as the signatures' timestamps are.
pub async fn open(settings: Settings) -> SandboxServer {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = Clock::of_the_machine();
    let world = Shared::new(story_world(settings, 1, clock.now()), clock);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let shutdown = async {
        let _ = stopped.await;
    };
    tokio::spawn(http::serve(listener, world.clone(), shutdown));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    SandboxServer { base, world, client, _stop: stop }
}

/// The header that signs a request.
pub fn sign(credentials: &Credentials, method: &Method, address: &str, query: &[(&str, &str)]) -> String {
    let client = oauth::Credentials::new(credentials.api_key.clone(), credentials.api_secret.clone());
    let token = oauth::Credentials::new(credentials.access_token.clone(), credentials.access_token_secret.clone());
    let token = oauth::Token::new(client, token);
    let builder = oauth::Builder::with_token(token, oauth::HmacSha1);
    builder.build(method.as_str(), address, &BTreeSet::from_iter(query.iter().copied()))
}

impl SandboxServer {
    pub fn credentials(&self, user: AccountId) -> Credentials {
        self.world.with(|world, _| world.user(user).unwrap().credentials.clone())
    }

    pub fn now(&self) -> Time {
        self.world.clock().now()
    }

    /// A signed request of `user`.
    pub fn request(&self, user: AccountId, method: Method, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let address = format!("{}{path}", self.base);
        let header = sign(&self.credentials(user), &method, &address, query);
        self.client.request(method, with_query(&address, query)).header("authorization", header)
    }

    pub async fn get(&self, user: AccountId, path: &str, query: &[(&str, &str)]) -> Response {
        self.request(user, Method::GET, path, query).send().await.unwrap()
    }

    pub async fn post(&self, user: AccountId, path: &str, body: Value) -> Response {
        self.request(user, Method::POST, path, &[]).json(&body).send().await.unwrap()
    }

    pub async fn delete(&self, user: AccountId, path: &str) -> Response {
        self.request(user, Method::DELETE, path, &[]).send().await.unwrap()
    }
}

/// Status and JSON body.
pub async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// An address with a query.
pub fn with_query(address: &str, query: &[(&str, &str)]) -> reqwest::Url {
    let mut url: reqwest::Url = address.parse().unwrap();
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}
