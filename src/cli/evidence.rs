//! What a person gives to be checked: a proof in an archive, a folder, several files, standard input, or an address.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::runtime::Builder;

use super::{Failure, input};
use crate::base::hash::Hash;
use crate::base::ids::Channel;
use crate::base::text;
use crate::client::source::Source;
use crate::note::packaging::{self, Given, Packed};
use crate::note::{ARCHIVE_BYTES_MAX, UNPACKED_BYTES_MAX, UNPACKED_FILES_MAX};

/// How deep folders are looked into.
const DEPTH_MAX: usize = 4;

/// What every archive begins with.
const ARCHIVE: &[u8] = b"PK";

/// One thing to be checked.
pub(super) struct Evidence {
    /// What the person called it.
    pub(super) name: String,
    /// Its SHA-256 and its length in bytes. None of a folder and of several files.
    pub(super) digest: Option<(Hash, usize)>,
    /// The files of the proof, or why there are none.
    pub(super) packed: Result<Packed, Unread>,
}

/// Why there is nothing to judge.
pub(super) enum Unread {
    /// It is no proof, or none that can be judged: what happened, LF, what to do.
    NoProof(String),
    /// An address gave no answer that is a proof: the same.
    NoAnswer(String),
}

/// Each thing that these arguments name. Files that are no archives are taken together, as the parts of one proof.
pub(super) fn all(arguments: &[PathBuf]) -> impl Iterator<Item = Evidence> {
    let is_part = |argument: &&PathBuf| kind(argument) == Kind::Part;
    let parts: Vec<&PathBuf> = arguments.iter().filter(is_part).collect();
    let together = (!parts.is_empty()).then(|| together(&parts));
    arguments.iter().filter(|argument| kind(argument) != Kind::Part).map(|argument| one(argument)).chain(together)
}

#[derive(PartialEq, Eq)]
enum Kind {
    Hash,
    Post,
    Address,
    Folder,
    Archive,
    Part,
}

fn kind(argument: &Path) -> Kind {
    let text = argument.to_string_lossy();
    match &*text {
        word if word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) && !argument.exists() => {
            Kind::Hash
        }
        word if Channel::X.is_address_of_post(word) => Kind::Post,
        word if is_address(word) => Kind::Address,
        _ if argument.is_dir() => Kind::Folder,
        _ if argument.is_file() && !is_archive(argument) => Kind::Part,
        _ => Kind::Archive,
    }
}

fn is_address(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(scheme, _)| ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)))
}

/// Whether a file is to be taken for an archive, if only for a spoilt one.
fn is_archive(path: &Path) -> bool {
    let start = input::file(path, ARCHIVE.len() as u64 - 1).unwrap_or_default();
    let is_named = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip"));
    is_named || start == ARCHIVE
}

fn one(argument: &Path) -> Evidence {
    let name = argument.to_string_lossy().into_owned();
    let no_proof = |what: &str, next: &str| Err(Unread::NoProof(format!("{what}\n{next}")));
    match kind(argument) {
        Kind::Hash => Evidence { digest: None, packed: no_proof(HASH[0], HASH[1]), name },
        Kind::Post => Evidence { digest: None, packed: no_proof(POST[0], POST[1]), name },
        Kind::Address => address(name),
        Kind::Folder => Evidence { digest: None, packed: folder(argument), name },
        Kind::Archive | Kind::Part => match input::bytes(argument, ARCHIVE_BYTES_MAX) {
            Ok(bytes) => archive(name, &bytes),
            Err(failure) => Evidence { digest: None, packed: Err(Unread::NoProof(failure.to_string())), name },
        },
    }
}

const HASH: [&str; 2] = [
    "these 64 digits are a hash, which shows nothing on its own",
    "look for the post with it in the sender's account, and ask the sender for the note's proof, note-<n>.proof.zip; the log's \
     list, log.txt on the sender's site, has a line with it",
];

const POST: [&str; 2] = [
    "this is the address of a post: the proof is what is checked, and the post is what it is compared with",
    "ask the sender for the note's proof, note-<n>.proof.zip, and give it with --online: the post is then asked for",
];

fn archive(name: String, bytes: &[u8]) -> Evidence {
    let packed = packaging::open(bytes).map_err(|why| Unread::NoProof(why.to_string()));
    Evidence { name, digest: Some((Hash::of(bytes), bytes.len())), packed }
}

/// Whatever does not come, or is a page of some server, is no answer.
fn address(name: String) -> Evidence {
    let read = match fetch(&name) {
        Ok(bytes) if bytes.starts_with(ARCHIVE) => return archive(name, &bytes),
        Ok(_) => "something else than a proof came, perhaps a page that asks to log in".to_owned(),
        Err(why) => why,
    };
    let why = format!(
        "{read}\nopen the address in a browser, save the proof as a file, and give that file; or try again later"
    );
    Evidence { name, digest: None, packed: Err(Unread::NoAnswer(why)) }
}

/// The bytes at an address.
fn fetch(address: &str) -> Result<Vec<u8>, String> {
    let first_line = |why: String| why.lines().next().unwrap_or_default().to_owned();
    let is_bare = address.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
    let (folder, file) = address.rsplit_once('/').filter(|_| !is_bare).unwrap_or((address, ""));
    let place = Source::parse(folder).map_err(|why| first_line(why.to_string()))?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|why| why.to_string())?;
    let bytes_max = usize::try_from(ARCHIVE_BYTES_MAX + 1).unwrap_or(usize::MAX);
    let bytes = runtime.block_on(place.read(file, bytes_max)).map_err(|why| why.to_string())?;
    bytes.ok_or_else(|| format!("there is nothing at {address}"))
}

fn folder(path: &Path) -> Result<Packed, Unread> {
    let mut given = Vec::new();
    let mut left = UNPACKED_BYTES_MAX;
    collect(path, path, DEPTH_MAX, &mut given, &mut left).map_err(|why| {
        Unread::NoProof(format!(
            "{} cannot be read: {why}\nname the folder into which a proof was unpacked",
            path.display()
        ))
    })?;
    gather(given)
}

/// The files below a folder, by their paths in it. Links are not followed.
fn collect(root: &Path, folder: &Path, depth: usize, given: &mut Vec<Given>, left: &mut u64) -> io::Result<()> {
    let mut found: Vec<fs::DirEntry> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    found.sort_by_key(fs::DirEntry::file_name);
    for entry in found {
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && 0 < depth && entry.file_name() != ".git" {
            collect(root, &path, depth - 1, given, left)?;
        }
        if !kind.is_file() {
            continue;
        }
        // No proof has a file so long.
        if ARCHIVE_BYTES_MAX < entry.metadata()?.len() {
            continue;
        }
        let bytes = input::file(&path, *left).map_err(|failure| io::Error::other(failure.what))?;
        *left = left.checked_sub(bytes.len() as u64).ok_or_else(too_much)?;
        if given.len() == UNPACKED_FILES_MAX {
            return Err(too_much());
        }
        let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        given.push(Given { path, bytes });
    }
    Ok(())
}

fn too_much() -> io::Error {
    io::Error::other("it has more files, or larger ones, than any proof")
}

fn together(parts: &[&PathBuf]) -> Evidence {
    let read = |path: &&PathBuf| {
        let bytes = input::file(path, UNPACKED_BYTES_MAX)?;
        Ok(Given { path: path.to_string_lossy().into_owned(), bytes })
    };
    let given: Result<Vec<Given>, Failure> = parts.iter().map(read).collect();
    let digest = given.as_ref().ok().filter(|given| given.len() == 1).map(|given| {
        let bytes = &given[0].bytes;
        (Hash::of(bytes), bytes.len())
    });
    let packed = given.map_err(|failure| Unread::NoProof(failure.to_string())).and_then(gather);
    let first = parts[0].to_string_lossy();
    let name = match parts.len() {
        1 => first.into_owned(),
        several => format!("{first} and {}", text::count(several as u64 - 1, "other file", "other files")),
    };
    Evidence { name, digest, packed }
}

fn gather(given: Vec<Given>) -> Result<Packed, Unread> {
    packaging::gather(given).map_err(|why| Unread::NoProof(why.to_string()))
}
