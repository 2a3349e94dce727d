//! The proof as an archive among files that are none of it.

use super::{ASK, Given, NotRead, Packed, kind, names, open_in};
use crate::base::text::visible;
use crate::note::archive::{self, Room};
use crate::note::names as proper;

/// Opens each archive among these files: one of them is the proof, or has it inside, and the other files are set aside.
pub(super) fn find(given: Vec<Given>, room: &mut Room, levels: usize) -> Result<Packed, NotRead> {
    let (mut found, mut reasons) = (Vec::<(&Given, Result<Packed, NotRead>)>::new(), Vec::new());
    for file in given.iter().filter(|file| archive::is_archive(&file.bytes)) {
        if found.iter().any(|(other, _)| other.bytes == file.bytes) {
            continue;
        }
        match open_inside(file, room, levels) {
            Err(reason @ (NotRead::NoProof { .. } | NotRead::Refused { .. })) => reasons.push(reason),
            result => found.push((file, result)),
        }
    }
    if 1 < found.len() {
        let paths = found.iter().map(|(file, _)| visible(&file.path)).collect();
        return Err(NotRead::Ambiguous { place: "the proof".to_owned(), paths });
    }
    let Some((file, packed)) = found.pop() else { return Err(why(&given, reasons)) };
    let mut packed = packed?;
    packed.remarks.insert(0, format!("found inside {}", visible(&file.path)));
    let others = given.iter().filter(|other| other.path != file.path);
    packed.set_aside.extend(others.map(|file| visible(&file.path)));
    Ok(packed)
}

fn open_inside(file: &Given, room: &mut Room, levels: usize) -> Result<Packed, NotRead> {
    let Some(levels) = levels.checked_sub(1) else {
        return Err(NotRead::Refused { what: format!("{} is too deep inside other archives", visible(&file.path)) });
    };
    open_in(&file.bytes, room, levels)
}

/// Why there is no proof among these files, and in no archive among them, for these reasons.
fn why(given: &[Given], mut reasons: Vec<NotRead>) -> NotRead {
    let refused = reasons.iter().position(|reason| matches!(reason, NotRead::Refused { .. }));
    let reason = refused.or(Some(0).filter(|_| given.len() == 1 && !reasons.is_empty()));
    let no_proof = |what: &str| NotRead::NoProof { what: what.to_owned(), next: ASK.to_owned() };
    if let Some(at) = reason {
        return reasons.swap_remove(at);
    }
    if let Some(file) = given.iter().find(|file| kind::is_secret(&file.bytes)) {
        return kind::no_proof(&file.bytes);
    }
    match given {
        [] => no_proof("an archive or folder without files"),
        [file] => kind::no_proof(&file.bytes),
        _ if given.iter().any(|file| names::is_part(&file.path)) => {
            NotRead::Parts { missing: vec![proper::SUMS.to_owned()] }
        }
        _ => no_proof("an archive or folder of other files"),
    }
}
