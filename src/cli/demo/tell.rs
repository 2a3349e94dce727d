//! How the story is told: in short lines, with the speaker on the left and the words on the right.

use std::io::{self, Write};

/// The width of the left side.
const LEFT: usize = 22;

/// The title of what follows, in a line of its own.
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

/// More of what was said just now, further indented.
pub(super) fn goes_on(text: &str) -> io::Result<()> {
    text.lines().try_for_each(|words| says("", &format!("  {words}")))
}

/// Text as it is. If the reader has closed the output, the story ends.
pub(super) fn print(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
