//! One call of X over HTTP: signed, limited in time and size, and its answer sorted.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap};
use reqwest::multipart::Form;
use reqwest::{Client, ClientBuilder, Request, Response, Url};
use serde_json::Value;

use super::clocks::Clocks;
use super::endpoint::Endpoint;
use super::errors::{self, Failure, Refusals};
use super::limits::Limits;
use super::names::Names;
use super::sign::Signer;
use super::{ClientSettings, SettingsError};
use crate::base::clock::Clock;
use crate::base::ids::AccountId;
use crate::base::time::{DAY_MS, Time};
use crate::platform::{CALL_TIME_MAX, Error};

/// No answer of the API is larger; attachments have a limit of their own.
pub(super) const JSON_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The parameter that names a place in a listing.
pub(super) const PLACE: &str = "pagination_token";

/// A connection is not used again after this time. X closes idle ones, and a post on a connection that is just being
/// closed has an unknown outcome.
const IDLE_TIME_MAX: Duration = Duration::from_secs(15);

/// The connection to X, and what is known from its answers.
pub(super) struct Wire {
    client: Client,
    signer: Signer,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) limits: Limits,
    refusals: Refusals,
    /// Who X says that we are.
    pub(super) me: Option<AccountId>,
    /// Who we are for certain, by what is known from earlier.
    pub(super) known_me: Option<AccountId>,
    pub(super) names: Names,
    /// How far this machine's clock is ahead of X's, by the `Date` of X's newest answer. Too long by the time that the
    /// answer took, and by the part of a second that the header leaves out. A date of more than a day ago says nothing.
    pub(super) ahead: Duration,
}

/// What X gives.
pub(super) enum Reply {
    Success(Success),
    /// There is nothing to give.
    Missing(Missing),
}

/// An answer with a status of success.
pub(super) struct Success {
    pub(super) clocks: Clocks,
    pub(super) media_type: Option<String>,
    pub(super) body: Vec<u8>,
}

/// Why there is nothing to give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Missing {
    /// X says that what is asked for does not exist.
    Absent,
    /// X says that it has suspended the account that is asked for.
    Suspended,
}

/// What a call has asked for.
struct Asked {
    /// What its path names.
    id: Option<String>,
    /// Whether it named a place in a listing.
    is_page: bool,
}

/// What is sent with a call.
pub(super) enum Content {
    Nothing,
    Json(Value),
    Form(Form),
}

/// Whether a call is signed: nobody but X may see a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Signature {
    Signed,
    Unsigned,
}

impl Wire {
    pub(super) fn new(settings: &ClientSettings, base: &Url) -> Result<Wire, SettingsError> {
        let client =
            builder(base).connect_timeout(settings.connect_time).timeout(settings.call_time.min(CALL_TIME_MAX));
        let client = client.build().map_err(|error| SettingsError::Tls(error.to_string()))?;
        let signer = Signer::new(&settings.credentials);
        Ok(Wire { client, signer, clock: settings.clock.clone(), state: Mutex::default() })
    }

    /// The account that the credentials are of, if they say it.
    pub(super) fn owner(&self) -> Option<AccountId> {
        self.signer.owner
    }

    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    /// What is remembered between calls. Each value stands alone, so a panic of another thread leaves nothing half done.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call of the API.
    pub(super) async fn call(&self, endpoint: Endpoint, url: Url, content: Content) -> Result<Reply, Error> {
        self.send(endpoint, url, content, Signature::Signed, JSON_BYTES_MAX).await
    }

    /// Makes any call, with an answer of at most `bytes_max`.
    pub(super) async fn send(
        &self,
        endpoint: Endpoint,
        url: Url,
        content: Content,
        signature: Signature,
        bytes_max: u64,
    ) -> Result<Reply, Error> {
        let taken = self.state().limits.take(endpoint, self.now());
        if let Err(exhausted) = taken {
            let limit = exhausted.limit.map(|limit| format!(" of {limit} calls")).unwrap_or_default();
            return Err(Error::Wait {
                until: exhausted.until,
                what: format!("{endpoint}: the limit{limit} is used up"),
            });
        }
        let asked = Asked { id: endpoint.asked(url.path()).map(str::to_owned), is_page: names_place(&url) };
        let request = self.request(endpoint, url, content, signature).await.map_err(|what| Error::Refused { what })?;
        let started = Instant::now();
        let answer = self.client.execute(request).await;
        let status = answer.as_ref().map(|answer| answer.status().as_u16()).unwrap_or_default();
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (method, path) = (endpoint.method(), endpoint.pattern());
        tracing::debug!(method, path, status, ms, "X answered; status 0 stands for no answer");
        match answer {
            Ok(answer) => self.sort(endpoint, answer, &asked, bytes_max).await,
            Err(error) => Err(errors::transport(endpoint, error)),
        }
    }

    async fn request(
        &self,
        endpoint: Endpoint,
        url: Url,
        content: Content,
        signature: Signature,
    ) -> Result<Request, String> {
        let mut request = match content {
            Content::Nothing => self.client.get(url.clone()),
            Content::Json(body) => self.client.post(url.clone()).json(&body),
            Content::Form(form) => self.client.post(url.clone()).multipart(form),
        };
        if signature == Signature::Signed {
            request = request.header(AUTHORIZATION, self.signer.header(endpoint.method(), &url).await?);
        }
        request.build().map_err(|error| error.without_url().to_string())
    }

    async fn sort(&self, endpoint: Endpoint, answer: Response, asked: &Asked, bytes_max: u64) -> Result<Reply, Error> {
        let (status, ours) = (answer.status(), self.now());
        let theirs = answer.headers().get(DATE).and_then(|date| http_date(date.as_bytes()));
        let clocks = Clocks { ours, theirs };
        {
            let mut state = self.state();
            state.limits.learn(endpoint, answer.headers(), clocks);
            if let Some(ms) = theirs.map(|theirs| ours.ms_since(theirs)).filter(|ms| *ms < DAY_MS) {
                state.ahead = Duration::from_millis(u64::try_from(ms).unwrap_or_default());
            }
        }
        let media_type = media_type(answer.headers());
        let body = body(endpoint, answer, bytes_max).await;
        if status.is_success() {
            let mut state = self.state();
            state.limits.accepted(endpoint);
            if endpoint != Endpoint::Media {
                state.refusals.accepted();
            }
            return Ok(Reply::Success(Success { clocks, media_type, body: body? }));
        }
        // The status says enough if the rest of the answer was lost.
        let failure = errors::classify(endpoint, asked.id.as_deref(), status.as_u16(), &body.unwrap_or_default());
        let failure = if asked.is_page { failure.of_place(status.as_u16()) } else { failure };
        self.resolve(endpoint, failure, clocks).map(Reply::Missing)
    }

    /// What a failure means, given earlier failures.
    pub(super) fn resolve(&self, endpoint: Endpoint, failure: Failure, clocks: Clocks) -> Result<Missing, Error> {
        let (mut state, now) = (self.state(), clocks.ours);
        match failure {
            Failure::Absent => Ok(Missing::Absent),
            Failure::Suspended => Ok(Missing::Suspended),
            Failure::Known(error) => Err(error),
            Failure::TooMany { what } => Err(Error::Wait { until: state.limits.refused(endpoint, now), what }),
            Failure::Unauthorized { what } if endpoint == Endpoint::Media => Err(Error::Unavailable { what }),
            Failure::Unauthorized { what } => Err(state.refusals.refused(what, now, clocks.theirs)),
        }
    }
}

/// Whether a call names a place in a listing.
pub(super) fn names_place(url: &Url) -> bool {
    url.query_pairs().any(|(name, _)| name == PLACE)
}

/// A client for one address: it follows no redirect, and repeats nothing by itself.
pub(super) fn builder(base: &Url) -> ClientBuilder {
    // An error means that the process has chosen a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .user_agent(concat!("verbale/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_idle_timeout(IDLE_TIME_MAX);
    match base.scheme() {
        // This computer: no proxy leads there, and the system's certificates, if there are any, are not needed.
        "http" => client.no_proxy().tls_certs_only([]),
        _ => client,
    }
}

/// The whole body, unpacked, if it is at most `bytes_max` long, whatever the headers promise.
async fn body(endpoint: Endpoint, mut answer: Response, bytes_max: u64) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    loop {
        let chunk = match answer.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return Ok(body),
            // It came, but too slowly for its size: only a smaller answer helps, as on a thin line.
            Err(error) if error.is_timeout() && !body.is_empty() => {
                return Err(errors::too_large(endpoint, format!("{endpoint}: {} bytes came in time", body.len())));
            }
            Err(error) => return Err(errors::lost(endpoint, error)),
        };
        if (body.len() as u64).saturating_add(chunk.len() as u64) > bytes_max {
            let what = format!("{endpoint}: the answer is larger than the {bytes_max} bytes allowed");
            return Err(errors::too_large(endpoint, what));
        }
        body.extend_from_slice(&chunk);
    }
}

/// The moment in a `Date` header (RFC 9110, section 5.6.7).
pub(super) fn http_date(text: &[u8]) -> Option<Time> {
    let moment = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Time::from_ms(moment.as_millisecond()))
}

/// `type/subtype` in lower case, without parameters.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
    let (kind, subtype) = value.split_once('/')?;
    // RFC 9110, section 5.6.2
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    (token(kind) && token(subtype)).then_some(value)
}
