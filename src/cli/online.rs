//! `--online`: asks X, as anybody may, whether posts stand there.

use tokio::runtime::{Builder, Runtime};

use super::Failure;
use crate::base::ids::AccountName;
use crate::note::proof::Files;
use crate::platform::x::{self, Oembed};
use crate::verify::proof::{self, Looked, Shown};

/// Whether to ask, and where.
#[derive(clap::Args)]
pub struct Online {
    /// Ask X too whether the posts stand there today; it takes no account, and X learns which posts are looked at
    #[arg(long)]
    pub online: bool,

    /// Where X answers to anybody: its oEmbed, or that of a sandbox
    #[arg(long, value_name = "ADDRESS", default_value = x::OEMBED, requires = "online")]
    pub oembed: String,
}

/// Reads the name of an account, with or without `@`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn name(text: &str) -> Result<AccountName, String> {
    AccountName::parse(text.trim_start_matches('@')).ok_or_else(|| "it is no account's name".to_owned())
}

/// Asks for posts one after the other, and for each only once.
pub(super) struct Asker {
    oembed: Oembed,
    runtime: Runtime,
    known: Looked,
}

impl Asker {
    /// The client that asks, if it is wanted.
    pub(super) fn new(online: &Online) -> anyhow::Result<Option<Asker>> {
        if !online.online {
            return Ok(None);
        }
        let oembed = Oembed::new(&online.oembed, x::PATIENCE_SHORT).map_err(|error| Failure::of("", &error))?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Some(Asker { oembed, runtime, known: Looked::new() }))
    }

    /// What X shows of the posts of a proof.
    pub(super) fn ask(&mut self, files: &Files) -> &Looked {
        for (post, author) in proof::posts(files) {
            if matches!(self.known.get(&post), None | Some(Shown::Unread { .. })) {
                let shown = self.runtime.block_on(self.oembed.look(post.id, &author));
                self.known.insert(post, shown);
            }
        }
        &self.known
    }
}
