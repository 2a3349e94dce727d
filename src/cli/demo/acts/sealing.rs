//! An embassy writes to a ministry, and each formal message is sealed.

use anyhow::bail;

use crate::base::ids::Channel;
use crate::cli::demo::installation::MARKER;
use crate::cli::demo::stage::Stage;
use crate::cli::demo::tell;
use crate::note::slip::Slip;
use crate::sandbox::world::Event;
use crate::sandbox::{EMBASSY, MINISTRY};

const INFORMAL: &str = "Shall we have lunch on Thursday?";

/// Long enough for a mirror of more than one post.
pub(super) const REQUEST: &str = "\
NOTE VERBALE No. 17/2018
The Embassy presents its compliments to the Ministry and has the honour to request
the immediate release of the vessel Aurora and of her crew of eleven, held in port
since 2 March.
The Embassy asks for an answer by 16 March, and avails itself of this opportunity to
renew to the Ministry the assurances of its highest consideration.";

const ANNEX: &str = "NOTE VERBALE No. 18/2018. The Embassy refers to its Note No. 17/2018 and encloses the crew list.";

/// A picture of one white pixel: the crew list of the story.
const PICTURE: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 0,
    0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0xf8, 0x0f, 0, 0x01, 0x01,
    0x01, 0, 0x1b, 0xb6, 0xee, 0x56, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Plays it.
pub(super) async fn play(stage: &Stage) -> anyhow::Result<()> {
    tell::heading("An embassy writes to a ministry, by direct message")?;
    for (side, name) in [(&stage.embassy, "embassy"), (&stage.ministry, "ministry")] {
        stage.patiently(side.awake(), &format!("the first look of the {name} at its messages")).await?;
    }
    tell::says("embassy -> ministry", INFORMAL)?;
    let informal = stage.send(EMBASSY, MINISTRY, INFORMAL, None)?;
    stage
        .patiently(stage.embassy.until(async |reader| Ok(reader.is_seen(informal).await?)), "a look at the message")
        .await?;
    if stage.embassy.reader()?.note_by_message(informal).await?.is_some() {
        bail!("an informal message was sealed");
    }
    tell::says("", &format!("not formal (no \"{MARKER}\"): nothing is sealed"))?;
    write(stage, 1, REQUEST, None).await?;
    write(stage, 2, ANNEX, Some(PICTURE)).await
}

/// The embassy sends a formal note: it is sealed, its hash posted, and its slip sent.
async fn write(stage: &Stage, note: u64, text: &str, file: Option<&[u8]>) -> anyhow::Result<()> {
    tell::line("")?;
    tell::says("embassy -> ministry", text)?;
    if let Some(file) = file {
        tell::says("", &format!("with a picture of {} bytes", file.len()))?;
    }
    stage.send(EMBASSY, MINISTRY, text, file)?;
    let post = stage.sealed(note).await?;
    tell::says("embassy, in public", &format!("post {}, {}", post.id, Channel::X.moment(post.id)))?;
    tell::goes_on(&post.words.text)?;
    let is_its_slip = |event: &Event, written: &str| {
        event.sender == EMBASSY && Slip::parse(written).is_ok_and(|slip| slip.envelope.note == note)
    };
    let slip = stage.written(&format!("the slip of note {note}"), is_its_slip).await?;
    let first = slip.lines().next().unwrap_or_default();
    tell::says("embassy -> ministry", &format!("{first} … {} characters, to compute that hash from", slip.len()))?;
    stage.patiently(stage.embassy.settled(), "the published log").await
}
