//! The vectors of the policy: each invalid one differs from a valid one by one fault.

use verbale::tlog::policy::COUNT_MAX;

use super::Case;
use super::set::Set;
use crate::support::{cosigner, fixture};

pub fn all() -> Vec<Case> {
    let mut set = Set::new("policy");
    let log = fixture::key().vkey().to_string();
    valid(&mut set, &log);
    let base = cosigner::policy(&log);
    set.invalid("empty", "Nothing at all.", "");
    set.invalid("no-last-lf", "The last LF is missing.", base.strip_suffix('\n').unwrap());
    set.fault(&base, "crlf", "The first line ends in CR LF.", "\n", "\r\n");
    set.invalid("bom", "A byte order mark stands before the first line.", &format!("\u{feff}{base}"));
    set.fault(&base, "delete", "A comment holds the control character 127.", "log ", "# \u{7f}\nlog ");
    set.fault(&base, "upper-case", "A word in capitals.", "log ", "LOG ");
    set.fault(&base, "unknown-line", "A line of no known kind.", "log ", "mirror x\nlog ");
    set.fault(
        &base,
        "comment-after-line",
        "A line has more words after its address.",
        "quorum two",
        "quorum two # both",
    );
    logs_and_witnesses(&mut set, &base, &log);
    groups(&mut set, &base);
    quorums(&mut set, &base);
    limits(&mut set);
    set.cases
}

fn valid(set: &mut Set, log: &str) {
    let base = cosigner::policy(log);
    set.valid("two-of-three", "A log, three witnesses, two of whom are needed.", &base);
    set.valid("none", "A log, and no witness.", &format!("log {log}\nquorum none\n"));
    set.valid("quorum-alone", "Nothing but that no witness is needed.", "quorum none\n");
    let other = fixture::other_key().vkey();
    set.valid("two-logs", "Two keys of logs of one name.", &format!("log {log}\nlog {other}\nquorum none\n"));
    let one = base.replace("group two 2 gazette tribune archive\nquorum two", "quorum tribune");
    set.valid("one-witness", "One witness is needed, of three.", &one);
    let deep = base.replace(
        "group two 2 gazette tribune archive\nquorum two",
        "group press any gazette tribune\ngroup both all press archive\nquorum both",
    );
    set.valid("groups-of-groups", "A group that is a member of another.", &deep);
    let spaced = format!(" # who we trust\n\n\t\n{}# the end\n", base.replace(' ', " \t "));
    set.valid("white-space", "Comments, empty lines, tabs, and white space around the words.", &spaced);
    let last = format!("quorum none\nlog {log}\n");
    set.valid("quorum-first", "A log after the line quorum: the order of logs means nothing.", &last);
    let urls = base.replacen(log, &format!("{log} https://embassy.example/notes/"), 1);
    set.valid("url", "The address of a log, which nothing here uses.", &urls);
    let names = base.replace("gazette ", "газета ");
    set.valid("name-not-ascii", "A name beyond ASCII.", &names);
    let bytes = base.replace("tribune ", "tribune\u{1} ");
    let bytes: Vec<u8> = bytes.bytes().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
    set.add("valid", "name-not-utf8", "A name with the byte 255.", &bytes);
    let kelvin = base.replace("gazette ", "K ").replace("tribune ", "\u{212a} ");
    set.valid("names-alike", "Two names that Unicode takes for the same: names are bytes.", &kelvin);
    let unknown = format!("{}+00000000+{}", "future.example", "BgEBAQ==");
    let unknown = base.replacen("witness gazette ", &format!("witness future {unknown}\nwitness gazette "), 1);
    set.valid("witness-of-another-type", "A witness with a key of type 6, which is not checked.", &unknown);
    let unknown = format!("log future.example+00000000+BgEBAQ==\n{base}");
    set.valid("log-of-another-type", "A log with a key of type 6, which is not checked.", &unknown);
}

fn logs_and_witnesses(set: &mut Set, base: &str, log: &str) {
    let [gazette, tribune, _] = cosigner::three().map(|witness| witness.vkey());
    set.fault(base, "log-without-key", "A log has no key.", &format!("log {log}"), "log");
    set.fault(base, "log-other-id", "The id of a log's key does not fit.", "6bef85f7", "6bef85f8");
    set.fault(
        base,
        "log-with-a-witness-key",
        "A log with a key of type 4.",
        log,
        &gazette.replace("gazette", "embassy"),
    );
    let twice = format!("log {log}\nlog {log} https://embassy.example/\n");
    set.fault(base, "log-twice", "Two logs with the same key.", &format!("log {log}\n"), &twice);
    set.fault(base, "witness-without-name", "A witness has no name.", "witness gazette ", "witness ");
    set.fault(base, "witness-without-key", "A witness has no key.", &format!("gazette {gazette}"), "gazette");
    set.fault(
        base,
        "witness-other-name",
        "The id of a witness's key does not fit its name.",
        "gazette.ex",
        "gazelle.ex",
    );
    set.fault(base, "witness-with-a-log-key", "A witness with a key of type 1.", &gazette, log);
    set.fault(base, "witness-key-twice", "Two witnesses with the same key.", &tribune, &gazette);
    set.fault(base, "witness-named-twice", "Two witnesses of one name.", "witness tribune", "witness gazette");
    set.fault(base, "witness-named-none", "A witness with the name none.", "witness gazette", "witness none");
    set.fault(base, "witness-words-after", "Two words after a witness's key.", &gazette, &format!("{gazette} a b"));
}

fn groups(set: &mut Set, base: &str) {
    let all = "2 gazette tribune archive";
    for (name, comment, to) in [
        ("group-of-none", "A group without members.", "any"),
        ("group-of-zero", "None of the members is needed.", "0 gazette tribune archive"),
        ("group-of-too-many", "Four of three members.", "4 gazette tribune archive"),
        ("group-leading-zero", "The number has a leading zero.", "02 gazette tribune archive"),
        ("group-sign", "The number has a sign.", "+2 gazette tribune archive"),
        ("group-other-word", "Neither all, any nor a number.", "most gazette tribune archive"),
        ("group-number-too-large", "The number is 2^64 and 2.", "18446744073709551618 gazette tribune archive"),
        ("group-member-twice", "A member stands there twice.", "2 gazette tribune gazette"),
        ("group-member-unknown", "A member that is not defined.", "2 gazette tribune courier"),
        ("group-member-none", "A member with the name none.", "2 gazette tribune none"),
        ("group-of-itself", "A group that is its own member.", "2 gazette tribune two"),
    ] {
        set.fault(base, name, comment, all, to);
    }
    set.fault(base, "group-named-as-witness", "A group with the name of a witness.", "group two", "group archive");
    set.fault(base, "group-named-none", "A group with the name none.", "group two", "group none");
    let again = format!("{all}\ngroup more any archive");
    set.fault(base, "group-member-of-two", "A witness in two groups.", all, &again);
    let lines: Vec<&str> = base.lines().collect();
    let text: String = [0, 1, 2, 4, 3, 5].map(|line| format!("{}\n", lines[line])).concat();
    set.invalid("group-member-later", "A member that is defined after the group.", &text);
}

fn quorums(set: &mut Set, base: &str) {
    set.fault(base, "quorum-missing", "No line quorum.", "quorum two\n", "");
    set.fault(base, "quorum-twice", "Two lines quorum.", "quorum two\n", "quorum two\nquorum two\n");
    set.fault(base, "quorum-unknown", "The quorum is not defined.", "quorum two", "quorum three");
    set.fault(base, "quorum-of-two", "Two names after quorum.", "quorum two", "quorum gazette tribune");
    set.fault(base, "quorum-without-name", "No name after quorum.", "quorum two", "quorum");
    let text = format!("quorum two\n{}", base.replace("quorum two\n", ""));
    set.invalid("quorum-before-group", "The quorum is defined after the line quorum.", &text);
}

fn limits(set: &mut Set) {
    let logs = |count: usize| -> String {
        let key = |index: usize| {
            format!("log l{index}+00000000+{}\n", data_encoding::BASE64.encode(&[6, (index >> 8) as u8, index as u8]))
        };
        (0..count).map(key).collect::<String>() + "quorum none\n"
    };
    set.valid("logs-256", "256 logs.", &logs(COUNT_MAX));
    set.invalid("logs-257", "257 logs.", &logs(COUNT_MAX + 1));
}
