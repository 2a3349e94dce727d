//! How the story is told: in short lines, who on the left, and what on the right.

use std::io::{self, Write};

/// How wide the left side is.
const LEFT: usize = 22;

/// What follows, in a line of its own.
pub(super) fn heading(text: &str) -> io::Result<()> {
    print(&format!("\n{text}\n"))
}

/// A line that stands for itself.
pub(super) fn line(text: &str) -> io::Result<()> {
    print(format!("  {text}").trim_end())
}

/// Who said something, and what, line by line.
pub(super) fn says(who: &str, text: &str) -> io::Result<()> {
    let mut who = who;
    for words in text.lines() {
        line(&format!("{who:LEFT$}{words}"))?;
        who = "";
    }
    Ok(())
}

/// What was said just now goes on, further in.
pub(super) fn goes_on(text: &str) -> io::Result<()> {
    text.lines().try_for_each(|words| says("", &format!("  {words}")))
}

/// Text as it is. Whoever reads it may have had enough: then the story ends.
pub(super) fn print(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
