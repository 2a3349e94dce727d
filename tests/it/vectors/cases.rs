//! The vectors of all formats but the proof: each invalid one differs from a valid one by one fault.

use verbale::log::tile::bundle;
use verbale::post::PostText;
use verbale::proof::Sums;

use super::Case;
use crate::fixture;

/// Vectors of one format.
struct Set {
    format: &'static str,
    headers: Vec<(&'static str, String)>,
    cases: Vec<Case>,
}

impl Set {
    fn new(format: &'static str) -> Set {
        Set { format, headers: Vec::new(), cases: Vec::new() }
    }

    fn add(&mut self, expect: &str, name: &str, comment: &str, bytes: &[u8]) {
        let case = Case {
            format: self.format,
            name: name.to_owned(),
            expect: expect.to_owned(),
            comment: comment.to_owned(),
            headers: self.headers.clone(),
            bytes: bytes.to_vec(),
        };
        self.cases.push(case);
    }

    fn valid(&mut self, name: &str, comment: &str, text: &str) {
        self.add("valid", name, comment, text.as_bytes());
    }

    fn invalid(&mut self, name: &str, comment: &str, text: &str) {
        self.add("invalid", name, comment, text.as_bytes());
    }

    /// `base` with the first `from` replaced.
    fn fault(&mut self, base: &str, name: &str, comment: &str, from: &str, to: &str) {
        assert!(base.contains(from), "{name}: {from}");
        self.invalid(name, comment, &base.replacen(from, to, 1));
    }

    /// The faults that no text of ours may have.
    fn text_faults(&mut self, base: &str) {
        self.invalid("empty", "Nothing at all.", "");
        self.invalid("no-last-lf", "The last LF is missing.", base.strip_suffix('\n').unwrap());
        self.fault(base, "crlf", "The first line ends in CR LF.", "\n", "\r\n");
        self.fault(base, "space-at-end", "A space stands at the end of the first line.", "\n", " \n");
        self.invalid("bom", "A byte order mark stands before the first line.", &format!("\u{feff}{base}"));
        self.invalid("line-after", "A line stands after the last one.", &format!("{base}more\n"));
        self.invalid("empty-line-first", "An empty line stands before the first one.", &format!("\n{base}"));
        let not_utf8 = base.as_bytes().iter().enumerate().map(|(at, &byte)| if at == 3 { 0xff } else { byte });
        self.add("invalid", "not-utf8", "The fourth byte is 255, which no UTF-8 has.", &not_utf8.collect::<Vec<_>>());
    }
}

pub fn all() -> Vec<Case> {
    let sets = [envelope(), content(), entry(), signed_note(), checkpoint(), tlog_proof(), tile_path(), bundles()];
    let more = [post(), post_file(), sums(), vkey(), key_file()];
    sets.into_iter().chain(more).flat_map(|set| set.cases).collect()
}

fn envelope() -> Set {
    let mut set = Set::new("envelope");
    let base = fixture::envelope().to_text();
    set.valid("second", "The second note of a conversation between two.", &base);
    let mut first = fixture::envelope();
    first.correspondence = verbale::opening::Correspondence::FIRST;
    set.valid("first", "The first note of a conversation: the count is 1 and the hash is zero.", &first.to_text());
    let mut group = fixture::envelope();
    group.to = (1..=64).map(|id| fixture::account(&format!("{id} member_{id}"))).collect();
    group.conversation = verbale::note::ConversationId::parse("1578398451921985538").unwrap();
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

fn content() -> Set {
    let mut set = Set::new("content");
    let base = fixture::content().to_text();
    set.valid(
        "full",
        "An attachment, an unreadable one, a link, and a text of two lines with a space at its end.",
        &base,
    );
    let mut plain = fixture::content();
    (plain.attachments, plain.links, plain.text) = (vec![], vec![], String::new());
    set.valid("empty-text", "No attachment, no link, and a text of no bytes.", &plain.to_text());
    plain.text = "\u{feff}a\r\n\r\nb\n\ntext 3\nabc\n\0".to_owned();
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
        &format!(" {} application/json", fixture::record().len()),
        " 1048577 application/json",
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
    set.fault(
        &base,
        "no-record",
        "No `record` line.",
        &format!("record {}\n", fixture::content().record.to_line()),
        "",
    );
    let mut bytes = base.clone().into_bytes();
    let at = bytes.len() - 3;
    bytes[at] = 0xff;
    set.add("invalid", "text-not-utf8", "The text is not UTF-8.", &bytes);
    set
}

fn entry() -> Set {
    let mut set = Set::new("entry");
    let base = fixture::entries()[4].to_line();
    let hash = "9c01".repeat(16);
    let time = "2018-03-09T17:40:15.223Z";
    set.valid("note", "A note was sealed.", &base);
    set.valid("post", "A run of notes was posted.", &format!("post {time} 17-62 x 972165182509809669\n"));
    set.valid("open", "The envelope was opened in public.", &format!("open {time} 17 envelope {hash}\n"));
    set.valid("dispute", "Somebody disputes a note.", &format!("dispute {time} 17 x 972165182509809669\n"));
    set.valid("lost", "A post is gone.", &format!("lost {time} x 972165182509809669 deleted\n"));
    set.valid(
        "gap",
        "Messages may have been missed; the reason is any text.",
        &format!("gap {time} {time} {time} the platform did not answer\n"),
    );
    set.valid("key", "The next key.", &format!("key {time} {}\n", fixture::other_key().vkey()));
    set.valid("unknown", "A kind that version 1 does not know is read, and shown as unknown.", "weather is fine\n");
    set.text_faults(&base);
    set.fault(&base, "note-zero", "Notes are counted from 1.", " 2 ", " 0 ");
    set.fault(&base, "two-spaces", "Two spaces.", " 2 ", "  2 ");
    set.fault(&base, "tab", "A tab.", " 2 ", "\t2 ");
    set.fault(&base, "hash-upper-case", "A hash in capitals.", "82b703b5", "82B703B5");
    set.fault(&base, "time-in-seconds", "A time without milliseconds.", ".223Z", "Z");
    set.fault(&base, "word-after", "A word after the commitment.", "\n", " more\n");
    set.invalid(
        "post-run-backwards",
        "A run ends before it begins.",
        &format!("post {time} 62-17 x 972165182509809669\n"),
    );
    set.invalid(
        "post-other-platform",
        "A platform that version 1 does not know.",
        &format!("post {time} 17-62 y 972165182509809669\n"),
    );
    set.invalid("open-other-level", "Neither envelope nor content.", &format!("open {time} 17 all {hash}\n"));
    set.invalid("lost-other-way", "Neither deleted, edited nor unreadable.", &format!("lost {time} x 1 hidden\n"));
    set.invalid(
        "gap-backwards",
        "A gap ends before it begins.",
        &format!("gap {time} {time} 2018-03-09T17:40:15.222Z why\n"),
    );
    set.invalid("gap-without-reason", "A gap has no reason.", &format!("gap {time} {time} {time}\n"));
    set.invalid("too-long", "Longer than 1,024 bytes.", &format!("weather {}\n", "x".repeat(1024)));
    set
}

fn signed_note() -> Set {
    let mut set = Set::new("signed-note");
    // The example of the specification.
    let text = "This is an example message.\n";
    set.headers.push(("vkey", fixture::key().vkey().to_string()));
    let base = fixture::key().sign(text);
    let other = fixture::other_key().signature(text);
    set.valid("one-signature", "One signature, by the key in the header.", &base);
    set.valid("unknown-signature-too", "A second signature by an unknown key is ignored.", &format!("{base}{other}"));
    set.valid(
        "empty-lines-in-text",
        "The text holds empty lines; the last one parts it from the signatures.",
        &fixture::key().sign("a\n\n\nb\n"),
    );
    set.invalid("empty", "Nothing at all.", "");
    set.fault(&base, "text-changed", "A letter of the text was changed.", "example", "exemple");
    set.fault(&base, "crlf", "The text ends in CR LF.", ".\n", ".\r\n");
    set.fault(&base, "no-empty-line", "No empty line before the signature.", "\n\n", "\n");
    set.fault(&base, "hyphen", "A hyphen in place of the dash.", "\u{2014}", "-");
    set.fault(&base, "base64-not-padded", "The base64 of the signature is cut by its last character.", "=\n", "\n");
    set.invalid("no-last-lf", "The last LF is missing.", base.strip_suffix('\n').unwrap());
    set.invalid("no-signature", "No signature line.", &format!("{text}\n"));
    set.invalid("unknown-signature-alone", "Signed by an unknown key alone.", &fixture::other_key().sign(text));
    set.invalid(
        "known-signature-wrong",
        "The line of the known key is over another text.",
        &format!("{text}\n{}", fixture::key().signature("Another.\n")),
    );
    set.invalid(
        "signatures-65",
        "65 signature lines; 64 are read.",
        &format!("{base}{}", other.to_string().repeat(64)),
    );
    set.invalid("line-after", "A line that is no signature after the signatures.", &format!("{base}more\n"));
    set
}

fn checkpoint() -> Set {
    let mut set = Set::new("checkpoint");
    let key = fixture::key();
    set.headers.push(("vkey", key.vkey().to_string()));
    let text = fixture::checkpoint(&fixture::tree(&fixture::entries())).to_text();
    let empty = fixture::checkpoint(&verbale::log::tree::Tree::new()).to_text();
    set.valid("five", "Of five entries.", &key.sign(&text));
    set.valid("empty-log", "Of no entries: the root is the SHA-256 of nothing.", &key.sign(&empty));
    set.valid("extension", "A fourth line is tolerated.", &key.sign(&format!("{text}an extension\n")));
    set.invalid("other-key", "Signed by another key of the same name.", &fixture::other_key().sign(&text));
    let mut fault = |name: &str, comment: &str, from: &str, to: &str| {
        assert!(text.contains(from));
        set.invalid(name, comment, &key.sign(&text.replacen(from, to, 1)));
    };
    fault("other-origin", "Signed by the key, but of a log of another name.", "embassy", "ministry");
    fault("no-origin", "The origin is empty.", "embassy.example/notes", "");
    fault("size-leading-zero", "The size has a leading zero.", "\n5\n", "\n05\n");
    fault("size-negative", "The size is negative.", "\n5\n", "\n-5\n");
    fault("size-zero-with-root", "The size is 0 and the root not that of nothing.", "\n5\n", "\n0\n");
    fault("no-root", "The root is missing.", "\n5\n", "\n5");
    fault("root-not-base64", "The root is not base64.", "=\n", "!\n");
    fault("root-without-padding", "The root lacks its padding.", "=\n", "\n");
    set.invalid("empty-extension", "A fourth line that is empty.", &key.sign(&format!("{text}\n")));
    set.invalid("not-signed", "The text alone.", &text);
    set
}

fn tlog_proof() -> Set {
    let mut set = Set::new("tlog-proof");
    let base = fixture::tlog_proof(&fixture::entries(), 4, &fixture::key()).to_text();
    set.valid("last-of-five", "The last of five entries: a path of one hash.", &base);
    set.valid(
        "first-of-five",
        "The first of five entries: a path of three.",
        &fixture::tlog_proof(&fixture::entries(), 0, &fixture::key()).to_text(),
    );
    set.valid(
        "alone",
        "The only entry: no path.",
        &fixture::tlog_proof(&fixture::entries()[..1], 0, &fixture::key()).to_text(),
    );
    set.text_faults(&base);
    set.fault(&base, "other-version", "Version 2.", "@v1", "@v2");
    set.fault(&base, "index-leading-zero", "The index has a leading zero.", "index 4", "index 04");
    set.fault(
        &base,
        "extra",
        "The optional line `extra`, which nothing protects, is not read.",
        "index",
        "extra AA==\nindex",
    );
    set.fault(&base, "no-empty-line", "No empty line after the path.", "\n\n", "\n");
    set.fault(
        &base,
        "hash-in-hex",
        "A hash of the path in hexadecimal.",
        "index 4\n",
        &format!("index 4\n{}\n", "9c".repeat(32)),
    );
    let long = format!("index 4\n{}", format!("{}\n", verbale::hash::Hash::ZERO.to_base64()).repeat(63));
    set.fault(&base, "path-64", "A path of 64 hashes.", "index 4\n", &long);
    set.fault(&base, "no-checkpoint", "No checkpoint.", &base[base.find("\n\n").unwrap() + 2..], "");
    set
}

fn tile_path() -> Set {
    let mut set = Set::new("tile-path");
    set.valid("first", "The first full tile of leaves.", "tile/0/000");
    set.valid("deep", "Tile 1,234,067 of level 2.", "tile/2/x001/x234/067");
    set.valid("partial", "A tile of 5 hashes.", "tile/0/x001/234.p/5");
    set.valid("entries", "A full bundle of entries.", "tile/entries/000");
    set.valid("largest", "The largest index.", "tile/63/x018/x446/x744/x073/x709/x551/615");
    for (name, comment, path) in [
        ("empty", "Nothing at all.", ""),
        ("no-index", "No index.", "tile/0/"),
        ("level-64", "Levels end at 63.", "tile/64/000"),
        ("level-leading-zero", "The level has a leading zero.", "tile/00/000"),
        ("short-group", "A group of two digits.", "tile/0/00"),
        ("no-x", "A group before the last without x.", "tile/0/001/234"),
        ("x-last", "The last group with x.", "tile/0/x001/x234"),
        ("zero-group", "A first group that is zero.", "tile/0/x000/001"),
        ("width-0", "A tile of no hashes.", "tile/0/000.p/0"),
        ("width-256", "A full tile written as a partial one.", "tile/0/000.p/256"),
        ("width-leading-zero", "The width has a leading zero.", "tile/0/000.p/05"),
        ("index-too-large", "The index is 2^64.", "tile/0/x018/x446/x744/x073/x709/x551/616"),
        ("climbs", "A path that climbs.", "tile/0/../000"),
        ("slash-first", "A slash before the path.", "/tile/0/000"),
        ("lf", "LF after the path.", "tile/0/000\n"),
        ("other-kind", "Neither a level nor entries.", "tile/data/000"),
    ] {
        set.invalid(name, comment, path);
    }
    set
}

fn bundles() -> Set {
    let mut set = Set::new("bundle");
    let entries: Vec<String> = fixture::entries()[..3].iter().map(|entry| entry.to_line()).collect();
    let base = bundle(entries.iter().map(String::as_bytes)).unwrap();
    set.headers.push(("width", "3".to_owned()));
    set.add("valid", "three", "Three entries, each after its length in two bytes.", &base);
    set.add("invalid", "empty", "Nothing at all.", b"");
    set.add("invalid", "cut", "The last byte is missing.", &base[..base.len() - 1]);
    set.add("invalid", "two", "Two entries in place of three.", &base[..base.len() * 2 / 3]);
    set.add("invalid", "four", "Four entries in place of three.", &[&base[..], &base[..base.len() / 3]].concat());
    set.add("invalid", "empty-entry", "The last entry is empty.", &[&base[..base.len() * 2 / 3], &[0, 0]].concat());
    set.add("invalid", "length-lies", "The first length reaches beyond the end.", &[&[4, 0], &base[2..]].concat());
    let long = [&base[..base.len() * 2 / 3], &[4, 1], &[b'x'; 1025]].concat();
    set.add("invalid", "entry-too-long", "An entry of 1,025 bytes.", &long);
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
    set.invalid("empty", "Nothing at all.", "");
    set.invalid("lf-at-end", "LF at the end.", &format!("{base}\n"));
    set.invalid("words-after", "Words after the post.", &format!("{base}\nmore"));
    set.invalid("too-long", "Longer than 280 bytes.", &"x".repeat(281));
    set.fault(&base, "crlf", "CR LF.", "\n", "\r\n");
    set.fault(&base, "lower-case", "A small letter at the beginning.", "Sealed", "sealed");
    set.fault(&base, "note-zero", "Note 0.", "note 2", "note 0");
    set.fault(&base, "hash-upper-case", "A hash in capitals.", "82b703b5", "82B703B5");
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

fn vkey() -> Set {
    let mut set = Set::new("vkey");
    let base = format!("{}\n", fixture::key().vkey());
    set.valid("ed25519", "An Ed25519 key with LF after it.", &base);
    set.valid(
        "specification",
        "The key of the specification's example.",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
    );
    set.text_faults(&base);
    set.fault(&base, "other-name", "The id does not fit the name.", "embassy", "ministry");
    set.fault(&base, "other-id", "The id does not fit the key.", "6bef85f7", "6bef85f8");
    set.fault(&base, "id-upper-case", "The id in capitals.", "6bef85f7", "6BEF85F7");
    set.fault(&base, "no-name", "No name.", "embassy.example/notes", "");
    set.fault(&base, "not-base64", "The key is not base64.", "+AYqI", "+!YqI");
    set
}

fn key_file() -> Set {
    let mut set = Set::new("key-file");
    let base = fixture::key().to_file();
    set.valid("ed25519", "The key that grows out of 32 bytes of 1. Never use it.", &base);
    set.text_faults(&base);
    set.fault(&base, "public", "A public key in its place.", "PRIVATE+KEY+", "");
    set.fault(&base, "other-name", "The id does not fit the name.", "embassy", "ministry");
    set.fault(&base, "other-type", "A type that is not Ed25519.", "+AQEB", "+AgEB");
    set.fault(&base, "short", "31 bytes.", "AQEBAQEBAQEB", "AQEBAQEB");
    set.fault(&base, "no-id", "The id is missing.", "+6bef85f7", "");
    set
}
