//! The commented template and the table of all keys, made from the sections.

use toml::Value;

use super::sections::{LogSettings, OpeningsSettings, XSettings};
use crate::app::http::ServeSettings;
use crate::tasks::acknowledge::ReceiptSettings;
use crate::tasks::disclose::OpenSettings;
use crate::tasks::monitor::MonitorSettings;
use crate::tasks::post::PublishSettings;
use crate::tasks::replicate::ReplicateSettings;
use crate::tasks::reply::BotSettings;
use crate::tasks::seal::{RuleSettings, SlipSettings, WatchSettings};
use crate::tasks::settings::{Key, Section, Unsaid};
use crate::tasks::survey::SurveySettings;

/// The longest line of the template, in characters.
const WIDTH: usize = 118;

const TEMPLATE_HEAD: &str = "\
# Configuration of verbale.
#
# `verbale init` writes this file with your answers filled in; `verbale run` reads it. Every key that may be set is
# here, with its default. A key that is not known, or a value that cannot be meant, stops the program at the start with
# the line and what to do: nothing is guessed. After a change, restart the daemon: `systemctl restart verbale`.
#
# File names are relative to the folder of this file. Durations are a number with a unit, and may be combined:
# \"250ms\", \"90s\", \"10m\", \"1h 30m\". No secret belongs into this file: secrets lie in files of their own.
";

const TABLE_HEAD: &str = "\
`verbale init` writes a file in which each key is explained at length. This table says the same in short; it is made from
the sections, as that file is: `VERBALE_WRITE_CONFIGURATION=1 cargo test --lib app::config` writes both anew.

| key | default | limits | meaning |
|---|---|---|---|
";

/// A section of the file.
struct WrittenSection {
    name: &'static str,
    doc: &'static [&'static str],
    keys: Vec<Key>,
    shown: Layout,
}

/// How a section stands in the template.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// With its header.
    Table,
    /// As one of a list, within the section before it.
    Listed,
    /// Behind `#`, because the file may leave it out.
    Commented,
}

fn part<S: Section>(shown: Layout) -> WrittenSection {
    WrittenSection { name: S::NAME, doc: S::DOC, keys: S::keys(), shown }
}

/// The sections in the order of the file.
fn parts() -> [WrittenSection; 14] {
    [
        part::<LogSettings>(Layout::Table),
        part::<OpeningsSettings>(Layout::Table),
        part::<XSettings>(Layout::Table),
        part::<WatchSettings>(Layout::Table),
        part::<RuleSettings>(Layout::Listed),
        part::<SurveySettings>(Layout::Table),
        part::<PublishSettings>(Layout::Table),
        part::<MonitorSettings>(Layout::Table),
        part::<OpenSettings>(Layout::Table),
        part::<SlipSettings>(Layout::Table),
        part::<ReceiptSettings>(Layout::Table),
        part::<ServeSettings>(Layout::Commented),
        part::<ReplicateSettings>(Layout::Commented),
        part::<BotSettings>(Layout::Commented),
    ]
}

/// The configuration with its defaults. Where only the operator knows the value, it has a word like `@ORIGIN@`.
pub fn template() -> String {
    let parts = parts();
    let mut text = TEMPLATE_HEAD.to_owned();
    for WrittenSection { name, doc, keys, shown } in &parts {
        text += &header(name, doc, *shown);
        // A list of sections is explained before the first of them.
        let is_list = |key: &&Key| parts.iter().any(|part| part.name == format!("{name}.{}", key.name));
        let (lists, keys): (Vec<_>, Vec<_>) = keys.iter().partition(is_list);
        for key in keys {
            text += &format!("\n{}{}\n", commented(&explained(key, *shown)), line(key, *shown));
        }
        for list in lists {
            text += &format!("\n{}", commented(&explained(list, *shown)));
        }
    }
    text
}

/// The table of all keys, in Markdown.
pub fn table() -> String {
    let mut text = TABLE_HEAD.to_owned();
    for WrittenSection { name, keys, .. } in parts() {
        for key in keys {
            let cell = |text: &str| if text.is_empty() { "—".to_owned() } else { text.replace('|', "\\|") };
            let default = match &key.unsaid {
                Unsaid::Default(value, _) | Unsaid::Implied(value) => format!("`{value}`"),
                Unsaid::Nothing(_) => "none".to_owned(),
                Unsaid::Asked(_) => "asked by `init`".to_owned(),
            };
            let (limits, meaning) = (cell(&key.limits), cell(&first_sentence(&key)));
            text += &format!("| `{name}.{}` | {default} | {limits} | {meaning} |\n", key.name);
        }
    }
    text
}

/// What stands before the keys of a section.
fn header(name: &str, doc: &[&str], shown: Layout) -> String {
    if shown == Layout::Listed {
        return format!("[[{name}]]\n");
    }
    let (title, rest) = doc.split_first().unwrap_or((&"", &[]));
    let title = title.trim().trim_end_matches('.');
    let title = match title.split_at_checked(1) {
        _ if title.to_lowercase() == name => title.to_owned(),
        Some((first, rest)) => format!("{name}: {}{rest}", first.to_lowercase()),
        None => name.to_owned(),
    };
    let rule = format!("# ---- {title} ");
    let rule = format!("{rule}{}\n", "-".repeat(WIDTH.saturating_sub(rule.chars().count())));
    if shown == Layout::Table {
        return format!("\n\n{rule}\n[{name}]\n");
    }
    let mut about = paragraphs(rest);
    if let Some(last) = about.last_mut() {
        *last += " Default:\u{a0}none";
    }
    format!("\n\n{rule}\n{}# [{name}]\n", commented(&about))
}

/// The documentation of a key with its limits, an example and its default, by paragraphs.
fn explained(key: &Key, shown: Layout) -> Vec<String> {
    let mut paragraphs = paragraphs(key.doc);
    let mut tail = Vec::new();
    if !key.limits.is_empty() {
        let (first, rest) = key.limits.split_at(1);
        tail.push(format!("{}{rest}.", first.to_uppercase()));
    }
    match &key.unsaid {
        Unsaid::Default(default, example) => {
            tail.extend(
                example.iter().filter(|_| shown != Layout::Commented).map(|example| format!("Example: {example}.")),
            );
            tail.push(format!("Default: {default}"));
        }
        Unsaid::Implied(default) => tail.push(format!("Default: {default}")),
        Unsaid::Nothing(_) => tail.push("Default: none".to_owned()),
        Unsaid::Asked(Value::Array(list)) if list.is_empty() => {}
        Unsaid::Asked(example) => tail.push(format!("Example: {example}")),
    }
    if let Some(last) = paragraphs.last_mut() {
        for piece in tail {
            // Spaces that do not break hold a piece together.
            *last += &format!(" {}", piece.replace(' ', "\u{a0}"));
        }
    }
    paragraphs
}

/// The line with which a key is set, behind `#` if it is not set.
fn line(key: &Key, shown: Layout) -> String {
    let name = key.name;
    let is_commented = shown == Layout::Commented;
    match &key.unsaid {
        Unsaid::Default(_, Some(example)) if is_commented => format!("# {name} = {example}"),
        Unsaid::Default(default, _) if !is_commented => format!("{name} = {default}"),
        Unsaid::Default(value, _) | Unsaid::Implied(value) | Unsaid::Nothing(value) => format!("# {name} = {value}"),
        Unsaid::Asked(example) => {
            let place = Value::from(format!("@{}@", name.to_uppercase()));
            let place = if example.is_array() { Value::Array(vec![place]) } else { place };
            format!("{name} = {place}")
        }
    }
}

/// The paragraphs of a documentation.
fn paragraphs(doc: &[&str]) -> Vec<String> {
    let paragraphs = doc.split(|line| line.trim().is_empty());
    let joined = paragraphs.map(|lines| lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "));
    joined.filter(|text| !text.is_empty()).collect()
}

fn first_sentence(key: &Key) -> String {
    let text = paragraphs(key.doc).into_iter().next().unwrap_or_default();
    text.split_inclusive(". ").next().unwrap_or_default().trim().to_owned()
}

/// The paragraphs as comments, broken into lines at spaces that are not between backticks.
fn commented(paragraphs: &[String]) -> String {
    paragraphs.iter().map(|text| filled(text)).collect::<Vec<_>>().join("#\n")
}

fn filled(text: &str) -> String {
    let (mut lines, mut line) = (String::new(), String::from("#"));
    for word in words(text) {
        if line != "#" && WIDTH < line.chars().count() + 1 + word.chars().count() {
            lines += &format!("{line}\n");
            line = "#".to_owned();
        }
        line += &format!(" {word}");
    }
    (lines + &line + "\n").replace('\u{a0}', " ")
}

/// The words of a text; what stands between backticks is one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match words.last_mut() {
            Some(open) if open.matches('`').count() % 2 == 1 => *open += &format!(" {word}"),
            _ => words.push(word.to_owned()),
        }
    }
    words
}
