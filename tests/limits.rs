//! How much memory hostile input can make the parsers use. A binary of its own, since it counts every allocation.

#[allow(dead_code)]
#[path = "it/support/fixture.rs"]
mod fixture;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Cursor, Write};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use verbale::note::{Content, Envelope};
use verbale::verify::proof::{Verdict, verify};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn add(bytes: usize) {
    PEAK.fetch_max(NOW.fetch_add(bytes, SeqCst) + bytes, SeqCst);
}

// Only hands on to the system's allocator, and counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), SeqCst);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        NOW.fetch_sub(layout.size(), SeqCst);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1024 * 1024;

/// The most bytes that were allocated at once while `work` ran, beyond what there was before.
fn peak(work: impl FnOnce()) -> usize {
    let before = NOW.load(SeqCst);
    PEAK.store(before, SeqCst);
    work();
    PEAK.load(SeqCst) - before
}

/// An archive with files of these names, each of so many MiB that take up next to nothing.
fn deflated(names: &[String], size: usize) -> Vec<u8> {
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(1));
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("one", options).unwrap();
    let zeros = vec![b'0'; MIB];
    (0..size).for_each(|_| writer.write_all(&zeros).unwrap());
    let mut one = writer.finish_into_readable().unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    names.iter().for_each(|name| writer.raw_copy_file_rename(one.by_index(0).unwrap(), name).unwrap());
    writer.finish().unwrap().into_inner()
}

fn refusal(zip: &[u8]) -> String {
    verify(zip, &fixture::pinned()).not_read.unwrap()
}

/// Makes both headers of the only file say that it is so long.
fn say_length(zip: &mut [u8], len: u32) {
    let list = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    for at in [22, list + 24] {
        zip[at..at + 4].copy_from_slice(&len.to_le_bytes());
    }
}

/// One test, so that nothing else runs and allocates beside it.
#[test]
fn memory_stays_below_the_stated_limits() {
    // A few kilobytes that unpack to 66 MiB, and a list that makes them a file of the proof: held in a buffer that doubles.
    for name in ["note-1.envelope.txt", "note-1.attachment-1.bin"] {
        let bomb = deflated(&[name.to_owned(), "SHA256SUMS".to_owned()], 66);
        let used = peak(|| assert!(refusal(&bomb).contains("bytes allowed")));
        assert!(used < 400 * MIB, "{name}: {used}");
    }

    // Many of them: stopped at 256 MiB for all.
    let names: Vec<String> = (1..=8).map(|n| format!("note-1.attachment-{n}.bin")).collect();
    let bomb = deflated(&names, 34);
    let used = peak(|| assert!(refusal(&bomb).contains("268435456 bytes")));
    assert!(used < 512 * MIB, "many: {used}");

    // One that says it is smaller than it is: stopped there.
    let mut lying = deflated(&["note-1.envelope.txt".to_owned()], 66);
    say_length(&mut lying, 1000);
    let used = peak(|| assert!(refusal(&lying).contains("its length is another")));
    assert!(used < MIB, "lying bomb: {used}");

    // An archive that is as large as it may be, of one file as large as that: its bytes, and as many to compare it with how we pack.
    let zeros = vec![0; 255 * MIB];
    let large = fixture::zip_in_order([("README.txt", &zeros[..])]);
    drop(zeros);
    let used = peak(|| drop(refusal(&large)));
    assert!(used < 600 * MIB, "large: {used}");
    drop(large);

    // Headers that claim a gigabyte, or more: nothing is allocated because they say so.
    let mut lying = fixture::proof().pack();
    for at in 0..lying.len() - 30 {
        let offset = match &lying[at..at + 4] {
            b"PK\x01\x02" => at + 20,
            b"PK\x03\x04" => at + 18,
            _ => continue,
        };
        lying[offset..offset + 8].copy_from_slice(&[u32::MAX - 1, u32::MAX - 1].map(u32::to_le_bytes).concat());
    }
    let used = peak(|| drop(refusal(&lying)));
    assert!(used < MIB, "lying sizes: {used}");

    // 65,535 files.
    let mut many = fixture::proof().pack();
    let end = many.len() - 22;
    many[end + 8..end + 12].copy_from_slice(&[0xff; 4]);
    let used = peak(|| drop(refusal(&many)));
    assert!(used < MIB, "claimed files: {used}");
    let many: fixture::Files = (0..5_000).map(|n| (format!("f{n}"), Vec::new())).collect();
    let many = fixture::zip(&many);
    let used = peak(|| assert!(refusal(&many).contains("5000 files")));
    assert!(used < MIB, "files: {used}");

    // A line of a gigabyte: refused by its length, before it is looked at.
    let line = vec![b'a'; 1024 * MIB];
    let used = peak(|| assert!(Envelope::parse(&line).is_err() && Content::parse(&line).is_err()));
    assert!(used < MIB, "line: {used}");
    let used = peak(|| assert!(verify(&line, &fixture::pinned()).verdict() == Verdict::NotRead));
    assert!(used < MIB, "no archive: {used}");
    drop(line);

    // A length of the text that lies.
    let lying = fixture::content().to_text().replace("\ntext 88\n", "\ntext 1073741824\n");
    let used = peak(|| assert!(Content::parse(lying.as_bytes()).is_err()));
    assert!(used < MIB, "lying text: {used}");

    // A megabyte of the JSON that costs most when it is kept.
    for (part, close) in [("{\"\":", "1"), ("[", "1"), ("{\"\":0},", "0"), ("[],", "0")] {
        let mut json = format!("{{\"id\":\"1\",\"other\":[{}", part.repeat(1_000_000 / part.len()));
        json += close;
        json += "]}";
        let (content, envelope) = (fixture::content(), fixture::envelope());
        let proof = fixture::sealed(content, json.into_bytes(), envelope).pack();
        let used = peak(|| assert_eq!(verify(&proof, &fixture::pinned()).exit_status(), 1));
        assert!(used < 4 * MIB, "json {part}: {used}");
    }
}
