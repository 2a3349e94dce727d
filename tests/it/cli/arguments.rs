//! The command line, as a person meets it: each mistake gets one message with what to do, and changes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::command::{assert_refused, everything_in, verbale};

/// The flags of an `init` that is complete.
const INIT: [&str; 5] =
    ["--origin=embassy.example/notes", "--correspondent=ministry", "--formal-marker", "NOTE", "new"];

/// What the texts say: see `tests/cmd`. After a change on purpose: `TRYCMD=overwrite cargo test --test it`.
#[test]
fn what_the_commands_say() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}

fn init(folder: &Path) -> Output {
    verbale(folder, &[&["init"][..], &INIT].concat())
}

#[test]
fn init_makes_a_folder_that_only_its_owner_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("embassy.example/notes+") && said.contains("age1"), "{said}");
    assert!(!said.contains("PRIVATE") && !said.contains("SECRET"), "{said}");
    let new = folder.path().join("new");
    for (path, mode, _) in everything_in(&new).into_iter().filter(|(path, ..)| !path.starts_with(new.join("public"))) {
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
    assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left beside the new folder");
}

#[test]
fn init_makes_other_keys_each_time() {
    let keys = [(); 2].map(|()| {
        let folder = tempfile::tempdir().unwrap();
        assert!(init(folder.path()).status.success());
        ["log.key", "identity.txt"].map(|name| fs::read(folder.path().join("new").join(name)).unwrap())
    });
    assert!(keys[0].iter().zip(&keys[1]).all(|(one, other)| one != other));
}

#[test]
fn init_with_a_public_key_makes_no_secret_one() {
    let folder = tempfile::tempdir().unwrap();
    let recipient = "--recipient=age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let output = verbale(folder.path(), &[&["init", recipient][..], &INIT].concat());
    assert!(output.status.success(), "{output:?}");
    assert!(!folder.path().join("new/identity.txt").exists());
    assert!(fs::read_to_string(folder.path().join("new/config.toml")).unwrap().contains(&recipient[12..]));
}

#[test]
fn init_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    assert!(init(folder.path()).status.success());
    let again = [&["init"][..], &INIT].concat();
    assert_refused(folder.path(), &again, 2, "the folder new exists and is not empty", "name a folder that does not");
    fs::write(folder.path().join("file"), "precious").unwrap();
    let file = [&["init"][..], &INIT[..4], &["file"]].concat();
    assert_refused(folder.path(), &file, 2, "file exists and is not an empty folder", "name a folder that does not");
    let nowhere = [&["init"][..], &INIT[..4], &["no/where"]].concat();
    assert_refused(folder.path(), &nowhere, 2, "there is no folder no", "run: mkdir -p no");
}

#[test]
fn init_without_a_terminal_names_all_flags_that_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    for (left_out, flag) in [(0, "--origin"), (1, "--correspondent")] {
        let mut arguments = vec!["init"];
        arguments.extend(INIT.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, argument)| *argument));
        assert_refused(folder.path(), &arguments, 2, &format!("missing: {flag} ("), "run the command in a terminal");
    }
    let no_rule = ["init", INIT[0], INIT[1], "new"];
    let all = "missing: --formal-marker, --formal-pattern or --formal-all (which of them are formal)";
    assert_refused(folder.path(), &no_rule, 2, all, "run the command in a terminal");
    for flag in ["--origin (", "; --correspondent (", "; --formal-marker,"] {
        assert_refused(folder.path(), &["init", "new"], 2, flag, "add them, or run the command in a terminal");
    }
}

#[test]
fn completions_are_written_for_each_shell() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = verbale(folder.path(), &["completions", shell]);
        assert!(output.status.success(), "{shell}");
        assert!(String::from_utf8(output.stdout).unwrap().contains("completions"), "{shell}");
    }
}

#[test]
fn an_empty_list_says_so_to_a_person_and_nothing_to_a_program() {
    let folder = tempfile::tempdir().unwrap();
    assert!(init(folder.path()).status.success());
    for (command, said) in [("notes", "no note is sealed yet\n"), ("requests", "nobody has asked for anything yet\n")] {
        for (json, said) in [(&[][..], said), (&["--json"], "")] {
            let output = verbale(folder.path(), &[&[command, "--config", "new/config.toml"], json].concat());
            assert_eq!((output.status.code(), &*output.stdout, &*output.stderr), (Some(0), &b""[..], said.as_bytes()));
        }
    }
}

#[test]
fn a_reader_who_leaves_early_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_verbale"))
        .args(["completions", "zsh"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn verify_ends_with_the_worst_of_all_files() {
    let folder = tempfile::tempdir().unwrap();
    let good = crate::support::fixture::proof().pack();
    let mut bad = good.clone();
    let at = bad.len() / 3;
    bad[at] ^= 1;
    let mut forged = crate::support::fixture::proof();
    forged.tlog_proof.index = 3;
    let forged = forged.pack();
    for (name, bytes) in [("good.zip", &good[..]), ("bad.zip", &bad), ("forged.zip", &forged)] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    for (files, status) in [
        (&["good.zip"][..], 4),
        (&["good.zip", "forged.zip"], 1),
        (&["good.zip", "bad.zip"], 2),
        (&["bad.zip", "forged.zip", "good.zip"], 1),
        (&["nowhere.zip", "good.zip"], 2),
    ] {
        let output = verbale(folder.path(), &[&["verify"][..], files].concat());
        assert_eq!(output.status.code(), Some(status), "{files:?} {output:?}");
        let output = verbale(folder.path(), &[&["verify", "--json"][..], files].concat());
        assert_eq!(output.status.code(), Some(status), "{files:?} {output:?}");
        let lines: Vec<serde_json::Value> =
            output.stdout.split_inclusive(|b| *b == b'\n').map(|line| serde_json::from_slice(line).unwrap()).collect();
        assert_eq!(lines.iter().map(|line| line["file"].as_str().unwrap()).collect::<Vec<_>>(), files);
        assert!(lines.iter().any(|line| line["status"] == status), "{lines:?}");
    }
}

#[test]
fn verify_takes_the_logs_key_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("proof.zip"), crate::support::fixture::proof().pack()).unwrap();
    let [ours, theirs] =
        [crate::support::fixture::key(), crate::support::fixture::other_key()].map(|key| key.vkey().to_string());
    fs::write(folder.path().join("ours"), &ours).unwrap();
    fs::write(folder.path().join("theirs"), format!("{theirs}\n")).unwrap();
    fs::write(folder.path().join("from-windows"), format!("\u{feff}{ours} \r\n")).unwrap();
    for (key, status) in [(&*ours, 4), ("ours", 4), ("from-windows", 4), (&*theirs, 1), ("theirs", 1)] {
        let output = verbale(folder.path(), &["verify", "--log", key, "proof.zip"]);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
    }
    let nothing = ["verify", "--log", "nothing", "proof.zip"];
    assert_refused(folder.path(), &nothing, 2, "`nothing` is neither a log's public key nor a file", "copy it from");
    let no_key = ["verify", "--log", "proof.zip", "proof.zip"];
    assert_refused(folder.path(), &no_key, 2, "proof.zip is neither a log's public key nor a policy", "give a log's");
    fs::write(folder.path().join("altered"), theirs.replace("embassy", "embargo")).unwrap();
    let altered = ["verify", "--log", "altered", "proof.zip"];
    assert_refused(folder.path(), &altered, 2, "altered does not hold a log's public key", "copy it from");
}

#[test]
fn verify_checks_a_receipt_and_takes_the_key_of_its_log_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let receipt = crate::support::fixture::received().receipt();
    fs::write(folder.path().join("proof.zip"), crate::support::fixture::received_proof(&receipt)).unwrap();
    let [ours, theirs] =
        [crate::support::fixture::key(), crate::support::fixture::recipients_key()].map(|key| key.vkey().to_string());
    let output = verbale(folder.path(), &["verify", "--log", &ours, "--receipt-log", &theirs, "proof.zip"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4), "{said}");
    insta::assert_snapshot!("receipt", without_moment(&said));
    let output = verbale(folder.path(), &["verify", "--receipt-log", &ours, "proof.zip"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("\nFAILS: receipt key\n") && said.contains("\nvoid         receipt log"), "{said}");
}

/// What a report says but for the moment at which it was made.
fn without_moment(said: &str) -> String {
    let lines = said.lines().map(|line| if line.starts_with("  checked ") { "  checked now" } else { line });
    lines.map(|line| format!("{line}\n")).collect()
}

/// A sender can make all of a receipt: a log of its own under the recipient's name, and the number of a post that never was.
#[test]
fn a_receipt_that_anybody_could_have_written_shows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let name = crate::support::fixture::recipients_key().name().clone();
    let key = verbale::tlog::signed_note::LogKey::from_seed(name, [97; 32]);
    let forged = crate::support::fixture::Received { key, ..crate::support::fixture::received() }.receipt();
    fs::write(folder.path().join("proof.zip"), crate::support::fixture::received_proof(&forged)).unwrap();
    let [ours, theirs] =
        [crate::support::fixture::key(), crate::support::fixture::recipients_key()].map(|key| key.vkey().to_string());
    let output = verbale(folder.path(), &["verify", "--log", &ours, "proof.zip"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4), "{said}");
    let (_, delivery) = said.split_once("\ndelivery\n").unwrap();
    let claims = delivery.trim_end();
    assert!(claims.lines().all(|line| line.starts_with("  not shown: ")), "{claims}");
    let own = forged.vkey.name_and_id();
    for part in [
        "the receipt says that the account 783214 ministry had received exactly this note, in a post of 2018-03-09T17:41:13.123Z",
        "anybody could have written that",
        "that its post stands there: open https://x.com/ministry/status/972165421585137670 and look whose name",
        &format!("that the key {own} is the recipient's: give the one that it publishes, with --receipt-log"),
    ] {
        assert!(claims.contains(part), "{part}: {claims}");
    }
    let output = verbale(folder.path(), &["verify", "--log", &ours, "--receipt-log", &theirs, "proof.zip"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("\nFAILS: receipt key\n"), "{said}");
    assert_eq!(output.status.code(), Some(1), "{said}");
}

#[test]
fn verify_rebuilds_the_commitment_from_slip_and_message() {
    let folder = tempfile::tempdir().unwrap();
    let slip = crate::support::fixture::slip().to_text().unwrap();
    for (name, text) in
        [("slip", &*format!("{slip}\n")), ("message", crate::support::fixture::TEXT), ("other", "no such text")]
    {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let output = verbale(folder.path(), &["verify", "--slip", "slip", "--message", "message"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4), "{said}");
    insta::assert_snapshot!("slip", said);
    let output = verbale(folder.path(), &["verify", "--json", "--slip", "slip", "--message", "other"]);
    assert_eq!(output.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["status"], &answer["checks"][1]["outcome"]), (&1.into(), &"fails".into()), "{answer}");
    let output = verbale(folder.path(), &["verify", "--slip", "slip", "--message", "other"]);
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("FAILS: content\n"));
    let alone = verbale(folder.path(), &["verify", "--slip", "slip"]);
    assert_eq!(alone.status.code(), Some(2));
    let swapped = ["verify", "--slip", "message", "--message", "slip"];
    assert_refused(folder.path(), &swapped, 2, "message: the slip cannot be read: ", "give the slip's text");
}
