use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer, SigningKey};

use super::*;
use crate::base::ids::Origin;
use crate::tlog::signed_note::LogKey;

const TEXT: &str = "embassy.example/notes\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

fn key_text(kind: u8, key: &[u8], name: &str) -> String {
    let typed = [&[kind], key].concat();
    let id = Hash::of(&[name.as_bytes(), b"\n", &typed].concat());
    format!("{name}+{}+{}", HEXLOWER.encode(&id.as_bytes()[..4]), BASE64.encode(&typed))
}

fn secret() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn key() -> WitnessKey {
    WitnessKey::parse(&key_text(4, secret().verifying_key().as_bytes(), "tribune.example")).unwrap()
}

fn line(message: &str, seconds: u64) -> String {
    let signature = secret().sign(message.as_bytes()).to_bytes();
    format!(
        "\u{2014} tribune.example {}\n",
        BASE64.encode(&[&key().id, seconds.to_be_bytes().as_slice(), &signature].concat())
    )
}

fn checkpoint(lines: &[String]) -> SignedNote {
    let log = LogKey::from_seed(Origin::parse("embassy.example/notes").unwrap(), [1; 32]);
    SignedNote::parse(format!("{}{}", log.sign(TEXT), lines.concat()).as_bytes()).unwrap()
}

fn signed(seconds: u64) -> String {
    line(&format!("cosignature/v1\ntime {seconds}\n{TEXT}"), seconds)
}

#[test]
fn a_cosignature_says_when() {
    let time = Time::from_ms(1_520_617_260_000);
    assert_eq!(key().cosigned(&checkpoint(&[signed(1_520_617_260)])), Cosigned::At(time));
    let both = checkpoint(&[signed(1_520_617_999), signed(1_520_617_260)]);
    assert_eq!(key().cosigned(&both), Cosigned::At(time), "of two moments the first");
    assert_eq!(key().cosigned(&checkpoint(&[])), Cosigned::Not);
    let last = Time::parse("9998-12-31T23:59:59.000Z").unwrap();
    assert_eq!(key().cosigned(&checkpoint(&[signed(253_370_764_799)])), Cosigned::At(last));
    for seconds in [253_370_764_800, u64::MAX] {
        assert_eq!(key().cosigned(&checkpoint(&[signed(seconds)])), Cosigned::Wrong, "{seconds} is no time");
    }
    assert_eq!(Cosigned::At(time).not_before(time.plus_ms(1)), Cosigned::Early(time), "before there was such a head");
}

#[test]
fn a_line_that_does_not_fit_counts_for_nothing() {
    let message = format!("cosignature/v1\ntime 7\n{TEXT}");
    for bad in [
        line(&message, 8),
        line(TEXT, 7),
        line(&message.replace("v1", "v2"), 7),
        line(&message.replace("\n0\n", "\n1\n"), 7),
        line(&message.replace("time 7", "time 07"), 7),
    ] {
        assert_eq!(key().cosigned(&checkpoint(std::slice::from_ref(&bad))), Cosigned::Wrong);
        let seven = Cosigned::At(Time::from_ms(7_000));
        assert_eq!(key().cosigned(&checkpoint(&[signed(7), bad.clone()])), seven, "anybody can have added the other");
        assert_eq!(key().cosigned(&checkpoint(&[bad, signed(7)])), seven);
    }
    let short = format!("\u{2014} tribune.example {}\n", BASE64.encode(&[&key().id, [0; 8].as_slice()].concat()));
    assert_eq!(key().cosigned(&checkpoint(&[short])), Cosigned::Wrong);
}

#[test]
fn a_line_of_another_name_or_id_is_somebody_elses() {
    let line = signed(7);
    assert_eq!(key().cosigned(&checkpoint(&[line.replace("tribune", "gazette")])), Cosigned::Not);
    let mut other = key();
    other.id[0] ^= 1;
    assert_eq!(other.cosigned(&checkpoint(&[line])), Cosigned::Not);
}

#[test]
fn keys_of_other_types_are_known_to_be_unknown() {
    let other = WitnessKey::parse(&key_text(6, &[7; 1312], "future.example")).unwrap();
    assert_eq!(other.cosigned(&checkpoint(&[signed(7)])), Cosigned::Type(6));
    for kind in OTHERS {
        assert_eq!(WitnessKey::parse(&key_text(kind, secret().verifying_key().as_bytes(), "a")), None, "type {kind}");
    }
}

#[test]
fn a_key_that_anybody_can_sign_with_or_of_no_curve_is_refused() {
    assert_eq!(WitnessKey::parse(&key_text(4, &[0; 32], "a")), None, "a point of small order");
    let mut none = [0; 32];
    none[0] = 2;
    assert_eq!(WitnessKey::parse(&key_text(4, &none, "a")), None);
    assert_eq!(WitnessKey::parse(&key_text(4, &[7; 31], "a")), None);
    assert_eq!(WitnessKey::parse(&key_text(4, &[], "a")), None);
    assert_eq!(WitnessKey::parse(&key_text(6, &[7; KEY_BYTES_MAX], "a")), None);
}
