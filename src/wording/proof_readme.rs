//! `README.txt`: what a person who opens a proof reads first.
//!
//! A proof is packed here, and not beside its other files: an archive has its explanation in it, and the words are here.

use crate::note::Content;
use crate::note::names;
use crate::note::proof::{Files, Proof, Receipt};

impl Proof {
    /// The archive, `note-17.proof.zip`. The same proof makes the same bytes.
    pub fn pack(&self) -> Vec<u8> {
        self.pack_with(&text(self))
    }
}

impl Files {
    /// The same files with this receipt in place of any other; the list of hashes is made anew.
    #[must_use]
    pub fn with_receipt(self, receipt: &Receipt) -> Files {
        let readme = self.get(names::README).map(String::from_utf8_lossy).unwrap_or_default();
        let readme = with_receipt(&readme, receipt);
        self.with_receipt_and(receipt, readme)
    }
}

/// The text, in plain words, wrapped at 78 columns.
fn text(proof: &Proof) -> String {
    let note = proof.note;
    let contents: String = contents(proof).iter().map(|(name, what)| format!("  {name:<28} {what}\n")).collect();
    let not_opened = if proof.content.is_none() { NOT_OPENED } else { "" };
    let compare = by_eye(proof);
    let (envelope, archive) = (names::envelope(note), names::proof(note));
    format!(
        "Proof of sealed note {note}

{INTRODUCTION}
WHAT IS IN IT

{contents}{not_opened}
WHAT TO COMPARE BY EYE

{compare}
THREE COMMANDS

  sha256sum {envelope}
      must print the number that stands after \"sha256\" in the post. (If the
      post is about a run of notes, it stands at the end of the log's entry.)

  sha256sum -c SHA256SUMS
      checks that no file beside this one was changed since they were packed.

  verbale verify --online {archive}
      checks all of this, and the signature and the place in the log, and asks
      X whether the post stands there. It says first whether the note is
      PROVEN, and else what is missing for that.

{REST}"
    )
}

const INTRODUCTION: &str = "\
This archive is evidence about one direct message. When the message was seen,
a number was computed from it (a SHA-256, which is like a fingerprint), put
into a public log, and posted. With the files in here you can check that this
message, and no other, has that fingerprint. You need not trust the person who
gave them to you, nor the program that wrote them.
";

const NOT_OPENED: &str = "
  The text of the message is not in this archive. The sender has opened only
  the envelope, which says who wrote to whom and when.
";

const REST: &str = "\
On macOS write `shasum -a 256` instead of `sha256sum`; on Windows the first
command is `certutil -hashfile <file> SHA256`.

WHAT IT DOES NOT SHOW

  It does not show that the other side received or read the message: that only
  the other side can confirm. It does not show that what the message says is
  true. And nothing checks this README.txt: anybody may have changed it.
";

/// The text of a proof after a receipt is added: the same text, with the receipt at its end.
fn with_receipt(readme: &str, receipt: &Receipt) -> String {
    let own = readme.find(RECEIPT_HEADING).map_or(readme, |at| &readme[..at]);
    let compare = match &receipt.post {
        Some(post) => format!("  Open {}\n  Is the post there? Is it by {}?\n", post.address, post.account.name),
        None => String::new(),
    };
    format!(
        "{own}{RECEIPT_HEADING}{RECEIPT}{compare}  Is the key in receipt.vkey the one that the other side publishes?\n"
    )
}

const RECEIPT_HEADING: &str = "\nTHE RECEIPT\n";

const RECEIPT: &str = "
  By these files the other side says, in its own log and from its own account,
  that it has received this message: receipt.line is the line in that log, and
  receipt.inclusion shows that it is there; receipt.vkey is the public key of
  that log, and receipt.post the post. Anybody could write such files, so
  compare:

";

fn contents(proof: &Proof) -> Vec<(String, &'static str)> {
    let note = proof.note;
    let mut list = vec![
        (names::envelope(note), "who wrote to whom, and when; no text"),
        (names::entry(note), "the note's line in the public log"),
        (names::tlog_proof(note), "shows that the line is in the log"),
        (names::VKEY.to_owned(), "the public key of the log"),
    ];
    if proof.post.is_some() {
        list.push((names::POST.to_owned(), "the public post, and where it stands"));
    }
    if let Some(content) = &proof.content {
        list.push((names::content(note), "the text of the message"));
        let header = Content::parse(&content.content).map(|content| content.header);
        let records = header.map(|header| names::records(note, &header.records)).unwrap_or_default();
        list.extend(records.into_iter().map(|name| (name, "what the platform itself said of it")));
        if content.attachments.iter().any(Option::is_some) {
            list.push((format!("note-{note}.attachment-*"), "the files that were sent with it"));
        }
    }
    list.push((names::SUMS.to_owned(), "the SHA-256 of each file above"));
    list
}

fn by_eye(proof: &Proof) -> String {
    const KEY: &str = "Is the key in log.vkey the one that the sender publishes?";
    match &proof.post {
        Some(post) => format!(
            "  1. Open {}\n     Whose name stands over the post? It must be @{}: anybody can make an\n     archive like \
             this about a post of their own.\n     What is its date?\n  2. Are its words the ones at the end of \
             post.txt?\n  3. {KEY}\n",
            post.address, post.account.name
        ),
        None => format!("  There is no post in this proof. Ask the sender where the log is published.\n  {KEY}\n"),
    }
}
