//! Names that browsers, systems and cloud drives make of a file's name.

use crate::base::text;
use crate::note::names as proper;

/// The last part of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What may have been the name of a file that has this path now, in lower case: first as it is, then without what was added.
fn earlier(path: &str) -> Vec<String> {
    // Two additions at most, such as ` (1)` and `.txt`, in either order; and no proper name is so long.
    const ADDED_MAX: usize = 2;
    const BYTES_MAX: usize = 150;
    let mut all = vec![last(path).to_ascii_lowercase()];
    for _ in 0..ADDED_MAX {
        let short = all.iter().filter(|name| name.len() <= BYTES_MAX);
        for name in short.flat_map(|name| without_addition(name)).collect::<Vec<_>>() {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    all
}

/// The name without one thing that was added to it.
fn without_addition(name: &str) -> Vec<String> {
    let without_txt = name.strip_suffix(".txt").map(str::to_owned);
    let whole = without_copy(name).map(str::to_owned);
    let dots = name.rmatch_indices('.').map(|(at, _)| at).take(2);
    let before_end = dots.filter_map(|at| Some(format!("{}{}", without_copy(&name[..at])?, &name[at..])));
    let copy_of = name.strip_prefix("copy of ").map(str::to_owned);
    without_txt.into_iter().chain(whole).chain(copy_of).chain(before_end).collect()
}

/// The name without ` (1)`, ` 2`, `-1`, ` copy`, ` - Copy`, ` - Copy (2)` at its end.
fn without_copy(name: &str) -> Option<&str> {
    let digits = |name: &str| name.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    let bracketed = name.strip_suffix(')').and_then(|inner| {
        let rest = &inner[..digits(inner)];
        rest.strip_suffix('(').filter(|_| rest.len() < inner.len())
    });
    let numbered =
        Some(&name[..digits(name)]).filter(|rest| rest.len() < name.len() && rest.ends_with([' ', '-', '_']));
    let rest = bracketed.or(numbered).unwrap_or(name).trim_end_matches([' ', '-', '_']);
    let rest = rest.strip_suffix("copy").filter(|rest| rest.ends_with([' ', '-', '_'])).unwrap_or(rest);
    let rest = rest.trim_end_matches([' ', '-', '_']);
    (!rest.is_empty() && rest.len() < name.len()).then_some(rest)
}

/// The name in a proof for a file with this path, if `is_proper` knows one.
pub(super) fn proper_of(path: &str, is_proper: impl Fn(&str) -> Option<String>) -> Option<String> {
    earlier(path).iter().find_map(|name| is_proper(name))
}

/// Whether a file with this path is called like a part of some proof, whichever.
pub(super) fn is_part(path: &str) -> bool {
    proper_of(path, known).is_some()
}

/// The proper name that is this one in lower case, whatever the note.
pub(super) fn known(lower: &str) -> Option<String> {
    const FIXED: [&str; 4] = [proper::SUMS, proper::README, proper::VKEY, proper::POST];
    const ENDS: [&str; 6] = ["envelope.txt", "entry.txt", "tlog-proof", "content.txt", "subkey.txt", "unlocked.txt"];
    let fixed = FIXED.iter().chain(&proper::RECEIPT).find(|name| name.eq_ignore_ascii_case(lower));
    let of_a_note = || {
        let (note, end) = lower.strip_prefix("note-")?.split_once('.')?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let attachment = end.strip_prefix("attachment-").and_then(|end| end.split_once('.'));
        let is_attachment = attachment.is_some_and(|(place, end)| is_number(place) && proper::is_plain(end));
        let number = text::number(note)?;
        let is_later = proper::size_of_later_proof(lower, number).is_some();
        let is_of_it = ENDS.contains(&end) || is_attachment || is_later || proper::is_record(lower, number);
        is_of_it.then(|| lower.to_owned())
    };
    let of_a_head = || proper::head_file(lower).map(|_| lower.to_owned());
    fixed.map(|name| (*name).to_owned()).or_else(of_a_note).or_else(of_a_head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_under_what_was_added_to_it() {
        for (path, name) in [
            ("post.txt", proper::POST),
            ("a/b\\POST.TXT", proper::POST),
            ("post (1).txt", proper::POST),
            ("post(2).txt", proper::POST),
            ("post 2.txt", proper::POST),
            ("post-1.txt", proper::POST),
            ("post copy.txt", proper::POST),
            ("post copy 3.txt", proper::POST),
            ("post - Copy.txt", proper::POST),
            ("post - Copy (2).txt", proper::POST),
            ("Copy of post.txt", proper::POST),
            ("post.txt.txt", proper::POST),
            ("SHA256SUMS.txt", proper::SUMS),
            ("SHA256SUMS (1)", proper::SUMS),
            ("SHA256SUMS (1).txt", proper::SUMS),
            ("SHA256SUMS.txt (1)", proper::SUMS),
            ("log.vkey.txt", proper::VKEY),
            ("log (1).vkey", proper::VKEY),
            ("README-2.txt", proper::README),
            ("note-1.tlog-proof.txt", "note-1.tlog-proof"),
            ("note-1 (1).tlog-proof", "note-1.tlog-proof"),
            ("note-1.envelope (1).txt", "note-1.envelope.txt"),
            ("note-17.attachment-2 copy.jpg", "note-17.attachment-2.jpg"),
        ] {
            assert_eq!(proper_of(path, known).as_deref(), Some(name), "{path}");
        }
        for path in ["", "post", "posts.txt", "note-.envelope.txt", "my note-1.envelope.txt", "envelope.txt", "(1).txt"]
        {
            assert_eq!(proper_of(path, known), None, "{path}");
        }
    }
}
