//! Whole jobs, measured from outside, each beside what others take for one like it. Prints a table in Markdown.
//!
//! Runs under `cargo bench`; with words after `--` only the jobs of these names: `cargo bench --bench whole -- verify`.

mod machine;
mod place;
mod published;
mod audit;
mod publish;
mod seal;
mod start;
mod verify;

use std::env;

use machine::Row;

/// A job and what it is called on the command line.
type Job = (&'static str, fn() -> anyhow::Result<Vec<Row>>);

/// The audit comes first: a process is said to need at least as much memory as we hold when we start it.
const JOBS: [Job; 5] = [
    ("audit", audit::rows),
    ("verify", verify::rows),
    ("seal", seal::rows),
    ("publish", publish::rows),
    ("start", start::rows),
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("whole: measured by `cargo bench` only");
        return Ok(());
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let mut rows = Vec::new();
    for (name, measure) in JOBS {
        if wanted.is_empty() || wanted.iter().any(|word| *word == name) {
            eprintln!("measuring: {name}");
            rows.extend(measure()?);
        }
    }
    println!("{}\n", machine::describe()?);
    println!("| work | others | ours | target |\n|---|---|---|---|");
    for Row { work, others, ours, target } in rows {
        println!(
            "| {work} | {} | {ours} | {target} |",
            if others.is_empty() { "—".into() } else { others.join(" · ") }
        );
    }
    Ok(())
}
