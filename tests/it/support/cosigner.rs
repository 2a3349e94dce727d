//! A witness, made by hand from C2SP tlog-cosignature: its key, its signature lines, and policies that name it.

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer, SigningKey};
use verbale::base::hash::Hash;
use verbale::tlog::signed_note::SignedNote;

pub struct Cosigner {
    pub name: &'static str,
    key: SigningKey,
}

impl Cosigner {
    pub fn new(name: &'static str, seed: u8) -> Cosigner {
        Cosigner { name, key: SigningKey::from_bytes(&[seed; 32]) }
    }

    fn typed(&self) -> Vec<u8> {
        [&[4], self.key.verifying_key().as_bytes().as_slice()].concat()
    }

    fn id(&self) -> Vec<u8> {
        Hash::of(&[self.name.as_bytes(), b"\n", &self.typed()].concat()).as_bytes()[..4].to_vec()
    }

    pub fn vkey(&self) -> String {
        format!("{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), BASE64.encode(&self.typed()))
    }

    /// The line that it would add to a checkpoint with this text at this moment.
    pub fn line(&self, text: &str, seconds: u64) -> String {
        let signature = self.key.sign(format!("cosignature/v1\ntime {seconds}\n{text}").as_bytes());
        let bytes = [&self.id(), seconds.to_be_bytes().as_slice(), &signature.to_bytes()].concat();
        format!("\u{2014} {} {}\n", self.name, BASE64.encode(&bytes))
    }

    /// The checkpoint with that line after all others.
    pub fn cosign(&self, checkpoint: &str, seconds: u64) -> String {
        let note = SignedNote::parse(checkpoint.as_bytes()).unwrap();
        format!("{checkpoint}{}", self.line(note.text(), seconds))
    }
}

/// Three of them, with the names in the policies of the tests.
pub fn three() -> [Cosigner; 3] {
    [Cosigner::new("gazette.example", 11), Cosigner::new("tribune.example", 12), Cosigner::new("archive.example", 13)]
}

/// `log`, three witnesses, two of whom are needed.
pub fn policy(log: &str) -> String {
    let [a, b, c] = three().map(|witness| witness.vkey());
    format!(
        "log {log}\nwitness gazette {a}\nwitness tribune {b}\nwitness archive {c}\ngroup two 2 gazette tribune archive\nquorum two\n"
    )
}
