//! The site over HTTP, as something that may be away: a port that another program has, or a folder that cannot be read,
//! holds up nothing else, and is tried again until it works.

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::http::{ServeSettings, Web};
use crate::base::clock::Clock;
use crate::store::Store;
use crate::tasks::task::Backoff;

/// Its name, in log lines and in `status`.
const NAME: &str = "site";

/// The longest wait before the next try.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Serves the public folder until `shutdown` is cancelled.
///
/// # Errors
/// Only errors that must stop the daemon.
pub(super) async fn serve(
    serve: &ServeSettings,
    public: &Path,
    store: &Store,
    clock: &Clock,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let mut backoff = Backoff::up_to(LONGEST_WAIT);
    loop {
        let error = match Web::bind(serve.address, public) {
            Ok(web) => {
                backoff.succeeded();
                store.report(NAME, None, clock.now()).await?;
                match web.serve(shutdown.clone()).await {
                    Ok(()) => return Ok(()),
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        let now = clock.now();
        let until = backoff.hold(NAME, &error, store, now).await?;
        let wait = Duration::from_millis(u64::try_from(until.ms_since(now)).unwrap_or_default());
        if shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            return Ok(());
        }
    }
}
