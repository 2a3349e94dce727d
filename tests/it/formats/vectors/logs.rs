//! The vectors of the log's formats and its keys: each invalid one differs from a valid one by one fault.

use data_encoding::BASE64;
use verbale::tlog::tile::bundle;

use super::Case;
use super::set::Set;
use crate::support::fixture;

pub fn all() -> Vec<Case> {
    let sets = [entry(), signed_note(), checkpoint(), tlog_proof(), tile_path(), bundles(), vkey(), key_file()];
    sets.into_iter().flat_map(|set| set.cases).collect()
}

fn entry() -> Set {
    let mut set = Set::new("entry");
    let base = fixture::entries()[4].to_line();
    let hash = "9c01".repeat(16);
    let time = "2018-03-09T17:40:15.223Z";
    set.valid("note", "A note was sealed.", &base);
    set.valid("post", "A run of notes was posted.", &format!("post {time} 17-62 x 972165182509809669\n"));
    set.valid("open", "The envelope was opened in public.", &format!("open {time} 17 envelope {hash}\n"));
    set.valid(
        "open-unlocked",
        "A text was opened that could be read late.",
        &format!("open {time} 17 unlocked {hash}\n"),
    );
    set.valid("dispute", "Somebody disputes a note.", &format!("dispute {time} 17 x 972165182509809669\n"));
    set.valid(
        "receipt",
        "A note of another log was received.",
        &format!("receipt {time} embassy.example/notes 17 {hash}\n"),
    );
    set.valid("lost", "A post is gone.", &format!("lost {time} x 972165182509809669 deleted\n"));
    set.valid("lost-hidden", "A post is shown only to some.", &format!("lost {time} x 972165182509809669 hidden\n"));
    set.valid(
        "gap",
        "Messages may have been missed; the reason is any text.",
        &format!("gap {time} {time} {time} the platform did not answer\n"),
    );
    set.valid("gap-lasts", "A gap that lasts.", &format!("gap {time} {time} {time} since the platform is away\n"));
    set.valid("key", "A key.", &format!("key {time} {}\n", fixture::other_key().vkey()));
    set.valid(
        "key-other-type",
        "A key of an unknown type, with any name.",
        &format!("key {time} J\u{fc}rgen/2+0badc0de+/wA=\n"),
    );
    set.valid("stamp-tsr", "A head was stamped after RFC 3161.", &format!("stamp {time} 1 tsr freetsa {hash}\n"));
    set.valid(
        "stamp-ots",
        "A head was stamped with OpenTimestamps, by the longest name.",
        &format!("stamp {time} 18446744073709551615 ots a.pool-0.{} {hash}\n", "z".repeat(55)),
    );
    set.valid("unlock", "The text of a note became readable.", &format!("unlock {time} 17 {hash}\n"));
    set.valid("unknown", "A kind that version 1 does not know is read, and shown as unknown.", "weather is fine\n");
    faults_of_entries(&mut set, &base, time, &hash);
    unusable_keys(&mut set, time);
    unusable_stamps(&mut set, time, &hash);
    set
}

fn faults_of_entries(set: &mut Set, base: &str, time: &str, hash: &str) {
    set.text_faults(base);
    set.fault(base, "note-zero", "Notes are counted from 1.", " 2 ", " 0 ");
    set.fault(base, "two-spaces", "Two spaces.", " 2 ", "  2 ");
    set.fault(base, "tab", "A tab.", " 2 ", "\t2 ");
    let commitment = fixture::envelope().commitment().to_string();
    set.fault(base, "hash-upper-case", "A hash in capitals.", &commitment, &commitment.to_uppercase());
    set.fault(base, "time-in-seconds", "A time without milliseconds.", ".223Z", "Z");
    set.fault(base, "word-after", "A word after the commitment.", "\n", " more\n");
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
    set.invalid("open-other-level", "Neither envelope, content nor unlocked.", &format!("open {time} 17 all {hash}\n"));
    set.invalid("receipt-without-log", "A receipt names no log.", &format!("receipt {time} 17 {hash}\n"));
    set.invalid(
        "receipt-no-origin",
        "The log's name has a plus.",
        &format!("receipt {time} embassy+example 17 {hash}\n"),
    );
    set.invalid("receipt-note-zero", "Note 0.", &format!("receipt {time} embassy.example/notes 0 {hash}\n"));
    set.invalid("lost-other-way", "None of the ways in which a post is lost.", &format!("lost {time} x 1 gone\n"));
    set.invalid(
        "gap-backwards",
        "A gap ends before it begins.",
        &format!("gap {time} {time} 2018-03-09T17:40:15.222Z why\n"),
    );
    set.invalid("gap-without-reason", "A gap has no reason.", &format!("gap {time} {time} {time}\n"));
    set.invalid("too-long", "Longer than 1,024 bytes.", &format!("weather {}\n", "x".repeat(1024)));
}

fn unusable_keys(set: &mut Set, time: &str) {
    let key = |key: &str| format!("key {time} {key}\n");
    set.invalid("key-word", "A word that is no key.", &key("word"));
    set.invalid("key-without-name", "The name is empty.", &key("+0badc0de+AQ=="));
    set.invalid("key-name-with-space", "A no-break space in the name.", &key("no\u{a0}name+0badc0de+AQ=="));
    set.invalid("key-id-upper-case", "The id in capitals.", &key("name+0BADC0DE+AQ=="));
    set.invalid("key-id-short", "An id of seven digits.", &key("name+0badc0d+AQ=="));
    set.invalid("key-without-padding", "The base64 lacks its padding.", &key("name+0badc0de+AQ"));
    set.invalid("key-of-nothing", "The base64 is empty.", &key("name+0badc0de+"));
    set.invalid("key-two-words", "Two words.", &key("name+0badc0de+AQ== more"));
}

fn unusable_stamps(set: &mut Set, time: &str, hash: &str) {
    let stamp = |what: &str| format!("stamp {time} {what} {hash}\n");
    set.invalid("stamp-of-nothing", "A head of no entries.", &stamp("0 tsr freetsa"));
    set.invalid("stamp-other-kind", "Neither tsr nor ots.", &stamp("5 tst freetsa"));
    set.invalid("stamp-by-upper-case", "A capital in the authority's name.", &stamp("5 tsr FreeTSA"));
    set.invalid("stamp-by-underscore", "An underscore in the authority's name.", &stamp("5 tsr free_tsa"));
    set.invalid("stamp-by-nobody", "No authority.", &stamp("5 tsr"));
    set.invalid(
        "stamp-by-too-long",
        "The authority's name is longer than 64.",
        &stamp(&format!("5 ots {}", "a".repeat(65))),
    );
    set.invalid("stamp-without-hash", "No hash.", &format!("stamp {time} 5 tsr freetsa\n"));
    set.invalid("unlock-note-zero", "Note 0.", &format!("unlock {time} 0 {hash}\n"));
    set.invalid("unlock-with-level", "A level, as in `open`.", &format!("unlock {time} 17 content {hash}\n"));
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
    set.fault(&base, "base64-in-pieces", "The base64 of the signature is in padded pieces.", " a++F", " a+8=hQ==");
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
    let empty = fixture::checkpoint(&verbale::tlog::tree::Tree::new()).to_text();
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
    let whole = text.lines().nth(2).unwrap()[..4].to_owned();
    let bytes = BASE64.decode(whole.as_bytes()).unwrap();
    let pieces = BASE64.encode(&bytes[..2]) + &BASE64.encode(&bytes[2..]);
    fault("root-in-pieces", "The root is in padded pieces of base64.", &whole, &pieces);
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
    let long = format!("index 4\n{}", format!("{}\n", verbale::base::hash::Hash::ZERO.to_base64()).repeat(63));
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
    set.fault(&base, "base64-in-pieces", "The key is in padded pieces of base64.", "+AYqI", "+AYo=iA==");
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
    set.fault(&base, "base64-in-pieces", "The key is in padded pieces of base64.", "+AQEB", "+AQE=AQ==");
    set.fault(&base, "no-id", "The id is missing.", "+6bef85f7", "");
    set
}
