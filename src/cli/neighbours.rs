//! `--site`: reads a published log beside a proof, to count the notes near its own.

use tokio::runtime::{Builder, Runtime};

use super::Failure;
use crate::client::neighbours;
use crate::client::source::Source;
use crate::note::proof::Files;
use crate::verify::proof::{Counting, Report, Trust, Uncounted};

/// Whether to count, and where.
#[derive(clap::Args)]
pub struct Site {
    /// Where the log of the proofs is published: count in it the other notes to the same correspondent and of the same hours
    #[arg(long, value_name = "URL|DIR", conflicts_with = "slip")]
    pub site: Option<String>,
}

/// Reads a published log.
pub(super) struct Counter {
    place: Source,
    runtime: Runtime,
}

impl Counter {
    /// The settings for counting, if it is wanted.
    ///
    /// # Errors
    /// If the place is neither a folder nor an address.
    pub(super) fn new(site: &Site) -> anyhow::Result<Option<Counter>> {
        let Some(site) = &site.site else { return Ok(None) };
        let place = Source::parse(site).map_err(|error| Failure::of("", &error))?;
        Ok(Some(Counter { place, runtime: Builder::new_current_thread().enable_all().build()? }))
    }

    /// Adds to the report what the published log shows. If the proof does not hold, nothing is counted.
    pub(super) fn count(&self, files: &Files, trust: &Trust, report: &mut Report) {
        let counting = Counting::of(files, trust).filter(|_| !report.is_broken());
        report.count(match counting {
            Some(counting) => self.runtime.block_on(neighbours::count(&self.place, counting)),
            None => Err(Uncounted::Unread("the proof itself does not hold".to_owned())),
        });
    }
}
