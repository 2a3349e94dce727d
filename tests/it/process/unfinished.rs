//! What a command writes is there whole or not at all, so that the same command may be given again.

use std::process::Stdio;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::process::Command;
use verbale::sandbox::world::{Call, Outgoing};
use verbale::sandbox::{EMBASSY, MINISTRY};

use crate::support::harness::MARKER;
use crate::support::process::{Place, stop};

/// A disk that fills up stands for every death while a file is written.
#[tokio::test]
async fn a_proof_is_written_whole_or_not_at_all() {
    let mut place = Place::new().await;
    place.give_key();
    let mut child = place.run();
    place.until("the first look", |world| 2 <= world.counts().of(Call::Messages)).await;
    let id = place.server.world.with(|world, now| {
        // What no packing makes small.
        let mut bytes = vec![0; 200_000];
        StdRng::seed_from_u64(1).fill_bytes(&mut bytes);
        let media = vec![world.upload(now, EMBASSY, "image/png", bytes)];
        world.send(now, EMBASSY, MINISTRY, &Outgoing { text: MARKER.to_owned(), media }).unwrap()
    });
    place.observer.owe(id, &[MINISTRY.0]);
    stop(&mut child, "TERM").await;
    place.finish().await;
    let file = place.path("proof.zip");
    let command = place.command(&["prove", "1", "--level", "content", "--out", file.to_str().unwrap()]);
    let said = |command: &mut Command| command.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
    let mut cramped = Command::new("sh");
    // 64 KiB, and no signal.
    cramped.args(["-c", "ulimit -f 128; trap '' XFSZ; exec \"$0\" \"$@\""]).arg(command.as_std().get_program());
    let output = said(cramped.args(command.as_std().get_args()).stdin(Stdio::null())).await.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("cannot write"), "{error}");
    assert!(!file.exists(), "a part of the proof was left: {error}");
    let arguments = ["prove", "1", "--level", "content", "--out", file.to_str().unwrap()];
    let output = said(&mut place.command(&arguments)).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let verbale = Command::new(env!("CARGO_BIN_EXE_verbale")).arg("verify").arg(&file).output().await.unwrap();
    assert_eq!(verbale.status.code(), Some(4), "{}", String::from_utf8_lossy(&verbale.stdout));
    let output = said(&mut place.command(&arguments)).await.unwrap();
    assert_eq!(output.status.code(), Some(2), "what exists is not replaced");
}
