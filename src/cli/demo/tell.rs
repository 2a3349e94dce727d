//! How the story is told: in short lines, who on the left, and what on the right.

/// How wide the left side is.
const LEFT: usize = 22;

/// What follows, in a line of its own.
pub(super) fn heading(text: &str) {
    println!("\n{text}\n");
}

/// A line that stands for itself.
pub(super) fn line(text: &str) {
    if text.is_empty() { println!() } else { println!("  {text}") }
}

/// Who said something, and what, line by line.
pub(super) fn says(who: &str, text: &str) {
    let mut who = who;
    for words in text.lines() {
        line(format!("{who:LEFT$}{words}").trim_end());
        who = "";
    }
}

/// What was said just now goes on, further in.
pub(super) fn goes_on(text: &str) {
    text.lines().for_each(|words| says("", &format!("  {words}")));
}
