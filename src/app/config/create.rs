//! A new folder with everything that the program needs: made whole, or not at all.
//!
//! It is filled under a name that says that it is unfinished, and renamed when it is complete. A crash before that leaves
//! a folder `.NAME.unfinished-…` without a secret in it: secrets are written into files that have no name until the very
//! last steps. The next attempt to make the same folder removes it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::unnamed::{Unnamed, write};
use super::{Config, Error};
use crate::base::ids::Origin;
use crate::platform::x::Credentials;
use crate::tasks::publish;
use crate::tasks::rules::{Correspondent, Formal};
use crate::tlog::signed_note::{LogKey, VerifierKey};

/// The configuration with its defaults. Where only the operator knows the value, it has a word like `@ORIGIN@`.
pub const TEMPLATE: &str = include_str!("../../../deploy/config.toml");

/// The file of the credentials, still without them.
pub const CREDENTIALS_TEMPLATE: &str = include_str!("../../../deploy/credentials.toml");

/// What only the operator knows.
pub struct Answers {
    /// The log's name.
    pub origin: Origin,
    /// The accounts that formal messages go to; at least one.
    pub correspondents: Vec<Correspondent>,
    /// Which messages to them are formal.
    pub formal: Formal,
    /// The officials' public keys. If there are none, the folder gets a secret key of its own.
    pub recipients: Vec<age::x25519::Recipient>,
    /// The account's credentials. If they are None, the file of credentials is left to be filled in.
    pub credentials: Option<Credentials>,
    /// Other keys of the configuration and what to write instead of their defaults: `("poll", "50ms".into())`. A table
    /// is a section that the template leaves out, like `bot`.
    pub settings: Vec<(&'static str, toml::Value)>,
}

/// What others need to know of a new folder.
pub struct Created {
    /// The log's public key.
    pub log: VerifierKey,
    /// The public key to the secret one that was made, if one was.
    pub recipient: Option<age::x25519::Recipient>,
}

/// Creates the folder `dir`, which must not exist yet or be empty, with the log's key made from `seed`, 32 random
/// bytes. `complete` adds what other modules keep in such a folder. It gets the configuration as it stands in a
/// temporary folder beside `dir`. The folder is renamed to `dir` only when it is complete and on the disk.
///
/// # Errors
/// If `dir` is not empty, or a file cannot be written. Then nothing is left behind, and nothing was changed.
pub fn create(
    dir: &Path,
    answers: &Answers,
    seed: [u8; 32],
    complete: impl FnOnce(&Config, &LogKey) -> anyhow::Result<()>,
) -> anyhow::Result<Created> {
    let temporary = beside(dir)?;
    remove_unfinished(dir);
    // Held until this process ends, however it ends: nobody takes the folder for one that a crash has left.
    let _held = begin(&temporary).map_err(|error| cannot(&temporary, &error))?;
    let created = fill(&temporary, answers, seed, complete).and_then(|(created, secrets)| {
        // A crash up to here leaves no secret. All bytes are on the disk; only names are missing.
        secrets.iter().try_for_each(Unnamed::name).map_err(|error| cannot(dir, &error))?;
        // On Linux this replaces an empty folder in one step, and fails if anything is in it by now.
        fs::rename(&temporary, dir).map_err(|error| cannot(dir, &error))?;
        // After a crash here, too, the folder is whole or is not there: a disk keeps the order of names.
        sync(dir).and_then(|()| sync(parent(dir))).map_err(|error| cannot(dir, &error))?;
        Ok(created)
    });
    if created.is_err() {
        // If the folder cannot be removed, its name says what it is; the first error matters more.
        let _ = fs::remove_dir_all(&temporary);
    }
    created
}

/// Whether a folder of this name can be made. Returns the name of the folder that is filled before it becomes `dir`.
///
/// # Errors
/// If it exists and is not empty, is not a folder, or its parent does not exist.
pub fn beside(dir: &Path) -> Result<PathBuf, Error> {
    let shown = dir.display();
    let Some(name) = dir.file_name() else {
        return Err(Error::new(
            format!("`{shown}` is no name for a new folder"),
            "name a folder that does not exist yet",
        ));
    };
    let remedy = "name a folder that does not exist yet; an existing one is never overwritten";
    match fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => return Err(Error::new(format!("the folder {shown} exists and is not empty"), remedy)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::new(format!("{shown} exists and is not an empty folder: {error}"), remedy)),
    }
    if !parent(dir).is_dir() {
        let parent = parent(dir).display();
        return Err(Error::new(
            format!("there is no folder {parent} to put {shown} in"),
            format!("run: mkdir -p {parent}"),
        ));
    }
    Ok(dir.with_file_name(format!("{}{}", unfinished(&name.to_string_lossy()), std::process::id())))
}

/// How the names begin that a folder of this name has before it is finished.
fn unfinished(name: &str) -> String {
    format!(".{name}.unfinished-")
}

/// Makes the folder, and locks it.
fn begin(temporary: &Path) -> io::Result<File> {
    DirBuilder::new().mode(0o700).create(temporary)?;
    let folder = File::open(temporary)?;
    folder.try_lock().map_err(|error| io::Error::other(error.to_string()))?;
    Ok(folder)
}

/// Removes what earlier attempts to make the folder `dir` have left, if their processes are gone. What cannot be removed is
/// in nobody's way.
fn remove_unfinished(dir: &Path) {
    let Some(begin) = dir.file_name().map(|name| unfinished(&name.to_string_lossy())) else { return };
    let Ok(entries) = fs::read_dir(parent(dir)) else { return };
    let left = entries.flatten().filter(|entry| {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        is_folder && entry.file_name().to_string_lossy().starts_with(&begin)
    });
    for path in left.map(|entry| entry.path()) {
        if File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

fn parent(dir: &Path) -> &Path {
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn fill(
    dir: &Path,
    answers: &Answers,
    seed: [u8; 32],
    complete: impl FnOnce(&Config, &LogKey) -> anyhow::Result<()>,
) -> anyhow::Result<(Created, Vec<Unnamed>)> {
    let key = LogKey::from_seed(answers.origin.clone(), seed);
    let identity = answers.recipients.is_empty().then(age::x25519::Identity::generate);
    let recipient = identity.as_ref().map(|identity| identity.to_public());
    let path = dir.join("config.toml");
    let text = configuration(answers, recipient.as_ref())?;
    write(&path, &text).map_err(|error| cannot(&path, &error))?;
    let config = Config::parse(&text, &path)?;
    let unmade = |error: anyhow::Error| cannot(&config.log.public, &io::Error::other(error));
    publish::prepare(&config.log.public).map_err(unmade)?;
    complete(&config, &key)?;
    close_to_others(dir).and_then(|()| sync(dir)).map_err(|error| cannot(dir, &error))?;
    let credentials = answers.credentials.as_ref().map_or_else(|| Ok(CREDENTIALS_TEMPLATE.to_owned()), with_values)?;
    let mut secrets = vec![("credentials.toml", credentials)];
    if let Some(identity) = &identity {
        let (public, secret) = (identity.to_public(), identity.to_string());
        secrets.push(("identity.txt", format!("# public key: {public}\n{}\n", secret.expose_secret())));
    }
    secrets.push(("log.key", key.to_file()));
    let unnamed = |(name, text): (&str, String)| Unnamed::write(dir, name, &text);
    let secrets: io::Result<_> = secrets.into_iter().map(unnamed).collect();
    Ok((Created { log: key.vkey(), recipient }, secrets.map_err(|error| cannot(dir, &error))?))
}

/// The template with the answers in it. `made` is the public key that belongs to the secret key in `identity.txt`.
fn configuration(answers: &Answers, made: Option<&age::x25519::Recipient>) -> Result<String, Error> {
    let mut text = TEMPLATE.to_owned();
    let list = |texts: Vec<String>| toml::Value::from(texts);
    let correspondents = answers.correspondents.iter().map(Correspondent::to_string).collect();
    let recipients = answers.recipients.iter().chain(made).map(ToString::to_string).collect();
    set(&mut text, "origin =", &format!("origin = {}", toml::Value::from(answers.origin.as_str())))?;
    set(&mut text, "correspondents =", &format!("correspondents = {}", list(correspondents)))?;
    set(&mut text, "recipients =", &format!("recipients = {}", list(recipients)))?;
    let formal = match &answers.formal {
        Formal::All => "all = true".to_owned(),
        Formal::Marker(marker) => format!("marker = {}", toml::Value::from(marker.as_str())),
        Formal::Pattern(pattern) => format!("pattern = {}", toml::Value::from(pattern.as_str())),
    };
    set(&mut text, "marker =", &formal)?;
    if made.is_some() {
        set(&mut text, "# identity_file =", "identity_file = \"identity.txt\"")?;
    }
    for (key, value) in &answers.settings {
        match value {
            toml::Value::Table(section) => set(&mut text, &format!("# [{key}]"), &format!("[{key}]\n{section}"))?,
            value => set(&mut text, &format!("{key} ="), &format!("{key} = {value}"))?,
        }
    }
    Ok(text)
}

fn with_values(credentials: &Credentials) -> Result<String, Error> {
    let mut text = CREDENTIALS_TEMPLATE.to_owned();
    for (key, value) in [
        ("api_key", &credentials.api_key),
        ("api_secret", &credentials.api_secret),
        ("access_token", &credentials.access_token),
        ("access_token_secret", &credentials.access_token_secret),
    ] {
        set(&mut text, &format!("{key} ="), &format!("{key} = {}", toml::Value::from(value.expose_secret())))?;
    }
    Ok(text)
}

/// Replaces the one line of `text` that begins with `start` by `line`.
fn set(text: &mut String, start: &str, line: &str) -> Result<(), Error> {
    let mut lines = text.lines().filter(|line| line.starts_with(start));
    let (Some(old), None) = (lines.next(), lines.next()) else {
        return Err(Error::new(
            format!("the configuration has no place for `{start}`"),
            "set it in the finished config.toml instead",
        ));
    };
    let at = old.as_ptr() as usize - text.as_ptr() as usize;
    text.replace_range(at..at + old.len(), line);
    Ok(())
}

/// Takes away from others the right to read the files in the folder `dir`, whoever wrote them.
fn close_to_others(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

/// Waits until the names in the folder `dir` are on the disk.
fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn cannot(path: &Path, error: &io::Error) -> Error {
    let folder = parent(path).display();
    Error::new(
        format!("{} cannot be created: {error}", path.display()),
        format!("let the user that runs this program write in {folder}, and see that its disk has room"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(marker: &str) -> Answers {
        Answers {
            origin: Origin::parse("embassy.example/\"notes\"").unwrap(),
            correspondents: vec![Correspondent::parse("ministry").unwrap(), Correspondent::parse("783214").unwrap()],
            formal: Formal::Marker(marker.to_owned()),
            recipients: Vec::new(),
            credentials: None,
            settings: vec![
                ("api", "http://127.0.0.1:4000".into()),
                ("poll", "50ms".into()),
                ("run_over", 7.into()),
                ("bot", toml::Table::from_iter([("poll".to_owned(), "70ms".into())]).into()),
            ],
        }
    }

    #[test]
    fn what_is_created_can_be_read_back() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("new");
        let marker = "NOTE \"VERBALE\" \\ '''\n\u{7f}é";
        let created = create(&dir, &answers(marker), [7; 32], |_, _| Ok(())).unwrap();
        let config = Config::load(&dir.join("config.toml")).unwrap();
        assert_eq!(config.log.origin.as_str(), "embassy.example/\"notes\"");
        assert_eq!(config.log.public, dir.join("public"));
        assert_eq!(config.openings.recipients[0].to_string(), created.recipient.unwrap().to_string());
        assert_eq!(config.watch.poll.as_millis(), 50);
        assert_eq!(config.publish.run_over, 7);
        assert_eq!(config.bot.unwrap().poll.as_millis(), 70);
        assert!(config.watch.rule[0].formal.is_met(marker));
        let identity = super::super::secrets::identities(&config.openings.identity_file.unwrap()).unwrap();
        assert_eq!(identity[0].to_public().to_string(), config.openings.recipients[0].to_string());
        let key = LogKey::parse(&fs::read(&config.log.key_file).unwrap()).unwrap();
        assert_eq!(key.vkey(), created.log);
        for name in ["config.toml", "log.key", "credentials.toml", "identity.txt"] {
            assert_eq!(fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        }
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn what_fails_half_way_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("new");
        assert!(create(&dir, &answers("N"), [7; 32], |_, _| anyhow::bail!("full")).is_err());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn until_it_is_complete_no_secret_has_a_name() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("new");
        let names = |dir: &Path| {
            let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        create(&dir, &answers("N"), [7; 32], |config, _| {
            assert_eq!(names(config.log.key_file.parent().unwrap()), ["config.toml", "public"]);
            Ok(())
        })
        .unwrap();
        assert_eq!(names(&dir), ["config.toml", "credentials.toml", "identity.txt", "log.key", "public"]);
    }

    #[test]
    fn what_a_crash_left_is_removed_by_the_next_attempt_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let path = |name: &str| parent.path().join(name);
        for name in [".new.unfinished-1", ".new.unfinished-2", ".other.unfinished-1", "new.unfinished-1"] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join("config.toml"), "left").unwrap();
        }
        let in_use = File::open(path(".new.unfinished-2")).unwrap();
        in_use.lock().unwrap();
        create(&path("new"), &answers("N"), [7; 32], |_, _| Ok(())).unwrap();
        let mut names: Vec<_> = fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".new.unfinished-2", ".other.unfinished-1", "new", "new.unfinished-1"]);
    }

    #[test]
    fn a_folder_that_holds_something_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("old");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("log.key"), "precious").unwrap();
        let Err(error) = create(&dir, &answers("N"), [7; 32], |_, _| Ok(())) else { panic!("overwritten") };
        assert!(error.to_string().contains("exists and is not empty\nname a folder"), "{error}");
        assert_eq!(fs::read_to_string(dir.join("log.key")).unwrap(), "precious");
        fs::remove_file(dir.join("log.key")).unwrap();
        create(&dir, &answers("N"), [7; 32], |_, _| Ok(())).unwrap();
    }

    #[test]
    fn the_template_is_no_configuration_until_it_is_filled_in() {
        let Err(error) = Config::parse(TEMPLATE, Path::new("config.toml")) else { panic!("taken") };
        assert!(error.what.contains("`@RECIPIENTS@` is not an age public key"), "{error}");
    }
}
