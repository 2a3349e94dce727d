//! Answers: data, problems in X's shapes, and answers of faults.

use axum::Json;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, DATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::base::time::Time;
use crate::sandbox::world::{self, Allowance, How, Refusal};

/// An answer, or why there is none.
pub(super) type Answer = Result<Response, Refusal>;

const PROBLEMS: &str = "https://api.x.com/2/problems";
const ABOUT_BLANK: &str = "about:blank";
/// X's words for its old code 186. What it says today is not documented.
const POST_TOO_LONG: &str = "Tweet needs to be a bit shorter.";
const DUPLICATE: &str = "You are not allowed to create a Tweet with duplicate content.";

/// 200 with this body.
pub(super) fn ok(body: Value) -> Answer {
    Ok(Json(body).into_response())
}

/// 201 with this body.
pub(super) fn created(body: Value) -> Answer {
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// One thing, or 200 with `errors` and without `data`, as X answers if the thing does not exist or is suspended.
pub(super) fn found(data: Result<Value, Refusal>) -> Answer {
    match data {
        Ok(body) => ok(body),
        Err(refusal @ (Refusal::NotFound { .. } | Refusal::Hidden { .. } | Refusal::Suspended { .. })) => {
            ok(json!({ "errors": [problem_of(&refusal).1] }))
        }
        Err(refusal) => Err(refusal),
    }
}

/// A problem with this status as its own answer.
pub(super) fn problem(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, Body::from(body.to_string())).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// 401: X does not say why.
pub(super) fn unauthorized() -> Response {
    blank(StatusCode::UNAUTHORIZED, "Unauthorized")
}

/// A problem of type `about:blank`, whose title is the status in words.
fn blank(status: StatusCode, detail: &str) -> Response {
    problem(status, &blank_body(status, detail))
}

fn blank_body(status: StatusCode, detail: &str) -> Value {
    let title = status.canonical_reason().unwrap_or("Error");
    json!({ "title": title, "detail": detail, "type": ABOUT_BLANK, "status": status.as_u16() })
}

/// There is nothing at this path.
pub(super) async fn no_such_path() -> Response {
    blank(StatusCode::NOT_FOUND, "Not Found")
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, body) = problem_of(&self);
        let mut response = problem(status, &body);
        if let Refusal::RateLimited(allowance) = &self {
            add_allowance(response.headers_mut(), allowance);
        }
        response
    }
}

fn problem_of(refusal: &Refusal) -> (StatusCode, Value) {
    let bad = StatusCode::BAD_REQUEST;
    let typed = |status: StatusCode, kind: &str, title: &str, detail: &str| {
        let kind = format!("{PROBLEMS}/{kind}");
        (status, json!({ "type": kind, "title": title, "detail": detail, "status": status.as_u16() }))
    };
    match refusal {
        Refusal::NotFound { kind, parameter, value } => {
            let detail = format!("Could not find {kind} with {parameter}: [{value}].");
            let mut found = typed(StatusCode::NOT_FOUND, "resource-not-found", "Not Found Error", &detail);
            let extras = [("resource_type", *kind), ("resource_id", value), ("parameter", parameter), ("value", value)];
            extras.iter().for_each(|(key, text)| found.1[*key] = json!(text));
            found
        }
        Refusal::Hidden { id } => {
            let (status, title) = (StatusCode::FORBIDDEN, "Authorization Error");
            let detail = format!("Sorry, you are not authorized to see the post with id: [{id}].");
            let mut hidden = typed(status, "not-authorized-for-resource", title, &detail);
            let extras = [("resource_type", "post"), ("resource_id", id), ("parameter", "id"), ("value", id)];
            extras.iter().for_each(|(key, text)| hidden.1[*key] = json!(text));
            hidden
        }
        Refusal::Invalid { parameter, value, why } => {
            let mut found = typed(bad, "invalid-request", "Invalid Request", why);
            found.1["parameter"] = json!(parameter);
            found.1["value"] = json!(value);
            found
        }
        Refusal::Forbidden { why } => (StatusCode::FORBIDDEN, blank_body(StatusCode::FORBIDDEN, why)),
        Refusal::NoReply { why } => (StatusCode::FORBIDDEN, blank_body(StatusCode::FORBIDDEN, why)),
        Refusal::PostTooLong { .. } => (StatusCode::FORBIDDEN, blank_body(StatusCode::FORBIDDEN, POST_TOO_LONG)),
        Refusal::Duplicate => (StatusCode::FORBIDDEN, blank_body(StatusCode::FORBIDDEN, DUPLICATE)),
        Refusal::NoConversation => {
            typed(StatusCode::NOT_FOUND, "dm-conversation-not-found", "Not Found", "There is no such conversation.")
        }
        // As X has been seen to answer: in words, with the type of what does not exist.
        Refusal::Suspended { parameter, value } => {
            let detail = format!("User has been suspended: [{value}].");
            let mut found = typed(StatusCode::FORBIDDEN, "resource-not-found", "Forbidden", &detail);
            let extras =
                [("resource_type", "user"), ("resource_id", value), ("parameter", parameter), ("value", value)];
            extras.iter().for_each(|(key, text)| found.1[*key] = json!(text));
            found
        }
        Refusal::RecipientSuspended => {
            let forbidden = StatusCode::FORBIDDEN;
            typed(forbidden, "dm-recipient-unavailable", "Forbidden", "The recipient is not available.")
        }
        Refusal::NoRecipient => typed(bad, "dm-recipient-not-found", "Bad Request", "There is no such recipient."),
        // Which of X's kinds of refusal this is, no document says: the name fits best.
        Refusal::NotAccepting => {
            let detail = "The recipient does not accept messages from you.";
            typed(StatusCode::FORBIDDEN, "dm-recipient-not-accepting", "Forbidden", detail)
        }
        Refusal::Encrypted => {
            let kind = "dm-recipient-encrypted-unavailable";
            typed(StatusCode::FORBIDDEN, kind, "Forbidden", "Encrypted messages only.")
        }
        Refusal::BadMedia => typed(bad, "dm-bad-media", "Bad Request", "There is no such media."),
        Refusal::Empty => typed(bad, "dm-text-empty", "Bad Request", "The message is empty."),
        Refusal::TooLong => typed(bad, "dm-text-too-long", "Bad Request", "The message is too long."),
        Refusal::RateLimited(_) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            (status, blank_body(status, "Too Many Requests"))
        }
    }
}

/// The answer that a fault gives in place of the true one. None if it gives no answer.
pub(super) fn of_fault(how: How, now: Time) -> Option<Response> {
    let response = match how {
        How::Status { code, body } => of_status(StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY), body),
        How::RateLimited { wait_ms } => {
            let reset = now.plus_ms(wait_ms);
            Refusal::RateLimited(Allowance { limit: 15, remaining: 0, reset }).into_response()
        }
        How::UsageCapped => {
            let body = json!({
                "title": "UsageCapExceeded", "detail": "Usage cap exceeded: Monthly product cap", "period": "Monthly",
                "scope": "Product", "type": format!("{PROBLEMS}/usage-capped"),
            });
            let mut response = problem(StatusCode::TOO_MANY_REQUESTS, &body);
            let plenty = Allowance { limit: 100, remaining: 97, reset: now.plus_ms(900_000) };
            add_allowance(response.headers_mut(), &plenty);
            response
        }
        How::CreditsDepleted => {
            let kind = format!("{PROBLEMS}/credits-depleted");
            let body =
                json!({ "title": "Payment Required", "detail": "credits depleted", "type": kind, "status": 402 });
            problem(StatusCode::PAYMENT_REQUIRED, &body)
        }
        How::CreditsDepletedOld => {
            let detail = "Your enrolled account [1] does not have any credits to fulfill this request.";
            let kind = "https://api.twitter.com/2/problems/credits";
            let body = json!({ "account_id": 1, "title": "CreditsDepleted", "detail": detail, "type": kind });
            problem(StatusCode::PAYMENT_REQUIRED, &body)
        }
        How::Unauthorized => unauthorized(),
        How::Suspended => {
            let kind = format!("{PROBLEMS}/user-suspended");
            let detail = "Your account is suspended and is not permitted to access this feature.";
            let body = json!({ "title": "Forbidden", "detail": detail, "type": kind, "status": 403 });
            problem(StatusCode::FORBIDDEN, &body)
        }
        How::Encrypted => {
            let kind = format!("{PROBLEMS}/dm-recipient-encrypted-unavailable");
            let body =
                json!({ "title": "Forbidden", "detail": "Encrypted messages only.", "type": kind, "status": 403 });
            problem(StatusCode::FORBIDDEN, &body)
        }
        How::Automated => {
            let message = "This request looks like it might be automated. Please try again later.";
            let body = json!({ "errors": [{ "code": 226, "message": message }] });
            problem(StatusCode::FORBIDDEN, &body)
        }
        How::Duplicate => Refusal::Duplicate.into_response(),
        How::Cut | How::Half | How::Delay { .. } | How::Hold => return None,
    };
    Some(response)
}

fn of_status(status: StatusCode, body: world::Body) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    match body {
        world::Body::Problem => blank(status, reason),
        world::Body::Legacy => {
            (status, Json(json!({ "errors": [{ "code": 131, "message": reason }] }))).into_response()
        }
        world::Body::Html => {
            let page = format!("<!DOCTYPE html><html><head><title>{reason}</title></head><body>{reason}</body></html>");
            (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
        }
        world::Body::Garbage => {
            (status, [(CONTENT_TYPE, "application/json")], vec![0xff, 0x00, 0x7b, 0xc3]).into_response()
        }
        world::Body::Empty => status.into_response(),
    }
}

/// `x-rate-limit-…`: the limit, what is left of it, and the second of Unix time at which it is reset.
pub(super) fn add_allowance(headers: &mut HeaderMap, allowance: &Allowance) {
    // The reset is given in full seconds, and must not be too early.
    let reset_s = allowance.reset.plus_ms(999).ms().div_euclid(1000);
    headers.insert("x-rate-limit-limit", HeaderValue::from(allowance.limit));
    headers.insert("x-rate-limit-remaining", HeaderValue::from(allowance.remaining));
    headers.insert("x-rate-limit-reset", HeaderValue::from(reset_s));
}

/// `Date`: the sandbox's own clock.
pub(super) fn add_date(headers: &mut HeaderMap, now: Time) {
    let moment = jiff::Timestamp::from_millisecond(now.ms()).unwrap_or_default();
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment);
    if let Some(value) = text.ok().and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(DATE, value);
    }
}
