//! The vectors of proofs whose reader trusts witnesses too: a policy in place of a key.

use data_encoding::BASE64;

use super::Case;
use super::proofs::case;
use crate::support::cosigner::{Cosigner, policy, three};
use crate::support::fixture::{self, Files, received, received_proof, recipients_key, resum, unzip, zip};

/// 2018-03-09T17:41:00Z.
const FIRST: u64 = 1_520_617_260;

pub fn all() -> Vec<Case> {
    let [gazette, tribune, archive] = three();
    let own = policy(&fixture::key().vkey().to_string());
    let enough = || cosigned(opened(), "note-2.tlog-proof", &[(&gazette, FIRST + 60), (&tribune, FIRST)]);
    let with_line = |line: String| {
        let mut files = enough();
        files.get_mut("note-2.tlog-proof").unwrap().extend(line.as_bytes());
        files
    };
    let elsewhere = archive.line("embassy.example/notes\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", FIRST);
    let unposted = |mut files: Files| {
        files.remove("post.txt");
        files
    };
    let few = cosigned(opened(), "note-2.tlog-proof", &[(&gazette, FIRST)]);
    let other_type = own.replace(&tribune.vkey(), "tribune.example+00000000+BgEBAQ==");
    let many = format!("log {}\n{own}", recipients_key().vkey());
    let others = format!("log {}\nlog {}\nquorum none\n", recipients_key().vkey(), fixture::other_key().vkey());
    let mut all = vec![
        of("proven", "enough", "Two of three witnesses signed the head, as the policy asks.", enough(), &own),
        of("proven", "enough-unposted", "There is no post, and the witnesses show a time.", unposted(enough()), &own),
        of("proven", "two-logs", "The policy names two logs, and the proof is of the second.", enough(), &many),
        of("intact", "no-logs", "The policy names no log, and pins no key.", opened(), "quorum none\n"),
        of("witnesses", "too-few", "One of three witnesses signed the head, and two are needed.", few, &own),
        of("witnesses", "none", "No witness signed the head.", opened(), &own),
        of("proven", "another-head", "A third witness's line is of another head.", with_line(elsewhere), &own),
        of("witnesses", "another-type", "One of the two who signed has a key of type 6.", enough(), &other_type),
        of("signature, key", "other-logs", "The policy names two other logs, one of this name.", opened(), &others),
    ];
    all.extend(receipts(&gazette, &tribune));
    all
}

/// The head in a receipt, with the policy for the recipient's log.
fn receipts(gazette: &Cosigner, tribune: &Cosigner) -> Vec<Case> {
    let theirs = policy(&recipients_key().vkey().to_string());
    let with = |signers: &[(&Cosigner, u64)]| {
        cosigned(unzip(&received_proof(&received().receipt())), "receipt.inclusion", signers)
    };
    let enough = with(&[(gazette, FIRST + 120), (tribune, FIRST + 121)]);
    let few = with(&[(tribune, FIRST + 121)]);
    [
        ("intact", "receipt-enough", "Two of three witnesses signed the head in the receipt.", enough),
        ("receipt witnesses", "receipt-too-few", "One witness signed the head in the receipt.", few),
    ]
    .map(|(expect, name, comment, files)| made(expect, name, comment, files, ("receipt-policy", &theirs)))
    .into()
}

fn of(expect: &str, name: &str, comment: &str, files: Files, policy: &str) -> Case {
    made(expect, name, comment, files, ("policy", policy))
}

fn made(expect: &str, name: &str, comment: &str, mut files: Files, (header, policy): (&'static str, &str)) -> Case {
    resum(&mut files);
    let mut case = case(expect, &format!("witnesses-{name}"), comment, zip(&files));
    case.headers.push((header, BASE64.encode(policy.as_bytes())));
    case
}

fn opened() -> Files {
    unzip(&fixture::proof().pack())
}

/// The checkpoint in that file with the lines of these witnesses.
fn cosigned(mut files: Files, name: &str, signers: &[(&Cosigner, u64)]) -> Files {
    let text = String::from_utf8(files[name].clone()).unwrap();
    let at = text.find("\n\n").unwrap() + 2;
    let note = signers.iter().fold(text[at..].to_owned(), |note, (signer, time)| signer.cosign(&note, *time));
    files.insert(name.to_owned(), format!("{}{note}", &text[..at]).into_bytes());
    files
}
