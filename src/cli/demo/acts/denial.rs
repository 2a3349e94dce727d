//! The ministry denies: the dispute is entered in the log, answered in public, and told to an official.

use std::fs;

use anyhow::Context;

use crate::base::ids::{Channel, ConversationId, PostId};
use crate::cli::demo::stage::{CONSUL, Stage};
use crate::cli::demo::tell;
use crate::sandbox::world::{Event, Post};
use crate::sandbox::{EMBASSY, MINISTRY};

const DENIAL: &str = "Contrary to reports, the Ministry never received any formal request about the vessel Aurora";

const DISPUTE: &str = "@embassy dispute 1";

/// Plays it, and returns the denial.
pub(super) async fn play(stage: &Stage) -> anyhow::Result<PostId> {
    tell::heading("The ministry denies")?;
    tell::says("ministry, in public", DENIAL)?;
    let denial = stage.post(MINISTRY, DENIAL, None)?;
    tell::says("ministry, in public", DISPUTE)?;
    let dispute = stage.post(MINISTRY, DISPUTE, None)?;
    answered(stage, &dispute).await?;
    let conversation = ConversationId::between(EMBASSY, CONSUL);
    let is_to_consul = |event: &Event, _: &str| event.sender == EMBASSY && event.conversation == conversation;
    let told = stage.written("the message to the official", is_to_consul).await?;
    tell::says("embassy -> consul", &told)?;
    stage.patiently(stage.embassy.settled(), "the published log").await?;
    let log = stage.embassy.public("log.txt");
    let log = fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let entry = log.lines().find(|line| line.contains(" dispute ") && line.ends_with(&dispute.id.to_string()));
    tell::says("in the log", entry.context("the dispute is not in the published log")?)?;
    Ok(denial.id)
}

/// Waits for the embassy's answer to a post, and shows it.
pub(super) async fn answered(stage: &Stage, to: &Post) -> anyhow::Result<()> {
    let is_answer = |post: &Post| post.author == EMBASSY && post.answers == Some(to.id);
    let answer = stage.posted(&format!("the answer to post {}", to.id), is_answer).await?;
    tell::says("embassy, in answer", &format!("post {}, {}", answer.id, Channel::X.moment(answer.id)))?;
    tell::goes_on(&answer.words.text)?;
    Ok(())
}
