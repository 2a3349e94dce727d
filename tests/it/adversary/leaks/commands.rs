//! The same for the command line: each command is run as a process, and as a person with each kind of key, and what it
//! lets out is found by the marks of the notes.

use std::collections::BTreeSet;

use crate::support::installation::server;
use crate::support::leak_harness::commands::{Play, Row};
use crate::support::leak_harness::{LeakHarness, Left, cell};

/// What the part of the file begins with.
pub const TITLE: &str = "\n## The command line\n";

const HEAD: &str = "
Made by `tests/it/adversary/leaks/commands.rs`, which runs each command as a process, beside the daemons of an embassy, which sends slips
and answers, and of a ministry, which gives receipts. Each row says what of a note was found that was not there before: `hash`
is its number and commitment, `who` the other side's name or number, `envelope` all that the envelope says, `content's salt`,
`text` and `file` what it says. Of a note that the command is not about, nothing but the hash is found, and in what the
commands and the daemons say of their work at the highest level of logging nothing but hash and who. Notes 1 and 2 have
one file each; note 3 is never opened. Request 4 asks to open note 2, where two officials are needed.

| command | by whom | status | standard output | posts | messages | log | public folder and its copy | files |
|---|---|---|---|---|---|---|---|---|
";

fn table(rows: &[Row]) -> String {
    let mut table = TITLE.to_owned() + HEAD;
    let cells = |left: &Left| {
        let status = left.status.map_or("—".to_owned(), |status| status.to_string());
        let log = if left.log.is_empty() { "—".to_owned() } else { left.log.join(", ") };
        let Left { said, posts, messages, public, files, .. } = left;
        format!(
            "{status} | {} | {} | {} | {log} | {} | {}",
            cell(said),
            cell(posts),
            cell(messages),
            cell(public),
            cell(files)
        )
    };
    let mut groups: Vec<(&str, Vec<&str>, String)> = Vec::new();
    for Row { command, by, left, .. } in rows {
        let cells = cells(left);
        match groups.iter_mut().find(|(other, _, same)| other == command && *same == cells) {
            Some((_, all, _)) => all.push(by),
            None => groups.push((command, vec![by], cells)),
        }
    }
    for (command, by, cells) in groups {
        table += &format!("| {command} | {} | {cells} |\n", by.join(", "));
    }
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn for_every_command_of_the_command_line_it_is_known_what_leaves_the_program() {
    let server = server().await;
    let mut harness = LeakHarness::set(&server).await;
    let mut play = Play::new(&mut harness, |_, _| {});
    play.all().await;
    play.alone().await;
    play.is_discreet();
    let rows = play.rows;
    harness.end().await;
    let tried: BTreeSet<&str> =
        rows.iter().map(|row| row.command.trim_matches('`').split([' ', '`']).next().unwrap()).collect();
    let commands = verbale::cli::command();
    let all: BTreeSet<&str> =
        commands.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help").collect();
    assert_eq!(tried, all);
    super::assert_kept(super::Part::Commands, &table(&rows));
}
