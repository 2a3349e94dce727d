//! The story in its acts: what an embassy, a ministry and a journalist do, told line by line while it happens.
//!
//! Everything that is told was read back before: from the sandbox, from what is published, or from a command's output.

mod sealing;
mod denial;
mod question;
mod opening;
mod receipt;
mod check;

use super::stage::Stage;

pub(super) use check::{KNOWN, PROOF, RECEIVED_PROOF, SECOND_PROOF, verify_received};
pub(super) use question::ENVELOPE_PROOF;

/// Plays all of it, and checks while telling that everything is as told.
pub(super) async fn play(stage: &Stage) -> anyhow::Result<()> {
    sealing::play(stage).await?;
    let denial = denial::play(stage).await?;
    question::play(stage, denial).await?;
    opening::play(stage).await?;
    receipt::play(stage).await?;
    check::play(stage).await
}
