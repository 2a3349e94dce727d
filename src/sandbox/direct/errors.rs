//! What a fault or a refusal is to a client that sees nothing but the answer.

use crate::base::time::Time;
use crate::platform::Error;
use crate::sandbox::world::{Body, Call, How, Refusal};

/// How long to wait after a 429 that does not say it.
const UNSAID_WAIT_MS: i64 = 60_000;

pub(super) fn error_of_fault(call: Call, now: Time, how: How) -> Error {
    let person = |what: &str, remedy: &str| Error::NeedsPerson { what: what.to_owned(), remedy: remedy.to_owned() };
    let doubtful =
        |what: &str| Error::Doubtful { what: what.to_owned(), remedy: "wait, or ask the platform".to_owned() };
    match how {
        How::RateLimited { wait_ms } => {
            Error::Wait { until: now.plus_ms(wait_ms), what: "429, the rate limit is reached".to_owned() }
        }
        How::UsageCapped => person("429, the cap of usage is reached", "raise the cap of the account's plan"),
        How::CreditsDepleted | How::CreditsDepletedOld => person("402, no credits are left", "buy credits"),
        How::Unauthorized => Error::Unavailable { what: "401, the credentials are not accepted".to_owned() },
        How::Suspended => person("403, the account is suspended", "ask the platform why"),
        How::Encrypted => person("403, the conversation is encrypted", "write by hand"),
        How::Automated | How::Status { code: 403 | 404 | 409, body: Body::Problem } => {
            doubtful("403, without a reason or for automated abuse")
        }
        How::Duplicate if call == Call::CreatePost => Error::Duplicate,
        How::Duplicate => Error::Refused { what: "403, duplicate content".to_owned() },
        How::Status { code: 401, .. } => error_of_fault(call, now, How::Unauthorized),
        How::Status { code: 402, .. } => error_of_fault(call, now, How::CreditsDepleted),
        How::Status { code: 429, .. } => error_of_fault(call, now, How::RateLimited { wait_ms: UNSAID_WAIT_MS }),
        // Somebody's file is refused for good only for what it is.
        How::Status { code: 400..=499, body: Body::Problem } if call != Call::MediaBytes => {
            Error::Refused { what: "a problem".to_owned() }
        }
        How::Status { code, .. } => unknown(call, format!("status {code}")),
        How::Cut | How::Half => unknown(call, "the connection was cut".to_owned()),
        How::Delay { .. } | How::Hold => unknown(call, "no answer in time".to_owned()),
    }
}

/// A write without a usable answer may have happened; a read can be made again.
fn unknown(call: Call, what: String) -> Error {
    if call.writes() { Error::NoAnswer { what } } else { Error::Unavailable { what } }
}

/// A write that took effect and whose answer was replaced: whatever the other answer says, nobody knows the outcome.
pub(super) fn lost(call: Call, error: Error) -> Error {
    if call.writes() { Error::NoAnswer { what: error.to_string() } } else { error }
}

pub(super) fn error_of(refusal: &Refusal) -> Error {
    match refusal {
        Refusal::RateLimited(allowance) => Error::Wait { until: allowance.reset, what: refusal.to_string() },
        Refusal::Duplicate => Error::Duplicate,
        Refusal::NoReply { .. } => Error::ReplyRefused { what: refusal.to_string() },
        Refusal::RecipientSuspended => {
            Error::Doubtful { what: refusal.to_string(), remedy: "reach the recipient in another way".to_owned() }
        }
        Refusal::Encrypted => Error::NeedsPerson { what: refusal.to_string(), remedy: "write by hand".to_owned() },
        Refusal::TooLong | Refusal::PostTooLong { .. } => Error::TooLong { what: refusal.to_string() },
        _ => Error::Refused { what: refusal.to_string() },
    }
}
