//! One file of a published log over HTTP: what an answer means, and when to ask again.

use std::time::Duration;

use backon::ExponentialBuilder;
use reqwest::header::{CACHE_CONTROL, RANGE};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Response, StatusCode, Url};

use crate::base::text;

/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// The longest time without any byte of an answer.
const SILENCE: Duration = Duration::from_secs(30);
/// How long one file, or one piece of a long one, may take in all, however slowly its bytes trickle.
pub(super) const WHOLE: Duration = Duration::from_secs(300);
/// Number of further attempts for a file after no answer, or after an answer that reports a problem.
pub(super) const RETRIES: usize = 4;
/// Number of times that a server may redirect from one path of its own to another.
const REDIRECTS_MAX: usize = 3;
/// The wait before the second attempt; it doubles from one to the next.
const WAIT: Duration = Duration::from_millis(200);

/// Something could not be read. That is never taken for "is absent".
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct FetchError {
    /// Which file.
    pub file: String,
    /// What the disk, the connection or the server said.
    pub why: String,
}

impl FetchError {
    /// Bytes that have not the form of the file say nothing about it: anybody on the way may have put them there.
    pub(super) fn of_form(file: &str, error: &str, bytes: &[u8]) -> FetchError {
        let why = format!("what stands there is something else: {error}; {}", text::glimpse(bytes));
        FetchError { file: file.to_owned(), why }
    }
}

/// The client that reads below an address.
pub(super) fn client(base: &Url) -> reqwest::Result<Client> {
    // An error means that the process has chosen a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .user_agent(concat!("verbale/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIME)
        .read_timeout(SILENCE)
        .redirect(Policy::custom(stay));
    if base.scheme() == "http" { client.tls_certs_only([]).build() } else { client.build() }
}

/// A failed attempt, and whether another one may succeed.
pub(super) struct Asked {
    pub(super) unread: FetchError,
    pub(super) again: bool,
    /// Whether it asked for bytes after the file's end.
    pub(super) is_end: bool,
}

/// A server may redirect to another path of its own, and nowhere else: the report is about the place that was named.
fn stay(attempt: Attempt<'_>) -> Action {
    let is_here = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if is_here && attempt.previous().len() <= REDIRECTS_MAX { attempt.follow() } else { attempt.stop() }
}

/// The result, if it comes in time.
pub(super) async fn in_time<T>(
    file: &str,
    limit: Duration,
    work: impl Future<Output = Result<T, Asked>>,
) -> Result<T, Asked> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let why = format!("it did not come to its end within {} seconds", limit.as_secs());
        Err(Asked { unread: FetchError { file: file.to_owned(), why }, again: false, is_end: false })
    })
}

/// The waits between attempts.
pub(super) fn waits() -> ExponentialBuilder {
    ExponentialBuilder::default().with_min_delay(WAIT).with_max_times(RETRIES)
}

/// The address of a file.
pub(super) fn address(base: &Url, file: &str) -> Result<Url, FetchError> {
    base.join(file).map_err(|error| FetchError { file: file.to_owned(), why: error.to_string() })
}

/// Whether a cache on the way may give the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Caches {
    May,
    MayNot,
}

/// The first bytes of a file, as many as are wanted. None if there is no such file.
pub(super) async fn ask(
    client: &Client,
    url: &Url,
    file: &str,
    caches: Caches,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, Asked> {
    let Some(mut answer) = begin(client, url, file, caches, 0).await? else { return Ok(None) };
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| lost(file, error))? {
        bytes.extend_from_slice(&chunk);
        if bytes_max < bytes.len() {
            bytes.truncate(bytes_max);
            break;
        }
    }
    Ok(Some(bytes))
}

/// The answer, whatever its status is.
async fn send(client: &Client, url: &Url, file: &str, caches: Caches, start: u64) -> Result<Response, Asked> {
    let mut request = client.get(url.clone());
    if 0 < start {
        request = request.header(RANGE, format!("bytes={start}-"));
    }
    if caches == Caches::MayNot {
        request = request.header(CACHE_CONTROL, "no-cache");
    }
    request.send().await.map_err(|error| lost(file, error))
}

/// The answer with a status of success. None if the server itself, and no cache, says that there is no such file.
pub(super) async fn begin(
    client: &Client,
    url: &Url,
    file: &str,
    caches: Caches,
    start: u64,
) -> Result<Option<Response>, Asked> {
    let mut answer = send(client, url, file, caches, start).await?;
    if caches == Caches::May && matches!(answer.status(), StatusCode::NOT_FOUND | StatusCode::GONE) {
        answer = send(client, url, file, Caches::MayNot, start).await?;
    }
    let status = answer.status();
    let expected = if 0 < start { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    match status {
        _ if status == expected => Ok(Some(answer)),
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
        _ if status.is_redirection() => Err(Asked { unread: elsewhere(file, status), again: false, is_end: false }),
        _ => {
            let again = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            let is_end = status == StatusCode::RANGE_NOT_SATISFIABLE;
            let unread = FetchError { file: file.to_owned(), why: format!("the server answers {status}") };
            Err(Asked { unread, again, is_end })
        }
    }
}

fn elsewhere(file: &str, status: StatusCode) -> FetchError {
    let why = format!(
        "the server sends its readers elsewhere ({status}): name the address to which it sends, if you trust it"
    );
    FetchError { file: file.to_owned(), why }
}

fn lost(file: &str, error: reqwest::Error) -> Asked {
    let error = anyhow::Error::new(error.without_url());
    Asked {
        unread: FetchError { file: file.to_owned(), why: format!("no answer: {error:#}") },
        again: true,
        is_end: false,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use futures_util::stream;

    use super::super::source::Source;
    use super::*;

    /// Bytes that trickle never count as silence.
    #[tokio::test]
    async fn a_file_that_never_ends_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = Source::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let trickle = || {
            Body::from_stream(stream::unfold((), async |()| {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
            }))
        };
        let router = axum::Router::new().fallback(async move || trickle());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let Source::Web { client, base } = &place else { panic!() };
        let asked = ask(client, base, "tile", Caches::May, 1 << 30);
        let Err(asked) = in_time("tile", Duration::from_millis(300), asked).await else { panic!("it came to an end") };
        assert!(!asked.again && asked.unread.why.contains("did not come to its end"), "{}", asked.unread);
    }
}
