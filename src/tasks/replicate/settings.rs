//! What the operator says of the copy elsewhere: `[upload]`.

use std::path::{Path, PathBuf};

use reqwest::Url;

use crate::tasks::settings::kinds::{FileName, Optional, Text};
use crate::tasks::settings::{implied, nothing, settings, values};

const WHERE_TO: &str = "write `folder`, or `bucket` and what belongs to it, or remove the section";

/// The region of a bucket, if nothing is said.
const REGION: &str = "us-east-1";

/// The file of a bucket's key, if nothing is said.
const CREDENTIALS_FILE: &str = "bucket.toml";

settings! {
    /// The public folder in a store elsewhere.
    ///
    /// Without this section nothing is copied. With it, whatever changes in the public folder is copied at once, in an order
    /// in which a reader there never sees a checkpoint whose tiles are missing. While the store does not answer, the daemon
    /// goes on sealing, and `verbale status` says so. What lies there must be this log's, or nothing. A `log.txt` of more
    /// than 8 MiB is copied only every ten minutes, because a store cannot make a file longer.
    pub struct ReplicateSettings in "upload" {
        /// Either another folder, which must be there: a disk of another machine, for example. Files in it can be read by
        /// those whom the umask lets read.
        folder: Option<PathBuf> = nothing("/mnt/mirror/notes"), Optional(FileName);

        /// Or a bucket that speaks S3 and whose contents everybody can read; each file is given its type along, and how long
        /// a copy of it may be kept.
        bucket: Option<String> = nothing("embassy-notes"), Optional(Text(values::bucket));

        /// Where the bucket's store answers; without it, AWS in that region. https, or http to this same machine.
        endpoint: Option<Url> = nothing("https://s3.eu-central-003.backblazeb2.com"), Optional(Text(values::address));

        /// Its region, by the name that the store has for it.
        region: Option<String> = implied(REGION), Optional(Text(values::any));

        /// What all names in the bucket begin with, before a slash.
        prefix: Option<String> = implied(""), Optional(Text(values::prefix));

        /// The bucket's key: deploy/bucket.toml says how the file looks; only the daemon's user may read it (chmod 600).
        /// Instead, both values may be in the environment: VERBALE_S3_ACCESS_KEY_ID, VERBALE_S3_SECRET_ACCESS_KEY.
        credentials_file: Option<PathBuf> = implied(CREDENTIALS_FILE), Optional(FileName);
    }
}

/// Where the public folder is copied to.
#[derive(Clone, Debug)]
pub enum Destination {
    /// Another folder.
    Folder(PathBuf),
    /// A bucket that speaks S3.
    Bucket {
        /// Its name.
        name: String,
        /// Where it answers; none for AWS.
        endpoint: Option<Url>,
        /// Its region.
        region: String,
        /// What all names in it begin with; may be empty.
        prefix: String,
        /// The file of the key that opens it.
        credentials_file: PathBuf,
    },
}

impl Destination {
    /// The same with file names that are relative to `folder`.
    pub fn beside(self, folder: &Path) -> Destination {
        match self {
            Destination::Folder(other) => Destination::Folder(folder.join(other)),
            Destination::Bucket { name, endpoint, region, prefix, credentials_file } => {
                let credentials_file = folder.join(credentials_file);
                Destination::Bucket { name, endpoint, region, prefix, credentials_file }
            }
        }
    }
}

impl ReplicateSettings {
    /// A folder, or a bucket with what belongs to one.
    ///
    /// # Errors
    /// If it says neither of them, or both.
    pub fn destination(self) -> Result<Destination, String> {
        let ReplicateSettings { folder, bucket, endpoint, region, prefix, credentials_file } = self;
        let is_of_a_bucket = endpoint.is_some() || region.is_some() || prefix.is_some() || credentials_file.is_some();
        match (folder, bucket) {
            (Some(folder), None) if !is_of_a_bucket => Ok(Destination::Folder(folder)),
            (None, Some(name)) => Ok(Destination::Bucket {
                name,
                endpoint,
                region: region.unwrap_or_else(|| REGION.to_owned()),
                prefix: prefix.unwrap_or_default(),
                credentials_file: credentials_file.unwrap_or_else(|| CREDENTIALS_FILE.into()),
            }),
            (None, None) => Err(format!("[upload] does not say where to\n{WHERE_TO}")),
            _ => Err(format!("[upload] says both a folder and a bucket\n{WHERE_TO}")),
        }
    }
}
