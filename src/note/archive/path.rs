//! The names in an archive as paths that mean the same on every system.

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 1000;

/// The upper half of code page 437, in which names stand that are not marked as UTF-8.
const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// A name with `/` between its parts, and whether it stands for a folder. None if it leads out of the archive's own folder,
/// has a control character, is too long, or is no text.
pub(super) fn read(raw: &[u8], is_utf8: bool) -> Option<(String, bool)> {
    if NAME_BYTES_MAX < raw.len() {
        return None;
    }
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) if is_utf8 => return None,
        Err(_) => raw.iter().map(|byte| letter(*byte)).collect(),
    };
    clean(&name)
}

fn letter(byte: u8) -> char {
    let upper = byte.checked_sub(0x80).and_then(|place| UPPER.chars().nth(place.into()));
    upper.unwrap_or(byte.into())
}

fn clean(name: &str) -> Option<(String, bool)> {
    let is_separator = |letter: char| ['/', '\\'].contains(&letter);
    let has_drive = name.as_bytes().get(1) == Some(&b':');
    // Some cloud drives list the folder itself, as `/`.
    let is_absolute = name.starts_with(is_separator) && !name.chars().all(is_separator);
    if is_absolute || has_drive || name.chars().any(char::is_control) {
        return None;
    }
    let parts: Vec<&str> = name.split(is_separator).filter(|part| !["", "."].contains(part)).collect();
    let is_folder = name.ends_with(is_separator);
    let is_empty = parts.is_empty() && !is_folder;
    (!is_empty && !parts.contains(&"..")).then(|| (parts.join("/"), is_folder))
}

/// What two paths have in common that are one place on some system: Windows takes no account of case, and leaves out dots
/// and spaces at the end of a part.
pub(super) fn place(path: &str) -> String {
    let part = |part: &str| part.trim_end_matches(['.', ' ']).to_lowercase();
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_path_below_its_folder() {
        let read = |name: &str| read(name.as_bytes(), true);
        let file = |path: &str| Some((path.to_owned(), false));
        for (name, path) in [
            ("post.txt", "post.txt"),
            ("note-1/post.txt", "note-1/post.txt"),
            ("note-1\\post.txt", "note-1/post.txt"),
            ("./post.txt", "post.txt"),
            ("a//b", "a/b"),
            ("Übergabe/post.txt", "Übergabe/post.txt"),
            ("..post.txt", "..post.txt"),
        ] {
            assert_eq!(read(name), file(path), "{name}");
        }
        assert_eq!(read("/"), Some((String::new(), true)));
        assert_eq!(read("note-1/"), Some(("note-1".to_owned(), true)));
        for name in
            ["", ".", "../x", "a/../../x", "a\\..\\x", "/x", "\\x", "C:x", "c:\\x", "x\0.txt", "x\ny", "x\u{7f}"]
        {
            assert_eq!(read(name), None, "{name:?}");
        }
        assert_eq!(read(&"x".repeat(NAME_BYTES_MAX + 1)), None);
    }

    #[test]
    fn a_name_that_is_not_in_utf_8_is_in_code_page_437() {
        assert_eq!(UPPER.chars().count(), 128);
        assert_eq!(read(b"\x9abergabe\xe1", false), Some(("Übergabeß".to_owned(), false)));
        assert_eq!(read(b"\x9abergabe", true), None);
    }

    #[test]
    fn what_is_one_place_on_some_system_is_one_place() {
        for (one, other) in [("post.txt", "Post.TXT"), ("a/post.txt", "A./post.txt "), ("Ü", "ü")] {
            assert_eq!(place(one), place(other));
        }
        assert_ne!(place("a/b"), place("ab"));
    }
}
