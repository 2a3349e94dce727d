//! The ministry looks again: from the slip and the message it rebuilds the note, and gives its receipt.

use crate::base::ids::Channel;
use crate::cli::demo::stage::{MINISTRY_FOLDER, Stage};
use crate::cli::demo::tell;
use crate::sandbox::MINISTRY;
use crate::sandbox::world::Post;

/// Plays it.
pub(super) async fn play(stage: &Stage) -> anyhow::Result<()> {
    tell::heading("The ministry looks into its own messages, and gives a receipt")?;
    let config = format!("--config {MINISTRY_FOLDER}/config.toml");
    stage.run(&format!("receipt 1 --from embassy {config}")).await?;
    tell::line("")?;
    stage.run(&format!("receipt 1 --from embassy --publish --yes {config}")).await?;
    tell::line("")?;
    let is_receipt = |post: &Post| post.author == MINISTRY && post.words.text.starts_with("Received note 1\n");
    let receipt = stage.posted("the receipt", is_receipt).await?;
    tell::says("ministry, in public", &format!("post {}, {}", receipt.id, Channel::X.moment(receipt.id)))?;
    tell::goes_on(&receipt.words.text)?;
    stage.patiently(stage.ministry.settled(), "the ministry's published log").await
}
