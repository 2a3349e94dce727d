//! The public folder over HTTP, as a web server would serve it: with the right headers for each file, and with a limit
//! on everything that a stranger can use.
//!
//! Only files that [`FileHeaders`] knows are served, and only below the folder: nothing hidden, nothing half written, no list
//! of files, and no link that leads elsewhere. It speaks HTTP/1.1 without TLS: for a public address, put a web server
//! with a certificate in front.

mod connections;
mod settings;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tower_http::services::ServeDir;
use tracing::info;

pub use self::settings::ServeSettings;

use self::connections::ConnectionLimits;
use super::threads;

use crate::site::Page;
use crate::tasks::publish::FileHeaders;

/// Headers of every answer. Everybody may read everything, also from pages of other sites. No other site may show a
/// page of this one as a part of its own, or learn where a reader came from.
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// What a page may do: use the site's style, and show the empty picture that keeps browsers from asking for one.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the page that verifies may do: its own policy, which stands in it and names its scripts by their hashes, and no
/// request to anywhere.
const POLICY_TO_VERIFY: &str = "connect-src 'none'; object-src 'none'; frame-src 'none'; worker-src 'none'; base-uri 'none'; \
                                form-action 'none'; frame-ancestors 'none'";

/// Conditions that are ignored: they count in seconds, in which a checkpoint may have changed. Entity tags are exact.
const COARSE: [HeaderName; 2] = [header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE];

/// Threads that read files for all readers together. The rest of the program has its own: however many readers there are,
/// it is not kept waiting.
const READERS: usize = 4;

/// A port on which the public folder can be read.
pub struct Web {
    listener: std::net::TcpListener,
    folder: PathBuf,
}

impl Web {
    /// Takes the port, to serve the files in `folder`, which must be there.
    ///
    /// # Errors
    /// If the port is not available, or the folder not there.
    pub fn bind(address: SocketAddr, folder: &Path) -> anyhow::Result<Web> {
        let context = || format!("cannot read the public folder {}\nlet this program's user read it", folder.display());
        let folder = folder.canonicalize().with_context(context)?;
        let listener = std::net::TcpListener::bind(address).map_err(|error| cannot_listen(address, &error))?;
        listener.set_nonblocking(true)?;
        Ok(Web { listener, folder })
    }

    /// Serves until `shutdown` is cancelled, on a thread and with a runtime of its own.
    ///
    /// # Errors
    /// If the system gives no thread or no file, or the port fails.
    pub async fn serve(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let (ended, outcome) = oneshot::channel();
        let serve = move || _ = ended.send(self.serve_here(shutdown));
        let context = "the site cannot be served";
        std::thread::Builder::new().name("web".into()).spawn(serve).context(context)?;
        outcome.await.context("the thread that serves the site broke off")?.context(context)
    }

    fn serve_here(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let runtime = threads::bounded(&mut Builder::new_current_thread(), "web-file", READERS)?;
        runtime.block_on(async {
            let listener = TcpListener::from_std(self.listener)?;
            info!(address = %listener.local_addr()?, "serving the public folder");
            connections::serve(listener, router(self.folder), ConnectionLimits::of_this_process(), shutdown).await;
            Ok(())
        })
    }
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> anyhow::Error {
    let what = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there already".to_owned(),
        _ => error.to_string(),
    };
    anyhow::anyhow!(
        "cannot serve the public folder on {address}: {what}\n\
         free it, or choose another: `address` in [serve] of the configuration"
    )
}

/// The way of a request: the headers of every answer, which file it is, and the file.
fn router(folder: PathBuf) -> Router {
    let files = ServeDir::new(&folder).redirect_to_trailing_slash(false).ignore_multi_range_requests(true);
    Router::new()
        .fallback_service(files)
        .layer(from_fn_with_state(folder, only_public_files))
        .layer(from_fn(with_headers))
}

async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-cache")] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn only_public_files(State(folder): State<PathBuf>, mut request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")], "only GET and HEAD\n").into_response();
    }
    let path = request.uri().path().strip_prefix('/').unwrap_or_default();
    let path = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    let Some(kind) = FileHeaders::of(&path) else { return absent() };
    if !is_file_within(&folder, &path).await {
        return absent();
    }
    leave_exact_conditions(request.headers_mut());
    let mut response = next.run(request).await;
    match response.status() {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => describe(&mut response, kind, &path),
        StatusCode::NOT_FOUND => return absent(),
        _ => {}
    }
    response
}

/// Whether a file is there, and really below the folder.
async fn is_file_within(folder: &Path, path: &str) -> bool {
    let place = tokio::fs::canonicalize(folder.join(path)).await;
    let Some(place) = place.ok().filter(|place| place.starts_with(folder)) else { return false };
    tokio::fs::metadata(place).await.is_ok_and(|about| about.is_file())
}

fn leave_exact_conditions(headers: &mut HeaderMap) {
    for name in COARSE {
        headers.remove(name);
    }
    // A part is cut from the present file. It is not compared with the file of which the reader has a part: the reader
    // gets all.
    if headers.remove(header::IF_RANGE).is_some() {
        headers.remove(header::RANGE);
    }
}

fn describe(response: &mut Response, kind: FileHeaders, path: &str) {
    let is_page_to_verify = path == Page::Verify.path();
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.content_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kind.cache));
    if is_page_to_verify {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY_TO_VERIFY));
    }
}

fn absent() -> Response {
    (StatusCode::NOT_FOUND, "there is no such file\n").into_response()
}
