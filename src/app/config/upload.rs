//! `[upload]` as it stands in the file: where the public folder is copied to.

use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::file::{address, some_file_name};
use super::values;
use crate::tasks::replicate::Settings;

const WHERE_TO: &str = "write `folder`, or `bucket` and what belongs to it, or remove the section";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    #[serde(default, deserialize_with = "some_file_name")]
    folder: Option<PathBuf>,
    #[serde(default, deserialize_with = "bucket")]
    bucket: Option<String>,
    #[serde(default, deserialize_with = "endpoint")]
    endpoint: Option<reqwest::Url>,
    region: Option<String>,
    #[serde(default, deserialize_with = "prefix")]
    prefix: Option<String>,
    #[serde(default, deserialize_with = "some_file_name")]
    credentials_file: Option<PathBuf>,
}

impl Raw {
    /// A folder, or a bucket with what belongs to one; file names are relative to `beside`.
    pub(super) fn place(self, beside: &Path) -> Result<Settings, String> {
        let Raw { folder, bucket, endpoint, region, prefix, credentials_file } = self;
        let is_of_a_bucket = endpoint.is_some() || region.is_some() || prefix.is_some() || credentials_file.is_some();
        match (folder, bucket) {
            (Some(folder), None) if !is_of_a_bucket => Ok(Settings::Folder(beside.join(folder))),
            (None, Some(name)) => Ok(Settings::Bucket {
                name,
                endpoint,
                region: region.unwrap_or_else(|| "us-east-1".to_owned()),
                prefix: prefix.unwrap_or_default(),
                credentials_file: beside.join(credentials_file.unwrap_or_else(|| "bucket.toml".into())),
            }),
            (None, None) => Err(format!("[upload] does not say where to\n{WHERE_TO}")),
            _ => Err(format!("[upload] says both a folder and a bucket\n{WHERE_TO}")),
        }
    }
}

fn bucket<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    values::bucket(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}

fn endpoint<'de, D: Deserializer<'de>>(from: D) -> Result<Option<reqwest::Url>, D::Error> {
    address(from).map(Some)
}

fn prefix<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    values::prefix(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}
