//! The steps that ask something of the platform. Each may fail, or be the last before the program dies.

use verbale::sandbox::world::Call;

/// A remote step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    Me,
    UserByName,
    UserById,
    FirstPage,
    LaterPage,
    Participants,
    Attachment,
    PostOfNote,
    PostOfRun,
    PostOfHeartbeat,
    TimelineAfterUnknownOutcome,
    TimelineAtTheStart,
}

impl Step {
    pub const ALL: [Step; 12] = [
        Step::Me,
        Step::UserByName,
        Step::UserById,
        Step::FirstPage,
        Step::LaterPage,
        Step::Participants,
        Step::Attachment,
        Step::PostOfNote,
        Step::PostOfRun,
        Step::PostOfHeartbeat,
        Step::TimelineAfterUnknownOutcome,
        Step::TimelineAtTheStart,
    ];

    pub fn call(self) -> Call {
        match self {
            Step::Me => Call::Me,
            Step::UserByName => Call::UserByName,
            Step::UserById => Call::UserById,
            Step::FirstPage | Step::LaterPage => Call::Messages,
            Step::Participants => Call::ConversationMessages,
            Step::Attachment => Call::MediaBytes,
            Step::PostOfNote | Step::PostOfRun | Step::PostOfHeartbeat => Call::CreatePost,
            Step::TimelineAfterUnknownOutcome | Step::TimelineAtTheStart => Call::Timeline,
        }
    }

    pub fn is_at_the_start(self) -> bool {
        matches!(self, Step::Me | Step::UserByName | Step::TimelineAtTheStart)
    }
}
