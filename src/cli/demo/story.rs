//! The story: what an embassy, a ministry and a journalist do, told line by line while it happens.

use anyhow::{Context, bail};

use super::stage::{MARKER, Stage};
use crate::cli::prove;
use crate::hash::Hash;
use crate::log::entry::Level;
use crate::opening::names;
use crate::proof::Files;
use crate::sandbox::{EMBASSY, JOURNALIST, MINISTRY};
use crate::verify::{self, Trust};

const INFORMAL: &str = "Shall we have lunch on Thursday?";

const REQUEST: &str = "NOTE VERBALE No. 17/2018. The Embassy presents its compliments to the Ministry and has the honour \
to request the immediate release of the vessel Aurora.";

const ANNEX: &str = "NOTE VERBALE No. 18/2018. The Embassy refers to its Note No. 17/2018 and encloses the crew list.";

const DENIAL: &str = "Contrary to reports, the Ministry never received any formal request about the vessel Aurora";

/// A picture of one white pixel: the crew list of the story.
const PICTURE: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 0,
    0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0xf8, 0x0f, 0, 0x01, 0x01,
    0x01, 0, 0x1b, 0xb6, 0xee, 0x56, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Tells it, and checks while telling that everything is as told.
pub(super) async fn tell(stage: &Stage) -> anyhow::Result<()> {
    heading("An embassy writes to a ministry, by direct message");
    stage.looked().await?;
    say(&format!("embassy -> ministry   {INFORMAL}"));
    stage.send(EMBASSY, MINISTRY, INFORMAL, None)?;
    stage.looked().await?;
    say(&format!("                      not formal (no \"{MARKER}\"): nothing is sealed"));
    write(stage, 1, REQUEST, None).await?;
    write(stage, 2, ANNEX, Some(PICTURE)).await?;

    heading("The ministry denies");
    say(&format!("ministry, in public   {DENIAL}"));
    stage.post(MINISTRY, DENIAL)?;

    heading("An official proves note 1, and shows all of it");
    let proof = prove::proof(&stage.config, 1, Level::Content, None)?.pack();
    let path = stage.keep(&names::proof(1), &proof)?;
    say(&format!("$ verbale prove 1 --level content     wrote {}", path.display()));
    let second = prove::proof(&stage.config, 2, Level::Envelope, None)?.pack();
    stage.keep(&names::proof(2), &second)?;

    heading("A journalist checks");
    check(stage, &proof).await?;
    stage.post(JOURNALIST, "The embassy's request existed, and its hash was public before the denial: I checked it")
}

/// The embassy sends a formal note: it is sealed, and its hash posted.
async fn write(stage: &Stage, note: u64, text: &str, file: Option<&[u8]>) -> anyhow::Result<()> {
    say("");
    say(&format!("embassy -> ministry   {text}"));
    if let Some(file) = file {
        say(&format!("                      with a picture of {} bytes", file.len()));
    }
    stage.send(EMBASSY, MINISTRY, text, file)?;
    let (id, post) = stage.posted(&format!("Sealed note {note}")).await?;
    say(&format!("embassy, in public    post {id}, {}", id.time()));
    post.lines().for_each(|line| say(&format!("                        {line}")));
    stage.settled().await
}

/// What the journalist does: compares the envelope's SHA-256 with the post by eye, then lets the program check the rest.
async fn check(stage: &Stage, proof: &[u8]) -> anyhow::Result<()> {
    let files = Files::unpack(proof).context("the proof cannot be unpacked")?;
    let name = names::envelope(1);
    let envelope = files.get(&name).context("the proof has no envelope")?;
    let (hash, (_, post)) = (Hash::of(envelope), stage.posted("Sealed note 1").await?);
    say(&format!("$ sha256sum {name}"));
    say(&format!("{hash}  {name}"));
    if !post.contains(&hash.to_string()) {
        bail!("the post does not show the envelope's hash");
    }
    say("the same 64 digits as in the post: this envelope existed when it was posted");
    say("");
    say("$ verbale verify note-1.proof.zip");
    let report = verify::verify(proof, &Trust { log: Some(stage.vkey.clone().into()), ..Trust::default() })?;
    report.to_string().lines().for_each(say);
    if report.exit_status() != 0 {
        bail!("the proof does not hold");
    }
    Ok(())
}

fn heading(text: &str) {
    println!("\n{text}\n");
}

fn say(line: &str) {
    println!("  {line}");
}
