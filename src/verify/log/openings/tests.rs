use super::*;
use crate::base::time::Time;
use crate::tlog::entry::Level;
use crate::verify::check::Outcome;
use crate::verify::log::rules::LATEST_MAX;

const LOG: &str = "embassy.example/notes";

fn time() -> Time {
    Time::parse("2018-03-09T17:40:15.001Z").unwrap()
}

fn commitment(note: u64) -> Hash {
    Hash::of(&note.to_be_bytes())
}

/// A log of so many notes that the first is none of the latest when its envelope is opened, under this hash.
fn log(sha256: Hash) -> Vec<String> {
    let time = time();
    let last = LATEST_MAX as u64 + 300;
    let notes = (1..=last).map(|note| Entry::Note { time, note, commitment: commitment(note) });
    let open = |note, sha256| Entry::Open { time, note, level: Level::Envelope, sha256 };
    notes.chain([open(1, sha256), open(last, commitment(last))]).map(|entry| entry.to_line()).collect()
}

/// The audit of these entries, and the bundles that it has read.
fn audit(log: &[String]) -> (Audit, Checkpoint, Vec<Vec<u8>>) {
    let mut audit = Audit::new(None);
    let bundles: Vec<Vec<u8>> =
        log.chunks(WIDTH_FULL.into()).map(|lines| tile::bundle(lines.iter().map(String::as_bytes)).unwrap()).collect();
    for ((place, bundle), lines) in (0..).zip(&bundles).zip(log.chunks(WIDTH_FULL.into())) {
        let path = TilePath::new(Kind::Entries, place, u16::try_from(lines.len()).unwrap()).unwrap();
        assert!(audit.take(path, Some(bundle)).is_continue());
    }
    let (size, root) = (audit.len(), audit.frontier.root());
    (audit, Checkpoint { origin: Origin::parse(LOG).unwrap(), size, root }, bundles)
}

#[test]
fn the_commitment_of_a_note_of_long_ago_is_read_once_more() {
    for (sha256, outcome, said) in [
        (commitment(1), Outcome::NotChecked, "of 2 opened notes; 2 envelopes are not published where they should be"),
        (Hash::ZERO, Outcome::Fails, "entry 4396 opens another envelope of note 1 than was sealed"),
    ] {
        let (audit, head, bundles) = audit(&log(sha256));
        let mut openings = audit.openings(&head).unwrap();
        let again: Vec<TilePath> = openings.bundles().collect();
        assert_eq!(again.iter().map(TilePath::index).collect::<Vec<_>>(), [0], "the other is one of the latest");
        openings.take_bundle(again[0], Some(&bundles[0])).unwrap();
        for note in openings.notes() {
            openings.take_envelope(note, None, time());
        }
        let check = openings.check();
        assert_eq!((check.outcome, check.detail.as_str()), (outcome, said));
    }
}

#[test]
fn a_bundle_that_is_another_the_second_time_is_not_believed() {
    let (audit, head, bundles) = audit(&log(Hash::ZERO));
    let mut openings = audit.openings(&head).unwrap();
    let path = openings.bundles().next().unwrap();
    for other in [None, Some(&bundles[1]), Some(&Vec::new())] {
        let unread = openings.take_bundle(path, other.map(Vec::as_slice)).unwrap_err();
        assert_eq!(unread, "tile/entries/000 is not what it was a moment ago");
        assert_eq!(openings.unread(&unread).outcome, Outcome::NotChecked);
    }
}

/// What the audit says of a published envelope of note 1, opened in this log of one note, at so many milliseconds after that.
fn published(sealed: &str, found: Option<&str>, ms: i64) -> (Openings, Check) {
    let (time, commitment) = (time(), Hash::of(sealed.as_bytes()));
    let note = Entry::Note { time, note: 1, commitment };
    let open = Entry::Open { time, note: 1, level: Level::Envelope, sha256: commitment };
    let (audit, head, _) = audit(&[note.to_line(), open.to_line()]);
    let mut openings = audit.openings(&head).unwrap();
    openings.take_envelope(1, found.map(str::as_bytes), time.plus_ms(ms));
    let check = openings.check();
    (openings, check)
}

fn envelope(count: u64) -> String {
    let previous = if count == 1 { Hash::ZERO } else { Hash::of(b"previous") };
    format!(
        "verbale envelope v1\nsource x-dm\nlog {LOG}\nnote 1\nfrom 2244994945 embassy\nto 783214 ministry\n\
         conversation 783214-2244994945\nmessage 972161234567890123\nsent 2018-03-09T17:24:34.860Z\n\
         seen 2018-03-09T17:24:37.102Z\ncorrespondence {count} {previous}\ncontent {previous}\nsalt {previous}\n"
    )
}

#[test]
fn an_envelope_that_is_not_published_leaves_a_question_after_a_day() {
    let (openings, check) = published(&envelope(1), Some(&envelope(1)), WAIT_MS_MAX + 1);
    assert_eq!((check.outcome, openings.open()), (Outcome::Holds, None), "{}", check.detail);
    for (ms, open) in
        [(WAIT_MS_MAX, None), (WAIT_MS_MAX + 1, Some("1 opened note has no published envelope".to_owned()))]
    {
        let (openings, check) = published(&envelope(1), None, ms);
        assert_eq!((check.outcome, openings.open()), (Outcome::NotChecked, open));
    }
}

#[test]
fn what_stands_in_place_of_an_envelope_and_is_none_accuses_nobody() {
    let sealed = envelope(1);
    for other in ["", "Access denied. Please log in.", &sealed.replace('\n', "\r\n"), &sealed[..sealed.len() - 9]] {
        let (openings, check) = published(&sealed, Some(other), 0);
        assert_eq!(check.outcome, Outcome::NotChecked, "{other:?}: {}", check.detail);
        assert_eq!(openings.open(), Some(check.detail));
    }
    let (_, check) = published(&sealed, Some(&sealed.replace("ministry", "minister")), 0);
    assert_eq!(check.detail, "the published envelope of note 1 is not the one that was sealed");
}

#[test]
fn a_conversation_has_no_more_notes_than_the_log() {
    let (_, check) = published(&envelope(50), Some(&envelope(50)), 0);
    assert_eq!(check.outcome, Outcome::Fails);
    assert_eq!(check.detail, "note 1 says that it is number 50 of its conversation");
}
