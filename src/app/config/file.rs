//! The configuration as it stands in the file, key by key: `deploy/config.toml` says what each means.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::{Config, Error, bot, persons, position, receipt, rule, upload, values};
use crate::base::ids::Origin;
use crate::base::time::Time;
use crate::tasks::persons::Persons;
use crate::tasks::rules::{Correspondent, Rule};

/// The hosts of X itself, which allows 15 polls in 15 minutes.
const X_HOSTS: [&str; 2] = ["api.x.com", "api.twitter.com"];
/// The shortest time between polls at X.
const POLL_MIN_AT_X: Duration = Duration::from_secs(60);
/// The shortest time between polls elsewhere.
const POLL_MIN: Duration = Duration::from_millis(10);
const DAY: Duration = Duration::from_secs(86_400);
const RECIPIENTS_MAX: usize = 32;
pub(super) const CORRESPONDENTS_MAX: usize = 256;
const ATTACHMENT_BYTES_MAX: u64 = 64 << 20;
const RUN_OVER_MAX: u64 = 1000;
/// The time between polls of messages, if nothing is said.
const POLL: Duration = Duration::from_secs(90);
/// How long a request may wait for a second official.
const LAPSE_MIN: Duration = Duration::from_secs(60);
const LAPSE_MAX: Duration = Duration::from_secs(30 * 86_400);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    log: Log,
    openings: Openings,
    x: X,
    watch: Watch,
    publish: Publish,
    bot: Option<bot::Raw>,
    #[serde(default)]
    open: Open,
    #[serde(default)]
    slip: Slip,
    #[serde(default)]
    receipt: receipt::Raw,
    serve: Option<Serve>,
    upload: Option<Spanned<upload::Raw>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Log {
    #[serde(deserialize_with = "origin")]
    origin: Origin,
    #[serde(default = "key_file", deserialize_with = "file_name")]
    key_file: PathBuf,
    #[serde(default = "database", deserialize_with = "file_name")]
    database: PathBuf,
    #[serde(default = "public", deserialize_with = "file_name")]
    public: PathBuf,
    #[serde(default, deserialize_with = "public_address")]
    address: Option<reqwest::Url>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Openings {
    #[serde(deserialize_with = "recipients")]
    recipients: Vec<age::x25519::Recipient>,
    #[serde(default, deserialize_with = "some_file_name")]
    identity_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct X {
    #[serde(default = "api", deserialize_with = "address")]
    api: reqwest::Url,
    #[serde(default = "web", deserialize_with = "address")]
    web: reqwest::Url,
    #[serde(default = "credentials_file", deserialize_with = "file_name")]
    credentials_file: PathBuf,
    #[serde(default = "timeout", deserialize_with = "call_time")]
    timeout: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Watch {
    poll: Option<Spanned<Span>>,
    #[serde(default = "attachments_timeout", deserialize_with = "attachments_time")]
    attachments_timeout: Duration,
    #[serde(default = "attachment_bytes_max", deserialize_with = "attachment_bytes")]
    attachment_bytes_max: u64,
    #[serde(deserialize_with = "rule::all")]
    rule: Vec<Rule>,
}

/// A length of time, still without limits.
#[derive(Deserialize)]
pub(super) struct Span(#[serde(with = "humantime_serde")] Duration);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Publish {
    #[serde(default = "unknown_outcome_timeout", deserialize_with = "unknown_outcome_time")]
    unknown_outcome_timeout: Duration,
    #[serde(default = "run_over", deserialize_with = "run_length")]
    run_over: u64,
    #[serde(default = "heartbeat", deserialize_with = "schedule")]
    heartbeat: Option<cron::Schedule>,
    #[serde(default, deserialize_with = "moment")]
    ignore_posts_until: Option<Time>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    #[serde(default)]
    approval: bool,
    #[serde(default, deserialize_with = "lapse_time")]
    lapse: Option<Duration>,
    #[serde(default, deserialize_with = "persons::read")]
    persons: Persons,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slip {
    send: Option<Spanned<bool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Serve {
    #[serde(deserialize_with = "socket")]
    address: SocketAddr,
}

/// Reads `text`, found in the file `path`, whose folder other file names are relative to.
pub(super) fn parse(text: &str, path: &Path) -> Result<Config, Error> {
    let file: File = toml::from_str(text).map_err(|error| position::error(&error, text, path))?;
    let at_place = |(span, message): Misplaced| position::at(span, &message, text, path);
    let poll = poll(file.watch.poll.as_ref(), POLL, &file.x).map_err(at_place)?;
    let bot_poll = file.bot.as_ref().and_then(|bot| bot.poll.as_ref());
    let bot_poll = self::poll(bot_poll, bot::POLL, &file.x).map_err(at_place)?;
    apart(&file).map_err(|message| position::at(None, &message, text, path))?;
    let send = slip(&file).map_err(at_place)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let File { log, openings, x, watch, publish, bot, open, receipt, serve, upload, .. } = file;
    let upload = upload.map(|raw| (Some(raw.span()), raw.into_inner().place(folder)));
    let upload = upload.map(|(span, to)| to.map_err(|message| position::at(span, &message, text, path))).transpose()?;
    Ok(Config {
        log: super::Log {
            origin: log.origin,
            key_file: folder.join(log.key_file),
            database: folder.join(log.database),
            public: folder.join(log.public),
            address: log.address,
        },
        openings: super::Openings {
            recipients: openings.recipients,
            identity_file: openings.identity_file.map(|name| folder.join(name)),
        },
        x: super::X { api: x.api, web: x.web, credentials_file: folder.join(x.credentials_file), timeout: x.timeout },
        watch: super::Watch {
            poll,
            attachments_timeout: watch.attachments_timeout,
            attachment_bytes_max: watch.attachment_bytes_max,
            rules: watch.rule,
        },
        publish: super::Publish {
            unknown_outcome_timeout: publish.unknown_outcome_timeout,
            run_over: publish.run_over,
            heartbeat: publish.heartbeat,
            ignore_posts_until: publish.ignore_posts_until,
        },
        bot: bot.map(|raw| raw.with(bot_poll)),
        open: super::Open { approval: open.approval, lapse: open.lapse.unwrap_or(DAY), persons: open.persons },
        slip: super::Slip { send },
        receipt: receipt.section(),
        serve: serve.map(|serve| super::Serve { address: serve.address }),
        upload,
    })
}

/// What is wrong with a value, and where it stands.
type Misplaced = (Option<std::ops::Range<usize>>, String);

/// The time between polls: what X allows depends on whether it is X.
fn poll(given: Option<&Spanned<Span>>, otherwise: Duration, x: &X) -> Result<Duration, Misplaced> {
    let Some(poll) = given else { return Ok(otherwise) };
    let at_x = x.api.host_str().is_some_and(|host| X_HOSTS.contains(&host));
    let least = if at_x { POLL_MIN_AT_X } else { POLL_MIN };
    let Span(given) = *poll.get_ref();
    within(given, least, DAY).map_err(|message| (Some(poll.span()), message))
}

/// What an official writes is a command and what a correspondent is sent may be a note: nobody is both. One whom the rules
/// name by name is only known when the daemon runs.
fn apart(file: &File) -> Result<(), String> {
    let correspondents: Vec<_> = file.watch.rule.iter().flat_map(|rule| &rule.correspondents).collect();
    let officials = file.bot.iter().flat_map(|bot| &bot.officials);
    let mut both = officials.filter(|official| correspondents.contains(&&Correspondent::Id(**official)));
    both.next().map_or(Ok(()), |official| {
        Err(format!(
            "bot.officials: {official} is among the correspondents too: notes to an official are never sealed\n\
             name another account of that person, or take it out of one of the two"
        ))
    })
}

/// Whether slips are sent: each is made of its note's opening, which the daemon must be able to open.
fn slip(file: &File) -> Result<bool, Misplaced> {
    match &file.slip.send {
        Some(send) if *send.get_ref() && file.openings.identity_file.is_none() => {
            let what = "slip.send: slips are made of openings, and the daemon has no key that opens them";
            Err((Some(send.span()), format!("{what}\nset `identity_file`, or leave slips off")))
        }
        send => Ok(send.as_ref().is_some_and(|send| *send.get_ref())),
    }
}

fn key_file() -> PathBuf {
    "log.key".into()
}

fn database() -> PathBuf {
    "verbale.db".into()
}

fn public() -> PathBuf {
    "public".into()
}

fn credentials_file() -> PathBuf {
    "credentials.toml".into()
}

/// An address that is known to be one.
#[allow(clippy::expect_used, reason = "only called with the two constants below")]
fn known(address: &str) -> reqwest::Url {
    address.parse().expect("a valid address")
}

fn api() -> reqwest::Url {
    known("https://api.x.com")
}

fn web() -> reqwest::Url {
    known("https://x.com")
}

const fn timeout() -> Duration {
    Duration::from_secs(10)
}

const fn attachments_timeout() -> Duration {
    Duration::from_secs(20)
}

const fn attachment_bytes_max() -> u64 {
    ATTACHMENT_BYTES_MAX
}

const fn unknown_outcome_timeout() -> Duration {
    Duration::from_secs(600)
}

const fn run_over() -> u64 {
    5
}

fn heartbeat() -> Option<cron::Schedule> {
    "0 55 23 * * *".parse().ok()
}

fn origin<'de, D: Deserializer<'de>>(from: D) -> Result<Origin, D::Error> {
    values::origin(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn file_name<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    let name = PathBuf::deserialize(from)?;
    if name.as_os_str().is_empty() {
        return Err(D::Error::custom("the file name is empty\nname a file, or remove the line for the default"));
    }
    Ok(name)
}

pub(super) fn some_file_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    file_name(from).map(Some)
}

/// A list whose length is between two limits, and each of whose texts is read.
pub(super) fn list<'de, D: Deserializer<'de>, T>(
    from: D,
    (least, most): (usize, usize),
    (what, remedy): (&str, &str),
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let count = texts.len();
    if !(least..=most).contains(&count) {
        let allowed = if least == 0 { format!("at most {most}") } else { format!("{least} to {most}") };
        return Err(D::Error::custom(format!("{count} {what}, but {allowed} are allowed\n{remedy}")));
    }
    texts.iter().map(|text| read(text).map_err(D::Error::custom)).collect()
}

fn recipients<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<age::x25519::Recipient>, D::Error> {
    let remedy = "name the public keys of the officials who may open notes: `age-keygen -o official.txt` makes one";
    list(from, (1, RECIPIENTS_MAX), ("public keys", remedy), values::recipient)
}

pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<reqwest::Url, D::Error> {
    values::address(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn public_address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<reqwest::Url>, D::Error> {
    values::public_address(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}

fn socket<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    values::socket(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn duration<'de, D: Deserializer<'de>>(from: D, least: Duration, most: Duration) -> Result<Duration, D::Error> {
    within(humantime_serde::deserialize(from)?, least, most).map_err(D::Error::custom)
}

fn within(given: Duration, least: Duration, most: Duration) -> Result<Duration, String> {
    if (least..=most).contains(&given) {
        return Ok(given);
    }
    Err(format!("{given:?} is not between {least:?} and {most:?}\nwrite a time between them, like \"{least:?}\""))
}

fn call_time<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration(from, Duration::from_millis(100), crate::platform::CALL_TIME_MAX)
}

fn attachments_time<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration(from, Duration::ZERO, Duration::from_secs(600))
}

fn unknown_outcome_time<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration(from, Duration::ZERO, DAY)
}

fn lapse_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    duration(from, LAPSE_MIN, LAPSE_MAX).map(Some)
}

pub(super) fn number<'de, D: Deserializer<'de>>(from: D, least: u64, most: u64) -> Result<u64, D::Error> {
    let given = u64::deserialize(from)?;
    if (least..=most).contains(&given) {
        return Ok(given);
    }
    Err(D::Error::custom(format!("{given} is not between {least} and {most}\nwrite a number between them")))
}

fn attachment_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    number(from, 1, ATTACHMENT_BYTES_MAX)
}

fn run_length<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    number(from, 1, RUN_OVER_MAX)
}

fn schedule<'de, D: Deserializer<'de>>(from: D) -> Result<Option<cron::Schedule>, D::Error> {
    let text = String::deserialize(from)?;
    if text == "off" {
        return Ok(None);
    }
    let remedy = "write six fields, like \"0 55 23 * * *\" for each day at 23:55 UTC, or \"off\"";
    text.parse().map(Some).map_err(|_| D::Error::custom(format!("`{text}` is not a schedule\n{remedy}")))
}

fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Time>, D::Error> {
    let text = String::deserialize(from)?;
    let remedy = "write it in UTC with milliseconds, like \"2026-11-22T12:00:00.000Z\"";
    Time::parse(&text).map(Some).ok_or_else(|| D::Error::custom(format!("`{text}` is not a moment\n{remedy}")))
}
