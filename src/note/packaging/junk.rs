//! Files that systems and programs put beside others, unasked.

use super::names::last;

/// Whether a system or program put this file there for itself: Finder, Explorer, tools of Java.
pub(super) fn is_junk(path: &str) -> bool {
    const NAMES: [&str; 3] = [".ds_store", "desktop.ini", "thumbs.db"];
    let path = path.replace('\\', "/").to_ascii_lowercase();
    let name = last(&path);
    let is_of_finder = path.split('/').any(|part| part == "__macosx") || name.starts_with("._");
    is_of_finder || NAMES.contains(&name) || path.ends_with("meta-inf/manifest.mf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systems_add_is_junk_and_nothing_else() {
        for path in [
            "__MACOSX/note-1/._post.txt",
            "__MACOSX/post.txt",
            "note-1/._post.txt",
            ".DS_Store",
            "note-1/.DS_Store",
            "Desktop.ini",
            "note-1\\Thumbs.db",
            "META-INF/MANIFEST.MF",
        ] {
            assert!(is_junk(path), "{path}");
        }
        for path in ["post.txt", "MANIFEST.MF", ".gitattributes", "thumbs.txt", "note-1.attachment-1.bin"] {
            assert!(!is_junk(path), "{path}");
        }
    }
}
