//! Openings at rest: encrypted with age (age-encryption.org/v1) to the officials' public keys.
//!
//! What is encrypted is the packed [`Opening`]: a zip with the same files as a proof. So `age --decrypt` and `unzip`
//! are enough to open a note without this program.

use std::io::Read;

use anyhow::{Context, bail};

use crate::base::hash::Hash;
use crate::note::Opening;

/// The longest encrypted opening that is decrypted: the note's own files, and some more.
const BYTES_MAX: u64 = 1 << 30;

/// Encrypts openings; it cannot decrypt them.
pub struct Vault {
    recipients: Vec<age::x25519::Recipient>,
}

impl Vault {
    /// Encrypts to each of these public keys, of which there must be at least one.
    pub fn new(recipients: Vec<age::x25519::Recipient>) -> Vault {
        Vault { recipients }
    }

    /// The opening of note `note`, encrypted.
    ///
    /// # Errors
    /// If there is no key to encrypt to.
    pub fn close(&self, note: u64, opening: &Opening) -> anyhow::Result<Vec<u8>> {
        let packed = opening.pack(note);
        let recipients = self.recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).context("cannot encrypt the opening")?;
        let mut sealed = Vec::with_capacity(packed.len() + 512);
        let mut writer = encryptor.wrap_output(&mut sealed)?;
        std::io::Write::write_all(&mut writer, &packed)?;
        writer.finish()?;
        Ok(sealed)
    }
}

/// In which condition a stored opening is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// It can be opened, and is what was sealed.
    Opens,
    /// It is encrypted to none of these keys: nothing more is known.
    Unknown,
    /// It cannot be opened with its key, or is not what was sealed.
    Damaged(String),
}

/// Looks whether a stored opening of note `note` can be opened, and is the one with this commitment.
pub fn condition(note: u64, sealed: &[u8], identities: &[age::x25519::Identity], commitment: Hash) -> Condition {
    let decryptor = match age::Decryptor::new_buffered(sealed) {
        Ok(decryptor) => decryptor,
        Err(error) => return Condition::Damaged(format!("it is not an age file: {error}")),
    };
    let known = identities.iter().map(|identity| identity as &dyn age::Identity);
    if let Err(age::DecryptError::NoMatchingKeys) = decryptor.decrypt(known) {
        return Condition::Unknown;
    }
    match open(note, sealed, identities) {
        Ok(opening) if Hash::of(&opening.envelope) == commitment => Condition::Opens,
        Ok(_) => Condition::Damaged("its envelope is not the one whose hash is in the log".to_owned()),
        Err(error) => Condition::Damaged(format!("{error:#}")),
    }
}

/// Decrypts the opening of note `note`.
///
/// # Errors
/// If no identity is that of a recipient, or what is inside is not the opening of this note.
pub fn open(note: u64, sealed: &[u8], identities: &[age::x25519::Identity]) -> anyhow::Result<Opening> {
    let identities = identities.iter().map(|identity| identity as &dyn age::Identity);
    let decryptor = age::Decryptor::new_buffered(sealed).context("the opening is not an age file")?;
    let reader = decryptor
        .decrypt(identities)
        .with_context(|| format!("the opening of note {note} is not encrypted to this identity"))?;
    let mut packed = Vec::new();
    reader.take(BYTES_MAX).read_to_end(&mut packed).context("the opening cannot be decrypted")?;
    let (found, opening) = Opening::unpack(&packed).context("the opening cannot be read")?;
    if found != note {
        bail!("the opening is that of note {found}, not {note}");
    }
    Ok(opening)
}
