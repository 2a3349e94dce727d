//! An official opens the note for everybody, and its text stands in public under the post with its hash.

use anyhow::{Context, bail};

use super::sealing::REQUEST;
use crate::base::ids::PostId;
use crate::cli::demo::stage::Stage;
use crate::cli::demo::tell;
use crate::sandbox::EMBASSY;
use crate::sandbox::world::{Post, World, unescape};
use crate::wording::thread::{self, Part};

/// Plays it.
pub(super) async fn play(stage: &Stage) -> anyhow::Result<()> {
    tell::heading("An official opens note 1 for everybody")?;
    stage.run("open 1 --level content --publish --yes").await?;

    tell::heading("Its text is public, under the post with its hash")?;
    let thread = stage.world.with(|world, _| thread(world));
    let mut before = stage.sealed(1).await?.id;
    for post in &thread {
        let under = if post.answers == Some(before) { format!("under {before}") } else { "by itself".to_owned() };
        tell::says("embassy, in public", &format!("post {}, {under}", post.id))?;
        tell::goes_on(&unescape(&post.words.text))?;
        before = post.id;
    }
    let texts: Vec<String> = thread.iter().map(|post| unescape(&post.words.text)).collect();
    let joined = thread::join(&texts).context("the posts are no mirror")?;
    if joined.text != REQUEST {
        bail!("the {} posts joined are not the text of the note", thread.len());
    }
    tell::line("")?;
    tell::line(&format!("joined, the {} posts are the note to the byte", thread.len()))?;
    stage.patiently(stage.embassy.settled(), "the published log").await
}

/// The posts that carry the text of note 1, in order.
fn thread(world: &World) -> Vec<Post> {
    let place = |post: &Post| -> Option<(u64, PostId)> {
        let part = Part::parse(&unescape(&post.words.text)).ok().filter(|part| part.note == 1)?;
        (post.author == EMBASSY).then_some((part.place, post.id))
    };
    let mut parts: Vec<((u64, PostId), Post)> =
        world.posts().filter_map(|post| Some((place(post)?, post.clone()))).collect();
    parts.sort_by_key(|(place, _)| *place);
    parts.into_iter().map(|(_, post)| post).collect()
}
