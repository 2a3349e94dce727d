//! The vectors of proofs with a receipt: the recipient's word, and what can be wrong with it.

use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, Origin};
use verbale::note::proof::Receipt;
use verbale::tlog::entry::Entry;
use verbale::tlog::signed_note::LogKey;
use verbale::wording::post::PostText;

use super::Case;
use super::proofs::case;
use crate::support::fixture::{self, Received, received, received_proof, resum, unzip, zip};

pub fn all() -> Vec<Case> {
    let mut cases = vec![
        of("intact", "receipt", "The recipient's log and its account say that it arrived.", received().receipt()),
        of(
            "intact",
            "receipt-not-posted",
            "The receipt carries no post, so that nobody but its key says whose it is.",
            Receipt { post: None, ..received().receipt() },
        ),
    ];
    cases.extend(lines());
    cases.extend(logs());
    cases.extend(posts());
    cases.extend(missing());
    cases.extend(known());
    cases
}

/// Who checks knows the key of the recipient's log from elsewhere.
fn known() -> Vec<Case> {
    let forged = Received { key: key("ministry.example", 97), ..received() }.receipt();
    let known = |case: Case| {
        let headers = [case.headers, vec![("receipt-vkey", fixture::recipients_key().vkey().to_string())]].concat();
        Case { headers, ..case }
    };
    [
        of("intact", "receipt-known", "The key of the receipt's log is the one that is known.", received().receipt()),
        of(
            "receipt key: void receipt log",
            "receipt-in-the-recipients-name",
            "Somebody else made the receipt, in a log of the same name.",
            forged,
        ),
    ]
    .map(known)
    .into()
}

fn of(expect: &str, name: &str, comment: &str, receipt: Receipt) -> Case {
    case(expect, name, comment, received_proof(&receipt))
}

fn line(time: i64, log: &str, note: u64, commitment: Hash) -> Received {
    let log = Origin::parse(log).unwrap();
    let line = Entry::Receipt { time: fixture::sent().plus_ms(time), log, note, commitment };
    Received { line, ..received() }
}

fn lines() -> Vec<Case> {
    let (log, commitment) = ("embassy.example/notes", fixture::envelope().commitment());
    let note = Received { line: fixture::note_entry(2, commitment), ..received() };
    vec![
        of(
            "intact: void receipt",
            "receipt-other-note",
            "The line is for note 3.",
            line(60_000, log, 3, commitment).receipt(),
        ),
        of(
            "intact: void receipt",
            "receipt-other-log",
            "The line is for a note of another log.",
            line(60_000, "a.example", 2, commitment).receipt(),
        ),
        of(
            "intact: void receipt",
            "receipt-other-hash",
            "The line is for another hash.",
            line(60_000, log, 2, Hash::of(b"note 1")).receipt(),
        ),
        of(
            "intact: void receipt",
            "receipt-before-sent",
            "It arrived more than 10 minutes before it was sent.",
            line(-600_001, log, 2, commitment).receipt(),
        ),
        of("intact: void receipt", "receipt-no-receipt", "The line says that a note was sealed.", note.receipt()),
    ]
}

fn key(name: &str, seed: u8) -> LogKey {
    LogKey::from_seed(Origin::parse(name).unwrap(), [seed; 32])
}

fn logs() -> Vec<Case> {
    let with = |key| Received { key, ..received() }.receipt();
    let (good, other) = (received().receipt(), with(key("ministry.example", 4)));
    let mut elsewhere = good.clone();
    elsewhere.inclusion.index = 0;
    vec![
        of(
            "intact: void receipt log",
            "receipt-same-log",
            "It is in a log of the name of the sender's.",
            with(key("embassy.example/notes", 3)),
        ),
        of(
            "intact: void receipt log",
            "receipt-same-key",
            "It is signed by the key of the sender's log, under another name.",
            with(key("ministry.example", 1)),
        ),
        of(
            "intact: void receipt log",
            "receipt-other-key",
            "It comes with a key that did not sign it.",
            Receipt { vkey: other.vkey, ..good.clone() },
        ),
        of(
            "intact: void receipt log, receipt by",
            "receipt-other-place",
            "It is not at the place in the log where it should be.",
            elsewhere,
        ),
        of(
            "intact: void receipt log",
            "receipt-not-included",
            "The line is another one than the one in the log.",
            Receipt {
                entry: line(60_001, "embassy.example/notes", 2, fixture::envelope().commitment()).line.to_line(),
                ..good
            },
        ),
    ]
}

fn posts() -> Vec<Case> {
    let commitment = fixture::envelope().commitment();
    let (size, root) = fixture::single_post().head();
    let words = |words| Received { words: Some(words), ..received() }.receipt();
    let by = |account: &str| {
        let mut received = received();
        received.post.account = fixture::account(account);
        received.receipt()
    };
    let mut early = received();
    early.post.post = Channel::X.post(Channel::X.first_at(fixture::sent().plus_ms(60_000 - 600_001)));
    early.post.address = format!("https://x.com/ministry/status/{}", early.post.post);
    vec![
        of(
            "intact: void receipt by",
            "receipt-by-another",
            "The post is by an account to which the note is not addressed.",
            by("17874544 journalist"),
        ),
        of("intact: void receipt by", "receipt-by-sender", "The post is by the sender.", by("2244994945 embassy")),
        of(
            "intact: void receipt by",
            "receipt-post-sealed",
            "The post says that a note was sealed.",
            words(PostText::Note { note: 2, commitment, size, root }),
        ),
        of(
            "intact: void receipt by",
            "receipt-post-other-head",
            "The post shows a head of another log.",
            words(PostText::Receipt { note: 2, commitment, size: 2, root }),
        ),
        of(
            "intact: void receipt by",
            "receipt-post-too-early",
            "The post is more than 10 minutes older than the line.",
            early.receipt(),
        ),
        of(
            "intact: void receipt by",
            "receipt-post-late-head",
            "The head that the post shows does not end with the receipt.",
            Received { later: 1, ..received() }.receipt(),
        ),
    ]
}

fn missing() -> Vec<Case> {
    let without = |expect: &str, name: &str| {
        let mut files = unzip(&received_proof(&received().receipt()));
        files.remove(name).unwrap();
        resum(&mut files);
        case(expect, &format!("{}-missing", name.replace('.', "-")), &format!("{name} is missing."), zip(&files))
    };
    vec![
        without("intact: void receipt, receipt log", "receipt.line"),
        without("intact: void receipt log, receipt by", "receipt.inclusion"),
        without("intact: void receipt log", "receipt.vkey"),
    ]
}
