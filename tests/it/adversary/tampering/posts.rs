//! What may be done to the posts, as they stand on the platform.

use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, PostId};
use verbale::wording::post::PostText;

use super::hands::{By, HONEST, Kind, kinds, replaced, with_cr};
use super::set::{NOTES, OPENED, Post, Set, at, post_id, tree};

pub fn all() -> Vec<Kind> {
    let mut all = changed();
    all.extend(added());
    all
}

/// The post of the note that is opened.
fn of_the_note(set: &mut Set) -> &mut Post {
    find(set, post_id(OPENED))
}

fn find(set: &mut Set, id: PostId) -> &mut Post {
    set.posts.iter_mut().find(|post| post.id == id).unwrap()
}

fn edit(post: &mut Post, from: &str, to: &str) {
    post.text = String::from_utf8(replaced(post.text.as_bytes(), from, to)).unwrap();
}

fn changed() -> Vec<Kind> {
    kinds(
        By::Account,
        &[
            ("a post deleted", |set| set.posts.retain(|post| post.id != post_id(OPENED))),
            ("a post edited: other words", |set| of_the_note(set).text = "Nothing was sealed.".to_owned()),
            ("a post edited: another hash", |set| {
                let hash = Hash::of(&HONEST.notes[OPENED as usize - 1].envelope).to_string();
                edit(of_the_note(set), &hash, &Hash::of(b"another").to_string());
            }),
            ("a post edited: another number", |set| edit(of_the_note(set), "note 17\n", "note 18\n")),
            ("a post edited: another root", |set| {
                let root = Hash::of(b"another").to_base64();
                let post = of_the_note(set);
                post.text.truncate(post.text.rfind(' ').unwrap() + 1);
                post.text += &root;
            }),
            ("a post edited: another size", |set| {
                let size = HONEST.sealed(OPENED) + 1;
                edit(of_the_note(set), &format!("\nlog {size} "), &format!("\nlog {} ", size + 1));
            }),
            ("a post edited: a letter that only looks the same", |set| {
                edit(of_the_note(set), "Sealed", "Se\u{430}led")
            }),
            ("a post edited: a character that cannot be seen", |set| edit(of_the_note(set), "\nlog", "\n\u{200b}log")),
            ("a post edited: the hash in capitals", |set| {
                let hash = Hash::of(&HONEST.notes[OPENED as usize - 1].envelope).to_string();
                edit(of_the_note(set), &hash, &hash.to_uppercase());
            }),
            ("a post edited: its last line gone", |set| {
                let post = of_the_note(set);
                post.text.truncate(post.text.rfind('\n').unwrap());
            }),
            ("a post with CRLF", |set| {
                let post = of_the_note(set);
                post.text = String::from_utf8(with_cr(post.text.as_bytes())).unwrap();
            }),
            ("the post of a run with another root", |set| {
                let post = find(set, post_id(103));
                post.text.truncate(post.text.rfind(' ').unwrap() + 1);
                post.text += &Hash::of(b"another").to_base64();
            }),
            ("the posts of two notes exchanged", |set| {
                let other = std::mem::take(&mut find(set, post_id(OPENED + 1)).text);
                let own = std::mem::replace(&mut of_the_note(set).text, other);
                find(set, post_id(OPENED + 1)).text = own;
            }),
            ("a post deleted, and the same words posted by another account", |set| {
                of_the_note(set).author = "copycat".to_owned();
            }),
            ("a post deleted, and the same words posted again later", |set| {
                of_the_note(set).id = PostId(post_id(OPENED).0 + (3_600_000 << 22) + 1);
            }),
        ],
    )
}

/// Posts of the log's forms that the log knows nothing of.
fn added() -> Vec<Kind> {
    kinds(
        By::Account,
        &[
            ("a second post of a note, with another hash", |set| {
                let (size, root) = root_of_all();
                add(set, &PostText::Note { note: OPENED, commitment: Hash::of(b"other"), size, root });
            }),
            ("a second post of a note, with the same words", |set| {
                let text = of_the_note(set).text.clone();
                add(set, &PostText::parse(&text).unwrap());
            }),
            ("a run posted that the log does not know", |set| {
                let (size, root) = root_of_all();
                add(set, &PostText::Run { first: 5, last: 9, size, root });
            }),
            ("a daily post with another root", |set| {
                let (size, _) = root_of_all();
                add(set, &PostText::Heartbeat { count: NOTES, date: at(1).date(), size, root: Hash::of(b"other") });
            }),
            ("a daily post with another count", |set| {
                let (size, root) = root_of_all();
                add(set, &PostText::Heartbeat { count: NOTES - 1, date: at(1).date(), size, root });
            }),
            ("a receipt posted that the log does not know", |set| {
                let (size, root) = root_of_all();
                add(set, &PostText::Receipt { note: 3, commitment: Hash::of(b"other"), size, root });
            }),
        ],
    )
}

fn root_of_all() -> (u64, Hash) {
    let tree = tree(&HONEST.log);
    (tree.len(), tree.root())
}

fn add(set: &mut Set, text: &PostText) {
    let id = PostId(Channel::X.first_at(at(NOTES + 2)).0 | 3);
    set.posts.push(Post::new(id, text));
}
