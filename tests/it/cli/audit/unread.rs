//! What stands in the place of a published file and is not of its form: a server, an editor or a mail program may have put it
//! there. It accuses nobody, and nothing is said to hold.

use std::fs;

use serde_json::Value;

use super::{NOTES, Place, change, fails, of, other_key};
use crate::support::command::verbale;
use crate::support::harness::key;
use crate::support::site_fixture::plain;

/// What becomes of a file on its way.
const DAMAGES: [fn(&mut Vec<u8>); 5] = [
    Vec::clear,
    |bytes| bytes.truncate(bytes.len() / 2 - 3),
    |bytes| *bytes = String::from_utf8_lossy(bytes).replace('\n', "\r\n").into_bytes(),
    |bytes| *bytes = b"Access denied. Please log in.".to_vec(),
    |bytes| *bytes = b"{\"error\":\"login\"}\n".to_vec(),
];

#[test]
fn what_is_not_of_a_files_form_was_not_read() {
    for name in ["tile/entries/000", "tile/entries/001", "tile/0/001", "tile/1/000.p/2", "log.txt"] {
        for (number, damage) in DAMAGES.into_iter().enumerate() {
            let place = Place::new(&plain(NOTES));
            change(&place.path("log"), name, damage);
            let (status, report) = place.audit(&[]);
            // A copy of log.txt may be behind.
            let expected = if name == "log.txt" && number < 2 { 0 } else { 3 };
            assert_eq!((status, of(&report, "fails")), (expected, vec![]), "{name} {number}: {report}");
            let told = report["unread"].as_str().unwrap_or_default();
            assert_eq!(expected == 3, told.starts_with(name), "{name} {number}: {told}");
            if number == 3 {
                assert!(told.contains("it begins with \"Access denied. Please log in.\""), "{name}: {told}");
            }
        }
    }
}

#[test]
fn what_is_no_checkpoint_is_no_fault_of_the_log() {
    for damage in DAMAGES {
        let place = Place::new(&plain(3));
        change(&place.path("log"), "checkpoint", damage);
        let output = verbale(place.folder.path(), &["audit", "log", "--log", &key().vkey().to_string()]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(3), 2), "{said}");
        assert!(
            said.starts_with("error: log: the checkpoint is not that of a log: ") && said.contains("; it "),
            "{said}"
        );
    }
}

#[test]
fn the_published_key_is_read_as_it_was_written_and_accuses_nobody_if_it_cannot_be() {
    let written = format!("{}", key().vkey());
    for text in [format!("{written}\r\n"), format!("\u{feff}{written}\n"), written.clone(), format!(" {written} \n\n")]
    {
        let place = Place::new(&plain(3));
        fs::write(place.path("log/log.vkey"), &text).unwrap();
        let (status, report) = place.audit(&[]);
        assert_eq!((status, of(&report, "fails")), (0, vec![]), "{text:?}: {report}");
        assert!(of(&report, "holds").contains(&"key".to_owned()), "{text:?}: {report}");
    }
    for damage in DAMAGES.into_iter().enumerate().filter(|(number, _)| *number != 2).map(|(_, damage)| damage) {
        let place = Place::new(&plain(3));
        change(&place.path("log"), "log.vkey", damage);
        let (status, report) = place.audit(&[]);
        assert_eq!((status, of(&report, "fails")), (3, vec![]), "{report}");
        assert!(of(&report, "holds").contains(&"signature".to_owned()), "the given key signed it: {report}");
        assert!(report["unread"].as_str().unwrap().starts_with("log.vkey: "), "{report}");
    }
    let place = Place::new(&plain(3));
    fs::write(place.path("log/log.vkey"), format!("{}\n", other_key().vkey())).unwrap();
    fails(&place.audit(&[]), &["key"], "another key");
}

/// A head of another log is no word of the key: perhaps the address is that of another log.
#[test]
fn a_head_of_another_log_is_not_held_against_this_one() {
    let place = Place::new(&plain(3));
    fs::remove_file(place.path("log/log.vkey")).unwrap();
    change(&place.path("log"), "checkpoint", |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text.replacen(key().name().as_str(), "another.example/log", 1).into_bytes();
    });
    let (status, report): (i32, Value) = place.audit(&[]);
    assert_eq!((status, of(&report, "fails")), (3, vec![]), "{report}");
    assert!(
        report["unread"].as_str().unwrap().starts_with("the checkpoint is of the log another.example/log"),
        "{report}"
    );
}
