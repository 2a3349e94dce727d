//! The start of the publisher, for which sealing waits: our own posts, and the public folder, show whether the database is
//! older than what was published.

use std::time::Duration;

use tokio::sync::watch;
use tracing::warn;

use super::Publisher;
use crate::base::time::Time;
use crate::tasks::task::{Next, Shown, TaskError, ms};

impl Publisher {
    /// The same beside a public folder, of which this says what it showed when it was first opened. If that was nothing, or
    /// cannot be said, and the log has entries all the same, nothing is sealed before the timeline surely shows everything
    /// that was posted before the start. Nothing is posted as long as it cannot be said.
    #[must_use]
    pub fn beside(self, shown: watch::Receiver<Shown>) -> Publisher {
        Publisher { shown: Some(shown), ..self }
    }

    /// The same for a daemon that reads messages this often: sealing waits for the first comparison.
    #[must_use]
    pub fn sealing_every(self, sealing_every: Duration) -> Publisher {
        Publisher { sealing_every, ..self }
    }

    pub(super) fn shown(&self) -> Shown {
        self.shown.as_ref().map_or(Shown::Head, |shown| *shown.borrow())
    }

    /// Compares our own posts with the log, once after the start. Returns what is waited for; None once it is done.
    pub(super) async fn compare_at_start(&mut self) -> Result<Option<Next>, TaskError> {
        if *self.compared.borrow() {
            return Ok(None);
        }
        let is_alone = matches!(self.shown(), Shown::Nothing | Shown::Unreadable) && 0 < self.store.size().await?;
        self.comparison.wait_out_lag(is_alone);
        if let Some(until) = self.comparison.at_start().await? {
            return self.wait_out_lag(until).await.map(Some);
        }
        self.compared.send_replace(true);
        Ok(None)
    }

    /// Whatever the trouble is, sealing waits for the first comparison: it is tried again after one poll at most.
    pub(super) fn hurried(&self, next: Next, now: Time) -> Next {
        match next {
            Next::Wait(until) if !*self.compared.borrow() => Next::Wait(until.min(now.plus_ms(ms(self.sealing_every)))),
            next => next,
        }
    }

    /// Nothing but the timeline shows whether the database is older than what was published, and the timeline lags.
    async fn wait_out_lag(&mut self, until: Time) -> Result<Next, TaskError> {
        let trouble = format!(
            "the public folder shows nothing, so only our own posts show whether this database is the newest: nothing is sealed \
             or posted before they are compared once more at {until}\n\
             nothing is to be done; to go on at once, put the public folder back as it was, and start the daemon again"
        );
        warn!(%until, "the public folder shows nothing: our own posts are compared once more before anything is sealed");
        self.report(trouble).await?;
        Ok(Next::Wait(until))
    }

    /// A head that the folder shows, and the log does not lead to, may be anybody's evidence: no other is posted beside it.
    pub(super) async fn wait_for_the_folder(&mut self, now: Time) -> Result<Next, TaskError> {
        let trouble =
            "the public folder cannot be opened: notes are sealed, and posted when it is seen that it shows this log";
        self.report(trouble.to_owned()).await?;
        Ok(Next::Wait(now.plus_ms(ms(self.sealing_every))))
    }
}
