//! Whether the recipient takes messages from the account, as the platform says it now.

use std::time::Duration;

use tracing::debug;

use crate::base::clock::Clock;
use crate::base::ids::AccountId;
use crate::platform::{Platform, Recipient};
use crate::store::{self, Reader, RecipientRow, RequestClient};
use crate::tasks::survey::unreached;

/// The longest wait for the platform's word: the message waits no longer for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the platform says now of the account, which is kept, so that it is sealed with this very note; or what it said last.
/// None if it never said anything.
///
/// # Errors
/// Those of the database.
async fn ask(
    platform: &dyn Platform,
    reader: &Reader,
    asking: &RequestClient,
    clock: &Clock,
    to: AccountId,
) -> Result<Option<RecipientRow>, store::Error> {
    match tokio::time::timeout(PATIENCE, platform.recipient(to)).await {
        Ok(Ok(shown)) if !matches!(&shown, Recipient::Shown { account, .. } if account.id != to) => {
            return Ok(Some(asking.keep_recipient(to, shown, clock.now()).await?.1));
        }
        answer => debug!(was_late = answer.is_err(), "X does not say whether the recipient takes messages"),
    }
    Ok(reader.recipients().await?.into_iter().find(|row| row.account == to))
}

/// Tells the person if the recipient takes no messages from the account, and since when not.
///
/// # Errors
/// Those of the database.
pub(super) async fn tell_unreached(
    platform: &dyn Platform,
    reader: &Reader,
    asking: &RequestClient,
    clock: &Clock,
    to: AccountId,
) -> Result<(), store::Error> {
    let row = ask(platform, reader, asking, clock, to).await?;
    if let Some(told) = row.as_ref().and_then(unreached) {
        crate::cli::tell(format_args!("{told}"));
    }
    Ok(())
}
