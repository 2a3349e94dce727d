//! A journalist asks, and an official shows as much as answers the question.

use std::fs;

use anyhow::{Context, bail};

use super::denial::answered;
use crate::base::hash::Hash;
use crate::base::ids::PostId;
use crate::cli::demo::stage::Stage;
use crate::cli::demo::tell;
use crate::note::names;
use crate::note::proof::Files;
use crate::sandbox::JOURNALIST;

const QUESTION: &str = "@embassy check 1";

/// The proof that shows who wrote to whom and when, but not the text.
pub(in crate::cli::demo) const ENVELOPE_PROOF: &str = "proofs/note-1.envelope.zip";

/// Plays it.
pub(super) async fn play(stage: &Stage, denial: PostId) -> anyhow::Result<()> {
    tell::heading("A journalist quotes the denial, and asks")?;
    tell::says("journalist, in public", QUESTION)?;
    let question = stage.post(JOURNALIST, QUESTION, Some(denial))?;
    answered(stage, &question).await?;

    tell::heading("An official shows the journalist who wrote to whom and when, and nothing of what")?;
    fs::create_dir(stage.dir.join("proofs")).context("cannot make the folder of the proofs")?;
    stage.run(&format!("prove 1 --out {ENVELOPE_PROOF}")).await?;
    tell::line("")?;
    compare(stage).await
}

/// What the journalist does without any of our software: compares the envelope's SHA-256 with the post, by eye.
async fn compare(stage: &Stage) -> anyhow::Result<()> {
    let proof = fs::read(stage.dir.join(ENVELOPE_PROOF)).context("the proof cannot be read")?;
    let files = Files::unpack(&proof).context("the proof cannot be unpacked")?;
    let name = names::envelope(1);
    let envelope = files.get(&name).context("the proof has no envelope")?;
    let (hash, post) = (Hash::of(envelope), stage.sealed(1).await?);
    tell::line(&format!("$ sha256sum {name}"))?;
    tell::line(&format!("{hash}  {name}"))?;
    if !post.words.text.contains(&hash.to_string()) {
        bail!("the post does not show the envelope's hash");
    }
    tell::line("the same 64 digits as in the post: this envelope existed when it was posted")?;
    Ok(())
}
