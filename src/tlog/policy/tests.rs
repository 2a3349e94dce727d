use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;

use super::*;
use crate::base::hash::Hash;
use crate::tlog::signed_note::LogKey;

const TEXT: &str = "embassy.example/notes\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

fn log_key(seed: u8, name: &str) -> LogKey {
    LogKey::from_seed(Origin::parse(name).unwrap(), [seed; 32])
}

fn secret(number: usize) -> SigningKey {
    SigningKey::from_bytes(&[u8::try_from(number).unwrap() + 100; 32])
}

fn id(number: usize) -> Vec<u8> {
    let typed = [&[4], secret(number).verifying_key().as_bytes().as_slice()].concat();
    Hash::of(&[format!("w{number}\n").as_bytes(), &typed].concat()).as_bytes()[..4].to_vec()
}

fn witness_key(number: usize) -> String {
    let typed = [&[4], secret(number).verifying_key().as_bytes().as_slice()].concat();
    format!("w{number}+{}+{}", HEXLOWER.encode(&id(number)), BASE64.encode(&typed))
}

/// A checkpoint that these witnesses signed, each at its second.
fn checkpoint(signers: &[(usize, u64)]) -> SignedNote {
    let mut note = log_key(1, "embassy.example/notes").sign(TEXT);
    for (number, seconds) in signers {
        let signature = secret(*number).sign(format!("cosignature/v1\ntime {seconds}\n{TEXT}").as_bytes()).to_bytes();
        let bytes = [&id(*number), seconds.to_be_bytes().as_slice(), &signature].concat();
        note += &format!("\u{2014} w{number} {}\n", BASE64.encode(&bytes));
    }
    SignedNote::parse(note.as_bytes()).unwrap()
}

fn witnesses(count: usize) -> String {
    (0..count).map(|number| format!("witness {number} {}\n", witness_key(number))).collect()
}

fn since(policy: &str, signers: &[(usize, u64)]) -> Option<i64> {
    let quorum = Policy::parse(policy.as_bytes()).unwrap().quorum(&[&checkpoint(signers)], None).unwrap();
    quorum.since.map(|time| time.ms() / 1000)
}

#[test]
fn the_example_of_the_specification() {
    let mut text = witnesses(6);
    text += "group X-witnesses 2 0 1 2\ngroup Y-witnesses any 3 4 5\ngroup X-and-Y all X-witnesses Y-witnesses\n";
    text += "quorum X-and-Y\n";
    assert_eq!(since(&text, &[(0, 10), (2, 30), (4, 20)]), Some(30), "there when the last had signed that it takes");
    assert_eq!(since(&text, &[(0, 10), (1, 40), (2, 30), (3, 5), (4, 20)]), Some(30));
    assert_eq!(since(&text, &[(0, 10), (1, 40), (2, 30)]), None, "no Y");
    assert_eq!(since(&text, &[(0, 10), (3, 40), (4, 30), (5, 9)]), None, "one X");
    assert_eq!(since(&text, &[]), None);
}

#[test]
fn a_witness_may_be_the_quorum_and_none_asks_for_nobody() {
    let text = witnesses(2) + "quorum 1\n";
    assert_eq!(since(&text, &[(1, 7)]), Some(7));
    assert_eq!(since(&text, &[(0, 7)]), None);
    let none = Policy::parse((witnesses(2) + "quorum none\n").as_bytes()).unwrap();
    assert!(none.quorum(&[&checkpoint(&[(0, 7)])], None).is_none() && !none.asks_for_witnesses() && !none.names_logs());
}

#[test]
fn the_key_of_a_log_is_that_of_its_name_and_rather_the_one_that_is_shown() {
    let [old, new] = [1, 2].map(|seed| log_key(seed, "embassy.example/notes").vkey());
    let other = log_key(3, "ministry.example").vkey();
    let text = format!("log {other}\nlog {old}\nlog {new}\nquorum none\n");
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let origin = old.name();
    assert_eq!(policy.key_of(Some(origin), Some(&new)), Some(&new));
    assert_eq!(policy.key_of(Some(origin), Some(&other)), Some(&old), "the name counts, not what is shown");
    assert_eq!(policy.key_of(Some(origin), None), Some(&old));
    assert_eq!(policy.key_of(None, Some(&other)), Some(&other));
    assert_eq!(policy.key_of(None, None), None);
    let stranger = Origin::parse("elsewhere.example").unwrap();
    assert_eq!(policy.key_of(Some(&stranger), Some(&old)), None);
    assert_eq!(Policy::from(old.clone()).key_of(Some(&stranger), Some(&new)), Some(&old), "the only log is meant");
    let alone = Policy::parse(format!("log {old}\nquorum none\n").as_bytes()).unwrap();
    assert_eq!(alone, Policy::from(old), "a key is a policy");
}

#[test]
fn a_log_of_another_kind_gives_no_key() {
    let text = "log future.example+00000000+BgEBAQ==\nquorum none\n";
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let origin = Origin::parse("future.example").unwrap();
    assert!(policy.names_logs() && policy.key_of(Some(&origin), None).is_none());
}

#[test]
fn limits_are_told() {
    let long = vec![b'#'; BYTES_MAX + 1];
    assert!(matches!(Policy::parse(&long), Err(ParseError::TooLarge { limit: BYTES_MAX, .. })));
    let mut full = vec![b'#'; BYTES_MAX - 13];
    full.extend(b"\nquorum none\n");
    assert_eq!(full.len(), BYTES_MAX);
    assert!(Policy::parse(&full).is_ok());
    let error = Policy::parse(b"quorum none\nlog x\n").unwrap_err();
    assert!(matches!(error, ParseError::Line { line: 2, .. }), "{error}");
    let error = Policy::parse(b"# nothing\n").unwrap_err();
    assert_eq!(error.to_string(), "policy, line 2: expected quorum <name>|none");
    let many: String = (0..=COUNT_MAX).map(|name| format!("witness {name} x+00000000+{}\n", typed(name))).collect();
    let error = Policy::parse(many.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "policy, line 257: expected at most 256 witnesses and groups");
}

fn typed(number: usize) -> String {
    let [.., high, low] = number.to_be_bytes();
    BASE64.encode(&[6, high, low])
}

#[test]
fn names_cannot_steer_a_terminal() {
    let text = format!("witness \u{9b}2J {}\nquorum \u{9b}2J\n", witness_key(0));
    let quorum = Policy::parse(text.as_bytes()).unwrap().quorum(&[&checkpoint(&[])], None).unwrap();
    assert_eq!(quorum.name, "\u{fffd}2J");
}

/// A tree of groups over witnesses: how many of its members each needs.
#[derive(Clone, Debug)]
enum Node {
    Leaf,
    Group(usize, Vec<Node>),
}

fn node() -> impl Strategy<Value = Node> {
    Just(Node::Leaf).prop_recursive(3, 24, 4, |inner| {
        prop::collection::vec(inner, 1..4)
            .prop_flat_map(|members| (1..=members.len(), Just(members)))
            .prop_map(|(needed, members)| Node::Group(needed, members))
    })
}

/// The lines that define it, in `lines`, and its name.
fn write(node: &Node, lines: &mut Vec<String>, leaves: &mut usize) -> String {
    match node {
        Node::Leaf => {
            let name = leaves.to_string();
            lines.push(format!("witness {name} {}", witness_key(*leaves)));
            *leaves += 1;
            name
        }
        Node::Group(needed, members) => {
            let names: Vec<String> = members.iter().map(|member| write(member, lines, leaves)).collect();
            let needed = match needed {
                1 => "any".to_owned(),
                all if *all == members.len() => "all".to_owned(),
                number => number.to_string(),
            };
            let name = format!("g{}", lines.len());
            lines.push(format!("group {name} {needed} {}", names.join(" ")));
            name
        }
    }
}

/// Whether the witnesses that had signed at that second are enough, by the definition.
fn met(node: &Node, signed: &[Option<u64>], second: u64, leaf: &mut usize) -> bool {
    match node {
        Node::Leaf => {
            *leaf += 1;
            signed[*leaf - 1].is_some_and(|at| at <= second)
        }
        Node::Group(needed, members) => {
            let count = members.iter().map(|member| met(member, signed, second, leaf)).filter(|met| *met).count();
            *needed <= count
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_quorum_is_there_from_the_first_moment_at_which_enough_had_signed(
        node in node(),
        signed in prop::collection::vec(prop::option::of(1..9_u64), 64),
        spaces in prop::sample::select(vec![" ", "\t", "  \t "]),
    ) {
        let (mut lines, mut leaves) = (Vec::new(), 0);
        let name = write(&node, &mut lines, &mut leaves);
        prop_assume!(leaves < 60);
        lines.push(format!("quorum {name}"));
        let text = lines.join("\n") + "\n";
        let signers: Vec<(usize, u64)> = (0..leaves).filter_map(|leaf| Some((leaf, signed[leaf]?))).collect();
        let expected = (1..9).find(|second| met(&node, &signed, *second, &mut 0)).map(u64::cast_signed);
        prop_assert_eq!(since(&text, &signers), expected);
        let spaced = text.replace(' ', spaces).replace('\n', "\n # a comment\n\t\n");
        prop_assert_eq!(Policy::parse(spaced.as_bytes()), Policy::parse(text.as_bytes()));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
        let _ = Policy::parse(&bytes);
        let mut text = (witnesses(3) + "group a 2 0 1 2\nquorum a\n").into_bytes();
        let at = at.index(text.len());
        text.splice(at..text.len().min(at + bytes.len() / 40), bytes);
        if let Ok(policy) = Policy::parse(&text) {
            let _ = policy.quorum(&[&checkpoint(&[(0, 1), (1, 2)])], None);
        }
    }
}
