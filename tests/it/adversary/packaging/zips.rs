//! Zip archives as other programs write them, byte for byte.

use std::io::Write;

/// The files of a proof in some order, each with its path.
pub type Listed = Vec<(String, Vec<u8>)>;

/// What a program writes in its own way.
#[derive(Clone, Copy)]
pub struct Style {
    pub is_deflated: bool,
    /// The bytes of a size in the descriptors, and whether they have a signature; none if sizes stand in front.
    pub descriptor: Option<(usize, bool)>,
    /// Sizes stand in extra fields, and the place of the list in records of its own.
    pub is_zip64: bool,
    pub flags: u16,
    /// The system that it says it runs on, and the attributes of files and of folders there.
    pub system: u16,
    pub attributes: [u32; 2],
    /// Extra fields in each file's own header, and in the list.
    pub extra: [&'static [u8]; 2],
    /// Comments of each file and of the whole.
    pub comments: [&'static str; 2],
    /// What stands before and behind it.
    pub around: [&'static [u8]; 2],
}

/// As plain as it can be.
pub const PLAIN: Style = Style {
    is_deflated: true,
    descriptor: None,
    is_zip64: false,
    flags: 0,
    system: 0,
    attributes: [0x20, 0x10],
    extra: [b"", b""],
    comments: ["", ""],
    around: [b"", b""],
};

/// On Unix: a file and a folder of their owner.
pub const UNIX: Style = Style { system: 3, attributes: [0x81a4_0000, 0x41ed_0010], ..PLAIN };

fn shorts(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn longs(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn field(id: u16, data: &[u8]) -> Vec<u8> {
    [shorts(&[id, data.len() as u16]), data.to_vec()].concat()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The archive of these files, whose names are given as bytes; a name that ends in a separator is a folder's.
pub fn pack_raw(files: &[(Vec<u8>, Vec<u8>)], style: &Style) -> Vec<u8> {
    let (mut zip, mut list) = (style.around[0].to_vec(), Vec::new());
    for (name, bytes) in files {
        add(&mut zip, &mut list, name, bytes, style);
    }
    let start = zip.len() as u32;
    let count = files.len() as u16;
    zip.extend(&list);
    let comment = style.comments[1].as_bytes();
    if style.is_zip64 {
        zip.extend(long_end(count, list.len() as u64, start.into()));
    }
    let [count, len, start] = match style.is_zip64 {
        true => [shorts(&[u16::MAX; 2]), longs(&[u32::MAX]), longs(&[u32::MAX])],
        false => [shorts(&[count, count]), longs(&[list.len() as u32]), longs(&[start])],
    };
    zip.extend([b"PK\x05\x06\0\0\0\0", &count[..], &len, &start, &shorts(&[comment.len() as u16]), comment].concat());
    [&zip[..], style.around[1]].concat()
}

/// The archive of these files.
pub fn pack(files: &Listed, style: &Style) -> Vec<u8> {
    let raw: Vec<_> = files.iter().map(|(name, bytes)| (name.as_bytes().to_vec(), bytes.clone())).collect();
    pack_raw(&raw, style)
}

/// The records at the end that have more room.
fn long_end(count: u16, len: u64, start: u64) -> Vec<u8> {
    let numbers: Vec<u8> =
        [count.into(), count.into(), len, start].iter().flat_map(|it: &u64| it.to_le_bytes()).collect();
    let record = [b"PK\x06\x06", &44_u64.to_le_bytes()[..], &shorts(&[45, 45]), &longs(&[0, 0]), &numbers].concat();
    [&record[..], b"PK\x06\x07\0\0\0\0", &(start + len).to_le_bytes(), &longs(&[1])].concat()
}

fn add(zip: &mut Vec<u8>, list: &mut Vec<u8>, name: &[u8], bytes: &[u8], style: &Style) {
    let is_folder = name.ends_with(b"/") || name.ends_with(b"\\");
    let packed = if style.is_deflated && !is_folder { deflated(bytes) } else { bytes.to_vec() };
    let method = if style.is_deflated && !is_folder { 8 } else { 0 };
    let descriptor = style.descriptor.filter(|_| !is_folder);
    let flags = style.flags | if descriptor.is_some() { 8 } else { 0 };
    let (crc, sizes) = (checksum(bytes), [packed.len() as u32, bytes.len() as u32]);
    let long: Vec<u8> = [sizes[1], sizes[0]].iter().flat_map(|size| u64::from(*size).to_le_bytes()).collect();
    let long = if style.is_zip64 { field(1, &long) } else { Vec::new() };
    let short = if style.is_zip64 { [u32::MAX; 2] } else { sizes };
    let own_long = if descriptor.is_some() { Vec::new() } else { long.clone() };
    let own = if descriptor.is_some() { longs(&[0; 3]) } else { longs(&[crc, short[0], short[1]]) };
    let extras = [[&own_long, style.extra[0]].concat(), [&long, style.extra[1]].concat()];
    let start = zip.len() as u32;
    let head = [shorts(&[flags, method]), longs(&[0x5a21_6e00])].concat();
    let lengths = |extra: &[u8]| shorts(&[name.len() as u16, extra.len() as u16]);
    zip.extend([b"PK\x03\x04\x14\0", &head[..], &own, &lengths(&extras[0]), name, &extras[0], &packed].concat());
    if let Some((size_bytes, has_signature)) = descriptor {
        let sizes = sizes.map(|size| u64::from(size).to_le_bytes()[..size_bytes].to_vec()).concat();
        let signature: &[u8] = if has_signature { b"PK\x07\x08" } else { b"" };
        zip.extend([signature, &longs(&[crc]), &sizes].concat());
    }
    let comment = style.comments[0].as_bytes();
    let attributes = style.attributes[usize::from(is_folder)];
    list.extend(
        [b"PK\x01\x02", &shorts(&[style.system << 8 | 20, 20])[..], &head, &longs(&[crc, short[0], short[1]])].concat(),
    );
    list.extend([lengths(&extras[1]), shorts(&[comment.len() as u16, 0, 0]), longs(&[attributes, start])].concat());
    list.extend([name, &extras[1], comment].concat());
}
