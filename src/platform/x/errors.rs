//! What an answer that is not a success means for what the caller does next. Pure: status and body in, decision out.

use std::error::Error as _;

use serde_json::value::RawValue;

use super::endpoint::{Access, Endpoint};
use super::problem::Problem;
use crate::base::ids::PostId;
use crate::base::time::Time;
use crate::platform::Error;

/// The longest part of X's own words that is repeated.
const QUOTE_CHARS_MAX: usize = 200;

/// The names of X's kinds of problems are shorter than this.
const KIND_BYTES_MAX: usize = 40;

/// How long, and how many times in a row, credentials must be refused before a person is called. X itself has refused
/// every account for two hours.
const REFUSED_MS_MAX: i64 = 30 * 60 * 1000;
const REFUSED_TIMES_MAX: u32 = 5;

/// A signature is refused when its time is further than this from X's.
const CLOCK_MS_MAX: i64 = 5 * 60 * 1000;

/// An answer that is not a success, sorted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// X says that the thing does not exist.
    Absent,
    /// X says that it has suspended the account that was asked for.
    Suspended,
    /// Too many calls; the limits say until when.
    TooMany { what: String },
    /// The credentials were refused; [`Refusals`] decides whether that means anything.
    Unauthorized { what: String },
    /// Everything is known.
    Known(Error),
}

/// Sorts an answer by its status, which is not a success, and its body, which may be anything. `asked` is what the call has
/// named, in its path.
pub(super) fn classify(endpoint: Endpoint, asked: Option<&str>, status: u16, body: &[u8]) -> Failure {
    let problem = Problem::read(body);
    let what = describe(endpoint, status, problem.as_ref());
    let readable = problem.is_some();
    let problem = problem.unwrap_or_default();
    let by_problem = (400..500).contains(&status).then(|| by_problem(endpoint, asked, &problem, &what)).flatten();
    match (status, by_problem) {
        (_, Some(failure)) => failure,
        (401, _) => Failure::Unauthorized { what },
        (402, _) => Failure::Known(needs_credits(what)),
        (429, _) => Failure::TooMany { what },
        // Which kind of problem it names for a conversation that is not there, no document says.
        (404, _) if readable && endpoint == Endpoint::ChatEvents => {
            absent(endpoint, !problem.is_of_another(endpoint, asked), what)
        }
        (408, _) => Failure::Known(unknown(endpoint, what)),
        (403 | 404 | 409, _) if readable && problem.gives_no_reason() => doubtful(what, REMEDY_NO_REASON),
        // Of a file, only what it is and where it lies is final: the same has been refused and given.
        (400..500, _) if readable && endpoint != Endpoint::Media => Failure::Known(Error::Refused { what }),
        _ => Failure::Known(unknown(endpoint, what)),
    }
}

impl Failure {
    /// The same of a call that named a place in a listing. A refusal of the request means the name of that place: the
    /// listing's first page was asked for in the same way, and was given. X documents no refusal of a place of its own, so
    /// this is an assumption. A place in what does not exist is refused too: it existed for the first page.
    pub(super) fn of_place(self, status: u16) -> Failure {
        match self {
            Failure::Known(Error::Refused { what }) if matches!(status, 200 | 400) => {
                Failure::Known(Error::TokenRefused { what })
            }
            Failure::Absent => {
                Failure::Known(Error::TokenRefused { what: "the thing listed is no longer there".to_owned() })
            }
            other => other,
        }
    }
}

/// Sorts a problem that came with status 200 in place of what was asked for.
pub(super) fn classify_errors(endpoint: Endpoint, asked: Option<&str>, errors: &[&RawValue]) -> Failure {
    let problem = errors.first().and_then(|first| Problem::of(first)).unwrap_or_default();
    let what = describe(endpoint, 200, Some(&problem));
    if let Some(failure) = by_problem(endpoint, asked, &problem, &what) {
        return failure;
    }
    match problem.kind() {
        "not-authorized-for-resource" | "disallowed-resource" | "not-authorized-for-field" | "invalid-request" => {
            Failure::Known(Error::Refused { what })
        }
        _ => Failure::Known(unknown(endpoint, what)),
    }
}

/// Whether a problem, which came in place of the post that was asked for, says that there is such a post and that it is not
/// shown to us. X's document names the kinds; which of them comes when is not said anywhere, and assumed here.
pub(super) fn says_hidden(errors: &[&RawValue], asked: PostId) -> bool {
    let [problem] = errors else { return false };
    let Some(problem) = Problem::of(problem) else { return false };
    let is_kind = matches!(problem.kind(), "not-authorized-for-resource" | "disallowed-resource");
    is_kind && problem.is_about(Endpoint::ReadPost, Some(&asked.to_string()))
}

/// What the problem alone decides, whatever the status.
fn by_problem(endpoint: Endpoint, asked: Option<&str>, problem: &Problem, what: &str) -> Option<Failure> {
    let person =
        |remedy: &str| Some(Failure::Known(Error::NeedsPerson { what: what.to_owned(), remedy: remedy.to_owned() }));
    match (problem.kind(), problem.code) {
        _ if problem.is_of_another_account() => Some(suspended(endpoint, problem.is_about(endpoint, asked), what)),
        ("usage-capped", _) => person(REMEDY_CAP),
        _ if problem.title == "UsageCapExceeded" => person(REMEDY_CAP),
        ("credits" | "credits-depleted", _) => Some(Failure::Known(needs_credits(what.to_owned()))),
        ("client-forbidden" | "client-not-enrolled", _) => person(REMEDY_ENROL),
        _ if matches!(problem.reason.as_str(), "client-not-enrolled") => person(REMEDY_ENROL),
        ("oauth1-permissions", _) | (_, Some(93 | 261)) => person(REMEDY_RIGHTS),
        (_, Some(135)) => person(REMEDY_CLOCK),
        (_, Some(64 | 231 | 326)) => person(REMEDY_SUSPENDED),
        (_, Some(416)) => person(REMEDY_APP),
        (kind, _) if kind.contains("suspended") => person(REMEDY_SUSPENDED),
        _ if problem.mentions("your account is suspended") => person(REMEDY_SUSPENDED),
        (
            "dm-sender-phone-required" | "dm-sender-not-verified" | "dm-sender-read-only" | "dm-sender-unavailable",
            _,
        ) => person(REMEDY_SUSPENDED),
        ("dm-recipient-unavailable", _) => Some(doubtful(what.to_owned(), REMEDY_RECIPIENT)),
        ("dm-safety-rejected", _) | (_, Some(226)) => Some(doubtful(what.to_owned(), REMEDY_AUTOMATED)),
        (_, Some(344)) => Some(doubtful(what.to_owned(), REMEDY_DAY)),
        (_, Some(87 | 220 | 453)) => Some(doubtful(what.to_owned(), REMEDY_LEVEL)),
        ("internal-error" | "resource-unavailable", _) | (_, Some(130 | 131)) => {
            Some(Failure::Known(unknown(endpoint, what.to_owned())))
        }
        (kind, _) if kind.ends_with("encrypted-unavailable") => person(REMEDY_ENCRYPTED),
        ("dm-not-delivered" | "dm-request-in-progress", _) => Some(Failure::Known(unknown(endpoint, what.to_owned()))),
        ("rate-limit-exceeded" | "dm-rate-limited" | "dm-safety-limited", _) | (_, Some(88 | 185)) => {
            Some(Failure::TooMany { what: what.to_owned() })
        }
        ("dm-duplicate", _) => Some(Failure::Known(Error::Duplicate)),
        (kind, code) if endpoint.access() == Access::Write && is_too_long(kind, code, problem) => {
            Some(Failure::Known(Error::TooLong { what: what.to_owned() }))
        }
        (_, code) if endpoint == Endpoint::Post && is_reply_refused(code, problem) => {
            Some(Failure::Known(Error::ReplyRefused { what: what.to_owned() }))
        }
        (_, code)
            if endpoint.access() == Access::Write && (code == Some(187) || problem.mentions("duplicate content")) =>
        {
            Some(Failure::Known(Error::Duplicate))
        }
        ("dm-conversation-not-found", _) if matches!(endpoint, Endpoint::MessagesWith | Endpoint::Conversation) => {
            Some(absent(endpoint, !problem.is_of_another(endpoint, asked), what.to_owned()))
        }
        ("resource-not-found", _) if endpoint.access() == Access::Read => {
            Some(absent(endpoint, problem.is_about(endpoint, asked), what.to_owned()))
        }
        _ => None,
    }
}

/// X's old codes, and its words of today.
fn is_too_long(kind: &str, code: Option<i64>, problem: &Problem) -> bool {
    let words = ["needs to be a bit shorter", "text is too long"];
    kind == "dm-text-too-long" || code == Some(186) || words.iter().any(|words| problem.mentions(words))
}

/// The author did not mention us, or lets only few people answer; or the post is gone.
fn is_reply_refused(code: Option<i64>, problem: &Problem) -> bool {
    let words = ["reply to this conversation is not allowed", "attempted to reply to a"];
    matches!(code, Some(385 | 433)) || words.iter().any(|words| problem.mentions(words))
}

/// X says that something does not exist. Of anything but what was asked for, that says nothing.
fn absent(endpoint: Endpoint, is_about_it: bool, what: String) -> Failure {
    if is_about_it {
        return Failure::Absent;
    }
    Failure::Known(unknown(endpoint, format!("{what}: it does not name what was asked for")))
}

/// X has suspended an account that is not our own. Whoever looks it up is told so, if it is the one that was asked for; a
/// suspension may be lifted.
fn suspended(endpoint: Endpoint, is_about_it: bool, what: &str) -> Failure {
    match endpoint {
        Endpoint::UserById | Endpoint::UserByName if is_about_it => Failure::Suspended,
        Endpoint::UserById | Endpoint::UserByName => absent(endpoint, false, what.to_owned()),
        Endpoint::Send => doubtful(format!("{what}: X has suspended the recipient"), REMEDY_RECIPIENT),
        _ => doubtful(format!("{what}: X has suspended the other account"), REMEDY_OTHER),
    }
}

/// Nothing happened, and the same has been seen to pass by itself.
fn doubtful(what: String, remedy: &str) -> Failure {
    Failure::Known(Error::Doubtful { what, remedy: remedy.to_owned() })
}

const REMEDY_AUTOMATED: &str = "X takes it for automated abuse: log in to X as the account and see whether it asks for something, and \
     mark the account as automated in its settings; it is tried again meanwhile";
const REMEDY_DAY: &str =
    "X says that the account has written enough for this day: write less by hand today; it is tried again meanwhile";
const REMEDY_LEVEL: &str = "see in X's developer console whether the app's access level allows this call; it is tried again meanwhile, as \
     X has refused so by mistake";
const REMEDY_NO_REASON: &str = "X gives no reason: if it goes on, log in to X as the account and see whether it asks for something; it is \
     tried again meanwhile";
const REMEDY_RECIPIENT: &str =
    "reach the recipient in another way; it is tried again meanwhile, in case X lifts the suspension";
const REMEDY_OTHER: &str = "nothing can be done here; it is tried again meanwhile, in case X lifts the suspension";
const REMEDY_APP: &str = "X has suspended the app: see in X's developer console why, and appeal if needed";
const REMEDY_CAP: &str =
    "the plan's monthly cap is used up: raise it in X's developer console, or wait for the next period";
const REMEDY_CREDITS: &str = "buy credits in X's developer console; until then nothing is read and nothing is posted";
const REMEDY_ENROL: &str =
    "in X's developer console, put the app into a project of the package Pay-per-use, environment Production";
const REMEDY_RIGHTS: &str = "in X's developer console, give the app the right \"Read, write and Direct Messages\", then make a new access token: \
     one made before keeps its old rights";
const REMEDY_SUSPENDED: &str =
    "log in to X as the account, see what it asks for, and appeal if needed; the log goes on meanwhile";
const REMEDY_ENCRYPTED: &str =
    "the conversation is end-to-end encrypted (X Chat), and programs cannot write in it: write by hand, in X's own app";
const REMEDY_CREDENTIALS: &str =
    "check the four OAuth 1.0a credentials, and in X's developer console whether they were revoked or made anew";
const REMEDY_CLOCK: &str = "set this computer's clock, and keep it set by a time service (NTP)";

fn needs_credits(what: String) -> Error {
    Error::NeedsPerson { what, remedy: REMEDY_CREDITS.to_owned() }
}

/// Nobody knows what happened. That matters only if something could have happened.
pub(super) fn unknown(endpoint: Endpoint, what: String) -> Error {
    match endpoint.access() {
        Access::Read => Error::Unavailable { what },
        Access::Write => Error::NoAnswer { what },
    }
}

/// Sorts an answer that is too large, or too large to come in time.
pub(super) fn too_large(endpoint: Endpoint, what: String) -> Error {
    match (endpoint, endpoint.access()) {
        (_, Access::Write) => Error::NoAnswer { what },
        // Somebody's file is no listing of which less could be asked for.
        (Endpoint::Media, _) => Error::Refused { what },
        (_, Access::Read) => Error::TooLarge { what },
    }
}

/// Sorts a call that got no answer. It is sure that nothing was sent only if there was no connection.
pub(super) fn transport(endpoint: Endpoint, error: reqwest::Error) -> Error {
    let (sent, cause) = (!error.is_connect(), cause(error));
    let what = clean(&format!("{endpoint}: {cause}"));
    if sent { unknown(endpoint, what) } else { Error::Unavailable { what } }
}

/// Sorts an answer whose end is missing.
pub(super) fn lost(endpoint: Endpoint, error: reqwest::Error) -> Error {
    unknown(endpoint, clean(&format!("{endpoint}: {}", cause(error))))
}

/// The error and its causes in one line, without the address: a query may hold something private.
pub(super) fn cause(error: reqwest::Error) -> String {
    let timeout = error.is_timeout();
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    if timeout { format!("no answer in time ({text})") } else { text }
}

fn describe(endpoint: Endpoint, status: u16, problem: Option<&Problem>) -> String {
    let Some(problem) = problem else {
        return format!("{endpoint}: status {status}, and a body that is not of the API");
    };
    let code = problem.code.map(|code| format!("code {code}")).unwrap_or_default();
    let is_word =
        |kind: &&str| kind.len() <= KIND_BYTES_MAX && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let kind = Some(problem.kind()).filter(is_word).unwrap_or_default();
    let words = !endpoint.is_private();
    let [title, detail] = [&problem.title, &problem.detail].map(|text| if words { text.as_str() } else { "" });
    let parts = [title, &code, kind, detail];
    let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let said = if said.is_empty() { "without a reason".to_owned() } else { said.join(", ") };
    clean(&format!("{endpoint}: status {status}, {said}"))
}

/// Bounded, and without control characters: it came from outside and is shown in a terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTE_CHARS_MAX).collect()
}

/// Why a JSON text is not what was expected. The library's own message may quote the text: it is left out.
pub(super) fn shape(error: &serde_json::Error) -> String {
    let kind = if error.is_data() { "of an unexpected shape" } else { "no JSON" };
    format!("the answer is {kind} at line {}, column {}", error.line(), error.column())
}

/// Credentials refused again and again. One refusal proves nothing, and neither does a burst of them.
#[derive(Default, Debug)]
pub(super) struct Refusals {
    first: Option<Time>,
    times: u32,
}

impl Refusals {
    /// The credentials were accepted again.
    pub(super) fn accepted(&mut self) {
        *self = Refusals::default();
    }

    /// The credentials were refused at `now`, when X's clock said `theirs`.
    pub(super) fn refused(&mut self, what: String, now: Time, theirs: Option<Time>) -> Error {
        if let Some(theirs) = theirs.filter(|theirs| now.ms_since(*theirs).abs() > CLOCK_MS_MAX) {
            // The signature holds the time.
            return Error::WrongClock { ours: now, theirs };
        }
        let first = *self.first.get_or_insert(now);
        self.times = self.times.saturating_add(1);
        if self.times < REFUSED_TIMES_MAX || now.ms_since(first) < REFUSED_MS_MAX {
            return Error::Unavailable {
                what: format!("{what}; the credentials may be wrong, or X may be in trouble"),
            };
        }
        let what = format!("{what}; refused {} times in a row since {first}", self.times);
        Error::NeedsPerson { what, remedy: REMEDY_CREDENTIALS.to_owned() }
    }
}

#[cfg(test)]
mod tests;
