//! The vectors of mirror posts and slips.

use super::Case;
use super::set::Set;
use crate::support::fixture;

pub fn all() -> Vec<Case> {
    [mirror_post(), slip()].into_iter().flat_map(|set| set.cases).collect()
}

fn mirror_post() -> Set {
    let mut set = Set::new("mirror-post");
    let [first, last] = fixture::mirror().try_into().unwrap();
    set.valid("first", "The first of two posts: a mention and a link would stand in brackets.", &first);
    set.valid("last", "The last of two posts, with the commitment.", &last);
    let hash = fixture::envelope().commitment();
    let brackets = format!(
        "Note 2, part 1 of 1\n\n\u{201c} [.][@][\u{ff20}][$][&][[][U+000D][U+10FFFF] [1] [U+D800] [u+000D] \u{201d}\n\nsha256 {hash}"
    );
    set.valid("brackets", "Each form in brackets, and four that are none; spaces at both ends.", &brackets);
    set.valid("no-text", "A note without text.", &format!("Note 2, part 1 of 1\n\n\u{201c}\u{201d}\n\nsha256 {hash}"));
    set.invalid("empty", "Nothing at all.", "");
    set.invalid("lf-at-end", "LF at the end.", &format!("{last}\n"));
    set.invalid("too-long", "Longer than 16 KiB.", &last.replace("compliments", &"x".repeat(16 * 1024)));
    set.fault(&last, "lower-case", "A small letter at the beginning.", "Note", "note");
    set.fault(&last, "note-zero", "Note 0.", "Note 2", "Note 0");
    set.fault(&last, "leading-zero", "A number has a leading zero.", "part 2", "part 02");
    set.fault(&first, "part-zero", "Part 0.", "part 1", "part 0");
    set.fault(&last, "part-beyond", "Part 3 of 2.", "part 2", "part 3");
    set.fault(&first, "parts-1000", "1000 posts.", "of 2", "of 1000");
    set.fault(&last, "no-hash", "The last post has no commitment.", &format!("\n\nsha256 {hash}"), "");
    set.invalid(
        "hash-too-early",
        "A post that is not the last has the commitment.",
        &format!("{first}\n\nsha256 {hash}"),
    );
    set.invalid(
        "hash-upper-case",
        "A hash in capitals.",
        &last.replace(&hash.to_string(), &hash.to_string().to_uppercase()),
    );
    set.fault(&first, "not-opened", "The mark before the text is missing.", "\u{201c}", "");
    set.fault(&first, "not-closed", "The mark after the text is missing.", "\u{201d}", "");
    set.fault(&first, "one-lf", "No empty line after the first one.", "\n\n", "\n");
    set.fault(&last, "bare-cr", "CR that does not stand in brackets.", "compliments", "\r");
    set.fault(&last, "bare-bom", "A byte order mark that does not stand in brackets.", "compliments", "\u{feff}");
    set.fault(&last, "bare-lf", "A third LF that does not stand in brackets.", "compliments", "\n\n\n");
    set
}

fn slip() -> Set {
    let mut set = Set::new("slip");
    let base = fixture::slip().to_text().unwrap();
    set.valid("full", "An attachment, an unreadable one and a link. There is no LF at the end of a message.", &base);
    set.invalid("empty", "Nothing at all.", "");
    set.invalid("lf-at-end", "LF at the end.", &format!("{base}\n"));
    set.invalid("line-after", "A line stands after the last one.", &format!("{base}\nmore"));
    set.fault(&base, "crlf", "The first line ends in CR LF.", "\n", "\r\n");
    set.fault(&base, "space-at-end", "A space stands at the end of the first line.", "\n", " \n");
    set.fault(&base, "other-version", "Version 2.", "slip v1", "slip v2");
    set.fault(&base, "envelope-other-version", "An envelope of version 2.", "envelope v1", "envelope v2");
    set.fault(&base, "content-other-version", "A content of version 2.", "content v1", "content v2");
    set.fault(&base, "bare-link", "A link that does not stand in brackets.", "t[.]co", "t.co");
    set.fault(&base, "needless-brackets", "A dot in brackets that needs none.", "12.123Z", "12[.]123Z");
    set.fault(&base, "no-content", "The lines of the content are missing.", "\nverbale content v1", "");
    set.fault(&base, "note-zero", "Note 0.", "note 2", "note 0");
    set.fault(&base, "text-length-leading-zero", "The length of the text has a leading zero.", "text 88", "text 088");
    let links = "link https://t[.]co/abc https://example[.]org/annex\n";
    set.fault(&base, "too-long", "Longer than 10,000 characters.", links, &links.repeat(200));
    set
}
