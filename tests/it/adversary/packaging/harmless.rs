//! What loses nothing: the proof was packed anew, unpacked, renamed, or put beside other files.

use super::ways::{Way, archive, below, file, files, folder, handed_out, renamed, rewritten, with, without};
use super::zips::{Listed, PLAIN, Style, UNIX, pack, pack_raw};

/// Extra fields: times and owners of Unix; times of Windows; a mark of Java; an alignment of Android.
const TIMES: &[u8] = b"UT\x09\0\x03\0\x6e\x21\x5a\0\x6e\x21\x5aux\x0b\0\x01\x04\xe8\x03\0\0\x04\xe8\x03\0\0";
const TIMES_LISTED: &[u8] = b"UT\x05\0\x03\0\x6e\x21\x5aux\x0b\0\x01\x04\xe8\x03\0\0\x04\xe8\x03\0\0";
const NTFS: &[u8] = b"\x0a\0\x20\0\0\0\0\0\x01\0\x18\0\0\x40\x21\x5a\x12\xb8\xd3\x01\0\x40\x21\x5a\x12\xb8\xd3\x01\0\x40\x21\x5a\x12\xb8\xd3\x01";
const JAVA: &[u8] = b"\xfe\xca\0\0";
const ALIGNED: &[u8] = b"\x35\xd9\x05\0\x04\0\0\0\0\0\0\0";

const STREAMED: Style = Style { descriptor: Some((4, true)), ..PLAIN };
const FINDER: Style = Style {
    descriptor: Some((4, true)),
    system: 3,
    attributes: [0x81a4_0000, 0x41ed_4000],
    extra: [b"UX\x08\0\0\x6e\x21\x5a\0\x6e\x21\x5a", b""],
    ..PLAIN
};

pub fn all() -> Vec<Way> {
    [as_it_is(), by_programs(), by_clouds(), in_detail(), letters(), around(), unpacked(), names()]
        .into_iter()
        .flatten()
        .collect()
}

fn as_it_is() -> Vec<Way> {
    vec![
        archive("nothing", handed_out()),
        file("saved under another name", "proof.zip", &handed_out()),
        file("saved without its ending", "attachment", &handed_out()),
        file("saved as text, unchanged", "note-2.proof.zip.txt", &handed_out()),
    ]
}

/// With a header for the folder itself in front.
fn in_folder(name: &str) -> Listed {
    [vec![(name.to_owned(), Vec::new())], below(name)].concat()
}

fn by_programs() -> Vec<Way> {
    let finder = with(
        in_folder("note-2.proof/"),
        &[
            ("note-2.proof/.DS_Store", b"\0\0\0\x01Bud1"),
            ("__MACOSX/", b""),
            ("__MACOSX/note-2.proof/._post.txt", b"\0\x05\x16\x07"),
        ],
    );
    let info_zip = Style { extra: [TIMES, TIMES_LISTED], ..UNIX };
    let jar = [
        vec![
            ("META-INF/".to_owned(), vec![]),
            ("META-INF/MANIFEST.MF".to_owned(), b"Manifest-Version: 1.0\r\n".to_vec()),
        ],
        files(),
    ]
    .concat();
    vec![
        archive("zipped again by Info-ZIP", pack(&files(), &info_zip)),
        archive("zipped again with its folder by Info-ZIP", pack(&in_folder("note-2.proof/"), &info_zip)),
        archive("streamed by Info-ZIP", pack(&files(), &Style { descriptor: Some((4, true)), ..info_zip })),
        archive("Finder: a folder, __MACOSX and .DS_Store", pack(&finder, &FINDER)),
        archive("Finder: several files at once", pack(&files(), &FINDER)),
        archive("Explorer: a folder", pack(&below("note-2.proof/"), &PLAIN)),
        archive("Explorer: several files at once", pack(&files(), &PLAIN)),
        archive("an older .NET, with backslashes", pack(&below("note-2.proof\\"), &PLAIN)),
        archive(
            "7-Zip, with times of Windows",
            pack(&in_folder("note-2.proof/"), &Style { extra: [b"", NTFS], ..PLAIN }),
        ),
        archive("not compressed at all", pack(&files(), &Style { is_deflated: false, ..UNIX })),
        archive("jar, with its manifest", pack(&jar, &Style { extra: [JAVA, JAVA], ..STREAMED })),
        archive("Java, streamed", pack(&files(), &Style { flags: 0x800, ..STREAMED })),
        archive("zip64 by Java", pack(&files(), &Style { is_zip64: true, ..UNIX })),
        archive("Python's zipfile", pack(&files(), &Style { attributes: [0x0180_0000, 0x41fd_0010], ..UNIX })),
        archive("Go, streamed", pack(&files(), &Style { flags: 0x800, ..STREAMED })),
        archive(
            "a program that aligns for Android",
            pack(&files(), &Style { is_deflated: false, extra: [ALIGNED, b""], ..PLAIN }),
        ),
    ]
}

fn by_clouds() -> Vec<Way> {
    let utf_8 = Style { flags: 0x800, ..STREAMED };
    let root = [vec![("/".to_owned(), vec![])], files()].concat();
    vec![
        archive("a download from Google Drive", pack(&below("drive-download-20180310T091500Z-001/"), &utf_8)),
        archive(
            "a download from OneDrive, zip64 in the descriptors",
            pack(&below("OneDrive_1_10.3.2018/"), &Style { descriptor: Some((8, true)), ..utf_8 }),
        ),
        archive("a download from Dropbox, which lists /", pack(&root, &utf_8)),
        archive(
            "a download from Nextcloud, stored and zip64",
            pack(&in_folder("Proofs/"), &Style { is_deflated: false, descriptor: Some((8, true)), ..utf_8 }),
        ),
        archive(
            "a web server, descriptors without signature",
            pack(&files(), &Style { descriptor: Some((4, false)), ..PLAIN }),
        ),
        archive(
            "a web server, zip64 descriptors without signature",
            pack(&files(), &Style { descriptor: Some((8, false)), ..PLAIN }),
        ),
    ]
}

fn in_detail() -> Vec<Way> {
    let mut turned = files();
    turned.reverse();
    vec![
        archive("in another order", pack(&turned, &PLAIN)),
        archive("a comment of the archive", pack(&files(), &Style { comments: ["", "For the newsroom"], ..PLAIN })),
        archive("a comment of each file", pack(&files(), &Style { comments: ["For the newsroom", ""], ..PLAIN })),
        archive("one LF behind it", [handed_out(), b"\n".to_vec()].concat()),
        archive("a mail program's line end behind it", [handed_out(), b"\r\n\r\n".to_vec()].concat()),
        archive("records of zip64", pack(&files(), &Style { is_zip64: true, is_deflated: false, ..PLAIN })),
        archive("read-only and hidden", pack(&files(), &Style { attributes: [0x23, 0x12], ..PLAIN })),
        archive("each name begins with ./", pack(&below("./"), &UNIX)),
        archive("empty folders beside the files", pack(&with(files(), &[("Old/", b""), ("New/", b"")]), &UNIX)),
        archive("three folders deep", pack(&below("Users/anna/Proofs/"), &UNIX)),
    ]
}

/// A folder with a letter beyond ASCII in its name.
fn letters() -> Vec<Way> {
    let in_cp437: Vec<_> =
        files().into_iter().map(|(name, bytes)| ([b"\x9abergabe/", name.as_bytes()].concat(), bytes)).collect();
    vec![
        archive("a folder with an umlaut, in code page 437", pack_raw(&in_cp437, &PLAIN)),
        archive("a folder with an umlaut, in UTF-8", pack(&below("Übergabe/"), &Style { flags: 0x800, ..PLAIN })),
        archive("a folder with an umlaut, in UTF-8 that is not marked", pack(&below("U\u{308}bergabe/"), &FINDER)),
    ]
}

fn around() -> Vec<Way> {
    let inner = handed_out();
    let outer = pack(&vec![("note-2.proof.zip".to_owned(), inner.clone())], &PLAIN);
    let stored = Style { is_deflated: false, ..PLAIN };
    let beside = [("note-2.proof.zip", &inner[..]), ("Letter.docx", b"PK no archive"), ("scan.jpg", b"\xff\xd8")];
    let twice = [("note-2.proof.zip", &inner[..]), ("note-2.proof (1).zip", &inner[..])];
    vec![
        archive("in another archive", outer.clone()),
        archive(
            "in another archive, not compressed",
            pack(&vec![("note-2.proof.zip".to_owned(), inner.clone())], &stored),
        ),
        archive("in another archive with a letter and a picture", pack(&with(vec![], &beside), &PLAIN)),
        archive("in an archive in an archive", pack(&vec![("outer.zip".to_owned(), outer)], &PLAIN)),
        archive("twice in one archive", pack(&with(vec![], &twice), &PLAIN)),
        archive("unpacked and zipped with another archive", pack(&with(files(), &[("other.zip", &inner[..])]), &PLAIN)),
        archive("a letter among the files", pack(&with(files(), &[("Letter.docx", b"Dear Sirs")]), &PLAIN)),
        archive(
            "desktop.ini and Thumbs.db among the files",
            pack(&with(files(), &[("desktop.ini", b"[x]"), ("Thumbs.db", b"\xd0")]), &PLAIN),
        ),
        archive(
            "a stick of macOS: ._ files",
            pack(&with(files(), &[("._post.txt", b"\0\x05"), ("._README.txt", b"\0\x05")]), &PLAIN),
        ),
    ]
}

fn unpacked() -> Vec<Way> {
    let git: [(&str, &[u8]); 3] =
        [(".git/HEAD", b"ref: refs/heads/main\n"), (".gitattributes", b"* -text\n"), (".git/index", b"DIRC")];
    vec![
        folder("unpacked into a folder", files()),
        folder("unpacked, with a folder in the folder", below("note-2.proof/")),
        folder("unpacked beside the archive", with(files(), &[("note-2.proof.zip", &handed_out())])),
        folder(
            "a folder with the archive and .DS_Store",
            with(vec![], &[("note-2.proof.zip", &handed_out()), (".DS_Store", b"\0")]),
        ),
        folder("kept in git", with(files(), &git)),
        folder("without the README", without(|name| name == "README.txt")),
        folder("with another README", rewritten(|name| name == "README.txt", |_| b"Lies mich\n".to_vec())),
        folder(
            "with a list of hashes of other files beside it",
            with(files(), &[("iso/SHA256SUMS", format!("{}  debian.iso\n", "0".repeat(64)).as_bytes())]),
        ),
    ]
}

fn names() -> Vec<Way> {
    let post = || files().into_iter().find(|(name, _)| name == "post.txt").unwrap().1;
    let only = |from: &'static str, to: &'static str| {
        renamed(move |name| if name == from { to.to_owned() } else { name.to_owned() })
    };
    let before_end = |name: &str, added: &str| match name.rsplit_once('.') {
        Some((start, end)) => format!("{start}{added}.{end}"),
        None => format!("{name}{added}"),
    };
    let opaque = |name: &str| match name {
        "note-2.record.json" => "ATT00001.json".to_owned(),
        "note-2.attachment-1.jpg" => "image001.jpg".to_owned(),
        _ => name.to_owned(),
    };
    let lost = |name: &str| match name {
        "SHA256SUMS" | "README.txt" => name.to_owned(),
        _ => format!("{}.bin", verbale::base::hash::Hash::of(name.as_bytes())),
    };
    let with_txt = |name: &str| if name.ends_with(".txt") { name.to_owned() } else { format!("{name}.txt") };
    vec![
        folder("post (1).txt", only("post.txt", "post (1).txt")),
        folder("all names with (1)", renamed(|name| before_end(name, " (1)"))),
        folder("all names with copy", renamed(|name| before_end(name, " copy"))),
        folder("all names with - Copy (2)", renamed(|name| before_end(name, " - Copy (2)"))),
        folder("all names with -1", renamed(|name| before_end(name, "-1"))),
        folder("Copy of, by Google Drive", renamed(|name| format!("Copy of {name}"))),
        folder("SHA256SUMS.txt", only("SHA256SUMS", "SHA256SUMS.txt")),
        folder(".txt at the end of each name", renamed(with_txt)),
        folder("SHA256SUMS (1).txt", only("SHA256SUMS", "SHA256SUMS (1).txt")),
        folder("names in capitals, by an old file system", renamed(str::to_uppercase)),
        folder("names given by a mail program", renamed(opaque)),
        folder("all names lost but the list's", renamed(lost)),
        folder(
            "all names lost, the list's too",
            renamed(|name| if name == "SHA256SUMS" { "hashes".to_owned() } else { name.to_owned() }),
        ),
        folder("a copy of one file beside it", with(files(), &[("post - Copy.txt", &post())])),
    ]
}
