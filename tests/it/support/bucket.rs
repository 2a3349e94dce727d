//! A store on a port of this computer that speaks as much S3 as a copy needs: it checks each signature (AWS Signature
//! Version 4), keeps what is put in the order in which it came, and fails on demand.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use hmac::{Hmac, KeyInit, Mac};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sha2::{Digest, Sha256};
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::tile;

use crate::support::harness::key;

pub const NAME: &str = "embassy-notes";
pub const REGION: &str = "eu-central-1";
pub const KEY_ID: &str = "KEYOFTHEBUCKET";
pub const SECRET: &str = "MARKEDSECRETOFTHEBUCKET";

/// A file in the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub content_type: String,
    pub cache: String,
}

/// How a request fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// The store is too busy.
    Busy,
    /// The connection ends before anything was done.
    CutBefore,
    /// The connection ends after everything was done.
    CutAfter,
    /// Nothing works any more.
    Hold,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Object>,
    /// The names that were written, in order.
    written: Vec<String>,
    /// Long files that are being sent in parts.
    parts: BTreeMap<String, (Object, BTreeMap<u32, Vec<u8>>)>,
    /// Tiles that were missing when a checkpoint that needs them came.
    missing: Vec<String>,
    /// How the next write of a name that begins with this text fails.
    fault: Option<(String, How)>,
}

/// The store.
#[derive(Clone)]
pub struct Bucket {
    pub address: SocketAddr,
    prefix: String,
    state: Arc<Mutex<State>>,
}

impl Bucket {
    /// Opens one; the names of requests must begin with `prefix`.
    pub async fn open(prefix: &str) -> Bucket {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bucket = Bucket { address, prefix: prefix.to_owned(), state: Arc::default() };
        let shared = bucket.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let bucket = shared.clone();
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let bucket = bucket.clone();
                    async move { bucket.answer(request.map(Body::new)).await }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        bucket
    }

    pub fn get(&self, name: &str) -> Option<Object> {
        self.state.lock().unwrap().objects.get(name).cloned()
    }

    pub fn objects(&self) -> BTreeMap<String, Object> {
        self.state.lock().unwrap().objects.clone()
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        let object = Object { bytes: bytes.to_vec(), content_type: String::new(), cache: String::new() };
        self.state.lock().unwrap().objects.insert(name.to_owned(), object);
    }

    pub fn clear(&self) {
        *self.state.lock().unwrap() = State::default();
    }

    /// Takes the names that were written since the last time.
    pub fn take_written(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().written)
    }

    /// Whether a name was written since the last time that they were taken.
    pub fn has_written(&self, name: &str) -> bool {
        self.state.lock().unwrap().written.iter().any(|known| known == name)
    }

    /// Lets the next write of a name that begins with this text fail.
    pub fn fail(&self, name: &str, how: How) {
        self.state.lock().unwrap().fault = Some((name.to_owned(), how));
    }

    /// A reader of a checkpoint, at any time, found every tile that it needs.
    pub fn assert_always_supported(&self) {
        assert_eq!(self.state.lock().unwrap().missing, Vec::<String>::new());
    }

    /// Whether there is no part of a long file that nobody completes.
    pub fn has_no_parts(&self) -> bool {
        self.state.lock().unwrap().parts.is_empty()
    }

    /// Whether the fault has happened.
    pub fn has_failed(&self) -> bool {
        self.state.lock().unwrap().fault.is_none()
    }

    async fn answer(&self, request: Request<Body>) -> io::Result<Response<Body>> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, 64 << 20).await.map_err(io::Error::other)?.to_vec();
        if !is_signed(&parts, &body) {
            return Ok(refusal(StatusCode::FORBIDDEN, "SignatureDoesNotMatch"));
        }
        let Some(name) = parts.uri.path().strip_prefix(&format!("/{NAME}/")) else {
            return Ok(refusal(StatusCode::NOT_FOUND, "NoSuchBucket"));
        };
        let name = name.strip_prefix(&self.prefix).expect("a name without the prefix");
        let how = self.fault(&parts.method, name);
        match how {
            Some(How::Busy) => return Ok(refusal(StatusCode::SERVICE_UNAVAILABLE, "SlowDown")),
            Some(How::CutBefore) => return Err(io::ErrorKind::ConnectionAborted.into()),
            Some(How::Hold) => std::future::pending().await,
            _ => {}
        }
        let query = parts.uri.query().unwrap_or_default();
        let response = match parts.method {
            Method::GET => self.read(name),
            Method::PUT if query.contains("partNumber=") => self.take_part(query, body),
            Method::PUT => self.write(name, object(&parts.headers, body)),
            Method::POST if query.starts_with("uploads") => self.begin(name, object(&parts.headers, Vec::new())),
            Method::POST => self.complete(name, query),
            Method::DELETE if query.starts_with("uploadId=") => self.give_up(name),
            _ => refusal(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
        };
        if how == Some(How::CutAfter) { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(response) }
    }

    fn fault(&self, method: &Method, name: &str) -> Option<How> {
        let fault = &mut self.state.lock().unwrap().fault;
        fault.take_if(|(start, _)| method == Method::PUT && name.starts_with(start.as_str())).map(|(_, how)| how)
    }

    fn read(&self, name: &str) -> Response<Body> {
        match self.get(name) {
            Some(object) => {
                let answer = Response::builder()
                    .header("etag", "\"1\"")
                    .header("last-modified", "Wed, 25 Nov 2026 00:00:00 GMT");
                answer.body(object.bytes.into()).unwrap()
            }
            None => refusal(StatusCode::NOT_FOUND, "NoSuchKey"),
        }
    }

    fn write(&self, name: &str, object: Object) -> Response<Body> {
        let mut state = self.state.lock().unwrap();
        if name == "checkpoint" {
            let missing = missing(&object.bytes, &state.objects);
            state.missing.extend(missing);
        }
        state.objects.insert(name.to_owned(), object);
        state.written.push(name.to_owned());
        Response::builder().header("etag", "\"1\"").body(Body::empty()).unwrap()
    }

    fn begin(&self, name: &str, object: Object) -> Response<Body> {
        self.state.lock().unwrap().parts.insert(name.to_owned(), (object, BTreeMap::new()));
        let answer = format!(
            "<InitiateMultipartUploadResult><Bucket>{NAME}</Bucket><Key>{name}</Key><UploadId>{name}</UploadId></InitiateMultipartUploadResult>"
        );
        Response::new(answer.into())
    }

    fn take_part(&self, query: &str, body: Vec<u8>) -> Response<Body> {
        let of = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)).unwrap().to_owned();
        let (number, id) = (of("partNumber=").parse().unwrap(), of("uploadId="));
        // A part may come after its file was given up.
        let parts = &mut self.state.lock().unwrap().parts;
        let Some((_, parts)) = parts.get_mut(&id) else { return refusal(StatusCode::NOT_FOUND, "NoSuchUpload") };
        parts.insert(number, body);
        Response::builder().header("etag", format!("\"{number}\"")).body(Body::empty()).unwrap()
    }

    fn give_up(&self, name: &str) -> Response<Body> {
        self.state.lock().unwrap().parts.remove(name);
        Response::builder().status(StatusCode::NO_CONTENT).body(Body::empty()).unwrap()
    }

    fn complete(&self, name: &str, query: &str) -> Response<Body> {
        assert!(query.contains("uploadId="), "{query}");
        let (mut object, parts) = self.state.lock().unwrap().parts.remove(name).unwrap();
        assert!(1 < parts.len() && parts.keys().copied().eq(1..=parts.len() as u32), "{:?}", parts.keys());
        object.bytes = parts.into_values().flatten().collect();
        self.write(name, object);
        Response::new(
            format!("<CompleteMultipartUploadResult><Bucket>{NAME}</Bucket><Key>{name}</Key><ETag>\"1\"</ETag></CompleteMultipartUploadResult>")
                .into(),
        )
    }
}

/// The tiles that a checkpoint needs and that are missing.
fn missing(checkpoint: &[u8], objects: &BTreeMap<String, Object>) -> Vec<String> {
    let head = Checkpoint::open(checkpoint, &key().vkey()).unwrap();
    let tiles = tile::new_since(0, head.size).into_iter().map(|tile| tile.to_string());
    tiles.filter(|tile| !objects.contains_key(tile)).collect()
}

fn object(headers: &HeaderMap, bytes: Vec<u8>) -> Object {
    let of = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    Object { bytes, content_type: of("content-type"), cache: of("cache-control") }
}

fn refusal(status: StatusCode, code: &str) -> Response<Body> {
    let body = format!("<Error><Code>{code}</Code><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId></Error>");
    Response::builder().status(status).body(body.into()).unwrap()
}

/// Whether a request is signed with the key of the bucket, and its body is what was signed.
fn is_signed(request: &axum::http::request::Parts, body: &[u8]) -> bool {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = header("authorization").strip_prefix("AWS4-HMAC-SHA256 ").unwrap_or_default();
    let part = |name: &str| given.split(", ").find_map(|part| part.strip_prefix(name)).unwrap_or_default();
    let Some(scope) = part("Credential=").strip_prefix(&format!("{KEY_ID}/")) else { return false };
    let lines: String =
        part("SignedHeaders=").split(';').map(|name| format!("{name}:{}\n", header(name).trim())).collect();
    let mut query: Vec<String> = request.uri.query().unwrap_or_default().split('&').map(str::to_owned).collect();
    query.iter_mut().filter(|pair| !pair.is_empty() && !pair.contains('=')).for_each(|pair| pair.push('='));
    query.sort();
    let sum = hex(&Sha256::digest(body));
    let canonical = [
        request.method.as_str(),
        request.uri.path(),
        &query.join("&"),
        &lines,
        part("SignedHeaders="),
        header("x-amz-content-sha256"),
    ];
    let canonical = canonical.join("\n");
    let text = ["AWS4-HMAC-SHA256", header("x-amz-date"), scope, &hex(&Sha256::digest(canonical))].join("\n");
    let day = &scope[..8];
    let steps = [day, REGION, "s3", "aws4_request", &text];
    let signature = steps.iter().fold(format!("AWS4{SECRET}").into_bytes(), |key, step| mac(&key, step.as_bytes()));
    hex(&signature) == part("Signature=") && header("x-amz-content-sha256") == sum
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
