//! What the daemon refuses to start with: one message with what to do, an exit status, and nothing changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::command::{assert_refused, verbale};

/// What a wrong start looks like: what is done to a good installation, the status, and the two lines.
struct Case {
    spoil: fn(&Path),
    status: i32,
    what: &'static str,
    remedy: &'static str,
}

const RUN: [&str; 3] = ["run", "--config", "notes/config.toml"];

/// An installation that could run: its X is a port on which nobody answers.
fn installation() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), "notes", "embassy.example/notes");
    let values = ["api_key", "api_secret", "access_token", "access_token_secret"];
    let text: String = values.iter().map(|key| format!("{key} = \"MARKED-{key}\"\n")).collect();
    fs::write(folder.path().join("notes/credentials.toml"), text).unwrap();
    folder
}

fn init(folder: &Path, name: &str, origin: &str) {
    let rule = ["--correspondent=ministry", "--formal-all", "--api=http://127.0.0.1:9"];
    let output = verbale(folder, &[&["init", name, "--origin", origin][..], &rule].concat());
    assert!(output.status.success(), "{output:?}");
}

fn replace(folder: &Path, old: &str, new: &str) {
    let path = folder.join("notes/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{old}");
    fs::write(path, text.replace(old, new)).unwrap();
}

fn open_to_others(folder: &Path, name: &str) {
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o644)).unwrap();
}

const CASES: [Case; 13] = [
    Case {
        spoil: |folder| replace(folder, "\nunknown_outcome_timeout = ", "\nunknown_outcome_timout = "),
        status: 2,
        what: "unknown field `unknown_outcome_timout`, expected one of `unknown_outcome_timeout`, `run_over`, `heartbeat`, `ignore_posts_until`, `ignore_posts`",
        remedy: "correct its spelling, or remove the line",
    },
    Case {
        spoil: |folder| replace(folder, "run_over = 5", "run_over = \"five\""),
        status: 2,
        what: "run_over: invalid type: string \"five\"",
        remedy: "correct that line",
    },
    Case {
        spoil: |folder| replace(folder, "poll = \"90s\"", "poll = \"1ms\""),
        status: 2,
        what: "poll: 1ms is not between 10ms and 86400s",
        remedy: "write a time between them",
    },
    Case {
        spoil: |folder| fs::remove_file(folder.join("notes/config.toml")).unwrap(),
        status: 1,
        what: "there is no configuration notes/config.toml",
        remedy: "verbale init DIR",
    },
    Case {
        spoil: |folder| fs::remove_file(folder.join("notes/credentials.toml")).unwrap(),
        status: 1,
        what: "there is no file notes/credentials.toml",
        remedy: "put the four values",
    },
    Case {
        spoil: |folder| open_to_others(folder, "notes/credentials.toml"),
        status: 2,
        what: "notes/credentials.toml can be read or changed by others (mode 644)",
        remedy: "chmod 600 notes/credentials.toml",
    },
    Case {
        spoil: |folder| fs::write(folder.join("notes/credentials.toml"), "api_key = MARKED").unwrap(),
        status: 2,
        what: "notes/credentials.toml:1: this line is not TOML",
        remedy: "put the four values",
    },
    Case {
        spoil: |folder| fs::remove_file(folder.join("notes/log.key")).unwrap(),
        status: 1,
        what: "there is no file notes/log.key",
        remedy: "restore it from its backup",
    },
    Case {
        spoil: |folder| open_to_others(folder, "notes/log.key"),
        status: 2,
        what: "notes/log.key can be read or changed by others (mode 644)",
        remedy: "chmod 600 notes/log.key",
    },
    Case {
        spoil: |folder| fs::write(folder.join("notes/log.key"), "MARKED").unwrap(),
        status: 2,
        what: "notes/log.key is not a log's secret key",
        remedy: "restore it from its backup",
    },
    Case {
        spoil: |folder| replace(folder, "origin = \"embassy.example/notes\"", "origin = \"embassy.example/other\""),
        status: 2,
        what: "is the key of the log embassy.example/notes",
        remedy: "correct `origin` or `key_file`",
    },
    Case {
        spoil: |folder| fs::remove_file(folder.join("notes/verbale.db")).unwrap(),
        status: 1,
        what: "there is no database at notes/verbale.db",
        remedy: "restore the backup",
    },
    Case {
        spoil: |folder| {
            init(folder, "other", "other.example/notes");
            fs::copy(folder.join("other/verbale.db"), folder.join("notes/verbale.db")).unwrap();
        },
        status: 5,
        what: "is the database of log other.example/notes",
        remedy: "check `database` and `key_file`",
    },
];

#[test]
fn the_daemon_does_not_start_with_what_it_cannot_use() {
    for case in CASES {
        let folder = installation();
        (case.spoil)(folder.path());
        assert_refused(folder.path(), &RUN, case.status, case.what, case.remedy);
    }
}

#[test]
fn credentials_from_the_environment_come_whole_or_not_at_all() {
    let folder = installation();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_verbale"))
        .args(RUN)
        .current_dir(folder.path())
        .env("VERBALE_X_API_KEY", "MARKED")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("VERBALE_X_ACCESS_TOKEN_SECRET is not set\nset all four variables"), "{said}");
    assert!(!said.contains("MARKED"), "{said}");
}

#[test]
fn no_refusal_repeats_a_secret() {
    for case in CASES {
        let folder = installation();
        (case.spoil)(folder.path());
        let output = verbale(folder.path(), &RUN);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!said.contains("MARKED") && !said.contains("PRIVATE+KEY"), "{said}");
    }
}
