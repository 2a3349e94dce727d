//! Files given to X, to go with a post or a message.
//!
//! They are sent in one piece: X takes images and GIFs so. Films need pieces, which X's published document does not
//! describe.

use std::time::Duration;

use reqwest::multipart::{Form, Part};

use super::endpoint::Endpoint;
use super::parse::{self, UploadState};
use super::wire::Content;
use super::{One, X};
use crate::base::ids::MediaId;
use crate::platform::{Error, File, FileKind, Purpose};

/// The longest wait before X is asked again how far it is, even if X asks for more.
const WAIT_S_MAX: u64 = 10;

/// X's word for what a file is uploaded for.
fn category(kind: FileKind, purpose: Purpose) -> &'static str {
    match (kind, purpose) {
        (FileKind::Image, Purpose::Post) => "tweet_image",
        (FileKind::Gif, Purpose::Post) => "tweet_gif",
        (FileKind::Image, Purpose::Message) => "dm_image",
        (FileKind::Gif, Purpose::Message) => "dm_gif",
    }
}

impl X {
    /// Gives a file to X, and waits until X has processed it. The caller limits the time.
    pub(super) async fn give(&self, file: &File, purpose: Purpose) -> Result<MediaId, Error> {
        let kind = FileKind::of(&file.media_type, file.bytes.len() as u64)?;
        let unnamed = |_| Error::Refused { what: format!("{} is no media type", file.media_type) };
        let part = Part::bytes(file.bytes.clone()).file_name("file").mime_str(&file.media_type).map_err(unnamed)?;
        let form = Form::new().text("media_category", category(kind, purpose)).part("media", part);
        let url = self.url(format_args!("/2/media/upload"), &[]);
        let mut upload =
            self.make(Endpoint::Upload, url, Content::Form(form), |raw, _| parse::upload(raw, None)).await?;
        loop {
            upload = match upload {
                UploadState::Ready(id) => return Ok(id),
                UploadState::Failed => {
                    return Err(Error::Refused { what: format!("{}: X cannot use the file", Endpoint::Upload) });
                }
                UploadState::Working { id, after_s } => {
                    tokio::time::sleep(Duration::from_secs(after_s.clamp(1, WAIT_S_MAX))).await;
                    self.upload_state(id).await?
                }
            }
        }
    }

    async fn upload_state(&self, id: MediaId) -> Result<UploadState, Error> {
        let query = [("command", "STATUS"), ("media_id", &*id.to_string())];
        let url = self.url(format_args!("/2/media/upload"), &query);
        match self.one(Endpoint::UploadState, url, |raw, _| parse::upload(raw, Some(id))).await? {
            One::Found(state, _) => Ok(state),
            One::Missing(_) => {
                Err(Error::Unavailable { what: format!("{}: X does not know the file", Endpoint::UploadState) })
            }
        }
    }
}
