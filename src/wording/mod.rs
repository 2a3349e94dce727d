//! Every text that leaves, and every text that is understood: what people and platforms read of us, and what we read of
//! them. Values in, text out, or the other way round. Pages have their words in [`site`](../site/index.html), and the
//! page that verifies has its own table.
//!
//! | file | which texts |
//! |---|---|
//! | [`standing`] | how a note and the log stand: in the texts below, on pages, and by command |
//! | [`post`], [`weight`] | posts about notes, receipts and days; how long X takes a text to be |
//! | [`thread`] | the posts that show an opened note |
//! | [`command`], [`code`] | what is asked of us, and the codes that confirm it |
//! | [`answer`], [`dm`] | what is said to anybody in public, and to officials by direct message |
//! | [`proof_readme`] | the explanation in a proof |
//!
//! A language is added beside these.

pub mod standing;
pub mod post;
pub mod weight;
pub mod thread;
pub mod command;
pub mod answer;
pub mod code;
pub mod dm;
pub mod proof_readme;
