//! A relay in front of a sandbox that bends its answers, as strange or broken servers would give them.
//!
//! What the sandbox does is not touched: only what a client is told of it. Rules are tried in the order in which they were
//! given; all that fit an exchange bend it, one after the other.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::Value;

/// The largest answer that is bent.
const BYTES_MAX: usize = 128 * 1024 * 1024;

/// What a client asks.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET`, `POST` …
    pub method: String,
    /// `/2/dm_events`
    pub path: String,
    /// The query as it came, `max_results=5&pagination_token=…`.
    pub query: String,
    /// The body as text, as far as it is text.
    pub body: String,
}

impl Asked {
    /// The value of a parameter of the query, as it came.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Whether it is this call: `GET /2/users/*`, where `*` stands for one part of the path.
    fn is(&self, call: &str) -> bool {
        let (method, pattern) = call.split_once(' ').expect("a call is a method and a path");
        let parts = || pattern.split('/').zip(self.path.split('/'));
        method == self.method
            && pattern.split('/').count() == self.path.split('/').count()
            && parts().all(|(wanted, part)| wanted == "*" || wanted == part)
    }
}

/// An answer, as it goes to the client.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    /// Without those of the connection; the length is set anew.
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer in JSON, dated by the machine's clock and without any other header.
    pub fn json(status: u16, body: &Value) -> Answer {
        let headers =
            HeaderMap::from_iter([(axum::http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Answer { status, headers, body: body.to_string().into_bytes() }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Answer {
        self.headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        self
    }

    /// Changes the JSON of a success; any other answer stays as it is.
    pub fn change_json(&mut self, change: impl FnOnce(&mut Value)) {
        if self.status / 100 == 2 {
            let mut value = serde_json::from_slice(&self.body).expect("a success of the sandbox is JSON");
            change(&mut value);
            self.body = value.to_string().into_bytes();
        }
    }

    /// Replaces a text in the body wherever it stands, byte for byte.
    pub fn replace(&mut self, old: &str, new: &str) {
        self.body = String::from_utf8(std::mem::take(&mut self.body)).unwrap().replace(old, new).into_bytes();
    }
}

/// Bends the true answer, which is given if the sandbox was asked.
type Bend = Box<dyn FnMut(&Asked, &mut Answer) + Send>;

/// Answers in place of the sandbox, which is then not asked. None lets the call through.
type Instead = Box<dyn FnMut(&Asked) -> Option<Answer> + Send>;

enum Act {
    Bend(Bend),
    Instead(Instead),
}

#[derive(Default)]
struct Rules {
    rules: Vec<(String, Act)>,
    asked: Vec<Asked>,
}

/// The relay. Its copies are one relay; it answers until the test ends.
#[derive(Clone)]
pub struct Relay {
    /// Where it answers.
    pub base: String,
    upstream: String,
    client: reqwest::Client,
    rules: Arc<Mutex<Rules>>,
}

impl Relay {
    /// Opens a relay to the sandbox at `upstream`.
    pub async fn open(upstream: &str) -> Relay {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).retry(reqwest::retry::never());
        let client = client.build().unwrap();
        let relay = Relay { base, upstream: upstream.to_owned(), client, rules: Arc::default() };
        let router = Router::new().fallback(exchange).with_state(relay.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        relay
    }

    /// Bends every answer to a call, `GET /2/users/*`: `*` stands for one part of the path.
    pub fn bend(&self, call: &str, bend: impl FnMut(&Asked, &mut Answer) + Send + 'static) {
        self.add(call, Act::Bend(Box::new(bend)));
    }

    /// Changes the JSON of every success of a call.
    pub fn bend_json(&self, call: &str, mut change: impl FnMut(&Asked, &mut Value) + Send + 'static) {
        self.bend(call, move |asked, answer| answer.change_json(|value| change(asked, value)));
    }

    /// Answers a call in place of the sandbox, which is not asked; None lets the call through.
    pub fn instead(&self, call: &str, instead: impl FnMut(&Asked) -> Option<Answer> + Send + 'static) {
        self.add(call, Act::Instead(Box::new(instead)));
    }

    /// Answers the next calls of a kind so, `times` of them, in place of the sandbox.
    pub fn refuse(&self, call: &str, times: usize, answer: Answer) {
        let mut left = times;
        self.instead(call, move |_| {
            left = left.checked_sub(1)?;
            Some(answer.clone())
        });
    }

    /// Lets every answer through as it is from now on.
    pub fn straighten(&self) {
        self.rules.lock().unwrap().rules.clear();
    }

    /// What was asked of this kind, in its order.
    pub fn asked(&self, call: &str) -> Vec<Asked> {
        self.rules.lock().unwrap().asked.iter().filter(|asked| asked.is(call)).cloned().collect()
    }

    fn add(&self, call: &str, act: Act) {
        self.rules.lock().unwrap().rules.push((call.to_owned(), act));
    }

    fn answer_instead(&self, asked: &Asked) -> Option<Answer> {
        let mut rules = self.rules.lock().unwrap();
        rules.asked.push(asked.clone());
        rules.rules.iter_mut().filter(|(call, _)| asked.is(call)).find_map(|(_, act)| match act {
            Act::Instead(instead) => instead(asked),
            Act::Bend(_) => None,
        })
    }

    fn bent(&self, asked: &Asked, answer: &mut Answer) {
        for (_, act) in self.rules.lock().unwrap().rules.iter_mut().filter(|(call, _)| asked.is(call)) {
            if let Act::Bend(bend) = act {
                bend(asked, answer);
            }
        }
    }

    /// Asks the sandbox. The caller's own host goes along, because it is signed.
    async fn forward(&self, method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Option<Answer> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = headers;
        [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].iter().for_each(|name| _ = headers.remove(name));
        let request = self.client.request(method, format!("{}{path}", self.upstream)).headers(headers).body(body);
        let answer = request.send().await.ok()?;
        let (status, mut headers) = (answer.status().as_u16(), answer.headers().clone());
        [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].iter().for_each(|name| _ = headers.remove(name));
        Some(Answer { status, headers, body: answer.bytes().await.ok()?.to_vec() })
    }
}

async fn exchange(State(relay): State<Relay>, method: Method, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    let body = axum::body::to_bytes(body, BYTES_MAX).await.unwrap_or_default();
    let asked = Asked {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let answer = match relay.answer_instead(&asked) {
        Some(answer) => Some(answer),
        None => relay.forward(method, &uri, headers, body).await.map(|mut answer| {
            relay.bent(&asked, &mut answer);
            answer
        }),
    };
    // The sandbox cut the connection: so does the relay.
    let Some(Answer { status, headers, body }) = answer else { return cut() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    *response.headers_mut() = headers;
    response
}

/// An answer whose body ends before it began.
fn cut() -> Response {
    let broken = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
    Response::new(Body::from_stream(broken))
}
