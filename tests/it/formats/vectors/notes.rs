//! The vectors of envelope, content, post, `post.txt` and `SHA256SUMS`: each invalid one differs from a valid one by one
//! fault.

use verbale::note::proof::Sums;
use verbale::wording::post::PostText;

use super::Case;
use super::set::Set;
use crate::support::fixture;

pub fn all() -> Vec<Case> {
    [envelope(), content(), post(), post_file(), sums()].into_iter().flat_map(|set| set.cases).collect()
}

#[expect(clippy::too_many_lines, reason = "a table: a case, a fault, a sentence")]
fn envelope() -> Set {
    let mut set = Set::new("envelope");
    let base = fixture::envelope().to_text();
    set.valid("second", "The second note of a conversation between two.", &base);
    let mut first = fixture::envelope();
    first.correspondence = verbale::note::Correspondence::FIRST;
    set.valid("first", "The first note of a conversation: the count is 1 and the hash is zero.", &first.to_text());
    let mut group = fixture::envelope();
    group.to = (1..=64).map(|id| fixture::account(&format!("{id} member_{id}"))).collect();
    group.conversation = verbale::base::ids::ConversationId::parse("1578398451921985538").unwrap();
    let group = group.to_text();
    set.valid("group", "A group of 64, the most that there may be.", &group);
    set.text_faults(&base);
    set.fault(&base, "other-version", "Version 2.", "envelope v1", "envelope v2");
    set.fault(
        &base,
        "origin-plus",
        "The log's origin has a plus sign.",
        "embassy.example/notes",
        "embassy.example+notes",
    );
    set.fault(&base, "origin-space", "The log's origin has a space.", "embassy.example/notes", "embassy example");
    set.fault(
        &base,
        "origin-not-ascii",
        "The log's origin has a letter beyond ASCII.",
        "embassy.example",
        "embassé.example",
    );
    set.fault(&base, "note-zero", "Notes are counted from 1.", "note 2", "note 0");
    set.fault(&base, "note-leading-zero", "A number has a leading zero.", "note 2", "note 02");
    set.fault(&base, "note-sign", "A number has a sign.", "note 2", "note +2");
    set.fault(&base, "note-too-large", "A number is 2^64.", "note 2", "note 18446744073709551616");
    set.fault(&base, "account-name-at", "An account's name is written with @.", "embassy\nto", "@embassy\nto");
    set.fault(&base, "account-two-spaces", "Two spaces between id and name.", "783214 ministry", "783214  ministry");
    set.fault(&base, "no-recipient", "No `to` line.", "to 783214 ministry\n", "");
    let twice = "to 783214 ministry\nto 783214 ministry\n";
    set.fault(&base, "recipient-twice", "The same recipient twice.", "to 783214 ministry\n", twice);
    set.fault(
        &group,
        "recipients-out-of-order",
        "The recipients 1 and 2 are exchanged.",
        "to 1 member_1\nto 2 member_2",
        "to 2 member_2\nto 1 member_1",
    );
    set.fault(&group, "recipients-65", "65 recipients.", "to 64 member_64\n", "to 64 member_64\nto 65 member_65\n");
    set.fault(
        &base,
        "conversation-of-three",
        "A conversation's id has three parts.",
        "783214-2244994945",
        "1-783214-2244994945",
    );
    set.fault(&base, "time-without-milliseconds", "A time without milliseconds.", "12.123Z", "12Z");
    set.fault(&base, "time-with-offset", "A time with an offset in place of Z.", "12.123Z", "12.123+00:00");
    set.fault(&base, "time-of-no-day", "The 30th of February.", "2018-03-09T17:40:12", "2018-02-30T17:40:12");
    set.fault(&base, "time-year-9999", "A year after 9998.", "sent 2018", "sent 9999");
    set.fault(
        &base,
        "first-with-previous",
        "The count is 1, and the hash of the note before is not zero.",
        "correspondence 2",
        "correspondence 1",
    );
    set.fault(
        &first.to_text(),
        "second-without-previous",
        "The count is 2, and the hash of the note before is zero.",
        "correspondence 1",
        "correspondence 2",
    );
    set.fault(&first.to_text(), "count-zero", "The count is 0.", "correspondence 1", "correspondence 0");
    set.fault(&base, "hash-upper-case", "A hash has an upper-case digit.", "\nsalt 0606", "\nsalt 06A6");
    set.fault(&base, "hash-too-short", "A hash has 62 digits.", "\nsalt 06", "\nsalt ");
    set.fault(&base, "order-of-lines", "The lines `sent` and `seen` are exchanged.", "sent", "seen");
    set.fault(&base, "key-upper-case", "A key is written with a capital.", "\nsalt", "\nSalt");
    set.invalid("too-long", "Longer than 16 KiB.", &format!("{base}{}\n", "x".repeat(16 * 1024)));
    set
}

#[expect(clippy::too_many_lines, reason = "a table: a case, a fault, a sentence")]
fn content() -> Set {
    let mut set = Set::new("content");
    let base = fixture::content().to_text();
    set.valid(
        "full",
        "An attachment, an unreadable one, a link, and a text of two lines with a space at its end.",
        &base,
    );
    let mut plain = fixture::content();
    (plain.header.attachments, plain.header.links, plain.text) = (vec![], vec![], Some(String::new()));
    set.valid("empty-text", "No attachment, no link, and a text of no bytes.", &plain.to_text());
    plain.text = Some("\u{feff}a\r\n\r\nb\n\ntext 3\nabc\n\0".to_owned());
    set.valid(
        "any-text",
        "A text may hold anything that is UTF-8: CR, LF, a byte order mark, NUL, what looks like the format.",
        &plain.to_text(),
    );
    set.text_faults(&base);
    set.fault(&base, "other-version", "Version 2.", "content v1", "content v2");
    set.fault(
        &base,
        "record-too-long",
        "The record is said to be longer than 1 MiB.",
        &format!(" {} message application/json", fixture::record().len()),
        " 1048577 message application/json",
    );
    set.fault(&base, "media-type-upper-case", "A media type has a capital.", "image/jpeg", "image/JPEG");
    set.fault(&base, "media-type-parameter", "A media type has a parameter.", "image/jpeg", "image/jpeg;q=1");
    set.fault(&base, "media-type-one-part", "A media type has no subtype.", "image/jpeg", "image");
    let long = format!(" {} image/jpeg", fixture::PICTURE.len());
    set.fault(
        &base,
        "attachment-too-long",
        "An attachment is said to be longer than 64 MiB.",
        &long,
        " 67108865 image/jpeg",
    );
    let big =
        "attachment 0000000000000000000000000000000000000000000000000000000000000000 67108864 image/png\n".repeat(4);
    set.fault(
        &base,
        "attachments-too-long",
        "Four attachments of 64 MiB are more than 200 MiB together.",
        "attachment unreadable 3_2\n",
        &big,
    );
    let many = "attachment unreadable 3_2\n".repeat(16);
    set.fault(&base, "attachments-17", "17 attachments.", "attachment unreadable 3_2\n", &many);
    set.fault(&base, "no-media-key", "An unreadable attachment without a key.", "unreadable 3_2", "unreadable");
    set.fault(&base, "media-key-space", "A media key with a space.", "unreadable 3_2", "unreadable 3 2");
    set.fault(&base, "link-one-end", "A link without where it leads.", " https://example.org/annex", "");
    set.fault(&base, "link-not-ascii", "A link beyond ASCII.", "example.org", "exämple.org");
    let links = "link https://t.co/abc https://example.org/annex\n";
    set.fault(&base, "links-257", "257 links.", links, &links.repeat(257));
    set.fault(
        &base,
        "link-before-attachment",
        "A link stands before an attachment.",
        "attachment unreadable 3_2\n",
        &format!("{links}attachment unreadable 3_2\n"),
    );
    set.fault(&base, "text-longer-than-said", "The text has one byte more than its length says.", "text 88", "text 87");
    set.fault(
        &base,
        "text-shorter-than-said",
        "The text has one byte less than its length says.",
        "text 88",
        "text 89",
    );
    set.fault(&base, "text-length-leading-zero", "The length of the text has a leading zero.", "text 88", "text 088");
    set.fault(&base, "text-length-lies", "The length of the text is 2^64-1.", "text 88", "text 18446744073709551615");
    set.fault(&base, "no-record", "No `record` line.", base.lines().nth(2).unwrap(), "record");
    let mut bytes = base.clone().into_bytes();
    let at = bytes.len() - 3;
    bytes[at] = 0xff;
    set.add("invalid", "text-not-utf8", "The text is not UTF-8.", &bytes);
    set
}

fn post() -> Set {
    let mut set = Set::new("post");
    let base = fixture::single_post().to_text();
    let (size, root) = fixture::single_post().head();
    let run = PostText::Run { first: 1, last: 2, size, root }.to_text();
    let day = |count| PostText::Heartbeat { count, date: "2018-03-09".to_owned(), size, root }.to_text();
    set.valid("note", "One note. There is no LF at the end of a post.", &base);
    set.valid("run", "A run of notes.", &run);
    set.valid("heartbeat-none", "No note on that day.", &day(0));
    set.valid("heartbeat-one", "One note on that day.", &day(1));
    set.valid("heartbeat-three", "Three notes on that day.", &day(3));
    let commitment = fixture::envelope().commitment();
    let receipt = PostText::Receipt { note: 17, commitment, size: 2, root }.to_text();
    set.valid(
        "receipt",
        "A receipt; the note's number is that of another log, and may be larger than this one.",
        &receipt,
    );
    set.fault(&receipt, "receipt-note-zero", "Note 0.", "note 17", "note 0");
    set.fault(&receipt, "receipt-of-many", "A receipt is of one note.", "note 17", "notes 17-18");
    set.fault(&receipt, "receipt-empty-log", "A log without entries holds no receipt.", "log 2", "log 0");
    set.invalid("empty", "Nothing at all.", "");
    set.invalid("lf-at-end", "LF at the end.", &format!("{base}\n"));
    set.invalid("words-after", "Words after the post.", &format!("{base}\nmore"));
    set.invalid("too-long", "Longer than 280 bytes.", &"x".repeat(281));
    set.fault(&base, "crlf", "CR LF.", "\n", "\r\n");
    set.fault(&base, "lower-case", "A small letter at the beginning.", "Sealed", "sealed");
    set.fault(&base, "note-zero", "Note 0.", "note 2", "note 0");
    set.fault(
        &base,
        "hash-upper-case",
        "A hash in capitals.",
        &fixture::envelope().commitment().to_string(),
        &fixture::envelope().commitment().to_string().to_uppercase(),
    );
    set.fault(&base, "size-too-small", "A log of 1 entry cannot hold note 2.", "log 5", "log 1");
    set.fault(&base, "root-in-hex", "The root is not base64.", "=", "");
    set.fault(
        &base,
        "no-hash",
        "The line of the hash is missing.",
        &format!("sha256 {}\n", fixture::envelope().commitment()),
        "",
    );
    set.fault(&run, "run-of-one", "A run from 2 to 2.", "1-2", "2-2");
    set.fault(&run, "run-backwards", "A run from 2 to 1.", "1-2", "2-1");
    set.fault(&day(0), "heartbeat-zero-in-digits", "No note, written as a digit.", "No note", "0 notes");
    set.fault(&day(1), "heartbeat-plural", "One note, written as many.", "1 note ", "1 notes ");
    set.fault(&day(3), "heartbeat-singular", "Three notes, written as one.", "3 notes", "3 note");
    set.fault(&day(0), "heartbeat-no-day", "A day that does not exist.", "03-09", "02-30");
    set
}

fn post_file() -> Set {
    let mut set = Set::new("post-file");
    let base = fixture::published(fixture::single_post().to_text()).to_text();
    set.valid("note", "A post about one note.", &base);
    set.valid(
        "other-words",
        "The words may be any; whether they fit is for the one who verifies.",
        &fixture::published("ü\r\n".to_owned()).to_text(),
    );
    set.text_faults(&base);
    let id = fixture::published(String::new()).post.to_string();
    set.fault(&base, "other-version", "Version 2.", "post v1", "post v2");
    set.fault(&base, "other-platform", "A platform that version 1 does not know.", "platform x", "platform y");
    set.fault(&base, "account-without-name", "An account without a name.", "2244994945 embassy", "2244994945");
    set.fault(
        &base,
        "address-of-another-post",
        "The address does not end in the post's id.",
        &format!("status/{id}"),
        "status/1",
    );
    set.fault(
        &base,
        "address-longer-id",
        "The address ends in a longer number.",
        &format!("status/{id}"),
        &format!("status/1{id}"),
    );
    set.fault(&base, "address-of-no-web", "The address is not of the web.", "https://", "file:///");
    set.fault(&base, "address-space", "The address has a space.", "x.com/", "x.com/ ");
    let length = format!("text {}", fixture::single_post().to_text().len());
    set.fault(&base, "text-longer-than-said", "The text has more bytes than its length says.", &length, "text 9");
    set.fault(&base, "text-shorter-than-said", "The text has less bytes than its length says.", &length, "text 999");
    set.invalid("too-long", "Longer than 16 KiB.", &fixture::published("x".repeat(16 * 1024)).to_text());
    set
}

fn sums() -> Set {
    let mut set = Set::new("sums");
    let files: [(&str, &[u8]); 2] = [("log.vkey", b"a"), ("post.txt", b"b")];
    let base = Sums::of(files).to_text();
    let lines: Vec<&str> = base.split_inclusive('\n').collect();
    set.valid("two", "Two files.", &base);
    set.valid("none", "No files.", "");
    let skip = ["empty"];
    set.text_faults(&base);
    set.cases.retain(|case| !skip.contains(&case.name.as_str()));
    set.fault(&base, "one-space", "One space between hash and name.", "  ", " ");
    set.fault(&base, "star", "The mark of a binary file.", "  ", " *");
    set.fault(&base, "hash-upper-case", "A hash in capitals.", &base[..64], &base[..64].to_uppercase());
    set.invalid("out-of-order", "The names are not ascending.", &[lines[1], lines[0]].concat());
    set.invalid("twice", "The same name twice.", &[lines[0], lines[0]].concat());
    set.fault(&base, "climbs", "A name that climbs.", "log.vkey", "../log.vkey");
    set.fault(&base, "absolute", "A name from the root.", "log.vkey", "/log.vkey");
    set.fault(&base, "backslash", "A name with a backslash.", "log.vkey", "a\\log.vkey");
    set.fault(&base, "hidden", "A name that begins with a dot.", "log.vkey", ".log.vkey");
    set.fault(&base, "itself", "The list lists itself.", "log.vkey", "SHA256SUMS");
    set.fault(&base, "readme", "The list lists README.txt.", "log.vkey", "README.txt");
    set
}
