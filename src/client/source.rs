//! Where a published log is read from: a folder, or an address.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use backon::Retryable;
use futures_util::future;
use reqwest::{Client, Response, Url};
use tokio_util::task::AbortOnDropHandle;

use super::web::{self, Asked, Caches, address, ask, begin, in_time, waits};
use crate::tlog::tile::{self, BUNDLE_BYTES_MAX, Kind, TilePath, WIDTH_FULL};

pub use super::web::FetchError;

/// A tile or bundle and its bytes. None if it is known not to be there.
pub type FetchedFile = (TilePath, Option<Vec<u8>>);

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
        let client = web::client(&base).map_err(|error| PlaceError::Tls(error.to_string()))?;
        Ok(Source::Web { client, base })
    }

    /// The bytes of a file. None if it is known not to be there.
    ///
    /// # Errors
    /// If it could not be read, or is longer than `bytes_max`.
    pub async fn read(&self, file: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, FetchError> {
        self.read_through(Caches::May, file, bytes_max).await
    }

    /// The same, but no cache on the way may answer.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub async fn read_past_caches(&self, file: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, FetchError> {
        self.read_through(Caches::MayNot, file, bytes_max).await
    }

    async fn read_through(&self, caches: Caches, file: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, FetchError> {
        let bytes = match self {
            Source::Folder(folder) => {
                // Another thread for each file would take longer than reading it: see `steps`.
                sort(file, read_file(&folder.join(file), bytes_max))?
            }
            Source::Web { client, base } => {
                let url = address(base, file)?;
                let ask = async || in_time(file, web::WHOLE, ask(client, &url, file, caches, bytes_max)).await;
                let asked = ask.retry(waits()).sleep(tokio::time::sleep).when(|asked| asked.again).await;
                asked.map_err(|asked| asked.unread)?
            }
        };
        match bytes {
            Some(bytes) if is_page(&bytes) => Err(instead(file)),
            bytes => Ok(bytes),
        }
    }

    /// The bytes of a tile or bundle, cut out of the full one if there is none of its own width. They have its form.
    ///
    /// # Errors
    /// If it could not be read, or something else stands in its place.
    pub async fn tile(&self, path: TilePath) -> Result<Option<Vec<u8>>, FetchError> {
        let bytes_max = match path.kind() {
            Kind::Entries => BUNDLE_BYTES_MAX,
            Kind::Hashes(_) => 32 * usize::from(WIDTH_FULL),
        };
        // One byte more shows that it is too long.
        let mut found = self.read(&path.to_string(), bytes_max + 1).await?;
        if found.is_none() && !path.is_full() {
            let full = self.read(&path.full().to_string(), bytes_max + 1).await?;
            found = full.map(|full| path.cut_from(&full).to_vec());
        }
        let Some(bytes) = &found else { return Ok(None) };
        let formed = match path.kind() {
            Kind::Entries => tile::parse_bundle(bytes, path.width()).map(drop),
            Kind::Hashes(_) => tile::parse_hashes(bytes, path.width()).map(drop),
        };
        formed.map_err(|error| FetchError::of_form(&path.to_string(), &error.to_string(), bytes))?;
        Ok(found)
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
        let is_start = self.at == 0;
        let bytes = match &mut self.body {
            Body::File(file) => {
                let mut bytes = Vec::with_capacity(len);
                let read = file.take(len as u64).read_to_end(&mut bytes);
                sort(&self.file, read.map(Some))?;
                bytes
            }
            Body::Answer(_) | Body::Nothing => {
                let file = self.file.clone();
                in_time(&file, web::WHOLE, self.fill(len)).await.map_err(|asked| asked.unread)?;
                let rest = self.rest.split_off(len.min(self.rest.len()));
                std::mem::replace(&mut self.rest, rest)
            }
        };
        self.at += bytes.len() as u64;
        if is_start && is_page(&bytes) { Err(instead(&self.file)) } else { Ok(bytes) }
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
        for _ in 0..=web::RETRIES {
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
        let ask = async || begin(client, &url, &self.file, Caches::May, self.at).await;
        match ask.retry(waits()).sleep(tokio::time::sleep).when(|asked| asked.again).await {
            Ok(answer) => Ok(answer.map(Body::Answer)),
            Err(asked) if asked.is_end => Ok(Some(Body::Nothing)),
            Err(asked) => Err(asked.unread),
        }
    }
}

/// Whether it is a page for people: no published file begins like one.
fn is_page(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let begins = |word: &[u8]| bytes.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    begins(b"<!doctype html") || begins(b"<html")
}

/// A page in place of a file says nothing about the file.
fn instead(file: &str) -> FetchError {
    let why = "a page for people stands in its place, perhaps one that asks for a password".to_owned();
    FetchError { file: file.to_owned(), why }
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
