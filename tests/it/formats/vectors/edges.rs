//! The vectors at the edges of Ed25519, where implementations differ: RFC 8032 without the cofactor, S below the order, R compared
//! byte for byte, keys canonical and not of small order. No signer makes these.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::{EdwardsPoint, Scalar};
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha512};
use verbale::base::hash::Hash;

use super::Case;
use super::set::Set;

const NAME: &str = "embassy.example/notes";

pub fn all() -> Vec<Case> {
    let mut cases = keys().cases;
    cases.extend(signatures());
    cases
}

/// A key in the form of signed-note, whatever its bytes.
fn vkey(key: &[u8; 32]) -> (String, [u8; 4]) {
    let typed = [&[1], key.as_slice()].concat();
    let hash = Hash::of(&[NAME.as_bytes(), b"\n", &typed].concat());
    let id: [u8; 4] = hash.as_bytes()[..4].try_into().unwrap();
    (format!("{NAME}+{}+{}", HEXLOWER.encode(&id), BASE64.encode(&typed)), id)
}

/// The number p + `more` as 32 bytes: a y that is not in its canonical form.
fn beyond_p(more: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    (bytes[0], bytes[31]) = (0xed + more, 0x7f);
    bytes
}

fn keys() -> Set {
    let mut set = Set::new("vkey");
    for (place, point) in EIGHT_TORSION.iter().enumerate() {
        let text = format!("{}\n", vkey(point.compress().as_bytes()).0);
        set.invalid(
            &format!("small-order-{place}"),
            "A key under which anybody can sign: its point is of small order.",
            &text,
        );
    }
    for (name, bytes) in
        [("zero", beyond_p(0)), ("one", beyond_p(1)), ("three", beyond_p(3)), ("eighteen", beyond_p(18))]
    {
        let text = format!("{}\n", vkey(&bytes).0);
        set.invalid(&format!("beyond-p-{name}"), "The number in the key is not below p.", &text);
    }
    let mut negative = EIGHT_TORSION[0].compress().to_bytes();
    negative[31] |= 0x80;
    set.invalid("negative-zero", "The key says that its x, which is 0, is odd.", &format!("{}\n", vkey(&negative).0));
    set
}

/// What is hashed between a signature and its text.
fn challenge(r: &[u8; 32], key: &[u8; 32], text: &str) -> Scalar {
    let digest = Sha512::new().chain_update(r).chain_update(key).chain_update(text.as_bytes()).finalize();
    Scalar::from_bytes_mod_order_wide(&digest.into())
}

/// Why one signature is an edge.
struct Edge {
    expect: &'static str,
    name: &'static str,
    comment: &'static str,
    key: [u8; 32],
    r: [u8; 32],
    s: [u8; 32],
    text: String,
}

fn signatures() -> Vec<Case> {
    edges()
        .into_iter()
        .flat_map(|edge| {
            let (vkey, id) = vkey(&edge.key);
            let line = BASE64.encode(&[id.as_slice(), &edge.r, &edge.s].concat());
            let mut set = Set::new("signed-note");
            set.headers.push(("vkey", vkey));
            let note = format!("{}\n\u{2014} {NAME} {line}\n", edge.text);
            set.add(edge.expect, &format!("edge-{}", edge.name), edge.comment, note.as_bytes());
            set.cases
        })
        .collect()
}

fn edges() -> Vec<Edge> {
    let secret = Scalar::from_bytes_mod_order([7; 32]);
    let nonce = Scalar::from_bytes_mod_order([8; 32]);
    let bytes = |point: EdwardsPoint| point.compress().to_bytes();
    let key = bytes(secret * ED25519_BASEPOINT_POINT);
    let r = bytes(nonce * ED25519_BASEPOINT_POINT);
    let identity = bytes(EIGHT_TORSION[0]);
    let text = "This is an example message.\n".to_owned();
    let s = |r: &[u8; 32], text: &str| nonce + challenge(r, &key, text) * secret;
    let of_identity = challenge(&identity, &key, &text) * secret;
    let not_canonical = beyond_p(1);
    let of_not_canonical = challenge(&not_canonical, &key, &text) * secret;
    let mut all = vec![
        Edge {
            expect: "valid",
            name: "plain",
            comment: "Made by hand as a signer makes it.",
            key,
            r,
            s: s(&r, &text).to_bytes(),
            text: text.clone(),
        },
        Edge {
            expect: "invalid",
            name: "s-beyond-order",
            comment: "S is the order of the group too large.",
            key,
            r,
            s: plus_order(s(&r, &text).to_bytes()),
            text: text.clone(),
        },
        Edge {
            expect: "valid",
            name: "r-small-order",
            comment: "R is of small order, which only the key's holder can bring about.",
            key,
            r: identity,
            s: of_identity.to_bytes(),
            text: text.clone(),
        },
        Edge {
            expect: "invalid",
            name: "r-not-canonical",
            comment: "R is not in its canonical form.",
            key,
            r: not_canonical,
            s: of_not_canonical.to_bytes(),
            text,
        },
    ];
    all.extend(mixed(secret, nonce));
    all
}

/// A key with a part of small order, which is no key of small order. Without the cofactor a signature holds only if that part
/// happens to vanish.
fn mixed(secret: Scalar, nonce: Scalar) -> [Edge; 2] {
    let key = (secret * ED25519_BASEPOINT_POINT + EIGHT_TORSION[1]).compress().to_bytes();
    let r = (nonce * ED25519_BASEPOINT_POINT).compress().to_bytes();
    let vanishes = |text: &str| challenge(&r, &key, text).to_bytes()[0].is_multiple_of(8);
    let edge = |expect, name, comment, wanted: bool| {
        let text = (0..).map(|n| format!("Message {n}.\n")).find(|text| vanishes(text) == wanted).unwrap();
        let s = (nonce + challenge(&r, &key, &text) * secret).to_bytes();
        Edge { expect, name, comment, key, r, s, text }
    };
    [
        edge("valid", "mixed-order-vanishes", "The key has a part of small order, which vanishes here.", true),
        edge("invalid", "mixed-order", "The key has a part of small order: it holds only with the cofactor.", false),
    ]
}

/// The order of the group, 2^252 + 27742317777372353535851937790883648493, added to a number.
fn plus_order(number: [u8; 32]) -> [u8; 32] {
    let minus_one = (-Scalar::ONE).to_bytes();
    let mut carry = 1;
    let mut sum = [0; 32];
    for (at, (a, b)) in number.into_iter().zip(minus_one).enumerate() {
        let all = u16::from(a) + u16::from(b) + carry;
        (sum[at], carry) = (all.to_le_bytes()[0], all >> 8);
    }
    sum
}
