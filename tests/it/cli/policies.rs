//! What is trusted beforehand as a policy: of several logs the one that is meant, and witnesses who signed its head.

use std::fs;
use std::path::Path;

use serde_json::Value;
use verbale::tlog::policy::Policy;
use verbale::verify::check::Outcome;
use verbale::verify::proof::{Report, Trust, Verdict, verify};

use crate::support::command::{assert_refused, verbale};
use crate::support::cosigner::{self, Cosigner, three};
use crate::support::fixture::{self, Files, failing, received, resum, unzip, zip};
use crate::support::site_fixture::{plain, publish};

/// 2018-03-09T17:41:00Z and a minute later.
const FIRST: u64 = 1_520_617_260;
const SECOND: u64 = FIRST + 60;

fn trust(policy: &str) -> Trust {
    Trust { log: Some(Policy::parse(policy.as_bytes()).unwrap()), ..Trust::default() }
}

fn fixture_policy() -> String {
    cosigner::policy(&fixture::key().vkey().to_string())
}

/// The proof of the fixture, its checkpoint cosigned.
fn proof(signers: &[(&Cosigner, u64)]) -> Files {
    let mut files = unzip(&fixture::proof().pack());
    let text = String::from_utf8(files["note-2.tlog-proof"].clone()).unwrap();
    let at = text.find("embassy.example").unwrap();
    let cosigned = signers.iter().fold(text[at..].to_owned(), |note, (signer, time)| signer.cosign(&note, *time));
    files.insert("note-2.tlog-proof".into(), format!("{}{cosigned}", &text[..at]).into_bytes());
    resum(&mut files);
    files
}

fn check<'a>(report: &'a Report, name: &str) -> Option<(Outcome, &'a str)> {
    report.checks.iter().find(|check| check.name == name).map(|check| (check.outcome, check.detail.as_str()))
}

fn time_of(report: &Report) -> &[String] {
    &report.claims.iter().find(|claim| claim.name == "time").unwrap().shown
}

#[test]
fn enough_witnesses_hold_and_show_a_time() {
    let [gazette, tribune, _] = three();
    let report = verify(&zip(&proof(&[(&gazette, SECOND), (&tribune, FIRST)])), &trust(&fixture_policy()));
    assert_eq!(report.verdict(), Verdict::Proven, "a known key says who, and the witnesses by when: {report}");
    let said = "the quorum two was there 2018-03-09T17:42:00.000Z: gazette signed 2018-03-09T17:42:00.000Z, \
                tribune signed 2018-03-09T17:41:00.000Z, archive did not sign";
    assert_eq!(check(&report, "witnesses"), Some((Outcome::Holds, said)));
    let by_witnesses = "no later than 2018-03-09T17:42:00.000Z, by the word of the trusted witnesses, who had signed \
                        the head by then";
    assert!(time_of(&report).iter().any(|line| line == by_witnesses), "{report}");
}

#[test]
fn too_few_witnesses_fail_and_show_nothing() {
    let [gazette, ..] = three();
    let report = verify(&zip(&proof(&[(&gazette, FIRST)])), &trust(&fixture_policy()));
    assert_eq!(report.failing().collect::<Vec<_>>(), ["witnesses"], "{report}");
    let said = "the quorum two is not there: gazette signed 2018-03-09T17:41:00.000Z, tribune did not sign, archive did \
                not sign";
    assert_eq!(check(&report, "witnesses"), Some((Outcome::Fails, said)));
    assert!(time_of(&report).is_empty());
    let alone = fixture_policy().replace("quorum two", "quorum gazette");
    assert_eq!(verify(&zip(&proof(&[(&gazette, FIRST)])), &trust(&alone)).exit_status(), 0);
}

#[test]
fn a_cosignature_of_another_head_counts_for_nothing_and_is_named() {
    let [gazette, tribune, archive] = three();
    let mut files = proof(&[(&gazette, FIRST), (&tribune, FIRST)]);
    let other = archive.line("embassy.example/notes\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", FIRST);
    files.get_mut("note-2.tlog-proof").unwrap().extend(other.as_bytes());
    resum(&mut files);
    let report = verify(&zip(&files), &trust(&fixture_policy()));
    assert_eq!(report.verdict(), Verdict::Proven, "anybody can have added the line: {report}");
    let said = "archive counts as not having signed, since its line does not fit";
    assert!(check(&report, "witnesses").unwrap().1.contains(said), "{report}");
}

/// A witness's clock of 1970 would make any note old.
#[test]
fn a_cosignature_from_before_the_note_counts_for_nothing() {
    let [gazette, tribune, _] = three();
    for (early, verdict) in [(7, Verdict::Fails), (FIRST - 660, Verdict::Fails), (FIRST - 640, Verdict::Proven)] {
        let report = verify(&zip(&proof(&[(&gazette, early), (&tribune, FIRST)])), &trust(&fixture_policy()));
        assert_eq!(report.verdict(), verdict, "{early}: {report}");
        let is_told = report.to_string().contains("before there was such a head");
        assert_eq!(is_told, verdict == Verdict::Fails, "{report}");
    }
}

/// Who holds the log's key is not said by those who have seen its head.
#[test]
fn a_quorum_alone_never_says_who() {
    let [gazette, tribune, _] = three();
    let log = format!("log {}\n", fixture::key().vkey());
    let unnamed = trust(&fixture_policy().replace(&log, ""));
    let report = verify(&zip(&proof(&[(&gazette, SECOND), (&tribune, FIRST)])), &unnamed);
    assert_eq!(report.verdict(), Verdict::Intact, "{report}");
    assert!(report.summary().contains("who made it, only the file itself says"), "{report}");
}

#[test]
fn a_witness_whose_key_is_not_checked_counts_as_absent_and_that_is_said() {
    let [gazette, tribune, archive] = three();
    let policy = fixture_policy().replace(&tribune.vkey(), "tribune.example+00000000+BgEBAQ==");
    let report = verify(&zip(&proof(&[(&gazette, FIRST), (&tribune, FIRST)])), &trust(&policy));
    assert_eq!(report.failing().collect::<Vec<_>>(), ["witnesses"], "{report}");
    let said = "tribune counts as not having signed, since keys of type 6 are not checked";
    assert!(check(&report, "witnesses").unwrap().1.contains(said), "{report}");
    let enough = proof(&[(&gazette, FIRST), (&archive, FIRST)]);
    assert_eq!(verify(&zip(&enough), &trust(&policy)).exit_status(), 0);
}

#[test]
fn without_a_quorum_nothing_is_said_about_witnesses() {
    let [gazette, ..] = three();
    let policy = format!("log {}\nwitness gazette {}\nquorum none\n", fixture::key().vkey(), gazette.vkey());
    let files = proof(&[]);
    let report = verify(&zip(&files), &trust(&policy));
    assert_eq!(report, verify(&zip(&files), &fixture::pinned()), "a policy of one log is a key");
    assert_eq!(check(&report, "witnesses"), None);
}

#[test]
fn of_several_logs_the_one_of_the_proofs_name_is_meant() {
    let (own, other, theirs) = (fixture::key().vkey(), fixture::other_key().vkey(), fixture::recipients_key().vkey());
    let zip = zip(&proof(&[]));
    let outcome = |logs: &[&str]| {
        let logs: String = logs.iter().map(|key| format!("log {key}\n")).collect();
        let report = verify(&zip, &trust(&(logs + "quorum none\n")));
        (report.failing().collect::<Vec<_>>(), check(&report, "key").unwrap().1.to_owned())
    };
    let [own, other, theirs] = [own, other, theirs].map(|key| key.to_string());
    assert_eq!(outcome(&[&theirs, &own]), (vec![], format!("it is the trusted one: {own}")));
    assert_eq!(outcome(&[&other, &own]).0, [""; 0], "two keys of one log: the one that signed");
    assert_eq!(outcome(&[&theirs, &other]).0, ["signature", "key"]);
    let (failing, said) = outcome(&[&theirs, "future.example+00000000+BgEBAQ=="]);
    assert_eq!((failing, said.starts_with("it came with the proof")), (vec![], true), "a policy of other logs: {said}");
    let report = verify(&zip, &trust("quorum none\n"));
    assert_eq!(check(&report, "key").unwrap().0, Outcome::NotChecked, "a policy without logs pins none");
}

#[test]
fn without_a_key_the_post_is_what_ties_the_one_in_the_proof_to_the_account() {
    let key = fixture::key().vkey();
    let mut files = proof(&[]);
    let report = verify(&zip(&files), &Trust::default());
    let said = format!(
        "it came with the proof, and the post, which shows the head that it signed, is what ties it to the account; \
         compare it with the one that is published: {key}"
    );
    assert_eq!(check(&report, "key"), Some((Outcome::NotChecked, said.as_str())));
    files.remove("post.txt");
    resum(&mut files);
    let report = verify(&zip(&files), &Trust::default());
    let said = format!(
        "it came with the proof, and no post ties it to an account; compare it with the one that is published: {key}"
    );
    assert_eq!(check(&report, "key"), Some((Outcome::NotChecked, said.as_str())));
}

#[test]
fn the_recipients_log_may_be_asked_for_witnesses_of_its_own() {
    let mut files = unzip(&fixture::received_proof(&received().receipt()));
    let policy = cosigner::policy(&fixture::recipients_key().vkey().to_string());
    let trust = Trust { receipt_log: Some(Policy::parse(policy.as_bytes()).unwrap()), ..fixture::pinned() };
    let report = verify(&zip(&files), &trust);
    assert_eq!(report.failing().collect::<Vec<_>>(), ["receipt witnesses"], "{report}");
    let text = String::from_utf8(files["receipt.inclusion"].clone()).unwrap();
    let at = text.find("ministry.example").unwrap();
    let cosigned = three().iter().fold(text[at..].to_owned(), |note, signer| signer.cosign(&note, SECOND));
    files.insert("receipt.inclusion".into(), format!("{}{cosigned}", &text[..at]).into_bytes());
    resum(&mut files);
    let report = verify(&zip(&files), &trust);
    assert_eq!((report.exit_status(), failing(&files)), (4, vec![]), "{report}");
    assert_eq!(check(&report, "receipt witnesses").unwrap().0, Outcome::Holds);
}

fn json(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = verbale(folder, arguments);
    let said = serde_json::from_slice(&output.stdout);
    (output.status.code().unwrap(), said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}

fn outcome<'a>(report: &'a Value, name: &str) -> Option<&'a str> {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).map(|check| check["outcome"].as_str().unwrap())
}

#[test]
fn verify_takes_a_policy_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let [gazette, tribune, _] = three();
    fs::write(folder.path().join("policy"), fixture_policy()).unwrap();
    fs::write(folder.path().join("proof.zip"), zip(&proof(&[(&gazette, FIRST), (&tribune, FIRST)]))).unwrap();
    fs::write(folder.path().join("bare.zip"), zip(&proof(&[]))).unwrap();
    let verify = |proof| json(folder.path(), &["verify", "--json", "--log", "policy", proof]);
    let (status, report) = verify("proof.zip");
    assert_eq!((status, outcome(&report, "witnesses"), outcome(&report, "key")), (0, Some("holds"), Some("holds")));
    let (status, report) = verify("bare.zip");
    assert_eq!((status, outcome(&report, "witnesses")), (1, Some("fails")));
    fs::write(folder.path().join("policy"), fixture_policy().replace("group two 2", "group two 4")).unwrap();
    let what = "policy is neither a log's public key nor a policy: policy, line 5: expected at least one member, and no more needed than there are";
    let arguments = ["verify", "--log", "policy", "proof.zip"];
    assert_refused(folder.path(), &arguments, 2, what, "or a policy as c2sp.org/tlog-policy describes it");
    fs::write(folder.path().join("policy"), "# ".repeat(150_000)).unwrap();
    let what =
        "policy is neither a log's public key nor a policy: policy is 262145 bytes long, more than the 262144 allowed";
    assert_refused(folder.path(), &arguments, 2, what, "c2sp.org/tlog-policy");
}

#[test]
fn audit_takes_a_policy_and_asks_the_published_head_for_its_witnesses() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    publish(&log, &plain(3), "embassy").unwrap();
    let vkey = crate::support::harness::key().vkey().to_string();
    fs::write(folder.path().join("policy"), cosigner::policy(&vkey)).unwrap();
    let audit = |arguments: &[&str]| json(folder.path(), &[&["audit", "--json", "log"], arguments].concat());
    let (status, report) = audit(&["--log", "policy"]);
    assert_eq!((status, outcome(&report, "witnesses"), outcome(&report, "key")), (1, Some("fails"), Some("holds")));
    let head = fs::read_to_string(log.join("checkpoint")).unwrap();
    let [gazette, tribune, _] = three();
    fs::write(log.join("checkpoint"), tribune.cosign(&gazette.cosign(&head, FIRST), SECOND)).unwrap();
    let (status, report) = audit(&["--log", "policy"]);
    assert_eq!((status, outcome(&report, "witnesses")), (0, Some("holds")), "{report:#}");
    let (status, report) = audit(&["--log", &vkey]);
    assert_eq!((status, outcome(&report, "witnesses")), (0, None), "nobody asked for any");
    let others = format!("log {}\nlog future.example+00000000+BgEBAQ==\n", fixture::recipients_key().vkey());
    fs::write(folder.path().join("policy"), others + "quorum none\n").unwrap();
    let (status, report) = audit(&["--log", "policy"]);
    assert_eq!((status, outcome(&report, "key")), (1, Some("fails")), "not the log that is trusted: {report:#}");
    fs::remove_file(log.join("log.vkey")).unwrap();
    let (status, report) = audit(&["--log", "policy"]);
    assert_eq!((status, outcome(&report, "key")), (1, Some("fails")), "nor without a key of its own: {report:#}");
}
