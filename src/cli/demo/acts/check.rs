//! A journalist checks everything: the proof of the note with the receipt in it.

use crate::cli::demo::stage::{MINISTRY_FOLDER, Stage};
use crate::cli::demo::tell;

/// The proof that shows all of note 1.
pub(in crate::cli::demo) const PROOF: &str = "proofs/note-1.proof.zip";

/// The proof that shows who sent note 2 to whom and when.
pub(in crate::cli::demo) const SECOND_PROOF: &str = "proofs/note-2.proof.zip";

/// The first with the ministry's receipt.
pub(in crate::cli::demo) const RECEIVED_PROOF: &str = "proofs/received.zip";

/// Plays it.
pub(super) async fn play(stage: &Stage) -> anyhow::Result<()> {
    tell::heading("Both hand out what they have")?;
    stage.run(&format!("prove 1 --level content --out {PROOF}")).await?;
    stage.run(&format!("prove 2 --out {SECOND_PROOF}")).await?;
    let config = format!("--config {MINISTRY_FOLDER}/config.toml");
    stage.run(&format!("receipt 1 --add-to {PROOF} --out {RECEIVED_PROOF} {config}")).await?;

    tell::heading("A journalist checks")?;
    stage.run(&verify_received()).await
}

/// What the reader of a proof of the embassy knows from elsewhere: the log's key, a head of it, and where it is published.
pub(in crate::cli::demo) const KNOWN: &str = "--log public/log.vkey --head public/checkpoint --site public";

/// How the last proof is checked, with the keys of both logs as they are published.
pub(in crate::cli::demo) fn verify_received() -> String {
    format!("verify {KNOWN} --receipt-log {MINISTRY_FOLDER}/public/log.vkey {RECEIVED_PROOF}")
}
