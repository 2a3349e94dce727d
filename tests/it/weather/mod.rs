//! The weather: each trouble of the platform, the network and the machine, what is sealed meanwhile and when, what is told,
//! and what is posted. `src/WEATHER.md` is the table of it.
//!
//! Each row is made by a story that runs: the daemon's tasks on a clock that is driven
//! ([`Story`](crate::support::weather_story::Story)), over the real client for X against a sandbox in this process, or on
//! the world itself where the answers on the wire do not matter. A story asserts its own facts, and what was seen of it
//! from outside is its row.
//!
//! To add a row: write its story as an `async fn() -> Row` in a file of this folder, and its line in that file's
//! `TROUBLES`. A new file has a line in [`SECTIONS`], with its heading. Then `VERBALE_WRITE_WEATHER=1 cargo test --test it
//! weather::` writes the table anew, and a look at the difference. After a merge in which two have changed the table, write
//! it anew.
//!
//! `VERBALE_WEATHER=words` runs only the stories whose name has these words, compares nothing, and prints their rows, and how
//! long each took.

mod answers;
mod correspondents;
mod folder;
mod forks;
mod groups;
mod lists;
mod machine;
mod platform;
mod posts;
mod refusals;
mod restarts;
mod strangers;

use std::fs;
use std::path::Path;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Instant;

use crate::support::parallel::in_parallel;
use crate::support::weather_story::Row;

/// A trouble, and the story that has it.
pub struct Trouble {
    /// What happens, as the table says it.
    pub what: &'static str,
    /// The story.
    pub story: fn() -> Pin<Box<dyn Future<Output = Row>>>,
}

/// Makes a list of troubles from lines like `"what happens": story`.
macro_rules! troubles {
    ($($what:literal: $story:ident,)*) => {
        pub const TROUBLES: &[super::Trouble] =
            &[$(super::Trouble { what: $what, story: || Box::pin($story()) }),*];
    };
}
use troubles;

/// The files of this folder, in the order of the table: the heading, and the rows.
const SECTIONS: &[(&str, &[Trouble])] = &[
    ("Messages, and how they are listed", platform::TROUBLES),
    ("Floods, and what strangers may cost", strangers::TROUBLES),
    ("Lists that do not end, and pages that are too large", lists::TROUBLES),
    ("Started again while the list of all messages cannot be read", restarts::TROUBLES),
    ("Answers that do not fit the question, or come in another form", answers::TROUBLES),
    ("Correspondents, and the conversations with them", correspondents::TROUBLES),
    ("Names, and who is in a group", groups::TROUBLES),
    ("What X refuses to post or to send", refusals::TROUBLES),
    ("Own posts, after they were made", posts::TROUBLES),
    ("The public folder, changed by somebody", folder::TROUBLES),
    ("Two databases of one log", forks::TROUBLES),
    ("The machine", machine::TROUBLES),
];

const HEAD: &str = "\
# The weather, and what the daemon does in it

Made by `tests/it/weather`, which lets each of these things happen to a daemon on a clock that is driven, with a poll of 90
seconds, and looks at it from outside. `VERBALE_WRITE_WEATHER=1 cargo test --test it weather::` writes these tables anew.

*It ended* is the end of the trouble; where a trouble does not end, its beginning. What is told in `status` stands there as
long as it lasts, each problem with its remedy in a second line, which is left out here.
";

#[test]
fn what_happens_in_each_weather_is_what_the_table_says() {
    let wanted = std::env::var("VERBALE_WEATHER").unwrap_or_default();
    let all: Vec<&Trouble> = SECTIONS.iter().flat_map(|(_, troubles)| *troubles).collect();
    let chosen: Vec<&Trouble> = all.iter().copied().filter(|it| it.what.contains(&wanted)).collect();
    let rows: Mutex<Vec<(&str, Row)>> = Mutex::default();
    let outcomes = in_parallel(2, &chosen, |trouble| {
        let (runtime, begun) =
            (tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(), Instant::now());
        let row = runtime.block_on((trouble.story)());
        println!("{:5.1} s  {}", begun.elapsed().as_secs_f64(), trouble.what);
        rows.lock().unwrap().push((trouble.what, row));
    });
    let failed: Vec<String> = chosen
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| *outcome != "ok")
        .map(|(trouble, outcome)| format!("{}: {outcome}", trouble.what))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let rows = rows.into_inner().unwrap();
    let line = |trouble: &Trouble| {
        let (what, Row { sealed, told, posted }) = rows.iter().find(|(what, _)| *what == trouble.what).unwrap();
        format!("| {what} | {sealed} | {told} | {posted} |\n")
    };
    if !wanted.is_empty() {
        print!("{}", chosen.into_iter().map(line).collect::<String>());
        return;
    }
    let section = |(heading, troubles): &(&str, &[Trouble])| {
        let rows: String = troubles.iter().map(line).collect();
        format!(
            "\n## {heading}\n\n| what happens | what is sealed | what is told | what is posted |\n|---|---|---|---|\n{rows}"
        )
    };
    let table = HEAD.to_owned() + &SECTIONS.iter().map(section).collect::<String>();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/WEATHER.md");
    if std::env::var_os("VERBALE_WRITE_WEATHER").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differ: Vec<&str> = table.lines().filter(|line| !kept.lines().any(|old| old == *line)).collect();
    assert!(kept == table, "src/WEATHER.md says something else than these lines:\n{}", differ.join("\n"));
}
