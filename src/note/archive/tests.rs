//! Tests of archives, which are made here byte by byte: what is tolerated, and what is refused.

use super::*;

/// A file in an archive, with everything that another program may write otherwise.
#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    /// The name in the file's own header.
    own_name: Vec<u8>,
    bytes: Vec<u8>,
    packed: Vec<u8>,
    method: u16,
    flags: u16,
    own_flags: u16,
    attributes: u32,
    /// Checksum, packed length and length in the list and in the file's own header.
    sizes: [u32; 3],
    own_sizes: [u32; 3],
    extra: Vec<u8>,
    own_extra: Vec<u8>,
    comment: Vec<u8>,
    /// What stands behind its data.
    behind: Vec<u8>,
    disk: u16,
}

fn entry(name: &str, bytes: &[u8]) -> Entry {
    let sizes = [extra::checksum(bytes), bytes.len() as u32, bytes.len() as u32];
    Entry {
        name: name.into(),
        own_name: name.into(),
        bytes: bytes.to_vec(),
        packed: bytes.to_vec(),
        method: 0,
        flags: 0,
        own_flags: 0,
        attributes: 0,
        sizes,
        own_sizes: sizes,
        extra: vec![],
        own_extra: vec![],
        comment: vec![],
        behind: vec![],
        disk: 0,
    }
}

impl Entry {
    fn with(mut self, change: impl FnOnce(&mut Entry)) -> Entry {
        change(&mut self);
        self
    }

    fn deflated(self) -> Entry {
        use std::io::Read;
        self.with(|it| {
            it.packed.clear();
            let compression = flate2::Compression::default();
            flate2::read::DeflateEncoder::new(&it.bytes[..], compression).read_to_end(&mut it.packed).unwrap();
            it.method = 8;
            it.sizes[1] = it.packed.len() as u32;
            it.own_sizes = it.sizes;
        })
    }

    /// Sizes stand behind the data; each in so many bytes, with or without a signature.
    fn streamed(self, size_bytes: usize, signature: &[u8]) -> Entry {
        self.with(|it| {
            (it.flags, it.own_flags, it.own_sizes) = (8, 8, [0; 3]);
            let size = |size: u32| u64::from(size).to_le_bytes()[..size_bytes].to_vec();
            let [crc, packed, len] = it.sizes;
            it.behind = [signature.to_vec(), crc.to_le_bytes().to_vec(), size(packed), size(len)].concat();
        })
    }

    /// Sizes stand in an extra field.
    fn zip64(self) -> Entry {
        self.with(|it| {
            let [_, packed, len] = it.sizes.map(u64::from);
            it.extra = field(1, &[len.to_le_bytes(), packed.to_le_bytes()].concat());
            it.own_extra = it.extra.clone();
            (it.sizes[1], it.sizes[2]) = (u32::MAX, u32::MAX);
            it.own_sizes = it.sizes;
        })
    }
}

fn field(id: u16, data: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

fn shorts(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn longs(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The files with their headers, and the list of them.
fn parts(entries: &[Entry]) -> (Vec<u8>, Vec<u8>) {
    let (mut files, mut list) = (Vec::new(), Vec::new());
    for it in entries {
        let start = files.len() as u32;
        files.extend([MAGIC, &shorts(&[20, it.own_flags, it.method, 0, 33])].concat());
        files.extend(longs(&it.own_sizes));
        files.extend(shorts(&[it.own_name.len() as u16, it.own_extra.len() as u16]));
        files.extend([&it.own_name[..], &it.own_extra, &it.packed, &it.behind].concat());
        list.extend([b"PK\x01\x02", &shorts(&[20, 20, it.flags, it.method, 0, 33])[..]].concat());
        list.extend(longs(&it.sizes));
        list.extend(shorts(&[it.name.len() as u16, it.extra.len() as u16, it.comment.len() as u16, it.disk, 0]));
        list.extend(longs(&[it.attributes, start]));
        list.extend([&it.name[..], &it.extra, &it.comment].concat());
    }
    (files, list)
}

fn end(files: u16, list: &[u8], start: usize, comment: &[u8]) -> Vec<u8> {
    let numbers = [shorts(&[0, 0, files, files]), longs(&[list.len() as u32, start as u32])].concat();
    [b"PK\x05\x06", &numbers[..], &shorts(&[comment.len() as u16]), comment].concat()
}

fn archive_with(entries: &[Entry], comment: &[u8], behind: &[u8]) -> Vec<u8> {
    let (files, list) = parts(entries);
    [&files[..], &list, &end(entries.len() as u16, &list, files.len(), comment), behind].concat()
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    archive_with(entries, b"", b"")
}

/// With the records of zip64, which say what this changes; and the end says that they do.
fn archive64(entries: &[Entry], change: impl FnOnce(&mut [u64; 4])) -> Vec<u8> {
    let (files, list) = parts(entries);
    let at = (files.len() + list.len()) as u64;
    let mut numbers = [entries.len() as u64, entries.len() as u64, list.len() as u64, files.len() as u64];
    change(&mut numbers);
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let record = [b"PK\x06\x06", &44_u64.to_le_bytes()[..], &shorts(&[45, 45]), &longs(&[0, 0]), &numbers].concat();
    let locator = [b"PK\x06\x07", &longs(&[0])[..], &at.to_le_bytes(), &longs(&[1])].concat();
    let end = [b"PK\x05\x06", &shorts(&[0, 0, u16::MAX, u16::MAX])[..], &[0xff; 8], &[0, 0]].concat();
    [files, list, record, locator, end].concat()
}

fn two() -> [Entry; 2] {
    [entry("post.txt", b"the post\n"), entry("log.vkey", b"a key of the log\n")]
}

fn first(change: impl FnOnce(Entry) -> Entry) -> Vec<u8> {
    let [post, vkey] = two();
    archive(&[change(post), vkey])
}

fn paths(zip: &[u8]) -> Vec<String> {
    let files = unpack(zip).unwrap_or_else(|error| panic!("{error}"));
    for (file, wanted) in files.iter().zip(two()) {
        assert!(file.bytes == wanted.bytes, "{}", file.path);
    }
    files.into_iter().map(|file| file.path).collect()
}

#[test]
fn an_archive_that_is_read_alike_by_all_is_unpacked() {
    let folder = || entry("note-1/", b"").with(|it| it.attributes = 0x41ed_0010);
    let stored = || two()[0].clone();
    let times = field(0x5455, &[3, 0, 0, 0, 0, 0, 0, 0, 0]);
    let [post, vkey] = two();
    for (what, zip) in [
        ("as it is", archive(&two())),
        ("deflated", first(Entry::deflated)),
        ("a folder of its own", archive(&[folder(), post.clone(), vkey.clone()])),
        ("a folder that is deflated", archive(&[folder().deflated(), post, vkey])),
        ("times and ids", first(|it| it.with(|it| it.own_extra = times))),
        ("of Java", first(|it| it.with(|it| it.own_extra = field(0xcafe, b"")))),
        ("aligned", first(|it| it.with(|it| it.own_extra = [field(0xd935, &[4, 0, 0, 0]), vec![0; 3]].concat()))),
        ("a comment of a file", first(|it| it.with(|it| it.comment = b"for the newsroom".to_vec()))),
        ("a comment of the archive", archive_with(&two(), b"for the newsroom", b"")),
        ("line ends behind it", archive_with(&two(), b"", b"\r\n\r\n")),
        ("zip64 in the headers", first(Entry::zip64)),
        ("zip64 at the end", archive64(&two(), |_| ())),
        ("streamed, 12 bytes", first(|it| it.deflated().streamed(4, b""))),
        ("streamed, 16 bytes", first(|it| it.deflated().streamed(4, b"PK\x07\x08"))),
        ("streamed, 20 bytes", first(|it| it.deflated().streamed(8, b""))),
        ("streamed, 24 bytes", first(|it| it.deflated().streamed(8, b"PK\x07\x08"))),
        ("streamed and stored", archive(&[stored().streamed(4, b"PK\x07\x08"), two()[1].clone()])),
        ("attributes of Unix", first(|it| it.with(|it| it.attributes = 0x81a4_0000))),
        ("attributes of DOS", first(|it| it.with(|it| it.attributes = 0x20))),
        ("marked as UTF-8", first(|it| it.with(|it| (it.flags, it.own_flags) = (0x800, 0x800)))),
    ] {
        assert_eq!(paths(&zip), ["post.txt", "log.vkey"], "{what}");
    }
    let renamed = |name: &[u8]| first(|it| it.with(|it| (it.name, it.own_name) = (name.to_vec(), name.to_vec())));
    assert_eq!(paths(&renamed(b"a\\post.txt"))[0], "a/post.txt");
    assert_eq!(paths(&renamed(b"\x9a/post.txt"))[0], "Ü/post.txt");
    assert!(unpack(&archive(&[])).unwrap().is_empty());
}

fn refusal(zip: &[u8]) -> String {
    unpack(zip).map(|_| ()).unwrap_err().to_string()
}

/// Each of these is read in two ways by some pair of programs, or by none at all.
#[test]
fn an_archive_that_could_be_read_in_two_ways_is_refused() {
    let hidden = archive(&[entry("post.txt", b"another post\n")]);
    let with = |change: fn(&mut Entry)| first(|it| it.with(change));
    let flags = |flags: u16| first(|it| it.with(|it| (it.flags, it.own_flags) = (flags, flags)));
    for (what, zip, said) in [
        ("bytes before it", [b"#!/bin/sh\n", &archive(&two())[..]].concat(), "stand before"),
        ("bytes behind it", archive_with(&two(), b"", b"more"), "stands behind"),
        ("too many line ends", archive_with(&two(), b"", &[b'\n'; 17]), "stands behind"),
        ("an archive in the comment", archive_with(&two(), &hidden, b""), "two ends"),
        ("a record in the comment", archive_with(&two(), b"PK\x01\x02", b""), "stands behind"),
        ("bytes behind a file", with(|it| it.behind = b"more".to_vec()), "belong to no file"),
        ("bytes behind a deflate stream", first(|it| behind_stream(it, &hidden)), "behind the end of its data"),
        ("an archive inside a streamed file", archive(&[entry("a", &hidden).streamed(4, b"")]), "second archive"),
        ("encrypted", flags(1), "is encrypted: ask for it without a password"),
        ("strongly encrypted", flags(1 << 6), "is encrypted"),
        ("masked headers", flags(1 << 13), "is encrypted"),
        ("patches", flags(1 << 5), "read differently"),
        ("other flags in its own header", with(|it| it.own_flags = 2), "different things"),
        ("another name in its own header", with(|it| it.own_name = b"past.txt".to_vec()), "different things"),
        ("another size in its own header", with(|it| it.own_sizes[2] += 1), "different things"),
        ("no sizes and no descriptor", with(|it| it.own_sizes = [0; 3]), "different things"),
        ("a wrong descriptor", first(|it| it.streamed(4, b"").with(|it| it.behind[5] ^= 1)), "belong to no file"),
        ("another disk", with(|it| it.disk = 1), "another disk"),
        ("bzip2", with(|it| it.method = 12), "compressed by method 12"),
        ("a link", with(|it| it.attributes = 0xa1ff_0000), "is not a file"),
        ("a device", with(|it| it.attributes = 0x21ff_0000), "is not a file"),
        ("a folder's name with bytes", archive(&[entry("a/", b"bytes")]), "a folder with bytes"),
        ("a file's name for a folder", with(|it| it.attributes = 0x10), "is not a file"),
        ("a wrong checksum", with(|it| (it.sizes[0], it.own_sizes[0]) = (1, 1)), "checksum"),
        ("sizes of zip64 that differ", first(|it| it.zip64().with(|it| it.own_extra[4] ^= 1)), "different things"),
        ("a name in UTF-8 that differs", with(|it| it.extra = other_name(it)), "another name"),
        ("sizes that libarchive alone believes", with(|it| it.extra = field(0x6c78, &[4, 1, 0])), "extra field"),
        ("a file outside its folder", archive(&[entry("../post.txt", b"")]), "not allowed"),
        ("a name with a zero", archive(&[entry("post.txt\0.png", b"")]), "not allowed"),
        ("the same path twice", archive(&[entry("post.txt", b""), entry("POST.txt", b"")]), "two files in one place"),
        ("zip64 that says another list", archive64(&two(), |it| it[3] += 1), "contradicts itself"),
        ("zip64 that says fewer files", archive64(&two(), |it| it[0] -= 1), "contradicts itself"),
        ("too many files", archive(&(0..4097).map(|n| entry(&n.to_string(), b"")).collect::<Vec<_>>()), "4097 files"),
    ] {
        let refusal = refusal(&zip);
        assert!(refusal.contains(said), "{what}: {refusal}");
    }
    assert_eq!(unpack(b"verbale envelope v1\n").map(|_| ()), Err(ArchiveError::NotZip));
}

fn behind_stream(post: Entry, hidden: &[u8]) -> Entry {
    post.deflated().with(|it| {
        it.packed.extend(hidden);
        it.sizes[1] = it.packed.len() as u32;
        it.own_sizes = it.sizes;
    })
}

fn other_name(post: &Entry) -> Vec<u8> {
    field(0x7075, &[&[1], &extra::checksum(&post.name).to_le_bytes()[..], b"past.txt"].concat())
}

/// Another program may take the record before the last one for the end, and the last one for its comment.
#[test]
fn an_archive_with_two_ends_is_refused() {
    let honest = archive(&two());
    let (files, list) = parts(&[entry("post.txt", b"another post\n")]);
    let comment = (honest.len() + 22) as u16;
    let mut other = [&files[..], &list, &end(1, &list, files.len(), b"")].concat();
    let len = other.len();
    other[len - 2..].copy_from_slice(&comment.to_le_bytes());
    let zip = archive(&[entry("a.zip", &other)]);
    assert!(refusal(&zip).contains("two ends"), "{}", refusal(&zip));
    assert_eq!(unpack(&archive(&[entry("a.zip", &honest)])).unwrap().len(), 1);
}

#[test]
fn an_archive_that_is_cut_anywhere_is_refused() {
    for zip in [archive(&two()), first(|it| it.deflated().streamed(4, b"")), archive64(&two(), |_| ())] {
        for len in 4..zip.len() {
            assert!(unpack(&zip[..len]).is_err(), "{len}");
        }
    }
}

/// Whatever byte is another: what is unpacked are the same files, or none.
#[test]
fn a_changed_byte_changes_no_file() {
    let zip = archive(&[two()[0].clone().deflated().streamed(8, b"PK\x07\x08"), two()[1].clone().zip64()]);
    for at in 0..zip.len() {
        for bit in 0..8 {
            let mut changed = zip.clone();
            changed[at] ^= 1 << bit;
            for file in unpack(&changed).unwrap_or_default() {
                assert!(two().iter().any(|it| it.bytes == file.bytes), "byte {at}: {}", file.path);
            }
        }
    }
}

#[test]
fn what_we_write_is_read_back_and_nothing_else() {
    let files = [("post.txt".to_owned(), &b"the post\n"[..]), ("log.vkey".to_owned(), b"a key\n")];
    let zip = write(&files);
    let read_back = read(&zip).unwrap();
    assert_eq!(read_back.len(), 2);
    assert!(files.iter().all(|(name, bytes)| read_back[name] == *bytes));
    for other in [archive(&two()), first(Entry::deflated), [&zip[..], b"\n"].concat()] {
        assert!(read(&other).unwrap_err().to_string().contains("packed by another program"));
    }
    let long = vec![b'x'; 1025];
    let refused = read(&write(&[("log.vkey".to_owned(), &long)])).unwrap_err();
    assert_eq!(refused.to_string(), "log.vkey is longer than the 1024 bytes allowed");
    assert!(read(&write(&[("a b".to_owned(), b"")])).is_err());
    let many: Vec<(String, &[u8])> = (0..=FILES_MAX).map(|n| (format!("file-{n}"), &b""[..])).collect();
    assert!(read(&write(&many)).unwrap_err().to_string().contains("more than"));
}
