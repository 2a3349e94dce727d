use std::time::Duration;

use super::create::TEMPLATE;
use super::*;
use crate::base::ids::AccountId;
use crate::tasks::persons::Persons;
use crate::tasks::reply::limits::Limits;
use crate::tasks::survey::SurveySettings;

const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// A configuration as `init` writes it.
fn text() -> String {
    TEMPLATE
        .replace("@ORIGIN@", "embassy.example/notes")
        .replace("@RECIPIENTS@", RECIPIENT)
        .replace("@CORRESPONDENTS@", "ministry")
        .replace("@MARKER@", "NOTE VERBALE")
}

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("/etc/verbale/config.toml"))
}

/// The message about the configuration in which `old` is `new`, without the file's name, and what to do.
fn refusal(old: &str, new: &str) -> (String, String) {
    let before = text();
    assert_eq!(before.matches(old).count(), 1, "{old}");
    let Err(error) = parse(&before.replace(old, new)) else { panic!("{new} was taken") };
    assert_eq!(error.to_string().lines().count(), 2, "{error}");
    let what = error.what.strip_prefix("/etc/verbale/config.toml:").unwrap();
    (what.to_owned(), error.remedy)
}

#[test]
fn the_template_says_the_defaults() {
    let full = parse(&text()).unwrap();
    let bare = parse(&format!(
        "[log]\norigin = 'embassy.example/notes'\n[openings]\nrecipients = ['{RECIPIENT}']\n[x]\n[watch]\n\
         [[watch.rule]]\ncorrespondents = ['ministry']\nall = true\n[publish]"
    ))
    .unwrap();
    for config in [full, bare] {
        assert_eq!(config.log.key_file, Path::new("/etc/verbale/log.key"));
        assert_eq!(config.log.database, Path::new("/etc/verbale/verbale.db"));
        assert_eq!(config.log.public, Path::new("/etc/verbale/public"));
        assert_eq!(config.log.address, None);
        assert_eq!(config.openings.identity_file, None);
        assert_eq!(config.x.api.as_str(), "https://api.x.com/");
        assert_eq!(config.x.web.as_str(), "https://x.com/");
        assert_eq!(config.x.credentials_file, Path::new("/etc/verbale/credentials.toml"));
        assert_eq!(config.x.timeout, Duration::from_secs(10));
        assert_eq!(config.watch.poll, Duration::from_secs(90));
        assert_eq!(config.watch.attachments_timeout, Duration::from_secs(20));
        assert_eq!(config.watch.attachment_bytes_max, 64 << 20);
        let SurveySettings { conversations, accounts_a_day } = config.correspondents;
        assert_eq!((conversations, accounts_a_day), (Duration::from_secs(900), 50));
        assert_eq!(config.publish.unknown_outcome_timeout, Duration::from_secs(600));
        assert_eq!(config.publish.run_over, 5);
        assert_eq!(config.publish.heartbeat.unwrap().to_string(), "0 55 23 * * *");
        assert!(!config.slip.send);
        let ReceiptSettings { from, publish, posts_a_day } = config.receipt;
        assert_eq!((from, publish, posts_a_day), (Vec::new(), false, 100));
        let OpenSettings { approval, lapse, persons } = config.open;
        assert_eq!((approval, lapse, persons), (false, Duration::from_secs(86_400), Persons::default()));
        assert!(config.serve.is_none() && config.upload.is_none());
    }
}

#[test]
fn sections_of_which_nothing_is_said_have_the_defaults() {
    let config = parse(&text()).unwrap();
    let watch = WatchSettings { rule: config.watch.rule.clone(), ..WatchSettings::default() };
    assert_eq!(format!("{:?}", config.watch), format!("{watch:?}"));
    assert!(WatchSettings::default().rule.is_empty());
    assert_eq!(format!("{:?}", config.correspondents), format!("{:?}", SurveySettings::default()));
    assert_eq!(format!("{:?}", config.publish), format!("{:?}", PublishSettings::default()));
    assert_eq!(format!("{:?}", config.open), format!("{:?}", OpenSettings::default()));
    assert_eq!(format!("{:?}", config.slip), format!("{:?}", SlipSettings::default()));
    assert_eq!(format!("{:?}", config.receipt), format!("{:?}", ReceiptSettings::default()));
    let bot = parse(&with_bot("")).unwrap().bot.unwrap();
    assert_eq!(format!("{bot:?}"), format!("{:?}", BotSettings::default()));
}

/// Asserts that a file says this, or writes it.
fn assert_written(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("VERBALE_WRITE_CONFIGURATION").is_some() {
        fs::write(&path, now).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(now.lines()).find(|(kept, now)| kept != now);
    assert!(kept == now, "{name} is not what the sections say, first here: {differs:#?}");
}

#[test]
fn the_files_about_the_configuration_are_made_from_its_sections() {
    assert_written("deploy/config.toml", &written::template());
    assert_written("src/CONFIGURATION.md", &written::table());
}

#[test]
fn every_key_is_in_the_template_with_a_comment() {
    let lines: Vec<&str> = TEMPLATE.lines().collect();
    for (i, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" = ") && !line.starts_with('#')) {
        assert!(lines[i - 1].starts_with('#'), "{line}");
    }
    assert!(TEMPLATE.lines().all(|line| line.chars().count() <= 120));
}

#[test]
fn a_file_name_is_relative_to_the_configuration() {
    let config =
        parse(&text().replace("\"public\"", "\"../www\"").replace("\"log.key\"", "\"/safe/log.key\"")).unwrap();
    assert_eq!(config.log.public, Path::new("/etc/verbale/../www"));
    assert_eq!(config.log.key_file, Path::new("/safe/log.key"));
}

#[test]
fn persons_are_named_once_with_their_keys_and_accounts() {
    let of = |persons: &str| parse(&text().replace("\npersons = []", &format!("\npersons = {persons}")));
    let config = of(&format!("[['5001', '{RECIPIENT}']]")).unwrap();
    assert_eq!(config.open.persons, Persons::new(vec![vec!["5001".to_owned(), RECIPIENT.to_owned()]]));
    for (persons, what) in [
        ("[['5001']]", "a person with 1 keys and accounts"),
        ("[['5001', 'ministry']]", "`ministry` is neither the number of an account nor a public key"),
        ("[['5001', '5002'], ['5003', '5001']]", "`5001` is named twice"),
    ] {
        let Err(error) = of(persons) else { panic!("{persons} was taken") };
        assert!(error.what.contains(what) && error.to_string().lines().count() == 2, "{error}");
    }
}

#[test]
fn the_public_address_is_one_that_a_link_can_begin_with() {
    let line = "# address = \"https://notes.embassy.example\"";
    let of = |address: &str| text().replace(line, &format!("address = \"{address}\""));
    let config = parse(&of("http://notes.embassy.example/log/")).unwrap();
    assert_eq!(config.log.address.unwrap().as_str(), "http://notes.embassy.example/log/");
    for wrong in ["notes.embassy.example", "ftp://embassy.example", "https://e.example/?a=b", "https://me:pw@e.example"]
    {
        let Err(error) = parse(&of(wrong)) else { panic!("{wrong} was taken") };
        assert!(error.remedy.contains("https://notes.embassy.example"), "{error}");
    }
}

#[test]
fn the_folder_is_served_on_an_address_with_a_port() {
    let of = |lines: &str| text().replace("# [serve]", &format!("[serve]\n{lines}"));
    for address in ["127.0.0.1:8080", "[::]:80"] {
        let config = parse(&of(&format!("address = \"{address}\""))).unwrap();
        assert_eq!(config.serve.unwrap().address.to_string(), address);
    }
    for (lines, what) in [
        ("address = \"localhost:8080\"", "address: `localhost:8080` is not an address to listen on"),
        ("address = \"127.0.0.1\"", "address: `127.0.0.1` is not an address to listen on"),
        ("address = 8080", "address: invalid type: integer `8080`, expected a string"),
        ("", "missing field `address`"),
        ("port = 8080", "unknown field `port`, expected `address`"),
    ] {
        let Err(error) = parse(&of(lines)) else { panic!("{lines} was taken") };
        assert!(error.what.contains(what) && error.to_string().lines().count() == 2, "{error}");
    }
}

#[test]
fn the_folder_is_copied_to_a_folder_or_to_a_bucket() {
    let of = |lines: &str| parse(&text().replace("# [upload]", &format!("[upload]\n{lines}\n")));
    let Some(Destination::Folder(folder)) = of("folder = 'copy'").unwrap().upload else { panic!() };
    assert_eq!(folder, Path::new("/etc/verbale/copy"));
    let Some(Destination::Bucket { name, endpoint, region, prefix, credentials_file }) =
        of("bucket = 'a-b'").unwrap().upload
    else {
        panic!()
    };
    assert_eq!((&*name, endpoint, &*region, &*prefix), ("a-b", None, "us-east-1", ""));
    assert_eq!(credentials_file, Path::new("/etc/verbale/bucket.toml"));
    assert!(of("bucket = 'a-b'\nendpoint = 'https://e.example'\nregion = 'eu'\nprefix = 'a/b.c'").is_ok());
    for (lines, what) in [
        ("", "[upload] does not say where to"),
        ("region = 'eu'", "[upload] does not say where to"),
        ("folder = 'a'\nbucket = 'a-b'", "[upload] says both a folder and a bucket"),
        ("folder = 'a'\nprefix = 'b'", "[upload] says both a folder and a bucket"),
        ("bucket = 'A_B'", "bucket: `A_B` is not the name of a bucket"),
        ("bucket = 'a-b'\nprefix = '/a'", "prefix: `/a` cannot be what names"),
        ("bucket = 'a-b'\nprefix = '../a'", "prefix: `../a` cannot be what names"),
        ("bucket = 'a-b'\nendpoint = 'http://e.example'", "endpoint: `http://e.example` would carry secrets"),
        ("bucket = 'a-b'\nsecret_access_key = 'x'", "unknown field `secret_access_key`, expected one of `folder`"),
        ("folder = ''", "folder: the file name is empty"),
    ] {
        let Err(error) = of(lines) else { panic!("{lines} was taken") };
        assert!(error.what.contains(what) && error.to_string().lines().count() == 2, "{error}");
    }
}

#[test]
fn the_heartbeat_can_be_off() {
    assert!(parse(&text().replace("\"0 55 23 * * *\"\n", "\"off\"\n")).unwrap().publish.heartbeat.is_none());
}

#[test]
fn polls_may_be_quicker_elsewhere_than_at_x() {
    let fast = text().replace("poll = \"90s\"", "poll = \"10ms\"");
    assert!(parse(&fast).is_err());
    let elsewhere = fast.replace("api = \"https://api.x.com\"", "api = \"http://127.0.0.1:4000\"");
    assert_eq!(parse(&elsewhere).unwrap().watch.poll, Duration::from_millis(10));
}

/// The configuration with a section `[bot]` of these lines.
fn with_bot(lines: &str) -> String {
    format!("{}\n[bot]\n{lines}\n", text())
}

#[test]
fn nobody_is_answered_unless_it_says_so() {
    assert!(parse(&text()).unwrap().bot.is_none());
    // What the template proposes, and nothing at all, are the same but for the officials.
    let (before, section) = TEMPLATE.split_once("# [bot]\n").unwrap();
    assert!(before.ends_with("Default: none\n"));
    let keys = section.lines().filter(|line| line.starts_with("# ") && line.contains(" = "));
    let keys: String = keys.map(|line| format!("{}\n", &line[2..])).collect();
    for (lines, officials) in [("", vec![]), (&*keys, vec![AccountId(783_214)])] {
        let bot = parse(&with_bot(lines)).unwrap().bot.unwrap();
        assert_eq!(bot.limits(), Limits { answers: 100, answers_each: 5, usd_micros: 2_000_000 });
        assert_eq!((bot.poll, bot.officials), (Duration::from_secs(300), officials));
    }
    assert_eq!(parse(&with_bot("usd_a_day = 3")).unwrap().bot.unwrap().usd_a_day, 3_000_000);
}

#[test]
fn what_the_bot_cannot_be_told_is_refused() {
    for (line, what, remedy) in [
        ("officials = [\"ministry\"]", "`ministry` is not the number of an account", "write the account's lasting"),
        ("officials = [783214]", "invalid type: integer", "correct that line"),
        ("answers_a_day = 0", "0 is not between 1 and 5000", "write a number"),
        ("answers_a_day_each = 101", "101 is not between 1 and 100", "write a number"),
        ("usd_a_day = 0.0", "0 is not between 0.05 and 1000", "write an amount"),
        ("usd_a_day = nan", "NaN is not between 0.05 and 1000", "write an amount"),
        ("poll = \"30s\"", "30s is not between 60s and 86400s", "write a time"),
        ("polls = \"5m\"", "unknown field `polls`", "correct its spelling"),
    ] {
        let Err(error) = parse(&with_bot(line)) else { panic!("{line} was taken") };
        assert!(error.what.contains(what) && error.remedy.starts_with(remedy), "{error}");
        assert_eq!(error.to_string().lines().count(), 2, "{error}");
    }
}

#[test]
fn an_official_is_no_correspondent() {
    let both = with_bot("officials = [\"783214\"]").replace("[\"ministry\"]", "[\"ministry\", \"783214\"]");
    let Err(error) = parse(&both) else { panic!("taken") };
    assert!(
        error.what.ends_with("783214 is among the correspondents too: notes to an official are never sealed"),
        "{error}"
    );
    assert!(error.remedy.starts_with("name another account"), "{error}");
}

/// What is wrong: what is replaced, by what, and how the message and the second line begin.
const REFUSALS: &[(&str, &str, &str, &str)] = &[
    ("poll = \"90s\"", "pol = \"90s\"", ":1: unknown field `pol`, expected", "correct its spelling"),
    ("origin = \"embassy", "#", ": missing field `origin`", "add it"),
    ("run_over = 5", "run_over = \"5\"", "run_over: invalid type: string \"5\", expected u64", "correct that line"),
    ("run_over = 5", "run_over = 0", "run_over: 0 is not between 1 and 1000", "write a number"),
    ("run_over = 5", "run_over = 5 5", "", "correct that line"),
    ("poll = \"90s\"", "poll = \"5s\"", "poll: 5s is not between 60s and 86400s", "write a time"),
    (
        "poll = \"90s\"",
        "poll = \"often\"",
        "poll: invalid value: string \"often\", expected a duration",
        "correct that",
    ),
    ("timeout = \"10s\"", "timeout = \"31s\"", "timeout: 31s is not between 100ms and 30s", "write a time"),
    (
        "notes\"\n\n# The log's",
        "no tes\"\n\n# The log's",
        "origin: `embassy.example/no tes` is not a log's",
        "write 1 to",
    ),
    ("key_file = \"log.key\"", "key_file = \"\"", "key_file: the file name is empty", "name a file"),
    ("api = \"https://api.x.com\"", "api = \"http://api.x.com\"", "api: `http://api.x.com` would carry", "write https"),
    ("api = \"https://api.x.com\"", "api = \"https://a:b@x.com\"", "api: an address may not carry", "write https"),
    ("api = \"https://api.x.com\"", "api = \"api.x.com\"", "api: `api.x.com` is not an address", "write https"),
    ("[\"ministry\"]", "[]", "correspondents: 0 accounts, but 1 to 256", "name the accounts"),
    ("[\"ministry\"]", "[\"a ministry\"]", "correspondents: `a ministry` is not an account", "write a name"),
    ("marker = \"NOTE VERBALE\"\n\n", "\n", "a rule does not say which messages are formal", "write exactly one"),
    ("marker = \"NOTE VERBALE\"\n\n", "all = false\n", "`all = false` would make no message formal", "write exactly"),
    ("marker = \"NOTE VERBALE\"\n\n", "all=true\nmarker='a'\n", "a rule says more than once which", "write exactly"),
    ("marker = \"NOTE VERBALE\"\n\n", "marker = ' '\n", "marker: the marker is empty", "for every message"),
    (
        "marker = \"NOTE VERBALE\"\n\n",
        "pattern = '(a'\n",
        "pattern: `(a` is not a regular expression: unclosed",
        "correct",
    ),
    ("heartbeat = \"0 55 23 * * *\"", "heartbeat = \"daily\"", "heartbeat: `daily` is not a schedule", "write six"),
    ("recipients = [\"age1", "recipients = [\"AGE-SECRET-KEY-1", "recipients: a secret key stands", "write the public"),
    ("recipients = [\"age1", "recipients = [\"age2", "recipients: `age2ql3z7hjy54pw3hyww5ayyfg7zqg", "write one as"),
    ("lapse = \"24h\"", "lapse = \"31d\"", "lapse: 2678400s is not between 60s and 2592000s", "write a time"),
    ("send = false", "send = true", "slip.send: slips are made of openings", "set `identity_file`"),
    ("from = []", "from = ['a b']", "from: `a b` is not an account", "write a name"),
    ("[publish]", "[publsh]", "unknown field `publsh`", "correct its spelling"),
];

#[test]
fn what_cannot_be_meant_is_refused_with_its_place_and_what_to_do() {
    for (old, new, what, remedy) in REFUSALS {
        let (found, to_do) = refusal(old, new);
        let place = found.split(": ").next().unwrap();
        assert!(place.split(':').count() == 2 && place.split(':').all(|n| n.parse::<u32>().is_ok()), "{found}");
        assert!(found.contains(what), "{new}\nexpected: {what}\nfound: {found}");
        assert!(to_do.starts_with(remedy), "{new}\nexpected: {remedy}\nfound: {to_do}");
        assert!(!found.contains("SECRET") && !to_do.contains("SECRET"), "{found}");
    }
}

#[test]
fn a_file_that_is_missing_or_too_large_is_named() {
    let Err(error) = Config::load(Path::new("/nowhere/config.toml")) else { panic!() };
    assert!(error.to_string().starts_with("there is no configuration /nowhere/config.toml\nname it with"), "{error}");
    let large = tempfile::NamedTempFile::new().unwrap();
    fs::write(&large, "#".repeat(1 + (1 << 20))).unwrap();
    let Err(error) = Config::load(large.path()) else { panic!() };
    assert!(error.what.contains("is larger than the 1048576 bytes"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    assert!(Config::load(folder.path()).is_err());
}

/// A new start may help where the system does not give a file, and not where it gives a wrong one.
#[test]
fn a_file_that_the_system_does_not_give_may_be_given_later() {
    let of = |error: std::io::Error| Error::unread(&error, "what", "remedy");
    let passes = |number: i32| of(std::io::Error::from_raw_os_error(number)).passes;
    assert!(passes(24), "too many open files");
    assert!(passes(5), "the disk fails");
    for kind in [std::io::ErrorKind::PermissionDenied, std::io::ErrorKind::NotFound] {
        let error = of(kind.into());
        assert!(error.may_appear && !error.passes, "a disk that is not there yet: {kind}");
    }
    let no_text = of(std::io::ErrorKind::InvalidData.into());
    assert!(!no_text.may_appear && !no_text.passes);
}
