//! Secrets: read from files that only their owner may read, or from the environment; never shown.
//!
//! No message here repeats what stands in such a file, not even a part that could not be understood.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

use super::Error;
use crate::base::ids::Origin;
use crate::platform::x::Credentials;
use crate::tasks::replicate::BucketKey;
use crate::tlog::signed_note::LogKey;

/// The largest secret file that is read, in bytes.
const BYTES_MAX: u64 = 64 << 10;

/// Some values that belong together: all are in the environment, or all in a file.
struct Values<const N: usize> {
    what: &'static str,
    variables: [&'static str; N],
    keys: [&'static str; N],
    /// For "set all four variables" and "put the four values into".
    all: &'static str,
    the_values: &'static str,
}

/// In the order of [`Credentials`].
const OF_X: Values<4> = Values {
    what: "the credentials of X",
    variables: ["VERBALE_X_API_KEY", "VERBALE_X_API_SECRET", "VERBALE_X_ACCESS_TOKEN", "VERBALE_X_ACCESS_TOKEN_SECRET"],
    keys: ["api_key", "api_secret", "access_token", "access_token_secret"],
    all: "all four",
    the_values: "the four values of the account",
};

/// In the order of [`BucketKey`].
const OF_BUCKET: Values<2> = Values {
    what: "the key of the bucket",
    variables: ["VERBALE_S3_ACCESS_KEY_ID", "VERBALE_S3_SECRET_ACCESS_KEY"],
    keys: ["access_key_id", "secret_access_key"],
    all: "both",
    the_values: "the two values of the key",
};

/// Reads the credentials of X from the environment if it has all four, else from the file `path`.
///
/// # Errors
/// If the environment has only some of them, or the file is missing, open to others, or lacks a value.
pub fn credentials(path: &Path) -> Result<Credentials, Error> {
    let [api_key, api_secret, access_token, access_token_secret] = OF_X.read(path)?;
    Ok(Credentials { api_key, api_secret, access_token, access_token_secret })
}

/// Reads the key of a bucket from the environment if it has both values, else from the file `path`.
///
/// # Errors
/// As [`credentials`].
pub fn bucket_key(path: &Path) -> Result<BucketKey, Error> {
    let [id, secret] = OF_BUCKET.read(path)?;
    Ok(BucketKey { id, secret })
}

impl<const N: usize> Values<N> {
    fn read(&self, path: &Path) -> Result<[SecretString; N], Error> {
        match self.in_variables(|name| std::env::var(name).ok())? {
            Some(values) => Ok(values),
            None => self.in_file(path),
        }
    }

    fn in_variables(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Option<[SecretString; N]>, Error> {
        let values = self.variables.map(|name| variable(name).filter(|value| !value.is_empty()));
        if values.iter().all(Option::is_none) {
            return Ok(None);
        }
        let missing = values.iter().zip(self.variables).filter(|(value, _)| value.is_none()).map(|(_, name)| name);
        let missing = missing.collect::<Vec<_>>().join(", ");
        if !missing.is_empty() {
            return Err(Error::new(
                format!("the environment has only a part of {}: {missing} is not set", self.what),
                format!("set {} variables, or none of them to use the file", self.all),
            ));
        }
        Ok(Some(values.map(|value| value.unwrap_or_default().into())))
    }

    fn in_file(&self, path: &Path) -> Result<[SecretString; N], Error> {
        let shown = path.display();
        let remedy = format!("put {} into {shown}, each as `key = \"value\"`", self.the_values);
        let text = read(path, self.what, &remedy)?;
        let table: toml::Table = text.expose_secret().parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(0, |span| text.expose_secret()[..span.start].matches('\n').count() + 1);
            let what = format!("{shown}:{line}: this line is not TOML; it is not shown because it may be secret");
            Error::new(what, &*remedy)
        })?;
        if let Some(key) = table.keys().find(|key| !self.keys.contains(&key.as_str())) {
            let known = self.keys.join(", ");
            return Err(Error::new(
                format!("{shown}: unknown key `{key}`"),
                format!("the keys of this file are {known}"),
            ));
        }
        let mut values = [const { String::new() }; N];
        for (value, key) in values.iter_mut().zip(self.keys) {
            let found = table.get(key).and_then(toml::Value::as_str).map_or("", str::trim);
            if found.is_empty() {
                return Err(Error::new(
                    format!("{shown}: {key} is missing or empty"),
                    "the comments in that file say where its value comes from; it is text in double quotes",
                ));
            }
            found.clone_into(value);
        }
        Ok(values.map(SecretString::from))
    }
}

/// Reads the secret keys that may open notes: a file as `age-keygen` writes it.
///
/// # Errors
/// If the file is missing, open to others, or holds no such key.
pub fn identities(path: &Path) -> Result<Vec<age::x25519::Identity>, Error> {
    let remedy = "name a file that `age-keygen` or `verbale init` made";
    let text = read(path, "the secret key that opens notes", remedy)?;
    let lines = text.expose_secret().lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
    let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let parsed = keys.map(|(number, line)| {
        age::x25519::Identity::from_str(line)
            .map_err(|_| Error::new(format!("{}:{number}: this line is not an age secret key", path.display()), remedy))
    });
    let identities = parsed.collect::<Result<Vec<_>, _>>()?;
    if identities.is_empty() {
        return Err(Error::new(format!("{} holds no age secret key", path.display()), remedy));
    }
    Ok(identities)
}

/// Reads the log's key, which must be of the log `origin`.
///
/// # Errors
/// If the file is missing, open to others, no log's key, or of another log.
pub fn log_key(path: &Path, origin: &Origin) -> Result<LogKey, Error> {
    let shown = path.display();
    let remedy = "restore it from its backup; a new key is a new log, which `verbale init` makes";
    let text = read(path, "the log's secret key", remedy)?;
    let key = LogKey::parse(text.expose_secret().as_bytes())
        .map_err(|_| Error::new(format!("{shown} is not a log's secret key"), remedy))?;
    if key.name() != origin {
        return Err(Error::new(
            format!("{shown} is the key of the log {}, but the configuration is about {origin}", key.name()),
            "correct `origin` or `key_file` in the configuration",
        ));
    }
    Ok(key)
}

/// Reads the secret file `path`, called `what` in messages; `remedy` says how to get one that is missing.
fn read(path: &Path, what: &str, remedy: &str) -> Result<SecretString, Error> {
    let shown = path.display();
    let unreadable = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            return Error::unread(&error, format!("there is no file {shown}: {what}"), remedy);
        }
        let why = format!("{what} in {shown} cannot be read: {error}");
        Error::unread(&error, why, format!("let the user that runs this program own it: chown verbale {shown}"))
    };
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    let mode = about.mode() & 0o777;
    if mode & forbidden(path) != 0 {
        return Err(Error::new(
            format!("{what} in {shown} can be read or changed by others (mode {mode:03o})"),
            format!("run: chmod 600 {shown}   and consider whether somebody has read it already"),
        ));
    }
    let mut text = String::new();
    file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(Error::new(format!("{shown} is larger than the {BYTES_MAX} bytes that {what} may have"), remedy));
    }
    Ok(text.into())
}

/// The bits of a mode that a secret file may not have. In the folder that systemd gives to one service alone
/// (`LoadCredential=`) the bits of the group are the mask of an access list for that service's user.
fn forbidden(path: &Path) -> u32 {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty());
    if folder.is_some_and(|folder| path.starts_with(folder)) { 0o007 } else { 0o077 }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const MARK: &str = "MARKEDSECRET";

    fn file(mode: u32, text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    fn refusal(mode: u32, text: &str) -> Error {
        let file = file(mode, text);
        let Err(error) = OF_X.in_file(file.path()) else { panic!("{text} was taken") };
        assert!(!error.to_string().contains(MARK), "{error}");
        error
    }

    #[test]
    fn credentials_come_from_a_file_of_four_values() {
        let file = file(0o600, "api_key='a'\napi_secret=' b '\naccess_token=\"c\"\naccess_token_secret='d'");
        let credentials = credentials(file.path()).unwrap();
        assert_eq!(credentials.api_secret.expose_secret(), "b");
        assert_eq!(credentials.access_token_secret.expose_secret(), "d");
    }

    #[test]
    fn the_key_of_a_bucket_comes_from_a_file_of_two_values() {
        let key = bucket_key(file(0o600, "access_key_id='a'\nsecret_access_key='b'").path()).unwrap();
        assert_eq!((key.id.expose_secret(), key.secret.expose_secret()), ("a", "b"));
        let error = bucket_key(file(0o600, "access_key_id='a'").path()).unwrap_err();
        assert!(error.what.ends_with("secret_access_key is missing or empty"), "{error}");
        let error = bucket_key(Path::new("/nowhere/bucket.toml")).unwrap_err();
        assert!(
            error.to_string().contains("/nowhere/bucket.toml: the key of the bucket\nput the two values"),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_that_closes_it() {
        for mode in [0o640, 0o604, 0o620, 0o666] {
            let error = refusal(mode, MARK);
            assert!(error.what.contains(&format!("(mode {mode:03o})")), "{error}");
            assert!(error.remedy.starts_with("run: chmod 600 /"), "{error}");
        }
    }

    #[test]
    fn no_message_repeats_what_stands_in_the_file() {
        let error = refusal(0o600, &format!("api_key = 'a'\napi_secret = {MARK}\n"));
        assert!(error.what.contains(":2: this line is not TOML"), "{error}");
        let error = refusal(0o600, &format!("api_key = '{MARK}'\napi_secret = 7\n"));
        assert!(error.what.ends_with("api_secret is missing or empty"), "{error}");
        let error = refusal(0o600, &format!("apikey = '{MARK}'\n"));
        assert!(error.what.ends_with("unknown key `apikey`"), "{error}");
        let error = refusal(0o600, include_str!("../../../deploy/credentials.toml"));
        assert!(error.what.ends_with("api_key is missing or empty"), "{error}");
        let Err(error) = identities(file(0o600, &format!("# none\n{MARK}\n")).path()) else { panic!() };
        assert!(error.what.ends_with(":2: this line is not an age secret key"), "{error}");
        assert!(!error.to_string().contains(MARK));
    }

    #[test]
    fn the_environment_has_all_four_values_or_none() {
        assert!(OF_X.in_variables(|_| None).unwrap().is_none());
        assert!(OF_X.in_variables(|_| Some(String::new())).unwrap().is_none());
        let values = OF_X.in_variables(|name| Some(name.to_lowercase())).unwrap().unwrap();
        assert_eq!(values[2].expose_secret(), "verbale_x_access_token");
        let Err(error) = OF_X.in_variables(|name| (!name.ends_with("TOKEN_SECRET")).then(|| MARK.to_owned())) else {
            panic!("three values were taken")
        };
        assert!(error.what.contains("VERBALE_X_ACCESS_TOKEN_SECRET is not set"), "{error}");
        assert!(!error.to_string().contains(MARK));
    }

    #[test]
    fn a_key_of_another_log_is_refused() {
        let [ours, theirs] = ["embassy.example/notes", "other.example"].map(|name| Origin::parse(name).unwrap());
        let file = file(0o600, &LogKey::from_seed(ours.clone(), [7; 32]).to_file());
        assert_eq!(log_key(file.path(), &ours).unwrap().name(), &ours);
        let error = log_key(file.path(), &theirs).unwrap_err();
        assert!(error.what.ends_with("the log embassy.example/notes, but the configuration is about other.example"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let Err(error) = identities(Path::new("/nowhere/identity.txt")) else { panic!() };
        assert!(error.what.starts_with("there is no file /nowhere/identity.txt"), "{error}");
    }
}
