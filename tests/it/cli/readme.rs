//! What the README and the files in `deploy/` say about the program is so.

use std::fs;
use std::path::Path;

use crate::support::command::verbale;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The commands in a text that call the program, without the program's name: those in fenced blocks and between
/// backticks, after a prompt or `--` of cargo, with what is left out (`…`) left out.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            found.extend(command(line));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).filter_map(command));
        }
    }
    found
}

fn command(line: &str) -> Option<Vec<String>> {
    let line = line.trim().trim_start_matches("$ ").replace("cargo run --release --", "verbale");
    let arguments = line.strip_prefix("verbale ")?;
    // What stands far to the right, or after `#`, explains.
    let arguments = arguments.split("   ").next()?.split(" #").next()?;
    Some(words(arguments))
}

/// The words of a command as a shell reads them, as far as quotation marks.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (c, quote, words.last_mut()) {
            ('"' | '\'', None, _) => quote = Some(c),
            (c, Some(open), _) if c == open => quote = None,
            (' ', None, _) => words.push(String::new()),
            (c, _, Some(word)) => word.push(c),
            _ => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Asserts that the program takes such a command; values that stand for others (`N`, `FILE`) are given.
fn assert_taken(arguments: &[String]) {
    let arguments = arguments.iter().map(|word| if word == "N" { "1" } else { word });
    let arguments: Vec<&str> = std::iter::once("verbale").chain(arguments).collect();
    let taken = verbale::cli::command().try_get_matches_from(&arguments);
    if let Err(error) = taken {
        let a_name_alone = arguments.len() == 2 && error.kind() == clap::error::ErrorKind::MissingRequiredArgument;
        assert!(a_name_alone || error.exit_code() == 0, "{arguments:?}\n{error}");
    }
}

#[test]
fn every_command_that_is_named_is_one() {
    let mut count = 0;
    for name in ["README.md", "deploy/config.toml"] {
        for command in commands(&read(name)) {
            assert_taken(&command);
            count += 1;
        }
    }
    assert!(10 < count, "only {count} commands were found");
}

#[test]
fn every_example_in_a_help_text_is_one() {
    let mut count = 0;
    for about in verbale::cli::command().get_subcommands() {
        let help = about.get_after_long_help().map(ToString::to_string).unwrap_or_default().replace("\\\n", "");
        for line in help.lines().filter(|line| line.starts_with("  verbale ")) {
            let line = line.split(" > ").next().unwrap().split(" | ").next().unwrap();
            let line = line.replace("$(age-keygen -y official.txt)", RECIPIENT).replace("AVWppx9R…", "x");
            assert_taken(&command(&line).unwrap());
            count += 1;
        }
    }
    assert!(10 < count, "only {count} examples were found");
}

const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

#[test]
fn every_file_that_the_readme_names_exists() {
    let text = read("README.md");
    for (_, rest) in text.match_indices("](").map(|(at, found)| text.split_at(at + found.len())) {
        let target = rest.split(')').next().unwrap();
        let exists = target.starts_with("https://") || Path::new(env!("CARGO_MANIFEST_DIR")).join(target).exists();
        assert!(exists, "{target}");
    }
    for name in text.split('`').filter(|name| name.starts_with("deploy/") || name.starts_with("src/")) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(name).exists(), "{name}");
    }
}

#[test]
fn the_service_and_the_container_start_what_exists() {
    let folder = tempfile::tempdir().unwrap();
    let unit = read("deploy/verbale.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/verbale ")).unwrap();
    assert_taken(&words(start));
    // The steps in the comments make the configuration that the service then reads.
    let config = words(start).last().unwrap().clone();
    assert!(unit.contains(&format!("verbale init {}", Path::new(&config).parent().unwrap().display())), "{config}");
    assert!(unit.contains("install target/dist/verbale /usr/local/bin/"));
    let container = read("deploy/Containerfile");
    let run = container.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    assert_taken(&serde_json::from_str::<Vec<String>>(run).unwrap());
    for copied in
        container.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.contains("--from"))
    {
        let sources: Vec<&str> = copied.split(' ').collect();
        for source in &sources[..sources.len() - 1] {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(source).exists(), "{source}");
        }
    }
    // What such an installation is told to be is refused only for its empty credentials.
    let made = verbale(folder.path(), &["init", "notes", "--origin=a.example/n", "--correspondent=b", "--formal-all"]);
    assert!(made.status.success(), "{made:?}");
    let output = verbale(folder.path(), &["run", "--config", "notes/config.toml"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("notes/credentials.toml: api_key is missing or empty"), "{said}");
}

#[test]
fn the_test_command_of_the_readme_is_what_is_checked_before_a_change_is_taken_in() {
    assert!(read("README.md").contains("\ncargo test\n"));
    assert!(read(".ci/run").contains("\ncargo test --locked\n"));
}
