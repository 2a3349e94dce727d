//! What officials ask for, and where that stands.

/// Where a request stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestState {
    /// It is to be done, as soon as everybody whose approval is needed has approved it.
    Waiting,
    /// It is done.
    Done,
    /// Nobody approved it in time.
    Lapsed,
    /// It could not be done.
    Refused,
}

impl RequestState {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            RequestState::Waiting => "waiting",
            RequestState::Done => "done",
            RequestState::Lapsed => "lapsed",
            RequestState::Refused => "refused",
        }
    }

    /// Reads what [`as_str`](RequestState::as_str) writes.
    pub fn parse(text: &str) -> Option<RequestState> {
        use RequestState::{Done, Lapsed, Refused, Waiting};
        [Waiting, Done, Lapsed, Refused].into_iter().find(|state| state.as_str() == text)
    }
}
