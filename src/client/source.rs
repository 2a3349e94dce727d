//! Where a published log is read from: a folder, or an address.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures_util::future;
use reqwest::header::RANGE;
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Response, StatusCode, Url};
use tokio_util::task::AbortOnDropHandle;

use crate::tlog::tile::{BUNDLE_BYTES_MAX, Kind, TilePath, WIDTH_FULL};

/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// The longest time without any byte of an answer.
const SILENCE: Duration = Duration::from_secs(30);
/// How long one file, or one piece of a long one, may take in all, however slowly its bytes trickle.
const WHOLE: Duration = Duration::from_secs(300);
/// Number of further attempts for a file after no answer, or after an answer that reports a problem.
const RETRIES: usize = 4;
/// Number of times that a server may redirect from one path of its own to another.
const REDIRECTS_MAX: usize = 3;
/// The wait before the second attempt; it doubles from one to the next.
const WAIT: Duration = Duration::from_millis(200);

/// A tile or bundle and its bytes. None if it is known not to be there.
pub type FetchedFile = (TilePath, Option<Vec<u8>>);

/// Something could not be read. That is never taken for "is absent".
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct FetchError {
    /// Which file.
    pub file: String,
    /// What the disk, the connection or the server said.
    pub why: String,
}

/// Where a log is published.
#[derive(Clone, Debug)]
pub enum Source {
    /// A folder on this machine.
    Folder(PathBuf),
    /// An address.
    Web {
        /// The HTTP client.
        client: Client,
        /// The address, with a slash at its end.
        base: Url,
    },
}

/// Why a place cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum PlaceError {
    #[error(
        "{0} is neither a folder nor an address\nname the folder that holds `checkpoint`, or the address that it is below: https://embassy.example/notes/"
    )]
    Neither(String),
    #[error("{0} is no address that can be read\nbegin it with https:// or http://")]
    Address(String),
    #[error("TLS cannot be used: {0}\ninstall the system's root certificates (ca-certificates)")]
    Tls(String),
}

impl Source {
    /// The place that a person named.
    ///
    /// # Errors
    /// If it is neither a folder nor an address that can be asked.
    pub fn parse(text: &str) -> Result<Source, PlaceError> {
        if !text.contains("://") {
            let folder = Path::new(text).is_dir();
            return if folder { Ok(Source::Folder(text.into())) } else { Err(PlaceError::Neither(text.into())) };
        }
        let slash = if text.ends_with('/') { "" } else { "/" };
        let base = Url::parse(&format!("{text}{slash}")).ok();
        let base = base.filter(|base| matches!(base.scheme(), "http" | "https") && base.has_host());
        let base = base.ok_or_else(|| PlaceError::Address(text.to_owned()))?;
        // An error means that the process has chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("verbale/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIME)
            .read_timeout(SILENCE)
            .redirect(Policy::custom(stay));
        if base.scheme() == "http" {
            client = client.tls_certs_only([]);
        }
        let client = client.build().map_err(|error| PlaceError::Tls(error.to_string()))?;
        Ok(Source::Web { client, base })
    }

    /// The bytes of a file. None if it is known not to be there.
    ///
    /// # Errors
    /// If it could not be read, or is longer than `bytes_max`.
    pub async fn read(&self, file: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, FetchError> {
        match self {
            Source::Folder(folder) => {
                // Another thread for each file would take longer than reading it: see `steps`.
                sort(file, read_file(&folder.join(file), bytes_max))
            }
            Source::Web { client, base } => {
                let url = address(base, file)?;
                let ask = async || in_time(file, WHOLE, ask(client, &url, file, 0, bytes_max)).await;
                match ask.retry(waits()).sleep(tokio::time::sleep).when(|asked| asked.again).await {
                    Ok(bytes) => Ok(bytes),
                    Err(asked) => Err(asked.unread),
                }
            }
        }
    }

    /// The bytes of a tile or bundle, cut out of the full one if there is none of its own width.
    ///
    /// # Errors
    /// If it could not be read.
    pub async fn tile(&self, path: TilePath) -> Result<Option<Vec<u8>>, FetchError> {
        let bytes_max = match path.kind() {
            Kind::Entries => BUNDLE_BYTES_MAX,
            Kind::Hashes(_) => 32 * usize::from(WIDTH_FULL),
        };
        // One byte more shows that it is too long; the comparison reports what is wrong.
        let found = self.read(&path.to_string(), bytes_max + 1).await?;
        if found.is_some() || path.is_full() {
            return Ok(found);
        }
        let full = self.read(&path.full().to_string(), bytes_max + 1).await?;
        Ok(full.map(|full| path.cut_from(&full).to_vec()))
    }

    /// Several tiles or bundles, each with its bytes.
    ///
    /// # Errors
    /// If one could not be read.
    pub async fn tiles(&self, paths: Vec<TilePath>) -> Result<Vec<FetchedFile>, FetchError> {
        let read = async |path: TilePath| Ok((path, self.tile(path).await?));
        future::try_join_all(paths.into_iter().map(read)).await
    }

    /// The files of several steps of a plan, read while other work goes on.
    pub async fn steps(&self, steps: Vec<Vec<TilePath>>) -> Vec<Result<Vec<FetchedFile>, FetchError>> {
        let place = self.clone();
        let read = async move { future::join_all(steps.into_iter().map(|paths| place.tiles(paths))).await };
        let read = AbortOnDropHandle::new(tokio::spawn(read)).await;
        read.unwrap_or_else(|error| vec![sort("tile", Err(io::Error::other(error)))])
    }

    /// A file that is read from `start` on, piece by piece. None if it is known not to be there.
    ///
    /// # Errors
    /// If it could not be opened.
    pub async fn open(&self, file: &str, start: u64) -> Result<Option<Reading>, FetchError> {
        let body = match self {
            Source::Folder(folder) => {
                let opened = File::open(folder.join(file)).and_then(|mut file| {
                    file.seek(SeekFrom::Start(start))?;
                    Ok(file)
                });
                sort(file, opened.map(Some).or_else(absent))?.map(Body::File)
            }
            Source::Web { .. } => Some(Body::Nothing),
        };
        let Some(body) = body else { return Ok(None) };
        let mut reading = Reading { source: self.clone(), file: file.to_owned(), at: start, body, rest: Vec::new() };
        if let Body::Nothing = reading.body {
            let Some(body) = reading.ask_on().await? else { return Ok(None) };
            reading.body = body;
        }
        Ok(Some(reading))
    }
}

/// A long file in the middle of being read.
pub struct Reading {
    source: Source,
    file: String,
    at: u64,
    body: Body,
    /// The part of an answer that has arrived but was not asked for yet.
    rest: Vec<u8>,
}

enum Body {
    File(File),
    Answer(Response),
    Nothing,
}

impl Reading {
    /// The next `len` bytes; fewer only if the file ends there.
    ///
    /// # Errors
    /// If it could not be read on.
    pub async fn next(&mut self, len: usize) -> Result<Vec<u8>, FetchError> {
        if let Body::File(file) = &mut self.body {
            let mut bytes = Vec::with_capacity(len);
            let read = file.take(len as u64).read_to_end(&mut bytes);
            sort(&self.file, read.map(Some))?;
            return Ok(bytes);
        }
        let file = self.file.clone();
        in_time(&file, WHOLE, self.fill(len)).await.map_err(|asked| asked.unread)?;
        let rest = self.rest.split_off(len.min(self.rest.len()));
        let bytes = std::mem::replace(&mut self.rest, rest);
        self.at += bytes.len() as u64;
        Ok(bytes)
    }

    /// Waits until this number of bytes has come, or no more come.
    async fn fill(&mut self, len: usize) -> Result<(), Asked> {
        while self.rest.len() < len {
            match self.chunk().await.map_err(|unread| Asked { unread, again: false, is_end: false })? {
                Some(chunk) => self.rest.extend_from_slice(&chunk),
                None => break,
            }
        }
        Ok(())
    }

    /// The next piece of the answer; when it is cut off, the rest is asked for.
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        for _ in 0..=RETRIES {
            let Body::Answer(answer) = &mut self.body else { return Ok(None) };
            match answer.chunk().await {
                Ok(chunk) => return Ok(chunk.map(|chunk| chunk.to_vec())),
                Err(_) => {
                    self.at += self.rest.len() as u64;
                    let next = self.ask_on().await;
                    self.at -= self.rest.len() as u64;
                    self.body = next?.unwrap_or(Body::Nothing);
                }
            }
        }
        Err(FetchError { file: self.file.clone(), why: "the connection is cut again and again".to_owned() })
    }

    /// Asks for the file from where it was read to.
    async fn ask_on(&self) -> Result<Option<Body>, FetchError> {
        let Source::Web { client, base } = &self.source else { return Ok(None) };
        let url = address(base, &self.file)?;
        let ask = async || begin(client, &url, &self.file, self.at).await;
        match ask.retry(waits()).sleep(tokio::time::sleep).when(|asked| asked.again).await {
            Ok(answer) => Ok(answer.map(Body::Answer)),
            Err(asked) if asked.is_end => Ok(Some(Body::Nothing)),
            Err(asked) => Err(asked.unread),
        }
    }
}

/// A failed attempt, and whether another one may succeed.
struct Asked {
    unread: FetchError,
    again: bool,
    /// Whether it asked for bytes after the file's end.
    is_end: bool,
}

/// A server may redirect to another path of its own, and nowhere else: the report is about the place that was named.
fn stay(attempt: Attempt<'_>) -> Action {
    let is_here = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if is_here && attempt.previous().len() <= REDIRECTS_MAX { attempt.follow() } else { attempt.stop() }
}

/// The result, if it comes in time.
async fn in_time<T>(file: &str, limit: Duration, work: impl Future<Output = Result<T, Asked>>) -> Result<T, Asked> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let why = format!("it did not come to its end within {} seconds", limit.as_secs());
        Err(Asked { unread: FetchError { file: file.to_owned(), why }, again: false, is_end: false })
    })
}

fn waits() -> ExponentialBuilder {
    ExponentialBuilder::default().with_min_delay(WAIT).with_max_times(RETRIES)
}

fn address(base: &Url, file: &str) -> Result<Url, FetchError> {
    base.join(file).map_err(|error| FetchError { file: file.to_owned(), why: error.to_string() })
}

async fn ask(client: &Client, url: &Url, file: &str, start: u64, bytes_max: usize) -> Result<Option<Vec<u8>>, Asked> {
    let Some(mut answer) = begin(client, url, file, start).await? else { return Ok(None) };
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

/// The answer with a status of success. None if the server says that there is no such file.
async fn begin(client: &Client, url: &Url, file: &str, start: u64) -> Result<Option<Response>, Asked> {
    let mut request = client.get(url.clone());
    if 0 < start {
        request = request.header(RANGE, format!("bytes={start}-"));
    }
    let answer = request.send().await.map_err(|error| lost(file, error))?;
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

fn read_file(path: &Path, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let read = || {
        let file = File::open(path)?;
        let len = usize::try_from(file.metadata()?.len()).unwrap_or(bytes_max);
        let mut bytes = Vec::with_capacity(len.min(bytes_max) + 1);
        file.take(bytes_max as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map(Some).or_else(absent)
}

/// "There is no such file, or no folder for it" is an answer.
fn absent<T>(error: io::Error) -> io::Result<Option<T>> {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
        _ => Err(error),
    }
}

fn sort<T>(file: &str, read: io::Result<T>) -> Result<T, FetchError> {
    read.map_err(|error| FetchError { file: file.to_owned(), why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use futures_util::stream;

    use super::*;

    /// Bytes that trickle never count as silence.
    #[tokio::test]
    async fn a_file_that_never_ends_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = Source::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let trickle = || {
            Body::from_stream(stream::unfold((), async |()| {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Some((Ok::<_, io::Error>(Bytes::from_static(b"x")), ()))
            }))
        };
        let router = axum::Router::new().fallback(async move || trickle());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let Source::Web { client, base } = &place else { panic!() };
        let asked = ask(client, base, "tile", 0, 1 << 30);
        let Err(asked) = in_time("tile", Duration::from_millis(300), asked).await else { panic!("it came to an end") };
        assert!(!asked.again && asked.unread.why.contains("did not come to its end"), "{}", asked.unread);
    }
}
