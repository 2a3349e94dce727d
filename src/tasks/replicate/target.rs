//! Where the public folder is copied to: a bucket that speaks S3, or a folder.
//!
//! It is not trusted: what it shows is signed. If it lies or forgets, its readers notice. If it is unreachable, what is
//! missing is copied later. The client is the crate `object_store`, whose types stay in this module.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::client::HttpError;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{Attribute, Attributes, ClientOptions, GetResult, ObjectStore, ObjectStoreExt, RetryConfig};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::{BucketKey, Destination, watermark};
use crate::tasks::publish::FileHeaders;

/// The longest wait for a connection, and for one answer: a part of a long file is 8 MiB, and some connections are
/// slow.
const CONNECT_TIME: Duration = Duration::from_secs(10);
const ANSWER_TIME: Duration = Duration::from_secs(120);

/// A longer file is sent in parts of this size.
const PART_BYTES: usize = 8 << 20;

/// The largest file that is read from there, in bytes.
const READ_BYTES_MAX: u64 = 64 << 10;

/// The longest part that is shown of an answer that is not understood, in characters.
const SHOWN_MAX: usize = 200;

/// The open store. Clones are cheap, and all of them are the same store.
#[derive(Clone)]
pub(super) struct Target {
    store: Arc<dyn ObjectStore>,
    /// Its name for people.
    name: Arc<str>,
    /// Whether it keeps media types and similar data with a file. A folder does not.
    has_attributes: bool,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Target {
    pub(super) fn open(to: &Destination, key: Option<&BucketKey>, public: &Path) -> anyhow::Result<Target> {
        match to {
            Destination::Folder(folder) => Target::of_folder(folder, public),
            Destination::Bucket { name, endpoint, region, prefix, .. } => {
                let key = key.context("a bucket needs its key")?;
                let store = bucket(name, endpoint.as_ref(), region, key)?;
                let shown = if prefix.is_empty() { format!("s3://{name}") } else { format!("s3://{name}/{prefix}") };
                let store = Arc::new(PrefixStore::new(store, prefix.as_str()));
                Ok(Target { store, name: shown.into(), has_attributes: true })
            }
        }
    }

    fn of_folder(folder: &Path, public: &Path) -> anyhow::Result<Target> {
        let remedy = "[upload] copies to another folder, which must be there: make it, or mount its disk";
        let context = || format!("cannot copy the public folder to {}\n{remedy}", folder.display());
        let place = folder.canonicalize().with_context(context)?;
        if public.canonicalize().is_ok_and(|public| place.starts_with(public)) {
            bail!("{} is the public folder itself, or a part of it\n{remedy}", folder.display());
        }
        let store = LocalFileSystem::new_with_prefix(place).with_context(context)?.with_fsync(true);
        Ok(Target { store: Arc::new(store), name: folder.display().to_string().into(), has_attributes: false })
    }

    /// The bytes of a small file. None if it is not there.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let Some(found) = self.find(path).await? else { return Ok(None) };
        if READ_BYTES_MAX < found.meta.size {
            return Err(Trouble(format!("{self}: {path} is {} bytes long, too much for such a file", found.meta.size)));
        }
        Ok(Some(found.bytes().await.map_err(|error| self.trouble(&error))?.to_vec()))
    }

    /// Whether there is such a file.
    pub(super) async fn has(&self, path: &str) -> Result<bool, Trouble> {
        Ok(self.find(path).await?.is_some())
    }

    async fn find(&self, path: &str) -> Result<Option<GetResult>, Trouble> {
        match self.store.get(&path.into()).await {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { source, .. }) if !is_of_the_bucket(&*source) => Ok(None),
            Err(error) => Err(self.trouble(&error)),
        }
    }

    /// Copies a file from `folder`: all of it, or its first `len` bytes.
    pub(super) async fn put_file(&self, path: &str, folder: &Path, len: Option<u64>) -> Result<(), Trouble> {
        let place = folder.join(path);
        let file = tokio::fs::File::open(&place).await.map_err(|error| Trouble::of_the_folder(&place, &error))?;
        self.put(path, file.take(len.unwrap_or(u64::MAX))).await
    }

    /// Writes a file.
    pub(super) async fn put_bytes(&self, path: &str, bytes: &[u8]) -> Result<(), Trouble> {
        self.put(path, bytes).await
    }

    /// Writes a whole file: until this has returned, the old one is there.
    async fn put(&self, path: &str, mut from: impl AsyncRead + Unpin) -> Result<(), Trouble> {
        let mut writer = BufWriter::with_capacity(self.store.clone(), path.into(), PART_BYTES);
        if self.has_attributes {
            writer = writer.with_attributes(attributes(path));
        }
        if let Err(error) = tokio::io::copy(&mut from, &mut writer).await {
            // Parts that were sent already would be kept, and paid for.
            let _ = writer.abort().await;
            return Err(self.trouble_of_io(&error));
        }
        writer.shutdown().await.map_err(|error| self.trouble_of_io(&error))
    }

    fn trouble_of_io(&self, error: &io::Error) -> Trouble {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<object_store::Error>());
        inner.map_or_else(|| Trouble(format!("{self}: {error}")), |inner| self.trouble(inner))
    }

    /// What went wrong, in words. The answer itself is not shown, for it may repeat parts of the request.
    fn trouble(&self, error: &object_store::Error) -> Trouble {
        use object_store::Error as E;
        let what = match error {
            E::PermissionDenied { .. } | E::Unauthenticated { .. } if self.has_attributes => {
                "it refuses the key that was given, or what that key may do: it must read and write objects".to_owned()
            }
            E::NotFound { .. } if self.has_attributes => "there is no such bucket".to_owned(),
            error => match causes(error).find_map(|cause| cause.downcast_ref::<HttpError>()) {
                Some(error) => format!("no answer ({:?})", error.kind()),
                None => first_words(error),
            },
        };
        Trouble(format!("cannot copy to {self}: {what}"))
    }
}

fn bucket(
    name: &str,
    endpoint: Option<&reqwest::Url>,
    region: &str,
    key: &BucketKey,
) -> anyhow::Result<impl ObjectStore> {
    // An error means that the process has chosen a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let secret = |secret: &SecretString| secret.expose_secret().to_owned();
    let is_plain = endpoint.is_some_and(|endpoint| endpoint.scheme() == "http");
    let options =
        ClientOptions::new().with_connect_timeout(CONNECT_TIME).with_timeout(ANSWER_TIME).with_allow_http(is_plain);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(region)
        .with_access_key_id(secret(&key.id))
        .with_secret_access_key(secret(&key.secret))
        // The task decides whether to try again, and logs it.
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .with_client_options(options);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    builder.build().with_context(|| format!("cannot copy to s3://{name}\nsee [upload] in the configuration"))
}

fn attributes(path: &str) -> Attributes {
    let kind = FileHeaders::of(path).or_else(|| FileHeaders::of(watermark::NAME));
    let pairs = kind.map(|kind| [(Attribute::ContentType, kind.content_type), (Attribute::CacheControl, kind.cache)]);
    Attributes::from_iter(pairs.into_iter().flatten())
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// Whether an answer says that there is no bucket, rather than no such file.
fn is_of_the_bucket(source: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    source.to_string().contains("NoSuchBucket")
}

/// The part of an error before it shows the answer.
fn first_words(error: &object_store::Error) -> String {
    let text = error.to_string();
    let words = text.split(['<', '\n']).next().unwrap_or_default().trim_end_matches([' ', ':']);
    words.chars().take(SHOWN_MAX).collect()
}

/// A problem that stops the copy for now, and may pass by itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Trouble(String);

impl Trouble {
    pub(super) fn of_the_folder(path: &Path, error: &io::Error) -> Trouble {
        Trouble(format!("cannot read {}: {error}", path.display()))
    }

    pub(super) fn broke_off() -> Trouble {
        Trouble("a copy broke off".to_owned())
    }
}
