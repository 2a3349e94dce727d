//! The program's commands, run as a person runs them, and the files that they leave.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs a command in the folder, and returns its output when it has ended.
pub fn verbale(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_verbale"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

/// Every file below `folder` with its bytes and its mode, in a fixed order; without the empty lock file of the daemon.
pub fn everything_in(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            let bytes = if about.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            if about.is_dir() {
                folders.push(path.clone());
            }
            found.push((path, about.permissions().mode() & 0o777, bytes));
        }
    }
    found.retain(|(path, _, bytes)| !(bytes.is_empty() && path.extension().is_some_and(|end| end == "lock")));
    found.sort();
    found
}

/// Asserts that the command fails with `status` and exactly two lines, the first with `what`, the second with `remedy`,
/// and that it changes nothing in `folder`.
pub fn assert_refused(folder: &Path, arguments: &[&str], status: i32, what: &str, remedy: &str) {
    let before = everything_in(folder);
    let output = verbale(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?} {said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{arguments:?}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{arguments:?} {said}");
    assert!(lines[0].starts_with("error: ") && lines[0].contains(what), "{arguments:?} {said}");
    assert!(lines[1].contains(remedy), "{arguments:?} {said}");
    assert!(everything_in(folder) == before, "{arguments:?} changed a file");
}
